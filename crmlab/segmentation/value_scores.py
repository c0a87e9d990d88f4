"""Value scores: indicators weighted into one number, the order that it makes, and how much the weights decide.

It reads a table of indicators and weights (equal, given, or from judgements) and returns one row per customer. Where the
indicators come from is not known here (see ``indicators``), nor whether to spend anything on those at the top
(``choosing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab._result import Result, Summary, percent
from crmlab.errors import ArgumentError, DataError
from crmlab.segmentation.columns import refuse_dates_and_ids
from crmlab.segmentation.judgements import Judgements


def value_score(
    indicators: pd.DataFrame, weights: str | Mapping[str, float] | pd.Series | Judgements = "equal", *, scale: str = "rank"
) -> ValueScore:
    """Weight indicators into one score and put customers in its order.

    The score is the sum over indicators k of w_k s_k, where s_k is the customer's share of rank, (rank - 1/2) / n, from 0
    to 1, equal customers sharing the mean of their ranks; with ``scale="amount"`` it is the amount itself.

    Parameters
    ----------
    indicators : DataFrame
        ``customer_id`` and numeric columns, more being better, such as ``value_indicators(...).table``.
    weights : "equal", mapping, Series or Judgements
        Weight of each column, none negative, with sum 1; a column without a weight does not count. ``equal`` weights all
        columns alike. Judgements come from ``ahp``; contradictory ones are refused.
    scale : {"rank", "amount"}
        By ranks the units of the columns do not matter, and no single large amount decides; amounts must be of one unit.

    Returns
    -------
    ValueScore

    Raises
    ------
    DataError
        A column is missing, holds no finite numbers, is an identifier or dates written as numbers; a customer stands twice.
    ArgumentError
        The weights do not add up to 1, one is negative, or the judgements contradict each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> indicators = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy"], "current": [30.0, 5.0, 0.0], "potential": [40.0, 60.0, 7.0],
    ... })
    >>> segmentation.value_score(indicators, {"current": 0.3, "potential": 0.7}).table.round(3)
      customer_id  score  place
    0         ann  0.600      2
    1         bob  0.733      1
    2          cy  0.167      3
    """
    _check.choice("scale", scale, ("rank", "amount"))
    _check.frame("indicators", indicators, "Give `value_indicators(...).table`.")
    names = [str(name) for name in indicators.columns if name != "customer_id"]
    chosen = _weights(weights, names)
    _check.required_columns(list(indicators.columns), "indicators", ["customer_id", *chosen.index])
    _engine.check(indicators.assign(group=""), "customer_groups")  # one row per customer
    values = _check.numeric_columns(indicators, list(chosen.index), "indicators")
    for place, name in enumerate(chosen.index):
        refuse_dates_and_ids(pd.Series(values[:, place]), name, "Leave it out")
    scaled = pd.DataFrame(values).rank().to_numpy() / len(values) - 0.5 / len(values) if scale == "rank" else values
    return ValueScore(indicators["customer_id"], pd.DataFrame(scaled, indicators.index, chosen.index), chosen)


def _weights(weights: object, names: list[str]) -> pd.Series:
    """Return weights by column, checked."""
    if isinstance(weights, str):
        _check.choice("weights", weights, ("equal",))
        if not names:
            raise DataError("the indicators table has no column beside `customer_id`. Give at least one to score by.")
        return pd.Series(1 / len(names), names)
    if isinstance(weights, Judgements):
        if not weights.consistent:
            raise ArgumentError(
                f"these judgements contradict each other: consistency ratio {weights.consistency_ratio:.2f}, more than 0.1. "
                f"{weights.advice} Then call `ahp` again."
            )
        weights = weights.weights
    if not isinstance(weights, Mapping | pd.Series) or not len(weights):
        raise ArgumentError(f'`weights` must be "equal", a mapping of columns to weights, or from `ahp`; it is {weights!r}.')
    chosen = pd.Series({str(name): _check.number(f"weights[{name!r}]", weight, 0) for name, weight in weights.items()})
    if abs(chosen.sum() - 1) > 1e-6:
        raise ArgumentError(f"the weights add up to {chosen.sum():g}; they must add up to 1. Divide each by their sum.")
    return chosen


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueScore(Result):
    """Customers in the order of a weighted score.

    Attributes
    ----------
    customer_id : Series, shape (n,)
        Under the labels of the indicators, as all that follows.
    scaled : DataFrame, shape (n, K)
        The indicators as they are weighted.
    weights : Series, shape (K,)
        With sum 1.
    """

    customer_id: pd.Series
    scaled: pd.DataFrame
    weights: pd.Series

    @property
    def table(self) -> pd.DataFrame:
        """``customer_id``, ``score``, ``place``: one row per row of the indicators (``tables.describe("value_scores")``)."""
        score = self._score(self.weights)
        return pd.DataFrame({"customer_id": self.customer_id, "score": score, "place": self._place(score)})

    def _score(self, weights: pd.Series) -> np.ndarray:
        return np.asarray(self.scaled.to_numpy() @ weights.to_numpy())

    def _place(self, score: np.ndarray) -> np.ndarray:
        """Place of each customer, 1 for the highest score; of equal ones (to nine digits) the smaller id."""
        digits = 9 - int(np.ceil(np.log10(max(1.0, np.abs(score).max(initial=0.0)))))
        keys = pd.DataFrame({"score": -np.round(score, digits), "id": self.customer_id.to_numpy()})
        place = np.empty(len(score), dtype=int)
        place[keys.sort_values(["score", "id"], kind="stable").index] = np.arange(1, len(score) + 1)
        return place

    def top(self, count: int) -> list:
        """Return the ids of the customers at the top, best first.

        Parameters
        ----------
        count : int
            How many; all, if there are fewer.

        Returns
        -------
        list

        Raises
        ------
        ArgumentError
            ``count`` is no whole number of at least 1.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> segmentation.value_score(pd.DataFrame({"customer_id": ["ann", "bob"], "current": [1.0, 2.5]})).top(1)
        ['bob']
        """
        count = _check.integer("count", count, 1)
        return self.table.sort_values("place", kind="stable")["customer_id"].head(count).to_list()

    def shifts(self, *, shift: float = 0.1, share: float = 0.1) -> pd.DataFrame:
        """Move weight from each indicator to each other one, and count who leaves the top.

        Parameters
        ----------
        shift : float
            How much weight moves; all of it where an indicator has less.
        share : float
            Which share of customers, at least one, is the top.

        Returns
        -------
        DataFrame
            ``less``, ``more``, ``shift``, ``top`` (customers at the top), ``changed`` (of them, the share that is not there
            any more): one row per ordered pair of indicators (``tables.describe("weight_shifts")``).

        Raises
        ------
        ArgumentError
            ``shift`` or ``share`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> table = pd.DataFrame({"customer_id": [1, 2, 3], "current": [3.0, 2.0, 1.5], "potential": [1.0, 3.5, 2.0]})
        >>> segmentation.value_score(table, {"current": 0.6, "potential": 0.4}).shifts(shift=0.2)
                less       more  shift  top  changed
        0    current  potential    0.2    1      0.0
        1  potential    current    0.2    1      1.0
        """
        most, share = _check.share("shift", shift), _check.share("share", share)
        top = max(1, round(share * len(self.customer_id)))
        before = self._place(self._score(self.weights)) <= top
        rows = []
        for less, more in permutations(self.weights.index, 2):
            moved = min(most, float(self.weights[less]))
            weights = self.weights.copy()
            weights[less] -= moved
            weights[more] += moved
            rows.append((less, more, moved, top, 1 - float(before[self._place(self._score(weights)) <= top].mean())))
        return pd.DataFrame(rows, columns=["less", "more", "shift", "top", "changed"])

    @property
    def sensitivity(self) -> float:
        """The largest share of the top tenth that changes when a tenth of the weight moves between two indicators."""
        return float(self.shifts()["changed"].max()) if len(self.weights) > 1 else 0.0

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        return Summary(
            "Value score",
            facts=(
                ("Customers", len(self.customer_id)),
                *((f"Weight of {name}", round(float(weight), 3)) for name, weight in self.weights.items()),
                ("Of the top tenth, changed at most by moving 0.1 of weight", percent(self.sensitivity)),
            ),
            table=self.table.sort_values("place", kind="stable").head(10),
        )
