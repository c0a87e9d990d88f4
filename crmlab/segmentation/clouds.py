"""Clouds: coloured points that are segments, or noise cut into segments.

What a bet on noise shows: some clouds have groups, others have none, and each is segmented again in other samples. Groups that
are there come back; noise is cut elsewhere. It draws points and returns a table; how it is shown is known where charts are
drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle, islice

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.segmentation.kmeans import fit_kmeans

_APART = (2.4, 3.6)  # standard deviations from the middle to the centres of groups: near, far
_SPREAD = 3.0  # radius of a ring and of a disc of noise, twice the deviation of a heap


def simulate_clouds(clouds: int = 5, *, customers: int = 120, resamples: int = 6, k: int = 4, seed: int) -> pd.DataFrame:
    """Draw clouds in two columns, of which some have k groups and the others none, and segment each again and again.

    Truth: in a real cloud, customers scatter with deviation 1 around k centres on a circle, near to each other in the first
    real cloud and every other one after it, else far. Noise is in turn a ring, a heap (one normal distribution) and a disc.
    Every cloud is cut into k segments by k-means, first by all its customers, then by as many other customers of the same
    source in each resample; the first ones are assigned each time. Segments of a resample have the numbers of the first that
    they overlap most, so that a change of number is a change of segment. The silhouette does not tell noise: slices of a ring
    lie further apart than groups that are near.

    Parameters
    ----------
    clouds : int, 2 to 9
        At least one of them is real and one noise.
    customers : int
        In each cloud.
    resamples : int
        How often other customers are drawn.
    k : int, 2 to 6
        Segments.
    seed : int

    Returns
    -------
    DataFrame, one row per cloud, resample and customer (``tables.describe("segment_clouds")``)
        ``cloud, is_real, resample`` (0: all customers), ``customer_id, x, y, segment``.

    Raises
    ------
    ArgumentError
        A number is outside its range.

    References
    ----------
    Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, section 7.5.3, on stability in other samples.

    Examples
    --------
    >>> from crmlab import segmentation
    >>> clouds = segmentation.simulate_clouds(2, customers=60, resamples=1, seed=1)
    >>> int(clouds.groupby("cloud").is_real.first().sum()), len(clouds)
    (1, 240)
    """
    clouds, k = _check.integer("clouds", clouds, 2, 9), _check.integer("k", k, 2, 6)
    customers, resamples = _check.integer("customers", customers, 10 * k), _check.integer("resamples", resamples, 1)
    draw = np.random.default_rng(_check.integer("seed", seed, 0))
    n_real = int(draw.integers(max(1, clouds // 3), clouds - max(1, clouds // 3) + 1))
    kinds = [*islice(cycle(_REAL), n_real), *islice(cycle(_NOISE), clouds - n_real)]
    parts = []
    for number, place in enumerate(draw.permutation(clouds), start=1):
        source = kinds[place](k, draw)
        points = source(customers)
        first = _labels(points, points, k, draw)
        for resample in range(resamples + 1):
            labels = _recoloured(_labels(source(customers), points, k, draw), first, k) if resample else first
            parts.append(pd.DataFrame({
                "cloud": number, "is_real": bool(place < n_real), "resample": resample,
                "customer_id": np.arange(1, customers + 1), "x": points[:, 0], "y": points[:, 1], "segment": labels + 1,
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _labels(sample: np.ndarray, points: np.ndarray, k: int, draw: np.random.Generator) -> np.ndarray:
    """Cut a sample into k segments, and assign points to them."""
    fit = fit_kmeans(sample, np.ones(len(sample), dtype=int), k, 10, int(draw.integers(2**31)), standardized=False)
    return fit.posterior(points).argmax(axis=1)


def _recoloured(labels: np.ndarray, first: np.ndarray, k: int) -> np.ndarray:
    """Renumber segments so that as many customers as possible keep their number (Hungarian method)."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.bincount(labels * k + first, minlength=k * k).reshape(k, k)
    return linear_sum_assignment(overlap, maximize=True)[1][labels]


# Where customers come from: with k groups or none, and a generator, a source draws as many of them as are wanted.

_Source = Callable[[int], np.ndarray]


def _groups(apart: float, k: int, draw: np.random.Generator) -> _Source:
    angles = 2 * np.pi * (np.arange(k) / k + draw.random())
    centres = apart * np.column_stack([np.cos(angles), np.sin(angles)])
    return lambda n: centres[draw.integers(k, size=n)] + draw.standard_normal((n, 2))


def _heap(_: int, draw: np.random.Generator) -> _Source:
    return lambda n: _SPREAD / 2 * draw.standard_normal((n, 2))


def _ring(_: int, draw: np.random.Generator) -> _Source:
    return lambda n: _around(draw.normal(_SPREAD, 0.12 * _SPREAD, n), draw)


def _disc(_: int, draw: np.random.Generator) -> _Source:
    return lambda n: _around(_SPREAD * np.sqrt(draw.random(n)), draw)


def _around(radius: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    angle = 2 * np.pi * draw.random(radius.size)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


_REAL = tuple(partial(_groups, apart) for apart in _APART)
_NOISE = (_ring, _heap, _disc)
