"""Pages: HTML from the templates in ``templates/``.

``render`` fills a template and returns the text of a page that holds all it shows. Whatever a template prints is
escaped and freed of characters that no page can hold; only text from ``trusted`` stands as it is. ``page.html`` is the
frame of every page and ``page.css`` its looks; a page extends the one and adds to the other. What a page says is known
to the module that renders it. A page that is to be a file is written whole or not at all (``write``), and never over a
file that the kit has not made itself (``target``); it is known by ``MADE_BY``, which its template prints.
"""

from __future__ import annotations

import re
from functools import cache
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab import __version__, _result
from crmlab._write import atomic_write
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

#: Stands in each page that may be replaced by a later one.
MADE_BY = "Made by crmlab"
# Half a character of UTF-16 cannot be written to a file, and a control character has no picture.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def render(template_name: str, **context: object) -> str:
    """Fill a template and return the text of the page.

    Templates know ``version`` (of crmlab), ``made_by`` and, besides the filters of Jinja, ``show`` and ``percent`` (a number
    as it reads), and ``table`` (a DataFrame as HTML), as in ``_result``. A name that the context lacks is an error.

    Parameters
    ----------
    template_name : str
        Path in ``crmlab/templates``, such as ``"report.html"`` or ``"course/feedback.html"``.
    **context : object
        What the template prints; text is escaped unless it comes from ``trusted``.

    Returns
    -------
    str
        To be written as UTF-8.

    Raises
    ------
    ArgumentError
        There is no such template.

    Examples
    --------
    >>> from crmlab import _page
    >>> page = _page.render("page.html", title="Orders < 100")
    >>> "<title>Orders &lt; 100</title>" in page
    True
    """
    from jinja2 import TemplateNotFound

    try:
        template = _environment().get_template(template_name)
    except TemplateNotFound as error:
        raise ArgumentError(f"there is no template {error.name!r} in crmlab/templates.") from None
    return template.render(context)


def trusted(html: str) -> Markup:
    """Return HTML that a template prints as it is: made by the kit, every word of other people escaped in it.

    >>> from crmlab import _page
    >>> "<title><b>bold</b></title>" in _page.render("page.html", title=_page.trusted("<b>bold</b>"))
    True
    """
    from markupsafe import Markup

    return Markup(html)


def printable(text: str) -> str:
    """Return a text that can be written and shown: what is no character becomes the replacement character.

    >>> printable("a\\x1b[2Jb")
    'a�[2Jb'
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def target(out: object) -> Path:
    """Return where to write a page: in a folder that exists, and never over a file that the kit has not made."""
    if not isinstance(out, str | PathLike):
        raise ArgumentError(f"`out` must be the path of the page to write; it is {type(out).__name__}.")
    path = Path(fspath(out))
    if not path.parent.is_dir():  # a folder that is missing is more likely mistyped than wanted
        raise DataError(f"the folder {str(path.parent)!r} does not exist. Make it first, or choose another `out`.")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder. Give `out` the name of a page in it, such as report.html.")
    if path.exists() and MADE_BY.encode() not in path.read_bytes():
        raise DataError(f"{str(path)!r} exists and is no page of crmlab, so it was left alone. Choose another `out`.")
    return path


def write(path: Path, page: str) -> Path:
    """Write a page to a ``target``, and return it."""
    try:
        with atomic_write(path) as part:
            part.write_bytes(page.encode())
    except OSError as error:
        raise DataError(f"{str(path)!r} could not be written ({error.strerror}). Choose another `out`.") from None
    return path


@cache
def _environment() -> Environment:
    # Jinja comes with Jupyter and is imported when the first page is made.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("crmlab"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"version": __version__, "made_by": MADE_BY}
    environment.filters |= {"show": _result.show, "percent": _result.percent, "table": _table}
    return environment


def _finalize(value: object) -> object:
    """Clean what a template prints before it is escaped; trusted HTML stays trusted."""
    from markupsafe import Markup

    if isinstance(value, Markup):
        return Markup(printable(str(value)))
    return printable(value) if isinstance(value, str) else value


def _table(frame: pd.DataFrame) -> Markup:
    return trusted(_result.table_html(frame))
