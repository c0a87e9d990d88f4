"""Sales: the eight stages from a prospect to a customer.

A run through the pipeline begins at the stage where the prospect enters, and at each stage ends,
advances, skips the next stage or, stopped by an objection, returns to the needs. What helps is the
fit of the need, the salesperson's skill, effort and promises; what hinders is the utility of
competitors. A run for a further product is lost when its customer leaves. This room knows who is won
and when; what a customer does afterwards is the business of ``service`` and ``buying``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from crmlab import tables
from crmlab.world import market, streams
from crmlab.world.desks import Desks
from crmlab.world.event_log import EventLog, Rows, days, labels, numbered_ids, numbers, take_rows
from crmlab.world.population import Customers, People
from crmlab.world.setting import Setting

#: Stages are counted from 1 here, in the order of ``tables.STAGES``.
_STAGE = {name: place for place, name in enumerate(tables.STAGES, 1)}
NEEDS, PRESENTING = _STAGE["understanding needs"], _STAGE["presenting"]
OBJECTIONS, CLOSING = _STAGE["overcoming objections"], _STAGE["closing"]
#: Whether a stage means a talk: prospecting and preparing happen without the prospect.
_TALKS = np.array([False, *(name not in ("prospecting", "preparing") for name in tables.STAGES)])
_STAGE_OUTCOMES = ("advanced", "skipped ahead", "returned", "lost", "won")
_ADVANCED, _SKIPPED, _RETURNED, _LOST, _WON = range(len(_STAGE_OUTCOMES))
#: How many stages an outcome moves a run on; who is lost, won or still there (-1, the last one) stays.
_MOVES = np.array([1, 2, NEEDS - OBJECTIONS, 0, 0, 0])
_RUN_OUTCOMES = ("won", "lost", "open")
_RUN_WON, _RUN_LOST, _RUN_OPEN = range(len(_RUN_OUTCOMES))
_STAGE_STRIDE = 100  # tells a stage seen again from the stages seen first, in the name of a draw
_RUN_STRIDE = 4096  # more than any person's runs


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs through the pipeline that are about to begin, n of them.

    Attributes
    ----------
    people : People
    person : ndarray of int, shape (n,)
        Place in the block.
    number : ndarray of int, shape (n,)
        Which of the person's runs it is, from 1.
    kind : str
        "new" or "cross-selling".
    begin : int
        Tells the draws of one person's runs apart: 0 for the first, else the month of the cross-selling.
    day : ndarray, shape (n,)
        Day on which each begins.
    entry : ndarray of int, shape (n,)
        Stage at which each begins, from 1.
    log_odds_offset : ndarray, shape (n,)
        Added to the log-odds of every advance.
    """

    people: People
    person: np.ndarray
    number: np.ndarray
    kind: str
    begin: int
    day: np.ndarray
    entry: np.ndarray
    log_odds_offset: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class RunEnds:
    """How runs ended.

    Attributes
    ----------
    won, ended : ndarray, shape (n,)
        Day of winning and of ending in whatever way; NaN where that did not happen before the end of the period.
    """

    won: np.ndarray
    ended: np.ndarray


@dataclass(slots=True, eq=False)
class _Progress:
    """Where each run stands, arrays of shape (n,)."""

    stage: np.ndarray
    now: np.ndarray
    returns: np.ndarray
    steps: np.ndarray
    furthest: np.ndarray
    outcome: np.ndarray
    won: np.ndarray
    ended: np.ndarray


def run(setting: Setting, desks: Desks, log: EventLog, runs: Runs) -> RunEnds:
    """Lead prospects through the stages and write what happens before the end of the period."""
    n = runs.day.size
    progress = _Progress(
        stage=runs.entry.copy(), now=runs.day.copy(), returns=np.zeros(n, dtype=np.int64), steps=np.zeros(n, dtype=np.int64),
        furthest=runs.entry.copy(), outcome=np.full(n, -1), won=np.full(n, np.nan), ended=np.full(n, np.nan),
    )  # fmt: skip
    live = np.flatnonzero(progress.now < setting.last_day)
    while live.size:
        live = _step(setting, desks, log, runs, progress, live)
    _write_prospects(setting, desks, log, runs, progress)
    return RunEnds(progress.won, progress.ended)


def _step(setting: Setting, desks: Desks, log: EventLog, runs: Runs, progress: _Progress, live: np.ndarray) -> np.ndarray:
    """Let the runs ``live`` go through one stage each, and return those that go on."""
    industry, stage, entered = setting.industry, progress.stage[live], progress.now[live]
    key, month = runs.people.key[live], np.minimum(setting.month_of(entered), setting.months - 1)
    ordinal = progress.returns[live] * _STAGE_STRIDE + stage  # a stage seen for the second time is another draw

    def draw(mechanism: str) -> np.ndarray:
        return streams.uniform(key, mechanism, runs.begin, ordinal)

    forward = draw("advance") < _advance_probability(setting, desks, runs, live, stage, month)
    skips = forward & (stage < NEEDS - 1) & (draw("skip") < industry.skip)
    returns = (
        ~forward & (stage == OBJECTIONS) & (progress.returns[live] < industry.most_returns) & (draw("back") < industry.back)
    )
    left = entered - np.array(industry.stage_days, dtype=float)[stage - 1] * np.log(draw("days"))
    done = left < setting.last_day
    stopped = np.where(returns, _RETURNED, _LOST)
    outcome = np.where(skips, _SKIPPED, np.where(~forward, stopped, np.where(stage == CLOSING, _WON, _ADVANCED)))
    objection = streams.choose(draw("objection"), np.array([share for _, share in industry.objections]))
    progress.steps[live] += 1
    salesperson = desks.column(runs.people.desk[live], month)
    prospect = numbered_ids("P", runs.number[live])
    log.add(
        "stage_events", runs.person[live], prospect_id=prospect, step=progress.steps[live],
        stage=labels(stage - 1, tables.STAGES), entered=days(entered), left=days(np.where(done, left, np.nan)),
        outcome=labels(np.where(done, outcome, -1), _STAGE_OUTCOMES), salesperson_id=salesperson,
        objection=labels(np.where(stage == OBJECTIONS, objection, -1), tuple(name for name, _ in industry.objections)),
    )  # fmt: skip
    talks = _TALKS[stage]
    medium = streams.choose(draw("talks by"), np.array([share for _, share in industry.talk_channels]))[talks]
    log.add(
        "interactions", runs.person[live][talks], interaction_id=numbered_ids("I"), date=days(entered[talks]),
        channel=labels(medium, tuple(name for name, _ in industry.talk_channels)), direction=labels(0 * medium, ("out",)),
        topic=labels(stage[talks] - 1, tables.STAGES), salesperson_id=salesperson.take(talks), prospect_id=prospect.take(talks),
    )  # fmt: skip
    _record_outcomes(progress, live, stage, np.where(done, outcome, -1), left)
    return live[done & (outcome < _LOST)]


def _advance_probability(
    setting: Setting, desks: Desks, runs: Runs, live: np.ndarray, stage: np.ndarray, month: np.ndarray
) -> np.ndarray:
    """Return the probability to leave the stage forward, by a logistic model."""
    industry, people, shifts = setting.industry, runs.people, setting.shifts
    promise = shifts["promises"][month] * industry.promise_effect * ((stage == PRESENTING) | (stage == CLOSING))
    log_odds = np.array(industry.advance, dtype=float)[stage - 1] + industry.fit_effect * people.fit[live]
    log_odds += industry.skill_effect * desks.skill[people.desk[live], month]
    log_odds += runs.log_odds_offset[live] + shifts["sales_effort"][month] + promise
    log_odds -= industry.competition_spread * shifts["rival"][month]
    probability = expit(log_odds)
    return np.where(stage == CLOSING, np.minimum(probability * (1 + shifts["conversion"][month]), 1), probability)


def _record_outcomes(progress: _Progress, live: np.ndarray, stage: np.ndarray, outcome: np.ndarray, left: np.ndarray) -> None:
    """Carry what became of a stage into the progress of its run; an outcome of -1 is still open."""
    over = outcome >= _LOST
    progress.outcome[live[over]], progress.ended[live[over]] = outcome[over], left[over]
    progress.won[live[outcome == _WON]] = left[outcome == _WON]
    progress.returns[live[outcome == _RETURNED]] += 1
    following = stage + _MOVES[outcome]
    progress.stage[live], progress.now[live] = following, left
    goes_on = (outcome >= 0) & ~over
    progress.furthest[live] = np.maximum(progress.furthest[live], np.where(goes_on, following, 0))


def _write_prospects(setting: Setting, desks: Desks, log: EventLog, runs: Runs, progress: _Progress) -> None:
    industry, people, key = setting.industry, runs.people, runs.people.key
    views, views_by_fit = industry.page_views
    asks, asks_by_fit = industry.asks_for_offer
    outcome = np.select([progress.outcome == _WON, progress.outcome == _LOST], [_RUN_WON, _RUN_LOST], _RUN_OPEN)
    log.add(
        "prospects", runs.person, prospect_id=numbered_ids("P", runs.number),
        kind=labels(np.zeros(runs.day.size, dtype=np.int64), (runs.kind,)), created=days(runs.day),
        channel=labels(people.channel, market.channel_names(industry)), region=labels(people.region, industry.regions),
        age_group=labels(people.age_group, market.age_labels(industry)),
        page_views=streams.poisson(streams.uniform(key, "page views", runs.begin), np.exp(views + views_by_fit * people.fit)),
        asked_for_offer=streams.uniform(key, "asks for an offer", runs.begin) < expit(asks + asks_by_fit * people.fit),
        need=labels(np.where(progress.furthest > NEEDS, people.need, -1), tuple(need.name for need in industry.needs)),
        outcome=labels(outcome, _RUN_OUTCOMES), closed=days(progress.ended),
        salesperson_id=desks.column(people.desk, setting.month_of(runs.day)),
    )  # fmt: skip


def cut_runs(setting: Setting, log: EventLog, n_persons: int, customers: list[Customers]) -> np.ndarray:
    """Lose the runs of customers who leave, and return what all stages cost, in cents by month.

    The way through the stages is drawn when it begins, before it is known who will leave; here it is cut. Under
    contract it ends on the day of leaving. Without, the firm finds out when the stage ends in which they left. What
    remains is what the firm worked for, and pays.
    """
    cost = np.zeros(setting.months, dtype=np.int64)
    if not log.rows["prospects"]:
        return cost
    left = np.full(n_persons, np.inf)
    for part in customers:
        left[part.person] = np.where(part.present, np.inf, part.left)
    run_ids = np.concatenate([_run_ids(rows) for rows in log.rows["prospects"]])
    created = np.concatenate([numbers(columns, "created") for _, columns in log.rows["prospects"]])[
        np.argsort(run_ids, kind="stable")
    ]
    run_ids = np.sort(run_ids)

    def limit(rows: Rows) -> np.ndarray:
        """Until when each run can go on; a run that began after its customer had left is not cut."""
        day = left[rows[0]]
        return np.where(created[np.searchsorted(run_ids, _run_ids(rows))] < day, day, np.inf)

    furthest, ends = np.zeros(run_ids.size, dtype=np.int64), np.full(run_ids.size, np.inf)
    stages = []
    for rows in log.rows["stage_events"]:
        rows = take_rows(rows, numbers(rows[1], "entered") < limit(rows))
        place = np.searchsorted(run_ids, _run_ids(rows))
        rows, cut, end = _cut_stages(setting, rows, limit(rows))
        stages.append(rows)
        np.maximum.at(furthest, place, numbers(rows[1], "stage"))
        ends[place[cut]] = end[cut]  # one stage at most is cut in each run
        _add_stage_cost(setting, cost, numbers(rows[1], "entered"), numbers(rows[1], "stage"))
    log.rows["stage_events"] = stages
    needs = tuple(need.name for need in setting.industry.needs)
    for rows in log.rows["prospects"]:
        place = np.searchsorted(run_ids, _run_ids(rows))
        _close_prospects(rows, needs, ends[place], furthest[place])
    log.rows["interactions"] = [
        take_rows(rows, numbers(rows[1], "date") < limit(rows)) if "prospect_id" in rows[1] else rows
        for rows in log.rows["interactions"]
    ]
    return cost


def _run_ids(rows: Rows) -> np.ndarray:
    """Number each run through the pipeline within the block."""
    person, columns = rows
    return person * _RUN_STRIDE + numbers(columns, "prospect_id")


def _cut_stages(setting: Setting, rows: Rows, limit: np.ndarray) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Cut stages at the limit of their runs: the rows, the mask of those that were cut, and when they end (NaN: open)."""
    person, columns = rows
    end = numbers(columns, "left")
    cut = np.isfinite(limit) & ~(end <= limit)
    if setting.industry.contract:
        end = np.where(cut, limit, end)
    outcome = np.where(cut & ~np.isnan(end), _LOST, numbers(columns, "outcome"))
    return (person, columns | {"left": days(end), "outcome": labels(outcome, _STAGE_OUTCOMES)}), cut, end


def _add_stage_cost(setting: Setting, cost: np.ndarray, entered: np.ndarray, stage: np.ndarray) -> None:
    price = np.round(100 * np.array(setting.industry.stage_cost)).astype(np.int64)
    month = setting.month_of(entered)
    np.add.at(cost, month, np.round(price[stage] * (1 + setting.shifts["operating_cost"][month])).astype(np.int64))


def _close_prospects(rows: Rows, needs: tuple[str, ...], end: np.ndarray, furthest: np.ndarray) -> None:
    """Write the end of runs that were cut into their prospects; an infinite end was not cut, a NaN leaves the run open."""
    columns, cut = rows[1], end != np.inf
    outcome = np.where(cut, np.where(np.isnan(end), _RUN_OPEN, _RUN_LOST), numbers(columns, "outcome"))
    unknown = cut & (furthest < NEEDS)  # stages of the table are counted from 0: none behind the needs
    columns["closed"] = days(np.where(cut, end, numbers(columns, "closed")))
    columns["outcome"] = labels(outcome, _RUN_OUTCOMES)
    columns["need"] = labels(np.where(unknown, -1, numbers(columns, "need")), needs)
