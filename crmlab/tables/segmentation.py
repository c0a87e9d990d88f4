"""Tables of which customers are worth attention: declared for `segmentation`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, CUT, PURCHASE_DAYS
from crmlab.tables.shape import Column, Table

TABLES = (
    Table(
        "rfm_scores",
        "Recency, frequency and monetary value of each customer, and their scores (the highest is the best).",
        (
            CUSTOMER,
            Column("recency_days", "integer", "From the last purchase to the cut.", "days", minimum=0, known=CUT),
            Column("purchase_days", "integer", f"Days with a purchase. {PURCHASE_DAYS}", "days", minimum=1, known=CUT),
            Column("total_amount", "number", "All that the customer paid.", "currency", minimum=0, known=CUT),
            Column("r_score", "integer", "Score of recency: high is recent.", "score", minimum=1, known=CUT),
            Column("f_score", "integer", "Score of purchase days: high is often.", "score", minimum=1, known=CUT),
            Column("m_score", "integer", "Score of the total amount: high is much.", "score", minimum=1, known=CUT),
        ),
        key=("customer_id",),
    ),
)  # fmt: skip
