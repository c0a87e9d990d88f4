"""Summary: orders boiled down to what models of customers without contract read.

How often a customer came back, when last, and for how long he could have: three numbers are all that the
models of this package need of him, and a mean of what he spent. This file reads orders and returns one row
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


def purchase_summary(orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: str | dt.date | None = None) -> pd.DataFrame:
    """Each customer's purchases in three numbers: how often, how recently, since when.

    Orders of one customer on one day count as one purchase. The first purchase makes the customer;
    ``frequency`` counts the *repeat* purchase days after it. Orders after ``until`` are left for a
    hold-out test, and a customer whose first order lies after it is not in the table.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``, ``amount`` (see ``tables.describe("orders")``).
    until : date or str, optional
        The cut, the last day that counts; by default the day of the last order.

    Returns
    -------
    DataFrame, one row per customer, by ``customer_id``
        ``frequency`` (repeat purchase days), ``recency_weeks`` (first to last purchase),
        ``age_weeks`` (first purchase to the cut), ``monetary_value`` (mean spend on a *repeat*
        purchase day; empty for a customer without one). Weeks are days / 7, not rounded.

    Raises
    ------
    DataError
        A column is missing or empty, an amount negative, a date in the future, an ``order_id``
        twice, or no order on or before ``until``.

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

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2),
    section 2: (x, t_x, T) are sufficient. Leaving the first purchase out of the spend follows
    Fader & Hardie (2013), The gamma-gamma model of monetary value, section 4.
    """
    import ibis

    with _engine.orders(orders, until) as source:
        held = source.table
        days = held.group_by("customer_id", "order_date").aggregate(spend=held.amount.sum())
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
    """Each customer's history at fixed opportunities: in how many later years (months, ...) he bought, and in which last.

    The period of the first purchase makes the customer; each whole period after it, up to the cut, is an opportunity. That
    is what ``fit_bgbb`` reads: for donations once a year, seasons, fairs.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``; a table of donations after
        ``.rename(columns={"donation_date": "order_date"})``.
    period : str
        "year", "quarter", "month" or "week" of the calendar.
    until : date or str, optional
        The cut; by default the day of the last order. A period that has not ended by then does not count.

    Returns
    -------
    DataFrame, one row per customer, by ``customer_id``
        ``frequency``, ``recency_periods``, ``age_periods``.

    Raises
    ------
    DataError, ArgumentError
        As ``purchase_summary``; another period; nobody has an opportunity behind him.

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

    References
    ----------
    Fader, Hardie & Shang (2010), Marketing Science 29(6), section 2.
    """
    _check.choice("period", period, ("year", "quarter", "month", "week"))
    with _engine.orders(orders, until, amount=False) as source:
        unit = {"year": "Y", "quarter": "Q", "month": "M", "week": "W"}[period]
        held = source.table.mutate(start=source.table.order_date.truncate(unit))
        bought = source.run(held.select("customer_id", "start").distinct().order_by("customer_id", "start"))
        cut = source.until
    code = {"year": "Y", "quarter": "Q", "month": "M", "week": "W-SUN"}[period]
    number = pd.PeriodIndex(pd.to_datetime(bought["start"]), freq=code).astype("int64").to_numpy()
    now = pd.Period(cut, freq=code)
    ended = now.ordinal - (0 if now.end_time.date() <= cut else 1)  # the last period that is over
    customer = bought["customer_id"]
    first = pd.Series(number).groupby(customer.to_numpy()).transform("min").to_numpy()
    later = (number > first) & (number <= ended)
    table = pd.DataFrame({"customer_id": customer, "frequency": later, "recency_periods": np.where(later, number - first, 0)})
    found = table.groupby("customer_id", sort=False).agg({"frequency": "sum", "recency_periods": "max"})
    found["age_periods"] = np.maximum(ended - pd.Series(first).groupby(customer.to_numpy(), sort=False).first(), 0)
    if not found.age_periods.any():
        raise DataError(f"nobody has a whole {period} behind him since that of his first purchase. Choose a shorter `period`.")
    return found.astype("int64").reset_index()


@cache
def _min_by() -> Callable:
    """The value at the least key: an aggregate that DuckDB, Spark and Trino have under this name.

    Ibis's own ``argmin`` sorts each group first, which takes twice as long.
    """
    import ibis

    @ibis.udf.agg.builtin
    def min_by(value: float, key: dt.date) -> float: ...

    return min_by


def plot_frequency(summary: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many customers came back how often, as a chart.

    Parameters
    ----------
    summary : DataFrame
        From ``purchase_summary``.
    ax : matplotlib Axes, optional

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
    50.0 % of customers came back at least once
    """
    _engine.check(summary, "purchase_summary")
    top = min(int(summary.frequency.max()), 10)
    counts = summary.frequency.clip(upper=top).value_counts().reindex(range(top + 1), fill_value=0)
    if summary.frequency.max() > top:
        counts = counts.rename(index={top: f"{top}+"})
    again = (summary.frequency > 0).mean()
    return _draw.bars(
        counts,
        title=f"{percent(again)} of customers came back at least once",
        x="repeat purchase days",
        y="customers",
        alt="Bars: " + ", ".join(f"{label}: {count:,}" for label, count in counts.items()) + " customers.",
        ax=ax,
    )
