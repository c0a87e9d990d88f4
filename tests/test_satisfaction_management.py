"""Management's side: gaps worked out by hand, the firm's known misjudgement, the size of its test, and refusals."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlab import _draw, datasets, satisfaction, tables
from crmlab.errors import ArgumentError, ColumnError, DataError
from crmlab.satisfaction import beliefs, five_gaps, misjudgement

FIVE = tables.DIMENSIONS
GAPS = ["gap1", "gap2", "gap3", "gap4", "gap5"]


def long(key: str, values: dict[object, list[float]], column: str) -> pd.DataFrame:
    """A table with one row per key and dimension."""
    return pd.DataFrame(
        [
            {key: each, "dimension": name, column: value}
            for each, row in values.items()
            for name, value in zip(FIVE, row, strict=True)
        ]
    )


def tiny() -> dict[str, pd.DataFrame]:
    """Three customers, three managers, two months; reliability is worked out by hand below, the others shifted by .1 each."""
    shift = 0.1 * np.arange(5)
    customers = pd.DataFrame(
        {f"expected_{name}": [6.0, 5.0, 7.0, np.nan] - step for name, step in zip(FIVE, shift, strict=True)}
        | {f"perceived_{name}": [5.0, 5.0, 4.0, 6.0] - step for name, step in zip(FIVE, shift, strict=True)}
        | {f"importance_{name}": [30.0, 20, 25, 25] for name in FIVE}
    )
    managers = pd.concat(
        [
            long("manager_id", {f"B{k}": list(value - shift) for k, value in enumerate(values)}, "believed_expectation").assign(
                wave=wave
            )
            for wave, values in ((1, (2.0, 2.0, 2.0)), (2, (5.0, 5.2, 5.4)))
        ]
    ).assign(date=pd.Timestamp("2024-06-30"), believed_importance=20)
    months = pd.to_datetime(["2024-01-01", "2024-02-01"])
    result = {month: list(value - shift) for month, value in zip(months, (4.5, 4.7), strict=True)}
    return {
        "customers": customers,
        "managers": managers,
        "standards": long("month", {month: list(4.9 - shift) for month in months}, "standard"),
        "delivery": long("month", result, "delivered").assign(audits=8),
        "promises": long("month", {month: list(6.0 - shift) for month in months}, "promised"),
    }


def firm() -> dict[str, pd.DataFrame]:
    """The default firm: its last wave, scored, and its own tables."""
    survey = datasets.load("survey")
    survey = survey[survey.wave == survey.wave.max()].reset_index(drop=True)
    customers = survey[["customer_id", *(f"importance_{name}" for name in FIVE)]].copy()
    for kind in ("expected", "perceived"):
        keyed = {
            item: (8 - survey[f"{kind}_{item.name}"] if item.reverse else survey[f"{kind}_{item.name}"]).astype(float)
            for item in tables.ITEMS
        }
        for name in FIVE:
            items = [values for item, values in keyed.items() if item.dimension == name]
            customers[f"{kind}_{name}"] = pd.concat(items, axis=1).mean(axis=1)
    names = {"managers": "manager_survey", "standards": "standards", "delivery": "delivery", "promises": "promises"}
    return {"customers": customers} | {part: datasets.load(name) for part, name in names.items()}


@pytest.fixture(scope="module")
def tiny_gaps() -> satisfaction.FiveGaps:
    return five_gaps(**tiny())


@pytest.fixture(scope="module")
def default_firm() -> dict[str, pd.DataFrame]:
    return firm()


# -- by hand


def test_five_gaps_by_hand(tiny_gaps):
    """Expected (6 + 5 + 7) / 3, believed 5.2, standard 4.9, delivered 4.6, promised 6, perceived (5 + 5 + 4) / 3."""
    result = tiny_gaps.table
    assert result.dimension.tolist() == list(FIVE)
    first = result.iloc[0]
    assert first[["n", "n_excluded"]].tolist() == [3, 1]
    assert first[["expected", "believed", "standard", "delivered", "promised", "perceived"]].tolist() == pytest.approx(
        [6, 5.2, 4.9, 4.6, 6, 14 / 3]
    )
    assert first[GAPS].tolist() == pytest.approx([-0.8, -0.3, -0.3, -1.4, -4 / 3])
    assert result.iloc[4][["expected", "promised"]].tolist() == pytest.approx([5.6, 5.6])
    assert result[GAPS].std().max() == pytest.approx(0, abs=1e-12)  # a shift of all levels leaves each gap


def test_intervals_are_those_of_the_textbook():
    given = tiny()
    result = five_gaps(**given, simultaneous=False, level=0.9).table.iloc[0]
    believed, expected, perceived = [5, 5.2, 5.4], [6, 5, 7], [5, 5, 4]
    welch = stats.ttest_ind(believed, expected, equal_var=False).confidence_interval(0.9)
    assert result[["gap1_low", "gap1_high"]].tolist() == pytest.approx(list(welch))
    managers = stats.ttest_1samp(np.subtract(4.9, believed), 0).confidence_interval(0.9)
    assert result[["gap2_low", "gap2_high"]].tolist() == pytest.approx(list(managers))
    months = stats.ttest_1samp([4.5 - 4.9, 4.7 - 4.9], 0).confidence_interval(0.9)
    assert result[["gap3_low", "gap3_high"]].tolist() == pytest.approx(list(months))
    promises = stats.ttest_1samp([4.5 - 6, 4.7 - 6], 0).confidence_interval(0.9)
    assert result[["gap4_low", "gap4_high"]].tolist() == pytest.approx(list(promises))
    paired = stats.ttest_rel(perceived, expected).confidence_interval(0.9)
    assert result[["gap5_low", "gap5_high"]].tolist() == pytest.approx(list(paired))


def test_intervals_hold_together_by_default(tiny_gaps):
    """Bonferroni: five at 95 % together are each at 99 %."""
    together, apart = tiny_gaps, replace(tiny_gaps, level=0.99, simultaneous=False)
    pd.testing.assert_frame_equal(together.table, apart.table)
    pd.testing.assert_frame_equal(together.intervals(), together.intervals(0.99, simultaneous=False))
    assert together.level == 0.95
    assert together.simultaneous
    assert "(95 % intervals, holding together" in together.plot().get_xlabel()
    assert "(99 % intervals, " in apart.plot().get_xlabel()


def test_one_month_tells_no_spread():
    given = tiny()
    one = {name: given[name][given[name].month == "2024-01-01"] for name in ("standards", "delivery", "promises")}
    result = five_gaps(**(given | one))
    first = result.table.iloc[0]
    assert first[["gap3", "gap4"]].tolist() == pytest.approx([-0.4, -1.5])
    assert first[["gap3_low", "gap3_high", "gap4_low", "gap4_high"]].isna().all()
    assert first[["gap1_low", "gap2_low", "gap5_high"]].notna().all()
    assert result.n_months == 1
    assert "Largest shortfall" in result.plot().get_title("left")


def test_the_latest_wave_of_managers_unless_told_otherwise():
    result = five_gaps(**tiny(), wave=1)
    assert result.table.loc[0, ["gap1", "gap2"]].tolist() == pytest.approx([-4, 2.9])
    assert (result.n_managers, result.n_months) == (3, 2)


def test_missing_beliefs_of_one_manager():
    given = tiny()
    given["managers"] = given["managers"].query("not (manager_id == 'B0' and dimension == 'reliability')")
    result = five_gaps(**given).table
    assert result.believed.tolist() == pytest.approx([5.3, 5.1, 5.0, 4.9, 4.8])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_gap_is_the_difference_of_its_levels(seed):
    random = np.random.default_rng(seed)
    given = tiny()
    for name, column in (("standards", "standard"), ("delivery", "delivered"), ("promises", "promised")):
        given[name] = given[name].assign(**{column: random.uniform(1, 7, 10)}).sample(frac=1, random_state=seed)
    answers = given["customers"].columns[:10]
    given["customers"][answers] = np.where(random.random((4, 10)) < 0.1, np.nan, random.uniform(1, 7, (4, 10)))
    given["customers"].loc[0, answers] = 4.0
    result = five_gaps(**given).table
    for gap, upper, lower in (
        ("gap1", "believed", "expected"), ("gap2", "standard", "believed"), ("gap3", "delivered", "standard"),
        ("gap4", "delivered", "promised"), ("gap5", "perceived", "expected"),
    ):  # fmt: skip
        assert result[gap].to_numpy() == pytest.approx((result[upper] - result[lower]).to_numpy(), abs=1e-9)
    assert (result.n + result.n_excluded == 4).all()


# -- recovery


def test_the_firms_truth_is_found(default_firm):
    """Managers believe that customers expect more of tangibles than they do; promises exceed the standards everywhere."""
    result = five_gaps(**default_firm)
    table = result.table.set_index("dimension")
    assert table.gap1.idxmax() == "tangibles"
    assert table.loc["tangibles", "gap1"] > 0.2
    assert (table.gap4_high < 0).all()
    assert table.gap5.idxmin() == "responsiveness"
    assert table.loc["responsiveness", "gap5_high"] < 0
    assert "Largest shortfall: not settled, among " in str(result)
    ax = result.plot()
    assert ax.figure.alt.count("tangibles") == 5
    assert [label.get_text() for label in ax.get_yticklabels()] == 5 * list(FIVE)
    intervals = result.intervals()
    bars, marks = ax.lines[:50:2], ax.lines[1:50:2]
    assert [list(line.get_xdata()) for line in bars] == intervals[["low", "high"]].to_numpy().tolist()
    assert [line.get_xdata()[0] for line in marks] == intervals.estimate.tolist()
    heights = [line.get_ydata()[0] for line in marks]
    assert heights == ax.get_yticks().tolist() == sorted(heights, reverse=True)
    sure = (intervals.low > 0) | (intervals.high < 0)
    assert [line.get_markerfacecolor() != "white" for line in marks] == sure.tolist()
    assert [line.get_marker() for line in marks] == ["o" if short else "D" for short in intervals.estimate < 0]
    colours = np.where(sure, np.where(intervals.estimate < 0, _draw.RED, _draw.GREEN), _draw.PALE)
    assert [line.get_color() for line in bars] == colours.tolist()
    assert ax.get_ylim()[0] < min(heights) < max(heights) < ax.get_ylim()[1]
    assert "<table>" in result._repr_html_()


def test_the_known_misjudgement_is_found(default_firm):
    result = misjudgement(default_firm["customers"], default_firm["managers"], seed=1)
    table = result.table.set_index("dimension")
    assert result.p_value < 0.001
    assert table.loc["tangibles", ["customer_rank", "manager_rank"]].tolist() == [5, 1]
    assert table.loc["tangibles", "low"] > 10
    assert table.loc["responsiveness", "high"] < 0
    assert {"tangibles", "responsiveness"} <= set(table.index[table.p_holm < 0.05])
    ax = result.plot()
    assert ax.get_title("left").startswith("Managers overrate tangibles most, by ")
    assert ax.get_yticklabels()[0].get_text() == "tangibles"
    assert ax.lines[0].get_xdata().tolist() == sorted(table.customer_points)
    assert sorted(ax.lines[1].get_xdata()) == sorted(table.manager_points)
    assert "Managers overrate tangibles" in str(result)
    assert result._repr_html_().startswith("<div>")


def profiles(random: np.random.Generator, n: int) -> np.ndarray:
    """Points of people of one mind, up to noise."""
    raw = np.array([30, 20, 18, 17, 15]) + random.normal(0, 6, (n, 5))
    return np.round(100 * raw / raw.sum(axis=1, keepdims=True))


def test_the_label_test_holds_its_size():
    """No misjudgement: of 400 firms one in twenty is found guilty at 5 %; at higher levels fewer, as rankings often tie."""
    random = np.random.default_rng(8)
    result = np.array([beliefs._label_test(profiles(random, 40), profiles(random, 8), 199, random)[1] for _ in range(400)])
    assert np.mean(result <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(result <= 0.2) == pytest.approx(0.2, abs=0.06)
    assert 0.3 < np.mean(result <= 0.5) < 0.55


def test_the_label_test_by_every_relabelling():
    random = np.random.default_rng(3)
    customers, managers = profiles(random, 6), profiles(random, 3)[:, ::-1]
    pooled = np.concatenate([customers, managers])

    def disagreement(chosen: tuple[int, ...]) -> float:
        others = [k for k in range(9) if k not in chosen]
        ranks = [stats.rankdata(-pooled[list(group)].mean(axis=0)) for group in (others, chosen)]
        return ((ranks[0] - ranks[1]) ** 2).sum()

    statistic = disagreement((6, 7, 8))
    exact = np.mean([disagreement(chosen) >= statistic for chosen in itertools.combinations(range(9), 3)])
    result = beliefs._label_test(customers, managers, 20_000, random)
    assert result[0] == statistic
    assert result[1] == pytest.approx(exact, abs=0.01)


def test_no_p_value_is_zero():
    """Phipson & Smyth (2010): the observed labels are one of the draws."""
    apart = [np.tile([40.0, 30, 15, 10, 5], (30, 1)), np.tile([5.0, 10, 15, 30, 40], (30, 1))]
    assert beliefs._label_test(*apart, 99, np.random.default_rng(1)) == (40, 0.01)
    alike = [np.tile([40.0, 30, 15, 10, 5], (5, 1))] * 2
    assert beliefs._label_test(*alike, 1500, np.random.default_rng(1)) == (0, 1)


# -- laws


def importance(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[f"importance_{name}" for name in FIVE])


def judged(rows: list[list[int]]) -> pd.DataFrame:
    answers = long("manager_id", {f"B{k}": row for k, row in enumerate(rows)}, "believed_importance")
    return answers.assign(wave=1, date=pd.Timestamp("2024-06-30"), believed_expectation=5.0)


def test_misjudgement_by_hand():
    """Ranks 1 2 3 4 5 against 5 2 3 4 1: 16 + 16, rho = 1 - 6 * 32 / 120."""
    customers = importance([[40, 25, 15, 12, 8], [36, 27, 17, 12, 8], [np.nan, 25, 25, 25, 25]])
    managers = judged([[9, 25, 15, 12, 39], [9, 23, 17, 14, 37]])
    result = misjudgement(customers, managers, seed=1, permutations=50)
    assert (result.statistic, result.n_customers, result.n_managers, result.n_excluded_customers) == (32, 2, 2, 1)
    assert result.rank_correlation == pytest.approx(1 - 6 * 32 / 120)
    table = result.table
    assert table.customer_rank.tolist() == [1, 2, 3, 4, 5]
    assert table.manager_rank.tolist() == [5, 2, 3, 4, 1]
    assert table.difference.tolist() == pytest.approx([-29, -2, 0, 1, 30])
    welch = stats.ttest_ind([25, 23], [25, 27], equal_var=False)
    assert table.p_value[1] == pytest.approx(welch.pvalue)
    assert table.loc[1, ["low", "high"]].tolist() == pytest.approx(list(welch.confidence_interval()))
    known = table.p_value.sort_values().dropna()
    holm = np.minimum(np.maximum.accumulate(known * np.arange(len(known), 0, -1)), 1)
    assert table.p_holm.dropna().sort_values().to_numpy() == pytest.approx(holm.to_numpy())
    assert "Left out, points missing: 1" in str(result)
    few = judged([[9, 25, 15, 12, 39], [9, 23, 17, 14, 37], [20] * 5]).query(
        "not (manager_id == 'B2' and dimension == 'empathy')"
    )
    again = misjudgement(customers, few, seed=0, permutations=1)
    assert (again.n_managers, again.n_excluded_managers, again.statistic) == (2, 1, 32)
    assert again.p_value in (0.5, 1)


def test_points_that_sum_alike_have_differences_that_sum_to_nothing(default_firm):
    result = misjudgement(default_firm["customers"], default_firm["managers"], seed=1, permutations=20)
    assert result.differences.estimate.sum() == pytest.approx(0, abs=1e-9)
    again = misjudgement(default_firm["customers"], default_firm["managers"], seed=1, permutations=20)
    assert again.p_value == result.p_value == 1 / 21


def test_nothing_misjudged_is_said_so():
    random = np.random.default_rng(2)
    result = misjudgement(importance(profiles(random, 30).tolist()), judged(profiles(random, 8).astype(int).tolist()), seed=1)
    assert "No difference between managers and customers is beyond chance" in str(result)
    assert result.permutations == 10_000
    flat = misjudgement(importance([[20] * 5] * 3), judged([[20] * 5] * 3), seed=1, permutations=10)
    assert np.isnan(flat.rank_correlation)
    assert (flat.statistic, flat.p_value) == (0, 1)
    assert (flat.intervals()[["low", "high"]] == 0).all(axis=None)


@pytest.mark.parametrize(
    ("reliability", "finding"),
    [
        ([24, 30, 25, 29], "No difference between managers and customers is beyond chance"),
        ([33, 37, 34, 36], "Managers overrate reliability most, by 5.0 points"),
        ([23, 27, 24, 26], "Managers underrate reliability most, by 5.0 points"),
    ],
)
def test_finding_is_what_is_beyond_chance(reliability, finding):
    """Customers give 30 points for reliability; the first four managers three less at a p value of .13."""
    customers = importance([[points, 20, 20, 20, 10] for points in (29, 30, 31, 30) * 3])
    managers = judged([[points, 20, 20, 20, 10] for points in reliability])
    result = misjudgement(customers, managers, seed=1, permutations=20)
    assert finding in str(result)


def test_no_shortfall_is_said_so():
    given = tiny()
    for name, column in (("standards", "standard"), ("delivery", "delivered"), ("promises", "promised")):
        given[name] = given[name].assign(**{column: 5.2})
    given["customers"].iloc[:, :10] = 5.2
    assert "Largest shortfall: none beyond chance" in str(five_gaps(**given))


# -- refusals


def test_refuses_customers():
    given = tiny()
    with pytest.raises(DataError, match="`customers` must be a DataFrame"):
        five_gaps(**(given | {"customers": object()}))
    with pytest.raises(ColumnError, match="no column `perceived_empathy`"):
        five_gaps(**(given | {"customers": given["customers"].drop(columns="perceived_empathy")}))
    with pytest.raises(DataError, match=r"must lie from 1 to 7; 1 do not, e.g. 9 in `expected_assurance`"):
        five_gaps(**(given | {"customers": given["customers"].assign(expected_assurance=[9, 5, 5, 5])}))
    with pytest.raises(DataError, match="must be numbers"):
        five_gaps(**(given | {"customers": given["customers"].assign(expected_assurance="high")}))
    with pytest.raises(DataError, match="no respondent has both `expected_tangibles`"):
        five_gaps(**(given | {"customers": given["customers"].assign(expected_tangibles=np.nan)}))
    for name in ("customer_id", "respondent"):
        with pytest.raises(DataError, match=r"1 of them stand more than once in `customers`, e.g. 'ann'"):
            five_gaps(**(given | {"customers": given["customers"].assign(**{name: ["ann", "bob", "ann", "cy"]})}))
    with pytest.raises(DataError, match=r"from 0 to 100; 2 do not, e.g. 101"):
        misjudgement(importance([[101, 0, 0, 0, -1]]), given["managers"], seed=1)
    with pytest.raises(DataError, match="two customers or more with points for all dimensions; there are 1"):
        misjudgement(importance([[20] * 5, [20, 20, 20, 20, np.nan]]), given["managers"], seed=1)


def test_refuses_tables_of_the_firm():
    given = tiny()
    with pytest.raises(DataError, match=r"no wave 3 in the manager_survey table. The waves: 1, 2"):
        five_gaps(**given, wave=3)
    with pytest.raises(DataError, match="the manager_survey table has no row for empathy"):
        five_gaps(**(given | {"managers": given["managers"].query("dimension != 'empathy'")}))
    with pytest.raises(DataError, match="share a key that must be unique"):
        five_gaps(**(given | {"managers": pd.concat([given["managers"]] * 2)}))
    with pytest.raises(DataError, match=r"do not cover the same months: 1 stand in only one of them, e.g. 2024-02"):
        five_gaps(**(given | {"standards": given["standards"][:5]}))
    with pytest.raises(DataError, match="the promises table lacks a dimension in 2024-02"):
        five_gaps(**(given | {"promises": given["promises"][:-1]}))
    for part in ("managers", "standards", "delivery", "promises"):
        with pytest.raises(ArgumentError, match="must be a DataFrame, the path"):
            five_gaps(**(given | {part: object()}))
    with pytest.raises(DataError, match="two managers or more"):
        misjudgement(importance([[20] * 5] * 3), judged([[20] * 5]), seed=1)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"level": 95}, "`level`"), ({"simultaneous": "yes"}, "`simultaneous` must be True or False"), ({"wave": 0}, "`wave`")],
)
def test_refuses_arguments(arguments, why):
    with pytest.raises(ArgumentError, match=why):
        five_gaps(**tiny(), **arguments)
    for wrong, message in (({"seed": None}, "`seed`"), ({"seed": 1, "permutations": 0}, "`permutations`")):
        with pytest.raises(ArgumentError, match=message):
            misjudgement(importance([[20] * 5] * 3), judged([[20] * 5] * 3), **wrong)
