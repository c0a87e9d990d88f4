"""The folder of a course: who is in it, its secret, its limits, and where everything lies.

``course.toml`` holds the secret from which every student's data follow, and is readable for its owner only; ``roster.csv``
says who the students are. Both are written once by ``new`` and edited by hand from then on, so both are read with care and
refused with line and remedy. What has been released, collected and graded is not known here but in ``store``.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import hmac
import os
import re
import secrets
import stat
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from crmlab.course.limits import Limits
from crmlab.course.masters import KIT
from crmlab.errors import ArgumentError, DataError

_COURSE = """# The course. Keep this file to yourself: whoever has the secret can compute every student's data and keys.
# Never change the secret after the first release.
title = "{title}"
secret = "{secret}"

[limits]  # of one submission in the sandbox; more than enough for the kit's exercises
seconds = 120
cell_seconds = 30
memory_mb = 2048

# When an exercise is due, in the time of this computer. Later submissions are flagged, no more.
# [due]
# 01_relationship = 2026-12-01T23:59:00
"""
_ROSTER = "student_id,name,email\n"
_IGNORE = "# Everything here is about people, or secret: none of it belongs into a repository.\n*\n"
_UNFIT = re.compile(r"""[/\\:*?"'<>|`$\x00-\x1f\x7f]""")


@dataclass(frozen=True, slots=True)
class Student:
    """One line of the roster.

    Attributes
    ----------
    id, name, email : str
    more : dict
        Its further columns, such as ``canvas_id``.
    """

    id: str
    name: str
    email: str = ""
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Course:
    """A course as its folder has it.

    Attributes
    ----------
    home : Path
        The folder.
    title : str
    secret : bytes
        From which all data follow.
    students : dict
        The roster: id -> Student.
    limits : Limits
        Of one submission.
    due : dict
        Assignment -> when it is due.
    """

    home: Path
    title: str
    secret: bytes
    students: dict[str, Student]
    limits: Limits
    due: dict[str, dt.datetime]

    def seed(self, assignment: str, student: str) -> bytes:
        """Return what a student's data follow from: HMAC-SHA256 of the assignment and the student under the course's secret.

        Parameters
        ----------
        assignment : str
        student : str
            The id; "" for everyone.
        """
        return hmac.new(self.secret, f"{assignment}\0{student}".encode(), hashlib.sha256).digest()

    def master(self, wanted: object) -> Path:
        """Return the master whose name begins with ``wanted``: the course's own in ``masters``, else the kit's.

        Parameters
        ----------
        wanted : str
            The beginning of its name.
        """
        if not isinstance(wanted, str):
            raise ArgumentError(f"`assignment` must be the beginning of a name, such as '01'; it is {wanted!r}.")
        name = wanted.removesuffix(".ipynb").zfill(2)
        folders = (self.home / "masters", KIT / "masters")
        for folder in folders:
            matches = sorted(folder.glob(f"{name}*.ipynb")) if re.fullmatch(r"\w+", name) else []
            matches = [path for path in matches if path.stem == name] or matches
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise ArgumentError(f"{name!r} could be {', '.join(path.stem for path in matches)}: write more of the name.")
        known = sorted({path.stem for folder in folders for path in folder.glob("*.ipynb")})
        raise ArgumentError(f"there is no master {name!r}. There are: {', '.join(known) or 'none'}.")

    @property
    def secrets(self) -> tuple[Path, ...]:
        """Return the folders that no submission may read: the course, and masters with their keys."""
        return (self.home, *([KIT] if KIT.is_dir() else []))

    def late(self, assignment: str, at: dt.datetime) -> bool:
        """Say whether something handed in then was late.

        Parameters
        ----------
        assignment : str
        at : datetime
            When something was handed in.
        """
        return assignment in self.due and at > self.due[assignment]


def new(home: Path, title: str = "") -> Course:
    """Make the folder of a course: a random secret, an empty roster, a place for private masters.

    Parameters
    ----------
    home : Path
        The folder, not there yet or empty.
    title : str
        By default the folder's name.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise ArgumentError(f"{home} exists already and is not empty. Name a new folder.")
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    (home / "masters").mkdir()
    with open(os.open(home / "course.toml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(_COURSE.format(title=re.sub(r'["\\\n]', "", title or home.resolve().name), secret=secrets.token_hex(32)))
    (home / "roster.csv").write_text(_ROSTER, encoding="utf-8")
    (home / ".gitignore").write_text(_IGNORE, encoding="utf-8")
    return open_course(home)


def as_path(name: str, value: object) -> Path:
    """Return ``value`` as a path; ``name`` is what the argument is called.

    Parameters
    ----------
    name : str
        What the argument is called.
    value : object
    """
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise ArgumentError(f"`{name}` must be a path; it is {value!r}.")
    return Path(value)


def open_course(folder: object) -> Course:
    """Read the folder of a course.

    Parameters
    ----------
    folder : str or path
    """
    home = as_path("folder", folder)
    path = home / "course.toml"
    try:
        content = path.read_bytes()
    except OSError:
        raise ArgumentError(
            f"{home} is not the folder of a course: it has no course.toml. Go there, name it with --dir, or make one: "
            "crmlab course new DIR."
        ) from None
    if os.name == "posix" and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        raise DataError(f"others can read {path} (mode {mode:o}), and it holds the course's secret: chmod 600 {path}")
    try:
        settings = tomllib.loads(content.decode("utf-8-sig"))
        secret = bytes.fromhex(settings["secret"])
        limits = Limits(**settings.get("limits", {}))
        due = {str(name): _moment(at) for name, at in settings.get("due", {}).items()}
    except KeyError:
        raise DataError(
            f"{path} holds no secret. Take it back from a copy; without it no one's data can be made again."
        ) from None
    except (ValueError, TypeError) as error:
        known = ", ".join(limit.name for limit in fields(Limits))
        raise DataError(f"{path} cannot be read: {error}. Limits that can be set: {known}; due: 2026-12-01T23:59:00.") from None
    if len(secret) < 16:
        raise DataError(f"the secret in {path} is too short: at least 32 hexadecimal digits.")
    return Course(home, str(settings.get("title", home.name)), secret, roster(home / "roster.csv"), limits, due)


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value.astimezone().replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(23, 59, 59))
    raise ValueError(f"{value!r} is no date")


def roster(path: Path) -> dict[str, Student]:
    """Read the students by id, in the roster's order.

    Parameters
    ----------
    path : Path
        ``roster.csv``.

    Raises
    ------
    DataError
        With line and remedy.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(
            f"{path} is not there. It needs a first line `student_id,name,email` and one line per student."
        ) from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8. In Excel: Save as, 'CSV UTF-8'.") from None
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        rows = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
        lines = [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        raise DataError(f"{path}: a quotation mark opens and never closes, or stands inside a name ({error}).") from None
    if "student_id" not in (rows.fieldnames or ()):
        raise DataError(f"{path} needs a column student_id; its first line is {header[:80]!r}.")
    students: dict[str, Student] = {}
    seen: dict[str, int] = {}
    for line, row in lines:
        if None in row:
            raise DataError(
                f"{path}, line {line}: it has more fields than the first line. Put a name with a comma in it in quotes."
            )
        cells = {str(key).strip(): (value or "").strip() for key, value in row.items()}
        if not any(cells.values()):
            continue
        student = _student(path, line, cells)
        first = seen.setdefault(student.id.casefold(), line)
        if first != line:
            raise DataError(f"{path}, line {line}: {student.id} is there twice (line {first}). Take one line out.")
        students[student.id] = student
    return students


def _student(path: Path, line: int, cells: dict[str, str]) -> Student:
    """Read one line of the roster."""
    id = cells.pop("student_id")
    if not id or len(id) > 64 or id.startswith((".", "-")) or _UNFIT.search(id):
        raise DataError(
            f"{path}, line {line}: {id!r} cannot be a student_id. It becomes the name of a folder: at most 64 letters, "
            "digits, spaces, dots or dashes, and no quotes or slashes."
        )
    return Student(id, cells.pop("name", "") or id, cells.pop("email", ""), {key: cell for key, cell in cells.items() if cell})
