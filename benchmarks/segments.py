"""Segments: false alarms and finds of the test of existence, stability by starts, seconds beside scikit-learn and stepmix.

python benchmarks/segments.py --clouds 40     # of each kind
python benchmarks/segments.py --stability
python benchmarks/segments.py --needs 20      # firms
python benchmarks/segments.py --kmeans
python benchmarks/segments.py --classes       # beside stepmix, in an environment of its own
"""

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from segment_clouds import SEPARATED, UNSTRUCTURED, cloud, fit_from_patterns

from crmlab import segmentation, world
from crmlab.segmentation import columns, existence, kmeans, stability

HERE = Path(__file__).resolve().parent
PEER = """
import json, sys, time
import numpy as np
from stepmix.stepmix import StepMix
values = np.load(sys.argv[1])
options = {"n_init": 1, "random_state": 1, "max_iter": 5000, "abs_tol": 1e-8, "rel_tol": 1e-10, "progress_bar": 0}
model = StepMix(n_components=int(sys.argv[2]), measurement="binary", **options)
start = time.perf_counter()
model.fit(values)
print(json.dumps({"seconds": time.perf_counter() - start, "loglik": float(model.score(values)) * len(values)}))
"""


def clouds(count: int) -> None:
    """Print in how many clouds of each kind segments are said to exist: 150 customers, k = 2 to 4, 19 references."""
    totals = dict.fromkeys(("unstructured", "separated"), (0, 0))
    for kind in (*UNSTRUCTURED, *SEPARATED):
        claims = 0
        for seed in range(count):
            values = cloud(kind, 150, seed=seed).to_numpy(float)
            answer = existence.existence(
                values, (2, 3, 4), kmeans.fit_kmeans, categorical=False, draws=19, starts=3, draw=np.random.default_rng(seed)
            )
            claims += answer.p_any <= 0.05
        group = "unstructured" if kind in UNSTRUCTURED else "separated"
        totals[group] = tuple(map(sum, zip(totals[group], (claims, count), strict=True)))
        print(f"| {kind} | {claims} of {count} |", flush=True)
    for group, (claims, number) in totals.items():
        low, high = stats.binomtest(claims, number).proportion_ci(0.95)
        print(f"| all {group} | {claims} of {number}: {claims / number:.3f} ({low:.3f} to {high:.3f}) |", flush=True)


def stability_by_starts() -> None:
    """Print the median adjusted Rand index of 100 pairs of bootstrap samples of McDonald's survey, by starts of k-means.

    The last column takes the starts of the record: ten, from patterns drawn at random.
    """
    patterns = pd.read_csv(HERE.parent / "tests" / "published" / "mcdonalds_patterns.csv")
    values, weight, _ = columns.distinct_rows(patterns.drop(columns="count").to_numpy(float), patterns["count"].to_numpy())
    ours = partial(kmeans.fit_kmeans, standardized=False)
    for k in (2, 3, 4, 5, 6):
        solution = ours(values, weight, k, 60, 1)
        medians = []
        for method, starts in ((ours, 1), (ours, 3), (ours, 10), (ours, 30), (fit_from_patterns, 10)):
            draw = np.random.default_rng(k)
            with kmeans.few_threads(len(values)):
                compared = stability.stability(values, weight, solution, method, pairs=100, starts=starts, draw=draw)
            medians.append(np.median(compared.agreement))
        print(f"| {k} | " + " | ".join(f"{each:.3f}" for each in medians) + " |", flush=True)


def needs(count: int) -> None:
    """Print how far needs are recovered from importance points: Rand index at k = 4, stability at 4 and 6, best share."""
    rows = []
    for seed in range(1001, 1001 + count):
        firm = world.simulate("retailer-v2", customers=2_000, seed=seed)
        answers = firm["survey"].drop_duplicates("customer_id").set_index("customer_id").filter(like="importance_")
        need = firm.truth["customers"].set_index("customer_id").need[answers.index]
        compared = segmentation.compare_k(answers, (4, 6), standardized=False, draws=0, pairs=20, seed=1)
        fit = segmentation.fit_segments(answers, 4, standardized=False, seed=1)
        labels = fit.predict(answers).segment
        counts = pd.crosstab(labels, need)
        rows.append({
            "customers": len(answers), "rand": segmentation.adjusted_rand(labels, need),
            "right": counts.max(axis=1).sum() / len(answers),
            "best": known_needs(answers, need),
            "stable_4": compared.table.agreement[0], "stable_6": compared.table.agreement[1],
        })  # fmt: skip
    table = pd.DataFrame(rows)
    print(table.describe().loc[["mean", "min", "50%", "max"]].round(3).to_string())
    print(f"Rand index at least .45 in {(table.rand >= 0.45).mean():.0%} of {count} firms", flush=True)


def known_needs(answers: pd.DataFrame, need: pd.Series) -> float:
    """Share put right by who knows each need's own cloud, judged on customers that did not make it: about Bayes' best."""
    values = answers.to_numpy(float)[:, :-1]  # the points add up to 100
    fold, right = np.arange(len(values)) % 5, 0
    for part in range(5):
        scores = []
        for name in sorted(need.unique()):
            own = values[((need == name) & (fold != part)).to_numpy()]
            normal = stats.multivariate_normal(own.mean(axis=0), np.cov(own, rowvar=False), allow_singular=True)
            scores.append(normal.logpdf(values[fold == part]) + np.log(len(own)))
        right += (np.array(sorted(need.unique()))[np.argmax(scores, axis=0)] == need.to_numpy()[fold == part]).sum()
    return right / len(values)


def kmeans_beside_scikit() -> None:
    """Print seconds of k-means of a million customers in three columns, ours and bare scikit-learn's, in turn."""
    from sklearn.cluster import KMeans

    table = pd.DataFrame(np.random.default_rng(1).gamma(2, 1, (1_000_000, 3)), columns=list("abc"))
    for _ in range(3):
        start = time.perf_counter()
        points = ((table - table.mean()) / table.std(ddof=0)).to_numpy()
        bare = KMeans(4, n_init=5, random_state=1).fit(points)
        middle = time.perf_counter()
        ours = segmentation.fit_segments(table, 4, starts=5, seed=1)
        end = time.perf_counter()
        print(f"bare {middle - start:.1f} s, ours {end - middle:.1f} s, ratio {(end - middle) / (middle - start):.2f}; within "
              f"{bare.inertia_:.1f} {ours.within:.1f}", flush=True)  # fmt: skip


def classes_beside_stepmix() -> None:
    """Print seconds of latent classes of 100,000 rows in eleven columns, one start each, and both log-likelihoods."""
    draw = np.random.default_rng(1)
    patterns = pd.read_csv(HERE.parent / "tests" / "published" / "mcdonalds_patterns.csv")
    rows = patterns.drop(columns="count").to_numpy()
    values = rows[draw.choice(len(rows), 100_000, p=patterns["count"] / patterns["count"].sum())]
    values = np.where(draw.random(values.shape) < 0.05, 1 - values, values)
    table = pd.DataFrame(values, columns=list("abcdefghijk"))
    start = time.perf_counter()
    fit = segmentation.fit_segments(table, 5, method="latent classes", starts=1, seed=1)
    print(f"ours: {time.perf_counter() - start:.2f} s with errors, log-likelihood {fit.loglik:.3f}")
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "values.npy"), values)
        python = Path(folder, "stepmix", "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "stepmix"], check=True)
        ran = subprocess.run(
            [str(python), "-c", PEER, str(Path(folder, "values.npy")), "5"], check=True, capture_output=True, text=True
        )
        print("stepmix:", ran.stdout.splitlines()[-1], flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clouds", type=int, default=0)
    parser.add_argument("--needs", type=int, default=0)
    for flag in ("--stability", "--kmeans", "--classes"):
        parser.add_argument(flag, action="store_true")
    chosen = parser.parse_args()
    if chosen.clouds:
        clouds(chosen.clouds)
    if chosen.stability:
        stability_by_starts()
    if chosen.needs:
        needs(chosen.needs)
    if chosen.kmeans:
        kmeans_beside_scikit()
    if chosen.classes:
        classes_beside_stepmix()
