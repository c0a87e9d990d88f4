"""Palette: the colours of pages, on white and on dark paper.

On both, every colour but that of the grid stands out by 4.5:1 at least, because marks carry text here and text carries
colour; a test computes it. Names are those that charts and scripts use; they stand in ``palette.json``, beside the scripts that
read them, too. ``_draw`` has its own, for charts that stand still.
"""

from __future__ import annotations

import json
from pathlib import Path

#: Where the scripts of all widgets lie: an extension of JupyterLab, which brings stored widgets to life without a kernel.
SCRIPTS = Path(__file__).parent / "extension" / "crmlab" / "static"

_COLOURS = json.loads((SCRIPTS / "palette.json").read_text(encoding="utf-8"))
LIGHT: dict[str, str] = _COLOURS["light"]
DARK: dict[str, str] = _COLOURS["dark"]
