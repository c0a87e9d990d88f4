"""Verdicts: no title or finding names a sign or an order that an interval does not carry, least of all where there is none.

Random small samples go through every chart that makes a claim; what its title claims is held against textbook tests of the
same numbers (scipy), and over many tables without any difference the share of titles that claim one stays at chance.
"""

import re
import warnings

import hypothesis.strategies as st
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

from crmlab import btyd, datasets, loyalty, measurement, satisfaction
from crmlab._verdict import FEWEST, Verdict, between_draws, between_intervals, leaders, verdict
from crmlab.errors import CrmlabWarning
from crmlab.tables import DIMENSIONS

SEEDS = st.integers(0, 2**32 - 1)
SMALL = st.integers(5, 30)


def words(ax: plt.Axes) -> str:
    """The title of a chart, which is closed."""
    plt.close(ax.figure)
    return " ".join(ax.get_title("left").split())


# -- The kernel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "n", "said"),
    [
        (0.1, 0.3, None, "higher"), (-0.3, -0.1, 30, "lower"), (-0.1, 0.3, 30, "not distinguishable"),
        (0.0, 0.3, 30, "not distinguishable"), (0.1, 0.3, FEWEST, "higher"), (0.1, 0.3, FEWEST - 1, "too few to say"),
        (np.nan, np.nan, 30, "too few to say"), (0.2, np.nan, 30, "too few to say"), (0.2, np.inf, 30, "higher"),
        (0.2, 0.2, 30, "too few to say"), (0.0, 0.0, 30, "not distinguishable"),
    ],
)  # fmt: skip
def test_an_interval_becomes_one_of_four_answers(low, high, n, said):
    assert verdict(low, high, n=n) == said
    assert verdict(low + 5, high + 5, n=n, reference=5) == said


def test_five_answers_cannot_say_what_six_can():
    assert 2 / 2 ** (FEWEST - 1) > 0.05 > 2 / 2**FEWEST


@given(SEEDS, st.integers(2, 7), st.floats(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_first_is_named_only_if_it_is_ahead_of_every_other(seed, k, spread):
    random = np.random.default_rng(seed)
    draws = random.normal(random.normal(0, spread, k), 1, (400, k))
    labels, means = [f"x{j}" for j in range(k)], draws.mean(axis=0)
    named = leaders(labels, means, between_draws(draws))
    first = int(means.argmax())
    ahead = [np.quantile(draws[:, first] - draws[:, j], 0.025, method="weibull") > 0 for j in range(k) if j != first]
    assert (named == (labels[first],)) == all(ahead)
    if len(named) > 1:
        rest = [j for j in range(k) if labels[j] not in named]
        assert len(named) <= min(3, k // 2)
        assert min(means[labels.index(name)] for name in named) > max(means[rest])
    assert leaders(labels, means, between_draws(draws), n=FEWEST - 1) == ()
    assert leaders(labels, np.full(k, np.nan), between_draws(draws)) == ()


def test_intervals_that_meet_tell_no_order():
    def interval(level):
        return [0.0, 1.0, 5.0], [1.1, 2.0, 6.0]

    assert leaders("abc", [0.5, 1.5, 5.5], between_intervals(interval)) == ("c",)
    assert leaders("ab", [0.5, 1.5], between_intervals(interval)) == ()


@given(SEEDS, st.integers(2, 6))
@settings(max_examples=5, deadline=None)
def test_of_equals_one_is_seldom_named(seed, k):
    """200 tables of k equal means of 20 rows: one alone, or some, are named in 5 % of them, give or take chance."""
    random = np.random.default_rng(seed)
    named = 0
    for values in random.standard_normal((200, 20, k)):

        def difference(first, second, level, values=values):
            apart = values[:, first] - values[:, second]
            return stats.t.interval(level, 19, apart.mean(), stats.sem(apart))

        named += bool(leaders(range(k), values.mean(axis=0), difference))
    assert named <= stats.binom.ppf(1 - 1e-6, 200, 0.05)


# -- Gaps ---------------------------------------------------------------------------------------------------------


def answers(random: np.random.Generator, n: int, shift: float) -> pd.DataFrame:
    """Whole points from 1 to 7: what is perceived falls short in some dimensions by up to ``shift``, or nowhere."""
    items = satisfaction.rater().items
    person = random.normal(0, 0.7, (n, 1))
    short = dict(zip(DIMENSIONS, random.uniform(-shift, shift, 5), strict=True))
    rows = {"respondent": np.arange(n)}
    for kind, sign in (("expected", 0), ("perceived", 1)):
        values = 4.5 + person + random.normal(0, 1, (n, len(items))) + sign * items.dimension.map(short).to_numpy()
        rows |= {f"{kind}_{item}": column for item, column in zip(items["item"], values.round().clip(1, 7).T, strict=True)}
    return pd.DataFrame(rows)


def paired(values: pd.DataFrame, first: str, second: str) -> float:
    """One-sided p-value that ``first`` is below ``second`` in the same rows."""
    return float(stats.ttest_rel(values[first], values[second], alternative="less").pvalue)


@given(SEEDS, SMALL, st.sampled_from([0.0, 0.5, 2.0]))
@settings(max_examples=25, deadline=None)
def test_a_title_of_gaps_claims_what_t_tests_carry(seed, n, shift):
    scores = satisfaction.score_rater(answers(np.random.default_rng(seed), n, shift))
    title = words(scores.plot()).lower()
    gaps = scores.respondents[[f"gap_{name}" for name in DIMENSIONS]].set_axis(list(DIMENSIONS), axis=1)
    named = [name for name in DIMENSIONS if name in title.split(";")[0]]
    rest = [name for name in DIMENSIONS if name not in named]
    if n < FEWEST:
        assert title == f"{n} respondents are too few to say which dimension is lowest"
    if "short" in title and named:  # a sign: all five hold together
        assert all(stats.ttest_1samp(gaps[name], 0, alternative="less").pvalue < 0.005 for name in named)
    if "exceed" in title and named:
        assert all(stats.ttest_1samp(gaps[name], 0, alternative="greater").pvalue < 0.005 for name in named)
    if "furthest short" in title or "least" in title:
        assert max(paired(gaps, named[0], other) for other in rest) < 0.025
    if "further short" in title:
        assert max(paired(gaps, name, other) for name in named for other in rest) < 0.0025
    if "too few" in title or "no gap can be told" in title:
        assert not named


def gap_claims(tables: int, seed: int) -> float:
    """Share of titles of gaps that name a sign or an order, where there is neither."""
    random, instrument = np.random.default_rng(seed), satisfaction.rater()
    silent, claims = ("do not settle whether", "too few to say"), 0
    for n in random.integers(5, 31, tables):
        person = random.normal(0, 0.5, (n, 1))
        levels = {kind: (4.5 + person + random.normal(0, 0.7, (n, 5))).round(1).clip(1, 7) for kind in instrument.kinds}
        levels["gap"] = levels["perceived"] - levels["expected"]
        columns = {f"{kind}_{name}": level[:, k] for kind, level in levels.items() for k, name in enumerate(DIMENSIONS)}
        respondents = pd.DataFrame({"respondent": np.arange(n), **columns, "weighted_gap": np.nan})
        title = satisfaction.RaterScores(instrument, respondents, pd.DataFrame(), 0.95)._finding()
        claims += not any(phrase in title for phrase in silent)
    return claims / tables


def driver_claims(tables: int, seed: int, effect: float) -> float:
    """Share of titles of drivers that name one as the first, where all five have the same effect, or none has any."""
    random, claims = np.random.default_rng(seed), 0
    for n in random.integers(15, 41, tables):
        scores = random.normal(0, 0.7, (n, 1)) + random.normal(0, 0.7, (n, 5))
        table = pd.DataFrame(scores, columns=list(DIMENSIONS))
        table["overall"] = effect * scores.sum(axis=1) + random.normal(0, 1, n)
        fit = satisfaction.fit_drivers(table, "overall", seed=1, draws=100)
        claims += "do not settle" not in fit._finding()
    return claims / tables


def test_titles_seldom_claim_what_is_not_there():
    """At most 5 %, and what chance adds to it in so few tables."""
    assert gap_claims(200, seed=1) <= stats.binom.ppf(0.999, 200, 0.05) / 200
    for effect in (0.0, 0.5):
        assert driver_claims(40, seed=2, effect=effect) <= stats.binom.ppf(0.999, 40, 0.05) / 40


@pytest.mark.long
def test_titles_seldom_claim_what_is_not_there_in_many_tables():
    assert gap_claims(3_000, seed=3) <= 0.06
    for effect in (0.0, 0.5):
        assert driver_claims(1_000, seed=4, effect=effect) <= 0.06


# -- What drives satisfaction -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_title_of_drivers_claims_what_the_samples_carry(seed):
    n, effect = 12 + 8 * seed, (0.0, 1.0, 4.0)[seed % 3]
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.normal(0, 1, (n, 3)), columns=["speed", "care", "price"])
    table["overall"] = effect * table.speed - effect / 4 * table.care + random.normal(0, 1, n)
    fit = satisfaction.fit_drivers(table, "overall", seed=1, draws=100)
    title, shares = words(fit.plot()).lower(), fit.samples.share
    named = [k for k, name in enumerate(fit.predictors) if name in title]
    assert len(named) == ("explains most" in title)
    for k in named:
        others = [j for j in range(3) if j != k]
        assert all(np.quantile(shares[:, k] - shares[:, j], 0.025, method="weibull") > 0 for j in others)
        slope = fit.interval().query("measure == 'slope'").iloc[k]
        assert ("goes with less" in title) == (slope.high < 0)
    title, fits = words(satisfaction.importance_performance(fit).plot()).lower(), fit.samples
    for k, name in enumerate(fit.predictors):
        lags = fits.mean[:, k] <= fits.mean[:, :3].mean(axis=1)
        matters = fits.share[:, k] > fits.share.mean(axis=1)
        assert (name in title) == bool((lags & matters & (fits.slope[:, k] > 0)).mean() >= 1 - 0.05 / 3)


# -- Managers and features ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_title_of_five_gaps_claims_what_intervals_carry(seed):
    n = 5 + 5 * seed
    random = np.random.default_rng(seed)
    customers = satisfaction.score_rater(answers(random, n, (0.0, 3.0)[seed % 2])).respondents
    firm = [datasets.load(name) for name in ("manager_survey", "standards", "delivery", "promises")]
    gaps = satisfaction.five_gaps(customers, *firm)
    title, together = words(gaps.plot()), gaps.intervals(1 - 0.05 / 25, simultaneous=False)
    short, each = together["high"] < 0, gaps.intervals(simultaneous=False)
    if "none beyond chance" in title:
        assert not short.any()
    elif "not settled" in title:
        assert f"among {short.sum()} of 25" in title
    else:
        worst = each.estimate.idxmin()
        assert each.dimension[worst] in title
        assert each.high[worst] < each.low.drop(worst).min()


@pytest.mark.parametrize("seed", range(6))
def test_a_title_of_beliefs_claims_what_intervals_carry(seed):
    n, apart = 5 + 5 * seed, (0, 30)[seed % 2]
    random = np.random.default_rng(seed)
    points = pd.DataFrame(random.uniform(0, 40, (n, 5)), columns=[f"importance_{name}" for name in DIMENSIONS])
    managers = pd.DataFrame(
        [(wave, manager, name, 5.0, round(20 + apart * (name == "empathy") + random.normal(0, 3)))
         for wave in (1,) for manager in range(12) for name in DIMENSIONS],
        columns=["wave", "manager_id", "dimension", "believed_expectation", "believed_importance"],
    )  # fmt: skip
    judged = satisfaction.misjudgement(points, managers, seed=1, permutations=20)
    title, table = words(judged.plot()), judged.table.set_index("dimension")
    certain = set(table.index[table.p_holm < 0.05])
    named = {name for name in DIMENSIONS if name in title}
    assert named <= certain
    if "most, by" in title:
        (most,) = named
        rest = table.drop(most)
        assert table.loc[most, ["low", "high"]].abs().min() > rest[["low", "high"]].abs().to_numpy().max()


@pytest.mark.parametrize("seed", range(6))
def test_a_title_of_features_claims_what_intervals_carry(seed):
    n = 5 + 5 * seed
    kinds = {"chat": "A", "returns": "M", "wrapping": "I", "parking": "O"}
    kano = satisfaction.kano_classes(satisfaction.simulate_kano(kinds, n, 0.1, seed=seed))
    title, table = words(kano.plot()), kano.coefficients()
    for phrase, low, high in (
        ("can please most", table.better_low, table.better_high), ("would be missed most", -table.worse_high, -table.worse_low)
    ):  # fmt: skip
        for named in re.findall(f"“([^”]+)” {phrase}", title):
            assert low[named] > high.drop(named).max()


# -- Factors and purchases ----------------------------------------------------------------------------------------


def standardized(params: np.ndarray) -> np.ndarray:
    """Sizes of the standardised loadings of four items of one factor, from loadings and residual variances."""
    loadings, residuals = params[:4], params[4:]
    return np.abs(loadings) / np.sqrt(loadings**2 + residuals)


@pytest.mark.parametrize("seed", range(6))
def test_a_title_of_loadings_and_a_verdict_of_fit_claim_what_intervals_carry(seed):
    n = 20 + 4 * seed
    random = np.random.default_rng(seed)
    loadings = np.array([0.9, 0.9, 0.9, (0.1, 0.9)[seed % 2]])
    rows = random.standard_normal((n, 1)) * loadings + random.standard_normal((n, 4)) * 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmlabWarning)  # an improper solution is said in the verdict
        fit = measurement.fit_cfa(pd.DataFrame(rows, columns=list("abcd")), {"service": list("abcd")})
    least = re.match("(.) shows its dimension least", words(fit.plot()))
    middle, steps = standardized(fit.params), 1e-6 * np.eye(8)
    slopes = np.array([(standardized(fit.params + step) - standardized(fit.params - step)) / 2e-6 for step in steps]).T
    smallest = int(middle.argmin())
    z = [
        (middle[k] - middle[smallest]) / np.sqrt((slopes[k] - slopes[smallest]) @ fit.cov @ (slopes[k] - slopes[smallest]))
        for k in range(4)
        if k != smallest
    ]
    assert (least[1].lower() if least else None) == ("abcd"[smallest] if min(z) > 1.96 else None)
    low, high = fit.rmsea_interval()
    if " describes the answers well" in fit.verdict and "not settled" not in fit.verdict:
        assert (fit.cfi >= 0.95, fit.srmr <= 0.08, fit.rmsea <= 0.06, high < 0.08, not fit.improper) == (True,) * 5
    if "does not describe" in fit.verdict:
        assert low > 0.06 or fit.improper
    assert fit.verdict in " ".join(str(fit).split())


def test_few_answers_do_not_settle_a_fit_that_many_do():
    exact = pd.DataFrame(0.5 + 0.5 * np.eye(4), list("abcd"), list("abcd"))
    fits = {n: measurement.fit_cfa(exact, {"service": list("abcd")}, n=n).verdict for n in (30, 3_000)}
    assert fits[3_000].startswith("One dimension describes the answers well: CFI 1.000")
    exact.loc[["a", "b"], ["a", "b"]] = [[1, 0.9], [0.9, 1]]
    assert measurement.fit_cfa(exact, {"service": list("abcd")}, n=3_000).verdict.startswith("One dimension does not describe")
    exact.loc[["a", "b"], ["a", "b"]] = [[1, 0.57], [0.57, 1]]
    assert " is not settled: " in measurement.fit_cfa(exact, {"service": list("abcd")}, n=100).verdict
    three = measurement.fit_cfa(exact.iloc[:3, :3], {"service": list("abc")}, n=100)
    assert (
        three.verdict == "Whether one dimension describes the answers well is not tested: so few items leave nothing to test."
    )


@given(SEEDS, SMALL)
@settings(max_examples=30, deadline=None)
def test_a_title_of_frequencies_claims_what_wilson_carries(seed, n):
    random = np.random.default_rng(seed)
    actual = random.multinomial(n, [0.5, 0.3, 0.2])
    expected = n * random.dirichlet([5, 3, 2])
    table = pd.DataFrame({"frequency_group": ["0", "1", "2+"], "actual": actual, "expected": expected})
    title = words(btyd.plot_expected(table))
    for row in table.itertuples():
        interval = stats.binomtest(row.actual, n).proportion_ci(1 - 0.05 / 3, method="wilson")
        share = row.expected / n
        said = re.search(rf"too (few|many) with {re.escape(row.frequency_group)}", title)
        beyond = "" if n < FEWEST else "few" if share < interval.low else "many" if share > interval.high else ""
        assert (said[1] if said else "") == beyond


def test_titles_of_what_is_at_hand_say_of_how_many():
    orders = pd.DataFrame(
        {"customer_id": [1, 1, 2, 3], "order_date": pd.to_datetime(["2024-01-01", "2024-03-01"] * 2), "amount": [1.0, 2, 3, 4]}
    )
    assert words(loyalty.concentration(orders).plot()).startswith("The top 10 % of these 3 customers bring")
    assert words(btyd.plot_frequency(btyd.purchase_summary(orders))).startswith("1 of 3 customers (33.3 %) came back")


def test_four_words_and_no_other():
    assert {str(each) for each in Verdict} == {"higher", "lower", "not distinguishable", "too few to say"}
