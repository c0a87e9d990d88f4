"""Gaps: what customers find, less what they expect; the fifth gap, the one the customer feels.

``score_rater`` turns keyed answers into gaps by item, dimension and overall, plain and weighted by what
matters to each respondent, with intervals, by group, beside the perceptions alone (SERVPERF), and says
how much of the gaps is signal. The firm's own four gaps are in ``management``; what drives satisfaction, and
what to mend first, in ``drivers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from crmlab import _check, _draw
from crmlab._result import Summary, show
from crmlab.errors import ArgumentError, DataError
from crmlab.measurement import difference_reliability, reliability
from crmlab.satisfaction.answers import Survey, read_survey
from crmlab.satisfaction.instrument import Instrument

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def score_rater(survey: Survey | pd.DataFrame, *, by: str | None = None, level: float = 0.95) -> RaterScores:
    """Gaps of service quality: perceived less expected, so that a negative gap is a shortfall.

    A dimension's score is the mean of a respondent's answered items if at least half of them are answered, its gap the
    mean of the items' gaps by the same rule. The weighted gap is, for each respondent with all dimensions and points of
    importance, the sum of his gaps times his own points / 100. Where someone answered in several waves his rows are not
    independent: standard errors are then those of respondents, not of rows.

    Parameters
    ----------
    survey : Survey or DataFrame
        As ``read_survey`` returns it; a table is read by it first.
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

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> scores = satisfaction.score_rater(datasets.load("survey"))
    >>> scores.table.dimension[scores.table.gap.idxmin()]
    'responsiveness'

    References
    ----------
    Parasuraman, Zeithaml & Berry (1988), Journal of Retailing 64, and (1991) for the weighted gap; perceptions alone:
    Cronin & Taylor (1992), Journal of Marketing 56. Holm (1979). Clustered errors: Liang & Zeger (1986) for a mean.
    """
    level = _check.share("level", level)
    if not isinstance(survey, Survey):
        if not isinstance(survey, pd.DataFrame):
            raise DataError(f"`survey` must come from `read_survey`, or be a table of answers; it is {type(survey).__name__}.")
        survey = read_survey(survey)
    if len(survey.rows) < 2:
        raise DataError("only one respondent can be used; a mean needs at least two for an interval. Ask more people.")
    them = respondents(survey)
    bare = [name for name in survey.instrument.dimensions if them[f"perceived_{name}"].notna().sum() < 2]
    if bare:
        keep = [name for name in survey.instrument.dimensions if name not in bare]
        raise DataError(
            f"fewer than two respondents answered {', '.join(bare)}, so it cannot be scored. Leave it out: read the "
            "survey with "
            f"`rater().only({keep!r})`."
        )
    return RaterScores(survey.instrument, them, _items(survey, them, level), level, _grouped(them, survey, by))


def respondents(survey: Survey) -> pd.DataFrame:
    """One row per respondent (and wave): dimension scores, gaps and weighted gap."""
    rows, instrument = survey.rows, survey.instrument
    keep = ["respondent", *(name for name in ("wave",) if name in rows)]
    answers = {f"{kind}_{item}" for kind in instrument.kinds for item in instrument.items.item}
    keep += [name for name in rows if name not in answers and name not in keep]
    them = rows[keep].copy()
    both = len(instrument.kinds) == 2
    for name, items in instrument.model.items():
        sides = {kind: rows[[f"{kind}_{item}" for item in items]].to_numpy(dtype=float) for kind in instrument.kinds}
        for kind, values in sides.items():
            them[f"{kind}_{name}"] = _mean(values)
        them[f"gap_{name}"] = _mean(sides["perceived"] - sides["expected"]) if both else np.nan
    gaps = them[[f"gap_{name}" for name in instrument.dimensions]].to_numpy()
    found = them[[f"perceived_{name}" for name in instrument.dimensions]].to_numpy()
    them["gap"], them["perceived"] = gaps.mean(axis=1), found.mean(axis=1)
    points = [f"importance_{name}" for name in instrument.dimensions]
    weights = them[points].to_numpy() / 100 if set(points) <= set(them) else np.full_like(gaps, np.nan)
    them["weighted_gap"], them["weighted_perceived"] = (gaps * weights).sum(axis=1), (found * weights).sum(axis=1)
    return them


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over items where at least half of them are answered."""
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    return np.where(2 * count >= values.shape[1], total / np.maximum(count, 1), np.nan)


def _spread(values: np.ndarray, who: np.ndarray) -> tuple[int, float, float, float]:
    """Answers, mean, standard error and degrees of freedom; rows of one respondent are taken together."""
    there = ~np.isnan(values)
    values, who = values[there], who[there]
    if values.size < 2:
        return int(values.size), float(values.mean()) if values.size else np.nan, np.nan, np.nan
    mean = values.mean()
    sums = np.bincount(np.unique(who, return_inverse=True)[1], values - mean)
    clusters = sums.size
    if clusters < 2:
        return int(values.size), float(mean), np.nan, np.nan
    return (
        int(values.size),
        float(mean),
        float(np.sqrt(clusters / (clusters - 1) * (sums @ sums)) / values.size),
        clusters - 1.0,
    )


def _row(values: pd.Series | np.ndarray, who: np.ndarray, level: float) -> tuple[int, float, float, float]:
    """n, mean, low, high."""
    n, mean, error, df = _spread(np.asarray(values, dtype=float), who)
    half = stats.t.ppf((1 + level) / 2, df) * error if error == error else np.nan
    return n, mean, mean - half, mean + half


def _codes(them: pd.DataFrame) -> np.ndarray:
    return pd.factorize(them.respondent)[0]


def _items(survey: Survey, them: pd.DataFrame, level: float) -> pd.DataFrame:
    rows, who = survey.rows, _codes(them)
    found = []
    for item in survey.instrument.items.itertuples():
        perceived = rows[f"perceived_{item.item}"].to_numpy(dtype=float)
        expected = (
            rows[f"expected_{item.item}"].to_numpy(dtype=float) if "expected" in survey.kinds else np.full(len(rows), np.nan)
        )
        gap = _row(perceived - expected, who, level)
        own = _row(perceived, who, level)
        n, low, high = (own[0], *own[2:]) if "expected" not in survey.kinds else (gap[0], *gap[2:])
        found.append((item.item, item.dimension, item.wording, n, _row(expected, who, level)[1], own[1], gap[1], low, high))
    return pd.DataFrame(found, columns=["item", "dimension", "wording", "n", "expected", "perceived", "gap", "low", "high"])


def _grouped(them: pd.DataFrame, survey: Survey, by: object) -> pd.DataFrame | None:
    if by is None:
        return None
    if not isinstance(by, str) or by not in them:
        raise ArgumentError(
            f"`by` must be a column of the survey, such as 'wave'; it is {by!r}. Its columns: "
            f"{', '.join(map(str, survey.rows))}."
        )
    groups = them[by].astype(object).where(them[by].notna(), None)
    names = list(pd.unique(groups.dropna()))
    if len(names) < 2:
        raise DataError(f"column {by!r} has only one group; comparing needs two. Choose another column for `by`.")
    if len(names) > min(50, max(2, len(them) / 5)):
        raise DataError(
            f"column {by!r} has {len(names)} groups for {len(them)} rows, which are too many to compare and would show single "
            "people. Bring them to a few groups first."
        )
    measure = "gap" if "expected" in survey.kinds else "perceived"
    who = _codes(them)
    rows = []
    for name in sorted(names, key=str):
        inside = np.array([group == name for group in groups])
        for dimension in (*survey.instrument.dimensions, ""):
            column = f"{measure}_{dimension}" if dimension else measure
            values = them[column].to_numpy(dtype=float)
            n, own, error, df = _spread(np.where(inside, values, np.nan), who)
            _, rest, other, df2 = _spread(np.where(inside | groups.isna().to_numpy(), np.nan, values), who)
            together = (
                _contrast(values, inside, groups.notna().to_numpy(), who) if error == error and other == other else np.nan
            )
            t = (own - rest) / together if together and together == together else np.nan
            freedom = (error**2 + other**2) ** 2 / (error**4 / df + other**4 / df2) if t == t and error + other > 0 else np.nan
            rows.append(
                (
                    name,
                    dimension or "all",
                    n,
                    own,
                    own - rest,
                    together,
                    freedom,
                    2 * stats.t.sf(abs(t), freedom) if t == t else np.nan,
                )
            )
    found = pd.DataFrame(rows, columns=[by, "dimension", "n", measure, "difference", "std_error", "df", "p_value"])
    # of two groups the second tells the first's story with the sign turned: it is no further comparison
    told = found.p_value.notna() & ((len(names) > 2) | (np.arange(len(found)) < len(found) / 2))
    found["p_holm"] = np.nan
    if told.any():
        found.loc[told, "p_holm"] = multipletests(found.p_value[told], method="holm")[1]
    if len(names) == 2:
        found.loc[len(found) // 2 :, "p_holm"] = found.p_holm[: len(found) // 2].to_numpy()
    return found


def _contrast(values: np.ndarray, inside: np.ndarray, known: np.ndarray, who: np.ndarray) -> float:
    """Standard error of the difference of a group and the others, when some respondents are in both."""
    there = known & ~np.isnan(values)
    inside, outside = there & inside, there & ~inside
    own = np.where(inside, values - values[inside].mean(), 0) / inside.sum()
    rest = np.where(outside, values - values[outside].mean(), 0) / outside.sum()
    codes = np.unique(who[there], return_inverse=True)[1]
    if codes.max() + 1 == there.sum():  # nobody answered twice: Welch's
        n, m = inside.sum(), outside.sum()
        return float(np.sqrt(n / (n - 1) * own[inside] @ own[inside] + m / (m - 1) * rest[outside] @ rest[outside]))
    sums = np.bincount(codes, (own - rest)[there])
    return float(np.sqrt(sums.size / (sums.size - 1) * sums @ sums))


@dataclass(frozen=True, slots=True, eq=False)
class RaterScores:
    """Gaps of service quality.

    Attributes
    ----------
    instrument : Instrument
    respondents : DataFrame
        One row per respondent (and wave): ``expected_<dimension>``, ``perceived_<dimension>``, ``gap_<dimension>``, ``gap`` and
        ``perceived`` over all dimensions, ``weighted_gap``, ``weighted_perceived``, and what else the survey held.
    items : DataFrame
        ``item, dimension, wording, n, expected, perceived, gap, low, high``.
    level : float
        Of the intervals.
    groups : DataFrame or None
        With ``by``: group, ``dimension`` ("all" for their mean), ``n``, ``gap``, its ``difference`` from all other groups,
        ``std_error``,
        ``df``, ``p_value``, ``p_holm``.
    """

    instrument: Instrument
    respondents: pd.DataFrame
    items: pd.DataFrame
    level: float
    groups: pd.DataFrame | None = None

    @property
    def measure(self) -> str:
        """ "gap", or "perceived" where expectations were not asked."""
        return "gap" if "expected" in self.instrument.kinds else "perceived"

    @property
    def table(self) -> pd.DataFrame:
        """One row per dimension (``tables.describe("rater_scores")``).

        ``low, high`` belong to the gap (to the perceptions, if nothing was expected); ``weight`` is the mean importance as
        a share; the ``weighted_gap`` of all dimensions add up to the overall one, because each is a mean over the same
        respondents.
        """
        them, who, rows = self.respondents, _codes(self.respondents), []
        names = self.instrument.dimensions
        points = [f"importance_{name}" for name in names]
        weights = them[points].to_numpy() / 100 if set(points) <= set(them) else np.full((len(them), len(names)), np.nan)
        whole = them.weighted_gap.notna().to_numpy()
        for place, name in enumerate(names):
            expected = them[f"expected_{name}"].mean() if "expected" in self.instrument.kinds else np.nan
            n, _, low, high = _row(them[f"{self.measure}_{name}"], who, self.level)
            gap = them[f"gap_{name}"]
            share = (gap * weights[:, place])[whole].mean() if whole.any() else np.nan
            weight = np.nanmean(weights[:, place]) if not np.isnan(weights).all() else np.nan
            rows.append((name, n, expected, them[f"perceived_{name}"].mean(), gap.mean(), low, high, weight, share))
        return pd.DataFrame(
            rows, columns=["dimension", "n", "expected", "perceived", "gap", "low", "high", "weight", "weighted_gap"]
        )

    @property
    def overall(self) -> pd.DataFrame:
        """``measure, n, mean, low, high``: gap and perceptions (SERVPERF), plain and weighted."""
        them, who = self.respondents, _codes(self.respondents)
        wanted = {
            "gap": "gap", "weighted gap": "weighted_gap", "perceptions (SERVPERF)": "perceived",
            "weighted perceptions": "weighted_perceived",
        }  # fmt: skip
        rows = [
            (label, *_row(them[column], who, self.level)) for label, column in wanted.items() if them[column].notna().sum() > 1
        ]
        return pd.DataFrame(rows, columns=["measure", "n", "mean", "low", "high"])

    @property
    def levels(self) -> pd.DataFrame:
        """``dimension, expected, perceived, weight``: what the radar widget draws; equal weights where importance was
        not asked."""
        table = self.table[["dimension", "expected", "perceived", "weight"]]
        weight = table.weight if table.weight.notna().all() else pd.Series(1 / len(table), table.index)
        return table.assign(weight=weight / weight.sum())

    def summary(self) -> Summary:
        """The finding in a few lines."""
        facts = [("Respondents", int(self.respondents.respondent.nunique())), ("Rows", len(self.respondents))]
        facts += [
            (row.measure.capitalize(), f"{row.mean:.3f} ({100 * self.level:g} % interval {row.low:.3f} to {row.high:.3f})")
            for row in self.overall.rename(columns={"mean": "mean_"}).rename(columns={"mean_": "mean"}).itertuples(name="Row")
        ]
        return Summary(
            "RATER: perceived less expected", tuple(facts), self.table, "Negative: customers find less than they expect."
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Gap of each dimension with its interval."""
        table, measure = self.table, self.measure
        worst = table.loc[table[measure].idxmin()]
        verdict = "falls furthest short" if measure == "gap" and worst.gap < 0 else "is lowest"
        axis = "perceived less expected" if measure == "gap" else "perceived"
        each = (f"{row.dimension} {getattr(row, measure):.2f} ({row.low:.2f} to {row.high:.2f})" for row in table.itertuples())
        told = f"{worst.gap:+.2f}".replace("-", "−") if measure == "gap" else f"{worst.perceived:.2f}"
        return _draw.interval_plot(
            table.rename(columns={"dimension": "label", measure: "middle"})[["label", "middle", "low", "high"]],
            title=f"{worst.dimension.capitalize()} {verdict}: {told} points",
            x=f"{axis}, points (bar: {100 * self.level:g} % interval)",
            alt="; ".join(each) + ".",
            zero=measure == "gap", ax=ax,
        )  # fmt: skip


def gap_reliability(survey: Survey) -> pd.DataFrame:
    """Reliability of both halves of a survey and of the gaps between them, dimension by dimension.

    A gap is a difference, and a difference of two scores that agree with each other keeps their noise and loses their
    signal. Below .70 the gap of one respondent says little (means over many respondents can still be exact).

    Parameters
    ----------
    survey : Survey

    Returns
    -------
    DataFrame
        ``dimension, items, expected, perceived, correlation, gap, warning``; a single item has no reliability.

    Raises
    ------
    DataError
        No survey, or nothing was expected.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> survey = satisfaction.read_survey(datasets.load("survey"))
    >>> satisfaction.gap_reliability(survey).gap.between(-1, 1).all()
    np.True_

    References
    ----------
    Peter, Churchill & Brown (1993), Journal of Consumer Research 19, equation 1.
    """
    if not isinstance(survey, Survey) or "expected" not in survey.kinds:
        raise DataError("`survey` must be a Survey with expectations; without them there is no difference to judge.")
    them, rows = respondents(survey), []
    for name, items in survey.instrument.model.items():
        both = [survey.items(kind)[items] for kind in ("perceived", "expected")]
        found = [_alpha(half) for half in both]
        whole = them[[f"perceived_{name}", f"expected_{name}"]].dropna()
        spread = whole.std()
        r = float(whole.corr().iloc[0, 1]) if (spread > 0).all() else np.nan
        gap = np.nan
        if not np.isnan([*found, r]).any():
            gap = _of_difference(*found, r, float(spread.iloc[0] / spread.iloc[1]))
        told = "" if not gap < 0.7 else f"only {show(gap, 2)}: read means, not single gaps"
        rows.append((name, len(items), found[1], found[0], r, gap, told))
    return pd.DataFrame(rows, columns=["dimension", "items", "expected", "perceived", "correlation", "gap", "warning"])


def _of_difference(first: float, second: float, correlation: float, ratio: float) -> float:
    """Reliability of the gap, or nothing where the gap does not vary."""
    try:
        return difference_reliability(first, second, correlation, ratio=ratio)
    except ArgumentError:
        return np.nan


def _alpha(half: pd.DataFrame) -> float:
    """Alpha, or nothing where it cannot be had."""
    try:
        return reliability(half).alpha
    except DataError:
        return np.nan
