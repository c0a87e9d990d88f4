"""The firm: one run of the simulation, its tables and its truth, and the same firm with a cause changed.

``simulate`` makes a firm; ``Firm.rerun`` makes it once more with the same random numbers and one thing done
differently. A small firm is held in memory, a large one is written block by block as Parquet files
and read from there. What happens inside a firm is known in the mechanisms, how blocks are run and put together in
``assembly``; this room knows what is asked of a firm.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crmlab import _check, tables
from crmlab._result import Summary
from crmlab.errors import ArgumentError
from crmlab.world import assembly, call_lists, history, industries, interventions, presets
from crmlab.world.event_log import arrow_type
from crmlab.world.setting import Setting

_OF_THE_FIRM = ("salespeople", "products", "promises", "standards", "delivery", "manager_survey", "campaigns", "payouts",
            "firm_months", "truth_months", "truth_trust", "truth_parameters",
            "truth_correlations", "truth_counts")  # fmt: skip
_ONLY_WITH_GIVING = ("donations", "payouts", "truth_donors", "truth_trust")
_ONLY_WITH_BOOKINGS = ("truth_faults", "truth_doubles", "truth_counts")
_MADE = frozenset((*history.BY_PERSON, *_OF_THE_FIRM, *assembly.OF_CALLS))
#: In the order in which ``crmlab.tables`` declares them.
TABLES = tuple(name for name in tables.names() if name in _MADE and not name.startswith("truth_"))
TRUTH = tuple(name for name in tables.names() if name in _MADE and name.startswith("truth_"))


class _Tables(Mapping):
    """Tables by name, each read when it is asked for."""

    __slots__ = ()

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    __eq__, __hash__ = object.__eq__, object.__hash__  # tables cannot be told equal by `==`; of equal firms the hash() is equal

    def get(self, name: str, default: Any = None) -> Any:
        """Return a table, or ``default`` where there is none of that name.

        Examples
        --------
        >>> from crmlab import world
        >>> world.simulate("retailer", customers=10, months=2, seed=7).get("contracts") is None
        True
        """
        try:
            return self[name]
        except ArgumentError:
            return default


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Truth(_Tables):
    """What nobody at the firm can see: ``firm.truth["customers"]``; iterate for the names."""

    _firm: Firm

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._firm._frame(f"truth_{_check.choice('name', name, tuple(self))}")

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix("truth_") for name in self._firm._tables if name.startswith("truth_"))

    def __repr__(self) -> str:
        return f"the truth about {self._firm.industry.name}: {', '.join(self)}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Firm(_Tables):
    """A simulated firm: ``firm["orders"]`` is a table, ``firm.truth`` what nobody at the firm can see.

    Made by ``simulate`` and ``rerun``.

    Attributes
    ----------
    setting : Setting
        Industry, customers, months, seed and interventions; nothing else tells what was changed.
    folder : Path or None
        Where its Parquet files lie, one folder for each table; None for a firm in memory.
    """

    setting: Setting
    folder: Path | None
    _tables: dict[str, pa.Table | None]

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

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._tables if not name.startswith("truth_"))

    def path(self, name: str) -> str:
        """Return the Parquet files of a table, as a pattern that every function of tables takes.

        Parameters
        ----------
        name : str
            A table; one of the truth has ``truth_`` in front.

        Raises
        ------
        ArgumentError
            There is no such table, or the firm is held in memory.
        DataError
            A file of it is lost.

        Examples
        --------
        >>> import tempfile
        >>> from crmlab import world
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     firm = world.simulate("retailer", customers=10, months=2, seed=7, folder=f"{folder}/firm")
        ...     firm.path("orders").endswith("orders/*.parquet")
        True
        """
        _check.choice("name", name, tuple(self._tables))
        if self.folder is None:
            raise ArgumentError("this firm is held in memory; simulate it with `folder=` to have files.")
        assembly.parts(self.folder, name, content=False)
        return str(self.folder / name / "*.parquet")

    def day(self, month: int) -> dt.date:
        """Return the first day of a month.

        Parameters
        ----------
        month : int
            Counted from 1; the month after the last one is allowed.

        Raises
        ------
        ArgumentError
            ``month`` lies outside the period.

        Examples
        --------
        >>> from crmlab import world
        >>> world.simulate("retailer", customers=10, months=2, seed=7).day(2)
        datetime.date(2023, 2, 1)
        """
        month = _check.integer("month", month, 1, self.setting.months + 1)
        return self.opening + dt.timedelta(days=int(self.setting.month_start[month - 1]))

    def rerun(
        self, *, start: int = 1, cost: float | None = None, calls: Collection[str] = (), offer: str | None = None,
        folder: object = None, workers: int | None = 1, **changes: float,
    ) -> Firm:  # fmt: skip
        """Simulate the same firm with one or more causes changed from a month on, or with calls to chosen customers.

        The two firms have common random numbers: they differ by what the change did, and by nothing else.

        Parameters
        ----------
        start : int
            The first month (from 1) that is different.
        cost : float, optional
            What the changes cost, in currency for each customer and month (for causes of the pipeline: once for each prospect),
            in place of their own cost curves. 0 makes them free.
        calls : collection of str
            Ids of customers who are called once in the month ``start``, beside those whom salespeople call by themselves. A
            call is a follow-up call like any other (docs/world.md, section 8.15): it costs ``call_cost``, makes leaving
            somewhat less likely, and tires. Without contract it may reach somebody who has left.
        offer : str, optional
            The campaign of the industry whose offer the caller makes: it acts as the campaign does on whomever it contacts.
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
            period, or a cost below zero or of no change; a call to nobody in the file on the first day of ``start``, or to
            somebody who is called in that month already; an offer without calls, or of no campaign.

        See Also
        --------
        crmlab.world.compare : What the change did.

        Examples
        --------
        >>> from crmlab import world
        >>> firm = world.simulate("retailer", customers=10, months=6, seed=7)
        >>> firm.rerun(reliability=0.5, start=4)  # which cause was changed, and when, is not shown: it may be the question
        Firm(retailer-v2, customers=10, months=6, seed=7)
        >>> called = firm.rerun(calls=firm["customers"].customer_id[:2], start=6)
        >>> bool(called["firm_months"].campaign_cost.iloc[5] >= firm["firm_months"].campaign_cost.iloc[5])
        True
        """
        setting, start = self.setting, _first_month(self.setting, start)
        plan = setting.interventions.add(_interventions(setting, start, cost, changes))
        listed = self._call_list(calls, offer, start)
        changed = replace(setting, interventions=replace(plan, calls=call_lists.add(plan.calls, listed)))
        return _make(changed, tuple(self._tables), folder, workers)

    def _call_list(self, given: object, offer: str | None, start: int) -> tuple[call_lists.Call, ...]:
        """Check a call list; refuse an offer that nobody is called for."""
        if offer is not None:
            _check.choice("offer", offer, tuple(campaign.name for campaign in self.industry.campaigns))
        if isinstance(given, tuple) and not given:
            if offer is not None:
                raise ArgumentError("`offer` is made to those who are called, and nobody is; give their ids as `calls`.")
            return ()
        customers = self.truth["customers"][["customer_id", "since", "left"]]
        return call_lists.check(given, offer or "", start, self.day(start), customers, contract=self.industry.contract)

    def hash(self) -> str:
        """Return a fingerprint of the content: equal firms have equal ones, however they were computed or stored.

        Floats count to six decimals, rows in the order of their keys.

        Examples
        --------
        >>> from crmlab import world
        >>> firm = world.simulate("retailer", customers=10, months=2, seed=7)
        >>> firm.hash() == firm.rerun(reliability=0).hash()
        True
        """
        total = hashlib.sha256()
        for name in sorted(self._tables):
            total.update(name.encode() + digest(self._arrow(name), name))
        return total.hexdigest()

    def summary(self) -> Summary:
        """Return what the firm is and how it fared.

        Examples
        --------
        >>> from crmlab import world
        >>> print(world.simulate("retailer", customers=10, months=2, seed=7).summary())  # doctest: +ELLIPSIS
        A firm: retailer-v2
          Industry: retailer-v2
          Months: 2
          ...
        """
        months, truth = self["firm_months"], self.truth["months"]
        facts = (
            ("Industry", self.industry.name), ("Months", self.setting.months), ("Seed", self.setting.seed),
            ("Prospects", int(months.prospects.sum())), ("Customers won", int(months.won.sum())),
            ("Customers at the end", int(truth.customers.iloc[-1])), ("Revenue", round(months.revenue.sum())),
            ("Profit", round(months.profit.sum())),
        )  # fmt: skip
        return Summary(f"A firm: {self.industry.name}", facts=facts)

    def __repr__(self) -> str:
        setting = self.setting
        months = f"{setting.months}, past={setting.past}" if setting.past else f"{setting.months}"
        return f"Firm({setting.industry.name}, customers={setting.customers:,}, months={months}, seed={setting.seed})"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _arrow(self, name: str) -> pa.Table:
        table = self._tables[name]
        if table is None and self.folder is not None:
            table = pq.read_table(assembly.parts(self.folder, name, content=True))
        return table

    def _frame(self, name: str) -> pd.DataFrame:
        return frame(self._arrow(name), name)


def _first_month(setting: Setting, start: object) -> int:
    try:
        return _check.integer("start", start, 1, setting.months)
    except ArgumentError:
        raise ArgumentError(f"`start` must be a month of the firm, from 1 to {setting.months}; it is {start!r}.") from None


def _interventions(
    setting: Setting, start: int, cost: object, changes: Mapping[str, object]
) -> tuple[interventions.Intervention, ...]:
    """Check changes; several share one given cost, which is paid once for each kind of payer."""
    price = None if cost is None else interventions.price("cost", cost)
    if price is not None and not changes:
        raise ArgumentError("`cost` is that of a change, and none is named; give one, such as `reliability=0.5`, or no cost.")
    checked: list[interventions.Intervention] = []
    paid = set()
    for name, amount in changes.items():
        change = interventions.intervention(setting.industry, name, amount, start, price)
        per = interventions.CAUSES[change.cause].per
        checked.append(replace(change, cost=0.0) if price is not None and per in paid else change)
        paid.add(per)
    return tuple(checked)


def simulate(
    industry: str | industries.Industry = "retailer", *, customers: int = 2_000, months: int = 36, past: int = 0, seed: int,
    seasons: bool = True, targeted: bool = True, tables: Collection[str] | None = None, folder: object = None,
    workers: int | None = 1,
) -> Firm:  # fmt: skip
    """Simulate a firm from its first contact to its last month's profit.

    Truth: everything that happens follows from the numbers of the industry, which ``firm.truth["parameters"]`` lists, by
    the equations of docs/world.md. A naive reader will see satisfaction too rosy (the discontent answer less), targeted
    campaigns too good (they go to those who would have bought anyway), and loyal customers in the old cohorts (the others
    have left).

    Parameters
    ----------
    industry : str or Industry
        "retailer" (no contract), "telecom" (contract), "rebate_site" (no contract; customers also donate, and a scandal
        shakes their trust), "manufacturer" (sells machines to organisations), "homebuilder" (one purchase, many
        recommendations), "insurer" (contract, claims), or a version such as "retailer-v1", or a block of your own.
    customers : int
        About how many the firm wins through its own channels if the period is 36 months (in a shorter one more of them are
        still on their way); referrals come on top.
    months : int
        Length of the period, which begins on the first of January.
    past : int
        Months that the firm has existed before: 0, 12, 24, ... An established firm begins with customers, who are in its
        file with the day since when; its tables tell nothing else that was over before the first month.
    seed : int
        The same seed gives the same firm.
    seasons : bool
        Whether purchases have a season.
    targeted : bool
        Whether there are targeted campaigns, beside those by lot.
    tables : collection of str, optional
        Make only these (the firm is the same); months and parameters are always made.
    folder : str or path, optional
        Write Parquet files there instead of holding the tables in memory, for firms of 100,000 customers and more. A
        manifest beside them notices when one is lost.
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
        The folder holds something else already, or cannot be written to.

    Examples
    --------
    >>> from crmlab import world
    >>> firm = world.simulate("retailer", customers=40, months=8, seed=7)
    >>> better = firm.rerun(reliability=0.5, start=4)
    >>> bool(better.truth["months"].leavers.sum() <= firm.truth["months"].leavers.sum())
    True
    """
    preset = presets.industry(industry)
    interventions.offered(preset)  # refuses a cost of no cause
    months = _check.integer("months", months, 1, 600)
    setting = Setting(
        preset, _check.integer("customers", customers, 1, 100_000_000), months, _check.integer("seed", seed, 0, 2**63 - 1),
        _check.flag("seasons", seasons), _check.flag("targeted", targeted), interventions.Interventions((), months),
        whole_years(past),
    )  # fmt: skip
    return _make(setting, _wanted(tables, preset), folder, workers)


def whole_years(past: object) -> int:
    """Check how many months a firm has existed before its first one."""
    months = _check.integer("past", past, 0, 600)
    if months % 12:
        raise ArgumentError(
            f"`past` must be whole years in months, such as 12 or 24, since a firm opens in January; it is {past!r}."
        )
    return months


def offered(industry: industries.Industry) -> tuple[str, ...]:
    """Return the names of the tables of an industry, those of the truth last and with ``truth_`` in front."""
    has = {
        "contracts": industry.contract, **dict.fromkeys(_ONLY_WITH_GIVING, industry.giving), "usage": industry.usage[0],
        "relationship": industry.trust[0], "call_backs": industry.call_back[0], "truth_values": industry.horizon,
        "truth_keeping": any(campaign.keep for campaign in industry.campaigns), "truth_returns": industry.returns,
        "truth_correlations": industry.correlations, "truth_prospects": industry.pipeline or industry.prospect_records,
        "deals": industry.pipeline, "deal_contacts": industry.pipeline and industry.pipeline.roles,
        "objections": industry.pipeline and industry.pipeline.answers,
        **dict.fromkeys(_ONLY_WITH_BOOKINGS, industry.bookings),
        **dict.fromkeys(("leaving", "truth_leaving"), industry.farewell),
        **dict.fromkeys(assembly.OF_CALLS, industry.calls),
    }  # fmt: skip
    return tuple(name for name in (*TABLES, *TRUTH) if has.get(name, True))


def _wanted(names: Collection[str] | None, industry: industries.Industry) -> tuple[str, ...]:
    known = offered(industry)
    if names is None:
        return known
    if isinstance(names, str) or not isinstance(names, Collection) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f'`tables` must be a list of names, such as ["orders"]; it is {names!r}.')
    for name in names:
        _check.choice("tables", name, known)
    always = ("firm_months", "truth_months", "truth_parameters", "truth_customers")
    return tuple(name for name in known if name in names or name in always)


def _make(setting: Setting, wanted: tuple[str, ...], folder: object, workers: int | None, block: int = assembly.BLOCK) -> Firm:
    return Firm(setting, *assembly.build(setting, wanted, folder, workers, block))


def write(firm: Firm, name: str, path: Path | BinaryIO) -> None:
    """Write one table of a firm (of its truth with ``truth_`` in front) as one Parquet file."""
    pq.write_table(firm._arrow(name), path, compression="zstd")


def read(path: Path, name: str) -> pd.DataFrame:
    """Read a table as ``write`` stored it."""
    return frame(pq.read_table(path), name)


def frame(table: pa.Table, name: str) -> pd.DataFrame:
    """Return a stored table as a DataFrame, whole numbers that may be missing as such."""
    rows = table.to_pandas()
    for column in tables.table(name).columns:
        if column.dtype == "integer" and column.nullable:
            rows[column.name] = rows[column.name].astype("Int8")
    return rows


def digest(table: pa.Table, name: str) -> bytes:
    """Return a fingerprint of a table: floats to six decimals, rows in the order of the key."""
    declared = tables.table(name)
    keys = [(key, "ascending") for key in declared.key_among(table.column_names) or table.column_names]
    table = table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()
    total = hashlib.sha256()
    for column in (each for each in declared.columns if each.name in table.column_names):
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
        missing = False if pa.types.is_boolean(values.type) else 0
        total.update(values.fill_null(missing).to_numpy(zero_copy_only=False).tobytes())
    return total.digest()
