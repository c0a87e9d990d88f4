"""Simulation: customers drawn from a model whose parameters are known.

``simulate_purchases`` draws exactly what the fits of this package recover, with the truth beside it, so that a fit can
be held against it. The draws of a future are those that a forecast is made of. This file knows how each model lets
customers buy and die; how likely a history is, is known in ``nbd`` and ``bgbb``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError


def geometric_draw(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float, shape: tuple, *, chances: int
) -> np.ndarray:
    """Purchases in the next ``weeks`` of customers alive now: till the time is over or one dies of a purchase."""
    r, alpha, a, b = theta
    rate = rng.gamma(np.broadcast_to(r + x, shape)) / (alpha + age)
    chance = np.maximum(rng.beta(np.broadcast_to(a, shape), np.broadcast_to(b + x + chances, shape)), 1e-15)
    return np.minimum(rng.poisson(rate * weeks), rng.geometric(chance))


def pareto_draw(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float, shape: tuple
) -> np.ndarray:
    """Purchases in the next ``weeks`` of customers alive now: till the time is over or one dies."""
    r, alpha, s, beta = theta
    rate = rng.gamma(np.broadcast_to(r + x, shape)) / (alpha + age)
    death = rng.gamma(np.broadcast_to(s, shape)) / (beta + age)
    lives = rng.standard_exponential(shape) / np.maximum(death, 1e-300)
    return rng.poisson(rate * np.minimum(lives, weeks))


def bgbb_draw(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, age: np.ndarray, periods: float, shape: tuple
) -> np.ndarray:
    """Opportunities taken of the next ``periods`` by customers who meet the first of them alive."""
    alpha, beta, gamma, delta = theta
    buys = rng.beta(np.broadcast_to(alpha + x, shape), np.broadcast_to(beta + age - x, shape))
    dies = np.maximum(rng.beta(np.broadcast_to(gamma, shape), np.broadcast_to(delta + age + 1, shape)), 1e-15)
    return rng.binomial(np.minimum(rng.geometric(dies), int(periods)), buys)


_PARAMETERS = {
    "bgnbd": ("r", "alpha", "a", "b"),
    "mbgnbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
    "bgbb": ("alpha", "beta", "gamma", "delta"),
}


def simulate_purchases(
    model: str,
    params: Mapping[str, float],
    *,
    customers: int,
    weeks: float | tuple[float, float],
    seed: int,
    later: float = 0,
) -> pd.DataFrame:
    """Customers drawn from a model: their histories, and the truth that no shop sees.

    Parameters
    ----------
    model : str
        "bgnbd", "mbgnbd", "pareto_nbd" or "bgbb".
    params : mapping
        The model's parameters by name, all above 0.
    customers : int
    weeks : float or (float, float)
        Since the first purchase; a pair spreads the customers evenly over a range. For "bgbb" the number of opportunities.
    seed : int
        The same seed draws the same customers.
    later : float
        For how many weeks (opportunities) after the cut to go on.

    Returns
    -------
    DataFrame, one row per customer
        ``customer_id``, ``frequency``, ``recency_weeks``, ``age_weeks`` ("bgbb": ``recency_periods``, ``age_periods``);
        and the truth: ``alive`` at the cut, and ``later``, purchases in the time after it.

    Raises
    ------
    ArgumentError
        A parameter is missing, unknown or not above 0; a number out of range.

    Examples
    --------
    >>> from crmlab import btyd
    >>> drawn = btyd.simulate_purchases(
    ...     "pareto_nbd", {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}, customers=4, weeks=(27, 39), seed=1, later=39
    ... )
    >>> drawn.columns.tolist()
    ['customer_id', 'frequency', 'recency_weeks', 'age_weeks', 'alive', 'later']

    References
    ----------
    As the fits: ``fit_bgnbd``, ``fit_mbgnbd``, ``fit_pareto_nbd``, ``fit_bgbb``.
    """
    _check.choice("model", model, tuple(_PARAMETERS))
    given = parameters(params, _PARAMETERS[model])
    n = _check.integer("customers", customers, 1)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    low, high = weeks if isinstance(weeks, tuple) and len(weeks) == 2 else (weeks, weeks)
    for name, value in (("weeks", low), ("weeks", high), ("later", later)):
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
            raise ArgumentError(f"`{name}` must be a number of at least 0, or a pair of them; it is {value!r}.")
    if low > high:
        raise ArgumentError(f"`weeks` must be (shortest, longest); it is {weeks!r}.")
    who = np.arange(1, n + 1)
    if model == "bgbb":
        if low != int(low) or high != int(high) or later != int(later):
            raise ArgumentError("`weeks` and `later` count opportunities for the model bgbb: give whole numbers.")
        age = rng.integers(int(low), int(high), n, endpoint=True)
        x, recency, alive, more = _coins(rng, given, age, int(later))
        unit = "periods"
    else:
        age = rng.uniform(low, high, n)
        x, recency, alive, more = (_pareto if model == "pareto_nbd" else _geometric)(rng, given, age, later, model)
        unit = "weeks"
    found = {"customer_id": who, "frequency": x, f"recency_{unit}": recency, f"age_{unit}": age, "alive": alive, "later": more}
    return pd.DataFrame(found)


def parameters(params: object, names: tuple[str, ...]) -> np.ndarray:
    """Parameters by name as an array, checked."""
    if not isinstance(params, Mapping) and not hasattr(params, "keys"):
        raise ArgumentError(f"`params` must map {', '.join(names)} to numbers; it is {type(params).__name__}.")
    if set(params.keys()) != set(names):
        told = ", ".join(map(str, params.keys())) or "nothing"
        raise ArgumentError(f"`params` must name {', '.join(names)}; it names {told}.")
    for name in names:
        value = params[name]
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
            raise ArgumentError(f"the parameter `{name}` must be a number above 0; it is {value!r}.")
    return np.array([float(params[name]) for name in names])


def _latest(rng: np.random.Generator, x: np.ndarray, until: np.ndarray) -> np.ndarray:
    """The last of x moments that lie evenly between 0 and ``until``; 0 where there is none."""
    return np.where(x > 0, until * rng.random(x.size) ** (1 / np.maximum(x, 1)), 0.0)


def _pareto(rng: np.random.Generator, theta: np.ndarray, age: np.ndarray, later: float, _: str) -> tuple:
    r, alpha, s, beta = theta
    rate, death = rng.gamma(r, 1 / alpha, age.size), rng.gamma(s, 1 / beta, age.size)
    lives = rng.standard_exponential(age.size) / np.maximum(death, 1e-300)
    x = rng.poisson(rate * np.minimum(lives, age))
    alive = lives > age
    return x, _latest(rng, x, np.minimum(lives, age)), alive, rng.poisson(rate * np.clip(lives - age, 0, later))


def _geometric(rng: np.random.Generator, theta: np.ndarray, age: np.ndarray, later: float, model: str) -> tuple:
    r, alpha, a, b = theta
    rate, chance = rng.gamma(r, 1 / alpha, age.size), np.maximum(rng.beta(a, b, age.size), 1e-15)
    would = rng.poisson(rate * age)  # if nobody died
    last = rng.geometric(chance) - (model == "mbgnbd")  # the purchase after which he dies; 0 is the first of all
    alive = last > would
    x = np.minimum(would, last)
    share = rng.beta(np.maximum(x, 1), np.where(alive, 1, would - x + 1))  # of the x-th among so many moments
    more = np.where(alive, np.minimum(rng.poisson(rate * later), last - would), 0)
    return x, np.where(x > 0, age * share, 0.0), alive, more


def _coins(rng: np.random.Generator, theta: np.ndarray, age: np.ndarray, later: int) -> tuple:
    alpha, beta, gamma, delta = theta
    buys, dies = rng.beta(alpha, beta, age.size), np.maximum(rng.beta(gamma, delta, age.size), 1e-15)
    met = rng.geometric(dies) - 1  # opportunities before he dies
    x, recency = np.zeros(age.size, dtype=int), np.zeros(age.size, dtype=int)
    for period in range(1, int(age.max(initial=0)) + 1):
        takes = (period <= np.minimum(met, age)) & (rng.random(age.size) < buys)
        x += takes
        recency[takes] = period
    return x, recency, met > age, rng.binomial(np.clip(met - age, 0, later), buys)
