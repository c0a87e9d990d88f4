"""Latent classes: segments of customers with like answers, from columns of categories.

Within a class the columns are independent; each class has its own probability of each category. The maximum of the likelihood
is climbed by EM over distinct rows with their counts, sped up by extrapolation. It reads such rows and returns a solution;
its standard errors stand in ``information``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import softmax

from crmlab.errors import ConvergenceError
from crmlab.segmentation.solution import segment_order

_SHORT = 30  # steps of EM from each start
_KEPT = 5  # best starts that are followed to their maximum
_SETTLED = 1e-9  # gain of the log-likelihood per customer and step, at which a maximum is reached
_MOST = 10_000  # pairs of steps before a climb is given up
_GROWTH = 4.0  # of the longest extrapolation
_LEAST = 1e-300  # of a probability, so that its logarithm is finite


@dataclass(frozen=True, slots=True)
class ClassSolution:
    """Shares of k classes, and the probability of each category in each.

    Attributes
    ----------
    shares : ndarray, shape (k,)
    centres : ndarray, shape (k, q)
        Probabilities of the q categories of all columns, one column after the other.
    sizes : tuple of int
        How many categories each column has.
    loglik : float
    """

    shares: np.ndarray
    centres: np.ndarray
    sizes: tuple[int, ...]
    loglik: float

    within: ClassVar[float] = math.nan

    @property
    def n_parameters(self) -> int:
        """Free probabilities."""
        k, q = self.centres.shape
        return k - 1 + k * (q - len(self.sizes))

    @property
    def objective(self) -> float:
        """The log-likelihood."""
        return self.loglik

    def posterior(self, values: np.ndarray) -> np.ndarray:
        """Return p(class | row) by Bayes' rule, shape (n, k)."""
        point = np.column_stack([self.shares, self.centres])
        return softmax(indicators(values, self.sizes) @ np.log(np.maximum(point, _LEAST)).T, axis=1)


def indicators(values: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Return a one, then for each column and category whether a row has it, shape (u, 1 + q)."""
    starts = 1 + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    result = np.zeros((len(values), 1 + sum(sizes)))
    result[:, 0] = 1
    np.put_along_axis(result, (values + starts).astype(int), 1.0, axis=1)
    return result


def fit_classes(
    values: np.ndarray, weight: np.ndarray, k: int, starts: int, seed: int, *, sizes: Sequence[int] = ()
) -> ClassSolution:
    """Find the highest maximum from ``starts`` random starts, of which the best are followed to the end."""
    sizes = tuple(sizes) or tuple(int(column.max()) + 1 for column in values.T)
    design, counts = indicators(values, sizes), weight.astype(float)
    draw = np.random.default_rng(seed)
    climbed = []
    for _ in range(1 if k == 1 else starts):
        joint = draw.dirichlet(np.ones(k), len(values)) * counts[:, None]
        point, loglik = _probabilities(joint.T @ design), -np.inf
        for _ in range(_SHORT):
            point, loglik = em_step(point, design, counts)
        climbed.append((loglik, point))
    climbed.sort(key=lambda start: -start[0])
    loglik, point = max((_climb(start, design, counts, sizes) for _, start in climbed[:_KEPT]), key=lambda end: end[0])
    order = segment_order(point[:, 0], point[:, 1:])
    return ClassSolution(point[order, 0], point[order, 1:], sizes, loglik)


def em_step(point: np.ndarray, design: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the next point, and the log-likelihood of the one given (Dempster, Laird & Rubin 1977).

    Parameters
    ----------
    point : ndarray, shape (k, 1 + q)
        Share of each class, then its probability of each category.
    design : ndarray, shape (u, 1 + q)
        From ``indicators``.
    counts : ndarray, shape (u,)
    """
    joint = design @ np.log(np.maximum(point, _LEAST)).T
    highest = joint.max(axis=1, keepdims=True)
    joint = np.exp(joint - highest)
    total = joint.sum(axis=1)
    loglik = float(counts @ (highest[:, 0] + np.log(total)))
    return _probabilities((joint * (counts / total)[:, None]).T @ design), loglik


def _probabilities(expected: np.ndarray) -> np.ndarray:
    """Turn expected counts, of customers and of their categories, into probabilities."""
    customers = np.maximum(expected[:, :1], _LEAST)
    return np.column_stack([customers / customers.sum(), expected[:, 1:] / customers])


def _climb(point: np.ndarray, design: np.ndarray, counts: np.ndarray, sizes: Sequence[int]) -> tuple[float, np.ndarray]:
    """Follow EM to its end, extrapolating from every two steps (Varadhan & Roland 2008, scheme S3).

    On a ridge, where classes are hardly told apart, extrapolations of any length are proposed, and those that are too long
    fail: so the longest that is allowed grows where it succeeds, and shrinks where it fails (their section 6).
    """
    n, best, longest = counts.sum(), -np.inf, 1.0
    for _ in range(_MOST):
        first = em_step(point, design, counts)[0]
        second, loglik = em_step(first, design, counts)
        change = first - point
        bend = second - first - change
        length = min(np.sqrt((change**2).sum() / max((bend**2).sum(), _LEAST)), longest)
        if loglik - best < _SETTLED * n and np.abs(change).max() < 1e-6:
            return loglik, second
        best, rises = loglik, True
        if length > 1:
            leap = _proper(point + 2 * length * change + length**2 * bend, sizes)
            beyond, reached = em_step(leap, design, counts)
            rises = reached > loglik
            second = beyond if rises else second
        if not rises:
            longest = max(longest / _GROWTH, 1.0)
        elif length == longest:
            longest *= _GROWTH
        point = second
    raise ConvergenceError(
        "latent classes: no maximum was reached. Take fewer classes, or leave out columns with rare categories."
    )


def _proper(point: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Raise what an extrapolation left below zero, and let the shares, and the categories of each column, sum to one."""
    point = np.maximum(point, 1e-10)
    totals = np.add.reduceat(point[:, 1:], np.cumsum([0, *sizes[:-1]]), axis=1)
    return np.column_stack([point[:, 0] / point[:, 0].sum(), point[:, 1:] / np.repeat(totals, sizes, axis=1)])
