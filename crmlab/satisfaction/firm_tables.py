"""Firm tables: both sides of the service, dimension by dimension.

Customers' answers become arrays with a column per dimension; the firm's own tables (managers' beliefs, standards,
delivery, promises) are checked against their declarations and turned to one row per manager or month. Nothing is
compared here; see ``management`` and ``beliefs``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab.errors import DataError
from crmlab.tables import DIMENSIONS

if TYPE_CHECKING:
    from os import PathLike

    import ibis

    #: A table of the firm, or where it lies.
    FirmTable: TypeAlias = pd.DataFrame | ibis.Table | str | PathLike

_MONTHLY = {"standards": "standard", "delivery": "delivered", "promises": "promised"}


def customer_answers(customers: object, kind: str, lowest: float, highest: float) -> np.ndarray:
    """Return customers' answers of one kind, shape (rows, dimensions), NaN where nothing was answered.

    Parameters
    ----------
    customers : DataFrame
        One row per respondent, with columns ``<kind>_<dimension>``.
    kind : str
        "expected", "perceived" or "importance".
    lowest, highest : float
        Ends of the scale.
    """
    table = _check.frame("customers", customers, "Give a row per respondent.")
    names = [f"{kind}_{dimension}" for dimension in DIMENSIONS]
    _check.required_columns(table.columns, "customers", names)
    _refuse_repeated(table)
    try:
        values = np.column_stack([pd.to_numeric(table[name]).to_numpy(dtype=float, na_value=np.nan) for name in names])
    except (TypeError, ValueError):
        raise DataError(f"`{names[0]}` to `{names[-1]}` must be numbers, missing ones empty.") from None
    outside = (values < lowest) | (values > highest)
    if outside.any():
        raise DataError(
            f"`{kind}_<dimension>` must lie from {lowest} to {highest}; {outside.sum():,} do not, e.g. {values[outside][0]:g} "
            f"in `{names[int(outside.any(axis=0).argmax())]}`. Check the scale and the coding of missing answers."
        )
    return values


def _refuse_repeated(customers: pd.DataFrame) -> None:
    name = next((name for name in ("respondent", "customer_id") if name in customers), None)
    if name is None:
        return
    known = customers[name].dropna()
    repeated = known[known.duplicated()]
    if len(repeated):
        raise DataError(
            f"{repeated.nunique():,} of them stand more than once in `customers`, e.g. {repeated.tolist()[0]!r}; answers of "
            "one person are not independent. Choose one wave, e.g. `customers[customers.wave == customers.wave.max()]`."
        )


def manager_beliefs(managers: object, column: str, wave: int | None) -> pd.DataFrame:
    """Return one column of the managers' survey in one wave (by default the latest): a row per manager, a column per
    dimension."""
    answers = _read(managers, "manager_survey", ("manager_id", "wave", "dimension", column))
    waves = sorted(answers["wave"].unique().tolist())
    wave = waves[-1] if wave is None else _check.integer("wave", wave, 1)
    if wave not in waves:
        raise DataError(f"there is no wave {wave} in the manager_survey table. The waves: {', '.join(map(str, waves))}.")
    return _by_dimension(answers[answers["wave"] == wave], "manager_id", column, "manager_survey")


def monthly_levels(standards: object, delivery: object, promises: object) -> dict[str, pd.DataFrame]:
    """Return "standards", "delivery" and "promises": a row per month, a column per dimension; the same months in each."""
    levels = {}
    for name, data in (("standards", standards), ("delivery", delivery), ("promises", promises)):
        column = _MONTHLY[name]
        levels[name] = _by_dimension(_read(data, name, ("month", "dimension", column)), "month", column, name)
        lacking = levels[name].index[levels[name].isna().any(axis=1)]
        if len(lacking):
            month = f"{pd.Timestamp(lacking[0]):%Y-%m}"
            raise DataError(f"the {name} table lacks a dimension in {month}. Each month needs all five.")
    months = levels["delivery"].index
    for name, table in levels.items():
        odd = table.index.symmetric_difference(months)
        if len(odd):
            raise DataError(
                f"the tables delivery and {name} do not cover the same months: {len(odd)} stand in only one of them, e.g. "
                f"{pd.Timestamp(odd[0]):%Y-%m}. Cut them alike, so that like is compared with like."
            )
    return {name: table.loc[months] for name, table in levels.items()}


def _read(data: object, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Some columns of a table of the firm, checked against its declaration."""
    with _engine.open_table(data, name, columns) as (table, _, run):
        return run(table.select(*columns))


def _by_dimension(rows: pd.DataFrame, key: str, column: str, name: str) -> pd.DataFrame:
    """A column per dimension, sorted by key."""
    table = rows.pivot(index=key, columns="dimension", values=column)
    if lacking := [dimension for dimension in DIMENSIONS if dimension not in table]:
        raise DataError(f"the {name} table has no row for {', '.join(lacking)}. It needs all of {', '.join(DIMENSIONS)}.")
    return table[list(DIMENSIONS)]
