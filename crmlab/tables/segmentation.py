"""Tables of which customers are worth attention: declared for `segmentation`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, CUT, PURCHASE_DAYS, money
from crmlab.tables.shape import Column, Table

SEGMENT = Column("segment", "id", "Number of the segment, from 1, the largest first.")
K = Column("k", "integer", "How many segments.", minimum=2)
_STD_ERROR = Column(
    "std_error", "number", "Of the estimate; empty where it has none.", "unit of the estimate", minimum=0, nullable=True
)
_GROUP = Column("group", "text", "The group or segment.", known=CUT)
_CURRENT = Column("current", "number", "Profit already made.", "currency", known=CUT)
_POTENTIAL = Column("potential", "number", "Profit over the life that remains.", "currency", known=CUT)


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, "customers", minimum=0, known=CUT)


def _share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, "number", meaning, "share", minimum=0, maximum=1, nullable=nullable, known=CUT)


def _ends(of: str) -> tuple[Column, Column]:
    return (
        Column("low", "number", f"Lower end of the interval of {of}; empty where none is known.", "currency", nullable=True),
        Column("high", "number", "Upper end of it.", "currency", nullable=True),
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
        "customer_groups",
        "Which group each customer belongs to.",
        (CUSTOMER, _GROUP),
        key=("customer_id",),
    ),
    Table(
        "group_values",
        "The named groups of recency, frequency and money: how many they are and what they paid.",
        (_GROUP, _count("customers", "How many they are."), _share("customer_share", "Of all customers."),
         money("total_amount", "All that they paid.", CUT),
         _share("amount_share", "Of all that was paid; empty if nothing was.", nullable=True),
         Column("advice", "text", "What the scheme advises.")),
        key=("group",),
    ),
    Table(
        "migration",
        "From which group to which customers moved between two days.",
        (Column("group_before", "text", "Group on the earlier day, or `new`."),
         Column("group_after", "text", "Group on the later day, or `gone`."),
         _count("customers", "How many went this way."), _share("share", "Of those in the group before."),
         _share("low", "Lower end of its 95 % interval."), _share("high", "Upper end of it.")),
        key=("group_before", "group_after"),
    ),
    Table(
        "identified_groups",
        "Groups of customers from four points of view, and what they bring: one row per group.",
        (Column("view", "text", "From where one looks.", values=("product", "channel", "competitor", "need")), _GROUP,
         _count("customers", "How many they are."), _share("customer_share", "Of all customers of the view."),
         money("revenue", "What they paid.", CUT),
         _share("revenue_share", "Of all revenue; empty if there is none.", nullable=True),
         Column("profit", "number", "What was left of it.", "currency", known=CUT),
         Column("mean_profit", "number", "Profit of one of them.", "currency", known=CUT), *_ends("the mean profit")),
        key=("view", "group"),
    ),
    Table(
        "value_indicators",
        "What each customer is worth, in three parts.",
        (CUSTOMER, _CURRENT, _POTENTIAL,
         Column("referral", "number", "Value of the customers whom they brought.", "currency", known=CUT)),
        key=("customer_id",),
    ),
    Table(
        "value_scores",
        "The weighted value of each customer, and the place it gives them.",
        (CUSTOMER, Column("score", "number", "Weighted mean of the indicators.", "as scaled", known=CUT),
         Column("place", "integer", "Place among all, 1 for the most valuable; of equal ones the smaller id.", "places",
                minimum=1, known=CUT)),
        key=("customer_id",),
    ),
    Table(
        "weight_shifts",
        "How the top customers change when weight moves from one indicator to another.",
        (Column("less", "text", "The indicator that loses weight."), Column("more", "text", "The one that gains it."),
         Column("shift", "number", "How much.", "share", minimum=0, maximum=1),
         _count("top", "Customers at the top."), _share("changed", "Of them, those who are no longer there."),),
        key=("less", "more"),
    ),
    Table(
        "judgement_pairs",
        "Judgements of which criterion counts more, and how they go together: one row per pair.",
        (Column("first", "text", "The one."), Column("second", "text", "The other."),
         Column("judged", "number", "How many times more the first was said to count.", "times", minimum=0),
         Column("implied", "number", "How many times more it counts by the weights.", "times", minimum=0),
         Column("contradiction", "number", "The larger of the two divided by the smaller.", "times", minimum=1)),
        key=("first", "second"),
    ),
    Table(
        "value_matrix",
        "Customers by what they have brought and what they may still bring: one row per cell.",
        (Column("current_level", "text", "Profit already made, beside the cut.", values=("high", "low")),
         Column("potential_level", "text", "Profit to come, beside the cut.", values=("high", "low")),
         Column("strategy", "text", "What to do."), _count("customers", "How many they are."),
         _share("customer_share", "Of all."), _CURRENT, _POTENTIAL),
        key=("current_level", "potential_level"),
    ),
    Table(
        "expected_gains",
        "What a contact is expected to bring with each customer, before its cost.",
        (CUSTOMER, Column("gain", "number", "Profit with the contact less profit without.", "currency", known=CUT),
         Column("std_error", "number", "Its standard error; empty where none is known.", "currency", minimum=0, nullable=True,
                optional=True, known=CUT)),
        key=("customer_id",),
    ),
    Table(
        "targeting",
        "What choosing customers under a budget is expected to bring, beside other rules.",
        (Column("rule", "text", "How customers are chosen."), _count("contacts", "How many are contacted."),
         money("cost", "What the contacts cost."),
         Column("profit", "number", "What they are expected to bring, less their cost.", "currency"), *_ends("it")),
        key=("rule",),
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
        "Clouds of customers with and without groups, segmented again by other customers.",
        (
            Column("cloud", "integer", "Number of the cloud.", minimum=1),
            Column("is_real", "boolean", "Whether it was drawn with groups.", known="never: this is the truth"),
            Column("resample", "integer", "Number of the sample that formed the segments; 0: themselves.", minimum=0),
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
