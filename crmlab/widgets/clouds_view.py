"""Clouds view: the bet as a widget, and as a picture for those who have no kernel.

It turns clouds into what ``clouds.js`` reads; numbers and words are those of ``clouds_model``. Stakes go into the reader's
journal, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import traitlets

from crmlab import _draw, _journal, _svg
from crmlab.widgets.chart import COLOURS, FONT
from crmlab.widgets.clouds_model import Cloud, caption, check_values, finding, lesson, question, won
from crmlab.widgets.live import LiveWidget, script

HUES = ("blue", "orange", "green", "purple")  # of groups
_PANEL, _GAP = 190, 14  # of the picture at rest, in pixels


class Clouds(LiveWidget):
    """Stakes on clouds, and their draws; the page moves by itself.

    Attributes
    ----------
    values : dict
        ``stakes``, coins on "real" for each cloud, below 0 on "noise"; ``draw``, from 0, the first customers; ``truth``, 1 if
        it is shown.
    commitment : dict
        ``kind, key, question, stakes, won``, or empty.
    """

    _name = "clouds"
    _moves = ("values", "commitment")
    _esm = script("clouds")
    values = traitlets.Dict().tag(sync=True)
    commitment = traitlets.Dict().tag(sync=True)

    def __init__(self, clouds: Sequence[Cloud], coins: int, key: str) -> None:
        self._clouds, self._coins = tuple(clouds), coins
        earlier = _journal.latest(key) or {}
        start = {"stakes": earlier.get("stakes", [0] * len(clouds)), "draw": 0, "truth": 0}
        super().__init__(page_data(clouds, coins, key), at_rest(clouds, start), values=start, commitment=earlier)

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> dict[str, object]:
        return check_values(proposal["value"], self._clouds, self._coins)

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)

    @property
    def title(self) -> str:
        """What is seen, or what was true."""
        return finding(self._clouds, self.values)

    @property
    def captions(self) -> list[str]:
        """What is said below each cloud."""
        return [caption(cloud, self.values) for cloud in self._clouds]

    @property
    def won(self) -> int:
        """Coins that the stakes win, less those that they lose."""
        return won(self._clouds, self.values["stakes"])

    @property
    def table(self) -> pd.DataFrame:
        """``cloud, source, groups, silhouette``, and the mean and least share who keep their colour: ``kept, kept_least``."""
        return pd.DataFrame(
            [
                (each.name, "real" if each.is_real else "noise", each.groups.max() + 1, each.silhouette,
                 each.kept[1:].mean(), each.kept[1:].min())
                for each in self._clouds
            ],
            columns=["cloud", "source", "groups", "silhouette", "kept", "kept_least"],
        )  # fmt: skip


def page_data(clouds: Sequence[Cloud], coins: int, key: str) -> dict[str, object]:
    """Return everything that clouds.js reads, as plain lists; the groups of a draw are a text of digits."""
    return {
        "key": key, "question": question(clouds), "coins": coins, "draws": len(clouds[0].groups) - 1, "hues": list(HUES),
        "lesson": lesson(clouds),
        "clouds": [
            {"name": each.name, "real": each.is_real, "silhouette": f"{each.silhouette:.2f}", "reach": each.reach,
             "points": each.points.tolist(), "groups": ["".join(map(str, row)) for row in each.groups]}
            for each in clouds
        ],
    }  # fmt: skip


def at_rest(clouds: Sequence[Cloud], values: dict) -> tuple[str, str]:
    """Draw the clouds side by side: HTML, and what it shows in words."""
    said = "; ".join(f"{each.name}: {caption(each, values)}" for each in clouds)
    alt = f"{finding(clouds, values)} Customers as dots, in the colours of their groups. {said}."
    return _draw.for_two(_picture(clouds, values, alt, 3), _picture(clouds, values, alt, 2)), alt


def _picture(clouds: Sequence[Cloud], values: dict, alt: str, columns: int) -> str:
    parts = [_text(12, 24, finding(clouds, values), 16, ' font-weight="bold"')] if columns > 2 else []
    top, high = (40 if parts else 4), _PANEL + 46
    for place, cloud in enumerate(clouds):
        left, upper = 12 + place % columns * (_PANEL + _GAP), top + place // columns * high
        parts += _panel(cloud, left, upper, caption(cloud, values))
    rows = -(-len(clouds) // columns)
    return _svg.image(parts, 12 + columns * (_PANEL + _GAP), top + rows * high, alt)


def _panel(cloud: Cloud, left: float, upper: float, text: str) -> list[str]:
    scale, middle = _PANEL / (2 * cloud.reach), _PANEL / 2
    dots = [
        f'<circle cx="{left + middle + scale * x:.1f}" cy="{upper + middle - scale * y:.1f}" r="3.5" '
        f'fill="{COLOURS[HUES[group]]}"/>'
        for (x, y), group in zip(cloud.points, cloud.groups[0], strict=True)
    ]
    frame = f'<rect x="{left}" y="{upper}" width="{_PANEL}" height="{_PANEL}" fill="none" stroke="{COLOURS["grid"]}"/>'
    return [frame, *dots, _text(left, upper + _PANEL + 18, f"{cloud.name}: {text}", FONT - 2)]


def _text(x: float, y: float, text: str, size: int, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{COLOURS["ink"]}"{attributes}>{escape(text)}</text>'
