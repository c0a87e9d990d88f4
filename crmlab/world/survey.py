"""The survey: what customers say when they are asked, and who answers at all.

Every half year all customers get the RATER questionnaire: 22 items, each once for what an excellent
firm should be like and once for this one, 100 points of importance, overall satisfaction and
recommendation. An answer is the latent opinion with noise, cut into seven categories. The content
answer more often than the discontent, so the mean of the answers is too high;
what all would have answered is written into the truth.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from crmlab import tables
from crmlab.world import buying, service, streams
from crmlab.world.event_log import EventLog, days
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

_DIMENSION = np.array([tables.DIMENSIONS.index(item.dimension) for item in tables.ITEMS])
_REVERSED = np.array([item.reverse for item in tables.ITEMS])
_OVERALL, _RECOMMENDATION = (tables.table("survey").column(name) for name in ("overall_satisfaction", "recommendation"))
_LOW, _HIGH = 1, 7  # of the items' scale


def ask(setting: Setting, log: EventLog, customers: Customers, t: int) -> None:
    """Run a wave of the survey among those who are customers at the end of month ``t``, if it is time for one.

    A customer of satisfaction S answers with probability expit(a + b S), with (a, b) from ``answer``; who keeps silent is
    reminded, and answers a reminder with (a, b) from ``late_answer``.
    """
    industry = setting.industry
    if (t + 1) % industry.survey_every:
        return
    asked = np.flatnonzero(customers.present)
    key, satisfaction, person = customers.key[asked], customers.satisfaction[asked], customers.person[asked]
    probability, reminder = _answer_times(setting, key, satisfaction, t)
    answers = reminder <= industry.reminders
    overall = _rate(industry.overall, satisfaction, streams.normal(key, "overall", t), _OVERALL)
    wave = (t + 1) // industry.survey_every
    log.add(
        "truth_survey", person, wave=np.full(asked.size, wave), satisfaction=satisfaction,
        overall_satisfaction=overall, chance_to_answer=probability, answered=answers,
    )  # fmt: skip
    last = setting.month_start[t + 1] - 1
    called = ~answers & (streams.uniform(key, "called back", t) < industry.call_back[0])
    called &= streams.uniform(key, "reached", t) < industry.call_back[1]
    log.add(
        "call_backs", person[called], wave=np.full(called.sum(), wave), date=days(np.full(called.sum(), last)),
        overall_satisfaction=overall[called],
    )  # fmt: skip
    rows, key, satisfaction = asked[answers], key[answers], satisfaction[answers]
    date = last - industry.reminder_days * (industry.reminders - reminder[answers])
    points = _points(_stated(setting, customers.importance[rows], key), industry.importance_step)
    perceived = service.perceived(setting, customers, t)[rows] + industry.halo * satisfaction[:, None]
    log.add(
        "survey", customers.person[rows], wave=np.full(rows.size, wave), date=days(date),
        **_items(setting, key, "expected", service.expected(setting, customers, t)[rows], t),
        **_items(setting, key, "perceived", perceived, t),
        **{f"importance_{name}": given for name, given in zip(tables.DIMENSIONS, points.T, strict=True)},
        overall_satisfaction=overall[answers],
        recommendation=_rate(industry.recommendation, satisfaction, streams.normal(key, "recommends", t), _RECOMMENDATION),
    )  # fmt: skip
    if industry.trust[0]:
        bound = customers.loyalty[rows] - buying.trouble(customers)[rows]
        log.add(
            "relationship", customers.person[rows], wave=np.full(rows.size, wave),
            **_bonds("trust", industry.trust, satisfaction, key, t), **_bonds("commitment", industry.commitment, bound, key, t),
        )  # fmt: skip


def _answer_times(setting: Setting, key: np.ndarray, satisfaction: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance that each answers at all, and after how many reminders they do; one too many if they do not."""
    industry = setting.industry
    silent, reminder = np.ones(key.size), np.full(key.size, industry.reminders + 1)
    for number in range(industry.reminders, -1, -1):
        constant, slope = industry.late_answer if number else industry.answer
        probability = expit(constant + slope * satisfaction)
        reminder[streams.uniform(key, "answers", t, number) < probability] = number
        silent = silent * (1 - probability)
    return probability if not industry.reminders else 1 - silent, reminder


def _stated(setting: Setting, weights: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the weights that customers tell: flatter than they are, with what one ought to say, and with chance."""
    power, spread = setting.industry.stated
    if (power, spread, *setting.industry.stated_bias) == (1.0, 0.0, *np.zeros(len(tables.DIMENSIONS))):
        return weights
    chance = np.stack([streams.normal(key, "tells", ordinal=k) for k in range(len(tables.DIMENSIONS))], axis=1)
    stated = weights**power * np.exp(np.array(setting.industry.stated_bias) + spread * chance)
    return stated / stated.sum(axis=1, keepdims=True)


def _bonds(
    name: str, numbers: tuple[float, float, float], opinion: np.ndarray, key: np.ndarray, t: int
) -> dict[str, np.ndarray]:
    """Answer the statements about the relationship."""
    constant, slope, spread = numbers
    answers = {}
    for place in range(1, len(tables.BONDS[name]) + 1):
        answer = np.round(constant + slope * opinion + spread * streams.normal(key, name, t, place))
        answers[f"{name}_{place}"] = np.clip(answer, _LOW, _HIGH).astype(np.int8)
    return answers


def _rate(numbers: tuple[float, float, float], satisfaction: np.ndarray, noise: np.ndarray, scale: tables.Column) -> np.ndarray:
    """Answer one question about the whole: a linear function of satisfaction with noise, cut into the scale's categories."""
    constant, slope, spread = numbers
    return np.clip(np.round(constant + slope * satisfaction + spread * noise), scale.minimum, scale.maximum).astype(np.int8)


def _items(setting: Setting, key: np.ndarray, kind: str, opinion: np.ndarray, t: int) -> dict[str, np.ndarray]:
    """Answer the 22 items from the opinions of the five dimensions, shape (n, 5); an item left out is NaN.

    Items of one dimension are not equally good at showing it (loading), nor equally easy to agree with (ease).
    """
    industry, place, middle = setting.industry, np.arange(len(tables.ITEMS)), (_LOW + _HIGH) / 2
    loading, ease = industry.item_loading, industry.item_ease
    loadings = loading[0] + loading[1] * np.sin(loading[2] * place)
    eases = ease[0] * np.cos(ease[1] * place)
    columns = {}
    for number, item in enumerate(tables.ITEMS):
        latent = middle + loadings[number] * (opinion[:, _DIMENSION[number]] - middle) + eases[number]
        answer = np.round(latent + industry.item_spread * streams.normal(key, kind, t, number))
        answer = np.clip(_LOW + _HIGH - answer if _REVERSED[number] else answer, _LOW, _HIGH)
        left_out = streams.uniform(key, f"{kind} left out", t, number) < industry.item_missing
        columns[f"{kind}_{item.name}"] = np.where(left_out, np.nan, answer)
    return columns


def _points(weights: np.ndarray, step: int) -> np.ndarray:
    """Share out 100 points in steps, by largest remainder; of equal remainders the first dimension's comes first."""
    exact = 100 // step * weights
    points = np.floor(exact)
    missing = 100 // step - points.sum(axis=1).astype(int)
    rank = np.argsort(np.argsort(points - exact, axis=1, kind="stable"), axis=1, kind="stable")
    return (step * (points + (rank < missing[:, None]))).astype(np.int8)
