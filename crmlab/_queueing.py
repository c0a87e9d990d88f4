"""Queues: how long callers wait for one of several servers, by formula and by simulation.

Here live the formulas of Erlang (B and C: nobody hangs up; A: everybody does when their patience ends) and a simulation, call
by call, of a first-come-first-served queue whose servers come and go. Rates are per unit of time, and every time is in the
same unit; which unit that is, who calls, and what waiting does to them is known elsewhere.

Sources: A. K. Erlang (1917); F. Baccelli and G. Hebuterne (1981), "On queues with impatient customers", for the offered
wait; S. Zeltyn and A. Mandelbaum (2005), "Call centers with impatient customers", Queueing Systems 51, eqs. 3 to 6, for the
form used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

import numpy as np
from scipy.special import gammainc, gammaln

#: One server's time on duty: from when on they may begin with a call, their number, and from when on they begin no more.
Duty = tuple[int, int, float]
#: A share of the gamma function below this one is no basis for a logarithm; a series ends at a term of that part of its sum.
_SMALL, _PRECISION = 1e-200, 1e-16


def erlang_b(servers: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Return the share of calls that find all servers busy when nobody waits.

    By the recursion 1 / B(s) = 1 + s / load / B(s - 1) from B(0) = 1, which neither overflows nor cancels.

    Parameters
    ----------
    servers : array of int, at least 0
    load : array, above 0
        Offered load in erlangs: arrivals a unit of time times the mean time that a server needs.

    Examples
    --------
    >>> import numpy as np
    >>> float(erlang_b(np.array(10), np.array(8.0)).round(4))
    0.1217
    """
    servers, load = np.broadcast_arrays(servers, load)
    inverse = np.ones(load.shape)
    with np.errstate(over="ignore"):  # then nobody is blocked
        for s in range(1, int(servers.max(initial=0)) + 1):
            inverse = np.where(s <= servers, 1 + s / load * inverse, inverse)
    return 1 / inverse


def erlang_c(servers: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Return the share of calls that wait when nobody hangs up: C = B / (1 - load / servers (1 - B)); 1 if overloaded.

    Parameters
    ----------
    servers, load : array
        As in ``erlang_b``.

    Examples
    --------
    >>> import numpy as np
    >>> float(erlang_c(np.array(10), np.array(8.0)).round(3))
    0.409
    """
    blocked, busy = erlang_b(servers, load), load / np.maximum(servers, 1)
    return np.where(load < servers, blocked / (1 - np.minimum(busy, 1) * (1 - blocked)), 1.0)


def fewest_servers(load: np.ndarray, level: float, target: float) -> np.ndarray:
    """Return the fewest servers of whom at least ``level`` of the calls are answered in time, by Erlang's C formula.

    The share answered within ``target`` is 1 - C exp(-(servers - load) target).

    Parameters
    ----------
    load : array, above 0
        In erlangs.
    level : float, below 1
    target : float
        In units of the mean service time.

    Examples
    --------
    >>> import numpy as np
    >>> fewest_servers(np.array([2.0, 8.0, 50.0]), 0.8, 20 / 180)
    array([ 4, 11, 56])
    """
    servers = np.floor(load).astype(np.int64) + 1
    while (late := erlang_c(servers, load) * np.exp(-(servers - load) * target) > 1 - level).any():
        servers = servers + late
    return servers


def offered_wait_tail(
    wait: np.ndarray, servers: np.ndarray, arrivals: np.ndarray, service: float, abandonment: float
) -> np.ndarray:
    """Return the chance that whoever calls would have to wait longer than ``wait``, where callers hang up (Erlang A).

    The density of the offered wait V is proportional to exp(arrivals (1 - exp(-abandonment v)) / abandonment - servers
    service v), and its integral is an incomplete gamma function. Of callers with patience p, P(V > p) hang up.

    Parameters
    ----------
    wait : array, at least 0
    servers : array of int, at least 1
    arrivals : array, above 0
        Calls a unit of time.
    service, abandonment : float, above 0
        One over the mean service time, and over the mean patience.

    Examples
    --------
    Ten servers, eight erlangs, and callers who hardly ever hang up: nearly Erlang's C.

    >>> import numpy as np
    >>> float(offered_wait_tail(np.array(0.0), np.array(10), np.array(8.0), 1.0, 1e-4).round(3))
    0.409
    """
    pressure, a = arrivals / abandonment, servers * service / abandonment
    left = pressure * np.exp(-abandonment * wait)
    beyond = np.log(pressure) + pressure - left - servers * service * wait + _log_kummer(a, left)
    whole = np.log(pressure) + _log_kummer(a, pressure)
    with np.errstate(divide="ignore"):  # nobody waits
        below = -np.log(erlang_b(servers - 1, arrivals / service))  # fewer calls than servers, over the last term of their sum
    return np.exp(beyond - np.logaddexp(below, whole))


def _log_kummer(a: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the log of 1 / a + z / (a (a + 1)) + ..., which is exp(z) z**-a times the lower incomplete gamma function of both.

    That function is too small to be represented where z is far below a; there the series itself ends soon.
    """
    a, z = np.broadcast_arrays(a, z)
    share = gammainc(a, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.asarray(np.log(share) + gammaln(a) - a * np.log(z) + z)
    small = share < _SMALL
    term = 1 / a[small]
    total, k = term.copy(), 0
    while (term > _PRECISION * total).any():
        k += 1
        term = term * z[small] / (a[small] + k)
        total += term
    result[small] = np.log(total)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What became of the calls of a queue.

    Attributes
    ----------
    came : ndarray of bool, shape (n,)
        Whether the call was made at all: a call that follows another depends on how that one went.
    wait : ndarray of int, shape (n,)
        Until a server took the call, or until the caller hung up.
    server : ndarray of int, shape (n,)
        Who took it; -1 if nobody did.
    """

    came: np.ndarray
    wait: np.ndarray
    server: np.ndarray


def serve_in_order(
    arrival: np.ndarray, patience: np.ndarray, service: np.ndarray, duties: Sequence[tuple[int, Sequence[Duty]]],
    parent: np.ndarray, after_served: np.ndarray, after_lost: np.ndarray,
) -> Served:  # fmt: skip
    """Serve calls first come, first served; a free server takes the longest waiting call, the longest idle server comes first.

    Exact, since a caller's wait depends only on the calls before them that were served: those who hang up take
    nobody's time.

    Parameters
    ----------
    arrival : ndarray of int, shape (n,)
        In order.
    patience, service : ndarray of int, shape (n,)
    duties : sequence of (int, list of Duty)
        Periods after which the queue is empty, such as days: when each begins, and who is on duty. Of each period one
        server stays until the last call is served (their duty ends at infinity).
    parent : ndarray of int, shape (n,)
        The earlier call that a call follows; -1 if it stands for itself.
    after_served, after_lost : ndarray of bool, shape (n,)
        Whether a call that follows another is made if that one was served, and if it was lost.
    """
    n = arrival.size
    came, waits, servers = [True] * n, [0] * n, [-1] * n
    starts = np.searchsorted(arrival, [begin for begin, _ in duties]).tolist()
    calls = list(zip(arrival.tolist(), patience.tolist(), service.tolist(), parent.tolist(), strict=True))
    follows, retries = after_served.tolist(), after_lost.tolist()
    for (_, duty), first, stop in zip(duties, starts, [*starts[1:], n], strict=True):
        free = list(duty)
        heapify(free)
        for i in range(first, stop):
            moment, bears, takes, before = calls[i]
            if before >= 0 and not (came[before] and (follows[i] if servers[before] >= 0 else retries[i])):
                came[i] = False
                continue
            while (begin := max(free[0][0], moment)) >= free[0][2]:
                heappop(free)  # off duty
            if begin - moment > bears:
                waits[i] = bears
                continue
            _, server, end = free[0]
            waits[i], servers[i] = begin - moment, server
            heapreplace(free, (begin + takes, server, end))
    return Served(np.array(came, dtype=bool), np.array(waits, dtype=np.int64), np.array(servers, dtype=np.int64))
