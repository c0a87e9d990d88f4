"""Deals: the report on a user's own pipeline.

Each section is a function of the deals, and answers one question of a manager in its title: which column served as what, how
deals end, where they die, what is stalled, what the next quarter brings and whether earlier forecasts held. The numbers come
from ``development``; how the file was read stands in ``deals_file``, how a page is put together and written in ``page``.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path

import numpy as np
import pandas as pd

from crmlab import _check, _page, development
from crmlab._result import percent, show
from crmlab._verdict import listed
from crmlab.errors import CrmlabError
from crmlab.report.deals_file import SINCE_CREATED, Deals, read_deals
from crmlab.report.page import Download, Folded, Part, Section, Table, Text, Tiles, charts, write

_SEED = 1  # of the draws, so that the same file gives the same page
_QUARTER = 3  # months
_PAST = 4  # quarters that are forecast again, as far as the file goes back
_TYPED = (0.1, 0.9)  # what CRM systems type in for the first and the last stage, where the file has no probabilities
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet takes a text for a formula
_LISTED = 20_000  # deals in the list to download
_AGES = 4  # classes of age of open deals
_WEIGHTED = "weighted stages"


def deals_report(
    path: str | PathLike | pd.DataFrame,
    out: str | PathLike,
    *,
    rename: Mapping[str, str] | None = None,
    stages: str | PathLike | None = None,
    day_first: bool | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Path:
    """Write one self-contained HTML page about your own deals, as your CRM system exports them.

    Parameters
    ----------
    path, day_first, decimal, encoding, sheet
        As ``datasets.read``.
    out : str or path
        The page to write; an existing one is replaced when the new one is whole.
    rename : mapping of str to str, optional
        Your column -> `deal_id`, `name`, `stage`, `status`, `is_won`, `is_lost`, `active`, `lost_reason`, `amount`, `currency`,
        `created`, `closed`, `won_day`, `lost_day`, `owner`, `pipeline` or `probability`; headings of HubSpot, Salesforce,
        Pipedrive and Odoo need none.
    stages : str or path, optional
        A small table of your stages, in any language: ``stage,order``, where the order is 1, 2, 3, ... or won or lost.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    DataError, ArgumentError
        The file cannot be read, lacks a column, names a stage that ``stages`` lacks, has amounts in several currencies or no
        deal that was won; or the page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from crmlab import report
    >>> deals = pd.DataFrame({
    ...     "Opportunity ID": ["a", "b", "c"], "Stage": ["Closed Won", "Closed Lost", "Proposal"], "Amount": [900, 400, 500],
    ...     "Created Date": ["2024-01-05", "2024-01-09", "2024-02-01"],
    ...     "Close Date": ["2024-02-01", "2024-02-20", "2024-09-30"],
    ... })
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report.deals_report(deals, folder + "/report.html")
    ...     "Of 3 deals 1 was won, 1 was lost and 1 is open" in page.read_text(encoding="utf-8")
    True
    """
    out = _page.target(out)
    if day_first is not None:
        _check.flag("day_first", day_first)
    if decimal is not None:
        _check.choice("decimal", decimal, (".", ","))
    deals = read_deals(
        path, rename=rename, stages=stages, day_first=day_first, decimal=decimal, encoding=encoding, sheet=sheet
    )  # fmt: skip
    until: dt.date = deals.log.until.date()
    name = "your pipeline" if isinstance(path, pd.DataFrame) else Path(fspath(path)).name
    return write(
        out, "deals_report.html", _SECTIONS, _Analysis(deals), title=f"Deals in {name}", until=until,
        first=deals.rows.created.min().date(), n_read=deals.read, n_used=len(deals.rows),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Analysis:
    """The deals, and what several sections need of them, computed once when it is first asked for."""

    deals: Deals

    @property
    def rows(self) -> pd.DataFrame:
        """The deals that are used."""
        return self.deals.rows

    @property
    def log(self) -> development.StageLog:
        """Of the stages, or since a deal was created."""
        return self.deals.log

    @property
    def has_stages(self) -> bool:
        """Whether the log knows the stages."""
        return not self.deals.why_no_stages

    @cached_property
    def amounts(self) -> pd.DataFrame | None:
        """Amounts of the deals that the log knows, None if no deal that was won has one."""
        known = pd.concat([self.log.table.prospect_id, self.log.rejected.prospect_id])
        rows = self.rows[self.rows.prospect_id.isin(known)]
        amount = rows.amount.where(rows.amount > 0)
        won = amount.where(rows.ending == "won")
        if won.isna().all():
            return None
        return pd.DataFrame({"prospect_id": rows.prospect_id, "expected_value": amount, "deal_value": won})

    @cached_property
    def forecast(self) -> development.PipelineForecast | CrmlabError:
        """The next quarter, with as many earlier ones as the file allows; or why there is none."""
        for past in range(_PAST, 0, -1):
            try:
                return self._forecast(past)
            except CrmlabError:
                continue  # the file does not go back so far
        try:
            return self._forecast(0)
        except CrmlabError as error:
            return error

    def _forecast(self, past: int) -> development.PipelineForecast:
        return development.forecast_pipeline(
            self.log, self.amounts, seed=_SEED, months=_QUARTER, past=past,
            stage_chances=self.typed if self.has_stages else None,
        )  # fmt: skip

    @cached_property
    def typed(self) -> dict[str, float]:
        """The typed-in chance of each stage: of the file, or evenly between; empty if the order of stages is not known."""
        order = self.deals.stages
        if len(order) < 2:
            return {}
        evenly = pd.Series(np.linspace(*_TYPED, len(order)), index=list(order))
        rows = self.rows[self.rows.ending == "open"]
        return rows.groupby("stage").probability.median().reindex(evenly.index).fillna(evenly).to_dict()

    def chances(self) -> tuple[pd.Series, str]:
        """Return the typed-in chance of each open deal, empty where none is known, and where it comes from."""
        rows = self.rows[self.rows.ending == "open"]
        if not rows.probability.notna().any():
            return rows.stage.map(self.typed).astype(float), (
                f"{percent(_TYPED[0], 0)} in the first stage to {percent(_TYPED[1], 0)} in the last")  # fmt: skip
        if self.has_stages:
            return rows.stage.map(self.typed).astype(float), "the median probability of the file by stage"
        return rows.probability, "the probabilities of the file"


def _understood(analysis: _Analysis) -> Section:
    deals = analysis.deals
    answer = f"The file was read as {deals.form}. Each column below served as what stands beside it; others were not used."
    answer += f" {deals.why_no_stages}: each deal is followed from the day it was created." if deals.why_no_stages else ""
    if deals.stages:
        answer += f" The stages in their order: {', '.join(deals.stages)}. If that is wrong, give a table with --stages."
    return Section("Which column served as what?", answer, (Table(pd.DataFrame(deals.used, columns=["what", "your column"])),))


def _ends(analysis: _Analysis) -> Section:
    from statsmodels.stats.proportion import proportion_confint

    rows = analysis.rows
    won, lost, still = (int((rows.ending == end).sum()) for end in ("won", "lost", "open"))
    low, high = proportion_confint(won, won + lost, method="wilson")
    missing = rows.amount.isna()
    are = "is" if still == 1 else "are"
    answer = (
        f"Of {len(rows):,} deals {_were(won)} won, {_were(lost)} lost and {still:,} {are} open: of those that ended "
        f"{percent(won / (won + lost))} were won (95 % confidence interval {percent(low)} to {percent(high)}). Open "
        "deals are nobody's lost ones. What was deleted from the CRM system is not in the file; if lost deals are deleted, all "
        "shares here are too high."
    )
    if missing.all():
        answer += " No deal has an amount, so that deals are counted and money is not."
    elif missing.any():
        of_won = int((missing & (rows.ending == "won")).sum())
        answer += (
            f" {int(missing.sum()):,} deals have no amount, {of_won:,} of them won: they count as deals, and add no money."
        )
    figures = [("deals", show(len(rows))), ("won", show(won)), ("lost", show(lost)), ("open", show(still))]
    if not missing.all():
        figures += [(f"amount {end}", f"{rows.amount[rows.ending == end].sum():,.0f}") for end in ("won", "open")]
    return Section("How do deals end?", answer, (Tiles(tuple(figures)),))


def _were(count: int) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'}"


def _die(analysis: _Analysis) -> Section:
    question, rows = "Where do deals die?", analysis.rows
    answer, parts = _by_stage(analysis)
    for name in ("owner", "pipeline"):
        if rows[name].nunique() < 2:
            continue
        try:
            groups = development.conversion(analysis.log, by=name, prospects=rows[["prospect_id", name]])
        except CrmlabError as error:
            answer += f" By {name} it cannot be said: {error}"
            continue
        picture = groups.plot()
        answer += f" {_title(picture)}."
        table = groups.table.query("stage == 'all stages'").drop(columns="stage").rename(columns={"went_on": "won"})
        note = "Shrunk: pulled towards the mean of all groups, the smaller the group the more; compare these, not the others."
        parts += [*charts(picture), Folded(f"Share won by {name}", (_shares(table), Text(note, small=True)))]
    return Section(question, answer, tuple(parts))


def _by_stage(analysis: _Analysis) -> tuple[str, list[Part]]:
    """Say at which stage deals are lost, as far as the file tells."""
    if analysis.has_stages:
        stages = development.conversion(analysis.log)
        counts = development.stage_counts(analysis.log).table
        worst = counts.loc[counts.lost.idxmax()]
        picture = stages.plot()
        answer = f"{_title(picture)}. Most of the lost, {worst.lost:,} of {counts.lost.sum():,}, were lost in {worst.stage}."
        tables = (_shares(stages.table[["stage", "exits", "went_on", "share", "low", "high"]]), _plain(counts))
        return answer, [*charts(picture), Folded("Stage by stage", tables)]
    lost = analysis.rows[analysis.rows.ending == "lost"]
    last = lost.stage[~lost.stage.isin(analysis.deals.end_words)].dropna()
    if last.nunique() < 2:
        return "The file does not say in which stage a deal stood before it was lost, so no stage can be named.", []
    from statsmodels.stats.proportion import proportion_confint

    counts = last.value_counts().sort_index().sort_values(ascending=False, kind="stable").rename("lost").rename_axis("stage")
    table = counts.reset_index().assign(share=lambda frame: frame.lost / frame.lost.sum())
    table["low"], table["high"] = proportion_confint(table.lost, table.lost.sum(), method="wilson")
    answer = (
        f"Most of the lost, {table.lost[0]:,} of {table.lost.sum():,}, stood in {table.stage[0]} at last. How many passed it "
        "the file does not say."
    )
    return answer, [Folded("Stage in which deals were lost", (_shares(table),))]


def _shares(table: pd.DataFrame) -> Table:
    """Return a table whose shares stand as per cent, without columns in which nothing stands."""
    names = [name for name in ("share", "low", "high", "shrunk", "shrunk_low", "shrunk_high", "chance") if name in table]
    as_text = {name: table[name].map(lambda share: percent(share) if share == share else "") for name in names}
    return _plain(table.assign(**as_text).loc[:, table.notna().any()])


def _plain(table: pd.DataFrame) -> Table:
    """Return a table with headings to read."""
    return Table(table.rename(columns=lambda name: str(name).replace("_", " ")))


def _title(axes: object) -> str:
    return " ".join(axes.get_title("left").split())  # type: ignore[attr-defined]


def _stalled(analysis: _Analysis) -> Section:
    question = "What is stalled?"
    try:
        stalled = development.stalled(analysis.log)
    except CrmlabError as error:
        return Section(question, f"This cannot be said: {error}")
    since = "in their stage" if analysis.has_stages else SINCE_CREATED.replace("it was", "they were")
    whole, late = stalled.ages.iloc[-1], int(stalled.deals.stalled.sum())
    answer = (
        f"{late:,} of {len(stalled.deals):,} open deals are older ({since}) than nine in ten of those that were won had been. "
    )
    if np.isnan(whole.late_chance):
        answer += "No deal so old has ended yet, so their chance is not known."
    else:
        answer += (
            f"Of deals that had become so old {percent(whole.late_chance)} were won in the end; of all {percent(whole.chance)}."
        )
    rows = analysis.rows[["prospect_id", "name", "owner", "amount"]]
    deals = stalled.table.merge(rows, on="prospect_id", how="left")
    if not analysis.has_stages:
        deals["stage"] = deals.prospect_id.map(analysis.rows.set_index("prospect_id").stage)
    shown = deals[["prospect_id", "name", "stage", "owner", "amount", "age_days", "limit_days", "stalled", "similar", "chance",
                   "low", "high"]].dropna(axis=1, how="all")  # fmt: skip
    note = Text(
        "Similar: deals that had stood as long; chance: the share of such that was won, with its 95 % interval.", small=True
    )
    parts: list[Part] = [*charts(stalled.plot())] if not np.isnan(whole.chance) else []
    parts += [Folded("Chance by age of the open deals", (_shares(_by_age(stalled.deals)), note)), _download(shown)]
    parts.append(Folded("The thirty oldest open deals", (_shares(shown.head(30)),)))
    return Section(question, answer, tuple(parts))


def _by_age(deals: pd.DataFrame) -> pd.DataFrame:
    """Return open deals by class of age: how many they are, and their mean chance."""
    edges = np.unique(np.quantile(deals.age_days, np.linspace(0, 1, _AGES + 1), method="inverted_cdf"))
    place = np.clip(np.searchsorted(edges, deals.age_days, side="right") - 1, 0, max(len(edges) - 2, 0))
    table = deals.groupby(place).agg(from_days=("age_days", "min"), to_days=("age_days", "max"), open=("age_days", "size"),
                                     chance=("chance", "mean"))  # fmt: skip
    return table.reset_index(drop=True)


def _download(rows: pd.DataFrame) -> Download:
    """Return open deals as a CSV file in which no cell is a formula."""
    listed_rows = rows.head(_LISTED).copy()
    for name in listed_rows.select_dtypes(exclude=["number", "bool"]):
        text = listed_rows[name].astype(object)
        listed_rows[name] = text.map(lambda cell: f"'{cell}" if str(cell).startswith(_FORMULA) else cell)
    which = "All" if len(listed_rows) == len(rows) else f"The first {len(listed_rows):,} of {len(rows):,}"
    data = base64.b64encode(listed_rows.to_csv(index=False).encode()).decode()
    return Download("open_deals.csv", f"{which} open deals as a CSV file, the oldest first", data)


def _quarter(analysis: _Analysis) -> Section:
    question, forecast = "What will the next quarter bring?", analysis.forecast
    if isinstance(forecast, CrmlabError):
        return Section(question, f"This cannot be said yet: {forecast}")
    table = forecast.table[forecast.table.part != _WEIGHTED].set_index("part")
    whole = table.loc["all"]
    end = forecast.day + pd.DateOffset(months=_QUARTER)
    money = f", for {whole.amount:,.0f} ({whole.amount_low:,.0f} to {whole.amount_high:,.0f})" if forecast.has_amounts else ""
    how = (
        "their stage and their age in it"
        if analysis.has_stages
        else "their age since they were created, for want of stage days"
    )
    answer = (
        f"From {forecast.day:%Y-%m-%d} to {end:%Y-%m-%d} {whole.wins:,.0f} deals may be expected to be won (80 % prediction "
        f"interval {whole.wins_low:,.0f} to {whole.wins_high:,.0f}){money}. {table.loc['open deals'].wins:,.0f} of them are "
        f"open today and are followed by {how}; the others are yet to come, as many as in the last year. "
    )
    chances, source = analysis.chances()
    shown = table.reset_index().round(1)
    if chances.notna().any():
        rule = {"part": _WEIGHTED, "wins": chances.sum()}
        amount = (chances * analysis.rows.amount.reindex(chances.index)).sum()
        rule |= {"amount": amount} if forecast.has_amounts else {}
        shown = pd.concat([shown, pd.DataFrame([rule]).round(1)], ignore_index=True)
        answer += (
            f"The rule of weighted stages ({source}, times amounts) says {rule['wins']:,.0f} deals"
            f"{f' and {amount:,.0f}' if forecast.has_amounts else ''}, at any time: it knows no quarter and has no interval."
        )
    else:
        answer += (
            "The rule of weighted stages cannot stand beside it: the file has no probabilities, and nothing tells the order of "
            "the stages. Give it in a small table with --stages."
        )
    pictures = charts(forecast.plot()) if analysis.has_stages else ()
    return Section(question, answer, (_plain(shown.dropna(axis=1, how="all")), *pictures))


def _held(analysis: _Analysis) -> Section:
    question, forecast = "Did earlier forecasts hold?", analysis.forecast
    if isinstance(forecast, CrmlabError) or forecast.past is None:
        return Section(question, "The file does not go back far enough to forecast an earlier quarter and see what came.")
    past = forecast.past
    times = past.table.day.nunique()
    intervals = listed(
        f"{covered} of {times} for {'deals won' if name == 'wins' else 'the amount'}" for name, covered in past.covered.items()
    )
    answer = (
        f"The same forecast was made again on {times} earlier day{'s' if times > 1 else ''}, from what had happened by then. "
        f"Its 80 % intervals held what came: {intervals}. "
    )
    if forecast.has_amounts:
        answer += (
            "The file keeps each amount as it is now, so that these forecasts of money knew a little more than was known then."
        )
    table = past.table.assign(**past.table.select_dtypes("number").round(1))
    table = table if analysis.has_stages else table.drop(columns="weighted_stages")
    pictures = charts(past.plot()) if analysis.has_stages else ()
    return Section(question, answer, (*pictures, _plain(table)))


def _set_aside(analysis: _Analysis) -> Section:
    deals, log = analysis.deals, analysis.log
    aside = deals.read - len(deals.rows)
    answer = f"{deals.read:,} rows were read; {len(deals.rows):,} are used and {aside:,} were set aside."
    parts: list[Part] = []
    if aside:
        reasons = deals.set_aside.groupby("reason").line.agg(rows="size", first_line="min").reset_index()
        parts += [Table(reasons.rename(columns={"first_line": "first line"})),
                  Folded("The first 200 rows", (Table(deals.set_aside.head(200)),))]  # fmt: skip
    without = len(deals.rows) - len(log.deals) - log.rejected.prospect_id.nunique()
    if without > 0:
        answer += f" {without:,} deals have the day of no stage: they are in the counts of deals, and in nothing about stages."
    if log.reasons:
        counted = "; ".join(f"{reason} ({count:,})" for reason, count in log.reasons.items())
        answer += f" Of the stages of these deals it cannot be told how they went: {counted}."
    return Section("What was set aside?", answer, tuple(parts))


#: In the order of the page.
_SECTIONS: tuple[Callable[[_Analysis], Section], ...] = (
    _understood, _ends, _die, _stalled, _quarter, _held, _set_aside,
)  # fmt: skip
