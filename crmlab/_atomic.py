"""Writing a file whole or not at all.

A reader sees the old content or the new one, never half of it, whatever ends the writer. On Windows a file that
another program holds open for a moment (a virus scanner, a synchronised folder such as OneDrive, a notebook that reads)
cannot be replaced; such a refusal passes, so it is tried again. This room knows bytes and paths, and needs the standard
library only, so that the set-up can use it before anything is installed.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

#: Seconds to wait before each further try; a scanner is done within one or two.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


def write(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : Path
        Where to; its folder exists.
    content : bytes
        What to write. Text is encoded by the caller, so that line ends are the same on every system.
    mode : int, optional
        Permissions of the file; without it those that the system gives to new files.
    """
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.draft")
    try:
        with open(draft, "wb") as file:
            if mode is not None:
                os.chmod(draft, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def replace(source: Path, target: Path, pause: Callable[[float], object] = time.sleep) -> None:
    """Move ``source`` to the name of ``target``, trying again while another program holds the target.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source, target = pathlib.Path(folder, "new"), pathlib.Path(folder, "old")
    ...     _ = source.write_text("new"), target.write_text("old")
    ...     replace(source, target)
    ...     target.read_text()
    'new'
    """
    for seconds in PAUSES:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            pause(seconds)
    os.replace(source, target)
