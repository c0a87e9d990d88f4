"""The survey: what customers say when they are asked, and who answers at all.

Every half year all customers get the RATER questionnaire: 22 items, each once for what an excellent
firm should be like and once for this one, 100 points of importance, overall satisfaction and
recommendation. An answer is the latent opinion with noise, cut into seven categories. The content
answer more often than the discontent, so whoever averages the answers sees too rosy a picture;
what all would have answered is written into the truth.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from crmlab import tables
from crmlab.world import luck, service
from crmlab.world.setting import Book, Setting, days

_PLACE = np.array([tables.DIMENSIONS.index(item.dimension) for item in tables.ITEMS])
_REVERSED = np.array([item.reverse for item in tables.ITEMS])
# Items of one dimension are not equally good at showing it, nor equally easy to agree with.
_LOADING = 1.0 + 0.25 * np.sin(1.7 * np.arange(len(tables.ITEMS)))
_EASE = 0.3 * np.cos(2.3 * np.arange(len(tables.ITEMS)))
_NOISE, _UNSEEN = 0.75, 0.015  # standard deviation of an answer; share of items left out


def ask(setting: Setting, book: Book, them: dict[str, np.ndarray], t: int) -> None:
    """A wave of the survey among those who are customers at the end of month ``t``."""
    it = setting.industry
    if (t + 1) % it.survey_every:
        return
    stay = np.flatnonzero(np.isnan(them["left"]))
    who, satisfaction = them["who"][stay], them["satisfaction"][stay]
    constant, slope = it.answer
    chance = expit(constant + slope * satisfaction)
    answers = luck.uniform(who, "answers", t) < chance
    overall = np.clip(np.round(5.2 + 1.1 * satisfaction + 0.6 * luck.normal(who, "overall", t)), 1, 7).astype(np.int8)
    wave = (t + 1) // it.survey_every
    book.add(
        "truth_survey", them["person"][stay], wave=np.full(stay.size, wave), satisfaction=satisfaction,
        overall_satisfaction=overall, chance_to_answer=chance, answered=answers,
    )  # fmt: skip
    place, key, content = stay[answers], who[answers], satisfaction[answers]
    recommend = np.clip(np.round(8.4 + 1.9 * content + 1.3 * luck.normal(key, "recommends", t)), 0, 10)
    columns = {}
    opinions = (
        ("expected", service.expected(setting, them, t)[place]),
        ("perceived", service.perceived(setting, them, t)[place]),
    )
    for kind, opinion in opinions:
        for number, item in enumerate(tables.ITEMS):
            latent = 4 + _LOADING[number] * (opinion[:, _PLACE[number]] - 4) + _EASE[number]
            told = np.round(latent + _NOISE * luck.normal(key, kind, t, number))
            told = np.clip(8 - told if _REVERSED[number] else told, 1, 7)
            left_out = luck.uniform(key, f"{kind} left out", t, number) < _UNSEEN
            columns[f"{kind}_{item.name}"] = np.where(left_out, np.nan, told)
    for name, points in zip(tables.DIMENSIONS, _points(them["weight"][place]).T, strict=True):
        columns[f"importance_{name}"] = points
    book.add(
        "survey", them["person"][place], wave=np.full(place.size, wave),
        date=days(np.full(place.size, setting.first[t + 1] - 1)), **columns, overall_satisfaction=overall[answers],
        recommendation=recommend.astype(np.int8),
    )  # fmt: skip


def _points(weight: np.ndarray) -> np.ndarray:
    """100 points in fives, shared out by largest remainder."""
    exact = 20 * weight
    points = np.floor(exact)
    missing = 20 - points.sum(axis=1).astype(int)
    rank = np.argsort(np.argsort(points - exact, axis=1, kind="stable"), axis=1)
    return (5 * (points + (rank < missing[:, None]))).astype(np.int8)
