"""The marking table: whatever a spreadsheet does to it, marks come back as they were given.

Proved: nothing in it is computed by a spreadsheet, each fault is refused with row, column and remedy, and marks of an old text
are not given to a new one.
"""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import ESSAY

from crmlab.course.rubric import Essay
from crmlab.course.rubric_table import read_csv, write_csv
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Question

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r"), max_size=30) | st.sampled_from(
    ["=1+1", "'=1+1", "''+1", "'tis", "-", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '"', '";,\n', "#N/A", "0012", "\ufeff"]
)


ANSWERS = st.lists(st.tuples(st.sampled_from(["q1", "-q3", "=cmd"]), WORDS), max_size=2).map(tuple)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["evidence", "language", "text", "other answers", "=cmd", "a, b; c", "理由"]),
        st.sampled_from([0.5, 1, 2.5, 1 / 3]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda line: line[0],
)


def some(*words: str) -> st.SearchStrategy:
    return st.lists(st.sampled_from(words), min_size=1, unique=True)


@st.composite
def marked_essays(draw):
    texts = []
    for name in draw(some("q1", "q2", "-q3")):
        asked = Question(name, "text", rubric=tuple((line, most, "") for line, most in draw(LINES)))
        possible = [[k / 2 for k in range(int(2 * most) + 1)] + [most] for _, most, _ in asked.rubric]
        for student in draw(some("s1", "=s2", "007", "+49", "学生")):
            points = draw(st.none() | st.tuples(*map(st.sampled_from, possible)))
            texts.append(Essay(student, asked, "", draw(WORDS), points, draw(WORDS) if points else "", others=draw(ANSWERS)))
    return texts


@given(texts=marked_essays(), delimiter=st.sampled_from(",;\t"), bom=st.booleans())
def test_a_table_of_marks_comes_back_as_it_was(texts, delimiter, bom):
    written = write_csv(texts)
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert not [cell for row in rows for cell in row if re.match(r"\s*[=+\-@＝＋－＠]|[\t\r]", cell)]
    if delimiter != ",":  # as a spreadsheet elsewhere saves it
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter).writerows(rows)
        written = out.getvalue()
    read = read_csv("\ufeff" * bom + written, texts)
    wanted = [(each.student, each.question.name, each.points, each.comment) for each in texts if each.points is not None]
    assert sorted(read) == sorted(wanted)


def test_different_rubrics_share_one_table():
    second = Question("q5", "text", points=3, rubric=(("language", 1, ""), ("numbers", 2, "")))
    others = (("q1", "41"), ("q2", "33.9"))
    texts = [Essay("s1", ESSAY, "", "=One", None), Essay("s1", second, "", "Two\nlines", (1, 1.5), "-Good", others=others)]
    assert list(csv.reader(io.StringIO(write_csv(texts)))) == [
        ["student_id", "question", "text", "other answers", "evidence", "reasoning", "language", "numbers", "comment"],
        ["s1", "q4", "'=One", "", "", "", "", "", ""],
        ["s1", "q5", "Two\nlines", "q1: 41; q2: 33.9", "", "", "1", "1.5", "'-Good"],
    ]
    assert read_csv(write_csv(texts), texts) == [("s1", "q5", (1.0, 1.5), "-Good")]
    assert read_csv(write_csv(texts).replace("33.9", "another"), texts) == [("s1", "q5", (1.0, 1.5), "-Good")]
    assert ",'=q1: 1," in write_csv([Essay("s1", ESSAY, "", "One", None, others=(("=q1", "1"),))])


def test_the_marks_of_an_old_text_are_not_given_to_a_new_one():
    old = Essay("s1", ESSAY, "", "Old text.", (2, 3, 1), "Good.")
    new = Essay("s1", ESSAY, "", "New text.", (2, 3, 1), "Good.", changed=True)
    assert read_csv(write_csv([new]), [new]) == []
    with pytest.raises(DataError, match="row 2, column text: it is not the text that s1 has handed in for q4"):
        read_csv(write_csv([old]), [new])


HEAD = "student_id,question,text,evidence,reasoning,language,comment"


@pytest.mark.parametrize(
    ("table", "refusal"),
    [
        ("", "row 1: the file is empty"),
        ("student_id,question,evidence,reasoning,comment", "row 1: the column 'language' is missing. Write it"),
        (HEAD.replace("student_id", "student"), "row 1: the column 'student_id' is missing"),
        (HEAD + ",comment", "row 1: there are 2 columns 'comment'"),
        (HEAD + ",remark", "row 1: the column 'remark' is not known. Take it out"),
        (HEAD + "\nnobody,q4,,1,1,1,", "row 2, columns student_id and question: there is no text of 'nobody' for 'q4'"),
        (HEAD + "\ns1,q9,,1,1,1,", "there is no text of 's1' for 'q9'"),
        (HEAD + "\n\ns1,q4,,1,1,1,\ns1,q4,,1,1,1,", "row 4 marks s1 for q4 again, after row 3"),
        (HEAD + "\ns1,q4,,2.5,1,1,", "row 2, column 'evidence': '2.5' must be between 0 and 2, in steps of 0.5. Correct it"),
        (HEAD + "\ns1,q4,,1,-1,1,", "row 2, column 'reasoning': '-1' must be between 0 and 3"),
        (HEAD + "\ns1,q4,,1,1,0.7,", "row 2, column 'language': '0.7' must be between 0 and 1"),
        (HEAD + "\ns1,q4,,1,one,1,", "row 2, column 'reasoning': 'one' must be between"),
        (
            HEAD + "\ns1,q4,,1,,1,",
            "row 2, column 'reasoning' is empty: write 0, or leave all points of the row empty if it is not marked yet.",
        ),
        (HEAD + "\ns1,q4,,1,1,1,x,y", "row 2 has a cell that stands below no column name"),
        (HEAD + "\ns1,q4,Other text.,1,1,1,x", "row 2, column text: it is not the text"),
        (HEAD + "\ns1,q4,,,,,x", "row 2, column comment: a comment without points is not kept"),
        (HEAD + '\ns1,q4,,1,1,1,"x', "row 2 is no row of a CSV file"),
        ("<html>", "row 1: the column 'student_id' is missing"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table, refusal):
    with pytest.raises(DataError) as refused:
        read_csv(table, [Essay("s1", ESSAY, "", "Text.", None)])
    assert refusal in str(refused.value)


def test_a_line_that_another_question_has_is_refused():
    second = Question("q5", "text", points=2, rubric=(("numbers", 2, ""),))
    texts = [Essay("s1", ESSAY, "", "x", None), Essay("s1", second, "", "x", None)]
    with pytest.raises(DataError, match="row 2, column 'numbers': q4 has no such line"):
        read_csv(HEAD + ",numbers\ns1,q4,x,1,1,1,,2", texts)
    twice = Question("q6", "text", points=2, rubric=(("a", 1, ""), ("a", 1, "")))
    with pytest.raises(ArgumentError, match="q6: two lines of its rubric have one name"):
        write_csv([Essay("s1", twice, "", "x", None)])


def test_what_a_spreadsheet_adds_is_no_fault():
    table = HEAD + ',,\n s1 ,q4,,2,"1,5",0.0,Fine,,\n,,,,,,,,\n\n'
    assert read_csv(table, [Essay("s1", ESSAY, "", "Text.", None)]) == [("s1", "q4", (2.0, 1.5, 0.0), "Fine")]
