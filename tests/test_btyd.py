"""Customers without contract: the purchase summary against CDNOW, against a plain count, and refusals."""

import numpy as np
import pandas as pd
import pytest
from btyd_samples import PUBLISHED, cdnow
from hypothesis import given
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, btyd
from crmlab.errors import ArgumentError, ColumnError, CrmlabError, DataError


def by_hand(orders: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """The slow, obvious way: one customer after the other."""
    rows = []
    for customer, bought in orders[orders.order_date <= until].groupby("customer_id"):
        spend = bought.groupby("order_date")["amount"].sum().sort_index()
        first, last = spend.index[0], spend.index[-1]
        repeats = len(spend) - 1
        mean = spend.iloc[1:].mean() if repeats else np.nan
        rows.append((customer, repeats, (last - first).days / 7, (until - first).days / 7, mean))
    return pd.DataFrame(rows, columns=["customer_id", "frequency", "recency_weeks", "age_weeks", "monetary_value"])


def test_cdnow_summary_equals_the_published_one():
    published = pd.read_csv(PUBLISHED / "cdnow_summary.csv")
    summary = cdnow()
    assert len(summary) == 2357
    assert (summary.frequency == 0).sum() == 1411
    assert summary.customer_id.tolist() == published.ID.tolist()
    assert summary.frequency.tolist() == published.frequency.tolist()
    np.testing.assert_allclose(summary.recency_weeks, published.recency, atol=0.00501, rtol=0)
    np.testing.assert_allclose(summary.age_weeks, published["T"], atol=0.00501, rtol=0)


def test_cdnow_repeat_spend_equals_the_published_mean():
    """946 repeaters who spend 35.08 on average: Fader & Hardie (2013), section 4."""
    repeaters = cdnow().dropna()
    assert len(repeaters) == 946
    assert round(repeaters.monetary_value.mean(), 2) == 35.08


@given(
    frames("orders"), st.dates(pd.Timestamp("2024-01-10").date(), pd.Timestamp("2024-03-20").date()), st.integers(0, 2**32 - 1)
)
def test_equals_a_plain_count_in_any_order_of_rows(orders, until, seed):
    until = max(pd.Timestamp(until), orders.order_date.min())
    summary = btyd.purchase_summary(orders.sample(frac=1, random_state=seed), until=until)
    pd.testing.assert_frame_equal(summary, by_hand(orders, until), check_dtype=False, rtol=1e-12, atol=1e-9)


def test_result_keeps_its_declaration():
    _engine.check(cdnow(), "purchase_summary")


ORDERS = pd.DataFrame(
    {
        "order_id": [1, 2, 3],
        "customer_id": ["a", "a", "b"],
        "order_date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-09"]),
        "amount": [1.0, 2.0, 3.0],
    }
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": [1.0, -2.0, 3.0]}, "`amount` is negative in 1 of 3 rows"),
        ({"amount": [1.0, None, 3.0]}, "`amount` is empty in 1 of 3 rows"),
        ({"amount": [1.0, np.inf, 3.0]}, "`amount` is infinite"),
        ({"amount": ["1", "2", "3"]}, "column `amount` of the orders table must hold numbers"),
        ({"amount": [True, False, True]}, "must hold numbers"),
        ({"customer_id": ["a", None, "b"]}, "`customer_id` is empty"),
        ({"customer_id": [1.5, 2.5, 3.5]}, "must hold text or whole numbers"),
        ({"customer_id": ["a", 1, "b"]}, "mixes kinds of values"),
        ({"order_date": ["2024-01-01"] * 3}, "must hold dates"),
        ({"order_date": pd.to_datetime(["2024-01-01", None, "2024-01-01"])}, "`order_date` is empty"),
        ({"order_date": pd.to_datetime(["2024-01-01", "2024-01-01", "2999-01-01"])}, "lies in the future"),
        ({"order_date": pd.to_datetime(["2024-01-01"] * 3).tz_localize("UTC")}, "must hold dates"),
        ({"order_id": [1, 2, 2]}, "share a key that must be unique: order_id=2"),
        ({"order_id": ["x", "y", "x"]}, "order_id='x'"),
        ({"order_id": ["x", None, None]}, "`order_id` is empty in 2 of 3 rows"),
        ({"amount": [None] * 3}, "`amount` is empty in 3 of 3 rows"),
        ({"customer_id": [None] * 3}, "`customer_id` is empty in 3 of 3 rows"),
    ],
)
def test_refuses_bad_rows(change, words):
    with pytest.raises(DataError) as refusal:
        btyd.purchase_summary(ORDERS.assign(**change))
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("orders", "until", "kind", "words"),
    [
        (ORDERS.drop(columns="amount").assign(Total=1.0), None, ColumnError, '.rename(columns={"Total": "amount"})'),
        (ORDERS.iloc[:0], None, DataError, "is empty"),
        (ORDERS, "2023-12-31", DataError, "the first is of 2024-01-01"),
        (ORDERS, "2999-01-01", ArgumentError, "lies in the future"),
        (ORDERS, "1/2/2024", ArgumentError, "year-month-day"),
        (ORDERS, "2024-02-30", ArgumentError, "year-month-day"),
        (ORDERS, pd.NaT, ArgumentError, "year-month-day"),
        (ORDERS, 20240101, ArgumentError, "year-month-day"),
        (42, None, ArgumentError, "must be a DataFrame, the path"),
        ("no/such.parquet", None, DataError, "no file 'no/such.parquet'"),
        (pd.concat([ORDERS, ORDERS], axis=1), None, DataError, "two columns of the name `order_id`"),
    ],
)
def test_refuses_bad_calls(orders, until, kind, words):
    with pytest.raises(kind) as refusal:
        btyd.purchase_summary(orders, until=until)
    assert words in str(refusal.value)


def test_refuses_a_file_that_is_none(tmp_path):
    for name in ("broken.parquet", "broken.csv"):
        (tmp_path / name).write_bytes(b"PAR1\x00\xff\xfe not a table")
        with pytest.raises(CrmlabError):
            btyd.purchase_summary(tmp_path / name)


def test_plot_says_the_share_who_came_back():
    ax = btyd.plot_frequency(btyd.purchase_summary(ORDERS))
    assert " customers (50.0 %) came back at least once" in ax.get_title("left").replace("\n", " ")
    assert [bar.get_height() for bar in ax.patches] == [1, 1]
    with pytest.raises(DataError):
        btyd.plot_frequency(ORDERS)
