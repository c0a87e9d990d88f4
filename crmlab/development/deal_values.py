"""What a deal brings if it is won, and what its expected value says of the chance to win it.

It reads deals as they stood on a day: amounts of those that were won by then, and what was expected of those that were open.
What people expect is corrected by what came of it: whoever expects much of a deal is on average too hopeful.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

_LIKE = 30  # so many amounts of deals won in like circumstances are enough; with fewer, those of all are taken
_PAIRS = 10  # from so many deals won with both amounts on, a line is fitted; below, the mean ratio is taken
_PRECISION = 1.0  # of the prior of each coefficient on the log-odds, about 0


@dataclass(frozen=True, slots=True, eq=False)
class ValueModel:
    """Amounts of deals won until a day.

    Attributes
    ----------
    paid_open, paid_new : ndarray, shape (k,)
        Amounts of deals won that are like the open ones of which nothing is expected yet, and like those yet to come.
    line : ndarray, shape (2,)
        Log amount if won: constant and slope over the log of what was expected.
    cov : ndarray, shape (2, 2)
        Their covariance.
    residuals : ndarray, shape (r,)
        Of the log amounts; (0,) where nothing is known.
    pairs : int
        Deals from which the line was made.
    """

    paid_open: np.ndarray
    paid_new: np.ndarray
    line: np.ndarray
    cov: np.ndarray
    residuals: np.ndarray
    pairs: int

    def worth(self, expected: np.ndarray) -> np.ndarray:
        """Return the mean of what deals bring that are won, of what is expected of them; NaN where nothing is."""
        return np.exp(self.line[0] + self.line[1] * np.log(expected)) * np.exp(self.residuals).mean()


def fit_values(expected: np.ndarray, paid: np.ndarray, open_now: np.ndarray, new: np.ndarray) -> ValueModel:
    """Estimate what deals bring that are won, of n deals; ``open_now`` and ``new`` are amounts of some. Empty cells are NaN."""
    like = [each[np.isfinite(each)] for each in (paid, open_now, new)]
    paid_open, paid_new = (each if each.size >= _LIKE else like[0] for each in like[1:])
    both = (expected > 0) & (paid > 0)
    x, y = np.log(expected[both]), np.log(paid[both])
    n = x.size
    line, cov, residuals = np.array([0.0, 1.0]), np.zeros((2, 2)), np.zeros(1)
    if n >= _PAIRS and np.ptp(x) > 0:
        design = np.column_stack([np.ones(n), x])
        inverse = np.linalg.inv(design.T @ design)
        line = inverse @ design.T @ y
        residuals = y - design @ line
        cov = inverse * (residuals @ residuals) / (n - 2)
    elif n >= 2:
        line = np.array([(y - x).mean(), 1.0])
        residuals = y - x - line[0]
        cov[0, 0] = residuals.var(ddof=1) / n
    return ValueModel(paid_open, paid_new, line, cov, residuals, int(n))


def fit_shift(chance: np.ndarray, design: np.ndarray, won: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimate what is to be added to the log-odds of known chances (n,) by a design (n, m); return it and its covariance.

    A logit with an offset, its coefficients with a normal prior about 0: Newton's steps on a concave function.
    """
    offset, beta = log_odds(chance), np.zeros(design.shape[1])
    prior = _PRECISION * np.eye(beta.size)
    for _ in range(50):
        p = expit(offset + design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None]) + prior
        step = np.linalg.solve(information, design.T @ (won - p) - prior @ beta)
        beta = beta + step / max(1.0, np.abs(step).max())
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.linalg.inv(information)


def log_odds(chance: np.ndarray) -> np.ndarray:
    """Return log-odds, finite for 0 and 1, too."""
    return logit(np.clip(chance, 1e-12, 1 - 1e-12))
