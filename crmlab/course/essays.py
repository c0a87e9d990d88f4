"""Essays: free texts that wait for a person, who marks them on a page in the browser or in a table.

This room joins results with the points given by hand and writes these to the store, where grading never writes. The page is
known in ``rubric_page``, the table in ``rubric_table``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from crmlab import _check
from crmlab._result import Summary
from crmlab.course import rubric_page, rubric_table
from crmlab.course.folder import Course, as_path, open_course
from crmlab.course.grading import BY_HAND, questions_of, text_hash
from crmlab.course.rubric import Essay
from crmlab.course.store import Store
from crmlab.errors import DataError


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
    In a course (at ``home``) where exercise 01 is released:

    >>> from crmlab import course
    >>> course.mark_page(home, "01")
    Traceback (most recent call last):
    crmlab.errors.DataError: 01_relationship has no text to mark. Collect and grade first.
    """
    course = open_course(folder)
    _check.integer("port", port, 0, 65_535)
    name, essays = _essays(course, assignment)
    save = _saver(course, name, essays)
    rubric_page.serve(f"{course.title}: {name}", essays, save, port=port, started=started or (lambda address: None))
    return _progress(name, _essays(course, assignment)[1])


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
    In a course (at ``home``) where exercise 01 is released:

    >>> from crmlab import course
    >>> course.mark_csv(home, "01", "marks.csv")
    Traceback (most recent call last):
    crmlab.errors.DataError: 01_relationship has no text to mark. Collect and grade first.
    """
    course, path = open_course(folder), as_path("file", file)
    name, essays = _essays(course, assignment)
    if not read:
        if path.exists():
            raise DataError(f"{path} is there already and may hold marks: read it first (--read {path}), or name another file.")
        path.write_text(rubric_table.write_csv(essays), encoding="utf-8-sig", newline="")
        note = f"Fill in the points in {path}, then: crmlab course mark {name} --read {path}"
        return replace(_progress(name, essays), note=note)
    save = _saver(course, name, essays)
    for mark in rubric_table.read_csv(_read(path), essays):
        save(*mark)
    return _progress(name, _essays(course, assignment)[1])


def _read(path: Path) -> str:
    """Read a table of marks."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Write it first: --write {path}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8. In Excel: Save as, 'CSV UTF-8'.") from None


def _essays(course: Course, assignment: str) -> tuple[str, list[Essay]]:
    """Return the exercise's name and every text of it that a person marks."""
    with Store(course.home / "course.db") as store:
        name = store.released(assignment)
        marks = {(row["student"], row["question"]): row for row in store.rows("hand", assignment=name)}
        releases = {row["student"]: row for row in store.rows("release", assignment=name)}
        results = store.rows("result", assignment=name)
    essays = []
    for row in results:
        release = releases.get(row["student"]) or releases.get("")
        if release is not None:
            essays += _essays_of(row, release, marks)
    if not essays:
        raise DataError(f"{name} has no text to mark. Collect and grade first.")
    return name, essays


def _essays_of(result: dict[str, Any], release: dict[str, Any], marks: dict[tuple[str, str], dict[str, Any]]) -> list[Essay]:
    """Return the texts of one student."""
    student, answers, questions = result["student"], result["answers"], questions_of(release)
    others = tuple(
        (name, questions[name].as_text(answer)) for name, answer in answers.items()
        if name in questions and questions[name].kind != BY_HAND
    )  # fmt: skip
    essays = []
    for name, question in questions.items():
        text, mark = answers.get(name), marks.get((student, name))
        if question.kind == BY_HAND and isinstance(text, str) and text.strip():
            essay = Essay(student, question, release["asked"][name], text, None, others=others)
            if mark is not None:
                points, changed = tuple(json.loads(mark["points"])), mark["sha256"] != text_hash(text)
                essay = replace(essay, points=points, comment=mark["comment"], changed=changed)
            essays.append(essay)
    return essays


def _saver(course: Course, name: str, essays: list[Essay]) -> Callable[[str, str, tuple[float, ...], str], None]:
    """Return what writes one mark; it opens the store itself, for it may be called in any thread."""
    hashes = {(essay.student, essay.question.name): text_hash(essay.text) for essay in essays}

    def save(student: str, question: str, points: tuple[float, ...], comment: str) -> None:
        with Store(course.home / "course.db") as store, store.step():
            store.put(
                "hand", assignment=name, student=student, question=question, points=json.dumps(points), comment=comment,
                sha256=hashes[student, question],
            )  # fmt: skip

    return save


def _progress(name: str, essays: list[Essay]) -> Summary:
    """Say how many texts are marked."""
    changed = [essay.student for essay in essays if essay.changed]
    facts = (("The text changed after it was marked", ", ".join(changed)),) if changed else ()
    return Summary(f"{name}: {sum(essay.marked for essay in essays)} of {len(essays)} texts are marked", facts=facts)
