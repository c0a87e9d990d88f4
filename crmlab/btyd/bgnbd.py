"""BG/NBD and MBG/NBD: purchases at random, and dropout right after one of them.

While alive, a customer buys at a rate of their own (Poisson; rates: gamma with shape r and rate alpha). After a purchase they
drop out with a probability of their own (beta with a and b): in BG/NBD after each repeat purchase, in MBG/NBD after the first
purchase, too (``dropout_at_first_purchase``). With x repeat purchases, the last at ``recency`` t_x, in an ``age`` of T weeks,
and m = x, or x + 1 if one may drop out at the first purchase, the likelihood is

    Gamma(r + x) / Gamma(r) alpha^r B(a, b + m) / B(a, b) [(alpha + T)^-(r + x) + a / (b + m - 1) (alpha + t_x)^-(r + x)],

its second term, dropped out at the last purchase, only for m > 0. Purchase times count, so there is no x!. Fader, Hardie & Lee
(2005), Marketing Science 24(2), eq. 6; Batislam, Denizel & Filiztekin (2007), Int. Journal of Research in Marketing 24(3).
Everywhere ``theta`` holds r, alpha, a, b, shape (4, 1) or (4, n). What a model must offer is said in ``models``.
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from crmlab._likelihood import LoglikScoreHessian
from crmlab.btyd.pochhammer import log_pochhammer_table
from crmlab.btyd.quadrature import beta_nodes, time_nodes

PARAMETERS = ("r", "alpha", "a", "b")


def starts(weight: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> list[tuple[float, ...]]:
    """Return points from which to climb; all keep the mean rate of purchases."""
    mean_interval = (weight @ age) / (weight @ x)  # weeks from purchase to purchase, if nobody dropped out
    return [(r, 0.6 * r * mean_interval, a, 3 * a) for r in (0.4, 2.0) for a in (0.5, 1.5)]


def loglik_score_hessian(
    theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray, *, dropout_at_first_purchase: bool
) -> LoglikScoreHessian:
    """Return the log-likelihood of histories and its derivatives by the logarithms of r, alpha, a, b.

    The history came about alive or dropped out; derivatives are those of the living, and the difference of the two weighted
    by the probability to have dropped out.
    """
    r, alpha, a, b = theta
    survived = x + dropout_at_first_purchase  # chances to drop out that the customer survived, if alive
    if not survived.any():  # nobody has had a chance to drop out, as three of five customers often: nothing is said of a and b
        return _nobody_bought_again(r, alpha, age)
    log_r, d_r, dd_r = log_pochhammer_table(r, x)
    log_b, d_b, dd_b = log_pochhammer_table(b, survived)
    log_ab, d_ab, dd_ab = log_pochhammer_table(a + b, survived)
    power, ratio_age, ratio_recency = r + x, alpha / (alpha + age), alpha / (alpha + recency)
    # logarithms of the ratios; where r and alpha are huge (all customers alike) a difference from 1 would be rounding
    log_age, log_recency = -np.log1p(age / alpha), -np.log1p(recency / alpha)
    complement = age / (alpha + age)  # 1 - ratio_age
    difference = ratio_age * (recency - age) / (alpha + recency)  # ratio_age - ratio_recency
    last = np.where(survived > 0, b + survived - 1, np.inf)  # customers who had no chance to drop out are alive
    with np.errstate(divide="ignore"):
        log_odds = np.log(a / last) + power * (log_recency - log_age)
    odds = np.exp(-np.abs(log_odds))
    p_dead = np.where(log_odds > 0, 1.0, odds) / (1 + odds)
    loglik = log_r + log_b - log_ab + power * log_age - x * np.log(alpha) + np.maximum(log_odds, 0) + np.log1p(odds)
    # alive and dead differ in these derivatives; that by a is 1
    by_r, by_alpha, by_b = r * (log_recency - log_age), power * difference, -b / last
    score = np.empty((4, x.size))
    score[0] = r * (d_r + log_age) + p_dead * by_r
    score[1] = r * complement - x * ratio_age + p_dead * by_alpha
    score[2] = p_dead - a * d_ab
    score[3] = b * (d_b - d_ab) + p_dead * by_b
    variance = p_dead * (1 - p_dead)
    hessian = np.empty((4, 4, x.size))
    hessian[0, 0] = variance * by_r**2 + score[0] + r * r * dd_r
    hessian[0, 1] = variance * by_r * by_alpha + r * (complement + p_dead * difference)
    hessian[0, 2] = variance * by_r
    hessian[0, 3] = hessian[0, 2] * by_b
    hessian[1, 1] = variance * by_alpha**2 - power * (
        ratio_age * complement * (1 - p_dead) + p_dead * ratio_recency * recency / (alpha + recency)
    )
    hessian[1, 2] = variance * by_alpha
    hessian[1, 3] = hessian[1, 2] * by_b
    hessian[2, 2] = variance - a * (d_ab + a * dd_ab)
    hessian[2, 3] = variance * by_b - a * b * dd_ab
    hessian[3, 3] = variance * by_b**2 + b * (d_b - d_ab + b * (dd_b - dd_ab)) + p_dead * by_b * (1 + by_b)
    for i, j in ((1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (3, 2)):
        hessian[i, j] = hessian[j, i]
    return loglik, score, hessian


def _nobody_bought_again(r: np.ndarray, alpha: np.ndarray, age: np.ndarray) -> LoglikScoreHessian:
    """Return the likelihood of no purchase, (alpha / (alpha + T))^r, and its derivatives."""
    log_age, complement = -np.log1p(age / alpha), age / (alpha + age)
    score, hessian = np.zeros((4, age.size)), np.zeros((4, 4, age.size))
    score[0] = hessian[0, 0] = r * log_age
    score[1] = hessian[0, 1] = hessian[1, 0] = r * complement
    hessian[1, 1] = -r * complement * alpha / (alpha + age)
    return score[0], score, hessian


def alive(
    theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray, *, dropout_at_first_purchase: bool
) -> np.ndarray:
    """Return P(alive): Fader, Hardie & Lee (2008), Computing P(alive) using the BG/NBD model; Batislam et al. (2007)."""
    r, alpha, a, b = theta
    survived = x + dropout_at_first_purchase
    last = np.where(survived > 0, b + survived - 1, np.inf)
    with np.errstate(divide="ignore"):
        log_odds = np.log(a / last) + (r + x) * np.log1p((age - recency) / (alpha + recency))
    return special.expit(-log_odds)


def expected_if_alive(
    theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float | np.ndarray, rate: float, *,
    dropout_at_first_purchase: bool,
) -> np.ndarray:  # fmt: skip
    """Return purchases in the next ``weeks`` of customers alive now, each discounted by exp(-rate t).

    Given the probability p to drop out at a purchase, the rate of purchases after t is
    (r + x) / (alpha + T) (1 + p t / (alpha + T))^-(r + x + 1); the mean over p (beta) replaces the hypergeometric function
    of Fader, Hardie & Lee (2005), eq. 10: all terms are positive, so nothing cancels.
    """
    r, alpha, a, b = theta
    power, scale = r + x, alpha + age
    p, weight = beta_nodes(*np.broadcast_arrays(a, b + x + dropout_at_first_purchase))
    if rate == 0:
        return (weight * -np.expm1(-power * np.log1p(p * (weeks / scale))) / p).sum(axis=0)
    total = np.zeros(1)
    for time, time_weight in zip(*time_nodes(scale / (power + 1), float(weeks), rate), strict=True):
        total = total + time_weight * (weight * np.exp(-(power + 1) * np.log1p(p * (time / scale)))).sum(axis=0)
    return power / scale * total


def pmf(theta: np.ndarray, weeks: np.ndarray, top: int, *, dropout_at_first_purchase: bool) -> np.ndarray:
    """Return P(0, 1, ..., top purchases) in ``weeks`` (n,) of a new customer, shape (top + 1, n).

    Fader, Hardie & Lee (2005), eq. 8.
    """
    r, alpha, a, b = theta
    count = np.arange(top + 1)[:, None]
    share = weeks / (alpha + weeks)
    survived = count + dropout_at_first_purchase
    p_survived = np.exp(log_pochhammer_table(b, survived)[0] - log_pochhammer_table(a + b, survived)[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        p_dropped = np.where(survived > 0, a / (b + survived - 1) * p_survived, 0.0)  # at the last of these chances
    at_least = np.where(count > 0, special.betainc(np.maximum(count, 1), r, share), 1.0)  # of customers who do not drop out
    return p_survived * stats.nbinom.pmf(count, r, 1 - share) + p_dropped * at_least


def draw(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float, shape: tuple[int, ...], *,
    dropout_at_first_purchase: bool,
) -> np.ndarray:  # fmt: skip
    """Draw purchases in the next ``weeks`` of customers alive now: till the time is over or a purchase is the last."""
    r, alpha, a, b = theta
    rate = rng.gamma(np.broadcast_to(r + x, shape)) / (alpha + age)
    p = rng.beta(np.broadcast_to(a, shape), np.broadcast_to(b + x + dropout_at_first_purchase, shape))
    return np.minimum(rng.poisson(rate * weeks), rng.geometric(np.maximum(p, 1e-15)))


def simulate(
    rng: np.random.Generator, theta: np.ndarray, age: np.ndarray, holdout_weeks: float, *, dropout_at_first_purchase: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw new customers: frequency, recency, whether alive at ``age``, and purchases in the ``holdout_weeks`` after it."""
    r, alpha, a, b = theta
    rate, p = rng.gamma(r, 1 / alpha, age.size), np.maximum(rng.beta(a, b, age.size), 1e-15)
    attempts = rng.poisson(rate * age)  # purchases if nobody dropped out
    last = rng.geometric(p) - dropout_at_first_purchase  # the purchase after which they drop out; 0 is the first of all
    is_alive = last > attempts
    x = np.minimum(attempts, last)
    share = rng.beta(np.maximum(x, 1), np.where(is_alive, 1, attempts - x + 1))  # of the x-th among so many moments
    holdout = np.where(is_alive, np.minimum(rng.poisson(rate * holdout_weeks), last - attempts), 0)
    return x, np.where(x > 0, age * share, 0.0), is_alive, holdout
