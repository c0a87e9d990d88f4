"""Assembly: blocks of persons are simulated, by one or more processes, and put together to the tables of one firm.

A small firm is held in memory; a large one is written block by block as Parquet files, into a folder that gets its
name only when it is whole, with a manifest by which a lost part is noticed. This room knows blocks, processes and files;
what happens within a block is known in ``history``, and what belongs to the firm as a whole in ``management``, ``accounts``
and ``giving``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from crmlab import _check, _manifest, tables
from crmlab._write import atomic_folder
from crmlab.errors import ArgumentError, DataError
from crmlab.world import accounts, bookings, calls, desks, giving, history, management, market, past
from crmlab.world.event_log import EventLog, arrow_type
from crmlab.world.setting import Setting

#: Persons of the pool in one block: small enough for the processor's cache, large enough to be vectorised.
BLOCK = 30_000
#: Tables that are made when the calls of all blocks are known.
OF_CALLS = frozenset(("calls", "rosters", "truth_calls"))


def build(
    setting: Setting, wanted: tuple[str, ...], folder: object, workers: int | None, block: int
) -> tuple[Path | None, dict[str, pa.Table | None]]:
    """Simulate all blocks and put them together.

    Returns
    -------
    folder : Path or None
        Where the files lie.
    tables : dict of str to Table or None
        The wanted tables; None for those that lie in files.
    """
    if folder is None:
        return None, dict(_build_in_memory(setting, wanted, workers, block))
    try:
        home = _new_folder(folder)
        with atomic_folder(home) as work:
            _simulate(setting.whole, wanted, workers, block, work)
            _manifest.write(work, sorted(path.relative_to(work).as_posix() for path in work.rglob("*.parquet")))
    except OSError as error:
        raise DataError(
            f"the firm could not be written to {folder} ({error.strerror or error}). Name a folder that you may write to, on a "
            "disk with room."
        ) from None
    return home, dict.fromkeys(wanted)


def check_workers(workers: object) -> int | None:
    """Return how many processes to use; None for one for each core."""
    return None if workers is None else _check.integer("workers", workers, 1, 1024)


def parts(home: Path, name: str, *, content: bool) -> list[Path]:
    """Return the files of a table, none of which is lost; with ``content``, none is another than was written."""
    try:
        files = sorted(file for file in _manifest.read(home) if file.startswith(f"{name}/"))
        if not files:
            raise ValueError(f"its manifest names no part of {name}")
        if lost := [file for file in files if not (home / file).is_file()]:
            raise ValueError(f"{lost[0]} is lost")
        if further := {f"{name}/{path.name}" for path in (home / name).glob("*.parquet")} - set(files):
            raise ValueError(f"{min(further)} is no part of it")
        if content:
            _manifest.check(home, files)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(
            f"the firm in {home} is damaged ({reason}). Simulate it again, with `folder=` naming a new folder."
        ) from None
    return [home / file for file in files]


def _build_in_memory(setting: Setting, wanted: tuple[str, ...], workers: int | None, block: int) -> dict[str, pa.Table]:
    parts = _simulate(setting.whole, wanted, workers, block, None)
    return {name: pa.concat_tables(parts[name]).combine_chunks() for name in wanted}


def _simulate(
    setting: Setting, wanted: tuple[str, ...], workers: int | None, block: int, work: Path | None
) -> dict[str, list[pa.Table]]:
    """Run all blocks and what belongs to the firm; tables come in parts, or are stored in the folder ``work``."""
    salespeople, pool = desks.draw(setting), market.pool_size(setting)
    by_person = frozenset(name for name in wanted if name in history.BY_PERSON)
    if answered := OF_CALLS & set(wanted):
        by_person |= {history.NOTED_CALLS}
    jobs: list[tuple[Callable, tuple]] = [
        (_run_block, (setting, salespeople, start, min(start + block, pool), by_person, work, number))
        for number, start in enumerate(range(0, pool, block))
    ]
    sums = accounts.empty_sums(setting.months)
    parts: dict[str, list[pa.Table]] = {name: [] for name in (*wanted, history.NOTED_CALLS)}
    for made, added in run_jobs(jobs, workers, "simulating"):
        for name, table in made.items():
            parts[name].append(table)
        for name, amounts in added.items():
            sums[name] += amounts
    of_the_firm = _firm_tables(setting, salespeople, sums)
    noted = parts.pop(history.NOTED_CALLS)
    if answered:
        made_of_calls = calls.answer(setting, pa.concat_tables(noted), sums["customers"])
        of_the_firm |= {name: _table(name, columns) for name, columns in made_of_calls.items()}
    of_the_firm = {name: past.visible(setting, name, table) for name, table in of_the_firm.items()}
    if answered and setting.hidden:
        of_the_firm["truth_calls"] = past.among(of_the_firm["truth_calls"], "call_id", of_the_firm["calls"])
    for name, table in of_the_firm.items():
        if name in parts:
            parts[name] = [table]
            if work is not None:
                _store(work, name, 0, table)
    return parts


def _run_block(
    setting: Setting, salespeople: desks.Desks, start: int, stop: int, wanted: frozenset[str], work: Path | None, number: int
) -> tuple[dict[str, pa.Table], dict[str, np.ndarray]]:
    made, sums = history.live(setting, salespeople, start, stop, wanted)
    made = {name: table if name == history.NOTED_CALLS else past.visible(setting, name, table) for name, table in made.items()}
    if work is None:
        return made, sums
    noted = {name: made.pop(name) for name in (history.NOTED_CALLS,) if name in made}
    for name, table in made.items():
        _store(work, name, number, table)
    return noted, sums


def run_jobs(jobs: Sequence[tuple[Callable, tuple]], workers: int | None, label: str) -> Iterator:
    """Return the results of some calls in order, computed by one or more processes; a progress bar shows if it takes long."""
    if check_workers(workers) == 1 or len(jobs) == 1:
        results = (function(*arguments) for function, arguments in jobs)
    else:
        from joblib import Parallel, cpu_count, delayed

        pool = Parallel(n_jobs=workers or cpu_count(), return_as="generator")
        results = pool(delayed(function)(*arguments) for function, arguments in jobs)
    return iter(tqdm(results, total=len(jobs), desc=label, delay=2, leave=False))


def _store(work: Path, name: str, number: int, table: pa.Table) -> None:
    (work / name).mkdir(exist_ok=True)  # not `work` itself: it is gone if the run has failed meanwhile
    pq.write_table(table, work / name / f"part-{number:05d}.parquet", compression="zstd")


def _new_folder(folder: object) -> Path:
    """Check the folder of a firm that is to be made: it must not exist, or be empty."""
    if not isinstance(folder, str | os.PathLike):
        raise ArgumentError(f"`folder` must be the path of a folder; it is {folder!r}.")
    home = Path(folder)
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise DataError(f"{home} exists already. Name a folder that does not, or an empty one.")
    return home


def _firm_tables(setting: Setting, salespeople: desks.Desks, sums: dict[str, np.ndarray]) -> dict[str, pa.Table]:
    """Build the tables that belong to the firm and not to persons."""
    log = EventLog()
    management.write(setting, salespeople, log)
    rank, nobody = np.zeros(1024, dtype=np.int64), pa.array([""])
    names = {*log.rows, "manager_survey", "campaigns"}  # these two are empty in a short period
    made = {name: log.table(name, rank, nobody, setting.opening) for name in names}
    day = setting.month_start[:-1].astype(np.int64).astype("timedelta64[D]")
    month = np.datetime64(setting.opening, "us") + day
    made["firm_months"] = _table("firm_months", {"month": month} | accounts.firm_months(setting, sums))
    made["truth_months"] = _table("truth_months", {"month": month} | accounts.true_months(sums))
    if setting.industry.giving:
        published, distrust = giving.climate(setting)
        flows = {"donated": sums["donated"] / 100, "paid_out": giving.payouts(setting, sums["donated"]) / 100}
        made["payouts"] = _table("payouts", {"month": month, "published": published} | flows)
        made["truth_trust"] = _table("truth_trust", {"month": month, "distrust": distrust})
    if setting.industry.bookings:
        made["truth_counts"] = _table("truth_counts", bookings.counts(sums, setting.opening.year))
    if correlations := setting.industry.correlations:
        columns = {"disposition": "first", "other": "second", "correlation": "value"}
        made["truth_correlations"] = _table(
            "truth_correlations",
            {column: [getattr(each, field) for each in correlations] for column, field in columns.items()},
        )
    parameters, values = zip(*_numbers("", setting.industry), strict=True)
    made["truth_parameters"] = _table("truth_parameters", {"parameter": list(parameters), "set_to": list(values)})
    return made


def _table(name: str, columns: Mapping[str, object]) -> pa.Table:
    declared = tables.table(name).columns
    return pa.table({column.name: pa.array(columns[column.name]).cast(arrow_type(column)) for column in declared})


def _numbers(prefix: str, value: object) -> Iterator[tuple[str, float]]:
    """Yield every number in a nested structure that may act on somebody, by its path."""
    if is_dataclass(value):
        for each in fields(value):
            part = getattr(value, each.name)
            if not ("neutral" in each.metadata and part == each.default):
                yield from _numbers(f"{prefix}.{each.name}" if prefix else each.name, part)
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value, 1):
            yield from _numbers(f"{prefix}.{getattr(part, 'name', place)}", part)
    elif isinstance(value, bool | int | float):
        yield prefix, float(value)
