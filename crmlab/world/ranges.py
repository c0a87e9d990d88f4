"""Ranges: which values each number of an industry may take, and how another one is refused.

``RULES`` names the range of every field once, block by block; ``TOGETHER`` says what must hold between fields. A block
that inherits ``Block`` is checked when it is made, and holds Python's own numbers in tuples from then on, whatever
sequences and numpy numbers it was given. A new field needs one word in ``RULES``. This room knows which values can be
simulated, and none of the numbers that a preset chooses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from crmlab import _check, tables
from crmlab.errors import ArgumentError

#: What a person brings along for good, of which an industry may state correlations.
DISPOSITIONS = ("fit", "pull", "quality", "rate", "spend", "dropout", "response", "serve")

#: Takes the name and the value of a field, and returns the value as Python's own; another value is an ``ArgumentError``.
Rule = Callable[[str, object], Any]


def number(what: str, low: float = -math.inf, high: float = math.inf, closed: str = "both") -> Rule:
    """Return the rule of a finite number; ``closed`` as in ``_check.number``."""

    def rule(name: str, value: object) -> float:
        try:
            return _check.number(name, value, low, high, closed)
        except ArgumentError:
            raise ArgumentError(f"`{name}` must be {what}; it is {value!r}.") from None

    return rule


def whole(low: int, high: int | None = None) -> Rule:
    """Return the rule of a whole number."""
    return lambda name, value: _check.integer(name, value, low, high)


def text(name: str, value: object) -> str:
    """Refuse what is no text, and text without a letter."""
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(f"`{name}` must be a text that is not empty; it is {value!r}.")
    return str(value)


def any_text(name: str, value: object) -> str:
    """Refuse what is no text."""
    if not isinstance(value, str):
        raise ArgumentError(f"`{name}` must be a text; it is {value!r}.")
    return str(value)


def _items(name: str, value: object) -> tuple:
    """Return the items of a list, tuple or array."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or np.ndim(value) == 0:
        raise ArgumentError(f"`{name}` must be a tuple of values; it is {value!r}.")
    return tuple(value)


def several(rule: Rule, size: int | None = None, of: str = "", *, some: bool = False) -> Rule:
    """Return the rule of a tuple; ``of`` says what its ``size`` values stand for, ``some`` that one is above 0."""

    def check(name: str, value: object) -> tuple:
        items = _items(name, value)
        if size is not None and len(items) != size:
            raise ArgumentError(f"`{name}` must hold {size} values, one for each {of}; it holds {len(items)}: {value!r}.")
        items = tuple(rule(f"{name}.{place}", item) for place, item in enumerate(items, 1))
        if some and not any(item > 0 for item in items):
            raise ArgumentError(f"`{name}` must hold at least one value above 0; it is {value!r}.")
        return items

    return check


def values(**rules: Rule) -> Rule:
    """Return the rule of a tuple whose values mean different things, each with a rule of its own."""

    def check(name: str, value: object) -> tuple:
        items = _items(name, value)
        if len(items) != len(rules):
            listed = ", ".join(word.replace("_", " ") for word in rules)
            raise ArgumentError(f"`{name}` must hold {len(rules)} values ({listed}); it holds {len(items)}: {value!r}.")
        named = zip(rules.items(), items, strict=True)
        return tuple(rule(f"{name}.{word.replace('_', ' ')}", item) for (word, rule), item in named)

    return check


def between(rule: Rule) -> Rule:
    """Return the rule of two values, the lower first."""

    def check(name: str, value: object) -> tuple:
        low, high = values(low=rule, high=rule)(name, value)
        if low > high:
            raise ArgumentError(f"`{name}` must hold the lower value first; it is {value!r}.")
        return low, high

    return check


def _refuse_names(name: str, names: Sequence[str], reserved: Collection[str]) -> None:
    for place, each in enumerate(names):
        if each in names[:place]:
            raise ArgumentError(f"`{name}` must have different names; {each!r} stands there twice.")
        if each in reserved:
            raise ArgumentError(f"`{name}` must not hold {each!r}, a name that the firm uses itself. Choose another one.")


def named(
    *, options: Collection[str] = (), reserved: Collection[str] = (), some: bool = True, what: str = "weight"
) -> Rule:  # fmt: skip
    """Return the rule of pairs of a name and a number of at least 0; of weights, ``some`` must be above 0."""

    def check(name: str, value: object) -> tuple[tuple[str, float], ...]:
        pairs = tuple(values(name=text, **{what: SIZE})(f"{name}.{place}", pair)
                      for place, pair in enumerate(_items(name, value), 1))  # fmt: skip
        _refuse_names(name, [each for each, _ in pairs], reserved)
        for each, _ in pairs:
            if options:
                _check.choice(name, each, options)
        if some and not any(weight > 0 for _, weight in pairs):
            raise ArgumentError(f"`{name}` must hold at least one pair of a name and a weight above 0; it is {value!r}.")
        return pairs

    return check


def texts(name: str, value: object) -> tuple[str, ...]:
    """Refuse what is no tuple of different texts."""
    items = several(text)(name, value)
    if not items:
        raise ArgumentError(f"`{name}` must hold at least one text.")
    _refuse_names(name, items, ())
    return items


def blocks(kind: str, *, weight: str = "", reserved: Collection[str] = (), least: int = 1) -> Rule:
    """Return the rule of a tuple of blocks of one kind; ``weight`` is a field of which one must be above 0."""

    def check(name: str, value: object) -> tuple:
        items = tuple(block(kind)(f"{name}.{place}", item) for place, item in enumerate(_items(name, value), 1))
        if len(items) < least:
            raise ArgumentError(f"`{name}` must hold at least one `world.{kind}`; it is {value!r}.")
        _refuse_names(name, [item.name for item in items], reserved)
        if weight and not any(getattr(item, weight) > 0 for item in items):
            raise ArgumentError(f"`{name}` must hold one `world.{kind}` whose `{weight}` is above 0; they have none.")
        return items

    return check


def block(kind: str, *, optional: bool = False) -> Rule:
    """Return the rule of one block."""

    def check(name: str, value: object) -> object:
        if not (isinstance(value, Block) and type(value).__name__ == kind) and not (optional and value is None):
            raise ArgumentError(f"`{name}` must be a `world.{kind}`{' or None' if optional else ''}; it is {value!r}.")
        return value

    return check


SHARE = number("a share from 0 to 1, such as 0.1 for ten per cent", 0, 1)
SIZE = number("a finite number of at least 0", 0)
POSITIVE = number("a finite number above 0", 0, closed="right")
SPREAD = number("a standard deviation from 0 to 10", 0, 10)
EFFECT = number("a number from -10 to 10", -10, 10)
STRENGTH = number("a number from 0 to 10, so that what is better never harms", 0, 10)
LOG_ODDS = number("log-odds from -100 to 100", -100, 100)
POINTS = number("points of the seven-point scale, from 1 to 7", 1, 7)
SHIFT = number("a shift from -6 to 6 points of the seven-point scale", -6, 6)
_FIVE = len(tables.DIMENSIONS), "dimension (reliability, assurance, tangibles, empathy, responsiveness)"
_STAGES = len(tables.STAGES), "stage"
_ENTRY = several(SIZE, *_STAGES, some=True)
_BETA = values(a=POSITIVE, b=POSITIVE)
_GAMMA_GAMMA = values(
    p=POSITIVE, q=number("above 1, for the mean is p v / (q - 1)", 1, closed="right"), v=POSITIVE
)  # fmt: skip
_ANSWER = values(constant=EFFECT, slope=EFFECT, standard_deviation=SPREAD)


def importance_step(name: str, value: object) -> int:
    """Refuse a step by which 100 points cannot be given."""
    step = _check.integer(name, value, 1, 100)
    if 100 % step:
        raise ArgumentError(f"`{name}` must be a divisor of the 100 points, such as 5 or 10; it is {value!r}.")
    return step


def _disposition(name: str, value: object) -> str:
    """Refuse what is no disposition."""
    return _check.choice(name, value, DISPOSITIONS)


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


#: By kind of block: the range of each field. A test asks for every field of every block.
RULES: dict[str, dict[str, Rule]] = {
    "Channel": {
        "name": text, "weight": SIZE, "entry": _ENTRY, "log_odds": LOG_ODDS, "needs": several(SIZE), "dropout": SIZE,
        "lift": EFFECT, "mix": EFFECT, "bought_list": _check.flag,
    },
    "Need": {
        "name": text, "share": SIZE, "expectation": several(SHIFT, *_FIVE), "weight": several(SIZE, *_FIVE, some=True),
        "rate": SIZE, "products": several(SIZE), "spend": SIZE, "dropout": SIZE, "elasticity": EFFECT, "lift": EFFECT,
        "keep": EFFECT, "focus": EFFECT, "regions": several(SIZE), "age": EFFECT, "serve": SIZE,
    },
    "Product": {"name": text, "cost_share": SHARE, "monthly_fee": SIZE, "term_months": whole(0)},
    "Campaign": {
        "name": text, "month_of_year": whole(1, 12), "channel": text, "targeted": _check.flag, "share": SHARE,
        "discount": SHARE, "lift": EFFECT, "cost": SIZE, "keep": EFFECT, "win_back": LOG_ODDS, "silent_months": whole(0),
        "lot_of": any_text,
    },
    "Correlation": {"first": _disposition, "second": _disposition, "value": number("a correlation from -1 to 1", -1, 1)},
    "Giving": {
        "month_of_year": whole(1, 12), "donates": _BETA, "stops": _BETA, "gift": _GAMMA_GAMMA, "loyalty_effect": EFFECT,
        "shock_month": whole(1), "shock": LOG_ODDS, "concern": SPREAD, "fading": values(unpublished=SHARE, published=SHARE),
        "transparency": SHARE, "trust_dropout": EFFECT, "payout_months": whole(1),
    },
    "Industry": {
        **_all(SHARE, """same_need consent skip back turnover handover bond_fading adaptation experience failure voice inquiry
                         recovery recovery_damage forgetting compensated rated cross_start referral referral_most recency_fading
                         pressure_fading opt_out item_missing follow_up unsolved waning returns keep_fading standard_follows
                         interest call_weight"""),
        **_all(SIZE, """cross_rate rival_elasticity best_recovery opt_out_effect order_cost monthly_cost ticket_cost
                        compensation referral_reward fixed_cost referral_dropout patience newsletter_cost call_cost"""),
        "response_hours": POSITIVE, "bend": number("a width above 0 and up to 10", 0, 10, closed="right"),
        **_all(SPREAD, """competition_spread importance_spread baseline_spread response_spread recovery_spread lift_spread
                          item_spread belief_spread keep_spread halo serve_spread"""),
        **_all(EFFECT, """fit_effect skill_effect promise_effect bond word_of_mouth promise_weight inquiry_effect
                          competitor_effect rate_effect elasticity tolerance price_pain cross_effect_start
                          referral_effect voice_effect return_effect recent_lift hidden_targeting recent_keep call_keep
                          listening_effect standard_effect"""),
        **_all(STRENGTH, """loss_aversion failure_effect dissatisfaction relationship_damage response_effect recovery_effect
                            slowness_effect tiring slow_damage unsolved_damage annoyance"""),
        **_all(LOG_ODDS, "competition referral_log_odds cross_log_odds"),
        **_all(whole(1), "customers_per_salesperson fewest_salespeople survey_every managers audits reminder_days"),
        **_all(whole(0), "most_returns cross_after cross_most reminders horizon"),
        **_all(values(common=SPREAD, own=SPREAD), "quality_spread expectation_spread"),
        **_all(_BETA, "monthly_churn yearly_churn"),
        **_all(_ANSWER, "rating overall recommendation"),
        **_all(several(POINTS, *_FIVE), "quality expectation standard promised"),
        "name": text, "contract": _check.flag, "importance_step": importance_step,
        "prospects_per_customer": number("at least 1, for who is won was a prospect", 1),
        "pool": number("at least 1: the pool holds those whom the usual advertising reaches", 1),
        "channels": blocks("Channel", weight="weight", reserved=("referral",)),
        "needs": blocks("Need", weight="share"), "products": blocks("Product"), "campaigns": blocks("Campaign", least=0),
        "giving": block("Giving", optional=True), "regions": texts, "referral_entry": _ENTRY,
        "referral_needs": several(SIZE), "correlations": several(block("Correlation")),
        "estrangement": values(fading=SHARE, spread=SPREAD), "usage": values(mean=SIZE, spread=SPREAD, effect=EFFECT),
        "pull_forward": values(share=SHARE, fading=SHARE), "stated": values(slope=EFFECT, spread=SPREAD),
        "stated_bias": several(EFFECT, *_FIVE), "late_answer": values(constant=LOG_ODDS, slope=EFFECT),
        "call_back": values(share=SHARE, answer=SHARE), "standard_life": values(fading=SHARE, spread=SPREAD),
        **_all(_ANSWER, "trust commitment"),
        "age_bounds": several(number("an age from 0 to 120", 0, 120)), "age_shares": several(SHARE),
        "advance": several(LOG_ODDS, *_STAGES), "stage_days": several(SIZE, *_STAGES), "stage_cost": several(SIZE, *_STAGES),
        "cross_entry": whole(1, len(tables.STAGES)), "objections": named(),
        "talk_channels": named(options=tables.table("interactions").column("channel").values),
        "ticket_channels": named(options=tables.table("tickets").column("channel").values),
        "failure_kinds": named(reserved=("question",)),
        "costs": named(some=False, what="cost"),
        "page_views": values(constant=number("a number from -10 to 5", -10, 5), slope=number("a number from -1 to 1", -1, 1)),
        "asks_for_offer": values(constant=LOG_ODDS, slope=EFFECT),
        "importance": several(SIZE, *_FIVE, some=True), "failure_weights": several(STRENGTH, *_FIVE),
        "misjudgement": several(SHIFT, *_FIVE), "neutral_quality": POINTS,
        "flat_zone": between(number("a satisfaction from -100 to 100", -100, 100)),
        "slopes": values(below=STRENGTH, within=STRENGTH, above=STRENGTH), "season": several(SIZE, 12, "month of the year"),
        "arrival_season": several(SIZE),
        "dropout": values(shape=SIZE, mean=SIZE), "rate": values(shape=POSITIVE, mean=SIZE), "spend": _GAMMA_GAMMA,
        "targeting": values(constant=LOG_ODDS, slope=EFFECT), "targeting_bounds": between(SHARE),
        "answer": values(constant=LOG_ODDS, slope=EFFECT), "ranking": values(factor=EFFECT, standard_deviation=SPREAD),
        "item_loading": values(a=EFFECT, b=EFFECT, c=EFFECT), "item_ease": values(a=EFFECT, b=EFFECT),
    },
}  # fmt: skip


def _term_of_a_plan(product: Any) -> str:
    if product.monthly_fee and not product.term_months:
        return "a product with a `monthly_fee` needs `term_months` of at least 1, after which the contract renews itself"
    return ""


def _ages(industry: Any) -> str:
    bounds, shares = industry.age_bounds, industry.age_shares
    if len(bounds) < 2 or any(low >= high for low, high in pairwise(bounds)):
        return f"`age_bounds` must rise, from the youngest to the oldest; they are {bounds!r}"
    if len(shares) != len(bounds) or shares[0] != 0 or shares[-1] != 1 or any(low > high for low, high in pairwise(shares)):
        return f"`age_shares` must rise from 0 to 1, one for each of the {len(bounds)} `age_bounds`; they are {shares!r}"
    return ""


def _correlated(industry: Any) -> str:
    pairs = [frozenset((each.first, each.second)) for each in industry.correlations]
    for place, pair in enumerate(pairs):
        if len(pair) == 1 or pair in pairs[:place]:
            return f"`correlations` must be of two different dispositions, each pair once; see {' and '.join(sorted(pair))}"
    return ""


def _factors(industry: Any) -> str:
    """Factors of a share stand one for each need, or one for each region, and leave somebody a share."""
    needs, regions = np.array([need.share for need in industry.needs]), np.ones(len(industry.regions))
    given = [
        *((f"`needs` of the channel {channel.name!r}", channel.needs, needs, "need") for channel in industry.channels),
        ("`referral_needs`", industry.referral_needs, needs, "need"),
        *((f"`regions` of the need {need.name!r}", need.regions, regions, "region") for need in industry.needs),
    ]
    for title, factors, shares, each in given:
        if factors and (len(factors) != shares.size or not (shares * factors).any()):
            return f"{title} must hold {shares.size} factors, one for each {each} and not all 0, or none; it holds {factors!r}"
    return ""


def _arms(industry: Any) -> str:
    """An arm shares the lot of another campaign by lot, of the same month."""
    campaigns = {each.name: each for each in industry.campaigns}
    for arm in industry.campaigns:
        first = campaigns.get(arm.lot_of, arm)
        if arm.lot_of and (first is arm or first.lot_of or first.month_of_year != arm.month_of_year):
            title = f"`lot_of` of the campaign {arm.name!r}"
            return f"{title} must name another one of the same month, no arm itself; it is {arm.lot_of!r}"
        arms = [each for each in industry.campaigns if first.name in (each.name, each.lot_of)]
        if len(arms) > 1 and (any(each.targeted for each in arms) or sum(each.share for each in arms) > 1):
            return f"the campaigns that share the lot of {first.name!r} must be by lot, and their `share` add up to 1 at most"
    return ""


def _arriving(industry: Any) -> str:
    if (season := industry.arrival_season) and (len(season) != 12 or not any(season)):
        return f"`arrival_season` must hold 12 factors, one above 0, or none; it is {season!r}"
    return ""


def _staying(industry: Any) -> str:
    if not industry.contract and not industry.dropout[0]:
        return "without contract `dropout.shape` must be above 0; it is 0. Give (shape, mean) of the monthly dropout rate"
    return ""


def _choices(industry: Any) -> str:
    """Each need must weigh something, and find something to buy and, under contract, a plan."""
    fees = [product.monthly_fee > 0 for product in industry.products]
    for need in industry.needs:
        if len(need.products) != len(fees):
            return (
                f"`products` of the need {need.name!r} holds {len(need.products)} weights, and there are {len(fees)} products; "
                "give one weight for each"
            )
        if not any(a * b for a, b in zip(industry.importance, need.weight, strict=True)):
            return f"`importance` and `weight` of the need {need.name!r} leave no dimension a weight above 0"
        bought = {fee for fee, weight in zip(fees, need.products, strict=True) if weight > 0}
        if industry.contract and True not in bought:
            return f"the need {need.name!r} chooses no product with a `monthly_fee`, and so no contract; weigh one above 0"
        if industry.rate[1] and False not in bought:
            return f"the need {need.name!r} chooses no product without `monthly_fee` to order; weigh one above 0"
    return ""


#: By kind of block: what must hold between its fields; each returns the problem, or nothing.
TOGETHER: dict[str, tuple[Callable[[Any], str], ...]] = {
    "Product": (_term_of_a_plan,),
    "Industry": (_ages, _arriving, _staying, _choices, _factors, _correlated, _arms),
}


class Block:
    """What is checked by ``RULES`` and ``TOGETHER`` when it is made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        kind = type(self).__name__
        title = f"{kind} {self.name!r}" if hasattr(self, "name") else kind
        try:
            for field, rule in RULES.get(kind, {}).items():
                object.__setattr__(self, field, rule(field, getattr(self, field)))
        except ArgumentError as refusal:
            raise ArgumentError(f"{title}: {refusal}") from None
        for together in TOGETHER.get(kind, ()):
            if problem := together(self):
                raise ArgumentError(f"{title}: {problem}.")
