"""Years of a relationship: money by month becomes money by year since a customer came.

A year begins on the day on which the relationship began, and on its anniversaries. It adds up; whose means are taken is known
in ``tenure``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def by_year(tenures: pd.DataFrame, rows: pd.DataFrame, column: str, years: int) -> np.ndarray:
    """Add up a column of monthly rows by customer and year of the relationship, shape (customers, years).

    The month of an anniversary counts for the ending year by the share of its days before the anniversary, and for the
    beginning one by the rest. All of the month of entry comes after the entry.
    """
    position = pd.Index(tenures.customer_id).get_indexer(pd.Index(rows.customer_id))
    position, rows = position[position >= 0], rows[position >= 0]
    tenure = month_number(rows.month) - month_number(tenures.since)[position]
    year, rest = np.divmod(tenure, 12)
    earlier = np.where((rest == 0) & (tenure > 0), _share_before(tenures.since)[position], 0.0)
    amounts = rows[column].to_numpy("float64")
    total = np.zeros((len(tenures), years + 1))  # the last column takes what comes later
    np.add.at(total, (position, np.minimum(year, years)), (1 - earlier) * amounts)
    np.add.at(total, (position, np.minimum(year - 1, years)), earlier * amounts)
    return total[:, :years]


def month_number(days: pd.Series) -> np.ndarray:
    """Number the months of days, shape (n,)."""
    return (12 * days.dt.year + days.dt.month).to_numpy("int64")


def _share_before(since: pd.Series) -> np.ndarray:
    """Compute the share of a month that lies before the day on which a relationship began."""
    return ((since.dt.day - 1) / since.dt.days_in_month).to_numpy("float64")
