"""Differences of means: their standard errors, t intervals and p-values.

Estimates are (estimate, standard error, degrees of freedom), or tables with these columns. What is compared is known in
``management`` and ``beliefs``; means over respondents with several rows are in ``clustered``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check

COLUMNS = ["estimate", "std_error", "df"]


def mean_estimate(values: np.ndarray) -> tuple[float, float, float]:
    """Estimate a mean; the standard error of a single value is unknown."""
    n = len(values)
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else np.nan, n - 1


def welch(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Estimate the difference of two means with Welch's degrees of freedom."""
    (mean, error, df), (other_mean, other_error, other_df) = mean_estimate(first), mean_estimate(second)
    std_error = float(np.hypot(error, other_error))
    welch_df = float(std_error**4 / (error**4 / df + other_error**4 / other_df)) if std_error > 0 else df + other_df
    return mean - other_mean, std_error, welch_df


def with_intervals(estimates: pd.DataFrame, level: float, tests: int = 1) -> pd.DataFrame:
    """Add ``low`` and ``high``, the ends of t intervals that hold together for a number of tests (Bonferroni)."""
    level = _check.share("level", level)
    half = stats.t.ppf(1 - (1 - level) / (2 * tests), estimates["df"]) * estimates["std_error"]
    return estimates.assign(low=estimates["estimate"] - half, high=estimates["estimate"] + half)


def p_values(estimates: pd.DataFrame) -> np.ndarray:
    """Return two-sided p-values of t tests, shape (rows,); NaN where nothing varies."""
    error = estimates["std_error"].to_numpy()
    statistic = np.divide(estimates["estimate"], error, out=np.full(len(error), np.nan), where=error > 0)
    return 2 * stats.t.sf(np.abs(statistic), estimates["df"])
