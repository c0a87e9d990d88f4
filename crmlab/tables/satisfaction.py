"""Tables of service quality and satisfaction: declared for `satisfaction`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.shape import Column, Table

TABLES = (
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
            Column("weighted_gap", "number", "Mean of each respondent's gap times their own importance.", "points",
                   nullable=True),
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
)  # fmt: skip
