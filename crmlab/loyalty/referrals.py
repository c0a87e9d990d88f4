"""Referrals: what the people are worth whom a customer brought.

It reads who brought whom and what each is worth, and adds up for those who brought them, less what would have come anyway.
What a person is worth is computed elsewhere (``contract_value``, ``forecast_value``), and so is who will recommend.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab.loyalty.arguments import single_number
from crmlab.loyalty.discounting import discount_factor


def referral_value(
    referrals: pd.DataFrame, values: pd.DataFrame, *, would_have_come: float = 0.0, acquisition_saved: float = 0.0,
    annual_rate: float = 0.1, start: str | dt.date | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Compute what the people whom each customer brought are worth, less those who would have come anyway.

    A person who came on a recommendation is worth V on the day they came. With probability w they would have come anyway, and
    then the recommendation brought only the cost to win them that it saved, a: it brought (1 - w) V + a, discounted from
    the day they came to ``start``.

    Parameters
    ----------
    referrals : DataFrame
        ``customer_id``, ``referred_id``, ``date`` (see ``tables.describe("referrals")``).
    values : DataFrame
        ``customer_id``, ``customer_value``: what each person brought is worth on the day they came (see
        ``tables.describe("customer_values")``). Who has no row did not become a customer, and is worth nothing.
    would_have_come : float
        From 0 to 1. The tables do not tell it: try several.
    acquisition_saved : float
        What it would have cost to win each of them otherwise, less a reward, 0 or more, in currency. Saved for those who
        became customers.
    annual_rate : float
        Above -1, at most 1.
    start : date or str, optional
        The day to which all is discounted; by default that of the first referral.

    Returns
    -------
    DataFrame, one row per customer who brought somebody, sorted by ``customer_id``, which is a column
        ``referred`` and ``won``, how many came and became customers; ``gross_value``, what they are worth;
        ``would_have_come``, the part of it that would have come anyway; ``acquisition_saved``; and ``referral_value``, the
        first less the second plus the third (see ``tables.describe("referral_values")``).

    Raises
    ------
    DataError
        A table breaks its declaration, somebody was brought twice or by themselves, or a referral lies before
        ``start``.
    ArgumentError
        A number is out of range.

    Notes
    -----
    Somebody brought is a customer, too: add either their own value or this one to a sum over all customers, not both.

    References
    ----------
    Kumar, Petersen & Leone (2010), Driving profitability by encouraging customer referrals, Journal of Marketing 74(5), 1-17:
    customers who would have joined anyway count for the acquisition cost saved only.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> referrals = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"], "referred_id": ["cy", "dee", "eve"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-12-30", "2024-01-01"]),
    ... })
    >>> values = pd.DataFrame({"customer_id": ["cy", "dee"], "customer_value": [100.0, 55.0]})
    >>> loyalty.referral_value(referrals, values, would_have_come=0.5)[["customer_id", "referred", "won", "referral_value"]]
      customer_id  referred  won  referral_value
    0         ann         2    2            75.0
    1         bob         1    0             0.0
    """
    anyway = single_number("would_have_come", would_have_come, 1)
    saved = single_number("acquisition_saved", acquisition_saved)
    _engine.check(_check.frame("referrals", referrals), "referrals")
    _engine.check(_check.frame("values", values), "customer_values")
    worth = referrals.referred_id.map(values.set_index("customer_id").customer_value.astype("float64"))
    factor = _discount(referrals, start, annual_rate)
    rows = pd.DataFrame({"referred": 1, "won": worth.notna().astype("int64"), "gross_value": worth.fillna(0.0) * factor})
    rows["would_have_come"] = anyway * rows.gross_value
    rows["acquisition_saved"] = saved * rows.won * factor
    rows["referral_value"] = rows.gross_value - rows.would_have_come + rows.acquisition_saved
    return rows.groupby(referrals.customer_id).sum().reset_index()


def _discount(referrals: pd.DataFrame, start: str | dt.date | None, annual_rate: float) -> np.ndarray:
    """Compute the discount factor of each referral, shape (n,); refuse those before the start, and of oneself."""
    itself = (referrals.customer_id == referrals.referred_id).to_numpy()
    _check.refuse_rows(referrals, itself, "a customer brought themselves", "referrals", "Take these rows out.")
    dates = pd.to_datetime(referrals.date)
    first = dates.min() if start is None else pd.Timestamp(_check.day("start", start))
    early = (dates < first).to_numpy()
    _check.refuse_rows(
        referrals, early, f"`date` lies before `start`, {first:%Y-%m-%d},", "referrals", "Choose an earlier `start`."
    )
    return np.asarray(discount_factor(annual_rate, ((dates - first).dt.days / 7).to_numpy()))
