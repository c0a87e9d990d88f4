"""One fit by a peer for ``btyd.py``, in an environment of its own: prints one JSON line.

    python btyd_peer.py lifetimes bgnbd table.npz

The table holds frequency, recency, age (weeks; for BG/BB opportunities) or frequency and value (gamma-gamma), and for BG/BB
how many customers are like each row. First a thousand rows are fitted, so that everything is loaded and compiled. Priors of
pymc-marketing are flat, so that its mode is the maximum of the likelihood; it builds and compiles its model again for every
table, so what it took to search alone is told, too.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np

NAMES = {
    "bgnbd": ("r", "alpha", "a", "b"),
    "mbgnbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
    "gamma_gamma": ("p", "q", "v"),
    "bgbb": ("alpha", "beta", "gamma", "delta"),
}


MINIMIZE: list = []  # scipy's, once pymc has been loaded
SEARCHED: list[float] = []  # seconds of each search by pymc


def timed_minimize(*words, **options):
    start = time.perf_counter()
    result = MINIMIZE[0](*words, **options)
    SEARCHED.append(time.perf_counter() - start)
    return result


def lifetimes(model: str, table: dict) -> dict[str, float]:
    import lifetimes

    name = {
        "bgnbd": "BetaGeoFitter",
        "mbgnbd": "ModifiedBetaGeoFitter",
        "pareto_nbd": "ParetoNBDFitter",
        "gamma_gamma": "GammaGammaFitter",
        "bgbb": "BetaGeoBetaBinomFitter",
    }[model]
    fitter = getattr(lifetimes, name)()
    fitter.fit(*(table[column] for column in table if column != "customers"), weights=table.get("customers"))
    return {name: float(fitter.params_[name]) for name in NAMES[model]}


def pymc(model: str, table: dict) -> dict[str, float]:
    import pandas as pd
    import pymc.tuning.starting as search
    from pymc_extras.prior import Prior
    from pymc_marketing import clv

    if search.minimize is not timed_minimize:
        MINIMIZE.append(search.minimize)
        search.minimize = timed_minimize

    kind = {
        "bgnbd": clv.BetaGeoModel,
        "mbgnbd": clv.ModifiedBetaGeoModel,
        "pareto_nbd": clv.ParetoNBDModel,
        "gamma_gamma": clv.GammaGammaModel,
    }[model]
    names = {"recency": "recency", "age": "T", "value": "monetary_value"}
    rows = pd.DataFrame({names.get(column, column): values for column, values in table.items()})
    rows.insert(0, "customer_id", np.arange(len(rows)))
    fitted = kind(model_config={name: Prior("HalfFlat") for name in NAMES[model]})
    result = fitted.fit(data=rows, method="map", progressbar=False).posterior
    return {name: float(result[name].values.squeeze()) for name in NAMES[model]}


def value(table: dict) -> dict[str, float]:
    """A year of value for every customer by lifetimes, whose fits are not part of the time."""
    import lifetimes
    import pandas as pd

    fitter, spend = lifetimes.BetaGeoFitter(), lifetimes.GammaGammaFitter()
    fitter.fit(table["frequency"], table["recency"], table["age"])
    back = table["frequency"] > 0
    spend.fit(table["frequency"][back], table["value"][back])
    rows = pd.DataFrame(table).fillna({"value": 0.0})
    start = time.perf_counter()
    result = spend.customer_lifetime_value(
        fitter,
        *(rows[name] for name in ("frequency", "recency", "age", "value")),
        time=12,
        discount_rate=1.1 ** (1 / 12) - 1,
        freq="W",
    )
    return {"value": time.perf_counter() - start, "total": float(result.sum())}


def peak_mb() -> float:
    """Of this program alone: the kernel's figure for resources remembers the parent's, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=["lifetimes", "pymc"])
    parser.add_argument("model", choices=[*NAMES, "value"])
    parser.add_argument("table")
    parser.add_argument("--repeats", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with np.load(asked.table) as arrays:
        table = {name: arrays[name] for name in arrays.files}
    if asked.model == "value":
        print(json.dumps(value(table) | {"peak_mb": peak_mb()}))
        return
    fit = {"lifetimes": lifetimes, "pymc": pymc}[asked.peer]
    few = {name: values[:1000] for name, values in table.items()}
    seconds, processor = [], []
    try:
        for rows in (few, *[table] * asked.repeats):
            start, busy = time.perf_counter(), time.process_time()
            params = fit(asked.model, rows)
            seconds.append(time.perf_counter() - start)
            processor.append(time.process_time() - busy)
    except Exception as problem:  # whatever stops a peer is its result
        print(json.dumps({"failed": f"{type(problem).__name__}: {' '.join(str(problem).split())[:200]}"}))
        return
    timing = {"seconds": seconds[1:], "processor": processor[1:], "searched": SEARCHED[1:], "first": seconds[0]}
    print(json.dumps(timing | {"params": params, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
