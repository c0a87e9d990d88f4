"""JupyterLab: its options, its port, and its start on the first lesson, for this machine only.

This room reads the options after ``lab.py``, finds a port and makes the command, so that nothing is asked of a network and
nobody else can open the page. JupyterLab sees the reader's own copies and nothing above them. Its settings lie in the folder
``jupyterlab``, its one extension (the top of the lesson after Run All, stored widgets that live, room on a telephone)
beside the widgets. What a lesson shows stands in the notebooks.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from crmlab._lab import copies, handover, places, setup, terminal
from crmlab._lab.places import LESSON, Kit

_SETTINGS = Path(__file__).with_name("jupyterlab")
_EXTENSIONS = Path(__file__).parents[1] / "widgets" / "extension"
#: Options of JupyterLab: no question about news over the first lesson, and the kit's extension.
LOOKS = (f"--LabApp.app_settings_dir={_SETTINGS}", f"--LabApp.extra_labextensions_path={_EXTENSIONS}")


class Options(NamedTuple):
    """The words after ``lab.py``.

    Attributes
    ----------
    browser : bool
        Whether to open one.
    port : int or None
        None: a free one is looked for.
    originals : bool
        Whether to open the originals, as an author of lessons does, and not the reader's copies.
    """

    browser: bool = True
    port: int | None = None
    originals: bool = False


def open_lab(kit: Kit, words: Sequence[str]) -> None:
    """Set up what is missing, make or renew the reader's copies, and become JupyterLab."""
    options = lab_options(words)
    setup.set_up(kit)
    root = kit.root if options.originals else kit.my
    if not options.originals:
        copies.refresh(kit)
        say_left_behind(copies.left_behind(kit))
    port = free_port(options.port)
    # We choose the token, since JupyterLab starts too late for us to print the address it would choose.
    token = os.environ.setdefault("JUPYTER_TOKEN", secrets.token_hex(16))
    where = " in your browser" if options.browser else ""
    terminal.say(
        f"JupyterLab is starting{where}. Its address:\n\n    http://127.0.0.1:{port}/lab/tree/{LESSON}?token={token}\n\n"
        "To end it, press Ctrl-C here."
    )
    # So that JupyterLab's terminal knows the command crmlab.
    os.environ["PATH"] = os.pathsep.join([str(kit.layout.python.parent), os.environ.get("PATH", os.defpath)])
    os.chdir(root)
    handover.hand_over(lab_command(kit.python, root, port, options.browser, hasattr(os, "geteuid") and os.geteuid() == 0))


def say_left_behind(names: Sequence[str]) -> None:
    """Say which copies keep what a reader changed although a release has brought another original."""
    if names:
        terminal.say(
            f"This release has a newer {' and '.join(names)}; your copy was left as you changed it. To take the newer one "
            f"and keep yours beside it, write: crmlab restore {names[0]}"
        )


def lab_options(words: Sequence[str]) -> Options:
    """Read the words after ``lab.py``."""
    browser, port, originals, rest = True, None, False, list(words)
    while rest:
        word = rest.pop(0)
        if word == "--no-browser":
            browser = False
        elif word == "--originals":
            originals = True
        elif word == "--port" and rest:
            port = rest.pop(0)
        elif word.startswith("--port="):
            port = word.removeprefix("--port=")
        else:
            raise SystemExit(f"lab.py does not know what to do with '{word}': see python lab.py --help.")
    if port is not None and not (port.isdigit() and 0 < int(port) < 65536):
        raise SystemExit(f"--port needs a number from 1 to 65535, not '{port}'.")
    return Options(browser, int(port) if port else None, originals)


def free_port(asked: int | None, first: int = 8888) -> int:
    """Return the port asked for, if it is free; else the first free one from ``first`` on."""
    for port in [asked] if asked else range(first, first + 100):
        with socket.socket() as probe:
            if not places.WINDOWS:  # there it would let us share a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except (OSError, OverflowError):
                continue
    raise SystemExit(
        f"Port {asked or f'{first} to {first + 99}'} cannot be used, most likely because another program does: "
        "choose another one, or leave --port out and a free one is found."
    )


def lab_command(python: str, root: Path | str, port: int, browser: bool, as_root: bool) -> list[str]:
    """Make the command of JupyterLab on the first lesson: for this machine only, and without a look at the network."""
    command = [
        python,
        "-m",
        "jupyterlab",
        LESSON,
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={root}",
        *LOOKS,
        "--ServerApp.answer_yes=True",
        "--Application.log_level=WARN",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--LanguageServerManager.autodetect=False",
        "--KernelManager.transport_encryption=auto",  # else each kernel warns that others here could listen
    ]
    return command + ([] if browser else ["--no-browser"]) + (["--allow-root"] if as_root else [])
