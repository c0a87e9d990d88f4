"""Pictures as SVG text: what must follow a slider at once.

Drawn in a thousandth of the time of a matplotlib figure. As in ``_draw``, a picture says its finding, names units and
carries alt text; it returns HTML and that text. What is worth drawing is known in the topics and widgets.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from crmlab import _draw
from crmlab._draw import GREEN, GRID, INK, PALE, RED
from crmlab._result import show
from crmlab._verdict import Verdict, verdict

_LEFT, _WIDTH, _ROW_HEIGHT = 28, 720, 106  # of the picture of effects, in pixels; the margin is the same on both sides
_LETTER, _BOLD = 0.54, 0.6  # width of a letter, as a share of its size
_RADAR_WIDTH, _FONT_SIZE, _LINE_HEIGHT = 420, 15, 22  # of the radar, in pixels


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of one measure, estimated from several firms.

    Attributes
    ----------
    label : str
        The measure, with its unit.
    middle, low, high : float
        The mean over the firms, and the interval of the mean.
    each : sequence of float, shape (firms,)
        The change in each firm.
    limits : tuple of float, shape (2,)
        Ends of the axis, the same at every move of a slider.
    text : callable
        Writes a value.
    """

    label: str
    middle: float
    low: float
    high: float
    each: Sequence[float]
    limits: tuple[float, float]
    text: Callable[[float], str]

    @property
    def reading(self) -> str:
        """The change in words."""
        middle, low, high = (self.text(value).replace("-", "−") for value in (self.middle, self.low, self.high))
        return f"{self.label}: {middle} (95 % interval {low} to {high})"

    @property
    def colour(self) -> str:
        """Pale unless the interval lies on one side of zero."""
        return {Verdict.HIGHER: GREEN, Verdict.LOWER: RED}.get(verdict(self.low, self.high), PALE)


def effects(rows: Sequence[Effect], *, title: str, note: str = "") -> tuple[str, str]:
    """Draw changes with their intervals, one below the other, for wide pages and for telephones: the HTML and the alt text."""
    alt = f"{title}. {'; '.join(row.reading for row in rows)}. {note}".strip()
    wide, narrow = (_effects(rows, title, note, alt, width) for width in (_WIDTH, _draw.NARROW))
    return _draw.for_two(wide, narrow), alt


def _effects(rows: Sequence[Effect], title: str, note: str, alt: str, width: int) -> str:
    left = _LEFT if width == _WIDTH else _LEFT // 2
    room, parts, y = width - 2 * left, [], 0.0

    def write(text: str, size: float, weight: str = "") -> None:
        nonlocal y
        for line in textwrap.wrap(text, int(room / ((_BOLD if weight else _LETTER) * size))):
            y += 1.4 * size
            parts.append(f'<text x="{left}" y="{y:.1f}" font-size="{size}"{weight} fill="{INK}">{escape(line)}</text>')

    write(title, 17, ' font-weight="bold"')
    for row in rows:
        y += 14
        write(row.reading, 14)
        parts += _effect(row, y - 14, left, width)
        y += 76
    y += 8
    legend = "dashed: no change · large dot: mean of the firms, with its interval · small dots: single firms"
    for line in (note, legend):
        write(line, 12.5)
    return image(parts, width, math.ceil(y + 8), alt)


def _effect(row: Effect, y: float, left: int, width: int) -> list[str]:
    """Draw one change below height ``y``: its axis, each firm, and the mean with its interval."""
    lowest, highest = row.limits

    def x(value: float) -> float:
        return left + (width - 2 * left) * (min(max(value, lowest), highest) - lowest) / (highest - lowest)

    parts, last = [], -math.inf
    step = round_up((highest - lowest) / 6)
    first = step * -(-lowest // step)
    for tick in (first + step * k for k in range(int((highest - first) / step + 1e-9) + 1)):
        text = show(round(tick, 9)).replace("-", "−")
        half = 0.5 * 12 * _BOLD * len(text)
        middle = min(max(x(tick), half), width - half)
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{y + 26}" y2="{y + 70}" stroke="{GRID}"/>')
        if middle - half > last + 6:  # only as many as there is room for
            parts.append(f'<text x="{middle:.1f}" y="{y + 86}" font-size="12" text-anchor="middle" fill="{INK}">{text}</text>')
            last = middle + half
    parts.append(f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{y + 22}" y2="{y + 72}" stroke="{INK}" stroke-dasharray="4 3"/>')
    within = [value for value in row.each if lowest <= value <= highest]
    parts += [f'<circle cx="{x(value):.1f}" cy="{y + 60}" r="3.5" fill="none" stroke="{PALE}"/>' for value in within]
    edges = (left, width - left)
    parts += _beyond(row, row.each, y + 60, y + 74, PALE, edges)
    parts.append(
        f'<line x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{y + 40}" y2="{y + 40}" stroke="{row.colour}" '
        'stroke-width="7" stroke-linecap="round"/>'
    )
    if lowest <= row.middle <= highest:
        parts.append(f'<circle cx="{x(row.middle):.1f}" cy="{y + 40}" r="8" fill="{row.colour}"/>')
    return parts + _beyond(row, (row.low, row.middle, row.high), y + 40, y + 33, row.colour, edges)


def _beyond(
    row: Effect, values: Sequence[float], y: float, text_y: float, colour: str, edges: tuple[float, float]
) -> list[str]:
    """Draw an arrow at each end of the axis that values lie beyond, with the furthest of them, and how many they are."""
    parts = []
    for side, end, edge, anchor in zip((-1, 1), row.limits, edges, ("start", "end"), strict=True):
        outside = [value for value in values if side * (value - end) > 0]
        if outside:
            furthest = row.text(max(outside, key=lambda value: side * value)).replace("-", "−")
            number = furthest if len(outside) == 1 else f"{len(outside)} beyond, to {furthest}"
            parts.append(f'<path d="M{edge + 14 * side},{y}l{-12 * side},-7v14z" fill="{colour}"/>')
            parts.append(f'<text x="{edge}" y="{text_y}" font-size="12" text-anchor="{anchor}" fill="{INK}">{number}</text>')
    return parts


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed line around a radar chart.

    Attributes
    ----------
    label : str
    values : sequence of float, shape (axes,)
    colour : str
    filled : bool
        Else dashed.
    """

    label: str
    values: Sequence[float]
    colour: str
    filled: bool


def radar(
    names: Sequence[str], outlines: Sequence[Outline], *, lowest: float, highest: float, title: str, facts: Sequence[str] = ()
) -> tuple[str, str]:
    """Draw several values for each of some axes, as outlines on a radar with facts below: the HTML and the alt text.

    Narrow, so that it can be read on a telephone; beside each axis stand the outlines' values, in their order.
    """
    radius = 138.0 if len(names) <= 5 else 110.0
    values = [" / ".join(f"{outline.values[k]:.2f}" for outline in outlines) for k in range(len(names))]
    boxes = [
        (max(0.6 * _FONT_SIZE * len(name), 0.6 * _FONT_SIZE * len(value)), 2.4 * _FONT_SIZE)
        for name, value in zip(names, values, strict=True)
    ]
    centres = label_centres(boxes, radius, _RADAR_WIDTH / 2)
    title_lines = textwrap.wrap(title, 46)
    # of labels and of the ring itself, whichever reaches further
    above = max(-min(y - height / 2 for (_, y), (_, height) in zip(centres, boxes, strict=True)), radius)
    below = max(max(y + height / 2 for (_, y), (_, height) in zip(centres, boxes, strict=True)), radius)
    x, y = _RADAR_WIDTH / 2, _LINE_HEIGHT * len(title_lines) + 22 + above
    parts = [_text(12, 26 + _LINE_HEIGHT * k, line, ' font-weight="bold"') for k, line in enumerate(title_lines)]
    parts += _web(len(names), outlines, (x, y, radius), lowest, highest)
    for (dx, dy), name, value in zip(centres, names, values, strict=True):
        parts.append(_text(x + dx, y + dy - 3, name, ' text-anchor="middle"'))
        parts.append(_text(x + dx, y + dy + _FONT_SIZE, value, ' text-anchor="middle"'))
    scale = f"From {lowest:g} at the centre to {highest:g} at the edge; numbers: {' / '.join(each.label for each in outlines)}"
    lines = [line for fact in (scale, *facts) for line in textwrap.wrap(fact, 46)]
    legend, y = _legend(outlines, y + below + 30)
    parts += legend
    parts += [_text(12, y + 4 + _LINE_HEIGHT * k, line) for k, line in enumerate(lines)]
    readings = "; ".join(
        f"{name} " + ", ".join(f"{outline.label} {outline.values[k]:.2f}" for outline in outlines)
        for k, name in enumerate(names)
    )
    alt = ". ".join([title, readings, *facts]) + "."
    return image(parts, _RADAR_WIDTH, round(y + _LINE_HEIGHT * len(lines)), alt), alt


def _web(
    axes: int, outlines: Sequence[Outline], circle: tuple[float, float, float], lowest: float, highest: float
) -> list[str]:
    """Draw rings, axes and outlines into the circle (x, y, radius)."""
    x, y, radius = circle

    def polygon(values: Sequence[float]) -> str:
        points = [_spoke(k, axes, radius * (value - lowest) / (highest - lowest)) for k, value in enumerate(values)]
        return " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)

    rings = range(math.ceil(lowest), math.floor(highest) + 1)
    parts = [f'<polygon points="{polygon([ring] * axes)}" fill="none" stroke="{GRID}"/>' for ring in rings]
    for dx, dy in (_spoke(k, axes, radius) for k in range(axes)):
        parts.append(f'<path d="M{x:.1f},{y:.1f}L{x + dx:.1f},{y + dy:.1f}" stroke="{GRID}"/>')
    for outline in outlines:
        style = f'fill="{outline.colour}" fill-opacity=".15"' if outline.filled else 'fill="none" stroke-dasharray="6 4"'
        parts.append(f'<polygon points="{polygon(outline.values)}" {style} stroke="{outline.colour}" stroke-width="2.5"/>')
    return parts


def _legend(outlines: Sequence[Outline], y: float) -> tuple[list[str], float]:
    """Draw the legend from height ``y`` on; return it and the height where it ends."""
    parts = []
    for outline in outlines:
        style = "" if outline.filled else ' stroke-dasharray="6 4"'
        parts.append(f'<path d="M12,{y - 5:.1f}h34" stroke="{outline.colour}" stroke-width="3"{style}/>')
        parts.append(_text(54, y, outline.label))
        y += _LINE_HEIGHT
    return parts, y


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{_FONT_SIZE}" fill="{INK}"{attributes}>{escape(text)}</text>'


def _spoke(k: int, axes: int, length: float) -> tuple[float, float]:
    """Return a point on axis ``k`` of a radar, from its centre; the first axis points up, the others follow clockwise."""
    angle = math.tau * k / axes - math.pi / 2
    return length * math.cos(angle), length * math.sin(angle)


def label_centres(boxes: Sequence[tuple[float, float]], radius: float, half_width: float) -> list[tuple[float, float]]:
    """Place the labels of a radar outside the ring and apart from one another: the centres of their boxes (width, height).

    Distances are from the centre of the ring. ``labelCentres`` in ``radar.js`` does the same.
    """
    axes, flat = len(boxes), 0.01 * radius
    tips = [_spoke(k, axes, radius) for k in range(axes)]
    normals = [_spoke(2 * k + 1, 2 * axes, 1) for k in range(axes)]  # of the ring's sides
    centres: dict[int, tuple[float, float]] = {}
    for k in sorted(range(axes), key=lambda k: round(abs(tips[k][1]))):  # labels at the sides cannot give way
        (x, y), (width, height) = tips[k], boxes[k]
        direction = 1 if y > flat else -1
        furthest = max(direction * tip for _, tip in tips)
        x, y = x / radius * (half_width - width / 2), y + (direction * (height / 2 + 14) if abs(y) > flat else 0)
        while True:
            outside = direction * y - height / 2 > furthest + 6 or any(
                x * a + y * b - (width * abs(a) + height * abs(b)) / 2 > radius * math.cos(math.pi / axes) + 6
                for a, b in normals
            )
            if outside and all(
                abs(x - u) > (width + boxes[other][0]) / 2 or abs(y - v) > (height + boxes[other][1]) / 2
                for other, (u, v) in centres.items()
            ):
                break
            y += direction
        centres[k] = (x, y)
    return [centres[k] for k in range(axes)]


def image(parts: Sequence[str], width: int, height: int, alt: str) -> str:
    """Write pieces of SVG as an HTML image with its alt text, on white."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif"><rect width="{width}" height="{height}" fill="white"/>'
        f"{''.join(parts)}</svg>"
    )
    return _draw.image("svg+xml", svg.encode(), width, alt)


def round_up(step: float) -> float:
    """Return the next round number: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step - 1e-12)
