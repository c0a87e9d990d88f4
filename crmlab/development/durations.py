"""Durations: how long a deal or a stage lasts, where it can end in more than one way.

It reads the stage log and returns, for each day, the share that has been won and the share that has been lost by then, with
intervals; open deals count for as long as they were seen. Beside it stands one minus Kaplan-Meier, which treats those who
were lost as if they could still be won. What an old deal is still worth is known in ``stalled``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab._verdict import FEWEST, listed
from crmlab.development.incidence import Incidence, incidence, share_interval
from crmlab.development.log import ADVANCED, LOST, RETURNED, SKIPPED, WON, StageLog, as_stage_log
from crmlab.errors import ArgumentError, DataError
from crmlab.tables.development import ENDINGS

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_WENT_ON, _RETURNED, _LOST, _WON = "went on", "returned", "lost", "won"
_SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)  # of what has ended: the days that a summary names


def time_in_stage(log: StageLog | pd.DataFrame | ibis.Table | str | PathLike, stage: str | None = None) -> StageTimes:
    """Compute how long deals take until they are won or lost, or how long a stage lasts until it ends in either way.

    Parameters
    ----------
    log : StageLog, or stage events
        As ``stage_log`` returns or reads them.
    stage : str, optional
        A stage, which ends when the deal goes on (`won` in the last), returns or is lost; by default whole deals, from the
        first stage to `won` or `lost`.

    Returns
    -------
    StageTimes

    Raises
    ------
    DataError
        As ``stage_log``; nothing has ended yet.
    ArgumentError
        There is no such stage.

    Notes
    -----
    A deal that has been lost can no longer be won. One minus Kaplan-Meier takes the lost for deals last seen on that day,
    which may still be won, and so tells the share won in a world in which nobody is ever lost: too much, and with the share
    lost, computed likewise, more than everything. The shares here add up, with that still open, to one.

    References
    ----------
    Aalen & Johansen (1978), Scandinavian Journal of Statistics 5; standard errors as in Dinse & Larson (1986), Biometrika
    73; intervals by Kalbfleisch & Prentice's log(-log) transformation.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> events = pd.DataFrame({
    ...     "prospect_id": ["ann", "bob", "cy", "di"], "stage": "closing", "entered": pd.Timestamp("2024-01-01"),
    ...     "left": pd.to_datetime(["2024-01-11", "2024-01-21", "2024-01-31", None]), "outcome": ["lost", "won", "lost", None],
    ... })
    >>> times = development.time_in_stage(events)
    >>> times.predict([10, 20, 30])[["days", "ending", "share", "naive"]].round(3)
       days ending  share  naive
    0    10    won   0.00  0.000
    1    20    won   0.25  0.333
    2    30    won   0.25  0.333
    3    10   lost   0.25  0.250
    4    20   lost   0.25  0.250
    5    30   lost   0.50  0.625
    """
    checked = as_stage_log(log)
    if stage is None:
        deals = checked.deals
        began, ended = deals.began, deals.closed
        ending, endings = pd.Index(ENDINGS).get_indexer(pd.Index(deals.status)), ENDINGS
    else:
        place = list(checked.stages).index(_check.choice("stage", stage, checked.stages))
        rows = checked.places == place
        began, ended = checked.table.entered[rows], checked.table.left[rows]
        ending, endings = _endings(checked.outcomes[rows])
    if not (ending >= 0).any():
        where = "no deal has been won or lost" if stage is None else f"nobody has left the stage {stage!r}"
        raise DataError(
            f"{where} yet: all {len(ending):,} are open, so that nothing tells how long it takes. Wait, or take more."
        )
    days = (ended.fillna(checked.until) - began).dt.days.to_numpy()
    return StageTimes(incidence(days, ending, len(endings)), endings, stage, days[ending >= 0], len(ending))


def _endings(outcome: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the place of each entry's ending, -1 while it is open, and the names of the endings that there are."""
    by_outcome = {ADVANCED: _WENT_ON, SKIPPED: _WENT_ON, RETURNED: _RETURNED, LOST: _LOST, WON: _WON}
    present = {by_outcome[place] for place in by_outcome if (outcome == place).any()} | {_LOST}
    if not present & {_WENT_ON, _WON}:
        present.add(_WENT_ON)
    endings = tuple(name for name in (_WON, _WENT_ON, _RETURNED, _LOST) if name in present)
    places = np.array(
        [endings.index(by_outcome[place]) if by_outcome[place] in present else -1 for place in range(WON + 1)] + [-1]
    )
    return places[outcome], endings


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StageTimes(Result):
    """How long deals take, or a stage lasts, until they end in either way.

    Attributes
    ----------
    incidence : Incidence
        Shares by day, the endings in the order of ``endings``.
    endings : tuple of str
        In which ways it can end.
    stage : str or None
        The stage; None for whole deals.
    ended_days : ndarray, shape (ended,)
        How long those took that have ended.
    n : int
        All, the open ones included.
    """

    incidence: Incidence
    endings: tuple[str, ...]
    stage: str | None
    ended_days: np.ndarray
    n: int

    @property
    def table(self) -> pd.DataFrame:
        """One row per ending and day on which something ended, with 95 % intervals (``tables.describe("stage_times")``)."""
        return self.interval()

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the shares by day with pointwise confidence intervals.

        Each holds for its day alone. Where nobody has ended so, there is no upper end.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> events = pd.DataFrame({
        ...     "prospect_id": ["ann", "bob"], "stage": "closing", "entered": pd.Timestamp("2024-01-01"),
        ...     "left": pd.to_datetime(["2024-01-11", "2024-01-21"]), "outcome": ["lost", "won"],
        ... })
        >>> development.time_in_stage(events).interval(0.9)[["ending", "days", "share", "low", "high"]].round(2)
          ending  days  share   low  high
        0    won    10    0.0  0.00   NaN
        1    won    20    0.5  0.02  0.88
        2   lost    10    0.5  0.02  0.88
        3   lost    20    0.5  0.02  0.88
        """
        return self._rows(np.arange(self.incidence.times.size), self.incidence.times, level)

    def predict(self, days: Sequence[int], level: float = 0.95) -> pd.DataFrame:
        """Compute how likely each ending is within so many days, with confidence intervals.

        Parameters
        ----------
        days : sequence of int
            Not more than the longest that was seen.
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``, with these days.

        Raises
        ------
        ArgumentError
            A day is no whole number, or nobody has been seen for so long; ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> events = pd.DataFrame({
        ...     "prospect_id": ["ann", "bob"], "stage": "closing", "entered": pd.Timestamp("2024-01-01"),
        ...     "left": pd.to_datetime(["2024-01-11", "2024-01-21"]), "outcome": ["lost", "won"],
        ... })
        >>> development.time_in_stage(events).predict([15])[["ending", "days", "at_risk", "share"]]
          ending  days  at_risk  share
        0    won    15        1    0.0
        1   lost    15        1    0.5
        """
        longest = int(self.incidence.times[-1])
        if isinstance(days, str) or not isinstance(days, Sequence | np.ndarray) or not len(days):
            raise ArgumentError(f"`days` must be a list of whole numbers, such as [30, 90]; it is {days!r}.")
        wanted = np.array([_check.integer("days", day, 0, longest) for day in days])
        return self._rows(np.searchsorted(self.incidence.times, wanted, side="right") - 1, wanted, level)

    def _rows(self, place: np.ndarray, days: np.ndarray, level: float) -> pd.DataFrame:
        """Return the shares at places among the times (-1: before the first)."""
        z = special.ndtri(0.5 + _check.share("level", level) / 2)
        before, behind = place < 0, np.minimum(place + (days > self.incidence.times[place]), self.incidence.times.size - 1)
        at_risk = np.where(before, self.n, self.incidence.at_risk[behind])
        frames = []
        for k, ending in enumerate(self.endings):
            share, std_error, naive = (
                np.where(before, 0.0, values[place, k])
                for values in (self.incidence.share, self.incidence.std_error, self.incidence.naive)
            )
            low, high = share_interval(share, std_error, z)
            frames.append(pd.DataFrame({
                "ending": ending, "days": days, "at_risk": at_risk, "share": share, "std_error": std_error, "low": low,
                "high": high, "naive": naive,
            }))  # fmt: skip
        return pd.concat(frames, ignore_index=True).astype({"ending": "str"})

    @property
    def _what(self) -> str:
        return "deals" if self.stage is None else f"entries of {self.stage}"

    def summary(self) -> Summary:
        """Sum up the finding: the shares on a few days, and how long it took those that have ended."""
        days = np.unique(np.quantile(self.ended_days, _SHOWN, method="inverted_cdf")).astype(int)
        half = np.flatnonzero(self.incidence.open <= 0.5)
        table = self.predict(days.tolist()).drop(columns="std_error")
        absent = [name for k, name in enumerate(self.endings) if not self.incidence.share[-1, k]]
        missing = f" None has been {listed(absent, 'or')} yet: that share has no upper end." if absent else ""
        return Summary(
            "Time until the end" if self.stage is None else f"Time in the stage {self.stage}",
            facts=((self._what[0].upper() + self._what[1:], self.n), ("Open", self.n - self.ended_days.size),
                   ("Days until half have ended", int(self.incidence.times[half[0]]) if half.size else None)),
            table=table,
            note="Shares that have ended so within the days, with 95 % intervals; naive: one minus Kaplan-Meier, which takes "
            f"those that ended otherwise for open.{missing}",
        )  # fmt: skip

    def _far_day(self) -> int:
        """Return the last day on which one in a hundred, and at least six, were at risk; with fewer, the last of all."""
        enough = np.flatnonzero(self.incidence.at_risk >= max(FEWEST, self.n / 100))
        return int(self.incidence.times[enough[-1] if enough.size else -1])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares by day with their intervals, and one minus Kaplan-Meier of the first ending.

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
        ...     "prospect_id": ["ann", "bob"], "stage": "closing", "entered": pd.Timestamp("2024-01-01"),
        ...     "left": pd.to_datetime(["2024-01-11", "2024-01-21"]), "outcome": ["lost", "won"],
        ... })
        >>> " ".join(development.time_in_stage(events).plot().get_title("left").split())
        'Within 20 days 50.0 % are won; one minus Kaplan-Meier says 100.0 %'
        """
        table, first = self.table, self.endings[0]
        lines = table.pivot(index="days", columns="ending", values="share")[list(self.endings)]
        lines.insert(1, f"{first}, one minus Kaplan-Meier", table[table.ending == first].set_index("days").naive)
        day = self._far_day()
        end = lines.loc[day]
        verb = ("" if self.stage is None else f"of {self._what} ") + (f"are {first}" if first == _WON else first)
        axes = _draw.curves(
            lines, x="days", y=f"share of {self._what}", share="y", ax=ax,
            title=f"Within {day:,} days {percent(end.iloc[0])} {verb}; one minus Kaplan-Meier says "
            f"{percent(end.iloc[1])}",
            alt=f"Curves of the shares of {self._what} that have ended by each day as {listed(self.endings)}, with bands.",
        )  # fmt: skip
        drawn = dict(zip(lines.columns, axes.get_lines()[-lines.shape[1] :], strict=True))
        for name, line in drawn.items():
            line.set_drawstyle("steps-post")
            if name in self.endings:
                rows = table[table.ending == name]
                fill = partial(axes.fill_between, rows.days, step="post", alpha=0.15, linewidth=0, color=line.get_color())
                fill(rows.low, rows.high.fillna(rows.share))
            else:
                line.set_linestyle("--")
        return axes
