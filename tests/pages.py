"""Pages for tests: an exercise's questions, what hostile students write into their answers, and a marking page to talk to."""

import html.parser
import http.client
import re
import threading
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import pytest

from crmlab.course.feedback_page import Section, render_feedback
from crmlab.course.rubric import Essay
from crmlab.course.rubric_page import serve
from crmlab.exercise.form import Question

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


def essays(count: int = 4, **earlier) -> list[Essay]:
    asked = "What do you **advise** the firm of region north<!--region-->? Write 80 to 150 words."
    text = "The firm should call its silent customers: 41 of them brought 12 % of revenue last year.\n\n"
    return [Essay(f"student-{k:02}", ESSAY, asked, f"{k}. " + text * (1 + k % 4), None, **earlier) for k in range(count)]


OTHERS = (("q1", "41 (orders)"), ("q2", "33.9 (% of the cases that have ended)"), ("q7", "-12.5, 3.1, 8.04 (%)"))


class MarkingPage:
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
