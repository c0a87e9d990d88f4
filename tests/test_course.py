"""A course from its first day to the marks: what an instructor does, and what may go wrong.

Proved: each step by the command line as well as from Python, that every step can be repeated, that nothing a person marked
is lost, that files that cannot be used are listed, that what others could read or change is noticed, and that an ordinary
user without root's rights can do all of it. What hostile submissions may try is in ``test_hostile``, being killed in
``test_crash``.
"""

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import classroom
import pytest
from classroom import CLASS, DONE, HONEST, NAME, OPEN, TAKES_INIT, notebook, table_at
from classroom import command_line as run
from hypothesis import given
from hypothesis import strategies as st

from crmlab import __main__, course
from crmlab.course import folder as course_folder
from crmlab.course import grading, pipe, sandbox, similarity
from crmlab.course.store import Store
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Question

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return classroom.released_course(tmp_path_factory.getbasetemp())


@pytest.fixture
def home(tmp_path, tmp_path_factory):
    return Path(shutil.copytree(classroom.released_course(tmp_path_factory.getbasetemp()), tmp_path / "crm"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    return classroom.graded_course(tmp_path_factory.getbasetemp())


@pytest.fixture
def mine(graded, tmp_path):
    return Path(shutil.copytree(graded, tmp_path / "crm"))


def outcome(home: Path) -> list:
    return [classroom.points(home), {student: row["answers"] for student, row in classroom.rows(home, "result").items()}]


# -- New, release -----------------------------------------------------------------------------------------------------


def test_a_new_course_keeps_its_secret(tmp_path, capsys):
    status, out, _ = run(capsys, "new", tmp_path / "crm", "--title", 'CRM "autumn"')
    assert status == 0
    assert "crmlab course release 01 --individual" in " ".join(out.split())
    toml = tmp_path / "crm" / "course.toml"
    assert stat.S_IMODE(toml.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "crm").stat().st_mode) == 0o700
    assert (tmp_path / "crm" / ".gitignore").read_text(encoding="utf-8").rstrip().endswith("\n*")
    course.new(tmp_path / "other")
    secrets = {course_folder.open_course(tmp_path / name).secret for name in ("crm", "other")}
    assert len(secrets) == 2
    assert all(len(secret) == 32 for secret in secrets)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert subprocess.run(["git", "-C", tmp_path, "status", "--short"], capture_output=True, check=True).stdout == b""
    status, _, err = run(capsys, "new", tmp_path / "crm")
    assert (status, "not empty" in err) == (1, True)


def test_everyone_gets_data_and_questions_of_their_own(released):
    seen = set()
    for student in CLASS:
        folder = released / "release" / NAME / student
        sheet = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
        assert sheet["student"] == student
        text = (folder / f"{NAME}.ipynb").read_text(encoding="utf-8")
        assert f'exercise.start("{NAME}", student="{student}")' in text.replace('\\"', '"')
        assert f"By {sheet['given']['day']}: what is" in text
        seen.add(json.dumps(classroom.keys(released, student)))
        with zipfile.ZipFile(released / "release" / NAME / f"{student}.zip") as archive:
            inside = [f"{NAME}.ipynb", f"{NAME}.json", "data/orders.parquet"]
            assert sorted(archive.namelist()) == [f"{NAME}_{student}/{each}" for each in inside]
        content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        secret = course_folder.open_course(released)
        assert secret.secret.hex().encode() not in content
        assert secret.seed(NAME, student).hex().encode() not in content
    assert len(seen) == 5


def test_releasing_twice_changes_nothing_and_mends_what_is_gone(home):
    before = {path: path.read_bytes() for path in (home / "release").rglob("*") if path.is_file()}
    assert course.release(home, "99", individual=True).title == f"{NAME}: 0 made, 5 there already"
    gone = home / "release" / NAME / "S003" / "data" / "orders.parquet"
    gone.unlink()
    assert course.release(home, "99", individual=True).title == f"{NAME}: 1 made, 4 there already"
    assert {path: path.read_bytes() for path in (home / "release").rglob("*") if path.is_file()} == before


def test_who_comes_later_gets_their_own_and_nobody_elses_changes(home):
    keys = classroom.keys(home, "S001")
    with open(home / "roster.csv", "a", encoding="utf-8") as file:
        file.write("S006,Late Comer,l@example.org\n")
    assert course.release(home, "99", individual=True).title == f"{NAME}: 1 made, 5 there already"
    assert classroom.keys(home, "S001") == keys


def test_one_set_for_all_is_released_to_everyone(tmp_path):
    home = tmp_path / "crm"
    course.new(home)
    (home / "masters" / f"{NAME}.ipynb").write_bytes(classroom.master())
    course.release(home, "99")
    with zipfile.ZipFile(home / "release" / NAME / "everyone.zip") as archive:
        text = archive.read(f"{NAME}/{NAME}.ipynb").decode()
    assert "student=" not in text
    with pytest.raises(DataError, match="names no student"):
        course.release(home, "99", individual=True)


def test_a_changed_master_is_not_released_over_the_old_one(home):
    path = home / "masters" / f"{NAME}.ipynb"
    path.write_bytes(classroom.master().replace(b"A small exercise", b"Another exercise"))
    with pytest.raises(DataError, match="was changed since it was released"):
        course.release(home, "99", individual=True)
    assert "the master was changed" in str(course.verify(home))
    assert course.release(home, "99", individual=True, again=True).title == f"{NAME}: 5 made, 0 there already"


def test_releasing_again_keeps_the_kind_and_loses_nothing(mine, capsys):
    """Whoever releases a mended master must not lose everyone's data by leaving a word out."""
    keys, points = classroom.rows(mine, "release"), classroom.points(mine)
    status, out, _ = run(capsys, "release", "99", "--again", "--dir", mine)
    assert (status, f"{NAME}: 5 made, 0 there already" in out) == (0, True)
    assert classroom.rows(mine, "release") == keys
    assert course.grade(mine, "99").title == f"{NAME}: 0 graded, 4 graded before"
    assert classroom.points(mine) == points
    roster = mine / "roster.csv"
    roster.write_text(roster.read_text(encoding="utf-8").replace("S005,", "S006,"), encoding="utf-8")
    course.release(mine, "99", again=True)
    assert set(classroom.rows(mine, "release")) == {*CLASS, "S006"}, "who is no longer in the roster keeps the data"


def test_another_kind_must_be_asked_for_and_what_is_lost_is_said(mine, capsys):
    lost = "data and keys of 5 students; 4 have handed in work on them"
    for words in (("--everyone",), ("--everyone", "--again")):
        status, _, err = run(capsys, "release", "99", *words, "--dir", mine)
        assert status == 1
        assert f"was released for each student. To change that throws away {lost}" in " ".join(err.split())
    assert set(classroom.rows(mine, "release")) == set(CLASS)
    status, out, _ = run(capsys, "release", "99", "--everyone", "--discard", "--dir", mine)
    assert (status, f"Thrown away: {lost}" in out) == (0, True)
    assert set(classroom.rows(mine, "release")) == {""}
    assert {path.name for path in (mine / "release" / NAME).iterdir()} == {"everyone", "everyone.zip"}
    with pytest.raises(DataError, match=r"for everyone alike\. To change that throws away the data and keys that all students"):
        course.release(mine, "99", individual=True, again=True)
    assert course.release(mine, "99").title == f"{NAME}: 0 made, 1 there already"


def test_a_master_that_fails_is_released_to_nobody(tmp_path):
    home = tmp_path / "crm"
    course.new(home)
    (home / "roster.csv").write_text("student_id,name\nS1,A B\nS2,C D\n", encoding="utf-8")
    broken = classroom.master().replace(b"orders.amount.mean()", b"orders.amount.median()")
    (home / "masters" / f"{NAME}.ipynb").write_bytes(broken)
    with pytest.raises(
        DataError, match=r"2 of 2 could not be made\. S1: the master 99_small, cell \d+, failed for S1: q2 is not right"
    ):
        course.release(home, "99", individual=True)
    assert not list((home / "release").rglob("*.zip"))


@pytest.mark.parametrize(
    ("roster", "message"),
    [
        ("id,name\n1,A\n", "needs a column student_id"),
        ("student_id,name\n../x,A\n", "line 2: '../x' cannot be"),
        ("student_id,name\nS1,A\ns1,B\n", "line 3: s1 is there twice"),
        ("student_id,name\nS\"1,A\n", "cannot be a student_id"),
        (b"student_id,name\nS1,\xe9\n", "UTF-8"),
        ("student_id,name\nS1,King, Ada\n", "line 2: it has more fields"),
        ("student_id,name\nS1,\"Ada\nS2,Bo\n", "never closes"),
    ],
)  # fmt: skip
def test_a_roster_is_refused_with_its_line(home, roster, message):
    (home / "roster.csv").write_bytes(roster if isinstance(roster, bytes) else roster.encode())
    with pytest.raises(DataError, match=message):
        course.status(home)


def test_rosters_as_excel_writes_them(home):
    text = "\ufeffstudent_id;name;email;canvas_id\r\nS 1;Ada King;a@example.org;77\r\n;;;\r\n王,1;王 小明;;\r\n".replace(
        ",", "-"
    )
    (home / "roster.csv").write_text(text, encoding="utf-8")
    students = course_folder.roster(home / "roster.csv")
    assert list(students) == ["S 1", "王-1"]
    assert students["S 1"].more == {"canvas_id": "77"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("secret = ", "sekret = "), "holds no secret"),
        (("cell_seconds", "cell_secs"), "Limits that can be set"),
        (("[limits]", "[limits"), "cannot be read"),
    ],
)
def test_a_course_file_is_refused_with_the_remedy(home, change, message):
    path = home / "course.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        course.status(home)


def test_a_secret_that_others_can_read_is_refused(home):
    (home / "course.toml").chmod(0o644)
    with pytest.raises(DataError, match="chmod 600"):
        course.status(home)
    with pytest.raises(ArgumentError, match="not the folder of a course"):
        course.status(home / "masters")


# -- Grade ------------------------------------------------------------------------------------------------------------


def test_correct_wrong_copied(graded):
    points = classroom.points(graded)
    assert points["S001"] == {"q1": 1, "q2": 2, "q3": 3, "memo": None}
    assert points["S002"] == {"q1": 1, "q2": 0, "q3": 3, "memo": 0}
    assert points["S003"] == {"q1": 0, "q2": 0, "q3": 0, "memo": 0}
    assert points["S004"] == {"q1": 1, "q2": 2, "q3": 3, "memo": None}
    with Store(graded / "course.db") as store:
        assert similarity.similarity_notes(store, NAME) == {"S003": "3 of 3 wrong answers are right for S001"}


def test_who_hands_in_anothers_notebook_is_noted(mine, tmp_path):
    """Its code runs on their own data, and so its answers are right: only the note can tell."""
    released = json.loads((mine / "release" / NAME / "S001" / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    for cell in released["cells"]:
        text = "".join(cell["source"])
        for name, solution in DONE.items():
            if f'exercise.answer("{name}"' in text:
                cell["source"] = solution
    (tmp_path / "heap").mkdir()
    for student in ("S001", "S005"):
        path = tmp_path / "heap" / f"{student}.ipynb"
        path.write_bytes(json.dumps(released).encode())
        os.utime(path, (4_000_000_000,) * 2)
    course.collect(mine, "99", tmp_path / "heap")
    message = str(course.grade(mine, "99"))
    assert classroom.points(mine)["S005"]["q2"] == 2
    assert "the notebook was given to S001" in message
    with Store(mine / "course.db") as store:
        notes = similarity.similarity_notes(store, NAME)
    assert "code is word for word that of S005" in notes["S001"]
    assert "code is word for word that of S001" in notes["S005"]


def test_grading_again_gives_the_same(mine):
    before = outcome(mine)
    assert course.grade(mine, "99").title == f"{NAME}: 0 graded, 4 graded before"
    assert course.grade(mine, "99", again=True).title == f"{NAME}: 4 graded, 0 graded before"
    assert before == [
        classroom.points(mine),
        {student: row["answers"] for student, row in classroom.rows(mine, "result").items()},
    ]


def test_only_what_has_changed_is_graded_again(mine, tmp_path):
    (tmp_path / "heap").mkdir()
    (tmp_path / "heap" / "S002.ipynb").write_bytes(notebook(*HONEST))
    os.utime(tmp_path / "heap" / "S002.ipynb", (4_000_000_000,) * 2)
    course.collect(mine, "99", tmp_path / "heap")
    assert course.grade(mine, "99").title == f"{NAME}: 1 graded, 3 graded before"
    assert classroom.points(mine)["S002"]["q2"] == 2


def test_a_lost_bundle_is_made_again_and_a_forged_one_not_believed(mine):
    bundle = mine / "release" / NAME / "S001"
    (bundle / f"{NAME}.json").write_text("{}", encoding="utf-8")
    (bundle / "data" / "orders.parquet").unlink()
    assert "S001" in str(course.verify(mine))
    course.grade(mine, "99", again=True)
    assert classroom.points(mine)["S001"] == {"q1": 1, "q2": 2, "q3": 3, "memo": None}


def test_whatever_goes_wrong_with_one_the_others_are_graded(mine, monkeypatch):
    true_run = sandbox.run

    def fails_for_one(content, files, *words, **more):
        if "S002" in str(files):
            raise ZeroDivisionError("nobody thought of this")
        return true_run(content, files, *words, **more)

    monkeypatch.setattr("crmlab.course.sandbox.run", fails_for_one)
    message = str(course.grade(mine, "99", again=True))
    assert "3 graded" in message
    assert "not graded: ZeroDivisionError: nobody thought of this" in message
    assert "Not graded: 1" in message
    assert classroom.points(mine)["S002"]["q1"] == 1, "what was known before stays"


def test_a_copy_that_gives_away_its_key_is_found(home):
    """As it was made before such copies were refused: every hash is right."""
    path = home / "release" / NAME / "S002" / f"{NAME}.ipynb"
    released = json.loads(path.read_text(encoding="utf-8"))
    released["cells"][-1]["source"] = ["### BEGIN HIDDEN TEST\n", "exercise.question('memo', points=4)"]
    path.write_text(json.dumps(released), encoding="utf-8")
    with Store(home / "course.db") as store, store.step():
        row = store.row("release", assignment=NAME, student="S002")
        row["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        store.put("release", **row)
    summary = course.verify(home)
    assert len(summary.table) == 2
    assert set(summary.table["where"]) == {str(path.parent)}
    assert "looks like a marker" in str(summary)
    assert "belongs to the author" in str(summary)


def test_what_instructors_note_for_themselves_is_shown_to_nobody(tmp_path):
    noted = json.loads(classroom.master())
    noted["cells"].insert(3, classroom.markdown("The key is 41.", "note") | {"metadata": {"tags": ["instructor"]}})
    home = tmp_path / "crm"
    course.new(home)
    (home / "masters" / f"{NAME}.ipynb").write_text(json.dumps(noted), encoding="utf-8")
    course.release(home, "99")
    with Store(home / "course.db") as store:
        [row] = store.rows("release", assignment=NAME)
    assert "The key is 41" not in str(row["asked"])
    assert "what is q1" in row["asked"]["q1"]


def test_a_changed_submission_is_not_graded(mine):
    path = next((mine / "submissions" / NAME / "S001").iterdir())
    path.write_bytes(path.read_bytes() + b" ")
    message = str(course.grade(mine, "99"))
    assert "is not what was collected" in message
    assert "Not graded: 1" in message
    assert __main__.main(["course", "verify", "--dir", str(mine)]) == 1


def test_marks_changed_by_hand_in_the_store_are_noticed(mine):
    assert course.verify(mine).title.endswith("all is well")
    with Store(mine / "course.db") as store, store.step():
        store.put("score", assignment=NAME, student="S002", question="q2", state="right", points=2)
    assert "do not follow from answers and keys" in str(course.verify(mine))


def test_a_lost_store_is_noticed(mine):
    (mine / "course.db").unlink()
    assert "was course.db lost?" in str(course.verify(mine))
    course.release(mine, "99", individual=True)
    assert classroom.keys(mine, "S001"), "all keys follow from the secret"


def test_a_damaged_store_is_told(mine):
    (mine / "course.db").write_bytes(b"SQLite format 3\0" + b"x" * 5_000)
    with pytest.raises(DataError, match="cannot be used"):
        course.status(mine)


@given(st.text(max_size=200) | st.binary(max_size=200).map(repr))
def test_no_text_is_too_strange_to_be_read(text):
    questions = {"q1": Question("q1", "number")}
    answers, notes = grading.read_answers(text, questions)
    assert set(answers) <= {"q1"}
    assert answers or notes or "{" in text


def test_without_a_sandbox_it_is_refused_and_told_how_to_get_one(mine, monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda name: None)
    status, _, err = run(capsys, "grade", "99", "--again", "--dir", mine)
    assert status == 1
    for message in (
        "`bwrap` (bubblewrap) is not installed",
        "apt install bubblewrap",
        "WSL2",
        "seccomp=unconfined",
        "--no-sandbox",
    ):
        assert message in err


def test_where_user_namespaces_are_forbidden_it_is_refused(mine):
    """As in a container with the usual settings: no further namespaces within this one."""
    inner = (
        f"echo 0 > /proc/sys/user/max_user_namespaces && exec {sys.executable} -m crmlab course grade 99 --dir '{mine}' --again"
    )
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", inner]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 1, ran.stdout
    assert "does not allow user namespaces" in ran.stderr
    assert "docker run" in ran.stderr


def test_no_sandbox_is_loud_and_marked_in_each_row(mine, capsys):
    status, out, err = run(capsys, "grade", "99", "--again", "--no-sandbox", "--dir", mine)
    assert (status, "4 graded" in out) == (0, True)
    assert "WITHOUT A SANDBOX" in err
    assert {row["sandbox"] for row in classroom.rows(mine, "result").values()} == {"NO"}
    assert classroom.points(mine)["S001"] == {"q1": 1, "q2": 2, "q3": 3, "memo": None}
    course.export(mine, "99")
    table = table_at(mine / f"grades_{NAME}.csv")
    assert [row["sandbox"] for row in table] == ["NO", "NO", "NO", "NO", ""]
    assert course.grade(mine, "99").title == f"{NAME}: 4 graded, 0 graded before", (
        "with a sandbox again: made of something else"
    )


def test_an_ordinary_user_can_grade(mine, tmp_path):
    """Without root's rights, by the command line: the way it is on an instructor's laptop."""
    (tmp_path / "heap").mkdir()
    (tmp_path / "heap" / "S005.ipynb").write_bytes(notebook(OPEN, TAKES_INIT, "take_init(200)", DONE["q1"]))
    course.collect(mine, "99", tmp_path / "heap")
    words = [sys.executable, "-m", "crmlab", "course", "grade", "99", "--again", "--dir", str(mine)]
    command, environment = words, {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    if os.geteuid() == 0:
        user = 61_234
        for path in [mine, *mine.rglob("*")]:
            os.chown(path, user, user)
        command = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            as_user(user, words, [mine], tmp_path / "stage"),
        ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment, check=False)
    assert f"{NAME}: 5 graded, 0 graded before" in ran.stdout, ran.stdout + ran.stderr
    assert {row["sandbox"] for row in classroom.rows(mine, "result").values()} == {"yes"}
    assert {row["outcome"] for row in classroom.rows(mine, "result").values()} == {"finished"}
    assert not classroom.runs(sandbox.Limits().memory_mb)
    assert classroom.points(mine)["S001"] == {"q1": 1, "q2": 2, "q3": 3, "memo": None}


def as_user(user: int, words: list[str], more: list[Path], stage: Path) -> str:
    """A shell script that becomes another user, who can reach the kit whatever folders lie on the way."""
    lines, closed = ["set -e"], set()
    sources = [ROOT, Path(sys.base_prefix), Path(sys.prefix), *more]
    for number, source in enumerate(sources):
        shown = stage / str(number)
        shown.mkdir(parents=True)
        lines.append(f"mount --rbind '{source}' '{shown}'")
        closed |= {each for each in source.parents if not each.stat().st_mode & 0o001}
    stage.chmod(0o755)
    for folder in sorted(closed):
        if not any(parent in closed for parent in folder.parents):
            lines.append(f"mount --rbind '{stage}' /mnt; mount -t tmpfs -o mode=755 none '{folder}'")
            for number, source in enumerate(sources):
                if source.is_relative_to(folder):
                    lines.append(f"mkdir -p '{source}'; mount --rbind '/mnt/{number}' '{source}'")
    quoted = " ".join(f"'{word}'" for word in words)
    lines.append(f"cd '{ROOT}'; exec setpriv --reuid {user} --regid {user} --clear-groups -- {quoted}")
    return "\n".join(lines)


def test_what_was_collected_by_mistake_can_be_withdrawn(mine, capsys):
    status, out, _ = run(capsys, "withdraw", "99", "S001", "--dir", mine)
    assert (status, "no longer counts" in out) == (0, True)
    assert "S001" not in classroom.points(mine)
    assert course.verify(mine).title.endswith("all is well")
    assert run(capsys, "withdraw", "99", "S001", "--dir", mine)[0] == 1


# -- Laws -------------------------------------------------------------------------------------------------------------


def test_everyones_data_follow_from_the_secret_alone(home, tmp_path):
    """Another computer with the same course.toml makes the same data; another secret makes others."""
    for folder in ("same", "other"):
        course.new(tmp_path / folder)
        shutil.copy(home / "roster.csv", tmp_path / folder)
        shutil.copytree(home / "masters", tmp_path / folder / "masters", dirs_exist_ok=True)
    shutil.copy(home / "course.toml", tmp_path / "same")
    for folder in ("same", "other"):
        course.release(tmp_path / folder, "99", individual=True)
    keys = [[classroom.keys(place, student) for student in CLASS] for place in (home, tmp_path / "same", tmp_path / "other")]
    assert keys[0] == keys[1]
    assert all(a != b for a, b in zip(keys[0], keys[2], strict=True))


def test_marks_do_not_depend_on_order_or_company():
    random.seed(4)
    questions = {name: Question(name, "number", points=points, tolerance=1) for name, points in (("a", 1), ("b", 2))}
    answers = {f"S{k}": {name: random.uniform(0, 4) for name in questions} for k in range(20)}
    keys = {"a": 2.0, "b": 2.0}
    alone = {student: grading.score(questions, keys, given) for student, given in answers.items()}
    shuffled = list(answers.items())
    random.shuffle(shuffled)
    assert {student: grading.score(questions, keys, dict(reversed(given.items()))) for student, given in shuffled} == alone


@pytest.mark.parametrize(
    "line",
    [
        b'{"cells": Infinity, "ran": 1, "errors": [[1e999, "x"]], "end": true, "answers": null}',
        b"[" * 50_000,
        b'{"cells": [], "ran": {}, "errors": 3, "end": "yes", "answers": 5}',
        b"\xff\xfe\x00",
        b'{"cells": ' + b"9" * 10_000 + b"}",
        b"null",
        b"",
    ],
    ids=lambda line: str(line[:12]),
)
def test_whatever_comes_through_the_pipe_the_last_sound_line_counts(line):
    reading, writing = os.pipe()
    reader = pipe.PipeReader(reading, 1_000_000)
    os.close(reading)
    reply = {
        "cells": 3,
        "ran": 2,
        "errors": [[2, "a\x1b[2Jb\nc"]],
        "answers": "{}",
        "end": True,
        "code": "c",
        "given_to": "S1",
    }
    sound = json.dumps(reply).encode()
    os.write(writing, sound + b"\n" + line + b"\n")
    os.close(writing)
    assert reader.done.wait(5)
    progress = reader.progress
    assert (reader.has_begun, progress.cells, progress.ran, progress.errors, progress.end) == (
        True,
        3,
        2,
        ((2, "a�[2Jb c"),),
        True,
    )
    assert (reader.answers, reader.code, reader.given_to, reader.says_too_much) == ("{}", "c", "S1", False)
