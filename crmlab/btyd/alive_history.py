"""Alive history: how likely one customer was alive, day by day, with what was known on each day.

It reads the days on which one customer bought, and a fit in weeks; it returns a table of days, or draws it. How P(alive) is
computed is known in ``prediction``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import percent, show
from crmlab.btyd.histories import made_table
from crmlab.btyd.purchases import PurchaseFit, check_fit
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def alive_history(fit: PurchaseFit, days: Sequence[str | dt.date], *, until: str | dt.date) -> pd.DataFrame:
    """Return how likely one customer was alive, in one row per ``date`` since the first purchase.

    Parameters
    ----------
    fit : PurchaseFit
        In weeks, without covariates.
    days : sequence of dates
        The customer's purchases.
    until : date or str
        The last day to show; purchases after it are left out.

    Returns
    -------
    DataFrame, one row per day
        ``date``, ``weeks`` (since the first purchase), ``frequency`` (repeat purchases so far), ``p_alive``,
        ``bought`` (whether there was a purchase on this day).

    Raises
    ------
    ArgumentError
        No purchase up to ``until``; a fit of another kind.

    References
    ----------
    Fader, Hardie & Lee (2008), Computing P(alive) using the BG/NBD model: at each moment with what was known then.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> fit = btyd.fit_bgnbd(btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1))
    >>> history = btyd.alive_history(fit, ["2024-01-01", "2024-02-01"], until="2024-06-30")
    >>> float(history.p_alive.iloc[0]), bool(history.p_alive.iloc[-1] < 1)
    (1.0, True)
    """
    check_fit("fit", fit, weeks=True, covariates=False)
    end = pd.Timestamp(_check.day("until", until))
    if isinstance(days, str) or not hasattr(days, "__iter__"):
        raise ArgumentError(f'`days` must be a list of days, such as ["2024-01-01"]; it is {days!r}.')
    purchases = sorted({pd.Timestamp(_check.day("days", day)) for day in days})
    bought = pd.DatetimeIndex([day for day in purchases if day <= end])
    if not len(bought):
        raise ArgumentError(f"`days` holds no purchase up to {end.date()}. Choose a later `until`.")
    dates = pd.date_range(bought[0], end)
    frequency = np.searchsorted(bought, dates, side="right") - 1
    recency_weeks, age_weeks = ((moment - bought[0]).days / 7 for moment in (bought[frequency], dates))
    known = pd.DataFrame({"frequency": frequency, "recency_weeks": recency_weeks, "age_weeks": age_weeks})
    return pd.DataFrame({
        "date": dates, "weeks": age_weeks, "frequency": frequency, "p_alive": fit.p_alive(known), "bought": dates.isin(bought),
    })  # fmt: skip


def plot_alive_history(history: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the probability that one customer is alive over time, with their purchases.

    Parameters
    ----------
    history : DataFrame
        From ``alive_history``.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Not such a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> history = pd.DataFrame({"weeks": [0.0, 1.0], "p_alive": [1.0, 0.9], "bought": [True, False]})
    >>> btyd.plot_alive_history(history).get_ylabel()
    'chance that the customer is alive'
    """
    history = made_table("history", history, ("weeks", "p_alive", "bought"), "btyd.alive_history")
    p_alive, silence = history.p_alive.iloc[-1], history.weeks.iloc[-1] - history.weeks[history.bought].max()
    ax = _draw.curves(
        history.set_index("weeks")[["p_alive"]],
        title=f"After {show(float(silence), 1)} silent weeks the model gives {percent(p_alive, 0)} that the customer is alive",
        x="weeks since the first purchase",
        y="chance that the customer is alive",
        share=("y",),
        alt=f"A line that falls in silence and rises at {int(history.bought.sum())} purchases; at the end {percent(p_alive)}.",
        ax=ax,
    )
    days = history[history.bought]
    ax.plot(days.weeks, days.p_alive, "o", color=_draw.ORANGE, markersize=7, label="a purchase")
    ax.set_ylim(0, 1.04)
    ax.legend(frameon=False, loc="lower left")
    return ax
