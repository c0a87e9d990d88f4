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


class Unclear(DataError):
    """The column can be read in two ways and nothing in it decides; the text says which argument does."""


def ids(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Names of things as text without outer spaces: (values, reasons why not, empty where all is well)."""
    values = _as_text(cells)
    return values, _reasons(values, {cell: "is empty" for cell in values.unique() if _is_missing(cell)})


def texts(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Text as it stands, without outer spaces; missing where nothing stands."""
    values = _as_text(cells)
    return values.mask(values.isin([cell for cell in values.unique() if _is_missing(cell)])), _reasons(values, {})


def dates(cells: pd.Series, day_first: bool | None) -> tuple[pd.Series, pd.Series]:
    """Days: (values, reasons).

    Times of day and time zones are left out: the day is the one that is written.
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        days = cells.dt.tz_localize(None).dt.normalize()
        readings = {day: (None if pd.isna(day) else day.date(),) * 2 for day in days.unique()}
        cells = days
    else:
        readings = {cell: _read_day(cell) for cell in cells.unique()}
    unclear = {cell: both for cell, both in readings.items() if both[0] != both[1] and isinstance(cell, str)}
    if unclear and day_first is None:
        _ask_day_first(unclear)
    pick = 0 if day_first else 1
    values: dict[object, dt.date | None] = {}
    reasons: dict[object, str] = {}
    for cell, both in readings.items():
        day = values[cell] = both[pick]
        if day is not None:
            if day > _check.today():
                reasons[cell] = f"lies in the future (after {_check.today()})"
            elif day.year < 1900:
                reasons[cell] = "lies before 1900"
        elif _is_missing(cell):
            reasons[cell] = "is empty"
        elif both[1 - pick] is not None:
            first = "day" if day_first else "month"
            reasons[cell] = f"is no day of the calendar if the {first} stands first"
        else:
            reasons[cell] = "is not a date, or no day of the calendar"
    return pd.to_datetime(cells.map(values)).astype("datetime64[us]"), _reasons(cells, reasons)


def numbers(cells: pd.Series, decimal: str | None) -> tuple[pd.Series, pd.Series]:
    """Numbers, with currency signs and thousands separators as they come: (values, reasons)."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        values = cells.astype(float)
        reasons = pd.Series("", index=cells.index, dtype="str").mask(np.isinf(values), "is not finite")
        return values, reasons.mask(values.isna(), "is empty")
    readings = {cell: _read_number(cell) for cell in cells.unique()}
    told = {cell: reading for cell, reading in readings.items() if reading is not None}
    unclear = next((cell for cell, reading in told.items() if reading.mark == "?"), None)
    marks = {reading.mark for reading in told.values()} & set(_STYLES)
    if decimal is None and unclear is not None and not marks:
        raise Unclear(
            f"{unclear!r} can be {told[unclear].point:,.15g} or {told[unclear].comma:,.15g}, and nothing else in the column "
            'decides. Say which with decimal="." (a point before the decimals) or decimal=",".'
        )
    mark = decimal or (marks.pop() if len(marks) == 1 else None)
    signs = cells.map({cell: reading.currency for cell, reading in told.items()})
    signs = signs[signs.astype(bool) & signs.notna()]
    currency = signs.value_counts().idxmax() if len(signs) else ""
    values: dict[object, float] = {}
    reasons: dict[object, str] = {}
    for cell, reading in readings.items():
        if reading is None:
            reasons[cell] = "is empty" if _is_missing(cell) else "is not a number"
        elif decimal and reading.mark not in ("", "?", decimal):
            reasons[cell] = f"is not written with decimal={decimal!r}"
        elif reading.mark == "?" and mark is None:
            reasons[cell] = f"can be {reading.point:,.15g} or {reading.comma:,.15g}, and the column holds both styles"
        elif reading.currency not in ("", currency):
            reasons[cell] = f"is in {reading.currency}, while most are in {currency}"
        else:
            value = reading.comma if (mark if reading.mark == "?" else reading.mark) == "," else reading.point
            if math.isfinite(value):
                values[cell] = value
            else:
                reasons[cell] = "is not finite"
    return cells.map(values).astype(float), _reasons(cells, reasons)


def _reasons(cells: pd.Series, told: dict) -> pd.Series:
    """One reason per row; empty text where there is none."""
    if not told:
        return pd.Series("", index=cells.index, dtype="str")
    return cells.map(told).astype("object").fillna("").astype("str")


def _as_text(cells: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(cells) and not cells.hasnans:
        return cells.astype("str")
    return cells.map(text).astype("str")


def text(cell: object) -> str:
    """A cell as it would be written down; nothing for a missing one."""
    if cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        cell = int(cell)  # a sheet keeps 17850 as 17850.0
    return str(cell).strip()


def _is_missing(cell: object) -> bool:
    return text(cell).casefold() in MISSING


def _plain(cell: object) -> str:
    """Text in its simplest characters: full-width digits, no-break spaces and typographic minus become plain."""
    return unicodedata.normalize("NFKC", text(cell)).replace("−", "-").strip()


def _read_day(cell: object) -> tuple[dt.date | None, dt.date | None]:
    """A cell as a day: (read with the day first, read with the month first)."""
    if isinstance(cell, dt.date) and cell is not pd.NaT:
        day = cell.date() if isinstance(cell, dt.datetime) else cell
        return day, day
    if not isinstance(cell, str):
        return None, None
    text = _plain(cell)
    for pattern, order in _CERTAIN:
        if found := pattern.fullmatch(text):
            day = _day(*order(found))
            return day, day
    if found := _YEAR_LAST.fullmatch(text):
        one, _, two, year = found.groups()
        return _day(_year(year), int(two), int(one)), _day(_year(year), int(one), int(two))
    return None, None


def _year(text: str) -> int:
    """A year of two digits lies in 1969-2068, as POSIX has it."""
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


def _ask_day_first(unclear: dict) -> None:
    proof = next((cell for cell, both in unclear.items() if None in both), None)
    example = next((cell for cell, both in unclear.items() if None not in both), proof)
    hint = "Look at where the file comes from"
    if proof is not None:
        hint = f"{proof!r} stands in the same column, so day_first={unclear[proof][0] is not None} looks right"
    told = " or ".join(str(day) for day in unclear[example] if day is not None)
    raise Unclear(
        f"{example!r} can be {told}. Say which with day_first=True (the day stands first) or day_first=False "
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


def _read_number(cell: object) -> _Number | None:
    if isinstance(cell, int | float | np.number) and not isinstance(cell, bool | np.bool_):
        value = float(cell)
        return None if math.isnan(value) else _Number(value, value)
    if not isinstance(cell, str):
        return None
    text = re.sub(r"(?<=\d)[\s'’](?=\d{3}(?!\d))", "", _plain(cell))  # 1 234,50 and 1'234.50
    found = _AMOUNT.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    minus = [found["open"], found["sign"].strip("+"), found["sign2"].strip("+"), found["tail"]]
    if sum(map(bool, minus)) > 1:
        return None
    point, comma = (_in_style(found["digits"], mark, -1.0 if any(minus) else 1.0) for mark in _STYLES)
    currency = found["before"] or found["after"] or ""
    return None if point is None and comma is None else _Number(point, comma, _SIGNS.get(currency, currency))


def _in_style(digits: str, mark: str, sign: float) -> float | None:
    """The number if ``mark`` is its decimal mark, None if it cannot be."""
    if not _STYLES[mark].fullmatch(digits):
        return None
    return sign * float(digits.replace("," if mark == "." else ".", "").replace(mark, "."))
