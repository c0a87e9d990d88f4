"""The population: everyone who comes, and everyone who is or was a customer, as arrays.

``People`` is what a person brings along and keeps for life; ``Customers`` adds what being a customer makes of
them, month by month. Each field is an array with one row for each person, so a mechanism reads and writes
columns, never persons. This room knows the fields and how rows are taken and put together; the mechanisms know
what they mean for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(slots=True, eq=False, kw_only=True)
class People:
    """Persons with their dispositions; n is their number.

    Attributes
    ----------
    key : ndarray of uint64, shape (n,)
        The person's key in the random streams.
    need, channel, region, age_group, desk : ndarray of int, shape (n,)
        Places in the industry's lists, and the desk of the salesperson in charge.
    age_years : ndarray, shape (n,)
        On the opening day.
    fit : ndarray, shape (n,)
        How well the offer fits them, standard normal.
    log_odds_offset : ndarray, shape (n,)
        Added to the log-odds of each advance through the stages: channel less competition.
    competitor_utility : ndarray, shape (n,)
        What draws them to competitors, standard normal.
    expectation, quality, importance : ndarray, shape (n, 5)
        In RATER order; importance sums to 1. Expectation moves with experience.
    baseline_satisfaction : ndarray, shape (n,)
        Added to satisfaction, for good.
    purchase_rate, mean_spend : ndarray, shape (n,)
        Orders a month and mean amount, if nothing else acts.
    campaign_response : ndarray, shape (n,)
        How well they respond to campaigns, standard normal.
    consent : ndarray of bool, shape (n,)
        Whether they may be written to; ends when they opt out.
    """

    key: np.ndarray
    need: np.ndarray
    channel: np.ndarray
    region: np.ndarray
    age_group: np.ndarray
    age_years: np.ndarray
    desk: np.ndarray
    fit: np.ndarray
    log_odds_offset: np.ndarray
    competitor_utility: np.ndarray
    expectation: np.ndarray
    quality: np.ndarray
    importance: np.ndarray
    baseline_satisfaction: np.ndarray
    purchase_rate: np.ndarray
    mean_spend: np.ndarray
    campaign_response: np.ndarray
    consent: np.ndarray

    def __len__(self) -> int:
        return self.key.size

    def take(self, rows: np.ndarray) -> Self:
        """Return some of the persons, by mask or place; the arrays are copies."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(slots=True, eq=False, kw_only=True)
class Customers(People):
    """Customers of one block, present or past.

    Attributes
    ----------
    person : ndarray of int, shape (n,)
        Place in the block.
    won, left : ndarray, shape (n,)
        Day of joining and of leaving, in days; NaN for those who stay.
    agreed : ndarray of bool, shape (n,)
        Consent on the first day.
    opted_out : ndarray, shape (n,)
        Day on which the consent was withdrawn; NaN if it was not.
    dropout : ndarray, shape (n,)
        Monthly rate of leaving, or chance not to renew under contract, if nothing else acts.
    cost_to_serve : ndarray, shape (n,)
        Factor of what it costs to handle their orders and serve their contract.
    tariff : ndarray of int, shape (n,)
        Place of the contract among the products; -1 without contract.
    satisfaction, loyalty : ndarray, shape (n,)
        Of the last month.
    dissatisfaction, relationship_damage : ndarray, shape (n,)
        What past failures still take off satisfaction, and add to the log rate of leaving.
    orphaned : ndarray, shape (n,)
        What salespeople who left without handing over still add to the log rate of leaving.
    contact_pressure, recent_orders : ndarray, shape (n,)
        Contacts and orders, fading by month.
    estranged, kept, borrowed : ndarray, shape (n,)
        What estranges them for reasons of their own; what offers and calls still take off the log rate of leaving; what
        discounts still take off the log purchase rate.
    last_order, returned, first_left : ndarray, shape (n,)
        Month of the last order, first day back after a return, first day of leaving; NaN where there was none.
    upsell_wins, runs : ndarray of int, shape (n,)
        Further products, and runs through the stages so far.
    run_ends : ndarray, shape (n,)
        Day on which the last run ends; infinite if it stays open.
    donation_probability, stop_probability, mean_gift, concern : ndarray, shape (n,)
        Dispositions to give; NaN where the industry takes no gifts.
    stopped_giving : ndarray, shape (n,)
        Day from which they give no more; NaN if they may still give.
    """

    person: np.ndarray
    won: np.ndarray
    left: np.ndarray
    agreed: np.ndarray
    opted_out: np.ndarray
    dropout: np.ndarray
    cost_to_serve: np.ndarray
    tariff: np.ndarray
    satisfaction: np.ndarray
    loyalty: np.ndarray
    dissatisfaction: np.ndarray
    relationship_damage: np.ndarray
    orphaned: np.ndarray
    contact_pressure: np.ndarray
    recent_orders: np.ndarray
    estranged: np.ndarray
    kept: np.ndarray
    borrowed: np.ndarray
    last_order: np.ndarray
    returned: np.ndarray
    first_left: np.ndarray
    upsell_wins: np.ndarray
    runs: np.ndarray
    run_ends: np.ndarray
    donation_probability: np.ndarray
    stop_probability: np.ndarray
    mean_gift: np.ndarray
    concern: np.ndarray
    stopped_giving: np.ndarray

    @classmethod
    def joining(cls, people: People, person: np.ndarray, won: np.ndarray) -> Self:
        """Return people as customers on their first day; their dispositions to stay and to give are drawn later."""
        n = len(people)
        carried = {field.name: getattr(people, field.name) for field in fields(People)}
        zero = {name: np.zeros(n) for name in _ZERO_AT_FIRST}
        unknown = {name: np.full(n, np.nan) for name in _UNKNOWN_AT_FIRST}
        return cls(
            **carried, **zero, **unknown, person=person, won=won, agreed=people.consent.copy(), tariff=np.full(n, -1),
            upsell_wins=np.zeros(n, dtype=np.int64), runs=np.ones(n, dtype=np.int64),
        )  # fmt: skip

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the customers of several parts, in order; a single part is handed back as it is."""
        if len(parts) == 1:
            return parts[0]
        return cls(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)})

    def people(self, rows: np.ndarray) -> People:
        """Return what some of the customers brought along, as people."""
        return People(**{field.name: getattr(self, field.name)[rows] for field in fields(People)})

    @property
    def present(self) -> np.ndarray:
        """Mask of those who have not left, shape (n,)."""
        return np.isnan(self.left)


_ZERO_AT_FIRST = (
    "loyalty",
    "dissatisfaction",
    "relationship_damage",
    "orphaned",
    "contact_pressure",
    "recent_orders",
    "estranged",
    "kept",
    "borrowed",
    "run_ends",
)
_UNKNOWN_AT_FIRST = ("left", "opted_out", "dropout", "cost_to_serve", "satisfaction", "donation_probability",
                     "stop_probability", "mean_gift", "concern", "stopped_giving", "last_order", "returned",
                     "first_left")  # fmt: skip
