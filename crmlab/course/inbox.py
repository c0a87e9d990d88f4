"""Collecting: from the files of a class to one notebook for each student.

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
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from crmlab._result import legible
from crmlab.course.folder import Student
from crmlab.errors import ArgumentError

LARGEST = 10 << 20  # bytes of one notebook
_LARGEST_ZIP, _MOST_UNPACKED, _MOST_ENTRIES, _DEEPEST, _DEEPEST_FOLDER = 64 << 20, 256 << 20, 20_000, 3, 12
_NOISE = {".ipynb_checkpoints", "__MACOSX", ".DS_Store"}
COMPANION = "it belongs to an exercise"  # tables and sheets: handed in with the notebook more often than not


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook: where it was, its bytes, when it was last changed, and whose it is if that is known already.

    Attributes
    ----------
    place : PurePosixPath
    content : bytes
    at : datetime
    student : str or None
    """

    place: PurePosixPath
    content: bytes
    at: dt.datetime
    student: str | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that cannot be used, and why.

    Attributes
    ----------
    place : str
        Cut to a length that can be read.
    reason : str
    """

    place: str
    reason: str

    def __post_init__(self) -> None:
        place = " ".join(legible(self.place).split())
        object.__setattr__(self, "place", place if len(place) <= 120 else f"{place[:60]} ... {place[-55:]}")


def gather(source: str, students: dict[str, Student]) -> Iterator[Notebook | Aside]:
    """Find every notebook below a folder, in a zip, or at a pattern with ``{student}`` in it.

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


def _homes(pattern: str, students: dict[str, Student]) -> Iterator[Notebook | Aside]:
    """Look into each student's own folder, where they may have laid links, and may still do so while we look."""
    for student in students:
        before, _, after = pattern.partition("{student}")
        base = Path(os.path.realpath(before + student + after.split("/", 1)[0]))
        for path in sorted(base.glob(after.partition("/")[2] or "*.ipynb")) if base.is_dir() else []:
            for file in _file(path, PurePosixPath(path), owned=True):
                yield replace(file, student=student) if isinstance(file, Notebook) else file


def _file(path: Path, place: PurePosixPath, *, owned: bool = False, whole: bool = False) -> Iterator[Notebook | Aside]:
    """Open a file on the disk, if it is one and no link. If it is ``owned`` by a student, no folder on the way may be a link
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
        status = os.fstat(opened)
        if owned and os.path.realpath(f"/proc/self/fd/{opened}") != str(path):
            yield Aside(str(place), "there is a link on the way to it")
        elif not stat.S_ISREG(status.st_mode):
            yield Aside(str(place), "it is no ordinary file")
        elif name.endswith(".zip"):
            yield from _archive(file, place, PurePosixPath() if whole else place, 1)
        elif status.st_size > LARGEST:
            yield Aside(str(place), f"it is larger than {LARGEST >> 20} MB")
        else:
            # a student can set the one time of a file, but not the other
            changed = max(status.st_mtime, status.st_ctime) if owned else status.st_mtime
            yield Notebook(place, file.read(LARGEST), _moment(changed))


def _moment(seconds: float) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(seconds).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        return dt.datetime(1980, 1, 1)


def _archive(file: io.BufferedIOBase, place: PurePosixPath, under: PurePosixPath, depth: int) -> Iterator[Notebook | Aside]:
    """Look into a zip, which is read and never unpacked: the names in it are looked at and nothing else."""
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
            yield Notebook(inside, content, _date(entry.date_time))
        elif depth < _DEEPEST:
            yield from _archive(io.BytesIO(content), inside, inside, depth + 1)
        else:
            yield Aside(str(inside), "it is a zip in a zip in a zip")


def _plain_path(name: str) -> PurePosixPath:
    parts = [part for part in re.split(r"[/\\]+", name) if part not in ("", ".", "..")]
    return PurePosixPath(*parts) if parts else PurePosixPath("unnamed")


def _date(stamp: tuple[int, int, int, int, int, int]) -> dt.datetime:
    try:
        return dt.datetime(*stamp)
    except ValueError:
        return dt.datetime(1980, 1, 1)


# -- Whose it is --------------------------------------------------------------------------------------------------


class Names:
    """The words by which the students of a roster are known in the paths of files.

    A student is named by the id, by the ``canvas_id`` of the roster, or by the name in either order and with or without
    spaces; case, accents and punctuation do not count.

    Parameters
    ----------
    students : dict
        The roster.
    """

    def __init__(self, students: dict[str, Student]) -> None:
        self.words: dict[str, set[str]] = {}
        for id, student in students.items():
            for word in _names(student):
                self.words.setdefault(word, set()).add(id)
        self.longest = max((word.count(" ") + 1 for word in self.words), default=0)

    def owner(self, place: PurePosixPath) -> tuple[str | None, int, str]:
        """Find whose a file is, how deep in its path that is said, and the reason if nobody's.

        The first name from the left counts. Further left is what the platform wrote; a name that a student gave a file
        comes after it.

        Parameters
        ----------
        place : PurePosixPath
            Of the file.
        """
        for depth, part in enumerate(place.parts):
            words = _plain(Path(part).stem if depth == len(place.parts) - 1 else part[:300]).split()[:60]
            for start in range(len(words)):
                for length in range(min(self.longest, len(words) - start), 0, -1):
                    word = " ".join(words[start : start + length])
                    # a few digits, such as 12, could be anything: they must be the whole name
                    if word in self.words and (length == len(words) or not (word.isdigit() and len(word) < 4)):
                        owners = sorted(self.words[word])
                        if len(owners) == 1:
                            return owners[0], depth, ""
                        return None, depth, f"it could be that of {' or '.join(owners)}: begin its name with the student_id"
        return None, 0, "no student is named in its path: begin its name, or that of its folder, with the student_id"


def _names(student: Student) -> set[str]:
    """Return what a student may be called in a path."""
    names = {_plain(student.id), _plain(student.more.get("canvas_id", ""))}
    for name in {student.name, re.sub(r"['’`´]", " ", student.name)}:
        words = _plain(name).split()
        for order in ([*words], [*words[-1:], *words[:-1]]):
            names |= {" ".join(order), "".join(order)}
    return {name for name in names if len(name) > 1}


def _plain(text: str) -> str:
    """Keep letters and digits in lower case without accents, one blank for everything between them; apostrophes vanish."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", re.sub(r"['’`´]", "", bare).casefold()).strip()


def sort_out(
    gathered: Iterable[Notebook | Aside], students: dict[str, Student], given_out: Collection[str], assignment: str
) -> tuple[dict[str, tuple[Notebook, str]], list[Aside]]:
    """Choose the one notebook of each student that counts, with what should be known about it; and list what is set aside.

    The newest counts. A notebook that is still as it was given out (``given_out`` holds the hashes) is none. Where paths name
    students at different depths, only the least deep are believed: there the platform wrote, further down anyone could.

    Parameters
    ----------
    gathered : iterable of Notebook or Aside
    students : dict
        The roster.
    given_out : collection of str
        Hashes of all files that students were given.
    assignment : str
    """
    names, aside = Names(students), []
    best: dict[tuple[str, int], Notebook] = {}
    digests: dict[str, set[str]] = {}
    for file in gathered:
        if isinstance(file, Aside):
            aside.append(file)
            continue
        student, depth, reason = (file.student, 0, "") if file.student else names.owner(file.place)
        digest = hashlib.sha256(file.content).hexdigest()
        if student is None or digest in given_out:
            aside.append(Aside(str(file.place), reason or "it is the notebook as it was given out"))
            continue
        digests.setdefault(student, set()).add(digest)
        rival = best.get((student, depth))
        if rival is None or _order(file, assignment) > _order(rival, assignment):  # the others are not kept: they may be large
            best[student, depth] = file
    chosen: dict[str, tuple[Notebook, str]] = {}
    shallowest = min((depth for _, depth in best), default=0)
    for (student, depth), file in sorted(best.items(), key=lambda item: item[0]):
        if depth > shallowest:
            aside.append(Aside(str(file.place), f"{student} is named in it, but further down than students are in other paths"))
        else:
            chosen[student] = file, _note(file, len(digests[student]), assignment)
    return chosen, aside


def _note(notebook: Notebook, n_different: int, assignment: str) -> str:
    """Say what should be known about a notebook that was chosen."""
    name = notebook.place.name
    notes = [f"{n_different} different notebooks; the newest was taken: {name}"] if n_different > 1 else []
    notes += [] if assignment in name else [f"called {name}"]
    return " ".join(legible("; ".join(notes))[:200].split())


def _order(notebook: Notebook, assignment: str) -> tuple[dt.datetime, bool, str]:
    """Return by what notebooks of one student are compared: the newest first, then those called after the assignment."""
    return notebook.at, assignment in notebook.place.name, str(notebook.place)
