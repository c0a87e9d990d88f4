"""The engine: opens a table wherever it lies, checks it, and runs expressions on it.

A DataFrame, a Parquet or CSV path (or a glob of them) and an Ibis table all become one Ibis table;
DuckDB runs it in this process unless the Ibis table brings its own engine (Spark, PostgreSQL, ...).
What to compute is an expression and lives in its topic; this room knows none of them.
"""

from __future__ import annotations

import datetime as dt
import glob
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from crmlab import _check
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import table as declared

if TYPE_CHECKING:
    import ibis
    from ibis.backends import BaseBackend

    from crmlab.tables import Table

#: Above this many rows keys are compared inside the engine, which is slower but needs no memory here.
_KEYS_IN_MEMORY = 100_000_000


@dataclass(frozen=True, slots=True)
class Orders:
    """An open orders table, checked, up to the cut.

    Attributes
    ----------
    table : ibis.Table
        ``customer_id``, ``order_date`` (date) and, if asked for, ``amount`` (float), none after ``until``.
    until : date
        The cut: the last day that counts.
    run : callable
        Executes an expression on the table: ``run(expression) -> DataFrame``.
    """

    table: ibis.Table
    until: dt.date
    run: Callable[[ibis.Expr], pd.DataFrame]


@contextmanager
def orders(data: object, until: object = None, *, amount: bool = True) -> Iterator[Orders]:
    """Open and check orders, and cut them at ``until`` (default: the day of the last order)."""
    wanted = ("customer_id", "order_date", "amount") if amount else ("customer_id", "order_date")
    until = None if until is None else _check.day("until", until)
    with opened(data, "orders", wanted) as (held, found, run):
        first, last = (pd.Timestamp(found[f"order_date_{end}"]).date() for end in ("min", "max"))
        until = last if until is None else until
        if until < first:
            raise DataError(f"no order lies on or before `until`, {until}: the first is of {first}. Choose a later `until`.")
        amounts = {"amount": held.amount.cast("float64")} if amount else {}
        held = held.select("customer_id", order_date=held.order_date.cast("date"), **amounts)
        yield Orders(held.filter(held.order_date <= until) if until < last else held, until, run)


@contextmanager
def opened(data: object, name: str, wanted: Collection[str]) -> Iterator[tuple[ibis.Table, pd.Series, Callable]]:
    """Open ``data`` as table ``name`` and refuse what breaks its declaration.

    Yields the Ibis table, what was counted on the way (see ``_check.declaration``), and the function that
    runs an expression on it.
    """
    import ibis

    table = declared(name)
    if isinstance(data, ibis.Table):
        held, connection, own = data, _backend(data), False
    else:
        connection, own = _duckdb(), True
        held = None
    run = _runner(connection)
    try:
        if held is None:
            held = _held(data, table, wanted, connection)
        _check.required_columns(held.columns, table, wanted)
        keyed = bool(table.key) and all(column in held.columns for column in table.key)
        found = _check.declaration(held, table, dict.fromkeys([*wanted, *(table.key if keyed else ())]), run)
        if keyed:
            _refuse_duplicates(held, table, int(found["rows"]), connection)
        yield held, found, run
    finally:
        if own:
            connection.disconnect()


def check(frame: object, name: str) -> None:
    """Refuse a table that breaks the declaration ``name``."""
    present = getattr(frame, "columns", ())
    wanted = [column.name for column in declared(name).columns if not column.optional or column.name in present]
    with opened(frame, name, wanted):
        pass


def _held(data: object, table: Table, wanted: Collection[str], connection: BaseBackend) -> ibis.Table:
    """A DataFrame or a path as an Ibis table."""
    import ibis

    if isinstance(data, pd.DataFrame):
        if not data.columns.is_unique:
            twice = list(data.columns[data.columns.duplicated()])
            raise DataError(f"the {table.name} table has two columns of one name: {twice[0]!r}. Rename or drop one.")
        _check.required_columns(data.columns, table, wanted)
        kept = data[[column.name for column in table.columns if column.name in data.columns]]
        try:
            return ibis.memtable(pa.Table.from_pandas(kept, preserve_index=False))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"a column of the {table.name} table mixes kinds of values: {'. '.join(map(str, error.args))} "
                "Make each column all of one kind, or read the file with `datasets.read`."
            ) from None
    if isinstance(data, str | PathLike):
        path = fspath(data)
        if not glob.glob(path):
            raise DataError(
                f"no file {path!r}. Check the folder and the spelling; a pattern such as 'orders/*.parquet' is allowed."
            )
        text = path.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt"))
        read = connection.read_csv if text else connection.read_parquet
        try:
            return read(path)
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise DataError(
                f"{path!r} could not be opened as a plain CSV or Parquet table: {_first_line(error)} "
                "`datasets.read` takes files in other forms and says which rows are at fault."
            ) from None
    raise ArgumentError(
        f"`{table.name}` must be a DataFrame, the path of a Parquet or CSV file, or an Ibis table; "
        f"it is {type(data).__name__} ({str(data)[:60]!r})."
    )


def _duckdb() -> BaseBackend:
    """A DuckDB of its own for one call, which fetches nothing and tells how far it is."""
    import ibis

    connection = ibis.duckdb.connect(autoinstall_known_extensions=False)
    connection.raw_sql("set enable_progress_bar = true; set enable_progress_bar_print = false")
    return connection


def _backend(data: ibis.Table) -> BaseBackend:
    import ibis

    try:
        return data.get_backend()
    except ibis.common.exceptions.IbisError:  # a memtable belongs to nobody
        return ibis.get_backend()


def _refuse_duplicates(held: ibis.Table, table: Table, rows: int, connection: BaseBackend) -> None:
    """Refuse two rows of one key.

    Equal keys have equal hashes, so hashes that all differ settle it; comparing 64-bit integers in
    memory is several times faster than grouping the keys in the engine.
    """
    key = list(table.key)
    if len(key) == 1 and rows <= _KEYS_IN_MEMORY:
        column = held[key[0]]
        marks = held.select(mark=column if column.type().is_integer() else column.hash())
        blocks = [block.to_numpy() for block in connection.to_pyarrow(marks)["mark"].chunks]
        ends = np.array([block[[0, -1]] for block in blocks if block.size])
        if (ends[1:, 0] > ends[:-1, 1]).all() and all((block[1:] > block[:-1]).all() for block in blocks):
            return  # numbered in order, as most files are
        sorted_marks = np.sort(np.concatenate(blocks))
        if (sorted_marks[1:] != sorted_marks[:-1]).all():
            return
    shared = held.group_by(key).aggregate(rows_with_it=held.count()).filter(lambda t: t.rows_with_it > 1)
    twice = _runner(connection)(shared.order_by(key).limit(3))
    if len(twice):
        rows_told = twice[key].itertuples(index=False)
        told = "; ".join(", ".join(f"{name}={value!r}" for name, value in zip(key, row, strict=True)) for row in rows_told)
        raise DataError(
            f"rows of the {table.name} table share a key that must be unique: {told}. Keep one row of each, e.g. "
            f"`.drop_duplicates({key})`; if the table has one row per item, add the items up first."
        )


def _runner(connection: BaseBackend) -> Callable[[ibis.Expr], pd.DataFrame]:
    def run(expression: ibis.Expr) -> pd.DataFrame:
        with _progress(connection):
            return connection.to_pyarrow(expression).to_pandas(date_as_object=False)

    return run


@contextmanager
def _progress(connection: BaseBackend) -> Iterator[None]:
    """A progress bar for work that takes longer than two seconds (DuckDB tells how far it is)."""
    raw = getattr(connection, "con", None)
    if not hasattr(raw, "query_progress"):
        yield
        return
    done = threading.Event()

    def watch() -> None:
        from tqdm.auto import tqdm

        if done.wait(2):
            return
        with tqdm(total=100, desc="computing", unit="%", leave=False) as bar:
            while not done.wait(0.2):
                bar.n = max(bar.n, round(raw.query_progress(), 1))  # it is -1 before the engine knows
                bar.refresh()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__).rstrip(".") + "."
