"""Service: what a customer gets, what he expected, what goes wrong, and how content that leaves him.

Each month the five qualities meet the five expectations; a failure hurts satisfaction and harms the
relationship directly; a complaint gives the firm the chance to mend, which mends the hurt better
than the harm. From satisfaction comes loyalty, by a curve with a flat zone. This room knows nothing
of money and decides nobody's departure: see ``buying``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from crmlab.world import luck
from crmlab.world.setting import Book, Setting, cents, days, numbered, words

_NEUTRAL = 5.0  # of the seven-point scale
_BEND = 0.15  # how sharply the loyalty curve bends, points of satisfaction
_CHANNELS, _CHANNEL_SHARES = ("phone", "e-mail", "chat", "visit"), np.array([0.4, 0.3, 0.2, 0.1])


@dataclass(frozen=True, slots=True, eq=False)
class Trouble:
    """The failures, or the mere questions, of one month: whom they befell, and what came of it."""

    place: np.ndarray
    failed: bool
    severity: np.ndarray
    voiced: np.ndarray
    hours: np.ndarray
    mend: np.ndarray
    paid: np.ndarray


def loyalty(setting: Setting, satisfaction: np.ndarray) -> np.ndarray:
    """Loyalty at a satisfaction: rising everywhere, nearly flat between the two bends of ``flat_zone``."""
    (low, high), (below, within, above) = setting.industry.flat_zone, setting.industry.slopes
    below, above = below - within, above - within
    under = _BEND * np.logaddexp(0, (low - satisfaction) / _BEND)
    over = _BEND * np.logaddexp(0, (satisfaction - high) / _BEND)
    return within * satisfaction - below * under + above * over


def perceived(setting: Setting, them: dict[str, np.ndarray], t: int) -> np.ndarray:
    """The five qualities as each customer meets them in month ``t``, shape (customers, 5)."""
    return them["quality"] + setting.quality_shift[t]


def expected(setting: Setting, them: dict[str, np.ndarray], t: int) -> np.ndarray:
    """The five expectations, raised by what is promised more than usual."""
    return them["expectation"] + setting.industry.promise_weight * setting.shifts["promises"][t]


def serve(setting: Setting, them: dict[str, np.ndarray], t: int) -> list[Trouble]:
    """One month of service: updates hurt, harm, satisfaction, loyalty and ticket costs; returns what ``tell`` writes."""
    it = setting.industry
    quality, expectation = perceived(setting, them, t), expected(setting, them, t)
    gap = quality - expectation
    gap = np.where(gap < 0, it.loss_aversion * gap, gap)
    judged = it.experience * (quality - _NEUTRAL) + (1 - it.experience) * gap
    troubles = _fail(setting, them, t, quality)
    price = it.price_pain * setting.shifts["price"][t]
    them["satisfaction"] = (
        (them["weight"] * judged).sum(axis=1) + them["mood"] - them["hurt"] - price + setting.shifts["satisfaction"][t]
    )
    them["loyalty"] = loyalty(setting, them["satisfaction"])
    # experience teaches what to expect: of the level of service, not of the single failure
    them["expectation"] = them["expectation"] + it.adaptation * (quality - them["expectation"])
    return troubles


def _fail(setting: Setting, them: dict[str, np.ndarray], t: int, quality: np.ndarray) -> list[Trouble]:
    it, who = setting.industry, them["who"]
    them["hurt"], them["harm"] = it.forgetting * them["hurt"], it.forgetting * them["harm"]
    them["ticket_cost"] = np.zeros(who.size, dtype=np.int64)
    odds = logit(it.failure) - it.failure_effect * ((quality - _NEUTRAL) @ np.array(it.failure_weights))
    failed = luck.uniform(who, "failure", t) < expit(odds)
    asks = luck.uniform(who, "inquiry", t) < it.inquiry * np.exp(-0.4 * them.get("loyalty", np.zeros(who.size)))
    troubles = []
    for place, fault in ((np.flatnonzero(failed), True), (np.flatnonzero(asks & ~failed), False)):
        key = who[place]
        severity = luck.uniform(key, "severity", t) * fault
        voiced = (luck.uniform(key, "complains", t) < it.voice) | (not fault)
        hours = it.response_hours * (1 + setting.shifts["response_time"][t])
        hours = hours * np.exp(0.8 * luck.normal(key, "response", t) - 0.35 * (quality[place, 4] - _NEUTRAL))
        mend = it.recovery + setting.shifts["recovery"][t] + 0.12 * (quality[place, 3] - _NEUTRAL)
        mend += 0.2 * luck.normal(key, "recovery", t) - 0.2 * np.log(hours / it.response_hours)
        mend = np.clip(mend, 0, 1.1) * voiced  # above 1: content as never before, though not as faithful
        them["hurt"][place] += it.hurt * severity * (1 - mend)
        them["harm"][place] += it.harm * severity * (1 - it.recovery_harm * np.minimum(mend, 1))
        pays = (luck.uniform(key, "compensation", t) < 0.3 + setting.shifts["recovery"][t]) & voiced & fault
        paid = np.round(100 * it.compensation * severity * pays).astype(np.int64)
        cost = paid + round(100 * it.ticket_cost * (1 + setting.shifts["operating_cost"][t])) * voiced
        them["ticket_cost"][place] += cost
        troubles.append(Trouble(place, fault, severity, voiced, hours, mend, paid))
    return troubles


def tell(setting: Setting, book: Book, them: dict[str, np.ndarray], t: int, troubles: list[Trouble]) -> None:
    """Write the failures and tickets of the month down, now that it is known until when each was a customer."""
    it = setting.industry
    start = np.maximum(them["won"], setting.first[t])
    end = np.where(np.isnan(them["left"]), setting.first[t + 1], them["left"])
    kinds = tuple(name for name, _ in it.failure_kinds)
    for each in troubles:
        person, key, voiced = them["person"][each.place], them["who"][each.place], each.voiced
        opened = start[each.place] + luck.uniform(key, "moment", t) * (end - start)[each.place]
        if each.failed:
            truth = {"severity": each.severity, "complained": voiced, "mended": each.mend}
            book.add("truth_failures", person, date=days(opened), **truth)
            kind = luck.choose(luck.uniform(key, "kind", t), np.array([share for _, share in it.failure_kinds]))
        else:
            kind = np.full(key.size, len(kinds))
        content = np.clip(np.round(3.2 + 2 * (each.mend - it.recovery) + 0.7 * luck.normal(key, "rates", t)), 1, 5)
        rated = luck.uniform(key, "rates at all", t) < 0.35
        channel = luck.choose(luck.uniform(key, "ticket by", t), _CHANNEL_SHARES)[voiced]
        person, opened = person[voiced], opened[voiced]
        book.add(
            "tickets", person, ticket_id=numbered("T"), opened=days(opened), kind=words(kind[voiced], (*kinds, "question")),
            complaint=np.full(opened.size, each.failed), channel=words(channel, _CHANNELS), response_hours=each.hours[voiced],
            compensation=cents(each.paid[voiced]), rating=np.where(rated, content, np.nan)[voiced],
        )  # fmt: skip
        topic = np.full(opened.size, 0 if each.failed else 1)
        book.add(
            "interactions", person, interaction_id=numbered("I"), date=days(opened), channel=words(channel, _CHANNELS),
            direction=words(0 * channel, ("in",)), topic=words(topic, ("complaint", "question")),
            salesperson_id=words(0 * channel - 1, ("",)),
        )  # fmt: skip
