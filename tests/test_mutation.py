"""A small mutation check: a number of each large topic, drawn by chance, is changed, and a test sees it.

``python tests/mutation.py`` tries thirty.
"""

import hashlib

import pytest
from mutation import Constant, constants, turns_red


def chance(constant: Constant) -> str:
    """A place in a random order in which a number keeps its place as long as its line does, whatever else changes."""
    return hashlib.sha256(f"{constant.file} {constant.column} {constant.code}".encode()).hexdigest()


LARGE = ("satisfaction", "btyd")
SAMPLE = [min((each for each in constants() if each.topic == topic), key=chance) for topic in LARGE]


@pytest.mark.parametrize("constant", SAMPLE, ids=str)
def test_a_changed_number_is_seen(constant):
    assert turns_red(constant), f"{constant}: no test notices"


def test_a_number_that_does_not_matter_is_told_apart(monkeypatch):
    """The check itself can fail: a change that changes nothing is not called red."""
    monkeypatch.setattr(Constant, "other", property(lambda self: self.text))
    small = next(each for each in constants() if each.topic == "retention")  # few tests, which run to their end
    assert not turns_red(small, wide=False)
