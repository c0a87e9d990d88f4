"""Questions: what is asked, what counts as an answer, and when an answer is right.

A ``Question`` is what an author declares: kind, unit, range, how close is close enough, points. ``plain`` turns what a
student gives into plain JSON and refuses everything else; ``fault`` says what is wrong with an answer's form, ``right``
compares it with a key, ``marks`` turns an answer into hashes, so that a typical slip can be recognised without its number
lying open. This room knows no student and no file; it compares plain JSON only, so nothing that a student's objects claim
about themselves is ever believed.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from crmlab._result import show
from crmlab.errors import ArgumentError

__all__ = ["KINDS", "LARGEST", "Question", "plain", "sane"]

#: Kind of an answer -> what it is, in words.
KINDS = {
    "number": "one number",
    "whole": "one whole number",
    "choice": "one of the given words",
    "text": "a text",
    "list": "a short list",
    "table": "a small table",
}
LARGEST = 10**15  # beyond it a float no longer tells neighbours apart
_LONGEST_LIST, _MOST_COLUMNS, _LONGEST_TEXT = 100, 10, 6_000

Scalar = int | float | str | bool
Plain = Scalar | list | dict


def plain(value: object) -> Plain:
    """An answer as plain JSON: a number, a text, a list of at most 100 of them, or a small table.

    Numpy and pandas values become plain; dates become text such as "2025-03-31"; a table becomes
    ``{"columns": [...], "rows": [[...], ...]}``, its index a column if it has a name.

    Raises
    ------
    ArgumentError
        It is something else, not finite, or too large; the message says what to do.
    """
    import numpy as np
    import pandas as pd

    if value is None:
        raise ArgumentError("there is nothing in it (None). Does the line above end in a value? `print(...)` gives none.")
    kind = type(value)
    if kind in (pd.Series, pd.Index, pd.RangeIndex, pd.DatetimeIndex, np.ndarray):
        if kind is pd.Series and value.index.name is not None:
            return plain(value.rename(value.name or "value").to_frame())
        if getattr(value, "ndim", 1) == 0:
            return plain(value[()])
        kind, value = list, list(value[: _LONGEST_LIST + 1])
    if kind is pd.DataFrame:
        frame = value if list(value.index.names) == [None] else value.reset_index()
        if len(frame) > _LONGEST_LIST or frame.shape[1] > _MOST_COLUMNS:
            raise ArgumentError(
                f"the table has {len(frame):,} rows and {frame.shape[1]} columns; an answer has at most {_LONGEST_LIST} and "
                f"{_MOST_COLUMNS}. Give only what the question asks for, not the whole table."
            )
        rows = [[_scalar(cell) for cell in row] for row in frame.itertuples(index=False)]
        return {"columns": [str(name) for name in frame.columns], "rows": rows}
    if kind in (list, tuple):
        if len(value) > _LONGEST_LIST:
            raise ArgumentError(f"the list is longer than {_LONGEST_LIST} entries. Give only what the question asks for.")
        return [_scalar(each) for each in value]
    return _scalar(value)


def _scalar(value: object) -> Scalar:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.generic) and type(value).__module__ == "numpy":
        value = value.item() if not isinstance(value, np.datetime64) else pd.Timestamp(value)
    kind = type(value)
    if kind is bool:
        return value
    if kind in (int, float):
        if kind is float and not math.isfinite(value):
            raise ArgumentError(
                f"{value} is no number to work with: something was divided by nothing, or a value is missing on the way."
            )
        if abs(value) > LARGEST:
            raise ArgumentError("the number has more than 15 digits. No count or amount here is that large.")
        return value
    if kind is str:
        if len(value) > _LONGEST_TEXT:
            raise ArgumentError(f"the text has {len(value):,} characters; at most {_LONGEST_TEXT:,} are kept.")
        return re.sub(r"[\x00\ud800-\udfff]", "\ufffd", value)  # half a character cannot be written to a file
    if kind.__name__ in ("Timestamp", "date", "datetime") and hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    raise ArgumentError(
        f"an answer is a number, a text, a short list or a small table; this is a {kind.__name__}. "
        "Take the number out of it first, e.g. with `.iloc[0]` or `float(...)`."
    )


def sane(value: object) -> bool:
    """Whether something read from JSON could have come from ``plain``: nothing deeper, longer, larger or not finite."""
    if isinstance(value, list):
        return len(value) <= _LONGEST_LIST and all(_sane_scalar(each) for each in value)
    if isinstance(value, dict):
        columns, rows = value.get("columns"), value.get("rows")
        return (
            set(value) == {"columns", "rows"}
            and isinstance(columns, list)
            and isinstance(rows, list)
            and len(columns) <= _MOST_COLUMNS
            and len(rows) <= _LONGEST_LIST
            and all(isinstance(name, str) and len(name) <= 200 for name in columns)
            and all(isinstance(row, list) and len(row) == len(columns) and all(map(_sane_scalar, row)) for row in rows)
        )
    return _sane_scalar(value)


def _sane_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT and not re.search(r"[\x00\ud800-\udfff]", value)
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) <= LARGEST
    return isinstance(value, int) and abs(value) <= LARGEST


@dataclass(frozen=True, slots=True)
class Question:
    """What an author declares about one question.

    Attributes
    ----------
    name : str
    kind : str
        One of ``KINDS``.
    unit : str
        Of the answer, in words: "prospects", "% of all prospects".
    points : float
    within : float
        How far from the key an answer may lie, in its own unit; for each entry of a list or table.
    low, high : float or None
        The range that makes sense.
    choices : tuple of str
        For kind "choice": the words to choose from.
    columns : tuple of str
        For kind "table": the columns it must have; the first one names the rows.
    size : int or None
        For kind "list": how many entries.
    entries : str
        For kind "list": "numbers" or "words".
    words : tuple of int
        For kind "text": at least and at most so many.
    rubric : tuple of (str, float, str)
        For kind "text": the lines by which a person marks it: name, points, what earns them.
    hint : str
        What the author tells whoever got it wrong.
    """

    name: str
    kind: str
    unit: str = ""
    points: float = 1
    within: float = 0
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    size: int | None = None
    entries: str = ""
    words: tuple[int, ...] = ()
    rubric: tuple[tuple[str, float, str], ...] = ()
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a dict of plain JSON, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value is not None and value not in ("", ())}

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> Question:
        """The question that ``as_json`` wrote."""
        tuples = {"choices", "columns", "words"}
        parts = {each.name: held[each.name] for each in fields(cls) if each.name in held}
        parts |= {key: tuple(parts[key]) for key in tuples & set(parts)}
        if "rubric" in parts:
            parts["rubric"] = tuple(tuple(line) for line in parts["rubric"])
        return cls(**parts)

    def asks(self) -> str:
        """The form of an answer, in words."""
        if self.kind == "text":
            return f"a text of {self.words[0]} to {self.words[1]} words" if self.words else "a text"
        told = " ".join(f"a list of {self.size or ''} {self.entries}".split()) if self.kind == "list" else KINDS[self.kind]
        if self.kind == "choice":
            return f"one of: {', '.join(self.choices)}"
        if self.kind == "table":
            told += f" with the columns {', '.join(self.columns)}"
        return told + (f" ({self.unit})" if self.unit else "")

    def told(self, answer: Plain) -> str:
        """An answer in words, with its unit."""
        if isinstance(answer, dict):
            rows = "; ".join(", ".join(show(cell) for cell in row) for row in answer["rows"][:5])
            return f"a table of {len(answer['rows'])} rows: {rows}" + ("; ..." if len(answer["rows"]) > 5 else "")
        if isinstance(answer, list):
            return ", ".join(show(each) for each in answer) + (f" ({self.unit})" if self.unit else "")
        if self.kind == "text" and isinstance(answer, str):
            return f"a text of {count_words(answer)} words"
        return show(answer, 4) + (f" ({self.unit})" if self.unit and not isinstance(answer, str) else "")

    def fault(self, answer: Plain) -> str:
        """What is wrong with the form of an answer, its unit or its range, and what to do; "" if nothing."""
        if self.kind == "text":
            return self._fault_of_text(answer)
        if self.kind == "choice":
            fits = isinstance(answer, str) and _word(answer) in map(_word, self.choices)
            return "" if fits else f"The question asks for {self.asks()}."
        if self.kind == "table":
            return self._fault_of_table(answer)
        if self.kind == "list":
            if not isinstance(answer, list):
                return f"The question asks for {self.asks()}; put it in square brackets: [first, second, ...]."
            if self.size is not None and len(answer) != self.size:
                return f"The question asks for {self.asks()}; this one has {len(answer)}."
            if self.entries and any(isinstance(each, str) != (self.entries == "words") for each in answer):
                return f"The question asks for {self.asks()}."
            return next(filter(None, map(self._fault_of_number, (each for each in answer if not isinstance(each, str)))), "")
        if isinstance(answer, list) and len(answer) == 1:
            return f"This is a list with one entry; the question asks for {self.asks()}. Take it out with [0] or `.iloc[0]`."
        if isinstance(answer, str) and re.fullmatch(r"\s*-?[\d.,]+\s*%?\s*", answer):
            return "The number stands in quotes, so it is a text. Leave the quotes out."
        if isinstance(answer, bool) or not isinstance(answer, int | float):
            return f"The question asks for {self.asks()}."
        if self.kind == "whole" and answer != int(answer):
            return f"The question asks for {self.asks()}: {show(answer, 6)} has a fraction."
        return self._fault_of_number(answer)

    def _fault_of_number(self, answer: float) -> str:
        low, high = self.low, self.high
        if (low is None or answer >= low) and (high is None or answer <= high):
            return ""
        if (low, high) == (0, 1) and 1 < answer <= 100:
            return f"{show(answer, 4)} looks like a per cent; the question asks for a share between 0 and 1."
        bounds = f"between {low:g} and {high:g}" if low is not None and high is not None else (
            f"at least {low:g}" if high is None else f"at most {high:g}"
        )  # fmt: skip
        return f"{show(answer, 4)} cannot be: it must be {bounds}" + (f" ({self.unit})." if self.unit else ".")

    def _fault_of_text(self, answer: Plain) -> str:
        if not isinstance(answer, str):
            return "The question asks for a text, in quotes."
        count = count_words(answer)
        if self.words and count < self.words[0]:
            return f"The text has {count} words; it should have {self.words[0]} to {self.words[1]}."
        if self.words and count > self.words[1]:
            return f"The text has {count} words; shorten it to at most {self.words[1]}."
        return ""

    def _fault_of_table(self, answer: Plain) -> str:
        if not isinstance(answer, dict):
            return f"The question asks for {self.asks()}."
        lacking = [name for name in self.columns if _word(name) not in map(_word, answer["columns"])]
        if lacking:
            return f"The table lacks the column {lacking[0]}. It needs: {', '.join(self.columns)}; it has: " + (
                f"{', '.join(answer['columns']) or 'none'}."
            )
        return ""

    def leaves(self, answer: Plain) -> list[Scalar] | None:
        """The single values by which an answer is compared, in a fixed order; None if its form is not right."""
        if not sane(answer) or self.fault(answer):
            return None
        if isinstance(answer, list):
            return list(answer)
        if isinstance(answer, dict):
            place = [list(map(_word, answer["columns"])).index(_word(name)) for name in self.columns]
            rows = [[row[k] for k in place] for row in answer["rows"]]
            return [cell for row in sorted(rows, key=lambda row: _word(str(row[0]))) for cell in row]
        return [answer]

    def right(self, answer: Plain, key: Plain) -> bool:
        """Whether an answer agrees with the key: numbers within ``within``, words but for case and spaces."""
        given, wanted = self.leaves(answer), self.leaves(key)
        return given is not None and wanted is not None and len(given) == len(wanted) and all(
            self.same(a, k) for a, k in zip(given, wanted, strict=True)
        )  # fmt: skip

    def same(self, answer: Scalar, key: Scalar) -> bool:
        """Whether two single values agree."""
        if isinstance(key, str) or isinstance(answer, str):
            return isinstance(key, str) and isinstance(answer, str) and _word(answer) == _word(key)
        return abs(answer - key) <= self.within * (1 + 1e-9) + 1e-12 * abs(key)

    def marks(self, value: Plain, salt: str) -> list[str] | None:
        """The hashes by which a value is recognised: a courtesy, not a secret, for few numbers are quickly tried."""
        leaves = self.leaves(value)
        return None if leaves is None else [self._hash(salt, k, self._cell(leaf)) for k, leaf in enumerate(leaves)]

    def fits(self, answer: Plain, marks: list[str], salt: str) -> bool:
        """Whether ``marks`` may have been made of a value that agrees with the answer."""
        leaves = self.leaves(answer)
        if leaves is None or len(leaves) != len(marks):
            return False
        return all(
            any(self._hash(salt, k, cell) == mark for cell in self._cells(leaf))
            for k, (leaf, mark) in enumerate(zip(leaves, marks, strict=True))
        )

    def _cell(self, leaf: Scalar) -> str:
        if isinstance(leaf, str):
            return _word(leaf)
        return str(round(leaf * 10 / self.within)) if self.within else repr(float(leaf))

    def _cells(self, leaf: Scalar) -> list[str]:
        """Where a value may lie that agrees with this one: cells a tenth of ``within`` wide."""
        if isinstance(leaf, str) or not self.within:
            return [self._cell(leaf)]
        middle = round(leaf * 10 / self.within)
        return [str(middle + step) for step in range(-10, 11)]

    def _hash(self, salt: str, place: int, cell: str) -> str:
        return hashlib.sha256(f"{salt}|{self.name}|{place}|{cell}".encode()).hexdigest()[:20]


def count_words(text: str) -> int:
    """Words of a text; two Chinese characters count as one word."""
    chinese = len(re.findall(r"[\u3400-\u9fff]", text))
    return len(re.findall(r"[^\W\u3400-\u9fff][^\s\u3400-\u9fff]*", text)) + round(chinese / 2)


def _word(text: object) -> str:
    return " ".join(str(text).casefold().split())
