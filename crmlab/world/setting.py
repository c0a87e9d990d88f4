"""The setting of one run: which industry, how large, how long, from which seed, with which changes.

It also holds the calendar, in which a moment is a number of days since the firm opened. This room knows no
mechanism, and draws nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crmlab import tables
from crmlab.world import call_lists
from crmlab.world.industries import Industry
from crmlab.world.interventions import CAUSES, Interventions

#: The last month of every firm is at the latest this one, so that no date lies in the future.
_LAST_YEAR = 2025


@dataclass(frozen=True)
class Setting:
    """What one run of the firm is made from; equal settings make equal firms.

    Attributes
    ----------
    industry : Industry
        The numbers of the mechanisms.
    customers : int
        How many the firm's own channels win in 36 months, by expectation.
    months : int
        Length of the period.
    seed : int
        Seed of the random streams.
    seasons, targeted : bool
        Whether purchases have a season, and whether there are targeted campaigns.
    interventions : Interventions
        What is changed, and from when.
    past : int
        Months that the firm has existed before the first one; whole years.
    hidden : int
        Months at the beginning that no table tells: 0, but in the ``whole`` of an established firm.
    """

    industry: Industry
    customers: int
    months: int
    seed: int
    seasons: bool
    targeted: bool
    interventions: Interventions
    past: int = 0
    hidden: int = 0

    @cached_property
    def opening(self) -> dt.date:
        """The first day: always a first of January; that of the first month told is in 2023 or earlier."""
        years = max(3, -(-(self.months - self.hidden) // 12)) + self.hidden // 12
        return dt.date(_LAST_YEAR + 1 - years, 1, 1)

    @cached_property
    def whole(self) -> Setting:
        """The setting that is lived through: with the past as its first months, and as many more customers."""
        if not self.past:
            return self
        months = self.past + self.months
        changes = tuple(replace(change, start=change.start + self.past) for change in self.interventions.changes)
        calls = tuple(replace(call, start=call.start + self.past) for call in self.interventions.calls)
        return replace(
            self, customers=round(self.customers * months / self.months), months=months,
            interventions=Interventions(changes, months, calls), past=0, hidden=self.past,
        )  # fmt: skip

    @property
    def told_from(self) -> float:
        """The first moment, in days, that tables tell."""
        return self.month_start[self.hidden]

    @cached_property
    def month_start(self) -> np.ndarray:
        """Days from the opening to the first day of each month and of the month after the last, shape (months + 1,)."""
        starts = np.datetime64(self.opening, "M") + np.arange(self.months + 1)
        return (starts.astype("datetime64[D]") - np.datetime64(self.opening)).astype(float)

    @property
    def last_day(self) -> float:
        """The end of the run, in days."""
        return self.month_start[-1]

    @property
    def last_date(self) -> int:
        """The last day of the run, counted from the opening."""
        return int(self.last_day) - 1

    def month_of(self, day: np.ndarray) -> np.ndarray:
        """Return the month (from 0) in which each moment lies; past the end it is ``months`` or more."""
        return np.searchsorted(self.month_start, day, side="right") - 1

    def moment_in(self, t: int, share: np.ndarray) -> np.ndarray:
        """Return the moment, in days, when a share of month ``t`` is over."""
        return self.month_start[t] + share * (self.month_start[t + 1] - self.month_start[t])

    def count_by_month(self, day: np.ndarray) -> np.ndarray:
        """Count moments by month, shape (months,); NaN is none."""
        month = self.month_of(np.where(np.isnan(day), -1, day))
        return np.bincount(month[month >= 0], minlength=self.months)

    @cached_property
    def shifts(self) -> dict[str, np.ndarray]:
        """Every cause's shift, by month."""
        return {name: self.interventions[name] for name in CAUSES}

    @cached_property
    def called(self) -> dict[int, dict[str, np.ndarray]]:
        """The keys of those who are called because somebody chose them, by month (from 0) and by the offer that is made."""
        ids: dict[int, dict[str, list[str]]] = {}
        for call in self.interventions.calls:
            ids.setdefault(call.start - 1, {}).setdefault(call.offer, []).append(call.customer_id)
        return {t: {offer: call_lists.keys(self.seed, names) for offer, names in offers.items()} for t, offers in ids.items()}

    @cached_property
    def quality_shift(self) -> np.ndarray:
        """Shift of the five qualities, shape (months, 5): of each, and of all as managers listen and standards rise."""
        own = np.stack([self.shifts[name] for name in tables.DIMENSIONS], axis=1)
        ignored = np.maximum(-np.array(self.industry.misjudgement), 0)
        heard = self.industry.listening_effect * self.shifts["listening"][:, None] * ignored
        return own + heard + self.industry.standard_effect * self.shifts["standards"][:, None]
