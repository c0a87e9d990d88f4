"""Values: what can be an answer, as plain JSON.

``to_json`` turns what a student gives into a number, a text, a short list or a small table, and refuses everything else with
a remedy; ``is_valid`` says whether something that was read from a file could have come from it. Exact types are asked for,
so nothing that a student's objects claim about themselves is ever believed. This room knows no question and no file.
"""

from __future__ import annotations

import math
import re
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from crmlab._result import show
from crmlab.errors import ArgumentError

__all__ = ["LARGEST", "Answer", "Scalar", "TableAnswer", "as_shown", "is_valid", "to_json"]

LARGEST = 10**15  # beyond it a float no longer tells neighbours apart
_LONGEST_LIST, _MOST_COLUMNS, _LONGEST_TEXT, _LONGEST_NAME = 100, 10, 6_000, 200
_ARRAYS = (pd.Series, pd.Index, pd.RangeIndex, pd.DatetimeIndex, np.ndarray)
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")  # a zero, or half a character: neither can be written to a file


class TableAnswer(TypedDict):
    """A small table as plain JSON."""

    columns: list[str]
    rows: list[list[int | float | str | bool]]


Scalar = int | float | str | bool
Answer = Scalar | list[Scalar] | TableAnswer


def as_shown(value: object, digits: int = 4) -> str:
    """Write a value as exercises do everywhere: thousands apart by a narrow blank, since a comma has two readings.

    Parameters
    ----------
    value : object
    digits : int
        Decimals at most.

    Examples
    --------
    >>> as_shown(1735).split(), as_shown("1,735")
    (['1', '735'], '1,735')
    """
    text = show(value, digits)
    return text if isinstance(value, str) else text.replace(",", "\u202f")


def to_json(value: object) -> Answer:
    """Return an answer as plain JSON: a number, a text, a list of at most 100 of them, or a small table.

    Numpy and pandas values become plain; dates become text such as "2025-03-31"; a table becomes
    ``{"columns": [...], "rows": [[...], ...]}``, its index a column if it has a name.

    Parameters
    ----------
    value : object
        Whatever stands in the student's notebook.

    Returns
    -------
    int, float, str, bool, list or dict

    Raises
    ------
    ArgumentError
        It is something else, not finite, or too large; the message says what to do.
    """
    if value is None:
        raise ArgumentError("there is nothing in it (None). Does the line above end in a value? `print(...)` gives none.")
    unwrapped = _unwrap(value)
    if type(unwrapped) is pd.DataFrame:
        return _table(unwrapped)
    if type(unwrapped) in (list, tuple):
        if len(unwrapped) > _LONGEST_LIST:
            raise ArgumentError(f"the list is longer than {_LONGEST_LIST} entries. Give only what the question asks for.")
        return [_scalar(entry) for entry in unwrapped]
    return _scalar(unwrapped)


def _unwrap(value: Any) -> Any:
    """Return an array as a list, an array without axes as its number, and a Series whose index has a name as a table."""
    if type(value) is pd.Series and value.index.name is not None:
        return value.rename(value.name or "value").to_frame()
    if type(value) not in _ARRAYS:
        return value
    return value[()] if value.ndim == 0 else list(value[: _LONGEST_LIST + 1])


def _table(value: pd.DataFrame) -> TableAnswer:
    frame = value if list(value.index.names) == [None] else value.reset_index()
    if len(frame) > _LONGEST_LIST or frame.shape[1] > _MOST_COLUMNS:
        raise ArgumentError(
            f"the table has {len(frame):,} rows and {frame.shape[1]} columns; an answer has at most {_LONGEST_LIST} and "
            f"{_MOST_COLUMNS}. Give only what the question asks for, not the whole table."
        )
    rows = [[_scalar(cell) for cell in row] for row in frame.itertuples(index=False)]
    return {"columns": [str(name) for name in frame.columns], "rows": rows}


def _scalar(value: object) -> Scalar:
    if isinstance(value, np.generic) and type(value).__module__ == "numpy":
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else value.item()
    if type(value) is bool:
        return value
    if type(value) is int or type(value) is float:
        return _number(value)
    if type(value) is str:
        if len(value) > _LONGEST_TEXT:
            raise ArgumentError(f"the text has {len(value):,} characters; at most {_LONGEST_TEXT:,} are kept.")
        return _UNWRITABLE.sub("\ufffd", value)
    kind = type(value).__name__
    if kind in ("Timestamp", "date", "datetime") and (isoformat := getattr(value, "isoformat", None)):
        return str(isoformat())[:10]
    raise ArgumentError(
        f"an answer is a number, a text, a short list or a small table; this is a {kind}. "
        "Take the number out of it first, e.g. with `.iloc[0]` or `float(...)`."
    )


def _number(value: int | float) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise ArgumentError(
            f"{value} is no number to work with: something was divided by nothing, or a value is missing on the way."
        )
    if abs(value) > LARGEST:
        raise ArgumentError("the number has more than 15 digits. No count or amount here is that large.")
    return value


def is_valid(value: object) -> bool:
    """Return whether something read from JSON could have come from ``to_json``.

    Parameters
    ----------
    value : object
        What the file holds.

    Returns
    -------
    bool
        False for anything deeper, longer, larger, or not finite.
    """
    if isinstance(value, list):
        return len(value) <= _LONGEST_LIST and all(map(_is_valid_scalar, value))
    if isinstance(value, dict):
        columns, rows = value.get("columns"), value.get("rows")
        return (
            set(value) == {"columns", "rows"}
            and isinstance(columns, list)
            and isinstance(rows, list)
            and len(columns) <= _MOST_COLUMNS
            and len(rows) <= _LONGEST_LIST
            and all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in columns)
            and all(isinstance(row, list) and len(row) == len(columns) and all(map(_is_valid_scalar, row)) for row in rows)
        )
    return _is_valid_scalar(value)


def _is_valid_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT and not _UNWRITABLE.search(value)
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) <= LARGEST
    return isinstance(value, int) and abs(value) <= LARGEST
