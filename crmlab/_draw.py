"""Charts of tidy tables, in one house style.

A chart says its finding in the title, names units on its axes, carries alt text for those who do
not see it, and uses colours that everyone can tell apart (Okabe & Ito 2008) or a single scale from
light to dark. This room draws what it is given; what is worth drawing, and what it means, is
known in the topics. matplotlib is imported when ink is spent.
"""

from __future__ import annotations

import base64
import io
import math
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING

from crmlab.errors import ArgumentError, CrmlabWarning

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK, PALE, GRID = "#222222", "#8a8a8a", "#e4e4e4"
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW = COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
)  # fmt: skip
_LIGHT, _DARK = "#e3edf7", "#08306b"  # one hue from light to dark: read alike in grey and with any colour vision
_CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "SimHei", "Arial Unicode MS",
)  # fmt: skip


@cache
def _chinese_font() -> str:
    """The first installed font that draws Chinese, or nothing."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _CHINESE_FONTS if name in installed), "")


def has_chinese() -> bool:
    """Whether a font that draws Chinese is installed."""
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


def start(ax: Axes | None = None, *, width: float = 7.2, height: float = 4.2) -> Axes:
    """Axes to draw on: the given ones, or those of a new chart."""
    import matplotlib.axes
    import matplotlib.pyplot as plt

    if ax is None:
        with plt.rc_context(_style()):
            figure = plt.figure(FigureClass=_chart_class(), figsize=(width, height), layout="constrained")
            return figure.add_subplot()
    if not isinstance(ax, matplotlib.axes.Axes):
        raise ArgumentError(f"`ax` must be matplotlib Axes, e.g. from `plt.subplots()`; it is {type(ax).__name__}.")
    return ax


def finish(ax: Axes, *, title: str, x: str = "", y: str = "", alt: str = "") -> Axes:
    """Write the finding, the units and the alt text."""
    from matplotlib.text import Text

    letters = int(ax.figure.get_size_inches()[0] * 7.5)
    ax.set_title("\n".join(textwrap.wrap(title, letters)), loc="left", fontsize=13, fontweight="bold", pad=12)
    ax.set(xlabel=x, ylabel=y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(which="both", labelfontfamily=_fonts())
    for text in ax.figure.findobj(Text):
        text.set_fontfamily(_fonts())
    ax.figure.alt = f"{title}. {alt}" if alt else title
    texts = [title, x, y, *(label.get_text() for label in (*ax.get_xticklabels(), *ax.get_yticklabels()))]
    if not has_chinese() and any("\u4e00" <= letter <= "\u9fff" for letter in "".join(texts)):
        warnings.warn(
            "this chart has Chinese text, and no Chinese font is installed, so boxes stand in its place. Install one "
            "(Debian and Ubuntu: sudo apt install fonts-noto-cjk; others: Noto Sans SC) and start Python again.",
            CrmlabWarning,
            stacklevel=3,
        )
    return ax


def html(figure: Figure, *, dpi: int = 144) -> str:
    """A figure as an HTML image with its alt text, its size on the page independent of its pixels."""
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=dpi)
    data = base64.b64encode(held.getvalue()).decode()
    alt = escape(getattr(figure, "alt", ""), quote=True)
    wide = round(figure.get_size_inches()[0] * 96)
    return f'<img alt="{alt}" width="{wide}" style="max-width:100%" src="data:image/png;base64,{data}">'


def bars(heights: pd.Series, *, title: str, x: str, y: str, alt: str = "", ax: Axes | None = None, share: bool = False) -> Axes:
    """One bar for each entry, its height written on it."""
    from crmlab._result import percent, show

    ax = start(ax)
    drawn = ax.bar([str(label) for label in heights.index], heights.to_numpy(), color=BLUE, width=0.75)
    ax.bar_label(drawn, [percent(height) if share else show(height) for height in heights], padding=2, fontsize=9.5)
    ax.grid(axis="x", visible=False)
    _per_cent(ax.yaxis, share)
    ax.margins(y=0.1)
    return finish(ax, title=title, x=x, y=y, alt=alt)


def heat(
    matrix: pd.DataFrame, *, title: str, x: str, y: str, alt: str = "", share: bool = False, label: str = "",
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """A matrix as coloured cells with their values; empty cells stay white."""
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    rows, columns = matrix.shape
    ax = start(ax, width=max(6.5, min(11, 2.2 + 0.62 * columns)), height=max(3.4, min(11, 1.6 + 0.36 * rows)))
    room = columns <= 16 and rows <= 26
    numbers = "{x:.0%}" if share else "{x:,.0f}"
    shades = LinearSegmentedColormap.from_list("light to dark", [_LIGHT, _DARK])
    sns.heatmap(
        matrix, ax=ax, cmap=shades, vmin=0, annot=room, fmt=".0%" if share else ",.0f", linewidths=0.6,
        annot_kws={"fontsize": 9.5}, cbar=not room, cbar_kws=None if room else {"label": label, "format": numbers},
    )  # fmt: skip
    ax.tick_params(length=0)
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return finish(ax, title=title, x=x, y=y, alt=alt)


def curves(
    table: pd.DataFrame, *, title: str, x: str, y: str, alt: str = "", share: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Each column as a line over the index, named at its right end; ``share`` lists the axes that hold shares."""
    ax = start(ax)
    for (name, line), colour in zip(table.items(), cycle(COLOURS), strict=False):
        ax.plot(table.index, line, color=colour, linewidth=2.2, label=str(name))
    if table.shape[1] > 1:
        ax.legend(frameon=False)
    _per_cent(ax.xaxis, "x" in share)
    _per_cent(ax.yaxis, "y" in share)
    ax.margins(x=0.01)
    return finish(ax, title=title, x=x, y=y, alt=alt)


def _per_cent(axis: Axis, wanted: bool) -> None:
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    if wanted:
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    elif axis.axis_name == "y":
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))


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
    from crmlab._result import show

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
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif"><rect width="{wide}" height="{tall}" fill="white"/>'
        f"{''.join(parts)}</svg>"
    )
    alt = f"{title}. {'; '.join(told)}. {note}".strip()
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img alt="{escape(alt, quote=True)}" width="{wide}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">',
        alt,
    )


def _nice(step: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step - 1e-12)
