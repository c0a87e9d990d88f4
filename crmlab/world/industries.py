"""Industries: one declarative block for each kind of firm, with the origin of every number.

A preset is a value of ``Industry`` and nothing else: no mechanism asks what the firm is called, so
a further industry is one more block. Presets are versioned and never change once published,
because exercises and papers lean on their numbers; a better one gets the next version. What the
numbers do is said in the mechanisms (``sales``, ``service``, ``buying``, ``giving``, ``campaigns``, ``survey``) and in
``docs/world.md``.

Origins: [A] measured and published, with the source; [B] chosen so that the moments listed in
docs/world.md fall into published ranges; [C] our own choice, for teaching, without a source.
Where nothing else is said, a number is [C]. Which values a field may take is declared in ``ranges``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crmlab.world.ranges import Block


def _neutral(value: object) -> Any:
    """Return a field whose default acts on nobody: so it stands among the parameters of the truth only where it is another."""
    return field(default=value, metadata={"neutral": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Block):
    """A way in which prospects come: its weight, and the shares that enter at each of the eight stages."""

    name: str
    weight: float
    entry: tuple[float, ...]
    log_odds: float = 0.0  # added to the log-odds of each advance: who comes unasked is nearer to buying
    needs: tuple[float, ...] = _neutral(())  # factor of the share of each need among those who come so; empty: as everywhere
    dropout: float = _neutral(1.0)  # factor of their dropout rate, or of the odds not to renew
    lift: float = _neutral(0.0)  # how much stronger campaigns act on them, as a share
    mix: float = _neutral(0.0)  # how many more of them hear of the firm as ``bargain_mix`` rises by 1, as a share
    bought_list: bool = _neutral(False)  # whether it works with bought addresses, which can be bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Need(Block):
    """A kind of need: its share, and what such customers expect, weigh and buy."""

    name: str
    share: float
    expectation: tuple[float, ...]  # shift of the expectation, points of the seven-point scale, RATER order
    weight: tuple[float, ...]  # factor of the importance of each dimension, RATER order
    rate: float = 1.0  # factor of the purchase rate
    products: tuple[float, ...] = ()  # how often each product is chosen
    spend: float = _neutral(1.0)  # factor of the mean spend
    dropout: float = _neutral(1.0)  # factor of the dropout rate, or of the odds not to renew
    elasticity: float = _neutral(1.0)  # factor of the elasticity
    lift: float = _neutral(0.0)  # how much stronger campaigns act on them, as a share: -1 and they do not act
    keep: float = _neutral(0.0)  # the same of offers to stay
    focus: float = _neutral(0.0)  # quality that they gain as ``focus`` rises by 1, in points
    regions: tuple[float, ...] = _neutral(())  # factor of the share of each region; empty: as everywhere
    age: float = _neutral(0.0)  # standard deviations by which they are older
    serve: float = _neutral(1.0)  # factor of what it costs to serve them


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Block):
    """Something to buy: the share of the price that it costs the firm, and its fee a month if it is a contract."""

    name: str
    cost_share: float
    monthly_fee: float = 0.0
    term_months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Block):
    """A campaign that runs every year: in which month, to whom, and what it does."""

    name: str
    month_of_year: int
    channel: str
    targeted: bool = False  # chosen by recent purchases, instead of by lot
    share: float = 0.6  # by lot: the share that is contacted; the others are held out
    discount: float = 0.0
    lift: float = 0.0  # mean effect on the log of the purchase rate in the month
    cost: float = 0.1  # of one contact
    keep: float = _neutral(0.0)  # mean effect on the log rate of leaving, downwards, fading by ``keep_fading``
    win_back: float = _neutral(0.0)  # added to the log-odds to return of those who have left
    silent_months: int = _neutral(0)  # turns only to those without an order for so many months
    lot_of: str = _neutral("")  # a further arm: contacted are those whose lot lies behind the share of that campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation(Block):
    """How two dispositions of ``dispositions.STREAMS`` hang together, as normal numbers before they are given their scale."""

    first: str
    second: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving(Block):
    """Donations once a year, a scandal, and the way back to trust."""

    month_of_year: int = 12
    donates: tuple[float, float]  # beta of the chance to give in a year (BG/BB: Fader, Hardie & Shang 2010)
    stops: tuple[float, float]  # beta of the chance to stop for good, at each opportunity
    gift: tuple[float, float, float]  # gamma-gamma of the amounts: p, q, v
    loyalty_effect: float = 0.3  # of loyalty on the log-odds to give
    shock_month: int  # the month (from 1) of the scandal
    shock: float  # distrust in that month, in log-odds against giving
    concern: float = 0.5  # standard deviation of the log factor by which customers take it to heart
    fading: tuple[float, float] = (0.97, 0.88)  # share of distrust left a month later: unpublished, published
    transparency: float = 0.25  # share of months in which the accounts of the gifts are published
    trust_dropout: float = 0.2  # of distrust on the log dropout rate
    payout_months: int = 12  # gifts go to the charities in equal parts over so many months


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry(Block):
    """One kind of firm. Tuples of five are in RATER order; rates are a month; money is in currency units.

    One of your own is a preset with other numbers, ``dataclasses.replace(preset, failure=0.2)``; a number outside its range
    is an ``ArgumentError`` that names field, value and range.
    """

    name: str
    contract: bool
    # who comes
    prospects_per_customer: float  # so that `customers` is what the firm's own channels win, by expectation
    channels: tuple[Channel, ...]
    needs: tuple[Need, ...]
    regions: tuple[str, ...]
    competition: float  # mean utility of competitors, in log-odds against each advance
    competition_spread: float = 0.4  # log-odds taken off by one standard deviation of a person's utility of competitors [C]
    arrival_season: tuple[float, ...] = _neutral(
        ()
    )  # factor of the persons who hear of the firm, by month of the year; empty: even
    pool: float = 1.5  # persons who could hear of the firm, for each who does at the usual advertising [C]
    referral_entry: tuple[float, ...] = (0, 0.1, 0, 0.4, 0.3, 0.2, 0, 0)  # stages at which referred persons enter: late [C]
    referral_log_odds: float = 0.35  # added to the log-odds of their advances: they come with trust [C]
    referral_needs: tuple[float, ...] = _neutral(())  # as ``Channel.needs``, of friends who do not take over the need
    referral_dropout: float = _neutral(1.0)  # as ``Channel.dropout``, of friends
    correlations: tuple[Correlation, ...] = _neutral(())  # of dispositions; those not named are independent
    same_need: float = 0.5  # share of referred persons who take over the need of whoever brought them [C]
    age_bounds: tuple[float, ...] = (18, 30, 45, 60, 85)  # bounds of the age groups on the opening day [C]
    age_shares: tuple[float, ...] = (0.0, 0.24, 0.54, 0.8, 1.0)  # share of persons younger than each bound [C]
    consent: float = 0.82  # share of persons who agree to be written to [C]
    # the pipeline of eight stages
    advance: tuple[float, ...]  # log-odds to leave each stage forward, for a prospect of mean fit
    fit_effect: float = 0.55
    skill_effect: float = 0.25
    promise_effect: float = 0.35  # of one point more promised, at the presentation and at the close
    skip: float = 0.08  # share of advances that jump over the next stage (before the needs are known)
    back: float = 0.35  # share of those stopped by an objection who return to their needs
    most_returns: int = 2  # how often a prospect returns at the most [C]
    stage_days: tuple[float, ...] = (6, 5, 3, 6, 5, 7, 6, 5)
    stage_cost: tuple[float, ...] = (0.5, 1.0, 0.5, 1.5, 1.5, 2.0, 1.0, 1.0)
    objections: tuple[tuple[str, float], ...] = (
        ("price", 0.38),
        ("need", 0.2),
        ("trust", 0.17),
        ("time", 0.15),
        ("competitor", 0.1),
    )
    talk_channels: tuple[tuple[str, float], ...] = (("phone", 0.5), ("visit", 0.2), ("e-mail", 0.3))  # of salespeople [C]
    page_views: tuple[float, float] = (0.9, 0.45)  # log of the mean page views: constant, and per unit of fit [C]
    asks_for_offer: tuple[float, float] = (-1.0, 0.8)  # log-odds to ask for an offer: constant, and per unit of fit [C]
    customers_per_salesperson: int = 150
    fewest_salespeople: int = 2  # so that every firm can be divided by salesperson [C]
    turnover: float = 0.02  # share of salespeople who leave in a month
    handover: float = 0.5  # share of leaving salespeople who hand their customers over
    bond: float = 0.5  # added to the log dropout rate of their customers if not handed over
    bond_fading: float = 0.7  # share of it that is left a month later [C]
    # quality, expectation, satisfaction: points of the seven-point scale
    quality: tuple[float, ...]
    expectation: tuple[float, ...]
    importance: tuple[float, ...]
    quality_spread: tuple[float, float] = (0.45, 0.5)  # standard deviation: common to the five, own of each
    expectation_spread: tuple[float, float] = (0.4, 0.4)
    importance_spread: float = 0.25  # standard deviation of the log weight of each dimension [C]
    baseline_spread: float = 0.3  # standard deviation of a person's baseline satisfaction [C]
    word_of_mouth: float = 0.15  # what a recommendation adds to the expectation
    promise_weight: float = 0.5  # what a promised point adds to the expectation
    adaptation: float = 0.03  # share by which the expectation moves towards the experience in a month
    neutral_quality: float = 5.0  # quality that pleases nobody and disappoints nobody [C]
    experience: float = 0.4  # weight of the experience itself; the rest is experience against expectation
    loss_aversion: float = 1.25  # factor of a gap below zero (Anderson & Sullivan 1993: negative gaps weigh more) [B]
    # from satisfaction to loyalty: a flat zone between two bends (Jones & Sasser 1995) [B]
    flat_zone: tuple[float, float]
    slopes: tuple[float, float, float]  # below, within, above the zone
    bend: float = 0.15  # width of the bends, points of satisfaction [C]
    # failures, tickets, recovery
    failure: float  # share of customers with a failure in a month, at quality 5
    failure_weights: tuple[float, ...] = (0.6, 0.2, 0.0, 0.0, 0.2)
    failure_effect: float = 0.7
    failure_kinds: tuple[tuple[str, float], ...]
    voice: float = 0.45  # share of failures that become a complaint
    voice_effect: float = _neutral(0.0)  # of a severity of 1 instead of one half on that share, as a share of it
    inquiry: float = 0.05  # share of customers with a question in a month, at loyalty 0
    inquiry_effect: float = 0.4  # of loyalty on the log of that share: who is loyal asks less [C]
    ticket_channels: tuple[tuple[str, float], ...] = (("phone", 0.4), ("e-mail", 0.3), ("chat", 0.2), ("visit", 0.1))  # [C]
    response_hours: float = 20.0
    response_spread: float = 0.8  # standard deviation of the log hours [C]
    response_effect: float = 0.35  # of responsiveness on the log hours, downwards [C]
    dissatisfaction: float = 2.0  # satisfaction lost by a failure of full severity
    relationship_damage: float = 0.9  # what it adds to the log dropout rate, whatever the satisfaction
    recovery: float = 0.45  # share of the dissatisfaction that an ordinary recovery mends
    recovery_effect: float = 0.12  # what a point of empathy adds to that share [C]
    recovery_spread: float = 0.2  # its standard deviation from case to case [C]
    slowness_effect: float = 0.2  # what the log of the hours, to the usual ones, takes off it [C]
    best_recovery: float = 1.1  # the most that is mended; above 1: more content than before, as the recovery paradox says [C]
    recovery_damage: float = 0.3  # share of the damage that a full recovery mends (de Matos, Henrique & Rossi 2007: less) [B]
    slow_damage: float = _neutral(0.0)  # what the log of the hours above the usual ones adds to the damage
    unsolved: float = _neutral(0.0)  # a complaint of which less than this part is mended stays unsolved
    unsolved_damage: float = _neutral(0.0)  # what that adds to the damage
    forgetting: float = 0.75  # share of dissatisfaction and damage that is left a month later
    compensated: float = 0.3  # share of complaints that are compensated [C]
    rated: float = 0.35  # share of tickets whose answer is rated [C]
    rating: tuple[float, float, float] = (3.2, 2.0, 0.7)  # stars: constant, per part mended, standard deviation [C]
    # staying and buying
    dropout: tuple[float, float] = (0.0, 0.0)  # without contract: shape and mean of the monthly dropout rate (gamma)
    monthly_churn: tuple[float, float] = (1.0, 1.0)  # contract by the month: beta of the chance not to renew
    yearly_churn: tuple[float, float] = (1.0, 1.0)  # contract by the year
    competitor_effect: float = 0.15  # of the utility of competitors on the log dropout rate
    estrangement: tuple[float, float] = _neutral((0.0, 0.0))  # of their own: share left a month later, spread of the new
    waning: float = _neutral(0.0)  # of what drives customers away, satisfaction aside, on the log purchase rate, downwards
    usage: tuple[float, float, float] = _neutral((0.0, 0.0, 0.0))  # mean a month; spread of its log; effect of L less trouble
    returns: float = _neutral(0.0)  # share of those who have left who return in a month, at loyalty 0; without contract
    return_effect: float = _neutral(0.0)  # of the loyalty with which they left on the log-odds to return
    rate: tuple[float, float]  # shape and mean of the purchase rate (gamma)
    rate_effect: float = 0.3  # of loyalty on the log purchase rate
    cross_rate: float = 0.25
    season: tuple[float, ...]
    spend: tuple[float, float, float]  # gamma-gamma: p, q, v (Fader, Hardie & Lee 2005)
    rival_elasticity: float = _neutral(0.0)  # of a rival's move of 1 on the elasticity, as a share of it
    elasticity: float = 2.2  # of the purchase rate to the price; loyal customers mind less
    tolerance: float = 0.3
    price_pain: float = 1.5  # satisfaction lost by a price 100 % higher
    products: tuple[Product, ...]
    cross_start: float = 0.01  # share of customers approached for a further product in a month, at loyalty 0
    cross_effect_start: float = 0.3  # of loyalty on the log of that share, and on the log-odds to advance
    cross_log_odds: float = 0.6  # added to the log-odds to advance: the firm is known [C]
    cross_entry: int = 4  # the stage at which they enter: approaching [C]
    cross_after: int = 2  # whole months as a customer before the first approach [C]
    cross_most: int = 2  # further products of a customer, at the most [C]
    referral: float = 0.006  # share of customers who bring somebody in a month, at loyalty 0
    referral_effect: float = 0.8  # of loyalty on the log of that share
    referral_most: float = 0.5  # the share is never above [C]
    # campaigns
    campaigns: tuple[Campaign, ...]
    targeting: tuple[float, float] = (-1.6, 1.5)  # log-odds to be chosen: constant, and per log(1 + recent orders)
    lift_spread: float = 0.35
    targeting_bounds: tuple[float, float] = (0.05, 0.95)  # the chance to be chosen is kept within [C]
    recency_fading: float = 0.7  # share of the recent orders that counts a month later [C]
    recent_lift: float = _neutral(0.0)  # how much stronger campaigns act per log(1 + recent orders), as a share
    hidden_targeting: float = _neutral(0.0)  # of loyalty, which stands in no table, on the log-odds to be chosen
    pull_forward: tuple[float, float] = _neutral((0.0, 0.0))  # share of a discount's lift taken from later months; its fading
    keep_spread: float = _neutral(0.0)  # standard deviation of the effect of an offer to stay: some it reminds to leave
    recent_keep: float = _neutral(0.0)  # how much stronger such an offer acts per log(1 + recent orders), as a share
    keep_fading: float = _neutral(0.0)  # share of that effect that is left a month later
    annoyance: float = _neutral(0.0)  # satisfaction lost by each recent contact above those that are borne
    patience: float = _neutral(0.0)  # recent contacts that are borne
    tiring: float = 0.35  # how much a recent contact takes off the effect of the next
    pressure_fading: float = 0.7  # share of the recent contacts that is felt a month later [C]
    opt_out: float = 0.004  # share of contacts that are answered by opting out, where nobody is tired
    opt_out_effect: float = 2.0  # of a recent contact on that share, as a factor [C]
    # asking
    survey_every: int = 6
    answer: tuple[float, float] = (-0.9, 0.55)  # log-odds to answer: constant, and per point of satisfaction
    overall: tuple[float, float, float] = (5.2, 1.1, 0.6)  # answer 1 to 7: constant, per point of S, standard deviation [C]
    recommendation: tuple[float, float, float] = (8.4, 1.9, 1.3)  # answer 0 to 10: likewise [C]
    item_loading: tuple[float, float, float] = (1.0, 0.25, 1.7)  # item k shows its dimension by a + b sin(c k): unequally [C]
    item_ease: tuple[float, float] = (0.3, 2.3)  # and is easy to agree with by a cos(b k) [C]
    item_spread: float = 0.75  # standard deviation of an answer [C]
    item_missing: float = 0.015  # share of items left out [C]
    importance_step: int = 5  # the 100 points of importance are given in steps of so many [C]
    stated: tuple[float, float] = _neutral((1.0, 0.0))  # importance as told: power of the weight, spread of the log
    stated_bias: tuple[float, ...] = _neutral((0.0,) * 5)  # what is told too often, on the log: what one ought to say
    halo: float = _neutral(0.0)  # what a point of satisfaction adds to every statement about the firm
    reminders: int = _neutral(0)  # how often those who keep silent are reminded
    late_answer: tuple[float, float] = _neutral((0.0, 0.0))  # log-odds to answer a reminder: as ``answer``
    reminder_days: int = _neutral(7)  # between two of them
    call_back: tuple[float, float] = _neutral((0.0, 0.0))  # share of the silent who are called, and of these who are reached
    trust: tuple[float, float, float] = _neutral((0.0, 0.0, 0.0))  # answer 1 to 7: constant, per point of S, spread
    commitment: tuple[float, float, float] = _neutral((0.0, 0.0, 0.0))  # the same, per L less trouble
    follow_up: float = 0.04  # share of the file that is called in a month
    newsletter_cost: float = _neutral(0.0)  # of each contact beside the campaigns
    call_keep: float = _neutral(0.0)  # what a call takes off the log rate of leaving, fading by ``keep_fading``
    call_weight: float = _neutral(0.0)  # how many contacts a call weighs
    call_cost: float = _neutral(0.0)
    # what managers believe, and what they set
    misjudgement: tuple[float, ...] = (-0.3, -0.1, 0.4, -0.2, -0.3)  # managers put tangibles first (domain S4)
    listening_effect: float = _neutral(0.0)  # quality gained for each point that managers expected too little and now know
    standard_effect: float = _neutral(0.0)  # quality gained for each point by which the standards are raised
    standard_life: tuple[float, float] = _neutral((0.0, 0.0))  # of standards and promises: share kept a month later, spread
    standard_follows: float = _neutral(1.0)  # share of a change of quality by which its standard is changed too
    managers: int = 12  # who are asked once a year [C]
    belief_spread: float = 0.35  # standard deviation of what a manager believes of an expectation [C]
    ranking: tuple[float, float] = (2.0, 0.3)  # of the log weights believed: factor of the misjudgement, standard deviation [C]
    audits: int = 8  # of each dimension in a month [C]
    standard: tuple[float, ...] = (5.4, 5.3, 5.6, 5.0, 5.2)
    promised: tuple[float, ...] = (5.9, 5.6, 5.8, 5.5, 5.8)
    # money
    order_cost: float = 0.0  # to handle one order
    monthly_cost: float = 0.0  # to serve one contract for a month
    serve_spread: float = _neutral(0.0)  # standard deviation of the log of a person's own factor of these two, whose mean is 1
    ticket_cost: float = 7.0
    compensation: float = 12.0
    referral_reward: float = 10.0
    horizon: int = _neutral(0)  # months of the future that count for the remaining value in the truth; 0: it is not told
    interest: float = _neutral(0.01)  # a month, for the remaining value
    fixed_cost: float  # a month, for each customer that the firm planned for
    costs: tuple[tuple[str, float], ...]  # cause -> what the first small step costs (see ``plan``); no other can be changed
    giving: Giving | None = None  # donations, where there are any


_DIRECT = (("satisfaction", 1.2), ("loyalty", 2.0), ("conversion", 10.0), ("operating_cost", 0.0), ("price", 0.0))

RETAILER = Industry(
    name="retailer-v1",
    contract=False,
    prospects_per_customer=2.51,  # the inverse of the share that is won before the end: 0.40 [B]
    channels=(
        Channel(name="online advert", weight=0.34, entry=(0.7, 0.15, 0, 0.1, 0.05, 0, 0, 0), log_odds=-0.1),
        Channel(name="search", weight=0.26, entry=(0.2, 0.2, 0, 0.2, 0.3, 0.1, 0, 0), log_odds=0.1),
        Channel(name="shop", weight=0.22, entry=(0, 0, 0, 0.2, 0.6, 0.2, 0, 0), log_odds=0.15),
        Channel(name="mailing", weight=0.18, entry=(0.9, 0.1, 0, 0, 0, 0, 0, 0), log_odds=-0.15),
    ),
    needs=(
        Need(name="price", share=0.38, expectation=(0, -0.1, -0.2, -0.2, 0), weight=(1.2, 0.8, 0.7, 0.6, 1.0), rate=1.0,
             products=(3, 3, 2, 1, 1, 0.3)),
        Need(name="service", share=0.27, expectation=(0.1, 0.2, 0, 0.3, 0.2), weight=(1.0, 1.2, 0.8, 1.6, 1.2), rate=1.1,
             products=(2, 2, 2, 2, 2, 1)),
        Need(name="convenience", share=0.25, expectation=(0.1, 0, 0, -0.1, 0.3), weight=(1.1, 0.8, 0.8, 0.7, 1.5), rate=1.25,
             products=(3, 2, 3, 2, 1, 0.5)),
        Need(name="status", share=0.10, expectation=(0, 0.2, 0.5, 0.1, 0), weight=(0.8, 1.1, 2.2, 1.1, 0.8), rate=0.7,
             products=(0.5, 1, 1, 2, 3, 3)),
    ),
    regions=("north", "east", "south", "west"),
    competition=0.3,
    advance=(2.3, 2.2, 3.2, 2.3, 2.3, 2.0, 1.5, 2.1),
    quality=(5.1, 5.2, 5.4, 4.9, 4.9),
    expectation=(5.7, 5.4, 5.2, 5.2, 5.6),  # reliability and responsiveness first (domain S4)
    importance=(0.28, 0.18, 0.12, 0.18, 0.24),
    flat_zone=(-0.6, 0.5),
    slopes=(1.7, 0.7, 1.3),  # much competition: the zone is narrow and not quite flat
    failure=0.08,
    failure_kinds=(("late delivery", 0.4), ("wrong item", 0.2), ("defect", 0.25), ("unfriendly staff", 0.15)),
    dropout=(0.7, 0.055),  # Pareto/NBD; more faithful than the buyers of CDNOW, of whom 4 in 10 repeat in 39 weeks
    rate=(0.85, 0.48),
    season=(0.9, 0.88, 0.95, 0.97, 1.0, 0.98, 0.92, 0.9, 1.0, 1.05, 1.15, 1.3),
    spend=(5.0, 4.0, 27.0),  # mean p v / (q - 1) = 45
    products=(
        Product(name="basics", cost_share=0.66), Product(name="kitchen", cost_share=0.60),
        Product(name="care", cost_share=0.55), Product(name="clothing", cost_share=0.52),
        Product(name="home", cost_share=0.55), Product(name="gifts", cost_share=0.48),
    ),
    campaigns=(
        Campaign(name="spring letter", month_of_year=3, channel="letter", share=0.6, lift=0.25, cost=0.9),
        Campaign(name="summer offer", month_of_year=6, channel="e-mail", targeted=True, discount=0.10, lift=0.2, cost=0.05),
        Campaign(name="autumn e-mail", month_of_year=9, channel="e-mail", share=0.5, lift=0.18, cost=0.05),
        Campaign(name="winter offer", month_of_year=11, channel="letter", targeted=True, discount=0.10, lift=0.25, cost=0.9),
    ),
    order_cost=2.2,
    fixed_cost=0.6,
    costs=(
        ("reliability", 0.55), ("assurance", 0.45), ("tangibles", 0.6), ("empathy", 0.4), ("responsiveness", 0.45),
        ("promises", 0.0), ("response_time", 0.04), ("recovery", 0.06), ("handover", 0.03), ("sales_effort", 4.5),
        ("advertising", 12.0), *_DIRECT,
    ),
)  # fmt: skip

TELECOM = Industry(
    name="telecom-v1",
    contract=True,
    prospects_per_customer=2.63,
    channels=(
        Channel(name="online", weight=0.36, entry=(0.4, 0.1, 0, 0.2, 0.2, 0.1, 0, 0), log_odds=0.05),
        Channel(name="shop", weight=0.26, entry=(0, 0, 0, 0.2, 0.5, 0.3, 0, 0), log_odds=0.15),
        Channel(name="call centre", weight=0.24, entry=(0.8, 0.2, 0, 0, 0, 0, 0, 0), log_odds=-0.1),
        Channel(name="partner", weight=0.14, entry=(0.2, 0.4, 0.1, 0.3, 0, 0, 0, 0), log_odds=0.0),
    ),
    needs=(
        Need(name="price", share=0.42, expectation=(-0.1, -0.1, -0.2, -0.2, 0), weight=(1.1, 0.8, 0.7, 0.7, 1.0), rate=0.8,
             products=(5, 2, 1, 0.4, 1, 1)),
        Need(name="network", share=0.33, expectation=(0.3, 0, 0, 0, 0.1), weight=(1.6, 0.9, 0.6, 0.7, 1.0), rate=1.1,
             products=(1, 3, 3, 1, 2, 1)),
        Need(name="care", share=0.25, expectation=(0.1, 0.2, 0, 0.3, 0.3), weight=(0.9, 1.2, 0.7, 1.6, 1.3), rate=1.1,
             products=(1, 3, 2, 2, 2, 1)),
    ),
    regions=("north", "east", "south", "west"),
    competition=0.35,
    advance=(2.0, 2.0, 3.0, 2.1, 2.2, 1.9, 1.4, 2.1),
    stage_days=(8, 6, 4, 7, 6, 8, 8, 7),
    customers_per_salesperson=200,
    turnover=0.025,
    bond=0.3,
    quality=(4.9, 4.9, 5.0, 4.6, 4.6),
    expectation=(5.7, 5.3, 4.9, 5.1, 5.6),
    importance=(0.32, 0.17, 0.08, 0.17, 0.26),
    flat_zone=(-0.9, 0.8),
    slopes=(2.0, 0.3, 0.8),  # contracts hold customers: a wide, flat zone, and a cliff below it
    failure=0.10,
    failure_kinds=(("outage", 0.4), ("billing", 0.3), ("slow repair", 0.2), ("unfriendly staff", 0.1)),
    voice=0.5,
    inquiry=0.08,
    relationship_damage=0.7,
    monthly_churn=(0.9, 36.0),  # mean 2.4 % a month at loyalty 0; discontent and failures raise it [B]
    yearly_churn=(1.2, 7.5),  # mean 13.8 % at a renewal at loyalty 0 [B]
    rate=(0.8, 0.08),  # handsets and extras beside the contract
    price_pain=4.0,  # the fee is the price that everyone sees every month
    season=(1.0, 0.9, 0.95, 0.95, 0.95, 1.0, 1.0, 0.95, 1.1, 1.0, 1.1, 1.2),
    spend=(4.0, 4.0, 45.0),
    products=(
        Product(name="monthly plan", cost_share=0.42, monthly_fee=16, term_months=1),
        Product(name="yearly plan S", cost_share=0.38, monthly_fee=22, term_months=12),
        Product(name="yearly plan M", cost_share=0.36, monthly_fee=32, term_months=12),
        Product(name="yearly plan L", cost_share=0.36, monthly_fee=45, term_months=12),
        Product(name="handset", cost_share=0.78), Product(name="roaming pack", cost_share=0.35),
    ),
    cross_start=0.012,
    campaigns=(
        Campaign(name="handset letter", month_of_year=4, channel="letter", share=0.5, lift=0.45, cost=0.8),
        Campaign(name="upgrade call", month_of_year=7, channel="phone", targeted=True, discount=0.1, lift=0.4, cost=2.5),
        Campaign(name="roaming e-mail", month_of_year=10, channel="e-mail", share=0.5, lift=0.3, cost=0.03),
    ),
    targeting=(-1.2, 2.2),
    survey_every=6,
    misjudgement=(-0.35, -0.05, 0.5, -0.25, -0.3),
    standard=(5.3, 5.1, 5.3, 4.8, 5.0),
    monthly_cost=4.0,
    ticket_cost=9.0,
    compensation=14.0,
    referral_reward=20.0,
    fixed_cost=2.2,
    costs=(
        ("reliability", 0.4), ("assurance", 0.3), ("tangibles", 0.35), ("empathy", 0.25), ("responsiveness", 0.3),
        ("promises", 0.0), ("response_time", 0.05), ("recovery", 0.08), ("handover", 0.04), ("sales_effort", 8.0),
        ("advertising", 20.0), *_DIRECT,
    ),
)  # fmt: skip

# A site that leads its customers to partner shops, gets a commission for each order and pays part of it back. An order's
# amount is the commission, its cost the rebate.
REBATE_SITE = Industry(
    name="rebate_site-v1",
    contract=False,
    prospects_per_customer=11.5,  # everyone who shops online is a prospect (domain S8), few become customers [B]
    channels=(
        Channel(name="search", weight=0.32, entry=(0.5, 0.2, 0, 0.2, 0.1, 0, 0, 0), log_odds=0.1),
        Channel(name="price comparison", weight=0.34, entry=(0.6, 0.2, 0, 0.1, 0.1, 0, 0, 0), log_odds=-0.05),
        Channel(name="online advert", weight=0.22, entry=(0.8, 0.2, 0, 0, 0, 0, 0, 0), log_odds=-0.2),
        Channel(name="charity partner", weight=0.12, entry=(0.2, 0.3, 0, 0.3, 0.2, 0, 0, 0), log_odds=0.25),
    ),
    needs=(
        Need(name="bargain", share=0.50, expectation=(0, -0.1, -0.1, -0.2, 0), weight=(1.2, 0.8, 0.8, 0.6, 1.0), rate=1.1,
             products=(3, 3, 3, 2, 2, 1)),
        Need(name="convenience", share=0.27, expectation=(0.1, 0, 0.1, 0, 0.2), weight=(1.0, 0.8, 1.4, 0.8, 1.3), rate=1.0,
             products=(2, 3, 2, 2, 4, 1)),
        Need(name="good cause", share=0.23, expectation=(0.1, 0.3, 0, 0.2, 0), weight=(1.0, 1.6, 0.7, 1.4, 0.8), rate=0.8,
             products=(2, 2, 2, 4, 2, 1)),
    ),
    regions=("north", "east", "south", "west"),
    competition=0.5,
    advance=(0.0, 0.4, 3.0, 0.7, 1.2, 1.0, 1.2, 1.0),
    skill_effect=0.1,  # a desk answers; nobody sells from door to door
    stage_days=(3, 3, 1, 3, 2, 4, 3, 3),
    stage_cost=(0.05, 0.05, 0.02, 0.1, 0.05, 0.1, 0.1, 0.2),
    objections=(("trust", 0.4), ("need", 0.25), ("time", 0.2), ("competitor", 0.15)),
    customers_per_salesperson=1000,
    bond=0.05,
    quality=(5.0, 5.1, 5.1, 4.7, 4.8),
    expectation=(5.5, 5.4, 5.0, 4.9, 5.3),
    importance=(0.30, 0.24, 0.10, 0.14, 0.22),
    flat_zone=(-0.6, 0.5),
    slopes=(1.7, 0.6, 1.2),  # the next site is a click away
    failure=0.07,
    failure_kinds=(("rebate missing", 0.5), ("rebate late", 0.3), ("link broken", 0.15), ("unfriendly staff", 0.05)),
    response_hours=30.0,
    dropout=(0.8, 0.035),
    rate=(0.8, 0.8),
    season=(0.85, 0.8, 0.9, 0.95, 0.95, 0.95, 0.9, 0.85, 0.95, 1.05, 1.5, 1.35),
    spend=(4.0, 4.0, 4.5),  # commission: mean p v / (q - 1) = 6, as of a purchase of 80 to 100
    elasticity=0.6,  # to the commission, which shops pass on; it is a small part of what the customer pays
    price_pain=0.5,
    products=(
        Product(name="clothing", cost_share=0.60), Product(name="electronics", cost_share=0.70),
        Product(name="travel", cost_share=0.50), Product(name="books", cost_share=0.55),
        Product(name="groceries", cost_share=0.65), Product(name="insurance", cost_share=0.45),
    ),
    referral=0.012,
    campaigns=(
        Campaign(name="spring newsletter", month_of_year=4, channel="e-mail", share=0.5, lift=0.2, cost=0.02),
        Campaign(name="double rebate", month_of_year=6, channel="e-mail", targeted=True, discount=0.3, lift=0.35, cost=0.02),
        Campaign(name="year-end newsletter", month_of_year=11, channel="e-mail", share=0.6, lift=0.2, cost=0.02),
    ),
    follow_up=0.005,
    standard=(5.3, 5.2, 5.3, 4.8, 5.0),
    promised=(5.7, 5.6, 5.4, 5.2, 5.5),
    order_cost=0.15,
    ticket_cost=2.5,
    compensation=3.0,
    referral_reward=3.0,
    fixed_cost=0.3,
    costs=(
        ("reliability", 0.07), ("assurance", 0.06), ("tangibles", 0.07), ("empathy", 0.05), ("responsiveness", 0.06),
        ("promises", 0.0), ("response_time", 0.01), ("recovery", 0.015), ("handover", 0.002), ("sales_effort", 0.15),
        ("advertising", 0.4), ("satisfaction", 0.15), ("loyalty", 0.25), ("conversion", 0.5), ("operating_cost", 0.0),
        ("price", 0.0), ("transparency", 0.04), ("trust_shock", 0.0),
    ),
    giving=Giving(
        donates=(0.5, 1.2),  # 29 % of those who have not stopped; fewer than the 62 % of that station's supporters
        stops=(0.657, 2.783),  # first-time supporters of a public radio station: Fader, Hardie & Shang 2010 [A]
        gift=(4.0, 4.0, 8.0),  # mean 11, about a third of the rebate of a year
        shock_month=22,  # October of the second year: shortly before its opportunity to give
        shock=1.6,  # [B] direction only: scandals lower giving (domain S8); the size is ours
    ),
)  # fmt: skip
