"""Amounts of deals: read at the door, of one currency, for deals that the log knows.

It reads a table of deals and returns it by prospect. What an amount says of a deal that is open is known in ``deal_values``.
"""

from __future__ import annotations

import pandas as pd

from crmlab import _engine
from crmlab.development.log import StageLog
from crmlab.errors import DataError


def read_amounts(deals: pd.DataFrame, log: StageLog) -> pd.DataFrame:
    """Return ``expected_value`` and ``deal_value`` by ``prospect_id``; refuse what cannot be added up.

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, amounts are in several currencies, or a deal is not in the log.
    """
    _engine.check(deals, "deal_amounts")
    if "currency" in deals and (currencies := sorted(map(str, deals.currency.dropna().unique())))[1:]:
        raise DataError(
            f"the deals are in {len(currencies)} currencies: {', '.join(currencies[:5])}. Convert `deal_value` and "
            "`expected_value` to one of them, or keep the deals of one."
        )
    known = pd.concat([log.table.prospect_id, log.rejected.prospect_id])
    unknown = deals.prospect_id[~deals.prospect_id.isin(known)]
    if len(unknown):
        raise DataError(
            f"{len(unknown):,} of {len(deals):,} deals are not in the log, first {unknown.iloc[0]!r}. Give their stage events, "
            "check that `prospect_id` is of one kind in both, or take them out."
        )
    columns = ["expected_value", "deal_value"]
    return deals.set_index("prospect_id").reindex(columns=columns).astype("float64")


def won_values(amounts: pd.DataFrame, won: pd.Index) -> pd.Series:
    """Return the ``deal_value`` of deals that were won, empty where it is not known; refuse if none is known."""
    values = amounts.deal_value.reindex(won)
    if values.isna().all():
        raise DataError(
            f"none of {len(won):,} deals that were won has a `deal_value`. Fill it in, or leave `deals` out: chances need none."
        )
    return values
