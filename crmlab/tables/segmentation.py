"""Tables of which customers are worth attention: declared for `segmentation`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, CUT, PURCHASE_DAYS
from crmlab.tables.shape import Column, Table

SEGMENT = Column("segment", "id", "Number of the segment, from 1, the largest first.")
K = Column("k", "integer", "How many segments.", minimum=2)
_STD_ERROR = Column(
    "std_error", "number", "Of the estimate; empty where it has none.", "unit of the estimate", minimum=0, nullable=True
)

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
            Column("estimate", "number", "Mean of the column; probability of the category.", "unit of the column, or share"),
            _STD_ERROR,
        ),
    ),
    Table(
        "segment_comparison",
        "Numbers of segments side by side: criteria, whether segments exist, whether they come back.",
        (
            K,
            Column("loglik", "number", "Log-likelihood; empty for k-means.", "log-likelihood", nullable=True),
            Column("aic", "number", "Akaike's criterion, smaller is better; k-means: none.", "log-likelihood", nullable=True),
            Column("bic", "number", "Schwarz's criterion, smaller is better; k-means: none.", "log-likelihood", nullable=True),
            Column("within", "number", "Squared distances to the centres; k-means only.", "sum", minimum=0, nullable=True),
            Column("silhouette", "number", "Mean silhouette: near 1, segments lie far apart.", "index", -1, 1, nullable=True),
            Column("agreement", "number", "Median adjusted Rand index of pairs of bootstrap samples.", "index", -1, 1),
            Column("agreement_low", "number", "First quartile of the same.", "index", -1, 1),
            Column("agreement_high", "number", "Third quartile of the same.", "index", -1, 1),
            Column("gap", "number", "How much more the table falls apart than references.", "their deviation", nullable=True),
            Column("p_value", "number", "Share of reference tables that do as well.", "share", 0, 1, nullable=True),
            Column("kind", "text", "What the two answers make of it.", values=("natural", "reproducible", "constructive")),
        ),
        key=("k",),
    ),
    Table(
        "segment_stability",
        "How far each segment comes back in bootstrap samples.",
        (
            K, SEGMENT, Column("share", "number", "Of the customers.", "share", minimum=0, maximum=1),
            Column("jaccard", "number", "Mean overlap with the most similar segment of a sample.", "share", 0, 1),
        ),
        key=("k", "segment"),
    ),
    Table(
        "segment_profile",
        "What the customers of each segment are like in variables that did not form it.",
        (
            Column("segment", "id", "The segment."),
            Column("column", "text", "The variable."),
            Column("category", "text", "One of its categories; empty where it is a number.", nullable=True),
            Column("estimate", "number", "Mean of the variable; share of the category.", "unit of the variable, or share"),
        ),
    ),
    Table(
        "segment_clouds",
        "Clouds of customers with and without groups, segmented again in bootstrap samples.",
        (
            Column("cloud", "integer", "Number of the cloud.", minimum=1),
            Column("is_real", "boolean", "Whether it was drawn with groups.", known="never: this is the truth"),
            Column("resample", "integer", "Number of the bootstrap sample; 0: all customers.", minimum=0),
            Column("customer_id", "id", "Number of the customer in the cloud."),
            Column("x", "number", "Place in the first column.", "deviation"),
            Column("y", "number", "Place in the second column.", "deviation"),
            Column("segment", "id", "Segment to which the customer is assigned."),
        ),
        key=("cloud", "resample", "customer_id"),
    ),
    Table(
        "segment_effects",
        "How much variables differ over segments.",
        (
            Column("column", "text", "The variable."),
            Column("measure", "text", "Which effect size.", values=("eta squared", "Cramér's V")),
            Column("effect", "number", "0: no difference; 1: the segment tells all.", "effect size", 0, 1),
            Column("low", "number", "Lower end of its confidence interval.", "effect size", 0, 1),
            Column("high", "number", "Upper end of its confidence interval.", "effect size", 0, 1),
            Column("n", "integer", "Customers whose segment and variable are known.", "customers", minimum=2),
            Column("n_excluded", "integer", "Customers for whom one of them is missing.", "customers", minimum=0),
        ),
        key=("column",),
    ),
)  # fmt: skip
