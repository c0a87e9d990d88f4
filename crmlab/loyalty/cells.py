"""Cells: whether those who stay long are those who bring much.

Splits customers at the medians of length of stay and profit into four cells, and correlates the two. It reads one row per
customer; a length of stay that nobody has noted is read off the orders. Why people stay or pay is not known here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent
from crmlab._verdict import Verdict, verdict
from crmlab.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

#: Name, length of stay and level of profit of each cell, in the words of Reinartz & Kumar (2002).
_CELLS = (
    ("true friends", "long", "high"), ("barnacles", "long", "low"),
    ("butterflies", "short", "high"), ("strangers", "short", "low"),
)  # fmt: skip


def observed_stay(orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: str | dt.date | None = None) -> pd.DataFrame:
    """Compute the days from the first to the last order, one row per ``customer_id``, which is a column.

    It is what can be seen of a length of stay without contract: 0 for who bought on one day only, and too short for who
    will come back.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date`` (see ``tables.describe("orders")``).
    until : date or str, optional
        The cut, the last day that counts; by default the day of the last order.

    Returns
    -------
    DataFrame (``tables.describe("stays")``)
        Sorted by ``customer_id``, with ``stay_days``.

    Raises
    ------
    DataError
        As ``btyd.purchase_summary``.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"], "order_date": pd.to_datetime(["2024-01-05", "2024-03-05", "2024-02-01"]),
    ... })
    >>> loyalty.observed_stay(orders)
      customer_id  stay_days
    0         ann         60
    1         bob          0
    """
    with _engine.orders(orders, until, amount=False) as source:
        day = source.table.order_date
        spans = source.table.group_by("customer_id").aggregate(first=day.min(), last=day.max())
        rows = source.run(spans.order_by("customer_id"))
    stay = pd.to_datetime(rows["last"]) - pd.to_datetime(rows["first"])
    return pd.DataFrame({"customer_id": rows.customer_id, "stay_days": stay.dt.days})


def four_cells(stays: pd.DataFrame) -> FourCells:
    """Split customers at the medians of length of stay and profit into four cells, and correlate the two.

    Long is a stay above the median, high a profit above the median; who stands at a median exactly counts as short, or as low.

    Parameters
    ----------
    stays : DataFrame
        ``customer_id``, ``stay_days``, ``profit`` (see ``tables.describe("stays")``). The length of stay is the true one or
        an observed one (``observed_stay``), as you give it; customers who came at different times have had different time
        to stay: give those who came together, or say so.

    Returns
    -------
    FourCells

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, a customer stands there twice, there are fewer than four
        customers, or all stayed equally long or brought the same.

    References
    ----------
    Reinartz & Kumar (2002), The mismanagement of customer loyalty, Harvard Business Review 80(7): correlations from .20 to
    .45 in four firms, and the names of the cells.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> stays = pd.DataFrame({
    ...     "customer_id": range(8), "stay_days": [10, 20, 30, 40, 500, 600, 700, 800],
    ...     "profit": [5.0, 1, 2, 90, 3, 80, 70, 60],
    ... })
    >>> cells = loyalty.four_cells(stays)
    >>> cells.table[["cell", "customers", "share"]]
               cell  customers  share
    0  true friends          3  0.375
    1     barnacles          1  0.125
    2   butterflies          1  0.125
    3     strangers          3  0.375
    """
    _engine.check(_check.frame("stays", stays), "stays")
    if "profit" not in stays:
        raise DataError("the stays table has no column `profit`: what each customer brought in all. Merge it by `customer_id`.")
    if len(stays) < 4:
        raise DataError(f"four cells need at least four customers; there are {len(stays)}.")
    for name, what in (("stay_days", "stayed equally long"), ("profit", "brought the same")):
        if stays[name].nunique() == 1:
            raise DataError(f"all {len(stays):,} customers {what}, so there is nothing to split or to correlate (`{name}`).")
    stay, profit = (stays[name].astype("float64").set_axis(stays.index) for name in ("stay_days", "profit"))
    return FourCells(stays[["customer_id"]].assign(stay_days=stay, profit=profit))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FourCells(Result):
    """Customers by length of stay and profit.

    Attributes
    ----------
    stays : DataFrame
        ``customer_id``, ``stay_days``, ``profit``, one row per customer, as given.
    """

    stays: pd.DataFrame

    @property
    def customers(self) -> pd.DataFrame:
        """The cell of each customer, in the rows of the table given (``tables.describe("customer_cells")``)."""
        long, high = (self.stays[name] > self.stays[name].median() for name in ("stay_days", "profit"))
        names = np.array([cell for cell, _, _ in _CELLS], dtype=object)
        return self.stays[["customer_id"]].assign(cell=names[2 * ~long.to_numpy() + ~high.to_numpy()])

    @property
    def table(self) -> pd.DataFrame:
        """The four cells with 95 % confidence intervals of their shares, by Wilson (``tables.describe("four_cells")``)."""
        cell, total, n = self.customers.cell, self.stays.profit.sum(), len(self.stays)
        rows = []
        for name, stay, level in _CELLS:
            members = (cell == name).to_numpy()
            low, high = proportion_confint(members.sum(), n, method="wilson")
            profit_share = self.stays.profit[members].sum() / total if total > 0 else np.nan
            rows.append((name, stay, level, int(members.sum()), members.mean(), low, high, profit_share))
        return pd.DataFrame(rows, columns=["cell", "stay", "profit_level", "customers", "share", "low", "high", "profit_share"])

    def correlation(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the correlations of length of stay and profit, Pearson's and Spearman's, with confidence intervals.

        Both intervals are made on the scale of atanh(r): with standard error 1 / sqrt(n - 3) for Pearson's (Fisher), and
        sqrt((1 + r^2 / 2) / (n - 3)) for Spearman's.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame (``tables.describe("stay_correlations")``)
            One row per ``coefficient``: ``estimate``, ``low``, ``high``.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Notes
        -----
        Fisher's interval supposes that both are normal. Lengths of stay and profits are skewed, so it is somewhat too narrow
        here; Spearman's, of ranks, depends less on it.

        References
        ----------
        Fisher (1921), On the probable error of a coefficient of correlation, Metron 1. Bonett & Wright (2000), Sample size
        requirements for estimating Pearson, Kendall and Spearman correlations, Psychometrika 65(1).

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import loyalty
        >>> stays = pd.DataFrame({"customer_id": range(5), "stay_days": [1, 2, 3, 4, 5], "profit": [2.0, 1, 4, 3, 5]})
        >>> loyalty.four_cells(stays).correlation().round(3)
          coefficient  estimate    low   high
        0     Pearson       0.8 -0.280  0.986
        1    Spearman       0.8 -0.457  0.991
        """
        z, n = special.ndtri((1 + _check.share("level", level)) / 2), len(self.stays)
        stay, profit = self.stays.stay_days.to_numpy(), self.stays.profit.to_numpy()
        rows = []
        for name, r in (("Pearson", stats.pearsonr(stay, profit)[0]), ("Spearman", stats.spearmanr(stay, profit)[0])):
            error = np.sqrt((1 + (r**2 / 2 if name == "Spearman" else 0)) / (n - 3))
            r = float(np.clip(r, -1, 1))
            middle = np.arctanh(r) if abs(r) < 1 else r * np.inf
            rows.append((name, r, *np.tanh([middle - z * error, middle + z * error])))
        return pd.DataFrame(rows, columns=["coefficient", "estimate", "low", "high"])

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        correlations = {
            f"{row.coefficient}'s correlation of stay and profit": f"{row.estimate:.2f} ({row.low:.2f} to {row.high:.2f})"
            for row in self.correlation().itertuples()
        }
        return Summary(
            "Length of stay and profit",
            facts=(
                ("Customers", len(self.stays)),
                ("Median length of stay, in days", self.stays.stay_days.median()),
                ("Median profit", round(self.stays.profit.median(), 2)),
                *correlations.items(),
            ),
            table=self.table,
            note="Long and high are above the median; who stands at a median counts as short, or as low. 95 % intervals.",
            source="Reinartz & Kumar (2002)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares of the four cells.

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
        >>> stays = pd.DataFrame({"customer_id": range(8), "stay_days": range(8), "profit": [5.0, 1, 2, 9, 3, 8, 7, 6]})
        >>> loyalty.four_cells(stays).plot().get_title("left")
        'Whether those who stay long bring more: not\\ndistinguishable'
        """
        table, correlation = self.table, self.correlation().iloc[0]
        answer = verdict(correlation.low, correlation.high, n=len(self.stays))
        off = percent(table.share[1] + table.share[2], 0)
        title = {
            Verdict.HIGHER: f"Those who stay long bring more (r = {correlation.estimate:.2f}), and yet {off} are long or "
            "profitable, not both",
            Verdict.LOWER: f"Those who stay long bring less (r = {correlation.estimate:.2f})",
        }.get(answer, f"Whether those who stay long bring more: {answer}")
        return _draw.interval_plot(
            pd.DataFrame({
                "label": [f"{row.cell} ({row.stay} stay, {row.profit_level} profit)" for row in table.itertuples()],
                "middle": table.share, "low": table.low, "high": table.high,
            }),
            title=title,
            x="share of customers (95 % confidence intervals)",
            share=True,
            alt=" ".join(f"{row.cell}: {percent(row.share)} of customers." for row in table.itertuples()),
            ax=ax,
        )  # fmt: skip
