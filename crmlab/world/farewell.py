"""Farewell: why customers leave, and what those say who are asked.

Each departure has a main reason, that which added most to the log rate of leaving. Under contract those who cancel are
asked; without, nobody knows who has left, so those are asked who have not ordered for long, and some of them are
still there. Not everybody answers, and not every answer is true: some tell what is polite. This room decides nobody's
departure (``buying``).
"""

from __future__ import annotations

import numpy as np

from crmlab import tables
from crmlab.world import buying, service, streams
from crmlab.world.event_log import EventLog, days, labels
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

#: In the order of what ``pushes`` returns.
REASONS = tables.LEAVING_REASONS
_STILL_THERE = len(REASONS)
_ANSWERS = (*REASONS, tables.STILL_THERE)
_ASKED_AT = ("cancellation", "exit survey")


def pushes(setting: Setting, customers: Customers, t: int) -> np.ndarray:
    """Return what each reason adds to the log rate of leaving in month ``t``, shape (n, reasons).

    Satisfaction is taken apart at the loyalty curve: what a price, messages or failures take off it counts for them, and
    the rest for the service. So the sum is that of ``buying.leave``, but for what the curve bends.
    """
    industry = setting.industry
    price, messages = service.price_pain(setting, t), service.annoyance(setting, customers)
    failures, satisfaction = customers.dissatisfaction, customers.satisfaction

    def loses(points: np.ndarray) -> np.ndarray:
        return service.loyalty(setting, satisfaction + points) - customers.loyalty

    undisturbed = service.loyalty(setting, satisfaction + price + messages + failures)
    return np.stack(
        [
            -undisturbed,
            customers.relationship_damage + loses(failures),
            buying.dearness(setting, customers, t) + loses(price + np.zeros(len(customers))),
            customers.orphaned,
            loses(messages),
            industry.competitor_effect * customers.competitor_utility,
            customers.estranged,
        ],
        axis=1,
    )


def explain(setting: Setting, log: EventLog, customers: Customers, t: int) -> None:
    """Write why those left who left in month ``t``, and under contract what they say when they cancel; moves ``why``."""
    gone = np.flatnonzero(~customers.present)
    if setting.industry.farewell is None or not gone.size:
        return
    leavers = customers.take(gone)
    push = pushes(setting, leavers, t)
    why = push.argmax(axis=1)
    customers.why[gone] = why
    most = push[np.arange(gone.size), why]
    log.add("truth_leaving", leavers.person, left=days(leavers.left), reason=labels(why, REASONS), push=most)
    if setting.industry.contract:
        asked = streams.uniform(leavers.key, "asked why", t) < setting.industry.farewell.asked
        _answer(setting, log, leavers.take(asked), why[asked], leavers.left[asked], t)


def ask(setting: Setting, log: EventLog, customers: Customers, t: int) -> None:
    """Ask those who fell silent why, where there is no contract: some have left, others are still there."""
    farewell = setting.industry.farewell
    if farewell is None or setting.industry.contract:
        return
    silent = (t - customers.last_order == farewell.silent_months) & (
        streams.uniform(customers.key, "asked why", t) < farewell.asked
    )
    asked = customers.take(silent)
    day = setting.moment_in(t, streams.uniform(asked.key, "asked why on", t))
    there = np.isnan(asked.left) | (asked.left > day)
    _answer(setting, log, asked, np.where(there, _STILL_THERE, asked.why).astype(np.int64), day, t)


def _answer(setting: Setting, log: EventLog, customers: Customers, why: np.ndarray, day: np.ndarray, t: int) -> None:
    """Write what those say who answer: the main reason, or one that is polite; who has not left says so."""
    farewell, key = setting.industry.farewell, customers.key
    if farewell is None:
        return
    polite = streams.choose(streams.uniform(key, "polite", t), np.array(farewell.polite))
    honest = (streams.uniform(key, "honest", t) < farewell.honest) | (why == _STILL_THERE)
    said, answers = np.where(honest, why, polite), streams.uniform(key, "answers why", t) < farewell.answered
    how = np.zeros(answers.sum(), dtype=np.int64) + (not setting.industry.contract)
    log.add(
        "leaving", customers.person[answers], date=days(day[answers]), asked_at=labels(how, _ASKED_AT),
        reason=labels(said[answers], _ANSWERS),
    )  # fmt: skip
