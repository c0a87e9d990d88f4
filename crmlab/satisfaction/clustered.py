"""Clustered means: intervals and contrasts of means when a respondent may have several rows.

Rows of one respondent are not independent, so errors are those of sums over respondents. Arrays come in and numbers go
out; whose rows they are, and what is compared, is known in ``gaps`` and ``groups``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and its error.

    Attributes
    ----------
    n : int
        Values that are not missing.
    mean, std_error, df : float
        NaN where fewer than two respondents leave them unknown.
    """

    n: int
    mean: float
    std_error: float
    df: float

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the t interval."""
        half = stats.t.ppf((1 + level) / 2, self.df) * self.std_error if self.std_error == self.std_error else np.nan
        return self.mean - half, self.mean + half


def clustered_mean(values: np.ndarray, respondents: np.ndarray) -> Mean:
    """Estimate a mean whose error allows for several rows of one respondent.

    With residuals e summed over each of g respondents, the variance is g / (g - 1) sum_r (sum e)^2 / n^2; for respondents
    with one row each it is that of the textbook.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        NaN where nothing was answered.
    respondents : ndarray of int, shape (rows,)
        Codes.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73, for a mean.
    """
    answered = ~np.isnan(values)
    values, respondents = values[answered], respondents[answered]
    n = int(values.size)
    mean = float(values.mean()) if n else np.nan
    if n < 2:
        return Mean(n, mean, np.nan, np.nan)
    sums = np.bincount(np.unique(respondents, return_inverse=True)[1], values - mean)
    g = sums.size
    if g < 2:
        return Mean(n, mean, np.nan, np.nan)
    return Mean(n, mean, float(np.sqrt(g / (g - 1) * (sums @ sums)) / n), g - 1.0)


def contrast_error(values: np.ndarray, inside: np.ndarray, outside: np.ndarray, respondents: np.ndarray) -> float:
    """Estimate the standard error of the mean inside a group less that outside, when respondents may be in both.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        NaN where nothing was answered.
    inside, outside : ndarray of bool, shape (rows,)
    respondents : ndarray of int, shape (rows,)
        Codes.
    """
    answered = ~np.isnan(values) & (inside | outside)
    inside, outside = answered & inside, answered & outside
    first = np.where(inside, values - values[inside].mean(), 0) / inside.sum()
    second = np.where(outside, values - values[outside].mean(), 0) / outside.sum()
    codes = np.unique(respondents[answered], return_inverse=True)[1]
    if codes.max() + 1 == answered.sum():  # nobody answered twice: Welch's
        n, m = inside.sum(), outside.sum()
        return float(np.sqrt(n / (n - 1) * first[inside] @ first[inside] + m / (m - 1) * second[outside] @ second[outside]))
    sums = np.bincount(codes, (first - second)[answered])
    return float(np.sqrt(sums.size / (sums.size - 1) * sums @ sums))
