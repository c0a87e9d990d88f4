"""Grading: answers that came out of the sandbox against keys that never went in.

An answer is plain JSON or it is none. It is compared here, outside, with the key of *that* student's data. Nothing that a
submission does ends the batch; every result is written at once, in one transaction, so that a batch that was killed goes on
where it stopped and ends as if nothing had happened. Points that a person gave are read, never written. How code is run
safely is known in ``sandbox``, how results are kept in ``store``.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crmlab.course import masters, sandbox
from crmlab.course.folder import Course, written
from crmlab.course.store import Store
from crmlab.errors import CrmlabError, DataError
from crmlab.exercise.form import Question, count_words
from crmlab.exercise.values import Answer, is_valid

BY_HAND = "text"  # the kind of question that a person marks


def read_answers(text: str | None, questions: dict[str, Question]) -> tuple[dict[str, Answer], list[str]]:
    """The answers in a submission's file, and what is to be said about those that are none.

    >>> read_answers('{"answers": {"q1": NaN}}', {})
    ({}, ['the file of answers cannot be read'])
    """
    if text is None:
        return {}, ["no answer was recorded"]
    try:
        held = json.loads(text, parse_constant=_refused)["answers"]
        items = list(held.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}, ["the file of answers cannot be read"]
    known = {name: value for name, value in items if name in questions}
    good = {name: known[name] for name in questions if name in known and is_valid(known[name])}
    return good, [f"{name}: what was recorded cannot be an answer" for name in known if name not in good]


def _refused(word: str) -> None:
    raise ValueError(word)


def score(
    questions: dict[str, Question], keys: dict[str, Answer], answers: dict[str, Answer]
) -> dict[str, tuple[str, float | None]]:
    """State and points of each question; None for what waits for a person."""
    found: dict[str, tuple[str, float | None]] = {}
    for name, asked in questions.items():
        if name not in answers or (asked.kind == BY_HAND and not (isinstance(answers[name], str) and answers[name].strip())):
            found[name] = ("no answer", 0.0)
        elif asked.kind == BY_HAND:
            found[name] = ("waiting", None)
        else:
            right = asked.is_right(answers[name], keys[name])
            found[name] = ("right", asked.points) if right else ("wrong", 0.0)
    return found


# -- The batch ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """One submission to be graded."""

    student: str
    notebook: bytes
    bundle: Path
    release: dict[str, Any]
    graded: str


def to_do(
    course: Course, store: Store, assignment: str, *, isolated: bool, again: bool
) -> tuple[list[Work], dict[str, str], int]:
    """Submissions whose result is missing or was made of something else; those that cannot be graded, with the reason; and
    how many are graded already."""
    releases = {row["student"]: row for row in store.rows("release", assignment=assignment)}
    results = {row["student"]: row["graded"] for row in store.rows("result", assignment=assignment)}
    work, cannot, done = [], {}, 0
    for row in store.rows("submission", assignment=assignment):
        student = row["student"]
        release = releases.get(student) or releases.get("")
        if release is None:
            cannot[student] = "nothing was released to this student; release the exercise once more"
            continue
        path = stored(course, assignment, student, row["sha256"])
        try:
            notebook = path.read_bytes()
        except OSError as error:
            cannot[student] = f"{path} cannot be read ({error.strerror}); collect it once more"
            continue
        if hashlib.sha256(notebook).hexdigest() != row["sha256"]:
            cannot[student] = f"{path} is not what was collected; collect it once more"
            continue
        made_of = [row["sha256"], release["sheet"], release["keys"], asdict(course.limits), isolated]
        graded = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
        if results.get(student) == graded and not again:
            done += 1
            continue
        work.append(Work(student, notebook, bundle(course, assignment, release["student"]), release, graded))
    return work, cannot, done


def bundle(course: Course, assignment: str, student: str) -> Path:
    """Where the files of a student lie; "" for everyone's."""
    return course.home / "release" / assignment / (student or "everyone")


def stored(course: Course, assignment: str, student: str, sha256: str) -> Path:
    """Where a submission lies."""
    return course.home / "submissions" / assignment / student / f"{sha256[:16]}.ipynb"


def unpack(course: Course, assignment: str, release: dict[str, Any], folder: Path) -> None:
    """Make sure that a student's sheet and tables are as they were released; make them anew if not."""
    if all(is_file(folder / name, digest) for name, digest in shown(release).items()):
        return
    master = masters.read(course.master(assignment))
    student = release["student"]
    made = masters.files(master, masters.draft(master, course.seed(assignment, student), student or None))
    for name, digest in shown(release).items():
        content = made.get(name, b"")
        if hashlib.sha256(content).hexdigest() != digest:
            raise DataError(
                f"{folder / name} is missing or was changed, and the master or the secret no longer gives the same. Unpack "
                f"{folder}.zip there, or take the course's folder back from a copy."
            )
        with written(folder / name) as part:
            part.write_bytes(content)


def shown(release: dict[str, Any]) -> dict[str, str]:
    """The files of a release, with their hashes, that lie beside a notebook when it runs: its sheet and its tables."""
    return {name: digest for name, digest in release["files"].items() if not name.endswith(".ipynb")}


def is_file(path: Path, digest: str) -> bool:
    """Whether a file is there and has this hash."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def run(
    course: Course, store: Store, assignment: str, work: list[Work], *, workers: int, isolated: bool
) -> Iterator[tuple[str, str]]:
    """Grade; yields (student, outcome) as each is done and written, or (student, reason) if it could not be run at all."""
    fonts, one_master = _fonts(course), threading.Lock()  # a master works on the one desk of this process

    def one(job: Work) -> sandbox.Story:
        with one_master:
            unpack(course, assignment, job.release, job.bundle)
        files = {name: job.bundle / name for name in shown(job.release)}
        processor = processors.get()
        try:
            return sandbox.run(
                job.notebook, files, assignment, course.limits, fonts=fonts, isolated=isolated, processor=processor,
                secret=course.secrets,
            )  # fmt: skip
        finally:
            processors.put(processor)

    processors: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    ours = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    for number in range(workers):
        processors.put(ours[number % len(ours)])
    with ThreadPoolExecutor(workers) as pool:
        jobs, waiting = iter(work), {}

        def fill() -> None:
            for job in jobs:
                waiting[pool.submit(one, job)] = job
                if len(waiting) >= workers:
                    return

        fill()
        while waiting:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                job = waiting.pop(future)
                fill()
                try:
                    outcome = _keep(store, assignment, job, future.result(), isolated=isolated)
                except Exception as error:  # whatever one submission can bring about, the others are graded
                    kind = "" if isinstance(error, CrmlabError) else f"{type(error).__name__}: "
                    outcome = f"not graded: {kind}{error}"
                yield job.student, outcome


def _keep(store: Store, assignment: str, job: Work, story: sandbox.Story, *, isolated: bool) -> str:
    """Write one result, all of it or nothing."""
    questions = {name: Question.from_json(each) for name, each in job.release["sheet"]["questions"].items()}
    answers, remarks = read_answers(story.answers, questions)
    marks = score(questions, job.release["keys"], answers)
    key = {"assignment": assignment, "student": job.student}
    with store.step():
        store.put(
            "result", **key, graded=job.graded, outcome=story.outcome, sandbox="yes" if isolated else "NO", cells=story.cells,
            ran=story.ran, errors=[*map(list, story.errors), *([0, remark] for remark in remarks)], answers=answers,
            code=story.code, given_to=story.given_to, seconds=round(story.seconds, 3), peak_mb=round(story.peak_mb, 1),
        )  # fmt: skip
        store.drop("score", **key)
        for name, (state, points) in marks.items():
            store.put("score", **key, question=name, state=state, points=points)
    return story.outcome


_IMPORTS = "import IPython.core.interactiveshell, crmlab.exercise, crmlab.widgets, matplotlib.pyplot, statsmodels.api, seaborn"


def _fonts(course: Course) -> Path | None:
    """Matplotlib's list of fonts, made once for the course: it takes seconds, and each run begins with an empty disk.

    On the way Python compiles what submissions import, which a sandbox, where nothing can be written, would do each time.
    """
    from importlib.metadata import version

    folder = course.home / ".cache" / f"matplotlib-{version('matplotlib')}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part{os.getpid()}")
        part.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(
            [sys.executable, "-I", "-c", _IMPORTS], env=sandbox.environment(part, None), stdin=subprocess.DEVNULL,
            capture_output=True, check=False,
        )  # fmt: skip
        if not made.returncode and (part / ".matplotlib").is_dir():
            os.replace(part / ".matplotlib", folder)
        shutil.rmtree(part)
        if not folder.exists():
            return None  # then each run looks for itself, and takes longer
    return folder


# -- What the results say ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """How one student stands in one question.

    Attributes
    ----------
    state : str
        "right", "wrong", "no answer", "waiting" (for a person) or "marked" (by a person).
    points : float or None
        None while it waits.
    lines : tuple of float
        The points of each line of the rubric, if a person marked it.
    comment : str
    changed : bool
        The text is no longer the one that was marked.
    """

    state: str
    points: float | None
    lines: tuple[float, ...] = ()
    comment: str = ""
    changed: bool = False


def marks(store: Store, assignment: str) -> dict[str, dict[str, Mark]]:
    """Student -> question -> how it stands; points given by hand take the place of waiting."""
    answers = {row["student"]: row["answers"] for row in store.rows("result", assignment=assignment)}
    found: dict[str, dict[str, Mark]] = {}
    for row in store.rows("score", assignment=assignment):
        found.setdefault(row["student"], {})[row["question"]] = Mark(row["state"], row["points"])
    for row in store.rows("hand", assignment=assignment):
        mine = found.get(row["student"], {})
        if row["question"] in mine:
            lines = tuple(json.loads(row["points"]))
            changed = text_hash(answers[row["student"]].get(row["question"], "")) != row["sha256"]
            mine[row["question"]] = Mark("marked", sum(lines), lines, row["comment"], changed)
    return found


def text_hash(text: Answer) -> str:
    """By which a marked text is known again."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def similar(store: Store, assignment: str) -> dict[str, str]:
    """A note for each student whose wrong answers are right for another's data, or whose notebook, code or text is another's.
    It proves nothing: it says where to look.

    At least three wrong numbers must fit the same other student (two, where fewer than five numbers are asked): one alone
    may well be chance.
    """
    releases = {row["student"]: row for row in store.rows("release", assignment=assignment) if row["student"]}
    results = {row["student"]: row["answers"] for row in store.rows("result", assignment=assignment)}
    notes: dict[str, list[str]] = {}
    for student, answers in results.items():
        if student not in releases:
            continue
        own = releases[student]
        asked = {name: Question.from_json(each) for name, each in own["sheet"]["questions"].items()}
        numeric = [name for name, each in asked.items() if each.kind not in (BY_HAND, "choice")]
        wrong = [name for name in numeric if name in answers and not asked[name].is_right(answers[name], own["keys"][name])]
        enough = 3 if len(numeric) >= 5 else 2
        for other, theirs in releases.items():
            if other != student and len(wrong) >= enough:
                fits = [name for name in wrong if asked[name].is_right(answers[name], theirs["keys"].get(name))]
                if len(fits) >= enough:
                    notes.setdefault(student, []).append(f"{len(fits)} of {len(wrong)} wrong answers are right for {other}")
    texts: dict[str, list[str]] = {}
    for row in store.rows("result", assignment=assignment):
        if row["given_to"] not in ("", row["student"]):
            notes.setdefault(row["student"], []).append(f"the notebook was given to {row['given_to']}")
        if row["code"] and row["answers"]:
            texts.setdefault(f"code {row['code']}", []).append(row["student"])
    for student, answers in results.items():
        for name, text in answers.items():
            if isinstance(text, str) and count_words(text) >= 30:
                texts.setdefault(f"{name} {' '.join(text.casefold().split())}", []).append(student)
    for same, people in texts.items():
        for student in people if len(people) > 1 else ():
            others = ", ".join(other for other in people if other != student)
            notes.setdefault(student, []).append(f"{same.split()[0]} is word for word that of {others}")
    return {student: "; ".join(told) for student, told in notes.items()}
