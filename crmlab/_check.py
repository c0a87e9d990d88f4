"""Checks at the door: what is wrong, where, and what to do.

Arguments are checked one by one; tables are checked against their declaration in ``tables``, in one
pass of whichever engine holds them, so that a file of ten million rows is checked without being
loaded. This room refuses; it repairs nothing (a user's own file is mended row by row in
``datasets.read``) and knows no topic.
"""

from __future__ import annotations

import datetime as dt
import difflib
import operator
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import pandas as pd

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


def whole(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """``value`` as a whole number within bounds."""
    try:
        number = operator.index(value) if not isinstance(value, bool) else None
    except TypeError:
        number = None
    if number is None or number < minimum or (maximum is not None and number > maximum):
        bounds = f"from {minimum} to {maximum}" if maximum is not None else f"of at least {minimum}"
        raise ArgumentError(f"`{name}` must be a whole number {bounds}; it is {value!r}.")
    return number


def share(name: str, value: object) -> float:
    """``value`` as a share above 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ArgumentError(f"`{name}` must be a share between 0 and 1, such as 0.1 for ten per cent; it is {value!r}.")
    return float(value)


def day(name: str, value: object) -> dt.date:
    """``value`` as a date that is not in the future: a date, a Timestamp, or text such as "2024-03-31"."""
    found = None
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            found = None
    elif isinstance(value, dt.date) and value is not pd.NaT:
        found = value.date() if isinstance(value, dt.datetime) else value
    if found is None:
        raise ArgumentError(f'`{name}` must be a day written year-month-day, such as "2024-03-31"; it is {value!r}.')
    if found > today():
        raise ArgumentError(f"`{name}` lies in the future: {found} is after today, {today()}. Nothing is known that far.")
    return found


def guess_rename(present: Collection[str], wanted: Collection[Column]) -> dict[str, str]:
    """Which of the present columns may hold the wanted ones: {wanted name: present name, or "?" where none looks like it}."""
    plain = {re.sub(r"[\s_\-.]+", "", str(name)).casefold(): name for name in present}
    guess: dict[str, str] = {}
    for column in wanted:
        keys = [re.sub("_", "", alias).casefold() for alias in (column.name, *column.aliases)]
        hit = next((key for key in keys if key in plain), None)
        hit = hit or next(iter(difflib.get_close_matches(keys[0], plain, n=1, cutoff=0.75)), None)
        guess[column.name] = str(plain.pop(hit)) if hit else "?"
    return guess


def columns(present: Collection[str], table: Table, wanted: Collection[str]) -> None:
    """Refuse a table that lacks one of the wanted columns, and show the rename to write."""
    missing = [table.column(name) for name in wanted if name not in present]
    if missing:
        named = ", ".join(f"`{column.name}`" for column in missing)
        guess = guess_rename(present, missing)
        pairs = ", ".join(f'"{theirs}": "{ours}"' for ours, theirs in guess.items())
        raise ColumnError(
            f"the {table.name} table has no column {named}. Its columns: {', '.join(map(str, present)) or 'none'}. "
            f"If another column holds it, rename it: `.rename(columns={{{pairs}}})`.",
            guess,
        )


def rows(held: ibis.Table, table: Table, names: Collection[str], run: Callable[[ibis.Expr], pd.DataFrame]) -> pd.Series:
    """Refuse a table whose columns break their declaration.

    Parameters
    ----------
    held : ibis.Table
        With at least the columns ``names``.
    run : callable
        Executes an Ibis expression.

    Returns
    -------
    Series
        ``rows``, the number of rows, and for each date column ``<name>_min`` and ``<name>_max``:
        what came to hand in the same pass.
    """
    rules: dict[str, tuple[str, ibis.Expr]] = {}
    extremes = {}
    for column in (table.column(name) for name in names):
        values = held[column.name]
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
    counts = {name: broken.cast("int64").sum() for name, (_, broken) in rules.items()}
    found = run(held.aggregate(rows=held.count(), **counts, **extremes)).iloc[0]
    if found["rows"] == 0:
        raise DataError(f"the {table.name} table is empty. It needs at least one row.")
    for name, (reason, broken) in rules.items():
        if found[name]:
            example = run(held.filter(broken).select(*names).limit(1)).iloc[0]
            told = ", ".join(f"{key}={_plain(value)}" for key, value in example.items())
            raise DataError(
                f"{reason} in {found[name]:,.0f} of {found['rows']:,} rows of the {table.name} table, e.g. {told}. "
                "Take these rows out first; `datasets.read` does so and lists them."
            )
    return found


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
