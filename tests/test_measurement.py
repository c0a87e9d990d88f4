"""Measurement: reliability, factor models and polychoric correlations, against published numbers and known truths.

Published tables (tests/published): Holzinger & Swineford (1939), nine tests, 301 children; bfi, 25 items of personality
(Revelle), 2,436 complete rows. Numbers on them were printed by lavaan.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from crmlab import _engine, datasets, measurement, satisfaction
from crmlab.errors import ArgumentError, CrmlabWarning, DataError
from crmlab.measurement import fit_indices
from crmlab.measurement.consistency import cronbach_alpha, feldt_interval
from crmlab.measurement.factor_model import FactorModel
from crmlab.tables import table as declared

PUBLISHED = Path(__file__).parent / "published"
VISUAL = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}


def published(name: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / f"{name}.csv", index_col=0)


@pytest.fixture(scope="module")
def survey():
    """The last wave of the default firm, negatively worded items turned round."""
    waves = datasets.load("survey")
    return satisfaction.read_survey(waves[waves.wave == 6].drop(columns=["wave", "date"]).reset_index(drop=True))


@pytest.fixture(scope="module")
def holzinger():
    return measurement.fit_cfa(published("holzinger_cov"), VISUAL, n=301)


@pytest.fixture(scope="module")
def bfi() -> pd.DataFrame:
    covariance = published("bfi_cov")
    sign = pd.Series(1, covariance.index)
    sign[["A1", "C4", "C5", "E1", "E2", "O2", "O5"]] = -1
    return covariance * np.outer(sign, sign)


def test_tables_keep_their_declaration(survey, holzinger):
    answers = survey.items("perceived").iloc[:, :6]
    tables = {
        "reliability_items": measurement.reliability(answers).table,
        "cfa_parameters": holzinger.table,
        "cfa_intervals": holzinger.interval(),
        "cfa_loadings": holzinger.loadings,
        "cfa_factors": holzinger.factors,
        "parallel_analysis": measurement.parallel_analysis(answers, seed=1, draws=20).table,
        "polychoric_pairs": measurement.polychoric(answers).table,
    }
    for name, table in tables.items():
        _engine.check(table, name)
        assert list(table) == [column.name for column in declared(name).columns]
    loadings = measurement.fit_efa(answers.set_axis(range(6), axis=1), 1).table  # columns without names, too
    _engine.check(loadings, "efa_loadings")
    assert list(loadings) == ["item", "factor 1", "communality"]


# -- Reliability --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "alpha", "omega", "chi2"),
    [("A", 0.7158, 0.7242, 80.301), ("C", 0.7373, 0.7413, 154.454), ("E", 0.7651, 0.7715, 77.087),
     ("N", 0.8169, 0.8163, 343.236), ("O", 0.6078, 0.6166, 72.533)],
)  # fmt: skip
def test_bfi_has_lavaans_alpha_omega_and_chi2(bfi, scale, alpha, omega, chi2):
    names = [f"{scale}{number}" for number in range(1, 6)]
    result = measurement.reliability(bfi.loc[names, names], n=2436)
    assert (round(result.alpha, 4), round(result.omega, 4)) == (alpha, omega)
    fit = measurement.fit_cfa(bfi, {scale: names}, n=2436)
    assert round(fit.chi2, 3) == chi2
    assert fit.factors.omega[0] == pytest.approx(result.omega)


def test_an_item_not_turned_has_a_negative_item_rest_correlation():
    result = measurement.reliability(
        published("bfi_cov").loc[["A1", "A2", "A3", "A4", "A5"], ["A1", "A2", "A3", "A4", "A5"]], n=2436
    )
    assert result.against == ("A1",)
    assert result.table.set_index("item").alpha_without["A1"] > result.alpha


def test_item_rest_correlations_agree_with_the_rows(survey):
    items = survey.items("perceived")[survey.instrument.model["empathy"]].dropna()
    result = measurement.reliability(items).table.set_index("item")
    rest = items.sum(axis=1) - items["empathy_2"]
    assert result.item_rest["empathy_2"] == pytest.approx(np.corrcoef(items["empathy_2"], rest)[0, 1])
    assert result.alpha_without["empathy_2"] == pytest.approx(measurement.reliability(items.drop(columns="empathy_2")).alpha)


def test_alphas_interval_covers():
    """500 tables of four parallel items, alpha .8: Feldt's interval is exact there."""
    draw = np.random.default_rng(9)
    covered = 0
    for _ in range(500):
        items = draw.standard_normal((60, 1)) + draw.standard_normal((60, 4))
        low, high = feldt_interval(cronbach_alpha(np.cov(items, rowvar=False)), 60, 4, 0.95)
        covered += low <= 0.8 <= high
    assert 0.925 <= covered / 500 <= 0.975
    assert measurement.reliability(pd.DataFrame(items)).interval() == pytest.approx((low, high))


def test_omega_of_unequal_items_is_found():
    loading = np.array([0.9, 0.7, 0.5, 0.3])
    survey = pd.DataFrame(np.random.default_rng(4).standard_normal((4_000, 1)) * loading
                          + np.random.default_rng(5).standard_normal((4_000, 4)) * np.sqrt(1 - loading**2))  # fmt: skip
    truth = loading.sum() ** 2 / (loading.sum() ** 2 + (1 - loading**2).sum())
    result = measurement.reliability(survey)
    assert abs(result.omega - truth) < 3 * result.omega_std_error < 0.05
    assert result.alpha < result.omega


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.2, 5))
def test_a_difference_of_unrelated_scores_is_as_reliable_as_its_parts(first, second, ratio):
    """Law: with correlation 0 it is the mean of both, weighted by variance; it never exceeds the better part."""
    result = measurement.difference_reliability(first, second, 0.0, ratio=ratio)
    assert result == pytest.approx((ratio**2 * first + second) / (ratio**2 + 1))
    assert result <= max(first, second) + 1e-12


def test_a_difference_loses_what_its_parts_share():
    draw = np.random.default_rng(2)
    common, first_part, second_part = draw.standard_normal((3, 200_000))

    def observed(true):
        return true + 0.5 * draw.standard_normal(true.size)

    perceived, expected = common + first_part, common + second_part
    one, two = (observed(perceived) - observed(expected) for _ in range(2))
    first = observed(perceived), observed(expected)
    reliability = 2 / 2.25
    result = measurement.difference_reliability(reliability, reliability, float(np.corrcoef(*first)[0, 1]))
    assert result == pytest.approx(np.corrcoef(one, two)[0, 1], abs=0.01)
    assert result < reliability


@pytest.mark.parametrize("numbers", [(1.2, 0.8, 0.1), (0.8, 0.8, -2.0), ("high", 0.8, 0.1), (0.9, 0.9, 1.0)])
def test_difference_reliability_refuses(numbers):
    with pytest.raises(ArgumentError):
        measurement.difference_reliability(*numbers)


# -- Structure ----------------------------------------------------------------------------------------------------


def test_holzinger_has_lavaans_fit(holzinger):
    low, high = holzinger.rmsea_interval()
    assert (holzinger.df, abs(holzinger.chi2 - 85.305) < 0.0011) == (24, True)
    assert [f"{value:.3f}" for value in (holzinger.cfi, holzinger.tli, holzinger.rmsea, low, high, holzinger.srmr)] == [
        "0.931", "0.896", "0.092", "0.071", "0.114", "0.065",
    ]  # fmt: skip
    assert (f"{holzinger.aic:.3f}", f"{holzinger.bic:.3f}") == ("7517.490", "7595.339")


def test_holzinger_has_lavaans_loadings(holzinger):
    table = holzinger.loadings
    assert table.standardized.round(3).to_list() == [0.772, 0.424, 0.581, 0.852, 0.855, 0.838, 0.570, 0.723, 0.665]
    assert table.standardized_std_error.round(3).to_list() == [0.055, 0.060, 0.055, 0.023, 0.022, 0.023, 0.053, 0.051, 0.051]
    free = table[~table["item"].isin(["x1", "x4", "x7"])]
    assert free.estimate.round(3).to_list() == [0.554, 0.729, 1.113, 0.926, 1.180, 1.082]
    assert free.std_error.round(3).to_list() == [0.100, 0.109, 0.065, 0.055, 0.165, 0.151]
    assert (table.std_error[table["item"].isin(["x1", "x4", "x7"])] == 0).all()


def test_five_factors_of_25_items(bfi):
    """bfi, five factors: chi2 and df as lavaan prints them (4165.467 with 265)."""
    fit = measurement.fit_cfa(bfi, {k: [f"{k}{i}" for i in range(1, 6)] for k in "ACENO"}, n=2436)
    assert (round(fit.chi2, 3), fit.df, round(fit.cfi, 3), round(fit.tli, 3), round(fit.rmsea, 3), round(fit.srmr, 3)) == (
        4165.467, 265, 0.782, 0.754, 0.078, 0.075,
    )  # fmt: skip


def test_fit_indices_by_hand():
    """Numbers in, numbers out: a chi2 of 30 with 10 degrees of freedom and 201 rows, beside a baseline of 145 with 15."""
    assert fit_indices.comparative_fit_index(30, 10, 145, 15) == pytest.approx(1 - 20 / 130)
    assert fit_indices.tucker_lewis_index(30, 10, 145, 15) == pytest.approx((145 / 15 - 3) / (145 / 15 - 1))
    assert fit_indices.root_mean_square_error(30, 10, 201) == pytest.approx(np.sqrt(20 / 2010))
    low, high = fit_indices.root_mean_square_error_interval(30, 10, 201, 0.9)
    for end, probability in ((low, 0.95), (high, 0.05)):
        assert stats.ncx2.cdf(30, 10, end**2 * 2010) == pytest.approx(probability)
    assert fit_indices.comparative_fit_index(9, 10, 12, 15) == 1
    assert np.isnan(fit_indices.tucker_lewis_index(0, 0, 145, 15))
    assert np.isnan(fit_indices.root_mean_square_error_interval(0, 0, 201, 0.9)).all()


def slow_fit(covariance: np.ndarray, model: dict, names: list, n: int) -> optimize.OptimizeResult:
    """The slow and obvious way: the likelihood as it is written, minimised by BFGS with numerical derivatives."""
    p = len(names)
    place = [(names.index(item), f) for f, items in enumerate(model.values()) for item in items]
    pairs = np.triu_indices(len(model), 1)

    def minus_loglik(free):
        loadings = np.zeros((p, len(model)))
        for value, spot in zip(free, place, strict=False):
            loadings[spot] = value
        between = np.eye(len(model))
        between[pairs] = between.T[pairs] = np.tanh(free[len(place) + p :])
        sigma = loadings @ between @ loadings.T + np.diag(np.exp(free[len(place) : len(place) + p]))
        sign, logdet = np.linalg.slogdet(sigma)
        return n / 2 * (p * np.log(2 * np.pi) + logdet + np.trace(np.linalg.solve(sigma, covariance))) if sign > 0 else 1e10

    start = np.concatenate([np.full(len(place), 0.6), np.full(p, -0.5), np.zeros(len(pairs[0]))])
    return optimize.minimize(minus_loglik, start, method="BFGS", options={"gtol": 1e-6, "maxiter": 5_000})


def test_the_fit_agrees_with_a_slow_one():
    survey = satisfaction.simulate_survey(
        250, seed=8, instrument=satisfaction.rater().only(["assurance", "tangibles"]), categories=None
    )
    items, model = survey.items("perceived"), survey.instrument.model
    fit = measurement.fit_cfa(items, model)
    slow = slow_fit(np.cov(items.to_numpy(), rowvar=False, ddof=0), model, list(items), 250)
    assert fit.loglik == pytest.approx(-slow.fun, abs=1e-6)


def test_rows_and_covariance_give_the_same(survey):
    whole = survey.items("perceived").dropna()
    model = survey.instrument.model
    rows, matrix = (
        measurement.fit_cfa(survey.items("perceived"), model),
        measurement.fit_cfa(whole.cov(), model, n=len(whole)),
    )
    assert rows.n_excluded == len(survey.rows) - len(whole) > 0
    np.testing.assert_allclose(rows.table.iloc[:, 1:].to_numpy(), matrix.table.iloc[:, 1:].to_numpy(), rtol=1e-7)


@given(st.floats(-2, 2), st.integers(0, 8), st.randoms(use_true_random=False))
def test_units_and_order_do_not_matter(holzinger, power, which, random):
    """Law: chi2 and standardised loadings know neither unit nor order of items; a sign turns with its item."""
    covariance = pd.DataFrame(holzinger.covariance * 301 / 300, holzinger.items, holzinger.items)
    scale = np.ones(9)
    scale[which] = -(10**power)
    order = list(covariance.columns)
    random.shuffle(order)
    other = (covariance * np.outer(scale, scale)).loc[order, order]
    fit = measurement.fit_cfa(other, VISUAL, n=301, scaling="variance")
    assert fit.chi2 == pytest.approx(holzinger.chi2, rel=1e-7)
    np.testing.assert_allclose(fit.loadings.standardized.abs(), holzinger.loadings.standardized.abs(), atol=1e-6)
    np.testing.assert_allclose(fit.loadings.standardized_std_error, holzinger.loadings.standardized_std_error, atol=1e-6)


@pytest.mark.parametrize("scaling", ["marker", "variance"])
def test_derivatives_agree_with_differences(holzinger, scaling):
    """With each parameter moved a little, implied covariances and rescaled parameters move as their derivatives say."""
    from crmlab.measurement import parameters

    model = FactorModel.from_plan(VISUAL)
    rescale = parameters.with_markers if scaling == "marker" else parameters.with_unit_variances
    derivatives = model.implied_derivatives(holzinger.params)
    for number in range(holzinger.params.size):
        step = np.zeros(holzinger.params.size)
        step[number] = 1e-6
        above, below = holzinger.params + step, holzinger.params - step
        np.testing.assert_allclose(derivatives[number], (model.implied(above) - model.implied(below)) / 2e-6, atol=1e-7)
        for transform in (rescale, parameters.standardized):
            numeric = (transform(model, above).estimate - transform(model, below).estimate) / 2e-6
            np.testing.assert_allclose(transform(model, holzinger.params).jacobian[:, number], numeric, atol=1e-7)


def test_scalings_are_one_fit(holzinger):
    other = measurement.fit_cfa(published("holzinger_cov"), VISUAL, n=301, scaling="variance")
    np.testing.assert_allclose(other.table.standardized, holzinger.table.standardized, atol=1e-9)
    marker = holzinger.table.set_index("parameter").estimate
    unit = other.table.set_index("parameter").estimate
    assert unit["visual =~ x1"] ** 2 == pytest.approx(marker["visual ~~ visual"])
    assert unit["visual ~~ visual"] == 1


def test_known_loadings_are_found():
    """Recovery: 22 loadings between .4 and .9, correlations .5; none further than four standard errors off."""
    truth = np.linspace(0.4, 0.9, 22)
    survey = satisfaction.simulate_survey(1_500, seed=3, loading=list(truth), correlation=0.5, categories=None)
    fit = measurement.fit_cfa(survey.items("perceived"), survey.instrument.model)
    result = fit.loadings
    z = (result.standardized - truth) / result.standardized_std_error
    assert z.abs().max() < 4
    assert 0.6 < z.std() < 1.5
    rest = fit.table[fit.table.parameter.str.contains(" ~~ ") & (fit.table.standardized_std_error > 0)].iloc[22:]
    assert len(rest) == 10
    assert ((rest.standardized - 0.5) / rest.standardized_std_error).abs().max() < 4


def test_intervals_of_variances_stay_above_zero(holzinger):
    result = holzinger.interval(0.999).set_index("parameter")
    assert (result.low[[f"x{i} ~~ x{i}" for i in range(1, 10)]] > 0).all()
    near = holzinger.interval(0.95).set_index("parameter")
    assert (near.low >= result.low).all()
    assert (near.high <= result.high).all()


def test_standardised_intervals_lie_within_one(holzinger):
    result = holzinger.interval(0.95, standardized=True)
    free = result[holzinger.table.standardized_std_error > 0]
    assert ((free.low < free.estimate) & (free.estimate < free.high)).all()
    assert (holzinger.interval(1 - 1e-12, standardized=True).high[:9] < 1).all()
    x2 = result.set_index("parameter").loc["visual =~ x2"]
    error = holzinger.loadings.standardized_std_error[1]
    assert np.arctanh(x2.high) - np.arctanh(x2.estimate) == pytest.approx(1.959964 * error / (1 - x2.estimate**2), rel=1e-6)


def test_average_variance_and_reliability_by_hand(holzinger):
    table = holzinger.factors.set_index("factor")
    loads = holzinger.loadings[holzinger.loadings.factor == "textual"].standardized
    assert table.ave["textual"] == pytest.approx((loads**2).mean())
    assert table.composite_reliability["textual"] == pytest.approx(loads.sum() ** 2 / (loads.sum() ** 2 + (1 - loads**2).sum()))
    assert table.largest_correlation["speed"] == pytest.approx(holzinger.correlations.loc["speed", "visual"])
    r = published("holzinger_cov")
    r = (r / np.sqrt(np.outer(np.diag(r), np.diag(r)))).abs()
    within = [np.mean([r.loc[a, b] for i, a in enumerate(k) for b in k[i + 1 :]]) for k in (VISUAL["visual"], VISUAL["speed"])]
    expected = r.loc[VISUAL["visual"], VISUAL["speed"]].to_numpy().mean() / np.sqrt(np.prod(within))
    assert holzinger.htmt.loc["visual", "speed"] == pytest.approx(expected)


def test_htmt_is_one_when_two_factors_are_one():
    same = pd.DataFrame(0.5 + 0.5 * np.eye(6), index=list("abcdef"), columns=list("abcdef"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmlabWarning)
        fit = measurement.fit_cfa(same, {"one": list("abc"), "two": list("def")}, n=200)
    assert fit.htmt.loc["one", "two"] == pytest.approx(1)
    assert fit.correlations.loc["one", "two"] == pytest.approx(1, abs=1e-4)


def test_a_negative_variance_is_reported():
    r = pd.DataFrame([[1, 0.9, 0.9], [0.9, 1, 0.7], [0.9, 0.7, 1]], index=list("abc"), columns=list("abc"))
    with pytest.warns(CrmlabWarning, match="the residual variance of a is negative"):
        fit = measurement.fit_cfa(r, {"all": list("abc")}, n=100)
    assert "Improper solution" in str(fit.summary())
    assert fit.loadings.standardized[0] == pytest.approx(np.sqrt(0.9 * 0.9 / 0.7))


def test_impossible_correlations_are_reported():
    r = np.full((6, 6), 0.55)
    r[:3, :3] = r[3:, 3:] = 0.4
    np.fill_diagonal(r, 1)
    names = list("abcdef")
    with pytest.warns(CrmlabWarning, match="the correlation of one and two is 1.375, beyond what a correlation can be"):
        measurement.fit_cfa(pd.DataFrame(r, names, names), {"one": names[:3], "two": names[3:]}, n=300)


def test_a_weak_factor_is_named():
    """Two items of a factor that has nothing to do with the other: only the product of their loadings is known."""
    r = pd.DataFrame(np.eye(5), index=list("abcde"), columns=list("abcde"))
    for one, other, value in (("a", "b", 0.5), ("a", "c", 0.5), ("b", "c", 0.5), ("d", "e", 0.4)):
        r.loc[one, other] = r.loc[other, one] = value
    fit = measurement.fit_cfa(r, {"one": list("abc"), "two": list("de")}, n=400)
    assert {"two =~ d", "two =~ e"} <= set(fit.weak)
    assert fit.loadings.std_error[fit.loadings["item"] == "e"].isna().all()
    assert "Weakly identified" in str(fit)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({}, "`model` must map factors"),
        ({"one": ["x1"]}, "factor 'one' needs at least two different items"),
        ({"one": ["x1", "x1"]}, "factor 'one' needs at least two different items"),
        ({"one": ["x1", "warmth"]}, "factor 'one' names items that the table has not: warmth"),
        ({"one": ["x1", "x2"]}, "the model has 4 parameters and only 3"),
    ],
)
def test_models_that_cannot_be(model, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        measurement.fit_cfa(published("holzinger_cov"), model, n=301)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pd.DataFrame(np.zeros((9, 9))), "must carry the same names|same answer to"),
        (pd.DataFrame(np.eye(3)[:2]), "whose rows and columns carry the same names"),
    ],
)
def test_matrices_that_cannot_be(data, message):
    with pytest.raises(DataError, match=message):
        measurement.fit_cfa(data, {"all": [0, 1, 2]}, n=100)


def test_fewer_respondents_than_items(survey):
    with pytest.raises(DataError, match="not positive definite: there are fewer complete rows than items"):
        measurement.fit_cfa(survey.items("perceived").dropna().head(20), survey.instrument.model)
    with pytest.raises(DataError, match="22 complete rows are too few for 22 items"):
        measurement.fit_cfa(survey.items("perceived").dropna().cov(), survey.instrument.model, n=22)


def test_two_columns_of_one_name(survey):
    items = survey.items("perceived")
    with pytest.raises(DataError, match="two columns of the name `empathy_1`"):
        measurement.fit_cfa(pd.concat([items, items[["empathy_1"]]], axis=1), {"all": ["empathy_1", "empathy_2", "empathy_3"]})


def test_intervals_know_variances_by_their_place():
    """An item with a blank in its name, a factor named like an item: the log scale for variances, Wald for loadings."""
    r = published("holzinger_cov").rename(index={"x2": "x two"}, columns={"x2": "x two"})
    fit = measurement.fit_cfa(r, {"x3": ["x1", "x two", "x3"]}, n=301)
    intervals = fit.interval().merge(fit.table, on=["parameter", "estimate"]).set_index("parameter")
    loading, variance = intervals.loc["x3 =~ x3"], intervals.loc["x two ~~ x two"]
    assert loading.high - loading.estimate == pytest.approx(loading.estimate - loading.low)
    assert variance.high / variance.estimate == pytest.approx(variance.estimate / variance.low)


def test_correlations_that_do_not_fit_together_are_reported():
    draw = np.random.default_rng(3)
    items = pd.DataFrame(
        (draw.standard_normal((60, 1)) + draw.standard_normal((60, 8)) > 1.2).astype(int), columns=list("abcdefgh")
    )
    while np.linalg.eigvalsh(measurement.polychoric(items).correlations)[0] > -0.01:
        items = items.sample(frac=1, replace=True, random_state=1, ignore_index=True)
    with pytest.warns(CrmlabWarning, match="the polychoric correlations do not fit together and were moved"):
        measurement.fit_cfa(items, {"all": list("abcdefgh")}, correlations="polychoric")


def test_the_same_question_twice(survey):
    items = survey.items("perceived").assign(copy=survey.items("perceived").empathy_1)
    with pytest.raises(DataError, match="the sum of others"):
        measurement.fit_cfa(items, {"all": ["empathy_1", "empathy_2", "copy"]})


def test_columns_that_hold_no_numbers(survey):
    with pytest.raises(DataError, match="column `empathy_1` of the answers table must hold numbers"):
        measurement.fit_cfa(survey.items("perceived").astype({"empathy_1": "str"}), survey.instrument.model)


# -- Ordinal answers ----------------------------------------------------------------------------------------------


def test_a_table_of_four_has_the_tetrachoric_in_closed_form():
    """Cut in the middle, the correlation is sin(pi/2 (4a - 1)) for the share a that is high on both (Sheppard 1899)."""
    counts = {(0, 0): 370, (0, 1): 130, (1, 0): 130, (1, 1): 370}
    rows = [pair for pair, count in counts.items() for _ in range(count)]
    result = measurement.polychoric(pd.DataFrame(rows, columns=["a", "b"]))
    assert result.correlations.loc["a", "b"] == pytest.approx(np.sin(np.pi / 2 * (4 * 0.37 - 1)), abs=1e-10)


def test_cell_probabilities_agree_with_scipy():
    from crmlab.measurement.bivariate_normal import cell_probabilities

    thresholds = np.array([[-1.5, 0.2, np.inf]]), np.array([[-0.7, 0.1, 2.2]])
    for rho in (-0.97, -0.4, 0.0, 0.6, 0.98):
        cells = cell_probabilities(*thresholds, np.array([rho]))
        assert cells.probability.sum() == pytest.approx(1)
        normal = stats.multivariate_normal(cov=[[1, rho], [rho, 1]], abseps=1e-10, releps=1e-10, seed=1)
        for i, h in enumerate([-1.5, 0.2]):
            for j, k in enumerate([-0.7, 0.1, 2.2]):
                below = normal.cdf(np.array([h, k]))
                assert cells.probability[0, : i + 1, : j + 1].sum() == pytest.approx(below, abs=2e-7)
        above, under = (cell_probabilities(*thresholds, np.array([rho + step])).probability for step in (1e-6, -1e-6))
        np.testing.assert_allclose(cells.derivative, (above - under) / 2e-6, atol=1e-6)


@pytest.mark.parametrize("categories", [3, 5, 7])
def test_cut_answers_attenuate_and_polychoric_mends_it(categories):
    survey = satisfaction.simulate_survey(4_000, seed=6, loading=0.75, categories=categories)
    items, model = survey.items("perceived"), survey.instrument.model
    plain = measurement.fit_cfa(items, model).loadings.standardized.mean()
    fit = measurement.fit_cfa(items, model, correlations="polychoric")
    assert plain < 0.74
    assert fit.loadings.standardized.mean() == pytest.approx(0.75, abs=0.012)
    assert np.isnan([fit.chi2, fit.cfi, fit.tli, fit.rmsea, fit.loglik, *fit.rmsea_interval()]).all()
    assert fit.table.std_error.isna().any()
    assert "tests and standard errors are left empty" in str(fit)
    errors = fit.table[fit.table.parameter.isin([f"{item} ~~ {item}" for item in fit.items])]
    assert len(errors) == len(fit.items)
    assert errors.estimate.to_numpy() == pytest.approx(errors.standardized), "the items behind the answers have a variance of 1"
    assert measurement.polychoric(items).attenuation < 1


def test_missing_answers_count_for_the_pairs_they_have(survey):
    items = survey.items("perceived")[survey.instrument.model["empathy"]]
    result = measurement.polychoric(items)
    one = measurement.polychoric(items[["empathy_1", "empathy_2"]])
    assert result.n_incomplete > one.n_incomplete > 0
    pair = items[["empathy_1", "empathy_2"]].dropna()
    # cut points come from all who answered an item, so that the pair alone is near, not equal
    assert result.correlations.loc["empathy_1", "empathy_2"] == pytest.approx(
        measurement.polychoric(pair).correlations.iloc[0, 1], abs=0.01
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1, 2, 1, 2]}, "at least two items"),
        ({"a": [1, 1, 1], "b": [1, 2, 1]}, "'a' has 1 different answers (everyone gave the same answer)"),
        ({"a": np.arange(30), "b": np.arange(30) % 3}, "'a' has 30 different answers"),
        ({"a": [1, 2, None, None], "b": [None, None, 1, 2]}, "nobody answered both 'a' and 'b'"),
    ],
)
def test_polychoric_refuses(columns, message):
    with pytest.raises(DataError, match=re.escape(message)):
        measurement.polychoric(pd.DataFrame(columns))


# -- Without a plan -----------------------------------------------------------------------------------------------


def test_parallel_analysis_counts_what_is_there(survey):
    assert measurement.parallel_analysis(survey.items("perceived"), seed=1, draws=50).factors == 5
    noise = pd.DataFrame(np.random.default_rng(0).standard_normal((300, 12)))
    assert measurement.parallel_analysis(noise, seed=1, draws=50).factors == 0


def test_two_factors_are_rotated_to_the_items_that_show_them():
    """Without rotation the first factor would be the mean of all items."""
    rng = np.random.default_rng(3)
    factors = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 4_000)
    items = pd.DataFrame(0.8 * factors[:, [0, 0, 0, 1, 1, 1]] + 0.6 * rng.standard_normal((4_000, 6)), columns=list("abcdef"))
    fit = measurement.fit_efa(items, 2)
    own = np.array([fit.loadings.loc[list("abc")].abs().mean(), fit.loadings.loc[list("def")].abs().mean()])
    assert np.sort(own, axis=None) == pytest.approx([0, 0, 0.8, 0.8], abs=0.04)
    assert fit.correlations.iloc[0, 1] == pytest.approx(0.4, abs=0.06)


def test_efa_finds_the_planned_structure():
    instrument = satisfaction.rater().only(["reliability", "assurance", "tangibles"])
    survey = satisfaction.simulate_survey(2_000, seed=2, instrument=instrument, correlation=0.3, categories=None)
    fit = measurement.fit_efa(survey.items("perceived"), 3)
    strongest = fit.loadings.abs().idxmax(axis=1)
    for items in survey.instrument.model.values():
        assert strongest[items].nunique() == 1
    assert strongest.nunique() == 3
    assert fit.loadings.max(axis=1).mean() == pytest.approx(0.75, abs=0.03)
    correlations = fit.correlations.to_numpy()[np.triu_indices(3, 1)]
    assert np.diag(fit.correlations) == pytest.approx(np.ones(3))
    assert correlations.mean() == pytest.approx(0.3, abs=0.1)


def test_too_many_factors_are_refused(survey):
    with pytest.raises(ArgumentError, match="`factors` must be a whole number from 1 to 15"):
        measurement.fit_efa(survey.items("perceived"), 16)


# -- Pictures -----------------------------------------------------------------------------------------------------


def test_charts_say_what_they_show(survey, holzinger):
    import matplotlib.pyplot as plt

    for chart, title in (
        (holzinger.plot(), "No item of 9 can be said to show its dimension least"),
        (measurement.parallel_analysis(survey.items(), seed=1, draws=50).plot(), "5 factors beyond chance"),
    ):
        assert chart.get_title("left") == title
        assert len(chart.figure.alt) > 40
        plt.close(chart.figure)
    bars = holzinger.plot().collections
    ends = np.array([segment[:, 0] for bar in bars for segment in bar.get_segments()])
    loadings = holzinger.loadings
    assert ends.mean(axis=1) == pytest.approx(loadings.standardized)
    assert np.ptp(ends, axis=1) == pytest.approx(2 * 1.959964 * loadings.standardized_std_error, rel=1e-4)
    plt.close("all")
    for result in (holzinger, measurement.polychoric(survey.items().iloc[:, :4])):
        assert "<table>" in result._repr_html_()
        assert len(str(result)) > 100
