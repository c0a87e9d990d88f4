"""Comparing firms: what a change did, and how sure one can be of it.

Two firms with common random numbers differ by their changes alone, so the difference of one pair is the
effect *on that firm*. How much it varies between firms of the kind is seen from pairs with other
seeds; the interval is over such replicate pairs. This room compares; the firms are made in ``firm``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _check, tables
from crmlab._result import Result, Summary
from crmlab.errors import ArgumentError, DataError
from crmlab.world import assembly, industries, interventions, presets
from crmlab.world.firm import Firm, simulate, whole_years

_MEASURES = ("retention", "customers", "orders", "revenue", "profit", "satisfaction")
_PAIRS = ["seed", "measure", "base", "changed", "difference"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Result):
    """Pairs of firms, measure by measure.

    Attributes
    ----------
    pairs : DataFrame
        ``seed, measure, base, changed, difference``: one row for each pair and measure.
    months : int
        Months from the change on, over which orders and money are summed.
    """

    pairs: pd.DataFrame
    months: int

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return means over pairs, and the interval of the difference: one row for each measure.

        The interval is Student's over replicate pairs: where the mean effect on firms of this kind lies. One pair has none.

        Parameters
        ----------
        level : float
            Of the interval.

        Returns
        -------
        DataFrame
            ``measure, base, changed, difference, low, high, pairs``.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> from crmlab import datasets, world
        >>> effect = world.effect(datasets.load("what_if"), "reliability", 0.5)
        >>> effect.table(level=0.9).measure.to_list()
        ['retention', 'customers', 'orders', 'revenue', 'profit', 'satisfaction']
        """
        level = _check.share("level", level)
        means = self.pairs.groupby("measure", sort=False).agg(
            base=("base", "mean"), changed=("changed", "mean"), difference=("difference", "mean"),
            error=("difference", "sem"), pairs=("seed", "size"),
        )  # fmt: skip
        # the error of a single pair is not known, so its interval is empty
        half = stdtrit(means.pairs - 1, (1 + level) / 2) * means.error
        means = means.assign(low=means.difference - half, high=means.difference + half).reset_index()
        return means[["measure", "base", "changed", "difference", "low", "high", "pairs"]]

    def summary(self) -> Summary:
        """Return what the change did, in words and numbers.

        Examples
        --------
        >>> from crmlab import datasets, world
        >>> print(world.effect(datasets.load("what_if"), "reliability", 0.5).summary())  # doctest: +ELLIPSIS
        With the change, less without it
          Differences of 12 pairs with common random numbers; ...
        """
        table = self.table()
        n_pairs = int(table.pairs.iloc[0])
        note = (
            f"Differences of {n_pairs} pairs with common random numbers; the interval (95 %) is over replicate pairs."
            if n_pairs > 1
            else "One pair: the difference is the effect on this firm; give more pairs, with other seeds, for an interval."
        )
        facts = (("Months from the change on", self.months),)
        return Summary("With the change, less without it", facts, table.drop(columns="pairs"), note)


def compare(pairs: Sequence[tuple[Firm, Firm]]) -> Comparison:
    """Compare firms and their reruns in retention, customers, orders, revenue, profit and satisfaction.

    Parameters
    ----------
    pairs : list of (Firm, Firm)
        A firm and its ``rerun``; several pairs, with other seeds and the same change, give an interval.

    Returns
    -------
    Comparison
        ``.table()``, ``.pairs``, ``.summary()``. Retention is the share of the customers on the first day of the change
        who are customers still at the end; money and orders are summed from that day on.

    Raises
    ------
    ArgumentError
        No pairs, a pair whose firms do not have common random numbers, or pairs with different changes.

    Examples
    --------
    >>> from crmlab import world
    >>> firms = [world.simulate("retailer", customers=40, months=8, seed=seed) for seed in (1, 2)]
    >>> effect = world.compare([(firm, firm.rerun(reliability=1, start=4, cost=0)) for firm in firms])
    >>> bool(effect.table().difference.iloc[0] >= 0)
    True
    """
    _check_pairs(pairs)
    one, other = (firm.setting.interventions for firm in pairs[0])
    first_base, first_changed = Counter(one.changes), Counter(other.changes)
    only_one = (first_base - first_changed) + (first_changed - first_base)  # what both did is no difference
    months = [change.start for change in only_one] + [call.start for call in {*one.calls} ^ {*other.calls}]
    start = min(months, default=1)
    rows: list[tuple] = []
    for base, changed in pairs:
        before, after = _measure(base, start), _measure(changed, start)
        rows += [(base.setting.seed, name, before[name], after[name], after[name] - before[name]) for name in _MEASURES]
    return Comparison(pd.DataFrame(rows, columns=_PAIRS), pairs[0][0].setting.months - start + 1)


def _check_pairs(pairs: object) -> None:
    """Refuse pairs that do not differ by one and the same change alone."""
    if not isinstance(pairs, list | tuple) or not pairs:
        raise ArgumentError("`pairs` must be a list of pairs of firms: [(firm, firm.rerun(...)), ...].")
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(firm, Firm) for firm in pair)):
            raise ArgumentError("`pairs` must hold pairs of firms: [(firm, firm.rerun(...)), ...].")
        none = interventions.Interventions((), pair[0].setting.months)
        base, changed = (replace(firm.setting, interventions=none) for firm in pair)
        if base != changed:
            raise ArgumentError(
                f"the firms of a pair must differ by their changes alone; {pair[0]!r} and {pair[1]!r} are different firms. "
                "Make the second by `rerun` of the first."
            )
    if len({(_plan(base), _plan(changed)) for base, changed in pairs}) > 1:
        raise ArgumentError("all pairs must have the same changes; these have several. Compare them one by one.")
    if len({base.setting.seed for base, _ in pairs}) < len(pairs):
        raise ArgumentError("each pair needs a seed of its own: a firm compared twice is no second witness.")


def _plan(firm: Firm) -> tuple:
    """Return what is changed, and when somebody is called with which offer: whom, each firm chooses among its own customers."""
    plan = firm.setting.interventions
    return plan.changes, tuple(sorted({(call.start, call.offer) for call in plan.calls}))


def _measure(firm: Firm, start: int) -> dict[str, float]:
    """Return the measures of a firm from the month ``start`` on."""
    months, truth = firm["firm_months"].iloc[start - 1 :], firm.truth["months"].iloc[start - 1 :]
    served = (truth.customers + truth.leavers).clip(lower=1)
    return {
        "retention": _retention(firm, start),
        "customers": int(truth.customers.iloc[-1]),
        "orders": int(months.orders.sum()),
        "revenue": float(months.revenue.sum()),
        "profit": float(months.profit.sum()),
        "satisfaction": float(np.average(truth.satisfaction, weights=served)),
    }


def _retention(firm: Firm, start: int) -> float:
    """Return the share of the customers on the first day of month ``start`` who are customers at the end."""
    if start == 1 and not firm.setting.past:  # nobody is a customer yet: count everyone who was won
        return float(firm.truth["months"].customers.iloc[-1] / max(firm["firm_months"].won.sum(), 1))
    customers, first = firm.truth["customers"], pd.Timestamp(firm.day(start))
    present = (customers.since < first) & ~(customers.left < first)
    return float(customers.left[present].isna().mean()) if present.any() else np.nan


def sweep(
    changes: Mapping[str, Collection[float]], *, industry: str | industries.Industry = "retailer", customers: int = 1_000,
    months: int = 36, past: int = 0, start: int = 13, seeds: Iterable[int] = range(1, 13), workers: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Simulate many changes on many firms: a grid to draw from, for a widget or a study.

    Parameters
    ----------
    changes : dict
        Cause -> amounts, e.g. ``{"reliability": (0.5, 1.0), "empathy": (0.5, 1.0)}``; each is tried alone, and 0 too.
    industry, customers, months, past
        As in ``simulate``.
    start : int
        The first month (from 1) that is different.
    seeds : iterable of int
        One replicate firm for each.
    workers : int, optional
        Processes to use; None for one for each core.

    Returns
    -------
    DataFrame
        As ``tables.describe("what_if")`` says: one row for each cause, amount and seed. Profit is *before* the cost of the
        change; at a given price a customer and month (for causes of the pipeline: a prospect) the change costs price x
        ``payers``, and ``usual_cost`` is the price by the cause's own curve.

    Raises
    ------
    ArgumentError
        An unknown cause or industry, a number outside its range, or amounts or seeds that are no list.

    Examples
    --------
    >>> from crmlab import world
    >>> grid = world.sweep({"reliability": [1.0]}, customers=40, months=6, start=4, seeds=[1], workers=1)
    >>> grid[["cause", "amount", "seed"]].to_numpy().tolist()
    [['reliability', 0.0, 1], ['reliability', 1.0, 1]]
    """
    if not isinstance(changes, Mapping) or not changes:
        raise ArgumentError('`changes` must map causes to amounts, such as {"reliability": [0.5, 1.0]}.')
    preset, customers = presets.industry(industry), _check.integer("customers", customers, 1, 100_000_000)
    months, past = _check.integer("months", months, 1, 600), whole_years(past)
    start = _check.integer("start", start, 1, months)
    asked = {
        interventions.intervention(preset, cause, step, 1, None)
        for cause, steps in changes.items()
        for step in (0.0, *_listed(str(cause), steps, "amounts, such as [0.5, 1.0]"))
    }
    place = list(changes).index
    tried = tuple(sorted(asked, key=lambda change: (place(change.cause), change.amount)))
    distinct = dict.fromkeys(_check.integer("seeds", seed, 0, 2**63 - 1) for seed in _listed("seeds", seeds, "seeds"))
    jobs = [(_sweep_one, (preset, customers, months, past, start, seed, tried)) for seed in distinct]
    rows = [row for rows in assembly.run_jobs(jobs, workers, "simulating") for row in rows]
    grid = pd.DataFrame(rows, columns=["cause", "amount", "seed", "months", *_MEASURES, "payers", "usual_cost"])
    grid["cause"] = pd.Categorical(grid["cause"], list(changes))  # in the order in which they were asked for
    grid = grid.sort_values(["cause", "amount", "seed"], kind="stable").astype({"cause": "str"})
    return grid.reset_index(drop=True)


def _listed(name: str, given: object, what: str) -> list:
    """Return what a list, a range, an array or the like holds; refuse scalars, text, and a list of nothing."""
    scalar = isinstance(given, str | bytes | Mapping) or (isinstance(given, np.ndarray) and given.ndim == 0)
    items = list(given) if isinstance(given, Iterable) and not scalar else []
    if not items:
        raise ArgumentError(f"`{name}` must be a list of {what}; it is {given!r}.")
    return items


def _sweep_one(
    preset: industries.Industry, customers: int, months: int, past: int, start: int, seed: int,
    tried: tuple[interventions.Intervention, ...],
) -> list[tuple]:  # fmt: skip
    """Try changes on one firm: rows of the grid."""
    base = simulate(preset, customers=customers, months=months, past=past, seed=seed, tables=[])
    rows, slopes = [], dict(preset.costs)
    for change in tried:
        # at a price of 1, what is paid is the number of those who pay
        changes: dict[str, Any] = {change.cause: change.amount}
        firm = base.rerun(**changes, start=start, cost=1.0)
        payers = firm["firm_months"].improvement_cost.sum() - base["firm_months"].improvement_cost.sum()
        measured = _measure(firm, start) | {"profit": firm["firm_months"].profit.iloc[start - 1 :].sum() + payers}
        usual = interventions.CAUSES[change.cause].cost(change.amount, slopes[change.cause])
        rows.append((change.cause, change.amount, seed, months - start + 1, *measured.values(), round(payers), usual))
    return rows


def effect(grid: pd.DataFrame, cause: str, amount: float, *, cost: float = 0.0) -> Comparison:
    """Compare the firms of a grid with and without one change, paid for at a price.

    Parameters
    ----------
    grid : DataFrame
        As ``sweep`` returns it.
    cause : str
        One of the grid's causes.
    amount : float
        One of the grid's amounts.
    cost : float
        Currency for each customer (for causes of the pipeline, each prospect) and month, taken off the profit.

    Returns
    -------
    Comparison
        One pair for each firm of the grid.

    Raises
    ------
    ArgumentError
        The grid has no such cause or amount (the message lists them), or the cost is below zero.
    DataError
        The table is no such grid.

    Examples
    --------
    >>> from crmlab import datasets, world
    >>> table = world.effect(datasets.load("what_if"), "reliability", 0.5, cost=0.45).table()
    >>> bool(table.set_index("measure").loc["retention", "low"] > 0)
    True
    """
    grid = _grid(grid)
    _check.choice("cause", cause, tuple(dict.fromkeys(grid.cause)))
    rows = grid[grid.cause == cause]
    step, price = _tried_amount(rows, amount), interventions.price("cost", cost)
    base, changed = (rows[rows.amount == value].set_index("seed") for value in (0, step))
    if base.empty or not base.index.is_unique or set(base.index) != set(changed.index):
        raise DataError(
            f"the what_if table lacks firms with `{cause}` at 0 or {step:g}. Give it whole, as `world.sweep` made it."
        )
    changed = changed.assign(profit=changed.profit - price * changed.payers * (step != 0))
    measures = list(_MEASURES)
    before, after = (side[measures].to_numpy(dtype=float) for side in (base, changed.loc[base.index]))
    pairs = pd.DataFrame({"seed": base.index.repeat(len(measures)), "measure": measures * len(base), "base": before.ravel(),
                          "changed": after.ravel(), "difference": (after - before).ravel()})  # fmt: skip
    return Comparison(pairs, int(base.months.iloc[0]))


def _grid(grid: object) -> pd.DataFrame:
    """Refuse what is no grid of firms."""
    declared = tables.table("what_if")
    frame = _check.frame("grid", grid, "It must be a table as `world.sweep` returns it.")
    _check.required_columns(frame.columns, declared, declared.required)
    if frame.empty:
        raise DataError("the what_if table is empty. Make one by `world.sweep`.")
    return frame


def outcomes(
    grid: pd.DataFrame, choices: Mapping[str, tuple[str, float] | None], *, measure: str = "profit", cost: float | str = "usual"
) -> pd.DataFrame:
    """Compute what each of some choices did in each firm of a grid, as ``widgets.decide`` reads it.

    Parameters
    ----------
    grid : DataFrame
        As ``sweep`` returns it.
    choices : dict of (str, float) or None
        For each choice in the words of the manager: a cause of the grid and an amount; None for changing nothing.
    measure : str
        One that ``effect`` compares. Profit is a year's; retention comes in points of 100.
    cost : float or "usual"
        Currency for each customer and month; "usual" is the firm's own cost of the step.

    Returns
    -------
    DataFrame
        ``action, firm, effect``: one row for each choice and firm; ``effect`` is the difference to changing nothing.

    Raises
    ------
    ArgumentError
        As ``effect``.
    DataError
        The table is no such grid.

    Examples
    --------
    >>> from crmlab import datasets, world
    >>> choices = {"do what was promised": ("reliability", 0.5), "leave it as it is": None}
    >>> table = world.outcomes(datasets.load("what_if"), choices)
    >>> (table.groupby("action", sort=False).effect.mean() > 0).to_dict()
    {'do what was promised': True, 'leave it as it is': False}
    """
    _check.choice("measure", measure, _MEASURES)
    grid, price = _grid(grid), None if isinstance(cost, str) and cost == "usual" else interventions.price("cost", cost)
    if not isinstance(choices, Mapping) or not choices:
        raise ArgumentError('`choices` must name some, such as {"answer faster": ("responsiveness", 0.5)}.')
    parts = []
    for action, choice in choices.items():
        if choice is not None and not (isinstance(choice, tuple | list) and len(choice) == 2):
            raise ArgumentError(f"`choices` must give a cause and an amount for {action!r}, or None; it is {choice!r}.")
        cause, amount = choice or (str(grid.cause.iloc[0]), 0.0)
        compared = effect(grid, cause, amount)
        value = compared.pairs[compared.pairs.measure == measure].set_index("seed").difference
        if measure == "profit":
            step = grid[(grid.cause == cause) & (grid.amount == amount)].set_index("seed").loc[value.index]
            paid = step.usual_cost if price is None else price  # of a step down it is below zero: saved
            value = (value - paid * step.payers) * 12 / compared.months
        elif measure == "retention":
            value = 100 * value
        parts.append(pd.DataFrame({"action": action, "firm": value.index, "effect": value.to_numpy()}))
    return pd.concat(parts, ignore_index=True)


def _tried_amount(rows: pd.DataFrame, amount: object) -> float:
    """Check that an amount is one of those that the grid has for its cause."""
    tried = sorted(set(rows.amount))
    try:
        step = _check.number("amount", amount)
    except ArgumentError:
        step = np.nan
    if step not in tried:
        raise ArgumentError(
            f"`amount` must be one that was tried, {', '.join(f'{each:g}' for each in tried)}; it is {amount!r}."
        )
    return step


def causes(industry: str | industries.Industry = "retailer") -> Summary:
    """List what can be changed in a firm, in which unit, within which range, and what it costs.

    Parameters
    ----------
    industry : str or Industry
        Costs differ by industry.

    Returns
    -------
    Summary
        ``.table`` has one row for each cause: ``cause, meaning, unit, lowest, highest, step, cost, per``. ``cost`` is what
        an improvement by ``step`` costs each customer (or prospect) and month; twice the step costs more than twice as much.

    Raises
    ------
    ArgumentError
        An unknown industry.

    Examples
    --------
    >>> from crmlab import world
    >>> world.causes().table.set_index("cause").loc["reliability", "unit"]
    'points of the seven-point scale'
    """
    preset = presets.industry(industry)
    slopes = dict(preset.costs)
    rows = [
        (cause.name, cause.meaning, cause.unit, cause.lowest, cause.highest, cause.scale / 2,
         cause.cost(cause.scale / 2, slopes[cause.name]), cause.per)
        for cause in interventions.offered(preset).values()
    ]  # fmt: skip
    listing = pd.DataFrame(rows, columns=["cause", "meaning", "unit", "lowest", "highest", "step", "cost", "per"])
    note = "`cost` is what one `step` costs each customer (or prospect) and month; further steps cost more."
    return Summary(f"Causes that can be changed: {preset.name}", table=listing, note=note)
