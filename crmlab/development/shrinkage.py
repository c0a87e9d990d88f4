"""Shrinkage: shares of small groups, pulled towards what all groups have in common.

Of two deals won out of two nobody concludes that every deal is won. How far shares of groups differ beyond chance is estimated
from all of them (beta-binomial, by maximum likelihood); each group's share is then a compromise between its own and the mean,
the nearer to its own the more it has to show. It reads counts and returns shares with intervals; what is counted is not known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

#: Groups below which nothing is said of how groups differ.
FEWEST_GROUPS = 3
_WEIGHTS = (0.05, 1e5)  # of a prior, in trials: groups that differ as far as can be, and groups that hardly differ
_GAIN = 1e-6  # of the log-likelihood, below which groups do not differ


@dataclass(frozen=True, slots=True)
class SharePrior:
    """How the shares of groups are distributed: a beta distribution, by its mean and its weight.

    Attributes
    ----------
    mean : float
        Of the shares.
    weight : float
        How many trials it counts as, alpha + beta; infinite if the groups do not differ beyond chance.
    groups : int
        From how many it was estimated.
    trials : int
        How many these have together.
    """

    mean: float
    weight: float
    groups: int
    trials: int

    @property
    def spread(self) -> float:
        """Standard deviation of the shares between groups, beyond chance."""
        return math.sqrt(self.mean * (1 - self.mean) / (self.weight + 1))


def fit_share_prior(successes: np.ndarray, trials: np.ndarray) -> SharePrior | None:
    """Estimate the beta distribution of the shares of groups, shapes (groups,); None for fewer than three groups.

    Maximises the log-likelihood of the beta-binomial distribution, with alpha = w m and beta = w (1 - m)::

        sum_k log B(alpha + x_k, beta + n_k - x_k) - log B(alpha, beta)

    over the logit of m and the log of w; where that of one share for all is as high, the groups do not differ.
    """
    x, n = (np.asarray(counts, dtype=float)[np.asarray(trials) > 0] for counts in (successes, trials))
    if n.size < FEWEST_GROUPS:
        return None
    pooled = x.sum() / n.sum()
    same = SharePrior(pooled, math.inf, n.size, int(n.sum()))
    if pooled in (0, 1):
        return same
    bounds = [(-12.0, 12.0), tuple(np.log(_WEIGHTS))]
    starts = [(special.logit(pooled), math.log(weight)) for weight in (2.0, 50.0)]
    how = {"method": "L-BFGS-B", "jac": True, "bounds": bounds, "options": {"ftol": 1e-15, "gtol": 1e-8}}
    fits = [optimize.minimize(_negative_loglik, start, (x, n), **how) for start in starts]
    best = min(fits, key=lambda fit: round(fit.fun, 9))
    if -best.fun - float(special.xlogy(x, pooled).sum() + special.xlogy(n - x, 1 - pooled).sum()) < _GAIN:
        return same
    return SharePrior(float(special.expit(best.x[0])), math.exp(best.x[1]), n.size, int(n.sum()))


def _negative_loglik(point: np.ndarray, x: np.ndarray, n: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the negative log-likelihood and its gradient at a logit of the mean and a log weight."""
    mean, weight = special.expit(point[0]), math.exp(point[1])
    alpha, beta = mean * weight, (1 - mean) * weight
    loglik = (special.betaln(alpha + x, beta + n - x) - special.betaln(alpha, beta)).sum()
    common = special.digamma(weight) - special.digamma(weight + n)
    by_alpha = (special.digamma(alpha + x) - special.digamma(alpha) + common).sum()
    by_beta = (special.digamma(beta + n - x) - special.digamma(beta) + common).sum()
    gradient = [(by_alpha - by_beta) * weight * mean * (1 - mean), by_alpha * alpha + by_beta * beta]
    return -float(loglik), -np.array(gradient)


def shrunk_shares(
    successes: np.ndarray, trials: np.ndarray, prior: SharePrior | None, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean and the ends of the posterior interval of each group's share, shapes (groups,).

    The prior is taken as known, so that with few groups the intervals are a little too narrow. Where groups do not differ,
    each has the share of all and its interval (Wilson); without a prior all are NaN.
    """
    x, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    if prior is None:
        nothing = np.full(x.size, np.nan)
        return nothing, nothing, nothing
    if math.isinf(prior.weight):
        low, high = wilson(np.array([prior.mean * prior.trials]), np.array([prior.trials]), level)
        return np.full(x.size, prior.mean), np.repeat(low, x.size), np.repeat(high, x.size)
    alpha, beta = prior.mean * prior.weight + x, (1 - prior.mean) * prior.weight + n - x
    tail = (1 - level) / 2
    return alpha / (alpha + beta), stats.beta.ppf(tail, alpha, beta), stats.beta.ppf(1 - tail, alpha, beta)


def wilson(successes: np.ndarray, trials: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's interval of each share; NaN without trials."""
    from statsmodels.stats.proportion import proportion_confint

    known = np.where(trials > 0, trials, np.nan)
    low, high = proportion_confint(np.where(trials > 0, successes, np.nan), known, alpha=1 - level, method="wilson")
    return np.clip(low, 0, 1), np.clip(high, 0, 1)
