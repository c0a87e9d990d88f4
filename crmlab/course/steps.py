"""Steps: from the folder of a course to graded submissions.

Each function here is one thing an instructor does; it takes the course's folder, says in a ``Summary`` what came of it, and
can be repeated: what is done already is not done again. This room puts the others together. It knows neither how bundles are
made (``bundles``), how code is run safely (``sandbox``) nor when an answer is right (``grading``); what comes after grading is
in ``essays`` and ``gradebook``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from crmlab import _check
from crmlab._result import Summary, legible
from crmlab._write import atomic_write
from crmlab.course import batch, bubblewrap, inbox, sandbox
from crmlab.course import folder as folder_of_course
from crmlab.course.bubblewrap import SandboxError
from crmlab.course.folder import Course, as_path, open_course
from crmlab.course.similarity import similarity_notes
from crmlab.course.store import Store
from crmlab.errors import ArgumentError

_WARNING = (
    "WITHOUT A SANDBOX: student code now runs with your own rights. It can read the keys and the secret, change marks, "
    "delete your files and use your network. Each row graded so is marked sandbox = NO."
)


def new(folder: str | PathLike, *, title: str = "") -> Summary:
    """Make the folder of a course: ``course.toml`` with a random secret, readable for you only, and an empty ``roster.csv``.

    Parameters
    ----------
    folder : str or path
        It must not exist yet, or be empty.
    title : str, optional
        What stands above the pages; by default the folder's name.

    Returns
    -------
    Summary
        What to do next.

    Raises
    ------
    ArgumentError
        The folder holds something.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     print(course.new(f"{place}/crm", title="CRM, autumn").title)
    CRM, autumn: the folder of the course is made
    """
    made = folder_of_course.new(as_path("folder", folder), str(title))
    note = (
        "Write your students into roster.csv, one a line: student_id,name,email. Then: crmlab course release 01 --individual. "
        "Keep a copy of course.toml: all data and keys follow from the secret in it."
    )
    return Summary(f"{made.title}: the folder of the course is made", facts=(("Folder", str(made.home)),), note=note)


def collect(folder: str | PathLike, assignment: str, source: str | PathLike) -> Summary:
    """Take in submissions: from a folder, from the zip of a learning platform, or from home folders.

    A file belongs to the student who is named first in its path, read from the left. Of several notebooks the newest counts.
    What comes later takes the place of what was there; nothing is thrown away, and ``withdraw`` takes it back.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".
    source : str or path
        A folder, a zip file, or a pattern such as ``/home/{student}/crm/01*.ipynb``.

    Returns
    -------
    Summary
        Whose came in, and every file that was set aside, with the reason.

    Raises
    ------
    ArgumentError
        No such course, assignment or source.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = pathlib.Path(f"{place}/crm/roster.csv").write_text("student_id,name\\nS01,Ada King\\n")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     pathlib.Path(f"{place}/in").mkdir()
    ...     _ = pathlib.Path(f"{place}/in/ada king_01_relationship.ipynb").write_text("{}")
    ...     print(course.collect(f"{place}/crm", "01", f"{place}/in").title)
    01_relationship: 1 of 1 students have handed in
    """
    course = open_course(folder)
    with Store(course.home / "course.db") as store:
        name = store.released(assignment)
        given_out = {digest for row in store.rows("release", assignment=name) for digest in row["files"].values()}
        gathered = inbox.gather(str(as_path("source", source)), course.students)
        best, aside = inbox.sort_out(gathered, course.students, given_out, name)
        counts = {"new": 0, "as before": 0, "older than what is there": 0}
        for student, (notebook, note) in best.items():
            counts[_take(course, store, name, student, notebook, note)] += 1
        handed_in = {row["student"] for row in store.rows("submission", assignment=name)} & set(course.students)
    notes = [(file.place, file.reason) for file in aside if file.reason != inbox.COMPANION]
    facts: list[tuple[str, object]] = [(f"Notebooks {what}", count) for what, count in counts.items() if count or what == "new"]
    facts += [("Files set aside", len(notes)), ("Data files that came along", len(aside) - len(notes))]
    notes += [(student, note) for student, (_, note) in best.items() if note]
    missing = [student for student in course.students if student not in handed_in]
    if missing:
        facts.append(("Nothing yet from", first_few(missing)))
    title = f"{name}: {len(handed_in)} of {len(course.students)} students have handed in"
    return Summary(title, facts=tuple(facts), table=pd.DataFrame(notes, columns=["file or student", "note"]))


def first_few(students: Sequence[str]) -> str:
    """Write the first dozen of a list of students.

    Parameters
    ----------
    students : sequence of str
    """
    return ", ".join(students[:12]) + (" ..." if len(students) > 12 else "")


def _take(course: Course, store: Store, name: str, student: str, notebook: inbox.Notebook, note: str) -> str:
    """Keep a submission; the word says what was done."""
    digest, at = hashlib.sha256(notebook.content).hexdigest(), notebook.at.isoformat()
    before = store.row("submission", assignment=name, student=student)
    if before and before["sha256"] == digest:
        return "as before"
    if before and before["at"] > at:
        return "older than what is there"
    with atomic_write(batch.submission_path(course, name, student, digest)) as part:
        part.write_bytes(notebook.content)
    late = course.late(name, notebook.at) or "_late_" in str(notebook.place).casefold()  # so says Canvas
    with store.step():
        store.put(
            "submission", assignment=name, student=student, sha256=digest, at=at, late=int(late),
            source=legible(str(notebook.place)), note=note,
        )  # fmt: skip
    return "new"


def withdraw(folder: str | PathLike, assignment: str, student: str) -> Summary:
    """Take back a submission, as if it had not been handed in: after a wrong ``collect``. Its file stays where it lies.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".
    student : str
        Their id.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        No such course or assignment, or this student has handed in nothing.

    Examples
    --------
    In a course (at ``home``) where exercise 01 is released:

    >>> from crmlab import course
    >>> course.withdraw(home, "01", "S01")
    Traceback (most recent call last):
    crmlab.errors.ArgumentError: 'S01' has handed in nothing for 01_relationship.
    """
    course = open_course(folder)
    with Store(course.home / "course.db") as store:
        name = store.released(assignment)
        if not isinstance(student, str) or store.row("submission", assignment=name, student=student) is None:
            raise ArgumentError(f"{student!r} has handed in nothing for {name}.")
        with store.step():
            for table in ("submission", "result", "score"):
                store.drop(table, assignment=name, student=student)
    place = course.home / "submissions" / name / student
    return Summary(f"{name}: what {student} handed in no longer counts", facts=(("Its files stay in", str(place)),))


def grade(
    folder: str | PathLike, assignment: str, *, workers: int = 2, again: bool = False, sandboxed: bool = True,
    warn: Callable[[str], None] | None = None,
) -> Summary:  # fmt: skip
    """Run each submission in the sandbox and compare its answers with the keys of that student's data.

    What is graded already is left alone unless the submission, the release or the limits have changed. If this is stopped,
    the same call goes on. Marks given by hand are never touched.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of its name, such as "01".
    workers : int
        Submissions to run at a time; each may use a processor and 2 GB.
    again : bool
        Also those that are graded already.
    sandboxed : bool
        False runs student code with your rights, and says so in each row.
    warn : callable, optional
        Is told the warning that ``sandboxed=False`` deserves.

    Returns
    -------
    Summary
        What came of it, and which submissions need a look.

    Raises
    ------
    ArgumentError
        No such course or assignment.
    SandboxError
        There is no sandbox on this machine, or the course lies where submissions can read; the message says what to do.

    Examples
    --------
    In a course (at ``home``) where exercise 01 is released:

    >>> from crmlab import course
    >>> print(course.grade(home, "01", sandboxed=False).title)
    01_relationship: 0 graded, 0 graded before
    """
    course = open_course(folder)
    _check.integer("workers", workers, 1, 64)
    if sandboxed:
        if reason := sandbox.missing():
            raise SandboxError(f"student code cannot be run safely here: {reason}.\n{sandbox.REMEDY}")
        bubblewrap.refuse_shown(course.secrets)
    elif warn is not None:
        warn(_WARNING)
    bubblewrap.sweep()
    with Store(course.home / "course.db") as store:
        name = store.released(assignment)
        todo = batch.plan(course, store, name, isolated=sandboxed, again=again)
        running = batch.grade_all(course, store, name, todo.jobs, workers=workers, isolated=sandboxed) if todo.jobs else ()
        outcomes = list(tqdm(running, total=len(todo.jobs), desc="grading", unit=" submissions", disable=None))
        failed = [(student, outcome) for student, outcome in outcomes if outcome.startswith(batch.NOT_GRADED)]
        looks = [*todo.refused.items(), *failed]
        looks += [(row["student"], run_text(row)) for row in store.rows("result", assignment=name) if run_text(row)]
        looks += sorted(similarity_notes(store, name).items())
    n_failed, n_graded = len(failed) + len(todo.refused), len(outcomes) - len(failed)
    note = f"Nothing has been collected yet: crmlab course collect {name} SOURCE"
    return Summary(
        f"{name}: {n_graded} graded, {todo.n_graded} graded before", facts=(("Not graded", n_failed),) if n_failed else (),
        table=pd.DataFrame(looks, columns=["student", "worth a look"]),
        note="" if n_graded or todo.n_graded or looks else note,
    )  # fmt: skip


def run_text(row: dict[str, Any]) -> str:
    """Say what happened in a run that did not go smoothly, in a line; "" if it did.

    Parameters
    ----------
    row : dict
        Result, as the store keeps it.
    """
    parts = [] if row["outcome"] in ("finished", "unreadable") else [
        f"{row['outcome']} after {row['ran']} of {row['cells']} cells"
    ]  # fmt: skip
    if row["outcome"] == sandbox.OUTLIVED:
        parts.append("its processes were to go on when it was over, which does not happen by mistake")
    parts += [f"code cell {cell}: {message}" if cell else message for cell, message in row["errors"][:3]]
    return "; ".join(parts)
