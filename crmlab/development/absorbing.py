"""The absorbing chain: counts of a pipeline, daily chances estimated from them, and what follows from those.

On each day a deal in a stage goes to one of the places, or stays. The chance may differ between classes of age in the stage,
so that the time in a stage has any shape; days on which a deal was only seen to stay count as well. Everything here is a
function of arrays, of which any number of leading axes hold copies (draws, or shifted values of a derivative). Who reads the
log is ``visits``, what is shown to a reader ``transitions``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmlab.development.visits import OPEN, Visits

_STEP = 1e-20  # of the complex-step derivative, exact for the rational functions here


@dataclass(frozen=True, slots=True, eq=False)
class ChainCounts:
    """Sufficient statistics of S stages, each in A classes of age; place S is won, S + 1 lost.

    Attributes
    ----------
    stages : tuple of str
    starts : ndarray of int, shape (S, A)
        The age in days at which each class begins; equal starts make a class empty, and the last of them counts.
    exits : ndarray of int, shape (S, A, S + 2)
        Stays that went to each place.
    at_risk : ndarray of int, shape (S, A)
        Days on which a deal was there in the morning.
    entries : ndarray of int, shape (S,)
        Deals that began in each stage.
    """

    stages: tuple[str, ...]
    starts: np.ndarray
    exits: np.ndarray
    at_risk: np.ndarray
    entries: np.ndarray

    @property
    def hazards(self) -> np.ndarray:
        """The maximum-likelihood chance of a day to go to each place, shape (S, A, S + 2)."""
        return self.exits / np.maximum(self.at_risk, 1)[..., None]

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw chances of a day from their Dirichlet posterior, shape (n, S, A, S + 2).

        Places where nobody went from a stage get none; those where somebody did share a prior weight of one stay, the
        objective prior of Berger, Bernardo & Sun (2015).
        """
        reached = self.exits.sum(axis=1, keepdims=True) > 0
        prior = reached / np.maximum(reached.sum(axis=2, keepdims=True), 1)
        weight = np.where(self.at_risk[..., None] > 0, self.exits + prior, 0.0)
        leaves = rng.standard_gamma(weight, (n, *weight.shape))
        remains = rng.standard_gamma(np.maximum(self.at_risk - self.exits.sum(axis=2), 0) + 0.5, (n, *self.at_risk.shape))
        total = leaves.sum(axis=-1) + remains
        return leaves / total[..., None]


def count_chain(visits: Visits, ages: int) -> ChainCounts:
    """Count stays; a stage gets up to ``ages`` classes, in which about equally many of its stays ended."""
    s, places = len(visits.stages), len(visits.stages) + 2
    ended = ~visits.is_open
    starts = np.zeros((s, ages), dtype=np.int64)
    for stage in range(s):
        days = np.sort(visits.days[ended & (visits.stage == stage)])
        if days.size and ages > 1:
            cuts = np.unique(days[np.arange(1, ages) * days.size // ages])
            cuts = cuts[cuts > 0]
            starts[stage, ages - cuts.size :] = cuts
    age = age_class(starts, visits.stage, visits.days)
    exits = np.zeros((s, ages, places), dtype=np.int64)
    np.add.at(exits, (visits.stage[ended], age[ended], visits.target[ended]), 1)
    ends = np.append(starts[:, 1:], np.full((s, 1), np.iinfo(np.int64).max), axis=1)
    within = np.minimum(visits.days[:, None] + 1, ends[visits.stage]) - starts[visits.stage]
    at_risk = np.zeros((s, ages), dtype=np.int64)
    np.add.at(at_risk, visits.stage, np.maximum(within, 0))
    entries = np.bincount(visits.stage[visits.before == OPEN], minlength=s)
    return ChainCounts(visits.stages, starts, exits, at_risk, entries)


def age_class(starts: np.ndarray, stage: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return the class of age (n,) in which stays of so many days are."""
    return (days[:, None] >= starts[stage, 1:]).sum(axis=1)


def stage_kernel(hazards: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance that a stay ends at each place, and the mean of its days where it does, times that chance.

    Both have shape (..., S, S + 2). In a class of w days that begins at age c, with the chance s to stay a day, the days of
    exit are c + k with chances proportional to s^k, k = 0 ... w - 1: sums of geometric series.
    """
    shape = (*hazards.shape[:-2], hazards.shape[-1])
    chance, days = np.zeros(shape, hazards.dtype), np.zeros(shape, hazards.dtype)
    still = np.ones(shape[:-1], hazards.dtype)
    classes = starts.shape[1]
    for a in range(classes):
        gone, start = hazards[..., a, :].sum(axis=-1), starts[:, a]
        width = starts[:, a + 1] - start if a + 1 < classes else None
        total, weighted, left = _geometric(gone, width)
        reached = (still * total)[..., None] * hazards[..., a, :]
        chance = chance + reached
        days = days + start[:, None] * reached + (still * weighted)[..., None] * hazards[..., a, :]
        still = still * left
    return chance, days


def _geometric(gone: np.ndarray, width: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sums of s^k and of k s^k over ``width`` days (None: for ever), and s^width, with s = 1 - ``gone``."""
    never = gone == 0
    q = np.where(never, 1.0, gone)
    stay = 1 - q
    if width is None:
        return np.where(never, np.nan, 1 / q), np.where(never, np.nan, stay / q**2), np.zeros_like(gone)
    power = stay**width
    weighted = (stay - power * (1 + (width - 1) * q)) / q**2
    return (
        np.where(never, width, (1 - power) / q), np.where(never, width * (width - 1) / 2, weighted), np.where(never, 1, power),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ChainNumbers:
    """What follows from the chances of a chain of S stages.

    Attributes
    ----------
    transition : ndarray, shape (..., S, S + 2)
        The chance to go from a stage to each place.
    fundamental : ndarray, shape (..., S, S)
        How often a deal in one stage is expected to be in each, itself counted.
    win, steps, days, won_days : ndarray, shape (..., S)
        From each stage: the chance to be won at last, expected stages and days until the end, and days of those who are won.
    """

    transition: np.ndarray
    fundamental: np.ndarray
    win: np.ndarray
    steps: np.ndarray
    days: np.ndarray
    won_days: np.ndarray


def chain_numbers(hazards: np.ndarray, starts: np.ndarray) -> ChainNumbers:
    """Return what follows from the chances of a day: N = (I - Q)^-1, and what it multiplies (Kemeny & Snell 1960)."""
    chance, days = stage_kernel(hazards, starts)
    s = chance.shape[-2]
    fundamental = np.linalg.inv(np.eye(s) - chance[..., :s])
    win = _times(fundamental, chance[..., s])
    later = np.concatenate([win, np.ones_like(win[..., :1]), np.zeros_like(win[..., :1])], axis=-1)
    spent = _times(fundamental, _times(days, later))  # days in each stage, of those who are won from there
    none = win == 0
    won_days = np.where(none, np.nan, spent / np.where(none, 1, win))
    return ChainNumbers(
        chance, fundamental, win, fundamental.sum(axis=-1), _times(fundamental, days.sum(axis=-1)), won_days
    )  # fmt: skip


def _times(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return (matrix @ vector[..., None])[..., 0]


def covariance(counts: ChainCounts, names: tuple[str, ...]) -> np.ndarray:
    """Return the covariance of some of the numbers, flat and one after the other, by the delta method.

    Chances of a day are multinomial in each stage and class of age: their covariance is (diag(h) - h h') / days at risk.
    """
    hazards = counts.hazards
    cells = np.argwhere(counts.exits > 0)
    shifted = np.tile(hazards.astype(complex), (len(cells), 1, 1, 1))
    shifted[np.arange(len(cells)), *cells.T] += 1j * _STEP
    numbers = chain_numbers(shifted, counts.starts)
    jacobian = np.concatenate([getattr(numbers, name).imag.reshape(len(cells), -1) for name in names], axis=1) / _STEP
    h = hazards[tuple(cells.T)]
    same = (cells[:, None, :2] == cells[None, :, :2]).all(axis=2)
    among = (np.diag(h) - same * np.outer(h, h)) / counts.at_risk[cells[:, 0], cells[:, 1]][:, None]
    return jacobian.T @ among @ jacobian


def log_likelihood(counts: ChainCounts) -> float:
    """Return the log-likelihood of all days at its maximum."""
    hazards, stays = counts.hazards, counts.at_risk - counts.exits.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts.exits > 0, counts.exits * np.log(hazards), 0).sum()
        remains = np.where(stays > 0, stays * np.log1p(-hazards.sum(axis=2)), 0).sum()
    return float(terms + remains)
