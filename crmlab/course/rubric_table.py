"""The marking table: texts to be marked as a CSV file for a spreadsheet, and the marks read back from it.

What a spreadsheet would compute is guarded, what it changes is told apart from what somebody wrote. Files are opened by the
caller.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from crmlab._page import printable
from crmlab.course.rubric import Essay, blind_order, exact_text, parse_points, points_range
from crmlab.errors import ArgumentError, DataError

_FIXED = ("student_id", "question", "text", "other answers", "comment")
# A spreadsheet computes what begins like this; an apostrophe in front makes it a text. Those already there are counted in,
# so that taking one off gives back exactly what was written.
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")


def _guard(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _unguard(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _blank(text: str) -> str:
    return " ".join(printable(text).split())


def _columns(essays: Sequence[Essay]) -> list[str]:
    """Return the names of all rubric lines, in order."""
    rubrics = {essay.question.name: [_column(line[0]) for line in essay.question.rubric] for essay in essays}
    for question, names in rubrics.items():
        if len(set(names)) < len(names):
            raise ArgumentError(f"{question}: two lines of its rubric have one name, so a table cannot hold them. Rename one.")
    return list(dict.fromkeys(name for names in rubrics.values() for name in names))


def _column(line: str) -> str:
    line = _blank(line) or "points"
    return f"points for {line}" if line.lower() in _FIXED else line


def write_csv(essays: Sequence[Essay]) -> str:
    """Write texts to be marked as a table for a spreadsheet, one row each.

    Parameters
    ----------
    essays : sequence of Essay

    Returns
    -------
    str
        CSV with the columns student_id, question, text, other answers, one for each line of the rubrics, and comment. Empty
        points mean "not marked yet"; those of a text that has changed since are left out. Write it as "utf-8-sig" with
        ``newline=""``, or Excel will not read Chinese.

    Examples
    --------
    >>> from crmlab.course.rubric import Essay
    >>> from crmlab.course.rubric_table import write_csv
    >>> from crmlab.exercise.form import Question
    >>> asked = Question("q4", "text", points=2, rubric=(("evidence", 2, "Names a number."),))
    >>> print(write_csv([Essay("s01", asked, "Why?", "=1+1", (1.5,), "Which one?", others=(("q1", "41"), ("q2", "33.9")))]))
    student_id,question,text,other answers,evidence,comment
    s01,q4,'=1+1,q1: 41; q2: 33.9,1.5,Which one?
    """
    columns, out = _columns(essays), io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(map(_guard, [*_FIXED[:-1], *columns, _FIXED[-1]]))
    for essay in blind_order(essays):
        names = [_column(line[0]) for line in essay.question.rubric]
        points = dict(zip(names, map(exact_text, essay.valid_points), strict=True)) if essay.marked else {}
        others = "; ".join(f"{name}: {answer}" for name, answer in essay.others)
        given = (points.get(name, "") for name in columns)
        cells = [essay.student, essay.question.name, essay.text, others, *given, essay.comment]
        sheet.writerow([_guard(printable(cell)) for cell in cells])
    return out.getvalue()


def read_csv(text: str, essays: Sequence[Essay]) -> list[tuple[str, str, tuple[float, ...], str]]:
    """Read the marks from a table that ``write_csv`` wrote and somebody filled in.

    Parameters
    ----------
    text : str
        The file; commas, semicolons or tabs between its cells, dots or commas in its numbers.
    essays : sequence of Essay
        Those that can be marked.

    Returns
    -------
    list of (student, question's name, points, comment)
        For each row with points. Rows without are not marked yet.

    Raises
    ------
    DataError
        Something does not fit; the message names row (as a spreadsheet counts), column and remedy.

    Examples
    --------
    >>> from crmlab.course.rubric import Essay
    >>> from crmlab.course.rubric_table import read_csv
    >>> from crmlab.exercise.form import Question
    >>> asked = Question("q4", "text", points=2, rubric=(("evidence", 2, "Names a number."),))
    >>> essays = [Essay("s01", asked, "Why?", "Because.", None)]
    >>> read_csv("student_id;question;evidence;comment\\ns01;q4;1,5;Good.", essays)
    [('s01', 'q4', (1.5,), 'Good.')]
    """
    known = {(_blank(essay.student), _blank(essay.question.name)): essay for essay in essays}
    columns, marks = _columns(essays), []
    seen: dict[tuple[str, str], int] = {}
    for row, cells in _rows(text, columns):
        key = _blank(cells["student_id"]), _blank(cells["question"])
        if key not in known:
            raise DataError(
                f"row {row}, columns student_id and question: there is no text of {key[0]!r} for {key[1]!r}. Write both as in "
                "the file that was given out; a spreadsheet may have taken zeros off an id."
            )
        if key in seen:
            raise DataError(f"row {row} marks {key[0]} for {key[1]} again, after row {seen[key]}. Take one of the two out.")
        seen[key] = row
        essay, comment = known[key], cells["comment"]
        points = _row_points(row, cells, columns, essay)
        if points:
            if cells.get("text", "").strip() and _blank(cells["text"]) != _blank(essay.text):
                raise DataError(
                    f"row {row}, column text: it is not the text that {key[0]} has handed in for {key[1]}. If that has changed "
                    "since the file was written, empty the points of this row and write the file again; if its letters were "
                    "lost, save the file as CSV UTF-8."
                )
            marks.append((essay.student, essay.question.name, points, comment))
        elif comment.strip() and comment != essay.comment:
            raise DataError(f"row {row}, column comment: a comment without points is not kept. Give points, or empty it.")
    return marks


def _rows(text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield rows with their number in a spreadsheet, as column -> cell."""
    text = text.removeprefix("\ufeff")
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    fitting = (mark for mark in ",;\t" if {"student_id", "question"} <= set(next(csv.reader([first], delimiter=mark), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=next(fitting, ","), strict=True)
    row, head = 0, []
    try:
        for row, cells in enumerate(reader, start=1):
            if row == 1:
                head = _heading(cells, columns)
            elif any(cell.strip() for cell in cells):
                if any(cell.strip() for name, cell in zip_longest(head, cells, fillvalue="") if not name):
                    raise DataError(f"row {row} has a cell that stands below no column name. Take it out, or name its column.")
                yield row, {name: _unguard(cell) for name, cell in zip_longest(head, cells, fillvalue="") if name}
    except csv.Error as error:
        raise DataError(f"row {row + 1} is no row of a CSV file ({error}). Save the table as CSV from a spreadsheet.") from None
    if not head:
        raise DataError("row 1: the file is empty. Write it again, fill in points and save it as CSV.")


def _heading(cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    head = [_unguard(" ".join(cell.split())) for cell in cells]
    for name in ("student_id", "question", *columns, "comment"):
        if name not in head:
            raise DataError(f"row 1: the column {name!r} is missing. Write it as in the file that was given out.")
    for name in filter(None, head):
        if head.count(name) > 1:
            raise DataError(f"row 1: there are {head.count(name)} columns {name!r}. Take all but one of them out.")
        if name not in (*_FIXED, *columns):
            raise DataError(f"row 1: the column {name!r} is not known. Take it out; remarks belong in the column 'comment'.")
    return head


def _row_points(row: int, cells: Mapping[str, str], columns: Sequence[str], essay: Essay) -> tuple[float, ...]:
    lines = {_column(name): most for name, most, _ in essay.question.rubric}
    for name in columns:
        if cells[name].strip() and name not in lines:
            raise DataError(f"row {row}, column {name!r}: {essay.question.name} has no such line. Empty the cell.")
    given = {name: cells[name] for name in lines if cells[name].strip()}
    points: list[float] = []
    for name, most in lines.items() if given else ():
        value = parse_points(cells[name], most)
        if value is None:
            wrong = f": {cells[name]!r} must be {points_range(most)}. Correct it" if name in given else " is empty: write 0"
            raise DataError(f"row {row}, column {name!r}{wrong}, or leave all points of the row empty if it is not marked yet.")
        points.append(value)
    return tuple(points)
