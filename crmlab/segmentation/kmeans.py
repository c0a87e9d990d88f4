"""k-means: segments as the customers nearest to each of k centres.

The sums of squares within segments are made as small as possible (scikit-learn). It reads distinct rows with counts and
returns centres. Whether there are such segments outside the table is asked in ``existence``.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from crmlab.segmentation.solution import segment_order, standardize

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


_SMALL = 20_000  # rows below which threads take longer to meet than to work, and sums would depend on their number
_JITTER = 1e-6  # of a standard deviation: far above the last digit of a distance, far below what a row can mean


@dataclass(frozen=True, slots=True)
class KMeansSolution:
    """Centres of k segments.

    Attributes
    ----------
    centres : ndarray, shape (k, p)
        In the units of the columns.
    shares : ndarray, shape (k,)
    scale : ndarray, shape (p,)
        By which distances in each column are divided.
    within : float
        Sum of squared distances to the centres.
    """

    centres: np.ndarray
    shares: np.ndarray
    scale: np.ndarray
    within: float

    loglik: ClassVar[float] = math.nan

    @property
    def n_parameters(self) -> int:
        """Coordinates of the centres."""
        return self.centres.size

    @property
    def objective(self) -> float:
        """Minus the logarithm of the sum of squares within (Tibshirani, Walther & Hastie 2001, eq. 3)."""
        return -math.log(max(self.within, 1e-300))

    def posterior(self, values: np.ndarray) -> np.ndarray:
        """Return 1 for the segment with the nearest centre (of equally near ones the first), else 0, shape (n, k)."""
        points, centres = values / self.scale, self.centres / self.scale
        distance = (centres**2).sum(axis=1) - 2 * points @ centres.T
        return np.eye(len(centres))[distance.argmin(axis=1)]


def fit_kmeans(
    values: np.ndarray, weight: np.ndarray, k: int, starts: int, seed: int, *, standardized: bool = True
) -> KMeansSolution:
    """Find the best of ``starts`` runs of k-means on distinct rows with counts."""
    from sklearn.cluster import KMeans

    mean, spread = standardize(values, weight)
    scale = spread if standardized else np.ones_like(spread)
    points = (values - mean) / scale  # centred, or squares of large values would cancel in their last digits
    # Whole numbers lie equally near to two starts so often that the last digit, and so the processor, would choose the optimum.
    jitter = _JITTER * spread / scale * np.random.default_rng(0).uniform(-1, 1, points.shape)
    with few_threads(len(points)):
        labels = KMeans(k, n_init=starts, random_state=seed).fit(points + jitter, sample_weight=weight).labels_
    sizes = np.bincount(labels, weight, minlength=k)
    sums = np.column_stack([np.bincount(labels, weight * column, minlength=k) for column in points.T])
    centres = sums / sizes[:, None]
    within = float(weight @ ((points - centres[labels]) ** 2).sum(axis=1))
    shares, centres = sizes / sizes.sum(), centres * scale + mean
    order = segment_order(shares, centres)
    return KMeansSolution(centres[order], shares[order], scale, within)


def few_threads(n: int) -> AbstractContextManager:
    """Let small tables be fitted by one thread."""
    return _controller().limit(limits=1 if n < _SMALL else None)


@cache
def _controller() -> ThreadpoolController:
    """Return what sets the number of threads; finding the libraries that have any takes as long as a small fit."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
