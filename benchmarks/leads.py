"""Leads: what a proud score, an honest one and a later month say in many firms, and what selection hides of a deal's value.

python benchmarks/leads.py --clicks 20       # firms of each kind
python benchmarks/leads.py --selection 20
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from crmlab import development, world
from crmlab.development import heckman

FIRMS = ("manufacturer-v1", "homebuilder-v1")
KNOWN = ["means", "intent", "page_views", "asked_for_offer", "distance_hours", "channel", "region", "age_group"]
AFTERWARDS = ["steps", "talks", "days"]  # counted when all is over
DRIVERS = ["means", "intent", "log_views"]


def prospects(firm: world.Firm, months: int) -> pd.DataFrame:
    """New prospects of all but the last months, with their deals and three counts that only the end tells."""
    new = firm["prospects"][firm["prospects"].kind == "new"]
    table = new.merge(firm["deals"].drop(columns="customer_id"), on="prospect_id")
    table["steps"] = table.prospect_id.map(firm["stage_events"].groupby("prospect_id").step.max())
    table["talks"] = table.prospect_id.map(firm["objections"].groupby("prospect_id").size()).fillna(0)
    last = pd.Timestamp(firm.day(firm.setting.months + 1)) - pd.Timedelta(days=1)
    table["days"] = (table.closed.fillna(last) - table.created).dt.days
    return table[table.created < pd.Timestamp(firm.day(firm.setting.months + 1 - months))]


def clicks(firm: world.Firm) -> pd.DataFrame:
    """Areas under the curve of a score with what is known afterwards, without it, and tried on later months."""
    table = prospects(firm, 6)
    tries = {
        "proud": {"features": [*KNOWN, *AFTERWARDS], "split": "random", "seed": 1},
        "known at the first contact": {"features": KNOWN, "split": "random", "seed": 1},
        "on later months": {"features": KNOWN},
        "on later months, won within 240 days": {"features": KNOWN, "within_days": 240},
    }
    rows = []
    for click, how in tries.items():
        score = development.fit_lead_score(table, **how)
        performance = score.performance.set_index("model")
        low, high = score.auc_difference()[1:]
        rows.append((click, *performance.auc, *performance.slope, high < 0, low > 0, score.suspects.suspect.sum()))
    names = ["click", "logit", "boosting", "slope_logit", "slope_boosting", "logit_better", "boosting_better", "suspects"]
    return pd.DataFrame(rows, columns=names)


def selection(firm: world.Firm) -> dict[str, float]:
    """What a point of means adds to the log of a deal's value: in all deals, in the won alone, by Heckman's two steps."""
    table = prospects(firm, 12)
    table = table.merge(firm.truth["prospects"][["prospect_id", "deal_value"]], on="prospect_id", suffixes=("", "_true"))
    table["log_views"] = np.log1p(table.page_views)
    design = np.column_stack([np.ones(len(table)), table[DRIVERS]])
    truth = heckman.least_squares(design, np.log(table.deal_value_true.to_numpy()))[0][1]
    fit = development.fit_acquisition(
        table, value_drivers=DRIVERS, win_drivers=[*DRIVERS, "distance_hours"], won="outcome", log=True
    )
    two, alone = fit.table.iloc[1], fit.ols.iloc[1]
    return {
        "all deals": truth, "the won alone": alone.estimate, "two steps": two.estimate, "lambda": fit.table.estimate.iloc[-1],
        "the won alone hold it": abs(alone.estimate - truth) < 1.96 * alone.std_error,
        "two steps hold it": abs(two.estimate - truth) < 1.96 * two.std_error,
        "two steps are nearer": abs(two.estimate - truth) < abs(alone.estimate - truth),
        "expected to seen": fit.predict(table).expected_value.mean() / table.deal_value.fillna(0).mean(),
    }  # fmt: skip


def main() -> None:
    """Print what was asked for, as means over firms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=0, metavar="FIRMS")
    parser.add_argument("--selection", type=int, default=0, metavar="FIRMS")
    asked = parser.parse_args()
    for name in FIRMS:
        firms = [world.simulate(name, customers=2_000, seed=seed + 1) for seed in range(max(asked.clicks, asked.selection))]
        if asked.clicks:
            table = pd.concat([clicks(firm) for firm in firms[: asked.clicks]])
            print(name, table.groupby("click", sort=False).mean().round(3).to_string(), sep="\n")
        if asked.selection:
            print(name, pd.DataFrame([selection(firm) for firm in firms[: asked.selection]]).mean().round(3), sep="\n")


if __name__ == "__main__":
    main()
