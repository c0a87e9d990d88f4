"""Incidence: how likely each of several endings is within a time, where some have not ended yet.

Whoever ends in one way can no longer end in another; whoever has not ended is counted for as long as they were seen. It reads
counts by time and returns shares with standard errors (Aalen & Johansen), beside what one minus Kaplan-Meier would say, which
takes those who ended otherwise for people who may still end so. What ends, and how, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Incidence:
    """Shares that ended within each time.

    Attributes
    ----------
    times : ndarray, shape (times,)
        At which something ended or was last seen, in order.
    at_risk : ndarray, shape (times,)
        Who had not ended before.
    share, std_error, naive : ndarray, shape (times, endings)
        Ended so by then; its standard error; one minus Kaplan-Meier.
    open : ndarray, shape (times,)
        Share not ended by then.
    """

    times: np.ndarray
    at_risk: np.ndarray
    share: np.ndarray
    std_error: np.ndarray
    naive: np.ndarray
    open: np.ndarray


def incidence(times: np.ndarray, ending: np.ndarray, endings: int) -> Incidence:
    """Estimate the shares that ended in each way, from whole times and the place of the ending (-1: not ended), shapes (n,).

    With d_kj of the n_j at risk ending in way k at t_j, and S Kaplan and Meier's share that has not ended::

        I_k(t) = sum over t_j <= t of S(t_j-1) d_kj / n_j

    Who is last seen at a time was at risk at it. Standard errors are those of Dinse & Larson (1986, Biometrika 73).
    """
    times = times - (first := times.min())
    counts = np.bincount(times * (endings + 1) + ending + 1, minlength=(times.max() + 1) * (endings + 1))
    counts = counts.reshape(-1, endings + 1)
    seen = np.flatnonzero(counts.any(axis=1))
    counts = counts[seen]
    at_risk = counts.sum(axis=1)[::-1].cumsum()[::-1]
    ended, by_way = counts[:, 1:].sum(axis=1), counts[:, 1:] / at_risk[:, None]
    survival = np.cumprod(1 - ended / at_risk)
    before = np.append(1.0, survival[:-1])
    share = np.cumsum(before[:, None] * by_way, axis=0)
    naive = 1 - np.cumprod(1 - by_way, axis=0)
    return Incidence(seen + first, at_risk, share, _std_error(share, before, by_way, ended, at_risk), naive, survival)


def _std_error(
    share: np.ndarray, before: np.ndarray, by_way: np.ndarray, ended: np.ndarray, at_risk: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return the standard errors of shares, shape (times, endings)."""
    rest = at_risk - ended
    greenwood = np.divide(ended, at_risk * rest, out=np.zeros(len(rest)), where=rest > 0)[:, None]
    jump = before[:, None] * by_way / at_risk[:, None]
    variance = share**2 * greenwood.cumsum(axis=0) - 2 * share * (share * greenwood).cumsum(axis=0)
    variance += (share**2 * greenwood).cumsum(axis=0)
    variance += (before[:, None] ** 2 * by_way * (1 - by_way) / at_risk[:, None]).cumsum(axis=0)
    variance -= 2 * (share * jump.cumsum(axis=0) - (share * jump).cumsum(axis=0))
    return np.sqrt(np.clip(variance, 0, None))


def share_interval(share: np.ndarray, std_error: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of intervals, made on the scale of log(-log share); what nobody or everybody did has only one end."""
    inner = (share > 0) & (share < 1)
    safe = np.where(inner, share, 0.5)
    width = np.exp(z * std_error / (safe * -np.log(safe)))
    low, high = safe**width, safe ** (1 / width)
    return np.where(inner, low, np.where(share == 0, 0.0, np.nan)), np.where(inner, high, np.where(share == 1, 1.0, np.nan))
