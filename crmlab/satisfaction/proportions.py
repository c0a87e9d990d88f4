"""Proportions: intervals of shares, and of differences of shares of one sample.

Functions of counts and a confidence level, as the papers write them; what is counted, and how an index is made
of the counts, is known in ``indices``; changes between waves in ``waves``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint


def wilson_interval(count: npt.ArrayLike, n: npt.ArrayLike, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's (1927) intervals of shares, ``count`` of ``n``, in the shape of these."""
    return proportion_confint(count, n, alpha=1 - level, method="wilson")


def tango_interval(above: int, below: int, n: int, level: float) -> tuple[float, float]:
    """Return the ends of Tango's (1998) interval of the difference of two multinomial shares, ``above`` and ``below`` of ``n``.

    They are where the score statistic ``(above - below - n d) / sqrt(variance(d))`` of a difference d reaches the normal
    quantile; the share that is no parameter of interest is replaced by its maximum likelihood estimate given d, the root
    of a quadratic.
    """
    z = stats.norm.ppf((1 + level) / 2)

    def excess(difference: float) -> float:
        b = (2 * n - above + below) * difference - above - below
        root = math.sqrt(max(b * b + 8 * n * below * difference * (1 - difference), 0))
        variance = n * ((root - b) / (2 * n) + difference * (1 - difference))
        return (above - below - n * difference) ** 2 - z * z * variance

    estimate, step = (above - below) / n, 1e-12  # at the estimate itself the statistic may be 0/0
    low = -1.0 if below == n else optimize.brentq(excess, -1, estimate - step, xtol=1e-12)
    high = 1.0 if above == n else optimize.brentq(excess, estimate + step, 1, xtol=1e-12)
    return low, high
