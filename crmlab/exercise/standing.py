"""Standing: how answers stand, one by one and all together, for those who have given them.

``check`` looks at one answer, ``progress`` at all. What they show follows when another answer counts, wherever it was given.
On data that count nothing here depends on the key; in practice right and wrong are told by fingerprints.
"""

from __future__ import annotations

import pandas as pd

from crmlab._result import Summary, show
from crmlab.exercise.desk import Desk, open_desk
from crmlab.exercise.form import Question
from crmlab.exercise.live import Live
from crmlab.exercise.slips import find_slip

__all__ = ["check", "checked", "progress"]


def check(name: str) -> Summary:
    """Say whether an answer has the right form, unit and range, and is no typical mistake; never whether it is the key.

    Only while practising on the kit's own firm it is also said to be right or wrong.

    Parameters
    ----------
    name : str
        Of the question, such as "q1".

    Returns
    -------
    Summary
        What is right about the answer, and what is not.

    Raises
    ------
    ArgumentError
        There is no such question, or no exercise is open.

    Examples
    --------
    >>> import os, tempfile
    >>> from crmlab import exercise
    >>> before = os.getcwd()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.chdir(folder)
    ...     _ = exercise.start("01_relationship")
    ...     _ = exercise.answer("q1", -3)
    ...     print(exercise.check("q1"))
    ...     os.chdir(before)
    q1: not yet
      -3 cannot be: it must be at least 0 (prospects).
    """
    desk = open_desk()
    question = desk.question_or_any(name)
    return Live.of(lambda: checked(desk, question), ("check", name), desk.listeners, lambda: desk.panel_tells(name))


def checked(desk: Desk, question: Question) -> Summary:
    """Say how an answer stands, and keep in mind that it was checked.

    Parameters
    ----------
    desk : Desk
    question : Question
    """
    if question.name in desk.answers:
        desk.checked.add(question.name)
    state, note = _state(desk, question)
    return Summary(f"{question.name}: {state}", note=note)


def _state(desk: Desk, question: Question) -> tuple[str, str]:
    """Return how an answer stands: in a word or two, and in a sentence."""
    name, sheet = question.name, desk.sheet
    if name not in desk.answers:
        return "open", "No answer yet."
    if question.kind == "any":
        return "recorded", "What it must be is declared below."
    answer = desk.answers[name]
    if problem := question.problem(answer):
        return "not yet", problem
    for misconception, fingerprints in sheet.get("misconceptions", {}).get(name, ()):
        if question.matches(answer, fingerprints, sheet["salt"]):
            return "not yet", misconception
    form = f"The form is right: {question.as_text(answer)}."
    if question.kind == "text":
        lines = ", ".join(f"{line} ({show(points)})" for line, points, _ in question.rubric)
        return "recorded", form + (f" A person will read it: {lines}." if lines else "")
    if question.unit.startswith("%") and isinstance(answer, int | float) and 0 < abs(answer) < 1:
        form += " (Per cent are asked for: 31.4, not 0.314. Make sure that this is less than one per cent.)"
    if desk.is_master:
        return "recorded", form
    if not sheet.get("practice"):
        return "recorded", form + " Whether it is right, the marks will say."
    right, salt = sheet["right"][name], sheet["salt"]
    if question.matches(answer, right, salt):
        return "✓ right", question.as_text(answer)
    slip = find_slip(question, answer, lambda other: question.matches(other, right, salt))
    return "✗ not right", " ".join(filter(None, (form, "But that is not it.", slip, question.hint)))


def progress() -> Summary:
    """Say which questions are answered, and how the answers stand.

    Returns
    -------
    Summary
        With a table: question, points, answer, state.

    Raises
    ------
    ArgumentError
        No exercise is open.

    Examples
    --------
    >>> from crmlab import exercise
    >>> _ = exercise.start("01_relationship")
    >>> exercise.progress().table.columns.to_list()
    ['question', 'points', 'your answer', 'state']
    """
    desk = open_desk()
    return Live.of(lambda: _overview(desk), ("progress", ""), desk.listeners)


def _overview(desk: Desk) -> Summary:
    """Return the table of all questions, and what has been reached."""
    questions = [desk.question(name) for name in desk.sheet["questions"]]
    states = [_state(desk, question)[0] for question in questions]
    texts = [question.as_text(desk.answers[question.name]) if question.name in desk.answers else "" for question in questions]
    rows = [(each.name, each.points, text, state) for each, text, state in zip(questions, texts, states, strict=True)]
    table = pd.DataFrame(rows, columns=["question", "points", "your answer", "state"])
    is_open = [each.name for each in questions if each.name not in desk.answers]
    again = sum(text != "" and state in ("not yet", "✗ not right") for text, state in zip(texts, states, strict=True))
    core, extra = ([each.name not in is_open for each in questions if each.extra == kind] for kind in (False, True))
    title = f"{sum(core)} of {len(core)} questions are answered" + (f", extra {sum(extra)} of {len(extra)}" if extra else "")
    title += f", {again} of them need another look" if again else ""
    facts = [("Points in all", show(sum(question.points for question in questions)))]
    if desk.sheet.get("practice") and not desk.is_master:
        right = sum(each.points for each, state in zip(questions, states, strict=True) if state == "✓ right")
        facts = [("Points so far", f"{show(right)} of {facts[0][1]}; a text is marked by a person")]
    if desk.file is not None:
        facts += [
            ("A copy of your answers", f"{desk.file.name}, beside the notebook; the boxes are filled from it after a restart")
        ]
    note = f"Still open: {', '.join(is_open)}." if is_open else ""
    return Summary(title, facts=tuple(facts), table=table, note=note)
