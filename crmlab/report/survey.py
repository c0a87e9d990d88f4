"""Survey: the report on answers to a RATER questionnaire, or to an instrument of your own.

Each section is a function of the answers and of their scores, and answers one question of a manager in its
title: where do we fall short, what to mend first, can the numbers be trusted, how satisfied are people, do
groups differ. The numbers come from ``satisfaction``; how a page is put together and written stands in ``page``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from html import escape
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from crmlab import measurement, satisfaction
from crmlab._result import percent, show, table_html
from crmlab.errors import ArgumentError, ConvergenceError, CrmlabWarning, DataError
from crmlab.report.page import Section, folded, pictures, target, write
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
    out = target(out)
    survey = satisfaction.read_survey(
        path, instrument, rename=rename, mapping=mapping, scale=scale, keyed=keyed, encoding=encoding, sheet=sheet
    )
    if by is None and "wave" in survey.rows and 1 < survey.rows["wave"].nunique() <= 50:
        by = "wave"
    scores = satisfaction.score_rater(survey, by=by)
    name = "the survey" if isinstance(path, pd.DataFrame) else Path(fspath(path)).name
    people = survey.rows.respondent.nunique()
    used = f"{people:,} respondents{f' in {len(survey.rows):,} rows' if len(survey.rows) > people else ''} are used."
    if len(survey.set_aside):
        used += ' Not everything could be: see <a href="#aside">what was set aside</a>.'
    if len(wrong := survey.findings[survey.findings.what.str.startswith("goes against")]):
        hint = "; ".join(f"{row.where}: {row.rule}" for row in wrong.itertuples())
        told = f"Some statements seem to be turned the wrong way round, which spoils the scores: {hint}."
        used += f' <strong role="alert">{escape(told)}</strong>'
    opening = f"Answers to {escape(survey.instrument.name)}, {len(survey.instrument.items)} statements. {used}"
    return write(out, f"Service quality in {name}", opening, _SECTIONS, survey, scores)


def _gaps(survey: Survey, scores: RaterScores) -> Section:
    table, overall = scores.table, scores.overall.set_index("measure")
    them, question = scores.respondents, "Where do we fall short?"
    tiles = [("respondents", show(them.respondent.nunique()))]
    if scores.measure == "gap":
        short = table[table.high < 0].sort_values("gap")
        even = "In no dimension is the shortfall beyond doubt."
        answer = (
            f"Customers find less than they expect in {_listed(short.dimension)}, beyond chance (95 %)." if len(short) else even
        )
        best = table[table.low > 0]
        answer += f" More than expected: {_listed(best.dimension)}." if len(best) else ""
        worst = table.loc[table.weighted_gap.idxmin()] if table.weighted_gap.notna().all() else None
        if worst is not None and worst.weighted_gap < 0:
            answer += f" Weighed by what matters to each respondent, {worst.dimension} costs most."
        tiles += [(row, _signed(overall.loc[row, "mean"])) for row in ("gap", "weighted gap") if row in overall.index]
    else:
        low = table.loc[table.perceived.idxmin()]
        answer = f"Expectations were not asked, so these are perceptions alone. {low.dimension.capitalize()} is rated lowest."
        tiles.append(("mean rating", f"{overall.loc['perceptions (SERVPERF)', 'mean']:.2f}"))
    boxes = "".join(f"<div><strong>{escape(value)}</strong><span>{escape(label)}</span></div>" for label, value in tiles)
    shown = table.drop(columns=["expected", "gap", "weighted_gap"]) if scores.measure == "perceived" else table
    note = "<p><small>low, high: 95 % interval of the mean. The weighted gaps add up to the overall one.</small></p>"
    return Section(
        question,
        answer,
        (
            f'<div class="tiles">{boxes}</div>',
            *pictures(scores.plot()),
            f'<div class="wide">{_table(shown)}</div>{note}',
            folded("Statement by statement", _table(scores.items)),
            folded("Overall, plain and weighted, and perceptions alone (SERVPERF)", _table(scores.overall)),
        ),
    )


def _mend(survey: Survey, scores: RaterScores) -> Section:
    question = "What should we mend first?"
    if "overall_satisfaction" not in scores.respondents or scores.respondents.overall_satisfaction.notna().sum() < 2:
        return Section(question, "Overall satisfaction was not asked, so it cannot be said what drives it. Ask it next time.")
    if len(scores.instrument.dimensions) < 2:
        return Section(question, "There is only one dimension, so nothing can be put first.")
    try:
        drivers = satisfaction.fit_drivers(scores, seed=_SEED)
    except (ArgumentError, DataError) as error:
        return Section(question, f"This cannot be said: {error}")
    found = satisfaction.priorities(drivers)
    first, second = found.iloc[0], found.iloc[1]
    step = f"Half a point more of {first.driver} goes with {_signed(first.gain)} points of overall satisfaction"
    often = f"in {percent(first['first'], 0)} of samples it comes first"
    answer = f"{step} (95 % interval {_signed(first.low)} to {_signed(first.high)}); {often}"
    answer += f", {second.driver} in {percent(second['first'], 0)}." if second["first"] > 0.05 else "."
    if first["first"] < 0.8:
        answer += (
            f" These answers do not settle whether {first.driver} or {second.driver} comes first; what each would cost may."
        )
    if not (found.low > 0).any():
        answer = f"Nothing stands out from chance: {drivers.n:,} answers are too few to say what to mend first."
    else:
        answer += " The map below asks something else: what matters and is rated low."
    answer += " A survey shows what goes together: try it with some customers, chosen by lot, before you pay for all."
    facts = found.assign(first=found["first"].map(lambda share: percent(share, 0))).rename(columns={"first": "comes first in"})
    place = satisfaction.importance_performance(drivers)
    share = drivers.interval().query("measure == 'share'").set_index("predictor")
    weights = drivers.table.assign(share_low=share.low.to_numpy(), share_high=share.high.to_numpy())
    body = [
        _table(facts),
        *pictures(place.plot(), drivers.plot()),
        folded(f"Shares of what is explained (R2 {drivers.r2:.2f}): LMG, Johnson, slopes", _table(weights)),
        folded("The map in numbers", _table(place.table)),
    ]
    return Section(question, answer, tuple(body))


def _trust(survey: Survey, scores: RaterScores) -> Section:
    kind, question = "perceived", "Can these numbers be trusted?"
    rows = []
    for name, items in survey.instrument.model.items():
        try:
            found = measurement.reliability(survey.items(kind)[items])
        except DataError:
            rows.append((name, len(items), None, None, None, None, ""))
            continue
        low, high = found.interval()
        rows.append((name, len(items), found.alpha, low, high, found.omega, ", ".join(found.against)))
    table = pd.DataFrame(rows, columns=["dimension", "items", "alpha", "low", "high", "omega", "against the rest"])
    table = table.replace({"against the rest": {"": None}})
    weak = table.dimension[table.alpha < 0.7]
    answer = "The statements of each dimension agree well enough (alpha of .70 or more)." if table.alpha.notna().any() else ""
    if len(weak):
        answer = (
            f"The statements of {_listed(weak)} agree less than one would wish (alpha below .70): read those scores with care."
        )
    if table.alpha.isna().any():
        bare = _listed(table.dimension[table.alpha.isna()])
        answer = f"{answer} Nothing can be said of {bare}: one statement alone, or too few answers.".strip()
    body = [_table(table)]
    if scores.measure == "gap":
        gaps = satisfaction.gap_reliability(survey)
        if (gaps.gap < 0.7).any():
            answer += (
                " A gap is a difference, and keeps the noise of both its parts: means over many are sound, single ones are not."
            )
        body.append(folded("Reliability of gaps", _table(gaps)))
    return Section(question, answer, (*body, *_structure(survey)))


def _structure(survey: Survey) -> tuple[str, ...]:
    """The factor structure, where there are enough rows for it."""
    items, model = survey.items("perceived"), {name: items for name, items in survey.instrument.model.items() if len(items) > 1}
    try:
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always", CrmlabWarning)  # told below in words
            fit = measurement.fit_cfa(items, model)
        roots = measurement.parallel_analysis(items, seed=_SEED)
    except (ArgumentError, DataError, ConvergenceError):
        return ("<p>The structure of the questionnaire cannot be tested with these answers.</p>",)
    if fit.n < 5 * items.shape[1]:
        told = f"{fit.n:,} complete rows are too few to test the structure of {items.shape[1]} statements (five for each)."
        return (f"<p>{told}</p>",)
    if not fit.df:
        return ("<p>So few statements leave nothing to test in their structure.</p>", table_html(fit.loadings))
    good = fit.cfi >= 0.95 and fit.rmsea <= 0.06
    verdict = "fits well" if good and not fit.improper else "does not fit well"
    told = f"The planned structure ({len(model)} dimension{'s' if len(model) != 1 else ''}) {verdict}: "
    told += f"CFI {fit.cfi:.3f}, RMSEA {fit.rmsea:.3f}, "
    told += (
        f"SRMR {fit.srmr:.3f}. Without a plan, {roots.factors} factor{'s exceed' if roots.factors != 1 else ' exceeds'} chance."
    )
    if fit.improper:
        told += f" The solution is improper: {fit.improper[0]}{' (and more)' if len(fit.improper) > 1 else ''}."
    if fit.n_excluded:
        told += f" {fit.n_excluded:,} rows with a missing answer are left out here."
    ratio = fit.htmt.round(2).rename_axis("HTMT").reset_index()
    facts = pd.DataFrame(fit.summary().facts, columns=["", "value"])
    inside = _table(facts) + _table(fit.factors) + _table(ratio) + _table(fit.loadings)
    return f"<p>{escape(told)}</p>", *pictures(fit.plot()), folded("The factor model in numbers", inside)


def _satisfied(survey: Survey, scores: RaterScores) -> Section:
    question, rows = "How satisfied are they?", []
    them = survey.rows
    for column, index in (
        ("overall_satisfaction", satisfaction.csat),
        ("recommendation", satisfaction.nps),
    ):
        if column in them and them[column].notna().any():
            # a scale that was stretched has steps between the steps: the nearest counts
            found = index(them[column].round())
            rows.append((found.name, found.unit, found.n, found.n_excluded, found.estimate, *found.interval()))
    if not rows:
        return Section(question, "Neither overall satisfaction nor recommendation was asked.")
    table = pd.DataFrame(rows, columns=["index", "unit", "n", "missing", "estimate", "low", "high"])
    told = "; ".join(
        f"{name}: {show(estimate, 1)} {unit} (95 % interval {show(low, 1)} to {show(high, 1)})"
        for name, unit, _, _, estimate, low, high in table.itertuples(index=False)
    )
    answer = f"{told[0].upper()}{told[1:]}. The interval is about chance alone: who did not answer may think otherwise."
    return Section(question, answer, (_table(table.round(1)),))


def _groups(survey: Survey, scores: RaterScores) -> Section:
    question = "Do groups differ?"
    if scores.groups is None:
        return Section(question, "No groups were given. Name a column to compare by: --by COLUMN.")
    table, by = scores.groups, scores.groups.columns[0]
    sure = table[table.p_holm < 0.05]
    answer = f"By {by}, {len(table)} comparisons were made, each group with all others; p-values are adjusted for that (Holm)."
    if len(sure):
        told = "; ".join(f"{row.dimension} in {row.group} by {_signed(row.difference)}"
                         for row in sure.rename(columns={by: "group"}).itertuples())  # fmt: skip
        answer += f" Beyond chance: {told}."
    else:
        answer += " None differs beyond chance."
    return Section(question, answer, (folded("All comparisons", _table(table.drop(columns=["df"]))),))


def _set_aside(survey: Survey, scores: RaterScores) -> Section:
    question = "What was set aside?"
    lost = survey.read - len(survey.rows)
    answer = f"{survey.read:,} rows were read, {len(survey.rows):,} are used, {lost:,} were set aside."
    body = [_table(survey.findings)] if len(survey.findings) else []
    answer += "" if body else " Nothing had to be mended."
    if len(survey.set_aside):
        first = survey.set_aside.head(200)
        more = (
            f"The first {len(first)} of {len(survey.set_aside):,}"
            if len(first) < len(survey.set_aside)
            else "Each row and cell"
        )
        body.append(folded(more, _table(first)))
    return Section(question, answer, tuple(body))


_SECTIONS = (_gaps, _mend, _satisfied, _trust, _groups, _set_aside)


def _listed(names: pd.Series) -> str:
    words = list(names)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")


def _table(table: pd.DataFrame) -> str:
    """A table without columns in which nothing stands, and with headings to read."""
    return table_html(table.dropna(axis=1, how="all").rename(columns=lambda name: str(name).replace("_", " ")))
