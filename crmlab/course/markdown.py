"""Markdown: an author's text as HTML.

``to_html`` renders a text and ``split_heading`` a question. Of the markdown nothing but markdown is believed: raw HTML shows
as it is written, so that a page can print the result as it is. Where it is printed is known to the pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from crmlab._page import printable, trusted

if TYPE_CHECKING:
    from markupsafe import Markup


def to_html(markdown: str) -> Markup:
    """Render an author's markdown: comments vanish, raw HTML shows as it is written, pictures as their description.

    Parameters
    ----------
    markdown : str

    Examples
    --------
    >>> str(to_html("Of region north<!--region--> <b>only</b>"))
    '<p>Of region north &lt;b&gt;only&lt;/b&gt;</p>\\n'
    """
    return trusted(str(_renderer()(re.sub(r"<!--.*?(?:-->|\Z)", "", printable(markdown), flags=re.DOTALL))))


def split_heading(markdown: str) -> tuple[Markup, Markup]:
    """Render a question as its heading, empty if the markdown does not begin with one, and the rest.

    Parameters
    ----------
    markdown : str

    Examples
    --------
    >>> [str(part) for part in split_heading("## Question 1\\n\\nHow many?")]
    ['Question 1', '<p>How many?</p>\\n']
    """
    html = str(to_html(markdown))
    heading = re.match(r"<h([3-6])>(.*?)</h\1>\s*", html, re.DOTALL)
    if not (heading and heading[2]):
        return trusted(""), trusted(html)
    return trusted(heading[2]), trusted(html[heading.end() :])


@cache
def _renderer() -> Callable[[str], object]:
    # mistune comes with JupyterLab and is imported when the first text is rendered.
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def heading(self, text: str, level: int, **attrs: object) -> str:
            return super().heading(text, max(3, min(level + 1, 6)))  # the page itself has h1 and h2

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return f"[{text}]"  # it lies beside the notebook, and a page holds all it shows

        def table(self, text: str) -> str:
            return f'<div class="wide"><table>{text}</table></div>'

    return mistune.create_markdown(escape=True, renderer=Renderer(), plugins=["table"])
