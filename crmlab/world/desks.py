"""Desks: who sits at each salesperson's desk, month by month.

A desk changes hands when its salesperson leaves the firm; they hand the customers over, or do not.
The successor has a skill of their own. This room draws the salespeople and writes them down; what skill does for a
prospect stands in ``sales``, what a lost salesperson does to a customer in ``buying``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab.world import market, streams
from crmlab.world.event_log import EncodedColumn, EventLog, days, labels
from crmlab.world.setting import Setting


@dataclass(frozen=True, slots=True, eq=False)
class Desks:
    """Who sits at each desk.

    Attributes
    ----------
    holder : ndarray of int, shape (desks, months)
        How many have sat there before.
    skill : ndarray, shape (desks, months)
        Of the salesperson, standard normal.
    orphaned : ndarray, shape (desks, months)
        1 in a month whose first day finds the desk taken over without a hand-over; more if they went over to a rival.
    names : tuple of str
        All salesperson ids, desk by desk; made once, for a large firm has tens of thousands.
    """

    holder: np.ndarray
    skill: np.ndarray
    orphaned: np.ndarray
    names: tuple[str, ...]

    def codes(self, desk: np.ndarray, month: np.ndarray) -> np.ndarray:
        """Return the place in ``names`` of those who sit at each desk in each month."""
        return desk * (self.holder.max() + 1) + self.holder[desk, month]

    def column(self, desk: np.ndarray, month: np.ndarray) -> EncodedColumn:
        """Return the ids of those who sit at each desk in each month, as a column of a table."""
        return labels(self.codes(desk, month), self.names)


def draw(setting: Setting) -> Desks:
    """Draw who sits where."""
    industry, months = setting.industry, range(setting.months)
    key = streams.make_keys(setting.seed, "desk", np.arange(market.count_desks(setting)))
    handover = np.clip(industry.handover + setting.shifts["handover"], 0, 1)
    leaves = np.stack([streams.uniform(key, "leaves", t) < (industry.turnover if t else 0) for t in months], axis=1)
    gone = _lost(setting, key)
    silently = np.stack([streams.uniform(key, "hands over", t) >= handover[t] for t in months], axis=1)
    leaves, silently = leaves | gone, silently | gone
    holder = np.cumsum(leaves, axis=1, dtype=np.int64)
    skills = np.stack([streams.normal(key, "skill", ordinal=k) for k in range(holder.max() + 1)], axis=1)
    names = tuple(f"S{desk + 1:04d}-{place + 1}" for desk in range(len(key)) for place in range(holder.max() + 1))
    orphaned = (leaves & silently) + industry.trouble.poaching * gone  # who goes over to a rival takes customers along
    return Desks(holder, np.take_along_axis(skills, holder, axis=1), orphaned, names)


def _lost(setting: Setting, key: np.ndarray) -> np.ndarray:
    """Draw which desks lose their salesperson by the cause ``departures``, and when: a mask of shape (desks, months).

    A share of the desks, at least one, one after the other in the months from the first of the change on.
    """
    gone = np.zeros((key.size, setting.months), dtype=bool)
    for t, share in enumerate(np.diff(setting.shifts["departures"], prepend=0.0)):
        if share > 0:
            desks = np.argsort(streams.uniform(key, "is lost", t), kind="stable")[: max(round(share * key.size), 1)]
            later = streams.uniform(key[desks], "is lost in", t) * setting.industry.trouble.departure_months
            month = t + later.astype(np.int64)
            gone[desks[month < setting.months], month[month < setting.months]] = True
    return gone


def write(setting: Setting, desks: Desks, log: EventLog) -> None:
    """Write the salespeople: who sat where, from when to when, and whether they handed over."""
    for desk, holders in enumerate(desks.holder):
        begins = np.flatnonzero(np.diff(holders, prepend=-1))
        ends = np.append(begins[1:], setting.months)
        left = ends < setting.months
        silently = desks.orphaned[desk, np.minimum(ends, setting.months - 1)] > 0
        log.add(
            "salespeople", np.zeros(begins.size, dtype=np.int64),
            salesperson_id=desks.column(np.full(begins.size, desk), begins), desk=np.full(begins.size, desk + 1),
            started=days(setting.month_start[begins]), left=days(np.where(left, setting.month_start[ends], np.nan)),
            handed_over=labels(np.where(left, np.where(silently, 1, 0), -1), ("yes", "no")),
        )  # fmt: skip
