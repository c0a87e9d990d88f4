"""What students must never get: keys and solutions that a mistyped marker leaves in their copy.

Proved on a small master, copied without being run: each way to mistype a marker is refused with its cell, nothing honest is,
and copies that were made are looked through again. That the copies of the kit's own masters are clean is seen where they
are made.
"""

import json

import classroom
import pytest
from classroom import NAME, code, markdown, notebook

from crmlab.course import masters
from crmlab.course.leaks import cell_leaks, leaks
from crmlab.errors import DataError

SHEET = {"given": {"day": "2023-09-30"}, "questions": dict.fromkeys(classroom.POINTS), "student": "S1"}


def copied(tmp_path, master: bytes) -> dict:
    """The student's copy of a master that was not run."""
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(master)
    return json.loads(masters.copy(masters.read(path), SHEET))


def test_the_honest_copy_is_made(tmp_path):
    copy = copied(tmp_path, classroom.master())
    assert leaks(copy, SHEET["questions"]) == []
    text = json.dumps(copy)
    assert text.count("= ...  # your answer") == 4
    assert not any(word in text for word in ("declare", "question(", "SOLUTION", "HIDDEN", "nlargest"))


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("### BEGIN HIDDEN TEST", "### END HIDDEN TEST"),
        ("### BEGIN HIDDEN TESTS.", "### END HIDDEN TESTS."),
        ("## BEGIN HIDDEN TESTS", "## END HIDDEN TESTS"),
        ("###BEGIN HIDDEN TESTS", "###END HIDDEN TESTS"),
        ("### Begin hidden tests", "### End hidden tests"),
        ("### BEGIN  HIDDEN TESTS", "### END  HIDDEN TESTS"),
        ("### BEGIN HIDEN TESTS", "### END HIDEN TESTS"),
        ("### BEGIN HIDDEN\u200bTESTS", "### END HIDDEN\u200bTESTS"),
        ("### START HIDDEN TESTS", "### STOP HIDDEN TESTS"),
        ("### BEGIN TESTS", "### END TESTS"),
        ("", ""),
        ("### BEGIN HIDDEN TESTS", ""),
        ("", "### END HIDDEN TESTS"),
        ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS of q1"),
        ("### END HIDDEN TESTS", "### BEGIN HIDDEN TESTS"),
        ("### BEGIN HIDDEN TESTS\n### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS\n### END HIDDEN TESTS"),
    ],
)
@pytest.mark.parametrize("cell", ["start", "q1-check"])
def test_a_mistyped_marker_of_a_hidden_region_is_refused(tmp_path, begin, end, cell):
    broken = json.loads(classroom.master())
    for each in broken["cells"]:
        if each["id"] == cell:
            each["source"] = each["source"].replace("### BEGIN HIDDEN TESTS", begin).replace("### END HIDDEN TESTS", end)
    number = [each["id"] for each in broken["cells"]].index(cell) + 1
    with pytest.raises(DataError, match=f"cell {number}"):
        copied(tmp_path, json.dumps(broken).encode())


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("### BEGIN SOLUTIONS", "### END SOLUTIONS"),
        ("### begin solution", "### end solution"),
        ("### BEGIN SOLUTOIN", "### END SOLUTOIN"),
        ("#### BEGIN SOLUTION", "#### END SOLUTION"),
        ("### BEGIN ANSWER", "### END ANSWER"),
        ("### BEGIN MARK SCHEME", "### END MARK SCHEME"),
        ("### SOLUTION", "###"),
        ("# here it comes", "# this was it"),
        ("", ""),
        ("### BEGIN SOLUTION", ""),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION", "### END SOLUTION\n### END SOLUTION"),
        ("### BEGIN HIDDEN TESTS\n### BEGIN SOLUTION", "### END HIDDEN TESTS\n### END SOLUTION"),
    ],
)
def test_a_mistyped_marker_of_a_solution_is_refused(tmp_path, begin, end):
    broken = json.loads(classroom.master())
    [cell] = [cell for cell in broken["cells"] if cell["id"] == "q2-solution"]
    cell["source"] = cell["source"].replace("### BEGIN SOLUTION", begin).replace("### END SOLUTION", end)
    with pytest.raises(DataError, match=r"cell 7\b"):
        copied(tmp_path, json.dumps(broken).encode())


@pytest.mark.parametrize(
    "cell",
    [
        markdown("### BEGIN SOLUTION\nThe answer is 41.\n### END SOLUTION", "m"),
        markdown("<!-- begin solution -->\n41", "m"),
        markdown("Call `exercise.question('q1', key=41)`.", "m"),
        {"cell_type": "raw", "metadata": {}, "source": "### BEGIN HIDDEN TESTS"},
        code("from crmlab.exercise import question as q", "c"),
        code("from crmlab import exercise as e\ne.declare('99_small')", "c"),
        code("# exercise.question('q1', key=41)", "c"),
        code("from crmlab.exercise import author", "c"),
        code("exercise.answer('q1', 41)", "c"),
        code("exercise.answer('q1', value=41)", "c"),
        code("if True:\n    count = 41\nexercise.answer('q1', count)", "c"),
        code("count = 41\n%time exercise.answer('q1', count)\n)", "c"),
        markdown("A text", "m") | {"attachments": {"key.png": {}}},
        code("1", "c") | {"outputs": [{"output_type": "stream", "text": "41"}]},
        code("1", "c") | {"metadata": {"nbgrader": {"solution": "41"}}},
    ],
    ids=str,
)
def test_what_no_student_may_see_is_found(cell):
    assert cell_leaks(cell)


@pytest.mark.parametrize(
    "cell",
    [
        markdown("At the end, a solution must be found: begin with the hidden costs (question 1). Declare your tests.", "m"),
        markdown("## Question 1 (2 points)\n\nWhat is the solution?", "m"),
        code("# the solution of the equation, resolution of complaints at the end\nx = 1", "c"),
        code("# begin with the orders; hidden costs end here; test the key", "c"),
        code("count = ...  # your answer\nexercise.answer('q1', count)", "c"),
        code("%matplotlib inline\ncount = ...\nexercise.answer('q1', count)", "c"),
        code("exercise.check('q1')", "c"),
    ],
    ids=str,
)
def test_what_students_may_see_is_not_refused(cell):
    assert cell_leaks(cell) == []


def test_a_question_without_a_place_to_answer_is_refused(tmp_path):
    broken = json.loads(classroom.master())
    broken["cells"] = [cell for cell in broken["cells"] if cell["id"] != "q3-solution"]
    with pytest.raises(DataError, match="q3 has no place to answer"):
        copied(tmp_path, json.dumps(broken).encode())
    assert leaks(json.loads(notebook("1")), ["q1"]) == ["q1 has no place to answer"]
