"""Costs: what it takes to win a customer, the lost ones included, and when it comes back.

A prospect costs something at every stage, won or lost, so those who were won carry the lost. Here the stages are priced,
the cost is laid on the won, by class of prospect if asked, and held against what customers bring month by month. It reads
stage events, prices of stages and months of customers; how a budget is divided is in ``budget``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw, tables
from crmlab._result import Result, Summary, percent, show
from crmlab._verdict import between_intervals, leaders, listed
from crmlab.development import columns
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def acquisition_costs(
    stage_events: pd.DataFrame, stage_costs: Mapping[str, float], *, classes: pd.DataFrame | None = None,
    by: str | None = None, value_per_win: float | None = None, level: float = 0.95,
) -> AcquisitionCosts:  # fmt: skip
    """Add up what prospects cost stage by stage, and divide it by those who were won: cost per win = sum(cost) / sum(won).

    Only ways that have ended are counted, so that nobody is charged without a chance to have been won. The interval of the
    ratio R is R +- z sqrt(sum((cost - R won)^2)) / sum(won), over prospects.

    Parameters
    ----------
    stage_events : DataFrame
        ``prospect_id, stage, outcome`` (``tables.describe("stage_events")``): one row per stage entered.
    stage_costs : mapping
        Stage -> cost of leading one prospect through it once, 0 or more, in currency.
    classes : DataFrame, optional
        ``prospect_id`` and the column ``by``: classes of prospects.
    by : str, optional
        A category, or a number with few values, in ``classes``.
    value_per_win : float, optional
        What a win brings after what it costs to deliver. With it, each class tells what a euro more brings.
    level : float
        Of the intervals.

    Returns
    -------
    AcquisitionCosts

    Raises
    ------
    DataError
        Missing columns, a stage without a price, nobody won, no way that has ended.
    ArgumentError
        A price is negative, or one of ``classes`` and ``by`` is missing.

    Examples
    --------
    >>> from crmlab import development
    >>> events = pd.DataFrame({"prospect_id": [1, 1, 2, 3, 3], "stage": ["talk", "offer", "talk", "talk", "offer"],
    ...                        "outcome": ["advanced", "won", "lost", "advanced", "lost"]})
    >>> costs = development.acquisition_costs(events, {"talk": 10, "offer": 100})
    >>> costs.cost_per_win, costs.cost_of_the_won
    (230.0, 110.0)
    """
    _check.frame("stage_events", stage_events, 'See `tables.describe("stage_events")`.')
    level = _check.share("level", level)
    value = None if value_per_win is None else _check.number("value_per_win", value_per_win, 0)
    _check.required_columns(stage_events.columns, tables.table("stage_events"), ["prospect_id", "stage", "outcome"])
    prices = _prices(stage_events, stage_costs)
    if (classes is None) != (by is None):
        raise ArgumentError("`classes` and `by` go together: a table with `prospect_id`, and its column of classes.")
    rows = stage_events.assign(cost=stage_events.stage.map(prices).astype(float))
    ended = rows.outcome.isin(["won", "lost"]).groupby(rows.prospect_id).any()
    rows = rows[rows.prospect_id.map(ended).to_numpy(bool)]
    runs = rows.assign(won=rows.outcome == "won").groupby("prospect_id").agg({"cost": "sum", "won": "any"})
    if not runs.won.any():
        finding = f"none of {len(runs):,} ways that ended was won" if len(runs) else "no way has ended"
        raise DataError(f"{finding}, so no win can carry the cost. Take a longer time.")
    cost, won = runs.cost.to_numpy(), runs.won.to_numpy(bool)
    stages = rows.groupby("stage").agg(entries=("cost", "size"), cost=("cost", "sum")).reindex(list(prices)).dropna()
    stages = stages.rename_axis("stage").reset_index().astype({"entries": int})
    stages["cost_per_entry"] = stages.stage.map(prices)
    stages["cost_per_win"], stages["share"] = stages.cost / won.sum(), stages.cost / max(cost.sum(), 1e-300)
    per_class = None
    if classes is not None:
        per_class = _by_class(runs, classes, str(by), value, level)
    low, high = _ratio_interval(cost, won, level)
    return AcquisitionCosts(
        stages[["stage", "entries", "cost_per_entry", "cost", "share", "cost_per_win"]], per_class, len(runs), int(won.sum()),
        int((~ended).sum()), float(cost.sum()), float(cost[won].sum() / won.sum()), low, high, by, level,
    )  # fmt: skip


def _prices(stage_events: pd.DataFrame, stage_costs: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(stage_costs, Mapping) or not stage_costs:
        raise ArgumentError(f"`stage_costs` must map stages to costs, such as {{'presenting': 300}}; it is {stage_costs!r}.")
    prices = {str(stage): _check.number(f"stage_costs[{stage!r}]", cost, 0) for stage, cost in stage_costs.items()}
    unknown = ~stage_events.stage.isin(prices).to_numpy()
    remedy = "Name it in `stage_costs`; 0 is a price."
    _check.refuse_rows(stage_events, unknown, "`stage` has no price", "stage_events", remedy)
    return prices


def _ratio_interval(cost: np.ndarray, won: np.ndarray, level: float) -> tuple[float, float]:
    """Return the ends of the interval of cost per win; NaN with fewer than two wins."""
    wins = won.sum()
    if wins < 2:
        return np.nan, np.nan
    ratio = cost.sum() / wins
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(((cost - ratio * won) ** 2).sum()) / wins
    return float(max(ratio - half, 0.0)), float(ratio + half)


def _by_class(runs: pd.DataFrame, classes: pd.DataFrame, by: str, value: float | None, level: float) -> pd.DataFrame:
    """Lay the cost on the won of each class."""
    _check.frame("classes", classes, "Give one row per prospect.")
    _check.required_columns(classes.columns, "classes", ["prospect_id", by])
    twice = classes.duplicated("prospect_id").to_numpy()
    _check.refuse_rows(classes, twice, "`prospect_id` stands twice", "classes", "Give one row per prospect.")
    if classes[by].nunique() > columns.MOST_CATEGORIES:
        raise DataError(f"column `{by}` has more than {columns.MOST_CATEGORIES} classes. Cut it with `pd.cut`.")
    label = classes.set_index("prospect_id")[by].reindex(runs.index)
    names = pd.Series(columns.categories(label), runs.index)
    rows = []
    for name, part in runs.groupby(names, sort=True):
        cost, won = part.cost.to_numpy(), part.won.to_numpy(bool)
        ratio = cost.sum() / won.sum() if won.any() else np.nan
        low, high = _ratio_interval(cost, won, level) if won.any() else (np.nan, np.nan)
        gain = np.nan if value is None else value * won.sum() / max(cost.sum(), 1e-300)
        rows.append((name, len(part), int(won.sum()), won.mean(), cost.mean(), ratio, low, high, gain))
    return pd.DataFrame(rows, columns=[column.name for column in tables.table("effort_by_class").columns])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AcquisitionCosts(Result):
    """What it costs to win a customer.

    Attributes
    ----------
    table : DataFrame
        One row per stage (``tables.describe("stage_costs")``).
    classes : DataFrame or None
        One row per class of prospects (``tables.describe("effort_by_class")``).
    n, n_won, n_open : int
        Ways that ended, those that were won, and ways that have not ended and are left out.
    cost : float
        Of all ways that ended.
    cost_of_the_won : float
        Mean cost of those who were won, on their own way: what a report says that forgets the lost.
    low, high : float
        Ends of the interval of the cost per win.
    by : str or None
        The column of classes.
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    classes: pd.DataFrame | None
    n: int
    n_won: int
    n_open: int
    cost: float
    cost_of_the_won: float
    low: float
    high: float
    by: str | None
    level: float

    @property
    def cost_per_win(self) -> float:
        """Cost of all prospects, also the lost, for each who was won."""
        return self.cost / self.n_won

    def summary(self) -> Summary:
        """The stages, the cost per win, and where the next euro goes."""
        facts = (
            ("Ways that ended", self.n), ("Won", self.n_won), ("Left out: still open", self.n_open),
            ("Cost per win", f"{show(self.cost_per_win)} ({show(self.low)} to {show(self.high)})"),
            ("Of it, on the way of the won themselves", self.cost_of_the_won),
        )  # fmt: skip
        shown = self.table if self.classes is None else self.classes.dropna(axis="columns", how="all")
        return Summary("What it costs to win a customer", facts, shown, self._finding() + ".")

    def _finding(self) -> str:
        lost = 1 - self.cost_of_the_won / self.cost_per_win if self.cost else 0.0
        finding = f"{percent(lost, 0)} of the cost of a win was spent on prospects who were lost"
        if self.classes is None or (cheapest := self._cheapest()) is None:
            return finding
        return f"{finding}; a win costs least where `{self.by}` is {cheapest}"

    def _cheapest(self) -> str | None:
        """The classes in which a win costs least, as far as the intervals tell."""
        if self.classes is None:
            return None
        known = self.classes.dropna(subset=["cost_per_win", "low", "high"])
        if len(known) < 2:
            return None
        middle = known.cost_per_win.to_numpy()
        error = (known.high - middle).to_numpy() / stats.norm.ppf((1 + self.level) / 2)

        def difference(level: float) -> tuple[np.ndarray, np.ndarray]:
            half = stats.norm.ppf((1 + level) / 2) * error
            return -middle - half, -middle + half

        first = leaders(list(known["class"]), -middle, between_intervals(difference), level=self.level)
        return listed(first) if first else None

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cost of a win stage by stage, or, if classes were given, by class with intervals.

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
        >>> events = pd.DataFrame({"prospect_id": [1, 1, 2], "stage": ["talk", "offer", "talk"],
        ...                        "outcome": ["advanced", "won", "lost"]})
        >>> development.acquisition_costs(events, {"talk": 10, "offer": 100}).plot().get_ylabel()
        'cost for each win (currency)'
        """
        if self.classes is None:
            heights = self.table.set_index("stage").cost_per_win
            alt = "; ".join(f"{stage} {show(height)}" for stage, height in heights.items())
            y = "cost for each win (currency)"
            return _draw.bars(heights, title=self._finding(), x="stage", y=y, alt=f"{alt}.", ax=ax)
        rows = self.classes.dropna(subset=["cost_per_win"]).assign(
            label=lambda part: part["class"], middle=lambda part: part.cost_per_win
        )
        alt = "; ".join(f"{row.label} {show(row.middle)} ({show(row.low)} to {show(row.high)})" for row in rows.itertuples())
        x = f"cost for each win (currency), {100 * self.level:g} % interval"
        return _draw.interval_plot(rows, title=self._finding(), x=x, alt=f"{alt}.", ax=ax)


def payback(
    customer_months: pd.DataFrame, cost_per_win: float, *, months: int = 36, value: str = "profit", level: float = 0.95
) -> Payback:
    """Compute after how many months a customer has brought back what it cost to win them.

    For each month of age, the mean of what customers brought who could be watched for that long, those who have left included
    with nothing; cumulated over months. Customers begin in the month of their first row.

    Parameters
    ----------
    customer_months : DataFrame
        ``customer_id, month`` and the column ``value`` (``tables.describe("customer_months")``); months without a row
        count as 0. The last month of the table is the end of watching.
    cost_per_win : float
        0 or more, in currency.
    months : int
        How far to look.
    value : str
        Column of what a month brought, in currency.
    level : float
        Of the intervals.

    Returns
    -------
    Payback

    Raises
    ------
    DataError
        Missing columns, or months that are no dates.
    ArgumentError
        A number is out of range.

    Notes
    -----
    The variance of a cumulated mean over ages is that of the sum over customers of their distances from the mean of each age,
    each divided by how many could be watched. With few customers at high ages the curve rests on the oldest cohorts.

    Examples
    --------
    >>> from crmlab import development
    >>> rows = [(who, month, 10.0) for who in "abc" for month in pd.date_range("2024-01-01", periods=12, freq="MS")]
    >>> table = pd.DataFrame(rows, columns=["customer_id", "month", "profit"])
    >>> development.payback(table, 45).month
    5
    """
    _check.frame("customer_months", customer_months, 'See `tables.describe("customer_months")`.')
    cost, months = _check.number("cost_per_win", cost_per_win, 0), _check.integer("months", months, 1)
    level = _check.share("level", level)
    _check.required_columns(customer_months.columns, "customer_months", ["customer_id", "month", value])
    amounts = _check.numeric_columns(customer_months, [value], "customer_months")[:, 0]
    month = customer_months["month"]
    if not pd.api.types.is_datetime64_any_dtype(month) or month.isna().any() or not len(month):
        raise DataError("column `month` of the customer_months table must hold dates, none missing. Use `pd.to_datetime`.")
    number = (month.dt.year * 12 + month.dt.month).to_numpy()
    code, _ = pd.factorize(customer_months.customer_id, sort=True)
    _check.refuse_rows(customer_months, code < 0, "`customer_id` is missing", "customer_months", "Take these rows out.")
    first = np.full(code.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, code, number)
    age = number - first[code]
    ages = min(months, int(number.max() - first.min()) + 1)
    brought = np.zeros((first.size, ages))
    np.add.at(brought, (code[age < ages], age[age < ages]), amounts[age < ages])
    watched = np.arange(ages) <= (number.max() - first)[:, None]
    n = watched.sum(axis=0)
    mean = np.where(watched, brought, 0).sum(axis=0) / n
    influence = np.where(watched, brought - mean, 0) / n
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt((influence.cumsum(axis=1) ** 2).sum(axis=0))
    total = mean.cumsum()
    table = pd.DataFrame({
        "month_of_age": np.arange(1, ages + 1), "customers": n, "mean": mean, "cumulated": total, "low": total - half,
        "high": total + half,
    })  # fmt: skip
    return Payback(table, cost, level)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Payback(Result):
    """What a customer has brought by month, beside what it cost to win them.

    Attributes
    ----------
    table : DataFrame
        One row per month of age (``tables.describe("payback")``).
    cost_per_win : float
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    cost_per_win: float
    level: float

    @property
    def month(self) -> int | None:
        """The month in which the cost is back, from then on for good; None if it is not."""
        return self._back("cumulated")

    @property
    def interval(self) -> tuple[int | None, int | None]:
        """The months in which the upper and the lower end of the curve are past the cost; None where they are not."""
        return self._back("high"), self._back("low")

    def _back(self, column: str) -> int | None:
        behind = np.flatnonzero(self.table[column].to_numpy().round(9) < round(self.cost_per_win, 9))
        place = 0 if not behind.size else int(behind[-1]) + 1
        return int(self.table.month_of_age.iloc[place]) if place < len(self.table) else None

    def summary(self) -> Summary:
        """When the cost is back."""
        first, last = (str(end) if end is not None else f"not within {len(self.table)}" for end in self.interval)
        facts = (("Cost of a win", self.cost_per_win), (f"Month, {100 * self.level:g} % interval", f"{first} to {last}"))
        return Summary("Payback", facts, self.table.iloc[[*range(min(12, len(self.table)))]], self._finding() + ".")

    def _finding(self) -> str:
        if self.month is None:
            return f"Within {len(self.table)} months the cost of winning a customer does not come back"
        return f"The cost of winning a customer is back in month {self.month}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what a customer has brought by month of age, with its interval, and the cost of winning them.

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
        >>> rows = [(who, month, 10.0) for who in "abc" for month in pd.date_range("2024-01-01", periods=12, freq="MS")]
        >>> table = pd.DataFrame(rows, columns=["customer_id", "month", "profit"])
        >>> development.payback(table, 45).plot().get_title("left")
        'The cost of winning a customer is back in month 5'
        """
        curve = self.table.set_index("month_of_age")[["cumulated"]].rename(columns={"cumulated": "brought so far"})
        curve["cost of the win"] = self.cost_per_win
        last = self.table.iloc[-1]
        ax = _draw.curves(
            curve, title=self._finding(), x="months as a customer", y="currency per customer won",
            alt=f"After {len(self.table)} months {show(last.cumulated)} ({show(last.low)} to {show(last.high)}).", ax=ax,
        )  # fmt: skip
        ax.fill_between(self.table.month_of_age, self.table.low, self.table.high, color=_draw.BLUE, alpha=0.15, linewidth=0)
        return ax
