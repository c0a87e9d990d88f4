"""Bundles: what students get, made from a master, and made again whenever a file is lost.

A bundle is a folder and a zip with notebook, sheet and tables, one for each student or one for everyone. ``release`` makes
those of a course and keeps their keys and hashes in the store; ``restore`` brings one back for grading. How a master becomes
a student's copy is known in ``masters``.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import joblib
from tqdm.auto import tqdm

from crmlab import _check
from crmlab._result import Summary
from crmlab._write import atomic_write
from crmlab.course import masters
from crmlab.course.folder import Course, as_path, open_course
from crmlab.course.masters import Master
from crmlab.course.store import Store
from crmlab.errors import CrmlabError, DataError
from crmlab.exercise.desk import PANELS


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
        The master cannot be read, does not earn its own points, or would give away its key.

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
    folder: str | PathLike, assignment: str, *, individual: bool | None = None, again: bool = False, discard: bool = False,
    workers: int = 2,
) -> Summary:  # fmt: skip
    """Make what students get: a folder and a zip with notebook, data and sheet, for each student or one for all.

    The master is run for each student, so that its solutions are known to earn full points on these very data; the answers
    are kept as keys. What has been released already is left as it is.

    Parameters
    ----------
    folder : str or path
        Of the course.
    assignment : str
        The beginning of the master's name, such as "01".
    individual : bool, optional
        True draws data and questions for each student, False makes one set for the whole course. By default it stays as it
        was released, and the first time there is one set.
    again : bool
        Make everything again, although it was released: after a master was changed.
    discard : bool
        Throw away what was released the other way; asked for when ``individual`` would change it.
    workers : int
        Processes to use.

    Returns
    -------
    Summary
        How many were made, where they lie, and what was thrown away.

    Raises
    ------
    ArgumentError
        No such course or master.
    DataError
        The roster is empty, the master changed or failed, or data would be lost.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import course
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = course.new(f"{place}/crm")
    ...     print(course.release(f"{place}/crm", "01").title)
    01_relationship: 1 made, 0 there already
    """
    course = open_course(folder)
    path = course.master(assignment)
    master = masters.read(path)
    _check.integer("workers", workers, 1, 64)
    with Store(course.home / "course.db") as store:
        released = {row["student"]: row for row in store.rows("release", assignment=master.name)}
        individual, lost = _kind(course, store, master.name, released, individual, discard)
        if released and not (again or lost) and any(row["master"] != master.digest for row in released.values()):
            raise DataError(
                f"{path} was changed since it was released. --again releases it once more: all students need the new files. To "
                "go on with the old ones, put the old master back."
            )
        students = list(course.students) if individual else [""]
        whole = {student for student, row in released.items() if not changed_files(course, master.name, row)}
        todo = [student for student in students if again or student not in whole]
        failures = _make_all(course, store, master, path, todo, workers)
        if failures:
            student, reason = min(failures)
            raise DataError(f"{len(failures)} of {len(todo)} could not be made. {student}: {reason}")
        if lost:
            _discard(course, store, master.name, [student for student in released if student not in students])
    place = bundle_folder(course, master.name, "").parent
    return Summary(
        f"{master.name}: {len(todo)} made, {len(students) - len(todo)} there already",
        facts=(("Give out", f"{place}/" + ("<student>.zip" if individual else "everyone.zip")),
               *((("Thrown away", lost),) if lost else ())),
        note="Each student unpacks the whole zip and opens the notebook in its folder.",
    )  # fmt: skip


def _kind(
    course: Course, store: Store, name: str, released: dict[str, Any], individual: bool | None, discard: bool
) -> tuple[bool, str]:
    """Say whether each student gets data of their own, and in words what is lost by that; "" if nothing is."""
    was_individual = bool(released) and "" not in released
    individual = was_individual if individual is None else _check.flag("individual", individual)
    if individual and not course.students:
        raise DataError(f"{course.home / 'roster.csv'} names no student: write them in, one a line: student_id,name,email.")
    if not released or individual == was_individual:
        return individual, ""
    lost = _what_is_lost(store, name, released)
    if not _check.flag("discard", discard):
        kind, other = ("for each student", "--everyone") if was_individual else ("for everyone alike", "--individual")
        raise DataError(f"{name} was released {kind}. To change that throws away {lost}. If you mean it: {other} --discard")
    return individual, lost


def _what_is_lost(store: Store, name: str, released: dict[str, Any]) -> str:
    """Say what a release of the other kind throws away."""
    lost = "the data and keys that all students have" if "" in released else f"data and keys of {len(released)} students"
    submitted = len(store.rows("submission", assignment=name))
    return lost + (f"; {submitted} have handed in work on them, which would be compared with other keys" if submitted else "")


@dataclass(frozen=True, slots=True)
class _Bundle:
    """One student's files and what is kept of them; ``failure`` says why there are none."""

    student: str
    row: dict[str, Any]
    files: dict[str, bytes]
    failure: str = ""


def _make_all(
    course: Course, store: Store, master: Master, path: Path, students: list[str], workers: int
) -> list[tuple[str, str]]:
    """Make and write the bundle of each student; returns those for whom that failed, with the reason."""
    jobs = (joblib.delayed(_make)(path, course.seed(master.name, student), student) for student in students)
    parallel = joblib.Parallel(n_jobs=min(workers, max(1, len(students) // 2)), return_as="generator_unordered")
    failures = []
    for bundle in tqdm(parallel(jobs), total=len(students), desc="releasing", unit=" students", disable=None):
        if bundle.failure:
            failures.append((bundle.student or "everyone", bundle.failure))
        else:
            _keep(course, store, master, bundle)
    return failures


def _make(path: Path, seed: bytes, student: str) -> _Bundle:
    """Run the master for one student."""
    try:
        master = masters.read(path)
        draft = masters.draft(master, seed, student or None)
        files = masters.files(master, draft)
    except CrmlabError as error:
        return _Bundle(student, {}, {}, str(error))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return _Bundle(student, {"sheet": draft.sheet, "keys": draft.keys, "asked": draft.asked, "files": digests}, files)


def _keep(course: Course, store: Store, master: Master, bundle: _Bundle) -> None:
    """Write a bundle, first its files and then its row: what has no row is made again."""
    folder = bundle_folder(course, master.name, bundle.student)
    for name, content in bundle.files.items():
        with atomic_write(folder / name) as part:
            part.write_bytes(content)
    inside = f"{master.name}_{bundle.student}" if bundle.student else master.name
    with atomic_write(_zip_of(folder)) as part:
        part.write_bytes(masters.packed(bundle.files, inside))
    with store.step():
        store.put("release", assignment=master.name, student=bundle.student, master=master.digest, **bundle.row)


def _discard(course: Course, store: Store, name: str, students: list[str]) -> None:
    """Take away the bundles of these students."""
    with store.step():
        for student in students:
            store.drop("release", assignment=name, student=student)
    for student in students:
        folder = bundle_folder(course, name, student)
        _zip_of(folder).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def bundle_folder(course: Course, assignment: str, student: str) -> Path:
    """Return where the files of a student lie; of everyone for the student "".

    Parameters
    ----------
    course : Course
    assignment : str
    student : str
        The id, or "".
    """
    return course.home / "release" / assignment / (student or "everyone")


def _zip_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.zip")


def changed_files(course: Course, name: str, release: dict[str, Any]) -> list[str]:
    """List the files of a bundle that are missing or not as they were released.

    Parameters
    ----------
    course : Course
    name : str
        Of the assignment.
    release : dict
        Row of the store.
    """
    folder = bundle_folder(course, name, release["student"])
    return [file for file, digest in release["files"].items() if not has_digest(folder / file, digest)]


def has_digest(path: Path, digest: str) -> bool:
    """Say whether a file is there and has this SHA-256.

    Parameters
    ----------
    path : Path
    digest : str
        In hexadecimal digits.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def files_beside(release: dict[str, Any]) -> dict[str, str]:
    """Return the files, with their hashes, that lie beside a notebook when it runs: its sheet and its tables.

    Not the tables of panels: nobody looks at them there, and a fitted number in them may differ on another machine.

    Parameters
    ----------
    release : dict
        Row of the store.
    """
    return {
        name: digest
        for name, digest in release["files"].items()
        if not name.endswith(".ipynb") and not name.startswith(f"{PANELS}/")
    }


def restore(course: Course, assignment: str, release: dict[str, Any]) -> Path:
    """Make sure that a student's sheet and tables are as they were released, and return their folder.

    Parameters
    ----------
    course : Course
    assignment : str
    release : dict
        Row of the store.

    Raises
    ------
    DataError
        They are not, and cannot be made again.
    """
    student = release["student"]
    folder = bundle_folder(course, assignment, student)
    if all(has_digest(folder / name, digest) for name, digest in files_beside(release).items()):
        return folder
    master = masters.read(course.master(assignment))
    made = masters.files(master, masters.draft(master, course.seed(assignment, student), student or None))
    for name, digest in files_beside(release).items():
        content = made.get(name, b"")
        if hashlib.sha256(content).hexdigest() != digest:
            raise DataError(
                f"{folder / name} is missing or was changed, and the master or the secret no longer gives the same. Unpack "
                f"{_zip_of(folder)} there, or take the course's folder back from a copy."
            )
        with atomic_write(folder / name) as part:
            part.write_bytes(content)
    return folder
