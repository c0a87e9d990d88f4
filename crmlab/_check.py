"""Checks at the door: what is wrong, where, and what to do.

Arguments are checked one by one; tables are checked against their declaration in ``tables``, in one
pass of whichever engine holds them, so that a file of ten million rows is checked without being
loaded. This room refuses; it repairs nothing (a user's own file is mended row by row in
``datasets.read``) and knows no topic.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import difflib
import math
import operator
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab._result import show
from crmlab.errors import ArgumentError, ColumnError, DataError
from crmlab.tables import Column, Table

if TYPE_CHECKING:
    import ibis

#: What an Ibis type must be for each dtype of a declaration.
_FITS: dict[str, Callable] = {
    "id": lambda kind: kind.is_string() or kind.is_integer(),
    "text": lambda kind: kind.is_string(),
    "integer": lambda kind: kind.is_integer(),
    "number": lambda kind: kind.is_numeric() and not kind.is_boolean(),
    "date": lambda kind: kind.is_date() or (kind.is_timestamp() and kind.timezone is None),
    "boolean": lambda kind: kind.is_boolean(),
}
_REMEDY = {
    "id": "Make it text, e.g. `.astype(str)`; a number with decimals cannot name anyone",
    "text": "Make it text, e.g. `.astype(str)`",
    "integer": "Make it whole numbers, e.g. `.astype(int)`",
    "number": "Make it a number with `pd.to_numeric`, or read the file with `datasets.read`",
    "date": "Make it a date without time zone with `pd.to_datetime`, or read the file with `datasets.read`",
    "boolean": "Make it true or false with `.astype(bool)`",
}


def today() -> dt.date:
    """The day after which a date lies in the future."""
    return dt.date.today()


def choice(name: str, value: object, options: Collection[str]) -> str:
    """``value``, one of ``options``."""
    if not isinstance(value, str) or value not in options:
        listed = ", ".join(repr(option) for option in options)
        raise ArgumentError(f"`{name}` must be one of {listed}; it is {value!r}.")
    return value


def flag(name: str, value: object) -> bool:
    """``value``, which is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"`{name}` must be True or False; it is {value!r}.")
    return bool(value)


def integer(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """``value`` as a whole number within bounds."""
    try:
        number = operator.index(value) if not isinstance(value, bool) else None  # type: ignore[arg-type]  # tried here
    except TypeError:
        number = None
    if number is None or number < minimum or (maximum is not None and number > maximum):
        bounds = f"from {minimum} to {maximum}" if maximum is not None else f"of at least {minimum}"
        raise ArgumentError(f"`{name}` must be a whole number {bounds}; it is {value!r}.")
    return number


def number(
    name: str, value: object, low: float = -math.inf, high: float = math.inf, closed: str = "both", *, infinite: bool = False
) -> float:
    """``value`` as a number between ``low`` and ``high``.

    ``closed`` says which of the two bounds may be reached, in the words of pandas: "both", "left", "right" or "neither".
    An infinite value passes only where ``infinite`` says so; what is not a number never does.

    >>> number("rate", 0.1, 0, 1, closed="left"), number("weeks", np.float32(52), 0)
    (0.1, 52.0)
    """
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        result = float(value)
        above = result >= low if closed in ("both", "left") else result > low
        below = result <= high if closed in ("both", "right") else result < high
        if above and below and (infinite or math.isfinite(result)):
            return result
    bounds = [f"{'of at least' if closed in ('both', 'left') else 'above'} {low:g}"] if low > -math.inf else []
    bounds += [f"{'of at most' if closed in ('both', 'right') else 'below'} {high:g}"] if high < math.inf else []
    kind = "number" if infinite else "finite number"
    raise ArgumentError(f"`{name}` must be a {kind}{' ' if bounds else ''}{' and '.join(bounds)}; it is {value!r}.")


def share(name: str, value: object) -> float:
    """``value`` as a share above 0 and below 1."""
    try:
        return number(name, value, 0, 1, closed="neither")
    except ArgumentError:
        message = f"`{name}` must be a share between 0 and 1, such as 0.1 for ten per cent; it is {value!r}."
        raise ArgumentError(message) from None


def frame(name: str, value: object, remedy: str = "") -> pd.DataFrame:
    """``value``, a DataFrame with columns of different names; ``remedy`` says what makes one."""
    if not isinstance(value, pd.DataFrame):
        raise DataError(f"`{name}` must be a DataFrame; it is {type(value).__name__}.{' ' if remedy else ''}{remedy}")
    if not value.columns.is_unique:
        twice = value.columns[value.columns.duplicated()][0]
        raise DataError(f"the {name} table has two columns of the name `{twice}`. Rename or drop one.")
    return value


def day(name: str, value: object) -> dt.date:
    """``value`` as a date that is not in the future: a date, a Timestamp, or text such as "2024-03-31"."""
    date = None
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        with contextlib.suppress(ValueError):
            date = dt.date.fromisoformat(value)
    elif isinstance(value, dt.date) and value is not pd.NaT:
        date = value.date() if isinstance(value, dt.datetime) else value
    if date is None:
        raise ArgumentError(f'`{name}` must be a day written year-month-day, such as "2024-03-31"; it is {value!r}.')
    if date > today():
        raise ArgumentError(f"`{name}` lies in the future: {date} is after today, {today()}. Nothing is known that far.")
    return date


def guess_rename(present: Collection[str], wanted: Collection[Column]) -> dict[str, str]:
    """Guess which of the present columns hold the wanted ones: {wanted name: present name, or "?" where none looks like it}."""
    names = {re.sub(r"[\s_\-.]+", "", str(name)).casefold(): name for name in present}
    guess: dict[str, str] = {}
    for column in wanted:
        keys = [re.sub("_", "", alias).casefold() for alias in (column.name, *column.aliases)]
        match = next((key for key in keys if key in names), None)
        match = match or next(iter(difflib.get_close_matches(keys[0], names, n=1, cutoff=0.75)), None)
        guess[column.name] = str(names.pop(match)) if match else "?"
    return guess


def required_columns(present: Collection[str], table: Table | str, wanted: Collection[str], remedy: str = "") -> None:
    """Refuse a table that lacks one of the wanted columns, and show the rename to write.

    ``table`` is its declaration, or its name where columns are those that the user has chosen; ``remedy`` stands last.
    """
    missing_names = [name for name in wanted if name not in present]
    if not missing_names:
        return
    declared = isinstance(table, Table)
    missing = [table.column(name) if isinstance(table, Table) else Column(str(name), "number", "") for name in missing_names]
    title = table.name if isinstance(table, Table) else table
    named = ", ".join(f"`{column.name}`" for column in missing)
    guess = guess_rename(present, missing)
    pairs = ", ".join(f'"{theirs}": "{ours}"' for ours, theirs in guess.items())
    rename = f" If another column holds it, rename it: `.rename(columns={{{pairs}}})`." if declared or not remedy else ""
    raise ColumnError(
        f"the {title} table has no column {named}. Its columns: {', '.join(map(str, present)) or 'none'}.{rename}"
        f"{' ' if remedy else ''}{remedy}",
        guess,
    )


def numeric_columns(
    frame: pd.DataFrame, names: Collection[str], table: str, *, low: float = -math.inf, whole: bool = False,
    missing: bool = False, remedy: str = "Mend these rows or take them out.",
) -> np.ndarray:  # fmt: skip
    """Columns of a table as finite numbers, shape (rows, len(names)).

    Parameters
    ----------
    frame : DataFrame
        With the columns ``names``.
    table : str
        How the refusal calls the table.
    low : float
        No value lies below it.
    whole : bool
        Whether only whole numbers pass.
    missing : bool
        Whether an empty cell passes, as NaN.
    remedy : str
        The last sentence of the refusal.
    """
    values = np.empty((len(frame), len(names)))
    for place, name in enumerate(names):
        column = frame[name]
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            raise DataError(f"column `{name}` of the {table} table must hold numbers; it holds {column.dtype}.")
        values[:, place] = column.to_numpy(float, na_value=np.nan)
        column_values = values[:, place]
        valid = np.isfinite(column_values) | (missing & np.isnan(column_values))
        if whole:
            valid &= np.isnan(column_values) | (column_values == np.floor(column_values))
        reason = "is not a whole number" if whole else "is infinite" if missing else "is missing or infinite"
        refuse_rows(frame, ~valid, f"`{name}` {reason}", table, remedy)
        refuse_rows(frame, column_values < low, f"`{name}` is below {low:g}", table, remedy)
    return values


def refuse_rows(frame: pd.DataFrame, wrong: np.ndarray, reason: str, table: str, remedy: str) -> None:
    """Refuse a table in which any row is ``wrong``, a mask of shape (rows,); name how many, and the first of them."""
    if wrong.any():
        rows = np.flatnonzero(wrong)
        first = ", ".join(f"{key}={show(value)}" for key, value in frame.iloc[rows[0]].items())
        raise DataError(
            f"{reason} in {rows.size:,} of {len(frame):,} rows of the {table} table, first in row {rows[0]} ({first}). {remedy}"
        )


def declaration(
    source: ibis.Table, table: Table, names: Collection[str], run: Callable[[ibis.Expr], pd.DataFrame],
    remedy: str = "Take these rows out first; `datasets.read` does so and lists them.",
) -> pd.Series:  # fmt: skip
    """Refuse a table whose columns break their declaration.

    Parameters
    ----------
    source : ibis.Table
        With at least the columns ``names``.
    table : Table
        Its declaration.
    names : collection of str
        The columns to check.
    run : callable
        Executes an Ibis expression.
    remedy : str
        The last sentence of the refusal of rows.

    Returns
    -------
    Series
        ``rows``, the number of rows, and for each date column ``<name>_min`` and ``<name>_max``: computed in the same pass.
    """
    rules: dict[str, tuple[str, ibis.Expr]] = {}
    extremes: dict[str, ibis.Expr] = {}
    for column in (table.column(name) for name in names):
        values = source[column.name]
        if values.type().is_null() and column.nullable:  # nothing stands in it, so it has no type
            continue
        if not values.type().is_null() and not _FITS[column.dtype](values.type()):
            raise DataError(
                f"column `{column.name}` of the {table.name} table must hold {_SAY[column.dtype]}; "
                f"it holds {values.type()}. {_REMEDY[column.dtype]}."
            )
        for number, (reason, broken) in enumerate(_rules(column, values)):
            rules[f"{column.name}_{number}"] = (f"`{column.name}` {reason}", broken.fill_null(False))
        if column.dtype == "date" and not values.type().is_null():
            extremes |= {f"{column.name}_min": values.min(), f"{column.name}_max": values.max()}
    sums = {name: broken.cast("int64").sum() for name, (_, broken) in rules.items()}
    counts = run(source.aggregate(rows=source.count(), **sums, **extremes)).iloc[0]
    if counts["rows"] == 0:
        raise DataError(f"the {table.name} table is empty. It needs at least one row.")
    for name, (reason, broken) in rules.items():
        if counts[name]:
            row = run(source.filter(broken).select(*names).limit(1)).iloc[0]
            example = ", ".join(f"{key}={_plain(value)}" for key, value in row.items())
            raise DataError(
                f"{reason} in {counts[name]:,.0f} of {counts['rows']:,} rows of the {table.name} table, e.g. {example}. "
                f"{remedy}"
            )
    return counts


def _rules(column: Column, values: ibis.Column) -> list[tuple[str, ibis.Expr]]:
    """Each way to break a declaration, in words and as a predicate."""
    import ibis

    kind = values.type()
    rules = []
    if kind.is_null():
        return [("is empty", values.isnull())]
    if not column.nullable:
        empty = values.isnull() | values.isnan() if kind.is_floating() else values.isnull()
        rules.append(("is empty", empty))
    if kind.is_floating():
        rules.append(("is infinite", values.isinf()))
    if column.minimum is not None:
        rules.append(("is negative" if column.minimum == 0 else f"is below {column.minimum:g}", values < column.minimum))
    if column.maximum is not None:
        rules.append((f"is above {column.maximum:g}", values > column.maximum))
    if column.values:
        rules.append((f"is none of {column.range}", values.notin(column.values)))
    if column.dtype == "date" and not column.future:
        rules.append((f"lies in the future (after {today()})", values.cast("date") > ibis.date(today().isoformat())))
    return rules


_SAY = {
    "id": "text or whole numbers", "text": "text", "integer": "whole numbers", "number": "numbers",
    "date": "dates", "boolean": "true or false",
}  # fmt: skip


def _plain(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value)
    return repr(value.item() if hasattr(value, "item") else value)
