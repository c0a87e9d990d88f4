"""Grading: answers that came out of the sandbox against keys that never went in.

An answer is plain JSON or it is none. It is compared here, outside, with the key of *that* student's data. Points that a person
gave take the place of waiting; they are read here, never written. How submissions are run is known in ``batch``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NoReturn

from crmlab.course.store import Store
from crmlab.exercise.form import Question
from crmlab.exercise.slips import find_slip
from crmlab.exercise.values import Answer, is_valid

BY_HAND = "text"  # the kind of question that a person marks


def questions_of(release: dict[str, Any]) -> dict[str, Question]:
    """Return the questions of a release by name.

    Parameters
    ----------
    release : dict
        Row of the store.
    """
    return {name: Question.from_json(question) for name, question in release["sheet"]["questions"].items()}


def read_answers(text: str | None, questions: dict[str, Question]) -> tuple[dict[str, Answer], list[str]]:
    """Read a submission's file of answers.

    Parameters
    ----------
    text : str or None
        The file; None if there is none.
    questions : dict
        By name.

    Returns
    -------
    answers : dict
        Of the questions that have one.
    remarks : list of str
        What is to be said about those that are none.

    Examples
    --------
    >>> read_answers('{"answers": {"q1": NaN}}', {})
    ({}, ['the file of answers cannot be read'])
    """
    if text is None:
        return {}, ["no answer was recorded"]
    try:
        recorded = dict(json.loads(text, parse_constant=_refuse_constant)["answers"].items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}, ["the file of answers cannot be read"]
    answers = {name: recorded[name] for name in questions if name in recorded and is_valid(recorded[name])}
    invalid = [name for name in recorded if name in questions and name not in answers]
    return answers, [f"{name}: what was recorded cannot be an answer" for name in invalid]


def all_answers(text: str | None, boxed: str, questions: dict[str, Question]) -> tuple[dict[str, Answer], list[str], bool]:
    """Put together what code answered and what was typed into answer boxes; where there are both, the code's counts.

    Parameters
    ----------
    text : str or None
        The file of answers that the code has written; None if there is none.
    boxed : str
        What stands in the boxes, in the same form; "" if there is nothing.
    questions : dict
        By name.

    Returns
    -------
    answers : dict
        Of the questions that have one.
    remarks : list of str
        What is to be said about them.
    are_coded : bool
        Whether any comes from code.

    Examples
    --------
    >>> from crmlab.exercise.form import Question
    >>> questions = {"q1": Question("q1", "whole"), "q2": Question("q2", "whole")}
    >>> all_answers('{"answers": {"q1": 1}}', '{"answers": {"q1": 5, "q2": 2, "q9": 9}}', questions)
    ({'q1': 1, 'q2': 2}, ["q1: code answers 1, the box 5; the code's answer counts"], True)
    """
    by_box, remarks = read_answers(boxed, questions) if boxed else ({}, [])
    by_code: dict[str, Answer] = {}
    if text is not None or not by_box:
        by_code, of_code = read_answers(text, questions)
        remarks = of_code + remarks
    remarks += [
        f"{name}: code answers {questions[name].as_text(answer)}, the box {questions[name].as_text(by_box[name])}; the code's "
        "answer counts"
        for name, answer in by_code.items()
        if by_box.get(name, answer) != answer
    ]
    answers = by_box | by_code
    return {name: answers[name] for name in questions if name in answers}, remarks, bool(by_code)


def explain_wrong(question: Question, answer: Answer, key: Answer, sheet: dict[str, Any]) -> str:
    """Say what a wrong answer shows: a misconception that the author names, or a slip that befalls every number; "" if none.

    Parameters
    ----------
    question : Question
    answer, key : Answer
        Plain JSON.
    sheet : dict
        Of the release, with fingerprints of the misconceptions.
    """
    for misconception, fingerprints in sheet.get("misconceptions", {}).get(question.name, ()):
        if question.matches(answer, fingerprints, sheet["salt"]):
            return str(misconception)
    return question.problem(answer) or find_slip(question, answer, lambda other: question.is_right(other, key))


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)


def score(
    questions: dict[str, Question], keys: dict[str, Answer], answers: dict[str, Answer]
) -> dict[str, tuple[str, float | None]]:
    """Compare answers with keys.

    Parameters
    ----------
    questions : dict
        By name.
    keys : dict
        Question -> key on this student's data.
    answers : dict
        Question -> answer.

    Returns
    -------
    dict
        Question -> state and points; None for what waits for a person.
    """
    scores: dict[str, tuple[str, float | None]] = {}
    for name, question in questions.items():
        if name not in answers:
            scores[name] = ("no answer", 0.0)
        elif question.kind == BY_HAND:
            text = answers[name]
            scores[name] = ("waiting", None) if isinstance(text, str) and text.strip() else ("no answer", 0.0)
        else:
            scores[name] = ("right", question.points) if question.is_right(answers[name], keys[name]) else ("wrong", 0.0)
    return scores


@dataclass(frozen=True, slots=True)
class QuestionGrade:
    """How one student stands in one question.

    Attributes
    ----------
    state : str
        "right", "wrong", "no answer", "waiting" (for a person) or "marked" (by a person).
    points : float or None
        None while it waits.
    lines : tuple of float
        The points of each line of the rubric, if a person marked it.
    comment : str
    changed : bool
        The text is no longer the one that was marked.
    """

    state: str
    points: float | None
    lines: tuple[float, ...] = ()
    comment: str = ""
    changed: bool = False


def question_grades(store: Store, assignment: str) -> dict[str, dict[str, QuestionGrade]]:
    """Return how each student stands: student -> question -> grade. Points given by hand take the place of waiting.

    Parameters
    ----------
    store : Store
    assignment : str
    """
    answers = {row["student"]: row["answers"] for row in store.rows("result", assignment=assignment)}
    grades: dict[str, dict[str, QuestionGrade]] = {}
    for row in store.rows("score", assignment=assignment):
        grades.setdefault(row["student"], {})[row["question"]] = QuestionGrade(row["state"], row["points"])
    for row in store.rows("hand", assignment=assignment):
        student, question = row["student"], row["question"]
        if question in grades.get(student, {}):
            lines = tuple(json.loads(row["points"]))
            changed = text_hash(answers[student].get(question, "")) != row["sha256"]
            grades[student][question] = QuestionGrade("marked", sum(lines), lines, row["comment"], changed)
    return grades


def text_hash(text: Answer) -> str:
    """Return the hash by which a marked text is known again.

    Parameters
    ----------
    text : plain JSON
    """
    return hashlib.sha256(str(text).encode()).hexdigest()
