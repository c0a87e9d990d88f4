"""Tables of what the sources claim, and of what became of it in firms: declared for `claims`, which returns or reads them.

Each declaration says what a column means, its unit and range, and from when it may be known; the checks at the door
and the description pages are made from it. What a firm itself records stands in ``firm``.
"""

from __future__ import annotations

from crmlab.tables.shape import Column, Table

INDUSTRIES = ("finance", "telecom", "manufacturing", "retail")
DRIVERS = ("satisfaction", "retention", "conversion", "cost")
UNITS = ("per cent", "points")
WHOSE = ("customer", "firm")

_CLAIM = Column("claim", "text", "Its name; see `claims.all_claims`.")
_INDUSTRY = Column("industry", "text", "Of which the claim speaks.", values=INDUSTRIES)
_UNIT = Column("unit", "text", "How the step is read: 80 to 84 % or 80 to 85 %.", values=UNITS)
_WHOSE = Column("whose", "text", "Whose profit: that of an average customer, or the firm's.", values=WHOSE)
_LEVER = Column("lever", "text", "The cause of the firm that is moved; see `world.causes()`.")


def _share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, "number", meaning, "share", nullable=nullable)


_RANGE = (
    _share("claimed_low", "Lower end of the change of profit that is claimed."),
    _share("claimed_high", "Upper end of it."),
)

TABLES = (
    Table(
        "claims",
        "What the sources claim that customer relationship management brings: one row per claim and industry.",
        (
            _CLAIM,
            Column("industry", "text", "Of which the claim speaks.", values=(*INDUSTRIES, "all")),
            Column("source", "text", "Which of the five texts says so."),
            Column("wording", "text", "What is claimed, in our words."),
            Column("driver", "text", "What is to change; empty where no mechanism is named.", values=DRIVERS, nullable=True),
            _share("change", "By how much, as a share.", nullable=True),
            _share("low", "Lower end of the change of profit; empty where none is named.", nullable=True),
            _share("high", "Upper end of it.", nullable=True),
            Column("criticism", "text", "What the wording leaves open."),
        ),
        key=("claim", "industry"),
    ),
    Table(
        "claim_conditions",
        "Under which number of a firm each end of a claimed range would be true, all else given.",
        (
            _INDUSTRY,
            _UNIT,
            _WHOSE,
            Column("end", "text", "Which end of the range.", values=("low", "high")),
            _share("profit", "The change of profit that is claimed."),
            Column("condition", "text", "What must have the value."),
            _share("needed", "Which value it must have; empty where none makes the claim true.", nullable=True),
        ),
        key=("industry", "unit", "whose", "end", "condition"),
    ),
    Table(
        "claim_trials",
        "What became of replicate firms when what a claim speaks of was changed, before the cost of the change.",
        (
            _INDUSTRY,
            Column("driver", "text", "What was to change.", values=DRIVERS),
            _UNIT,
            _LEVER,
            Column("seed", "integer", "The firm.", "seed", minimum=0),
            Column("amount", "number", "By how much the lever was moved.", "as the cause says"),
            Column("driver_before", "number", "What was to change: satisfaction from 1 to 7, the share of customers who stay "
                   "a year, that of prospects who are won, or the operating cost.", "as it says", minimum=0),
            Column("driver_after", "number", "The same, after the change.", "as it says", minimum=0),
            Column("customers", "integer", "Customers on the first day.", "customers", minimum=0),
            Column("revenue", "number", "Of two years, without the change.", "currency", minimum=0),
            Column("profit_before", "number", "Of the firm, in two years, without the change.", "currency"),
            Column("profit_after", "number", "The same with it, before its cost.", "currency"),
            Column("value_before", "number", "What a customer of the first day brings in two years and is then still "
                   "worth, on average, discounted.", "currency"),
            Column("value_after", "number", "The same with the change.", "currency"),
            Column("payers", "integer", "What a cost is counted by: months of customers, or prospects.", "payers", minimum=0),
            Column("usual_cost", "number", "What the change costs by its own curve, for each payer.", "currency"),
        ),
        key=("industry", "driver", "unit", "lever", "seed"),
    ),
    Table(
        "claim_effects",
        "What the firms answered to a claim, reading by reading, beside the range that it names.",
        (
            _CLAIM,
            _INDUSTRY,
            _UNIT,
            _LEVER,
            _WHOSE,
            Column("paid", "boolean", "Whether the change is paid for at its own cost."),
            _share("effect", "Mean change of profit, for the exact step of the claim."),
            _share("low", "Lower end of its interval."),
            _share("high", "Upper end of it."),
            *_RANGE,
            Column("verdict", "text", "Where the interval lies.",
                   values=("above", "within", "below", "not distinguishable", "loss", "too few to say")),
            Column("same_sign", "number", "Share of firms whose own effect has the sign of the mean.", "share", minimum=0,
                   maximum=1),
        ),
        key=("claim", "industry", "unit", "lever", "whose", "paid"),
    ),
    Table(
        "claim_verdicts",
        "Each claim and industry in one row: claimed range, condition, smallest and largest effect, verdict.",
        (
            _CLAIM,
            _INDUSTRY,
            *_RANGE,
            Column("condition", "text", "What arithmetic asks for, in words."),
            _share("smallest", "Smallest mean effect of all readings."),
            Column("smallest_reading", "text", "Which reading that is."),
            _share("largest", "Largest mean effect of all readings."),
            Column("largest_reading", "text", "Which reading that is."),
            Column("readings", "integer", "How many readings were tried.", "readings", minimum=1),
            Column("readings_within", "integer", "In how many the interval lies within the range.", "readings", minimum=0),
            Column("verdict", "text", "What that says.",
                   values=("in every reading", "in some readings", "in no reading", "not distinguishable")),
        ),
        key=("claim", "industry"),
    ),
)  # fmt: skip
