"""Customers without contract against a slow reference: the textbook's formulas, written again with fifty digits and more.

Each formula stands as it is printed (hypergeometric functions, beta functions, plain integrals where there is no closed
form), in mpmath, with nothing from the package. Two are brought into a form that is exact and quicker: sums of beta functions
by their recurrence, and 2F1 by Euler's transformation. Where a formula cancels, digits are doubled until two runs agree, so
that no error below is the reference's. Sources: Fader, Hardie & Lee (2005), Marketing Science 24(2), "BG/NBD"; Batislam,
Denizel & Filiztekin (2007), "MBG/NBD"; Fader & Hardie (2005), A note on deriving the Pareto/NBD model, and Fader, Hardie &
Lee (2005), RFM and CLV, "DERT"; Fader, Hardie & Shang (2010), "BG/BB"; Fader & Hardie (2013), "gamma-gamma".
"""

import itertools

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from btyd_samples import expectation, fit_at, spend_at

from crmlab.btyd import bgbb, bgnbd, gamma_gamma, models, pareto_nbd, pochhammer, spend

NEAR = 1e-8  # relative; of logarithms also absolute, where they pass through 0
COUNTS = (0, 1, 2, 5, 50, 1000, 10_000)


def exact(formula, *given):
    """A formula with so many digits that twice as many say the same."""
    given = [mp.mpf(float(value)) for value in given]
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


def bgbb_dert(alpha, beta_, gamma, delta, x, n, rate):
    """Fader, Hardie & Shang (2010), eq. 14: opportunities from the next on, the next discounted once; over P(alive)."""
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


# -- Where ---------------------------------------------------------------------------------------------------------


def log_uniform(rng, low, high, size=None):
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def moments(rng):
    """Times of a last purchase and of the end of calibration: anywhere, at once after the beginning, and at the end."""
    age = log_uniform(rng, 0.1, 10_000)
    return rng.choice([0.0, age, age * rng.random(), age * (1 - 1e-6), age * 1e-6], p=[0.15, 0.2, 0.45, 0.1, 0.1]), age


def point(rng, kind):
    """Parameters and a history, random and at the corners."""
    shapes = log_uniform(rng, 0.01, 100, 3)
    scales = log_uniform(rng, 0.01, 1000, 2)
    if kind == "bgbb":
        n = int(rng.choice([1, 2, 5, 20, 60]))
        recency = int(rng.integers(0, n + 1))
        x = int(rng.integers(1, recency + 1)) if recency else 0
        theta = [*shapes, log_uniform(rng, 0.01, 100)]
        theta[2] = rng.choice([theta[2], 1.0, 1 + 1e-9], p=[0.8, 0.1, 0.1])
        return theta, (x, recency, n)
    x = int(rng.choice(COUNTS))
    recency, age = moments(rng)
    recency = recency if x else 0.0
    if kind == "pareto_nbd":
        s = rng.choice([shapes[1], 1.0, 1 + 1e-9], p=[0.75, 0.15, 0.1])
        second = rng.choice([scales[1], scales[0], scales[0] * (1 + 1e-9)], p=[0.75, 0.15, 0.1])
        return [shapes[0], scales[0], s, second], (x, recency, age)
    a = rng.choice([shapes[1], 1.0, 1 - 1e-9], p=[0.75, 0.15, 0.1])
    b = rng.choice([shapes[2], 1.0, 1 + 1e-9], p=[0.75, 0.15, 0.1])
    return [shapes[0], scales[0], a, b], (x, recency, age)


def spend_point(rng):
    theta = [log_uniform(rng, 0.01, 100), rng.choice([log_uniform(rng, 0.01, 100), 1.0]), log_uniform(rng, 0.01, 1000)]
    return theta, (float(rng.choice(COUNTS[1:])), log_uniform(rng, 0.01, 10_000))


def columns(*rows):
    """Rows as arrays, one for each column."""
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def as_column(theta):
    return np.array(theta, dtype=float)[:, None]


MODELS = {
    "bgnbd": (bgnbd_likelihood, bgnbd_alive, 0),
    "mbgnbd": (mbgnbd_likelihood, mbgnbd_alive, 1),
    "pareto_nbd": (pareto_likelihood, pareto_is_alive, None),
    "bgbb": (bgbb_likelihood, bgbb_is_alive, None),
}
every_model = pytest.mark.parametrize("kind", MODELS)


def points(kind, many, seed=1):
    rng = np.random.default_rng(seed)
    return [spend_point(rng) if kind == "spend" else point(rng, kind) for _ in range(many)]


# -- How far off -----------------------------------------------------------------------------------------------------


def of_log(value, likelihood):
    truth = mp.log(likelihood)
    return float(abs(value - truth) / max(1, abs(truth)))


def relative(value, truth):
    return float(abs(mp.mpf(float(value)) - truth) / abs(truth)) if abs(truth) > 1e-290 else float(abs(value) > 1e-280)


def off_likelihood(kind, theta, history):
    if kind == "spend":
        value = gamma_gamma.loglik_score_hessian(as_column(theta), *columns(history))[0][0]
        likelihood = exact(spend_likelihood, *theta, *history)
    else:
        loglik = models.MODELS[kind].likelihood.loglik_score_hessian
        value, likelihood = loglik(as_column(theta), *columns(history))[0][0], exact(MODELS[kind][0], *theta, *history)
    return of_log(value, likelihood)


def off_alive(kind, theta, history):
    value = models.MODELS[kind].alive(as_column(theta), *columns(history))[0]
    return relative(value, exact(MODELS[kind][1], *theta, *history))


def off_future(kind, theta, history, ahead):
    x, _, age = history
    value = models.MODELS[kind].expected_if_alive(as_column(theta), *columns((x, age)), ahead, 0.0)[0]
    if kind == "bgbb":
        truth = exact(bgbb_ahead, *theta, x, age, ahead)
    elif kind == "pareto_nbd":
        truth = exact(pareto_ahead, *theta, x, age, ahead)
    else:
        r, alpha, a, b = theta
        truth = exact(geometric_ahead, r, alpha, a, b + MODELS[kind][2], x, age, ahead)
    return relative(value, truth)


def off_discounted(kind, theta, history, ahead, rate):
    x, _, age = history
    value = models.MODELS[kind].expected_if_alive(as_column(theta), *columns((x, age)), ahead, rate)[0]
    if kind == "bgbb":
        truth = exact(bgbb_dert, *theta, x, age, rate)
    elif kind == "pareto_nbd":
        given = (*theta, x, age)
        truth = exact(pareto_dert, *given, rate) if np.isinf(ahead) else exact(pareto_discounted, *given, ahead, rate)
    else:
        r, alpha, a, b = map(mp.mpf, theta)
        with mp.workdps(30):
            flow = lambda u: geometric_flow(r, alpha, a, b + MODELS[kind][2], x, mp.mpf(age), u)  # noqa: E731
            truth = discounted(flow, mp.mpf(rate), mp.mpf(ahead))
    return relative(value, truth)


def off_mass(kind, theta, time, n):
    value = models.MODELS[kind].pmf(as_column(theta), np.array([float(time)]), int(n))[int(n), 0]
    if kind == "pareto_nbd":
        with mp.workdps(25):
            truth = pareto_mass(*map(mp.mpf, theta), mp.mpf(time), mp.mpf(n))
    elif kind == "bgbb":
        truth = exact(bgbb_mass, *theta, time, n)
        return float(value) if not truth else relative(value, truth)
    else:
        truth = exact(geometric_mass, *theta, time, n, MODELS[kind][2])
    return relative(value, truth)


def slopes_of_log(formula, theta, history):
    """Gradient and second derivatives of a log-likelihood by the logarithms of the parameters: differences with 80 digits."""
    with mp.workdps(80):
        h, k = mp.mpf(10) ** -15, len(theta)
        at = [mp.log(mp.mpf(float(value))) for value in theta]
        given = [mp.mpf(float(value)) for value in history]
        known = {}

        def log(*steps):
            if steps not in known:
                moved = [mp.exp(place + step * h) for place, step in zip(at, steps, strict=True)]
                known[steps] = mp.log(formula(*moved, *given))
            return known[steps]

        def step(*moves):
            return tuple(sum(sign for place, sign in moves if place == i) for i in range(k))

        gradient = [(log(*step((i, 1))) - log(*step((i, -1)))) / (2 * h) for i in range(k)]
        second = [
            [sum(p * q * log(*step((i, p), (j, q))) for p in (1, -1) for q in (1, -1)) / (4 * h * h) for j in range(k)]
            for i in range(k)
        ]
        return np.array(gradient, dtype=float), np.array(second, dtype=float)


# -- Agreement -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*MODELS, "spend"])
def test_log_likelihood(kind):
    near = 1e-10 if kind == "pareto_nbd" else NEAR  # so that a node less is seen
    assert max(off_likelihood(kind, *each) for each in points(kind, 50)) < near


@every_model
def test_chance_to_be_alive(kind):
    near = 1e-10 if kind == "pareto_nbd" else NEAR
    assert max(off_alive(kind, *each) for each in points(kind, 50)) < near


def test_as_many_nodes_as_are_needed(monkeypatch):
    """Of the sum over the moments of death: eighty nodes change it by less than 1e-11, and one less often by more."""
    chosen = points("pareto_nbd", 1_000, seed=9)
    nodes, taken = pareto_nbd.gauss_legendre, []

    def total(theta, history):
        return pareto_nbd.dropout_mixture(*as_column(theta), *columns(history))[-1].sum()

    def off(theta, history, less):
        monkeypatch.setattr(pareto_nbd, "gauss_legendre", lambda count: nodes(taken.append(count) or count - less))
        some = total(theta, history)
        monkeypatch.setattr(pareto_nbd, "gauss_legendre", lambda _: nodes(80))
        return abs(some / total(theta, history) - 1)

    assert max(off(*each, 0) for each in chosen) < 1e-11
    assert max(taken) < 50
    assert np.mean([off(*each, 1) > 1e-11 for each in chosen]) > 0.1


@every_model
def test_customers_with_parameters_of_their_own(kind):
    """As covariates make them: the same as one customer at a time."""
    chosen = points(kind, 30, seed=3)
    theta, rows = np.array([each[0] for each in chosen]).T, columns(*(each[1] for each in chosen))
    model = models.MODELS[kind]
    together, alive = model.likelihood.loglik_score_hessian(theta, *rows), model.alive(theta, *rows)
    ahead = model.expected_if_alive(theta, rows[0], rows[2], 7, 0.01)
    for place, (mine, history) in enumerate(chosen):
        alone = model.likelihood.loglik_score_hessian(as_column(mine), *columns(history))
        np.testing.assert_allclose(together[0][place], alone[0][0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(together[1][:, place], alone[1][:, 0], rtol=1e-8, atol=NEAR * max(1, history[0]))
        np.testing.assert_allclose(together[2][:, :, place], alone[2][:, :, 0], rtol=1e-8, atol=NEAR * max(1, history[0]))
        np.testing.assert_allclose(alive[place], model.alive(as_column(mine), *columns(history))[0], rtol=NEAR)
        single = model.expected_if_alive(as_column(mine), *columns((history[0], history[2])), 7, 0.01)[0]
        np.testing.assert_allclose(ahead[place], single, rtol=NEAR)


@pytest.mark.parametrize("kind", [*MODELS, "spend"])
def test_derivatives(kind):
    chosen = [each for each in points(kind, 60, seed=2) if each[1][0] <= 1000][: 8 if kind == "pareto_nbd" else 10]
    for theta, history in chosen:
        terms = gamma_gamma.loglik_score_hessian if kind == "spend" else models.MODELS[kind].likelihood.loglik_score_hessian
        formula = spend_likelihood if kind == "spend" else MODELS[kind][0]
        _, gradient, second = terms(as_column(theta), *columns(history))
        truth, bend = slopes_of_log(formula, theta, history)
        size = max(1.0, history[0])  # of the sums whose differences these are
        np.testing.assert_allclose(gradient[:, 0], truth, rtol=NEAR, atol=NEAR * size, err_msg=f"{theta}, {history}")
        np.testing.assert_allclose(second[:, :, 0], bend, rtol=NEAR, atol=NEAR * size, err_msg=f"{theta}, {history}")


@every_model
def test_expected_purchases(kind):
    rng = np.random.default_rng(8)
    for theta, history in points(kind, 14, seed=4):
        ahead = int(rng.choice([1, 5, 50])) if kind == "bgbb" else float(rng.choice([1e-3, 1, 52, 1000, 10_000]))
        assert off_future(kind, theta, history, ahead) < NEAR, (theta, history, ahead)


@every_model
def test_discounted_purchases(kind):
    rng = np.random.default_rng(9)
    for theta, history in points(kind, 40 if kind in ("pareto_nbd", "bgbb") else 8, seed=5):
        ahead = np.inf if kind == "bgbb" else float(rng.choice([52, 1000, np.inf]))
        rate = float(rng.choice([0.0027, 0.05, 1e-4]))
        assert off_discounted(kind, theta, history, ahead, rate) < NEAR, (theta, history, ahead, rate)


@pytest.mark.parametrize(
    ("theta", "history", "ahead", "rate"),
    [
        ([0.064, 0.629, 89.7, 0.629], (50, 0.0, 8.08), 1000.0, 1e-4),  # dies at once
        ([0.14, 17.0, 61.5, 0.25], (1, 0.39, 1.21), np.inf, 0.05),
        ([2.0, 154.0, 73.6, 0.019], (1, 4.7, 8.5), 1000.0, 0.0027),
    ],
)
def test_discounted_purchases_of_those_who_die_at_once(theta, history, ahead, rate):
    assert off_discounted("pareto_nbd", theta, history, ahead, rate) < NEAR


@pytest.mark.parametrize("ahead", [1, 10, 10**9, np.inf])
def test_a_discount_of_next_to_nothing_over_many_opportunities(ahead):
    """A sum of 10^9 terms is not added up: geometric, so it ends at once."""
    rate = 1e-12
    value = bgbb.expected_if_alive(as_column([1.2, 0.75, 2.5, 2.8]), *columns((3, 6)), ahead, rate)[0]
    truth = exact(bgbb_ahead, 1.2, 0.75, 2.5, 2.8, 3, 6, min(ahead, 10**15))
    assert relative(value, truth) < 1e-6


@every_model
def test_chances_of_frequencies(kind):
    rng = np.random.default_rng(10)
    for theta, (_, _, age) in points(kind, 8 if kind == "pareto_nbd" else 20, seed=6):
        n = int(rng.choice([0, 1, 2, 7, 40]))
        assert off_mass(kind, theta, age, n) < NEAR, (theta, age, n)


def test_chances_of_frequencies_of_those_who_die_at_once():
    for theta, age, n in (
        ([2.0, 154.0, 73.6, 0.019], 8.5, 2),
        ([3.8, 59.7, 61.3, 0.021], 2.43, 2),
        ([46.9, 0.024, 1, 2.8], 1.16, 7),
    ):
        assert off_mass("pareto_nbd", theta, age, n) < NEAR


@every_model
def test_expected_purchases_of_a_new_customer(kind):
    """The same formulas with a history of nothing: Fader, Hardie & Lee (2005), eq. 9, and its kin."""
    for theta, _ in points(kind, 10, seed=7):
        for weeks in (1, 5, 39):
            if kind == "pareto_nbd":
                truth = exact(pareto_ahead, *theta, 0, 0, weeks)
            elif kind == "bgbb":
                truth = exact(bgbb_ahead, *theta, 0, 0, weeks) * theta[3] / (theta[2] + theta[3])
            else:
                r, alpha, a, b = theta
                first = MODELS[kind][2]  # MBG/NBD: alive after the first purchase
                truth = exact(geometric_ahead, r, alpha, a, b + first, 0, 0, weeks) * ((b / (a + b)) if first else 1)
            assert relative(fit_at(kind, theta).expected_purchases_new_customer(weeks), truth) < NEAR


def test_expected_spend():
    for theta, history in points("spend", 40, seed=8):
        p, q, _ = theta
        if p * history[0] + q <= 1 + 1e-6:
            continue
        table = pd.DataFrame([history], columns=["frequency", "monetary_value"])
        value = spend.expected_spend(spend_at(theta).estimate, table)[0][0]
        assert relative(value, exact(spend_expected, *theta, *history)) < NEAR


def test_alive_with_next_to_no_chance():
    """As small as a number can be, not 0 and not below."""
    history = columns((1000, 5.0, 100.0))
    theta = as_column([0.3, 5.0, 0.8, 2.4])
    value = bgnbd.alive(theta, *history, dropout_at_first_purchase=False)[0]
    truth = exact(bgnbd_alive, 0.3, 5.0, 0.8, 2.4, 1000, 5.0, 100.0)
    assert value == 0 or relative(value, truth) < NEAR  # 1e-1018 is none
    history = columns((200, 5.0, 100.0))
    value = bgnbd.alive(theta, *history, dropout_at_first_purchase=False)[0]
    truth = exact(bgnbd_alive, 0.3, 5.0, 0.8, 2.4, 200, 5.0, 100.0)
    assert 1e-220 < truth < 1e-190
    assert relative(value, truth) < NEAR
    value = pareto_nbd.alive(as_column([0.3, 5.0, 0.8, 10.0]), *history)[0]
    assert relative(value, exact(pareto_is_alive, 0.3, 5.0, 0.8, 10.0, 200, 5.0, 100.0)) < NEAR


@every_model
def test_predictions_of_many_customers_are_those_of_each(kind):
    """Where many ages share a frequency a curve is read; it must not show."""
    unit = "periods" if kind == "bgbb" else "weeks"
    age = np.arange(1.0, 121) if kind == "bgbb" else np.geomspace(0.05, 10_000, 150)
    for theta, _ in points(kind, 3, seed=11):
        for x, weeks, annual in ((0, 52, 0.0), (30, 52, 0.0), (1, np.inf, 0.1)):
            mine = age[age >= x] if kind == "bgbb" else age
            table = pd.DataFrame({"frequency": x, f"recency_{unit}": mine if x else 0.0, f"age_{unit}": mine})
            fit = fit_at(kind, theta)
            expected = expectation(fit, table, weeks, annual)
            rate = np.log1p(annual) / (1 if kind == "bgbb" else 52)
            direct = fit.model.expected_if_alive(as_column(theta), np.full(mine.size, float(x)), mine, weeks, rate)
            np.testing.assert_allclose(
                expected.purchases, expected.p_alive * direct, rtol=NEAR, err_msg=f"{theta}, {x}, {weeks}"
            )


def test_terms_know_both_ways_to_count():
    """A running sum for parameters shared by all, log-gamma functions for parameters of one's own."""
    steps = np.array([0.0, 1, 7, 10_000])
    for start in (1e-2, 0.7, 55.0):
        for shared, own in zip(
            pochhammer.log_pochhammer_table(np.array([start]), steps),
            pochhammer.log_pochhammer(np.full(4, start), steps),
            strict=True,
        ):
            np.testing.assert_allclose(shared, own, rtol=1e-9, atol=1e-9)


def test_ways_of_a_donor():
    """Each way to have a history, and that they add up: (2, 3, 5) may have died after the third, the fourth, or not."""
    _, weight, died, _ = bgbb.dropout_mixture(as_column([1.2, 0.75, 0.66, 2.8]), *columns((2, 3, 5)))
    assert weight.sum() == pytest.approx(1, abs=1e-12)
    assert died[:, 0].tolist() == [1, 1, 0]
