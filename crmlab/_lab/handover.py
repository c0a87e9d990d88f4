"""Handing over: lab.py becomes JupyterLab, pytest or crmlab.

Whoever ends lab.py ends that program, and sees its exit status. On POSIX the process becomes the program; on
Windows, which cannot do that, it waits for it. Which program that is stands in ``commands``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from crmlab._lab import places


def hand_over(command: list[str]) -> NoReturn:
    """Become another program."""
    sys.stdout.flush()
    if not places.WINDOWS:
        os.execv(command[0], command)
    child = subprocess.Popen(command)  # Windows cannot replace a running program
    job = end_with_us(child)
    while True:
        try:
            status = child.wait()
            break
        except KeyboardInterrupt:  # the child has got it too, and decides
            continue
    del job
    sys.exit(status)


def end_with_us(child: subprocess.Popen) -> object:
    """On Windows, tie a child to this process by a job that ends when we do, however we end."""
    if not places.WINDOWS:
        return None
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]  # it is there on Windows
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    job = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
    # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, all zero but LimitFlags at byte 16: KILL_ON_JOB_CLOSE, and
    # SILENT_BREAKAWAY_OK so that the browser which Jupyter opens is not closed with it.
    limits = bytearray(144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112)
    limits[16:20] = (0x2000 | 0x1000).to_bytes(4, "little")
    buffer = (ctypes.c_char * len(limits)).from_buffer(limits)
    kernel.SetInformationJobObject(job, 9, buffer, len(limits))
    kernel.AssignProcessToJobObject(job, ctypes.c_void_p(int(child._handle)))  # type: ignore[attr-defined]  # on Windows
    return job  # the handle closes with this process
