"""Staffing: how many calls are to be expected, how many agents are on duty, and what a caller has to expect.

The planners reckon with the usual calls of so many customers and put as many agents on each shift as Erlang's C formula asks
for; the cause `staffing` makes them more or fewer. What a caller has to expect follows from the calls to be expected and from
the roster, by Erlang's A formula, hour by hour of the week: so it depends on no single customer, and blocks of persons can
be lived through apart. The calls themselves, which depend on everybody, are answered in ``calls``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from crmlab import _queueing
from crmlab.world.call_centre import CallCentre
from crmlab.world.setting import Setting

_HOURS, _WEEKDAYS = 24, 7
_SECONDS_PER_HOUR, _SECONDS_PER_MINUTE = 3600, 60
_LEAST_LOAD = 1e-9  # so that an hour without calls has an offered load
#: Grid of the share of callers with less patience, on which what they have to expect is tabulated.
_PATIENCE_GRID = np.linspace(0.0, 0.999, 41)


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What callers of one month have to expect, by hour of the week and patience.

    Attributes
    ----------
    hangs_up : ndarray, shape (168, g)
        Chance that the patience ends before an agent is there.
    minutes : ndarray, shape (168, g)
        Expected wait, until an agent is there or the patience ends.
    """

    hangs_up: np.ndarray
    minutes: np.ndarray

    def at(self, hour_of_week: np.ndarray, less_patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both for callers in an hour of the week of whom a share has less patience, by linear interpolation."""
        place = less_patient / _PATIENCE_GRID[-1] * (_PATIENCE_GRID.size - 1)
        low = np.minimum(place.astype(np.int64), _PATIENCE_GRID.size - 2)
        part = np.minimum(place - low, 1)
        hangs_up, minutes = (
            (1 - part) * grid[hour_of_week, low] + part * grid[hour_of_week, low + 1] for grid in (self.hangs_up, self.minutes)
        )
        return hangs_up, minutes


def centre_of(setting: Setting) -> CallCentre:
    """Return the call centre of an industry that has one."""
    centre = setting.industry.calls
    if centre is None:
        raise ValueError("this industry has no calls")
    return centre


def calls_per_customer(setting: Setting, t: int, *, usual: bool) -> float:
    """Return the calls of a customer of mean quality to be expected in month ``t``; ``usual`` as if no cause were changed."""
    industry, centre = setting.industry, centre_of(setting)
    quality = np.array(industry.quality) + (0 if usual else setting.quality_shift[t])
    lack = (quality - industry.neutral_quality) @ np.array(industry.failure_weights)
    failed = expit(logit(industry.failure) - industry.failure_effect * lack) if industry.failure else 0.0
    by_channel = dict(industry.ticket_channels)
    by_phone = by_channel.get("phone", 0.0) / sum(by_channel.values())
    first = centre.rate[1] + by_phone * (failed * industry.voice + (1 - failed) * industry.inquiry)
    constant, _, passed_on = centre.solving
    solved = (1 - centre.transfer) * expit(constant) + centre.transfer * expit(constant + passed_on)
    return float(first * (1 + centre.repeats[0] * (1 - solved)))


def response_factor(setting: Setting, t: int) -> float:
    """Return by how much answers to tickets take longer in month ``t``: whoever is on the telephone answers no letters."""
    centre = centre_of(setting)
    more = calls_per_customer(setting, t, usual=False) / max(calls_per_customer(setting, t, usual=True), _LEAST_LOAD)
    return float((more / (1 + setting.shifts["staffing"][t])) ** centre.busy_response)


def planned_customers(setting: Setting, t: int) -> float:
    """Return how many customers the firm planned to have in the middle of month ``t``."""
    won, lost = centre_of(setting).growth
    months = t + 1 / 2
    kept = (1 - (1 - lost) ** months) / lost if lost else months
    return setting.customers / setting.months * won * kept


def mean_handling(centre: CallCentre) -> float:
    """Return the mean handling time in seconds, calls that are passed on included."""
    return centre.handling_seconds[0] * (1 + centre.transfer * (centre.transfer_time - 1))


def calls_by_hour(setting: Setting, t: int, customers: float, week: tuple[float, ...], *, usual: bool) -> np.ndarray:
    """Return the calls to be expected in each hour of a week of month ``t``, shape (7, 24)."""
    centre = centre_of(setting)
    by_day, by_hour = np.array(week), np.array(centre.day)
    days = setting.month_start[t + 1] - setting.month_start[t]
    daily = customers * calls_per_customer(setting, t, usual=usual) / days * by_day / by_day.mean()
    return daily[:, None] * by_hour / by_hour.sum()


def roster(setting: Setting, t: int, customers: float, *, usual: bool = False) -> np.ndarray:
    """Return the agents on duty in each hour of a week of month ``t``, planned for so many customers, shape (7, 24).

    Each shift has as many as its mean hour asks for; 0 before the first and after the last hour with calls.
    """
    centre = centre_of(setting)
    level, seconds = centre.service_level
    calls = calls_by_hour(setting, t, customers, centre.planned_week, usual=True)
    opened = np.flatnonzero(centre.day)
    hours, handling = np.arange(opened[0], opened[-1] + 1), mean_handling(centre)
    more = 0.0 if usual else setting.shifts["staffing"][t]
    agents = np.zeros((_WEEKDAYS, _HOURS), dtype=np.int64)
    for first in range(0, hours.size, centre.shift_hours):
        shift = hours[first : first + centre.shift_hours]
        load = np.maximum(calls[:, shift].mean(axis=1) * handling / _SECONDS_PER_HOUR, _LEAST_LOAD)
        planned = _queueing.fewest_servers(load, level, seconds / handling)
        there = np.floor((1 + more) * planned + 1 / 2).astype(np.int64)
        agents[:, shift] = np.maximum(there, centre.fewest_agents)[:, None]
    return agents


def expectation(setting: Setting, t: int, *, usual: bool = False) -> Expectation:
    """Return what callers of month ``t`` have to expect, by the plan of customers; ``usual`` if nothing were changed."""
    centre = centre_of(setting)
    customers = planned_customers(setting, t)
    calls = calls_by_hour(setting, t, customers, centre.week, usual=usual)
    agents = np.maximum(roster(setting, t, customers, usual=usual), 1).reshape(-1, 1)
    arrivals = np.maximum(calls.reshape(-1, 1) / _SECONDS_PER_HOUR, _LEAST_LOAD)
    patience = -centre.patience_seconds * np.log1p(-_PATIENCE_GRID)
    tail = _queueing.offered_wait_tail(patience, agents, arrivals, 1 / mean_handling(centre), 1 / centre.patience_seconds)
    steps = (tail[:, 1:] + tail[:, :-1]) / 2 * np.diff(patience) / _SECONDS_PER_MINUTE
    return Expectation(tail, np.concatenate([np.zeros((len(tail), 1)), np.cumsum(steps, axis=1)], axis=1))
