"""Tables that widgets read: declared for `widgets`, whose callers make them.

Each declaration says what a column means, its unit and range; the checks at the door and the description pages are made from
it.
"""

from __future__ import annotations

from crmlab.tables.shape import Column, Table

TABLES = (
    Table(
        "claimed_effects",
        "What sources claim that a change of one number of a firm does to profit.",
        (
            Column("claim", "text", "What is said to change, in a few words."),
            Column("driver", "text", "The number of the firm that changes.",
                   values=("retention", "cost", "margin", "conversion")),
            Column("change", "number", "By how much, whether points or per cent are meant; -0.01 of cost is a saving.", "share",
                   minimum=-1, maximum=1),
            Column("industry", "text", "The industry of which it is said, or \"all\"."),
            Column("low", "number", "The least that is claimed for profit.", "share", minimum=0),
            Column("high", "number", "The most that is claimed for profit.", "share", minimum=0),
        ),
        key=("claim", "industry"),
    ),
    Table(
        "industry_places",
        "What customers bring and how many stay, by industry.",
        (
            Column("industry", "text", "The industry."),
            Column("margin", "number", "Of what a customer pays in a year, what is left after serving them.", "share",
                   minimum=0, maximum=1),
            Column("retention", "number", "Share of the customers who stay another year.", "share", minimum=0, maximum=1),
        ),
        key=("industry",),
    ),
)  # fmt: skip
