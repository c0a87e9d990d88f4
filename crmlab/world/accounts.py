"""Accounts: the money of customers and of the firm, month by month.

Revenue and costs are counted in whole cents and opinions in millionths, so that blocks of persons add up to the same
firm in whatever order. This room adds up; what is paid for what is known in the mechanisms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab.world import streams
from crmlab.world.event_log import EventLog, cents, days
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

#: Sums by month over customers: whole numbers (money in cents, opinions in millionths), so that blocks add up exactly.
SUMS = (
    "prospects", "invited", "won", "orders", "revenue", "goods_cost", "service_cost", "campaign_cost", "acquisition_cost",
    "served", "customers", "left", "satisfaction", "loyalty", "donated", "people", "records", "buyers", "repeaters",
    "buying_records", "repeating_records", "mailed", "mailed_double",
)  # fmt: skip
MILLION = 10**6


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """What the customers of a month bought, arrays of whole numbers of shape (n,).

    Attributes
    ----------
    orders : ndarray of int
        How many.
    revenue, goods_cost, service_cost : ndarray of int
        In cents; service is handling and serving, tickets are not in it.
    """

    orders: np.ndarray
    revenue: np.ndarray
    goods_cost: np.ndarray
    service_cost: np.ndarray


def empty_sums(months: int) -> dict[str, np.ndarray]:
    """Return sums of nothing, each of shape (months,)."""
    return {name: np.zeros(months, dtype=np.int64) for name in SUMS}


def account(
    setting: Setting, log: EventLog, sums: dict[str, np.ndarray], customers: Customers, purchases: Purchases,
    ticket_cost: np.ndarray, campaign_cost: np.ndarray, t: int,
) -> None:  # fmt: skip
    """Add the money and the opinions of month ``t`` to the sums, and write the money by customer."""
    money = {
        "orders": purchases.orders, "revenue": purchases.revenue, "goods_cost": purchases.goods_cost,
        "service_cost": ticket_cost + purchases.service_cost, "campaign_cost": campaign_cost,
    }  # fmt: skip
    for name, amounts in money.items():
        sums[name][t] += amounts.sum()
    sums["served"][t] += len(customers)
    for name, opinions in (("satisfaction", customers.satisfaction), ("loyalty", customers.loyalty)):
        sums[name][t] += np.round(MILLION * opinions).astype(np.int64).sum()
    moved = np.flatnonzero(sum(np.abs(amounts) for amounts in money.values()))
    _write(setting, log, customers.person[moved], {name: amounts[moved] for name, amounts in money.items()}, t)


def account_wasted_contacts(
    setting: Setting, log: EventLog, sums: dict[str, np.ndarray], churned: Customers, campaign_cost: np.ndarray, t: int
) -> None:
    """Account for campaigns that went to customers who had left unseen."""
    sums["campaign_cost"][t] += campaign_cost.sum()
    spent = np.flatnonzero(campaign_cost)
    nothing = np.zeros(spent.size, dtype=np.int64)
    money = dict.fromkeys(("orders", "revenue", "goods_cost", "service_cost"), nothing)
    _write(setting, log, churned.person[spent], money | {"campaign_cost": campaign_cost[spent]}, t)


def _write(setting: Setting, log: EventLog, person: np.ndarray, money: dict[str, np.ndarray], t: int) -> None:
    profit = money["revenue"] - money["goods_cost"] - money["service_cost"] - money["campaign_cost"]
    columns = {name: amounts if name == "orders" else cents(amounts) for name, amounts in money.items()}
    month = days(np.full(person.size, setting.month_start[t]))
    log.add("customer_months", person, month=month, **columns, profit=cents(profit))


def firm_months(setting: Setting, sums: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the firm's accounts by month, in currency: costs by kind, and the profit."""
    industry, shifts, cost = setting.industry, setting.shifts, setting.interventions.cost
    # changes of the pipeline are paid by the prospects whom the usual advertising would bring
    usual = sums["prospects"] - sums["invited"] + sums["invited"] / (1 + shifts["advertising"])
    improvement = cost(industry, "customer") * sums["served"] + cost(industry, "prospect") * usual
    fixed = industry.fixed_cost * setting.customers * (1 + shifts["operating_cost"])
    money = {name: sums[name] for name in ("revenue", "goods_cost", "service_cost", "campaign_cost", "acquisition_cost")}
    money |= {
        "improvement_cost": np.round(100 * (improvement + _budget(setting))).astype(np.int64),
        "fixed_cost": np.round(100 * fixed).astype(np.int64),
    }
    profit = 2 * money["revenue"] - sum(money.values())
    counts = {name: sums[name] for name in ("prospects", "won", "orders")}
    return counts | {name: amounts / 100 for name, amounts in (money | {"profit": profit}).items()}


def _budget(setting: Setting) -> np.ndarray:
    """Return what the firm spends on quality whatever is changed, by month: it lives by itself, and hides small changes."""
    mean, kept, spread = setting.industry.trouble.budget
    key, now, moved = streams.make_keys(setting.seed, "budget", np.arange(1)), np.zeros(1), []
    for t in range(setting.months):
        now = kept * now + spread * streams.normal(key, "moves", t)
        moved.append(now)
    return mean * setting.customers * np.exp(np.concatenate(moved))


def true_months(sums: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return customers, leavers and mean opinions by month."""
    served = np.maximum(sums["served"], 1)
    means = {name: sums[name] / MILLION / served for name in ("satisfaction", "loyalty")}
    return {"customers": sums["customers"], "leavers": sums["left"]} | means
