"""Stays in stages: what the chain of stages is estimated from, as it stood at the end of a day.

It reads a stage log and returns arrays with an entry for each stay: where it was, for how long, and where it went. A stay that
had not ended on that day goes nowhere yet, whatever the log says of later days. What is estimated from stays is known in
``absorbing`` and ``forecast``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.development.log import StageLog

OPEN = -1  # where a stay goes that has not ended


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Stays in S stages, in the order of each deal.

    Attributes
    ----------
    stages : tuple of str
        The S stages in which somebody has been, in their order; behind them stand the places S (won) and S + 1 (lost).
    until : Timestamp
        The last day that was seen.
    prospect : ndarray of object, shape (n,)
    entered : ndarray of datetime64[D], shape (n,)
    stage, before : ndarray of int, shape (n,)
        The place of the stage, and of the one before it (-1: the deal began here).
    target : ndarray of int, shape (n,)
        The place where it went next; -1 while it is open.
    days : ndarray of int, shape (n,)
        How long it lasted; of open ones so far.
    """

    stages: tuple[str, ...]
    until: pd.Timestamp
    prospect: np.ndarray
    entered: np.ndarray
    stage: np.ndarray
    before: np.ndarray
    target: np.ndarray
    days: np.ndarray

    @property
    def won(self) -> int:
        """The place of those who are won."""
        return len(self.stages)

    @property
    def is_open(self) -> np.ndarray:
        """Whether a stay had not ended, shape (n,): the deals that are open."""
        return self.target == OPEN

    @property
    def day_left(self) -> np.ndarray:
        """The day on which a stay ended, shape (n,); of open ones the last day seen."""
        return self.entered + self.days.astype("timedelta64[D]")

    def take(self, rows: np.ndarray) -> Visits:
        """Return some of the stays."""
        arrays = (getattr(self, name)[rows] for name in ("prospect", "entered", "stage", "before", "target", "days"))
        return Visits(self.stages, self.until, *arrays)


def read_visits(log: StageLog, until: pd.Timestamp | None = None) -> Visits:
    """Return the stays of a log as they stood at the end of a day, by default the last one of the log."""
    table, end = log.table, min(until or log.until, log.until)
    deal = table.prospect_id.factorize()[0]
    first = np.append(True, deal[1:] != deal[:-1])
    last = np.append(first[1:], True)
    places = {name: place for place, name in enumerate(log.stages)}
    stage = table.stage.map(places).to_numpy(np.int64)
    entered = table.entered.to_numpy().astype("datetime64[D]")
    closed = table.outcome.map({"won": len(places), "lost": len(places) + 1}).fillna(OPEN).to_numpy(np.int64)
    target = np.where(last, closed, np.roll(stage, -1))
    ended = np.where(last, table.left.to_numpy().astype("datetime64[D]"), np.roll(entered, -1))
    day = end.to_datetime64().astype("datetime64[D]")
    still = (target == OPEN) | (ended > day)
    days = (np.where(still, day, ended) - entered).astype(np.int64)
    visits = Visits(
        log.stages, end, table.prospect_id.to_numpy(object), entered, stage, np.where(first, -1, np.roll(stage, 1)),
        np.where(still, OPEN, target), days,
    )  # fmt: skip
    return _without_empty_stages(visits.take(entered <= day))


def _without_empty_stages(visits: Visits) -> Visits:
    """Return stays in the stages in which somebody has been."""
    seen = np.unique(visits.stage)
    place = np.append(np.searchsorted(seen, np.arange(len(visits.stages) + 1)), [seen.size + 1, OPEN])  # -1 stays -1
    return Visits(
        tuple(visits.stages[stage] for stage in seen), visits.until, visits.prospect, visits.entered, place[visits.stage],
        place[visits.before], place[visits.target], visits.days,
    )  # fmt: skip
