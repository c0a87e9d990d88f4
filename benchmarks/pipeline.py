"""The pipeline: do forecast intervals hold what they promise, how far off is the weighted-stage rule, is a chain found again?

Forecasts the next quarter of `manufacturer-v1` at the end of eight quarters of each firm, from what was known then, and counts
in the firm's own books what came. With `--recovery` it draws pipelines by `development.simulate_pipeline` and counts in how
many all chances of the chain lie within their intervals together (Bonferroni), and how often a test contradicts a true chain.

    python benchmarks/pipeline.py --firms 20            # some minutes
    python benchmarks/pipeline.py --recovery 2000
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))
from crmlab import development, world

DAYS = pd.date_range("2023-12-31", "2025-09-30", freq="QE")
LEVELS = (0.8, 0.95)
STAGES = ("call", "visit", "offer")
TRUTH = pd.DataFrame(
    {"call": [0, 0, 0.1], "visit": [0.5, 0, 0], "offer": [0.1, 0.6, 0], "won": [0, 0.05, 0.4], "lost": [0.4, 0.35, 0.5]},
    index=list(STAGES),
)
STAGE_DAYS = {"call": 10, "visit": 20, "offer": 40}
ENTRIES = {"call": 0.7, "visit": 0.3}


def forecast_firm(seed: int) -> pd.DataFrame:
    """Return a row for each quarter and measure: what came, the forecast, its intervals, and what simpler rules said."""
    firm = world.simulate("manufacturer-v1", customers=2_000, seed=seed)
    deals, events = firm["deals"], firm["stage_events"]
    log = development.stage_log(events[events.prospect_id.isin(deals.prospect_id)])
    books = firm["prospects"].merge(deals, on="prospect_id").query("outcome == 'won'")
    rows = []
    for day in DAYS:
        forecast = development.forecast_pipeline(log, deals, day=day, months=3, seed=seed)
        end, before = day + pd.offsets.QuarterEnd(), day - pd.offsets.QuarterEnd()
        came = books[(books.closed > day) & (books.closed <= end)]
        last = books[(books.closed > before) & (books.closed <= day)]
        past = development.stage_log(log.table, until=day)
        win = development.fit_transitions(past).outlook().query("measure == 'win'").set_index("stage").estimate
        measured = forecast.deals.stage.map(win)
        for name, total, of_last, rule in (
            ("wins", float(len(came)), float(len(last)), measured.sum()),
            ("amount", came.deal_value.sum(), last.deal_value.sum(), (measured * forecast.deals.expected_value).sum()),
        ):
            row = {
                "seed": seed,
                "day": day,
                "measure": name,
                "came": total,
                "as last quarter": of_last,
                "measured weights": rule,
            }
            for level in LEVELS:
                table = forecast.interval(level).set_index("part")
                low, high = table.loc["all", [f"{name}_low", f"{name}_high"]]
                row |= {"chain": table.loc["all", name], "weighted stages": table.loc["weighted stages", name]}
                row[f"held {level:.0%}"] = low <= total <= high
            rows.append(row)
    return pd.DataFrame(rows)


def print_forecasts(firms: int) -> None:
    """Print coverage and errors over firms."""
    table = pd.concat([forecast_firm(seed) for seed in range(1, firms + 1)], ignore_index=True)
    rules = ["chain", "as last quarter", "measured weights", "weighted stages"]
    print(
        f"{firms} firms x {len(DAYS)} quarters\n\n| measure | mean that came | 80 % held | 95 % held | bias | "
        f"mean absolute error: {' | '.join(rules)} |\n|{'---|' * (5 + len(rules))}"
    )
    for name, rows in table.groupby("measure", sort=False):
        errors = rows[rules].sub(rows.came, axis=0)
        mean = rows.came.mean()
        shares = " | ".join(f"{errors[way].abs().mean() / mean:.1%}" for way in rules)
        covered = " | ".join(f"{rows[f'held {level:.0%}'].mean():.1%}" for level in LEVELS)
        print(f"| {name} | {mean:,.0f} | {covered} | {errors['chain'].mean() / mean:+.1%} | {shares} |")
    by_firm = table.groupby(["measure", "seed"], sort=False)[[f"held {level:.0%}" for level in LEVELS]].mean()
    print(
        f"\nstandard error of the shares held, firms as clusters: {by_firm.groupby('measure').sem().round(3).to_dict('index')}"
    )


def recovered(seed: int) -> np.ndarray:
    """Return whether the truth lies in all intervals of one pipeline, in single ones of the outlook, and which tests reject."""
    events = development.simulate_pipeline(TRUTH, STAGE_DAYS, deals=1_500, days=600, entries=ENTRIES, seed=seed)
    fit = development.fit_transitions(development.stage_log(events, stages=STAGES))
    count = len(fit.table)
    joint = fit.interval(1 - 0.05 / count)
    true = np.array([TRUTH.loc[row.stage, row.to] for row in joint.itertuples()])
    box = ((joint.low <= true) & (true <= joint.high)).all()
    outlook = fit.outlook()
    known = np.concatenate([true_outlook()[stage] for stage in STAGES])
    inside = ((outlook.low <= known) & (known <= outlook.high)).to_numpy().reshape(len(STAGES), -1).mean(axis=0)
    return np.array([box, *inside, *(fit.tests.p_value < 0.05)])


def true_outlook() -> dict[str, np.ndarray]:
    """Return chance to win, steps, days, days of the won of each stage, by sums over the truth."""
    inner, days = TRUTH[list(STAGES)].to_numpy(), np.array([STAGE_DAYS[name] for name in STAGES])
    visits = np.linalg.inv(np.eye(len(STAGES)) - inner)
    win = visits @ TRUTH["won"].to_numpy()
    numbers = np.column_stack([win, visits.sum(axis=1), visits @ days, visits @ (days * win) / win])
    return dict(zip(STAGES, numbers, strict=True))


def print_recovery(runs: int) -> None:
    """Print the shares of pipelines in which intervals hold."""
    shares = np.mean([recovered(seed) for seed in range(1, runs + 1)], axis=0)
    low, high = stats.binom.interval(0.95, runs, 0.95)
    names = ["all transitions (Bonferroni)", "chance to win", "steps", "days", "days of the won"]
    print(
        f"| intervals of 95 % | hold the truth ({runs:,} pipelines; chance {low / runs:.1%} to {high / runs:.1%}) |\n|---|---|"
    )
    for name, share in zip(names, shares[:5], strict=True):
        print(f"| {name} | {share:.1%} |")
    print(
        "\nrejected at 5 % although it is a chain: stage before, when, where: "
        + ", ".join(f"{each:.1%}" for each in shares[5:])
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=0)
    parser.add_argument("--recovery", type=int, default=0)
    asked = parser.parse_args()
    if asked.recovery:
        print_recovery(asked.recovery)
    if asked.firms or not asked.recovery:
        print_forecasts(asked.firms or 20)
