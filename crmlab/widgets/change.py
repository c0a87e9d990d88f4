"""Change: what one cause of the firm, changed at a price, did to retention and profit, as a picture that stays.

It reads the grid of firms that ``world.sweep`` makes beforehand; the numbers are those of ``world.effect``. ``what_if`` moves
the same picture in the page. How a firm answers to a change is not known here.
"""

from __future__ import annotations

import math
from functools import partial

import pandas as pd
from scipy.special import stdtrit

from crmlab import _svg, world
from crmlab._verdict import Verdict, verdict
from crmlab.widgets.explore import Picture
from crmlab.world import interventions

_STAY = {Verdict.HIGHER: "more customers stay", Verdict.LOWER: "fewer customers stay"}
_EARN = {Verdict.HIGHER: "profit rises", Verdict.LOWER: "profit falls"}


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
    Reliability +0.5, free: more customers stay, profit rises. Still customers after 24 months, in points of 100: +...
    """
    effect = world.effect(grid, cause, amount)
    if cost != "usual":
        interventions.price("cost", cost)
    usual = float(grid.usual_cost[(grid.cause == cause) & (grid.amount == amount)].iloc[0])
    paid = usual if cost == "usual" else math.copysign(float(cost), amount) if amount else 0.0
    rows = _rows(grid, effect, cause, amount, paid)
    return Picture(*_svg.effects(rows, title=_finding(cause, amount, paid, rows), note=_note(amount, usual)))


def _rows(grid: pd.DataFrame, effect: world.Comparison, cause: str, amount: float, paid: float) -> tuple[_svg.Effect, ...]:
    """Return retention and profit as rows of the picture; what is paid is taken off here, because a step down saves it."""
    table, years = effect.table().set_index("measure"), effect.months / 12
    pairs = effect.pairs.set_index("seed")
    payers = grid[(grid.cause == cause) & (grid.amount == amount)].set_index("seed").payers
    retention = 100 * pairs.difference[pairs.measure == "retention"]
    profit = (pairs.difference[pairs.measure == "profit"] - paid * payers.reindex(pairs.index.unique())) / years
    base, limits = table.base["profit"] / years, axes(grid)
    return (
        _row(f"Still customers after {effect.months} months, in points of 100", retention, limits["retention"], 1),
        _row(f"Profit a year (without the change {base:,.0f})", profit, limits["profit"], 0),
    )


def axes(grid: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the ends of both axes: round numbers that hold zero and each firm at each change, free and at its usual cost."""
    firms = grid.set_index(["cause", "seed"])
    base = firms[firms.amount == 0].reindex(firms.index)
    years = firms.months / 12
    free, paid = (firms.profit - base.profit) / years, firms.usual_cost * firms.payers / years
    retention = 100 * (firms.retention - base.retention)
    return {"retention": _round_ends(retention), "profit": _round_ends(pd.concat([free, free - paid]))}


def _round_ends(values: pd.Series) -> tuple[float, float]:
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    step = _svg.round_up((high - low) / 12 or 1.0)
    return step * min(math.floor(low / step), -1), step * max(math.ceil(high / step), 1)


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
    price = "free" if abs(paid) < 1e-9 else f"{'saving' if paid < 0 else 'at'} {abs(paid):.2f} per customer per month"
    step = f"{amount:+g}".replace("-", "−")
    retention, profit = rows
    stay = _STAY.get(verdict(retention.low, retention.high), "whether more customers stay cannot be told")
    earn = _EARN.get(verdict(profit.low, profit.high), "whether profit rises cannot be told")
    return f"{name} {step}, {price}: {stay}, {earn}"


def _note(amount: float, usual: float) -> str:
    if not amount:
        return "No step, no cost."
    if usual < 0:
        return f"This step down usually saves {-usual:.2f} per customer per month."
    return f"The usual cost of this step is {usual:.2f} per customer per month."
