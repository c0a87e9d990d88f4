"""Portfolio: customers by what they have brought and what they may still bring, and what to do in each of the four cells.

It reads a table of indicators and returns one row per cell, and the cell of each customer. How large the parts of value are
is known in ``indicators``; whom to spend money on, in ``choosing``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What to do by the level of current and of potential value.
STRATEGIES = {
    ("high", "high"): "protect: the best service, a person of their own",
    ("high", "low"): "keep: what works now, no further investment",
    ("low", "high"): "develop: invest, offer more kinds of products",
    ("low", "low"): "serve at low cost",
}


def value_matrix(
    indicators: pd.DataFrame, *, current_cut: float | None = None, potential_cut: float | None = None
) -> ValueMatrix:
    """Sort customers into four cells, by current and by potential value, each high or low.

    Parameters
    ----------
    indicators : DataFrame
        ``customer_id``, ``current``, ``potential`` (see ``tables.describe("value_indicators")``).
    current_cut, potential_cut : float, optional
        Values above are high; by default the median, so that neither is a matter of a few large customers. Who lies on a cut
        is low.

    Returns
    -------
    ValueMatrix

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, or a customer stands there twice.
    ArgumentError
        A cut is no finite number.

    References
    ----------
    Verhoef & Donkers (2001), Predicting customer potential value: an application in the insurance industry, Decision
    Support Systems 32(2), 189-199.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> indicators = pd.DataFrame({
    ...     "customer_id": [1, 2, 3, 4], "current": [9.0, 8.0, 1.0, 0.0], "potential": [7.0, 1.0, 9.0, 0.0],
    ... })
    >>> segmentation.value_matrix(indicators).table[["current_level", "potential_level", "customers"]]
      current_level potential_level  customers
    0          high            high          1
    1          high             low          1
    2           low            high          1
    3           low             low          1
    """
    _check.frame("indicators", indicators, "Give `value_indicators(...).table`.")
    with _engine.open_table(indicators, "value_indicators", ("customer_id", "current", "potential")):
        pass
    cuts = {}
    for name, cut in (("current", current_cut), ("potential", potential_cut)):
        cuts[name] = float(indicators[name].median()) if cut is None else _check.number(f"{name}_cut", cut)
    cells = indicators[["customer_id", "current", "potential"]].assign(**{
        f"{name}_level": np.where(indicators[name] > cut, "high", "low") for name, cut in cuts.items()
    })  # fmt: skip
    return ValueMatrix(cells, cuts["current"], cuts["potential"])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueMatrix(Result):
    """Customers in four cells of current and potential value.

    Attributes
    ----------
    customers : DataFrame
        ``customer_id``, ``current``, ``potential``, ``current_level``, ``potential_level``, under the labels of the indicators.
    current_cut, potential_cut : float
        Values above are high.
    """

    customers: pd.DataFrame
    current_cut: float
    potential_cut: float

    @property
    def table(self) -> pd.DataFrame:
        """The four cells, with strategy, customers and value (``tables.describe("value_matrix")``)."""
        levels = ["current_level", "potential_level"]
        cells = pd.DataFrame([(*cell, strategy) for cell, strategy in STRATEGIES.items()], columns=[*levels, "strategy"])
        sums = self.customers.groupby(levels).agg(
            customers=("current", "size"), current=("current", "sum"), potential=("potential", "sum")
        )
        table = cells.join(sums, on=levels).fillna({"customers": 0, "current": 0.0, "potential": 0.0})
        table["customers"] = table["customers"].astype(int)
        table.insert(4, "customer_share", table["customers"] / len(self.customers))
        return table

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        return Summary(
            "Current and potential value",
            facts=(("Current value is high above", self.current_cut), ("Potential value is high above", self.potential_cut)),
            table=self.table,
            source="Verhoef & Donkers (2001)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the four cells with their customers and the strategy.

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
        >>> indicators = pd.DataFrame({"customer_id": [1, 2], "current": [9.0, 1.0], "potential": [1.0, 7.0]})
        >>> segmentation.value_matrix(indicators).plot().get_title("left")
        '1 of 2 customers (50.0 %) may bring much and\\nhave brought little: develop'
        """
        table = self.table
        counts = table.pivot(index="current_level", columns="potential_level", values="customers").loc[
            ["high", "low"], ["low", "high"]
        ]
        cell = table[(table["current_level"] == "low") & (table["potential_level"] == "high")].iloc[0]
        ax = _draw.heatmap(
            counts,
            title=f"{cell.customers:,} of {len(self.customers):,} customers ({percent(cell.customer_share)}) may bring much "
            "and have brought little: develop",
            x=f"potential value (high: above {show(self.potential_cut, 2)})",
            y=f"current value (high: above {show(self.current_cut, 2)})",
            label="customers",
            alt="Four cells of current and potential value: "
            + "; ".join(
                f"current {row.current_level}, potential {row.potential_level}: {row.customers:,} customers, {row.strategy}"
                for row in table.itertuples()
            )
            + ".",
            ax=ax,
        )
        for text, (current, potential) in zip(ax.texts, ((c, p) for c in counts.index for p in counts.columns), strict=True):
            text.set_text(f"{text.get_text()}\n{STRATEGIES[current, potential].partition(':')[0]}")
        return ax
