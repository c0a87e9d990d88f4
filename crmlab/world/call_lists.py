"""Call lists: whom somebody at the firm has chosen to call, by id, and whether these can be called.

A customer's id says how they came, so their key in the random streams follows from it, and the months need no other
list. What a call does is known in ``aftersales``, what an offer does in ``campaigns``; this room chooses nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pandas as pd

from crmlab.errors import ArgumentError
from crmlab.world import streams

_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One customer called once.

    Attributes
    ----------
    start : int
        The month, counted from 1.
    customer_id : str
    offer : str
        The campaign whose offer is made; empty if there is none.
    """

    start: int
    customer_id: str
    offer: str = ""


def keys(seed: int, ids: Collection[str]) -> np.ndarray:
    """Return the keys of some persons, shape (n,): C0000012-14 is the friend whom C0000012 brought and who came in month 14."""
    generations = list(zip_longest(*(name[1:].split("-") for name in ids), fillvalue="0"))
    if not generations:
        return np.zeros(0, dtype=np.uint64)
    number, *months = np.array(generations, dtype=np.int64)
    key = streams.make_keys(seed, "person", number - 1)
    for came in months:
        for month in np.unique(came[came > 0]):
            rows = came == month
            key[rows] = streams.child_keys(key[rows], int(month) - 2)  # months count from 0, and friends come a month later
    return key


def check(
    given: object, offer: str, start: int, day: dt.date, customers: pd.DataFrame, *, contract: bool
) -> tuple[Call, ...]:  # fmt: skip
    """Check a list of ids against ``customers`` (``customer_id, since, left``) as they are on ``day``, and return its calls."""
    ids = list(given) if isinstance(given, Collection) and not isinstance(given, str | bytes | Mapping) else None
    if ids is None or not all(isinstance(name, str) for name in ids):
        raise ArgumentError(f'`calls` must be a list of customer ids, such as ["C0000012"]; it is {given!r:.80}.')
    listed = pd.Index(ids, dtype=object)
    _refuse(listed[listed.duplicated()].unique(), "stand in it more than once. Name each customer once.")
    known = customers.set_index("customer_id").reindex(listed)
    first = pd.Timestamp(day)
    _refuse(listed[known.since.isna()], "are no customers of this firm. Take the ids of its customers table.")
    _refuse(listed[known.since >= first], f"become customers after {first:%Y-%m-%d}. Name those who are, or call later.")
    if contract:
        _refuse(listed[known.left < first], f"have ended their contracts before {first:%Y-%m-%d}. Leave them out.")
    return tuple(sorted(Call(start, name, offer) for name in ids))


def add(made: tuple[Call, ...], new: tuple[Call, ...]) -> tuple[Call, ...]:
    """Return all calls; refuse those that are made already."""
    known = {(call.start, call.customer_id) for call in made}
    again = [call.customer_id for call in new if (call.start, call.customer_id) in known]
    _refuse(pd.Index(again), "are called in this month already. Leave them out.")
    return tuple(sorted((*made, *new)))


def _refuse(names: pd.Index, problem: str) -> None:
    if len(names):
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        raise ArgumentError(f"`calls` cannot be made: {shown} {problem}")
