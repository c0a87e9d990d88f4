"""Lessons under test: run them, look at what is stored in them, and take their numbers.

What lives here: ``execute`` runs a lesson once, stores its outputs and returns the numbers behind them (see
``lesson_record``); ``faults`` looks at a stored lesson; ``LessonFile`` is how pytest runs one: once, for outputs and numbers.
As a script it runs the named lessons (all of them without a name) and stores outputs and numbers:

    python tests/lessons.py 00_start
"""

import json
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbval.plugin import IPyNbFile

from crmlab.widgets.live import MIME_TYPE

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
PROBES = ROOT / "tests" / "probes"


@contextmanager
def recording() -> Iterator[None]:
    """Kernels that start in this block record the numbers behind what they show (see ``lesson_record``) and find no journal."""
    os.environ["PYTHONSTARTUP"] = str(ROOT / "tests" / "lesson_startup.py")
    os.environ["CRMLAB_RECORD"] = "1"
    os.environ["CRMLAB_JOURNAL"] = str(ROOT / "tests" / "no_journal.json")
    try:
        yield
    finally:
        del os.environ["CRMLAB_RECORD"], os.environ["CRMLAB_JOURNAL"]


def report_source(notebook: nbformat.NotebookNode) -> str:
    """A cell that prints the numbers of a lesson that has run."""
    cells = [cell.id for cell in notebook.cells if cell.cell_type == "code"]
    return f"import sys\nsys.modules['lesson_record'].report({cells})"


def execute(path: Path) -> dict[str, object]:
    """Run a lesson from top to bottom, store its outputs, without times and widget states, and return its numbers."""
    notebook = nbformat.read(path, as_version=4)
    reporting = nbformat.v4.new_code_cell(report_source(notebook))
    notebook.cells.append(reporting)
    client = NotebookClient(notebook, timeout=600, record_timing=False, resources={"metadata": {"path": str(path.parent)}})
    with recording():
        client.execute()
    notebook.cells.remove(reporting)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)
    return json.loads("".join(output.text for output in reporting.outputs if output.output_type == "stream"))


def faults(path: Path) -> list[str]:
    """What is wrong with a lesson as it is stored."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    flaws = []
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        flaws.append("it was not run from top to bottom")
    if "widgets" in notebook.metadata:
        flaws.append("widget states are stored in it")
    for cell in cells:
        where = f"cell {cell.id}"
        if not cell.source.strip():
            flaws.append(f"{where} is empty")
        if cell.source.rstrip().endswith(";"):
            flaws.append(f"{where} ends in a semicolon, which hides its output")
        if re.search(r"\b(TODO|FIXME)\b", cell.source):
            flaws.append(f"{where} is unfinished")
        flaws += [f"{where}: {fault}" for output in cell.outputs for fault in _output_faults(output)]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            links = re.findall(r"\]\(([^)#]+)\)", cell.source)
            missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
            flaws += [f"cell {cell.id} links to {link}, which does not exist" for link in missing]
    return flaws


def _output_faults(output: dict) -> list[str]:
    if output.output_type == "error":
        return [f"it stores an error: {output.ename}"]
    if output.output_type == "stream":
        return [f"it writes to stderr: {output.text[:60]!r}"] if output.name == "stderr" else []
    flaws = []
    html = output.data.get("text/html", "")
    if "image/png" in output.data or "image/svg+xml" in output.data:
        flaws.append("a picture without alt text (use widgets.picture)")
    if any(not re.search(r'alt="[^"]{20,}"', tag) for tag in re.findall(r"<img[^>]*>", html)):
        flaws.append("a picture whose alt text is missing or says too little")
    plain = output.data.get("text/plain", "")
    if re.search(r"\d\.\d{7,}", plain):
        flaws.append(f"a number with seven decimals: {plain[:60]!r}")
    if "0x" in plain and " at 0x" in plain:
        flaws.append("an output that shows a place in memory")
    return flaws


def differences(now: object, then: object, where: str = "") -> list[str]:
    """Where two nested tables of numbers differ by more than one in a million."""
    if isinstance(now, dict) and isinstance(then, dict):
        if now.keys() != then.keys():
            return [f"{where}: {sorted(now.keys() ^ then.keys())}"]
        return [line for key in then for line in differences(now[key], then[key], f"{where}/{key}")]
    if isinstance(now, list) and isinstance(then, list):
        if len(now) != len(then):
            return [f"{where}: {len(now)} entries, stored {len(then)}"]
        return [line for k, pair in enumerate(zip(now, then, strict=True)) for line in differences(*pair, f"{where}[{k}]")]
    if isinstance(now, float | int) and isinstance(then, float | int):
        same = math.isclose(now, then, rel_tol=1e-6, abs_tol=1e-9) or (now != now and then != then)
        return [] if same else [f"{where}: {now!r}, stored {then!r}"]
    return [] if now == then else [f"{where}: {now!r}, stored {then!r}"]


class LessonFile(IPyNbFile):
    """A lesson for pytest: nbval compares the output of each cell, and then, in the same kernel, the numbers behind them.

    What the page reads of a widget is compared as a number behind it: its last digits differ between processors.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.skip_compare = (*self.skip_compare, MIME_TYPE)

    def setup(self) -> None:
        with recording():
            super().setup()

    def collect(self) -> Iterator[pytest.Item]:
        yield from super().collect()
        yield LessonNumbers.from_parent(self, name="numbers")


class LessonNumbers(pytest.Item):
    """The numbers behind the pictures and widgets of a lesson that has just run are as stored."""

    def runtest(self) -> None:
        kernel, printed = self.parent.kernel, ""
        request = kernel.execute_cell_input(report_source(self.parent.nb))
        while True:
            message = kernel.get_message("iopub", timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        stored = json.loads((PROBES / f"{self.path.stem}.json").read_text(encoding="utf-8"))
        if changed := differences(json.loads(printed), stored):
            raise AssertionError("\n".join(changed))


def store(path: Path) -> None:
    """Run a lesson once and store its outputs and its numbers."""
    numbers = execute(path)
    PROBES.mkdir(exist_ok=True)
    (PROBES / f"{path.stem}.json").write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    wanted = sys.argv[1:] or [path.stem for path in LESSONS]
    for path in LESSONS:
        if path.stem in wanted:
            store(path)
            print(f"stored: {path.name}", *faults(path), sep="\n  ")
