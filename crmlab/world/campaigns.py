"""Campaigns: whom the firm writes to, and what that does.

Some campaigns go to customers chosen by lot, and hold the others out; some, unless switched off, go
to those who bought much of late, who would have bought anyway: comparing contacted with not
contacted then misleads. Who is contacted often minds it more each time, and some ask to be left
alone. The file holds everyone who ever bought, whether they are still there or not: without a contract
the firm cannot know. Whoever is called by a list can be made
the offer of a campaign, too. This room knows the effect on the purchase rate; ``buying`` makes orders of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit

from crmlab.world import bookings, streams
from crmlab.world.event_log import EventLog, labels, record_numbers
from crmlab.world.industries import Campaign, Industry
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
    keep : ndarray
        Taken off the log rate of leaving.
    win_back : ndarray
        Added to the log-odds to return of those who have left.
    mailed, doubled : ndarray of int
        In cents: the part of the cost that campaigns have, without newsletters; and of it what went to further records of
        somebody who had been contacted already.
    """

    lift: np.ndarray
    discount: np.ndarray
    cost: np.ndarray
    count: np.ndarray
    keep: np.ndarray
    win_back: np.ndarray
    mailed: np.ndarray
    doubled: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Lots:
    """The records to which a campaign turns: the place of its customer (rising), number, chance, and whether it is chosen."""

    rows: np.ndarray
    number: np.ndarray
    propensity: np.ndarray
    chosen: np.ndarray


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
    n, industry = len(customers), setting.industry
    kinds = dict.fromkeys(("cost", "mailed", "doubled"), np.int64)
    contacts = Contacts(**{each.name: np.zeros(n, dtype=kinds.get(each.name, float)) for each in fields(Contacts)})
    for number, (month, place) in enumerate(calendar(setting)):
        if month == t:
            _run(setting, log, customers, contacts, number, place, t, rate)
    contacts.mailed[:] = contacts.cost
    _make_offers(setting, customers, contacts, t)
    if often := industry.trouble.newsletters + setting.shifts["newsletters"][t]:
        _write_newsletters(setting, customers, contacts, t, often)
    customers.contact_pressure = industry.pressure_fading * customers.contact_pressure + contacts.count
    customers.kept = industry.keep_fading * customers.kept + contacts.keep
    return contacts


def _make_offers(setting: Setting, customers: Customers, contacts: Contacts, t: int) -> None:
    """Make the offer of a campaign to those who are called for it; the call itself is made in ``aftersales``."""
    by_name = {campaign.name: campaign for campaign in setting.industry.campaigns}
    for offer, keys in setting.called.get(t, {}).items():
        if offer:
            rows = np.flatnonzero(np.isin(customers.key, keys))
            _act(setting.industry, by_name[offer], customers, contacts, rows, np.ones(rows.size, dtype=bool))


def _act(
    industry: Industry, campaign: Campaign, customers: Customers, contacts: Contacts, rows: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Let a campaign act on the ``chosen`` of some customers, and return what it adds to each one's log rate of orders, and
    takes off the log rate of leaving, if they are chosen: shape (rows,) each.
    """
    rested = np.exp(-industry.tiring * (customers.contact_pressure[rows] + contacts.count[rows]))
    lift = _lift(industry, campaign, customers, rows) * rested
    keeping = _keeping(industry, campaign, customers, rows) * rested
    contacts.lift[rows] += lift * chosen
    contacts.keep[rows] += keeping * chosen
    contacts.win_back[rows] += campaign.win_back * chosen
    contacts.discount[rows] = np.where(chosen, campaign.discount, contacts.discount[rows])
    return lift, keeping


def _write_newsletters(setting: Setting, customers: Customers, contacts: Contacts, t: int, often: float) -> None:
    """Write to everybody who may be written to, ``often`` a month on average: nobody orders more, some have enough."""
    industry = setting.industry
    written = customers.consent & (customers.won < setting.month_start[t])
    number = written * streams.poisson(streams.uniform(customers.key, "newsletters", t), np.full(len(customers), often))
    contacts.count[:] += number
    contacts.cost[:] += round(100 * industry.newsletter_cost) * number
    chance = number * industry.opt_out * (1 + industry.opt_out_effect * customers.contact_pressure)
    opts_out = written & (streams.uniform(customers.key, "opts out of newsletters", t) < chance)
    customers.consent[opts_out] = False
    customers.opted_out[opts_out] = setting.month_start[t]


def _run(
    setting: Setting, log: EventLog, customers: Customers, contacts: Contacts, number: int, place: int, t: int,
    rate: np.ndarray | None,
) -> None:  # fmt: skip
    """Run one campaign; ``number`` counts the campaigns of the firm, ``place`` is that in the industry's list."""
    industry, campaign = setting.industry, setting.industry.campaigns[place]
    lots = _draw_lots(setting, campaign, customers, place, t)
    first = np.flatnonzero(np.diff(lots.rows, prepend=-1))  # of the records of each customer
    rows, letters = lots.rows[first], np.add.reduceat(lots.chosen, first, dtype=np.int64) if first.size else first
    chosen = letters > 0
    key, pressure = customers.key[rows], customers.contact_pressure[rows] + contacts.count[rows]
    effect, keeping = _act(industry, campaign, customers, contacts, rows, chosen)
    contacts.cost[rows] += round(100 * campaign.cost) * letters
    contacts.doubled[rows] += round(100 * campaign.cost) * (letters - chosen)
    contacts.count[rows] += letters
    opts_out = chosen & (
        streams.uniform(key, "opts out", t, place) < letters * industry.opt_out * (1 + industry.opt_out_effect * pressure)
    )
    customers.consent[rows[opts_out]] = False
    customers.opted_out[rows[opts_out]] = setting.month_start[t]
    without = np.zeros(rows.size) if rate is None else rate[rows]
    _write_targets(setting, log, customers, lots, number, campaign.targeted)
    log.add(
        "truth_campaigns", customers.person[rows], campaign_id=labels(np.full(rows.size, number), ids(setting)),
        propensity=_reached(lots, first), orders_if_contacted=without * np.exp(effect), orders_if_not=without,
    )  # fmt: skip
    if campaign.keep:
        campaign_id = labels(np.full(rows.size, number), ids(setting))
        log.add("truth_keeping", customers.person[rows], campaign_id=campaign_id, keeping=keeping)
    if industry.bookings:
        records = np.diff(first, append=lots.rows.size)
        several = records > 1
        log.add(
            "truth_doubles", customers.person[rows[several]], records=records[several], contacted=letters[several],
            campaign_id=labels(np.full(several.sum(), number), ids(setting)),
        )  # fmt: skip


def _reached(lots: _Lots, first: np.ndarray) -> np.ndarray:
    """Return the chance of each customer to be contacted under one of their records at least."""
    records = np.diff(first, append=lots.rows.size)
    chance = lots.propensity[first]
    return np.where(records == 1, chance, 1 - (1 - chance) ** records)


def _write_targets(setting: Setting, log: EventLog, customers: Customers, lots: _Lots, number: int, targeted: bool) -> None:
    """Write who was contacted in campaign ``number``, record by record."""
    group = np.where(lots.chosen, _CONTACTED, _NOT_CHOSEN if targeted else _HELD_OUT)
    booked = {"record_id": record_numbers(lots.number)} if setting.industry.bookings else {}
    log.add(
        "campaign_targets", customers.person[lots.rows], campaign_id=labels(np.full(group.size, number), ids(setting)),
        group=labels(group, _GROUPS), **booked,
    )  # fmt: skip


def _draw_lots(setting: Setting, campaign: Campaign, customers: Customers, place: int, t: int) -> _Lots:
    """Draw which records are contacted of those on the list, each by a lot of its own.

    The arms of one campaign take their shares of its lots one behind the other, so that no record gets two of them; what
    gets another arm is not among those to which an arm turns.
    """
    industry = setting.industry
    turned_to = customers.consent & (customers.won < setting.month_start[t])
    if campaign.silent_months:
        turned_to &= ~(t - customers.last_order < campaign.silent_months)
    rows, number = bookings.on_list(
        industry.bookings, setting.last_date, customers, np.flatnonzero(turned_to), setting.month_start[t]
    )
    name = campaign.lot_of or campaign.name
    arms = [each for each in industry.campaigns if name in (each.name, each.lot_of)]
    if len(arms) == 1:
        propensity = _propensity(setting, campaign, customers, rows)
        return _Lots(rows, number, propensity, _lot(customers.key[rows], number, place, t) < propensity)
    first = next(number for number, each in enumerate(industry.campaigns) if each.name == name)
    lot = _lot(customers.key[rows], number, first, t)
    bounds = np.cumsum([each.share for each in arms])
    arm, own = np.searchsorted(bounds, lot, side="right"), arms.index(campaign)
    free = (arm == own) | (arm == len(arms))
    chance = campaign.share / (campaign.share + 1 - bounds[-1])
    return _Lots(rows[free], number[free], np.full(free.sum(), chance), arm[free] == own)


def _lot(key: np.ndarray, number: np.ndarray, place: int, t: int) -> np.ndarray:
    """Draw the lot of each record; that of the first is the customer's."""
    lot, further = streams.uniform(key, "campaign", t, place), number > 0
    lot[further] = streams.uniform(key[further], f"campaign {place}, further record", t, number[further])
    return lot


def _lift(industry: Industry, campaign: Campaign, customers: Customers, rows: np.ndarray) -> np.ndarray:
    """Return what a contact adds to the log purchase rate of somebody who had rest."""
    by_need = np.array([need.lift for need in industry.needs])[customers.need[rows]]
    by_channel = np.array([*(channel.lift for channel in industry.channels), 0.0])[customers.channel[rows]]
    stronger = 1 + by_need + by_channel + industry.recent_lift * np.log1p(customers.recent_orders[rows])
    return campaign.lift * stronger + industry.lift_spread * customers.campaign_response[rows]


def _keeping(industry: Industry, campaign: Campaign, customers: Customers, rows: np.ndarray) -> np.ndarray:
    """Return what a contact takes off the log rate of leaving; below zero for those whom it reminds to leave."""
    if not campaign.keep:
        return np.zeros(rows.size)
    by_need = np.array([need.keep for need in industry.needs])[customers.need[rows]]
    stronger = 1 + by_need + industry.recent_keep * np.log1p(customers.recent_orders[rows])
    return campaign.keep * stronger + industry.keep_spread * streams.normal(customers.key[rows], "is kept")


def _propensity(setting: Setting, campaign: Campaign, customers: Customers, rows: np.ndarray) -> np.ndarray:
    """Return the chance of each customer to be chosen."""
    if not campaign.targeted:
        return np.full(rows.size, campaign.share)
    constant, slope = setting.industry.targeting
    lowest, highest = setting.industry.targeting_bounds
    log_odds = constant + slope * np.log1p(customers.recent_orders[rows])
    return np.clip(expit(log_odds + setting.industry.hidden_targeting * customers.loyalty[rows]), lowest, highest)
