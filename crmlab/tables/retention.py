"""Tables of customers under contract: declared for `retention`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUT
from crmlab.tables.shape import Column, Table

TABLES = (
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
                   known=CUT),
        ),
        key=("cohort", "period"),
    ),
)  # fmt: skip
