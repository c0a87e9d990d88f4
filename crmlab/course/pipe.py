"""The pipe: what a running submission says about itself.

The runner in the sandbox writes a line of JSON after each cell; but whoever owns the process can write there, too. So a line
is cut to size, read in exactly the types it must have, and is a claim and no more. What the claim is worth is decided in
``grading``.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass

from crmlab._result import legible

_MOST_CELLS, _MOST_ERRORS, _LONGEST_ERROR, _LONGEST_NAME = 100_000, 20, 300, 64


@dataclass(frozen=True, slots=True)
class Progress:
    """One line that came through the pipe.

    Attributes
    ----------
    cells, ran : int
        Code cells of the notebook, and how many were begun and ended.
    errors : tuple of (int, str)
        Number of the code cell, and what went wrong in it.
    end : bool
        Whether the notebook was run to its end.
    answers : str or None
        The text of the file of answers, if it has changed.
    code, given_to : str
        A hash of the notebook's code, and for which student it was made.
    boxed : str
        What was typed into answer boxes, as the text of a file of answers; "" if nothing was.
    """

    cells: int = 0
    ran: int = 0
    errors: tuple[tuple[int, str], ...] = ()
    end: bool = False
    answers: str | None = None
    code: str = ""
    given_to: str = ""
    boxed: str = ""


def parse_line(line: bytes) -> Progress | None:
    """Read one line; None if it is not what the runner writes.

    Parameters
    ----------
    line : bytes

    Examples
    --------
    >>> parse_line(b'{"cells": 3, "ran": 2, "errors": [], "end": false}').ran
    2
    >>> parse_line(b'{"cells": Infinity}')
    """
    try:
        claim = json.loads(line)
        errors = [(_count(cell), legible(str(what)[:_LONGEST_ERROR])) for cell, what in list(claim["errors"])[:_MOST_ERRORS]]
        answers, boxed = claim.get("answers"), claim.get("boxed")
        return Progress(
            _count(claim["cells"]), _count(claim["ran"]), tuple((cell, " ".join(what.split())) for cell, what in errors),
            claim["end"] is True, answers if isinstance(answers, str) else None,
            legible(str(claim.get("code", ""))[:_LONGEST_NAME]), legible(str(claim.get("given_to", ""))[:_LONGEST_NAME]),
            boxed if isinstance(boxed, str) else "",
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError, OverflowError):
        return None


def _count(value: object) -> int:
    return max(0, min(_MOST_CELLS, int(value)))  # type: ignore[call-overload]  # whatever is no number is refused above


class PipeReader(threading.Thread):
    """Reads what comes through the pipe, line by line, up to a size; the last line that can be read counts.

    Parameters
    ----------
    pipe : int
        The end to read from; it is duplicated.
    answers_bytes : int
        Largest size of a file of answers.

    Attributes
    ----------
    progress : Progress
        As the last line had it.
    answers : str or None
        The latest file of answers.
    code, given_to, boxed : str
        From the first line that had them, before any code of the submission ran: a later claim is not believed.
    has_begun, says_too_much : bool
    done : threading.Event
        Set when nothing more will come.
    """

    def __init__(self, pipe: int, answers_bytes: int) -> None:
        super().__init__(daemon=True)
        self._pipe, self._longest = os.dup(pipe), 8 * answers_bytes  # JSON may write six letters for one
        self.done, self.says_too_much, self.has_begun = threading.Event(), False, False
        self.progress, self.code, self.given_to, self.boxed = Progress(), "", "", ""
        self.answers: str | None = None
        self.start()

    def run(self) -> None:
        """Read until the pipe is closed, or too much has come."""
        total, rest = 0, b""
        with open(self._pipe, "rb", buffering=0) as pipe:
            while chunk := pipe.read(1 << 16):
                total += len(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(parse_line(line))
                if len(rest) > self._longest or total > 10 * self._longest:
                    self.says_too_much = True
                    break
        self.done.set()

    def _take(self, progress: Progress | None) -> None:
        if progress is not None:
            self.progress, self.has_begun = progress, True
            self.answers = self.answers if progress.answers is None else progress.answers
            self.code, self.given_to = self.code or progress.code, self.given_to or progress.given_to
            self.boxed = self.boxed or progress.boxed
