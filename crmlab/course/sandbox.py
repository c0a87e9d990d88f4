"""The sandbox: a student's notebook is run where it can touch nothing and lasts for nothing.

Bubblewrap gives it a world of its own, a filter of system calls closes what namespaces leave open, and limits are set on time,
memory, files and processes. Nothing on the disk can be written, so results come out by a pipe, and what is read from it is
cut to size and believed only as a claim. ``run`` starts a submission, watches it, ends it and says what came of it. Where
there can be no sandbox, ``missing`` says why and ``REMEDY`` what to do. How the sandbox is built is known in ``bubblewrap``,
what a submission may use in ``limits``; points are given in ``grading``.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from crmlab._result import legible
from crmlab.course import bubblewrap
from crmlab.course.bubblewrap import FONTS, HOME, INPUT, OUR_VARIABLES, InitProcess, SandboxError
from crmlab.course.limits import Limits, memory_mb
from crmlab.course.pipe import PipeReader

OUTLIVED = "outlived the sandbox"  # the outcome of a submission that meddled with what ends it
_RUNNER = Path(__file__).with_name("runner.py")

REMEDY = """Ways to have it:
  Linux          sudo apt install bubblewrap (Fedora: sudo dnf install bubblewrap). On Ubuntu 24.04 and later also:
                 sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0
  Windows        in WSL2 (wsl --install), in its Ubuntu as above
  macOS          in a Linux container or virtual machine
  container      docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined
                 --security-opt systempaths=unconfined ...
--no-sandbox runs student code with your own rights: it could read the keys, change marks and delete your files."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What is known about a run. All but ``outcome``, ``seconds`` and ``peak_mb`` is the submission's own claim.

    Attributes
    ----------
    outcome : str
        "finished", "unreadable", "ended by itself", "out of time", "out of memory", "said too much" or "outlived the sandbox".
    cells, ran : int
        Code cells of the notebook, and how many were begun and ended.
    errors : tuple of (int, str)
        Number of the code cell, and what went wrong in it.
    answers : str or None
        The text of the file of answers.
    code : str
        A hash of the notebook's code, without blanks.
    given_to : str
        For which student the notebook was made.
    boxed : str
        What was typed into answer boxes, as the text of a file of answers; "" if nothing was.
    seconds, peak_mb : float
    """

    outcome: str
    cells: int
    ran: int
    errors: tuple[tuple[int, str], ...]
    answers: str | None
    code: str
    given_to: str
    boxed: str
    seconds: float
    peak_mb: float


def missing() -> str:
    """Say why there can be no sandbox on this machine; "" if there can."""
    if sys.platform != "linux":
        return f"it needs Linux; this is {platform.system()}"
    if shutil.which("bwrap") is None:
        return "the program `bwrap` (bubblewrap) is not installed"
    if bubblewrap.is_root() and not all(map(shutil.which, ("unshare", "setpriv", "prlimit", "mount"))):
        return "as root it needs the programs `unshare`, `setpriv`, `prlimit` and `mount` (util-linux)"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return "its kernel (Linux before 5.3) cannot hold a process by a file (pidfd_open)"
    with bubblewrap.stage() as stage, tempfile.TemporaryFile() as output, bubblewrap.filter_files() as filters:
        tried = subprocess.run(
            bubblewrap.command(stage, ["/usr/bin/true"], Limits(), filters=filters), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, pass_fds=filters, env=OUR_VARIABLES, check=False,
        )  # fmt: skip
        output.seek(0)
        text = output.read(2_000).decode(errors="replace").strip()
    if tried.returncode == 0:
        return ""
    if any(words in text.lower() for words in ("namespace", "operation not permitted", "space left")):
        return f"this machine does not allow user namespaces ({text})"
    return f"it did not start ({text or f'status {tried.returncode}'})"


def run(
    notebook: bytes, files: dict[str, Path], name: str, limits: Limits, *, fonts: Path | None = None, isolated: bool = True,
    processor: int | None = None, secret: Iterable[Path] = (),
) -> RunResult:  # fmt: skip
    """Run a notebook and tell what came of it.

    Parameters
    ----------
    notebook : bytes
        As it was handed in.
    files : dict
        What lies beside the notebook, the sheet and the tables: name there -> path here. Nothing else is shown.
    name : str
        Of the assignment.
    limits : Limits
    fonts : Path, optional
        A folder of matplotlib's, so that it need not look for fonts each time.
    isolated : bool
        False runs it with our own rights: only for those who know whose code it is.
    processor : int, optional
        The number of the one processor it may use, so that nobody's processes slow down another's.
    secret : iterable of Path
        Folders that must not lie where every submission can read.

    Raises
    ------
    SandboxError
        It did not start, for no fault of the submission.
    """
    if os.name == "nt":
        raise SandboxError("student code cannot be run by Windows itself, with or without a sandbox: use WSL2 (wsl --install)")
    if isolated:
        bubblewrap.refuse_shown(secret)
    with ExitStack() as stack:
        stage = stack.enter_context(bubblewrap.stage())
        inbox, desk = stage / "closed" / "in", stage / "closed" / "desk"
        inbox.mkdir(mode=0o755)
        desk.mkdir()
        (inbox / "notebook.ipynb").write_bytes(notebook)
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        if not isolated:
            program = _program(writing, f"{inbox}/notebook.ipynb", str(desk), name, str(fonts), limits, more_processes=4_096)
            for inside, here in files.items():
                (desk / inside).parent.mkdir(exist_ok=True)
                shutil.copy(here, desk / inside)
            variables = bubblewrap.environment(desk, f"{desk}/{name}.answers.json")
            process = _start(program, writing, (), variables, processor, cwd=desk)
            return _watch(process, reading, limits, None)
        filters, init = stack.enter_context(bubblewrap.filter_files()), stack.enter_context(closing(InitProcess()))
        places = {f"{HOME}/{inside}": here for inside, here in files.items()} | {INPUT: inbox}
        words = bubblewrap.command(
            stage, _program(writing, f"{INPUT}/notebook.ipynb", HOME, name, FONTS, limits), limits, filters=filters, init=init,
            answers=f"{HOME}/{name}.answers.json", places=places | ({FONTS: fonts} if fonts is not None else {}),
        )  # fmt: skip
        process = _start(words, writing, (*filters, *init.passed), OUR_VARIABLES, processor)
        return _watch(process, reading, limits, init)


def _program(
    pipe: int, notebook: str, home: str, name: str, fonts: str, limits: Limits, *, more_processes: int = 0
) -> list[str]:
    """Write the command of the runner; its own user's other processes count where it has none of its own."""
    settings = {
        "pipe": pipe, "notebook": notebook, "answers": f"{home}/{name}.answers.json", "fonts": fonts,
        "cell_seconds": limits.cell_seconds, "processes": limits.processes + more_processes,
        "address_mb": limits.address_mb, "disk_mb": limits.disk_mb, "answers_kb": limits.answers_kb,
    }  # fmt: skip
    return [sys.executable, "-I", "-B", str(_RUNNER), json.dumps(settings)]


def _start(
    words: list[str], writing: int, passed: tuple[int, ...], variables: dict[str, str], processor: int | None,
    *, cwd: Path | None = None,
) -> subprocess.Popen[bytes]:  # fmt: skip
    """Start a run on its processor. The end of the pipe that it writes to is closed on our side."""
    before = _bind_processors(processor)
    try:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=(writing, *passed),
            env=variables, cwd=cwd, start_new_session=cwd is not None,
        )  # fmt: skip
    finally:
        os.close(writing)
        _bind_processors(before)


def _bind_processors(which: int | set[int] | None) -> set[int] | None:
    """Bind this thread, and what it starts from now on, to processors; returns where it was allowed to be."""
    if which is None or not hasattr(os, "sched_setaffinity"):  # that is Linux
        return None
    before = os.sched_getaffinity(0)
    with suppress(OSError):
        os.sched_setaffinity(0, {which} if isinstance(which, int) else which)
    return before


def _watch(process: subprocess.Popen[bytes], reading: int, limits: Limits, init: InitProcess | None) -> RunResult:
    """Listen to a run, and end it when it takes too much. Without a first process to hold, it is a session of its own."""
    began = time.monotonic()
    reader = PipeReader(reading, limits.answers_kb << 10)
    outcome, peak = "", 0.0
    try:
        if init is not None:
            init.begin(limits)
        while process.poll() is None and not outcome:
            if reader.done.is_set():
                time.sleep(0.02)
            else:
                reader.done.wait(0.05)
            used = memory_mb(process.pid, limits.memory_mb, bubblewrap.IN_MEMORY)
            peak = max(peak, used)
            if used > limits.memory_mb:
                outcome = "out of memory"
            elif reader.says_too_much:
                outcome = "said too much"
            elif time.monotonic() - began > limits.seconds:
                outcome = "out of time"
    finally:
        if init is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, 9)
        elif not init.end(bubblewrap.LINGER_SECONDS if process.poll() is not None else 0):
            outcome = OUTLIVED
        process.kill()
        process.wait()
    reader.done.wait(1)
    complaint = _complaint(process)
    if not reader.has_begun:
        raise SandboxError(
            f"the sandbox was {outcome} before it had begun" if outcome
            else f"the sandbox did not start ({complaint or f'status {process.returncode}'})"
        )  # fmt: skip
    return _result(reader, outcome, time.monotonic() - began, peak)


def _complaint(process: subprocess.Popen[bytes]) -> str:
    """Read what a run wrote to its standard error, as far as it is there by now."""
    if process.stderr is None:
        return ""
    with process.stderr:
        os.set_blocking(process.stderr.fileno(), False)  # whoever wrote more there than a pipe holds has waited in vain
        try:
            text = os.read(process.stderr.fileno(), 2_000)
        except BlockingIOError:
            text = b""
    return " ".join(legible(text.decode(errors="replace")).split())


def _result(reader: PipeReader, outcome: str, seconds: float, peak_mb: float) -> RunResult:
    progress = reader.progress
    if not outcome:
        is_unreadable = any(cell == 0 for cell, _ in progress.errors)
        outcome = "finished" if progress.end else "unreadable" if is_unreadable else "ended by itself"
    return RunResult(
        outcome,
        progress.cells,
        progress.ran,
        progress.errors,
        reader.answers,
        reader.code,
        reader.given_to,
        reader.boxed,
        seconds,
        peak_mb,
    )
