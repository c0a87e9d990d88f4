"""Queues: published values of Erlang's formulas, what a simulated queue gives back, and laws."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from crmlab import _queueing


@pytest.mark.parametrize(
    ("servers", "load", "blocked"),
    [(1, 1.0, 0.5), (2, 1.0, 0.2), (5, 3.0, 0.1101), (10, 5.0, 0.0184), (10, 8.0, 0.1217), (20, 15.0, 0.0456)],
)
def test_erlang_b_is_that_of_the_tables(servers, load, blocked):
    """Values as tables of traffic theory print them, to four digits."""
    assert float(_queueing.erlang_b(np.array(servers), np.array(load))) == pytest.approx(blocked, abs=5e-5)


def test_erlang_c_by_its_closed_form():
    """Ten agents at a load of eight: 40.9 % wait; one agent: the load itself; 1 where there is too much to do."""
    assert float(_queueing.erlang_c(np.array(10), np.array(8.0))) == pytest.approx(0.4092, abs=5e-5)
    servers, load = 6, 4.5
    terms = [load**n / np.prod(np.arange(1, n + 1, dtype=float)) for n in range(servers + 1)]
    tail = terms[-1] * servers / (servers - load)
    assert float(_queueing.erlang_c(np.array(servers), np.array(load))) == pytest.approx(tail / (sum(terms[:-1]) + tail))
    assert _queueing.erlang_c(np.array(1), np.array([0.3, 0.9])) == pytest.approx([0.3, 0.9])
    assert _queueing.erlang_c(np.array(3), np.array([3.0, 5.0])) == pytest.approx([1.0, 1.0])


def test_the_fewest_servers_reach_the_level_and_one_fewer_do_not():
    load = np.array([0.01, 0.7, 3.0, 8.0, 40.0])
    servers = _queueing.fewest_servers(load, 0.8, 0.1)

    def in_time(servers):
        return 1 - _queueing.erlang_c(servers, load) * np.exp(-(servers - load) * 0.1)

    assert (in_time(servers) >= 0.8).all()
    some = servers > np.floor(load) + 1
    assert some.any()
    assert (in_time(servers - 1)[some] < 0.8).all()


def abandoning_chain(servers, arrivals, service, abandonment, most=400):
    """The birth-and-death chain of Erlang's A formula: chance to wait, and share who hang up."""
    weight = [1.0]
    for n in range(1, most):
        weight.append(weight[-1] * arrivals / (min(n, servers) * service + max(n - servers, 0) * abandonment))
    share = np.array(weight) / np.sum(weight)
    queue = np.maximum(np.arange(most) - servers, 0)
    return share[servers:].sum(), abandonment * (queue * share).sum() / arrivals


@pytest.mark.parametrize(
    ("servers", "arrivals", "abandonment"), [(1, 0.5, 0.3), (4, 5.0, 0.5), (10, 8.0, 1.0), (30, 33.0, 0.2)]
)
def test_erlang_a_is_the_stationary_law_of_its_chain(servers, arrivals, abandonment):
    tail = lambda wait: float(  # noqa: E731
        _queueing.offered_wait_tail(np.array(wait), np.array(servers), np.array(arrivals), 1.0, abandonment)
    )
    waits, hang_up = abandoning_chain(servers, arrivals, 1.0, abandonment)
    assert tail(0.0) == pytest.approx(waits, rel=1e-9)
    share, _ = quad(
        lambda patience: tail(patience) * abandonment * np.exp(-abandonment * patience), 0, 60 / abandonment, limit=200
    )
    assert share == pytest.approx(hang_up, rel=1e-6)


def test_more_servers_or_fewer_calls_never_lengthen_the_wait():
    wait = np.linspace(0, 5, 21)
    tails = [_queueing.offered_wait_tail(wait, np.array(s), np.array(6.0), 1.0, 0.4) for s in range(1, 15)]
    assert all((more <= fewer + 1e-12).all() for fewer, more in pairwise(tails))
    tails = [_queueing.offered_wait_tail(wait, np.array(6), np.array(calls), 1.0, 0.4) for calls in np.arange(0.5, 12, 0.5)]
    assert all((more >= fewer - 1e-12).all() for fewer, more in pairwise(tails))
    assert (np.diff(tails[5]) <= 0).all()
    assert np.isfinite(_queueing.offered_wait_tail(wait, np.array(60), np.array(1e-9), 0.003, 0.002)).all()


def simulated(servers, load, patience, calls=60_000, seed=1):
    """A queue in which everything is exponential, in milliseconds; one server's mean time is 100,000."""
    random, mean = np.random.default_rng(seed), 100_000
    arrival = np.cumsum(random.exponential(mean / load, calls)).astype(np.int64)
    service, bears = (np.round(random.exponential(each, calls)).astype(np.int64) for each in (mean, patience))
    nobody, never = np.full(calls, -1), np.zeros(calls, dtype=bool)
    duty = [(0, [(0, server, np.inf) for server in range(servers)])]
    return arrival, service, bears, _queueing.serve_in_order(arrival, bears, service, duty, nobody, never, never)


def test_a_simulated_queue_gives_back_erlang_c_and_little():
    """M/M/c: mean wait C / (c - load) of a mean service; the mean number waiting is the rate of calls times the mean wait."""
    arrival, service, _, served = simulated(4, 3.0, 1e15)
    expected = float(_queueing.erlang_c(np.array(4), np.array(3.0))) / (4 - 3.0)
    assert served.wait.mean() / 100_000 == pytest.approx(expected, rel=0.08)
    assert (served.wait > 0).mean() == pytest.approx(expected, rel=0.05)
    grid = np.linspace(0, arrival[-1], 20_001)
    begun = np.sort(arrival + served.wait)
    waiting = np.searchsorted(arrival, grid, side="right") - np.searchsorted(begun, grid, side="right")
    assert waiting.mean() == pytest.approx(arrival.size / arrival[-1] * served.wait.mean(), rel=0.03)
    for server in range(4):  # nobody serves two at a time, and all work about alike
        own = served.server == server
        begin = (arrival + served.wait)[own]
        assert (begin[1:] >= (begin + service[own])[:-1]).all()
        assert own.mean() == pytest.approx(0.25, abs=0.02)
    assert (np.diff(arrival + served.wait) >= 0).all(), "first come, first served"


def test_a_simulated_queue_with_impatient_callers_gives_back_erlang_a():
    _, _, bears, served = simulated(5, 5.5, 200_000)
    waits, hang_up = abandoning_chain(5, 5.5, 1.0, 0.5)
    lost = served.server < 0
    assert (served.wait > 0).mean() == pytest.approx(waits, rel=0.04)
    assert lost.mean() == pytest.approx(hang_up, rel=0.06)
    assert (served.wait[lost] == bears[lost]).all()
    assert (served.wait[~lost] <= bears[~lost]).all()


def test_servers_come_and_go_and_a_later_call_depends_on_the_first():
    """One server until 100, a second from 50 on who stays; three calls of 80, and one that follows each."""
    arrival, service = np.array([0, 10, 105, 300, 310, 320]), np.full(6, 80)
    patience, parent = np.array([9, 200, 20, 9, 9, 9]), np.array([-1, -1, -1, 0, 1, 2])
    duty = [(0, [(0, 0, 100), (50, 1, np.inf)])]
    served = _queueing.serve_in_order(
        arrival, patience, service, duty, parent, np.array([False] * 4 + [True, False]), np.array([False] * 5 + [True])
    )
    assert served.wait.tolist() == [0, 40, 20, 0, 0, 9]
    assert served.server.tolist() == [0, 1, -1, -1, 1, -1]
    assert served.came.tolist() == [True, True, True, False, True, True]
