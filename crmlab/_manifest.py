"""The manifest of a folder: which files were written there, and the hash of each.

A file that was lost, cut short or changed since is noticed before it is read. Data sets and firms on disk have one. This
room knows paths and bytes; what a file holds is known to whoever wrote it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from crmlab._write import atomic_write

NAME = "manifest.json"


def write(folder: Path, files: Iterable[str], known: dict[str, str] | None = None) -> None:
    """Write the manifest of some files, named by their paths within the folder; ``known`` are hashes of further ones."""
    hashes = {file: _hash(folder, file) for file in files} | (known or {})
    with atomic_write(folder / NAME) as part:
        part.write_bytes((json.dumps(hashes, indent=1) + "\n").encode())


def read(folder: Path) -> dict[str, str]:
    """Return the hash of each file, by its path within the folder.

    Raises
    ------
    OSError, ValueError
        The manifest is lost, or cannot be read.
    """
    try:
        hashes = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{NAME} is lost") from None
    except ValueError:
        hashes = None
    if not isinstance(hashes, dict) or not all(isinstance(each, str) for each in hashes.values()):
        raise ValueError(f"{NAME} is not what was written")
    return hashes


def check(folder: Path, files: Iterable[str]) -> None:
    """Refuse files that are not as they were written.

    Raises
    ------
    OSError, ValueError
        The manifest or a file is lost, cannot be read, or is another one.
    """
    hashes = read(folder)
    for file in files:
        if file not in hashes:
            raise ValueError(f"{NAME} does not know {file}")
        if _hash(folder, file) != hashes[file]:
            raise ValueError(f"{file} is not what was written")


def _hash(folder: Path, name: str) -> str:
    try:
        with (folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise ValueError(f"{name} is lost") from None
