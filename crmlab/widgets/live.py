"""Live: a widget that draws itself in the page, and a picture of it for those who have no kernel.

What the radar, the silent customer and whatever follows them share: data that go to the page once, values that a reader
changes there, and the picture that stands in a stored notebook. The page's share of it is ``live.js``, which is prepended to
each widget's own script. anywidget is slow to import, so this module is loaded with the first widget that is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import traitlets
from anywidget import AnyWidget
from IPython.display import display

# In a stored notebook the picture stands alone. Where JupyterLab shows the widget itself, the picture makes room; and where
# JupyterLab would write that it has no such widget any more, it writes nothing.
_STYLE = (
    "<style>.jp-OutputArea-child:has(.crmlab-{name}-at-rest):has(+ .jp-OutputArea-child .crmlab-{name}),"
    ".jp-OutputArea-child:has(.crmlab-{name}-at-rest) + .jp-OutputArea-child:not(:has(.crmlab-{name}))"
    "{{display:none}}</style>"
)


def script(name: str) -> str:
    """Return the script of a widget's page: what all share, then its own."""
    folder = Path(__file__).parent
    return "\n".join((folder / file).read_text(encoding="utf-8") for file in ("live.js", f"{name}.js"))


class LiveWidget(AnyWidget):
    """A widget that draws itself in the page.

    A subclass names itself (``_css_name``; its class of CSS is ``crmlab-NAME``), says what running the cell is good for
    (``_hint``), holds ``_esm = script(NAME)`` and the traits that a reader changes.

    Attributes
    ----------
    data : dict
        Everything that the script reads, as plain lists; it does not change.
    """

    _css_name: ClassVar[str]
    _hint: ClassVar[str]
    data = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, data: dict[str, object], picture: tuple[str, str], **values: object) -> None:
        self._html, self._alt = picture
        self.set_trait("data", data)
        super().__init__(**values)

    def __repr__(self) -> str:
        return self._alt

    def _outputs(self) -> list[dict[str, object]]:
        """Return the picture, and the widget itself."""
        hint = f"<p>Run this cell (Shift + Enter) to {self._hint}.</p>"
        at_rest = f'{_STYLE.format(name=self._css_name)}<div class="crmlab-{self._css_name}-at-rest">{self._html}{hint}</div>'
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        return [
            {"text/html": at_rest, "text/plain": self._alt},
            {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""},
        ]

    def _ipython_display_(self) -> None:
        for output in self._outputs():
            display(output, raw=True)
