"""Calls: who calls the firm and when, how long they wait, who answers, and what a poor call leaves behind.

In a block of persons, month by month, it is drawn who calls (`ring`), and what they have to expect hurts them like a failure
(see ``staffing``). When all blocks are done, all calls of the firm meet in one queue (`answer`), call by call in the
order in which they come, and from it come the tables. So the load of everybody makes each wait, while blocks can be lived
through apart: what acts on a customer is the wait to be expected in that hour with their patience, not the luck of the minute.
An industry without a call centre has no calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit, gammaincinv

from crmlab import _queueing
from crmlab.world import service, staffing, streams
from crmlab.world.call_centre import CallCentre
from crmlab.world.event_log import EventLog
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

_HOURS, _WEEKDAYS = 24, 7
_SECONDS_PER_HOUR, _SECONDS_PER_DAY = 3600, 86_400
_AGENT_DIGITS = 3
_TICKETS = ("complaint", "question")  # reasons beside those of the call centre
_NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class _Going:
    """How calls would go if they were taken, arrays of shape (n,).

    Attributes
    ----------
    less_patient : ndarray
        Share of callers with less patience.
    patience, handling : ndarray of int
        In seconds.
    transferred, solved : ndarray of bool
    """

    less_patient: np.ndarray
    patience: np.ndarray
    handling: np.ndarray
    transferred: np.ndarray
    solved: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Attempts:
    """All calls that could be made, in order of time; n is their number.

    Attributes
    ----------
    caller : ndarray of int, shape (n,)
        Place among those who call.
    second : ndarray of int, shape (n,)
        Since the opening.
    key : ndarray of uint64, shape (n,)
    reason : ndarray of int, shape (n,)
    assurance : ndarray, shape (n,)
        Quality met, less the neutral one.
    parent : ndarray of int, shape (n,)
        The call whose matter it brings back; -1 for a new matter.
    """

    caller: np.ndarray
    second: np.ndarray
    key: np.ndarray
    reason: np.ndarray
    assurance: np.ndarray
    parent: np.ndarray


# In a block of persons


def ring(setting: Setting, log: EventLog, customers: Customers, incidents: list[service.Incidents], t: int) -> None:
    """Draw and note the calls of month ``t``; moves what they leave behind, which acts from the next month on."""
    industry, centre = setting.industry, setting.industry.calls
    if centre is None:
        return
    own, usual = _of_their_own(setting, centre, customers, t)
    calls = [own, *(_about_tickets(setting, centre, customers, kind, t) for kind in incidents)]
    rows, second, key, reason = (np.concatenate(parts) for parts in zip(*calls, strict=True))
    assurance = service.perceived(setting, customers, t)[rows, service.ASSURANCE] - industry.neutral_quality
    until = np.where(customers.present, setting.last_day, customers.left)
    log.add(
        "calls", customers.person[rows], second=second, key=key, reason=reason, assurance=assurance,
        until=np.floor(until[rows] * _SECONDS_PER_DAY).astype(np.int64),
    )  # fmt: skip
    hurt = _severity(centre, staffing.expectation(setting, t), _hour_of_week(setting, second), _going(centre, key, assurance))
    usually = centre.usual_call * _usual_severity(setting, centre, t) * usual
    total = np.bincount(rows, weights=hurt * _hurts(centre, reason), minlength=len(customers)) - usually
    for name, worst in (("dissatisfaction", industry.dissatisfaction), ("relationship_damage", industry.relationship_damage)):
        before = getattr(customers, name)
        setattr(customers, name, np.maximum(before + worst * total, np.minimum(before, -worst * centre.goodwill)))


Calls = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # rows of callers, seconds since the opening, keys, reasons


def _of_their_own(setting: Setting, centre: CallCentre, customers: Customers, t: int) -> tuple[Calls, np.ndarray]:
    """Draw the calls beside tickets: a Poisson process whose rate follows the hour and the day of the week.

    Also returns how many are to be expected of each customer.
    """
    shape, mean = centre.rate
    rate = gammaincinv(shape, streams.uniform(customers.key, "call rate")) * mean / shape
    hours = np.arange(_HOURS * int(setting.month_start[t + 1] - setting.month_start[t]) + 1)
    weekday = (_weekday(setting, setting.month_start[t]) + hours[:-1] // _HOURS) % _WEEKDAYS
    weights = np.array(centre.week)[weekday] * np.array(centre.day)[hours[:-1] % _HOURS]
    passed = np.append(0.0, np.cumsum(weights)) / weights.sum()
    start, end = service.stay(setting, customers, t)
    begin, stop = (np.interp((day - setting.month_start[t]) * _HOURS, hours, passed) for day in (start, end))
    expected = rate * (stop - begin)
    count = streams.poisson(streams.uniform(customers.key, "calls", t), expected)
    rows = np.repeat(np.arange(count.size), count)
    ordinal = np.arange(rows.size) - (np.cumsum(count) - count)[rows]
    key = streams.event_keys(customers.key[rows], "call", t, ordinal)
    part = begin[rows] + streams.uniform(key, "call moment") * (stop - begin)[rows]
    second = np.floor((setting.month_start[t] * _HOURS + np.interp(part, passed, hours)) * _SECONDS_PER_HOUR)
    reason = streams.choose(streams.uniform(key, "call reason"), np.array([weight for _, weight in centre.reasons]))
    return (rows, second.astype(np.int64), key, reason), expected


def _about_tickets(setting: Setting, centre: CallCentre, customers: Customers, kind: service.Incidents, t: int) -> Calls:
    """Return the calls by which tickets come that come by telephone, at some time of their day."""
    channel = service.ticket_channel(setting, customers.key[kind.rows], t)
    by_phone = kind.voiced & (np.array(channel.labels)[channel.values] == "phone")
    rows = kind.rows[by_phone]
    key = streams.event_keys(customers.key[rows], "ticket call", t, 0 if kind.failed else 1)
    day = np.floor(service.opened(setting, customers, kind.rows, t)[by_phone]).astype(np.int64)
    reason = np.full(rows.size, len(centre.reasons) + (0 if kind.failed else 1))
    return rows, day * _SECONDS_PER_DAY + _time_of_day(centre, streams.uniform(key, "call moment")), key, reason


def _going(centre: CallCentre, key: np.ndarray, assurance: np.ndarray) -> _Going:
    """Draw how calls would go if they were taken."""
    less_patient = streams.uniform(key, "call patience")
    transferred = streams.uniform(key, "call transfer") < centre.transfer
    constant, by_assurance, passed_on = centre.solving
    chance = expit(constant + by_assurance * assurance + passed_on * transferred)
    mean, spread = centre.handling_seconds
    handling = mean * np.exp(spread * streams.normal(key, "call handling") - spread**2 / 2)
    handling = handling * np.where(transferred, centre.transfer_time, 1.0)
    return _Going(
        less_patient, _whole_seconds(-centre.patience_seconds * np.log1p(-less_patient)), _whole_seconds(handling), transferred,
        streams.uniform(key, "call solved") < chance,
    )  # fmt: skip


def _severity(centre: CallCentre, expected: staffing.Expectation, hour_of_week: np.ndarray, going: _Going) -> np.ndarray:
    """Return the severity of a failure that hurts as much as each call, by what its caller has to expect."""
    hangs_up, minutes = expected.at(hour_of_week, going.less_patient)
    answer = centre.transfer_hurts * going.transferred + centre.unsolved_hurts * ~going.solved
    return centre.wait_hurts * minutes + centre.hanging_up_hurts * hangs_up + (1 - hangs_up) * answer


def _hurts(centre: CallCentre, reason: np.ndarray) -> np.ndarray:
    """Return which calls leave something behind: a mere question does not, however long it waits."""
    return reason != len(centre.reasons) + _TICKETS.index("question")


def _usual_severity(setting: Setting, centre: CallCentre, t: int) -> float:
    """Return the mean severity of a call of month ``t`` if no cause were changed.

    The grid of the expectation is one of callers by their patience, in equal steps, so its mean is that over callers.
    """
    constant, _, passed_on = centre.solving
    solved = np.array([expit(constant), expit(constant + passed_on)]) @ [1 - centre.transfer, centre.transfer]
    answer = centre.transfer_hurts * centre.transfer + centre.unsolved_hurts * (1 - solved)
    usual = staffing.expectation(setting, t, usual=True)
    by_cell = centre.wait_hurts * usual.minutes + centre.hanging_up_hurts * usual.hangs_up + (1 - usual.hangs_up) * answer
    weights = np.outer(centre.week, centre.day).ravel()
    return float(weights @ (by_cell[:, 1:] + by_cell[:, :-1]).mean(axis=1) / 2 / weights.sum())


def gather(log: EventLog, rank: np.ndarray, ids: pa.Array) -> pa.Table:
    """Return the calls noted in a block, person by person in the order of ``rank``; they leave the log."""
    parts = log.rows.pop("calls", [])
    person = np.concatenate([np.zeros(0, dtype=np.int64), *(rows for rows, _ in parts)])
    kinds = {"second": np.int64, "key": np.uint64, "reason": np.int64, "assurance": float, "until": np.int64}
    columns = {
        name: np.concatenate([np.zeros(0, dtype=kind), *(part[name] for _, part in parts)])
        for name, kind in kinds.items()
    }  # fmt: skip
    order = np.lexsort((columns["key"], columns["second"], rank[person]))
    return pa.table(
        {"customer_id": ids.take(pa.array(person[order]))} | {name: column[order] for name, column in columns.items()}
    )


# When all blocks are done


def answer(setting: Setting, noted: pa.Table, customers: np.ndarray) -> dict[str, dict[str, object]]:
    """Let all calls of the firm meet in one queue, and return the columns of its tables.

    Parameters
    ----------
    setting : Setting
    noted : Table
        The calls of all blocks (`gather`), in the order of persons.
    customers : ndarray of int, shape (months,)
        At the end of each month: for so many the roster is planned.
    """
    centre = staffing.centre_of(setting)
    agents = np.stack([staffing.roster(setting, t, customers[t]) for t in range(setting.months)])
    attempts = _in_order(setting, centre, noted)
    going = _going(centre, attempts.key, attempts.assurance)
    follows = streams.uniform(attempts.key, "call again")
    earlier = attempts.parent
    served = _queueing.serve_in_order(
        attempts.second, going.patience, going.handling, _duties(setting, agents), earlier,
        ~going.solved[earlier] & (follows < centre.repeats[0]), follows < centre.repeats[1],
    )  # fmt: skip
    names = noted["customer_id"].combine_chunks().dictionary_encode().dictionary
    columns, truth = _columns(setting, centre, attempts, going, served, names)
    return {"calls": columns, "truth_calls": truth, "rosters": _roster_columns(setting, centre, agents)}


def _in_order(setting: Setting, centre: CallCentre, noted: pa.Table) -> _Attempts:
    """Put the calls, and those that could follow them in the same matter, in the order of time."""
    caller = noted["customer_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    second, key, reason, assurance, until = (noted[name].to_numpy() for name in noted.column_names[1:])
    later = streams.event_keys(key, "call again")
    comes = np.flatnonzero(streams.uniform(later, "call again") < max(centre.repeats))
    when = _day_after(setting, centre, second[comes], streams.uniform(later[comes], "call day"))
    when = when * _SECONDS_PER_DAY + _time_of_day(centre, streams.uniform(later[comes], "call moment"))
    comes, when = comes[when < until[comes]], when[when < until[comes]]
    all_seconds = np.append(second, when)
    caller, key, reason, assurance, parent = (
        np.append(first, again)
        for first, again in (
            (caller, caller[comes]), (key, later[comes]), (reason, reason[comes]), (assurance, assurance[comes]),
            (np.full(second.size, _NOBODY), comes),
        )
    )  # fmt: skip
    order = np.lexsort((key, caller, all_seconds))
    place = np.append(np.argsort(order, kind="stable"), _NOBODY)  # of each call in that order; nobody's place is -1
    return _Attempts(
        caller[order], all_seconds[order], key[order], reason[order], assurance[order], place[parent[order]]
    )  # fmt: skip


def _day_after(setting: Setting, centre: CallCentre, second: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Draw the day of a second call, one of the seven after the first: soon, and as many as on other days of the week."""
    day, ahead = second // _SECONDS_PER_DAY, np.arange(1, _WEEKDAYS + 1)
    weekday = (_weekday(setting, day)[:, None] + ahead) % _WEEKDAYS
    return day + 1 + streams.choose(draw, np.array(centre.week)[weekday] * centre.repeat_fading**ahead)


def _duties(setting: Setting, agents: np.ndarray) -> list[tuple[int, list[_queueing.Duty]]]:
    """Return for each day who is on duty from when to when; the last shift stays until the last caller is served."""
    duties = []
    for day in range(int(setting.last_day)):
        there = agents[setting.month_of(np.array(day)), _weekday(setting, day)]
        begin, last = day * _SECONDS_PER_DAY, np.flatnonzero(there)[-1]
        change = np.diff(np.append(0, np.append(there, 0)))
        today: list[_queueing.Duty] = []
        on_duty: dict[int, int] = {}
        for hour in np.flatnonzero(change):
            now = int(there[hour]) if hour < _HOURS else 0
            moment = begin + int(hour) * _SECONDS_PER_HOUR
            for agent in range(len(on_duty), now):
                on_duty[agent] = moment
            for agent in range(len(on_duty) - 1, now - 1, -1):
                today.append((on_duty.pop(agent), agent, np.inf if hour > last else moment))
        duties.append((begin, today))
    return duties


def _columns(
    setting: Setting, centre: CallCentre, attempts: _Attempts, going: _Going, served: _queueing.Served, names: pa.Array
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the columns of `calls` and `truth_calls`, person by person in order of time."""
    made = np.flatnonzero(served.came)
    made = made[np.argsort(attempts.caller[made], kind="stable")]
    caller, second, parent, server = (of[made] for of in (attempts.caller, attempts.second, attempts.parent, served.server))
    number = np.arange(made.size) - np.searchsorted(caller, caller, side="left") + 1
    person = names.take(pa.array(caller))
    ids = pc.binary_join_element_wise(person, pc.cast(pa.array(number), pa.string()), "-L")
    row = np.zeros(served.came.size, dtype=np.int64)
    row[made] = np.arange(made.size)
    taken = server != _NOBODY
    reasons = pa.array([*(name for name, _ in centre.reasons), *_TICKETS])
    agents = pa.array([f"G{agent + 1:0{_AGENT_DIGITS}d}" for agent in range(int(server.max(initial=0)) + 1)])
    columns: dict[str, object] = {
        "call_id": ids, "customer_id": person, "date": _dates(setting, second // _SECONDS_PER_DAY),
        "arrival_seconds": second % _SECONDS_PER_DAY, "reason": reasons.take(pa.array(attempts.reason[made])),
        "reopens": ids.take(pa.array(row[parent], mask=parent == _NOBODY)), "wait_seconds": served.wait[made],
        "abandoned": ~taken, "agent_id": agents.take(pa.array(server, mask=~taken)),
        "handling_seconds": pa.array(going.handling[made].astype(float), mask=~taken),
        "transferred": taken & going.transferred[made], "solved": taken & going.solved[made],
    }  # fmt: skip
    severity, month = np.zeros(made.size), setting.month_of(second / _SECONDS_PER_DAY)
    hurts = _hurts(centre, attempts.reason[made]) & (parent == _NOBODY)
    for t in np.unique(month[hurts]):
        rows = np.flatnonzero(hurts & (month == t))
        now = _Going(*(getattr(going, name)[made[rows]] for name in _Going.__slots__))
        severity[rows] = _severity(centre, staffing.expectation(setting, t), _hour_of_week(setting, second[rows]), now)
    return columns, {"call_id": ids, "patience_seconds": going.patience[made], "severity": severity}


def _roster_columns(setting: Setting, centre: CallCentre, agents: np.ndarray) -> dict[str, object]:
    """Return the columns of `rosters`: agents on duty by month, day of the week and hour with somebody there."""
    month, weekday, hour = np.nonzero(agents)
    return {
        "month": _dates(setting, setting.month_start[month].astype(np.int64)), "weekday": weekday + 1, "hour": hour,
        "agents": agents[month, weekday, hour],
    }  # fmt: skip


def _weekday(setting: Setting, day: np.ndarray | float) -> np.ndarray:
    """Return the day of the week, 0 for Monday, of days since the opening."""
    return (setting.opening.weekday() + np.asarray(day).astype(np.int64)) % _WEEKDAYS


def _hour_of_week(setting: Setting, second: np.ndarray) -> np.ndarray:
    """Return the hour of the week, from 0 to 167, of seconds since the opening."""
    return _weekday(setting, second // _SECONDS_PER_DAY) * _HOURS + second % _SECONDS_PER_DAY // _SECONDS_PER_HOUR


def _time_of_day(centre: CallCentre, draw: np.ndarray) -> np.ndarray:
    """Return the second of the day for each draw, as often in each hour as its weight says."""
    passed = np.append(0.0, np.cumsum(centre.day)) / sum(centre.day)
    return np.floor(np.interp(draw, passed, np.arange(_HOURS + 1)) * _SECONDS_PER_HOUR).astype(np.int64)


def _whole_seconds(seconds: np.ndarray) -> np.ndarray:
    """Round to seconds, so that no processor orders calls differently."""
    return np.round(seconds).astype(np.int64)


def _dates(setting: Setting, day: np.ndarray) -> np.ndarray:
    return np.datetime64(setting.opening, "us") + day.astype("timedelta64[D]")
