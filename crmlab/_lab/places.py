"""Places: where the parts of a kit lie, on every system.

A kit is the folder with ``lab.py``. Its environment is ``.venv``; uv and the packages that stand apart from the
environment lie in ``.tools``. This room names places and changes nothing in them.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import NamedTuple

WINDOWS = os.name == "nt"
STAMP = "crmlab-setup.json"
LESSON = "notebooks/00_start.ipynb"
AGAIN = "then run the same command again"


class Layout(NamedTuple):
    """Where the parts of a virtual environment lie.

    Attributes
    ----------
    python : PurePath
        Its Python.
    site_packages : str
        The folder of installed packages, as a pattern in the environment.
    command : PurePath
        Where the command ``crmlab`` belongs.
    command_text : str
        What stands in it.
    """

    python: PurePath
    site_packages: str
    command: PurePath
    command_text: str


def layout(venv: PurePath | str, os_name: str) -> Layout:
    """Lay out a virtual environment, for any system from any system."""
    if os_name == "nt":
        scripts = PureWindowsPath(venv) / "Scripts"
        text = '@"%~dp0python.exe" -P -m crmlab %*\r\n'
        return Layout(scripts / "python.exe", "Lib/site-packages", scripts / "crmlab.cmd", text)
    programs = PurePosixPath(venv) / "bin"
    python = programs / "python"
    # A shell script, since a "#!" line can hold neither a space nor a long path.
    text = f'#!/bin/sh\nexec {shlex.quote(str(python))} -P -m crmlab "$@"\n'
    return Layout(python, "lib/python3*/site-packages", programs / "crmlab", text)


@dataclass(frozen=True, slots=True)
class AddOn:
    """Packages beyond those of ``.venv``, in a folder of their own, so that no student gets them unasked.

    Attributes
    ----------
    name : str
        "test" or "nbgrader".
    lock, folder : Path
        What is installed, and where.
    megabytes : int
        About how much disk it takes.
    """

    name: str
    lock: Path
    folder: Path
    megabytes: int

    @property
    def stamp(self) -> Path:
        """The file that says what the folder was made from."""
        return self.folder / STAMP


@dataclass(frozen=True, slots=True)
class Kit:
    """The folder with ``lab.py``, and what lies in it."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment of everyone."""
        return self.root / ".venv"

    @property
    def my(self) -> Path:
        """The folder of the copies that a reader works in."""
        return self.root / "my"

    @property
    def tools(self) -> Path:
        """The folder of what stands beside the environment."""
        return self.root / ".tools"

    @property
    def lock(self) -> Path:
        """What is installed into the environment."""
        return self.root / "requirements.lock"

    @property
    def stamp(self) -> Path:
        """The file that says what the environment was made from."""
        return self.venv / STAMP

    @property
    def layout(self) -> Layout:
        """Where the parts of the environment lie on this system."""
        return layout(self.venv, os.name)

    @property
    def python(self) -> str:
        """The environment's Python."""
        return str(self.layout.python)

    @property
    def test(self) -> AddOn:
        """What runs the tests."""
        return AddOn("test", self.root / "requirements-test.lock", self.tools / "test", 270)

    @property
    def nbgrader(self) -> AddOn:
        """What marks exercises in the second way; in ``.venv`` its buttons would stand in the JupyterLab of every student."""
        return AddOn("nbgrader", self.root / "requirements-nbgrader.lock", self.tools / "nbgrader", 80)

    def site_packages(self) -> Path | None:
        """Return the folder of installed packages, or None while there is none."""
        return next(iter(sorted(self.venv.glob(self.layout.site_packages))), None)
