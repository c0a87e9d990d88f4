"""Tables: every table and column of the kit, declared once.

What a column means, its type, unit and range, whether it may be empty, and from when an analysis
may know it (so that nobody predicts with tomorrow's knowledge) stand here and nowhere else. The
checks at the door (``_check``), the description pages, ``datapackage.json`` and the random tables
of the tests are all derived from these declarations. This room holds no data and reads no file;
files are opened in ``datasets`` and ``_engine``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlab.errors import ArgumentError
from crmlab.tables import (
    btyd,
    claims,
    datasets,
    development,
    leads,
    loyalty,
    measurement,
    pipeline,
    retention,
    satisfaction,
    segmentation,
    truth,
    widgets,
    world,
)
from crmlab.tables.firm import BONDS, BOOKED, DIMENSIONS, FIRM, ITEMS, LEAVING_REASONS, STAGES, STILL_THERE, Item
from crmlab.tables.shape import DTYPES, Column, Table

if TYPE_CHECKING:
    from crmlab._result import Summary

__all__ = [
    "BONDS", "BOOKED", "DIMENSIONS", "DTYPES", "ITEMS", "LEAVING_REASONS", "STAGES", "STILL_THERE", "Column", "Item", "Table",
    "datapackage", "describe", "names", "table",
]  # fmt: skip

#: One file for each room that returns tables of its own, in the order of the description pages.
_ROOMS = (
    pipeline, truth, btyd, segmentation, retention, loyalty, measurement, satisfaction, development, leads, world, claims,
    widgets, datasets,
)  # fmt: skip
_BY_NAME = {each.name: each for each in (*FIRM, *(table for room in _ROOMS for table in room.TABLES))}


def names() -> tuple[str, ...]:
    """List the names of all declared tables.

    >>> from crmlab import tables
    >>> tables.names()[:2]
    ('orders', 'customers')
    """
    return tuple(_BY_NAME)


def table(name: str) -> Table:
    """Return the declaration of one table.

    Parameters
    ----------
    name : str
        One of ``names()``.

    Returns
    -------
    Table

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
    """Describe a table, column by column.

    Parameters
    ----------
    name : str
        One of ``names()``.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        There is no such table.

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

    declared = table(name)
    rows = [
        (
            column.name + (" (optional)" if column.optional else ""),
            column.dtype,
            column.unit,
            column.range + (" (may be empty)" if column.nullable else ""),
            column.known,
            column.meaning,
        )
        for column in declared.columns
    ]
    listing = pd.DataFrame(rows, columns=["column", "type", "unit", "range", "known from", "meaning"])
    facts = (("One row per", ", ".join(declared.key)),) if declared.key else ()
    return Summary(declared.name, facts=facts, table=listing, note=declared.meaning)


def datapackage(paths: dict[str, str], *, name: str, title: str) -> dict:
    """Write the Frictionless data package (v1) of some tables.

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
                "name": each.name,
                "path": path,
                "description": each.meaning,
                "schema": {"fields": [_field(column) for column in each.columns], "primaryKey": list(each.key)},
            }
            for each, path in ((table(name), path) for name, path in paths.items())
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
