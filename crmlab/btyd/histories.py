"""Histories: the door through which a user's table comes to the models.

Reads the columns of a table with one row per customer, refuses what cannot be a history, with the row and the remedy, and
returns arrays. It decides nothing and computes nothing; what the arrays say is known in the files of the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.btyd.models import PurchaseModel
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import table as declared

_MAKER = "`btyd.purchase_summary` makes such a table from orders."
_REMEDY = f"Mend these rows or take them out; {_MAKER}"


@dataclass(frozen=True, slots=True)
class Histories:
    """Histories of n customers.

    Attributes
    ----------
    frequency, recency, age : ndarray, shape (n,)
        Repeat purchases, time of the last of them, time of observation, both since the first purchase.
    covariates : ndarray, shape (n, m)
    """

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    covariates: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What a likelihood reads."""
        return self.frequency, self.recency, self.age

    def take(self, rows: np.ndarray) -> Histories:
        """Select customers."""
        return Histories(self.frequency[rows], self.recency[rows], self.age[rows], self.covariates[rows])


def covariate_names(covariates: object) -> tuple[str, ...]:
    """Check the covariates as names."""
    names: tuple = ()
    try:
        names = (None,) if isinstance(covariates, str) else tuple(covariates)  # type: ignore[arg-type]  # tried here
    except TypeError:
        names = (None,)
    if not all(isinstance(name, str) for name in names):
        raise ArgumentError('`covariates` must be a list of column names, such as ["newsletter"].')
    if len(set(names)) < len(names):
        raise ArgumentError("`covariates` names a column twice.")
    return names


def read_histories(summary: object, model: PurchaseModel, covariates: tuple[str, ...] = ()) -> Histories:
    """Read histories and covariates from a table; refuse them where they cannot be."""
    table = _check.frame("summary", summary, f"It holds one row per customer; {_MAKER}")
    _check.required_columns(table.columns, declared(model.table), model.columns)
    remedy = "The fit reads it as a covariate."
    _check.required_columns(table.columns, model.table, covariates, remedy)
    if not len(table):
        raise DataError(f"the {model.table} table is empty. It needs at least one row.")
    x = _column(table, model.columns[0], model.table, whole=True)
    recency, age = (_column(table, name, model.table, whole=model.counts_periods) for name in model.columns[1:])
    _refuse_impossible(table, model, x, recency, age)
    values = _check.numeric_columns(table, covariates, model.table, remedy=_REMEDY)
    return Histories(x, recency, age, values)


def _column(table: pd.DataFrame, name: str, table_name: str, *, whole: bool) -> np.ndarray:
    """Read a column as finite numbers, none below 0, shape (n,)."""
    return _check.numeric_columns(table, (name,), table_name, low=0, whole=whole, remedy=_REMEDY)[:, 0]


def _refuse_impossible(table: pd.DataFrame, model: PurchaseModel, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> None:
    """Refuse histories that contradict themselves."""
    frequency_name, recency_name, age_name = model.columns
    no_time = "no time for a repeat purchase (purchases of one day are one)"
    rules = [
        (recency > age, f"`{recency_name}` is above `{age_name}`: the last purchase lies after the end of calibration"),
        ((x == 0) & (recency > 0), f"`{frequency_name}` is 0, but `{recency_name}` is above 0"),
        ((x > 0) & (recency == 0), f"`{frequency_name}` is above 0, but `{recency_name}` is 0: {no_time}"),
    ]
    if model.counts_periods:
        rules.append((x > recency, f"`{frequency_name}` is above `{recency_name}`: more were taken than there were"))
    for wrong, reason in rules:
        _check.refuse_rows(table, wrong, reason, model.table, _REMEDY)


def read_counts(summary: pd.DataFrame, model: PurchaseModel) -> np.ndarray | None:
    """Read how many customers each row stands for, where opportunities are counted and the table says so."""
    if not model.counts_periods or "customers" not in summary:
        return None
    return _column(summary, "customers", model.table, whole=True)


def read_spend(summary: object) -> tuple[np.ndarray, np.ndarray]:
    """Read frequency and mean amount (n,); the mean is NaN where there is no repeat purchase."""
    name = "purchase_summary"
    table = _check.frame("summary", summary, f"It holds one row per customer; {_MAKER}")
    _check.required_columns(table.columns, declared(name), ("frequency", "monetary_value"))
    x = _column(table, "frequency", name, whole=True)
    bought = x > 0
    mean = np.full(x.size, np.nan)
    mean[bought] = _column(table.loc[bought], "monetary_value", name, whole=False)
    if (mean == 0).any():
        raise DataError(
            f"`monetary_value` is 0 for {(mean == 0).sum():,} customers with repeat purchases; the model knows positive "
            "amounts only. Leave out gifts and free orders, or settle returns first (`btyd.settle_returns`)."
        )
    return x, mean


def read_parameters(params: object, names: tuple[str, ...]) -> np.ndarray:
    """Read parameters by name as an array, in the order of ``names``."""
    if not isinstance(params, Mapping | pd.Series):
        raise ArgumentError(f"`params` must map {', '.join(names)} to numbers; it is {type(params).__name__}.")
    if set(params.keys()) != set(names):
        listed = ", ".join(map(str, params.keys())) or "nothing"
        raise ArgumentError(f"`params` must name {', '.join(names)}; it names {listed}.")
    return np.array([_check.number(f"params[{name!r}]", params[name], 0, closed="neither") for name in names])


def answers(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the index of ``summary``, with ``customer_id`` if there is one: what answers are put beside."""
    return summary[[name for name in ("customer_id",) if name in summary]].copy()


def made_table(name: str, table: object, columns: tuple[str, ...], maker: str) -> pd.DataFrame:
    """Check a table that another function of this package has made, named by ``maker``, such as "btyd.tracking"."""
    remedy = f"Give what `{maker}` returns."
    frame = _check.frame(name, table, remedy)
    _check.required_columns(frame.columns, name, columns, remedy)
    if not len(frame):
        raise DataError(f"the {name} table is empty. {remedy}")
    return frame
