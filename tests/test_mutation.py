"""A small mutation check: three numbers of the topics, changed one by one, each seen by a test.

``python tests/mutation.py`` tries thirty.
"""

import pytest
from mutation import Constant, constants, turns_red

#: The first size of an array of derivatives, and what separates two answers: both known to matter.
SAMPLE = [each for each in constants() if str(each) == "satisfaction/answers.py:736:97: 1 -> 2"] + [
    next(each for each in constants() if each.file == "btyd/nbd.py" and each.text == "4")
]


@pytest.mark.parametrize("constant", SAMPLE, ids=str)
def test_a_changed_number_is_seen(constant):
    assert turns_red(constant), f"{constant}: no test notices"


def test_a_number_that_does_not_matter_is_told_apart(monkeypatch):
    """The check itself can fail: a change that changes nothing is not called red."""
    monkeypatch.setattr(Constant, "other", property(lambda self: self.text))
    small = next(each for each in constants() if each.topic == "retention")  # few tests, which run to their end
    assert not turns_red(small, wide=False)
