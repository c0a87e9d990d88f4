"""The engine: the same answer from a frame, a file and an Ibis table, and the same refusals from every function of orders."""

import gc
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from lab_kit import posix

from crmlab import _engine, btyd, datasets, loyalty, retention, segmentation
from crmlab.errors import ArgumentError, ColumnError, CrmlabError, DataError

FUNCTIONS = {
    "purchase_summary": btyd.purchase_summary,
    "rfm_scores": segmentation.rfm_scores,
    "cohort_table": retention.cohort_table,
    "concentration": lambda *a, **k: loyalty.concentration(*a, **k).table,
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)

ORDERS = pd.DataFrame(
    {
        "order_id": [1, 2, 3],
        "customer_id": ["a", "a", "b"],
        "order_date": pd.to_datetime(["2024-01-01", "2024-02-08", "2024-02-09"]),
        "amount": [1.0, 2.0, 3.0],
    }
)
FUTURE = pd.to_datetime(["2024-01-01", "2024-01-01", "2999-01-01"])


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Orders of 300 customers as a frame, and the same orders in each other form."""
    orders = datasets.load("orders")
    orders = orders[orders.customer_id.isin(orders.customer_id.unique()[::7])]
    folder = tmp_path_factory.mktemp("orders of 客户")  # a path with a space and Chinese letters
    orders.iloc[:90].to_parquet(folder / "one.parquet")
    orders.iloc[90:].to_parquet(folder / "two.parquet")
    orders.to_csv(folder / "all.csv", index=False)
    connection = ibis.duckdb.connect()
    paths = [str(folder / "*.parquet"), folder / "all.csv", connection.read_csv(str(folder / "all.csv"))]
    yield orders, [*paths, ibis.memtable(orders), orders.iloc[::-1], orders.astype({"customer_id": "category"})]
    connection.disconnect()


@every_function
def test_frame_file_and_ibis_table_agree(function, sources):
    orders, others = sources
    expected = function(orders, until="2024-06-30")
    for source in others:
        pd.testing.assert_frame_equal(function(source, until="2024-06-30"), expected, check_dtype=False, rtol=1e-12)


@every_function
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer_id": ["a", None, "b"]}, "`customer_id` is empty in 1 of 3 rows"),
        ({"customer_id": [1.5, 2.5, 3.5]}, "`customer_id` of the orders table must hold text or whole numbers"),
        ({"order_date": ["2024-01-01"] * 3}, "`order_date` of the orders table must hold dates"),
        ({"order_date": FUTURE}, "`order_date` lies in the future"),
        ({"order_date": [pd.NaT] * 3}, "`order_date` is empty in 3 of 3 rows"),
        ({"order_id": [1, 2, 2]}, "order_id=2"),
        ({"amount": [1.0, -2.0, 3.0]}, "`amount` is negative in 1 of 3 rows"),
        ({"amount": [1.0, np.nan, 3.0]}, "`amount` is empty in 1 of 3 rows"),
    ],
    ids=["no customer", "odd customer", "text for a date", "future", "no date", "twice", "negative", "no amount"],
)
def test_every_function_refuses_bad_rows(function, change, words):
    if function is retention.cohort_table and "amount" in change:
        assert len(function(ORDERS.assign(**change))) == 3  # it reads no amounts, so it does not judge them
        return
    with pytest.raises(DataError) as refusal:
        function(ORDERS.assign(**change))
    assert words in str(refusal.value)


@every_function
@pytest.mark.parametrize(
    ("orders", "until", "kind"),
    [
        (ORDERS.drop(columns="customer_id"), None, ColumnError),
        (ORDERS.iloc[:0], None, DataError),
        (ORDERS, "2999-01-01", ArgumentError),
        (ORDERS, "2001-01-01", DataError),
        (ORDERS, 5, ArgumentError),
        (None, None, ArgumentError),
        ([1, 2], None, ArgumentError),
        ("none.parquet", None, DataError),
    ],
)
def test_every_function_refuses_bad_calls(function, orders, until, kind):
    with pytest.raises(kind):
        function(orders, until=until)


def test_keys_that_do_not_ascend_are_compared():
    shuffled = ORDERS.iloc[[2, 0, 1]]
    assert len(btyd.purchase_summary(shuffled)) == 2
    assert len(btyd.purchase_summary(shuffled.assign(order_id=["z", "x", "y"]))) == 2
    with pytest.raises(DataError, match="order_id='x'"):
        btyd.purchase_summary(shuffled.assign(order_id=["x", "y", "x"]))


def test_nothing_is_changed_in_the_users_table():
    before = ORDERS.copy(deep=True)
    for function in FUNCTIONS.values():
        function(ORDERS)
    pd.testing.assert_frame_equal(ORDERS, before)


def test_a_remote_address_is_not_opened():
    for address in ("https://192.0.2.1/orders.parquet", "s3://bucket/orders.parquet"):
        with pytest.raises(CrmlabError, match="no file"):
            btyd.purchase_summary(address)


def test_calls_share_one_database_and_leave_nothing_in_it(monkeypatch, sources):
    """Its folder for what memory cannot hold stays where it is when the process goes to another one."""
    _engine._database.cache_clear()
    databases, connect = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: databases.append(connect(*a, **k)) or databases[-1])
    orders, (parquet, csv, *_) = sources
    before = pa.total_allocated_bytes()
    for source in (orders, parquet, csv):
        btyd.purchase_summary(source)
    gc.collect()
    assert len(databases) == 1
    assert pa.total_allocated_bytes() <= before
    assert Path(databases[0].sql("select current_setting('temp_directory')").fetchall()[0][0]).is_absolute()


def test_calls_in_threads_know_nothing_of_each_other():
    def summarise(name):
        results[name] = btyd.purchase_summary(ORDERS.assign(customer_id=[name] * 3)).customer_id.tolist()

    results = {}
    threads = [threading.Thread(target=summarise, args=(f"c{k}",)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {f"c{k}": [f"c{k}"] for k in range(6)}


FORK = """
import os, sys
from crmlab import _engine

_engine._duckdb().disconnect()
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
_engine._duckdb().disconnect()
sys.exit(7)
"""


@posix
def test_a_forked_process_has_a_database_of_its_own():
    """With that of its parent it would crash when it ends."""
    assert subprocess.run([sys.executable, "-c", FORK], check=False).returncode == 7


def test_long_work_shows_a_bar(capsys):
    """After two seconds a bar appears, and it goes away. The clock is one of ours."""
    waits = []

    def wait(seconds):
        waits.append(seconds)
        return len(waits) == 4

    _engine._watch(iter([-1.0, 42.0]).__next__, wait)
    assert waits == [2, 0.2, 0.2, 0.2]
    assert "computing:  42%" in capsys.readouterr().err


def test_quick_work_shows_none(capsys):
    _engine._watch(lambda: pytest.fail("asked"), lambda seconds: True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("failing", [False, True])
def test_the_watcher_of_a_query_ends_with_it(failing):
    class Connection:
        class con:
            query_progress = staticmethod(lambda: 42.0)

    before = threading.active_count()
    with suppress(ZeroDivisionError), _engine._progress(Connection()):
        assert threading.active_count() == before + 1
        if failing:
            1 / 0  # noqa: B018
    assert threading.active_count() == before
    with _engine._progress(object()):  # an engine that does not tell how far it is
        assert threading.active_count() == before
