"""Writing a file whole or not at all.

Whoever is killed, or finds the disk full, in the middle of writing leaves either the old file or the new one under its name.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    ...         written = part.write_text("{}")
    ...     [file.name for file in path.parent.iterdir()]
    ['answers.json']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
