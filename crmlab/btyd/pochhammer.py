"""Rising factorials: log Gamma(base + count) / Gamma(base), exact for any size, with two derivatives.

All models of purchases are made of them. Differences of log-gamma functions lose their digits where the functions are much
larger than their difference; here nothing is lost. This file knows formulas only, no model.
"""

from __future__ import annotations

import numpy as np
from scipy import special


def log_pochhammer_table(base: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log(base (base + 1) ... (base + count - 1)), and its first and second derivative by ``base``.

    Whole counts only: a running sum where all customers share ``base``, which is exact for any size; else log-gamma functions.
    """
    if base.size == 1 and (top := int(count.max(initial=0))) < 1_000_000:
        factors = base.item() + np.arange(top)
        table = np.zeros((3, top + 1))
        table[0, 1:], table[1, 1:] = np.log(factors), 1 / factors
        table[2] = -(table[1] ** 2)
        log, first, second = np.take(table.cumsum(axis=1), count.astype(np.intp), axis=1)
        return log, first, second
    return log_pochhammer(base, count)


def log_pochhammer(base: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same for counts that need not be whole, by log-gamma functions.

    Beyond 300 they are so much larger than their difference that its digits are lost; there the differences of Stirling's
    series (Abramowitz & Stegun 1964, 6.1.41, 6.3.18, 6.4.12) are taken term by term, exact to the last digit.
    """
    end = base + count
    direct = (
        special.gammaln(end) - special.gammaln(base),
        special.digamma(end) - special.digamma(base),
        special.polygamma(1, end) - special.polygamma(1, base),
    )
    if not (base > 300).any():
        return direct
    # differences and sums of 1 / base and 1 / end: 1 / base - 1 / end, 1 / base + 1 / end, their product, sum of squares
    difference, total, product = count / (base * end), 1 / base + 1 / end, 1 / (base * end)
    squares = total**2 - 2 * product
    series = (
        (base - 0.5) * np.log1p(count / base) + count * (np.log(end) - 1) - difference / 12 * (1 - (squares + product) / 30),
        np.log1p(count / base) + difference / 2 + difference * total / 12 * (1 - squares / 10),
        -difference * (1 + total / 2 + (squares + product) / 6 - (squares**2 - product**2 + product * squares) / 30),
    )
    log, first, second = (np.where(base > 300, *pair) for pair in zip(series, direct, strict=True))
    return log, first, second
