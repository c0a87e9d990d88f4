"""Tables of a user's own file: declared for `datasets`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.shape import Column, Table

TABLES = (
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
