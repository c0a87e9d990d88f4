"""Checks at the door: each kind of argument at its bounds, and what a refusal says."""

import numpy as np
import pandas as pd
import pytest

from crmlab import _check
from crmlab.errors import ArgumentError, ColumnError, DataError


@pytest.mark.parametrize(
    ("closed", "low_passes", "high_passes"),
    [("both", True, True), ("left", True, False), ("right", False, True), ("neither", False, False)],
)
def test_bounds_of_a_number(closed, low_passes, high_passes):
    for value, passes in ((1.0, low_passes), (2.0, high_passes), (np.float32(1.5), True), (0.999, False), (2.001, False)):
        if passes:
            assert _check.number("x", value, 1, 2, closed) == value
        else:
            with pytest.raises(ArgumentError, match="`x` must be a finite number"):
                _check.number("x", value, 1, 2, closed)


@pytest.mark.parametrize("value", [True, "1", None, np.nan, np.inf, [1.0]])
def test_what_is_no_number(value):
    with pytest.raises(ArgumentError, match="of at least 0; it is"):
        _check.number("x", value, 0)


def test_infinity_passes_only_where_it_may():
    assert _check.number("weeks", np.inf, 0, infinite=True) == np.inf
    with pytest.raises(ArgumentError, match="must be a number"):
        _check.number("weeks", np.nan, 0, infinite=True)


def test_flags():
    assert _check.flag("keyed", np.True_) is True
    with pytest.raises(ArgumentError, match="`keyed` must be True or False; it is 1"):
        _check.flag("keyed", 1)


def test_frames():
    with pytest.raises(DataError, match=r"`orders` must be a DataFrame; it is list\. Read it"):
        _check.frame("orders", [], "Read it.")
    with pytest.raises(DataError, match="two columns of the name `a`"):
        _check.frame("orders", pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_required_columns_show_the_rename_or_the_remedy():
    with pytest.raises(ColumnError, match=r'no column `spend`.*rename\(columns=\{"Spend": "spend"\}\)') as refused:
        _check.required_columns(["Spend"], "summary", ["spend"])
    assert refused.value.rename == {"spend": "Spend"}
    with pytest.raises(ColumnError, match="Make it so"):
        _check.required_columns([], "summary", ["spend"], "Make it so.")


def test_numeric_columns():
    table = pd.DataFrame({"a": [0.0, 2.0], "b": [1, 3], "c": [np.nan, 1.0], "d": ["x", "y"], "e": [0.5, 1.0]})
    assert _check.numeric_columns(table, ["a", "b"], "t", low=0, whole=True).tolist() == [[0, 1], [2, 3]]
    assert np.isnan(_check.numeric_columns(table, ["c"], "t", missing=True)[0, 0])
    for name, options, words in (
        ("c", {}, "is missing or infinite in 1 of 2 rows of the t table, first in row 0"),
        ("d", {}, "must hold numbers"),
        ("e", {"whole": True}, "is not a whole number in 1 of 2"),
        ("b", {"low": 2}, "is below 2 in 1 of 2"),
    ):
        with pytest.raises(DataError, match=words):
            _check.numeric_columns(table, [name], "t", **options)
