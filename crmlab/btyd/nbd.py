"""Buying while alive: the likelihoods of BG/NBD, MBG/NBD and Pareto/NBD.

While a customer is alive he buys at random (Poisson), at a rate of his own (gamma). He dies unseen: after a
purchase with a chance of his own (BG/NBD, beta; MBG/NBD lets him die after the first purchase, too), or at any
moment at a rate of his own (Pareto/NBD, gamma). This file knows how likely a history is, and the first and
second derivatives of that; how a maximum is found is known in ``fitting``, what follows for the future in
``future``.

Everywhere ``theta`` holds the parameters, shape (4, 1) or (4, customers), and derivatives are by their
*logarithms*: the parameters are positive, and the likelihood is nearer to a parabola there.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special

Terms = tuple[np.ndarray, np.ndarray, np.ndarray]  # log-likelihood (n,), gradient (k, n), second derivatives (k, k, n)


def rising(start: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log of start (start + 1) ... (start + steps - 1), and its first and second derivative by ``start``.

    A running sum where all customers share ``start``, which is exact for any size; else log-gamma functions.
    """
    if start.size == 1 and (top := int(steps.max(initial=0))) < 1_000_000:
        each = start.item() + np.arange(top)
        table = np.zeros((3, top + 1))
        table[0, 1:], table[1, 1:] = np.log(each), 1 / each
        table[2] = -(table[1] ** 2)
        log, first, second = np.take(table.cumsum(axis=1), steps.astype(np.intp), axis=1)
        return log, first, second
    return risen(start, steps)


def risen(start: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As ``rising``, for steps of any length: log-gamma functions.

    Beyond 300 they are so much larger than their difference that its digits are lost; there the differences of Stirling's
    series (Abramowitz & Stegun 1964, 6.1.41, 6.3.18, 6.4.12) are taken term by term, exact to the last digit.
    """
    ends = start + steps
    direct = (
        special.gammaln(ends) - special.gammaln(start),
        special.digamma(ends) - special.digamma(start),
        special.polygamma(1, ends) - special.polygamma(1, start),
    )
    if not (start > 300).any():
        return direct
    gap, near, both = steps / (start * ends), 1 / start + 1 / ends, 1 / (start * ends)
    squares = near**2 - 2 * both
    series = (
        (start - 0.5) * np.log1p(steps / start) + steps * (np.log(ends) - 1) - gap / 12 * (1 - (squares + both) / 30),
        np.log1p(steps / start) + gap / 2 + gap * near / 12 * (1 - squares / 10),
        -gap * (1 + near / 2 + (squares + both) / 6 - (squares**2 - both**2 + both * squares) / 30),
    )
    log, first, second = (np.where(start > 300, *each) for each in zip(series, direct, strict=True))
    return log, first, second


def geometric_terms(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray, *, chances: int) -> Terms:
    """BG/NBD (``chances`` 0) and MBG/NBD (``chances`` 1, which counts the first purchase among the chances to die).

    Fader, Hardie & Lee (2005), eq. 6; Batislam, Denizel & Filiztekin (2007); times of purchases count, so no x!.
    """
    r, alpha, a, b = theta
    lived = x + chances  # purchases that he survived if he is alive
    if not lived.any():  # nobody has had a chance to die, as three of five customers often: nothing is said of a and b
        to_age, gone = -np.log1p(age / alpha), age / (alpha + age)
        gradient, hessian = np.zeros((4, x.size)), np.zeros((4, 4, x.size))
        gradient[0] = hessian[0, 0] = r * to_age
        gradient[1] = hessian[0, 1] = hessian[1, 0] = r * gone
        hessian[1, 1] = -r * gone * alpha / (alpha + age)
        return gradient[0], gradient, hessian
    log_r, d_r, dd_r = rising(r, x)
    log_b, d_b, dd_b = rising(b, lived)
    log_ab, d_ab, dd_ab = rising(a + b, lived)
    power, share, since = r + x, alpha / (alpha + age), alpha / (alpha + recency)
    # of alpha / (alpha + t); where r and alpha are huge (all customers alike) a difference from 1 would be rounding
    to_age, to_recency = -np.log1p(age / alpha), -np.log1p(recency / alpha)
    gone, silent = age / (alpha + age), share * (recency - age) / (alpha + recency)  # 1 - share, share - since
    last = np.where(lived > 0, b + lived - 1, np.inf)  # who has had no chance to die is alive
    with np.errstate(divide="ignore"):
        odds = np.log(a / last) + power * (to_recency - to_age)
    small = np.exp(-np.abs(odds))
    dead = np.where(odds > 0, 1.0, small) / (1 + small)
    loglik = log_r + log_b - log_ab + power * to_age - x * np.log(alpha) + np.maximum(odds, 0) + np.log1p(small)
    # alive and dead, the two ways to have this history, differ in these derivatives; b's is -b / last, and a's is 1
    by_r, by_alpha, by_b = r * (to_recency - to_age), power * silent, -b / last
    gradient = np.empty((4, x.size))
    gradient[0] = r * (d_r + to_age) + dead * by_r
    gradient[1] = r * gone - x * share + dead * by_alpha
    gradient[2] = dead - a * d_ab
    gradient[3] = b * (d_b - d_ab) + dead * by_b
    unsure = dead * (1 - dead)
    hessian = np.empty((4, 4, x.size))
    hessian[0, 0] = unsure * by_r**2 + gradient[0] + r * r * dd_r
    hessian[0, 1] = unsure * by_r * by_alpha + r * (gone + dead * silent)
    hessian[0, 2] = unsure * by_r
    hessian[0, 3] = hessian[0, 2] * by_b
    hessian[1, 1] = unsure * by_alpha**2 - power * (share * gone * (1 - dead) + dead * since * recency / (alpha + recency))
    hessian[1, 2] = unsure * by_alpha
    hessian[1, 3] = hessian[1, 2] * by_b
    hessian[2, 2] = unsure - a * (d_ab + a * dd_ab)
    hessian[2, 3] = unsure * by_b - a * b * dd_ab
    hessian[3, 3] = unsure * by_b**2 + b * (d_b - d_ab + b * (dd_b - dd_ab)) + dead * by_b * (1 + by_b)
    for i, j in ((1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (3, 2)):
        hessian[i, j] = hessian[j, i]
    return loglik, gradient, hessian


@cache
def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on 0 to 1, as columns."""
    at, weight = np.polynomial.legendre.leggauss(count)
    return (at[:, None] + 1) / 2, weight[:, None] / 2


_CUT = 30.0  # what is smaller than exp(-30) of the rest is left out


def ways(
    r: np.ndarray, alpha: np.ndarray, s: np.ndarray, beta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """When he may have died since his last purchase, and, as the last row, that he is alive at the cut.

    Gauss-Legendre nodes in the logarithm of time, where the density of a death, (alpha+t)^-(r+x) (beta+t)^-(s+1), has no
    singularity nearer than pi; the range ends where nothing is left of it, so that x = 10,000 needs no more nodes than 10.

    Returns
    -------
    since, log_alpha, log_beta, weight : ndarray, shape (ways, customers)
        Time since the last purchase; log((alpha + t) / (alpha + recency)), likewise for beta; and how likely each way is, in
        units of (alpha + recency)^-(r+x) (beta + recency)^-s.
    """
    alpha, beta, silent, power = alpha + recency, beta + recency, age - recency, r + x
    first = alpha <= beta
    # falls like near^-flat far^-steep, per log
    near, far, flat, steep = _swapped(first, (alpha, beta, power - 1, s + 1 + 0 * x), (beta, alpha, s + 0 * x, power))
    whole = room = np.log1p(silent / near)
    slowest = flat + steep * (near / far)
    cut = _CUT + np.maximum(0, -flat) * room
    with np.errstate(over="ignore", divide="ignore"):
        room = np.where(slowest > 0, np.minimum(room, cut / slowest), room)
        room = np.minimum(room, np.log1p(np.expm1(np.minimum(cut / steep, 600)) * (far / near)))
    end = near * np.exp(room)
    fall = np.maximum(np.abs(flat + steep * (end / (end + far - near))), np.abs(flat)) * room
    # as many nodes as 120,000 random and extreme cases need for a relative error below 1e-11
    count = np.minimum(np.minimum(5 + 0.8 * fall, 8 + 0.26 * fall), 17) + 2 * np.maximum(room - 1, 0)
    at, share = _nodes(int(np.ceil(count.max(initial=4))))
    log_near = np.concatenate([room * at, whole[None]])
    since = near * np.expm1(log_near)
    log_far = np.log1p(since / far)
    log_alpha, log_beta = _swapped(first, (log_near, log_far), (log_far, log_near))
    weight = np.exp(-flat * log_near - steep * log_far)
    weight[:-1] *= share * (s * room * near / beta)
    weight[-1] = np.exp(-power * log_alpha[-1] - s * log_beta[-1])
    return since, log_alpha, log_beta, weight


def _swapped(first: np.ndarray, one: tuple, other: tuple) -> tuple:
    """``one`` where ``first``, else ``other``; without a copy where all customers are alike in this."""
    if first.all():
        return one
    return tuple(np.where(first, *pair) for pair in zip(one, other, strict=True)) if first.any() else other


def pareto_terms(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Terms:
    """Pareto/NBD: Schmittlein, Morrison & Colombo (1987), as a sum over when he may have died.

    He is alive at the cut, or died at a moment between his last purchase and the cut: each moment is a way to have this
    history, and derivatives are means over the ways (Fader & Hardie 2005, "A note on deriving the Pareto/NBD model").
    """
    r, alpha, s, beta = theta
    since, log_alpha, log_beta, weight = ways(r, alpha, s, beta, x, recency, age)
    log_r, d_r, dd_r = rising(r, x)
    past_alpha, past_beta = np.log1p(recency / alpha), np.log1p(recency / beta)
    total = weight.sum(axis=0)
    loglik = log_r - x * np.log(alpha + recency) - r * past_alpha - s * past_beta + np.log(total)
    weight /= total
    dead = 1 - weight[-1]
    died = np.ones((len(weight), 1))
    died[-1] = 0
    time = recency + since
    gone_alpha, gone_beta = time / (alpha + time), time / (beta + time)
    each = np.empty((4, *weight.shape))  # derivatives of each way, but for what all ways of a customer share
    np.multiply(-r, log_alpha, out=each[0])
    np.multiply(r + x, gone_alpha, out=each[1])
    np.subtract(died, s * log_beta, out=each[2])
    np.subtract((s + died) * gone_beta, died, out=each[3])
    weighted = each * weight
    gradient = weighted.sum(axis=1)
    hessian = np.einsum("ikn,jkn->ijn", weighted, each) - gradient[:, None] * gradient
    # and the mean of their own derivatives
    weight *= gone_beta
    by_r, by_beta = gradient[0] - r * past_alpha, s * weight.sum(axis=0)
    hessian[0, 0] += by_r + r * (d_r + r * dd_r)
    hessian[0, 1] += r / (r + x) * gradient[1]
    hessian[1, 1] -= gradient[1] - np.einsum("kn,kn->n", weighted[1], gone_alpha)
    hessian[2, 2] += gradient[2] - s * past_beta - dead
    hessian[2, 3] += by_beta
    hessian[3, 3] -= by_beta - np.einsum("kn,kn->n", weight, each[3])
    hessian[1, 0], hessian[3, 2] = hessian[0, 1], hessian[2, 3]
    gradient[0] = by_r + r * d_r
    gradient[1] -= x
    gradient[2] -= s * past_beta
    return loglik, gradient, hessian
