"""The panel's widget: it hears what a reader chooses and types, and says what follows.

The page (``panel.js``) holds no number and no rule: it sends choices and texts, and shows what comes back. Beside the widget
stands the record of the box, an output that is updated in place; so the notebook, once it is saved, holds the answer, and a
grader needs nothing else. anywidget is slow to import, so this module is loaded with the first panel that is shown.
"""

from __future__ import annotations

import secrets
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets
from anywidget import AnyWidget
from IPython.display import display, update_display

from crmlab.errors import CrmlabError
from crmlab.exercise.desk import Desk, answer_in_box
from crmlab.exercise.form import Question
from crmlab.exercise.pivot import describe, plain, read_choices, read_out
from crmlab.exercise.standing import checked
from crmlab.exercise.worked import worked_solution

__all__ = ["BOXED", "Panel"]

#: The kind of output that holds the answer of a box; the grader looks for it.
BOXED = "application/vnd.crmlab.answer+json"
_LONGEST_TEXT = 20_000
# In a notebook that is opened again, a line says what to do. Where the panel is shown, the line makes room; and where
# JupyterLab would write that it has no such widget any more, it writes nothing. The record of the box is for those who open the
# notebook later: the panel says the same.
_STYLE = (
    "<style>.jp-OutputArea-child:has(.crmlab-panel-at-rest):has(+ .jp-OutputArea-child .crmlab-panel),"
    ".jp-OutputArea-child:has(.crmlab-panel-at-rest) + .jp-OutputArea-child:not(:has(.crmlab-panel))"
    "{display:none}"
    ".jp-OutputArea-child:has(.crmlab-panel) ~ .jp-OutputArea-child:has(.crmlab-record){display:none}</style>"
)


class Panel(AnyWidget):
    """Controls over a table, and an answer box.

    Attributes
    ----------
    about : dict
        What does not change: the question's form, and the columns of the table with what can be done with each.
    choices : dict
        What a reader has chosen, as ``Choices`` names it.
    shown : dict
        What the choices leave of the table, as ``read_out`` returns it.
    reply : dict
        What is said about the answer: text (in the box), title, note, and the parts of a worked solution.
    """

    _esm = Path(__file__).with_name("panel.js")
    about = traitlets.Dict(read_only=True).tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)
    shown = traitlets.Dict(read_only=True).tag(sync=True)
    reply = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, desk: Desk, question: Question, table: pd.DataFrame | None) -> None:
        self._desk, self._question, self._table = desk, question, table
        self._display_id = f"crmlab-answer-{secrets.token_hex(8)}"
        self._is_displayed = False
        self.set_trait("about", _about(desk, question, table))
        super().__init__(choices=_earlier_choices(desk, question, table))
        self.on_msg(lambda _widget, content, _buffers: self._hear(content))
        self._draw()
        self._say("", "")
        desk.listeners["panel", question.name] = self._follow_code

    def __repr__(self) -> str:
        what = "The answer box" if self._table is None else "The controls and the answer box"
        return (
            f"{what} of {self._question.name}. Run this cell (Shift + Enter) to see {'it' if self._table is None else 'them'}."
        )

    def _ipython_display_(self) -> None:
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        at_rest = f'{_STYLE}<p class="crmlab-panel-at-rest">{escape(repr(self))}</p>'
        display({"text/html": at_rest, "text/plain": repr(self)}, raw=True)
        display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}, raw=True)
        display(self._record(), raw=True, display_id=self._display_id)
        self._is_displayed = True

    @traitlets.observe("choices")
    def _draw(self, _change: object = None) -> None:
        """Show what the choices leave of the table."""
        if self._table is not None:
            self.set_trait("shown", read_out(self._table, read_choices(self.choices, self._table)))

    def _hear(self, content: object) -> None:
        """Do what the page asks for."""
        if not isinstance(content, dict):
            return
        try:
            if content.get("do") == "answer":
                self._answer(str(content.get("text", ""))[:_LONGEST_TEXT])
            elif content.get("do") == "solve":
                solution = worked_solution(self._desk, self._question.name)
                parts = [{"label": label, "text": text, "layout": layout} for label, text, layout in solution.parts()]
                self.set_trait("reply", self.reply | {"solution": {"title": solution.title(), "parts": parts}})
        except CrmlabError as refusal:
            self._say(f"{self._question.name}: not yet", str(refusal), text=str(content.get("text", self.reply["text"])))

    def _answer(self, text: str) -> None:
        """Record what stands in the box, and say what a check says."""
        name = self._question.name
        answer_in_box(self._desk, name, text, self._chosen())
        self._save_record()
        if name in self._desk.coded:
            self._say(f"{name}: your code answers, too", self._who_counts(), text=text)
            return
        said = checked(self._desk, self._question)
        self._say(said.title, said.note, text=text)

    def _chosen(self) -> dict[str, Any]:
        """Return what is chosen, as far as the table knows it, as plain JSON."""
        return {} if self._table is None else plain(read_choices(self.choices, self._table))

    def _who_counts(self) -> str:
        """Say which of two answers counts."""
        name, question = self._question.name, self._question
        return (
            f"Your code answers {question.as_text(self._desk.answers[name])}, and that counts. What stands in the box "
            f"({question.as_text(self._desk.boxed[name])}) counts if you put the three dots back into the code and run it."
        )

    def _follow_code(self) -> None:
        """Another answer counts now: say so where the box holds one, too."""
        name = self._question.name
        if name in self._desk.coded and name in self._desk.boxed:
            self._say(f"{name}: your code answers, too", self._who_counts())
        elif name in self._desk.coded:
            self._say(f"{name}: your code answers", "There is nothing to write here.")
        else:
            self._say("", "")

    def _say(self, title: str, note: str, *, text: str | None = None) -> None:
        """Say something about the answer, and what stands in the box."""
        boxed = self._desk.boxed.get(self._question.name)
        kept = "" if boxed is None else "; ".join(map(str, boxed)) if isinstance(boxed, list) else str(boxed)
        kept = self._desk.typed.get(self._question.name, kept)
        if not title and boxed is not None and self._question.name not in self._desk.coded:
            title = f"{self._question.name} is recorded: {self._question.as_text(boxed)}"
        self.set_trait("reply", {"text": kept if text is None else text, "title": title, "note": note})

    # -- The record that stays in the notebook ----------------------------------------------------------------------------

    def _record(self) -> dict[str, Any]:
        """Return the output that keeps the answer of the box."""
        name = self._question.name
        if name not in self._desk.boxed:
            return {"text/html": "<span></span>", "text/plain": f"Nothing stands in the answer box of {name}."}
        answer = self._desk.boxed[name]
        line = f"The answer box of {name} holds: {self._question.as_text(answer)}."
        html = f'<p class="crmlab-record" style="margin:.3em 0;font-size:90%">{escape(line)}</p>'
        return {BOXED: {"question": name, "answer": answer}, "text/html": html, "text/plain": line}

    def _save_record(self) -> None:
        if self._is_displayed:
            update_display(self._record(), raw=True, display_id=self._display_id)


def _earlier_choices(desk: Desk, question: Question, table: pd.DataFrame | None) -> dict[str, Any]:
    """Return what was chosen when the question was answered, as far as the table knows it."""
    return {} if table is None else plain(read_choices(desk.choices.get(question.name), table))


def _about(desk: Desk, question: Question, table: pd.DataFrame | None) -> dict[str, Any]:
    """Return what the page must know of a question."""
    legend = desk.legend(question.name)
    meanings = legend.get("columns", {})
    columns = [] if table is None else [each | {"meaning": meanings.get(each["name"], "")} for each in describe(table)]
    return {
        "name": question.name, "kind": question.kind, "form": question.expected_form(), "unit": question.unit,
        "choices": list(question.choices), "words": list(question.words), "is_practice": bool(desk.sheet.get("practice")),
        "row": legend.get("row", ""), "columns": columns,
    }  # fmt: skip
