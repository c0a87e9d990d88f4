"""Page: how a report is put together and written.

One HTML file that holds all it shows (pictures included), asks nothing of any network, and can be
mailed. A section is a question, its answer in a sentence, and what shows it; what the sections say is
known in ``orders`` and ``survey``. An earlier report is replaced when the new one is whole, and no other
file ever is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab import __version__, _draw
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Section:
    """A question, its answer in a sentence, and what shows it."""

    question: str
    answer: str
    body: tuple[str, ...] = ()

    def html(self) -> str:
        """As a piece of the page; its address is the last word of the question."""
        name = self.question.split()[-1].lower().strip("?:,")
        return (
            f'<section id="{name}"><h2>{escape(self.question)}</h2><p>{escape(self.answer)}</p>{"".join(self.body)}</section>'
        )


def target(out: object) -> Path:
    """Where to write: never over anything but an earlier report."""
    if not isinstance(out, str | PathLike):
        raise ArgumentError(f"`out` must be the path of the page to write; it is {type(out).__name__}.")
    out = Path(fspath(out))
    if not out.parent.is_dir():
        raise DataError(f"the folder {str(out.parent)!r} does not exist. Make it first, or choose another `out`.")
    if out.is_dir():
        raise DataError(f"{str(out)!r} is a folder. Give `out` the name of a page in it, such as report.html.")
    if out.exists() and _MADE_BY.encode() not in out.read_bytes():
        raise DataError(f"{str(out)!r} exists and is no report of crmlab, so it was left alone. Choose another `out`.")
    return out


def write(out: Path, title: str, opening: str, sections: Sequence[Callable[..., Section]], *given: object) -> Path:
    """Make each section from what is given, and write the page; ``opening`` is HTML."""
    from tqdm.auto import tqdm

    with tqdm(sections, desc="writing the report", delay=2, leave=False) as bar:
        body = "".join(section(*given).html() for section in bar)
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{opening}</p>{body}"
        f"<footer>{_MADE_BY} {__version__}. Customers stand here under the names that the file gives them, and what was set "
        "aside is quoted as it stands: pass the page on with care.</footer></body></html>\n"
    )
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"{str(out)!r} could not be written ({error.strerror}). Choose another `out`.") from None
    return out


def pictures(*charts: Axes) -> tuple[str, ...]:
    """Charts as figures of the page; they are closed."""
    import matplotlib.pyplot as plt

    shown = tuple(f"<figure>{_draw.html(ax.figure)}</figure>" for ax in charts)
    for ax in charts:
        plt.close(ax.figure)
    return shown


def folded(title: str, body: str) -> str:
    """Something to unfold."""
    return f'<details><summary>{escape(title)}</summary><div class="wide">{body}</div></details>'


_MADE_BY = "Made by crmlab"
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 2px solid #0072b2; padding-bottom: .2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
.tiles div { flex: 1 1 9rem; background: #eef4fa; border-radius: .5rem; padding: .7rem 1rem; }
.tiles strong { display: block; font-size: 1.5rem; } .tiles span { color: #555; }
table { display: block; overflow-x: auto; border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; white-space: nowrap; }
td { white-space: normal; }
thead th { text-align: left; border-bottom: 2px solid #999; } .wide { overflow-x: auto; } .wide td { white-space: nowrap; }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; }
summary { cursor: pointer; color: #0059a0; margin: .7rem 0; }
footer { margin-top: 3rem; color: #555; font-size: .85rem; border-top: 1px solid #ddd; padding-top: .7rem; }
@media print { details > div { display: block; } }
"""
