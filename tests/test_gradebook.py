"""Marks by hand, feedback and export: what comes after grading.

Proved: marks given by hand survive, pages tell all but the key, tables hold everyone and leave open what is open.
"""

import csv
import os
import shutil
from pathlib import Path

import classroom
import pytest
from classroom import DONE, HONEST, NAME, OPEN, notebook, table_at
from classroom import command_line as run

from crmlab import course
from crmlab.course import grading
from crmlab.course.store import Store
from crmlab.errors import DataError


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    return classroom.graded_course(tmp_path_factory.getbasetemp())


@pytest.fixture
def mine(graded, tmp_path):
    return Path(shutil.copytree(graded, tmp_path / "crm"))


def test_marks_given_by_hand_survive_grading_and_a_changed_text_is_flagged(mine, tmp_path):
    course.mark_csv(mine, "99", tmp_path / "marks.csv")
    with pytest.raises(DataError, match="may hold marks"):
        course.mark_csv(mine, "99", tmp_path / "marks.csv")
    rows = table_at(tmp_path / "marks.csv")
    assert sorted(row["student_id"] for row in rows) == ["S001", "S004"]
    assert all(row["other answers"].startswith("q1: ") for row in rows), "a reader sees the student's own numbers"
    given = {"decision": "1", "number": "0.5", "uncertainty": "1", "doubt": "0", "comment": "Good, but where is the number?"}
    next(row for row in rows if row["student_id"] == "S001").update(given)
    with open(tmp_path / "marks.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    assert course.mark_csv(mine, "99", tmp_path / "marks.csv", read=True).title == f"{NAME}: 1 of 2 texts are marked"
    course.grade(mine, "99", again=True)
    with Store(mine / "course.db") as store:
        mark = grading.question_grades(store, NAME)["S001"]["memo"]
    assert (mark.state, mark.points, mark.lines, mark.changed) == ("marked", 2.5, (1, 0.5, 1, 0), False)
    (tmp_path / "heap").mkdir()
    (tmp_path / "heap" / "S001.ipynb").write_bytes(notebook(OPEN, *DONE.values(), DONE["memo"].replace("nineteen", "twenty")))
    os.utime(tmp_path / "heap" / "S001.ipynb", (4_000_000_000,) * 2)
    course.collect(mine, "99", tmp_path / "heap")
    course.grade(mine, "99")
    with Store(mine / "course.db") as store:
        mark = grading.question_grades(store, NAME)["S001"]["memo"]
    assert (mark.points, mark.changed) == (2.5, True)


def test_feedback_tells_all_but_the_key(mine):
    course.feedback(mine, "99")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (mine / "feedback" / NAME).iterdir()}
    assert set(pages) == {"S001", "S002", "S003", "S004"}
    assert "ZeroDivisionError" in pages["S004"]
    assert "王 小明" in pages["S002"]
    assert "Look at the day." in pages["S003"], "the author's hint, for it is wrong"
    assert "Look at the day." not in pages["S001"]
    for student in ("S002", "S003"):
        key = classroom.keys(mine, student)["q2"]
        assert not any(f"{key:.{digits}f}" in pages[student] for digits in (2, 3, 4))


def test_exports_hold_everyone_and_leave_open_what_is_open(mine):
    message = course.export(mine, "99")
    assert message.title == f"{NAME}: 5 students, 2 with marks"
    table = table_at(mine / f"grades_{NAME}.csv")
    assert [row["points"] for row in table] == ["6", "4", "0", "6", ""]
    assert [row["waiting_points"] for row in table] == ["4", "0", "0", "4", "0"]
    assert [row["handed_in"] for row in table] == ["yes", "yes", "yes", "yes", "no"]
    assert table[2]["similarity"] == "3 of 3 wrong answers are right for S001"
    course.export(mine, "99", format="canvas")
    canvas = list(csv.reader((mine / f"grades_canvas_{NAME}.csv").read_text(encoding="utf-8").splitlines()))
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert canvas[1] == ["    Points Possible", "", "", "", "", "10"]
    assert [row[-1] for row in canvas[2:]] == ["", "4", "0", "", ""]
    course.export(mine, "99", format="moodle", file=mine / "m.csv")
    moodle = table_at(mine / "m.csv")
    assert moodle[1] == {"ID number": "S002", "Full name": "王 小明", "Email address": "s002@example.org", NAME: "4"}


def test_a_formula_in_a_name_is_only_text(mine):
    path = mine / "roster.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Ada King", "=HYPERLINK(1)"), encoding="utf-8")
    course.export(mine, "99")
    assert "'=HYPERLINK(1)" in (mine / f"grades_{NAME}.csv").read_text(encoding="utf-8")


def test_the_whole_way_by_the_command_line(tmp_path, capsys):
    home = tmp_path / "crm"
    assert run(capsys, "new", home)[0] == 0
    (home / "roster.csv").write_text("student_id,name,email\nS1,Ada King,a@example.org\n", encoding="utf-8")
    (home / "masters" / f"{NAME}.ipynb").write_bytes(classroom.master())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "S1.ipynb").write_bytes(notebook(*HONEST))
    steps = [
        ("release", "99", "--individual"), ("collect", "99", str(tmp_path / "in")), ("grade", "99"), ("status",), ("verify",),
        ("mark", "99", "--write", str(tmp_path / "m.csv")), ("feedback", "99"), ("export", "99"),
    ]  # fmt: skip
    message = ""
    for step in steps:
        status, out, err = run(capsys, *step, "--dir", home)
        assert status == 0, err
        message += out
    for line in (
        "1 made",
        "1 of 1 students",
        "1 graded",
        "all is well",
        "0 of 1 texts",
        "pages for 1 of 1",
        "1 students, 0 with marks",
    ):
        assert line in message
    status, _, err = run(capsys, "grade", "77", "--dir", home)
    assert (status, "Released are: 99_small" in err) == (1, True)
