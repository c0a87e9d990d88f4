"""Management: what the firm believes, asks for, promises and finds, and what it sells.

These tables are the firm's own side of the five gaps: managers' beliefs about expectations, the
standards set, the level delivered as auditors find it, and the promises made. They depend on the
setting alone, not on any customer, and nothing acts through them but what the changes shift.
"""

from __future__ import annotations

import numpy as np

from crmlab import tables
from crmlab.world import buying, campaigns, desks, streams
from crmlab.world.event_log import EventLog, cents, days, labels
from crmlab.world.setting import Setting

_SCALE = 1, 7  # of quality and expectation


def write(setting: Setting, salespeople: desks.Desks, log: EventLog) -> None:
    """Write every table that belongs to the firm and not to persons."""
    desks.write(setting, salespeople, log)
    _write_levels(setting, log)
    _write_beliefs(setting, log)
    _write_products(setting, log)
    _write_campaigns(setting, log)


def _write_levels(setting: Setting, log: EventLog) -> None:
    """Write what is promised, asked for and delivered, by month and dimension."""
    industry, five = setting.industry, len(tables.DIMENSIONS)
    month, dimension = (grid.ravel() for grid in np.divmod(np.arange(setting.months * five), five))
    nobody = np.zeros(month.size, dtype=np.int64)
    when = {"month": days(setting.month_start[month]), "dimension": labels(dimension, tables.DIMENSIONS)}
    shift = setting.quality_shift[month, dimension]
    promised = np.array(industry.promised)[dimension] + setting.shifts["promises"][month] + _life(setting, "promised")
    log.add("promises", nobody, **when, promised=np.clip(promised, *_SCALE))
    # a firm that mends a dimension raises its standard too
    follows = industry.standard_follows * shift + setting.shifts["standards"][month] + _life(setting, "standard")
    log.add("standards", nobody, **when, standard=np.clip(np.array(industry.standard)[dimension] + follows, *_SCALE))
    auditor = streams.make_keys(setting.seed, "auditor", dimension)
    noise = np.concatenate([streams.normal(auditor[month == t], "audit", t) for t in range(setting.months)])
    error = np.hypot(*industry.quality_spread) / np.sqrt(industry.audits) * noise
    delivered = np.clip(np.array(industry.quality)[dimension] + shift + error, *_SCALE)
    log.add("delivery", nobody, **when, delivered=delivered, audits=np.full(month.size, industry.audits))


def _life(setting: Setting, level: str) -> np.ndarray:
    """Return by month and dimension how a level moves by itself: nobody at the firm could say why."""
    kept, spread = setting.industry.standard_life
    key, now = streams.make_keys(setting.seed, level, np.arange(len(tables.DIMENSIONS))), np.zeros(len(tables.DIMENSIONS))
    moved = []
    for t in range(setting.months):
        now = kept * now + spread * streams.normal(key, "moves", t)
        moved.append(now)
    return np.concatenate(moved)


def _write_beliefs(setting: Setting, log: EventLog) -> None:
    """Write what managers believe of customers' expectations and weights, once a year."""
    industry, five = setting.industry, len(tables.DIMENSIONS)
    managers = np.arange(industry.managers)
    key, names = streams.make_keys(setting.seed, "manager", managers), tuple(f"B{number + 1:02d}" for number in managers)
    factor, spread = industry.ranking
    for wave, t in enumerate(range(12 - 1, setting.months, 12), 1):
        misjudged = np.array(industry.misjudgement) * (1 - setting.shifts["listening"][t])
        noise = np.stack([streams.normal(key, "ranks", t, k) for k in range(five)], axis=1)
        weights = np.array(industry.importance) * np.exp(factor * misjudged + spread * noise)
        points = np.floor(100 * weights / weights.sum(axis=1, keepdims=True))
        points[:, 0] += 100 - points.sum(axis=1)
        for k in range(five):
            belief = industry.expectation[k] + misjudged[k] + industry.belief_spread * streams.normal(key, "believes", t, k)
            log.add(
                "manager_survey", managers, manager_id=labels(managers, names), wave=np.full(managers.size, wave),
                date=days(np.full(managers.size, setting.month_start[t + 1] - 1)),
                dimension=labels(np.full(managers.size, k), tables.DIMENSIONS), believed_expectation=np.clip(belief, *_SCALE),
                believed_importance=points[:, k].astype(int),
            )  # fmt: skip


def _write_products(setting: Setting, log: EventLog) -> None:
    products = setting.industry.products
    place = np.arange(len(products))
    log.add(
        "products", 0 * place, product_id=labels(place, buying.product_ids(setting)),
        product=labels(place, tuple(product.name for product in products)),
        cost_share=np.array([product.cost_share for product in products]),
        monthly_fee=np.array([float(product.monthly_fee) for product in products]),
        term_months=np.array([product.term_months for product in products]),
    )  # fmt: skip


def _write_campaigns(setting: Setting, log: EventLog) -> None:
    one = np.zeros(1, dtype=np.int64)
    for number, (t, place) in enumerate(campaigns.calendar(setting)):
        campaign = setting.industry.campaigns[place]
        log.add(
            "campaigns", one, campaign_id=labels(one + number, campaigns.ids(setting)),
            campaign=labels(one, (campaign.name,)), date=days(setting.month_start[[t]]),
            channel=labels(one, (campaign.channel,)), design=labels(one + campaign.targeted, ("by lot", "targeted")),
            discount=np.array([campaign.discount]), contact_cost=cents(np.array([round(100 * campaign.cost)])),
        )  # fmt: skip
