"""Tables: every table and column of the kit, declared once.

What a column means, its type, unit and range, whether it may be empty, and from when an analysis
may know it (so that nobody predicts with tomorrow's knowledge) stand here and nowhere else. The
checks at the door (``_check``), the description pages, ``datapackage.json`` and the random tables
of the tests are all derived from these declarations. This room holds no data and reads no file;
files are opened in ``datasets`` and ``_engine``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from crmlab._result import Summary

__all__ = ["Column", "Table", "datapackage", "describe", "names", "table"]

#: What a column can hold, in the words of the Frictionless data package (``id`` is text or a whole number).
DTYPES = {"id": "any", "text": "string", "integer": "integer", "number": "number", "date": "date", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, meaning, unit : str
        The fixed name, what it says in a sentence, and the unit ("" where there is none).
    dtype : str
        One of ``id``, ``text``, ``integer``, ``number``, ``date``, ``boolean``.
    minimum, maximum : float or None
        Closed bounds of a number. Dates never lie in the future unless ``future`` is set.
    values : tuple of str
        The allowed values of a text column; empty for any.
    nullable : bool
        Whether a row may leave it empty.
    optional : bool
        Whether a user's own table may lack it.
    known : str
        The moment from which an analysis may use it.
    aliases : tuple of str
        Other names that files give it; only used to suggest a ``rename``.
    """

    name: str
    dtype: str
    meaning: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    nullable: bool = False
    optional: bool = False
    future: bool = False
    known: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """The allowed values in words.

        >>> from crmlab import tables
        >>> tables.table("orders").column("amount").range
        '0 or more'
        """
        if self.values:
            return ", ".join(self.values)
        if self.dtype == "date":
            return "" if self.future else "not in the future"
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f"{self.minimum:g} or more"
        return "" if self.maximum is None else f"{self.maximum:g} or less"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, and the columns that name a row once (``key``)."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The declaration of one column; an ``ArgumentError`` lists the known ones.

        >>> from crmlab import tables
        >>> tables.table("orders").column("amount").unit
        'currency'
        """
        for column in self.columns:
            if column.name == name:
                return column
        known = ", ".join(column.name for column in self.columns)
        raise ArgumentError(f"table `{self.name}` has no column {name!r}. Its columns: {known}.")

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every such table has."""
        return tuple(column.name for column in self.columns if not column.optional)


_CUSTOMER = Column(
    "customer_id", "id", "The customer; the same in every table.", known="first contact",
    aliases=("customer", "client", "client_id", "user", "user_id", "buyer", "member", "account",
        "kunde", "kundennummer", "客户", "客户编号", "会员"),
)  # fmt: skip
_PURCHASE_DAYS = "Orders of one customer on one day count as one."
_CUT = "the cut (`until`)"

_TABLES = (
    Table(
        "orders",
        "What customers bought: one row per order.",
        (
            Column(
                "order_id", "id", "The order; no two rows share it.", optional=True, known="the order",
                aliases=("order", "invoice", "invoice_no", "invoiceno", "transaction",
                    "transaction_id", "order_number", "bestellnummer", "bestellnr", "订单", "订单号"),
            ),
            _CUSTOMER,
            Column(
                "order_date", "date", "The day of the order; a time of day is left out.", known="the order",
                aliases=("date", "day", "invoice_date", "invoicedate", "purchase_date", "timestamp",
                    "order_day", "datum", "bestelldatum", "日期", "下单日期"),
            ),
            Column(
                "amount", "number", "What the customer paid for the order.", "currency", minimum=0, known="the order",
                aliases=("total", "price", "value", "revenue", "sales", "spend", "dollars", "euros",
                    "betrag", "umsatz", "金额", "总价"),
            ),
        ),
        key=("order_id",),
    ),
    Table(
        "purchase_summary",
        "Each customer's purchases in three numbers and a mean: what models of customers without contract read.",
        (
            _CUSTOMER,
            Column("frequency", "integer", f"Days with a repeat purchase. {_PURCHASE_DAYS}", "days", minimum=0, known=_CUT),
            Column("recency_weeks", "number", "From the first to the last purchase.", "weeks", minimum=0, known=_CUT),
            Column("age_weeks", "number", "From the first purchase to the cut.", "weeks", minimum=0, known=_CUT),
            Column(
                "monetary_value", "number", "Mean spend on a repeat purchase day; empty where there is none.",
                "currency per purchase day", minimum=0, nullable=True, known=_CUT,
            ),
        ),
        key=("customer_id",),
    ),
    Table(
        "rfm_scores",
        "Recency, frequency and monetary value of each customer, and their scores (the highest is the best).",
        (
            _CUSTOMER,
            Column("recency_days", "integer", "From the last purchase to the cut.", "days", minimum=0, known=_CUT),
            Column("purchase_days", "integer", f"Days with a purchase. {_PURCHASE_DAYS}", "days", minimum=1, known=_CUT),
            Column("total_amount", "number", "All that the customer paid.", "currency", minimum=0, known=_CUT),
            Column("r_score", "integer", "Score of recency: high is recent.", "score", minimum=1, known=_CUT),
            Column("f_score", "integer", "Score of purchase days: high is often.", "score", minimum=1, known=_CUT),
            Column("m_score", "integer", "Score of the total amount: high is much.", "score", minimum=1, known=_CUT),
        ),
        key=("customer_id",),
    ),
    Table(
        "cohort_table",
        "How many customers of each cohort (those whose first purchase fell in one period) bought again, period by period.",
        (
            Column("cohort", "date", "First day of the period of the first purchase.", known="the first order"),
            Column("period", "integer", "Periods since the first purchase; 0 is the period itself.", "periods", minimum=0),
            Column("customers", "integer", "Size of the cohort.", "customers", minimum=1, known="end of the cohort's period"),
            Column("active", "integer", "Customers of the cohort who bought in this period.", "customers", minimum=0,
                   known="end of the period"),
            Column("share", "number", "active / customers.", "share", minimum=0, maximum=1, known="end of the period"),
            Column("complete", "boolean", "Whether the period had ended at the cut; else the share can still rise.",
                   known=_CUT),
        ),
        key=("cohort", "period"),
    ),
    Table(
        "lorenz",
        "The Lorenz curve of what customers paid, smallest customers first.",
        (
            Column("customer_share", "number", "Share of customers so far.", "share", minimum=0, maximum=1, known=_CUT),
            Column("amount_share", "number", "Share of the total amount that they paid.", "share", minimum=0, maximum=1,
                   known=_CUT),
        ),
        key=("customer_share",),
    ),
    Table(
        "set_aside",
        "Rows of a user's own file that could not be used, each with the reason.",
        (
            Column("line", "integer", "Line of the file (or row of the sheet) where the row begins; the header is line 1.",
                   minimum=1),
            Column("column", "text", "The column at fault, by its name in the file; empty if the whole row is.", nullable=True),
            Column("value", "text", "What stands there.", nullable=True),
            Column("reason", "text", "Why the row cannot be used."),
        ),
    ),
)  # fmt: skip
_BY_NAME = {each.name: each for each in _TABLES}


def names() -> tuple[str, ...]:
    """Names of all declared tables.

    >>> from crmlab import tables
    >>> tables.names()[:2]
    ('orders', 'purchase_summary')
    """
    return tuple(_BY_NAME)


def table(name: str) -> Table:
    """The declaration of one table.

    Raises
    ------
    ArgumentError
        If there is no such table; the message lists the known ones.

    Examples
    --------
    >>> from crmlab import tables
    >>> tables.table("orders").required
    ('customer_id', 'order_date', 'amount')
    """
    try:
        return _BY_NAME[name]
    except (KeyError, TypeError):
        raise ArgumentError(f"no table is called {name!r}. The tables: {', '.join(_BY_NAME)}.") from None


def describe(name: str) -> Summary:
    """What a table holds, column by column, for reading.

    Examples
    --------
    >>> from crmlab import tables
    >>> print(tables.describe("lorenz"))
    lorenz
      The Lorenz curve of what customers paid, smallest customers first.
      One row per: customer_share
    <BLANKLINE>
      column          type    unit   range   known from         meaning
      customer_share  number  share  0 to 1  the cut (`until`)  Share of customers so far.
      amount_share    number  share  0 to 1  the cut (`until`)  Share of the total amount that they paid.
    """
    import pandas as pd

    from crmlab._result import Summary

    it = table(name)
    rows = [
        (
            column.name + (" (optional)" if column.optional else ""),
            column.dtype,
            column.unit,
            column.range + (" (may be empty)" if column.nullable else ""),
            column.known,
            column.meaning,
        )
        for column in it.columns
    ]
    listing = pd.DataFrame(rows, columns=["column", "type", "unit", "range", "known from", "meaning"])
    facts = (("One row per", ", ".join(it.key)),) if it.key else ()
    return Summary(it.name, facts=facts, table=listing, note=it.meaning)


def datapackage(paths: dict[str, str], *, name: str, title: str) -> dict:
    """The Frictionless data package (v1) of some tables.

    Parameters
    ----------
    paths : dict
        Table name -> path of its file, relative to the package.
    name, title : str
        Of the package.

    Returns
    -------
    dict
        To be written as ``datapackage.json``.

    Raises
    ------
    ArgumentError
        ``paths`` is no dict, or names a table that does not exist.

    Examples
    --------
    >>> from crmlab import tables
    >>> package = tables.datapackage({"lorenz": "lorenz.parquet"}, name="demo", title="A demonstration")
    >>> package["resources"][0]["schema"]["primaryKey"]
    ['customer_share']
    """
    if not isinstance(paths, dict):
        raise ArgumentError(f"`paths` must map names of tables to files; it is {type(paths).__name__}.")
    return {
        "profile": "data-package",
        "name": name,
        "title": title,
        "resources": [
            {
                "name": it.name,
                "path": path,
                "description": it.meaning,
                "schema": {"fields": [_field(column) for column in it.columns], "primaryKey": list(it.key)},
            }
            for it, path in ((table(each), path) for each, path in paths.items())
        ],
    }


def _field(column: Column) -> dict:
    bounds = {"minimum": column.minimum, "maximum": column.maximum, "enum": list(column.values) or None}
    constraints = {"required": not column.nullable} | {key: bound for key, bound in bounds.items() if bound is not None}
    extra = {"unit": column.unit, "knownFrom": column.known}
    return {
        "name": column.name,
        "type": DTYPES[column.dtype],
        "description": column.meaning,
        "constraints": constraints,
    } | {key: text for key, text in extra.items() if text}
