"""Writing a file whole or not at all.

A reader sees the old content or the new one, never half of it, whatever ends the writer. On Windows a file that another
program holds open for a moment (a virus scanner, a synchronised folder such as OneDrive, a notebook that reads) cannot be
replaced; such a refusal passes, so it is tried again. This room knows paths, and needs the standard library only, so that
the set-up can use it before anything is installed.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds to wait before each further try where Windows refuses; a scanner is done within one or two.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6) if os.name == "nt" else ()


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
