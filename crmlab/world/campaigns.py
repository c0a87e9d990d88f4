"""Campaigns: whom the firm writes to, and what that does.

Some campaigns go to customers chosen by lot, and hold the others out; some, unless switched off, go
to those who bought much of late, who would have bought anyway: comparing contacted with not
contacted then misleads. Who is contacted often minds it more each time, and some ask to be left
alone. The file holds everyone who ever bought, whether they are still there or not: without a contract
the firm cannot know. This room knows the effect on the purchase rate; ``buying`` makes orders of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from crmlab.world import streams
from crmlab.world.event_log import EventLog, labels
from crmlab.world.industries import Campaign
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

_GROUPS = ("contacted", "held out", "not chosen")
_CONTACTED, _HELD_OUT, _NOT_CHOSEN = range(len(_GROUPS))


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """What one month's campaigns do to each customer, arrays of shape (n,).

    Attributes
    ----------
    lift : ndarray
        Added to the log of the purchase rate.
    discount : ndarray
        Share taken off the amounts.
    cost : ndarray of int
        In cents.
    count : ndarray
        How often each was contacted.
    """

    lift: np.ndarray
    discount: np.ndarray
    cost: np.ndarray
    count: np.ndarray


def calendar(setting: Setting) -> list[tuple[int, int]]:
    """Return (month from 0, place in the industry's list) of every campaign, in order; its place here is its number."""
    return [
        (t, place)
        for t in range(1, setting.months)
        for place, campaign in enumerate(setting.industry.campaigns)
        if campaign.month_of_year == t % 12 + 1 and (setting.targeted or not campaign.targeted)
    ]


def ids(setting: Setting) -> tuple[str, ...]:
    """Return the ids of the campaigns in the tables."""
    return tuple(f"M{number + 1:03d}" for number in range(len(calendar(setting))))


def contact(setting: Setting, log: EventLog, customers: Customers, t: int, rate: np.ndarray | None) -> Contacts:
    """Contact customers by the campaigns of month ``t``: moves ``contact_pressure``, ``consent`` and ``opted_out``.

    ``rate`` is the purchase rate without campaign, or None for customers who have left and do not know that they are in
    the file.
    """
    n = len(customers)
    contacts = Contacts(np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64), np.zeros(n))
    for number, (month, place) in enumerate(calendar(setting)):
        if month == t:
            _run(setting, log, customers, contacts, number, place, t, rate)
    customers.contact_pressure = setting.industry.pressure_fading * customers.contact_pressure + contacts.count
    return contacts


def _run(
    setting: Setting, log: EventLog, customers: Customers, contacts: Contacts, number: int, place: int, t: int,
    rate: np.ndarray | None,
) -> None:  # fmt: skip
    """Run one campaign; ``number`` counts the campaigns of the firm, ``place`` is that in the industry's list."""
    industry, campaign = setting.industry, setting.industry.campaigns[place]
    rows = np.flatnonzero(customers.consent & (customers.won < setting.month_start[t]))
    key, pressure = customers.key[rows], customers.contact_pressure[rows]
    propensity = _propensity(setting, campaign, customers, rows)
    chosen = streams.uniform(key, "campaign", t, place) < propensity
    effect = (campaign.lift + industry.lift_spread * customers.campaign_response[rows]) * np.exp(-industry.tiring * pressure)
    contacts.lift[rows] += effect * chosen
    contacts.discount[rows] = np.where(chosen, campaign.discount, contacts.discount[rows])
    contacts.cost[rows] += round(100 * campaign.cost) * chosen
    contacts.count[rows] += chosen
    opts_out = chosen & (
        streams.uniform(key, "opts out", t, place) < industry.opt_out * (1 + industry.opt_out_effect * pressure)
    )
    customers.consent[rows[opts_out]] = False
    customers.opted_out[rows[opts_out]] = setting.month_start[t]
    group = np.where(chosen, _CONTACTED, _NOT_CHOSEN if campaign.targeted else _HELD_OUT)
    without = np.zeros(rows.size) if rate is None else rate[rows]
    campaign_id = labels(np.full(rows.size, number), ids(setting))
    log.add("campaign_targets", customers.person[rows], campaign_id=campaign_id, group=labels(group, _GROUPS))
    log.add(
        "truth_campaigns", customers.person[rows], campaign_id=campaign_id, propensity=propensity,
        orders_if_contacted=without * np.exp(effect), orders_if_not=without,
    )  # fmt: skip


def _propensity(setting: Setting, campaign: Campaign, customers: Customers, rows: np.ndarray) -> np.ndarray:
    """Return the chance of each customer to be chosen."""
    if not campaign.targeted:
        return np.full(rows.size, campaign.share)
    constant, slope = setting.industry.targeting
    lowest, highest = setting.industry.targeting_bounds
    return np.clip(expit(constant + slope * np.log1p(customers.recent_orders[rows])), lowest, highest)
