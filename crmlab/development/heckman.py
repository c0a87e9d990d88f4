"""Heckman's two steps: an equation that holds of everybody, estimated from those in whom its left side was seen.

Arrays come in, arrays go out, with the letters of the textbooks: a probit of being seen, then least squares of what was seen
with the inverse of Mills' ratio as one more regressor, and standard errors that know both that the errors of the second
step are not alike and that the ratio was itself estimated. What is seen, and of whom, is known in ``acquisition``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from crmlab.errors import ConvergenceError


@dataclass(frozen=True, slots=True)
class TwoStep:
    """Estimates of both steps; the constant stands first.

    Attributes
    ----------
    gamma, gamma_cov : ndarray, shape (q,) and (q, q)
        Probit of being seen.
    beta, cov : ndarray, shape (p + 1,) and (p + 1, p + 1)
        The equation; its last entry, lambda, belongs to the inverse of Mills' ratio.
    sigma, rho : float
        Standard deviation of the equation's error, and its correlation with that of the probit, from -1 to 1.
    loglik : float
        Of the probit.
    """

    gamma: np.ndarray
    gamma_cov: np.ndarray
    beta: np.ndarray
    cov: np.ndarray
    sigma: float
    rho: float
    loglik: float


def mills_ratio(index: np.ndarray) -> np.ndarray:
    """Compute the inverse of Mills' ratio, phi(z) / Phi(z), also far to the left, in the shape of ``index``."""
    return np.exp(stats.norm.logpdf(index) - special.log_ndtr(index))


def fit_probit(seen: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit P(seen) = Phi(z gamma) by statsmodels; return gamma (q,), its covariance (q, q) and the log likelihood."""
    from statsmodels.discrete.discrete_model import Probit

    scale = np.append(1.0, np.maximum(design[:, 1:].std(axis=0), 1e-300))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = Probit(seen.astype(float), design / scale).fit(method="newton", disp=0, maxiter=100)
        except (Warning, ValueError, np.linalg.LinAlgError) as error:
            raise ConvergenceError(f"the probit of being won has no maximum ({error}). Leave out what tells it all.") from None
    return fit.params / scale, fit.cov_params() / np.outer(scale, scale), float(fit.llf)


def least_squares(design: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the least squares of values on a design: coefficients (p,) and their covariance (p, p)."""
    scale = np.maximum(np.sqrt((design**2).mean(axis=0)), 1e-300)
    q, r = np.linalg.qr(design / scale)
    beta = np.linalg.solve(r, q.T @ values)
    residuals = values - design / scale @ beta
    inverse = np.linalg.inv(r)
    variance = residuals @ residuals / max(len(values) - len(beta), 1)
    return beta / scale, variance * (inverse @ inverse.T) / np.outer(scale, scale)


def two_step(seen: np.ndarray, z: np.ndarray, x: np.ndarray, values: np.ndarray) -> TwoStep:
    """Estimate y = x beta + e from rows that were seen, where seen = [z gamma + u > 0].

    Parameters
    ----------
    seen : ndarray of bool, shape (n,)
    z : ndarray, shape (n, q)
        Of everybody, with a constant first.
    x : ndarray, shape (n1, p)
        Of those who were seen, with a constant first.
    values : ndarray, shape (n1,)

    Notes
    -----
    With m the inverse of Mills' ratio, d = m (m + z gamma) and b the coefficient of m, sigma^2 = mean(e^2) + mean(d) b^2 and
    rho = b / sigma. The covariance is
    sigma^2 (W'W)^-1 [W'(I - rho^2 D) W + rho^2 (W'DZ) V (Z'DW)] (W'W)^-1, with W = (x, m), D = diag(d) and V that of gamma.

    References
    ----------
    Heckman (1979), Sample selection bias as a specification error, Econometrica 47(1); Greene (1981), ibid. 49(3), for the
    covariance.
    """
    gamma, gamma_cov, loglik = fit_probit(seen, z)
    z_seen = z[seen]
    index = z_seen @ gamma
    mills = mills_ratio(index)
    weights = mills * (mills + index)
    w = np.column_stack([x, mills])
    beta, _ = least_squares(w, values)
    residuals = values - w @ beta
    sigma = float(np.sqrt((residuals**2).mean() + weights.mean() * beta[-1] ** 2))
    rho = float(np.clip(beta[-1] / sigma, -1, 1)) if sigma > 0 else 0.0
    scale = np.maximum(np.sqrt((w**2).mean(axis=0)), 1e-300)
    scaled = w / scale
    bread = np.linalg.inv(scaled.T @ scaled)
    cross = (scaled * weights[:, None]).T @ z_seen
    meat = scaled.T @ (scaled * (1 - rho**2 * weights)[:, None]) + rho**2 * cross @ gamma_cov @ cross.T
    cov = sigma**2 * bread @ meat @ bread / np.outer(scale, scale)
    return TwoStep(gamma, gamma_cov, beta, cov, sigma, rho, loglik)
