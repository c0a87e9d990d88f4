"""Strange but legal tables, and a few that are not: what a hostile reader tried on the models of purchases."""

import numpy as np
import pandas as pd
import pytest
from btyd_samples import FITS, WITH_COVARIATES, observations
from mpmath import mp, mpf
from scipy import stats

from crmlab import btyd
from crmlab._likelihood import Likelihood, newton_trust_region
from crmlab.btyd import bgnbd, models, pochhammer
from crmlab.errors import ArgumentError, DataError

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    return btyd.simulate_purchases("bgnbd", CDNOW, customers=1_500, weeks=(20, 39), seed=1)


@pytest.mark.parametrize("kind", WITH_COVARIATES)
def test_the_unit_of_a_covariate_does_not_matter(kind, drawn):
    """A share, a year, an income: the coefficient takes the unit, all else stays."""
    z = np.random.default_rng(3).normal(size=len(drawn))
    plain, fit = drawn.assign(z=z), FITS[kind]
    base = fit(plain, covariates=["z"])
    k = len(base.model.likelihood.parameters)
    few = plain.head(100)
    ahead = base.predict(few)
    for factor, middle in ((1, 2_000), (1e6, 0), (0.001, 0)):
        other = drawn.assign(z=factor * z + middle)
        same = fit(other, covariates=["z"])
        assert same.loglik == pytest.approx(base.loglik, abs=1e-7)
        assert same.weak == base.weak
        table, expected = same.table.iloc[k:], base.table.iloc[k:]
        np.testing.assert_allclose(table.estimate * factor, expected.estimate, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(table.std_error * factor, expected.std_error, rtol=1e-4)
        now = same.predict(other.head(100))
        np.testing.assert_allclose(now.purchases, ahead.purchases, rtol=1e-5)
        np.testing.assert_allclose(now.std_error, ahead.std_error, rtol=0.01)


def test_customers_who_share_covariates_share_their_curve(drawn):
    """Predictions by groups of equal covariates equal those of each customer alone."""
    many = drawn.head(1_000).assign(z=lambda rows: rows.customer_id % 2)
    many["age_weeks"] += np.linspace(0, 1, len(many))
    fit = btyd.fit_bgnbd(many, covariates=["z"])
    together = fit.predict(many, 52, annual_rate=0.1).purchases
    alone = pd.concat([fit.predict(many.iloc[[row]], 52, annual_rate=0.1) for row in range(20)]).purchases
    np.testing.assert_allclose(together.head(20), alone, rtol=1e-9)


@pytest.mark.parametrize("given", ["z", None, 5, [1]])
def test_covariates_are_a_list_of_names(drawn, given):
    with pytest.raises(ArgumentError, match="`covariates` must be a list of column names"):
        btyd.fit_bgnbd(drawn, covariates=given)


def test_customers_nearly_alike_are_no_failure():
    """The likelihood runs up a ridge of ever larger r and alpha; it must not drown in rounding there."""
    alike = btyd.simulate_purchases(
        "mbgnbd", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, customers=150, weeks=(14, 26), seed=182
    )
    fit = btyd.fit_mbgnbd(alike)
    assert fit.weak == ("r", "alpha")
    assert np.isfinite(fit.predict(alike).purchases).all()
    x, recency, age = np.array([3.0]), np.array([20.0]), np.array([39.0])
    r, alpha = 1e15, 2e16
    theta = np.array([[r], [alpha], [0.8], [2.4]])
    loglik = bgnbd.loglik_score_hessian(theta, x, recency, age, dropout_at_first_purchase=False)[0][0]
    mp.dps = 60
    r, alpha, a, b = mpf(r), mpf(alpha), mpf(0.8), mpf(2.4)
    alive = mp.rf(r, 3) * alpha**r * (alpha + 39) ** -(r + 3)
    dead = mp.rf(r, 3) * alpha**r * (alpha + 20) ** -(r + 3) * a / (b + 2)
    exact = mp.log(mp.rf(b, 3) / mp.rf(a + b, 3) * (alive + dead))
    assert loglik == pytest.approx(float(exact), rel=1e-9)


def test_nothing_ahead_is_nothing(drawn):
    fit = btyd.fit_bgnbd(drawn)
    nothing = fit.predict(drawn, 0)
    assert (nothing[["purchases", "std_error", "low", "high"]] == 0).all(axis=None)
    spend = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, drawn.frequency, seed=2)
    both = drawn.assign(monetary_value=spend.monetary_value)
    values = btyd.customer_value(fit, btyd.fit_gamma_gamma(both), both, weeks=0)
    assert (values.total, values.interval()) == (0, (0, 0))
    with pytest.raises(DataError, match="nobody is expected to spend anything"):
        values.plot()


def test_what_is_hardly_known_is_not_taken_as_known():
    """Three hundred customers: the interval of what is to be expected stays wide where a parameter is weak."""
    few = btyd.simulate_purchases(
        "pareto_nbd", {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}, customers=120, weeks=30, seed=5
    )
    fit = btyd.fit_pareto_nbd(few)
    assert fit.weak
    eigenvalues = np.linalg.eigvalsh(fit.estimate.covariance)
    assert eigenvalues.max() > 10
    assert fit.table.std_error[fit.estimate.unidentified].isna().all()


def test_two_kinds_of_spenders_are_found():
    """Half the customers spend about 1, half about 1,000: of two ridges, 0.7 apart, the higher one.

    On the lower one each customer always pays the same (p without end), on the higher one all are alike (q without end).
    """
    rng = np.random.default_rng(5)
    mean = np.concatenate([rng.normal(1, 0.1, 300), rng.normal(1_000, 10, 300)])
    fit = btyd.fit_gamma_gamma(pd.DataFrame({"frequency": 3, "monetary_value": mean}))
    assert fit.loglik == pytest.approx(-3_615.155, abs=0.01)
    assert fit.weak == ("q", "v")


def test_who_always_pays_the_same_is_inverse_gamma():
    """Means that do not depend on how many they are of: p without end, and what is left is an inverse gamma distribution.

    On the way p reaches 1e9, where differences of log-gamma functions have no digit left.
    """
    rng = np.random.default_rng(5)
    x = rng.geometric(0.4, 2_000)
    mean = 30 / rng.gamma(2.0, size=x.size)
    fit = btyd.fit_gamma_gamma(pd.DataFrame({"frequency": x, "monetary_value": mean}))
    shape, _, scale = stats.invgamma.fit(mean, floc=0)
    assert fit.loglik == pytest.approx(stats.invgamma.logpdf(mean, shape, scale=scale).sum(), abs=1e-4)
    assert fit.params["q"] == pytest.approx(shape, rel=1e-4)
    assert fit.weak == ("p", "v")


@pytest.mark.parametrize("start", [1e-3, 7.0, 299.0, 301.0, 1e5, 1e10, 1e15])
def test_rising_products_of_any_size(start):
    """log(Gamma(start + steps) / Gamma(start)) and its derivatives, against sixty digits."""
    mp.dps = 60
    steps = np.array([0.02, 1.0, 3.7, 1e3])
    result = pochhammer.log_pochhammer(np.full(4, start), steps)
    near = 1e-10 if start < 300 else 1e-14
    for place, each in enumerate(steps):
        ends = mpf(start) + mpf(each)
        exact = mp.loggamma(ends) - mp.loggamma(start), mp.digamma(ends) - mp.digamma(start), mp.psi(1, ends) - mp.psi(1, start)
        for value, right in zip(result, exact, strict=True):
            assert value[place] == pytest.approx(float(right), rel=near)


@pytest.mark.parametrize(
    ("kind", "truth", "customers", "weeks", "seed", "lower"),
    [
        ("mbgnbd", {"r": 0.11, "alpha": 2.2, "a": 0.2, "b": 5.1}, 220, 52, 466, 1.927),  # nothing weak told of it
        ("mbgnbd", {"r": 0.39, "alpha": 6.2, "a": 0.29, "b": 3.9}, 170, 23, 892, 0.876),
        ("mbgnbd", {"r": 0.226981, "alpha": 21.5005, "a": 0.0548128, "b": 0.847697}, 2657, 91.5484, 1060537838, 0.544),
        ("bgbb", {"alpha": 0.26, "beta": 1.7, "gamma": 0.4, "delta": 1.6}, 81, 14, 86, 0.050),
    ],
)
def test_no_start_leads_higher_than_the_fit(kind, truth, customers, weeks, seed, lower):
    """Of a few customers there can be two maxima; the best starts, or all on a part of the table, lead to the lower one."""
    summary = btyd.simulate_purchases(kind, truth, customers=customers, weeks=weeks, seed=seed)
    model, rows = models.MODELS[kind].likelihood, observations(kind, summary)
    likelihood = Likelihood(model, rows)
    starts = np.log(model.starts(rows.weight, *rows.columns))
    ends = [likelihood(newton_trust_region(likelihood, start, 1e-8))[0] for start in starts]
    assert max(ends) - min(ends) == pytest.approx(lower, abs=0.001)
    fit = FITS[kind](summary)
    assert fit.loglik == pytest.approx(max(ends), abs=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frequency": 2, "recency_weeks": 0.0}, "no time for a repeat purchase"),
        ({"frequency": 0, "recency_weeks": 3.0}, "`frequency` is 0, but `recency_weeks` is above 0"),
        ({"frequency": 1.5}, "`frequency` is not a whole number"),
        ({"recency_weeks": 99.0}, "the last purchase lies after the end of calibration"),
    ],
)
def test_histories_that_cannot_be(drawn, change, words):
    wrong = drawn.astype({"frequency": float})
    for name, value in change.items():
        wrong.loc[7, name] = value
    with pytest.raises(DataError, match=words) as caught:
        btyd.fit_pareto_nbd(wrong)
    assert "first in row 7" in str(caught.value)


def test_a_column_twice(drawn):
    with pytest.raises(DataError, match="two columns of the name `frequency`"):
        btyd.fit_bgnbd(pd.concat([drawn, drawn[["frequency"]]], axis=1))


def test_rows_that_stand_for_nobody():
    rows = pd.DataFrame({"frequency": [0, 3], "recency_periods": [0, 4], "age_periods": 6, "customers": [1_000, 0]})
    with pytest.raises(DataError, match="nobody has a repeat purchase"):
        btyd.fit_bgbb(rows)


@pytest.mark.parametrize("weeks", [-1, np.nan, "x", 1e300, True])
def test_horizons_that_are_none(drawn, weeks):
    fit = btyd.fit_bgnbd(drawn)
    with pytest.raises(ArgumentError, match="`weeks`"):
        fit.predict(drawn, weeks)
    with pytest.raises(ArgumentError, match="`weeks`"):
        fit.forecast(drawn, weeks, seed=1)


@pytest.mark.parametrize("prior", ["12", (1.0, 1.0), (0.0, 2.0), (1e-300, 2.0), (1.0,)])
def test_priors_that_are_none(drawn, prior):
    with pytest.raises(ArgumentError, match=r"the prior of `r` must be \(median, factor\)"):
        btyd.fit_bgnbd(drawn, prior={"r": prior})
