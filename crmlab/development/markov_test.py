"""Tests of the Markov assumption: whether it matters where a deal comes from, and for how long it has been where it is.

A chain says that all deals in a stage are alike. Likelihood-ratio tests ask whether three things contradict it: the stage
before, the age in the stage for when a deal moves on, and the age for where it goes. They read stays and return a table;
what to do about it is known in ``transitions``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import xlogy

from crmlab.development.absorbing import ChainCounts
from crmlab.development.visits import Visits

BEFORE, WHEN, WHERE = "stage before", "age: when they leave", "age: where they go"


def markov_tests(visits: Visits, by_age: ChainCounts) -> pd.DataFrame:
    """Test whether deals in a stage are alike, by their stage before and by their age in the stage.

    Parameters
    ----------
    visits : Visits
    by_age : ChainCounts
        The same stays, counted in classes of age.

    Returns
    -------
    DataFrame (``tables.describe("markov_tests")``)
        One row per question, with ``chi2``, ``df`` and ``p_value``.

    Notes
    -----
    2 sum n ln(n / expected) of the counts of each stage, added over stages (Anderson & Goodman 1957). Those of leaving and of
    where they go add up to the test of all daily chances.
    """
    s = len(visits.stages)
    ended = ~visits.is_open
    by_origin = np.zeros((s, s + 1, s + 2))
    np.add.at(by_origin, (visits.stage[ended], visits.before[ended], visits.target[ended]), 1)  # -1, began here: the last
    exits = by_age.exits.sum(axis=2)
    leaves = np.stack([exits, by_age.at_risk - exits], axis=2)
    rows = [(BEFORE, by_origin), (WHEN, leaves), (WHERE, by_age.exits)]
    table = pd.DataFrame([(name, *likelihood_ratio(counts)) for name, counts in rows], columns=["matters", "chi2", "df"])
    return table.assign(p_value=np.where(table.df > 0, stats.chi2.sf(table.chi2, np.maximum(table.df, 1)), np.nan))


def likelihood_ratio(counts: np.ndarray) -> tuple[float, int]:
    """Return the statistic and degrees of freedom for equal shares in all rows of each table, shape (tables, r, c)."""
    rows, columns = counts.sum(axis=2, keepdims=True), counts.sum(axis=1, keepdims=True)
    expected = rows * columns / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    statistic = 2 * xlogy(counts, counts / np.where(expected > 0, expected, 1)).sum()
    free = np.maximum((rows > 0).sum(axis=(1, 2)) - 1, 0) * np.maximum((columns > 0).sum(axis=(1, 2)) - 1, 0)
    return float(statistic), int(free.sum())
