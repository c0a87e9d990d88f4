"""The market: who hears of the firm, when, and what kind of person it is.

Prospects come by channel, with a kind of need, expectations, a pull towards competitors, and all
the dispositions that decide later how they buy, complain and stay. Whoever is brought by a customer
takes after him a little and comes with the expectation that word of mouth gives. This room draws
persons; it moves nobody through the pipeline (``sales``) and serves nobody (``service``).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from crmlab.world import luck
from crmlab.world.setting import Setting

#: Prospects who could hear of the firm, for each who does at the usual advertising.
_POOL = 1.5
AGES = ("18-29", "30-44", "45-59", "60+")
_AGE_BOUNDS, _AGE_SHARES = np.array([18.0, 30, 45, 60, 85]), np.array([0, 0.24, 0.54, 0.8, 1])  # on the opening day
REFERRAL = "referral"
_REFERRAL_ENTRY = (0, 0.1, 0, 0.4, 0.3, 0.2, 0, 0)


def pool(setting: Setting) -> int:
    """How many persons could come through the firm's own channels."""
    return round(setting.customers * setting.industry.prospects_per_customer * _POOL)


def reached(setting: Setting, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the persons hear of the firm: their numbers, keys and days, by day within each month."""
    who = luck.keys(setting.seed, "person", numbers)
    moment = luck.uniform(who, "arrival") * setting.months
    month = moment.astype(np.int64)
    share = (1 + setting.shifts["advertising"][month]) / _POOL
    heard = luck.uniform(who, "hears") < share
    day = setting.first[month] + (moment - month) * np.diff(setting.first)[month]
    return numbers[heard], who[heard], day[heard]


def draw(
    setting: Setting, who: np.ndarray, day: np.ndarray, parent: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Persons from their keys: one array for each attribute; those of ``parent`` are referred by these customers."""
    it = setting.industry
    size = who.size
    shares = np.array([need.share for need in it.needs])
    need = luck.choose(luck.uniform(who, "need"), shares)
    if parent is None:
        channel = luck.choose(luck.uniform(who, "channel"), np.array([channel.weight for channel in it.channels]))
        heard = np.zeros(size)
    else:
        need = np.where(luck.uniform(who, "need of the friend") < 0.5, parent["need"], need)
        channel = np.full(size, len(it.channels))
        heard = np.full(size, it.word_of_mouth)
    entries = np.array([*(channel.entry for channel in it.channels), _REFERRAL_ENTRY], dtype=float)
    pulls = np.array([*(channel.pull for channel in it.channels), 0.35])
    common, own = it.expectation_spread
    shift = np.array([kind.expectation for kind in it.needs])[need]
    expectation = np.array(it.expectation) + shift + (heard + common * luck.normal(who, "expects"))[:, None]
    expectation += own * _five(who, "expects of")
    common, own = it.quality_spread
    quality = np.array(it.quality) + common * luck.normal(who, "is served")[:, None] + own * _five(who, "is served in")
    weight = np.array(it.importance) * np.array([kind.weight for kind in it.needs])[need]
    weight = weight * np.exp(0.25 * _five(who, "weighs"))
    years = np.interp(luck.uniform(who, "age"), _AGE_SHARES, _AGE_BOUNDS)
    rate_shape, rate_mean = it.rate
    p, q, v = it.spend
    return {
        "who": who,
        "day": day,
        "need": need,
        "channel": channel,
        "region": luck.choose(luck.uniform(who, "region"), np.ones(len(it.regions))),
        "age": np.searchsorted(_AGE_BOUNDS[1:-1], years, side="right"),
        "years": years,
        "entry": luck.choose(luck.uniform(who, "entry"), entries[channel]) + 1,
        "fit": luck.normal(who, "fit"),
        "lean": pulls[channel] - (it.competition + 0.4 * luck.normal(who, "competitors")),
        "pull": luck.normal(who, "competitors"),
        "desk": (luck.uniform(who, "desk") * desks(setting)).astype(np.int64),
        "expectation": expectation,
        "quality": quality,
        "weight": weight / weight.sum(axis=1, keepdims=True),
        "mood": 0.3 * luck.normal(who, "mood"),
        "rate": gammaincinv(rate_shape, luck.uniform(who, "rate"))
        * (rate_mean / rate_shape)
        * np.array([kind.rate for kind in it.needs])[need],
        "spend": p * v / gammaincinv(q, luck.uniform(who, "spend")),  # mean of the person's orders: gamma-gamma, p / nu
        "lift": luck.normal(who, "lift"),
        "consent": luck.uniform(who, "consent") < 0.82,
    }


def _five(who: np.ndarray, mechanism: str) -> np.ndarray:
    return np.stack([luck.normal(who, mechanism, ordinal=k) for k in range(5)], axis=1)


def desks(setting: Setting) -> int:
    """How many salespeople the firm employs at a time."""
    return max(2, round(setting.customers / setting.industry.customers_per_salesperson))
