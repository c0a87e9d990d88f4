"""Questions: what is asked, what is wrong with the form of an answer, and when an answer is right.

A ``Question`` is what an author declares: kind, unit, range, tolerance, points. Its ``problem`` says what is wrong with an
answer's form, ``is_right`` compares it with a key, and ``fingerprints`` turns a value into hashes, so that a typical mistake
can be recognised without its number lying open. This room knows no student and no file; it compares plain JSON only.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from crmlab.exercise.values import Answer, Scalar, as_shown, is_valid

__all__ = ["KINDS", "Question", "count_words"]

#: Kind of an answer -> what it is, in words.
KINDS = {
    "number": "one number",
    "whole": "one whole number",
    "choice": "one of the given words",
    "text": "a text",
    "list": "a short list",
    "table": "a small table",
}
_BINS = 10  # the tolerance is this many bins wide
# Shares and amounts often lie exactly half-way between two bins, where the last digit would decide. So the edges lie a little
# higher, where no quotient of whole numbers below a million falls.
_EDGE = 0.5 + 1e-6


@dataclass(frozen=True, slots=True)
class Question:
    """What an author declares about one question.

    Attributes
    ----------
    name : str
        As in ``exercise.answer(name, ...)``.
    kind : str
        One of ``KINDS``.
    unit : str
        Of the answer, in words: "prospects", "% of all prospects".
    points : float
        What a right answer earns.
    tolerance : float
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
        What the author says to those who got it wrong.
    extra : bool
        Whether it is practice beyond the core of its exercise, which progress counts apart.
    """

    name: str
    kind: str
    unit: str = ""
    points: float = 1
    tolerance: float = 0
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    size: int | None = None
    entries: str = ""
    words: tuple[int, ...] = ()
    rubric: tuple[tuple[str, float, str], ...] = ()
    hint: str = ""
    extra: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the question as a dict of plain JSON, without what is empty."""
        return {
            key: value
            for key, value in asdict(self).items()
            if value is not None and value is not False and value not in ("", ())
        }

    @classmethod
    def from_json(cls, declaration: dict[str, Any]) -> Question:
        """Return the question that ``as_json`` wrote.

        Parameters
        ----------
        declaration : dict
            As it stands in a sheet.
        """
        parts = {field.name: declaration[field.name] for field in fields(cls) if field.name in declaration}
        parts |= {key: tuple(parts[key]) for key in ("choices", "columns", "words") if key in parts}
        if "rubric" in parts:
            parts["rubric"] = tuple(tuple(line) for line in parts["rubric"])
        return cls(**parts)

    def expected_form(self) -> str:
        """Return the form of an answer, in words."""
        if self.kind == "text":
            return f"a text of {self.words[0]} to {self.words[1]} words" if self.words else "a text"
        if self.kind == "choice":
            return f"one of: {', '.join(self.choices)}"
        text = " ".join(f"a list of {self.size or ''} {self.entries}".split()) if self.kind == "list" else KINDS[self.kind]
        if self.kind == "table":
            text += f" with the columns {', '.join(self.columns)}"
        return text + (f" ({self.unit})" if self.unit else "")

    def as_text(self, answer: Answer) -> str:
        """Return an answer in words, with its unit.

        Parameters
        ----------
        answer : Answer
            Plain JSON, of any form.
        """
        if isinstance(answer, dict):
            rows = "; ".join(", ".join(as_shown(cell) for cell in row) for row in answer["rows"][:5])
            return f"a table of {len(answer['rows'])} rows: {rows}" + ("; ..." if len(answer["rows"]) > 5 else "")
        if isinstance(answer, list):
            return ", ".join(as_shown(entry) for entry in answer) + (f" ({self.unit})" if self.unit else "")
        if self.kind == "text" and isinstance(answer, str):
            return f"a text of {count_words(answer)} words"
        return as_shown(answer) + (f" ({self.unit})" if self.unit and not isinstance(answer, str) else "")

    # -- The form of an answer ------------------------------------------------------------------------------------------

    def problem(self, answer: Answer) -> str:
        """Return what is wrong with the form of an answer, its unit or its range, and what to do; "" if nothing.

        Parameters
        ----------
        answer : Answer
            Plain JSON, of any form.
        """
        if self.kind == "text":
            return self._problem_of_text(answer)
        if self.kind == "choice":
            is_choice = isinstance(answer, str) and _normalize(answer) in map(_normalize, self.choices)
            return "" if is_choice else f"The question asks for {self.expected_form()}."
        if self.kind == "table":
            return self._problem_of_table(answer)
        if self.kind == "list":
            return self._problem_of_list(answer)
        return self._problem_of_number(answer)

    def _problem_of_number(self, answer: Answer) -> str:
        if isinstance(answer, list) and len(answer) == 1:
            return (
                f"This is a list with one entry; the question asks for {self.expected_form()}. "
                "Take it out with [0] or `.iloc[0]`."
            )
        if isinstance(answer, str) and re.fullmatch(r"\s*-?[\d.,]+\s*%?\s*", answer):
            return "The number stands in quotes, so it is a text. Leave the quotes out."
        if isinstance(answer, bool) or not isinstance(answer, int | float):
            return f"The question asks for {self.expected_form()}."
        if self.kind == "whole" and answer != int(answer):
            return f"The question asks for {self.expected_form()}: {as_shown(answer, 6)} has a fraction."
        return self._problem_of_range(answer)

    def _problem_of_range(self, number: float) -> str:
        low, high = self.low, self.high
        if (low is None or number >= low) and (high is None or number <= high):
            return ""
        if (low, high) == (0, 1) and 1 < number <= 100:
            return f"{as_shown(number)} looks like a per cent; the question asks for a share between 0 and 1."
        bounds = f"between {low:g} and {high:g}" if low is not None and high is not None else (
            f"at least {low:g}" if high is None else f"at most {high:g}"
        )  # fmt: skip
        return f"{as_shown(number)} cannot be: it must be {bounds}" + (f" ({self.unit})." if self.unit else ".")

    def _problem_of_list(self, answer: Answer) -> str:
        if not isinstance(answer, list):
            return f"The question asks for {self.expected_form()}; put it in square brackets: [first, second, ...]."
        if self.size is not None and len(answer) != self.size:
            return f"The question asks for {self.expected_form()}; this one has {len(answer)}."
        if self.entries and any(isinstance(entry, str) != (self.entries == "words") for entry in answer):
            return f"The question asks for {self.expected_form()}."
        return next(filter(None, (self._problem_of_range(entry) for entry in answer if not isinstance(entry, str))), "")

    def _problem_of_text(self, answer: Answer) -> str:
        if not isinstance(answer, str):
            return "The question asks for a text, in quotes."
        count = count_words(answer)
        if self.words and count < self.words[0]:
            return f"The text has {count} words; it should have {self.words[0]} to {self.words[1]}."
        if self.words and count > self.words[1]:
            return f"The text has {count} words; shorten it to at most {self.words[1]}."
        return ""

    def _problem_of_table(self, answer: Answer) -> str:
        if not isinstance(answer, dict):
            return f"The question asks for {self.expected_form()}."
        present = list(map(_normalize, answer["columns"]))
        missing = [name for name in self.columns if _normalize(name) not in present]
        if missing:
            return (
                f"The table lacks the column {missing[0]}. It needs: {', '.join(self.columns)}; it has: "
                f"{', '.join(answer['columns']) or 'none'}."
            )
        return ""

    # -- When it is right -----------------------------------------------------------------------------------------------

    def cells(self, answer: Answer) -> list[Scalar] | None:
        """Return the single values by which an answer is compared, in a fixed order; None if its form is not right.

        Parameters
        ----------
        answer : Answer
            Plain JSON, of any form. Rows of a table are ordered by their names.
        """
        if not is_valid(answer) or self.problem(answer):
            return None
        if isinstance(answer, list):
            return list(answer)
        if isinstance(answer, dict):
            present = list(map(_normalize, answer["columns"]))
            places = [present.index(_normalize(name)) for name in self.columns]
            rows = [[row[place] for place in places] for row in answer["rows"]]
            return [cell for row in sorted(rows, key=lambda row: _normalize(str(row[0]))) for cell in row]
        return [answer]

    def is_right(self, answer: Answer, key: Answer) -> bool:
        """Return whether an answer agrees with the key: numbers within ``tolerance``, words but for case and spaces.

        Parameters
        ----------
        answer, key : Answer
            Plain JSON. An answer whose form is not right agrees with nothing.
        """
        given, wanted = self.cells(answer), self.cells(key)
        if given is None or wanted is None or len(given) != len(wanted):
            return False
        return all(map(self.agrees, given, wanted))

    def agrees(self, cell: Scalar, key: Scalar) -> bool:
        """Return whether two single values agree.

        Parameters
        ----------
        cell, key : number or str
            An entry of an answer, and the entry of the key at that place.
        """
        if isinstance(key, str) or isinstance(cell, str):
            return isinstance(key, str) and isinstance(cell, str) and _normalize(cell) == _normalize(key)
        return abs(cell - key) <= self.tolerance * (1 + 1e-9) + 1e-12 * abs(key)

    # -- Fingerprints ---------------------------------------------------------------------------------------------------

    def fingerprints(self, value: Answer, salt: str) -> list[str] | None:
        """Return the hashes by which a value is recognised; None if its form is not right.

        They are a courtesy, not a secret: few numbers are quickly tried.

        Parameters
        ----------
        value : Answer
            A key, or the result of a typical mistake.
        salt : str
            Of the sheet.
        """
        cells = self.cells(value)
        return None if cells is None else [self._hash(salt, place, self._bin(cell)) for place, cell in enumerate(cells)]

    def matches(self, answer: Answer, fingerprints: list[str], salt: str) -> bool:
        """Return whether ``fingerprints`` may have been made of a value that agrees with the answer.

        Parameters
        ----------
        answer : Answer
            Plain JSON, of any form.
        fingerprints : list of str
            What ``fingerprints`` returned for that value.
        salt : str
            Of the sheet.
        """
        cells = self.cells(answer)
        if cells is None or len(cells) != len(fingerprints):
            return False
        return all(
            any(self._hash(salt, place, label) == fingerprint for label in self._bins_around(cell))
            for place, (cell, fingerprint) in enumerate(zip(cells, fingerprints, strict=True))
        )

    def is_at_edge(self, value: Answer, rounding: float) -> bool:
        """Return whether the last digits of a value decide its fingerprints.

        Parameters
        ----------
        value : Answer
            A key, or the result of a typical mistake.
        rounding : float
            How far off each number may be, as a share of it.
        """
        return any(
            self._bin(cell * (1 - rounding)) != self._bin(cell * (1 + rounding))
            for cell in self.cells(value) or ()
            if isinstance(cell, float) and self.tolerance
        )

    def widened(self, factor: float) -> Question:
        """Return this question with another tolerance.

        Parameters
        ----------
        factor : float
            What the tolerance is multiplied by.
        """
        return replace(self, tolerance=factor * self.tolerance)

    def _bin(self, cell: Scalar) -> str:
        if isinstance(cell, str):
            return _normalize(cell)
        return str(self._bin_number(cell)) if self.tolerance else repr(float(cell))

    def _bin_number(self, cell: float) -> int:
        return math.ceil(cell * _BINS / self.tolerance - _EDGE)

    def _bins_around(self, cell: Scalar) -> list[str]:
        """Return the bins in which a value may lie that agrees with this one."""
        if isinstance(cell, str) or not self.tolerance:
            return [self._bin(cell)]
        middle = self._bin_number(cell)
        return [str(middle + step) for step in range(-_BINS, _BINS + 1)]

    def _hash(self, salt: str, place: int, label: str) -> str:
        return hashlib.sha256(f"{salt}|{self.name}|{place}|{label}".encode()).hexdigest()[:20]


def count_words(text: str) -> int:
    """Count the words of a text; two Chinese characters count as one word.

    Parameters
    ----------
    text : str
        Of any length.
    """
    chinese = len(re.findall(r"[\u3400-\u9fff]", text))
    return len(re.findall(r"[^\W\u3400-\u9fff][^\s\u3400-\u9fff]*", text)) + round(chinese / 2)


def _normalize(text: object) -> str:
    """Return a text without differences of case and spaces."""
    return " ".join(str(text).casefold().split())
