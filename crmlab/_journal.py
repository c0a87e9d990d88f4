"""Journal: what a reader guessed, decided and wrote, kept in a file beside the notebook that they work in.

An entry is written when a reader commits to something, never before, and none is ever changed: who decides again writes a
second entry. A page without a kernel keeps the same entries in its own storage (``journal.js``). This room knows the file;
what is asked, and what was right, is known where the question stands (``widgets``).
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from crmlab._write import atomic_write, replace

FILE_NAME = "journal.json"
_VERSION = 1


def file() -> Path:
    """Return the journal's place: beside the notebook, which is where its kernel was started.

    Examples
    --------
    >>> from crmlab import _journal
    >>> _journal.file().name
    'journal.json'
    """
    return Path(os.environ.get("CRMLAB_JOURNAL") or FILE_NAME).absolute()


def read(path: Path | None = None) -> list[dict]:
    """Return all entries, oldest first; none where there is no journal yet.

    A journal that cannot be read is kept under another name, and a new one begins.

    Parameters
    ----------
    path : Path, optional
        Of the journal; without it, ``file()``.

    Returns
    -------
    list of dict
        ``kind`` ("guess", "decision", "note", "task", "bet", "weights", "commit" or "clicks"), ``key`` (lesson/question),
        ``time`` (UTC), and what was said.

    Examples
    --------
    >>> from pathlib import Path
    >>> from crmlab import _journal
    >>> _journal.read(Path("no_such_folder") / "journal.json")
    []
    """
    path = path or file()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content["entries"]
        if content["version"] == _VERSION and all(
            isinstance(entry, dict) and {"kind", "key"} <= set(entry) for entry in entries
        ):
            return entries
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        pass
    _set_aside(path)
    return []


def append(entry: dict, path: Path | None = None) -> dict:
    """Write one entry behind those that are there, and return it with its time.

    Parameters
    ----------
    entry : dict
        ``kind``, ``key`` and what was said; plain numbers and texts.
    path : Path, optional
        Of the journal; without it, ``file()``.

    Returns
    -------
    dict

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from crmlab import _journal
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "journal.json"
    ...     entry = _journal.append({"kind": "guess", "key": "01/stay", "guess": 40}, path)
    ...     [(found["key"], found["guess"]) for found in _journal.read(path)]
    [('01/stay', 40)]
    """
    path = path or file()
    dated = entry | {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    content = {"version": _VERSION, "entries": [*read(path), dated]}
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return dated


def latest(key: str, path: Path | None = None) -> dict | None:
    """Return the last entry of one question, or None.

    Parameters
    ----------
    key : str
        Lesson and question, e.g. "01/budget".
    path : Path, optional
        Of the journal; without it, ``file()``.

    Returns
    -------
    dict or None

    Examples
    --------
    >>> from pathlib import Path
    >>> from crmlab import _journal
    >>> _journal.latest("01/stay", Path("no_such_folder") / "journal.json") is None
    True
    """
    return next((entry for entry in reversed(read(path)) if entry["key"] == key), None)


def _set_aside(path: Path) -> None:
    """Give a journal that cannot be read another name, so that nothing in it is lost."""
    count = 1
    while (kept := path.with_name(f"{path.stem}.spoiled-{count}{path.suffix}")).exists():
        count += 1
    try:
        replace(path, kept)
    except OSError:  # a folder that cannot be written: the next `append` says so
        return
