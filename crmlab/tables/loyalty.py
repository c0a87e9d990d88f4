"""Tables of what customers are worth: declared for `loyalty`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, CUT, money
from crmlab.tables.shape import Column, Table

#: By length of stay and profit: long and high, long and low, short and high, short and low.
_CELLS = ("true friends", "barnacles", "butterflies", "strangers")

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
        "tenures",
        "When each relationship began and, under contract, ended: one row per customer.",
        (
            CUSTOMER,
            Column("since", "date", "The day on which they became a customer.", known="that day",
                   aliases=("entry", "joined", "started", "first_order", "signup_date", "beginn")),
            Column("left", "date", "The day on which they left; empty if they have not. Only where leaving is seen.",
                   nullable=True, optional=True, known="that day", aliases=("ended", "churned", "cancelled")),
        ),
        key=("customer_id",),
    ),
    Table(
        "tenure_profit",
        "Mean profit per customer by year of the relationship, of those still there and of the same people.",
        (
            Column("view", "text", "Whose mean it is.", values=("still there", "the same people")),
            Column("year", "integer", "Year of the relationship; the first is 1.", "years", minimum=1),
            Column("customers", "integer", "How many they are.", "customers", minimum=1),
            Column("profit", "number", "Mean profit in the year.", "currency per customer"),
            Column("low", "number", "Lower end of its interval; empty for one customer.", "currency per customer",
                   nullable=True),
            Column("high", "number", "Upper end of its interval.", "currency per customer", nullable=True),
        ),
        key=("view", "year"),
    ),
    Table(
        "tenure_growth",
        "By how much the last year of the relationship is above the first, and what the leaving of others makes of it.",
        (
            Column("view", "text", "Whose growth it is.", values=("still there", "the same people", "the leaving of others")),
            Column("amount", "number", "Profit of the last year less that of the first.", "currency per customer"),
            Column("low", "number", "Lower end of its interval.", "currency per customer", nullable=True),
            Column("high", "number", "Upper end of its interval.", "currency per customer", nullable=True),
            Column("share", "number", "Relative to the first year of the same view; empty if that brought no profit.", "share",
                   nullable=True),
            Column("share_low", "number", "Lower end of its interval.", "share", nullable=True),
            Column("share_high", "number", "Upper end of its interval.", "share", nullable=True),
        ),
        key=("view",),
    ),
    Table(
        "stays",
        "How long each customer stayed, and what they brought: one row per customer.",
        (
            CUSTOMER,
            Column("stay_days", "number", "How long they stayed, or were seen to stay.", "days", minimum=0, known=CUT),
            Column("profit", "number", "What they brought in all.", "currency", optional=True, known=CUT),
        ),
        key=("customer_id",),
    ),
    Table(
        "four_cells",
        "Customers by length of stay and profit, each split at its median.",
        (
            Column("cell", "text", "Name of the cell.", values=_CELLS),
            Column("stay", "text", "Whether they stayed longer than the median customer.", values=("long", "short")),
            Column("profit_level", "text", "Whether they brought more than the median customer.", values=("high", "low")),
            Column("customers", "integer", "How many they are.", "customers", minimum=0),
            Column("share", "number", "Share of all customers.", "share", minimum=0, maximum=1),
            Column("low", "number", "Lower end of its interval.", "share", minimum=0, maximum=1),
            Column("high", "number", "Upper end of its interval.", "share", minimum=0, maximum=1),
            Column("profit_share", "number", "Share of all profit; empty if there is none.", "share", nullable=True),
        ),
        key=("cell",),
    ),
    Table(
        "customer_cells",
        "The cell of each customer: one row per customer.",
        (
            CUSTOMER,
            Column("cell", "text", "Name of the cell.", values=_CELLS, known=CUT),
        ),
        key=("customer_id",),
    ),
    Table(
        "stay_correlations",
        "How length of stay and profit go together.",
        (
            Column("coefficient", "text", "Of amounts (Pearson) or of ranks (Spearman).", values=("Pearson", "Spearman")),
            Column("estimate", "number", "The correlation.", "-1 to 1", minimum=-1, maximum=1),
            Column("low", "number", "Lower end of its interval.", "-1 to 1", minimum=-1, maximum=1),
            Column("high", "number", "Upper end of its interval.", "-1 to 1", minimum=-1, maximum=1),
        ),
        key=("coefficient",),
    ),
    Table(
        "profit_layers",
        "What each customer who was won brings by year of the relationship, apart by where it comes from.",
        (
            Column("year", "integer", "Year of the relationship; 0 is the day they were won.", "years", minimum=0),
            Column("layer", "text", "Where it comes from.",
                   values=("acquisition", "base profit", "growth of the same people", "those no longer there", "referrals")),
            Column("amount", "number", "Mean over all who were won; costs are negative.", "currency per customer won"),
            Column("low", "number", "Lower end of its interval.", "currency per customer won", nullable=True),
            Column("high", "number", "Upper end of its interval.", "currency per customer won", nullable=True),
        ),
        key=("year", "layer"),
    ),
    Table(
        "customer_values",
        "What each customer is worth, gains and losses: one row per customer.",
        (CUSTOMER, Column("value", "number", "What they are worth; below 0 if they cost more than they bring.", "currency",
                          known=CUT)),
        key=("customer_id",),
    ),
    Table(
        "referral_values",
        "What the people are worth whom each customer brought: one row per customer who brought somebody.",
        (
            CUSTOMER,
            Column("referred", "integer", "How many they brought.", "people", minimum=1, known=CUT),
            Column("won", "integer", "How many of these became customers.", "people", minimum=0, known=CUT),
            Column("gross_value", "number", "What these are worth, discounted.", "currency", known=CUT),
            Column("would_have_come", "number", "The part of it that would have come anyway.", "currency", known=CUT),
            Column("acquisition_saved", "number", "The cost to win them that was saved, discounted.", "currency", minimum=0,
                   known=CUT),
            Column("referral_value", "number", "What the customer's recommendations brought.", "currency", known=CUT),
        ),
        key=("customer_id",),
    ),
    Table(
        "value_intervals",
        "Between which values one customer under contract will lie, and between which the mean of many.",
        (
            Column("margin", "number", "Margin that they bring in a year.", "currency"),
            Column("retention", "number", "Chance that they stay another year.", "share", minimum=0, maximum=1),
            Column("annual_rate", "number", "Discount rate of a year.", "share", minimum=-1, maximum=1),
            Column("mean", "number", "Their expected value.", "currency"),
            Column("low", "number", "Lower end of the prediction interval of one customer.", "currency"),
            Column("high", "number", "Upper end of it.", "currency"),
            Column("customers", "integer", "How many make up the mean.", "customers", minimum=1),
            Column("mean_low", "number", "Lower end of the interval of the mean of so many.", "currency"),
            Column("mean_high", "number", "Upper end of it.", "currency"),
        ),
    ),
    Table(
        "break_even",
        "After how many years a customer has paid back what it cost to win them.",
        (
            money("acquisition_cost", "What it cost to win them."),
            Column("margin", "number", "Margin that they bring in a year.", "currency"),
            Column("retention", "number", "Chance that they stay another year.", "share", minimum=0, maximum=1),
            Column("annual_rate", "number", "Discount rate of a year.", "share", minimum=-1, maximum=1),
            Column("certain_years", "number", "If they surely stay; empty if never.", "years", minimum=0, nullable=True),
            Column("expected_years", "number", "On average over those who stay and those who leave; empty if never.", "years",
                   minimum=0, nullable=True),
            Column("pays", "text", "Whether it comes back.", values=("yes", "only if they stay", "never")),
        ),
    ),
)  # fmt: skip
