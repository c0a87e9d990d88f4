"""Loyalty: from customers who stay to the money they bring.

How much hangs on how few? This room measures how unevenly revenue is spread over customers. It
reads orders and returns curves and shares; it does not say who the few are (see
``segmentation``) or whether they will come back (see ``btyd``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import Summary, percent
from crmlab.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

__all__ = ["Concentration", "concentration", "gini"]


def concentration(orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: str | dt.date | None = None) -> Concentration:
    """How unevenly customers contribute to revenue: Lorenz curve, Gini coefficient, share of the top.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``, ``amount`` (see ``tables.describe("orders")``).
    until : date or str, optional
        The cut, the last day that counts; by default the day of the last order.

    Returns
    -------
    Concentration

    Raises
    ------
    DataError
        As ``btyd.purchase_summary``; or all amounts are zero.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy", "dee"],
    ...     "order_date": pd.to_datetime(["2024-01-05"] * 4),
    ...     "amount": [10.0, 10.0, 20.0, 60.0],
    ... })
    >>> found = loyalty.concentration(orders)
    >>> round(found.top_share(0.25), 3), round(found.gini, 3)
    (0.6, 0.4)

    References
    ----------
    Lorenz (1905), Methods of measuring the concentration of wealth, Publications of the American
    Statistical Association 9(70).
    """
    with _engine.orders(orders, until) as source:
        totals = source.table.group_by("customer_id").aggregate(total=source.table.amount.sum())
        amounts = np.sort(source.run(totals.select("total"))["total"].to_numpy())
    if not amounts[-1] > 0:
        raise DataError("every amount is zero, so there is no revenue to share out. Check the `amount` column.")
    return Concentration(np.concatenate([[0.0], np.cumsum(amounts)]))


def gini(amounts: np.ndarray) -> float:
    """Gini coefficient of some amounts: 0 if all are equal, near 1 if one has everything.

    The population form: with n amounts it is at most 1 - 1/n.

    Parameters
    ----------
    amounts : array, shape (n,)
        None negative, at least one positive.

    Raises
    ------
    DataError
        Not a non-empty vector of finite numbers of that kind.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> loyalty.gini([1, 1, 1, 1]), loyalty.gini([0, 0, 0, 8])
    (0.0, 0.75)

    References
    ----------
    Gini (1912); as a sum over sorted amounts, Kendall & Stuart (1977), The Advanced Theory of
    Statistics 1, section 2.25.
    """
    try:
        sorted_amounts = np.sort(np.asarray(amounts, dtype=float))
    except (TypeError, ValueError):
        raise DataError("`amounts` must be numbers, one per customer.") from None
    n = sorted_amounts.size
    if sorted_amounts.ndim != 1 or n == 0 or not np.isfinite(sorted_amounts).all():
        raise DataError("`amounts` must be a non-empty vector of finite numbers, one per customer.")
    if sorted_amounts[0] < 0 or sorted_amounts[-1] == 0:
        raise DataError("`amounts` must not be negative, and at least one must be above zero.")
    ranks = np.arange(1, n + 1)
    return float(max(0.0, 2 * (ranks @ sorted_amounts) / (n * sorted_amounts.sum()) - (n + 1) / n))


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """How unevenly customers contribute to revenue.

    Attributes
    ----------
    cumulated : ndarray, shape (customers + 1,)
        Revenue of the 0, 1, 2, ... smallest customers together, in currency.
    """

    cumulated: np.ndarray

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return self.cumulated.size - 1

    @property
    def total_amount(self) -> float:
        """What they paid together, in currency."""
        return float(self.cumulated[-1])

    @property
    def gini(self) -> float:
        """Gini coefficient (see ``loyalty.gini``)."""
        return gini(np.diff(self.cumulated))

    @property
    def table(self) -> pd.DataFrame:
        """The Lorenz curve at each per cent of customers (``tables.describe("lorenz")``)."""
        shares = np.linspace(0, 1, 101)
        return pd.DataFrame({"customer_share": shares, "amount_share": self._lorenz(shares)})

    def top_share(self, share: float = 0.1) -> float:
        """Share of revenue that the top ``share`` of customers bring.

        Where ``share`` cuts through a customer, that part of him counts.
        """
        return float(1 - self._lorenz(1 - _check.share("share", share)))

    def customers_for(self, share: float = 0.8) -> float:
        """Share of customers, biggest first, who bring ``share`` of revenue."""
        missing = (1 - _check.share("share", share)) * self.total_amount
        return float(1 - np.interp(missing, self.cumulated, np.linspace(0, 1, self.cumulated.size)))

    def _lorenz(self, share: float | np.ndarray) -> np.ndarray:
        return np.interp(share, np.linspace(0, 1, self.cumulated.size), self.cumulated / self.total_amount)

    def summary(self) -> Summary:
        """The finding in a few lines."""
        return Summary(
            "Concentration of revenue",
            facts=(
                ("Customers", self.customers),
                ("Revenue", round(self.total_amount, 2)),
                ("Share of revenue from the top 10 % of customers", percent(self.top_share(0.1))),
                ("Customers who bring 80 % of revenue", percent(self.customers_for(0.8))),
                ("Gini coefficient (0 = all equal, 1 = one has all)", round(self.gini, 3)),
            ),
            source="Lorenz (1905)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The Lorenz curve beside the line of equal customers."""
        curve = self.table.set_index("customer_share").rename(columns={"amount_share": "these customers"})
        ax = _draw.curves(
            curve.assign(**{"if all were equal": curve.index}),
            title=f"The top 10 % of customers bring {percent(self.top_share(0.1))} of revenue",
            x="customers, smallest first",
            y="share of revenue",
            share=("x", "y"),
            alt=f"Lorenz curve of {self.customers:,} customers, Gini coefficient {self.gini:.3f}. "
            f"80 % of revenue comes from {percent(self.customers_for(0.8))} of customers.",
            ax=ax,
        )
        ax.axvline(0.9, color=_draw.PALE, linestyle=":")
        return ax
