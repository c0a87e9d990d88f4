"""Solutions: what k-means, mixtures and latent classes have in common, and in which order segments are numbered.

Each method returns a ``Solution`` for distinct rows with counts; whoever compares or resamples solutions can use any of them
without knowing which it is. How they are made stands in a file for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np


class Solution(Protocol):
    """Segments that were formed from distinct rows.

    Attributes
    ----------
    shares : ndarray, shape (k,)
        Of customers in each segment, largest first.
    centres : ndarray, shape (k, q)
        Mean of each column; for latent classes the probability of each category.
    loglik : float
        NaN for k-means, which has no likelihood.
    n_parameters : int
    within : float
        Sum of squared distances to the centres; NaN for models.
    objective : float
        What the method makes as large as it can: a log-likelihood, or minus the logarithm of ``within``.
    """

    @property
    def shares(self) -> np.ndarray: ...
    @property
    def centres(self) -> np.ndarray: ...
    @property
    def loglik(self) -> float: ...
    @property
    def n_parameters(self) -> int: ...
    @property
    def within(self) -> float: ...
    @property
    def objective(self) -> float: ...

    def posterior(self, values: np.ndarray) -> np.ndarray:
        """Return the probability that each row belongs to each segment, shape (n, k)."""


#: ``(values, weight, k, starts, seed)`` -> solution.
Method = Callable[[np.ndarray, np.ndarray, int, int, int], Solution]


def segment_order(shares: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Order segments, the largest first; of equally large ones that with the smaller centre in the first column that differs.

    Both are compared to six digits, so that no last digit decides.

    >>> segment_order(np.array([0.3, 0.4, 0.3]), np.array([[2.0, 1.0], [5.0, 5.0], [2.0, 0.5]]))
    array([1, 2, 0])
    """
    size = np.abs(centres).max(axis=0)
    keys = np.round(centres / np.where(size > 0, size, 1.0), 6)
    return np.lexsort((*keys.T[::-1], -np.round(shares, 6)))


def standardize(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column of counted rows, each of shape (p,)."""
    share, size = weight / weight.sum(), np.abs(values).max(axis=0)
    mean = share @ (values / size)
    return mean * size, np.sqrt(share @ (values / size - mean) ** 2) * size
