"""Collecting: whose a file is, which of several counts, and what is set aside.

Proved: the files of platforms, home folders and heaps are taken as they come; links, bombs, strange names and damaged archives
stop nothing and are listed; nobody hands in for somebody else.
"""

import datetime as dt
import io
import os
import shutil
import zipfile
from pathlib import Path, PurePosixPath

import classroom
import pytest
from classroom import CLASS, HONEST, NAME, notebook
from hypothesis import given
from hypothesis import strategies as st

from crmlab import course
from crmlab.course import batch, inbox
from crmlab.course import folder as course_folder
from crmlab.errors import ArgumentError


@pytest.fixture
def home(tmp_path, tmp_path_factory):
    return Path(shutil.copytree(classroom.released_course(tmp_path_factory.getbasetemp()), tmp_path / "crm"))


PEOPLE = {id: course_folder.Student(id, name) for id, name in {**CLASS, "S01": "An Li", "12": "Twelve Monkeys"}.items()}


@pytest.mark.parametrize(
    ("place", "owner"),
    [
        ("S001/01_relationship.ipynb", "S001"),
        ("s001_01_relationship.ipynb", "S001"),
        ("S01.ipynb", "S01"),
        ("Ada King_1234_assignsubmission_file_/hw.ipynb", "S001"),  # Moodle
        ("kingada_77_4321_01_relationship-1.ipynb", "S001"),  # Canvas
        ("kingada_LATE_77_4321_S003_hw.ipynb", "S001"),  # ... where the student called the file after another
        ("王 小明_99_assignsubmission_file_/王.ipynb", "S002"),
        ("José de la Cruz_1_/x.ipynb", "S004"),
        ("Jose\u0301 de la Cruz_1_/x.ipynb", "S004"),  # the same letters, composed otherwise
        ("cruzjoséde la_1_x.ipynb", None),
        ("Mia O'Neil_5_/x.ipynb", "S005"),
        ("Mia ONeil_5_/x.ipynb", "S005"),
        ("Mia O_Neil_5_/x.ipynb", "S005"),
        ("oneilmia_5_x.ipynb", "S005"),
        ("delacruzjose_1_x.ipynb", None),
        ("Jose de la Cruz/x.ipynb", "S004"),
        ("Ada King_1_/work.zip/../Bo Ek_2_/01_relationship.ipynb", "S001"),  # a student cannot hand in for another
        ("12/01_relationship.ipynb", "12"),
        ("week 12/01_relationship.ipynb", None),
        ("Ada King and Bo Ek/x.ipynb", "S001"),
        ("nobody/x.ipynb", None),
        ("S0011/x.ipynb", None),
    ],
)
def test_whose_a_file_is(place, owner):
    assert inbox.Names(PEOPLE).owner(PurePosixPath(place))[0] == owner


def test_two_who_are_called_the_same_are_not_guessed():
    people = {id: course_folder.Student(id, "Li Wei") for id in ("A1", "A2")}
    names = inbox.Names(people)
    assert names.owner(PurePosixPath("Li Wei_1_/x.ipynb")) == (
        None,
        0,
        "it could be that of A1 or A2: begin its name with the student_id",
    )
    assert names.owner(PurePosixPath("A2 Li Wei/x.ipynb"))[0] == "A2"


def test_who_is_not_in_the_roster_cannot_hand_in_for_somebody_else(home, tmp_path):
    heap = tmp_path / "heap"
    for folder, name in {"Ada King_1_file_": f"{NAME}.ipynb", "A Guest_2_file_": f"Bo Ek {NAME}.ipynb"}.items():
        (heap / folder).mkdir(parents=True)
        (heap / folder / name).write_bytes(notebook(folder))
    message = str(course.collect(home, "99", heap))
    assert "1 of 5 students" in message
    assert "S003 is named in it, but further down" in message


def test_the_notebook_as_it_was_given_out_is_no_submission(home, tmp_path):
    summary = course.collect(home, "99", home / "release")
    assert summary.title == f"{NAME}: 0 of 5 students have handed in"
    assert set(summary.table.note) == {"it is the notebook as it was given out"}
    assert dict(summary.facts)["Data files that came along"] == 20, "in the folders and in the zips"


def test_a_platforms_zip_is_taken_as_it_is(home, tmp_path):
    heap = tmp_path / "Autumn-assignment-1234.zip"
    with zipfile.ZipFile(heap, "w") as archive:
        for number, name in enumerate(CLASS.values()):
            archive.writestr(f"{name}_{number}_assignsubmission_file_/{NAME}.ipynb", notebook(*HONEST))
        archive.writestr("Somebody Else_9_assignsubmission_file_/x.ipynb", notebook())
        archive.writestr("__MACOSX/._x.ipynb", b"noise")
    summary = course.collect(home, "99", heap)
    assert summary.title == f"{NAME}: 5 of 5 students have handed in"
    assert summary.table["file or student"].to_list() == ["Somebody Else_9_assignsubmission_file_/x.ipynb"]


def test_the_newest_counts_and_the_others_are_noted(home, tmp_path):
    place = tmp_path / "heap" / "S001"
    place.mkdir(parents=True)
    for age, (name, content) in enumerate({NAME: b"1", f"{NAME} (1)": b"2", "scratch": b"3"}.items()):
        (place / f"{name}.ipynb").write_bytes(content)
        os.utime(place / f"{name}.ipynb", (1_800_000_000 + age, 1_800_000_000 + age))
    summary = course.collect(home, "99", place.parent)
    assert "3 different notebooks; the newest was taken: scratch.ipynb" in str(summary)
    row = classroom.rows(home, "submission")["S001"]
    assert batch.submission_path(course_folder.open_course(home), NAME, "S001", row["sha256"]).read_bytes() == b"3"


def test_a_later_hand_in_takes_the_place_of_an_earlier_and_not_the_other_way(home, tmp_path):
    file = tmp_path / "heap" / "S001.ipynb"
    file.parent.mkdir()
    counts = []
    for content, day in ((b"first", 2), (b"first", 9), (b"second", 5), (b"an old one", 1)):
        file.write_bytes(content)
        os.utime(file, (1_800_000_000 + day * 86_400,) * 2)
        counts.append(dict(course.collect(home, "99", file.parent).facts))
    assert [each["Notebooks new"] for each in counts] == [1, 0, 1, 0]
    assert counts[1]["Notebooks as before"] == counts[3]["Notebooks older than what is there"] == 1
    assert len(list((home / "submissions" / NAME / "S001").iterdir())) == 2, "nothing is thrown away"


def test_home_folders_are_walked_without_following_links(home, tmp_path):
    for student in ("S001", "S002", "S003"):
        (tmp_path / student / "crm").mkdir(parents=True)
    (tmp_path / "S001" / "crm" / f"{NAME}.ipynb").write_bytes(notebook(*HONEST))
    (tmp_path / "S002" / "crm" / f"{NAME}.ipynb").symlink_to(tmp_path / "S001" / "crm" / f"{NAME}.ipynb")
    (tmp_path / "S003" / "crm").rmdir()
    (tmp_path / "S003" / "crm").symlink_to(tmp_path / "S001" / "crm")
    summary = course.collect(home, "99", f"{tmp_path}/{{student}}/crm/*.ipynb")
    assert summary.title == f"{NAME}: 1 of 5 students have handed in"
    assert str(summary).count("link") == 2


def test_archives_that_cannot_be_read_are_listed(home, tmp_path):
    heap = tmp_path / "heap"
    heap.mkdir()
    (heap / "S001.zip").write_bytes(b"PK no zip")
    inner = notebook(*HONEST)
    for depth in range(4):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("x.ipynb" if depth == 0 else "x.zip", inner)
        inner = buffer.getvalue()
    (heap / "S002.zip").write_bytes(inner)
    (heap / "S003.ipynb").write_bytes(b" " * (inbox.LARGEST + 1))
    (heap / "S004.pdf").write_bytes(b"%PDF")
    os.mkfifo(heap / "S005.ipynb")
    message = str(course.collect(home, "99", heap))
    for reason in (
        "no zip file that can be read",
        "a zip in a zip in a zip",
        "larger than 10 MB",
        "no notebook (.ipynb)",
        "no ordinary",
    ):
        assert reason in message
    with pytest.raises(ArgumentError, match="is not there"):
        course.collect(home, "99", heap / "nothing")


@given(st.binary(max_size=300), st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_archive_stops_the_collecting(tmp_path_factory, noise, name):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.zip").write_bytes(noise)
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr((name or "x") + ".ipynb", noise)
    content = bytearray((folder / "b.zip").read_bytes())
    content[len(content) // 2] ^= 0x55
    (folder / "c.zip").write_bytes(content)
    assert all(isinstance(each, inbox.Notebook | inbox.Aside) for each in inbox.gather(str(folder), {}))


def test_strange_file_names_are_neither_obeyed_nor_lost(home, tmp_path):
    heap = tmp_path / "heap"
    heap.mkdir()
    for name in (b"S001 \x1b[2J.ipynb", b"S002 \xff.ipynb", b"nobody \x1b]0;x\x07.ipynb"):
        with open(os.path.join(os.fsencode(heap), name), "wb") as file:
            file.write(notebook(*HONEST))
    message = str(course.collect(home, "99", heap))
    assert message.isprintable() or all(letter.isprintable() or letter == "\n" for letter in message)
    assert "2 of 5 students" in message
    assert "nobody �]0;x�.ipynb" in message
    course.export(home, "99")


def test_late_is_flagged_and_no_more(home, tmp_path):
    with open(home / "course.toml", "a", encoding="utf-8") as file:
        file.write(f"[due]\n{NAME} = 2026-12-01T23:59:00\n")
    (tmp_path / "heap").mkdir()
    for student, at in {"S001": dt.datetime(2026, 12, 1, 23, 59), "S002": dt.datetime(2026, 12, 2, 0, 1)}.items():
        path = tmp_path / "heap" / f"{student}.ipynb"
        path.write_bytes(notebook(*HONEST))
        os.utime(path, (at.timestamp(),) * 2)
    (tmp_path / "heap" / "S003_LATE_1.ipynb").write_bytes(notebook())
    os.utime(tmp_path / "heap" / "S003_LATE_1.ipynb", (1_700_000_000,) * 2)
    course.collect(home, "99", tmp_path / "heap")
    assert {student: row["late"] for student, row in classroom.rows(home, "submission").items()} == {
        "S001": 0,
        "S002": 1,
        "S003": 1,
    }
    assert int(course.status(home).table.late.sum()) == 2
