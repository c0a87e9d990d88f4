"""Page: the parts of a report, and how the file is written.

One HTML file that holds all it shows (pictures included), asks nothing of any network, and can be mailed. A section is a
question, its answer in a sentence, and the parts that show it; ``templates/report.html`` knows how each part looks, and
what the sections say is known in ``orders`` and ``survey``, and ``_page`` knows which files a page may replace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from crmlab import _draw, _page

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup
    from matplotlib.axes import Axes

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Tiles:
    """A few figures to see first: label and value of each."""

    kind: ClassVar[str] = "tiles"
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture."""

    kind: ClassVar[str] = "chart"
    image: Markup


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table; a wide one keeps each cell on one line."""

    kind: ClassVar[str] = "table"
    frame: pd.DataFrame
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, or a note in small print."""

    kind: ClassVar[str] = "text"
    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A CSV file inside the page: its name, the words of the link, and its content as base64."""

    kind: ClassVar[str] = "download"
    name: str
    text: str
    data: str


@dataclass(frozen=True, slots=True)
class Folded:
    """Parts to unfold."""

    kind: ClassVar[str] = "folded"
    title: str
    parts: tuple[Part, ...]


Part = Tiles | Chart | Table | Text | Download | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """A question, its answer in a sentence, and the parts that show it."""

    question: str
    answer: str
    parts: tuple[Part, ...] = ()

    @property
    def anchor(self) -> str:
        """The section's address on the page: the last word of the question."""
        return self.question.split()[-1].lower().strip("?:,")


def write(out: Path, template: str, sections: Sequence[Callable[[Source], Section]], source: Source, **context: object) -> Path:
    """Make each section from ``source``, fill the template with them and the context, and write the page."""
    from tqdm.auto import tqdm

    with tqdm(sections, desc="writing the report", delay=2, leave=False) as bar:
        made = [section(source) for section in bar]
    return _page.write(out, _page.render(template, sections=made, **context))


def charts(*axes: Axes) -> tuple[Chart, ...]:
    """Return charts as pictures of the page; their figures are closed."""
    return tuple(Chart(_page.trusted(_draw.finish(_draw.figure_of(ax))[0])) for ax in axes)
