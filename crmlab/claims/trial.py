"""Trials: the change that a claim speaks of, made in firms whose truth is known.

Each firm is run once as it is and once with one cause changed, with the same luck. A lever acts on what the claim names
and on nothing else; how far it must be moved to reach the step of the claim is sought first. This room makes
the pairs of firms and measures them; what their differences say of a claim stands in ``evidence``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import world
from crmlab.world import assembly, interventions

#: Which preset stands for each industry of the sources.
FIRMS = {
    "finance": "insurer-v1",
    "telecom": "telecom-v2",
    "manufacturing": "manufacturer-v1",
    "retail": "retailer-v2",
}
#: Years that a firm has behind it, and months in which a change is at work.
PAST, MONTHS = 12, 24
#: The firms of each industry in the grid that comes with the kit: how many, of which size, and the seed of the first.
GRID, CUSTOMERS, SEED = 20, 700, 1
_PILOTS = 3  # firms on which a lever is set
_MEASURED = ("customer_months", "truth_values", "truth_customers")
_COSTS = ["service_cost", "acquisition_cost", "fixed_cost"]


@dataclass(frozen=True, slots=True)
class Step:
    """The change of one driver that a claim speaks of, in one reading.

    Attributes
    ----------
    driver : str
        What changes: "satisfaction", "retention", "conversion" or "cost".
    unit : str
        "per cent" or "points".
    step : float
        By how much, as a share.
    lever : str
        The cause of the firm by which it is reached (see ``world.causes``).
    """

    driver: str
    unit: str
    step: float
    lever: str

    def target(self, value: float) -> float:
        """Return what the driver is to become."""
        return value * (1 + self.step) if self.unit == "per cent" else value + self.step


#: Every step that is tried: satisfaction by itself and by more reliable service.
STEPS = (
    Step("satisfaction", "per cent", 0.01, "satisfaction"),
    Step("satisfaction", "per cent", 0.01, "reliability"),
    Step("retention", "per cent", 0.05, "loyalty"),
    Step("retention", "points", 0.05, "loyalty"),
    Step("conversion", "per cent", 0.01, "conversion"),
    Step("conversion", "points", 0.01, "conversion"),
    Step("cost", "per cent", -0.01, "operating_cost"),
)


def make_grid(*, workers: int | None = 1) -> pd.DataFrame:
    """Make every step in firms of all four industries: the table behind ``claims.stored_trial`` (``crmlab data --claims``).

    Parameters
    ----------
    workers : int, optional
        Processes to use; None for one for each core. It takes about ten minutes of a processor.

    Returns
    -------
    DataFrame
        As ``tables.describe("claim_trials")`` says.

    Raises
    ------
    ArgumentError
        ``workers`` is no such number.

    Examples
    --------
    >>> from crmlab import claims, datasets
    >>> datasets.load("claim_trials").equals(claims.make_grid())  # doctest: +SKIP
    True
    """
    assembly.check_workers(workers)
    made = [run_trials(STEPS, industry, firms=GRID, customers=CUSTOMERS, seed=SEED, workers=workers) for industry in FIRMS]
    return pd.concat(made, ignore_index=True)


def run_trials(
    steps: Sequence[Step], industry: str, *, firms: int, customers: int, seed: int, workers: int | None
) -> pd.DataFrame:
    """Make each step in each of some firms of an industry: one row for each, as ``tables.describe("claim_trials")`` says."""
    seeds = range(seed, seed + firms)
    bases = list(assembly.run_jobs([(_simulate, (industry, customers, each)) for each in seeds], workers, "simulating"))
    before = [_measure(firm) for firm in bases]
    rows: list[dict] = []
    slopes: dict[str, float] = {}  # how far each lever must be moved for its driver to rise by 1
    for step in steps:
        value = _mean(before, step.driver)
        if step.driver in ("conversion", "cost"):  # the lever is the driver, as a share of itself
            slopes[step.lever] = 1 / value
        elif step.lever not in slopes:
            slopes[step.lever] = _slope(step, bases[:_PILOTS], before[:_PILOTS], workers)
        amount = _amount(step, (step.target(value) - value) * slopes[step.lever])
        usual = interventions.CAUSES[step.lever].cost(amount, dict(bases[0].industry.costs)[step.lever])
        rows += [
            {
                "industry": industry, "driver": step.driver, "unit": step.unit, "lever": step.lever, "seed": each,
                "amount": amount, "driver_before": base[step.driver], "driver_after": after[step.driver],
                "customers": round(base["customers"]), "revenue": base["revenue"],
                "profit_before": base["profit"], "profit_after": after["profit"] + after["paid"] - base["paid"],
                "value_before": base["value"], "value_after": after["value"],
                "payers": round(after["paid"] - base["paid"]), "usual_cost": usual,
            }
            for each, base, after in zip(seeds, before, _change_all(step.lever, amount, bases, workers), strict=True)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def _slope(step: Step, firms: Sequence[world.Firm], before: Sequence[dict[str, float]], workers: int | None) -> float:
    """Find on a few firms how far a lever must be moved for its driver to rise by 1, by secants towards the step."""
    value = _mean(before, step.driver)
    distance = step.target(value) - value
    # at a lever of 1 nobody would leave; service acts on one dimension of several
    guess = 1 / (1 - value) if step.driver == "retention" else 1 / firms[0].industry.overall[1]
    slope = guess if step.lever != "reliability" else 2.5 * guess
    for _ in range(3):
        reached = _mean(_change_all(step.lever, _amount(step, slope * distance), firms, workers), step.driver) - value
        if reached <= 0:
            return guess
        slope *= distance / reached
        if abs(reached - distance) <= 0.1 * distance:
            break
    return slope


def _amount(step: Step, wanted: float) -> float:
    """Return what a lever is moved by: as far as wanted, or as far as there is."""
    return round(min(wanted, interventions.CAUSES[step.lever].highest), 6)


def _mean(measured: Sequence[dict[str, float]], name: str) -> float:
    return float(np.mean([each[name] for each in measured]))


def _change_all(lever: str, amount: float, firms: Sequence[world.Firm], workers: int | None) -> list[dict[str, float]]:
    return list(assembly.run_jobs([(_change, (firm, lever, amount)) for firm in firms], workers, "simulating"))


def _change(firm: world.Firm, lever: str, amount: float) -> dict[str, float]:
    changes: dict = {lever: amount}
    return _measure(firm.rerun(**changes, cost=1.0))  # at a price of 1, what is paid is the number of those who pay


def _simulate(industry: str, customers: int, seed: int) -> world.Firm:
    return world.simulate(
        FIRMS[industry], customers=customers, months=MONTHS, past=PAST, seed=seed, tables=_MEASURED, workers=1
    )


def _measure(firm: world.Firm) -> dict[str, float]:
    """Measure the drivers, the firm's profit, and the value of those who were customers on the first day."""
    months, truth, people = firm["firm_months"], firm.truth["months"], firm.truth["customers"]
    present = people.since < pd.Timestamp(firm.day(1))
    present &= ~(people.left < pd.Timestamp(firm.day(1)))
    constant, slope, _ = firm.industry.overall
    satisfaction = np.average(truth.satisfaction, weights=(truth.customers + truth.leavers).clip(lower=1))
    return {
        "satisfaction": constant + slope * float(satisfaction),
        "retention": float((~(people.left[present] < pd.Timestamp(firm.day(13)))).mean()),
        "conversion": months.won.sum() / months.prospects.sum(),
        "cost": float(months[_COSTS].to_numpy().sum()),
        "customers": int(present.sum()),
        "revenue": float(months.revenue.sum()),
        "profit": float(months.profit.sum()),
        "paid": float(months.improvement_cost.sum()),
        "value": _value(firm, people.customer_id[present]),
    }


def _value(firm: world.Firm, whom: pd.Series) -> float:
    """Return what some customers bring from the first day on, on average, and after the last day: both discounted.

    The truth counts what they are worth after the last day with satisfaction as it is then, and no lever on leaving.
    """
    months, values = firm["customer_months"], firm.truth["values"]
    factor = (1 + firm.industry.interest) ** -1.0
    month = (months.month.dt.year - firm.opening.year) * 12 + months.month.dt.month - firm.opening.month
    brought = (months.profit * factor ** (month + 1))[months.customer_id.isin(whom)].sum()
    remaining = values.remaining_value[values.customer_id.isin(whom)].sum() * factor**firm.setting.months
    return float(brought + remaining) / max(len(whom), 1)
