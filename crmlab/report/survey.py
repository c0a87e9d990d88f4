"""Survey: the report on answers to a RATER questionnaire, or to an instrument of your own.

Each section is a function of the answers and of their scores, and answers one question of a manager in its
title: where do we fall short, what to mend first, can the numbers be trusted, how satisfied are people, do
groups differ. The numbers come from ``satisfaction``; how a page is put together and written stands in ``page``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from crmlab import _page, measurement, satisfaction
from crmlab._result import percent, show
from crmlab._verdict import listed
from crmlab.errors import ArgumentError, ConvergenceError, CrmlabWarning, DataError
from crmlab.report.page import Folded, Part, Section, Table, Text, Tiles, charts, write
from crmlab.satisfaction import Instrument, RaterScores, Survey

_SEED = 1  # of the bootstrap samples, so that the same file gives the same page


def survey_report(
    path: str | PathLike | pd.DataFrame,
    out: str | PathLike,
    *,
    instrument: Instrument | None = None,
    rename: Mapping[str, str] | None = None,
    mapping: Mapping[str, float] | None = None,
    scale: Mapping[str, tuple[float, float]] | None = None,
    keyed: bool = False,
    by: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Path:
    """Write one self-contained HTML page about the answers to your questionnaire.

    Parameters
    ----------
    path, instrument, rename, mapping, scale, keyed, encoding, sheet
        As ``satisfaction.read_survey``.
    out : str or path
        The page to write; an existing one is replaced when the new one is whole.
    by : str, optional
        A column whose groups to compare; by default "wave", if there are several.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    DataError, ArgumentError
        As ``satisfaction.read_survey`` and ``score_rater``; or the page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from crmlab import datasets, report
    >>> survey = datasets.load("survey").query("wave == 6")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report.survey_report(survey, folder + "/report.html")
    ...     "Where do we fall short?" in page.read_text(encoding="utf-8")
    True
    """
    out = _page.target(out)
    survey = satisfaction.read_survey(
        path, instrument, rename=rename, mapping=mapping, scale=scale, keyed=keyed, encoding=encoding, sheet=sheet
    )
    if by is None and "wave" in survey.rows and 1 < survey.rows["wave"].nunique() <= 50:
        by = "wave"
    scores = satisfaction.score_rater(survey, by=by)
    name = "the survey" if isinstance(path, pd.DataFrame) else Path(fspath(path)).name
    reversed_items = survey.findings[survey.findings.what.str.startswith("goes against")]
    return write(
        out, "survey_report.html", _SECTIONS, _Analysis(survey, scores), title=f"Service quality in {name}",
        instrument=survey.instrument, n_respondents=survey.rows.respondent.nunique(), n_rows=len(survey.rows),
        some_set_aside=len(survey.set_aside) > 0,
        reversed_items="; ".join(f"{row.where}: {row.rule}" for row in reversed_items.itertuples()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Analysis:
    """The answers, and their scores."""

    survey: Survey
    scores: RaterScores


def _gaps(analysis: _Analysis) -> Section:
    scores = analysis.scores
    table, overall = scores.table, scores.overall.set_index("measure")
    figures = [("respondents", show(scores.respondents.respondent.nunique()))]
    if scores.measure == "gap":
        answer = _gap_answer(scores)
        figures += [(row, _signed(overall.loc[row, "mean"])) for row in ("gap", "weighted gap") if row in overall.index]
    else:
        lowest = listed(scores.lowest())
        answer = "Expectations were not asked, so these are perceptions alone. "
        answer += f"Rated lowest: {lowest}." if lowest else "Which is rated lowest, these answers do not settle."
        figures.append(("mean rating", f"{overall.loc['perceptions (SERVPERF)', 'mean']:.2f}"))
        table = table.drop(columns=["expected", "gap", "weighted_gap"])
    return Section(
        "Where do we fall short?",
        answer,
        (
            Tiles(tuple(figures)),
            *charts(scores.plot()),
            _table(table, wide=True),
            Text("low, high: 95 % interval of the mean. The weighted gaps add up to the overall one.", small=True),
            Folded("Statement by statement", (_table(scores.items),)),
            Folded("Overall, plain and weighted, and perceptions alone (SERVPERF)", (_table(scores.overall),)),
        ),
    )


def _gap_answer(scores: RaterScores) -> str:
    short, exceeded = scores.beyond_chance()
    answer = "In no dimension is the shortfall beyond doubt."
    if short:
        answer = f"Customers find less than they expect in {listed(short)}, beyond chance (95 %, for all dimensions together)."
    answer += f" More than expected: {listed(exceeded)}." if exceeded else ""
    costly = [name for name in scores.lowest("weighted_gap") if name in short]
    if len(costly) == 1:
        answer += f" Weighed by what matters to each respondent, {costly[0]} costs most."
    return answer


def _mend(analysis: _Analysis) -> Section:
    question, scores = "What should we mend first?", analysis.scores
    if "overall_satisfaction" not in scores.respondents or scores.respondents.overall_satisfaction.notna().sum() < 2:
        return Section(question, "Overall satisfaction was not asked, so it cannot be said what drives it. Ask it next time.")
    if len(scores.instrument.dimensions) < 2:
        return Section(question, "There is only one dimension, so nothing can be put first.")
    try:
        drivers = satisfaction.fit_drivers(scores, seed=_SEED)
    except (ArgumentError, DataError) as error:
        return Section(question, f"This cannot be said: {error}")
    priorities = satisfaction.priorities(drivers)
    shown = priorities.assign(p_best=priorities.p_best.map(lambda share: percent(share, 0)))
    quadrants = satisfaction.importance_performance(drivers)
    share = drivers.interval().query("measure == 'share'").set_index("predictor")
    weights = drivers.table.assign(share_low=share.low.to_numpy(), share_high=share.high.to_numpy())
    parts: tuple[Part, ...] = (
        _table(shown.rename(columns={"p_best": "comes first in"})),
        *charts(quadrants.plot(), drivers.plot()),
        Folded(f"Shares of what is explained (R2 {drivers.r2:.2f}): LMG, Johnson, slopes", (_table(weights),)),
        Folded("The map in numbers", (_table(quadrants.table),)),
    )
    return Section(question, _priority_answer(priorities, drivers.n), parts)


def _priority_answer(priorities: pd.DataFrame, n: int) -> str:
    first, second = priorities.iloc[0], priorities.iloc[1]
    if first.low > 0:
        answer = (
            f"Half a point more of {first.driver} goes with {_signed(first.gain)} points of overall satisfaction "
            f"(95 % interval {_signed(first.low)} to {_signed(first.high)}); "
            f"in {percent(first.p_best, 0)} of samples it comes first"
        )
        answer += f", {second.driver} in {percent(second.p_best, 0)}." if second.p_best > 0.05 else "."
        if first.p_best < 0.8:
            answer += (
                f" These answers do not settle whether {first.driver} or {second.driver} comes first; what each would cost may."
            )
        answer += " The map below asks something else: what matters and is rated low."
    else:
        answer = f"Nothing stands out from chance: {n:,} answers are too few to say what to mend first."
    return answer + " A survey shows what goes together: try it with some customers, chosen by lot, before you pay for all."


def _trust(analysis: _Analysis) -> Section:
    survey = analysis.survey
    table = _reliabilities(survey)
    weak, doubtful = table.dimension[table.alpha < 0.7], table.dimension[(table.alpha >= 0.7) & (table.low < 0.7)]
    answer = "The statements of each dimension agree well enough (alpha of .70 or more)." if table.alpha.notna().any() else ""
    if len(doubtful):
        answer = f"That the statements of {listed(doubtful)} agree well enough is not settled: alpha may be below .70."
    if len(weak):
        answer = (
            f"The statements of {listed(weak)} agree less than one would wish (alpha below .70): read those scores with care."
        )
    if table.alpha.isna().any():
        unknown = listed(table.dimension[table.alpha.isna()])
        answer = f"{answer} Nothing can be said of {unknown}: one statement alone, or too few answers.".strip()
    parts: list[Part] = [_table(table)]
    if analysis.scores.measure == "gap":
        gaps = satisfaction.gap_reliability(survey)
        if (gaps.gap < 0.7).any():
            answer += (
                " A gap is a difference, and keeps the noise of both its parts: means over many are sound, single ones are not."
            )
        parts.append(Folded("Reliability of gaps", (_table(gaps),)))
    return Section("Can these numbers be trusted?", answer, (*parts, *_structure(survey)))


def _reliabilities(survey: Survey) -> pd.DataFrame:
    """Estimate alpha and omega of each dimension; they are missing where the answers do not suffice."""
    rows: list[dict[str, object]] = []
    for name, items in survey.instrument.model.items():
        row: dict[str, object] = dict.fromkeys(("alpha", "low", "high", "omega", "against the rest"))
        try:
            estimate = measurement.reliability(survey.items("perceived")[items])
        except DataError:
            pass
        else:
            low, high = estimate.interval()
            row = {"alpha": estimate.alpha, "low": low, "high": high, "omega": estimate.omega,
                   "against the rest": ", ".join(estimate.against) or None}  # fmt: skip
        rows.append({"dimension": name, "items": len(items)} | row)
    return pd.DataFrame(rows)


def _structure(survey: Survey) -> tuple[Part, ...]:
    """Test the factor structure, where there are enough rows for it."""
    items, model = survey.items("perceived"), {name: items for name, items in survey.instrument.model.items() if len(items) > 1}
    try:
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always", CrmlabWarning)  # said below in words
            fit = measurement.fit_cfa(items, model)
        parallel = measurement.parallel_analysis(items, seed=_SEED)
    except (ArgumentError, DataError, ConvergenceError):
        return (Text("The structure of the questionnaire cannot be tested with these answers."),)
    if fit.n < 5 * items.shape[1]:
        return (
            Text(f"{fit.n:,} complete rows are too few to test the structure of {items.shape[1]} statements (five for each)."),
        )
    if not fit.df:
        return Text("So few statements leave nothing to test in their structure."), Table(fit.loadings)
    ratio = fit.htmt.round(2).rename_axis("HTMT").reset_index()
    facts = pd.DataFrame(fit.summary().facts, columns=["", "value"])
    numbers = tuple(_table(table) for table in (facts, fit.factors, ratio, fit.loadings))
    verdict = Text(_structure_answer(fit, parallel.factors))
    return verdict, *charts(fit.plot()), Folded("The factor model in numbers", numbers)


def _structure_answer(fit: measurement.CFAFit, factors: int) -> str:
    answer = f"{fit.verdict} Without a plan, {factors} factor{'s exceed' if factors != 1 else ' exceeds'} chance."
    if fit.n_excluded:
        answer += f" {fit.n_excluded:,} rows with a missing answer are left out here."
    return answer


def _satisfied(analysis: _Analysis) -> Section:
    question, answers = "How satisfied are they?", analysis.survey.rows
    rows = []
    for column, index in (("overall_satisfaction", satisfaction.csat), ("recommendation", satisfaction.nps)):
        if column in answers and answers[column].notna().any():
            # a scale that was stretched has steps between the steps: the nearest counts
            score = index(answers[column].round())
            rows.append((score.name, score.unit, score.n, score.n_excluded, score.estimate, *score.interval()))
    if not rows:
        return Section(question, "Neither overall satisfaction nor recommendation was asked.")
    table = pd.DataFrame(rows, columns=["index", "unit", "n", "missing", "estimate", "low", "high"])
    readings = "; ".join(
        f"{name}: {show(estimate, 1)} {unit} (95 % interval {show(low, 1)} to {show(high, 1)})"
        for name, unit, _, _, estimate, low, high in table.itertuples(index=False)
    ).replace("-", "−")
    answer = f"{readings[0].upper()}{readings[1:]}. The interval is about chance alone: who did not answer may think otherwise."
    return Section(question, answer, (_table(table.round(1)),))


def _groups(analysis: _Analysis) -> Section:
    question, comparisons = "Do groups differ?", analysis.scores.groups
    if comparisons is None:
        return Section(question, "No groups were given. Name a column to compare by: --by COLUMN.")
    by = comparisons.columns[0]
    significant = comparisons[comparisons.p_holm < 0.05]
    answer = (
        f"By {by}, {len(comparisons)} comparisons were made, each group with all others; p-values are adjusted for that (Holm)."
    )
    differences = "; ".join(
        f"{row.dimension} in {row.group} by {_signed(row.difference)}"
        for row in significant.rename(columns={by: "group"}).itertuples()
    )
    answer += f" Beyond chance: {differences}." if differences else " None differs beyond chance."
    return Section(question, answer, (Folded("All comparisons", (_table(comparisons.drop(columns=["df"])),)),))


def _set_aside(analysis: _Analysis) -> Section:
    survey = analysis.survey
    answer = (
        f"{survey.n_read:,} rows were read, {len(survey.rows):,} are used, {survey.n_read - len(survey.rows):,} were set aside."
    )
    parts: list[Part] = [_table(survey.findings)] if len(survey.findings) else []
    answer += "" if parts else " Nothing had to be mended."
    if len(survey.set_aside):
        first = survey.set_aside.head(200)
        title = "Each row and cell"
        if len(first) < len(survey.set_aside):
            title = f"The first {len(first)} of {len(survey.set_aside):,}"
        parts.append(Folded(title, (_table(first),)))
    return Section("What was set aside?", answer, tuple(parts))


_SECTIONS: tuple[Callable[[_Analysis], Section], ...] = (_gaps, _mend, _satisfied, _trust, _groups, _set_aside)


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")


def _table(frame: pd.DataFrame, *, wide: bool = False) -> Table:
    """Return a table without columns in which nothing stands, and with headings to read."""
    return Table(frame.dropna(axis=1, how="all").rename(columns=lambda name: str(name).replace("_", " ")), wide)
