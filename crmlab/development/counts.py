"""Counts: how many deals come to each stage, and what share of them goes on, by whatever distinguishes prospects.

It reads the stage log, and the table of prospects for the groups that are compared; it returns counts and shares with
intervals. Deals that are open have ended no stage but those behind them: they are in no share of what was lost. How long
stages take is known in ``durations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, tables
from crmlab._result import Result, Summary, percent
from crmlab._verdict import Verdict, between_intervals, leaders, listed, verdict
from crmlab.development.log import ADVANCED, LOST, RETURNED, SKIPPED, WON, StageLog, as_stage_log
from crmlab.development.shrinkage import SharePrior, fit_share_prior, shrunk_shares, wilson
from crmlab.errors import ArgumentError, DataError
from crmlab.tables.development import ALL_STAGES

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_KNOWN_AT_ENTRY = ("", "first contact")
_MOST_SHOWN = 30  # groups in a chart
_ALL_GROUPS = "all"


def stage_counts(log: StageLog | pd.DataFrame | ibis.Table | str | PathLike) -> StageCounts:
    """Count how many deals came to each stage, and what became of them there.

    Parameters
    ----------
    log : StageLog, or stage events
        As ``stage_log`` returns or reads them.

    Returns
    -------
    StageCounts

    Raises
    ------
    DataError
        As ``stage_log``.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> events = pd.DataFrame({
    ...     "prospect_id": ["ann", "ann", "bob", "cy"], "stage": ["call", "offer", "call", "call"],
    ...     "entered": pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01", "2024-02-03"]),
    ...     "left": pd.to_datetime([None, "2024-01-30", None, "2024-02-08"]), "outcome": [None, "won", None, "lost"],
    ... })
    >>> log = development.stage_log(events, stages=("call", "offer"))
    >>> development.stage_counts(log).table[["stage", "reached", "entries", "advanced", "won", "lost", "open"]]
       stage  reached  entries  advanced  won  lost  open
    0   call        3        3         1    0     1     1
    1  offer        1        1         0    1     0     0
    """
    checked = as_stage_log(log)
    place, outcome = checked.places, checked.outcomes
    n = len(checked.stages)
    counts = np.bincount(place * (WON + 2) + outcome + 1, minlength=n * (WON + 2)).reshape(n, WON + 2)
    starts = np.flatnonzero(checked.table.step.to_numpy() == 1)
    furthest = np.bincount(np.maximum.reduceat(place, starts), minlength=n)
    table = pd.DataFrame({
        "stage": checked.stages, "began_here": np.bincount(place[starts], minlength=n),
        "reached": furthest[::-1].cumsum()[::-1], "entries": counts.sum(axis=1), "advanced": counts[:, 1 + ADVANCED],
        "skipped": counts[:, 1 + SKIPPED], "went_back": counts[:, 1 + RETURNED], "lost": counts[:, 1 + LOST],
        "won": counts[:, 1 + WON], "open": counts[:, 0],
    }).astype({"stage": "str"})  # fmt: skip
    return StageCounts(table, starts.size)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StageCounts(Result):
    """How many deals came to each stage, and what became of them there.

    Attributes
    ----------
    table : DataFrame
        One row per stage (``tables.describe("stage_counts")``).
    deals : int
        All deals.
    """

    table: pd.DataFrame
    deals: int

    def summary(self) -> Summary:
        """Sum up the counts in a few lines."""
        totals = self.table[["won", "lost", "open"]].sum()
        return Summary(
            "Stages",
            facts=(("Deals", self.deals), *((name.capitalize(), int(total)) for name, total in totals.items())),
            table=self.table,
            note="Reached: deals that stand or stood in the stage or behind it. Deals may begin at any stage and enter one "
            "several times; each entry has one end, or is open.",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many deals reached each stage.

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
        >>> development.stage_counts(events).plot().get_title("left")
        'Of 2 deals 1 was won, 0 were lost, and 1 is open'
        """
        won, lost, still_open = (int(self.table[name].sum()) for name in ("won", "lost", "open"))
        was, were, are = (one if n == 1 else many for n, one, many in
                          ((won, "was", "were"), (lost, "was", "were"), (still_open, "is", "are")))  # fmt: skip
        return _draw.bars(
            self.table.set_index("stage").reached,
            title=f"Of {self.deals:,} deals {won:,} {was} won, {lost:,} {were} lost, and {still_open:,} {are} open",
            x="stage",
            y="deals that reached it",
            alt="Bars: deals that stand or stood in each stage or behind it.",
            ax=ax,
        )


def conversion(
    log: StageLog | pd.DataFrame | ibis.Table | str | PathLike, *, by: str | None = None,
    prospects: pd.DataFrame | None = None,
) -> Conversion:  # fmt: skip
    """Compute what share of the deals that end a stage goes on, stage by stage and group by group.

    To go on is to advance, to skip ahead or to be won; who returns or is lost does not. The last rows are of deals as a
    whole: the share won of those that are won or lost. Shares of groups are given twice: as they are, with Wilson intervals,
    and shrunk towards their mean, the smaller the group the more (beta-binomial), with posterior intervals.

    Parameters
    ----------
    log : StageLog, or stage events
        As ``stage_log`` returns or reads them.
    by : str, optional
        A column of ``prospects`` whose values are compared, such as "channel" or "salesperson_id".
    prospects : DataFrame, optional
        ``prospect_id`` and that column, one row per prospect; needed with ``by``.

    Returns
    -------
    Conversion
        Deals that ``prospects`` lacks, or for which the column is empty, are set aside and counted.

    Raises
    ------
    DataError
        As ``stage_log``; the column is missing, a prospect has two rows, no deal has a group, or no group has two deals.
    ArgumentError
        ``by`` stands without ``prospects`` or the other way round, or is known only later than at the first contact: who has
        a value in it has come so far already.

    Notes
    -----
    What is open is left out. Where it takes longer to be won than to be lost, as it does for most deals as a whole, the shares
    of those that have ended are too low, the more so the younger the deals are, and the other way round too high;
    ``time_in_stage`` counts the open ones for as long as they are seen, and is free of that. Groups that
    are alike in every stage differ as a whole if they begin at different stages.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22. Skellam (1948), Journal of the Royal Statistical
    Society B 10, for the beta-binomial distribution; Efron & Morris (1975), JASA 70, for why shrinking helps.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> events = pd.DataFrame({
    ...     "prospect_id": ["ann", "ann", "bob", "cy"], "stage": ["call", "offer", "call", "call"],
    ...     "entered": pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01", "2024-02-03"]),
    ...     "left": pd.to_datetime([None, "2024-01-30", None, "2024-02-08"]), "outcome": [None, "won", None, "lost"],
    ... })
    >>> log = development.stage_log(events, stages=("call", "offer"))
    >>> development.conversion(log).table[["stage", "exits", "went_on", "share", "low", "high"]].round(3)
            stage  exits  went_on  share    low   high
    0        call      2        1    0.5  0.095  0.905
    1       offer      1        1    1.0  0.207  1.000
    2  all stages      2        1    0.5  0.095  0.905
    """
    checked = as_stage_log(log)
    if (by is None) != (prospects is None):
        raise ArgumentError("`by` and `prospects` go together: the name of a column, and the table in which it stands.")
    group, names = np.zeros(len(checked.table), dtype=np.intp), [_ALL_GROUPS]
    if by is not None:
        group, names = _groups(checked, by, prospects)
    counts = _counts(checked, group, names)
    priors = {
        str(stage): prior
        for stage, rows in counts.groupby("stage", sort=False)
        if (prior := fit_share_prior(rows.went_on.to_numpy(), rows.exits.to_numpy())) is not None
    }
    excluded = int((group[checked.table.step.to_numpy() == 1] < 0).sum())
    return Conversion(counts, priors, by, excluded)


def _groups(log: StageLog, by: str, prospects: object) -> tuple[np.ndarray, list[str]]:
    """Return the place of each row's group, -1 where there is none, and the names of the groups in order."""
    frame = _check.frame("prospects", prospects)
    _check.required_columns(frame.columns, "prospects", ["prospect_id", by])
    for declared in (tables.table("prospects"), tables.table("deals")):
        known = next((column.known for column in declared.columns if column.name == by), "")
        if known not in _KNOWN_AT_ENTRY:
            raise ArgumentError(
                f"`{by}` is known from {known}, not from the first contact: who has a value has come so far already, so that "
                "shares by it say nothing about chances. Compare by what is known at the first contact."
            )
    known_twice = frame.prospect_id.duplicated().to_numpy()
    _check.refuse_rows(
        frame[["prospect_id", by]], known_twice, "`prospect_id` stands twice", "prospects", "Keep one row of each."
    )
    places, values = pd.factorize(frame[by], sort=True)
    row = pd.Index(frame.prospect_id).get_indexer(pd.Index(log.table.prospect_id))
    group = np.where(row >= 0, places[row], -1)
    deals = np.bincount(group[(group >= 0) & (log.table.step.to_numpy() == 1)], minlength=len(values))
    if not deals.any():
        raise DataError(f"no deal of the log has a value of `{by}` in the table of prospects. Take both from one firm.")
    if deals.max() == 1:
        raise DataError(f"no two deals share a value of `{by}`. Make groups of it first, e.g. with `pd.cut`.")
    kept = np.cumsum(deals > 0) - 1
    return np.where(group >= 0, kept[group], -1), [str(value) for value, n in zip(values, deals, strict=True) if n]


def _counts(log: StageLog, group: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Return how many ended each stage in each group, and how many of them went on."""
    place, outcome = log.places, log.outcomes
    n = len(names)
    ended, closed = (outcome >= 0) & (group >= 0), (outcome >= LOST) & (group >= 0)
    went_on = np.isin(outcome, (ADVANCED, SKIPPED, WON)) & ended
    cells = len(log.stages) * n

    def by_stage(rows: np.ndarray) -> np.ndarray:
        return np.bincount(place[rows] * n + group[rows], minlength=cells)

    whole = [np.bincount(group[rows], minlength=n) for rows in (closed, closed & (outcome == WON))]
    return pd.DataFrame({
        "stage": np.repeat([*log.stages, ALL_STAGES], n), "group": np.tile(names, len(log.stages) + 1),
        "exits": np.append(by_stage(ended), whole[0]), "went_on": np.append(by_stage(went_on), whole[1]),
    }).astype({"stage": "str", "group": "str"})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Conversion(Result):
    """What share of the deals that end a stage goes on.

    Attributes
    ----------
    counts : DataFrame
        ``stage, group, exits, went_on``, the stages in order and ``all stages`` last.
    priors : mapping of str to SharePrior
        How the shares of groups are distributed, by stage; stages with fewer than three groups have none.
    by : str or None
        The column that makes the groups.
    excluded : int
        Deals without a group.
    """

    counts: pd.DataFrame
    priors: Mapping[str, SharePrior]
    by: str | None
    excluded: int

    @property
    def table(self) -> pd.DataFrame:
        """One row per stage and group, with 95 % intervals (``tables.describe("conversion")``)."""
        return self.interval()

    @property
    def spreads(self) -> pd.DataFrame:
        """How far groups differ beyond chance, one row per stage (``tables.describe("conversion_spreads")``)."""
        rows = [(stage, prior.groups, prior.mean, prior.spread, prior.weight) for stage, prior in self.priors.items()]
        table = pd.DataFrame(rows, columns=["stage", "groups", "mean", "spread", "weight"])
        return table.assign(weight=table.weight.replace(np.inf, np.nan)).astype({"stage": "str"})

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the shares with intervals: as they are (Wilson), and shrunk (posterior).

        The Wilson interval is about one share alone; the shrunk shares may be compared with each other.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``; a share is empty where no deal has ended the stage, a shrunk one where there are too few groups.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> counts = pd.DataFrame({"stage": ["offer"], "group": ["all"], "exits": [10], "went_on": [8]})
        >>> development.Conversion(counts, {}, None, 0).interval(0.9)[["share", "low", "high"]].round(3)
           share    low   high
        0    0.8  0.541  0.931
        """
        level = _check.share("level", level)
        ended, went_on = (self.counts[name].to_numpy() for name in ("exits", "went_on"))
        low, high = wilson(went_on, ended, level)
        share = np.divide(went_on, ended, out=np.full(len(ended), np.nan), where=ended > 0)
        shrunk = np.full((len(ended), 3), np.nan)
        for stage, prior in self.priors.items():
            rows = (self.counts.stage == stage).to_numpy()
            shrunk[rows] = np.column_stack(shrunk_shares(went_on[rows], ended[rows], prior, level))
        columns = dict(zip(("shrunk", "shrunk_low", "shrunk_high"), shrunk.T, strict=True))
        return self.counts.assign(share=share, low=low, high=high, **columns)

    def summary(self) -> Summary:
        """Sum up the shares in a few lines: by stage, and of groups as far as they differ."""
        if self.by is None:
            return Summary(
                "Conversion by stage",
                table=self.table[["stage", "exits", "went_on", "share", "low", "high"]],
                note=f"Of the entries of each stage that ended, the share that went on.{self._not_ended()}",
            )
        whole = self.table[self.table.stage == ALL_STAGES].drop(columns="stage")
        whole = whole.sort_values(["shrunk", "share", "group"], ascending=[False, False, True], kind="stable")
        facts = [("Groups", len(whole)), ("Deals without a group", self.excluded)]
        return Summary(
            f"Deals won by {self.by}", facts=tuple(facts), table=whole.head(_MOST_SHOWN),
            note=f"{self._finding(ALL_STAGES)}. Shrunk: pulled towards the mean of all groups, the smaller the group the more.",
        )  # fmt: skip

    def _not_ended(self) -> str:
        names = self.counts.stage[self.counts.exits == 0]
        return f" Nobody has ended {listed(names)} yet." if len(names) else ""

    def _finding(self, stage: str) -> str:
        """Return what can be said of the groups of a stage, or of the stages if there are no groups."""
        if self.by is None:
            return self._first_stage()
        rows = self.table[self.table.stage == stage]
        if (prior := self.priors.get(stage)) is None:
            return f"{len(rows)} groups of {self.by} are too few to say how far they differ"
        says = [verdict(row.shrunk_low, row.shrunk_high, reference=prior.mean) for row in rows.itertuples()]
        above, below = (sum(each is side for each in says) for side in (Verdict.HIGHER, Verdict.LOWER))
        verb = "win" if stage == ALL_STAGES else f"pass {stage}"
        if not above + below:
            return f"By {self.by}, no group {verb.replace('win', 'wins').replace('pass', 'passes')} more or less than the mean"
        return (
            f"Of {len(rows)} groups of {self.by}, {above} {verb} more and {below} less than the mean of {percent(prior.mean)}"
        )

    def _first_stage(self) -> str:
        """Return which stage the fewest pass, as far as it can be told."""
        rows = self.counts[(self.counts.stage != ALL_STAGES) & (self.counts.exits > 0)]
        ended, went_on = rows.exits.to_numpy(), rows.went_on.to_numpy()
        beside = between_intervals(lambda level: wilson(ended - went_on, ended, level))
        last = leaders(list(rows.stage), 1 - went_on / ended, beside)
        if not last:
            return "Which stage the fewest pass cannot be told"
        shares = listed(percent(share) for share in (went_on / ended)[rows.stage.isin(last).to_numpy()])
        return f"The fewest pass {listed(name for name in rows.stage if name in last)}: {shares}"

    def plot(self, stage: str = ALL_STAGES, ax: Axes | None = None) -> Axes:
        """Draw the shares with 95 % intervals: stage by stage, or the groups of one stage, shrunk, beside their own shares.

        Of more than thirty groups the highest and the lowest are drawn.

        Parameters
        ----------
        stage : str
            Of which groups are drawn; by default deals as a whole. Without groups all stages are drawn.
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ArgumentError
            There is no such stage.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> counts = pd.DataFrame({"stage": ["call", "offer"], "group": "all", "exits": [90, 60], "went_on": [60, 12]})
        >>> development.Conversion(counts, {}, None, 0).plot().get_title("left")
        'The fewest pass offer: 20.0 %'
        """
        if self.by is None:
            table = self.table[self.table.exits > 0].set_axis(self.table.stage[self.table.exits > 0])
            drawn = pd.DataFrame({"label": table.index, "middle": table.share, "low": table.low, "high": table.high})
            return _draw.interval_plot(
                drawn, title=self._finding(ALL_STAGES), x="share of those that ended the stage that went on", share=True, ax=ax,
                alt="Dots with intervals: the share that goes on, by stage.",
            )  # fmt: skip
        table = self.table[self.table.stage == _check.choice("stage", stage, list(self.counts.stage.unique()))]
        has_prior = stage in self.priors
        middle, low, high = ("shrunk", "shrunk_low", "shrunk_high") if has_prior else ("share", "low", "high")
        table = table.dropna(subset=[middle]).sort_values([middle, "group"], ascending=[False, True], kind="stable")
        if len(table) > _MOST_SHOWN:
            table = pd.concat([table.head(_MOST_SHOWN // 2), table.tail(_MOST_SHOWN // 2)])
        drawn = pd.DataFrame({"label": table.group + " (" + table.exits.map("{:,}".format) + ")", "middle": table[middle],
                              "low": table[low], "high": table[high]})  # fmt: skip
        axes = _draw.interval_plot(
            drawn, title=self._finding(stage), x="share won" if stage == ALL_STAGES else f"share that passes {stage}",
            share=True, ax=ax, alt="Dots with intervals: shares by group"
            f"{', shrunk towards their mean; circles: as they are' if has_prior else ''}.",
        )  # fmt: skip
        if has_prior:
            axes.plot(table.share, -np.arange(float(len(table))), "o", color=_draw.PALE, markerfacecolor="none", zorder=1)
        return axes
