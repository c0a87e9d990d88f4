"""Decide view: the decision as a widget, and what stands for it where there is no kernel.

What is offered and what came of it is known in ``decide``; here a commitment goes into the reader's journal, once.
"""

from __future__ import annotations

import traitlets

from crmlab import _journal
from crmlab.widgets.evidence import Evidence
from crmlab.widgets.live import LiveWidget, script
from crmlab.widgets.still import buttons


class Decide(LiveWidget):
    """A choice, and how sure the reader is of it.

    Attributes
    ----------
    commitment : dict
        ``kind, key, question, choice, confidence, right``, or empty.
    before : dict
        What the same question was answered at first, if it is asked again.
    evidence : Evidence
        What each choice did.
    """

    _name = "decide"
    _moves = ("commitment", "before")
    _esm = script("decide")
    commitment = traitlets.Dict().tag(sync=True)
    before = traitlets.Dict().tag(sync=True)

    def __init__(self, evidence: Evidence, data: dict) -> None:
        self.evidence = evidence
        actions = data["actions"]
        offered = f"{', '.join(actions[:-1])}, or {actions[-1]}?"
        words = f"A decision: {data['question']} {offered[0].upper()}{offered[1:]}"
        at_rest = buttons(
            data["question"], [("I choose", actions), ("How sure?", [f"{level} %" for level in data["levels"]])], words
        )
        super().__init__(data, (at_rest, words), commitment=_journal.latest(data["key"]) or {})
        self._follow_journal()

    def _read_journal(self) -> None:
        first = self.data["firstKey"]
        self.before = (_journal.latest(first) if first else None) or {}

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)
