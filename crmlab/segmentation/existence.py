"""Existence: whether segments stand apart more than in data whose customers differ by degree only.

The same method forms segments of the table and of reference tables with the same margins and correlations (see
``reference``). It reads checked rows and returns probabilities; whether segments can be reproduced is another question
(see ``stability``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmlab.segmentation.columns import distinct_rows
from crmlab.segmentation.reference import reference
from crmlab.segmentation.solution import Method


@dataclass(frozen=True, slots=True)
class Existence:
    """What reference tables say of each number of segments.

    Attributes
    ----------
    gap : ndarray, shape (K,)
        How much better the table falls apart than the mean reference table, in standard deviations of these.
    p_value : ndarray, shape (K,)
        Share of reference tables that fall apart as well, for each number of segments.
    p_any : float
        The same for the largest gap, so that trying several numbers of segments is paid for.
    """

    gap: np.ndarray
    p_value: np.ndarray
    p_any: float


def existence(
    values: np.ndarray, ks: Sequence[int], method: Method, *, categorical: bool, draws: int, starts: int,
    draw: np.random.Generator,
) -> Existence:  # fmt: skip
    """Test rows (n, p) against reference tables, by the gain of k segments over one.

    For k-means the gain is log W_1 - log W_k, which makes the gap statistic (Tibshirani, Walther & Hastie 2001); for models it
    is the likelihood ratio, and the test its parametric bootstrap (McLachlan 1987).
    """
    source = reference(values, draw, categorical=categorical)
    seeds = draw.integers(2**31, size=draws + 1)
    gains = np.empty((draws + 1, len(ks)))
    for row, seed in enumerate(seeds):
        table = source.draw(len(values), draw) if row else values
        gains[row] = _gains(table, ks, method, starts, int(seed))
    # the table is one of the draws under the hypothesis, so mean and deviation are those of all: the ranks stay fair
    gaps = (gains - gains.mean(axis=0)) / np.maximum(gains.std(axis=0), 1e-12)
    largest = gaps.max(axis=1)
    beside = (gains[0] - gains[1:].mean(axis=0)) / np.maximum(gains[1:].std(axis=0, ddof=1), 1e-12)
    return Existence(beside, (gains >= gains[0]).mean(axis=0), float((largest >= largest[0]).mean()))


def _gains(values: np.ndarray, ks: Sequence[int], method: Method, starts: int, seed: int) -> np.ndarray:
    rows, weight, _ = distinct_rows(values)
    objectives = [method(rows, weight, min(k, len(rows)), starts, seed).objective for k in (1, *ks)]
    return np.array(objectives[1:]) - objectives[0]
