"""Models of customers without contract: published estimates and predictions, and recovery of known truths.

Published: CDNOW, 2,357 customers, first 39 weeks (Fader, Hardie & Lee 2005; Fader & Hardie 2013), and donations of 11,104
first-time donors (Fader, Hardie & Shang 2010). Standard errors, and estimates of MBG/NBD, were printed by CLVTools and
BTYDplus, predictions by BTYD.
"""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from btyd_samples import (
    FITS,
    HOLDOUT,
    PUBLISHED,
    SPEND,
    TRUTHS,
    WITH_COVARIATES,
    cdnow,
    cdnow_fit,
    cdnow_orders,
    cdnow_spend,
    donations,
    donations_fit,
    drawn,
    drawn_fit,
    expectation,
    fit_at,
    history,
    known,
    observations,
    spend_at,
)
from scipy import special, stats

from crmlab import btyd
from crmlab._likelihood import Estimate, Likelihood
from crmlab.btyd import gamma_gamma, histories, prediction
from crmlab.btyd.models import MODELS
from crmlab.errors import DataError

every_model = pytest.mark.parametrize("kind", FITS)


def printed(values: pd.Series, digits: tuple[int, ...]) -> list[float]:
    return [round(float(value), places) for value, places in zip(values, digits, strict=True)]


# -- Published numbers --------------------------------------------------------------------------------------------


def test_bgnbd_of_cdnow():
    """Fader, Hardie & Lee (2005), table 2; standard errors by CLVTools."""
    fit = cdnow_fit("bgnbd")
    assert printed(fit.params, (3, 3, 3, 3)) == [0.243, 4.414, 0.793, 2.426]
    assert round(fit.loglik, 1) == -9582.4
    assert printed(fit.table.std_error, (4, 3, 3, 3)) == [0.0126, 0.378, 0.186, 0.705]
    assert fit.weak == ()
    assert fit.n == 2357


def test_pareto_nbd_of_cdnow():
    """Fader, Hardie & Lee (2005), table 2; standard errors by CLVTools, but for that of beta: see the next test."""
    fit = cdnow_fit("pareto_nbd")
    assert printed(fit.params, (3, 3, 3, 3)) == [0.553, 10.578, 0.606, 11.669]
    assert round(fit.loglik, 1) == -9595.0
    assert printed(fit.table.std_error[:3], (4, 3, 3)) == [0.0476, 0.843, 0.187]


def test_the_error_of_beta_is_that_of_exact_derivatives():
    """CLVTools prints 6.204, from a numerical Hessian; differences of the closed form say 6.211, as our derivatives do."""
    fit = cdnow_fit("pareto_nbd")
    x, t_x, t = (cdnow()[name].to_numpy() for name in ("frequency", "recency_weeks", "age_weeks"))

    def loglik(at):
        r, alpha, s, beta = np.exp(at)
        power = r + s + x
        most, least, second = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)
        near, far = (
            special.hyp2f1(power, second, power + 1, (most - least) / (most + time)) / (most + time) ** power
            for time in (t_x, t)
        )
        inside = (alpha + t) ** -(r + x) * (beta + t) ** -s + s / power * (near - far)
        front = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        return (front + np.log(inside)).sum()

    assert loglik(fit.estimate.optimum) == pytest.approx(fit.loglik, abs=1e-6)
    h, steps = 1e-3, 1e-3 * np.eye(4)
    hessian = np.array(
        [
            [
                sum(p * q * loglik(fit.estimate.optimum + p * one + q * other) for p in (1, -1) for q in (1, -1)) / (4 * h * h)
                for other in steps
            ]
            for one in steps
        ]
    )
    errors = np.sqrt(np.diag(np.linalg.inv(-hessian))) * fit.params
    assert errors["beta"] == pytest.approx(6.2111, abs=5e-4)
    np.testing.assert_allclose(fit.table.std_error, errors, rtol=1e-4)


def test_mbgnbd_of_cdnow():
    """BTYDplus on the same customers."""
    assert printed(cdnow_fit("mbgnbd").params, (3, 3, 3, 3)) == [0.525, 6.183, 0.891, 1.614]


def test_gamma_gamma_of_cdnow():
    """Fader & Hardie (2013), section 4; standard errors by CLVTools."""
    fit = cdnow_spend()
    assert printed(fit.params, (2, 2, 2)) == [6.25, 3.74, 15.44]
    assert round(fit.loglik, 2) == -4055.92
    assert printed(fit.table.std_error, (2, 3, 2)) == [1.19, 0.290, 4.16]
    assert (fit.n, fit.n_excluded) == (946, 1411)
    assert fit.mean == pytest.approx(fit.params["p"] * fit.params["v"] / (fit.params["q"] - 1))


def test_bgbb_of_donations():
    """Fader, Hardie & Shang (2010), table 3."""
    fit = donations_fit()
    assert printed(fit.params, (3, 3, 3, 3)) == [1.204, 0.750, 0.657, 2.783]
    assert round(fit.loglik, 1) == -33225.6
    assert fit.n == 11_104


def test_predictions_as_printed():
    """By BTYD. Pareto/NBD's belong to the estimates; the others' to the parameters as they are printed."""
    pareto = cdnow_fit("pareto_nbd").predict(history(26, 30.86, 31.0), 52)
    assert round(pareto.p_alive[0], 5) == 0.99792
    assert round(pareto.purchases[0], 3) == 25.456
    bgnbd = fit_at("bgnbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}).predict(history(2, 30.43, 38.86), 39)
    assert round(bgnbd.purchases[0], 4) == 1.2260
    assert round(bgnbd.p_alive[0], 5) == 0.72658
    donors = fit_at("bgbb", {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783})
    donor = history(3, 4, 6, "periods")
    assert round(donors.predict(donor, 5).p_alive[0], 5) == 0.43946
    assert round(donors.predict(donor, 5).purchases[0], 4) == 1.0342
    assert round(donors.predict(donor, np.inf, annual_rate=0.1).purchases[0], 4) == 1.6287
    amount = spend_at([6.25, 3.74, 15.44]).predict(pd.DataFrame({"frequency": [3], "monetary_value": [35.0]}))
    assert round(amount.spend[0], 3) == 35.028


def test_predictions_within_what_rounding_leaves():
    """Unconditional E(52) 1.4732 and DERT 6.4836 of Pareto/NBD: no parameters are known to which the last digit belongs.

    Parameters that round to the printed ones give 1.4709 to 1.4751 and 6.477 to 6.490. That is all that can be said.
    """
    middle = np.array([0.553, 10.578, 0.606, 11.669])
    annual = np.expm1(52 * 0.0027)
    expected, dert = [], []
    for corner in itertools.product((-1, 1), repeat=4):
        fit = fit_at("pareto_nbd", middle + 0.0005 * np.array(corner))
        expected.append(fit.expected_purchases_new_customer(52))
        dert.append(fit.predict(history(2, 30.43, 38.86), np.inf, annual_rate=annual).purchases[0])
    assert min(expected) < 1.4732 < max(expected)
    assert min(dert) < 6.4836 < max(dert)
    assert max(expected) - min(expected) < 0.005
    assert max(dert) - min(dert) < 0.02


def test_holdout_of_cdnow():
    """39 weeks after the cut: 1,882 came. BG/NBD's 1,653.9 belongs to the printed parameters, which are rounded."""
    as_printed = fit_at("bgnbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    models = {"Pareto/NBD": btyd.fit_pareto_nbd, "printed": lambda _: as_printed, "BG/NBD": btyd.fit_bgnbd}
    scores = btyd.holdout(cdnow_orders(), until=["1997-09-30"], weeks=39, fits=models).set_index("model")
    assert set(scores.actual) == {1882}
    assert set(scores.n) == {2357}
    assert round(scores.expected["Pareto/NBD"], 1) == 1665.5
    assert round(scores.mae["Pareto/NBD"], 4) == 0.7545
    assert round(scores.expected["printed"], 1) == 1653.9
    assert round(scores.mae["printed"], 4) == 0.7856
    assert scores.expected["BG/NBD"] == pytest.approx(1653.9, abs=0.6)
    assert scores.mae["BG/NBD"] == pytest.approx(0.7856, abs=0.0002)
    assert (scores.mae[["Pareto/NBD", "BG/NBD"]] < scores.mae["as so far"]).all()


def test_holdout_of_donations():
    """Five more years, of which the fit knows nothing: expected gifts are within three per cent of those that came."""
    came = pd.read_csv(PUBLISHED / "donations_holdout.csv")
    assert came.customers.sum() == donations().customers.sum() == 11_104
    actual = (came.frequency * came.customers).sum()
    expected = (donations_fit().predict(donations(), 5).purchases * donations().customers).sum()
    assert actual == 13_260
    assert expected == pytest.approx(12_884, abs=1)
    assert expected == pytest.approx(actual, rel=0.03)


# -- Recovery -----------------------------------------------------------------------------------------------------


@every_model
def test_recovery(kind):
    """Each within four standard errors, and all together (chi-square with a degree of freedom for each)."""
    fit, truth = drawn_fit(kind), np.array([*TRUTHS[kind].values()])
    off = np.log(fit.params.to_numpy() / truth)
    assert (np.abs(off) < 4 * np.sqrt(np.diag(fit.estimate.covariance))).all()
    assert off @ np.linalg.solve(fit.estimate.covariance, off) < stats.chi2.isf(1e-4, off.size)
    assert fit.weak == ()


def test_recovery_of_spend():
    truth = {"p": 6.25, "q": 3.74, "v": 15.44}
    table = btyd.simulate_spend(truth, np.arange(10_000) % 7, seed=3)
    fit = btyd.fit_gamma_gamma(table)
    off = np.log(fit.params.to_numpy() / np.array([*truth.values()]))
    assert off @ np.linalg.solve(fit.estimate.covariance, off) < stats.chi2.isf(1e-4, 3)
    assert fit.mean == pytest.approx(table.own_mean.mean(), rel=0.03)
    ahead = fit.predict(table)
    rarely = table.frequency < 2
    for part in (rarely, ~rarely):  # regression to the mean is right on average, for new customers and old
        assert ahead.spend[part].mean() == pytest.approx(table.own_mean[part].mean(), rel=0.03)


def with_covariate(kind: str, coefficients: dict[str, float], customers: int = 5_000) -> pd.DataFrame:
    """Two halves, drawn with parameters of their own, such as alpha exp(-g) and a exp(g)."""
    sign = MODELS[kind].likelihood.covariate_sign
    parts = []
    for z in (0, 1):
        moved = {
            name: value * np.exp(z * sign.get(name, 0) * coefficients.get(name, 0)) for name, value in TRUTHS[kind].items()
        }
        half = btyd.simulate_purchases(kind, moved, customers=customers // 2, weeks=(20.0, 52.0), seed=5 + z)
        parts.append(half.assign(club=z, even=half.customer_id % 2))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("kind", WITH_COVARIATES)
def test_recovery_of_covariates(kind):
    coefficients = dict(zip(MODELS[kind].likelihood.covariate_sign, itertools.cycle((0.7, -0.4, 0.5)), strict=False))
    table = with_covariate(kind, coefficients)
    plain, large, null = (FITS[kind](table, covariates=names) for names in ([], ["club"], ["even"]))
    truth = np.concatenate([np.log([*TRUTHS[kind].values()]), [*coefficients.values()]])
    assert list(large.params.index[plain.params.size :]) == [f"{name}: club" for name in coefficients]
    off = large.estimate.optimum - truth
    errors = np.sqrt(np.diag(large.estimate.covariance))
    assert (np.abs(off) < 4 * errors).all()
    assert off @ np.linalg.solve(large.estimate.covariance, off) < stats.chi2.isf(1e-4, truth.size)
    test = btyd.likelihood_ratio(plain, large)
    assert test.df[0] == len(coefficients)
    assert test.chi2[0] == pytest.approx(2 * (large.loglik - plain.loglik))
    assert test.p_value[0] < 1e-20
    assert test.p_value[0] == stats.chi2.sf(test.chi2[0], test.df[0])
    assert btyd.likelihood_ratio(plain, null).p_value[0] > 0.001
    assert large.aic == pytest.approx(2 * truth.size - 2 * large.loglik)
    # each half as a fit of its own, whose parameters need not be shared, has no lower likelihood
    halves = sum(FITS[kind](part).loglik for _, part in table.groupby("club"))
    assert halves >= large.loglik - 1e-6
    two = large.predict(table.groupby("club").head(1).assign(frequency=2, recency_weeks=10.0, age_weeks=20.0))
    one = [fit_at(kind, values).predict(history(2, 10.0, 20.0)).purchases[0]
           for values in large.estimate.customer_parameters(np.array([[0.0], [1.0]])).T]  # fmt: skip
    np.testing.assert_allclose(two.purchases, one, rtol=1e-10)


def test_a_prior_pulls_and_a_wide_one_does_not():
    plain, table = drawn_fit("bgnbd"), drawn("bgnbd")
    before = plain.params["b"]
    for median, factor in ((10.0, 1.5), (0.3, 1.5)):
        pulled = btyd.fit_bgnbd(table, prior={"b": (median, factor)})
        assert min(before, median) < pulled.params["b"] < max(before, median)
        assert pulled.has_prior
        assert pulled.loglik < plain.loglik  # which is the maximum without it
        assert "prior" in str(pulled.summary())
        # the mode of a posterior: the slope of the likelihood is that of the prior
        likelihood = Likelihood(plain.model.likelihood, observations("bgnbd", table))
        gradient = likelihood(pulled.estimate.optimum)[1]
        assert gradient[3] == pytest.approx(np.log(pulled.params["b"] / median) / np.log(factor) ** 2, abs=1e-2)
        assert gradient[:3] == pytest.approx(np.zeros(3), abs=0.05)
    wide = btyd.fit_bgnbd(table, prior={name: (1.0, 1e6) for name in plain.params.index})
    np.testing.assert_allclose(wide.params, plain.params, rtol=1e-3)
    fixed = btyd.fit_bgnbd(table, prior={"b": (2.0, 1.001)})
    assert fixed.params["b"] == pytest.approx(2.0, rel=0.01)
    assert fixed.table.std_error[3] == pytest.approx(2.0 * np.log(1.001), rel=0.02)


@every_model
def test_alive_and_later_purchases_are_calibrated(kind):
    """Of those with a chance near c to be alive about the share c is; and so for purchases later, in ten groups each."""
    table = drawn(kind)
    predicted, later = drawn_fit(kind).predict(table, HOLDOUT[kind]), table.holdout_purchases
    for column, actual in (("p_alive", table.alive.astype(float)), ("purchases", later.astype(float))):
        groups = pd.qcut(predicted[column].rank(method="first"), 10, labels=False)
        expected, came = predicted[column].groupby(groups).mean(), actual.groupby(groups)
        error = (expected - came.mean()) / np.sqrt(came.var() / came.size() + 1e-4)
        assert np.abs(error).max() < 4.5, (kind, column)
    assert predicted.purchases.sum() == pytest.approx(later.sum(), abs=4.5 * np.sqrt(len(table)) * later.std())


@every_model
def test_forecasts_cover(kind):
    """An interval of 80 per cent holds at least that share (counts are whole), and not nearly all; its mean is predict's."""
    table, fit = drawn(kind).head(1_500), drawn_fit(kind)
    later = table.holdout_purchases
    ahead = fit.forecast(table, HOLDOUT[kind], level=0.8, draws=300, seed=1)
    inside = later.between(ahead.low, ahead.high)
    busy = ahead.high >= 4
    assert inside.mean() > 0.77
    if busy.sum() > 100:
        assert 0.75 < inside[busy].mean() < 0.97
    expected = fit.predict(table, HOLDOUT[kind]).purchases
    assert ahead.purchases.sum() == pytest.approx(expected.sum(), rel=0.02)
    assert ahead.p_zero.mean() == pytest.approx((later == 0).mean(), abs=0.04)
    few = table.head(20)
    one, other = (fit.forecast(few, HOLDOUT[kind], draws=50, seed=1) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def draws_of(estimate: Estimate, draws: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal(estimate.optimum, estimate.covariance, draws)


def test_the_error_of_a_total_is_what_draws_of_the_parameters_say():
    table, fit = drawn("bgnbd").head(12), drawn_fit("bgnbd")
    jacobian = expectation(fit, table, 26, jacobian=True).jacobian
    error = fit.estimate.std_errors(jacobian.sum(axis=1, keepdims=True))[0]
    rows = histories.read_histories(table, fit.model)
    totals = [
        prediction.expected_purchases(fit.model, known(point, "bgnbd"), rows, 26.0, 0.0, jacobian=False).purchases.sum()
        for point in draws_of(fit.estimate, 800, 1)
    ]
    assert error == pytest.approx(np.std(totals), rel=0.06)


def test_the_error_of_values_is_what_draws_of_the_parameters_say():
    amounts = btyd.simulate_spend(SPEND, drawn("bgnbd").frequency, seed=2)
    table = drawn("bgnbd").assign(monetary_value=amounts.monetary_value)
    spend, fit = btyd.fit_gamma_gamma(table), drawn_fit("bgnbd")
    few = table.head(8)
    values = btyd.customer_value(fit, spend, few, annual_rate=0.15, weeks=104)
    rows, (x, mean) = histories.read_histories(few, fit.model), histories.read_spend(few)
    rate, totals = np.log(1.15) / 52, []
    for one, other in zip(draws_of(fit.estimate, 800, 3), draws_of(spend.estimate, 800, 4), strict=True):
        ahead = prediction.expected_purchases(fit.model, known(one, "bgnbd"), rows, 104.0, rate, jacobian=False).purchases
        totals.append((ahead * gamma_gamma.expected_spend(np.exp(other)[:, None], x, mean)[0]).sum())
    assert values.total_std_error == pytest.approx(np.std(totals), rel=0.06)
    assert values.total == pytest.approx(values.table.discounted_spend.sum())
    assert values.total == pytest.approx((values.table.discounted_purchases * values.table.spend).sum())
    low, high = values.interval()
    assert low < values.total < high
    assert values.total**2 == pytest.approx(low * high)


# -- From orders on -----------------------------------------------------------------------------------------------


def orders_of(*rows: tuple) -> pd.DataFrame:
    customers, days, amounts = zip(*rows, strict=True)
    return pd.DataFrame(
        {"customer_id": customers, "order_date": pd.to_datetime(list(days)), "amount": np.asarray(amounts, float)}
    )


def test_orders_after_the_end_of_calibration_are_not_read():
    known = orders_of(("a", "2024-01-01", 5), ("a", "2024-01-15", 7), ("b", "2024-01-08", 3))
    later = orders_of(("a", "2024-02-01", 900), ("b", "2024-02-02", 800), ("c", "2024-02-03", 1))
    one = btyd.purchase_summary(known, until="2024-01-31")
    other = btyd.purchase_summary(pd.concat([known, later], ignore_index=True), until="2024-01-31")
    pd.testing.assert_frame_equal(one, other)


def test_returns_are_settled_before_purchases_are_counted():
    """A purchase that was cancelled is none; one that was sent back in part is a smaller one."""
    orders = orders_of(
        ("a", "2024-01-01", 20),
        ("a", "2024-01-15", 30),
        ("a", "2024-01-20", -30),
        ("a", "2024-01-29", 14),
        ("b", "2024-01-01", 10),
        ("b", "2024-01-08", 50),
        ("b", "2024-01-10", -15),
    )
    with pytest.raises(DataError, match="`amount` is negative in 2 of 7 rows"):
        btyd.purchase_summary(orders)
    summary = btyd.purchase_summary(btyd.settle_returns(orders).orders, until="2024-01-29")
    assert summary.frequency.tolist() == [1, 1]
    assert summary.recency_weeks.tolist() == [4.0, 1.0]
    assert summary.monetary_value.tolist() == [14.0, 35.0]


def test_an_order_that_came_twice_is_refused():
    orders = orders_of(("a", "2024-01-01", 20), ("a", "2024-01-15", 30)).assign(order_id=7)
    with pytest.raises(DataError, match="share a key that must be unique"):
        btyd.purchase_summary(orders)


def test_no_warning_is_given_where_nothing_is_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        btyd.customer_value(cdnow_fit("pareto_nbd"), cdnow_spend(), cdnow())
