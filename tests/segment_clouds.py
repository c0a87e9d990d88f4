"""Clouds of customers with and without segments, for the tests and for benchmarks/segments.py."""

import numpy as np
import pandas as pd

from crmlab import btyd

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
