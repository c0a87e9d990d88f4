"""Collecting: from a heap of files to one notebook for each student.

Files come as a learning platform packs them (one zip, folders or file names that begin with the student), from home
folders, or by hand. Whose a file is follows from what the platform or the instructor wrote, which stands further left in a
path than what a student could write. Links are not followed, archives are read and never unpacked, everything has a limit,
and whatever cannot be used is listed with its reason. What is inside a notebook is not looked at here.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crmlab._result import legible
from crmlab.course.folder import Student
from crmlab.errors import ArgumentError

LARGEST = 10 << 20  # bytes of one notebook
_LARGEST_ZIP, _MOST_ENTRIES, _DEEPEST = 64 << 20, 20_000, 3
_NOISE = {".ipynb_checkpoints", "__MACOSX"}


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
        object.__setattr__(self, "place", legible(self.place))


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
        for student in students:
            before, _, after = source.partition("{student}")
            base = Path(before + student + after.split("/", 1)[0])
            inside = after.partition("/")[2] or "*.ipynb"
            for path in sorted(base.glob(inside)) if base.is_dir() else []:
                if path.resolve() != base.resolve() / path.relative_to(base):
                    yield Aside(str(path), "there is a link on the way to it")
                    continue
                for each in _file(path, PurePosixPath(path)):
                    yield Found(each.place, each.content, each.at, student) if isinstance(each, Found) else each
        return
    root = Path(source)
    if not root.exists():
        raise ArgumentError(f"{source} is not there. Name the folder or zip file that your platform gave you.")
    if not root.is_dir():
        yield from _file(root, PurePosixPath(root.name) if root.suffix.lower() != ".zip" else PurePosixPath())
        return
    seen = 0
    for folder, names, files in os.walk(root, followlinks=False):
        for name in [name for name in names if name in _NOISE or (Path(folder) / name).is_symlink()]:
            names.remove(name)
            if name not in _NOISE:
                yield Aside(str((Path(folder) / name).relative_to(root)), "it is a link")
        names.sort()
        for name in sorted(files):
            seen += 1
            if seen > _MOST_ENTRIES:
                yield Aside(source, f"it holds more than {_MOST_ENTRIES:,} files; the others were not looked at")
                return
            path = Path(folder) / name
            yield from _file(path, PurePosixPath(path.relative_to(root).as_posix()))


def _file(path: Path, place: PurePosixPath) -> Iterator[Found | Aside]:
    """A file on the disk, if it is one and no link."""
    if not path.name.lower().endswith((".ipynb", ".zip")):
        if not path.name.startswith("."):
            yield Aside(str(place), "it is no notebook (.ipynb)")
        return
    try:
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        yield Aside(str(place), "it is a link" if path.is_symlink() else f"it cannot be read ({error.strerror})")
        return
    with open(opened, "rb") as file:
        about = os.fstat(opened)
        if not stat.S_ISREG(about.st_mode):
            yield Aside(str(place), "it is no ordinary file")
        elif path.name.lower().endswith(".zip"):
            yield from _archive(file, place, 1)
        elif about.st_size > LARGEST:
            yield Aside(str(place), f"it is larger than {LARGEST >> 20} MB")
        else:
            yield Found(place, file.read(LARGEST), dt.datetime.fromtimestamp(about.st_mtime).replace(microsecond=0))


def _archive(file: io.BufferedIOBase, place: PurePosixPath, depth: int) -> Iterator[Found | Aside]:
    """What is in a zip, read and never unpacked: the names in it are looked at and nothing else."""
    try:
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError) as error:
        yield Aside(str(place), f"it is no zip file that can be read ({error})")
        return
    for number, entry in enumerate(entries):
        inside = place / _plain_path(entry.filename)
        name = inside.name.lower()
        if number >= _MOST_ENTRIES:
            yield Aside(str(place), f"it holds more than {_MOST_ENTRIES:,} files; the others were not looked at")
            return
        if entry.is_dir() or _NOISE & set(inside.parts) or not name.endswith((".ipynb", ".zip")):
            continue  # an exercise's data are handed in with it more often than not
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
        if len(content) > most:
            yield Aside(str(inside), f"unpacked it is larger than {most >> 20} MB")
        elif name.endswith(".ipynb"):
            yield Found(inside, content, dt.datetime(*_date(entry.date_time)))
        elif depth < _DEEPEST:
            yield from _archive(io.BytesIO(content), inside, depth + 1)
        else:
            yield Aside(str(inside), "it is a zip in a zip in a zip")


def _plain_path(name: str) -> PurePosixPath:
    parts = [part for part in re.split(r"[/\\]+", name) if part not in ("", ".", "..")]
    return PurePosixPath(*parts) if parts else PurePosixPath("unnamed")


def _date(given: tuple[int, ...]) -> tuple[int, ...]:
    try:
        dt.datetime(*given)
    except ValueError:
        return (1980, 1, 1, 0, 0, 0)
    return given


# -- Whose it is --------------------------------------------------------------------------------------------------


def owner(place: PurePosixPath, assignment: str, students: dict[str, Student]) -> str | None:
    """Whose a file is: the first student named in its path, read from the left; None if nobody or two could be meant.

    A student is named by his id, by the ``canvas_id`` of the roster, or by his name in either order and with or without
    spaces. Further left is what the platform wrote; a name that a student gave his file comes after it.
    """
    for part in place.parts:
        text = _letters(part)
        hits = {}
        for student, about in students.items():
            for word in _names(about):
                # a few digits, such as 12, could be anything: they must be the whole name
                if len(word) < 2 or (word.isdigit() and len(word) < 4):
                    if _letters(Path(part).stem) != word:
                        continue
                    at = 0
                else:
                    found = re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text)
                    if found is None:
                        continue
                    at = found.start()
                hits[student] = min(hits.get(student, (at, 0)), (at, -len(word)))
        best = sorted(hits.items(), key=lambda item: item[1])
        if best:
            return best[0][0] if len(best) == 1 or best[0][1] < best[1][1] else None
    return None


def _names(about: Student) -> set[str]:
    words = _letters(about.name).split()
    ways = {" ".join(words), "".join(words), "_".join(words)}
    if len(words) > 1:
        turned = [words[-1], *words[:-1]]
        ways |= {" ".join(turned), "".join(turned), "_".join(turned)}
    return {_letters(about.id), *filter(None, [_letters(about.more.get("canvas_id", ""))]), *ways} - {""}


def _letters(text: str) -> str:
    """Case, width and commas aside."""
    return unicodedata.normalize("NFKC", text).casefold().replace(",", "").strip()


def pick(found: list[Found], assignment: str) -> tuple[Found, str]:
    """The one notebook of a student that counts: of the assignment's name, then the newest; and a note if there were more."""
    best = max(found, key=lambda each: (_letters(assignment) in _letters(each.place.name), each.at, str(each.place)))
    others = len({each.content for each in found}) - 1
    notes = [] if others == 0 else [f"{others + 1} different notebooks; this one was taken: {best.place.name}"]
    if _letters(assignment) not in _letters(best.place.name):
        notes.append(f"called {best.place.name}")
    return best, legible("; ".join(notes))
