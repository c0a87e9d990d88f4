"""Giving: who donates once a year, what a scandal does to trust, and what becomes of the money.

A site may let its customers give to charity. In one month of the year each of them tosses a coin of
his own, until he stops giving for good with a chance of his own (BG/BB: Fader, Hardie & Shang 2010). A
scandal makes all of them distrust; distrust fades, and sooner while the site publishes what it paid out. An
industry without ``giving`` has none of this. This room knows gifts and trust; who leaves is decided in
``buying``, and no gift is the firm's money.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, logit

from crmlab.world import luck
from crmlab.world.setting import Book, Setting, cents, days, numbered


def climate(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """By month: whether the firm publishes its accounts of the gifts, and the distrust (log-odds) of the usual customer."""
    published, distrust = np.zeros(setting.months, dtype=bool), np.zeros(setting.months)
    if (it := setting.industry.giving) is None:
        return published, distrust
    site, held = luck.keys(setting.seed, "site", np.zeros(1, dtype=np.int64)), 0.0
    for t in range(setting.months):
        published[t] = luck.uniform(site, "publishes", t)[0] < it.transparency + setting.shifts["transparency"][t]
        held *= it.fading[int(published[t])]
        if t + 1 == it.shock_month:
            held += it.shock * (1 + setting.shifts["trust_shock"][t])
        distrust[t] = held
    return published, distrust


def join(setting: Setting, them: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """New customers' dispositions to give, to stop giving, and to take a scandal to heart."""
    if (it := setting.industry.giving) is None:
        return them
    who, (p, q, v) = them["who"], it.gift
    return them | {
        "gives": betaincinv(*it.donates, luck.uniform(who, "gives at all")),
        "stops": betaincinv(*it.stops, luck.uniform(who, "stops giving at all")),
        "gift": p * v / gammaincinv(q, luck.uniform(who, "gift")),
        "concern": np.exp(it.concern * luck.normal(who, "concern")),
        "stopped": np.full(who.size, np.nan),
    }


def doubt(setting: Setting, them: dict[str, np.ndarray], distrust: float) -> np.ndarray | float:
    """What distrust adds to the log rate of leaving the site."""
    it = setting.industry.giving
    return 0.0 if it is None else it.trust_dropout * distrust * them["concern"]


def give(setting: Setting, book: Book, them: dict[str, np.ndarray], distrust: float, t: int) -> int:
    """The gifts of month ``t``, if it is their month: cents in all. Updates ``stopped``."""
    it, who = setting.industry.giving, them["who"]
    if it is None or t % 12 + 1 != it.month_of_year:
        return 0
    may = (them["won"] < setting.first[t]) & np.isnan(them["stopped"])
    stops = may & (luck.uniform(who, "stops giving", t) < them["stops"])
    them["stopped"] = np.where(stops, setting.first[t], them["stopped"])
    odds = logit(them["gives"]) - distrust * them["concern"] + it.loyalty_effect * them["loyalty"]
    moment = setting.first[t] + luck.uniform(who, "gift moment", t) * (setting.first[t + 1] - setting.first[t])
    there = ~(them["left"] <= moment)
    donor = np.flatnonzero(may & ~stops & there & (luck.uniform(who, "gives", t) < expit(odds)))
    p = it.gift[0]
    given = gammaincinv(p, luck.uniform(who[donor], "gift amount", t)) / p * them["gift"][donor]
    amount = np.maximum(np.round(100 * given).astype(np.int64), 1)
    book.add(
        "donations", them["person"][donor], donation_id=numbered("D"), donation_date=days(moment[donor]), amount=cents(amount)
    )
    return int(amount.sum())


def payouts(setting: Setting, donated: np.ndarray) -> np.ndarray:
    """What goes to the charities in each month, in cents: a month's gifts in equal parts over the months that follow."""
    parts, paid = setting.industry.giving.payout_months, np.zeros(setting.months, dtype=np.int64)
    for t in np.flatnonzero(donated):
        part = np.diff(donated[t] * np.arange(parts + 1) // parts)  # whole cents that add up
        month = t + 1 + np.arange(parts)
        paid[month[month < setting.months]] += part[month < setting.months]
    return paid


def donors(setting: Setting, book: Book, them: dict[str, np.ndarray]) -> None:
    """Write down what nobody at the firm can see of the customers' giving."""
    if setting.industry.giving is not None:
        book.add(
            "truth_donors", them["person"], donation_probability=them["gives"], stop_probability=them["stops"],
            mean_gift=them["gift"], concern=them["concern"], stopped=days(them["stopped"]),
        )  # fmt: skip
