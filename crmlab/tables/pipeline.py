"""The tables of the pipeline: deals, the people who decide, and what is objected and answered.

Firms that sell to organisations, or single things of great worth, keep them beside `prospects` and `stage_events`, whose ids
they share. This room declares columns; what is behind them is known in `world`.
"""

from __future__ import annotations

from crmlab.tables.firm import CUSTOMER, PROSPECT, SALESPERSON
from crmlab.tables.shape import Column, Table

TABLES = (
    Table(
        "deals",
        "What is known of each new prospect's deal: one row for each new way through the pipeline.",
        (
            PROSPECT,
            CUSTOMER,
            Column("means", "integer", "Whether they can pay, as noted at the first contact.", "1 (hardly) to 5 (easily)",
                   minimum=1, maximum=5, known="first contact"),
            Column("intent", "integer", "Whether they mean to buy, as noted at the first contact.",
                   "1 (hardly) to 5 (certainly)", minimum=1, maximum=5, known="first contact"),
            Column("distance_hours", "number", "Way to the nearest branch.", "hours", minimum=0, known="first contact"),
            Column("expected_value", "number",
                   "What the salesperson expects it to bring; empty until the needs are understood.", "currency",
                   minimum=0, nullable=True, known="when the stage `understanding needs` is past"),
            Column("deal_value", "number", "What was paid: the first order; empty unless won.", "currency", minimum=0,
                   nullable=True, known="`closed` in `prospects`"),
            Column("lost_reason", "text", "Why it was lost, as noted; empty unless lost.", nullable=True,
                   known="`closed` in `prospects`"),
        ),
        key=("prospect_id",),
    ),
    Table(
        "deal_contacts",
        "The buying centre: who has a part in the decision of an organisation, and whom the salesperson met.",
        (
            Column("contact_id", "id", "The contact."),
            PROSPECT,
            CUSTOMER,
            Column("role", "text", "Their part in the decision.", known="first contact"),
            Column("met", "date", "The day on which the salesperson first met them; empty if they did not.", nullable=True,
                   known="that day"),
        ),
        key=("contact_id",),
    ),
    Table(
        "objections",
        "Objections and what was answered; `stage_events` tells at the same step whether the prospect went on.",
        (
            PROSPECT,
            CUSTOMER,
            Column("step", "integer", "The how-manieth stage of this way.", "steps", minimum=1),
            Column("date", "date", "The day.", known="that day"),
            Column("objection", "text", "Its kind.", known="that day"),
            Column("answer", "text", "The kind of answer.", known="that day"),
            SALESPERSON,
        ),
        key=("prospect_id", "step"),
    ),
)  # fmt: skip
