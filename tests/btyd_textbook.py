"""The textbook of customers without contract, written again in mpmath: what ``test_btyd_reference.py`` holds the package to.

Each formula stands as it is printed (hypergeometric functions, beta functions, plain integrals where there is no closed
form), with nothing from the package. Two are brought into a form that is exact and quicker: sums of beta functions by their
recurrence, and 2F1 by Euler's transformation. Where a formula cancels, digits are doubled until two runs agree, so that no
error is the reference's. ``MODELS`` has an entry for each model of purchases. Sources: Fader, Hardie & Lee (2005), Marketing
Science 24(2), "BG/NBD"; Batislam, Denizel & Filiztekin (2007), "MBG/NBD"; Fader & Hardie (2005), A note on deriving the
Pareto/NBD model, and Fader, Hardie & Lee (2005), RFM and CLV, "DERT"; Fader, Hardie & Shang (2010), "BG/BB"; Fader & Hardie
(2013), "gamma-gamma".
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
import numpy as np

NEAR = 1e-8  # relative; of logarithms also absolute, where they pass through 0


def exact(formula, *given, digits=None):
    """A formula with so many digits that twice as many say the same, or with the ``digits`` that are given."""
    given = [mp.mpf(float(value)) for value in given]
    if digits:
        with mp.workdps(digits):
            return formula(*given)
    last = None
    for digits in (50, 100, 200, 400, 800, 1600):
        with mp.workdps(digits):
            value = formula(*given)
            if last is not None and abs(value - last) <= mp.mpf(10) ** -16 * abs(value):
                return value
            last = value
    raise ArithmeticError(f"{formula.__name__}{tuple(map(float, given))}: digits do not settle")


# -- The textbook -------------------------------------------------------------------------------------------------


def ratio(above, below):
    """Product of gamma functions over another, by logarithms."""
    return mp.exp(sum(map(mp.loggamma, above)) - sum(map(mp.loggamma, below)))


def beta(a, b):
    return mp.exp(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))


def bgnbd_likelihood(r, alpha, a, b, x, t_x, t):
    """Fader, Hardie & Lee (2005), eq. 6."""
    front = ratio([r + x], [r]) * alpha**r
    alive = beta(a, b + x) / beta(a, b) / (alpha + t) ** (r + x)
    dead = beta(a + 1, b + x - 1) / beta(a, b) / (alpha + t_x) ** (r + x) if x > 0 else 0
    return front * (alive + dead)


def mbgnbd_likelihood(r, alpha, a, b, x, t_x, t):
    """Batislam, Denizel & Filiztekin (2007), eq. 5."""
    front = ratio([r + x], [r]) * alpha**r
    alive = beta(a, b + x + 1) / beta(a, b) / (alpha + t) ** (r + x)
    dead = beta(a + 1, b + x) / beta(a, b) / (alpha + t_x) ** (r + x)
    return front * (alive + dead)


def pareto_death(r, alpha, s, beta, x, t_x, t):
    """The integral over the time of death, A_0 of Fader & Hardie (2005), eq. 17 and 18, with either parameter the larger."""
    most, least = max(alpha, beta), min(alpha, beta)
    second = s + 1 if alpha >= beta else r + x

    def term(time):
        return mp.hyp2f1(r + s + x, second, r + s + x + 1, (most - least) / (most + time)) / (most + time) ** (r + s + x)

    return term(t_x) - term(t)


def pareto_likelihood(r, alpha, s, beta, x, t_x, t):
    alive = (alpha + t) ** -(r + x) * (beta + t) ** -s
    return ratio([r + x], [r]) * alpha**r * beta**s * (alive + s / (r + s + x) * pareto_death(r, alpha, s, beta, x, t_x, t))


def bgbb_likelihood(alpha, beta_, gamma, delta, x, t_x, n):
    """Fader, Hardie & Shang (2010), eq. 7."""
    taken, ended = beta(alpha + x, beta_ + t_x - x), beta(gamma + 1, delta + t_x)
    total = mp.mpf(0)
    for i in range(int(n - t_x)):  # B(a, b + 1) = B(a, b) b / (a + b)
        total += taken * ended
        taken *= (beta_ + t_x - x + i) / (alpha + beta_ + t_x + i)
        ended *= (delta + t_x + i) / (gamma + 1 + delta + t_x + i)
    total += taken * beta(gamma, delta + n)
    return total / beta(alpha, beta_) / beta(gamma, delta)


def spend_likelihood(p, q, v, x, mean):
    """Fader & Hardie (2013), eq. 1a."""
    return ratio([p * x + q], [p * x, q]) * v**q * mean ** (p * x - 1) * x ** (p * x) / (v + x * mean) ** (p * x + q)


def bgnbd_alive(r, alpha, a, b, x, t_x, t):
    """Fader, Hardie & Lee (2005), the denominator of eq. 10."""
    return 1 / (1 + (a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x) if x > 0 else 0))


def mbgnbd_alive(r, alpha, a, b, x, t_x, t):
    """Batislam, Denizel & Filiztekin (2007), eq. 6."""
    return 1 / (1 + a / (b + x) * ((alpha + t) / (alpha + t_x)) ** (r + x))


def pareto_is_alive(r, alpha, s, beta, x, t_x, t):
    """Schmittlein, Morrison & Colombo (1987), eq. 11 to 13, as in Fader & Hardie (2005), eq. 21."""
    death = pareto_death(r, alpha, s, beta, x, t_x, t)
    return 1 / (1 + s / (r + s + x) * (alpha + t) ** (r + x) * (beta + t) ** s * death)


def bgbb_is_alive(alpha, beta_, gamma, delta, x, t_x, n):
    """Fader, Hardie & Shang (2010), eq. 11."""
    top = beta(alpha + x, beta_ + n - x) / beta(alpha, beta_) * beta(gamma, delta + n + 1) / beta(gamma, delta)
    return top / bgbb_likelihood(alpha, beta_, gamma, delta, x, t_x, n)


def off_one(value):
    """A parameter at which a formula is 0 / 0, moved by what does not show: half of the digits are left."""
    return value + mp.mpf(10) ** (-mp.mp.dps // 2) if value == 1 else value


def geometric_ahead(r, alpha, a, b, x, t, ahead):
    """Fader, Hardie & Lee (2005), eq. 10 without its denominator; ``b`` is one more for MBG/NBD.

    ((alpha + t) / (alpha + t + ahead))^(r + x) 2F1(r + x, b + x; a + b + x - 1; z) is by Euler's transformation
    (1 - z)^(a - 1) 2F1(a + b - 1 - r, a - 1; a + b + x - 1; z), whose parameters stay small.
    """
    a = off_one(a)
    z = ahead / (alpha + t + ahead)
    return (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * mp.hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z))


def geometric_flow(r, alpha, a, b, x, t, ahead):
    """Purchases per week, ``ahead`` weeks from now, of one alive now: the derivative of ``geometric_ahead``.

    The mean of rate exp(-rate p ahead) over gamma(r + x, alpha + t) and beta(a, b + x).
    """
    scale, z = alpha + t, ahead / (alpha + t + ahead)
    return (r + x) / scale * (1 - z) ** a * mp.hyp2f1(a, a + b - r - 1, a + b + x, z)  # by Pfaff: small parameters


def integral(function, ends):
    """The integral of a function by Gauss-Legendre between each end and the next; nodes have sixteen digits."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    pieces = [(low + (high - low) * (z + 1) / 2, (high - low) * w / 2)
              for low, high in itertools.pairwise(ends) for z, w in zip(nodes, weights, strict=True)]  # fmt: skip
    return sum(w * function(u) for u, w in pieces)


def discounted(flow, rate, ahead):
    """The integral of flow(u) exp(-rate u) from 0 to ``ahead``, on ever longer pieces."""
    edge = min(ahead, (mp.mp.dps + 5) / rate)
    ends = [mp.mpf(0)] + [edge * mp.mpf(4) ** -k for k in range(22, -1, -1)]
    return integral(lambda u: flow(u) * mp.exp(-rate * u), ends)


def pareto_ahead(r, alpha, s, beta, x, t, ahead):
    """Fader & Hardie (2005), eq. 41, without P(alive)."""
    s = off_one(s)
    return (r + x) * (beta + t) / ((alpha + t) * (s - 1)) * (1 - ((beta + t) / (beta + t + ahead)) ** (s - 1))


def pareto_dert(r, alpha, s, beta, x, t, rate):
    """Fader, Hardie & Lee (2005), RFM and CLV, eq. 2, without P(alive): Psi is the confluent function of the second kind."""
    return (r + x) / (alpha + t) * (beta + t) ** s * rate ** (s - 1) * mp.hyperu(s, s, rate * (beta + t))


def pareto_discounted(r, alpha, s, beta, x, t, ahead, rate):
    """The same up to ``ahead``: what is left after it is the same formula from there, discounted."""
    if ahead == mp.inf:
        return pareto_dert(r, alpha, s, beta, x, t, rate)
    late = mp.exp(-rate * ahead) * ((beta + t) / (beta + t + ahead)) ** s
    rest = (beta + t + ahead) ** s * rate ** (s - 1) * mp.hyperu(s, s, rate * (beta + t + ahead))
    return pareto_dert(r, alpha, s, beta, x, t, rate) - (r + x) / (alpha + t) * late * rest


def bgbb_ahead(alpha, beta_, gamma, delta, x, n, ahead):
    """Fader, Hardie & Shang (2010), eq. 13, over the chance to meet the next opportunity alive."""
    gamma = off_one(gamma)
    bottom = beta(gamma, delta + n + 1)
    lives = (ratio([gamma - 1, delta + n + 1], [gamma + delta + n]) - ratio([gamma - 1, delta + n + ahead + 1],
             [gamma + delta + n + ahead])) if gamma > 1 else -beta_below(gamma, delta, n, ahead)  # fmt: skip
    return beta(alpha + x + 1, beta_ + n - x) / beta(alpha + x, beta_ + n - x) * lives / bottom


def beta_below(gamma, delta, n, ahead):
    """The same difference of beta functions with gamma - 1 below 0, by B(g - 1, d) = B(g, d) (g + d - 1) / (g - 1)."""
    one, other = delta + n + 1, delta + n + ahead + 1
    return -(beta(gamma, one) * (gamma + one - 1) - beta(gamma, other) * (gamma + other - 1)) / (gamma - 1)


def bgbb_dert(alpha, beta_, gamma, delta, x, n, ahead, rate):
    """Fader, Hardie & Shang (2010), eq. 14: opportunities from the next on, the next discounted once; over P(alive)."""
    assert ahead == mp.inf
    share = mp.exp(-rate)
    return (alpha + x) / (alpha + beta_ + n) * share * mp.hyp2f1(1, delta + n + 1, gamma + delta + n + 1, share)


def spend_expected(p, q, v, x, mean):
    """Fader & Hardie (2013), eq. 5: a weighted mean of what all and what he spends."""
    own = p * x / (p * x + q - 1)
    q = off_one(q)
    return (q - 1) / (p * x + q - 1) * p * v / (q - 1) + own * mean


def nbd_mass(r, alpha, t, n):
    return ratio([r + n], [r, n + 1]) * (alpha / (alpha + t)) ** r * (t / (alpha + t)) ** n


def geometric_mass(r, alpha, a, b, t, n, chances):
    """Fader, Hardie & Lee (2005), eq. 8; Batislam et al. (2007), eq. 8, has one chance to die more."""
    lived = n + chances
    alive = beta(a, b + lived) / beta(a, b) * nbd_mass(r, alpha, t, n)
    if not lived:
        return alive
    below = sum((nbd_mass(r, alpha, t, mp.mpf(k)) for k in range(int(n))), mp.mpf(0))
    return alive + beta(a + 1, b + lived - 1) / beta(a, b) * (1 - below)


def pareto_mass(r, alpha, s, beta, t, n):
    """Alive to the end, or dead at u: Fader & Hardie (2006), Deriving an expression for P(X(t)=x), as an integral."""
    # pieces are half as long as their end is far from 0, and shorter at the end, where the n-th power of time is steep
    ends = [mp.mpf(0)] + [t * mp.mpf(2) ** -k for k in (*range(60, 6, -1), *(mp.mpf(k) / 4 for k in range(24, -1, -1)))]
    front = ratio([r + n], [r, n + 1]) * alpha**r * s * beta**s
    dead = front * integral(lambda u: u**n * (alpha + u) ** -(r + n) * (beta + u) ** -(s + 1), ends)
    return nbd_mass(r, alpha, t, n) * (beta / (beta + t)) ** s + dead


def bgbb_mass(alpha, beta_, gamma, delta, n, x):
    """Fader, Hardie & Shang (2010), eq. 8."""
    if x > n:
        return mp.mpf(0)
    cases = [(n, beta(gamma, delta + n))] + [(mp.mpf(i), beta(gamma + 1, delta + i)) for i in range(int(x), int(n))]
    terms = [mp.binomial(i, x) * beta(alpha + x, beta_ + i - x) * share for i, share in cases]
    return sum(terms) / beta(alpha, beta_) / beta(gamma, delta)


# -- The models ----------------------------------------------------------------------------------------------------


def log_uniform(rng, low, high, size=None):
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def geometric_corners(rng, shapes, scales):
    a = rng.choice([shapes[1], 1.0, 1 - 1e-9], p=[0.75, 0.15, 0.1])
    b = rng.choice([shapes[2], 1.0, 1 + 1e-9], p=[0.75, 0.15, 0.1])
    return [shapes[0], scales[0], a, b]


def pareto_corners(rng, shapes, scales):
    s = rng.choice([shapes[1], 1.0, 1 + 1e-9], p=[0.75, 0.15, 0.1])
    beta = rng.choice([scales[1], scales[0], scales[0] * (1 + 1e-9)], p=[0.75, 0.15, 0.1])
    return [shapes[0], scales[0], s, beta]


def bgbb_corners(rng, shapes, _):
    delta = log_uniform(rng, 0.01, 100)
    return [*shapes[:2], rng.choice([shapes[2], 1.0, 1 + 1e-9], p=[0.8, 0.1, 0.1]), delta]


@dataclass(frozen=True)
class Reference:
    """The formulas of a model, of its parameters and what is named here; digits where they are given, else till they settle.

    ``corners(rng, shapes, scales)`` makes parameters of three numbers from 0.01 to 100 and two up to 1,000.
    """

    likelihood: Callable  # x, recency, age
    alive: Callable  # x, recency, age
    ahead: Callable  # x, age, weeks ahead: purchases of one alive
    discounted: Callable  # x, age, weeks ahead, rate: the same, discounted
    mass: Callable  # weeks, n: chance of n purchases
    corners: Callable
    alive_at_first: Callable = lambda *theta: 1  # after the first purchase
    discounted_digits: int | None = None
    mass_digits: int | None = None
    near: float = NEAR  # of likelihood and chance to be alive
    slow: bool = False
    n_discounted: int = 8  # points to try
    horizons: tuple[float, ...] = (52, 1000, np.inf)  # that ``discounted`` knows


def geometric_reference(likelihood, alive, dropouts):
    """BG/NBD, and MBG/NBD with one occasion more to drop out; flows are integrated by nodes of sixteen digits."""

    def ahead(r, alpha, a, b, *given):
        return geometric_ahead(r, alpha, a, b + dropouts, *given)

    def mass(*given):
        return geometric_mass(*given, dropouts)

    def discounted_ahead(r, alpha, a, b, x, t, ahead, rate):
        return discounted(lambda u: geometric_flow(r, alpha, a, b + dropouts, x, t, u), rate, ahead)

    return Reference(
        likelihood, alive, ahead, discounted_ahead, mass, geometric_corners,
        alive_at_first=lambda r, alpha, a, b: b / (a + b) if dropouts else 1, discounted_digits=30,
    )  # fmt: skip


MODELS = {
    "bgnbd": geometric_reference(bgnbd_likelihood, bgnbd_alive, 0),
    "mbgnbd": geometric_reference(mbgnbd_likelihood, mbgnbd_alive, 1),
    "pareto_nbd": Reference(
        pareto_likelihood, pareto_is_alive, pareto_ahead, pareto_discounted, pareto_mass, pareto_corners, mass_digits=25,
        near=1e-10, slow=True, n_discounted=40,  # so near that a node less is seen
    ),
    "bgbb": Reference(
        bgbb_likelihood, bgbb_is_alive, bgbb_ahead, bgbb_dert, bgbb_mass, bgbb_corners, n_discounted=40, horizons=(np.inf,),
        alive_at_first=lambda alpha, beta_, gamma, delta: delta / (gamma + delta),
    ),
}  # fmt: skip
