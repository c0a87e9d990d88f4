"""Returns: goods sent back and orders cancelled, taken off what was bought.

A till writes a return as a negative amount, and models of purchases know nothing of such rows: an order that was
cancelled is no purchase, and one that was sent back in part was a smaller one. This file settles returns
against purchases by one stated rule and tells the fate of every row; it reads and returns orders, and what they
boil down to is known in ``summary``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from crmlab import _engine
from crmlab._result import Summary
from crmlab.errors import ArgumentError, DataError

#: Amounts are compared in millionths, so that 0.3 - 0.1 - 0.2 is nothing; beyond the limit a 64-bit integer cannot hold them.
_UNITS, _LIMIT = 1_000_000, 1e12
#: What becomes of a row, in the order of the table.
_FATES = (
    "kept as they were", "kept, less what was returned", "purchases cancelled", "returns that cancelled them",
    "purchases returned bit by bit", "returns taken off purchases", "set aside",
)  # fmt: skip
_KEPT, _REDUCED, _CANCELLED, _CANCELLING, _USED_UP, _TAKEN_OFF, _ASIDE = range(len(_FATES))
_NO_PURCHASE = "no purchase of this customer, on this day or before, is left to take it off"
_TOO_LARGE = "more than is left of this customer's purchases up to this day: this is the rest"


def settle_returns(orders: pd.DataFrame) -> Settled:
    """Take returns off purchases: what is left are orders that models of purchases can read.

    The rule. A negative amount is a return.

    1. A return cancels the same customer's latest purchase of the same amount, made on the same day or before: both rows go.
       Returns take their turn by date, and no purchase is cancelled twice.
    2. What no purchase equals is then, again by date, taken off the customer's latest purchases of the same day or
       before, the newest first, until it is used up. A purchase of which nothing is left goes.
    3. What is left of a return is set aside, with the reason: its purchase lies before the data begin, or with
       another customer.

    Of purchases of one day the later in the day is the newer; then the larger; then the one with the higher
    ``order_id``. Of returns of one day the earlier takes its turn first; then the smaller; then the lower ``order_id``.
    So the order of the rows plays no part, unless rows agree in all of these. A purchase of amount 0 stays as it is. Amounts
    are compared to a millionth.

    A return is known on its own day, not on that of its purchase. To fit a model at a cut, cut first and settle then:
    ``settle_returns(orders[orders.order_date <= until])``; else what is known later changes what was seen before.

    Parameters
    ----------
    orders : DataFrame
        ``customer_id``, ``order_date``, ``amount``, which may be negative, and optionally ``order_id`` (see
        ``tables.describe("orders_with_returns")``). Other columns are carried along.

    Returns
    -------
    Settled

    Raises
    ------
    DataError
        A column is missing or empty, a date in the future, an ``order_id`` twice, or an amount beyond a
        trillion.
    ArgumentError
        ``orders`` is no DataFrame.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "ann", "bob", "bob", "bob"],
    ...     "order_date": pd.to_datetime(
    ...         ["2024-01-05", "2024-02-09", "2024-02-12", "2024-01-08", "2024-01-20", "2024-03-01"]
    ...     ),
    ...     "amount": [20.0, 35.0, -35.0, 50.0, -15.0, -40.0],
    ... })
    >>> settled = btyd.settle_returns(orders)
    >>> settled.orders
      customer_id order_date  amount
    0         ann 2024-01-05    20.0
    >>> settled.set_aside[["customer_id", "amount"]]
      customer_id  amount
    5         bob    -5.0
    """
    if not isinstance(orders, pd.DataFrame):
        raise ArgumentError(f"`orders` must be a DataFrame, e.g. from `pd.read_csv`; it is {type(orders).__name__}.")
    with _engine.open_table(orders, "orders_with_returns", ("customer_id", "order_date", "amount")):
        pass
    amount = orders["amount"].to_numpy("float64")
    largest = np.abs(amount).max()
    if largest > _LIMIT:
        raise DataError(
            f"`amount` goes up to {largest:g}, which is beyond a trillion. Check its unit, or give it in thousands."
        )
    fate, left, reason = np.full(amount.size, _KEPT), amount.copy(), np.full(amount.size, "", dtype=object)
    _settle(orders, amount, fate, left, reason)

    stays, aside = fate <= _REDUCED, fate == _ASIDE
    by_fate = pd.DataFrame({"fate": fate, "rows": 1, "amount": amount, "amount_left": left}).groupby("fate").sum()
    table = by_fate.reindex(range(len(_FATES)), fill_value=0).astype({"rows": "int64"}).reset_index(drop=True)
    table.insert(0, "fate", list(_FATES))
    settled = orders.assign(amount=pd.Series(left, index=orders.index).astype(_dtype(orders["amount"])))
    return Settled(
        settled[stays] if (fate != _KEPT).any() else orders.copy(),
        settled[aside].assign(reason=reason[aside].astype("str")),
        table,
    )


def _dtype(amount: pd.Series) -> object:
    """The type of the amounts if it is one of numbers; what a file had as exact decimals becomes float."""
    return amount.dtype if amount.dtype.kind in "iuf" else "float64"


def _settle(orders: pd.DataFrame, amount: np.ndarray, fate: np.ndarray, left: np.ndarray, reason: np.ndarray) -> None:
    """Write the fate of each row, what is left of it, and why it is set aside; rows of customers without returns stay."""
    customers = pd.factorize(orders["customer_id"])[0]
    theirs = np.flatnonzero(np.isin(customers, np.unique(customers[amount < 0])))
    held = pd.DataFrame(
        {
            "row": theirs,
            "customer": customers[theirs],
            "time": pd.to_datetime(orders["order_date"].iloc[theirs]).to_numpy(),
            "returned": amount[theirs] < 0,
            "units": np.abs(np.rint(amount[theirs] * _UNITS)).astype("int64"),
        }
    )
    held["day"] = held.time.dt.normalize()
    if "order_id" in orders:
        held["order_id"] = orders["order_id"].to_numpy()[theirs]
    ties = [name for name in ("day", "returned", "time", "units", "order_id") if name in held]
    held = held.sort_values(["customer", *ties], kind="stable")  # on each day purchases come before returns
    events = zip(*(held[name].tolist() for name in ("customer", "row", "returned", "units")), strict=True)
    for _, rows in groupby(events, key=lambda event: event[0]):
        _settle_customer([event[1:] for event in rows], fate, left, reason)


def _settle_customer(rows: list[tuple[int, bool, int]], fate: np.ndarray, left: np.ndarray, reason: np.ndarray) -> None:
    """The rule for one customer's rows (number, whether a return, millionths) in time; each row is looked at twice at most."""
    equal: defaultdict[int, list[int]] = defaultdict(list)
    for row, returned, units in rows:
        if not returned:
            equal[units].append(row)
        elif units and equal[units]:
            cancelled = equal[units].pop()
            fate[[cancelled, row]] = _CANCELLED, _CANCELLING
            left[[cancelled, row]] = 0

    standing: list[list[int]] = []  # purchases of which something is left, the newest at the end
    for row, returned, units in rows:
        if fate[row] != _KEPT:
            continue
        if not returned:
            if units:
                standing.append([row, units])
            continue
        rest = units
        while rest and standing:
            purchase = standing[-1]
            taken = min(rest, purchase[1])
            rest, purchase[1] = rest - taken, purchase[1] - taken
            fate[purchase[0]], left[purchase[0]] = (_REDUCED if purchase[1] else _USED_UP), purchase[1] / _UNITS
            if not purchase[1]:
                standing.pop()
        if not rest:
            fate[row], left[row] = _TAKEN_OFF, 0
        elif rest == units:
            fate[row], reason[row] = _ASIDE, _NO_PURCHASE
        else:
            fate[row], left[row], reason[row] = _ASIDE, -rest / _UNITS, _TOO_LARGE


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Orders from which returns were taken off.

    Attributes
    ----------
    orders : DataFrame
        What is left: rows and columns as given, amounts of 0 or more, less what was returned.
    set_aside : DataFrame
        Returns, or the rest of them, that belong to no purchase here: the same columns, and ``reason``.
    table : DataFrame
        ``fate, rows, amount, amount_left``: what became of the rows, what stood in them, what is left
        (``tables.describe("settled_returns")``). Its rows and amounts add up to those given, and so does what is left.
    """

    orders: pd.DataFrame
    set_aside: pd.DataFrame
    table: pd.DataFrame

    def summary(self) -> Summary:
        """What became of every row."""
        returned = self.table[self.table.fate.isin([_FATES[k] for k in (_CANCELLING, _TAKEN_OFF, _ASIDE)])]
        return Summary(
            "Returns settled",
            facts=(
                ("Returns", int(returned.rows.sum())),
                ("Orders left", len(self.orders)),
                ("Set aside", len(self.set_aside)),
                ("Amount of the orders left", round(float(self.orders["amount"].sum()), 2)),
            ),
            table=self.table,
        )
