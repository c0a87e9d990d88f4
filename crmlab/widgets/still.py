"""Still: pictures of controls at rest, for those who have no kernel.

A stored notebook shows what a reader could choose from, as a picture with its alt text. What is asked is known to the widget;
charts at rest are drawn by ``chart``.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from html import escape

from crmlab import _svg
from crmlab.widgets.chart import CHARACTER, COLOURS, FONT

_WIDTH, _GAP, _HIGH = 680, 8, 32  # of the picture, between buttons and of a button, in pixels


def buttons(question: str, groups: Sequence[tuple[str, Sequence[str]]], alt: str) -> str:
    """Draw a question and, row by row, what can be chosen: an HTML image with its alt text.

    Parameters
    ----------
    question : str
    groups : list of (str, list of str)
        The name of each choice, and its options.
    alt : str

    Returns
    -------
    str
    """
    parts, y = _question(question)
    for name, options in groups:
        left = 22 + CHARACTER * max(len(group) for group, _ in groups)
        parts.append(_text(12, y + 21, name, ' font-weight="600"'))
        x = left
        for option in options:
            wide = CHARACTER * len(option) + 22
            if x > left and x + wide > _WIDTH - 12:
                x, y = left, y + _HIGH + _GAP
            shown = textwrap.shorten(option, max(4, int((_WIDTH - 24 - x) / CHARACTER)), placeholder="…")
            wide = min(wide, _WIDTH - 12 - x)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{_HIGH}" rx="4" fill="none" '
                f'stroke="{COLOURS["pale"]}"/>'
            )
            parts.append(_text(x + wide / 2, y + 21, shown, ' text-anchor="middle"'))
            x += wide + _GAP
        y += _HIGH + 12
    return _svg.image(parts, _WIDTH, math.ceil(y + 4), alt)


def ticks(names: Sequence[tuple[str, bool]], text: str) -> str:
    """Draw tick boxes and what they say together: an HTML image with its alt text.

    Parameters
    ----------
    names : list of (str, bool)
        Each tick box, and whether it is ticked.
    text : str
        What they say.

    Returns
    -------
    str
    """
    parts, y = [], 12.0
    for name, is_on in names:
        fill = COLOURS["blue"] if is_on else "none"
        parts.append(f'<rect x="12" y="{y:.1f}" width="16" height="16" rx="3" fill="{fill}" stroke="{COLOURS["pale"]}"/>')
        if is_on:
            parts.append(f'<path d="M15.5,{y + 8:.1f}l3.5,4l6,-8" fill="none" stroke="#ffffff" stroke-width="2"/>')
        parts.append(_text(38, y + 13, name))
        y += 28
    for line in textwrap.wrap(text, 86):
        y += 20
        parts.append(_text(12, y, line, ' font-weight="600"'))
    return _svg.image(parts, _WIDTH, math.ceil(y + 14), text)


def _question(question: str) -> tuple[list[str], float]:
    parts, y = [], 6.0
    for line in textwrap.wrap(question, 70):
        y += 21
        parts.append(_text(12, y, line, ' font-weight="bold"', 16))
    return parts, y + 16


def _text(x: float, y: float, text: str, attributes: str = "", size: int = FONT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{COLOURS["ink"]}"{attributes}>{escape(text)}</text>'
