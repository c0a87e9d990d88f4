"""Giving: who donates once a year, what a scandal does to trust, and what becomes of the money.

A site may let its customers give to charity. In one month of the year each of them tosses a coin of
their own, until they stop giving for good with a chance of their own (BG/BB: Fader, Hardie & Shang 2010). A
scandal makes all of them distrust; distrust fades, and sooner while the site publishes what it paid out. An
industry without ``giving`` has none of this. This room knows gifts and trust; who leaves is decided in
``buying``, and no gift is the firm's money.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, logit

from crmlab.world import streams
from crmlab.world.event_log import EventLog, cents, days, numbered_ids
from crmlab.world.population import Customers
from crmlab.world.setting import Setting


def climate(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Return by month whether the accounts of the gifts are published, and the distrust (log-odds) of the usual customer."""
    published, distrust = np.zeros(setting.months, dtype=bool), np.zeros(setting.months)
    if (industry := setting.industry.giving) is None:
        return published, distrust
    site, level = streams.make_keys(setting.seed, "site", np.zeros(1, dtype=np.int64)), 0.0
    for t in range(setting.months):
        published[t] = streams.uniform(site, "publishes", t)[0] < industry.transparency + setting.shifts["transparency"][t]
        level *= industry.fading[int(published[t])]
        if t + 1 == industry.shock_month + setting.hidden:
            level += industry.shock * (1 + setting.shifts["trust_shock"][t])
        distrust[t] = level
    return published, distrust


def join(setting: Setting, customers: Customers) -> None:
    """Draw new customers' dispositions to give, to stop giving, and to take a scandal to heart."""
    if (industry := setting.industry.giving) is None:
        return
    key, (p, q, v) = customers.key, industry.gift
    customers.donation_probability = betaincinv(*industry.donates, streams.uniform(key, "gives at all"))
    customers.stop_probability = betaincinv(*industry.stops, streams.uniform(key, "stops giving at all"))
    customers.mean_gift = p * v / gammaincinv(q, streams.uniform(key, "gift"))
    customers.concern = np.exp(industry.concern * streams.normal(key, "concern"))


def doubt(setting: Setting, customers: Customers, distrust: float) -> np.ndarray | float:
    """Return what distrust adds to the log rate of leaving the site."""
    industry = setting.industry.giving
    return 0.0 if industry is None else industry.trust_dropout * distrust * customers.concern


def give(setting: Setting, log: EventLog, customers: Customers, distrust: float, t: int) -> int:
    """Draw and write the gifts of month ``t``, if it is their month, and return their sum in cents; moves ``stopped_giving``.

    With p the donation probability, c the concern, D the distrust and L the loyalty, a customer who has not stopped gives
    with probability expit(logit(p) - c D + ``loyalty_effect`` L).
    """
    industry, key = setting.industry.giving, customers.key
    if industry is None or t % 12 + 1 != industry.month_of_year:
        return 0
    may = (customers.won < setting.month_start[t]) & np.isnan(customers.stopped_giving)
    stops = may & (streams.uniform(key, "stops giving", t) < customers.stop_probability)
    customers.stopped_giving = np.where(stops, setting.month_start[t], customers.stopped_giving)
    log_odds = (
        logit(customers.donation_probability) - distrust * customers.concern + industry.loyalty_effect * customers.loyalty
    )
    moment = setting.moment_in(t, streams.uniform(key, "gift moment", t))
    may &= ~stops & ~(customers.left <= moment)
    donor = np.flatnonzero(may & (streams.uniform(key, "gives", t) < expit(log_odds)))
    p = industry.gift[0]
    given = gammaincinv(p, streams.uniform(key[donor], "gift amount", t)) / p * customers.mean_gift[donor]
    amount = np.maximum(np.round(100 * given).astype(np.int64), 1)
    log.add(
        "donations", customers.person[donor], donation_id=numbered_ids("D"), donation_date=days(moment[donor]),
        amount=cents(amount),
    )  # fmt: skip
    return int(amount.sum())


def payouts(setting: Setting, donated: np.ndarray) -> np.ndarray:
    """Return what goes to the charities by month, in cents: a month's gifts in equal parts over the months that follow."""
    paid = np.zeros(setting.months, dtype=np.int64)
    if (industry := setting.industry.giving) is None:
        return paid
    for t in np.flatnonzero(donated):
        part = np.diff(donated[t] * np.arange(industry.payout_months + 1) // industry.payout_months)  # whole cents that add up
        month = t + 1 + np.arange(industry.payout_months)
        paid[month[month < setting.months]] += part[month < setting.months]
    return paid


def write_donors(setting: Setting, log: EventLog, customers: Customers) -> None:
    """Write what nobody at the firm can see of the customers' giving."""
    if setting.industry.giving is not None:
        log.add(
            "truth_donors", customers.person, donation_probability=customers.donation_probability,
            stop_probability=customers.stop_probability, mean_gift=customers.mean_gift, concern=customers.concern,
            stopped=days(customers.stopped_giving),
        )  # fmt: skip
