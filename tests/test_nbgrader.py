"""The second way to mark: a master makes a plain nbgrader assignment, and nbgrader grades it.

It lies in .tools/nbgrader, where `lab.py test` puts it, and its Python is that of the tests. What is asked here is only whether
masters keep its rules; it runs hidden tests in the student's own kernel, so its marks can be trusted as far as students can.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NBGRADER = ROOT / ".tools/nbgrader"
NAME = "01_relationship"
REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1\n?", re.DOTALL)
STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]
RIGHT, WRONG = "ada", "ben"
CHANGED, OPEN = ["q1", "q6"], "q4"  # Ben's

# Grade everyone, as the command does, and read the marks in the same process: nbgrader takes seconds to start.
GRADE = f"""
import json, runpy, sys
sys.argv = ["nbgrader", "autograde", "{NAME}"]
try:
    runpy.run_module("nbgrader", run_name="__main__")
except SystemExit as stop:
    assert not stop.code
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    marks = {{}}
    for work in book.assignment_submissions("{NAME}"):
        [notebook] = work.notebooks
        grades = {{each.name: [each.auto_score, each.needs_manual_grade] for each in notebook.grades}}
        marks[work.student.id] = {{"score": work.score, "max_score": work.max_score, "grades": grades}}
with open("marks.json", "w") as file:
    json.dump(marks, file)
"""


def read(path):
    """A notebook: the nbgrader name of each cell -> the cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    named = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in cells}
    assert len(named) == len(cells)
    return {name: cell | {"source": "".join(cell["source"])} for name, cell in named.items()}


def submit(course, student, sources):
    """The released notebook with these sources in some of its cells."""
    held = json.loads((course / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    for cell in held["cells"]:
        name = cell["metadata"]["nbgrader"]["grade_id"]
        cell["source"] = sources.get(name, cell["source"])
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(held), encoding="utf-8")


def run(course, *words):
    """Run Python with nbgrader, as `lab.py nbgrader` does; nothing is read from or written to the user's own folders."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # it is slow without
    own = {name: str(course.parent / name) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    places = {"PYTHONPATH": str(NBGRADER), "PATH": os.pathsep.join([str(NBGRADER / "bin"), str(NBGRADER / "Scripts")])}
    for name in set(places) & set(kept):
        places[name] += os.pathsep + kept[name]
    done = subprocess.run(
        [sys.executable, "-P", *words], cwd=course, env=kept | own | places, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def installed():
    if not (NBGRADER / "crmlab-setup.json").is_file():
        pytest.skip("nbgrader is not there; get it with: python lab.py nbgrader --version")


@pytest.fixture(scope="module")
def course(installed, tmp_path_factory):
    """A course in which one assignment was released, submitted by two students and graded."""
    course = tmp_path_factory.mktemp("nbgrader") / "course"
    source = course / "source" / NAME
    source.mkdir(parents=True)
    shutil.copy(ROOT / "exercises/masters" / f"{NAME}.ipynb", source)
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'crm'\nc.Execute.timeout = 300  # seconds; a slow machine is no wrong answer\n"
    )
    run(course, "-m", "nbgrader", "generate_assignment", NAME)
    solved = {name: cell["source"] for name, cell in master().items() if name.endswith("-solution")}
    submit(course, RIGHT, solved)
    for name in CHANGED:
        solved[f"{name}-solution"], count = re.subn(
            rf'exercise\.answer\("{name}", (\w+)\)', rf'exercise.answer("{name}", \1 + 1)', solved[f"{name}-solution"]
        )
        assert count == 1
    del solved[f"{OPEN}-solution"]
    submit(course, WRONG, solved)
    run(course, "-c", GRADE)
    return course


def master():
    return read(ROOT / "exercises/masters" / f"{NAME}.ipynb")


def points(*, by_hand):
    """Cell -> points: of those that nbgrader marks, or of those that wait for a person (the answer itself has points)."""
    of = {name: cell["metadata"]["nbgrader"] for name, cell in master().items()}
    return {name: each["points"] for name, each in of.items() if each["grade"] and each["solution"] == by_hand}


def marks(course):
    return json.loads((course / "marks.json").read_text())


def errors(course, student):
    """Cell -> what it raised."""
    cells = read(course / "autograded" / student / NAME / f"{NAME}.ipynb")
    outputs = [(name, output) for name, cell in cells.items() for output in cell.get("outputs", ())]
    assert not [output for _, output in outputs if output.get("name") == "stderr"]  # nbgrader takes it for a failed test
    return {name: output["ename"] for name, output in outputs if output["output_type"] == "error"}


def test_what_nbgrader_needs_is_there_in_versions_that_fit(installed):
    pythons = [path for path in sys.path if path != str(NBGRADER)]
    there = {canonicalize_name(each.metadata["Name"]): each for each in distributions(path=[str(NBGRADER), *pythons][::-1])}
    own = [canonicalize_name(each.metadata["Name"]) for each in distributions(path=[str(NBGRADER)])]
    assert "nbgrader" in own
    there |= {name: Distribution.from_name(name) for name in ()}
    for name in own:
        for requirement in map(Requirement, there[name].requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found = there.get(canonicalize_name(requirement.name))
                assert found is not None, f"{name} needs {requirement}"
                assert requirement.specifier.contains(found.version, prereleases=True), f"{name} needs {requirement}"


def test_students_get_neither_solutions_nor_hidden_tests(course):
    released = course / "release" / NAME
    assert [path.name for path in released.iterdir()] == [f"{NAME}.ipynb"]
    cells, before = read(released / f"{NAME}.ipynb"), master()
    assert list(cells) == list(before)
    for name, cell in cells.items():
        if cell["cell_type"] == "markdown":
            assert cell["source"] == before[name]["source"]
            continue
        assert not cell["outputs"]
        seen = [line for line in cell["source"].splitlines() if line.strip() not in STUB]
        assert seen == REGION.sub("", before[name]["source"]).splitlines()
        assert STUB[1] in cell["source"] or not name.endswith("-solution")
    text = (released / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"BEGIN|HIDDEN|exercise\.(declare|question)|key=|slips", text)


def test_right_answers_get_all_points(course):
    assert errors(course, RIGHT) == {}
    held = marks(course)[RIGHT]
    expected = points(by_hand=False)
    assert {name: score for name, (score, _) in held["grades"].items() if name in expected} == expected
    assert held["score"] == sum(expected.values()) == 16
    assert held["max_score"] == 20


def test_wrong_and_open_answers_lose_their_points_and_no_others(course):
    lost = {f"{name}-check": "WrongAnswer" for name in [*CHANGED, OPEN]}
    assert errors(course, WRONG) == lost | {f"{OPEN}-solution": "NotImplementedError"}
    held = marks(course)[WRONG]
    expected = {name: 0 if name in lost else each for name, each in points(by_hand=False).items()}
    assert {name: score for name, (score, _) in held["grades"].items() if name in expected} == expected
    assert held["score"] == sum(expected.values()) == 16 - 1 - 4 - 2


@pytest.mark.parametrize("student", [RIGHT, WRONG])
def test_the_memo_waits_for_a_person(course, student):
    waiting = {name for name, (_, waits) in marks(course)[student]["grades"].items() if waits}
    assert waiting == set(points(by_hand=True)) == {"memo-solution"}
    assert marks(course)[student]["grades"]["memo-solution"][0] is None


@pytest.mark.parametrize("student", [RIGHT, WRONG])
def test_an_error_does_not_tell_the_key(course, student):
    """nbgrader shows students the output of hidden tests in its feedback."""
    key = re.compile(r"key|right answer is|expected")
    cells = read(course / "autograded" / student / NAME / f"{NAME}.ipynb")
    for cell in cells.values():
        for output in cell.get("outputs", ()):
            assert not key.search(output.get("evalue", ""))
