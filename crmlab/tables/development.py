"""Tables of how prospects become customers: declared for `development`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm`` and ``pipeline``.
"""

from __future__ import annotations

from crmlab.tables.firm import PROSPECT
from crmlab.tables.shape import Column, Table

#: How a stage ends, and how a deal does; one that has not ended is open: nobody knows its end, so it is not lost.
STAGE_OUTCOMES = ("advanced", "skipped ahead", "returned", "lost", "won")
ENDINGS: tuple[str, ...] = ("won", "lost")
#: Stands for a stage where deals are looked at as a whole.
ALL_STAGES = "all stages"

_STEP = Column("step", "integer", "The how-manieth stage of this deal.", "steps", minimum=1)
_STAGE = Column("stage", "text", "The stage.")
_ENTERED = Column("entered", "date", "The day it began.", known="that day")
_LEFT = Column("left", "date", "The day it ended; empty while it is open.", nullable=True, known="that day")
_OUTCOME = Column("outcome", "text", "How the stage ended; empty while it is open.", values=STAGE_OUTCOMES, nullable=True,
                  known="`left`")  # fmt: skip


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, "deals", minimum=0)


def _share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, "number", meaning, "share", minimum=0, maximum=1, nullable=nullable)


TABLES = (
    Table(
        "conversion",
        "What share of the deals that end a stage goes on, by group.",
        (
            Column("stage", "text", "The stage; `all stages` for deals as a whole, of which the share is won."),
            Column("group", "text", "The group; `all` where nothing is compared."),
            _count("exits", "Entries of the stage that have ended; deals won or lost."),
            _count("went_on", "Of these, those that advanced, skipped ahead or were won; deals won."),
            _share("share", "Of these; empty where nothing has ended.", nullable=True),
            _share("low", "Lower end of its 95 % interval (Wilson).", nullable=True),
            _share("high", "Upper end of it.", nullable=True),
            _share("shrunk", "The share pulled towards the mean of the groups; empty with fewer than three.", nullable=True),
            _share("shrunk_low", "Lower end of its 95 % interval (posterior).", nullable=True),
            _share("shrunk_high", "Upper end of it.", nullable=True),
        ),
        key=("stage", "group"),
    ),
    Table(
        "conversion_spreads",
        "How far the shares of groups differ beyond chance: one row per stage.",
        (
            Column("stage", "text", "The stage; `all stages` for deals as a whole."),
            Column("groups", "integer", "From how many it is estimated.", "groups", minimum=3),
            _share("mean", "Mean of the shares of groups."),
            _share("spread", "Standard deviation of the shares between groups, beyond chance."),
            Column("weight", "number", "How many deals the mean counts as beside those of a group; empty if the groups do not "
                   "differ.", "deals", minimum=0, nullable=True),
        ),
        key=("stage",),
    ),
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
        "stage_ages",
        "Of each stage, the share won in the end of those that entered it and of those that stood there past its limit.",
        (
            Column("stage", "text", "The stage; `all stages` for means over the late entries of all."),
            Column("limit_days", "number", "Days than which most entries of won deals were not longer; empty without any, and "
                   "for all stages.", "days", minimum=0, nullable=True),
            Column("open", "integer", "Entries that have not ended.", "entries", minimum=0),
            Column("late_open", "integer", "Of these, those that stand longer than the limit.", "entries", minimum=0),
            Column("entries", "integer", "Times that it was entered; a deal may return.", "entries", minimum=0),
            _share("chance", "Won in the end, of all that entered it; empty where none has ended.", nullable=True),
            Column("std_error", "number", "Of the share.", "share", minimum=0, nullable=True),
            Column("late", "integer", "Entries that stood longer than the limit.", "entries", minimum=0),
            _share("late_chance", "Won in the end, of these; empty where none has ended.", nullable=True),
            Column("late_error", "number", "Standard error of that.", "share", minimum=0, nullable=True),
        ),
        key=("stage",),
    ),
    Table(
        "stage_counts",
        "How many deals came to each stage, and what became of them there.",
        (
            _STAGE,
            _count("began_here", "Deals of which it is the first."),
            _count("reached", "Deals that stand or stood here or behind."),
            Column("entries", "integer", "Times that it was entered; a deal may return.", "entries", minimum=0),
            *(Column(name, "integer", f"Entries that ended so: {how}.", "entries", minimum=0)
              for name, how in (("advanced", "with the next stage"), ("skipped", "with a later one"),
                                ("went_back", "with an earlier one"), ("lost", "lost"), ("won", "won"))),
            Column("open", "integer", "Entries that have not ended.", "entries", minimum=0),
        ),
        key=("stage",),
    ),
    Table(
        "stage_hazards",
        "How likely a deal is to go on or to be lost on a day, by its age in the stage.",
        (
            _STAGE,
            Column("ending", "text", "How it ends.", values=("went on", "lost")),
            Column("from_days", "integer", "The youngest age of the class.", "days", minimum=0),
            Column("to_days", "integer", "The oldest age of the class.", "days", minimum=0),
            Column("days_at_risk", "integer", "Days of these ages that began with a deal in the stage.", "days", minimum=0),
            Column("exits", "integer", "On how many of them it ended so.", "days", minimum=0),
            _share("hazard", "Share of these days."),
            _share("low", "Lower end of its 95 % interval (Wilson)."),
            _share("high", "Upper end of it."),
        ),
        key=("stage", "ending", "from_days"),
    ),
    Table(
        "stage_log",
        "The deals of prospects on their way through the stages, checked: one row for each stage entered.",
        (PROSPECT, _STEP, _STAGE, _ENTERED, _LEFT, _OUTCOME),
        key=("prospect_id", "step"),
    ),
    Table(
        "stage_times",
        "What share has ended in each way by each day: one row per ending and day.",
        (
            Column("ending", "text", "How it ended.", values=("won", "went on", "returned", "lost")),
            Column("days", "integer", "Since it began.", "days", minimum=0),
            _count("at_risk", "Deals or entries that had not ended before, seen so long."),
            _share("share", "Ended so by then (Aalen & Johansen)."),
            Column("std_error", "number", "Of the share.", "share", minimum=0),
            _share("low", "Lower end of its 95 % interval; empty where all have ended so.", nullable=True),
            _share("high", "Upper end of it; empty where none has.", nullable=True),
            _share("naive", "One minus Kaplan-Meier: what it would be if those who ended otherwise were open."),
        ),
        key=("ending", "days"),
    ),
    Table(
        "stage_rejects",
        "Rows of deals that cannot have happened as they are written; a deal is set aside whole.",
        (PROSPECT, _STEP, _STAGE, _ENTERED, _LEFT,
         Column("outcome", "text", "How it ended, as written.", nullable=True, known="`left`"),
         Column("reason", "text", "Why the deal is set aside.")),
    ),
    Table(
        "stalled_deals",
        "Open deals, how long they have stood in their stage, and what became of those that had stood as long.",
        (
            PROSPECT,
            _STAGE,
            Column("age_days", "integer", "Days in the stage so far.", "days", minimum=0),
            Column("limit_days", "number", "Days than which most entries of won deals were not longer; empty without any.",
                   "days", minimum=0, nullable=True),
            Column("stalled", "boolean", "Whether it stands longer."),
            _count("similar", "Deals that had stood in the stage as long."),
            _share("chance", "Of these, the share won in the end; empty where none has ended.", nullable=True),
            _share("low", "Lower end of its 95 % interval; empty where all were won.", nullable=True),
            _share("high", "Upper end of it; empty where none was.", nullable=True),
        ),
        key=("prospect_id",),
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
