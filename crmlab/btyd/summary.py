"""Summary: orders, summarized as models of customers without contract read them.

How often a customer came back, when last, and for how long they could have: three numbers are all that the
models of this package need of them, and a mean of what they spent. This file reads orders and returns one row
per customer; what the rows say about the future is known in the other files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import percent
from crmlab.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

#: Period -> (Ibis unit, pandas frequency)
_PERIODS = {"year": ("Y", "Y"), "quarter": ("Q", "Q"), "month": ("M", "M"), "week": ("W", "W-SUN")}


def purchase_summary(orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: str | dt.date | None = None) -> pd.DataFrame:
    """Summarize purchases in one row per ``customer_id``: how often, how recently, since when.

    Orders of one customer on one day count as one purchase. The first purchase makes the customer;
    ``frequency`` counts the *repeat* purchase days after it. Orders after ``until`` are left for a
    hold-out test, and a customer whose first order lies after it is not in the table.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``, ``amount`` (see ``tables.describe("orders")``).
    until : date or str, optional
        The end of calibration, the last day that counts; by default the day of the last order.

    Returns
    -------
    DataFrame, one row per ``customer_id``, sorted by it
        ``frequency`` (repeat purchase days), ``recency_weeks`` (first to last purchase),
        ``age_weeks`` (first purchase to the end of calibration), ``monetary_value`` (mean spend on a
        *repeat* purchase day; empty for a customer without one). Weeks are days / 7, not rounded.

    Raises
    ------
    DataError
        A column is missing or empty, an amount negative, a date in the future, an ``order_id``
        twice, or no order on or before ``until``.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2),
    section 2: (x, t_x, T) are sufficient. Leaving the first purchase out of the spend follows
    Fader & Hardie (2013), The gamma-gamma model of monetary value, section 4.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "ann", "bob"],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-01-15", "2024-01-15", "2024-01-08"]),
    ...     "amount": [10.0, 20.0, 5.0, 8.0],
    ... })
    >>> btyd.purchase_summary(orders, until="2024-01-29")
      customer_id  frequency  recency_weeks  age_weeks  monetary_value
    0         ann          1            2.0        4.0            25.0
    1         bob          0            0.0        3.0             NaN
    """
    import ibis

    with _engine.orders(orders, until) as source:
        days = source.table.group_by("customer_id", "order_date").aggregate(spend=source.table.amount.sum())
        first, last = days.order_date.min(), days.order_date.max()
        repeats = days.count() - 1
        weeks = lambda start, end: end.delta(start, unit="day") / 7.0  # noqa: E731 - an expression, named twice
        summary = days.group_by("customer_id").aggregate(
            frequency=repeats,
            recency_weeks=weeks(first, last),
            age_weeks=weeks(first, ibis.date(source.until.isoformat())),
            monetary_value=(days.spend.sum() - _min_by()(days.spend, days.order_date)) / repeats.nullif(0),
        )
        return source.run(summary.order_by("customer_id"))


def period_summary(
    orders: pd.DataFrame | ibis.Table | str | PathLike, *, period: str = "year", until: str | dt.date | None = None
) -> pd.DataFrame:
    """Summarize purchases at fixed opportunities in one row per ``customer_id``: how many were taken, and which last.

    The period (year, quarter, month or week) of the first purchase makes the customer; each whole period after it, up to the
    end of calibration, is an opportunity. That is what ``fit_bgbb`` reads: for donations once a year, seasons, fairs.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``; a table of donations after
        ``.rename(columns={"donation_date": "order_date"})``.
    period : str
        "year", "quarter", "month" or "week" of the calendar.
    until : date or str, optional
        The end of calibration; by default the day of the last order. A period that has not ended by then does not count.

    Returns
    -------
    DataFrame, one row per ``customer_id``, sorted by it
        ``frequency``, ``recency_periods``, ``age_periods``.

    Raises
    ------
    DataError, ArgumentError
        As ``purchase_summary``; another period; no customer has had an opportunity.

    References
    ----------
    Fader, Hardie & Shang (2010), Marketing Science 29(6), section 2.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> gifts = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"],
    ...     "order_date": pd.to_datetime(["2021-12-01", "2023-12-05", "2022-12-03"]),
    ... })
    >>> btyd.period_summary(gifts, until="2024-12-31")
      customer_id  frequency  recency_periods  age_periods
    0         ann          1                2            3
    1         bob          0                0            2
    """
    unit, code = _PERIODS[_check.choice("period", period, tuple(_PERIODS))]
    with _engine.orders(orders, until, amount=False) as source:
        starts = source.table.select("customer_id", start=source.table.order_date.truncate(unit)).distinct()
        bought = source.run(starts.order_by("customer_id", "start"))
    number = pd.PeriodIndex(pd.to_datetime(bought["start"]), freq=code).astype("int64").to_numpy()
    current = pd.Period(source.until, freq=code)
    last = current.ordinal - (0 if current.end_time.date() <= source.until else 1)  # the last period that is over
    first = pd.Series(number).groupby(bought["customer_id"].to_numpy()).transform("min").to_numpy()
    repeat = (number > first) & (number <= last)
    periods = pd.DataFrame({
        "customer_id": bought["customer_id"], "frequency": repeat, "recency_periods": np.where(repeat, number - first, 0),
        "age_periods": np.maximum(last - first, 0),
    })  # fmt: skip
    summary = periods.groupby("customer_id", sort=False).agg(
        {"frequency": "sum", "recency_periods": "max", "age_periods": "max"}
    )
    if not summary.age_periods.any():
        raise DataError(
            f"nobody has been a customer for a whole {period} since that of their first purchase. Choose a shorter `period`."
        )
    return summary.astype("int64").reset_index()


@cache
def _min_by() -> Callable:
    """Return the aggregate for the value at the least key, which DuckDB, Spark and Trino have under this name.

    Ibis's own ``argmin`` sorts each group first, which takes twice as long.
    """
    import ibis

    @ibis.udf.agg.builtin
    def min_by(value: float, key: dt.date) -> float:  # type: ignore[empty-body]  # Ibis reads the signature only
        ...

    return min_by


def plot_frequency(summary: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many customers came back how often.

    Parameters
    ----------
    summary : DataFrame
        From ``purchase_summary``.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        A column of ``purchase_summary`` is missing or breaks its declaration.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> summary = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"], "frequency": [1, 0], "recency_weeks": [2.0, 0.0],
    ...     "age_weeks": [4.0, 3.0], "monetary_value": [25.0, None],
    ... })
    >>> print(btyd.plot_frequency(summary).get_title("left"))
    1 of 2 customers (50.0 %) came back at least once
    """
    summary = _engine.made_table("summary", summary, "purchase_summary", "btyd.purchase_summary")
    top = min(int(summary.frequency.max()), 10)
    counts = summary.frequency.clip(upper=top).value_counts().reindex(range(top + 1), fill_value=0)
    if summary.frequency.max() > top:
        counts = counts.rename(index={top: f"{top}+"})
    repeaters = int((summary.frequency > 0).sum())
    return _draw.bars(
        counts,
        title=f"{repeaters:,} of {len(summary):,} customers ({percent(repeaters / len(summary))}) came back at least once",
        x="repeat purchase days",
        y="customers",
        alt="Bars: " + ", ".join(f"{label}: {count:,}" for label, count in counts.items()) + " customers.",
        ax=ax,
    )
