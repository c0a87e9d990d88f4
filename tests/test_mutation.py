"""A small mutation check: three numbers of the topics, changed one by one, each seen by a test.

``python tests/mutation.py`` tries thirty.
"""

import random

import pytest
from mutation import Constant, constants, turns_red

SAMPLE = random.Random(2026).sample(constants(), 3)


@pytest.mark.parametrize("constant", SAMPLE, ids=str)
def test_a_changed_number_is_seen(constant):
    assert turns_red(constant), f"{constant}: no test notices"


def test_a_number_that_does_not_matter_is_told_apart(monkeypatch):
    """The check itself can fail: a change that changes nothing is not called red."""
    monkeypatch.setattr(Constant, "other", property(lambda self: self.text))
    small = next(each for each in constants() if each.topic == "retention")  # few tests, which run to their end
    assert not turns_red(small, wide=False)
