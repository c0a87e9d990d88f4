"""Layers: what a customer who was won brings year by year, apart by where it comes from.

The layers are those of Reichheld (1996), The loyalty effect, as far as tables of money by month can show them, each per
customer who was won, so that whoever leaves brings no more. It reads profit by customer and year of the relationship (see
``tenure``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import _engine
from crmlab.errors import DataError
from crmlab.loyalty.relationship_years import by_year, month_number

#: Layers of Reichheld that lie inside the others here: nobody knows what the same purchase would have paid or cost before.
HIDDEN = ("lower costs to serve", "higher prices")


def acquisition_cost(firm_months: pd.DataFrame, since: pd.Series) -> float:
    """Compute what it cost to win a customer in the months in which some customers came."""
    with _engine.open_table(firm_months, "firm_months", ("month", "won", "acquisition_cost")) as (table, _, run):
        rows = run(table.select("month", "won", "acquisition_cost"))
    numbers, entry = month_number(pd.to_datetime(rows.month)), month_number(since)
    rows = rows[(numbers >= entry.min()) & (numbers <= entry.max())]
    if not rows.won.sum() > 0:
        raise DataError(
            f"the firm_months table has nobody who was `won` from {since.min():%Y-%m} to {since.max():%Y-%m}, when these "
            "customers came. Give the months of the same firm."
        )
    return float(rows.acquisition_cost.sum() / rows.won.sum())


def referral_profit(tenures: pd.DataFrame, rows: pd.DataFrame, referrals: pd.DataFrame, measure: str, years: int) -> np.ndarray:
    """Add up what those whom each customer brought brought in turn, by the customer's own year, shape (customers, years)."""
    _engine.check(referrals, "referrals")
    brought = rows.merge(referrals[["customer_id", "referred_id"]], left_on="customer_id", right_on="referred_id")
    return by_year(tenures, brought.assign(customer_id=brought.customer_id_y), measure, years)


def layer_table(
    profit: np.ndarray, present: np.ndarray, acquisition: float | None, referral: np.ndarray | None, z: float
) -> pd.DataFrame:
    """Divide profit by year into layers per customer won, with intervals ``z`` standard errors wide on either side.

    Parameters
    ----------
    profit, present : ndarray, shape (customers, years)
    acquisition : float or None
        Cost to win one.
    referral : ndarray, shape (customers, years), or None
        Profit of those whom they brought.
    z : float
    """
    first, n = profit[:, :1], len(profit)
    layers = {
        "base profit": np.where(present, first, 0.0),
        "growth of the same people": np.where(present, profit - first, 0.0),
        "those no longer there": np.where(present, 0.0, profit),
    }
    if referral is not None:
        layers["referrals"] = referral
    rows = [] if acquisition is None else [(0, "acquisition", -acquisition, -acquisition, -acquisition)]
    for year in range(profit.shape[1]):
        for name, amounts in layers.items():
            mean = amounts[:, year].mean()
            reach = z * amounts[:, year].std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            rows.append((year + 1, name, mean, mean - reach, mean + reach))
    return pd.DataFrame(rows, columns=["year", "layer", "amount", "low", "high"])
