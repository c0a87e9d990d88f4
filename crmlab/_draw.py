"""Charts of tidy tables, in one house style.

A chart says its finding in the title, names units on its axes, carries alt text for those who do
not see it, and uses colours that everyone can tell apart and see on white, or a single scale from
light to dark. What lies beyond an axis is marked with an arrow and its number. This room draws what
it is given; what is worth drawing, and what it means, is known in the topics. matplotlib is imported
when ink is spent.
"""

from __future__ import annotations

import base64
import io
import logging
import textwrap
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from crmlab._result import percent, show
from crmlab.errors import ArgumentError, CrmlabWarning

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontManager

NARROWEST = 440  # pixels of a picture on a telephone: it scrolls sideways before its letters become too small to read
INK, PALE, GRID = "#222222", "#8a8a8a", "#e4e4e4"
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW = COLOURS = (
    "#0072B2", "#BD8400", "#009E73", "#9E4F7D", "#4B97BD", "#EB3B4C", "#705600",
)  # fmt: skip  # at least 3 to 1 on white, and as far apart as can be with any colour vision: tests/test_draw.py
_LIGHT, _DARK = "#e3edf7", "#08306b"  # one hue from light to dark: read alike in grey and with any colour vision
_CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "SimHei", "Arial Unicode MS",
)  # fmt: skip


_LARGE = 300_000  # letters of SVG above which pixels take less: dots by the thousand


@cache
def _chinese_font() -> str:
    """Return the first installed font that draws Chinese, or ""."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    if not (name := _first_listed(fontManager)):  # its list is kept between starts, without what was installed since
        for path in set(findSystemFonts()) - {font.fname for font in fontManager.ttflist}:
            with suppress(Exception):  # a file that matplotlib cannot read is no font to draw with
                fontManager.addfont(path)
        name = _first_listed(fontManager)
    if name:  # many have no bold; matplotlib would say so below every chart with a bold title
        logging.getLogger("matplotlib.font_manager").addFilter(
            lambda record: f"weight bold for {name}" not in record.getMessage()
        )
    return name


def _first_listed(fonts: FontManager) -> str:
    listed = {font.name for font in fonts.ttflist}
    return next((name for name in _CHINESE_FONTS if name in listed), "")


def has_chinese() -> bool:
    """Return whether a font that draws Chinese is installed."""
    return bool(_chinese_font())


def _fonts() -> list[str]:
    return ["DejaVu Sans", _chinese_font()] if has_chinese() else ["DejaVu Sans"]


def _style() -> dict:
    return {
        "font.size": 11, "text.color": INK, "axes.labelcolor": INK,
        "axes.edgecolor": PALE, "axes.axisbelow": True,
        "axes.grid": True, "grid.color": GRID, "xtick.color": INK, "ytick.color": INK,
        "figure.facecolor": "white", "axes.facecolor": "white",
    }  # fmt: skip


@cache
def _chart_class() -> type[Figure]:
    from matplotlib.figure import Figure

    class Chart(Figure):
        """A figure that shows itself with its alt text."""

        alt = ""

        def _ipython_display_(self) -> None:
            from IPython.display import display

            display({"text/html": html(self), "text/plain": self.alt}, raw=True)

    return Chart


def new_axes(ax: Axes | None = None, *, width: float = 7.2, height: float = 4.2) -> Axes:
    """Return axes to draw on: the given ones, or those of a new chart."""
    import matplotlib.axes
    import matplotlib.pyplot as plt

    if ax is None:
        with plt.rc_context(_style()):
            figure = plt.figure(FigureClass=_chart_class(), figsize=(width, height), layout="constrained")
            interactive = plt.isinteractive()  # a notebook's way of drawing is chosen at the first figure
            axes = figure.add_subplot()
        plt.interactive(interactive)  # ... and the end of the context would take it back: the next figure would never show
        return axes
    if not isinstance(ax, matplotlib.axes.Axes):
        raise ArgumentError(f"`ax` must be matplotlib Axes, e.g. from `plt.subplots()`; it is {type(ax).__name__}.")
    return ax


def decorate(ax: Axes, *, title: str, x: str = "", y: str = "", alt: str = "") -> Axes:
    """Write the finding, the units and the alt text."""
    from matplotlib.text import Text

    figure = figure_of(ax)
    letters = int(figure.get_size_inches()[0] * 7.5)
    ax.set_title("\n".join(textwrap.wrap(title, letters)), loc="left", fontsize=13, fontweight="bold", pad=12)
    ax.set(xlabel=x, ylabel=y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(which="both", labelfontfamily=_fonts())
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a $ in somebody's words is money
        text.set_fontfamily(_fonts())
    figure.alt = f"{title}. {alt}" if alt else title  # type: ignore[attr-defined]  # also on a figure that is no chart of ours
    texts = [title, x, y, *(label.get_text() for label in (*ax.get_xticklabels(), *ax.get_yticklabels()))]
    if not has_chinese() and any("\u4e00" <= letter <= "\u9fff" for letter in "".join(texts)):
        warnings.warn(
            "this chart has Chinese text, and no Chinese font is installed, so boxes stand in its place. Install one "
            "(Debian and Ubuntu: sudo apt install fonts-noto-cjk; others: Noto Sans SC) and start Python again.",
            CrmlabWarning,
            stacklevel=3,
        )
    return ax


def figure_of(ax: Axes) -> Figure:
    """Return the figure on which axes stand."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ArgumentError("these axes have been removed from their figure. Draw on new ones.")
    return figure


def html(figure: Figure, *, dpi: float | None = None) -> str:
    """Write a figure as an HTML image with its alt text: as SVG, sharp at any size; with ``dpi``, as pixels, for speed."""
    kind, data = ("png", _png(figure, dpi)) if dpi else ("svg+xml", _svg(figure))
    if len(data) > _LARGE and not dpi:
        kind, data = "png", _png(figure, 2 * 96)
    alt = escape(getattr(figure, "alt", ""), quote=True)
    width = round(figure.get_size_inches()[0] * 96)
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img alt="{alt}" width="{width}" style="max-width:100%;min-width:{min(width, NARROWEST)}px" src="{source}">'


def _png(figure: Figure, dpi: float) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=dpi)
    return png.getvalue()


def _svg(figure: Figure) -> bytes:
    """Write a figure as SVG, the same at every time; letters stay letters, so that the reader's fonts can write them."""
    import matplotlib as mpl

    svg = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crmlab"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")  # the reader's browser writes these letters
        figure.savefig(svg, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return svg.getvalue().replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif").encode()


def finish(figure: Figure, *, dpi: float | None = None) -> tuple[str, str]:
    """Close a figure and return it as an HTML image and its alt text."""
    import matplotlib.pyplot as plt

    image = html(figure, dpi=dpi)
    plt.close(figure)
    return image, getattr(figure, "alt", "")


def bars(heights: pd.Series, *, title: str, x: str, y: str, alt: str = "", ax: Axes | None = None, share: bool = False) -> Axes:
    """Draw one bar for each entry, its height written on it."""
    ax = new_axes(ax)
    rectangles = ax.bar([str(label) for label in heights.index], heights.to_numpy(), color=BLUE, width=0.75)
    ax.bar_label(rectangles, [percent(height) if share else show(height) for height in heights], padding=2, fontsize=9.5)
    ax.grid(axis="x", visible=False)
    _format_numbers(ax.yaxis, share)
    ax.margins(y=0.1)
    for k, height in enumerate(heights):
        mark_beyond(ax, [height], k, BLUE, percent if share else show, upright=True)
    return decorate(ax, title=title, x=x, y=y, alt=alt)


def heatmap(
    matrix: pd.DataFrame, *, title: str, x: str, y: str, alt: str = "", share: bool = False, label: str = "",
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw a matrix as coloured cells with their values; empty cells stay white."""
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    rows, columns = matrix.shape
    ax = new_axes(ax, width=max(6.5, min(11, 2.2 + 0.62 * columns)), height=max(3.4, min(11, 1.6 + 0.36 * rows)))
    annotated = columns <= 16 and rows <= 26
    numbers = "{x:.0%}" if share else "{x:,.0f}"
    shades = LinearSegmentedColormap.from_list("light to dark", [_LIGHT, _DARK])
    sns.heatmap(
        matrix, ax=ax, cmap=shades, vmin=0, annot=annotated, fmt=".0%" if share else ",.0f", linewidths=0.6,
        annot_kws={"fontsize": 9.5}, cbar=not annotated, cbar_kws=None if annotated else {"label": label, "format": numbers},
    )  # fmt: skip
    cells = np.asarray(ax.collections[0].get_facecolor())[matrix.notna().to_numpy().ravel()]
    for text, shade in zip(ax.texts, cells, strict=False):
        text.set_color("white" if contrast(shade[:3]) > 4.58 else "black")  # there both read equally well
    ax.tick_params(length=0)
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return decorate(ax, title=title, x=x, y=y, alt=alt)


def curves(
    table: pd.DataFrame, *, title: str, x: str, y: str, alt: str = "", share: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw each column as a line over the index; ``share`` lists the axes that hold shares."""
    ax = new_axes(ax)
    for (name, line), colour in zip(table.items(), cycle(COLOURS), strict=False):
        ax.plot(table.index, line, color=colour, linewidth=2.2, label=str(name))
    if table.shape[1] > 1:
        ax.legend(frameon=False)
    _format_numbers(ax.xaxis, "x" in share)
    _format_numbers(ax.yaxis, "y" in share)
    ax.margins(x=0.01)
    return decorate(ax, title=title, x=x, y=y, alt=alt)


def interval_plot(
    table: pd.DataFrame, *, title: str, x: str, alt: str = "", zero: bool = False, share: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw rows as dots with their intervals: ``label, middle, low, high``, and ``group`` for a colour of its own."""
    dense = len(table) > 12
    ax = new_axes(ax, height=max(2.6, 1.5 + (0.29 if dense else 0.42) * len(table)))
    y = -np.arange(float(len(table)))
    groups = list(dict.fromkeys(table.group)) if "group" in table else [""]
    colours = dict(zip(groups, cycle(COLOURS), strict=False))
    for group, colour in colours.items():
        mask = (table.group == group).to_numpy() if group else np.ones(len(table), bool)
        rows = table[mask].replace([-np.inf, np.inf], np.nan)
        low, high = rows.low.fillna(rows.middle), rows.high.fillna(rows.middle)
        ax.hlines(y[mask], low, high, color=colour, linewidth=2.4)
        ax.plot(rows.middle, y[mask], "o", color=colour, markersize=6 if dense else 9)
    ax.set_yticks(y, table.label, fontsize=9.5 if dense else 10.5)
    if zero:
        ax.axvline(0, color=INK, linewidth=1, linestyle="--")
    _format_numbers(ax.xaxis, share)
    ax.grid(axis="y", visible=False)
    ax.margins(y=0.08 if dense else 0.14)
    for place, row in zip(y, table.itertuples(), strict=True):
        colour = colours[row.group if "group" in table else ""]
        mark_beyond(ax, (row.low, row.middle, row.high), place, colour, percent if share else show)
    return decorate(ax, title=title, x=x, alt=alt)


def mark_beyond(
    ax: Axes, values: Sequence[float], place: float, colour: str, text: Callable[[float], str], *, upright: bool = False
) -> None:
    """Mark what lies beyond the ends of an axis with an arrow at the edge and its numbers.

    Parameters
    ----------
    values : sequence of float
        Along the axis, which is the upright one if ``upright``; what may be endless gets a line to the edge.
    place : float
        Where they are on the other axis.
    colour : str
    text : callable
        Writes a number.
    """
    limits = ax.get_ylim() if upright else ax.get_xlim()
    ends = sorted(limits)
    transform = ax.get_xaxis_transform() if upright else ax.get_yaxis_transform()
    for edge, marker in enumerate("v^" if upright else "<>"):
        outside = [value for value in values if (value > ends[1] if edge else value < ends[0])]
        if not outside:
            continue
        spot = (place, edge) if upright else (edge, place)
        if not upright and (inside := [value for value in values if ends[0] <= value <= ends[1]]):
            ax.plot([inside[0 if edge == 0 else -1], ends[edge]], [place, place], color=colour, linewidth=2.4)
        ax.plot(*spot, marker, color=colour, transform=transform, clip_on=False, markersize=9)
        words = ", ".join(("−∞", "∞")[edge] if np.isinf(value) else text(value) for value in outside).replace("-", "−")
        inwards = -10 if edge else 10
        ax.annotate(
            words, spot, (0, inwards) if upright else (inwards, 5), transform, "offset points", fontsize=9.5,
            ha="center" if upright else ("left", "right")[edge], va=("bottom", "top")[edge] if upright else "baseline",
            bbox={"facecolor": "white", "linewidth": 0, "pad": 1} if upright else None,
        )  # fmt: skip
        (ax.set_ylim if upright else ax.set_xlim)(limits)


def contrast(colour: str | Sequence[float]) -> float:
    """Return the contrast of a colour with white, from 1 to 21 (WCAG 2): 3 for lines and marks, 4.5 for text.

    >>> round(contrast("#777777"), 1)
    4.5
    """
    from matplotlib.colors import to_rgb

    channels: np.ndarray = np.array(to_rgb(colour))  # type: ignore[arg-type]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05))


def _format_numbers(axis: Axis, share: bool) -> None:
    """Write the numbers of an axis as per cent if it holds shares; those of an upright axis with thousands apart."""
    from matplotlib.axis import YAxis
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    if share:
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    elif isinstance(axis, YAxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
