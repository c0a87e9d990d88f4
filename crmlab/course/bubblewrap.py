"""Bubblewrap: how the sandbox of one run is built, what is shown in it, and how it is ended.

``command`` writes the command line: no network, no processes but its own, a read-only system and Python, the submission with
its data, and a little memory to write to. As root each run becomes an unprivileged user of its own, and what that user could
not walk to is shown on a ``stage``. ``InitProcess`` holds the first process of the sandbox from outside. What runs inside,
and what came of it, is known in ``sandbox``.
"""

from __future__ import annotations

import json
import os
import random
import select
import shlex
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from crmlab.course import syscalls
from crmlab.course.limits import Limits
from crmlab.errors import CrmlabError

HOME, INPUT, FONTS = "/exercise", "/submission", "/fonts"  # folders inside
IN_MEMORY = [HOME, "/dev/shm", "/tmp"]  # those that can be written
START_SECONDS, LINGER_SECONDS = 60, 10

_PACKAGE = Path(__file__).resolve().parents[1]
_STAGE = "crmlab-run-"
_SYSTEM = [Path(f"/{name}") for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")]
_SYSTEM_FILES = [Path("/etc") / name for name in ("ld.so.cache", "fonts", "alternatives")]
_NAMESPACES = [
    "--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL",
    "--hostname", "exercise", "--die-with-parent", "--new-session", "--clearenv",
]  # fmt: skip
# Whoever can write the memory of the first process is free of every limit: nothing of it may be seen.
_HIDE_INIT = ["--size", "4096", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1"]
_USERS = range(0x70000000, 0x7FFE0000)  # systemd sets these numbers aside for nobody

#: Variables of bubblewrap's own process, which a submission could read.
OUR_VARIABLES = {"PATH": os.environ.get("PATH", os.defpath)}


class SandboxError(CrmlabError):
    """There is no sandbox, or it did not start; this says nothing about the submission."""


def is_root() -> bool:
    """Say whether we are the machine's root, whom no limit on processes binds (not one of a rootless container)."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text(encoding="ascii").split() == ["0", "0", "4294967295"]


def environment(home: Path | str, answers: str | None) -> dict[str, str]:
    """Return the variables of a run, and no others: nothing of ours is handed on.

    Parameters
    ----------
    home : Path or str
        Its home folder.
    answers : str or None
        Where answers are recorded.
    """
    variables = {
        "HOME": str(home), "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/matplotlib" if str(home) == HOME else f"{home}/.matplotlib", "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "TZ": "UTC",
    }  # fmt: skip
    return variables | ({"CRMLAB_ANSWERS": answers} if answers else {})


# -- The stage ----------------------------------------------------------------------------------------------------


@contextmanager
def stage() -> Iterator[Path]:
    """Make a folder for one run. As root its user may walk through it, but what was handed in lies in a closed part."""
    prefix = f"{_STAGE}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_stages(), ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711 if is_root() else 0o700)
        (Path(folder) / "closed").mkdir(mode=0o700)
        yield Path(folder)


def sweep() -> None:
    """Take away the stages whose grader was killed."""
    import psutil

    for folder in Path(_stages()).glob(f"{_STAGE}*"):
        with suppress(OSError, ValueError):
            grader = int(folder.name.removeprefix(_STAGE).split("-")[0])
            status = folder.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not psutil.pid_exists(grader):
                shutil.rmtree(folder, ignore_errors=True)


def _stages() -> str:
    """Return where stages are put up: as root where anyone can walk to."""
    return "/tmp" if sys.platform == "linux" and is_root() else tempfile.gettempdir()


# -- What is shown ------------------------------------------------------------------------------------------------


def _shown() -> tuple[list[Path], list[Path]]:
    """Return what every submission can read: folders and files of the system, and folders of Python and the kit."""
    system = [path for path in _SYSTEM if path.is_dir() and not path.is_symlink()]
    system += [path for path in _SYSTEM_FILES if path.exists()]
    ours = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    ours |= {_PACKAGE, _PACKAGE.parent / "datasets"}
    return system, [path for path in sorted(ours) if path.is_dir() and not any(map(path.is_relative_to, system))]


def refuse_shown(secret: Iterable[Path]) -> None:
    """Refuse folders that a submission could read, since the system, Python or the kit lies in the same place.

    Parameters
    ----------
    secret : iterable of Path
        By whatever path or link.

    Raises
    ------
    SandboxError
        A folder lies in one that is shown.
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


# -- The command --------------------------------------------------------------------------------------------------


def command(
    stage: Path, program: Sequence[str], limits: Limits, *, answers: str | None = None, places: dict[str, Path] | None = None,
    filters: Sequence[int] = (), init: InitProcess | None = None,
) -> list[str]:  # fmt: skip
    """Write the command line of one run: bubblewrap, and as root what makes us another user before it.

    Parameters
    ----------
    stage : Path
        Of this run.
    program : sequence of str
        What is run inside.
    limits : Limits
    answers : str, optional
        Where answers are recorded, inside.
    places : dict, optional
        What is shown besides system, Python and kit: path inside -> path here.
    filters : sequence of int
        Open files with filters of system calls.
    init : InitProcess, optional
        What holds the first process.
    """
    words = ["bwrap", *_NAMESPACES]
    for name, value in environment(HOME, answers).items():
        words += ["--setenv", name, value]
    for path in _SYSTEM:
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), str(path)]
    words += ["--proc", "/proc", *_HIDE_INIT, "--dev", "/dev"]
    for folder in sorted(IN_MEMORY):  # first what can be written, then what lies below it
        words += ["--size", str((limits.disk_mb << 20) // len(IN_MEMORY)), "--tmpfs", folder]
    system, ours = _shown()
    for path in system:
        words += ["--ro-bind", str(path), str(path)]
    mounts: list[str] = []
    for number, (inside, here) in enumerate(({str(path): path for path in ours} | (places or {})).items()):
        words += ["--ro-bind", str(_on_stage(stage, number, here, mounts) if is_root() else here), inside]
    # /dev/zero can be mapped as memory that belongs to nobody
    words += ["--ro-bind", "/dev/null", "/dev/zero", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]
    for descriptor in filters:
        words += ["--seccomp", str(descriptor)]
    words += [*(init.options if init else ()), "--", *program]
    return _as_nobody(words, limits, mounts) if is_root() else words


def _on_stage(stage: Path, number: int, here: Path, mounts: list[str]) -> Path:
    """Return where a file or folder is shown to a user who may not walk to where it lies; adds the command to ``mounts``."""
    shown = stage / str(number)
    shown.mkdir() if here.is_dir() else shown.touch()
    mounts.append(f"mount --bind {shlex.quote(str(here))} {shlex.quote(str(shown))}")
    return shown


def _as_nobody(words: list[str], limits: Limits, mounts: list[str]) -> list[str]:
    """Return the command that shows the stage, becomes a user of its own with its limits, and runs ``words``."""
    user = str(random.SystemRandom().choice(_USERS))
    become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--"]
    become += ["prlimit", *(f"--{name}={most}" for name, most in limits.of_init().items()), "--"]
    script = " && ".join([*mounts, f"exec {shlex.join(become + words)}"])
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script]


@contextmanager
def filter_files() -> Iterator[tuple[int, ...]]:
    """Open a file that bubblewrap reads the filter of system calls from; none where there is no filter."""
    program = syscalls.filter_program()
    with tempfile.TemporaryFile() as file:
        file.write(program)
        file.seek(0)
        yield (file.fileno(),) if program else ()


# -- The first process --------------------------------------------------------------------------------------------


class InitProcess:
    """The first process of a sandbox, held from outside: nothing runs before it has its limits, and with it all ends.

    It is bubblewrap's, of the same user as the submission, and binds the life of the sandbox to ours. A submission that could
    write its memory would be free of that. So it is limited, and ended by its number outside, whatever it has become. Close it
    when the run is over.

    Attributes
    ----------
    options : list of str
        For bubblewrap, which is to say the number and to wait.
    passed : tuple of int
        Open files that bubblewrap needs.
    """

    def __init__(self) -> None:
        self._info, said_to = os.pipe()
        waits_for, self._go = os.pipe()
        self.options = ["--info-fd", str(said_to), "--block-fd", str(waits_for)]
        self.passed: tuple[int, ...] = (said_to, waits_for)
        self._process = -1

    def begin(self, limits: Limits) -> None:
        """Limit the first process, and let it go on.

        Parameters
        ----------
        limits : Limits

        Raises
        ------
        SandboxError
            It cannot be limited.
        """
        for file in self.passed:
            os.close(file)
        self.passed = ()
        pid = self._pid()
        if pid is None:
            return  # it did not start: there is nothing to hold
        try:
            self._process = os.pidfd_open(pid)
            if not is_root():  # then it has inherited them
                import resource  # Windows has no such module

                for name, most in limits.of_init().items():
                    resource.prlimit(pid, getattr(resource, f"RLIMIT_{name.upper()}"), (most, most))
        except OSError as error:
            raise SandboxError(f"the first process of the sandbox cannot be limited ({error.strerror})") from None
        os.write(self._go, b".")

    def _pid(self) -> int | None:
        """Read its number outside; None if bubblewrap has ended before it said one."""
        text = b""
        while select.select([self._info], [], [], START_SECONDS)[0] and (chunk := os.read(self._info, 4_096)):
            text += chunk
            with suppress(ValueError):
                return int(json.loads(text)["child-pid"])
        return None

    def end(self, patience: float) -> bool:
        """End all that is inside.

        Parameters
        ----------
        patience : float
            Seconds in which it should end by itself, if the run is over; 0 if it is to be ended.

        Returns
        -------
        bool
            False if it did not end by itself, or cannot be ended.
        """
        if self._process < 0:
            return True
        ended_by_itself = self._has_ended(patience) if patience else True
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        return self._has_ended(LINGER_SECONDS) and ended_by_itself

    def _has_ended(self, patience: float) -> bool:
        """Say whether the first process ends within these seconds: the kernel lets it do so only after all others."""
        return bool(select.select([self._process], [], [], patience)[0])

    def close(self) -> None:
        """Give back all open files."""
        for file in (*self.passed, self._info, self._go, *([self._process] if self._process >= 0 else [])):
            os.close(file)
