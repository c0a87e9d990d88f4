"""Note view: a line of the reader's own as a widget, and what stands for it where there is no kernel.

What is asked is known in ``note``; here a commitment goes into the reader's journal, once. How it is drawn in the page stands
in ``note.js``.
"""

from __future__ import annotations

import traitlets

from crmlab import _journal
from crmlab.widgets.live import LiveWidget, script
from crmlab.widgets.still import buttons


class Note(LiveWidget):
    """A line of the reader's own.

    Attributes
    ----------
    commitment : dict
        ``kind, key, question, text``, or empty.
    before : dict
        What was written at first, where the line is asked for again.
    """

    _name = "note"
    _moves = ("commitment", "before")
    _esm = script("note")
    commitment = traitlets.Dict().tag(sync=True)
    before = traitlets.Dict().tag(sync=True)

    def __init__(self, data: dict) -> None:
        words = f"{'A line to compare' if data['firstKey'] else 'A line to write'}: {data['prompt']}"
        at_rest = buttons(data["prompt"], [("I write", ["…"])], words)
        super().__init__(data, (at_rest, words), commitment=_journal.latest(data["key"]) or {})
        self._follow_journal()

    def _read_journal(self) -> None:
        first = self.data["firstKey"]
        self.before = (_journal.latest(first) if first else None) or {}

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)
