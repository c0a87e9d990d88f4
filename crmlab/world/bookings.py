"""Bookings: under which of several records the shop books what a person does, and what else is wrong with its records.

A person who was not recognised stands in the file twice or more. Orders and tickets go to whichever record comes up, a mailing
goes to all of them: so the firm counts too many customers, each too seldom, and pays postage twice. This room knows when
each record was begun, which one is picked, and whom a telephone is shared with; what stands in a record is written in
``records``. It reads keys and days, and no mechanism.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab.world import streams
from crmlab.world.event_log import Column, record_numbers
from crmlab.world.population import Customers
from crmlab.world.ranges import Block

_TINY = 1e-300  # so that a share of 0 is never divided by


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings(Block):
    """Several records of a person, what is done under them, and further faults of records; at 0 all act on nobody."""

    records: tuple[float, ...] = (65, 22, 9, 4)  # weights of one record of a person, two, three, four: 1.52 on average
    elsewhere: float = 0.0  # share of orders and tickets booked under any of the person's records; the others under the first
    listed: float = 0.0  # share of further records that stand on the mailing list beside the first one
    household: tuple[float, int] = (0.0, 4)  # share of persons with home and telephone in common, of so many neighbours
    switchboard: tuple[float, float, int] = (0.0, 0.5, 400)  # share employed; of their records with its number; neighbours
    characters: float = 0.0  # share of the records of persons with a Chinese name that have it in characters
    till_address: float = 0.0  # share of records of the shop counter with the e-mail address that the till fills in
    moving: float = 0.0  # how many more move house or change their telephone than in the first edition, as a share
    marrying: float = 0.0  # how many more take another family name, likewise


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """With whom each of n persons has a telephone in common.

    Attributes
    ----------
    home, firm : ndarray of uint64, shape (n,)
        Key of their household, and of the firm that they work for.
    at_home, employed : ndarray of bool, shape (n,)
        Whether they live with the others of it, and whether they have work there.
    """

    home: np.ndarray
    firm: np.ndarray
    at_home: np.ndarray
    employed: np.ndarray


def share(block: Bookings, seed: int, keys: np.ndarray, root: np.ndarray) -> Shared:
    """Draw who lives and who works together.

    ``root`` is the place in the pool of each person, or of whoever brought them there first: those whose places are
    neighbours may live together, and friends with whom they come from, whatever block they are simulated in.
    """
    (together, size), (employed, _, staff) = block.household, block.switchboard
    return Shared(
        streams.make_keys(seed, "household", root // size), streams.make_keys(seed, "employer", root // staff),
        streams.uniform(keys, "household") < together, streams.uniform(keys, "employed") < employed,
    )  # fmt: skip


def record_days(block: Bookings, keys: np.ndarray, since_day: np.ndarray, last_day: int) -> np.ndarray:
    """Draw when each person is written down, shape (n, most records): first on their first day; never is after the last day."""
    picks = streams.choose(streams.uniform(keys, "person: how many records"), np.array(block.records, dtype=float))
    n_records, later = np.where(last_day > since_day, 1 + picks, 1), np.ones((keys.size, len(block.records) - 1))
    for number in range(1, len(block.records)):
        drawn = streams.uniform(keys, "person: record day", 0, number)
        later[:, number - 1] = np.where(number < n_records, drawn, 1)
    later = np.sort(later, axis=1, kind="stable")
    length = (last_day - since_day)[:, None]
    return np.column_stack([since_day, since_day[:, None] + 1 + (later * length).astype(np.int64)])


def record_keys(keys: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Return the key of each person's record of that number, from 0."""
    return streams.mix(streams.mix(streams.mix(keys)) ^ streams.mix(number.astype(np.uint64)))


def book(
    block: Bookings | None, last_day: int, customers: Customers, rows: np.ndarray, moment: np.ndarray, what: str, t: int,
    ordinal: int | np.ndarray = 0,
) -> dict[str, Column]:  # fmt: skip
    """Draw under which record each order or ticket is booked, and return the column that tells; without ``block`` none does.

    Parameters
    ----------
    block : Bookings or None
        How often it is not the first record.
    last_day : int
        The last day of the firm.
    customers, rows, moment : Customers, ndarray of int, ndarray
        The customers, and the place of one for each booking, with its day.
    what, t, ordinal : str, int, int or ndarray
        What is booked, in which month, and which of several it is: they name the draw.
    """
    if block is None:
        return {}
    keys = customers.key[rows]
    written = record_days(block, keys, customers.noted[rows], last_day)
    exist = (written <= np.floor(moment)[:, None]).sum(axis=1)
    draw = streams.uniform(keys, f"books {what}", t, ordinal)
    even = np.minimum(draw * exist / max(block.elsewhere, _TINY), exist - 1)  # below the share the draw is even again
    return {"record_id": record_numbers(np.where(draw < block.elsewhere, even, 0).astype(np.int64))}


def on_list(
    block: Bookings | None, last_day: int, customers: Customers, rows: np.ndarray, day: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the records of some customers that stand on the mailing list of a day.

    For each the place of its customer, in the order of ``rows``, and its number from 0; without ``block`` the first ones.
    """
    if block is None:
        return rows, np.zeros(rows.size, dtype=np.int64)
    keys = customers.key[rows]
    listed = record_days(block, keys, customers.noted[rows], last_day) <= day
    for further in range(1, len(block.records)):
        listed[:, further] &= streams.uniform(keys, "stands on the mailing list", 0, further) < block.listed
    place, number = np.nonzero(listed)
    return rows[place], number


def count_buyers(person: np.ndarray, year: np.ndarray, years: int) -> np.ndarray:
    """Count by year who ordered, and who ordered twice or more, shape (2, years); ``person`` and ``year`` are of each order."""
    groups, orders = np.unique(person.astype(np.int64) * years + year, return_counts=True)
    return np.stack([np.bincount(groups[orders > least] % years, minlength=years) for least in range(2)])


def counts(sums: dict[str, np.ndarray], opening_year: int) -> dict[str, np.ndarray]:
    """Return what the firm counts in its records and what is true, a row for each year and measure.

    The sums are by month; those of buyers stand in the last month of each year.
    """
    months = sums["records"].size
    ends = np.minimum(np.arange(1, -(-months // 12) + 1) * 12, months) - 1
    begins = np.append(0, ends[:-1] + 1)

    def repeat_rate(repeaters: str, buyers: str) -> np.ndarray:
        return sums[repeaters][ends] / np.maximum(sums[buyers][ends], 1)

    paid, doubled = (np.add.reduceat(sums[name], begins) / 100 for name in ("mailed", "mailed_double"))
    measures = {
        "people in the file": (sums["records"].cumsum()[ends], sums["people"].cumsum()[ends]),
        "buyers": (sums["buying_records"][ends], sums["buyers"][ends]),
        "repeat rate": (repeat_rate("repeating_records", "buying_records"), repeat_rate("repeaters", "buyers")),
        "mailing cost": (paid, paid - doubled),
    }
    recorded, true = (np.concatenate([np.asarray(each[side], dtype=float) for each in measures.values()]) for side in range(2))
    return {
        "year": np.tile(opening_year + np.arange(ends.size), len(measures)),
        "measure": np.repeat(list(measures), ends.size), "as_recorded": recorded, "true": true, "difference": recorded - true,
    }  # fmt: skip
