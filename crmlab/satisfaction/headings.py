"""Headings: which column of an export answers which question of an instrument.

A column is found by its name (``perceived_reliability_1``), by the wording of the question in English or Chinese, or by
the user's ``rename``; rows of headings below the first, as Qualtrics and SurveyMonkey write them, are recognised. This
module reads headings and returns which column is which; what stands in the cells is read in ``scales``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from crmlab import tables
from crmlab.errors import ArgumentError, ColumnError
from crmlab.satisfaction.findings import Findings
from crmlab.satisfaction.instrument import CHINESE, MEANS, OVERALL, RECOMMEND, Instrument, rater

KINDS = ("expected", "perceived")
_KIND_WORDS = {
    "expected": ("expected", "excellent", "expect", "ideal", "should", "优秀", "期望", "理想", "应该"),
    "perceived": (
        "perceived", "perception", "thisfirm", "thisplace", "thisshop", "thisstore", "thiscompany", "aboutthis", "actual",
        "experienced", "这家", "本公司", "实际", "感知",
    ),
}  # fmt: skip
#: Names of the respondent's column, the likeliest first.
_RESPONDENT = (
    "respondent", "respondentid", "customerid", "responseid", "numberofthissheet", "id", "问卷编号", "编号", "序号", "答卷编号",
)  # fmt: skip
_WAVE = ("wave", "轮次")
#: The two closing questions: their wording, and what else they are called. A word alone would be too little.
_CLOSING = {
    "overall_satisfaction": (OVERALL, ("overall satisfaction", "how satisfied", "satisfied overall", "总体满意", "整体满意")),
    "recommendation": (RECOMMEND, ("likely to recommend", "likely recommend", "推荐给", "愿意推荐")),
}


def normalize(text: object) -> str:
    """Return the letters and digits of a text in one case: what is left of a heading when tools have decorated it.

    >>> normalize("Q12 - This firm: [They keep their word.]")
    'q12thisfirmtheykeeptheirword'
    """
    return "".join(letter for letter in unicodedata.normalize("NFKC", str(text)).casefold() if letter.isalnum())


def listed(names: Sequence[object], most: int = 12) -> str:
    """Return names in a line, cut after ``most`` of them."""
    shown = ", ".join(str(name)[:40] for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


@dataclass(frozen=True, slots=True)
class Headings:
    """What stands above the answers.

    Attributes
    ----------
    labels : dict
        Column of the file -> its heading, of all rows of headings.
    rows : int
        How many rows below the header are headings, too.
    """

    labels: dict[str, str]
    rows: int


def read_headings(cells: pd.DataFrame, instrument: Instrument | None) -> Headings:
    """Read the heading of each column; rows of headings below the first are recognised by the statements in them."""
    wordings = _wordings(rater() if instrument is None else instrument)
    labels = {name: str(name) for name in cells.columns}
    rows = 0
    for row in range(min(3, len(cells))):
        texts = ["" if pd.isna(cell) else str(cell) for cell in cells.iloc[row]]
        if any('"ImportId"' in text for text in texts):
            rows = row + 1
        elif sum(_statement(normalize(text), wordings) is not None for text in texts if len(text) > 3) >= 3:
            rows, above = row + 1, ""
            for (name, label), text in zip(labels.items(), texts, strict=True):
                # a matrix question has its heading above its first column only
                above = above if re.fullmatch(r"column \d+", label) else label
                labels[name] = above if normalize(text) in ("", "response", "openendedresponse") else f"{above} {text}"
    return Headings(labels, rows)


def match_columns(
    labels: Mapping[str, str], instrument: Instrument | None, rename: Mapping[str, str], findings: Findings
) -> tuple[Instrument, dict[str, str]]:
    """Match the columns of a file to the questions.

    Parameters
    ----------
    labels : mapping
        Column of the file -> its heading.
    instrument : Instrument or None
        What was asked; None for RATER, whole or short, whichever the columns fit.
    rename : mapping
        Column of the file -> its name here; it wins over whatever the heading says.
    findings : Findings
        Notes where the two halves were told apart by their order alone.

    Returns
    -------
    tuple of Instrument and dict
        What was asked, and name here -> column of the file.
    """
    full = rater() if instrument is None else instrument
    names = _known_names(full)
    rank = {name: place for place, name in enumerate(names.values())}
    columns = _renamed(rename, rank)
    free = {column: normalize(label) for column, label in labels.items() if column not in rename}
    _match_names(free, names, columns)
    free = {column: label for column, label in free.items() if column not in columns.values()}
    _match_wordings(free, full, columns, findings)
    asked = _fitting_instrument(full, columns, labels, chosen=instrument is not None)
    return asked, dict(sorted(columns.items(), key=lambda pair: rank[pair[0]]))


def importance_dimensions(instrument: Instrument) -> tuple[str, ...]:
    """Return what points of importance were shared out among: all of RATER, even where only some dimensions are read."""
    rated = set(instrument.dimensions) <= set(tables.DIMENSIONS)
    return tables.DIMENSIONS if rated else instrument.dimensions


def _known_names(instrument: Instrument) -> dict[str, str]:
    """Normalized heading -> name here, for headings that are names."""
    names = {normalize(f"{kind}_{item}"): f"{kind}_{item}" for kind in KINDS for item in instrument.items["item"]}
    names |= {normalize(f"importance_{name}"): f"importance_{name}" for name in importance_dimensions(instrument)}
    names |= {
        "overallsatisfaction": "overall_satisfaction", "overall": "overall_satisfaction", "recommendation": "recommendation",
        "nps": "recommendation",
    }  # fmt: skip
    names |= {alias: "respondent" for alias in reversed(_RESPONDENT)} | {alias: "wave" for alias in _WAVE}
    if instrument.kinds == ("perceived",):
        names = {normalize(item): f"perceived_{item}" for item in instrument.items["item"]} | names
    return names


def _renamed(rename: Mapping[str, str], known: Mapping[str, int]) -> dict[str, str]:
    """Name here -> column of the file, as ``rename`` says."""
    columns: dict[str, str] = {}
    for column, name in rename.items():
        if name not in known or name in columns:
            reason = "which is no name of ours" if name not in known else "and so does another column"
            raise ArgumentError(f"`rename` gives {column!r} the name {name!r}, {reason}. Ours: {listed(list(known))}.")
        columns[name] = column
    return columns


def _match_names(labels: Mapping[str, str], names: Mapping[str, str], columns: dict[str, str]) -> None:
    """Add to ``columns`` those whose heading is a name; of several names of the respondent the likeliest counts."""
    for column, label in labels.items():
        name = names.get(label)
        if name is None:
            continue
        if name == "respondent" and columns.get(name) in labels:  # else nobody is named yet, or `rename` names them
            if _RESPONDENT.index(label) > _RESPONDENT.index(labels[columns[name]]):
                continue
            columns.pop(name)
        columns.setdefault(name, column)


def _match_wordings(
    labels: Mapping[str, str], instrument: Instrument, columns: dict[str, str], findings: Findings
) -> None:  # fmt: skip
    """Add to ``columns`` those whose heading holds the wording of a question."""
    wordings = _wordings(instrument)
    undecided: dict[str, list[str]] = {}
    for column, label in labels.items():
        if match := _statement(label, wordings):
            item, rest = match
            kinds = [kind for kind, words in _KIND_WORDS.items() if any(word in rest for word in words)]
            if len(kinds) == 1 and f"{kinds[0]}_{item}" not in columns:
                columns[f"{kinds[0]}_{item}"] = column
            else:
                undecided.setdefault(item, []).append(column)
        else:
            _match_closing(column, label, instrument, columns)
    by_order = 0
    for item, same in undecided.items():  # the same words twice: first of an excellent firm, then of this one
        kinds = [kind for kind in KINDS if f"{kind}_{item}" not in columns]
        if len(same) < len(kinds):
            kinds = kinds[-1:]
        columns |= {f"{kind}_{item}": column for kind, column in zip(kinds, same, strict=False)}
        by_order += len(same) > 1
    rule = "the first column of each was taken for an excellent firm, the second for this one; if not so, rename"
    findings.note("the two halves have the same words", "statements", by_order, rule)


def _wordings(instrument: Instrument) -> dict[str, str]:
    """Normalized wording, English or Chinese -> item."""
    return {
        normalize(wording): row.item
        for row in instrument.items.itertuples()
        for wording in (row.wording, row.wording_zh)
        if wording
    }


def _statement(label: str, wordings: Mapping[str, str]) -> tuple[str, str] | None:
    """The item whose wording stands in a heading, and the heading without it."""
    matches = [
        wording for wording in wordings if wording == label or (wording in label and len(wording.encode()) >= 12)
    ]  # three bytes for a Chinese sign: four of them are enough
    if not matches:
        return None
    longest = max(matches, key=len)
    return wordings[longest], label.replace(longest, "", 1)


def _match_closing(column: str, label: str, instrument: Instrument, columns: dict[str, str]) -> None:
    """Match importance, overall satisfaction and recommendation by their wording."""
    about_importance = any(word in label for word in ("importan", "points", "weight", "重要", "分配"))
    for name in importance_dimensions(instrument):
        words = [*MEANS.get(name, ()), *CHINESE.get(name, ())]
        in_full = any(normalize(word) in label for word in words if len(word) > 6)
        if in_full or (about_importance and any(normalize(word) in label for word in (name, *words))):
            columns.setdefault(f"importance_{name}", column)
            return
    for question, (wording, aliases) in _CLOSING.items():
        if question not in columns and any(normalize(text) in label for text in (*wording, *aliases)):
            columns[question] = column
            return


def _fitting_instrument(
    full: Instrument, columns: Mapping[str, str], labels: Mapping[str, str], *, chosen: bool
) -> Instrument:  # fmt: skip
    """The instrument that the columns hold, or a refusal that names what is missing."""
    items = {kind: {item for item in full.items["item"] if f"{kind}_{item}" in columns} for kind in KINDS}
    kinds = tuple(kind for kind in full.kinds if items[kind])
    asked = full
    if not chosen and items["perceived"]:
        short = rater(short=True)
        if items["perceived"] <= set(short.items["item"]) and len(items["perceived"]) > 5:
            asked = short
    missing = [f"{kind}_{item}" for kind in (kinds or full.kinds) for item in asked.items["item"] if item not in items[kind]]
    if not missing and "perceived" in kinds:
        return replace(asked, kinds=kinds)
    missing = missing or [f"perceived_{item}" for item in asked.items["item"]]
    unused = [column for column in labels if column not in columns.values()]
    guess = {name: "?" for name in missing[:3]}
    pairs = ", ".join(f'"{column}": "{name}"' for name, column in guess.items())
    raise ColumnError(
        f"{len(missing)} of the statements have no column: {listed(missing, 6)}. Columns not yet used: "
        f"{listed(unused) or 'none'}. If these statements were not asked, choose the others: `rater().only([...])`, or an "
        "instrument of your own. If they were, head each column with the statement's own words, or rename it. "
        f"Say which is which: rename={{{pairs}}}.",
        guess,
    )
