"""Clouds: coloured points that are segments, or noise cut into segments.

What a bet on noise shows: some clouds have groups, others have none, and each is segmented again in bootstrap samples. Groups
that are there come back; noise is cut elsewhere. It draws points and returns a table; how it is shown is
known where charts are drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.segmentation.kmeans import fit_kmeans

_APART = 3.2  # standard deviations from the middle to the centre of a group
_SPREAD = 2.0  # standard deviation of a cloud of noise, in each direction


def simulate_clouds(clouds: int = 5, *, customers: int = 90, resamples: int = 4, k: int = 4, seed: int) -> pd.DataFrame:
    """Draw clouds in two columns, of which some have k groups and the others none, and segment each again and again.

    Truth: in a real cloud, customers scatter with deviation 1 around k centres on a circle of radius 3.2; a cloud of noise is
    one normal distribution with deviation 2. Every cloud is cut into k segments by k-means, first by all its customers, then
    by each bootstrap sample of them; everybody is assigned each time. Segments of a sample have the colours of the first that
    they overlap most, so that a change of colour is a change of segment. A naive reader sees k coloured groups in every cloud.

    Parameters
    ----------
    clouds : int, 2 to 9
        At least one of them is real and one noise.
    customers : int
        In each cloud.
    resamples : int
        Bootstrap samples.
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
    Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, section 7.5.3, on stability in bootstrap samples.

    Examples
    --------
    >>> from crmlab import segmentation
    >>> clouds = segmentation.simulate_clouds(2, customers=60, resamples=1, seed=1)
    >>> clouds.groupby("cloud").is_real.first().sum(), len(clouds)
    (1, 240)
    """
    clouds, k = _check.integer("clouds", clouds, 2, 9), _check.integer("k", k, 2, 6)
    customers, resamples = _check.integer("customers", customers, 10 * k), _check.integer("resamples", resamples, 1)
    draw = np.random.default_rng(_check.integer("seed", seed, 0))
    n_real = int(draw.integers(max(1, clouds // 3), clouds - max(1, clouds // 3) + 1))
    is_real = draw.permutation(np.arange(clouds) < n_real)
    parts = []
    for number, real in enumerate(is_real, start=1):
        points = _groups(customers, k, draw) if real else _SPREAD * draw.standard_normal((customers, 2))
        first = _labels(points, np.ones(customers, dtype=int), k, draw)
        for resample in range(resamples + 1):
            labels = first
            if resample:
                counts = draw.multinomial(customers, np.full(customers, 1 / customers))
                labels = _recoloured(_labels(points, counts, k, draw), first, k)
            parts.append(pd.DataFrame({
                "cloud": number, "is_real": bool(real), "resample": resample, "customer_id": np.arange(1, customers + 1),
                "x": points[:, 0], "y": points[:, 1], "segment": labels + 1,
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _groups(n: int, k: int, draw: np.random.Generator) -> np.ndarray:
    angles = 2 * np.pi * (np.arange(k) / k + draw.random())
    centres = _APART * np.column_stack([np.cos(angles), np.sin(angles)])
    return centres[draw.integers(k, size=n)] + draw.standard_normal((n, 2))


def _labels(points: np.ndarray, counts: np.ndarray, k: int, draw: np.random.Generator) -> np.ndarray:
    drawn = np.flatnonzero(counts)
    fit = fit_kmeans(points[drawn], counts[drawn], k, 10, int(draw.integers(2**31)), standardized=False)
    return fit.posterior(points).argmax(axis=1)


def _recoloured(labels: np.ndarray, first: np.ndarray, k: int) -> np.ndarray:
    """Renumber segments so that as many customers as possible keep their number (Hungarian method)."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.bincount(labels * k + first, minlength=k * k).reshape(k, k)
    return linear_sum_assignment(overlap, maximize=True)[1][labels]
