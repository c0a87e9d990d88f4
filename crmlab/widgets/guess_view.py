"""Guess view: the guess as a widget, and what stands for it where there is no kernel.

What is asked and answered is known in ``guess``; here a commitment goes into the reader's journal, once.
How it is drawn in the page stands in ``guess.js``.
"""

from __future__ import annotations

import traitlets

from crmlab import _journal
from crmlab.widgets.chart import Chart, svg
from crmlab.widgets.live import LiveWidget, script


class Guess(LiveWidget):
    """A question, and what was guessed.

    Attributes
    ----------
    commitment : dict
        ``kind, key, question, guess, answer, unit``, or empty.
    """

    _name = "guess"
    _moves = ("commitment",)
    _esm = script("guess")
    commitment = traitlets.Dict().tag(sync=True)

    def __init__(self, data: dict, chart: Chart) -> None:
        super().__init__(data, (svg(chart), repr(chart)), commitment=_journal.latest(data["key"]) or {})

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)
