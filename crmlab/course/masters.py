"""Masters: from one notebook with solutions to what each student gets, and to the keys.

A master is an ordinary notebook with nbgrader's markers: what stands between ``### BEGIN SOLUTION`` and
``### END SOLUTION`` is replaced by a place to answer, what stands between ``### BEGIN HIDDEN TESTS`` and
``### END HIDDEN TESTS`` is left out, and text between ``<!--name-->`` and ``<!--/-->`` becomes what was drawn under that
name. ``draft`` runs a master for one student, in this process (it is the instructor's own code), and keeps the keys;
``copy`` makes the student's notebook, the same bytes each time. Who the students are is known in ``folder``.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmlab.course.leaks import FOLDED, cell_leaks, leaks
from crmlab.course.ties import unstable_sorts
from crmlab.errors import CrmlabError, DataError
from crmlab.exercise import author
from crmlab.exercise.desk import PANELS, Desk
from crmlab.exercise.form import Question
from crmlab.exercise.markers import ANSWER, HIDDEN, SOLUTION
from crmlab.exercise.values import Answer
from crmlab.world.firm import write as write_table

KIT = Path(__file__).resolve().parents[2] / "exercises"
_PANEL = re.compile(r"""exercise\.panel\(\s*["'](\w+)["']\s*\)""")
_OF_QUESTION = re.compile(r"""exercise\.(?:panel|answer|check)\(\s*["'](\w+)["']""")  # folded where a panel is shown
_GIVEN = re.compile(r"<!--\s*(\w+)\s*-->(.*?)<!--\s*/\s*-->", re.DOTALL)
_START = re.compile(r"""exercise\.start\(\s*(["']\w+["'])\s*\)""")


@dataclass(frozen=True, slots=True)
class Master:
    """A master as it lies on the disk: its name, its notebook, and the SHA-256 of its bytes."""

    name: str
    notebook: dict[str, Any]
    digest: str

    def cells(self) -> list[tuple[str, str]]:
        """Return kind and text of each cell."""
        return [(cell["cell_type"], "".join(cell["source"])) for cell in self.notebook["cells"]]

    def panels(self) -> set[str]:
        """Return the questions whose panel is shown to students."""
        texts = [HIDDEN.sub("", SOLUTION.sub("", text)) for kind, text in self.cells() if kind == "code"]
        return {name for text in texts for name in _PANEL.findall(text)}


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A master run for one student, or for practice.

    Attributes
    ----------
    sheet : dict
        What lies beside the student's notebook.
    keys : dict
        Name of a question -> the right answer.
    asked : dict
        Name of a question -> the text above it.
    desk : Desk
        On which the master worked.
    """

    sheet: dict[str, Any]
    keys: dict[str, Answer]
    asked: dict[str, str]
    desk: Desk

    @property
    def questions(self) -> dict[str, Question]:
        """The questions by name."""
        return {name: Question.from_json(declaration) for name, declaration in self.sheet["questions"].items()}


def read(path: Path) -> Master:
    """Read a master notebook, and refuse lone markers, solutions without an answer line, and unstable sorts.

    Parameters
    ----------
    path : Path
        Of the notebook.
    """
    try:
        content = path.read_bytes()
        notebook = json.loads(content)
        master = Master(path.stem, notebook, hashlib.sha256(content).hexdigest())
        cells = master.cells()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no notebook that can be read ({type(error).__name__}: {error}).") from None
    for number, (kind, text) in enumerate(cells, 1):
        left = HIDDEN.sub("", SOLUTION.sub("", text))
        if kind == "code" and re.search(r"### (BEGIN|END) (SOLUTION|HIDDEN TESTS)", left):
            raise DataError(f"{path.name}, cell {number}: a marker has no partner. BEGIN and END stand on lines of their own.")
        if kind == "code" and SOLUTION.search(text) and not ANSWER.search(left):
            raise DataError(
                f'{path.name}, cell {number}: below the solution a line exercise.answer("q1", some_name) is needed, outside '
                "the markers, so that students see which name to fill."
            )
        if kind == "code" and (problems := unstable_sorts(text)):
            raise DataError(f"{path.name}, cell {number}, {problems[0]}.")
    return master


def draft(master: Master, seed: bytes | None, student: str | None = None, *, twice: bool = True) -> Draft:
    """Run a master for one student, twice: the second time on shuffled rows, which must not change what is right.

    Parameters
    ----------
    master : Master
        As ``read`` returned it.
    seed : bytes or None
        What the student's data and draws follow from; None for practice on the default firm.
    student : str, optional
        Written into the sheet.
    twice : bool
        False where it is known that the order of rows changes nothing.

    Raises
    ------
    DataError
        A cell failed, a solution did not earn its points, or a key depends on the order of rows.
    """
    whom = f" for {student}" if student else "" if seed is None else " for a student's data"
    with author.draft(seed) as context:
        desk = author.run_master(master.name, master.cells(), context, whom)
    if twice:
        _check_shuffled(master, seed, desk, whom)
    sheet = _sheet(master, desk, seed, student)
    asked = _texts(master, sheet["given"])
    if missing := set(sheet["questions"]) - set(asked):
        raise DataError(f"the master {master.name} has no answer cell for {', '.join(sorted(missing))}.")
    if missing := set(desk.panels) - master.panels():
        raise DataError(f"the master {master.name} never shows the panel of {', '.join(sorted(missing))}: exercise.panel(...).")
    return Draft(sheet, dict(desk.keys), {name: asked[name] for name in sheet["questions"]}, desk)


def _check_shuffled(master: Master, seed: bytes | None, desk: Desk, whom: str) -> None:
    """Refuse a master if another run of it, on shuffled rows, gives other keys or misconceptions."""
    with author.draft(seed, shuffled=True, firm=desk.firm) as context:
        shuffled = author.run_master(
            master.name, master.cells(), context, f"{whom} with the rows of its tables in another order"
        )
    try:
        author.check_same(desk, shuffled)
    except CrmlabError as error:
        raise DataError(f"the master {master.name} failed{whom}: {error}") from None


def _sheet(master: Master, desk: Desk, seed: bytes | None, student: str | None) -> dict[str, Any]:
    """Return what lies beside a student's notebook: the master's sheet with fingerprints, but no key."""
    salt = hashlib.sha256(b"salt|" + master.name.encode() + (seed or b"")).hexdigest()[:16]
    sheet = desk.sheet | {"student": student, "salt": salt}
    sheet["misconceptions"] = {
        name: [[text, desk.question(name).fingerprints(value, salt)] for text, value in misconceptions]
        for name, misconceptions in desk.misconceptions.items()
        if misconceptions
    }
    if desk.panels:
        sheet["panels"] = desk.legends
    if sheet["practice"]:
        sheet["right"] = {name: desk.question(name).fingerprints(key, salt) for name, key in desk.keys.items()}
    return sheet


def _texts(master: Master, given: dict[str, object]) -> dict[str, str]:
    """Return the text above each answer line that students get, by question."""
    texts, above = {}, ""
    for cell, (kind, text) in zip(master.notebook["cells"], master.cells(), strict=True):
        if _is_instructors(cell):
            continue
        if kind == "markdown":
            above = _fill_in(text, given)
        elif answer_line := ANSWER.search(SOLUTION.sub("", text)):
            texts[answer_line[1]] = above
    return texts


def _fill_in(text: str, given: dict[str, object]) -> str:
    """Return a text with what was drawn in its place."""

    def drawn(marker: re.Match[str]) -> str:
        if marker[1] not in given:
            raise DataError(f"a text speaks of <!--{marker[1]}-->, which is not drawn. Drawn are: {', '.join(given)}.")
        return str(given[marker[1]])

    return _GIVEN.sub(drawn, text)


def copy(master: Master, sheet: dict[str, Any]) -> str:
    """Return the student's notebook: no solution, no hidden test, no output; the same text each time.

    Parameters
    ----------
    master : Master
        As ``read`` returned it.
    sheet : dict
        The student's, of ``draft``.
    """
    cells, shown = [], master.panels()
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
            text, rest = _fill_in(text, sheet["given"]), {}
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1].rstrip("\n")
        copied = {
            "cell_type": cell["cell_type"],
            "id": cell.get("id", f"cell-{number}"),
            "metadata": FOLDED if set(_OF_QUESTION.findall(text)) & shown and cell["cell_type"] == "code" else {},
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
    """Return whether a cell is left out of everything that students see."""
    return "instructor" in cell.get("metadata", {}).get("tags", ())


def _open(text: str, student: str | None) -> str:
    """Return a code cell with places to answer instead of solutions."""
    answer_line = ANSWER.search(SOLUTION.sub("", text))
    variable = answer_line[2] if answer_line else "_"
    text = SOLUTION.sub(lambda solution: f"{solution[1]}{variable} = ...  # your answer\n", text)
    text = HIDDEN.sub("", text)
    return _START.sub(lambda start: f"exercise.start({start[1]}, student={json.dumps(student)})", text) if student else text


def files(master: Master, draft: Draft) -> dict[str, bytes]:
    """Return what a student gets, by name: the notebook, the sheet, and, unless it is for practice, all tables.

    Parameters
    ----------
    master : Master
        As ``read`` returned it.
    draft : Draft
        The master run for this student.
    """
    contents = {
        f"{master.name}.ipynb": copy(master, draft.sheet).encode(),
        f"{master.name}.json": (json.dumps(draft.sheet, ensure_ascii=False, indent=1) + "\n").encode(),
    }
    if draft.desk.firm is not None:
        for table in draft.sheet["tables"]:
            buffer = io.BytesIO()
            write_table(draft.desk.firm, table, buffer)
            contents[f"data/{table}.parquet"] = buffer.getvalue()
        for name, frame in draft.desk.panels.items():
            contents[f"{PANELS}/{name}.parquet"] = frame.to_parquet(index=False)
    return contents


def packed(contents: dict[str, bytes], folder: str) -> bytes:
    """Return files as one zip, the same bytes each time.

    Parameters
    ----------
    contents : dict of str to bytes
        As ``files`` returned them.
    folder : str
        In which they lie within the zip.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", (2000, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def practice(path: Path, folder: Path = KIT) -> None:
    """Write the practice copy of a master: the notebook and its sheet.

    Parameters
    ----------
    path : Path
        Of the master.
    folder : Path
        Where to.
    """
    master = read(path)
    for name, content in files(master, draft(master, None)).items():
        (folder / name).write_bytes(content)
