"""Moments: from a table of answers to the covariances that the models of this topic read.

Columns become numbers, complete rows are counted, and what no model can use (a constant item, an
item that is the sum of others, a matrix that is none) is refused by name. Nothing is estimated here;
see ``structure``, ``reliability`` and ``drivers``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import DataError


def moments(data: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, int, int]:
    """Covariance (divisor n - 1) of the complete rows, their number, and how many were left out."""
    values = numbers(data, names)
    whole = values[~np.isnan(values).any(axis=1)]
    if len(whole) < 3:
        raise DataError(f"only {len(whole)} of {len(values)} rows answer all {len(names)} items. At least 3 are needed.")
    return checked(np.cov(whole, rowvar=False), names), len(whole), len(values) - len(whole)


def numbers(data: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """The named columns as floats; missing is NaN."""
    if missing := [str(name) for name in names if name not in data.columns]:
        raise DataError(f"the table has no column {', '.join(missing)}. Its columns: {', '.join(map(str, data.columns))}.")
    if not data.columns.is_unique:
        raise DataError(f"two columns are called {data.columns[data.columns.duplicated()][0]!r}. Rename one.")
    for name in names:
        if not pd.api.types.is_numeric_dtype(data[name]) or pd.api.types.is_bool_dtype(data[name]):
            raise DataError(
                f"column {name!r} must hold numbers; it holds {data[name].dtype}. Read the file with `read_survey`."
            )
    values = data[list(names)].to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(f"column {names[int(np.isinf(values).any(axis=0).argmax())]!r} holds an infinite number. Take it out.")
    return values


def matrix(data: pd.DataFrame, names: Sequence[str], n: object) -> np.ndarray:
    """The part of a covariance matrix that belongs to the named items."""
    _check.integer("n", n, 3)
    if data.shape[0] != data.shape[1] or list(data.index) != list(data.columns):
        raise DataError(
            "with `n`, `data` must be a covariance matrix whose rows and columns carry the same names; it has "
            f"{data.shape[0]} rows "
            f"and {data.shape[1]} columns. For a table of answers leave `n` out."
        )
    found = numbers(data, names)[[list(data.columns).index(name) for name in names]]
    if np.isnan(found).any() or not np.allclose(found, found.T, rtol=1e-6, atol=1e-9):
        raise DataError("the covariance matrix must be symmetric and without gaps.")
    return checked((found + found.T) / 2, names)


def checked(covariance: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Refuse constant items and items that are sums of others."""
    spread = np.sqrt(np.diag(covariance).clip(min=0))
    if constant := [str(name) for name, value in zip(names, spread, strict=True) if not value > 1e-12 * spread.max()]:
        raise DataError(
            f"everyone gave the same answer to {', '.join(constant)}: nothing varies, so leave it out of the model."
        )
    if np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0] < 1e-10:
        raise DataError(
            "the covariance matrix is not positive definite: there are fewer complete rows than items, or one item is "
            "the sum of "
            "others (the same question twice?). Take it out, or ask more people."
        )
    return covariance
