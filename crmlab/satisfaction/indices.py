"""Indices: satisfaction in one number, and how sure one may be of it.

Net promoter score, share of the satisfied, top boxes and the ACSI index are means of one score per
answer; so each index here keeps its scores, and its interval, its change between two waves and the
number of answers it needs all come from them. This room reads answers (or a survey table) and
returns frozen results. It does not know what makes customers content (see ``drivers``), nor that
those who answer are often the content ones: an interval covers chance, not who stayed silent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from crmlab import _check
from crmlab._result import Summary, percent, show
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import Column, Table


def nps(answers: Sequence[float] | pd.Series, *, promoters: int = 9, detractors: int = 6) -> Index:
    """Net promoter score: per cent of promoters less per cent of detractors.

    Its interval inverts the score test of a difference of two shares of one sample (Tango 1998). Unlike the
    usual one, estimate and 1.96 standard errors, it holds its level in small samples and keeps a width
    when everyone, or no one, is a promoter.

    Parameters
    ----------
    answers : sequence or Series
        Whole numbers from 0 to 10, how likely one would recommend the firm; missing ones are left out and counted.
    promoters, detractors : int
        The lowest answer of a promoter, and the highest of a detractor.

    Returns
    -------
    Index
        In points from -100 (all detractors) to 100 (all promoters).

    Raises
    ------
    DataError
        No answers, or some that are no whole numbers from 0 to 10.
    ArgumentError
        ``promoters`` or ``detractors`` is not on the scale, or they overlap.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> found = satisfaction.nps([10, 10, 9, 9, 8, 7, 6, 3])
    >>> found.estimate
    25.0
    >>> low, high = found.interval(0.95)
    >>> round(low, 1), round(high, 1)
    (-32.8, 68.3)

    References
    ----------
    Reichheld (2003), The one number you need to grow, Harvard Business Review 81(12). Tango (1998),
    Statistics in Medicine 17, 891-908. On the intervals: Rocks (2016), The American Statistician 70(4).
    """
    promoters = _check.integer("promoters", promoters, 1, 10)
    detractors = _check.integer("detractors", detractors, 0, promoters - 1)
    values, missing = _answers(answers, 0, 10)
    scores = 100.0 * (values >= promoters) - 100.0 * (values <= detractors)
    return Index("net promoter score", "points", scores, missing, "Tango", (-100, 100), "Reichheld (2003); Tango (1998)")


def csat(answers: Sequence[float] | pd.Series, *, satisfied: int = 6, highest: int = 7) -> Index:
    """Customer satisfaction score: per cent of answers at or above a threshold, with Wilson's interval.

    Parameters
    ----------
    answers : sequence or Series
        Whole numbers from 1 to ``highest``; missing ones are left out and counted.
    satisfied : int
        The lowest answer that counts as satisfied.
    highest : int
        The end of the scale.

    Returns
    -------
    Index
        In per cent.

    Raises
    ------
    DataError
        No answers, or some that are no whole numbers from 1 to ``highest``.
    ArgumentError
        ``satisfied`` is not on the scale above its lowest answer.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> found = satisfaction.csat([7, 6, 6, 5, 4, None])
    >>> found.estimate, found.n, found.missing
    (60.0, 5, 1)
    >>> [round(end, 1) for end in found.interval()]
    [23.1, 88.2]

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    highest = _check.integer("highest", highest, 2)
    satisfied = _check.integer("satisfied", satisfied, 2, highest)
    values, missing = _answers(answers, 1, highest)
    name = f"satisfied customers ({satisfied} or more of {highest})"
    return Index(name, "per cent", 100.0 * (values >= satisfied), missing, "Wilson", (0, 100), "Wilson (1927)")


def top_box(answers: Sequence[float] | pd.Series, *, boxes: int = 2, highest: int = 7) -> Index:
    """Per cent of answers in the highest ``boxes`` categories: ``csat`` counted from the top.

    Parameters
    ----------
    answers : sequence or Series
        Whole numbers from 1 to ``highest``; missing ones are left out and counted.
    boxes : int
        How many categories count; fewer than there are.
    highest : int
        The end of the scale.

    Returns
    -------
    Index
        In per cent.

    Raises
    ------
    DataError
        As ``csat``.
    ArgumentError
        ``boxes`` is not below ``highest``.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> satisfaction.top_box([5, 5, 4, 4, 3, 2, 1, 1], boxes=1, highest=5).estimate
    25.0

    References
    ----------
    As ``csat``.
    """
    highest = _check.integer("highest", highest, 2)
    boxes = _check.integer("boxes", boxes, 1, highest - 1)
    found = csat(answers, satisfied=highest - boxes + 1, highest=highest)
    return replace(found, name=f"top {boxes} of {highest} boxes")


def acsi(items: pd.DataFrame, *, weights: Sequence[float] | None = None, lowest: float = 1, highest: float = 10) -> Index:
    """Index of several items on a scale of 0 to 100, as the American Customer Satisfaction Index builds it.

    ``100 * sum(w * (mean - lowest)) / ((highest - lowest) * sum(w))``. The index is linear in the means of the items,
    so the delta method is exact: with S the covariance of the items on complete rows its standard error is
    the root of ``w' S w / n``, which is that of the mean of the respondents' own indices. The weights are taken as given:
    if they were estimated from the same answers, the interval does not know it.

    Parameters
    ----------
    items : DataFrame
        One row per respondent, one column per item (usually overall satisfaction, expectancy disconfirmation and
        comparison with the ideal); rows with a missing item are left out and counted.
    weights : sequence of float, optional
        One per column, none negative; equal by default.
    lowest, highest : float
        The ends of the scale.

    Returns
    -------
    Index

    Raises
    ------
    DataError
        No complete row, or answers outside the scale.
    ArgumentError
        ``items`` is no DataFrame, weights do not fit, or the scale has no width.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import satisfaction
    >>> items = pd.DataFrame({"satisfaction": [10, 7, 8, 9], "disconfirmation": [9, 6, 8, None], "ideal": [8, 5, 8, 9]})
    >>> found = satisfaction.acsi(items, weights=[0.4, 0.3, 0.3])
    >>> round(found.estimate, 1), found.n, found.missing
    (74.8, 3, 1)

    References
    ----------
    The formula: technical description of the ACSI; the model: Fornell, Johnson, Anderson, Cha & Bryant (1996), The
    American Customer Satisfaction Index, Journal of Marketing 60(4), 7-18.
    """
    if not isinstance(items, pd.DataFrame) or not items.shape[1]:
        raise ArgumentError(f"`items` must be a DataFrame with a column for each item; it is {type(items).__name__}.")
    lowest, highest = _number("lowest", lowest), _number("highest", highest)
    if not lowest < highest:
        raise ArgumentError(f"`highest`, {highest:g}, must lie above `lowest`, {lowest:g}.")
    columns = [_numbers(items.iloc[:, k], f"`{name}`") for k, name in enumerate(items.columns)]
    values = np.column_stack(columns)
    weight = np.ones(len(columns)) if weights is None else _weights(weights, len(columns))
    values = values[~np.isnan(values).any(axis=1)]
    if not len(values):
        raise DataError(f"no row of `items` has all {len(columns)} answers. Leave out an item that nobody answered.")
    off = (values < lowest) | (values > highest)
    if off.any():
        raise DataError(
            f"`items` must hold answers from {lowest:g} to {highest:g}; {off.sum():,} are not, e.g. {values[off][0]:g}. "
            "Check the scale (`lowest`, `highest`) and the coding of missing answers."
        )
    scores = 100 * (values - lowest) @ weight / ((highest - lowest) * weight.sum())
    source = "Fornell et al. (1996)"
    return Index("ACSI index", "points of 100", scores, len(items) - len(values), "t", (0, 100), source)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A satisfaction index: the mean of one score per answer.

    Attributes
    ----------
    name, unit : str
    scores : ndarray, shape (n,)
        What each answer adds, in the index's own unit: the index is their mean.
    missing : int
        How many answers were missing and left out.
    method : str
        Where its interval comes from: ``Tango`` (scores -100, 0, 100), ``Wilson`` (scores 0, 100) or ``t``.
    bounds : tuple of float
        The lowest and highest value that the index can take.
    source : str
    """

    name: str
    unit: str
    scores: np.ndarray
    missing: int
    method: str
    bounds: tuple[float, float]
    source: str = ""

    @property
    def estimate(self) -> float:
        """The index."""
        return float(self.scores.mean())

    @property
    def n(self) -> int:
        """How many answers it rests on."""
        return self.scores.size

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Lower and upper end of the confidence interval.

        Tango's and Wilson's need no spread. The t interval does: it is unknown (nan) for one answer, has no
        width if all answers are alike, and is cut at the ends of the scale.
        """
        level = _check.share("level", level)
        above, below = int((self.scores > 0).sum()), int((self.scores < 0).sum())
        if self.method == "Tango":
            low, high = (100 * end for end in _tango(above, below, self.n, stats.norm.ppf((1 + level) / 2)))
        elif self.method == "Wilson":
            low, high = proportion_confint(above, self.n, alpha=1 - level, method="wilson")
            low, high = 100 * float(low), 100 * float(high)
        elif self.n < 2:
            return math.nan, math.nan
        else:
            half = stats.t.ppf((1 + level) / 2, self.n - 1) * self.scores.std(ddof=1) / math.sqrt(self.n)
            low, high = self.estimate - half, self.estimate + half
        # where all are satisfied or none is, rounding must not put the estimate outside its interval
        return max(self.bounds[0], min(low, self.estimate)), min(self.bounds[1], max(high, self.estimate))

    def summary(self) -> Summary:
        """The finding in a few lines."""
        parts = {"Promoters": self.scores > 0, "Passives": self.scores == 0, "Detractors": self.scores < 0}
        return Summary(
            self.name[0].upper() + self.name[1:],
            facts=(
                ("Estimate", f"{show(self.estimate, 2)} {self.unit}"),
                ("95 % interval", _range(self.interval())),
                *((label, percent(part.mean())) for label, part in parts.items() if self.method == "Tango"),
                ("Answers", self.n),
                ("Missing, left out", self.missing),
            ),
            source=self.source,
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def _tango(above: int, below: int, n: int, z: float) -> tuple[float, float]:
    """Tango's (1998) interval of the difference of two multinomial shares, with ``above`` and ``below`` of ``n``.

    Its ends are where the score statistic equals ``z``; the share that is no parameter of interest is replaced by
    its maximum likelihood estimate given the difference, the root of a quadratic.
    """

    def beyond(difference: float) -> float:
        b = (2 * n - above + below) * difference - above - below
        root = math.sqrt(max(b * b + 8 * n * below * difference * (1 - difference), 0))
        variance = n * ((root - b) / (2 * n) + difference * (1 - difference))
        return (above - below - n * difference) ** 2 - z * z * variance

    estimate, step = (above - below) / n, 1e-12  # at the estimate itself the statistic may be 0/0
    low = -1.0 if below == n else optimize.brentq(beyond, -1, estimate - step, xtol=1e-12)
    high = 1.0 if above == n else optimize.brentq(beyond, estimate + step, 1, xtol=1e-12)
    return low, high


def wave_change(
    survey: pd.DataFrame, *, before: object, after: object, index: str | Callable = "nps",
    column: str | Sequence[str] | None = None, respondent: str | None = None, wave: str = "wave",
) -> Change:  # fmt: skip
    """Change of an index between two waves that some customers, not all, answered both times.

    Who answers twice tends to answer alike, so the waves are not independent. The estimate is the difference of the
    two indices; its variance is ``s1²/n1 + s2²/n2 - 2 n12 s12/(n1 n2)`` with ``s12 = r s1 s2`` and r the correlation
    among the n12 who answered both. With Derrick and others' degrees of freedom this is Welch's t test if
    nobody, and the paired t test if everybody, answered twice.

    Parameters
    ----------
    survey : DataFrame
        One row per respondent and wave.
    before, after : object
        The two waves, as they stand in the column ``wave``.
    index : {"nps", "csat", "top_box", "acsi", "mean"} or callable
        Which index; a callable takes the answers of a wave and returns an ``Index``, e.g.
        ``lambda answers: satisfaction.csat(answers, satisfied=5)``.
    column : str or list of str, optional
        Where the answers stand; a list for ``acsi``. By default ``recommendation`` for ``nps``, else ``overall_satisfaction``.
    respondent, wave : str
        The columns that say who answered (by default ``customer_id`` or ``respondent``), and in which wave.

    Returns
    -------
    Change

    Raises
    ------
    DataError
        A column is missing, a wave is not there or has fewer than two answers, or a respondent stands in a wave twice.
    ArgumentError
        ``survey`` is no DataFrame, ``index`` is none of the above, or both waves are the same.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import satisfaction
    >>> survey = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy", "dee", "ann", "bob", "cy", "eve"],
    ...     "wave": [1, 1, 1, 1, 2, 2, 2, 2],
    ...     "recommendation": [9, 3, 7, 6, 10, 7, 9, 8],
    ... })
    >>> found = satisfaction.wave_change(survey, before=1, after=2)
    >>> found.estimate, found.both, round(found.p_value, 3), round(found.if_independent().p_value, 3)
    (75.0, 3, 0.141, 0.238)

    References
    ----------
    Derrick, Russ, Toher & White (2017), Test statistics for the comparison of means for two samples that include
    both paired and independent observations, Journal of Modern Applied Statistical Methods 16(1), 137-157: T_new2.
    """
    if not isinstance(survey, pd.DataFrame):
        raise ArgumentError(f"`survey` must be a DataFrame with a row per respondent and wave; it is {type(survey).__name__}.")
    measure = index if callable(index) else _INDICES[_check.choice("index", index, tuple(_INDICES))]
    if column is None:
        column = "recommendation" if index == "nps" else "overall_satisfaction"
    if respondent is None:
        respondent = "respondent" if "respondent" in survey and "customer_id" not in survey else "customer_id"
    answers = list(column) if isinstance(column, list | tuple) else [column]
    wanted = [respondent, wave, *answers]
    _check.required_columns(
        survey.columns, Table("survey", "", tuple(Column(str(name), "number", "") for name in wanted)), wanted
    )
    frames = [_wave(survey, wave, which, respondent) for which in (before, after)]
    if frames[0][wave].iloc[0] == frames[1][wave].iloc[0]:
        raise ArgumentError(f"`before` and `after` are the same wave, {before!r}. Name two.")
    found = [measure(frame[column if isinstance(column, str) else answers]) for frame in frames]
    answered = [frame[answers].notna().all(axis=1) for frame in frames]
    for which, each, there in zip((before, after), found, answered, strict=True):
        if not isinstance(each, Index) or each.n != there.sum():
            raise ArgumentError(
                "`index` must return an Index of all answers that are not missing, such as `satisfaction.csat` does."
            )
        if each.n < 2:
            raise DataError(f"wave {which!r} has {each.n} answer. A change needs at least two in each wave.")
    first, second = (
        pd.Series(each.scores, index=frame.loc[there, respondent])
        for each, frame, there in zip(found, frames, answered, strict=True)
    )
    pairs = pd.concat([first, second], axis=1, join="inner").to_numpy()
    alike = len(pairs) < 2 or not pairs.std(axis=0).all()
    return Change(*found, both=len(pairs), correlation=0.0 if alike else float(np.corrcoef(pairs.T)[0, 1]))


def _wave(survey: pd.DataFrame, wave: str, which: object, respondent: str) -> pd.DataFrame:
    """The rows of one wave, each respondent once."""
    rows = survey[survey[wave] == which].reset_index(drop=True)
    if rows.empty:
        there = ", ".join(map(repr, sorted(survey[wave].dropna().unique().tolist(), key=str)))
        raise DataError(f"there is no wave {which!r} in column `{wave}`. The waves: {there or 'none'}.")
    who = rows[respondent]
    if who.isna().any():
        raise DataError(f"`{respondent}` is empty in {who.isna().sum():,} rows of wave {which!r}. Take these rows out first.")
    twice = who[who.duplicated()]
    if len(twice):
        raise DataError(
            f"{twice.nunique():,} of the respondents stand more than once in wave {which!r}, e.g. {twice.tolist()[0]!r}. "
            f'Keep one row of each: `.drop_duplicates(["{respondent}", "{wave}"])`.'
        )
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Change of an index from one wave to another.

    Attributes
    ----------
    before, after : Index
    both : int
        How many answered in both waves.
    correlation : float
        Of their two scores; 0 where it cannot be known (fewer than two, or all alike).
    """

    before: Index
    after: Index
    both: int
    correlation: float

    @property
    def estimate(self) -> float:
        """The index after less the index before."""
        return self.after.estimate - self.before.estimate

    @property
    def standard_error(self) -> float:
        """Standard error of the estimate, the overlap of the waves respected."""
        one, two = self._errors()
        shared = self.correlation * self.both / math.sqrt(self.before.n * self.after.n)
        return math.sqrt(max(one**2 + two**2 - 2 * shared * one * two, 0))

    @property
    def df(self) -> float:
        """Degrees of freedom of the t test: Welch's without overlap, those of the paired test with nothing else."""
        one, two = self._errors()
        n1, n2, both = self.before.n, self.after.n, self.both
        if one == two == 0:
            return math.nan
        welch = (one**2 + two**2) ** 2 / (one**4 / (n1 - 1) + two**4 / (n2 - 1))
        single = n1 + n2 - 2 * both
        return both - 1 + (welch - both + 1) * single / (n1 + n2)

    @property
    def statistic(self) -> float:
        """The t statistic of no change; nan if neither wave varies, so that nothing can be tested."""
        return self.estimate / self.standard_error if self.standard_error else math.nan

    @property
    def p_value(self) -> float:
        """Two-sided p value of no change."""
        return float(2 * stats.t.sf(abs(self.statistic), self.df))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Lower and upper end of the confidence interval of the change."""
        level = _check.share("level", level)
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * (self.standard_error or math.nan)
        return self.estimate - half, self.estimate + half

    def if_independent(self) -> Change:
        """What one would find if one overlooked that the same customers answered twice: Welch's test."""
        return replace(self, both=0, correlation=0.0)

    def _errors(self) -> tuple[float, float]:
        """Standard errors of the two indices by themselves."""
        one, two = (each.scores.std(ddof=1) / math.sqrt(each.n) for each in (self.before, self.after))
        return float(one), float(two)

    def summary(self) -> Summary:
        """The finding in a few lines, and what overlooking the overlap would have said."""
        naive = self.if_independent()
        return Summary(
            f"Change of {self.before.name} between two waves",
            facts=(
                ("Before", f"{show(self.before.estimate, 2)} ({self.before.n:,} answers)"),
                ("After", f"{show(self.after.estimate, 2)} ({self.after.n:,} answers)"),
                ("Change", f"{show(self.estimate, 2)} {self.before.unit}"),
                ("95 % interval", _range(self.interval())),
                ("p value", self.p_value),
                ("Answered both times", self.both),
                ("Correlation of their scores", self.correlation),
                ("If the overlap were overlooked", f"{_range(naive.interval())}, p value {show(naive.p_value)}"),
                ("Missing, left out", self.before.missing + self.after.missing),
            ),
            source="Derrick et al. (2017)",
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def sample_size(
    *, margin: float | None = None, change: float | None = None, index: str = "nps", level: float = 0.95, power: float = 0.8,
    share: float | None = None, detractor_share: float | None = None, deviation: float | None = None,
    population: int | None = None, response_rate: float | None = None,
) -> SampleSize:  # fmt: skip
    """How many answers are needed for a margin of error, or to detect a change between two independent waves.

    With s the standard deviation of single answers in the unit of the index: ``(z s / margin)²`` answers, or in each wave
    ``(z + z_power)² (s_before² + s_after²) / change²``, corrected for a finite population of N to ``n / (1 + (n - 1) / N)``.
    These are normal approximations. Where shares are not given the worst case holds: half promoters, half
    detractors, or half satisfied. Waves that share respondents who answer alike need fewer.

    Parameters
    ----------
    margin : float, optional
        Half the width of the interval, in points of the index. Give exactly one of ``margin`` and ``change``.
    change : float, optional
        The change to be detected, in points of the index.
    index : {"nps", "csat", "top_box", "mean"}
    level, power : float
        Confidence level; and for ``change`` the chance to detect it.
    share : float, optional
        The expected share of promoters (``nps``), or of the satisfied before the change (``csat``, ``top_box``).
    detractor_share : float, optional
        The expected share of detractors; with ``share``, for ``nps``. After a change the spread is taken to be the same.
    deviation : float, optional
        The expected standard deviation of single answers; needed for ``mean``, and only there.
    population : int, optional
        How many customers there are.
    response_rate : float, optional
        The share of those asked who answer; says how many to ask.

    Returns
    -------
    SampleSize

    Raises
    ------
    ArgumentError
        Not exactly one of ``margin`` and ``change``, or something that does not fit the index.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> satisfaction.sample_size(margin=5, index="csat", response_rate=0.2)
    Sample size for csat
      Answers needed: 385
      Margin of error: 5
      Confidence level: 95.0 %
      Standard deviation of single answers: 50 (worst case)
      To ask, if 20.0 % answer: 1,925
      Source: Cochran (1977), Sampling Techniques, chapter 4

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd edition, chapter 4.
    """
    _check.choice("index", index, ("nps", "csat", "top_box", "mean"))
    if (margin is None) == (change is None):
        raise ArgumentError("give exactly one of `margin` (of an estimate) and `change` (between two waves).")
    target = _number("margin", margin, above=0) if change is None else _number("change", change)
    if not target:
        raise ArgumentError("`change` must not be zero: no sample is large enough to detect that.")
    level, power = _check.share("level", level), _check.share("power", power)
    spread = _spread(index, share, detractor_share, deviation, change)
    z = stats.norm.ppf((1 + level) / 2)
    if change is None:
        needed = (z * spread[0] / target) ** 2
    else:
        needed = (z + stats.norm.ppf(power)) ** 2 * (spread[0] ** 2 + spread[1] ** 2) / target**2
    if population is not None:
        needed /= 1 + (needed - 1) / _check.integer("population", population, 2)
    answers = max(math.ceil(needed - 1e-9), 1 if change is None else 2)
    rate = None if response_rate is None else 1.0 if response_rate == 1 else _check.share("response_rate", response_rate)
    worst = share is None and deviation is None
    return SampleSize(index, answers, margin, change, level, power, spread[0], worst, population, rate)


def _spread(
    index: str, share: float | None, detractors: float | None, deviation: float | None, change: float | None
) -> tuple[float, float]:
    """Standard deviation of single answers before and after a change, in the unit of the index."""
    if (deviation is not None) != (index == "mean"):
        raise ArgumentError(
            '`deviation` belongs to `index="mean"`, and is needed there; at worst it is half the scale, 3 for 1 to 7.'
        )
    if (index != "nps" and detractors is not None) or (index == "mean" and share is not None):
        raise ArgumentError(f"`detractor_share` and `share` do not belong to an index of {index!r}. Leave them out.")
    if index == "mean":
        return (_number("deviation", deviation, above=0),) * 2
    if index == "nps":
        if (share is None) != (detractors is None):
            raise ArgumentError("give both `share` (of promoters) and `detractor_share`, or neither for the worst case.")
        if share is None:
            return 100.0, 100.0
        share, detractors = _check.share("share", share), _check.share("detractor_share", detractors)
        if share + detractors > 1:
            raise ArgumentError(f"`share` and `detractor_share` are more than everyone: {share:g} + {detractors:g}.")
        return (100 * math.sqrt(share + detractors - (share - detractors) ** 2),) * 2
    if share is None:
        return 50.0, 50.0
    after = _check.share("share", share) + (change or 0) / 100
    if not 0 <= after <= 1:
        raise ArgumentError(
            f"a share of {share:g} cannot change by {change:g} points: it would leave the range from 0 to 100 per cent."
        )
    return 100 * math.sqrt(share * (1 - share)), 100 * math.sqrt(after * (1 - after))


@dataclass(frozen=True, slots=True, eq=False)
class SampleSize:
    """How many answers are needed.

    Attributes
    ----------
    index : str
    answers : int
        How many, in each wave if a change is to be detected.
    margin, change : float or None
        What they are for, in points of the index; one of the two.
    level, power : float
        Confidence level, and the chance to detect the change.
    deviation : float
        Standard deviation of single answers, in points of the index (before the change).
    worst_case : bool
        Whether it is the largest that it can be.
    population : int or None
        How many customers there are.
    response_rate : float or None
        The share of those asked who answer.
    """

    index: str
    answers: int
    margin: float | None
    change: float | None
    level: float
    power: float
    deviation: float
    worst_case: bool
    population: int | None
    response_rate: float | None

    @property
    def ask(self) -> int:
        """How many to ask so that as many answer as are needed."""
        return math.ceil(self.answers / (self.response_rate or 1) - 1e-9)

    def summary(self) -> Summary:
        """The finding in a few lines."""
        worst = " (worst case)" if self.worst_case else ""
        facts: list[tuple[str, object]] = [
            ("Answers needed" if self.change is None else "Answers needed in each wave", self.answers)
        ]
        if self.change is None:
            facts.append(("Margin of error", self.margin))
        else:
            facts += [("Change to detect", self.change), ("Power", percent(self.power))]
        facts.append(("Confidence level", percent(self.level)))
        facts.append(("Standard deviation of single answers", show(self.deviation, 2) + worst))
        if self.population is not None:
            facts.append(("Population", self.population))
        if self.response_rate is not None:
            facts.append((f"To ask, if {percent(self.response_rate)} answer", self.ask))
        too_many = self.population is not None and self.ask > self.population
        return Summary(
            f"Sample size for {self.index}",
            tuple(facts),
            note="There are fewer customers than would have to be asked: raise the response rate or accept less."
            if too_many
            else "",
            source="Cochran (1977), Sampling Techniques, chapter 4",
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def _mean(answers: pd.Series) -> Index:
    """The mean answer, on whatever scale."""
    values = _numbers(answers, "`answers`")
    there = values[~np.isnan(values)]
    if not len(there):
        raise DataError("`answers` holds no answer; all are missing.")
    return Index("mean answer", "points", there, len(values) - len(there), "t", (-math.inf, math.inf))


_INDICES = {"nps": nps, "csat": csat, "top_box": top_box, "acsi": acsi, "mean": _mean}


def _answers(answers: object, lowest: int, highest: int) -> tuple[np.ndarray, int]:
    """Answers on a scale of whole numbers without the missing ones, and how many these were."""
    values = _numbers(answers, "`answers`")
    there = values[~np.isnan(values)]
    if not len(there):
        raise DataError("`answers` holds no answer; all are missing.")
    off = (there < lowest) | (there > highest) | (there % 1 != 0)
    if off.any():
        raise DataError(
            f"`answers` must be whole numbers from {lowest} to {highest}; {off.sum():,} of {len(there):,} are not, "
            f"e.g. {there[off][0]:g}. Check the scale and the coding of missing answers."
        )
    return there, len(values) - len(there)


def _numbers(values: object, name: str) -> np.ndarray:
    """Values as floats, missing ones as nan."""
    try:
        found = pd.to_numeric(pd.Series(values)).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be numbers, one per respondent, missing ones empty (None or nan).") from None
    if np.isinf(found).any():
        raise DataError(f"{name} must be finite numbers; {np.isinf(found).sum():,} are infinite.")
    return found


def _weights(weights: Sequence[float], items: int) -> np.ndarray:
    try:
        found = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (items,) or not np.isfinite(found).all() or (found < 0).any() or not found.sum() > 0:
        raise ArgumentError(
            f"`weights` must be {items} numbers, one per item, none negative and not all zero; they are {weights!r}."
        )
    return found


def _number(name: str, value: object, above: float = -math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < math.inf:
        bound = "" if above == -math.inf else f" above {above:g}"
        raise ArgumentError(f"`{name}` must be a number{bound}; it is {value!r}.")
    return float(value)


def _range(interval: tuple[float, float]) -> str:
    return "unknown" if math.isnan(interval[0]) else " to ".join(show(end, 2) for end in interval)
