"""Kano's method: the published table and figures, classes recovered, laws of the table, and refusals."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlab import satisfaction
from crmlab.errors import ArgumentError, ColumnError, DataError

PAIR = {"A": (1, 3), "O": (1, 5), "M": (3, 5), "I": (3, 3), "R": (3, 1), "Q": (1, 1)}
counted = st.fixed_dictionaries({letter: st.integers(0, 30) for letter in "AOMIRQ"}).filter(lambda count: any(count.values()))


def answers_of(feature: str = "x", **counts: int) -> pd.DataFrame:
    """A table of answers with so many of each class."""
    pairs = [PAIR[letter] for letter, count in counts.items() for _ in range(count)]
    functional, dysfunctional = zip(*pairs, strict=True)
    return pd.DataFrame(
        {"respondent": range(len(pairs)), "feature": feature, "functional": functional, "dysfunctional": dysfunctional}
    )


def classes_of(**counts: int) -> pd.Series:
    return satisfaction.kano_classes(answers_of(**counts)).table.iloc[0]


# -- published


def test_evaluation_table_of_berger_1993():
    """Rows: with the feature like, must-be, neutral, live with, dislike; columns: the same without it."""
    printed = """
        Q A A A O
        R I I I M
        R I I I M
        R I I I M
        R R R R Q
    """
    rows = [
        {"respondent": 5 * f + d, "feature": letter, "functional": f + 1, "dysfunctional": d + 1}
        for f, line in enumerate(printed.split("\n")[1:6])
        for d, letter in enumerate(line.split())
    ]
    result = satisfaction.kano_classes(pd.DataFrame(rows))
    assert result.counts.loc[list("AOMIRQ")].to_numpy().tolist() == np.diag([3, 1, 3, 9, 7, 2]).tolist()


def test_coefficients_of_sauerwein_1996():
    """The Kano model: how to delight your customers, figure 11: edge grip of a ski, in per cent."""
    result = classes_of(A=7, O=33, M=50, I=10)
    assert (round(result.better, 2), round(result.worse, 2)) == (0.40, -0.83)
    assert result["class"] == "M"


@pytest.mark.parametrize(
    ("counts", "better", "worse"),
    [
        ((216, 56, 13, 275, 23, 24), 0.486, -0.123),
        ((229, 42, 5, 276, 33, 22), 0.491, -0.085),
        ((187, 71, 46, 258, 19, 26), 0.459, -0.208),
    ],
)
def test_coefficients_of_brand_and_rese(counts, better, worse):
    """Journal of Retailing and Consumer Services 89, table 1 (second-hand): reverse and questionable do not count."""
    result = classes_of(**dict(zip("AOMIRQ", counts, strict=True)))
    assert (round(result.better, 3), round(result.worse, 3)) == (better, worse)
    assert result["class"] == "I"


def test_fong_by_the_formula():
    """n = 100, a + b = 80: clear from |a - b| = 1.65 √(80 * 120 / 200) = 11.43 on."""
    assert not classes_of(A=45, M=35, I=20).clear
    assert classes_of(A=46, M=34, I=20).clear
    assert 1.65 * np.sqrt(80 * 120 / 200) == pytest.approx(11.43, abs=0.002)
    assert not classes_of(A=1).clear  # one answer tells nothing
    assert classes_of(A=2).clear


# -- recovery


@pytest.mark.parametrize("noise", [0, 0.3, 0.6])
def test_classes_are_recovered(noise):
    truth = {"one": "A", "two": "O", "three": "M", "four": "I", "five": "R", "six": "Q"}
    result = satisfaction.kano_classes(satisfaction.simulate_kano(truth, 400, noise, seed=3))
    assert result.classes["class"].to_dict() == truth
    assert result.counts.sum(axis=1).tolist() == [400] * 6
    shares = result.counts / 400
    cells = {"A": 3, "O": 1, "M": 3, "I": 9, "R": 7, "Q": 2}
    for feature, letter in truth.items():
        for other, count in cells.items():
            assert shares.loc[feature, other] == pytest.approx((1 - noise) * (letter == other) + noise * count / 25, abs=0.08)


def test_intervals_cover_the_truth():
    """Two classes, half and half: better is .5 in truth, and 95 intervals of 100 hold it."""
    random = np.random.default_rng(4)
    counts = random.binomial(40, 0.5, size=1000)
    table = pd.DataFrame(0, index=range(1000), columns=list("AOMIRQ")).assign(A=counts, M=40 - counts)
    ends = satisfaction.Kano(table, pd.Series(0, index=table.index)).coefficients(0.95)
    assert np.mean((ends.better_low <= 0.5) & (ends.better_high >= 0.5)) == pytest.approx(0.95, abs=0.03)
    assert np.mean((ends.worse_low <= -0.5) & (ends.worse_high >= -0.5)) == pytest.approx(0.95, abs=0.03)


def test_fong_calls_clear_too_often_and_the_exact_test_does_not():
    """Two classes equally common in truth: Fong's rule, meant for one in ten, finds a difference in one of four."""
    counts = np.random.default_rng(6).binomial(100, 0.5, size=4000)
    table = pd.DataFrame(0, index=range(4000), columns=list("AOMIRQ")).assign(A=counts, M=100 - counts)
    result = satisfaction.Kano(table, pd.Series(0, index=table.index)).classes
    assert result.clear.mean() == pytest.approx(0.24, abs=0.04)
    assert np.mean(result.p_value < 0.05) <= 0.05


# -- laws


@given(counted)
def test_laws_of_a_feature(counts):
    result = classes_of(**counts)
    assert {letter: result[letter] for letter in "AOMIRQ"} == counts
    assert result.answers == sum(counts.values())
    assert counts[result["class"]] == max(counts.values())
    if sum(counts[letter] for letter in "AOMI"):
        assert 0 <= result.better_low <= result.better <= result.better_high <= 1
        assert -1 <= result.worse_low <= result.worse <= result.worse_high <= 0
    else:
        assert np.isnan([result.better, result.better_low, result.worse, result.worse_high]).all()
    a, b = sorted(counts.values())[:-3:-1]
    assert result.p_value == pytest.approx(stats.binomtest(a, a + b, 0.5).pvalue)
    assert result.questionable == pytest.approx(counts["Q"] / sum(counts.values()))


@given(counted)
def test_swapped_questions_turn_delight_into_reverse(counts):
    """Swapping the two questions sends attractive, one-dimensional and must-be features to reverse."""
    answers = answers_of(**counts)
    swapped = answers.rename(columns={"functional": "dysfunctional", "dysfunctional": "functional"})
    result = satisfaction.kano_classes(swapped).table.iloc[0]
    assert (counts["I"], counts["Q"]) == (result.I, result.Q)
    assert counts["A"] + counts["O"] + counts["M"] <= result.R


def test_ties_go_to_what_is_missed_most():
    for tied, chosen, next_best in (
        ("AOMI", "M", "O"),
        ("AOI", "O", "A"),
        ("AI", "A", "I"),
        ("IR", "I", "R"),
        ("RQ", "R", "Q"),
    ):
        result = classes_of(**dict.fromkeys(tied, 4))
        assert (result["class"], result.second) == (chosen, next_best)
        assert not result.clear
        assert result.p_value == 1


def test_questionable_answers_are_flagged_from_chance_level_on():
    assert classes_of(A=23, Q=2).doubtful
    assert not classes_of(A=24, Q=2).doubtful
    assert classes_of(A=23, Q=2).questionable == 0.08


def test_codes_and_wordings_say_the_same():
    answers = satisfaction.simulate_kano({"x": "A", "y": "M"}, 40, 0.8, seed=2)
    expected = satisfaction.kano_classes(answers).table
    for words in (*satisfaction.KANO.answers.values(), tuple("12345")):
        worded = answers.assign(
            **{name: [f" {words[code - 1]}" for code in answers[name]] for name in ("functional", "dysfunctional")}
        )
        pd.testing.assert_frame_equal(satisfaction.kano_classes(worded).table, expected)
    for kind in ("float64", "Int8"):
        worded = answers.astype({"functional": kind, "dysfunctional": kind})
        pd.testing.assert_frame_equal(satisfaction.kano_classes(worded).table, expected)
    assert len({word for words in satisfaction.KANO.answers.values() for word in words}) == 10


def test_missing_answers_are_counted():
    answers = answers_of(A=3, M=2).astype({"functional": "Int8"})
    answers.loc[0, "functional"] = pd.NA
    answers.loc[4, "dysfunctional"] = None
    nobody = pd.DataFrame({"respondent": [1], "feature": ["y"], "functional": [pd.NA], "dysfunctional": [3]})
    result = satisfaction.kano_classes(pd.concat([answers, nobody]))
    table = result.table.set_index("feature")
    assert table.loc["x", ["A", "M", "answers", "n_excluded"]].tolist() == [2, 1, 3, 2]
    assert table.loc["y", ["answers", "n_excluded", "class", "second", "clear", "doubtful"]].tolist() == [
        0,
        1,
        "",
        "",
        False,
        False,
    ]
    assert np.isnan(table.loc["y", "better"])
    assert "Missing, left out: 3" in str(result)
    assert result.plot().figure.alt.startswith("How much “x” can please")


def test_features_stay_in_their_order():
    answers = pd.concat([answers_of("z", A=3), answers_of("a", M=2)])
    assert satisfaction.kano_classes(answers).table.feature.tolist() == ["z", "a"]


def test_summary_and_plot_say_the_same():
    result = satisfaction.kano_classes(pd.concat([answers_of("z", A=30, Q=3), answers_of("a", M=20, O=18)]))
    text = str(result)
    assert "Two classes too close to tell apart (Fong): a\n" in text
    assert "Perhaps not understood: questionable answers: z\n" in text
    assert "<table>" in result._repr_html_()
    ax = result.plot()
    assert " ".join(ax.get_title("left").split()) == "“z” can please most, “a” would be missed most"
    assert "z: better 1.00, worse 0.00; a: better 0.47, worse -1.00." in ax.figure.alt
    spots = {text.get_text().strip(): (*text.get_position(), text.get_ha()) for text in ax.texts}
    assert spots == {"z": (0, 1, "left"), "a": (1, pytest.approx(18 / 38), "right")}
    marks = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert marks["A attractive"].tolist() == [[0, 1]]
    row = result.table.set_index("feature").loc["a"]
    across, up = (each.get_segments()[0] for each in ax.collections[2:])
    assert across.tolist() == [[-row.worse_low, row.better], [-row.worse_high, row.better]]
    assert up.tolist() == [[1, row.better_low], [1, row.better_high]]
    assert ax.get_xlim() == ax.get_ylim() == (-0.05, 1.05)


# -- the questionnaire


class Page(HTMLParser):
    """The tags of a page, each opened and closed in order, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.seen, self.words = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize(("language", "languages"), [("en", {"en"}), ("zh", {"zh"}), ("both", {"en", "zh"})])
def test_questionnaire_asks_everything(language, languages):
    features = {"returns": {"en": "Free returns", "zh": "免费退货"}, "gift": "C&A <b>"}
    page = satisfaction.kano_questionnaire(features, language=language)
    read = Page(page)
    assert sum(attributes.get("class") == "circle" for _, attributes in read.seen) == 2 * 2 * 5
    assert {attributes["lang"] for tag, attributes in read.seen if tag == "span" and "lang" in attributes} == languages
    assert read.seen[0] == ("html", {"lang": "zh" if language == "zh" else "en"})
    words = " ".join(read.words)
    for each in ("en", "zh"):
        asked = [
            *satisfaction.KANO.answers[each],
            *(question[each] for question in satisfaction.KANO.questions.values()),
            features["returns"][each],
        ]
        assert all((word in words) == (each in languages) for word in asked)
    assert "C&A <b>" in words
    assert not any(tag in ("b", "img", "script", "link") for tag, _ in read.seen)
    assert not re.search(r"https?:|url\(", page)
    assert "size:A4" in page


def test_questionnaire_takes_a_list_and_both_languages_by_default():
    assert satisfaction.kano_questionnaire(["a", "b"]) == satisfaction.kano_questionnaire({"x": "a", "y": "b"}, language="both")


# -- refusals


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"functional": [6, 7, 0]}, "`functional` holds 3 answers that are none of the five, e.g. 6. Use the codes 1 to 5"),
        ({"dysfunctional": "great"}, "`dysfunctional` holds 3 answers that are none of the five, e.g. 'great'"),
        ({"functional": "6"}, "3 answers that are none of the five, e.g. '6'"),
        ({"functional": 2.5}, "e.g. 2.5"),
        ({"respondent": 7}, "2 rows answer for a feature again, e.g. respondent 7 for 'x'"),
        ({"feature": None}, "`feature` is empty in 3 rows"),
        ({"respondent": None}, "`respondent` is empty in 3 rows"),
    ],
)
def test_refuses_answers_by_name(change, why):
    with pytest.raises(DataError, match=why):
        satisfaction.kano_classes(answers_of(A=3).assign(**change))


def test_refuses_tables():
    with pytest.raises(ColumnError, match=r'rename it: `.rename\(columns={"customer_id": "respondent"}\)'):
        satisfaction.kano_classes(answers_of(A=3).rename(columns={"respondent": "customer_id"}))
    with pytest.raises(DataError, match="is empty"):
        satisfaction.kano_classes(answers_of(A=3)[:0])
    with pytest.raises(DataError, match="`answers` must be a DataFrame"):
        satisfaction.kano_classes(object())
    with pytest.raises(DataError, match="nothing to map"):
        satisfaction.kano_classes(answers_of(R=3, Q=1)).plot()


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: satisfaction.simulate_kano({"x": "B"}, 5, 0.1, seed=1), "`features` must be one of 'A'"),
        (lambda: satisfaction.simulate_kano({}, 5, 0.1, seed=1), "`features` must say the class"),
        (lambda: satisfaction.simulate_kano(object(), object(), object(), seed=object()), "`features`"),
        (lambda: satisfaction.simulate_kano({"x": "A"}, 0, 0.1, seed=1), "`respondents`"),
        (
            lambda: satisfaction.simulate_kano({"x": "A"}, 5, 1.1, seed=1),
            "`noise` must be a finite number of at least 0",
        ),
        (lambda: satisfaction.simulate_kano({"x": "A"}, 5, 0.1, seed=-1), "`seed`"),
        (lambda: satisfaction.kano_questionnaire("returns"), "`features` must be a list"),
        (lambda: satisfaction.kano_questionnaire([]), "`features` is empty"),
        (lambda: satisfaction.kano_questionnaire(["a", "a"]), "names a feature twice"),
        (lambda: satisfaction.kano_questionnaire([" "]), "needs a wording in en and zh"),
        (lambda: satisfaction.kano_questionnaire({"x": {"en": "a"}}), "needs a wording in en and zh; one has {'en': 'a'}"),
        (lambda: satisfaction.kano_questionnaire(["a"], language="fr"), "`language` must be one of"),
        (lambda: satisfaction.kano_classes(answers_of(A=3)).coefficients(95), "`level`"),
    ],
)
def test_refuses_arguments(call, why):
    with pytest.raises(ArgumentError, match=why):
        call()
