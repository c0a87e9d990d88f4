"""Presets: the second edition of the industries, and every preset by its name.

The blocks here say only what differs from the first edition of the same firm in ``industries``. What is new acts through
fields that are neutral there; docs/decisions/015 tells why each number is what it is. Origins are tagged as in
``industries``: where nothing is said, a number is [C].
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crmlab.errors import ArgumentError
from crmlab.world.bookings import Bookings
from crmlab.world.call_centre import CallCentre
from crmlab.world.industries import REBATE_SITE, RETAILER, TELECOM, Campaign, Channel, Correlation, Industry, Need
from crmlab.world.presets_deals import HOMEBUILDER, INSURER, MANUFACTURER
from crmlab.world.trouble import Farewell, Trouble

#: What several records of one person cost.
_BOOKINGS = Bookings(
    elsewhere=0.5,
    listed=0.7,
    household=(0.35, 4),
    switchboard=(0.05, 0.5, 400),
    characters=0.3,
    till_address=0.3,
    moving=0.5,
    marrying=2.0,
)
#: What goes wrong by itself costs nothing.
_FREE = tuple((cause, 0.0) for cause in ("focus", "bargain_mix", "list_decay", "newsletters", "departures", "rival"))

#: What both second editions have in common.
_SECOND: dict[str, Any] = dict(
    waning=0.7,
    rival_elasticity=0.3,
    voice=0.6,
    forgetting=0.92,
    unsolved=0.25,
    answer=(-0.6, 0.6),
    late_answer=(-1.2, 0.3),
    reminders=2,
    call_back=(0.12, 0.8),
    stated=(0.85, 0.15),
    stated_bias=(-0.4, 0.3, 0.25, 0.2, -0.25),
    halo=0.25,
    trust=(4.7, 0.9, 0.7),
    commitment=(4.6, 0.7, 0.8),
    listening_effect=1.0,
    standard_effect=0.4,
    standard_life=(0.85, 0.05),
    standard_follows=0.0,
    pull_forward=(0.7, 0.5),
    keep_spread=0.25,
    recent_keep=0.2,
    keep_fading=0.9,
    annoyance=0.15,
    patience=2.0,
    newsletter_cost=0.02,
    bond=1.2,
    bond_fading=0.9,
    call_keep=0.15,
    call_weight=0.4,
    call_cost=2.0,
    horizon=36,
    bookings=_BOOKINGS,
    prospect_records=True,
)  # fmt: skip

RETAILER_2 = replace(
    RETAILER,
    **_SECOND,
    name="retailer-v2",
    channels=(
        Channel(name="online advert", weight=0.34, entry=(0.7, 0.15, 0, 0.1, 0.05, 0, 0, 0), log_odds=-0.1,
                needs=(2.4, 0.4, 0.8, 0.3), dropout=1.8, lift=0.3, mix=1.0),  # bargain hunters
        Channel(name="search", weight=0.26, entry=(0.2, 0.2, 0, 0.2, 0.3, 0.1, 0, 0), log_odds=0.1,
                needs=(0.9, 0.9, 1.5, 0.8)),
        Channel(name="shop", weight=0.22, entry=(0, 0, 0, 0.2, 0.6, 0.2, 0, 0), log_odds=0.15,
                needs=(0.35, 1.7, 0.9, 2.2), dropout=0.6, lift=-0.3, mix=-0.8),
        Channel(name="mailing", weight=0.18, entry=(0.9, 0.1, 0, 0, 0, 0, 0, 0), log_odds=-0.15,
                needs=(0.7, 1.4, 0.8, 1.4), mix=-0.6, bought_list=True),
    ),
    needs=(
        Need(name="price", share=0.38, expectation=(0, -0.1, -0.2, -0.2, 0), weight=(1.2, 0.7, 0.6, 0.5, 1.0),
             products=(4, 3, 2, 1.2, 1, 0.4), rate=0.8, spend=0.65, dropout=1.35, elasticity=1.4, lift=0.8, keep=-1.3,
             focus=0.4, regions=(1.3, 1.3, 0.8, 0.8), age=-0.3),
        Need(name="service", share=0.27, expectation=(0.1, 0.2, 0, 0.3, 0.2), weight=(1.0, 1.3, 0.7, 1.8, 1.2),
             products=(1.5, 1.8, 3.5, 1.5, 2.5, 1), rate=1.1, spend=1.1, dropout=0.75, elasticity=0.7, lift=-0.9, keep=0.6,
             focus=-1.0, regions=(1, 0.8, 1.1, 1.1), age=0.6),
        Need(name="convenience", share=0.25, expectation=(0.1, 0, 0, -0.1, 0.3), weight=(1.1, 0.7, 0.7, 0.6, 1.7),
             products=(2.2, 1.5, 1.2, 3.5, 1, 0.7), rate=1.35, spend=0.95, dropout=0.9, lift=0.0, keep=-0.2, focus=-0.4,
             regions=(0.8, 1, 1, 1.2), age=-0.5),
        Need(name="status", share=0.10, expectation=(0, 0.2, 0.5, 0.1, 0), weight=(0.7, 1.1, 2.6, 1.1, 0.7),
             products=(0.6, 1, 1, 2.2, 3, 3.5), rate=0.8, spend=2.1, dropout=0.8, elasticity=0.5, lift=-0.4, keep=0.5,
             focus=-0.8, regions=(0.7, 0.7, 1.4, 1.2), age=0.4),
    ),
    referral_needs=(0.6, 1.5, 1.0, 1.2),
    referral_dropout=0.5,
    correlations=(
        Correlation(first="fit", second="rate", value=0.25), Correlation(first="fit", second="spend", value=0.15),
        Correlation(first="fit", second="dropout", value=-0.35), Correlation(first="fit", second="quality", value=0.2),
        Correlation(first="rate", second="dropout", value=-0.4), Correlation(first="rate", second="response", value=-0.2),
        Correlation(first="pull", second="dropout", value=0.15),
    ),
    flat_zone=(-0.5, 0.5),
    slopes=(2.0, 0.8, 1.3),
    dropout=(5.0, 0.0032),  # loyalty, trouble and estrangement multiply it: 25 % leave in a year [B]
    rate=(0.55, 0.145),  # 4 in 10 of those who bought first in a first quarter buy again, as at CDNOW [B]
    spend=(5.0, 8.0, 88.0),  # mean p v / (q - 1) = 63; the fifth who pay most bring about 68 % of the revenue [B]
    estrangement=(0.95, 0.5),
    usage=(6.0, 0.35, 0.9),  # visits of the shop's pages
    returns=0.008,
    return_effect=0.3,
    voice_effect=0.8,
    relationship_damage=1.4,
    slow_damage=0.7,
    slowness_effect=0.4,
    unsolved_damage=0.7,
    campaigns=(
        Campaign(name="care letter", month_of_year=1, channel="letter", share=0.5, keep=0.9, cost=0.5),
        Campaign(name="spring letter", month_of_year=3, channel="letter", share=0.6, lift=0.85, cost=0.5),
        Campaign(name="win-back letter", month_of_year=5, channel="letter", share=0.5, discount=0.15, lift=0.5, cost=0.5,
                 win_back=3.0, silent_months=6),
        Campaign(name="summer offer", month_of_year=6, channel="e-mail", targeted=True, discount=0.10, lift=0.6, cost=0.05),
        Campaign(name="save offer", month_of_year=8, channel="e-mail", targeted=True, keep=0.6, cost=0.05),
        Campaign(name="autumn e-mail", month_of_year=9, channel="e-mail", share=0.34, lift=0.5, cost=0.05),
        Campaign(name="autumn offer", month_of_year=9, channel="e-mail", share=0.33, lift=0.9, discount=0.10, cost=0.05,
                 lot_of="autumn e-mail"),
        Campaign(name="winter offer", month_of_year=11, channel="letter", targeted=True, discount=0.10, lift=0.6, cost=0.5),
    ),
    lift_spread=0.2,
    recent_lift=-0.55,
    trouble=Trouble(
        price_leaving=2.5, price_winning=2.5, dead_addresses=1.0, dead_cost=5.0, question_weight=0.3, departure_months=3,
        newsletters=0.1, budget=(0.3, 0.9, 0.2),
    ),
    elasticity=2.4,
    price_pain=2.3,
    fixed_cost=0.3,
    farewell=Farewell(asked=0.5, answered=0.3, honest=0.65, polite=(1, 1, 3, 0.3, 0.7, 2, 2)),
    costs=(*RETAILER.costs, ("listening", 0.15), ("standards", 0.3), *_FREE),
)  # fmt: skip

TELECOM_2 = replace(
    TELECOM,
    **_SECOND,
    name="telecom-v2",
    channels=(
        Channel(name="online", weight=0.36, entry=(0.4, 0.1, 0, 0.2, 0.2, 0.1, 0, 0), log_odds=0.05,
                needs=(1.5, 0.9, 0.5), dropout=1.3, lift=0.3, mix=1.0),  # bargain hunters
        Channel(name="shop", weight=0.26, entry=(0, 0, 0, 0.2, 0.5, 0.3, 0, 0), log_odds=0.15,
                needs=(0.6, 0.9, 1.8), dropout=0.75, lift=-0.3, mix=-0.8),
        Channel(name="call centre", weight=0.24, entry=(0.8, 0.2, 0, 0, 0, 0, 0, 0), log_odds=-0.1, needs=(0.9, 0.9, 1.4),
                mix=-0.7, bought_list=True),
        Channel(name="partner", weight=0.14, entry=(0.2, 0.4, 0.1, 0.3, 0, 0, 0, 0), log_odds=0.0, needs=(0.7, 1.6, 0.7),
                mix=-0.4),
    ),
    needs=(
        Need(name="price", share=0.42, expectation=(-0.1, -0.1, -0.2, -0.2, 0), weight=(1.1, 0.7, 0.6, 0.6, 1.0), rate=0.7,
             products=(8, 1.5, 0.3, 0.1, 0.7, 1.6), spend=0.8, dropout=1.35, elasticity=1.4, lift=0.8, keep=-1.3,
             focus=0.4, age=-0.3, regions=(1.3, 1.2, 0.8, 0.8), serve=0.6),
        Need(name="network", share=0.33, expectation=(0.3, 0, 0, 0, 0.1), weight=(1.9, 0.8, 0.5, 0.6, 1.0), rate=1.2,
             products=(0.4, 1, 3, 4, 2.4, 0.8), spend=1.2, dropout=0.85, elasticity=0.8, lift=0.0, keep=0.3,
             focus=-0.6, age=-0.2, regions=(0.8, 1, 1.2, 1), serve=1.1),
        Need(name="care", share=0.25, expectation=(0.1, 0.2, 0, 0.3, 0.3), weight=(0.8, 1.3, 0.6, 1.9, 1.3), rate=1.1,
             products=(0.4, 2, 3, 3, 1, 1.3), spend=1.1, dropout=0.7, elasticity=0.7, lift=-0.8, keep=0.6, focus=-1.0, age=0.7,
             regions=(0.9, 0.8, 1, 1.2), serve=1.4),
    ),
    referral_needs=(0.7, 1.1, 1.4),
    referral_dropout=0.7,
    correlations=(
        Correlation(first="fit", second="rate", value=0.25), Correlation(first="fit", second="spend", value=0.15),
        Correlation(first="fit", second="dropout", value=-0.35), Correlation(first="fit", second="quality", value=0.2),
        Correlation(first="rate", second="dropout", value=-0.3), Correlation(first="rate", second="response", value=-0.2),
        Correlation(first="pull", second="dropout", value=0.15),
        Correlation(first="fit", second="serve", value=-0.2),
        Correlation(first="dropout", second="serve", value=-0.35),  # a flat fee keeps those who use much, and cost much
    ),
    products=(
        replace(TELECOM.products[0], monthly_fee=15), TELECOM.products[1], replace(TELECOM.products[2], monthly_fee=38),
        replace(TELECOM.products[3], monthly_fee=80), *TELECOM.products[4:],
    ),
    monthly_churn=(1.5, 230.0),  # trouble and loyalty below 0 raise both: a quarter leave in a year [B]
    yearly_churn=(2.0, 85.0),
    rate=(0.4, 0.16),
    spend=(4.0, 3.0, 30.0),
    monthly_cost=11.0,
    serve_spread=1.2,  # a few cost more than they pay: a stay alone makes no profit (Reinartz & Kumar 2000) [B] direction
    fixed_cost=1.0,
    estrangement=(0.95, 0.45),
    usage=(12.0, 0.35, 0.6),  # days on which the line was used much
    voice_effect=0.6,
    relationship_damage=1.2,
    slow_damage=1.3,
    slowness_effect=0.45,
    unsolved_damage=0.6,
    campaigns=(
        Campaign(name="loyalty letter", month_of_year=2, channel="letter", share=0.5, keep=1.0, cost=0.5),
        Campaign(name="handset letter", month_of_year=4, channel="letter", share=0.5, lift=0.9, cost=0.5),
        Campaign(name="upgrade call", month_of_year=7, channel="phone", targeted=True, discount=0.1, lift=0.8, cost=2.5),
        Campaign(name="roaming e-mail", month_of_year=10, channel="e-mail", share=0.34, lift=0.7, cost=0.03),
        Campaign(name="roaming offer", month_of_year=10, channel="e-mail", share=0.33, lift=1.1, discount=0.1, cost=0.03,
                 lot_of="roaming e-mail"),
    ),
    lift_spread=0.1,
    recent_lift=-0.8,
    trouble=Trouble(
        price_leaving=8.0, price_winning=5.0, price_release=True, haggling=0.06, dead_addresses=1.0, dead_cost=10.0,
        question_weight=0.4, poaching=1.0, departure_months=3, newsletters=0.1, budget=(0.5, 0.9, 0.2),
    ),
    price_pain=7.5,
    farewell=Farewell(asked=1.0, answered=0.8, honest=0.65, polite=(1, 1, 3, 0.3, 0.7, 2, 2)),
    calls=CallCentre(
        rate=(3.0, 0.8),  # ten calls a year, about double the usual, so that 20,000 customers keep several agents busy
        reasons=(("bill", 0.34), ("tariff", 0.22), ("settings", 0.26), ("roaming", 0.10), ("contract", 0.08)),
        week=(1.7, 1.15, 1.05, 0.9, 0.9, 0.75, 0.55),  # Monday brings what the weekend has left
        day=(0,) * 8 + (0.5, 1.1, 2.0, 1.5, 0.8, 0.6, 1.0, 1.3, 1.7, 0.9, 0.6, 0.4) + (0,) * 4,  # two peaks (Brown et al. 2005)
        patience_seconds=420.0,
        handling_seconds=(360.0, 0.8),
        planned_week=(1.15, 1.15, 1.15, 1.15, 1.15, 0.75, 0.55),  # working days as if they were alike
        service_level=(0.7, 20.0),
        growth=(1.044, 0.022),  # from firms of 20,000 [B]
        transfer=0.18,
        solving=(1.2, 0.5, -1.1),
        repeats=(0.6, 0.5),
        usual_call=1.2,  # above 1, for a poor call drives away more than a good one keeps: as many leave as without calls [B]
        goodwill=0.25,
        wait_hurts=0.13,
        hanging_up_hurts=0.15,
        transfer_hurts=0.02,
        unsolved_hurts=0.05,
    ),
    costs=(*TELECOM.costs, ("listening", 0.1), ("standards", 0.2), ("staffing", 2.8), *_FREE),
)  # fmt: skip

_SECTORS = (RETAILER, TELECOM, REBATE_SITE, MANUFACTURER, HOMEBUILDER, INSURER)
PRESETS = {industry.name: industry for industry in (*_SECTORS, RETAILER_2, TELECOM_2)}
#: The version that a plain name means.
USUAL = {each.name.rpartition("-v")[0]: each.name for each in (*_SECTORS, RETAILER_2, TELECOM_2)}


def industry(name: object) -> Industry:
    """Return the preset of that name, or the given ``Industry`` itself."""
    if isinstance(name, Industry):
        return name
    preset = PRESETS.get(USUAL.get(name, name)) if isinstance(name, str) else None
    if preset is None:
        raise ArgumentError(
            f"no industry is called {name!r}. The industries: {', '.join((*USUAL, *PRESETS))}; or give your own `Industry`."
        )
    return preset
