"""Answers as people type them, and the slips that wrong ones show.

Proved: what is understood and what is refused, with which words; that whatever the kit shows is read back as the number it
shows; and that each slip is told by its own sentence. Not proved here: where a slip may be told (see ``test_exercise`` and
``test_feedback_page``).
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import exercise
from crmlab._result import show
from crmlab.errors import ArgumentError
from crmlab.exercise.form import Question
from crmlab.exercise.slips import find_slip
from crmlab.exercise.typed import read_pair, read_typed

WHOLE = Question("q", "whole", "prospects", low=0)
AMOUNT = Question("q", "number", "currency for one customer", tolerance=0.01)
PERCENT = Question("q", "number", "% of all prospects", tolerance=0.05, low=0, high=100)
SHARE = Question("q", "number", low=0, high=1, tolerance=0.001)
LIST = Question("q", "list", "%", size=3, entries="numbers", tolerance=0.05)


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        (WHOLE, "1,234", 1234), (WHOLE, "1 234", 1234), (WHOLE, "1.234", 1234), (WHOLE, "1'234'567", 1_234_567),
        (WHOLE, " 41 prospects ", 41), (WHOLE, "41\u00a0000", 41_000), (WHOLE, '"41"', 41), (WHOLE, "20 - 3", 17),
        (AMOUNT, "12,5", 12.5), (AMOUNT, "1.234,56", 1234.56), (AMOUNT, "1,234.56", 1234.56), (AMOUNT, "1 234,56", 1234.56),
        (AMOUNT, "€ 12", 12), (AMOUNT, "12.50 EUR", 12.5), (AMOUNT, "−3", -3), (AMOUNT, "1.234", 1.234), (AMOUNT, ".5", 0.5),
        (AMOUNT, "0,123", 0.123), (PERCENT, "12 %", 12), (PERCENT, "31.4 per cent", 31.4), (PERCENT, "1,234", 1.234),
        (PERCENT, "= 100 * 143 / 512", 100 * 143 / 512), (PERCENT, "100×(3+4)÷14", 50), (AMOUNT, "sqrt(16) + 2^3", 12),
        (SHARE, "12 %", 0.12), (LIST, "12.3, 14.5, -3", [12.3, 14.5, -3]), (LIST, "12,3 14,5 -3", [12.3, 14.5, -3]),
        (LIST, "12,3; 14,5; -3", [12.3, 14.5, -3]), (LIST, "[1,2,3]", [1, 2, 3]), (LIST, "12.3 %; 1 %; 2 %", [12.3, 1, 2]),
        (AMOUNT, "= 9\u202f431 / 700", 9431 / 700), (AMOUNT, "9 431 / 700", 9431 / 700),
        (AMOUNT, "9\u00a0431 / 1\u2009700", 9431 / 1700),
        (AMOUNT, "= 1,234,567 / 2", 1_234_567 / 2), (AMOUNT, "1,234.5 * 2", 2469), (AMOUNT, "=1,5+2", 3.5),
        (PERCENT, "100 * 1,234 / 5,000", 24.68), (PERCENT, "1,735 * 2", 3.47), (AMOUNT, "sqrt(1 600) - 3", 37),
        (LIST, "= 100 * 9\u202f431 / 12 345; (3 + 4) / 2; -6", [100 * 9431 / 12345, 3.5, -6]), (LIST, "(1, 2, 3)", [1, 2, 3]),
        (Question("q", "choice", choices=("closing",)), ' "closing" ', "closing"),
        (Question("q", "list", size=2, entries="words"), "north; south", ["north", "south"]),
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_is_understood_where_it_has_one_sensible_reading(question, text, answer):
    assert read_typed(text, question) == answer


@pytest.mark.parametrize(
    ("question", "text", "message"),
    [
        (AMOUNT, "1,234", "no comma: write 1234 or 1.234"), (WHOLE, "12 %", "no per cent sign: the question asks"),
        (WHOLE, "€ 12", "no sign of currency"), (AMOUNT, "1,23,4", "cannot be read as one number"),
        (AMOUNT, "many", "is no number"), (AMOUNT, "", "nothing in it"), (AMOUNT, "3 / 0", "divides by nothing"),
        (AMOUNT, "9**9**9", "cannot be worked out"), (AMOUNT, "=__import__('os')", "cannot be worked out"),
        (AMOUNT, "9,431 / 700", "write 9431 or 9.431"), (AMOUNT, "94 31 / 7", "'94 31' cannot be read as one number"),
        (AMOUNT, "9" * 201, "201 characters"),
        (AMOUNT, "(" * 150, "cannot be worked out"),
        (AMOUNT, "=" + "-" * 150 + "1.0j", "cannot be worked out"), (LIST, "1; 2", "between the semicolons stand 2"),
        (LIST, "1; x; 3", "number 2 of the list: 'x' is no number"), (LIST, "1 2", "Write a semicolon between them"),
        (LIST, "1,234 5", "Write a semicolon"), (Question("q", "table", columns=("a",)), "a", "only code can hand in"),
    ],
    ids=str,
)  # fmt: skip
def test_what_has_no_reading_or_two_is_refused_with_what_to_write(question, text, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        read_typed(text, question)


@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9)))
def test_what_the_kit_shows_is_read_back(number):
    shown = show(number, 4)
    kind = "whole" if isinstance(number, int) else "number"
    if kind == "number" and re.fullmatch(r"-?\d{1,3},\d{3}", shown):  # two readings, unless the question has a range
        shown = shown.replace(",", "\u202f")
    assert read_typed(shown, Question("q", kind)) == pytest.approx(number, abs=6e-5, rel=1e-3 if abs(number) < 1e-4 else 1e-12)


@given(st.text(max_size=60))
def test_no_text_does_harm(text):
    for question in (WHOLE, PERCENT, LIST):
        try:
            answer = read_typed(text, question)
        except ArgumentError:
            continue
        assert isinstance(answer, int | float | list)


# -- Code that was written with a comma ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "parts", "message"),
    [
        (AMOUNT, (12, 5), "no comma: Python reads 12,5 as two numbers. Write 12.5."),
        (AMOUNT, (1, 234), "Write 1.234 or 1234."), (WHOLE, (12, 5), "no comma"), (WHOLE, [1, 234], "these are 2 values"),
        (WHOLE, [3], "Take it out with"), (AMOUNT, (1.5, 2.5), "these are 2 values"), (WHOLE, (), "these are 0 values"),
    ],
    ids=str,
)  # fmt: skip
def test_several_numbers_are_never_recorded_as_one(question, parts, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        read_pair(parts, question)
    assert read_pair((1, 234), WHOLE) == 1234


def test_a_comma_in_code_is_understood_or_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exercise.start("01_relationship")
    assert "1\u202f234 (prospects)" in exercise.answer("q1", (1, 234)).title
    assert "12.5 (% of" in exercise.answer("q2", "12,5 %").title
    with pytest.raises(ArgumentError, match=r"q2 was not recorded: no comma.*Your earlier answer still stands: 12.5"):
        exercise.answer("q2", (12, 5))
    with pytest.raises(ArgumentError, match="q1 was not recorded: these are 2 values"):
        exercise.answer("q1", [1, 2])


# -- Slips --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "key", "answer", "slip"),
    [
        (PERCENT, 31.4, 0.314, "a share where per cent"), (SHARE, 0.5, 0.005, "hundredth"), (AMOUNT, 3.0, 300.0, "dred times"),
        (PERCENT, 31.4, 68.6, "the rest"), (AMOUNT, 5.5, -5.5, "the sign is not"), (AMOUNT, 1234.0, 1.234, "a thousandth"),
        (AMOUNT, 120.0, 10.0, "a twelfth"), (PERCENT, 31.44, 31.0, "rounded too early"), (WHOLE, 41, 42, "one too many"),
        (WHOLE, 41, 40, "one too few"), (LIST, [1.0, 2.0, 3.0], [3.0, 1.0, 2.0], "in another order"),
        (LIST, [10.0, 20.0, 30.0], [0.1, 0.2, 0.3], "a share where per cent"), (AMOUNT, 5.0, 7.7, ""), (WHOLE, 5, 50, ""),
        (LIST, [1.0, 2.0, 3.0], [1.0, 2.0, 9.0], ""), (PERCENT, 50.0, 500.0, ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_slip_is_named(question, key, answer, slip):
    assert not question.is_right(answer, key)
    said = find_slip(question, answer, lambda other: question.is_right(other, key))
    assert slip in said
    assert bool(slip) == bool(said)


def test_practice_names_the_slip_by_fingerprints_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exercise.start("01_relationship")
    prospects = exercise.data("prospects")
    ours = prospects[(prospects.kind == "new") & (prospects.channel == exercise.given("channel"))]
    exercise.answer("q1", len(ours) + 1)
    assert "one too many" in exercise.check("q1").note
    ended = ours[ours.outcome != "open"]
    exercise.answer("q2", 100 * (ended.outcome == "lost").mean())
    assert "This is the rest" in exercise.check("q2").note
