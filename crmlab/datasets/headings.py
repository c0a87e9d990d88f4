"""Headings: which column of a user's file is which of the kit's.

This room reads the names of columns and a ``rename``, and refuses with the rename to write. It never
looks into a cell: that is done in ``reading``.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError, ColumnError, DataError
from crmlab.tables import Table


def match_columns(present: pd.Index, declared: Table, rename: Mapping[str, str]) -> dict[str, str]:
    """Return the name in the file of each declared column that the file has."""
    if not present.is_unique:
        raise DataError(f"two columns of the file are called {present[present.duplicated()][0]!r}. Rename one in the file.")
    known = [column.name for column in declared.columns]
    _check_rename(present, declared, rename, known)
    in_file = {name: name for name in known if name in present and name not in rename}
    in_file |= {ours: theirs for theirs, ours in rename.items()}
    missing = [name for name in declared.required if name not in in_file]
    if missing:
        raise _missing_columns(present, declared, rename, in_file, missing)
    return in_file


def _check_rename(present: pd.Index, declared: Table, rename: Mapping[str, str], known: list[str]) -> None:
    """Refuse a rename that speaks of columns which are not there, or makes two of one name."""
    for theirs, ours in rename.items():
        if theirs in known and ours in present:
            raise DataError(f"`rename` is the wrong way round: write your name first, then ours, as in {ours}={theirs}.")
        if theirs not in present:
            raise DataError(f"`rename` speaks of {theirs!r}, but the file has only: {', '.join(map(str, present))}.")
        if ours not in known:
            raise ArgumentError(f"`rename` leads to {ours!r}; the {declared.name} table has only: {', '.join(known)}.")
        if list(rename.values()).count(ours) > 1 or (ours in present and theirs != ours and ours not in rename):
            raise DataError(f"two columns of the file would be called {ours!r}. Rename one only, or rename the other away.")


def _missing_columns(
    present: pd.Index, declared: Table, rename: Mapping[str, str], in_file: Mapping[str, str], missing: list[str]
) -> ColumnError:
    """Name the missing columns, and guess the whole rename."""
    wanted = [declared.column(name) for name in missing]
    unused = [str(name) for name in present if name not in in_file.values()]
    optional = [column for column in declared.columns if column.optional and column.name not in in_file]
    guess = {ours: theirs for theirs, ours in rename.items()} | _check.guess_rename(unused, [*wanted, *optional])
    guess = {ours: theirs for ours, theirs in guess.items() if theirs != "?" or ours in declared.required}
    lines = "".join(f"\n  {column.name}: {column.meaning}" for column in wanted)
    pairs = ", ".join(f'"{theirs}": "{ours}"' for ours, theirs in guess.items())
    return ColumnError(
        f"the file has no column for:{lines}\nIts columns are: {', '.join(map(str, present))}. "
        f"Say which is which: rename={{{pairs}}}",
        guess,
    )
