"""The feedback page: what students read about their answers.

Proved: whatever a student hands in is shown and does nothing; states, points and totals are told in words; a page holds
nothing that is not seen. What is not: whether a mark is deserved.
"""

import re

import pytest
from pages import ESSAY, NUMBER, Read, all_states, hostile, page_of, shown

from crmlab.course.feedback_page import Section, render_feedback
from crmlab.course.grading import explain_wrong
from crmlab.course.markdown import to_html
from crmlab.errors import ArgumentError
from crmlab.exercise.form import Question
from crmlab.exercise.values import is_valid


def test_states_points_and_totals_are_told_in_words():
    text = Read(page_of(*all_states(), late=True, notes=["Your notebook stopped in cell 5: ZeroDivisionError."])).text
    assert "6.5 of 19 points" in text
    assert "4 more points wait for a reader." in text
    assert "Feedback for Ada Müller (s01)" in text
    assert "Handed in after the due date." in text
    assert "Your notebook stopped in cell 5" in text
    for said in (
        "✓ right, 2 of 2 points",
        "✗ not right, 0 of 1 point",
        "○ no answer, 0 of 2 points",
        "✎ marked by a reader, 4.5 of 6 points",
        "… waits for a reader, 4 points",
    ):
        assert said in text
    assert "Your answer: 41.25 (% of all prospects)" in text
    assert "a table of 30 rows" in text
    assert "region 19" in text
    assert "region 29" not in text
    assert "1.5 of 3 points" in text
    assert "somebody who calls this chance?" in text


@pytest.mark.parametrize(("late", "notes"), [(False, ()), (True, ()), (False, ["<b>"])])
def test_notes_are_there_only_if_there_are_any(late, notes):
    page = page_of(late=late, notes=notes)
    assert ('class="notes"' in page) == bool(late or notes)
    assert ("Handed in after the due date." in page) == late
    assert "0 of 0 points" in page
    assert "<b>" not in page


def test_the_overview_leads_to_each_question_and_adds_up():
    page = page_of(*all_states())
    overview, _, main = page.partition("</header>")
    rows = re.findall(
        r'<tr><th scope="row"><a href="#(question-\d)">(\w+)</a></th><td>(. [\w ]+)</td><td class="points">(\S+) of (\S+)</td>',
        overview,
    )
    assert [(name, *rest) for _, name, *rest in rows] == [
        ("q1", "✓ right", "2", "2"), ("q2", "✗ not right", "0", "1"), ("q3", "✗ not right", "0", "4"),
        ("q3b", "○ no answer", "0", "2"), ("q4", "✎ marked by a reader", "4.5", "6"), ("q5", "… waits for a reader", "–", "4"),
    ]  # fmt: skip
    earned, most = (sum(float(row[k].replace("–", "0")) for row in rows) for k in (3, 4))
    assert f"{earned:g} of {most:g} points" in overview
    assert re.findall(r'<section id="([\w-]+)"', main) == [row[0] for row in rows]
    assert overview.index('class="total"') < overview.index("<caption>Overview</caption>")
    assert overview.count('<th scope="col"') == 3
    assert "<table" not in page_of()


@pytest.mark.parametrize(
    ("asked", "heading", "rest"),
    [
        ("## Question 1 (2 points)\n\nHow many?", "Question 1 (2 points) <small>q1</small>", "<p>How many?</p>"),
        ("Find *it*\n=========\n", "Find <em>it</em> <small>q1</small>", ""),
        ("<!--all-->\n#### Of <!--r-->north<!--/--> & <b>", "Of north &amp; &lt;b&gt; <small>q1</small>", ""),
        ("How many?\n\n## Not first", "q1", "<p>How many?</p>\n<h3>Not first</h3>"),
        ("<h3>Raw</h3>", "q1", "<p>&lt;h3&gt;Raw&lt;/h3&gt;</p>"),
        ("##\n\nHow?\n\n## Later", "q1", "<h3></h3>\n<p>How?</p>\n<h3>Later</h3>"),
        ("", "q1", ""),
    ],
)
def test_an_authors_heading_is_the_sections_heading(asked, heading, rest):
    page = page_of(Section(NUMBER, asked, 1, "right", 2))
    assert re.findall("<h2>.*?</h2>", page) == [f"<h2>{heading}</h2>"]
    assert re.search('<div class="asked">(.*?)</div>', page, re.DOTALL)[1].strip() == rest


def test_one_point_waits():
    assert "1 more point waits for a reader." in page_of(Section(Question("q", "text", points=1), "", "x", "waiting", None))


@pytest.mark.parametrize(
    ("state", "expected"), [("right", False), ("wrong", True), ("no answer", True), ("marked", False), ("waiting", False)]
)
def test_a_hint_is_for_who_needs_it(state, expected):
    page = page_of(Section(NUMBER, "How many?", None if state == "no answer" else 4, state, 0))
    assert ("Divide by all prospects." in page) == expected


def test_a_hint_is_markdown_and_nothing_else():
    hint = "Divide by `len(prospects)`, **all** of them. <b>\n\n* [x](javascript:alert(1))"
    page = page_of(Section(Question("q1", "number", hint=hint), "", 1, "wrong", 0))
    assert "<p>Divide by <code>len(prospects)</code>, <strong>all</strong> of them. &lt;b&gt;</p>" in page
    assert '<a href="#harmful-link">' in page


def test_nothing_is_hidden_and_nothing_is_asked():
    page = page_of(*all_states(), late=True, notes=["A note."])
    read = Read(page)
    assert read.open == []
    assert read.comments == []
    words = (
        "html head meta title style body header h1 h2 h3 p ul li main section strong span div bdi table thead tbody tr th td "
        "caption a small code footer"
    )
    assert set(read.tags) <= set(words.split())
    names = {name for name, _ in read.attributes}
    assert names <= {"lang", "charset", "name", "content", "http-equiv", "class", "scope", "dir", "style", "id", "href"}
    assert {value[:10] for name, value in read.attributes if name == "href"} == {"#question-"}
    assert not re.search(r"display:\s*none|visibility|url\(|@import|hidden|opacity|<!--", page)
    assert "region north bought" in read.text
    policy = next(value for name, value in read.attributes if name == "content" and "src" in value)
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy
    assert ("lang", "en") in read.attributes


@hostile
@pytest.mark.parametrize("where", ["text", "number", "list", "table", "columns", "note", "title", "comment", "rubric", "hint"])
def test_whatever_a_student_writes_is_only_shown(words, where):
    question = Question("q", "text" if where == "text" else "number", hint=words if where == "hint" else "")
    answer = {"text": words, "number": words, "list": [1, words], "table": {"columns": ["a"], "rows": [[words]]},
              "columns": {"columns": [words], "rows": [[1]]}}.get(where, 1)  # fmt: skip
    line = Section(question, "Asked.", answer, "wrong", 0)
    if where in ("comment", "rubric"):
        line = Section(Question("q", "text", rubric=((words, 1, words),)), "Asked.", "Text.", "marked", 1, (1,), words)
    title = words if where == "title" else "Title"
    page = render_feedback(title, title, title, [line], late=False, notes=[words] if where == "note" else [])
    page.encode()
    harmless = render_feedback("x", "x", "x", [line], late=False, notes=["x"] if where == "note" else [])
    read = Read(page)
    assert read.open == []
    assert read.comments == []
    assert {"script", "img", "b"} & set(read.tags) == set()
    assert {value for name, value in read.attributes if name == "href"} <= {"#question-1", "#harmful-link"}
    assert read.tags.count("style") == 1
    assert {name for name, _ in read.attributes} <= {name for name, _ in Read(harmless).attributes} | {"class"}
    refused = answer != 1 and not is_valid(answer)
    assert (
        where == "hint"
        or (  # which is markdown
            "of a form that cannot be shown" if refused else shown(words)
        )
        in read.text
    )


def test_an_answer_that_no_notebook_makes_is_not_shown():
    for answer in ({"rows": 1}, {"columns": [], "rows": [[1]]}, [[1]], float("nan"), "x" * 6_001):
        assert "of a form that cannot be shown" in page_of(Section(NUMBER, "", answer, "wrong", 0))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("<!--channel-->**north**", "<p><strong>north</strong></p>"),
        ("a <!-- over\ntwo\n\nlines --> b", "<p>a  b</p>"),
        ("never closed <!-- secret", "<p>never closed</p>"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("[x](javascript:alert(1))", "#harmful-link"),
        ("# Large", "<h3>Large</h3>"),
        ("![a picture](http://192.0.2.1/x.png)", "<p>[a picture]</p>"),
        ("| a |\n|---|\n| 1 |", '<div class="wide"><table>'),
        ("3 < 4 & \"so\"", "3 &lt; 4 &amp;"),
    ],
)  # fmt: skip
def test_markdown_is_shown_and_nothing_else_is_believed(markdown, html):
    made = to_html(markdown)
    assert html in made
    assert "secret" not in made
    assert not re.search(r"<script|javascript:|<img|<!--", made)


def test_a_line_that_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match=r"q1: `state` must be one of right, .*; it is 'great'"):
        page_of(Section(NUMBER, "", 1, "great", 1))
    with pytest.raises(ArgumentError, match="q4: the rubric has 3 lines, but there are points for 2"):
        page_of(Section(ESSAY, "", "x", "marked", 3, (1, 2)))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (41.0, "This is the median."),
        (0.314, "a share where per cent are asked for"),
        (68.6, "This is the rest"),
        (31.0, "rounded too early"),
        (-2.0, "it must be between 0 and 100"),
        (50.0, ""),
    ],
)
def test_a_wrong_answer_is_told_what_it_shows(answer, said):
    question = Question("q1", "number", "% of all", tolerance=0.05, low=0, high=100)
    sheet = {"salt": "s", "misconceptions": {"q1": [["This is the median.", question.fingerprints(41.0, "s")]]}}
    slip = explain_wrong(question, answer, 31.4, sheet)
    assert said in slip
    assert bool(said) == bool(slip)
    text = Read(page_of(Section(question, "How many?", answer, "wrong", 0, slip=slip))).text
    assert ("What your answer shows: " in text) == bool(said)
    assert said in text
    assert "31.4" not in text
    assert "What your answer shows" not in Read(page_of(Section(question, "How many?", 31.4, "right", 1, slip="no"))).text
