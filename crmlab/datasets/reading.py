"""Reading: a user's own file as a clean table, and the rows that had to be set aside.

A row is set aside if a cell that must be there is missing, unreadable or outside its range, if it has too few or too many
cells, or if it repeats a key. Each keeps its line and the reason. How a file is opened stands in ``_files``, how a cell is
understood in ``_parse``, what a column may hold in ``tables``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from crmlab import _check, _files, _parse, tables
from crmlab._result import Result, Summary
from crmlab.datasets.headings import match_columns
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import Column, Table

_FAULT = {"line": "int64", "column": "str", "value": "str", "reason": "str"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reading(Result):
    """A file that was read: ``rows, set_aside = datasets.read(...)``.

    Attributes
    ----------
    rows : DataFrame
        The clean rows, indexed by their line in the file. Columns that the table does not declare
        follow the declared ones, as text.
    set_aside : DataFrame
        ``line, column, value, reason`` for each fault; a row with two faults appears twice.
    read : int
        Rows in the file, the header and ``blank`` lines not counted; ``len(rows)`` of them are clean.
    blank : int
        Blank lines passed over.
    form : str
        How the file was understood, in words: encoding, delimiter, sheet.
    """

    rows: pd.DataFrame
    set_aside: pd.DataFrame
    read: int
    blank: int
    form: str

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return iter((self.rows, self.set_aside))

    @property
    def reasons(self) -> pd.DataFrame:
        """Count the faults of each kind: ``column, reason, faults, first_line``."""
        lines = self.set_aside.groupby(["column", "reason"], dropna=False)["line"]
        counts = lines.agg(faults="size", first_line="min").reset_index()
        order = ["faults", "first_line", "column", "reason"]
        return counts.sort_values(order, ascending=[False, True, True, True], kind="stable", ignore_index=True)

    def summary(self) -> Summary:
        """Say what was read and what was set aside, and why."""
        n_excluded = self.read - len(self.rows)
        facts: list[tuple[str, object]] = [("Form", self.form), ("Rows read", self.read), ("Clean rows", len(self.rows))]
        facts.append(("Rows set aside", n_excluded))
        if self.blank:
            facts.append(("Blank lines", self.blank))
        return Summary("Reading", facts=tuple(facts), table=self.reasons)


def read(
    path: str | PathLike[str] | pd.DataFrame,
    *,
    table: str = "orders",
    rename: Mapping[str, str] | None = None,
    day_first: bool | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Reading:
    """Read your own file as a clean table, indexed by line, and list the rows that had to be set aside.

    Takes CSV (comma, semicolon, tab or bar; also ``.gz``), Excel (``.xlsx``) and Parquet. Dates may be
    written 2024-03-12, 20240312, 12 Mar 2024, 2024年3月12日 or, with ``day_first`` said, 12/03/2024;
    numbers 1234.56, 1,234.56, 1.234,56, 1 234,56, € 12, (12.50). Text is UTF-8 (with or without a
    byte order mark), UTF-16 with one, GB18030 or Latin-1; if the guess is wrong, say ``encoding``.

    Parameters
    ----------
    path : str or path, or a DataFrame
        The file; a DataFrame is cleaned in the same way, and its first row is line 1, whatever its index.
    table : str
        Which table it is (see ``tables.names()``).
    rename : dict, optional
        The file's name -> the kit's name, e.g. ``{"CustomerID": "customer_id"}``.
    day_first : bool, optional
        Needed for dates such as 12/03/2024.
    decimal : {".", ","}, optional
        Needed only where nothing in a column tells 1,234 from 1.234.
    encoding : str, optional
        A name that Python knows, such as "gb18030" or "latin-1".
    sheet : str or int
        Name or number (from 0) of the Excel sheet.

    Returns
    -------
    Reading
        ``rows, set_aside = datasets.read(...)``; ``.summary()`` counts. A row is set aside if a
        required cell is missing, unreadable or outside its range, if it has too few or too many
        cells, or if it repeats a key such as ``order_id`` (the first of them stays).

    Raises
    ------
    DataError
        The file cannot be opened, lacks a column (the message shows the ``rename`` to write), can be
        read in two ways (it shows the argument to give), or has no usable row.
    ArgumentError
        An argument has the wrong type or value.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import datasets
    >>> orders = pd.DataFrame({"Client": ["ann", "bob"], "Day": ["12/03/2024", "31/02/2024"], "Total": ["1.234,56", "8,00"]})
    >>> rename = {"Client": "customer_id", "Day": "order_date", "Total": "amount"}
    >>> rows, set_aside = datasets.read(orders, rename=rename, day_first=True)
    >>> rows
         customer_id order_date   amount
    line
    1            ann 2024-03-12  1234.56
    >>> set_aside
       line column       value                                   reason
    0     2    Day  31/02/2024  is not a date, or no day of the calendar
    """
    declared = tables.table(table)
    if day_first is not None:
        _check.flag("day_first", day_first)
    if decimal is not None:
        _check.choice("decimal", decimal, (".", ","))
    is_map = isinstance(rename, Mapping) and all(isinstance(name, str) for pair in rename.items() for name in pair)
    if rename is not None and not is_map:
        raise ArgumentError(f'`rename` must map names to names, e.g. {{"CustomerID": "customer_id"}}; it is {rename!r}.')
    cells = _files.read_cells(path, encoding, sheet)
    reading = _clean(cells, declared, match_columns(cells.table.columns, declared, rename or {}), day_first, decimal)
    if reading.rows.empty:
        raise _no_usable_row(reading)
    return reading


def _clean(
    cells: _files.Cells, declared: Table, in_file: Mapping[str, str], day_first: bool | None, decimal: str | None
) -> Reading:
    """Read each column, and set aside the rows in which one could not be read or a key is repeated."""
    values: dict[str, pd.Series] = {}
    faults = []
    columns = [column for column in declared.columns if column.name in in_file]
    for column in tqdm(columns, desc="checking columns", delay=2, leave=False):
        written = cells.table[in_file[column.name]]
        try:
            values[column.name], reasons = _read_column(written, column, day_first, decimal)
        except _parse.Unclear as error:
            raise DataError(f"column {in_file[column.name]!r}: {error}") from None
        reasons = reasons[reasons != ""]
        faults.append(_faults(in_file[column.name], written.loc[reasons.index].map(_parse.text), reasons))
    others = cells.table.columns.difference(list(in_file.values()), sort=False)
    rows = pd.DataFrame(values | {name: _parse.texts(cells.table[name])[0] for name in others}, index=cells.table.index)
    clean = rows[~rows.index.isin(np.concatenate([fault["line"] for fault in faults]))]
    key = declared.key_among(in_file)
    if key and all(name in in_file for name in key):
        repeated = clean[clean.duplicated(list(key))][key[0]]
        reason = pd.Series("stands in an earlier row already", index=repeated.index)
        faults.append(_faults(in_file[key[0]], repeated.astype(str), reason))
        clean = clean.drop(repeated.index)
    misfits = pd.DataFrame(cells.misfits, columns=["line", "value", "reason"]).assign(column=pd.NA)
    set_aside = pd.concat([misfits, *faults])[list(_FAULT)].astype(_FAULT)
    set_aside = set_aside.sort_values("line", kind="stable", ignore_index=True)
    return Reading(clean, set_aside, len(rows) + len(cells.misfits), cells.blank, cells.form)


def _faults(column: str, written: pd.Series, reasons: pd.Series) -> pd.DataFrame:
    """List the faults of a column: one row for each line of ``reasons``."""
    fault = {"line": reasons.index, "column": column, "value": written.to_numpy(), "reason": reasons.to_numpy()}
    return pd.DataFrame(fault)


def _no_usable_row(reading: Reading) -> DataError:
    """Say why no row is left: the fault that is most frequent, with an example."""
    if not reading.read:
        return DataError("the file has no rows below its header. It needs at least one.")
    most_frequent = reading.reasons.iloc[0]
    faults = reading.set_aside
    same = (faults.line == most_frequent.first_line) & (faults.reason == most_frequent.reason)
    example = faults[same].iloc[0]
    subject = "a row " if pd.isna(most_frequent.column) else f"{example.column!r} "
    return DataError(
        f"none of the {reading.read:,} rows can be used. Most often, {subject}{most_frequent.reason} (first in line "
        f"{most_frequent.first_line}: {example.value!r})."
    )


def _read_column(cells: pd.Series, column: Column, day_first: bool | None, decimal: str | None) -> tuple[pd.Series, pd.Series]:
    """Return a column's values, and for each row the reason why it cannot be used ("" if it can)."""
    if column.dtype == "id":
        return _parse.ids(cells)
    if column.dtype == "date":
        return _parse.dates(cells, day_first)
    if column.dtype in ("number", "integer"):
        return _read_numbers(cells, column, decimal)
    values, reasons = _parse.texts(cells)
    return values, reasons if column.nullable else reasons.mask(values.isna(), "is empty")


def _read_numbers(cells: pd.Series, column: Column, decimal: str | None) -> tuple[pd.Series, pd.Series]:
    """Return a column of numbers, and the reasons: also a number that is not whole, or lies outside its range."""
    values, reasons = _parse.numbers(cells, decimal)
    broken: dict[str, pd.Series] = {}
    if column.dtype == "integer":
        broken["is not a whole number"] = values % 1 != 0
    if column.minimum is not None:
        broken["is negative" if column.minimum == 0 else f"is below {column.minimum:g}"] = values < column.minimum
    if column.maximum is not None:
        broken[f"is above {column.maximum:g}"] = values > column.maximum
    for reason, mask in broken.items():
        reasons = reasons.mask(mask & (reasons == ""), reason)
    return values, reasons.mask(reasons == "is empty", "") if column.nullable else reasons
