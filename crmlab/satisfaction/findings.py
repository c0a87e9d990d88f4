"""Findings: the account that is kept while a survey is read.

Each rule that mends, sets aside or doubts an answer notes how often it acted; rows and cells that cannot be used are
listed with the reason. This module counts and lists; what is looked for stands in ``headings``, ``scales`` and
``screening``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd


class Findings:
    """What was found in the answers, and what was set aside, while ``read_survey`` reads them."""

    def __init__(self) -> None:
        self._findings: list[tuple[str, str, int, str]] = []
        self._set_aside: list[tuple[int, str, str, str]] = []

    def note(self, what: str, where: str, count: int | np.integer, rule: str) -> None:
        """Note what was found, if it was found at all, and by which rule it was treated."""
        if count:
            self._findings.append((what, where, int(count), rule))

    def set_rows_aside(self, lines: Iterable[int], reason: str) -> None:
        """List whole rows of the file that cannot be used."""
        self._set_aside += [(line, "", "", reason) for line in lines]

    def set_cell_aside(self, line: int, column: str, value: str, reason: str) -> None:
        """List one cell that cannot be used; the rest of its row counts."""
        self._set_aside.append((line, column, value, reason))

    @property
    def reasons(self) -> str:
        """What was found, in one line for a message."""
        return "; ".join(f"{what} ({count})" for what, _, count, _ in self._findings) or "there is no row below the header"

    @property
    def table(self) -> pd.DataFrame:
        """``tables.describe("survey_findings")``, in the order of the rules."""
        return pd.DataFrame(self._findings, columns=["what", "where", "count", "rule"]).astype({"count": "int64"})

    @property
    def set_aside(self) -> pd.DataFrame:
        """``tables.describe("set_aside")``, in the order of the file."""
        table = pd.DataFrame(self._set_aside, columns=["line", "column", "value", "reason"])
        return table.sort_values("line", kind="stable", ignore_index=True)
