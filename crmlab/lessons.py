"""The lessons: which there are, what each asks a manager, and how far a reader is.

``LESSONS`` is the one list of the course. ``progress`` shows it, with what was answered so far: guesses and decisions stand in
the journal beside the lessons (``_journal``), answers to exercises on their desks (``exercise``). What a lesson teaches stands
in its notebook, and how copies are made and brought back in ``_lab/copies``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crmlab import _journal
from crmlab._lab import copies
from crmlab._lab.places import Kit
from crmlab._result import Link, Summary
from crmlab.exercise.desk import answered_questions
from crmlab.exercise.form import Question

__all__ = ["LESSONS", "Lesson", "progress"]

_KIT = Kit(Path(__file__).resolve().parents[1])
_EXERCISES = Path("..", "exercises")  # as seen from a lesson
_KEY = re.compile(r"""["'](\d\d/[\w-]+)["']""")  # how a cell names the question that it asks, for the journal


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson of the course.

    Attributes
    ----------
    name : str
        Number and topic, as its notebook and its exercise are called.
    title, question : str
        What it is about, and the manager's question.
    minutes : int or None
        About how long it takes; None: planned.
    exercise_minutes : int
        About how long its exercise takes, if it has one.
    """

    name: str
    title: str
    question: str
    minutes: int | None = None
    exercise_minutes: int = 90

    @property
    def heading(self) -> str:
        """Number and title."""
        return f"{self.name[:2]} {self.title}"

    @property
    def file(self) -> Path:
        """The original."""
        return _KIT.root / "notebooks" / f"{self.name}.ipynb"

    @property
    def keys(self) -> set[str]:
        """The questions that its cells ask, as the journal names them."""
        try:
            cells = json.loads(self.file.read_text(encoding="utf-8"))["cells"]
        except FileNotFoundError:  # planned, or the kit is not here
            return set()
        return {key for cell in cells if cell["cell_type"] == "code" for key in _KEY.findall("".join(cell["source"]))}


LESSONS = (
    Lesson("00_start", "Start here", "How does this work?", 15),
    Lesson("00_toolbox", "Toolbox", "How do I read a table, a chart and an interval?", 45),
    Lesson("01_relationship", "Relationship", "What is CRM, and does my firm need it?", 25, 30),
    Lesson("02_contacts", "Contacts", "Who are my customers, really?"),
    Lesson("03_segmentation", "Segmentation", "Which customers are valuable to us?", 50, 60),
    Lesson("04_development", "Development", "How does a prospect become a customer, in eight stages?", 50, 30),
    Lesson("05_satisfaction", "Satisfaction", "Where do we fall short, and what should we mend first?", 50),
    Lesson("06_service", "Service", "How many agents, and how do we recover from a failure?"),
    Lesson("07_retention", "Retention", "Who is about to leave?"),
    Lesson("08_loyalty", "Loyalty", "Do loyal customers earn us money?", 50, 60),
    Lesson("09_btyd", "Customers without contract", "Is a silent customer gone?", 50),
    Lesson("10_campaigns", "Campaigns", "Whom should we write to?"),
    Lesson("11_investment", "Investment", "Does the CRM system pay?"),
    Lesson("12_capstone", "Capstone", "One firm, one year, one budget: what do you do?"),
    Lesson("13_research", "Research", "Does my model beat the known ones?"),
)


def progress() -> Summary:
    """Show the lessons of the course, and how much of each is answered.

    It looks in the folder of the notebook that asks: for its journal, and for answers in the folder ``exercises`` beside it.

    Extra practice of an exercise is counted apart, and not in the title.
    In JupyterLab and on the site the counts follow what is answered, without running anything (``course.js``).

    Returns
    -------
    Summary
        One row per lesson: title, question, minutes, answers in the lesson, and in its exercise those of the core and extra.

    Examples
    --------
    >>> from crmlab import lessons
    >>> lessons.progress().table.columns.to_list()
    ['lesson', "the manager's question", 'time', 'answered', 'exercise']
    """
    answered = {entry["key"] for entry in _journal.read()}
    rows, core = [], []
    for lesson in LESSONS:
        in_lesson, in_exercise = _state(lesson, answered)
        rows.append(_row(lesson, in_lesson, in_exercise))
        core += [*in_lesson.values(), *(is_answered for question, is_answered in in_exercise if not question.extra)]
    done, asked = sum(core), len(core)
    table = pd.DataFrame(rows, columns=["lesson", "the manager's question", "time", "answered", "exercise"])
    return Summary(f"{done} of {asked} questions of the course are answered", table=table, note=_newer())


def _newer() -> str:
    """Return a sentence on the copies that keep what the reader changed although this release has newer ones."""
    names = copies.left_behind(_KIT) if Path.cwd().is_relative_to(_KIT.my) else []
    if not names:
        return ""
    return (
        f"This release has a newer {' and '.join(names)}. To take it and keep yours beside it, write in a terminal: "
        f"crmlab restore {names[0]}"
    )


def _state(lesson: Lesson, answered: set[str]) -> tuple[dict[str, bool], list[tuple[Question, bool]]]:
    """Return the questions of a lesson and those of its exercise, each with whether it is answered; of a planned one none."""
    if lesson.minutes is None:
        return {}, []
    return {key: key in answered for key in sorted(lesson.keys)}, answered_questions(lesson.name, _EXERCISES)


def _row(lesson: Lesson, in_lesson: dict[str, bool], in_exercise: list[tuple[Question, bool]]) -> tuple[object, ...]:
    """Return how a lesson stands in the table; a planned one leads nowhere."""
    if lesson.minutes is None:
        return lesson.heading, lesson.question, "planned", "", ""
    asks: Link | str = ""
    exercise: Link | str = ""  # course.js brings both up to date
    if in_lesson:
        asks = Link(_share(in_lesson.values()), marks=("crmlab-asks", *in_lesson))
    if in_exercise:
        copy = _EXERCISES / f"exercise_{lesson.name}.ipynb"
        file = copy if copy.exists() else _EXERCISES / f"{lesson.name}.ipynb"
        names = (f"{'extra' if question.extra else 'core'}/{question.name}" for question, _ in in_exercise)
        core, extra = ([done for question, done in in_exercise if question.extra == kind] for kind in (False, True))
        text = f"{_share(core)}, {lesson.exercise_minutes} min" + (f", extra {_share(extra)}" if extra else "")
        exercise = Link(text, file.as_posix(), ("crmlab-exercise", f"exercise/{lesson.name}", *names))
    return Link(lesson.heading, f"{lesson.name}.ipynb"), lesson.question, f"{lesson.minutes} min", asks, exercise


def _share(answered: Collection[bool]) -> str:
    return f"{sum(answered)} of {len(answered)}"
