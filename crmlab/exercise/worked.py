"""Worked: the solutions of practice copies, from the kit's own masters.

A master holds, for each question, the lines that solve it, the steps by which its panel does, and the table of that panel.
``of_practice`` runs the master once, on the default firm, as its author would, and keeps what practice may show;
``solution`` shows it to those who have tried. What counts for marks is never worked out here: such copies have other data,
and their masters need not be in the kit.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

import pandas as pd

from crmlab._result import show
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise import desk as _desk
from crmlab.exercise.author import draft, run_master
from crmlab.exercise.desk import Desk
from crmlab.exercise.form import Question
from crmlab.exercise.markers import ANSWER, SOLUTION
from crmlab.exercise.values import Answer

__all__ = ["Solution", "Worked", "of_practice", "solution", "worked_solution"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Solution:
    """How a question is answered, for those who have tried.

    Attributes
    ----------
    question : Question
    answer : Answer
        The right one on the default firm; of a memo, a model.
    steps : str
        How the controls of the panel lead there.
    code : str
        The lines that lead there.
    """

    question: Question
    answer: Answer
    steps: str
    code: str

    def text(self) -> str:
        """Return what the answer is, in words; of a memo all of it."""
        return self.answer if isinstance(self.answer, str) else self.question.as_text(self.answer)

    def rubric(self) -> str:
        """Return what a reader looks for in a memo, a line for each; "" for other questions."""
        return "\n".join(f"{name} ({show(points)}): {earns}" for name, points, earns in self.question.rubric)

    def title(self) -> str:
        """Return what it is: a worked solution, or a model memo."""
        return f"{self.question.name}: {'a model memo' if self.question.kind == 'text' else 'a worked solution'}"

    def parts(self) -> list[tuple[str, str, str]]:
        """Return its parts: label, text, and how the text is laid out: "sentence", "paragraphs", "list" or "code"."""
        if self.question.kind == "text":
            paragraphs = "\n\n".join(" ".join(each.split()) for each in self.text().split("\n\n"))
            return [("Memo", paragraphs, "paragraphs"), ("A reader looks for this", self.rubric(), "list")]
        steps = re.sub(r"`([^`]*)`", r"“\1”", self.steps)
        by_hand = [("With the controls", steps, "sentence")] if steps else []
        return [*by_hand, ("Answer", self.text(), "sentence"), ("In pandas", self.code, "code")]

    def __repr__(self) -> str:
        return "\n\n".join([self.title(), *(_as_text(*part) for part in self.parts())])

    def _repr_html_(self) -> str:
        return f"<div><h4>{escape(self.title())}</h4>{''.join(_as_html(*part) for part in self.parts())}</div>"


def _as_text(label: str, text: str, layout: str) -> str:
    """Return a part of a solution for a terminal."""
    if layout == "sentence":
        return "\n".join(textwrap.wrap(f"{label}: {text}", 98))
    if layout == "paragraphs":
        text = "\n\n".join("\n".join(textwrap.wrap(each, 98)) for each in text.split("\n\n"))
    if layout == "list":
        text = "\n".join(f"- {line}" for line in text.split("\n"))
    return f"{label}:\n{text}"


def _as_html(label: str, text: str, layout: str) -> str:
    """Return a part of a solution for a page."""
    head = f"<p><strong>{label}:</strong>"
    if layout == "sentence":
        return f"{head} {escape(text)}</p>"
    if layout == "code":
        return f"{head}</p><pre style='white-space:pre-wrap'>{escape(text)}</pre>"
    if layout == "list":
        return f"{head}</p><ul>{''.join(f'<li>{escape(line)}</li>' for line in text.split(chr(10)))}</ul>"
    return f"{head}</p>" + "".join(f"<p>{escape(each)}</p>" for each in text.split("\n\n"))


@dataclass(slots=True)
class Worked:
    """What practice may show of one exercise.

    Attributes
    ----------
    solutions : dict
        Name of a question -> its solution.
    panels : dict
        Name of a question -> the table that its panel shows.
    """

    solutions: dict[str, Solution] = field(default_factory=dict)
    panels: dict[str, pd.DataFrame] = field(default_factory=dict)


def solution(name: str) -> Solution:
    """Show the worked solution of a question, or the model memo; in practice only, once you have tried.

    Parameters
    ----------
    name : str
        Of the question, such as "q1".

    Returns
    -------
    Solution
        The steps with the controls, the lines of pandas, and the answer on the default firm.

    Raises
    ------
    ArgumentError
        There is no such question, the answer was not checked yet, or the exercise counts for marks.
    DataError
        The master of this exercise is not in the kit.

    Examples
    --------
    >>> import os, tempfile
    >>> from crmlab import exercise
    >>> before = os.getcwd()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.chdir(folder)
    ...     _ = exercise.start("01_relationship"), exercise.answer("q1", 41), exercise.check("q1")
    ...     "came = prospects" in exercise.solution("q1").code
    ...     os.chdir(before)
    True
    """
    return worked_solution(_desk.open_desk(), name)


def worked_solution(desk: Desk, name: str) -> Solution:
    """Return the worked solution of a question to those who have tried.

    Parameters
    ----------
    desk : Desk
    name : str
        Of the question.
    """
    desk.question(name)
    if desk.is_master or not desk.sheet.get("practice"):
        raise ArgumentError(
            "worked solutions are shown in practice only; this copy counts for marks. Hints come with the marks."
        )
    if name not in desk.checked or name not in desk.answers:
        raise ArgumentError(f"try first: answer {name} and have the answer checked. Then its solution is shown.")
    return of_practice(desk).solutions[name]


def of_practice(desk: Desk) -> Worked:
    """Return what the master of a practice copy holds; it is run once, which takes some seconds.

    Parameters
    ----------
    desk : Desk
        Of the practice copy.
    """
    name = desk.sheet["assignment"]
    places = [*((desk.home, desk.home.parent) if desk.home is not None else ()), _desk._KIT]
    path = next(
        (place / "masters" / f"{name}.ipynb" for place in places if (place / "masters" / f"{name}.ipynb").is_file()), None
    )
    if path is None:
        raise DataError(f"the master of {name} is not in the kit's folder exercises/masters, so it cannot be worked out here.")
    return _run(path)


@cache
def _run(path: Path) -> Worked:
    """Run a master for practice."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    with draft(None) as context:
        desk = run_master(path.stem, cells, context)
    code = {}
    for _, text in cells:
        if (lines := SOLUTION.search(text)) and (line := ANSWER.search(SOLUTION.sub("", text))):
            code[line[1]] = _lines(text, lines[2])
    solutions = {
        name: Solution(desk.question(name), desk.answers[name], desk.steps.get(name, ""), code.get(name, ""))
        for name in desk.sheet["questions"]
    }
    return Worked(solutions, dict(desk.panels))


def _lines(text: str, solution: str) -> str:
    """Return the lines that solve a question, with the lines above them that everybody gets."""
    above = re.sub(r"\A(?:#.*\n)+", "", text.partition("### BEGIN SOLUTION")[0]).strip()  # without hints
    return f"{above}\n\n{textwrap.dedent(solution).strip()}".strip()
