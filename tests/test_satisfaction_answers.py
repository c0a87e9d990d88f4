"""Reading surveys: the questionnaire, headings of form tools, scales, rows that are set aside, and who does not answer."""

import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmlab import datasets, measurement, satisfaction, tables
from crmlab.errors import ArgumentError, ColumnError, DataError

ITEMS = [item.name for item in tables.ITEMS]
REVERSED = [item.name for item in tables.ITEMS if item.reverse]


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    """The last wave of the default firm, as the firm has it: negatively worded items not reversed."""
    survey = datasets.load("survey")
    return survey[survey.wave == 6].drop(columns=["wave", "date"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def survey(answers):
    return satisfaction.read_survey(answers)


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
    result = satisfaction.score_rater(read)
    assert result.measure == "perceived"
    assert result.table.perceived.to_list() == [(1 + 4.5 + 4) / 3, 5]
    assert result.levels.weight.to_list() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item": ["a", "a"]}, "'a' stands in `items` more than once"),
        ({"direction": [1, 0]}, "`direction` must be 1 or -1; it is 0"),
        ({"scale": ["1-7", "seven"]}, "the column scale of `items` must be written like"),
        ({"scale": ["1-7", "7-1"]}, "from a lower to a higher number; b does not"),
        ({"dimension": ["x", None]}, "column `dimension` of `items` is empty in row 2"),
        ({"dimension": ["x", " "]}, "column `dimension` of `items` is empty in row 2"),
        ({"dimension": ["x", "a"]}, "'a' is the name of an item and of another dimension"),
    ],
)
def test_an_instrument_that_cannot_be(change, message):
    with pytest.raises(DataError, match=re.escape(message)):
        satisfaction.custom_instrument(pd.DataFrame({"item": ["a", "b"], "dimension": ["x", "y"]} | change))


@pytest.mark.parametrize("language", ["en", "zh", "both"])
def test_the_questionnaire_asks_everything(language):
    page = satisfaction.questionnaire(language=language, firm="<Corner & Shop>")
    assert "&lt;Corner &amp; Shop&gt;" in page
    page = html.unescape(page)
    instrument = satisfaction.rater()
    for item in instrument.items.itertuples():
        assert page.count(item.wording) == (2 if language != "zh" else 0)
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


def counts(survey: satisfaction.Survey, what: str) -> dict[str, int]:
    result = survey.findings[survey.findings.what.str.startswith(what)]
    return dict(zip(result["where"], result["count"], strict=True))


def test_negatively_worded_items_are_reversed(answers, survey):
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
    coded = answers.rename(columns=codes).astype(object)
    words = dict(zip(coded.columns, long.columns, strict=True))
    imports = {name: f'{{"ImportId":"QID{number}"}}' for number, name in enumerate(coded.columns)}
    file = tmp_path / "qualtrics.csv"
    pd.concat([pd.DataFrame([words, imports]), coded]).to_csv(file, index=False)
    read = satisfaction.read_survey(file)
    assert read.n_read == len(answers)
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
    with pytest.raises(DataError, match=r"answers are words, not numbers: 'good', .*mapping=\{\"good\": \?"):
        satisfaction.read_survey(answers.assign(perceived_tangibles_1=column))
    mapping = {text.upper(): value for value, text in words.items()}
    read = satisfaction.read_survey(answers.assign(perceived_tangibles_1=column), mapping=mapping)
    assert read.rows.perceived_tangibles_1.equals(answers.perceived_tangibles_1.astype(float))


@pytest.mark.parametrize("form", ["{} - agree", "{}（同意）", "{} = yes", "{} of 7", " {} "])
def test_a_number_with_its_words(answers, form):
    message = answers.assign(
        perceived_tangibles_1=answers.perceived_tangibles_1.map(lambda v: "" if pd.isna(v) else form.format(v))
    )
    assert satisfaction.read_survey(message).rows.perceived_tangibles_1.equals(answers.perceived_tangibles_1.astype(float))


def test_what_does_not_apply_is_missing(answers):
    column = answers.perceived_tangibles_1.astype("str")
    column[:3] = ["Not applicable", "n/a", "不适用"]
    read = satisfaction.read_survey(answers.assign(perceived_tangibles_1=column))
    assert read.rows.perceived_tangibles_1[:3].isna().all()
    assert counts(read, "does not apply") == {"any question": 2}


def test_impossible_answers_are_counted(answers):
    broken = answers.astype({"perceived_empathy_1": float})
    broken.loc[:3, "perceived_empathy_1"] = [0, 8, 4.5, -3]
    broken.loc[5, "recommendation"] = 11
    read = satisfaction.read_survey(broken)
    assert counts(read, "impossible") == {"perceived_empathy_1": 4, "recommendation": 1}
    assert read.rows.perceived_empathy_1[:4].isna().all()
    assert (read.set_aside.reason == "is no answer on the scale").sum() == 5
    assert len(read.rows) == len(answers)


def test_straight_liners_are_set_aside(answers):
    lazy = answers.copy()
    half = [name for name in lazy if name.startswith("perceived_")]
    lazy.loc[[2, 7], half] = 7
    read = satisfaction.read_survey(lazy)
    assert counts(read, "one and the same") == {"respondents": 2}
    assert set(answers.customer_id[[2, 7]]).isdisjoint(read.rows.respondent)
    agreeing = lazy.copy()  # high on what is good, low on what is bad: no contradiction
    agreeing.loc[[2, 7], [f"perceived_{item}" for item in REVERSED]] = 1
    assert counts(satisfaction.read_survey(agreeing), "one and the same") == {}


def test_half_empty_and_repeated_answers(answers):
    thin = answers.astype({name: "Int64" for name in answers if name.startswith(("expected", "perceived"))})
    thin.loc[3, [name for name in thin if name.startswith(("expected", "perceived_r"))]] = pd.NA
    twice = pd.concat([thin, thin.iloc[[10]].assign(overall_satisfaction=1)], ignore_index=True)
    read = satisfaction.read_survey(twice)
    assert counts(read, "answered fewer") == {"respondents": 1}
    assert counts(read, "answered again") == {"respondents": 1}
    assert len(read.rows) == len(answers) - 1
    assert read.rows.overall_satisfaction[read.rows.respondent == answers.customer_id[10]].to_list() == [1]
    assert read.n_read == len(answers) + 1 == len(read.rows) + len(read.set_aside)


def test_points_of_importance(answers):
    points = [f"importance_{name}" for name in tables.DIMENSIONS]
    odd = answers.astype(dict.fromkeys(points, float))
    odd.loc[0, points] = [19, 19, 19, 19, 19]  # 95: a slip of the pen
    odd.loc[1, points] = [90, 90, 90, 90, 90]  # not shared out at all
    odd.loc[2, points] = [120, -20, 0, 0, 0]
    odd.loc[3, points] = np.nan
    odd.loc[4, points] = [100, np.nan, np.nan, np.nan, np.nan]  # empty beside others is a nought
    read = satisfaction.read_survey(odd)
    result = read.rows[points]
    np.testing.assert_allclose(result.sum(axis=1, skipna=False).dropna(), 100)
    assert result.loc[0].to_list() == [20] * 5
    assert result.loc[1:3].isna().all(axis=None)
    assert result.loc[4].to_list() == [100, 0, 0, 0, 0]
    counts = read.findings[read.findings.what.str.startswith("importance")]
    assert counts["count"].to_list() == [1, 2, 1]
    with pytest.raises(DataError, match=rf"do not sum to 100 in {len(odd)} of {len(odd)} rows \(they sum to 500"):
        satisfaction.read_survey(answers.assign(**dict.fromkeys(points, 100)))


def squeezed(values: pd.Series) -> pd.Series:
    """What would have been ticked on five boxes."""
    return (1 + (values - 1) * 4 / 6).round()


def test_two_scales_in_one_file_are_refused(answers, survey):
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
    assert sum(counts(read, "stretched").values()) == int(answers[columns].notna().sum().sum())
    assert abs(read.items("expected") - survey.items("expected")).max().max() <= 0.76
    satisfaction.read_survey(one, scale={"perceived_empathy_1": (1, 7)})  # the user says that nobody used the upper end


def test_few_answers_on_a_shorter_half_are_refused_too(answers):
    few = answers.iloc[:12]
    columns = [name for name in answers if name.startswith("expected_")]
    with pytest.raises(DataError, match="two scales seem mixed"):
        satisfaction.read_survey(few.assign(**{name: squeezed(few[name]) for name in columns}))


def test_items_not_reversed_are_named(answers, survey):
    flipped = answers.assign(perceived_empathy_4=8 - answers.perceived_empathy_4)
    read = satisfaction.read_survey(flipped)
    assert list(counts(read, "goes against")) == ["perceived_empathy_4"]
    assert read.findings.rule.str.contains("keyed=True").any()
    keyed = answers.assign(
        **{f"{kind}_{item}": 8 - answers[f"{kind}_{item}"] for kind in ("expected", "perceived") for item in REVERSED}
    )
    assert set(counts(satisfaction.read_survey(keyed), "goes against")) == {
        f"{kind}_{item}" for kind in ("expected", "perceived") for item in REVERSED
    }
    assert counts(satisfaction.read_survey(keyed, keyed=True), "goes against") == {}
    assert counts(survey, "goes against") == {}
    unlike = answers.assign(perceived_assurance_1=8 - answers.perceived_assurance_1)
    read = satisfaction.read_survey(unlike)
    assert list(counts(read, "goes against")) == ["perceived_assurance_1"]
    assert read.findings.rule.str.contains("direction -1").any()


def test_constant_items_and_silent_dimensions_are_named(answers):
    same = answers.assign(perceived_tangibles_2=6)
    read = satisfaction.read_survey(same)
    assert list(counts(read, "everyone gave the same")) == ["perceived_tangibles_2"]
    assert np.isfinite(satisfaction.score_rater(read).table.gap).all()
    with pytest.raises(DataError, match="same answer to tangibles_2"):
        measurement.fit_cfa(read.items("perceived"), read.instrument.model)
    silent = answers.assign(**{f"perceived_empathy_{number}": np.nan for number in range(1, 6)})
    read = satisfaction.read_survey(silent)
    assert counts(read, "nobody answered") == {"perceived: empathy": len(answers)}
    with pytest.raises(
        DataError, match=r"fewer than two respondents answered empathy, .*only\(\['reliability', 'assurance', 'tangibles'"
    ):
        satisfaction.score_rater(read)
    rest = satisfaction.rater().only([name for name in tables.DIMENSIONS if name != "empathy"])
    assert len(satisfaction.score_rater(satisfaction.read_survey(silent, rest)).table) == 4


@pytest.mark.parametrize(("rows", "constant"), [(2, 0), (3, 1)])
def test_two_who_agree_are_no_constant_item(answers, rows, constant):
    few = answers.dropna().iloc[:rows].assign(perceived_tangibles_2=6)
    different = few.assign(perceived_tangibles_1=range(1, rows + 1), perceived_tangibles_3=range(1, rows + 1))
    assert counts(satisfaction.read_survey(different), "everyone gave").get("perceived_tangibles_2", 0) == constant * rows


def test_nobody_left(answers):
    half = [name for name in answers if name.startswith(("expected", "perceived"))]
    with pytest.raises(DataError, match=r"none of the 5 rows can be used: answered fewer than half of the statements \(5\)"):
        satisfaction.read_survey(answers.iloc[:5].assign(**dict.fromkeys(half, np.nan)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rename": {"nothing": "wave"}}, "`rename` names 'nothing'"),
        ({"mapping": {"good": "seven"}}, "'good' leads to 'seven'"),
        ({"scale": {"warmth": (1, 5)}}, "`scale` names 'warmth'"),
        ({"scale": {"expected": (5, 1)}}, "a pair such as"),
        ({"keyed": "yes"}, "`keyed` must be True or False"),
        ({"instrument": "rater"}, "`instrument` must be an Instrument"),
    ],
)
def test_arguments_that_cannot_be(answers, options, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        satisfaction.read_survey(answers, **options)


def test_a_whole_file_on_a_shorter_scale_is_refused(answers, survey):
    columns = [name for name in answers if name.startswith(("expected_", "perceived_"))]
    short = answers.assign(**{name: squeezed(answers[name]) for name in columns})
    with pytest.raises(DataError, match=r"no answer at all is above 5 of 7: .*scale=\{\"all\": \(1, 5\)\}"):
        satisfaction.read_survey(short)
    mended = satisfaction.read_survey(short, scale={"all": (1, 5)})
    assert abs(mended.items("perceived") - survey.items("perceived")).max().max() <= 0.76


def test_overall_satisfaction_has_a_scale_too(answers):
    short = answers.assign(overall_satisfaction=squeezed(answers.overall_satisfaction).clip(3))
    with pytest.raises(DataError, match="nobody's overall satisfaction is above 5 of 7"):
        satisfaction.read_survey(short)
    read = satisfaction.read_survey(short, scale={"overall_satisfaction": (1, 5)})
    assert read.rows.overall_satisfaction.max() == 7
    with pytest.raises(DataError, match=r"% of the answers to overall_satisfaction lie outside 1 to 7: another scale"):
        satisfaction.read_survey(answers.assign(overall_satisfaction=10 - answers.recommendation % 4))


def test_halves_told_apart_by_order_are_said(answers, survey):
    read = satisfaction.read_survey(exported(answers, lambda kind, item, number: f"{number}. {item.wording}"))
    assert counts(read, "the two halves") == {"statements": 22}
    assert counts(survey, "the two halves") == {}


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


def test_a_renamed_respondent_wins_over_a_likely_name(answers):
    named = answers.rename(columns={"customer_id": "who"}).assign(id=range(len(answers)))
    read = satisfaction.read_survey(named, rename={"who": "respondent"})
    assert read.rows.respondent.to_list() == answers.customer_id.to_list()
    assert satisfaction.read_survey(named).rows.respondent.to_list() == [str(row) for row in range(len(answers))]


def test_words_as_frequent_as_each_other_stand_in_the_order_of_the_alphabet(answers):
    pairs = len(answers) // 2
    words = answers[: 2 * pairs].assign(perceived_tangibles_1=["so", "bad"] * pairs)
    for table in (words, words.iloc[::-1]):
        with pytest.raises(DataError, match=f"{2 * pairs} answers are words, not numbers: 'bad', 'so'"):
            satisfaction.read_survey(table)


@pytest.mark.parametrize("text", ["6 - 7", "10 or 1", "3 to 5"])
def test_a_range_is_no_answer(answers, text):
    with pytest.raises(DataError, match="words, not numbers"):
        satisfaction.read_survey(answers.assign(perceived_tangibles_1=text))


def test_decimal_commas_of_importance(answers):
    points = [f"importance_{name}" for name in tables.DIMENSIONS]
    commas = answers.assign(**dict.fromkeys(points, "20,0"))
    assert (satisfaction.read_survey(commas).rows[points] == 20).all(axis=None)


# -- Whose answers are whose --------------------------------------------------------------------------------------


def test_rows_keep_the_index_of_the_table(answers, survey):
    """Shuffled, filtered, named by text, one row set aside: each row's scores stand beside its own answers."""
    table = answers.set_index("customer_id", drop=False).rename_axis("name").sample(frac=1, random_state=1)
    table = table[table.overall_satisfaction > 2].drop(columns="customer_id")
    table = table.astype({name: float for name in table if name.startswith(("expected_", "perceived_"))})
    empty = table.index[4]
    table.loc[empty, [name for name in table if name.startswith(("expected_", "perceived_"))]] = np.nan
    read = satisfaction.read_survey(table)
    pd.testing.assert_index_equal(read.rows.index, table.index.drop(empty))
    table["tangibles"] = read.items("perceived").tangibles_1
    assert table.tangibles.drop(empty).equals(table.perceived_tangibles_1.drop(empty))
    assert np.isnan(table.tangibles[empty])
    scores = satisfaction.score_rater(table).respondents
    pd.testing.assert_index_equal(scores.index, read.rows.index)
    keyed = survey.items("perceived").set_axis(answers.customer_id)
    someone = scores.index[7]
    assert scores.perceived_empathy[someone] == pytest.approx(keyed.filter(like="empathy").loc[someone].mean())
    part = read.where(read.rows.overall_satisfaction == 6)
    assert part.rows.index.to_list() == [name for name in read.rows.index if table.overall_satisfaction[name] == 6]


def test_rows_of_a_file_are_numbered(answers, tmp_path):
    answers.set_index("customer_id").to_csv(tmp_path / "answers.csv")
    pd.testing.assert_index_equal(satisfaction.read_survey(tmp_path / "answers.csv").rows.index, pd.RangeIndex(len(answers)))


# -- Who answers ---------------------------------------------------------------------------------------------------


def test_who_does_not_answer_is_less_content():
    bias = satisfaction.nonresponse(datasets.truth("survey"))
    assert 0.1 < bias.bias < 0.5
    truth = datasets.truth("survey").query("wave == 6")
    row = bias.table.set_index("wave").loc[6]
    assert row.bias == pytest.approx(truth.overall_satisfaction[truth.answered].mean() - truth.overall_satisfaction.mean())
    assert abs(row.weighted - row.mean_everyone) < abs(row.mean_answered - row.mean_everyone)
    with pytest.raises(DataError, match="no column `chance_to_answer`"):
        satisfaction.nonresponse(truth.drop(columns="chance_to_answer"))


def test_the_expected_bias_is_the_mean_over_who_answers():
    """Law: over many draws of who answers, the bias is cov(answer, chance) / mean(chance), up to order 1/n."""
    draw = np.random.default_rng(3)
    said = draw.normal(5, 1, 2_000)
    chance = 1 / (1 + np.exp(1 - 0.5 * (said - 5)))
    result = []
    for _ in range(300):
        here = draw.random(said.size) < chance
        result.append(said[here].mean() - said.mean())
    message = satisfaction.nonresponse(
        pd.DataFrame(
            {"wave": 1, "overall_satisfaction": said, "chance_to_answer": chance, "answered": draw.random(said.size) < chance}
        )
    ).table.expected_bias[0]
    assert np.mean(result) == pytest.approx(message, abs=4 * np.std(result) / np.sqrt(300))
