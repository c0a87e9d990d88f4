"""Tables of how prospects become customers: declared for `development`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm`` and ``pipeline``.
"""

from __future__ import annotations

from crmlab.tables.firm import PROSPECT
from crmlab.tables.shape import Column, Table

#: How a stage ends, and how a deal does; one that has not ended is open: nobody knows its end, so it is not lost.
STAGE_OUTCOMES = ("advanced", "skipped ahead", "returned", "lost", "won")
ENDINGS = ("won", "lost")

_STEP = Column("step", "integer", "The how-manieth stage of this deal.", "steps", minimum=1)
_STAGE = Column("stage", "text", "The stage.")
_ENTERED = Column("entered", "date", "The day it began.", known="that day")
_LEFT = Column("left", "date", "The day it ended; empty while it is open.", nullable=True, known="that day")
_OUTCOME = Column("outcome", "text", "How the stage ended; empty while it is open.", values=STAGE_OUTCOMES, nullable=True,
                  known="`left`")  # fmt: skip

TABLES = (
    Table(
        "deal_stages",
        "What `development` reads of the deals of prospects through any stages: one row for each stage entered.",
        (
            PROSPECT,
            Column("step", "integer", "The how-manieth stage of this deal; without it the days tell the order.", "steps",
                   minimum=1, optional=True),
            _STAGE,
            _ENTERED,
            Column("left", "date", "The day it ended; may be empty where another stage follows, and is while it is open.",
                   nullable=True, known="that day"),
            Column("outcome", "text", "How it ended; may be empty where another stage follows, and is while it is open.",
                   values=(*STAGE_OUTCOMES, "open"), nullable=True, known="`left`"),
        ),
    ),
    Table(
        "stage_log",
        "The deals of prospects on their way through the stages, checked: one row for each stage entered.",
        (PROSPECT, _STEP, _STAGE, _ENTERED, _LEFT, _OUTCOME),
        key=("prospect_id", "step"),
    ),
    Table(
        "stage_rejects",
        "Rows of deals that cannot have happened as they are written; a deal is set aside whole.",
        (PROSPECT, _STEP, _STAGE, _ENTERED, _LEFT,
         Column("outcome", "text", "How it ended, as written.", nullable=True, known="`left`"),
         Column("reason", "text", "Why the deal is set aside.")),
    ),
    Table(
        "deal_outcomes",
        "Each deal as a whole, from the first stage to its end: one row per deal.",
        (
            PROSPECT,
            Column("first_stage", "text", "Where it began."),
            Column("last_stage", "text", "Where it ended or stands."),
            Column("steps", "integer", "Stages entered.", "stages", minimum=1),
            Column("began", "date", "The day it began.", known="that day"),
            Column("closed", "date", "The day it ended; empty while it is open.", nullable=True, known="that day"),
            Column("status", "text", "How it ended, or that it has not.", values=(*ENDINGS, "open"), known="`closed`"),
        ),
        key=("prospect_id",),
    ),
)  # fmt: skip
