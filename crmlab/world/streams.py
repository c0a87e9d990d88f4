"""Random streams: every random number of the firm, by name instead of in sequence.

A draw is asked for by whom it concerns, in which mechanism, in which month, and which of several it
is; the answer is a number between 0 and 1 that depends on nothing else. So two runs of the firm
have common random numbers, person by person, even when one of them takes another course, and neither
the number of workers nor the size of a block can change a result. What is made of a draw (a failure, a
purchase, a taste) is known in the mechanisms; this room knows none of them.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

import numpy as np
from scipy.special import ndtri, pdtr, pdtrik

from crmlab.errors import ArgumentError

# SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA, figure 17)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_UINT64_RANGE = 2**64
#: Up to this mean the terms of the Poisson distribution are summed one by one; `exp(-mean)` is far from underflow there.
_LARGEST_SUMMED_MEAN = 500.0
#: A larger mean is refused: each count becomes that many rows.
_LARGEST_MEAN = 1e6


def mix(words: np.ndarray) -> np.ndarray:
    """Return one output of SplitMix64 for each 64-bit word taken as its state."""
    words = np.asarray(words, dtype=np.uint64) + _GAMMA
    words ^= words >> _30
    words *= _FIRST
    words ^= words >> _27
    words *= _SECOND
    words ^= words >> _31
    return words


@cache
def _stream(mechanism: str, month: int, ordinal: int) -> np.uint64:
    digest = blake2b(f"{mechanism}/{month}/{ordinal}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def make_keys(seed: int, kind: str, numbers: np.ndarray) -> np.ndarray:
    """Return the keys of persons (or desks, campaigns, ...) that are known by a number."""
    start = mix(np.array([seed % _UINT64_RANGE], dtype=np.uint64)) ^ _stream(kind, 0, 0)
    return mix(mix(start) ^ mix(np.asarray(numbers, dtype=np.uint64)))


def child_keys(parents: np.ndarray, month: int) -> np.ndarray:
    """Return the keys of persons whom ``parents`` brought in ``month``."""
    return mix(parents ^ _stream("child", month, 0))


def event_keys(keys: np.ndarray, mechanism: str, month: int = 0, ordinal: int | np.ndarray = 0) -> np.ndarray:
    """Return the keys of events that befall whom each key is of: what is drawn of an event depends on nothing else."""
    if isinstance(ordinal, np.ndarray):
        return mix(mix(keys ^ _stream(mechanism, month, 0)) ^ mix(ordinal.astype(np.uint64)))
    return mix(keys ^ _stream(mechanism, month, ordinal))


def uniform(keys: np.ndarray, mechanism: str, month: int = 0, ordinal: int | np.ndarray = 0) -> np.ndarray:
    """Draw a number between 0 and 1, both excluded, for each key.

    ``ordinal`` tells several draws of one mechanism in one month apart; it may be an array, one for each key.
    """
    words = event_keys(keys, mechanism, month, ordinal)
    words >>= np.uint64(12)
    return (words + 0.5) * 2.0**-52


def normal(keys: np.ndarray, mechanism: str, month: int = 0, ordinal: int | np.ndarray = 0) -> np.ndarray:
    """Draw a standard normal number for each key, by inversion."""
    return ndtri(uniform(keys, mechanism, month, ordinal))


def choose(draw: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the index of the option that each draw falls on; ``weights`` are one row for all, or one row each."""
    shares = np.cumsum(weights, axis=-1)
    shares = shares / shares[..., -1:]
    if shares.ndim == 1:
        return np.searchsorted(shares, draw, side="right").clip(max=shares.size - 1)
    return (draw[:, None] >= shares[:, :-1]).sum(axis=1)


def poisson(draw: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return a Poisson number for each draw and mean, by inversion: for one draw it never falls when the mean rises.

    Raises
    ------
    ArgumentError
        A mean is above a million, or no number: an industry with such rates cannot be simulated.
    """
    count = np.zeros(draw.size, dtype=np.int64)
    mean = np.broadcast_to(mean, draw.shape)
    valid = mean <= _LARGEST_MEAN
    if not valid.all():
        raise ArgumentError(
            f"a customer would order {mean[~valid][0]:g} times in a month; at most {_LARGEST_MEAN:,.0f} can be simulated. "
            "Change less (a price cut on top of bad service), or lower `rate` of the industry or what raises it."
        )
    large = mean > _LARGEST_SUMMED_MEAN
    if large.any():
        at_most = np.ceil(pdtrik(draw[large], mean[large]))  # the inverse of the continued distribution, off by one at a step
        count[large] = at_most - ((at_most > 0) & (pdtr(np.maximum(at_most - 1, 0), mean[large]) >= draw[large]))
    term = np.exp(-mean)
    rows = np.flatnonzero((draw > term) & ~large)
    term, remainder = term[rows], draw[rows] - term[rows]
    step = 0
    while rows.size:
        step += 1
        count[rows] = step
        term = term * mean[rows] / step
        remainder = remainder - term
        # behind the mean, a term too small to change the remainder ends the sum: what remains is rounding
        more = (remainder > 0) & ((step < mean[rows]) | (remainder - term < remainder))
        rows, term, remainder = rows[more], term[more], remainder[more]
    return count
