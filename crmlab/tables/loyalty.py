"""Tables of what customers are worth: declared for `loyalty`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, CUT, money
from crmlab.tables.shape import Column, Table

TABLES = (
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
        "What each customer is worth today: the margin on what they are still expected to spend.",
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
        "By how many per cent the value of a customer moves for one per cent of what it depends on.",
        (
            money("margin", "Margin that they bring in a year."),
            Column("retention", "number", "Chance that they stay another year.", "share", minimum=0, maximum=1),
            Column("annual_rate", "number", "Discount rate of a year.", "share", minimum=-1),
            money("acquisition_cost", "What it cost to win them."),
            money("net_value", "Their value less the cost to win them."),
            Column("retention_elasticity", "number", "For one per cent more retention (from 80 to 80.8 %).", "per cent",
                   minimum=0),
            Column("retention_point", "number", "For one percentage point more retention (from 80 to 81 %).", "per cent",
                   minimum=0),
            Column("margin_elasticity", "number", "For one per cent more margin.", "per cent", minimum=0),
            Column("rate_elasticity", "number", "For one per cent more of the discount rate (from 10 to 10.1 %).", "per cent"),
            Column("acquisition_elasticity", "number", "For one per cent more cost to win them.", "per cent", maximum=0),
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
        "chain",
        "What `fit_chain` reads: one row per customer and survey, outcomes later than the survey.",
        (
            CUSTOMER,
            Column("wave", "integer", "Number of the survey.", minimum=1),
            Column("reliability", "number", "How they judge the reliability of the service.", "points"),
            Column("empathy", "number", "How they judge its empathy.", "points"),
            Column("price_focus", "number", "How much they look at the price.", "standard deviations"),
            Column("satisfaction", "number", "How satisfied they say they are.", "points"),
            Column("stays", "integer", "Whether they were still there later.", minimum=0, maximum=1, known=CUT),
            Column("profit", "number", "What they brought from the survey until then.", "currency", known=CUT),
        ),
        key=("customer_id", "wave"),
    ),
    Table(
        "chain_links",
        "Slopes of the chain from service to satisfaction to staying to profit.",
        (
            Column("link", "text", "The outcome of the equation.", values=("satisfaction", "stays", "profit")),
            Column("parameter", "text", "On what it depends."),
            Column("estimate", "number", "Change of the outcome for a point (for profit on stays: for staying).",
                   "points, share or currency"),
            Column("std_error", "number", "Its standard error.", "points, share or currency", minimum=0),
        ),
        key=("link", "parameter"),
    ),
    Table(
        "chain_effect",
        "What a change of the service does to satisfaction, staying and profit.",
        (
            Column("outcome", "text", "What changes.", values=("satisfaction", "stays", "profit")),
            Column("path", "text", "By which way.", values=("in all", "through satisfaction", "beside satisfaction")),
            Column("estimate", "number", "The change.", "points, share or currency"),
            Column("std_error", "number", "Its standard error.", "points, share or currency", minimum=0),
            Column("low", "number", "Lower end of its interval.", "points, share or currency"),
            Column("high", "number", "Upper end of its interval.", "points, share or currency"),
        ),
        key=("outcome", "path"),
    ),
    Table(
        "chain_bend",
        "Slope of staying over answered satisfaction, in three segments.",
        (
            Column("segment", "text", "Which part of the answers.", values=("below", "between", "above")),
            Column("from_answer", "number", "Where the segment begins.", "points"),
            Column("to_answer", "number", "Where it ends.", "points"),
            Column("estimate", "number", "Change of the share that stays for a point of satisfaction.", "share"),
            Column("std_error", "number", "Its standard error.", "share", minimum=0),
        ),
        key=("segment",),
    ),
)  # fmt: skip
