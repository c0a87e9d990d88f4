"""The market: who hears of the firm, when, and what kind of person it is.

Prospects come by channel, with a kind of need, expectations, a utility of competitors, and all
the dispositions that decide later how they buy, complain and stay. A friend brought by a customer
takes after them a little and comes with the expectation that word of mouth gives. This room draws
persons; it moves nobody through the pipeline (``sales``) and serves nobody (``service``).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit, gammaincinv, ndtr, ndtri

from crmlab import tables
from crmlab.world import dispositions, streams
from crmlab.world.event_log import EventLog, days, person_ids
from crmlab.world.industries import Industry
from crmlab.world.population import Customers, People
from crmlab.world.setting import Setting

REFERRAL = "referral"


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Persons who hear of the firm, and how they come.

    Attributes
    ----------
    people : People
    day : ndarray, shape (n,)
        In days since the opening.
    entry : ndarray of int, shape (n,)
        The stage, from 1, at which they enter the pipeline.
    number, parent, month : ndarray of int, shape (n,)
        The place in the pool of those who come by the firm's own channels; the place in the block of those who brought the
        others, and in which month. -1 where it does not apply.
    """

    people: People
    day: np.ndarray
    entry: np.ndarray
    number: np.ndarray
    parent: np.ndarray
    month: np.ndarray


def pool_size(setting: Setting) -> int:
    """Return how many persons could come through the firm's own channels."""
    return round(setting.customers * setting.industry.prospects_per_customer * setting.industry.pool)


def count_desks(setting: Setting) -> int:
    """Return how many salespeople the firm employs at a time."""
    return max(setting.industry.fewest_salespeople, round(setting.customers / setting.industry.customers_per_salesperson))


def channel_names(industry: Industry) -> tuple[str, ...]:
    """Return the names of the channels; referral stands last."""
    return (*(channel.name for channel in industry.channels), REFERRAL)


def age_labels(industry: Industry) -> tuple[str, ...]:
    """Return the names of the age groups, such as "18-29"; the last one is open."""
    *bounded, (last, _) = pairwise(industry.age_bounds)
    return (*(f"{low:g}-{high - 1:g}" for low, high in bounded), f"{last:g}+")


def reach(setting: Setting, numbers: np.ndarray) -> Arrivals:
    """Draw who of the pool hears of the firm, when, and what kind of person each is."""
    key = streams.make_keys(setting.seed, "person", numbers)
    industry = setting.industry
    moment = _arrival(setting, streams.uniform(key, "arrival"))
    month = moment.astype(np.int64)
    channel = streams.choose(streams.uniform(key, "channel"), np.array([channel.weight for channel in industry.channels]))
    heard = streams.uniform(key, "hears") < _share_who_hear(setting, key, channel, month)
    day = setting.month_start[month] + (moment - month) * np.diff(setting.month_start)[month]
    key, channel, nobody = key[heard], channel[heard], np.full(heard.sum(), -1)
    need = _draw_need(industry, key, channel)
    people = _draw_people(setting, key, need, channel, np.zeros(key.size))
    return Arrivals(people, day[heard], _draw_entry(industry, people), numbers[heard], nobody, nobody)


def _arrival(setting: Setting, draw: np.ndarray) -> np.ndarray:
    """Return when each hears of the firm, in months: evenly, or more of them where the year has its season of arrival."""
    season = setting.industry.arrival_season
    if not (season and setting.seasons):
        return draw * setting.months
    until = np.cumsum([0.0, *(season[t % len(season)] for t in range(setting.months))])
    moment = np.interp(draw * until[-1], until, np.arange(setting.months + 1))
    return np.minimum(moment, np.nextafter(setting.months, 0))


def _share_who_hear(setting: Setting, key: np.ndarray, channel: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Return the chance of each to hear of the firm: a cause changes who comes, and nobody."""
    industry, shifts = setting.industry, setting.shifts
    mix = np.array([each.mix for each in industry.channels])[channel] * shifts["bargain_mix"][month]
    share = (1 + shifts["advertising"][month] + mix) / industry.pool
    decay = shifts["list_decay"][month] * np.array([each.bought_list for each in industry.channels])[channel]
    if decay.any():
        fit = ndtri(dispositions.draw(industry, key, ("fit",))["fit"])
        share = share * 2 * expit(-decay * fit)
    return share


def refer(setting: Setting, customers: Customers, t: int) -> Arrivals:
    """Draw whom the customers of month ``t`` bring, and who come in the month after it: one each at the most."""
    industry = setting.industry
    share = np.minimum(industry.referral * np.exp(industry.referral_effect * customers.loyalty), industry.referral_most)
    refers = customers.present & (streams.uniform(customers.key, "refers", t) < share)
    key = streams.child_keys(customers.key[refers], t)
    day = setting.moment_in(t + 1, streams.uniform(key, "arrival"))
    same_need = streams.uniform(key, "need of the friend") < industry.same_need
    channel = np.full(key.size, len(industry.channels))
    need = np.where(same_need, customers.need[refers], _draw_need(industry, key, channel))
    people = _draw_people(setting, key, need, channel, np.full(key.size, industry.word_of_mouth))
    month = np.full(key.size, t + 1)
    return Arrivals(people, day, _draw_entry(industry, people), np.full(key.size, -1), customers.person[refers], month)


def write_referrals(log: EventLog, arrivals: Arrivals, person: np.ndarray) -> None:
    """Write who brought whom; ``person`` is the place of those brought, whose ids are known at the end."""
    log.add("referrals", arrivals.parent, referred_id=person_ids(person), date=days(arrivals.day))


def _draw_need(industry: Industry, key: np.ndarray, channel: np.ndarray) -> np.ndarray:
    share = np.array([need.share for need in industry.needs])
    factors = [*(channel.needs for channel in industry.channels), industry.referral_needs]
    by_channel = np.array([factor or (1.0,) * share.size for factor in factors])
    return streams.choose(streams.uniform(key, "need"), share * by_channel[channel])


def _draw_region(industry: Industry, key: np.ndarray, need: np.ndarray) -> np.ndarray:
    by_need = np.array([need.regions or (1.0,) * len(industry.regions) for need in industry.needs])
    return streams.choose(streams.uniform(key, "region"), by_need[need])


def _draw_age(industry: Industry, key: np.ndarray, need: np.ndarray) -> np.ndarray:
    draw, older = streams.uniform(key, "age"), np.array([need.age for need in industry.needs])
    if older.any():
        draw = ndtr(ndtri(draw) + older[need])
    return np.interp(draw, industry.age_shares, industry.age_bounds)


def _draw_entry(industry: Industry, people: People) -> np.ndarray:
    entries = np.array([*(channel.entry for channel in industry.channels), industry.referral_entry], dtype=float)
    return streams.choose(streams.uniform(people.key, "entry"), entries[people.channel]) + 1


def _draw_people(setting: Setting, key: np.ndarray, need: np.ndarray, channel: np.ndarray, heard: np.ndarray) -> People:
    """Draw persons from their keys; ``heard`` is what word of mouth adds to their expectation."""
    industry = setting.industry
    drawn = dispositions.draw(industry, key)
    expectation, quality, importance = _draw_opinions(industry, key, need, heard, ndtri(drawn["quality"]))
    log_odds = np.array([*(channel.log_odds for channel in industry.channels), industry.referral_log_odds])
    utility = ndtri(drawn["pull"])
    age = _draw_age(industry, key, need)
    rate_shape, rate_mean = industry.rate
    p, q, v = industry.spend
    return People(
        key=key,
        need=need,
        channel=channel,
        region=_draw_region(industry, key, need),
        age_group=np.searchsorted(np.array(industry.age_bounds[1:-1], dtype=float), age, side="right"),
        age_years=age,
        desk=(streams.uniform(key, "desk") * count_desks(setting)).astype(np.int64),
        fit=ndtri(drawn["fit"]),
        log_odds_offset=log_odds[channel] - (industry.competition + industry.competition_spread * utility),
        competitor_utility=utility,
        expectation=expectation,
        quality=quality,
        importance=importance,
        baseline_satisfaction=industry.baseline_spread * streams.normal(key, "mood"),
        purchase_rate=gammaincinv(rate_shape, drawn["rate"])
        * (rate_mean / rate_shape)
        * np.array([kind.rate for kind in industry.needs])[need],
        mean_spend=p
        * v
        / gammaincinv(q, drawn["spend"])  # mean of the person's orders: gamma-gamma, p / nu
        * np.array([kind.spend for kind in industry.needs])[need],
        campaign_response=ndtri(drawn["response"]),
        consent=streams.uniform(key, "consent") < industry.consent,
    )


def _draw_opinions(
    industry: Industry, key: np.ndarray, need: np.ndarray, heard: np.ndarray, served: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw expectation, quality and importance, each of shape (n, 5); ``served`` is what the five qualities have in common."""
    common, specific = industry.expectation_spread
    shift = np.array([kind.expectation for kind in industry.needs])[need]
    expectation = np.array(industry.expectation) + shift + (heard + common * streams.normal(key, "expects"))[:, None]
    expectation += specific * _draw_five(key, "expects of")
    common, specific = industry.quality_spread
    quality = np.array(industry.quality) + common * served[:, None]
    quality = quality + specific * _draw_five(key, "is served in")
    importance = np.array(industry.importance) * np.array([kind.weight for kind in industry.needs])[need]
    importance = importance * np.exp(industry.importance_spread * _draw_five(key, "weighs"))
    return expectation, quality, importance / importance.sum(axis=1, keepdims=True)


def _draw_five(key: np.ndarray, mechanism: str) -> np.ndarray:
    return np.stack([streams.normal(key, mechanism, ordinal=k) for k in range(len(tables.DIMENSIONS))], axis=1)
