"""Sales: the eight stages from a prospect to a customer, and the salespeople who walk them.

A run through the pipeline begins at the stage where the prospect enters, and at each stage ends,
advances, skips the next stage or, stopped by an objection, returns to the needs. What helps is the
fit of the need, the salesperson's skill, effort and promises; what hinders is the pull of
competitors. Salespeople leave their desks, with or without handing over. This room knows who is won
and when; what a customer does afterwards is the business of ``service`` and ``buying``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from crmlab import tables
from crmlab.world import luck, market
from crmlab.world.setting import Book, Setting, days, numbered, words

NEEDS, PRESENTING, OBJECTIONS, CLOSING = 5, 6, 7, 8
OUTCOMES = ("advanced", "skipped ahead", "returned", "lost", "won")
_MOST_RETURNS = 2
_CHANNELS, _CHANNEL_SHARES = ("phone", "visit", "e-mail"), np.array([0.5, 0.2, 0.3])


@dataclass(frozen=True, slots=True, eq=False)
class Desks:
    """Who sits at each desk: arrays of shape (desks, months)."""

    holder: np.ndarray  # how many have sat there before
    skill: np.ndarray
    labels: tuple[str, ...]  # made once: a large firm has tens of thousands
    left: np.ndarray  # 1 in a month whose first day finds the desk taken over without a hand-over

    def name(self, desk: np.ndarray, month: np.ndarray) -> np.ndarray:
        """A number for each salesperson, in the order of ``names``."""
        return desk * (self.holder.max() + 1) + self.holder[desk, month]

    def names(self) -> tuple[str, ...]:
        """Salesperson ids."""
        return self.labels


def desks(setting: Setting) -> Desks:
    """Draw who sits where."""
    who = luck.keys(setting.seed, "desk", np.arange(market.desks(setting)))
    months = range(setting.months)
    handing = np.clip(setting.industry.handover + setting.shifts["handover"], 0, 1)
    leaves = np.stack([luck.uniform(who, "leaves", t) < (setting.industry.turnover if t else 0) for t in months], axis=1)
    alone = np.stack([luck.uniform(who, "hands over", t) >= handing[t] for t in months], axis=1)
    holder = np.cumsum(leaves, axis=1)
    skills = np.stack([luck.normal(who, "skill", ordinal=k) for k in range(holder.max() + 1)], axis=1)
    labels = tuple(f"S{desk + 1:04d}-{one + 1}" for desk in range(len(who)) for one in range(holder.max() + 1))
    return Desks(holder, np.take_along_axis(skills, holder, axis=1), labels, (leaves & alone).astype(float))


def salespeople(setting: Setting, held: Desks, book: Book) -> None:
    """Write the salespeople down: who sat where, from when to when, and whether he handed over."""
    names = held.names()
    for desk, holders in enumerate(held.holder):
        begins = np.flatnonzero(np.diff(holders, prepend=-1))
        ends = np.append(begins[1:], setting.months)
        left = ends < setting.months
        alone = held.left[desk, np.minimum(ends, setting.months - 1)] > 0
        number = held.name(np.full(begins.size, desk), begins)
        book.add(
            "salespeople", np.zeros(begins.size, dtype=np.int64), salesperson_id=words(number, names),
            desk=np.full(begins.size, desk + 1), started=days(setting.first[begins]),
            left=days(np.where(left, setting.first[ends], np.nan)),
            handed_over=words(np.where(left, np.where(alone, 1, 0), -1), ("yes", "no")),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Where runs through the pipeline ended: ``won`` is the day, nan if not won."""

    won: np.ndarray
    ended: np.ndarray  # the day it ended in whatever way, nan if still open


def run(
    setting: Setting, held: Desks, book: Book, person: np.ndarray, them: dict[str, np.ndarray], begin: int, *,
    entry: np.ndarray, day: np.ndarray, number: np.ndarray, kind: str, lean: np.ndarray,
) -> Runs:  # fmt: skip
    """Lead prospects through the stages and write down what happens before the end of the period.

    ``begin`` tells the runs of one person apart (0 for the first, else the month of a cross-selling run), ``lean``
    is added to the log-odds of every advance.
    """
    it = setting.industry
    who, size = them["who"], them["who"].size
    stage, now, rounds = entry.copy(), day.copy(), np.zeros(size, dtype=np.int64)
    advance = np.array((0.0, *it.advance))
    stage_days = np.array((1.0, *it.stage_days))
    won, ended = np.full(size, np.nan), np.full(size, np.nan)
    outcome, furthest, step = np.full(size, -1), entry.copy(), np.zeros(size, dtype=np.int64)
    objections, names = np.array([share for _, share in it.objections]), held.names()
    live = np.flatnonzero(now < setting.last_day)
    while live.size:
        at, when, key = stage[live], now[live], who[live]
        month = np.minimum(setting.month(when), setting.months - 1)
        # a stage seen for the second time is another draw; runs of one person differ by `begin`
        place = rounds[live] * 100 + at

        def chance(what: str, key=key, place=place) -> np.ndarray:
            return luck.uniform(key, what, begin, place)

        promise = setting.shifts["promises"][month] * it.promise_effect * ((at == PRESENTING) | (at == CLOSING))
        odds = advance[at] + it.fit_effect * them["fit"][live] + it.skill_effect * held.skill[them["desk"][live], month]
        odds += lean[live] + setting.shifts["sales_effort"][month] + promise
        share = expit(odds)
        share = np.where(at == CLOSING, np.minimum(share * (1 + setting.shifts["conversion"][month]), 1), share)
        forward = chance("advance") < share
        skips = forward & (at < NEEDS - 1) & (chance("skip") < it.skip)
        back = ~forward & (at == OBJECTIONS) & (rounds[live] < _MOST_RETURNS) & (chance("back") < it.back)
        leaves = when - stage_days[at] * np.log(chance("days"))
        done = leaves < setting.last_day
        told = np.select([skips, forward & (at == CLOSING), forward, back], [1, 4, 0, 2], 3)
        objection = np.where(at == OBJECTIONS, luck.choose(chance("objection"), objections), -1)
        holder = held.name(them["desk"][live], month)
        step[live] += 1
        book.add(
            "stage_events", person[live], prospect_id=numbered("P", number[live]), step=step[live],
            stage=words(at - 1, tables.STAGES), entered=days(when), left=days(np.where(done, leaves, np.nan)),
            outcome=words(np.where(done, told, -1), OUTCOMES),
            objection=words(objection, tuple(name for name, _ in it.objections)), salesperson_id=words(holder, names),
        )  # fmt: skip
        talks = (at == 2) | (at >= 4)  # prospecting and preparing happen without the prospect
        book.add(
            "interactions", person[live][talks], interaction_id=numbered("I"), date=days(when[talks]),
            channel=words(luck.choose(chance("talks by"), _CHANNEL_SHARES)[talks], _CHANNELS),
            direction=words(0 * at[talks], ("out",)), topic=words(at[talks] - 1, tables.STAGES),
            salesperson_id=words(holder[talks], names), prospect_id=numbered("P", number[live][talks]),
        )  # fmt: skip
        stays = done & ((told == 0) | (told == 1) | (told == 2))
        finished = live[done & ~stays]
        outcome[finished], ended[finished] = told[done & ~stays], leaves[done & ~stays]
        won[live[done & (told == 4)]] = leaves[done & (told == 4)]
        rounds[live[back]] += 1
        stage[live] = np.select([told == 1, told == 0, told == 2], [at + 2, at + 1, NEEDS], at)
        furthest[live] = np.maximum(furthest[live], np.where(stays, stage[live], 0))
        now[live] = leaves
        live = live[stays]
    fit = them["fit"]
    book.add(
        "prospects", person, prospect_id=numbered("P", number), kind=words(np.zeros(size, dtype=np.int64), (kind,)),
        created=days(day), channel=words(them["channel"], (*(c.name for c in it.channels), market.REFERRAL)),
        region=words(them["region"], it.regions), age_group=words(them["age"], market.AGES),
        page_views=luck.poisson(luck.uniform(who, "page views", begin), np.exp(0.9 + 0.45 * fit)),
        asked_for_offer=luck.uniform(who, "asks for an offer", begin) < expit(-1 + 0.8 * fit),
        need=words(np.where(furthest > NEEDS, them["need"], -1), tuple(need.name for need in it.needs)),
        outcome=words(np.where(outcome == 4, 0, np.where(outcome == 3, 1, 2)), ("won", "lost", "open")),
        closed=days(ended), salesperson_id=words(held.name(them["desk"], setting.month(day)), names),
    )  # fmt: skip
    return Runs(won, ended)
