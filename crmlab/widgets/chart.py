"""Chart: what a picture shows, as data that Python and the page draw alike.

A chart is two axes and layers of marks; it says its finding, names units and carries alt text. ``chart.js`` draws it in the
page, where it moves; ``svg`` draws the same marks at the same places for those who have no kernel. Nothing is clipped in
silence: what lies beyond an axis gets an arrow and its number. What is worth drawing is known to whoever makes the chart.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np

from crmlab import _draw, _svg
from crmlab.errors import ArgumentError
from crmlab.widgets.palette import LIGHT

#: Colours by the names that charts and pages use.
COLOURS = {name: colour for name, colour in LIGHT.items() if name not in ("paper", "focus")}
Numbers = Sequence[float] | np.ndarray
SHAPES = ("circle", "square", "diamond")
_LETTER = 7.4  # pixels of a letter in a longer line
_WIDTH = 600  # of the picture at rest, in pixels
_DIGITS = 6  # significant, of stored numbers: the last ones differ between machines


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: numbers from ``low`` to ``high``, or a place for each of some ``names``.

    Attributes
    ----------
    label : str
        What it holds, with its unit.
    low, high : float
        The ends, which stay while something moves.
    names : tuple of str
        Instead of numbers; on the y axis the first one stands on top.
    unit : str
        Written behind the numbers of the ticks, such as " %".
    decimals : int, optional
        Of values that are written beside marks; without it, of the ticks.

    Examples
    --------
    >>> from crmlab import widgets
    >>> widgets.Axis("weeks", 0, 60).ticks
    [0, 10, 20, 30, 40, 50, 60]
    """

    label: str
    low: float = 0.0
    high: float = 1.0
    names: tuple[str, ...] = ()
    unit: str = ""
    decimals: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        if not self.names and not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ArgumentError(
                f"the axis {self.label!r} must end above where it begins; it goes from {self.low} to {self.high}."
            )

    @property
    def step(self) -> float:
        """The distance of two ticks."""
        return _svg.round_up((self.high - self.low) / 6)

    @property
    def ticks(self) -> list[float]:
        """Where the ticks stand: round numbers, or the places of the names."""
        if self.names:
            return list(range(len(self.names)))
        first, step = math.ceil(self.low / self.step - 1e-9), self.step
        last = math.floor(self.high / step + 1e-9)
        return [int(tick) if tick == int(tick) else tick for tick in (round(step * k, 9) for k in range(first, last + 1))]

    def text(self, value: float, decimals: int | None = None) -> str:
        """Write a number as the axis does."""
        digits = decimals if decimals is not None else self.decimals
        if digits is None:
            digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        text = f"{abs(value):,.{digits}f}"
        minus = "−" if value < 0 and any(digit in text for digit in "123456789") else ""
        return f"{minus}{text}{self.unit}"

    def data(self) -> dict[str, object]:
        """Return what the page reads."""
        if self.names:
            return {"label": self.label, "names": list(self.names)}
        tick_digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return {
            "label": self.label, "low": self.low, "high": self.high, "unit": self.unit,
            "decimals": tick_digits if self.decimals is None else self.decimals,
            "ticks": [[tick, self.text(tick, tick_digits)] for tick in self.ticks],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A chart that Python and the page draw alike; each method returns a chart with one more layer.

    Attributes
    ----------
    title : str
        The finding, not the topic: "Two in five came back", not "Repeat purchases".
    x, y : Axis
        What the axes hold. One of them may have names.
    alt : str
        What the chart shows, for those who do not see it.
    height : int
        Of the place between the axes, in pixels; an axis of names on the left takes the height that its names need.
    layers : tuple of dict
        The marks so far, as the page reads them.

    Raises
    ------
    ArgumentError
        The alt text is empty, both axes have names, or a layer does not fit the axes.

    Examples
    --------
    >>> from crmlab import widgets
    >>> chart = widgets.Chart("Half came back", widgets.Axis("weeks", 0, 10), widgets.Axis("of 100", 0, 100), alt="A line.")
    >>> chart.line([0, 5, 10], [0, 40, 50], name="came back").dots([10], [50], colour="red")
    Half came back. A line.
    """

    title: str
    x: Axis
    y: Axis
    alt: str
    height: int = 240
    layers: tuple[dict, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.alt, str) or not self.alt.strip():
            raise ArgumentError("`alt` must say what the chart shows, for readers who do not see it.")
        if self.x.names and self.y.names:
            raise ArgumentError("one axis of a chart may have names; the other one must have numbers.")

    def line(self, x: Numbers, y: Numbers, *, name: str = "", colour: str = "blue", dashed: bool = False) -> Chart:
        """Add a line through points; all of it must lie between the ends of the axes."""
        points = self._points(x=x, y=y)
        for axis, values in ((self.x, points["x"]), (self.y, points["y"])):
            self._within(axis, values)
        return self._with("line", name, colour, dashed=dashed, **points)

    def band(self, x: Numbers, low: Numbers, high: Numbers, *, name: str = "", colour: str = "blue") -> Chart:
        """Add the surface between two lines."""
        points = self._points(x=x, low=low, high=high)
        for axis, values in ((self.x, points["x"]), (self.y, points["low"]), (self.y, points["high"])):
            self._within(axis, values)
        return self._with("band", name, colour, **points)

    def bars(self, values: Numbers, *, name: str = "", colour: str = "blue") -> Chart:
        """Add a bar for each name of the axis that has them, with its value beside it."""
        names = self.x.names or self.y.names
        if len(values) != len(names):
            raise ArgumentError(f"`values` must be {len(names)} numbers, one for each name; they are {len(values)}.")
        return self._with("bars", name, colour, **self._points(value=values))

    def dots(self, x: Numbers, y: Numbers, *, name: str = "", colour: str = "blue", shape: str = "circle") -> Chart:
        """Add dots; on an axis of names, a place is a number from 0."""
        if shape not in SHAPES:
            raise ArgumentError(f"`shape` must be one of {', '.join(SHAPES)}; it is {shape!r}.")
        return self._with("dots", name, colour, shape=shape, **self._points(x=x, y=y))

    def intervals(
        self, at: Numbers, middle: Numbers, low: Numbers, high: Numbers, *, name: str = "",
        colour: str | Sequence[str] = "blue",
    ) -> Chart:  # fmt: skip
        """Add a mean and its interval at each place of the axis that has names, or else of the x axis.

        ``colour`` may name one for each interval.
        """
        points = self._points(at=at, middle=middle, low=low, high=high)
        return self._with("intervals", name, colour, **points)

    def rule(
        self, *, x: float | None = None, y: float | None = None, name: str = "", colour: str = "ink", dashed: bool = True
    ) -> Chart:
        """Add a straight line across the chart, at one value of an axis."""
        if (x is None) == (y is None):
            raise ArgumentError("a rule stands at one value of one axis: give `x` or `y`.")
        place = {"x": _rounded(x)} if x is not None else {"y": _rounded(y)}
        return self._with("rule", name, colour, dashed=dashed, **place)

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", colour: str = "ink") -> Chart:
        """Add words at a place; ``anchor`` is "start", "middle" or "end"."""
        return self._with("text", "", colour, text=str(text), anchor=anchor, x=_rounded(x), y=_rounded(y))

    def _points(self, **columns: Numbers) -> dict[str, list[float]]:
        """Return columns of equal length as plain numbers."""
        try:
            arrays = {name: np.asarray(values, dtype=float).ravel() for name, values in columns.items()}
        except (TypeError, ValueError):
            raise ArgumentError(f"{', '.join(f'`{name}`' for name in columns)} must hold numbers.") from None
        sizes = {array.size for array in arrays.values()}
        if len(sizes) > 1 or not all(np.isfinite(array).all() for array in arrays.values()):
            raise ArgumentError(f"{', '.join(f'`{name}`' for name in columns)} must be equally many finite numbers.")
        return {name: [_rounded(value) for value in array] for name, array in arrays.items()}

    @staticmethod
    def _within(axis: Axis, values: Numbers) -> None:
        beyond = [value for value in values if not axis.names and not axis.low <= value <= axis.high]
        if beyond:
            raise ArgumentError(
                f"a line leaves the axis {axis.label!r} ({axis.low:g} to {axis.high:g}) at {beyond[0]:g}: give it wider ends."
            )

    def _with(self, kind: str, name: str, colour: str | Sequence[str], **marks: object) -> Chart:
        colours = [colour] if isinstance(colour, str) else list(colour)
        if unknown := [each for each in colours if each not in COLOURS]:
            raise ArgumentError(f"`colour` must be one of {', '.join(COLOURS)}; it is {unknown[0]!r}.")
        layer = {"kind": kind, "name": name, "colour": colour if isinstance(colour, str) else colours, **marks}
        return replace(self, layers=(*self.layers, layer))

    def axes(self) -> dict[str, object]:
        """Return what the page reads of the axes."""
        return {"x": self.x.data(), "y": self.y.data(), "height": self.height}

    def __repr__(self) -> str:
        return f"{self.title}{' ' if self.title.endswith(('?', '!', '.')) else '. '}{self.alt}"

    def _repr_html_(self) -> str:
        return _draw.for_two(svg(self), svg(self, _draw.NARROW))


def _rounded(value: float | None) -> float:
    """Return a number without the digits that differ between machines; whole ones as integers, which are shorter."""
    number = float(f"{float(value or 0):.{_DIGITS}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


# -- The picture at rest, as chart.js draws it in the page ---------------------------------------------------------

FONT, CHARACTER, ROW, NARROW = 13, 8.4, 40, 480  # letters, rows and narrow charts, in pixels, as in chart.js


class _Frame:
    """Where things lie on a chart of some width; ``layOut`` in chart.js does the same."""

    def __init__(self, chart: Chart, width: float) -> None:
        self.x, self.y, self.width = chart.x, chart.y, width
        self.stacked = bool(chart.y.names) and width < NARROW and _longest(chart.y.names) * CHARACTER > 0.34 * width
        most = (width - 24 if self.stacked else 0.34 * width) // CHARACTER  # names stand at the left, or above their rows
        self.names = [_wrap(name, int(most)) for name in chart.y.names]
        words = _longest([line for lines in self.names for line in lines]) * CHARACTER
        lines = max((len(name) for name in self.names), default=1)
        self.shift = 9 * lines - 2 if self.stacked else 0
        ticks = max((len(chart.y.text(tick)) for tick in chart.y.ticks), default=0) if not chart.y.names else 0
        self.left = 12.0 if self.stacked else (words if chart.y.names else ticks * CHARACTER) + 14
        self.right = width - 16.0
        self.top = 10.0
        row = ROW - 4 + 18 * lines if self.stacked else max(ROW, 18 * lines + 10)
        self.bottom = self.top + (row * len(chart.y.names) if chart.y.names else chart.height)
        self.height = self.bottom + 26.0

    def across(self, value: float) -> float:
        """Return where a value of the x axis lies."""
        if self.x.names:
            return self.left + (value + 0.5) * (self.right - self.left) / len(self.x.names)
        return self.left + (self.right - self.left) * _share(self.x, value)

    def down(self, value: float) -> float:
        """Return where a value of the y axis lies."""
        if self.y.names:
            return self.top + (value + 0.5) * (self.bottom - self.top) / len(self.y.names) + self.shift
        return self.bottom - (self.bottom - self.top) * _share(self.y, value)


def _longest(names: Sequence[str]) -> int:
    return max((len(name) for name in names), default=0)


def _wrap(name: str, most: int) -> list[str]:
    """Break words into lines of so many characters."""
    lines: list[str] = []
    for word in name.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _share(axis: Axis, value: float) -> float:
    return (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)


def svg(chart: Chart, width: int = _WIDTH) -> str:
    """Draw a chart at rest: an HTML image that is sharp at any size, with the alt text.

    Parameters
    ----------
    chart : Chart
    width : int
        In pixels.

    Returns
    -------
    str
    """
    parts, height = [], 14.0
    for line in textwrap.wrap(chart.title, max(20, int((width - 20) / 9.7))):
        height += 21
        parts.append(_words(12, height - 4, line, ' font-weight="bold"', size=16))
    legend, height = _legend(chart, height + 6, width)
    if chart.y.label:
        for line in textwrap.wrap(chart.y.label, int((width - 16) / _LETTER)):
            parts.append(_words(12, height + 14, line))
            height += 18
        height += 2
    frame = _Frame(chart, width)
    marks = [*_back(frame), *(mark for layer in chart.layers for mark in _marks(frame, layer)), *_names(frame)]
    parts += [*legend, f'<g transform="translate(0,{height:.0f})">{"".join(marks)}</g>']
    height += frame.height
    if chart.x.label:
        for line in textwrap.wrap(chart.x.label, int((width - 16) / _LETTER)):
            half = _LETTER * len(line) / 2
            middle = min(max((frame.left + frame.right) / 2, half + 4), width - half - 4)
            parts.append(_words(middle, height + 10, line, ' text-anchor="middle"'))
            height += 18
    return _svg.image(parts, width, math.ceil(height), repr(chart))


def _words(x: float, y: float, text: str, attributes: str = "", size: int = FONT, colour: str = "ink", rim: int = 3) -> str:
    edge = f'paint-order="stroke" stroke="#ffffff" stroke-width="{rim}"'  # letters stand out from what they cross
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{COLOURS[colour]}"'
    return f"<text {place} {edge}{attributes}>{escape(text)}</text>"


def _legend(chart: Chart, y: float, width: float) -> tuple[list[str], float]:
    """Draw the names of the layers, line by line; return them and the height where they end."""
    parts, x = [], 12.0
    named = [layer for layer in chart.layers if layer["name"]]
    for layer in named:
        lines = textwrap.wrap(layer["name"], int((width - 46) / _LETTER))
        wide = 34 + CHARACTER * len(layer["name"])
        if x + wide > width and x > 12:
            x, y = 12.0, y + 20
        colour = COLOURS[layer["colour"] if isinstance(layer["colour"], str) else "ink"]  # of many colours none stands for all
        if layer["kind"] == "dots":
            parts.append(_shape(layer["shape"], x + 12, y + 10, 6, colour))
        else:
            dash = ' stroke-dasharray="5 4"' if layer.get("dashed") else ""
            parts.append(f'<path d="M{x:.1f},{y + 10:.1f}h24" stroke="{colour}" stroke-width="3"{dash}/>')
        parts += [_words(x + 30, y + 14.5 + 18 * k, line) for k, line in enumerate(lines)]
        x, y = x + wide + 14, y + 18 * (len(lines) - 1)
    return parts, y + (24 if named else 0)


def _back(frame: _Frame) -> list[str]:
    """Draw grid, ticks, names and labels."""
    parts, last = [], -math.inf
    for tick in frame.x.ticks:
        x = frame.across(tick)
        text = frame.x.names[int(tick)] if frame.x.names else frame.x.text(tick)
        if not frame.x.names:
            parts.append(f'<path d="M{x:.1f},{frame.top:.1f}V{frame.bottom:.1f}" stroke="{COLOURS["grid"]}"/>')
        half = CHARACTER * len(text) / 2
        if x - half > last + 6:  # only as many as there is room for
            inside = min(max(x, half), frame.width - half)
            parts.append(_words(inside, frame.bottom + 18, text, ' text-anchor="middle"'))
            last = x + half
    for tick in frame.y.ticks:
        y = frame.down(tick)
        if not frame.y.names:
            parts.append(f'<path d="M{frame.left:.1f},{y:.1f}H{frame.right:.1f}" stroke="{COLOURS["grid"]}"/>')
            parts.append(_words(frame.left - 8, y + 4.5, frame.y.text(tick), ' text-anchor="end"'))
    return parts


def _names(frame: _Frame) -> list[str]:
    """Draw the names of rows, over everything that crosses them: left of their rows, or above them."""
    parts = []
    for k, lines in enumerate(frame.names):
        y = frame.down(k)
        for n, line in enumerate(lines):
            if frame.stacked:
                parts.append(_words(12, y - 18 - 18 * (len(lines) - 1 - n), line, rim=4))
            else:
                parts.append(_words(frame.left - 10, y + 4.5 + 18 * (n - (len(lines) - 1) / 2), line, ' text-anchor="end"'))
    return parts


def _shape(shape: str, x: float, y: float, size: float, colour: str) -> str:
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{colour}"/>'
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if shape == "diamond" else ""
    wide = 2 * size if shape == "square" else 1.8 * size
    return f'<rect x="{x - wide / 2:.1f}" y="{y - wide / 2:.1f}" width="{wide:.1f}" height="{wide:.1f}" fill="{colour}"{turn}/>'


def _marks(frame: _Frame, layer: dict) -> list[str]:
    colour = COLOURS[layer["colour"]] if isinstance(layer["colour"], str) else ""
    if layer["kind"] == "line":
        dash = ' stroke-dasharray="6 4"' if layer["dashed"] else ""
        points = _path(frame, layer["x"], layer["y"])
        return [f'<path d="M{points}" fill="none" stroke="{colour}" stroke-width="2.4"{dash}/>']
    if layer["kind"] == "band":
        there, back = _path(frame, layer["x"], layer["low"]), _path(frame, layer["x"][::-1], layer["high"][::-1])
        return [f'<path d="M{there}L{back}Z" fill="{colour}" fill-opacity=".2"/>']
    if layer["kind"] == "rule":
        dash = ' stroke-dasharray="4 3"' if layer["dashed"] else ""
        if "x" in layer:
            place = f"M{frame.across(layer['x']):.1f},{frame.top:.1f}V{frame.bottom:.1f}"
        else:
            place = f"M{frame.left:.1f},{frame.down(layer['y']):.1f}H{frame.right:.1f}"
        return [f'<path d="{place}" stroke="{colour}" stroke-width="1.6"{dash}/>']
    if layer["kind"] == "text":
        anchor = f' text-anchor="{layer["anchor"]}"'
        return [_words(frame.across(layer["x"]), frame.down(layer["y"]), layer["text"], anchor, colour=layer["colour"])]
    if layer["kind"] == "bars":
        return [mark for k, value in enumerate(layer["value"]) for mark in _bar(frame, k, value, colour)]
    if layer["kind"] == "dots":
        return [mark for x, y in zip(layer["x"], layer["y"], strict=True) for mark in _dot(frame, x, y, layer["shape"], colour)]
    colours = [layer["colour"]] * len(layer["at"]) if colour else layer["colour"]
    columns = zip(layer["at"], layer["middle"], layer["low"], layer["high"], colours, strict=True)
    return [
        mark for at, middle, low, high, name in columns for mark in _interval(frame, at, (middle, low, high), COLOURS[name])
    ]


def _path(frame: _Frame, xs: Sequence[float], ys: Sequence[float]) -> str:
    return "L".join(f"{frame.across(x):.1f},{frame.down(y):.1f}" for x, y in zip(xs, ys, strict=True))


def _bar(frame: _Frame, k: int, value: float, colour: str) -> list[str]:
    if frame.y.names:
        zero, end, y = frame.across(max(0, frame.x.low)), frame.across(value), frame.down(k)
        text = _beyond(frame, frame.x, value, end, y) or [
            _words(end + (6 if value >= 0 else -6), y + 4.5, frame.x.text(value),
                   "" if value >= 0 else ' text-anchor="end"')
        ]  # fmt: skip
        return [
            f'<rect x="{min(zero, end):.1f}" y="{y - 11:.1f}" width="{abs(end - zero):.1f}" height="22" fill="{colour}"/>',
            *text,
        ]
    zero, end, x = frame.down(max(0, frame.y.low)), frame.down(value), frame.across(k)
    wide = 0.6 * (frame.right - frame.left) / len(frame.x.names)
    return [
        f'<rect x="{x - wide / 2:.1f}" y="{min(zero, end):.1f}" width="{wide:.1f}" height="{abs(end - zero):.1f}" '
        f'fill="{colour}"/>',
        *_beyond(frame, frame.y, value, x, end),
    ]


def _dot(frame: _Frame, x: float, y: float, shape: str, colour: str) -> list[str]:
    at = frame.across(x), frame.down(y)
    return [_shape(shape, *at, 6, colour), *_beyond(frame, frame.x, x, *at), *_beyond(frame, frame.y, y, *at)]


def _interval(frame: _Frame, at: float, values: tuple[float, float, float], colour: str) -> list[str]:
    middle, low, high = values
    if frame.y.names:
        y, ends = frame.down(at), [frame.across(value) for value in (middle, low, high)]
        path, dot = f"M{ends[1]:.1f},{y:.1f}H{ends[2]:.1f}", (ends[0], y)
        arrows = [mark for value in (low, high) for mark in _beyond(frame, frame.x, value, frame.across(value), y)]
    else:
        x, ends = frame.across(at), [frame.down(value) for value in (middle, low, high)]
        path, dot = f"M{x:.1f},{ends[1]:.1f}V{ends[2]:.1f}", (x, ends[0])
        arrows = [mark for value in (low, high) for mark in _beyond(frame, frame.y, value, x, frame.down(value))]
    return [f'<path d="{path}" stroke="{colour}" stroke-width="5"/>', _shape("circle", *dot, _dot_size(ends), colour), *arrows]


def _dot_size(ends: Sequence[float]) -> float:
    """Return the radius of a mean: smaller where it would hide its interval."""
    length = abs(ends[2] - ends[1])
    return 7 if length < 0.5 else min(7, max(3.5, round(length / 2) - 3))


def _beyond(frame: _Frame, axis: Axis, value: float, x: float, y: float) -> list[str]:
    """Draw an arrow and the number of a value that lies beyond its axis."""
    if axis.names or axis.low <= value <= axis.high:
        return []
    text = axis.text(value)
    if axis is frame.x:
        side = 1 if value > axis.high else -1
        arrow = f"M{x:.1f},{y - 6:.1f}l{9 * side},6l{-9 * side},6z"
        words = _words(x - 4 * side, y - 10, text, f' text-anchor="{"end" if side > 0 else "start"}"')
    else:
        side = -1 if value > axis.high else 1
        arrow = f"M{x - 6:.1f},{y:.1f}l6,{9 * side}l6,{-9 * side}z"
        words = _words(x + 9, y + (12 if side < 0 else -4), text)
    return [f'<path d="{arrow}" fill="{COLOURS["ink"]}"/>', words]
