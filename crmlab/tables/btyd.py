"""Tables of customers without contract: histories, and orders with returns settled, declared for `btyd`.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from dataclasses import replace

from crmlab.tables.firm import CUSTOMER, CUT, FIRM, PURCHASE_DAYS
from crmlab.tables.shape import Column, Table

_ORDERS = next(table for table in FIRM if table.name == "orders")
_FREQUENCY_GROUP = Column(
    "frequency_group", "text", "Repeat purchases up to the end of calibration; the last group may be open, such as 7+."
)

TABLES = (
    Table(
        "purchase_summary",
        "Each customer's purchases in three numbers and a mean: what models of customers without contract read.",
        (
            CUSTOMER,
            Column("frequency", "integer", f"Days with a repeat purchase. {PURCHASE_DAYS}", "days", minimum=0, known=CUT),
            Column("recency_weeks", "number", "From the first to the last purchase.", "weeks", minimum=0, known=CUT),
            Column("age_weeks", "number", "From the first purchase to the end of calibration.", "weeks", minimum=0, known=CUT),
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
            Column("frequency", "integer", "Opportunities that they took.", "periods", minimum=0, known=CUT),
            Column("recency_periods", "integer", "Which of them was the last that they took; 0 for none.", "periods", minimum=0,
                   known=CUT),
            Column("age_periods", "integer", "How many they had.", "periods", minimum=0, known=CUT),
        ),
        key=("customer_id",),
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
            Column("status", "text", "What became of the rows."),
            Column("rows", "integer", "How many rows.", "rows", minimum=0),
            Column("amount", "number", "What stood in them.", "currency"),
            Column("amount_left", "number", "What is left of it.", "currency"),
        ),
        key=("status",),
    ),
    Table(
        "purchase_predictions",
        "Who is alive, and how many purchases to expect of each customer: one row per customer, as in the histories.",
        (
            replace(CUSTOMER, optional=True),
            Column("p_alive", "number", "Probability to be alive at the end of calibration.", "probability", minimum=0,
                   maximum=1, known=CUT),
            Column("purchases", "number", "Purchases to expect.", "purchases", minimum=0, known=CUT),
            Column("std_error", "number", "Its standard error: how well the parameters are known.", "purchases", minimum=0,
                   nullable=True, known=CUT),
            Column("low", "number", "Lower end of its confidence interval.", "purchases", minimum=0, nullable=True, known=CUT),
            Column("high", "number", "Upper end of its confidence interval.", "purchases", minimum=0, nullable=True, known=CUT),
        ),
    ),
    Table(
        "purchase_forecasts",
        "What single customers may do: one row per customer, as in the histories, with prediction intervals.",
        (
            replace(CUSTOMER, optional=True),
            Column("purchases", "number", "Mean of the drawn futures.", "purchases", minimum=0, known=CUT),
            Column("low", "number", "Lower end of the prediction interval, a whole number.", "purchases", minimum=0, known=CUT),
            Column("high", "number", "Upper end of the prediction interval, a whole number.", "purchases", minimum=0,
                   known=CUT),
            Column("p_zero", "number", "Probability not to buy at all.", "probability", minimum=0, maximum=1, known=CUT),
        ),
    ),
    Table(
        "tracking",
        "Repeat purchases week by week, beside what a model expects of the same customers.",
        (
            Column("week", "integer", "Week since the first customer's first purchase.", "weeks", minimum=1),
            Column("ends", "date", "Last day of the week.", future=True),
            Column("actual", "integer", "Repeat purchases in the week.", "purchases", minimum=0),
            Column("expected", "number", "What the model expects.", "purchases", minimum=0),
            Column("actual_total", "integer", "Repeat purchases up to the end of the week.", "purchases", minimum=0),
            Column("expected_total", "number", "What the model expects up to then.", "purchases", minimum=0),
            Column("seen", "boolean", "Whether the week lies before the end of calibration."),
        ),
        key=("week",),
    ),
    Table(
        "alive_history",
        "How likely one customer was alive, day by day, each time with what was known then.",
        (
            Column("date", "date", "The day."),
            Column("weeks", "number", "Since the first purchase.", "weeks", minimum=0),
            Column("frequency", "integer", f"Days with a repeat purchase so far. {PURCHASE_DAYS}", "days", minimum=0),
            Column("p_alive", "number", "Probability to be alive.", "probability", minimum=0, maximum=1),
            Column("bought", "boolean", "Whether there was a purchase on this day."),
        ),
        key=("date",),
    ),
    Table(
        "frequencies",
        "How many customers bought how often, beside what a model expects.",
        (
            _FREQUENCY_GROUP,
            Column("actual", "integer", "Customers who bought that often.", "customers", minimum=0),
            Column("expected", "number", "How many the model expects.", "customers", minimum=0),
        ),
        key=("frequency_group",),
    ),
    Table(
        "conditional_expectation",
        "Mean purchases after the end of calibration by frequency before it, beside what a model expects.",
        (
            _FREQUENCY_GROUP,
            Column("n", "integer", "Customers of the group.", "customers", minimum=1),
            Column("actual_mean", "number", "Mean purchases that came.", "purchases per customer"),
            Column("expected_mean", "number", "Mean purchases that the model expects.", "purchases per customer", minimum=0),
        ),
        key=("frequency_group",),
    ),
    Table(
        "holdout",
        "How well models, fitted at several moments, foresee the weeks after, beside two simple rules.",
        (
            Column("until", "date", "The origin: the end of what the models were fitted to."),
            Column("model", "text", "Name of the model or the rule."),
            Column("n", "integer", "Customers known at the origin.", "customers", minimum=1),
            Column("actual", "integer", "Repeat purchases that came, of all of them.", "purchases", minimum=0),
            Column("expected", "number", "Repeat purchases that were expected.", "purchases", minimum=0),
            Column("mae", "number", "Mean absolute error per customer.", "purchases", minimum=0),
            Column("rmse", "number", "Root mean squared error per customer.", "purchases", minimum=0),
            Column("correlation", "number", "Of what was expected of each customer with what came; empty if one of the two is "
                   "the same for all.", "correlation", minimum=-1, maximum=1, nullable=True),
        ),
        key=("until", "model"),
    ),
)  # fmt: skip
