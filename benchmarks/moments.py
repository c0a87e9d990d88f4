"""Moments: what the firms of the presets look like from outside, beside what has been published.

Simulates one firm of each preset and prints the tables of docs/world.md, sections 7 and 8.8, as Markdown. The
published numbers are few on purpose: only those whose source we could read ourselves. Where there is
none, the moment stands alone. Counts use what the firm can see, except where a row says "truth".

    python benchmarks/moments.py
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from crmlab import world

CUSTOMERS = {"retailer-v1": 10_000, "telecom-v1": 10_000, "rebate_site": 4_000, "retailer-v2": 10_000, "telecom-v2": 10_000}
SEED = 1
EDITIONS = (("retailer-v1", "telecom-v1", "rebate_site"), ("retailer-v2", "telecom-v2"))
INTEREST = 0.12  # a year, as Gupta, Lehmann & Stuart (2004) use it
PUBLISHED = {
    "customers won through own channels, of `customers`": "100 % is meant",
    "prospects of the own channels who were won, of those closed": "40 %, 47 % [8]",
    "days from the first contact to the win, mean": "",
    "customers won who were brought by customers": "",
    "first bought in January to March, again before October": "40.1 % [1]",
    "customers on the last 1 January who left in the year (truth)": "25 %, 30 % [2]",
    "leavers a month, of the customers of the month (truth)": "",
    "contracts by the month: ended, of the months that could be renewed": "",
    "contracts by the year: ended, of the years that could be renewed": "",
    "contacted by lot: ordered in the month": "",
    "held out by lot: ordered in the month": "",
    "contacted more than held out": "1.0 % to 4.1 % [6]",
    "failures a month, for 100 customers (truth)": "",
    "complaints a month, for 100 customers": "",
    "customers of the whole last year with a failure in it (truth)": "56 %, 66 %, 74 % [7]",
    "failures that were complained of (truth)": "3 % to 69 % [3]",
    "failures whose recovery left the customer more content than before (truth)": "",
    "survey: those asked who answered": "",
    "survey: net promoter score of the answers": "",
    "survey: mean overall satisfaction of the answers, 1 to 7": "",
    "the same, of all who were asked (truth)": "",
    "revenue from the fifth of customers who paid most": "68 %, 59 % [4]",
    "value of a customer, if the yearly retention is 1 % higher": "3 % to 7 % [5]",
    "profit / revenue, last 24 months": "",
    "customers on 1 December who gave in the month, first to third year (truth)": "",
}


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def moments(industry: str) -> dict[str, str]:
    """Every moment of one firm, as it is to be printed."""
    firm = world.simulate(industry, customers=CUSTOMERS[industry], seed=SEED)
    months, truth = firm["firm_months"], firm.truth["months"]
    customers, them, orders = firm["customers"], firm.truth["customers"], firm["orders"]
    served = (truth.customers + truth.leavers).sum()
    referred = customers.channel == "referral"
    closed = firm["prospects"].query("kind == 'new' and channel != 'referral' and outcome != 'open'")
    year = pd.Timestamp(firm.day(firm.setting.months - 11))
    there = (them.since < year) & ~(them.left < year)
    kept = them.left[there].isna().mean()
    failures, asked = firm.truth["failures"], firm.truth["survey"]
    failed = them.customer_id[there & them.left.isna()].isin(failures.customer_id[failures.date >= year])
    won = firm["prospects"].query("kind == 'new' and outcome == 'won'")
    recommend = firm["survey"].recommendation
    paid = np.sort(firm["customer_months"].groupby("customer_id").revenue.sum().to_numpy())[::-1]
    values = [
        percent((~referred).sum() / CUSTOMERS[industry]), percent((closed.outcome == "won").mean()),
        f"{(won.closed - won.created).dt.days.mean():.0f}", percent(referred.mean()),
        percent(repeat(orders)) if not firm.industry.contract else "-", percent(1 - kept),
        percent(truth.leavers.sum() / served), *(ended(firm, term) for term in (1, 12)), *response(firm),
        f"{100 * len(failures) / served:.1f}", f"{100 * firm['tickets'].complaint.sum() / served:.1f}",
        percent(failed.mean()), percent(failures.complained.mean()), percent((failures.mended > 1).mean()),
        percent(asked.answered.mean()),
        f"{round(100 * ((recommend >= 9).mean() - (recommend <= 6).mean()))}",
        f"{firm['survey'].overall_satisfaction.mean():.2f}",
        f"{asked.overall_satisfaction.mean():.2f}", percent(paid[: round(len(customers) / 5)].sum() / paid.sum()),
        f"{(1 + INTEREST) / (1 + INTEREST - kept):.1f} %",
        percent(months.profit.iloc[12:].sum() / months.revenue.iloc[12:].sum()), gave(firm),
    ]  # fmt: skip
    return dict(zip(PUBLISHED, values, strict=True))


def repeat(orders: pd.DataFrame) -> float:
    """Of those who first bought in a first quarter, the share who bought on a further day by the end of September."""
    first = orders.groupby("customer_id").order_date.min()
    first = first[first.dt.month <= 3]
    began = orders.customer_id.map(first)
    again = (orders.order_date > began) & (orders.order_date.dt.year == began.dt.year) & (orders.order_date.dt.month <= 9)
    return orders.customer_id[again].nunique() / len(first)


def ended(firm: world.Firm, term: int) -> str:
    """Contracts that ended, of the terms that came to their end before the last day."""
    if not firm.industry.contract:
        return "-"
    contracts = firm["contracts"].query("term_months == @term")
    until = contracts.ended.fillna(pd.Timestamp(firm.day(firm.setting.months)) + pd.offsets.MonthEnd())
    run = (until.dt.year - contracts.started.dt.year) * 12 + until.dt.month - contracts.started.dt.month
    return percent(contracts.ended.notna().sum() / (run // term).sum())


def gave(firm: world.Firm) -> str:
    """Of the customers at the beginning of each December, the share who donated in it."""
    if not firm.industry.giving:
        return "-"
    them, shares = firm.truth["customers"], []
    for month in range(12, firm.setting.months + 1, 12):
        day = pd.Timestamp(firm.day(month))
        there = (them.since < day) & ~(them.left < day)
        shares.append((firm["donations"].donation_date.dt.to_period("M") == day.to_period("M")).sum() / there.sum())
    return ", ".join(map(percent, shares))


def response(firm: world.Firm) -> list[str]:
    """The share of customers who ordered in the month of a campaign by lot: contacted, held out, and the difference."""
    campaigns = firm["campaigns"].query("design == 'by lot'")
    targets = firm["campaign_targets"].merge(campaigns[["campaign_id", "date"]], on="campaign_id")
    orders = firm["orders"]
    bought = pd.MultiIndex.from_arrays([orders.customer_id, orders.order_date.dt.to_period("M")])
    ordered = pd.MultiIndex.from_arrays([targets.customer_id, targets.date.dt.to_period("M")]).isin(bought)
    contacted, held_out = (ordered[targets.group == group].mean() for group in ("contacted", "held out"))
    return [percent(share) for share in (contacted, held_out, contacted - held_out)]


def table(industries: tuple[str, ...]) -> str:
    columns = [moments(industry) for industry in industries]
    rows = [" | ".join([name, *(each[name] for each in columns), published]) for name, published in PUBLISHED.items()]
    names = [industry.replace("_", " ") for industry in industries]
    heads = (" | ".join(["moment", *names, "published"]), " | ".join(["---"] * (2 + len(names))))
    return "\n".join(f"| {row} |" for row in (*heads, *rows))


if __name__ == "__main__":
    print("\n\n".join(map(table, EDITIONS)))
