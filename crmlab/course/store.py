"""The store: what was released, handed in, found and marked, in one SQLite file, a transaction for each step.

A process that is killed leaves either all of a step or nothing of it. What a person has marked lies in a table of its own,
which grading never writes. This room keeps rows and returns them; what they mean is decided in ``grading``.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crmlab.errors import ArgumentError, DataError

_VERSION = 1
_TABLES = """
CREATE TABLE release (
    assignment TEXT NOT NULL, student TEXT NOT NULL,     -- student '': the same data for everyone
    master TEXT NOT NULL,                                -- hash of the master it was made of
    sheet TEXT NOT NULL, keys TEXT NOT NULL, asked TEXT NOT NULL, files TEXT NOT NULL,   -- JSON
    PRIMARY KEY (assignment, student));
CREATE TABLE submission (
    assignment TEXT NOT NULL, student TEXT NOT NULL, sha256 TEXT NOT NULL, at TEXT NOT NULL, late INTEGER NOT NULL,
    source TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (assignment, student));
CREATE TABLE result (
    assignment TEXT NOT NULL, student TEXT NOT NULL,
    graded TEXT NOT NULL,                                -- what it was made of: submission, release, limits
    outcome TEXT NOT NULL, sandbox TEXT NOT NULL, cells INTEGER NOT NULL, ran INTEGER NOT NULL,
    errors TEXT NOT NULL, answers TEXT NOT NULL,         -- JSON
    code TEXT NOT NULL, given_to TEXT NOT NULL,          -- hash of its code, and for whom it was made: as the run told it
    seconds REAL NOT NULL, peak_mb REAL NOT NULL,
    PRIMARY KEY (assignment, student));
CREATE TABLE score (
    assignment TEXT NOT NULL, student TEXT NOT NULL, question TEXT NOT NULL, state TEXT NOT NULL, points REAL,
    PRIMARY KEY (assignment, student, question));
CREATE TABLE hand (
    assignment TEXT NOT NULL, student TEXT NOT NULL, question TEXT NOT NULL,
    points TEXT NOT NULL, comment TEXT NOT NULL, sha256 TEXT NOT NULL,   -- of the text that was marked
    PRIMARY KEY (assignment, student, question));
"""
_JSON = {"sheet", "keys", "asked", "files", "errors", "answers"}


class Store:
    """The rows of a course. One connection; use it in the thread that opened it.

    Parameters
    ----------
    path : Path
        The SQLite file; it is made if it is not there, readable for its owner only.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        try:
            self.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            self.connection.execute("PRAGMA synchronous = FULL")
            with self.step():
                version = self.connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    for command in filter(str.strip, _TABLES.split(";\n")):
                        self.connection.execute(command)
                    self.connection.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path} cannot be used ({error}). Take it back from a copy, or grade again without it.") from None
        if version not in (0, _VERSION):
            raise DataError(f"{path} was written by another version of crmlab (layout {version}; this one knows {_VERSION}).")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Keep all of what happens within, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def put(self, table: str, **row: Any) -> None:
        """Write a row in place of the one with the same key.

        Parameters
        ----------
        table : str
        **row : object
            Column -> cell.
        """
        cells = {key: _text(value) if key in _JSON else value for key, value in row.items()}
        places = ", ".join("?" for _ in cells)
        self.connection.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(cells)}) VALUES ({places})", list(cells.values()))

    def drop(self, table: str, **key: str) -> None:
        """Take rows out.

        Parameters
        ----------
        table : str
        **key : str
            Column -> value.
        """
        self.connection.execute(f"DELETE FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in key)}", list(key.values()))

    def rows(self, table: str, **key: str) -> list[dict[str, Any]]:
        """Return rows by key, in a fixed order.

        Parameters
        ----------
        table : str
        **key : str
            Column -> value; without any all rows.
        """
        where = " WHERE " + " AND ".join(f"{name} = ?" for name in key) if key else ""
        query = f"SELECT * FROM {table}{where} ORDER BY assignment, student, rowid"
        cursor = self.connection.execute(query, list(key.values()))
        names = [column[0] for column in cursor.description]
        return [
            {name: json.loads(cell) if name in _JSON else cell for name, cell in zip(names, row, strict=True)} for row in cursor
        ]

    def row(self, table: str, **key: str) -> dict[str, Any] | None:
        """Return the one row of that key, or None.

        Parameters
        ----------
        table : str
        **key : str
            Column -> value.
        """
        return next(iter(self.rows(table, **key)), None)

    def assignments(self) -> list[str]:
        """Return what has been released, in order."""
        return [row[0] for row in self.connection.execute("SELECT DISTINCT assignment FROM release ORDER BY assignment")]

    def released(self, wanted: object) -> str:
        """Return the name of the released exercise that begins so.

        Parameters
        ----------
        wanted : str
        """
        if not isinstance(wanted, str) or not wanted:
            raise ArgumentError(f"`assignment` must be the beginning of a name, such as '01'; it is {wanted!r}.")
        known, wanted = self.assignments(), wanted.removesuffix(".ipynb").zfill(2)
        matches = [name for name in known if name == wanted] or [name for name in known if name.startswith(wanted)]
        if not matches:
            raise ArgumentError(f"no exercise {wanted!r} was released. Released are: {', '.join(known) or 'none'}.")
        if len(matches) > 1:
            raise ArgumentError(f"{wanted!r} could be {', '.join(matches)}: write more of the name.")
        return matches[0]

    def problems(self) -> list[str]:
        """List what SQLite finds wrong with its file."""
        return [row[0] for row in self.connection.execute("PRAGMA integrity_check") if row[0] != "ok"]


def _text(value: Any) -> str:
    return json.dumps(value)  # in ASCII: half a surrogate in a student's text cannot be stored otherwise
