"""RFM: customers scored on recency, frequency and monetary value, and the cells that the scores make.

It reads orders and returns one row per customer. What the scores are worth, and who belongs together, stands elsewhere in
this package.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from crmlab import _check, _draw, _engine
from crmlab._result import percent

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    import pandas as pd
    from matplotlib.axes import Axes


def rfm_scores(
    orders: pd.DataFrame | ibis.Table | str | PathLike,
    *,
    until: str | dt.date | None = None,
    bins: int = 5,
    ties: str = "together",
) -> pd.DataFrame:
    """Score recency, frequency and monetary value from 1 to ``bins``, in one row per ``customer_id``.

    Customers are ranked on each of the three; the score says into which of ``bins`` equal parts of
    the ranking a customer falls, ``bins`` being the best (most recent, most often, most money).
    Where many customers are equal (most have bought once) the tie rule decides the score:

    - ``together``: equal customers get one score, that of the lowest of them. The parts may then
      differ in size and a score may stay empty.
    - ``split``: the parts are equal in size (within one); ties are broken by ``customer_id``, so
      two equal customers may get different scores.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``, ``amount`` (see ``tables.describe("orders")``).
    until : date or str, optional
        The last day that counts; by default the day of the last order.
    bins : int, 2 to 10
        How many scores there are.
    ties : {"together", "split"}
        What becomes of equal customers, as above.

    Returns
    -------
    DataFrame, one row per ``customer_id``, sorted by it
        ``recency_days`` (last purchase to the last day that counts), ``purchase_days`` (days with a purchase),
        ``total_amount`` (currency, to the cent), ``r_score``, ``f_score``, ``m_score``.

    Raises
    ------
    DataError
        As ``btyd.purchase_summary``.
    ArgumentError
        ``bins`` or ``ties`` is none of the above.

    References
    ----------
    Hughes (1994), Strategic Database Marketing: scores by equal parts of the ranking.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "cy"],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-01-29", "2024-01-08", "2024-01-22"]),
    ...     "amount": [10.0, 20.0, 8.0, 50.0],
    ... })
    >>> segmentation.rfm_scores(orders, bins=3)[["customer_id", "recency_days", "r_score", "f_score", "m_score"]]
      customer_id  recency_days  r_score  f_score  m_score
    0         ann             0        3        3        2
    1         bob            21        1        1        1
    2          cy             7        2        1        3
    """
    import ibis

    bins = _check.integer("bins", bins, 2, 10)
    _check.choice("ties", ties, ("together", "split"))
    with _engine.orders(orders, until) as source:
        customers = source.table.group_by("customer_id").aggregate(
            recency_days=ibis.date(source.until.isoformat()).delta(source.table.order_date.max(), unit="day"),
            purchase_days=source.table.order_date.nunique(),
            # whole cents, so that equal totals are equal in every engine and in any order of adding
            total_cents=(source.table.amount * 100).round().cast("int64").sum(),
        )
        scores = customers.select(
            "customer_id", "recency_days", "purchase_days", total_amount=customers.total_cents / 100,
            r_score=_score(customers, -customers.recency_days, bins, ties),
            f_score=_score(customers, customers.purchase_days, bins, ties),
            m_score=_score(customers, customers.total_cents, bins, ties),
        )  # fmt: skip
        return source.run(scores.order_by("customer_id"))


def _score(customers: ibis.Table, worth: ibis.Column, bins: int, ties: str) -> ibis.Column:
    """Write the score of each customer by a column of worth, the worst first, as an expression."""
    import ibis

    order = [worth] if ties == "together" else [worth, customers.customer_id]
    rank = ibis.rank() if ties == "together" else ibis.row_number()
    n_customers = customers.count().over(ibis.window())
    return (rank.over(ibis.window(order_by=order)) * bins // n_customers + 1).cast("int64")


def rfm_grid(scores: pd.DataFrame) -> pd.DataFrame:
    """Count customers and money in each cell of recency and frequency.

    Parameters
    ----------
    scores : DataFrame
        From ``rfm_scores``.

    Returns
    -------
    DataFrame
        ``r_score``, ``f_score``, ``customers``, ``total_amount``, ``mean_amount`` (per customer);
        best cells first, empty cells left out.

    Raises
    ------
    DataError
        A column of ``rfm_scores`` is missing or breaks its declaration.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> scores = pd.DataFrame({
    ...     "customer_id": [1, 2, 3], "recency_days": [0, 0, 9], "purchase_days": [2, 2, 1], "total_amount": [30.0, 10.0, 5.0],
    ...     "r_score": [2, 2, 1], "f_score": [2, 2, 1], "m_score": [2, 1, 1],
    ... })
    >>> segmentation.rfm_grid(scores)
       r_score  f_score  customers  total_amount  mean_amount
    0        2        2          2          40.0         20.0
    1        1        1          1           5.0          5.0
    """
    scores = _engine.made_table("scores", scores, "rfm_scores", "segmentation.rfm_scores")
    cells = scores.groupby(["r_score", "f_score"])["total_amount"]
    grid = cells.agg(customers="size", total_amount="sum", mean_amount="mean").reset_index()
    return grid.sort_values(["r_score", "f_score"], ascending=False, kind="stable", ignore_index=True)


def plot_rfm(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many customers stand in each cell of recency and frequency.

    Parameters
    ----------
    scores : DataFrame
        From ``rfm_scores``.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        As ``rfm_grid``.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> scores = pd.DataFrame({
    ...     "customer_id": [1, 2, 3], "recency_days": [0, 0, 9], "purchase_days": [2, 2, 1], "total_amount": [30.0, 10.0, 5.0],
    ...     "r_score": [2, 2, 1], "f_score": [2, 2, 1], "m_score": [2, 1, 1],
    ... })
    >>> print(segmentation.plot_rfm(scores).get_title("left"))
    2 of 3 customers (66.7 %) are both recent and frequent
    """
    grid = rfm_grid(scores)
    top = int(scores[["r_score", "f_score"]].max().max())
    levels = range(1, top + 1)
    matrix = grid.pivot(index="r_score", columns="f_score", values="customers")
    matrix = matrix.reindex(index=reversed(levels), columns=levels).fillna(0)
    n_best = int((scores[["r_score", "f_score"]].min(axis=1) * 2 > top + 1).sum())
    fullest = grid.loc[grid.customers.idxmax()]  # of equally full cells the best
    return _draw.heatmap(
        matrix,
        title=f"{n_best:,} of {len(scores):,} customers ({percent(n_best / len(scores))}) are both recent and frequent",
        x=f"frequency score ({top}: most often)",
        y=f"recency score ({top}: latest)",
        label="customers",
        alt=f"Heat map of customers by recency and frequency score from 1 to {top}. The fullest cell, recency "
        f"{fullest.r_score:.0f} and frequency {fullest.f_score:.0f}, holds {fullest.customers:,.0f} customers.",
        ax=ax,
    )
