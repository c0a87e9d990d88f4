"""Answers: from what a form tool exports to keyed answers, with everything that was set aside.

``read_survey`` finds the columns of an instrument by their names or by the wording of the questions, turns
negatively worded items round, and follows stated rules for what is missing, impossible or contradictory;
each rule's count stands in ``Survey.findings``. ``nonresponse`` holds those who answered against
everyone, ``simulate_survey`` draws answers with a known truth. Scores are made in ``gaps``.
"""

from __future__ import annotations

import numbers
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np
import pandas as pd

from crmlab import _check, _files, _parse, tables
from crmlab._result import Summary
from crmlab.errors import ArgumentError, ColumnError, DataError
from crmlab.satisfaction import instrument as paper
from crmlab.satisfaction.instrument import Instrument, rater

_KIND_WORDS = {
    "expected": ("expected", "excellent", "expect", "ideal", "should", "优秀", "期望", "理想", "应该"),
    "perceived": (
        "perceived",
        "perception",
        "thisfirm",
        "thisplace",
        "thisshop",
        "thisstore",
        "thiscompany",
        "aboutthis",
        "actual",
        "experienced",
        "这家",
        "本公司",
        "实际",
        "感知",
    ),
}
_RESPONDENT = (
    "respondent", "respondentid", "customerid", "responseid", "numberofthissheet", "id", "问卷编号", "编号", "序号", "答卷编号",
)  # fmt: skip
_WAVE = ("wave", "轮次")
_NOT_APPLICABLE = frozenset(
    {"notapplicable", "doesnotapply", "dontknow", "noopinion", "不适用", "不知道", "无法判断", "跳过", "空"}
)
_RANGE = re.compile(r"\s*\d+\s*(?:[-–—/]|to|or|bis|oder|至|到|或)\s*\d+.*", re.DOTALL | re.IGNORECASE)
_COMMA = re.compile(r"\s*(-?\d+),(\d{1,2})\s*%?\s*")
_LEADING = re.compile(r"\s*(-?\d+(?:[.]\d+)?)\s*(?:%|分|[-–—.:：=(（、,]\s*\D.*|\s[^\d].*)?\s*", re.DOTALL)
#: The two closing questions: their wording, and what else they are called. A word alone would be too little.
_CLOSING = {
    "overall_satisfaction": (
        paper.OVERALL,
        ("overall satisfaction", "how satisfied", "satisfied overall", "总体满意", "整体满意"),
    ),
    "recommendation": (paper.RECOMMEND, ("likely to recommend", "likely recommend", "推荐给", "愿意推荐")),
}
_POINTS = 10  # how far the points of importance may miss 100 and still be shared out anew
_MANY = 0.1  # share of answers outside a scale above which it is another scale, and no slip of the pen
_LEAST = 1e-6  # chance below which a missing upper end of a scale is taken for another scale


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Keyed answers to an instrument, and what was found on the way.

    Attributes
    ----------
    instrument : Instrument
    rows : DataFrame
        One row per respondent (and wave): ``respondent``, perhaps ``wave``, ``expected_<item>`` and ``perceived_<item>``
        with high always good, ``importance_<dimension>`` (sum 100), ``overall_satisfaction``, ``recommendation``, and the
        file's other columns.
    findings : DataFrame
        What was mended, set aside or looks wrong (``tables.describe("survey_findings")``).
    set_aside : DataFrame
        Rows and cells that could not be used (``tables.describe("set_aside")``).
    read : int
        Rows of the file.
    """

    instrument: Instrument
    rows: pd.DataFrame
    findings: pd.DataFrame
    set_aside: pd.DataFrame
    read: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """What was asked: "expected" and "perceived", or "perceived" alone."""
        return self.instrument.kinds

    def items(self, kind: str = "perceived") -> pd.DataFrame:
        """Keyed answers of one kind, with plain item names as columns."""
        _check.choice("kind", kind, self.kinds)
        return self.rows[[f"{kind}_{item}" for item in self.instrument.items.item]].set_axis(
            list(self.instrument.items.item), axis=1
        )

    def where(self, chosen: pd.Series | None = None, **equal: object) -> Survey:
        """Only some rows: ``survey.where(wave=6)``, or by a mask over ``rows``; findings stay those of the whole file."""
        mask = pd.Series(True, self.rows.index) if chosen is None else chosen
        if not isinstance(mask, pd.Series) or mask.dtype != bool or not mask.index.equals(self.rows.index):
            raise ArgumentError("`chosen` must be a Series of True and False with one entry for each row of `survey.rows`.")
        for name, value in equal.items():
            if name not in self.rows:
                raise ArgumentError(f"the survey has no column {name!r}. Its columns: {_listed(list(self.rows))}.")
            mask = mask & (self.rows[name] == value)
        return replace(self, rows=self.rows[mask].reset_index(drop=True))

    def summary(self) -> Summary:
        """How many answered, and what was found."""
        facts = (("Rows read", self.read), ("Rows used", len(self.rows)), ("Items", len(self.instrument.items)))
        return Summary(f"Answers to {self.instrument.name}", facts, self.findings)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def read_survey(
    source: str | PathLike | pd.DataFrame,
    instrument: Instrument | None = None,
    *,
    rename: Mapping[str, str] | None = None,
    mapping: Mapping[str, float] | None = None,
    scale: Mapping[str, tuple[float, float]] | None = None,
    keyed: bool = False,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Survey:
    """Read the answers to a questionnaire, as a form tool exports them.

    Columns are found by name (``perceived_reliability_1``) or by the wording of the question in English or Chinese, whatever
    stands around it, so that exports of Google and Microsoft Forms, Qualtrics, SurveyMonkey, LimeSurvey or 问卷星 need no
    preparation if the questions were copied word for word; ``rename`` does the rest.

    Rules, each counted in ``findings``: an answer outside its scale or between two steps is taken as missing; who answers
    fewer than half of the statements is set aside; so is who gives one and the same answer to a whole half although some
    of its statements say the opposite of others; of two rows of one respondent (in one wave) the last counts; points of
    importance are brought to a sum of 100 if they miss it by at most 10, else that respondent's are left out.

    Parameters
    ----------
    source : path or DataFrame
        CSV, Excel or Parquet, one row per respondent.
    instrument : Instrument, optional
        By default RATER, whole or short, whichever the columns fit.
    rename : dict, optional
        Name in the file -> our name, such as ``{"Q3_1": "perceived_reliability_1"}``.
    mapping : dict, optional
        Answers in words -> numbers, such as ``{"very good": 7}``; upper and lower case are the same.
    scale : dict, optional
        A kind, a dimension, an item, a column, "all" (the statements) or "overall_satisfaction" -> the scale it was asked on,
        such as ``{"all": (1, 5)}``: its answers are stretched to the instrument's. Give the instrument's own scale to say that
        an answer never used is no other scale.
    keyed : bool
        Whether negatively worded items have been turned round in the file already.
    encoding, sheet
        As ``datasets.read``.

    Returns
    -------
    Survey

    Raises
    ------
    ColumnError
        A column cannot be found; ``.rename`` is a guess.
    DataError
        Answers in words without ``mapping``; two scales mixed; nobody left.
    ArgumentError
        An argument of the wrong kind.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> survey = satisfaction.read_survey(datasets.load("survey"))
    >>> survey.items("perceived").shape[1], len(survey.rows) <= survey.read
    (22, True)
    """
    for name, value in (("rename", rename), ("mapping", mapping), ("scale", scale)):
        if value is not None and not isinstance(value, Mapping):
            raise ArgumentError(f"`{name}` must be a dict; it is {type(value).__name__}.")
    if not isinstance(keyed, bool):
        raise ArgumentError(f"`keyed` must be True or False; it is {keyed!r}.")
    if instrument is not None and not isinstance(instrument, Instrument):
        raise ArgumentError("`instrument` must be an Instrument: `rater()`, or `custom_instrument(table)`.")
    cells = _files.read_cells(source, encoding, sheet)
    held, labels = _headings(cells.table, instrument)
    if unknown := [theirs for theirs in rename or {} if theirs not in held]:
        raise ArgumentError(f"`rename` names {unknown[0]!r}, which the file has not. Its columns: {_listed(held.columns)}.")
    book = _Book(held.index)
    instrument, found = _match(labels, instrument, rename or {}, book)
    for line, _, reason in cells.misfits:
        book.aside.append((line, "", "", reason))  # a row that does not fit may hold a name anywhere: it is not quoted
    answers = _numbers(held, found, instrument, mapping or {}, book)
    rows = pd.DataFrame({"respondent": _who(held, found, labels)}, index=held.index)
    for name in ("wave", *(column for column in held.columns if column not in (*found, *found.values()))):
        if name in found:
            rows[name] = held[found[name]]
        elif name in held and name not in ("wave", "respondent"):
            rows[name] = held[name]
    answers = _scaled(answers, instrument, scale or {}, keyed, book)
    raw = answers.copy()
    answers = _keyed(answers, instrument, keyed)
    rows = pd.concat([rows, answers], axis=1)
    rows = _drop(rows, raw, instrument, keyed, book)
    rows = _importance(rows, instrument, book)
    _look(rows, instrument, keyed, book)
    if rows.empty:
        raise DataError(f"none of the {len(held)} rows can be used: {book.told()}. Check that these are the answers you mean.")
    return Survey(instrument, rows.reset_index(drop=True), book.findings, book.set_aside, len(held) + len(cells.misfits))


class _Book:
    """Keeps account while rows are read."""

    def __init__(self, lines: pd.Index) -> None:
        self.lines, self.aside, self.found = lines, [], []

    def note(self, what: str, where: str, count: int, rule: str) -> None:
        if count:
            self.found.append((what, where, int(count), rule))

    def drop(self, lines: Sequence, reason: str) -> None:
        self.aside += [(line, "", "", reason) for line in lines]

    def told(self) -> str:
        return "; ".join(f"{what} ({count})" for what, _, count, _ in self.found) or "there is no row below the header"

    @property
    def findings(self) -> pd.DataFrame:
        return pd.DataFrame(self.found, columns=["what", "where", "count", "rule"]).astype({"count": "int64"})

    @property
    def set_aside(self) -> pd.DataFrame:
        return (
            pd.DataFrame(self.aside, columns=["line", "column", "value", "reason"])
            .sort_values("line", kind="stable")
            .reset_index(drop=True)
        )


# -- Columns ------------------------------------------------------------------------------------------------------


def _plain(text: object) -> str:
    """Letters and digits only, in one case: what is left of a heading when tools have decorated it."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", str(text)).casefold() if letter.isalnum())


def _listed(names: Sequence, most: int = 12) -> str:
    told = ", ".join(str(name)[:40] for name in list(names)[:most])
    return told + (f" and {len(names) - most} more" if len(names) > most else "")


def _headings(table: pd.DataFrame, instrument: Instrument | None) -> tuple[pd.DataFrame, dict[str, str]]:
    """Cells and the heading of each column; further rows of headings (Qualtrics, SurveyMonkey) are taken for what they are."""
    labels = {name: str(name) for name in table.columns}
    first = 0
    for row in range(min(3, len(table))):
        cells = ["" if pd.isna(cell) else str(cell) for cell in table.iloc[row]]
        if any('"ImportId"' in cell for cell in cells):
            first = row + 1
        elif sum(_statement(_plain(cell), instrument) is not None for cell in cells if len(cell) > 3) >= 3:
            first, above = row + 1, ""
            for (name, label), cell in zip(labels.items(), cells, strict=True):
                # a matrix question has its heading above its first column only
                above = above if re.fullmatch(r"column \d+", label) else label
                labels[name] = above if _plain(cell) in ("", "response", "openendedresponse") else f"{above} {cell}"
    return table.iloc[first:], labels


_STATEMENTS = {
    _plain(wording): item.name for item in tables.ITEMS for wording in (item.wording, paper.WORDING_ZH[item.name])
}  # fmt: skip


def _statement(label: str, instrument: Instrument | None) -> tuple[str, str] | None:
    """The item whose wording stands in a heading, and the heading without it."""
    known = _STATEMENTS
    if instrument is not None:
        known = {
            _plain(wording): item.item
            for item in instrument.items.itertuples()
            for wording in (item.wording, item.wording_zh)
            if wording
        }
    hits = [
        wording for wording in known if wording == label or (wording in label and len(wording.encode()) >= 12)
    ]  # three bytes for a Chinese sign: four of them are enough
    if not hits:
        return None
    longest = max(hits, key=len)
    return known[longest], label.replace(longest, "", 1)


def _match(
    labels: Mapping[str, str], instrument: Instrument | None, rename: Mapping[str, str], book: _Book
) -> tuple[Instrument, dict[str, str]]:
    """Which column of the file is which of ours: {our name: theirs}."""
    whole = rater() if instrument is None else instrument
    plain = {theirs: _plain(label) for theirs, label in labels.items()}
    found: dict[str, str] = {}
    names = {_plain(f"{kind}_{item}"): f"{kind}_{item}" for kind in ("expected", "perceived") for item in whole.items.item}
    names |= {_plain(f"importance_{name}"): f"importance_{name}" for name in _shared(whole)}
    names |= {"overallsatisfaction": "overall_satisfaction", "overall": "overall_satisfaction",
              "recommendation": "recommendation", "nps": "recommendation"}  # fmt: skip
    names |= {alias: "respondent" for alias in reversed(_RESPONDENT)} | {alias: "wave" for alias in _WAVE}
    if whole.kinds == ("perceived",):
        names = {_plain(item): f"perceived_{item}" for item in whole.items.item} | names
    order = {ours: rank for rank, ours in enumerate(names.values())}
    for theirs, ours in rename.items():
        if ours not in order or ours in found:
            told = "which is no name of ours" if ours not in order else "and so does another column"
            raise ArgumentError(f"`rename` gives {theirs!r} the name {ours!r}, {told}. Ours: {_listed(list(order))}.")
        found[ours] = theirs
        plain.pop(theirs, None)
    for theirs, label in plain.items():
        ours = names.get(label)
        if ours == "respondent" and "respondent" in found:  # the likelier name wins
            if _RESPONDENT.index(plain[found["respondent"]]) < _RESPONDENT.index(label):
                continue
            found.pop("respondent")
        if ours and ours not in found:
            found[ours] = theirs
    unsure: dict[str, list[str]] = {}
    for theirs, label in plain.items():
        if theirs in found.values():
            continue
        if hit := _statement(label, whole):
            item, rest = hit
            kinds = [kind for kind, words in _KIND_WORDS.items() if any(word in rest for word in words)]
            if len(kinds) == 1 and f"{kinds[0]}_{item}" not in found:
                found[f"{kinds[0]}_{item}"] = theirs
            else:
                unsure.setdefault(item, []).append(theirs)
        else:
            _match_closing(theirs, label, whole, found)
    by_order = 0
    for item, columns in unsure.items():  # the same words twice: first of an excellent firm, then of this one
        open_kinds = [kind for kind in ("expected", "perceived") if f"{kind}_{item}" not in found]
        if len(columns) < len(open_kinds):
            open_kinds = open_kinds[-1:]
        for kind, theirs in zip(open_kinds, columns, strict=False):
            found[f"{kind}_{item}"] = theirs
        by_order += len(columns) > 1
    rule = "the first column of each was taken for an excellent firm, the second for this one; if not so, rename"
    book.note("the two halves have the same words", "statements", by_order, rule)
    return _fitting(whole, found, labels, chosen=instrument is not None), dict(
        sorted(found.items(), key=lambda pair: order[pair[0]])
    )


def _shared(instrument: Instrument) -> tuple[str, ...]:
    """What points were shared out among: all of RATER, also where only some of its dimensions are read."""
    own = instrument.dimensions
    return tables.DIMENSIONS if set(own) <= set(tables.DIMENSIONS) else own


def _match_closing(theirs: str, label: str, instrument: Instrument, found: dict[str, str]) -> None:
    """Importance, overall satisfaction and recommendation, by their wording."""
    for name in _shared(instrument):
        words = [*paper.MEANS.get(name, ()), *paper.CHINESE.get(name, ())]
        asked = any(word in label for word in ("importan", "points", "weight", "重要", "分配"))
        if any(_plain(word) in label for word in words if len(word) > 6) or (
            asked and any(_plain(word) in label for word in (name, *words))
        ):
            found.setdefault(f"importance_{name}", theirs)
            return
    for ours, (wording, words) in _CLOSING.items():
        if ours not in found and any(_plain(text) in label for text in (*wording, *words)):
            found[ours] = theirs
            return


def _fitting(whole: Instrument, found: Mapping[str, str], labels: Mapping[str, str], *, chosen: bool) -> Instrument:
    """The instrument that the columns hold, or a refusal that names what is missing."""
    there = {kind: {item for item in whole.items.item if f"{kind}_{item}" in found} for kind in ("expected", "perceived")}
    kinds = tuple(kind for kind in whole.kinds if there[kind])
    wanted = whole
    if not chosen and there["perceived"]:
        short = rater(short=True)
        if there["perceived"] <= set(short.items.item) and len(there["perceived"]) > 5:
            wanted = short
    missing = [f"{kind}_{item}" for kind in (kinds or whole.kinds) for item in wanted.items.item if item not in there[kind]]
    if missing or "perceived" not in kinds:
        free = [theirs for theirs in labels if theirs not in found.values()]
        missing = missing or [f"perceived_{item}" for item in wanted.items.item]
        guess = {name: "?" for name in missing[:3]}
        pairs = ", ".join(f'"{theirs}": "{ours}"' for ours, theirs in guess.items())
        raise ColumnError(
            f"{len(missing)} of the statements have no column: {_listed(missing, 6)}. Columns not yet used: "
            f"{_listed(free) or 'none'}. If these statements were not asked, choose the others: `rater().only([...])`, or an "
            "instrument of your own. If they were, head each column with the statement's own words, or rename it. "
            f"Say which is which: rename={{{pairs}}}.",
            guess,
        )
    return replace(wanted, kinds=kinds)


def _who(held: pd.DataFrame, found: Mapping[str, str], labels: Mapping[str, str]) -> pd.Series:
    if "respondent" not in found:
        return pd.Series([f"row {line}" for line in held.index], index=held.index, dtype="str")
    given = held[found["respondent"]]
    names = given.astype("str").str.strip()
    return names.where(given.notna() & (names != ""), pd.Series([f"row {line}" for line in held.index], index=held.index))


# -- Cells --------------------------------------------------------------------------------------------------------


def _numbers(
    held: pd.DataFrame, found: Mapping[str, str], instrument: Instrument, mapping: Mapping[str, float], book: _Book
) -> pd.DataFrame:
    """Every question's answers as numbers; words that no mapping knows are refused together."""
    known = {}
    for words, number in mapping.items():
        if isinstance(number, bool) or not isinstance(number, numbers.Real):
            raise ArgumentError(f"`mapping` must lead to numbers; {words!r} leads to {number!r}.")
        known[_plain(words)] = float(number)
    columns, unknown, skipped = {}, {}, 0
    for ours, theirs in found.items():
        if ours in ("respondent", "wave"):
            continue
        cells = held[theirs]
        if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
            columns[ours] = cells.astype("Float64").astype(float).where(lambda values: np.isfinite(values))
            continue
        values = {}
        for cell, count in cells.value_counts(dropna=True).items():
            text, words = str(cell).strip(), _plain(cell)
            if text.casefold() in _parse.MISSING or words in _NOT_APPLICABLE:
                values[cell] = np.nan
                skipped += int(count) if words in _NOT_APPLICABLE else 0
            elif words in known:
                values[cell] = known[words]
            elif hit := _COMMA.fullmatch(text):
                values[cell] = float(f"{hit[1]}.{hit[2]}")
            elif not _RANGE.fullmatch(text) and (hit := _LEADING.fullmatch(unicodedata.normalize("NFKC", text))):
                values[cell] = float(hit[1])
            else:
                unknown[text] = unknown.get(text, 0) + int(count)
        columns[ours] = cells.map(values).astype(float)
    if unknown:
        most = sorted(unknown, key=unknown.get, reverse=True)
        pairs = ", ".join(f'"{text[:40]}": ?' for text in most[:9])
        raise DataError(
            f"{sum(unknown.values()):,} answers are words, not numbers: {_listed([repr(text) for text in most], 9)}. "
            "Say what they "
            f"mean: mapping={{{pairs}}}, a number of the scale in place of each ?."
        )
    book.note("does not apply", "any question", skipped, "taken as missing")
    return pd.DataFrame(columns, index=held.index)


def _scaled(
    answers: pd.DataFrame, instrument: Instrument, scale: Mapping[str, tuple[float, float]], keyed: bool, book: _Book
) -> pd.DataFrame:
    """Other scales stretched to the instrument's; what lies outside a scale, or between two steps, is missing."""
    ends, used, chosen = {}, set(), set()
    for kind in instrument.kinds:
        for item in instrument.items.itertuples():
            keys = (f"{kind}_{item.item}", item.item, item.dimension, kind, "all")
            key = next((key for key in keys if key in scale), None)
            used.add(key)
            chosen |= {keys[0]} if key else set()
            ends[keys[0]] = (*(_ends(scale[key]) if key else (item.lowest, item.highest)), item.lowest, item.highest)
    for column, (lowest, highest) in {"overall_satisfaction": (1, 7), "recommendation": (0, 10)}.items():
        if column in answers:
            used.add(column)
            chosen |= {column} & set(scale)
            ends[column] = (*(_ends(scale[column]) if column in scale else (lowest, highest)), lowest, highest)
    if unknown := [key for key in scale if key not in used]:
        raise ArgumentError(
            f"`scale` names {unknown[0]!r}, which is none of these: all, "
            f"{', '.join(instrument.kinds)}, overall_satisfaction, recommendation, a dimension, an item, a column."
        )
    low, high, lowest, highest = np.array(list(ends.values()), dtype=float).T
    values = answers[list(ends)].to_numpy(dtype=float)
    outside = (values < low) | (values > high) | (values % 1 != 0) & ~np.isnan(values)
    names = np.array(list(ends))
    beyond = ((values < low) | (values > high)).sum(axis=0) / np.maximum((~np.isnan(values)).sum(axis=0), 1)
    if len(values) >= 5 and (beyond > _MANY).any():
        worst = names[beyond > _MANY]
        raise DataError(
            f"{100 * beyond.max():.0f} % of the answers to {_listed(list(worst), 4)} lie outside {low[beyond.argmax()]:g} to "
            f'{high[beyond.argmax()]:g}: another scale, it seems. Say which: scale={{"{worst[0]}": (0, 10)}}, or another pair.'
        )
    for place in np.flatnonzero(outside.any(axis=0)):
        book.note("impossible answers", names[place], outside[:, place].sum(),
                  "outside the scale or between two steps: taken as missing")  # fmt: skip
    for row, place in np.argwhere(outside)[:200]:
        book.aside.append((answers.index[row], names[place], f"{values[row, place]:g}", "is no answer on the scale"))
    values = np.where(outside, np.nan, values)
    for place in np.flatnonzero((low != lowest) | (high != highest)):
        values[:, place] = lowest[place] + (values[:, place] - low[place]) * (
            (highest[place] - lowest[place]) / (high[place] - low[place])
        )
        book.note("stretched to the scale", names[place], (~np.isnan(values[:, place])).sum(),
                  f"{low[place]:g}-{high[place]:g} to {lowest[place]:g}-{highest[place]:g}")  # fmt: skip
    answers = pd.concat([pd.DataFrame(values, answers.index, names), answers.drop(columns=names)], axis=1)
    _one_scale(answers, instrument, chosen, keyed)
    return answers


def _ends(pair: object) -> tuple[float, float]:
    if (
        not isinstance(pair, tuple | list)
        or len(pair) != 2
        or not all(isinstance(end, numbers.Real) and np.isfinite(end) for end in pair)
        or not pair[0] < pair[1]
    ):
        raise ArgumentError(f"a scale must be a pair such as (1, 5); it is {pair!r}.")
    return float(pair[0]), float(pair[1])


def _one_scale(answers: pd.DataFrame, instrument: Instrument, chosen: Collection[str], keyed: bool) -> None:
    """Refuse items whose upper end was never used by anyone, where chance cannot explain it."""
    items = instrument.items
    lowest, highest = items.lowest.to_numpy(float), items.highest.to_numpy(float)
    long = highest - lowest >= 5  # on five boxes nothing shorter can hide
    # only where the upper end is the usual one: what is worded negatively ends low by nature
    upward = np.full(len(items), True) if keyed else items.direction.to_numpy() > 0
    tops, suspects = {}, []
    for kind in instrument.kinds:
        columns = np.array([f"{kind}_{item}" for item in items.item])
        free = np.array([column not in chosen for column in columns])
        values = answers[columns].to_numpy()
        there = ~np.isnan(values)
        count = there.sum(axis=0)
        above = ((values > highest - 2) & there).sum(axis=0)
        mean = np.where(there, values, 0).sum(axis=0) / np.maximum(count, 1)
        others = np.where(upward, above[upward].sum() - above, 0) / np.maximum(count[upward].sum() - count, 1)
        odd = free & long & upward & (count > 0) & (above == 0) & (mean > (lowest + highest - 2) / 2)
        suspects += list(columns[odd & ((1 - others) ** count < _LEAST)])
        top = np.where(there, values, -np.inf).max(initial=-np.inf)
        tops[kind] = top if (free & long).all() and len(values) >= 10 else np.nan
    if suspects:
        raise DataError(
            f"nobody's answer to {_listed(suspects, 6)} is above {answers[suspects].max().max():g}, although other items go "
            f'to {max(highest):g}: two scales seem mixed. Say so: scale={{"{suspects[0]}": (1, 5)}}, or with the '
            "instrument's own scale if it is the right one."
        )
    closing = answers["overall_satisfaction"].dropna() if "overall_satisfaction" in answers else pd.Series(dtype=float)
    if "overall_satisfaction" not in chosen and len(closing) >= 20 and closing.max() <= 5 and closing.mean() > 3:
        raise DataError(
            f"nobody's overall satisfaction is above {closing.max():g} of 7, and most are near it: it seems to have been "
            'asked on another scale. Say so: scale={"overall_satisfaction": (1, 5)}, or (1, 7) if nobody was more satisfied.'
        )
    short = [kind for kind, top in tops.items() if top <= max(highest) - 2]
    if short and len(short) == len(tops):
        raise DataError(
            f"no answer at all is above {max(tops.values()):g} of {max(highest):g}: the statements seem to have been asked on "
            "a shorter scale, on which the negative ones would be turned round wrongly. Say so: "
            f'scale={{"all": (1, {max(tops.values()):g})}}, or with the '
            "instrument's own scale if nobody used the upper end."
        )
    if len(tops) == 2 and len(short) == 1 and max(tops.values()) > max(highest) - 2:
        own = f"({lowest[0]:g}, {highest[0]:g})"
        raise DataError(
            f"no answer of the {short[0]} half is above {tops[short[0]]:g}, while the other half goes to "
            f"{max(tops.values()):g}: two scales seem mixed, and their gaps would mean nothing. Say so: "
            f'scale={{"{short[0]}": (1, {tops[short[0]]:g})}}, or scale={{"{short[0]}": {own}}} if nobody used the upper end.'
        )


def _keyed(answers: pd.DataFrame, instrument: Instrument, done: bool) -> pd.DataFrame:
    turned = instrument.items[instrument.items.direction < 0]
    if done or turned.empty:
        return answers
    ends = {f"{kind}_{item.item}": item.lowest + item.highest for kind in instrument.kinds for item in turned.itertuples()}
    return answers.assign(**{column: end - answers[column] for column, end in ends.items()})


# -- Rows ---------------------------------------------------------------------------------------------------------


def _drop(rows: pd.DataFrame, raw: pd.DataFrame, instrument: Instrument, keyed: bool, book: _Book) -> pd.DataFrame:
    """Set aside rows that say too little, say it twice, or contradict themselves."""
    asked = [f"{kind}_{item}" for kind in instrument.kinds for item in instrument.items.item]
    share = rows[asked].notna().mean(axis=1)
    few = share < 0.5
    book.note("answered fewer than half of the statements", "respondents", int(few.sum()), "set aside")
    book.drop(rows.index[few], "answers fewer than half of the statements")
    straight = pd.Series(False, index=rows.index)
    if not keyed and instrument.items.direction.nunique() == 2:
        for kind in instrument.kinds:
            half = raw[[f"{kind}_{item}" for item in instrument.items.item]]
            straight |= (half.min(axis=1) == half.max(axis=1)) & (half.notna().sum(axis=1) >= 8)
    straight &= ~few
    book.note("one and the same answer throughout a half", "respondents", int(straight.sum()),
              "set aside: some statements say the opposite of others")  # fmt: skip
    book.drop(rows.index[straight], "gives one answer to statements that contradict each other")
    rows = rows[~few & ~straight]
    again = rows.duplicated(["respondent", "wave"] if "wave" in rows else ["respondent"], keep="last")
    book.note("answered again", "respondents", int(again.sum()), "the last row counts, the others are set aside")
    book.drop(rows.index[again], "the same respondent answers again further down")
    rows = rows[~again]
    gaps = int(rows[asked].isna().sum().sum())
    book.note("missing answers", "statements", gaps,
              f"{100 * gaps / max(rows[asked].size, 1):.1f} % of all; a dimension needs half of its own")  # fmt: skip
    return rows


def _importance(rows: pd.DataFrame, instrument: Instrument, book: _Book) -> pd.DataFrame:
    """Points of importance with a sum of 100."""
    shared = [f"importance_{name}" for name in _shared(instrument) if f"importance_{name}" in rows]
    columns = [f"importance_{name}" for name in instrument.dimensions]
    if not set(columns) <= set(shared):
        if shared:
            book.note("importance lacks a dimension", ", ".join(shared), len(rows), "importance is not used")
        return rows.drop(columns=shared)
    points = rows[shared].to_numpy(dtype=float)
    asked = ~np.isnan(points).all(axis=1)
    points = np.where(asked[:, None], np.nan_to_num(points), np.nan)  # a field left empty beside others is a nought
    total = points.sum(axis=1)
    good = asked & (points >= 0).all(axis=1) & (np.abs(total - 100) <= _POINTS)
    if asked.sum() and good.sum() < asked.sum() / 2:
        raise DataError(
            f"the points of importance do not sum to 100 in {int((asked & ~good).sum()):,} of {int(asked.sum()):,} rows "
            "(they sum to "
            f"{np.nanmedian(total):g} in the middle). If importance was asked in another way, leave these columns out "
            "of the file, or "
            "bring each row to a sum of 100."
        )
    near = good & (np.abs(total - 100) > 1e-9)
    book.note("importance does not sum to 100", "respondents", int(near.sum()), "at most 10 off: brought to 100 in proportion")
    book.note("importance does not sum to 100", "respondents", int((asked & ~good).sum()),
              "more than 10 off, or negative: points left out, the other answers count")  # fmt: skip
    book.note("importance missing", "respondents", int((~asked).sum()), "counts for everything but the weighted gap")
    kept = points[:, [shared.index(name) for name in columns]]
    total = kept.sum(axis=1)
    good &= total > 0
    scaled = np.where(good[:, None], 100 * kept / np.where(good, total, 1)[:, None], np.nan)
    return rows.drop(columns=shared).assign(**dict(zip(columns, scaled.T, strict=True)))


def _look(rows: pd.DataFrame, instrument: Instrument, keyed: bool, book: _Book) -> None:
    """What looks wrong, but is left as it is: items against the rest, constant items, items that nobody answered."""
    for kind in instrument.kinds:
        for name, items in instrument.model.items():
            columns = [f"{kind}_{item}" for item in items]
            answered = rows[columns].notna().sum()
            if not answered.any():
                book.note("nobody answered", f"{kind}: {name}", len(rows), "this dimension cannot be scored")
                continue
            for column in columns:
                values = rows[column].dropna()
                if values.empty:
                    book.note("nobody answered", column, len(rows), "the dimension is scored without it")
                elif len(values) > 2 and values.nunique() == 1:
                    book.note("everyone gave the same answer", column, len(values), "kept; it tells nothing about differences")
            for column in _against(
                rows[columns], dict(zip(columns, instrument.items.set_index("item").direction[items], strict=True))
            ):
                hint = (
                    "it seems to be turned round already: keyed=True"
                    if not keyed
                    else "it seems not to be turned round: keyed=False"
                )
                turned = instrument.items.set_index("item").direction[column.removeprefix(f"{kind}_")] < 0
                book.note("goes against the rest of its dimension", column, len(rows),
                          hint if turned else "is it worded negatively? Give it direction -1")  # fmt: skip


def _against(answers: pd.DataFrame, direction: Mapping[str, int]) -> list[str]:
    """Items with a negative item-rest correlation beyond chance; each is turned before the next is sought."""
    whole = answers.dropna()
    whole = whole.loc[:, whole.nunique() > 1] if len(whole) >= 10 else whole.iloc[:, :0]
    named: list[str] = []
    if whole.shape[1] < 2:
        return named
    covariance = np.cov(whole.to_numpy(), rowvar=False)
    for _ in range(whole.shape[1] // 2):
        spread = np.diag(covariance)
        with_rest = covariance.sum(axis=1) - spread
        rest = covariance.sum() - 2 * covariance.sum(axis=1) + spread
        correlation = with_rest / np.sqrt(spread * rest.clip(min=1e-12))
        # of two that disagree with each other, the negatively worded one is the likelier
        place = min(range(len(spread)), key=lambda j: (round(correlation[j], 9), direction[whole.columns[j]]))
        if correlation[place] > -1.645 / np.sqrt(len(whole)):
            break
        named.append(whole.columns[place])
        covariance[place] *= -1
        covariance[:, place] *= -1
    return named


# -- Who answers --------------------------------------------------------------------------------------------------


def nonresponse(everyone: pd.DataFrame) -> NonResponse:
    """What those who answered say, beside what everyone would have said: only a simulation knows the latter.

    Parameters
    ----------
    everyone : DataFrame
        As ``datasets.truth("survey")``: one row for each customer and wave, ``wave``, ``overall_satisfaction`` (what he would
        have said), ``chance_to_answer``, ``answered``.

    Returns
    -------
    NonResponse

    Raises
    ------
    DataError
        A column is missing, or nobody answered.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> bias = satisfaction.nonresponse(datasets.truth("survey"))
    >>> bool((bias.table.bias > 0).mean() > 0.5)
    True

    References
    ----------
    Bethlehem (1988), Reduction of nonresponse bias through regression estimation, Journal of Official Statistics 4: the
    bias is the covariance of answer and chance over the mean chance.
    """
    wanted = ("wave", "overall_satisfaction", "chance_to_answer", "answered")
    if not isinstance(everyone, pd.DataFrame) or (missing := [name for name in wanted if name not in everyone]):
        told = type(everyone).__name__ if not isinstance(everyone, pd.DataFrame) else f"without {', '.join(missing)}"
        raise DataError(f"`everyone` must be a table as `datasets.truth('survey')` brings it; it is {told}.")
    if everyone[list(wanted)].isna().any(axis=None) or not everyone.chance_to_answer.between(0, 1, inclusive="right").all():
        raise DataError("`everyone` must be without gaps, and each `chance_to_answer` above 0 and at most 1.")
    if not everyone.answered.any():
        raise DataError("nobody answered, so there is nothing to compare. Check the column `answered`.")
    rows = []
    for wave, them in everyone.groupby("wave"):
        said, chance, here = (them[name].to_numpy(dtype=float) for name in wanted[1:])
        here = here > 0
        expected = np.cov(said, chance, ddof=0)[0, 1] / chance.mean()
        told = said[here].mean() if here.any() else np.nan
        weighted = np.average(said[here], weights=1 / chance[here]) if here.any() else np.nan
        error = said[here].std(ddof=1) / np.sqrt(here.sum()) if here.sum() > 1 else np.nan
        rows.append(
            (wave, len(them), int(here.sum()), here.mean(), said.mean(), told, told - said.mean(), expected, weighted, error)
        )
    columns = [
        "wave",
        "customers",
        "answers",
        "response_rate",
        "everyone",
        "answered",
        "bias",
        "expected_bias",
        "weighted",
        "std_error",
    ]
    return NonResponse(pd.DataFrame(rows, columns=columns))


@dataclass(frozen=True, slots=True, eq=False)
class NonResponse:
    """How far those who answer differ from everyone, in points of overall satisfaction.

    Attributes
    ----------
    table : DataFrame
        ``wave, customers, answers, response_rate, everyone, answered, bias, expected_bias, weighted, std_error``: the
        means of everyone and of those who answered, their difference, what it is on average over who happens to answer,
        the mean weighted by one over the chance to answer, and the standard error that the answers themselves would claim.
    """

    table: pd.DataFrame

    @property
    def bias(self) -> float:
        """Mean bias over the waves, weighted by answers."""
        return float(np.average(self.table.bias.fillna(0), weights=self.table.answers))

    def summary(self) -> Summary:
        """The finding in a few lines."""
        rate = self.table.answers.sum() / self.table.customers.sum()
        facts = (("Share who answer", f"{100 * rate:.1f} %"), ("Those who answer are more satisfied by", round(self.bias, 3)))
        note = "No number of answers mends this: the error does not become smaller with more of the same."
        return Summary("Who answers", facts, self.table, note, "Bethlehem (1988)")

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
