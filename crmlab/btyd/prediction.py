"""Prediction: what the fitted models expect of customers, and what they may do.

Everything is P(alive) times what a customer does who is alive. ``expected_purchases`` says what is to be expected, with its
slopes by the parameters, of which standard errors are made; ``forecast_purchases`` draws what single customers do. This file
asks a ``PurchaseModel`` for its formulas and knows none itself.

What a living customer will do depends on their frequency and age only, smoothly on age. Where many ages share a frequency it is
computed at Chebyshev points and read from the polynomial between them, instead of a million integrals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crmlab import _check
from crmlab._likelihood import Estimate, customer_parameters, unique_rows
from crmlab.btyd.histories import Histories
from crmlab.btyd.models import PurchaseModel
from crmlab.errors import ArgumentError

_STEP = 1e-5  # of a logarithm, in the difference quotients of expectations


@dataclass(frozen=True, slots=True)
class ExpectedPurchases:
    """What is to be expected of n customers.

    Attributes
    ----------
    p_alive, purchases : ndarray, shape (n,)
    jacobian : ndarray, shape (k, n)
        Derivatives of ``purchases`` by the k log parameters and coefficients; (0, n) where they were not asked for.
    """

    p_alive: np.ndarray
    purchases: np.ndarray
    jacobian: np.ndarray


def check_horizon(model: PurchaseModel, weeks: object, annual_rate: object) -> tuple[float, float]:
    """Check a horizon; return it and the rate of discount, in the model's unit of time."""
    horizon = _check.number("weeks", weeks, 0, infinite=True)
    annual = _check.number("annual_rate", annual_rate, 0)
    if 1e6 < horizon < math.inf:
        raise ArgumentError(f"`weeks` is {horizon:g}, more than a million: give infinity and a discount, or fewer weeks.")
    rate = math.log1p(annual) / (1 if model.counts_periods else 52)
    if math.isinf(horizon) and not rate > 0:
        raise ArgumentError("an infinite horizon needs a discount: set `annual_rate`, e.g. 0.1 for ten per cent a year.")
    if model.counts_periods and math.isfinite(horizon) and horizon != int(horizon):
        raise ArgumentError(f"`weeks` counts opportunities in {model.likelihood.name}: give a whole number; it is {weeks!r}.")
    return horizon, rate


def probability_alive(model: PurchaseModel, estimate: Estimate, histories: Histories) -> np.ndarray:
    """Return P(alive) of each customer, shape (n,)."""
    return _in_blocks(model.alive, estimate.customer_parameters(histories.covariates), *histories.columns)


def expected_purchases(
    model: PurchaseModel, estimate: Estimate, histories: Histories, weeks: float, rate: float, *, jacobian: bool = True
) -> ExpectedPurchases:
    """Return P(alive) and expected purchases in the next ``weeks``, each discounted by exp(-rate t), with their slopes."""
    first, inverse = unique_rows((*histories.columns, *histories.covariates.T))
    unique = histories.take(first)
    curves = _curves(model, estimate, unique)

    def expectation(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        theta = customer_parameters(estimate.model, point, unique.covariates)[0]
        p_alive = _in_blocks(model.alive, theta, *unique.columns)
        return p_alive, p_alive * _expected_if_alive(model, theta, unique, weeks, rate, curves)

    p_alive, purchases = expectation(estimate.optimum)
    slopes = [
        (expectation(estimate.optimum + step)[1] - purchases)[inverse] / step.sum()
        for step in (np.diag(_steps(estimate, unique.covariates)) if jacobian else ())
    ]
    return ExpectedPurchases(p_alive[inverse], purchases[inverse], np.array(slopes).reshape(len(slopes), inverse.size))


def _steps(estimate: Estimate, covariates: np.ndarray) -> np.ndarray:
    """Choose the steps of difference quotients; that of a coefficient so small that no customer's parameter moves farther."""
    model = estimate.model
    steps = np.full(estimate.optimum.size, _STEP)
    largest = np.maximum(np.abs(covariates).max(axis=0, initial=0), 1e-300)
    steps[len(model.parameters) :] /= np.tile(largest, len(model.covariate_sign))
    return steps


def expected_purchases_new_customer(model: PurchaseModel, estimate: Estimate, weeks: np.ndarray) -> np.ndarray:
    """Return expected repeat purchases of a customer in the first ``weeks`` (n,) after the first purchase."""
    theta, zero = np.exp(estimate.optimum[: len(estimate.model.parameters), None]), np.zeros(1)
    unique, inverse = np.unique(weeks, return_inverse=True)
    return (model.alive(theta, zero, zero, zero) * model.expected_if_alive(theta, zero, zero, unique, 0.0))[inverse]


def forecast_purchases(
    rng: np.random.Generator, model: PurchaseModel, estimate: Estimate, histories: Histories, weeks: float, draws: int,
    level: float,
) -> np.ndarray:  # fmt: skip
    """Simulate the purchases of each customer in the next ``weeks``; return mean, low, high and P(none), shape (4, n)."""
    theta = estimate.customer_parameters(histories.covariates)
    p_alive = probability_alive(model, estimate, histories)
    x, age = histories.frequency, histories.age
    result = np.empty((4, x.size))
    block = max(1, 2_000_000 // draws)
    for start in range(0, x.size, block):
        rows = slice(start, start + block)
        shape = (draws, x[rows].size)
        is_alive = rng.random(shape) < p_alive[rows]
        counts = is_alive * model.draw(rng, take_parameters(theta, rows), x[rows], age[rows], weeks, shape)
        bounds = np.quantile(counts, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
        result[:, rows] = counts.mean(axis=0), *bounds, (counts == 0).mean(axis=0)
    return result


# -- How expectations are computed --------------------------------------------------------------------------------


def take_parameters(theta: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
    """Select parameters of some customers; those that all share stay, shape (k, 1)."""
    return theta if theta.shape[1] == 1 else theta[:, rows]


def _in_blocks(function: Callable[..., np.ndarray], theta: np.ndarray, *columns: np.ndarray, size: int = 4_096) -> np.ndarray:
    """Apply a function of customers to blocks that fit into a processor's cache; neighbours in a block are alike."""
    order = np.argsort(columns[0], kind="stable")
    values = np.empty(order.size)
    for start in range(0, order.size, size):
        rows = order[start : start + size]
        values[rows] = function(take_parameters(theta, rows), *(column[rows] for column in columns))
    return values


@dataclass(frozen=True, slots=True)
class _Curve:
    """Customers who share their parameters: at which frequencies and ages to compute, and how to read all others.

    Attributes
    ----------
    rows : ndarray, shape (n,)
        The customers.
    x, age : ndarray, shape (points,)
    read : callable
        Values at the points (points,) -> values of the customers (n,).
    """

    rows: np.ndarray
    x: np.ndarray
    age: np.ndarray
    read: Callable[[np.ndarray], np.ndarray]


def _curves(model: PurchaseModel, estimate: Estimate, histories: Histories) -> list[_Curve]:
    """Group customers who share their parameters; no group where covariates differ from customer to customer."""
    theta = estimate.customer_parameters(histories.covariates)
    names = estimate.model.parameters
    scale = np.min([theta[names.index(name)] for name in model.scale_parameters], axis=0)
    n = histories.frequency.size
    groups = [np.arange(n)]
    if estimate.covariates:
        first, kind = unique_rows(tuple(histories.covariates.T))
        bounds = np.cumsum(np.bincount(kind))[:-1]
        groups = np.split(np.argsort(kind, kind="stable"), bounds) if first.size * 100 <= n else []
    return [
        _curve(rows, histories.frequency[rows], histories.age[rows], float(scale[rows[0] if scale.size > 1 else 0]))
        for rows in groups
    ]


def _expected_if_alive(
    model: PurchaseModel, theta: np.ndarray, histories: Histories, weeks: float, rate: float, curves: list[_Curve]
) -> np.ndarray:
    """Return expected purchases of each customer, if alive, by the curves if there are any."""
    expected = np.zeros(histories.frequency.size)
    if weeks == 0:
        return expected

    def compute(theta: np.ndarray, x: np.ndarray, age: np.ndarray) -> np.ndarray:
        return _in_blocks(lambda *given: model.expected_if_alive(*given, weeks, rate), theta, x, age, size=512)

    if not curves:
        return compute(theta, histories.frequency, histories.age)
    for curve in curves:
        expected[curve.rows] = curve.read(compute(take_parameters(theta, curve.rows[:1]), curve.x, curve.age))
    return expected


def _curve(rows: np.ndarray, x: np.ndarray, age: np.ndarray, scale: float) -> _Curve:
    """Choose the points at which to compute a smooth positive function of x and age, and how to read it at all others.

    Distinct pairs; but where many ages share a frequency, Chebyshev points in log(scale + age) between the youngest and the
    oldest, and the polynomial through the logarithm there. The function has no singularity nearer than 1.5 to that line
    (``scale`` is the smallest of the model's scale parameters), so a relative error below 1e-10 needs 25 / asinh(3 / range)
    points.
    """
    first, inverse = unique_rows((x, age))
    unique_x, unique_age = x[first], age[first]
    order = np.lexsort((unique_age, unique_x))
    groups = np.split(order, np.flatnonzero(np.diff(unique_x[order], prepend=-1))[1:])
    points = [_chebyshev_points(unique_age[group], scale) for group in groups]
    bounds = np.cumsum([0, *(ages.size for ages, _, _ in points)])

    def read(values: np.ndarray) -> np.ndarray:
        result = np.empty(first.size)
        for group, (_, nodes, position), start, end in zip(groups, points, bounds[:-1], bounds[1:], strict=True):
            if position is None:
                result[group] = values[start:end]
            else:
                series = np.polynomial.chebyshev.chebfit(nodes, np.log(values[start:end]), nodes.size - 1)
                result[group] = np.exp(np.polynomial.chebyshev.chebval(position, series))
        return result[inverse]

    point_x = np.repeat(unique_x[[group[0] for group in groups]], np.diff(bounds))
    return _Curve(rows, point_x, np.concatenate([ages for ages, _, _ in points]), read)


def _chebyshev_points(age: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return ages at which to compute, Chebyshev nodes, and the position (-1 to 1) of each age; None if all are computed."""
    low, high = np.log(scale + age[[0, -1]])
    count = int(np.ceil(25 / np.arcsinh(3 / max(high - low, 1e-6)))) + 2
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    if age.size <= 1.5 * count:
        return age, nodes, None
    position = 2 * (np.log(scale + age) - low) / (high - low) - 1
    return np.maximum(np.exp(low + (high - low) * (nodes + 1) / 2) - scale, 0.0), nodes, position
