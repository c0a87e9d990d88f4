"""Power of the chain: does `loyalty.fit_chain` find, from a firm's tables, what the same firm gains when it is run twice?

The survey's answers of months 12, 18 and 24 are held beside what the same people did in the year after. What is looked for is
half a point more of reliability from month 25 on, at no cost, among those who answered in month 24, who are the same people in
both worlds.

    python benchmarks/power_chain.py 20 telecom-v2 retailer-v2     # the numbers, firm by firm
"""

import sys
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from power import Row

from crmlab import loyalty, measurement, satisfaction, tables, world
from crmlab.world.presets import PRESETS

SHIFT = 0.5  # points of reliability
WAVES = (2, 3, 4)  # surveys at the ends of months 12, 18, 24
PERCEIVED = [f"perceived_{name}" for name in tables.DIMENSIONS]
EXPECTED = [f"expected_{name}" for name in tables.DIMENSIONS]
NEEDS = [f"importance_{name}" for name in tables.DIMENSIONS[1:]]  # they sum to 100
READS = ("survey", "relationship", "customers", "contracts", "orders", "customer_months")
FILE = ["wave", "channel", "region", "age_group", "log_months"]


def answers(firm: world.Firm) -> pd.DataFrame:
    """Scores of the waves, with what the file says of those who answered."""
    survey = firm["survey"][firm["survey"].wave.isin(WAVES)].reset_index(drop=True)
    scores = satisfaction.score_rater(survey).respondents.rename(columns={"respondent": "customer_id"})
    table = scores.merge(firm["customers"][["customer_id", "since", "channel", "region", "age_group"]], on="customer_id")
    asked = table.wave.map({wave: pd.Timestamp(firm.day(6 * wave + 1)) for wave in WAVES})
    table = table.assign(log_months=np.log1p((asked - table.since).dt.days / 30.44), asked=asked)
    if firm.industry.contract:
        contract = firm["contracts"].drop_duplicates("customer_id", keep="last")
        table = table.merge(contract[["customer_id", "monthly_fee", "term_months"]], on="customer_id", how="left")
        table["log_fee"] = np.log(table.monthly_fee)
    return table


def year_after(firm: world.Firm, asked: pd.DataFrame) -> pd.DataFrame:
    """Whether some customers were still there (without contract: bought) in the year after a day, and what they brought."""
    parts = []
    for day, rows in asked.groupby("asked"):
        end = day + pd.DateOffset(years=1)
        months = firm["customer_months"]
        profit = months[(months.month >= day) & (months.month < end)].groupby("customer_id").profit.sum()
        if firm.industry.contract:
            there = firm["contracts"].customer_id[~(firm["contracts"].ended < end)]
        else:
            there = firm["orders"].customer_id[(firm["orders"].order_date >= day) & (firm["orders"].order_date < end)]
        brought = profit.reindex(rows.customer_id, fill_value=0.0).to_numpy()
        parts.append(rows.assign(stays=rows.customer_id.isin(there).astype(int), profit=brought))
    return pd.concat(parts).sort_index()


def noise(firm: world.Firm, table: pd.DataFrame) -> dict[str, float]:
    """The reliability of each score: alpha of its items; of satisfaction, what it shares with recommendation and trust."""
    survey = satisfaction.read_survey(firm["survey"][firm["survey"].wave.isin(WAVES)].reset_index(drop=True))
    known = {}
    for kind in ("perceived", "expected"):
        items = survey.items(kind)
        for name in tables.DIMENSIONS:
            own = [column for column in items if column.removeprefix(f"{kind}_").startswith(name)]
            known[f"{kind}_{name}"] = measurement.reliability(items[own].dropna()).alpha
    trust = firm["relationship"].set_index(["customer_id", "wave"]).filter(like="trust_").mean(axis=1).rename("trust")
    triad = table.join(trust, on=["customer_id", "wave"])[["overall_satisfaction", "recommendation", "trust"]].astype(float)
    r = triad.corr().to_numpy()
    return known | {"overall_satisfaction": r[0, 1] * r[0, 2] / r[1, 2]}


@lru_cache(maxsize=1)
def chain(firm: world.Firm) -> dict[str, tuple[float, ...]]:
    """For satisfaction, staying and profit: truth, estimate and interval of the chain, and interval of the naive one.

    Nobody is asked again in the year after, so that satisfaction has no truth here.
    """
    table = year_after(firm, answers(firm))
    controls = [*FILE, *EXPECTED, *NEEDS, *(["log_fee", "term_months"] if firm.industry.contract else [])]
    fit = loyalty.fit_chain(
        table.assign(wave=table.wave.astype(str)), service=PERCEIVED, satisfaction="overall_satisfaction", controls=controls,
        cluster="customer_id", reliability=noise(firm, table),
    )  # fmt: skip
    last = table[table.wave == WAVES[-1]]
    better = year_after(firm.rerun(reliability=SHIFT, start=6 * WAVES[-1] + 1, cost=0), last)
    shift, numbers = {"perceived_reliability": SHIFT}, {}
    for outcome in ("satisfaction", "stays", "profit"):
        effects = (each.effect(shift) for each in (fit, fit.naive))
        rows = [effect[(effect.outcome == outcome) & (effect.path == "in all")].iloc[0] for effect in effects]
        truth = (better[outcome] - last[outcome]).mean() if outcome in better else np.nan
        numbers[outcome] = (truth, *rows[0][["estimate", "low", "high"]], *rows[1][["estimate", "low", "high"]])
    return numbers | {"bend": (fit.bend_p_value, *fit.bend.estimate)}


def holds(outcome: str, firm: world.Firm) -> bool:
    truth, _, low, high, *_ = chain(firm)[outcome]
    return low <= truth <= high


def sees(outcome: str, firm: world.Firm) -> bool:
    return chain(firm)[outcome][2] > 0


def misleads(outcome: str, firm: world.Firm) -> bool:
    truth, _, _, _, _, low, high = chain(firm)[outcome]
    return not low <= truth <= high


ROWS = (
    Row("the chain finds that reliability makes content", "fit_chain, half a point: the interval lies above 0", 2_000,
        partial(sees, "satisfaction"), industries=("retailer-v2",)),
    Row("the chain holds the re-run firm's gain in profit", "95 % interval", 2_000, partial(holds, "profit"),
        industries=("retailer-v2",)),
    Row("the naive chain misses the gain in profit", "95 % interval", 2_000, partial(misleads, "profit"),
        industries=("retailer-v2",)),
    Row("the chain finds that reliability keeps customers", "fit_chain, half a point: the interval lies above 0", 10_000,
        partial(sees, "stays"), industries=("telecom-v2",)),
    Row("the chain holds the re-run firm's gain in staying", "95 % interval", 10_000, partial(holds, "stays")),
    Row("the naive chain misses the gain in staying", "95 % interval", 10_000, partial(misleads, "stays")),
    Row("the chain holds the re-run firm's gain in profit", "95 % interval", 10_000, partial(holds, "profit")),
    Row("the naive chain misses the gain in profit", "95 % interval", 10_000, partial(misleads, "profit")),
)  # fmt: skip


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for industry in sys.argv[2:] or ("telecom-v2", "retailer-v2"):
        reads = [name for name in READS if name != "contracts" or PRESETS[industry].contract]
        print("industry,seed,outcome,truth,estimate,low,high,naive,naive_low,naive_high", flush=True)
        for seed in range(1001, 1001 + number):
            for outcome, row in chain(world.simulate(industry, customers=10_000, seed=seed, tables=reads)).items():
                print(f"{industry},{seed},{outcome}", *(f"{value:.5f}" for value in row), sep=",", flush=True)
