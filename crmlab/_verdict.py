"""Verdicts: what an estimate's interval lets one say, and which of several comes first.

``verdict`` turns an interval into one of four answers: higher, lower, not distinguishable, too few to say; ``leaders`` names
the first of several, as far as they can be told apart. Every title and every finding of the kit claims a sign or an order
only through these two. Ends of intervals come in; how they are made is known in the topics, and so are the sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

#: Answers below which nothing is said: of five that all agree, chance alone makes one in 16 samples (2 / 2⁵ > 5 %).
FEWEST = 6

#: Interval at some level of the first estimate less the second, by their positions.
Difference = Callable[[int, int, float], tuple[float, float]]


class Verdict(StrEnum):
    """What an interval says of a quantity beside a reference."""

    HIGHER = "higher"
    LOWER = "lower"
    NOT_DISTINGUISHABLE = "not distinguishable"
    TOO_FEW = "too few to say"


def verdict(low: float, high: float, *, reference: float = 0.0, n: int | None = None) -> Verdict:
    """Say whether a quantity is higher or lower than a reference, as far as its interval tells.

    Parameters
    ----------
    low, high : float
        Ends of the interval; NaN where it is unknown. An interval without width comes from answers that do not vary: beside
        another value, it cannot say how much they would.
    reference : float
        What to compare with.
    n : int, optional
        Answers behind the interval; fewer than ``FEWEST`` say nothing.

    Examples
    --------
    >>> str(verdict(0.1, 0.5)), str(verdict(-0.2, 0.5)), str(verdict(-0.2, -0.1, n=5)), str(verdict(0.1, 0.5, reference=1))
    ('higher', 'not distinguishable', 'too few to say', 'lower')
    """
    if not low <= high or (n is not None and n < FEWEST):
        return Verdict.TOO_FEW
    if low <= reference <= high:
        return Verdict.NOT_DISTINGUISHABLE
    if high - low <= 1e-9 * max(1.0, min(abs(low), abs(high))):
        return Verdict.TOO_FEW
    return Verdict.HIGHER if low > reference else Verdict.LOWER


def leaders(
    labels: Sequence[str], estimates: npt.ArrayLike, difference: Difference, *, level: float = 0.95, n: int | None = None
) -> tuple[str, ...]:
    """Name the one with the highest value, if its difference to every other is beyond chance; else the two or three, if so.

    One is named alone if the two-sided intervals of its differences, each at ``level``, all lie above 0. Two or three (at
    most half of all) are named, without an order among them, if each is above each that is not named by intervals that
    hold together for all pairs (Bonferroni).

    Parameters
    ----------
    labels : sequence of str
        Of K quantities.
    estimates : array, shape (K,)
        Give them with the opposite sign to find the lowest.
    difference : callable
        Interval at a level of the estimate at one position less that at another, such as ``between_draws(draws)``.
    level : float
        Where all are equal, one is named with a probability of at most ``1 - level``: no correction for the many that are
        compared is needed, because looking at both sides makes up for having picked the highest.
    n : int, optional
        Answers behind the estimates; fewer than ``FEWEST`` tell nothing apart.

    Returns
    -------
    tuple of str
        Empty if no order can be told.

    References
    ----------
    Gutmann & Maymin (1987), Is the selected population the best?, Annals of Statistics 15. Hung & Fithian (2019), Rank
    verification for exponential families, Annals of Statistics 47.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal([9.0, 2.4, 2.5, 0.1, 0], 0.5, (500, 5))
    >>> means, beside = draws.mean(axis=0), between_draws(draws)
    >>> leaders("abcde", means, beside), leaders("bcde", means[1:], between_draws(draws[:, 1:]))
    (('a',), ('c', 'b'))
    >>> leaders("de", means[3:], between_draws(draws[:, 3:]))
    ()
    """
    values = np.round(np.asarray(estimates, dtype=float), 9)
    order = [int(k) for k in np.argsort(-values, kind="stable")]
    if np.isnan(values).any():
        return ()
    for size in range(1, max(2, min(4, values.size // 2 + 1))):
        each = level if size == 1 else 1 - (1 - level) / (values.size * (values.size - 1) / 2)
        pairs = ((first, other) for first in order[:size] for other in order[size:])
        if all(verdict(*difference(*pair, each), n=n) is Verdict.HIGHER for pair in pairs):
            return tuple(labels[k] for k in order[:size])
    return ()


def between_draws(draws: np.ndarray) -> Difference:
    """Return percentile intervals of differences from bootstrap samples, shape (draws, K)."""

    def difference(first: int, second: int, level: float) -> tuple[float, float]:
        tail = (1 - level) / 2
        low, high = np.quantile(draws[:, first] - draws[:, second], [tail, 1 - tail], method="weibull")
        return float(low), float(high)

    return difference


def between_intervals(interval: Callable[[float], tuple[npt.ArrayLike, npt.ArrayLike]]) -> Difference:
    """Return intervals of differences from those of the single values, whatever binds these together.

    The standard error of a difference is at most the sum of the two. So an interval reaches from the lower end of the one
    less the upper end of the other to the opposite, and holds at least its level.

    Parameters
    ----------
    interval : callable
        The lower and the upper ends at a level, shapes (K,).
    """

    def difference(first: int, second: int, level: float) -> tuple[float, float]:
        low, high = (np.asarray(ends, dtype=float) for ends in interval(level))
        return float(low[first] - high[second]), float(high[first] - low[second])

    return difference


def listed(names: Iterable[str], word: str = "and") -> str:
    """Write some names as one would say them.

    >>> listed(["empathy"]), listed(["a", "b", "c"], "or")
    ('empathy', 'a, b or c')
    """
    *before, last = [*names] or [""]
    return f"{', '.join(before)} {word} {last}" if before else last


def some_of(names: Sequence[str], total: int, what: str) -> str:
    """Write one or two names, or how many there are of all.

    >>> some_of(["empathy", "assurance"], 5, "dimensions"), some_of(["a", "b", "c"], 5, "dimensions")
    ('empathy and assurance', '3 of 5 dimensions')
    """
    return listed(names) if len(names) <= 2 else f"{len(names)} of {total} {what}"
