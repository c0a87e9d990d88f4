"""Scales: from the cells of an export to answers on the scale of the instrument, high always good.

Words become numbers by a mapping, answers outside their scale or between two steps become missing, answers to another
scale are stretched, and negatively worded items are reversed. A file in which two scales seem mixed is refused. This
module treats cells one by one; which rows can be used is decided in ``screening``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import _check, _parse
from crmlab.errors import ArgumentError, DataError
from crmlab.satisfaction.findings import Findings
from crmlab.satisfaction.headings import listed, normalize
from crmlab.satisfaction.instrument import Instrument

_NOT_APPLICABLE = frozenset(
    {"notapplicable", "doesnotapply", "dontknow", "noopinion", "不适用", "不知道", "无法判断", "跳过", "空"}
)
_RANGE = re.compile(r"\s*\d+\s*(?:[-–—/]|to|or|bis|oder|至|到|或)\s*\d+.*", re.DOTALL | re.IGNORECASE)
_COMMA = re.compile(r"\s*(-?\d+),(\d{1,2})\s*%?\s*")
_LEADING = re.compile(r"\s*(-?\d+(?:[.]\d+)?)\s*(?:%|分|[-–—.:：=(（、,]\s*\D.*|\s[^\d].*)?\s*", re.DOTALL)
#: Ends of the scales of the closing questions.
_CLOSING_SCALES = {"overall_satisfaction": (1, 7), "recommendation": (0, 10)}
_MAX_OUTSIDE = 0.1  # share of answers outside a scale above which it is another scale, and no slip of the pen
_MIN_PROBABILITY = 1e-6  # below it an upper end that nobody used is taken for another scale
_MAX_LISTED = 200  # impossible answers that are listed one by one


def numeric_answers(
    cells: pd.DataFrame, columns: Mapping[str, str], mapping: Mapping[str, float], findings: Findings
) -> pd.DataFrame:
    """Return the answers to all questions as numbers, refusing together all words that ``mapping`` lacks.

    Parameters
    ----------
    cells : DataFrame
        The file below its headings.
    columns : mapping
        Name here -> column of the file.
    mapping : mapping
        Answer in words -> number.
    findings : Findings
        Notes how many questions do not apply.
    """
    values_of_words = {normalize(words): _mapped_number(words, value) for words, value in mapping.items()}
    answers, unknown, not_applicable = dict[str, np.ndarray](), dict[str, int](), 0
    for name, column in columns.items():
        if name in ("respondent", "wave"):
            continue
        texts = cells[column]
        if pd.api.types.is_numeric_dtype(texts) and not pd.api.types.is_bool_dtype(texts):
            values = texts.to_numpy(dtype=float, na_value=np.nan)
            answers[name] = np.where(np.isfinite(values), values, np.nan)
            continue
        numbers: dict[object, float] = {}
        for cell, count in texts.value_counts(dropna=True).items():
            number = _cell_number(cell, values_of_words)
            if number is None:
                unknown[str(cell).strip()] = unknown.get(str(cell).strip(), 0) + int(count)
            else:
                numbers[cell] = number
                not_applicable += int(count) if normalize(cell) in _NOT_APPLICABLE else 0
        answers[name] = texts.map(numbers).to_numpy(dtype=float)
    if unknown:
        _refuse_words(unknown)
    findings.note("does not apply", "any question", not_applicable, "taken as missing")
    return pd.DataFrame(answers, index=cells.index)


def _mapped_number(words: object, value: object) -> float:
    try:
        return _check.number("mapping", value)
    except ArgumentError:
        raise ArgumentError(f"`mapping` must lead to numbers; {words!r} leads to {value!r}.") from None


def _cell_number(cell: object, values_of_words: Mapping[str, float]) -> float | None:
    """A cell as a number; NaN where nothing was answered, None where it holds words that are not known."""
    text, words = str(cell).strip(), normalize(cell)
    if text.casefold() in _parse.MISSING or words in _NOT_APPLICABLE:
        return np.nan
    if words in values_of_words:
        return values_of_words[words]
    if match := _COMMA.fullmatch(text):
        return float(f"{match[1]}.{match[2]}")
    if not _RANGE.fullmatch(text) and (match := _LEADING.fullmatch(unicodedata.normalize("NFKC", text))):
        return float(match[1])
    return None


def _refuse_words(counts: Mapping[str, int]) -> None:
    texts = sorted(counts, key=lambda text: (-counts[text], text))
    pairs = ", ".join(f'"{text[:40]}": ?' for text in texts[:9])
    raise DataError(
        f"{sum(counts.values()):,} answers are words, not numbers: {listed([repr(text) for text in texts], 9)}. "
        f"Say what they mean: mapping={{{pairs}}}, a number of the scale in place of each ?."
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Scales:
    """The scales of the columns of answers.

    Attributes
    ----------
    names : ndarray of str, shape (columns,)
    low, high : ndarray, shape (columns,)
        Ends of the scale on which each was asked.
    lowest, highest : ndarray, shape (columns,)
        Ends of the instrument's scale.
    named : set of str
        Columns whose scale the user has given.
    """

    names: np.ndarray
    low: np.ndarray
    high: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    named: set[str]


def rescale(
    answers: pd.DataFrame, instrument: Instrument, scale: Mapping[str, tuple[float, float]], keyed: bool, findings: Findings
) -> pd.DataFrame:
    """Bring answers to the scale of the instrument; what lies outside a scale, or between two steps, becomes missing.

    Parameters
    ----------
    answers : DataFrame
        As ``numeric_answers`` returns them; its index holds the lines of the file.
    instrument : Instrument
    scale : mapping
        As the argument of ``read_survey``.
    keyed : bool
        Whether negatively worded items have been reversed in the file already.
    findings : Findings
        Notes impossible and stretched answers.
    """
    scales = _scales(answers, instrument, scale)
    low, high, lowest, highest = scales.low, scales.high, scales.lowest, scales.highest
    values = answers[list(scales.names)].to_numpy(dtype=float)
    impossible = (values < low) | (values > high) | (values % 1 != 0) & ~np.isnan(values)
    _refuse_another_scale(values, scales)
    for place in np.flatnonzero(impossible.any(axis=0)):
        rule = "outside the scale or between two steps: taken as missing"
        findings.note("impossible answers", scales.names[place], impossible[:, place].sum(), rule)
    for row, place in np.argwhere(impossible)[:_MAX_LISTED]:
        cell = answers.index[row], scales.names[place], f"{values[row, place]:g}"
        findings.set_cell_aside(*cell, "is no answer on the scale")
    values = np.where(impossible, np.nan, values)
    for place in np.flatnonzero((low != lowest) | (high != highest)):
        step = (highest[place] - lowest[place]) / (high[place] - low[place])
        values[:, place] = lowest[place] + (values[:, place] - low[place]) * step
        rule = f"{low[place]:g}-{high[place]:g} to {lowest[place]:g}-{highest[place]:g}"
        findings.note("stretched to the scale", scales.names[place], (~np.isnan(values[:, place])).sum(), rule)
    answers = pd.concat([pd.DataFrame(values, answers.index, scales.names), answers.drop(columns=scales.names)], axis=1)
    _refuse_mixed_scales(answers, instrument, scales.named, keyed)
    return answers


def _scales(answers: pd.DataFrame, instrument: Instrument, scale: Mapping[str, tuple[float, float]]) -> _Scales:
    bounds: dict[str, tuple[float, float, float, float]] = {}
    used, named = set(), set()
    for kind in instrument.kinds:
        for item in instrument.items.itertuples():
            column = f"{kind}_{item.item}"
            key = next((key for key in (column, item.item, item.dimension, kind, "all") if key in scale), None)
            pair = (item.lowest, item.highest) if key is None else _ends(scale[key])
            bounds[column] = (*pair, item.lowest, item.highest)
            if key is not None:
                used.add(key)
                named.add(column)
    for column, pair in _CLOSING_SCALES.items():
        if column in answers:
            bounds[column] = (*(_ends(scale[column]) if column in scale else pair), *pair)
            used.add(column)
            named |= {column} & set(scale)
    if unknown := [key for key in scale if key not in used]:
        raise ArgumentError(
            f"`scale` names {unknown[0]!r}, which is none of these: all, "
            f"{', '.join(instrument.kinds)}, overall_satisfaction, recommendation, a dimension, an item, a column."
        )
    low, high, lowest, highest = np.array(list(bounds.values()), dtype=float).T
    return _Scales(np.array(list(bounds)), low, high, lowest, highest, named)


def _ends(pair: object) -> tuple[float, float]:
    try:
        if isinstance(pair, tuple | list) and len(pair) == 2:
            low = _check.number("scale", pair[0])
            return low, _check.number("scale", pair[1], low, closed="neither")
    except ArgumentError:
        pass
    raise ArgumentError(f"a scale must be a pair such as (1, 5); it is {pair!r}.")


def _refuse_another_scale(values: np.ndarray, scales: _Scales) -> None:
    """Refuse columns in which too many answers lie outside the scale."""
    low, high = scales.low, scales.high
    outside = ((values < low) | (values > high)).sum(axis=0) / np.maximum((~np.isnan(values)).sum(axis=0), 1)
    if len(values) < 5 or not (outside > _MAX_OUTSIDE).any():
        return
    wrong, worst = list(scales.names[outside > _MAX_OUTSIDE]), outside.argmax()
    raise DataError(
        f"{100 * outside[worst]:.0f} % of the answers to {listed(wrong, 4)} lie outside {low[worst]:g} to {high[worst]:g}: "
        f'another scale, it seems. Say which: scale={{"{wrong[0]}": (0, 10)}}, or another pair.'
    )


def _refuse_mixed_scales(answers: pd.DataFrame, instrument: Instrument, named: Collection[str], keyed: bool) -> None:
    """Refuse items whose upper end was never used by anyone, where chance cannot explain it."""
    highest = instrument.items["highest"].to_numpy(float)
    suspects, tops = [], {}
    for kind in instrument.kinds:
        columns = np.array([f"{kind}_{item}" for item in instrument.items["item"]])
        values = answers[columns].to_numpy()
        # on five boxes nothing shorter can hide
        candidates = np.array([column not in named for column in columns]) & (_lengths(instrument) >= 5)
        suspects += list(columns[candidates & _unused_ends(values, instrument, keyed)])
        top = np.where(np.isnan(values), -np.inf, values).max(initial=-np.inf)
        tops[kind] = top if candidates.all() and len(values) >= 10 else np.nan
    if suspects:
        raise DataError(
            f"nobody's answer to {listed(suspects, 6)} is above {answers[suspects].max().max():g}, although other items go "
            f'to {max(highest):g}: two scales seem mixed. Say so: scale={{"{suspects[0]}": (1, 5)}}, or with the '
            "instrument's own scale if it is the right one."
        )
    if "overall_satisfaction" in answers and "overall_satisfaction" not in named:
        _refuse_short_overall(answers["overall_satisfaction"].dropna())
    _refuse_short_halves(tops, instrument)


def _lengths(instrument: Instrument) -> np.ndarray:
    return instrument.items["highest"].to_numpy(float) - instrument.items["lowest"].to_numpy(float)


def _unused_ends(values: np.ndarray, instrument: Instrument, keyed: bool) -> np.ndarray:
    """Which items' upper two steps nobody used, against all odds; shape (items,)."""
    lowest, highest = (instrument.items[name].to_numpy(float) for name in ("lowest", "highest"))
    # only where the upper end is the usual one: what is worded negatively ends low by nature
    upward = np.full(len(highest), True) if keyed else instrument.items["direction"].to_numpy() > 0
    answered = ~np.isnan(values)
    count = answered.sum(axis=0)
    above = ((values > highest - 2) & answered).sum(axis=0)
    mean = np.where(answered, values, 0).sum(axis=0) / np.maximum(count, 1)
    others = np.where(upward, above[upward].sum() - above, 0) / np.maximum(count[upward].sum() - count, 1)
    unused = upward & (count > 0) & (above == 0) & (mean > (lowest + highest - 2) / 2)
    return unused & ((1 - others) ** count < _MIN_PROBABILITY)


def _refuse_short_overall(answers: pd.Series) -> None:
    if len(answers) >= 20 and answers.max() <= 5 and answers.mean() > 3:
        raise DataError(
            f"nobody's overall satisfaction is above {answers.max():g} of 7, and most are near it: it seems to have been "
            'asked on another scale. Say so: scale={"overall_satisfaction": (1, 5)}, or (1, 7) if nobody was more satisfied.'
        )


def _refuse_short_halves(tops: Mapping[str, float], instrument: Instrument) -> None:
    """Refuse a half of the statements, or all of them, in which the upper end was never used.

    ``tops`` holds the highest answer of each half, NaN where its scale is given or its answers are too few.
    """
    top, highest = max(tops.values()), instrument.items["highest"].max()
    short = [kind for kind, value in tops.items() if value <= highest - 2]
    if short and len(short) == len(tops):
        raise DataError(
            f"no answer at all is above {top:g} of {highest:g}: the statements seem to have been asked on a shorter scale, on "
            f'which the negative ones would be reversed wrongly. Say so: scale={{"all": (1, {top:g})}}, or with the '
            "instrument's own scale if nobody used the upper end."
        )
    if len(tops) == 2 and len(short) == 1 and top > highest - 2:
        full = f"({instrument.items['lowest'].iloc[0]:g}, {instrument.items['highest'].iloc[0]:g})"
        raise DataError(
            f"no answer of the {short[0]} half is above {tops[short[0]]:g}, while the other half goes to {top:g}: two scales "
            f'seem mixed, and their gaps would mean nothing. Say so: scale={{"{short[0]}": (1, {tops[short[0]]:g})}}, or '
            f'scale={{"{short[0]}": {full}}} if nobody used the upper end.'
        )


def reverse_items(answers: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Return the answers with negatively worded items reversed, so that high is good: lowest + highest - answer."""
    reversed_items = instrument.items[instrument.items["direction"] < 0]
    sums = {f"{kind}_{row.item}": row.lowest + row.highest for kind in instrument.kinds for row in reversed_items.itertuples()}
    return answers.assign(**{column: total - answers[column] for column, total in sums.items()})
