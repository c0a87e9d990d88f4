"""Data sets: the tables of the default firm, those of other industries, and a reader for yours.

``load`` brings a table of a simulated firm, ``truth`` what nobody at that firm can see; the default firm
comes with the kit, others are simulated when first asked for and kept. ``read`` takes a file as it is
out there, in whatever encoding and number format, and returns the clean rows together with those it
had to set aside, each with its line and the reason. This room knows where tables lie and which rows
are good; what a column means stands in ``tables``, how a file is opened in ``_files``, how a date or a
number is written in ``_parse``, how a firm is made in ``world``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from crmlab import __version__, _check, _files, _parse, tables, world
from crmlab._result import Summary
from crmlab.errors import ArgumentError, ColumnError, CrmlabWarning, DataError
from crmlab.world.firm import offered as _offered
from crmlab.world.firm import read as _read_table
from crmlab.world.firm import write as _write_table
from crmlab.world.industries import industry as _preset

if TYPE_CHECKING:
    from crmlab.tables import Column, Table

__all__ = ["Reading", "build", "describe", "load", "names", "read", "shop", "truth"]

_HOME = Path(__file__).resolve().parent.parent / "datasets"
_DEFAULT = "retailer"
_SEED = 1
_MONTHS = {"rebate_site-v1": 72}  # six years of a yearly coin; every other firm lives for 36 months
_MANIFEST = "manifest.json"
_TEXT = "contact_records"  # as a CSV file: that is how such a mess arrives


def names(industry: str = _DEFAULT) -> tuple[str, ...]:
    """Names of the tables that ``load`` brings.

    >>> from crmlab import datasets
    >>> datasets.names()[:3]
    ('orders', 'customers', 'contact_records')
    """
    return tuple(name for name in _offered(_preset(industry)) if not name.startswith("truth_"))


#: Tables that lie in the kit's folder beside those of the default firm, and how to get one that is missing.
_BESIDE = {
    "what_if": "Make it in some minutes: `world.sweep(**datasets.WHAT_IF)`.",
    "cdnow": "It is a file of the kit and cannot be simulated: install the kit with its folder `datasets`.",
}
#: What the grid behind the what-if widget tries: a table of its own, over twelve smaller firms of the default kind.
WHAT_IF = {
    "changes": {name: (-0.5, -0.25, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5) for name in tables.DIMENSIONS},
    "customers": 1_000,
    "start": 13,
}


def load(name: str, *, industry: str = _DEFAULT) -> pd.DataFrame:
    """A table of a simulated firm with about 2,000 customers and 36 months: ``world.simulate(industry, seed=1)``.

    The retailer comes with the kit. Another industry is simulated when it is first asked for (a few seconds) and
    kept in a folder of its own: that named by ``CRMLAB_CACHE``, or the usual place for such files. The rebate site
    lives for 72 months, since its customers donate once a year.

    Parameters
    ----------
    name : str
        One of ``datasets.names(industry)``. Beside those of the retailer lie "what_if", the grid behind the what-if widget,
        and "cdnow", the orders of real customers: a sample of those of a music shop of 1997, much used in publications.
    industry : str
        "retailer", "telecom" or "rebate_site".

    Returns
    -------
    DataFrame
        As ``datasets.describe(name)`` says.

    Raises
    ------
    ArgumentError
        There is no such table or industry; the message lists the known ones.
    DataError
        The file that comes with the kit is damaged.

    Examples
    --------
    >>> from crmlab import datasets
    >>> datasets.load("orders").columns.to_list()
    ['order_id', 'customer_id', 'order_date', 'amount', 'product_id', 'discount']
    """
    if isinstance(name, str) and name in _BESIDE and _preset(industry).name == _preset(_DEFAULT).name:
        if not (_HOME / _file(name)).exists():
            raise DataError(f"{_file(name)} lies in the kit's folder `datasets`, which is not here. {_BESIDE[name]}")
        return pd.read_parquet(_HOME / _file(name))
    return _held(_check.choice("name", name, names(industry)), industry)


def truth(name: str, *, industry: str = _DEFAULT) -> pd.DataFrame:
    """What nobody at the firm can see, to hold an answer against: the same firm as in ``load``.

    Parameters
    ----------
    name : str
        "customers" (dispositions, the day each truly left), "failures", "survey" (what all would have answered), "campaigns"
        (what a contact would have done), "records" (whose each is), "months" or "parameters".
    industry : str
        As in ``load``.

    Returns
    -------
    DataFrame
        As ``datasets.describe("truth_" + name)`` says.

    Raises
    ------
    ArgumentError
        There is no such table or industry; the message lists the known ones.
    DataError
        The file that comes with the kit is damaged.

    Examples
    --------
    >>> from crmlab import datasets
    >>> datasets.truth("survey").answered.mean().round(1)
    np.float64(0.3)
    """
    known = tuple(each.removeprefix("truth_") for each in _offered(_preset(industry)) if each.startswith("truth_"))
    return _held(f"truth_{_check.choice('name', name, known)}", industry)


def _held(name: str, industry: str) -> pd.DataFrame:
    version = _preset(industry).name
    home = _HOME if version == _preset(_DEFAULT).name and (_HOME / _MANIFEST).exists() else _cached(version)
    try:
        return _open(home, name)
    except (OSError, ValueError, KeyError) as error:  # missing, cut short, or changed: the manifest knows the right content
        if home == _HOME:
            raise DataError(f"{home / _file(name)} is damaged ({error}). Write the data sets anew: `crmlab data`.") from None
    warnings.warn(f"the kept tables of {version} were damaged and have been made anew.", CrmlabWarning, stacklevel=3)
    shutil.rmtree(home, ignore_errors=True)
    return _open(_cached(version), name)


def _open(home: Path, name: str) -> pd.DataFrame:
    file = _file(name)
    content = (home / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != json.loads((home / _MANIFEST).read_text(encoding="utf-8"))[file]:
        raise ValueError("its content is not what was written")
    if name == _TEXT:
        # only an empty cell is missing: Nan is a given name
        found = pd.read_csv(home / file, dtype="str", keep_default_na=False, na_values=[""], parse_dates=["created"])
        return found.astype({"created": "datetime64[us]"})
    return _read_table(home / file, name)


def _file(name: str) -> str:
    if name == _TEXT:
        return f"{name}.csv"
    return f"truth/{name.removeprefix('truth_')}.parquet" if name.startswith("truth_") else f"{name}.parquet"


def _cached(version: str) -> Path:
    """The folder of a firm's tables; the firm is simulated if nobody has done so yet.

    Two processes may do so at once: each writes a folder of its own, and the first to finish gives it its name.
    """
    home = _cache() / __version__ / version
    if not (home / _MANIFEST).exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        for old in home.parent.glob(f".{version}-*"):  # left by a process that was killed; a living one is done within the hour
            if time.time() - old.stat().st_mtime > 3600:
                shutil.rmtree(old, ignore_errors=True)
        own = home.with_name(f".{version}-{uuid.uuid4().hex}")
        try:
            _write(own, version)
            own.rename(home)
        except OSError:
            if not (home / _MANIFEST).exists():
                raise
        finally:
            shutil.rmtree(own, ignore_errors=True)
    return home


def _cache() -> Path:
    if told := os.environ.get("CRMLAB_CACHE"):
        return Path(told)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "crmlab"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "crmlab"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "crmlab"


def _write(folder: Path, version: str) -> None:
    """Simulate a firm and write its tables, with a manifest of what was written."""
    firm = world.simulate(version, months=_MONTHS.get(version, 36), seed=_SEED)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    written = {}
    for name in (*firm, *(f"truth_{each}" for each in firm.truth)):
        path = folder / _file(name)
        if name == _TEXT:
            firm[name].to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n")
        else:
            _write_table(firm, name, path)
        written[_file(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / _MANIFEST).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def build(folder: str | PathLike = _HOME, *, what_if: bool = False) -> None:
    """Write the default firm's tables, their ``README.md`` and ``datapackage.json`` (``crmlab data``).

    Parameters
    ----------
    folder : str or path
        Where to; by default the ``datasets`` folder of the kit.
    what_if : bool
        Also write the grid behind the what-if widget, which takes some minutes: ``crmlab data --what-if``.

    Returns
    -------
    None

    Raises
    ------
    ArgumentError
        ``what_if`` is neither True nor False.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     datasets.build(folder)
    """
    if not isinstance(what_if, bool):
        raise ArgumentError(f"`what_if` must be True or False; it is {what_if!r}.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, _preset(_DEFAULT).name)
    _exported(_open(folder, "survey")).to_csv(folder / "survey_form.csv", index=False, lineterminator="\n")
    if what_if:
        world.sweep(**WHAT_IF).to_parquet(folder / "what_if.parquet", index=False)
    title = "The default firm: a simulated retailer, 2,000 customers, 36 months"
    public = names()
    package = tables.datapackage({name: _file(name) for name in (*public, *_BESIDE)}, name="crmlab", title=title)
    (folder / "datapackage.json").write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    parts = [f"# {title}", _ABOUT]
    for name in (*public, *_BESIDE, *_offered(_preset(_DEFAULT))[len(public) :]):
        described = tables.describe(name)
        lines = [" | ".join(map(str, row)) for row in described.table.itertuples(index=False)]
        head = [" | ".join(described.table.columns), " | ".join("---" for _ in described.table.columns)]
        parts += [f"## {name}\n\n{described.note} (`{_file(name)}`)", "\n".join(f"| {line} |" for line in (*head, *lines))]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _exported(survey: pd.DataFrame) -> pd.DataFrame:
    """The last wave as a form tool exports it: a column for each question, headed by its words."""
    from crmlab.satisfaction import instrument as paper  # here, because only this needs statsmodels

    last = survey[survey.wave == survey.wave.max()]
    heads = {"date": "Timestamp", "customer_id": paper.SHEET[0]}
    instrument = paper.rater()
    for kind, (about, _) in paper.ABOUT.items():
        heads |= {f"{kind}_{item.item}": f"{about}: {item.wording}" for item in instrument.items.itertuples()}
    for name, (meaning, _) in paper.MEANS.items():
        heads[f"importance_{name}"] = f"100 points of importance [{meaning}]"
    heads |= {
        "overall_satisfaction": paper.OVERALL[0],
        "recommendation": paper.RECOMMEND[0],
    }
    return last[list(heads)].rename(columns=heads)


_ABOUT = """Generated by `crmlab data` from `world.simulate("retailer", seed=1)`; nobody in it exists. Load a table with
`datasets.load(name)`, and what nobody at the firm can see with `datasets.truth(name)`; the truth lies apart, in `truth/`.
How the firm works: [docs/world.md](../docs/world.md).

`survey_form.csv` is the last wave of the survey once more, as a form tool would export it: try `crmlab report --survey`
on it. `cdnow` alone is not simulated: real people, without names, whose orders many publications share."""


def shop(*, customers: int = 600, days: int = 731, seed: int) -> pd.DataFrame:
    """Orders of a small shop whose customers come, buy at their own pace, and one day stay away.

    The practice shop of the first two lessons: quick to make a hundred times, and nothing but orders. For a whole firm see
    ``world.simulate``.

    Truth: customers arrive evenly over the period. Each buys by chance at a rate of his own, on
    average every 45 days (gamma, shape 1.2), until he stays away for good, on average after 240
    days (gamma-mixed, so that many leave soon). An order is worth about 40 in the middle
    (log-normal), and customers differ in it. Who looks at active customers only will think
    customers more loyal than they are: those who left are not in the picture.

    Parameters
    ----------
    customers : int
        How many begin in the period.
    days : int
        Length of the period, from 2023-01-01.
    seed : int
        The same seed gives the same shop.

    Returns
    -------
    DataFrame
        As ``datasets.describe("orders")`` says, by date.

    Raises
    ------
    ArgumentError
        A number is not whole or below 1.

    Examples
    --------
    >>> from crmlab import datasets
    >>> datasets.shop(customers=3, days=10, seed=7).customer_id.nunique()
    3
    """
    customers, days = _check.integer("customers", customers, 1), _check.integer("days", days, 1)
    _check.integer("seed", seed, 0)
    draw = np.random.default_rng(seed)
    arrival = draw.uniform(0, days, customers)
    stays = draw.exponential(240 / 1.5 * draw.gamma(1.5, 1, customers))
    rate = draw.gamma(1.2, 1 / (45 * 1.2), customers)
    ends = np.minimum(arrival + stays, days)
    repeats = draw.poisson(rate * (ends - arrival))
    who = np.repeat(np.arange(customers), repeats + 1)
    first = np.concatenate([[True], who[1:] != who[:-1]])
    when = np.where(first, arrival[who], draw.uniform(arrival[who], ends[who]))
    taste = draw.normal(np.log(40), 0.35, customers)
    amount = np.round(np.exp(draw.normal(taste[who], 0.45)), 2)
    order = np.argsort(when, kind="stable")
    return pd.DataFrame(
        {
            "order_id": np.arange(1, who.size + 1),
            "customer_id": [f"C{number + 1:04d}" for number in who[order]],
            "order_date": (pd.Timestamp("2023-01-01") + pd.to_timedelta(when[order].astype(int), unit="D")).astype(
                "datetime64[us]"
            ),
            "amount": amount[order],
        }
    )


def describe(name: str) -> Summary:
    """What a table holds, column by column; the same as ``tables.describe``.

    >>> from crmlab import datasets
    >>> print(datasets.describe("orders").note)
    What customers bought: one row per order.
    """
    return tables.describe(name)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A file that was read: ``rows, set_aside = datasets.read(...)``.

    Attributes
    ----------
    rows : DataFrame
        The clean rows, indexed by their line in the file. Columns that the table does not declare
        follow the declared ones, as text.
    set_aside : DataFrame
        ``line, column, value, reason`` for each fault; a row with two faults appears twice.
    read : int
        Rows in the file, the header and ``blank`` lines not counted; ``len(rows)`` of them are clean.
    blank : int
        Blank lines passed over.
    form : str
        How the file was understood, in words: encoding, delimiter, sheet.
    """

    rows: pd.DataFrame
    set_aside: pd.DataFrame
    read: int
    blank: int
    form: str

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return iter((self.rows, self.set_aside))

    @property
    def reasons(self) -> pd.DataFrame:
        """How many faults of each kind: ``column, reason, faults, first_line``."""
        faults = self.set_aside.groupby(["column", "reason"], dropna=False)["line"]
        counted = faults.agg(faults="size", first_line="min").reset_index()
        return counted.sort_values(["faults", "first_line"], ascending=[False, True], ignore_index=True)

    def summary(self) -> Summary:
        """What was read and what was set aside, and why."""
        aside = self.read - len(self.rows)
        facts = (("Form", self.form), ("Rows read", self.read), ("Clean rows", len(self.rows)), ("Rows set aside", aside))
        return Summary("Reading", facts=(*facts, *((("Blank lines", self.blank),) if self.blank else ())), table=self.reasons)


def read(
    path: str | PathLike | pd.DataFrame,
    *,
    table: str = "orders",
    rename: Mapping[str, str] | None = None,
    day_first: bool | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Reading:
    """Your own file as a clean table, and the rows that had to be set aside.

    Takes CSV (comma, semicolon, tab or bar; also ``.gz``), Excel (``.xlsx``) and Parquet. Dates may be
    written 2024-03-12, 20240312, 12 Mar 2024, 2024年3月12日 or, with ``day_first`` said, 12/03/2024;
    numbers 1234.56, 1,234.56, 1.234,56, 1 234,56, € 12, (12.50). Text is UTF-8 (with or without a
    byte order mark), UTF-16 with one, GB18030 or Latin-1; if the guess is wrong, say ``encoding``.

    Parameters
    ----------
    path : str or path, or a DataFrame
        The file; a DataFrame is cleaned in the same way.
    table : str
        Which table it is (see ``tables.names()``).
    rename : dict, optional
        The file's name -> the kit's name, e.g. ``{"CustomerID": "customer_id"}``.
    day_first : bool, optional
        Needed for dates such as 12/03/2024.
    decimal : {".", ","}, optional
        Needed only where nothing in a column tells 1,234 from 1.234.
    encoding : str, optional
        A name that Python knows, such as "gb18030" or "latin-1".
    sheet : str or int
        Name or number (from 0) of the Excel sheet.

    Returns
    -------
    Reading
        ``rows, set_aside = datasets.read(...)``; ``.summary()`` counts. A row is set aside if a
        required cell is missing, unreadable or outside its range, if it has too few or too many
        cells, or if it repeats a key such as ``order_id`` (the first of them stays).

    Raises
    ------
    DataError
        The file cannot be opened, lacks a column (the message shows the ``rename`` to write), can be
        read in two ways (it shows the argument to give), or has no usable row.
    ArgumentError
        An argument has the wrong type or value.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import datasets
    >>> mine = pd.DataFrame({"Client": ["ann", "bob"], "Day": ["12/03/2024", "31/02/2024"], "Total": ["1.234,56", "8,00"]})
    >>> rename = {"Client": "customer_id", "Day": "order_date", "Total": "amount"}
    >>> rows, set_aside = datasets.read(mine, rename=rename, day_first=True)
    >>> rows
         customer_id order_date   amount
    line
    1            ann 2024-03-12  1234.56
    >>> set_aside
       line column       value                                   reason
    0     2    Day  31/02/2024  is not a date, or no day of the calendar
    """
    declared = tables.table(table)
    if day_first is not None and not isinstance(day_first, bool):
        raise ArgumentError(f"`day_first` must be True, False or left out; it is {day_first!r}.")
    if decimal is not None:
        _check.choice("decimal", decimal, (".", ","))
    if rename is not None and not (isinstance(rename, Mapping) and all(isinstance(n, str) for p in rename.items() for n in p)):
        raise ArgumentError(f'`rename` must map names to names, e.g. {{"CustomerID": "customer_id"}}; it is {rename!r}.')
    raw = _files.read_cells(path, encoding, sheet)
    theirs = _names_in_file(raw.table.columns, declared, rename or {})
    return _clean(raw, declared, theirs, day_first, decimal)


def _names_in_file(present: pd.Index, declared: Table, rename: Mapping[str, str]) -> dict[str, str]:
    """For each declared column that the file has, its name there."""
    if not present.is_unique:
        raise DataError(f"two columns of the file are called {present[present.duplicated()][0]!r}. Rename one in the file.")
    known = [column.name for column in declared.columns]
    for theirs, ours in rename.items():
        if theirs in known and ours in present:
            raise DataError(f"`rename` is the wrong way round: write your name first, then ours, as in {ours}={theirs}.")
        if theirs not in present:
            raise DataError(f"`rename` speaks of {theirs!r}, but the file has only: {', '.join(map(str, present))}.")
        if ours not in known:
            raise ArgumentError(f"`rename` leads to {ours!r}; the {declared.name} table has only: {', '.join(known)}.")
        if list(rename.values()).count(ours) > 1 or (ours in present and theirs != ours and ours not in rename):
            raise DataError(f"two columns of the file would be called {ours!r}. Rename one only, or rename the other away.")
    theirs = {name: name for name in known if name in present and name not in rename} | {o: t for t, o in rename.items()}
    missing = [declared.column(name) for name in declared.required if name not in theirs]
    if missing:
        left = [str(name) for name in present if name not in theirs.values()]
        lines = "".join(f"\n  {column.name}: {column.meaning}" for column in missing)
        more = [column for column in declared.columns if column.optional and column.name not in theirs]
        guess = {ours: theirs for theirs, ours in rename.items()} | _check.guess_rename(left, [*missing, *more])
        guess = {ours: theirs for ours, theirs in guess.items() if theirs != "?" or ours in declared.required}
        pairs = ", ".join(f'"{theirs}": "{ours}"' for ours, theirs in guess.items())
        raise ColumnError(
            f"the file has no column for:{lines}\nIts columns are: {', '.join(map(str, present))}. "
            f"Say which is which: rename={{{pairs}}}",
            guess,
        )
    return theirs


def _clean(raw: _files.Cells, declared: Table, theirs: dict[str, str], day_first: bool | None, decimal: str | None) -> Reading:
    values: dict[str, pd.Series] = {}
    faults = [pd.DataFrame(raw.misfits, columns=["line", "value", "reason"]).assign(column=pd.NA)]
    for column in tqdm(
        [each for each in declared.columns if each.name in theirs], desc="checking columns", delay=2, leave=False
    ):
        cells = raw.table[theirs[column.name]]
        try:
            values[column.name], reasons = _read_column(cells, column, day_first, decimal)
        except _parse.Unclear as error:
            raise DataError(f"column {theirs[column.name]!r}: {error}") from None
        wrong = reasons[reasons != ""]
        told = cells.loc[wrong.index].map(_parse.text)
        fault = {"line": wrong.index, "column": theirs[column.name], "value": told.to_numpy(), "reason": wrong.to_numpy()}
        faults.append(pd.DataFrame(fault))
    rest = raw.table.columns.difference(list(theirs.values()), sort=False)
    rows = pd.DataFrame(values | {name: _parse.texts(raw.table[name])[0] for name in rest}, index=raw.table.index)
    clean = rows[~rows.index.isin(np.concatenate([fault["line"] for fault in faults[1:]]))]
    if declared.key and all(name in theirs for name in declared.key):
        faults.append(_repeats(clean, declared, theirs))
        clean = clean[~clean.index.isin(faults[-1]["line"])]
    set_aside = pd.concat(faults)[["line", "column", "value", "reason"]]
    set_aside = set_aside.astype({"line": "int64", "column": "str", "value": "str", "reason": "str"})
    set_aside = set_aside.sort_values("line", kind="stable", ignore_index=True)
    reading = Reading(clean, set_aside, len(rows) + len(raw.misfits), raw.blank, raw.form)
    if clean.empty:
        if not reading.read:
            raise DataError("the file has no rows below its header. It needs at least one.")
        worst = reading.reasons.iloc[0]
        example = set_aside[(set_aside.line == worst.first_line) & (set_aside.reason == worst.reason)].iloc[0]
        at = f"{example.column!r} " if worst.column == worst.column else "a row "
        raise DataError(
            f"none of the {reading.read:,} rows can be used. Most often, {at}{worst.reason} (first in line "
            f"{worst.first_line}: {example.value!r})."
        )
    return reading


def _read_column(cells: pd.Series, column: Column, day_first: bool | None, decimal: str | None) -> tuple[pd.Series, pd.Series]:
    """A column's values, and for each row the reason why it cannot be used ("" if it can)."""
    if column.dtype == "id":
        return _parse.ids(cells)
    if column.dtype == "date":
        return _parse.dates(cells, day_first)
    if column.dtype in ("number", "integer"):
        values, reasons = _parse.numbers(cells, decimal)
        checks = []
        if column.dtype == "integer":
            checks.append((values % 1 != 0, "is not a whole number"))
        if column.minimum is not None:
            below = "is negative" if column.minimum == 0 else f"is below {column.minimum:g}"
            checks.append((values < column.minimum, below))
        if column.maximum is not None:
            checks.append((values > column.maximum, f"is above {column.maximum:g}"))
        for broken, reason in checks:
            reasons = reasons.mask(broken & (reasons == ""), reason)
        return values, reasons.mask(reasons == "is empty", "") if column.nullable else reasons
    values, reasons = _parse.texts(cells)
    return values, reasons if column.nullable else reasons.mask(values.isna(), "is empty")


def _repeats(rows: pd.DataFrame, declared: Table, theirs: dict[str, str]) -> pd.DataFrame:
    """The rows whose key stands in an earlier row already."""
    again = rows[rows.duplicated(list(declared.key))]
    name = declared.key[0]
    fault = {"line": again.index, "column": theirs[name], "value": again[name].astype(str).to_numpy()}
    return pd.DataFrame(fault).assign(reason="stands in an earlier row already")
