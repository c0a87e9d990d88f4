"""Tables that widgets read: declared for `widgets`, whose callers make them.

Each declaration says what a column means, its unit and range; the checks at the door and the description pages are made from
it.
"""

from __future__ import annotations

from crmlab.tables.shape import Column, Table

TABLES = (
    Table(
        "board_deals",
        "Open deals of a pipeline board, one row each.",
        (
            Column("deal_id", "id", "The deal."),
            Column("name", "text", "What the card of the deal is called."),
            Column("stage", "text", "The stage at which it stands."),
            Column("expected_value", "number", "What it brings if it is won.", "currency", minimum=0),
            Column("age_days", "integer", "For how long it has been at this stage.", "days", minimum=0),
        ),
        key=("deal_id",),
    ),
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
        "honest_curves",
        "How well models order, at every cut: the curves of `honest_steps`.",
        (
            Column("step", "integer", "The how-manieth step.", "steps", minimum=1),
            Column("model", "text", "The model."),
            Column("x", "number", "Share of those who do not buy (ROC), or of all (gains), that lie before the cut.", "share",
                   minimum=0, maximum=1),
            Column("y", "number", "Share of those who buy that lie before it.", "share", minimum=0, maximum=1),
        ),
        key=(),
    ),
    Table(
        "honest_steps",
        "What models can do as their test becomes more honest, step by step: one row for each step and model.",
        (
            Column("step", "integer", "The how-manieth step; the first one is the proudest.", "steps", minimum=1),
            Column("label", "text", "What the models know and what they are tested on."),
            Column("model", "text", "The model."),
            Column("auc", "number", "Area under the ROC curve.", "share", minimum=0, maximum=1),
            Column("low", "number", "Lower end of its 95 % interval.", "share", minimum=0, maximum=1),
            Column("high", "number", "Upper end of it.", "share", minimum=0, maximum=1),
        ),
        key=("step", "model"),
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
    Table(
        "stage_chances",
        "How likely open deals are to be won within a period, by the stage at which they stand.",
        (
            Column("stage", "text", "The stage."),
            Column("age_from_days", "integer", "From how many days at the stage on the chance holds.", "days", minimum=0,
                   optional=True),
            Column("chance", "number", "Share of the deals there that is won within the period.", "share", minimum=0,
                   maximum=1),
        ),
        key=("stage", "age_from_days"),
    ),
)  # fmt: skip
