"""Columns of segments: the door of whatever forms segments, and the rows that it reads.

A table of customers becomes distinct rows with counts, sorted by their values, so that neither the order of the rows nor how
often all of them are repeated changes what is made of them. What cannot say who belongs together is refused by name: an
identifier, a date, a constant, a copy of another column. How segments are formed is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import DataError

MOST_CATEGORIES = 20  # of a column for latent classes; more are a number or a name
_FEWEST_DIFFERENT = 20  # rows from which on whole numbers that are all different look like an identifier
_COPY = 1 - 1e-9  # correlation of two columns above which one is the other in another unit
_EPOCH_SECONDS = (946_684_800, 4_102_444_800)  # 2000-01-01 to 2100-01-01 since 1970


@dataclass(frozen=True, slots=True)
class Rows:
    """Distinct rows of a table, sorted by their values.

    Attributes
    ----------
    names : tuple of str
        Of the p columns.
    values : ndarray, shape (u, p)
        Numbers; for categories their places among the levels.
    weight : ndarray of int, shape (u,)
        How many customers each row stands for.
    inverse : ndarray of int, shape (n,)
        Distinct row of each row of the table.
    levels : tuple of tuple
        Categories of each column in order; empty for numbers.
    """

    names: tuple[str, ...]
    values: np.ndarray
    weight: np.ndarray
    inverse: np.ndarray
    levels: tuple[tuple[object, ...], ...] = ()

    @property
    def n(self) -> int:
        """Number of customers."""
        return int(self.weight.sum())


def read_rows(table: pd.DataFrame, columns: Sequence[str] | None, *, categorical: bool) -> Rows:
    """Check the columns that are to form segments, and return their distinct rows."""
    names = _names(table, columns)
    for name in names:
        refuse_dates_and_ids(table[name], name, "Leave it out with `columns=`")
    levels = tuple(_levels(table[name], name) for name in names) if categorical else ()
    values = encode(table, names, levels)
    for place, name in enumerate(names):
        if len(values) and (values[:, place] == values[0, place]).all():
            raise DataError(f"column `{name}` is constant: it tells nobody apart. Leave it out with `columns=`.")
    rows = distinct_rows(values)
    _refuse_copies(rows[0], rows[1], names, categorical)
    return Rows(names, *rows, levels)


def encode(table: pd.DataFrame, names: Sequence[str], levels: Sequence[Sequence[object]]) -> np.ndarray:
    """Return columns as finite numbers, or as places among the levels, shape (n, p)."""
    _check.required_columns(list(table.columns), "customer", names, "Segments are told by the columns that formed them.")
    if not levels:
        return _check.numeric_columns(table, names, "customer", remedy="Fill these cells or take the rows out.")
    codes = np.empty((len(table), len(names)))
    for place, (name, known) in enumerate(zip(names, levels, strict=True)):
        column = table[name].astype(object).to_numpy()
        missing = pd.isna(column)
        _check.refuse_rows(table, missing, f"`{name}` is missing", "customer", "Fill these cells or take the rows out.")
        codes[:, place] = pd.Index(known, dtype=object).get_indexer(column)
        remedy = f"The fit knows {', '.join(map(str, known))}; fit again with these rows or take them out."
        _check.refuse_rows(
            table, codes[:, place] < 0, f"`{name}` has a category that the fit does not know", "customer", remedy
        )
    return codes


def distinct_rows(values: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distinct rows in the order of their values, their counts, and the distinct row of each row."""
    order = np.lexsort(values.T[::-1])
    ordered = values[order]
    is_first = np.ones(len(values), dtype=bool)
    is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    inverse = np.empty(len(values), dtype=np.int64)
    inverse[order] = np.cumsum(is_first) - 1
    return ordered[is_first], np.bincount(inverse, weight).astype(np.int64), inverse


def _names(table: pd.DataFrame, columns: Sequence[str] | None) -> tuple[str, ...]:
    _check.frame("table", table, "Give one row per customer.")
    if len(table) == 0:
        raise DataError("the customer table is empty. It needs at least as many rows as segments.")
    if columns is None:
        columns = [name for name in table.columns if name != "customer_id"]
    elif isinstance(columns, str) or not isinstance(columns, Sequence):
        raise DataError(f"`columns` must be a list of columns; it is {columns!r}.")
    _check.required_columns(list(table.columns), "customer", columns)
    if not columns:
        raise DataError("no column is left to form segments by. Name at least one in `columns=`.")
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise DataError(f"`columns` names `{twice}` twice. Name each column once.")
    return tuple(columns)


def refuse_dates_and_ids(column: pd.Series, name: str, remedy: str) -> None:
    """Refuse a column of dates, of names or of identifiers: it says nothing of how alike or how valuable customers are."""
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        raise DataError(f"column `{name}` holds dates. {remedy}, or give the days since then as a number.")
    if not pd.api.types.is_numeric_dtype(column):
        if column.nunique() == len(column) >= _FEWEST_DIFFERENT:
            raise DataError(f"column `{name}` is different in all {len(column):,} rows, so it is a name. {remedy}.")
        return
    if pd.api.types.is_bool_dtype(column):
        return
    values = column.to_numpy(float, na_value=np.nan)
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return
    if _are_dates(values):
        raise DataError(f"column `{name}` holds dates written as numbers. {remedy}, or give the days since then.")
    steps = np.diff(np.sort(values))
    is_named = str(name).casefold().endswith(("id", "_no", "_nr", "number", "code", "key"))
    if len(values) >= _FEWEST_DIFFERENT and (steps > 0).all() and (is_named or (steps == steps[0]).all()):
        raise DataError(f"column `{name}` numbers the rows: it is an identifier, not a property. {remedy}.")


def _are_dates(values: np.ndarray) -> bool:
    """Return whether all are days written 20240131, or seconds or finer units since 1970."""
    year, month, day = values // 10_000, values // 100 % 100, values % 100
    is_day = (year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    low, high = _EPOCH_SECONDS
    units = (1, 1e3, 1e6, 1e9)
    return bool(is_day.all() or any(((values >= low * unit) & (values < high * unit)).all() for unit in units))


def _levels(column: pd.Series, name: str) -> tuple[object, ...]:
    values = [value for value in column.unique() if not pd.isna(value)]
    if len(values) > MOST_CATEGORIES:
        raise DataError(
            f"column `{name}` has {len(values):,} different values: latent classes read categories, at most {MOST_CATEGORIES}. "
            'Cut it into a few groups (`pd.cut`), or take the method "k-means" for numbers.'
        )
    if pd.api.types.is_numeric_dtype(column) and not np.isfinite(np.asarray(values, dtype=float)).all():
        raise DataError(f"column `{name}` of the customer table is infinite in some rows. Mend these rows or take them out.")
    is_ordered = isinstance(column.dtype, pd.CategoricalDtype)
    place = {value: number for number, value in enumerate(column.cat.categories)} if is_ordered else {}
    return tuple(sorted(values, key=lambda value: place[value] if is_ordered else (isinstance(value, str), value)))


def _refuse_copies(values: np.ndarray, weight: np.ndarray, names: Sequence[str], categorical: bool) -> None:
    share = weight / weight.sum()
    scaled = values / np.abs(values).max(axis=0)
    centred = (scaled - share @ scaled) * np.sqrt(share)[:, None]
    length = np.sqrt((centred**2).sum(axis=0))
    correlation = centred.T @ centred / np.outer(length, length)
    for first, second in combinations(range(len(names)), 2):
        is_copy = abs(correlation[first, second]) > _COPY
        if categorical and not is_copy:
            pairs = len(np.unique(values[:, [first, second]], axis=0))
            is_copy = pairs == len(np.unique(values[:, first])) == len(np.unique(values[:, second]))
        if is_copy:
            raise DataError(
                f"columns `{names[first]}` and `{names[second]}` are copies of each other, so that what they say would count "
                "twice. Leave one out with `columns=`."
            )
