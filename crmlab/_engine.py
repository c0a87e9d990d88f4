"""The engine: opens a table wherever it lies, checks it, and runs expressions on it.

A DataFrame, a Parquet or CSV path (or a glob of them) and an Ibis table all become one Ibis table;
DuckDB runs it in this process unless the Ibis table brings its own engine (Spark, PostgreSQL, ...).
What to compute is an expression and lives in its topic; this room knows none of them.
"""

from __future__ import annotations

import datetime as dt
import glob
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from os import PathLike, fspath
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from crmlab import _check
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import table as _declared

if TYPE_CHECKING:
    import ibis
    from ibis.backends import BaseBackend

    from crmlab.tables import Table

#: Above this many rows keys are compared inside the engine, which is slower but needs no memory here.
_MAX_ROWS_IN_MEMORY = 100_000_000


@dataclass(frozen=True, slots=True)
class OrdersSource:
    """Orders, open and checked, up to the end of the calibration period.

    Attributes
    ----------
    table : ibis.Table
        ``customer_id``, ``order_date`` (date) and, if asked for, ``amount`` (float), none after ``until``.
    until : date
        The last day that counts.
    run : callable
        Executes an expression on the table: ``run(expression) -> DataFrame``.
    """

    table: ibis.Table
    until: dt.date
    run: Callable[[ibis.Expr], pd.DataFrame]


@contextmanager
def orders(data: object, until: object = None, *, amount: bool = True) -> Iterator[OrdersSource]:
    """Open and check orders, and cut them at ``until`` (default: the day of the last order)."""
    wanted = ("customer_id", "order_date", "amount") if amount else ("customer_id", "order_date")
    end = None if until is None else _check.day("until", until)
    with open_table(data, "orders", wanted) as (table, checked, run):
        first, last = (pd.Timestamp(checked[f"order_date_{extreme}"]).date() for extreme in ("min", "max"))
        end = last if end is None else end
        if end < first:
            raise DataError(f"no order lies on or before `until`, {end}: the first is of {first}. Choose a later `until`.")
        amounts = {"amount": table.amount.cast("float64")} if amount else {}
        table = table.select("customer_id", order_date=table.order_date.cast("date"), **amounts)
        yield OrdersSource(table.filter(table.order_date <= end) if end < last else table, end, run)


@contextmanager
def open_table(data: object, name: str, wanted: Collection[str]) -> Iterator[tuple[ibis.Table, pd.Series, Callable]]:
    """Open ``data`` as table ``name`` and refuse what breaks its declaration.

    Yields the Ibis table, what was counted on the way (see ``_check.declaration``), and the function that
    runs an expression on it.
    """
    with _open(data, _declared(name), wanted) as opened:
        yield opened


@contextmanager
def _open(
    data: object, declared: Table, wanted: Collection[str], *remedy: str
) -> Iterator[tuple[ibis.Table, pd.Series, Callable]]:
    """Open a table as ``open_table`` does, by its declaration; ``remedy``, if given, ends the refusal of rows."""
    import ibis

    has_engine = isinstance(data, ibis.Table)
    connection = _backend(data) if has_engine else _duckdb()
    run = _runner(connection)
    try:
        table = data if isinstance(data, ibis.Table) else _as_ibis(data, declared, wanted, connection)
        _check.required_columns(table.columns, declared, wanted)
        key = declared.key_among(table.columns)
        key = key if all(column in table.columns for column in key) else ()
        checked = _check.declaration(table, declared, dict.fromkeys([*wanted, *key]), run, *remedy)
        if key:
            _refuse_duplicates(table, declared, list(key), int(checked["rows"]), connection)
        yield table, checked, run
    finally:
        if not has_engine:
            connection.disconnect()


def check(frame: object, name: str) -> None:
    """Refuse a table that breaks the declaration ``name``."""
    declared = _declared(name)
    with open_table(frame, name, _present(declared, getattr(frame, "columns", ()))):
        pass


def made_table(argument: str, value: object, name: str, maker: str) -> pd.DataFrame:
    """Check a table that a function of the kit has made, and call it as the caller did.

    Parameters
    ----------
    argument : str
        What the caller calls it, such as "scores".
    value : object
        What was given.
    name : str
        Its declaration, such as "rfm_scores".
    maker : str
        The function that returns such tables, such as "segmentation.rfm_scores".
    """
    remedy = f"Give what `{maker}` returns."
    frame = _check.frame(argument, value, remedy)
    declared = replace(_declared(name), name=argument)
    _check.required_columns(frame.columns, argument, declared.required, remedy)
    with _open(frame, declared, _present(declared, frame.columns), remedy):
        return frame


def _present(declared: Table, columns: Collection[str]) -> list[str]:
    """Name the declared columns that a table must have or has."""
    return [column.name for column in declared.columns if not column.optional or column.name in columns]


def _as_ibis(data: object, declared: Table, wanted: Collection[str], connection: BaseBackend) -> ibis.Table:
    """Turn a DataFrame or a path into an Ibis table."""
    if isinstance(data, pd.DataFrame):
        return _from_frame(data, declared, wanted)
    if isinstance(data, str | PathLike):
        return _from_path(fspath(data), connection)
    raise ArgumentError(
        f"`{declared.name}` must be a DataFrame, the path of a Parquet or CSV file, or an Ibis table; "
        f"it is {type(data).__name__} ({str(data)[:60]!r})."
    )


def _from_frame(data: pd.DataFrame, declared: Table, wanted: Collection[str]) -> ibis.Table:
    """Turn the declared columns of a DataFrame into an Ibis table."""
    import ibis

    _check.frame(declared.name, data)
    _check.required_columns(data.columns, declared, wanted)
    columns = data[[column.name for column in declared.columns if column.name in data.columns]]
    try:
        return ibis.memtable(pa.Table.from_pandas(columns, preserve_index=False))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"a column of the {declared.name} table mixes kinds of values: {'. '.join(map(str, error.args))} "
            "Make each column all of one kind, or read the file with `datasets.read`."
        ) from None


def _from_path(path: str, connection: BaseBackend) -> ibis.Table:
    """Turn a Parquet or CSV file, or a pattern of them, into an Ibis table."""
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


def _duckdb() -> BaseBackend:
    """Open a connection for one call: what it reads is nobody else's, and goes with it. It tells how far it is."""
    import ibis

    connection = ibis.duckdb.from_connection(_database().cursor())
    connection.raw_sql("set enable_progress_bar = true; set enable_progress_bar_print = false")
    return connection


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Open the one DuckDB of this process, empty and in memory: opening takes many times as long as connecting to it."""
    spill = os.path.abspath(".tmp")  # stays where it is after a chdir
    return duckdb.connect(config={"autoinstall_known_extensions": False, "temp_directory": spill})


if hasattr(os, "register_at_fork"):  # with a database whose threads it lacks, a forked process would crash at its end
    os.register_at_fork(before=_database.cache_clear)


def _backend(data: ibis.Table) -> BaseBackend:
    import ibis

    try:
        return data.get_backend()
    except ibis.common.exceptions.IbisError:  # a memtable belongs to nobody
        return ibis.get_backend()


def _refuse_duplicates(table: ibis.Table, declared: Table, key: list[str], rows: int, connection: BaseBackend) -> None:
    """Refuse two rows of one key."""
    if len(key) == 1 and rows <= _MAX_ROWS_IN_MEMORY and _is_unique(table[key[0]], connection):
        return
    duplicated = table.group_by(key).aggregate(row_count=table.count()).filter(lambda groups: groups.row_count > 1)
    examples = _runner(connection)(duplicated.order_by(key).limit(3))
    if len(examples):
        pairs = [zip(key, row, strict=True) for row in examples[key].itertuples(index=False)]
        shown = "; ".join(", ".join(f"{name}={value!r}" for name, value in pair) for pair in pairs)
        raise DataError(
            f"rows of the {declared.name} table share a key that must be unique: {shown}. Keep one row of each, e.g. "
            f"`.drop_duplicates({key})`; if the table has one row per item, add the items up first."
        )


def _is_unique(column: ibis.Column, connection: BaseBackend) -> bool:
    """Tell whether a column surely holds no value twice.

    Equal keys have equal hashes, so hashes that all differ settle it; comparing 64-bit integers in
    memory is several times faster than grouping the keys in the engine.
    """
    hashes = column.as_table().select(key=column if column.type().is_integer() else column.hash())
    blocks = [block.to_numpy() for block in connection.to_pyarrow(hashes)["key"].chunks]
    edges = np.array([block[[0, -1]] for block in blocks if block.size])
    if (edges[1:, 0] > edges[:-1, 1]).all() and all((block[1:] > block[:-1]).all() for block in blocks):
        return True  # numbered in order, as most files are
    values = np.sort(np.concatenate(blocks))
    return bool((values[1:] != values[:-1]).all())


def _runner(connection: BaseBackend) -> Callable[[ibis.Expr], pd.DataFrame]:
    def run(expression: ibis.Expr) -> pd.DataFrame:
        with _progress(connection):
            return connection.to_pyarrow(expression).to_pandas(date_as_object=False)

    return run


@contextmanager
def _progress(connection: BaseBackend) -> Iterator[None]:
    """Show a progress bar for work that takes longer than two seconds (DuckDB tells how far it is)."""
    percent = getattr(getattr(connection, "con", None), "query_progress", None)
    if percent is None:
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(percent, done.wait), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(percent: Callable[[], float], wait: Callable[[float], bool]) -> None:
    """Show how far a query is; ``wait(seconds)`` is true once it has ended."""
    from tqdm.auto import tqdm

    if wait(2):
        return
    with tqdm(total=100, desc="computing", unit="%", leave=False) as bar:
        while not wait(0.2):
            bar.n = max(bar.n, round(percent(), 1))  # it is -1 before the engine knows
            bar.refresh()


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__).rstrip(".") + "."
