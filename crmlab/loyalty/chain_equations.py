"""Chain equations: linear regressions with measurement error, estimated together.

Each link of the chain is a least-squares equation whose regressors are measured with a known reliability. The equations are
stacked, so that the covariance holds across the links and for rows of one customer. It knows arrays; which columns stand in
which link is known in ``chain_links``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmlab.errors import DataError

_SINGULAR = 1e-8  # smallest eigenvalue of the correlation matrix of regressors


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """A regression of ``outcome``, shape (rows,), on ``regressors``, shape (rows, k), the constant not among them.

    Attributes
    ----------
    names : tuple of str
        Of the regressors.
    noise : ndarray, shape (k,)
        Which share of each one's variance is error of measurement: 1 less its reliability.
    """

    outcome: np.ndarray
    regressors: np.ndarray
    names: tuple[str, ...]
    noise: np.ndarray


def slopes(equation: Equation) -> tuple[np.ndarray, np.ndarray]:
    """Estimate slopes b, shape (k,), and each row's influence on them, shape (rows, k).

    With x and y about their means and D the diagonal matrix of error variances, b solves (X'X / n - D) b = X'y / n. The
    influence of a row is the same matrix's inverse times x (y - x'b) + noise x² b, over n; their sum is 0.

    References
    ----------
    Fuller (1987), Measurement error models, section 2.2. Huber (1967) for the influence.
    """
    x = equation.regressors - equation.regressors.mean(axis=0)
    y = equation.outcome - equation.outcome.mean()
    deviations = np.sqrt((x**2).mean(axis=0))
    _refuse_constant(deviations, equation)
    x = x / deviations
    correlations = x.T @ x / len(x)
    _refuse_collinear(correlations, equation.names)
    corrected = correlations - np.diag(equation.noise)
    if np.linalg.eigvalsh(corrected)[0] < _SINGULAR:
        noisy = ", ".join(name for name, noise in zip(equation.names, equation.noise, strict=True) if noise > 0)
        raise DataError(
            f"with these reliabilities ({noisy}) nothing is left to tell the columns apart: they hang together more than such "
            "noisy answers can. Check the reliabilities, or put dimensions together."
        )
    inverse = np.linalg.inv(corrected)
    b = inverse @ (x.T @ y) / len(x)
    scores = x * (y - x @ b)[:, None] + equation.noise * x**2 * b
    return b / deviations, scores @ inverse / deviations / len(x)


def clustered_covariance(influence: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Covariance of estimates from rows' influence, shape (rows, k), summed by cluster, whose codes run from 0.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73; g / (g - 1) for g clusters.
    """
    g = int(clusters.max()) + 1
    sums = np.zeros((g, influence.shape[1]))
    np.add.at(sums, clusters, influence)
    return sums.T @ sums * g / (g - 1)


def _refuse_constant(deviations: np.ndarray, equation: Equation) -> None:
    scale = np.abs(equation.regressors).max(axis=0)
    if constant := [name for name, s, top in zip(equation.names, deviations, scale, strict=True) if s <= 1e-12 * max(top, 1)]:
        raise DataError(f"{_ticked(constant)} does not vary in the complete rows: nothing can be learnt of it. Leave it out.")


def _refuse_collinear(correlations: np.ndarray, names: Sequence[str]) -> None:
    values, vectors = np.linalg.eigh(correlations)
    if values[0] < _SINGULAR:
        parts = [name for name, weight in zip(names, vectors[:, 0], strict=True) if abs(weight) > 0.05]
        raise DataError(f"{_ticked(parts)} are sums of each other: their effects cannot be told apart. Leave one of them out.")


def _ticked(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
