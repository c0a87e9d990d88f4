"""Commands: what each word after ``lab.py`` does.

This room reads the words and calls the room that does the work; the help that it shows is that of ``lab.py``, and any word
that it does not know is one of the command ``crmlab``. How anything is installed or started it does not know.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from crmlab._lab import handover, jupyter, resolve, setup, terminal
from crmlab._lab.failures import sentence_for_oserror
from crmlab._lab.places import Kit


def start(root: str, words: Sequence[str], help_text: str) -> None:
    """Do what the words ask for in the kit at ``root``, and end with a sentence where that is impossible."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an installer we have started is ended too
    terminal.accept_any_text()
    kit = Kit(Path(root))
    try:
        main(kit, words, help_text)
    except KeyboardInterrupt:
        terminal.complain("\nStopped. The same command goes on from here.")
        sys.exit(130)
    except OSError as problem:
        sys.exit(sentence_for_oserror(problem, kit.root))


def main(kit: Kit, words: Sequence[str], help_text: str = "") -> None:
    """Do what the words ask for."""
    if words and words[0] in ("-h", "--help", "help"):
        terminal.say(help_text)
    elif not words or words[0].startswith("-"):
        jupyter.open_lab(kit, words)
    elif words[0] in COMMANDS:
        COMMANDS[words[0]](kit, words[1:])
    else:
        run_crmlab(kit, words)


def set_up_only(kit: Kit, words: Sequence[str]) -> None:
    """Set up and say so."""
    if words:
        sys.exit(f"lab.py setup takes no further words, such as {words[0]}: see python lab.py --help.")
    setup.set_up(kit)
    terminal.say("The environment in .venv is complete.")


def run_tests(kit: Kit, words: Sequence[str]) -> None:
    """Set up all that tests need, and become pytest."""
    setup.set_up_tests(kit)
    os.environ["OMP_NUM_THREADS"] = "1"  # the workers fill the cores: threads inside them would fight
    os.chdir(kit.root)
    handover.hand_over([kit.python, "-m", "pytest", *pytest_options(words, os.cpu_count())])


def pytest_options(words: Sequence[str], cores: int | None) -> list[str]:
    """Return the user's options, or as many workers as help when they choose no more than the long tests.

    >>> pytest_options(["--long"], 2), pytest_options(["-k", "rfm"], 2)
    (['-n', '2', '--dist', 'loadfile', '--long'], ['-k', 'rfm'])
    """
    if set(words) <= {"--long"}:
        return ["-n", str(min(4, max(2, cores or 2))), "--dist", "loadfile", *words]
    return list(words)


def run_crmlab(kit: Kit, words: Sequence[str]) -> None:
    """Become the command crmlab."""
    setup.set_up(kit)
    handover.hand_over([kit.python, "-P", "-m", "crmlab", *words])  # -P: a random.py in the user's folder is not ours


def run_nbgrader(kit: Kit, words: Sequence[str]) -> None:
    """Become nbgrader."""
    setup.set_up_add_on(kit, kit.nbgrader)
    folder = kit.nbgrader.folder
    # Variables, since nbgrader starts other programs: kernels, and alembic for its database.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    programs = [str(folder / "bin"), str(folder / "Scripts")]
    os.environ["PATH"] = os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)])
    handover.hand_over([kit.python, "-P", "-m", "nbgrader", *words])


COMMANDS: dict[str, Callable[[Kit, Sequence[str]], None]] = {
    "lab": jupyter.open_lab,
    "test": run_tests,
    "setup": set_up_only,
    "nbgrader": run_nbgrader,
    "lock": resolve.lock,
}
