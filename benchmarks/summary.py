"""Ten million orders: the heavy tables beside bare DuckDB SQL and plain pandas.

Makes the orders (10 M orders of 1 M customers over 1,000 days, as Parquet) in a temporary folder,
then runs each contender in a process of its own, in turn, several times, and prints the median
seconds, the peak memory and the ratio to bare DuckDB. All results are checked to be equal first.
DuckDB and pandas are dependencies of crmlab, so the contenders share its environment.

    python benchmarks/summary.py --orders 10_000_000 --runs 5
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UNTIL = "2025-06-01"

SQL = {
    "purchase_summary": f"""
        with days as (select customer_id, order_date, sum(amount) as spend from orders
                      where order_date <= date '{UNTIL}' group by all)
        select customer_id, count(*) - 1 as frequency, (max(order_date) - min(order_date)) / 7 as recency_weeks,
               (date '{UNTIL}' - min(order_date)) / 7 as age_weeks,
               (sum(spend) - arg_min(spend, order_date)) / nullif(count(*) - 1, 0) as monetary_value
        from days group by customer_id order by customer_id""",
    "rfm_scores": f"""
        with found as (select customer_id, date '{UNTIL}' - max(order_date) as recency_days,
                              count(distinct order_date) as purchase_days, sum(round(amount * 100)::bigint) as cents
                       from orders where order_date <= date '{UNTIL}' group by customer_id)
        select customer_id, recency_days, purchase_days, cents / 100 as total_amount,
               1 + (rank() over (order by -recency_days) - 1) * 5 // count(*) over () as r_score,
               1 + (rank() over (order by purchase_days) - 1) * 5 // count(*) over () as f_score,
               1 + (rank() over (order by cents) - 1) * 5 // count(*) over () as m_score
        from found order by customer_id""",
    "cohort_table": f"""
        with months as (select distinct customer_id, date_trunc('month', order_date) as month from orders
                        where order_date <= date '{UNTIL}'),
             first as (select customer_id, min(month) as cohort from months group by customer_id)
        select cohort, month, count(*) as active from months join first using (customer_id) group by all order by all""",
    "concentration": f"""
        select sum(amount) as total from orders where order_date <= date '{UNTIL}' group by customer_id order by total""",
}


def make_orders(path: str, orders: int) -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute("select setseed(0.5)")
    connection.execute(f"""
        copy (select i as order_id, floor({max(orders // 10, 1)} * pow(random(), 1.5))::bigint as customer_id,
                     date '2023-01-01' + floor(random() * 1000)::int as order_date,
                     round(5 + 95 * random() * random(), 2) as amount
              from range({orders}) t(i)) to '{path}'""")


def run_duckdb(table: str, path: str):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"create view orders as select * from read_parquet('{path}')")
    return connection.execute(SQL[table]).df()


def run_pandas(table: str, path: str):
    import pandas as pd

    until = pd.Timestamp(UNTIL)
    orders = pd.read_parquet(path, columns=["customer_id", "order_date", "amount"])
    orders["order_date"] = pd.to_datetime(orders["order_date"])
    orders = orders[orders["order_date"] <= until]
    if table == "purchase_summary":
        days = orders.groupby(["customer_id", "order_date"], as_index=False)["amount"].sum()
        summary = days.groupby("customer_id").agg(
            n=("amount", "size"), first=("order_date", "min"), last=("order_date", "max"),
            total=("amount", "sum"), opening=("amount", "first"),
        )  # fmt: skip
        repeats = summary["n"] - 1
        return pd.DataFrame(
            {
                "customer_id": summary.index,
                "frequency": repeats.to_numpy(),
                "recency_weeks": ((summary["last"] - summary["first"]).dt.days / 7).to_numpy(),
                "age_weeks": ((until - summary["first"]).dt.days / 7).to_numpy(),
                "monetary_value": ((summary["total"] - summary["opening"]) / repeats.where(repeats > 0)).to_numpy(),
            }
        )
    if table == "rfm_scores":
        orders["cents"] = (orders["amount"] * 100).round().astype("int64")
        summary = orders.groupby("customer_id").agg(
            last=("order_date", "max"), purchase_days=("order_date", "nunique"), cents=("cents", "sum")
        )
        days = (until - summary["last"]).dt.days
        score = lambda worth: ((worth.rank(method="min") - 1) * 5 // len(summary) + 1).astype("int64")  # noqa: E731
        scores = {"r_score": score(-days), "f_score": score(summary["purchase_days"]), "m_score": score(summary["cents"])}
        return summary.assign(recency_days=days, total_amount=summary["cents"] / 100, **scores).reset_index()
    if table == "cohort_table":
        month = orders["order_date"].dt.to_period("M").dt.start_time
        months = pd.DataFrame({"customer_id": orders["customer_id"], "month": month}).drop_duplicates()
        months["cohort"] = months.groupby("customer_id")["month"].transform("min")
        return months.groupby(["cohort", "month"]).size().rename("active").reset_index()
    return orders.groupby("customer_id")["amount"].sum().sort_values().rename("total").reset_index(drop=True).to_frame()


def run_crmlab(table: str, path: str):
    import pandas as pd

    from crmlab import btyd, loyalty, retention, segmentation

    if table == "concentration":
        cumulated = loyalty.concentration(path, until=UNTIL).cumulated
        return pd.DataFrame({"total": cumulated[1:] - cumulated[:-1]})
    home = {"purchase_summary": btyd, "rfm_scores": segmentation, "cohort_table": retention}[table]
    return getattr(home, table)(path, until=UNTIL)


CONTENDERS = {"crmlab": run_crmlab, "duckdb": run_duckdb, "pandas": run_pandas}


def fingerprint(table: str, frame) -> list:
    """A few sums that agree only if the tables do."""
    if table == "cohort_table":
        frame = frame[frame["active"] > 0]
        return [len(frame), int(frame["active"].sum()), int((frame["active"] ** 2).sum())]
    numbers = frame.select_dtypes("number").drop(columns=["cents", "customer_id"], errors="ignore")
    return [len(frame), *(round(float(numbers[name].sum()), 2) for name in sorted(numbers.columns))]


def one(contender: str, table: str, path: str) -> None:
    """In a process of its own: first a hundred orders, so that everything is loaded, then the clock."""
    with tempfile.TemporaryDirectory() as folder:
        few = str(Path(folder) / "few.parquet")
        make_orders(few, 100)
        CONTENDERS[contender](table, few)
    start = time.perf_counter()
    frame = CONTENDERS[contender](table, path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "fingerprint": fingerprint(table, frame)}))


def measured(contender: str, table: str, path: str) -> dict:
    command = [sys.executable, __file__, "--one", contender, table, path]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        one(*chosen.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "orders.parquet")
        make_orders(path, chosen.orders)
        print(
            f"{chosen.orders:,} orders, median of {chosen.runs} runs; Python {platform.python_version()}, {platform.machine()}"
        )
        print(f"{'table':18}{'contender':11}{'seconds':>9}{'peak MB':>9}{'seconds / duckdb':>18}{'memory / duckdb':>17}")
        for table in SQL:
            runs = {name: [] for name in CONTENDERS}
            for _ in range(chosen.runs):
                for name in CONTENDERS:  # in turn, so that a busy moment hits all
                    runs[name].append(measured(name, table, path))
            prints = {name: each[0]["fingerprint"] for name, each in runs.items()}
            if any(
                abs(a - b) > 1e-9 * abs(b) + 0.05
                for each in prints.values()
                for a, b in zip(each, prints["duckdb"], strict=True)
            ):
                sys.exit(f"{table}: the results differ: {prints}")
            middle = {
                name: {key: statistics.median(run[key] for run in each) for key in ("seconds", "peak_mb")}
                for name, each in runs.items()
            }
            for name, its in middle.items():
                ratios = [its[key] / middle["duckdb"][key] for key in ("seconds", "peak_mb")]
                print(
                    f"{table:18}{name:11}{its['seconds']:9.2f}{its['peak_mb']:9.0f}{ratios[0]:18.2f}{ratios[1]:17.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
