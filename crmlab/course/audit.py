"""Audit: how a course stands, and whether everything in it still fits together.

``status`` counts; ``verify`` computes hashes and marks anew and lists whatever is missing, changed or does not follow from
what is stored. Nothing is mended here; each line says what would mend it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from os import PathLike
from pathlib import Path

import pandas as pd

from crmlab._result import Summary
from crmlab.course import grading, masters
from crmlab.course.folder import Course, open_course
from crmlab.course.leaks import leaks
from crmlab.course.store import Store
from crmlab.errors import CrmlabError
from crmlab.exercise.form import Question


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
    CRM: 0 students; exercises released: 0
    """
    it = open_course(folder)
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
    columns = ["exercise", "released", "handed in", "late", "graded", "without sandbox", "with problems", "texts waiting",
               "similarity notes"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns) if rows else None
    return Summary(f"{it.title}: {len(it.students)} students; exercises released: {len(rows)}", table=table)


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
    it = open_course(folder)
    wrong: list[tuple[str, str]] = []
    with Store(it.home / "course.db") as store:
        wrong += [("course.db", told) for told in store.sound()]
        known = store.assignments()
        for name in known:
            wrong += _verified(it, store, name)
        for kind in ("release", "submissions"):
            for folder in sorted((it.home / kind).glob("*/")):
                if folder.name not in known:
                    wrong.append((str(folder), "not in course.db; was course.db lost? Release, collect and grade again"))
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
        bundle = grading.bundle(it, name, student)
        bad = [each for each, digest in row["files"].items() if not grading.is_file(bundle / each, digest)]
        if bad:
            wrong.append((str(bundle), f"missing or changed: {', '.join(bad)}; release it once more to mend it"))
        wrong += [(str(bundle), problem) for problem in _given_away(bundle / f"{name}.ipynb", row["sheet"]["questions"])]
    for row in store.rows("submission", assignment=name):
        path = grading.stored(it, name, row["student"], row["sha256"])
        if not grading.is_file(path, row["sha256"]):
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


def _given_away(path: Path, questions: Collection[str]) -> list[str]:
    """What a released notebook shows that students must not see."""
    try:
        found = leaks(json.loads(path.read_bytes()), questions)
    except (OSError, ValueError, KeyError, TypeError):
        return []  # missing or changed: that is said already
    return [f"{path.name}, {problem}: students have it; mend the master and release it --again" for problem in found]
