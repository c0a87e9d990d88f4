"""The firm: one run of the simulation, its tables and its truth, and the same firm with a cause changed.

``simulate`` makes a firm; ``Firm.rerun`` makes it once more with the same luck and one thing done
differently. A small firm is held in memory, a large one is written block by block as Parquet files
and read from there. What happens inside a firm is told by the mechanisms; this room puts blocks
together and adds up the months.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from crmlab import _check, tables
from crmlab._result import Summary
from crmlab.errors import ArgumentError, DataError
from crmlab.world import giving, history, industries, management, market, plan, sales
from crmlab.world.setting import Book, Setting, arrow_type

#: Persons of the pool in one block: small enough for the processor's cache, large enough to be vectorised.
_BLOCK = 30_000
_BY_FIRM = ("salespeople", "products", "promises", "standards", "delivery", "manager_survey", "campaigns", "payouts",
            "firm_months", "truth_months", "truth_trust", "truth_parameters")  # fmt: skip
_OF_GIVING = ("donations", "payouts", "truth_donors", "truth_trust")
_MADE = frozenset((*history.BY_PERSON, *_BY_FIRM))
#: In the order in which ``crmlab.tables`` declares them.
TABLES = tuple(name for name in tables.names() if name in _MADE and not name.startswith("truth_"))
TRUTH = tuple(name for name in tables.names() if name in _MADE and name.startswith("truth_"))


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Mapping):
    """What nobody at the firm can see: ``firm.truth["customers"]``; iterate for the names."""

    _firm: Firm

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._firm._frame(f"truth_{_check.choice('name', name, tuple(self))}")

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix("truth_") for name in self._firm._held if name.startswith("truth_"))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"the truth about {self._firm.industry.name}: {', '.join(self)}"


@dataclass(frozen=True, slots=True, eq=False)
class Firm(Mapping):
    """A simulated firm: ``firm["orders"]`` is a table, ``firm.truth`` what nobody at the firm can see.

    Made by ``simulate`` and ``rerun``.

    Attributes
    ----------
    setting : Setting
        Industry, customers, months, seed and changes.
    folder : Path or None
        Where its Parquet files lie, one folder for each table; None for a firm in memory.
    """

    setting: Setting
    folder: Path | None
    _held: dict[str, pa.Table | None]

    @property
    def industry(self) -> industries.Industry:
        """The block of numbers that it is made from."""
        return self.setting.industry

    @property
    def opening(self) -> dt.date:
        """The first day of month 1."""
        return self.setting.opening

    @property
    def truth(self) -> Truth:
        """Parameters, dispositions and counterfactuals."""
        return Truth(self)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._frame(_check.choice("name", name, tuple(self)))

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._held if not name.startswith("truth_"))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def path(self, name: str) -> str:
        """The Parquet files of a table of a firm with a folder, as a pattern that every function of tables takes."""
        _check.choice("name", name, tuple(self._held))
        if self.folder is None:
            raise ArgumentError("this firm is held in memory; simulate it with `folder=` to have files.")
        return str(self.folder / name / "*.parquet")

    def day(self, month: int) -> dt.date:
        """The first day of a month, counted from 1."""
        month = _check.integer("month", month, 1, self.setting.months + 1)
        return self.opening + dt.timedelta(days=int(self.setting.first[month - 1]))

    def rerun(
        self, *, start: int = 1, cost: float | None = None, folder: object = None, workers: int | None = 1, **changes: float
    ) -> Firm:
        """The same firm with the same luck, and one or more causes changed from a month on.

        Parameters
        ----------
        start : int
            The first month (from 1) that is different.
        cost : float, optional
            What the changes cost, in currency for each customer and month (for causes of the pipeline: once for each prospect),
            in place of their own cost curves. 0 makes them free.
        folder, workers
            As in ``simulate``.
        **changes : float
            Cause and amount, such as ``reliability=0.5``; see ``world.causes()``. They add to those already made.

        Returns
        -------
        Firm

        Raises
        ------
        ArgumentError
            An unknown cause (the message lists the known ones), an amount outside its range, ``start`` outside the
            period, or a cost below zero.
        """
        setting = self.setting
        if isinstance(start, bool) or not isinstance(start, int | np.integer) or not 1 <= start <= setting.months:
            raise ArgumentError(f"`start` must be a month of the firm, from 1 to {setting.months}; it is {start!r}.")
        good = cost is None or (isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < float("inf"))
        if not good:
            raise ArgumentError(f"`cost` must be 0 or more, in currency for each customer and month; it is {cost!r}.")
        # several changes share one given cost: it is paid once for each kind of payer
        new, paid = [], set()
        for name, amount in changes.items():
            one = plan.change(setting.industry, name, amount, int(start), cost)
            per = plan.CAUSES[one.cause].per
            new.append(replace(one, cost=0.0) if cost is not None and per in paid else one)
            paid.add(per)
        return _make(replace(setting, plan=plan.add(setting.plan, tuple(new))), tuple(self._held), folder, workers, _BLOCK)

    def hash(self) -> str:
        """A fingerprint of the content: equal firms have equal ones, however they were computed or stored.

        Floats count to six decimals, rows in the order of their keys.
        """
        total = hashlib.sha256()
        for name in sorted(self._held):
            total.update(name.encode() + _digest(self._arrow(name), name))
        return total.hexdigest()

    def summary(self) -> Summary:
        """What the firm is and how it fared."""
        months, truth = self["firm_months"], self.truth["months"]
        facts = (
            ("Industry", self.industry.name), ("Months", self.setting.months), ("Seed", self.setting.seed),
            ("Prospects", int(months.prospects.sum())), ("Customers won", int(months.won.sum())),
            ("Customers at the end", int(truth.customers.iloc[-1])), ("Revenue", round(months.revenue.sum())),
            ("Profit", round(months.profit.sum())),
            *((f"From month {each.start}", each.told) for each in self.setting.plan.changes),
        )  # fmt: skip
        return Summary(f"A firm: {self.industry.name}", facts=facts)

    def __repr__(self) -> str:
        changed = "".join(f", {each.told} from month {each.start}" for each in self.setting.plan.changes)
        it = self.setting
        return f"Firm({it.industry.name}, customers={it.customers:,}, months={it.months}, seed={it.seed}{changed})"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _arrow(self, name: str) -> pa.Table:
        held = self._held[name]
        return held if held is not None else pq.read_table(self.folder / name)

    def _frame(self, name: str) -> pd.DataFrame:
        return frame(self._arrow(name), name)


def simulate(
    industry: str | industries.Industry = "retailer", *, customers: int = 2_000, months: int = 36, seed: int,
    seasons: bool = True, targeted: bool = True, tables: Collection[str] | None = None, folder: object = None,
    workers: int | None = 1,
) -> Firm:  # fmt: skip
    """A firm from its first contact to its last month's profit.

    Truth: everything that happens follows from the numbers of the industry, which ``firm.truth["parameters"]`` lists, by
    the equations of docs/world.md. A naive reader will see satisfaction too rosy (the discontent answer less), targeted
    campaigns too good (they go to those who would have bought anyway), and loyal customers in the old cohorts (the others
    have left).

    Parameters
    ----------
    industry : str or Industry
        "retailer" (no contract), "telecom" (contract) or "rebate_site" (no contract; customers also donate, and a scandal
        shakes their trust), or a version such as "retailer-v1", or a block of your own.
    customers : int
        About how many the firm wins through its own channels if the period is 36 months (in a shorter one more of them are
        still on their way); referrals come on top.
    months : int
        Length of the period, which begins on the first of January.
    seed : int
        The same seed gives the same firm.
    seasons : bool
        Whether purchases have a season.
    targeted : bool
        Whether there are targeted campaigns, beside those by lot.
    tables : collection of str, optional
        Make only these (the firm is the same); months and parameters are always made.
    folder : str or path, optional
        Write Parquet files there instead of holding the tables in memory, for firms of 100,000 customers and more.
    workers : int, optional
        Processes to use; None for one for each core. The result is the same.

    Returns
    -------
    Firm
        ``firm["orders"]``, ``firm.truth["customers"]``, ``firm.rerun(...)``.

    Raises
    ------
    ArgumentError
        An unknown industry or table (the message lists the known ones), or a number outside its range.
    DataError
        The folder holds something else already.

    Examples
    --------
    >>> from crmlab import world
    >>> firm = world.simulate("retailer", customers=200, months=12, seed=7)
    >>> better = firm.rerun(reliability=0.5, start=7)
    >>> bool(better.truth["months"].leavers.sum() <= firm.truth["months"].leavers.sum())
    True
    """
    it = industries.industry(industry)
    for name, value in (("seasons", seasons), ("targeted", targeted)):
        if not isinstance(value, bool):
            raise ArgumentError(f"`{name}` must be True or False; it is {value!r}.")
    months = _check.integer("months", months, 1, 600)
    setting = Setting(
        it, _check.integer("customers", customers, 1, 100_000_000), months, _check.integer("seed", seed, 0, 2**63 - 1),
        seasons, targeted, plan.Plan((), months),
    )  # fmt: skip
    return _make(setting, _wanted(tables, it), folder, workers, _BLOCK)


def offered(it: industries.Industry) -> tuple[str, ...]:
    """Names of the tables of an industry, those of the truth last and with ``truth_`` in front."""
    lacking = (() if it.contract else ("contracts",)) + (() if it.giving else _OF_GIVING)
    return tuple(name for name in (*TABLES, *TRUTH) if name not in lacking)


def _wanted(asked: Collection[str] | None, it: industries.Industry) -> tuple[str, ...]:
    known = offered(it)
    if asked is None:
        return known
    if isinstance(asked, str) or not isinstance(asked, Collection) or not all(isinstance(name, str) for name in asked):
        raise ArgumentError(f'`tables` must be a list of names, such as ["orders"]; it is {asked!r}.')
    for name in asked:
        _check.choice("tables", name, known)
    always = ("firm_months", "truth_months", "truth_parameters", "truth_customers")
    return tuple(name for name in known if name in asked or name in always)


def _make(setting: Setting, wanted: tuple[str, ...], folder: object, workers: int | None, block: int) -> Firm:
    """Live through all blocks and put them together."""
    if workers is not None:
        _check.integer("workers", workers, 1, 1024)
    home = None if folder is None else _empty(folder)
    desks = sales.desks(setting)
    persons = market.pool(setting)
    spans = [(start, min(start + block, persons)) for start in range(0, persons, block)]
    by_person = frozenset(name for name in wanted if name in history.BY_PERSON)
    sums = {name: np.zeros(setting.months, dtype=np.int64) for name in history.SUMS}
    parts: dict[str, list[pa.Table]] = {name: [] for name in wanted}
    work = None if home is None else home.with_name(f".{home.name}-{uuid.uuid4().hex}")
    try:
        jobs = [(_live, (setting, desks, start, stop, by_person, work, number)) for number, (start, stop) in enumerate(spans)]
        for made, added in spread(jobs, workers, "simulating"):
            for name, table in made.items():
                parts[name].append(table)
            for name, amounts in added.items():
                sums[name] += amounts
        held: dict[str, pa.Table | None] = {}
        for name, table in _firm_tables(setting, desks, sums).items():
            if name in parts:
                parts[name] = [table]
                if work is not None:
                    _store(work, name, 0, table)
        for name, pieces in parts.items():
            held[name] = pa.concat_tables(pieces).combine_chunks() if work is None else None
        if work is not None:
            work.rename(home)
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
    return Firm(setting, home, held)


def _live(
    setting: Setting, desks: sales.Desks, start: int, stop: int, wanted: frozenset[str], work: Path | None, number: int
) -> tuple[dict[str, pa.Table], dict[str, np.ndarray]]:
    made, sums = history.live(setting, desks, start, stop, wanted)
    if work is None:
        return made, sums
    for name, table in made.items():
        _store(work, name, number, table)
    return {}, sums


def spread(jobs: list[tuple[Callable, tuple]], workers: int | None, told: str) -> Iterator:
    """The results of some calls in order, computed by one or more processes, with a progress bar if it takes long."""
    if workers == 1 or len(jobs) == 1:
        results = (function(*arguments) for function, arguments in jobs)
    else:
        from joblib import Parallel, cpu_count, delayed

        pool = Parallel(n_jobs=workers or cpu_count(), return_as="generator")
        results = pool(delayed(function)(*arguments) for function, arguments in jobs)
    return iter(tqdm(results, total=len(jobs), desc=told, delay=2, leave=False))


def _store(work: Path, name: str, number: int, table: pa.Table) -> None:
    (work / name).mkdir(parents=True, exist_ok=True)
    pq.write_table(table, work / name / f"part-{number:05d}.parquet", compression="zstd")


def _empty(folder: object) -> Path:
    try:
        home = Path(folder)
    except TypeError:
        raise ArgumentError(f"`folder` must be the path of a folder; it is {folder!r}.") from None
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise DataError(f"{home} exists already. Name a folder that does not, or an empty one.")
    home.parent.mkdir(parents=True, exist_ok=True)
    if home.exists():
        home.rmdir()
    return home


def _firm_tables(setting: Setting, desks: sales.Desks, sums: dict[str, np.ndarray]) -> dict[str, pa.Table]:
    """The tables that belong to the firm and not to persons."""
    book = Book()
    management.write(setting, desks, book)
    rank, nobody = np.zeros(1024, dtype=np.int64), pa.array([""])
    made = {name: book.table(name, rank, nobody, setting.opening) for name in list(book.rows)}
    for name in ("manager_survey", "campaigns"):
        made.setdefault(name, book.table(name, rank, nobody, setting.opening))
    opening = np.datetime64(setting.opening, "us")
    month = pa.array(opening + (setting.first[:-1] * 86_400_000_000).astype("timedelta64[us]"))
    it, paid = setting.industry, setting.plan.cost
    # it is paid by the prospects whom the usual advertising would bring
    usual = sums["prospects"] - sums["invited"] + sums["invited"] / (1 + setting.shifts["advertising"])
    improvement = paid(it, "customer") * sums["served"] + paid(it, "prospect") * usual
    fixed = it.fixed_cost * setting.customers * (1 + setting.shifts["operating_cost"])
    money = {name: sums[name] for name in ("revenue", "goods_cost", "service_cost", "campaign_cost", "acquisition_cost")}
    money |= {
        "improvement_cost": np.round(100 * improvement).astype(np.int64),
        "fixed_cost": np.round(100 * fixed).astype(np.int64),
    }
    profit = 2 * money["revenue"] - sum(money.values())
    columns = {"month": month} | {name: sums[name] for name in ("prospects", "won", "orders")}
    columns |= {name: amounts / 100 for name, amounts in (money | {"profit": profit}).items()}
    made["firm_months"] = _table("firm_months", columns)
    served = np.maximum(sums["served"], 1)
    means = {name: sums[name] / 1e6 / served for name in ("satisfaction", "loyalty")}
    made["truth_months"] = _table(
        "truth_months", {"month": month, "customers": sums["customers"], "leavers": sums["left"]} | means
    )
    if it.giving:
        published, distrust = giving.climate(setting)
        flows = {"donated": sums["donated"] / 100, "paid_out": giving.payouts(setting, sums["donated"]) / 100}
        made["payouts"] = _table("payouts", {"month": month} | flows | {"published": published})
        made["truth_trust"] = _table("truth_trust", {"month": month, "distrust": distrust})
    names, values = zip(*_flat("", asdict(it)), strict=True)
    made["truth_parameters"] = _table("truth_parameters", {"parameter": list(names), "set_to": list(values)})
    return made


def _table(name: str, columns: dict) -> pa.Table:
    declared = tables.table(name).columns
    return pa.table({column.name: pa.array(columns[column.name]).cast(arrow_type(column)) for column in declared})


def _flat(prefix: str, value: object) -> Iterator[tuple[str, float]]:
    """Every number in a nested structure, by its path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, each)
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            label = each["name"] if isinstance(each, dict) and "name" in each else place + 1
            yield from _flat(f"{prefix}.{label}", each)
    elif isinstance(value, bool | int | float):
        yield prefix, float(value)


def write(firm: Firm, name: str, path: Path | BinaryIO) -> None:
    """Write one table of a firm (of its truth with ``truth_`` in front) as one Parquet file."""
    pq.write_table(firm._arrow(name), path, compression="zstd")


def read(path: Path, name: str) -> pd.DataFrame:
    """A table as ``write`` stored it."""
    return frame(pq.read_table(path), name)


def frame(table: pa.Table, name: str) -> pd.DataFrame:
    """A stored table as a DataFrame, whole numbers that may be missing as such."""
    found = table.to_pandas()
    for column in tables.table(name).columns:
        if column.dtype == "integer" and column.nullable:
            found[column.name] = found[column.name].astype("Int8")
    return found


def _digest(table: pa.Table, name: str) -> bytes:
    keys = [(key, "ascending") for key in tables.table(name).key or table.column_names]
    table = table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()
    total = hashlib.sha256()
    for column in tables.table(name).columns:
        values = table[column.name].combine_chunks() if table.num_rows else pa.array([], arrow_type(column))
        total.update(column.name.encode() + values.is_null().to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_string(values.type):
            values = values.fill_null("")
            total.update(pc.binary_length(values).to_numpy().tobytes())
            total.update("".join(values.to_pylist()).encode())
            continue
        if pa.types.is_floating(values.type):
            values = pc.add(pc.round(values, 6), 0.0)  # minus zero is zero
        elif pa.types.is_timestamp(values.type):
            values = values.cast(pa.int64())
        none = False if pa.types.is_boolean(values.type) else 0
        total.update(values.fill_null(none).to_numpy(zero_copy_only=False).tobytes())
    return total.digest()
