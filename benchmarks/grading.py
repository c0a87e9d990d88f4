"""Grading: seconds and memory for each submission of exercise 01, in the sandbox; a class of a hundred; and beside nbgrader.

Each student's notebook holds the reference solutions and runs on that student's own data. nbgrader grades the same notebook,
with the same answers, on the default firm: one after the other, with no sandbox, and writing its own database, which is
what it does for its users (`nbgrader autograde`). Contenders take turns; each is a process of its own, its start included.
Memory is the peak over the process and all below it, pages shared between them counted in proportion.

    python benchmarks/grading.py --students 10 --runs 3
    python benchmarks/grading.py --students 100 --alone
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
NAME = "01_relationship"
MASTER = ROOT / "exercises" / "masters" / f"{NAME}.ipynb"
NBGRADER = ROOT / ".tools" / "nbgrader"


def solved(copy: Path) -> bytes:
    """A released notebook with the master's solutions in it."""
    notebook, master = (json.loads(path.read_text(encoding="utf-8")) for path in (copy, MASTER))
    solutions = {cell["id"]: cell["source"] for cell in master["cells"] if "-solution" in cell["id"]}
    for cell in notebook["cells"]:
        cell["source"] = solutions.get(cell["id"], cell["source"])
    return json.dumps(notebook).encode()


def our_course(home: Path, students: int) -> float:
    """A class that has handed in; seconds that releasing took."""
    from crmlab import course

    course.new(home)
    lines = "".join(f"S{number:03},Student {number}\n" for number in range(students))
    (home / "roster.csv").write_text("student_id,name\n" + lines, encoding="utf-8")
    began = time.perf_counter()
    course.release(home, "01", individual=True)
    seconds = time.perf_counter() - began
    heap = home.with_name("heap")
    heap.mkdir()
    for number in range(students):
        (heap / f"S{number:03}.ipynb").write_bytes(solved(home / "release" / NAME / f"S{number:03}" / f"{NAME}.ipynb"))
    course.collect(home, "01", heap)
    return seconds


def peer_course(home: Path, students: int) -> dict[str, str]:
    """The same in nbgrader; the environment to run it in."""
    (home / "source" / NAME).mkdir(parents=True)
    shutil.copy(MASTER, home / "source" / NAME)
    (home / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'crm'\n")
    path = os.pathsep.join([str(NBGRADER / "bin"), os.environ["PATH"]])
    environment = os.environ | {"PYTHONPATH": str(NBGRADER), "PATH": path}
    words = [sys.executable, "-P", "-m", "nbgrader", "generate_assignment", NAME]
    subprocess.run(words, cwd=home, env=environment, check=True, capture_output=True)
    for number in range(students):
        folder = home / "submitted" / f"S{number:03}" / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(MASTER.read_bytes())  # its solutions are the answers
    return environment


def resident(pid: int) -> float:
    """Memory of a process and all below it in MB."""
    total = 0.0
    for member in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            text = Path(f"/proc/{member.pid}/smaps_rollup").read_text(encoding="ascii")
            total += int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
        except (OSError, StopIteration):  # it has just ended
            continue
    return total


def measured(words: list[str], home: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds, and peak memory in MB, of one command."""
    began, peak, done = time.perf_counter(), [0.0], threading.Event()
    process = subprocess.Popen(words, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def watch() -> None:
        while not done.wait(0.2):
            with suppress(psutil.Error):
                peak[0] = max(peak[0], resident(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    complaint = process.communicate()[1]
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(complaint.decode()[-2_000:])
    return seconds, peak[0]


def main(students: int, runs: int, alone: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "ours"
        releasing = our_course(home, students)
        grade = [sys.executable, "-m", "crmlab", "course", "grade", "01", "--again", "--dir", str(home), "--workers"]
        contenders = {"crmlab, two workers": ([*grade, "2"], ROOT, environment)}
        if not alone:
            contenders["crmlab, one worker"] = ([*grade, "1"], ROOT, environment)
            peer = Path(place) / "peer"
            words = [sys.executable, "-P", "-m", "nbgrader", "autograde", NAME, "--force"]
            contenders["nbgrader, no sandbox"] = (words, peer, peer_course(peer, students))
        measured(*contenders["crmlab, two workers"])  # Python compiles, fonts are looked for: once
        runs_of: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        for _ in range(runs):
            for name, how in contenders.items():
                runs_of[name].append(measured(*how))
        from crmlab.course.store import Store

        with Store(home / "course.db") as store:
            alone_seconds = [row["seconds"] for row in store.rows("result", assignment=NAME)]
            rights = sum(row["state"] == "right" for row in store.rows("score", assignment=NAME))
    assert rights == 8 * students, "all answers are right, or this measures something else"
    print(f"{students} submissions, medians of {runs}; releasing took {releasing / students:.2f} s a student\n")
    print("| who | seconds in all | seconds a submission | peak MB |\n|---|---|---|---|")
    for name, measurements in runs_of.items():
        seconds, memory = map(statistics.median, zip(*measurements, strict=True))
        print(f"| {name} | {seconds:.1f} | {seconds / students:.2f} | {memory:,.0f} |")
    print(f"\nOne submission from start to end of its sandbox: median {statistics.median(alone_seconds):.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="without nbgrader")
    asked = parser.parse_args()
    main(asked.students, 1 if asked.alone else asked.runs, asked.alone)
