"""Parameters: the same factor model in other units, with standard errors and intervals.

A fit has factors of variance 1. Here its parameters are reported with the first loading of each factor at 1 (marker), with
factor variances at 1 (variance), or with items at variance 1, too (standardized), each with its derivatives, so that
the delta method gives standard errors. Numbers come in and go out; nothing is estimated (see ``likelihood``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from crmlab.measurement.factor_model import FactorModel


@dataclass(frozen=True, slots=True, eq=False)
class Rescaled:
    """Parameters in some unit: loadings, residual variances, factor variances, factor covariances.

    Attributes
    ----------
    estimate : ndarray, shape (r,)
        The parameters of the fit, and a variance for each factor.
    jacobian : ndarray, shape (r, q)
        Derivatives by the parameters of the fit.
    """

    estimate: np.ndarray
    jacobian: np.ndarray

    def std_errors(self, cov: np.ndarray) -> np.ndarray:
        """Return the roots of the diagonal of J C J', shape (r,), with C the covariance of the fit's parameters.

        They are NaN where a parameter depends on one whose variance is NaN, and 0 where it depends on none.
        """
        unknown = (np.abs(self.jacobian) > 0) @ np.isnan(np.diag(cov))
        variance = np.einsum("ia,ab,ib->i", self.jacobian, np.nan_to_num(cov), self.jacobian)
        return np.where(unknown, np.nan, np.sqrt(variance.clip(min=0)))


def parameter_labels(model: FactorModel) -> list[str]:
    """Name the parameters in the order of ``Rescaled``."""
    labels, variances = model.labels, [f"{factor} ~~ {factor}" for factor in model.factors]
    n_before = model.loading_item.size + len(model.items)
    return [*labels[:n_before], *variances, *labels[n_before:]]


def with_unit_variances(model: FactorModel, params: np.ndarray) -> Rescaled:
    """Scale factors to variance 1, as they were fitted."""
    n_before, k = model.loading_item.size + len(model.items), len(model.factors)
    identity = np.eye(params.size)
    return Rescaled(
        np.concatenate([params[:n_before], np.ones(k), params[n_before:]]),
        np.vstack([identity[:n_before], np.zeros((k, params.size)), identity[n_before:]]),
    )


def with_markers(model: FactorModel, params: np.ndarray) -> Rescaled:
    """Scale each factor so that its first loading, the marker, is 1; its variance is the square of what that was."""
    loadings, residuals, correlations = model.split(params)
    n_loadings, n_before = loadings.size, loadings.size + residuals.size
    identity = np.eye(params.size)
    marker = model.first_loading
    unit = params[marker]
    relative = loadings / unit[model.loading_factor]
    d_loadings = identity[:n_loadings] - relative[:, None] * identity[marker[model.loading_factor]]
    d_loadings /= unit[model.loading_factor, None]
    d_loadings[marker] = 0
    left, right = model.pair_left, model.pair_right
    d_covariances = (
        identity[n_before:] * (unit[left] * unit[right])[:, None]
        + (correlations * unit[right])[:, None] * identity[marker[left]]
        + (correlations * unit[left])[:, None] * identity[marker[right]]
    )
    return Rescaled(
        np.concatenate([relative, residuals, unit**2, correlations * unit[left] * unit[right]]),
        np.vstack([d_loadings, identity[n_loadings:n_before], 2 * unit[:, None] * identity[marker], d_covariances]),
    )


def standardized(model: FactorModel, params: np.ndarray) -> Rescaled:
    """Scale items and factors to variance 1."""
    loadings, residuals, correlations = model.split(params)
    n_loadings, n_before, k = loadings.size, loadings.size + residuals.size, len(model.factors)
    identity = np.eye(params.size)
    variance = np.diag(model.implied(params))
    d_variance = np.einsum("aii->ia", model.implied_derivatives(params))
    items = model.loading_item
    deviation = np.sqrt(variance)[items]
    loadings = loadings / deviation
    d_loadings = identity[:n_loadings] / deviation[:, None] - (loadings / (2 * variance[items]))[:, None] * d_variance[items]
    residuals = residuals / variance
    d_residuals = (identity[n_loadings:n_before] - residuals[:, None] * d_variance) / variance[:, None]
    return Rescaled(
        np.concatenate([loadings, residuals, np.ones(k), correlations]),
        np.vstack([d_loadings, d_residuals, np.zeros((k, params.size)), identity[n_before:]]),
    )


def log_interval(
    estimate: np.ndarray, std_error: np.ndarray, positive: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wald intervals, on the log scale for those marked ``positive`` whose estimate is above 0.

    All arrays have shape (r,): ``estimate ± z std_error``, or ``estimate * exp(± z std_error / estimate)``.
    """
    half = stats.norm.ppf((1 + level) / 2) * std_error
    on_log_scale = positive & (estimate > 0)
    ratio = np.exp(half / np.where(on_log_scale, estimate, np.inf))
    return (
        np.where(on_log_scale, estimate / ratio, estimate - half),
        np.where(on_log_scale, estimate * ratio, estimate + half),
    )


def fisher_z_interval(estimate: np.ndarray, std_error: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of intervals on Fisher's scale, the inverse hyperbolic tangent, shapes (r,).

    An estimate that cannot be a correlation (beyond 1), or is fixed (standard error 0), has a Wald interval.
    """
    z = stats.norm.ppf((1 + level) / 2)
    inside = (np.abs(estimate) < 1) & (std_error != 0)
    half = z * (std_error / np.where(inside, 1 - estimate**2, 1))
    middle = np.arctanh(np.where(inside, estimate, 0))
    return (
        np.where(inside, np.tanh(middle - half), estimate - z * std_error),
        np.where(inside, np.tanh(middle + half), estimate + z * std_error),
    )
