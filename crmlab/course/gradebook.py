"""The gradebook: what students see, and what is handed on.

Each student gets a page, and the grades go out as a table that a spreadsheet or a learning platform reads. This room joins
results with points given by hand and lays them out; nothing is decided here. The page is drawn in ``feedback_page``.
"""

from __future__ import annotations

import csv
import io
from os import PathLike
from typing import Any

import pandas as pd

from crmlab import _check
from crmlab._result import Summary
from crmlab._write import atomic_write
from crmlab.course.feedback_page import Section, render_feedback
from crmlab.course.folder import Course, as_path, open_course
from crmlab.course.grading import QuestionGrade, explain_wrong, question_grades, questions_of
from crmlab.course.similarity import similarity_notes
from crmlab.course.steps import first_few, run_text
from crmlab.course.store import Store
from crmlab.exercise.form import Question
from crmlab.exercise.values import Answer

_FORMATS = ("csv", "canvas", "moodle")


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
    In a course (at ``home``) where exercise 01 is released:

    >>> from crmlab import course
    >>> print(course.feedback(home, "01").title)
    01_relationship: pages for 0 of 0 students are written
    """
    course = open_course(folder)
    with Store(course.home / "course.db") as store:
        name = store.released(assignment)
        releases = {row["student"]: row for row in store.rows("release", assignment=name)}
        late = {row["student"]: bool(row["late"]) for row in store.rows("submission", assignment=name)}
        grades = question_grades(store, name)
        results = [row for row in store.rows("result", assignment=name) if row["student"] in course.students]
    place = course.home / "feedback" / name
    for row in results:
        student = course.students[row["student"]]
        release = releases.get(student.id) or releases[""]
        sections = [
            _section(question, release, row["answers"], grades[student.id][question.name])
            for question in questions_of(release).values()
        ]
        notes = [f"When your notebook was run: {run_text(row)}"] if run_text(row) else []
        title = release["sheet"]["title"]
        page = render_feedback(title, student.id, student.name, sections, late=late.get(student.id, False), notes=notes)
        with atomic_write(place / f"{student.id}.html") as part:
            part.write_text(page, encoding="utf-8")
    with_page = {row["student"] for row in results}
    without = [student for student in course.students if student not in with_page]
    facts = [("Folder", str(place))] if results else []
    facts += [("No page for", first_few(without))] if without else []
    return Summary(f"{name}: pages for {len(results)} of {len(course.students)} students are written", facts=tuple(facts))


def _section(question: Question, release: dict[str, Any], answers: dict[str, Answer], grade: QuestionGrade) -> Section:
    name = question.name
    slip = explain_wrong(question, answers[name], release["keys"][name], release["sheet"]) if grade.state == "wrong" else ""
    return Section(
        question, release["asked"][name], answers.get(name), grade.state, grade.points, grade.lines, grade.comment, slip
    )


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
        "moodle": what these import; those who wait for a reader are left empty there.
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
    In a course (at ``home``) where exercise 01 is released:

    >>> from crmlab import course
    >>> print(course.export(home, "01", format="moodle").title)
    01_relationship: 0 students, 0 with marks
    """
    course = open_course(folder)
    _check.choice("format", format, _FORMATS)
    with Store(course.home / "course.db") as store:
        name = store.released(assignment)
        table, most = _grades(course, store, name)
    is_final = (table.handed_in == "yes") & (table.waiting_points == 0) & table.points.notna()
    columns = table if format == "csv" else _platform_table(course, table, name, table.points.where(is_final), most, format)
    suffix = "" if format == "csv" else f"_{format}"
    path = as_path("file", file) if file is not None else course.home / f"grades{suffix}_{name}.csv"
    text = io.StringIO()
    columns.map(_cell).to_csv(text, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    with atomic_write(path) as part:
        part.write_text(text.getvalue(), encoding="utf-8-sig" if format == "csv" else "utf-8")  # Excel asks for a mark
    n_final = int(is_final.sum())
    facts: list[tuple[str, object]] = [("File", str(path)), ("Points possible", most)]
    if n_final < len(table):
        facts.append(("Not handed in, not graded, or waiting for a reader", len(table) - n_final))
    return Summary(f"{name}: {len(table)} students, {n_final} with marks", facts=tuple(facts))


def _platform_table(course: Course, table: pd.DataFrame, name: str, total: pd.Series, most: float, format: str) -> pd.DataFrame:
    """Return what a learning platform imports; those who wait for a reader are left empty."""
    students = [course.students[student] for student in table.student_id]
    if format == "moodle":
        return pd.DataFrame({
            "ID number": table.student_id, "Full name": table.name,
            "Email address": [student.email for student in students], name: total,
        })  # fmt: skip
    # Canvas matches by ID, else by SIS ids; its second line may say how many points there are
    canvas = pd.DataFrame({
        "Student": [student.name for student in students], "ID": [student.more.get("canvas_id", "") for student in students],
        "SIS User ID": [student.more.get("sis_user_id", student.id) for student in students],
        "SIS Login ID": [student.more.get("sis_login_id", student.email) for student in students],
        "Section": [student.more.get("section", "") for student in students], name: total,
    })  # fmt: skip
    possible = pd.DataFrame([["    Points Possible", "", "", "", "", most]], columns=canvas.columns)
    return pd.concat([possible, canvas])


def _grades(course: Course, store: Store, name: str) -> tuple[pd.DataFrame, float]:
    """Return a line for each student of the roster, and how many points there are."""
    submissions = {row["student"]: row for row in store.rows("submission", assignment=name)}
    results = {row["student"]: row for row in store.rows("result", assignment=name)}
    grades, notes = question_grades(store, name), similarity_notes(store, name)
    sheet = store.rows("release", assignment=name)[0]["sheet"]
    worth = {question: about["points"] for question, about in sheet["questions"].items()}
    rows = []
    for id, student in course.students.items():
        result = results.get(id, {"outcome": "", "sandbox": ""})
        submission = submissions.get(id, {"at": "", "late": False, "note": ""})
        rows.append({
            "student_id": id, "name": student.name, "email": student.email, "handed_in": "yes" if id in submissions else "no",
            "at": submission["at"], "late": "late" if submission["late"] else "",
            **_points(grades.get(id, {}), worth, is_graded=id in results),
            "outcome": result["outcome"], "sandbox": result["sandbox"], "similarity": notes.get(id, ""),
            "note": submission["note"],
        })  # fmt: skip
    names = ["student_id", "name", "email", "handed_in", "at", "late", *worth, "points", "of", "waiting_points",
             "marked_by_hand", "outcome", "sandbox", "similarity", "note"]  # fmt: skip
    numbers = dict.fromkeys([*worth, "points", "of", "waiting_points"], "float64")
    return pd.DataFrame(rows, columns=names).astype(numbers), sum(worth.values())


def _points(grades: dict[str, QuestionGrade], worth: dict[str, float], *, is_graded: bool) -> dict[str, Any]:
    """Return the cells of one student's line that speak of points."""
    given = {question: grades[question].points if question in grades else None for question in worth}
    return {
        **given, "points": sum(points or 0 for points in given.values()) if is_graded else None, "of": sum(worth.values()),
        "waiting_points": sum(worth[question] for question, grade in grades.items() if grade.points is None),
        "marked_by_hand": ", ".join(
            question + (" (text changed since)" if grade.changed else "")
            for question, grade in grades.items() if grade.state == "marked"
        ),
    }  # fmt: skip


def _cell(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would take for a formula; write whole points without decimals."""
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
