"""Solutions: the numbers of a firm for which a claim would be true.

Each end of a claimed range is an equation in margin, retention, discount rate and the cost of winning a customer. Solving
it needs no data; it says what one must believe to believe the claim. The forward sums stand in ``conditions``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab.claims import catalogue
from crmlab.claims.catalogue import Claim
from crmlab.errors import ArgumentError
from crmlab.tables.claims import INDUSTRIES, WHOSE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ["industry", "unit", "whose", "end", "profit", "condition", "needed"]
_MARGIN = "margin of the firm"
_RETENTION = "retention, without cost of winning"
_RATE = "discount rate, at the usual retention"
_WINNING = "cost of winning, as a share of the gross value"
_RATIO = "conversion rate, without cost of winning"
_POINTS = "points of retention that it must add"
#: What is drawn of a claim with several conditions.
_FIRST = {"retention": _RETENTION, "cost": _MARGIN, "conversion": _WINNING, "satisfaction": _POINTS}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Arithmetic(Result):
    """What a firm must be like for a claim to be true.

    Attributes
    ----------
    claim : Claim
    table : DataFrame
        As ``tables.describe("claim_conditions")`` says; empty for a claim that cannot be read or names no range.
    retention, annual_rate : float
        The usual ones, where one of the others is sought.
    yearly_growth : float
        For the growth of a market, that of a year; NaN else.
    """

    claim: Claim
    table: pd.DataFrame
    retention: float
    annual_rate: float
    yearly_growth: float = math.nan

    def words(self, industry: str) -> str:
        """Write the condition of an industry in a sentence.

        Parameters
        ----------
        industry : str
            One of those of the claim.

        Raises
        ------
        ArgumentError
            The claim names no range for it.

        Examples
        --------
        >>> from crmlab import claims
        >>> claims.arithmetic("operating cost").words("finance")
        'margin of the firm: 6.2 % to 11.1 %'
        """
        _check.choice("industry", industry, tuple(dict.fromkeys(self.table.industry)))
        condition = _FIRST[self.claim.driver]
        rows = self.table[(self.table.industry == industry) & (self.table.condition == condition)]
        values = rows.needed.dropna()
        if values.empty:
            return f"{condition}: none makes it true"
        missing = "; no value for some ends and readings" if rows.needed.isna().any() else ""
        return f"{condition}: {percent(values.min())} to {percent(values.max())}{missing}"

    def summary(self) -> Summary:
        """Return the conditions, or why there are none.

        Examples
        --------
        >>> from crmlab import claims
        >>> print(claims.arithmetic("growth of the market").summary())
        growth of the market: 17.6 % a year
          A market grew from 0.8 to 1.8 billion in five years. In which currency, whose count, and from
          when to when? The arithmetic is fine, the source is missing.
        """
        note = f"{self.claim.wording} {self.claim.criticism}"
        if not math.isnan(self.yearly_growth):
            return Summary(f"{self.claim.name}: {percent(self.yearly_growth)} a year", note=note)
        if self.table.empty:
            return Summary(f"{self.claim.name}: unreadable", note=note)
        facts = (("Usual retention", percent(self.retention, 0)), ("Usual discount rate", percent(self.annual_rate, 0)))
        source = "Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1)"
        return Summary(f"{self.claim.name}: what must be so for it to be true", facts, self.table, note, source)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw for each industry from which to which number a firm must have for the claim to be true.

        Raises
        ------
        ArgumentError
            No number makes it true, or it cannot be read.

        Examples
        --------
        >>> from crmlab import claims
        >>> claims.arithmetic("operating cost").plot().get_xlabel()
        'margin of the firm, %'
        """
        condition = _FIRST.get(self.claim.driver, "")
        rows = self.table[(self.table.condition == condition) & self.table.needed.notna()]
        if rows.empty:
            raise ArgumentError(
                f"there is nothing to draw of {self.claim.name!r}: no number makes it true, or it is unreadable."
            )
        ends = 100 * rows.groupby("industry", sort=False).needed.agg(["min", "max"])
        ax = _draw.new_axes(ax, height=3.2)
        ax.barh(ends.index, ends["max"] - ends["min"], left=ends["min"], height=0.5, color=_draw.BLUE)
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        spans = "; ".join(f"{name} {low:.0f} to {high:.0f} %" for name, low, high in ends.itertuples())
        title = f"{self.claim.name.capitalize()}: true where {condition} is {spans}"
        return _draw.decorate(ax, title=title, x=f"{condition}, %", alt=f"{title}. One bar for each industry.")


def arithmetic(claim: str, *, retention: float = 0.8, annual_rate: float = 0.12) -> Arithmetic:
    """Solve for the conditions under which a claim would be true, for each end of its range and each reading.

    With margin m, retention r, discount rate i and k = 1 + i, a customer's value is m r / (k - r), and a firm's profit in the
    long run has k = 1. A change T of it from a step s of retention asks for r = k (T - s) / (T (1 + s)) if per cent are
    meant, and for the larger root of T r^2 - T (k - s) r + s k = 0 if points are. The cost of winning a customer takes the
    share 1 - T0 / T of their gross value, T0 being the change without it. Cost asks for m = s / (T + s). For satisfaction it
    is the points of retention that it must add.

    Parameters
    ----------
    claim : str
        One of ``claims.CLAIMS`` by its name.
    retention : float
        The usual one, where another number is sought; above 0 and below 1.
    annual_rate : float
        The usual one; 0 or more.

    Returns
    -------
    Arithmetic

    Raises
    ------
    ArgumentError
        There is no such claim, or a number is out of range.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18.

    Examples
    --------
    >>> from crmlab import claims
    >>> table = claims.arithmetic("operating cost").table
    >>> table.groupby("industry", sort=False).needed.agg(["min", "max"]).round(2).to_numpy().tolist()
    [[0.06, 0.11], [0.09, 0.2], [0.17, 0.5], [0.12, 0.33]]
    """
    chosen = catalogue.claim(claim)
    r, i = _check.share("retention", retention), _check.number("annual_rate", annual_rate, 0)
    rows = [
        (industry, unit, whose, end, profit, condition, value)
        for industry in INDUSTRIES if industry in chosen.ranges
        for unit in chosen.units
        for whose in WHOSE
        for end, profit in zip(("low", "high"), chosen.ranges[industry], strict=True)
        for condition, value in _SOLVERS[chosen.driver](profit, chosen.step, unit, r, 1 + i if whose == "customer" else 1.0)
        if not (condition == _RATE and whose == "firm")
    ]  # fmt: skip
    first, last, years = chosen.growth or (1.0, math.nan, 1)
    growth = (last / first) ** (1 / years) - 1
    return Arithmetic(chosen, pd.DataFrame(rows, columns=_COLUMNS).astype({"needed": "float64"}), r, i, growth)


Conditions = Iterator[tuple[str, float]]


def _retention(T: float, s: float, unit: str, r: float, k: float) -> Conditions:
    yield _RETENTION, _retention_for(T, s, unit, k)
    yield _RATE, _rate_for(T, s, unit, r)
    step = s if unit == "points" else r * s
    without = (r + step) / r * (k - r) / (k - r - step) - 1 if k > r + step else math.inf
    yield _WINNING, 1 - without / T if without <= T else math.nan


def _retention_for(T: float, s: float, unit: str, k: float) -> float:
    """Return the retention at which a step is worth T: the larger of two, since few firms keep less than half a year."""
    if unit == "per cent":
        r = k * (T - s) / (T * (1 + s))
        return r if r >= 0 and r * (1 + s) <= 1 else math.nan
    root = (k - s) ** 2 - 4 * s * k / T
    r = (k - s + math.sqrt(root)) / 2 if root >= 0 else math.nan
    return r if r + s <= 1 else math.nan


def _rate_for(T: float, s: float, unit: str, r: float) -> float:
    """Return the discount rate at which a step is worth T, at a given retention."""
    step = s if unit == "points" else r * s
    if T * r <= step or r + step > 1:
        return math.nan
    i = T * r * (r + step) / (T * r - step) - 1
    return i if i >= 0 else math.nan


def _cost(T: float, s: float, unit: str, r: float, k: float) -> Conditions:
    yield _MARGIN, -s / (T - s)


def _conversion(T: float, s: float, unit: str, r: float, k: float) -> Conditions:
    if k > 1:  # what a customer is worth does not ask how many there are
        return
    if unit == "points":
        yield _RATIO, s / T if s <= T else math.nan
    else:
        yield _WINNING, 1 - s / T if s <= T else math.nan


def _satisfaction(T: float, s: float, unit: str, r: float, k: float) -> Conditions:
    share = T * (k - r) / (k + T * r)
    yield _POINTS, r * share if r * (1 + share) <= 1 else math.nan


_SOLVERS: dict[str, Callable[[float, float, str, float, float], Conditions]] = {
    "retention": _retention, "cost": _cost, "conversion": _conversion, "satisfaction": _satisfaction,
}  # fmt: skip
