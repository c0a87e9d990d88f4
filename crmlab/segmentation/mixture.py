"""Gaussian mixtures: segments as clouds of any size, direction and density.

Each segment has a share, a mean and a covariance matrix of its own, found by maximum likelihood (scikit-learn's EM from
several runs of k-means). It reads distinct rows with counts and returns a solution.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import softmax

from crmlab.errors import ConvergenceError, DataError
from crmlab.segmentation.kmeans import few_threads, fit_kmeans
from crmlab.segmentation.solution import segment_order, standardize

_RIDGE = 1e-6  # on the variances of standardised columns: no segment shrinks to a point
_FLAT = 1e-3  # smallest variance in any direction, below which a segment lies in a plane


@dataclass(frozen=True, slots=True)
class MixtureSolution:
    """Shares, means and covariances of k segments.

    Attributes
    ----------
    shares : ndarray, shape (k,)
    centres : ndarray, shape (k, p)
        In the units of the columns.
    covariances : ndarray, shape (k, p, p)
        Of standardised columns.
    mean, scale : ndarray, shape (p,)
        Of the columns.
    loglik : float
        In the units of the columns.
    """

    shares: np.ndarray
    centres: np.ndarray
    covariances: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    loglik: float

    within: ClassVar[float] = math.nan

    @property
    def n_parameters(self) -> int:
        """Shares, means and covariances."""
        k, p = self.centres.shape
        return k - 1 + k * p + k * p * (p + 1) // 2

    @property
    def objective(self) -> float:
        """The log-likelihood."""
        return self.loglik

    @property
    def flat(self) -> np.ndarray:
        """Whether a segment has (nearly) no variance in some direction, so that its likelihood has no bound, shape (k,)."""
        return np.linalg.eigvalsh(self.covariances)[:, 0] < _FLAT

    def posterior(self, values: np.ndarray) -> np.ndarray:
        """Return p(segment | row) by Bayes' rule, shape (n, k)."""
        points, centres = (values - self.mean) / self.scale, (self.centres - self.mean) / self.scale
        log_joint = np.empty((len(points), len(centres)))
        for segment, (share, centre, covariance) in enumerate(zip(self.shares, centres, self.covariances, strict=True)):
            root = np.linalg.cholesky(covariance)
            distance = np.linalg.solve(root, (points - centre).T)
            log_joint[:, segment] = math.log(share) - np.log(np.diag(root)).sum() - (distance**2).sum(axis=0) / 2
        return softmax(log_joint, axis=1)


def fit_mixture(values: np.ndarray, weight: np.ndarray, k: int, starts: int, seed: int) -> MixtureSolution:
    """Find the most likely of ``starts`` mixtures, each begun from a run of k-means."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mean, scale = standardize(values, weight)
    points = (values - mean) / scale
    if np.linalg.matrix_rank(points.T * np.sqrt(weight / weight.sum()), tol=1e-6) < points.shape[1]:
        raise DataError(
            "the columns add up to a constant, or one follows from the others (such as shares of 100 points): a Gaussian "
            'mixture has no density there. Leave one out with `columns=`, or take the method "k-means".'
        )
    rows, best = np.repeat(points, weight, axis=0), None
    for draw in np.random.SeedSequence(seed).generate_state(starts):
        near = fit_kmeans(points, weight, k, 1, int(draw), standardized=False).posterior(points)
        with warnings.catch_warnings(), few_threads(len(rows)):
            warnings.simplefilter("ignore", ConvergenceWarning)  # asked of the best of all below
            each = GaussianMixture(
                k, tol=1e-7, max_iter=2_000, reg_covar=_RIDGE, random_state=0, **_start(points, weight, near)
            )
            each.fit(rows)
        best = each if best is None or each.lower_bound_ > best.lower_bound_ + 1e-9 else best
    if best is None or not best.converged_:
        raise ConvergenceError(f"the mixture of {k} segments did not settle. Take fewer segments or columns, or more `starts`.")
    order = segment_order(best.weights_, best.means_)
    loglik = float(best.score_samples(points) @ weight - weight.sum() * np.log(scale).sum())
    return MixtureSolution(
        best.weights_[order], best.means_[order] * scale + mean, best.covariances_[order], mean, scale, loglik
    )


def _start(points: np.ndarray, weight: np.ndarray, near: np.ndarray) -> dict[str, np.ndarray]:
    """Return shares, means and precisions of the segments of a run of k-means."""
    counts = near * weight[:, None]
    total = counts.sum(axis=0)
    means = counts.T @ points / total[:, None]
    spread = np.empty((len(total), points.shape[1], points.shape[1]))
    for segment, centre in enumerate(means):
        centred = points - centre
        spread[segment] = (centred * counts[:, [segment]]).T @ centred / total[segment]
    # a few like rows have no covariance of their own: a tenth of everybody's keeps each start proper
    spread = 0.9 * spread + 0.1 * np.eye(points.shape[1])
    return {"weights_init": total / total.sum(), "means_init": means, "precisions_init": np.linalg.inv(spread)}
