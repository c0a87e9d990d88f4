"""Quadrature: nodes and weights for the integrals over what nobody sees, when a customer dies and how likely that is.

Each rule is Gauss-Legendre in a variable in which the integrand is smooth, whatever the parameters: the logarithm of time, or
the log-odds of a probability. So few nodes give eleven digits for one purchase and for ten thousand. What is integrated is
known in the files of the models.
"""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def gauss_legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights on 0 to 1, as columns (count, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes[:, None] + 1) / 2, weights[:, None] / 2


@cache
def gauss_legendre_panels(panels: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``count`` nodes in each of some equal panels of 0 to 1, and their weights, as columns."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    places = (np.arange(panels)[:, None] + (nodes + 1) / 2).reshape(-1, 1) / panels
    return places, np.tile(weights, panels)[:, None] / (2 * panels)


def time_nodes(scale: np.ndarray, weeks: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times from now to ``weeks`` (perhaps infinity) and their weights, exp(-rate t) included; shape (nodes, n).

    For functions that are smooth in log(scale + t): ``scale``, shape (n,), is the time in which they first fall.
    """
    log_horizon = np.log1p(min(weeks, 45 / rate) / scale)
    nodes, weights = gauss_legendre_panels(max(4, int(np.ceil(log_horizon.max() / 2))), 14)
    times = scale * np.expm1(log_horizon * nodes)
    return times, weights * log_horizon * (scale + times) * np.exp(-rate * times)


def beta_nodes(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities p and weights for means over beta(a, b) of smooth functions of log p, shape (nodes, n).

    Gauss-Legendre panels in the log-odds of p, over the range that holds all but exp(-36) of the density; they are narrow in
    its middle, where the density bends, and wide where it falls, which for a small a or b is far away.
    """
    center, width = np.log(a / b), np.sqrt(1 / a + 1 / b)
    nodes, panel_weights = gauss_legendre_panels(20, 14)
    position = 2 * nodes - 1
    reach = np.where(position < 0, 36 / a, 36 / b) + 8.5 * np.minimum(width, 2)
    stretch = np.log(2 + reach / np.minimum(width, 1)) + 0.5
    log_odds = center + reach * np.sinh(stretch * position) / np.sinh(stretch)
    log_p, log_q = -np.logaddexp(0, -log_odds), -np.logaddexp(0, log_odds)
    log_density = a * log_p + b * log_q
    density = np.exp(log_density - log_density.max(axis=0))
    weights = panel_weights * stretch * reach * np.cosh(stretch * position) / np.sinh(stretch) * density
    return np.exp(np.maximum(log_p, -650)), weights / weights.sum(axis=0)
