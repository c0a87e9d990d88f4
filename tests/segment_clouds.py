"""Clouds of customers with and without segments, and the starts of a record, for the tests and for benchmarks/segments.py."""

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from crmlab import btyd
from crmlab.segmentation import kmeans

UNSTRUCTURED = ("gaussian", "uniform", "skewed", "correlated", "rfm")
SEPARATED = {  # centres, in standard deviations
    "two far clouds": [[0, 0, 0], [5, 5, 0]],
    "three far clouds": [[0, 0, 0], [6, 0, 0], [0, 6, 6]],
    "four far clouds": [[0, 0, 0], [6, 0, 0], [0, 6, 0], [0, 0, 6]],
}


def cloud(kind: str, n: int, *, seed: int) -> pd.DataFrame:
    """Draw one row per customer."""
    draw = np.random.default_rng(seed)
    if kind == "rfm":
        return rfm(n, seed)
    points = draw.standard_normal((n, 3))
    if kind in SEPARATED:
        centres = np.array(SEPARATED[kind], dtype=float)
        points += centres[draw.integers(len(centres), size=n)]
    elif kind == "uniform":
        points = draw.random((n, 3))
    elif kind == "skewed":
        points = np.exp(0.8 * points)
    elif kind == "correlated":
        points += 1.5 * draw.standard_normal((n, 1))
    return pd.DataFrame(points, columns=list("abc"))


def rfm(n: int, seed: int) -> pd.DataFrame:
    """Recency, purchases and money of customers who differ by degree only: one gamma distribution each, no classes."""
    truth = {"r": 0.8, "alpha": 8.0, "s": 1.5, "beta": 60.0}
    customers = btyd.simulate_purchases("pareto_nbd", truth, customers=n, weeks=52, seed=seed)
    spend = btyd.simulate_spend({"p": 6, "q": 4, "v": 15}, customers.frequency.to_numpy(), seed=seed)
    draw = np.random.default_rng(seed)
    value = spend.monetary_value.where(spend.frequency > 0, 6 * 15 / draw.gamma(4, 1, n))
    return pd.DataFrame({
        "recency_days": np.round(7 * (customers.age_weeks - customers.recency_weeks)),
        "purchase_days": customers.frequency + 1.0,
        "total_amount": np.round(value.to_numpy() * (customers.frequency.to_numpy() + 1), 2),
    })  # fmt: skip


def fit_from_patterns(values, weight, k, starts, seed):
    """k-means as the record of McDonald's survey was made (R's flexclust: stepFlexclust with kcca).

    Each run starts from k distinct patterns, all of them equally likely however many customers have them, and of the runs that
    with the smallest sum of distances, not of their squares, is kept.
    """
    draw, best = np.random.default_rng(seed), None
    for _ in range(starts):
        first = values[draw.choice(len(values), k, replace=False)].astype(float)
        run = KMeans(k, init=first, n_init=1).fit(values, sample_weight=weight)
        distance = weight @ run.transform(values).min(axis=1)
        best = min(best or (np.inf, None), (distance, run), key=lambda each: each[0])
    run = best[1]
    shares = np.bincount(run.labels_, weight, minlength=k) / weight.sum()
    return kmeans.KMeansSolution(run.cluster_centers_, shares, np.ones(values.shape[1]), float(run.inertia_))
