"""The sandbox: a student's notebook is run where it can touch nothing and lasts for nothing.

Bubblewrap gives it a world of its own: no network, no processes but its own, a read-only system and Python, the submission
with its data, and a little memory to write to, gone when it ends. A filter of system calls closes what namespaces leave
open; limits are set on time, memory, files and processes. Nothing on the disk can be written, so results come out by a
pipe, and what is read from it is cut to size and believed only as a claim. As root each run has an unprivileged user of
its own. Where all this is not to be had, ``missing`` says why and ``REMEDY`` what to do. Marks are none of this room's
business (see ``grading``).
"""

from __future__ import annotations

import json
import os
import platform
import random
import shlex
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from crmlab._result import legible
from crmlab.errors import CrmlabError

_PACKAGE = Path(__file__).resolve().parents[1]
_RUNNER = Path(__file__).with_name("runner.py")
_DESK, _INPUT, _FONTS, _STAGE = "/exercise", "/submission", "/fonts", "crmlab-run-"

REMEDY = """Ways to have it:
  Linux          sudo apt install bubblewrap (Fedora: sudo dnf install bubblewrap). On Ubuntu 24.04 and later also:
                 sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0
  Windows        in WSL2 (wsl --install), in its Ubuntu as above
  macOS          in a Linux container or virtual machine
  container      docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined
                 --security-opt systempaths=unconfined ...
--no-sandbox runs student code with your own rights: it could read the keys, change marks and delete your files."""


class SandboxError(CrmlabError):
    """The sandbox is not to be had, or did not start; this says nothing about the submission."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    seconds : float
        For the whole notebook, by the clock.
    cell_seconds : float
        For each cell, in seconds of work of the processor; four times as long by the clock.
    memory_mb : int
        For all its processes together.
    disk_mb : int
        For what it writes, in memory too.
    processes : int
        Processes and threads at a time.
    answers_kb : int
        Size of its file of answers.
    """

    seconds: float = 120
    cell_seconds: float = 30
    memory_mb: int = 2_048
    disk_mb: int = 128
    processes: int = 48
    answers_kb: int = 200


@dataclass(frozen=True, slots=True)
class Story:
    """What is known about a run. All but ``outcome``, ``seconds`` and ``peak_mb`` is the submission's own claim.

    Attributes
    ----------
    outcome : str
        "finished", "unreadable", "ended by itself", "out of time", "out of memory" or "said too much".
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
    seconds, peak_mb : float
    """

    outcome: str
    cells: int
    ran: int
    errors: tuple[tuple[int, str], ...]
    answers: str | None
    code: str
    given_to: str
    seconds: float
    peak_mb: float


def missing() -> str:
    """Why there can be no sandbox on this machine; "" if there can."""
    if sys.platform != "linux":
        return f"it needs Linux; this is {platform.system()}"
    if shutil.which("bwrap") is None:
        return "the program `bwrap` (bubblewrap) is not installed"
    if _is_root() and not all(map(shutil.which, ("unshare", "setpriv", "mount"))):
        return "as root it needs the programs `unshare`, `setpriv` and `mount` (util-linux)"
    with _stage() as stage, tempfile.TemporaryFile() as told, _filter() as calls:
        command = _command(stage, ["/usr/bin/true"], Limits(), None, calls, {})
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, pass_fds=calls, env=_OURS, check=False
        )
        told.seek(0)
        text = told.read(2_000).decode(errors="replace").strip()
    if ran.returncode == 0:
        return ""
    if "namespace" in text.lower() or "operation not permitted" in text.lower() or "space left" in text.lower():
        return f"this machine does not allow user namespaces ({text})"
    return f"it did not start ({text or f'status {ran.returncode}'})"


def run(
    notebook: bytes, files: dict[str, Path], name: str, limits: Limits, *, fonts: Path | None = None, isolated: bool = True,
    processor: int | None = None,
) -> Story:  # fmt: skip
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

    Raises
    ------
    SandboxError
        It did not start, for no fault of the submission.
    """
    if os.name == "nt":
        raise SandboxError("student code cannot be run by Windows itself, with or without a sandbox: use WSL2 (wsl --install)")
    reading, writing = os.pipe()
    with _stage() as stage, _filter() if isolated else _no_filter() as calls:
        inbox, desk = stage / "closed" / "in", stage / "closed" / "desk"
        inbox.mkdir(mode=0o755)
        (inbox / "notebook.ipynb").write_bytes(notebook)
        desk.mkdir()
        home = Path(_DESK) if isolated else desk
        settings = {
            "pipe": writing, "notebook": f"{_INPUT if isolated else inbox}/notebook.ipynb",
            "answers": str(home / f"{name}.answers.json"), "fonts": _FONTS if isolated else str(fonts),
            "cell_seconds": limits.cell_seconds, "processes": limits.processes + (0 if isolated else 4_096),
            "address_mb": limits.memory_mb + 2_048, "disk_mb": limits.disk_mb, "answers_kb": limits.answers_kb,
        }  # fmt: skip
        runner = [sys.executable, "-I", "-B", str(_RUNNER), json.dumps(settings)]
        places = {f"{_DESK}/{there}": here for there, here in files.items()}
        if isolated:
            places |= {_INPUT: inbox} | ({_FONTS: fonts} if fonts is not None else {})
            command = _command(stage, runner, limits, settings["answers"], calls, places)
        else:
            command = runner
            for there, here in files.items():
                (desk / there).parent.mkdir(exist_ok=True)
                shutil.copy(here, desk / there)
        try:
            variables = None if isolated else environment(desk, settings["answers"])
            return _watched(command, reading, writing, calls, limits, variables, processor)
        finally:
            os.close(reading)


def _watched(
    command: list[str], reading: int, writing: int, calls: tuple[int, ...], limits: Limits, variables: dict | None,
    processor: int | None,
) -> Story:  # fmt: skip
    """Start a run, listen, and end it when it takes too much."""
    began = time.monotonic()
    everywhere = _to_processor(processor)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=(writing, *calls),
            env=variables or _OURS, cwd=variables["HOME"] if variables else None, start_new_session=variables is not None,
        )  # fmt: skip
    finally:
        os.close(writing)
        _to_processor(everywhere)
    ear = _Ear(reading, limits.answers_kb << 10)
    outcome, peak = "", 0.0
    try:
        while process.poll() is None and not outcome:
            if ear.done.is_set():
                time.sleep(0.02)
            else:
                ear.done.wait(0.05)
            peak = max(peak, held := _memory_mb(process.pid, limits.memory_mb))
            if held > limits.memory_mb:
                outcome = "out of memory"
            elif ear.too_much:
                outcome = "said too much"
            elif time.monotonic() - began > limits.seconds:
                outcome = "out of time"
    finally:
        if variables is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, 9)
        process.kill()
        process.wait()
    ear.done.wait(1)
    os.set_blocking(process.stderr.fileno(), False)  # whoever wrote more there than a pipe holds has waited in vain
    with process.stderr:
        complaint = " ".join(legible((process.stderr.read1(2_000) or b"").decode(errors="replace")).split())
    if not ear.begun:
        if outcome:
            raise SandboxError(f"the sandbox was {outcome} before it had begun")
        raise SandboxError(f"the sandbox did not start ({complaint or f'status {process.returncode}'})")
    unreadable = not ear.end and any(cell == 0 for cell, _ in ear.errors)
    outcome = outcome or ("finished" if ear.end else "unreadable" if unreadable else "ended by itself")
    return Story(
        outcome, ear.cells, ear.ran, ear.errors, ear.answers, ear.code, ear.given_to, time.monotonic() - began, peak
    )  # fmt: skip


def _to_processor(which: int | set[int] | None) -> set[int] | None:
    """Bind this thread, and what it starts from now on, to a processor; returns where it was allowed to be."""
    if which is None or not hasattr(os, "sched_setaffinity"):  # that is Linux
        return None
    before = os.sched_getaffinity(0)
    with suppress(OSError):
        os.sched_setaffinity(0, {which} if isinstance(which, int) else which)
    return before


class _Ear(threading.Thread):
    """Reads what comes through the pipe, line by line, up to a size; what is no story is passed over.

    A line says how far the notebook got; ``answers`` stand in it only when they have changed. All of it is the submission's
    own claim, in exactly the types it must have.
    """

    def __init__(self, pipe: int, answers_bytes: int) -> None:
        super().__init__(daemon=True)
        self.pipe, self.longest = os.dup(pipe), 8 * answers_bytes  # JSON may write six letters for one
        self.done, self.too_much, self.begun = threading.Event(), False, False
        self.cells, self.ran, self.end = 0, 0, False
        self.errors: tuple[tuple[int, str], ...] = ()
        self.answers: str | None = None
        self.code = self.given_to = ""
        self.start()

    def run(self) -> None:
        total, rest = 0, b""
        with open(self.pipe, "rb", buffering=0) as pipe:
            while chunk := pipe.read(1 << 16):
                total += len(chunk)
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    self.hear(line)
                if len(rest) > self.longest or total > 10 * self.longest:
                    self.too_much = True
                    break
        self.done.set()

    def hear(self, line: bytes) -> None:
        """Take in one line."""
        with suppress(ValueError, KeyError, TypeError, RecursionError, AttributeError, OverflowError):
            told = json.loads(line)
            errors = [(_count(cell), legible(str(what)[:300])) for cell, what in list(told["errors"])[:20]]
            cells, ran, answers = _count(told["cells"]), _count(told["ran"]), told.get("answers")
            self.errors = tuple((cell, " ".join(what.split())) for cell, what in errors)
            self.cells, self.ran, self.end, self.begun = cells, ran, told["end"] is True, True
            if isinstance(answers, str):
                self.answers = answers
            # from before any of its code ran: a later claim is not heard
            self.code = self.code or legible(str(told.get("code", ""))[:64])
            self.given_to = self.given_to or legible(str(told.get("given_to", ""))[:64])


def _count(value: object) -> int:
    return max(0, min(100_000, int(value)))


def _memory_mb(pid: int, limit: float) -> float:
    """Memory of a process and all below it; shared pages are counted once if it looks like too much."""
    import psutil

    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0
    files = _written_mb(family)
    total = files
    for member in family:
        with suppress(psutil.Error):
            total += member.memory_info().rss / 2**20
    if total <= limit:
        return total
    shares = files
    for member in family:
        try:
            lines = Path(f"/proc/{member.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
            shares += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
        except ProcessLookupError:
            continue
        except (OSError, StopIteration, ValueError):
            with suppress(psutil.Error):
                shares += member.memory_info().rss / 2**20
    return shares


def _written_mb(family: list) -> float:
    """What lies in the run's own file systems: in memory, but in no process. A file without content takes a kilobyte, too."""
    for member in reversed(family):  # the youngest is surely inside
        with suppress(OSError):
            inside = f"/proc/{member.pid}/root"
            if os.stat(inside + _DESK).st_dev == os.stat("/").st_dev:
                continue
            about = [os.statvfs(inside + place) for place in (_DESK, "/tmp", "/dev/shm")]
            return sum((it.f_blocks - it.f_bfree) * it.f_frsize + 1_024 * (it.f_files - it.f_ffree) for it in about) / 2**20
    return 0.0


# -- How it is built ----------------------------------------------------------------------------------------------


def _is_root() -> bool:
    """Whether we are the machine's root, whom no limit on processes binds (not one of a rootless container)."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text(encoding="ascii").split() == ["0", "0", "4294967295"]


@contextmanager
def _stage() -> Iterator[Path]:
    """A folder for one run. As root its user may walk through it, but what was handed in lies in a part that is closed."""
    with tempfile.TemporaryDirectory(prefix=f"{_STAGE}{os.getpid()}-", dir=_place(), ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711 if _is_root() else 0o700)
        (Path(folder) / "closed").mkdir(mode=0o700)
        yield Path(folder)


def sweep() -> None:
    """Take away what runs left whose grader was killed."""
    import psutil

    for folder in Path(_place()).glob(f"{_STAGE}*"):
        with suppress(OSError, ValueError):
            grader = int(folder.name.removeprefix(_STAGE).split("-")[0])
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and not psutil.pid_exists(grader):
                shutil.rmtree(folder, ignore_errors=True)


def _place() -> str:
    """Where stages are put up: as root where anyone can walk to."""
    return "/tmp" if sys.platform == "linux" and _is_root() else tempfile.gettempdir()


# a process can read the variables of the one that started it
_OURS = {"PATH": os.environ.get("PATH", os.defpath)}


def environment(home: Path | str, answers: str | None) -> dict[str, str]:
    """The variables of a run, and no others: nothing of ours is handed on."""
    found = {
        "HOME": str(home), "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/matplotlib" if str(home) == _DESK else f"{home}/.matplotlib", "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "TZ": "UTC",
    }  # fmt: skip
    return found | ({"CRMLAB_ANSWERS": answers} if answers else {})


def _command(
    stage: Path, program: list[str], limits: Limits, answers: str | None, calls: tuple[int, ...], places: dict[str, Path]
) -> list[str]:
    """The command line of one run: bubblewrap, and as root what makes us somebody else before it."""
    third = str((limits.disk_mb << 20) // 3)
    bwrap = [
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--cap-drop",
        "ALL",
    ]
    bwrap += ["--hostname", "exercise", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in environment(_DESK, answers).items():
        bwrap += ["--setenv", name, value]
    system = [Path(f"/{name}") for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")]
    for path in system:
        if path.is_symlink():
            bwrap += ["--symlink", os.readlink(path), str(path)]
    # first what can be written, then what lies below it
    bwrap += ["--proc", "/proc", "--dev", "/dev", "--size", third, "--tmpfs", "/dev/shm", "--size", third, "--tmpfs", "/tmp"]
    bwrap += ["--size", third, "--tmpfs", _DESK]
    system = [
        Path(f"/{name}") for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32") if Path(f"/{name}").is_dir()
    ]
    system = [path for path in system if not path.is_symlink()]
    system += [path for name in ("ld.so.cache", "fonts", "alternatives") if (path := Path("/etc") / name).exists()]
    own = {
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(sys.executable).resolve().parents[1],
        _PACKAGE,
        _PACKAGE.parent / "datasets",
    }
    for path in own - {_PACKAGE, _PACKAGE.parent / "datasets"}:
        if _PACKAGE.is_relative_to(path) or any(here.is_relative_to(path) for here in places.values()):
            raise SandboxError(
                f"Python's own folder {path} holds the kit or the course, and students may read that folder: keep them apart"
            )
    ours = {str(path): path for path in sorted(own) if path.is_dir() and not any(path.is_relative_to(each) for each in system)}
    before: list[str] = []
    for path in system:
        bwrap += ["--ro-bind", str(path), str(path)]
    for number, (there, here) in enumerate((ours | places).items()):
        if _is_root():  # whoever we become may not walk to where it lies: show it to him on the stage
            shown = stage / str(number)
            shown.mkdir() if here.is_dir() else shown.touch()
            before.append(f"mount --bind {shlex.quote(str(here))} {shlex.quote(str(shown))}")
            here = shown
        bwrap += ["--ro-bind", str(here), there]
    # /dev/zero can be mapped as memory that belongs to nobody
    bwrap += ["--ro-bind", "/dev/null", "/dev/zero", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", _DESK]
    for descriptor in calls:
        bwrap += ["--seccomp", str(descriptor)]
    bwrap += ["--", *program]
    if not _is_root():
        return bwrap
    # systemd sets this range of numbers aside for nobody; each run draws one
    user = str(random.SystemRandom().randrange(0x70000000, 0x7FFE0000))
    become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--", *bwrap]
    script = " && ".join([*before, f"exec {shlex.join(become)}"])
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script]


# -- Which system calls are refused ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of system calls on one kind of machine."""

    audit: int
    clone: int
    mmap: int
    fcntl: int
    socket: int
    refused: tuple[int, ...]


# What neither an exercise nor a library in it needs, and what would get round a limit: memory that no process is charged for
# (memfd, System V, message queues), new namespaces and mounts, other processes' memory and files, keys, a change of
# processor, and what has often been a way out of the kernel.
_REFUSED = {
    "x86_64": _Machine(
        0xC000003E, clone=56, mmap=9, fcntl=72, socket=41,
        refused=(29, 64, 65, 66, 68, 101, 103, 155, 165, 166, 203, 220, 240, 248, 249, 250, 272, 298, 304, 308, 310, 311, 319,
                 321, 323)),
    "aarch64": _Machine(
        0xC00000B7, clone=220, mmap=222, fcntl=25, socket=198,
        refused=(194, 190, 193, 191, 186, 117, 116, 41, 40, 39, 122, 192, 180, 217, 218, 219, 97, 241, 265, 268, 270, 271, 279,
                 280, 282)),
}  # fmt: skip
_REFUSED_EVERYWHERE = (*range(425, 434), 438, 442, 447)  # numbers above 423 are the same on all machines
_CLONE3, _CLONE_NEWUSER, _SHARED_BY_NOBODY, _SETLEASE, _UNIX = 435, 0x10000000, 0x21, 1024, 1
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _KILL, _NOT_PERMITTED, _NOT_THERE, _NO_SUCH_FAMILY = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026, 0x00050061
Step = tuple[int, int, int, int]


def _program() -> bytes:
    """The filter as the kernel reads it (classic BPF, see seccomp(2)); nothing for a machine whose numbers we do not know."""
    machine = _REFUSED.get(platform.machine())
    if machine is None:
        return b""
    steps: list[Step] = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, machine.audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _NOT_PERMITTED)]  # the other numbering of x86 (x32)
    steps += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _NOT_THERE)]  # its flags lie where a filter cannot look: use clone
    for call in (*machine.refused, *_REFUSED_EVERYWHERE):
        steps += [(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _NOT_PERMITTED)]
    steps += _when(machine.clone, 0, _CLONE_NEWUSER, _CLONE_NEWUSER)
    steps += _when(machine.mmap, 3, _SHARED_BY_NOBODY, _SHARED_BY_NOBODY)  # shared, anonymous: nobody's once unmapped
    steps += _when(machine.fcntl, 1, 0xFFFFFFFF, _SETLEASE)  # a lease makes everyone else wait who opens the file
    steps += _unless(machine.socket, 0, _UNIX)  # some families know no network namespace
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, (_RETURN, 0, 0, _ALLOW)])


def _when(call: int, argument: int, mask: int, value: int) -> list[Step]:
    """Refuse a call if an argument has these bits."""
    return [(_EQUAL, 0, 5, call), (_LOAD, 0, 0, 16 + 8 * argument), (_AND, 0, 0, mask), (_EQUAL, 0, 1, value),
            (_RETURN, 0, 0, _NOT_PERMITTED), (_RETURN, 0, 0, _ALLOW)]  # fmt: skip


def _unless(call: int, argument: int, value: int) -> list[Step]:
    """Refuse a call unless an argument has this value."""
    return [(_EQUAL, 0, 4, call), (_LOAD, 0, 0, 16 + 8 * argument), (_EQUAL, 1, 0, value), (_RETURN, 0, 0, _NO_SUCH_FAMILY),
            (_RETURN, 0, 0, _ALLOW)]  # fmt: skip


@contextmanager
def _filter() -> Iterator[tuple[int, ...]]:
    """A file that bubblewrap reads the filter from."""
    program = _program()
    with tempfile.TemporaryFile() as file:
        file.write(program)
        file.seek(0)
        yield (file.fileno(),) if program else ()


@contextmanager
def _no_filter() -> Iterator[tuple[int, ...]]:
    yield ()
