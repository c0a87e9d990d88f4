"""Stamps: whether an environment is as it was made, told in a fraction of a second at every start.

A stamp is written last and says from what packages were installed (lock, Python, system, folder) and which files then
stood beside each other. A set-up without one was not finished. This room reads and writes stamps and installs nothing.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from crmlab._lab.places import AGAIN, AddOn, Kit
from crmlab._write import atomic_write


def stamp_key(lock_bytes: bytes, version: Sequence[int], platform: str, root: Path | str) -> str:
    """Say what an environment is made from. The folder counts, since an environment cannot be moved or copied."""
    # A checkout on Windows may have turned the ends of lines; the packages are the same.
    digest = hashlib.sha256(lock_bytes.replace(b"\r\n", b"\n")).hexdigest()
    return f"{digest} {version[0]}.{version[1]} {platform} {root}"


def current_key(lock: Path) -> str:
    """Say what the environment of a lock would be made from now."""
    if not lock.is_file():
        raise SystemExit(
            f"{lock.name}, the list of what to install, is missing from {lock.parent}: "
            f"get it from the crmlab repository (git checkout {lock.name}), {AGAIN}."
        )
    return stamp_key(lock.read_bytes(), sys.version_info[:2], sys.platform, lock.parent)


def packages(site: Path) -> list[str]:
    """List what stands in a folder of packages, less what comes and goes: caches, and versions in names of .dist-info."""
    return sorted(path.name for path in site.iterdir() if path.suffix != ".dist-info" and path.name != "__pycache__")


def write_stamp(stamp: Path, key: str, site: Path) -> None:
    """Say that the packages in ``site`` are complete."""
    content = json.dumps({"key": key, "packages": packages(site)})
    with atomic_write(stamp) as draft:
        draft.write_text(content, encoding="utf-8")


def why_unfit(stamp: Path, key: str, site: Path | None, title: str) -> str | None:
    """Say why the packages of ``title`` must be installed again; None when all is as it was made."""
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
        stamped_key, stamped_packages = content["key"], set(content["packages"])
    except (OSError, ValueError, KeyError, TypeError):
        return "the last set-up did not finish"
    if stamped_key != key:
        return "the lock, the Python version or the place of this folder has changed"
    if site is None or not stamped_packages <= set(packages(site)):
        return f"packages are missing from {title}"
    return None


def why_set_up(kit: Kit) -> str | None:
    """Say why ``.venv`` must be made (again), or None when it is complete."""
    key = current_key(kit.lock)
    if not kit.venv.exists():
        return "first time"
    reason = why_unfit(kit.stamp, key, kit.site_packages(), ".venv")
    return reason or (None if python_starts(kit) else "the Python in .venv does not start")


def why_add(add_on: AddOn) -> str | None:
    """Say why an add-on must be installed (again), or None when it is complete."""
    key = current_key(add_on.lock)
    return why_unfit(add_on.stamp, key, add_on.folder, f".tools/{add_on.name}") if add_on.folder.exists() else "first time"


def python_starts(kit: Kit) -> bool:
    """Tell whether the environment's Python starts and is of our version."""
    test = f"import sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    try:
        return subprocess.call([kit.python, "-I", "-S", "-c", test], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False
