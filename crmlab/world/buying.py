"""Buying: who stays, who leaves, and who orders what.

Without contract a customer buys at a rate of their own until, unseen, they leave at a rate of their own
(Pareto/NBD: Schmittlein, Morrison & Colombo 1987); under contract they leave, if at all, when a term
ends, with a chance of their own (sBG: Fader & Hardie 2007). Loyalty, damage to the relationship and a lost
salesperson act on these chances month by month. This room takes loyalty as given (``service``) and the effect of a
campaign likewise (``campaigns``).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, logit, ndtri

from crmlab.world import dispositions, streams
from crmlab.world.accounts import Purchases
from crmlab.world.desks import Desks
from crmlab.world.event_log import EventLog, cents, days, labels, numbered_ids
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

_TINY = 1e-300  # so that a rate of 0 is never divided by


def join(setting: Setting, customers: Customers) -> None:
    """Draw new customers' disposition to leave, what it costs to serve them, and their tariff if there is a contract."""
    industry = setting.industry
    drawn = dispositions.draw(industry, customers.key, ("dropout", "serve"))
    draw, spread = drawn["dropout"], industry.serve_spread
    own = np.exp(spread * ndtri(drawn["serve"]) - spread**2 / 2)
    customers.cost_to_serve = own * np.array([need.serve for need in industry.needs])[customers.need]
    by_channel = np.array([*(channel.dropout for channel in industry.channels), industry.referral_dropout])
    factor = np.array([need.dropout for need in industry.needs])[customers.need] * by_channel[customers.channel]
    if not industry.contract:
        shape, mean = industry.dropout
        customers.dropout = gammaincinv(shape, draw) * mean / shape * factor
        return
    weights = _product_weights(setting)[customers.need] * _fees(setting).astype(bool)
    customers.tariff = streams.choose(streams.uniform(customers.key, "plan"), weights)
    by_month = _terms(setting)[customers.tariff] == 1
    (a_month, b_month), (a_year, b_year) = industry.monthly_churn, industry.yearly_churn
    chance = betaincinv(np.where(by_month, a_month, a_year), np.where(by_month, b_month, b_year), draw)
    customers.dropout = chance * factor / (1 + chance * (factor - 1))  # the odds times the factor


def leave(setting: Setting, desks: Desks, customers: Customers, doubt: np.ndarray | float, t: int) -> None:
    """Draw who leaves in month ``t``, and when: moves ``left`` and ``orphaned``. ``doubt`` adds to the log rate."""
    industry = setting.industry
    # whoever came later never knew the one who left
    lost = desks.orphaned[customers.desk, t] * (customers.won < setting.month_start[t])
    customers.orphaned = industry.bond_fading * customers.orphaned + industry.bond * lost
    lasting, spread = industry.estrangement
    if spread:
        customers.estranged = lasting * customers.estranged + spread * streams.normal(customers.key, "estranged", t)
    push = -customers.loyalty + customers.relationship_damage + customers.orphaned
    pull = customers.competitor_utility + setting.shifts["rival"][t]
    push = push + industry.competitor_effect * pull + doubt + customers.estranged - customers.kept
    draw = streams.uniform(customers.key, "leaves", t)
    unheld = 1 - setting.shifts["loyalty"][t]
    if industry.contract:
        renewal = setting.moment_in(t, _share_of_month(setting, customers.won))
        leaves = due(setting, customers, t) & (draw < unheld * expit(logit(customers.dropout) + push))
        customers.left = np.where(leaves, renewal, np.nan)
    else:
        start = np.maximum(customers.won, setting.month_start[t])
        length = setting.month_start[t + 1] - setting.month_start[t]
        moment = start - np.log1p(-draw) / (customers.dropout * np.exp(push) * unheld + _TINY) * length
        customers.left = np.where(moment < setting.month_start[t + 1], moment, np.nan)


def due(setting: Setting, customers: Customers, t: int) -> np.ndarray:
    """Return the mask of those whose term ends in month ``t``."""
    begun = setting.month_of(customers.won)
    return (t > begun) & ((t - begun) % _terms(setting)[customers.tariff] == 0)


def _share_of_month(setting: Setting, day: np.ndarray) -> np.ndarray:
    month = setting.month_of(day)
    return (day - setting.month_start[month]) / np.diff(setting.month_start)[month]


def rate(setting: Setting, customers: Customers, t: int) -> np.ndarray:
    """Return the expected orders in the whole of month ``t``, campaigns of the month aside."""
    industry = setting.industry
    season = industry.season[t % 12] if setting.seasons else 1.0
    wanes = np.exp(-industry.waning * trouble(customers) - customers.borrowed)
    return untroubled_rate(setting, customers, t, season) * wanes


def trouble(customers: Customers) -> np.ndarray:
    """Return what drives customers away beside discontent and competitors, on the log rate of leaving, shape (n,)."""
    return customers.relationship_damage + customers.orphaned + customers.estranged


def share_present(setting: Setting, customers: Customers, t: int) -> np.ndarray:
    """Return for which share of month ``t`` each of its customers was one, shape (n,)."""
    start, end = _stay(setting, customers, t)
    return (end - start) / (setting.month_start[t + 1] - setting.month_start[t])


def _stay(setting: Setting, customers: Customers, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Return from when to when each was a customer in month ``t``."""
    end = np.where(customers.present, setting.month_start[t + 1], customers.left)
    return np.maximum(customers.won, setting.month_start[t]), end


def untroubled_rate(setting: Setting, customers: Customers, t: int, season: float = 1.0) -> np.ndarray:
    """Return the expected orders of a month at the prices of month ``t``, before anything drives customers away."""
    industry, loyalty = setting.industry, customers.loyalty
    by_need = np.array([need.elasticity for need in industry.needs])
    elasticity = industry.elasticity * by_need[customers.need] * np.exp(-industry.tolerance * loyalty)
    elasticity = elasticity * (1 + industry.rival_elasticity * setting.shifts["rival"][t])
    price = np.exp(-elasticity * np.log1p(setting.shifts["price"][t]))
    return (
        customers.purchase_rate
        * season
        * price
        * np.exp(industry.rate_effect * loyalty)
        * (1 + industry.cross_rate * customers.upsell_wins)
    )


def margins(setting: Setting, customers: Customers, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what an order and what a month of contract leave on average at the prices of month ``t``, each of shape (n,)."""
    industry, price, dearer = setting.industry, 1 + setting.shifts["price"][t], 1 + setting.shifts["operating_cost"][t]
    cost_shares = np.array([product.cost_share for product in industry.products])
    weights = _product_weights(setting) * (_fees(setting) == 0)
    goods = (weights @ cost_shares / weights.sum(axis=1))[customers.need]
    dearer = dearer * customers.cost_to_serve
    by_order = customers.mean_spend * (price - goods) - industry.order_cost * dearer
    if not industry.contract:
        return by_order, np.zeros(len(customers))
    fee = _fees(setting)[customers.tariff] * (1 + industry.cross_rate * customers.upsell_wins)
    return by_order, fee * (price - cost_shares[customers.tariff]) - industry.monthly_cost * dearer


def order(setting: Setting, log: EventLog, customers: Customers, lift: np.ndarray, discount: np.ndarray, t: int) -> Purchases:
    """Draw and write the orders of month ``t``; moves ``recent_orders``.

    ``lift`` is what campaigns add to the log of the rate, ``discount`` what they take off the amounts, shape (n,).
    """
    industry, n = setting.industry, len(customers)
    start, end = _stay(setting, customers, t)
    share = share_present(setting, customers, t)
    mean = rate(setting, customers, t) * np.exp(lift) * share
    first = (customers.won >= setting.month_start[t]) & (not industry.contract)  # becoming a customer is the first order
    back = customers.returned == setting.month_start[t]  # and so is returning
    count = streams.poisson(streams.uniform(customers.key, "orders", t), mean) + first + back
    buyer = np.repeat(np.arange(n), count)
    ordinal = np.arange(buyer.size) - (np.cumsum(count) - count)[buyer] + ~first[buyer]  # 0 is the first order of all
    moment = streams.uniform(customers.key[buyer], "order moment", t, ordinal)
    moment = start[buyer] + moment * (end - start)[buyer] * (ordinal > 0)
    amount, goods, product = _baskets(setting, customers, buyer, ordinal, discount, t)
    by_time = np.lexsort((moment, buyer))
    log.add(
        "orders", customers.person[buyer][by_time], order_id=numbered_ids("O"), order_date=days(moment[by_time]),
        amount=cents(amount[by_time]), product_id=labels(product[by_time], product_ids(setting)),
        discount=discount[buyer][by_time],
    )  # fmt: skip
    customers.recent_orders = industry.recency_fading * customers.recent_orders + count
    customers.last_order = np.where(count > 0, t, customers.last_order)
    forward, fading = industry.pull_forward
    customers.borrowed = fading * customers.borrowed + forward * np.maximum(lift, 0) * (discount > 0)
    dearer = (1 + setting.shifts["operating_cost"][t]) * customers.cost_to_serve
    handling = np.round(100 * industry.order_cost * dearer).astype(np.int64)
    purchases = Purchases(count, _sum(buyer, amount, n), _sum(buyer, goods, n), handling * count)
    if industry.contract:
        _charge_fees(setting, customers, purchases, share, t)
    return purchases


def forget_orders(setting: Setting, churned: Customers) -> None:
    """Let the recent orders of those who have left fade by a month."""
    churned.recent_orders = setting.industry.recency_fading * churned.recent_orders


def come_back(setting: Setting, churned: Customers, appeal: np.ndarray, t: int) -> np.ndarray:
    """Draw who of those who have left is back on the first day after month ``t``; ``appeal`` adds to the log-odds."""
    industry = setting.industry
    chance = expit(logit(industry.returns) + industry.return_effect * churned.loyalty + appeal)
    return streams.uniform(churned.key, "comes back", t) < chance


def _baskets(
    setting: Setting, customers: Customers, buyer: np.ndarray, ordinal: np.ndarray, discount: np.ndarray, t: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw amount and cost of goods (cents) and product of each order."""
    industry, key, p = setting.industry, customers.key[buyer], setting.industry.spend[0]
    spent = gammaincinv(p, streams.uniform(key, "amount", t, ordinal)) / p * customers.mean_spend[buyer]
    paid = spent * (1 + setting.shifts["price"][t]) * (1 - discount[buyer])
    amount = np.maximum(np.round(100 * paid).astype(np.int64), 1)
    weights = _product_weights(setting)[customers.need] * (_fees(setting) == 0)
    product = streams.choose(streams.uniform(key, "product", t, ordinal), weights[buyer])
    cost_shares = np.array([product.cost_share for product in industry.products])
    return amount, np.round(100 * spent * cost_shares[product]).astype(np.int64), product


def _charge_fees(setting: Setting, customers: Customers, purchases: Purchases, share: np.ndarray, t: int) -> None:
    """Add what contracts bring and cost in month ``t``, for the share of it that each customer was there."""
    industry = setting.industry
    cost_shares = np.array([product.cost_share for product in industry.products])
    list_fee = 100 * share * _fees(setting)[customers.tariff] * (1 + industry.cross_rate * customers.upsell_wins)
    fee = np.round(list_fee * (1 + setting.shifts["price"][t]))
    served = 100 * share * industry.monthly_cost * (1 + setting.shifts["operating_cost"][t]) * customers.cost_to_serve
    for amounts, added in (
        (purchases.revenue, fee),
        (purchases.goods_cost, np.round(list_fee * cost_shares[customers.tariff])),
        (purchases.service_cost, np.round(served)),
    ):
        amounts += added.astype(np.int64)


def write_contracts(setting: Setting, log: EventLog, customers: Customers) -> None:
    """Write the contracts of customers who have just left, or are there at the end of the period."""
    price = setting.shifts["price"][setting.month_of(customers.won)]
    fee = np.round(100 * _fees(setting)[customers.tariff] * (1 + price)) / 100
    log.add(
        "contracts", customers.person, contract_id=numbered_ids("K"),
        product_id=labels(customers.tariff, product_ids(setting)), started=days(customers.won),
        term_months=_terms(setting)[customers.tariff], monthly_fee=fee, ended=days(customers.left),
    )  # fmt: skip


def product_ids(setting: Setting) -> tuple[str, ...]:
    """Return the ids of the products in the tables."""
    return tuple(f"A{number + 1:02d}" for number in range(len(setting.industry.products)))


def _product_weights(setting: Setting) -> np.ndarray:
    return np.array([need.products for need in setting.industry.needs], dtype=float)


def _fees(setting: Setting) -> np.ndarray:
    return np.array([product.monthly_fee for product in setting.industry.products])


def _terms(setting: Setting) -> np.ndarray:
    return np.array([product.term_months for product in setting.industry.products])


def _sum(groups: np.ndarray, amounts: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(groups, weights=amounts, minlength=n).astype(np.int64)  # exact: far below 2**53
