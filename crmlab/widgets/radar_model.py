"""Radar model: the levels of a radar, and how the firm answers to other ones.

Levels and grid are checked once; the effect of any values then follows by interpolation between the amounts of the grid,
firm by firm. It knows nothing of a page (see ``radar_view``) and nothing of how the firms of the grid came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _check, _engine
from crmlab.errors import ArgumentError, DataError

LOWEST, HIGHEST = 1.0, 7.0  # of the scale
_LEVEL = 0.95  # of the intervals
_NUMBERS = ("expected", "perceived", "weight")
_MEASURES = ("retention", "satisfaction", "profit")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """How each firm of the grid answers to each amount of each dimension.

    Attributes
    ----------
    months : int
        Of the grid.
    amounts : tuple of ndarray, shape (amounts of the dimension,)
        For each dimension.
    prices : tuple of ndarray, shape (amounts of the dimension,)
        What each amount costs for each customer and month.
    now : dict of ndarray, shape (firms,)
        For each measure.
    changes : dict of list of ndarray, shape (amounts of the dimension, firms)
        For each measure and dimension: the difference to ``now``.
    """

    months: int
    amounts: tuple[np.ndarray, ...]
    prices: tuple[np.ndarray, ...]
    now: dict[str, np.ndarray]
    changes: dict[str, list[np.ndarray]]

    @property
    def firms(self) -> int:
        """How many firms there are."""
        return self.now["profit"].size

    @property
    def student(self) -> float:
        """Student's quantile for the interval of a mean over the firms."""
        return float(stdtrit(self.firms - 1, (1 + _LEVEL) / 2))


@dataclass(frozen=True, slots=True, eq=False)
class RadarModel:
    """What a radar shows, and how far each handle goes.

    Attributes
    ----------
    levels : DataFrame
        ``dimension, expected, perceived, weight``, one row for each dimension.
    lowest, highest : ndarray, shape (dimensions,)
        Within the scale and the amounts of the grid.
    cost : "usual" or float
    answer : Answer or None
        None without a grid.
    """

    levels: pd.DataFrame
    lowest: np.ndarray
    highest: np.ndarray
    cost: str | float
    answer: Answer | None = None

    def check_values(self, values: object) -> np.ndarray:
        """Return ``values`` as numbers within the reach of the handles."""
        names = self.levels.dimension
        try:
            numbers = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            numbers = np.empty(0)
        if numbers.shape != (len(names),):
            raise ArgumentError(f"`values` must be {len(names)} numbers, one for each of {', '.join(names)}; it is {values!r}.")
        for name, value, lowest, highest in zip(names, numbers, self.lowest, self.highest, strict=True):
            if not lowest - 1e-9 <= value <= highest + 1e-9:
                raise ArgumentError(f"`values` of {name!r} must lie between {lowest:g} and {highest:g}; it is {value:g}.")
        return np.clip(numbers, self.lowest, self.highest)


def radar_model(levels: object, grid: object, cost: object) -> RadarModel:
    """Check levels, grid and cost, and bring them together."""
    checked = _check_levels(levels)
    price = _check_cost(cost)
    if grid is None:
        lowest, highest = (np.full(len(checked), bound) for bound in (LOWEST, HIGHEST))
        return RadarModel(checked, lowest, highest, price)
    if not isinstance(grid, pd.DataFrame):
        raise DataError(f"`grid` must be a table as `world.sweep` returns it; it is {type(grid).__name__}.")
    answer = _answer(checked.dimension.tolist(), grid, price)
    perceived = checked.perceived.to_numpy()
    lowest = np.maximum(LOWEST, perceived + [amounts[0] for amounts in answer.amounts])
    highest = np.minimum(HIGHEST, perceived + [amounts[-1] for amounts in answer.amounts])
    return RadarModel(checked, lowest, highest, price, answer)


def _check_cost(cost: object) -> str | float:
    if isinstance(cost, str) and cost == "usual":
        return cost
    try:
        _check.number("cost", cost, 0)
    except ArgumentError:
        raise ArgumentError(
            f'`cost` must be "usual" or 0 or more, in currency for each customer, month and point; it is {cost!r}.'
        ) from None
    return cost  # type: ignore[return-value]  # a number, and shown as it was written


def _check_levels(levels: object) -> pd.DataFrame:
    """Return the four columns of the levels, or refuse them."""
    if not isinstance(levels, pd.DataFrame):
        raise DataError(f"`levels` must be a table with one row for each dimension; it is {type(levels).__name__}.")
    columns = ["dimension", *_NUMBERS]
    missing = [name for name in columns if name not in levels.columns]
    if missing:
        raise DataError(
            f"`levels` lacks {', '.join(f'`{name}`' for name in missing)}; "
            f"it has {', '.join(map(str, levels.columns)) or 'no columns'}. "
            "Each row must hold a dimension, what is expected and perceived of it, and its weight."
        )
    names = levels.dimension.tolist()
    if not 3 <= len(names) <= 8:
        raise DataError(f"a radar has 3 to 8 dimensions, one row each; `levels` has {len(names)} rows.")
    if not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) < len(names):
        raise DataError(f"each row of `levels` must name a `dimension` of its own; they are {names!r}.")
    try:
        numbers = levels[list(_NUMBERS)].astype(float).reset_index(drop=True)
    except (TypeError, ValueError):
        raise DataError(
            "`expected`, `perceived` and `weight` of `levels` must hold numbers; make them so with `pd.to_numeric`."
        ) from None
    for column, (lowest, highest) in zip(_NUMBERS, ((LOWEST, HIGHEST), (LOWEST, HIGHEST), (0, 1)), strict=True):
        for name, value in zip(names, numbers[column], strict=True):
            if not lowest <= value <= highest:
                raise DataError(f"`{column}` of {name!r} must lie between {lowest:g} and {highest:g}; it is {value:g}.")
    if abs(numbers.weight.sum() - 1) > 1e-6:
        raise DataError(f"the weights must sum to 1; they sum to {numbers.weight.sum():g}. Divide `weight` by its sum.")
    return numbers.assign(dimension=names)[columns]


def _answer(names: Sequence[str], grid: pd.DataFrame, cost: str | float) -> Answer:
    """Read the firms' answers from the grid."""
    _engine.made_table("grid", grid, "what_if", "world.sweep")
    unknown = [name for name in names if name not in set(grid.cause)]
    if unknown:
        raise DataError(
            f"the grid has no cause {', '.join(map(repr, unknown))}; it has {', '.join(dict.fromkeys(grid.cause))}. "
            "Name the dimensions like its causes, or leave the grid out."
        )
    tables = [grid[grid.cause == name].sort_values(["seed", "amount"], kind="stable") for name in names]
    _check_firms(names, tables)
    amounts, prices, now = [], [], {}
    changes: dict[str, list[np.ndarray]] = {measure: [] for measure in _MEASURES}
    for table in tables:
        usual = table.groupby("amount").usual_cost.first()
        price = usual if isinstance(cost, str) else cost * usual.index.to_series()
        paid = table.assign(profit=(table.profit - table.amount.map(price) * table.payers) / (table.months / 12))
        for measure in _MEASURES:
            by_firm = paid.pivot(index="amount", columns="seed", values=measure)
            now[measure] = by_firm.loc[0.0].to_numpy()
            changes[measure].append((by_firm - by_firm.loc[0.0]).to_numpy())
        amounts.append(usual.index.to_numpy())
        prices.append(price.to_numpy())
    return Answer(int(grid.months.iloc[0]), tuple(amounts), tuple(prices), now, changes)


def _check_firms(names: Sequence[str], tables: Sequence[pd.DataFrame]) -> None:
    """Refuse a grid whose causes were not tried on the same firms."""
    bases = [table.loc[table.amount == 0, ["seed", "months", *_MEASURES]].to_numpy() for table in tables]
    for name, table, base in zip(names, tables, bases, strict=True):
        each_once = (pd.crosstab(table.amount, table.seed) == 1).all(axis=None)
        if not each_once or not base.size or table.amount.nunique() < 2 or not np.array_equal(base, bases[0]):
            raise DataError(
                f"the grid must have the same firms at every amount of {name!r}, each once, and 0 among the amounts. "
                "Make all causes in one `world.sweep`."
            )


def effect(model: RadarModel, values: object) -> pd.DataFrame:
    """Compute the table of ``radar_effect``."""
    levels, answer = model.levels, model.answer
    changed = model.check_values(values)
    expected, weight = levels.expected.to_numpy(), levels.weight.to_numpy()
    gap, changed_gap = levels.perceived.to_numpy() - expected, changed - expected
    rows = [_difference("weighted_gap", weight @ gap, weight @ changed_gap)]
    if answer is None:
        rows.append(_difference("gap", gap.mean(), changed_gap.mean()))
        return pd.DataFrame(rows)
    # how much of each amount of the grid a step is: all of one, or parts of two neighbours
    parts = [
        np.array([np.interp(step, amounts, unit) for unit in np.eye(len(amounts))])
        for step, amounts in zip(changed - levels.perceived, answer.amounts, strict=True)
    ]
    after = {
        measure: now + sum(part @ change for part, change in zip(parts, answer.changes[measure], strict=True))
        for measure, now in answer.now.items()
    }
    # sums of large steps could leave the range of a share
    leaving = 1 - answer.now["retention"], 1 - np.clip(after["retention"], 0, 1)
    rows.append(_difference("satisfaction", answer.now["satisfaction"], after["satisfaction"], answer))
    rows.append(_difference("leaving", *leaving, answer))
    rows.append(_difference("profit", answer.now["profit"], after["profit"], answer))
    return pd.DataFrame(rows)


def _difference(
    measure: str, now: float | np.ndarray, changed: float | np.ndarray, answer: Answer | None = None
) -> dict[str, object]:
    """Average over firms, with the interval of the mean difference; a single number has no interval."""
    difference, half = np.atleast_1d(changed - now), np.nan
    if answer is not None and answer.firms > 1:
        half = answer.student * difference.std(ddof=1) / np.sqrt(answer.firms)
    middle = difference.mean()
    return {"measure": measure, "now": np.mean(now), "changed": np.mean(changed), "difference": middle,
            "low": middle - half, "high": middle + half}  # fmt: skip
