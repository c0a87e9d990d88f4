"""A million stage events: the tables of `development` beside bare DuckDB SQL.

Makes the events (deals that go through eight stages, as Parquet) in a temporary folder, then runs crmlab and DuckDB in turn,
each in a process of its own, and prints the median seconds, the peak memory and the ratio. The SQL says the same: the log in
order with its outcomes and without the deals that cannot be; counts by stage; shares won and lost by day. Both begin at the
file, and all results are checked to be equal.

    python benchmarks/development.py --events 1_000_000 --runs 5
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STAGES = ("prospecting", "contacting", "preparing", "approaching", "understanding needs", "presenting", "overcoming objections",
          "closing")  # fmt: skip

#: The log: what follows, what came before, and whether a deal can be; the same rules as `stage_log`.
LOG = f"""
    with placed as (select *, list_position({list(STAGES)!r}, stage) as place from events),
         beside as (select *, lead(place) over deal as next_place, lead(entered) over deal as next_entered,
                           lag(place) over deal as last_place, lag(step) over deal as last_step,
                           lag(entered) over deal as last_entered, lag(outcome) over deal as last_outcome,
                           lag("left") over deal as last_left
                    from placed window deal as (partition by prospect_id order by step, entered)),
         judged as (select *, coalesce("left", next_entered) as ended,
                           case when next_place is null then outcome when next_place = place + 1 then 'advanced'
                                when next_place > place then 'skipped ahead' else 'returned' end as became
                    from beside),
         wrong as (select distinct prospect_id from judged
                   where step <> coalesce(last_step + 1, 1) or ended < entered or entered < last_entered or entered < last_left
                      or place = last_place or last_outcome in ('won', 'lost')
                      or (next_place is not null and outcome <> became)
                      or (next_place is null and outcome not in ('won', 'lost'))
                      or (next_place is null and (outcome is null) <> ("left" is null)))
    select prospect_id, step, stage, entered, ended as "left", became as outcome
    from judged where prospect_id not in (from wrong)"""

SQL = {
    "stage_log": f"{LOG} order by prospect_id, step",
    "stage_counts": f"""
        with log as ({LOG}) select stage, count(*) as entries, count(*) filter (outcome = 'lost') as lost,
        count(*) filter (outcome = 'won') as won, count(*) filter (outcome is null) as open from log group by stage""",
    "time_in_stage": f"""
        with log as ({LOG}),
             ends as (select prospect_id, min(entered) as began, arg_max_null(outcome, step) as status,
                             arg_max_null("left", step) as closed from log
                      where outcome is null or outcome in ('won', 'lost') or step = 1 group by prospect_id),
             days as (select coalesce(closed, (select max(greatest(entered, "left")) from log)) - began as days,
                             count(*) filter (status = 'won') as won, count(*) filter (status = 'lost') as lost, count(*) as n
                      from ends group by days),
             risk as (select *, sum(n) over (order by days desc) as at_risk from days),
             alive as (select *, coalesce(exp(sum(ln(1 - (won + lost) / at_risk)) over before), 1) as before
                       from risk where won + lost < at_risk
                       window before as (order by days rows between unbounded preceding and 1 preceding))
        select days, sum(before * won / at_risk) over so_far as won, sum(before * lost / at_risk) over so_far as lost
        from alive window so_far as (order by days)""",
}


def make_events(path: str, events: int) -> None:
    """Write deals that go forward stage by stage, a few of them skipping, a seventh lost at each, one in forty still open."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("select setseed(0.5)")
    connection.execute(f"""
        create table draws as
        select d as deal, floor(700 * random())::int as start, 1 + floor(4 * random())::int as first, random() as seed
        from range({events // 3}) t(d);
        create table steps as
        select deal, start, s as place, s - first + 1 as step, random() as u, floor(-25 * ln(1 - random()))::int as days
        from draws, range(1, 9) r(s) where s >= first;
        create table ways as
        select *, min(case when u < 0.17 then step end) over (partition by deal) as stops,
               sum(days) over (partition by deal order by step) as days_after, max(step) over (partition by deal) as longest
        from steps;
        copy (
            select 'D' || lpad(deal::varchar, 8, '0') as prospect_id, step::int as step, {list(STAGES)!r}[place] as stage,
                   date '2023-01-01' + (start + days_after - days)::int as entered,
                   case when step = stops and u < 0.025 then null else date '2023-01-01' + (start + days_after)::int
                        end as "left",
                   case when step = stops and u < 0.025 then null when step = stops then 'lost' when step = longest then 'won'
                        else 'advanced' end as outcome
            from ways where stops is null or step <= stops order by prospect_id, step limit {events}
        ) to '{path}'""")


def run_duckdb(table: str, path: str):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"create view events as select * from read_parquet('{path}')")
    return connection.execute(SQL[table]).df()


def run_crmlab(table: str, path: str):
    from crmlab import development

    return getattr(development, table)(path).table


CONTENDERS = {"crmlab": run_crmlab, "duckdb": run_duckdb}


def fingerprint(table: str, frame) -> list:
    """A few numbers that agree only if the tables do."""
    if table == "stage_log":
        days = (frame["left"] - frame["entered"]).dt.days
        return [len(frame), int(days.sum()), *(int((frame["outcome"] == name).sum()) for name in ("advanced", "lost", "won"))]
    if table == "stage_counts":
        frame = frame.sort_values("stage", kind="stable")
        return frame[["entries", "lost", "won", "open"]].astype(int).to_numpy().tolist()
    if "ending" in frame:
        frame = frame.pivot(index="days", columns="ending", values="share").reset_index()
    return [[round(float(frame[frame["days"] <= day][name].max()), 6) for name in ("won", "lost")] for day in (30, 90, 200)]


def one(contender: str, table: str, path: str) -> None:
    """In a process of its own: first a few events, so that everything is loaded, then the clock."""
    with tempfile.TemporaryDirectory() as folder:
        few = str(Path(folder) / "few.parquet")
        make_events(few, 300)
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
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--one", nargs=3, metavar=("CONTENDER", "TABLE", "PATH"))
    options = parser.parse_args()
    if options.one:
        return one(*options.one)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "events.parquet")
        make_events(path, options.events)
        print("| table | crmlab s | DuckDB s | ratio | crmlab MB | DuckDB MB |\n|---|---|---|---|---|---|")
        for table in SQL:
            runs: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
            for _ in range(options.runs):
                for name, results in runs.items():
                    results.append(measured(name, table, path))
            prints = [results[0]["fingerprint"] for results in runs.values()]
            if prints[0] != prints[1]:
                raise SystemExit(f"{table}: the contenders disagree: {prints}")
            seconds, peak = (
                {name: statistics.median(run[key] for run in results) for name, results in runs.items()}
                for key in ("seconds", "peak_mb")
            )
            print(
                f"| {table} | {seconds['crmlab']:.2f} | {seconds['duckdb']:.2f} | {seconds['crmlab'] / seconds['duckdb']:.2f} "
                f"| {peak['crmlab']:.0f} | {peak['duckdb']:.0f} |"
            )
    return None


if __name__ == "__main__":
    main()
