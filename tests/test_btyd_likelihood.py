"""Maximum likelihood: what is reached is examined, blocks and units do not matter, and every start ends where it should.

The models are those of ``btyd``; published estimates, recovery and coverage are tested there.
"""

from dataclasses import replace

import numpy as np
import pytest
from btyd_samples import TRUTHS, drawn, observations

from crmlab import btyd
from crmlab._likelihood import Likelihood, Model, check_convergence, group_observations, maximise, unique_rows
from crmlab._likelihood.model import _stable_order
from crmlab.btyd import models
from crmlab.errors import ConvergenceError


def test_exponential_waiting_times():
    """A model of one parameter in five lines: the estimate is one over the mean, its error that over the root of n."""

    def exponential(theta, time):
        (rate,) = theta
        return np.log(rate) - rate * time, np.stack([1 - rate * time]), np.stack([[-rate * time]])

    time = np.random.default_rng(1).exponential(3.0, 500)
    model = Model("exponential", ("rate",), exponential, lambda weight, time: [(1.0,)], "any textbook")
    estimate = maximise(model, group_observations(model, [time]))
    assert estimate.params["rate"] == pytest.approx(1 / time.mean(), rel=1e-9)
    assert estimate.table.std_error[0] == pytest.approx(1 / time.mean() / np.sqrt(500), rel=1e-4)
    assert estimate.loglik == pytest.approx(-500 * (np.log(time.mean()) + 1))
    assert estimate.weak == ()


def test_equal_rows_are_counted_once():
    x, y = np.array([1.0, 0.0, 1.0, -0.0, 1.0]), np.array([2.0, 5.0, 2.0, 5.0, 3.0])
    first, inverse = unique_rows((x, y))
    assert sorted(first) == [0, 1, 4]
    np.testing.assert_array_equal(x[first][inverse], x)
    np.testing.assert_array_equal(y[first][inverse], y)
    model = Model("any", ("rate",), max, max, "nobody", ordering=lambda x, y: x + 0 * y)
    grouped = group_observations(model, (x, y))
    assert grouped.weight.sum() == 5
    assert grouped.columns[0].tolist() == [0, 1, 1]
    different = np.arange(20_000.0)  # where nearly all rows differ they are not even compared
    assert unique_rows((different,))[0].size == 20_000


def test_ties_in_the_order_of_rows_stay_as_they_came():
    """The order decides the last digits of sums: it must not depend on the processor's way to sort."""
    y = np.random.default_rng(1).permutation(1_000).astype(float)
    model = Model("any", ("rate",), max, max, "nobody", ordering=lambda x, y: x)
    x = np.arange(1_000) % 3 * 1.0
    grouped = group_observations(model, (x, y), weight=np.ones(1_000))
    first = unique_rows((x, y))[0]
    for value in range(3):
        np.testing.assert_array_equal(grouped.columns[1][grouped.columns[0] == value], y[first][x[first] == value])


def test_a_large_table_is_sorted_as_a_small_one():
    key = np.random.default_rng(1).gamma(0.3, 5.0, 120_000) + np.arange(120_000) % 3
    key[::5] = key[1::5]
    order = _stable_order(key)
    np.testing.assert_array_equal(np.sort(order), np.arange(key.size))
    np.testing.assert_allclose(np.diff(key[order]).min(), 0, atol=1e-7)  # nearly sorted
    tied = np.flatnonzero(np.diff(key[order]) == 0)
    assert tied.size > 20_000
    assert (np.diff(order)[tied] > 0).all()


def test_blocks_do_not_matter():
    rows = observations("pareto_nbd", drawn("pareto_nbd"))
    point = np.log([*TRUTHS["pareto_nbd"].values()])
    model = models.MODELS["pareto_nbd"].likelihood
    whole, parts = (Likelihood(replace(model, block=size), rows)(point) for size in (10**9, 97))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-6)


def test_what_is_found_does_not_hang_on_where_the_climb_ended():
    """Two ends that a tolerance apart would both have been accepted give the same digits."""
    likelihood = Likelihood(models.MODELS["pareto_nbd"].likelihood, observations("pareto_nbd", drawn("pareto_nbd")))
    optimum = maximise(likelihood.model, likelihood.observations).optimum
    one, other = (check_convergence(likelihood, optimum + shift) for shift in (0.0, 2e-5))
    np.testing.assert_allclose(one[0], other[0], rtol=1e-10)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-7)


def test_a_slope_that_never_ends_is_refused(monkeypatch):
    model = models.MODELS["bgnbd"]

    def endless(theta, x, recency, age):
        value, gradient, hessian = model.likelihood.loglik_score_hessian(theta, x, recency, age)
        return value, gradient + 1.0, hessian

    steep = replace(model, likelihood=replace(model.likelihood, name="Endless", loglik_score_hessian=endless))
    monkeypatch.setitem(models.MODELS, "bgnbd", steep)
    with pytest.raises(ConvergenceError, match=r"Endless: no maximum was reached .*give a `prior`"):
        btyd.fit_bgnbd(drawn("bgnbd").head(500))


def test_what_is_reached_is_examined():
    """A point beside the maximum is none; information below a tenth of one is next to none."""
    likelihood = Likelihood(models.MODELS["bgnbd"].likelihood, observations("bgnbd", drawn("bgnbd")))
    optimum = maximise(likelihood.model, likelihood.observations).optimum
    check_convergence(likelihood, optimum)
    with pytest.raises(ConvergenceError, match="no maximum was reached"):
        check_convergence(likelihood, optimum + 0.01)

    class Known:
        transform, bound = np.eye(3), np.full(3, 60.0)

        def __call__(self, point):
            return 0.0, np.zeros(3), -np.diag([5.0, 0.2, 0.05])

    assert check_convergence(Known(), np.zeros(3))[2].tolist() == [False, False, True]
