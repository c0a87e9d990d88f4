"""Hostile submissions: what a student's notebook may try, and which marks it gets for it.

One class hands in together: honest students and all the others, through the files a learning platform gives out. It is
graded once, two at a time, in the sandbox, each run as a user who owns nothing. Each case then has its test: the marks it
must get, and the harm it must not have done. What is proved: nothing of the course can be read, written or reached from a
submission, every limit holds, and nobody's marks depend on who else is in the batch. What is not: that the kernel and
bubblewrap have no holes.
"""

import hashlib
import io
import json
import os
import platform
import shutil
import socket
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import classroom
import psutil
import pytest
from classroom import DONE, HONEST, OPEN, TAKES_INIT, TEXT, notebook

from crmlab import course
from crmlab.course import bubblewrap, sandbox

MEMORY = 700  # the limit in MB, by which this course's runs are known
ROOT = Path(__file__).resolve().parent.parent
FULL = {"q1": 1, "q2": 2, "q3": 3, "memo": None}
NOTHING = dict.fromkeys(FULL, 0)
FIRST = NOTHING | {"q1": 1}
NO_MEMO = FULL | {"memo": 0}
THREE = (DONE["q1"], DONE["q2"], DONE["q3"])


def after_first(*cells: str) -> bytes:
    """q1 answered, then mischief, then the rest."""
    return notebook(OPEN, DONE["q1"], *cells, DONE["q2"], DONE["q3"], DONE["memo"])


def recorded(text: str) -> bytes:
    """A file of answers written past `exercise.answer`."""
    return notebook(OPEN, *THREE, DONE["memo"], f"open('{classroom.NAME}.answers.json', 'w').write({text})")


def telling(mischief: str) -> bytes:
    """Mischief that hands in, as its memo, what it was able to do."""
    return notebook(OPEN, *THREE, f"done = []\n{mischief}", 'exercise.answer("memo", "did: " + ", ".join(map(str, done)))')


READS = """
import glob, os
wanted = {places!r} + ["/etc/shadow", "/etc/passwd", "/root/.bashrc", "/home", "/proc/1"]
for place in wanted:
    for path in [place, *glob.glob(place + "/**", recursive=True)]:
        try:
            open(path, "rb").read(1)
            done.append(path)
        except OSError:
            pass
names = {{line.split("=")[0] for line in open("/proc/self/environ").read().split("\\0")}} | set(os.environ)
known = ["", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "HOME", "LANG", "TZ", "CRMLAB_ANSWERS", "PYTHONHASHSEED"]
usual = ("MPL", "OMP", "OPENBLAS", "PYDEVD", "KMP", "LC_", "COLUMNS", "LINES")
done += [name for name in names - set(known) if not name.startswith(usual)]
"""
WRITES = """
import os, shutil
for place in {places!r} + ["/", "/usr", "/usr/bin", "/etc", "/proc/sys/kernel", "/dev", "/submission", "/fonts"]:
    for name in ("grades.csv", "evil.txt"):
        try:
            os.makedirs(place, exist_ok=True)
            open(os.path.join(place, name), "w").write("100 points")
            if place.startswith(("/usr", "/etc", "/proc", "/dev", "/submission", "/fonts")) or place == "/":
                done.append(place)
        except OSError:
            pass
    try:
        shutil.rmtree(place)
    except OSError:
        pass
for path in ["{name}.json", "data/orders.parquet", "/submission/notebook.ipynb"]:
    try:
        open(path, "a").write(" ")
        done.append(path)
    except OSError:
        pass
"""
SOCKET = """
import socket
for host, port in [("127.0.0.1", {port}), ("::1", {port}), ("192.0.2.1", 80)]:
    try:
        socket.create_connection((host, port), timeout=1).sendall(b"hello")
        done.append(host)
    except OSError:
        pass
"""
FORKS = """
import os, time
alive = 0
for _ in range(500):
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        alive += 1
    except OSError:
        break
done.append(alive)
"""
HIDES = """
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def tried(name, result):
    if result >= 0:
        done.append(name)
try:
    os.memfd_create("hidden")
    done.append("memfd")
except OSError:
    pass
tried("shmget", libc.shmget(0, 1 << 30, 0o1600))
tried("user namespace", libc.unshare(0x10000000))
tried("mount", libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
tried("ptrace", libc.ptrace(16, 1, 0, 0))
tried("keyctl", libc.syscall(250, 0, -3, 1))
tried("io_uring", libc.syscall(425, 8, 0))
tried("bpf", libc.syscall(321, 0, 0, 0))
tried("setuid", libc.setuid(0))
tried("semget", libc.semget(0, 32_000, 0o1600))
tried("affinity", libc.sched_setaffinity(0, 8, ctypes.byref(ctypes.c_uint64(3))))
tried("prlimit", libc.prlimit(1, 7, ctypes.byref((ctypes.c_uint64 * 2)(1, 1)), None))
tried("process_vm_readv", libc.process_vm_readv(1, 0, 0, 0, 0, 0))
tried("process_madvise", libc.syscall(440, libc.syscall(434, 1, 0), 0, 0, 0, 0))
tried("move_pages", libc.syscall(279, 1, 0, 0, 0, 0, 0))
tried("pidfd_getfd", libc.syscall(438, libc.syscall(434, 1, 0), 2, 0))
try:
    mmap.mmap(-1, 1 << 20)
    done.append("shared memory")
except OSError:
    pass
try:
    with open("/dev/zero", "rb+") as zero:
        mmap.mmap(zero.fileno(), 1 << 20)
        done.append("zero")
except (OSError, ValueError):
    pass
import fcntl
try:
    with open("99_small.json") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        done.append("lease")
except OSError:
    pass
others = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
done += [f"{pid}/{name}" for pid in others for name in os.listdir(f"/proc/{pid}")]
if any(int(line.split()[1], 16) for line in open("/proc/self/status") if line.startswith("CapEff")):
    done.append("capabilities")
"""
WRITES_1_GB = """
for place in (".", "/tmp", "/dev/shm"):
    written = 0
    try:
        for number in range(64):
            with open(f"{place}/{number}", "wb") as file:
                for _ in range(16):
                    file.write(b"x" * (1 << 20))
                    written += 1
    except OSError:
        pass
    done.append(written < 200)
    import os
    for number in range(64):
        if os.path.exists(f"{place}/{number}"):
            os.unlink(f"{place}/{number}")
"""
EQUAL = """
class Anything(float):
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __hash__(self): return 0
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __abs__(self): return 0
    def __float__(self): return 0.0
from crmlab.exercise import form
form.Question.right = lambda *_: True
for name in ("q1", "q2", "q3"):
    try:
        exercise.answer(name, Anything())
    except Exception as refusal:
        done = str(refusal)
"""
REPLACED = """
import sys, types
fake = types.ModuleType("crmlab.exercise")
fake.start = fake.check = fake.data = lambda *_: None
fake.answer = lambda *_: open("99_small.answers.json", "w").write('{"answers": {}, "points": {"q1": 1000}, "grade": 100}')
sys.modules["crmlab.exercise"] = fake
import crmlab
crmlab.exercise = exercise = fake
"""
STUBBORN = """
import signal
for told in (signal.SIGALRM, signal.SIGPROF):
    signal.signal(told, signal.SIG_IGN)
while True:
    pass
"""
HOG = "held = []\nwhile True:\n    held.append(bytearray(b'x' * (32 << 20)))"
FLOOD = """
import os
for fd in range(3, 256):
    try:
        for _ in range(2_000):
            os.write(fd, b"x" * 65536)
    except OSError:
        pass
"""
LIES = """
import glob, json, os
told = {"cells": 5, "ran": 5, "errors": [], "end": True, "points": {"q1": 1000}, "answers": '{"answers": {"q1": 1e9}}'}
line = json.dumps(told)
for fd in range(3, 256):
    try:
        os.write(fd, (line + "\\n").encode())
    except OSError:
        pass
os._exit(0)
"""
MUTE = """
import os, time
for fd in range(3, 256):
    try:
        os.close(fd)
    except OSError:
        pass
for _ in range(3):
    if os.fork() == 0:
        held = bytearray(b"x" * (300 << 20))
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
BREAKS = LIES.replace('"cells": 5', '"cells": float("inf")')
BABBLES = """
import os
for fd in range(3, 256):
    try:
        os.write(fd, b"x\\n" * 10)
    except OSError:
        pass
os._exit(0)
"""
FILLS = """
import os, signal
for told in (signal.SIGALRM, signal.SIGPROF):
    signal.signal(told, signal.SIG_IGN)
for place in (".", "/tmp", "/dev/shm"):
    for number in range(1_000_000):
        try:
            open(f"{place}/{number}", "w").close()
        except OSError:
            break
"""
CROWDS = """
import os, time
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            pass
        os._exit(0)
"""
ESCAPES = "import os, signal\nfor pid in range(1, 5):\n    try:\n        os.kill(pid, signal.SIGKILL)\n    except OSError: pass"
NESTED = "'{\"answers\": {\"q1\": ' + '[' * 100_000 + ']' * 100_000 + '}}'"
STUDENTS = {
    # id: (notebook or a function that hands in, marks, how it ended)
    "correct": (notebook(*HONEST), FULL, "finished"),
    "wrong": (notebook(OPEN, DONE["q1"], 'exercise.answer("q2", 1.0)\nexercise.answer("q3", [1.0, 2.0, 3.0])', DONE["memo"]),
              FULL | {"q2": 0, "q3": 0}, "finished"),
    "copied": (None, NOTHING | {"memo": None}, "finished"),  # written when the keys are known
    "loop": (after_first("while True: pass"), FULL, "finished"),
    "stubborn": (after_first(STUBBORN), FIRST, "out of time"),
    "exit": (after_first("import os\nos._exit(0)"), FIRST, "ended by itself"),
    "sys_exit": (after_first("import sys\nsys.exit(1)", "raise SystemExit"), FULL, "finished"),
    "reads": ("reads", FULL, "finished"),
    "writes": ("writes", FULL, "finished"),
    "socket": ("socket", FULL, "finished"),
    "forks": (telling(FORKS), FULL, "finished"),
    "hides": (telling(HIDES), FULL, "finished"),
    "allocates": (after_first("held = bytearray(20 << 30)"), FULL, "finished"),
    "hog": (after_first(HOG), FIRST, "out of memory"),
    "prints": (after_first("print('x' * (200 << 20))"), FULL, "finished"),
    "writes_1_gb": (telling(WRITES_1_GB), FULL, "finished"),
    "equals": (notebook(OPEN, EQUAL, "raise ValueError(done)", DONE["memo"]), NOTHING | {"memo": None}, "finished"),
    "nan": (recorded("'{\"answers\": {\"q1\": NaN, \"q2\": Infinity, \"q3\": [1]}}'"), NOTHING, "finished"),
    "huge": (recorded("'{\"answers\": {\"q1\": 1' + '0' * 400 + ', \"q2\": 1e999}}'"), NOTHING, "finished"),
    "digits": (recorded("'{\"answers\": {\"q1\": ' + '9' * 100_000 + '}}'"), NOTHING, "finished"),
    "long": (recorded("'{\"answers\": {\"q3\": [' + '1,' * 1_000_000 + '1]}}'"), NOTHING, "finished"),
    "nested": (recorded(NESTED), NOTHING, "finished"),
    "surrogate": (recorded("'{\"answers\": {\"memo\": \"\\\\ud800\", \"q1\": \"\\\\u0000\"}}'"), NOTHING, "finished"),
    "no_json": (recorded("'points = 100'"), NOTHING, "finished"),
    "given_nan": (notebook(OPEN, *THREE, "exercise.answer('q1', float('nan'))", "exercise.answer('q2', 10**400)",
                           "exercise.answer('q3', list(range(10**6)))"), NO_MEMO, "finished"),
    "deletes": (notebook(OPEN, DONE["q2"]), NOTHING | {"q2": 2}, "finished"),
    "deletes_all": (notebook(), NOTHING, "finished"),
    "lazy": (notebook(OPEN), NOTHING, "finished"),  # the right answers lie where the data lie, but not for a student
    "mute": (after_first(MUTE), FIRST, "out of memory"),
    "breaks": (after_first(BREAKS), FIRST, "ended by itself"),
    "babbles": (after_first(BABBLES), FIRST, "ended by itself"),
    "fills": (after_first(FILLS), FIRST, "out of memory or out of time"),  # a slow machine makes fewer files in its 30 s
    "crowds": (after_first(CROWDS), FULL, "finished"),
    "duplicates": (notebook(OPEN, *THREE, *THREE, DONE["memo"], OPEN), FULL, "finished"),
    "reorders": (notebook(OPEN, DONE["memo"], DONE["q3"], DONE["q2"], DONE["q1"]), FULL, "finished"),
    "replaced": (notebook(OPEN, REPLACED, *THREE), NOTHING, "finished"),
    "floods": (after_first(FLOOD), FIRST, "said too much"),
    "lies": (after_first(LIES), NOTHING, "finished"),
    "takes_init": (telling(f"{TAKES_INIT}\ntry:\n    done.append(take_init(200))\nexcept OSError: pass"), FULL, "finished"),
    "escapes": (after_first(ESCAPES), FIRST, "ended by itself"),
    "symlink": ("symlink", {}, None),
    "zip_bomb": ("zip_bomb", {}, None),
    "traversal": ("traversal", FULL, "finished"),
    "wrong_name": ("wrong_name", FULL, "finished"),
    "broken": (b'{"cells": [', NOTHING, "unreadable"),
    "empty": (b"", NOTHING, "unreadable"),
    "format_3": (json.dumps({"nbformat": 3, "worksheets": [{"cells": [
        {"cell_type": "code", "input": text, "language": "python"} for text in HONEST]}]}).encode(), FULL, "finished"),
    "kernel": (notebook(*HONEST).replace(b'"python3"', b'"conda-env-mine-py"'), FULL, "finished"),
    "no spaces 王": (notebook(*HONEST), FULL, "finished"),
    "honest_1": (notebook(*HONEST), FULL, "finished"),
    "honest_2": (notebook("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", *HONEST), FULL,
                 "finished"),
}  # fmt: skip


def hand_in(inbox: Path, student: str, what: object, home: Path, port: int) -> None:
    """As a platform packs it: a folder that begins with the student's name, in it the file as the student called it."""
    folder = inbox / f"{name_of(student)}_1234_assignsubmission_file_"
    folder.mkdir(parents=True)
    file = folder / f"{classroom.NAME}.ipynb"
    kit = [str(ROOT / "exercises"), str(ROOT / "tests"), str(home), str(home.resolve()), str(inbox)]
    if student == "copied":
        numbers = classroom.keys(home, "correct")
        what = notebook(OPEN, *(f"exercise.answer({name!r}, {value!r})" for name, value in numbers.items()), DONE["memo"])
    if what == "reads":
        what = telling(READS.format(places=kit))
    elif what == "writes":
        what = telling(WRITES.format(places=[*kit, str(ROOT / "crmlab"), str(ROOT)], name=classroom.NAME))
    elif what == "socket":
        what = telling(SOCKET.format(port=port))
    elif what == "symlink":
        file.symlink_to(inbox / f"{name_of('correct')}_1234_assignsubmission_file_" / f"{classroom.NAME}.ipynb")
        return
    elif what == "zip_bomb":
        bomb = io.BytesIO()
        with (
            zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(f"{classroom.NAME}.ipynb", "w") as packed,
        ):
            for _ in range(300):
                packed.write(b" " * (1 << 20))
        (folder / "work.zip").write_bytes(bomb.getvalue())
        return
    elif what == "traversal":
        with zipfile.ZipFile(folder / "work.zip", "w") as archive:
            archive.writestr(f"../../{name_of('correct')}_1_/{classroom.NAME}.ipynb", notebook(*HONEST))
            archive.writestr("../../../../../../tmp/crmlab-evil.txt", "evil")
            archive.writestr("/etc/crmlab-evil.ipynb", notebook(OPEN))
        return
    elif what == "wrong_name":
        file, what = folder / "my homework FINAL (2).IPYNB", notebook(*HONEST)
    file.write_bytes(what)


def name_of(student: str) -> str:
    """Names as people have them."""
    return f"Student {student.replace('_', ' ').title()}"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The course after the batch, and what was seen meanwhile."""
    if reason := sandbox.missing():
        pytest.skip(reason)
    server = socket.create_server(("127.0.0.1", 0))
    place = tmp_path_factory.mktemp("a course 课程")
    limits = {"seconds": 30, "cell_seconds": 4, "memory_mb": MEMORY}
    home = classroom.make(place / "course", {student: name_of(student) for student in STUDENTS}, **limits)
    inbox = place / "inbox"
    for student, (what, _, _) in STUDENTS.items():
        hand_in(inbox, student, what, home, server.getsockname()[1])
    collected = course.collect(home, "99", inbox)
    os.environ["CRMLAB_TEST_TOKEN"] = "to be read by nobody"
    bundle = home / "release" / classroom.NAME / "lazy"  # as if the instructor had tried the notebook there
    (bundle / f"{classroom.NAME}.answers.json").write_text(
        json.dumps({"assignment": classroom.NAME, "answers": classroom.keys(home, "lazy")}), encoding="utf-8"
    )
    before = fingerprint(place)
    users, stop = set(), threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            for process in classroom.runs(MEMORY):
                with suppress(psutil.Error):
                    if process.name().startswith("python"):
                        users.add(process.uids().real)

    watcher = threading.Thread(target=watch)
    watcher.start()
    message = course.grade(home, "99")
    stop.set()
    watcher.join()
    yield {
        "home": home,
        "server": server,
        "told": message,
        "collected": collected,
        "before": before,
        "after": fingerprint(place),
        "users": users,
    }
    server.close()


def fingerprint(place: Path) -> dict[str, str]:
    """Every file below a folder, but for what grading writes itself."""
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != "course.db" and ".cache" not in path.parts
    }


@pytest.mark.parametrize("student", STUDENTS)
def test_each_gets_the_marks_it_deserves(graded, student):
    assert "not graded" not in str(graded["told"])
    _, expected, outcome = STUDENTS[student]
    assert classroom.points(graded["home"]).get(student, {}) == expected
    if outcome is not None:
        assert classroom.rows(graded["home"], "result")[student]["outcome"] in outcome.split(" or ")


def memo(graded, student: str) -> str:
    return classroom.rows(graded["home"], "result")[student]["answers"]["memo"]


@pytest.mark.parametrize("student", ["reads", "writes", "socket", "hides", "takes_init"])
def test_nothing_could_be_done(graded, student):
    assert memo(graded, student) == "did: "


def test_every_run_was_a_user_without_rights(graded):
    assert graded["users"]
    if os.geteuid() == 0:
        assert all(user > 0x6FFFFFFF for user in graded["users"])
        assert len(graded["users"]) > 10, "each run has a user of its own"
    else:
        assert graded["users"] == {os.geteuid()}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the submission is written for another processor")
def test_whoever_takes_the_first_process_is_limited_ended_and_marked(monkeypatch):
    """Were it not hidden, the sandbox's first process could be taken over: it has the limits, too, and does not stay."""
    if reason := sandbox.missing():
        pytest.skip(reason)
    monkeypatch.setattr(bubblewrap, "_HIDE_INIT", [])
    monkeypatch.setattr(bubblewrap, "LINGER_SECONDS", 2)
    limits = sandbox.Limits(seconds=30, memory_mb=MEMORY + 1)
    run = sandbox.run(notebook(TAKES_INIT, "raise ValueError(take_init(200))"), {}, "any", limits)
    assert run.outcome == sandbox.OUTLIVED
    assert int(run.errors[0][1].removeprefix("ValueError: ")) <= limits.processes + 1
    assert classroom.runs(MEMORY + 1) == []


def test_a_course_where_submissions_could_read_it_is_refused(graded, tmp_path, monkeypatch):
    """By whatever name it is called: from within its folder, which is the default, and by a link."""
    home = tmp_path / "python" / "courses" / "crm"
    shutil.copytree(graded["home"], home, ignore=shutil.ignore_patterns("release", "submissions"))
    (tmp_path / "link").symlink_to(home)
    monkeypatch.chdir(home)
    course.grade(".", "99")
    monkeypatch.setattr("sys.base_prefix", str(tmp_path / "python"))
    for folder in (".", home, tmp_path / "link"):
        with pytest.raises(sandbox.SandboxError, match="move one of the two"):
            course.grade(folder, "99")
        with pytest.raises(sandbox.SandboxError, match="move one of the two"):
            sandbox.run(notebook(), {}, "any", sandbox.Limits(), secret=[Path(folder)])


def test_files_of_the_course_are_what_they_were(graded):
    assert graded["after"] == graded["before"]
    assert not list(Path("/tmp").glob("crmlab-evil*"))


def test_nobody_knocked(graded):
    graded["server"].settimeout(0.1)
    with pytest.raises(TimeoutError):
        graded["server"].accept()


def test_limits_held(graded):
    results = classroom.rows(graded["home"], "result")
    assert int(memo(graded, "forks").removeprefix("did: ")) < 64
    assert memo(graded, "writes_1_gb") == "did: True, True, True"
    assert max(row["seconds"] for row in results.values()) < 60
    assert max(row["peak_mb"] for row in results.values()) < 1_400
    assert "MemoryError" in str(results["allocates"]["errors"])
    assert "stopped after 4 seconds" in str(results["loop"]["errors"])


def test_what_is_no_answer_is_said_and_not_hidden(graded):
    results = classroom.rows(graded["home"], "result")
    for student in ("nan", "huge", "digits", "long", "nested", "surrogate", "no_json"):
        assert results[student]["errors"], student
    assert "no number to work with" in str(results["given_nan"]["errors"])
    assert "this is a Anything" in str(results["equals"]["errors"])


def test_who_copied_is_noted_and_nobody_else(graded):
    from crmlab.course.similarity import similarity_notes
    from crmlab.course.store import Store

    with Store(graded["home"] / "course.db") as store:
        notes = similarity_notes(store, classroom.NAME)
    assert "3 of 3 wrong answers are right for correct" in notes["copied"]
    assert not any("wrong answers" in note for student, note in notes.items() if student != "copied")
    assert "word for word" in notes["honest_1"], "and the memo of all the honest ones here is the same"


def test_files_that_cannot_be_used_are_listed(graded):
    message = str(graded["collected"])
    assert "it is a link" in message
    assert "unpacked it is larger than 10 MB" in message
    assert "my homework FINAL" in message


def test_no_process_is_left(graded):
    time.sleep(0.5)
    assert classroom.runs(MEMORY) == []


def test_the_batch_goes_on_without_doing_anything_twice(graded):
    again = course.grade(graded["home"], "99")
    assert again.title == f"{classroom.NAME}: 0 graded, {len(STUDENTS) - 2} graded before"
    assert course.verify(graded["home"]).title.endswith("all is well")


def test_pages_and_tables_of_hostile_answers_can_be_written(graded):
    assert f"pages for {len(STUDENTS) - 2} of" in course.feedback(graded["home"], "99").title
    course.export(graded["home"], "99")
    table = (graded["home"] / f"grades_{classroom.NAME}.csv").read_text(encoding="utf-8")
    assert table.count("\n") >= len(STUDENTS)
    page = (graded["home"] / "feedback" / classroom.NAME / "copied.html").read_text(encoding="utf-8")
    for value in classroom.keys(graded["home"], "copied").values():
        assert str(value) not in page, "no key on a page"


def test_shown_text_is_whole(graded):
    assert TEXT.split(".", 1)[0] in (graded["home"] / "feedback" / classroom.NAME / "correct.html").read_text(encoding="utf-8")
    shutil.rmtree(graded["home"] / "feedback")
