"""Deals file: a user's own deals as a CRM system exports them, and the rows that had to be set aside.

One row is one deal. Columns are found by their headings (HubSpot, Salesforce, Pipedrive, Odoo) or by a ``rename``; where the
file has a day for each stage, a stage log is made of them, else each deal counts from the day it was created. It reads a file
and returns deals; what is said of them stands in ``deals``. How a file is opened and a cell is understood is known in
``_files`` and ``_parse``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd

from crmlab import _check, _files, _parse, development
from crmlab._verdict import listed
from crmlab.errors import ArgumentError, ColumnError, DataError

SINCE_CREATED = "since it was created"  # the one stage of deals whose stages have no days
_UNUSED = "no second stage"  # a log has two stages at least
#: Our names, and the headings that they have elsewhere, compared without case, spaces and signs.
_HEADINGS = {
    "deal_id": "record id|deal id|id|opportunity id|external id|deal_id",
    "name": "deal name|opportunity name|opportunity|title|name|deal",
    "stage": "deal stage|stage|stage name|pipeline stage|dealstage|阶段|销售阶段|phase|étape|etapa",
    "status": "status|deal status|状态",
    "is_won": "is closed won|is won|won",
    "is_lost": "is closed lost|is lost|lost",
    "active": "active",
    "lost_reason": "lost reason|closed lost reason|loss reason",
    "amount": "amount|value|deal value|expected revenue|revenue|deal amount|金额|betrag|montant|importe",
    "currency": "currency|amount currency|currency of value|deal currency|currencyisocode|currency code|币种|货币|währung",
    "created": "create date|created date|created on|deal created|created|add time|creation date|createdate|创建日期|创建时间",
    "closed": "close date|closed date|deal closed on|closed on|close time|closedate|关闭日期|结束日期",
    "won_day": "won time|won date|date won",
    "lost_day": "lost time|lost date|date lost",
    "owner": "deal owner|opportunity owner|owner|salesperson|sales person|owner name|owner id|负责人",
    "pipeline": "pipeline|sales pipeline",
    "probability": "deal probability|probability|probability (%)|probability %|概率",
}
_WON = "closed won|closedwon|won|gewonnen|gagné|gagnée|ganado|ganada|ganho|vinto|赢单|成交|已成交"
_LOST = "closed lost|closedlost|lost|verloren|perdu|perdue|perdido|perdida|perso|输单|丢单|已丢单"
_ENTERED = re.compile(r"date entered\s*[\"'‘’“”](?P<stage>.+?)(?:\s*\([^()]*\))?[\"'‘’“”].*", re.IGNORECASE)
_YES, _NO = ("true", "yes", "1", "wahr", "ja"), ("false", "no", "0", "falsch", "nein")


def _plain(text: object) -> str:
    return re.sub(r"[\W_]+", "", str(text).casefold())


_OURS = {_plain(heading): ours for ours, headings in _HEADINGS.items() for heading in headings.split("|")}
_ENDS = {_plain(word): end for end, words in (("won", _WON), ("lost", _LOST)) for word in words.split("|")}


@dataclass(frozen=True, slots=True, eq=False)
class Deals:
    """Deals that were read.

    Attributes
    ----------
    rows : DataFrame
        ``prospect_id, name, stage, amount, created, closed, owner, pipeline, probability, ending`` (won, lost or open).
    set_aside : DataFrame
        ``line, value, reason``.
    read : int
        Rows of the file.
    form : str
        How the file was understood.
    used : tuple of (str, str)
        What is known of a deal, and the column that says it.
    stages : tuple of str
        The open stages in their order; empty where nothing tells it.
    log : StageLog
        Of the stages, or of one that begins when a deal is created.
    why_no_stages : str
        Why the log has no stages; "" if it has.
    end_words : frozenset of str
        Stages of the file that are no stage but how a deal ends.
    """

    rows: pd.DataFrame
    set_aside: pd.DataFrame
    read: int
    form: str
    used: tuple[tuple[str, str], ...]
    stages: tuple[str, ...]
    log: development.StageLog
    why_no_stages: str
    end_words: frozenset[str]


def read_deals(
    path: str | PathLike | pd.DataFrame, *, rename: Mapping[str, str] | None, stages: str | PathLike | None,
    day_first: bool | None, decimal: str | None, encoding: str | None, sheet: str | int,
) -> Deals:  # fmt: skip
    """Read a file of deals; refuse what cannot be understood, with the remedy."""
    cells = _files.read_cells(path, encoding, sheet)
    columns = _match(cells.table.columns, rename or {})
    entered = {name: match["stage"] for name in cells.table if (match := _ENTERED.fullmatch(str(name).strip()))}
    table = _StageTable.read(stages) if stages is not None else None
    ends = _ENDS if table is None else _ENDS | {_plain(name): end for name, end in table.ends.items()}
    rows, faults = _rows(cells.table, columns, ends, day_first, decimal)
    days, unreadable = _days(cells.table, entered, day_first)
    if table is not None:
        _refuse_unknown(rows.stage.dropna(), table, ends)
        _refuse_unknown(pd.Series(entered), table, ends)
    rows["closed"] = _closing_days(rows, days, ends)
    faults += unreadable + _impossible(rows)
    wrong = pd.DataFrame([*cells.misfits, *faults], columns=["line", "value", "reason"]).drop_duplicates("line")
    wrong = wrong.sort_values("line", kind="stable", ignore_index=True)
    rows = rows[~rows.index.isin(wrong.line)]
    if rows.empty:
        reason = f": {wrong.reason.iloc[0]} in line {wrong.line.iloc[0]}" if len(wrong) else ""
        raise DataError(f"no row of the file can be used{reason}. Mend the file, or say which column is which with `rename`.")
    _refuse_without_ends(rows, columns, table)
    order = table.order if table is not None else _order_of(days)
    known = {_plain(name): name for name in order}  # one stage may be written in two ways, in cells and in headings
    rows = rows.assign(stage=rows.stage.map(lambda name: known.get(_plain(name), name), na_action="ignore").astype("str"))
    log, why = _log(rows, days, order)
    used = tuple((ours.replace("_", " "), theirs) for ours, theirs in columns.items())
    if entered:
        used += (("day of each stage", ", ".join(entered)),)
    words = frozenset(name for name in rows.stage.dropna().unique() if _plain(name) in ends)
    return Deals(rows, wrong, len(cells.table) + len(cells.misfits), cells.form, used, order, log, why, words)


def _match(present: pd.Index, rename: Mapping[str, str]) -> dict[str, str]:
    """Return the heading in the file of each of our columns that it has; refuse if one that is needed is missing."""
    for theirs, ours in rename.items():
        if theirs not in present:
            raise DataError(f"`rename` speaks of {theirs!r}, but the file has only: {', '.join(map(str, present))}.")
        if ours not in _HEADINGS:
            raise ArgumentError(f"`rename` leads to {ours!r}; of deals are known: {', '.join(_HEADINGS)}.")
    in_file = {ours: theirs for theirs, ours in rename.items()}
    for heading in map(str, present):
        known = _OURS.get(_plain(re.sub(r"^deal - ", "", heading.strip(), flags=re.IGNORECASE)))
        if known and known not in in_file and heading not in rename:
            in_file[known] = heading
    missing = [name for name in ("created", "closed") if name not in in_file]
    missing = [name for name in missing if name == "created" or not {"won_day", "lost_day"} & set(in_file)]
    missing += [] if {"stage", "status", "is_won"} & set(in_file) else ["stage"]
    if missing:
        guess = dict.fromkeys(missing, "?")
        pairs = ", ".join(f'"{theirs}": "{ours}"' for ours, theirs in guess.items())
        raise ColumnError(
            f"the file has no column for {listed(missing)} of a deal. Its columns are: {', '.join(map(str, present))}. "
            f"Say which is which: rename={{{pairs}}}",
            guess,
        )
    return {name: in_file[name] for name in _HEADINGS if name in in_file}


@dataclass(frozen=True, slots=True)
class _StageTable:
    """What a user says of their stages: the open ones in order, and what others mean."""

    order: tuple[str, ...]
    ends: dict[str, str]

    @classmethod
    def read(cls, path: str | PathLike) -> _StageTable:
        """Read a small table: ``stage`` and ``order``, a number or won or lost."""
        table = _files.read_cells(path, None, 0).table
        if list(map(_plain, table.columns))[:2] != ["stage", "order"]:
            raise DataError(
                f"the table of `stages` must have the columns stage and order; it has: {', '.join(table.columns)}. Write one "
                "row for each stage: its name, and 1, 2, 3, ... or won or lost."
            )
        places: dict[str, float] = {}
        ends: dict[str, str] = {}
        for line, stage, order in table.iloc[:, :2].itertuples():
            name, word = _parse.text(stage), _parse.text(order).casefold()
            if word in ("won", "lost"):
                ends[name] = word
            elif re.fullmatch(r"\d+(\.\d+)?", word) and float(word) not in places.values():
                places[name] = float(word)
            else:
                raise DataError(
                    f"line {line} of the table of `stages`: {word!r} is no place of its own, won or lost. Write one."
                )
        return cls(tuple(sorted(places, key=lambda name: places[name])), ends)


def _rows(
    table: pd.DataFrame, columns: dict[str, str], ends: dict[str, str], day_first: bool | None, decimal: str | None
) -> tuple[pd.DataFrame, list[tuple[int, str, str]]]:
    """Return the deals as they stand in the file, and what is wrong with their cells as (line, value, reason)."""
    text = {name: _parse.texts(table[theirs])[0] for name, theirs in columns.items()}
    nothing = pd.Series(np.nan, index=table.index, dtype="str")
    rows = pd.DataFrame({name: text.get(name, nothing) for name in ("name", "stage", "owner", "pipeline")}, index=table.index)
    lines = pd.Series(table.index.astype("str"), index=table.index)
    rows.insert(0, "prospect_id", (text["deal_id"] if "deal_id" in columns else "line " + lines).astype("str"))
    rows["ending"] = _endings(rows.stage, text, ends)
    faults: list[tuple[int, str, str]] = []
    for name in ("created", "closed", "won_day", "lost_day"):
        rows[name] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
        if name in columns:
            # the closing day of an open deal is a hope: it may lie ahead and is not used
            cells = table[columns[name]] if name == "created" else table[columns[name]].where(rows.ending != "open", None)
            rows[name], reasons = _read(_parse.dates, cells, columns[name], day_first)
            reasons = reasons[(reasons != "") & ((reasons != "is empty") | (name == "created"))]
            faults += [(line, text[name].get(line), f"`{columns[name]}` {reason}") for line, reason in reasons.items()]
    rows["amount"] = _amounts(table, columns, rows.index, decimal, text)
    rows["probability"] = np.nan
    if "probability" in columns:
        cells = text["probability"].str.rstrip("% ")
        share, _ = _read(_parse.numbers, cells, columns["probability"], decimal)
        rows["probability"] = (share / (100 if share.max() > 1 else 1)).clip(0, 1)
    unnamed, twice = text["deal_id"].isna() if "deal_id" in columns else rows.prospect_id.isna(), rows.prospect_id.duplicated()
    faults += [(line, "", f"`{columns['deal_id']}` is empty") for line in rows.index[unnamed]]
    faults += [
        (line, rows.prospect_id[line], "the deal stands in an earlier row already") for line in rows.index[twice & ~unnamed]
    ]
    return rows, faults


def _read(parse: Callable, cells: pd.Series, heading: str, how: object) -> tuple[pd.Series, pd.Series]:
    try:
        return parse(cells, how)
    except _parse.Unclear as error:
        raise DataError(f"column {heading!r}: {error}") from None


def _amounts(
    table: pd.DataFrame, columns: dict[str, str], index: pd.Index, decimal: str | None, text: dict[str, pd.Series]
) -> pd.Series:
    """Return amounts, empty where there is none; refuse several currencies."""
    if "amount" not in columns:
        return pd.Series(np.nan, index=index)
    amounts, reasons = _read(_parse.numbers, table[columns["amount"]], columns["amount"], decimal)
    currencies = sorted(text["currency"][amounts.notna()].dropna().unique()) if "currency" in columns else []
    foreign = reasons[reasons.str.startswith("is in ")]
    if len(currencies) > 1 or len(foreign):
        what = f"`{columns['currency']}` names {listed(currencies[:5])}" if len(currencies) > 1 else (
            f"`{columns['amount']}` in line {foreign.index[0]} {foreign.iloc[0]}")  # fmt: skip
        raise DataError(
            f"the amounts are in several currencies: {what}. Convert them to one at the rate of their day, or keep the "
            "rows of one."
        )
    return amounts.where(amounts >= 0)


def _endings(stage: pd.Series, text: dict[str, pd.Series], ends: dict[str, str]) -> pd.Series:
    """Return won, lost or open for each deal: by what is said of it, then by its stage, then by signs of a loss."""
    ending = text["status"].map(_plain, na_action="ignore").map(ends) if "status" in text else stage.map(lambda _: np.nan)
    ending = ending.astype(object)
    for name, end in (("is_won", "won"), ("is_lost", "lost")):
        if name in text:
            ending = ending.mask(ending.isna() & text[name].str.casefold().isin(_YES), end)
    ending = ending.fillna(stage.map(_plain, na_action="ignore").map(ends).astype(object))
    if "active" in text:
        ending = ending.mask(ending.isna() & text["active"].str.casefold().isin(_NO), "lost")
    if "lost_reason" in text:
        ending = ending.mask(ending.isna() & text["lost_reason"].notna(), "lost")
    return ending.fillna("open").astype("str")


def _refuse_unknown(named: pd.Series, stages: _StageTable, ends: dict[str, str]) -> None:
    """Refuse a stage that the user's table does not have; propose the nearest. ``named``: where it stands -> its name."""
    known = {_plain(name): name for name in (*stages.order, *stages.ends)}
    unknown = named[~named.map(_plain).isin([*known, *ends])]
    if len(unknown):
        first = unknown.index[0]
        where = f"column {first!r}" if isinstance(first, str) else f"line {first}"
        near = difflib.get_close_matches(_plain(unknown.iloc[0]), known, n=1)
        nearest = f" (the nearest there: {known[near[0]]!r})" if near else ""
        raise DataError(f"the stage {unknown.iloc[0]!r} ({where}) is not in the table of `stages`{nearest}. Add a row for it.")


def _days(
    table: pd.DataFrame, entered: dict[str, str], day_first: bool | None
) -> tuple[pd.DataFrame, list[tuple[int, str, str]]]:
    """Return the day on which each deal entered each stage, one column per stage, and cells that are none."""
    days, faults = {}, []
    for heading, stage in entered.items():
        days[stage], reasons = _read(_parse.dates, table[heading], heading, day_first)
        wrong = reasons[(reasons != "") & (reasons != "is empty")]
        faults += [(line, _parse.text(table[heading][line]), f"`{heading}` {reason}") for line, reason in wrong.items()]
    return pd.DataFrame(days, index=table.index), faults


def _closing_days(rows: pd.DataFrame, days: pd.DataFrame, ends: dict[str, str]) -> pd.Series:
    """Return the day on which each deal was closed: as the file says it, or else when it entered the stage of its end."""
    closed = rows.closed
    for end, own in (("won", rows.won_day), ("lost", rows.lost_day)):
        entered = [days[stage] for stage in days if ends.get(_plain(stage)) == end]
        for day in (own, *entered):
            closed = closed.mask(closed.isna() & (rows.ending == end), day)
    return closed.where(rows.ending != "open")


def _impossible(rows: pd.DataFrame) -> list[tuple[int, str, str]]:
    """Return deals that cannot be as they are written, as (line, value, reason)."""
    without = (rows.ending != "open") & rows.closed.isna()
    before = rows.closed < rows.created
    reasons = {"is closed but has no day on which it was": without, "was closed before it was created": before}
    return [(line, rows.prospect_id[line], reason) for reason, mask in reasons.items() for line in rows.index[mask]]


def _refuse_without_ends(rows: pd.DataFrame, columns: dict[str, str], table: _StageTable | None) -> None:
    """Refuse a file in which nothing was won: most likely its words for it are not known."""
    if not (rows.ending == "won").any():
        where = columns.get("stage") or columns.get("status") or columns["is_won"]
        values = listed(sorted(map(repr, rows.stage.dropna().unique()))[:8]) or "nothing"
        remedy = "Mark one as won in the table of" if table is not None else "Say which of them means won in a small table:"
        raise DataError(f"no deal of the file was won: column {where!r} holds {values}. {remedy} `stages` (stage,order).")


def _order_of(days: pd.DataFrame) -> tuple[str, ...]:
    """Return the open stages in the order in which deals enter them, by mean rank of the day."""
    open_stages = [stage for stage in days if _plain(stage) not in _ENDS and days[stage].notna().any()]
    ranks = days[open_stages].rank(axis=1, pct=True).mean()
    return tuple(ranks.sort_values(kind="stable").index)


def _log(rows: pd.DataFrame, days: pd.DataFrame, order: tuple[str, ...]) -> tuple[development.StageLog, str]:
    """Return the stage log, or one of a single stage that begins when a deal is created, and why it is no other."""
    if days.empty or not days.shape[1]:
        why = "The file has no day on which a deal entered a stage (HubSpot exports them as: Date entered ...)"
    elif rows.pipeline.nunique() > 1:
        why = f"The file holds {rows.pipeline.nunique()} pipelines, whose stages are not the same; keep the rows of one"
    elif len(order) < 2:
        why = "The file has the days of fewer than two open stages"
    else:
        return development.stage_log(_events(rows, days, order), stages=order, until=_last_day(rows, days)), ""
    whole = pd.DataFrame({
        "prospect_id": rows.prospect_id, "stage": SINCE_CREATED, "entered": rows.created, "left": rows.closed,
        "outcome": rows.ending.where(rows.ending != "open"),
    })  # fmt: skip
    return development.stage_log(whole, stages=(SINCE_CREATED, _UNUSED), until=_last_day(rows, days)), why


def _last_day(rows: pd.DataFrame, days: pd.DataFrame) -> str:
    """Return the last day that the file names and that is not ahead."""
    last = pd.concat([rows.created, rows.closed, *(days.loc[rows.index, name] for name in days)]).max()
    return f"{min(last, pd.Timestamp(_check.today())):%Y-%m-%d}"


def _events(rows: pd.DataFrame, days: pd.DataFrame, order: tuple[str, ...]) -> pd.DataFrame:
    """Return the stage events of deals; one that has the day of no stage is in none."""
    known = {_plain(name): name for name in order}
    named = days.loc[rows.index].rename(columns=lambda name: known.get(_plain(name), name))
    events = (
        named[list(dict.fromkeys(name for name in named if name in order))].stack().dropna().rename("entered").reset_index()
    )
    events.columns = pd.Index(["line", "stage", "entered"])
    events["place"] = events.stage.map({name: place for place, name in enumerate(order)})
    events = events.sort_values(["line", "entered", "place"], kind="stable", ignore_index=True)
    events["step"] = events.groupby("line").cumcount() + 1
    last = ~events.line.duplicated(keep="last")
    deal = rows.loc[events.line].reset_index(drop=True)
    ended = last & (deal.ending != "open")
    return pd.DataFrame({
        "prospect_id": deal.prospect_id, "step": events.step, "stage": events.stage.astype("str"), "entered": events.entered,
        "left": deal.closed.where(ended), "outcome": deal.ending.where(ended),
    })  # fmt: skip
