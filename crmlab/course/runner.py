"""The runner: the one program that works inside the sandbox. It executes a student's notebook and reports what was answered.

It is started by its path, in a Python of its own, with a JSON text of settings; it uses the standard library and IPython
and imports nothing else of the kit. Before the first cell it reads what was typed into answer boxes, which the notebook's
outputs keep. After each cell it writes one line of JSON to the pipe it was given: how far it got, which cells failed, and the
file of answers as it lies there. Student code runs in this very process and may do to it what it likes: whatever comes out of
the pipe is a claim, to be read with care by ``sandbox``. No key is within reach here.
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
from typing import Any

MOST_ERRORS, LONGEST_ERROR = 20, 300
BOXED = "application/vnd.crmlab.answer+json"  # the kind of output that holds the answer of a box


def code_cells(text: str) -> list[str]:
    """Return the code of a notebook, cell by cell; of format 4 or 3, whatever its kernel is called.

    Parameters
    ----------
    text : str
        The notebook.
    """
    notebook = json.loads(text)
    sheets = notebook.get("worksheets", [notebook])
    cells = [cell for sheet in sheets for cell in sheet["cells"] if cell.get("cell_type") == "code"]
    sources = [cell.get("source", cell.get("input", "")) for cell in cells]
    return ["".join(source) if isinstance(source, list) else str(source) for source in sources]


def boxed_answers(text: str, most_bytes: int) -> str:
    """Return what was typed into answer boxes, as the text of a file of answers; nothing where it is too much.

    Parameters
    ----------
    text : str
        The notebook.
    most_bytes : int
        Of that text.
    """
    answers: dict[str, Any] = {}
    for cell in json.loads(text).get("cells", []):
        for output in cell.get("outputs", []) if cell.get("cell_type") == "code" else []:
            claim = output.get("data", {}).get(BOXED)
            if isinstance(claim, dict) and isinstance(claim.get("question"), str):
                answers[claim["question"]] = claim.get("answer")
    boxed = json.dumps({"answers": answers})
    return boxed if len(boxed) <= most_bytes else ""


def set_limits(settings: dict[str, Any]) -> None:
    """Say what the kernel is to refuse from now on, for this process and all its children.

    Parameters
    ----------
    settings : dict
        With processes, address_mb and disk_mb.
    """
    for what, most in (
        (resource.RLIMIT_NPROC, settings["processes"]),
        (resource.RLIMIT_AS, settings["address_mb"] << 20),
        (resource.RLIMIT_FSIZE, settings["disk_mb"] << 20),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that is too large is an OSError, not the end


class Reporter:
    """What is said through the pipe: one line after each cell, the last of which counts.

    Parameters
    ----------
    pipe : int
        The open file to write to.
    answers : Path
        The file of answers.
    most_bytes : int
        Read of it.
    """

    def __init__(self, pipe: int, answers: Path, most_bytes: int) -> None:
        self.pipe, self.answers, self.most_bytes = pipe, answers, most_bytes
        self.errors: list[tuple[int, str]] = []
        self.state: dict[str, Any] = {"cells": 0, "ran": 0, "end": False, "code": "", "given_to": ""}
        self._last_answers = b""

    def add_error(self, cell: int, message: str) -> None:
        """Note what went wrong in a cell.

        Parameters
        ----------
        cell : int
            Its number; 0 for the notebook.
        message : str
        """
        if len(self.errors) < MOST_ERRORS:
            self.errors.append((cell, message[:LONGEST_ERROR]))

    def send(self, **once: Any) -> None:
        """Write how things stand, with the file of answers if it has changed.

        Parameters
        ----------
        **once
            What this line says besides.
        """
        answers = b""
        with contextlib.suppress(OSError), open(self.answers, "rb") as file:
            answers = file.read(self.most_bytes + 1)
        changed = {"answers": answers.decode("utf-8", "replace")} if answers != self._last_answers else {}
        self._last_answers = answers
        line = (json.dumps(self.state | {"errors": self.errors} | changed | once) + "\n").encode("ascii")
        while line:
            line = line[os.write(self.pipe, line) :]


def main(settings: dict[str, Any]) -> None:
    """Run the notebook and report.

    Parameters
    ----------
    settings : dict
        As ``sandbox`` writes them.
    """
    reporter = Reporter(settings["pipe"], Path(settings["answers"]), settings["answers_kb"] << 10)
    reporter.send()  # from here on a failure is the notebook's
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if Path(settings["fonts"]).is_dir():  # matplotlib looks for fonts only once, not once for each submission
        shutil.copytree(settings["fonts"], os.environ["MPLCONFIGDIR"], dirs_exist_ok=True)
    set_limits(settings)
    try:
        text = Path(settings["notebook"]).read_text(encoding="utf-8-sig")
        cells = code_cells(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        reporter.add_error(0, f"it is no notebook that can be read ({type(error).__name__}: {error})")
        reporter.send()
        return
    reporter.state["cells"] = len(cells)
    # looked at before any of it has run
    reporter.state["code"] = hashlib.sha256("".join("\n".join(cells).split()).encode("utf-8", "replace")).hexdigest()
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        reporter.state["given_to"] = str(json.loads(text)["metadata"]["crmlab"]["student"])
    boxed = ""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        boxed = boxed_answers(text, settings["answers_kb"] << 10)
    reporter.send(boxed=boxed)
    run(cells, reporter, settings["cell_seconds"])
    reporter.state["end"] = True
    reporter.send()


def run(cells: list[str], reporter: Reporter, seconds: float) -> None:
    """Run the cells one after the other; one that fails or takes too long does not end the others.

    Parameters
    ----------
    cells : list of str
    reporter : Reporter
    seconds : float
        For each cell.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
    vars(shell)["enable_gui"] = lambda gui=None: None  # %matplotlib inline asks for a window

    def too_long(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # In seconds of work, so that nobody loses a point because the machine is busy; four times as long for code that only waits.
    clocks = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, 4 * seconds))
    for _, alarm, _ in clocks:
        signal.signal(alarm, too_long)
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
            reporter.add_error(number, f"stopped after {seconds:g} seconds")
        elif error is not None:
            reporter.add_error(number, f"{type(error).__name__}: {error}")
        reporter.state["ran"] = number
        reporter.send()


if __name__ == "__main__":
    # str subclasses and replaced functions of the student's must not be met when that is done: leave without tidying up
    main(json.loads(sys.argv[1]))
    os._exit(0)
