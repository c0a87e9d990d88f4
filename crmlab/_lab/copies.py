"""Copies: the lessons and exercises that a reader works in, in the folder ``my``; the originals are never written.

``refresh`` makes what is missing and brings a new release to the copies that nobody has changed; ``restore`` brings one copy
back as it came and keeps the changed one beside it. A manifest remembers what each copy was made from. Whether a reader has
changed a notebook is seen from its cells, since running them changes outputs only. This room knows files and their names;
what a lesson teaches it does not know.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from crmlab._lab.places import Kit
from crmlab._write import atomic_write

_MANIFEST = Path(".crmlab", "copies.json")
#: What is copied. An exercise gets a name of its own, since a tab shows nothing but the name of a file.
_COPIED = (("notebooks", "[0-9]*.ipynb", ""), ("exercises", "[0-9]*.ipynb", "exercise_"), ("docs", "world.md", ""),
           ("docs", "glossary.md", ""))  # fmt: skip
_EXERCISE_LINK = re.compile(rb"(\.\./exercises/)(?=[0-9][^/\s)\"\\]*\.ipynb)")


def refresh(kit: Kit) -> None:
    """Make the copies that are missing, and renew those that nobody has changed where a release brings another original.

    A kill at any time leaves each copy old or new, and the next call goes on from there.
    """
    records = _read_manifest(kit)
    for name, content in _originals(kit):
        if _state(kit.my / name, content, records.get(name, {})) == "to write":
            _write(kit, name, content, records)


def left_behind(kit: Kit) -> list[str]:
    """Return the copies that a reader has changed although a release has brought another original; nothing is written."""
    records = _read_manifest(kit)
    states = ((name, _state(kit.my / name, content, records.get(name, {}))) for name, content in _originals(kit))
    return [Path(name).stem for name, state in states if state == "left behind"]


def restore(kit: Kit, wanted: str) -> str:
    """Bring a copy back as it came, keep a changed one beside it, and say so.

    Parameters
    ----------
    kit : Kit
    wanted : str
        The beginning of a name, or the topic: "01", "01_relationship", "relationship", "exercise 01".

    Returns
    -------
    str
        What was done, in one or two sentences.

    Raises
    ------
    SystemExit
        No copy, or more than one, is meant by that name; the sentence lists them.
    OSError
        The system refused to write.
    """
    originals = dict(_originals(kit))
    name = _only(wanted, list(originals))
    content, copy, records = originals[name], kit.my / name, _read_manifest(kit)
    shown = f"{kit.my.name}/{name}"
    if not copy.exists():
        _write(kit, name, content, records)
        return f"{shown} was missing and is back."
    present = copy.read_bytes()
    if _digest(present) == _digest(content):
        _write(kit, name, content, records)
        return f"Nothing in {shown} had been changed; it is as it came."
    kept = _free_name(copy)
    with atomic_write(kept) as part:
        part.write_bytes(present)
    _write(kit, name, content, records)
    return (
        f"{shown} is as it came, and what stood in it is kept beside it as {kept.name}. "
        "If it is open in JupyterLab, choose File > Reload Notebook from Disk."
    )


def _originals(kit: Kit) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each copy within ``my``, and what it holds when it is new."""
    some = False
    for folder, pattern, prefix in _COPIED:
        for path in sorted((kit.root / folder).glob(pattern)):
            some = True
            yield f"{folder}/{prefix}{path.name}", _EXERCISE_LINK.sub(rb"\1exercise_", path.read_bytes())
    if not some:
        raise SystemExit(
            f"The lessons are missing: there is no folder notebooks with lessons in {kit.root}; get the whole kit."
        )


def _state(copy: Path, content: bytes, record: dict[str, str]) -> str:
    """Return whether a copy is "to write", "left behind" by a changed original, or "current"."""
    if not copy.exists():
        return "to write"
    if record.get("original") == _hash(content):
        return "current"
    # A kill between copy and manifest leaves a record that is older than the copy: then the cells are those of the original.
    is_untouched = _digest(copy.read_bytes()) in (record.get("written"), _digest(content))
    return "to write" if is_untouched else "left behind"


def _write(kit: Kit, name: str, content: bytes, records: dict[str, dict[str, str]]) -> None:
    """Write a copy, then what it was made from."""
    with atomic_write(kit.my / name) as part:
        part.write_bytes(content)
    records[name] = {"original": _hash(content), "written": _digest(content)}
    with atomic_write(kit.my / _MANIFEST) as part:
        part.write_bytes(json.dumps({"version": 1, "copies": records}, indent=1).encode())


def _read_manifest(kit: Kit) -> dict[str, dict[str, str]]:
    """Return what is remembered of each copy; without a manifest, a copy that differs from its original counts as changed."""
    try:
        copies = json.loads((kit.my / _MANIFEST).read_bytes())["copies"]
        return {name: dict(record) for name, record in copies.items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _digest(content: bytes) -> str:
    """Return the hash of what a reader changes: of a notebook its cells without their outputs, else everything."""
    try:
        cells = [
            [cell["cell_type"], "".join(cell["source"]), cell.get("attachments"), cell["metadata"].get("tags")]
            for cell in json.loads(content)["cells"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _hash(content)
    return _hash(json.dumps(cells).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _only(wanted: str, names: list[str]) -> str:
    """Return the one copy that is meant."""
    request = "_".join(wanted.lower().removesuffix(".ipynb").split())
    stems = {Path(name).stem: name for name in names}
    if request in stems:
        return stems[request]
    begun = [stem for stem in stems if stem.startswith(request) or re.sub(r"\d+_", "", stem).startswith(request)]
    if len(begun) == 1:
        return stems[begun[0]]
    if begun and request:
        raise SystemExit(f"'{wanted}' could be {' or '.join(begun)}: write more of the name.")
    why = f"There is no lesson or exercise '{wanted}'" if request else "Say what to bring back"
    raise SystemExit(f"{why}; there are {', '.join(stems)}.")


def _free_name(copy: Path) -> Path:
    """Return a name beside a copy that nothing has yet."""
    count = 1
    while (kept := copy.with_name(f"{copy.stem}.spoiled-{count}{copy.suffix}")).exists():
        count += 1
    return kept
