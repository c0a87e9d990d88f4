"""A classroom for tests: a small exercise, a course with students, and notebooks as students hand them in.

The exercise has two numbers, a list and a text, on a firm of two hundred customers, so that a whole class is drafted in
seconds. What a notebook must be for its student to be honest, lazy or hostile is written by the tests.
"""

import csv
import json
import re
import shutil
from functools import cache
from pathlib import Path

import psutil
import pytest

from crmlab import __main__, course
from crmlab.course import sandbox
from crmlab.course.store import Store

NAME = "99_small"
POINTS = {"q1": 1, "q2": 2, "q3": 3, "memo": 4}
TEXT = " ".join(["We should keep the change because nineteen of a hundred more stay, give or take three."] * 4)

START = f"""from crmlab import exercise

### BEGIN HIDDEN TESTS
exercise.declare(
    "{NAME}", title="A small exercise", tables=["orders"], draw={{"day": ["2023-09-30", "2023-10-31"]}}, customers=200,
    months=12,
)
### END HIDDEN TESTS
exercise.start("{NAME}")"""

SOLUTIONS = {
    "q1": """orders = exercise.data("orders")
### BEGIN SOLUTION
count = int((orders.order_date <= exercise.given("day")).sum())
### END SOLUTION
exercise.answer("q1", count)""",
    "q2": """orders = exercise.data("orders")
### BEGIN SOLUTION
average = orders.amount.mean()
### END SOLUTION
exercise.answer("q2", average)""",
    "q3": """orders = exercise.data("orders")
### BEGIN SOLUTION
largest = orders.amount.nlargest(3).to_list()
### END SOLUTION
exercise.answer("q3", largest)""",
    "memo": f'''### BEGIN SOLUTION
memo = """{TEXT}"""
### END SOLUTION
exercise.answer("memo", memo)''',
}
KEYS = {
    "q1": """key=len(exercise.data("orders").query("order_date <= @exercise.given('day')")), unit="orders", low=0,
    misconceptions={"These are all orders; look at the day.": len(exercise.data("orders")) + 1}, hint="Look at the day.\"""",
    "q2": """key=float(exercise.data("orders").amount.sum() / len(exercise.data("orders"))), unit="currency",
    tolerance=0.005, points=2, low=0,
    misconceptions={"This is the median, the question asks for the mean.": exercise.data("orders").amount.median()}""",
    "q3": """key=sorted(exercise.data("orders").amount)[:-4:-1], unit="currency", tolerance=0.005, points=3, low=0""",
    "memo": """points=4, words=(30, 120), rubric=[("decision", 1, "There is one."), ("number", 1, "It is there."),
    ("uncertainty", 1, "It is told."), ("doubt", 1, "What would change it.")]""",
}

# Student code that writes a program of its own (x86-64) into the memory of the sandbox's first process: it no longer ends with
# its parent, forks, waits for the notebook to end, reports success, and stays.
TAKES_INIT = """
import os, struct, time

def take_init(children):
    address = int(open("/proc/1/syscall").read().split()[-1], 16)
    links = {fd: os.readlink(f"/proc/1/fd/{fd}") for fd in os.listdir("/proc/1/fd")}
    event = next(int(fd) for fd, link in links.items() if "eventfd" in link)
    call = lambda number: b"\\xb8" + struct.pack("<I", number)  # mov eax, number
    code = call(157) + b"\\xbf\\x01\\0\\0\\0\\x31\\xf6\\x0f\\x05"  # prctl(PR_SET_PDEATHSIG, 0)
    code += b"\\xbb" + struct.pack("<I", children)
    loop = len(code)
    code += call(57) + b"\\x0f\\x05\\x85\\xc0"  # fork()
    leave = len(code)
    code += b"\\x0f\\x84\\0\\0\\0\\0\\xff\\xcb"  # a child goes to pause
    code += b"\\x0f\\x85" + struct.pack("<i", loop - len(code) - 6)
    code += call(61) + b"\\xbf\\x02\\0\\0\\0\\x31\\xf6\\x31\\xd2\\x45\\x31\\xd2\\x0f\\x05"  # wait4(2)
    code += call(1) + b"\\xbf" + struct.pack("<I", event)
    load = len(code)
    code += b"\\x48\\x8d\\x35\\0\\0\\0\\0\\xba\\x08\\0\\0\\0\\x0f\\x05"  # write(event, 1, 8): the status is 0
    pause = len(code)
    code = bytearray(code + call(34) + b"\\x0f\\x05\\xeb\\xf7")
    code[leave + 2 : leave + 6] = struct.pack("<i", pause - leave - 6)
    code[load + 3 : load + 7] = struct.pack("<i", len(code) - load - 7)
    with open("/proc/1/mem", "r+b", 0) as memory:
        memory.seek(address)
        memory.write(bytes(code) + struct.pack("<Q", 1))
    if os.fork() == 0:  # an orphan wakes init
        if os.fork() == 0:
            time.sleep(0.2)
        os._exit(0)
    os.wait()
    time.sleep(1)
    return sum(name.isdigit() for name in os.listdir("/proc"))
"""


def markdown(text: str, name: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def code(text: str, name: str) -> dict:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": text}


def notebook(*cells: dict | str) -> bytes:
    """A notebook of these cells; a text is a code cell."""
    made = [code(cell, f"c{k}") if isinstance(cell, str) else cell for k, cell in enumerate(cells)]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}).encode()


def master() -> bytes:
    cells = [markdown("# A small exercise", "title"), code(START, "start")]
    for name, solution in SOLUTIONS.items():
        cells.append(markdown(f"## {name}\n\nBy <!--day-->2023-09-30<!--/-->: what is {name}?", f"{name}-text"))
        cells.append(code(solution, f"{name}-solution"))
        check = (
            f'exercise.check("{name}")\n### BEGIN HIDDEN TESTS\nexercise.question("{name}", {KEYS[name]})\n### END HIDDEN TESTS'
        )
        cells.append(code(check, f"{name}-check"))
    return notebook(*cells)


def bare(text: str) -> str:
    """A solution as a student would write it."""
    return "\n".join(line for line in text.split("\n") if not line.startswith("###"))


OPEN = f'from crmlab import exercise\nexercise.start("{NAME}")'
DONE = {name: bare(text) for name, text in SOLUTIONS.items()}
HONEST = (OPEN, *DONE.values())


def make(home: Path, students: dict[str, str], **limits: float) -> Path:
    """A course with that roster (id -> name), the small exercise, and these limits; released to each student."""
    course.new(home, title="Autumn")
    (home / "masters" / f"{NAME}.ipynb").write_bytes(master())
    lines = "".join(f"{student},{name},{student.lower()}@example.org\n" for student, name in students.items())
    (home / "roster.csv").write_text("student_id,name,email\n" + lines, encoding="utf-8")
    settings = (home / "course.toml").read_text(encoding="utf-8")
    settings = re.sub(
        r'secret = "\w+"', f'secret = "{"5e" * 32}"', settings
    )  # the same data each time: no two keys are equal by chance
    for name, most in limits.items():
        settings = "\n".join(f"{name} = {most}" if line.startswith(f"{name} =") else line for line in settings.split("\n"))
        if f"\n{name} = {most}" not in settings:
            settings = settings.replace("[limits]", f"[limits]\n{name} = {most}\n#", 1)
    (home / "course.toml").write_text(settings, encoding="utf-8")
    course.release(home, "99", individual=True)
    return home


def runs(memory_mb: int) -> list[psutil.Process]:
    """Runs in sandboxes that are alive, of courses with that limit: other tests may grade at the same time."""
    processes = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any("runner.py" in word for word in words) and any(f'"address_mb": {memory_mb + 2_048},' in word for word in words):
            processes.append(process)
    return processes


def keys(home: Path, student: str) -> dict:
    with Store(home / "course.db") as store:
        return store.row("release", assignment=NAME, student=student)["keys"]


def rows(home: Path, table: str) -> dict[str, dict]:
    """Rows of the store by student."""
    with Store(home / "course.db") as store:
        return {row["student"]: row for row in store.rows(table, assignment=NAME)}


def points(home: Path) -> dict[str, dict[str, float | None]]:
    """Student -> question -> points."""
    by_student: dict[str, dict[str, float | None]] = {}
    with Store(home / "course.db") as store:
        for row in store.rows("score", assignment=NAME):
            by_student.setdefault(row["student"], {})[row["question"]] = row["points"]
    return by_student


# -- One class for several files of tests ------------------------------------------------------------------------------

CLASS = {"S001": "Ada King", "S002": "王 小明", "S003": "Bo Ek", "S004": "José de la Cruz", "S005": "Mia O'Neil"}


@cache
def released_course(base: Path) -> Path:
    """A course of five whose exercise is given out; made once, and copied by each test that changes it."""
    return make(base / "released" / "crm", CLASS)


@cache
def graded_course(base: Path) -> Path:
    """The same after a batch: correct, wrong, copied, with a fault in it, and one who did not hand in."""
    if reason := sandbox.missing():
        pytest.skip(reason)
    place = base / "graded"
    place.mkdir()
    home, heap = Path(shutil.copytree(released_course(base), place / "crm")), place / "heap"
    heap.mkdir()
    copied = [f"exercise.answer({name!r}, {value!r})" for name, value in keys(home, "S001").items()]
    batch = {
        "S001": notebook(*HONEST),
        "S002": notebook(OPEN, DONE["q1"], 'exercise.answer("q2", 1.0)', DONE["q3"]),
        "S003": notebook(OPEN, *copied),
        "S004": notebook(OPEN, DONE["q1"], "1 / 0", DONE["q2"], DONE["q3"], DONE["memo"].replace("change", "old price")),
    }
    for student, content in batch.items():
        (heap / f"{CLASS[student]}_{student}.ipynb").write_bytes(content)
    course.collect(home, "99", heap)
    course.grade(home, "99")
    return home


def command_line(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Status, output and complaint of a step by the command line."""
    status = __main__.main(["course", *map(str, words)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def table_at(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
