"""Exercises on the student's side, and masters: forms of answers, typical slips, what a check tells and what it never tells.

Proved: what counts as an answer and when one is right; that a check on a student's own data never depends on the key; that
every master of the kit earns full marks on twenty random students' data, leaves no solution in the copies, and that no slip
gives its key away. Not proved here: that marks are safe (see ``test_hostile``) and that a course works (``test_course``).
"""

import json
import math
import re
from pathlib import Path

import classroom
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import exercise
from crmlab.course import masters
from crmlab.errors import ArgumentError, CrmlabError, DataError
from crmlab.exercise import author
from crmlab.exercise.form import Question, count_words, plain, sane

ROOT = Path(__file__).resolve().parent.parent
MASTERS = sorted((ROOT / "exercises" / "masters").glob("*.ipynb"))
SEEDS = [b"student %d" % number for number in range(20)]
every_master = pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)


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
    it = masters.read(folder / f"{classroom.NAME}.ipynb")
    return it, masters.draft(it, b"ada", "Ada")


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
def test_what_is_kept_survives_the_file(value):
    held = plain(value)
    assert sane(json.loads(json.dumps(held)))
    assert json.loads(json.dumps(held)) == held


@pytest.mark.parametrize(
    ("value", "held"),
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
def test_values_of_numpy_and_pandas_become_plain(value, held):
    assert plain(value) == held


class Anything(float):
    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("value", "told"),
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
def test_everything_else_is_refused_with_a_remedy(value, told):
    with pytest.raises(ArgumentError, match=re.escape(told)):
        plain(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), math.inf, 10**16, 1e16, [1] * 101, [[1]], {"a": 1}, None, "x" * 6_001, "\ud800", "\x00",
     {"columns": ["a"], "rows": [[1, 2]]}, {"columns": [1], "rows": []}, {"columns": ["a"], "rows": [[[1]]]},
     {"columns": ["a"] * 11, "rows": []}, {"columns": ["a"], "rows": [[1]] * 101}, {"columns": ["a"], "rows": [[1]], "x": 1}],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_could_not_have_been_recorded_is_not_sane(value):
    assert not sane(value)


# -- When it is right -------------------------------------------------------------------------------------------------


@given(key=st.floats(-1e6, 1e6), off=st.floats(-3, 3), within=st.sampled_from([0.005, 0.5, 10.0]))
def test_a_number_is_right_within_its_margin_and_marks_agree(key, off, within):
    asked = Question("q", "number", within=within)
    answer = key + off * within
    right = asked.right(answer, key)
    if abs(abs(off) - 1) > 1e-3:  # at the very edge the last digit decides
        assert right == (abs(off) < 1)
    fits = asked.fits(answer, asked.marks(key, "salt"), "salt")
    assert fits or not right, "practice never calls wrong what is right"
    assert not fits or abs(off) < 1.11, "and is generous by a tenth at most"


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=9), st.integers(0, 8))
def test_a_list_is_right_only_as_a_whole(key, place):
    asked = Question("q", "list", size=len(key))
    other = list(key)
    other[place % len(key)] += 1
    assert asked.right(list(key), key)
    assert not asked.right(other, key)
    assert not asked.right(key[:-1], key)
    assert not asked.fits(other, asked.marks(key, "s"), "s")


def test_a_table_is_compared_by_the_names_of_its_rows_and_columns():
    asked = Question("q", "table", columns=("region", "share"), within=0.01)
    key = {"columns": ["region", "share"], "rows": [["north", 0.2], ["south", 0.8]]}
    turned = {"columns": ["Share", "more", "REGION "], "rows": [[0.8, 1, "South"], [0.201, 1, "north"]]}
    assert asked.right(turned, key)
    assert not asked.right(turned | {"rows": turned["rows"][:1]}, key)
    assert "lacks the column share" in asked.fault({"columns": ["region"], "rows": []})


def test_words_are_compared_but_for_case_and_spaces():
    asked = Question("q", "choice", choices=("closing deals", "presenting"))
    assert asked.right(" Closing  deals", "closing deals")
    assert not asked.right("presenting", "closing deals")
    assert "one of: closing deals, presenting" in asked.fault("closing")


@pytest.mark.parametrize(
    ("asked", "answer", "told"),
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
def test_a_wrong_form_is_named_with_the_remedy(asked, answer, told):
    assert told in asked.fault(answer)
    assert asked.leaves(answer) is None


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
    told = exercise.answer("q2", np.float64(12.345))
    assert "12.345 (currency)" in told.title
    file = desk / f"{classroom.NAME}.answers.json"
    assert json.loads(file.read_text(encoding="utf-8"))["answers"] == {"q2": 12.345}
    exercise.answer("q2", 13)
    assert "Answers from an earlier sitting: q2" in str(exercise.start(classroom.NAME, student="Ada"))
    assert "13 (currency)" in str(exercise.progress())
    assert sorted(path.name for path in desk.iterdir()) == ["99_small.answers.json", "99_small.ipynb", "99_small.json", "data"]


def test_a_check_on_ones_own_data_never_depends_on_the_key(seat):
    key = seat.keys["q2"]
    told = set()
    for answer in (key, key + 1, key * 1.5):
        exercise.answer("q2", answer)
        told.add(re.sub(r"[\d.]+", "#", str(exercise.check("q2"))))
    assert len(told) == 1
    assert "the marks will say" in told.pop()
    assert "right" not in seat.sheet
    held = json.dumps(seat.sheet)
    assert not any(str(value) in held for value in seat.keys.values() if isinstance(value, float))


def test_a_typical_slip_is_named(seat):
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


def test_an_open_question_does_not_stop_the_notebook(seat):
    assert "still open" in str(exercise.answer("q1", ...))
    assert "No answer yet" in str(exercise.check("q1"))


def test_a_notebook_is_not_opened_on_somebody_elses_data(seat):
    with pytest.raises(DataError, match="made for Bo, but the data beside it are Ada's"):
        exercise.start(classroom.NAME, student="Bo")


def test_who_gives_nonsense_is_told_that_the_earlier_answer_stands(seat):
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


def test_without_an_exercise_nothing_is_answered(monkeypatch):
    monkeypatch.setattr("crmlab.exercise.desk._on_desk", [])
    for call in (lambda: exercise.answer("q1", 1), lambda: exercise.check("q1"), exercise.progress, lambda: exercise.data("x")):
        with pytest.raises(ArgumentError, match="Run the first cell"):
            call()


def test_an_answer_that_cannot_be_written_is_refused(seat, desk, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DataError, match="No space left"):
        exercise.answer("q1", 1)
    assert not list(desk.glob("*.part"))


# -- What an author may declare ---------------------------------------------------------------------------------------


def declared(**question):
    exercise.declare("98_x", title="X", tables=["orders"])
    exercise.answer("q1", question.pop("answered", 1))
    exercise.question("q1", **question)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"key": 1.5}, "`within` must say"),
        ({"key": 1.5, "within": 0.1, "low": 2}, "the key breaks"),
        ({"key": "a"}, "must be one of `choices`"),
        ({"key": True}, "choices="),
        ({"points": 4, "rubric": [("a", 3, "x")]}, "add up to 4"),
        ({"key": float("nan"), "within": 1}, "no number"),
        ({"key": 2}, "not right"),
        ({"key": 2, "answered": "2"}, "in quotes"),
        ({"key": 0.25, "within": 0.01, "slips": {"A per cent.": 25.0}}, "whoever finds the one has the other"),
    ],
)
def test_a_master_is_refused_when_it_does_not_fit_together(question, told):
    with author.draft(None), pytest.raises(CrmlabError, match=re.escape(told)):
        declared(**question)


def test_a_wrong_answer_is_refused_without_its_key():
    with author.draft(None), pytest.raises(author.WrongAnswer) as refusal:
        declared(key=271_828)
    assert "271" not in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "slip", "kept"),
    [
        (36.34, 36.26, False),
        (30.0, 70.0, False),
        (30.0, -30.0, False),
        (30.0, 2.5, False),
        (36.34, 36.0, True),
        ([1.0, 2.0], [1.0, 3.0], False),
        ([1.0, 2.0], [1.5, 3.0], True),
        (3, 3, False),
    ],
)
def test_a_slip_too_close_to_the_key_is_left_out(key, slip, kept):
    """Else a right answer, rounded, would be called a slip, or the hash of an entry of the key would be handed out."""
    from crmlab.exercise import desk as on

    with author.draft(None):
        exercise.declare("98_x", title="X", tables=["orders"])
        exercise.answer("q1", key)
        exercise.question("q1", key=key, within=0.05, slips={"Think again.": slip})
        assert bool(on.desk().slips["q1"]) == kept
        assert exercise.progress().table.state.to_list() == ["recorded"]


def test_what_is_drawn_follows_from_the_seed_alone():
    drawn = []
    for seed in [*SEEDS, *SEEDS]:
        with author.draft(seed):
            draw = {"day": {"retailer": ["a", "b"], "telecom": ["c"]}, "industry": ["retailer", "telecom"]}
            exercise.declare("98_x", title="X", tables=["firm_months"], draw=draw, customers=50, months=6)
            drawn.append((exercise.given("industry"), exercise.given("day"), float(exercise.data("firm_months").profit.sum())))
    assert drawn[:20] == drawn[20:]
    assert len({profit for _, _, profit in drawn}) == 20
    assert {industry for industry, _, _ in drawn} == {"retailer", "telecom"}
    assert all((industry == "telecom") == (day == "c") for industry, day, _ in drawn)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("### END SOLUTION", "### END"), "no partner"),
        (('exercise.answer("q1", count)', ""), "exercise.answer"),
        (("<!--day-->", "<!--month-->"), "not drawn"),
        (("exercise.declare(", "exercise.start('x', "), "failed"),
        (("orders.amount.mean()", "orders.amount.median()"), "q2 is not right"),
        (('"99_small", title', '"98_other", title'), "one name"),
    ],
)
def test_a_master_with_a_fault_is_refused(tmp_path, change, told):
    text = json.dumps(json.loads(classroom.master()), ensure_ascii=False)
    old, new = (json.dumps(part)[1:-1] for part in change)
    assert old in text
    path = tmp_path / f"{classroom.NAME}.ipynb"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=told):
        masters.draft(masters.read(path), None)


# -- The kit's masters ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drafts():
    """Each master of the kit, drafted for twenty students."""
    made = {}
    for path in MASTERS:
        master = masters.read(path)
        made[path.stem] = [masters.draft(master, seed, "S") for seed in SEEDS]
    return made


@every_master
def test_a_master_earns_full_marks_on_everyones_data(drafts, path):
    assert len(drafts[path.stem]) == 20, "`draft` refuses a solution that is not right"
    keys = [json.dumps(each.keys) for each in drafts[path.stem]]
    assert len(set(keys)) == 20, "and each has keys of his own"


@every_master
def test_the_practice_copy_is_fresh_and_the_same_each_time(path):
    master = masters.read(path)
    for name, content in masters.files(master, masters.draft(master, None)).items():
        assert (ROOT / "exercises" / name).read_bytes() == content, f"run: crmlab course practice exercises/masters/{path.name}"


@every_master
def test_no_solution_is_left_in_a_copy(drafts, path):
    master = masters.read(path)
    hidden, shown = set(), set()
    for kind, text in master.cells():
        if kind == "code":
            cuts = masters._SOLUTION.findall(text) + masters._HIDDEN.findall(text)
            removed = "\n".join(part if isinstance(part, str) else part[1] for part in cuts)
            hidden |= {line.strip() for line in removed.split("\n") if len(line.strip()) > 3}
            shown |= {line.strip() for line in masters._HIDDEN.sub("", masters._SOLUTION.sub("", text)).split("\n")}
    for sheet in [drafts[path.stem][0].sheet, masters.draft(master, None).sheet]:
        copy = json.loads(masters.copy(master, sheet))
        lines = {line.strip() for cell in copy["cells"] for line in "".join(cell["source"]).split("\n")}
        assert not lines & (hidden - shown)
        assert not re.search(r"BEGIN|HIDDEN|nbgrader|<!--", json.dumps(copy))
        assert sum("...  # your answer" in line for line in lines) >= 1


@every_master
def test_no_slip_gives_its_key_away(drafts, path):
    seen: dict[tuple, list] = {}
    for draft in drafts[path.stem]:
        for name, slips in draft.desk.slips.items():
            for told, value in slips:
                if isinstance(value, int | float) and isinstance(draft.keys[name], int | float):
                    seen.setdefault((name, told), []).append((draft.keys[name], value))
    for (name, told), pairs in seen.items():
        key, slip = np.array(pairs, float).T
        for relation, values in {
            "ratio": slip / key,
            "difference": slip - key,
            "sum": slip + key,
            "product": slip * key,
        }.items():
            spread = np.ptp(values) / max(1e-12, np.abs(values).max())
            assert len(pairs) < 3 or spread > 1e-6, f"{name}: the {relation} of key and slip is the same for everyone ({told})"


@every_master
def test_no_hint_and_no_text_holds_a_key(drafts, path):
    for draft in drafts[path.stem]:
        for name, asked in draft.questions.items():
            told = asked.hint + " ".join(text for text, _ in draft.sheet["slips"].get(name, ())) + draft.asked[name]
            if isinstance(draft.keys.get(name), float):
                assert f"{draft.keys[name]:.2f}" not in told


@settings(max_examples=5)
@given(st.sampled_from(MASTERS))
def test_a_student_copy_is_the_same_bytes_each_time(path):
    master = masters.read(path)
    first, second = (masters.draft(master, b"the same", "S") for _ in range(2))
    made = masters.files(master, first)
    assert made == masters.files(master, second)
    assert masters.packed(made, path.stem) == masters.packed(made, path.stem)
