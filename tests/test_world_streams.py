"""Random streams: uniform, independent, by name; and the inverse distributions made of them."""

import numpy as np
import pytest
from scipy import stats

from crmlab.errors import ArgumentError
from crmlab.world import streams


def test_draws_are_uniform_and_independent():
    who = streams.make_keys(7, "person", np.arange(100_000))
    draws = [streams.uniform(who, *name) for name in (("a", 0, 0), ("a", 1, 0), ("a", 0, 1), ("b", 0, 0))]
    draws += [
        streams.uniform(streams.child_keys(who, 3), "a"),
        streams.uniform(streams.make_keys(8, "person", np.arange(100_000)), "a"),
    ]
    draws += [
        streams.uniform(who, "a", 0, np.arange(100_000) % 7),
        streams.uniform(who[:1].repeat(100_000), "a", 0, np.arange(100_000)),
    ]
    for draw in draws:
        assert draw.min() > 0
        assert draw.max() < 1
        assert stats.kstest(draw, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(draw[1:], draw[:-1])[0, 1]) < 4 / np.sqrt(draw.size)
    worst = np.abs(np.corrcoef(draws) - np.eye(len(draws))).max()
    assert worst < 4.5 / np.sqrt(100_000)
    pairs = np.histogram2d(draws[0], draws[1], bins=20)[0]
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-4


def test_mixing_stirs_every_bit():
    """One bit of a key changes about half of the 64 bits that come out (avalanche)."""
    words = streams.mix(np.arange(1, 2_001, dtype=np.uint64))
    for bit in range(0, 64, 7):
        other = streams.mix(np.arange(1, 2_001, dtype=np.uint64) ^ np.uint64(1 << bit))
        changed = np.bitwise_count(words ^ other)
        assert abs(changed.mean() - 32) < 0.6
        assert changed.min() > 10


def test_splitmix_gives_the_published_stream():
    """The first outputs for the state 1234567, as the reference implementation of SplitMix64 prints them."""
    states = np.array([1234567], dtype=np.uint64) + np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert streams.mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_poisson_is_the_inverse_distribution():
    draw = streams.uniform(streams.make_keys(1, "x", np.arange(5_000)), "poisson")
    for mean in (0.0, 1e-9, 0.3, 2.0, 40.0, 499.9, 500.1, 800.0, 20_000.0):
        assert (streams.poisson(draw, np.full(draw.size, mean)) == stats.poisson.ppf(draw, mean)).all()
    assert (streams.poisson(draw, np.full(draw.size, 0.7)) <= streams.poisson(draw, np.full(draw.size, 0.8))).all()
    last = np.array([1 - 2.0**-53])  # the largest draw: a sum that never reaches it must end
    assert stats.poisson.ppf(last, 0.3)[0] <= streams.poisson(last, np.array([0.3]))[0] < 20


@pytest.mark.parametrize("mean", [1e7, np.inf, np.nan])
def test_poisson_refuses_what_cannot_be_simulated(mean):
    with pytest.raises(ArgumentError, match=r"times in a month.*lower `rate`"):
        streams.poisson(np.array([0.5, 0.5]), np.array([1.0, mean]))


def test_choose_keeps_shares():
    draw = streams.uniform(streams.make_keys(1, "x", np.arange(50_000)), "choose")
    for weights in (np.array([1.0, 0.0, 3.0]), np.tile([1.0, 0.0, 3.0], (draw.size, 1))):
        counts = np.bincount(streams.choose(draw, weights), minlength=3) / draw.size
        assert counts == pytest.approx([0.25, 0, 0.75], abs=0.01)
