"""The tables that an analysis returns, and the one that lists what could not be used.

Each is what a function of a topic, of ``world`` or of ``datasets`` gives back, so that one topic's
finding can be another's input without either knowing the other. What a firm itself records stands
in ``firm``.
"""

from __future__ import annotations

from dataclasses import replace

from crmlab.tables.firm import CUSTOMER, CUT, FIRM, MONEY, PURCHASE_DAYS
from crmlab.tables.shape import Column, Table

_ORDERS = next(table for table in FIRM if table.name == "orders")

FOUND = (
    Table(
        "purchase_summary",
        "Each customer's purchases in three numbers and a mean: what models of customers without contract read.",
        (
            CUSTOMER,
            Column("frequency", "integer", f"Days with a repeat purchase. {PURCHASE_DAYS}", "days", minimum=0, known=CUT),
            Column("recency_weeks", "number", "From the first to the last purchase.", "weeks", minimum=0, known=CUT),
            Column("age_weeks", "number", "From the first purchase to the cut.", "weeks", minimum=0, known=CUT),
            Column(
                "monetary_value", "number", "Mean spend on a repeat purchase day; empty where there is none.",
                "currency per purchase day", minimum=0, nullable=True, known=CUT,
            ),
        ),
        key=("customer_id",),
    ),
    Table(
        "period_summary",
        "Each customer's history at fixed opportunities, such as one a year: what the model BG/BB reads.",
        (
            CUSTOMER,
            Column("frequency", "integer", "Opportunities that he took.", "periods", minimum=0, known=CUT),
            Column("recency_periods", "integer", "Which of them was the last that he took; 0 for none.", "periods", minimum=0,
                   known=CUT),
            Column("age_periods", "integer", "How many he had.", "periods", minimum=0, known=CUT),
        ),
        key=("customer_id",),
    ),
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
    Table(
        "lorenz",
        "The Lorenz curve of what customers paid, smallest customers first.",
        (
            Column("customer_share", "number", "Share of customers so far.", "share", minimum=0, maximum=1, known=CUT),
            Column("amount_share", "number", "Share of the total amount that they paid.", "share", minimum=0, maximum=1,
                   known=CUT),
        ),
        key=("customer_share",),
    ),
    Table(
        "discounted_forecast",
        "What each customer is expected to buy, already discounted: one row per customer.",
        (
            CUSTOMER,
            Column("discounted_purchases", "number", "Expected purchases, each discounted to today.", "purchases", minimum=0,
                   known=CUT),
            Column("spend", "number", "Expected spend on a purchase.", "currency per purchase", minimum=0, known=CUT),
            Column("std_error", "number", "Standard error of discounted_purchases times spend.", "currency", minimum=0,
                   optional=True, known=CUT),
        ),
        key=("customer_id",),
    ),
    Table(
        "period_forecast",
        "What each customer is expected to buy, not discounted: one row per customer and date.",
        (
            CUSTOMER,
            Column("weeks", "number", "From today to the purchases of the row; for those of a period, to its middle.", "weeks",
                   minimum=0, known=CUT),
            Column("purchases", "number", "Expected purchases (for a contract, the chance that it then runs).", "purchases",
                   minimum=0, known=CUT),
            Column("spend", "number", "Expected spend on a purchase.", "currency per purchase", minimum=0, known=CUT),
            Column("std_error", "number", "Standard error of purchases times spend.", "currency", minimum=0, optional=True,
                   known=CUT),
        ),
        key=("customer_id", "weeks"),
    ),
    Table(
        "lifetime_values",
        "What each customer is worth today: the margin on what he is still expected to spend.",
        (
            CUSTOMER,
            Column("discounted_spend", "number", "Expected spend, discounted to today.", "currency", minimum=0, optional=True,
                   known=CUT),
            Column("lifetime_value", "number", "The margin on it.", "currency", minimum=0, known=CUT),
            Column("std_error", "number", "Standard error of the lifetime value; empty where none is known.", "currency",
                   minimum=0, nullable=True, optional=True, known=CUT),
        ),
        key=("customer_id",),
    ),
    Table(
        "value_elasticities",
        "By how many per cent the value of a customer moves for one per cent of what it hangs on.",
        (
            Column("margin", "number", "Margin that he brings in a year.", **MONEY),
            Column("retention", "number", "Chance that he stays another year.", "share", minimum=0, maximum=1),
            Column("annual_rate", "number", "Discount rate of a year.", "share", minimum=-1),
            Column("acquisition_cost", "number", "What it cost to win him.", **MONEY),
            Column("net_value", "number", "His value less the cost to win him.", **MONEY),
            Column("retention_elasticity", "number", "For one per cent more retention (from 80 to 80.8 %).", "per cent",
                   minimum=0),
            Column("retention_point", "number", "For one percentage point more retention (from 80 to 81 %).", "per cent",
                   minimum=0),
            Column("margin_elasticity", "number", "For one per cent more margin.", "per cent", minimum=0),
            Column("rate_elasticity", "number", "For one per cent more of the discount rate (from 10 to 10.1 %).", "per cent"),
            Column("acquisition_elasticity", "number", "For one per cent more cost to win him.", "per cent", maximum=0),
        ),
    ),
    Table(
        "customer_equity",
        "What the customers of a firm are worth, today's and new ones.",
        (
            Column("part", "text", "Whose value, or which cost."),
            Column("customers", "integer", "How many they are.", "customers", minimum=0),
            Column("amount", "number", "Their value; costs are negative.", "currency"),
            Column("low", "number", "Lower end of its interval; empty where no standard error is known.", "currency",
                   nullable=True),
            Column("high", "number", "Upper end of its interval.", "currency", nullable=True),
        ),
        key=("part",),
    ),
    Table(
        "orders_with_returns",
        "Orders as a till writes them: a negative amount is a return.",
        tuple(replace(column, minimum=None) if column.name == "amount" else column for column in _ORDERS.columns),
        key=_ORDERS.key,
    ),
    Table(
        "settled_returns",
        "What became of orders and returns when they were settled against one another.",
        (
            Column("fate", "text", "What became of the rows."),
            Column("rows", "integer", "How many rows.", "rows", minimum=0),
            Column("amount", "number", "What stood in them.", "currency"),
            Column("amount_left", "number", "What is left of it.", "currency"),
        ),
        key=("fate",),
    ),
    Table(
        "rater_scores",
        "Service quality by dimension: what customers expect and find, and the gap between the two.",
        (
            Column("dimension", "text", "Dimension of service quality."),
            Column("n", "integer", "Rows with a score of this dimension.", "rows", minimum=0),
            Column("expected", "number", "Mean of what an excellent firm should be like; empty if not asked.", "points",
                   nullable=True),
            Column("perceived", "number", "Mean of what this firm is like.", "points"),
            Column("gap", "number", "Mean of perceived less expected; below zero is short.", "points", nullable=True),
            Column("low", "number", "Lower end of the interval of the gap (if nothing was expected, of perceived).", "points",
                   nullable=True),
            Column("high", "number", "Upper end of the interval.", "points", nullable=True),
            Column("weight", "number", "Mean importance; empty if not asked.", "share", minimum=0, maximum=1, nullable=True),
            Column("weighted_gap", "number", "Mean of each one's gap times his own importance.", "points", nullable=True),
        ),
        key=("dimension",),
    ),
    Table(
        "rater_levels",
        "What the radar draws: levels of each dimension, and how much each counts.",
        (
            Column("dimension", "text", "Dimension of service quality."),
            Column("expected", "number", "Mean of what an excellent firm should be like.", "points", nullable=True),
            Column("perceived", "number", "Mean of what this firm is like.", "points"),
            Column("weight", "number", "Mean importance; all together are 1.", "share", minimum=0, maximum=1),
        ),
        key=("dimension",),
    ),
    Table(
        "driver_weights",
        "What explains an outcome, shared out among predictors that go together.",
        (
            Column("predictor", "text", "The predictor."),
            Column("lmg", "number", "Its part of R2, averaged over all orders (LMG).", "share of variance", maximum=1),
            Column("johnson", "number", "Its part of R2 by Johnson's relative weights.", "share of variance", maximum=1),
            Column("share", "number", "Its part of what is explained (LMG).", "share", maximum=1),
            Column("slope", "number", "Change of the outcome for one point more, the others held fast.", "points per point"),
        ),
        key=("predictor",),
    ),
    Table(
        "survey_findings",
        "What was mended, set aside or looks wrong in the answers to a survey, and by which rule.",
        (
            Column("what", "text", "What was found."),
            Column("where", "text", "In which column, or in respondents or statements at large."),
            Column("count", "integer", "How often.", minimum=1),
            Column("rule", "text", "What was done, or could be."),
        ),
    ),
    Table(
        "what_if",
        "What became of replicate firms when one cause was changed, before the cost of the change.",
        (
            Column("cause", "text", "What was changed; see `world.causes()`."),
            Column("amount", "number", "By how much; 0 is the firm as it was.", "as the cause says"),
            Column("seed", "integer", "The firm.", "seed", minimum=0),
            Column("months", "integer", "Months from the change on.", "months", minimum=1),
            Column("retention", "number", "Share of the customers of the first day who are still there at the end.",
                   "share", minimum=0, maximum=1),
            Column("customers", "integer", "Customers at the end.", "customers", minimum=0),
            Column("orders", "integer", "Orders from the change on.", "orders", minimum=0),
            Column("revenue", "number", "From the change on.", **MONEY),
            Column("profit", "number", "From the change on, before its cost.", "currency"),
            Column("satisfaction", "number", "Mean from the change on.", "points of satisfaction"),
            Column("payers", "integer", "What a cost is counted by: months of customers, or prospects.", "payers", minimum=0),
            Column("usual_cost", "number", "What the change costs by its own curve, for each customer (or prospect) and month.",
                   "currency"),
        ),
        key=("cause", "amount", "seed"),
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
