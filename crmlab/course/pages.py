"""Pages: what students read about their answers.

Functions from data to the text of one HTML page: it holds all it shows, runs no script, asks no network and prints well.
Answers come from students, so every word of theirs is escaped; of an author's markdown nothing but markdown is believed.
This room knows no key, so no page can hold one, and it neither opens a file nor decides about a point: marks arrive given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from crmlab import __version__
from crmlab._result import show
from crmlab.errors import ArgumentError
from crmlab.exercise.form import Question, count_words
from crmlab.exercise.values import Answer, is_valid

__all__ = ["Line", "feedback"]

_ROWS = 20  # of a table that a student gave

#: State of an answer -> its sign and its words; the colour of the bar beside it says nothing more.
_STATES = {
    "right": "✓ right",
    "wrong": "✗ not right",
    "no answer": "○ no answer",
    "waiting": "… waits for a reader",
    "marked": "✎ marked by a reader",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One question on a feedback page.

    Attributes
    ----------
    question : Question
    asked : str
        The author's question, as markdown; a heading at its beginning becomes that of the section.
    answer : plain JSON or None
        The student's own; None if there was none.
    state : str
        "right", "wrong", "no answer", "waiting" (a person still has to mark it) or "marked".
    points : float or None
        What was earned; None if that is not known yet.
    lines : tuple of float
        For a marked text: the points for each line of the question's rubric.
    comment : str
        Of the person who marked it.
    """

    question: Question
    asked: str
    answer: Answer | None
    state: str
    points: float | None
    lines: tuple[float, ...] = ()
    comment: str = ""


def feedback(title: str, student: str, name: str, lines: Sequence[Line], *, late: bool, notes: Sequence[str] = ()) -> str:
    """What a student reads about one exercise, as one HTML page.

    Parameters
    ----------
    title : str
        Of the exercise, in words.
    student : str
        The student's id.
    name : str
        The student's name, "" if it is not known.
    lines : sequence of Line
        In the order of the questions.
    late : bool
        Whether it was handed in after the due date.
    notes : sequence of str
        What else the student should know, such as the cell in which the notebook stopped.

    Returns
    -------
    str
        The page; write it as UTF-8.

    Raises
    ------
    ArgumentError
        A line has a state that does not exist, or other points than its question has rubric lines.

    Examples
    --------
    >>> from crmlab.course.pages import Line, feedback
    >>> from crmlab.exercise.form import Question
    >>> line = Line(Question("q1", "whole", unit="orders", points=2), "How many **orders**?", 41, "right", 2)
    >>> page = feedback("Relationships", "s01", "Ada", [line], late=False)
    >>> "2 of 2 points" in page, "How many <strong>orders</strong>?" in page, "41 (orders)" in page
    (True, True, True)
    """
    told = [*(["Handed in after the due date."] if late else []), *notes]
    listed = f'<ul class="notes">{"".join(f"<li>{safe(note)}</li>" for note in told)}</ul>' if told else ""
    who = f"<bdi>{safe(name)}</bdi> (<bdi>{safe(student)}</bdi>)" if name.strip() else f"<bdi>{safe(student)}</bdi>"
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(title)}: feedback</title><style>{STYLE}{_STYLE}</style></head><body><header><h1>{safe(title)}</h1>"
        f"<p>Feedback for {who}</p>{_total(lines)}{_overview(lines)}</header>{listed}"
        f"<main>{''.join(_section(line, number) for number, line in enumerate(lines, start=1))}</main>"
        f"<footer>Made by crmlab {__version__}. Whoever thinks that a mark is mistaken shows this page to the instructor."
        "</footer></body></html>\n"
    )


def _total(lines: Sequence[Line]) -> str:
    earned = sum(line.points or 0 for line in lines)
    waiting = sum(line.question.points for line in lines if line.state == "waiting")
    later = f"<p>{count(waiting)} more point{'s wait' if waiting != 1 else ' waits'} for a reader.</p>" if waiting else ""
    return f'<p class="total">{_of(earned, sum(line.question.points for line in lines))}</p>{later}'


def _overview(lines: Sequence[Line]) -> str:
    """All questions at a glance, each with the way to its section."""
    rows = ""
    for number, line in enumerate(lines, start=1):
        earned = "–" if line.state == "waiting" else count(line.points or 0)
        rows += (
            f'<tr><th scope="row"><a href="#question-{number}">{safe(line.question.name)}</a></th><td>{_state(line)}</td>'
            f'<td class="points">{earned} of {count(line.question.points)}</td></tr>'
        )
    head = '<th scope="col">Question</th><th scope="col">State</th><th scope="col" class="points">Points</th>'
    table = f'<table class="overview"><caption>Overview</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return table if lines else ""


def _state(line: Line) -> str:
    if line.state not in _STATES:
        raise ArgumentError(f"{line.question.name}: `state` must be one of {', '.join(_STATES)}; it is {line.state!r}.")
    return _STATES[line.state]


def _section(line: Line, number: int) -> str:
    asked = line.question
    heading, rest = headed(asked.name, line.asked)
    marks = _of(line.points or 0, asked.points) if line.state != "waiting" else _points(asked.points)
    hint = asked.hint if line.state in ("wrong", "no answer") else ""
    return (
        f'<section id="question-{number}" class="{line.state.replace(" ", "-")}">{heading}'
        f'<p class="state"><strong>{_state(line)}</strong>, <span>{marks}</span></p>'
        f'<div class="asked">{rest}</div>{_answer(asked, line.answer)}'
        + (f'<div class="hint"><strong>Hint:</strong> {asked_html(hint)}</div>' if hint else "")
        + (_reading(line) if line.state == "marked" else "")
        + "</section>"
    )


def _answer(question: Question, answer: Answer | None) -> str:
    """The student's own words and numbers; whatever they are, they are only shown."""
    if answer is None:
        return '<p class="answer"><strong>Your answer:</strong> none</p>'
    if not is_valid(answer):
        return '<p class="answer"><strong>Your answer:</strong> too large, or of a form that cannot be shown</p>'
    if question.kind == "text" and isinstance(answer, str):
        words = count_words(answer)
        return (
            f'<p class="answer"><strong>Your answer:</strong> {words} word{"s" if words != 1 else ""}</p>'
            f'<div class="text" dir="auto">{safe(answer)}</div>'
        )
    if not isinstance(answer, dict):
        return f'<p class="answer"><strong>Your answer:</strong> <bdi>{safe(question.as_text(answer))}</bdi></p>'
    columns, rows = answer["columns"], answer["rows"]
    head = "".join(f'<th scope="col"><bdi>{safe(name)}</bdi></th>' for name in columns)
    body = "".join(f"<tr>{''.join(f'<td><bdi>{safe(show(cell, 4))}</bdi></td>' for cell in row)}</tr>" for row in rows[:_ROWS])
    more = f"<p>The first {_ROWS} rows are shown.</p>" if len(rows) > _ROWS else ""
    return (
        f'<p class="answer"><strong>Your answer:</strong> a table of {len(rows)} row{"s" if len(rows) != 1 else ""}</p>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}'
    )


def _reading(line: Line) -> str:
    """What a reader gave for each line of the rubric, and said."""
    rubric = line.question.rubric
    if line.lines and len(line.lines) != len(rubric):
        raise ArgumentError(
            f"{line.question.name}: the rubric has {len(rubric)} lines, but there are points for {len(line.lines)}. "
            "The rubric has changed since: mark the text anew."
        )
    rows = "".join(
        f'<tr><th scope="row">{safe(name)}</th><td>{safe(what)}</td><td class="points">{_of(given, most)}</td></tr>'
        for (name, most, what), given in zip(rubric, line.lines, strict=False)
    )
    said = f'<p class="answer"><strong>Comment:</strong></p><div class="text" dir="auto">{safe(line.comment)}</div>'
    return (f'<table class="rubric"><tbody>{rows}</tbody></table>' if rows else "") + (said if line.comment else "")


def count(points: float) -> str:
    """Points as a number: no zeros behind the dot.

    >>> count(2.0), count(0.5)
    ('2', '0.5')
    """
    return show(float(points), 2)


def _points(points: float) -> str:
    return f"{count(points)} point{'s' if points != 1 else ''}"


def _of(earned: float, most: float) -> str:
    return f"{count(earned)} of {_points(most)}"


# Half a character of UTF-16 cannot be written to a file, and a control character has no picture.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def fit(text: str) -> str:
    """A text that can be written and shown: whatever is no character becomes the replacement character."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def safe(text: str) -> str:
    """A text as HTML that means nothing but itself, between tags and in quoted attributes.

    >>> safe('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return escape(fit(text))


def asked_html(markdown: str) -> str:
    """An author's markdown as HTML: comments vanish, raw HTML shows as it is written, pictures as their description.

    >>> asked_html("Of region north<!--region--> <b>only</b>")
    '<p>Of region north &lt;b&gt;only&lt;/b&gt;</p>\\n'
    """
    return _renderer()(re.sub(r"<!--.*?(?:-->|\Z)", "", fit(markdown), flags=re.DOTALL))


def headed(name: str, markdown: str) -> tuple[str, str]:
    """A question as its heading and the rest, as HTML: the author's own heading if the markdown begins with one, else its name.

    >>> headed("q1", "## Question 1\\n\\nHow many?")
    ('<h2>Question 1 <small>q1</small></h2>', '<p>How many?</p>\\n')
    >>> headed("q1", "How many?")
    ('<h2>q1</h2>', '<p>How many?</p>\\n')
    """
    made = asked_html(markdown)
    own = re.match(r"<h([3-6])>(.*?)</h\1>\s*", made, re.DOTALL)
    if not (own and own[2]):
        return f"<h2>{safe(name)}</h2>", made
    return f"<h2>{own[2]} <small>{safe(name)}</small></h2>", made[own.end() :]


@cache
def _renderer():
    # Only whoever renders waits for mistune, which comes with JupyterLab.
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def heading(self, text: str, level: int, **attrs: object) -> str:
            return super().heading(text, max(3, min(level + 1, 6)))  # the page itself has h1 and h2

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return f"[{text}]"  # it lies beside the notebook, and a page holds all it shows

        def table(self, text: str) -> str:
            return f'<div class="wide"><table>{text}</table></div>'

    return mistune.create_markdown(escape=True, renderer=Renderer(), plugins=["table"])


#: What every page of a course looks like. Bars carry the colours, since as letters they would be too pale to read.
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #222; background: #fff; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
h1 { line-height: 1.2; margin: 0; } h2 { line-height: 1.2; margin: 0; font-size: 1.3rem; }
h2 small { font-size: 1rem; font-weight: normal; color: #555; margin-left: .3rem; }
h3, h4, h5, h6 { font-size: 1.05rem; margin: .8rem 0 .3rem; }
a { color: #0059a0; } code { font-size: .9em; background: #f3f3f3; padding: .1em .3em; border-radius: .2rem; }
pre { overflow-x: auto; background: #f3f3f3; padding: .5rem .8rem; border-radius: .3rem; } pre code { padding: 0; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
caption { text-align: left; font-weight: bold; } thead th { border-bottom: 2px solid #999; } .wide { overflow-x: auto; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; background: #f7f7f7; border: 1px solid #ddd; border-radius: .3rem;
  padding: .6rem .9rem; }
.asked > :first-child { margin-top: 0; } .asked > :last-child { margin-bottom: 0; }
"""
_STYLE = """
header p { margin: .2rem 0; } .total { font-size: 1.6rem; font-weight: bold; }
.notes { border-left: .35rem solid #d55e00; margin: 1.2rem 0; padding: .4rem 1rem .4rem 2rem; white-space: pre-wrap;
  overflow-wrap: anywhere; }
section { border-left: .35rem solid #888; padding: .1rem 0 .3rem 1.1rem; margin: 2.2rem 0; }
.right { border-color: #009e73; } .wrong, .no-answer { border-color: #d55e00; } .waiting, .marked { border-color: #0072b2; }
.state { margin: .2rem 0 .8rem; } .state span { white-space: nowrap; }
.answer { margin: .8rem 0 .4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.hint { border: 1px solid #888; border-radius: .3rem; padding: .5rem .9rem; margin: .8rem 0 0; }
.hint > strong + p { display: inline; } .hint > :last-child { margin-bottom: 0; }
.overview { margin: 1.2rem 0 0; } .overview caption, .overview th:first-child { padding-left: 0; }
.overview th[scope=row] { font-weight: normal; }
.rubric { width: 100%; margin-top: 1rem; } .rubric th { padding-left: 0; }
.points { white-space: nowrap; text-align: right; padding-right: 0; }
footer { margin-top: 3rem; color: #555; font-size: .85rem; border-top: 1px solid #ddd; padding-top: .7rem; }
@media (max-width: 30rem) { body { margin: 1rem auto; } section { padding-left: .7rem; }
  .rubric th, .rubric td { display: block; border: 0; padding: .1rem 0; text-align: left; }
  .rubric tr { display: block; border-bottom: 1px solid #ddd; padding: .4rem 0; } }
@media print { body { max-width: none; margin: 0; font-size: 11pt; } h2, .state { break-after: avoid; }
  .hint, .asked, .overview { break-inside: avoid; } .wide, pre { overflow: visible; } a { color: inherit; } }
"""
