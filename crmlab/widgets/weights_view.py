"""Weights view: the triangle as a widget, and as a picture for those who have no kernel.

It turns a ``WeightsModel`` into what ``weights.js`` reads; order and words are those of ``weights_model``. The weights of the
first list go into the reader's journal, once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

import pandas as pd
import traitlets

from crmlab import _draw, _journal, _svg
from crmlab.widgets.chart import CHARACTER, COLOURS, FONT
from crmlab.widgets.live import LiveWidget, script
from crmlab.widgets.weights_model import QUESTION, START, WeightsModel, finding

HUES = ("blue", "orange", "green")
_ROW, _SIDE = 24, 260  # of the picture at rest, in pixels


class Weights(LiveWidget):
    """Three weights and who is at the top; the page moves by itself.

    Attributes
    ----------
    values : list of int
        The weights in per cent; together 100.
    commitment : dict
        ``kind, key, question, weights`` of the first list, or empty.
    """

    _name = "weights"
    _moves = ("values", "commitment")
    _esm = script("weights")
    values = traitlets.List(traitlets.Int()).tag(sync=True)
    commitment = traitlets.Dict().tag(sync=True)

    def __init__(self, model: WeightsModel) -> None:
        self._model = model
        earlier = _journal.latest(model.key) or {}
        super().__init__(page_data(model), at_rest(model), values=list(START), commitment=earlier)

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> list[int]:
        return self._model.check_values(proposal["value"])

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)

    @property
    def _first(self) -> list[int] | None:
        return self.commitment.get("weights")

    @property
    def table(self) -> pd.DataFrame:
        """``place, customer_id, name, score, first_place`` of the best, one row each."""
        return self._model.table(self._first or START, self.values)

    @property
    def stay(self) -> int:
        """How many of the first list, or of that by equal weights, are among the best."""
        return self._model.stay(self._first or START, self.values)

    @property
    def title(self) -> str:
        """How much each indicator counts, and how many stay."""
        return finding(self._model, self.values, self._first)


def page_data(model: WeightsModel) -> dict[str, object]:
    """Return everything that weights.js reads, as plain lists."""
    return {
        "key": model.key, "question": QUESTION, "labels": list(model.labels), "top": model.top, "shown": model.shown,
        "start": list(START), "hues": list(HUES), "names": model.customers["name"].tolist(), "ranks": model.ranks.tolist(),
    }  # fmt: skip


def at_rest(model: WeightsModel) -> tuple[str, str]:
    """Draw the triangle with the list beside it, by equal weights: HTML, and what it shows in words."""
    names = model.table(START, START)["name"].head(model.shown).tolist()
    alt = f"{finding(model, START, None)}. At the top: {', '.join(names)}."
    return _draw.for_two(_picture(model, names, alt, 620), _picture(model, names, alt, 340)), alt


def _picture(model: WeightsModel, names: Sequence[str], alt: str, width: int) -> str:
    parts, y = [], 8.0
    for line in textwrap.wrap(finding(model, START, None), int((width - 20) / 9.7)):
        y += 21
        parts.append(_text(12, y, line, ' font-weight="bold"', 16))
    beside = width > 500
    left, upper, high = 46.0, y + 40, _SIDE * 3**0.5 / 2
    corners = [(left, upper + high), (left + _SIDE, upper + high), (left + _SIDE / 2, upper)]
    outline = "L".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    parts.append(f'<path d="M{outline}Z" fill="none" stroke="{COLOURS["pale"]}" stroke-width="1.5"/>')
    for (x, at), label, hue, weight, down in zip(corners, model.labels, HUES, START, (20, 20, -10), strict=True):
        half = CHARACTER * (len(label) + 6) / 2  # whole, also at the edge
        middle = min(max(x, half), width - half)
        parts.append(_text(middle, at + down, f"{label} {weight} %", ' text-anchor="middle" font-weight="600"', colour=hue))
    x, at = (sum(weight * corner[axis] for weight, corner in zip(START, corners, strict=True)) / 100 for axis in (0, 1))
    parts.append(f'<circle cx="{x:.1f}" cy="{at:.1f}" r="9" fill="{COLOURS["red"]}"/>')
    x, top = (left + _SIDE + 90, y + 10) if beside else (12.0, upper + high + 36)
    for place, name in enumerate(names, 1):
        parts.append(_text(x, top + _ROW * place - 6, f"{place}. {textwrap.shorten(name, 28, placeholder='…')}"))
    bottom = max(upper + high + 36, top + _ROW * len(names) + 8)
    return _svg.image(parts, width, int(bottom + 1), alt)


def _text(x: float, y: float, text: str, attributes: str = "", size: int = FONT, colour: str = "ink") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{COLOURS[colour]}"{attributes}>{escape(text)}</text>'
