"""A pipeline as it stood on a day: what was known then, a model estimated from it, and what the next days bring.

It reads stays and amounts, hides all that came after the day, and returns draws of the deals won within the next days and of
their value. In each draw all that is estimated is drawn anew, then whether each deal is won and what it brings; so the spread
of the draws is that of a prediction. What is shown of it is known in ``forecast`` and ``back_test``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from crmlab.development.absorbing import ChainCounts
from crmlab.development.deal_values import ValueModel, fit_shift, fit_values, log_odds
from crmlab.development.horizon import win_within
from crmlab.development.visits import OPEN, Visits
from crmlab.errors import DataError

_COPIES = 400  # draws of what is estimated
_YEAR = 365  # days of which the newcomers are counted
_BLOCK = 30  # days in which their numbers are compared
_LOOKS_BACK = 8  # earlier days at which the expected values are held against what came


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A pipeline with its n deals, as the log knows them in the end; ``Known`` hides what came after a day.

    Attributes
    ----------
    visits : Visits
        Stays, shape (v,).
    deal : ndarray of int, shape (v,)
        Which deal a stay belongs to.
    prospect : ndarray, shape (n,)
    expected, paid : ndarray, shape (n,)
        Amounts; NaN where there is none.
    known_from : ndarray of datetime64[D], shape (n,)
        The day from which ``expected`` was known; NaT: never.
    """

    visits: Visits
    deal: np.ndarray
    prospect: np.ndarray
    expected: np.ndarray
    paid: np.ndarray
    known_from: np.ndarray

    @property
    def day_won(self) -> np.ndarray:
        """The day on which each deal was won, NaT for others, shape (n,)."""
        days = np.full(self.prospect.size, np.datetime64("NaT"), dtype="datetime64[D]")
        won = self.visits.target == self.visits.won
        days[self.deal[won]] = self.visits.day_left[won]
        return days


def as_day(when: pd.Timestamp) -> np.datetime64:
    """Return a day as numpy counts it."""
    return when.to_datetime64().astype("datetime64[D]")


def months_from(when: pd.Timestamp, months: int) -> pd.Timestamp:
    """Return the day so many calendar months later; the last day of a month leads to the last day of a month."""
    later = when + pd.DateOffset(months=months)
    return later + pd.offsets.MonthEnd(0) if when.is_month_end else later


def refuse_without_amounts(pipeline: Pipeline, day: np.datetime64) -> None:
    """Refuse a day by which no deal that was won has an amount."""
    won = pipeline.day_won <= day
    if won.any() and np.isnan(pipeline.paid[won]).all():
        raise DataError(
            f"none of {won.sum():,} deals that were won until {day} has a `deal_value`. Fill it in, or leave `deals` out: the "
            "number of deals won needs none."
        )


def read_pipeline(visits: Visits, amounts: pd.DataFrame | None, known_after: str | None) -> Pipeline:
    """Put stays and amounts together; ``expected_value`` is known once a deal has gone beyond the stage ``known_after``."""
    deal, prospect = pd.factorize(visits.prospect)
    nothing = np.full(prospect.size, np.nan)
    expected, paid = nothing, nothing
    if amounts is not None:
        amounts = amounts.reindex(prospect)
        expected, paid = amounts.expected_value.to_numpy(), amounts.deal_value.to_numpy()
    known_from = np.full(prospect.size, np.datetime64("NaT"), dtype="datetime64[D]")
    beyond = np.arange(deal.size)
    if known_after in visits.stages:
        beyond = np.flatnonzero(visits.stage > visits.stages.index(known_after))
    beyond = beyond[::-1]  # so that the first stay is written last
    known_from[deal[beyond]] = visits.entered[beyond]
    return Pipeline(visits, deal, prospect, expected, paid, known_from)


@dataclass(frozen=True, slots=True, eq=False)
class OpenDeals:
    """The n deals that were open at the end of a day.

    Attributes
    ----------
    deal, stage, age : ndarray of int, shape (n,)
        Which deal, the place of its stage, and its days there.
    expected : ndarray, shape (n,)
        The expected value, NaN where it was not known on the day.
    """

    deal: np.ndarray
    stage: np.ndarray
    age: np.ndarray
    expected: np.ndarray


def open_deals(pipeline: Pipeline, day: np.datetime64) -> OpenDeals:
    """Return the deals that were open at the end of a day, as they were known then."""
    visits = pipeline.visits
    there = (visits.entered <= day) & (visits.is_open | (visits.day_left > day))
    deal = pipeline.deal[there]
    known = pipeline.known_from[deal] <= day
    expected = np.where(known & (pipeline.expected[deal] > 0), pipeline.expected[deal], np.nan)
    return OpenDeals(deal, visits.stage[there], (day - visits.entered[there]).astype(np.int64), expected)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What the next days bring, in D draws and B copies of what is estimated.

    Attributes
    ----------
    open : OpenDeals
    chance : ndarray, shape (n,)
        The chance of each open deal to be won within the days, averaged over copies.
    worth : ndarray, shape (n,)
        What each brings if it is won.
    new_wins : float
        Expected wins among deals that are yet to come.
    new_worth : float
        What each of these brings.
    wins, amounts : ndarray, shape (2, D)
        Drawn number of deals won and sum of their amounts: of open deals, of those yet to come.
    values : ValueModel or None
    """

    open: OpenDeals
    chance: np.ndarray
    worth: np.ndarray
    new_wins: float
    new_worth: float
    wins: np.ndarray
    amounts: np.ndarray
    values: ValueModel | None


def predict(
    pipeline: Pipeline, counts: ChainCounts, day: np.datetime64, days: int, *, draws: int, money: bool, rng: np.random.Generator
) -> Draws:
    """Draw what the next days bring, from what was known at the end of a day; ``money`` says whether there are amounts."""
    copies = min(_COPIES, draws)
    hazards = counts.draw(rng, copies)
    by_age, fresh = win_within(hazards, counts.starts, days)
    now = open_deals(pipeline, day)
    place = _places(pipeline.visits, counts, day)
    chance = by_age[:, place[now.stage], np.minimum(now.age + 1, by_age.shape[2] - 1)]
    earlier = earlier_days(pipeline, counts, place, day, days)
    chance = _recalibrated(earlier, now, chance, rng)
    values, worth, new_worth = None, np.full(now.deal.size, np.nan), np.nan
    if money:
        values = _values(pipeline, earlier, day, days)
        new_worth = float(values.paid_new.mean())
        worth = np.where(np.isfinite(now.expected), values.worth(now.expected), values.paid_open.mean())
    new_wins = _newcomers(pipeline, counts, place, fresh, day, rng)
    wins, amounts = _draw(chance, new_wins, now.expected, values, draws, rng)
    return Draws(now, chance.mean(axis=0), worth, float(new_wins.mean()), new_worth, wins, amounts, values)


def _values(pipeline: Pipeline, earlier: EarlierDays, day: np.datetime64, days: int) -> ValueModel:
    """Estimate what deals bring from those that were won until a day; who is won in so short a time often brings less."""
    closed = pipeline.day_won <= day
    expected, paid = (np.where(closed, each, np.nan) for each in (pipeline.expected, pipeline.paid))
    began = np.full(paid.size, np.datetime64("NaT"), dtype="datetime64[D]")
    first = pipeline.visits.before == OPEN
    began[pipeline.deal[first]] = pipeline.visits.entered[first]
    quick = (pipeline.day_won - began).astype(np.int64) < days
    return fit_values(expected, paid, open_now=earlier.paid[~np.isfinite(earlier.expected)], new=paid[quick])


def _places(visits: Visits, counts: ChainCounts, day: np.datetime64) -> np.ndarray:
    """Return the place in the chain of each stage of the stays; -1 where nobody has been by the day."""
    place = np.array([counts.stages.index(name) if name in counts.stages else -1 for name in visits.stages])
    unknown = (place[visits.stage] < 0) & (visits.entered <= day)
    if unknown.any():
        name = visits.stages[int(visits.stage[unknown][0])]
        raise DataError(f"the chain does not know the stage {name!r}, where deals have been. Estimate it from a log with it.")
    return place


@dataclass(frozen=True, slots=True, eq=False)
class EarlierDays:
    """Open deals of earlier days whose next days are over, one row for each deal and day; k rows in all.

    Attributes
    ----------
    chance : ndarray, shape (k,)
        What the chain says of them.
    expected, paid : ndarray, shape (k,)
        Amounts; NaN where not known on that day, or not paid in time.
    won : ndarray of bool, shape (k,)
        Whether they were won in time.
    """

    chance: np.ndarray
    expected: np.ndarray
    paid: np.ndarray
    won: np.ndarray


def earlier_days(pipeline: Pipeline, counts: ChainCounts, place: np.ndarray, day: np.datetime64, days: int) -> EarlierDays:
    """Return the open deals of earlier days, as they were known then, and what became of them in the next days."""
    by_age, _ = win_within(counts.hazards[None], counts.starts, days)
    day_won = pipeline.day_won
    columns = []
    for k in range(_LOOKS_BACK, 0, -1):
        then = day - np.timedelta64(k * days, "D")
        past = open_deals(pipeline, then)
        age = np.minimum(past.age + 1, by_age.shape[2] - 1)
        won = day_won[past.deal] <= then + np.timedelta64(days, "D")
        paid = np.where(won, pipeline.paid[past.deal], np.nan)
        columns.append(np.stack([by_age[0, place[past.stage], age], past.expected, paid, won]))
    chance, expected, paid, won = np.concatenate(columns, axis=1)
    return EarlierDays(chance, expected, paid, won > 0)


def _recalibrated(earlier: EarlierDays, now: OpenDeals, chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift chances (B, n) by what earlier days and the expected value say of them.

    A chain takes the deals that are open for as good as all that ever entered. They are the slow ones, and so often the
    large ones, which is seen where an expected value is known, and corrected apart where none is.
    """
    shifted = log_odds(chance)
    for known in (True, False):
        then, here = (np.isfinite(each.expected) == known for each in (earlier, now))
        x = np.log(earlier.expected[then]) if known else np.zeros(then.sum())
        middle, spread = (x.mean(), x.std()) if x.size else (0.0, 0.0)
        if not here.any() or not x.size:
            continue
        design = _design(x, middle, spread)
        beta, cov = fit_shift(earlier.chance[then], design, earlier.won[then])
        betas = rng.multivariate_normal(beta, cov, chance.shape[0], method="svd")
        x = np.log(now.expected[here]) if known else np.zeros(here.sum())
        shifted[:, here] += betas @ _design(x, middle, spread).T
    return expit(shifted)


def _design(x: np.ndarray, middle: float, spread: float) -> np.ndarray:
    """Return a constant and, where amounts differ, how large a deal is: linear and square, bent no further than was seen."""
    if not spread:
        return np.ones((x.size, 1))
    z = np.clip((x - middle) / spread, -3, 3)
    return np.column_stack([np.ones(x.size), z, z**2 - 1])


def _newcomers(
    pipeline: Pipeline, counts: ChainCounts, place: np.ndarray, fresh: np.ndarray, day: np.datetime64, rng: np.random.Generator
) -> np.ndarray:
    """Draw the expected number of wins among deals yet to come, shape (B,): a rate as in the last year, and where they enter.

    The rate is drawn from its gamma posterior, and wider where numbers of months have differed by more than chance.
    """
    copies, days = fresh.shape[0], fresh.shape[1] - 1
    visits = pipeline.visits
    began = (visits.before == OPEN) & (visits.entered <= day)
    back = (day - visits.entered[began]).astype(np.int64)
    seen = int(min(_YEAR, back.max() + 1))
    recent = back < seen
    stages = np.bincount(place[visits.stage[began][recent]], minlength=len(counts.stages))
    blocks = np.bincount(back[recent] // _BLOCK, minlength=1)[: max(seen // _BLOCK, 1)]
    excess = max(blocks.var(ddof=1) / blocks.mean() - 1, 0) if blocks.size > 2 and blocks.mean() > 0 else 0.0
    rate = rng.gamma(recent.sum() + 0.5, 1 / seen, copies)
    if excess:
        together = max(days / _BLOCK, 1) * blocks.mean() / excess  # shape of the gamma that makes numbers so uneven
        rate *= rng.gamma(together, 1 / together, copies)
    enters = rng.dirichlet(stages + 1 / len(stages), copies)
    return rate * np.einsum("bts,bs->b", fresh[:, 1:], enters)


def _draw(
    chance: np.ndarray, new_wins: np.ndarray, expected: np.ndarray, values: ValueModel | None, draws: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Draw wins and amounts, copy by copy in turn: of open deals, of those yet to come."""
    copies = chance.shape[0]
    wins, amounts = np.zeros((2, draws)), np.full((2, draws), np.nan)
    known = np.isfinite(expected)
    x = np.log(np.where(known, expected, 1.0))
    lines = None if values is None else rng.multivariate_normal(values.line, values.cov, copies, method="svd")
    for k in range(copies):
        mine = np.arange(k, draws, copies)
        won = rng.random((mine.size, known.size)) < chance[k]
        new = rng.poisson(new_wins[k], mine.size)
        wins[:, mine] = won.sum(axis=1), new
        if values is None or lines is None:
            continue
        noise = rng.choice(values.residuals, (mine.size, known.size))
        worth = np.exp(lines[k, 0] + lines[k, 1] * x + noise)
        amounts[0, mine] = (won * known * worth).sum(axis=1) + _sums(rng, values.paid_open, (won & ~known).sum(axis=1))
        amounts[1, mine] = _sums(rng, values.paid_new, new)
    return wins, amounts


def _sums(rng: np.random.Generator, paid: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return sums of so many amounts, for each of the numbers, drawn from a bootstrap sample: their mean is estimated, too."""
    edges = np.append(0, numbers.cumsum())
    total = np.append(0, rng.choice(rng.choice(paid, paid.size), int(edges[-1])).cumsum())
    return total[edges[1:]] - total[edges[:-1]]
