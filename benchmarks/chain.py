"""The chain: do the intervals of `loyalty.fit_chain` hold what they promise, and does its naive twin miss?

Draws customers by `loyalty.simulate_chain`, with a confounder and noise in the answers, two rows each, and counts in how many
runs all nine slopes lie within their intervals together (Bonferroni), and within their ellipsoid.

    python benchmarks/chain.py            # 2,000 runs of 1,500 customers, some minutes
"""

import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))
from crmlab import loyalty

TRUTH = np.array([0.35, 0.15, 0.06, 0.02, 0.0, 120.0, 10.0, 4.0, 0.0])
SERVICE = ["reliability", "empathy"]
KEPT = 0.8  # reliability of the answers
SHIFT = {"reliability": 0.5}
EFFECT = {"satisfaction": 0.175, "stays": 0.0205, "profit": 120 * 0.0205 + 10 * 0.175 + 4 * 0.5}


def covered(seed: int) -> np.ndarray:
    """Whether the truth lies in Bonferroni's box, the ellipsoid, the intervals of three effects, and those of the naive fit."""
    table = loyalty.simulate_chain(1_500, seed=seed, waves=2, confounding=1, reliability=KEPT)
    fit = loyalty.fit_chain(
        table, service=SERVICE, controls=["price_focus"], cluster="customer_id", scale=None,
        reliability=dict.fromkeys([*SERVICE, "satisfaction"], KEPT),
    )  # fmt: skip
    error = fit.params - TRUTH
    box = (np.abs(error) <= stats.norm.isf(0.025 / error.size) * np.sqrt(np.diag(fit.cov))).all()
    ellipsoid = error @ np.linalg.solve(fit.cov, error) <= stats.chi2.isf(0.05, error.size)
    single = [
        row.low <= EFFECT[row.outcome] <= row.high
        for each in (fit, fit.naive)
        for row in each.effect(SHIFT).query("path == 'in all'").itertuples()
    ]
    return np.array([box, ellipsoid, *single])


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    shares = np.mean([covered(seed) for seed in range(1, runs + 1)], axis=0)
    low, high = stats.binom.interval(0.95, runs, 0.95)
    names = ("all slopes (Bonferroni)", "all slopes (ellipsoid)", *(f"effect on {name}" for name in EFFECT))
    names += tuple(f"naive effect on {name}" for name in EFFECT)
    print(f"| intervals of 95 % | hold the truth ({runs:,} runs; chance {100 * low / runs:.1f} to {100 * high / runs:.1f} %) |")
    print("|---|---|")
    for name, share in zip(names, shares, strict=True):
        print(f"| {name} | {100 * share:.1f} % |")
