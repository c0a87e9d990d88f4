"""Equity: what all customers are worth together, with an interval that keeps its word.

It reads a table of lifetime values, with standard errors if there are any, and adds those to be won at their cost. How a
single value is made is known in ``forecast_value`` and ``contract_value``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent, show
from crmlab.errors import ArgumentError, DataError
from crmlab.loyalty.arguments import single_number
from crmlab.loyalty.lorenz import Concentration, cumulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def customer_equity(
    values: pd.DataFrame, *, total_std_error: float | None = None, new_customers: int = 0, new_value: float = 0.0,
    acquisition_cost: float = 0.0,
) -> CustomerEquity:  # fmt: skip
    """Add up what all customers are worth: today's, and those to be won less what it costs to win them.

    Parameters
    ----------
    values : DataFrame
        ``customer_id``, ``lifetime_value``, optionally ``std_error`` (see ``tables.describe("lifetime_values")``).
    total_std_error : float, optional
        Standard error of the sum of the lifetime values, in currency.
    new_customers : int
        How many are won now.
    new_value : float
        What one of them is worth on the day they are won, before ``acquisition_cost``; e.g. ``simple_value`` with
        ``at_once``, or the mean of the lifetime values of comparable customers.
    acquisition_cost : float
        What it costs to win one of them.

    Returns
    -------
    CustomerEquity

    Raises
    ------
    DataError
        ``values`` is no DataFrame, a column is missing or breaks its declaration, a customer stands there
        twice, or every value is zero.
    ArgumentError
        A number is out of range; ``new_value`` or ``acquisition_cost`` is given without ``new_customers``, or
        ``new_customers`` without ``new_value``; or ``total_std_error`` is larger than all standard errors together.

    Notes
    -----
    The interval of a sum needs care. Errors of customers' values come from the same few estimates, so they are
    not independent, and the root of the summed squares would be far too small. Whatever the correlations, the standard
    error of a sum is at most the sum of the standard errors; that bound is used, so that the interval holds *at least* its
    level. If the model that made the values can tell the joint error (by the delta method on the sum), give it as
    ``total_std_error``. Either way it is the uncertainty of the expected value; the value of new customers and their cost
    are taken as known.

    References
    ----------
    Blattberg & Deighton (1996), Manage marketing by the customer equity test, Harvard Business Review 74(4). Gupta,
    Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> values = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy"], "lifetime_value": [60.0, 30.0, 10.0], "std_error": [6.0, 3.0, 1.0],
    ... })
    >>> equity = loyalty.customer_equity(values, new_customers=2, new_value=40.0, acquisition_cost=25.0)
    >>> equity.table.round(1)
                              part  customers  amount   low   high
    0             today's customers          3   100.0  82.2  121.7
    1                 new customers          2    80.0  80.0   80.0
    2  what it costs to win them          2   -50.0 -50.0  -50.0
    3               customer equity          5   130.0 112.2  151.7
    """
    n_new, value, cost = _new_customers(new_customers, new_value, acquisition_cost)
    _engine.check(_check.frame("values", values), "lifetime_values")
    amounts = values.lifetime_value.to_numpy("float64")
    if amounts.max() == 0:
        raise DataError("every lifetime value is zero, so there is no value to share out. Check the `lifetime_value` column.")
    errors = values.std_error.to_numpy("float64") if "std_error" in values else np.full(amounts.size, np.nan)
    independent, widest = float(np.sqrt((errors**2).sum())), float(errors.sum())
    joint = None if total_std_error is None else single_number("total_std_error", total_std_error)
    if joint is not None and joint > widest * (1 + 1e-9):
        raise ArgumentError(
            f"`total_std_error` is {show(joint)}, but all standard errors together are {show(widest)}, and a sum cannot be "
            "less certain than that. Give both in the same currency, and both of the margin."
        )
    return CustomerEquity(Concentration(cumulate(amounts)), independent, widest, joint, n_new, value, cost)


def _new_customers(new_customers: int, new_value: float, acquisition_cost: float) -> tuple[int, float, float]:
    """Return number, value and cost of new customers, which must be given together."""
    n = _check.integer("new_customers", new_customers, 0)
    value, cost = single_number("new_value", new_value), single_number("acquisition_cost", acquisition_cost)
    if (n > 0) != (value > 0) or (cost > 0 and not n):
        raise ArgumentError(
            "new customers need both how many they are and what one is worth: give `new_customers` and `new_value` (and what "
            f"one costs, `acquisition_cost`), or none of them; they are {n:,}, {value:g} and {cost:g}."
        )
    return n, value, cost


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerEquity(Result):
    """What all customers are worth together.

    Attributes
    ----------
    concentration : Concentration
        How the value of today's customers is spread over them.
    independent_std_error : float
        Standard error of their value if their errors were independent, which they are not; NaN if any is unknown.
    widest_std_error : float
        The sum of their standard errors: that of their value cannot be larger.
    total_std_error : float or None
        The joint standard error of their value, if it was given.
    new_customers : int
    new_value, acquisition_cost : float
        Of one new customer, in currency.
    """

    concentration: Concentration
    independent_std_error: float
    widest_std_error: float
    total_std_error: float | None
    new_customers: int
    new_value: float
    acquisition_cost: float

    @property
    def base_value(self) -> float:
        """Value of today's customers, in currency."""
        return self.concentration.total_amount

    @property
    def total(self) -> float:
        """Customer equity, in currency: today's customers, and new ones less the cost to win them."""
        return self.base_value + self.new_customers * (self.new_value - self.acquisition_cost)

    @property
    def std_error(self) -> float:
        """Standard error of ``base_value``: the joint one if it was given, else the largest possible; NaN if unknown."""
        return self.widest_std_error if self.total_std_error is None else self.total_std_error

    @property
    def table(self) -> pd.DataFrame:
        """The parts of the equity with 95 % intervals (``tables.describe("customer_equity")``)."""
        return self.interval()

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the parts of the equity with intervals, made on the log scale; new customers are taken as known.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``, one row per part.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import loyalty
        >>> values = pd.DataFrame({"customer_id": [1, 2], "lifetime_value": [60.0, 40.0], "std_error": [6.0, 4.0]})
        >>> loyalty.customer_equity(values).interval(0.5)[["part", "low", "high"]].round(1)
                        part   low   high
        0  today's customers  93.5  107.0
        1    customer equity  93.5  107.0
        """
        z = special.ndtri((1 + _check.share("level", level)) / 2)
        with np.errstate(over="ignore"):  # an error many times the value: no upper end
            low, high = self.base_value * np.exp(np.array([-z, z]) * self.std_error / self.base_value)
        value, cost = self.new_customers * self.new_value, self.new_customers * self.acquisition_cost
        today, new = self.concentration.customers, self.new_customers
        parts = [("today's customers", today, self.base_value, low, high)]
        if new:
            parts += [("new customers", new, value, value, value), ("what it costs to win them", new, -cost, -cost, -cost)]
        bounds = (low + self.total - self.base_value, high + self.total - self.base_value)
        parts.append(("customer equity", today + new, self.total, *bounds))
        return pd.DataFrame(parts, columns=["part", "customers", "amount", "low", "high"])

    def top_share(self, share: float = 0.1) -> float:
        """Compute the share of ``base_value`` that lies with the top ``share`` of today's customers.

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
        >>> import pandas as pd
        >>> from crmlab import loyalty
        >>> loyalty.customer_equity(pd.DataFrame({"customer_id": [1, 2], "lifetime_value": [60.0, 40.0]})).top_share(0.5)
        0.6
        """
        return self.concentration.top_share(share)

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        if np.isnan(self.std_error):
            note = "No standard errors came with the values, so no interval is given."
        elif self.total_std_error is None:
            note = (
                "95 % intervals hold at least that level: the standard error of today's value is the sum of the customers' "
                f"own, {show(self.widest_std_error)}, the largest possible. Were their errors independent it would be "
                f"{show(self.independent_std_error)}; but they rest on the same estimates."
            )
        else:
            note = f"95 % intervals; standard error of today's value {show(self.total_std_error)}, as given."
        return Summary(
            "Customer equity",
            facts=(
                ("Mean value of a customer of today", round(self.base_value / self.concentration.customers, 2)),
                ("Share of today's value with the top 10 % of customers", percent(self.top_share(0.1))),
            ),
            table=self.table,
            note=note,
            source="Blattberg & Deighton (1996)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each tenth of today's customers, the most valuable first, and its share of their value.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import loyalty
        >>> ax = loyalty.customer_equity(pd.DataFrame({"customer_id": [1, 2], "lifetime_value": [60.0, 40.0]})).plot()
        >>> ax.get_title("left")
        'The top 10 % of these 2 customers hold 12.0 % of all\\nvalue'
        """
        curve = self.concentration.lorenz(np.linspace(1, 0, 11))
        shares = pd.Series(np.maximum(curve[:-1] - curve[1:], 0), index=range(1, 11))
        return _draw.bars(
            shares,
            title=f"The top 10 % of these {self.concentration.customers:,} customers hold {percent(self.top_share(0.1))} of "
            "all value",
            x="tenths of customers, the most valuable first",
            y="share of all value",
            share=True,
            alt=f"Bars for {self.concentration.customers:,} customers worth {show(round(self.base_value, 2))} together: "
            + ", ".join(f"{tenth}: {percent(share)}" for tenth, share in shares.items())
            + ".",
            ax=ax,
        )
