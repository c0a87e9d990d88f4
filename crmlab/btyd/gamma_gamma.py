"""Gamma-gamma: amounts vary around each customer's mean, and means between customers.

An amount is gamma distributed with shape p and a rate of the customer's own; rates: gamma with shape q and rate v. The mean m
of x amounts then has the density

    Gamma(p x + q) / (Gamma(p x) Gamma(q)) v^q m^(p x - 1) x^(p x) / (v + x m)^(p x + q).

Fader & Hardie (2013), The gamma-gamma model of monetary value, eq. 1a. ``theta`` holds p, q, v, shape (3, 1) or (3, n).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from crmlab._likelihood import LoglikScoreHessian, Model
from crmlab.btyd.pochhammer import log_pochhammer

PARAMETERS = ("p", "q", "v")


def starts(weight: np.ndarray, x: np.ndarray, mean: np.ndarray) -> list[tuple[float, ...]]:
    """Return points from which to climb; all keep the geometric mean of the amounts."""
    usual = math.exp((weight @ np.log(mean)) / weight.sum())
    return [(p, q, usual * q / p) for p in (1.0, 6.0, 60.0) for q in (0.8, 3.0)]


def loglik_score_hessian(theta: np.ndarray, x: np.ndarray, mean: np.ndarray) -> LoglikScoreHessian:
    """Return the log-likelihood of the mean of ``x`` amounts and its derivatives by the logarithms of p, q, v."""
    p, q, v = theta
    shape = p * x
    total = x * mean
    share = v / (v + total)
    log_rest, log_share = np.log1p(total / v), -np.log1p(v / total)  # log((v + x m) / v), log(x m / (v + x m))
    unique_x, inverse = np.unique(x, return_inverse=True)
    unique_shape = p * unique_x
    from_shape, from_q = log_pochhammer(unique_shape, q), log_pochhammer(q, unique_shape)
    log_beta = np.where(unique_shape > q, special.gammaln(q) - from_shape[0], special.gammaln(unique_shape) - from_q[0])
    unique_terms = (log_beta, *from_shape[1:], *from_q[1:], special.polygamma(1, unique_shape + q))
    log_beta, d_p, dd_p, d_q, dd_q, dd_both = (term[inverse] for term in unique_terms)
    loglik = -log_beta + shape * log_share - q * log_rest - np.log(mean)
    score = np.stack([shape * (d_p + log_share), q * (d_q - log_rest), q * (1 - share) - shape * share])
    hessian = np.empty((3, 3, x.size))
    hessian[0, 0] = score[0] + shape**2 * dd_p
    hessian[0, 1] = hessian[1, 0] = shape * q * dd_both
    hessian[0, 2] = hessian[2, 0] = -shape * share
    hessian[1, 1] = score[1] + q**2 * dd_q
    hessian[1, 2] = hessian[2, 1] = q * (1 - share)
    hessian[2, 2] = -(q + shape) * share * (1 - share)
    return loglik, score, hessian


def _ordering(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return a sort key by frequency, then by mean."""
    return x + mean / (2 * mean.max() + 1)


def expected_spend(theta: np.ndarray, x: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected amount p (v + x m) / (p x + q - 1) and its Jacobian (3, n) by the logarithms of p, q, v.

    Fader & Hardie (2013), eq. 5. It is NaN where p x + q <= 1: the expectation does not exist there.
    """
    p, q, v = theta
    total = x * np.where(x > 0, mean, 0.0)
    denominator = p * x + q - 1
    denominator = np.where(denominator > 0, denominator, np.nan)
    spend = p * (v + total) / denominator
    return spend, np.stack([spend * (1 - p * x / denominator), -spend * q / denominator, p * v / denominator])


def simulate(rng: np.random.Generator, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw the mean of ``x`` amounts (NaN where x is 0), and the mean that each customer truly has."""
    p, q, v = theta
    rate = rng.gamma(q, 1 / v, x.size)
    mean = rng.gamma(np.maximum(p * x, 1e-9)) / (np.maximum(x, 1) * rate)
    return np.where(x > 0, mean, np.nan), p / rate


def draw_total(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, total: np.ndarray, purchases: np.ndarray
) -> np.ndarray:
    """Draw the total of so many ``purchases`` (draws, n) of customers who spent ``total`` at ``x`` purchases before."""
    p, q, v = theta
    rate = rng.gamma(np.broadcast_to(p * x + q, purchases.shape)) / (v + total)
    return np.where(purchases > 0, rng.gamma(np.maximum(p * purchases, 1e-9)) / rate, 0.0)


MODEL = Model("Gamma-gamma", PARAMETERS, loglik_score_hessian, starts, "Fader & Hardie (2013)", ordering=_ordering)
