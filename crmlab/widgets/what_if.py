"""What if: one cause of the firm changed, at a price, and what followed for retention and profit.

It reads the grid of firms that ``world.sweep`` makes beforehand. The page, ``what_if.js``, does the sums of ``world.effect``
in the browser, so that everything moves at once; ``change`` is the same in one line, as a picture that stays. How a firm
answers to a change is not known here.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _engine, _svg, world
from crmlab.errors import DataError
from crmlab.widgets.chart import Axis
from crmlab.widgets.explore import Picture

if TYPE_CHECKING:
    from crmlab.widgets.what_if_view import WhatIf

_POINTS = (-10.0, 20.0)  # the axis of retention, in points of 100
_DIGITS = {"retention": 1, "profit": 0}


def what_if(grid: pd.DataFrame, *, cause: str | None = None, better_by: float = 0.5) -> WhatIf:
    """Show controls to change one cause, at a price, and see retention and profit move.

    Parameters
    ----------
    grid : DataFrame
        As ``world.sweep`` returns it or ``datasets.load("what_if")`` brings it: computed beforehand, so that the picture
        moves at once. All causes must have been tried by the same amounts, in the same firms.
    cause : str, optional
        To begin with; without it, the first one of the grid.
    better_by : float
        The amount to begin with; the nearest one of the grid.

    Returns
    -------
    WhatIf (an AnyWidget)
        Buttons for the cause and the price (usual, nothing, the reader's own), a slider for the amount. A step down saves what
        a step up costs. ``.picture`` is what it shows now, as ``change`` draws it.

    Raises
    ------
    DataError
        The table is no such grid, it has no such cause, or its causes were tried by different amounts or firms.

    Examples
    --------
    >>> from crmlab import datasets, widgets
    >>> shown = widgets.what_if(datasets.load("what_if"))
    >>> shown.values = {"cause": 0, "amount": shown.values["amount"], "price": 1, "own": 0.0}
    >>> shown.picture
    Reliability +0.5, free: more customers stay, profit rises. Still customers after 24 months, in points of 100: +4.9...
    """
    grid = _engine.made_table("grid", grid, "what_if", "world.sweep")
    causes = list(dict.fromkeys(grid.cause))
    if cause is not None and cause not in causes:
        raise DataError(f"the grid has no cause {cause!r}; it has {', '.join(causes)}.")
    data = page_data(grid)
    amounts = data["causes"][0]["amounts"]  # type: ignore[index]  # a list of dicts
    start = min(range(len(amounts)), key=lambda k: (abs(amounts[k] - better_by), k))
    from crmlab.widgets.what_if_view import WhatIf  # anywidget is slow to import

    return WhatIf(grid, data, {"cause": causes.index(cause) if cause else 0, "amount": start, "price": 0, "own": 0.0})


def page_data(grid: pd.DataFrame) -> dict[str, object]:
    """Return everything that what_if.js reads, as plain lists."""
    months = int(grid.months.iloc[0])
    years = months / 12
    causes = [_cause(rows, str(name), years) for name, rows in grid.groupby("cause", sort=False)]
    if any(cause["amounts"] != causes[0]["amounts"] for cause in causes):
        raise DataError("the causes of the grid must have been tried by the same amounts; make them in one `world.sweep`.")
    base = grid[(grid.amount == 0) & (grid.cause == grid.cause.iloc[0])]
    profit = base.profit.mean() / years
    limit = float(_svg.round_up(0.5 * abs(profit)))
    firms = grid.seed.nunique()
    axes = {
        "retention": Axis("", *_POINTS, decimals=_DIGITS["retention"]),
        "profit": Axis("", -limit, limit, decimals=_DIGITS["profit"]),
    }
    return {
        "causes": causes,
        "most": math.ceil(grid.usual_cost.max()),
        "student": float(stdtrit(firms - 1, 0.975)),
        "digits": _DIGITS,
        "labels": {
            "retention": f"Still customers after {months} months, in points of 100",
            "profit": f"Profit a year (without the change {profit:,.0f})",
        },
        "axes": {
            name: {"x": axis.data(), "y": Axis("", names=("mean", "shops")).data(), "height": 80} for name, axis in axes.items()
        },
    }


def _cause(rows: pd.DataFrame, name: str, years: float) -> dict[str, object]:
    """Return what each amount of one cause changed in each firm, a year, before its price."""
    table = rows.sort_values(["amount", "seed"], kind="stable")
    firms = sorted(set(table.seed))
    if len(table) != len(firms) * table.amount.nunique() or 0 not in set(table.amount):
        raise DataError(f"the grid must have the same firms at every amount of {name!r}, each once, and 0 among the amounts.")
    amounts = sorted(set(table.amount))
    shape = (len(amounts), len(firms))
    columns = {column: table[column].to_numpy(dtype=float).reshape(shape) for column in ("retention", "profit", "payers")}
    base = amounts.index(0)
    points = 100 * (columns["retention"] - columns["retention"][base])
    money = (columns["profit"] - columns["profit"][base]) / years
    return {
        "name": name,
        "amounts": [float(amount) for amount in amounts],
        "usual": table.groupby("amount").usual_cost.first().round(6).tolist(),
        "retention": _rounded(points, 5),
        "profit": _rounded(money, 3),
        "payers": _rounded(columns["payers"] / years, 3),
    }


def _rounded(values: np.ndarray, digits: int) -> list[list[float]]:
    return np.round(values, digits).tolist()


def change(grid: pd.DataFrame, cause: str, amount: float, cost: float | str = "usual") -> Picture:
    """Draw what one change did to retention and profit, paid for at a price: a picture of ``world.effect``.

    Parameters
    ----------
    grid : DataFrame
        As ``world.sweep`` returns it.
    cause : str
        One of the grid's causes.
    amount : float
        One of its amounts.
    cost : float or "usual"
        Currency per customer per month, of a step up; a step down saves as much. "usual" is the firm's own cost of the step.

    Returns
    -------
    Picture
        Means over the grid's firms, with the 95 % interval of the mean and a dot for each firm; profit is a year's.

    Raises
    ------
    ArgumentError
        The grid has no such cause or amount, or the cost is below zero.
    DataError
        The table is no such grid.

    Examples
    --------
    >>> from crmlab import datasets, widgets
    >>> widgets.change(datasets.load("what_if"), "reliability", 0.5, 0)
    Reliability +0.5, free: more customers stay, profit rises. Still customers after 24 months, in points of 100: +4.9...
    """
    effect = world.effect(grid, cause, amount, cost=cost if isinstance(cost, int | float) else 0.0)
    usual = float(grid.usual_cost[(grid.cause == cause) & (grid.amount == amount)].iloc[0])
    paid = usual if cost == "usual" else math.copysign(float(cost), amount) if amount else 0.0
    rows = _rows(grid, effect, cause, amount, paid)
    return Picture(*_svg.effects(rows, title=_finding(cause, amount, paid, rows), note=_note(amount, usual)))


def _rows(grid: pd.DataFrame, effect: world.Comparison, cause: str, amount: float, paid: float) -> tuple[_svg.Effect, ...]:
    """Return retention and profit as rows of the picture; what is paid is taken off here, because a step down saves it."""
    table, years = effect.table().set_index("measure"), effect.months / 12
    free = world.effect(grid, cause, amount)
    pairs = free.pairs.set_index("seed")
    payers = grid[(grid.cause == cause) & (grid.amount == amount)].set_index("seed").payers
    retention = 100 * pairs.difference[pairs.measure == "retention"]
    profit = (pairs.difference[pairs.measure == "profit"] - paid * payers.reindex(pairs.index.unique())) / years
    base = table.base["profit"] / years
    limit = _svg.round_up(0.5 * abs(base))
    return (
        _row(f"Still customers after {effect.months} months, in points of 100", retention, _POINTS, 1),
        _row(f"Profit a year (without the change {base:,.0f})", profit, (-limit, limit), 0),
    )


def _row(label: str, differences: pd.Series, limits: tuple[float, float], digits: int) -> _svg.Effect:
    values = differences.to_numpy()
    half = stdtrit(values.size - 1, 0.975) * values.std(ddof=1) / math.sqrt(values.size) if values.size > 1 else math.nan
    middle = values.mean()
    return _svg.Effect(label, middle, middle - half, middle + half, tuple(values), limits, partial(_signed, digits=digits))


def _signed(value: float, digits: int) -> str:
    """Write a number with its sign; nothing but zeros has none."""
    text = f"{abs(value):,.{digits}f}"
    return text if not float(text.replace(",", "")) else f"{'-' if value < 0 else '+'}{text}"


def _finding(cause: str, amount: float, paid: float, rows: tuple[_svg.Effect, ...]) -> str:
    name = cause.capitalize()
    if not amount:
        return f"{name} as it is: nothing changes"
    stay = {1: "more customers stay", -1: "fewer customers stay", 0: "whether more customers stay cannot be told"}
    earn = {1: "profit rises", -1: "profit falls", 0: "whether profit rises cannot be told"}
    price = "free" if abs(paid) < 1e-9 else f"{'saving' if paid < 0 else 'at'} {abs(paid):.2f} per customer per month"
    step = f"{amount:+g}".replace("-", "−")
    retention, profit = rows
    return f"{name} {step}, {price}: {stay[_direction(retention)]}, {earn[_direction(profit)]}"


def _note(amount: float, usual: float) -> str:
    if not amount:
        return "No step, no cost."
    if usual < 0:
        return f"This step down usually saves {-usual:.2f} per customer per month."
    return f"The usual cost of this step is {usual:.2f} per customer per month."


def _direction(row: _svg.Effect) -> int:
    """Return 1 or -1 where the interval lies on one side of zero, else 0."""
    return 1 if row.low > 0 else -1 if row.high < 0 else 0
