"""Interventions: which causes can be changed in the firm, by how much, and what a change costs.

A cause has a unit, a range, and a cost curve: the first small step costs ``slope`` a unit for each
customer (or prospect) and month, and every further step costs more, because the easy things are
mended first: ``cost(x) = slope (exp(2x / scale) - 1) abs(scale) / 2``. A step down saves less than the step
up would cost. This room knows what a change costs and when it is in force; what it *does* is known in
the mechanism that reads it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.world.call_lists import Call
from crmlab.world.industries import Industry


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that can be changed.

    Attributes
    ----------
    name, meaning, unit : str
    lowest, highest : float
        The range of the sum of all changes in force.
    scale : float
        The step after which the cost curve has clearly bent.
    per : str
        By whom the cost is counted: "customer" or "prospect".
    """

    name: str
    meaning: str
    unit: str
    lowest: float
    highest: float
    scale: float
    per: str

    def cost(self, amount: float, slope: float) -> float:
        """Return the currency for each customer (or prospect) and month."""
        return slope * math.expm1(2 * amount / self.scale) * abs(self.scale) / 2


def _quality(name: str, meaning: str) -> Cause:
    return Cause(name, meaning, "points of the seven-point scale", -2, 2, 1, "customer")


CAUSES = {
    cause.name: cause
    for cause in (
        _quality("reliability", "Promises are kept, and kept alike every time; fewer failures."),
        _quality("assurance", "Staff know their trade, are courteous and inspire trust."),
        _quality("tangibles", "Premises, web pages, letters and staff look the part."),
        _quality("empathy", "The firm sees with the customer's eyes; a recovery mends more."),
        _quality("responsiveness", "Help is prompt and willing; complaints are answered sooner."),
        Cause("listening", "How much of customers' expectations managers come to know that they did not know.", "share", 0, 1,
              0.5, "customer"),
        Cause("standards", "How much the standards of service ask for.", "points of the seven-point scale", -1, 1, 0.5,
              "customer"),
        Cause("focus", "How far service turns from the customers who need most of it to bargain hunters.", "share", -1, 1, 0.5,
              "customer"),
        Cause("bargain_mix", "How far advertising turns from channels of loyal customers to those of bargain hunters.", "share",
              -1, 1, 0.5, "prospect"),
        Cause("list_decay", "How bad the bought addresses are: the larger, the fewer of them fit.", "log-odds", 0, 3, 1,
              "prospect"),
        Cause("newsletters", "How many e-mails a month go to everybody who may be written to, beside the campaigns.",
              "contacts a month", 0, 8, 2, "customer"),
        Cause("departures", "Share of desks that lose their salesperson to a rival, without a hand-over.", "share", 0,
              1, 0.5, "customer"),
        Cause("rival", "How much more rivals attract everybody: fewer are won, more leave, and a price is minded more.",
              "standard deviations of the pull", 0, 3, 1, "customer"),
        Cause("promises", "How much advertising and salespeople promise: wins prospects, raises expectations.",
              "points of the seven-point scale", -2, 2, 1, "customer"),
        Cause("response_time", "Hours until a ticket is answered: -0.5 halves them.", "share", -0.9, 1, -0.5, "customer"),
        Cause("staffing", "How many more agents answer the telephone than planned: shorter waits, sooner answers.", "share",
              -0.5, 1, 2, "customer"),
        Cause("recovery", "Share of the dissatisfaction after a failure that an answer mends.", "share", -0.45, 0.55, 0.25,
              "customer"),
        Cause("handover", "Share of leaving salespeople who hand their customers over.", "share", -0.5, 0.5, 0.25,
              "customer"),
        Cause("sales_effort", "Time that salespeople take for each prospect.", "log-odds", -1, 1, 0.5, "prospect"),
        Cause("advertising", "How many more prospects hear of the firm.", "share", -0.9, 0.5, 0.5, "prospect"),
        Cause("price", "All prices.", "share", -0.3, 0.3, 0.1, "customer"),
        Cause("operating_cost", "Cost to serve, to sell and to run the firm.", "share", -0.5, 0.5, -0.1, "customer"),
        Cause("satisfaction", "Satisfaction itself, wherever it comes from (a direct lever).",
              "points of satisfaction", -2, 2, 1, "customer"),
        Cause("loyalty", "Share of those about to leave who stay after all (a direct lever).", "share", -0.9, 0.9,
              0.5, "customer"),
        Cause("conversion", "Chance to advance at the close (a direct lever): 0.05 is 5 % more.", "share",
              -0.5, 0.5, 0.2, "prospect"),
        Cause("transparency", "Share of months in which the accounts of the gifts are published: distrust fades sooner.",
              "share", -0.25, 0.75, 0.5, "customer"),
        Cause("trust_shock", "Size of the scandal that shakes trust, if its month is still to come: -1 and it does not happen.",
              "share", -1, 1, -1, "customer"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Intervention:
    """One cause changed from one month on.

    Attributes
    ----------
    cause : str
    amount : float
    start : int
        The first month, counted from 1.
    cost : float or None
        For each customer (or prospect) and month, in place of the cause's own curve.
    """

    cause: str
    amount: float
    start: int
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Interventions:
    """All changes, month by month: ``interventions["reliability"][t]`` is the shift in month ``t`` (from 0).

    ``calls`` are those to chosen customers, in order.
    """

    changes: tuple[Intervention, ...]
    months: int
    calls: tuple[Call, ...] = ()

    def __getitem__(self, cause: str) -> np.ndarray:
        return self._shift(cause, self.changes)

    def _shift(self, cause: str, changes: tuple[Intervention, ...]) -> np.ndarray:
        shift = np.zeros(self.months)
        for change in changes:
            if change.cause == cause:
                shift[change.start - 1 :] += change.amount
        return shift

    def cost(self, industry: Industry, per: str) -> np.ndarray:
        """Return what the changes cost for each customer (or prospect), by month."""
        total, slopes = np.zeros(self.months), dict(industry.costs)
        by_curve = tuple(change for change in self.changes if change.cost is None)
        for cause in CAUSES.values():
            if cause.per == per and cause.name in slopes:  # the curve sees the sum: two half steps cost as much as a whole one
                total += [cause.cost(amount, slopes[cause.name]) for amount in self._shift(cause.name, by_curve)]
        for change in self.changes:
            if change.cost is not None and CAUSES[change.cause].per == per:
                total[change.start - 1 :] += change.cost
        return total

    def add(self, new: tuple[Intervention, ...]) -> Interventions:
        """Return these and further changes; refuse a cause that would leave its range by adding up."""
        combined = replace(self, changes=(*self.changes, *new))
        for name in {change.cause for change in new}:
            shift, cause = combined[name], CAUSES[name]
            if shift.min() < cause.lowest - 1e-9 or shift.max() > cause.highest + 1e-9:
                raise ArgumentError(
                    f"with the changes made before, `{name}` would be {shift[np.abs(shift).argmax()]:+g}; "
                    f"it may be from {cause.lowest:g} to {cause.highest:g}."
                )
        return combined


def offered(industry: Industry) -> dict[str, Cause]:
    """Return the causes that can be changed in an industry: those that have a cost there."""
    slopes = dict(industry.costs)
    if unknown := [name for name in slopes if name not in CAUSES]:
        raise ArgumentError(
            f"Industry {industry.name!r}: `costs` names no cause by {unknown[0]!r}. Causes: {', '.join(CAUSES)}."
        )
    return {name: cause for name, cause in CAUSES.items() if name in slopes}


def intervention(industry: Industry, name: object, amount: object, start: int, cost: float | None) -> Intervention:
    """Check a change and return it."""
    known = offered(industry)
    cause = known.get(name) if isinstance(name, str) else None
    if cause is None:
        problem = f"{industry.name} has no" if isinstance(name, str) and name in CAUSES else "no cause is called"
        raise ArgumentError(f"{problem} {name!r}. The causes: {', '.join(known)}.")
    try:
        shift = _check.number(cause.name, amount, cause.lowest, cause.highest)
    except ArgumentError:
        raise ArgumentError(
            f"`{name}` must be a number from {cause.lowest:g} to {cause.highest:g} ({cause.unit}); it is {amount!r}."
        ) from None
    return Intervention(cause.name, shift, start, cost)


def price(name: str, value: object) -> float:
    """Check what a change costs for each customer and month."""
    try:
        return _check.number(name, value, 0)
    except ArgumentError:
        raise ArgumentError(f"`{name}` must be 0 or more, in currency for each customer and month; it is {value!r}.") from None
