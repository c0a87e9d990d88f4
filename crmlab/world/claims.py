"""Claims: what insured customers suffer, what is paid, and how they take the time that it takes.

A claim is a service ticket without fault of the firm: settled sooner than usual it pleases, later it displeases and
damages the relationship. It acts on satisfaction in the month in which it comes, so it is settled before ``service`` has its
turn. This room acts where there is ``Industry.claims``; who leaves is decided in ``buying``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab import tables
from crmlab.world import streams
from crmlab.world.event_log import EventLog, cents, days, labels, numbered_ids
from crmlab.world.industries import Industry
from crmlab.world.population import Customers, People
from crmlab.world.service import perceived
from crmlab.world.setting import Setting

_RESPONSIVENESS = tables.DIMENSIONS.index("responsiveness")
_STARS = tables.table("tickets").column("rating")


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """The claims of one month, n of them.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Places of the customers who had them.
    hours : ndarray, shape (n,)
        Until each was settled.
    payout : ndarray of int, shape (n,)
        In cents.
    """

    rows: np.ndarray
    hours: np.ndarray
    payout: np.ndarray


def shares(industry: Industry, people: People) -> np.ndarray:
    """Return the chance of each to have a claim in a month, shape (n,)."""
    if industry.claims is None:
        return np.zeros(len(people))
    spread = industry.claims.spread
    return np.minimum(industry.claims.share * np.exp(spread * streams.normal(people.key, "is careless") - spread**2 / 2), 1)


def expected_payout(industry: Industry, people: People) -> np.ndarray:
    """Return what the claims of a month cost on average, in currency, shape (n,): tickets aside."""
    if industry.claims is None:
        return np.zeros(len(people))
    median, spread = industry.claims.payout
    return shares(industry, people) * median * np.exp(spread**2 / 2)


def settle(setting: Setting, customers: Customers, t: int) -> Settled | None:
    """Draw and settle the claims of month ``t``: moves ``dissatisfaction`` and ``relationship_damage``."""
    industry, claims = setting.industry, setting.industry.claims
    if claims is None:
        return None
    rows = np.flatnonzero(streams.uniform(customers.key, "claim", t) < shares(industry, customers))
    key = customers.key[rows]
    slow = industry.response_spread * streams.normal(key, "settles", t)
    responsive = perceived(setting, customers, t)[rows, _RESPONSIVENESS] - industry.neutral_quality
    slow = slow - industry.response_effect * responsive + np.log1p(setting.shifts["response_time"][t])
    customers.dissatisfaction[rows] += claims.mood * slow
    customers.relationship_damage[rows] += claims.damage * np.maximum(slow, 0)
    median, spread = claims.payout
    payout = np.round(100 * median * np.exp(spread * streams.normal(key, "payout", t))).astype(np.int64)
    return Settled(rows, claims.hours * np.exp(slow), payout)


def costs(setting: Setting, settled: Settled | None, n: int, t: int) -> np.ndarray:
    """Return what the claims of month ``t`` cost by customer, with their tickets, in cents, shape (n,)."""
    cost = np.zeros(n, dtype=np.int64)
    if settled is not None:
        ticket = round(100 * setting.industry.ticket_cost * (1 + setting.shifts["operating_cost"][t]))
        cost[settled.rows] = settled.payout + ticket
    return cost


def write(setting: Setting, log: EventLog, customers: Customers, settled: Settled | None, t: int) -> None:
    """Write the claims of month ``t`` among the tickets, now that it is known until when each was a customer."""
    industry, claims = setting.industry, setting.industry.claims
    if settled is None or claims is None:
        return
    rows = settled.rows
    key, person = customers.key[rows], customers.person[rows]
    start = np.maximum(customers.won, setting.month_start[t])[rows]
    end = np.where(customers.present, setting.month_start[t + 1], customers.left)[rows]
    opened = start + streams.uniform(key, "claim moment", t) * (end - start)
    kind = streams.choose(streams.uniform(key, "claim kind", t), np.array([share for _, share in claims.kinds]))
    medium = streams.choose(streams.uniform(key, "claim by", t), np.array([share for _, share in industry.ticket_channels]))
    channel = labels(medium, tuple(name for name, _ in industry.ticket_channels))
    usual, by_part, spread = industry.rating
    late = industry.slowness_effect * np.log(settled.hours / claims.hours)
    stars = np.round(usual - by_part * late + spread * streams.normal(key, "rates the claim", t))
    rated = streams.uniform(key, "rates the claim at all", t) < industry.rated
    log.add(
        "tickets", person, ticket_id=numbered_ids("T"), opened=days(opened),
        kind=labels(kind, tuple(name for name, _ in claims.kinds)), complaint=np.zeros(rows.size, dtype=bool), channel=channel,
        response_hours=settled.hours, compensation=cents(settled.payout),
        rating=np.where(rated, np.clip(stars, _STARS.minimum, _STARS.maximum), np.nan),
    )  # fmt: skip
    none = np.zeros(rows.size, dtype=np.int64)
    log.add(
        "interactions", person, interaction_id=numbered_ids("I"), date=days(opened), channel=channel,
        direction=labels(none, ("in",)), topic=labels(none, ("claim",)), salesperson_id=labels(none - 1, ("",)),
    )  # fmt: skip
