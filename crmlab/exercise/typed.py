"""Typed: an answer as people write it, understood where there is one sensible reading.

``read_typed`` takes a text such as "1,234", "12 %", "€ 12,50" or "= 100 * 143 / 512" and returns the answer that the question
asks for, or refuses it with the reason and with what to write. What a comma means follows from the question: a whole number
has no decimals, a per cent is at most 100. Where two readings remain, nothing is guessed. Whether an answer makes sense is
known to ``form``; this room only reads.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Sequence
from itertools import zip_longest

from crmlab.errors import ArgumentError
from crmlab.exercise.form import Question
from crmlab.exercise.values import Answer, Scalar

__all__ = ["read_pair", "read_typed"]

_BLANKS = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_PER_CENT = re.compile(r"(?:%|\bper\s?cents?\b)\s*$", re.IGNORECASE)
_CURRENCY = re.compile(r"[€$£¥]|\b(?:EUR|USD|GBP|CNY|CHF)\b", re.IGNORECASE)
_SUM = re.compile(r"[-+*/^×÷()\d.,\s]*[\d)]\s*[-+*/^×÷(]+\s*[\d(.s]|=|-?\s*(?:sqrt|\()")
_NUMBER_IN_SUM = re.compile(r"[.\d][\d.,'’ ]*")
_LONGEST_NUMBER = 200
_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: math.pow,
}  # fmt: skip


def read_typed(text: str, question: Question) -> Answer:
    """Return the answer that a text means for a question.

    Parameters
    ----------
    text : str
        As it was typed.
    question : Question

    Returns
    -------
    Answer
        Plain JSON. A text without any number stays as it is where words are asked for.

    Raises
    ------
    ArgumentError
        There is no reading, or more than one; the message says what to write.

    Examples
    --------
    >>> from crmlab.exercise.form import Question
    >>> read_typed("1,234", Question("q1", "whole")), read_typed("12,5 %", Question("q2", "number", "% of all"))
    (1234, 12.5)
    >>> read_typed("1,234", Question("q3", "number"))
    Traceback (most recent call last):
    crmlab.errors.ArgumentError: no comma: write 1234 or 1.234.
    """
    text = text.strip()
    if not text:
        raise ArgumentError("there is nothing in it.")
    if question.kind in ("number", "whole"):
        return _number(text, question)
    if question.kind == "list":
        return _list(text, question)
    if question.kind == "choice":
        return text.strip("\"'“”‘’ ")
    if question.kind == "table":
        raise ArgumentError(f"the question asks for {question.expected_form()}, which only code can hand in.")
    return text


def read_pair(parts: Sequence[object], question: Question) -> Answer:
    """Return the whole number that somebody wrote with commas in code, which Python reads as several numbers.

    Parameters
    ----------
    parts : sequence
        What Python made of it: (1, 234) of ``1,234``.
    question : Question
        It asks for one number.

    Raises
    ------
    ArgumentError
        It is no such number; the message says what to write.
    """
    are_whole = [type(part) is int for part in parts]
    if isinstance(parts, tuple) and len(parts) > 1 and all(are_whole):
        text = ",".join(map(str, parts))
        if question.kind == "whole" and re.fullmatch(r"-?\d{1,3}(,\d{3})+", text):
            return int(text.replace(",", ""))
        if len(parts) == 2:
            whole, rest = parts
            or_else = f" or {whole}{rest}" if len(str(rest)) == 3 else ""
            raise ArgumentError(f"no comma: Python reads {whole},{rest} as two numbers. Write {whole}.{rest}{or_else}.")
    if len(parts) == 1:
        raise ArgumentError(
            f"this is a list with one entry; the question asks for {question.expected_form()}. "
            "Take it out with [0] or `.iloc[0]`."
        )
    raise ArgumentError(
        f"these are {len(parts)} values; the question asks for {question.expected_form()}. Write one number, without commas."
    )


# -- One number -------------------------------------------------------------------------------------------------------


def _number(text: str, question: Question) -> int | float:
    """Read one number, with whatever stands around it."""
    if len(text) > _LONGEST_NUMBER:
        raise ArgumentError(f"the question asks for {question.expected_form()}; this text has {len(text):,} characters.")
    plain = _BLANKS.sub(" ", text.translate({0x2212: "-", 0x2013: "-", 0xFF05: "%"})).strip("\"'“”‘’ ")
    percents = _PER_CENT.search(plain)
    if percents:
        plain = plain[: percents.start()].strip()
    plain = _without_unit(plain, question)
    number = _sum(plain, question) if _SUM.match(plain) else _amount(plain, question, in_percent=percents is not None)
    if percents is None:
        return number
    if _asks_per_cent(question):
        return number
    if (question.low, question.high) == (0, 1):
        return number / 100
    raise ArgumentError(f"no per cent sign: the question asks for {question.unit or 'a plain number'}.")


def _asks_per_cent(question: Question) -> bool:
    return question.unit.startswith(("%", "of 100"))


def _without_unit(text: str, question: Question) -> str:
    """Take away a sign of currency, and words that say the unit."""
    if _CURRENCY.search(text):
        if "currency" not in question.unit:
            raise ArgumentError(f"no sign of currency: the question asks for {question.unit or 'a plain number'}.")
        text = _CURRENCY.sub("", text).strip()
    unit = set(re.findall(r"[^\W\d]+", question.unit.casefold()))
    words = re.search(r"[\d.,)]\s*([^\W\d_][^\d]*)$", text)
    if words and set(re.findall(r"[^\W\d]+", words[1].casefold())) <= unit:
        return text[: words.start(1)].strip()
    return text


def _amount(text: str, question: Question, *, in_percent: bool) -> int | float:
    """Read digits with separators; the question decides where a separator may mean two things."""
    if re.fullmatch(r"[-+]?\d+(?:\.\d+)?e[-+]?\d{1,3}", text) and math.isfinite(float(text)):  # as Python shows small ones
        return float(text)
    if not re.fullmatch(r"[-+]?[\d.,'’ ]*\d[\d.,'’ ]*", text):
        raise ArgumentError(f"{text[:40]!r} is no number. Write digits only, such as 1234.5.")
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    readings = list(dict.fromkeys(_readings(digits.strip(), is_whole=question.kind == "whole")))
    if not readings:
        raise ArgumentError(f"{text[:40]!r} cannot be read as one number. Write it without commas and blanks, such as 1234.5.")
    if len(readings) > 1 and question.kind == "whole":
        readings = [reading for reading in readings if reading.is_integer()] or readings
    if len(readings) > 1:
        low, high = (0, 100) if in_percent and question.low is None and question.high is None else (question.low, question.high)
        fitting = [each for each in readings if (low is None or sign * each >= low) and (high is None or sign * each <= high)]
        readings = fitting or readings
    if len(readings) > 1:
        large, small = (f"{sign * reading:.15g}" for reading in readings)
        raise ArgumentError(f"no comma: write {large} or {small}.")
    number = sign * readings[0]
    if len(digits) > 40 or not math.isfinite(number):
        raise ArgumentError("the number has more than 15 digits. No count or amount here is that large.")
    return int(number) if number.is_integer() else number


def _readings(digits: str, *, is_whole: bool) -> list[float]:
    """Return what digits with separators may mean: thousands kept apart, a decimal comma, or a decimal point.

    A dot is a decimal point, as everywhere in the kit, unless a whole number is asked for.
    """
    grouped = re.fullmatch(r"\d{1,3}(?:([ '’,.])\d{3})(?:\1\d{3})*", digits)
    if re.fullmatch(r"\d*\.?\d+|\d+\.", digits):
        may_be_thousands = is_whole and grouped and digits[0] != "0"
        return [float(digits.replace(".", ""))] if may_be_thousands else [float(digits)]
    readings = [float(re.sub(r"\D", "", digits))] if grouped and digits[0] != "0" else []
    if re.fullmatch(r"\d*,\d+", digits):
        readings.append(float(digits.replace(",", ".")))
    for mark, decimal in ((",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("’", "."), ("'", ",")):
        if re.fullmatch(rf"\d{{1,3}}(?:\{mark}\d{{3}})+\{decimal}\d+", digits):
            readings.append(float(digits.replace(mark, "").replace(decimal, ".")))
    return readings


# -- A sum, as on a pocket calculator -----------------------------------------------------------------------------------


def _sum(text: str, question: Question) -> int | float:
    """Work out plus, minus, times, divided by, powers and roots.

    Where commas leave two readings, they mean the same throughout the sum, and the range of the question may decide.
    """
    written = text.lstrip("= ").replace("^", "**").replace("×", "*").replace("÷", "/")
    numbers = [_reading_of_part(part[0].strip()) for part in _NUMBER_IN_SUM.finditer(written)]
    totals = []
    for which in (0, -1):  # a comma keeps thousands apart, or is a decimal comma
        chosen = [f"{readings[which]:.17g} " for readings in numbers]
        between = _NUMBER_IN_SUM.split(written)
        totals.append(_calculated("".join(map("".join, zip_longest(between, chosen, fillvalue=""))), text))
    low, high = question.low, question.high
    fitting = [total for total in totals if (low is None or total >= low) and (high is None or total <= high)] or totals
    if not math.isclose(fitting[0], fitting[-1], rel_tol=1e-12):
        large, small = next(readings for readings in numbers if len(readings) > 1)
        raise ArgumentError(f"no comma in this sum, for it has two readings: write {large:.15g} or {small:.15g}.")
    number = fitting[0]
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _reading_of_part(text: str) -> list[float]:
    """Return what one number of a sum may mean: thousands kept apart first, a decimal comma last."""
    if readings := list(dict.fromkeys(_readings(text, is_whole=False))):
        return readings
    raise ArgumentError(
        f"{text[:40]!r} cannot be read as one number. Is + - * or / missing in it? Write numbers such as 1234.5."
    )


def _calculated(written: str, text: str) -> float:
    """Work out a sum in which each number is written as Python does."""
    try:
        return _worked_out(ast.parse(written.strip(), mode="eval").body)
    except ZeroDivisionError:
        raise ArgumentError("this divides by nothing. Which number belongs below the line?") from None
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError, TypeError):
        raise ArgumentError(f"{text[:40]!r} cannot be worked out. Write a number, or a sum such as 100 * 143 / 512.") from None


def _worked_out(node: ast.expr) -> float:
    """Work out a parsed sum; nothing but numbers, operators and ``sqrt`` is known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = _worked_out(node.operand)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return float(_OPERATORS[type(node.op)](_worked_out(node.left), _worked_out(node.right)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sqrt" and len(node.args) == 1:
        return math.sqrt(_worked_out(node.args[0]))
    raise ValueError(ast.dump(node)[:40])


# -- A list -----------------------------------------------------------------------------------------------------------


def _list(text: str, question: Question) -> list[Scalar]:
    """Read a list: by semicolons if there are some; else by whichever separator gives as many entries as are asked for."""
    inside = re.sub(r"^\(([^()]*)\)$", r"\1", text.strip("[] "))
    if question.entries == "words":
        return [part.strip("\"'“”‘’ ") for part in re.split(r"[;,\n]", inside) if part.strip()]
    one = Question(question.name, "number", question.unit, low=question.low, high=question.high)
    if re.search(r"[;\n]", inside):
        return _separated(inside, question, one)
    readings: list[list[Scalar]] = []
    for separator in (r",\s+", r"\s+", r","):
        parts = [part for part in re.split(separator, inside) if part.strip()]
        try:
            entries: list[Scalar] = [_number(part, one) for part in parts]
        except ArgumentError:
            continue
        if len(entries) == question.size and entries not in readings:
            readings.append(entries)
    if len(readings) == 1:
        return readings[0]
    raise ArgumentError(f"the question asks for {question.expected_form()}. Write a semicolon between them: 12.3; 4.5; -6.")


def _separated(text: str, question: Question, one: Question) -> list[Scalar]:
    """Read a list with semicolons; say which entry cannot be read, and why."""
    parts = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if question.size is not None and len(parts) != question.size:
        raise ArgumentError(f"the question asks for {question.expected_form()}; between the semicolons stand {len(parts)}.")
    entries: list[Scalar] = []
    for place, part in enumerate(parts, 1):
        try:
            entries.append(_number(part, one))
        except ArgumentError as refusal:
            raise ArgumentError(f"number {place} of the list: {refusal}") from None
    return entries
