"""The shape of a declaration: what is said of a column and of a table.

A column has a name, a type, a meaning, a unit, a range, and the moment from which it may be known; a
table has columns and a key. This room says how a declaration looks; the declarations themselves stand
in ``firm`` (what happens in a firm) and in a file for each topic (what its analyses return).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from crmlab.errors import ArgumentError

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

    def key_among(self, columns: Collection[str]) -> tuple[str, ...]:
        """The columns that name a row once in a table of these ``columns``, which may lack optional ones.

        >>> from crmlab import tables
        >>> tables.table("campaign_targets").key_among(["campaign_id", "customer_id", "group"])
        ('campaign_id', 'customer_id')
        """
        return tuple(name for name in self.key if name in columns or not self.column(name).optional)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every such table has."""
        return tuple(column.name for column in self.columns if not column.optional)
