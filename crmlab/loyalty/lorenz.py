"""Lorenz: how unevenly customers contribute to a total.

The Lorenz curve orders customers from the smallest to the biggest and adds up what they bring; the Gini coefficient, the
share of the top and the customers behind a share are readings of it. It reads orders or amounts; who the big customers
are is not known here (see ``segmentation``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent
from crmlab.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes


def concentration(orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: str | dt.date | None = None) -> Concentration:
    """Measure how unevenly customers contribute to revenue: Lorenz curve, Gini coefficient, share of the top.

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

    References
    ----------
    Lorenz (1905), Methods of measuring the concentration of wealth, Publications of the American
    Statistical Association 9(70).

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy", "dee"],
    ...     "order_date": pd.to_datetime(["2024-01-05"] * 4),
    ...     "amount": [10.0, 10.0, 20.0, 60.0],
    ... })
    >>> revenue = loyalty.concentration(orders)
    >>> round(revenue.top_share(0.25), 3), round(revenue.gini, 3)
    (0.6, 0.4)
    """
    with _engine.orders(orders, until) as source:
        totals = source.table.group_by("customer_id").aggregate(total=source.table.amount.sum())
        amounts = source.run(totals.select("total"))["total"].to_numpy()
    if not amounts.max() > 0:
        raise DataError("every amount is zero, so there is no revenue to share out. Check the `amount` column.")
    return Concentration(cumulate(amounts))


def gini(amounts: npt.ArrayLike) -> float:
    """Compute the Gini coefficient of some amounts: 0 if all are equal, near 1 if one has everything.

    With sorted amounts x_1 <= ... <= x_n it is 2 (1 x_1 + ... + n x_n) / (n (x_1 + ... + x_n)) - (n + 1) / n: the
    population form, at most 1 - 1/n.

    Parameters
    ----------
    amounts : array, shape (n,)
        None negative, at least one positive.

    Returns
    -------
    float

    Raises
    ------
    DataError
        Not a non-empty vector of finite numbers of that kind.

    References
    ----------
    Gini (1912); as a sum over sorted amounts, Kendall & Stuart (1977), The Advanced Theory of
    Statistics 1, section 2.25.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> loyalty.gini([1, 1, 1, 1]), loyalty.gini([0, 0, 0, 8])
    (0.0, 0.75)
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


def cumulate(amounts: np.ndarray) -> np.ndarray:
    """Add up amounts, smallest first, from 0 on: shape (n + 1,)."""
    return np.concatenate([[0.0], np.cumsum(np.sort(amounts))])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Concentration(Result):
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
        return pd.DataFrame({"customer_share": shares, "amount_share": self.lorenz(shares)})

    def lorenz(self, share: npt.ArrayLike) -> np.ndarray:
        """Compute the share of revenue that the smallest ``share`` of customers bring.

        Parameters
        ----------
        share : float or array
            From 0 to 1.

        Returns
        -------
        ndarray of the same shape

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> loyalty.Concentration(np.array([0.0, 10, 20, 40, 100])).lorenz([0, 0.5, 1])
        array([0. , 0.2, 1. ])
        """
        return np.asarray(
            np.interp(np.asarray(share, float), np.linspace(0, 1, self.cumulated.size), self.cumulated / self.total_amount)
        )

    def top_share(self, share: float = 0.1) -> float:
        """Compute the share of revenue that the top ``share`` of customers bring.

        Where ``share`` cuts through a customer, that part of them counts.

        Parameters
        ----------
        share : float
            Between 0 and 1.

        Returns
        -------
        float

        Raises
        ------
        ArgumentError
            ``share`` is no share.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> revenue = loyalty.Concentration(np.array([0.0, 10, 20, 40, 100]))
        >>> round(revenue.top_share(0.25), 3), round(revenue.top_share(0.125), 3)
        (0.6, 0.3)
        """
        return float(1 - self.lorenz(1 - _check.share("share", share)))

    def customers_for(self, share: float = 0.8) -> float:
        """Compute the share of customers, biggest first, who bring ``share`` of revenue.

        Parameters
        ----------
        share : float
            Between 0 and 1.

        Returns
        -------
        float

        Raises
        ------
        ArgumentError
            ``share`` is no share.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> round(loyalty.Concentration(np.array([0.0, 10, 20, 40, 100])).customers_for(0.8), 3)
        0.5
        """
        rest = (1 - _check.share("share", share)) * self.total_amount
        return float(1 - np.interp(rest, self.cumulated, np.linspace(0, 1, self.cumulated.size)))

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
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
        """Draw the Lorenz curve beside the line of equal customers.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> ax = loyalty.Concentration(np.array([0.0, 10, 20, 40, 100])).plot()
        >>> ax.get_title("left")
        'The top 10 % of these 4 customers bring 24.0 % of\\nrevenue'
        """
        curve = self.table.set_index("customer_share").rename(columns={"amount_share": "these customers"})
        ax = _draw.curves(
            curve.assign(**{"if all were equal": curve.index}),
            title=f"The top 10 % of these {self.customers:,} customers bring {percent(self.top_share(0.1))} of revenue",
            x="customers, smallest first",
            y="share of revenue",
            share=("x", "y"),
            alt=f"Lorenz curve of {self.customers:,} customers, Gini coefficient {self.gini:.3f}. "
            f"80 % of revenue comes from {percent(self.customers_for(0.8))} of customers.",
            ax=ax,
        )
        ax.axvline(0.9, color=_draw.PALE, linestyle=":")
        return ax
