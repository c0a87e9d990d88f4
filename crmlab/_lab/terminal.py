"""The terminal: what a user reads while something is set up, and an output that never stops the work.

This room writes lines and progress, and lets outputs replace what their encoding lacks, also for the command ``crmlab``. It
knows no sentence of its own: those stand where something is done, and in ``failures``.
"""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass, field

SECONDS_BETWEEN_LINES = 10  # in a log


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line to the error output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def accept_any_text() -> None:
    """Let the outputs replace what their encoding lacks, instead of stopping the program.

    Where output goes to a file or another program, Windows encodes it as cp1252 or cp936, in which not every name can be
    written. (A console takes everything.)
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@dataclass(slots=True)
class Progress:
    """How far a long step is: on a terminal a line that rewrites itself, elsewhere (a log) a new line now and then."""

    start: float = field(default_factory=time.monotonic)
    shown: float | None = None

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.start

    def show(self, text: str) -> None:
        """Show how far the step is."""
        text = text.encode("ascii", "replace").decode()
        now = time.monotonic()
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r" + text[:width].ljust(width))
            sys.stdout.flush()
        elif now - (self.start if self.shown is None else self.shown) >= SECONDS_BETWEEN_LINES:
            self.shown = now
            say(text)

    def clear(self) -> None:
        """Take away the line that rewrites itself."""
        if sys.stdout.isatty():
            sys.stdout.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            sys.stdout.flush()
