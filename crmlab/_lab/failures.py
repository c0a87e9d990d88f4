"""Failures: what can go wrong while packages are installed, and the one sentence for each.

The words are those of uv, pip, venv and the system; the sentences say what to do. This room reads what a tool said and
starts nothing.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import NoReturn

from crmlab._lab import terminal
from crmlab._lab.places import AGAIN

#: (kind, the words that tell it, what to do); the first that fits is taken.
FAILURES = (
    (
        "disk",
        r"No space left|not enough space on the disk|Disk quota exceeded|os error (28|112|122)\b|Errno 28\b",
        "The disk is full: crmlab needs about 1.5 GB in its folder and in the cache of your home folder; make room, {again}.",
    ),
    (
        "hash",
        r"[Hh]ash mismatch|DO NOT MATCH THE HASHES",
        "A downloaded file is not the one that the lock asks for (its hash differs), so it was not installed: "
        "try again, and if that does not help, ask for another package index than the one that is set now.",
    ),
    (
        "certificate",
        r"peer certificate|CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "The certificate of the package index is not trusted here: set SSL_CERT_FILE to the certificate file of your "
        "network (your IT support knows it), {again}.",
    ),
    (
        "network",
        r"Failed to fetch|error sending request|dns error|Connection refused|Network is unreachable|"
        r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|name resolution|getaddrinfo failed|timed out|"
        r"Connection (broken|aborted|reset)|network was disabled",
        "The package index could not be reached: check the network, and the mirror or proxy if pip or uv is told "
        "to use one, {again}.",
    ),
    (
        "long path",
        r"os error 206\b|WinError 206\b|filename or extension is too long|File name too long|path is too long",
        "A path is longer than this system allows: move the folder to a shorter place, such as C:\\crmlab, {again}.",
    ),
    (
        "busy",
        r"os error 32\b|WinError 32\b|used by another process",
        "Another program holds a file in {root}: close notebooks and terminals that use it, let a synchronisation such as "
        "OneDrive finish (or move the folder out of its reach), {again}.",
    ),
    (
        "permission",
        r"Permission denied|Read-only file system|Access is denied|os error (5|13|30)\b|Errno (13|30)\b",
        "A folder could not be written: make sure that you may write in {root} and that no notebook is still running "
        "there, {again}.",
    ),
    (
        "missing",
        r"No matching distribution|No solution found|not found in the package registry",
        "The package index lacks a version that the lock asks for: if pip or uv is told to use a mirror, "
        "it may be out of date; try without it, or later.",
    ),
    ("other", r"", "The set-up failed for the reason in the lines above; mend that, {again}."),
)


def kind_of_failure(output: str) -> str:
    """Tell the kind of a failure from what a tool said."""
    return next(kind for kind, words, _ in FAILURES if re.search(words, output))


def sentence_for(kind: str, root: Path) -> str:
    """Return the sentence for a kind of failure in the kit at ``root``."""
    return next(sentence for name, _, sentence in FAILURES if name == kind).format(root=root, again=AGAIN)


def sentence_for_oserror(error: OSError, root: Path) -> str:
    """Return the sentence for what the system refused."""
    if error.errno == errno.ENOSPC:
        return sentence_for("disk", root)
    if error.errno == errno.ENAMETOOLONG or getattr(error, "winerror", None) == 206:
        return sentence_for("long path", root)
    if getattr(error, "winerror", None) == 32:
        return sentence_for("busy", root)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return sentence_for("permission", root)
    return f"The computer refused a step of the work ({error}): mend that, {AGAIN}."


def fail(output: str, root: Path) -> NoReturn:
    """End with the last lines of what a tool said, then one sentence."""
    terminal.complain("\n".join("  | " + line[:160] for line in output.splitlines()[-8:]))
    raise SystemExit(sentence_for(kind_of_failure(output), root))
