"""Chances at fixed times: BG/BB, for donors, subscribers to a season, visitors of a yearly fair.

At each opportunity a customer who is alive buys with a chance of his own (beta), and then dies unseen with a
chance of his own (beta). A history is how many of the opportunities he took, which was the last that he took, and
how many there were. This file knows how likely a history is, with derivatives, and what to expect; how a maximum is
found is known in ``fitting``. Derivatives are by the logarithms of the parameters, as in ``nbd``.
"""

from __future__ import annotations

import numpy as np

from crmlab.btyd.nbd import Terms, rising


def bgbb_ways(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> tuple:
    """Each way to have a history: died after opportunity recency, recency + 1, ..., or, as the last row, alive.

    Fader, Hardie & Shang (2010).

    Returns
    -------
    loglik : ndarray, shape (customers,)
    weight : ndarray, shape (ways, customers)
        How likely each way is, given the history; 0 for ways that a customer has not.
    died : ndarray, shape (ways, 1)
    steps : tuple
        What the logarithms are sums of: ``rising`` of alpha, beta, alpha + beta, delta, gamma + delta; the last with the
        denominator of a death.
    """
    alpha, beta, gamma, delta = theta
    silent = np.arange(int((age - recency).max(initial=0)))[:, None]
    taken = np.concatenate([silent + recency, age[None]])  # the last opportunity that he met alive
    died = np.ones((len(taken), 1))
    died[-1] = 0
    steps = (
        rising(alpha, x), rising(beta, np.maximum(taken - x, 0)), rising(alpha + beta, taken), rising(delta, taken),
        rising(gamma + delta, taken + died),
    )  # fmt: skip
    log_alpha, log_beta, log_both, log_delta, log_end = (step[0] for step in steps)
    logs = log_alpha + log_beta - log_both + log_delta - log_end + died * np.log(gamma)
    logs[:-1][taken[:-1] >= age] = -np.inf
    top = logs.max(axis=0)
    weight = np.exp(logs - top)
    total = weight.sum(axis=0)
    return top + np.log(total), weight / total, died, steps


def bgbb_terms(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Terms:
    """BG/BB: log-likelihood of histories and its derivatives, as means over the ways to have each of them."""
    alpha, beta, gamma, delta = theta
    loglik, weight, died, steps = bgbb_ways(theta, x, recency, age)
    (_, d_alpha, dd_alpha), (_, d_beta, dd_beta), (_, d_both, dd_both), (_, d_delta, dd_delta), (_, d_end, dd_end) = steps
    each = np.empty((4, *weight.shape))  # derivatives of each way
    each[0] = alpha * (d_alpha - d_both)
    each[1] = beta * (d_beta - d_both)
    each[2] = died - gamma * d_end
    each[3] = delta * (d_delta - d_end)
    weighted = each * weight
    gradient = weighted.sum(axis=1)
    hessian = np.einsum("ikn,jkn->ijn", weighted, each) - gradient[:, None] * gradient
    # and the mean of their own derivatives

    def mean(values: np.ndarray) -> np.ndarray:
        return (weight * values).sum(axis=0)

    hessian[0, 0] += gradient[0] + mean(alpha**2 * (dd_alpha - dd_both))
    hessian[1, 1] += gradient[1] + mean(beta**2 * (dd_beta - dd_both))
    hessian[2, 2] += gradient[2] - mean(died + gamma**2 * dd_end)
    hessian[3, 3] += gradient[3] + mean(delta**2 * (dd_delta - dd_end))
    hessian[[0, 1], [1, 0]] -= mean(alpha * beta * dd_both)
    hessian[[2, 3], [3, 2]] -= mean(gamma * delta * dd_end)
    return loglik, gradient, hessian
