"""Palette: the colours of pages, on white and on dark paper.

On both, every colour but that of the grid stands out by 4.5:1 at least, because marks carry text here and text carries
colour; a test computes it. Names are those that charts and scripts use; ``_draw`` has its own, for charts that stand still.
"""

from __future__ import annotations

from crmlab import _draw

LIGHT = {
    "paper": "#ffffff", "ink": _draw.INK, "pale": "#6b6b6b", "grid": _draw.GRID, "blue": _draw.BLUE, "orange": "#b35900",
    "green": "#007a5a", "red": "#c34a00", "purple": "#a3497f", "focus": _draw.BLUE,
}  # fmt: skip
DARK = {
    "paper": "#1b1b1f", "ink": "#eeeeee", "pale": "#a8a8a8", "grid": "#3c3c42", "blue": "#58aee8", "orange": "#f0a73a",
    "green": "#3fc79a", "red": "#ff8a4d", "purple": "#e08fc0", "focus": "#9bd0f5",
}  # fmt: skip
