"""The call centre: one declarative block of the numbers by which calls come, wait and are answered.

An industry without one has no calls. What the numbers do is said in ``staffing`` (load, roster, what a caller has to expect)
and ``calls`` (who calls, and what becomes of it); which values they may take in ``ranges``. The shapes follow L. Brown and
others (2005), "Statistical analysis of a telephone call center", Journal of the American Statistical Association 100:
arrivals are a Poisson process whose rate changes with the hour, service times are lognormal, and though their callers'
patience was not quite exponential, Erlang's A formula described their queue well. Tags of origin are those of
``industries``; without one a number is [C].
"""

from __future__ import annotations

from dataclasses import dataclass

from crmlab.world.ranges import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCentre(Block):
    """A call centre: when customers call and why, how many agents answer, and what a poor call leaves behind."""

    # who calls
    rate: tuple[float, float]  # shape and mean of the calls a month of a customer, beside tickets that come by phone (gamma)
    reasons: tuple[tuple[str, float], ...]  # what these are about
    week: tuple[float, ...]  # how many calls come on each day of the week, Monday first
    day: tuple[float, ...]  # how many come in each hour of the day, from midnight; 0 while it is closed
    patience_seconds: float  # mean time after which a caller hangs up (exponential)
    # who answers
    handling_seconds: tuple[float, float]  # mean, and standard deviation of the log (lognormal: Brown et al. 2005)
    planned_week: tuple[float, ...]  # as ``week``, as the planners believe
    shift_hours: int = 4  # hours through which the number of agents stays the same
    service_level: tuple[float, float] = (0.8, 20.0)  # planned: share answered within so many seconds, by Erlang's C formula
    fewest_agents: int = 1
    growth: tuple[
        float, float
    ]  # customers planned for: won a month (1: as many as the firm plans), share of them lost in a month
    busy_response: float = 1.0  # of the log of load to agents on the log hours until a ticket is answered
    # how it goes
    transfer: float  # share of calls that are passed on
    transfer_time: float = 1.5  # factor of the handling time of these
    solving: tuple[float, float, float]  # log-odds that it is solved: constant, per point of assurance, if passed on
    repeats: tuple[float, float]  # share who call again in the matter: if it was not solved, if they hung up
    repeat_fading: float = 0.6  # how likely each later day is, compared with the day before, from the next day on
    # what it leaves behind: a call hurts like a failure of this severity, less that of the calls to be expected
    usual_call: float  # how much is taken off for each of these, in usual calls: the quality of service holds them already
    goodwill: float  # good calls mend, and leave at the most so much goodwill, as a failure of that severity in reverse
    wait_hurts: float  # for each minute that they have to expect to wait
    hanging_up_hurts: float  # times the chance that their patience ends before
    transfer_hurts: float
    unsolved_hurts: float
