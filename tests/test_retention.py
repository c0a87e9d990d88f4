"""Cohorts: against a plain count, laws of the triangle, and refusals."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, retention
from crmlab.errors import ArgumentError, DataError

FREQUENCY = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


def by_hand(orders: pd.DataFrame, period: str, until: pd.Timestamp) -> dict:
    """{(first day of the cohort, period): (customers, active)}, one customer after the other."""
    last = until.to_period(FREQUENCY[period])
    bought = {
        customer: set(days.dt.to_period(FREQUENCY[period])) for customer, days in orders.groupby("customer_id")["order_date"]
    }
    result = {}
    for cohort in sorted({min(periods) for periods in bought.values()}):
        members = [periods for periods in bought.values() if min(periods) == cohort]
        for number, now in enumerate(pd.period_range(cohort, last)):
            result[cohort.start_time, number] = (len(members), sum(now in periods for periods in members))
    return result


@given(frames("orders"), st.sampled_from(list(FREQUENCY)), st.integers(0, 40))
def test_equals_a_plain_count(orders, period, later):
    until = orders.order_date.max() + pd.Timedelta(days=later)
    table = retention.cohort_table(orders, period=period, until=until)
    cells = {(row.cohort, row.period): (row.customers, row.active) for row in table.itertuples()}
    assert cells == by_hand(orders, period, until)
    assert (table.share == table.active / table.customers).all()
    _engine.check(table, "cohort_table")
    # laws of the triangle
    assert (table[table.period == 0].share == 1).all()
    assert table[table.period == 0].customers.sum() == orders.customer_id.nunique()
    reach = table.groupby("cohort").period.max()
    assert reach.is_monotonic_decreasing
    assert reach.is_unique


def test_a_period_is_complete_on_its_last_day():
    orders = pd.DataFrame({"customer_id": ["a"], "order_date": pd.to_datetime(["2024-02-01"])})
    assert retention.cohort_table(orders, until="2024-02-28").complete.tolist() == [False]
    assert retention.cohort_table(orders, until="2024-02-29").complete.tolist() == [True]
    assert retention.cohort_table(orders, period="week", until="2024-02-04").complete.tolist() == [True]
    assert retention.cohort_table(orders, period="week", until="2024-02-03").complete.tolist() == [False]


def test_plot_weighs_cohorts_by_size():
    days = ["2024-01-05"] * 3 + ["2024-02-05", "2024-02-06", "2024-03-31"]
    orders = pd.DataFrame({"customer_id": ["a", "b", "c", "a", "d", "d"], "order_date": pd.to_datetime(days)})
    ax = retention.plot_cohorts(retention.cohort_table(orders))
    assert (
        ax.get_title("left").replace("\n", " ").startswith("2 of 4 new customers (50.0 %) bought again")
    )  # (1 + 1) of (3 + 1)
    with pytest.raises(DataError, match="no cohort has been seen"):
        retention.plot_cohorts(retention.cohort_table(orders, until="2024-01-10"))
    with pytest.raises(DataError, match=r"is above 1 .* of the cohorts table.*Give what `retention.cohort_table` returns"):
        retention.plot_cohorts(retention.cohort_table(orders).assign(share=1.5))


@pytest.mark.parametrize("period", ["day", "Month", None, 1])
def test_refuses_unknown_periods(period):
    orders = pd.DataFrame({"customer_id": ["a"], "order_date": pd.to_datetime(["2024-02-01"])})
    with pytest.raises(ArgumentError, match="'week', 'month', 'quarter', 'year'"):
        retention.cohort_table(orders, period=period)
