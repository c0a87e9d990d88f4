"""Marks: what is read by a person, told to students, and handed on.

After grading, free texts wait for a person: on a page in the browser or in a table. Then each student gets a page, and the
marks go out as a table that a spreadsheet or a learning platform reads. This room joins results with marks given by hand
and lays them out; the pages themselves are drawn in ``pages`` and ``marking``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from os import PathLike

import pandas as pd

from crmlab import _check
from crmlab._result import Summary
from crmlab.course import grading, marking, pages
from crmlab.course.folder import Course, as_path, open_course, written
from crmlab.course.steps import told
from crmlab.course.store import Store
from crmlab.errors import DataError
from crmlab.exercise.form import Question

_FORMATS = ("csv", "canvas", "moodle")


def mark_page(
    folder: str | PathLike, assignment: str, *, port: int = 0, started: Callable[[str], None] | None = None
) -> Summary:
    """Mark free texts in your browser: one page with all texts, without names, and the rubric beside each.

    The page is served to this computer only, at an address that nobody can guess, until you press "Done" there.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".
    port : int
        0 for a free one.
    started : callable, optional
        Is told the address.

    Returns
    -------
    Summary
        How many are marked.

    Raises
    ------
    ArgumentError
        No such course or assignment.
    DataError
        There is nothing to mark.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     course.mark_page(f"{place}/crm", "01")
    Traceback (most recent call last):
    crmlab.errors.DataError: 01_relationship has no text to mark. Collect and grade first.
    """
    it = open_course(folder)
    _check.integer("port", port, 0, 65_535)
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        essays = _essays(it, store, name)
    if not essays:
        raise DataError(f"{name} has no text to mark. Collect and grade first.")
    save = _keep_mark(it, name, {(each.student, each.question.name): each.text for each in essays})
    marking.serve(f"{it.title}: {name}", essays, save, port=port, started=started or (lambda url: None))
    with Store(it.home / "course.db") as store:
        return _marked(name, _essays(it, store, name))


def mark_csv(folder: str | PathLike, assignment: str, file: str | PathLike, *, read: bool = False) -> Summary:
    """Mark free texts in a table: write them to a CSV file, fill in the points, and read it back.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".
    file : str or path
        The CSV file.
    read : bool
        Read the marks from it, instead of writing it.

    Returns
    -------
    Summary
        How many are marked.

    Raises
    ------
    ArgumentError
        No such course or assignment.
    DataError
        There is nothing to mark, or something in the file cannot be: line, column and remedy are named.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     course.mark_csv(f"{place}/crm", "01", f"{place}/marks.csv")
    Traceback (most recent call last):
    crmlab.errors.DataError: 01_relationship has no text to mark. Collect and grade first.
    """
    it, path = open_course(folder), as_path("file", file)
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        essays = _essays(it, store, name)
    if not essays:
        raise DataError(f"{name} has no text to mark. Collect and grade first.")
    if not read:
        if path.exists():
            raise DataError(f"{path} is there already and may hold marks: read it first (--read {path}), or name another file.")
        path.write_text(marking.write_csv(essays), encoding="utf-8-sig", newline="")
        return replace(
            _marked(name, essays), note=f"Fill in the points in {path}, then: crmlab course mark {name} --read {path}"
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Write it first: --write {path}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8. In Excel: Save as, 'CSV UTF-8'.") from None
    save = _keep_mark(it, name, {(each.student, each.question.name): each.text for each in essays})
    for given in marking.read_csv(text, essays):
        save(*given)
    with Store(it.home / "course.db") as store:
        return _marked(name, _essays(it, store, name))


def _essays(it: Course, store: Store, name: str) -> list[marking.Essay]:
    """Every text that a person marks."""
    given = {(row["student"], row["question"]): row for row in store.rows("hand", assignment=name)}
    releases = {row["student"]: row for row in store.rows("release", assignment=name)}
    essays = []
    for row in store.rows("result", assignment=name):
        held = releases.get(row["student"]) or releases.get("")
        for question, about in held["sheet"]["questions"].items() if held else ():
            text = row["answers"].get(question)
            if about["kind"] == grading.BY_HAND and isinstance(text, str) and text.strip():
                hand = given.get((row["student"], question))
                points = tuple(json.loads(hand["points"])) if hand else None
                asked = {name: Question.from_json(each) for name, each in held["sheet"]["questions"].items()}
                others = tuple(
                    (name, asked[name].as_text(answer)) for name, answer in row["answers"].items()
                    if name in asked and asked[name].kind != grading.BY_HAND
                )  # fmt: skip
                essays.append(marking.Essay(
                    row["student"], Question.from_json(about), held["asked"][question], text, points,
                    hand["comment"] if hand else "", bool(hand) and hand["sha256"] != grading.text_hash(text),
                    others,
                ))  # fmt: skip
    return essays


def _keep_mark(it: Course, name: str, texts: dict[tuple[str, str], str]) -> Callable:
    """What writes one mark; it opens the store itself, for it may be called in any thread."""

    def save(student: str, question: str, points: tuple[float, ...], comment: str) -> None:
        with Store(it.home / "course.db") as store, store.step():
            store.put(
                "hand", assignment=name, student=student, question=question, points=json.dumps(points), comment=comment,
                sha256=grading.text_hash(texts[student, question]),
            )  # fmt: skip

    return save


def _marked(name: str, essays: list[marking.Essay]) -> Summary:
    done = sum(each.marked for each in essays)
    changed = [each.student for each in essays if each.changed]
    facts = (("The text changed after it was marked", ", ".join(changed)),) if changed else ()
    return Summary(f"{name}: {done} of {len(essays)} texts are marked", facts=facts)


def feedback(folder: str | PathLike, assignment: str) -> Summary:
    """Write one page for each student: question, own answer, right or wrong, points, the author's hint. No key.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".

    Returns
    -------
    Summary
        Where the pages lie.

    Raises
    ------
    ArgumentError
        No such course or assignment.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     print(course.feedback(f"{place}/crm", "01").title)
    01_relationship: pages for 0 of 0 students are written
    """
    it = open_course(folder)
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        releases = {row["student"]: row for row in store.rows("release", assignment=name)}
        late = {row["student"]: bool(row["late"]) for row in store.rows("submission", assignment=name)}
        stands = grading.marks(store, name)
        results = [row for row in store.rows("result", assignment=name) if row["student"] in it.students]
    for row in results:
        held = releases.get(row["student"]) or releases[""]
        lines = []
        for question, about in held["sheet"]["questions"].items():
            mark = stands[row["student"]][question]
            lines.append(pages.Line(
                Question.from_json(about), held["asked"][question], row["answers"].get(question), mark.state, mark.points,
                mark.lines, mark.comment,
            ))  # fmt: skip
        about = it.students[row["student"]]
        notes = [] if row["outcome"] == "finished" and not row["errors"] else [f"When your notebook was run: {told(row)}"]
        page = pages.feedback(held["sheet"]["title"], about.id, about.name, lines, late=late.get(about.id, False), notes=notes)
        with written(it.home / "feedback" / name / f"{about.id}.html") as part:
            part.write_text(page, encoding="utf-8")
    place = it.home / "feedback" / name
    without = [student for student in it.students if student not in {row["student"] for row in results}]
    facts = [("Folder", str(place))] if results else []
    facts += [("No page for", ", ".join(without[:12]) + (" ..." if len(without) > 12 else ""))] if without else []
    return Summary(f"{name}: pages for {len(results)} of {len(it.students)} students are written", facts=tuple(facts))


def export(folder: str | PathLike, assignment: str, *, format: str = "csv", file: str | PathLike | None = None) -> Summary:
    """Write the marks: everything about them, or what Canvas and Moodle import.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".
    format : str
        "csv": a line for each student with the points of each question, late flag, sandbox, similarity note. "canvas",
        "moodle": what these import; whoever waits for a reader is left empty there.
    file : str or path, optional
        Where to; by default ``grades.csv``, ``grades_canvas.csv`` or ``grades_moodle.csv`` in the course's folder, with the
        assignment's name.

    Returns
    -------
    Summary
        Where it lies, and what is not final.

    Raises
    ------
    ArgumentError
        No such course, assignment or format.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     print(course.export(f"{place}/crm", "01", format="moodle").title)
    01_relationship: 0 students, 0 with marks
    """
    it = open_course(folder)
    _check.choice("format", format, _FORMATS)
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        table, of = _grades(it, store, name)
    final = (table.handed_in == "yes") & (table.waiting_points == 0) & table.points.notna()
    total = table.points.where(final)
    about = [it.students[student] for student in table.student_id]
    if format == "canvas":
        # Canvas matches by ID, else by SIS ids; its second line may say how many points there are
        columns = {
            "Student": [each.name for each in about], "ID": [each.more.get("canvas_id", "") for each in about],
            "SIS User ID": [each.more.get("sis_user_id", each.id) for each in about],
            "SIS Login ID": [each.more.get("sis_login_id", each.email) for each in about],
            "Section": [each.more.get("section", "") for each in about], name: total,
        }  # fmt: skip
        table = pd.DataFrame(columns)
        table = pd.concat([pd.DataFrame([["    Points Possible", "", "", "", "", of]], columns=table.columns), table])
    elif format == "moodle":
        columns = {"ID number": table.student_id, "Full name": table.name, "Email address": [each.email for each in about]}
        table = pd.DataFrame(columns | {name: total})
    suffix = "" if format == "csv" else f"_{format}"
    path = as_path("file", file) if file is not None else it.home / f"grades{suffix}_{name}.csv"
    held = io.StringIO()
    table.map(_cell).to_csv(held, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    with written(path) as part:
        part.write_text(held.getvalue(), encoding="utf-8-sig" if format == "csv" else "utf-8")  # Excel asks for a mark
    open_marks = int(((~final) & (total.isna())).sum()) if len(final) else 0
    facts = [("File", str(path)), ("Points possible", of)]
    if open_marks:
        facts.append(("Not handed in, not graded, or waiting for a reader", open_marks))
    return Summary(f"{name}: {len(final)} students, {int(final.sum())} with marks", facts=tuple(facts))


def _grades(it: Course, store: Store, name: str) -> tuple[pd.DataFrame, float]:
    """A line for each student of the roster, and of how many points."""
    submissions = {row["student"]: row for row in store.rows("submission", assignment=name)}
    results = {row["student"]: row for row in store.rows("result", assignment=name)}
    stands, alike = grading.marks(store, name), grading.similar(store, name)
    sheet = store.rows("release", assignment=name)[0]["sheet"]
    worth = {question: about["points"] for question, about in sheet["questions"].items()}
    rows = []
    for student, about in it.students.items():
        handed, result, mine = submissions.get(student), results.get(student), stands.get(student, {})
        given = {question: mine[question].points if question in mine else None for question in worth}
        rows.append({
            "student_id": student, "name": about.name, "email": about.email, "handed_in": "yes" if handed else "no",
            "at": handed["at"] if handed else "", "late": "late" if handed and handed["late"] else "",
            **given, "points": sum(each or 0 for each in given.values()) if result else None, "of": sum(worth.values()),
            "waiting_points": sum(worth[question] for question, mark in mine.items() if mark.points is None),
            "marked_by_hand": ", ".join(
                question + (" (text changed since)" if mark.changed else "")
                for question, mark in mine.items() if mark.state == "marked"
            ),
            "outcome": result["outcome"] if result else "", "sandbox": result["sandbox"] if result else "",
            "similarity": alike.get(student, ""), "note": handed["note"] if handed else "",
        })  # fmt: skip
    names = ["student_id", "name", "email", "handed_in", "at", "late", *worth, "points", "of", "waiting_points",
             "marked_by_hand", "outcome", "sandbox", "similarity", "note"]  # fmt: skip
    table = pd.DataFrame(rows, columns=names)
    numbers = [*worth, "points", "of", "waiting_points"]
    return table.astype({each: "float64" for each in numbers}), sum(worth.values())


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe; whole points get no decimals."""
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
