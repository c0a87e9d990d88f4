"""How many segments: published stability, existence beside unstructured clouds, partitions, laws and refusals."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from segment_clouds import UNSTRUCTURED, cloud, fit_from_patterns
from sklearn.metrics import adjusted_rand_score, silhouette_score
from test_segments import answers, clusters, survey

from crmlab import _engine, segmentation
from crmlab.errors import ArgumentError, DataError
from crmlab.segmentation import kmeans, reference, stability

# Published


def test_mcdonalds_stability_is_that_on_record():
    """Median adjusted Rand indices of 50 pairs of bootstrap samples on record: .970 at k = 2, .852 at k = 4.

    Better starts find the same segments more often, so at k = 3 and 5 the record is met with its own starts only (below).
    """
    compared = segmentation.compare_k(survey("mcdonalds"), (2, 4), standardized=False, draws=0, pairs=30, seed=1)
    np.testing.assert_allclose(compared.table.agreement, [0.970, 0.852], atol=0.03)
    assert compared.table.kind.tolist() == ["reproducible"] * 2
    assert compared.advice.startswith("Whether segments exist was not asked; k = 2, 4 would come back")


def test_mcdonalds_cliff_after_four_comes_from_its_starts():
    """On record k = 5 falls to .596, for the best of ten runs from patterns drawn at random; better starts find it again."""
    patterns = pd.read_csv(Path(__file__).parent / "published" / "mcdonalds_patterns.csv")
    values, weight = patterns.drop(columns="count").to_numpy(float), patterns["count"].to_numpy()
    medians = []
    with kmeans.few_threads(len(values)):
        solution = kmeans.fit_kmeans(values, weight, 5, 20, 1, standardized=False)
        for method in (fit_from_patterns, partial(kmeans.fit_kmeans, standardized=False)):
            draw = np.random.default_rng(1)
            compared = stability.stability(values, weight, solution, method, pairs=20, starts=10, draw=draw)
            medians.append(np.median(compared.agreement))
    assert medians[0] == pytest.approx(0.596, abs=0.08)
    assert medians[1] > medians[0] + 0.04


# Recovery


def test_separated_clouds_exist_and_come_back():
    compared = segmentation.compare_k(cloud("three far clouds", 150, seed=1), (2, 3, 4), starts=3, pairs=8, draws=39, seed=1)
    assert compared.exists
    assert compared.suggested == 3
    assert compared.advice.startswith("3 natural segments")
    three = compared.segments[compared.segments.k == 3]
    assert three.jaccard.min() > 0.9
    _engine.check(compared.table, "segment_comparison")
    _engine.check(compared.segments, "segment_stability")


def test_stability_is_no_proof():
    """A long cloud is halved in the same place again and again, and yet nothing stands apart."""
    draw = np.random.default_rng(1)
    degree = draw.normal(0, 3, 300)
    table = pd.DataFrame({name: degree + draw.standard_normal(300) for name in "abc"})
    compared = segmentation.compare_k(table, (2, 3), starts=3, pairs=8, draws=39, seed=1)
    assert compared.table.agreement.iloc[0] > 0.9
    assert compared.table.kind.iloc[0] == "reproducible"
    assert not compared.exists
    assert compared.suggested is None
    assert compared.advice.startswith("No segments here: customers differ by degree. K = 2")
    assert compared.plot().get_title("left").startswith("No segments here")


@pytest.mark.parametrize("kind", UNSTRUCTURED)
def test_unstructured_clouds_rarely_exist(kind):
    """Four clouds of each kind, at 5 %; benchmarks/segments.py looks at forty of each."""
    p = [
        segmentation.compare_k(
            cloud(kind, 120, seed=seed), (2, 3), starts=1, pairs=2, draws=19, seed=seed
        ).p_any
        for seed in range(4)
    ]  # fmt: skip
    assert sum(each <= 0.05 for each in p) <= stats.binom.ppf(0.999, 4, 0.05)


def test_classes_exist_beside_one_dimension_of_answers():
    table, _ = answers(500)
    compared = segmentation.compare_k(table, (2, 3), method="latent classes", starts=3, pairs=4, draws=19, seed=1)
    assert compared.table.bic.idxmin() == 0
    assert compared.table.agreement.iloc[0] > 0.8


def test_reference_keeps_margins_and_correlations():
    table = cloud("skewed", 2_000, seed=1).to_numpy(copy=True)
    table[:, 1] = np.round(table[:, 0] + table[:, 1])
    source = reference.reference(table, np.random.default_rng(1), categorical=False)
    drawn = source.draw(20_000, np.random.default_rng(2))
    np.testing.assert_allclose(np.corrcoef(drawn, rowvar=False), np.corrcoef(table, rowvar=False), atol=0.06)
    np.testing.assert_allclose(
        np.quantile(drawn, [0.1, 0.5, 0.9], axis=0), np.quantile(table, [0.1, 0.5, 0.9], axis=0), rtol=0.15
    )
    assert (drawn[:, 1] == np.round(drawn[:, 1])).all()


def test_reference_has_one_mode():
    two = np.concatenate([np.random.default_rng(1).normal(-4, 1, 500), np.random.default_rng(2).normal(4, 1, 500)])
    drawn = reference.margin(two, categorical=False).quantile(np.random.default_rng(3).random(20_000))
    counts = np.histogram(drawn, bins=np.linspace(-6, 6, 13))[0]
    valley = counts[5:7].mean() / min(counts[:5].max(), counts[7:].max())
    assert valley > 0.75
    as_it_is = reference.margin((two > 0).astype(float), categorical=True).quantile(np.random.default_rng(3).random(20_000))
    assert as_it_is.mean() == pytest.approx(0.5, abs=0.02)


# Partitions


def test_adjusted_rand_is_that_of_scikit_learn():
    draw = np.random.default_rng(1)
    for k in (2, 3, 5):
        first, second = draw.integers(0, k, 60), draw.integers(0, 4, 60)
        assert segmentation.adjusted_rand(first, second) == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)
    assert segmentation.adjusted_rand([1, 1], [1, 1]) == 1.0


def test_jaccard_is_counted_by_hand():
    first, second = np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0])
    table = stability._cross(first, second, 2, np.ones(5))
    np.testing.assert_allclose(stability._jaccard(table), [2 / 3, 2 / 3])


@pytest.mark.parametrize(("first", "second", "message"), [
    ([1, 2], [1], "`first` has 2 customers and `second` 1"), ([], [], "must be a vector"),
    ([1, np.nan], [1, 1], "none missing"),
])  # fmt: skip
def test_refuses_partitions_of_other_customers(first, second, message):
    with pytest.raises(DataError, match=message):
        segmentation.adjusted_rand(first, second)


# Laws and refusals


def test_the_same_seed_gives_the_same_numbers():
    table, _ = clusters(60)
    one, two = (segmentation.compare_k(table, (2, 3), starts=2, pairs=3, draws=19, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.p_any == two.p_any


def test_a_sample_stands_for_many():
    table, _ = clusters(400)
    compared = segmentation.compare_k(table, (3,), starts=2, pairs=3, draws=0, sample=100, seed=1)
    assert (compared.n, compared.n_sampled) == (400, 100)
    assert "Sample for silhouettes" in repr(compared)
    everyone = segmentation.fit_segments(table, 3, seed=1)
    assert compared.table.within[0] == pytest.approx(everyone.within)


@pytest.mark.parametrize("change", [
    {"ks": ()}, {"ks": (1, 2)}, {"ks": (2, 2)}, {"ks": 3}, {"ks": "23"}, {"pairs": 1}, {"draws": -1}, {"sample": 10},
    {"starts": 0}, {"seed": 0.5}, {"method": "x"},
])  # fmt: skip
def test_refuses_wrong_arguments(change):
    with pytest.raises(ArgumentError, match=f"`{next(iter(change))}`"):
        segmentation.compare_k(clusters(60)[0], **{"ks": (2,), "seed": 1, **change})


def test_refuses_more_segments_than_rows():
    with pytest.raises(DataError, match="4 segments need as many different rows; the table has 3"):
        segmentation.compare_k(pd.DataFrame({"x": [1, 2, 4] * 9}), (2, 4), seed=1)


# A bet on noise


def test_real_clouds_stay_and_noise_recolours():
    """Though by silhouette, slices of a ring lie further apart than the groups that are near."""
    kept: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(3):
        clouds = segmentation.simulate_clouds(resamples=2, seed=seed)
        _engine.check(clouds, "segment_clouds")
        assert clouds.cloud.nunique() == 5
        assert 1 <= clouds.groupby("cloud").is_real.first().sum() <= 4
        apart: dict[bool, list[float]] = {True: [], False: []}
        for (_, real), cloud_rows in clouds.groupby(["cloud", "is_real"]):
            first = cloud_rows[cloud_rows["resample"] == 0]
            apart[real].append(silhouette_score(first[["x", "y"]], first["segment"]))
            segments = cloud_rows.pivot(index="customer_id", columns="resample", values="segment")
            kept[real].append(float(segments.eq(segments[0], axis=0).drop(columns=0).to_numpy().mean()))
        assert max(apart[False]) > min(apart[True])
    assert min(kept[True]) > 0.92
    assert max(kept[False]) < 0.92
    assert np.mean(kept[False]) < 0.85
    pd.testing.assert_frame_equal(clouds, segmentation.simulate_clouds(resamples=2, seed=2))


@pytest.mark.parametrize("change", [{"clouds": 1}, {"k": 1}, {"customers": 39}, {"resamples": 0}, {"seed": None}])
def test_refuses_wrong_clouds(change):
    with pytest.raises(ArgumentError, match=f"`{next(iter(change))}`"):
        segmentation.simulate_clouds(**{"seed": 1, **change})
