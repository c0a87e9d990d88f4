"""Arguments that may be a number or an array of numbers: checked, and brought to one shape.

What is refused here is refused for all functions of rates and money in ``loyalty``. Tables are checked in ``_engine``,
single numbers in ``_check``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.errors import ArgumentError


def number_array(name: str, value: npt.ArrayLike, low: float, high: float, *, closed: bool = False) -> np.ndarray:
    """Return ``value`` as finite numbers above ``low`` and below ``high`` (or equal to them, if closed)."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "iuf" or not array.size:
        raise ArgumentError(f"`{name}` must be a number or an array of numbers; it is {str(value)[:60]!r}.")
    array = array.astype("float64")
    in_range = (array >= low) & (array <= high) if closed else (array > low) & (array < high)
    wrong = ~(in_range & np.isfinite(array))
    if wrong.any():
        words = ("at least", "at most") if closed else ("above", "below")
        bounds = [f"{word} {bound:g}" for word, bound in zip(words, (low, high), strict=True) if np.isfinite(bound)]
        hint, first = ", a share such as 0.8 for eighty per cent" if high == 1 else "", float(array[wrong].flat[0])
        asked = _ask_back(first) if high == 1 else ""
        raise ArgumentError(f"`{name}` must be {' and '.join(['finite', *bounds])}{hint}; it is {first:g}.{asked}")
    return array


def annual_rates(value: npt.ArrayLike) -> np.ndarray:
    """Return discount rates of a year as finite numbers above -1, at most 1."""
    rates = number_array("annual_rate", value, -1, np.inf)
    if (rates > 1).any():
        first = float(rates[rates > 1].flat[0])
        raise ArgumentError(f"`annual_rate` must be a share of at most 1, such as 0.12; it is {first:g}.{_ask_back(first)}")
    return rates


def _ask_back(number: float) -> str:
    """Ask whether per cent were meant, where a share is wanted."""
    return f" Is {number:g} % meant? That is {number / 100:g}; five points more are 0.05 more." if 1 < number <= 100 else ""


def single_number(name: str, value: npt.ArrayLike, high: float = np.inf) -> float:
    """Return ``value`` as one number from 0 to ``high``."""
    array = number_array(name, value, 0, high, closed=True)
    if array.ndim:
        raise ArgumentError(f"`{name}` must be one number, not {array.size:,}.")
    return float(array)


def broadcast(**arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return arrays brought to one shape."""
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"`{name}` {array.shape}" for name, array in arrays.items())
        raise ArgumentError(f"these arrays do not go together: {shapes}. Give numbers, or arrays of one shape.") from None


def common_index(**values: npt.ArrayLike) -> pd.Index | None:
    """Return the index of those values that are Series; None if none is, a refusal if two differ."""
    series = {name: value for name, value in values.items() if isinstance(value, pd.Series)}
    if not series:
        return None
    first, *others = series
    for other in others:
        if not series[other].index.equals(series[first].index):
            raise ArgumentError(
                f"`{first}` and `{other}` are Series of different rows. Take both from one table, or bring them to one order, "
                f"e.g. with `{other}.reindex({first}.index)`."
            )
    return series[first].index


def as_given(values: np.ndarray) -> float | np.ndarray:
    """Return a single number as a number."""
    return float(values) if np.ndim(values) == 0 else values
