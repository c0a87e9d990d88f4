"""Calling: whom to call when a win has a value, a call a cost, and a week so many hours.

It reads chances and what came of them, and says where to stop and what calling that far would have brought. A call is taken to
be needed for the win: who would have come anyway is not known here. How chances are made is known in ``leads``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent, show
from crmlab._verdict import Verdict, verdict
from crmlab.development.ranking import cumulated_wins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CUTS = 101  # of the curve: every per cent


def plan_calls(
    won: np.ndarray, chance: np.ndarray, value_per_win: float, cost_per_call: float, calls_per_week: float | None,
    prospects_per_week: float,
) -> CallPlan:  # fmt: skip
    """Stop where the chance times the value falls below the cost of a call, or where the week ends.

    The cut is chosen by the chances alone and judged by what came, so that its profit is not flattered by choosing.

    Parameters
    ----------
    won, chance : ndarray, shape (n,)
    value_per_win, cost_per_call : float
    calls_per_week : float or None
        None for as many as are worth it.
    prospects_per_week : float
    """
    value, cost = _check.number("value_per_win", value_per_win, 0), _check.number("cost_per_call", cost_per_call, 0)
    weekly = _check.number("prospects_per_week", prospects_per_week, 0, closed="neither")
    capacity = np.inf if calls_per_week is None else _check.number("calls_per_week", calls_per_week, 0)
    n, factor = len(won), weekly / len(won)
    worth = int((np.round(chance * value - cost, 9) >= 0).sum())
    called = float(min(worth, capacity / factor))
    wins = float(cumulated_wins(won, chance, np.array([called]))[0])
    share = np.linspace(0, 1, _CUTS)
    by_cut = cumulated_wins(won, chance, share * n)
    ordered = np.sort(chance)[::-1]
    threshold = ordered[np.minimum(np.ceil(share * n).astype(int), n) - 1]
    curve = pd.DataFrame({
        "share_called": share, "calls_per_week": share * weekly, "threshold": np.where(share > 0, threshold, np.nan),
        "wins_per_week": by_cut * factor, "profit_per_week": (value * by_cut - cost * share * n) * factor,
        "possible": share * weekly <= capacity + 1e-9,
    })  # fmt: skip
    last = float(ordered[max(int(np.ceil(called)), 1) - 1]) if called > 0 else np.nan
    return CallPlan(
        curve, value, cost, None if calls_per_week is None else capacity, n, int(won.sum()), called, wins, factor,
        worth * factor, last,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CallPlan(Result):
    """Whom to call, and what it brings in a week.

    Attributes
    ----------
    table : DataFrame
        The curve: one row per cut (``tables.describe("call_plan")``).
    value_per_win, cost_per_call : float
    capacity : float or None
        Calls that a week allows.
    n, n_won : int
        Prospects on whom it is judged, and the won among them.
    called, wins : float
        How many of these are called, and the wins among them.
    weekly : float
        Factor from these prospects to a week.
    worth_per_week : float
        Calls in a week that are worth their cost, whatever the week allows.
    threshold : float
        Chance of the last who is called; NaN if nobody is.
    """

    table: pd.DataFrame
    value_per_win: float
    cost_per_call: float
    capacity: float | None
    n: int
    n_won: int
    called: float
    wins: float
    weekly: float
    worth_per_week: float
    threshold: float

    @property
    def calls_per_week(self) -> float:
        """How many are called in a week."""
        return self.called * self.weekly

    @property
    def profit_per_week(self) -> float:
        """What calling these brought, less what it cost."""
        return (self.value_per_win * self.wins - self.cost_per_call * self.called) * self.weekly

    @property
    def profit_by_lot(self) -> float:
        """What as many calls bring when they are drawn by lot."""
        return (self.value_per_win * self.n_won / self.n - self.cost_per_call) * self.called * self.weekly

    @property
    def profit_of_all(self) -> float:
        """What calling everybody brings, if a week allowed it."""
        return (self.value_per_win * self.n_won - self.cost_per_call * self.n) * self.weekly

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the ends of the confidence interval of the profit per week: wins among the called are binomial.

        Parameters
        ----------
        level : float
            Confidence level.

        Examples
        --------
        >>> from crmlab import development
        >>> leads = pd.DataFrame({"intent": [1, 2, 3, 4] * 50, "won": ([0, 0, 1, 1] * 3 + [1, 1, 0, 0] * 2) * 10})
        >>> plan = development.fit_lead_score(leads, "won", split="none").call_plan(100, 50, prospects_per_week=40)
        >>> [round(end) for end in plan.interval()]
        [8, 392]
        """
        z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
        share = self.wins / self.called if self.called else 0.0
        half = z * self.value_per_win * self.weekly * np.sqrt(self.called * share * (1 - share))
        return self.profit_per_week - float(half), self.profit_per_week + float(half)

    def summary(self) -> Summary:
        """The cut, its profit, and what lot would have brought."""
        facts = (
            ("Value of a win, cost of a call", f"{show(self.value_per_win)}, {show(self.cost_per_call)}"),
            ("Calls in a week that are worth it", self.worth_per_week),
            ("Calls that a week allows", "any number" if self.capacity is None else self.capacity),
            ("Called in a week", self.calls_per_week), ("Chance of the last who is called", self.threshold),
            ("Profit in a week", f"{show(self.profit_per_week, 0)} ({' to '.join(show(end, 0) for end in self.interval())})"),
            ("As many calls by lot", show(self.profit_by_lot, 0)), ("Calling everybody", show(self.profit_of_all, 0)),
        )  # fmt: skip
        return Summary("Whom to call", facts, note=f"{self._finding()}. A win counts as brought by the call.")

    def _finding(self) -> str:
        low, high = self.interval()
        if self.called == 0:
            return "No call is worth its cost"
        more = {
            Verdict.HIGHER: "more than by lot", Verdict.LOWER: "less than by lot",
        }.get(verdict(low, high, reference=self.profit_by_lot, n=self.n_won), "not to be told from lot")  # fmt: skip
        return f"Call {show(self.calls_per_week, 0)} a week, down to a chance of {percent(self.threshold, 0)}: {more}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the profit in a week by the number of calls, and where the plan stops.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> from crmlab import development
        >>> leads = pd.DataFrame({"intent": [1, 2, 3, 4] * 50, "won": ([0, 0, 1, 1] * 3 + [1, 1, 0, 0] * 2) * 10})
        >>> plan = development.fit_lead_score(leads, "won", split="none").call_plan(100, 50, prospects_per_week=40)
        >>> plan.plot().get_xlabel()
        'calls in a week'
        """
        lot = (self.value_per_win * self.n_won / self.n - self.cost_per_call) * self.table.calls_per_week
        curves = pd.DataFrame({"by score": self.table.profit_per_week, "by lot": lot}).set_index(self.table.calls_per_week)
        alt = f"{show(self.profit_per_week, 0)} a week at {show(self.calls_per_week, 0)} calls"
        alt = f"{alt}; {show(self.profit_of_all, 0)} if all are called."
        ax = _draw.curves(curves, title=self._finding(), x="calls in a week", y="profit in a week (currency)", alt=alt, ax=ax)
        ax.axvline(self.calls_per_week, color=_draw.INK, linewidth=1, linestyle="--")
        return ax
