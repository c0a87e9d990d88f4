"""The bivariate normal distribution over a grid of cells: probabilities, and how they move with the correlation.

Two standard normal variables are cut at thresholds; the pair falls into a cell. Here are the cells' probabilities for
many pairs at once. What is estimated from them is known in ``ordinal``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of a grid, for each of some pairs of variables cut into a and b categories.

    Attributes
    ----------
    probability : ndarray, shape (pairs, a, b)
    derivative : ndarray, shape (pairs, a, b)
        Of the probability, by the correlation.
    """

    probability: np.ndarray
    derivative: np.ndarray


def cell_probabilities(row_thresholds: np.ndarray, column_thresholds: np.ndarray, rho: np.ndarray) -> Cells:
    """Compute the cells of pairs with correlations ``rho``, shape (pairs,).

    Thresholds have shapes (pairs, a - 1) and (pairs, b - 1), rising; an infinite one makes an empty category. Below
    both thresholds h and k lies ``Φ(h) Φ(k)`` plus the integral of the density over the correlation, taken in its arc
    sine, where it is smooth (Drezner & Wesolowsky 1990); the derivative by the correlation is the density itself.
    """
    h, k = row_thresholds[:, :, None], column_thresholds[:, None, :]
    finite = np.isfinite(h) & np.isfinite(k)
    h, k = np.where(finite, h, 0.0), np.where(finite, k, 0.0)
    angle = np.arcsin(rho)[:, None, None]
    integral = np.zeros(h.shape)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        theta = angle * (node + 1) / 2
        integral += weight * np.exp(-(h * h + k * k - 2 * h * k * np.sin(theta)) / (2 * np.cos(theta) ** 2))
    below_both = ndtr(h) * ndtr(k) + angle / (4 * np.pi) * integral
    rho = rho[:, None, None]
    variance = 1 - rho**2
    density = np.exp(-(h * h + k * k - 2 * rho * h * k) / (2 * variance)) / (2 * np.pi * np.sqrt(variance))
    # below an infinite threshold lies the other variable's margin, which does not move
    row_margin, column_margin = ndtr(row_thresholds), ndtr(column_thresholds)
    margin = np.minimum(row_margin[:, :, None], column_margin[:, None, :])
    cumulative = np.zeros((len(rho), row_margin.shape[1] + 2, column_margin.shape[1] + 2))
    cumulative[:, 1:-1, 1:-1] = np.where(finite, below_both, margin)
    cumulative[:, -1, 1:-1], cumulative[:, 1:-1, -1], cumulative[:, -1, -1] = column_margin, row_margin, 1
    moved = np.zeros_like(cumulative)
    moved[:, 1:-1, 1:-1] = np.where(finite, density, 0.0)
    return Cells(*(np.diff(np.diff(corner, axis=1), axis=2) for corner in (cumulative, moved)))
