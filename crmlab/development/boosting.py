"""Boosting: trees that each mend what those before them missed, by scikit-learn.

A second opinion beside the logit: it finds bends and joint effects by itself, and chance likewise. It reads a design and the
rows of a table; when it is worth having is asked in ``leads``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab.development import columns

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import ThreadpoolController

_ONE_THREAD = 200_000  # rows below which threads of boosted trees wait for each other longer than they work


def matrix(design: columns.Design, table: pd.DataFrame) -> np.ndarray:
    """Return columns as trees read them, shape (n, p): numbers, or places of categories; NaN where missing or never seen."""
    parts = []
    for name in design.names:
        values = design.codes(table, name).astype(float) if name in design.levels else columns.numbers(table, name)
        parts.append(np.where(values < 0, np.nan, values) if name in design.levels else values)
    return np.column_stack(parts)


def few_threads(n: int) -> AbstractContextManager:
    """Let small tables be fitted by one thread."""
    return _controller().limit(limits=1 if n < _ONE_THREAD else None)


@cache
def _controller() -> ThreadpoolController:
    """Return what sets the number of threads; finding the libraries that have any takes as long as a small fit."""
    import sklearn.ensemble  # noqa: F401  # whose libraries are to be found, too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def fit(design: columns.Design, table: pd.DataFrame, won: np.ndarray) -> HistGradientBoostingClassifier:
    """Fit boosted trees with scikit-learn's defaults, without early stopping, so that every row is learned from."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    categorical = [name in design.levels for name in design.names]
    trees = HistGradientBoostingClassifier(categorical_features=categorical, early_stopping=False, random_state=0)
    with few_threads(len(table)):
        return trees.fit(matrix(design, table), won)


def chance(trees: HistGradientBoostingClassifier, design: columns.Design, table: pd.DataFrame) -> np.ndarray:
    """Predict the chance to win, shape (n,)."""
    with few_threads(len(table)):
        return trees.predict_proba(matrix(design, table))[:, 1]
