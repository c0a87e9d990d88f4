"""Limits: what one submission may use, and what it uses.

The kernel holds each process to its limits; nobody but us adds up what all processes of a run use together, in memory and in
the files that lie there. What happens when it is too much is decided in ``sandbox``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_BUBBLEWRAP_PROCESSES = 2
_OF_PEAK = ("VmHWM", "RssFile", "RssShmem")  # the peak of all, and of it what is shared with others


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

    @property
    def address_mb(self) -> int:
        """Return the address space of a process: more than its memory, since libraries map more than they use."""
        return self.memory_mb + 2_048

    def of_init(self) -> dict[str, int]:
        """Return the limits of a sandbox's first process, by their names in prlimit(1)."""
        return {
            "nproc": self.processes + _BUBBLEWRAP_PROCESSES, "as": self.address_mb << 20, "fsize": self.disk_mb << 20,
            "nofile": 128, "core": 0,
        }  # fmt: skip


def memory_mb(pid: int, limit: float, folders: list[str]) -> float:
    """Return the memory of a process and all below it; of a single one also what it has had and given back since.

    Looks come now and then, and later on a busy machine: between two of them a process may take too much, be refused more by
    the kernel, and let it go.

    Parameters
    ----------
    pid : int
        Number of the process.
    limit : float
        Beyond it memory is measured more closely: shared pages are counted once.
    folders : list of str
        Those inside the sandbox that lie in memory; what is written there counts, too.

    Returns
    -------
    float
        In MB; 0 if the process is gone.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    files = _files_mb(family, folders)
    total, peak = files, files + max(map(_peak_mb, family))
    for member in family:
        with suppress(psutil.Error):
            total += member.memory_info().rss / 2**20
    return max(peak, total if total <= limit else files + sum(map(_proportional_mb, family)))


def _peak_mb(process: psutil.Process) -> float:
    """Return the most memory that a process has had to itself, where the kernel tells it, else 0."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
        kilobytes = {
            name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if name in _OF_PEAK
        }
    except (OSError, IndexError, ValueError):
        return 0.0
    return max(0, kilobytes.pop("VmHWM", 0) - sum(kilobytes.values())) / 1024


def _proportional_mb(process: psutil.Process) -> float:
    """Return the memory of a process, of shared pages its part."""
    import psutil

    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except ProcessLookupError:
        return 0.0
    except (OSError, StopIteration, ValueError):
        with suppress(psutil.Error):
            return process.memory_info().rss / 2**20
        return 0.0


def _files_mb(family: list[psutil.Process], folders: list[str]) -> float:
    """Return what lies in the run's own file systems: in memory, but in no process. An empty file takes a kilobyte, too."""
    for member in reversed(family):  # the youngest is surely inside
        with suppress(OSError):
            root = f"/proc/{member.pid}/root"
            if os.stat(root + folders[0]).st_dev == os.stat("/").st_dev:
                continue
            systems = [os.statvfs(root + folder) for folder in folders]
            return sum((fs.f_blocks - fs.f_bfree) * fs.f_frsize + 1_024 * (fs.f_files - fs.f_ffree) for fs in systems) / 2**20
    return 0.0
