"""Retention: who comes back, period by period.

Customers who began in the same period are a cohort; following cohorts side by side shows whether
newer customers stay better than older ones did. This module counts cohorts in orders. It returns
head-counts and shares; it knows no money (see ``loyalty``) and forecasts nobody's next order (see
``btyd``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import percent
from crmlab.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

__all__ = ["cohort_table", "plot_cohorts"]

#: Period -> (Ibis unit, pandas frequency whose start is the period's first day)
_PERIODS = {"week": ("W", "W-SUN"), "month": ("M", "M"), "quarter": ("Q", "Q"), "year": ("Y", "Y")}


def cohort_table(
    orders: pd.DataFrame | ibis.Table | str | PathLike, *, period: str = "month", until: str | dt.date | None = None
) -> pd.DataFrame:
    """Count how many customers of each cohort bought again, in one row per ``cohort`` and ``period``.

    A cohort is made of the customers whose first order fell in one period. Every cell that could
    have been seen by the last day is there: a zero is nobody, a missing row is the future. ``complete``
    is false where the period had not ended on that day, so that its share can still rise.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date`` (see ``tables.describe("orders")``); amounts are not needed.
    period : {"week", "month", "quarter", "year"}
        Calendar periods; weeks begin on Monday.
    until : date or str, optional
        The last day that counts; by default the day of the last order.

    Returns
    -------
    DataFrame, one row per ``cohort`` (first day of its period) and ``period`` (0, 1, ...)
        ``customers`` (size of the cohort), ``active`` (who bought in the period), ``share``
        (active / customers; 1 in period 0), ``complete``.

    Raises
    ------
    DataError
        As ``btyd.purchase_summary``.
    ArgumentError
        ``period`` is none of the above.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import retention
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "cy"],
    ...     "order_date": pd.to_datetime(["2024-01-05", "2024-02-09", "2024-01-08", "2024-02-22"]),
    ... })
    >>> retention.cohort_table(orders, until="2024-02-29")
          cohort  period  customers  active  share  complete
    0 2024-01-01       0          2       2    1.0      True
    1 2024-01-01       1          2       1    0.5      True
    2 2024-02-01       0          1       1    1.0      True
    """
    _check.choice("period", period, tuple(_PERIODS))
    unit, frequency = _PERIODS[period]
    with _engine.orders(orders, until, amount=False) as source:
        purchases = source.table.select("customer_id", calendar=source.table.order_date.truncate(unit)).distinct()
        first = purchases.group_by("customer_id").aggregate(cohort=purchases.calendar.min())
        joined = purchases.join(first, "customer_id")
        counted = source.run(joined.group_by("cohort", "calendar").aggregate(active=joined.count()))
    return _with_zeros(counted, frequency, pd.Timestamp(source.until))


def _with_zeros(counted: pd.DataFrame, frequency: str, until: pd.Timestamp) -> pd.DataFrame:
    """Add zeros between the cells that were counted, up to the last day."""
    cohort, calendar = (pd.PeriodIndex(pd.to_datetime(counted[name]), freq=frequency) for name in ("cohort", "calendar"))
    counts = pd.Series(counted.active.to_numpy(), index=pd.MultiIndex.from_arrays([cohort, calendar]))
    last = pd.Period(until, freq=frequency)
    cells = pd.MultiIndex.from_tuples(
        [(start, period) for start in sorted(set(cohort)) for period in pd.period_range(start, last)]
    )
    active = counts.reindex(cells, fill_value=0)
    starts, periods = (pd.PeriodIndex(cells.get_level_values(level)) for level in (0, 1))
    customers = counts[counts.index.get_level_values(0) == counts.index.get_level_values(1)].droplevel(1)
    table = pd.DataFrame(
        {
            "cohort": starts.to_timestamp(),
            "period": periods.astype("int64") - starts.astype("int64"),
            "customers": customers.reindex(starts).to_numpy(),
            "active": active.to_numpy(),
        }
    )
    table["share"] = table.active / table.customers
    table["complete"] = periods.end_time.normalize() <= until
    return table


def plot_cohorts(cohorts: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the cohort triangle: each row a cohort, each column a period since its first purchase.

    Parameters
    ----------
    cohorts : DataFrame
        From ``cohort_table``.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        A column of ``cohort_table`` is missing or breaks its declaration, or no cohort has been seen for
        a whole period after its first.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import retention
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "cy"],
    ...     "order_date": pd.to_datetime(["2024-01-05", "2024-02-09", "2024-01-08", "2024-02-22"]),
    ... })
    >>> table = retention.cohort_table(orders, until="2024-02-29")
    >>> print(retention.plot_cohorts(table).get_title("left"))
    1 of 2 new customers (50.0 %) bought again in
    the following period
    """
    cohorts = _engine.made_table("cohorts", cohorts, "cohort_table", "retention.cohort_table")
    ended = cohorts[cohorts.complete & (cohorts.period > 0)]
    if ended.empty:
        raise DataError("no cohort has been seen for a whole period after its first. Choose a shorter `period`.")
    starts = pd.to_datetime(ended.cohort)
    labels = starts.dt.strftime("%Y-%m" if (starts.dt.day == 1).all() else "%Y-%m-%d")
    labels += " (" + ended.customers.map("{:,}".format) + ")"
    triangle = ended.assign(cohort=labels).pivot(index="cohort", columns="period", values="share")
    following = ended[ended.period == 1]
    again, new = int(following.active.sum()), int(following.customers.sum())
    return _draw.heatmap(
        triangle,
        title=f"{again:,} of {new:,} new customers ({percent(again / new)}) bought again in the following period",
        x="periods since the first purchase",
        y="cohort: begin (customers)",
        share=True,
        label="share of the cohort that bought",
        alt=f"Cohort triangle with {len(triangle)} cohorts over up to {triangle.columns.max()} periods. Period 0, in which "
        "everyone bought, and periods that had not ended at the cut are left out.",
        ax=ax,
    )
