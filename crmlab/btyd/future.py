"""The future: who is alive, and what the alive will do, under each model of purchases.

Everything here is P(alive) now times what a customer does who is alive now. For the models of the NBD family the
second is an integral over how soon he may die; each is written so that all terms are positive and nothing cancels,
for one purchase or ten thousand, one week or ten thousand. Parameters are numbers here (not logarithms), shape
(4, 1) or (4, customers); how they are found is known in ``fitting``, likelihoods in ``nbd`` and ``bgbb``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special, stats

from crmlab.btyd.bgbb import bgbb_ways
from crmlab.btyd.nbd import rising, ways

# -- P(alive) -----------------------------------------------------------------------------------------------------


def geometric_alive(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray, *, chances: int) -> np.ndarray:
    """BG/NBD and MBG/NBD: Fader, Hardie & Lee (2008), Computing P(alive) using the BG/NBD model; Batislam et al. (2007)."""
    r, alpha, a, b = theta
    lived = x + chances
    with np.errstate(divide="ignore"):
        odds = np.log(a / np.where(lived > 0, b + lived - 1, np.inf)) + (r + x) * np.log1p((age - recency) / (alpha + recency))
    return special.expit(-odds)


def pareto_alive(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Pareto/NBD: the share of the way in which he is alive (Schmittlein, Morrison & Colombo 1987)."""
    r, alpha, s, beta = theta
    weight = ways(r, alpha, s, beta, x, recency, age)[-1]
    return weight[-1] / weight.sum(axis=0)


def bgbb_alive(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """BG/BB: alive at the last opportunity and still there for the next (Fader, Hardie & Shang 2010)."""
    _, _, gamma, delta = theta
    return bgbb_ways(theta, x, recency, age)[1][-1] * (delta + age) / (gamma + delta + age)


# -- Purchases of who is alive ------------------------------------------------------------------------------------


def geometric_future(
    theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float, rate: float, *, chances: int
) -> np.ndarray:
    """Purchases in the next ``weeks`` of a customer alive now, each discounted by exp(-rate t).

    Given his chance p to die at a purchase, the rate of purchases after t is (r+x)/(alpha+T) (1 + p t/(alpha+T))^-(r+x+1);
    the mean over p (beta) replaces the hypergeometric function of Fader, Hardie & Lee (2005), eq. 10.
    """
    r, alpha, a, b = theta
    power, scale = r + x, alpha + age
    p, weight = chance_nodes(*np.broadcast_arrays(a, b + x + chances))
    if rate == 0:
        return (weight * -np.expm1(-power * np.log1p(p * (weeks / scale))) / p).sum(axis=0)
    total = 0.0
    for time, share in zip(*time_nodes(scale / (power + 1), weeks, rate), strict=True):
        alive = (weight * np.exp(-(power + 1) * np.log1p(p * (time / scale)))).sum(axis=0)
        total = total + share * alive
    return power / scale * total


def pareto_future(theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float, rate: float) -> np.ndarray:
    """Purchases in the next ``weeks`` of a customer alive now, each discounted by exp(-rate t).

    (r+x)/(alpha+T) times the (discounted) time that he lives; Fader, Hardie & Lee (2005), RFM and CLV, appendix.
    """
    r, alpha, s, beta = theta
    scale = beta + age
    if rate == 0:
        lasts = np.log1p(weeks / scale)
        lived = scale * lasts * special.exprel((1 - s) * lasts)
    else:
        times, shares = time_nodes(scale / (1 + s), weeks, rate)
        lived = (shares * np.exp(-s * np.log1p(times / scale))).sum(axis=0)
    return (r + x) / (alpha + age) * lived


def bgbb_future(theta: np.ndarray, x: np.ndarray, age: np.ndarray, periods: float, rate: float) -> np.ndarray:
    """Purchases at the next ``periods`` opportunities of a customer alive now, each discounted by exp(-rate n).

    Fader, Hardie & Shang (2010): the sum that their closed forms stand for.
    """
    alpha, beta, gamma, delta = theta
    p, weight = chance_nodes(*np.broadcast_arrays(gamma, delta + age + 1))
    with np.errstate(divide="ignore"):
        stays = np.log1p(-p) - rate  # to the next opportunity, discounted
    total = (weight * np.expm1(periods * stays) / np.expm1(stays)).sum(axis=0)
    return (alpha + x) / (alpha + beta + age) * np.exp(-rate) * total


# -- Frequencies --------------------------------------------------------------------------------------------------


def geometric_pmf(theta: np.ndarray, weeks: np.ndarray, top: int, *, chances: int) -> np.ndarray:
    """P(0, 1, ..., top purchases) in ``weeks`` of a new customer: Fader, Hardie & Lee (2005), eq. 8; shape (top + 1, n)."""
    r, alpha, a, b = theta
    n = np.arange(top + 1)[:, None]
    share = weeks / (alpha + weeks)
    lived = n + chances
    alive = np.exp(rising(b, lived)[0] - rising(a + b, lived)[0])  # survived that many chances to die
    with np.errstate(divide="ignore", invalid="ignore"):
        died = np.where(lived > 0, a / (b + lived - 1) * alive, 0.0)  # died at the last of them
    more = np.where(n > 0, special.betainc(np.maximum(n, 1), r, share), 1.0)  # P(at least n) of who does not die
    return alive * stats.nbinom.pmf(n, r, 1 - share) + died * more


def pareto_pmf(theta: np.ndarray, weeks: np.ndarray, top: int) -> np.ndarray:
    """P(0, 1, ..., top purchases) in ``weeks`` of a new customer, by when he may have died; shape (top + 1, n)."""
    r, alpha, s, beta = theta
    scale = np.minimum(alpha / (1 + r), beta / (1 + s))  # in which purchases, or deaths, begin to fall
    lasts = np.log1p(weeks / scale)
    at, share = _panels(max(8, int(np.ceil(lasts.max() * (0.5 + 0.05 * top)))), 14)
    times = scale * np.expm1(lasts * at)
    weight = s / beta * share * lasts * (scale + times) * np.exp(-(s + 1) * np.log1p(times / beta))  # to die just then
    times = np.concatenate([times, np.broadcast_to(weeks, (1, times.shape[1]))])
    weight = np.concatenate([weight, np.exp(-s * np.log1p(times[-1:] / beta))])
    n = np.arange(top + 1)[:, None, None]
    return (weight * stats.nbinom.pmf(n, r, alpha / (alpha + times))).sum(axis=1)


def bgbb_pmf(theta: np.ndarray, periods: np.ndarray, top: int) -> np.ndarray:
    """P(0, 1, ..., top purchases) at ``periods`` opportunities of a new customer: Fader, Hardie & Shang (2010)."""
    alpha, beta, gamma, delta = theta
    n = np.arange(top + 1)[:, None]
    total = 0.0
    for met in range(int(np.max(periods)) + 1):  # opportunities that he meets alive
        lives = np.exp(rising(delta, np.array([met]))[0] - rising(gamma + delta, np.array([met]))[0])
        ends = np.where(met < periods, gamma / (gamma + delta + met), 1.0) * (met <= periods)
        taken = stats.betabinom.pmf(n, met, alpha, beta) if met else (n == 0) * 1.0
        total = total + lives * ends * taken
    return total


# -- Integrals ----------------------------------------------------------------------------------------------------


@cache
def _panels(panels: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Legendre in equal panels of 0 to 1, as columns."""
    at, weight = np.polynomial.legendre.leggauss(each)
    places = (np.arange(panels)[:, None] + (at + 1) / 2).reshape(-1, 1) / panels
    return places, np.tile(weight, panels)[:, None] / (2 * panels)


def time_nodes(bend: np.ndarray, weeks: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Moments from now to ``weeks`` (perhaps infinity) and their weights, exp(-rate t) included; shape (nodes, n).

    For functions that are smooth in log(bend + t): ``bend`` is the time in which they first fall.
    """
    lasts = np.log1p(min(weeks, 45 / rate) / bend)
    at, weight = _panels(max(4, int(np.ceil(lasts.max() / 2))), 14)
    times = bend * np.expm1(lasts * at)
    return times, weight * lasts * (bend + times) * np.exp(-rate * times)


def chance_nodes(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of p and weights for means over beta(a, b) of smooth functions of log p, shape (nodes, n).

    Gauss-Legendre panels in the log-odds of p, over the range that holds all but exp(-36) of the density; they are narrow in
    its middle, where the density bends, and wide where it falls, which for a small a or b is far away.
    """
    middle, wide = np.log(a / b), np.sqrt(1 / a + 1 / b)
    at, share = _panels(20, 14)
    place = 2 * at - 1
    left = place < 0
    reach = np.where(left, 36 / a, 36 / b) + 8.5 * np.minimum(wide, 2)
    bend = np.log(2 + reach / np.minimum(wide, 1)) + 0.5
    odds = middle + reach * np.sinh(bend * place) / np.sinh(bend)
    log_p, log_not = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    logs = a * log_p + b * log_not
    weight = share * bend * reach * np.cosh(bend * place) / np.sinh(bend) * np.exp(logs - logs.max(axis=0))
    return np.exp(np.maximum(log_p, -650)), weight / weight.sum(axis=0)
