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
import select
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from crmlab._result import legible
from crmlab.course import syscalls
from crmlab.errors import CrmlabError

_PACKAGE = Path(__file__).resolve().parents[1]
_RUNNER = Path(__file__).with_name("runner.py")
OUTLIVED = "outlived the sandbox"  # the outcome of a submission that meddled with what ends it
_START_SECONDS, _LINGER_SECONDS = 60, 10
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
    if _is_root() and not all(map(shutil.which, ("unshare", "setpriv", "prlimit", "mount"))):
        return "as root it needs the programs `unshare`, `setpriv`, `prlimit` and `mount` (util-linux)"
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
    processor: int | None = None, secret: Iterable[Path] = (),
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
    secret : iterable of Path
        Folders that must not lie where every submission can read.

    Raises
    ------
    SandboxError
        It did not start, for no fault of the submission.
    """
    if isolated:
        refuse_shown(secret)
    if os.name == "nt":
        raise SandboxError("student code cannot be run by Windows itself, with or without a sandbox: use WSL2 (wsl --install)")
    reading, writing = os.pipe()
    with _stage() as stage, _filter() if isolated else _no_filter() as calls, _control(isolated) as control:
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
        program = [sys.executable, "-I", "-B", str(_RUNNER), json.dumps(settings)]
        places = {f"{_DESK}/{there}": here for there, here in files.items()}
        if isolated:
            places |= {_INPUT: inbox} | ({_FONTS: fonts} if fonts is not None else {})
            command = _command(stage, program, limits, settings["answers"], calls, places, control)
        else:
            command = program
            for there, here in files.items():
                (desk / there).parent.mkdir(exist_ok=True)
                shutil.copy(here, desk / there)
        try:
            variables = None if isolated else environment(desk, settings["answers"])
            return _watched(command, reading, writing, calls, limits, variables, processor, control)
        finally:
            os.close(reading)


def _watched(
    command: list[str], reading: int, writing: int, calls: tuple[int, ...], limits: Limits, variables: dict | None,
    processor: int | None, control: _Control | None,
) -> Story:  # fmt: skip
    """Start a run, listen, and end it when it takes too much."""
    began = time.monotonic()
    everywhere = _to_processor(processor)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=(writing, *calls, *(control.passed if control else ())),
            env=variables or _OURS, cwd=variables["HOME"] if variables else None, start_new_session=variables is not None,
        )  # fmt: skip
    finally:
        os.close(writing)
        _to_processor(everywhere)
    ear = _Ear(reading, limits.answers_kb << 10)
    outcome, peak = "", 0.0
    try:
        if control is not None:
            control.begin(limits)
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
        if control is not None and not control.end(_LINGER_SECONDS if process.poll() is not None else 0):
            outcome = OUTLIVED
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


class _Control:
    """The first process of a sandbox, held from outside: nothing runs before it has its limits, and with it all ends.

    Bubblewrap's init carries no limits of its own and binds the life of the sandbox to ours; a submission that could write its
    memory would be free of both. So it is limited by its number outside, and ended by it, whatever it has become.
    """

    def __init__(self) -> None:
        self._told, self.told_to = os.pipe()  # bubblewrap says its number ...
        self.waits_for, self._go = os.pipe()  # ... and waits for a word
        self.passed, self._init = (self.told_to, self.waits_for), -1

    def begin(self, limits: Limits) -> None:
        """Limit the first process, and let it go on."""
        os.close(self.told_to)
        os.close(self.waits_for)
        self.passed = ()
        pid = self._number()
        if pid is None:
            return  # it did not start: there is nothing to hold
        try:
            self._init = os.pidfd_open(pid)
            if not _is_root():  # then it has inherited them
                import resource  # Windows has no such module

                for name, most in _init_limits(limits).items():
                    resource.prlimit(pid, getattr(resource, f"RLIMIT_{name.upper()}"), (most, most))
        except OSError as error:
            raise SandboxError(f"the first process of the sandbox cannot be limited ({error.strerror})") from None
        os.write(self._go, b".")

    def _number(self) -> int | None:
        """Its number outside; None if bubblewrap has ended before it said one."""
        text = b""
        while select.select([self._told], [], [], _START_SECONDS)[0] and (chunk := os.read(self._told, 4_096)):
            text += chunk
            with suppress(ValueError):
                return int(json.loads(text)["child-pid"])
        return None

    def end(self, patience: float) -> bool:
        """End all that is inside; False if it had to be ended although the submission was over, or cannot be."""
        if self._init < 0:
            return True
        over = self._is_over(patience) if patience else True
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._init, signal.SIGKILL)
        return self._is_over(_LINGER_SECONDS) and over

    def _is_over(self, patience: float) -> bool:
        """Whether the first process has ended within these seconds: it does so after all others, and not before."""
        return bool(select.select([self._init], [], [], patience)[0])

    def close(self) -> None:
        """Give back all files."""
        for file in (*self.passed, self._told, self._go, *([self._init] if self._init >= 0 else [])):
            os.close(file)


def _init_limits(limits: Limits) -> dict[str, int]:
    """Limits of the first process of a sandbox, by their names in prlimit(1): two processes are bubblewrap's."""
    address = (limits.memory_mb + 2_048) << 20
    return {"nproc": limits.processes + 2, "as": address, "fsize": limits.disk_mb << 20, "nofile": 128, "core": 0}


@contextmanager
def _control(isolated: bool) -> Iterator[_Control | None]:
    if not isolated:
        yield None
        return
    control = _Control()
    try:
        yield control
    finally:
        control.close()


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


_SYSTEM = [Path(f"/{name}") for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")]
_HIDE_INIT = ["--size", "4096", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1"]


def _shown() -> tuple[list[Path], list[Path]]:
    """Folders and files of the system, and those of Python and the kit, that every submission can read."""
    system = [path for path in _SYSTEM if path.is_dir() and not path.is_symlink()]
    system += [path for name in ("ld.so.cache", "fonts", "alternatives") if (path := Path("/etc") / name).exists()]
    ours = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    ours |= {_PACKAGE, _PACKAGE.parent / "datasets"}
    return system, [path for path in sorted(ours) if path.is_dir() and not any(path.is_relative_to(each) for each in system)]


def refuse_shown(secret: Iterable[Path]) -> None:
    """Refuse folders that a submission could read, since the system, Python or the kit lies in the same place.

    Raises
    ------
    SandboxError
        A folder lies in one that is shown, by whatever path or link.
    """
    system, ours = _shown()
    shown = [path for path in (*system, *ours) if path.is_dir()]
    for folder in secret:
        for parent in (real := Path(os.path.realpath(folder)), *real.parents):
            for path in shown:
                if parent.exists() and parent.samefile(path):
                    raise SandboxError(
                        f"every submission may read {path}, and {folder} lies in it ({real}): move one of the two elsewhere."
                    )


def _command(
    stage: Path, program: list[str], limits: Limits, answers: str | None, calls: tuple[int, ...], places: dict[str, Path],
    control: _Control | None = None,
) -> list[str]:  # fmt: skip
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
    for path in _SYSTEM:
        if path.is_symlink():
            bwrap += ["--symlink", os.readlink(path), str(path)]
    # first what can be written, then what lies below it; nothing of the first process may be seen: whoever writes its memory
    # is free of every limit
    # nothing of the first process may be seen: through its memory it could be made to do anything
    bwrap += ["--proc", "/proc", *_HIDE_INIT, "--dev", "/dev"]
    for place in ("/dev/shm", "/tmp", _DESK):
        bwrap += ["--size", third, "--tmpfs", place]
    system, ours = _shown()
    before: list[str] = []
    for path in system:
        bwrap += ["--ro-bind", str(path), str(path)]
    for number, (there, here) in enumerate(({str(path): path for path in ours} | places).items()):
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
    if control is not None:
        bwrap += ["--info-fd", str(control.told_to), "--block-fd", str(control.waits_for)]
    bwrap += ["--", *program]
    if not _is_root():
        return bwrap
    # systemd sets this range of numbers aside for nobody; each run draws one
    user = str(random.SystemRandom().randrange(0x70000000, 0x7FFE0000))
    become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--"]
    become += ["prlimit", *(f"--{name}={most}" for name, most in _init_limits(limits).items()), "--", *bwrap]
    script = " && ".join([*before, f"exec {shlex.join(become)}"])
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script]


@contextmanager
def _filter() -> Iterator[tuple[int, ...]]:
    """A file that bubblewrap reads the filter from."""
    program = syscalls.filter_program()
    with tempfile.TemporaryFile() as file:
        file.write(program)
        file.seek(0)
        yield (file.fileno(),) if program else ()


@contextmanager
def _no_filter() -> Iterator[tuple[int, ...]]:
    yield ()
