"""Stalled deals: whether a deal that is old is dead.

It reads the stage log and asks of each open deal what became of those that had stood as long in the same stage: how many were
won in the end, with an interval, and whether it stands longer than most of those that were won. It returns that for each open
deal, and for each stage how likely a deal is to go on, or to be lost, on the next day, by its age there. Whom to call first
is decided elsewhere: what a deal would bring is not known here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab._verdict import Verdict, verdict
from crmlab.development.incidence import incidence, share_interval
from crmlab.development.log import LOST, RETURNED, StageLog, as_stage_log, stage_log
from crmlab.development.shrinkage import wilson
from crmlab.errors import DataError
from crmlab.tables.development import ALL_STAGES, ENDINGS

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_AGE_CLASSES = (0.25, 0.5, 0.75, 0.9)  # of the entries that have ended: where the classes of age begin
_MOST_AGES = 50  # ages of a stage for which chances are computed; an age between two takes the younger's


def stalled(
    log: StageLog | pd.DataFrame | ibis.Table | str | PathLike, day: str | dt.date | None = None, *, quantile: float = 0.9
) -> Stalled:
    """Tell which open deals stand longer in their stage than most that were won, and how likely they still are to be won.

    The chance of a deal that has stood in a stage for some days is the share won, in the end, of all that had stood there as
    long; those that are open themselves count for as long as they were seen.

    Parameters
    ----------
    log : StageLog, or stage events
        As ``stage_log`` returns or reads them.
    day : date or str, optional
        On which the deals are open; by default the last day of the log.
    quantile : float
        Which share of the entries of won deals were shorter than the limit of a stage, above 0 and below 1.

    Returns
    -------
    Stalled

    Raises
    ------
    DataError
        As ``stage_log``; no deal has been won by the day, none is open on it, or the log ends before it.
    ArgumentError
        ``quantile`` is no share, or ``day`` no day.

    Notes
    -----
    Chances are those of a landmark at each age (van Houwelingen & Putter): no assumption is made that the time spent in a stage
    does not matter, nor that it does. They are about deals of the same stage and age and look at nothing else. Limits come
    from the deals that have been won, among which slow ones are rarer the younger the firm is.

    References
    ----------
    Van Houwelingen & Putter (2012), Dynamic prediction in clinical survival analysis. Putter & Spitoni (2018), Statistical
    Methods in Medical Research 27, for the landmark estimate of Aalen & Johansen.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> start = pd.Timestamp("2024-01-01")
    >>> events = pd.DataFrame({
    ...     "prospect_id": range(8), "stage": "closing", "entered": start,
    ...     "left": start + pd.to_timedelta([10, 10, 20, 20, 60, 60, 60, None], unit="D"),
    ...     "outcome": ["won", "won", "won", "lost", "lost", "lost", "won", None],
    ... })
    >>> answer = development.stalled(events, "2024-02-10", quantile=0.5)
    >>> answer.table[["prospect_id", "age_days", "limit_days", "stalled"]].head(2)
       prospect_id  age_days  limit_days  stalled
    0            4        40        10.0     True
    1            5        40        10.0     True
    >>> later = development.stalled(development.stage_log(events, until="2024-03-31"), quantile=0.5)
    >>> later.ages[["stage", "limit_days", "chance", "late_chance"]].round(3).iloc[-2]
    stage          closing
    limit_days        10.0
    chance             0.5
    late_chance      0.333
    Name: 7, dtype: object
    """
    quantile = _check.share("quantile", quantile)
    entries = _Entries.of(_on_day(log, day))
    if not (entries.ending == 0).any():
        raise DataError(
            f"no deal has been won by {entries.log.until:%Y-%m-%d}: nothing tells how long a deal may stand and still be won. "
            "Choose a later `day`, or a log that goes back further."
        )
    if not entries.open.any():
        raise DataError(f"no deal is open on {entries.log.until:%Y-%m-%d}. Choose another `day`.")
    limits = [_limit(entries.lasted[rows & (entries.ending == 0)], quantile) for rows in entries.by_stage()]
    return Stalled(_open_deals(entries, limits), _ages(entries, limits), _hazards(entries), entries.log.until, quantile)


def _on_day(log: object, day: str | dt.date | None) -> StageLog:
    """Return the log as it stood on a day."""
    if day is None:
        return as_stage_log(log)
    if not isinstance(log, StageLog):
        return stage_log(log, until=day)
    if pd.Timestamp(_check.day("day", day)) > log.until:
        raise DataError(f"the log ends on {log.until:%Y-%m-%d}, before `day`, {day}. Make it with a later `until`.")
    return stage_log(log.table, stages=log.stages, until=day)


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """Entries of stages, with what became of their deals.

    Attributes
    ----------
    log : StageLog
        Whose rows they are.
    lasted : ndarray of int, shape (n,)
        Days in the stage, so far if open.
    total : ndarray of int, shape (n,)
        Days from the entry to the end of the deal, so far if open.
    ending : ndarray of int, shape (n,)
        How the deal ended: 0 won, 1 lost, -1 not yet.
    open : ndarray of bool, shape (n,)
        Whether the entry has not ended.
    """

    log: StageLog
    lasted: np.ndarray
    total: np.ndarray
    ending: np.ndarray
    open: np.ndarray

    @classmethod
    def of(cls, log: StageLog) -> _Entries:
        """Return the entries of a log."""
        table, deals = log.table, log.deals
        deal = np.cumsum(table.step.to_numpy() == 1) - 1
        closed = deals.closed.fillna(log.until).to_numpy()[deal]
        ending = pd.Index(ENDINGS).get_indexer(pd.Index(deals.status))[deal]
        left, entered = table.left.fillna(log.until).to_numpy(), table.entered.to_numpy()
        day = np.timedelta64(1, "D")
        return cls(log, (left - entered) // day, (closed - entered) // day, ending, table.left.isna().to_numpy())

    def by_stage(self) -> list[np.ndarray]:
        """Return masks of the entries, one for each stage."""
        places = self.log.places
        return [places == place for place in range(len(self.log.stages))]

    def chance(self, rows: np.ndarray, age: float) -> tuple[float, float, int]:
        """Return the share won of those in a stage at the end of the day of an age, its standard error, and how many they are.

        The share is NaN if none of them has ended.
        """
        still = rows & ((self.lasted > age) | (self.open & (self.lasted >= age)))
        ending, n = self.ending[still], int(still.sum())
        if not (ending >= 0).any():
            return np.nan, np.nan, n
        won = incidence(self.total[still] - int(age), ending, len(ENDINGS))
        return float(won.share[-1, 0]), float(won.std_error[-1, 0]), n


def _limit(lasted: np.ndarray, quantile: float) -> float:
    """Return the days within which a share of the entries had ended, NaN if there are none."""
    return float(np.quantile(lasted, quantile, method="inverted_cdf")) if lasted.size else np.nan


def _open_deals(entries: _Entries, limits: list[float]) -> pd.DataFrame:
    """Return each open deal with its age, and the chance of those that stood as long."""
    log = entries.log
    age, place = entries.lasted[entries.open], log.places[entries.open]
    chances = np.full((age.size, 3), np.nan)
    for k, rows in enumerate(entries.by_stage()):
        here = np.flatnonzero(place == k)
        if not here.size:
            continue
        ages = np.unique(age[here])
        if ages.size > _MOST_AGES:
            ages = np.unique(np.quantile(age[here], np.linspace(0, 1, _MOST_AGES), method="inverted_cdf"))
        of_age = np.array([entries.chance(rows, each) for each in ages])
        chances[here] = of_age[np.searchsorted(ages, age[here], side="right") - 1]
    table = log.table[entries.open]
    limit = np.array(limits)[place]
    frame = pd.DataFrame({
        "prospect_id": table.prospect_id.array, "stage": table.stage.array, "age_days": age, "limit_days": limit,
        "stalled": age > limit, "similar": chances[:, 2].astype(np.int64), "chance": chances[:, 0], "std_error": chances[:, 1],
    })  # fmt: skip
    order = ["age_days", "prospect_id"]
    return frame.sort_values(order, ascending=[False, True], kind="stable", ignore_index=True)


def _ages(entries: _Entries, limits: list[float]) -> pd.DataFrame:
    """Return for each stage the chance at the entry and once the limit is past; for all, means by how many were so late."""
    rows = []
    for stage, here, limit in zip(entries.log.stages, entries.by_stage(), limits, strict=True):
        chance, error, n = entries.chance(here, -1)
        late_chance, late_error, late = (np.nan, np.nan, 0) if np.isnan(limit) else entries.chance(here, limit)
        still = here & entries.open
        counts = int(still.sum()), int((still & (entries.lasted > limit)).sum())
        rows.append((stage, limit, *counts, n, chance, error, late, late_chance, late_error))
    columns = [
        "stage",
        "limit_days",
        "open",
        "late_open",
        "entries",
        "chance",
        "std_error",
        "late",
        "late_chance",
        "late_error",
    ]
    table = pd.DataFrame(rows, columns=columns)
    weight = table.late.where(table.late_chance.notna(), 0) / max(table.late[table.late_chance.notna()].sum(), 1)
    means = {name: (table[name] * weight).sum() if weight.any() else np.nan for name in ("chance", "late_chance")}
    errors = {
        name: np.sqrt(((table[name] * weight) ** 2).sum()) if weight.any() else np.nan for name in ("std_error", "late_error")
    }
    whole = {"stage": ALL_STAGES, "limit_days": np.nan} | table[["open", "late_open", "entries", "late"]].sum().to_dict()
    return pd.concat([table, pd.DataFrame([whole | means | errors])], ignore_index=True).astype({"stage": "str"})


def _hazards(entries: _Entries) -> pd.DataFrame:
    """Return how likely an entry is to end on a day, by ending and class of age: counts of days at risk and of ends."""
    outcome = entries.log.outcomes
    went_on = (outcome >= 0) & (outcome != RETURNED) & (outcome != LOST)
    rows = []
    for stage, here in zip(entries.log.stages, entries.by_stage(), strict=True):
        if not (ended := entries.lasted[here & ~entries.open]).size:
            continue
        edges = np.unique([0, *np.quantile(ended, _AGE_CLASSES, method="inverted_cdf") + 1, entries.lasted[here].max() + 1])
        for low, high in pairwise(edges):
            at_risk = int((np.clip(entries.lasted[here] + 1, low, high) - low).sum())
            within = here & (entries.lasted >= low) & (entries.lasted < high)
            rows += [
                (stage, ending, int(low), int(high) - 1, at_risk, int((within & mask).sum()))
                for ending, mask in (("went on", went_on), ("lost", outcome == LOST))
            ]
    columns = ["stage", "ending", "from_days", "to_days", "days_at_risk", "exits"]
    return pd.DataFrame(rows, columns=columns).astype({"stage": "str", "ending": "str"})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Stalled(Result):
    """Which open deals stand long, and what became of those that had stood as long.

    Attributes
    ----------
    deals : DataFrame
        Of each open deal ``prospect_id, stage, age_days, limit_days, stalled, similar, chance, std_error``, the oldest first.
    ages : DataFrame
        Of each stage, and of all, the chance at the entry and past its limit (``tables.describe("stage_ages")``).
    counts : DataFrame
        Days at risk and ends by stage, ending and class of age.
    day : Timestamp
        The day on which the deals are open.
    quantile : float
        The share of entries of won deals that were not longer than the limit of their stage.
    """

    deals: pd.DataFrame
    ages: pd.DataFrame
    counts: pd.DataFrame
    day: pd.Timestamp
    quantile: float

    @property
    def table(self) -> pd.DataFrame:
        """One row per open deal, the oldest first, with 95 % intervals (``tables.describe("stalled_deals")``)."""
        return self.interval()

    @property
    def hazards(self) -> pd.DataFrame:
        """How likely a deal is to go on or to be lost on a day, by its age in the stage (``tables.describe("stage_hazards")``).

        Of those that were in the stage when a day of the class began, the share that ended so on that day, with 95 %
        intervals (Wilson).
        """
        low, high = wilson(self.counts.exits.to_numpy(), self.counts.days_at_risk.to_numpy(), 0.95)
        return self.counts.assign(hazard=self.counts.exits / self.counts.days_at_risk, low=low, high=high)

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the chance of each open deal with a confidence interval.

        It says how well the share won of such deals is known; a single deal is won or lost.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``; a chance is empty where no deal that stood as long has ended.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> start = pd.Timestamp("2024-01-01")
        >>> events = pd.DataFrame({
        ...     "prospect_id": range(4), "stage": "closing", "entered": start,
        ...     "left": start + pd.to_timedelta([10, 60, 60, None], unit="D"), "outcome": ["won", "won", "lost", None],
        ... })
        >>> log = development.stage_log(events, until="2024-02-10")
        >>> development.stalled(development.stage_log(events)).interval(0.9)[["age_days", "similar", "chance"]]
           age_days  similar  chance
        0        60        1     NaN
        """
        z = special.ndtri(0.5 + _check.share("level", level) / 2)
        low, high = share_interval(self.deals.chance.to_numpy(), self.deals.std_error.to_numpy(), z)
        return self.deals.drop(columns="std_error").assign(low=low, high=high)

    def summary(self) -> Summary:
        """Sum up the answer in a few lines."""
        ages = self.ages[self.ages.entries > 0]
        return Summary(
            f"Stalled deals on {self.day:%Y-%m-%d}",
            facts=(("Open deals", len(self.deals)), ("Longer in their stage than the limit", int(self.deals.stalled.sum()))),
            table=ages.drop(columns=["std_error", "late_error"]),
            note=f"{self._finding()}. The limit: {percent(self.quantile, 0)} of the entries of won deals were not longer. "
            "Late: those that stood longer, and the share of them that was won in the end.",
        )

    def _finding(self) -> str:
        whole = self.ages.iloc[-1]
        if np.isnan(whole.late_chance):
            return "No deal past its limit has ended yet"
        return (
            f"{percent(whole.late_chance)} of the deals past the limit of a stage were won in the end; of all in these stages "
            f"{percent(whole.chance)}"
        )

    def plot(self, stage: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the share won of all that entered each stage and of those past its limit; or one stage's hazards by age.

        Parameters
        ----------
        stage : str, optional
            Of which the hazards are drawn: how likely a deal is to go on or to be lost on a day, by its age in the stage.
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ArgumentError
            Nobody has left such a stage.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> start = pd.Timestamp("2024-01-01")
        >>> events = pd.DataFrame({
        ...     "prospect_id": range(5), "stage": "closing", "entered": start,
        ...     "left": start + pd.to_timedelta([10, 20, 60, 60, None], unit="D"),
        ...     "outcome": ["won", "won", "won", "lost", None],
        ... })
        >>> " ".join(development.stalled(events, quantile=0.5).plot().get_title("left").split())
        '33.3 % of the deals past the limit of a stage were won in the end; of all in these stages 60.0 %'
        """
        if stage is not None:
            return self._plot_hazards(_check.choice("stage", stage, list(self.counts.stage.unique())), ax)
        ages, z = self.ages[self.ages.stage != ALL_STAGES], special.ndtri(0.975)
        parts = []
        for place, (group, share, error) in enumerate((("all", "chance", "std_error"), ("late", "late_chance", "late_error"))):
            low, high = share_interval(ages[share].to_numpy(), ages[error].to_numpy(), z)
            days = ages.limit_days.map(lambda days: f", past {days:.0f} days") if group == "late" else ""
            parts.append(pd.DataFrame({"label": ages.stage + days, "middle": ages[share], "low": low, "high": high,
                                       "group": group, "order": 2 * np.arange(len(ages)) + place}))  # fmt: skip
        drawn = pd.concat(parts).dropna(subset=["middle"]).sort_values("order", kind="stable", ignore_index=True)
        return _draw.interval_plot(
            drawn, title=self._finding(), x="share won in the end", share=True, ax=ax,
            alt="Dots with intervals: by stage, the share won of all that entered it, and of those that stood past its limit.",
        )  # fmt: skip

    def _plot_hazards(self, stage: str, ax: Axes | None) -> Axes:
        """Draw how likely a deal in a stage is to go on or to be lost on a day, by its age there."""
        rows = self.hazards[self.hazards.stage == stage]
        spans = rows.from_days.astype("str") + " to " + rows.to_days.astype("str") + " days"
        drawn = pd.DataFrame({"label": rows.ending + ", " + spans, "middle": 100 * rows.hazard, "low": 100 * rows.low,
                              "high": 100 * rows.high, "group": rows.ending})  # fmt: skip
        return _draw.interval_plot(
            drawn.sort_values("group", ascending=False, kind="stable"), title=self._aging(rows),
            x="of 100 deals in the stage, how many end so on a day", ax=ax,
            alt="Dots with intervals: how likely a deal is to go on or to be lost on a day, by its age.",
        )  # fmt: skip

    @staticmethod
    def _aging(rows: pd.DataFrame) -> str:
        """Return what can be said of the oldest deals of a stage beside the youngest."""
        stage, age = rows.stage.iloc[0], int(rows.from_days.max())
        parts = []
        for ending, verb in (("went on", "go on"), ("lost", "are lost")):
            young, *_, old = rows[rows.ending == ending].iloc[[0, -1]].itertuples()
            says = verdict(old.low - young.high, old.high - young.low)
            often = {Verdict.HIGHER: "more often", Verdict.LOWER: "less often"}.get(says, "neither more nor less often")
            parts.append(f"{verb} {often} ({percent(old.hazard)} a day; new ones {percent(young.hazard)})")
        return f"In {stage}, deals of {age:,} days and more {' and '.join(parts)}"
