"""Returns: goods sent back and orders cancelled, taken off what was bought.

A till writes a return as a negative amount, and models of purchases know nothing of such rows: an order that was
cancelled is no purchase, and one that was sent back in part was a smaller one. This file settles returns
against purchases by one stated rule and tells the status of every row; it reads and returns orders, and how they are
summarized is known in ``summary``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab._result import Result, Summary
from crmlab.errors import DataError

#: Amounts are compared in millionths, so that 0.3 - 0.1 - 0.2 is nothing; beyond the limit a 64-bit integer cannot hold them.
_UNITS, _LIMIT = 1_000_000, 1e12
#: What becomes of a row, in the order of the table.
_STATUS = (
    "kept as they were", "kept, less what was returned", "purchases cancelled", "returns that cancelled them",
    "purchases returned bit by bit", "returns taken off purchases", "set aside",
)  # fmt: skip
_KEPT, _REDUCED, _CANCELLED, _CANCELLING, _USED_UP, _TAKEN_OFF, _ASIDE = range(len(_STATUS))
_NO_PURCHASE = "no purchase of this customer, on this day or before, is left to take it off"
_TOO_LARGE = "more than is left of this customer's purchases up to this day: this is the rest"


@dataclass(frozen=True, slots=True)
class _Settlement:
    """What becomes of each of n rows; filled in customer by customer.

    Attributes
    ----------
    status : ndarray of int, shape (n,)
        Place in ``_STATUS``.
    rest : ndarray, shape (n,)
        What is left of the amount.
    reason : ndarray of str, shape (n,)
        Why a row is set aside.
    """

    status: np.ndarray
    rest: np.ndarray
    reason: np.ndarray

    def put(self, rows: int | list[int], status: int, rest: float = 0.0, reason: str = "") -> None:
        """Write what becomes of rows."""
        self.status[rows], self.rest[rows], self.reason[rows] = status, rest, reason


def settle_returns(orders: pd.DataFrame) -> Settled:
    """Take returns off purchases: what is left are orders, rows as they were given, that models of purchases can read.

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

    A return is known on its own day, not on that of its purchase. To fit a model, first select the orders up to the end of
    calibration and then settle: ``settle_returns(orders[orders.order_date <= until])``; else what is known later changes what
    was seen before.

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
    _check.frame("orders", orders, "Read it with `pd.read_csv` or `datasets.read`.")
    with _engine.open_table(orders, "orders_with_returns", ("customer_id", "order_date", "amount")):
        pass
    amount = orders["amount"].to_numpy("float64")
    largest = np.abs(amount).max()
    if largest > _LIMIT:
        raise DataError(
            f"`amount` goes up to {largest:g}, which is beyond a trillion. Check its unit, or give it in thousands."
        )
    settlement = _settle(orders, amount)
    status, rest = settlement.status, settlement.rest
    stays, aside = status <= _REDUCED, status == _ASIDE
    rows = pd.DataFrame({"status": status, "rows": 1, "amount": amount, "amount_left": rest})
    table = rows.groupby("status").sum().reindex(range(len(_STATUS)), fill_value=0).reset_index(drop=True)
    table = table.astype({"rows": "int64"})
    table.insert(0, "status", list(_STATUS))
    settled = orders.assign(amount=pd.Series(rest, index=orders.index).astype(_dtype(orders["amount"])))
    set_aside = settled[aside].assign(reason=settlement.reason[aside].astype("str"))
    return Settled(settled[stays] if (status != _KEPT).any() else orders.copy(), set_aside, table)


def _dtype(amount: pd.Series) -> object:
    """Keep the type of the amounts if it is one of numbers; what a file had as exact decimals becomes float."""
    return amount.dtype if amount.dtype.kind in "iuf" else "float64"


def _settle(orders: pd.DataFrame, amount: np.ndarray) -> _Settlement:
    """Settle the rows of each customer with returns; the rows of others stay."""
    n = amount.size
    settlement = _Settlement(np.full(n, _KEPT), amount.copy(), np.full(n, "", dtype=object))
    customers = pd.factorize(orders["customer_id"])[0]
    rows = np.flatnonzero(np.isin(customers, np.unique(customers[amount < 0])))
    events = pd.DataFrame(
        {
            "row": rows,
            "customer": customers[rows],
            "time": pd.to_datetime(orders["order_date"].iloc[rows]).to_numpy(),
            "returned": amount[rows] < 0,
            "units": np.abs(np.rint(amount[rows] * _UNITS)).astype("int64"),
        }
    )
    events["day"] = events.time.dt.normalize()
    if "order_id" in orders:
        events["order_id"] = orders["order_id"].to_numpy()[rows]
    ties = [name for name in ("day", "returned", "time", "units", "order_id") if name in events]
    events = events.sort_values(["customer", *ties], kind="stable")  # on each day purchases come before returns
    columns = zip(*(events[name].tolist() for name in ("customer", "row", "returned", "units")), strict=True)
    for _, group in groupby(columns, key=lambda event: event[0]):
        _settle_customer([event[1:] for event in group], settlement)
    return settlement


def _settle_customer(events: list[tuple[int, bool, int]], settlement: _Settlement) -> None:
    """Apply the rule to one customer's rows (number, whether a return, millionths) in time; two passes at most."""
    purchases: defaultdict[int, list[int]] = defaultdict(list)  # by their amount
    for row, returned, units in events:
        if not returned:
            purchases[units].append(row)
        elif units and purchases[units]:
            settlement.put(purchases[units].pop(), _CANCELLED)
            settlement.put(row, _CANCELLING)

    remaining: list[tuple[int, int]] = []  # purchases of which something is left, the newest at the end
    for row, returned, units in events:
        if settlement.status[row] != _KEPT:
            continue
        if returned:
            _take_off(row, units, remaining, settlement)
        elif units:
            remaining.append((row, units))


def _take_off(row: int, units: int, remaining: list[tuple[int, int]], settlement: _Settlement) -> None:
    """Take a return off the newest purchases of which something is left, till it is used up."""
    rest = units
    while rest and remaining:
        purchase, available = remaining.pop()
        taken = min(rest, available)
        rest, available = rest - taken, available - taken
        settlement.put(purchase, _REDUCED if available else _USED_UP, available / _UNITS)
        if available:
            remaining.append((purchase, available))
    if not rest:
        settlement.put(row, _TAKEN_OFF)
    elif rest == units:
        settlement.put(row, _ASIDE, settlement.rest[row], _NO_PURCHASE)
    else:
        settlement.put(row, _ASIDE, -rest / _UNITS, _TOO_LARGE)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settled(Result):
    """Orders from which returns were taken off.

    Attributes
    ----------
    orders : DataFrame
        What is left: rows and columns as given, amounts of 0 or more, less what was returned.
    set_aside : DataFrame
        Returns, or the rest of them, that belong to no purchase here: the same columns, and ``reason``.
    table : DataFrame
        ``status, rows, amount, amount_left``: what became of the rows, what stood in them, what is left
        (``tables.describe("settled_returns")``). Its rows and amounts add up to those given, and so does what is left.
    """

    orders: pd.DataFrame
    set_aside: pd.DataFrame
    table: pd.DataFrame

    def summary(self) -> Summary:
        """Show what became of every row."""
        returned = self.table[self.table.status.isin([_STATUS[place] for place in (_CANCELLING, _TAKEN_OFF, _ASIDE)])]
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
