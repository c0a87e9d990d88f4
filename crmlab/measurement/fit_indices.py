"""Fit indices: how far a model's covariances lie from those that were seen, as functions of numbers.

S are the covariances that were seen (divisor n), Σ those that the model implies, p the number of items. Here stand the
likelihood-ratio statistic, what is made of it (CFI, TLI, RMSEA, criteria of information), and the mean residual. What
counts as good fit is a convention (Hu & Bentler 1999) that this room does not know.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special, stats

from crmlab.measurement.covariances import correlation_matrix
from crmlab.measurement.likelihood import discrepancy


def model_chi2(implied: np.ndarray, covariance: np.ndarray, n: int) -> float:
    """Return the likelihood-ratio statistic against any covariances: n (log|Σ| + tr(S Σ⁻¹) - log|S| - p)."""
    return n * float(discrepancy(implied, covariance) - np.linalg.slogdet(covariance)[1] - len(covariance))


def independence_chi2(covariance: np.ndarray, n: int) -> float:
    """Return the statistic of the model in which no items correlate: -n log|S| with items at variance 1."""
    return -n * float(np.linalg.slogdet(correlation_matrix(covariance))[1])


def normal_loglik(implied: np.ndarray, covariance: np.ndarray, n: int) -> float:
    """Return the log likelihood of normal rows with free means: -n/2 (p log 2π + log|Σ| + tr(S Σ⁻¹))."""
    return -n / 2 * float(len(covariance) * np.log(2 * np.pi) + discrepancy(implied, covariance))


def comparative_fit_index(chi2: float, df: int, baseline_chi2: float, baseline_df: int) -> float:
    """Return 1 less the model's noncentrality over the larger one of both, each not below 0 (Bentler 1990)."""
    if np.isnan(chi2):
        return np.nan
    largest = max(baseline_chi2 - baseline_df, chi2 - df, 0.0)
    return 1.0 - max(chi2 - df, 0.0) / largest if largest > 0 else 1.0


def tucker_lewis_index(chi2: float, df: int, baseline_chi2: float, baseline_df: int) -> float:
    """Return (b - chi2 / df) / (b - 1) with b the baseline's chi2 / df (Tucker & Lewis 1973)."""
    baseline = baseline_chi2 / baseline_df
    return (baseline - chi2 / df) / (baseline - 1) if df else np.nan


def root_mean_square_error(chi2: float, df: int, n: int) -> float:
    """Return the root of the noncentrality by degree of freedom and row (RMSEA; Steiger & Lind 1980)."""
    return float(np.sqrt(max(chi2 - df, 0.0) / (df * n))) if df else np.nan


def root_mean_square_error_interval(chi2: float, df: int, n: int, level: float) -> tuple[float, float]:
    """Return the ends of the RMSEA's interval, by the noncentral chi2 distribution (Browne & Cudeck 1993)."""
    if np.isnan(chi2) or not df:
        return np.nan, np.nan
    low, high = (_noncentrality(chi2, df, probability) for probability in ((1 + level) / 2, (1 - level) / 2))
    return float(np.sqrt(low / (df * n))), float(np.sqrt(high / (df * n)))


def _noncentrality(chi2: float, df: int, probability: float) -> float:
    """Return the noncentrality at which a statistic of at most ``chi2`` has this probability; 0 if none is large enough."""
    if stats.chi2.cdf(chi2, df) < probability:
        return 0.0
    above = chi2 + 10 * np.sqrt(2 * chi2 + 2 * df)
    while special.chndtr(chi2, df, above) > probability:
        above *= 2
    return optimize.brentq(lambda noncentrality: special.chndtr(chi2, df, noncentrality) - probability, 0, above)


def root_mean_square_residual(implied: np.ndarray, covariance: np.ndarray) -> float:
    """Return the root of the mean squared residual correlation, diagonal included (SRMR; Bentler 1995)."""
    deviations = np.sqrt(np.diag(covariance))
    residual = ((covariance - implied) / np.outer(deviations, deviations))[np.tril_indices(len(deviations))]
    return float(np.sqrt(np.mean(residual**2)))
