"""Customers without contract against a slow reference: the formulas of ``btyd_textbook.py``, with fifty digits and more."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from btyd_samples import FITS, HOLDOUT, TRUTHS, WEEKS, expectation, fit_at, spend_at
from btyd_textbook import (
    MODELS,
    NEAR,
    bgbb_ahead,
    bgnbd_alive,
    exact,
    log_uniform,
    pareto_is_alive,
    spend_expected,
    spend_likelihood,
)

from crmlab.btyd import bgbb, bgnbd, gamma_gamma, models, pareto_nbd, pochhammer, spend

COUNTS = (0, 1, 2, 5, 50, 1000, 10_000)


# -- Where ---------------------------------------------------------------------------------------------------------


def moments(rng):
    """Times of a last purchase and of the end of calibration: anywhere, at once after the beginning, and at the end."""
    age = log_uniform(rng, 0.1, 10_000)
    return rng.choice([0.0, age, age * rng.random(), age * (1 - 1e-6), age * 1e-6], p=[0.15, 0.2, 0.45, 0.1, 0.1]), age


def weekly_history(rng):
    x = int(rng.choice(COUNTS))
    recency, age = moments(rng)
    return x, recency if x else 0.0, age


def opportunities(rng):
    n = int(rng.choice([1, 2, 5, 20, 60]))
    recency = int(rng.integers(0, n + 1))
    return int(rng.integers(1, recency + 1)) if recency else 0, recency, n


def point(rng, kind):
    """Parameters and a history, random and at the corners."""
    shapes, scales = log_uniform(rng, 0.01, 100, 3), log_uniform(rng, 0.01, 1000, 2)
    history = opportunities(rng) if models.MODELS[kind].counts_periods else weekly_history(rng)
    return MODELS[kind].corners(rng, shapes, scales), history


def spend_point(rng):
    theta = [log_uniform(rng, 0.01, 100), rng.choice([log_uniform(rng, 0.01, 100), 1.0]), log_uniform(rng, 0.01, 1000)]
    return theta, (float(rng.choice(COUNTS[1:])), log_uniform(rng, 0.01, 10_000))


def columns(*rows):
    """Rows as arrays, one for each column."""
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def as_column(theta):
    return np.array(theta, dtype=float)[:, None]


every_model = pytest.mark.parametrize("kind", MODELS)


def points(kind, many, seed=1):
    rng = np.random.default_rng(seed)
    return [spend_point(rng) if kind == "spend" else point(rng, kind) for _ in range(many)]


# -- How far off -----------------------------------------------------------------------------------------------------


def of_log(value, likelihood):
    truth = mp.log(likelihood)
    return float(abs(value - truth) / max(1, abs(truth)))


def relative(value, truth):
    return float(abs(mp.mpf(float(value)) - truth) / abs(truth)) if abs(truth) > 1e-290 else float(abs(value) > 1e-280)


def off_likelihood(kind, theta, history):
    if kind == "spend":
        value = gamma_gamma.loglik_score_hessian(as_column(theta), *columns(history))[0][0]
        likelihood = exact(spend_likelihood, *theta, *history)
    else:
        loglik = models.MODELS[kind].likelihood.loglik_score_hessian
        value, likelihood = loglik(as_column(theta), *columns(history))[0][0], exact(MODELS[kind].likelihood, *theta, *history)
    return of_log(value, likelihood)


def off_alive(kind, theta, history):
    value = models.MODELS[kind].alive(as_column(theta), *columns(history))[0]
    return relative(value, exact(MODELS[kind].alive, *theta, *history))


def off_future(kind, theta, history, ahead):
    x, _, age = history
    value = models.MODELS[kind].expected_if_alive(as_column(theta), *columns((x, age)), ahead, 0.0)[0]
    return relative(value, exact(MODELS[kind].ahead, *theta, x, age, ahead))


def off_discounted(kind, theta, history, ahead, rate):
    x, _, age = history
    value = models.MODELS[kind].expected_if_alive(as_column(theta), *columns((x, age)), ahead, rate)[0]
    return relative(value, exact(MODELS[kind].discounted, *theta, x, age, ahead, rate, digits=MODELS[kind].discounted_digits))


def off_mass(kind, theta, time, n):
    value = models.MODELS[kind].pmf(as_column(theta), np.array([float(time)]), int(n))[int(n), 0]
    truth = exact(MODELS[kind].mass, *theta, time, n, digits=MODELS[kind].mass_digits)
    return relative(value, truth) if truth else float(value)


def slopes_of_log(formula, theta, history):
    """Gradient and second derivatives of a log-likelihood by the logarithms of the parameters: differences with 80 digits."""
    with mp.workdps(80):
        h, k = mp.mpf(10) ** -15, len(theta)
        at = [mp.log(mp.mpf(float(value))) for value in theta]
        given = [mp.mpf(float(value)) for value in history]
        known = {}

        def log(*steps):
            if steps not in known:
                moved = [mp.exp(place + step * h) for place, step in zip(at, steps, strict=True)]
                known[steps] = mp.log(formula(*moved, *given))
            return known[steps]

        def step(*moves):
            return tuple(sum(sign for place, sign in moves if place == i) for i in range(k))

        gradient = [(log(*step((i, 1))) - log(*step((i, -1)))) / (2 * h) for i in range(k)]
        second = [
            [sum(p * q * log(*step((i, p), (j, q))) for p in (1, -1) for q in (1, -1)) / (4 * h * h) for j in range(k)]
            for i in range(k)
        ]
        return np.array(gradient, dtype=float), np.array(second, dtype=float)


def test_every_model_is_tried():
    for tried in (MODELS, FITS, TRUTHS, WEEKS, HOLDOUT):
        assert tried.keys() == models.MODELS.keys()


# -- Agreement -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*MODELS, "spend"])
def test_log_likelihood(kind):
    near = NEAR if kind == "spend" else MODELS[kind].near
    assert max(off_likelihood(kind, *each) for each in points(kind, 50)) < near


@every_model
def test_chance_to_be_alive(kind):
    assert max(off_alive(kind, *each) for each in points(kind, 50)) < MODELS[kind].near


def test_as_many_nodes_as_are_needed(monkeypatch):
    """Of the sum over the moments of death: eighty nodes change it by less than 1e-11, and one less often by more."""
    chosen = points("pareto_nbd", 1_000, seed=9)
    nodes, taken = pareto_nbd.gauss_legendre, []

    def total(theta, history):
        return pareto_nbd.dropout_mixture(*as_column(theta), *columns(history))[-1].sum()

    def off(theta, history, less):
        monkeypatch.setattr(pareto_nbd, "gauss_legendre", lambda count: nodes(taken.append(count) or count - less))
        some = total(theta, history)
        monkeypatch.setattr(pareto_nbd, "gauss_legendre", lambda _: nodes(80))
        return abs(some / total(theta, history) - 1)

    assert max(off(*each, 0) for each in chosen) < 1e-11
    assert max(taken) < 50
    assert np.mean([off(*each, 1) > 1e-11 for each in chosen]) > 0.1


@every_model
def test_customers_with_parameters_of_their_own(kind):
    """As covariates make them: the same as one customer at a time."""
    chosen = points(kind, 30, seed=3)
    theta, rows = np.array([each[0] for each in chosen]).T, columns(*(each[1] for each in chosen))
    model = models.MODELS[kind]
    together, alive = model.likelihood.loglik_score_hessian(theta, *rows), model.alive(theta, *rows)
    ahead = model.expected_if_alive(theta, rows[0], rows[2], 7, 0.01)
    for place, (mine, history) in enumerate(chosen):
        alone = model.likelihood.loglik_score_hessian(as_column(mine), *columns(history))
        np.testing.assert_allclose(together[0][place], alone[0][0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(together[1][:, place], alone[1][:, 0], rtol=1e-8, atol=NEAR * max(1, history[0]))
        np.testing.assert_allclose(together[2][:, :, place], alone[2][:, :, 0], rtol=1e-8, atol=NEAR * max(1, history[0]))
        np.testing.assert_allclose(alive[place], model.alive(as_column(mine), *columns(history))[0], rtol=NEAR)
        single = model.expected_if_alive(as_column(mine), *columns((history[0], history[2])), 7, 0.01)[0]
        np.testing.assert_allclose(ahead[place], single, rtol=NEAR)


@pytest.mark.parametrize("kind", [*MODELS, "spend"])
def test_derivatives(kind):
    chosen = [each for each in points(kind, 60, seed=2) if each[1][0] <= 1000][:10]
    for theta, history in chosen:
        terms = gamma_gamma.loglik_score_hessian if kind == "spend" else models.MODELS[kind].likelihood.loglik_score_hessian
        formula = spend_likelihood if kind == "spend" else MODELS[kind].likelihood
        _, gradient, second = terms(as_column(theta), *columns(history))
        truth, bend = slopes_of_log(formula, theta, history)
        size = max(1.0, history[0])  # of the sums whose differences these are
        np.testing.assert_allclose(gradient[:, 0], truth, rtol=NEAR, atol=NEAR * size, err_msg=f"{theta}, {history}")
        np.testing.assert_allclose(second[:, :, 0], bend, rtol=NEAR, atol=NEAR * size, err_msg=f"{theta}, {history}")


@every_model
def test_expected_purchases(kind):
    rng = np.random.default_rng(8)
    for theta, history in points(kind, 14, seed=4):
        ahead = float(rng.choice([1, 5, 50] if models.MODELS[kind].counts_periods else [1e-3, 1, 52, 1000, 10_000]))
        assert off_future(kind, theta, history, ahead) < NEAR, (theta, history, ahead)


@every_model
def test_discounted_purchases(kind):
    rng = np.random.default_rng(9)
    for theta, history in points(kind, MODELS[kind].n_discounted, seed=5):
        ahead = float(rng.choice(MODELS[kind].horizons))
        rate = float(rng.choice([0.0027, 0.05, 1e-4]))
        assert off_discounted(kind, theta, history, ahead, rate) < NEAR, (theta, history, ahead, rate)


@pytest.mark.parametrize(
    ("theta", "history", "ahead", "rate"),
    [
        ([0.064, 0.629, 89.7, 0.629], (50, 0.0, 8.08), 1000.0, 1e-4),  # dies at once
        ([0.14, 17.0, 61.5, 0.25], (1, 0.39, 1.21), np.inf, 0.05),
        ([2.0, 154.0, 73.6, 0.019], (1, 4.7, 8.5), 1000.0, 0.0027),
    ],
)
def test_discounted_purchases_of_those_who_die_at_once(theta, history, ahead, rate):
    assert off_discounted("pareto_nbd", theta, history, ahead, rate) < NEAR


@pytest.mark.parametrize("ahead", [1, 10, 10**9, np.inf])
def test_a_discount_of_next_to_nothing_over_many_opportunities(ahead):
    """A sum of 10^9 terms is not added up: geometric, so it ends at once."""
    rate = 1e-12
    value = bgbb.expected_if_alive(as_column([1.2, 0.75, 2.5, 2.8]), *columns((3, 6)), ahead, rate)[0]
    truth = exact(bgbb_ahead, 1.2, 0.75, 2.5, 2.8, 3, 6, min(ahead, 10**15))
    assert relative(value, truth) < 1e-6


@every_model
def test_chances_of_frequencies(kind):
    rng = np.random.default_rng(10)
    for theta, (_, _, age) in points(kind, 8 if MODELS[kind].slow else 20, seed=6):
        n = int(rng.choice([0, 1, 2, 7, 40]))
        assert off_mass(kind, theta, age, n) < NEAR, (theta, age, n)


def test_chances_of_frequencies_of_those_who_die_at_once():
    for theta, age, n in (
        ([2.0, 154.0, 73.6, 0.019], 8.5, 2),
        ([3.8, 59.7, 61.3, 0.021], 2.43, 2),
        ([46.9, 0.024, 1, 2.8], 1.16, 7),
    ):
        assert off_mass("pareto_nbd", theta, age, n) < NEAR


@every_model
def test_expected_purchases_of_a_new_customer(kind):
    """The same formulas with a history of nothing: Fader, Hardie & Lee (2005), eq. 9, and its kin."""
    for theta, _ in points(kind, 10, seed=7):
        for weeks in (1, 5, 39):
            truth = exact(MODELS[kind].ahead, *theta, 0, 0, weeks) * MODELS[kind].alive_at_first(*theta)
            assert relative(fit_at(kind, theta).expected_purchases_new_customer(weeks), truth) < NEAR


def test_expected_spend():
    for theta, history in points("spend", 40, seed=8):
        p, q, _ = theta
        if p * history[0] + q <= 1 + 1e-6:
            continue
        table = pd.DataFrame([history], columns=["frequency", "monetary_value"])
        value = spend.expected_spend(spend_at(theta).estimate, table)[0][0]
        assert relative(value, exact(spend_expected, *theta, *history)) < NEAR


def test_alive_with_next_to_no_chance():
    """As small as a number can be, not 0 and not below."""
    history = columns((1000, 5.0, 100.0))
    theta = as_column([0.3, 5.0, 0.8, 2.4])
    value = bgnbd.alive(theta, *history, dropout_at_first_purchase=False)[0]
    truth = exact(bgnbd_alive, 0.3, 5.0, 0.8, 2.4, 1000, 5.0, 100.0)
    assert value == 0 or relative(value, truth) < NEAR  # 1e-1018 is none
    history = columns((200, 5.0, 100.0))
    value = bgnbd.alive(theta, *history, dropout_at_first_purchase=False)[0]
    truth = exact(bgnbd_alive, 0.3, 5.0, 0.8, 2.4, 200, 5.0, 100.0)
    assert 1e-220 < truth < 1e-190
    assert relative(value, truth) < NEAR
    value = pareto_nbd.alive(as_column([0.3, 5.0, 0.8, 10.0]), *history)[0]
    assert relative(value, exact(pareto_is_alive, 0.3, 5.0, 0.8, 10.0, 200, 5.0, 100.0)) < NEAR


@every_model
def test_predictions_of_many_customers_are_those_of_each(kind):
    """Where many ages share a frequency a curve is read; it must not show."""
    model = models.MODELS[kind]
    age = np.arange(1.0, 121) if model.counts_periods else np.geomspace(0.05, 10_000, 150)
    for theta, _ in points(kind, 3, seed=11):
        for x, weeks, annual in ((0, 52, 0.0), (30, 52, 0.0), (1, np.inf, 0.1)):
            mine = age[age >= x] if model.counts_periods else age
            table = pd.DataFrame(dict(zip(model.columns, (x, mine if x else 0.0, mine), strict=True)))
            fit = fit_at(kind, theta)
            expected = expectation(fit, table, weeks, annual)
            rate = np.log1p(annual) / (1 if model.counts_periods else 52)
            direct = model.expected_if_alive(as_column(theta), np.full(mine.size, float(x)), mine, weeks, rate)
            np.testing.assert_allclose(
                expected.purchases, expected.p_alive * direct, rtol=NEAR, err_msg=f"{theta}, {x}, {weeks}"
            )


def test_terms_know_both_ways_to_count():
    """A running sum for parameters shared by all, log-gamma functions for parameters of one's own."""
    steps = np.array([0.0, 1, 7, 10_000])
    for start in (1e-2, 0.7, 55.0):
        for shared, own in zip(
            pochhammer.log_pochhammer_table(np.array([start]), steps),
            pochhammer.log_pochhammer(np.full(4, start), steps),
            strict=True,
        ):
            np.testing.assert_allclose(shared, own, rtol=1e-9, atol=1e-9)


def test_ways_of_a_donor():
    """Each way to have a history, and that they add up: (2, 3, 5) may have died after the third, the fourth, or not."""
    _, weight, died, _ = bgbb.dropout_mixture(as_column([1.2, 0.75, 0.66, 2.8]), *columns((2, 3, 5)))
    assert weight.sum() == pytest.approx(1, abs=1e-12)
    assert died[:, 0].tolist() == [1, 1, 0]
