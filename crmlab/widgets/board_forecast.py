"""Board forecast: what some deals bring together, each won or lost by its own chance, as a whole distribution.

A few large deals decide a quarter, so that no normal curve will do: the deals are convolved one by one on a grid of values.
It reads values and chances; ``board.js`` does the same sums in the page. Where chances come from is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab import _svg

LEVEL = 0.8  # of the prediction intervals
_MOST_CELLS = 50_000  # of a grid: convolved in the page within a few milliseconds
_FINEST = 1e6  # parts of one unit of value in which a common step is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What deals bring together.

    Attributes
    ----------
    step : float
        Between two values of the grid.
    masses : ndarray, shape (cells,)
        Probability of each value of the grid, from 0.
    number_masses : ndarray, shape (deals + 1,)
        Probability of each number of deals won.
    mean : float
        Of the value, by the values themselves.
    """

    step: float
    masses: np.ndarray
    number_masses: np.ndarray
    mean: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 80 % prediction interval of the value."""
        low, high = _interval(self.masses)
        return low * self.step, high * self.step

    @property
    def number_interval(self) -> tuple[int, int]:
        """The 80 % prediction interval of the number of deals won."""
        return _interval(self.number_masses)

    @property
    def number_mean(self) -> float:
        """The mean number of deals won."""
        return float(self.number_masses @ np.arange(len(self.number_masses)))

    def reach(self, commit: float) -> float:
        """Return the probability that the deals bring ``commit`` or more."""
        first = max(0, int(np.ceil(commit / self.step - 1e-6)))
        return float(self.masses[first:].sum())


def forecast(values: np.ndarray, chances: np.ndarray, grid: tuple[float, np.ndarray]) -> Forecast:
    """Convolve deals that are won independently of one another.

    Parameters
    ----------
    values, chances : ndarray, shape (deals,)
        What each brings if it is won, and the probability that it is.
    grid : (float, ndarray)
        What ``grid_of`` returns for the values.

    Returns
    -------
    Forecast
    """
    step, cells = grid
    return Forecast(step, convolve(cells, chances), convolve(np.ones_like(cells), chances), float(values @ chances))


def convolve(cells: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Return the distribution of a sum in which the k-th addend is ``cells[k]`` by its chance, else 0: shape (sum + 1,)."""
    masses = np.zeros(int(cells.sum()) + 1)
    masses[0], reach = 1.0, 0
    for cell, chance in zip(cells.tolist(), chances.tolist(), strict=True):
        won = masses[: reach + 1] * chance
        masses[: reach + 1] *= 1 - chance
        masses[cell : cell + reach + 1] += won
        reach += cell
    return masses


def grid_of(values: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the step of a grid and the place of each value on it: exact where the values have a step in common.

    Else the grid is fine beside their sum, and each value is rounded to half a step.
    """
    parts = np.rint(values * _FINEST).astype(np.int64)
    common = int(np.gcd.reduce(parts))
    if parts.sum() <= common * _MOST_CELLS:
        return common / _FINEST, parts // common
    step = _svg.round_up(float(values.sum()) / _MOST_CELLS)
    return step, np.rint(values / step).astype(np.int64)


def _interval(masses: np.ndarray) -> tuple[int, int]:
    """Return the first places up to which a tenth and nine tenths lie."""
    below = np.cumsum(masses)
    low, high = (int(np.argmax(below >= share - 1e-9)) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return low, high
