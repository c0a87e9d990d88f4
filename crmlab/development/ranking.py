"""Ranking: how well scores tell the won from the lost, and whether a chance of 30 % is one.

Functions of who was won and of scores, as the papers write them: area under the curve with DeLong's covariance, gains and
lift, calibration. Tied scores share what they would win, so that no order of rows decides. Who made the scores is known in
``leads``, what calling costs in ``calling``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from statsmodels.stats.proportion import proportion_confint

_FINEST = 1e-12  # chances are kept this far from 0 and 1 before their logit is taken


def delong(won: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the areas under the curves of m scores of the same n prospects, and their covariance.

    The area is the chance that somebody who was won has the higher score than somebody who was lost, ties counting half. Its
    covariance is that of its placement values: with midranks R among all and r among their own kind, the won have
    (R - r) / n0 and the lost 1 - (R - r) / n1.

    Parameters
    ----------
    won : ndarray of bool, shape (n,)
    scores : ndarray, shape (m, n)

    Returns
    -------
    tuple of ndarray, shapes (m,) and (m, m)

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3), 837-845; Sun & Xu (2014), IEEE Signal Processing Letters 21(11),
    for the midranks.
    """
    scores = np.round(np.atleast_2d(scores), 12)  # what differs in the last digit only is a tie on any processor
    n1, n0 = int(won.sum()), int((~won).sum())
    ranks = stats.rankdata(scores, axis=1)
    of_won = (ranks[:, won] - stats.rankdata(scores[:, won], axis=1)) / n0
    of_lost = 1 - (ranks[:, ~won] - stats.rankdata(scores[:, ~won], axis=1)) / n1
    parts = (np.cov(values).reshape(len(scores), -1) / n if n > 1 else np.full((len(scores),) * 2, np.nan)
             for values, n in ((of_won, n1), (of_lost, n0)))  # fmt: skip
    return of_won.mean(axis=1), sum(parts)  # type: ignore[return-value]  # two arrays


def auc_interval(auc: float, variance: float, level: float) -> tuple[float, float]:
    """Return the ends of the interval of an area, within 0 and 1."""
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance)
    return float(max(auc - half, 0.0)), float(min(auc + half, 1.0))


def brier(won: np.ndarray, chance: np.ndarray) -> float:
    """Compute the mean squared distance of chances from what came (Brier 1950)."""
    return float(((chance - won) ** 2).mean())


def calibration_line(won: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit logit P(won) = a + b logit(chance); return (a, b) and their covariance; (0, 1) is perfect (Cox 1958).

    A slope below 1 says that chances are too far apart: the high ones too high, the low ones too low. NaN where the maximum
    does not exist.
    """
    clipped = np.clip(chance, _FINEST, 1 - _FINEST)
    design = np.column_stack([np.ones(len(won)), special.logit(clipped)])
    if design[:, 1].std() < 1e-9:
        return np.full(2, np.nan), np.full((2, 2), np.nan)

    def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
        index = design @ theta
        return float(np.logaddexp(0, index).sum() - index[won].sum()), design.T @ (special.expit(index) - won)

    theta = optimize.minimize(negative, np.array([0.0, 1.0]), jac=True, method="BFGS").x
    for _ in range(20):  # Newton's steps: the digits of the quasi-Newton maximum depend on its path
        p = special.expit(design @ theta)
        information = (design * (p * (1 - p))[:, None]).T @ design
        if not np.isfinite(theta).all() or np.linalg.cond(information) > 1e14:
            return np.full(2, np.nan), np.full((2, 2), np.nan)
        theta = theta + np.linalg.solve(information, design.T @ (won - p))
    return theta, np.linalg.inv(information)


def calibration_table(won: np.ndarray, chance: np.ndarray, level: float, groups: int = 10) -> pd.DataFrame:
    """Compare mean chance and share won by groups of equal size, lowest chance first; ties stay together."""
    edges = np.unique(np.round(np.quantile(chance, np.arange(1, groups) / groups), 12))
    place = np.searchsorted(edges, np.round(chance, 12), side="left")
    rows = []
    for number, group in enumerate(np.unique(place), 1):
        mask = place == group
        low, high = proportion_confint(int(won[mask].sum()), int(mask.sum()), alpha=1 - level, method="wilson")
        rows.append((number, int(mask.sum()), chance[mask].mean(), won[mask].mean(), float(low), float(high)))
    return pd.DataFrame(rows, columns=["tenth", "prospects", "predicted", "observed", "low", "high"])


def cumulated_wins(won: np.ndarray, score: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Return how many are won among the ``called`` prospects with the highest scores; a tie gives its mean for each."""
    rounded = np.round(score, 12)
    distinct, inverse = np.unique(-rounded, return_inverse=True)
    size = np.bincount(inverse, minlength=distinct.size)
    wins = np.bincount(inverse, won, minlength=distinct.size)
    return np.interp(called, np.append(0, size.cumsum()), np.append(0, wins.cumsum()))


def gains_table(won: np.ndarray, score: np.ndarray, groups: int = 10) -> pd.DataFrame:
    """Count what is reached by calling the first tenths: share of all wins (gains), and that to what lot would reach (lift)."""
    share = np.arange(1, groups + 1) / groups
    wins = cumulated_wins(won, score, share * len(won))
    gains = wins / won.sum()
    return pd.DataFrame(
        {"share_called": share, "called": share * len(won), "wins": wins, "gains": gains, "lift": gains / share}
    )
