"""BTYD: do intervals hold what they promise?

Customers are drawn from published parameters and fitted again, 2,000 times for each model. Told are, for each parameter
and each prediction: the share of 95 % intervals that hold the truth; the mean error of the estimate in standard errors; and
the mean standard error beside how much estimates truly vary (parameters by their logarithms). Predictions are of

- the purchases that are to be expected of all customers together in the next year (52 weeks; donors: five years), and the
  value of twenty of them for ever at 10 % a year: the truth is the expectation under the true parameters, given the same
  histories (confidence intervals);
- what all of them then really spend (prediction interval of ``forecast_revenue``);
- what single customers then really buy (``forecast``): the first twenty, and the twenty who bought most. Counts are whole, so
  these intervals hold at least what they promise, and only too few is a fault.

With a covariate expectations cost far more, so there the first 100 customers stand for all, and what they spend is left out:
the revenue of so few is too skewed for an interval that rests on sums of many.

Beside each share is the joint band within which all of them lie in 95 % of such studies if every interval were exact
(binomial over the runs, Bonferroni over all rows of the table). Fits that ended in ``ConvergenceError`` or left a parameter
weak (no interval) are counted. Ends with status 1 if a share misses its band.

Intervals hold what they promise once samples are large enough. 4,000 customers are, but for MBG/NBD and Pareto/NBD, whose
likelihoods are more crooked: they get 20,000 (at 4,000 b of MBG/NBD holds .923 and beta of Pareto/NBD .970).

    python benchmarks/btyd_coverage.py
    python benchmarks/btyd_coverage.py --customers 500
    python benchmarks/btyd_coverage.py --models pareto_nbd --customers 30000 --runs 500
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats
from tqdm.auto import tqdm

from crmlab import btyd
from crmlab._likelihood import Fit
from crmlab.btyd import histories, prediction
from crmlab.btyd import spend as spending
from crmlab.errors import ConvergenceError

LEVEL, SINGLES = 0.95, 20
CUSTOMERS = {"mbgnbd": 20_000, "pareto_nbd": 20_000}  # others 4,000
# CDNOW (Fader, Hardie & Lee 2005; MBG/NBD: BTYDplus), donations (Fader, Hardie & Shang 2010), spend (Fader & Hardie 2013)
TRUTH = {
    "bgnbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "bgnbd with a covariate": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbgnbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "bgbb": {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
}
EFFECT = {"alpha: z": 0.5, "a: z": 0.3, "b: z": -0.2}  # nobody published such; z is 0 for one half and 1 for the other
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
WEEKS, AHEAD = (30, 33, 36, 39), 52  # ages of four cohorts
YEARS, YEARS_AHEAD = 6, 5  # of donations


def draw(model: str, customers: int, seed: int) -> pd.DataFrame:
    """Histories and what comes after the cut."""
    if model == "bgbb":
        return btyd.simulate_purchases(
            model, TRUTH[model], customers=customers, weeks=YEARS, seed=seed, holdout_weeks=YEARS_AHEAD
        )
    kind, z = model.split()[0], np.arange(2 if "covariate" in model else 1)
    groups = []
    for place, (weeks, moved) in enumerate((weeks, moved) for weeks in WEEKS for moved in z):
        truth = TRUTH[model] | {
            name.split(":")[0]: TRUTH[model][name.split(":")[0]] * np.exp((-1 if "alpha" in name else 1) * effect * moved)
            for name, effect in (EFFECT.items() if moved else ())
        }
        size = customers // (len(WEEKS) * z.size)
        group = btyd.simulate_purchases(kind, truth, customers=size, weeks=weeks, seed=seed + place, holdout_weeks=AHEAD)
        groups.append(group.assign(z=moved))
    return pd.concat(groups, ignore_index=True).sample(frac=1, random_state=seed)


FIT = {
    "bgnbd": btyd.fit_bgnbd,
    "bgnbd with a covariate": lambda summary: btyd.fit_bgnbd(summary, covariates=["z"]),
    "mbgnbd": btyd.fit_mbgnbd,
    "pareto_nbd": btyd.fit_pareto_nbd,
    "bgbb": btyd.fit_bgbb,
}


def parameters(fit: Fit, truth: dict[str, float]) -> dict[str, tuple]:
    """Of each parameter: does its interval hold the truth, its error, its standard error."""
    ends = fit.interval(LEVEL).set_index("parameter")
    at = pd.Series(fit.estimate.optimum, fit.params.index)
    errors = pd.Series(np.sqrt(np.diag(fit.estimate.covariance)), fit.params.index)
    coverage = {}
    for name, true in truth.items():
        if name in fit.weak:
            coverage[name] = (None, np.nan, np.nan)
            continue
        low, high = ends.loc[name]
        coverage[name] = (bool(low <= true <= high), at[name] - (true if ": " in name else np.log(true)), errors[name])
    return coverage


def expectation(fit: btyd.PurchaseFit, table: pd.DataFrame, weeks: float, annual_rate: float) -> prediction.ExpectedPurchases:
    """Expected purchases and their slopes, as arrays."""
    horizon, rate = prediction.check_horizon(fit.model, weeks, annual_rate)
    rows = histories.read_histories(table, fit.model, fit.covariates)
    return prediction.expected_purchases(fit.model, fit.estimate, rows, horizon, rate)


def total(estimate: float, true: float, error: float) -> tuple[bool, float, float]:
    """Likewise of a positive total, by its logarithm."""
    deviation = np.log(estimate / true)
    return bool(abs(deviation) <= stats.norm.ppf((1 + LEVEL) / 2) * error / estimate), deviation, error / estimate


def one(model: str, run: int, customers: int, seed: int) -> tuple[str, dict[str, tuple] | None]:
    """One study: what each interval of one simulated table held."""
    seed_drawn, seed_spend, seed_forecast, seed_paid = (
        int(state) for state in np.random.SeedSequence([seed, run]).generate_state(4)
    )
    summary = draw(model, customers, seed_drawn)
    amounts = btyd.simulate_spend(SPEND, summary.frequency, seed=seed_spend)
    summary["monetary_value"] = amounts.monetary_value.to_numpy()
    try:
        fit, spend = FIT[model](summary), btyd.fit_gamma_gamma(summary)
    except ConvergenceError:
        return model, None
    truth = TRUTH[model] | (EFFECT if fit.covariates else {})
    coverage = parameters(fit, truth)
    if model == "bgnbd":
        coverage |= {f"gamma-gamma {name}": values for name, values in parameters(spend, SPEND).items()}
    # the same fits as if their parameters were known
    at = np.array([value if ": " in name else np.log(value) for name, value in truth.items()])
    exact = replace(fit, estimate=replace(fit.estimate, optimum=at))
    exact_spend = replace(spend.estimate, optimum=np.log(list(SPEND.values())))
    ahead = YEARS_AHEAD if model == "bgbb" else AHEAD

    some, few = summary.head(100) if fit.covariates else summary, summary.head(SINGLES)
    estimated = expectation(fit, some, ahead, 0.0)
    error = fit.estimate.std_errors(estimated.jacobian.sum(axis=1, keepdims=True))[0]
    expected = expectation(exact, some, ahead, 0.0).purchases
    coverage["expected purchases"] = total(estimated.purchases.sum(), expected.sum(), error)
    value = btyd.customer_value(fit, spend, few, annual_rate=0.1)
    worth = expectation(exact, few, np.inf, 0.1).purchases * spending.expected_spend(exact_spend, few)[0]
    coverage["expected value"] = total(value.total, worth[value.table.spend.notna()].sum(), value.total_std_error)

    if not fit.covariates:
        later, rate = summary.holdout_purchases.to_numpy(), SPEND["p"] / amounts.own_mean.to_numpy()
        paid = np.random.default_rng(seed_paid).gamma(np.maximum(SPEND["p"] * later, 1e-9)) / rate * (later > 0)
        revenue = btyd.forecast_revenue(fit, spend, summary, weeks=ahead, level=LEVEL, draws=20, seed=seed_forecast)
        sure = float(np.hypot(revenue.parameter_error, revenue.chance))
        covered = bool(revenue.low <= paid.sum() <= revenue.high)
        coverage["revenue that came"] = (covered, revenue.revenue - paid.sum(), sure)
    for name, rows in (
        ("purchases of single customers that came", few),
        ("the same, frequent buyers", summary.sort_values("frequency", ascending=False, kind="stable").head(SINGLES)),
    ):
        forecast = fit.forecast(rows, ahead, level=LEVEL, draws=400, seed=seed_forecast)
        covered = rows.holdout_purchases.between(forecast.low, forecast.high)
        coverage[name] = (float(covered.mean()), np.nan, np.nan)
    return model, coverage


def gather(models: list[str], runs: int, customers: int | None, workers: int, seed: int) -> Iterator[tuple[str, dict | None]]:
    """All studies, as they end."""
    jobs = [(model, run) for run in range(runs) for model in models]
    sizes = {model: customers or CUSTOMERS.get(model, 4_000) for model in models}
    work = Parallel(workers, return_as="generator_unordered")(delayed(one)(*job, sizes[job[0]], seed) for job in jobs)
    return iter(tqdm(work, total=len(jobs), desc="coverage", unit=" fits"))


def report(studies: Iterable[tuple[str, dict | None]], models: list[str]) -> bool:
    """Print the table; whether every share lies in its band."""
    coverage, failed, weak = defaultdict(list), Counter(), Counter()
    for model, study in studies:
        if study is None:
            failed[model] += 1
            continue
        weak[model] += any(covered is None for covered, *_ in study.values())
        for name, values in study.items():
            coverage[model, name].append(values)
    print(
        "| model | of | intervals | share that holds | joint band | error / SE | SE / SD of estimates |\n"
        "|---|---|---|---|---|---|---|"
    )
    all_covered, tail = True, (1 - LEVEL) / 2 / len(coverage)
    for (model, name), values in sorted(coverage.items(), key=lambda row: models.index(row[0][0])):
        covered, deviation, error = np.array([row for row in values if row[0] is not None], dtype=float).T
        low, high = stats.binom.ppf([tail, 1 - tail], covered.size, LEVEL) / covered.size
        single = np.isnan(deviation).all()
        high = 1.0 if single else high  # customers of one table are not independent: the band is of one a table, so wide
        missed = not low <= covered.mean() <= high
        all_covered &= not missed
        errors = " | " if single else f"{deviation.mean() / error.mean():+.3f} | {error.mean() / deviation.std(ddof=1):.3f}"
        print(
            f"| {model} | {name} | {covered.size:,} | {covered.mean():.4f}{' MISSED' if missed else ''} | "
            f"{low:.4f} to {high:.4f} | {errors} |"
        )
    print("\n| model | no maximum reached | fits with a weak parameter |\n|---|---|---|")
    for model in models:
        print(f"| {model} | {failed[model]} | {weak[model]} |")
    return all_covered


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--customers", type=int, help="of every model (default: 4,000, or 20,000 where that is too few)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--models", nargs="+", choices=list(TRUTH), default=list(TRUTH))
    asked = parser.parse_args()
    size = f"{asked.customers:,}" if asked.customers else "4,000 (MBG/NBD and Pareto/NBD: 20,000)"
    print(f"{asked.runs:,} tables of {size} customers for each model, seed {asked.seed}\n", flush=True)
    begun = time.perf_counter()
    kept = report(gather(asked.models, asked.runs, asked.customers, asked.workers, asked.seed), asked.models)
    print(f"\n{time.perf_counter() - begun:,.0f} seconds on {asked.workers} processes.")
    sys.exit(0 if kept else 1)
