"""Models of purchases beside lifetimes and pymc-marketing: seconds, memory, and whether the fits agree.

Customers are simulated from the parameters of CDNOW (Fader, Hardie & Lee 2005), first purchases spread over twelve weeks.
Each contender fits the same table in a process and an environment of its own, in turn, after a fit of a thousand rows that
is not counted; beside seconds stand those of the processors, which other work on the machine changes less. A fit is judged
by formulas that stand in this file and use nobody's code: how far its log-likelihood lies below the best one, and its
farthest parameter in standard errors of ours. Two fits agree within .1 of both; who does not agree, or does not end in
time, is named in the table. A contender whose process took more than a minute runs once.

    python benchmarks/btyd.py                    everything
    python benchmarks/btyd.py --fits             a million customers: BG/NBD and Pareto/NBD, 39 and 104 weeks
    python benchmarks/btyd.py --days             the same in whole days, beside what was recorded for CLVTools
    python benchmarks/btyd.py --cdnow            the small tables of the papers
    python benchmarks/btyd.py --value            predictions and value of 100,000 customers with intervals
    python benchmarks/btyd.py --growth           from 10,000 to 10 million customers
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parent / "tests" / "published"
START = np.datetime64("2024-01-01")
TRUTH = {
    "bgnbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
LABEL = {
    "bgnbd": "BG/NBD",
    "mbgnbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "gamma_gamma": "gamma-gamma",
    "bgbb": "BG/BB",
}
PINNED = {  # lifetimes is no longer maintained: the newest libraries with which it works
    "lifetimes": ["lifetimes==0.11.3", "numpy==1.26.4", "pandas==1.5.3", "scipy==1.11.4", "autograd==1.6.2"],
    "pymc": ["pymc-marketing==0.19.2", "pymc==5.28.5", "pytensor==2.38.3", "numpy==2.4.6", "pandas==3.1.1"],
}
CLVTOOLS_RECORDED = 10.8 + 6.5  # seconds of its fit and its preparation, measured once on two cores; it is not run here


# --- data ---------------------------------------------------------------------------------------------------------------


def histories(model: str, customers: int, weeks: int, seed: int) -> dict[str, np.ndarray]:
    """How often, when last and for how long, in continuous time; no order is simulated that the last one implies."""
    draw, truth = np.random.default_rng(seed), TRUTH[model]
    age = weeks - draw.uniform(0, 12, customers)
    rate = draw.gamma(truth["r"], 1 / truth["alpha"], customers)
    recency = np.zeros(customers)
    if model == "bgnbd":  # each purchase may be the last: it is the k-th of n orders that would have been
        would = draw.poisson(rate * age)
        frequency = np.minimum(would, draw.geometric(draw.beta(truth["a"], truth["b"], customers)))
        end, after = age, would - frequency + 1
    else:  # dead from some moment on: the last of n orders until then
        rest = draw.exponential(1, customers) / draw.gamma(truth["s"], 1 / truth["beta"], customers)
        end = np.minimum(age, rest)
        frequency, after = draw.poisson(rate * end), np.ones(customers)
    back = frequency > 0
    recency[back] = end[back] * draw.beta(frequency[back], after[back])
    return {"frequency": frequency, "recency": recency, "age": age}


def order_days(table: dict[str, np.ndarray], weeks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Customer and day of every order in whole days, several on a day counted once."""
    draw, frequency = np.random.default_rng([seed, 1]), table["frequency"]
    first = 7 * (weeks - table["age"])
    between = np.repeat(np.arange(frequency.size), np.maximum(frequency - 1, 0))
    back = np.flatnonzero(frequency)
    who = np.concatenate([np.arange(frequency.size), back, between])
    since = [np.zeros(frequency.size), table["recency"][back], draw.random(between.size) * table["recency"][between]]
    key = who * (7 * weeks + 1)
    key += np.minimum(first[who] + 7 * np.concatenate(since), 7 * weeks - 1e-6).astype(np.int64)
    key.sort()
    key = key[np.diff(key, prepend=-1) > 0]
    return key // (7 * weeks + 1), key % (7 * weeks + 1)


def make(path: str, model: str, customers: int, weeks: int, days: bool) -> None:
    """The table as npz; in whole days the orders as Parquet beside it."""
    table = histories(model, customers, weeks, seed=1)
    if days:
        who, day = order_days(table, weeks, seed=1)
        first = np.flatnonzero(np.diff(who, prepend=-1))
        last = np.append(first[1:], who.size) - 1
        table = {
            "frequency": last - first,
            "recency": (day[last] - day[first]) / 7,
            "age": (7 * weeks - day[first]) / 7,
        }
        if customers <= 1_000_000:
            import pandas as pd

            orders = pd.DataFrame(
                {"order_id": np.arange(who.size), "customer_id": who, "order_date": START + day, "amount": 1.0}
            )
            orders.to_parquet(path.replace(".npz", ".parquet"))
            rows, counts = np.unique(np.column_stack(list(table.values())), axis=0, return_counts=True)
            mixed = np.random.default_rng(0).permutation(counts.size)  # the first thousand are fitted alone
            counted = dict(zip(table, rows[mixed].T, strict=True))
            np.savez(path.replace(".npz", "_counted.npz"), **counted, customers=counts[mixed])
    np.savez(path, **table)


def small_tables(home: Path) -> dict[str, str]:
    """CDNOW and the donations as they are in the papers."""
    import pandas as pd

    from crmlab import btyd

    cdnow = pd.read_csv(PUBLISHED / "cdnow_summary.csv")
    np.savez(home / "cdnow.npz", frequency=cdnow["frequency"], recency=cdnow["recency"], age=cdnow["T"])
    spent = btyd.purchase_summary(pd.read_csv(PUBLISHED / "cdnow_orders.csv", parse_dates=["order_date"]), until="1997-09-30")
    spent = spent[spent["frequency"] > 0]
    np.savez(home / "spend.npz", frequency=spent["frequency"], value=spent["monetary_value"])
    gifts = pd.read_csv(PUBLISHED / "donations.csv")
    gifts.columns = ["frequency", "recency", "age", "customers"]
    np.savez(home / "donations.npz", **gifts)
    names = {"gamma_gamma": "spend.npz", "bgbb": "donations.npz"}
    return {model: str(home / names.get(model, "cdnow.npz")) for model in LABEL}


def read(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


# --- the yardstick ------------------------------------------------------------------------------------------------------


def loglik(model: str, params: dict[str, float], table: dict[str, np.ndarray]) -> float:
    """As printed: Fader, Hardie & Lee (2005), eq. 6; Fader & Hardie (2005), note 9, eq. 18 to 20."""
    r, alpha, third, fourth = (params[name] for name in TRUTH[model])
    x, recency, age = table["frequency"], table["recency"], table["age"]
    base = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    if model == "bgnbd":
        a, b = third, fourth
        alive = betaln(a, b + x) - (r + x) * np.log(alpha + age)
        with np.errstate(divide="ignore"):
            gone = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency), -np.inf)
        each = base - betaln(a, b) + np.logaddexp(alive, gone)
    else:
        s, beta = third, fourth
        larger, power, second = max(alpha, beta), r + s + x, s + 1 if alpha >= beta else r + x
        term = [
            np.log(hyp2f1(power, second, power + 1, abs(alpha - beta) / (larger + t))) - power * np.log(larger + t)
            for t in (recency, age)
        ]
        with np.errstate(divide="ignore"):
            gone = term[0] + np.log1p(-np.exp(np.minimum(term[1] - term[0], 0)))
        alive = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
        each = base + s * np.log(beta) + np.logaddexp(alive, np.log(s / power) + gone)
    return float(each @ table.get("customers", np.ones(x.size)))


# --- ours, in a process of its own ---------------------------------------------------------------------------------------


def memory_mb(kind: str) -> float:
    """VmHWM (peak) or VmRSS (now) of this program alone: the kernel's figure for resources remembers the parent's, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1]) / 1024


def fit(model: str, summary):
    """A fit, and its table with standard errors."""
    from crmlab import btyd

    fitted = getattr(btyd, f"fit_{model}")(summary)
    return fitted, fitted.table


def frame(model: str, table: dict[str, np.ndarray]):
    import pandas as pd

    unit = "periods" if model == "bgbb" else "weeks"
    names = {"recency": f"recency_{unit}", "age": f"age_{unit}", "value": "monetary_value"}
    rows = pd.DataFrame({names.get(name, name): values for name, values in table.items()})
    rows.insert(0, "customer_id", np.arange(len(rows)))
    return rows


def one(model: str, path: str, repeats: int, weeks: int) -> None:
    """Fits of a table, or from orders the summary and the fit; prints a JSON line."""
    from crmlab import btyd

    orders = path.endswith(".parquet")
    if orders:
        few = frame(model, histories(model, 1_000, weeks, seed=2))
        until = str(START + 7 * weeks)
        btyd.purchase_summary(path, until=str(START + 84))  # loads the engine
    else:
        rows = frame(model, read(path))
        few = rows.head(1_000)
    fit(model, few)
    before, seconds, processor, prepared = memory_mb("VmRSS"), [], [], []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        if orders:
            rows = btyd.purchase_summary(path, until=until)
            prepared.append(time.perf_counter() - start)
        fitted, table = fit(model, rows)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    peak = memory_mb("VmHWM")
    errors = dict(zip(table["parameter"], table["std_error"].astype(float), strict=True))
    record = {"params": {name: float(value) for name, value in fitted.params.items()}, "errors": errors}
    record |= {"seconds": seconds, "processor": processor, "reported_loglik": float(fitted.loglik)}
    record |= {"prepared": statistics.median(prepared)} if prepared else {}
    print(json.dumps(record | {"peak_mb": peak, "more_mb": peak - before}))


def value(model: str, path: str) -> None:
    """Predictions, and value, of everybody; the fits are not counted. Prints a JSON line."""
    from crmlab import btyd

    def work(rows):
        fitted, spend = fit(model, rows)[0], btyd.fit_gamma_gamma(rows[rows["frequency"] > 0])
        steps = {
            "predict": lambda: fitted.predict(rows, weeks=52),
            "value": lambda: btyd.customer_value(fitted, spend, rows, annual_rate=0.1, weeks=52),
            "forever": lambda: btyd.customer_value(fitted, spend, rows, annual_rate=0.1),
        }
        seconds, tables = {}, {}
        for name, step in steps.items():
            start = time.perf_counter()
            tables[name] = step()
            seconds[name] = time.perf_counter() - start
        return seconds | {"total": tables["value"].total}

    rows = frame(model, read(path))
    work(rows.head(1_000))
    before = memory_mb("VmRSS")
    record = work(rows) | {"peak_mb": memory_mb("VmHWM")}
    print(json.dumps(record | {"more_mb": record["peak_mb"] - before}))


# --- running ------------------------------------------------------------------------------------------------------------


def run(command: list[str], limit: float | None = None) -> dict:
    """The JSON line of a process, and how long it took with its start; what went wrong instead, if it did."""
    start = time.perf_counter()
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"failed": f"not in {limit:.0f} s"}
    if ran.returncode:
        return {"failed": (ran.stderr.strip().splitlines() or ["ended without a word"])[-1][:200]}
    return json.loads(ran.stdout.strip().splitlines()[-1]) | {"whole": time.perf_counter() - start}


class Bench:
    """Where data and environments are, and how often and how long contenders run."""

    def __init__(self, home: Path, runs: int, limit: float, alone: bool) -> None:
        self.home, self.runs, self.limit, self.alone = home, runs, limit, alone
        self._known: dict[str, str] = {}

    def data(self, model: str, customers: int, weeks: int, days: bool) -> str:
        path = self.home / f"{model}_{customers}_{weeks}{'_days' if days else ''}.npz"
        if not path.exists():  # by a process of its own, whose memory is gone afterwards
            words = [sys.executable, __file__, "--make", str(path), model, str(customers), str(weeks), str(int(days))]
            subprocess.run(words, check=True)
        return str(path)

    def ours(self, *words: str) -> list[str]:
        return [sys.executable, __file__, *words]

    def peer(self, name: str) -> str:
        """Python of the peer's own environment, made on first use."""
        if name not in self._known:
            place = self.home / name
            if not (place / "ready").exists():
                subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
                subprocess.run([place / "bin" / "python", "-m", "pip", "install", "--quiet", *PINNED[name]], check=True)
                (place / "ready").touch()
            self._known[name] = str(place / "bin" / "python")
        return self._known[name]

    def peers(self, model: str, path: str, repeats: int = 1) -> dict[str, list[str]]:
        if self.alone:
            return {}
        script, more = str(HERE / "btyd_peer.py"), ["--repeats", str(repeats)]
        commands = {"lifetimes": [self.peer("lifetimes"), script, "lifetimes", model, path, *more]}
        if model != "bgbb":  # its likelihood of counted rows is not offered by pymc-marketing
            flags = f"PYTENSOR_FLAGS=base_compiledir={self.home / 'compiled'}"
            commands["pymc-marketing"] = ["env", flags, self.peer("pymc"), script, "pymc", model, path, *more]
        return commands

    def measure(self, contenders: dict[str, list[str]]) -> dict[str, dict]:
        """Medians of each contender; they take turns, and who took more than a minute or failed runs once."""
        runs: dict[str, list[dict]] = {name: [] for name in contenders}
        for _ in range(self.runs):
            for name, command in contenders.items():
                before = runs[name]
                if before and ("failed" in before[0] or before[0]["whole"] > 60):
                    continue
                before.append(run(command, self.limit))
        medians = {}
        for name, results in runs.items():
            medians[name] = {key: value for key, value in results[0].items() if value != []} | {"runs": len(results)}
            for key in ("seconds", "processor", "searched", "prepared", "peak_mb", "more_mb"):
                if key in medians[name]:  # several of one process, or one
                    medians[name][key] = statistics.median(np.median(result[key]) for result in results)
        return medians


def compare(bench: Bench, model: str, path: str, contenders: dict[str, list[str]]) -> dict[str, dict]:
    """Run, judge by the yardstick, print a row for each contender."""
    results, table = bench.measure(contenders), read(path)
    ours = results["crmlab"]
    if "failed" in ours:
        sys.exit(f"crmlab: {ours['failed']}")
    for result in results.values():
        if "params" in result:
            result["loglik"] = loglik(model, result["params"], table)
            result["away"] = max(
                abs(result["params"][name] - ours["params"][name]) / ours["errors"][name] for name in TRUTH[model]
            )
    best = np.nanmax([result["loglik"] for result in results.values() if "params" in result])
    if best - ours["loglik"] > 0.1:
        print(f"crmlab's log-likelihood lies {best - ours['loglik']:.3g} below the best", file=sys.stderr)
    if abs(ours["reported_loglik"] - ours["loglik"]) > 1e-9 * abs(ours["loglik"]) + 1e-3:
        print(f"crmlab tells {ours['reported_loglik']!r}, the formula gives {ours['loglik']!r}", file=sys.stderr)
    print("| who | seconds | times ours | processor s | search s | peak MB | LL below best | farthest parameter | agrees |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, result in results.items():
        if "failed" in result:
            print(f"| {name} | {result['failed']} | | | | | | | |", flush=True)
            continue
        agrees = "yes" if best - result["loglik"] <= 0.1 and result["away"] <= 0.1 else "no"
        cells = (f"{result[key]:{form}}" if key in result else "" for key, form in (
            ("processor", ".2f"), ("searched", ".2f"), ("peak_mb", ",.0f"),
        ))  # fmt: skip
        once = " (once)" if result["runs"] == 1 < bench.runs else ""
        print(
            f"| {name} | {result['seconds']:.3f}{once} | {result['seconds'] / ours['seconds']:.1f} | {' | '.join(cells)} | "
            f"{best - result['loglik']:.2g} | {result['away']:.2g} | {agrees} |",
            flush=True,
        )
    return results


def fits(bench: Bench, customers: int) -> None:
    for model, weeks, share in (("bgnbd", 39, 8), ("pareto_nbd", 39, 15), ("pareto_nbd", 104, 15)):
        path = bench.data(model, customers, weeks, days=False)
        print(f"\n{LABEL[model]}, {customers:,} customers, {weeks} weeks, continuous times; medians of {bench.runs}\n")
        results = compare(bench, model, path, {"crmlab": bench.ours("--one", model, path), **bench.peers(model, path)})
        peers = [result for name, result in results.items() if name != "crmlab" and "seconds" in result]
        ours = results["crmlab"]["seconds"]
        if peers:
            whole = min(result["seconds"] for result in peers) / ours
            kind = min(result.get("searched", result["seconds"]) for result in peers) / ours
            print(f"\nOurs takes 1/{whole:.1f} of the faster peer's time (of its search alone 1/{kind:.1f}); asked: 1/{share}.")
        elif not bench.alone:
            print(f"\nNo peer ended in {bench.limit:.0f} s: ours takes less than 1/{bench.limit / ours:.1f}; asked: 1/{share}.")
        truth_held(model, results["crmlab"])


def truth_held(model: str, ours: dict) -> None:
    words = (
        f"{name} {ours['params'][name]:.4f} ({(ours['params'][name] - true) / ours['errors'][name]:+.1f})"
        for name, true in TRUTH[model].items()
    )
    print(f"\nOurs, and how many standard errors from the truth: {', '.join(words)}.", flush=True)


def days(bench: Bench, customers: int) -> None:
    weeks = 39
    for model in ("pareto_nbd", "bgnbd"):
        path = bench.data(model, customers, weeks, days=True)
        orders, counted = path.replace(".npz", ".parquet"), path.replace(".npz", "_counted.npz")
        contenders = {
            "crmlab": bench.ours("--one", model, path),
            "crmlab, from orders": bench.ours("--one", model, orders, "--weeks", str(weeks)),
        }
        if not bench.alone:
            contenders["lifetimes, rows counted before"] = bench.peers(model, counted)["lifetimes"]
        distinct = read(counted)["customers"].size
        print(f"\n{LABEL[model]}, {customers:,} customers, {weeks} weeks, whole days: {distinct:,} different rows\n")
        results = compare(bench, model, path, contenders)
        if model == "pareto_nbd" and customers == 1_000_000:
            for name in ("crmlab", "crmlab, from orders"):
                share = CLVTOOLS_RECORDED / results[name]["seconds"]
                print(f"\n{name}: 1/{share:.1f} of the {CLVTOOLS_RECORDED:.1f} s recorded for CLVTools; asked: 1/4.")
        truth = loglik(model, TRUTH[model], read(path))
        ours = results["crmlab"]
        print(
            f"\nLog-likelihood {ours['loglik']:,.1f}; at the truth of the continuous times {truth:,.1f}. Told by each: "
            + ", ".join(
                f"{name} {result['reported_loglik']:,.6g}" for name, result in results.items() if "reported_loglik" in result
            )
            + ". Ours: "
            + ", ".join(f"{name} {value:.4f}" for name, value in ours["params"].items())
            + "."
        )


def cdnow(bench: Bench) -> None:
    paths = small_tables(bench.home)
    print(f"\nFits of small tables, warm; medians of {bench.runs} times 20 (pymc-marketing: 3)\n")
    print("| model | data | who | milliseconds | times ours | processor ms | search ms | farthest parameter | estimates |")
    print("|---|---|---|---|---|---|---|---|---|")
    for model, path in paths.items():
        contenders = {"crmlab": bench.ours("--one", model, path, "--repeats", "20")}
        contenders |= {
            name: [*words[:-1], "20" if name == "lifetimes" else "3"] for name, words in bench.peers(model, path).items()
        }
        results = bench.measure(contenders)
        ours = results["crmlab"]
        if "failed" in ours:
            sys.exit(f"crmlab: {ours['failed']}")
        for name, result in results.items():
            if "failed" in result:
                print(f"| {LABEL[model]} | {Path(path).stem} | {name} | {result['failed']} | | | | | |", flush=True)
                continue
            distance = max(abs(value - ours["params"][key]) / ours["errors"][key] for key, value in result["params"].items())
            estimates = " ".join(f"{value:.3f}" for value in result["params"].values())
            searched = f"{1000 * result['searched']:.0f}" if "searched" in result else ""
            print(
                f"| {LABEL[model]} | {Path(path).stem} | {name} | {1000 * result['seconds']:.1f} | "
                f"{result['seconds'] / ours['seconds']:.1f} | {1000 * result['processor']:.1f} | {searched} | "
                f"{distance:.2g} | {estimates} |",
                flush=True,
            )


def values(bench: Bench, customers: int) -> None:
    print(f"\nValue of {customers:,} customers with 95 % intervals; medians of {bench.runs}\n")
    print("| who | predict, 52 weeks | value, 52 weeks | value for ever | peak MB | more than before MB | total of 52 weeks |")
    print("|---|---|---|---|---|---|---|")
    for model in TRUTH:
        path = str(bench.home / f"value_{model}_{customers}.npz")
        table, draw = histories(model, customers, 39, seed=1), np.random.default_rng(2)
        rate = draw.gamma(3.74, 1 / 15.44, customers)  # gamma-gamma of CDNOW: p 6.25, q 3.74, v 15.44
        count = np.maximum(table["frequency"], 1)
        worth = np.where(table["frequency"] > 0, draw.gamma(6.25 * count) / (rate * count), np.nan)
        np.savez(path, **table, value=worth)
        contenders = {f"crmlab, {LABEL[model]}": bench.ours("--value-of", model, path)}
        if model == "bgnbd" and not bench.alone:
            peer = [bench.peer("lifetimes"), str(HERE / "btyd_peer.py"), "lifetimes", "value", path]
            contenders["lifetimes, BG/NBD, no intervals"] = peer
        for name, command in contenders.items():
            runs = [run(command, bench.limit) for _ in range(bench.runs)]
            if "failed" in runs[0]:
                print(f"| {name} | {runs[0]['failed']} | | | | | |", flush=True)
                continue
            medians = {key: statistics.median(result[key] for result in runs) for key in runs[0]}
            cells = (f"{medians[key]:{form}}" if key in medians else "" for key, form in (
                ("predict", ".2f"), ("value", ".2f"), ("forever", ".2f"), ("peak_mb", ",.0f"), ("more_mb", ",.0f"),
                ("total", ",.0f"),
            ))  # fmt: skip
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def growth(bench: Bench, sizes: list[int]) -> None:
    print("\nFrom size to size, medians (10 million once); the table itself takes 32 MB a million\n")
    print("| model | times | customers | seconds | processor s | seconds a million | peak MB | more than before MB |")
    print("|---|---|---|---|---|---|---|---|")
    for model in TRUTH:
        for whole in (True, False):
            for customers in sizes:
                path = bench.data(model, customers, 39, days=whole)
                runs = [run(bench.ours("--one", model, path)) for _ in range(bench.runs if customers < 5_000_000 else 1)]
                if "failed" in runs[0]:
                    sys.exit(f"crmlab: {runs[0]['failed']}")
                seconds, busy = (statistics.median(result[key][0] for result in runs) for key in ("seconds", "processor"))
                peak, more = (statistics.median(result[key] for result in runs) for key in ("peak_mb", "more_mb"))
                print(
                    f"| {LABEL[model]} | {'whole days' if whole else 'continuous'} | {customers:,} | {seconds:.3f} | "
                    f"{busy:.3f} | {seconds / customers * 1e6:.2f} | {peak:,.0f} | {more:,.0f} |",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("fits", "days", "cdnow", "value", "growth")
    for part in parts:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--customers", type=int, default=1_000_000, help="of --fits and --days")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000], help="of --growth")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300, help="seconds that a contender may take for one run")
    parser.add_argument("--alone", action="store_true", help="without peers")
    parser.add_argument("--keep", type=Path, help="folder for environments and data, to be used again (default: temporary)")
    parser.add_argument("--make", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--value-of", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--weeks", type=int, default=39, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        path, model, customers, weeks, whole = asked.make
        return make(path, model, int(customers), int(weeks), bool(int(whole)))
    if asked.one:
        return one(*asked.one, asked.repeats, asked.weeks)
    if asked.value_of:
        return value(*asked.value_of)
    wanted = [part for part in parts if getattr(asked, part)] or parts
    with tempfile.TemporaryDirectory() as temporary:
        home = (asked.keep or Path(temporary)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        bench = Bench(home, asked.runs, asked.limit, asked.alone)
        work = {
            "fits": lambda: fits(bench, asked.customers),
            "days": lambda: days(bench, asked.customers),
            "cdnow": lambda: cdnow(bench),
            "value": lambda: values(bench, min(asked.customers, 100_000)),
            "growth": lambda: growth(bench, asked.sizes),
        }
        for part in wanted:
            work[part]()
    return None


if __name__ == "__main__":
    main()
