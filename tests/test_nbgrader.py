"""The second way to mark: a master makes a plain nbgrader assignment, and nbgrader grades it.

Asked is only whether masters keep nbgrader's rules. It runs hidden tests in the kernel of the student's own code, so its marks
are worth what that code lets them be worth; what holds against a student who cheats is tested elsewhere.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NBGRADER = ROOT / ".tools/nbgrader"
NAME = "01_relationship"
MASTER = ROOT / f"exercises/masters/{NAME}.ipynb"
REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n.*?### END \1\n?", re.DOTALL)
STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]  # what nbgrader puts in place of a solution
ADA, BEN = "ada", "ben"  # Ada has all right; Ben has two answers wrong and left one question as it was
CHANGED, OPEN = ["q1", "q6"], "q4"

CONFIG = """c = get_config()
c.CourseDirectory.course_id = "crm"
c.Execute.timeout = 300  # seconds for a cell: on a busy machine an answer is slow, not wrong
"""
# The command, and then its marks through its own interface, in one process: nbgrader takes seconds to start.
AUTOGRADE = f"""
import json, runpy, sys
sys.argv = ["nbgrader", "autograde", "{NAME}"]
try:
    runpy.run_module("nbgrader", run_name="__main__")
except SystemExit as stop:
    assert not stop.code
from nbgrader.api import Gradebook
marks = {{}}
with Gradebook("sqlite:///gradebook.db") as book:
    for work in book.assignment_submissions("{NAME}"):
        cells = {{grade.name: [grade.auto_score, grade.needs_manual_grade] for grade in work.notebooks[0].grades}}
        marks[work.student.id] = {{"score": work.score, "of": work.max_score, "cells": cells}}
with open("marks.json", "w") as file:
    json.dump(marks, file)
"""


def run(course, *words):
    """Run Python as `lab.py nbgrader` does, and without the user's own settings."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # many Pythons start here
    kept |= {name: str(course.parent / name) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    kept["PYTHONPATH"] = str(NBGRADER)
    kept["PATH"] = os.pathsep.join([str(NBGRADER / "bin"), str(NBGRADER / "Scripts"), os.environ.get("PATH", os.defpath)])
    done = subprocess.run([sys.executable, "-P", *words], cwd=course, env=kept, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]


def cells_of(path):
    """The cells of a notebook by their nbgrader names."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    named = {cell["metadata"]["nbgrader"]["grade_id"]: cell | {"source": "".join(cell["source"])} for cell in cells}
    assert len(named) == len(cells)
    return named


def submit(course, student, sources):
    """Hand in the released notebook with these sources in some of its cells."""
    notebook = json.loads((course / f"release/{NAME}/{NAME}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = sources.get(cell["metadata"]["nbgrader"]["grade_id"], cell["source"])
    folder = course / f"submitted/{student}/{NAME}"
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def installed():
    if not (NBGRADER / "crmlab-setup.json").is_file():
        pytest.skip("nbgrader is not there; get it with: python lab.py nbgrader --version")


@pytest.fixture(scope="module")
def course(installed, tmp_path_factory):
    """The folder of a course: one assignment, released, submitted by two students, graded."""
    course = tmp_path_factory.mktemp("nbgrader") / "course"
    (course / "source" / NAME).mkdir(parents=True)
    shutil.copy(MASTER, course / "source" / NAME)
    (course / "nbgrader_config.py").write_text(CONFIG)
    run(course, "-m", "nbgrader", "generate_assignment", NAME)
    master = cells_of(course / f"source/{NAME}/{NAME}.ipynb")
    sources = {name: cell["source"] for name, cell in master.items() if name.endswith("-solution")}
    submit(course, ADA, sources)
    for name in CHANGED:
        answer = rf'exercise\.answer\("{name}", (\w+)\)'
        sources[f"{name}-solution"], count = re.subn(answer, rf'exercise.answer("{name}", \1 + 1)', sources[f"{name}-solution"])
        assert count == 1
    del sources[f"{OPEN}-solution"]
    submit(course, BEN, sources)
    run(course, "-c", AUTOGRADE)
    return course


def points(course, by_hand=False):
    """Cell -> points, of what nbgrader marks, or of what a person marks: answers that earn points themselves."""
    of = {name: cell["metadata"]["nbgrader"] for name, cell in cells_of(course / f"source/{NAME}/{NAME}.ipynb").items()}
    return {name: each["points"] for name, each in of.items() if each["grade"] and each["solution"] == by_hand}


def marks(course, student):
    return json.loads((course / "marks.json").read_text())[student]


def errors(course, student):
    """Cell -> what it raised."""
    cells = cells_of(course / f"autograded/{student}/{NAME}/{NAME}.ipynb")
    outputs = [(name, output) for name, cell in cells.items() for output in cell.get("outputs", ())]
    assert not [output for _, output in outputs if output.get("name") == "stderr"]  # to nbgrader this is a failure, too
    return {name: output["ename"] for name, output in outputs if output["output_type"] == "error"}


def test_what_nbgrader_needs_is_there_in_versions_that_fit(installed):
    own = {canonicalize_name(each.metadata["Name"]): each for each in distributions(path=[str(NBGRADER)])}
    there = {canonicalize_name(each.metadata["Name"]): each for each in distributions()} | own
    assert "nbgrader" in own
    for name, package in own.items():
        for requirement in map(Requirement, package.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                locked = there.get(canonicalize_name(requirement.name))
                assert locked is not None, f"{name} needs {requirement}"
                assert requirement.specifier.contains(locked.version, prereleases=True), f"{name} needs {requirement}"


def test_students_get_neither_solutions_nor_hidden_tests(course):
    [released] = (course / "release" / NAME).iterdir()
    cells, master = cells_of(released), cells_of(course / f"source/{NAME}/{NAME}.ipynb")
    assert list(cells) == list(master)
    for name, cell in cells.items():
        assert not cell.get("outputs")
        lines = [line for line in cell["source"].splitlines() if line.strip() not in STUB]
        assert lines == REGION.sub("", master[name]["source"]).splitlines()
        assert (STUB[1] in cell["source"]) == name.endswith("-solution")
    assert not re.search(r"BEGIN|HIDDEN|declare|question\(|key=|misconceptions", released.read_text(encoding="utf-8"))


def test_right_answers_earn_all_points(course):
    assert errors(course, ADA) == {}
    graded, full = marks(course, ADA), points(course)
    assert {name: graded["cells"][name][0] for name in full} == full
    assert graded["score"] == sum(full.values()) == graded["of"] - sum(points(course, by_hand=True).values())


def test_wrong_and_open_answers_lose_their_points_and_no_others(course):
    failed = {f"{name}-check" for name in [*CHANGED, OPEN]}
    assert errors(course, BEN) == dict.fromkeys(failed, "WrongAnswer") | {f"{OPEN}-solution": "NotImplementedError"}
    graded, full = marks(course, BEN), points(course)
    assert {name: graded["cells"][name][0] for name in full} == full | dict.fromkeys(failed, 0)
    assert graded["score"] == sum(full.values()) - sum(full[name] for name in failed)
    assert all(full[name] for name in failed)


@pytest.mark.parametrize("student", [ADA, BEN])
def test_the_memo_waits_for_a_person(course, student):
    cells = marks(course, student)["cells"]
    assert {name for name, (_, waits) in cells.items() if waits} == set(points(course, by_hand=True)) == {"memo-solution"}
    assert cells["memo-solution"][0] is None
