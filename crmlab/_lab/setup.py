"""The set-up: ``.venv`` for everyone, and folders beside it for those who test or use nbgrader.

Each part has a lock, a folder and a stamp. A part that is not as its lock wants it is made again from the start; the others
stay. The parts may be set up in any order and any number of times; a complete one costs a fraction of a second. Which tools
do the work stands in ``tools``, whether a part is complete in ``stamps``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from crmlab._lab import places, stamps, terminal, tools
from crmlab._lab.mutex import only_one_at_a_time
from crmlab._lab.places import AGAIN, AddOn, Kit
from crmlab._write import atomic_write


def set_up(kit: Kit) -> None:
    """Make .venv fit requirements.lock; a fraction of a second when it does already."""
    if stamps.why_set_up(kit) is None:
        return
    with only_one_at_a_time(kit):
        reason = stamps.why_set_up(kit)  # another lab.py may have done it while we waited
        if reason is None:
            return
        progress, key = terminal.Progress(), stamps.current_key(kit.lock)
        count = len(pinned(kit.lock.read_text(encoding="utf-8")))
        terminal.say(f"Setting up crmlab in .venv ({reason}): about {count} packages, about 1 GB on disk, once.")
        with suppress(FileNotFoundError, NotADirectoryError):
            kit.stamp.unlink()
        allowed = not os.environ.get("CRMLAB_NO_UV")
        uv = (tools.find_uv(kit) or (None if tools.have("venv") else tools.fetch_uv(kit))) if allowed else None
        make_venv(kit, uv)
        install(kit, (uv or tools.fetch_uv(kit)) if allowed else None, kit.lock)
        add_crmlab(kit)
        stamps.write_stamp(kit.stamp, key, _site_packages(kit))
        terminal.say(f"Ready after {progress.seconds():.0f} s.")


def set_up_add_on(kit: Kit, add_on: AddOn) -> None:
    """Make .venv and the folder of an add-on fit their locks."""
    set_up(kit)
    if stamps.why_add(add_on) is None:
        return
    with only_one_at_a_time(kit):
        reason = stamps.why_add(add_on)
        if reason is None:
            return
        progress, key = terminal.Progress(), stamps.current_key(add_on.lock)
        count = len(pinned(add_on.lock.read_text(encoding="utf-8")))
        what = "the tests' tools" if add_on.name == "test" else add_on.name
        terminal.say(
            f"Setting up {what} in .tools/{add_on.name} ({reason}): "
            f"{count} packages, about {add_on.megabytes} MB on disk, once."
        )
        with suppress(FileNotFoundError):
            add_on.stamp.unlink()
        if add_on.folder.exists():
            shutil.rmtree(add_on.folder)
        add_on.folder.mkdir(parents=True)
        install(kit, None if os.environ.get("CRMLAB_NO_UV") else tools.find_uv(kit), add_on.lock, add_on.folder)
        stamps.write_stamp(add_on.stamp, key, add_on.folder)
        terminal.say(f"Ready after {progress.seconds():.0f} s.")


def set_up_tests(kit: Kit) -> None:
    """Make everything that the tests need: .venv, their tools, and nbgrader, which one of them uses."""
    set_up_add_on(kit, kit.test)
    set_up_add_on(kit, kit.nbgrader)
    link = _site_packages(kit) / "crmlab-test.pth"
    if not link.exists():  # .venv has been made since
        _write_link(link, kit.test.folder)


def make_venv(kit: Kit, uv: str | None) -> None:
    """Make an empty .venv, with pip in it where this Python can do that."""
    python = getattr(sys, "_base_executable", None) or sys.executable  # not that of a .venv about to be deleted
    if places.WINDOWS and Path(sys.prefix) == kit.venv:
        raise SystemExit(
            "The environment in .venv must be made again, but this is its own Python: "
            f"close this window, open a new one, {AGAIN}."
        )
    if os.pathsep in str(kit.venv):
        raise SystemExit(
            f"Python cannot make an environment in a folder with '{os.pathsep}' in its name: rename {kit.root}, {AGAIN}."
        )
    commands: list[tools.Command] = []
    if tools.have("venv") and tools.have("ensurepip"):
        commands.append([python, "-m", "venv", "--clear", kit.venv])
    if tools.have("venv") and (uv or tools.have("pip")):  # Debian leaves out ensurepip, and another pip will do
        commands.append([python, "-m", "venv", "--clear", "--without-pip", kit.venv])
    if uv:
        commands.append([uv, "venv", "--clear", "--python", python, kit.venv])
    if not commands:
        raise SystemExit(
            "This Python lacks the parts that make environments (venv, pip): install them "
            f"(Debian and Ubuntu: sudo apt install python3-venv) or install uv, {AGAIN}."
        )
    tools.first_that_works(kit, commands, "Making .venv")


def install(kit: Kit, uv: str | None, lock: Path, folder: Path | None = None) -> None:
    """Install what a lock lists into .venv, or into a folder of its own."""
    target: list[str | Path] = ["--target", folder] if folder else []
    commands: list[tools.Command] = []
    if uv:
        commands.append([uv, "pip", "sync", "--python", kit.python, "--require-hashes", lock, *target])
    if pip := tools.pip_command(kit):
        target += ["--upgrade"] if folder else []  # else pip would keep what uv has left there half-done
        commands.append([*pip, "install", "--require-hashes", "--no-deps", "-r", lock, *target])
    if not commands:
        raise SystemExit(
            "There is neither pip nor uv to install packages with: install one of them "
            f"(Debian and Ubuntu: sudo apt install python3-venv), {AGAIN}."
        )
    tools.first_that_works(kit, commands, "Installing")


def add_crmlab(kit: Kit) -> None:
    """Make ``import crmlab`` and the command crmlab work: the project itself is not among the locked packages."""
    _write_link(_site_packages(kit) / "crmlab.pth", kit.root)
    command = Path(kit.layout.command)
    command.write_bytes(kit.layout.command_text.encode())
    command.chmod(0o755)
    # JupyterLab asks on its first start whether it may fetch news. It may not: nothing here needs a network.
    settings = kit.venv / "share/jupyter/lab/settings"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(quiet), encoding="utf-8")


def pinned(lock_text: str) -> set[str]:
    """List the names of the packages in a lock."""
    return set(re.findall(r"^([A-Za-z0-9._-]+)==", lock_text, re.MULTILINE))


def _write_link(link: Path, folder: Path) -> None:
    """Let the Python of .venv find what lies in a folder of the kit."""
    # Relative: Pythons differ in how they decode a path with, say, Chinese letters in a .pth file.
    with atomic_write(link) as draft:
        draft.write_text(os.path.relpath(folder, link.parent) + "\n", encoding="ascii")


def _site_packages(kit: Kit) -> Path:
    site = kit.site_packages()
    if site is None:
        raise SystemExit(f"The environment in .venv vanished while it was set up: {AGAIN}.")
    return site
