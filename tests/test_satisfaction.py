"""Satisfaction: the questionnaire, its answers, gaps and drivers, against published numbers and known truths.

Published tables (tests/published): customerSat, ten questions to 1,811 customers (bayesm; Rossi, Allenby & McCulloch
2005); housing, satisfaction of 1,681 tenants (Madsen 1976). Numbers on them were printed by relaimpo and MASS.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlab import _engine, datasets, satisfaction, tables
from crmlab.errors import ArgumentError, ColumnError, ConvergenceError, DataError

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


# -- The questionnaire --------------------------------------------------------------------------------------------


def test_the_instrument_is_whole():
    whole, short = satisfaction.rater(), satisfaction.rater(short=True)
    assert list(whole.items.item) == ITEMS
    assert (whole.items.wording_zh.str.len() > 5).all()
    assert set(whole.items.item[whole.items.direction < 0]) == set(REVERSED)
    assert whole.dimensions == short.dimensions == tables.DIMENSIONS
    assert short.items.groupby("dimension").size().eq(2).all()
    assert (short.items.direction < 0).any()
    assert set(short.items.item) < set(ITEMS)


def test_an_instrument_of_your_own():
    items = pd.DataFrame({"item": ["food_1", "food_2", "room"], "dimension": ["food", "food", "room"],
                          "direction": ["1", "-1", "+"], "scale": ["1-5", "1-5", "0-10"]})  # fmt: skip
    own = satisfaction.custom_instrument(items, name="canteen", expected=False)
    assert own.items.direction.to_list() == [1, -1, 1]
    assert own.items[["lowest", "highest"]].to_numpy().tolist() == [[1, 5], [1, 5], [0, 10]]
    assert own.model == {"food": ["food_1", "food_2"], "room": ["room"]}
    answers = pd.DataFrame({"food_1": [1, 5, 4], "food_2": [5, 2, 2], "room": [0, 10, 5]})
    read = satisfaction.read_survey(answers, own)
    assert read.rows.perceived_food_2.to_list() == [1, 4, 4]
    found = satisfaction.score_rater(read)
    assert found.measure == "perceived"
    assert found.table.perceived.to_list() == [(1 + 4.5 + 4) / 3, 5]
    assert found.levels.weight.to_list() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"item": ["a", "a"]}, "'a' stands in `items` more than once"),
        ({"direction": [1, 0]}, "`direction` must be 1 or -1; it is 0"),
        ({"scale": ["1-7", "seven"]}, "the column scale of `items` must be written like"),
        ({"scale": ["1-7", "7-1"]}, "from a lower to a higher number; b does not"),
        ({"dimension": ["x", None]}, "column `dimension` of `items` is empty in row 2"),
        ({"dimension": ["x", "a"]}, "'a' is the name of an item and of another dimension"),
    ],
)
def test_an_instrument_that_cannot_be(change, told):
    with pytest.raises(DataError, match=re.escape(told)):
        satisfaction.custom_instrument(pd.DataFrame({"item": ["a", "b"], "dimension": ["x", "y"]} | change))


@pytest.mark.parametrize("language", ["en", "zh", "both"])
def test_the_questionnaire_asks_everything(language):
    page = satisfaction.questionnaire(language=language, firm="<Corner & Shop>")
    assert "&lt;Corner &amp; Shop&gt;" in page
    instrument = satisfaction.rater()
    for item in instrument.items.itertuples():
        assert page.count(item.wording.replace("'", "&#x27;")) == (2 if language != "zh" else 0)
        assert page.count(item.wording_zh) == (2 if language != "en" else 0)
    assert page.count("信赖度（可靠性）") == (language != "en")
    assert page.count('class="o"') == 44 * 7 + 7 + 11
    assert "http" not in page
    order = [page.index(wording) for wording in instrument.items.wording[:5]] if language == "en" else [1, 0, 5, 9]
    assert order != [*range(order[0], order[0] + 5)], "dimensions are mixed"


def test_no_chinese_questionnaire_without_chinese_words():
    own = satisfaction.custom_instrument(pd.DataFrame({"item": ["food"], "dimension": ["x"]}))
    with pytest.raises(ArgumentError, match="'food' has none"):
        satisfaction.questionnaire(own, language="zh")


# -- Reading answers ----------------------------------------------------------------------------------------------


def told(survey: satisfaction.Survey, what: str) -> dict[str, int]:
    found = survey.findings[survey.findings.what.str.startswith(what)]
    return dict(zip(found["where"], found["count"], strict=True))


def test_reversed_items_are_turned(answers, survey):
    assert len(survey.rows) == len(answers)
    for item in ITEMS:
        raw, keyed = answers[f"perceived_{item}"].astype(float), survey.rows[f"perceived_{item}"]
        pd.testing.assert_series_equal(keyed, 8 - raw if item in REVERSED else raw, check_names=False)


def test_the_wording_of_questions_is_enough(answers, survey):
    english = satisfaction.read_survey(Path(__file__).parents[1] / "datasets" / "survey_form.csv")
    pd.testing.assert_frame_equal(english.rows[survey.rows.columns.drop("respondent")], survey.rows.drop(columns="respondent"))
    assert english.rows.respondent.to_list() == survey.rows.respondent.to_list()


def exported(answers: pd.DataFrame, heading) -> pd.DataFrame:
    """The answers under the headings that a form tool would give them: a function of half, item and number of the column."""
    instrument = satisfaction.rater().items.set_index("item")
    names = {"customer_id": "respondent"}
    for number, column in enumerate([name for name in answers if name.startswith(("expected_", "perceived_"))], 1):
        kind, item = column.split("_", 1)
        names[column] = heading(kind, instrument.loc[item], number)
    return answers.rename(columns=names)


def half(kind: str, chinese: bool = False) -> str:
    return {"expected": ("An excellent firm", "优秀的公司"), "perceived": ("This firm", "这家公司")}[kind][chinese]


@pytest.mark.parametrize(
    "heading",
    [
        pytest.param(lambda kind, item, _: f"{half(kind)} [{item.wording}]", id="google"),
        pytest.param(lambda kind, item, number: f"{number}、{half(kind, True)}—{item.wording_zh}", id="wenjuanxing"),
        pytest.param(lambda kind, item, number: f"Q{number}_{kind}. {item.wording.upper()}", id="microsoft"),
        pytest.param(lambda kind, item, number: f"{number}. {item.wording}", id="twice the same words"),
    ],
)
def test_headings_of_form_tools(answers, survey, heading, tmp_path):
    file = tmp_path / "form.csv"
    exported(answers, heading).to_csv(file, index=False)
    read = satisfaction.read_survey(file)
    assert read.kinds == ("expected", "perceived")
    for kind in read.kinds:
        pd.testing.assert_frame_equal(read.items(kind), survey.items(kind))


def test_qualtrics_has_three_rows_of_headings(answers, survey, tmp_path):
    columns = [name for name in answers if name.startswith(("expected_", "perceived_"))]
    codes = {name: f"Q{number}" for number, name in enumerate(columns, 1)}
    long = exported(
        answers, lambda kind, item, _: f"{'An excellent firm' if kind == 'expected' else 'This firm'}: {item.wording}"
    )
    held = answers.rename(columns=codes).astype(object)
    words = dict(zip(held.columns, long.columns, strict=True))
    imports = {name: f'{{"ImportId":"QID{number}"}}' for number, name in enumerate(held.columns)}
    file = tmp_path / "qualtrics.csv"
    pd.concat([pd.DataFrame([words, imports]), held]).to_csv(file, index=False)
    read = satisfaction.read_survey(file)
    assert read.read == len(answers)
    pd.testing.assert_frame_equal(read.items("perceived"), survey.items("perceived"))


def test_surveymonkey_has_two_rows_of_headings(answers, survey, tmp_path):
    halves = {"expected": "An excellent firm", "perceived": "This firm"}
    instrument = satisfaction.rater().items.set_index("item")
    above, below, seen = [], [], set()
    for name in answers:
        kind, _, item = name.partition("_")
        above.append(name if kind not in halves else "" if kind in seen else halves[kind])
        below.append(instrument.wording[item] if kind in halves else "Response")
        seen.add(kind)
    rows = [above, below, *answers.astype(object).where(answers.notna(), "").to_numpy().tolist()]
    file = tmp_path / "monkey.csv"
    pd.DataFrame(rows).to_csv(file, index=False, header=False)
    read = satisfaction.read_survey(file)
    for kind in halves:
        pd.testing.assert_frame_equal(read.items(kind), survey.items(kind))
    assert read.rows.respondent.iloc[0] == survey.rows.respondent.iloc[0]


def test_the_short_form_is_recognised(answers):
    short = satisfaction.rater(short=True)
    keep = [f"{kind}_{item}" for kind in short.kinds for item in short.items.item]
    assert satisfaction.read_survey(answers[keep]).instrument.name == "RATER, short form"
    alone = satisfaction.read_survey(answers[[name for name in keep if name.startswith("perceived")]])
    assert alone.kinds == ("perceived",)


def test_a_missing_column_is_named(answers):
    with pytest.raises(
        ColumnError, match=r"1 of the statements have no column: perceived_empathy_3\. Columns not yet used: mystery"
    ):
        satisfaction.read_survey(answers.rename(columns={"perceived_empathy_3": "mystery"}))
    mended = satisfaction.read_survey(
        answers.rename(columns={"perceived_empathy_3": "mystery"}), rename={"mystery": "perceived_empathy_3"}
    )
    assert len(mended.rows) == len(answers)


def test_words_need_a_mapping(answers):
    words = {7: "Very good", 6: "good", 5: "fair", 4: "so-so", 3: "poor", 2: "bad", 1: "very bad"}
    column = answers.perceived_tangibles_1.map(words)
    with pytest.raises(DataError, match=r"answers are words, not numbers: 'good', 'Very good', .*mapping=\{\"good\": \?"):
        satisfaction.read_survey(answers.assign(perceived_tangibles_1=column))
    mapping = {text.upper(): value for value, text in words.items()}
    read = satisfaction.read_survey(answers.assign(perceived_tangibles_1=column), mapping=mapping)
    assert read.rows.perceived_tangibles_1.equals(answers.perceived_tangibles_1.astype(float))


@pytest.mark.parametrize("form", ["{} - agree", "{}（同意）", "{} = yes", "{} of 7", " {} "])
def test_a_number_with_its_words(answers, form):
    told_so = answers.assign(
        perceived_tangibles_1=answers.perceived_tangibles_1.map(lambda v: "" if pd.isna(v) else form.format(v))
    )
    assert satisfaction.read_survey(told_so).rows.perceived_tangibles_1.equals(answers.perceived_tangibles_1.astype(float))


def test_what_does_not_apply_is_missing(answers):
    column = answers.perceived_tangibles_1.astype("str")
    column[:3] = ["Not applicable", "n/a", "不适用"]
    read = satisfaction.read_survey(answers.assign(perceived_tangibles_1=column))
    assert read.rows.perceived_tangibles_1[:3].isna().all()
    assert told(read, "does not apply") == {"any question": 2}


def test_impossible_answers_are_counted(answers):
    broken = answers.astype({"perceived_empathy_1": float})
    broken.loc[:3, "perceived_empathy_1"] = [0, 8, 4.5, -3]
    broken.loc[5, "recommendation"] = 11
    read = satisfaction.read_survey(broken)
    assert told(read, "impossible") == {"perceived_empathy_1": 4, "recommendation": 1}
    assert read.rows.perceived_empathy_1[:4].isna().all()
    assert (read.set_aside.reason == "is no answer on the scale").sum() == 5
    assert len(read.rows) == len(answers)


def test_straight_liners_are_set_aside(answers):
    lazy = answers.copy()
    half = [name for name in lazy if name.startswith("perceived_")]
    lazy.loc[[2, 7], half] = 7
    read = satisfaction.read_survey(lazy)
    assert told(read, "one and the same") == {"respondents": 2}
    assert set(answers.customer_id[[2, 7]]).isdisjoint(read.rows.respondent)
    agreeing = lazy.copy()  # high on what is good, low on what is bad: no contradiction
    agreeing.loc[[2, 7], [f"perceived_{item}" for item in REVERSED]] = 1
    assert told(satisfaction.read_survey(agreeing), "one and the same") == {}


def test_half_empty_and_repeated_answers(answers):
    thin = answers.astype({name: "Int64" for name in answers if name.startswith(("expected", "perceived"))})
    thin.loc[3, [name for name in thin if name.startswith(("expected", "perceived_r"))]] = pd.NA
    twice = pd.concat([thin, thin.iloc[[10]].assign(overall_satisfaction=1)], ignore_index=True)
    read = satisfaction.read_survey(twice)
    assert told(read, "answered fewer") == {"respondents": 1}
    assert told(read, "answered again") == {"respondents": 1}
    assert len(read.rows) == len(answers) - 1
    assert read.rows.overall_satisfaction[read.rows.respondent == answers.customer_id[10]].to_list() == [1]
    assert read.read == len(answers) + 1 == len(read.rows) + len(read.set_aside)


def test_points_of_importance(answers):
    points = [f"importance_{name}" for name in tables.DIMENSIONS]
    odd = answers.astype(dict.fromkeys(points, float))
    odd.loc[0, points] = [19, 19, 19, 19, 19]  # 95: a slip of the pen
    odd.loc[1, points] = [90, 90, 90, 90, 90]  # not shared out at all
    odd.loc[2, points] = [120, -20, 0, 0, 0]
    odd.loc[3, points] = np.nan
    odd.loc[4, points] = [100, np.nan, np.nan, np.nan, np.nan]  # empty beside others is a nought
    read = satisfaction.read_survey(odd)
    found = read.rows[points]
    np.testing.assert_allclose(found.sum(axis=1, skipna=False).dropna(), 100)
    assert found.loc[0].to_list() == [20] * 5
    assert found.loc[1:3].isna().all(axis=None)
    assert found.loc[4].to_list() == [100, 0, 0, 0, 0]
    counts = read.findings[read.findings.what.str.startswith("importance")]
    assert counts["count"].to_list() == [1, 2, 1]
    with pytest.raises(DataError, match=r"do not sum to 100 in 220 of 220 rows \(they sum to 500"):
        satisfaction.read_survey(answers.assign(**dict.fromkeys(points, 100)))


def squeezed(values: pd.Series) -> pd.Series:
    """What would have been ticked on five boxes."""
    return (1 + (values - 1) * 4 / 6).round()


def test_two_scales_in_one_file_are_refused(answers):
    columns = [name for name in answers if name.startswith("expected_")]
    mixed = answers.assign(**{name: squeezed(answers[name]) for name in columns})
    with pytest.raises(
        DataError, match="no answer of the expected half is above 5, while the other half goes to 7: two scales seem mixed"
    ):
        satisfaction.read_survey(mixed)
    one = answers.assign(perceived_empathy_1=squeezed(answers.perceived_empathy_1))
    with pytest.raises(DataError, match=r"nobody's answer to perceived_empathy_1 is above 5, although other items go to 7"):
        satisfaction.read_survey(one)
    read = satisfaction.read_survey(mixed, scale={"expected": (1, 5)})
    assert sum(told(read, "stretched").values()) == int(answers[columns].notna().sum().sum())
    assert abs(read.items("expected") - satisfaction.read_survey(answers).items("expected")).max().max() <= 0.76
    satisfaction.read_survey(one, scale={"perceived_empathy_1": (1, 7)})  # the user says that nobody used the upper end


def test_few_answers_on_a_shorter_half_are_refused_too(answers):
    few = answers.iloc[:12]
    columns = [name for name in answers if name.startswith("expected_")]
    with pytest.raises(DataError, match="two scales seem mixed"):
        satisfaction.read_survey(few.assign(**{name: squeezed(few[name]) for name in columns}))


def test_items_not_turned_are_named(answers):
    flipped = answers.assign(perceived_empathy_4=8 - answers.perceived_empathy_4)
    read = satisfaction.read_survey(flipped)
    assert list(told(read, "goes against")) == ["perceived_empathy_4"]
    assert read.findings.rule.str.contains("keyed=True").any()
    keyed = answers.assign(
        **{f"{kind}_{item}": 8 - answers[f"{kind}_{item}"] for kind in ("expected", "perceived") for item in REVERSED}
    )
    assert set(told(satisfaction.read_survey(keyed), "goes against")) == {
        f"{kind}_{item}" for kind in ("expected", "perceived") for item in REVERSED
    }
    assert told(satisfaction.read_survey(keyed, keyed=True), "goes against") == {}
    assert told(satisfaction.read_survey(answers), "goes against") == {}
    unlike = answers.assign(perceived_assurance_1=8 - answers.perceived_assurance_1)
    read = satisfaction.read_survey(unlike)
    assert list(told(read, "goes against")) == ["perceived_assurance_1"]
    assert read.findings.rule.str.contains("direction -1").any()


def test_constant_items_and_silent_dimensions_are_named(answers):
    same = answers.assign(perceived_tangibles_2=6)
    read = satisfaction.read_survey(same)
    assert list(told(read, "everyone gave the same")) == ["perceived_tangibles_2"]
    assert np.isfinite(satisfaction.score_rater(read).table.gap).all()
    with pytest.raises(DataError, match="same answer to tangibles_2"):
        satisfaction.fit_cfa(read.items("perceived"), read.instrument.model)
    silent = answers.assign(**{f"perceived_empathy_{number}": np.nan for number in range(1, 6)})
    read = satisfaction.read_survey(silent)
    assert told(read, "nobody answered") == {"perceived: empathy": len(answers)}
    with pytest.raises(
        DataError, match=r"fewer than two respondents answered empathy, .*only\(\['reliability', 'assurance', 'tangibles'"
    ):
        satisfaction.score_rater(read)
    rest = satisfaction.rater().only([name for name in tables.DIMENSIONS if name != "empathy"])
    assert len(satisfaction.score_rater(satisfaction.read_survey(silent, rest)).table) == 4


def test_nobody_left(answers):
    half = [name for name in answers if name.startswith(("expected", "perceived"))]
    with pytest.raises(DataError, match=r"none of the 5 rows can be used: answered fewer than half of the statements \(5\)"):
        satisfaction.read_survey(answers.iloc[:5].assign(**dict.fromkeys(half, np.nan)))


@pytest.mark.parametrize(
    ("options", "told_so"),
    [
        ({"rename": {"nothing": "wave"}}, "`rename` names 'nothing'"),
        ({"mapping": {"good": "seven"}}, "'good' leads to 'seven'"),
        ({"scale": {"warmth": (1, 5)}}, "`scale` names 'warmth'"),
        ({"scale": {"expected": (5, 1)}}, "a pair such as"),
        ({"keyed": "yes"}, "`keyed` must be True or False"),
        ({"instrument": "rater"}, "`instrument` must be an Instrument"),
    ],
)
def test_arguments_that_cannot_be(answers, options, told_so):
    with pytest.raises(ArgumentError, match=re.escape(told_so)):
        satisfaction.read_survey(answers, **options)


def test_a_whole_file_on_a_shorter_scale_is_refused(answers):
    columns = [name for name in answers if name.startswith(("expected_", "perceived_"))]
    short = answers.assign(**{name: squeezed(answers[name]) for name in columns})
    with pytest.raises(DataError, match=r"no answer at all is above 5 of 7: .*scale=\{\"all\": \(1, 5\)\}"):
        satisfaction.read_survey(short)
    mended = satisfaction.read_survey(short, scale={"all": (1, 5)})
    assert abs(mended.items("perceived") - satisfaction.read_survey(answers).items("perceived")).max().max() <= 0.76


def test_overall_satisfaction_has_a_scale_too(answers):
    short = answers.assign(overall_satisfaction=squeezed(answers.overall_satisfaction).clip(3))
    with pytest.raises(DataError, match="nobody's overall satisfaction is above 5 of 7"):
        satisfaction.read_survey(short)
    read = satisfaction.read_survey(short, scale={"overall_satisfaction": (1, 5)})
    assert read.rows.overall_satisfaction.max() == 7
    with pytest.raises(DataError, match=r"% of the answers to overall_satisfaction lie outside 1 to 7: another scale"):
        satisfaction.read_survey(answers.assign(overall_satisfaction=10 - answers.recommendation % 4))


def test_halves_told_apart_by_order_are_said(answers):
    read = satisfaction.read_survey(exported(answers, lambda kind, item, number: f"{number}. {item.wording}"))
    assert told(read, "the two halves") == {"statements": 22}
    assert told(satisfaction.read_survey(answers), "the two halves") == {}


def test_a_word_alone_is_no_closing_question(answers):
    bare = answers.drop(columns=["overall_satisfaction", "recommendation"]).assign(
        overall_orders_2023=3, recommended_by="a friend"
    )
    read = satisfaction.read_survey(bare)
    assert "overall_satisfaction" not in read.rows
    assert "recommendation" not in read.rows
    asked = satisfaction.read_survey(bare.assign(**{"How satisfied are you, overall?": answers.overall_satisfaction}))
    assert asked.rows.overall_satisfaction.equals(answers.overall_satisfaction.astype(float))


def test_rename_wins_or_is_refused(answers):
    read = satisfaction.read_survey(answers.assign(Q3=1), rename={"Q3": "perceived_reliability_1"})
    assert (read.rows.perceived_reliability_1 == 1).all()
    with pytest.raises(ArgumentError, match="`rename` gives 'Q3' the name 'overal', which is no name of ours"):
        satisfaction.read_survey(answers.assign(Q3=1), rename={"Q3": "overal"})


@pytest.mark.parametrize("text", ["6 - 7", "10 or 1", "3 to 5"])
def test_a_range_is_no_answer(answers, text):
    with pytest.raises(DataError, match="words, not numbers"):
        satisfaction.read_survey(answers.assign(perceived_tangibles_1=text))


def test_decimal_commas_of_importance(answers):
    points = [f"importance_{name}" for name in tables.DIMENSIONS]
    commas = answers.assign(**dict.fromkeys(points, "20,0"))
    assert (satisfaction.read_survey(commas).rows[points] == 20).all(axis=None)


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
    found = satisfaction.score_rater(survey)
    # respondent 1: a (-2 - 1) / 2, b +2; respondent 2: a -1 (his second item has no expectation), b 0; respondent 3: a 0, b +2
    assert found.respondents.gap_a.to_list() == [-1.5, -1, 0]
    assert found.respondents.gap_b.to_list() == [2, 0, 2]
    table = found.table.set_index("dimension")
    assert table.gap.round(9).to_dict() == {"a": round(-2.5 / 3, 9), "b": round(4 / 3, 9)}
    weighted = [0.7 * -1.5 + 0.3 * 2, 0.5 * -1 + 0, 0.0]
    np.testing.assert_allclose(found.respondents.weighted_gap, weighted)
    assert table.weighted_gap.sum() == pytest.approx(np.mean(weighted))
    low, high = stats.t.interval(0.95, 2, np.mean([-1.5, -1, 0]), stats.sem([-1.5, -1, 0]))
    assert table.loc["a", ["low", "high"]].to_list() == pytest.approx([low, high])
    overall = found.overall.set_index("measure")["mean"]
    assert overall["gap"] == pytest.approx(np.mean([0.25, -0.5, 1]))
    assert overall["perceptions (SERVPERF)"] == pytest.approx(np.mean([(4.5 + 6) / 2, (5.5 + 4) / 2, (6 + 7) / 2]))
    assert found.items.gap.to_list() == [-1, -0.5, 4 / 3]
    assert found.levels.weight.sum() == pytest.approx(1)


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
    from crmlab.satisfaction.gaps import _row

    hits, naive = 0, 0
    for _ in range(400):
        who = np.repeat(np.arange(40), draw.integers(1, 4, 40))
        values = draw.standard_normal(40)[who] + 0.3 * draw.standard_normal(who.size)
        _, mean, low, high = _row(values, who, 0.95)
        hits += low <= 0 <= high
        naive += abs(mean) <= 1.97 * values.std(ddof=1) / np.sqrt(who.size)
    assert 0.92 <= hits / 400 <= 0.98
    assert naive / 400 < 0.9


def test_the_firms_gaps_are_those_of_its_truth(scores):
    """The firm keeps fewest promises where it was made to: reliability and responsiveness fall short, tangibles do not."""
    gap = scores.table.set_index("dimension").gap
    assert set(gap.nsmallest(2).index) == {"reliability", "responsiveness"}
    assert gap.idxmax() == "tangibles"
    assert scores.table.set_index("dimension").weight.idxmax() == "reliability"


def test_tables_keep_their_declaration(scores):
    drivers = satisfaction.fit_drivers(scores, seed=1, draws=100)
    alone = satisfaction.score_rater(tiny(expected_a_1=[5, 6], expected_a_2=[5, 6], expected_b_1=[5, 6], perceived_a_1=[5, 4],
                                          perceived_a_2=[5, 6], perceived_b_1=[3, 6]))  # fmt: skip
    for frame, name in (
        (scores.table, "rater_scores"), (alone.table, "rater_scores"), (scores.levels, "rater_levels"),
        (drivers.table, "driver_weights"),
    ):  # fmt: skip
        _engine.check(frame, name)
        assert frame.columns.to_list() == [column.name for column in tables.table(name).columns]
    read = satisfaction.read_survey(datasets.load("survey"))
    _engine.check(read.findings, "survey_findings")
    assert read.findings.columns.to_list() == [column.name for column in tables.table("survey_findings").columns]


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
    rows = survey.rows.assign(branch=pd.array([None, "a", "b"] * 80, dtype="string")[: len(survey.rows)])
    found = satisfaction.score_rater(
        satisfaction.Survey(survey.instrument, rows, survey.findings, survey.set_aside, len(rows)), by="branch"
    )
    table = found.groups
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
    found = satisfaction.score_rater(
        satisfaction.Survey(survey.instrument, rows, survey.findings, survey.set_aside, len(rows)), by="branch"
    )
    table = found.groups[(found.groups.branch == "north") & (found.groups.dimension == "empathy")].iloc[0]
    gap = found.respondents.gap_empathy
    welch = stats.ttest_ind(gap[rows.branch == "north"], gap[rows.branch == "south"], equal_var=False, nan_policy="omit")
    assert (table.difference / table.std_error, table.p_value) == pytest.approx((welch.statistic, welch.pvalue))


@pytest.mark.parametrize(
    ("rows", "by", "told_so"),
    [
        (slice(0, 1), None, "only one respondent"),
        (slice(None), "town", "`by` must be a column"),
        (slice(None), "respondent", "too many"),
    ],
)
def test_scores_that_cannot_be(survey, rows, by, told_so):
    part = satisfaction.Survey(survey.instrument, survey.rows.iloc[rows], survey.findings, survey.set_aside, survey.read)
    with pytest.raises((DataError, ArgumentError), match=re.escape(told_so)):
        satisfaction.score_rater(part, by=by)


def test_who_does_not_answer_is_less_content():
    bias = satisfaction.nonresponse(datasets.truth("survey"))
    assert 0.1 < bias.bias < 0.5
    truth = datasets.truth("survey").query("wave == 6")
    row = bias.table.set_index("wave").loc[6]
    assert row.bias == pytest.approx(truth.overall_satisfaction[truth.answered].mean() - truth.overall_satisfaction.mean())
    assert abs(row.weighted - row.everyone) < abs(row.answered - row.everyone)
    with pytest.raises(DataError, match="without chance_to_answer"):
        satisfaction.nonresponse(truth.drop(columns="chance_to_answer"))


def test_the_expected_bias_is_the_mean_over_who_answers():
    """Law: over many draws of who answers, the bias is cov(answer, chance) / mean(chance), up to order 1/n."""
    draw = np.random.default_rng(3)
    said = draw.normal(5, 1, 2_000)
    chance = 1 / (1 + np.exp(1 - 0.5 * (said - 5)))
    found = []
    for _ in range(300):
        here = draw.random(said.size) < chance
        found.append(said[here].mean() - said.mean())
    told_so = satisfaction.nonresponse(
        pd.DataFrame(
            {"wave": 1, "overall_satisfaction": said, "chance_to_answer": chance, "answered": draw.random(said.size) < chance}
        )
    ).table.expected_bias[0]
    assert np.mean(found) == pytest.approx(told_so, abs=4 * np.std(found) / np.sqrt(300))


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
    draw = np.random.default_rng(seed)
    root = draw.standard_normal((k + 1, k + 3))
    names = [f"v{number}" for number in range(k + 1)]
    matrix = pd.DataFrame(root @ root.T, names, names)
    fit = satisfaction.fit_drivers(matrix, "v0", n=100, draws=100, seed=1)
    for rule in ("lmg", "johnson"):
        assert fit.table[rule].sum() == pytest.approx(fit.r2)
        assert (fit.table[rule] > -1e-12).all()
    plain = matrix.copy()
    plain.loc[names[1:], names[1:]] = np.diag(np.diag(matrix)[1:]) * k
    own = (plain.loc["v0"] ** 2 / np.diag(plain) / plain.loc["v0", "v0"])[1:]
    fit = satisfaction.fit_drivers(plain, "v0", n=100, draws=100, seed=1)
    np.testing.assert_allclose(fit.table.lmg, own, atol=1e-10)
    np.testing.assert_allclose(fit.table.johnson, own, atol=1e-10)


def test_known_weights_are_found():
    """Recovery: slopes as they were put in, and intervals as wide as their errors."""
    truth = [0.4, 0.1, 0.0, 0.2, 0.3]
    survey = satisfaction.simulate_survey(3_000, seed=5, weights=truth, noise=0.6, categories=None)
    fit = satisfaction.fit_drivers(satisfaction.score_rater(survey), seed=1, draws=400)
    found = fit.interval(0.999).query("measure == 'slope'")
    assert ((found.low < truth) & (truth < found.high)).all()
    assert (found.high - found.low).max() < 0.2
    assert fit.table.predictor[fit.table.lmg.idxmax()] == "reliability"


def test_rows_of_one_respondent_are_drawn_together():
    """Rows repeated three times tell nothing more: the interval stays as wide when respondents are drawn."""
    survey = satisfaction.simulate_survey(300, seed=2, categories=None)
    once = satisfaction.score_rater(survey)
    again = pd.concat([survey.rows.assign(wave=wave) for wave in (1, 2, 3)], ignore_index=True)
    thrice = satisfaction.score_rater(
        satisfaction.Survey(survey.instrument, again, survey.findings, survey.set_aside, len(again))
    )
    wide, same = (satisfaction.fit_drivers(found, seed=1).draws["slope"].std(axis=0) for found in (once, thrice))
    np.testing.assert_allclose(wide, same, rtol=0.01)


def test_priorities_are_slopes_times_step():
    survey = satisfaction.simulate_survey(800, seed=4, weights=[0.5, 0.1, 0.1, 0.1, 0.1], categories=None)
    fit = satisfaction.fit_drivers(satisfaction.score_rater(survey), seed=1, draws=300)
    found = satisfaction.priorities(fit, step=0.5)
    assert found.driver[0] == "reliability"
    assert found["first"].sum() == pytest.approx(1)
    assert found["first"][0] > 0.99
    slope = fit.table.set_index("predictor").slope
    assert found.gain[0] == pytest.approx(0.5 * slope["reliability"])
    assert satisfaction.priorities(fit, step=1.0).gain[0] == pytest.approx(2 * found.gain[0])
    assert found.room[0] == pytest.approx(7 - fit.mean[0])
    five = satisfaction.simulate_survey(200, seed=4, categories=5)
    assert (
        satisfaction.priorities(satisfaction.fit_drivers(satisfaction.score_rater(five), seed=1, draws=100))
        .room.between(0, 4)
        .all()
    )
    place = satisfaction.importance_performance(fit).table.set_index("driver")
    assert place.quadrant["reliability"] == "concentrate here"
    assert place.chance.between(0, 1).all()


@pytest.mark.parametrize(
    ("options", "told_so"),
    [
        ({"outcome": "joy"}, "`outcome` must be a column"),
        ({"predictors": ["q2", "q2"]}, "1 to 12 different columns"),
        ({"predictors": ["q2", "q1"]}, "without the outcome"),
        ({"draws": 5}, "`draws` must be a whole number of at least 100"),
        ({"n": 5}, "`n` = 5 rows are too few for 10 columns"),
    ],
)
def test_drivers_refuse(options, told_so):
    with pytest.raises((ArgumentError, DataError), match=re.escape(told_so)):
        satisfaction.fit_drivers(published("customersat_corr"), **{"outcome": "q1", "n": 1811, "seed": 1} | options)


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
    found = fit.table
    assert ((found.estimate - [1.2, 2, 3.5, 5]) / found.std_error).abs().max() < 4
    chance = fit.predict(table)
    assert np.allclose(chance.sum(axis=1), 1)
    assert np.allclose(chance.mean(), table.y.value_counts(normalize=True).sort_index(), atol=0.01)


@pytest.mark.parametrize(
    ("table", "error", "told_so"),
    [
        ({"y": [1, 1, 1, 1], "x": [1, 2, 3, 4]}, DataError, "only one value, so there is nothing"),
        ({"y": [1, 2, 1, 2], "x": [1, 1, 1, 1]}, DataError, "'x' has only one value"),
        ({"y": ["a", "b", "a", "b"], "x": [1, 2, 3, 4]}, DataError, "holds words"),
        ({"y": [1, 1, 2, 2] * 5, "x": [1, 2, 3, 4] * 5}, ConvergenceError, "separates the answers"),
    ],
)
def test_ordinal_refuses(table, error, told_so):
    with pytest.raises(error, match=re.escape(told_so)):
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


def test_charts_say_what_they_show(scores, survey):
    import matplotlib.pyplot as plt

    drivers = satisfaction.fit_drivers(scores, seed=1, draws=200)
    for chart, title in (
        (scores.plot(), "Responsiveness falls furthest short: −0.41 points"),
        (drivers.plot(), "Responsiveness explains most: 34 % of what can be\nexplained"),
        (satisfaction.importance_performance(drivers).plot(), "Concentrate on responsiveness"),
    ):
        assert chart.get_title("left") == title
        assert len(chart.figure.alt) > 40
        plt.close(chart.figure)
    for thing in (survey, scores, drivers):
        assert "<table>" in thing._repr_html_()
        assert len(str(thing)) > 100
