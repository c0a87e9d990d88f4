"""Columns: what a table of prospects says, as an outcome and as a design matrix.

The doors of lead scores and of acquisition models meet here: who was won and who is still open, which columns are dates, names
or identifiers and so no property of anybody, how numbers and categories become columns of a design, and what is refused because
a maximum would not exist. Which columns may be *known* on the day of scoring is asked in ``knowledge``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg

from crmlab import _check
from crmlab._verdict import listed
from crmlab.errors import ArgumentError, DataError

MOST_CATEGORIES = 50  # of a column of text; more are a name
_FEWEST_DIFFERENT = 20  # rows from which on values that are all different look like an identifier
_IDENTIFIER = re.compile(r"(^|[_\s])(id|no|nr|number|code|key)$", re.IGNORECASE)
_CURRENCY = re.compile(r"currency|währung|币种|货币", re.IGNORECASE)
_ENDS = {"won": True, "lost": False}
_DEPENDENT = 1e-9  # of the largest pivot, below which a column of a design follows from the others
_RARE = 10  # rows below which a category says nothing of its own, in tables of 200 rows or more; in smaller ones a twentieth
MISSING = "missing"  # the level of a category that is not filled in


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who was won.

    Attributes
    ----------
    won : ndarray of bool, shape (n,)
    ended : ndarray of bool, shape (n,)
        False for those who are still open.
    """

    won: np.ndarray
    ended: np.ndarray


def read_outcome(table: pd.DataFrame, name: str, won: object = None) -> Outcome:
    """Read who was won: True or False, 1 or 0, or the words won, lost and open; ``won`` is another word for won."""
    column = table[name]
    missing = column.isna().to_numpy()
    if won is not None:
        is_won = (column == won).fillna(False).to_numpy(bool)
        if not is_won.any():
            values = listed(sorted({str(value) for value in column.dropna().unique()})[:8])
            raise ArgumentError(f"`won` is {won!r}, but column `{name}` holds {values or 'nothing'}.")
        return Outcome(is_won, ~missing)
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(float, na_value=np.nan)
        wrong = ~missing & (values != 0) & (values != 1)
        _check.refuse_rows(table, wrong, f"`{name}` is neither 0 nor 1", "lead", "Make it 1 for won and 0 for lost.")
        return Outcome(values == 1, ~missing)
    words = column.astype("str").str.strip().str.lower().to_numpy(object)
    wrong = ~missing & ~np.isin(words.astype(str), [*_ENDS, "open"])
    remedy = f'Name the word for won, e.g. `won="{column[wrong].iloc[0] if wrong.any() else "yes"}"`.'
    _check.refuse_rows(table, wrong, f"`{name}` is none of won, lost, open", "lead", remedy)
    return Outcome(words == "won", ~missing & (words != "open"))


def refuse_one_class(won: np.ndarray, where: str) -> None:
    """Refuse rows of which all were won, or none."""
    if not won.size or won.all() or not won.any():
        reason = "all were won" if won.size and won.all() else "none was won" if won.size else "there is none"
        raise DataError(f"of {where} {reason}. Both ends are needed to tell them apart: take a longer time, or more prospects.")


def refuse_currencies(table: pd.DataFrame) -> None:
    """Refuse a table whose column of currencies names more than one: amounts could not be compared."""
    for name in table.columns:
        if _CURRENCY.search(str(name)) and not pd.api.types.is_numeric_dtype(table[name]):
            currencies = sorted({str(value) for value in table[name].dropna().unique()})
            if len(currencies) > 1:
                raise DataError(
                    f"column `{name}` names {len(currencies)} currencies ({listed(currencies[:5])}), so amounts cannot be "
                    "compared. Convert them to one at the rate of their day, or take the rows of one."
                )


def why_no_property(column: pd.Series, name: str) -> str:
    """Say why a column is no property of a prospect: it holds dates, names or numbers of rows; "" if it is one."""
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return "holds dates; give the days since then as a number"
    values = column.dropna()
    if isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(column):
        if _IDENTIFIER.search(str(name)):
            return "names somebody and is no property"
        return f"has more than {MOST_CATEGORIES} categories" if values.nunique() > MOST_CATEGORIES else ""
    if pd.api.types.is_bool_dtype(column) or len(values) < _FEWEST_DIFFERENT:
        return ""
    numbers = values.to_numpy(float)
    if not np.isfinite(numbers).all() or (numbers != np.floor(numbers)).any():
        return ""
    steps = np.diff(np.sort(numbers))
    is_different = bool((steps > 0).all())
    if is_different and (_IDENTIFIER.search(str(name)) or (steps == steps[0]).all()):
        return "numbers the rows and is no property"
    return "numbers something and is no property" if _IDENTIFIER.search(str(name)) and values.nunique() > 20 else ""


@dataclass(frozen=True, slots=True)
class Design:
    """How columns of a table become the k columns of a design, the constant aside.

    Attributes
    ----------
    names : tuple of str
        Columns of the table.
    levels : dict
        Column of categories -> its levels, the most frequent first: it is the one that the others are compared with. Rare
        categories have no level: they count like those that were never seen.
    shares : dict
        Column of categories -> share of each level; somebody whose category was never seen counts as their mean.
    medians : dict
        Column of numbers -> what stands for a missing one.
    gaps : frozenset of str
        Columns of numbers that were missing in some rows: being missing has a column of its own.
    """

    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    shares: dict[str, np.ndarray]
    medians: dict[str, float]
    gaps: frozenset[str]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of the design, k of them."""
        return tuple(label for name in self.names for label in self._labels(name))

    @property
    def owners(self) -> tuple[str, ...]:
        """For each column of the design, the column of the table from which it was made."""
        return tuple(name for name in self.names for _ in self._labels(name))

    def _labels(self, name: str) -> list[str]:
        if name in self.levels:
            return [f"{name}={level}" for level in self.levels[name][1:]]
        return [name, *([f"{name}={MISSING}"] if name in self.gaps else [])]

    def matrix(self, table: pd.DataFrame) -> np.ndarray:
        """Return the design of a table, shape (n, k)."""
        blocks = [np.empty((len(table), 0))]
        for name in self.names:
            if name in self.levels:
                codes = self.codes(table, name)
                eye = np.vstack([np.eye(len(self.levels[name])), self.shares[name]])  # the last row: a category never seen
                blocks.append(eye[codes, 1:])
                continue
            values = numbers(table, name)
            missing = np.isnan(values)
            blocks.append(np.where(missing, self.medians[name], values)[:, None])
            if name in self.gaps:
                blocks.append(missing[:, None].astype(float))
        return np.hstack(blocks)

    def codes(self, table: pd.DataFrame, name: str) -> np.ndarray:
        """Return the place of each category among the levels, shape (n,); -1 for one that was never seen."""
        return pd.Index(self.levels[name], dtype=object).get_indexer(pd.Index(categories(table[name]), dtype=object))

    def unseen(self, table: pd.DataFrame) -> np.ndarray:
        """Return whether a row has a category that was never seen, or hardly, shape (n,)."""
        masks = [self.codes(table, name) < 0 for name in self.levels]
        return np.any(masks, axis=0) if masks else np.zeros(len(table), bool)


def numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column of numbers, or of yes and no, shape (n,); NaN where it is missing."""
    column = table[name]
    if pd.api.types.is_bool_dtype(column):
        return column.to_numpy(float, na_value=np.nan)
    return _check.numeric_columns(table, [name], "lead", missing=True)[:, 0]


def categories(column: pd.Series) -> np.ndarray:
    """Return a column of categories as text, shape (n,)."""
    return np.where(column.isna().to_numpy(), MISSING, column.astype("str").to_numpy(object))


def read_design(table: pd.DataFrame, names: Sequence[str]) -> Design:
    """Learn from a table how its columns become a design; refuse those that say nothing."""
    levels: dict[str, tuple[str, ...]] = {}
    shares: dict[str, np.ndarray] = {}
    medians: dict[str, float] = {}
    gaps = set()
    for name in names:
        column = table[name]
        if column.nunique(dropna=False) < 2:
            raise DataError(f"column `{name}` is constant: it tells nobody apart. Leave it out.")
        if pd.api.types.is_numeric_dtype(column) and not isinstance(column.dtype, pd.CategoricalDtype):
            values = numbers(table, name)
            medians[name] = float(np.nanmedian(values))
            if np.isnan(values).any():
                gaps.add(name)
            continue
        counts = pd.Series(categories(column)).value_counts()
        counts = counts[counts >= min(_RARE, len(table) / 20)]
        if len(counts) < 2:
            raise DataError(f"column `{name}` is the same in nearly all rows: it tells nobody apart. Leave it out.")
        ordered = counts.sort_index(kind="stable").sort_values(ascending=False, kind="stable").index
        levels[name], shares[name] = tuple(ordered), counts[ordered].to_numpy(float) / counts.sum()
    return Design(tuple(names), levels, shares, medians, frozenset(gaps))


def refuse_dependent(matrix: np.ndarray, owners: Sequence[str]) -> None:
    """Refuse a design, shape (n, k), in which one column follows from the others and the constant."""
    scaled = (matrix - matrix.mean(axis=0)) / np.maximum(matrix.std(axis=0), 1e-300)
    if not scaled.shape[1]:
        return
    triangle, order = linalg.qr(scaled, mode="r", pivoting=True)
    pivots = np.abs(np.diag(triangle))
    dependent = order[: pivots.size][pivots < _DEPENDENT * pivots[0]]
    if dependent.size or matrix.shape[0] <= matrix.shape[1]:
        names = sorted({owners[k] for k in dependent}) or sorted(set(owners))
        raise DataError(f"{listed([f'`{name}`' for name in names])} follows from the other columns. Leave it out.")


def separating(design: Design, table: pd.DataFrame, won: np.ndarray) -> tuple[str, str] | None:
    """Find a column of a table that separates who was won from who was not; return its name, and how, in words."""
    for name in design.names:
        if name in design.levels:
            codes = design.codes(table, name)
            groups = [(f"`{name}` {level}", codes == code) for code, level in enumerate(design.levels[name])]
        else:
            values = numbers(table, name)
            missing = np.isnan(values)
            groups = [(f"`{name}` {MISSING}", missing)] if name in design.gaps else []
            yes, no = values[won & ~missing], values[~won & ~missing]
            if set(np.unique(values[~missing])) <= {0.0, 1.0}:
                groups += [(f"`{name}` {value:g}", values == value) for value in (0.0, 1.0)]
            elif yes.size and no.size and (no.max() <= yes.min() or yes.max() <= no.min()):
                side = "above" if no.max() <= yes.min() else "below"
                return name, f"in `{name}` whoever was won lies {side} whoever was lost"
        for label, mask in groups:
            if mask.any() and (won[mask].all() or not won[mask].any()):
                return name, f"all {int(mask.sum()):,} rows with {label} were {'won' if won[mask].all() else 'lost'}"
    return None
