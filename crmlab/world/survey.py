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
from crmlab.world import service, streams
from crmlab.world.event_log import EventLog, days
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

_DIMENSION = np.array([tables.DIMENSIONS.index(item.dimension) for item in tables.ITEMS])
_REVERSED = np.array([item.reverse for item in tables.ITEMS])
_OVERALL, _RECOMMENDATION = (tables.table("survey").column(name) for name in ("overall_satisfaction", "recommendation"))
_LOW, _HIGH = 1, 7  # of the items' scale


def ask(setting: Setting, log: EventLog, customers: Customers, t: int) -> None:
    """Run a wave of the survey among those who are customers at the end of month ``t``, if it is time for one.

    A customer of satisfaction S answers with probability expit(a + b S), with (a, b) from ``answer``.
    """
    industry = setting.industry
    if (t + 1) % industry.survey_every:
        return
    asked = np.flatnonzero(customers.present)
    key, satisfaction = customers.key[asked], customers.satisfaction[asked]
    constant, slope = industry.answer
    probability = expit(constant + slope * satisfaction)
    answers = streams.uniform(key, "answers", t) < probability
    overall = _rate(industry.overall, satisfaction, streams.normal(key, "overall", t), _OVERALL)
    wave = (t + 1) // industry.survey_every
    log.add(
        "truth_survey", customers.person[asked], wave=np.full(asked.size, wave), satisfaction=satisfaction,
        overall_satisfaction=overall, chance_to_answer=probability, answered=answers,
    )  # fmt: skip
    rows, key = asked[answers], key[answers]
    importance = _points(customers.importance[rows], industry.importance_step)
    log.add(
        "survey", customers.person[rows], wave=np.full(rows.size, wave),
        date=days(np.full(rows.size, setting.month_start[t + 1] - 1)),
        **_items(setting, key, "expected", service.expected(setting, customers, t)[rows], t),
        **_items(setting, key, "perceived", service.perceived(setting, customers, t)[rows], t),
        **{f"importance_{name}": points for name, points in zip(tables.DIMENSIONS, importance.T, strict=True)},
        overall_satisfaction=overall[answers],
        recommendation=_rate(
            industry.recommendation, satisfaction[answers], streams.normal(key, "recommends", t), _RECOMMENDATION
        ),
    )  # fmt: skip


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
