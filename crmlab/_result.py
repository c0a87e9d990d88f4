"""Results: how a finding reads in a terminal and in a notebook.

A ``Summary`` is a title, a few facts and perhaps a table; it prints as text and shows as HTML.
This room knows how to lay out and round for the eye. It computes nothing: numbers arrive whole and
are rounded only here.
"""

from __future__ import annotations

import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


_MEASURE = "measure"  # the column of a table in which each row has a unit of its own
_WHOLE = re.compile(r"[\d\s.,:/%+−-]*")
_DIGITS = 3  # decimals of a number that nobody asked to be finer


def show(value: object, digits: int = _DIGITS) -> str:
    """Write a value as a reader wants it: thousands apart, few digits, dates as days, nothing for missing.

    >>> show(1234567), show(0.123456), show(1234.5), show(2e-7), show(float("nan")), show("text"), show(1979.7, 0)
    ('1,234,567', '0.123', '1,234.5', '2e-07', '', 'text', '1,980')
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or value != value:
        return ""
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        number = float(value)
        if 0 < abs(number) < 10**-digits or abs(number) >= 1e15:
            return f"{number:.{digits}g}"
        text = f"{number:,.{digits}f}"
        return text.rstrip("0").rstrip(".") if digits else text
    return value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else str(value)


def percent(share: float, digits: int = 1) -> str:
    """Write a share of one as per cent.

    >>> percent(0.4567)
    '45.7 %'
    """
    return f"{100 * share:.{digits}f} %"


def legible(text: str) -> str:
    """Clean a text that may come from anyone: no terminal commands, no half characters.

    >>> legible("a\\x1b[2Jb\\ud800")
    'a�[2Jb�'
    """
    return "".join(letter if letter.isprintable() or letter in "\n\u202f" else "\ufffd" for letter in text)


@dataclass(frozen=True, slots=True)
class Link:
    """A cell of a table that leads to another page, or that a page brings up to date, where the table is shown as HTML.

    Attributes
    ----------
    text : str
    href : str
        Where it leads to; "" for nowhere.
    marks : tuple of str
        Classes of the element, by which a page finds it.

    >>> print(Link("01 Relationship", "01_relationship.ipynb"))
    01 Relationship
    """

    text: str
    href: str = ""
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Something worth reading: title, facts, table.

    Attributes
    ----------
    title : str
    facts : tuple of (str, object)
        Label and value, in order.
    table : DataFrame or None
        Shown rounded; its index is not shown.
    note : str
        A sentence or two below the title.
    source : str
        Where a formula or a figure comes from.
    """

    title: str
    facts: tuple[tuple[str, object], ...] = ()
    table: pd.DataFrame | None = None
    note: str = ""
    source: str = ""

    def __str__(self) -> str:
        head = [self.title, *(textwrap.wrap(self.note, 98, initial_indent="  ", subsequent_indent="  ") if self.note else ())]
        head += [f"  {label}: {show(value)}" for label, value in self.facts]
        if self.table is not None and len(self.table):
            table = _worth_showing(self.table)
            cells = [[str(name) for name in table.columns], *_cells(table)]
            widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
            numeric = [False] * len(widths) if len(cells) == 1 else _numeric(table)
            head += [""] + [
                "  " + "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True)).rstrip()
                for row in cells
            ]
        return legible("\n".join([*head, *([f"  Source: {self.source}"] if self.source else [])]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<h4>{escape(self.title)}</h4>"]
        if self.note:
            parts.append(f"<p>{escape(self.note)}</p>")
        if self.facts:
            rows = "".join(
                f'<tr><th scope="row" style="text-align:left">{escape(label)}</th>'
                f'<td style="text-align:left">{escape(show(value))}</td></tr>'
                for label, value in self.facts
            )
            parts.append(f"<table>{rows}</table>")
        if self.table is not None and len(self.table):
            parts.append(scrolling(table_html(_worth_showing(self.table)), self.title))
        if self.source:
            parts.append(f"<p><small>Source: {escape(self.source)}</small></p>")
        return "<div>" + "".join(parts) + "</div>"


class Result(ABC):
    """What every result of the kit can do: it shows itself as its summary, in a terminal and in a notebook.

    A result is a frozen dataclass without a generated ``repr``::

        @dataclass(frozen=True, slots=True, eq=False, repr=False)
        class SBGFit(Result): ...
    """

    __slots__ = ()

    @abstractmethod
    def summary(self) -> Summary:
        """The result in a few lines."""

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def scrolling(table: str, name: str) -> str:
    """Put a table of HTML where it scrolls by itself, by key, too, if it is wider than the page.

    >>> scrolling("<table></table>", "Orders")
    '<div class="crmlab-scroll" style="overflow-x:auto" role="region" tabindex="0" aria-label="Orders"><table></table></div>'
    """
    label = f'role="region" tabindex="0" aria-label="{escape(name, quote=True)}"'
    return f'<div class="crmlab-scroll" style="overflow-x:auto" {label}>{table}</div>'


def table_html(frame: pd.DataFrame, *, caption: str = "") -> str:
    """Write a table as HTML: every cell escaped and rounded, numbers to the right, links as links.

    >>> import pandas as pd
    >>> print(table_html(pd.DataFrame({"a": [1.23456]})))  # doctest: +ELLIPSIS
    <table>...<th scope="col" style="text-align:right">a</th>...<td style="text-align:right">1.235</td>...</table>
    """
    cells = _cells(frame)
    styles = [
        f'style="text-align:{"right" if right else "left"}{";white-space:nowrap" if not right and _is_whole(column) else ""}"'
        for right, column in zip(_numeric(frame), zip(*cells, strict=True) if cells else [()] * frame.shape[1], strict=True)
    ]
    names = zip(frame.columns, styles, strict=True)
    head = "".join(
        f'<th scope="col" {style.replace(";white-space:nowrap", "")}>{escape(str(name))}</th>' for name, style in names
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td {style}>{_cell_html(*cell)}</td>" for *cell, style in zip(row, texts, styles, strict=True))
        + "</tr>"
        for row, texts in zip(frame.itertuples(index=False), cells, strict=True)
    )
    label = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{label}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _is_whole(texts: Sequence[str]) -> bool:
    """Return whether a column holds dates or numbers, which break nowhere."""
    return any(texts) and all(_WHOLE.fullmatch(text) for text in texts)


def _cell_html(value: object, text: str) -> str:
    if not isinstance(value, Link):
        return escape(text)
    marks = f' class="{escape(" ".join(value.marks))}"' if value.marks else ""
    return f'<a href="{escape(value.href)}"{marks}>{escape(text)}</a>' if value.href else f"<span{marks}>{escape(text)}</span>"


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    """Write the cells, row by row; the numbers of a column have equally many decimals, so that they stand under each other.

    Where each row holds another measure, those of a row have: customers are counted whole, shares are not.
    """
    if _MEASURE in frame:
        return [_row(list(values)) for values in frame.itertuples(index=False)]
    columns = [_column([show(value) for value in frame.iloc[:, k]], frame.iloc[:, k]) for k in range(frame.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _row(values: list[object]) -> list[str]:
    floats = [float(value) for value in values if isinstance(value, float | np.floating) and np.isfinite(value)]
    largest = max(map(abs, floats), default=0.0)
    most = next(digits for digits, end in enumerate((1000, 100, 10, 0)) if largest >= end)
    decimals = max((len(show(round(value, most), most).partition(".")[2]) for value in floats), default=0)
    return [
        f"{value:,.{min(decimals, most)}f}" if isinstance(value, float | np.floating) and np.isfinite(value) else show(value)
        for value in values
    ]


def _worth_showing(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns of a table of measures that hold nothing: a single pair of firms has no interval."""
    return frame.dropna(axis="columns", how="all") if _MEASURE in frame else frame


def _column(texts: list[str], values: pd.Series) -> list[str]:
    if values.dtype.kind != "f":
        return texts
    places = [len(text.partition(".")[2]) for text in texts]
    decimals = max((count for count in places if count <= _DIGITS), default=0)  # more has only what would else read as 0
    is_plain = [
        text not in ("", "inf", "-inf") and "e" not in text and count <= decimals
        for text, count in zip(texts, places, strict=True)
    ]
    return [f"{value:,.{decimals}f}" if plain else text for text, value, plain in zip(texts, values, is_plain, strict=True)]


def _numeric(frame: pd.DataFrame) -> list[bool]:
    return [dtype.kind in "iuf" for dtype in frame.dtypes]
