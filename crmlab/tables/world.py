"""Tables of what changing the firm brought: declared for `world`, which returns or reads them.

Each declaration says what a column means, its unit and range, and from when it may be known; the checks at the door
and the description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.firm import money
from crmlab.tables.shape import Column, Table

TABLES = (
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
            money("revenue", "From the change on."),
            Column("profit", "number", "From the change on, before its cost.", "currency"),
            Column("satisfaction", "number", "Mean from the change on.", "points of satisfaction"),
            Column("payers", "integer", "What a cost is counted by: months of customers, or prospects.", "payers", minimum=0),
            Column("usual_cost", "number", "What the change costs by its own curve, for each customer (or prospect) and month.",
                   "currency"),
        ),
        key=("cause", "amount", "seed"),
    ),
    Table(
        "outcomes",
        "What each of some choices did in each of the same firms.",
        (
            Column("action", "text", "The choice, in the words of the manager."),
            Column("firm", "integer", "The firm in which it was tried.", "seed", minimum=0),
            Column("effect", "number", "What it changed there; more is better.", "of the measure"),
        ),
        key=("action", "firm"),
    ),
)  # fmt: skip
