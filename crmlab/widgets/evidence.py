"""Evidence: what each of some choices did over the same firms, and which did as well as any.

It reads one number for each choice in each firm. Because the firms are the same for all, two choices are compared firm by
firm, which tells them apart where their means alone would not. Where the numbers come from, and what is shown of them, is not
known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _engine
from crmlab._verdict import Verdict, verdict
from crmlab.errors import DataError

_LEVEL = 0.95  # of the intervals


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What each choice did, over the same firms.

    Attributes
    ----------
    actions : tuple of str
    middle, low, high : ndarray, shape (actions,)
        Mean over the firms and its interval (Student's).
    shortfall, shortfall_low, shortfall_high : ndarray, shape (actions,)
        How much less than the best choice, firm by firm: the mean and its interval.
    firms : int
    """

    actions: tuple[str, ...]
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    shortfall: np.ndarray
    shortfall_low: np.ndarray
    shortfall_high: np.ndarray
    firms: int

    @property
    def best(self) -> int:
        """The place of the choice with the highest mean."""
        return int(self.middle.argmax())

    @property
    def good(self) -> np.ndarray:
        """Which choices did as well as any, as far as the firms can tell: shape (actions,)."""
        ends = zip(self.shortfall_low, self.shortfall_high, strict=True)
        return np.array([verdict(low, high) is not Verdict.HIGHER for low, high in ends])


def evidence(outcomes: pd.DataFrame) -> Evidence:
    """Compare choices over the same firms.

    Parameters
    ----------
    outcomes : DataFrame
        ``action, firm, effect``: one row for each choice in each firm; more is better.

    Returns
    -------
    Evidence

    Raises
    ------
    DataError
        Columns are missing, values are no numbers, or not every choice was tried in the same firms.
    """
    outcomes = _engine.made_table("outcomes", outcomes, "outcomes", "world.outcomes")
    actions = tuple(dict.fromkeys(outcomes.action))
    if not 2 <= len(actions) <= 4:
        raise DataError(f"`outcomes` must hold two to four choices in `action`; it holds {len(actions)}.")
    table = outcomes.pivot(index="firm", columns="action", values="effect")[list(actions)].astype(float)
    values = table.to_numpy()
    firms = len(values)
    if firms < 2 or not np.isfinite(values).all():
        raise DataError("every choice in `outcomes` must have been tried in the same firms, two at least.")
    middle, low, high = _means(values)
    return Evidence(actions, middle, low, high, *_means(values[:, [middle.argmax()]] - values), firms)


def _means(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over the firms and the ends of their intervals, shapes (actions,) each, of values of shape (firms, actions)."""
    firms, mean = len(values), values.mean(axis=0)
    half = stdtrit(firms - 1, (1 + _LEVEL) / 2) * values.std(axis=0, ddof=1) / np.sqrt(firms)
    return mean, mean - half, mean + half
