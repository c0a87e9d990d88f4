"""Validity of factors: whether items share more with their own factor than with the others.

Convergent validity is the variance that a factor extracts from its items and the reliability of their sum;
discriminant validity compares factors (Fornell & Larcker 1981; Henseler, Ringle & Sarstedt 2015). Numbers of a fitted
factor model come in; thresholds, conventions all, are left to the reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmlab.measurement.covariances import correlation_matrix


@dataclass(frozen=True, slots=True, eq=False)
class FactorValidity:
    """How well a factor shows in its items; all floats, fields in the order of the columns of ``CFAFit.factors``.

    Attributes
    ----------
    ave : float
        Average variance extracted, the mean of squared standardised loadings.
    composite_reliability : float
        (Σ l)² / ((Σ l)² + Σ (1 - l²)) with standardised loadings l.
    omega : float
        (Σ l)² / ((Σ l)² + Σ t) with loadings l in units of the items and their residual variances t.
    """

    ave: float
    composite_reliability: float
    omega: float


def factor_validity(loadings: np.ndarray, residuals: np.ndarray, variances: np.ndarray) -> FactorValidity:
    """Compute the validity of one factor at variance 1 from its items, each array of shape (items of the factor,)."""
    standardized = loadings / np.sqrt(variances)
    shared = standardized.sum() ** 2
    return FactorValidity(
        float(np.mean(standardized**2)),
        float(shared / (shared + (1 - standardized**2).sum())),
        composite_omega(loadings, residuals),
    )


def composite_omega(loadings: np.ndarray, residuals: np.ndarray) -> float:
    """Return McDonald's (1999) omega, (Σ l)² / ((Σ l)² + Σ t)."""
    signal = loadings.sum() ** 2
    return float(signal / (signal + residuals.sum()))


def heterotrait_monotrait_ratio(covariance: np.ndarray, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the HTMT of each pair of groups of items, shape (groups, groups).

    It is the mean absolute correlation between two groups over the geometric mean of those within them.
    """
    correlation = np.abs(correlation_matrix(covariance))
    within = np.array([correlation[np.ix_(items, items)][np.triu_indices(len(items), 1)].mean() for items in groups])
    between = np.array([[correlation[np.ix_(items, others)].mean() for others in groups] for items in groups])
    ratio = between / np.sqrt(np.outer(within, within))
    np.fill_diagonal(ratio, 1.0)
    return ratio
