"""Tenure: what customers bring by the year of their relationship, those who are left and the same people.

Profit per customer rises from year to year wherever those who bring little leave, even if nobody changes. So each mean is
made twice: of those who were still there in the year, and of a fixed set of people. It reads when relationships began (and,
under contract, ended) and the money of each customer by month; who leaves and why is known in ``retention``. The layers that
a year adds stand in ``layers``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw, _engine, tables
from crmlab._result import Result, Summary, percent, show
from crmlab._verdict import Verdict, verdict
from crmlab.errors import ArgumentError, DataError
from crmlab.loyalty import layers
from crmlab.loyalty.relationship_years import by_year, month_number

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

STILL_THERE, SAME_PEOPLE, LEAVING = VIEWS = ("still there", "the same people", "the leaving of others")
_BY_CONTRACT = "had not left when the year began"
_BY_ORDERS = "had an order in the year"


def tenure_profit(
    customers: pd.DataFrame, months: pd.DataFrame | ibis.Table | str | PathLike, *, years: int = 2,
    until: str | dt.date | None = None, cohort: tuple[str | dt.date, str | dt.date] | None = None,
    firm_months: pd.DataFrame | None = None, referrals: pd.DataFrame | None = None, measure: str = "profit",
) -> TenureProfit:  # fmt: skip
    """Compute the mean profit per customer by year of the relationship: of those still there, and of the same people.

    A year of a relationship begins on the day it began and on its anniversaries; the money of the month in which an
    anniversary falls is split by days. Still there in a year is who had not left when it began, if ``customers`` has a
    column ``left``, as under contract; else who had an order in it. The same people are those still there in the last year.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id``, ``since``, optionally ``left`` (see ``tables.describe("tenures")``).
    months : DataFrame, path or Ibis table
        ``customer_id``, ``month``, the measure, and ``orders`` if there is no ``left``: ``tables.describe("customer_months")``.
        A month without a row brought nothing; rows of other customers are not read.
    years : int
        How many years of the relationship to show, at least 2.
    until : date or str, optional
        The last day that counts; a month that ends later is left out. By default the end of the last month.
    cohort : pair of dates, optional
        First and last day on which a relationship began that counts; by default all.
    firm_months, referrals : DataFrame, optional
        As declared (``tables.describe("firm_months")``), for the layers of acquisition and of referrals.
    measure : "profit" or "revenue"
        Which column of ``months`` to follow; "revenue" where costs are not known.

    Returns
    -------
    TenureProfit
        Of those whose ``years`` years all lie between the first month and ``until``; the others are set aside and counted.

    Raises
    ------
    DataError
        A table breaks its declaration; customers have no day of entry; money or an end comes before it; nobody has been
        observed for so long, or was still there in the last year.
    ArgumentError
        ``years``, ``until`` or ``cohort`` is none.

    Notes
    -----
    With S(k) the set of those still there in year k and m(k, S) the mean profit of a set in that year, growth has two parts:
    m(k, S(k)) - m(1, S(1)) = [m(k, S(k)) - m(1, S(k))] + [m(1, S(k)) - m(1, S(1))], that of the same people and the leaving
    of others. Where orders tell who is still there, the same people are chosen by their last year, which flatters them.

    References
    ----------
    Reichheld & Sasser (1990), Zero defections, Harvard Business Review 68(5): by year, of those still there. Fader & Hardie
    (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1): what rises although none changes.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"], "since": pd.Timestamp("2022-01-01"), "left": pd.to_datetime([None, "2022-10-01"]),
    ... })
    >>> months = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"], "month": pd.to_datetime(["2022-01-01", "2023-12-01", "2022-03-01"]),
    ...     "profit": [90.0, 90.0, 30.0],
    ... })
    >>> tenure = loyalty.tenure_profit(customers, months)
    >>> tenure.growth()[["view", "amount"]]  # nobody changed
                        view  amount
    0            still there    30.0
    1        the same people     0.0
    2  the leaving of others    30.0
    """
    years, measure = _check.integer("years", years, 2), _check.choice("measure", measure, ("profit", "revenue"))
    tenures = _tenures(customers)
    rows, span = _money(months, [measure] if "left" in tenures else [measure, "orders"], until)
    own = rows[_belongs(tenures, rows)]
    kept, set_aside = _observed(tenures, span, years, cohort)
    present, rule = _present(kept, own, years)
    cost = None if firm_months is None else layers.acquisition_cost(firm_months, kept.since)
    referral = None if referrals is None else layers.referral_profit(kept, rows, referrals, measure, years)
    return TenureProfit(by_year(kept, own, measure, years), present, rule, set_aside, cost, referral, measure)


def _tenures(customers: pd.DataFrame) -> pd.DataFrame:
    """Return when each relationship began and, if there is a column for it, ended; refuse an end before the beginning."""
    frame = _check.frame("customers", customers)
    remedy = (
        "A snapshot without days of entry tells who is there, not for how long: add `since`, the day on which each became a "
        "customer; where none was noted, the day of the first order may stand for it."
    )
    _check.required_columns(frame.columns, tables.table("tenures"), ["customer_id", "since"], remedy)
    _engine.check(frame, "tenures")
    dates = [name for name in ("since", "left") if name in frame]
    frame = frame[["customer_id", *dates]].assign(**{name: pd.to_datetime(frame[name]) for name in dates})
    if "left" in frame:
        wrong = (frame.left < frame.since).to_numpy()
        _check.refuse_rows(frame, wrong, "`left` lies before `since`", "customers", "Mend these rows or take them out.")
    return frame


def _money(months: object, columns: list[str], until: str | dt.date | None) -> tuple[pd.DataFrame, tuple[int, int]]:
    """Return the rows of whole months up to the cut, and the numbers of the first and the last month."""
    with _engine.open_table(months, "customer_months", ("customer_id", "month", *columns)) as (table, _, run):
        rows = run(table.select("customer_id", "month", *columns))
    rows["month"] = pd.to_datetime(rows.month)
    numbers = month_number(rows.month)
    if until is None:
        return rows, (numbers.min(), numbers.max())
    after = pd.Timestamp(_check.day("until", until)) + pd.Timedelta(days=1)
    last = 12 * after.year + after.month - 1
    if last < numbers.min():
        raise DataError(
            f"no month ends on or before `until`, {until}: the first is {rows.month.min():%Y-%m}. Choose a later one."
        )
    return rows[numbers <= last], (numbers.min(), last)


def _belongs(tenures: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return which rows are of these customers; refuse money from before a relationship began."""
    position = pd.Index(tenures.customer_id).get_indexer(pd.Index(rows.customer_id))
    known = position >= 0
    if not known.any():
        raise DataError("no `customer_id` of the months stands in the table of customers. Take both from one firm.")
    early = known & (month_number(rows.month) < month_number(tenures.since)[position])
    remedy = "Set `since` to the day of the first, or take these rows out."
    _check.refuse_rows(rows, early, "money comes before the month of `since`", "customer_months", remedy)
    return known


def _observed(
    tenures: pd.DataFrame, span: tuple[int, int], years: int, cohort: tuple | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the customers whose years lie within the first and the last month, and how many do not, by reason."""
    (first, last), entry = span, month_number(tenures.since)
    wanted = np.ones(len(tenures), bool)
    if cohort is not None:
        if not isinstance(cohort, tuple | list) or len(cohort) != 2:
            raise ArgumentError(f"`cohort` must be two days, the first and the last of entry; it is {cohort!r}.")
        begin, end = (pd.Timestamp(_check.day("cohort", day)) for day in cohort)
        wanted = tenures.since.between(begin, end).to_numpy()
    early = wanted & (entry < first)
    late = wanted & (entry + 12 * years - (tenures.since.dt.day == 1) > last)
    set_aside = {
        "entered on other days than asked for": int((~wanted).sum()),
        "entered before the first month of the records": int(early.sum()),
        f"less than {years} years observed": int(late.sum()),
    }
    if not (kept := tenures[wanted & ~early & ~late]).empty:
        return kept, set_aside
    counted = ", ".join(f"{count:,} {reason}" for reason, count in set_aside.items() if count)
    raise DataError(
        f"none of {len(tenures):,} customers has been observed for {years} years of the relationship ({counted}). "
        "Take fewer `years`, a longer table of months, or other days of `cohort`."
    )


def _present(tenures: pd.DataFrame, rows: pd.DataFrame, years: int) -> tuple[np.ndarray, str]:
    """Return who was still there in each year, shape (customers, years), and by which rule."""
    if "left" in tenures:
        rule, starts = _BY_CONTRACT, [tenures.since + pd.DateOffset(years=year) for year in range(1, years)]
        stays = [(tenures.left.isna() | (tenures.left > start)).to_numpy() for start in starts]
        present = np.column_stack([np.ones(len(tenures), bool), *stays])
    else:
        rule, present = _BY_ORDERS, by_year(tenures, rows, "orders", years) > 0
    for year in range(1, years + 1):
        if not present[:, year - 1].any():
            raise DataError(
                f"of {len(tenures):,} customers none was still there in year {year}: none {rule}. "
                f"{'Check that `since` is the day of the first order.' if year == 1 else 'Take fewer `years`.'}"
            )
    return present, rule


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TenureProfit(Result):
    """What customers bring by the year of their relationship.

    Attributes
    ----------
    profit : ndarray, shape (customers, years)
        Of each customer in each year, in currency; revenue if that is the measure.
    present : ndarray of bool, shape (customers, years)
        Whether they were still there.
    rule : str
        What that means.
    set_aside : dict of str to int
        How many customers were left out, by reason.
    acquisition_cost : float or None
        What it cost to win one of them, if ``firm_months`` was given.
    referral_profit : ndarray, shape (customers, years), or None
        Of those whom each brought, if ``referrals`` was given.
    measure : str
        "profit" or "revenue".
    """

    profit: np.ndarray
    present: np.ndarray
    rule: str
    set_aside: dict[str, int]
    acquisition_cost: float | None = None
    referral_profit: np.ndarray | None = None
    measure: str = "profit"

    @property
    def years(self) -> int:
        """How many years are shown."""
        return self.profit.shape[1]

    @property
    def table(self) -> pd.DataFrame:
        """Mean profit by view and year with 95 % confidence intervals (``tables.describe("tenure_profit")``)."""
        return self.interval()

    @property
    def layers(self) -> pd.DataFrame:
        """What each customer who was won brings by year, apart by layer (``tables.describe("profit_layers")``).

        The cost to win them stands in year 0. Base profit is what those still there brought in their first year, growth
        what they bring beyond it; the profit of those whom they brought is counted in their own year, and is no part of
        the others. With 95 % confidence intervals; the cost is taken as known.
        """
        return layers.layer_table(self.profit, self.present, self.acquisition_cost, self.referral_profit, _z(0.95))

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the mean profit by view and year, with confidence intervals of the mean.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``. An end is empty where one customer alone is left.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> profit, present = np.array([[9.0, 8], [7, 8], [2, 0]]), np.array([[True, True], [True, True], [True, False]])
        >>> loyalty.TenureProfit(profit, present, "had not left", {}).interval(0.9)[["year", "profit", "low", "high"]].round(2)
           year  profit   low  high
        0     1     6.0  2.58  9.42
        1     2     8.0  8.00  8.00
        2     1     8.0  6.36  9.64
        3     2     8.0  8.00  8.00
        """
        z = _z(level)
        rows = [
            (view, year + 1, int(there.sum()), *_bounded(mean, influence, z))
            for view in (STILL_THERE, SAME_PEOPLE)
            for year in range(self.years)
            for there in [self._set(view, year)]
            for mean, influence in [self._mean(view, year)]
        ]
        return pd.DataFrame(rows, columns=["view", "year", "customers", "profit", "low", "high"])

    def growth(self, level: float = 0.95) -> pd.DataFrame:
        """Compute by how much the last year is above the first, in both views, and what the leaving of others makes of it.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame (``tables.describe("tenure_growth")``)
            One row per view and one for ``the leaving of others``, the first view less the second: ``amount`` in currency
            per customer, in which the decomposition is exact, and ``share``, relative to the mean of the first year of the
            same view; both with confidence intervals. Shares are empty if the profit of the first year is not
            distinguishable from zero or below it.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Notes
        -----
        Means of overlapping sets of people are not independent. So the intervals come from the influence of each customer on
        all four means together; of the same people that is the paired comparison.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> profit, present = np.array([[9.0, 8], [8, 8], [4, 0]]), np.array([[True, True], [True, True], [True, False]])
        >>> loyalty.TenureProfit(profit, present, "had not left", {}).growth()[["view", "amount", "share"]].round(3)
                             view  amount  share
        0             still there     1.0  0.143
        1         the same people    -0.5 -0.059
        2  the leaving of others     1.5  0.202
        """
        z, amounts, shares = _z(level), [], []
        for view in (STILL_THERE, SAME_PEOPLE):
            first, first_influence = self._mean(view, 0)
            last, last_influence = self._mean(view, self.years - 1)
            amounts.append((last - first, last_influence - first_influence))
            base = first if first > 0 and not _bounded(first, first_influence, z)[1] <= 0 else np.nan
            shares.append((last / base - 1, (last_influence - last / base * first_influence) / base))
        for parts in (amounts, shares):
            parts.append((parts[0][0] - parts[1][0], parts[0][1] - parts[1][1]))
        rows = [
            (view, *_bounded(*amount, z), *_bounded(*share, z))
            for view, amount, share in zip(VIEWS, amounts, shares, strict=True)
        ]
        return pd.DataFrame(rows, columns=["view", "amount", "low", "high", "share", "share_low", "share_high"])

    def _set(self, view: str, year: int) -> np.ndarray:
        """Return the people whose mean is taken, shape (customers,)."""
        return self.present[:, year if view == STILL_THERE else -1]

    def _mean(self, view: str, year: int) -> tuple[float, np.ndarray]:
        """Compute a mean and the influence of each customer on it, shape (customers,)."""
        there = self._set(view, year)
        n, mean = int(there.sum()), float(self.profit[there, year].mean())
        return mean, np.where(there, self.profit[:, year] - mean, 0.0) / (np.sqrt(n * (n - 1)) if n > 1 else np.nan)

    def in_words(self, view: str) -> str:
        """Say by how much the last year is above or below the first, as far as the 95 % interval tells.

        Parameters
        ----------
        view : str
            A view of ``growth``.

        Returns
        -------
        str
            Such as "7.5 % less", "not distinguishable" or "too few to say"; in percentage points for the leaving of others,
            in currency where there is no share.

        Raises
        ------
        ArgumentError
            ``view`` is none of them.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> profit = np.column_stack([np.arange(8.0), 1.2 * np.arange(8.0)])
        >>> loyalty.TenureProfit(profit, np.ones((8, 2), bool), "had not left", {}).in_words("the same people")
        '20.0 % more'
        """
        _check.choice("view", view, VIEWS)
        row = self.growth().set_index("view").loc[view]
        answer = verdict(row.low, row.high, n=int(self.present[:, -1].sum()))
        per_cent = f"{100 * abs(row.share):.1f} points" if view == LEAVING else percent(abs(row.share))
        size = f"{abs(row.amount):,.2f}" if np.isnan(row.share) else per_cent
        return {Verdict.HIGHER: f"{size} more", Verdict.LOWER: f"{size} less"}.get(answer, str(answer))

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        return Summary(
            f"{self.measure.capitalize()} by year of the relationship",
            facts=(
                ("Customers observed in all years", len(self.profit)),
                *((f"Left out: {reason}", count) for reason, count in self.set_aside.items() if count),
                ("Still there means", self.rule),
                (f"Growth to year {self.years}, those still there", self.in_words(STILL_THERE)),
                (f"Growth to year {self.years}, the same people", self.in_words(SAME_PEOPLE)),
                ("The leaving of others makes of it", self.in_words(LEAVING)),
            ),
            table=self.growth(),
            note="95 % confidence intervals of means over customers, in currency per customer, and shares of the first year. "
            f"Of the layers of profit that Reichheld (1996) names these tables cannot show {' and '.join(layers.HIDDEN)}: they "
            "lie inside the growth of the same people.",
            source="Reichheld & Sasser (1990)",
        )

    def plot(self, view: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the mean profit by year in one of the views or in both, on the same axis whatever the view.

        Parameters
        ----------
        view : "still there" or "the same people", optional
            By default both.
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ArgumentError
            ``view`` is none of them.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import loyalty
        >>> profit = np.column_stack([np.arange(8.0), 1.2 * np.arange(8.0)])
        >>> tenure = loyalty.TenureProfit(profit, np.ones((8, 2), bool), "had not left", {})
        >>> tenure.plot("the same people").get_title("left")
        'Profit in year 2 beside year 1: 20.0 % more (the same\\npeople)'
        """
        views = (STILL_THERE, SAME_PEOPLE) if view is None else (_check.choice("view", view, (STILL_THERE, SAME_PEOPLE)),)
        whole = self.table
        rows = whole[whole["view"].isin(views)]
        said = ", ".join(f"{self.in_words(each)} ({'those ' * (each == STILL_THERE)}{each})" for each in views)
        ends = [0.0, *whole[["profit", "low", "high"]].to_numpy().ravel()]
        ax = _draw.interval_plot(
            pd.DataFrame({
                "label": [f"year {row.year}, {row.view}" for row in rows.itertuples()], "middle": rows.profit.to_numpy(),
                "low": rows.low.to_numpy(), "high": rows.high.to_numpy(), "group": rows["view"].to_numpy(),
            }),
            title=f"{self.measure.capitalize()} in year {self.years} beside year 1: {said}",
            x=f"{self.measure} per customer in the year, in currency (95 % confidence intervals)",
            zero=True,
            alt=" ".join(
                f"Year {row.year}, {row.view}: {show(round(row.profit, 2))} from each of {row.customers:,}."
                for row in rows.itertuples()
            ),
            ax=ax,
        )  # fmt: skip
        low, high = np.nanmin(ends), np.nanmax(ends)
        ax.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        return ax


def _z(level: float) -> float:
    return float(special.ndtri((1 + _check.share("level", level)) / 2))


def _bounded(estimate: float, influence: np.ndarray, z: float) -> tuple[float, float, float]:
    """Return an estimate with the ends of its interval, from the influence of each customer on it."""
    reach = z * float(np.sqrt((influence**2).sum()))
    return estimate, estimate - reach, estimate + reach
