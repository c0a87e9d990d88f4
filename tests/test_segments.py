"""Segments: published maxima, recovery of known classes, laws of order and units, refusals; profiles."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlab import _engine, datasets, segmentation
from crmlab.errors import ArgumentError, DataError
from crmlab.segmentation import columns, information, latent_classes

PUBLISHED = Path(__file__).parent / "published"
METHODS = ("k-means", "gaussian mixture", "latent classes")
CENTRES = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])


def survey(name: str) -> pd.DataFrame:
    """One row per respondent, from patterns with counts."""
    patterns = pd.read_csv(PUBLISHED / f"{name}_patterns.csv")
    return patterns.loc[patterns.index.repeat(patterns["count"])].drop(columns="count").reset_index(drop=True)


def clusters(n: int = 120, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Three clouds of different size, and who belongs where."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(3, n, p=[0.5, 0.3, 0.2])
    return pd.DataFrame(CENTRES[truth] + draw.standard_normal((n, 2)), columns=["visits", "basket_eur"]), truth


def answers(n: int = 600, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Yes and no on six questions by two classes, and who belongs where."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(n) < 0.35).astype(int)
    probability = np.array([[0.85, 0.8, 0.75, 0.2, 0.3, 0.5], [0.2, 0.25, 0.3, 0.8, 0.9, 0.5]])
    yes = draw.random((n, 6)) < probability[truth]
    return pd.DataFrame(np.where(yes, "yes", "no"), columns=list("abcdef")), truth


def table_for(method: str) -> pd.DataFrame:
    return answers(200)[0] if method == "latent classes" else clusters()[0].round(2)


# Published


@pytest.mark.parametrize(("k", "loglik", "bic"), [(2, -317.257, 706.07), (3, -293.705, 697.14), (4, -289.286, 726.46)])
def test_carcinoma_reaches_the_maxima_of_polca(k, loglik, bic):
    """118 slides judged by seven pathologists (Landis & Koch 1977; Agresti 2002), as by R's poLCA."""
    fit = segmentation.fit_segments(survey("carcinoma"), k, method="latent classes", seed=1)
    assert (round(fit.loglik, 3), round(fit.bic, 2)) == (loglik, bic)


@pytest.mark.parametrize(("k", "loglik"), [(2, -7610.836), (3, -7311.478), (4, -7111.108), (5, -7011.167)])
def test_mcdonalds_reaches_the_highest_known_maxima(k, loglik):
    """1,453 respondents on eleven attributes (Dolnicar, Grün & Leisch 2018); flexmix stops up to .042 below."""
    fit = segmentation.fit_segments(survey("mcdonalds"), k, method="latent classes", seed=1)
    assert round(fit.loglik, 3) == loglik


def test_mcdonalds_bic_is_smallest_at_seven():
    table = survey("mcdonalds")
    bic = {k: segmentation.fit_segments(table, k, method="latent classes", seed=1).bic for k in (6, 7, 8)}
    assert min(bic, key=bic.get) == 7
    assert bic[7] == pytest.approx(14404.75, abs=0.2)


@pytest.mark.parametrize(("k", "within"), [(2, 2145.5), (3, 1819.7), (4, 1603.0), (5, 1434.9)])
def test_mcdonalds_sums_within_are_no_larger_than_published(k, within):
    """As on record; at k = 3 to 5 there are optima up to 1.0 below."""
    fit = segmentation.fit_segments(survey("mcdonalds"), k, standardized=False, starts=40, seed=1)
    assert within - 1.05 < fit.within < within + 0.05


# Recovery


@pytest.mark.parametrize("method", ["k-means", "gaussian mixture"])
def test_recovers_clouds(method):
    table, truth = clusters(600)
    fit = segmentation.fit_segments(table, 3, method=method, starts=5, seed=1)
    assert segmentation.adjusted_rand(fit.predict(table).segment, truth) > 0.97
    np.testing.assert_allclose(fit.shares.share, [0.5, 0.3, 0.2], atol=0.05)
    np.testing.assert_allclose(fit.centres, CENTRES, atol=0.25)


def test_kmeans_is_the_best_of_all_partitions():
    table = pd.DataFrame({"x": [0.0, 1, 2, 5, 7, 9, 9.5, 20], "y": [1.0, 0, 4, 2, 8, 3, 7, 5]})
    points = table.to_numpy() / table.to_numpy().std(axis=0)
    sums = [
        sum(((points[labels == s] - points[labels == s].mean(axis=0)) ** 2).sum() for s in range(3))
        for labels in map(np.array, itertools.product(range(3), repeat=8))
        if len(set(labels)) == 3
    ]
    assert segmentation.fit_segments(table, 3, seed=1).within == pytest.approx(min(sums))


def test_mixture_of_one_is_the_normal_distribution():
    table, _ = clusters()
    fit = segmentation.fit_segments(table, 1, method="gaussian mixture", seed=1)
    normal = stats.multivariate_normal(table.mean(), table.cov(ddof=0))
    assert fit.loglik == pytest.approx(normal.logpdf(table).sum(), abs=0.01)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 5 * np.log(120))
    assert fit.aic == pytest.approx(-2 * fit.loglik + 10)


def test_probabilities_follow_bayes_rule():
    table, _ = clusters()
    fit = segmentation.fit_segments(table, 2, method="gaussian mixture", starts=3, seed=1)
    solution = fit.solution
    density = np.column_stack([
        share * stats.multivariate_normal(centre, covariance * np.outer(solution.scale, solution.scale)).pdf(table)
        for share, centre, covariance in zip(solution.shares, solution.centres, solution.covariances, strict=True)
    ])  # fmt: skip
    expected = density / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fit.predict(table)[["p_1", "p_2"]], expected, atol=1e-9)


def test_recovers_classes_with_errors_that_hold():
    """Over 40 surveys the estimates spread as their standard errors say, within a third."""
    estimates, errors = [], []
    for seed in range(40):
        fit = segmentation.fit_segments(answers(seed=seed)[0], 2, method="latent classes", starts=3, seed=1)
        rows = fit.table[fit.table.category == "yes"]
        estimates.append([fit.shares.share[0], *rows.estimate])
        errors.append([fit.shares.std_error[0], *rows.std_error])
    np.testing.assert_allclose(np.mean(estimates, axis=0)[:3], [0.65, 0.85, 0.8], atol=0.03)
    ratio = np.mean(errors, axis=0) / np.std(estimates, axis=0, ddof=1)
    assert ratio.min() > 0.67
    assert ratio.max() < 1.5
    assert 0.9 < ratio.mean() < 1.1


@pytest.mark.parametrize(("k", "seed", "loglik"), [(3, 2, -8823.73), (5, 2, -8813.61), (5, 3, -8813.61)])
def test_a_ridge_is_climbed_to_its_end(k, seed, loglik):
    """Region, channel and age of the shop's customers hardly tell classes apart: the likelihood is nearly flat, and rises."""
    table = datasets.load("customers")[["region", "channel", "age_group"]]
    fit = segmentation.fit_segments(table, k, method="latent classes", starts=5, seed=seed)
    assert fit.loglik == pytest.approx(loglik, abs=0.02)


def test_the_information_is_the_curvature_of_the_likelihood():
    table = survey("carcinoma")
    rows = columns.read_rows(table, None, categorical=True)
    solution = latent_classes.fit_classes(rows.values, rows.weight, 2, 5, 1)
    k, q = solution.centres.shape
    start = np.log(np.maximum(np.concatenate([solution.shares, solution.centres.ravel()]), 1e-6))

    def loglik(logits: np.ndarray) -> float:
        shares, items = np.exp(logits[:k]), np.exp(logits[k:]).reshape(k, -1, 2)
        centres = (items / items.sum(axis=2, keepdims=True)).reshape(k, q)
        design = latent_classes.indicators(rows.values, solution.sizes)
        return latent_classes.em_step(np.column_stack([shares / shares.sum(), centres]), design, rows.weight)[1]

    step, places = 1e-3 * np.eye(start.size), [0, 2, 4, 19]
    curvature = [
        [
            loglik(start + step[a] + step[b]) - loglik(start + step[a] - step[b])
            - loglik(start - step[a] + step[b]) + loglik(start - step[a] - step[b])
            for b in places
        ]
        for a in places
    ]  # fmt: skip
    exact = information._information(solution, rows.values, rows.weight)[np.ix_(places, places)]
    np.testing.assert_allclose(-np.array(curvature) / 4e-6, exact, atol=2e-3)


def test_what_lies_at_a_boundary_is_named():
    fit = segmentation.fit_segments(survey("carcinoma"), 3, method="latent classes", seed=1)
    named = fit.table[fit.table.std_error.isna()]
    assert len(fit.weak) == len(named) > 0
    assert ((named.estimate < 0.01) | (named.estimate > 0.99)).all()
    assert "0 or 1" in str(fit.summary())
    clear = segmentation.fit_segments(answers()[0], 2, method="latent classes", seed=1)
    assert clear.weak == ()
    flat, _ = clusters()
    repeated = flat.assign(visits=flat.visits.where(flat.visits > 3, 0.0))
    assert segmentation.fit_segments(repeated, 2, method="gaussian mixture", starts=5, seed=1).weak


# Laws


@pytest.mark.parametrize("method", METHODS)
def test_neither_order_nor_repetition_changes_segments(method):
    table = table_for(method)
    fit = segmentation.fit_segments(table, 3, method=method, starts=4, seed=1)
    mixed = segmentation.fit_segments(table.sample(frac=1, random_state=2), 3, method=method, starts=4, seed=1)
    twice = segmentation.fit_segments(pd.concat([table, table]), 3, method=method, starts=4, seed=1)
    pd.testing.assert_frame_equal(fit.centres, mixed.centres)
    tolerance = {"rtol": 1e-3, "atol": 1e-3} if method == "gaussian mixture" else {}
    pd.testing.assert_frame_equal(fit.centres, twice.centres, **tolerance)
    pd.testing.assert_series_equal(fit.predict(table).segment, twice.predict(table).segment)
    assert fit.shares.share.is_monotonic_decreasing
    assert fit.shares.share.sum() == pytest.approx(1)


@pytest.mark.parametrize("method", ["k-means", "gaussian mixture"])
def test_units_do_not_matter(method):
    table, _ = clusters()
    cents = table.assign(basket_eur=table.basket_eur * 100 + 5_000)
    fit = segmentation.fit_segments(table, 3, method=method, starts=4, seed=1)
    other = segmentation.fit_segments(cents, 3, method=method, starts=4, seed=1)
    pd.testing.assert_series_equal(fit.predict(table).segment, other.predict(cents).segment)
    if method == "gaussian mixture":
        assert fit.loglik - other.loglik == pytest.approx(len(table) * np.log(100))


def test_raw_columns_weigh_by_their_units():
    table, _ = clusters()
    raw = segmentation.fit_segments(table.assign(basket_eur=table.basket_eur * 100), 2, standardized=False, seed=1)
    assert abs(np.diff(raw.centres.basket_eur)) > 300


def test_equally_large_segments_are_ordered_by_their_centres():
    table = pd.DataFrame({"x": [5.0, 5.1, 1.0, 1.1, 9.0, 9.1]})
    assert segmentation.fit_segments(table, 3, seed=1).centres.x.round(2).tolist() == [1.05, 5.05, 9.05]


@pytest.mark.parametrize("method", METHODS)
def test_customers_keep_their_labels(method):
    table = table_for(method)
    table = table.assign(customer_id=[f"c{row}" for row in range(len(table))]).set_axis([f"r{k}" for k in range(len(table))])
    fit = segmentation.fit_segments(table, 2, method=method, starts=3, seed=1)
    assigned = fit.predict(table.iloc[::-7])
    assert assigned.index.equals(table.index[::-7])
    assert list(assigned) == ["customer_id", "segment", "p_1", "p_2"]
    np.testing.assert_allclose(assigned[["p_1", "p_2"]].sum(axis=1), 1)
    assert (assigned[["p_1", "p_2"]].to_numpy().argmax(axis=1) + 1 == assigned.segment).all()


@pytest.mark.parametrize("method", METHODS)
def test_results_show_themselves(method):
    fit = segmentation.fit_segments(table_for(method), 2, method=method, starts=3, seed=1)
    _engine.check(fit.shares, "segment_shares")
    _engine.check(fit.table, "segment_centres")
    assert f"2 segments by {method}" in repr(fit)
    assert np.isnan(fit.loglik) == (method == "k-means")
    assert np.isnan(fit.within) == (method != "k-means")
    axes = fit.plot()
    assert axes.get_title("left").startswith("Segment 1 of 2 holds")
    assert len(axes.get_lines()) == 2


# Refusals


def wrong(**changes: object) -> pd.DataFrame:
    return clusters(40)[0].assign(**changes)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (wrong(visits=3.0), "`visits` is constant"),
        (wrong(visits=[np.inf] + [1.0, 2.0, 3.0] * 13), "`visits` is missing or infinite in 1 of 40 rows .*first in row 0"),
        (wrong(visits=[np.nan] * 2 + [1.0, 2.0] * 19), "`visits` is missing or infinite in 2 of 40 rows"),
        (wrong(order_no=range(1000, 1040)), "`order_no` numbers the rows"),
        (wrong(client_id=[7 * k * k + 3 for k in range(40)]), "`client_id` numbers the rows"),
        (wrong(name=[f"n{k}" for k in range(40)]), "`name` is different in all 40 rows"),
        (wrong(since=pd.Timestamp("2024-01-01")), "`since` holds dates"),
        (wrong(since=[20240101 + k % 28 for k in range(40)]), "`since` holds dates written as numbers"),
        (wrong(since=[1.7e9 + 86_400 * k * k for k in range(40)]), "`since` holds dates written as numbers"),
        (clusters(40)[0].assign(cents=lambda table: table.basket_eur * 100 + 3), "`basket_eur` and `cents` are copies"),
        (wrong(city=["A", "B"] * 20), "`city` .*must hold numbers"),
        (clusters(40)[0].iloc[:0], "is empty"),
        ("customers.csv", "must be a DataFrame"),
    ],
)
def test_refuses_tables_that_form_no_segments(table, message):
    with pytest.raises(DataError, match=message):
        segmentation.fit_segments(table, 2, seed=1)


def test_refuses_what_a_method_cannot_read():
    points, _ = clusters(40)
    with pytest.raises(DataError, match="3 segments need at least 3 different rows; the table has 2 among 8"):
        segmentation.fit_segments(pd.DataFrame({"x": [1, 2] * 4}), 3, seed=1)
    with pytest.raises(DataError, match="add up to a constant"):
        segmentation.fit_segments(points.assign(rest=100 - points.sum(axis=1)), 2, method="gaussian mixture", seed=1)
    with pytest.raises(DataError, match="`visits` has 40 different values"):
        segmentation.fit_segments(points, 2, method="latent classes", seed=1)
    words = answers(60)[0]
    opposite = words.assign(opposite=words.a.map({"yes": "never", "no": "often"}))
    with pytest.raises(DataError, match="`a` and `opposite` are copies"):
        segmentation.fit_segments(opposite, 2, method="latent classes", seed=1)
    gap = words.assign(b=words.b.where(words.index != 5))
    with pytest.raises(DataError, match="`b` is missing in 1 of 60 rows"):
        segmentation.fit_segments(gap, 2, method="latent classes", seed=1)
    fit = segmentation.fit_segments(words, 2, method="latent classes", seed=1)
    with pytest.raises(DataError, match="`a` has a category that the fit does not know in 1 of 60 rows"):
        fit.predict(words.assign(a=words.a.where(words.index != 7, "maybe")))
    with pytest.raises(DataError, match="no column `f`"):
        fit.predict(words.drop(columns="f"))


@pytest.mark.parametrize(
    ("change", "name"),
    [({"k": 0}, "k"), ({"k": 2.5}, "k"), ({"method": "ward"}, "method"), ({"starts": 0}, "starts"), ({"seed": -1}, "seed"),
     ({"standardized": "yes"}, "standardized")],
)  # fmt: skip
def test_refuses_wrong_arguments(change, name):
    with pytest.raises(ArgumentError, match=f"`{name}`"):
        segmentation.fit_segments(clusters(40)[0], **{"k": 2, "seed": 1, **change})


@pytest.mark.parametrize("names", ["visits", ["visits", "visits"], [], ["nothing"], 5])
def test_refuses_wrong_columns(names):
    with pytest.raises(DataError, match=r"column|empty"):
        segmentation.fit_segments(clusters(40)[0], 2, columns=names, seed=1)


# Profiles


def test_effect_sizes_are_those_of_the_textbook():
    draw = np.random.default_rng(3)
    segments = pd.Series(np.repeat([1, 2, 3], 50))
    table = pd.DataFrame({"age": draw.normal(40 + 4 * segments, 8), "city": draw.choice(list("ABC"), 150)})
    profiled = segmentation.profile(table, segments)
    f = stats.f_oneway(*(part for _, part in table.age.groupby(segments))).statistic
    age, city = profiled.effects.itertuples()
    assert age.effect == pytest.approx(f * 2 / (f * 2 + 147))
    assert city.effect == pytest.approx(stats.contingency.association(pd.crosstab(segments, table.city), method="cramer"))
    # at the ends of the interval, the observed F lies in the tails of the noncentral distribution
    for end, tail in ((age.low, 0.975), (age.high, 0.025)):
        assert stats.ncf.cdf(f, 2, 147, 150 * end / (1 - end)) == pytest.approx(tail, abs=1e-6)
    _engine.check(profiled.effects, "segment_effects")
    _engine.check(profiled.table, "segment_profile")
    shares = profiled.table[profiled.table.column == "city"].groupby("segment").estimate.sum()
    np.testing.assert_allclose(shares, 1)


def test_intervals_of_effects_hold():
    """Of 120 samples about 95 % hold the true eta squared; about 2.5 % say that noise differs over the segments."""
    segments = pd.Series(np.repeat([1, 2, 3], 30))
    effect = 0.5**2 * 2 / 3  # of shifts by -.5, 0, .5 deviations, beside a variance of 1
    covers, claims = [], []
    for seed in range(120):
        draw = np.random.default_rng(seed)
        table = pd.DataFrame({"age": draw.normal((segments - 2) / 2, 1), "noise": draw.standard_normal(90)})
        age, noise = segmentation.profile(table, segments).effects.itertuples()
        covers.append(age.low <= effect / (1 + effect) <= age.high)
        claims.append(noise.low > 0)
    assert stats.binomtest(sum(covers), 120, 0.95).pvalue > 0.01
    assert stats.binomtest(sum(claims), 120, 0.025).pvalue > 0.01


@pytest.mark.parametrize("shift", [44, 47, 48])
def test_large_effects_in_large_tables_have_intervals(shift):
    """Where the search for an end began far beyond the statistic, scipy's noncentral F was NaN."""
    draw = np.random.default_rng(shift)
    segments = pd.Series(draw.integers(1, 5, 1514))
    table = pd.DataFrame({"satisfaction": draw.normal(size=1514) + 0.02 * shift * segments})
    ((_, _, effect, low, high, *_),) = segmentation.profile(table, segments).effects.itertuples(index=False)
    assert effect - 0.04 < low < effect < high < effect + 0.04


def test_profile_counts_what_is_missing_and_refuses():
    table = pd.DataFrame({"customer_id": range(8), "age": [20, np.nan, 24, 26, 60, 62, 64, 66], "city": ["A", "B"] * 4})
    segments = pd.Series([1] * 4 + [2] * 4)
    effects = segmentation.profile(table, segments).effects
    assert effects.n_excluded.tolist() == [1, 0]
    assert effects.n.tolist() == [7, 8]
    for other, message in [
        (segments.iloc[::-1], "index of the table"),
        (segments.to_numpy(), "must be a Series"),
        (segments * 0, "at least two segments"),
    ]:
        with pytest.raises(DataError, match=message):
            segmentation.profile(table, other)
    with pytest.raises(DataError, match="`age` is constant"):
        segmentation.profile(table.assign(age=1.0), segments)
    with pytest.raises(DataError, match="`since` holds dates"):
        segmentation.profile(table.assign(since=pd.Timestamp("2024-01-01")), segments)
    with pytest.raises(DataError, match="no column `sex`"):
        segmentation.profile(table, segments, columns=["sex"])
    with pytest.raises(ArgumentError, match="`level`"):
        segmentation.profile(table, segments, level=95)
