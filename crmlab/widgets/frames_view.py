"""Frames view: pictures computed beforehand as a widget, and the one at rest for those who have no kernel.

It turns controls and pictures into what ``frames.js`` reads; how they are made and checked is known in ``frames``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import traitlets

from crmlab.errors import ArgumentError
from crmlab.widgets.chart import Chart, svg
from crmlab.widgets.controls import Control
from crmlab.widgets.live import LiveWidget, script
from crmlab.widgets.still import buttons, ticks


class Frames(LiveWidget):
    """Controls, and the picture that they point at; the page moves by itself.

    Attributes
    ----------
    values : list of int
        The place of each control: a slider's step, a choice's number, 0 or 1 of a tick box.
    """

    _name = "frames"
    _moves = ("values",)
    _esm = script("frames")
    values = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, controls: Sequence[Control], pictures: Sequence[Chart | str]) -> None:
        self._controls, self._pictures = list(controls), list(pictures)
        start = [control.start for control in controls]
        super().__init__(page_data(controls, pictures), at_rest(controls, pictures[self._index(start)]), values=start)

    def _index(self, values: Sequence[int]) -> int:
        index = 0
        for control, at in zip(self._controls, values, strict=True):
            index = index * len(control.options) + at
        return index

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> list[int]:
        values = list(proposal["value"])
        sizes = [len(control.options) for control in self._controls]
        if len(values) != len(sizes) or not all(0 <= at < size for at, size in zip(values, sizes, strict=True)):
            raise ArgumentError(f"`values` must be the places of {len(sizes)} controls, each below {sizes}; they are {values}.")
        return values

    @property
    def picture(self) -> Chart | str:
        """The picture that the controls point at."""
        return self._pictures[self._index(self.values)]

    @property
    def title(self) -> str:
        """What the picture says."""
        return self.picture if isinstance(self.picture, str) else self.picture.title


def page_data(controls: Sequence[Control], pictures: Sequence[Chart | str]) -> dict[str, object]:
    """Return everything that frames.js reads, as plain lists; a layer that several pictures share is there once."""
    places: dict[str, int] = {}
    layers: list[dict] = []
    shown: list[dict[str, object]] = []
    for picture in pictures:
        if isinstance(picture, str):
            shown.append({"title": picture, "words": picture, "layers": []})
            continue
        indices = []
        for layer in picture.layers:
            key = json.dumps(layer)
            if key not in places:
                places[key] = len(layers)
                layers.append(layer)
            indices.append(places[key])
        shown.append({"title": picture.title, "words": repr(picture), "layers": indices})
    return {
        "controls": [
            {"name": c.name, "kind": c.kind, "options": list(range(len(c.options))), "texts": list(c.texts)} for c in controls
        ],
        "axes": pictures[0].axes() if isinstance(pictures[0], Chart) else None,
        "layers": layers,
        "frames": shown,
    }


def at_rest(controls: Sequence[Control], picture: Chart | str) -> tuple[str, str]:
    """Return a picture as HTML, and in words."""
    if isinstance(picture, Chart):
        return svg(picture), repr(picture)
    if all(each.kind == "tick" for each in controls):
        return ticks([(each.name, bool(each.start)) for each in controls], picture), picture
    return buttons(picture, [(each.name, [each.texts[each.start]]) for each in controls], picture), picture
