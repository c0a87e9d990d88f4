"""Pictures as SVG text: what must follow a slider at once.

Drawn in a thousandth of the time of a matplotlib figure. As in ``_draw``, a picture says its finding, names units and
carries alt text; it returns HTML and that text. What is worth drawing is known in the topics and widgets.
"""

from __future__ import annotations

import base64
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from crmlab._draw import GREEN, GRID, INK, PALE, RED
from crmlab._result import show


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of one measure: its mean over several firms, the interval of the mean, and each firm's own."""

    label: str
    middle: float
    low: float
    high: float
    each: Sequence[float]
    limits: tuple[float, float]  # of the axis, the same at every move of a slider
    text: Callable[[float], str]


def effects(rows: Sequence[Effect], *, title: str, note: str = "") -> tuple[str, str]:
    """Changes with their intervals as a picture: its HTML and its alt text.

    Drawn as SVG, which takes a thousandth of the time of a matplotlib figure, so that it can follow a slider.
    """
    wide, left, right, high = 720, 28, 28, 106
    lines = textwrap.wrap(title, 66)
    top = 24 * len(lines) + 16
    parts = [
        f'<text x="{left}" y="{22 + 24 * number}" font-size="17" font-weight="bold" fill="{INK}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    told = []
    for number, row in enumerate(rows):
        low, high_end = row.limits
        step = _nice((high_end - low) / 6)

        def x(value: float, low: float = low, high_end: float = high_end) -> float:
            return left + (wide - left - right) * (min(max(value, low), high_end) - low) / (high_end - low)

        y = top + high * number
        sure = row.low > 0 or row.high < 0
        colour = (GREEN if row.middle > 0 else RED) if sure else PALE
        middle, lowest, highest = (row.text(value).replace("-", "−") for value in (row.middle, row.low, row.high))
        words = f"{row.label}: {middle} (95 % interval {lowest} to {highest})"
        parts.append(f'<text x="{left}" y="{y + 14}" font-size="14" fill="{INK}">{escape(words)}</text>')
        first = step * -(-low // step)
        ticks = [first + step * place for place in range(int((high_end - first) / step + 1e-9) + 1)]
        for tick in ticks:
            mark = show(round(tick, 9)).replace("-", "−")
            parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{y + 26}" y2="{y + 70}" stroke="{GRID}"/>')
            parts.append(f'<text x="{x(tick):.1f}" y="{y + 86}" font-size="12" text-anchor="middle" fill="{INK}">{mark}</text>')
        parts.append(
            f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{y + 22}" y2="{y + 72}" stroke="{INK}" stroke-dasharray="4 3"/>'
        )
        parts += [f'<circle cx="{x(value):.1f}" cy="{y + 60}" r="3.5" fill="{PALE}" fill-opacity=".55"/>' for value in row.each]
        parts.append(
            f'<line x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{y + 40}" y2="{y + 40}" stroke="{colour}" '
            f'stroke-width="7" stroke-linecap="round"/><circle cx="{x(row.middle):.1f}" cy="{y + 40}" r="8" fill="{colour}"/>'
        )
        told.append(words)
    tall = top + high * len(rows) + 28
    legend = "dashed: no change · large dot: mean of the firms, with its interval · small dots: single firms"
    for number, line in enumerate((note, legend)):
        parts.append(f'<text x="{left}" y="{tall - 22 + 17 * number}" font-size="12.5" fill="{INK}">{escape(line)}</text>')
    alt = f"{title}. {'; '.join(told)}. {note}".strip()
    return _image(parts, wide, tall, alt), alt


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed line around a radar chart: one value for each axis."""

    label: str
    values: Sequence[float]
    colour: str
    filled: bool  # else dashed


def radar(
    names: Sequence[str], outlines: Sequence[Outline], *, lowest: float, highest: float, title: str, facts: Sequence[str] = ()
) -> tuple[str, str]:
    """Several values for each of some axes, as outlines on a radar, with facts below: its HTML and its alt text.

    Narrow, so that it can be read on a telephone; beside each axis stand the outlines' values, in their order.
    """
    wide, size = 420, 15
    reach = 138 if len(names) <= 5 else 110
    values = [" / ".join(f"{outline.values[k]:.2f}" for outline in outlines) for k in range(len(names))]
    boxes = [
        (max(0.6 * size * len(name), 0.6 * size * len(value)), 2.4 * size) for name, value in zip(names, values, strict=True)
    ]
    spots = _around(boxes, reach, wide / 2)
    head = textwrap.wrap(title, 46)
    # of labels and of the ring itself, whichever reaches further
    above = max(-min(y - high / 2 for (_, y), (_, high) in zip(spots, boxes, strict=True)), reach)
    below = max(max(y + high / 2 for (_, y), (_, high) in zip(spots, boxes, strict=True)), reach)
    across, down = wide / 2, 22 * len(head) + 22 + above

    def line(level: Sequence[float]) -> str:
        ends = [_spoke(k, len(names), reach * (value - lowest) / (highest - lowest)) for k, value in enumerate(level)]
        return " ".join(f"{across + x:.1f},{down + y:.1f}" for x, y in ends)

    def text(x: float, y: float, words: str, look: str = "") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{INK}"{look}>{escape(words)}</text>'

    parts = [text(12, 26 + 22 * number, words, ' font-weight="bold"') for number, words in enumerate(head)]
    for ring in range(math.ceil(lowest), math.floor(highest) + 1):
        parts.append(f'<polygon points="{line([ring] * len(names))}" fill="none" stroke="{GRID}"/>')
    for k in range(len(names)):
        x, y = _spoke(k, len(names), reach)
        parts.append(f'<path d="M{across:.1f},{down:.1f}L{across + x:.1f},{down + y:.1f}" stroke="{GRID}"/>')
    for outline in outlines:
        look = f'fill="{outline.colour}" fill-opacity=".15"' if outline.filled else 'fill="none" stroke-dasharray="6 4"'
        parts.append(f'<polygon points="{line(outline.values)}" {look} stroke="{outline.colour}" stroke-width="2.5"/>')
    for (x, y), name, value in zip(spots, names, values, strict=True):
        parts.append(text(across + x, down + y - 3, name, ' text-anchor="middle"'))
        parts.append(text(across + x, down + y + size, value, ' text-anchor="middle"'))
    y = down + below + 30
    for outline in outlines:
        look = "" if outline.filled else ' stroke-dasharray="6 4"'
        parts.append(f'<path d="M12,{y - 5:.1f}h34" stroke="{outline.colour}" stroke-width="3"{look}/>')
        parts.append(text(54, y, outline.label))
        y += 22
    told = " / ".join(outline.label for outline in outlines)
    scale = f"From {lowest:g} at the centre to {highest:g} at the edge; numbers: {told}"
    lines = [piece for fact in (scale, *facts) for piece in textwrap.wrap(fact, 46)]
    parts += [text(12, y + 4 + 22 * number, words) for number, words in enumerate(lines)]
    told = "; ".join(
        f"{name} " + ", ".join(f"{outline.label} {outline.values[k]:.2f}" for outline in outlines)
        for k, name in enumerate(names)
    )
    alt = ". ".join([title, told, *facts]) + "."
    return _image(parts, wide, round(y + 22 * len(lines)), alt), alt


def _spoke(number: int, count: int, length: float) -> tuple[float, float]:
    """A point on an axis of a radar, from its centre; the first axis points up, the others follow clockwise."""
    angle = math.tau * number / count - math.pi / 2
    return length * math.cos(angle), length * math.sin(angle)


def _around(boxes: Sequence[tuple[float, float]], reach: float, half: float) -> list[tuple[float, float]]:
    """Where the labels of a radar stand: centres of their boxes (width, height), outside the ring, not on one another."""
    count, flat = len(boxes), 0.01 * reach
    ends = [_spoke(k, count, reach) for k in range(count)]
    faces = [_spoke(2 * k + 1, 2 * count, 1) for k in range(count)]  # the directions between two axes
    spots: dict[int, tuple[float, float]] = {}
    for k in sorted(range(count), key=lambda k: round(abs(ends[k][1]))):  # those at the sides cannot give way
        (x, y), (wide, high) = ends[k], boxes[k]
        way = 1 if y > flat else -1
        last = max(way * end for _, end in ends)
        x, y = x / reach * (half - wide / 2), y + (way * (high / 2 + 14) if abs(y) > flat else 0)
        while True:
            apart = way * y - high / 2 > last + 6 or any(
                x * a + y * b - (wide * abs(a) + high * abs(b)) / 2 > reach * math.cos(math.pi / count) + 6 for a, b in faces
            )
            if apart and all(
                abs(x - u) > (wide + boxes[other][0]) / 2 or abs(y - v) > (high + boxes[other][1]) / 2
                for other, (u, v) in spots.items()
            ):
                break
            y += way
        spots[k] = (x, y)
    return [spots[k] for k in range(count)]


def _image(parts: Sequence[str], wide: int, tall: int, alt: str) -> str:
    """Pieces of SVG as an HTML image with its alt text, on white."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif"><rect width="{wide}" height="{tall}" fill="white"/>'
        f"{''.join(parts)}</svg>"
    )
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(alt, quote=True)}" width="{wide}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'


def _nice(step: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step - 1e-12)
