"""Courses: individual exercises for a class, and marks that no student's code can touch.

What an instructor does, in this order: ``new`` makes the folder of a course, ``release`` gives each student a notebook with
data of his own, ``collect`` takes in what comes back, ``grade`` runs it in a sandbox and compares answers with keys,
``mark_csv`` and ``mark_page`` are for texts that a person reads, ``feedback`` writes a page for each student, ``export`` the
marks; ``status`` and ``verify`` say how things stand. Every function takes the course's folder and can be repeated: what is
done already is not done again. Files: ``masters`` makes copies and keys, ``folder`` knows the course, ``store`` keeps what
happened, ``inbox`` finds notebooks, ``sandbox`` and ``runner`` run them, ``grading`` compares, ``pages`` and ``marking``
are what people look at. What an exercise asks for stands in its master, what a student calls in ``exercise``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import joblib
import pandas as pd
from tqdm.auto import tqdm

from crmlab import _check
from crmlab._result import Summary
from crmlab.course import folder as _folder
from crmlab.course import grading, inbox, marking, masters, pages, sandbox
from crmlab.course.folder import Course, written
from crmlab.course.store import Store
from crmlab.errors import ArgumentError, CrmlabError, DataError
from crmlab.exercise.form import Question

__all__ = [
    "collect", "export", "feedback", "grade", "mark_csv", "mark_page", "new", "practice", "release", "status", "verify",
]  # fmt: skip

_FORMATS = ("csv", "canvas", "moodle")


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
    made = _folder.new(_path("folder", folder), str(title))
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
    path = _path("master", master)
    masters.practice(path, _path("folder", folder))
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
    it = _open(folder)
    path = it.master(_text("assignment", assignment))
    master = masters.read(path)
    name = master.name
    _check.whole("workers", workers, 1, 64)
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
        todo = [
            student for student in wanted
            if again or student not in have or not all(
                grading._is(_bundle(it, name, student) / each, digest) for each, digest in have[student]["files"].items()
            )
        ]  # fmt: skip
        jobs = (joblib.delayed(_made)(path, it.seed(name, student), student) for student in todo)
        failed = []
        made = joblib.Parallel(n_jobs=min(workers, max(1, len(todo) // 2)), return_as="generator_unordered")(jobs)
        for student, released, files in tqdm(made, total=len(todo), desc="releasing", unit=" students", disable=None):
            if isinstance(files, str):
                failed.append((student or "everyone", files))
                continue
            bundle = _bundle(it, name, student)
            for each, content in files.items():
                with written(bundle / each) as part:
                    part.write_bytes(content)
            with written(bundle.with_name(f"{bundle.name}.zip")) as part:
                part.write_bytes(masters.packed(files, name))
            with store.step():
                store.put("release", assignment=name, student=student, master=master.digest, **released)
        if again:  # what belonged to the other way of releasing
            with store.step():
                for student in set(have) - set(wanted):
                    store.drop("release", assignment=name, student=student)
    if failed:
        listed = "; ".join(f"{student}: {reason}" for student, reason in sorted(failed)[:3])
        raise DataError(f"{len(failed)} of {len(todo)} could not be made. {listed}")
    return Summary(
        f"{name}: {len(todo)} made, {len(wanted) - len(todo)} there already",
        facts=(("Give out", f"{_bundle(it, name, '').parent}/" + ("<student>.zip" if individual else "everyone.zip")),),
        note="Each student unpacks the whole zip and opens the notebook in its folder.",
    )


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

    A file belongs to the student who is named first in its path, read from the left. Of several notebooks the newest of the
    assignment's name counts. What comes later takes the place of what was there; nothing is thrown away.

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
    it = _open(folder)
    with Store(it.home / "course.db") as store:
        name = _released(store, assignment)
        found: dict[str, list[inbox.Found]] = {}
        aside: list[tuple[str, str]] = []
        for each in inbox.gather(str(_path("source", source)) if "{student}" not in str(source) else str(source), it.students):
            if isinstance(each, inbox.Aside):
                aside.append((each.place, each.reason))
            elif (student := each.student or inbox.owner(each.place, name, it.students)) is None:
                aside.append((str(each.place), "no student, or more than one, is named in its path"))
            else:
                found.setdefault(student, []).append(each)
        counts = {"new": 0, "as before": 0, "older than what is there": 0}
        notes = []
        for student, files in sorted(found.items()):
            best, note = inbox.pick(files, name)
            counts[_take(it, store, name, student, best, note)] += 1
            if note:
                notes.append((student, note))
        handed_in = {row["student"] for row in store.rows("submission", assignment=name)} & set(it.students)
    table = pd.DataFrame([*aside, *notes], columns=["file or student", "note"])
    missing = [student for student in it.students if student not in handed_in]
    facts = [(f"Notebooks {what}", count) for what, count in counts.items() if count or what == "new"]
    facts += [("Files set aside", len(aside))]
    if missing:
        facts.append(("Nothing yet from", ", ".join(missing[:12]) + (" ..." if len(missing) > 12 else "")))
    title = f"{name}: {len(handed_in)} of {len(it.students)} students have handed in"
    return Summary(title, facts=tuple(facts), table=table)


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
    late = it.late(name, best.at) or "_late_" in str(best.place).casefold()
    with store.step():
        store.put(
            "submission", assignment=name, student=student, sha256=digest, at=at, late=int(late), source=str(best.place),
            note=note,
        )  # fmt: skip
    return "new"


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
        There is no sandbox on this machine; the message says why, and how to get one.

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
    it = _open(folder)
    _check.whole("workers", workers, 1, 64)
    if sandboxed and (reason := sandbox.missing()):
        raise sandbox.SandboxError(f"student code cannot be run safely here: {reason}.\n{sandbox.REMEDY}")
    if not sandboxed and warn is not None:
        warn(
            "WITHOUT A SANDBOX: student code now runs with your own rights. It can read the keys and the secret, change marks, "
            "delete your files and use your network. Each row graded so is marked sandbox = NO."
        )
    with Store(it.home / "course.db") as store:
        name = _released(store, assignment)
        work, cannot, before = grading.to_do(it, store, name, isolated=sandboxed, again=again)
        came = list(tqdm(
            grading.run(it, store, name, work, workers=workers, isolated=sandboxed) if work else (),
            total=len(work), desc="grading", unit=" submissions", disable=None,
        ))  # fmt: skip
        looks = [(student, reason) for student, reason in cannot.items()]
        looks += [(student, outcome) for student, outcome in came if outcome.startswith("not graded")]
        graded = {student for student, outcome in came if not outcome.startswith("not graded")}
        for row in store.rows("result", assignment=name):
            if row["student"] in graded and (row["outcome"] != "finished" or row["errors"]):
                looks.append((row["student"], _told(row)))
        looks += sorted(grading.similar(store, name).items())
    table = pd.DataFrame(looks, columns=["student", "worth a look"])
    facts = [("Not graded", len(work) + len(cannot) - len(graded))] if len(graded) < len(work) + len(cannot) else []
    return Summary(f"{name}: {len(graded)} graded, {before} graded before", facts=tuple(facts), table=table)


def _told(row: dict) -> str:
    """What happened in a run that did not go smoothly, in a line."""
    parts = [] if row["outcome"] == "finished" else [f"{row['outcome']} after {row['ran']} of {row['cells']} cells"]
    parts += [f"code cell {cell}: {what}" if cell else what for cell, what in row["errors"][:3]]
    return "; ".join(parts)


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
                essays.append(marking.Essay(
                    row["student"], Question.from_json(about), held["asked"][question], text, points,
                    hand["comment"] if hand else "", bool(hand) and hand["sha256"] != grading.text_hash(text),
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
    it = _open(folder)
    _check.whole("port", port, 0, 65_535)
    with Store(it.home / "course.db") as store:
        name = _released(store, assignment)
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
    it, path = _open(folder), _path("file", file)
    with Store(it.home / "course.db") as store:
        name = _released(store, assignment)
        essays = _essays(it, store, name)
    if not essays:
        raise DataError(f"{name} has no text to mark. Collect and grade first.")
    if not read:
        path.write_text(marking.write_csv(essays), encoding="utf-8-sig", newline="")
        return _marked(name, essays)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}). In Excel: Save as, 'CSV UTF-8'.") from None
    save = _keep_mark(it, name, {(each.student, each.question.name): each.text for each in essays})
    for given in marking.read_csv(text, essays):
        save(*given)
    with Store(it.home / "course.db") as store:
        return _marked(name, _essays(it, store, name))


def _marked(name: str, essays: list[marking.Essay]) -> Summary:
    done = sum(each.points is not None for each in essays)
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
    01_relationship: 0 pages are written
    """
    it = _open(folder)
    with Store(it.home / "course.db") as store:
        name = _released(store, assignment)
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
        notes = [] if row["outcome"] == "finished" and not row["errors"] else [f"When your notebook was run: {_told(row)}"]
        page = pages.feedback(held["sheet"]["title"], about.id, about.name, lines, late=late.get(about.id, False), notes=notes)
        with written(it.home / "feedback" / name / f"{about.id}.html") as part:
            part.write_text(page, encoding="utf-8")
    place = it.home / "feedback" / name
    return Summary(f"{name}: {len(results)} pages are written", facts=(("Folder", str(place)),) if results else ())


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
    it = _open(folder)
    _check.choice("format", format, _FORMATS)
    with Store(it.home / "course.db") as store:
        name = _released(store, assignment)
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
    path = _path("file", file) if file is not None else it.home / f"grades{suffix}_{name}.csv"
    held = io.StringIO()
    table.map(_cell).to_csv(held, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    with written(path) as part:
        part.write_text(held.getvalue(), encoding="utf-8")
    open_marks = int(((~final) & (total.isna())).sum()) if len(final) else 0
    facts = [("File", str(path)), ("Points in all", of)]
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
            "marked_by_hand": ", ".join(question for question, mark in mine.items() if mark.state == "marked"),
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


def status(folder: str | PathLike) -> Summary:
    """How things stand: for each exercise, how many were released, handed in, graded, and wait for a reader.

    Parameters
    ----------
    folder : str or path
        Of the course.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        No such course.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm", title="CRM")
    ...     print(course.status(f"{place}/crm"))
    CRM: 0 students, 0 exercises released
    """
    it = _open(folder)
    rows = []
    with Store(it.home / "course.db") as store:
        for name in store.assignments():
            released = [row["student"] for row in store.rows("release", assignment=name)]
            handed = [row for row in store.rows("submission", assignment=name) if row["student"] in it.students]
            results = [row for row in store.rows("result", assignment=name) if row["student"] in it.students]
            stands = grading.marks(store, name)
            waiting = sum(mark.state == "waiting" for mine in stands.values() for mark in mine.values())
            rows.append((
                name, "for everyone" if released == [""] else f"for {len(released)}", len(handed),
                sum(row["late"] for row in handed), len(results), sum(row["sandbox"] != "yes" for row in results),
                sum(row["outcome"] != "finished" or bool(row["errors"]) for row in results), waiting,
                len(grading.similar(store, name)),
            ))  # fmt: skip
    columns = ["exercise", "released", "handed in", "late", "graded", "without sandbox", "not smooth", "texts waiting",
               "similarity notes"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns) if rows else None
    return Summary(f"{it.title}: {len(it.students)} students, {len(rows)} exercises released", table=table)


def verify(folder: str | PathLike) -> Summary:
    """Whether everything still fits together: files, hashes, marks that follow from the stored answers and keys.

    Parameters
    ----------
    folder : str or path
        Of the course.

    Returns
    -------
    Summary
        Its table lists what is wrong; it is empty if all is well.

    Raises
    ------
    ArgumentError
        No such course.
    DataError
        The course's own files cannot be read, or others can read the secret.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm", title="CRM")
    ...     print(course.verify(f"{place}/crm").title)
    CRM: all is well
    """
    it = _open(folder)
    wrong: list[tuple[str, str]] = []
    with Store(it.home / "course.db") as store:
        wrong += [("course.db", told) for told in store.sound()]
        for name in store.assignments():
            wrong += _verified(it, store, name)
    table = pd.DataFrame(wrong, columns=["where", "what is wrong"])
    return Summary(f"{it.title}: " + ("all is well" if not wrong else f"{len(wrong)} things are wrong"), table=table)


def _verified(it: Course, store: Store, name: str) -> list[tuple[str, str]]:
    """What is wrong with one exercise."""
    wrong: list[tuple[str, str]] = []
    releases = {row["student"]: row for row in store.rows("release", assignment=name)}
    try:
        digest = masters.read(it.master(name)).digest
        if any(row["master"] != digest for row in releases.values()):
            wrong.append((name, "the master was changed after the release; keys are those of the release"))
    except CrmlabError as error:
        wrong.append((name, str(error)))
    for student, row in releases.items():
        bundle = _bundle(it, name, student)
        bad = [each for each, digest in row["files"].items() if not grading._is(bundle / each, digest)]
        if bad:
            wrong.append((str(bundle), f"missing or changed: {', '.join(bad)}; release it once more to mend it"))
    for row in store.rows("submission", assignment=name):
        path = grading.stored(it, name, row["student"], row["sha256"])
        if not grading._is(path, row["sha256"]):
            wrong.append((str(path), "missing or changed since it was collected; collect it once more"))
        if row["student"] not in it.students:
            wrong.append((row["student"], "handed in, but not in the roster; not exported"))
    scores: dict[str, dict[str, tuple]] = {}
    for row in store.rows("score", assignment=name):
        scores.setdefault(row["student"], {})[row["question"]] = (row["state"], row["points"])
    for row in store.rows("result", assignment=name):
        held = releases.get(row["student"]) or releases.get("")
        if held is None:
            wrong.append((row["student"], f"{name}: graded, but no longer released"))
            continue
        questions = {each: Question.from_json(about) for each, about in held["sheet"]["questions"].items()}
        if grading.score(questions, held["keys"], row["answers"]) != scores.get(row["student"]):
            wrong.append((row["student"], f"{name}: the points do not follow from answers and keys; grade it --again"))
    return wrong


def _bundle(it: Course, name: str, student: str) -> Path:
    return it.home / "release" / name / (student or "everyone")


def _released(store: Store, assignment: object) -> str:
    """The released exercise whose name begins so."""
    wanted, known = _text("assignment", assignment), store.assignments()
    found = [name for name in known if name == wanted] or [name for name in known if name.startswith(wanted)]
    if len(found) != 1:
        raise ArgumentError(
            f"no exercise {wanted!r} was released. Released are: {', '.join(known) or 'none'}." if not found
            else f"{wanted!r} could be {', '.join(found)}: write more of the name."
        )  # fmt: skip
    return found[0]


def _open(folder: object) -> Course:
    return _folder.open_course(_path("folder", folder))


def _path(name: str, value: object) -> Path:
    if not isinstance(value, str | PathLike) or not str(value):
        raise ArgumentError(f"`{name}` must be a path; it is {value!r}.")
    return Path(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ArgumentError(f"`{name}` must be a text such as '01'; it is {value!r}.")
    return value
