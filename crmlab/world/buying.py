"""Buying: who stays, who leaves, who orders what, and who brings a friend.

Without contract a customer buys at a rate of his own until, unseen, he leaves at a rate of his own
(Pareto/NBD: Schmittlein, Morrison & Colombo 1987); under contract he leaves, if at all, when a term
ends, with a chance of his own (sBG: Fader & Hardie 2007). Loyalty, harm and a lost salesperson act on
these chances month by month. This room takes loyalty as given (``service``) and the effect of a
campaign likewise (``campaigns``).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, logit

from crmlab.world import luck
from crmlab.world.setting import Book, Setting, cents, days, numbered, words


def join(setting: Setting, them: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """New customers' dispositions to leave, and their plan if there is a contract."""
    it, who, zero = setting.industry, them["who"], np.zeros(them["who"].size)
    state = dict.fromkeys(("hurt", "harm", "alone", "pressure", "recent", "loyalty"), zero) | {
        "extra": zero.astype(np.int64), "runs": zero.astype(np.int64) + 1, "free": zero, "plan": zero.astype(np.int64) - 1,
    }  # fmt: skip
    draw = luck.uniform(who, "stays")
    if not it.contract:
        shape, mean = it.dropout
        return them | state | {"leaving": gammaincinv(shape, draw) * mean / shape}
    weights = _product_weights(setting)[them["need"]] * _fees(setting).astype(bool)
    plan = luck.choose(luck.uniform(who, "plan"), weights)
    by_month = _terms(setting)[plan] == 1
    (a1, b1), (a12, b12) = it.monthly_churn, it.yearly_churn
    leaving = betaincinv(np.where(by_month, a1, a12), np.where(by_month, b1, b12), draw)
    return them | state | {"plan": plan, "leaving": leaving}


def due(setting: Setting, them: dict[str, np.ndarray], t: int) -> None:
    """Whose term ends in month ``t``, and until when each is a customer this month at the most."""
    them["due"], them["until"] = np.zeros(them["who"].size, dtype=bool), np.full(them["who"].size, setting.first[t + 1])
    if setting.industry.contract:
        begun = setting.month(them["won"])
        part = (them["won"] - setting.first[begun]) / np.diff(setting.first)[begun]
        them["due"] = (t > begun) & ((t - begun) % _terms(setting)[them["plan"]] == 0)
        renewal = setting.first[t] + part * (setting.first[t + 1] - setting.first[t])
        them["until"] = np.where(them["due"], renewal, them["until"])


def leave(setting: Setting, them: dict[str, np.ndarray], alone: np.ndarray, t: int, doubt: np.ndarray | float = 0.0) -> None:
    """Who leaves in month ``t``: ``left`` is the day, nan for those who stay. ``doubt`` adds to the log rate."""
    it = setting.industry
    lost = alone[them["desk"], t] * (them["won"] < setting.first[t])  # whoever came later never knew the one who left
    them["alone"] = 0.7 * them["alone"] + it.bond * lost
    push = -them["loyalty"] + them["harm"] + them["alone"] + it.pull_effect * them["pull"] + doubt
    draw = luck.uniform(them["who"], "leaves", t)
    hold = 1 - setting.shifts["loyalty"][t]
    if it.contract:
        goes = them["due"] & (draw < hold * expit(logit(them["leaving"]) + push))
        them["left"] = np.where(goes, them["until"], np.nan)
    else:
        start = np.maximum(them["won"], setting.first[t])
        length = setting.first[t + 1] - setting.first[t]
        moment = start - np.log1p(-draw) / (them["leaving"] * np.exp(push) * hold + 1e-300) * length
        them["left"] = np.where(moment < setting.first[t + 1], moment, np.nan)


def rate(setting: Setting, them: dict[str, np.ndarray], t: int) -> np.ndarray:
    """Expected orders in the whole of month ``t``, campaigns aside."""
    it = setting.industry
    season = it.season[t % 12] if setting.seasons else 1.0
    mind = it.elasticity * np.exp(-it.tolerance * them["loyalty"])
    price = np.exp(-mind * np.log1p(setting.shifts["price"][t]))
    return them["rate"] * season * price * np.exp(it.rate_effect * them["loyalty"]) * (1 + it.cross_rate * them["extra"])


def order(setting: Setting, book: Book, them: dict[str, np.ndarray], lift: np.ndarray, discount: np.ndarray, t: int) -> None:
    """The orders of month ``t``; updates ``recent`` and the money of the month (cents)."""
    it, who, size = setting.industry, them["who"], them["who"].size
    start = np.maximum(them["won"], setting.first[t])
    end = np.where(np.isnan(them["left"]), setting.first[t + 1], them["left"])
    share = (end - start) / (setting.first[t + 1] - setting.first[t])
    count = luck.poisson(luck.uniform(who, "orders", t), rate(setting, them, t) * np.exp(lift) * share)
    first = (them["won"] >= setting.first[t]) & (not it.contract)  # becoming a customer is the first order
    buyer = np.repeat(np.arange(size), count + first)
    begins = np.cumsum(count + first) - (count + first)
    ordinal = np.arange(buyer.size) - begins[buyer] + ~first[buyer]  # 0 is the first order of all
    key = who[buyer]
    moment = start[buyer] + luck.uniform(key, "order moment", t, ordinal) * (end - start)[buyer] * (ordinal > 0)
    p = it.spend[0]
    spent = gammaincinv(p, luck.uniform(key, "amount", t, ordinal)) / p * them["spend"][buyer]
    paid = spent * (1 + setting.shifts["price"][t]) * (1 - discount[buyer])
    amount = np.maximum(np.round(100 * paid).astype(np.int64), 1)
    weights = _product_weights(setting)[them["need"]] * (_fees(setting) == 0)
    product = luck.choose(luck.uniform(key, "product", t, ordinal), weights[buyer])
    shares = np.array([each.cost_share for each in it.products])
    goods = np.round(100 * spent * shares[product]).astype(np.int64)
    handling = round(100 * it.order_cost * (1 + setting.shifts["operating_cost"][t]))
    place = np.lexsort((moment, buyer))
    book.add(
        "orders", them["person"][buyer][place], order_id=numbered("O"), order_date=days(moment[place]),
        amount=cents(amount[place]), product_id=words(product[place], product_ids(setting)), discount=discount[buyer][place],
    )  # fmt: skip
    them["orders"] = count + first
    them["recent"] = 0.7 * them["recent"] + them["orders"]
    them["revenue"] = _sum(buyer, amount, size)
    them["goods_cost"] = _sum(buyer, goods, size)
    them["service_cost"] = them["ticket_cost"] + handling * them["orders"]
    if it.contract:
        list_fee = 100 * share * _fees(setting)[them["plan"]] * (1 + it.cross_rate * them["extra"])
        fee = np.round(list_fee * (1 + setting.shifts["price"][t]))
        them["revenue"] += fee.astype(np.int64)
        them["goods_cost"] += np.round(list_fee * shares[them["plan"]]).astype(np.int64)
        served = 100 * share * it.monthly_cost * (1 + setting.shifts["operating_cost"][t])
        them["service_cost"] += np.round(served).astype(np.int64)


def contracts(setting: Setting, book: Book, them: dict[str, np.ndarray]) -> None:
    """Write down the contracts of customers who have just left, or are there at the end of the period."""
    begun = setting.shifts["price"][setting.month(them["won"])]
    fee = np.round(100 * _fees(setting)[them["plan"]] * (1 + begun)) / 100
    book.add(
        "contracts", them["person"], contract_id=numbered("K"), product_id=words(them["plan"], product_ids(setting)),
        started=days(them["won"]), term_months=_terms(setting)[them["plan"]], monthly_fee=fee, ended=days(them["left"]),
    )  # fmt: skip


def refer(setting: Setting, them: dict[str, np.ndarray], t: int) -> np.ndarray:
    """Who of those that stay recommends the firm to a friend in month ``t``."""
    it = setting.industry
    chance = np.minimum(it.referral * np.exp(it.referral_effect * them["loyalty"]), 0.5)
    return np.isnan(them["left"]) & (luck.uniform(them["who"], "refers", t) < chance)


def product_ids(setting: Setting) -> tuple[str, ...]:
    """Names of the products in the tables."""
    return tuple(f"A{number + 1:02d}" for number in range(len(setting.industry.products)))


def _product_weights(setting: Setting) -> np.ndarray:
    return np.array([need.products for need in setting.industry.needs], dtype=float)


def _fees(setting: Setting) -> np.ndarray:
    return np.array([product.monthly_fee for product in setting.industry.products])


def _terms(setting: Setting) -> np.ndarray:
    return np.array([product.term_months for product in setting.industry.products])


def _sum(groups: np.ndarray, amounts: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(groups, weights=amounts, minlength=size).astype(np.int64)  # exact: far below 2**53
