"""Does a fit end at the highest maximum? Random tables, and all starts of each followed to their ends.

A start that ends below the best end by more than .001 of log-likelihood has lost. Told for each model: how often the best
start loses, how often the best two do, how often the fit does, by how much, and the most that was known of the least known
direction (information on a logarithm) where the best start lost: below 2 a fit follows all starts. Fits that find no maximum
(ConvergenceError) are counted apart.

    python benchmarks/btyd_maxima.py [--tables 1600] [--seed 1]
"""

import argparse

import numpy as np

from crmlab import btyd
from crmlab._likelihood import Likelihood, Model, Observations, group_observations, maximise, newton_trust_region
from crmlab.btyd import gamma_gamma
from crmlab.btyd.histories import read_histories
from crmlab.btyd.models import MODELS
from crmlab.errors import ConvergenceError

KINDS = (*MODELS, "gamma_gamma")
LOST = 0.001
_GEOMETRIC = {"r": (0.1, 5), "alpha": (0.5, 60), "a": (0.05, 5), "b": (0.3, 10)}
#: Ends of the parameters of each model; of one that is not named here: 0.1 to 5, those in units of time 0.5 to 60.
RANGES = {
    "bgnbd": _GEOMETRIC,
    "mbgnbd": _GEOMETRIC,
    "pareto_nbd": {"r": (0.1, 5), "alpha": (0.5, 60), "s": (0.1, 5), "beta": (0.5, 100)},
    "bgbb": {"alpha": (0.2, 5), "beta": (0.2, 5), "gamma": (0.2, 5), "delta": (0.3, 10)},
}


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Between two ends, evenly by the logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def table(rng: np.random.Generator, kind: str) -> tuple[Model, tuple[np.ndarray, ...]]:
    """Customers of random parameters: the model that fits them and the columns it reads."""
    customers = int(log_uniform(rng, 60, 4_000))
    if kind == "gamma_gamma":
        x = rng.geometric(log_uniform(rng, 0.1, 0.8), customers).astype(float)
        p, q, v = log_uniform(rng, 0.5, 50), log_uniform(rng, 0.7, 8), log_uniform(rng, 1, 200)
        mean = rng.gamma(p * x) / x * v / rng.gamma(q, size=customers)
        if rng.random() < 0.3:  # two kinds of customers, as no gamma distribution has
            mean *= np.where(rng.random(customers) < 0.5, 1, log_uniform(rng, 2, 50))
        return gamma_gamma.MODEL, (x, mean)
    model = MODELS[kind]
    ranges = {name: (0.5, 60) if name in model.scale_parameters else (0.1, 5) for name in model.likelihood.parameters}
    truth = {name: log_uniform(rng, *ends) for name, ends in (ranges | RANGES.get(kind, {})).items()}
    weeks = int(rng.integers(4, 15)) if model.counts_periods else log_uniform(rng, 20, 150)
    drawn = btyd.simulate_purchases(kind, truth, customers=customers, weeks=weeks, seed=int(rng.integers(2**31)))
    return model.likelihood, read_histories(drawn, model).columns


def losses(model: Model, rows: Observations) -> tuple[float, float, float, float]:
    """By how much the best start, the best two and the fit end below the best end; the least that the first knows."""
    likelihood = Likelihood(model, rows)
    starts = sorted(np.log(model.starts(rows.weight, *rows.columns)), key=lambda start: -likelihood(start)[0])
    ends = [newton_trust_region(likelihood, start, 1e-8) for start in starts]
    reached = [likelihood(end)[0] for end in ends]
    fitted = maximise(model, rows).loglik
    least = np.linalg.eigvalsh(-likelihood(ends[0])[2])[0]
    best = max(*reached, fitted)
    return best - reached[0], best - max(reached[:2]), best - fitted, least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=1_600)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng, lost_by, failed = np.random.default_rng(asked.seed), {kind: [] for kind in KINDS}, dict.fromkeys(KINDS, 0)
    for number in range(asked.tables):
        kind = KINDS[number % len(KINDS)]
        model, columns = table(rng, kind)
        rows = group_observations(model, columns)
        if columns[0].any() and rows.weight.size > 2:
            try:
                lost_by[kind].append(losses(model, rows))
            except ConvergenceError:
                failed[kind] += 1
    print("| model | fits | no maximum | best start loses | by at most | best two lose | the fit loses | by at most | known |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind, tables in lost_by.items():
        lost = np.array(tables)
        one, two, fit = (lost[:, :3] > LOST).sum(axis=0)
        known = f"{lost[lost[:, 0] > LOST, 3].max():.2f}" if one else ""
        worst, left = (f"{most:.2g}" if most > LOST else "" for most in lost[:, [0, 2]].max(axis=0))
        print(f"| {kind} | {len(lost)} | {failed[kind]} | {one} | {worst} | {two} | {fit} | {left} | {known} |")


if __name__ == "__main__":
    main()
