"""Service: what customers get, what they expected, what goes wrong, and how content that leaves them.

Each month the five qualities meet the five expectations; a failure lowers satisfaction and damages the
relationship directly; a complaint gives the firm the chance to mend, which mends the dissatisfaction better
than the damage. From satisfaction comes loyalty, by a curve with a flat zone. This room knows nothing
of money and decides nobody's departure: see ``buying``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from crmlab import tables
from crmlab.world import bookings, staffing, streams
from crmlab.world.event_log import EncodedColumn, EventLog, cents, days, labels, numbered_ids
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

ASSURANCE, _EMPATHY, _RESPONSIVENESS = (tables.DIMENSIONS.index(name) for name in ("assurance", "empathy", "responsiveness"))
_STARS = tables.table("tickets").column("rating")


@dataclass(frozen=True, slots=True, eq=False)
class Incidents:
    """The failures, or the mere questions, of one month.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Places of the customers whom they befell.
    failed : bool
        Whether these are failures.
    severity, hours, mended : ndarray, shape (n,)
        From 0 to 1; until the answer; share of the dissatisfaction that the answer mended.
    voiced : ndarray of bool, shape (n,)
        Whether the firm heard of it.
    compensation : ndarray of int, shape (n,)
        In cents.
    """

    rows: np.ndarray
    failed: bool
    severity: np.ndarray
    hours: np.ndarray
    mended: np.ndarray
    voiced: np.ndarray
    compensation: np.ndarray


def loyalty(setting: Setting, satisfaction: np.ndarray) -> np.ndarray:
    """Return the loyalty at a satisfaction S: rising everywhere, nearly flat between the two bends of ``flat_zone``.

    With slopes b0, b1, b2 below, within and above the zone from s1 to s2, and bends of width B::

        L(S) = b1 S - (b0 - b1) B log(1 + exp((s1 - S) / B)) + (b2 - b1) B log(1 + exp((S - s2) / B))
    """
    industry = setting.industry
    (low, high), (below, within, above) = industry.flat_zone, industry.slopes
    below, above = below - within, above - within
    under = industry.bend * np.logaddexp(0, (low - satisfaction) / industry.bend)
    over = industry.bend * np.logaddexp(0, (satisfaction - high) / industry.bend)
    return within * satisfaction - below * under + above * over


def perceived(setting: Setting, customers: Customers, t: int) -> np.ndarray:
    """Return the five qualities as each customer meets them in month ``t``, shape (n, 5)."""
    quality = customers.quality + setting.quality_shift[t]
    if focus := setting.shifts["focus"][t]:
        quality = quality + focus * np.array([need.focus for need in setting.industry.needs])[customers.need, None]
    return quality


def expected(setting: Setting, customers: Customers, t: int) -> np.ndarray:
    """Return the five expectations, raised by what is promised more than usual, shape (n, 5)."""
    return customers.expectation + setting.industry.promise_weight * setting.shifts["promises"][t]


def price_pain(setting: Setting, t: int) -> float:
    """Return what the prices of month ``t`` take off satisfaction."""
    return setting.industry.price_pain * setting.shifts["price"][t]


def annoyance(setting: Setting, customers: Customers) -> np.ndarray:
    """Return what the contacts of the months before take off satisfaction, shape (n,)."""
    return setting.industry.annoyance * np.maximum(customers.contact_pressure - setting.industry.patience, 0)


def serve(setting: Setting, customers: Customers, t: int) -> list[Incidents]:
    """Serve the customers of month ``t``: moves satisfaction, loyalty, expectation and what failures leave behind."""
    industry = setting.industry
    quality, expectation = perceived(setting, customers, t), expected(setting, customers, t)
    gap = quality - expectation
    gap = np.where(gap < 0, industry.loss_aversion * gap, gap)
    judged = industry.experience * (quality - industry.neutral_quality) + (1 - industry.experience) * gap
    customers.dissatisfaction = industry.forgetting * customers.dissatisfaction
    customers.relationship_damage = industry.forgetting * customers.relationship_damage
    incidents = [
        _respond(setting, customers, rows, failed, quality, t) for rows, failed in _befall(setting, customers, quality, t)
    ]
    price, annoyed = price_pain(setting, t), annoyance(setting, customers)
    weighted = (customers.importance * judged).sum(axis=1)
    customers.satisfaction = (
        weighted + customers.baseline_satisfaction - customers.dissatisfaction - price + setting.shifts["satisfaction"][t]
    ) - annoyed
    customers.loyalty = loyalty(setting, customers.satisfaction)
    # experience teaches what to expect: of the level of service, not of the single failure
    customers.expectation = customers.expectation + industry.adaptation * (quality - customers.expectation)
    return incidents


def _befall(setting: Setting, customers: Customers, quality: np.ndarray, t: int) -> list[tuple[np.ndarray, bool]]:
    """Draw whom a failure befalls, and who of the others has a question: the rows, and whether they failed."""
    industry, key = setting.industry, customers.key
    log_odds = logit(industry.failure) - industry.failure_effect * (
        (quality - industry.neutral_quality) @ np.array(industry.failure_weights)
    )
    failed = streams.uniform(key, "failure", t) < expit(log_odds)
    asks = streams.uniform(key, "inquiry", t) < industry.inquiry * np.exp(-industry.inquiry_effect * customers.loyalty)
    return [(np.flatnonzero(failed), True), (np.flatnonzero(asks & ~failed), False)]


def _respond(setting: Setting, customers: Customers, rows: np.ndarray, failed: bool, quality: np.ndarray, t: int) -> Incidents:
    """Let customers complain or ask, answer them, and leave what is not mended in their minds."""
    industry, key = setting.industry, customers.key[rows]
    severity = streams.uniform(key, "severity", t) * failed
    voice = industry.voice * (1 + industry.voice_effect * (2 * severity - 1))
    voiced = (streams.uniform(key, "complains", t) < voice) | (not failed)
    slow = industry.response_spread * streams.normal(key, "response", t)
    slow = slow - industry.response_effect * (quality[rows, _RESPONSIVENESS] - industry.neutral_quality)
    hours = industry.response_hours * (1 + setting.shifts["response_time"][t]) * np.exp(slow)
    if industry.calls:
        hours = hours * staffing.response_factor(setting, t)
    mended = (
        industry.recovery
        + setting.shifts["recovery"][t]
        + industry.recovery_effect * (quality[rows, _EMPATHY] - industry.neutral_quality)
    )
    mended += industry.recovery_spread * streams.normal(key, "recovery", t) - industry.slowness_effect * np.log(
        hours / industry.response_hours
    )
    mended = np.clip(mended, 0, industry.best_recovery) * voiced  # above 1: content as never before, though not as faithful
    customers.dissatisfaction[rows] += industry.dissatisfaction * severity * (1 - mended)
    customers.relationship_damage[rows] += (
        industry.relationship_damage * severity * (1 - industry.recovery_damage * np.minimum(mended, 1))
    )
    waits = industry.slow_damage * np.maximum(np.log(hours / industry.response_hours), 0)
    unsolved = failed * industry.unsolved_damage * (mended < industry.unsolved)
    weight = severity if failed else industry.trouble.question_weight
    customers.relationship_damage[rows] += weight * voiced * (waits + unsolved)
    pays = (streams.uniform(key, "compensation", t) < industry.compensated + setting.shifts["recovery"][t]) & voiced & failed
    compensation = np.round(100 * industry.compensation * severity * pays).astype(np.int64)
    return Incidents(rows, failed, severity, hours, mended, voiced, compensation)


def ticket_costs(setting: Setting, incidents: list[Incidents], n: int, t: int) -> np.ndarray:
    """Return what the tickets of month ``t`` cost by customer, in cents, shape (n,)."""
    cost = np.zeros(n, dtype=np.int64)
    ticket = round(100 * setting.industry.ticket_cost * (1 + setting.shifts["operating_cost"][t]))
    for kind in incidents:
        cost[kind.rows] += kind.compensation + ticket * kind.voiced
    return cost


def write(setting: Setting, log: EventLog, customers: Customers, incidents: list[Incidents], t: int) -> None:
    """Write the failures and tickets of month ``t``, now that it is known until when each was a customer."""
    for kind in incidents:
        day = opened(setting, customers, kind.rows, t)
        if kind.failed:
            log.add("truth_failures", customers.person[kind.rows], date=days(day), severity=kind.severity,
                    complained=kind.voiced, mended=kind.mended)  # fmt: skip
        _write_tickets(setting, log, customers, kind, day, t)


def stay(setting: Setting, customers: Customers, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Return from when to when each was a customer in month ``t``, in days."""
    end = np.where(customers.present, setting.month_start[t + 1], customers.left)
    return np.maximum(customers.won, setting.month_start[t]), end


def opened(setting: Setting, customers: Customers, rows: np.ndarray, t: int) -> np.ndarray:
    """Return when the failures or questions of month ``t`` befell some customers, in days."""
    start, end = stay(setting, customers, t)
    moment = streams.uniform(customers.key[rows], "moment", t)
    return start[rows] + moment * (end - start)[rows]


def ticket_channel(setting: Setting, key: np.ndarray, t: int) -> EncodedColumn:
    """Return by which way the tickets of month ``t`` come."""
    channels = setting.industry.ticket_channels
    by_weight = streams.choose(streams.uniform(key, "ticket by", t), np.array([share for _, share in channels]))
    return labels(by_weight, tuple(name for name, _ in channels))


def _write_tickets(setting: Setting, log: EventLog, customers: Customers, kind: Incidents, day: np.ndarray, t: int) -> None:
    industry, key, voiced = setting.industry, customers.key[kind.rows], kind.voiced
    names = (*(name for name, _ in industry.failure_kinds), "question")
    if kind.failed:
        what = streams.choose(streams.uniform(key, "kind", t), np.array([share for _, share in industry.failure_kinds]))
    else:
        what = np.full(key.size, len(industry.failure_kinds))
    usual, by_part, spread = industry.rating
    stars = np.round(usual + by_part * (kind.mended - industry.recovery) + spread * streams.normal(key, "rates", t))
    rated = streams.uniform(key, "rates at all", t) < industry.rated
    stars = np.where(rated, np.clip(stars, _STARS.minimum, _STARS.maximum), np.nan)
    channel = ticket_channel(setting, key, t).take(voiced)
    person = customers.person[kind.rows][voiced]
    booked = bookings.book(industry.bookings, setting.last_date, customers, kind.rows[voiced], day[voiced], "a ticket", t)
    log.add(
        "tickets", person, ticket_id=numbered_ids("T"), opened=days(day[voiced]), kind=labels(what[voiced], names),
        complaint=np.full(person.size, kind.failed), channel=channel, response_hours=kind.hours[voiced],
        compensation=cents(kind.compensation[voiced]), rating=stars[voiced], **booked,
    )  # fmt: skip
    topic = np.full(person.size, 0 if kind.failed else 1)
    log.add(
        "interactions", person, interaction_id=numbered_ids("I"), date=days(day[voiced]), channel=channel,
        direction=labels(0 * topic, ("in",)), topic=labels(topic, ("complaint", "question")),
        salesperson_id=labels(np.full(person.size, -1), ("",)),
    )  # fmt: skip
