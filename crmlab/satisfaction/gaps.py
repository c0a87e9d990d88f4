"""Gaps: what customers find, less what they expect; the fifth gap, the one the customer feels.

``score_rater`` turns keyed answers into gaps by item, dimension and overall, plain and weighted by what matters to each
respondent, with intervals, by group, beside the perceptions alone (SERVPERF); ``gap_reliability`` says how much of the
gaps is signal. The firm's own four gaps are in ``management``; what drives satisfaction in ``drivers``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, show
from crmlab._verdict import FEWEST, Verdict, leaders, listed, some_of, verdict
from crmlab.errors import ArgumentError, DataError
from crmlab.measurement import difference_reliability, reliability
from crmlab.satisfaction.answers import Survey, read_survey
from crmlab.satisfaction.clustered import clustered_mean
from crmlab.satisfaction.groups import compare_groups
from crmlab.satisfaction.instrument import Instrument

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MIN_RELIABILITY = 0.7  # below it a single respondent's gap says little


def score_rater(survey: Survey | pd.DataFrame, *, by: str | None = None, level: float = 0.95) -> RaterScores:
    """Score gaps of service quality: perceived less expected, so that a negative gap is a shortfall.

    A dimension's score is the mean of a respondent's answered items if at least half of them are answered, its gap the
    mean of the items' gaps by the same rule. The weighted gap is, for each respondent with all dimensions and points of
    importance, the sum of gap times points / 100 over the dimensions. Where respondents answered in several waves their
    rows are not independent: standard errors are then those of respondents, not of rows.

    Parameters
    ----------
    survey : Survey or DataFrame
        As ``read_survey`` returns it; a table is read by it first, and ``respondents`` keep its index.
    by : str, optional
        A column of the survey, such as "wave", to compare groups by: each group with all others, Welch's test, p-values
        adjusted by Holm over all comparisons shown.
    level : float
        Of all intervals.

    Returns
    -------
    RaterScores

    Raises
    ------
    DataError
        Fewer than two respondents, a dimension that nobody answered, a ``by`` that is no column or has one group only.

    References
    ----------
    Parasuraman, Zeithaml & Berry (1988), Journal of Retailing 64, and (1991) for the weighted gap; perceptions alone:
    Cronin & Taylor (1992), Journal of Marketing 56. Holm (1979). Clustered errors: Liang & Zeger (1986) for a mean.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> scores = satisfaction.score_rater(datasets.load("survey"))
    >>> scores.table.dimension[scores.table.gap.idxmin()]
    'responsiveness'
    """
    level = _check.share("level", level)
    if not isinstance(survey, Survey):
        survey = read_survey(_check.frame("survey", survey, "Give what `read_survey` returns, or a table of answers."))
    if len(survey.rows) < 2:
        raise DataError("only one respondent can be used; a mean needs at least two for an interval. Ask more people.")
    rows, dimensions = respondent_scores(survey), survey.instrument.dimensions
    if bare := [name for name in dimensions if rows[f"perceived_{name}"].notna().sum() < 2]:
        others = [name for name in dimensions if name not in bare]
        raise DataError(
            f"fewer than two respondents answered {', '.join(bare)}, so it cannot be scored. Leave it out: read the survey "
            f"with `rater().only({others!r})`."
        )
    groups = None if by is None else compare_groups(rows, by, _measure(survey.instrument), dimensions)
    return RaterScores(survey.instrument, rows, _item_scores(survey, level), level, groups)


def _measure(instrument: Instrument) -> str:
    return "gap" if "expected" in instrument.kinds else "perceived"


def respondent_scores(survey: Survey) -> pd.DataFrame:
    """Return one row per respondent (and wave) with the survey's index: dimension scores, gaps and weighted gap."""
    rows, instrument = survey.rows, survey.instrument
    answers = {f"{kind}_{item}" for kind in instrument.kinds for item in instrument.items["item"]}
    first = [name for name in ("respondent", "wave") if name in rows]
    scores = rows[[*first, *(name for name in rows if name not in answers and name not in first)]].copy()
    for name, items in instrument.model.items():
        values = {kind: rows[[f"{kind}_{item}" for item in items]].to_numpy(dtype=float) for kind in instrument.kinds}
        for kind in instrument.kinds:
            scores[f"{kind}_{name}"] = _score(values[kind])
        scores[f"gap_{name}"] = _score(values["perceived"] - values["expected"]) if "expected" in values else np.nan
    weights = _importance(scores, instrument)
    parts = {
        measure: scores[[f"{measure}_{name}" for name in instrument.dimensions]].to_numpy() for measure in ("gap", "perceived")
    }
    return scores.assign(
        **{measure: values.mean(axis=1) for measure, values in parts.items()},
        **{f"weighted_{measure}": (values * weights).sum(axis=1) for measure, values in parts.items()},
    )


def _importance(scores: pd.DataFrame, instrument: Instrument) -> np.ndarray:
    """Each respondent's weights, shape (rows, dimensions), summing to 1; NaN where importance was not asked."""
    points = [f"importance_{name}" for name in instrument.dimensions]
    if set(points) <= set(scores):
        return scores[points].to_numpy() / 100
    return np.full((len(scores), len(points)), np.nan)


def _score(values: np.ndarray) -> np.ndarray:
    """Mean over items, shape (rows,), where at least half of them are answered."""
    answered = ~np.isnan(values)
    count = answered.sum(axis=1)
    total = np.where(answered, values, 0.0).sum(axis=1)
    return np.where(2 * count >= values.shape[1], total / np.maximum(count, 1), np.nan)


def _interval(values: pd.Series | np.ndarray, respondents: np.ndarray, level: float) -> tuple[int, float, float, float]:
    """n, mean, low, high."""
    estimate = clustered_mean(np.asarray(values, dtype=float), respondents)
    return estimate.n, estimate.mean, *estimate.interval(level)


def _respondent_codes(rows: pd.DataFrame) -> np.ndarray:
    return pd.factorize(rows["respondent"])[0]


def _item_scores(survey: Survey, level: float) -> pd.DataFrame:
    """One row per item (``tables.describe("rater_items")``)."""
    rows, codes = survey.rows, _respondent_codes(survey.rows)
    items = []
    for item in survey.instrument.items.itertuples():
        perceived = rows[f"perceived_{item.item}"].to_numpy(dtype=float)
        expected = np.full(len(rows), np.nan)
        if "expected" in survey.kinds:
            expected = rows[f"expected_{item.item}"].to_numpy(dtype=float)
        means = {"expected": expected, "perceived": perceived, "gap": perceived - expected}
        estimates = {name: _interval(values, codes, level) for name, values in means.items()}
        n, _, low, high = estimates[_measure(survey.instrument)]
        items.append((item.item, item.dimension, item.wording, n, *(mean for _, mean, _, _ in estimates.values()), low, high))
    return pd.DataFrame(items, columns=["item", "dimension", "wording", "n", "expected", "perceived", "gap", "low", "high"])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RaterScores(Result):
    """Gaps of service quality.

    Attributes
    ----------
    instrument : Instrument
    respondents : DataFrame
        One row per respondent (and wave), with the index of ``Survey.rows``: ``expected_<dimension>``,
        ``perceived_<dimension>``, ``gap_<dimension>``, ``gap`` and ``perceived`` over all dimensions, ``weighted_gap``,
        ``weighted_perceived``, and what else the survey held.
    items : DataFrame
        One row per item (``tables.describe("rater_items")``).
    level : float
        Of the intervals.
    groups : DataFrame or None
        With ``by``, one row per group and ``dimension`` ("all" for their mean): ``n``, ``gap``, its ``difference`` from all
        other groups, ``std_error``, ``df``, ``p_value``, ``p_holm``.
    """

    instrument: Instrument
    respondents: pd.DataFrame
    items: pd.DataFrame
    level: float
    groups: pd.DataFrame | None = None

    @property
    def measure(self) -> str:
        """What the intervals are of: "gap", or "perceived" where expectations were not asked."""
        return _measure(self.instrument)

    @property
    def table(self) -> pd.DataFrame:
        """One row per dimension (``tables.describe("rater_scores")``).

        ``low, high`` belong to the gap (to the perceptions, if nothing was expected); ``weight`` is the mean importance as
        a share; the ``weighted_gap`` of all dimensions add up to the overall one, because each is a mean over the same
        respondents.
        """
        scores, codes = self.respondents, _respondent_codes(self.respondents)
        weights = _importance(scores, self.instrument)
        complete = scores["weighted_gap"].notna().to_numpy()
        rows = []
        for name, weight in zip(self.instrument.dimensions, weights.T, strict=True):
            expected = scores[f"expected_{name}"].mean() if "expected" in self.instrument.kinds else np.nan
            perceived, gap = scores[f"perceived_{name}"].mean(), scores[f"gap_{name}"]
            n, _, low, high = _interval(scores[f"{self.measure}_{name}"], codes, self.level)
            mean_weight = np.nanmean(weight) if not np.isnan(weight).all() else np.nan
            weighted = (gap * weight)[complete].mean() if complete.any() else np.nan
            rows.append((name, n, expected, perceived, gap.mean(), low, high, mean_weight, weighted))
        columns = ["dimension", "n", "expected", "perceived", "gap", "low", "high", "weight", "weighted_gap"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def overall(self) -> pd.DataFrame:
        """``measure, n, mean, low, high``: gap and perceptions (SERVPERF), plain and weighted."""
        scores, codes = self.respondents, _respondent_codes(self.respondents)
        measures = {
            "gap": "gap", "weighted gap": "weighted_gap", "perceptions (SERVPERF)": "perceived",
            "weighted perceptions": "weighted_perceived",
        }  # fmt: skip
        rows = [
            (label, *_interval(scores[column], codes, self.level))
            for label, column in measures.items()
            if scores[column].notna().sum() > 1
        ]
        return pd.DataFrame(rows, columns=["measure", "n", "mean", "low", "high"])

    @property
    def levels(self) -> pd.DataFrame:
        """One row per dimension (``tables.describe("rater_levels")``), as the radar widget draws it.

        Perceived less expected is the gap of ``table``, also where an answer is missing in one half only. Weights sum to 1,
        equal ones where importance was not asked.
        """
        table = self.table
        if self.measure == "gap":
            table = table.assign(expected=table["perceived"] - table["gap"])
        table = table[["dimension", "expected", "perceived", "weight"]]
        weight = table["weight"] if table["weight"].notna().all() else pd.Series(1 / len(table), table.index)
        return table.assign(weight=weight / weight.sum())

    def summary(self) -> Summary:
        """Overall gaps and those of the dimensions."""
        facts: list[tuple[str, object]] = [
            ("Respondents", int(self.respondents["respondent"].nunique())), ("Rows", len(self.respondents)),
        ]  # fmt: skip
        for measure, _, mean, low, high in self.overall.itertuples(index=False):
            interval = f"{100 * self.level:g} % interval {low:.3f} to {high:.3f}"
            facts.append((measure.capitalize(), f"{mean:.3f} ({interval})"))
        note = "Negative: customers find less than they expect."
        return Summary("RATER: perceived less expected", tuple(facts), self.table, note)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap of each dimension with its interval (the perceptions, where expectations were not asked).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new chart.

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> satisfaction.score_rater(datasets.load("survey")).plot().get_title("left")
        'Responsiveness falls furthest short: −0... points'
        """
        table, measure = self.table, self.measure
        axis = "perceived less expected" if measure == "gap" else "perceived"
        rows = table.rename(columns={"dimension": "label", measure: "middle"})[["label", "middle", "low", "high"]]
        return _draw.interval_plot(
            rows,
            title=self._finding(),
            x=f"{axis}, points (bar: {100 * self.level:g} % interval)",
            alt="; ".join(f"{row.label} {row.middle:.2f} ({row.low:.2f} to {row.high:.2f})" for row in rows.itertuples()) + ".",
            zero=measure == "gap", ax=ax,
        )  # fmt: skip

    def beyond_chance(self) -> tuple[list[str], list[str]]:
        """Return the dimensions whose gap is below 0, and those above, by intervals that hold together (Bonferroni).

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> satisfaction.score_rater(datasets.load("survey")).beyond_chance()[1]
        ['tangibles']
        """
        together = replace(self, level=1 - (1 - self.level) / len(self.instrument.dimensions)).table
        if self.measure == "perceived":
            return [], []
        verdicts = [verdict(row.low, row.high, n=self._n_respondents) for row in together.itertuples()]
        short, exceeded = (
            [name for name, each in zip(together["dimension"], verdicts, strict=True) if each is sign]
            for sign in (Verdict.LOWER, Verdict.HIGHER)
        )
        return short, exceeded

    def lowest(self, measure: str | None = None) -> tuple[str, ...]:
        """Return the dimension that is lowest beyond chance, or the two that are; empty if no order can be told.

        By the differences of the same respondents' scores, see ``_verdict.leaders``.

        Parameters
        ----------
        measure : {"gap", "perceived", "weighted_gap"}, optional
            By default ``.measure``. The weighted gap of a dimension is its part of the overall one.

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> satisfaction.score_rater(datasets.load("survey")).lowest()
        ('responsiveness',)
        """
        wanted = _check.choice("measure", measure or self.measure, ("gap", "perceived", "weighted_gap"))
        names, codes = self.instrument.dimensions, _respondent_codes(self.respondents)
        scores = self.respondents[[f"{wanted.removeprefix('weighted_')}_{name}" for name in names]].to_numpy(dtype=float)
        if wanted == "weighted_gap":
            scores = scores * _importance(self.respondents, self.instrument)

        def difference(first: int, second: int, level: float) -> tuple[float, float]:
            return clustered_mean(scores[:, second] - scores[:, first], codes).interval(level)

        means = pd.DataFrame(scores).mean().to_numpy()
        return leaders(names, -means, difference, level=self.level, n=self._n_respondents)

    @property
    def _n_respondents(self) -> int:
        return int(self.respondents["respondent"].nunique())

    def _finding(self) -> str:
        """What is beyond chance: which dimension is lowest and whether it falls short; or that nothing is."""
        n, names = self._n_respondents, self.instrument.dimensions
        if n < FEWEST:
            return f"{n} respondents are too few to say which dimension is lowest"
        if self.measure == "gap":
            return self._gap_finding()
        lowest, value = self.lowest(), self.table.set_index("dimension")["perceived"]
        if len(lowest) == 1 < len(names):
            return f"{lowest[0].capitalize()} is rated lowest: {value[lowest[0]]:.2f} points"
        if len(lowest) > 1:
            return f"{listed(lowest).capitalize()} are rated lower than the others"
        return f"{n:,} respondents do not settle which dimension is rated lowest"

    def _gap_finding(self) -> str:
        n, names, lowest = self._n_respondents, self.instrument.dimensions, self.lowest()
        (short, exceeded), value = self.beyond_chance(), self.table.set_index("dimension")["gap"]
        if len(lowest) == 1 and lowest[0] in (*short, *exceeded):
            how = "falls furthest short" if lowest[0] in short else "exceeds what is expected least"
            how = how.replace(" furthest", "").replace(" least", "") if len(names) == 1 else how
            return f"{lowest[0].capitalize()} {how}: {value[lowest[0]]:+.2f} points".replace("-", "−")
        if lowest and set(lowest) <= set(short):
            return f"{listed(lowest).capitalize()} fall further short than the others"
        which = some_of(short or exceeded, len(names), "dimensions").capitalize()
        if short:
            return f"{which} fall{'s' * (len(short) == 1)} short; {n:,} respondents do not settle which most"
        if exceeded:
            return f"{which} exceed{'s' * (len(exceeded) == 1)} what is expected; nothing falls short beyond chance"
        return f"{n:,} respondents do not settle whether service falls short: no gap can be told from 0"


def gap_reliability(survey: Survey) -> pd.DataFrame:
    """Estimate the reliability of both halves of a survey and of the gaps between them, one row per ``dimension``.

    A gap is a difference, and a difference of two scores that agree with each other keeps their noise and loses their
    signal. Below .70 the gap of one respondent says little (means over many respondents can still be exact).

    Parameters
    ----------
    survey : Survey

    Returns
    -------
    DataFrame
        ``tables.describe("gap_reliability")``; a single item has no reliability.

    Raises
    ------
    DataError
        No survey, or nothing was expected.

    References
    ----------
    Peter, Churchill & Brown (1993), Journal of Consumer Research 19, equation 1.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> survey = satisfaction.read_survey(datasets.load("survey"))
    >>> satisfaction.gap_reliability(survey).gap.between(-1, 1).all()
    np.True_
    """
    if not isinstance(survey, Survey) or "expected" not in survey.kinds:
        raise DataError("`survey` must be a Survey with expectations; without them there is no difference to judge.")
    scores, rows = respondent_scores(survey), []
    for name, items in survey.instrument.model.items():
        perceived, expected = (_alpha(survey.items(kind)[items]) for kind in ("perceived", "expected"))
        both = scores[[f"perceived_{name}", f"expected_{name}"]].dropna()
        sd = both.std()
        correlation = float(both.corr().iloc[0, 1]) if (sd > 0).all() else np.nan
        gap = np.nan
        if not np.isnan([perceived, expected, correlation]).any():
            gap = _difference_reliability(perceived, expected, correlation, float(sd.iloc[0] / sd.iloc[1]))
        warning = f"only {show(gap, 2)}: read means, not single gaps" if gap < _MIN_RELIABILITY else ""
        rows.append((name, len(items), expected, perceived, correlation, gap, warning))
    return pd.DataFrame(rows, columns=["dimension", "items", "expected", "perceived", "correlation", "gap", "warning"])


def _difference_reliability(first: float, second: float, correlation: float, ratio: float) -> float:
    """Reliability of the gap; NaN where the gap does not vary."""
    try:
        return difference_reliability(first, second, correlation, ratio=ratio)
    except ArgumentError:
        return np.nan


def _alpha(items: pd.DataFrame) -> float:
    """Cronbach's alpha; NaN where it is not defined."""
    try:
        return reliability(items).alpha
    except DataError:
        return np.nan
