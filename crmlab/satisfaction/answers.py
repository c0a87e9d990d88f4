"""Answers: from what a form tool exports to keyed answers, with an account of everything that was set aside.

``read_survey`` matches the columns to an instrument (``headings``), brings the answers to its scale (``scales``) and
applies the stated rules for what is missing, impossible or contradictory (``screening``); each rule's count stands in
``Survey.findings``. Scores are made in ``gaps``; answers with a known truth are drawn in ``simulation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike

import pandas as pd

from crmlab import _check, _files
from crmlab._result import Result, Summary
from crmlab.errors import ArgumentError, DataError
from crmlab.satisfaction.findings import Findings
from crmlab.satisfaction.headings import listed, match_columns, read_headings
from crmlab.satisfaction.instrument import Instrument, checked_instrument
from crmlab.satisfaction.scales import numeric_answers, rescale, reverse_items
from crmlab.satisfaction.screening import scale_importance, screen_items, screen_rows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survey(Result):
    """Keyed answers to an instrument, and what was found on the way.

    Attributes
    ----------
    instrument : Instrument
    rows : DataFrame
        One row per respondent (and wave): ``respondent``, perhaps ``wave``, ``expected_<item>`` and ``perceived_<item>``
        with high always good, ``importance_<dimension>`` (sum 100), ``overall_satisfaction``, ``recommendation``, and the
        file's other columns. Rows of a DataFrame keep its index.
    findings : DataFrame
        What was mended, set aside or looks wrong (``tables.describe("survey_findings")``).
    set_aside : DataFrame
        Rows and cells that could not be used (``tables.describe("set_aside")``).
    n_read : int
        Rows of the file.
    """

    instrument: Instrument
    rows: pd.DataFrame
    findings: pd.DataFrame
    set_aside: pd.DataFrame
    n_read: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """What was asked: "expected" and "perceived", or "perceived" alone."""
        return self.instrument.kinds

    def items(self, kind: str = "perceived") -> pd.DataFrame:
        """Return the keyed answers of one kind, with the index of ``rows`` and plain item names as columns.

        Parameters
        ----------
        kind : str
            "perceived", or "expected" where it was asked.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> survey = satisfaction.simulate_survey(3, seed=1)
        >>> survey.items("expected")[["empathy_1", "empathy_2"]].shape
        (3, 2)
        """
        _check.choice("kind", kind, self.kinds)
        items = list(self.instrument.items["item"])
        return self.rows[[f"{kind}_{item}" for item in items]].set_axis(items, axis=1)

    def where(self, chosen: pd.Series | None = None, **equal: object) -> Survey:
        """Return the survey with only some of its rows, which keep their index; findings stay those of the whole file.

        Parameters
        ----------
        chosen : Series of bool, optional
            A mask with the index of ``rows``.
        **equal : object
            Column -> the value that it must have.

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> survey = satisfaction.read_survey(datasets.load("survey"))
        >>> unhappy = survey.where(survey.rows.overall_satisfaction <= 3, wave=6).rows
        >>> int(unhappy.wave.min()), int(unhappy.overall_satisfaction.max())
        (6, 3)
        """
        mask = pd.Series(True, self.rows.index) if chosen is None else chosen
        if not isinstance(mask, pd.Series) or mask.dtype != bool or not mask.index.equals(self.rows.index):
            raise ArgumentError("`chosen` must be a Series of True and False with one entry for each row of `survey.rows`.")
        for name, value in equal.items():
            if name not in self.rows:
                raise ArgumentError(f"the survey has no column {name!r}. Its columns: {listed(list(self.rows))}.")
            mask = mask & (self.rows[name] == value)
        return replace(self, rows=self.rows[mask])

    def summary(self) -> Summary:
        """How many answered, and what was found."""
        facts = (("Rows read", self.n_read), ("Rows used", len(self.rows)), ("Items", len(self.instrument.items)))
        return Summary(f"Answers to {self.instrument.name}", facts, self.findings)


def read_survey(
    source: str | PathLike | pd.DataFrame, instrument: Instrument | None = None, *, rename: Mapping[str, str] | None = None,
    mapping: Mapping[str, float] | None = None, scale: Mapping[str, tuple[float, float]] | None = None, keyed: bool = False,
    encoding: str | None = None, sheet: str | int = 0,
) -> Survey:  # fmt: skip
    """Read the answers to a questionnaire, as a form tool exports them; rows of a DataFrame keep its index.

    Columns are found by name (``perceived_reliability_1``) or by the wording of the question in English or Chinese, whatever
    stands around it, so that exports of Google and Microsoft Forms, Qualtrics, SurveyMonkey, LimeSurvey or 问卷星 need no
    preparation if the questions were copied word for word; ``rename`` does the rest.

    Rules, each counted in ``findings``: an answer outside its scale or between two steps is taken as missing; rows with
    fewer than half of the statements answered are set aside; so are those with one and the same answer to a whole half
    although some of its statements say the opposite of others; of two rows of one respondent (in one wave) the last
    counts; points of importance are brought to a sum of 100 if they miss it by at most 10, else they are left out.

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
        Whether negatively worded items have been reversed in the file already.
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
    >>> survey.items("perceived").shape[1], len(survey.rows) <= survey.n_read
    (22, True)
    """
    for name, value in (("rename", rename), ("mapping", mapping), ("scale", scale)):
        if value is not None and not isinstance(value, Mapping):
            raise ArgumentError(f"`{name}` must be a dict; it is {type(value).__name__}.")
    keyed = _check.flag("keyed", keyed)
    if instrument is not None:
        checked_instrument(instrument)
    cells = _files.read_cells(source, encoding, sheet)
    findings = Findings()
    for line, _, reason in cells.misfits:  # a row that does not fit may hold a name anywhere: it is not quoted
        findings.set_rows_aside([line], reason)
    rows, asked, n_rows = _keyed_rows(cells.table, instrument, rename or {}, mapping or {}, scale or {}, keyed, findings)
    if rows.empty:
        raise DataError(
            f"none of the {n_rows} rows can be used: {findings.reasons}. Check that these are the answers you mean."
        )
    index = source.index[rows.index - 1] if isinstance(source, pd.DataFrame) else pd.RangeIndex(len(rows))
    return Survey(asked, rows.set_axis(index), findings.table, findings.set_aside, n_rows + len(cells.misfits))


def _keyed_rows(
    table: pd.DataFrame, instrument: Instrument | None, rename: Mapping[str, str], mapping: Mapping[str, float],
    scale: Mapping[str, tuple[float, float]], keyed: bool, findings: Findings,
) -> tuple[pd.DataFrame, Instrument, int]:  # fmt: skip
    """The rows that can be used, by line of the file; what was asked; and how many rows there were."""
    headings = read_headings(table, instrument)
    cells = table.iloc[headings.rows :]
    if unknown := [name for name in rename if name not in cells]:
        raise ArgumentError(f"`rename` names {unknown[0]!r}, which the file has not. Its columns: {listed(list(cells))}.")
    asked, columns = match_columns(headings.labels, instrument, rename, findings)
    answers = rescale(numeric_answers(cells, columns, mapping, findings), asked, scale, keyed, findings)
    key = {"respondent": _respondents(cells, columns)} | ({"wave": cells[columns["wave"]]} if "wave" in columns else {})
    matched = {*columns, *columns.values(), "respondent", "wave"}
    others = cells[[name for name in cells if name not in matched]]
    keyed_answers = answers if keyed else reverse_items(answers, asked)
    rows = pd.concat([pd.DataFrame(key, index=cells.index), others, keyed_answers], axis=1)
    rows = scale_importance(screen_rows(rows, answers, asked, keyed, findings), asked, findings)
    screen_items(rows, asked, keyed, findings)
    return rows, asked, len(cells)


def _respondents(cells: pd.DataFrame, columns: Mapping[str, str]) -> pd.Series:
    """The name of each respondent; "row 2" where a row has none."""
    lines = pd.Series([f"row {line}" for line in cells.index], index=cells.index, dtype="str")
    if "respondent" not in columns:
        return lines
    given = cells[columns["respondent"]]
    names = given.astype("str").str.strip()
    return names.where(given.notna() & (names != ""), lines)
