"""The setting of one run: which industry, how large, how long, from which seed, with which changes.

It also holds the calendar, in which a moment is a number of days since the firm opened, and the
book in which the mechanisms write down rows as they happen. This room knows no mechanism; what a
row's columns mean stands in ``crmlab.tables``.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab import tables
from crmlab.world.industries import Industry
from crmlab.world.plan import CAUSES, Plan

#: The last month of every firm is at the latest this one, so that no date lies in the future.
_LAST_YEAR = 2025
_TYPES = {"id": pa.string(), "text": pa.string(), "integer": pa.int32(), "number": pa.float64(),
          "date": pa.timestamp("us"), "boolean": pa.bool_()}  # fmt: skip
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Setting:
    """What one run of the firm is made from; equal settings make equal firms."""

    industry: Industry
    customers: int
    months: int
    seed: int
    seasons: bool
    targeted: bool
    plan: Plan

    @cached_property
    def opening(self) -> dt.date:
        """The first day: always a first of January, 36 months before the end of the last year or earlier."""
        return dt.date(_LAST_YEAR + 1 - max(3, -(-self.months // 12)), 1, 1)

    @cached_property
    def first(self) -> np.ndarray:
        """Days from the opening to the first day of each month, and of the month after the last."""
        starts = np.datetime64(self.opening, "M") + np.arange(self.months + 1)
        return (starts.astype("datetime64[D]") - np.datetime64(self.opening)).astype(float)

    @property
    def last_day(self) -> float:
        """The end of the run, in days."""
        return self.first[-1]

    def month(self, day: np.ndarray) -> np.ndarray:
        """The month (from 0) in which a moment lies; past the end it is ``months`` or more."""
        return np.searchsorted(self.first, day, side="right") - 1

    @cached_property
    def shifts(self) -> dict[str, np.ndarray]:
        """Every cause's shift, by month."""
        return {name: self.plan[name] for name in CAUSES}

    @cached_property
    def quality_shift(self) -> np.ndarray:
        """Shift of the five qualities, shape (months, 5)."""
        return np.stack([self.shifts[name] for name in tables.DIMENSIONS], axis=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A column to be written down: numbers that stand for words (-1: none), or moments (nan: none), or cents."""

    kind: str
    values: np.ndarray | None
    words: tuple[str, ...] = ()

    def only(self, kept: np.ndarray) -> Told:
        """Some of the rows."""
        return self if self.values is None else replace(self, values=self.values[kept])


def words(codes: np.ndarray, labels: tuple[str, ...]) -> Told:
    """Labels by their number."""
    return Told("words", codes, tuple(labels))


def days(moments: np.ndarray) -> Told:
    """Dates from days since the opening."""
    return Told("days", moments)


def cents(amounts: np.ndarray) -> Told:
    """Money: whole cents, so that sums do not depend on their order."""
    return Told("cents", amounts)


def named(persons: np.ndarray) -> Told:
    """The names of other persons, by their place in the block."""
    return Told("named", persons)


def numbered(letter: str, numbers: np.ndarray | None = None) -> Told:
    """A name from the person's and a number of his own: "C0000012-O3"; without numbers they are counted here."""
    return Told("numbered", numbers, (letter,))


@dataclass(slots=True)
class Book:
    """Rows by table, as they happen."""

    rows: dict[str, list[tuple[np.ndarray, dict]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, person: np.ndarray, **columns: object) -> None:
        """Write rows down: ``person`` is the place of each in the block, and every column has as many values."""
        if person.size:
            self.rows[table].append((person, columns))

    def table(self, name: str, rank: np.ndarray, labels: pa.Array, opening: dt.date) -> pa.Table:
        """The rows of a table, person by person in the order of ``rank``, each person's in order of time."""
        chunks = self.rows.pop(name, [])
        person = np.concatenate([chunk for chunk, _ in chunks]) if chunks else np.zeros(0, dtype=np.int64)
        date = next((column.name for column in tables.table(name).columns if column.dtype == "date"), None)
        moment = np.concatenate([told[date].values for _, told in chunks]) if chunks and date else np.zeros(person.size)
        order = np.lexsort((moment, rank[person]))
        person = person[order]
        columns = {}
        for column in tables.table(name).columns:
            kind = arrow_type(column)
            if not chunks:
                values = pa.array([], type=kind)
            elif column.name == "customer_id" and column.name not in chunks[0][1]:
                values = labels.take(pa.array(person))
            else:
                parts = [told[column.name] for _, told in chunks]
                values = _values(parts, order, person, labels, opening)
            columns[column.name] = values if values.type == kind else values.cast(kind)
        return pa.table(columns)


def arrow_type(column: tables.Column) -> pa.DataType:
    """How a column is stored."""
    return pa.int8() if column.dtype == "integer" and (column.maximum or 128) < 128 else _TYPES[column.dtype]


def _values(
    parts: list[np.ndarray | Told], order: np.ndarray, person: np.ndarray, labels: pa.Array, opening: dt.date
) -> pa.Array:
    told = parts[0]
    if not isinstance(told, Told):
        values = np.concatenate([part for part in parts])[order]
        return pa.array(values, mask=np.isnan(values) if values.dtype.kind == "f" else None)
    if told.kind == "words":
        # there are many parts and few vocabularies, some of them long: each is looked through once
        lists = {id(part.words): part.words for part in parts}
        numbers = {label: number for number, label in enumerate(dict.fromkeys(chain.from_iterable(lists.values())))}
        places = {key: np.array([numbers[label] for label in labels] + [-1]) for key, labels in lists.items()}  # -1 stays -1
        values = np.concatenate([places[id(part.words)][part.values] for part in parts])[order]
        return pa.array(list(numbers), pa.string()).take(pa.array(values, mask=values < 0))
    if told.values is None:
        begins = np.flatnonzero(np.diff(person, prepend=-1))
        values = np.arange(person.size) - np.repeat(begins, np.diff(begins, append=person.size)) + 1
    else:
        values = np.concatenate([part.values for part in parts])[order]
    if told.kind == "cents":
        return pa.array(values / 100)
    if told.kind == "named":
        return labels.take(pa.array(values))
    if told.kind == "numbered":
        letter = pa.scalar(f"-{told.words[0]}")
        return pc.binary_join_element_wise(labels.take(pa.array(person)), letter, pc.cast(pa.array(values), pa.string()), "")
    none = np.isnan(values)
    start = np.datetime64(opening, "us").astype(np.int64)
    micro = start + np.floor(np.where(none, 0, values)).astype(np.int64) * _DAY
    return pa.array(micro, mask=none).cast(pa.timestamp("us"))
