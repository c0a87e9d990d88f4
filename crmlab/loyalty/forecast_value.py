"""Forecast value: what each customer is worth, from a table of what they are expected to buy.

It reads a forecast per customer, discounted already or by date, and returns the margin on it. Where the forecast comes
from (``btyd``, ``retention``, a guess) is not known here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab.errors import ArgumentError, DataError
from crmlab.loyalty.arguments import single_number
from crmlab.loyalty.discounting import discount_factor

_ANNUAL_RATE = 0.1


def clv_from_forecast(forecast: pd.DataFrame, *, margin: float, annual_rate: float | None = None) -> pd.DataFrame:
    """Compute what each customer is worth today, one row per ``customer_id``: the margin on their expected spend.

    The forecast has one of two forms. Discounted, one row per customer, as models of customers without contract give it
    (see ``btyd``): the value is margin x discounted purchases x spend. Or by date, one row per customer and date: the value
    is the sum of margin x purchases x spend, each discounted from its date. Purchases spread over a period may stand at its
    middle: at 10 % a year, taking a year so is 0.04 % off. A contract is a forecast by date as well: its purchases are
    the chance that it still runs, its spend is the fee.

    Parameters
    ----------
    forecast : DataFrame
        ``customer_id``, ``discounted_purchases``, ``spend`` (see ``tables.describe("discounted_forecast")``), or
        ``customer_id``, ``weeks``, ``purchases``, ``spend`` (``tables.describe("period_forecast")``). Either may
        have ``std_error``, that of purchases times spend of the row. Other columns are not read.
    margin : float
        Share of the spend that is left after what was sold is paid for, from 0 to 1.
    annual_rate : float, optional
        Above -1, at most 1, by default 0.1; only for a forecast by date, the other being discounted already.

    Returns
    -------
    DataFrame, one row per customer, sorted by ``customer_id``, which is a column
        ``discounted_spend``, ``lifetime_value``, ``std_error`` (empty if the forecast has none). The error is that of the
        *expected* value, not of what one customer will spend. That of a sum over dates is the sum of the discounted
        errors: no larger one is possible, and a customer's dates rest on the same estimates.

    Raises
    ------
    DataError
        ``forecast`` is no DataFrame, a column is missing or breaks its declaration, a customer (or customer
        and date) stands there twice, or the
        forecast has both forms at once.
    ArgumentError
        ``margin`` or ``annual_rate`` is out of range, or ``annual_rate`` is given with a
        forecast that is discounted already.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> forecast = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"], "weeks": [26, 78, 26],
    ...     "purchases": [2.0, 1.0, 0.5], "spend": [50.0, 50.0, 80.0],
    ... })
    >>> loyalty.clv_from_forecast(forecast, margin=0.3, annual_rate=0.1).round(2)
      customer_id  discounted_spend  lifetime_value  std_error
    0         ann            138.69           41.61        NaN
    1         bob             38.14           11.44        NaN
    """
    forecast = _check.frame("forecast", forecast)
    margin = single_number("margin", margin, 1)
    factor: float | np.ndarray = 1.0
    if _is_discounted(forecast):
        if annual_rate is not None:
            raise ArgumentError("`discounted_purchases` are discounted already. Leave `annual_rate` out.")
        _engine.check(forecast, "discounted_forecast")
        purchases = forecast.discounted_purchases.astype("float64")
    else:
        _engine.check(forecast, "period_forecast")
        factor = discount_factor(_ANNUAL_RATE if annual_rate is None else annual_rate, forecast.weeks.to_numpy("float64"))
        purchases = forecast.purchases.astype("float64")
    rows = pd.DataFrame({"discounted_spend": purchases * forecast.spend.astype("float64") * factor})
    rows["lifetime_value"] = margin * rows.discounted_spend
    rows["std_error"] = margin * factor * forecast.std_error.astype("float64") if "std_error" in forecast else np.nan
    return rows.groupby(forecast.customer_id).sum(min_count=1).reset_index()


def _is_discounted(forecast: pd.DataFrame) -> bool:
    """Return whether the forecast is discounted already; refuse one that has both forms, or neither."""
    discounted, dated = "discounted_purchases" in forecast.columns, "weeks" in forecast.columns
    if discounted == dated:
        raise DataError(
            "a forecast needs `customer_id` and `spend`, and either `discounted_purchases` (one row per customer) or "
            f"`weeks` and `purchases` (one row per customer and date), not {'both' if dated else 'neither'}. "
            f"Its columns: {', '.join(map(str, forecast.columns)) or 'none'}."
        )
    return discounted
