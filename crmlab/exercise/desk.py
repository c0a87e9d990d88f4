"""The desk: what a student has in front of him, and what he does with it.

The *sheet* is a JSON file beside the notebook: for whom it is, what was drawn, which tables belong to it, what each question
asks for, and hashes of typical slips. Without a sheet of his own a student practises on the kit's default firm; then the
sheet also holds hashes of the right answers. Answers are written to a file at once, whole or not at all. This room knows
no key and gives no marks.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlab import _check, datasets
from crmlab._result import Summary, show
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Plain, Question, plain, sane
from crmlab.world.firm import read as read_table

if TYPE_CHECKING:
    from crmlab.world import Firm

_KIT = Path(__file__).resolve().parents[2] / "exercises"


@dataclass(slots=True)
class Desk:
    """A sheet, where its tables lie, and the answers so far."""

    sheet: dict[str, Any]
    home: Path | None = None  # the folder of the sheet; None while an author works
    file: Path | None = None  # where answers are kept; None: nowhere but here
    firm: Firm | None = None  # an author's firm
    answers: dict[str, Plain] = field(default_factory=dict)
    keys: dict[str, Plain] = field(default_factory=dict)
    slips: dict[str, list[tuple[str, Plain]]] = field(default_factory=dict)

    def question(self, name: object) -> Question:
        """The question of that name."""
        known = self.sheet["questions"]
        if not isinstance(name, str) or name not in known:
            raise ArgumentError(f"there is no question {name!r} here. The questions: {', '.join(known)}.")
        return Question.from_json(known[name])

    def keep(self) -> None:
        """Write the answers, whole or not at all."""
        if self.file is None:
            return
        held = json.dumps({"assignment": self.sheet["assignment"], "answers": self.answers}, ensure_ascii=False, indent=1)
        part = self.file.with_name(f"{self.file.name}.{os.getpid()}.part")
        try:
            part.write_text(held + "\n", encoding="utf-8")
            os.replace(part, self.file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DataError(
                f"the answer could not be written to {self.file} ({error.strerror}). Is the disk full, or the folder read-only?"
            ) from None


_on_desk: list[Desk] = []


def put(desk: Desk) -> None:
    """What lies on the desk from now on."""
    _on_desk[:] = [desk]


def desk() -> Desk:
    """What lies on the desk."""
    if not _on_desk:
        raise ArgumentError('no exercise is open. Run the first cell of the notebook: `exercise.start("...")`.')
    return _on_desk[0]


def start(name: str, *, student: str | None = None) -> Summary:
    """Open an exercise: this student's data if they lie beside the notebook, else the kit's default firm, to practise.

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
    declared = _on_desk[0].sheet["assignment"] if _on_desk and _on_desk[0].home is None else None  # by an author
    if declared == name:
        return _opening(_on_desk[0])
    own = next((path for path in (Path(f"{name}.json"), Path(name) / f"{name}.json") if path.is_file()), None)
    if own is None and student is not None:
        raise DataError(
            f"{name}.json and the folder `data` are not beside this notebook ({Path.cwd()}): it was made for {student} and "
            "needs them. Unpack the whole zip file that you were given, and open the notebook in its folder."
        )
    sheet = own or _KIT / f"{name}.json"
    if not sheet.is_file():
        if declared is not None:
            raise ArgumentError(f"the exercise is declared as {declared!r} and started as {name!r}: give both one name.")
        known = ", ".join(sorted(path.stem for path in _KIT.glob("*.json"))) or "none"
        raise ArgumentError(
            f"there is no exercise {name!r} in this folder, nor in the kit. The kit's exercises: {known}. If you were given a "
            "zip file, unpack the whole of it and open the notebook in its folder."
        )
    try:
        held = json.loads(sheet.read_text(encoding="utf-8"))
        questions = {key: Question.from_json(each) for key, each in held["questions"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{sheet} is damaged ({error}). Unpack the zip file that you were given once more.") from None
    file = Path(os.environ.get("CRMLAB_ANSWERS") or f"{name}.answers.json").absolute()
    if student and held.get("student") not in (None, student) and "CRMLAB_ANSWERS" not in os.environ:
        raise DataError(
            f"this notebook was made for {student}, but the data beside it are {held['student']}'s. Open it in the folder of "
            "its own zip file."
        )
    put(Desk(held, sheet.parent, file, answers=_earlier(file, name, questions)))
    return _opening(desk())


def _earlier(file: Path, name: str, questions: dict[str, Question]) -> dict[str, Plain]:
    """Answers of an earlier sitting; a damaged file is laid aside, not thrown away."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        if held["assignment"] == name:
            return {key: value for key, value in held["answers"].items() if key in questions and sane(value)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        os.replace(file, file.with_suffix(".damaged.json"))
    return {}


def _opening(it: Desk) -> Summary:
    sheet = it.sheet
    whose = (
        "practice on the kit's default firm" if sheet.get("practice") else
        f"the data of {sheet['student']}" if sheet.get("student") else "the data of this course"
    )  # fmt: skip
    asked = [Question.from_json(each) for each in sheet["questions"].values()]
    facts = [("Your " + key.replace("_", " "), str(value)) for key, value in sheet["given"].items()]
    facts += [("Your tables", ", ".join(sheet["tables"]))]
    if asked:
        facts += [("Questions", f"{len(asked)}, {show(sum(each.points for each in asked))} points")]
    if it.answers and it.home is not None:
        facts.append(("Answers from an earlier sitting", ", ".join(it.answers)))
    return Summary(f"{sheet['title']} ({whose})", facts=tuple(facts))


def given(name: str) -> Any:
    """What was drawn for this student: an industry, a channel, a day.

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
    return desk().sheet["given"][_check.choice("name", name, list(desk().sheet["given"]))]


def data(name: str) -> pd.DataFrame:
    """One of this student's tables.

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
    it = desk()
    _check.choice("name", name, it.sheet["tables"])
    if it.firm is not None:
        return it.firm[name]
    if it.home is None or it.sheet.get("practice"):
        return datasets.load(name, industry=it.sheet["industry"])
    path = it.home / "data" / f"{name}.parquet"
    try:
        return read_table(path, name)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}). Unpack the zip file that you were given once more, the whole of it."
        ) from None


def answer(name: str, value: object) -> Summary:
    """Record an answer, at once; a later one takes its place.

    Parameters
    ----------
    name : str
        Of the question, such as "q1".
    value : number, text, list, Series or DataFrame
        At most 100 entries. It is kept as plain JSON.

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
    it = desk()
    asked = _asked(it, name)
    if value is ...:  # so that a notebook with open questions still runs to its end
        return Summary(f"{name} is still open", note="Put your answer in place of the three dots, and run this cell again.")
    if asked.kind == "list" and type(value) is pd.Series:
        value = list(value)
    try:
        held = plain(value)
    except ArgumentError as refusal:
        still = f" Your earlier answer still stands: {asked.told(it.answers[name])}." if name in it.answers else ""
        raise ArgumentError(f"{name} was not recorded: {refusal}{still}") from None
    it.answers[name] = held
    it.keep()
    return Summary(f"{name} is recorded: {asked.told(held)}", note="Run the next cell to see whether its form is right.")


def check(name: str) -> Summary:
    """Whether an answer has the right form, unit and range, and is none of the typical slips. Never whether it is the key;
    only while practising on the kit's own firm it is also said to be right or wrong.

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
    state, note = _state(desk(), _asked(desk(), name))
    return Summary(f"{name}: {state}", note=note)


def _asked(it: Desk, name: object) -> Question:
    """The question of that name; in a master, where an answer comes before its question, one that asks for anything."""
    if it.home is None and isinstance(name, str) and name not in it.sheet["questions"]:
        return Question(name, "any")
    return it.question(name)


def _state(it: Desk, asked: Question) -> tuple[str, str]:
    """How an answer stands: in a word or two, and in a sentence."""
    name, sheet = asked.name, it.sheet
    if name not in it.answers:
        return "open", "No answer yet. Put one in place of the three dots above, and run that cell."
    given_answer = it.answers[name]
    if asked.kind == "any":
        return "recorded", "What it must be is declared below."
    if fault := asked.fault(given_answer):
        return "not yet", fault
    for slip, marks in sheet.get("slips", {}).get(name, ()):
        if asked.fits(given_answer, marks, sheet["salt"]):
            return "not yet", slip
    form = f"The form is right: {asked.told(given_answer)}."
    if asked.kind == "text":
        lines = ", ".join(f"{line} ({show(points)})" for line, points, _ in asked.rubric)
        return "recorded", form + (f" A person will read it: {lines}." if lines else "")
    if asked.unit.startswith("%") and asked.kind == "number" and 0 < abs(given_answer) < 1:
        form += " (Per cent are asked for: 31.4, not 0.314. Make sure that this is less than one per cent.)"
    if it.home is None:
        return "recorded", form
    if not sheet.get("practice"):
        return "recorded", form + " Whether it is right, the marks will say."
    if asked.fits(given_answer, sheet["right"][name], sheet["salt"]):
        return "✓ right", asked.told(given_answer)
    return "✗ not right", f"{form} But that is not it. {asked.hint}".rstrip()


def progress() -> Summary:
    """Which questions are answered, and how the answers stand.

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
    it = desk()
    rows = []
    for name in it.sheet["questions"]:
        asked = it.question(name)
        told = asked.told(it.answers[name]) if name in it.answers else ""
        rows.append((name, asked.points, told, _state(it, asked)[0]))
    table = pd.DataFrame(rows, columns=["question", "points", "your answer", "state"])
    done = table["your answer"] != ""
    note = "" if done.all() else f"Still open: {', '.join(table.question[~done])}."
    where = () if it.file is None else (("Your answers are kept in", it.file.name),)
    again = int((done & table.state.isin(["not yet", "✗ not right"])).sum())
    title = f"{done.sum()} of {len(table)} questions are answered" + (f", {again} of them need another look" if again else "")
    return Summary(title, facts=where, table=table, note=note)
