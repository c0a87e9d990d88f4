"""The stage log: which deals can have gone through the stages as it is written, and which cannot.

It reads stage events, of the firm's eight stages or of others in a user's own order, and returns them in order, each stage
with its days and how it ended, beside the deals that it sets aside and why. A deal that has not ended is open: nobody knows
how it ends, so it is neither won nor lost. What is counted or estimated from it is known elsewhere (``counts``,
``durations``, ``stalled``).
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crmlab import _check, _draw, _engine, tables
from crmlab._result import Result, Summary, percent
from crmlab.errors import ArgumentError, DataError
from crmlab.tables.development import ENDINGS, STAGE_OUTCOMES

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_TABLE = "deal_stages"
_NEEDED = ("prospect_id", "stage", "entered", "left", "outcome")
ADVANCED, SKIPPED, RETURNED, LOST, WON = range(len(STAGE_OUTCOMES))  # their places among the outcomes; -1 is open


def stage_log(
    stage_events: pd.DataFrame | ibis.Table | str | PathLike, *, stages: Sequence[str] = tables.STAGES,
    until: str | dt.date | None = None,
) -> StageLog:  # fmt: skip
    """Check stage events, put them in order and complete them, as they stood on a day.

    A stage is left when the next one is entered, if its own ``left`` is empty, and how it ended follows from which stage comes
    next: the one behind it (`advanced`), a later one (`skipped ahead`) or an earlier one (`returned`). A deal that cannot have
    happened as it is written is set aside whole, with the first reason that applies: half a deal would be counted as
    something it is not. Stages entered after ``until`` are left out, and those left after it are open again.

    Parameters
    ----------
    stage_events : DataFrame, path or Ibis table
        ``prospect_id, stage, entered, left, outcome`` and, to tell the order of stages of one day, ``step``
        (``tables.describe("deal_stages")``); a time of day is read for the order only.
    stages : sequence of str
        All stages in their order; by default the eight of the kit.
    until : date or str, optional
        The last day that counts. By default the last day that the events name; open deals are open on it.

    Returns
    -------
    StageLog

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, a stage is none of ``stages`` (the nearest is proposed), no stage was
        entered by ``until``, or all deals would be set aside.
    ArgumentError
        ``stages`` are not two or more different names, or ``until`` is no day.

    Notes
    -----
    Set aside are deals in which one step or instant holds two stages, a step is missing, a stage ends before it begins or
    begins before the one before it, a stage follows itself or a closed deal (which may close twice), the outcome contradicts
    what comes next or is missing, or nothing comes next although the deal went on.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> events = pd.DataFrame({
    ...     "prospect_id": ["ann", "ann", "bob", "cy"], "stage": ["call", "offer", "call", "call"],
    ...     "entered": pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01", "2024-02-03"]),
    ...     "left": pd.to_datetime([None, "2024-01-30", None, "2024-02-01"]), "outcome": [None, "won", None, "lost"],
    ... })
    >>> log = development.stage_log(events, stages=("call", "offer"))
    >>> log.table[["prospect_id", "stage", "left", "outcome"]]
      prospect_id  stage       left   outcome
    0         ann   call 2024-01-09  advanced
    1         ann  offer 2024-01-30       won
    2         bob   call        NaT       NaN
    >>> log.rejected[["prospect_id", "reason"]]
      prospect_id                    reason
    0          cy  a stage ended before it began
    """
    names = _stage_names(stages)
    end = None if until is None else pd.Timestamp(_check.day("until", until))
    rows, last = _read(stage_events, names)
    end = last if end is None else end
    events = _Events.of(rows)
    reason, reasons = _reasons(events)
    wrong = reason >= 0
    left = rows.left.to_numpy().astype("datetime64[D]")  # as written
    rejected = _named(events.rows[wrong], events.entered[wrong], left[wrong], rows.outcome[wrong].to_numpy(), names)
    rejected["reason"] = _text(reason[wrong], reasons)
    log = StageLog(_cut(events, ~wrong, end, names), rejected, end, names)
    if wrong.all():
        counted = "; ".join(f"{reason}: {count:,}" for reason, count in log.reasons.items())
        raise DataError(f"all {events.first.sum():,} deals of the {_TABLE} table are set aside ({counted}). Mend them first.")
    if log.table.empty:
        raise DataError(
            f"no stage was entered on or before `until`, {end:%Y-%m-%d}; the first is of {rows.entered.min():%Y-%m-%d}."
        )
    return log


def as_stage_log(log: object) -> StageLog:
    """Return a stage log, made of stage events of the kit's eight stages if it is none yet."""
    return log if isinstance(log, StageLog) else stage_log(log)


def _stage_names(stages: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the stages, in order."""
    names = tuple(stages) if isinstance(stages, Sequence) and not isinstance(stages, str) else ()
    if len(names) < 2 or len(set(names)) < len(names) or not all(isinstance(name, str) and name for name in names):
        raise ArgumentError(f"`stages` must be two or more different names, in the order of the stages; it is {stages!r}.")
    if ends := [name for name in names if name in ("won", "lost", "open")]:
        raise ArgumentError(
            f"{ends[0]!r} is no stage but how a deal ends. Take it out of `stages`, and write it as the `outcome` of the last "
            "stage before it, with the day as `left`."
        )
    return names


def _read(stage_events: object, stages: tuple[str, ...]) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return the rows in the order of each deal, and the last day that they name.

    Columns: ``prospect_id``, ``step`` (missing if the events have none), ``stage`` and ``outcome`` as places among the names
    (-1: none), ``entered`` and ``left`` with their time of day.
    """
    import ibis

    with _engine.open_table(stage_events, _TABLE, _NEEDED) as (table, checked, run):
        has_step = "step" in table.columns
        if has_step:
            _check.declaration(table, tables.table(_TABLE), ["step"], run)
        outcome = table.outcome.cast("string")
        read = table.select(
            "prospect_id",
            step=table.step.cast("int64") if has_step else ibis.null("int64"),
            stage=_place(table.stage, stages),
            entered=table.entered.cast("timestamp"),
            left=table.left.cast("timestamp"),
            outcome=_place(outcome, STAGE_OUTCOMES),
        )
        closing = (read.outcome >= LOST).cast("int8")
        keys = [read.prospect_id, read.step, read.entered, closing, ibis.asc(read.left, nulls_first=False), read.stage]
        rows = run(read.order_by(keys))
        if (rows.stage < 0).any():
            counts = run(table.group_by("stage").aggregate(n=table.count()))
            _refuse_stages(counts[~counts.stage.isin(stages)], int(checked["rows"]), stages)
    days = [checked[name] for name in ("entered_max", "left_max") if name in checked and pd.notna(checked[name])]
    return rows, pd.Timestamp(max(map(pd.Timestamp, days))).normalize()


def _place(column: ibis.Column, names: Sequence[str]) -> ibis.Column:
    """Return the place of each cell among the names, -1 for any other."""
    import ibis

    cases = [(column == name, ibis.literal(place, "int8")) for place, name in enumerate(names)]
    return ibis.cases(*cases, else_=ibis.literal(-1, "int8"))


def _refuse_stages(unknown: pd.DataFrame, rows: int, stages: tuple[str, ...]) -> None:
    """Refuse stages that are none of the names; propose the nearest of them."""
    unknown = unknown.sort_values(["n", "stage"], ascending=[False, True], kind="stable")
    plain = {name.strip().casefold(): name for name in stages}
    nearest = {
        name: plain[match[0]]
        for name in unknown.stage
        if (match := difflib.get_close_matches(name.strip().casefold(), plain, n=1))
    }
    listed = ", ".join(repr(name) for name in unknown.stage[:5]) + (", ..." if len(unknown) > 5 else "")
    propose = f"`.replace({{'stage': {nearest}}})`, " if nearest else ""
    raise DataError(
        f"the stage is none of `stages` in {unknown.n.sum():,} of {rows:,} rows of the {_TABLE} table: {listed}. The stages: "
        f"{', '.join(stages)}. Rename them, {'e.g. ' + propose if propose else ''}or give your own `stages`, in order."
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """Stage events in the order of each deal, with what stands before and behind.

    Attributes
    ----------
    rows : DataFrame
        As ``_read`` returns it, ``step`` filled.
    first, last : ndarray of bool, shape (n,)
        Whether a row is the first or the last of its deal.
    entered, left : ndarray of datetime64[D], shape (n,)
        Days; a stage that ends as the next begins is left then.
    follows : ndarray of int, shape (n,)
        Which outcome the next stage implies; -1 at the last.
    tied : ndarray of bool, shape (n,)
        Whether nothing tells a stage from the one before it, which began at the same instant.
    """

    rows: pd.DataFrame
    first: np.ndarray
    last: np.ndarray
    entered: np.ndarray
    left: np.ndarray
    follows: np.ndarray
    tied: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Events:
        """Return rows in order with what stands beside them."""
        deal = rows.prospect_id.array
        first = np.append(True, np.asarray(deal[1:] != deal[:-1], dtype=bool))
        last = np.append(first[1:], True)
        stepless = rows.step.isna().to_numpy()
        tied = stepless & ~first & _before(_same_instant(rows))
        number = np.arange(len(rows)) - np.flatnonzero(first)[np.cumsum(first) - 1] + 1
        rows = rows.assign(step=np.where(stepless, number, rows.step.fillna(0)).astype(np.int64))
        stage, entered = rows.stage.to_numpy(), rows.entered.to_numpy().astype("datetime64[D]")
        left = rows.left.to_numpy().astype("datetime64[D]")
        left = np.where(np.isnat(left) & ~last, _behind(entered), left)
        move = _behind(stage) - stage
        follows = np.select([last, move == 1, move > 1, move < 0], [-1, ADVANCED, SKIPPED, RETURNED], -1)
        return cls(rows, first, last, entered, left, follows, tied)


def _before(values: np.ndarray) -> np.ndarray:
    """Return the value of the row before; of the first row, that of the last."""
    return np.roll(values, 1)


def _behind(values: np.ndarray) -> np.ndarray:
    """Return the value of the row behind; of the last row, that of the first."""
    return np.roll(values, -1)


def _same_instant(rows: pd.DataFrame) -> np.ndarray:
    """Return whether the next row began at the same instant and nothing tells which of the two came first."""
    left, closing = rows.left.to_numpy(), rows.outcome.to_numpy() >= LOST
    same_left = (left == _behind(left)) | np.isnat(left)
    entered = rows.entered.to_numpy()
    return (entered == _behind(entered)) & (closing == _behind(closing)) & same_left


def _faults(events: _Events) -> dict[str, np.ndarray]:
    """Return what cannot be in a deal, as masks of rows, in the order in which the reasons are named."""
    later, last = ~events.first, events.last
    step, stage, outcome = (events.rows[name].to_numpy() for name in ("step", "stage", "outcome"))
    closing = outcome >= LOST
    closed = later & _before(closing)
    moved = (outcome >= 0) & ~closing
    without_end = np.isnat(events.left)
    expected = np.where(later, _before(step) + 1, 1)
    return {
        "one step holds two stages": later & (step == _before(step)),
        "two stages at one instant": events.tied,
        "a step is missing": step != expected,
        "a stage ended before it began": events.left < events.entered,
        "its stages are out of order": later & (events.entered < _before(events.entered)),
        "a stage began before the one before it had ended": later & (events.entered < _before(events.left)),
        "the same stage twice in a row": later & (stage == _before(stage)),
        "closed twice": closed & closing,
        "went on after it was closed": closed,
        "the outcome contradicts the stage that follows": ~last & moved & (outcome != events.follows),
        "went on to no stage": last & moved,
        "closed without a day": last & closing & without_end,
        "left without an outcome": last & (outcome < 0) & ~without_end,
    }


def _reasons(events: _Events) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the place of the first reason why the deal of each row cannot be, -1 where there is none, and all reasons."""
    faults = _faults(events)
    reason = np.select(list(faults.values()), list(range(len(faults))), len(faults)).astype(np.int8)
    starts = np.flatnonzero(events.first)
    of_deal = np.minimum.reduceat(reason, starts)
    of_deal = np.where(of_deal == len(faults), -1, of_deal)
    return np.repeat(of_deal, np.diff(np.append(starts, len(reason)))), tuple(faults)


def _cut(events: _Events, kept: np.ndarray, end: pd.Timestamp, stages: tuple[str, ...]) -> pd.DataFrame:
    """Return the deals that are kept, as they stood at the end of a day.

    A deal that had left one stage and not yet entered the next stands in the former.
    """
    day = end.to_datetime64().astype("datetime64[D]")
    kept = kept & (events.entered <= day)
    open_again = np.isnat(events.left) | (events.left > day) | (~events.last & (_behind(events.entered) > day))
    outcome = np.where(events.last, events.rows.outcome, events.follows)
    outcome, left = np.where(open_again, -1, outcome), np.where(open_again, np.datetime64("NaT"), events.left)
    if kept.all():
        return _named(events.rows, events.entered, left, outcome, stages)
    return _named(events.rows[kept], events.entered[kept], left[kept], outcome[kept], stages)


def _named(
    rows: pd.DataFrame, entered: np.ndarray, left: np.ndarray, outcome: np.ndarray, stages: tuple[str, ...]
) -> pd.DataFrame:  # fmt: skip
    """Return rows with the names of stages and outcomes."""
    return pd.DataFrame({
        "prospect_id": rows.prospect_id.array,
        "step": rows.step.array,
        "stage": _text(rows.stage.to_numpy(), stages),
        "entered": entered.astype("datetime64[us]"),
        "left": left.astype("datetime64[us]"),
        "outcome": _text(outcome, STAGE_OUTCOMES),
    })  # fmt: skip


def _text(places: np.ndarray, names: Sequence[str]) -> pd.api.extensions.ExtensionArray:
    """Return the names at places, empty at -1; through Arrow, which is many times faster than through Python's strings."""
    indices = pa.array(places.astype(np.int32), mask=places < 0)
    text = pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.large_string())).cast(pa.large_string())
    return pd.StringDtype(na_value=np.nan).__from_arrow__(text)


def _places(text: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Return the place of each text among the names, -1 for any other; the opposite of ``_text``."""
    values = pa.array(text, pa.large_string(), from_pandas=True)
    return pc.index_in(values, pa.array(names, pa.large_string())).fill_null(-1).to_numpy(zero_copy_only=False)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StageLog(Result):
    """The deals of prospects through the stages, checked, as they stood on a day.

    Attributes
    ----------
    table : DataFrame
        One row per stage entered, in the order of each deal (``tables.describe("stage_log")``).
    rejected : DataFrame
        The rows of the deals that were set aside, and the ``reason`` (``tables.describe("stage_rejects")``).
    until : Timestamp
        The last day that counts; open deals are open on it.
    stages : tuple of str
        All stages in their order.
    """

    table: pd.DataFrame
    rejected: pd.DataFrame
    until: pd.Timestamp
    stages: tuple[str, ...]

    @property
    def reasons(self) -> dict[str, int]:
        """How many deals were set aside, by reason, the most frequent first."""
        deals = self.rejected.drop_duplicates("prospect_id")
        return {str(reason): int(count) for reason, count in deals.reason.value_counts(sort=False).sort_index().sort_values(
            ascending=False, kind="stable").items()}  # fmt: skip

    @property
    def places(self) -> np.ndarray:
        """The place of each row's stage among the stages, from 0; shape (rows,)."""
        return _places(self.table.stage, self.stages)

    @property
    def outcomes(self) -> np.ndarray:
        """How each row's stage ended, as the place among the five outcomes, -1 while it is open; shape (rows,)."""
        return _places(self.table.outcome, STAGE_OUTCOMES)

    @property
    def deals(self) -> pd.DataFrame:
        """Each deal as a whole, one row per prospect (``tables.describe("deal_outcomes")``)."""
        first = self.table.step.to_numpy() == 1
        last = np.append(first[1:], True) if first.size else first
        begins, ends = self.table[first], self.table[last]
        closed = ends.outcome.isin(ENDINGS).to_numpy()
        return pd.DataFrame({
            "prospect_id": begins.prospect_id.array, "first_stage": begins.stage.array, "last_stage": ends.stage.array,
            "steps": ends.step.array, "began": begins.entered.array, "closed": ends.left.where(closed).array,
            "status": ends.outcome.where(closed, "open").array,
        })  # fmt: skip

    @property
    def standing(self) -> pd.DataFrame:
        """The stages in which open deals stand: the rows of ``table`` that have not ended."""
        return self.table[self.table.left.isna()].reset_index(drop=True)

    def summary(self) -> Summary:
        """Sum up the log in a few lines: how the deals ended, and which were set aside."""
        deals, outcome = self.deals, self.table.outcome.value_counts()
        status = deals.status.value_counts()
        facts = [("Deals", len(deals)), ("Stages entered", len(self.table))]
        facts += [(name.capitalize(), int(status.get(name, 0))) for name in ("won", "lost", "open")]
        facts += [(f"Stages {name}", int(outcome.get(name, 0))) for name in ("skipped ahead", "returned")]
        facts += [("Deals set aside", self.rejected.prospect_id.nunique())]
        reasons = pd.DataFrame(self.reasons.items(), columns=["set aside because", "deals"])
        return Summary(
            f"Stage log until {self.until:%Y-%m-%d}",
            facts=tuple(facts),
            table=reasons,
            note="An open deal has not ended: it is in nobody's count of lost.",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw where the open deals stand.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> events = pd.DataFrame({
        ...     "prospect_id": ["ann", "bob"], "stage": "closing", "entered": pd.to_datetime(["2024-01-05", "2024-02-01"]),
        ...     "left": pd.to_datetime(["2024-01-30", None]), "outcome": ["won", None],
        ... })
        >>> development.stage_log(events).plot().get_title("left")
        '1 of 2 deals (50.0 %) is open'
        """
        counts = self.standing.stage.value_counts().reindex(list(self.stages), fill_value=0)
        deals, still_open = int((self.table.step == 1).sum()), int(counts.sum())
        verb = "is" if still_open == 1 else "are"
        return _draw.bars(
            counts,
            title=f"{still_open:,} of {deals:,} deals ({percent(still_open / deals)}) {verb} open",
            x="stage",
            y=f"open deals on {self.until:%Y-%m-%d}",
            alt="Bars: the open deals by the stage in which they stand.",
            ax=ax,
        )
