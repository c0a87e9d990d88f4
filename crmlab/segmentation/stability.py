"""Stability: whether segments come back in other samples of the same customers.

Pairs of bootstrap samples are segmented anew, and everybody is assigned by both: the adjusted Rand index says how far the two
agree, the Jaccard index of each segment how much of it comes back. That segments come back does not mean that they exist:
customers who differ by degree only are cut in the same places again and again (see ``existence``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmlab.errors import DataError
from crmlab.segmentation.solution import Method, Solution


@dataclass(frozen=True, slots=True)
class Stability:
    """How well segments are reproduced.

    Attributes
    ----------
    agreement : ndarray, shape (pairs,)
        Adjusted Rand index of each pair of samples.
    jaccard : ndarray, shape (k,)
        Mean overlap of each segment with the most similar one of every sample.
    """

    agreement: np.ndarray
    jaccard: np.ndarray


def stability(
    values: np.ndarray, weight: np.ndarray, solution: Solution, method: Method, *, pairs: int, starts: int,
    draw: np.random.Generator,
) -> Stability:  # fmt: skip
    """Segment pairs of bootstrap samples of counted rows, and compare how they assign all rows."""
    k, share = len(solution.shares), weight / weight.sum()
    own = solution.posterior(values).argmax(axis=1)
    agreement, overlaps = np.empty(pairs), np.empty((2 * pairs, k))
    for pair in range(pairs):
        labels = []
        for _ in range(2):
            counts = draw.multinomial(weight.sum(), share)
            drawn = np.flatnonzero(counts)
            seed = int(draw.integers(2**31))
            sample = method(values[drawn], counts[drawn], min(k, drawn.size), starts, seed)
            labels.append(sample.posterior(values).argmax(axis=1))
        agreement[pair] = _rand(_cross(labels[0], labels[1], k, weight))
        overlaps[2 * pair : 2 * pair + 2] = [_jaccard(_cross(own, each, k, weight)) for each in labels]
    return Stability(agreement, overlaps.mean(axis=0))


def adjusted_rand(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Measure how far two partitions of the same customers agree: 1 if they are the same, 0 on average by chance.

    With n_ij customers in segment i of the one and j of the other, and C(n) = n (n - 1) / 2, it is
    (sum of C(n_ij) - e) / ((sum of C(n_i.) + sum of C(n_.j)) / 2 - e), e = sum of C(n_i.) times sum of C(n_.j) / C(n).

    Parameters
    ----------
    first, second : array, shape (n,)
        Segments, by any labels.

    Returns
    -------
    float

    Raises
    ------
    DataError
        The two differ in length, are empty, or have missing labels.

    References
    ----------
    Hubert & Arabie (1985), Comparing partitions, Journal of Classification 2, eq. 5.

    Examples
    --------
    >>> from crmlab import segmentation
    >>> segmentation.adjusted_rand([1, 1, 2, 2], ["b", "b", "a", "a"])
    1.0
    >>> round(segmentation.adjusted_rand([1, 1, 2, 2, 3, 3], [1, 1, 1, 2, 2, 2]), 3)
    0.242
    """
    import pandas as pd

    codes = []
    for name, labels in (("first", first), ("second", second)):
        values = np.asarray(labels)
        if values.ndim != 1 or values.size == 0 or pd.isna(values).any():
            raise DataError(f"`{name}` must be a vector of segments, one per customer, none missing.")
        codes.append(pd.factorize(values)[0])
    if codes[0].size != codes[1].size:
        raise DataError(f"`first` has {codes[0].size:,} customers and `second` {codes[1].size:,}. Give the same customers.")
    size = int(max(codes[0].max(), codes[1].max())) + 1
    return _rand(_cross(codes[0], codes[1], size, np.ones(codes[0].size)))


def _cross(first: np.ndarray, second: np.ndarray, k: int, weight: np.ndarray) -> np.ndarray:
    """Count customers by two partitions, shape (k, k)."""
    return np.bincount(first * k + second, weight, minlength=k * k).reshape(k, k)


def _rand(table: np.ndarray) -> float:
    cells, rows, columns, total = (
        float((counts * (counts - 1)).sum() / 2) for counts in (table, table.sum(axis=1), table.sum(axis=0), table.sum())
    )
    expected = rows * columns / total if total else 0.0
    possible = (rows + columns) / 2 - expected
    return 1.0 if possible == 0 else (cells - expected) / possible  # all in one segment, or everyone alone, in both


def _jaccard(table: np.ndarray) -> np.ndarray:
    """Return the largest overlap of each row's segment with any column's: customers in both by those in either."""
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0) - table
    return (table / np.maximum(union, 1e-300)).max(axis=1)
