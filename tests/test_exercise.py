"""Exercises on the student's side: forms of answers, typical mistakes, what a check tells and what it never tells.

Proved: what counts as an answer and when one is right, and that a check on a student's own data never depends on the key. Not
proved here: that masters are sound (see ``test_masters``), that marks are safe (``test_hostile``) and that a course works
(``test_course``).
"""

import contextvars
import json
import math
import re
from concurrent.futures import ThreadPoolExecutor

import classroom
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import exercise
from crmlab.course import masters
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise import author
from crmlab.exercise.desk import count
from crmlab.exercise.form import Question, count_words
from crmlab.exercise.values import is_valid, to_json


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The small master, and a student's files."""
    folder = tmp_path_factory.mktemp("master")
    (folder / f"{classroom.NAME}.ipynb").write_bytes(classroom.master())
    master = masters.read(folder / f"{classroom.NAME}.ipynb")
    return master, masters.draft(master, b"ada", "Ada")


@pytest.fixture
def seat(desk, small):
    """A student's folder, opened."""
    master, draft = small
    for name, content in masters.files(master, draft).items():
        (desk / name).parent.mkdir(exist_ok=True)
        (desk / name).write_bytes(content)
    exercise.start(classroom.NAME, student="Ada")
    return draft


# -- What is an answer ----------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15), st.booleans(), st.text(st.characters(codec="utf-8"), max_size=50)
)


@given(st.one_of(SCALARS, st.lists(SCALARS, max_size=100)))
def test_what_is_recorded_survives_the_file(value):
    recorded = to_json(value)
    assert is_valid(json.loads(json.dumps(recorded)))
    assert json.loads(json.dumps(recorded)) == recorded


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array(7), 7),
        (np.array([1, 2]), [1, 2]),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
        (pd.Timestamp("2025-03-31 12:00"), "2025-03-31"),
        (np.datetime64("2025-03-31"), "2025-03-31"),
        ((1, "a"), [1, "a"]),
        (pd.DataFrame({"a": [1], "b": ["x"]}), {"columns": ["a", "b"], "rows": [[1, "x"]]}),
        (pd.Series([2], pd.Index(["x"], name="k"), name="v"), {"columns": ["k", "v"], "rows": [["x", 2]]}),
        ("half \ud800 a letter", "half � a letter"),
    ],
    ids=str,
)
def test_values_of_numpy_and_pandas_become_plain(value, recorded):
    assert to_json(value) == recorded


class Anything(float):
    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "nothing in it"),
        (float("nan"), "divided by nothing"),
        (math.inf, "no number"),
        (10**400, "15 digits"),
        (Anything(1), "Anything"),
        ({"a": 1}, "dict"),
        ({1, 2}, "set"),
        (print, "builtin_function"),
        ([[1]], "list"),
        (list(range(10**6)), "longer than 100"),
        (np.arange(10**6), "longer than 100"),
        (pd.Series(range(101)), "longer than 100"),
        (pd.DataFrame({"a": range(1000)}), "1,000 rows"),
        ("x" * 6_001, "6,001 characters"),
        (3 + 4j, "complex"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_everything_else_is_refused_with_a_remedy(value, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        to_json(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), math.inf, 10**16, 1e16, [1] * 101, [[1]], {"a": 1}, None, "x" * 6_001, "\ud800", "\x00",
     {"columns": ["a"], "rows": [[1, 2]]}, {"columns": [1], "rows": []}, {"columns": ["a"], "rows": [[[1]]]},
     {"columns": ["a"] * 11, "rows": []}, {"columns": ["a"], "rows": [[1]] * 101}, {"columns": ["a"], "rows": [[1]], "x": 1}],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_could_not_have_been_recorded_is_not_valid(value):
    assert not is_valid(value)


# -- When it is right -------------------------------------------------------------------------------------------------


@given(key=st.floats(-1e6, 1e6), off=st.floats(-3, 3), tolerance=st.sampled_from([0.005, 0.5, 10.0]))
def test_a_number_is_right_within_its_tolerance_and_fingerprints_agree(key, off, tolerance):
    asked = Question("q", "number", tolerance=tolerance)
    answer = key + off * tolerance
    right = asked.is_right(answer, key)
    if abs(abs(off) - 1) > 1e-3:  # at the very edge the last digit decides
        assert right == (abs(off) < 1)
    matches = asked.matches(answer, asked.fingerprints(key, "salt"), "salt")
    assert matches or not right, "practice never calls wrong what is right"
    assert not matches or abs(off) < 1.11, "and is generous by a tenth at most"


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=9), st.integers(0, 8))
def test_a_list_is_right_only_as_a_whole(key, place):
    asked = Question("q", "list", size=len(key))
    other = list(key)
    other[place % len(key)] += 1
    assert asked.is_right(list(key), key)
    assert not asked.is_right(other, key)
    assert not asked.is_right(key[:-1], key)
    assert not asked.matches(other, asked.fingerprints(key, "s"), "s")


def test_a_table_is_compared_by_the_names_of_its_rows_and_columns():
    asked = Question("q", "table", columns=("region", "share"), tolerance=0.01)
    key = {"columns": ["region", "share"], "rows": [["north", 0.2], ["south", 0.8]]}
    turned = {"columns": ["Share", "more", "REGION "], "rows": [[0.8, 1, "South"], [0.201, 1, "north"]]}
    assert asked.is_right(turned, key)
    assert not asked.is_right(turned | {"rows": turned["rows"][:1]}, key)
    assert "lacks the column share" in asked.problem({"columns": ["region"], "rows": []})


def test_words_are_compared_but_for_case_and_spaces():
    asked = Question("q", "choice", choices=("closing deals", "presenting"))
    assert asked.is_right(" Closing  deals", "closing deals")
    assert not asked.is_right("presenting", "closing deals")
    assert "one of: closing deals, presenting" in asked.problem("closing")


@pytest.mark.parametrize(
    ("asked", "answer", "message"),
    [
        (Question("q", "number", low=0, high=1), 31.4, "looks like a per cent"),
        (Question("q", "number", "%", low=0, high=100), -2, "between 0 and 100"),
        (Question("q", "number"), "31.4", "in quotes"),
        (Question("q", "number"), [3], "Take it out with"),
        (Question("q", "number"), True, "one number"),
        (Question("q", "whole"), 3.5, "has a fraction"),
        (Question("q", "list", size=3), [1, 2], "this one has 2"),
        (Question("q", "list", size=3), 1, "square brackets"),
        (Question("q", "list", size=2, entries="numbers"), ["a", "b"], "a list of 2 numbers"),
        (Question("q", "list", size=2, entries="words"), [1, 2], "a list of 2 words"),
        (Question("q", "list", size=2, low=0), [1, -1], "at least 0"),
        (Question("q", "table", columns=("a",)), 3, "a small table"),
        (Question("q", "text", words=(3, 5)), "one two", "2 words"),
        (Question("q", "text", words=(3, 5)), "one two three four five six", "at most 5"),
        (Question("q", "text", words=(3, 5)), 5, "in quotes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_form_is_named_with_the_remedy(asked, answer, message):
    assert message in asked.problem(answer)
    assert asked.cells(answer) is None


def test_chinese_words_are_counted_two_by_two():
    assert count_words("We keep 客户关系管理 in mind, don't we?") == 6 + 3


def test_a_question_survives_its_sheet():
    asked = Question(
        "q", "text", "words", 4, 0, None, None, words=(80, 120), rubric=(("number", 4.0, "It is there."),), hint="?"
    )
    assert Question.from_json(json.loads(json.dumps(asked.as_json()))) == asked
    zero = Question("q", "number", low=0, high=0)
    assert Question.from_json(zero.as_json()) == zero


# -- On the desk ------------------------------------------------------------------------------------------------------


def test_an_answer_is_there_at_once_and_in_the_next_sitting(seat, desk):
    assert "12.345 (currency)" in exercise.answer("q2", np.float64(12.345)).title
    file = desk / f"{classroom.NAME}.answers.json"
    assert json.loads(file.read_text(encoding="utf-8"))["answers"] == {"q2": 12.345}
    exercise.answer("q2", 13)
    assert "Answers from an earlier sitting: q2" in str(exercise.start(classroom.NAME, student="Ada"))
    assert "13 (currency)" in str(exercise.progress())
    assert sorted(path.name for path in desk.iterdir()) == ["99_small.answers.json", "99_small.ipynb", "99_small.json", "data"]


def test_a_check_on_ones_own_data_never_depends_on_the_key(seat):
    key = seat.keys["q2"]
    messages = set()
    for answer in (key, key + 1, key * 1.5):
        exercise.answer("q2", answer)
        messages.add(re.sub(r"[\d.]+", "#", str(exercise.check("q2"))))
    assert len(messages) == 1
    assert "the marks will say" in messages.pop()
    assert "right" not in seat.sheet
    text = json.dumps(seat.sheet)
    assert not any(str(value) in text for value in seat.keys.values() if isinstance(value, float))


def test_a_typical_mistake_is_named(seat):
    orders = exercise.data("orders")
    exercise.answer("q2", orders.amount.median())
    assert "This is the median" in str(exercise.check("q2"))
    exercise.answer("q1", len(orders) + 1)
    assert "look at the day" in str(exercise.check("q1"))
    assert exercise.progress().table.state.to_list() == ["not yet", "not yet", "open", "open"]


def test_practice_says_right_and_wrong(desk, monkeypatch):
    monkeypatch.setattr("crmlab.exercise.desk._KIT", desk)
    (desk / f"{classroom.NAME}.ipynb").write_bytes(classroom.master())
    masters.practice(desk / f"{classroom.NAME}.ipynb", desk)
    exercise.start(classroom.NAME)
    orders = exercise.data("orders")
    exercise.answer("q2", orders.amount.mean())
    assert "q2: ✓ right" in str(exercise.check("q2"))
    exercise.answer("q1", 5)
    assert "q1: ✗ not right" in str(exercise.check("q1"))
    assert "2 of 4 questions are answered, 1 of them need another look" in str(exercise.progress())
    assert "Look at the day." in str(exercise.check("q1"))


@pytest.mark.parametrize(
    ("kinds", "words"),
    [(["whole", "number", "text"], "2 and a memo"), (["whole"], "1"), (["text", "text"], "2 texts"), (["text"], "a memo")],
)
def test_questions_are_counted_as_their_texts_say(kinds, words):
    assert count([Question(f"q{number}", kind) for number, kind in enumerate(kinds)]) == words


def test_points_are_added_up(seat):
    facts = dict(exercise.progress().facts)
    assert facts["Points in all"] == "10"
    assert facts["A copy of your answers"].startswith(f"{classroom.NAME}.answers.json")


def test_an_open_question_does_not_stop_the_notebook(seat):
    assert "q1 is open" in str(exercise.answer("q1", ...))
    assert "No answer yet" in str(exercise.check("q1"))


def test_a_notebook_is_not_opened_on_somebody_elses_data(seat):
    with pytest.raises(DataError, match="made for Bo, but the data beside it are Ada's"):
        exercise.start(classroom.NAME, student="Bo")


def test_after_nonsense_a_student_is_told_that_the_earlier_answer_stands(seat):
    exercise.answer("q1", 7)
    with pytest.raises(ArgumentError, match=r"Your earlier answer still stands: 7 \(orders\)"):
        exercise.answer("q1", float("nan"))


def test_data_are_fresh_each_time(seat):
    mine = exercise.data("orders")
    mine["amount"] = 0
    assert (exercise.data("orders").amount > 0).all()


def test_a_damaged_file_of_answers_is_laid_aside(seat, desk):
    file = desk / f"{classroom.NAME}.answers.json"
    for content in ("{", "[" * 100_000, "null", '{"assignment": "99_small", "answers": 3}'):
        file.write_text(content, encoding="utf-8")
        exercise.start(classroom.NAME, student="Ada")
        assert (desk / f"{classroom.NAME}.answers.damaged.json").read_text(encoding="utf-8") == content
        exercise.answer("q1", 1)


def test_files_apart_from_the_notebook_are_missed(desk):
    with pytest.raises(DataError, match="Unpack the whole zip"):
        exercise.start(classroom.NAME, student="Ada")
    with pytest.raises(ArgumentError, match="The kit's exercises: 01_relationship"):
        exercise.start("77_nothing")
    (desk / "99_small.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="is damaged"):
        exercise.start("99_small")


def test_a_missing_table_is_missed(seat, desk):
    (desk / "data" / "orders.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="Unpack the zip"):
        exercise.data("orders")
    with pytest.raises(ArgumentError, match="'orders'"):
        exercise.data("customers")


def test_without_an_exercise_nothing_is_answered():
    calls = (lambda: exercise.answer("q1", 1), lambda: exercise.check("q1"), exercise.progress, lambda: exercise.data("x"))
    for call in calls:
        with author.draft(None), pytest.raises(ArgumentError, match="Run the first cell"):
            call()


def test_an_open_exercise_is_seen_in_other_contexts_and_threads(seat):
    """A kernel may run each cell in a copy of the context, and students use threads."""
    contextvars.copy_context().run(exercise.start, classroom.NAME, student="Ada")
    with ThreadPoolExecutor(1) as pool:
        assert "is recorded: 3" in pool.submit(exercise.answer, "q1", 3).result().title
    assert exercise.progress().table["your answer"].iloc[0] == "3 (orders)"


def test_a_draft_leaves_the_open_exercise_as_it_was(seat):
    with author.draft(b"bo", shuffled=True):
        exercise.declare("98_x", title="X", tables=["orders"], customers=50, months=6)
        assert "(the data of this course)" in str(exercise.start("98_x"))
    assert "Ada" in exercise.start(classroom.NAME, student="Ada").title


def test_an_answer_that_cannot_be_written_is_refused(seat, desk, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DataError, match="No space left"):
        exercise.answer("q1", 1)
    assert not list(desk.glob("*.part"))
