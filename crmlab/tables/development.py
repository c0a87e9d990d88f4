"""Tables of how prospects become customers: declared for `development`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm`` and ``pipeline``.
"""

from __future__ import annotations

from dataclasses import replace

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
_FORECASTER = Column("forecaster", "text", "Whose forecast it is: a person, a rule, a model.")


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, "deals", minimum=0)


def _share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, "number", meaning, "share", minimum=0, maximum=1, nullable=nullable)


def _ends(unit: str, empty: str = "") -> tuple[Column, Column]:
    """Declare the two ends of an interval."""
    return (
        Column("low", "number", f"Lower end of its interval{empty}.", unit, nullable=bool(empty)),
        Column("high", "number", f"Upper end of its interval{empty}.", unit, nullable=bool(empty)),
    )


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
    Table(
        "calibration",
        "Chances that were named beside the share that came: one row per forecaster and group of about equal chances.",
        (
            _FORECASTER,
            Column("chance", "number", "Mean of the chances that were named.", "share", minimum=0, maximum=1),
            Column("n", "integer", "How many they are.", "forecasts", minimum=1),
            Column("share", "number", "Of them, the share that came.", "share", minimum=0, maximum=1),
            *_ends("share"),
        ),
        key=("forecaster", "chance"),
    ),
    Table(
        "chance_forecasts",
        "Chances that somebody named, beside what came: one row per forecast.",
        (
            replace(_FORECASTER, optional=True),
            Column("chance", "number", "The chance that was named.", "share", minimum=0, maximum=1, known="the forecast"),
            Column("came", "boolean", "Whether it came.", known="afterwards"),
        ),
    ),
    Table(
        "chance_scores",
        "How good chances were: one row per forecaster.",
        (
            _FORECASTER,
            Column("n", "integer", "Forecasts.", "forecasts", minimum=1),
            Column("brier", "number", "Mean of (chance - came)^2.", "squared share", minimum=0, maximum=1),
            Column("std_error", "number", "Its standard error, if forecasts are independent; empty for one.", "squared share",
                   minimum=0, nullable=True),
            Column("reliability", "number", "How far chances are from the shares that came.", "squared share", minimum=0),
            Column("resolution", "number", "How far these shares are from each other.", "squared share", minimum=0),
            Column("uncertainty", "number", "What always naming the share that came would get.", "squared share", minimum=0),
            Column("within_bins", "number", "What binning leaves of the score.", "squared share"),
        ),
        key=("forecaster",),
    ),
    Table(
        "deal_amounts",
        "What `development` reads of the money of deals: one row per deal.",
        (
            PROSPECT,
            Column("expected_value", "number", "What the salesperson expects it to bring; empty while nobody knows.",
                   "currency", minimum=0, nullable=True, optional=True, known="when it is entered"),
            Column("deal_value", "number", "What was paid; empty unless won.", "currency", minimum=0, nullable=True,
                   known="the day it is won"),
            Column("currency", "text", "In which currency; all in one.", nullable=True, optional=True),
        ),
        key=("prospect_id",),
    ),
    Table(
        "interval_scores",
        "How good numbers and their intervals were: one row per forecaster.",
        (
            _FORECASTER,
            Column("n", "integer", "Forecasts.", "forecasts", minimum=1),
            Column("mean_error", "number", "Mean of the forecast less what came.", "that of the forecasts"),
            Column("mean_absolute_error", "number", "Mean of its size.", "that of the forecasts", minimum=0),
            Column("coverage", "number", "Share of the intervals that held what came.", "share", minimum=0, maximum=1),
            *_ends("share"),
            Column("mean_width", "number", "Mean width of the intervals.", "that of the forecasts", minimum=0),
            Column("interval_score", "number", "Mean of Winkler's score.", "that of the forecasts", minimum=0),
        ),
        key=("forecaster",),
    ),
    Table(
        "markov_tests",
        "Whether deals in one stage are alike: one row per question.",
        (
            Column("matters", "text", "What may matter beside the stage."),
            Column("chi2", "number", "Likelihood-ratio statistic.", "log-likelihood, twice", minimum=0),
            Column("df", "integer", "Its degrees of freedom.", "parameters", minimum=0),
            Column("p_value", "number", "Chance of a larger one if it does not matter; empty without degrees of freedom.",
                   "share", minimum=0, maximum=1, nullable=True),
        ),
        key=("matters",),
    ),
    Table(
        "markov_values",
        "What each state of a chain is worth: one row per state.",
        (
            Column("state", "text", "The state."),
            Column("reward", "number", "What it brings, less its cost.", "currency"),
            Column("state_value", "number", "What it and all that may follow bring, discounted.", "currency"),
            Column("stop", "boolean", "Whether to stop there."),
            Column("best_value", "number", "The value if one stops where it does not pay.", "currency"),
        ),
        key=("state",),
    ),
    Table(
        "number_forecasts",
        "Numbers that somebody forecast with an interval, beside what came: one row per forecast.",
        (
            replace(_FORECASTER, optional=True),
            Column("forecast", "number", "The number.", "any", known="the forecast"),
            Column("low", "number", "Lower end of its interval.", "that of the forecast", known="the forecast"),
            Column("high", "number", "Upper end of its interval.", "that of the forecast", known="the forecast"),
            Column("realised", "number", "What came.", "that of the forecast", known="afterwards"),
        ),
    ),
    Table(
        "open_deals",
        "The deals that are open, and the chance of each to be won in time: one row per deal.",
        (
            PROSPECT,
            _STAGE,
            Column("age_days", "integer", "Days that it has been there.", "days", minimum=0),
            Column("expected_value", "number", "What the salesperson expects it to bring; empty while nobody knows.",
                   "currency", minimum=0, nullable=True),
            Column("chance", "number", "The chance to be won within the months of the forecast.", "share", minimum=0,
                   maximum=1),
            Column("worth", "number", "What it brings if it is won; empty without amounts.", "currency", minimum=0,
                   nullable=True),
            Column("stage_chance", "number", "The chance typed in for its stage.", "share", minimum=0, maximum=1),
        ),
        key=("prospect_id",),
    ),
    Table(
        "pipeline_back_test",
        "Earlier forecasts beside what came: one row per day and measure.",
        (
            Column("day", "date", "The last day that was known."),
            Column("until", "date", "The last day that the forecast is about."),
            Column("measure", "text", "Deals won, or what they brought.", values=("wins", "amount")),
            Column("forecast", "number", "What the chain said, deals yet to come included.", "that of the measure", minimum=0),
            *_ends("that of the measure"),
            Column("realised", "number", "What came.", "that of the measure", minimum=0),
            Column("weighted_stages", "number", "What typed-in chances of the stages said.", "that of the measure", minimum=0),
        ),
        key=("day", "measure"),
    ),
    Table(
        "pipeline_forecast",
        "What the next months bring: one row per part.",
        (
            Column("part", "text", "Which deals; the rule of weighted stages stands last."),
            Column("wins", "number", "Deals expected to be won.", "deals", minimum=0),
            Column("wins_low", "number", "Lower end of its prediction interval; the rule has none.", "deals", minimum=0,
                   nullable=True),
            Column("wins_high", "number", "Upper end of its prediction interval.", "deals", minimum=0, nullable=True),
            Column("amount", "number", "What they are expected to bring; empty without amounts.", "currency", minimum=0,
                   nullable=True),
            Column("amount_low", "number", "Lower end of its prediction interval.", "currency", minimum=0, nullable=True),
            Column("amount_high", "number", "Upper end of its prediction interval.", "currency", minimum=0, nullable=True),
        ),
        key=("part",),
    ),
    Table(
        "stage_outlook",
        "What is to come from each stage: one row per stage and measure.",
        (
            _STAGE,
            Column("measure", "text", "What is measured.", values=("win", "steps", "days", "won_days", "value")),
            Column("estimate", "number", "Its estimate; empty where nobody is won.", "that of the measure", nullable=True),
            Column("std_error", "number", "Standard error, by the delta method.", "that of the measure", minimum=0,
                   nullable=True),
            *_ends("that of the measure", "; empty at the edge of what is possible"),
        ),
        key=("stage", "measure"),
    ),
    Table(
        "transitions",
        "The chances of an absorbing chain: one row for each transition that was seen.",
        (
            _STAGE,
            Column("to", "text", "Where deals went: a stage, `won` or `lost`."),
            Column("deals", "integer", "How many went.", "deals", minimum=1),
            Column("probability", "number", "The chance to go there from the stage.", "share", minimum=0, maximum=1),
            Column("std_error", "number", "Its standard error.", "share", minimum=0),
            *(replace(end, optional=True) for end in _ends("share", "; empty where the chance is 1")),
        ),
        key=("stage", "to"),
    ),
)  # fmt: skip
