"""Concentration: known values, laws of the Lorenz curve, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, loyalty
from crmlab.errors import ArgumentError, DataError

amounts = st.lists(st.integers(0, 1000), min_size=1, max_size=30).filter(any)


def orders_of(spent: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": range(len(spent)), "order_date": pd.Timestamp("2024-01-01"), "amount": np.asarray(spent, float)}
    )


def test_gini_of_a_pareto_distribution_is_1_over_2a_minus_1():
    """Kendall & Stuart (1977), section 2.25: shape a has a Gini coefficient of 1 / (2 a - 1)."""
    for shape in (1.5, 2.0, 3.0, 5.0):
        middle = (np.arange(200_000) + 0.5) / 200_000
        assert loyalty.gini((1 - middle) ** (-1 / shape)) == pytest.approx(1 / (2 * shape - 1), abs=0.01)


@given(amounts)
def test_gini_equals_the_mean_difference(spent):
    """Its definition: half the mean absolute difference of all pairs, relative to the mean."""
    spent = np.asarray(spent, float)
    expected = np.abs(spent[:, None] - spent).mean() / (2 * spent.mean())
    assert loyalty.gini(spent) == pytest.approx(expected, abs=1e-12)


@given(amounts)
def test_gini_is_twice_the_area_above_the_lorenz_curve(spent):
    found = loyalty.concentration(orders_of(spent))
    steps = found.cumulated / found.total_amount
    assert found.gini == pytest.approx(1 - 2 * np.trapezoid(steps, dx=1 / found.customers), abs=1e-9)


@given(amounts, st.floats(0.01, 0.99))
def test_laws_of_the_lorenz_curve(spent, share):
    found = loyalty.concentration(orders_of(spent))
    _engine.check(found.table, "lorenz")
    curve = found.table.amount_share
    assert curve.iloc[0] == 0
    assert curve.iloc[-1] == 1
    assert curve.diff().min() >= -1e-12
    assert curve.diff().diff().min() >= -1e-9  # the curve is convex
    assert found.top_share(share) >= share - 1e-12
    assert found.top_share(found.customers_for(share)) == pytest.approx(share) or found.customers_for(share) in (0.0, 1.0)


def test_top_share_counts_part_of_a_customer():
    found = loyalty.concentration(orders_of([10, 10, 20, 60]))
    assert found.top_share(0.25) == pytest.approx(0.6)
    assert found.top_share(0.125) == pytest.approx(0.3)
    assert found.top_share(0.375) == pytest.approx(0.7)
    assert found.customers_for(0.8) == pytest.approx(0.5)


@given(frames("orders"))
def test_totals_are_those_of_the_orders(orders):
    assume(orders.amount.sum() > 0)
    found = loyalty.concentration(orders)
    assert found.customers == orders.customer_id.nunique()
    assert found.total_amount == pytest.approx(orders.amount.sum())


def test_shares_unless_told_otherwise():
    found = loyalty.concentration(orders_of([10, 10, 20, 60]))
    assert found.top_share() == found.top_share(0.1)
    assert found.customers_for() == found.customers_for(0.8)
    assert found.table.customer_share.tolist() == pytest.approx([k / 100 for k in range(101)])


def test_summary_and_plot_say_the_same():
    found = loyalty.concentration(orders_of([10, 10, 20, 60.004]))
    assert "Revenue: 100\n" in str(found.summary())
    assert "Customers who bring 80 % of revenue: 50.0 %" in str(found.summary())
    assert "one has all): 0.4\n" in str(found.summary())
    assert found.plot().figure.alt.endswith("Gini coefficient 0.400. 80 % of revenue comes from 50.0 % of customers.")
    assert found.plot().lines[-1].get_xdata()[0] == 0.9
    found = loyalty.concentration(orders_of([10, 10, 20, 60]))
    assert "Share of revenue from the top 10 % of customers: 24.0 %" in str(found.summary())
    assert found.plot().get_title("left") == "The top 10 % of customers bring 24.0 % of revenue"


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, "a tenth", True, None])
def test_refuses_shares_that_are_none(share):
    found = loyalty.concentration(orders_of([1, 2]))
    with pytest.raises(ArgumentError, match="`share` must be a share between 0 and 1"):
        found.top_share(share)


@pytest.mark.parametrize("wrong", [[], [-1, 2], [0, 0], [1, np.nan], [1, np.inf], "text", [[1, 2]], None])
def test_gini_refuses_what_has_none(wrong):
    with pytest.raises(DataError, match="`amounts` must"):
        loyalty.gini(wrong)


def test_refuses_revenue_of_zero():
    with pytest.raises(DataError, match="every amount is zero"):
        loyalty.concentration(orders_of([0, 0]))
