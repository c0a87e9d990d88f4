"""The desk: what lies before a student, and what they do with it.

The *sheet* is a JSON file beside the notebook: for whom it is, what was drawn, which tables belong to it, what each question
asks for, and fingerprints of typical mistakes. Without a sheet of their own, students practise on the kit's default firm; then
the sheet also holds fingerprints of the right answers. Answers are written to a file at once, whole or not at all. This room
knows no key and gives no marks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlab import _check, datasets
from crmlab._result import Summary, show
from crmlab._write import atomic_write
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Question
from crmlab.exercise.live import Live
from crmlab.exercise.typed import read_pair, read_typed
from crmlab.exercise.values import Answer, is_valid, to_json
from crmlab.world.firm import read as read_table

if TYPE_CHECKING:
    from crmlab.world import Firm

PANELS = "panels"  # the folder beside a student's notebook where the tables of its panels lie
_KIT = Path(__file__).resolve().parents[2] / "exercises"


@dataclass(slots=True)
class Desk:
    """A sheet, where its tables lie, and the answers so far.

    Attributes
    ----------
    sheet : dict
        Plain JSON, as it stands beside the notebook.
    home : Path or None
        The folder of the sheet; None while an author works.
    file : Path or None
        Where answers are written to; None: nowhere.
    firm : Firm or None
        The firm of a student for whom a master is drafted.
    shuffled : bool
        Whether tables come with their rows in another order.
    answers, keys : dict
        Name of a question -> plain JSON. Of the answers, each the one that counts.
    boxed : dict
        Name of a question -> what was typed into its answer box; it counts unless code answers, too.
    coded, checked : set of str
        Questions that code has answered since the exercise was opened, and those whose answer was checked.
    misconceptions : dict
        Name of a question -> list of (what a student reads, the wrong answer that shows it).
    frames : dict
        Tables that a master has asked for, by name.
    panels : dict
        Name of a question -> the table that its panel shows.
    legends : dict
        Name of a question -> what a row and the columns of its panel are, in words.
    steps : dict
        Name of a question -> how it is answered by the controls of its panel, for the worked solution.
    typed : dict
        Name of a question -> the text in its answer box, as it was typed.
    choices : dict
        Name of a question -> what was chosen in its panel when it was answered.
    listeners : dict
        (What is shown, name of its question or "" for all) -> what is called when another answer counts.
    """

    sheet: dict[str, Any]
    home: Path | None = None
    file: Path | None = None
    firm: Firm | None = None
    shuffled: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)
    boxed: dict[str, Answer] = field(default_factory=dict)
    coded: set[str] = field(default_factory=set)
    checked: set[str] = field(default_factory=set)
    keys: dict[str, Answer] = field(default_factory=dict)
    misconceptions: dict[str, list[tuple[str, Answer]]] = field(default_factory=dict)
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    panels: dict[str, pd.DataFrame] = field(default_factory=dict)
    legends: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, Any]] = field(default_factory=dict)
    listeners: dict[tuple[str, str], Callable[[], None]] = field(default_factory=dict)

    @property
    def is_master(self) -> bool:
        """Whether an author works here, not a student."""
        return self.home is None

    def question(self, name: object) -> Question:
        """Return the question of that name."""
        known = self.sheet["questions"]
        if not isinstance(name, str) or name not in known:
            raise ArgumentError(f"there is no question {name!r} here. The questions: {', '.join(known)}.")
        return Question.from_json(known[name])

    def legend(self, name: str) -> dict[str, Any]:
        """Return what a row and the columns of a panel are, in words."""
        legends = self.legends if self.is_master else self.sheet.get("panels", {})
        return legends.get(name, {}) if isinstance(legends, dict) else {}  # copies of earlier releases have names only

    def question_or_any(self, name: object) -> Question:
        """Return the question of that name; in a master, where an answer stands before its question, one of any kind."""
        if self.is_master and isinstance(name, str) and name not in self.sheet["questions"]:
            return Question(name, "any")
        return self.question(name)

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the tables of the sheet, a copy of its own."""
        if not self.is_master:
            return self._read(name)
        if name not in self.frames:
            frame = self._read(name)
            self.frames[name] = frame.sample(frac=1, random_state=0, ignore_index=True) if self.shuffled else frame
        return self.frames[name].copy()

    def _read(self, name: str) -> pd.DataFrame:
        if self.firm is not None:
            return self.firm[name]
        if self.home is None or self.sheet.get("practice"):
            return datasets.load(name, industry=self.sheet["industry"])
        path = self.home / "data" / f"{name}.parquet"
        try:
            return read_table(path, name)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{path} cannot be read ({error}). Unpack the zip file that you were given once more, the whole of it."
            ) from None

    def panel_tells(self, name: str) -> bool:
        """Return whether a panel shows how a question stands, so that nothing else has to say it once more."""
        return ("panel", name) in self.listeners and name not in self.coded

    def changed(self, name: str, by: str) -> None:
        """Tell what is shown of a question, but for what the change came from, that another answer counts."""
        for (what, whose), listener in list(self.listeners.items()):
            if whose in (name, "") and what != by:
                listener()

    def save(self) -> None:
        """Write the answers, whole or not at all."""
        if self.file is None:
            return
        content = {"assignment": self.sheet["assignment"], "answers": self.answers}
        content |= {"boxed": self.boxed, "typed": self.typed} if self.boxed else {}
        content |= {"choices": self.choices} if self.choices else {}
        text = json.dumps(content, ensure_ascii=False, indent=1)
        try:
            with atomic_write(self.file) as part:
                part.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise DataError(
                f"the answer could not be written to {self.file} ({error.strerror}). Is the disk full, or the folder read-only?"
            ) from None


@dataclass(slots=True)
class Context:
    """What the functions of this package work on: the open desk, and for whom a master is drafted.

    Attributes
    ----------
    desk : Desk or None
        What ``start`` or ``declare`` opened.
    seed : bytes or None
        What a student's data follow from while a master is drafted for them; else None.
    firm : Firm or None
        The firm of that seed, if it was simulated before.
    shuffled : bool
        Whether tables come with their rows in another order.
    """

    desk: Desk | None = None
    seed: bytes | None = None
    firm: Firm | None = None
    shuffled: bool = False


# Changed by ``start``, not replaced: a kernel may run each cell in a copy of the context, and students use threads.
_context: ContextVar[Context] = ContextVar("exercise", default=Context())  # noqa: B039


def context() -> Context:
    """Return what the functions of this package work on."""
    return _context.get()


def open_desk() -> Desk:
    """Return the open desk."""
    desk = context().desk
    if desk is None:
        raise ArgumentError('no exercise is open. Run the first cell of the notebook: `exercise.start("...")`.')
    return desk


def start(name: str, *, student: str | None = None) -> Summary:
    """Open an exercise on this student's data if they lie beside the notebook, else on the kit's default firm, to practise.

    Parameters
    ----------
    name : str
        Name of the exercise, such as "01_relationship".
    student : str, optional
        For whom the notebook was made. It then needs its data, and does not fall back on the default firm.

    Returns
    -------
    Summary
        Whose data these are, what was drawn, and which questions there are.

    Raises
    ------
    ArgumentError
        There is no such exercise.
    DataError
        The data of that student are not beside the notebook, or a file is damaged.

    Examples
    --------
    >>> from crmlab import exercise
    >>> print(exercise.start("01_relationship").title)
    Relationship: one prospect at a time (practice on the kit's default firm)
    """
    if not isinstance(name, str) or Path(name).name != name:
        raise ArgumentError(f'`name` must be the name of an exercise, such as "01_relationship"; it is {name!r}.')
    before = context().desk
    declared = before if before is not None and before.is_master else None
    if declared is not None and declared.sheet["assignment"] == name:
        return _opening(declared)
    path = _sheet_path(name, student, declared)
    sheet, questions = _read_sheet(path)
    own_file = os.environ.get("CRMLAB_ANSWERS")  # set by whoever runs submissions
    if student and sheet.get("student") not in (None, student) and own_file is None:
        raise DataError(
            f"this notebook was made for {student}, but the data beside it are {sheet['student']}'s. Open it in the folder of "
            "its own zip file."
        )
    file = Path(own_file or f"{name}.answers.json").absolute()
    desk = context().desk = Desk(sheet, path.parent, file, **_earlier_answers(file, name, questions))
    return _opening(desk)


def _sheet_path(name: str, student: str | None, declared: Desk | None) -> Path:
    """Return where the sheet lies: beside the notebook, in a folder of that name, or in the kit."""
    beside = next((path for path in (Path(f"{name}.json"), Path(name) / f"{name}.json") if path.is_file()), None)
    if beside is not None:
        return beside
    if student is not None:
        raise DataError(
            f"{name}.json and the folder `data` are not beside this notebook ({Path.cwd()}): it was made for {student} and "
            "needs them. Unpack the whole zip file that you were given, and open the notebook in its folder."
        )
    path = _KIT / f"{name}.json"
    if path.is_file():
        return path
    if declared is not None:
        assignment = declared.sheet["assignment"]
        raise ArgumentError(f"the exercise is declared as {assignment!r} and started as {name!r}: give both one name.")
    known = ", ".join(sorted(path.stem for path in _KIT.glob("*.json"))) or "none"
    raise ArgumentError(
        f"there is no exercise {name!r} in this folder, nor in the kit. The kit's exercises: {known}. If you were given a "
        "zip file, unpack the whole of it and open the notebook in its folder."
    )


def _read_sheet(path: Path) -> tuple[dict[str, Any], dict[str, Question]]:
    """Return a sheet and its questions by name."""
    try:
        sheet = json.loads(path.read_text(encoding="utf-8"))
        return sheet, {name: Question.from_json(declaration) for name, declaration in sheet["questions"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is damaged ({error}). Unpack the zip file that you were given once more.") from None


def _earlier_answers(file: Path, name: str, questions: dict[str, Question]) -> dict[str, Any]:
    """Return what an earlier sitting has left, as a ``Desk`` names it: answers, and of boxes what was typed and chosen there.

    A file that is damaged is laid aside.
    """

    def sound(answers: dict[str, Answer]) -> dict[str, Answer]:
        return {key: value for key, value in answers.items() if key in questions and is_valid(value)}

    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["assignment"] == name:
            boxed = sound(content.get("boxed", {}))
            typed = {key: text for key, text in content.get("typed", {}).items() if key in boxed and isinstance(text, str)}
            chosen = {key: each for key, each in content.get("choices", {}).items() if key in boxed and isinstance(each, dict)}
            return {"answers": sound(content["answers"]), "boxed": boxed, "typed": typed, "choices": chosen}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        os.replace(file, file.with_suffix(".damaged.json"))
    return {}


def answered_questions(name: str, folder: Path) -> list[tuple[Question, bool]]:
    """Return the questions of one of the kit's exercises, if it is there, each with whether it is answered in a folder."""
    path = _KIT / f"{name}.json"
    if not path.is_file():
        return []
    _, questions = _read_sheet(path)
    answers = _earlier_answers(folder / f"{name}.answers.json", name, questions).get("answers", {})
    return [(question, question.name in answers) for question in questions.values()]


def _opening(desk: Desk) -> Summary:
    """Return whose data these are, what was drawn, and which questions there are."""
    sheet = desk.sheet
    whose = (
        "practice on the kit's default firm" if sheet.get("practice") else
        f"the data of {sheet['student']}" if sheet.get("student") else "the data of this course"
    )  # fmt: skip
    questions = [desk.question(name) for name in sheet["questions"]]
    facts = [("Your " + key.replace("_", " "), str(value)) for key, value in sheet["given"].items()]
    facts += [("Your tables", ", ".join(sheet["tables"]))]
    if questions:
        facts += [("Questions", f"{count(questions)}, {show(sum(question.points for question in questions))} points")]
    if desk.answers and not desk.is_master:
        facts.append(("Answers from an earlier sitting", ", ".join(desk.answers)))
    return Summary(f"{sheet['title']} ({whose})", facts=tuple(facts))


def count(questions: Sequence[Question]) -> str:
    """Return how many questions there are, texts apart: "8 and a memo".

    Parameters
    ----------
    questions : sequence of Question
    """
    texts = sum(question.kind == "text" for question in questions)
    others = len(questions) - texts
    return " and ".join(
        filter(None, (str(others) if others else "", ("a memo" if texts == 1 else f"{texts} texts") if texts else ""))
    )


def given(name: str) -> Any:
    """Return what was drawn for this student: an industry, a channel, a day.

    Parameters
    ----------
    name : str
        One of those that ``start`` lists.

    Returns
    -------
    str or number

    Raises
    ------
    ArgumentError
        Nothing of that name was drawn, or no exercise is open.

    Examples
    --------
    >>> from crmlab import exercise
    >>> _ = exercise.start("01_relationship")
    >>> exercise.given("channel")
    'online advert'
    """
    drawn = open_desk().sheet["given"]
    return drawn[_check.choice("name", name, list(drawn))]


def data(name: str) -> pd.DataFrame:
    """Return one of this student's tables.

    Parameters
    ----------
    name : str
        One of those that ``start`` lists; ``tables.describe(name)`` says what its columns mean.

    Returns
    -------
    DataFrame
        A fresh copy each time, so that nothing done to it lasts.

    Raises
    ------
    ArgumentError
        The exercise has no such table, or no exercise is open.
    DataError
        The file is missing or damaged.

    Examples
    --------
    >>> from crmlab import exercise
    >>> _ = exercise.start("01_relationship")
    >>> exercise.data("prospects").prospect_id.is_unique
    True
    """
    desk = open_desk()
    return desk.table(_check.choice("name", name, desk.sheet["tables"]))


def answer(name: str, value: object) -> Summary:
    """Record an answer, at once; a later one takes its place.

    Parameters
    ----------
    name : str
        Of the question, such as "q1".
    value : number, text, list, Series or DataFrame
        At most 100 entries. It is kept as plain JSON. Where a number is asked for, a text such as "12,5 %" is read as one.

    Returns
    -------
    Summary
        The answer in words, with its unit.

    Raises
    ------
    ArgumentError
        There is no such question, or the value is nothing that can be an answer; the message says what to do.
    DataError
        It could not be written.

    Examples
    --------
    >>> import os, tempfile
    >>> from crmlab import exercise
    >>> before = os.getcwd()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.chdir(folder)
    ...     _ = exercise.start("01_relationship")
    ...     print(exercise.answer("q1", 41))
    ...     os.chdir(before)
    q1 is recorded: 41 (prospects)
      Run the next cell to see whether its form is right.
    """
    desk = open_desk()
    question = desk.question_or_any(name)
    if value is ...:  # so that a notebook with open questions still runs to its end
        return _leave_open(desk, question)
    recorded = _read(desk, question, value)
    desk.answers[name] = recorded
    desk.coded.add(name)
    desk.save()
    note = "Run the next cell to see whether its form is right."
    if name in desk.boxed and desk.boxed[name] != recorded:
        note = f"It counts, and not what stands in the answer box ({question.as_text(desk.boxed[name])}). {note}"
    desk.listeners.pop(("answer", name), None)
    desk.changed(name, by="answer")
    return Summary(f"{name} is recorded: {question.as_text(recorded)}", note=note)


def _leave_open(desk: Desk, question: Question) -> Summary:
    """Go on without an answer by code; the one in the box, if there is one, counts."""
    name = question.name
    desk.coded.discard(name)
    if name in desk.boxed:
        desk.answers[name] = desk.boxed[name]
        desk.save()
        desk.changed(name, by="answer")
    return Live.of(lambda: _without_code(desk, question), ("answer", name), desk.listeners, lambda: desk.panel_tells(name))


def _without_code(desk: Desk, question: Question) -> Summary:
    """Return what is said below code that leaves a question open."""
    name = question.name
    if name in desk.boxed:
        return Summary(f"{name} is answered in the panel: {question.as_text(desk.boxed[name])}")
    note = "Put your answer in place of the three dots, and run this cell again."
    if ("panel", name) in desk.listeners:
        note = "Answer it in the panel above, or put your answer in place of the three dots here."
    return Summary(f"{name} is open", note=note)


def answer_in_box(desk: Desk, name: str, text: str, choices: dict[str, Any] | None = None) -> Answer:
    """Record what was typed into the answer box of a question; it counts unless code has answered.

    Parameters
    ----------
    desk : Desk
    name : str
        Of the question.
    text : str
        As it was typed.
    choices : dict, optional
        What is chosen in the panel, as plain JSON: after a restart one sees how one came to the answer.

    Raises
    ------
    ArgumentError
        It cannot be read as an answer; the message says what to write.
    """
    if not text.strip():
        raise ArgumentError(f"{name} was not recorded: the box is empty. Write your answer into it.")
    recorded = _read(desk, desk.question(name), text)
    desk.boxed[name], desk.typed[name] = recorded, text
    if choices:
        desk.choices[name] = choices
    else:
        desk.choices.pop(name, None)
    if name not in desk.coded:
        desk.answers[name] = recorded
    desk.save()
    desk.changed(name, by="panel")
    return recorded


def _read(desk: Desk, question: Question, value: object) -> Answer:
    """Return a value as plain JSON, as its question asks for it; what cannot be an answer to it is refused."""
    name = question.name
    try:
        if question.kind in ("number", "whole", "list", "choice") and type(value) is str:
            return to_json(read_typed(value, question))
        recorded = to_json(list(value) if question.kind == "list" and isinstance(value, pd.Series) else value)
        if question.kind in ("number", "whole") and isinstance(recorded, list):
            return read_pair(value if isinstance(value, tuple) else recorded, question)
    except ArgumentError as refusal:
        still = f" Your earlier answer still stands: {question.as_text(desk.answers[name])}." if name in desk.answers else ""
        raise ArgumentError(f"{name} was not recorded: {refusal}{still}") from None
    return recorded
