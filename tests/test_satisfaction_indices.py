"""Satisfaction indices: known intervals, coverage counted out in full, laws, and refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from crmlab import datasets, satisfaction
from crmlab.errors import ArgumentError, ColumnError, DataError

Z95 = stats.norm.ppf(0.975)
recommendations = st.lists(st.integers(0, 10), min_size=1, max_size=60)
sevens = st.lists(st.integers(1, 7), min_size=1, max_size=60)
levels = st.floats(0.05, 0.995)


def answers_of(promoters: int, detractors: int, n: int) -> list[int]:
    return [10] * promoters + [0] * detractors + [7] * (n - promoters - detractors)


# -- published numbers


@pytest.mark.parametrize(
    ("above", "below", "n", "low", "high"),
    [
        (20, 40, 160, -0.2180642, -0.0308646),
        (1, 7, 21, -0.5172323, -0.0260030),  # Fagerland, Lydersen & Laake (2014) print -0.517 to -0.026
        (6, 16, 161, -0.1240234, -0.0054334),
        (0, 1, 44, -0.1180771, 0.0593932),
        (12, 2, 50, 0.0611124, 0.3447087),
        (25, 28, 618, -0.0287320, 0.0187850),
    ],
)
def test_tango_as_propcis_computes_it(above, below, n, low, high):
    """scoreci.mp of the R package PropCIs 0.3-0 (run)."""
    result = satisfaction.nps(answers_of(above, below, n)).interval()
    assert result == pytest.approx((100 * low, 100 * high), abs=2e-5)


@pytest.mark.parametrize(
    ("satisfied", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_newcombe_1998_prints_it(satisfied, n, low, high):
    """Statistics in Medicine 17, 857-872, table I, method 3."""
    result = satisfaction.csat([7] * satisfied + [5] * (n - satisfied))
    assert result.interval() == pytest.approx((100 * low, 100 * high), abs=0.005)


def test_change_as_derrick_toher_white_2017_compute_it():
    """The Quantitative Methods for Psychology 13(2), 120-126: p = .026; more digits by their R formula (run)."""
    a = [20, 21, 16, 18, 14, 12, 14, 17, 14, 15, 18, 20, 11, 19, 14, 15]
    b = [10, 16, 18, 16, 15, 14, 13, 10, 15, 10, 15, 17, 13, 19, 12, 13]
    ids = [*range(8), *range(16, 24), *range(8, 24)]
    survey = pd.DataFrame({"who": ids, "round": ["a"] * 16 + ["b"] * 16, "x": a + b})
    result = satisfaction.wave_change(survey, before="b", after="a", index="mean", column="x", respondent="who", wave="round")
    assert result.n_both == 8
    assert result.p_value == pytest.approx(0.026, abs=0.0005)
    expected = (2.0, 0.82675456192, 2.41909762838, 18.42233226926, 0.02610444486, 0.68679529567)
    numbers = (result.estimate, result.std_error, result.statistic, result.df, result.p_value, result.correlation)
    assert numbers == pytest.approx(expected, rel=1e-9)
    assert result.if_independent().p_value == pytest.approx(0.0592, abs=5e-5)
    assert result.if_independent().interval() == pytest.approx((-0.08275474, 4.08275474), abs=1e-7)


@pytest.mark.parametrize(("population", "answers"), [(100, 80), (1000, 278), (10_000, 370), (100_000, 383)])
def test_sample_size_as_krejcie_and_morgan_1970_print_it(population, answers):
    """Determining sample size for research activities, Educational and Psychological Measurement 30: margin .05."""
    assert satisfaction.sample_size(margin=5, index="csat", population=population).answers == pytest.approx(answers, abs=1)
    assert satisfaction.sample_size(margin=5, index="csat", population=1000).answers == 278


def test_acsi_by_its_formula():
    """Means 8, 7, 6 with weights 2, 1, 1: 100 (2 * 7 + 6 + 5) / (9 * 4)."""
    items = pd.DataFrame({"a": [7, 9, None], "b": [6, 8, 5], "c": [6, 6, 5]})
    result = satisfaction.acsi(items, weights=[2, 1, 1])
    assert result.estimate == pytest.approx(2500 / 36)
    assert (result.n, result.n_excluded) == (2, 1)
    assert satisfaction.acsi(pd.DataFrame({"a": [10, 10], "b": [10, 10]})).estimate == 100
    assert satisfaction.acsi(pd.DataFrame({"a": [1, 1]})).estimate == 0


# -- recovery: the slow, obvious way


def restricted(above: int, below: int, n: int, difference: float) -> float:
    """The score statistic with its nuisance share result by climbing the likelihood, not by a formula."""

    def loss(share: float) -> float:
        shares = np.array([share + difference, share, 1 - 2 * share - difference])
        counts = np.array([above, below, n - above - below])
        used = counts > 0
        return -float(counts[used] @ np.log(np.maximum(shares[used], 1e-300)))

    low, high = max(0, -difference), (1 - difference) / 2
    share = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x
    return (above - below - n * difference) / math.sqrt(n * (2 * share + difference - difference**2))


@pytest.mark.parametrize(("above", "below", "n"), [(12, 2, 50), (3, 3, 9), (0, 4, 11), (1, 0, 2), (9, 1, 10)])
def test_tango_by_search_over_a_grid(above, below, n):
    grid = np.linspace(-0.999, 0.999, 400)
    accepted = [value for value in grid if abs(restricted(above, below, n, value)) <= Z95]
    low, high = satisfaction.nps(answers_of(above, below, n)).interval()
    step = 100 * (grid[1] - grid[0])
    assert low == pytest.approx(100 * accepted[0], abs=1.01 * step)
    assert high == pytest.approx(100 * accepted[-1], abs=1.01 * step)


@given(st.integers(1, 500), levels)
def test_tango_at_the_extremes_has_a_closed_form(n, level):
    z = stats.norm.ppf((1 + level) / 2) ** 2
    low, high = satisfaction.nps([10] * n).interval(level)
    assert (low, high) == (pytest.approx(100 * (n - z) / (n + z), abs=1e-6), 100)
    low, high = satisfaction.nps([0] * n).interval(level)
    assert (low, high) == (-100, pytest.approx(-100 * (n - z) / (n + z), abs=1e-6))
    low, high = satisfaction.nps([8] * n).interval(level)
    assert (low, high) == pytest.approx((-100 * z / (n + z), 100 * z / (n + z)), abs=1e-6)


@pytest.mark.parametrize(("promoters", "detractors"), [(0.9, 0.02), (0.6, 0.3), (0.05, 0.02), (0.97, 0.01)])
def test_tango_covers_where_the_usual_interval_does_not(promoters, detractors):
    """Not simulated but counted out: every sample of 15 that can occur, with its probability."""
    n, covered, usual = 15, 0.0, 0.0
    truth = promoters - detractors
    for above in range(n + 1):
        for below in range(n + 1 - above):
            chance = stats.multinomial.pmf(
                [above, below, n - above - below], n, [promoters, detractors, 1 - promoters - detractors]
            )
            low, high = satisfaction.nps(answers_of(above, below, n)).interval()
            covered += chance * (low <= 100 * truth <= high)
            a, b = above / n, below / n
            half = Z95 * math.sqrt((a + b - (a - b) ** 2) / n)
            usual += chance * (abs(a - b - truth) <= half)
    assert covered > 0.92
    assert covered > usual
    assert promoters == 0.6 or usual < 0.85


@pytest.mark.parametrize("index", ["nps", "csat"])
def test_change_of_overlapping_waves_holds_its_size(index):
    """No change, 60 of 90 answer twice and alike: one in twenty is result; overlooked, the overlap hides real changes."""
    random = np.random.default_rng(11)
    opinions = random.normal(size=(400, 120))
    answers = np.clip(np.round(7.6 + 2 * np.c_[opinions[:, :90], opinions[:, 30:]] + random.normal(size=(400, 180))), 1, 10)
    scores = 100.0 * (answers >= 9) - 100.0 * (answers <= 6) * (index == "nps")
    rejected, naive = [], []
    for row in scores:
        first, second = row[:90], row[90:]
        correlation = np.corrcoef(first[30:], second[:60])[0, 1]
        sides = (satisfaction.Index("index", "points", side, 0, "t", (-100, 100)) for side in (first, second))
        change = satisfaction.Change(*sides, n_both=60, correlation=correlation)
        rejected.append(change.p_value < 0.05)
        naive.append(change.if_independent().p_value < 0.05)
    assert 0.025 < np.mean(rejected) < 0.08
    assert np.mean(naive) < 0.025


def test_sample_size_gives_the_power_it_promises():
    random = np.random.default_rng(5)
    for before, after, arguments in (
        ((0.45, 0.2), (0.5, 0.15), {"index": "nps", "change": 10, "share": 0.45, "detractor_share": 0.2}),
        ((0.8, 0.2), (0.7, 0.3), {"index": "csat", "change": -10, "share": 0.8}),
    ):
        n = satisfaction.sample_size(**arguments).answers
        counts = [random.multinomial(n, [*shares, 1 - sum(shares)], size=4000)[:, :2] / n for shares in (before, after)]
        if arguments["index"] == "csat":
            counts = [np.column_stack([each[:, 0], 0 * each[:, 0]]) for each in counts]
        means = [each[:, 0] - each[:, 1] for each in counts]
        variances = [each.sum(axis=1) - mean**2 for each, mean in zip(counts, means, strict=True)]
        power = np.mean(np.abs(means[1] - means[0]) / np.sqrt((variances[0] + variances[1]) / n) > Z95)
        assert power == pytest.approx(0.8, abs=0.025)


def test_sample_size_gives_the_margin_it_promises():
    n = satisfaction.sample_size(margin=4, index="nps", share=0.5, detractor_share=0.2, level=0.9).answers
    low, high = satisfaction.nps(answers_of(round(0.5 * n), round(0.2 * n), n)).interval(0.9)
    assert (high - low) / 2 == pytest.approx(4, rel=0.01)
    n = satisfaction.sample_size(margin=0.2, index="mean", deviation=1.4).answers
    assert Z95 * 1.4 / math.sqrt(n) == pytest.approx(0.2, rel=0.01)


# -- laws


@given(recommendations, levels)
def test_laws_of_nps(answers, level):
    result = satisfaction.nps(answers)
    low, high = result.interval(level)
    assert -100 <= low <= result.estimate <= high <= 100
    assert low < high
    wider = result.interval((1 + level) / 2)
    assert wider[0] <= low + 1e-9
    assert wider[1] >= high - 1e-9
    mirrored = satisfaction.nps([10 - answer for answer in answers], promoters=4, detractors=1)
    assert mirrored.estimate == pytest.approx(-result.estimate)
    assert mirrored.interval(level) == pytest.approx((-high, -low), abs=1e-6)


@given(recommendations)
def test_nps_is_promoters_less_detractors(answers):
    share = [np.mean([answer in group for answer in answers]) for group in ((9, 10), range(7))]
    assert satisfaction.nps(answers).estimate == pytest.approx(100 * (share[0] - share[1]))


@given(sevens, st.integers(1, 6))
def test_top_boxes_are_csat_counted_from_the_top(answers, boxes):
    one, other = satisfaction.top_box(answers, boxes=boxes), satisfaction.csat(answers, satisfied=8 - boxes)
    assert one.estimate == other.estimate == pytest.approx(100 * np.mean(np.array(answers) > 7 - boxes))
    assert one.interval() == other.interval()
    assert one.name == f"top {boxes} of 7 boxes"


@given(sevens, levels)
def test_laws_of_csat(answers, level):
    result = satisfaction.csat(answers)
    low, high = result.interval(level)
    assert 0 <= low <= result.estimate <= high <= 100
    assert low < high
    mirrored = satisfaction.csat([8 - answer for answer in answers], satisfied=3).interval(level)
    assert mirrored == pytest.approx((100 - high, 100 - low))  # those who are not satisfied are the rest


def test_scales_at_their_smallest():
    assert satisfaction.nps([0, 1], promoters=1, detractors=0).estimate == 0
    assert satisfaction.csat([1, 2], satisfied=2, highest=2).estimate == 50
    assert satisfaction.top_box([1, 2], boxes=1, highest=2).estimate == 50
    assert satisfaction.nps([9]).bounds == (-100, 100)
    assert satisfaction.csat([7]).bounds == satisfaction.acsi(pd.DataFrame({"a": [7]})).bounds == (0, 100)


def test_default_thresholds():
    assert satisfaction.nps([9, 8, 7, 6]).scores.tolist() == [100, 0, 0, -100]
    assert satisfaction.csat([7, 6, 5, 4]).estimate == satisfaction.top_box([7, 6, 5, 4]).estimate == 50
    assert satisfaction.sample_size(change=10).power == 0.8
    assert satisfaction.sample_size(margin=10).level == 0.95
    assert satisfaction.csat([7, 5]).interval() == satisfaction.csat([7, 5]).interval(0.95)


@given(st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10), st.integers(1, 10)), min_size=2, max_size=30))
def test_acsi_interval_is_the_delta_method(rows):
    values, weights = np.array(rows, float), np.array([0.5, 0.3, 0.2])
    result = satisfaction.acsi(pd.DataFrame(values), weights=weights)
    error = 100 / 9 * math.sqrt(weights @ np.cov(values.T) @ weights / len(values))
    low, high = result.interval(0.9)
    half = stats.t.ppf(0.95, len(values) - 1) * error
    assert low == pytest.approx(max(0, result.estimate - half), abs=1e-7)
    assert high == pytest.approx(min(100, result.estimate + half), abs=1e-7)
    doubled = satisfaction.acsi(pd.DataFrame(2 * values), weights=7 * weights, lowest=2, highest=20)
    assert doubled.estimate == pytest.approx(result.estimate)


def waves(first: list[float], second: list[float], shared: int) -> pd.DataFrame:
    """Two waves whose first ``shared`` respondents are the same."""
    ids = [*range(len(first)), *range(shared), *range(1000, 1000 + len(second) - shared)]
    return pd.DataFrame({"customer_id": ids, "wave": [1] * len(first) + [2] * len(second), "x": first + second})


scores = st.lists(st.integers(1, 7), min_size=3, max_size=25)


@given(scores, scores, st.integers(0, 25))
def test_change_is_welch_without_and_paired_with_full_overlap(first, second, shared):
    assume(len(set(first)) > 1 and len(set(second)) > 1)
    apart = satisfaction.wave_change(waves(first, second, 0), before=1, after=2, index="mean", column="x")
    welch = stats.ttest_ind(second, first, equal_var=False)
    assert (apart.statistic, apart.p_value) == pytest.approx((welch.statistic, welch.pvalue))
    assert apart.interval(0.9) == pytest.approx(tuple(welch.confidence_interval(0.9)))
    n = min(len(first), len(second))
    partly = satisfaction.wave_change(waves(first, second, min(shared, n)), before=1, after=2, index="mean", column="x")
    assert partly.n_both == min(shared, n)
    assert partly.std_error >= 0
    assert partly.df > 0
    one, two = first[:n], second[:n]
    assume(np.std(np.subtract(two, one)) > 1e-9 and np.std(one) > 0 and np.std(two) > 0)
    paired = stats.ttest_rel(two, one)
    same = satisfaction.wave_change(waves(one, two, n), before=1, after=2, index="mean", column="x")
    assert (same.statistic, same.df, same.p_value) == pytest.approx((paired.statistic, n - 1, paired.pvalue))
    back = satisfaction.wave_change(waves(one, two, n), before=2, after=1, index="mean", column="x")
    assert (back.estimate, back.p_value) == pytest.approx((-same.estimate, same.p_value))


def test_change_that_cannot_be_tested_is_not():
    result = satisfaction.wave_change(waves([1, 1], [7, 7], 1), before=1, after=2, index="csat", column="x")
    assert (result.estimate, result.n_both, result.correlation) == (100, 1, 0)
    assert satisfaction.wave_change(waves([1, 1], [1, 7], 2), before=1, after=2, index="csat", column="x").correlation == 0
    two = satisfaction.wave_change(waves([1, 2, 5], [3, 4, 6], 2), before=1, after=2, index="mean", column="x")
    assert (two.n_both, two.correlation) == (2, pytest.approx(1))
    assert math.isnan(result.p_value)
    assert np.isnan(result.interval()).all()
    assert "unknown" in str(result)


def test_change_leaves_missing_answers_out_of_the_overlap():
    survey = waves([1, 2, 3, 4, None], [2, 3, 5, None, 4], 5)
    result = satisfaction.wave_change(survey, before=1, after=2, index="mean", column="x")
    assert (result.before.n, result.after.n, result.n_both) == (4, 4, 3)
    assert result.correlation == pytest.approx(np.corrcoef([1, 2, 3], [2, 3, 5])[0, 1])
    shuffled = pd.concat([survey[5:], survey[:5]]).sample(frac=1, random_state=1).set_axis([0] * 10)
    again = satisfaction.wave_change(
        shuffled.rename(columns={"customer_id": "respondent"}), before=1, after=2, index="mean", column="x"
    )
    assert again.p_value == pytest.approx(result.p_value)


def test_change_of_several_items():
    survey = pd.concat([waves([2, 3, 4, 8], [5, 6, 4, 9], 3), pd.Series([1.0, 2, 3, 4, 5, 6, 7, None], name="y")], axis=1)
    result = satisfaction.wave_change(survey, before=1, after=2, index="acsi", column=("x", "y"))
    assert (result.before.n, result.after.n, result.after.n_excluded, result.n_both) == (4, 3, 1, 3)


@given(st.floats(0.5, 20), st.sampled_from(["nps", "csat", "top_box"]))
def test_half_the_margin_needs_four_times_the_answers(margin, index):
    once, twice = (satisfaction.sample_size(margin=each, index=index).answers for each in (margin, margin / 2))
    assert 4 * (once - 1) <= twice <= 4 * once


@given(st.floats(0.5, 30), st.integers(2, 5000), st.floats(0.05, 1), st.floats(0.01, 0.99))
def test_laws_of_sample_size(change, population, rate, share):
    free, finite = satisfaction.sample_size(change=change), satisfaction.sample_size(change=change, population=population)
    assert finite.answers <= min(free.answers, population)
    asked = satisfaction.sample_size(change=change, response_rate=rate)
    assert asked.ask * rate >= asked.answers - 1e-6
    assert (asked.ask - 1) * rate < asked.answers
    assert (
        satisfaction.sample_size(margin=3, index="csat", share=share).answers
        <= satisfaction.sample_size(margin=3, index="csat").answers
    )
    assert satisfaction.sample_size(change=-change).answers == free.answers


def test_worst_cases():
    assert satisfaction.sample_size(margin=5).answers == 1537  # (1.96 * 100 / 5)²
    assert satisfaction.sample_size(margin=5, index="csat").answers == 385
    assert satisfaction.sample_size(change=10).answers == 1570  # 2 (2.8016 * 100 / 10)²
    assert satisfaction.sample_size(margin=5, index="csat", population=20).answers == 20  # 384.1 / (1 + 383.1 / 20) = 19.06
    assert satisfaction.sample_size(margin=Z95 / 10, index="mean", deviation=1).answers == 100  # and not 101 by rounding
    assert satisfaction.sample_size(margin=9, index="mean", deviation=1).answers == 1
    assert satisfaction.sample_size(change=9, index="mean", deviation=1).answers == 2  # one tells no spread
    assert satisfaction.sample_size(margin=5, share=0.5, detractor_share=0.5).answers == 1537
    assert satisfaction.sample_size(margin=5, share=0.5, detractor_share=0.1).answers == 677  # .6 - .16 of it


def test_summaries_say_what_they_rest_on():
    assert "Promoters: 50.0 %" in str(satisfaction.nps([9, 10, 7, 2]))
    assert "Passives: 20.0 %" in str(satisfaction.nps([9, 10, 7, 2, 3]))
    assert "Estimate: 66.67 points" in str(satisfaction.nps([9, 10, 7]))
    assert "Detractors: 25.0 %" in str(satisfaction.nps([9, 10, 7, 2, None]))
    assert "Missing, left out: 1" in str(satisfaction.nps([9, 10, 7, 2, None]))
    assert "95 % interval: unknown" in str(satisfaction.acsi(pd.DataFrame({"a": [3]})))
    assert "<h4>Net promoter score</h4>" in satisfaction.nps([9])._repr_html_()
    small = satisfaction.sample_size(margin=5, population=100, response_rate=0.2)
    assert "fewer customers than would have to be asked" in " ".join(str(small).split())
    assert small.worst_case
    survey = datasets.load("survey")
    result = satisfaction.wave_change(survey, before=5, after=6)
    both = set(survey[survey.wave == 5].customer_id) & set(survey[survey.wave == 6].customer_id)
    assert f"Answered both times: {len(both)}" in str(result)
    assert result.std_error < result.if_independent().std_error
    assert result._repr_html_().startswith("<div>")


# -- refusals


@pytest.mark.parametrize("function", [satisfaction.nps, satisfaction.csat, satisfaction.top_box])
@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([11, 3], "whole numbers from . to ..?; 1 of 2 are not, e.g. 11"),
        ([-1], "e.g. -1"),
        ([3, 4.5, None], "1 of 2 are not, e.g. 4.5"),
        ([], "no answer"),
        ([None, np.nan], "no answer"),
        (["often"], "must be numbers"),
        ([math.inf], "finite"),
        ("text", "must be numbers"),
        (object(), "must be numbers"),
        ([[1, 2], [3, 4]], "must be numbers"),
    ],
)
def test_refuses_what_are_no_answers(function, answers, why):
    with pytest.raises(DataError, match=why):
        function(answers)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: satisfaction.nps([5], promoters=5, detractors=5), "`detractors` must be a whole number from 0 to 4"),
        (lambda: satisfaction.nps([5], promoters=11), "`promoters`"),
        (lambda: satisfaction.csat([5], satisfied=8), "`satisfied` must be a whole number from 2 to 7"),
        (lambda: satisfaction.csat([5], satisfied=1), "`satisfied`"),
        (lambda: satisfaction.top_box([5], boxes=7), "`boxes` must be a whole number from 1 to 6"),
        (lambda: satisfaction.top_box([1], highest=1), "`highest`"),
        (lambda: satisfaction.acsi(pd.DataFrame(index=[0])), "`items` has no columns"),
        (lambda: satisfaction.acsi(pd.DataFrame({"a": [1]}), weights=[1, 2]), "`weights` must be 1 numbers"),
        (lambda: satisfaction.acsi(pd.DataFrame({"a": [1]}), weights=[0]), "not all zero"),
        (lambda: satisfaction.acsi(pd.DataFrame({"a": [1]}), weights="many"), "`weights`"),
        (lambda: satisfaction.acsi(pd.DataFrame({"a": [1]}), lowest=5, highest=5), "`highest`, 5, must lie above `lowest`, 5"),
        (lambda: satisfaction.nps([5]).interval(95), "`level` must be a share"),
        (lambda: satisfaction.sample_size(), "exactly one of `margin`"),
        (lambda: satisfaction.sample_size(margin=1, change=1), "exactly one of `margin`"),
        (lambda: satisfaction.sample_size(margin=0), "`margin` must be a finite number above 0"),
        (lambda: satisfaction.sample_size(change=0), "must not be zero"),
        (lambda: satisfaction.sample_size(change="some"), "`change` must be a finite number"),
        (lambda: satisfaction.sample_size(margin=1, index="acsi"), "`index` must be one of"),
        (lambda: satisfaction.sample_size(margin=1, index="mean"), "`deviation`"),
        (lambda: satisfaction.sample_size(margin=1, deviation=2), "`deviation`"),
        (lambda: satisfaction.sample_size(margin=1, index="mean", deviation=2, share=0.5), "do not belong"),
        (lambda: satisfaction.sample_size(margin=1, index="csat", detractor_share=0.5), "do not belong"),
        (lambda: satisfaction.sample_size(margin=1, share=0.5), "give both `share`"),
        (lambda: satisfaction.sample_size(margin=1, share=0.7, detractor_share=0.4), r"more than everyone: 0.7 \+ 0.4"),
        (lambda: satisfaction.sample_size(change=30, index="csat", share=0.8), "cannot change by 30 points"),
        (lambda: satisfaction.sample_size(margin=1, population=1), "`population`"),
        (lambda: satisfaction.sample_size(margin=1, response_rate=0), "`response_rate`"),
        (lambda: satisfaction.wave_change(waves([1, 2], [3, 4], 0), before=1, after=1, column="x"), "same wave, 1"),
        (
            lambda: satisfaction.wave_change(waves([1, 2], [3, 4], 0), before=1, after=2, column="x", index="best"),
            "`index` must be",
        ),
        (
            lambda: satisfaction.wave_change(waves([1, 2], [3, 4], 0), before=1, after=2, column="x", index=len),
            "return an Index",
        ),
    ],
)
def test_refuses_arguments(call, why):
    with pytest.raises(ArgumentError, match=why):
        call()


def test_refuses_surveys_by_name():
    survey = waves([1, 2, 3], [3, 4, 5], 2)
    with pytest.raises(DataError, match="`survey` must be a DataFrame"):
        satisfaction.wave_change([1], before=1, after=2)
    with pytest.raises(DataError, match="`items` must be a DataFrame"):
        satisfaction.acsi([[1, 2]])
    with pytest.raises(DataError, match=r"no wave 9 in column `wave`. The waves: 1, 2"):
        satisfaction.wave_change(survey, before=1, after=9, column="x")
    with pytest.raises(ColumnError, match="no column `recommendation`"):
        satisfaction.wave_change(survey, before=1, after=2)
    with pytest.raises(ColumnError, match="no column `overall_satisfaction`"):
        satisfaction.wave_change(survey, before=1, after=2, index="csat")
    with pytest.raises(DataError, match=r"1 of the respondents stand more than once in wave 2, e.g. 1\."):
        satisfaction.wave_change(survey.assign(customer_id=[0, 1, 2, 0, 1, 1]), before=1, after=2, column="x")
    with pytest.raises(DataError, match="`customer_id` is empty in 1 rows of wave 1"):
        satisfaction.wave_change(survey.assign(customer_id=[0, None, 2, 0, 1, 3]), before=1, after=2, column="x")
    with pytest.raises(DataError, match="wave 2 has 1 answer"):
        satisfaction.wave_change(waves([1, 2], [3, None], 0), before=1, after=2, column="x")
    with pytest.raises(DataError, match="no row of `items` has all 2 answers"):
        satisfaction.acsi(pd.DataFrame({"a": [1, None], "b": [None, 2]}))
    with pytest.raises(DataError, match=r"from 1 to 10; 2 are not, e.g. 11"):
        satisfaction.acsi(pd.DataFrame({"a": [11, 0]}))
    with pytest.raises(DataError, match="all are missing"):
        satisfaction.wave_change(waves([1, 2], [None, None], 0), before=1, after=2, column="x", index="mean")
