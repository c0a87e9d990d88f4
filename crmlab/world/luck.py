"""Luck: every random number of the firm, by name instead of in sequence.

A draw is asked for by who it concerns, in which mechanism, in which month, and which of several it
is; the answer is a number between 0 and 1 that depends on nothing else. So two runs of the firm
share their luck person by person even when one of them takes another course, and neither the
number of workers nor the size of a block can change a result. What is made of a draw (a failure, a
purchase, a taste) is known in the mechanisms; this room knows none of them.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

import numpy as np
from scipy.special import ndtri

# SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA, figure 17)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_BITS = 2**64


def mix(words: np.ndarray) -> np.ndarray:
    """Each 64-bit word well stirred: one output of SplitMix64 whose state is the word."""
    words = np.asarray(words, dtype=np.uint64) + _STEP
    words ^= words >> _30
    words *= _FIRST
    words ^= words >> _27
    words *= _SECOND
    words ^= words >> _31
    return words


@cache
def _stream(mechanism: str, month: int, ordinal: int) -> np.uint64:
    told = blake2b(f"{mechanism}/{month}/{ordinal}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(told, "little"))


def keys(seed: int, kind: str, numbers: np.ndarray) -> np.ndarray:
    """The keys of persons (or desks, campaigns, ...) that are known by a number."""
    start = mix(np.array([seed % _BITS], dtype=np.uint64)) ^ _stream(kind, 0, 0)
    return mix(mix(start) ^ mix(np.asarray(numbers, dtype=np.uint64)))


def child(parents: np.ndarray, month: int) -> np.ndarray:
    """The keys of persons whom ``parents`` brought in ``month``."""
    return mix(parents ^ _stream("child", month, 0))


def uniform(who: np.ndarray, mechanism: str, month: int = 0, ordinal: int | np.ndarray = 0) -> np.ndarray:
    """A number between 0 and 1, both excluded, for each key in ``who``.

    ``ordinal`` tells several draws of one mechanism in one month apart; it may be an array, one for each key.
    """
    if isinstance(ordinal, np.ndarray):
        words = mix(mix(who ^ _stream(mechanism, month, 0)) ^ mix(ordinal.astype(np.uint64)))
    else:
        words = mix(who ^ _stream(mechanism, month, ordinal))
    words >>= np.uint64(12)
    return (words + 0.5) * 2.0**-52


def normal(who: np.ndarray, mechanism: str, month: int = 0, ordinal: int | np.ndarray = 0) -> np.ndarray:
    """A standard normal number for each key, by inversion."""
    return ndtri(uniform(who, mechanism, month, ordinal))


def choose(draw: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Which of the options a draw falls on: an index; ``weights`` are one row for all, or one row each."""
    shares = np.cumsum(weights, axis=-1)
    shares = shares / shares[..., -1:]
    if shares.ndim == 1:
        return np.searchsorted(shares, draw, side="right").clip(max=shares.size - 1)
    return (draw[:, None] >= shares[:, :-1]).sum(axis=1)


def poisson(draw: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """A Poisson number for each draw and mean, by inversion: for one draw it never falls when the mean rises."""
    count = np.zeros(draw.size, dtype=np.int64)
    mean = np.broadcast_to(mean, draw.shape)
    term = np.exp(-mean)
    open_ = np.flatnonzero(draw > term)
    term, left = term[open_], draw[open_] - term[open_]
    step = 0
    while open_.size:
        step += 1
        count[open_] = step
        term = term * mean[open_] / step
        left = left - term
        more = (left > 0) & (step < 1000)
        open_, term, left = open_[more], term[more], left[more]
    return count
