"""Audit: how a course stands, and whether everything in it still fits together.

``status`` counts; ``verify`` computes hashes and points once more and lists whatever is missing, changed or does not follow
from what is stored. Nothing is mended here; each line says what would mend it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from os import PathLike
from pathlib import Path

import pandas as pd

from crmlab._result import Summary
from crmlab.course import grading, masters
from crmlab.course.batch import submission_path
from crmlab.course.bundles import bundle_folder, changed_files, has_digest
from crmlab.course.folder import Course, open_course
from crmlab.course.leaks import leaks
from crmlab.course.similarity import similarity_notes
from crmlab.course.store import Store
from crmlab.errors import CrmlabError


def status(folder: str | PathLike) -> Summary:
    """Count how things stand: for each exercise, how many were released, handed in, graded, and wait for a reader.

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
    CRM: 0 students; exercises released: 0
    """
    course = open_course(folder)
    rows = []
    with Store(course.home / "course.db") as store:
        for name in store.assignments():
            released = [row["student"] for row in store.rows("release", assignment=name)]
            submissions = [row for row in store.rows("submission", assignment=name) if row["student"] in course.students]
            results = [row for row in store.rows("result", assignment=name) if row["student"] in course.students]
            grades = grading.question_grades(store, name)
            rows.append((
                name, "for everyone" if released == [""] else f"for {len(released)}", len(submissions),
                sum(row["late"] for row in submissions), len(results), sum(row["sandbox"] != "yes" for row in results),
                sum(row["outcome"] != "finished" or bool(row["errors"]) for row in results),
                sum(grade.state == "waiting" for questions in grades.values() for grade in questions.values()),
                len(similarity_notes(store, name)),
            ))  # fmt: skip
    columns = ["exercise", "released", "handed in", "late", "graded", "without sandbox", "with problems", "texts waiting",
               "similarity notes"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns) if rows else None
    return Summary(f"{course.title}: {len(course.students)} students; exercises released: {len(rows)}", table=table)


def verify(folder: str | PathLike) -> Summary:
    """Check whether everything still fits together: files, hashes, marks that follow from the stored answers and keys.

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
    course = open_course(folder)
    with Store(course.home / "course.db") as store:
        wrong = [("course.db", problem) for problem in store.problems()]
        known = store.assignments()
        for name in known:
            wrong += [*_check_releases(course, store, name), *_check_submissions(course, store, name)]
            wrong += _check_scores(store, name)
    for kind in ("release", "submissions"):
        for path in sorted((course.home / kind).glob("*/")):
            if path.name not in known:
                wrong.append((str(path), "not in course.db; was course.db lost? Release, collect and grade again"))
    table = pd.DataFrame(wrong, columns=["where", "what is wrong"])
    return Summary(f"{course.title}: " + ("all is well" if not wrong else f"{len(wrong)} things are wrong"), table=table)


def _check_releases(course: Course, store: Store, name: str) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the master and the bundles of one exercise."""
    releases = store.rows("release", assignment=name)
    try:
        digest = masters.read(course.master(name)).digest
        if any(row["master"] != digest for row in releases):
            yield name, "the master was changed after the release; keys are those of the release"
    except CrmlabError as error:
        yield name, str(error)
    for row in releases:
        folder = bundle_folder(course, name, row["student"])
        if changed := changed_files(course, name, row):
            yield str(folder), f"missing or changed: {', '.join(changed)}; release it once more to mend it"
        for problem in _given_away(folder / f"{name}.ipynb", row["sheet"]["questions"]):
            yield str(folder), problem


def _check_submissions(course: Course, store: Store, name: str) -> Iterator[tuple[str, str]]:
    """Find submissions that are not what was collected, or nobody's."""
    for row in store.rows("submission", assignment=name):
        path = submission_path(course, name, row["student"], row["sha256"])
        if not has_digest(path, row["sha256"]):
            yield str(path), "missing or changed since it was collected; collect it once more"
        if row["student"] not in course.students:
            yield row["student"], "handed in, but not in the roster; not exported"


def _check_scores(store: Store, name: str) -> Iterator[tuple[str, str]]:
    """Find points that do not follow from answers and keys."""
    releases = {row["student"]: row for row in store.rows("release", assignment=name)}
    scores: dict[str, dict[str, tuple[str, float | None]]] = {}
    for row in store.rows("score", assignment=name):
        scores.setdefault(row["student"], {})[row["question"]] = (row["state"], row["points"])
    for row in store.rows("result", assignment=name):
        release = releases.get(row["student"]) or releases.get("")
        if release is None:
            yield row["student"], f"{name}: graded, but no longer released"
        elif grading.score(grading.questions_of(release), release["keys"], row["answers"]) != scores.get(row["student"]):
            yield row["student"], f"{name}: the points do not follow from answers and keys; grade it --again"


def _given_away(path: Path, questions: Collection[str]) -> list[str]:
    """List what a released notebook shows that students must not see."""
    try:
        problems = leaks(json.loads(path.read_bytes()), questions)
    except (OSError, ValueError, KeyError, TypeError):
        return []  # missing or changed: that is said already
    return [f"{path.name}, {problem}: students have it; mend the master and release it --again" for problem in problems]
