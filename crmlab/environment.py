"""The environment: whether everything is here that the kit needs.

``check`` is for the first cell of the first lesson, and for anyone who asks for help. It reads what is installed, compares it
with the lock, and says what to do where the two differ. It changes and installs nothing: ``python lab.py`` does that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pandas as pd

from crmlab import __version__, _draw, datasets
from crmlab._result import Summary

__all__ = ["check"]

_ROOT = Path(__file__).resolve().parent.parent
_AGAIN = "close JupyterLab and run `python lab.py` again"


def check() -> Summary:
    """Check whether Python, the packages, the data and the fonts are as the lessons need them.

    Returns
    -------
    Summary
        One row per check: fine, or what to do. Nothing is raised and nothing is changed.

    Examples
    --------
    >>> from crmlab import environment
    >>> environment.check().title
    'The environment is ready'
    """
    states = [(name, *_state(test)) for name, test in _CHECKS.items()]
    table = pd.DataFrame(states, columns=["what", "state", "remedy"])
    problems = table[table.state != "fine"]
    if problems.empty:
        return Summary("The environment is ready", table=table.drop(columns="remedy"))
    return Summary(
        f"{len(problems)} of {len(table)} checks need you",
        table=table,
        note=f"crmlab {__version__}, Python {sys.version.split()[0]}",
    )


def _state(test: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Return what a check says, or that it failed, and the remedy."""
    try:
        return test()
    except Exception as error:  # whatever is broken, the other checks must still be seen
        return f"failed: {type(error).__name__}: {error}", _AGAIN


def _python() -> tuple[str, str]:
    if (3, 11) <= sys.version_info[:2] < (3, 15):
        return "fine", ""
    return f"Python {sys.version.split()[0]} is not 3.11 to 3.14", "install one of these and run `python lab.py` with it"


def _packages() -> tuple[str, str]:
    from packaging.requirements import Requirement

    lock = _ROOT / "requirements.lock"
    if not lock.exists():
        return "fine", ""  # installed without the kit's folder: pip has looked after the packages
    lines = [line.strip(" \\\n") for line in lock.read_text(encoding="utf-8").splitlines() if line[:1].isalnum()]
    locked = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate()]
    wrong = [pin.name for pin in locked if not pin.specifier.contains(_version(pin.name), prereleases=True)]
    return (f"not as locked: {', '.join(wrong[:5])}", _AGAIN) if wrong else ("fine", "")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "0"


def _data() -> tuple[str, str]:
    rows = sum(len(datasets.load(name)) for name in datasets.names())
    return ("fine", "") if rows else ("the data sets are empty", "get the kit's folder `datasets` again")


def _folder() -> tuple[str, str]:
    if os.access(Path.cwd(), os.W_OK):
        return "fine", ""
    return f"{Path.cwd()} cannot be written to", "copy the kit to a folder of your own; else your work is not saved"


def _fonts() -> tuple[str, str]:
    if _draw.has_chinese():
        return "fine", ""
    return "no Chinese font", "needed only for Chinese text in charts; install Noto Sans SC (Debian: fonts-noto-cjk)"


_CHECKS: dict[str, Callable[[], tuple[str, str]]] = {
    "Python": _python,
    "Packages": _packages,
    "Data": _data,
    "This folder": _folder,
    "Fonts": _fonts,
}
