"""Text to values: dates, numbers and names as people write them.

Some writings can be read in two ways: 12/03/2024 is a day in March or in December, and 1,234 is a
thousand or a little over one. Each cell is therefore read both ways. Where only one way makes
sense it is taken; where both do, the column decides, and where the column cannot, the user is
asked. This room knows formats; it knows no tables and no files (see ``datasets``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import DataError

#: What people write into a cell that holds nothing (compared without case).
MISSING = frozenset({"", "-", "--", "?", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "(null)", "<na>"})

_MONTHS = {
    name: number
    for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
_TIME = r"(?:[T\s]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(rf"(\d{{4}})(\d{{2}})(\d{{2}}){_TIME}")
_CHINESE = re.compile(rf"(\d{{4}})\s*年\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*日{_TIME}")
_DAY_NAMED = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?[-\s.]+([A-Za-z]{{3,9}})[-\s.,]+(\d{{4}}|\d{{2}}){_TIME}")
_NAMED_DAY = re.compile(rf"([A-Za-z]{{3,9}})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}}){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}")

_CURRENCIES = "USD|EUR|GBP|CNY|RMB|JPY|CHF|AUD|CAD|INR|HKD|TWD|SGD|SEK|NOK|DKK|PLN|CZK|BRL|MXN|KRW"
_AMOUNT = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+]?)\s*(?P<before>[$€£¥₹₩₽]|{_CURRENCIES})?\s*(?P<sign2>[-+]?)"
    rf"(?P<digits>[\d.,]*\d(?:[eE][-+]?\d+)?)"
    rf"\s*(?P<after>[$€£¥₹₩₽元円]|{_CURRENCIES})?\s*(?P<tail>-)?(?P<close>\))?"
)
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "KRW": "₩", "RMB": "¥", "CNY": "¥", "元": "¥", "円": "JPY"}
_STYLES = {  # with a decimal point, groups may be Indian: 12,34,567.8
    ".": re.compile(r"(?:\d+|[1-9]\d{0,2}(?:,\d{2,3})*,\d{3})?(?:\.\d+)?(?:[eE][-+]?\d+)?"),
    ",": re.compile(r"(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)?(?:,\d+)?(?:[eE][-+]?\d+)?"),
}

#: A cell as a day: with the day first, and with the month first.
_BothWays = tuple[dt.date | None, dt.date | None]


class Unclear(DataError):
    """The column can be read in two ways and nothing in it decides; the text says which argument does."""


def ids(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Read names of things as text without outer spaces: (values, reasons why not, empty where all is well)."""
    values = _as_text(cells)
    return values, _by_row(values, {cell: "is empty" for cell in values.unique() if _is_missing(cell)})


def texts(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Read text as it stands, without outer spaces; missing where nothing stands."""
    values = _as_text(cells)
    return values.mask(values.isin([cell for cell in values.unique() if _is_missing(cell)])), _by_row(values, {})


def dates(cells: pd.Series, day_first: bool | None) -> tuple[pd.Series, pd.Series]:
    """Read days: (values, reasons).

    Times of day and time zones are left out: the day is the one that is written.
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        cells = cells.dt.tz_localize(None).dt.normalize()
        readings = {day: (None if pd.isna(day) else day.date(),) * 2 for day in cells.unique()}
    else:
        readings = {cell: _read_day(cell) for cell in cells.unique()}
    ambiguous: dict[object, _BothWays] = {
        cell: both for cell, both in readings.items() if both[0] != both[1] and isinstance(cell, str)
    }
    if ambiguous and day_first is None:
        _ask_day_first(ambiguous)
    days, reasons = {}, {}
    for cell, (with_day_first, with_month_first) in readings.items():
        days[cell], other = (with_day_first, with_month_first) if day_first else (with_month_first, with_day_first)
        if reason := _why_no_day(cell, days[cell], other, day_first):
            reasons[cell] = reason
    return pd.to_datetime(cells.map(days)).astype("datetime64[us]"), _by_row(cells, reasons)


def _why_no_day(cell: object, day: dt.date | None, other: dt.date | None, day_first: bool | None) -> str:
    """Say why a cell is no day that can be used, or nothing; ``other`` is the cell read in the other order."""
    if day is None:
        if _is_missing(cell):
            return "is empty"
        if other is not None:
            return f"is no day of the calendar if the {'day' if day_first else 'month'} stands first"
        return "is not a date, or no day of the calendar"
    if day > _check.today():
        return f"lies in the future (after {_check.today()})"
    return "lies before 1900" if day.year < 1900 else ""


def numbers(cells: pd.Series, decimal: str | None) -> tuple[pd.Series, pd.Series]:
    """Read numbers, with currency signs and thousands separators as they come: (values, reasons)."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        typed = cells.astype(float)
        no_reason = pd.Series("", index=cells.index, dtype="str")
        return typed, no_reason.mask(np.isinf(typed), "is not finite").mask(typed.isna(), "is empty")
    readings = {cell: _read_number(cell) for cell in cells.unique()}
    mark = decimal or _mark_of_column(readings)
    currency = _currency_of_column(cells, readings)
    values, reasons = {}, {}
    for cell, reading in readings.items():
        reason = _why_no_number(cell, reading, decimal, mark, currency)
        value = math.nan if reading is None or reason else reading.value(mark)
        if reason or not math.isfinite(value):
            reasons[cell] = reason or "is not finite"
        else:
            values[cell] = value
    return cells.map(values).astype(float), _by_row(cells, reasons)


def _mark_of_column(readings: dict[object, _Number | None]) -> str | None:
    """Return the decimal mark that all cells agree on, None if they do not; ask if nothing decides."""
    marks = {reading.mark for reading in readings.values() if reading is not None} & set(_STYLES)
    if not marks:
        for cell, reading in readings.items():
            if reading is not None and reading.mark == "?":
                raise Unclear(
                    f"{cell!r} can be {reading.point:,.15g} or {reading.comma:,.15g}, and nothing else in the column "
                    'decides. Say which with decimal="." (a point before the decimals) or decimal=",".'
                )
    return marks.pop() if len(marks) == 1 else None


def _currency_of_column(cells: pd.Series, readings: dict[object, _Number | None]) -> str:
    """Return the currency that most cells name; of two that are equally frequent, the one that is named first."""
    named = cells.map({cell: reading.currency for cell, reading in readings.items() if reading is not None})
    named = named[named.astype(bool) & named.notna()]
    return str(named.value_counts(sort=False).idxmax()) if len(named) else ""


def _why_no_number(cell: object, reading: _Number | None, decimal: str | None, mark: str | None, currency: str) -> str:
    """Say why a cell is no number that can be used, or nothing."""
    if reading is None:
        return "is empty" if _is_missing(cell) else "is not a number"
    if decimal and reading.mark not in ("", "?", decimal):
        return f"is not written with decimal={decimal!r}"
    if reading.mark == "?" and mark is None:
        return f"can be {reading.point:,.15g} or {reading.comma:,.15g}, and the column holds both styles"
    if reading.currency not in ("", currency):
        return f"is in {reading.currency}, while most are in {currency}"
    return ""


def _by_row(cells: pd.Series, reasons: dict[object, str]) -> pd.Series:
    """Return one reason per row; empty text where there is none."""
    if not reasons:
        return pd.Series("", index=cells.index, dtype="str")
    return cells.map(reasons).astype("object").fillna("").astype("str")


def _as_text(cells: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(cells) and not cells.hasnans:
        return cells.astype("str")
    return cells.map(text).astype("str")


def text(cell: object) -> str:
    """Return a cell as it would be written down; nothing for a missing one."""
    if cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        cell = int(cell)  # a sheet keeps 17850 as 17850.0
    return str(cell).strip()


def _is_missing(cell: object) -> bool:
    return text(cell).casefold() in MISSING


def _plain(cell: object) -> str:
    """Return text in its simplest characters: full-width digits, no-break spaces and typographic minus become plain."""
    return unicodedata.normalize("NFKC", text(cell)).replace("−", "-").strip()


def _read_day(cell: object) -> _BothWays:
    """Read a cell as a day: (with the day first, with the month first)."""
    if isinstance(cell, dt.date) and cell is not pd.NaT:
        day = cell.date() if isinstance(cell, dt.datetime) else cell
        return day, day
    if not isinstance(cell, str):
        return None, None
    text = _plain(cell)
    for pattern, order in _CERTAIN:
        if match := pattern.fullmatch(text):
            certain = _day(*order(match))
            return certain, certain
    if match := _YEAR_LAST.fullmatch(text):
        first, _, second, year = match.groups()
        return _day(_year(year), int(second), int(first)), _day(_year(year), int(first), int(second))
    return None, None


def _year(text: str) -> int:
    """Read a year; one of two digits lies in 1969-2068, as POSIX has it."""
    return int(text) if len(text) == 4 else int(text) + (1900 if int(text) >= 69 else 2000)


_CERTAIN: tuple[tuple[re.Pattern, Callable[[re.Match], tuple[int, int, int]]], ...] = (
    (_YEAR_FIRST, lambda m: (int(m[1]), int(m[3]), int(m[4]))),
    (_COMPACT, lambda m: (int(m[1]), int(m[2]), int(m[3]))),
    (_CHINESE, lambda m: (int(m[1]), int(m[2]), int(m[3]))),
    (_DAY_NAMED, lambda m: (_year(m[3]), _MONTHS.get(m[2][:3].lower(), 0), int(m[1]))),
    (_NAMED_DAY, lambda m: (int(m[3]), _MONTHS.get(m[1][:3].lower(), 0), int(m[2]))),
)


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _ask_day_first(ambiguous: dict[object, _BothWays]) -> None:
    """Refuse a column that can be read in two ways, with an example and what speaks for one of them."""
    proof = next((cell for cell, both in ambiguous.items() if None in both), None)
    example = next((cell for cell, both in ambiguous.items() if None not in both), proof)
    hint = "Look at where the file comes from"
    if proof is not None:
        hint = f"{proof!r} stands in the same column, so day_first={ambiguous[proof][0] is not None} looks right"
    days = " or ".join(str(day) for day in ambiguous[example] if day is not None)
    raise Unclear(
        f"{example!r} can be {days}. Say which with day_first=True (the day stands first) or day_first=False "
        f"(the month does). {hint}."
    )


class _Number(NamedTuple):
    """A cell read in both styles; ``mark`` is the decimal mark if one style only fits, "?" if both do and differ, else ""."""

    point: float | None
    comma: float | None
    currency: str = ""

    @property
    def mark(self) -> str:
        if self.point == self.comma:
            return ""
        return "." if self.comma is None else "," if self.point is None else "?"

    def value(self, mark: str | None) -> float:
        """Return the number; ``mark`` is the decimal mark of the column, which decides where both styles fit."""
        value = self.comma if (mark if self.mark == "?" else self.mark) == "," else self.point
        return math.nan if value is None else value


def _read_number(cell: object) -> _Number | None:
    if isinstance(cell, int | float | np.number) and not isinstance(cell, bool | np.bool_):
        value = float(cell)
        return None if math.isnan(value) else _Number(value, value)
    if not isinstance(cell, str):
        return None
    text = re.sub(r"(?<=\d)[\s'’](?=\d{3}(?!\d))", "", _plain(cell))  # 1 234,50 and 1'234.50
    match = _AMOUNT.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    minus = [match["open"], match["sign"].strip("+"), match["sign2"].strip("+"), match["tail"]]
    if sum(map(bool, minus)) > 1:
        return None
    point, comma = (_in_style(match["digits"], mark, -1.0 if any(minus) else 1.0) for mark in _STYLES)
    currency = match["before"] or match["after"] or ""
    return None if point is None and comma is None else _Number(point, comma, _SIGNS.get(currency, currency))


def _in_style(digits: str, mark: str, sign: float) -> float | None:
    """Return the number if ``mark`` is its decimal mark, None if it cannot be."""
    if not _STYLES[mark].fullmatch(digits):
        return None
    return sign * float(digits.replace("," if mark == "." else ".", "").replace(mark, "."))
