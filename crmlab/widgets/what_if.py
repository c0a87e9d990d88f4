"""What if: one cause of the firm changed, at a price, and what followed for retention and profit.

It reads the grid of firms that ``world.sweep`` makes beforehand. The page, ``what_if.js``, does the sums of ``world.effect``
in the browser, so that everything moves at once; ``change`` holds the same sums as a picture that stays. How a firm
answers to a change is not known here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _engine
from crmlab.errors import DataError
from crmlab.widgets.change import axes
from crmlab.widgets.chart import Axis

if TYPE_CHECKING:
    from crmlab.widgets.what_if_view import WhatIf

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
    Reliability +0.5, free: more customers stay, profit rises. Still customers after 24 months, in points of 100: +...
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
    firms = grid.seed.nunique()
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
            name: {
                "x": Axis("", *ends, decimals=_DIGITS[name]).data(),
                "y": Axis("", names=("mean", "shops")).data(),
                "height": 80,
            }
            for name, ends in axes(grid).items()
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
