"""Orders: the report on a user's own orders.

Each section is a function of the analysis of the orders, and answers one question of a manager in its title: who comes
back and when, who is recent and frequent, who moved, how much hangs on how few, what they will buy next year and what each
is worth. The numbers come from the topics; what several sections need is computed once. How a page is put together and
written stands in ``page``.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from crmlab import _check, _page, btyd, datasets, loyalty, retention, segmentation
from crmlab._result import Summary, percent, show
from crmlab.errors import CrmlabError, DataError
from crmlab.report.groups import groups
from crmlab.report.page import Download, Folded, Part, Section, Table, Text, Tiles, charts, write

_MODELS = (btyd.fit_bgnbd, btyd.fit_mbgnbd, btyd.fit_pareto_nbd)
_ANNUAL_RATE = 0.10  # of the discount
_LISTED = 20_000  # customers in the list to download


def orders_report(
    path: str | PathLike | pd.DataFrame,
    out: str | PathLike,
    *,
    rename: Mapping[str, str] | None = None,
    until: str | dt.date | None = None,
    day_first: bool | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Path:
    """Write one self-contained HTML page about your own orders.

    Parameters
    ----------
    path, rename, day_first, decimal, encoding, sheet
        As ``datasets.read``.
    out : str or path
        The page to write; an existing one is replaced when the new one is whole.
    until : date or str, optional
        The cut, the last day that counts; by default the day of the last order.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    DataError, ArgumentError
        As ``datasets.read`` and ``btyd.purchase_summary``; or the page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from crmlab import report
    >>> orders = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [10, 20, 5],
    ...                        "order_date": ["2024-01-05", "2024-02-07", "2024-02-09"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report.orders_report(orders, folder + "/report.html")
    ...     "Of 2 customers, 1 bought on one day only" in page.read_text(encoding="utf-8")
    True
    """
    out = _page.target(out)
    day = None if until is None else _check.day("until", until)
    reading = datasets.read(path, rename=rename, day_first=day_first, decimal=decimal, encoding=encoding, sheet=sheet)
    cut: dt.date = day or reading.rows["order_date"].max().date()
    name = "orders" if isinstance(path, pd.DataFrame) else Path(fspath(path)).name
    return write(
        out, "orders_report.html", _SECTIONS, _Analysis(reading, cut), title=f"Customers in {name}", until=cut,
        first=reading.rows["order_date"].min().date(), n_read=reading.read, n_used=len(reading.rows),
    )  # fmt: skip


class _Analysis:
    """The orders up to the cut, and what several sections need of them, each computed once when it is first asked for."""

    def __init__(self, reading: datasets.Reading, until: dt.date) -> None:
        self.reading, self.until = reading, until

    @cached_property
    def orders(self) -> pd.DataFrame:
        """The orders up to the cut."""
        return self.reading.rows[self.reading.rows["order_date"].dt.date <= self.until]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Purchase summary at the cut."""
        return btyd.purchase_summary(self.reading.rows, until=self.until)

    @cached_property
    def _fits(self) -> tuple[btyd.PurchaseFit, btyd.SpendFit] | CrmlabError:
        try:
            return _best_fit(self.summary), btyd.fit_gamma_gamma(self.summary)
        except CrmlabError as error:
            return error

    @property
    def fits(self) -> tuple[btyd.PurchaseFit, btyd.SpendFit]:
        """The best model of purchases and the model of spend; raises what the fit raised."""
        if isinstance(self._fits, CrmlabError):
            raise self._fits
        return self._fits


def _best_fit(summary: pd.DataFrame) -> btyd.PurchaseFit:
    """Fit the models of purchases and return the one that explains these histories best, by BIC."""
    return min((fit(summary) for fit in _MODELS), key=lambda fit: fit.bic)


def _facts(summary: Summary) -> Table:
    return Table(pd.DataFrame(summary.facts, columns=["", "value"]))


def _overview(analysis: _Analysis) -> Section:
    from statsmodels.stats.proportion import proportion_confint

    orders, summary, until = analysis.orders, analysis.summary, analysis.until
    repeaters, customers = int((summary.frequency > 0).sum()), len(summary)
    recent = int(((summary.frequency == 0) & (summary.age_weeks * 7 < 90)).sum())
    low, high = proportion_confint(repeaters, customers, method="wilson")
    n_after = len(analysis.reading.rows) - len(orders)
    tiles = Tiles((
        ("customers", show(customers)),
        ("orders", show(len(orders))),
        ("revenue", f"{orders['amount'].sum():,.2f}"),
        ("repeat rate", percent(repeaters / customers)),
    ))  # fmt: skip
    facts = pd.DataFrame(
        [
            ("First order", orders["order_date"].min()),
            ("Last order up to the cut", orders["order_date"].max()),
            ("Customers without a repeat purchase", customers - repeaters),
            ("Repeat rate, 95 % confidence interval", f"{percent(low)} to {percent(high)}"),
            ("Purchase days per customer", summary.frequency.mean() + 1),
            ("Mean amount of an order", f"{orders['amount'].mean():,.2f}"),
            *((("Orders after the cut, left out", n_after),) if n_after else ()),
        ],
        columns=["", "value"],
    )
    answer = (
        f"Of {customers:,} customers, {customers - repeaters:,} bought on one day only and {repeaters:,} "
        f"({percent(repeaters / customers)}) came back by {until}. Orders of one customer on one day count as "
        f"one purchase. Of those who have not come back, {recent:,} began in the last 90 days and have had little time for it: "
        "the next section follows those who began together."
    )
    return Section("Who comes back?", answer, (tiles, Table(facts), *charts(btyd.plot_frequency(summary))))


def _cohorts(analysis: _Analysis) -> Section:
    question, until = "When do they come back?", analysis.until
    days = (until - analysis.reading.rows["order_date"].min().date()).days
    period = "week" if days < 120 else "month" if days < 550 else "quarter" if days < 2200 else "year"
    table = retention.cohort_table(analysis.reading.rows, period=period, until=until)
    try:
        pictures = charts(retention.plot_cohorts(table))
    except DataError:
        return Section(question, f"The orders span less than two whole {period}s, so cohorts cannot be followed yet.")
    cells = table.assign(cohort=table.cohort.dt.strftime("%Y-%m-%d"), cell=table.share.map("{:.1%}".format))
    cells.loc[~table.complete, "cell"] += " *"
    triangle = cells.pivot(index=["cohort", "customers"], columns="period", values="cell").fillna("").reset_index()
    triangle.columns = pd.Index([str(name) for name in triangle.columns])
    answer = (
        f"Each row follows the customers whose first order fell in one {period}; each column is a {period} since then. Read "
        "down a column to see whether newer customers come back better than older ones did."
    )
    note = Text("Share of the cohort that bought. * The period had not ended at the cut.", small=True)
    return Section(question, answer, (*pictures, Folded(f"The cohort triangle by {period}", (Table(triangle), note))))


def _rfm(analysis: _Analysis) -> Section:
    scores = segmentation.rfm_scores(analysis.reading.rows, until=analysis.until)
    grid = segmentation.rfm_grid(scores)
    grid = grid.assign(customer_share=(grid.customers / len(scores)).map(percent))
    if total := grid.total_amount.sum():
        grid = grid.assign(amount_share=(grid.total_amount / total).map(percent))
    silent = int(((scores.r_score <= 2) & (scores.f_score >= 4)).sum())
    answer = (
        f"Customers are scored from 1 to 5 on how recently, how often and for how much they bought; equal customers get "
        f"equal scores. {silent:,} customers bought often (frequency 4 or 5) but have long been silent (recency 1 or 2): "
        "a first list for a call."
    )
    cells = Folded("All cells", (Table(grid.round(2)),))
    return Section("Which customers are recent and frequent?", answer, (*charts(segmentation.plot_rfm(scores)), cells))


def _concentration(analysis: _Analysis) -> Section:
    question = "How much hangs on how few?"
    try:
        concentration = loyalty.concentration(analysis.reading.rows, until=analysis.until)
    except DataError as error:
        return Section(question, f"This cannot be said: {error}")
    answer = (
        f"The top 10 % of customers bring {percent(concentration.top_share(0.1))} of revenue; 80 % of it comes "
        f"from {percent(concentration.customers_for(0.8))} of customers. Some of this is chance and time: who began early "
        "has had longer to spend."
    )
    return Section(question, answer, (*charts(concentration.plot()), _facts(concentration.summary())))


def _tenure(analysis: _Analysis) -> Section:
    question, orders = "Who grows, and who merely remained?", analysis.orders
    month = orders["order_date"].dt.to_period("M").dt.to_timestamp().rename("month")
    months = orders["amount"].groupby([orders["customer_id"], month]).agg(["size", "sum"])
    months = months.reset_index().rename(columns={"size": "orders", "sum": "revenue"})
    first = orders.groupby("customer_id")["order_date"].min().rename("since").reset_index()
    if (analysis.until - first["since"].min().date()).days < 2 * 365:
        return Section(question, "The orders span less than two years, so nobody can be followed into a second year yet.")
    try:
        tenure = loyalty.tenure_profit(first, months, until=analysis.until, measure="revenue")
    except DataError as error:
        return Section(question, f"This cannot be said yet: {error}")
    still, same, leaving = (tenure.in_words(view) for view in tenure.growth()["view"])
    n, buyers = tenure.present.sum(axis=0)
    answer = (
        f"Of {n:,} customers who can be followed for two years, {buyers:,} bought again in the second. Spend per customer in "
        f"the second year beside the first: {still} among those who bought in each year, {same} among the same {buyers:,} "
        f"people. The leaving of the others makes the difference: {leaving}. Only the second comparison says whether customers "
        "grow. It is flattered, because these people were chosen for having bought; and who ordered before the file begins "
        "counts as new."
    )
    means = tenure.table.rename(columns={"profit": "spend"}).assign(
        view=tenure.table["view"].replace("still there", "all buyers")
    )
    return Section(question, answer, (*charts(tenure.plot()), Folded("The means behind it", (Table(means.round(2)),))))


def _next_year(analysis: _Analysis) -> Section:
    question = "What will they buy next year?"
    orders, until = analysis.orders, analysis.until
    first = orders["order_date"].min().date()
    cut = first + (until - first) * 2 // 3
    try:
        fit, spend = analysis.fits
        forecast = btyd.forecast_revenue(fit, spend, analysis.summary, seed=1)
        calibration = _best_fit(btyd.purchase_summary(orders, until=cut))
        tracking = btyd.tracking(calibration, orders, fitted_until=cut)
    except CrmlabError as error:
        return Section(question, f"This cannot be said yet: {error}")
    holdout = tracking[~tracking.seen]
    interval = f"{percent(forecast.level, 0)} prediction interval {forecast.low:,.0f} to {forecast.high:,.0f}"
    answer = (
        f"These {len(analysis.summary):,} customers may be expected to buy {show(forecast.purchases, 0)} times in the 52 weeks "
        f"after {until}, for {forecast.revenue:,.0f} ({interval}); new customers come on top. The model ({fit.name}) knows no "
        "seasons and no change of what you do. To see whether it can be trusted here, it was also fitted to the orders up to "
        f"{cut} only and held against the {len(holdout)} weeks after: it expected {show(holdout.expected.sum(), 0)} repeat "
        f"purchases, {int(holdout.actual.sum()):,} came."
    )
    pictures = charts(btyd.plot_tracking(tracking), btyd.plot_tracking(tracking, total=False))
    parameters = fit.summary().table
    model = () if parameters is None else (Folded("The model", (Table(parameters),)),)
    return Section(question, answer, (*pictures, _facts(forecast.summary()), *model))


def _worth(analysis: _Analysis) -> Section:
    question = "What is each customer worth?"
    try:
        fit, spend = analysis.fits
        values = btyd.customer_value(fit, spend, analysis.summary, annual_rate=_ANNUAL_RATE)
        independence = btyd.spend_independence(analysis.summary)
    except CrmlabError as error:
        return Section(question, f"This cannot be said yet: {error}")
    low, high = values.interval()
    rows = values.table.round(2).sort_values("discounted_spend", ascending=False, kind="stable")
    n_alive = int((values.table.p_alive > 0.5).sum())
    answer = (
        f"{n_alive:,} of {len(rows):,} customers are more likely still there than not. Together all of them will spend "
        f"{values.total:,.0f} more (95 % confidence interval {low:,.0f} to {high:,.0f}), discounted at "
        f"{percent(_ANNUAL_RATE, 0)} a year; it is revenue, not profit. The interval "
        "of one customer says how well it is known what is to be expected of such a customer, not what this one will do. "
        f"{independence.note}"
    )
    top = Folded("The twenty most valuable customers", (Table(rows.head(20)),))
    return Section(question, answer, (*charts(values.plot()), _download(rows), top))


def _download(rows: pd.DataFrame) -> Download:
    listed = rows.head(_LISTED)
    which = "All" if len(listed) == len(rows) else f"The first {len(listed):,} of {len(rows):,}"
    data = base64.b64encode(listed.to_csv(index=False).encode()).decode()
    return Download("customer_values.csv", f"{which} customers as a CSV file", data)


def _set_aside(analysis: _Analysis) -> Section:
    question, reading = "What was set aside?", analysis.reading
    n_aside = reading.read - len(reading.rows)
    blank = f" Blank lines passed over: {reading.blank:,}." if reading.blank else ""
    answer = (
        f"{reading.read:,} rows were read ({reading.form}); {len(reading.rows):,} are used and {n_aside:,} were set aside."
        f"{blank}"
    )
    if (reading.set_aside.reason == "is negative").any():
        answer += " Negative amounts are most likely returns: they are set aside, and not taken off the revenue above."
    if "order_id" not in reading.rows and (n_repeated := int(reading.rows.duplicated().sum())):
        answer += (
            f" {n_repeated:,} of the rows in use are the same as an earlier row in every cell. They count, because without an "
            "order number a repeated row cannot be told from a second order; if the file has one, rename it to order_id."
        )
    if not n_aside:
        return Section(question, answer + " Nothing had to be set aside.")
    first = reading.set_aside.head(200)
    title = "Every fault"
    if len(first) < len(reading.set_aside):
        title = f"The first {len(first):,} of {len(reading.set_aside):,} faults"
    parts: tuple[Part, ...] = (Table(reading.reasons), Folded(title, (Table(first),)))
    return Section(question, answer, parts)


#: In the order of the page; a later topic adds its function here.
_SECTIONS: tuple[Callable[[_Analysis], Section], ...] = (
    _overview,
    _cohorts,
    _rfm,
    lambda analysis: groups(analysis.reading.rows, analysis.until),
    _concentration,
    _tenure,
    _next_year,
    _worth,
    _set_aside,
)
