"""The runner: the one program that works inside the sandbox. It executes a student's notebook and says what was answered.

It is started by its path, in a Python of its own, with a JSON text of settings; it uses the standard library and IPython
and imports nothing else of the kit. After each cell it writes one line of JSON to the pipe it was given: how far it got,
which cells failed, and the file of answers as it lies there. Student code runs in this very process and may do to it what
it likes: whatever comes out of the pipe is a claim, to be read with care by ``sandbox``. No key is within reach here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import sys
from pathlib import Path

MOST_ERRORS, LONGEST_ERROR = 20, 300


def code_cells(text: str) -> list[str]:
    """The code of a notebook, cell by cell; of format 4 or 3, whatever its kernel is called."""
    notebook = json.loads(text)
    sheets = notebook.get("worksheets", [notebook])
    cells = [cell for sheet in sheets for cell in sheet["cells"] if cell.get("cell_type") == "code"]
    sources = [cell.get("source", cell.get("input", "")) for cell in cells]
    return ["".join(source) if isinstance(source, list) else str(source) for source in sources]


def limit(settings: dict) -> None:
    """What the kernel is to refuse from now on, for this process and all its children."""
    for what, most in (
        (resource.RLIMIT_NPROC, settings["processes"]),
        (resource.RLIMIT_AS, settings["address_mb"] << 20),
        (resource.RLIMIT_FSIZE, settings["disk_mb"] << 20),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
    ):
        lower = most if (hard := resource.getrlimit(what)[1]) == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (lower, lower))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that is too large is an OSError, not the end


class Story:
    """What is told through the pipe: one line after each cell, the last of which counts."""

    def __init__(self, pipe: int, answers: Path, most_bytes: int) -> None:
        self.pipe, self.answers, self.most_bytes = pipe, answers, most_bytes
        self.told, self.last = {"cells": 0, "ran": 0, "errors": [], "end": False, "code": "", "given_to": ""}, b""

    def failed(self, cell: int, what: str) -> None:
        if len(self.told["errors"]) < MOST_ERRORS:
            self.told["errors"].append([cell, what[:LONGEST_ERROR]])

    def tell(self) -> None:
        held = b""
        with contextlib.suppress(OSError), open(self.answers, "rb") as file:
            held = file.read(self.most_bytes + 1)
        news = {"answers": held.decode("utf-8", "replace")} if held != self.last else {}
        self.last = held
        line = (json.dumps(self.told | news) + "\n").encode("ascii")
        while line:
            line = line[os.write(self.pipe, line) :]


def main(settings: dict) -> None:
    story = Story(settings["pipe"], Path(settings["answers"]), settings["answers_kb"] << 10)
    story.tell()  # from here on a failure is the notebook's
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if Path(settings["fonts"]).is_dir():  # matplotlib looks for fonts only once, not once for each submission
        shutil.copytree(settings["fonts"], os.environ["MPLCONFIGDIR"], dirs_exist_ok=True)
    limit(settings)
    try:
        text = Path(settings["notebook"]).read_text(encoding="utf-8-sig")
        cells = code_cells(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        story.failed(0, f"it is no notebook that can be read ({type(error).__name__}: {error})")
        story.tell()
        return
    story.told["cells"] = len(cells)
    # looked at before any of it has run
    story.told["code"] = hashlib.sha256("".join("\n".join(cells).split()).encode("utf-8", "replace")).hexdigest()
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        story.told["given_to"] = str(json.loads(text)["metadata"]["crmlab"]["student"])
    story.tell()
    run(cells, story, settings["cell_seconds"])
    story.told["end"] = True
    story.tell()


def run(cells: list[str], story: Story, seconds: float) -> None:
    """Run the cells one after the other; one that fails or takes too long does not end the others."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
    shell.enable_gui = lambda gui=None: None  # %matplotlib inline asks for a window

    def too_long(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # In seconds of work, so that nobody loses a point because the machine is busy; four times as long for who only waits.
    clocks = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, 4 * seconds))
    for _, told, _ in clocks:
        signal.signal(told, too_long)
    for number, source in enumerate(cells, 1):
        try:
            for clock, _, most in clocks:
                signal.setitimer(clock, most, 1)  # again and again, for code that catches everything
            result = shell.run_cell(source, store_history=True)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as caught:
            error = caught
        finally:
            for clock, _, _ in clocks:
                signal.setitimer(clock, 0)
        if isinstance(error, KeyboardInterrupt):
            story.failed(number, f"stopped after {seconds:g} seconds")
        elif error is not None:
            story.failed(number, f"{type(error).__name__}: {error}")
        story.told["ran"] = number
        story.tell()


if __name__ == "__main__":
    # str subclasses and replaced functions of the student's must not be met once he is done: leave without tidying up
    main(json.loads(sys.argv[1]))
    os._exit(0)
