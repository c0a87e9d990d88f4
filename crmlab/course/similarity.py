"""Similarity: whose answers, code or texts look like another's.

``similarity_notes`` compares all results of an exercise with each other and with the keys of the other students. A note proves
nothing: it says where to look, and to the instructor alone. When an answer is right is known in ``grading``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmlab.course.grading import BY_HAND, questions_of
from crmlab.course.store import Store
from crmlab.exercise.form import count_words
from crmlab.exercise.values import Answer

_FEW_WORDS = 30  # a shorter text may well be another's by chance


def similarity_notes(store: Store, assignment: str) -> dict[str, str]:
    """Write a note for each student whose wrong answers are right for another's data, or whose work is another's.

    At least three wrong numbers must fit the same other student (two, where fewer than five numbers are asked): one alone
    may well be chance.

    Parameters
    ----------
    store : Store
    assignment : str
    """
    releases = {row["student"]: row for row in store.rows("release", assignment=assignment) if row["student"]}
    results = store.rows("result", assignment=assignment)
    notes: dict[str, list[str]] = {}
    for row in results:
        if row["student"] in releases:
            notes.setdefault(row["student"], []).extend(_answers_of_others(row["student"], row["answers"], releases))
    for row in results:
        if row["given_to"] not in ("", row["student"]):
            notes.setdefault(row["student"], []).append(f"the notebook was given to {row['given_to']}")
    for label, students in _same_words(results):
        for student in students:
            others = ", ".join(other for other in students if other != student)
            notes.setdefault(student, []).append(f"{label} is word for word that of {others}")
    return {student: "; ".join(messages) for student, messages in notes.items() if messages}


def _answers_of_others(student: str, answers: dict[str, Answer], releases: dict[str, Any]) -> Iterator[str]:
    """Find other students for whose data several wrong answers are right."""
    questions, keys = questions_of(releases[student]), releases[student]["keys"]
    numeric = [name for name, question in questions.items() if question.kind not in (BY_HAND, "choice")]
    wrong = [name for name in numeric if name in answers and not questions[name].is_right(answers[name], keys[name])]
    enough = 3 if len(numeric) >= 5 else 2
    if len(wrong) < enough:
        return
    for other, release in releases.items():
        fitting = [name for name in wrong if questions[name].is_right(answers[name], release["keys"].get(name))]
        if other != student and len(fitting) >= enough:
            yield f"{len(fitting)} of {len(wrong)} wrong answers are right for {other}"


def _same_words(results: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Find code and texts that several students have handed in: "code" or the question, and the students."""
    students_by_words: dict[tuple[str, str], list[str]] = {}
    for row in results:
        if row["code"] and row["answers"]:
            students_by_words.setdefault(("code", row["code"]), []).append(row["student"])
    for row in results:
        for name, text in row["answers"].items():
            if isinstance(text, str) and count_words(text) >= _FEW_WORDS:
                students_by_words.setdefault((name, " ".join(text.casefold().split())), []).append(row["student"])
    for (label, _), students in students_by_words.items():
        if len(students) > 1:
            yield label, students
