"""Views: customer groups as the environment shows them, by product, channel, competitor and need, and what they bring.

It reads tables of a firm and returns one row per group. These groups are given from outside; groups that customers form by
themselves are another matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary
from crmlab._verdict import FEWEST, leaders, listed
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import DIMENSIONS
from crmlab.tables.firm import STILL_THERE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNKNOWN, SEVERAL = "not known", "several alike"
_RIVAL = "competitor"  # as reasons to leave and objections are recorded


def identify(
    money: pd.DataFrame, *, orders: pd.DataFrame | None = None, customers: pd.DataFrame | None = None,
    leaving: pd.DataFrame | None = None, survey: pd.DataFrame | None = None, stage_events: pd.DataFrame | None = None,
) -> CustomerGroups:  # fmt: skip
    """Group the same customers by product, channel, competitor and need, and measure what each group brings.

    Parameters
    ----------
    money : DataFrame
        ``customer_id``, ``revenue``, ``profit``, any number of rows per customer (see ``tables.describe("customer_months")``).
        The customers that stand here are grouped.
    orders : DataFrame, optional
        Product view: ``customer_id``, ``product_id``, ``amount``. Customers belong to the product on which they spent most; of
        equal ones to the smaller id.
    customers : DataFrame, optional
        Channel view: ``customer_id``, ``channel``.
    leaving : DataFrame, optional
        Competitor view: ``customer_id``, ``date``, ``reason``; the last answer of each counts.
    survey : DataFrame, optional
        Need view: ``customer_id``, ``wave`` and the five ``importance_`` columns; the dimension with most points in the last
        answer of each, or `several alike`.
    stage_events : DataFrame, optional
        ``customer_id``, ``outcome``, ``objection``: prospects lost after they named a competitor are counted; they have
        brought nothing, so that they are no group.

    Returns
    -------
    CustomerGroups

    Raises
    ------
    DataError
        A table is none, a column is missing or breaks its declaration, or a table shares no customer with ``money``.
    ArgumentError
        No view is asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> money = pd.DataFrame({"customer_id": [1, 2, 3], "revenue": [50.0, 30.0, 20.0], "profit": [20.0, 10.0, -3.0]})
    >>> customers = pd.DataFrame({"customer_id": [1, 2], "channel": ["shop", "shop"]})
    >>> segmentation.identify(money, customers=customers).table[["view", "group", "customers", "revenue_share", "mean_profit"]]
          view      group  customers  revenue_share  mean_profit
    0  channel       shop          2            0.8         15.0
    1  channel  not known          1            0.2         -3.0
    """
    worth = _worth(money)
    makers: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], pd.DataFrame | None]] = {
        "product": (_products, orders), "channel": (_channels, customers), "competitor": (_reasons, leaving),
        "need": (_needs, survey),
    }  # fmt: skip
    views = {view: maker(table) for view, (maker, table) in makers.items() if table is not None}
    if not views:
        raise ArgumentError("give at least one of `orders`, `customers`, `leaving` and `survey`: from there groups are made.")
    groups, outside = {}, {}
    for view, known in views.items():
        if not known.index.isin(worth.index).any():
            raise DataError(
                f"`money` and the table of the {view} view have no customer in common. Check that `customer_id` is of one kind "
                "in both, e.g. text."
            )
        groups[view] = known.reindex(worth.index).fillna(UNKNOWN)
        outside[view] = int((~known.index.isin(worth.index)).sum())
    return CustomerGroups(worth, pd.DataFrame(groups), outside, None if stage_events is None else _lost(stage_events))


def _columns(table: object, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return checked columns of a table."""
    with _engine.open_table(_check.frame(name, table), name, columns) as (source, _, run):
        return run(source.select(*columns))


def _worth(money: pd.DataFrame) -> pd.DataFrame:
    """Return revenue and profit of each customer, added up in whole cents."""
    rows = _columns(money, "customer_months", ("customer_id", "revenue", "profit"))
    cents = (rows[["revenue", "profit"]] * 100).round().astype("int64")
    return cents.groupby(rows["customer_id"]).sum() / 100


def _products(orders: pd.DataFrame) -> pd.Series:
    rows = _columns(orders, "orders", ("customer_id", "product_id", "amount"))
    cents = (rows["amount"] * 100).round().astype("int64").rename("cents")
    spent = cents.groupby([rows["customer_id"], rows["product_id"]]).sum().reset_index()
    spent = spent.sort_values(["cents", "product_id"], ascending=[False, True], kind="stable").drop_duplicates("customer_id")
    return spent.set_index("customer_id")["product_id"].astype("str")


def _channels(customers: pd.DataFrame) -> pd.Series:
    return _columns(customers, "customers", ("customer_id", "channel")).set_index("customer_id")["channel"]


def _reasons(leaving: pd.DataFrame) -> pd.Series:
    rows = _columns(leaving, "leaving", ("customer_id", "date", "reason")).sort_values("date", kind="stable")
    reason = rows.drop_duplicates("customer_id", keep="last").set_index("customer_id")["reason"]
    names = {_RIVAL: "left for a rival", STILL_THERE: "asked, still a customer"}
    return reason.map(lambda each: names.get(each, "left for another reason"))


def _needs(survey: pd.DataFrame) -> pd.Series:
    points = [f"importance_{name}" for name in DIMENSIONS]
    rows = _columns(survey, "survey", ("customer_id", "wave", *points)).sort_values("wave", kind="stable")
    last = rows.drop_duplicates("customer_id", keep="last").set_index("customer_id")[points]
    alike = last.eq(last.max(axis=1), axis=0).sum(axis=1) > 1
    return last.idxmax(axis=1).str.removeprefix("importance_").mask(alike, SEVERAL)


def _lost(stage_events: pd.DataFrame) -> int:
    rows = _columns(stage_events, "stage_events", ("customer_id", "outcome", "objection"))
    return int(rows.loc[(rows["outcome"] == "lost") & (rows["objection"] == _RIVAL), "customer_id"].nunique())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerGroups(Result):
    """Customers grouped from several points of view.

    Attributes
    ----------
    worth : DataFrame, shape (n, 2)
        ``revenue`` and ``profit`` of each customer, by ``customer_id``.
    groups : DataFrame, shape (n, views)
        The group of each customer in each view; `not known` where the view's table does not name them.
    outside : mapping of str to int
        People whom the table of a view names and who have no money booked: set aside.
    lost_prospects : int or None
        Prospects lost after they named a competitor, if stage events were given.
    """

    worth: pd.DataFrame
    groups: pd.DataFrame
    outside: Mapping[str, int]
    lost_prospects: int | None

    @property
    def table(self) -> pd.DataFrame:
        """One row per group of each view, with 95 % intervals (``tables.describe("identified_groups")``)."""
        return self.interval()

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Measure each group, with a t interval of the mean profit of its customers.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``: groups of a view by their size, `not known` last; ends are empty for fewer than six customers.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> money = pd.DataFrame({"customer_id": range(6), "revenue": 50.0, "profit": [20.0, 10.0] * 3})
        >>> channel = pd.DataFrame({"customer_id": range(6), "channel": "shop"})
        >>> segmentation.identify(money, customers=channel).interval(0.5)[["mean_profit", "low", "high"]].round(2)
           mean_profit    low   high
        0         15.0  13.38  16.62
        """
        level = _check.share("level", level)
        return pd.concat([self._view(view, level) for view in self.groups], ignore_index=True)

    def _view(self, view: str, level: float) -> pd.DataFrame:
        grouped = self.worth.groupby(self.groups[view])
        revenue, profit, size = grouped["revenue"].sum(), grouped["profit"], grouped.size()
        mean, error = profit.mean(), (profit.std() / np.sqrt(size)).where(size >= FEWEST)
        reach = special.stdtrit(np.maximum(size - 1, 1), (1 + level) / 2) * error
        total = revenue.sum()
        table = pd.DataFrame({
            "customers": size, "customer_share": size / size.sum(), "revenue": revenue,
            "revenue_share": revenue / total if total > 0 else np.nan, "profit": profit.sum(), "mean_profit": mean,
            "low": mean - reach, "high": mean + reach,
        }).rename_axis("group").reset_index()  # fmt: skip
        keys = table.assign(last=table["group"] == UNKNOWN, size=-table["customers"])
        table = table.loc[keys.sort_values(["last", "size", "group"], kind="stable").index]
        table.insert(0, "view", view)
        return table

    def leaders(self, view: str) -> tuple[str, ...]:
        """Name the groups of a view whose customers bring most profit each, as far as they can be told apart.

        Groups of fewer than six customers, and those not known, take no part.

        Parameters
        ----------
        view : str
            Such as "channel".

        Returns
        -------
        tuple of str
            Empty if no order can be told.

        Raises
        ------
        ArgumentError
            There is no such view.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> profit = [50.0, 51.0, 52.0, 53.0, 54.0, 55.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        >>> money = pd.DataFrame({"customer_id": range(12), "revenue": 99.0, "profit": profit})
        >>> channel = pd.DataFrame({"customer_id": range(12), "channel": ["shop"] * 6 + ["search"] * 6})
        >>> segmentation.identify(money, customers=channel).leaders("channel")
        ('shop',)
        """
        _check.choice("view", view, tuple(self.groups))
        profit = self.worth["profit"].groupby(self.groups[view])
        size = profit.size()
        names = [name for name in size.index if size[name] >= FEWEST and name not in (UNKNOWN, SEVERAL)]
        mean, variance = profit.mean()[names].to_numpy(), (profit.var() / size)[names].to_numpy()

        def difference(first: int, second: int, level: float) -> tuple[float, float]:
            reach = special.ndtri((1 + level) / 2) * np.sqrt(variance[first] + variance[second])
            return mean[first] - mean[second] - reach, mean[first] - mean[second] + reach

        return leaders(names, mean, difference) if len(names) > 1 else ()

    @property
    def finding(self) -> str:
        """Whose customers bring most, in each view in which that can be told; who left is no such view."""
        first = {view: self.leaders(view) for view in self.groups if view != "competitor"}
        parts = [f"{listed(names)} ({view})" for view, names in first.items() if names]
        return f"Highest profit per customer: {', '.join(parts)}" if parts else "No group is known to bring more per customer"

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        return Summary(
            self.finding,
            facts=(
                ("Customers", len(self.worth)),
                *((f"Named in the {view} view without any money, set aside", n) for view, n in self.outside.items() if n),
                *(() if self.lost_prospects is None else (("Prospects lost after naming a competitor", self.lost_prospects),)),
            ),
            table=self.table,
            note="Each view groups the same customers, so that shares add up to 1 within a view.",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean profit of the customers of each group with its interval, a colour for each view.

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
        >>> profit = [50.0, 51.0, 52.0, 53.0, 54.0, 55.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        >>> money = pd.DataFrame({"customer_id": range(12), "revenue": 99.0, "profit": profit})
        >>> channel = pd.DataFrame({"customer_id": range(12), "channel": ["shop"] * 6 + ["search"] * 6})
        >>> segmentation.identify(money, customers=channel).plot().get_title("left")
        'Highest profit per customer: shop (channel)'
        """
        table = self.table
        label = [f"{row.view}: {row.group} ({row.customers:,})" for row in table.itertuples()]
        return _draw.interval_plot(
            table.assign(label=label, middle=table["mean_profit"], group=table["view"]),
            title=self.finding,
            x="profit per customer, currency (95 % interval)",
            zero=True,
            alt=f"Mean profit per customer of {len(table)} groups in {len(self.groups.columns)} views, with intervals. "
            f"{self.finding}.",
            ax=ax,
        )
