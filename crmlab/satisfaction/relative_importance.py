"""Relative importance: explained variance shared out among predictors that go together.

The numbers behind ``drivers``: LMG, Johnson's relative weights, slopes and R2 of many covariance matrices at once, and
the covariance matrices of bootstrap samples. Arrays come in and arrays go out; what the predictors are, and what is
shown of the numbers, is known there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from crmlab.errors import DataError

_BLOCK = 5_000_000  # counts of respondents held at a time: 40 MB


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What each predictor explains, in each of some samples.

    Attributes
    ----------
    lmg : ndarray, shape (samples, predictors)
        Part of R2, averaged over all orders in which predictors can be added.
    johnson : ndarray, shape (samples, predictors)
        Part of R2 by relative weights.
    slope : ndarray, shape (samples, predictors)
        Change of the outcome for one more of the predictor, the others held fixed.
    r2 : ndarray, shape (samples,)
        Share of the outcome's variance that is explained.
    mean : ndarray, shape (samples, predictors + 1)
        Means of the predictors and the outcome; NaN where they are not known.
    """

    lmg: np.ndarray
    johnson: np.ndarray
    slope: np.ndarray
    r2: np.ndarray
    mean: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """LMG as a share of R2, shape (samples, predictors); equal shares in a sample where nothing is explained."""
        r2 = self.r2[:, None]
        return np.divide(self.lmg, r2, out=np.full_like(self.lmg, 1 / self.lmg.shape[1]), where=r2 > 1e-12)

    def finite(self) -> Weights:
        """Return the samples in which every predictor varied."""
        rows = np.isfinite(self.lmg).all(axis=1)
        return Weights(self.lmg[rows], self.johnson[rows], self.slope[rows], self.r2[rows], self.mean[rows])


def relative_importance(covariance: np.ndarray, mean: np.ndarray) -> Weights:
    """Share R2 out among predictors; NaN in samples whose matrix is singular.

    With R2(S) explained by a set S of the k predictors, LMG of predictor j is the mean of R2(S + j) - R2(S) over all
    orders, where S is what stands before j: a set of size s has weight s! (k - 1 - s)! / k!. Johnson's weight is
    sum_i root_ji^2 beta_i^2, with root the symmetric square root of the predictors' correlations R and
    beta = R^(-1/2) r the coefficients of the nearest orthogonal variables.

    Parameters
    ----------
    covariance : ndarray, shape (samples, predictors + 1, predictors + 1)
        The outcome stands last.
    mean : ndarray, shape (samples, predictors + 1)
        Handed on.

    References
    ----------
    Lindeman, Merenda & Gold (1980). Johnson (2000), Multivariate Behavioral Research 35, equations 3 to 6.
    """
    k = covariance.shape[1] - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2).clip(min=0))
        correlation = covariance / (sd[:, :, None] * sd[:, None, :])
    singular = ~np.isfinite(correlation).all(axis=(1, 2))
    correlation[singular] = np.eye(k + 1)
    predictors = correlation[:, :k, :k]
    eigenvalues, eigenvectors = np.linalg.eigh(predictors)
    singular |= eigenvalues[:, 0] < 1e-10
    correlation[singular] = np.eye(k + 1)
    eigenvalues[singular], eigenvectors[singular] = 1.0, np.eye(k)
    outcome = correlation[:, :k, k]

    lmg, r2 = _lmg(predictors, outcome)
    root = np.einsum("bij,bj,bkj->bik", eigenvectors, np.sqrt(eigenvalues), eigenvectors)
    beta = np.linalg.solve(root, outcome[:, :, None])[:, :, 0]
    johnson = np.einsum("bij,bj->bi", root**2, beta**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.linalg.solve(predictors, outcome[:, :, None])[:, :, 0] * sd[:, k:] / sd[:, :k]
    for values in (lmg, johnson, slope, r2):
        values[singular] = np.nan
    return Weights(lmg, johnson, slope, r2, mean)


def _lmg(predictors: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LMG, shape (samples, k), and R2 of all predictors, shape (samples,), from R2 of each of the 2^k subsets."""
    samples, k = outcome.shape
    r2 = np.zeros((2**k, samples))
    for subset in range(1, 2**k):
        members = [j for j in range(k) if subset >> j & 1]
        slope = np.linalg.solve(predictors[:, members][:, :, members], outcome[:, members][:, :, None])[:, :, 0]
        r2[subset] = np.einsum("bi,bi->b", outcome[:, members], slope)
    lmg = np.zeros((samples, k))
    weight = [math.factorial(size) * math.factorial(k - 1 - size) / math.factorial(k) for size in range(k)]
    for subset in range(2**k):
        for j in range(k):
            if not subset >> j & 1:
                lmg[:, j] += weight[subset.bit_count()] * (r2[subset | 1 << j] - r2[subset])
    return lmg, r2[-1]


def bootstrap_moments(
    values: np.ndarray, clusters: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw bootstrap samples of clusters of rows and return their moments.

    Parameters
    ----------
    values : ndarray, shape (rows, k)
    clusters : ndarray of int, shape (rows,)
        Codes from 0 on: rows with one code are drawn together.
    draws : int
    rng : numpy.random.Generator

    Returns
    -------
    tuple of ndarray
        Covariances, shape (draws, k, k), with divisor n - 1; means, shape (draws, k). Computed from sums over each
        cluster, so that no sample is ever made.
    """
    k, n_clusters = values.shape[1], int(clusters.max()) + 1
    products = (values[:, :, None] * values[:, None, :]).reshape(len(values), -1)
    terms = np.column_stack([np.ones(len(values)), values, products])
    if n_clusters < len(values):
        terms = np.stack([np.bincount(clusters, column, n_clusters) for column in terms.T], axis=1)
    sums = np.empty((draws, terms.shape[1]))
    block = max(1, _BLOCK // n_clusters)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        counts = [np.bincount(rng.integers(n_clusters, size=n_clusters), minlength=n_clusters) for _ in range(size)]
        sums[start : start + size] = np.stack(counts).astype(float) @ terms
    n = sums[:, :1]
    mean = sums[:, 1 : k + 1] / n
    second = sums[:, k + 1 :].reshape(draws, k, k) / n[:, :, None]
    return (second - mean[:, :, None] * mean[:, None, :]) * (n / (n - 1))[:, :, None], mean


def wishart_covariances(covariance: np.ndarray, n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw covariances of samples of n normal rows, shape (draws, k, k)."""
    if n - 1 < len(covariance):
        raise DataError(f"`n` = {n} rows are too few for {len(covariance)} columns.")
    drawn = stats.wishart(n - 1, covariance / (n - 1)).rvs(draws, random_state=rng)
    return np.asarray(drawn).reshape(draws, *covariance.shape)
