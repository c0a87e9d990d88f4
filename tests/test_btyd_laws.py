"""Laws of the models of purchases and spend: what must hold whatever the parameters, and what the data cannot say."""

import re

import numpy as np
import pandas as pd
import pytest
from btyd_samples import (
    FITS,
    HOLDOUT,
    TRUTHS,
    WEEKLY,
    cdnow,
    cdnow_fit,
    cdnow_spend,
    donations,
    drawn,
    drawn_fit,
    expectation,
    fit_at,
    history,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crmlab import btyd
from crmlab.btyd.models import MODELS
from crmlab.errors import CrmlabWarning

every_model = pytest.mark.parametrize("kind", FITS)
fewer = settings(max_examples=settings.default.max_examples // 2)


# -- Laws ---------------------------------------------------------------------------------------------------------


def positive(low: float, high: float):
    return st.floats(np.log(low), np.log(high)).map(np.exp)


def thetas(kind: str):
    """Parameters of a model: those in units of time may be larger."""
    model = MODELS[kind]
    ranges = [(0.1, 200) if name in model.scale_parameters else (0.05, 50) for name in model.likelihood.parameters]
    return st.tuples(*(positive(*ends) for ends in ranges))


@given(st.data(), st.integers(1, 50), positive(0.1, 100))
@every_model
def test_silence_never_makes_life_more_likely(kind, data, x, recency):
    fit = fit_at(kind, data.draw(thetas(kind)))
    whole = fit.model.counts_periods
    recency = max(x, int(recency)) if whole else recency
    silent = np.arange(0, 40) * (1 if whole else 2.5)
    table = pd.DataFrame(dict(zip(fit.model.columns, (x, recency, recency + silent), strict=True)))
    alive = fit.p_alive(table)
    assert (alive >= 0).all()
    assert (alive <= 1).all()
    assert (np.diff(alive) <= 1e-9).all()


@pytest.mark.parametrize(("kind", "sure"), [("bgnbd", True), ("mbgnbd", False), ("pareto_nbd", False)])
@given(st.data(), positive(0.1, 500))
def test_who_never_came_back(kind, sure, data, age):
    """In BG/NBD customers drop out at repeat purchases only, so one without is surely alive; the other models know better."""
    p_alive = fit_at(kind, data.draw(thetas(kind))).p_alive(history(0, 0, age))[0]
    assert p_alive == 1 if sure else p_alive < 1


@every_model
def test_frequencies_have_chances_that_add_up(kind):
    """Chances to 1; n times chance to the expectation; and both to what simulation counts."""
    truth = TRUTHS[kind]
    fit = fit_at(kind, truth)
    weeks, top = (6, 6) if fit.model.counts_periods else (20.0, 400)
    chance = fit.model.pmf(np.array([*truth.values()])[:, None], np.array([float(weeks)]), top)[:, 0]
    assert (chance >= 0).all()
    assert chance.sum() == pytest.approx(1, abs=1e-9)
    assert np.arange(top + 1) @ chance == pytest.approx(fit.expected_purchases_new_customer(weeks), rel=1e-7)
    many = btyd.simulate_purchases(kind, truth, customers=40_000, weeks=weeks, seed=8)
    assert many.frequency.mean() == pytest.approx(
        fit.expected_purchases_new_customer(weeks), abs=4.5 * many.frequency.std() / 200
    )
    counts = np.bincount(many.frequency.clip(upper=6), minlength=7)
    expected = 40_000 * np.append(chance[:6], 1 - chance[:6].sum())
    assert ((counts - expected) ** 2 / expected).sum() < stats.chi2.isf(1e-4, 6)


@every_model
def test_order_and_repetition_of_rows_do_not_matter(kind):
    table, fit = drawn(kind).head(1_000), FITS[kind](drawn(kind).head(1_000))
    shuffled = FITS[kind](table.sample(frac=1, random_state=1))
    np.testing.assert_allclose(shuffled.params, fit.params, rtol=1e-7)
    assert shuffled.loglik == pytest.approx(fit.loglik, rel=1e-12)
    thrice = FITS[kind](pd.concat([table] * 3))
    np.testing.assert_allclose(thrice.params, fit.params, rtol=1e-4)
    assert thrice.loglik == pytest.approx(3 * fit.loglik, rel=1e-9)
    np.testing.assert_allclose(thrice.table.std_error, fit.table.std_error / np.sqrt(3), rtol=1e-3)
    np.testing.assert_allclose(fit.predict(table.iloc[::-1]).purchases, fit.predict(table).purchases[::-1], rtol=1e-9)


def test_a_count_of_customers_is_rows_repeated():
    some = donations().assign(customers=donations().customers // 20)
    repeated = some.loc[some.index.repeat(some.customers)].drop(columns="customers")
    counted, plain = btyd.fit_bgbb(some), btyd.fit_bgbb(repeated)
    np.testing.assert_allclose(counted.params, plain.params, rtol=1e-6)
    assert (counted.loglik, counted.n) == (pytest.approx(plain.loglik), plain.n)
    assert counted.bic == pytest.approx(plain.bic)


@pytest.mark.parametrize("kind", WEEKLY)
def test_the_unit_of_time_scales_alpha_and_beta_only(kind):
    """Days instead of weeks; each purchase is a density, so the likelihood falls by x log 7."""
    fit, weeks = cdnow_fit(kind), cdnow()
    days = weeks.assign(recency_weeks=7 * weeks.recency_weeks, age_weeks=7 * weeks.age_weeks)
    other = FITS[kind](days)
    scale = [7 if name in fit.model.scale_parameters else 1 for name in fit.params.index]
    np.testing.assert_allclose(other.params, fit.params * scale, rtol=1e-4)
    assert other.loglik == pytest.approx(fit.loglik - weeks.frequency.sum() * np.log(7), abs=1e-5)


def test_the_unit_of_money_scales_v_only():
    one, other = cdnow_spend(), btyd.fit_gamma_gamma(cdnow().assign(monetary_value=100 * cdnow().monetary_value))
    np.testing.assert_allclose(other.params, one.params * [1, 1, 100], rtol=1e-4)
    assert other.loglik == pytest.approx(one.loglik - 946 * np.log(100), abs=1e-5)


@given(st.data(), st.integers(0, 40), positive(0.5, 60), st.floats(0, 1), st.integers(1, 20), st.integers(1, 20))
@every_model
@fewer
def test_expected_purchases_grow_and_add_up(kind, data, x, recency, silent, near, far):
    """The first weeks, and the weeks after them for who lives so long: its discount is a product, too."""
    theta = data.draw(thetas(kind))
    fit = fit_at(kind, theta)
    whole = fit.model.counts_periods
    recency = (max(x, int(recency)) if whole else recency) if x else 0
    age = recency + (int(20 * silent) if whole else 20 * silent) + (x == 0)
    at = history(x, recency, age, fit.model.unit)
    first, both = (expectation(fit, at, ahead).purchases[0] for ahead in (near, near + far))
    assert 0 <= first <= both * (1 + 1e-12)
    if kind == "pareto_nbd":  # what is left: alive, and silent about purchases, so weigh by death only
        r, alpha, s, beta = theta
        alive = fit.p_alive(at)[0]
        lives = ((beta + age) / (beta + age + near)) ** s
        moved = fit.model.expected_if_alive(
            np.array([r, alpha + 0.0, s, beta + near])[:, None], np.array([float(x)]), np.array([age]), far, 0.0
        )
        assert both == pytest.approx(first + alive * lives * moved[0], rel=1e-8)
    # a discount of nothing is none, and what is discounted is less
    assert expectation(fit, at, near, 1e-12).purchases[0] == pytest.approx(first, rel=1e-7)
    assert expectation(fit, at, near, 0.5).purchases[0] <= first
    rate = 0.2
    share = (1 + rate) ** (-near / (1 if whole else 52))
    late, whole = (expectation(fit, at, ahead, rate).purchases[0] for ahead in (near, near + far))
    assert whole - late <= share * (both - first) * (1 + 1e-9) + 1e-12


@every_model
def test_an_infinite_horizon_is_the_limit_of_finite_ones(kind):
    few = drawn(kind).head(50)
    ends = [drawn_fit(kind).predict(few, weeks, annual_rate=0.1).purchases for weeks in (100, 10_000, np.inf)]
    np.testing.assert_allclose(ends[1], ends[2], rtol=1e-7)
    assert (ends[0] < ends[1]).all()


@every_model
def test_intervals_errors_and_criteria(kind):
    fit = drawn_fit(kind)
    half, wide = fit.interval(0.5), fit.interval(0.99)
    assert ((wide.low < half.low) & (half.low < fit.params.to_numpy())).all()
    assert ((fit.params.to_numpy() < half.high) & (half.high < wide.high)).all()
    assert (wide.low > 0).all()
    normal = stats.norm.ppf(0.975)
    error = fit.table.std_error / fit.table.estimate
    np.testing.assert_allclose(fit.interval().low, fit.table.estimate * np.exp(-normal * error), rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov)), fit.table.std_error, rtol=1e-12)
    np.testing.assert_array_equal(fit.cov, fit.cov.T)
    assert fit.aic == pytest.approx(2 * fit.params.size - 2 * fit.loglik)
    assert fit.bic == pytest.approx(fit.params.size * np.log(6_000) - 2 * fit.loglik)
    ahead = fit.predict(drawn(kind).head(200), HOLDOUT[kind], level=0.9)
    assert ((ahead.low < ahead.purchases) & (ahead.purchases < ahead.high)).all()
    factor = np.exp(stats.norm.ppf(0.95) * ahead.std_error / ahead.purchases)
    np.testing.assert_allclose(ahead.high, ahead.purchases * factor, rtol=1e-12)
    np.testing.assert_allclose(ahead.low, ahead.purchases / factor, rtol=1e-12)


def test_two_uncertainties_that_differ():
    """Four times the customers halve the error of an expectation; what one customer does stays as wide."""
    fit, small = drawn_fit("bgnbd"), btyd.fit_bgnbd(drawn("bgnbd").head(1_500))
    busy = drawn("bgnbd").nlargest(40, "frequency")
    errors = small.predict(busy).std_error / fit.predict(busy).std_error
    assert 1.4 < errors.median() < 2.8
    wide = [each.forecast(busy, draws=400, seed=1) for each in (small, fit)]
    widths = [(each.high - each.low).mean() for each in wide]
    assert widths[0] == pytest.approx(widths[1], rel=0.15)
    assert (wide[1].high - wide[1].low).mean() > 5 * fit.predict(busy, level=0.9).pipe(lambda each: each.high - each.low).mean()


def test_spend_is_between_that_of_the_customer_and_that_of_all():
    fit, table = cdnow_spend(), cdnow()
    spend = fit.predict(table)
    known = table.frequency > 0
    np.testing.assert_allclose(spend.spend[~known], fit.mean, rtol=1e-12)
    mean = table.monetary_value[known]
    assert (spend.spend[known] >= np.minimum(mean, fit.mean) - 1e-9).all()
    assert (spend.spend[known] <= np.maximum(mean, fit.mean) + 1e-9).all()
    assert fit.aic == pytest.approx(6 - 2 * fit.loglik)
    assert fit.bic == pytest.approx(3 * np.log(946) - 2 * fit.loglik)


def test_independence_of_spend():
    """Fader, Hardie & Lee (2005), RFM and CLV: .06 between frequency and mean spend, in the whole cohort."""
    facts = dict(btyd.spend_independence(cdnow()).facts)
    assert facts["Customers with a repeat purchase"] == 946
    repeaters = cdnow()[cdnow().frequency > 0]
    rank = stats.spearmanr(repeaters.frequency, repeaters.monetary_value).statistic
    assert facts["Spearman's correlation"].startswith(f"{rank:.3f} ")
    wide = stats.norm.ppf(0.975) * np.sqrt((1 + rank**2 / 2) / 943)  # Bonett & Wright (2000)
    low, high = np.tanh(np.arctanh(rank) + np.array([-wide, wide]))
    assert f"interval {low:.3f} to {high:.3f})" in facts["Spearman's correlation"]
    tied = repeaters.assign(monetary_value=repeaters.monetary_value * repeaters.frequency**2)
    assert "come out too low" in btyd.spend_independence(tied).note
    tied = repeaters.assign(monetary_value=repeaters.monetary_value / repeaters.frequency**2)
    assert "come out too high" in btyd.spend_independence(tied).note


# -- Weak fits ------------------------------------------------------------------------------------------------------


def nobody_drops_out(rates: float = np.inf, customers: int = 2_000) -> pd.DataFrame:
    """Everybody buys at one rate, or at rates of a gamma distribution of this shape, and nobody drops out."""
    rng = np.random.default_rng(4)
    x = rng.poisson(4 if np.isinf(rates) else rng.gamma(rates, 4 / rates, customers), customers)
    recency = np.where(x > 0, 40 * rng.random(customers) ** (1 / np.maximum(x, 1)), 0.0)
    return pd.DataFrame({"frequency": x, "recency_weeks": recency, "age_weeks": 40.0})


@pytest.mark.parametrize(
    ("kind", "rates"), [("bgnbd", np.inf), ("mbgnbd", np.inf), ("pareto_nbd", np.inf), ("bgnbd", 1.5), ("pareto_nbd", 1.5)]
)
def test_what_the_data_do_not_say_is_named(kind, rates):
    table = nobody_drops_out(rates)
    fit = FITS[kind](table)
    assert fit.weak
    assert set(fit.weak) <= set(fit.params.index)
    weak = fit.table.parameter.isin(fit.weak)
    assert fit.table.std_error[weak].isna().all()
    assert fit.interval().low[weak].isna().all()
    assert fit.cov.loc[list(fit.weak)].isna().all(axis=None)
    text = str(fit.summary())
    assert "(nearly) nothing about" in text
    assert all(name in text for name in fit.weak)
    ahead = fit.predict(table, 10)
    assert np.isfinite(ahead.to_numpy()).all()
    assert ahead.purchases.mean() == pytest.approx(table.frequency.mean() / 4, rel=0.02)  # ten of forty weeks


@every_model
def test_slopes_are_those_of_the_expectation(kind):
    few, fit, h = drawn(kind).head(30), drawn_fit(kind), 1e-4
    jacobian = expectation(fit, few, HOLDOUT[kind], 0.1, jacobian=True).jacobian
    for place, slope in enumerate(jacobian):
        ends = []
        for sign in (1, -1):
            moved = fit.estimate.optimum + sign * h * (np.arange(fit.params.size) == place)
            ends.append(expectation(fit_at(kind, np.exp(moved)), few, HOLDOUT[kind], 0.1).purchases)
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * h), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("customers", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_many_customers_by_the_day(customers):
    """Of a million a peer's likelihood runs off to +3e19, without a word."""
    truth = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    table = btyd.simulate_purchases("bgnbd", truth, customers=customers, weeks=(27.0, 39.0), seed=1)
    for name in ("recency_weeks", "age_weeks"):
        table[name] = np.ceil(7 * table[name]) / 7
    fit = btyd.fit_bgnbd(table)
    assert fit.n == customers
    assert fit.loglik / customers == pytest.approx(-9582.4 / 2357, rel=0.05)
    np.testing.assert_allclose(
        fit.params, [*truth.values()], rtol=0.06 if customers > 1e5 else 0.1
    )  # rounding to days moves them a little
    assert (fit.table.std_error / fit.table.estimate < 30 / np.sqrt(customers)).all()


def test_spend_with_too_heavy_a_tail():
    table = btyd.simulate_spend({"p": 0.6, "q": 0.8, "v": 15.0}, np.arange(6_000) % 4, seed=1)
    fit = btyd.fit_gamma_gamma(table)
    assert fit.params["q"] == pytest.approx(0.8, rel=0.1)
    assert np.isnan(fit.mean)
    assert "does not exist" in str(fit.summary())
    p, q, _ = fit.params
    none = p * table.frequency + q <= 1
    assert none.any()
    assert not none.all()
    words = re.escape(f"the mean spend of {none.sum():,} customers does not exist")
    with pytest.warns(CrmlabWarning, match=words):
        result = fit.predict(table)
    assert result[none][["spend", "std_error", "low", "high"]].isna().all(axis=None)
    assert (result.loc[~none, ["spend", "std_error", "low", "high"]] > 0).all(axis=None)
    bought = btyd.simulate_purchases("bgnbd", TRUTHS["bgnbd"], customers=1_000, weeks=39.0, seed=1)
    amounts = btyd.simulate_spend({"p": 0.6, "q": 0.8, "v": 15.0}, bought.frequency, seed=2)
    bought["monetary_value"] = amounts.monetary_value
    n_undefined = int((p * bought.frequency + q <= 1).sum())
    with pytest.warns(CrmlabWarning, match=f"{n_undefined:,} customers"):
        values = btyd.customer_value(btyd.fit_bgnbd(bought), fit, bought)
    assert values.table.discounted_spend.isna().sum() == n_undefined
    assert np.isfinite(values.total)
    assert values.total == pytest.approx(values.table.discounted_spend.sum())
    assert (values.table.discounted_spend.dropna() >= 0).all()
    assert f"left out: {n_undefined:,}" in str(values.summary())
    with pytest.warns(CrmlabWarning, match=f"{n_undefined:,} customers"):
        ahead = btyd.forecast_revenue(btyd.fit_bgnbd(bought), fit, bought, draws=50, seed=1)
    assert (ahead.n_excluded, ahead.n) == (n_undefined, 1_000 - n_undefined)
    assert f"Left out, because their mean spend does not exist: {n_undefined:,}" in str(ahead.summary())
