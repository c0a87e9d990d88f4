"""Steps: from the folder of a course to graded submissions.

Each function here is one thing an instructor does; it takes the course's folder, says in a ``Summary`` what came of it, and
can be repeated: what is done already is not done again. This room puts the others together. It knows neither how code is
run safely (``sandbox``) nor when an answer is right (``grading``), and what comes after grading is in ``marks``.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import joblib
import pandas as pd
from tqdm.auto import tqdm

from crmlab import _check
from crmlab._result import Summary, legible
from crmlab.course import folder as folder_of_course
from crmlab.course import grading, inbox, masters, sandbox
from crmlab.course.folder import Course, as_path, open_course, written
from crmlab.course.store import Store
from crmlab.errors import ArgumentError, CrmlabError, DataError


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


def practice(master: str | PathLike, folder: str | PathLike = masters.KIT) -> Summary:
    """Write the practice copy of a master: a notebook on the default firm, and its sheet.

    Parameters
    ----------
    master : str or path
        The master notebook.
    folder : str or path
        Where to; by default the kit's ``exercises``.

    Returns
    -------
    Summary

    Raises
    ------
    DataError
        The master cannot be read, or does not earn its own points.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     print(course.practice("exercises/masters/01_relationship.ipynb", place).title)
    The practice copy of 01_relationship is written
    """
    path, place = as_path("master", master), as_path("folder", folder)
    place.mkdir(parents=True, exist_ok=True)
    masters.practice(path, place)
    return Summary(f"The practice copy of {path.stem} is written", facts=(("Folder", str(folder)),))


def release(
    folder: str | PathLike, assignment: str, *, individual: bool = False, again: bool = False, workers: int = 2
) -> Summary:
    """Make what students get: a folder and a zip with notebook, data and sheet, for each student or one for all.

    The master is run for each student, so that its solutions are known to earn full points on these very data; the answers
    are kept as keys. What has been released already is left as it is.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of the master's name, such as "01".
    individual : bool
        Data and questions drawn for each student, instead of one set for the whole course.
    again : bool
        Make everything anew, although it was released: after a master was changed.
    workers : int
        Processes to use.

    Returns
    -------
    Summary
        How many were made, and where they lie.

    Raises
    ------
    ArgumentError
        No such course or master.
    DataError
        The roster is empty, or the master changed or failed.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     print(course.release(f"{place}/crm", "01").title)
    01_relationship: 1 made, 0 there already
    """
    it = open_course(folder)
    path = it.master(assignment)
    master = masters.read(path)
    name = master.name
    _check.integer("workers", workers, 1, 64)
    if individual and not it.students:
        raise DataError(f"{it.home / 'roster.csv'} names no student: write them in, one a line: student_id,name,email.")
    wanted = list(it.students) if individual else [""]
    with Store(it.home / "course.db") as store:
        have = {row["student"]: row for row in store.rows("release", assignment=name)}
        if have and not again:
            if ("" in have) == individual:
                kind = "for everyone alike" if individual else "for each student"
                raise DataError(f"{name} was released {kind} already; to change that, write --again.")
            if any(row["master"] != master.digest for row in have.values()):
                raise DataError(
                    f"{path} was changed since it was released. --again releases it anew: all students need the new files. To "
                    "go on with the old ones, put the old master back."
                )
        todo = [student for student in wanted if again or student not in have or not _there(it, name, have[student])]
        jobs = (joblib.delayed(_made)(path, it.seed(name, student), student) for student in todo)
        failed = []
        made = joblib.Parallel(n_jobs=min(workers, max(1, len(todo) // 2)), return_as="generator_unordered")(jobs)
        for student, released, files in tqdm(made, total=len(todo), desc="releasing", unit=" students", disable=None):
            if isinstance(files, str):
                failed.append((student or "everyone", files))
                continue
            bundle = grading.bundle(it, name, student)
            for each, content in files.items():
                with written(bundle / each) as part:
                    part.write_bytes(content)
            with written(bundle.with_name(f"{bundle.name}.zip")) as part:
                part.write_bytes(masters.packed(files, f"{name}_{student}" if student else name))
            with store.step():
                store.put("release", assignment=name, student=student, master=master.digest, **released)
        if again:  # what belonged to the other way of releasing
            with store.step():
                for student in set(have) - set(wanted):
                    store.drop("release", assignment=name, student=student)
                    bundle = grading.bundle(it, name, student)
                    bundle.with_name(f"{bundle.name}.zip").unlink(missing_ok=True)
                    shutil.rmtree(bundle, ignore_errors=True)
    if failed:
        student, reason = min(failed)
        raise DataError(f"{len(failed)} of {len(todo)} could not be made. {student}: {reason}")
    return Summary(
        f"{name}: {len(todo)} made, {len(wanted) - len(todo)} there already",
        facts=(("Give out", f"{grading.bundle(it, name, '').parent}/" + ("<student>.zip" if individual else "everyone.zip")),),
        note="Each student unpacks the whole zip and opens the notebook in its folder.",
    )


def _there(it: Course, name: str, row: dict) -> bool:
    """Whether all files of a release lie where they should, unchanged."""
    bundle = grading.bundle(it, name, row["student"])
    return all(grading.is_file(bundle / each, digest) for each, digest in row["files"].items())


def _made(path: Path, seed: bytes, student: str) -> tuple[str, dict, dict[str, bytes] | str]:
    """One student's files and what is kept of them; the reason in place of the files if the master failed."""
    try:
        master = masters.read(path)
        it = masters.draft(master, seed, student or None)
        files = masters.files(master, it)
    except CrmlabError as error:
        return student, {}, str(error)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return student, {"sheet": it.sheet, "keys": it.keys, "asked": it.asked, "files": digests}, files


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
    it = open_course(folder)
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        given_out = {digest for row in store.rows("release", assignment=name) for digest in row["files"].values()}
        found, aside = inbox.sort_out(inbox.gather(str(as_path("source", source)), it.students), it.students, given_out, name)
        counts = {"new": 0, "as before": 0, "older than what is there": 0}
        for student, (notebook, note) in found.items():
            counts[_take(it, store, name, student, notebook, note)] += 1
        handed_in = {row["student"] for row in store.rows("submission", assignment=name)} & set(it.students)
    notes = [(each.place, each.reason) for each in aside if each.reason != inbox.COMPANION]
    facts = [(f"Notebooks {what}", count) for what, count in counts.items() if count or what == "new"]
    facts += [("Files set aside", len(notes)), ("Data files that came along", len(aside) - len(notes))]
    notes += [(student, note) for student, (_, note) in found.items() if note]
    missing = [student for student in it.students if student not in handed_in]
    if missing:
        facts.append(("Nothing yet from", ", ".join(missing[:12]) + (" ..." if len(missing) > 12 else "")))
    title = f"{name}: {len(handed_in)} of {len(it.students)} students have handed in"
    return Summary(title, facts=tuple(facts), table=pd.DataFrame(notes, columns=["file or student", "note"]))


def _take(it: Course, store: Store, name: str, student: str, best: inbox.Found, note: str) -> str:
    """Keep a submission; the word says what was done."""
    digest, at = hashlib.sha256(best.content).hexdigest(), best.at.isoformat()
    before = store.row("submission", assignment=name, student=student)
    if before and before["sha256"] == digest:
        return "as before"
    if before and before["at"] > at:
        return "older than what is there"
    with written(grading.stored(it, name, student, digest)) as part:
        part.write_bytes(best.content)
    late = it.late(name, best.at) or "_late_" in str(best.place).casefold()  # so says Canvas
    with store.step():
        store.put(
            "submission", assignment=name, student=student, sha256=digest, at=at, late=int(late),
            source=legible(str(best.place)), note=note,
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
        His id.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        No such course or assignment, or this student has handed in nothing.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     course.withdraw(f"{place}/crm", "01", "S01")
    Traceback (most recent call last):
    crmlab.errors.ArgumentError: 'S01' has handed in nothing for 01_relationship.
    """
    it = open_course(folder)
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        if not isinstance(student, str) or store.row("submission", assignment=name, student=student) is None:
            raise ArgumentError(f"{student!r} has handed in nothing for {name}.")
        with store.step():
            for table in ("submission", "result", "score"):
                store.drop(table, assignment=name, student=student)
    place = it.home / "submissions" / name / student
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
        Grade everything anew.
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
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     _ = course.release(f"{place}/crm", "01")
    ...     print(course.grade(f"{place}/crm", "01", sandboxed=False).title)
    01_relationship: 0 graded, 0 graded before
    """
    it = open_course(folder)
    _check.integer("workers", workers, 1, 64)
    if sandboxed and (reason := sandbox.missing()):
        raise sandbox.SandboxError(f"student code cannot be run safely here: {reason}.\n{sandbox.REMEDY}")
    if sandboxed:
        sandbox.refuse_shown(it.secrets)
    if not sandboxed and warn is not None:
        warn(
            "WITHOUT A SANDBOX: student code now runs with your own rights. It can read the keys and the secret, change marks, "
            "delete your files and use your network. Each row graded so is marked sandbox = NO."
        )
    sandbox.sweep()
    with Store(it.home / "course.db") as store:
        name = store.released(assignment)
        work, cannot, before = grading.to_do(it, store, name, isolated=sandboxed, again=again)
        came = list(tqdm(
            grading.run(it, store, name, work, workers=workers, isolated=sandboxed) if work else (),
            total=len(work), desc="grading", unit=" submissions", disable=None,
        ))  # fmt: skip
        looks = [(student, reason) for student, reason in cannot.items()]
        looks += [(student, outcome) for student, outcome in came if outcome.startswith("not graded")]
        graded = {student for student, outcome in came if not outcome.startswith("not graded")}
        for row in store.rows("result", assignment=name):
            if row["outcome"] != "finished" or row["errors"]:
                looks.append((row["student"], told(row)))
        looks += sorted(grading.similar(store, name).items())
    table = pd.DataFrame(looks, columns=["student", "worth a look"])
    facts = [("Not graded", len(work) + len(cannot) - len(graded))] if len(graded) < len(work) + len(cannot) else []
    note = "" if graded or before or looks else f"Nothing has been collected yet: crmlab course collect {name} SOURCE"
    return Summary(f"{name}: {len(graded)} graded, {before} graded before", facts=tuple(facts), table=table, note=note)


def told(row: dict) -> str:
    """What happened in a run that did not go smoothly, in a line."""
    parts = [] if row["outcome"] in ("finished", "unreadable") else [
        f"{row['outcome']} after {row['ran']} of {row['cells']} cells"
    ]  # fmt: skip
    if row["outcome"] == sandbox.OUTLIVED:
        parts.append("its processes were to go on when it was over, which does not happen by mistake")
    parts += [f"code cell {cell}: {what}" if cell else what for cell, what in row["errors"][:3]]
    return "; ".join(parts)
