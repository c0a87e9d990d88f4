"""Masters: from one notebook with solutions to what each student gets, and to the keys.

A master is an ordinary notebook with nbgrader's markers: what stands between ``### BEGIN SOLUTION`` and
``### END SOLUTION`` is replaced by a place to answer, what stands between ``### BEGIN HIDDEN TESTS`` and
``### END HIDDEN TESTS`` is left out, and text between ``<!--name-->`` and ``<!--/-->`` becomes what was drawn under that
name. ``draft`` runs a master for one student, in this process (it is the instructor's own code), and keeps the keys;
``copy`` makes the student's notebook, the same bytes each time. Who the students are is known in ``folder``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmlab.course.leaks import cell_leaks, leaks
from crmlab.errors import CrmlabError, DataError
from crmlab.exercise import author
from crmlab.exercise import desk as _desk
from crmlab.exercise.desk import Desk
from crmlab.exercise.form import Plain, Question
from crmlab.world.firm import write as write_table

KIT = Path(__file__).resolve().parents[2] / "exercises"
_SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION\s*?\n(.*?)^[ \t]*### END SOLUTION[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)
_HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS\s*?\n.*?^[ \t]*### END HIDDEN TESTS[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)
_ANSWER = re.compile(r"""exercise\.answer\(\s*["'](\w+)["']\s*,\s*(\w+)\s*\)""")
_GIVEN = re.compile(r"<!--\s*(\w+)\s*-->(.*?)<!--\s*/\s*-->", re.DOTALL)
_START = re.compile(r"""exercise\.start\(\s*(["']\w+["'])\s*\)""")


@dataclass(frozen=True, slots=True)
class Master:
    """A master as it lies on the disk: its name, its notebook, and the hash of its bytes."""

    name: str
    notebook: dict[str, Any]
    digest: str

    def cells(self) -> list[tuple[str, str]]:
        """Kind and text of each cell."""
        return [(cell["cell_type"], "".join(cell["source"])) for cell in self.notebook["cells"]]


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A master run for one student (or for practice): his sheet, the keys, the questions' texts, and the tables."""

    sheet: dict[str, Any]
    keys: dict[str, Plain]
    asked: dict[str, str]
    desk: Desk

    @property
    def questions(self) -> dict[str, Question]:
        return {name: Question.from_json(each) for name, each in self.sheet["questions"].items()}


def read(path: Path) -> Master:
    """A master notebook, looked over: markers in pairs, an answer line where a solution stands."""
    try:
        content = path.read_bytes()
        notebook = json.loads(content)
        master = Master(path.stem, notebook, hashlib.sha256(content).hexdigest())
        cells = master.cells()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no notebook that can be read ({type(error).__name__}: {error}).") from None
    for number, (kind, text) in enumerate(cells, 1):
        left = _HIDDEN.sub("", _SOLUTION.sub("", text))
        if kind == "code" and re.search(r"### (BEGIN|END) (SOLUTION|HIDDEN TESTS)", left):
            raise DataError(f"{path.name}, cell {number}: a marker has no partner. BEGIN and END stand on lines of their own.")
        if kind == "code" and _SOLUTION.search(text) and not _ANSWER.search(left):
            raise DataError(
                f'{path.name}, cell {number}: below the solution a line exercise.answer("q1", some_name) is needed, outside '
                "the markers, so that students see which name to fill."
            )
    return master


def draft(master: Master, seed: bytes | None, student: str | None = None) -> Draft:
    """Run a master for one student.

    Parameters
    ----------
    master : Master
    seed : bytes or None
        What the student's data and draws follow from; None for practice on the default firm.
    student : str, optional
        Written into the sheet.

    Raises
    ------
    DataError
        A cell failed, or a solution did not earn its points.
    """
    space: dict[str, object] = {"__name__": "__main__"}
    with author.draft(seed), contextlib.redirect_stdout(io.StringIO()):
        for number, (kind, text) in enumerate(master.cells(), 1):
            if kind == "code":
                try:
                    exec(compile(text, f"{master.name}, cell {number}", "exec"), space)
                except Exception as error:
                    whom = f" for {student}" if student else "" if seed is None else " for a student's data"
                    told = str(error) if isinstance(error, CrmlabError) else f"{type(error).__name__}: {error}"
                    raise DataError(f"the master {master.name}, cell {number}, failed{whom}: {told}") from error
        try:
            it = _desk.desk()
        except CrmlabError:
            raise DataError(f"the master {master.name} never calls `exercise.declare(...)`.") from None
    if it.sheet["assignment"] != master.name:
        raise DataError(
            f"the master {master.name} declares itself as {it.sheet['assignment']}: give file and exercise one name."
        )
    salt = hashlib.sha256(b"salt|" + master.name.encode() + (seed or b"")).hexdigest()[:16]
    sheet = it.sheet | {"student": student, "salt": salt}
    questions = {name: Question.from_json(each) for name, each in sheet["questions"].items()}
    sheet["slips"] = {
        name: [[text, questions[name].marks(value, salt)] for text, value in slips] for name, slips in it.slips.items() if slips
    }
    if sheet["practice"]:
        sheet["right"] = {name: questions[name].marks(key, salt) for name, key in it.keys.items()}
    asked, text_above = {}, ""
    for cell, (kind, text) in zip(master.notebook["cells"], master.cells(), strict=True):
        if _is_instructors(cell):
            continue
        if kind == "markdown":
            text_above = _told(text, sheet["given"])
        elif found := _ANSWER.search(_SOLUTION.sub("", text)):
            asked[found[1]] = text_above
    if unasked := set(questions) - set(asked):
        raise DataError(f"the master {master.name} has no answer cell for {', '.join(sorted(unasked))}.")
    return Draft(sheet, dict(it.keys), {name: asked[name] for name in questions}, it)


def _told(text: str, given: dict[str, object]) -> str:
    """A text with what was drawn in its place."""

    def drawn(found: re.Match) -> str:
        if found[1] not in given:
            raise DataError(f"a text speaks of <!--{found[1]}-->, which is not drawn. Drawn are: {', '.join(given)}.")
        return str(given[found[1]])

    return _GIVEN.sub(drawn, text)


def copy(master: Master, sheet: dict[str, Any]) -> str:
    """The student's notebook: no solution, no hidden test, no output; the same text each time."""
    cells = []
    for number, cell in enumerate(master.notebook["cells"], 1):
        if _is_instructors(cell):
            continue
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            text = _open(text, sheet.get("student")).rstrip("\n")
            if not text.strip():
                continue
            rest: dict[str, Any] = {"execution_count": None, "outputs": []}
        else:
            text, rest = _told(text, sheet["given"]), {}
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1].rstrip("\n")
        copied = {
            "cell_type": cell["cell_type"],
            "id": cell.get("id", f"cell-{number}"),
            "metadata": {},
            "source": lines,
        } | rest
        if problems := cell_leaks(copied):
            raise DataError(
                f"{master.name}.ipynb, cell {number}: {'; '.join(problems)}. Students would get it: nothing is made."
            )
        cells.append(copied)
    about = {"assignment": master.name} | ({"student": sheet["student"]} if sheet.get("student") else {})
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"crmlab": about, "kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    if problems := leaks(notebook, sheet["questions"]):
        raise DataError(f"{master.name}.ipynb: {'; '.join(problems)}. Nothing is made.")
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _is_instructors(cell: dict[str, Any]) -> bool:
    """Whether a cell is left out of everything that students see."""
    return "instructor" in cell.get("metadata", {}).get("tags", ())


def _open(text: str, student: str | None) -> str:
    """A code cell with places to answer instead of solutions."""
    found = _ANSWER.search(_SOLUTION.sub("", text))
    text = _SOLUTION.sub(lambda it: f"{it[1]}{found[2] if found else '_'} = ...  # your answer\n", text)
    text = _HIDDEN.sub("", text)
    return _START.sub(lambda it: f"exercise.start({it[1]}, student={json.dumps(student)})", text) if student else text


def files(master: Master, it: Draft) -> dict[str, bytes]:
    """What a student gets, by name: the notebook, the sheet, the tables; the tables not for practice."""
    made = {
        f"{master.name}.ipynb": copy(master, it.sheet).encode(),
        f"{master.name}.json": (json.dumps(it.sheet, ensure_ascii=False, indent=1) + "\n").encode(),
    }
    if it.desk.firm is not None:
        for table in it.sheet["tables"]:
            held = io.BytesIO()
            write_table(it.desk.firm, table, held)
            made[f"data/{table}.parquet"] = held.getvalue()
    return made


def packed(made: dict[str, bytes], folder: str) -> bytes:
    """Files as one zip, the same bytes each time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", (2000, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return held.getvalue()


def practice(master: Path, folder: Path = KIT) -> None:
    """Write the practice copy of a master: the notebook and its sheet."""
    it = read(master)
    for name, content in files(it, draft(it, None)).items():
        (folder / name).write_bytes(content)
