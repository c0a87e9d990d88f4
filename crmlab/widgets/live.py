"""Live: a widget that draws itself in the page, and what stands for it where there is no kernel.

What all widgets share: data that go to the page once, values that a reader changes there, the picture that stands in a
stored notebook, and a plain page on which the same script runs without Python (``plain``). The page's share of it is
``live.js`` and ``chart.js``, which are prepended to each widget's own script. anywidget is slow to import, so this module is
loaded with the first widget that is shown.
"""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import ClassVar

import traitlets
from anywidget import AnyWidget
from IPython.display import display

from crmlab import _journal, _page
from crmlab._write import atomic_write
from crmlab.widgets.palette import DARK, LIGHT, SCRIPTS

#: The type of a stored output that holds a widget's data, for pages that are made from a notebook.
MIME_TYPE = "application/vnd.crmlab.widget+json"

# In a stored notebook the picture stands alone. Where JupyterLab shows the widget itself, the picture makes room; and where
# JupyterLab would write that it has no such widget any more, it writes nothing.
_STYLE = (
    "<style>.jp-OutputArea-child:has(.crmlab-{name}-at-rest):has(+ .jp-OutputArea-child .crmlab-{name}),"
    ".jp-OutputArea-child:has(.crmlab-{name}-at-rest) + .jp-OutputArea-child:not(:has(.crmlab-{name}))"
    "{{display:none}}</style>"
)


_readers: weakref.WeakSet = weakref.WeakSet()  # widgets that show the journal


def script(name: str) -> str:
    """Return the script of a widget's page: what all share, then its own."""
    palette = f"const PALETTE = {json.dumps({'light': LIGHT, 'dark': DARK})};"
    return "\n".join([palette, *(_read(file) for file in ("journal.js", "live.js", "chart.js", f"{name}.js"))])


def _read(file: str) -> str:
    return (SCRIPTS / file).read_text(encoding="utf-8")


class LiveWidget(AnyWidget):
    """A widget that draws itself in the page.

    A subclass names itself (``_name``; its class of CSS is ``crmlab-NAME``), holds ``_esm = script(NAME)`` and the traits
    that the page changes or reads besides (``_moves``).

    Attributes
    ----------
    data : dict
        Everything that the script reads, as plain lists; it does not change.
    """

    _name: ClassVar[str]
    _moves: ClassVar[tuple[str, ...]]
    data = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, data: dict[str, object], picture: tuple[str, str], **values: object) -> None:
        self._html, self._alt = picture
        self.set_trait("data", data)
        super().__init__(**values)

    def __repr__(self) -> str:
        return self._alt

    @property
    def state(self) -> dict[str, object]:
        """What the page needs to begin: the data, and each value that a reader can change."""
        return {"data": self.data} | {name: getattr(self, name) for name in self._moves}

    def save(self, path: str | Path) -> str:
        """Write the widget as a page of its own, which moves in any browser, without Python and without a network.

        Parameters
        ----------
        path : str or Path
            Of the HTML file; a file that is there is replaced.

        Returns
        -------
        str
            The path.
        """
        with atomic_write(Path(path)) as part:
            part.write_text(plain_page([(self._name, self.state)], title=self._alt.split(". ")[0]), encoding="utf-8")
        return str(path)

    def _outputs(self) -> list[dict[str, object]]:
        """Return the picture with the data behind it, and the widget itself."""
        at_rest = f'{_STYLE.format(name=self._name)}<div class="crmlab-{self._name}-at-rest">{self._html}</div>'
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        return [
            {"text/html": at_rest, "text/plain": self._alt, MIME_TYPE: {"name": self._name, "state": self.state}},
            {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""},
        ]

    def _follow_journal(self) -> None:
        """Call ``_read_journal`` now, and whenever a reader of this kernel commits to something."""
        _readers.add(self)
        self._read_journal()

    def _read_journal(self) -> None:
        """Take from the journal what the page shows of it."""

    def _keep(self, change: dict) -> None:
        """Write what a reader committed to into their journal, once, and show it wherever the journal is shown."""
        if change["new"] and not change["old"] and "time" not in change["new"]:
            _journal.append(change["new"])
            for shown in list(_readers):
                shown._read_journal()

    def _ipython_display_(self) -> None:
        for output in self._outputs():
            display(output, raw=True)


def plain_page(widgets: list[tuple[str, dict]], *, title: str) -> str:
    """Return a page that shows widgets, each a name and its state, without a kernel and without a network.

    Parameters
    ----------
    widgets : list of (str, dict)
        The widget's name, such as "radar", and its ``state``.
    title : str

    Returns
    -------
    str
    """
    return _page.render("widgets.html", title=title, content=_page.trusted(embedded(widgets)), places=range(len(widgets)))


def embedded(widgets: list[tuple[str, dict]]) -> str:
    """Return the elements that bring widgets to life in a page, where ``div`` elements of class crmlab-place wait for them."""
    modules = {name: script(name) for name, _ in widgets}
    content = {"modules": modules, "widgets": [{"name": name, "state": state} for name, state in widgets]}
    text = json.dumps(content, ensure_ascii=False).replace("</", "<\\/")  # no text may end the element
    shim = "\n".join(_read(file) for file in ("journal.js", "model.js", "plain.js"))
    return f'<script type="application/json" id="crmlab-widgets">{text}</script>\n<script type="module">\n{shim}</script>'
