"""A practice shop: orders to count and draw, quick to make a hundred times.

The first two lessons need orders and nothing else, and many shops of one kind. This is such a shop; what a whole firm does
stands in ``firm``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import _check


def shop(*, customers: int = 600, days: int = 731, seed: int) -> pd.DataFrame:
    """Simulate the orders of a small shop whose customers come, buy at their own pace, and one day stay away.

    For a whole firm see ``simulate``.

    Truth: customers arrive evenly over the period. Each buys by chance at a rate of their own, on average every 45 days
    (gamma, shape 1.2), until they stay away for good, on average after 240 days (gamma-mixed, so that many leave soon). An
    order is worth about 40 in the middle (log-normal), and customers differ in it. Whoever looks at active customers only
    will think customers more loyal than they are: those who left are not in the picture.

    Parameters
    ----------
    customers : int
        How many begin in the period.
    days : int
        Length of the period, from 2023-01-01.
    seed : int
        The same seed gives the same shop.

    Returns
    -------
    DataFrame
        As ``tables.describe("orders")`` says, by date.

    Raises
    ------
    ArgumentError
        A number is not whole or below 1.

    Examples
    --------
    >>> from crmlab import world
    >>> world.shop(customers=3, days=10, seed=7).customer_id.nunique()
    3
    """
    customers, days = _check.integer("customers", customers, 1), _check.integer("days", days, 1)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    arrival = rng.uniform(0, days, customers)
    lifetime = rng.exponential(240 / 1.5 * rng.gamma(1.5, 1, customers))
    rate = rng.gamma(1.2, 1 / (45 * 1.2), customers)
    departure = np.minimum(arrival + lifetime, days)
    repeats = rng.poisson(rate * (departure - arrival))
    customer = np.repeat(np.arange(customers), repeats + 1)
    is_first = np.concatenate([[True], customer[1:] != customer[:-1]])
    day = np.where(is_first, arrival[customer], rng.uniform(arrival[customer], departure[customer]))
    mean_log_amount = rng.normal(np.log(40), 0.35, customers)
    amount = np.round(np.exp(rng.normal(mean_log_amount[customer], 0.45)), 2)
    order = np.argsort(day, kind="stable")
    date = pd.Timestamp("2023-01-01") + pd.to_timedelta(day[order].astype(int), unit="D")
    return pd.DataFrame(
        {
            "order_id": np.arange(1, customer.size + 1),
            "customer_id": [f"C{number + 1:04d}" for number in customer[order]],
            "order_date": date.astype("datetime64[us]"),
            "amount": amount[order],
        }
    )
