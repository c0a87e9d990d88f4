"""Management: what the firm believes, asks for, promises and finds, and what it sells.

These tables are the firm's own side of the five gaps: managers' beliefs about expectations, the
standards set, the level delivered as auditors find it, and the promises made. They depend on the
setting alone, not on any customer, and nothing acts through them but what the changes shift.
"""

from __future__ import annotations

import numpy as np

from crmlab import tables
from crmlab.world import buying, campaigns, luck, sales
from crmlab.world.setting import Book, Setting, cents, days, words

_MANAGERS, _AUDITS = 12, 8


def write(setting: Setting, desks: sales.Desks, book: Book) -> None:
    """Write down every table that belongs to the firm and not to persons."""
    sales.salespeople(setting, desks, book)
    it, five = setting.industry, len(tables.DIMENSIONS)
    month, dimension = (grid.ravel() for grid in np.divmod(np.arange(setting.months * five), five))
    nobody, begins = np.zeros(month.size, dtype=np.int64), setting.first[month]
    when = {"month": days(begins), "dimension": words(dimension, tables.DIMENSIONS)}
    promised = np.array(it.promised)[dimension] + setting.shifts["promises"][month]
    book.add("promises", nobody, **when, promised=np.clip(promised, 1, 7))
    # a firm that mends a dimension raises its standard too
    standard = np.array(it.standard)[dimension] + setting.quality_shift[month, dimension]
    book.add("standards", nobody, **when, standard=np.clip(standard, 1, 7))
    auditor = luck.keys(setting.seed, "auditor", dimension)
    found = np.concatenate([luck.normal(auditor[month == t], "audit", t) for t in range(setting.months)])
    spread = np.hypot(*it.quality_spread) / np.sqrt(_AUDITS)
    delivered = np.array(it.quality)[dimension] + setting.quality_shift[month, dimension] + spread * found
    book.add("delivery", nobody, **when, delivered=np.clip(delivered, 1, 7), audits=np.full(month.size, _AUDITS))
    _managers(setting, book)
    _catalogue(setting, book)


def _managers(setting: Setting, book: Book) -> None:
    it, five = setting.industry, len(tables.DIMENSIONS)
    waves = np.arange(11, setting.months, 12)
    if not waves.size:
        return
    who = luck.keys(setting.seed, "manager", np.arange(_MANAGERS))
    misjudged = np.array(it.misjudgement)
    names = tuple(f"B{number + 1:02d}" for number in range(_MANAGERS))
    for wave, t in enumerate(waves, 1):
        for k, dimension in enumerate(tables.DIMENSIONS):
            belief = it.expectation[k] + misjudged[k] + 0.35 * luck.normal(who, "believes", t, k)
            weights = np.stack([luck.normal(who, "ranks", t, j) for j in range(five)], axis=1)
            weights = np.array(it.importance) * np.exp(2 * misjudged + 0.3 * weights)
            points = np.floor(100 * weights / weights.sum(axis=1, keepdims=True))
            points[:, 0] += 100 - points.sum(axis=1)
            book.add(
                "manager_survey", np.arange(_MANAGERS), manager_id=words(np.arange(_MANAGERS), names),
                wave=np.full(_MANAGERS, wave), date=days(np.full(_MANAGERS, setting.first[t + 1] - 1)),
                dimension=words(np.full(_MANAGERS, k), (dimension,) * five), believed_expectation=np.clip(belief, 1, 7),
                believed_importance=points[:, k].astype(int),
            )  # fmt: skip


def _catalogue(setting: Setting, book: Book) -> None:
    it = setting.industry
    place = np.arange(len(it.products))
    book.add(
        "products", 0 * place, product_id=words(place, buying.product_ids(setting)),
        product=words(place, tuple(product.name for product in it.products)),
        cost_share=np.array([product.cost_share for product in it.products]),
        monthly_fee=np.array([float(product.monthly_fee) for product in it.products]),
        term_months=np.array([product.term_months for product in it.products]),
    )  # fmt: skip
    for number, (t, which) in enumerate(campaigns.calendar(setting)):
        campaign, one = it.campaigns[which], np.zeros(1, dtype=np.int64)
        book.add(
            "campaigns", one, campaign_id=words(one + number, campaigns.ids(setting)), campaign=words(one, (campaign.name,)),
            date=days(setting.first[[t]]), channel=words(one, (campaign.channel,)),
            design=words(one + campaign.targeted, ("by lot", "targeted")), discount=np.array([campaign.discount]),
            contact_cost=cents(np.array([round(100 * campaign.cost)])),
        )  # fmt: skip
