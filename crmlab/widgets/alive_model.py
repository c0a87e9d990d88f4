"""Alive model: what fitted models say of one customer, week by week and today.

A customer is a list of weeks with a purchase after the first, which lies in week 0; the numbers are those of ``btyd``. It
knows nothing of a page (see ``alive_view``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import btyd
from crmlab.errors import ArgumentError

AHEAD = 52  # weeks to look ahead
#: Models whose sums alive.js does: occasions to drop out before the first repeat purchase; None: at any moment.
DROPOUTS_BEFORE = {"bgnbd": 0, "mbgnbd": 1, "pareto_nbd": None}


@dataclass(frozen=True, slots=True, eq=False)
class AliveModel:
    """One or two fits, and the weeks from the first purchase to today.

    Attributes
    ----------
    fits : tuple of btyd.PurchaseFit
    weeks : int
    """

    fits: tuple[btyd.PurchaseFit, ...]
    weeks: int

    def check_purchases(self, purchases: object) -> list[int]:
        """Return weeks with a purchase after the first, each once; their order is kept, so that a hand can hold one of them."""
        message = f"`purchases` must be whole weeks from 1 to {self.weeks}, each once; it is {purchases!r}."
        try:
            given = list(purchases)  # type: ignore[call-overload]  # tried here
            valid = [int(week) for week in given if week == int(week)]
        except (TypeError, ValueError):
            raise ArgumentError(message) from None
        if len(set(valid)) < len(given) or not all(1 <= week <= self.weeks for week in valid):
            raise ArgumentError(message)
        return valid

    def history(self, purchases: Sequence[int], steps: int = 1) -> pd.DataFrame:
        """Compute ``week``, and P(alive) by each model with what was known then, ``steps`` times a week."""
        known = self._known(purchases, steps)
        return pd.DataFrame({"week": known.age_weeks} | {fit.name: fit.p_alive(known) for fit in self.fits})

    def now(self, purchases: Sequence[int]) -> pd.DataFrame:
        """Compute ``model, p_alive, purchases_if_alive, purchases`` today."""
        today = self._known(purchases).tail(1)
        rows = [fit.predict(today, AHEAD).iloc[0] for fit in self.fits]
        return pd.DataFrame({
            "model": [fit.name for fit in self.fits],
            "p_alive": [row.p_alive for row in rows],
            "purchases_if_alive": [self.purchases_if_alive(fit)[today.frequency.iloc[0]] for fit in self.fits],
            "purchases": [row.purchases for row in rows],
        })  # fmt: skip

    def purchases_if_alive(self, fit: btyd.PurchaseFit) -> np.ndarray:
        """Predict the purchases ahead of a customer alive today, by their number of repeat purchases: shape (weeks + 1,)."""
        x = np.arange(self.weeks + 1)
        summary = pd.DataFrame({"frequency": x, "recency_weeks": np.where(x > 0, self.weeks, 0), "age_weeks": self.weeks})
        forecast = fit.predict(summary, AHEAD)
        return (forecast.purchases / forecast.p_alive).to_numpy()

    def _known(self, purchases: Sequence[int], steps: int = 1) -> pd.DataFrame:
        """Return the purchase summary at the end of each week (or each of its ``steps``), from 0 to today."""
        age, bought = np.arange(self.weeks * steps + 1) / steps, np.sort([0, *purchases])
        x = np.searchsorted(bought, age, side="right") - 1
        return pd.DataFrame({"frequency": x, "recency_weeks": bought[x], "age_weeks": age})
