"""Knowledge: what could be known of a prospect on the day of their score.

A column that is filled in afterwards predicts splendidly and helps nobody. For the firm's own columns the declarations in
``tables`` say from when each is known; for any other table a column gives itself away by explaining too much alone. This
room names such columns; whether to use one all the same is the caller's word (``leads``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pandas as pd

from crmlab import tables
from crmlab.development import columns
from crmlab.development.ranking import delong

#: Tables whose columns describe prospects and their deals.
_DESCRIBED = ("prospects", "deals", "stage_events", "objections", "deal_contacts")
_FIRST_DAY = "first contact"
_SPLENDID = 0.9  # area under the curve of one column alone that no honest one reaches
_STRONG = 0.7  # area alone from which on a column may carry a model
_FALL = 0.1  # by which the area falls without the strong columns together: they may stand in for each other
_OWN_FALL = 0.02  # by which it falls without one of them, those above it being gone already


def known_later(names: Collection[str]) -> dict[str, str]:
    """Return which of these columns the firm's tables declare to be known after the first contact, and from when."""
    later: dict[str, str] = {}
    for table in map(tables.table, _DESCRIBED):
        for column in table.columns:
            if column.name in names and column.known not in ("", _FIRST_DAY):
                later.setdefault(column.name, column.known)
    return later


def suspects(
    train: pd.DataFrame, won: np.ndarray, test: pd.DataFrame, test_won: np.ndarray, design: columns.Design, auc: float,
    area_of: Callable[[Sequence[str]], float],
) -> pd.DataFrame:  # fmt: skip
    """Find columns that explain too much: alone, or together with others that say the same.

    Whatever was counted afterwards (steps, days, talks) comes in company, and without one of them the others do its work. So
    the strong columns are left out one after the other, the strongest first.

    Parameters
    ----------
    train, won : DataFrame and ndarray of bool
        From which the share won of each category, or tenth of a number, is learned.
    test, test_won : DataFrame and ndarray of bool
        On which it is tried.
    design : Design
    auc : float
        Of the whole model on ``test``.
    area_of : callable
        Names of columns -> area of the model of these alone.

    Returns
    -------
    DataFrame
        ``column, auc_alone, auc_without, suspect`` for every column, the highest area first; ``auc_without`` is that of the
        model without it and those above it.
    """
    alone = np.array([_alone(train, won, test, test_won, design, name) for name in design.names])
    order = np.lexsort((np.arange(alone.size), -alone.round(9)))
    names, alone = [design.names[k] for k in order], alone[order]
    strong = int((alone > _STRONG).sum())
    without = np.full(alone.size, np.nan)
    for k in range(strong):
        without[k] = area_of(names[k + 1 :]) if names[k + 1 :] else 0.5
    falls = -np.diff(np.append(auc, without))
    carried = strong > 0 and auc - np.nanmin(without[:strong]) > _FALL
    suspect = (alone > _SPLENDID) | (carried & (falls > _OWN_FALL))
    return pd.DataFrame({"column": names, "auc_alone": alone, "auc_without": without, "suspect": suspect})


def _alone(
    train: pd.DataFrame, won: np.ndarray, test: pd.DataFrame, test_won: np.ndarray, design: columns.Design, name: str
) -> float:
    """Compute the area of a score that knows one column: the share won in its category, or in its tenth of a number."""
    if name in design.levels:
        group, test_group = design.codes(train, name), design.codes(test, name)
    else:
        values, test_values = columns.numbers(train, name), columns.numbers(test, name)
        edges = np.unique(np.round(np.nanquantile(values, np.arange(1, 10) / 10), 12))
        group, test_group = (
            np.where(np.isnan(each), -1, np.searchsorted(edges, np.round(each, 12))) for each in (values, test_values)
        )
    share = pd.Series(won).groupby(group).mean()
    score = pd.Series(test_group).map(share).fillna(won.mean()).to_numpy(float)
    return float(delong(test_won, score)[0][0])
