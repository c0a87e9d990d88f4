"""The firm at scale: seconds, memory and growth for 10 k, 100 k and 1 M customers x 36 months; and beside leadforge.

Each size runs in a process of its own, with all tables and the truth written as Parquet by two workers.
Memory is the peak over the process and its workers together, sampled. leadforge (which simulates CRM
lead data, without money, causes or counterfactuals) gets an environment of its own, one core and no
files; for that comparison ours has one core and no files too. What counts is rows per second.

    python benchmarks/world.py --sizes 10_000 100_000 1_000_000 --runs 3
    python benchmarks/world.py --peer --runs 3
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def simulate(customers: int, workers: int, files: bool) -> None:
    """One measured run, in this process: prints a JSON line."""
    import pyarrow.parquet as pq

    from crmlab import world

    world.simulate("retailer", customers=50, months=3, seed=0)  # imports and first calls are not what is measured
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], _resident(os.getpid()))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        firm = world.simulate(
            "retailer", customers=customers, seed=1, workers=workers, folder=f"{folder}/firm" if files else None
        )
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
        if files:
            parts = list(Path(folder).rglob("*.parquet"))
            rows = sum(pq.read_metadata(part).num_rows for part in parts)
            size = sum(part.stat().st_size for part in parts)
        else:
            rows, size = sum(table.num_rows for table in firm._tables.values()), 0
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak[0], "disk_mb": size / 1e6}))


def _resident(pid: int) -> float:
    """Memory of a process and its descendants in MB (pages shared between them counted in proportion)."""
    total = 0.0
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total = int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return total
    return total + sum(_resident(int(child)) for child in children)


def run(command: list[str]) -> dict:
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.strip().splitlines()[-1])


def medians(measured: list[dict]) -> dict:
    return {key: statistics.median(each[key] for each in measured) for key in measured[0]}


def at_scale(sizes: list[int], runs: int) -> None:
    print("| customers | rows | seconds | million rows/s | peak MB | on disk MB | seconds ~ customers^ |")
    print("|---|---|---|---|---|---|---|")
    before = None
    for customers in sizes:
        count = runs if customers <= 100_000 else 1
        measured = medians(
            [run([sys.executable, __file__, "--one", str(customers), "--workers", "2", "--files"]) for _ in range(count)]
        )
        growth = math.log(measured["seconds"] / before[1]) / math.log(customers / before[0]) if before else float("nan")
        before = customers, measured["seconds"]
        print(
            f"| {customers:,} | {measured['rows']:,.0f} | {measured['seconds']:.1f} | "
            f"{measured['rows'] / measured['seconds'] / 1e6:.2f} | "
            f"{measured['peak_mb']:,.0f} | {measured['disk_mb']:,.0f} | {growth:.2f} |",
            flush=True,
        )


def beside_peer(runs: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        python = f"{home}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "leadforge==1.0.0"], check=True)
        measured: dict[str, list[dict]] = {"leadforge, 20,000 leads": [], "crmlab, 10,000 customers": []}
        for seed in range(1, runs + 1):  # in turn, so that both meet the same machine
            measured["leadforge, 20,000 leads"].append(run([python, str(HERE / "world_peer.py"), "20000", str(seed)]))
            measured["crmlab, 10,000 customers"].append(run([sys.executable, __file__, "--one", "10000"]))
    print("| who | rows | seconds | rows/s | peak MB |\n|---|---|---|---|---|")
    for name, each in measured.items():
        middle = medians(each)
        speed = statistics.median(one["rows"] / one["seconds"] for one in each)
        print(f"| {name} | {middle['rows']:,.0f} | {middle['seconds']:.2f} | {speed:,.0f} | {middle['peak_mb']:,.0f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", action="store_true", help="beside leadforge")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--files", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        simulate(asked.one, asked.workers, asked.files)
    elif asked.peer:
        beside_peer(asked.runs)
    else:
        at_scale(asked.sizes, asked.runs)
