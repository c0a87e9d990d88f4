"""The report: a user's own orders on one page.

One HTML file that holds all it shows (pictures included), asks nothing of any network, and can be
mailed. Each section is a function of the orders; a section answers one question of a manager in
its title. This room arranges; the numbers come from the topics.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from crmlab import __version__, _check, _draw, btyd, datasets, loyalty, retention, segmentation
from crmlab._result import percent, show, table_html
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["orders_report"]


@dataclass(frozen=True, slots=True)
class _Section:
    """A question, its answer in a sentence, and what shows it."""

    question: str
    answer: str
    body: tuple[str, ...] = ()

    def html(self) -> str:
        name = self.question.split()[0].lower().strip("?:,")
        return (
            f'<section id="{name}"><h2>{escape(self.question)}</h2><p>{escape(self.answer)}</p>{"".join(self.body)}</section>'
        )


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
    from tqdm.auto import tqdm

    if not isinstance(out, str | PathLike):
        raise ArgumentError(f"`out` must be the path of the page to write; it is {type(out).__name__}.")
    out = Path(fspath(out))
    _refuse_page(out)
    until = None if until is None else _check.day("until", until)
    reading = datasets.read(path, rename=rename, day_first=day_first, decimal=decimal, encoding=encoding, sheet=sheet)
    until = until or reading.rows["order_date"].max().date()
    name = "orders" if isinstance(path, pd.DataFrame) else Path(fspath(path)).name
    sections = []
    with tqdm(_SECTIONS, desc="writing the report", delay=2, leave=False) as bar:
        for section in bar:
            sections.append(section(reading, until))
    page = _page(name, reading, until, sections)
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"{str(out)!r} could not be written ({error.strerror}). Choose another `out`.") from None
    return out


def _refuse_page(out: Path) -> None:
    """Never write over anything but an earlier report."""
    if not out.parent.is_dir():
        raise DataError(f"the folder {str(out.parent)!r} does not exist. Make it first, or choose another `out`.")
    if out.is_dir():
        raise DataError(f"{str(out)!r} is a folder. Give `out` the name of a page in it, such as report.html.")
    if out.exists() and _MADE_BY.encode() not in out.read_bytes():
        raise DataError(f"{str(out)!r} exists and is no report of crmlab, so it was left alone. Choose another `out`.")


def _overview(reading: datasets.Reading, until: dt.date) -> _Section:
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
    return _Section(
        "Who comes back?",
        answer,
        (f'<div class="tiles">{tiles}</div>', table_html(facts), *_pictures(btyd.plot_frequency(summary))),
    )


def _cohorts(reading: datasets.Reading, until: dt.date) -> _Section:
    days = (until - reading.rows["order_date"].min().date()).days
    period = "week" if days < 120 else "month" if days < 550 else "quarter" if days < 2200 else "year"
    table = retention.cohort_table(reading.rows, period=period, until=until)
    try:
        picture = _pictures(retention.plot_cohorts(table))
    except DataError:
        return _Section(
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
    return _Section(
        "When do they come back?", answer, (*picture, _folded(f"The cohort triangle by {period}", table_html(wide) + note))
    )


def _rfm(reading: datasets.Reading, until: dt.date) -> _Section:
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
    return _Section(
        "Which customers are recent and frequent?",
        answer,
        (*_pictures(segmentation.plot_rfm(scores)), _folded("All cells", table_html(grid.round(2)))),
    )


def _concentration(reading: datasets.Reading, until: dt.date) -> _Section:
    try:
        found = loyalty.concentration(reading.rows, until=until)
    except DataError as error:
        return _Section("How much hangs on how few?", f"This cannot be said: {error}")
    answer = (
        f"The top 10 % of customers bring {percent(found.top_share(0.1))} of revenue; 80 % of it comes "
        f"from {percent(found.customers_for(0.8))} of customers. Some of this is chance and time: who began early "
        "has had longer to spend."
    )
    facts = pd.DataFrame(found.summary().facts, columns=["", "value"])
    return _Section("How much hangs on how few?", answer, (*_pictures(found.plot()), table_html(facts)))


def _set_aside(reading: datasets.Reading, until: dt.date) -> _Section:
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
        return _Section("What was set aside?", answer + " Nothing had to be set aside.")
    first = reading.set_aside.head(200)
    more = (
        f"The first {len(first):,} of {len(reading.set_aside):,} faults"
        if len(first) < len(reading.set_aside)
        else "Every fault"
    )
    return _Section("What was set aside?", answer, (table_html(reading.reasons), _folded(more, table_html(first))))


#: In the order of the page; a later topic adds its function here.
_SECTIONS: tuple[Callable[[datasets.Reading, dt.date], _Section], ...] = (_overview, _cohorts, _rfm, _concentration, _set_aside)


def _pictures(*charts: Axes) -> tuple[str, ...]:
    import matplotlib.pyplot as plt

    shown = tuple(f"<figure>{_draw.html(ax.figure)}</figure>" for ax in charts)
    for ax in charts:
        plt.close(ax.figure)
    return shown


def _folded(title: str, body: str) -> str:
    return f'<details><summary>{escape(title)}</summary><div class="wide">{body}</div></details>'


_MADE_BY = "Made by crmlab"
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 2px solid #0072b2; padding-bottom: .2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
.tiles div { flex: 1 1 9rem; background: #eef4fa; border-radius: .5rem; padding: .7rem 1rem; }
.tiles strong { display: block; font-size: 1.5rem; } .tiles span { color: #555; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; white-space: nowrap; }
td { white-space: normal; }
thead th { text-align: left; border-bottom: 2px solid #999; } .wide { overflow-x: auto; } .wide td { white-space: nowrap; }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; }
summary { cursor: pointer; color: #0059a0; margin: .7rem 0; }
footer { margin-top: 3rem; color: #555; font-size: .85rem; border-top: 1px solid #ddd; padding-top: .7rem; }
@media print { details > div { display: block; } }
"""


def _page(name: str, reading: datasets.Reading, until: dt.date, sections: list[_Section]) -> str:
    first = reading.rows["order_date"].min().date()
    used = f"All {reading.read:,} rows of the file are used."
    if len(reading.rows) < reading.read:
        used = f"<strong>{len(reading.rows):,} of {reading.read:,} rows are used</strong>"
        used += '; <a href="#aside">the others</a> were set aside.'
    body = "".join(section.html() for section in sections)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Customers in {escape(name)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Customers in {escape(name)}</h1><p>Orders from {first} to {until}. {used}</p>{body}"
        f"<footer>{_MADE_BY} {__version__}. The page names no customer, but the list of rows set aside quotes cells of "
        "the file as they stand there.</footer></body></html>\n"
    )
