"""Satisfaction: the questionnaire, its answers, gaps and drivers, against published numbers and known truths.

Published tables (tests/published): customerSat, ten questions to 1,811 customers (bayesm; Rossi, Allenby & McCulloch
2005); housing, satisfaction of 1,681 tenants (Madsen 1976). Numbers on them were printed by relaimpo and MASS.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlab import _engine, datasets, satisfaction, tables
from crmlab.errors import ArgumentError, ConvergenceError, DataError
from crmlab.satisfaction.relative_importance import relative_importance

PUBLISHED = Path(__file__).parent / "published"
ITEMS = [item.name for item in tables.ITEMS]
REVERSED = [item.name for item in tables.ITEMS if item.reverse]


def published(name: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / f"{name}.csv", index_col=0)


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    """The last wave of the default firm, as the firm has it: negatively worded items not turned."""
    survey = datasets.load("survey")
    return survey[survey.wave == 6].drop(columns=["wave", "date"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def survey(answers):
    return satisfaction.read_survey(answers)


@pytest.fixture(scope="module")
def scores():
    return satisfaction.score_rater(datasets.load("survey"), by="wave")


@pytest.fixture(scope="module")
def drivers(scores):
    return satisfaction.fit_drivers(scores, seed=1, draws=200)


# -- Gaps ---------------------------------------------------------------------------------------------------------


def tiny(**columns) -> satisfaction.Survey:
    items = pd.DataFrame({"item": ["a_1", "a_2", "b_1"], "dimension": ["a", "a", "b"]})
    return satisfaction.read_survey(pd.DataFrame(columns), satisfaction.custom_instrument(items))


def test_gaps_by_hand():
    survey = tiny(
        expected_a_1=[6, 7, 5], expected_a_2=[6, None, 7], expected_b_1=[4, 4, 5],
        perceived_a_1=[4, 6, 5], perceived_a_2=[5, 5, 7], perceived_b_1=[6, 4, 7],
        importance_a=[70, 50, 100], importance_b=[30, 50, 0],
    )  # fmt: skip
    result = satisfaction.score_rater(survey)
    # respondent 1: a (-2 - 1) / 2, b +2; respondent 2: a -1 (a_2 has no expectation), b 0; respondent 3: a 0, b +2
    assert result.respondents.gap_a.to_list() == [-1.5, -1, 0]
    assert result.respondents.gap_b.to_list() == [2, 0, 2]
    table = result.table.set_index("dimension")
    assert table.gap.round(9).to_dict() == {"a": round(-2.5 / 3, 9), "b": round(4 / 3, 9)}
    weighted = [0.7 * -1.5 + 0.3 * 2, 0.5 * -1 + 0, 0.0]
    np.testing.assert_allclose(result.respondents.weighted_gap, weighted)
    assert table.weighted_gap.sum() == pytest.approx(np.mean(weighted))
    low, high = stats.t.interval(0.95, 2, np.mean([-1.5, -1, 0]), stats.sem([-1.5, -1, 0]))
    assert table.loc["a", ["low", "high"]].to_list() == pytest.approx([low, high])
    overall = result.overall.set_index("measure")["mean"]
    assert overall["gap"] == pytest.approx(np.mean([0.25, -0.5, 1]))
    assert overall["perceptions (SERVPERF)"] == pytest.approx(np.mean([(4.5 + 6) / 2, (5.5 + 4) / 2, (6 + 7) / 2]))
    assert result.items.gap.to_list() == [-1, -0.5, 4 / 3]
    assert result.levels.weight.sum() == pytest.approx(1)


def test_half_of_a_dimension_is_enough(answers):
    few = answers.astype({f"perceived_assurance_{number}": float for number in range(1, 5)})
    few.loc[0, ["perceived_assurance_1", "perceived_assurance_2"]] = np.nan
    few.loc[1, ["perceived_assurance_1", "perceived_assurance_2", "perceived_assurance_3"]] = np.nan
    them = satisfaction.score_rater(few).respondents
    assert not np.isnan(them.perceived_assurance[0])
    assert np.isnan(them.perceived_assurance[1])
    assert np.isnan(them.weighted_gap[1])


def test_rows_of_one_respondent_are_no_two_witnesses(survey):
    once = satisfaction.score_rater(survey)
    rows = pd.concat([survey.rows.assign(wave=1), survey.rows.assign(wave=2)], ignore_index=True)
    twice = satisfaction.score_rater(satisfaction.Survey(survey.instrument, rows, survey.findings, survey.set_aside, len(rows)))
    pd.testing.assert_frame_equal(once.table.drop(columns="n"), twice.table.drop(columns="n"))


def test_the_clustered_error_covers():
    """400 surveys in which respondents answer up to three times: the mean is covered as promised, the naive interval is not."""
    draw = np.random.default_rng(5)
    from crmlab.satisfaction.clustered import clustered_mean

    hits, naive = 0, 0
    for _ in range(400):
        who = np.repeat(np.arange(40), draw.integers(1, 4, 40))
        values = draw.standard_normal(40)[who] + 0.3 * draw.standard_normal(who.size)
        estimate = clustered_mean(values, who)
        low, high = estimate.interval(0.95)
        hits += low <= 0 <= high
        naive += abs(estimate.mean) <= 1.97 * values.std(ddof=1) / np.sqrt(who.size)
    assert 0.92 <= hits / 400 <= 0.98
    assert naive / 400 < 0.9


def test_the_firms_gaps_are_those_of_its_truth(scores):
    """The firm keeps fewest promises where it was made to: reliability and responsiveness fall short, tangibles do not."""
    gap = scores.table.set_index("dimension").gap
    assert set(gap.nsmallest(2).index) == {"reliability", "responsiveness"}
    assert gap.idxmax() == "tangibles"
    assert scores.table.set_index("dimension").weight.idxmin() == "tangibles"


def test_tables_keep_their_declaration(scores, drivers):
    alone = satisfaction.score_rater(tiny(expected_a_1=[5, 6], expected_a_2=[5, 6], expected_b_1=[5, 6], perceived_a_1=[5, 4],
                                          perceived_a_2=[5, 6], perceived_b_1=[3, 6]))  # fmt: skip
    read = satisfaction.read_survey(datasets.load("survey"))
    customers = scores.respondents[scores.respondents.wave == 6]
    managers, *firm = (datasets.load(name) for name in ("manager_survey", "standards", "delivery", "promises"))
    for frame, name in (
        (scores.table, "rater_scores"), (alone.table, "rater_scores"), (scores.items, "rater_items"),
        (scores.levels, "rater_levels"), (drivers.table, "driver_weights"), (satisfaction.priorities(drivers), "priorities"),
        (satisfaction.importance_performance(drivers).table, "importance_performance"),
        (satisfaction.gap_reliability(read), "gap_reliability"), (read.findings, "survey_findings"),
        (satisfaction.five_gaps(customers, managers, *firm).table, "five_gaps"),
        (satisfaction.misjudgement(customers, managers, seed=1, permutations=9).table, "misjudgement"),
        (satisfaction.nonresponse(datasets.truth("survey")).table, "nonresponse"),
    ):  # fmt: skip
        _engine.check(frame, name)
        assert frame.columns.to_list() == [column.name for column in tables.table(name).columns], name


def test_groups_are_compared_with_all_others(scores):
    table = scores.groups
    assert len(table) == 6 * 6
    one = table[(table.wave == 2) & (table.dimension == "reliability")].iloc[0]
    them = scores.respondents
    assert one.difference == pytest.approx(
        them.gap_reliability[them.wave == 2].mean() - them.gap_reliability[them.wave != 2].mean()
    )
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(table.p_holm, multipletests(table.p_value, method="holm")[1])


def test_groups_may_be_missing_and_must_not_be_people(survey):
    rows = survey.rows.assign(branch=pd.array([None, "a", "b"] * len(survey.rows), dtype="string")[: len(survey.rows)])
    result = satisfaction.score_rater(
        satisfaction.Survey(survey.instrument, rows, survey.findings, survey.set_aside, len(rows)), by="branch"
    )
    table = result.groups
    assert table.branch.unique().tolist() == ["a", "b"]
    a, b = table[table.branch == "a"], table[table.branch == "b"]
    np.testing.assert_allclose(a.difference, -b.difference)
    np.testing.assert_allclose(a.p_holm, b.p_holm)
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(a.p_holm, multipletests(a.p_value, method="holm")[1])  # six comparisons, not twelve
    with pytest.raises(DataError, match="would show single people"):
        satisfaction.score_rater(survey, by="respondent")


def test_two_groups_agree_with_welch(survey):
    rows = survey.rows.assign(branch=np.where(np.arange(len(survey.rows)) % 3 == 0, "north", "south"))
    result = satisfaction.score_rater(
        satisfaction.Survey(survey.instrument, rows, survey.findings, survey.set_aside, len(rows)), by="branch"
    )
    table = result.groups[(result.groups.branch == "north") & (result.groups.dimension == "empathy")].iloc[0]
    gap = result.respondents.gap_empathy
    welch = stats.ttest_ind(gap[rows.branch == "north"], gap[rows.branch == "south"], equal_var=False, nan_policy="omit")
    assert (table.difference / table.std_error, table.p_value) == pytest.approx((welch.statistic, welch.pvalue))


@pytest.mark.parametrize(
    ("rows", "by", "message"),
    [
        (slice(0, 1), None, "only one respondent"),
        (slice(None), "town", "`by` must be a column"),
        (slice(None), "respondent", "too many"),
    ],
)
def test_scores_that_cannot_be(survey, rows, by, message):
    part = satisfaction.Survey(survey.instrument, survey.rows.iloc[rows], survey.findings, survey.set_aside, survey.n_read)
    with pytest.raises((DataError, ArgumentError), match=re.escape(message)):
        satisfaction.score_rater(part, by=by)


def test_gaps_are_less_reliable_than_their_halves(survey):
    table = satisfaction.gap_reliability(survey)
    assert (table.gap < table[["expected", "perceived"]].max(axis=1)).all()
    assert (table.warning != "").equals(table.gap < 0.7)


# -- Drivers ------------------------------------------------------------------------------------------------------


def test_customersat_has_relaimpos_weights():
    fit = satisfaction.fit_drivers(published("customersat_corr"), "q1", n=1811, draws=100, seed=1)
    assert round(fit.r2, 4) == 0.7167
    assert fit.table.lmg.round(4).to_list() == [0.0871, 0.0704, 0.1614, 0.0787, 0.1522, 0.0628, 0.0503, 0.0257, 0.0281]


def test_johnson_by_hand_for_two():
    """Two predictors: the root of [[1, r], [r, 1]] has (a, b) with a + b = sqrt(1 + r), a - b = sqrt(1 - r)."""
    r, one, two = 0.6, 0.5, 0.4
    matrix = pd.DataFrame([[1, r, one], [r, 1, two], [one, two, 1]], index=list("xyz"), columns=list("xyz"))
    fit = satisfaction.fit_drivers(matrix, "z", n=500, draws=100, seed=1)
    a, b = (np.sqrt(1 + r) + np.sqrt(1 - r)) / 2, (np.sqrt(1 + r) - np.sqrt(1 - r)) / 2
    beta = np.linalg.solve([[a, b], [b, a]], [one, two])
    np.testing.assert_allclose(
        fit.table.johnson, [a**2 * beta[0] ** 2 + b**2 * beta[1] ** 2, b**2 * beta[0] ** 2 + a**2 * beta[1] ** 2]
    )
    r2 = (one**2 + two**2 - 2 * r * one * two) / (1 - r**2)
    np.testing.assert_allclose(fit.table.lmg, [(one**2 + r2 - two**2) / 2, (two**2 + r2 - one**2) / 2])


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_weights_share_out_what_is_explained(seed, k):
    """Law: LMG and Johnson's weights sum to R2 and are not negative; unrelated predictors get their own R2 by either."""
    root = np.random.default_rng(seed).standard_normal((k + 1, k + 3))
    related = root @ root.T  # the outcome stands last
    unrelated = related.copy()
    unrelated[:k, :k] = np.diag(np.diag(related)[:k]) * k
    own_r2 = unrelated[:k, k] ** 2 / np.diag(unrelated)[:k] / unrelated[k, k]
    weights = relative_importance(np.stack([related, unrelated]), np.zeros((2, k + 1)))
    for parts in (weights.lmg, weights.johnson):
        assert parts.sum(axis=1) == pytest.approx(weights.r2)
        assert (parts > -1e-12).all()
        np.testing.assert_allclose(parts[1], own_r2, atol=1e-10)


def test_weights_of_a_matrix_are_those_of_its_numbers():
    covariance = published("customersat_corr")
    fit = satisfaction.fit_drivers(covariance, "q1", n=1811, draws=100, seed=1)
    last = [*covariance.columns.drop("q1"), "q1"]
    weights = relative_importance(covariance.loc[last, last].to_numpy()[None], np.zeros((1, len(last))))
    np.testing.assert_allclose(fit.table[["lmg", "johnson", "slope"]].to_numpy().T,
                               [weights.lmg[0], weights.johnson[0], weights.slope[0]])  # fmt: skip


def test_known_weights_are_found():
    """Recovery: slopes as they were put in, and intervals as wide as their errors."""
    truth = [0.4, 0.1, 0.0, 0.2, 0.3]
    survey = satisfaction.simulate_survey(3_000, seed=5, weights=truth, noise=0.6, categories=None)
    fit = satisfaction.fit_drivers(satisfaction.score_rater(survey), seed=1, draws=400)
    result = fit.interval(0.999).query("measure == 'slope'")
    assert ((result.low < truth) & (truth < result.high)).all()
    assert (result.high - result.low).max() < 0.2
    assert fit.table.predictor[fit.table.lmg.idxmax()] == "reliability"


def test_rows_of_one_respondent_are_drawn_together():
    """Rows repeated three times tell nothing more: the interval stays as wide when respondents are drawn."""
    survey = satisfaction.simulate_survey(300, seed=2, categories=None)
    once = satisfaction.score_rater(survey)
    again = pd.concat([survey.rows.assign(wave=wave) for wave in (1, 2, 3)], ignore_index=True)
    thrice = satisfaction.score_rater(
        satisfaction.Survey(survey.instrument, again, survey.findings, survey.set_aside, len(again))
    )
    wide, same = (satisfaction.fit_drivers(result, seed=1).samples.slope.std(axis=0) for result in (once, thrice))
    np.testing.assert_allclose(wide, same, rtol=0.01)


def test_priorities_are_slopes_times_step():
    survey = satisfaction.simulate_survey(800, seed=4, weights=[0.5, 0.1, 0.1, 0.1, 0.1], categories=None)
    fit = satisfaction.fit_drivers(satisfaction.score_rater(survey), seed=1, draws=300)
    result = satisfaction.priorities(fit, step=0.5)
    assert result.driver[0] == "reliability"
    assert result["p_best"].sum() == pytest.approx(1)
    assert result["p_best"][0] > 0.99
    slope = fit.table.set_index("predictor").slope
    assert result.gain[0] == pytest.approx(0.5 * slope["reliability"])
    assert satisfaction.priorities(fit, step=1.0).gain[0] == pytest.approx(2 * result.gain[0])
    assert result.headroom[0] == pytest.approx(7 - fit.mean[0])
    five = satisfaction.simulate_survey(200, seed=4, categories=5)
    assert (
        satisfaction.priorities(satisfaction.fit_drivers(satisfaction.score_rater(five), seed=1, draws=100))
        .headroom.between(0, 4)
        .all()
    )
    place = satisfaction.importance_performance(fit).table.set_index("driver")
    assert place.quadrant["reliability"] == "concentrate here"
    assert place.probability.between(0, 1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "joy"}, "`outcome` must be a column"),
        ({"predictors": ["q2", "q2"]}, "1 to 12 different columns"),
        ({"predictors": ["q2", "q1"]}, "without the outcome"),
        ({"draws": 5}, "`draws` must be a whole number of at least 100"),
        ({"n": 5}, "`n` = 5 rows are too few for 10 columns"),
    ],
)
def test_drivers_refuse(options, message):
    with pytest.raises((ArgumentError, DataError), match=re.escape(message)):
        satisfaction.fit_drivers(published("customersat_corr"), **{"outcome": "q1", "n": 1811, "seed": 1} | options)


def test_drivers_alike_stay_in_their_order(drivers):
    """What differs in the last digit only must not decide an order that a reader sees."""
    alike = np.cumsum(np.spacing(np.full((1, 5), 0.2)), axis=1) + 0.2
    assert len(set(alike[0])) == 5
    fit = replace(drivers, estimates=replace(drivers.estimates, slope=alike, lmg=alike))
    assert satisfaction.priorities(fit).driver.to_list() == list(fit.predictors)
    assert [label.get_text() for label in fit.plot().get_yticklabels()] == list(fit.predictors)


def test_a_map_needs_means():
    fit = satisfaction.fit_drivers(published("customersat_corr"), "q1", n=1811, draws=100, seed=1)
    with pytest.raises(ArgumentError, match="knows no means"):
        satisfaction.importance_performance(fit)


@pytest.fixture(scope="module")
def housing():
    table = pd.read_csv(PUBLISHED / "housing_counts.csv")
    levels = {"Sat": ["Low", "Medium", "High"], "Infl": ["Low", "Medium", "High"],
              "Type": ["Tower", "Apartment", "Atrium", "Terrace"], "Cont": ["Low", "High"]}  # fmt: skip
    return table.assign(**{name: pd.Categorical(table[name], order, ordered=True) for name, order in levels.items()})


def test_housing_has_polrs_deviance_and_cut_points(housing):
    fit = satisfaction.fit_ordinal(housing, "Sat", ["Infl", "Type", "Cont"], weights="Freq")
    assert fit.n == 1681
    assert round(fit.deviance, 3) == 3479.149
    assert fit.cutpoints.round(4).tolist() == [-0.4961, 0.6907]
    polr = {"Infl=Medium": (0.5664, 0.1047), "Infl=High": (1.2888, 0.1272), "Type=Apartment": (-0.5724, 0.1192),
            "Type=Atrium": (-0.3662, 0.1552), "Type=Terrace": (-1.0910, 0.1515), "Cont=High": (0.3603, 0.0955)}  # fmt: skip
    table = fit.table.set_index("parameter")
    for name, pair in polr.items():
        assert table.loc[name, ["estimate", "std_error"]].to_list() == pytest.approx(pair, abs=2e-4)


def test_ordinal_slopes_know_units():
    draw = np.random.default_rng(1)
    x = draw.normal(3, 1, 400)
    table = pd.DataFrame({"x": x, "y": np.digitize(1.2 * x + draw.logistic(size=x.size), [2, 3.5, 5])})
    one, other = (satisfaction.fit_ordinal(table.assign(x=table.x * unit), "y", ["x"]).table for unit in (1, 1e6))
    np.testing.assert_allclose(other.estimate[0] * 1e6, one.estimate[0], rtol=1e-4)
    np.testing.assert_allclose(other.std_error[0] * 1e6, one.std_error[0], rtol=1e-3)
    np.testing.assert_allclose(other.estimate[1:], one.estimate[1:], rtol=1e-4)


def test_ordinal_chances_are_chances_and_shifts_are_found():
    draw = np.random.default_rng(1)
    x = draw.normal(3, 1, 3_000)
    latent = 1.2 * x + draw.logistic(size=x.size)
    table = pd.DataFrame({"x": x, "y": np.digitize(latent, [2, 3.5, 5])})
    fit = satisfaction.fit_ordinal(table, "y", ["x"])
    result = fit.table
    assert ((result.estimate - [1.2, 2, 3.5, 5]) / result.std_error).abs().max() < 4
    chance = fit.predict(table)
    assert np.allclose(chance.sum(axis=1), 1)
    assert np.allclose(chance.mean(), table.y.value_counts(normalize=True).sort_index(), atol=0.01)


def test_ordinal_rows_keep_their_index_and_weights():
    """Counted rows of a table whose labels repeat are each seen as often as they say, and predictions keep the labels."""
    table = pd.DataFrame({"x": [1.0, 2, 3, 4, 1, 2, 3, 4], "y": [1, 1, 2, 2, 2, 1, 1, 2], "seen": [5, 4, 4, 5, 2, 3, 2, 4]})
    once = satisfaction.fit_ordinal(table, "y", ["x"], weights="seen")
    shuffled = table.set_axis(list("aabbccdd")).sample(frac=1, random_state=2)
    again = satisfaction.fit_ordinal(shuffled, "y", ["x"], weights="seen")
    assert again.n == once.n == table.seen.sum()
    np.testing.assert_allclose(again.estimates, once.estimates, rtol=1e-5)
    few = shuffled[shuffled.x > 1]
    predicted = once.predict(few)
    pd.testing.assert_index_equal(predicted.index, few.index)
    np.testing.assert_allclose(predicted.loc["d"].to_numpy(), once.predict(few.loc["d"]).to_numpy())


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ({"y": [1, 1, 1, 1], "x": [1, 2, 3, 4]}, DataError, "only one value, so there is nothing"),
        ({"y": [1, 2, 1, 2], "x": [1, 1, 1, 1]}, DataError, "'x' has only one value"),
        ({"y": ["a", "b", "a", "b"], "x": [1, 2, 3, 4]}, DataError, "holds words"),
        ({"y": [1, 1, 2, 2] * 5, "x": [1, 2, 3, 4] * 5}, ConvergenceError, "separates the answers"),
    ],
)
def test_ordinal_refuses(table, error, message):
    with pytest.raises(error, match=re.escape(message)):
        satisfaction.fit_ordinal(pd.DataFrame(table), "y", ["x"])


# -- Simulation and pictures --------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_answers():
    one, two = (satisfaction.simulate_survey(50, seed=3).rows for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(satisfaction.simulate_survey(50, seed=4).rows)
    items = one.filter(regex="^(expected|perceived)_")
    assert items.isin(range(1, 8)).all(axis=None)


@pytest.mark.parametrize(
    "options",
    [{"loading": 1.0}, {"loading": [0.5] * 3}, {"correlation": 1.0}, {"weights": [1, 2]}, {"noise": -1}, {"categories": 1},
     {"respondents": 0}],
)  # fmt: skip
def test_simulation_refuses(options):
    with pytest.raises(ArgumentError):
        satisfaction.simulate_survey(**{"respondents": 10, "seed": 1} | options)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_charts_and_summaries_name_the_level_of_their_intervals(scores, level):
    import matplotlib.pyplot as plt

    named, other = f"{100 * level:g} % interval", replace(scores, level=level)
    assert f"(bar: {named})" in other.plot().get_xlabel()
    assert named in str(other)
    plt.close("all")


def test_charts_say_what_they_show(scores, drivers, survey):
    import matplotlib.pyplot as plt

    # Reliability leads in the firm's survey by less than chance allows for; where it was made to lead, it does.
    made = satisfaction.simulate_survey(800, seed=4, weights=[0.5, 0.1, 0.1, 0.1, 0.1], categories=None)
    settled = satisfaction.fit_drivers(satisfaction.score_rater(made), seed=1, draws=200)
    for chart, title in (
        (scores.plot(), r"Responsiveness falls furthest short: −0\.\d\d points"),
        (drivers.plot(), r"3,043 answers do not settle what explains overall\ssatisfaction most$"),
        (settled.plot(), r"Reliability explains most: \d\d % of what can be"),
        (
            satisfaction.importance_performance(drivers).plot(),
            r"Concentrate on responsiveness|These answers do not settle where to concentrate",
        ),
    ):
        assert re.match(title, chart.get_title("left"))
        assert len(chart.figure.alt) > 40
        plt.close(chart.figure)
    for shown in (survey, scores, drivers):
        assert "<table>" in shown._repr_html_()
        assert len(str(shown)) > 100


def test_levels_differ_by_the_gaps_of_the_table():
    """Also where answers are missing in one half only, which moves the mean of that half."""
    scores = satisfaction.score_rater(datasets.load("survey"))
    assert (scores.table.perceived - scores.table.expected - scores.table.gap).abs().max() > 0.001
    levels = scores.levels
    np.testing.assert_allclose(levels.perceived - levels.expected, scores.table.gap, atol=1e-12)
