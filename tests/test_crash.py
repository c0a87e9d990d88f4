"""Killed in the middle: whatever moment a process dies at, the finished course is the one that nobody disturbed.

``kill -9`` comes at three random moments of grading (at twenty with --long; the same ones each time, counted from the start)
and at a few of releasing. After each, the store must be sound and no submission may still run; at the end, points, answers and
files must equal those of an undisturbed course. What is not shown: a power cut, where the disk has its own say.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import classroom
import psutil
import pytest
from classroom import DONE, HONEST, NAME, OPEN, notebook

from crmlab import course
from crmlab.course import sandbox
from crmlab.course.store import Store

ROOT = Path(__file__).resolve().parent.parent
CLASS = {f"S{number}": f"Student {number}" for number in range(1, 5)}
MEMORY = 1_500  # MB: the limit by which this course's runs are known


def command(home: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "crmlab", "course", *words, "--dir", str(home)], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def state(home: Path) -> dict:
    """All that grading finds out, but for how long it took."""
    with Store(home / "course.db") as store:
        assert store.problems() == []
        results = store.rows("result", assignment=NAME)
        for row in results:
            del row["seconds"], row["peak_mb"]
        return {"results": results, "scores": sorted(map(str, store.rows("score", assignment=NAME)))}


def files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted((home / "release").rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    if reason := sandbox.missing():
        pytest.skip(reason)
    place = tmp_path_factory.mktemp("crash")
    home = classroom.make(place / "crm", CLASS, memory_mb=MEMORY)
    (place / "heap").mkdir()
    for student in CLASS:
        answers = [*HONEST] if student != "S4" else [OPEN, DONE["q1"], "1 / 0", DONE["q3"]]
        (place / "heap" / f"{student}.ipynb").write_bytes(notebook(*answers))
    course.collect(home, "99", place / "heap")
    return home


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.long)])
def test_grading_that_is_killed_ends_as_if_it_had_not_been(collected, tmp_path, kills):
    undisturbed = Path(shutil.copytree(collected, tmp_path / "undisturbed"))
    began = time.monotonic()
    assert f"{len(CLASS)} graded" in command(undisturbed, "grade", "99").communicate()[0]
    length = time.monotonic() - began
    expected = state(undisturbed)
    moments, rounds, interrupted = random.Random(20), 0, 0
    while interrupted < kills:
        home = Path(shutil.copytree(collected, tmp_path / f"round {rounds}"))
        rounds += 1
        done = False
        while not done:
            process = command(home, "grade", "99")
            try:
                output, _ = process.communicate(timeout=moments.uniform(0.1, 0.8 * length) if interrupted < kills else None)
                assert process.returncode == 0, output
                done = True
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.communicate()
                interrupted += 1
                for _ in range(50):
                    if not classroom.runs(MEMORY):
                        break
                    time.sleep(0.1)
                assert not classroom.runs(MEMORY), "a submission outlived its grader"
        assert state(home) == expected
        assert course.verify(home).title.endswith("all is well")
    assert interrupted == kills
    course.grade(home, "99")
    left = [path for path in Path("/tmp").glob("crmlab-run-*") if not psutil.pid_exists(int(path.name.split("-")[2]))]
    assert left == [], "the next run takes away what was left"


def test_releasing_that_is_killed_ends_as_if_it_had_not_been(collected, tmp_path):
    home = Path(shutil.copytree(collected, tmp_path / "crm"))
    expected = files(home)
    shutil.rmtree(home / "release")
    (home / "course.db").unlink()
    moments = random.Random(4)
    for _ in range(4):
        process = command(home, "release", "99", "--individual")
        try:
            process.communicate(timeout=moments.uniform(0.5, 3))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    output, _ = command(home, "release", "99", "--individual").communicate()
    assert "there already" in output
    parts = {name for name in files(home) if name.endswith(".part")}
    assert {name: content for name, content in files(home).items() if name not in parts} == expected
