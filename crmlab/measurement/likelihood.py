"""Likelihood: maximum likelihood of a covariance structure, by Fisher scoring.

For n rows of p normal items with free means, S their covariances (divisor n) and Σ those that a model implies,
log L = -n/2 (p log 2π + log|Σ| + tr(S Σ⁻¹)). What is minimised is the part that depends on the model,
log|Σ| + tr(S Σ⁻¹) (Jöreskog 1969). Here are that function, its minimum and the covariance of the estimates; what the
parameters mean is known in ``factor_model``, what is reported of the fit in ``cfa``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab.errors import ConvergenceError
from crmlab.measurement.covariances import correlation_matrix
from crmlab.measurement.factor_model import FactorModel, improper_parts


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where Fisher scoring stopped.

    Attributes
    ----------
    params : ndarray, shape (parameters,)
    discrepancy : float
        ``log|Σ| + tr(S Σ⁻¹)`` there.
    decrement : float
        Twice what a further Newton step would still gain, nearly 0 at a minimum.
    """

    params: np.ndarray
    discrepancy: float
    decrement: float


def discrepancy(implied: np.ndarray, covariance: np.ndarray) -> float:
    """Return ``log|Σ| + tr(S Σ⁻¹)``; infinite where the implied matrix is not positive definite."""
    try:
        factor = np.linalg.cholesky(implied)
    except np.linalg.LinAlgError:
        return np.inf
    whitened = np.linalg.solve(factor, covariance)
    return float(2 * np.log(np.diag(factor)).sum() + np.trace(np.linalg.solve(factor, whitened.T)))


def fit_covariance(model: FactorModel, covariance: np.ndarray) -> np.ndarray:
    """Return the maximum likelihood estimates, shape (parameters,), from several starts.

    Items are put at variance 1 first, so that a step is a step whatever their units; the first loading of each factor
    is made positive.
    """
    correlation = correlation_matrix(covariance)
    best: Minimum | None = None
    starts = _starting_values(model, correlation)
    for start in starts:
        end = fisher_scoring(model, correlation, start)
        if np.isfinite(end.discrepancy) and end.decrement < 1e-9:
            if best is None or end.discrepancy < best.discrepancy - 1e-9:
                best = end
            if not improper_parts(model, end.params):
                break
    if best is None:
        raise ConvergenceError(
            f"no maximum was reached from {len(starts)} starts. Most often a factor has too few or nearly unrelated items, or "
            "two factors are one: look at `parallel_analysis`, then merge factors or leave items out."
        )
    sign = np.where(best.params[model.first_loading] < 0, -1.0, 1.0)
    deviations = np.sqrt(np.diag(covariance))
    loadings, residuals, correlations = model.split(best.params)
    return np.concatenate(
        [
            loadings * sign[model.loading_factor] * deviations[model.loading_item],
            residuals * deviations**2,
            correlations * (sign[model.pair_left] * sign[model.pair_right]),
        ]
    )


def fisher_scoring(model: FactorModel, covariance: np.ndarray, start: np.ndarray) -> Minimum:
    """Minimise the discrepancy by Newton steps with the expected information, damped where they do not descend."""
    params, value, damping, decrement = start, discrepancy(model.implied(start), covariance), 0.0, np.inf
    for _ in range(500):
        gradient, information = _gradient_and_information(model, params, covariance)
        scale = np.sqrt(np.diag(information).clip(min=1e-12))
        damped = information / np.outer(scale, scale) + damping * np.eye(params.size)
        step = -np.linalg.lstsq(damped, gradient / scale, rcond=1e-12)[0] / scale
        decrement = float(-gradient @ step)
        if decrement < 1e-15 and damping < 1e-3:
            break
        if decrement < 1e-11 and damping < 1e-3:  # rounding hides so small a descent: the last steps must not hang on it
            params = params + step
            value = discrepancy(model.implied(params), covariance)
            continue
        length = 1.0
        while length > 1e-4:
            trial = discrepancy(model.implied(params + length * step), covariance)
            if trial <= value - 1e-4 * length * decrement:
                params, value, damping = params + length * step, trial, damping / 4 if damping > 1e-3 else 0.0
                break
            length /= 2
        else:  # no length of this step descends
            damping = max(4 * damping, 1e-3)
            if decrement < 1e-11 or damping > 1e6:  # nothing left that rounding does not hide, or nothing helps
                break
    return Minimum(params, value, decrement)


def _gradient_and_information(model: FactorModel, params: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient and expected second derivatives of the discrepancy, shapes (q,) and (q, q).

    tr(Σ⁻¹ Σ_a (1 - Σ⁻¹ S)) and tr(Σ⁻¹ Σ_a Σ⁻¹ Σ_b), with Σ_a the derivative by parameter a.
    """
    precision = np.linalg.inv(model.implied(params))
    precision_times_derivative = precision @ model.implied_derivatives(params)
    gradient = np.einsum("aij,ji->a", precision_times_derivative, np.eye(len(precision)) - precision @ covariance)
    return gradient, _products(precision_times_derivative)


def _products(matrices: np.ndarray) -> np.ndarray:
    """Return tr(A B) of each pair of matrices, shape (q, q) from (q, p, p)."""
    return matrices.reshape(len(matrices), -1) @ matrices.transpose(0, 2, 1).reshape(len(matrices), -1).T


def _starting_values(model: FactorModel, correlation: np.ndarray) -> list[np.ndarray]:
    """Start from the signs of each factor's first principal component, at three levels of common variance."""
    sign = np.zeros(model.loading_item.size)
    for factor in range(len(model.factors)):
        loadings = model.loading_factor == factor
        items = model.loading_item[loadings]
        component = np.linalg.eigh(correlation[np.ix_(items, items)])[1][:, -1]
        sign[loadings] = np.sign(component[0] or 1) * np.sign(np.where(component == 0, 1, component))
    n_factors = np.bincount(model.loading_item, minlength=len(model.items))[model.loading_item]
    uncorrelated = np.zeros(model.pair_left.size)
    return [
        np.concatenate([level * sign / n_factors, np.full(len(model.items), 1 - level**2), uncorrelated])
        for level in (0.7, 0.4, 0.9)
    ]


def estimate_covariance(model: FactorModel, params: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of the estimates, shape (q, q), and a mask of those that are weakly identified, shape (q,).

    It is the inverse of the expected information n/2 tr(Σ⁻¹ Σ_a Σ⁻¹ Σ_b). Where that is flat along some direction, the
    parameters that the direction moves have no variance (NaN).
    """
    precision_times_derivative = np.linalg.inv(model.implied(params)) @ model.implied_derivatives(params)
    information = n / 2 * _products(precision_times_derivative)
    scale = 1 / np.sqrt(np.diag(information).clip(min=1e-300))
    eigenvalues, eigenvectors = np.linalg.eigh(information * np.outer(scale, scale))
    flat = eigenvalues < 1e-9
    weak = np.abs(eigenvectors[:, flat]).max(axis=1, initial=0) > 1e-3
    cov = (eigenvectors[:, ~flat] / eigenvalues[~flat]) @ eigenvectors[:, ~flat].T * np.outer(scale, scale)
    cov[weak] = cov[:, weak] = np.nan
    return cov, weak
