"""Tables of which customers are worth attention: declared for `segmentation`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, CUT, PURCHASE_DAYS
from crmlab.tables.shape import Column, Table

SEGMENT = Column("segment", "integer", "Number of the segment, from 1, the largest first.", minimum=1)
_STD_ERROR = Column("std_error", "number", "Of the estimate; empty where it has none.", minimum=0, nullable=True)

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
    Table(
        "segment_shares",
        "How large each segment of a fit is.",
        (SEGMENT, Column("share", "number", "Of the customers.", "share", minimum=0, maximum=1), _STD_ERROR),
        key=("segment",),
    ),
    Table(
        "segment_centres",
        "What the customers of each segment are like in the columns that formed it.",
        (
            SEGMENT,
            Column("column", "text", "One of the columns that formed the segments."),
            Column("category", "text", "One of its categories; empty where the column is a number.", nullable=True),
            Column("estimate", "number", "Mean of the column in its unit; probability of the category."),
            _STD_ERROR,
        ),
    ),
)  # fmt: skip
