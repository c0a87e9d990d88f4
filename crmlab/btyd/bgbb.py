"""BG/BB: a coin at each opportunity, and dropout between two of them; for donors, seasons, yearly fairs.

While alive, a customer takes an opportunity with a probability of their own (beta with alpha and beta), and drops out before
the next one with a probability of their own (beta with gamma and delta). With x of n opportunities taken, the last of them at
``recency`` t_x, the likelihood is a sum over when they may have dropped out, after the opportunity t_x + i or not at all:

    [B(alpha + x, beta + n - x) B(gamma, delta + n)
     + sum_{i = 0}^{n - t_x - 1} B(alpha + x, beta + t_x - x + i) B(gamma + 1, delta + t_x + i)]
    / (B(alpha, beta) B(gamma, delta)).

Fader, Hardie & Shang (2010), Marketing Science 29(6), eq. 7. Everywhere ``theta`` holds alpha, beta, gamma, delta, shape
(4, 1) or (4, n), and times are counts of opportunities. What a model must offer is said in ``models``.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from crmlab._likelihood import LoglikScoreHessian
from crmlab.btyd.pochhammer import log_pochhammer_table
from crmlab.btyd.quadrature import beta_nodes

PARAMETERS = ("alpha", "beta", "gamma", "delta")


def starts(*_: np.ndarray) -> list[tuple[float, ...]]:
    """Return points from which to climb."""
    return [(alpha, 1.0, gamma, 2.0) for alpha in (0.5, 2.0) for gamma in (0.5, 2.0)]


def dropout_mixture(
    theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple]:
    """List after which opportunity customers may have dropped out: recency, recency + 1, ...; the last row is: alive.

    Returns
    -------
    loglik : ndarray, shape (n,)
    weight : ndarray, shape (ways, n)
        Share of each way in the likelihood; 0 for ways that a customer has not.
    died : ndarray, shape (ways, 1)
    terms : tuple
        Logarithms and their derivatives, by ``log_pochhammer_table``, of alpha, beta, alpha + beta, delta, gamma + delta; the
        last with the denominator of a dropout.
    """
    alpha, beta, gamma, delta = theta
    silence = np.arange(int((age - recency).max(initial=0)))[:, None]
    met = np.concatenate([silence + recency, age[None]])  # the last opportunity that the customer met alive
    died = np.ones((len(met), 1))
    died[-1] = 0
    terms = (
        log_pochhammer_table(alpha, x), log_pochhammer_table(beta, np.maximum(met - x, 0)),
        log_pochhammer_table(alpha + beta, met), log_pochhammer_table(delta, met),
        log_pochhammer_table(gamma + delta, met + died),
    )  # fmt: skip
    log_alpha, log_beta, log_alpha_beta, log_delta, log_gamma_delta = (term[0] for term in terms)
    logs = log_alpha + log_beta - log_alpha_beta + log_delta - log_gamma_delta + died * np.log(gamma)
    logs[:-1][met[:-1] >= age] = -np.inf
    highest = logs.max(axis=0)
    weight = np.exp(logs - highest)
    total = weight.sum(axis=0)
    return highest + np.log(total), weight / total, died, terms


def loglik_score_hessian(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> LoglikScoreHessian:
    """Return the log-likelihood of histories and its derivatives by the logarithms of alpha, beta, gamma, delta.

    Derivatives are means over the ways in which a history can have come about, with their shares as weights.
    """
    alpha, beta, gamma, delta = theta
    loglik, weight, died, terms = dropout_mixture(theta, x, recency, age)
    (_, d_alpha, dd_alpha), (_, d_beta, dd_beta), (_, d_both, dd_both), (_, d_delta, dd_delta), (_, d_end, dd_end) = terms
    way_scores = np.empty((4, *weight.shape))
    way_scores[0] = alpha * (d_alpha - d_both)
    way_scores[1] = beta * (d_beta - d_both)
    way_scores[2] = died - gamma * d_end
    way_scores[3] = delta * (d_delta - d_end)
    weighted = way_scores * weight
    score = weighted.sum(axis=1)
    hessian = np.einsum("ikn,jkn->ijn", weighted, way_scores) - score[:, None] * score

    def mean(values: np.ndarray) -> np.ndarray:
        return (weight * values).sum(axis=0)

    # and the mean of the second derivatives of each way
    hessian[0, 0] += score[0] + mean(alpha**2 * (dd_alpha - dd_both))
    hessian[1, 1] += score[1] + mean(beta**2 * (dd_beta - dd_both))
    hessian[2, 2] += score[2] - mean(died + gamma**2 * dd_end)
    hessian[3, 3] += score[3] + mean(delta**2 * (dd_delta - dd_end))
    hessian[[0, 1], [1, 0]] -= mean(alpha * beta * dd_both)
    hessian[[2, 3], [3, 2]] -= mean(gamma * delta * dd_end)
    return loglik, score, hessian


def alive(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Return P(alive at the last opportunity and still there for the next): Fader, Hardie & Shang (2010), eq. 11."""
    _, _, gamma, delta = theta
    return dropout_mixture(theta, x, recency, age)[1][-1] * (delta + age) / (gamma + delta + age)


def expected_if_alive(
    theta: np.ndarray, x: np.ndarray, age: np.ndarray, periods: float | np.ndarray, rate: float
) -> np.ndarray:
    """Return purchases at the next ``periods`` opportunities of customers alive now, each discounted by exp(-rate n).

    The sum that the closed forms of Fader, Hardie & Shang (2010) stand for: given the probability to drop out it is geometric.
    """
    alpha, beta, gamma, delta = theta
    p, weight = beta_nodes(*np.broadcast_arrays(gamma, delta + age + 1))
    with np.errstate(divide="ignore"):
        log_stay = np.log1p(-p) - rate  # to the next opportunity, discounted
    total = (weight * np.expm1(periods * log_stay) / np.expm1(log_stay)).sum(axis=0)
    return (alpha + x) / (alpha + beta + age) * np.exp(-rate) * total


def pmf(theta: np.ndarray, periods: np.ndarray, top: int) -> np.ndarray:
    """Return P(0, 1, ..., top purchases) at ``periods`` (n,) opportunities of a new customer, shape (top + 1, n).

    Fader, Hardie & Shang (2010), eq. 8.
    """
    alpha, beta, gamma, delta = theta
    count = np.arange(top + 1)[:, None]
    total = np.zeros((1, 1))
    for met in range(int(np.max(periods)) + 1):  # opportunities that they meet alive
        log_stay = log_pochhammer_table(delta, np.array([met]))[0] - log_pochhammer_table(gamma + delta, np.array([met]))[0]
        p_last = np.where(met < periods, gamma / (gamma + delta + met), 1.0) * (met <= periods)
        p_count = stats.betabinom.pmf(count, met, alpha, beta) if met else (count == 0) * 1.0
        total = total + np.exp(log_stay) * p_last * p_count
    return total


def draw(
    rng: np.random.Generator, theta: np.ndarray, x: np.ndarray, age: np.ndarray, periods: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Draw opportunities taken of the next ``periods`` by customers who meet the first of them alive."""
    alpha, beta, gamma, delta = theta
    p_buy = rng.beta(np.broadcast_to(alpha + x, shape), np.broadcast_to(beta + age - x, shape))
    p_drop = rng.beta(np.broadcast_to(gamma, shape), np.broadcast_to(delta + age + 1, shape))
    return rng.binomial(np.minimum(rng.geometric(np.maximum(p_drop, 1e-15)), int(periods)), p_buy)


def simulate(
    rng: np.random.Generator, theta: np.ndarray, age: np.ndarray, holdout_periods: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw new customers: frequency, recency, whether alive at ``age``, and purchases in the ``holdout_periods`` after it."""
    alpha, beta, gamma, delta = theta
    p_buy, p_drop = rng.beta(alpha, beta, age.size), np.maximum(rng.beta(gamma, delta, age.size), 1e-15)
    met = rng.geometric(p_drop) - 1  # opportunities before they drop out
    x, recency = np.zeros(age.size, dtype=int), np.zeros(age.size, dtype=int)
    for period in range(1, int(age.max(initial=0)) + 1):
        takes = (period <= np.minimum(met, age)) & (rng.random(age.size) < p_buy)
        x += takes
        recency[takes] = period
    return x, recency, met > age, rng.binomial(np.clip(met - age, 0, int(holdout_periods)), p_buy)
