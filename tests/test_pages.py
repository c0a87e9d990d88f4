"""Pages of a course: what students read, and the page on which a person marks.

What is proved here: whatever a student hands in is shown and does nothing; a feedback page tells states and points and holds
nothing that is not seen; the marking page answers only whom it should, keeps each mark or says that it did not, names nobody,
and can be used from the keyboard in a real browser; a table of marks comes back as it was. What is not: whether a mark is
deserved.

Set CRMLAB_SCREENSHOTS to a folder to keep pictures of both pages.
"""

import csv
import html.parser
import http.client
import io
import json
import os
import re
import signal
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import browser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from crmlab.course.feedback_page import Section, render_feedback
from crmlab.course.markdown import to_html
from crmlab.course.rubric import Essay
from crmlab.course.rubric_page import serve
from crmlab.course.rubric_table import read_csv, write_csv
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Question
from crmlab.exercise.values import is_valid

RUBRIC = (
    ("evidence", 2, "Names at least one number from the firm's own data, with its unit."),
    ("reasoning", 3, "Says why the number supports the advice, and what speaks against it."),
    ("language", 1, "A manager understands it at first reading."),
)
ESSAY = Question("q4", "text", points=6, words=(80, 150), rubric=RUBRIC)
NUMBER = Question("q1", "number", unit="% of all prospects", points=2, tolerance=0.05, hint="Divide by all prospects.")
TABLE = Question("q3", "table", points=4, columns=("region", "churn"), hint="Group by region first.")

HOSTILE = [
    "<script>alert(1)</script>",
    "</div></section></main><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "<!-- --><style>*{display:none}</style>",
    "<!--",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "![x](javascript:alert(1)) [y](javascript:alert(1)) <javascript:alert(1)>",
    "客户关系管理不是软件，而是一种态度。",
    "\u202eright to left\u2066 and never back",
    "nul\x00, bell\x07, escape\x1b[2J, half a pair \ud800",
    "  two  spaces\n\tand a tab  ",
    "x" * 6_000,
    "言" * 6_000,
]
hostile = pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))


class Read(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.comments, self.text, self.open = [], [], [], "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in ("meta", "input", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        self.comments.append(data)

    def handle_data(self, data):
        self.text += data if "style" not in self.open and "script" not in self.open else ""


def shown(words: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "\ufffd", words)


def page_of(*lines: Section, late: bool = False, notes=()) -> str:
    return render_feedback("Relationships", "s01", "Ada Müller", lines, late=late, notes=notes)


# -- Feedback -----------------------------------------------------------------------------------------------------


def all_states() -> list[Section]:
    advice = "Call the 41 customers who have been silent since March.\n\n  They brought 12 % of revenue.\n" + "And so on. " * 40
    table = {"columns": ["region", "churn"], "rows": [[f"region {k}", k / 7] for k in range(30)]}
    asked = "## Question 1 (2 points)\n\nWhich **share** of all prospects of region north<!--region--> bought?\n\n"
    asked += "| year | prospects |\n|---|---:|\n| 2024 | 1,200 |\n\nUse `data('orders')`."
    said = "Clear, and it names its evidence.\nWhat would you say to somebody who calls this chance?"
    return [
        Section(NUMBER, asked, 41.25, "right", 2),
        Section(Question("q2", "choice", points=1, choices=("yes", "no"), hint="Look at the interval."),
                "Is it more than chance?", "no", "wrong", 0),
        Section(TABLE, "Churn of each region.", table, "wrong", 0),
        Section(Question("q3b", "list", unit="customers", points=2, hint="Sort."), "The three largest.", None, "no answer", 0),
        Section(ESSAY, "What do you advise?", advice, "marked", 4.5, (2, 1.5, 1), said),
        Section(Question("q5", "text", points=4, rubric=(("all", 4, "All."),)), "And why?", "客户关系管理。" * 60,
             "waiting", None),
    ]  # fmt: skip


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
    assert [(name, *told) for _, name, *told in rows] == [
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
    ("state", "told"), [("right", False), ("wrong", True), ("no answer", True), ("marked", False), ("waiting", False)]
)
def test_a_hint_is_for_who_needs_it(state, told):
    page = page_of(Section(NUMBER, "How many?", None if state == "no answer" else 4, state, 0))
    assert ("Divide by all prospects." in page) == told


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


# -- The marking page ---------------------------------------------------------------------------------------------


def essays(count: int = 4, **earlier) -> list[Essay]:
    asked = "What do you **advise** the firm of region north<!--region-->? Write 80 to 150 words."
    text = "The firm should call its silent customers: 41 of them brought 12 % of revenue last year.\n\n"
    return [Essay(f"student-{k:02}", ESSAY, asked, f"{k}. " + text * (1 + k % 4), None, **earlier) for k in range(count)]


OTHERS = (("q1", "41 (orders)"), ("q2", "33.9 (% of the cases that have ended)"), ("q7", "-12.5, 3.1, 8.04 (%)"))


class Desk:
    """A marking page that is open, what it has saved, and a way to ask it."""

    def __init__(self, texts: list[Essay], **options) -> None:
        self.saved, self.fail, self.texts = [], None, texts
        self._told: list[str] = []
        ready = threading.Event()

        def started(address: str) -> None:
            self._told.append(address)
            ready.set()

        self.thread = threading.Thread(
            target=serve, args=("Relationships", texts, self.save), kwargs={"started": started, **options}, daemon=True
        )
        self.thread.start()
        assert ready.wait(10)
        self.url = self._told[0]
        self.host, self.path = urlsplit(self.url).netloc, urlsplit(self.url).path
        self.home = {"Host": self.host, "Origin": f"http://{self.host}", "Accept": "application/json"}

    def save(self, *mark) -> None:
        if self.fail:
            raise self.fail
        self.saved.append(mark)

    def ask(self, method: str = "GET", path: str | None = None, body: object = None, **headers: str | None):
        """Status, headers and text of the answer; a header of None is left out."""
        if isinstance(body, dict):
            body = urlencode(body)
        sent = (self.home if method == "POST" else {"Host": self.host}) | {k.replace("_", "-"): v for k, v in headers.items()}
        with closing(http.client.HTTPConnection(self.host, timeout=10)) as connection:
            connection.putrequest(method, self.path if path is None else path, skip_host=True)
            for name, value in ({"Content-Length": str(len(body))} if body is not None else {} | {}).items():
                sent.setdefault(name, value)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body.encode() if body is not None else None)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def mark(self, number: object = 1, points=(2, 1.5, 1), comment: str = "Good.", **headers):
        given = {f"points{k}": each for k, each in enumerate(points)}
        return self.ask("POST", self.path + "save", {"text": number, **given, "comment": comment}, **headers)

    def done(self):
        return self.ask("POST", self.path + "done", {})


@pytest.fixture
def desk():
    desk = Desk(essays())
    yield desk
    if desk.thread.is_alive():
        desk.done()
        desk.thread.join(5)
    assert not desk.thread.is_alive()


def test_only_the_address_with_its_secret_is_answered(desk):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", desk.url)
    for path in ("/", "/favicon.ico", desk.path[:-2] + "/", "/?" + desk.path):
        status, _, text = desk.ask(path=path)
        assert status == 403
        assert "silent customers" not in text
        assert desk.path.strip("/") not in text
    assert desk.ask("POST", "/save", {"text": 1})[0] == 403
    assert desk.ask("POST", "/done", {})[0] == 403
    assert desk.ask()[0] == 200
    assert desk.ask(path=desk.path + "else")[0] == 404
    assert desk.ask("POST", desk.path + "else", {})[0] == 404
    assert desk.ask("DELETE")[0] == 501
    with socket.create_connection(tuple(desk.host.split(":")), timeout=10) as connection:
        connection.sendall(f"GET /é/ HTTP/1.0\r\nHost: {desk.host}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.0 403"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "", None])
def test_another_name_for_this_computer_is_refused(desk, host):
    assert desk.ask(Host=host)[0] == 403
    assert desk.mark(Host=host)[0] == 403
    assert desk.saved == []


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": None}, {"Sec_Fetch_Site": "cross-site"},
     {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}],
    ids=str,
)  # fmt: skip
def test_a_form_from_another_page_is_refused(desk, headers):
    assert desk.mark(**headers)[0] == 403
    assert desk.ask("POST", desk.path + "done", {}, **headers)[0] == 403
    assert desk.saved == []
    assert desk.ask()[0] == 200


def test_the_page_is_closed_to_others(desk):
    _, headers, page = desk.ask()
    policy = headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]{20,})'", policy)[1]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert page.count(f'nonce="{nonce}"') == 2
    assert nonce not in desk.ask()[2]
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("same-origin", "no-store")
    assert Read(page).open == []
    assert "http://" not in page


def test_no_name_is_on_the_page_and_the_order_is_not_the_rosters(desk):
    texts, asked = desk.texts, desk.ask
    page = asked()[2]
    assert "student" not in page.replace("Comment for the student", "")
    order = [int(number) for number in re.findall(r">(\d)\. The firm", page)]
    assert sorted(order) == [0, 1, 2, 3]
    assert order != [0, 1, 2, 3]
    assert re.findall(r"Text \d of 4", page) == [f"Text {number} of 4" for number in (1, 2, 3, 4)]
    other = Desk(texts[::-1])
    assert [int(number) for number in re.findall(r">(\d)\. The firm", other.ask()[2])] == order
    other.done()


def test_texts_of_one_question_stand_together_and_it_is_asked_once():
    second = Question("q5", "text", points=1, rubric=(("all", 1, "All."),))
    mixed = [each for e in essays(6) for each in (e, Essay(e.student, second, "And **why**?", "Why not.", None))]
    desk = Desk(mixed)
    page = desk.ask()[2]
    assert page.count("<strong>why</strong>") == page.count("<strong>advise</strong>") == 1
    assert page.index("Why not.") > page.rindex("The firm should")
    assert "words; asked for: 80 to 150" in page
    desk.done()


def test_other_answers_of_the_student_lie_closed_beside_a_text():
    first, second = essays(2, others=(("q1", "41 (orders)"), ("q2", "33.9 (%)")))
    desk = Desk([first, replace(second, others=())])
    page = desk.ask()[2]
    details = re.findall("<details>(.*?)</details>", page, re.DOTALL)
    assert len(details) == 1
    assert details[0].startswith("<summary>Other answers of this student</summary>")
    assert '<th scope="row">q1</th><td><bdi>41 (orders)</bdi></td>' in details[0]
    assert page.index(details[0]) > page.index("0. The firm") > page.index("<article")
    assert "student-" not in page
    desk.done()


def test_an_authors_heading_heads_the_texts():
    desk = Desk([replace(each, asked="## Memo (6 points)\n\nWhat now?") for each in essays(2)])
    assert '<section class="asked"><h2>Memo (6 points) <small>q4</small></h2><p>What now?</p>' in desk.ask()[2]
    desk.done()


def test_a_mark_is_saved_and_stays(desk):
    status, _, text = desk.mark(2, ("1", "0.5", "0,5"), "两个\r\nlines & <b>")
    assert (status, json.loads(text)) == (200, {"saved": True, "words": "saved: 2 of 6 points", "marked": 1})
    (student, question, points, comment), page = desk.saved[0], desk.ask()[2]
    texts = re.findall(r">(\d)\. The firm", page)
    assert (student, question, points, comment) == (f"student-0{texts[1]}", "q4", (1.0, 0.5, 0.5), "两个\nlines & <b>")
    assert "1 of 4 marked" in page
    assert "saved: 2 of 6 points" in page
    assert 'href="#text-1">Next to mark' in page
    form = page.partition('id="text-2"')[2].partition("</article>")[0]
    assert re.findall(r'name="(points\d)" value="([\d.]+)" required checked', form) == [
        ("points0", "1"), ("points1", "0.5"), ("points2", "0.5"),
    ]  # fmt: skip
    assert "\n两个\nlines &amp; &lt;b&gt;</textarea>" in form
    assert desk.mark(2, (2, 3, 1))[0] == 200
    assert [mark[2] for mark in desk.saved] == [(1.0, 0.5, 0.5), (2.0, 3.0, 1.0)]


def test_without_a_script_a_form_does_the_same(desk):
    status, headers, _ = desk.mark(3, Accept="text/html")
    assert (status, headers["Location"]) == (303, f"{desk.path}#text-3")
    assert len(desk.saved) == 1
    status, _, text = desk.mark(3, (9, 9, 9), Accept="text/html")
    assert (status, "not saved" in text, "<!DOCTYPE html>" in text) == (400, True, True)


@pytest.mark.parametrize("points", [(2.5, 1, 1), (-1, 1, 1), (0.3, 1, 1), ("nan", 1, 1), ("", 1, 1), (1, 1), ("1e0", 1, 1),
                                    ("１", 1, 1), ("inf", 1, 1), ("<b>", 1, 1), (1, 3.5, 1)], ids=str)  # fmt: skip
def test_points_that_cannot_be_are_refused(desk, points):
    status, _, text = desk.mark(1, points)
    assert status == 400
    assert re.search(
        "not saved: the points for (evidence|reasoning|language) must be between 0 and [123], in steps of 0.5", text
    )
    assert desk.saved == []


@pytest.mark.parametrize("number", ["0", "5", "-1", "", "x", "1.0", "१", "9" * 5_000, "01"])
def test_an_unknown_text_is_not_found(desk, number):
    assert desk.mark(number)[0] == 404
    assert desk.saved == []


def test_what_is_too_long_is_refused(desk):
    assert desk.mark(comment="x" * 4_001)[0] == 400
    assert desk.mark(comment="言" * 4_000)[0] == 200
    for length, status in [("65537", 413), ("9" * 30, 411), ("-1", 411), ("x", 411), (None, 411)]:
        assert desk.ask("POST", desk.path + "save", None, Content_Length=length)[0] == status
    assert desk.ask("POST", desk.path + "save", "text=%ff&points0=1")[0] == 400
    assert desk.ask("POST", desk.path + "save", "text=1&" + "a=1&" * 300)[0] == 400
    assert desk.ask("POST", desk.path + "save", "é" * 4, Content_Length="8")[0] == 400
    assert len(desk.saved) == 1


@pytest.mark.parametrize(
    ("error", "words"), [(OSError("the disk is full <b>"), "the disk is full <b>"), (KeyError(), "KeyError")]
)
def test_a_mark_that_could_not_be_kept_is_told(desk, error, words):
    desk.fail = error
    status, _, text = desk.mark()
    assert (status, json.loads(text)) == (500, {"saved": False, "words": f"not saved: {words}", "marked": 0})
    assert "<b>" not in desk.mark(Accept="text/html")[2]
    assert "0 of 4 marked" in desk.ask()[2]
    desk.fail = None
    assert desk.mark()[0] == 200


def test_marks_are_kept_one_at_a_time():
    inside, most = [], []

    class Slow(Desk):
        def save(self, *mark):
            inside.append(mark)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    desk = Slow(essays())
    threads = [threading.Thread(target=desk.mark, args=(1 + k % 4,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.done()
    assert most == [1] * 8


def test_earlier_marks_are_shown_and_a_changed_text_is_looked_at_again():
    first, second, third, fourth = essays()
    old = {"points": (2, 2.5, 0.5), "comment": "</textarea><script>alert(1)</script>"}
    make = lambda essay, **more: Essay(essay.student, ESSAY, essay.asked, essay.text, **more)  # noqa: E731
    desk = Desk([make(first, **old), make(second, **old, changed=True), make(third, points=(1,)), fourth])
    page = desk.ask()[2]
    assert "1 of 4 marked" in page
    assert page.count("marked before; the text has changed since") == 1
    assert page.count("saved: 5 of 6 points") == 1
    assert page.count('value="2.5" required checked') == 2
    assert page.count("<script") == 1
    number = re.search(r'id="text-(\d)"(?:(?!<article).)*data-state="changed"', page, re.DOTALL)[1]
    assert desk.mark(number, (2, 2.5, 0.5))[0] == 200
    assert "changed since" not in desk.ask()[2]
    assert desk.saved[0][0] == second.student
    desk.done()


@hostile
def test_a_hostile_text_is_only_shown_on_the_marking_page(words):
    asked = Question("q4", "text", points=1, rubric=((words, 1, words),))
    desk = Desk([Essay(words, asked, words, words, (1,), words, others=((words, words),))])
    page = desk.ask()[2]
    read = Read(page)
    assert Read(page.partition("<details>")[2].partition("</details>")[0]).text.count(shown(words)) == 2
    assert read.open == []
    assert read.comments == []
    assert (read.tags.count("script"), read.tags.count("style")) == (1, 1)
    assert {"img", "b"} & set(read.tags) == set()
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert shown(words) in read.text
    assert desk.mark(1, (1,))[0] == 200
    desk.done()


def test_done_ends_it_and_nothing_is_saved_afterwards(desk):
    status, _, text = desk.ask("POST", desk.path + "done", {}, Accept="text/html")
    assert status == 200
    assert "0 of 4 texts are marked. You can close this page." in text
    desk.thread.join(5)
    assert not desk.thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        desk.mark()


def test_the_end_waits_for_a_mark_on_its_way():
    begun, go_on, saved = threading.Event(), threading.Event(), []

    class Slow(Desk):
        def save(self, *mark):
            begun.set()
            assert go_on.wait(10)
            saved.append(mark)

    desk = Slow(essays())
    marking = threading.Thread(target=desk.mark)
    marking.start()
    assert begun.wait(10)
    ending = threading.Thread(target=desk.done)
    ending.start()
    desk.thread.join(1)
    assert desk.thread.is_alive()
    go_on.set()
    for thread in (desk.thread, marking, ending):
        thread.join(10)
        assert not thread.is_alive()
    assert len(saved) == 1


def test_a_mark_that_comes_after_the_end_is_told_so(desk):
    body = urlencode({"text": 1, "points0": 1, "points1": 1, "points2": 1, "comment": ""})
    with closing(http.client.HTTPConnection(desk.host, timeout=10)) as connection:
        connection.putrequest("POST", desk.path + "save")
        for name, value in (desk.home | {"Content-Length": str(len(body))}).items():
            if name != "Host":
                connection.putheader(name, value)
        connection.endheaders()
        time.sleep(0.5)
        desk.done()
        desk.thread.join(5)
        connection.send(body.encode())
        answer = connection.getresponse()
        assert answer.status == 503
        assert json.loads(answer.read())["words"] == "not saved: marking has ended. Start it again."
    assert desk.saved == []


def test_it_ends_by_itself_when_nobody_uses_it():
    desk = Desk(essays(), idle_seconds=1.5)
    for _ in range(4):
        time.sleep(0.6)
        assert desk.ask()[0] == 200
    desk.thread.join(10)
    assert not desk.thread.is_alive()


def test_a_stranger_does_not_keep_it_awake():
    desk = Desk(essays(), idle_seconds=1)
    began = time.monotonic()
    while desk.thread.is_alive() and time.monotonic() < began + 8:
        try:
            desk.ask(path="/")
        except OSError:
            break
        time.sleep(0.2)
    desk.thread.join(5)
    assert time.monotonic() < began + 8


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for it that a test could send")
def test_ctrl_c_ends_it():
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    # a shell starts what runs in the background deaf to Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve("x", essays(), print, started=lambda _: threading.Timer(0.5, interrupt).start())
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C went through")
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_cannot_be_served_is_refused():
    with pytest.raises(DataError, match="there is no text to mark\\. Take the submissions in first"):
        serve("x", [], print, started=print)
    desk = Desk(essays())
    taken = int(desk.host.partition(":")[2])
    for port in (taken, 70_000):
        with pytest.raises(ArgumentError, match=f"`port` {port} cannot be used .* Give another one"):
            serve("x", essays(), print, started=print, port=port)
    desk.done()


def test_nothing_is_logged(desk, capfd):
    desk.ask()
    desk.mark()
    desk.ask(path="/")
    with closing(http.client.HTTPConnection(desk.host, timeout=10)) as connection:  # gone before it is answered
        connection.putrequest("POST", desk.path + "save")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"text=")
    time.sleep(0.3)
    assert capfd.readouterr() == ("", "")


# -- In a browser -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    path = browser.find_chromium() or pytest.skip(
        "no Chromium found: install one (Debian: sudo apt install chromium) or name it in CRM_CHROMIUM"
    )
    with browser.browse(path, tmp_path_factory.mktemp("chromium")) as context:
        context.set_default_timeout(20_000)
        yield context


@pytest.fixture
def tab(chromium):
    """A page of the browser; whatever a script of it complains about, or says in a dialog, is an error."""
    page, wrong = chromium.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(f"{said.text} {said.location}") if said.type == "error" else None)
    yield page
    page.close()
    assert [each for each in wrong if "favicon" not in each] == []


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = Path(os.environ.get("CRMLAB_SCREENSHOTS") or tmp_path_factory.mktemp("photos"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("width", [1280, 360])
def test_feedback_in_a_browser(tab, tmp_path, photos, width):
    notes = ["Your notebook stopped in cell 5: ZeroDivisionError: division by zero. The answers before it are marked."]
    lines = [*all_states(), *(Section(ESSAY, "And this?", words, "marked", 1, (1, 0, 0), words) for words in HOSTILE)]
    (tmp_path / "feedback.html").write_text(page_of(*lines, late=True, notes=notes), encoding="utf-8")
    tab.set_viewport_size({"width": width, "height": 900})
    tab.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    tab.goto((tmp_path / "feedback.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
    assert tab.locator("script, img, textarea").count() == 0
    # what is in the page is also seen
    assert tab.evaluate("[...document.querySelectorAll('body *')].filter(it => !it.checkVisibility()).length") == 0
    seen = tab.locator("section .text").all_inner_texts()
    assert {shown(words) for words in HOSTILE} <= set(seen)
    (tmp_path / "short.html").write_text(page_of(*all_states(), late=True, notes=notes), encoding="utf-8")
    tab.goto((tmp_path / "short.html").as_uri())
    tab.screenshot(path=photos / f"feedback-{width}.png", full_page=True)
    if width > 1000:
        tab.pdf(path=photos / "feedback.pdf", format="A4")


def test_an_essay_is_marked_by_keyboard_only(tab, photos):
    desk = Desk([replace(each, asked=f"## Memo (6 points)\n\n{each.asked}") for each in essays(3, others=OTHERS)])
    tab.goto(desk.url)
    expect(tab.get_by_role("status").first).to_have_text("0 of 3 marked")
    tab.screenshot(path=photos / "marking-before.png", full_page=True)
    first, press = tab.get_by_role("article").first, tab.keyboard.press
    state = first.locator("output")
    expect(state).to_have_text("not marked yet")
    press("Tab")  # the link to the next text
    expect(tab.get_by_role("link", name="Next to mark")).to_be_focused()
    press("Enter")
    press("Tab")  # the student's other answers
    cell = first.get_by_role("cell", name="41 (orders)")
    expect(cell).to_be_hidden()
    press("Enter")
    expect(cell).to_be_visible()
    tab.screenshot(path=photos / "marking-others.png")
    press("Tab")
    press("ArrowRight")
    expect(state).to_have_text("not saved yet: 2 more lines to mark")
    expect(first.get_by_role("group", name="evidence").get_by_role("radio", name="1", exact=True)).to_be_checked()
    press("Tab")
    press("ArrowRight")
    press("ArrowRight")
    assert desk.saved == []
    press("Tab")
    press("Space")
    expect(state).to_have_text("saved: 4 of 6 points")
    expect(tab.locator("#progress")).to_have_text("1 of 3 marked")
    assert desk.saved[-1][2:] == ((1.0, 3.0, 0.0), "")
    press("Tab")
    tab.keyboard.type("Which number\nsays so? 很好")
    expect(state).to_have_text("not saved yet")
    press("Tab")
    expect(state).to_have_text("saved: 4 of 6 points")
    assert desk.saved[-1][2:] == ((1.0, 3.0, 0.0), "Which number\nsays so? 很好")
    assert tab.get_by_role("link", name="Next to mark").get_attribute("href") == "#text-2"
    tab.screenshot(path=photos / "marking-after.png", full_page=True)
    tab.reload()
    expect(tab.locator("#progress")).to_have_text("1 of 3 marked")
    expect(first.get_by_role("textbox")).to_have_value("Which number\nsays so? 很好")
    tab.get_by_role("button", name="Done").focus()
    press("Enter")
    expect(tab.get_by_role("main")).to_have_text("1 of 3 texts are marked. You can close this page.")
    desk.thread.join(5)
    assert not desk.thread.is_alive()


def test_what_changes_while_a_mark_is_being_saved_is_saved_after_it(tab):
    go_on = threading.Event()

    class Slow(Desk):
        def save(self, *mark):
            assert go_on.wait(20)
            self.saved.append(mark)

    desk = Slow(essays(1))
    tab.goto(desk.url)
    groups = tab.get_by_role("group")
    for k in range(3):
        groups.nth(k).get_by_role("radio").first.check()
    expect(tab.locator("output")).to_have_text("saving ...")
    for k in (1, 2, 0, 1):
        groups.nth(1).get_by_role("radio").nth(k).check()
    tab.get_by_role("textbox").fill("The last word.")
    tab.get_by_role("button", name="Done").click()
    go_on.set()
    expect(tab.get_by_role("main")).to_have_text("1 of 1 texts are marked. You can close this page.")
    assert [mark[2:] for mark in desk.saved] == [((0.0, 0.0, 0.0), ""), ((0.0, 1.5, 0.0), "The last word.")]


def test_the_page_tells_what_was_not_saved(chromium, photos):
    tab, desk = chromium.new_page(), Desk([*essays(2), Essay("late", ESSAY, "", "Longer.", (2, 3, 1), "Old.", changed=True)])
    desk.fail = OSError("the disk is full")
    tab.goto(desk.url)
    number = tab.locator("article", has=tab.locator(".changed")).get_attribute("id")
    changed = tab.locator(f"#{number}")
    expect(changed.get_by_role("button", name="Save")).to_be_visible()
    expect(changed.locator("output")).to_have_text("not saved: look at the points again")
    changed.get_by_role("button", name="Save").click()
    expect(changed.locator("output")).to_have_text("not saved: the disk is full")
    tab.screenshot(path=photos / "marking-failed.png", full_page=True)
    expect(tab.locator("#progress")).to_have_text("0 of 3 marked")
    desk.fail = None
    changed.get_by_role("button", name="Save").click()
    expect(changed.locator("output")).to_have_text("saved: 6 of 6 points")
    expect(tab.locator(".changed")).to_have_count(0)
    expect(tab.locator("#progress")).to_have_text("1 of 3 marked")
    desk.done()
    desk.thread.join(5)
    tab.get_by_role("article").last.get_by_role("textbox").fill("Too late.")
    for group in tab.get_by_role("article").last.get_by_role("group").all():
        group.get_by_role("radio").last.check()
    expect(tab.get_by_role("article").last.locator("output")).to_contain_text("not saved: nobody answers")
    tab.close()


def test_the_marking_page_on_a_phone(tab, photos):
    desk = Desk(
        [*essays(2), *(Essay(f"x{k}", ESSAY, "", words, None, others=((words, words),)) for k, words in enumerate(HOSTILE))]
    )
    tab.set_viewport_size({"width": 360, "height": 800})
    tab.goto(desk.url)
    for summary in tab.locator("summary").all():
        summary.click()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.screenshot(path=photos / "marking-phone.png")
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.goto(desk.url + "#text-4")
    tab.screenshot(path=photos / "marking-hostile.png")
    desk.done()


# -- As a table ---------------------------------------------------------------------------------------------------

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
    ("table", "told"),
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
def test_a_table_that_does_not_fit_is_refused(table, told):
    with pytest.raises(DataError) as refused:
        read_csv(table, [Essay("s1", ESSAY, "", "Text.", None)])
    assert told in str(refused.value)


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
