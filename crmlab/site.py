"""Site: the lessons as pages that live in any browser, without Python and without a network.

It reads executed notebooks: text, pictures and tables stand as they are stored, and each widget comes to life from the data
that lie in its output (``widgets``). Code is folded. What a lesson says, and what a widget does, is not known here.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from crmlab import _page
from crmlab._write import atomic_write
from crmlab.errors import DataError

__all__ = ["build"]

_KIT = Path(__file__).resolve().parent.parent
_WIDGET = "application/vnd.crmlab.widget+json"
_EXTRA = ("docs/world.md", "docs/glossary.md")  # pages that lessons link to


def build(out: str | Path = "site", *, kit: str | Path | None = None) -> str:
    """Write the lessons as pages, with an index, into a folder.

    Parameters
    ----------
    out : str or Path
        The folder; pages of the kit in it are replaced.
    kit : str or Path, optional
        The folder that holds ``notebooks/``; without it, the one that this package lies in.

    Returns
    -------
    str
        Path of the page to open first.

    Raises
    ------
    DataError
        There are no lessons in the kit's folder, or one was not run.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from crmlab import site
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = site.build(folder)
    ...     Path(first).name
    '00_start.html'
    """
    root = Path(kit) if kit is not None else _KIT
    lessons = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not lessons:
        raise DataError(f"there are no lessons in {root / 'notebooks'}; build the site in the kit's own folder.")
    folder = Path(out)
    for path in lessons:
        _write(folder / f"{path.stem}.html", _lesson_page(path))
    for name in _EXTRA:
        if (path := root / name).is_file():
            text = path.read_text(encoding="utf-8")
            content = f'<div class="text">{_markdown(text)}</div>'
            _write(folder / f"{path.stem}.html", _render(_title(text), [content], []))
    return str(folder / f"{lessons[0].stem}.html")


def _write(path: Path, page: str) -> None:
    with atomic_write(path) as part:
        part.write_text(page, encoding="utf-8")


def _lesson_page(path: Path) -> str:
    """Return one executed notebook as a page."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    widgets: list[tuple[str, dict]] = []
    parts = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(f'<div class="text">{_markdown(source)}</div>')
        elif cell["cell_type"] == "code" and source.strip():
            if cell.get("execution_count") is None:
                raise DataError(f"{path.name} was not run from top to bottom; run it and save it first.")
            parts.append(_code(cell, source) + "".join(_output(output, widgets) for output in cell["outputs"]))
    title = _title("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"))
    return _render(title, parts, widgets)


def _render(title: str, cells: list[str], widgets: list[tuple[str, dict]]) -> str:
    from crmlab.widgets.live import embedded

    scripts = _page.trusted(embedded(widgets)) if widgets else ""
    return _page.render("site.html", title=title, cells=[_page.trusted(cell) for cell in cells], scripts=scripts)


def _title(markdown: str) -> str:
    heading = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return re.sub(r"[*`]", "", heading[1]) if heading else "crmlab"


def _code(cell: dict, source: str) -> str:
    """Fold the code away: it cannot run here."""
    if cell["metadata"].get("jupyter", {}).get("source_hidden"):
        return f"<details><summary>Code that draws</summary><pre>{html.escape(source)}</pre></details>"
    return f"<pre>{html.escape(source)}</pre>"


def _output(output: dict, widgets: list[tuple[str, dict]]) -> str:
    if output["output_type"] == "stream":
        return f"<pre>{html.escape(''.join(output['text']))}</pre>"
    data = output.get("data", {})
    if _WIDGET in data:
        widgets.append((data[_WIDGET]["name"], data[_WIDGET]["state"]))
        return f'<div class="crmlab-place crmlab-page">{"".join(data["text/html"])}</div>'
    if "text/html" in data:
        return f'<div class="output">{_links("".join(data["text/html"]))}</div>'
    text = "".join(data.get("text/plain", ""))
    return f"<pre>{html.escape(text)}</pre>" if text else ""


# -- Text --------------------------------------------------------------------------------------------------------------


def _markdown(text: str) -> str:
    return _links(str(_renderer()(text)))


def _links(page: str) -> str:
    """Lead links to the pages of the site; what only the kit has becomes plain words."""

    def lead(match: re.Match[str]) -> str:
        target, words = html.unescape(match["target"]), match["words"]
        if re.match(r"https?:|#", target):
            return match[0]
        name, _, anchor = target.partition("#")
        path = Path(name)
        if (path.suffix == ".ipynb" and "exercises" not in path.parts) or path.name in {Path(extra).name for extra in _EXTRA}:
            return f'<a href="{path.stem}.html{f"#{anchor}" if anchor else ""}">{words}</a>'
        return f"{words} (in the kit)"

    return re.sub(r'<a href="(?P<target>[^"]*)">(?P<words>.*?)</a>', lead, page, flags=re.DOTALL)


@cache
def _renderer() -> Callable[[str], object]:
    # mistune comes with JupyterLab; lessons are the kit's own, so what HTML they hold stands
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def heading(self, text: str, level: int, **_attributes: object) -> str:
            anchor = re.sub(r"<[^>]*>", "", text).replace(" ", "-")  # as JupyterLab names it
            return f'<h{level} id="{html.escape(anchor, quote=True)}">{text}</h{level}>\n'

        def inline_math(self, text: str) -> str:
            return _formula(text)

        def block_math(self, text: str) -> str:
            return f"<p>{_formula(text, 17)}</p>"

    return mistune.create_markdown(renderer=Renderer(escape=False), plugins=["table", "math"])


#: Commands of TeX, and what matplotlib draws for them.
_SPELT = {
    "text": "mathrm",
    "texttt": "mathtt",
    "operatorname": "mathrm",
    "tfrac": "frac",
    "dfrac": "frac",
    "ge": "geq",
    "le": "leq",
}


@cache
def _formula(tex: str, size: int = 13) -> str:
    """Draw a formula; what cannot be drawn stands as it is written."""
    from matplotlib import rc_context
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    picture = io.BytesIO()
    compact = re.sub(r"\\[Bb]igg?(?=[\[\](){}|])", "", re.sub(r"\s+", " ", tex).strip())
    for name, known in _SPELT.items():  # matplotlib knows fewer commands than a browser's MathJax
        compact = re.sub(rf"\\{name}(?![a-z])", rf"\\{known}", compact)
    try:
        with rc_context({"svg.hashsalt": "crmlab", "mathtext.fontset": "stix"}):
            math_to_image(f"${compact}$", picture, prop=FontProperties(size=size), format="svg")
    except ValueError:
        return f"<code>{html.escape(tex)}</code>"
    svg = re.sub(r"<metadata>.*?</metadata>", "", picture.getvalue().decode(), flags=re.DOTALL)
    svg = svg[svg.index("<svg") :]
    label = html.escape(tex.strip(), quote=True)
    return svg.replace("<svg ", f'<svg class="formula" role="img" aria-label="{label}" ', 1)
