"""Orders: the report on a user's own orders.

Each section is a function of the orders and of the cut, and answers one question of a manager in its
title: who comes back and when, who is recent and frequent, how much hangs on how few, what they will buy next
year and what each is worth. The numbers come from the topics; how a page is put together and written stands in
``page``.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from html import escape
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from crmlab import _check, btyd, datasets, loyalty, retention, segmentation
from crmlab._result import percent, show, table_html
from crmlab.errors import CrmlabError, DataError
from crmlab.report.page import Section, folded, pictures, target, write


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
    >>> from crmlab import datasets, report
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report.orders_report(datasets.load("orders"), folder + "/report.html")
    ...     "Who comes back?" in page.read_text(encoding="utf-8")
    True
    """
    out = target(out)
    until = None if until is None else _check.day("until", until)
    reading = datasets.read(path, rename=rename, day_first=day_first, decimal=decimal, encoding=encoding, sheet=sheet)
    until = until or reading.rows["order_date"].max().date()
    name = "orders" if isinstance(path, pd.DataFrame) else Path(fspath(path)).name
    first = reading.rows["order_date"].min().date()
    used = f"All {reading.read:,} rows of the file are used."
    if len(reading.rows) < reading.read:
        used = f"<strong>{len(reading.rows):,} of {reading.read:,} rows are used</strong>"
        used += '; <a href="#aside">the others</a> were set aside.'
    return write(out, f"Customers in {name}", f"Orders from {first} to {until}. {used}", _SECTIONS, reading, until)


def _overview(reading: datasets.Reading, until: dt.date) -> Section:
    from statsmodels.stats.proportion import proportion_confint

    orders = reading.rows[reading.rows["order_date"].dt.date <= until]
    summary = btyd.purchase_summary(reading.rows, until=until)
    again, customers = int((summary.frequency > 0).sum()), len(summary)
    late = int(((summary.frequency == 0) & (summary.age_weeks * 7 < 90)).sum())
    low, high = proportion_confint(again, customers, method="wilson")
    later = len(reading.rows) - len(orders)
    figures = (
        ("customers", show(customers)),
        ("orders", show(len(orders))),
        ("revenue", f"{orders['amount'].sum():,.2f}"),
        ("repeat rate", percent(again / customers)),
    )
    tiles = "".join(f"<div><strong>{escape(value)}</strong><span>{label}</span></div>" for label, value in figures)
    facts = pd.DataFrame(
        [
            ("First order", orders["order_date"].min()),
            ("Last order up to the cut", orders["order_date"].max()),
            ("Customers without a repeat purchase", customers - again),
            ("Repeat rate, 95 % confidence interval", f"{percent(low)} to {percent(high)}"),
            ("Purchase days per customer", summary.frequency.mean() + 1),
            ("Mean amount of an order", f"{orders['amount'].mean():,.2f}"),
            *((("Orders after the cut, left out", later),) if later else ()),
        ],
        columns=["", "value"],
    )
    answer = (
        f"Of {customers:,} customers, {customers - again:,} bought on one day only and {again:,} "
        f"({percent(again / customers)}) came back by {until}. Orders of one customer on one day count as "
        f"one purchase. Of those who have not come back, {late:,} began in the last 90 days and have had little time for it: "
        "the next section follows those who began together."
    )
    return Section(
        "Who comes back?",
        answer,
        (f'<div class="tiles">{tiles}</div>', table_html(facts), *pictures(btyd.plot_frequency(summary))),
    )


def _cohorts(reading: datasets.Reading, until: dt.date) -> Section:
    days = (until - reading.rows["order_date"].min().date()).days
    period = "week" if days < 120 else "month" if days < 550 else "quarter" if days < 2200 else "year"
    table = retention.cohort_table(reading.rows, period=period, until=until)
    try:
        picture = pictures(retention.plot_cohorts(table))
    except DataError:
        return Section(
            "When do they come back?", f"The orders span less than two whole {period}s, so cohorts cannot be followed yet."
        )
    triangle = table.assign(cohort=table.cohort.dt.strftime("%Y-%m-%d"), cell=table.share.map("{:.1%}".format))
    triangle.loc[~table.complete, "cell"] += " *"
    wide = triangle.pivot(index=["cohort", "customers"], columns="period", values="cell").fillna("").reset_index()
    wide.columns = [str(name) for name in wide.columns]
    answer = (
        f"Each row follows the customers whose first order fell in one {period}; each column is a {period} since then. Read "
        "down a column to see whether newer customers come back better than older ones did."
    )
    note = "<p><small>Share of the cohort that bought. * The period had not ended at the cut.</small></p>"
    return Section(
        "When do they come back?", answer, (*picture, folded(f"The cohort triangle by {period}", table_html(wide) + note))
    )


def _rfm(reading: datasets.Reading, until: dt.date) -> Section:
    scores = segmentation.rfm_scores(reading.rows, until=until)
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
    return Section(
        "Which customers are recent and frequent?",
        answer,
        (*pictures(segmentation.plot_rfm(scores)), folded("All cells", table_html(grid.round(2)))),
    )


def _concentration(reading: datasets.Reading, until: dt.date) -> Section:
    try:
        found = loyalty.concentration(reading.rows, until=until)
    except DataError as error:
        return Section("How much hangs on how few?", f"This cannot be said: {error}")
    answer = (
        f"The top 10 % of customers bring {percent(found.top_share(0.1))} of revenue; 80 % of it comes "
        f"from {percent(found.customers_for(0.8))} of customers. Some of this is chance and time: who began early "
        "has had longer to spend."
    )
    facts = pd.DataFrame(found.summary().facts, columns=["", "value"])
    return Section("How much hangs on how few?", answer, (*pictures(found.plot()), table_html(facts)))


_MODELS = {"BG/NBD": btyd.fit_bgnbd, "MBG/NBD": btyd.fit_mbgnbd, "Pareto/NBD": btyd.fit_pareto_nbd}
_RATE = 0.10  # discount of a year
_LISTED = 20_000  # customers in the list to download


def _best(summary: pd.DataFrame) -> btyd.PurchaseFit:
    """The model of purchases that explains these histories best; all have four parameters."""
    return max((fit(summary) for fit in _MODELS.values()), key=lambda fit: fit.loglik)


def _next_year(reading: datasets.Reading, until: dt.date) -> Section:
    question = "What will they buy next year?"
    orders = reading.rows[reading.rows["order_date"].dt.date <= until]
    first = orders["order_date"].min().date()
    cut = first + (until - first) * 2 // 3
    try:
        summary = btyd.purchase_summary(orders, until=until)
        fit, spend = _best(summary), btyd.fit_gamma_gamma(summary)
        ahead = btyd.forecast_revenue(fit, spend, summary, seed=1)
        test = _best(btyd.purchase_summary(orders, until=cut))
        tracked = btyd.tracking(test, orders, fitted_until=cut)
    except CrmlabError as error:
        return Section(question, f"This cannot be said yet: {error}")
    unseen = tracked[~tracked.seen]
    sure = f"{percent(ahead.level, 0)} prediction interval {ahead.low:,.0f} to {ahead.high:,.0f}"
    answer = (
        f"These {len(summary):,} customers may be expected to buy {show(ahead.purchases, 0)} times in the 52 weeks after "
        f"{until}, for {ahead.revenue:,.0f} ({sure}); new customers come on top. The model ({fit.name}) knows no seasons "
        "and no change of what you do. To see whether it can be trusted here, it was also fitted to the orders up to "
        f"{cut} only and held against the {len(unseen)} weeks after: it expected {show(unseen.expected.sum(), 0)} repeat "
        f"purchases, {int(unseen.actual.sum()):,} came."
    )
    facts = table_html(pd.DataFrame(ahead.summary().facts, columns=["", "value"]))
    charts = pictures(btyd.plot_tracking(tracked), btyd.plot_tracking(tracked, total=False))
    return Section(question, answer, (*charts, facts, folded("The model", table_html(fit.summary().table))))


def _worth(reading: datasets.Reading, until: dt.date) -> Section:
    question = "What is each customer worth?"
    try:
        summary = btyd.purchase_summary(reading.rows, until=until)
        fit, spend = _best(summary), btyd.fit_gamma_gamma(summary)
        values = btyd.customer_value(fit, spend, summary, annual_rate=_RATE)
        check = btyd.spend_independence(summary)
    except CrmlabError as error:
        return Section(question, f"This cannot be said yet: {error}")
    low, high = values.interval()
    rows = values.table.round(2).sort_values("discounted_spend", ascending=False, kind="stable")
    there = int((values.table.p_alive > 0.5).sum())
    sure = f"95 % confidence interval {low:,.0f} to {high:,.0f}"
    answer = (
        f"{there:,} of {len(rows):,} customers are more likely still there than not. Together all of them will spend "
        f"{values.total:,.0f} more ({sure}), discounted at {percent(_RATE, 0)} a year; it is revenue, not profit. The interval "
        "of one customer says how well it is known what is to be expected of such a customer, not what this one will do. "
        f"{check.note}"
    )
    listed = rows.head(_LISTED)
    data = base64.b64encode(listed.to_csv(index=False).encode()).decode()
    some = "All" if len(listed) == len(rows) else f"The first {len(listed):,} of {len(rows):,}"
    link = f'<p><a download="customer_values.csv" href="data:text/csv;base64,{data}">{some} customers as a CSV file</a></p>'
    top = folded("The twenty most valuable customers", table_html(rows.head(20)))
    return Section(question, answer, (*pictures(values.plot()), link, top))


def _set_aside(reading: datasets.Reading, until: dt.date) -> Section:
    aside = reading.read - len(reading.rows)
    blank = f" Blank lines passed over: {reading.blank:,}." if reading.blank else ""
    answer = (
        f"{reading.read:,} rows were read ({reading.form}); {len(reading.rows):,} are used and {aside:,} were set aside.{blank}"
    )
    if (reading.set_aside.reason == "is negative").any():
        answer += " Negative amounts are most likely returns: they are set aside, and not taken off the revenue above."
    if "order_id" not in reading.rows and (same := int(reading.rows.duplicated().sum())):
        answer += (
            f" {same:,} of the rows in use are the same as an earlier row in every cell. They count, because without an "
            "order number a repeated row cannot be told from a second order; if the file has one, rename it to order_id."
        )
    if not aside:
        return Section("What was set aside?", answer + " Nothing had to be set aside.")
    first = reading.set_aside.head(200)
    more = (
        f"The first {len(first):,} of {len(reading.set_aside):,} faults"
        if len(first) < len(reading.set_aside)
        else "Every fault"
    )
    return Section("What was set aside?", answer, (table_html(reading.reasons), folded(more, table_html(first))))


#: In the order of the page; a later topic adds its function here.
_SECTIONS: tuple[Callable[[datasets.Reading, dt.date], Section], ...] = (
    _overview,
    _cohorts,
    _rfm,
    _concentration,
    _next_year,
    _worth,
    _set_aside,
)
