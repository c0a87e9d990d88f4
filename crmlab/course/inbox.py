"""Collecting: from a heap of files to one notebook for each student.

Files come as a learning platform packs them (one zip, folders or file names that begin with the student), from home
folders, or by hand. Whose a file is follows from what the platform or the instructor wrote, which stands further left in a
path than what a student could write. Links are not followed, archives are read and never unpacked, everything has a limit,
and whatever cannot be used is listed with its reason. What is inside a notebook is not looked at here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crmlab._result import legible
from crmlab.course.folder import Student
from crmlab.errors import ArgumentError

LARGEST = 10 << 20  # bytes of one notebook
_LARGEST_ZIP, _MOST_UNPACKED, _MOST_ENTRIES, _DEEPEST, _DEEPEST_FOLDER = 64 << 20, 256 << 20, 20_000, 3, 12
_NOISE = {".ipynb_checkpoints", "__MACOSX", ".DS_Store"}
COMPANION = "it belongs to an exercise"  # tables and sheets: handed in with the notebook more often than not


@dataclass(frozen=True, slots=True)
class Found:
    """A notebook: where it was, its bytes, when it was last changed, and whose it is if that is known already."""

    place: PurePosixPath
    content: bytes
    at: dt.datetime
    student: str | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that cannot be used, and why."""

    place: str
    reason: str

    def __post_init__(self) -> None:
        told = " ".join(legible(self.place).split())
        object.__setattr__(self, "place", told if len(told) <= 120 else f"{told[:60]} ... {told[-55:]}")


def gather(source: str, students: dict[str, Student]) -> Iterator[Found | Aside]:
    """Every notebook below a folder, in a zip, or at a pattern with ``{student}`` in it.

    Parameters
    ----------
    source : str
        A folder, a zip file, or a pattern such as ``/home/{student}/crm/01*.ipynb``.
    students : dict
        The roster.

    Raises
    ------
    ArgumentError
        There is nothing at ``source``.
    """
    if "{student}" in source:
        yield from _homes(source, students)
        return
    root = Path(source)
    if not root.exists():
        raise ArgumentError(f"{source} is not there. Name the folder or zip file that your platform gave you.")
    if not root.is_dir():
        yield from _file(root, PurePosixPath(root.name), whole=True)
        return
    folders, seen = [(root, 0)], 0
    while folders:
        folder, depth = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Aside(str(folder.relative_to(root)), f"it cannot be read ({error.strerror})")
            continue
        for entry in entries:
            path, place = Path(entry.path), Path(entry.path).relative_to(root)
            seen += 1
            if seen > _MOST_ENTRIES:
                yield Aside(source, f"it holds more than {_MOST_ENTRIES:,} files; the others were not looked at")
                return
            if entry.name in _NOISE:
                continue
            if entry.is_symlink():
                yield Aside(str(place), "it is a link")
            elif entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST_FOLDER:
                    folders.append((path, depth + 1))
                else:
                    yield Aside(str(place), f"it lies more than {_DEEPEST_FOLDER} folders deep")
            else:
                yield from _file(path, PurePosixPath(place.as_posix()))


def _homes(pattern: str, students: dict[str, Student]) -> Iterator[Found | Aside]:
    """What lies in each student's own folder, where he may have laid links, and may still do so while we look."""
    for student in students:
        before, _, after = pattern.partition("{student}")
        base = Path(os.path.realpath(before + student + after.split("/", 1)[0]))
        for path in sorted(base.glob(after.partition("/")[2] or "*.ipynb")) if base.is_dir() else []:
            for each in _file(path, PurePosixPath(path), owned=True):
                yield Found(each.place, each.content, each.at, student) if isinstance(each, Found) else each


def _file(path: Path, place: PurePosixPath, *, owned: bool = False, whole: bool = False) -> Iterator[Found | Aside]:
    """A file on the disk, if it is one and no link. If it is ``owned`` by a student, no folder on the way may be a link
    either; if it is the ``whole`` of what came, its own name says nothing about whose it is."""
    name = path.name.lower()
    if not name.endswith((".ipynb", ".zip")):
        if not name.startswith("."):
            yield Aside(str(place), COMPANION if name.endswith((".parquet", ".json")) else "it is no notebook (.ipynb)")
        return
    try:
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        yield Aside(str(place), "it is a link" if path.is_symlink() else f"it cannot be read ({error.strerror})")
        return
    with open(opened, "rb") as file:
        about = os.fstat(opened)
        if owned and os.path.realpath(f"/proc/self/fd/{opened}") != str(path):
            yield Aside(str(place), "there is a link on the way to it")
        elif not stat.S_ISREG(about.st_mode):
            yield Aside(str(place), "it is no ordinary file")
        elif name.endswith(".zip"):
            yield from _archive(file, place, PurePosixPath() if whole else place, 1)
        elif about.st_size > LARGEST:
            yield Aside(str(place), f"it is larger than {LARGEST >> 20} MB")
        else:
            # a student can set the one time of his file, but not the other
            yield Found(place, file.read(LARGEST), _moment(max(about.st_mtime, about.st_ctime) if owned else about.st_mtime))


def _moment(seconds: float) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(seconds).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        return dt.datetime(1980, 1, 1)


def _archive(file: io.BufferedIOBase, place: PurePosixPath, under: PurePosixPath, depth: int) -> Iterator[Found | Aside]:
    """What is in a zip, read and never unpacked: the names in it are looked at and nothing else."""
    try:
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError) as error:
        yield Aside(str(place), f"it is no zip file that can be read ({error})")
        return
    unpacked = 0
    for number, entry in enumerate(entries):
        inside = under / _plain_path(entry.filename)
        name = inside.name.lower()
        if number >= _MOST_ENTRIES or unpacked > _MOST_UNPACKED * (1 if depth > 1 else 30):
            yield Aside(str(place), "it holds too much; the rest was not looked at")
            return
        if not entry.filename or entry.is_dir() or _NOISE & set(inside.parts) or name.startswith("."):
            continue
        if not name.endswith((".ipynb", ".zip")):
            yield Aside(str(inside), COMPANION if name.endswith((".parquet", ".json")) else "it is no notebook (.ipynb)")
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield Aside(str(inside), "it is a link")
            continue
        most = LARGEST if name.endswith(".ipynb") else _LARGEST_ZIP
        try:
            with archive.open(entry) as packed:
                content = packed.read(most + 1)  # what the entry says about its size need not be true
        except (zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError) as error:
            yield Aside(str(inside), f"it cannot be read ({error})")
            continue
        except Exception as error:  # zlib.error and its kin of the other compressions
            yield Aside(str(inside), f"it is damaged ({type(error).__name__})")
            continue
        unpacked += len(content)
        if len(content) > most:
            yield Aside(str(inside), f"unpacked it is larger than {most >> 20} MB")
        elif name.endswith(".ipynb"):
            yield Found(inside, content, _date(entry.date_time))
        elif depth < _DEEPEST:
            yield from _archive(io.BytesIO(content), inside, inside, depth + 1)
        else:
            yield Aside(str(inside), "it is a zip in a zip in a zip")


def _plain_path(name: str) -> PurePosixPath:
    parts = [part for part in re.split(r"[/\\]+", name) if part not in ("", ".", "..")]
    return PurePosixPath(*parts) if parts else PurePosixPath("unnamed")


def _date(given: tuple[int, ...]) -> dt.datetime:
    try:
        return dt.datetime(*given)
    except ValueError:
        return dt.datetime(1980, 1, 1)


# -- Whose it is --------------------------------------------------------------------------------------------------


class Names:
    """By which words the students of a roster are known in the paths of files.

    A student is named by his id, by the ``canvas_id`` of the roster, or by his name in either order and with or without
    spaces; case, accents and punctuation do not count.

    Parameters
    ----------
    students : dict
        The roster.
    """

    def __init__(self, students: dict[str, Student]) -> None:
        self.words: dict[str, set[str]] = {}
        for student, about in students.items():
            for word in _names(about):
                self.words.setdefault(word, set()).add(student)
        self.longest = max((word.count(" ") + 1 for word in self.words), default=0)

    def owner(self, place: PurePosixPath) -> tuple[str | None, int, str]:
        """Whose a file is, how deep in its path that is said, and the reason if nobody's.

        The first name from the left counts. Further left is what the platform wrote; a name that a student gave his own file
        comes after it.
        """
        for depth, part in enumerate(place.parts):
            words = _plain(Path(part).stem if depth == len(place.parts) - 1 else part[:300]).split()[:60]
            for start in range(len(words)):
                for length in range(min(self.longest, len(words) - start), 0, -1):
                    word = " ".join(words[start : start + length])
                    # a few digits, such as 12, could be anything: they must be the whole name
                    if word in self.words and (length == len(words) or not (word.isdigit() and len(word) < 4)):
                        who = self.words[word]
                        if len(who) == 1:
                            return next(iter(who)), depth, ""
                        told = " or ".join(sorted(who))
                        return None, depth, f"it could be that of {told}: begin its name with the student_id"
        return None, 0, "no student is named in its path: begin its name, or that of its folder, with the student_id"


def _names(about: Student) -> set[str]:
    found = {_plain(about.id), _plain(about.more.get("canvas_id", ""))}
    for name in {about.name, re.sub(r"['’`´]", " ", about.name)}:
        words = _plain(name).split()
        for way in ([*words], [*words[-1:], *words[:-1]]):
            found |= {" ".join(way), "".join(way)}
    return {word for word in found if len(word) > 1}


def _plain(text: str) -> str:
    """Letters and digits in lower case without accents, one blank for everything between them; apostrophes vanish."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", re.sub(r"['’`´]", "", bare).casefold()).strip()


def sort_out(
    gathered: Iterable[Found | Aside], students: dict[str, Student], given_out: Collection[str], assignment: str
) -> tuple[dict[str, tuple[Found, str]], list[Aside]]:
    """The one notebook of each student that counts, with what should be known about it; and all that is set aside.

    The newest counts. A notebook that is still as it was given out (``given_out`` holds the hashes) is none. Where paths name
    students at different depths, only the least deep are believed: there the platform wrote, further down anyone could.
    """
    names, aside = Names(students), []
    best: dict[tuple[str, int], Found] = {}
    different: dict[str, set[str]] = {}
    for each in gathered:
        if isinstance(each, Aside):
            aside.append(each)
            continue
        student, depth, reason = (each.student, 0, "") if each.student else names.owner(each.place)
        digest = hashlib.sha256(each.content).hexdigest()
        if student is None or digest in given_out:
            aside.append(Aside(str(each.place), reason or "it is the notebook as it was given out"))
            continue
        different.setdefault(student, set()).add(digest)
        rival = best.get((student, depth))
        if rival is None or _order(each, assignment) > _order(rival, assignment):  # the others are not kept: they may be large
            best[student, depth] = each
    found: dict[str, tuple[Found, str]] = {}
    shallowest = min((depth for _, depth in best), default=0)
    for (student, depth), each in sorted(best.items()):
        if depth > shallowest:
            aside.append(Aside(str(each.place), f"{student} is named in it, but further down than students are in other paths"))
            continue
        count = len(different[student])
        notes = [f"{count} different notebooks; the newest was taken: {each.place.name}"] if count > 1 else []
        notes += [] if assignment in each.place.name else [f"called {each.place.name}"]
        found[student] = each, " ".join(legible("; ".join(notes))[:200].split())
    return found, aside


def _order(each: Found, assignment: str) -> tuple:
    return each.at, assignment in each.place.name, str(each.place)
