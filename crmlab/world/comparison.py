"""Comparing firms: what a change did, and how sure one can be of it.

Two firms with the same luck differ by their changes alone, so the difference of one pair is the
effect *on that firm*. How much it varies between firms of the kind is seen from pairs with other
seeds; the interval is over such replicate pairs. This room compares; the firms are made in ``firm``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _check, tables
from crmlab._result import Summary
from crmlab.errors import ArgumentError, DataError
from crmlab.world import industries as presets
from crmlab.world import plan as held
from crmlab.world.firm import Firm, simulate, spread

_MEASURES = ("retention", "customers", "orders", "revenue", "profit", "satisfaction")
_PAIRS = ["seed", "measure", "base", "changed", "difference"]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
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
        """``measure, base, changed, difference, low, high, pairs``: means over pairs, and the interval of the difference.

        The interval is Student's over replicate pairs: where the mean effect on firms of this kind lies. One pair has none.
        """
        level = _check.share("level", level)
        found = self.pairs.groupby("measure", sort=False).agg(
            base=("base", "mean"), changed=("changed", "mean"), difference=("difference", "mean"),
            error=("difference", "sem"), pairs=("seed", "size"),
        )  # fmt: skip
        # one pair has no spread, so its error and its interval are empty
        half = stdtrit(found.pairs - 1, (1 + level) / 2) * found.error
        found = found.assign(low=found.difference - half, high=found.difference + half).reset_index()
        return found[["measure", "base", "changed", "difference", "low", "high", "pairs"]]

    def summary(self) -> Summary:
        """What the change did, in words and numbers."""
        found = self.table()
        count = int(found.pairs.iloc[0])
        note = (
            f"Differences of {count} pairs with the same luck; the interval (95 %) is over replicate pairs."
            if count > 1
            else "One pair: the difference is the effect on this firm; give more pairs, with other seeds, for an interval."
        )
        facts = (("Months from the change on", self.months),)
        return Summary("With the change, less without it", facts, found.drop(columns="pairs"), note)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def compare(pairs: Sequence[tuple[Firm, Firm]]) -> Comparison:
    """What a change did to retention, customers, orders, revenue, profit and satisfaction.

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
        No pairs, a pair whose firms do not share their luck, or pairs with different changes.

    Examples
    --------
    >>> from crmlab import world
    >>> firms = [world.simulate("retailer", customers=100, months=12, seed=seed) for seed in (1, 2)]
    >>> effect = world.compare([(firm, firm.rerun(reliability=1, start=7, cost=0)) for firm in firms])
    >>> bool(effect.table().difference.iloc[0] >= 0)
    True
    """
    if not isinstance(pairs, list | tuple) or not pairs:
        raise ArgumentError("`pairs` must be a list of pairs of firms: [(firm, firm.rerun(...)), ...].")
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(firm, Firm) for firm in pair)):
            raise ArgumentError("`pairs` must hold pairs of firms: [(firm, firm.rerun(...)), ...].")
        base, changed = (replace(firm.setting, plan=held.Plan((), firm.setting.months)) for firm in pair)
        if base != changed:
            raise ArgumentError(
                f"the firms of a pair must differ by their changes alone; {pair[0]!r} and {pair[1]!r} are different firms. "
                "Make the second by `rerun` of the first."
            )
    plans = {(base.setting.plan, changed.setting.plan) for base, changed in pairs}
    if len(plans) > 1:
        raise ArgumentError("all pairs must have the same changes; these have several. Compare them one by one.")
    seeds = [base.setting.seed for base, _ in pairs]
    if len(set(seeds)) < len(seeds):
        raise ArgumentError("each pair needs a seed of its own: a firm compared twice is no second witness.")
    before, after = (Counter(plan.changes) for plan in plans.pop())
    start = min((change.start for change in (before - after) + (after - before)), default=1)  # what both did is no difference
    rows = []
    for seed, (base, changed) in zip(seeds, pairs, strict=True):
        without, with_ = _measure(base, start), _measure(changed, start)
        rows += [(seed, name, without[name], with_[name], with_[name] - without[name]) for name in _MEASURES]
    return Comparison(pd.DataFrame(rows, columns=_PAIRS), pairs[0][0].setting.months - start + 1)


def _measure(firm: Firm, start: int) -> dict[str, float]:
    months, truth = firm["firm_months"].iloc[start - 1 :], firm.truth["months"].iloc[start - 1 :]
    if start == 1:  # nobody is a customer yet: count everyone who was won
        kept = float(firm.truth["months"].customers.iloc[-1] / max(months.won.sum(), 1))
    else:
        kept = _kept(firm, pd.Timestamp(firm.day(start)))
    served = (truth.customers + truth.leavers).clip(lower=1)
    return {
        "retention": kept,
        "customers": int(truth.customers.iloc[-1]),
        "orders": int(months.orders.sum()),
        "revenue": float(months.revenue.sum()),
        "profit": float(months.profit.sum()),
        "satisfaction": float(np.average(truth.satisfaction, weights=served)),
    }


def _kept(firm: Firm, first: pd.Timestamp) -> float:
    them = firm.truth["customers"]
    there = (them.since < first) & ~(them.left < first)
    return float(them.left[there].isna().mean()) if there.any() else np.nan


def sweep(
    changes: Mapping[str, Collection[float]], *, industry: str | presets.Industry = "retailer", customers: int = 1_000,
    months: int = 36, start: int = 13, seeds: Iterable[int] = range(1, 13), workers: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Many changes on many firms: a grid to draw from, for a widget or a study.

    Parameters
    ----------
    changes : dict
        Cause -> amounts, e.g. ``{"reliability": (0.5, 1.0), "empathy": (0.5, 1.0)}``; each is tried alone, and 0 too.
    industry, customers, months
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
        An unknown cause or industry, or a number outside its range.

    Examples
    --------
    >>> from crmlab import world
    >>> grid = world.sweep({"reliability": [1.0]}, customers=100, months=12, start=4, seeds=[1], workers=1)
    >>> grid[["cause", "amount", "seed"]].to_numpy().tolist()
    [['reliability', 0.0, 1], ['reliability', 1.0, 1]]
    """
    if not isinstance(changes, Mapping) or not changes:
        raise ArgumentError('`changes` must map causes to amounts, such as {"reliability": [0.5, 1.0]}.')
    it = presets.industry(industry)
    amounts = {cause: sorted({0.0, *steps}) for cause, steps in changes.items()}
    tried = [held.change(it, cause, amount, 1, None) for cause, steps in amounts.items() for amount in steps]
    seeds = dict.fromkeys(_check.integer("seeds", seed, 0) for seed in seeds)
    jobs = [(_sweep_one, (it, customers, months, start, seed, tuple(tried))) for seed in seeds]
    rows = [row for rows in spread(jobs, workers, "simulating") for row in rows]
    found = pd.DataFrame(rows, columns=["cause", "amount", "seed", "months", *_MEASURES, "payers", "usual_cost"])
    order = pd.CategoricalDtype(list(changes))
    found["cause"] = found["cause"].astype(order)
    found = found.sort_values(["cause", "amount", "seed"]).astype({"cause": "str"})
    return found.reset_index(drop=True)


def _sweep_one(it: presets.Industry, customers: int, months: int, start: int, seed: int, tried: tuple) -> list[tuple]:
    base = simulate(it, customers=customers, months=months, seed=seed, tables=[])
    rows, slopes = [], dict(it.costs)
    for each in tried:
        # at a price of 1, what is paid is the number of those who pay
        firm = base.rerun(**{each.cause: each.amount}, start=start, cost=1.0)
        payers = firm["firm_months"].improvement_cost.sum()
        measured = _measure(firm, start) | {"profit": firm["firm_months"].profit.iloc[start - 1 :].sum() + payers}
        usual = held.CAUSES[each.cause].cost(each.amount, slopes[each.cause])
        rows.append((each.cause, each.amount, seed, months - start + 1, *measured.values(), round(payers), usual))
    return rows


def effect(grid: pd.DataFrame, cause: str, amount: float, *, cost: float = 0.0) -> Comparison:
    """What one change in a grid did, paid for at a price.

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
    >>> found = world.effect(datasets.load("what_if"), "reliability", 0.5, cost=0.45).table()
    >>> bool(found.set_index("measure").loc["retention", "low"] > 0)
    True
    """
    known = tables.table("what_if")
    if not isinstance(grid, pd.DataFrame):
        raise DataError(f"`grid` must be a table as `world.sweep` returns it; it is {type(grid).__name__}.")
    _check.required_columns(grid.columns, known, known.required)
    _check.choice("cause", cause, tuple(dict.fromkeys(grid.cause)))
    tried = sorted(set(grid.amount[grid.cause == cause]))
    if isinstance(amount, bool) or not isinstance(amount, int | float) or amount not in tried:
        raise ArgumentError(
            f"`amount` must be one that was tried, {', '.join(f'{each:g}' for each in tried)}; it is {amount!r}."
        )
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < np.inf:
        raise ArgumentError(f"`cost` must be 0 or more, in currency for each customer and month; it is {cost!r}.")
    some = grid[grid.cause == cause]
    base, changed = (some[some.amount == step].set_index("seed") for step in (0, amount))
    changed = changed.assign(profit=changed.profit - cost * changed.payers * (amount != 0))
    measures = list(_MEASURES)
    before, after = (side[measures].to_numpy(dtype=float) for side in (base, changed.loc[base.index]))
    pairs = pd.DataFrame({"seed": base.index.repeat(len(measures)), "measure": measures * len(base), "base": before.ravel(),
                          "changed": after.ravel(), "difference": (after - before).ravel()})  # fmt: skip
    return Comparison(pairs, int(base.months.iloc[0]))


def causes(industry: str | presets.Industry = "retailer") -> Summary:
    """What can be changed in a firm, in which unit, within which range, and what it costs.

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
    it = presets.industry(industry)
    slopes = dict(it.costs)
    rows = [
        (cause.name, cause.meaning, cause.unit, cause.lowest, cause.highest, cause.scale / 2,
         cause.cost(cause.scale / 2, slopes[cause.name]), cause.per)
        for cause in held.offered(it).values()
    ]  # fmt: skip
    listing = pd.DataFrame(rows, columns=["cause", "meaning", "unit", "lowest", "highest", "step", "cost", "per"])
    note = "`cost` is what one `step` costs each customer (or prospect) and month; further steps cost more."
    return Summary(f"Causes that can be changed: {it.name}", table=listing, note=note)
