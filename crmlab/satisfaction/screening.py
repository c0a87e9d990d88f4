"""Screening: which rows of a survey can be used, and which items look wrong.

Rows that say too little, say it twice or contradict themselves are set aside, points of importance are brought to a sum
of 100, and items that go against the rest of their dimension are named and left as they are. Each rule notes its count
in the findings. This module reads answers that are on the instrument's scale already (see ``scales``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlab.errors import DataError
from crmlab.satisfaction.findings import Findings
from crmlab.satisfaction.headings import importance_dimensions
from crmlab.satisfaction.instrument import Instrument

_MIN_ANSWERED = 0.5  # share of the statements that a respondent must answer
_MIN_STRAIGHT = 8  # answers from which one and the same answer throughout a half is no chance
_TOLERANCE = 10  # how far the points of importance may miss 100 and still be scaled to it
_MIN_ROWS = 10  # complete rows from which correlations within a dimension say something
_CRITICAL = -1.645  # standard normal quantile below which an item goes against the rest beyond chance


def screen_rows(
    rows: pd.DataFrame, unkeyed: pd.DataFrame, instrument: Instrument, keyed: bool, findings: Findings
) -> pd.DataFrame:
    """Return the rows that can be used; the others are noted and set aside.

    Parameters
    ----------
    rows : DataFrame
        ``respondent``, perhaps ``wave``, and keyed answers.
    unkeyed : DataFrame
        The answers before negatively worded items were reversed.
    instrument : Instrument
    keyed : bool
        Whether the file itself held reversed answers, so that one answer throughout is no contradiction.
    findings : Findings
    """
    asked = [f"{kind}_{item}" for kind in instrument.kinds for item in instrument.items["item"]]
    few = rows[asked].notna().mean(axis=1) < _MIN_ANSWERED
    findings.note("answered fewer than half of the statements", "respondents", few.sum(), "set aside")
    findings.set_rows_aside(rows.index[few], "answers fewer than half of the statements")
    straight = pd.Series(False, index=rows.index)
    if not keyed and instrument.items["direction"].nunique() == 2:
        for kind in instrument.kinds:
            half = unkeyed[[f"{kind}_{item}" for item in instrument.items["item"]]]
            straight |= (half.min(axis=1) == half.max(axis=1)) & (half.notna().sum(axis=1) >= _MIN_STRAIGHT)
    straight &= ~few
    rule = "set aside: some statements say the opposite of others"
    findings.note("one and the same answer throughout a half", "respondents", straight.sum(), rule)
    findings.set_rows_aside(rows.index[straight], "gives one answer to statements that contradict each other")
    rows = rows[~few & ~straight]
    repeated = rows.duplicated(["respondent", "wave"] if "wave" in rows else ["respondent"], keep="last")
    rule = "the last row counts, the others are set aside"
    findings.note("answered again", "respondents", repeated.sum(), rule)
    findings.set_rows_aside(rows.index[repeated], "the same respondent answers again further down")
    rows = rows[~repeated]
    missing = int(rows[asked].isna().sum().sum())
    rule = f"{100 * missing / max(rows[asked].size, 1):.1f} % of all; a dimension needs half of its own"
    findings.note("missing answers", "statements", missing, rule)
    return rows


def scale_importance(rows: pd.DataFrame, instrument: Instrument, findings: Findings) -> pd.DataFrame:
    """Return the rows with points of importance that sum to 100 over the dimensions of the instrument."""
    asked = [f"importance_{name}" for name in importance_dimensions(instrument) if f"importance_{name}" in rows]
    columns = [f"importance_{name}" for name in instrument.dimensions]
    if not set(columns) <= set(asked):
        if asked:
            findings.note("importance lacks a dimension", ", ".join(asked), len(rows), "importance is not used")
        return rows.drop(columns=asked)
    points = rows[asked].to_numpy(dtype=float)
    answered = ~np.isnan(points).all(axis=1)
    points = np.where(answered[:, None], np.nan_to_num(points), np.nan)  # a field left empty beside others is a zero
    total = points.sum(axis=1)
    valid = answered & (points >= 0).all(axis=1) & (np.abs(total - 100) <= _TOLERANCE)
    if answered.sum() and valid.sum() < answered.sum() / 2:
        raise DataError(
            f"the points of importance do not sum to 100 in {int((answered & ~valid).sum()):,} of {int(answered.sum()):,} rows "
            f"(they sum to {np.nanmedian(total):g} in the middle). If importance was asked in another way, leave these columns "
            "out of the file, or bring each row to a sum of 100."
        )
    _note_importance(total, answered, valid, findings)
    points = points[:, [asked.index(name) for name in columns]]
    total = points.sum(axis=1)
    valid &= total > 0
    scaled = np.where(valid[:, None], 100 * points / np.where(valid, total, 1)[:, None], np.nan)
    return rows.drop(columns=asked).assign(**dict(zip(columns, scaled.T, strict=True)))


def _note_importance(total: np.ndarray, answered: np.ndarray, valid: np.ndarray, findings: Findings) -> None:
    what, where = "importance does not sum to 100", "respondents"
    near = valid & (np.abs(total - 100) > 1e-9)
    findings.note(what, where, near.sum(), "at most 10 off: brought to 100 in proportion")
    rule = "more than 10 off, or negative: points left out, the other answers count"
    findings.note(what, where, (answered & ~valid).sum(), rule)
    findings.note("importance missing", where, (~answered).sum(), "counts for everything but the weighted gap")


def screen_items(rows: pd.DataFrame, instrument: Instrument, keyed: bool, findings: Findings) -> None:
    """Note items that nobody answered, that do not vary, or that go against the rest; the answers stay as they are."""
    direction = dict(zip(instrument.items["item"], instrument.items["direction"], strict=True))
    for kind in instrument.kinds:
        for name, items in instrument.model.items():
            columns = [f"{kind}_{item}" for item in items]
            if rows[columns].isna().all(axis=None):
                findings.note("nobody answered", f"{kind}: {name}", len(rows), "this dimension cannot be scored")
                continue
            for column in columns:
                _note_constant(rows[column], findings)
            directions = {column: direction[item] for column, item in zip(columns, items, strict=True)}
            for column in _items_against_rest(rows[columns], directions):
                rule = "is it worded negatively? Give it direction -1"
                if directions[column] < 0:
                    done = "not to be reversed: keyed=False" if keyed else "to be reversed already: keyed=True"
                    rule = f"it seems {done}"
                findings.note("goes against the rest of its dimension", column, len(rows), rule)


def _note_constant(answers: pd.Series, findings: Findings) -> None:
    values, column = answers.dropna(), str(answers.name)
    if values.empty:
        findings.note("nobody answered", column, len(answers), "the dimension is scored without it")
    elif len(values) > 2 and values.nunique() == 1:  # two who agree are no sign of anything
        findings.note("everyone gave the same answer", column, len(values), "kept; it tells nothing about differences")


def _items_against_rest(answers: pd.DataFrame, directions: Mapping[str, int]) -> list[str]:
    """Items with a negative item-rest correlation beyond chance; each is reversed before the next is sought."""
    complete = answers.dropna()
    if len(complete) < _MIN_ROWS:
        return []
    complete = complete.loc[:, complete.nunique() > 1]
    against: list[str] = []
    if complete.shape[1] < 2:
        return against
    covariance = np.cov(complete.to_numpy(), rowvar=False)
    for _ in range(complete.shape[1] // 2):
        variance = np.diag(covariance)
        covariance_with_rest = covariance.sum(axis=1) - variance
        variance_of_rest = covariance.sum() - 2 * covariance.sum(axis=1) + variance
        correlation = covariance_with_rest / np.sqrt(variance * variance_of_rest.clip(min=1e-12))
        # of two that disagree with each other, the negatively worded one is the likelier
        place = min(range(len(variance)), key=lambda j: (round(correlation[j], 9), directions[complete.columns[j]]))
        if correlation[place] > _CRITICAL / np.sqrt(len(complete)):
            break
        against.append(complete.columns[place])
        covariance[place] *= -1
        covariance[:, place] *= -1
    return against
