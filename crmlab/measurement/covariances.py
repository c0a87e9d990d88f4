"""Covariances: from a table of answers, or from a matrix, to the covariances that the models here are fitted to.

Columns become numbers, complete rows are counted, and what no model can use (an item that never varies, an item that
is the sum of others, a matrix that cannot hold covariances) is refused by name. Nothing is estimated here; see
``cfa``, ``efa`` and ``consistency``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class SampleCovariance:
    """Covariances of items, and what they rest on.

    Attributes
    ----------
    matrix : ndarray, shape (items, items)
        Divisor n - 1; positive definite.
    n : int
        Complete rows.
    n_excluded : int
        Rows with a missing item.
    """

    matrix: np.ndarray
    n: int
    n_excluded: int


def sample_covariance(data: pd.DataFrame, names: Sequence[str], n: int | None = None) -> SampleCovariance:
    """Compute the covariances of the complete rows; or, with ``n``, read them from a matrix."""
    if n is not None:
        return SampleCovariance(given_covariance(data, names, n), int(n), 0)
    values = item_values(data, names)
    complete = values[~np.isnan(values).any(axis=1)]
    if len(complete) < 3:
        raise DataError(f"only {len(complete)} of {len(values)} rows answer all {len(names)} items. At least 3 are needed.")
    matrix = check_definite(np.cov(complete, rowvar=False), names)
    return SampleCovariance(matrix, len(complete), len(values) - len(complete))


def item_values(data: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return the named columns as numbers, shape (rows, items); missing is NaN."""
    _check.required_columns(_check.frame("data", data).columns, "answers", names)
    return _check.numeric_columns(data, names, "answers", missing=True, remedy="Mend these rows, or leave the cells empty.")


def given_covariance(data: pd.DataFrame, names: Sequence[str], n: object) -> np.ndarray:
    """Return the part of a covariance matrix, of ``n`` rows, that belongs to the named items, shape (items, items)."""
    _check.integer("n", n, 3)
    _check.frame("data", data)
    if list(data.index) != list(data.columns):
        raise DataError(
            "with `n`, `data` must be a covariance matrix whose rows and columns carry the same names; it has "
            f"{data.shape[0]} rows and {data.shape[1]} columns. For a table of answers leave `n` out."
        )
    _check.required_columns(data.columns, "covariance", names)
    matrix = _check.numeric_columns(data.loc[list(names), list(names)], names, "covariance")
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-9):
        raise DataError("the covariance matrix must be symmetric.")
    return check_definite((matrix + matrix.T) / 2, names)


def check_definite(covariance: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return ``covariance``, shape (items, items); refuse constant items and items that are sums of others."""
    deviations = np.sqrt(np.diag(covariance).clip(min=0))
    tiny = ~(deviations > 1e-12 * deviations.max())
    if constant := [str(name) for name, is_tiny in zip(names, tiny, strict=True) if is_tiny]:
        raise DataError(
            f"everyone gave the same answer to {', '.join(constant)}: nothing varies, so leave it out of the model."
        )
    if np.linalg.eigvalsh(correlation_matrix(covariance))[0] < 1e-10:
        raise DataError(
            "the covariance matrix is not positive definite: there are fewer complete rows than items, or one item is "
            "the sum of others (the same question twice?). Take it out, or ask more people."
        )
    return covariance


def correlation_matrix(covariance: np.ndarray) -> np.ndarray:
    """Divide covariances by both standard deviations, shape (items, items)."""
    deviations = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviations, deviations)
