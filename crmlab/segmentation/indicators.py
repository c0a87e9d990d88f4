"""Indicators: the three parts of what a customer is worth to us, side by side.

Profit already made, profit over the life that remains, profit from the customers whom they brought. It reads the money of a
firm, a table of lifetime values and a list of referrals, and returns one row per customer. How long a life will be is not
known here: lifetime values come as a table, whoever made them. What the parts weigh stands in ``value_scores``.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent
from crmlab.errors import DataError

if TYPE_CHECKING:
    import ibis
    from matplotlib.axes import Axes

_PARTS = ("current", "potential", "referral")


def value_indicators(
    profits: pd.DataFrame | ibis.Table | str | PathLike, values: pd.DataFrame, referrals: pd.DataFrame | None = None, *,
    life: str = "remaining",
) -> ValueIndicators:  # fmt: skip
    """Set the three parts of each customer's value side by side: current, potential, referral.

    Parameters
    ----------
    profits : DataFrame, path or Ibis table
        ``customer_id``, ``profit``, any number of rows per customer (see ``tables.describe("customer_months")``).
    values : DataFrame
        ``customer_id``, ``lifetime_value``: profit over the remaining life (see ``tables.describe("lifetime_values")``).
    referrals : DataFrame, optional
        ``customer_id``, ``referred_id``: who brought whom. Each brings the current and the potential value of those whom they
        brought themselves.
    life : {"remaining", "whole"}
        What potential means. ``whole`` is the profit of the whole life, as some textbooks define it: it holds what was made
        already, so that current value counts twice. It is here to show how the order changes; use ``remaining``.

    Returns
    -------
    ValueIndicators

    Raises
    ------
    DataError
        A table is none, a column is missing or breaks its declaration, a customer stands twice in ``values`` or a person was
        brought twice, somebody brought themselves, or the tables share no customer.
    ArgumentError
        ``life`` is none of the two.

    Notes
    -----
    Only customers with a lifetime value are valued; those with profits alone are set aside and counted. No row of profit is
    a profit of 0, because firms book only what has flowed. Values of referred customers stand with them *and* with those who
    brought them, so the sum over all customers is not the value of the firm.

    References
    ----------
    Kumar, Petersen & Leone (2007), How valuable is word of mouth?, Harvard Business Review 85(10): referral value beside
    lifetime value.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> profits = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "profit": [10.0, 20.0, 5.0]})
    >>> values = pd.DataFrame({"customer_id": ["ann", "bob", "cy"], "lifetime_value": [40.0, 60.0, 7.0]})
    >>> referrals = pd.DataFrame({"customer_id": ["ann"], "referred_id": ["bob"]})
    >>> segmentation.value_indicators(profits, values, referrals).table
      customer_id  current  potential  referral
    0         ann     30.0       40.0      65.0
    1         bob      5.0       60.0       0.0
    2          cy      0.0        7.0       0.0
    """
    _check.choice("life", life, ("remaining", "whole"))
    made = _profits(profits)
    _engine.check(_check.frame("values", values), "lifetime_values")
    ids = values["customer_id"]
    if not ids.isin(made.index).any():
        raise DataError(
            "`profits` and `values` have no customer in common. Check that `customer_id` is of one kind in both, e.g. text."
        )
    current = ids.map(made).fillna(0.0).to_numpy(float)
    remaining = values["lifetime_value"].to_numpy(float)
    brought = _brought(referrals, ids)
    worth = pd.Series(current + remaining, ids.to_numpy())
    referral = worth.reindex(brought["referred_id"]).groupby(brought["customer_id"].to_numpy()).sum()
    table = pd.DataFrame({
        "customer_id": ids, "current": current, "potential": remaining + current * (life == "whole"),
        "referral": ids.map(referral).fillna(0.0).astype(float),
    })  # fmt: skip
    return ValueIndicators(
        table,
        life,
        without_profit=int((~ids.isin(made.index)).sum()),
        without_value=int((~made.index.isin(ids)).sum()),
        referrals_set_aside=0 if referrals is None else len(referrals) - len(brought),
    )


def _profits(profits: object) -> pd.Series:
    """Add up the profit of each customer, in whole cents, so that the order of rows does not matter."""
    with _engine.open_table(profits, "customer_months", ("customer_id", "profit")) as (table, _, run):
        cents = (table.profit * 100).round().cast("int64").sum()
        return run(table.group_by("customer_id").aggregate(cents=cents)).set_index("customer_id")["cents"] / 100


def _brought(referrals: pd.DataFrame | None, ids: pd.Series) -> pd.DataFrame:
    """Return the referrals of which both are valued customers."""
    if referrals is None:
        return pd.DataFrame({"customer_id": ids[:0], "referred_id": ids[:0]})
    with _engine.open_table(_check.frame("referrals", referrals), "referrals", ("customer_id", "referred_id")):
        pass
    own = (referrals["customer_id"] == referrals["referred_id"]).to_numpy()
    _check.refuse_rows(referrals, own, "somebody brought themselves", "referrals", "Take these rows out.")
    return referrals[referrals["customer_id"].isin(ids) & referrals["referred_id"].isin(ids)]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueIndicators(Result):
    """What customers are worth, in three parts.

    Attributes
    ----------
    table : DataFrame
        ``customer_id``, ``current``, ``potential``, ``referral`` (currency), in the order and under the labels of the
        lifetime values (``tables.describe("value_indicators")``).
    life : str
        What potential means: "remaining" or "whole".
    without_profit : int
        Customers for whom no profit was booked; their current value is 0.
    without_value : int
        Customers with profits for whom no lifetime value was given: set aside.
    referrals_set_aside : int
        Referrals of which one of the two is not valued.
    """

    table: pd.DataFrame
    life: str
    without_profit: int
    without_value: int
    referrals_set_aside: int

    @property
    def double_counted(self) -> float:
        """What stands in current and in potential value alike, in currency; 0 for the remaining life."""
        return float(self.table["current"].sum()) if self.life == "whole" else 0.0

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        note = ""
        if self.life == "whole":
            both = float(self.table["current"].sum() + self.table["potential"].sum())
            share = f" ({percent(self.double_counted / both)} of current and potential together)" if both > 0 else ""
            note = (
                f"Profit of {self.double_counted:,.0f}{share} counts twice: it was made already, and it belongs to the whole "
                "life, too. Count the remaining life instead."
            )
        return Summary(
            "Three parts of value",
            facts=(
                ("Customers", len(self.table)),
                *((name.capitalize(), round(float(self.table[name].sum()), 2)) for name in _PARTS),
                ("Without a booked profit, taken as 0", self.without_profit),
                ("Without a lifetime value, set aside", self.without_value),
                ("Referrals set aside", self.referrals_set_aside),
            ),
            note=note,
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how much of the three parts lies with the tenth of customers that each puts first.

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
        >>> from crmlab import segmentation
        >>> profits = pd.DataFrame({"customer_id": range(20), "profit": [float(k) for k in range(20)]})
        >>> values = pd.DataFrame({"customer_id": range(20), "lifetime_value": [float(20 - k) for k in range(20)]})
        >>> segmentation.value_indicators(profits, values).plot().get_title("left")
        '0 of the top 2 by current value are also top by\\npotential'
        """
        top = max(1, len(self.table) // 10)
        first = {name: _top(self.table, name, top) for name in _PARTS}
        shared = pd.DataFrame({name: [len(first[name] & first[other]) for other in _PARTS] for name in _PARTS}, list(_PARTS))
        both = int(shared.loc["current", "potential"])
        return _draw.heatmap(
            shared,
            title=f"{both:,} of the top {top:,} by current value are also top by potential",
            x="top tenth by",
            y="also in the top tenth by",
            label="customers",
            alt=f"Heat map: how many of the top {top:,} customers by each of the three parts of value are also in the top "
            f"{top:,} by another part.",
            ax=ax,
        )


def _top(table: pd.DataFrame, name: str, top: int) -> set[object]:
    """Return the customers with the highest values; of equal ones the smaller id."""
    cents = -np.round(table[name].to_numpy(float), 2)
    return set(table.assign(cents=cents).sort_values(["cents", "customer_id"], kind="stable")["customer_id"].head(top))
