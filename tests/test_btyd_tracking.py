"""Tracking: models of purchases held against what came, week by week and customer by customer, with pictures of it."""

import datetime as dt

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from btyd_samples import (
    CALIBRATION_END,
    cdnow,
    cdnow_fit,
    cdnow_orders,
    cdnow_spend,
    donations,
    donations_fit,
    known,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, btyd
from crmlab._result import show
from crmlab.btyd import gamma_gamma, histories, prediction
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import table as declared


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return cdnow_orders()


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return cdnow()


@pytest.fixture(scope="module")
def fit() -> btyd.PurchaseFit:
    return cdnow_fit("bgnbd")


@pytest.fixture(scope="module")
def donors() -> btyd.PurchaseFit:
    return donations_fit()


@pytest.fixture(scope="module")
def tracked(fit, orders) -> pd.DataFrame:
    return btyd.tracking(fit, orders, fitted_until=CALIBRATION_END)


def test_answers_keep_their_declaration(fit, summary, orders, tracked):
    answers = {
        "tracking": tracked,
        "frequencies": btyd.frequencies(fit, summary),
        "conditional_expectation": btyd.conditional_expectation(fit, summary, np.ones(len(summary)), weeks=39),
        "holdout": btyd.holdout(orders, until=["1997-09-30"], weeks=39, fits={"BG/NBD": btyd.fit_bgnbd}),
        "alive_history": btyd.alive_history(fit, ["1997-01-01", "1997-03-01"], until="1997-09-30"),
        "purchase_predictions": fit.predict(summary, 39),
        "purchase_forecasts": fit.forecast(summary.head(50), 39, draws=20, seed=1),
    }
    for name, table in answers.items():
        _engine.check(table, name)
        assert list(table) == [column.name for column in declared(name).columns]


# -- Week by week -------------------------------------------------------------------------------------------------


def test_actual_purchases_are_those_that_a_plain_count_finds(orders, tracked):
    days = orders.drop_duplicates(["customer_id", "order_date"]).sort_values("order_date")
    again = days[days.duplicated("customer_id")]  # all but each customer's first
    start = orders.order_date.min()
    assert tracked.week.tolist() == list(range(1, len(tracked) + 1))
    for row in tracked.itertuples():
        end = start + pd.Timedelta(days=7 * row.week)
        assert row.ends == end
        assert row.actual_total == (again.order_date <= end).sum()
        assert row.seen == (end <= pd.Timestamp(CALIBRATION_END))
    assert tracked.actual.cumsum().tolist() == tracked.actual_total.tolist()
    assert tracked.ends.iloc[-1] <= orders.order_date.max() < tracked.ends.iloc[-1] + pd.Timedelta(days=7)
    assert tracked.actual_total.iloc[-1] >= 4_000


def test_expected_purchases_are_a_sum_over_customers(orders, fit, tracked):
    """One customer after the other, from their first day on."""
    firsts = orders.groupby("customer_id").order_date.min()
    counted = firsts.value_counts()
    for week in (1, 5, 13, 39, 77):
        end = orders.order_date.min() + pd.Timedelta(days=7 * week)
        ages = {day: (end - day).days / 7 for day in counted.index if day < end}
        by_hand = sum(counted[day] * fit.expected_purchases_new_customer(age) for day, age in ages.items())
        assert tracked.expected_total[week - 1] == pytest.approx(by_hand, rel=1e-9)
    np.testing.assert_allclose(tracked.expected.cumsum(), tracked.expected_total, rtol=1e-12)


def test_the_published_curve_is_near_what_came(tracked):
    """Fader, Hardie & Lee (2005), figure 2: BG/NBD is below what came in the hold-out, by less than five per cent in all."""
    last = tracked.iloc[-1]
    assert last.expected_total == pytest.approx(last.actual_total, rel=0.05)
    assert last.expected_total < last.actual_total


def test_customers_who_came_after_the_end_of_calibration_do_not_count(fit):
    days = ["2024-01-01", "2024-01-10", "2024-02-20", "2024-02-25", "2024-03-20"]
    orders = pd.DataFrame({"customer_id": list("aabbb"), "order_date": pd.to_datetime(days)})
    result = btyd.tracking(fit, orders, fitted_until="2024-01-31")
    assert result.actual_total.iloc[-1] == 1
    np.testing.assert_allclose(result.expected_total, fit.expected_purchases_new_customer(result.week.to_numpy()), rtol=1e-9)
    assert result.seen.sum() == 4
    assert len(result) == 11


@pytest.mark.parametrize("total", [True, False])
def test_plot_of_tracking(tracked, total):
    ax = btyd.plot_tracking(tracked, total=total)
    later = tracked[~tracked.seen]
    actual, expected = later.actual.sum(), later.expected.sum()
    off = 1 - expected / actual
    assert off > 0
    finding = f"In {len(later)} unseen weeks {actual:,} purchases came; the model expects {expected:,.0f} (−{100 * off:.1f} %)"
    title = ax.get_title("left").replace("\n", " ")
    if total:
        assert title == finding
    else:
        apart = (tracked.expected - tracked.actual).abs().mean()
        assert f"a week differs by {show(apart, 1)} of {show(tracked.actual.mean(), 1)} purchases from what" in title
    assert ax.get_xlabel() == "weeks since the first order"
    assert ax.get_ylabel() == ("repeat purchases, added up" if total else "repeat purchases in the week")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), tracked.actual_total if total else tracked.actual)
    assert f"The fit has seen {tracked.seen.sum()} weeks." in alt(ax)
    assert any(line.get_xdata()[0] == tracked.seen.sum() for line in ax.lines[2:])
    ax = btyd.plot_tracking(tracked[tracked.seen])
    assert ax.get_title("left") == "What the model expects of the weeks that it has seen"


def alt(ax: plt.Axes) -> str:
    """The words for those who do not see it."""
    return ax.figure.alt


# -- From several origins -----------------------------------------------------------------------------------------


def test_holdout_equals_a_plain_count(orders):
    origins = ["1997-03-20", dt.date(1997, 9, 30)]  # at the first some have come for less than a week
    result = btyd.holdout(orders, until=origins, weeks=26, fits={"BG/NBD": btyd.fit_bgnbd})
    assert result.model.tolist() == ["BG/NBD", "as so far", "all alike"] * 2
    for origin, mine in result.groupby("until"):
        known = btyd.purchase_summary(orders, until=origin)
        days = orders.drop_duplicates(["customer_id", "order_date"])
        ahead = days[(days.order_date > origin) & (days.order_date <= origin + pd.Timedelta(weeks=26))]
        came = ahead.customer_id.value_counts().reindex(known.customer_id, fill_value=0).to_numpy()
        rate = known.frequency / known.age_weeks.clip(lower=1 / 7) * 26
        guesses = {"BG/NBD": btyd.fit_bgnbd(known).predict(known, 26).purchases, "as so far": rate,
                   "all alike": pd.Series(rate.mean(), index=rate.index)}  # fmt: skip
        for row in mine.itertuples():
            guess = guesses[row.model]
            assert (row.n, row.actual) == (len(known), came.sum())
            assert row.expected == pytest.approx(guess.sum())
            assert row.mae == pytest.approx((guess - came).abs().mean())
            assert row.rmse == pytest.approx(((guess - came) ** 2).mean() ** 0.5)
            if row.model == "all alike":
                assert np.isnan(row.correlation)
            else:
                assert row.correlation == pytest.approx(np.corrcoef(guess, came)[0, 1])


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"until": "1997-09-30"}, ArgumentError, "`until` must be a list of days"),
        ({"until": []}, ArgumentError, "`until` must be a list of days"),
        ({"until": object()}, ArgumentError, "`until` must be a list of days"),
        ({"until": ["30.9.1997"]}, ArgumentError, "year-month-day"),
        ({"until": ["1998-03-31"]}, DataError, "the orders end on 1998-06-30, but 39 weeks after 1998-03-31 is 1998-12-29"),
        ({"weeks": 0}, ArgumentError, "`weeks` must be a finite number above 0"),
        ({"weeks": np.inf}, ArgumentError, "`weeks` must be a finite number above 0"),
        ({"weeks": True}, ArgumentError, "`weeks` must be a finite number above 0"),
        ({"fits": {}}, ArgumentError, "`fits` must map names to functions"),
        ({"fits": {"x": 3}}, ArgumentError, "`fits` must map names to functions"),
        ({"fits": btyd.fit_bgnbd}, ArgumentError, "`fits` must map names to functions"),
    ],
)
def test_holdout_refuses(orders, change, kind, words):
    given = {"until": ["1997-09-30"], "weeks": 39, "fits": {"BG/NBD": btyd.fit_bgnbd}} | change
    with pytest.raises(kind, match=words):
        btyd.holdout(orders, **given)


def test_conditional_expectation_is_a_mean_by_frequency(fit, summary):
    later = np.arange(len(summary)) % 5
    result = btyd.conditional_expectation(fit, summary, later, weeks=39, top=4)
    assert result.frequency_group.tolist() == ["0", "1", "2", "3", "4+"]
    expected = fit.predict(summary, 39).purchases
    for label, group in result.set_index("frequency_group").iterrows():
        mine = summary.frequency >= 4 if label == "4+" else summary.frequency == int(label)
        assert group.n == mine.sum()
        assert group.actual_mean == pytest.approx(later[mine].mean())
        assert group.expected_mean == pytest.approx(expected[mine].mean())


@pytest.mark.parametrize(
    "later", [[1, 2], object(), "many", [np.nan] * 2357, ["x"] * 2357], ids=["short", "object", "text", "missing", "words"]
)
def test_conditional_expectation_refuses(fit, summary, later):
    with pytest.raises(DataError, match="`holdout_purchases` must hold one number for each of the 2,357 customers"):
        btyd.conditional_expectation(fit, summary, later, weeks=39)
    with pytest.raises(ArgumentError, match="`fit` must be a fit of purchases"):
        btyd.conditional_expectation(object(), summary, later, weeks=39)


# -- What was seen ------------------------------------------------------------------------------------------------


def test_frequencies_are_counts_and_sums_of_chances(fit, summary):
    result = btyd.frequencies(fit, summary, top=3)
    assert result.frequency_group.tolist() == ["0", "1", "2", "3+"]
    assert result.actual.tolist() == [1411, 439, 214, 293]  # Fader, Hardie & Lee (2005), table 1
    theta = fit.params.to_numpy()[:, None]
    chances = sum(
        fit.model.pmf(theta, np.array([age]), 2)[:, 0] * many for age, many in summary.age_weeks.value_counts().items()
    )
    np.testing.assert_allclose(result.expected[:3], chances, rtol=1e-9)
    assert result.expected.sum() == pytest.approx(2357)


def test_frequencies_of_donors(donors):
    table = donations()
    whole = table.loc[table.index.repeat(table.customers)].drop(columns="customers")
    result = btyd.frequencies(donors, whole, top=6)
    assert result.actual.sum() == 11_104
    assert result.actual.iloc[0] == 3464
    np.testing.assert_allclose(result.expected, result.actual, rtol=0.09)
    assert result.expected.sum() == pytest.approx(11_104)


@pytest.mark.parametrize("top", [0, 1.5, "7"])
def test_top_is_a_whole_number(fit, summary, top):
    with pytest.raises(ArgumentError, match="`top` must be a whole number of at least 1"):
        btyd.frequencies(fit, summary, top=top)


def test_a_picture_of_frequencies(fit, summary):
    result = btyd.frequencies(fit, summary)
    ax = btyd.plot_expected(result)
    assert ax.get_title("left").replace("\n", " ") == (
        f"No frequency differs beyond chance from what the model expects of {len(summary):,} customers"
    )
    assert ax.get_ylabel() == "customers"
    assert [bar.get_height() for bar in ax.patches] == result.actual.tolist()
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), result.expected)
    assert "0: 1,411, expected" in alt(ax)
    means = btyd.conditional_expectation(fit, summary, np.ones(len(summary)), weeks=39)
    ax = btyd.plot_expected(means)
    assert ax.get_ylabel() == "mean purchases after the cut"
    expected = f"{means.n @ means.expected_mean:,.0f}"
    assert ax.get_title("left").replace("\n", " ") == (
        f"{len(summary):,} purchases came after the cut; the model expects {expected}"
    )


@pytest.mark.parametrize(
    ("expected", "title"),
    [
        ([77.0, 18.0, 5.0], "Beyond chance the model expects too many with 0 and too few with 2+ repeat purchases"),
        ([62.0, 24.0, 14.0], "No frequency differs beyond chance from what the model expects of 100 customers"),
    ],
)
def test_a_miss_is_named_where_an_interval_carries_it(expected, title):
    table = pd.DataFrame({"frequency_group": ["0", "1", "2+"], "actual": [60, 25, 15], "expected": expected})
    assert btyd.plot_expected(table).get_title("left").replace("\n", " ") == title
    few = table.assign(actual=[5, 0, 0], expected=[1.0, 2.0, 2.0])
    assert "No frequency differs beyond chance" in btyd.plot_expected(few).get_title("left")


# -- One customer -------------------------------------------------------------------------------------------------


def test_the_history_of_a_chance_is_that_of_each_day(fit):
    days = ["2024-01-01", "2024-02-01", "2024-02-01", dt.date(2024, 4, 15), "2024-09-09"]
    result = btyd.alive_history(fit, days, until="2024-06-30")
    assert result.date.tolist() == pd.date_range("2024-01-01", "2024-06-30").tolist()
    assert result.date[result.bought].dt.strftime("%m-%d").tolist() == ["01-01", "02-01", "04-15"]
    for row in result.iloc[::36].itertuples():
        orders = pd.DataFrame(
            {"customer_id": 1, "order_date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-04-15"]), "amount": 1.0}
        )
        then = btyd.purchase_summary(orders, until=row.date)
        assert row.p_alive == pytest.approx(fit.p_alive(then)[0], rel=1e-12)
        assert (row.frequency, row.weeks) == (then.frequency[0], then.age_weeks[0])
    change = result.p_alive.diff()
    assert (change[result.bought & (result.frequency > 1)] > 0).all()  # a purchase says that the customer is alive
    assert (change[~result.bought].dropna() <= 0).all()
    assert (result.p_alive[result.frequency == 0] == 1).all()


def test_a_picture_of_a_history(fit):
    result = btyd.alive_history(fit, ["2024-01-01", "2024-02-01"], until="2024-06-30")
    ax = btyd.plot_alive_history(result)
    assert ax.get_title("left").replace("\n", " ") == (
        f"After 21.4 silent weeks the model gives {100 * result.p_alive.iloc[-1]:.0f} % that the customer is alive"
    )
    assert ax.get_ylabel() == "chance that the customer is alive"
    assert ax.get_ylim() == (0, 1.04)
    assert "rises at 2 purchases" in alt(ax)
    assert ax.lines[-1].get_xdata().tolist() == result.weeks[result.bought].tolist()


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda fit, _: btyd.alive_history(fit, ["2024-03-01"], until="2024-01-01"),
            ArgumentError,
            "no purchase up to 2024-01-01",
        ),
        (lambda fit, _: btyd.alive_history(fit, [], until="2024-01-01"), ArgumentError, "no purchase up to"),
        (lambda fit, _: btyd.alive_history(fit, ["yesterday"], until="2024-01-01"), ArgumentError, "`days` must be a day"),
        (lambda _, donors: btyd.alive_history(donors, ["2024-01-01"], until="2024-02-01"), ArgumentError, "purchases in weeks"),
        (lambda _, donors: btyd.tracking(donors, "orders.csv", fitted_until="2024-02-01"), ArgumentError, "purchases in weeks"),
        (lambda fit, _: btyd.tracking(fit, "none.csv", fitted_until="2024-02-01"), DataError, "no file 'none.csv'"),
        (
            lambda *_: btyd.plot_tracking(pd.DataFrame({"week": [1]})),
            DataError,
            "no column `actual`.*Give what `btyd.tracking`",
        ),
        (lambda *_: btyd.plot_tracking(3), DataError, "must be a DataFrame; it is int. Give what `btyd.tracking`"),
        (lambda *_: btyd.plot_expected(pd.DataFrame(columns=["frequency_group", "actual", "expected"])), DataError, "is empty"),
        (lambda *_: btyd.plot_alive_history(pd.DataFrame()), DataError, "no column `weeks`"),
        (lambda *_: btyd.frequencies(3, 4), ArgumentError, "must be a fit of purchases"),
    ],
)
def test_refusals(fit, donors, call, kind, words):
    with pytest.raises(kind, match=words):
        call(fit, donors)


def test_a_fit_with_covariates_is_refused(summary, orders):
    with_club = btyd.fit_bgnbd(summary.assign(club=np.arange(len(summary)) % 2), covariates=["club"])
    for call in (
        lambda: btyd.tracking(with_club, orders, fitted_until=CALIBRATION_END),
        lambda: btyd.frequencies(with_club, summary),
        lambda: btyd.alive_history(with_club, ["2024-01-01"], until="2024-02-01"),
    ):
        with pytest.raises(ArgumentError, match="without covariates"):
            call()


def test_too_short_to_track(fit):
    orders = pd.DataFrame({"customer_id": ["a", "b"], "order_date": pd.to_datetime(["2024-01-01", "2024-01-05"])})
    with pytest.raises(DataError, match="not one whole week"):
        btyd.tracking(fit, orders, fitted_until="2024-01-05")
    with pytest.raises(DataError, match="not one whole week"):
        btyd.tracking(fit, orders, fitted_until="2023-01-05")


# -- Opportunities ------------------------------------------------------------------------------------------------


@given(
    frames("orders"), st.sampled_from(["year", "quarter", "month", "week"]), st.dates(dt.date(2024, 1, 1), dt.date(2025, 3, 1))
)
def test_periods_equal_a_plain_count(orders, period, until):
    until = max(pd.Timestamp(until), orders.order_date.min())
    code = {"year": "Y", "quarter": "Q", "month": "M", "week": "W"}[period]

    def ordinal(day):
        return pd.Period(day, code).ordinal

    over = ordinal(until + pd.Timedelta(days=1)) - 1  # the last period that has ended by the evening of ``until``
    rows = []
    for customer, bought in orders[orders.order_date <= until].groupby("customer_id"):
        first = min(map(ordinal, bought.order_date))
        later = {ordinal(day) for day in bought.order_date if first < ordinal(day) <= over}
        rows.append((customer, len(later), max(later, default=first) - first, max(over - first, 0)))
    expected = pd.DataFrame(rows, columns=["customer_id", "frequency", "recency_periods", "age_periods"])
    if not expected.age_periods.any():
        with pytest.raises(DataError, match=f"nobody has been a customer for a whole {period}"):
            btyd.period_summary(orders, period=period, until=until)
        return
    pd.testing.assert_frame_equal(btyd.period_summary(orders, period=period, until=until), expected, check_dtype=False)


def test_periods_are_years_quarters_months_or_weeks(orders):
    with pytest.raises(ArgumentError, match="`period` must be one of 'year', 'quarter', 'month', 'week'"):
        btyd.period_summary(orders, period="day")


def test_periods_of_cdnow_fit(orders):
    table = btyd.period_summary(orders, period="month", until="1998-06-30")
    assert table.age_periods.max() == 17
    assert btyd.fit_bgbb(table).weak == ()


# -- Revenue ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def money() -> btyd.SpendFit:
    return cdnow_spend()


def test_revenue_and_its_two_errors(fit, money, summary):
    """Against a plain simulation: parameters known, the rates of every customer drawn again."""
    ahead = btyd.forecast_revenue(fit, money, summary, weeks=39, level=0.9, draws=400, seed=1)
    expected = fit.predict(summary, 39).purchases * money.predict(summary).spend
    assert ahead.revenue == pytest.approx(expected.sum())
    assert ahead.purchases == pytest.approx(fit.predict(summary, 39).purchases.sum())
    rng = np.random.default_rng(5)
    p, q, v = money.params
    x, age = (summary[name].to_numpy(float) for name in ("frequency", "age_weeks"))
    spent = (x * summary.monetary_value.fillna(0)).to_numpy()
    r, alpha, a, b = fit.params
    totals, alive = [], fit.p_alive(summary)
    for _ in range(1_000):
        rate, chance = rng.gamma(r + x) / (alpha + age), rng.beta(a, b + x)
        counts = np.minimum(rng.poisson(rate * 39), rng.geometric(chance)) * (rng.random(x.size) < alive)
        scale = rng.gamma(p * x + q) / (v + spent)
        totals.append((rng.gamma(np.maximum(p * counts, 1e-12)) * (counts > 0) / scale).sum())
    assert ahead.revenue == pytest.approx(np.mean(totals), abs=4.5 * np.std(totals) / 31)
    assert ahead.chance == pytest.approx(np.std(totals), rel=0.06)
    wide = 1.6448536 * np.hypot(ahead.parameter_error, ahead.chance)
    assert ahead.high == pytest.approx(ahead.revenue + wide)
    assert ahead.low == pytest.approx(max(ahead.revenue - wide, 0))
    assert (ahead.n, ahead.n_excluded) == (2357, 0)
    assert "The next 39 weeks of 2,357 customers" in str(ahead.summary())


def test_chance_of_revenue_has_a_formula(fit, money, summary):
    """Var of p N / rate with N purchases at a rate from gamma(p x + q): sums of its moments, for customers with x = 1."""
    alike = pd.concat([summary[summary.frequency == 1].head(1)] * 200, ignore_index=True)
    ahead = btyd.forecast_revenue(fit, money, alike, weeks=39, draws=2_000, seed=1)
    p, q, v = money.params
    r, alpha, a, b = fit.params
    rng = np.random.default_rng(2)
    rate = rng.gamma(r + 1, size=400_000) / (alpha + alike.age_weeks[0])
    counts = np.minimum(rng.poisson(39 * rate), rng.geometric(rng.beta(a, b + 1, rate.size)))
    counts = counts * (rng.random(rate.size) < fit.p_alive(alike.head(1))[0])
    first, second = counts.mean(), (counts**2).mean()
    shape, scale = p + q, v + alike.monetary_value[0]
    squared = scale**2 / ((shape - 1) * (shape - 2))
    variance = (p * first + p**2 * second) * squared - (p * first * scale / (shape - 1)) ** 2
    assert ahead.chance == pytest.approx(np.sqrt(200 * variance), rel=0.04)


def test_the_error_of_revenue_is_what_draws_of_the_parameters_say(fit, money, summary):
    some = summary.head(10)
    ahead = btyd.forecast_revenue(fit, money, some, weeks=39, draws=20, seed=1)
    rng = np.random.default_rng(6)
    totals = []
    rows, (x, mean) = histories.read_histories(some, fit.model), histories.read_spend(some)
    for _ in range(600):
        one, other = (rng.multivariate_normal(each.estimate.optimum, each.estimate.covariance) for each in (fit, money))
        spend = gamma_gamma.expected_spend(np.exp(other)[:, None], x, mean)[0]
        moved = prediction.expected_purchases(fit.model, known(one, "bgnbd"), rows, 39.0, 0.0, jacobian=False)
        totals.append((moved.purchases * spend).sum())
    assert ahead.parameter_error == pytest.approx(np.std(totals), rel=0.1)


def test_chance_matters_less_the_more_customers_there_are(fit, money, summary):
    """Chance adds up by squares, what is not known of the parameters does not."""
    few, many = (
        btyd.forecast_revenue(fit, money, pd.concat([summary] * times, ignore_index=True), weeks=39, draws=60, seed=1)
        for times in (1, 4)
    )
    assert many.chance / many.revenue == pytest.approx(few.chance / few.revenue / 2, rel=0.1)
    assert many.parameter_error / many.revenue == pytest.approx(few.parameter_error / few.revenue, rel=1e-6)
    assert many.revenue == pytest.approx(4 * few.revenue)


def test_a_picture_of_values(fit, money, summary):
    values = btyd.customer_value(fit, money, summary, annual_rate=0.15)
    ax = values.plot()
    sizes = values.table.discounted_spend.sort_values(ascending=False).to_numpy()
    first = np.array_split(sizes, 10)[0].sum() / sizes.sum()
    assert (
        ax.get_title("left").replace("\n", " ")
        == f"The model expects {100 * first:.0f} % of what is to come from the first tenth of customers"
    )
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(
        [part.sum() / sizes.sum() for part in np.array_split(sizes, 10)]
    )
    assert f"tenth 1: {100 * first:.1f} %" in alt(ax)
    text = str(values.summary())
    assert "Together, for ever, at 15.0 % a year" in text
    assert "Customers: 2,357" in text
    few = summary.head(100)
    ever, shorter = (btyd.customer_value(fit, money, few, annual_rate=0.15, weeks=weeks) for weeks in (np.inf, 52))
    assert "for 52 weeks" in str(shorter.summary())
    assert shorter.total < ever.total
    assert btyd.customer_value(fit, money, few, annual_rate=0.3).total < ever.total
