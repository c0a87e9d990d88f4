"""The feedback page: what a student reads about their answers.

``render_feedback`` turns questions, answers and points into the text of one HTML page: it holds all it shows, runs no script,
asks no network and prints well. This room knows no key, so no page can hold one, and it neither opens a file nor decides about
a point. How the page looks is known to its template, ``course/feedback.html``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmlab import _page
from crmlab._result import show
from crmlab.course.markdown import split_heading, to_html
from crmlab.errors import ArgumentError
from crmlab.exercise.form import Question, count_words
from crmlab.exercise.values import Answer, is_valid

_MOST_ROWS = 20  # of a table that a student gave

#: State of an answer -> its sign and its words; the colour of the bar beside it says nothing more.
_STATES = {
    "right": "✓ right",
    "wrong": "✗ not right",
    "no answer": "○ no answer",
    "waiting": "… waits for a reader",
    "marked": "✎ marked by a reader",
}


@dataclass(frozen=True, slots=True)
class Section:
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
    slip : str
        What a wrong answer shows: a misconception, or a slip that befalls every number; "" if neither is known.
    """

    question: Question
    asked: str
    answer: Answer | None
    state: str
    points: float | None
    lines: tuple[float, ...] = ()
    comment: str = ""
    slip: str = ""


def render_feedback(
    title: str, student: str, name: str, sections: Sequence[Section], *, late: bool, notes: Sequence[str] = ()
) -> str:
    """Write what a student reads about one exercise, as one HTML page.

    Parameters
    ----------
    title : str
        Of the exercise, in words.
    student : str
        The student's id.
    name : str
        The student's name, "" if it is not known.
    sections : sequence of Section
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
        A section has a state that does not exist, or other points than its question has rubric lines.

    Examples
    --------
    >>> from crmlab.course.feedback_page import Section, render_feedback
    >>> from crmlab.exercise.form import Question
    >>> section = Section(Question("q1", "whole", unit="orders", points=2), "How many **orders**?", 41, "right", 2)
    >>> page = render_feedback("Relationships", "s01", "Ada", [section], late=False)
    >>> "2 of 2 points" in page, "How many <strong>orders</strong>?" in page, "41 (orders)" in page
    (True, True, True)
    """
    earned = sum(section.points or 0 for section in sections)
    waiting = sum(section.question.points for section in sections if section.state == "waiting")
    return _page.render(
        "course/feedback.html", title=title, student=student, name=name,
        total=_of(earned, sum(section.question.points for section in sections)),
        waiting=f"{points_text(waiting)} more point{'s wait' if waiting != 1 else ' waits'}" if waiting else "",
        sections=[_section(section) for section in sections],
        notes=[*(["Handed in after the due date."] if late else []), *notes],
    )  # fmt: skip


def _section(section: Section) -> dict[str, Any]:
    """Prepare one question for the template."""
    question = section.question
    if section.state not in _STATES:
        raise ArgumentError(f"{question.name}: `state` must be one of {', '.join(_STATES)}; it is {section.state!r}.")
    waits = section.state == "waiting"
    heading, asked = split_heading(section.asked)
    return {
        "name": question.name, "heading": heading, "asked": asked, "state": _STATES[section.state],
        "css_class": section.state.replace(" ", "-"), "earned": "–" if waits else points_text(section.points or 0),
        "most": points_text(question.points),
        "points": _points(question.points) if waits else _of(section.points or 0, question.points),
        **_answer(question, section.answer),
        "slip": section.slip if section.state == "wrong" else "",
        "hint": to_html(question.hint) if question.hint and section.state in ("wrong", "no answer") else "",
        "rubric": _rubric(section) if section.state == "marked" else [],
        "comment": section.comment if section.state == "marked" else "",
    }  # fmt: skip


def _answer(question: Question, answer: Answer | None) -> dict[str, Any]:
    """Prepare the student's own words and numbers; whatever they are, they are only shown."""
    shown: dict[str, Any] = {"has_words": False, "text": None, "table": None}
    if answer is None:
        return shown | {"answer": "none"}
    if not is_valid(answer):
        return shown | {"answer": "too large, or of a form that cannot be shown"}
    if question.kind == "text" and isinstance(answer, str):
        words = count_words(answer)
        return shown | {"answer": f"{words} word{'s' if words != 1 else ''}", "text": answer}
    if not isinstance(answer, dict):
        return shown | {"answer": question.as_text(answer), "has_words": True}
    rows = answer["rows"]
    table = {
        "columns": answer["columns"], "rows": [[show(cell, 4) for cell in row] for row in rows[:_MOST_ROWS]],
        "is_cut": len(rows) > _MOST_ROWS,
    }  # fmt: skip
    return shown | {"answer": f"a table of {len(rows)} row{'s' if len(rows) != 1 else ''}", "table": table}


def _rubric(section: Section) -> list[dict[str, str]]:
    """Prepare what a reader gave for each line of the rubric."""
    rubric = section.question.rubric
    if section.lines and len(section.lines) != len(rubric):
        raise ArgumentError(
            f"{section.question.name}: the rubric has {len(rubric)} lines, but there are points for {len(section.lines)}. "
            "The rubric has changed since: mark the text again."
        )
    given = zip(rubric, section.lines, strict=False)
    return [{"name": name, "earns": earns, "points": _of(points, most)} for (name, most, earns), points in given]


def points_text(points: float) -> str:
    """Write points as a number: no zeros behind the dot.

    Parameters
    ----------
    points : float

    Examples
    --------
    >>> points_text(2.0), points_text(0.5)
    ('2', '0.5')
    """
    return show(float(points), 2)


def _points(points: float) -> str:
    return f"{points_text(points)} point{'s' if points != 1 else ''}"


def _of(earned: float, most: float) -> str:
    return f"{points_text(earned)} of {_points(most)}"
