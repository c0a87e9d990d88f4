"""Movement: from which group to which customers went between two days.

It reads two tables of groups (named groups, segments, cells of a matrix) and returns counts and shares with intervals. How
customers came into their groups is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent
from crmlab.errors import DataError
from crmlab.segmentation.named_groups import NAMED_GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

NEW, GONE = "new", "gone"


def migration(before: pd.DataFrame, after: pd.DataFrame) -> Migration:
    """Count from which group to which customers moved between two days.

    Parameters
    ----------
    before, after : DataFrame
        ``customer_id``, ``group``, one row per customer, such as ``rfm_groups`` returns; other columns are passed over. Who
        stands in the second only is `new`, who stands in the first only is `gone`.

    Returns
    -------
    Migration

    Raises
    ------
    DataError
        A column is missing or empty, a customer stands twice in one table, the two tables share nobody (ids of different
        kinds, say), or a group is called `new` or `gone`.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> before = pd.DataFrame({"customer_id": [1, 2, 3], "group": ["champions", "champions", "lost"]})
    >>> after = pd.DataFrame({"customer_id": [1, 2, 4], "group": ["champions", "at risk", "champions"]})
    >>> moved = segmentation.migration(before, after)
    >>> moved.table[["group_before", "group_after", "customers", "share"]]
      group_before group_after  customers  share
    0    champions   champions          1    0.5
    1    champions     at risk          1    0.5
    2         lost        gone          1    1.0
    3          new   champions          1    1.0
    """
    first, second = (_groups(name, table) for name, table in (("before", before), ("after", after)))
    if not first.index.isin(second.index).any():
        raise DataError(
            "`before` and `after` have no customer in common. Check that `customer_id` is of one kind in both, e.g. text."
        )
    pairs = pd.concat([first.rename("group_before"), second.rename("group_after")], axis=1)
    pairs = pairs.fillna({"group_before": NEW, "group_after": GONE})
    rows, columns = _order(first.unique(), NEW), _order(second.unique(), GONE)
    counts = pd.crosstab(pairs["group_before"], pairs["group_after"]).reindex(index=rows, columns=columns, fill_value=0)
    return Migration(counts.loc[counts.sum(axis=1) > 0, counts.sum() > 0])


def _groups(name: str, table: pd.DataFrame) -> pd.Series:
    """Return the group of each customer, by ``customer_id``."""
    _engine.check(_check.frame(name, table), "customer_groups")
    groups = table.set_index("customer_id")["group"].astype(object)
    if (taken := groups.isin([NEW, GONE])).any():
        raise DataError(
            f"a group of `{name}` is called {groups[taken].iloc[0]!r}, a name kept for customers of one table only. Rename it."
        )
    return groups


def _order(names: Iterable[str], last: str) -> list[str]:
    """Put groups into the order of the scheme, others behind by name, and those of one table only at the end."""
    scheme = {group.name: place for place, group in enumerate(NAMED_GROUPS)}
    return [*sorted(names, key=lambda name: (scheme.get(name, len(scheme)), name)), last]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Migration(Result):
    """From which group to which customers moved.

    Attributes
    ----------
    counts : DataFrame
        Customers by group before (rows; `new` last) and after (columns; `gone` last).
    """

    counts: pd.DataFrame

    @property
    def shares(self) -> pd.DataFrame:
        """Shares of those in each group before."""
        return self.counts.div(self.counts.sum(axis=1), axis=0)

    @property
    def table(self) -> pd.DataFrame:
        """One row per move that somebody made, with 95 % intervals of its share (``tables.describe("migration")``)."""
        return self.interval()

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the moves with Wilson intervals of their shares, each by itself.

        They say how far the share in a group may be due to chance if its customers move independently of each other.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> counts = pd.DataFrame({"champions": [8], "at risk": [2]}, index=["champions"])
        >>> segmentation.Migration(counts).interval()[["group_after", "share", "low", "high"]].round(3)
          group_after  share    low   high
        0   champions    0.8  0.490  0.943
        1     at risk    0.2  0.057  0.510
        """
        from statsmodels.stats.proportion import proportion_confint

        alpha = 1 - _check.share("level", level)
        counts = self.counts.to_numpy()
        row, column = np.nonzero(counts)
        customers, totals = counts[row, column], counts.sum(axis=1)[row]
        low, high = proportion_confint(customers, totals, alpha=alpha, method="wilson")
        return pd.DataFrame({
            "group_before": self.counts.index[row].astype("str"), "group_after": self.counts.columns[column].astype("str"),
            "customers": customers, "share": customers / totals, "low": np.clip(low, 0, 1), "high": np.clip(high, 0, 1),
        })  # fmt: skip

    @property
    def stayed(self) -> tuple[int, int]:
        """How many are in the same group as before, and how many stand in both tables."""
        both = self.counts.drop(index=NEW, columns=GONE, errors="ignore")
        same = sum(int(both.loc[name, name]) for name in both.index.intersection(both.columns))
        return same, int(both.to_numpy().sum())

    @property
    def new(self) -> int:
        """Customers of the later table only."""
        return int(self.counts.loc[NEW].sum()) if NEW in self.counts.index else 0

    @property
    def gone(self) -> int:
        """Customers of the earlier table only."""
        return int(self.counts[GONE].sum()) if GONE in self.counts else 0

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        same, both = self.stayed
        table = self.table.sort_values("customers", ascending=False, kind="stable")
        return Summary(
            "Who moved",
            facts=(("In both tables", both), ("In the same group as before", f"{same:,} ({percent(same / both)})"),
                   ("New", self.new), ("Gone", self.gone)),
            table=table[table["group_before"] != table["group_after"]].head(10),
            note="The ten moves that most customers made; shares are of the group before.",
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the matrix: of each group before, the share that is in each group after.

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
        >>> counts = pd.DataFrame({"champions": [8], "at risk": [2]}, index=["champions"])
        >>> segmentation.Migration(counts).plot().get_title("left")
        '8 of 10 customers (80.0 %) are in the group they\\nwere in'
        """
        same, both = self.stayed
        return _draw.heatmap(
            self.shares,
            title=f"{same:,} of {both:,} customers ({percent(same / both)}) are in the group they were in",
            x="group after",
            y="group before",
            share=True,
            label="share of the group before",
            alt=f"Heat map: of each group before, the share in each group after. {self.new:,} customers are new, "
            f"{self.gone:,} gone.",
            ax=ax,
        )
