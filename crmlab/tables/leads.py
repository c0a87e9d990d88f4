"""Tables of who is worth a salesperson's time and what it costs: declared for `development`, which returns or reads them.

Each says what a column means, its unit and range, and from when it may be known; the checks at the door and the
description pages are made from it. What a firm itself records stands in ``firm`` and ``pipeline``.
"""

from __future__ import annotations

from crmlab.tables.firm import PROSPECT
from crmlab.tables.shape import Column, Table

#: Fields of the card of means and intent: both high, means alone, intent alone, neither.
CARDS = ("call now", "wake interest", "make it affordable", "let go")

_TRIED = "those on whom the score is judged"
_CARD = Column("card", "text", "Field of the card of means and intent; empty where a score is missing.", values=CARDS,
               nullable=True)  # fmt: skip
_MODEL = Column("model", "text", "The model.", values=("logit", "boosting"))
_OBJECTION = Column("objection", "text", "Its kind.")
_ANSWER = Column("answer", "text", "The kind of answer.")


def _share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, "number", meaning, "share", minimum=0, maximum=1, nullable=nullable)


def _ends(of: str, unit: str, *, names: tuple[str, str] = ("low", "high")) -> tuple[Column, Column]:
    return (
        Column(names[0], "number", f"Lower end of the interval of {of}; empty where none is known.", unit, nullable=True),
        Column(names[1], "number", "Upper end of it.", unit, nullable=True),
    )


def _count(name: str, meaning: str, unit: str, minimum: int = 0) -> Column:
    return Column(name, "integer", meaning, unit, minimum=minimum)


def _number(name: str, meaning: str, unit: str = "", *, nullable: bool = False) -> Column:
    return Column(name, "number", meaning, unit, nullable=nullable)


_RATIO = (
    _number("odds_ratio", "Odds to overcome it with this answer, to those with any other; empty where too few.", "ratio",
            nullable=True),
    *_ends("the odds ratio", "ratio", names=("ratio_low", "ratio_high")),
    _number("log_std_error", "Standard error of its logarithm.", "log odds", nullable=True),
)  # fmt: skip

TABLES = (
    Table(
        "acquisition_predictions",
        "What prospects would bring: one row per prospect, under the index of the table.",
        (
            _share("chance", "Chance to be won."),
            _number("value_of_all", "Mean value of all who are like this, won or not.", "currency"),
            _number("value_if_won", "Mean value of those among them who are won.", "currency"),
            _number("expected_value", "chance times value_if_won.", "currency"),
        ),
    ),
    Table(
        "answers_within",
        "Answers to objections compared with all others within deals of one kind (Mantel & Haenszel).",
        (
            _OBJECTION, _ANSWER,
            Column("kind", "text", "By what deals are divided."),
            _count("strata", "Kinds of deals with this answer and others, some overcome and some not.", "kinds"),
            *_RATIO,
            Column("confounds", "boolean", "Whether the kind of deal makes this answer look better or worse than it is."),
        ),
        key=("objection", "answer", "kind"),
    ),
    Table(
        "budget_splits",
        "The gain for each way to divide what is spent between winning and keeping.",
        (
            _share("share_winning", "Share that goes to winning."),
            _number("on_winning", "Spent on winning.", "currency"),
            _number("on_keeping", "Spent on keeping.", "currency"),
            _number("gain", "What customers won and kept are worth, less what was spent.", "currency"),
        ),
        key=("share_winning",),
    ),
    Table(
        "call_plan",
        f"What calling by score brings in a week, by how many are called, on {_TRIED}.",
        (
            _share("share_called", "Share of prospects called, the highest scores first."),
            _number("calls_per_week", "Calls.", "calls a week"),
            _share("threshold", "Chance of the last who is called; empty if nobody is.", nullable=True),
            _number("wins_per_week", "Wins among those called.", "customers a week"),
            _number("profit_per_week", "Value of the wins less the cost of the calls.", "currency a week"),
            Column("possible", "boolean", "Whether a week allows so many calls."),
        ),
        key=("share_called",),
    ),
    Table(
        "effort_by_class",
        "What it costs to win a customer, by class of prospects.",
        (
            Column("class", "text", "The class."),
            _count("prospects", "Ways that ended.", "prospects", 1),
            _count("won", "Those who were won.", "customers"),
            _share("share_won", "won / prospects."),
            _number("cost_per_prospect", "Mean cost of a way, won or lost.", "currency"),
            _number("cost_per_win", "Cost of all ways for each win; empty without a win.", "currency", nullable=True),
            *_ends("the cost per win", "currency"),
            _number("brings_per_euro", "What a euro more brings, at the mean of the class; empty without a value.", "ratio",
                    nullable=True),
        ),
        key=("class",),
    ),
    Table(
        "lead_calibration",
        f"Chances beside what came, by tenths of {_TRIED}, the lowest first.",
        (
            _count("tenth", "Number of the tenth; equal chances stay together.", "", 1),
            _count("prospects", "How many.", "prospects", 1),
            _share("predicted", "Mean chance."), _share("observed", "Share won."), *_ends("the share won", "share"),
        ),
        key=("tenth",),
    ),
    Table(
        "lead_chances",
        "The chance to win of each prospect, under the index of the table.",
        (_share("chance", "Chance to win."),
         Column("unseen", "boolean", "Whether a category was never seen, or hardly: it counts as the mean of the others.")),
    ),
    Table(
        "lead_gains",
        f"What is reached by calling the highest scores first, on {_TRIED}.",
        (
            _share("share_called", "Share of prospects called."),
            _number("called", "How many these are.", "prospects"),
            _number("wins", "Wins among them; equal scores share theirs.", "customers"),
            _share("gains", "Share of all wins."),
            _number("lift", "gains / share_called: how many times as many as by lot.", "ratio"),
        ),
        key=("share_called",),
    ),
    Table(
        "lead_performance",
        f"How well each model does on {_TRIED}.",
        (
            _MODEL,
            _share("auc", "Chance that somebody who was won has the higher score than somebody who was lost."),
            *_ends("the area", "share"),
            _share("brier", "Mean squared distance of chances from what came."),
            _number("intercept", "Of what came on the logit of the chances; 0 is right.", "log odds", nullable=True),
            _number("slope", "Likewise; 1 is right, below 1 chances are too far apart.", "ratio", nullable=True),
            _number("slope_std_error", "Standard error of the slope.", "ratio", nullable=True),
        ),
        key=("model",),
    ),
    Table(
        "lead_set_aside",
        "Columns that a score does not use.",
        (Column("column", "text", "The column."), Column("reason", "text", "Why.")),
        key=("column",),
    ),
    Table(
        "lead_suspects",
        "How much each column explains alone, the most first.",
        (
            Column("column", "text", "The column."),
            _share("auc_alone", "Area under the curve of a score that knows this column alone."),
            _share("auc_without", "Area of the model without it and those above it; empty for weak columns.", nullable=True),
            Column("suspect", "boolean", "Whether it explains too much to have been known on the day."),
        ),
        key=("column",),
    ),
    Table(
        "objection_answers",
        "Answers to objections: how often each overcame its objection, beside all other answers to it.",
        (
            _OBJECTION, _ANSWER,
            _count("n", "How often it was given.", "answers", 1),
            _count("overcome", "How often the prospect went on.", "answers"),
            _share("share", "overcome / n."), *_ends("the share", "share"),
            _share("share_others", "Share that the other answers overcame; empty if there is none.", nullable=True),
            *_RATIO,
        ),
        key=("objection", "answer"),
    ),
    Table(
        "payback",
        "What a customer has brought by month of age.",
        (
            _count("month_of_age", "The how-manieth month as a customer.", "months", 1),
            _count("customers", "Customers who could be watched for so long.", "customers", 1),
            _number("mean", "What the month brought on average; who has left brings nothing.", "currency"),
            _number("cumulated", "What all months so far brought.", "currency"),
            *_ends("the sum so far", "currency"),
        ),
        key=("month_of_age",),
    ),
    Table(
        "qualification",
        "The field of each deal on the card of means and intent, under the index of the table.",
        (
            PROSPECT,
            Column("means", "integer", "Whether they can pay, as noted.", "score", nullable=True, known="first contact"),
            Column("intent", "integer", "Whether they mean to buy, as noted.", "score", nullable=True, known="first contact"),
            _CARD,
            Column("reason", "text", "In words.", known="first contact"),
        ),
    ),
    Table(
        "qualification_fields",
        "The four fields of the card: how many deals, and how many of those that ended were won.",
        (
            Column("card", "text", "Field of the card of means and intent.", values=CARDS),
            _count("deals", "How many.", "deals"), _share("share", "Of all deals."),
            Column("decided", "integer", "Those that have ended; empty where no outcome is known.", "deals", minimum=0,
                   nullable=True),
            Column("won", "integer", "Those who were won; likewise.", "deals", minimum=0, nullable=True),
            _share("share_won", "won / decided.", nullable=True), *_ends("the share won", "share"),
        ),
        key=("card",),
    ),
    Table(
        "stage_costs",
        "What it costs to lead prospects through each stage, won or lost.",
        (
            Column("stage", "text", "The stage."),
            _count("entries", "How often it was entered.", "entries", 1),
            _number("cost_per_entry", "Its price.", "currency"),
            _number("cost", "entries times cost_per_entry.", "currency"),
            _share("share", "Of the whole cost."),
            _number("cost_per_win", "cost for each customer who was won.", "currency"),
        ),
        key=("stage",),
    ),
)  # fmt: skip
