"""Presets whose pipeline carries money and meaning: a manufacturer, a homebuilder, an insurer.

They say only what differs from the first edition of the retailer and of the telecom. Origins are tagged as in
``industries``; where nothing is said, a number is [C]. A range behind a [B] is what the trade commonly reports, and the number
was chosen so that the firm falls into it; docs/world.md tells what was measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crmlab.world.industries import RETAILER, TELECOM, Campaign, Channel, Correlation, Need, Product
from crmlab.world.insurance import Claims
from crmlab.world.pipeline import Answer, LostReason, Objection, Pipeline, Role

#: What the second edition of the retailer and of the telecom says of people, of trouble and of asking, and all three share.
_PEOPLE: dict[str, Any] = {
    "correlations": (
        Correlation(first="fit", second="rate", value=0.25), Correlation(first="fit", second="spend", value=0.15),
        Correlation(first="fit", second="dropout", value=-0.35), Correlation(first="fit", second="quality", value=0.2),
        Correlation(first="rate", second="dropout", value=-0.3), Correlation(first="pull", second="dropout", value=0.15),
    ),
    "referral_dropout": 0.7, "estrangement": (0.95, 0.5), "waning": 0.7, "voice": 0.6, "voice_effect": 0.6,
    "relationship_damage": 1.3, "forgetting": 0.92, "slow_damage": 0.3, "unsolved": 0.25, "unsolved_damage": 0.6,
    "answer": (-0.6, 0.6), "late_answer": (-1.2, 0.3), "reminders": 2, "call_back": (0.12, 0.8), "stated": (0.85, 0.15),
    "stated_bias": (-0.4, 0.3, 0.25, 0.2, -0.25), "halo": 0.25, "trust": (4.7, 0.9, 0.7), "commitment": (4.6, 0.7, 0.8),
    "listening_effect": 1.0, "standard_effect": 0.4, "standard_life": (0.85, 0.05), "standard_follows": 0.0,
    "lift_spread": 0.2, "recent_lift": -0.55, "keep_spread": 0.25, "recent_keep": 0.2, "keep_fading": 0.9,
    "annoyance": 0.15, "patience": 2.0, "newsletter_cost": 0.02, "bond_fading": 0.9, "call_keep": 0.15, "call_weight": 0.4,
    "horizon": 36, "prospect_records": True,
}  # fmt: skip
#: What goes wrong by itself costs nothing.
_FREE = tuple((cause, 0.0) for cause in ("focus", "bargain_mix", "list_decay", "newsletters", "departures"))


def _costs(costs: tuple[tuple[str, float], ...], factor: float) -> tuple[tuple[str, float], ...]:
    """Return what changes cost where a customer is worth so many times as much."""
    own = (*costs, ("listening", 0.15), ("standards", 0.3))
    return (*((cause, round(factor * cost, 4)) for cause, cost in own), *_FREE)


_REASONS = (
    LostReason(name="no answer", stages=(3, 3, 2, 2, 0.5, 0.5, 0.3, 0.3), fit=-0.3, age=1.2),
    LostReason(name="no need", stages=(2, 2, 1, 1.5, 3, 1, 0.5, 0.2), fit=-0.8, objections=(1, 6, 1, 1, 1)),
    LostReason(name="no budget", stages=(0.5, 1, 1, 1, 1.5, 1.5, 1, 1.5), size=0.6, objections=(2, 1, 1, 1, 1)),
    LostReason(name="too dear", stages=(0, 0.2, 0.2, 0.3, 0.5, 1.5, 1.5, 1.5), size=0.3, objections=(6, 0.5, 0.5, 0.5, 1)),
    LostReason(name="bought elsewhere", stages=(0.2, 0.5, 0.5, 0.8, 1, 2, 1.5, 2), rival=0.8,
               objections=(0.7, 0.5, 0.7, 0.5, 6)),
    LostReason(name="no trust", stages=(0.1, 0.3, 0.3, 0.5, 0.3, 0.8, 1, 0.8), objections=(0.3, 0.5, 6, 0.5, 0.7)),
    LostReason(name="put off", stages=(0.3, 0.5, 0.5, 0.7, 1, 1, 1, 1.5), age=0.6, objections=(0.5, 0.5, 0.5, 8, 0.5)),
)  # fmt: skip

_FREELY, _UNDER_CONTRACT = replace(RETAILER, **_PEOPLE), replace(TELECOM, **_PEOPLE)

MANUFACTURER = replace(
    _FREELY,
    name="manufacturer-v1",
    prospects_per_customer=4.5,  # the inverse of the share that is won before the end: 22 %; of qualified deals 20 to 30 % [B]
    channels=(
        Channel(name="fair", weight=0.28, entry=(0.3, 0.3, 0.1, 0.2, 0.1, 0, 0, 0), log_odds=0.05, needs=(0.8, 1.0, 0.9, 1.6)),
        Channel(name="web inquiry", weight=0.30, entry=(0, 0.3, 0.1, 0.3, 0.25, 0.05, 0, 0), log_odds=0.1,
                needs=(1.5, 0.9, 0.8, 0.9), dropout=1.3, mix=0.8),
        Channel(name="cold call", weight=0.27, entry=(1, 0, 0, 0, 0, 0, 0, 0), log_odds=-0.15, needs=(1.1, 0.9, 1.1, 0.7),
                mix=-0.4, bought_list=True),
        Channel(name="dealer", weight=0.15, entry=(0, 0.1, 0.1, 0.3, 0.3, 0.2, 0, 0), log_odds=0.15,
                needs=(0.6, 1.2, 1.5, 0.8), dropout=0.7, mix=-0.6),
    ),
    needs=(
        Need(name="price", share=0.34, expectation=(0, -0.1, -0.2, -0.2, 0), weight=(1.2, 0.7, 0.6, 0.5, 1.0),
             products=(3, 1, 0.4, 3, 3, 0.7), rate=0.8, spend=0.7, dropout=1.4, elasticity=1.4, lift=0.7, keep=-1.2,
             focus=0.4, regions=(1.3, 1.2, 0.8, 0.8)),
        Need(name="uptime", share=0.30, expectation=(0.3, 0.1, 0, 0, 0.3), weight=(1.8, 0.9, 0.5, 0.6, 1.4),
             products=(1.5, 3, 1, 4, 2, 2.5), rate=1.2, spend=1.2, dropout=0.8, elasticity=0.7, lift=-0.3, keep=0.4,
             focus=-0.6),
        Need(name="advice", share=0.22, expectation=(0.1, 0.3, 0, 0.3, 0.1), weight=(0.9, 1.6, 0.7, 1.8, 1.0),
             products=(2, 2, 1, 2, 2, 4), rate=1.0, spend=1.0, dropout=0.75, elasticity=0.7, lift=-0.6, keep=0.5, focus=-1.0),
        Need(name="innovation", share=0.14, expectation=(0, 0.2, 0.4, 0.1, 0), weight=(0.8, 1.2, 2.2, 0.9, 0.8),
             products=(0.5, 1.5, 4, 1.5, 1.5, 2), rate=0.9, spend=1.6, dropout=0.9, elasticity=0.6, lift=0.2, keep=0.1,
             focus=-0.5, regions=(0.8, 0.8, 1.2, 1.3)),
    ),
    referral_needs=(0.6, 1.3, 1.2, 0.9),
    competition=0.25,
    # cycles of a sale to a new customer of three to nine months [B]: those that are won take five here
    advance=(1.1, 1.4, 2.5, 1.6, 1.7, 1.5, 1.3, 0.6),
    fit_effect=0.4,
    skill_effect=0.2,
    stage_days=(25, 20, 14, 26, 32, 38, 30, 34),
    stage_cost=(25, 40, 40, 120, 150, 300, 150, 150),
    talk_channels=(("phone", 0.4), ("visit", 0.35), ("e-mail", 0.25)),
    page_views=(1.2, 0.3),
    asks_for_offer=(-1.0, 0.5),
    customers_per_salesperson=40,
    turnover=0.015,
    bond=1.4,
    quality=(5.3, 5.3, 5.3, 5.1, 5.0),
    standard=(5.5, 5.5, 5.6, 5.3, 5.3),
    promised=(5.9, 5.8, 5.8, 5.6, 5.8),
    flat_zone=(-0.5, 0.5),
    slopes=(2.0, 0.7, 1.2),
    usage=(4.0, 0.35, 0.8),  # visits of the pages for spare parts
    returns=0.006,
    return_effect=0.3,
    failure_kinds=(("late delivery", 0.35), ("breakdown", 0.35), ("wrong part", 0.15), ("unfriendly staff", 0.15)),
    dropout=(4.0, 0.0012),  # 10 to 20 % of the customers leave in a year [B]
    rate=(1.0, 0.35),
    season=(0.95, 1.0, 1.05, 1.0, 1.0, 1.05, 0.9, 0.75, 1.05, 1.1, 1.1, 1.05),
    spend=(4.0, 4.0, 900.0),  # spare parts and service: mean p v / (q - 1) = 1,200
    elasticity=1.0,
    products=(
        Product(name="basic machine", cost_share=0.66, first=True),
        Product(name="standard machine", cost_share=0.62, first=True),
        Product(name="special machine", cost_share=0.58, first=True), Product(name="spare parts", cost_share=0.45),
        Product(name="supplies", cost_share=0.55), Product(name="maintenance", cost_share=0.5),
    ),
    cross_start=0.006,
    campaigns=(
        Campaign(name="inspection letter", month_of_year=4, channel="letter", share=0.5, lift=0.7, cost=4.0),
        Campaign(name="save visit", month_of_year=5, channel="phone", targeted=True, keep=0.7, cost=30.0),
        Campaign(name="parts offer", month_of_year=9, channel="e-mail", share=0.5, lift=0.6, discount=0.1, cost=1.0),
    ),
    referral=0.006,
    follow_up=0.06,
    call_cost=25.0,
    order_cost=40.0,
    ticket_cost=90.0,
    compensation=250.0,
    referral_reward=300.0,
    fixed_cost=60.0,
    costs=_costs(RETAILER.costs, 40.0),
    pipeline=Pipeline(
        value=(32_000.0, 0.7),
        value_needs=(0.8, 1.1, 1.0, 1.4),
        value_fit=0.1,
        value_effect=1.3,
        price_effect=5.0,
        weighs=(0, 0, 0, 0, 0, 0, 0, 1),  # what a deal costs and how far help is weighs when it is decided
        value_days=0.14,
        value_spend=0.35,
        shape=0.85,
        stalls=0.35,
        distance=(2.0, 1.5),
        means=(0.35, 0.6, 0.8),
        intent=(0.55, 0.35, 0.8),
        estimate=0.3,
        bound=0.7,
        choice=0.35,
        # the five roles: Webster & Wind 1972 [A]; how often they are there and what they are worth [C]
        roles=(
            Role(name="gatekeeper", share=0.6, stage=2, meets=0.4, worth=0.0, bars=0.9),
            Role(name="user", share=0.95, stage=5, meets=1.2, worth=0.2),
            Role(name="influencer", share=0.7, stage=5, meets=0.4, worth=0.25),
            Role(name="buyer", share=0.8, stage=6, meets=1.0, worth=0.1),
            Role(name="decider", share=1.0, stage=6, meets=0.4, worth=0.7),
        ),
        objections=(
            Objection(name="price", weight=0.34, needs=(1.8, 0.7, 0.7, 0.6), price=4.0, size=0.3, hardness=0.9),
            Objection(name="need", weight=0.18, needs=(1, 0.7, 1.5, 1), hardness=0.6),
            Objection(name="trust", weight=0.2, needs=(0.7, 1.4, 1.2, 0.9), hardness=0.5),
            Objection(name="time", weight=0.14, needs=(0.8, 1.3, 1, 1), hardness=0.4),
            Objection(name="competitor", weight=0.14, needs=(1.1, 1, 0.8, 1.4), rival=0.6, hardness=1.0),
        ),
        answers=(
            Answer(name="price cut", weight=0.26, worth=(1.0, -0.2, -0.3, 0.1, 0.5), concession=0.08),
            Answer(name="account of costs", weight=0.2, worth=(0.7, 0.5, 0.0, 0.0, 0.3), skill=0.4),
            Answer(name="reference visit", weight=0.18, worth=(0.0, 0.3, 1.2, -0.3, 0.4), skill=0.15),
            Answer(name="trial", weight=0.18, worth=(0.1, 1.1, 0.5, -0.2, 0.8), skill=0.1),
            Answer(name="later delivery", weight=0.18, worth=(0.1, -0.2, -0.2, 1.2, -0.2)),
        ),
        lost_reasons=_REASONS,
    ),
)  # fmt: skip

HOMEBUILDER = replace(
    _FREELY,
    name="homebuilder-v1",
    prospects_per_customer=5.6,  # visitors of show homes who buy: 1 in 5 to 1 in 20 [B]
    channels=(
        Channel(name="portal", weight=0.4, entry=(0.5, 0.2, 0, 0.2, 0.1, 0, 0, 0), log_odds=-0.1, needs=(1.1, 0.9, 1.3, 0.8),
                mix=0.8),
        Channel(name="show home", weight=0.28, entry=(0, 0, 0, 0.4, 0.4, 0.2, 0, 0), log_odds=0.1, needs=(1.1, 1.4, 0.4, 0.6),
                mix=-0.5),
        Channel(name="newspaper", weight=0.17, entry=(0.8, 0.2, 0, 0, 0, 0, 0, 0), log_odds=-0.1, needs=(0.9, 1.1, 0.8, 1.3),
                mix=-0.3, bought_list=True),
        Channel(name="broker", weight=0.15, entry=(0, 0.2, 0, 0.3, 0.4, 0.1, 0, 0), log_odds=0.05, needs=(0.4, 0.7, 2.2, 2.4)),
    ),
    # the four kinds of need of a housing developer (domain S3)
    needs=(
        Need(name="first home", share=0.42, expectation=(0.1, 0.2, -0.2, 0.2, 0.1), weight=(1.2, 1.3, 0.5, 1.4, 1.1),
             products=(5, 1, 0.5, 0.01, 2, 3, 1), rate=1.1, spend=0.8, elasticity=1.3, keep=0.2, focus=-0.6, age=-0.7,
             regions=(1.2, 1, 1, 0.8)),
        Need(name="upgrade", share=0.30, expectation=(0, 0.1, 0.4, 0.1, 0), weight=(0.9, 0.9, 2.3, 1.0, 0.8),
             products=(0.5, 5, 0.3, 0.01, 3, 2, 1), rate=1.3, spend=1.6, elasticity=0.8, keep=0.3, focus=-0.7, age=0.5,
             regions=(0.8, 1, 1, 1.3)),
        Need(name="investment flat", share=0.17, expectation=(0.1, 0, -0.2, -0.3, 0.1), weight=(1.6, 1.0, 0.4, 0.4, 1.2),
             products=(2, 0.5, 5, 0.1, 0.5, 1, 4), rate=0.8, spend=0.9, elasticity=1.0, keep=-0.8, focus=0.4, age=0.4),
        Need(name="investment shop", share=0.11, expectation=(0.2, 0.2, 0.1, 0, 0.2), weight=(1.4, 1.8, 0.7, 0.5, 1.3),
             products=(0.1, 0.1, 0.3, 6, 0.5, 1, 4), rate=0.8, spend=1.6, elasticity=0.7, keep=-0.4, focus=0.2, age=0.6,
             regions=(0.7, 1.3, 1, 1)),
    ),
    same_need=0.65,
    referral_needs=(1.2, 1.1, 0.7, 0.6),
    correlations=(
        Correlation(first="fit", second="quality", value=0.25), Correlation(first="fit", second="dropout", value=-0.2),
        Correlation(first="pull", second="dropout", value=0.15),
    ),
    competition=0.3,
    advance=(1.1, 1.5, 2.7, 1.7, 1.8, 1.5, 1.5, 0.95),
    fit_effect=0.4,
    skill_effect=0.1,  # people buy a home, not a talk
    stage_days=(18, 12, 9, 18, 25, 30, 26, 36),  # from the first visit to the contract two to six months [B]: four here
    stage_cost=(30, 30, 30, 80, 80, 150, 80, 250),
    talk_channels=(("phone", 0.35), ("visit", 0.5), ("e-mail", 0.15)),
    page_views=(1.4, 0.3),
    asks_for_offer=(-1.2, 0.5),
    customers_per_salesperson=30,
    turnover=0.03,
    handover=0.4,
    bond=3.0,  # the relationship is the salesperson's: who loses them is soon lost (domain S3)
    bond_fading=0.97,
    failure=0.07,
    failure_kinds=(("defect", 0.5), ("late handover", 0.25), ("paperwork", 0.15), ("unfriendly staff", 0.1)),
    dropout=(4.0, 0.004),  # leaving: nothing more is heard of them
    rate=(1.0, 0.05),  # one purchase; now and then something for the house
    season=(0.8, 0.9, 1.1, 1.15, 1.15, 1.1, 0.95, 0.85, 1.05, 1.1, 1.0, 0.85),
    spend=(4.0, 4.0, 1_500.0),  # mean 2,000
    elasticity=1.0,
    products=(
        Product(name="flat", cost_share=0.8, first=True),  # gross margins of builders about a fifth [B]
        Product(name="house", cost_share=0.79, first=True), Product(name="flat to let", cost_share=0.81, first=True),
        Product(name="shop", cost_share=0.77, first=True), Product(name="fittings", cost_share=0.6),
        Product(name="parking place", cost_share=0.5), Product(name="letting service", cost_share=0.45),
    ),
    cross_start=0.0,
    cross_rate=0.0,
    referral=0.065,  # friends are 15 to 40 % of the buyers [B]
    referral_effect=0.9,
    campaigns=(
        Campaign(name="house-warming letter", month_of_year=4, channel="letter", share=0.5, keep=0.8, cost=3.0),
        Campaign(name="fittings letter", month_of_year=10, channel="letter", share=0.5, lift=0.8, cost=3.0),
    ),
    follow_up=0.06,
    call_cost=8.0,
    order_cost=60.0,
    ticket_cost=120.0,
    compensation=600.0,
    referral_reward=1_500.0,
    fixed_cost=400.0,
    costs=_costs(RETAILER.costs, 150.0),
    pipeline=Pipeline(
        value=(240_000.0, 0.3),
        value_needs=(0.8, 1.4, 0.75, 1.7),
        value_fit=0.1,
        value_effect=1.5,
        price_effect=7.0,
        weighs=(0, 0, 0, 0, 0, 0, 0, 1),
        value_days=0.1,
        shape=0.85,
        stalls=0.4,
        distance=(0.8, 2.0),
        means=(0.35, 0.6, 0.8),
        intent=(0.55, 0.35, 0.8),
        estimate=0.1,
        bound=2.0,
        choice=0.35,
        objections=(
            Objection(name="price", weight=0.36, needs=(1.4, 0.9, 0.9, 0.6), price=5.0, size=0.4, hardness=0.9),
            Objection(name="need", weight=0.16, needs=(0.8, 1.3, 0.9, 1), hardness=0.6),
            Objection(name="trust", weight=0.2, needs=(1.1, 0.8, 1.2, 1.2), hardness=0.6),
            Objection(name="time", weight=0.14, needs=(1, 1.3, 0.7, 0.7), hardness=0.4),
            Objection(name="competitor", weight=0.14, needs=(0.8, 1, 1.3, 1.2), rival=0.6, hardness=1.0),
        ),
        answers=(
            Answer(name="price cut", weight=0.24, worth=(1.0, -0.3, -0.3, 0.1, 0.5), concession=0.03),
            Answer(name="plan of payments", weight=0.22, worth=(0.8, 0.1, 0.1, 0.3, 0.2), skill=0.3),
            Answer(name="talk with owners", weight=0.18, worth=(0.0, 0.3, 1.2, -0.2, 0.4), skill=0.15),
            Answer(name="second visit", weight=0.2, worth=(0.0, 1.1, 0.4, -0.1, 0.7), skill=0.1),
            Answer(name="reservation", weight=0.16, worth=(0.0, -0.2, -0.2, 1.2, 0.1)),
        ),
        lost_reasons=_REASONS,
    ),
)  # fmt: skip

INSURER = replace(
    _UNDER_CONTRACT,
    name="insurer-v1",
    prospects_per_customer=3.25,
    channels=(
        Channel(name="agent", weight=0.4, entry=(0.2, 0.1, 0.1, 0.3, 0.3, 0, 0, 0), log_odds=0.1, needs=(0.7, 1.1, 1.3),
                dropout=0.75, lift=-0.2, mix=-0.7),
        Channel(name="comparison site", weight=0.3, entry=(0, 0, 0, 0.2, 0.3, 0.5, 0, 0), log_odds=-0.1, needs=(1.8, 0.7, 0.5),
                dropout=1.6, lift=0.3, mix=1.0),
        Channel(name="call centre", weight=0.18, entry=(0.8, 0.2, 0, 0, 0, 0, 0, 0), log_odds=-0.1, needs=(1, 1, 1), mix=-0.4,
                bought_list=True),
        Channel(name="car dealer", weight=0.12, entry=(0, 0.2, 0, 0.4, 0.4, 0, 0, 0), log_odds=0.05, needs=(0.8, 1.3, 0.9)),
    ),
    needs=(
        Need(name="price", share=0.40, expectation=(-0.1, -0.1, -0.2, -0.2, 0), weight=(1.1, 0.7, 0.6, 0.6, 1.0),
             products=(6, 1, 0.6, 2, 1), rate=0.8, spend=0.9, dropout=1.5, elasticity=1.4, lift=0.6, keep=-1.2, focus=0.4,
             age=-0.3, regions=(1.2, 1.2, 0.8, 0.9)),
        Need(name="security", share=0.33, expectation=(0.3, 0.2, 0, 0, 0.2), weight=(1.7, 1.2, 0.5, 0.6, 1.2),
             products=(2, 3, 4, 2, 1), rate=1.0, dropout=0.75, elasticity=0.8, lift=0.0, keep=0.4, focus=-0.6, age=0.2),
        Need(name="advice", share=0.27, expectation=(0.1, 0.3, 0, 0.4, 0.1), weight=(0.8, 1.4, 0.6, 2.0, 1.1),
             products=(2, 2, 4, 1, 2), rate=1.1, spend=1.1, dropout=0.7, elasticity=0.7, lift=-0.5, keep=0.5, focus=-1.0,
             age=0.5, regions=(0.8, 0.9, 1.2, 1.1)),
    ),
    referral_needs=(0.7, 1.2, 1.2),
    competition=0.3,
    advance=(1.6, 1.7, 2.8, 1.8, 1.9, 1.6, 1.5, 1.9),
    fit_effect=0.5,
    stage_days=(8, 6, 4, 8, 8, 10, 10, 10),
    stage_cost=(1, 2, 2, 5, 5, 8, 4, 8),
    customers_per_salesperson=120,
    bond=1.0,
    quality=(5.3, 5.3, 5.0, 5.0, 5.0),
    expectation=(5.6, 5.4, 4.9, 5.2, 5.5),
    standard=(5.5, 5.5, 5.3, 5.2, 5.3),
    promised=(5.9, 5.8, 5.7, 5.6, 5.8),
    failure=0.05,
    failure_kinds=(("billing", 0.35), ("wrong advice", 0.25), ("lost papers", 0.25), ("unfriendly staff", 0.15)),
    inquiry=0.06,
    yearly_churn=(2.0, 46.0),  # of customers at a renewal 85 to 92 % stay [B]
    rate=(0.8, 0.03),
    spend=(4.0, 4.0, 30.0),
    products=(  # what claims cost is not in the cost share: commission and reinsurance [C]
        Product(name="car policy", cost_share=0.15, monthly_fee=48, term_months=12),
        Product(name="home policy", cost_share=0.15, monthly_fee=58, term_months=12),
        Product(name="family policy", cost_share=0.17, monthly_fee=85, term_months=12),
        Product(name="travel cover", cost_share=0.6), Product(name="legal advice", cost_share=0.5),
    ),
    usage=(1.0, 0.5, 0.6),  # visits of the policy's pages
    campaigns=(
        Campaign(name="loyalty letter", month_of_year=2, channel="letter", share=0.5, keep=1.0, cost=0.8),
        Campaign(name="travel letter", month_of_year=5, channel="letter", share=0.5, lift=1.0, cost=0.8),
        Campaign(name="renewal call", month_of_year=11, channel="phone", targeted=True, keep=0.6, cost=3.0),
    ),
    monthly_cost=3.0,
    ticket_cost=14.0,
    compensation=30.0,
    referral_reward=30.0,
    fixed_cost=2.5,
    costs=_costs(TELECOM.costs, 1.5),
    claims=Claims(
        share=0.0125,  # of a car one in eight to fifteen years [B]; of all that a contract covers, one in seven [C]
        spread=0.5,
        payout=(1_900.0, 0.8),  # mean 2,620: claims take 45 to 75 % of premiums [B]
        hours=160.0,
        kinds=(("claim: collision", 0.45), ("claim: water", 0.25), ("claim: theft", 0.12), ("claim: liability", 0.18)),
        mood=0.8,
        damage=1.3,
    ),
    pipeline=Pipeline(
        shape=0.9,
        stalls=0.3,
        price_effect=5.0,
        distance=(0.5, 0.8),
        weighs=(0, 0, 0, 0, 0, 0, 0, 1),
        means=(0.5, 0.0, 0.8),
        intent=(0.55, 0.4, 0.8),
        bound=0.8,
        choice=0.35,
        objections=(
            Objection(name="price", weight=0.36, needs=(1.7, 0.7, 0.6), price=5.0, hardness=0.8),
            Objection(name="need", weight=0.2, needs=(1.0, 0.8, 1.2), hardness=0.6),
            Objection(name="trust", weight=0.18, needs=(0.7, 1.2, 1.2), hardness=0.6),
            Objection(name="time", weight=0.12, hardness=0.4),
            Objection(name="competitor", weight=0.14, needs=(1.2, 0.9, 0.8), rival=0.6, hardness=1.0),
        ),
        answers=(
            Answer(name="smaller cover", weight=0.25, worth=(0.9, -0.4, -0.2, 0.0, 0.4)),
            Answer(name="example of a claim", weight=0.25, worth=(0.2, 1.0, 0.6, 0.0, 0.3), skill=0.3),
            Answer(name="customers who tell", weight=0.2, worth=(0.0, 0.2, 1.2, -0.2, 0.4), skill=0.1),
            Answer(name="comparison", weight=0.15, worth=(0.5, 0.0, 0.2, -0.1, 1.1), skill=0.2),
            Answer(name="cover at once", weight=0.15, worth=(0.0, 0.1, 0.0, 1.1, 0.1)),
        ),
        lost_reasons=_REASONS,
    ),
)  # fmt: skip
