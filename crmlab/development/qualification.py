"""Qualification: who can pay and means to buy, each with the reason in words.

Two scores noted at the first contact, means and intent, make a card of four fields; what to do with each field is a rule of
thumb, and whether it pays is told by who was won. It reads one row per deal; a score made of all that is known on the day is in
``leads``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab._verdict import Verdict, verdict
from crmlab.development import columns
from crmlab.errors import ArgumentError, DataError
from crmlab.tables.leads import CARDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: (means are high, intent is high) -> the field of the card.
_FIELDS = {(True, True): CARDS[0], (True, False): CARDS[1], (False, True): CARDS[2], (False, False): CARDS[3]}
_MEANS = {True: "can pay", False: "can hardly pay"}
_INTENT = {True: "means to buy", False: "does not mean to buy yet"}


def qualify(
    deals: pd.DataFrame, *, means: str = "means", intent: str = "intent", high: float | tuple[float, float] = 3.5,
    outcome: str | None = None, level: float = 0.95,
) -> Qualification:  # fmt: skip
    """Sort deals by means (can they pay?) and intent (do they mean to buy?) into four fields, each with its reason.

    Parameters
    ----------
    deals : DataFrame
        One row per deal; ``prospect_id`` is kept if it is there.
    means, intent : str
        Columns of scores; more is better.
    high : float or pair of float
        Above which a score is high, of both or of (means, intent). On a scale of 1 to 5 that is 4 or 5.
    outcome : str, optional
        Column that says who was won, to see whether the card separates; by default ``outcome``, if there is one.
    level : float
        Of the intervals of the shares won.

    Returns
    -------
    Qualification

    Raises
    ------
    DataError
        A column is missing or holds no numbers.
    ArgumentError
        ``high`` is no number or pair of numbers.

    Examples
    --------
    >>> from crmlab import development
    >>> deals = pd.DataFrame({"means": [5, 5, 2, 1], "intent": [4, 1, 5, 2]}, index=["Ann", "Bo", "Cy", "Di"])
    >>> card = development.qualify(deals)
    >>> card.table.card.to_dict()
    {'Ann': 'call now', 'Bo': 'wake interest', 'Cy': 'make it affordable', 'Di': 'let go'}
    >>> card.table.reason["Bo"]
    'means 5: can pay; intent 1: does not mean to buy yet'
    """
    _check.frame("deals", deals, "Give one row per deal.")
    level = _check.share("level", level)
    _check.required_columns(deals.columns, "deals", [means, intent, *([] if outcome is None else [outcome])])
    if not len(deals):
        raise DataError("the deals table is empty. It needs at least one row.")
    limits = _limits(high)
    scores = _check.numeric_columns(deals, [means, intent], "deals", missing=True)
    missing = np.isnan(scores).any(axis=1)
    is_high = scores > limits
    cards = np.array([_FIELDS[bool(m), bool(i)] for m, i in is_high], dtype=object)
    cards[missing] = None
    reasons = np.array([_reason(row, highs, (means, intent)) for row, highs in zip(scores, is_high, strict=True)], dtype=object)
    reasons[missing] = "not asked yet"
    kept = [name for name in ("prospect_id", means, intent) if name in deals.columns]
    table = deals[kept].assign(card=cards, reason=reasons)
    outcome = "outcome" if outcome is None and "outcome" in deals.columns else outcome
    return Qualification(table, _fields(deals, table.card, outcome, level), means, intent, limits, int(missing.sum()), level)


def _limits(high: object) -> tuple[float, float]:
    pair = (high, high) if not isinstance(high, tuple | list) else tuple(high)
    if len(pair) != 2:
        raise ArgumentError(f"`high` must be a number, or a pair of numbers for means and intent; it is {high!r}.")
    return _check.number("high", pair[0]), _check.number("high", pair[1])


def _reason(scores: np.ndarray, is_high: np.ndarray, names: tuple[str, str]) -> str:
    words = (_MEANS[bool(is_high[0])], _INTENT[bool(is_high[1])])
    return "; ".join(f"{name} {score:g}: {word}" for name, score, word in zip(names, scores, words, strict=True))


def _fields(deals: pd.DataFrame, card: pd.Series, outcome: str | None, level: float) -> pd.DataFrame:
    """Count the deals of each field, and the won among those that have ended."""
    ends = None if outcome is None else columns.read_outcome(deals, outcome)
    rows = []
    for field in CARDS:
        mask = (card == field).to_numpy(bool)
        row: tuple = (pd.NA, pd.NA, np.nan, np.nan, np.nan)
        if ends is not None:
            ended, won = int((mask & ends.ended).sum()), int((mask & ends.ended & ends.won).sum())
            low, high = proportion_confint(won, ended, alpha=1 - level, method="wilson") if ended else (np.nan, np.nan)
            row = (ended, won, won / ended if ended else np.nan, float(low), float(high))
        rows.append((field, int(mask.sum()), mask.mean(), *row))
    table = pd.DataFrame(rows, columns=["card", "deals", "share", "decided", "won", "share_won", "low", "high"])
    return table.astype({"decided": "Int64", "won": "Int64"})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Qualification(Result):
    """A card of four fields.

    Attributes
    ----------
    table : DataFrame
        One row per deal, with its field and the reason (``tables.describe("qualification")``).
    fields : DataFrame
        One row per field: how many, and how many of them were won (``tables.describe("qualification_fields")``).
    means, intent : str
        The columns.
    limits : tuple of float
        Above which means and intent are high.
    n_missing : int
        Deals without one of the scores: they have no field.
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    fields: pd.DataFrame
    means: str
    intent: str
    limits: tuple[float, float]
    n_missing: int
    level: float

    def summary(self) -> Summary:
        """The four fields, and whether the first is won more often than the last."""
        facts = (
            ("Deals", len(self.table)), ("Without a score", self.n_missing),
            (f"{self.means} is high above, {self.intent} is high above", f"{self.limits[0]:g}, {self.limits[1]:g}"),
        )  # fmt: skip
        shown = self.fields if self.fields.won.notna().any() else self.fields[["card", "deals", "share"]]
        return Summary("Means and intent", facts, shown, self._finding() + ".")

    def _finding(self) -> str:
        first, last = self.fields.iloc[0], self.fields.iloc[-1]
        finding = f"{percent(float(first['share']), 0)} of the deals have both means and intent"
        if np.isnan(first.low) or np.isnan(last.low):
            return finding
        said = verdict(first.low, first.high, reference=float(last.share_won), n=int(first.decided))
        if said in (Verdict.HIGHER, Verdict.LOWER) and (first.low > last.high or first.high < last.low):
            word = "more" if said is Verdict.HIGHER else "less"
            return f"{finding}, and these are won {word} often than those with neither"
        return f"{finding}; whether they are won more often than those with neither cannot be told"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many deals have which means and which intent.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> from crmlab import development
        >>> deals = pd.DataFrame({"means": [5, 5, 2, 1], "intent": [4, 1, 5, 2]})
        >>> development.qualify(deals).plot().get_title("left")
        '25 % of the deals have both means and intent'
        """
        scored = self.table.dropna(subset=["card"])
        counts = pd.crosstab(scored[self.means], scored[self.intent]).sort_index(ascending=False)
        return _draw.heatmap(
            counts, title=self._finding(), x=f"{self.intent} (more is better)", y=f"{self.means} (more is better)",
            label="deals",
            alt="; ".join(f"{row.card}: {row.deals:,}" for row in self.fields.itertuples()) + ".", ax=ax,
        )  # fmt: skip
