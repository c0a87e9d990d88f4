"""Writing a file, or a folder of files, whole or not at all.

A reader sees the old content or the new one, never half of it, whatever ends the writer. On Windows a file that another
program holds open for a moment (a virus scanner, a synchronised folder such as OneDrive, a notebook that reads) cannot be
replaced; such a refusal passes, so it is tried again. This room knows paths, and needs the standard library only, so that
the set-up can use it before anything is installed.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds to wait before each further try where Windows refuses; a scanner is done within one or two.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6) if os.name == "nt" else ()
_HOUR = 3600


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a place to write to that takes the name ``path`` when all is written, and vanishes if that fails.

    Folders on the way are made.

    Parameters
    ----------
    path : Path
        The file as it is to be called.

    Yields
    ------
    Path
        A name beside it, of a file that does not exist yet.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from crmlab._write import atomic_write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "new" / "answers.json"
    ...     with atomic_write(path) as part:
    ...         size = part.write_text("{}")
    ...     [file.name for file in path.parent.iterdir()]
    ['answers.json']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def replace(source: Path, target: Path) -> None:
    """Give ``source`` the name ``target``, also where another program holds the target for a moment."""
    for seconds in PAUSES:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(seconds)
    os.replace(source, target)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write to that takes the name ``folder`` when all is written, and vanishes if that fails.

    It vanishes also if the process is killed: a second one waits for its end. What is left where even that was killed
    (the power failed) goes when the same folder is written again, an hour later at the earliest.

    Parameters
    ----------
    folder : Path
        The folder as it is to be called; it does not exist, or is empty.

    Yields
    ------
    Path
        A new folder beside it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from crmlab._write import atomic_folder
    >>> with tempfile.TemporaryDirectory() as home:
    ...     with atomic_folder(pathlib.Path(home) / "new" / "firm") as part:
    ...         size = (part / "orders.csv").write_text("")
    ...     [path.name for path in (pathlib.Path(home) / "new" / "firm").iterdir()]
    ['orders.csv']
    """
    folder = folder.absolute()
    _remove_abandoned(folder)
    made = [parent for parent in folder.parents if not parent.exists()]
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
    guard = _guard([part, *made])
    try:
        part.mkdir(parents=True)
        yield part
        with suppress(OSError):
            folder.rmdir()  # Windows gives no name that an empty folder has
        replace(part, folder)
    finally:
        _remove([part, *made])
        guard.kill()
        guard.communicate()


def _remove_abandoned(folder: Path) -> None:
    """Remove what nobody has written to for an hour, of all that was to become the folder."""
    name = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{16}}\.part")
    with suppress(OSError):  # there is no parent, or another process clears away as well
        for part in filter(lambda path: name.fullmatch(path.name), folder.parent.iterdir()):
            if time.time() - max(path.stat().st_mtime for path in (part, *part.rglob("*"))) > _HOUR:
                shutil.rmtree(part, ignore_errors=True)


def _remove(paths: list[Path]) -> None:
    """Remove a folder with all that is in it, and the empty ones of those that were made for it."""
    shutil.rmtree(paths[0], ignore_errors=True)
    for path in paths[1:]:
        with suppress(OSError):
            path.rmdir()


#: Waits until nobody holds the other end, then removes what is left; workers that outlive their process may still write.
_AFTER_DEATH = """
import os, shutil, sys, time
sys.stdin.read()
for _ in range(20):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    for path in sys.argv[2:]:
        try:
            os.rmdir(path)
        except OSError:
            pass
    time.sleep(0.25)
"""


def _guard(paths: list[Path]) -> subprocess.Popen[bytes]:
    """Start a process that removes the paths when this one has died, however it did."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _AFTER_DEATH, *map(str, paths)], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
