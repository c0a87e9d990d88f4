"""Tables of service quality and satisfaction: declared for `satisfaction`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.shape import Column, Table

_INTERVAL_OF_GAP = (
    Column("low", "number", "Lower end of the interval of the gap (if nothing was expected, of perceived).", "points",
           nullable=True),
    Column("high", "number", "Upper end of the interval.", "points", nullable=True),
)  # fmt: skip
_LEVELS = (
    ("expected", "Mean of what customers expect of an excellent firm"),
    ("believed", "Mean of what managers believe that customers expect"),
    ("standard", "Mean standard that the firm sets itself"),
    ("delivered", "Mean level that audits found"),
    ("promised", "Mean level that the firm promised"),
    ("perceived", "Mean of what customers find"),
)
_GAPS = tuple(
    column
    for number, meaning in enumerate(
        ("believed less expected", "standard less believed", "delivered less standard", "delivered less promised",
         "perceived less expected"), 1,
    )
    for column in (
        Column(f"gap{number}", "number", f"Gap {number}: {meaning}; below zero is short.", "points"),
        Column(f"gap{number}_low", "number", "Lower end of its interval.", "points", nullable=True),
        Column(f"gap{number}_high", "number", "Upper end of its interval.", "points", nullable=True),
    )
)  # fmt: skip

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
            *_INTERVAL_OF_GAP,
            Column("weight", "number", "Mean importance; empty if not asked.", "share", minimum=0, maximum=1, nullable=True),
            Column("weighted_gap", "number", "Mean of each respondent's gap times their own importance.", "points",
                   nullable=True),
        ),
        key=("dimension",),
    ),
    Table(
        "rater_items",
        "Service quality by item: what customers expect and find, and the gap between the two.",
        (
            Column("item", "text", "The item."),
            Column("dimension", "text", "Dimension of service quality that it belongs to."),
            Column("wording", "text", "The statement, as it was asked."),
            Column("n", "integer", "Rows with a gap (if nothing was expected, an answer).", "rows", minimum=0),
            Column("expected", "number", "Mean of what an excellent firm should be like; empty if not asked.", "points",
                   nullable=True),
            Column("perceived", "number", "Mean of what this firm is like.", "points", nullable=True),
            Column("gap", "number", "Mean of perceived less expected; below zero is short.", "points", nullable=True),
            *_INTERVAL_OF_GAP,
        ),
        key=("item",),
    ),
    Table(
        "gap_reliability",
        "How much of the scores of a dimension, and of the gap between them, is signal.",
        (
            Column("dimension", "text", "Dimension of service quality."),
            Column("items", "integer", "Items of the dimension.", "items", minimum=1),
            Column("expected", "number", "Cronbach's alpha of the expectations; empty for one item.", "reliability", maximum=1,
                   nullable=True),
            Column("perceived", "number", "Cronbach's alpha of the perceptions; empty for one item.", "reliability", maximum=1,
                   nullable=True),
            Column("correlation", "number", "Of the two scores.", "correlation", minimum=-1, maximum=1, nullable=True),
            Column("gap", "number", "Reliability of the gap.", "reliability", maximum=1, nullable=True),
            Column("warning", "text", "Said where single gaps say little; else nothing."),
        ),
        key=("dimension",),
    ),
    Table(
        "rater_levels",
        "What the radar draws: levels of each dimension, and how much each counts.",
        (
            Column("dimension", "text", "Dimension of service quality."),
            Column("expected", "number", "What an excellent firm should be: perceived less the gap.", "points", nullable=True),
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
            Column("slope", "number", "Change of the outcome for one point more, the others held fixed.", "points per point"),
        ),
        key=("predictor",),
    ),
    Table(
        "importance_performance",
        "The importance-performance map: what matters, how well it is done, and how sure each place on the map is.",
        (
            Column("driver", "text", "The driver."),
            Column("performance", "number", "Mean perceived quality.", "points"),
            Column("performance_low", "number", "Lower end of its 95 % interval.", "points"),
            Column("performance_high", "number", "Upper end of its 95 % interval.", "points"),
            Column("slope", "number", "Change of the outcome for one point more, the others held fixed.", "points per point"),
            Column("importance", "number", "Part of what is explained (LMG).", "share", maximum=1),
            Column("importance_low", "number", "Lower end of its 95 % interval.", "share", maximum=1),
            Column("importance_high", "number", "Upper end of its 95 % interval.", "share", maximum=1),
            Column("quadrant", "text", "Place on the map.",
                   values=("concentrate here", "keep up the good work", "low priority", "possible overkill")),
            Column("probability", "number", "Share of bootstrap samples that put it there.", "share", minimum=0, maximum=1),
        ),
        key=("driver",),
    ),
    Table(
        "priorities",
        "What to mend first: the gain in satisfaction from the same step in each driver, the largest first.",
        (
            Column("driver", "text", "The driver."),
            Column("gain", "number", "Gain in mean satisfaction, if the slope is a cause.", "points"),
            Column("low", "number", "Lower end of its interval.", "points"),
            Column("high", "number", "Upper end of its interval.", "points"),
            Column("p_best", "number", "Share of bootstrap samples in which this driver gains most.", "share", minimum=0,
                   maximum=1),
            Column("headroom", "number", "Points left on the scale; empty if it is not known.", "points", nullable=True),
        ),
        key=("driver",),
    ),
    Table(
        "five_gaps",
        "The five gaps of service quality: six levels of each dimension, and the gaps between them with intervals.",
        (
            Column("dimension", "text", "Dimension of service quality."),
            Column("n", "integer", "Customers with both answers.", "customers", minimum=1),
            Column("n_excluded", "integer", "Customers who lack one of them.", "customers", minimum=0),
            *(Column(name, "number", f"{meaning}.", "points", minimum=1, maximum=7) for name, meaning in _LEVELS),
            *_GAPS,
        ),
        key=("dimension",),
    ),
    Table(
        "misjudgement",
        "What customers care for, and what managers believe that they care for.",
        (
            Column("dimension", "text", "Dimension of service quality."),
            Column("customer_points", "number", "Mean points of customers.", "points of 100", minimum=0, maximum=100),
            Column("manager_points", "number", "Mean points that managers believe in.", "points of 100", minimum=0,
                   maximum=100),
            Column("customer_rank", "number", "1 for what matters most to customers; ties share a rank.", "rank", minimum=1),
            Column("manager_rank", "number", "1 for what managers think matters most.", "rank", minimum=1),
            Column("difference", "number", "Managers less customers.", "points of 100"),
            Column("low", "number", "Lower end of its 95 % interval.", "points of 100"),
            Column("high", "number", "Upper end of its 95 % interval.", "points of 100"),
            Column("p_value", "number", "Of Welch's test; empty if nothing varies.", "probability", minimum=0, maximum=1,
                   nullable=True),
            Column("p_holm", "number", "Adjusted for the number of dimensions.", "probability", minimum=0, maximum=1,
                   nullable=True),
        ),
        key=("dimension",),
    ),
    Table(
        "nonresponse",
        "How far those who answered differ from everyone who was asked, wave by wave.",
        (
            Column("wave", "integer", "Wave of the survey.", minimum=1),
            Column("n", "integer", "Customers who were asked.", "customers", minimum=1),
            Column("n_answered", "integer", "Customers who answered.", "customers", minimum=0),
            Column("response_rate", "number", "Share who answered.", "share", minimum=0, maximum=1),
            Column("mean_everyone", "number", "Mean overall satisfaction of all who were asked.", "points"),
            Column("mean_answered", "number", "Mean overall satisfaction of those who answered.", "points", nullable=True),
            Column("bias", "number", "The second mean less the first.", "points", nullable=True),
            Column("expected_bias", "number", "The bias on average over who happens to answer.", "points"),
            Column("weighted", "number", "Mean weighted by one over the chance to answer.", "points", nullable=True),
            Column("std_error", "number", "Standard error that the answers themselves would claim.", "points", minimum=0,
                   nullable=True),
        ),
        key=("wave",),
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
        "kano_answers",
        "How respondents would feel with and without each feature, as codes 1 (pleased) to 5 (displeased).",
        (
            Column("respondent", "id", "Who answered.", aliases=("customer_id", "id")),
            Column("feature", "text", "What was asked about."),
            Column("functional", "integer", "Answer if the firm has the feature.", minimum=1, maximum=5, nullable=True),
            Column("dysfunctional", "integer", "Answer if it has not.", minimum=1, maximum=5, nullable=True),
        ),
        key=("respondent", "feature"),
    ),
)  # fmt: skip
