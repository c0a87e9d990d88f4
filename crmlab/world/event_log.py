"""The event log: rows of the firm's tables, in the order in which the mechanisms write them.

A mechanism adds rows of numbers; what a number stands for (a label, a moment, cents, an id) is said by the
column that holds it. At the end the rows of each table are sorted, person by person, and become Arrow tables.
This room knows no mechanism; what a table's columns mean stands in ``crmlab.tables``.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab import tables

_ARROW_TYPES = {"id": pa.string(), "text": pa.string(), "integer": pa.int32(), "number": pa.float64(),
                "date": pa.timestamp("us"), "boolean": pa.bool_()}  # fmt: skip
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class EncodedColumn:
    """A column of numbers that stand for something else.

    Attributes
    ----------
    kind : str
        "labels" (codes; -1 is empty), "days" (since the opening; NaN is empty), "cents", "person_ids" (places in the
        block), "numbered_ids" (a number behind the person's own id) or "record_numbers" (which record of the person).
    values : ndarray, shape (rows,), or None
        None for numbered ids that are counted when all rows are known.
    labels : tuple of str
        What the codes stand for; for numbered ids the letter before the number.
    """

    kind: str
    values: np.ndarray | None
    labels: tuple[str, ...] = ()

    def take(self, rows: np.ndarray) -> EncodedColumn:
        """Return some of the rows, by mask or place."""
        return self if self.values is None else replace(self, values=self.values[rows])


def labels(codes: np.ndarray, names: tuple[str, ...]) -> EncodedColumn:
    """Encode labels by their place in ``names``."""
    return EncodedColumn("labels", codes, tuple(names))


def days(moments: np.ndarray) -> EncodedColumn:
    """Encode dates as days since the opening."""
    return EncodedColumn("days", moments)


def cents(amounts: np.ndarray) -> EncodedColumn:
    """Encode money as whole cents, so that sums do not depend on their order."""
    return EncodedColumn("cents", amounts)


def person_ids(persons: np.ndarray) -> EncodedColumn:
    """Encode the ids of other persons by their place in the block."""
    return EncodedColumn("person_ids", persons)


def numbered_ids(letter: str, numbers: np.ndarray | None = None) -> EncodedColumn:
    """Encode ids such as "C0000012-O3": the person's id and a number; without numbers they are counted by time."""
    return EncodedColumn("numbered_ids", numbers, (letter,))


def record_numbers(values: np.ndarray) -> EncodedColumn:
    """Encode ids of contact records by their number among those of the person, from 0."""
    return EncodedColumn("record_numbers", values)


@dataclass(frozen=True, slots=True, eq=False)
class RecordIds:
    """The ids of the contact records of a block.

    Attributes
    ----------
    ids : Array
        Person by person.
    first : ndarray of int, shape (persons,)
        The place of each person's first record among them.
    """

    ids: pa.Array
    first: np.ndarray


Column = np.ndarray | EncodedColumn
#: The person of each row, and the columns.
Rows = tuple[np.ndarray, dict[str, Column]]


def take_rows(rows: Rows, mask: np.ndarray) -> Rows:
    """Return the rows of a mask."""
    person, columns = rows
    return person[mask], {
        name: column[mask] if isinstance(column, np.ndarray) else column.take(mask) for name, column in columns.items()
    }


def numbers(columns: dict[str, Column], name: str) -> np.ndarray:
    """Return the numbers of a column, shape (rows,), whatever they stand for."""
    column = columns[name]
    values = column.values if isinstance(column, EncodedColumn) else column
    if values is None:
        raise KeyError(f"the numbers of `{name}` are not known yet")
    return values


@dataclass(frozen=True, slots=True, eq=False)
class EventLog:
    """Rows by table, as they happen.

    Attributes
    ----------
    rows : dict of str to list of (ndarray, dict)
        For each table its parts: the place of each row's person in the block, and the columns.
    """

    rows: dict[str, list[Rows]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, person: np.ndarray, **columns: Column) -> None:
        """Add rows: ``person`` is the place of each row's person in the block; every column has as many values."""
        if person.size:
            self.rows[table].append((person, columns))

    def table(self, name: str, rank: np.ndarray, ids: pa.Array, opening: dt.date, booked: RecordIds | None = None) -> pa.Table:
        """Build a table: person by person in the order of ``rank``, each person's rows in order of time.

        Parameters
        ----------
        name : str
            A declared table; its rows leave the log.
        rank : ndarray, shape (persons,)
            The place of each person in the order of the table.
        ids : Array, shape (persons,)
            The id of each person.
        opening : date
            The day from which moments count.
        booked : RecordIds, optional
            What records are called; without them no table tells under which one something was booked.
        """
        parts = self.rows.pop(name, [])
        declared = [column for column in tables.table(name).columns if booked is not None or column is not tables.BOOKED]
        if not parts:
            return pa.table({column.name: pa.array([], type=arrow_type(column)) for column in declared})
        person = np.concatenate([part_person for part_person, _ in parts])
        date = next((column.name for column in declared if column.dtype == "date"), None)
        moment = np.concatenate([numbers(columns, date) for _, columns in parts]) if date else np.zeros(person.size)
        order = np.lexsort((moment, rank[person]))
        person = person[order]
        arrays = {}
        for column in declared:
            if column.name == "customer_id" and column.name not in parts[0][1]:
                values = ids.take(pa.array(person))
            elif column is tables.BOOKED and booked is not None:
                number = np.concatenate([numbers(columns, column.name) for _, columns in parts])[order]
                values = booked.ids.take(pa.array(booked.first[person] + number))
            else:
                values = _decode([columns[column.name] for _, columns in parts], order, person, ids, opening)
            kind = arrow_type(column)
            arrays[column.name] = values if values.type == kind else values.cast(kind)
        return pa.table(arrays)


def arrow_type(column: tables.Column) -> pa.DataType:
    """Return the type in which a column is stored."""
    return pa.int8() if column.dtype == "integer" and (column.maximum or 128) < 128 else _ARROW_TYPES[column.dtype]


def _decode(parts: list[Column], order: np.ndarray, person: np.ndarray, ids: pa.Array, opening: dt.date) -> pa.Array:
    encoded = [part for part in parts if isinstance(part, EncodedColumn)]
    if not encoded:
        values = np.concatenate([part for part in parts if isinstance(part, np.ndarray)])[order]
        return pa.array(values, mask=np.isnan(values) if values.dtype.kind == "f" else None)
    kind = encoded[0].kind
    if kind == "labels":
        return _decode_labels(encoded, order)
    known = [part.values for part in encoded if part.values is not None]
    values = np.concatenate(known)[order] if known else _count_by_person(person)
    if kind == "cents":
        return pa.array(values / 100)
    if kind == "person_ids":
        return ids.take(pa.array(values))
    if kind == "numbered_ids":
        letter = pa.scalar(f"-{encoded[0].labels[0]}")
        return pc.binary_join_element_wise(ids.take(pa.array(person)), letter, pc.cast(pa.array(values), pa.string()), "")
    return _decode_days(values, opening)


def _decode_labels(parts: list[EncodedColumn], order: np.ndarray) -> pa.Array:
    """Translate codes into one vocabulary: there are many parts and few lists of labels, some of them long."""
    lists = {id(part.labels): part.labels for part in parts}
    codes = {label: code for code, label in enumerate(dict.fromkeys(chain.from_iterable(lists.values())))}
    common = {key: np.array([codes[label] for label in names] + [-1]) for key, names in lists.items()}  # -1 stays -1
    values = np.concatenate([common[id(part.labels)][part.values] for part in parts])[order]
    return pa.array(list(codes), pa.string()).take(pa.array(values, mask=values < 0))


def _count_by_person(person: np.ndarray) -> np.ndarray:
    """Count each person's rows from 1; the rows of a person stand together."""
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    return np.arange(person.size) - np.repeat(starts, np.diff(starts, append=person.size)) + 1


def _decode_days(moments: np.ndarray, opening: dt.date) -> pa.Array:
    empty = np.isnan(moments)
    start = np.datetime64(opening, "us").astype(np.int64)
    microseconds = start + np.floor(np.where(empty, 0, moments)).astype(np.int64) * _MICROSECONDS_PER_DAY
    return pa.array(microseconds, mask=empty).cast(pa.timestamp("us"))
