"""One set-up at a time: a lock of the operating system around the work on a kit.

The system forgets such a lock when its holders die, so that no stale one can remain. This room waits and installs nothing.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from crmlab._lab import places, terminal
from crmlab._lab.places import AGAIN, Kit

WAIT_MINUTES = 30  # how long to wait for another lab.py that is setting up the same folder


@contextmanager
def only_one_at_a_time(kit: Kit) -> Iterator[None]:
    """Hold the kit's lock for the length of a block."""
    kit.tools.mkdir(exist_ok=True)
    with open(kit.tools / "set-up.lock", "a", encoding="utf-8") as file:
        if not places.WINDOWS:
            os.set_inheritable(file.fileno(), True)
        give_up = time.monotonic() + WAIT_MINUTES * 60
        announced = False
        while not take_lock(file):
            if not announced:
                terminal.say("Another lab.py is setting up this folder: waiting for it.")
                announced = True
            if time.monotonic() > give_up:
                raise SystemExit(f"Another lab.py has been setting up this folder for {WAIT_MINUTES} minutes: end it, {AGAIN}.")
            time.sleep(0.3)
        yield


def take_lock(file: IO[str]) -> bool:
    """Return True when the lock is ours, or when this file system knows no locks."""
    try:
        if places.WINDOWS:
            _lock_on_windows(file.fileno())
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def _lock_on_windows(number: int) -> None:
    import msvcrt

    msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # empty for the checker on other systems
