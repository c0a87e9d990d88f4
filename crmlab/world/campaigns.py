"""Campaigns: whom the firm writes to, and what that does.

Some campaigns go to customers chosen by lot, and hold the others out; some, unless switched off, go
to those who bought much of late, who would have bought anyway: comparing contacted with not
contacted then misleads. Who is contacted often minds it more each time, and some ask to be left
alone. The file holds everyone who ever bought, whether he is still there or not: without a contract
the firm cannot know. This room knows the effect on the purchase rate; ``buying`` makes orders of it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from crmlab.world import luck
from crmlab.world.setting import Book, Setting, words

GROUPS = ("contacted", "held out", "not chosen")


def calendar(setting: Setting) -> list[tuple[int, int]]:
    """(month from 0, place in the industry's list) of every campaign, in order; its place here is its number."""
    return [
        (t, place)
        for t in range(1, setting.months)
        for place, campaign in enumerate(setting.industry.campaigns)
        if campaign.month_of_year == t % 12 + 1 and (setting.targeted or not campaign.targeted)
    ]


def ids(setting: Setting) -> tuple[str, ...]:
    """Names of the campaigns in the tables."""
    return tuple(f"M{number + 1:03d}" for number in range(len(calendar(setting))))


def contact(
    setting: Setting, book: Book, them: dict[str, np.ndarray], t: int, rate: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One month's campaigns: what they add to the log rate, the discount, and the cost (cents), for each customer.

    ``rate`` is the rate without campaign, or None for customers who have left and do not know that they are in the file.
    Updates ``pressure``, ``consent`` and ``opted_out``.
    """
    it, who, size = setting.industry, them["who"], them["who"].size
    lift, discount, cost = np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.int64)
    contacts = np.zeros(size)
    for number, (month, place) in enumerate(calendar(setting)):
        if month != t:
            continue
        campaign = it.campaigns[place]
        open_ = np.flatnonzero(them["consent"] & (them["won"] < setting.first[t]))
        if campaign.targeted:
            constant, slope = it.targeting
            propensity = np.clip(expit(constant + slope * np.log1p(them["recent"][open_])), 0.05, 0.95)
        else:
            propensity = np.full(open_.size, campaign.share)
        key = who[open_]
        chosen = luck.uniform(key, "campaign", t, place) < propensity
        effect = (campaign.lift + it.lift_spread * them["lift"][open_]) * np.exp(-it.tiring * them["pressure"][open_])
        lift[open_] += effect * chosen
        discount[open_] = np.where(chosen, campaign.discount, discount[open_])
        cost[open_] += round(100 * campaign.cost) * chosen
        contacts[open_] += chosen
        leaves = chosen & (luck.uniform(key, "opts out", t, place) < it.opt_out * (1 + 2 * them["pressure"][open_]))
        them["consent"][open_[leaves]] = False
        them["opted_out"][open_[leaves]] = setting.first[t]
        group = np.where(chosen, 0, 2 if campaign.targeted else 1)
        without = np.zeros(open_.size) if rate is None else rate[open_]
        campaign_id = words(np.full(open_.size, number), ids(setting))
        book.add("campaign_targets", them["person"][open_], campaign_id=campaign_id, group=words(group, GROUPS))
        book.add(
            "truth_campaigns", them["person"][open_], campaign_id=campaign_id, propensity=propensity,
            orders_if_contacted=without * np.exp(effect), orders_if_not=without,
        )  # fmt: skip
    them["pressure"] = 0.7 * them["pressure"] + contacts
    return lift, discount, cost
