"""Deals: what a prospect would bring, who decides there, what is objected and answered, and why a deal is lost.

Everything here acts through ``Industry.pipeline``, and on nobody where that is None. This room draws what belongs to one
deal, and says what it adds to the log-odds of each stage, how long a stage lasts, and what chance to be won a prospect has at
entry; who moves on and when is known in ``sales``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gamma, ndtr

from crmlab import tables
from crmlab.world import streams
from crmlab.world.desks import Desks
from crmlab.world.event_log import EventLog, days, labels, numbered_ids
from crmlab.world.industries import Industry
from crmlab.world.pipeline import Pipeline
from crmlab.world.population import Customers, People
from crmlab.world.setting import Setting

_STAGES = len(tables.STAGES)
_NEEDS, _OBJECTIONS = (tables.STAGES.index(name) for name in ("understanding needs", "overcoming objections"))
_SCORE = tables.table("deals").column("means")
_NODES = 8  # of the integral over the days of a stage (Gauss-Laguerre)
_NOTHING = Pipeline()


@dataclass(frozen=True, slots=True, eq=False)
class Deals:
    """What makes n runs through the pipeline differ.

    Attributes
    ----------
    size : ndarray, shape (n,)
        Log value in standard deviations from that of the need; 0 where there is no value.
    value : ndarray, shape (n,)
        At the usual prices; NaN where deals have no value.
    distance : ndarray, shape (n,)
        Hours to the nearest branch.
    present, met : ndarray of bool, shape (n, roles)
        Which roles there are, and whose holders a salesperson meets once the stage of the role is reached.
    log_odds : ndarray, shape (n, 8)
        Added to those of each stage.
    pace : ndarray, shape (n,)
        Factor of the days of each stage.
    """

    size: np.ndarray
    value: np.ndarray
    distance: np.ndarray
    present: np.ndarray
    met: np.ndarray
    log_odds: np.ndarray
    pace: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Objections:
    """What n prospects object, and what they are told.

    Attributes
    ----------
    kind, answer : ndarray of int, shape (n,)
        Places among the objections and answers.
    log_odds : ndarray, shape (n,)
        What the two together add to those of overcoming the objection.
    concession : ndarray, shape (n,)
        Share of the value that is given away.
    """

    kind: np.ndarray
    answer: np.ndarray
    log_odds: np.ndarray
    concession: np.ndarray


def of(industry: Industry) -> Pipeline:
    """Return the pipeline of an industry, or one that acts on nobody."""
    return industry.pipeline or _NOTHING


def draw(setting: Setting, desks: Desks, people: People, month: np.ndarray, *, new: bool) -> Deals:
    """Draw the deals of runs that begin in ``month``; a further product for a customer has no value and no buying centre."""
    pipeline, n = of(setting.industry), len(people)
    if not new or setting.industry.pipeline is None:
        nothing, nobody = np.zeros(n), np.zeros((n, len(pipeline.roles)), dtype=bool)
        return Deals(nothing, np.full(n, np.nan), nothing, nobody, nobody, np.zeros((n, _STAGES)), np.ones(n))
    size, value = _draw_value(setting.industry, people)
    mean, effect = pipeline.distance
    distance = 2 * mean * streams.uniform(people.key, "distance")
    present, met = _meet(pipeline, people, setting.industry.skill_effect * desks.skill[people.desk, month])
    stages = np.arange(1, _STAGES + 1)
    active = np.array([role.stage for role in pipeline.roles])[:, None] <= stages
    worth = np.array([role.worth for role in pipeline.roles])[:, None] * active
    log_odds = -pipeline.value_effect * size - effect * (distance - mean)
    log_odds = np.outer(log_odds, pipeline.weighs) + (met @ worth if pipeline.roles else np.zeros((n, _STAGES)))
    return Deals(size, value, distance, present, met, log_odds, np.exp(pipeline.value_days * size))


def _draw_value(industry: Industry, people: People) -> tuple[np.ndarray, np.ndarray]:
    """Draw the log value in standard deviations, and the value."""
    pipeline = of(industry)
    median, spread = pipeline.value
    if not median:
        return np.zeros(len(people)), np.full(len(people), np.nan)
    together = pipeline.value_fit
    size = together * people.fit + np.sqrt(1 - together**2) * streams.normal(people.key, "deal value")
    by_need = np.array(pipeline.value_needs or (1.0,) * len(industry.needs))
    return size, median * by_need[people.need] * np.exp(spread * size)


def _meet(pipeline: Pipeline, people: People, skilled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw which roles there are in each organisation, and whom a salesperson will meet; ``skilled`` adds to the log-odds."""
    present = np.zeros((len(people), len(pipeline.roles)), dtype=bool)
    met, barred = present.copy(), np.zeros(len(people))
    for place, role in enumerate(pipeline.roles):
        present[:, place] = streams.uniform(people.key, "buying role", ordinal=place) < role.share
        chance = expit(role.meets + skilled - barred)
        met[:, place] = present[:, place] & (streams.uniform(people.key, "meets", ordinal=place) < chance)
        barred = barred + role.bars * (present[:, place] & ~met[:, place])
    return present, met


def durations(industry: Industry, waiting: np.ndarray, pace: np.ndarray) -> np.ndarray:
    """Return how many usual durations a stage lasts; ``waiting`` is exponential with mean 1."""
    shape = of(industry).shape
    return waiting ** (1 / shape) / gamma(1 + 1 / shape) * pace


def stalling(industry: Industry, lasted: np.ndarray) -> np.ndarray:
    """Return what it adds to the log-odds of the advance that a stage lasted so many usual durations."""
    return -of(industry).stalls * (lasted - 1)


def object_and_answer(
    setting: Setting, need: np.ndarray, rival: np.ndarray, size: np.ndarray, skill: np.ndarray, month: np.ndarray,
    draws: tuple[np.ndarray, np.ndarray],
) -> Objections:  # fmt: skip
    """Draw what prospects object, and what salespeople answer; ``draws`` are one for each."""
    pipeline = of(setting.industry)
    raised, said = draws
    kind = streams.choose(raised, _objection_weights(setting, need, rival, size, month))
    if not pipeline.answers:
        return Objections(kind, np.full(kind.size, -1), np.zeros(kind.size), np.zeros(kind.size))
    answer = streams.choose(said, _answer_weights(pipeline, skill, kind))
    concession = np.array([each.concession for each in pipeline.answers])[answer]
    return Objections(kind, answer, _worth(pipeline, skill, kind, answer), concession)


def objection_names(industry: Industry) -> tuple[str, ...]:
    """Return the names of the kinds of objection."""
    own = of(industry).objections
    return tuple(each.name for each in own) if own else tuple(name for name, _ in industry.objections)


def _objection_weights(
    setting: Setting, need: np.ndarray, rival: np.ndarray, size: np.ndarray, month: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return how often each kind of objection is raised, shape (n, kinds), or one row for all."""
    industry = setting.industry
    kinds = of(industry).objections
    if not kinds:
        return np.array([share for _, share in industry.objections])
    by_need = np.array([each.needs or (1.0,) * len(industry.needs) for each in kinds]).T
    by_price, by_rival, by_size = (np.array([getattr(each, name) for each in kinds]) for name in ("price", "rival", "size"))
    push = np.outer(setting.shifts["price"][month], by_price) + np.outer(rival, by_rival) + np.outer(size, by_size)
    return _tilted(np.array([each.weight for each in kinds]) * by_need[need], push)


def _answer_weights(pipeline: Pipeline, skill: np.ndarray, kind: np.ndarray) -> np.ndarray:
    worth = np.array([each.worth for each in pipeline.answers])
    return _tilted(np.array([each.weight for each in pipeline.answers]), pipeline.choice * skill[:, None] * worth.T[kind])


def _tilted(weights: np.ndarray, push: np.ndarray) -> np.ndarray:
    """Return weights times the exponential of ``push``, each row by its largest, so that no row is without weight."""
    push = np.where(weights > 0, push, -np.inf)
    return weights * np.exp(push - push.max(axis=1, keepdims=True))


def _worth(pipeline: Pipeline, skill: np.ndarray, kind: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Return what an answer and the hardness of the objection add to the log-odds together."""
    worth = np.array([each.worth for each in pipeline.answers])
    hardness = np.array([each.hardness for each in pipeline.objections])
    by_skill = np.array([each.skill for each in pipeline.answers])
    return worth[answer, kind] + by_skill[answer] * skill - hardness[kind]


def deserted(setting: Setting, desks: Desks, desk: np.ndarray, since: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Return what it adds to the log-odds that the salesperson left without a hand-over between two months."""
    gone = np.cumsum(desks.orphaned, axis=1)
    return -of(setting.industry).bound * (gone[desk, month] > gone[desk, since])


def lose(
    industry: Industry, people: People, size: np.ndarray, stage: np.ndarray, lasted: np.ndarray, kind: np.ndarray
) -> np.ndarray:
    """Draw the reason that is noted for each lost deal; ``kind`` is the objection not overcome, -1 elsewhere."""
    reasons = of(industry).lost_reasons
    if not reasons:
        return np.full(stage.size, -1)
    fit, rival, by_size, age = (np.array([getattr(each, name) for each in reasons]) for name in ("fit", "rival", "size", "age"))
    by_kind = np.array([(*(each.objections or (1.0,) * len(of(industry).objections)), 1.0) for each in reasons]).T
    push = np.outer(people.fit, fit) + np.outer(people.competitor_utility, rival) + np.outer(size, by_size)
    push = push + np.outer(np.log1p(lasted), age)
    weight = np.array([each.stages for each in reasons]).T[stage - 1]
    at_objection = weight * by_kind[kind]
    given = np.where(at_objection.any(axis=1, keepdims=True), at_objection, weight)
    return streams.choose(streams.uniform(people.key, "lost reason"), _tilted(given, push))


def chance_to_win(setting: Setting, people: People, deals: Deals, skill: np.ndarray, entry: np.ndarray, month: np.ndarray,
                  log_odds: np.ndarray) -> np.ndarray:  # fmt: skip
    """Return the probability to be won, sooner or later, as it stands at entry.

    ``log_odds`` are those of the eight stages but for deals, shape (n, 8). Days, objections and answers are averaged over; the
    salesperson is taken to stay. With ``p_j`` the chance to leave stage j forward and ``W_j`` that to win from there::

        W_j = p_j ((1 - skip) W_{j+1} + skip W_{j+2})      where the next stage can be jumped over
        W_7 = p_7 W_8 + (1 - p_7) back W_5                 while returns are left
    """
    industry = setting.industry
    nodes, shares = np.polynomial.laguerre.laggauss(_NODES)
    stalled = stalling(industry, durations(industry, nodes, deals.pace[:, None]))
    conversion = 1 + setting.shifts["conversion"][month]
    forward = np.empty((len(people), _STAGES))
    for stage in range(_STAGES):
        odds = (log_odds + deals.log_odds)[:, stage, None] + stalled
        if stage == _OBJECTIONS:
            forward[:, stage] = _chance_at_objection(setting, people, deals, skill, month, odds, shares)
            continue
        chance = expit(odds)
        if stage == _STAGES - 1:
            chance = np.minimum(chance * conversion[:, None], 1)
        forward[:, stage] = (chance * shares).sum(axis=1)
    return _chain(industry, forward, entry)


def _chance_at_objection(
    setting: Setting, people: People, deals: Deals, skill: np.ndarray, month: np.ndarray, odds: np.ndarray,
    shares: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the chance to pass the objections, averaged over what is objected, answered, and over the days."""
    pipeline = of(setting.industry)
    if not pipeline.answers:
        return (expit(odds) * shares).sum(axis=1)
    raised = _objection_weights(setting, people.need, people.competitor_utility, deals.size, month)
    raised = raised / raised.sum(axis=1, keepdims=True)
    total = np.zeros(len(people))
    for kind in range(len(pipeline.objections)):
        this = np.full(len(people), kind)
        said = _answer_weights(pipeline, skill, this)
        said = said / said.sum(axis=1, keepdims=True)
        for answer in range(len(pipeline.answers)):
            worth = _worth(pipeline, skill, this, np.full(len(people), answer))
            total += raised[:, kind] * said[:, answer] * (expit(odds + worth[:, None]) * shares).sum(axis=1)
    return total


def _chain(industry: Industry, forward: np.ndarray, entry: np.ndarray) -> np.ndarray:
    """Return the chance to be won from the stage of entry, by the chance to leave each stage forward."""
    later = np.zeros(len(entry))  # from the needs, with one return less
    for _ in range(industry.most_returns + 1):
        wins = np.ones((len(entry), _STAGES + 2))
        for stage in reversed(range(_STAGES)):
            skip = industry.skip * (stage < _NEEDS - 1)
            onward = (1 - skip) * wins[:, stage + 1] + skip * wins[:, stage + 2]
            wins[:, stage] = forward[:, stage] * onward
            if stage == _OBJECTIONS:
                wins[:, stage] += (1 - forward[:, stage]) * industry.back * later
        later = wins[:, _NEEDS]
    return wins[np.arange(len(entry)), entry - 1]


def scores(industry: Industry, people: People, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of means and intent, 1 to 5: a fifth of all prospects have each."""
    pipeline, given = of(industry), []
    other = (size, -people.competitor_utility)
    for name, (fit, by_other, spread), shown in zip(("means", "intent"), (pipeline.means, pipeline.intent), other, strict=True):
        seen = fit * people.fit + by_other * shown + spread * streams.normal(people.key, name)
        variance = fit**2 + by_other**2 + spread**2
        if name == "means":  # fit and value can hang together
            variance = variance + 2 * fit * by_other * pipeline.value_fit
        levels = _SCORE.maximum or 1
        given.append(1 + np.floor(levels * np.minimum(ndtr(seen / np.sqrt(variance)), np.nextafter(1, 0))).astype(np.int64))
    return given[0], given[1]


def write(
    setting: Setting, log: EventLog, people: People, person: np.ndarray, number: np.ndarray, deals: Deals, chance: np.ndarray,
    understood: np.ndarray, value: np.ndarray, reason: np.ndarray, reached: np.ndarray,
) -> None:  # fmt: skip
    """Write new deals and the truth about them.

    ``understood`` says whose need is known, ``value`` what was paid (NaN: nothing), ``reason`` why it was lost (-1: it was
    not); ``reached`` is the day on which each stage was first stood at or behind (NaN: never), shape (n, 8).
    """
    pipeline, prospect = of(setting.industry), numbered_ids("P", number)
    if setting.industry.pipeline is not None:
        means, intent = scores(setting.industry, people, deals.size)
        guess = deals.value * np.exp(pipeline.estimate * streams.normal(people.key, "estimate"))
        log.add(
            "deals", person, prospect_id=prospect, means=means, intent=intent, distance_hours=deals.distance,
            expected_value=np.where(understood, np.round(guess, 2), np.nan), deal_value=value,
            lost_reason=labels(reason, tuple(each.name for each in pipeline.lost_reasons)),
        )  # fmt: skip
        roles = tuple(each.name for each in pipeline.roles)
        for place, role in enumerate(pipeline.roles):
            there = deals.present[:, place]
            met = np.where(deals.met[:, place], reached[:, role.stage - 1], np.nan)[there]
            log.add(
                "deal_contacts", person[there], contact_id=numbered_ids("B", np.full(met.size, place + 1)),
                prospect_id=prospect.take(there), role=labels(np.full(met.size, place), roles), met=days(met),
            )  # fmt: skip
    log.add(
        "truth_prospects", person, prospect_id=prospect, fit=people.fit, pull=people.competitor_utility, chance=chance,
        deal_value=deals.value,
    )  # fmt: skip


def join(setting: Setting, customers: Customers, value: np.ndarray, concession: np.ndarray) -> None:
    """Give new customers their deal, which becomes their first order, and let it show in what they spend later."""
    pipeline = of(setting.industry)
    customers.deal, customers.concession = value, concession
    if pipeline.value_spend:
        size, _ = _draw_value(setting.industry, customers)
        customers.mean_spend = customers.mean_spend * np.exp(pipeline.value_spend * size)
