"""After-sales: what salespeople do with customers who are in the file.

They call from time to time, call whom they are told to call, and approach some for a further product, which is a run
through the pipeline of its own. Without a contract the file also holds those who have left unseen: they are called and
approached like the others, in vain. This room knows who is called and approached; how a run goes is known in ``sales``.
"""

from __future__ import annotations

import numpy as np

from crmlab.world import sales, streams
from crmlab.world.desks import Desks
from crmlab.world.event_log import EventLog, days, labels, numbered_ids
from crmlab.world.population import Customers
from crmlab.world.setting import Setting


def call(setting: Setting, desks: Desks, log: EventLog, customers: Customers, t: int) -> np.ndarray:
    """Make the calls of month ``t``, and return what they cost, in cents; moves ``kept``, ``contact_pressure``.

    Some are called by themselves; who stands on a list is called once more.
    """
    by_themselves = streams.uniform(customers.key, "follow-up", t) < setting.industry.follow_up
    cost = _call(setting, desks, log, customers, np.flatnonzero(by_themselves), "follow-up day", t)
    for keys in setting.called.get(t, {}).values():
        listed = np.flatnonzero(np.isin(customers.key, keys))
        cost += _call(setting, desks, log, customers, listed, "day of a listed call", t)
    return cost


def _call(
    setting: Setting, desks: Desks, log: EventLog, customers: Customers, called: np.ndarray, day: str, t: int
) -> np.ndarray:
    """Call some customers, by their places; the stream ``day`` says when in the month."""
    industry, cost = setting.industry, np.zeros(len(customers), dtype=np.int64)
    customers.kept[called] += industry.call_keep * np.exp(-industry.tiring * customers.contact_pressure[called])
    customers.contact_pressure[called] += industry.call_weight
    cost[called] = round(100 * industry.call_cost)
    key, none = customers.key[called], np.zeros(called.size, dtype=np.int64)
    start = np.maximum(customers.won[called], setting.month_start[t])
    end = np.full(called.size, setting.month_start[t + 1])
    if setting.industry.contract:  # customers who have given notice are not called any more
        end = np.where(customers.present[called], end, customers.left[called])
    moment = start + streams.uniform(key, day, t) * (end - start)
    log.add(
        "interactions", customers.person[called], interaction_id=numbered_ids("I"), date=days(moment),
        channel=labels(none, ("phone",)), direction=labels(none, ("out",)), topic=labels(none, ("follow-up",)),
        salesperson_id=desks.column(customers.desk[called], np.full(called.size, t)),
    )  # fmt: skip
    return cost


def cross_sell(
    setting: Setting, desks: Desks, log: EventLog, customers: Customers, t: int, *, churned: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Approach some customers for a further product in month ``t``; those who have churned say no at once.

    Returns
    -------
    person : ndarray of int, shape (n,)
        The places of those approached.
    month : ndarray of int, shape (n,)
        The month in which each buys the further product; -1 for those who do not.
    """
    industry = setting.industry
    free = (customers.won < setting.month_start[max(t - industry.cross_after, 0)]) & (
        customers.run_ends <= setting.month_start[t]
    )
    if not churned:
        free &= customers.present
    share = industry.cross_start * np.exp(industry.cross_effect_start * customers.loyalty)
    open_to_more = free & (customers.upsell_wins < industry.cross_most)
    rows = np.flatnonzero(open_to_more & (streams.uniform(customers.key, "cross-selling", t) < share))
    if not rows.size:
        return rows, rows
    customers.runs[rows] += 1
    people, person = customers.people(rows), customers.person[rows]
    offset = people.log_odds_offset + industry.cross_log_odds + industry.cross_effect_start * customers.loyalty[rows]
    runs = sales.Runs(
        people=people, person=person, number=customers.runs[rows], kind="cross-selling", begin=t + 1,
        day=setting.moment_in(t, streams.uniform(people.key, "cross-selling day", t)),
        entry=np.full(rows.size, industry.cross_entry), log_odds_offset=np.full(rows.size, -np.inf) if churned else offset,
    )  # fmt: skip
    ends = sales.run(setting, desks, log, runs)
    customers.run_ends[rows] = np.where(np.isnan(ends.ended), np.inf, ends.ended)
    return person, np.where(np.isnan(ends.won), -1, setting.month_of(ends.won))


def add_product(customers: Customers, person: np.ndarray) -> None:
    """Count a further product for those of ``person`` who are still there."""
    customers.upsell_wins[np.isin(customers.person, person)] += 1
