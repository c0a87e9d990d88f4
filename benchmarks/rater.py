"""RATER: do intervals hold what they promise, and does it all work for 100,000 respondents?

Coverage: 2,000 surveys with known truth. For each set of parameters the share of 95 % intervals that hold the truth,
smallest and largest, beside the joint band within which all of them lie in 95 % of such studies if every interval were
exact (binomial, Bonferroni over the parameters). Ordinal answers: the mean loading by plain and by polychoric
correlations. Scale: seconds and peak memory of each step.

    python benchmarks/rater.py --coverage
    python benchmarks/rater.py --ordinal
    python benchmarks/rater.py --scale
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise, repeat

import numpy as np
from scipy import stats

from crmlab import measurement, satisfaction
from crmlab.satisfaction.relative_importance import relative_importance

LOADINGS = np.linspace(0.5, 0.9, 22)
WEIGHTS = np.array([0.32, 0.18, 0.08, 0.14, 0.28])
CORRELATION, NOISE = 0.5, 0.6


def survey(seed: int, n: int, **options) -> satisfaction.Survey:
    settings = {
        "loading": list(LOADINGS),
        "weights": list(WEIGHTS),
        "noise": NOISE,
        "correlation": CORRELATION,
        "categories": None,
    }
    return satisfaction.simulate_survey(n, seed=seed, **settings | options)


def driver_truth() -> np.ndarray:
    """LMG in the population, from the covariances of dimension means."""
    model = satisfaction.rater().model
    bounds = np.cumsum([0, *map(len, model.values())])
    means = np.array([LOADINGS[a:b].mean() for a, b in pairwise(bounds)])
    unique = np.array([(1 - LOADINGS[a:b] ** 2).sum() / (b - a) ** 2 for a, b in pairwise(bounds)])
    covariance = CORRELATION * np.outer(means, means) + np.diag((1 - CORRELATION) * means**2 + unique)
    with_outcome = covariance @ WEIGHTS
    whole = np.block(
        [[covariance, with_outcome[:, None]], [with_outcome[None], np.array([[WEIGHTS @ with_outcome + NOISE**2]])]]
    )
    return relative_importance(whole[None], np.zeros((1, len(whole)))).lmg[0]


def intervals_hold(seed: int, n: int) -> dict[str, list[bool]]:
    """Which intervals of one survey hold the truth."""
    answers = survey(seed, n)
    fit = measurement.fit_cfa(answers.items("perceived"), answers.instrument.model)
    ends = fit.interval(standardized=True)
    loadings, correlations = ends.iloc[: LOADINGS.size], ends.iloc[-10:]
    inside = {"loadings": (loadings.low <= LOADINGS) & (loadings.high >= LOADINGS)}
    inside["correlations"] = (correlations.low <= CORRELATION) & (correlations.high >= CORRELATION)
    scores = satisfaction.score_rater(answers)
    truth = np.array([-0.9, -0.3, 0.1, -0.4, -0.7])
    inside["gaps"] = (scores.table.low <= truth) & (truth <= scores.table.high)
    drivers = satisfaction.fit_drivers(scores, seed=seed, draws=1_000).interval()
    for name, true in (("slope", WEIGHTS), ("lmg", driver_truth())):
        ends = drivers[drivers.measure == name]
        inside[f"drivers: {name}"] = (ends.low.to_numpy() <= true) & (true <= ends.high.to_numpy())
    alphas = []
    for items in answers.instrument.model.values():
        place = [list(answers.instrument.items["item"]).index(item) for item in items]
        load = LOADINGS[place]
        k, total = len(load), load.sum() ** 2 + (1 - load**2).sum()
        low, high = measurement.reliability(answers.items("perceived")[items]).interval()
        alphas.append(low <= k / (k - 1) * (1 - k / total) <= high)
    inside["alpha"] = alphas
    return {name: [bool(holds) for holds in values] for name, values in inside.items()}


def coverage(runs: int, n: int, workers: int, seed: int) -> None:
    with ProcessPoolExecutor(workers) as pool:
        surveys = list(pool.map(intervals_hold, range(seed, seed + runs), repeat(n), chunksize=20))
    print(
        f"{runs:,} surveys of {n} respondents\n\n| parameters | number | smallest | largest | joint band |\n"
        "|---|---|---|---|---|"
    )
    for name in surveys[0]:
        share = np.mean([inside[name] for inside in surveys], axis=0)
        low, high = stats.binom.ppf([0.025 / share.size, 1 - 0.025 / share.size], runs, 0.95) / runs
        verdict = "" if low <= share.min() and share.max() <= high else " MISSED"
        print(f"| {name} | {share.size} | {share.min():.3f} | {share.max():.3f} | {low:.3f} to {high:.3f}{verdict} |")


def loadings(seed: int, n: int, categories: int) -> tuple[np.ndarray, np.ndarray]:
    answers = survey(seed, n, categories=categories)
    items, model = answers.items("perceived"), answers.instrument.model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(
            measurement.fit_cfa(items, model, correlations=kind).loadings.standardized.to_numpy()
            for kind in ("pearson", "polychoric")
        )


def ordinal(runs: int, n: int, workers: int) -> None:
    print(
        f"{runs:,} surveys of {n} respondents\n\n"
        "| categories | correlations | mean loading / truth | largest bias | 4 x its Monte-Carlo error |"
    )
    print("|---|---|---|---|---|")
    for categories in (5, 7):
        with ProcessPoolExecutor(workers) as pool:
            estimates = np.array(list(pool.map(loadings, range(runs), repeat(n), repeat(categories), chunksize=20)))
        for place, kind in enumerate(("plain", "polychoric")):
            bias = estimates[:, place].mean(axis=0) - LOADINGS
            error = estimates[:, place].std(axis=0, ddof=1).max() / np.sqrt(runs)
            worst = np.abs(bias).argmax()
            print(
                f"| {categories} | {kind} | {estimates[:, place].mean() / LOADINGS.mean():.4f} | {bias[worst]:+.4f} | "
                f"{4 * error:.4f} |"
            )


def step(name: str, n: int) -> None:
    """One step on n respondents, in this process: prints a JSON line."""
    answers = survey(1, n, categories=7)
    scores = satisfaction.score_rater(answers) if name in ("drivers", "ordinal logit") else None
    raw = answers.rows.copy()
    for item in answers.instrument.items[answers.instrument.items.direction < 0]["item"]:
        for kind in answers.kinds:
            raw[f"{kind}_{item}"] = 8 - raw[f"{kind}_{item}"]
    items, model = answers.items("perceived"), answers.instrument.model
    predictors = [f"perceived_{dimension}" for dimension in answers.instrument.dimensions]
    with tempfile.TemporaryDirectory() as folder:
        from crmlab import report

        file = f"{folder}/answers.parquet"
        raw.to_parquet(file)
        work = {
            "read_survey (Parquet)": lambda: satisfaction.read_survey(file),
            "score_rater": lambda: satisfaction.score_rater(answers),
            "reliability": lambda: measurement.reliability(items[model["reliability"]]),
            "fit_cfa": lambda: measurement.fit_cfa(items, model).table,
            "polychoric": lambda: measurement.polychoric(items),
            "drivers": lambda: satisfaction.fit_drivers(scores, seed=1).interval(),
            "ordinal logit": lambda: satisfaction.fit_ordinal(scores.respondents, "overall_satisfaction", predictors),
            "the whole report": lambda: report.survey_report(file, f"{folder}/report.html"),
        }
        if name == "list":
            print(json.dumps(list(work)))
            return
        start = time.perf_counter()
        work[name]()
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def scale(n: int) -> None:
    def run(name: str, n: int) -> object:
        command = [sys.executable, __file__, "--step", name, "--n", str(n)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1])

    print(f"{n:,} respondents, 22 items twice\n\n| step | seconds | peak MB (with the table made) |\n|---|---|---|")
    for name in run("list", 50):
        measured = run(name, n)
        print(f"| {name} | {measured['seconds']:.2f} | {measured['peak_mb']:,.0f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--ordinal", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--n", type=int, default=0, help="respondents (default: 500, and 100,000 for --scale)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the first survey")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step(asked.step, asked.n)
    if asked.coverage:
        coverage(asked.runs, asked.n or 500, asked.workers, asked.seed)
    if asked.ordinal:
        ordinal(asked.runs, asked.n or 500, asked.workers)
    if asked.scale:
        scale(asked.n or 100_000)
