"""The maximum: climb from several starts, and examine what is reached.

A large table is first fitted on samples of it, so that all rows are read three or four times only. What is reached is examined
before it is believed: a gradient that is left is refused, and a direction in which the data say nothing is named. This file
reads a ``Model`` and ``Observations`` and returns an ``Estimate``; what an estimate tells is known in ``estimate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from crmlab._likelihood.estimate import Estimate
from crmlab._likelihood.model import LoglikScoreHessian, Model, Observations, customer_parameters, standardize
from crmlab.errors import ConvergenceError

_WEAK_INFORMATION = 0.1  # on a logarithm; below it the data say nothing: the standard error would be above 3
_LARGE_SAMPLE = 12_000  # rows of the sample that leads near the maximum of a larger table


class Likelihood:
    """Log-likelihood of observations as a function of log parameters and coefficients, with gradient and Hessian.

    With a prior (normal on the logarithms, shape (2, k): mean and precision) it is the log-posterior. ``transform`` turns a
    point into the units in which the prior is given.
    """

    def __init__(
        self, model: Model, observations: Observations, prior: np.ndarray | None = None, transform: np.ndarray | None = None
    ) -> None:
        self.model, self.observations, self.prior = model, observations, prior
        self.size = len(model.parameters) + len(model.covariate_sign) * observations.covariates.shape[1]
        self.transform = np.eye(self.size) if transform is None else transform
        self.bound = np.full(self.size, np.inf)
        self.bound[: len(model.parameters)] = 60  # beyond it exp would overflow
        self._cache: dict[bytes, LoglikScoreHessian] = {}

    def __call__(self, point: np.ndarray) -> LoglikScoreHessian:
        """Return value (a scalar), gradient (k,) and Hessian (k, k)."""
        if (key := point.tobytes()) not in self._cache:
            self._cache[key] = self._sum(point)
        return self._cache[key]

    def _sum(self, point: np.ndarray) -> LoglikScoreHessian:
        size = self.model.block
        blocks = [self._block(point, slice(start, start + size)) for start in range(0, self.observations.weight.size, size)]
        value, gradient, hessian = blocks[0]
        for block in blocks[1:]:
            value, gradient, hessian = value + block[0], gradient + block[1], hessian + block[2]
        if self.prior is not None:
            mean, precision = self.prior
            residual = self.transform @ point - mean
            value = value - (precision * residual**2).sum() / 2
            gradient = gradient - (precision * residual) @ self.transform
            hessian = hessian - (self.transform.T * precision) @ self.transform
        return value, gradient, hessian

    def _block(self, point: np.ndarray, block: slice) -> LoglikScoreHessian:
        rows = self.observations.take(block)
        theta, designs = customer_parameters(self.model, point, rows.covariates)
        loglik, score, second = self.model.loglik_score_hessian(theta, *rows.columns)
        if not designs:
            return rows.weight @ loglik, score @ rows.weight, second @ rows.weight
        gradient, hessian = np.zeros(self.size), np.zeros((self.size, self.size))
        for i, (places, design) in enumerate(designs):
            gradient[places] = (rows.weight * score[i]) @ design
            for j, (others, other_design) in enumerate(designs):
                hessian[np.ix_(places, others)] = (design.T * (rows.weight * second[i, j])) @ other_design
        return rows.weight @ loglik, gradient, hessian


@cache
def _keep_freed_memory() -> None:
    """Teach the C library, once in a process and not before the first fit, to keep the memory of arrays that are freed.

    glibc gives back freed arrays at once and takes them again, page by page, which took a third of the fit of a small table.
    One large array that is freed raises its threshold, so that it then keeps up to 16 MB.
    """
    np.empty(1_000_000)


def maximise(
    model: Model, observations: Observations, *, covariates: Sequence[str] = (), prior: np.ndarray | None = None
) -> Estimate:
    """Find the maximum of a likelihood, from the best of several starts.

    A few hundred rows lead near it, some thousand nearer, and all of them to it. Where a direction is known to less than
    two units there can be several maxima (benchmarks/btyd_maxima.py): all starts are followed then.

    Raises
    ------
    ConvergenceError
        No point with a gradient of zero was reached.

    Examples
    --------
    Waiting times with the density rate exp(-rate t): the log-likelihood log(rate) - rate t by log(rate) has the score
    1 - rate t and the Hessian -rate t.

    >>> from crmlab._likelihood import Model, group_observations
    >>> def exponential(theta, time):
    ...     (rate,) = theta
    ...     return np.log(rate) - rate * time, np.stack([1 - rate * time]), np.stack([[-rate * time]])
    >>> model = Model("exponential", ("rate",), exponential, lambda weight, time: [(1.0,)], "any textbook")
    >>> estimate = maximise(model, group_observations(model, [np.array([1.0, 2.0, 3.0])]))
    >>> round(float(estimate.params["rate"]), 6), round(float(estimate.table.std_error[0]), 6)
    (0.5, 0.288675)
    """
    _keep_freed_memory()
    standardized, transform = standardize(model, observations)
    samples = _samples(standardized)
    total = observations.weight.sum()
    likelihoods = []
    for sample in samples:
        scaled = None if prior is None else np.stack([prior[0], prior[1] * (sample.weight.sum() / total)])
        likelihoods.append(Likelihood(model, sample, scaled, transform))
    whole = likelihoods[-1]
    n_coefficients = len(transform) - len(model.parameters)
    starts = [np.append(np.log(start), np.zeros(n_coefficients)) for start in model.starts(
        observations.weight, *observations.columns
    )]  # fmt: skip
    optimum = _climb(likelihoods, max(starts, key=lambda start: likelihoods[0](start)[0]))
    if np.linalg.eigvalsh(-whole(optimum)[2])[0] < 2:
        large = [each for each in likelihoods if each is whole or each.observations.weight.size >= _LARGE_SAMPLE]
        optimum = max([optimum, *(_climb(large, start) for start in starts)], key=lambda point: whole(point)[0])
    examined, covariance, unidentified = check_convergence(whole, optimum)
    value = whole(optimum)[0] if prior is None else Likelihood(model, standardized)(optimum)[0]
    return Estimate(model, tuple(covariates), examined, float(value), covariance, unidentified)


def _samples(observations: Observations) -> list[Observations]:
    """Take every so many-th row, for some hundred and some thousand rows, and last all rows."""
    n = observations.weight.size
    steps = [step for step in (n // 250, n // _LARGE_SAMPLE) if step > 2]
    return [observations.take(slice(None, None, step)) for step in (*steps, 1)]


def _climb(likelihoods: list[Likelihood], start: np.ndarray) -> np.ndarray:
    """Follow a start through the samples to the maximum on the last of them."""
    for likelihood in likelihoods:
        start = newton_trust_region(likelihood, start, 1e-8 if likelihood is likelihoods[-1] else 0.1)
    return start


def newton_trust_region(likelihood: Likelihood, start: np.ndarray, tolerance: float) -> np.ndarray:
    """Climb by Newton's steps in a trust region till a step would gain less than ``tolerance``.

    Where the likelihood is not concave the eigenvalues of its Hessian are taken by their absolute values, so that each step
    goes uphill. A parameter that is drawn beyond its bound stays there, while the others go on.
    """
    radius, bound, point = 2.0, likelihood.bound, start
    value, gradient, hessian = likelihood(point)
    for _ in range(200):
        fixed = (np.abs(point) >= bound) & (point * gradient > 0)
        if fixed.any():
            gradient = np.where(fixed, 0, gradient)
            hessian = np.where(fixed[:, None] | fixed, -np.diag(fixed * 1.0), hessian)
        eigenvalues, eigenvectors = np.linalg.eigh(-hessian)
        projected_gradient = eigenvectors.T @ gradient
        curvature = np.maximum(np.abs(eigenvalues), 1e-12 * np.abs(eigenvalues).max() + 1e-300)
        step = eigenvectors @ (projected_gradient / curvature)
        length = np.sqrt(step @ step)
        expected_gain = abs(step @ gradient)
        if not expected_gain > tolerance + 1e-13 * abs(value):  # the rest is rounding
            break
        proposal = np.clip(point + step * min(1.0, radius / length), -bound, bound)
        proposed = likelihood(proposal)
        if proposed[0] > value:
            if proposed[0] - value > 0.3 * expected_gain:
                radius = max(radius, 2 * min(length, radius))
            point, (value, gradient, hessian) = proposal, proposed
        elif (radius := min(length, radius) / 4) < 1e-10:
            break
    return point


def check_convergence(likelihood: Likelihood, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Refuse a point that is no maximum; return optimum (k,), covariance (k, k) and what is not identified (k,).

    A direction is identified if one unit of the logarithm changes the log-likelihood by more than 0.05.
    """
    value, gradient, hessian = likelihood(point)
    information, eigenvectors = np.linalg.eigh(-hessian)
    identified = information > _WEAK_INFORMATION
    projected_gradient = eigenvectors.T @ gradient
    gain = float((projected_gradient[identified] ** 2 / information[identified]).sum()) / 2
    # in a direction that is not identified one unit of the logarithm may change (nearly) nothing; its ridge has no end
    slope = float(np.abs(projected_gradient[~identified]).max(initial=0))
    if not np.isfinite(value) or gain > (1e-5 if identified.all() else 0.01) or slope > 0.05:
        raise ConvergenceError(
            f"{likelihood.model.name}: no maximum was reached (a step could still gain {max(gain, slope):.2g}). "
            "Look at the table (are times in weeks, are there repeat purchases, is one customer extreme?), or give a `prior`."
        )
    if gain < 1e-5:  # two more steps, each doubling the digits that are right: no order of rows, no processor shows in them
        point = point + eigenvectors[:, identified] @ (projected_gradient[identified] / information[identified])
        _, gradient, hessian = likelihood(np.clip(point, -likelihood.bound, likelihood.bound))
        information, eigenvectors = np.linalg.eigh(-hessian)
        identified = information > _WEAK_INFORMATION
        point = point + eigenvectors[:, identified] @ ((eigenvectors.T @ gradient)[identified] / information[identified])
    # a direction of which hardly anything is known keeps a variance that is large, but bounded
    root = eigenvectors / np.sqrt(np.maximum(information, 1e-4))
    unidentified = np.sqrt((root**2).sum(axis=1)) > _WEAK_INFORMATION**-0.5  # a coefficient's in units of its deviation
    root = likelihood.transform @ root
    return likelihood.transform @ point, root @ root.T, unidentified
