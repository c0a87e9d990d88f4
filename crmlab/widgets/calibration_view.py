"""Calibration view: the reader's decisions as a widget, and an empty chart for those who have no kernel.

The counting is done in ``calibration.js``; what the numbers mean is said in ``calibration``, and what was
asked is known where the question stands.
"""

from __future__ import annotations

import pandas as pd
import traitlets

from crmlab import _journal
from crmlab.widgets.chart import Chart, svg
from crmlab.widgets.live import LiveWidget, script


class Calibration(LiveWidget):
    """What a reader guessed and decided.

    Attributes
    ----------
    entries : list of dict
        The reader's journal.
    """

    _name = "calibration"
    _moves = ("entries",)
    _esm = script("calibration")
    entries = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, empty: Chart) -> None:
        super().__init__({"axes": empty.axes()}, (svg(empty), f"{empty.title}."))
        self._follow_journal()

    def _read_journal(self) -> None:
        self.entries = _journal.read()

    @property
    def table(self) -> pd.DataFrame:
        """``key, question, choice, confidence, right``: the last decision on each question."""
        last = {entry["key"]: entry for entry in self.entries if entry["kind"] == "decision"}
        columns = ["key", "question", "choice", "confidence", "right"]
        return pd.DataFrame([{name: entry.get(name) for name in columns} for entry in last.values()], columns=columns)
