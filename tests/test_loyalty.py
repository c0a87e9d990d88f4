"""Concentration: known values, laws of the Lorenz curve, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, loyalty
from crmlab.errors import ArgumentError, DataError

few = settings(max_examples=settings.default.max_examples // 3)  # each example goes through the engine several times
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
    result = loyalty.concentration(orders_of(spent))
    steps = result.cumulated / result.total_amount
    assert result.gini == pytest.approx(1 - 2 * np.trapezoid(steps, dx=1 / result.customers), abs=1e-9)


@given(amounts, st.floats(0.01, 0.99))
def test_laws_of_the_lorenz_curve(spent, share):
    result = loyalty.concentration(orders_of(spent))
    _engine.check(result.table, "lorenz")
    curve = result.table.amount_share
    assert curve.iloc[0] == 0
    assert curve.iloc[-1] == 1
    assert curve.diff().min() >= -1e-12
    assert curve.diff().diff().min() >= -1e-9  # the curve is convex
    assert result.top_share(share) >= share - 1e-12
    assert result.top_share(result.customers_for(share)) == pytest.approx(share) or result.customers_for(share) in (0.0, 1.0)


def test_top_share_counts_part_of_a_customer():
    result = loyalty.concentration(orders_of([10, 10, 20, 60]))
    assert result.top_share(0.25) == pytest.approx(0.6)
    assert result.top_share(0.125) == pytest.approx(0.3)
    assert result.top_share(0.375) == pytest.approx(0.7)
    assert result.customers_for(0.8) == pytest.approx(0.5)


@given(frames("orders"))
def test_totals_are_those_of_the_orders(orders):
    assume(orders.amount.sum() > 0)
    result = loyalty.concentration(orders)
    assert result.customers == orders.customer_id.nunique()
    assert result.total_amount == pytest.approx(orders.amount.sum())


def test_shares_unless_told_otherwise():
    result = loyalty.concentration(orders_of([10, 10, 20, 60]))
    assert result.top_share() == result.top_share(0.1)
    assert result.customers_for() == result.customers_for(0.8)
    assert result.table.customer_share.tolist() == pytest.approx([k / 100 for k in range(101)])


def test_summary_and_plot_say_the_same():
    result = loyalty.concentration(orders_of([10, 10, 20, 60.004]))
    assert "Revenue: 100\n" in str(result.summary())
    assert "Customers who bring 80 % of revenue: 50.0 %" in str(result.summary())
    assert "one has all): 0.4\n" in str(result.summary())
    assert result.plot().figure.alt.endswith("Gini coefficient 0.400. 80 % of revenue comes from 50.0 % of customers.")
    assert result.plot().lines[-1].get_xdata()[0] == 0.9
    result = loyalty.concentration(orders_of([10, 10, 20, 60]))
    assert "Share of revenue from the top 10 % of customers: 24.0 %" in str(result.summary())
    assert "customers bring 24.0 % of revenue" in result.plot().get_title("left").replace("\n", " ")


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, "a tenth", True, None])
def test_refuses_shares_that_are_none(share):
    result = loyalty.concentration(orders_of([1, 2]))
    with pytest.raises(ArgumentError, match="`share` must be a share between 0 and 1"):
        result.top_share(share)


@pytest.mark.parametrize("wrong", [[], [-1, 2], [0, 0], [1, np.nan], [1, np.inf], "text", [[1, 2]], None])
def test_gini_refuses_what_has_none(wrong):
    with pytest.raises(DataError, match="`amounts` must"):
        loyalty.gini(wrong)


def test_refuses_revenue_of_zero():
    with pytest.raises(DataError, match="every amount is zero"):
        loyalty.concentration(orders_of([0, 0]))


shares, rates_of_interest = st.floats(0.01, 0.99), st.floats(0.01, 0.5)


def payments(retention: float, annual_rate: float, years: int, at_once: bool) -> np.ndarray:
    """Time and expected present value of each payment, one after the other."""
    times = np.arange(years) + (0 if at_once else 1)
    return np.array([(t, retention**t / (1 + annual_rate) ** t) for t in times])


def test_the_published_margin_multiple_is_about_four():
    """Gupta & Lehmann (2003), Gupta et al. (2006): with 90 % retention and 12 % a year, about four annual margins."""
    assert loyalty.simple_value(1, 0.9, 0.12) == pytest.approx(0.9 / 0.22)
    assert round(loyalty.simple_value(1, 0.9, 0.12)) == 4


def test_retention_elasticities_lie_in_the_published_range():
    """Gupta, Lehmann & Stuart (2004): one per cent more retention is 3 to 7 per cent more value, margin about 1.

    With m r / (1 + i - r) at 12 % a year that is a retention from 75 to 96 %; 3.5 at 80 % and 5.1 at 90 %.
    """
    table = loyalty.value_elasticities(1, np.array([1.12 * 2 / 3, 0.8, 0.9, 0.96]), 0.12)
    assert table.retention_elasticity.round(2).tolist() == [3.0, 3.5, 5.09, 7.0]
    assert table.margin_elasticity.tolist() == [1.0] * 4
    assert (table.rate_elasticity / -table.retention_elasticity).tolist() == pytest.approx([0.12 / 1.12] * 4)


def test_fifteen_per_cent_a_year_is_the_published_weekly_rate():
    """Fader, Hardie & Lee (2005), RFM and CLV: delta = .0027."""
    assert loyalty.weekly_rate(0.15) == pytest.approx(np.log(1.15) / 52)
    assert round(loyalty.weekly_rate(0.15), 4) == 0.0027


@pytest.mark.parametrize(("years", "at_once"), [(None, False), (None, True), (4, False), (4, True)])
def test_value_and_elasticity_are_recovered_from_simulated_lifetimes(years, at_once):
    """Lifetimes are geometric: the mean of discounted payments is the value, their mean time its retention elasticity."""
    stays, rate, customers = 0.8, 0.1, 200_000
    lived = np.random.default_rng(6).geometric(1 - stays, customers)  # years begun, the first one included
    time = np.arange(200 if years is None else years) + (0 if at_once else 1)
    worth = 50 * 1.1 ** -time.astype(float)
    alive = np.array([(lived > t).mean() for t in time])
    assert loyalty.simple_value(50, stays, rate, years=years, at_once=at_once) == pytest.approx(worth @ alive, rel=0.01)
    mean_time = (time * worth) @ alive / (worth @ alive)
    result = loyalty.value_elasticities(50, stays, rate, years=years, at_once=at_once).retention_elasticity[0]
    assert result == pytest.approx(mean_time, rel=0.015)


@given(shares, st.floats(-0.3, 0.5), st.integers(1, 40), st.booleans())
def test_a_finite_value_is_the_sum_of_its_payments_and_its_elasticity_their_mean_time(retention, rate, years, at_once):
    time, worth = payments(retention, rate, years, at_once).T
    assert loyalty.simple_value(3, retention, rate, years=years, at_once=at_once) == pytest.approx(3 * worth.sum(), rel=1e-9)
    result = loyalty.value_elasticities(3, retention, rate, years=years, at_once=at_once)
    assert result.retention_elasticity[0] == pytest.approx((time @ worth) / worth.sum(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("years", [1, 2, 7])
@pytest.mark.parametrize("off", [0, 1e-15, 1e-9, 1e-5, 9.9e-3, 1.01e-2, -1e-6])
def test_nothing_breaks_where_payments_do_not_shrink(off, years, at_once):
    """Retention 1 and a rate of 0, or nearly so: the sum is plain, and the mean time is its middle."""
    time, worth = payments(1, off, years, at_once).T
    assert loyalty.simple_value(1, 1, off, years=years, at_once=at_once) == pytest.approx(worth.sum(), rel=1e-12)
    result = loyalty.value_elasticities(1, 1, off, years=years, at_once=at_once).retention_elasticity[0]
    assert result == pytest.approx((time @ worth) / worth.sum(), rel=1e-11, abs=1e-11)


@given(shares, rates_of_interest, st.booleans(), st.none() | st.integers(2, 30))
def test_elasticities_are_derivatives(retention, rate, at_once, years):
    def net(r=retention, i=rate, m=100.0, c=20.0):
        return loyalty.simple_value(m, r, i, at_once=at_once, years=years) - c

    assume(net() > 1)
    result = loyalty.value_elasticities(100, retention, rate, acquisition_cost=20, at_once=at_once, years=years).iloc[0]
    _engine.check(result.to_frame().T, "value_elasticities")
    assert result.net_value == pytest.approx(net())
    step = 1e-5
    for name, slope in {
        "retention_elasticity": (net(r=retention * (1 + step)) - net(r=retention * (1 - step))) / (2 * step),
        "retention_point": (net(r=retention + step) - net(r=retention - step)) / (2 * step),
        "margin_elasticity": (net(m=100 * (1 + step)) - net(m=100 * (1 - step))) / (2 * step),
        "rate_elasticity": (net(i=rate * (1 + step)) - net(i=rate * (1 - step))) / (2 * step),
        "acquisition_elasticity": (net(c=20 * (1 + step)) - net(c=20 * (1 - step))) / (2 * step),
    }.items():
        assert result[name] == pytest.approx(slope / net(), rel=1e-5, abs=1e-6), name


@given(shares, rates_of_interest, st.floats(0.01, 1e6))
def test_laws_of_the_simple_value(retention, rate, margin):
    value = loyalty.simple_value(margin, retention, rate)
    assert value == pytest.approx(margin * retention / (1 + rate - retention))
    assert value < loyalty.simple_value(margin, retention * 1.01, rate)
    assert value > loyalty.simple_value(margin, retention, rate * 1.01)
    assert loyalty.simple_value(-2 * margin, retention, rate) == pytest.approx(-2 * value)
    at_once = loyalty.simple_value(margin, retention, rate, at_once=True)
    assert at_once == pytest.approx(margin + value)
    assert at_once == pytest.approx(margin * (1 + rate) / (1 + rate - retention))
    within = [loyalty.simple_value(margin, retention, rate, years=years) for years in (1, 5, 20, 5_000)]
    assert within == sorted(within)
    assert within[0] == pytest.approx(margin * retention / (1 + rate))
    assert within[-1] == pytest.approx(value)


@given(st.floats(-0.5, 1), st.floats(0, 500), st.floats(0, 500))
def test_laws_of_discounting(rate, weeks, more):
    one = loyalty.discount_factor(rate, weeks)
    assert one * loyalty.discount_factor(rate, more) == pytest.approx(loyalty.discount_factor(rate, weeks + more))
    assert one == pytest.approx(np.exp(-loyalty.weekly_rate(rate) * weeks))
    assert loyalty.discount_factor(rate, 52) == pytest.approx(1 / (1 + rate))


def test_numbers_give_a_number_and_arrays_an_array():
    assert isinstance(loyalty.simple_value(1, 0.8), float)
    assert loyalty.simple_value(1, 0.8) == loyalty.simple_value(1, 0.8, 0.1)
    assert isinstance(loyalty.discount_factor(0.1, 3), float)
    assert isinstance(loyalty.weekly_rate(0.1), float)
    many = loyalty.simple_value(pd.Series([1, 2]), np.array([[0.5], [0.8], [0.0]]), 0.1)
    assert many.shape == (3, 2)
    assert many[:, 1] == pytest.approx(2 * many[:, 0])
    assert many[2].tolist() == [0, 0]
    assert loyalty.simple_value(5, 0.0, 0.1, at_once=True, years=3) == 5
    assert loyalty.value_elasticities([1, 2], 0.8, 0.1).retention.tolist() == [0.8, 0.8]


@pytest.mark.parametrize("rows", [[2, 0, 1], [2, 0]], ids=["shuffled", "filtered"])
def test_answers_keep_the_rows_of_the_caller(rows):
    """Whatever order or part of a table is given, each customer's number stands in their row."""
    customers = pd.DataFrame({"margin": [1.0, 2.0, 3.0], "retention": [0.5, 0.7, 0.9]}, index=["ann", "bob", "cy"])
    value, elasticity = 2 * 0.7 / (1.1 - 0.7), 1.1 / (1.1 - 0.9)
    some = customers.iloc[rows].copy()
    some["value"] = loyalty.simple_value(some.margin, some.retention)
    some["elasticity"] = loyalty.value_elasticities(some.margin, some.retention).retention_elasticity
    assert some.elasticity["cy"] == pytest.approx(elasticity)
    if "bob" in some.index:
        assert some.value["bob"] == pytest.approx(value)
    some["factor"] = loyalty.discount_factor(0.1, 52 * some.margin)
    assert some.factor["cy"] == pytest.approx(1.1**-3)
    assert loyalty.value_elasticities(1, [0.5, 0.6]).index.equals(pd.RangeIndex(2))
    values = loyalty.clv_from_forecast(
        pd.DataFrame({"customer_id": some.index, "discounted_purchases": some.margin, "spend": 1.0}), margin=1
    )
    assert values.set_index("customer_id").lifetime_value["cy"] == 3
    for function in (loyalty.simple_value, loyalty.value_elasticities):
        with pytest.raises(ArgumentError, match="`margin` and `retention` are Series of different rows"):
            function(customers.margin, customers.retention[::-1])
    with pytest.raises(ArgumentError, match="are Series of different rows"):
        loyalty.discount_factor(customers.retention, customers.margin[::-1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"retention": 1.01}, "`retention` must be finite and at least 0 and at most 1, a share such as 0.8"),
        ({"retention": 80}, "it is 80."),
        ({"retention": [0.5, -0.1]}, "it is -0.1."),
        ({"retention": np.nan}, "it is nan."),
        ({"retention": "0.8"}, "`retention` must be a number or an array of numbers; it is '0.8'"),
        ({"retention": True}, "`retention` must be a number"),
        ({"retention": []}, "`retention` must be a number"),
        ({"retention": [[0.1], [0.1, 0.2]]}, "`retention` must be a number"),
        ({"retention": None}, "`retention` must be a number"),
        ({"annual_rate": -1}, "`annual_rate` must be finite and above -1; it is -1."),
        ({"annual_rate": np.inf}, "`annual_rate` must be finite"),
        ({"margin": np.nan}, "`margin` must be finite"),
        ({"margin": [1, 2], "retention": [0.1, 0.2, 0.3]}, "these arrays do not go together: `margin` (2,), `retention` (3,)"),
        ({"retention": 1, "annual_rate": 0}, "`retention` 1 and an `annual_rate` of 0 is worth infinitely much"),
        ({"retention": [0.5, 0.9], "annual_rate": -0.1}, "`retention` 0.9 and an `annual_rate` of -0.1 is worth infinitely"),
        ({"retention": 1, "annual_rate": -0.9, "years": 500}, "how many payments count, fewer than 500."),
        ({"years": 0}, "`years` must be a whole number of at least 1"),
        ({"years": 1.5}, "`years` must be a whole number"),
        ({"at_once": "yes"}, "`at_once` must be True or False"),
    ],
)
def test_refuses_numbers_that_have_no_value(arguments, words):
    for function in (loyalty.simple_value, loyalty.value_elasticities):
        with pytest.raises(ArgumentError) as refusal:
            function(**({"margin": 100, "retention": 0.8, "annual_rate": 0.1} | arguments))
        assert words in str(refusal.value)


def test_refuses_elasticities_of_nothing():
    with pytest.raises(ArgumentError, match="1 of 2 customers are worth no more than they cost"):
        loyalty.value_elasticities(100, [0.5, 0.9], 0.1, acquisition_cost=100)
    with pytest.raises(ArgumentError, match="or surely leave"):
        loyalty.value_elasticities(100, 0, 0.1, at_once=True)
    with pytest.raises(ArgumentError, match="`margin` must be finite and above 0"):
        loyalty.value_elasticities(-1, 0.8)
    with pytest.raises(ArgumentError, match="`acquisition_cost` must be finite and at least 0"):
        loyalty.value_elasticities(1, 0.8, acquisition_cost=-1)


@pytest.mark.parametrize(("rate", "weeks"), [(-1, 1), (0.1, -1), (0.1, np.nan), ("a", 1), (0.1, None), ([0.1, 0.2], [1, 2, 3])])
def test_refuses_to_discount_nonsense(rate, weeks):
    with pytest.raises(ArgumentError, match=r"annual_rate|weeks"):
        loyalty.discount_factor(rate, weeks)


def test_a_contract_is_a_forecast_by_date():
    """A geometric lifetime with a yearly fee of 100, as a table, is worth m r / (1 + i - r)."""
    time = np.arange(1, 400)
    table = pd.DataFrame({"customer_id": "a", "weeks": 52 * time, "purchases": 0.8**time, "spend": 100.0})
    result = loyalty.clv_from_forecast(table, margin=0.4, annual_rate=0.12)
    assert result.lifetime_value[0] == pytest.approx(loyalty.simple_value(40, 0.8, 0.12))
    assert loyalty.clv_from_forecast(table, margin=0.4).lifetime_value[0] == pytest.approx(loyalty.simple_value(40, 0.8, 0.1))


def test_both_forms_of_a_forecast_agree():
    dated = pd.DataFrame(
        {
            "customer_id": [2, 1, 1],
            "weeks": [10, 4.5, 30],
            "purchases": [3.0, 1.0, 0.5],
            "spend": [10.0, 20.0, 20.0],
            "std_error": [6.0, 2.0, 1.0],
            "region": "north",
        },
        index=[0, 0, 0],
    )
    factor = loyalty.discount_factor(0.2, dated.weeks.to_numpy())
    discounted = dated.assign(discounted_purchases=dated.purchases * factor, std_error=dated.std_error * factor)
    discounted = discounted.groupby("customer_id")[["discounted_purchases", "std_error"]].sum().reset_index()
    one = loyalty.clv_from_forecast(dated, margin=0.25, annual_rate=0.2)
    other = loyalty.clv_from_forecast(discounted.assign(spend=[20.0, 10.0], value=-1), margin=0.25)
    pd.testing.assert_frame_equal(one, other)
    assert one.customer_id.tolist() == [1, 2]
    assert one.lifetime_value.tolist() == pytest.approx((0.25 * one.discounted_spend).tolist())
    assert one.std_error[1] == pytest.approx(0.25 * 6 * factor[0])


@given(frames("discounted_forecast"), frames("period_forecast"), shares, rates_of_interest)
@few
def test_values_keep_their_declaration_and_fall_with_the_rate(discounted, dated, margin, rate):
    result = loyalty.clv_from_forecast(discounted, margin=margin)
    _engine.check(result, "lifetime_values")
    dated_values = loyalty.clv_from_forecast(dated, margin=margin, annual_rate=rate)
    _engine.check(dated_values, "lifetime_values")
    later = loyalty.clv_from_forecast(dated.assign(weeks=dated.weeks + 52), margin=margin, annual_rate=rate)
    assert later.lifetime_value.tolist() == pytest.approx((dated_values.lifetime_value / (1 + rate)).tolist())
    assert set(result.customer_id) == set(discounted.customer_id)


FORECAST = pd.DataFrame({"customer_id": [1, 2], "discounted_purchases": [3.0, 1.0], "spend": [10.0, 20.0]})


@pytest.mark.parametrize(
    ("forecast", "arguments", "kind", "words"),
    [
        (FORECAST.assign(weeks=3), {}, DataError, "not both. Its columns: customer_id, discounted_purchases, spend, weeks."),
        (FORECAST[["customer_id", "spend"]], {}, DataError, "not neither. Its columns: customer_id, spend."),
        (FORECAST.drop(columns="spend"), {}, DataError, "no column `spend`"),
        (FORECAST.assign(spend=[1, np.nan]), {}, DataError, "`spend` is empty in 1 of 2 rows"),
        (FORECAST.assign(customer_id=1), {}, DataError, "share a key that must be unique: customer_id=1"),
        (FORECAST.assign(std_error=-1.0), {}, DataError, "`std_error` is negative"),
        (FORECAST, {"annual_rate": 0.1}, ArgumentError, "are discounted already. Leave `annual_rate` out."),
        (FORECAST, {"margin": 30}, ArgumentError, "`margin` must be finite and at least 0 and at most 1, a share such as"),
        (FORECAST, {"margin": [0.1, 0.2]}, ArgumentError, "`margin` must be one number, not 2."),
        ("forecast.csv", {}, DataError, "`forecast` must be a DataFrame; it is str."),
    ],
)
def test_refuses_forecasts_that_are_none(forecast, arguments, kind, words):
    with pytest.raises(kind) as refusal:
        loyalty.clv_from_forecast(forecast, **({"margin": 0.3} | arguments))
    assert words in str(refusal.value)


def values_of(worth: list[float], errors: list[float] | None = None) -> pd.DataFrame:
    table = pd.DataFrame({"customer_id": range(len(worth)), "lifetime_value": np.asarray(worth, float)})
    return table if errors is None else table.assign(std_error=np.asarray(errors, float))


def test_the_widest_error_covers_any_correlation():
    """Sums of correlated errors, drawn: the joint error lies between 0 and the widest one, which common errors reach."""
    errors = np.array([3.0, 4.0, 5.0])
    equity = loyalty.customer_equity(values_of([100, 100, 100], errors))
    assert equity.widest_std_error == 12
    assert equity.independent_std_error == pytest.approx(50**0.5)
    rng = np.random.default_rng(1)
    for _ in range(50):
        root = rng.normal(size=(3, 3))
        cov = root @ root.T
        correlation = cov / np.sqrt(np.outer(cov.diagonal(), cov.diagonal()))
        assert np.sqrt(errors @ correlation @ errors) <= equity.widest_std_error
    assert np.sqrt(errors @ np.ones((3, 3)) @ errors) == equity.widest_std_error


def test_the_interval_of_common_estimates_holds_its_level():
    """Recovery: values m x theta with one estimated theta. The widest error is then the true one; independence misses."""
    rng = np.random.default_rng(2)
    sizes, truth, noise, runs = np.arange(1.0, 41), 5.0, 0.5, 2_000
    equity = loyalty.customer_equity(values_of(sizes * truth, sizes * noise))
    off = np.abs(sizes.sum() * noise * rng.normal(size=runs))
    assert (off <= 1.96 * equity.widest_std_error).mean() == pytest.approx(0.95, abs=0.015)
    assert (off <= 1.96 * equity.independent_std_error).mean() < 0.4


def test_parts_add_up_and_intervals_are_those_of_a_log():
    equity = loyalty.customer_equity(
        values_of([60, 30, 10], [6, 3, 1]), total_std_error=7.5, new_customers=3, new_value=40, acquisition_cost=50
    )
    table = equity.table.set_index("part")
    _engine.check(equity.table, "customer_equity")
    assert equity.base_value == 100
    assert equity.total == table.amount["customer equity"] == 70
    assert table.amount.iloc[:3].tolist() == [100, 120, -150]
    assert table.customers.tolist() == [3, 3, 3, 6]
    assert equity.std_error == 7.5
    assert np.log(table.high.iloc[0] / 100) == pytest.approx(1.959964 * 0.075, rel=1e-6)
    assert table.low.iloc[0] * table.high.iloc[0] == pytest.approx(100**2)
    wide = table.high.iloc[0] - table.low.iloc[0]
    assert (table.high - table.low).tolist() == pytest.approx([wide, 0, 0, wide])
    narrow = equity.interval(0.5).set_index("part")
    assert np.log(narrow.high.iloc[0] / 100) == pytest.approx(0.6744898 * 0.075, rel=1e-6)
    assert "standard error of today's value 7.5, as given" in str(equity.summary())
    assert list(loyalty.customer_equity(values_of([1])).table.part) == ["today's customers", "customer equity"]


def test_without_errors_there_is_no_interval():
    for values in (values_of([60, 40]), values_of([60, 40], [6, np.nan])):
        equity = loyalty.customer_equity(values)
        assert np.isnan(equity.std_error)
        assert equity.table[["low", "high"]].isna().all(axis=None)
        assert "No standard errors came with the values" in str(equity.summary())
        assert loyalty.customer_equity(values, total_std_error=200).std_error == 200
    far = loyalty.customer_equity(values_of([1e-3], [1e3])).table
    assert far.low[0] == 0
    assert far.high[0] == np.inf


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any))
@few
def test_equity_is_the_sum_and_its_chart_shows_all_of_it(worth):
    equity = loyalty.customer_equity(values_of(worth, worth))
    assert equity.base_value == pytest.approx(sum(worth))
    assert equity.widest_std_error >= equity.independent_std_error * (1 - 1e-12)
    heights = [bar.get_height() for bar in equity.plot().patches]
    assert sum(heights) == pytest.approx(1)
    assert heights == pytest.approx(sorted(heights, reverse=True), abs=1e-9)
    assert heights[0] == pytest.approx(equity.top_share(0.1))
    assert equity.top_share() == equity.top_share(0.1)


def test_equity_is_told_in_words():
    equity = loyalty.customer_equity(values_of([60, 30, 10, 0], [6, 3, 1, 0.5]))
    text = str(equity.summary())
    assert "the largest possible" in " ".join(text.split())
    assert "own, 10.5," in " ".join(text.split())
    assert "Mean value of a customer of today: 25\n" in text
    assert "top 10 % of customers: 24.0 %" in text
    ax = equity.plot()
    assert "customers hold 24.0 % of all value" in ax.get_title("left").replace("\n", " ")
    assert ax.figure.alt.endswith(
        "Bars for 4 customers worth 100 together: 1: 24.0 %, 2: 24.0 %, 3: 18.0 %, 4: 12.0 %, "
        "5: 12.0 %, 6: 4.0 %, 7: 4.0 %, 8: 2.0 %, 9: 0.0 %, 10: 0.0 %."
    )


@pytest.mark.parametrize(
    ("values", "arguments", "kind", "words"),
    [
        (values_of([0, 0]), {}, DataError, "every lifetime value is zero"),
        (values_of([1, -1]), {}, DataError, "`lifetime_value` is negative in 1 of 2 rows"),
        (values_of([1, np.nan]), {}, DataError, "`lifetime_value` is empty"),
        (values_of([1, 2]).assign(customer_id=0), {}, DataError, "share a key"),
        (values_of([1]).rename(columns={"lifetime_value": "value"}), {}, DataError, "no column `lifetime_value`"),
        ([1, 2], {}, DataError, "`values` must be a DataFrame; it is list."),
        (values_of([1]), {"new_customers": -1}, ArgumentError, "`new_customers` must be a whole number of at least 0"),
        (values_of([1]), {"new_customers": 5}, ArgumentError, "new customers need both"),
        (values_of([1]), {"new_value": 5}, ArgumentError, "or none of them; they are 0, 5 and 0."),
        (values_of([1]), {"acquisition_cost": 5}, ArgumentError, "new customers need both"),
        (values_of([1]), {"new_customers": 5, "acquisition_cost": 5}, ArgumentError, "new customers need both"),
        (values_of([1]), {"new_value": np.inf}, ArgumentError, "`new_value` must be finite and at least 0; it is inf."),
        (
            values_of([5, 5], [1, 2]),
            {"total_std_error": 3.01},
            ArgumentError,
            "is 3.01, but all standard errors together are 3",
        ),
        (values_of([5, 5], [1, 2]), {"total_std_error": -1}, ArgumentError, "`total_std_error` must be finite and at least 0"),
    ],
)
def test_refuses_equity_of_nonsense(values, arguments, kind, words):
    with pytest.raises(kind) as refusal:
        loyalty.customer_equity(values, **arguments)
    assert words in str(refusal.value)
    assert loyalty.customer_equity(values_of([5, 5], [1, 2]), total_std_error=3).std_error == 3
