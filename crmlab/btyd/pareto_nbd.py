"""Pareto/NBD: purchases at random, and dropout at any moment.

While alive, a customer buys at a rate of their own (Poisson; rates: gamma with shape r and rate alpha), and drops out at a
rate of their own (gamma with shape s and rate beta). With x repeat purchases, the last at ``recency`` t_x, in an ``age`` of T
weeks, the likelihood is a sum over when they may have dropped out, at a time u after t_x or not at all:

    Gamma(r + x) / Gamma(r) alpha^r beta^s [(alpha + T)^-(r + x) (beta + T)^-s
                                            + s int_t_x^T (alpha + u)^-(r + x) (beta + u)^-(s + 1) du].

Schmittlein, Morrison & Colombo (1987), Management Science 33(1); Fader & Hardie (2005), A note on deriving the Pareto/NBD
model. Everywhere ``theta`` holds r, alpha, s, beta, shape (4, 1) or (4, n). What a model must offer is said in ``models``.
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from crmlab._likelihood import LoglikScoreHessian
from crmlab.btyd.pochhammer import log_pochhammer_table
from crmlab.btyd.quadrature import gauss_legendre, gauss_legendre_panels, time_nodes

PARAMETERS = ("r", "alpha", "s", "beta")
_NEGLIGIBLE = 30.0  # what is smaller than exp(-30) of the rest is left out


def starts(weight: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> list[tuple[float, ...]]:
    """Return points from which to climb; all keep the mean rate of purchases."""
    mean_interval, mean_age = (weight @ age) / (weight @ x), (weight @ age) / weight.sum()
    return [(r, 0.6 * r * mean_interval, s, 0.6 * mean_age) for r in (0.4, 2.0) for s in (0.4, 1.0)]


def dropout_mixture(
    r: np.ndarray, alpha: np.ndarray, s: np.ndarray, beta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Discretize when customers may have dropped out since their last purchase; the last row is: alive.

    Gauss-Legendre nodes in the logarithm of time, where the density of dropout, (alpha + t)^-(r + x) (beta + t)^-(s + 1), has
    no singularity nearer than pi; the range ends where nothing is left of it, so that x = 10,000 needs no more nodes than 10.

    Returns
    -------
    since, log_alpha, log_beta, weight : ndarray, shape (nodes + 1, n)
        Time since the last purchase; log((alpha + t) / (alpha + recency)), likewise for beta; and the weight of each case, in
        units of (alpha + recency)^-(r + x) (beta + recency)^-s.
    """
    alpha, beta, silence, power = alpha + recency, beta + recency, age - recency, r + x
    alpha_is_near = alpha <= beta
    # the density falls like near^-slow far^-fast, per unit of log time
    near, far, slow, fast = _where(alpha_is_near, (alpha, beta, power - 1, s + 1 + 0 * x), (beta, alpha, s + 0 * x, power))
    log_silence = log_range = np.log1p(silence / near)
    slowest = slow + fast * (near / far)
    negligible = _NEGLIGIBLE + np.maximum(0, -slow) * log_range
    with np.errstate(over="ignore", divide="ignore"):
        log_range = np.where(slowest > 0, np.minimum(log_range, negligible / slowest), log_range)
        log_range = np.minimum(log_range, np.log1p(np.expm1(np.minimum(negligible / fast, 600)) * (far / near)))
    end = near * np.exp(log_range)
    fall = np.maximum(np.abs(slow + fast * (end / (end + far - near))), np.abs(slow)) * log_range
    # as many nodes as 120,000 random and extreme cases need for a relative error below 1e-11
    count = np.minimum(np.minimum(5 + 0.8 * fall, 8 + 0.26 * fall), 17) + 2 * np.maximum(log_range - 1, 0)
    nodes, node_weights = gauss_legendre(int(np.ceil(count.max(initial=4))))
    log_near = np.concatenate([log_range * nodes, log_silence[None]])
    since = near * np.expm1(log_near)
    log_far = np.log1p(since / far)
    log_alpha, log_beta = _where(alpha_is_near, (log_near, log_far), (log_far, log_near))
    weight = np.exp(-slow * log_near - fast * log_far)
    weight[:-1] *= node_weights * (s * log_range * near / beta)
    weight[-1] = np.exp(-power * log_alpha[-1] - s * log_beta[-1])
    return since, log_alpha, log_beta, weight


def _where(mask: np.ndarray, first: tuple, second: tuple) -> tuple:
    """Take the arrays of ``first`` where ``mask``, else of ``second``; without a copy where all customers are alike in this."""
    if mask.all():
        return first
    return tuple(np.where(mask, *pair) for pair in zip(first, second, strict=True)) if mask.any() else second


def loglik_score_hessian(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> LoglikScoreHessian:
    """Return the log-likelihood of histories and its derivatives by the logarithms of r, alpha, s, beta.

    Each moment of dropout, and to be alive, is one way in which the history can have come about; derivatives of the logarithm
    of the sum are means over the ways, with their shares of the likelihood as weights.
    """
    r, alpha, s, beta = theta
    since, log_alpha, log_beta, weight = dropout_mixture(r, alpha, s, beta, x, recency, age)
    log_r, d_r, dd_r = log_pochhammer_table(r, x)
    past_alpha, past_beta = np.log1p(recency / alpha), np.log1p(recency / beta)
    total = weight.sum(axis=0)
    loglik = log_r - x * np.log(alpha + recency) - r * past_alpha - s * past_beta + np.log(total)
    weight /= total
    p_dead = 1 - weight[-1]
    died = np.ones((len(weight), 1))
    died[-1] = 0
    time = recency + since
    ratio_alpha, ratio_beta = time / (alpha + time), time / (beta + time)
    way_scores = np.empty((4, *weight.shape))  # without what all ways of a customer share
    np.multiply(-r, log_alpha, out=way_scores[0])
    np.multiply(r + x, ratio_alpha, out=way_scores[1])
    np.subtract(died, s * log_beta, out=way_scores[2])
    np.subtract((s + died) * ratio_beta, died, out=way_scores[3])
    weighted = way_scores * weight
    score = weighted.sum(axis=1)
    hessian = np.einsum("ikn,jkn->ijn", weighted, way_scores) - score[:, None] * score
    # and the mean of the second derivatives of each way
    weight *= ratio_beta
    by_r, by_beta = score[0] - r * past_alpha, s * weight.sum(axis=0)
    hessian[0, 0] += by_r + r * (d_r + r * dd_r)
    hessian[0, 1] += r / (r + x) * score[1]
    hessian[1, 1] -= score[1] - np.einsum("kn,kn->n", weighted[1], ratio_alpha)
    hessian[2, 2] += score[2] - s * past_beta - p_dead
    hessian[2, 3] += by_beta
    hessian[3, 3] -= by_beta - np.einsum("kn,kn->n", weight, way_scores[3])
    hessian[1, 0], hessian[3, 2] = hessian[0, 1], hessian[2, 3]
    score[0] = by_r + r * d_r
    score[1] -= x
    score[2] -= s * past_beta
    return loglik, score, hessian


def alive(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Return P(alive): the share of the likelihood in which they are (Schmittlein, Morrison & Colombo 1987)."""
    r, alpha, s, beta = theta
    weight = dropout_mixture(r, alpha, s, beta, x, recency, age)[-1]
    return weight[-1] / weight.sum(axis=0)


def expected_if_alive(theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float | np.ndarray, rate: float) -> np.ndarray:
    """Return purchases in the next ``weeks`` of customers alive now, each discounted by exp(-rate t).

    (r + x) / (alpha + T) times the (discounted) time that they stay; Fader, Hardie & Lee (2005), RFM and CLV, appendix.
    """
    r, alpha, s, beta = theta
    scale = beta + age
    if rate == 0:
        log_horizon = np.log1p(weeks / scale)
        lifetime = scale * log_horizon * special.exprel((1 - s) * log_horizon)
    else:
        times, weights = time_nodes(scale / (1 + s), float(weeks), rate)
        lifetime = (weights * np.exp(-s * np.log1p(times / scale))).sum(axis=0)
    return (r + x) / (alpha + age) * lifetime


def pmf(theta: np.ndarray, weeks: np.ndarray, top: int) -> np.ndarray:
    """Return P(0, 1, ..., top purchases) in ``weeks`` (n,) of a new customer, shape (top + 1, n).

    An integral over the time of dropout (Fader & Hardie 2006, Deriving an expression for P(X(t) = x)).
    """
    r, alpha, s, beta = theta
    scale = np.minimum(alpha / (1 + r), beta / (1 + s))  # in which purchases, or customers, first become fewer
    log_horizon = np.log1p(weeks / scale)
    nodes, node_weights = gauss_legendre_panels(max(8, int(np.ceil(log_horizon.max() * (0.5 + 0.05 * top)))), 14)
    times = scale * np.expm1(log_horizon * nodes)
    density = s / beta * np.exp(-(s + 1) * np.log1p(times / beta))  # of dropout
    weight = node_weights * log_horizon * (scale + times) * density
    times = np.concatenate([times, np.broadcast_to(weeks, (1, times.shape[1]))])
    weight = np.concatenate([weight, np.exp(-s * np.log1p(times[-1:] / beta))])
    count = np.arange(top + 1)[:, None, None]
    return (weight * stats.nbinom.pmf(count, r, alpha / (alpha + times))).sum(axis=1)


def draw(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, age: np.ndarray, weeks: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Draw purchases in the next ``weeks`` of customers alive now: till the time is over or they drop out."""
    r, alpha, s, beta = theta
    rate = rng.gamma(np.broadcast_to(r + x, shape)) / (alpha + age)
    dropout_rate = rng.gamma(np.broadcast_to(s, shape)) / (beta + age)
    lifetime = rng.standard_exponential(shape) / np.maximum(dropout_rate, 1e-300)
    return rng.poisson(rate * np.minimum(lifetime, weeks))


def simulate(
    rng: np.random.Generator, theta: np.ndarray, age: np.ndarray, holdout_weeks: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw new customers: frequency, recency, whether alive at ``age``, and purchases in the ``holdout_weeks`` after it."""
    r, alpha, s, beta = theta
    rate, dropout_rate = rng.gamma(r, 1 / alpha, age.size), rng.gamma(s, 1 / beta, age.size)
    lifetime = rng.standard_exponential(age.size) / np.maximum(dropout_rate, 1e-300)
    observed = np.minimum(lifetime, age)
    x = rng.poisson(rate * observed)
    # the last of x moments that lie evenly between 0 and the end of what was observed
    recency = np.where(x > 0, observed * rng.random(x.size) ** (1 / np.maximum(x, 1)), 0.0)
    holdout = rng.poisson(rate * np.clip(lifetime - age, 0, holdout_weeks))
    return x, recency, lifetime > age, holdout
