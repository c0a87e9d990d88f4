"""The batch: submissions are run, a few at a time, and each result is written at once.

Nothing that a submission does ends the batch. Every result is one transaction, so that a batch that was killed goes on where
it stopped and ends as if nothing had happened. How code is run safely is known in ``sandbox``, when an answer is right in
``grading``.
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
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from crmlab.course import bubblewrap, sandbox
from crmlab.course.bundles import files_beside, restore
from crmlab.course.folder import Course
from crmlab.course.grading import all_answers, questions_of, score
from crmlab.course.sandbox import RunResult
from crmlab.course.store import Store
from crmlab.errors import CrmlabError

NOT_GRADED = "not graded"  # how a reason begins


@dataclass(frozen=True, slots=True)
class Job:
    """One submission to be graded; ``made_of`` is a hash of all that its result depends on."""

    student: str
    notebook: bytes
    release: dict[str, Any]
    made_of: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What there is to do.

    Attributes
    ----------
    jobs : list of Job
        Submissions whose result is missing or was made of something else.
    refused : dict
        Student -> why the submission cannot be graded.
    n_graded : int
        How many are graded already.
    """

    jobs: list[Job]
    refused: dict[str, str]
    n_graded: int


def submission_path(course: Course, assignment: str, student: str, sha256: str) -> Path:
    """Return where a submission lies.

    Parameters
    ----------
    course : Course
    assignment : str
    student : str
        The id.
    sha256 : str
        Of the notebook.
    """
    return course.home / "submissions" / assignment / student / f"{sha256[:16]}.ipynb"


def plan(course: Course, store: Store, assignment: str, *, isolated: bool, again: bool) -> Batch:
    """Find out which submissions are to be graded.

    Parameters
    ----------
    course : Course
    store : Store
    assignment : str
    isolated : bool
        Whether they are run in the sandbox.
    again : bool
        Also those that are graded already.
    """
    releases = {row["student"]: row for row in store.rows("release", assignment=assignment)}
    results = {row["student"]: row["graded"] for row in store.rows("result", assignment=assignment)}
    jobs: list[Job] = []
    refused: dict[str, str] = {}
    n_graded = 0
    for row in store.rows("submission", assignment=assignment):
        student = row["student"]
        release = releases.get(student) or releases.get("")
        if release is None:
            refused[student] = "nothing was released to this student; release the exercise once more"
            continue
        notebook, problem = _read(submission_path(course, assignment, student, row["sha256"]), row["sha256"])
        if problem:
            refused[student] = problem
            continue
        parts = [row["sha256"], release["sheet"], release["keys"], asdict(course.limits), isolated]
        made_of = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        if results.get(student) == made_of and not again:
            n_graded += 1
        else:
            jobs.append(Job(student, notebook, release, made_of))
    return Batch(jobs, refused, n_graded)


def _read(path: Path, sha256: str) -> tuple[bytes, str]:
    """Read a submission; the second is the reason if that cannot be."""
    try:
        notebook = path.read_bytes()
    except OSError as error:
        return b"", f"{path} cannot be read ({error.strerror}); collect it once more"
    if hashlib.sha256(notebook).hexdigest() != sha256:
        return b"", f"{path} is not what was collected; collect it once more"
    return notebook, ""


def grade_all(
    course: Course, store: Store, assignment: str, jobs: list[Job], *, workers: int, isolated: bool
) -> Iterator[tuple[str, str]]:
    """Run and score submissions; each is written as it is done.

    Parameters
    ----------
    course : Course
    store : Store
    assignment : str
    jobs : list of Job
    workers : int
        How many are run at a time.
    isolated : bool
        Whether they are run in the sandbox.

    Yields
    ------
    student, outcome : str
        The outcome says why, if it could not be run at all.
    """
    runner = _Runner(course, assignment, workers, isolated)
    with ThreadPoolExecutor(workers) as pool:
        left = iter(jobs)
        running: dict[Future[RunResult], Job] = {pool.submit(runner.run, job): job for job in islice(left, workers)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                running |= {pool.submit(runner.run, following): following for following in islice(left, 1)}
                try:
                    result = future.result()
                    _keep(store, assignment, job, result, isolated=isolated)
                    outcome = result.outcome
                except Exception as error:  # whatever one submission can bring about, the others are graded
                    kind = "" if isinstance(error, CrmlabError) else f"{type(error).__name__}: "
                    outcome = f"{NOT_GRADED}: {kind}{error}"
                yield job.student, outcome


class _Runner:
    """Runs submissions of one exercise in several threads, each on a processor of its own as far as there are enough."""

    def __init__(self, course: Course, assignment: str, workers: int, isolated: bool) -> None:
        self._course, self._assignment, self._isolated = course, assignment, isolated
        self._fonts = _fonts(course)
        self._master = threading.Lock()  # a master works on the one desk of this process
        self._processors: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        ours: list[int | None] = [*sorted(os.sched_getaffinity(0))] if hasattr(os, "sched_getaffinity") else [None]
        for number in range(workers):
            self._processors.put(ours[number % len(ours)])

    def run(self, job: Job) -> RunResult:
        with self._master:
            folder = restore(self._course, self._assignment, job.release)
        processor = self._processors.get()
        try:
            return sandbox.run(
                job.notebook, {name: folder / name for name in files_beside(job.release)}, self._assignment,
                self._course.limits, fonts=self._fonts, isolated=self._isolated, processor=processor,
                secret=self._course.secrets,
            )  # fmt: skip
        finally:
            self._processors.put(processor)


def _keep(store: Store, assignment: str, job: Job, result: RunResult, *, isolated: bool) -> None:
    """Write one result, all of it or nothing."""
    questions = questions_of(job.release)
    answers, remarks, are_coded = all_answers(result.answers, result.boxed, questions)
    key = {"assignment": assignment, "student": job.student}
    code = result.code if are_coded or not answers else ""  # untouched code is nobody's
    with store.step():
        store.put(
            "result", **key, graded=job.made_of, outcome=result.outcome, sandbox="yes" if isolated else "NO",
            cells=result.cells, ran=result.ran, errors=[*map(list, result.errors), *([0, remark] for remark in remarks)],
            answers=answers, code=code, given_to=result.given_to, seconds=round(result.seconds, 3),
            peak_mb=round(result.peak_mb, 1),
        )  # fmt: skip
        store.drop("score", **key)
        for name, (state, points) in score(questions, job.release["keys"], answers).items():
            store.put("score", **key, question=name, state=state, points=points)


_IMPORTS = "import IPython.core.interactiveshell, crmlab.exercise, crmlab.widgets, matplotlib.pyplot, statsmodels.api, seaborn"


def _fonts(course: Course) -> Path | None:
    """Make matplotlib's list of fonts, once for the course: it takes seconds, and each run begins with an empty disk.

    On the way Python compiles what submissions import, which a sandbox, where nothing can be written, would do each time.
    Without the list each run looks for itself, and takes longer.
    """
    from importlib.metadata import version

    folder = course.home / ".cache" / f"matplotlib-{version('matplotlib')}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part{os.getpid()}")
        part.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(
            [sys.executable, "-I", "-c", _IMPORTS], env=bubblewrap.environment(part, None), stdin=subprocess.DEVNULL,
            capture_output=True, check=False,
        )  # fmt: skip
        if not made.returncode and (part / ".matplotlib").is_dir():
            os.replace(part / ".matplotlib", folder)
        shutil.rmtree(part)
    return folder if folder.exists() else None
