"""Waves: how an index changed between two surveys that some customers, not all, answered both times.

Those who answer twice tend to answer alike, so the two waves are not independent. This room compares the scores of
two indices and respects the overlap; the indices themselves are known in ``indices``. It does not know whether those
who answered are like those who did not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._result import Result, Summary, show
from crmlab.errors import ArgumentError, DataError
from crmlab.satisfaction.indices import INDICES, Index, interval_text


def wave_change(
    survey: pd.DataFrame, *, before: object, after: object, index: str | Callable[..., Index] = "nps",
    column: str | Sequence[str] | None = None, respondent: str | None = None, wave: str = "wave",
) -> Change:  # fmt: skip
    """Estimate the change of an index between two waves that some customers, not all, answered both times.

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
        ``survey`` is no DataFrame, a column is missing, a wave is not there or has fewer than two answers, or a respondent
        stands in a wave twice.
    ArgumentError
        ``index`` is none of the above, or both waves are the same.

    Notes
    -----
    The estimate is the difference of the two indices; its variance is ``s1²/n1 + s2²/n2 - 2 n12 s12/(n1 n2)`` with
    ``s12 = r s1 s2`` and r the correlation among the n12 who answered both. With Derrick and others' degrees of freedom
    this is Welch's t test if nobody, and the paired t test if everybody, answered twice.

    References
    ----------
    Derrick, Russ, Toher & White (2017), Test statistics for the comparison of means for two samples that include
    both paired and independent observations, Journal of Modern Applied Statistical Methods 16(1), 137-157: T_new2.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import satisfaction
    >>> survey = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy", "dee", "ann", "bob", "cy", "eve"],
    ...     "wave": [1, 1, 1, 1, 2, 2, 2, 2],
    ...     "recommendation": [9, 3, 7, 6, 10, 7, 9, 8],
    ... })
    >>> change = satisfaction.wave_change(survey, before=1, after=2)
    >>> change.estimate, change.n_both, round(change.p_value, 3), round(change.if_independent().p_value, 3)
    (75.0, 3, 0.141, 0.238)
    """
    _check.frame("survey", survey, "Give one row per respondent and wave.")
    measure = index if callable(index) else INDICES[_check.choice("index", index, tuple(INDICES))]
    if column is None:
        column = "recommendation" if index == "nps" else "overall_satisfaction"
    if respondent is None:
        respondent = "respondent" if "respondent" in survey and "customer_id" not in survey else "customer_id"
    several = isinstance(column, list | tuple)
    columns = list(column) if several else [column]
    _check.required_columns(survey.columns, "survey", [respondent, wave, *columns])
    first, second = (_wave_rows(survey, wave, label, respondent) for label in (before, after))
    if first[wave].iloc[0] == second[wave].iloc[0]:
        raise ArgumentError(f"`before` and `after` are the same wave, {before!r}. Name two.")
    indices, scores = [], []
    for label, rows in ((before, first), (after, second)):
        answers = rows[columns].set_index(rows[respondent])
        answered = answers.index[answers.notna().all(axis=1)]
        indices.append(_full_index(measure(answers if several else answers[column]), answered.size, label))
        scores.append(pd.Series(indices[-1].scores, answered))
    pairs = pd.concat(scores, axis=1, join="inner").to_numpy()
    alike = len(pairs) < 2 or not pairs.std(axis=0).all()
    return Change(indices[0], indices[1], len(pairs), 0.0 if alike else float(np.corrcoef(pairs.T)[0, 1]))


def _wave_rows(survey: pd.DataFrame, wave: str, label: object, respondent: str) -> pd.DataFrame:
    """Return the rows of one wave, each respondent once."""
    rows = survey[survey[wave] == label]
    if rows.empty:
        present = ", ".join(map(repr, sorted(survey[wave].dropna().unique().tolist(), key=str)))
        raise DataError(f"there is no wave {label!r} in column `{wave}`. The waves: {present or 'none'}.")
    respondents = rows[respondent]
    if respondents.isna().any():
        raise DataError(
            f"`{respondent}` is empty in {respondents.isna().sum():,} rows of wave {label!r}. Take these rows out first."
        )
    repeated = respondents[respondents.duplicated()]
    if len(repeated):
        raise DataError(
            f"{repeated.nunique():,} of the respondents stand more than once in wave {label!r}, e.g. {repeated.tolist()[0]!r}. "
            f'Keep one row of each: `.drop_duplicates(["{respondent}", "{wave}"])`.'
        )
    return rows


def _full_index(index: object, n_answers: int, label: object) -> Index:
    """Return an index that rests on all answers of a wave; refuse any other."""
    if not isinstance(index, Index) or index.n != n_answers:
        raise ArgumentError(
            "`index` must return an Index of all answers that are not missing, such as `satisfaction.csat` does."
        )
    if index.n < 2:
        raise DataError(f"wave {label!r} has {index.n} answer. A change needs at least two in each wave.")
    return index


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Change(Result):
    """Change of an index from one wave to another.

    Attributes
    ----------
    before, after : Index
    n_both : int
        How many answered in both waves.
    correlation : float
        Of their two scores; 0 where it cannot be known (fewer than two, or all alike).
    """

    before: Index
    after: Index
    n_both: int
    correlation: float

    @property
    def estimate(self) -> float:
        """The index after less the index before."""
        return self.after.estimate - self.before.estimate

    @property
    def std_error(self) -> float:
        """Standard error of the estimate, the overlap of the waves respected."""
        before, after = self._std_errors()
        overlap = self.correlation * self.n_both / math.sqrt(self.before.n * self.after.n)
        return math.sqrt(max(before**2 + after**2 - 2 * overlap * before * after, 0))

    @property
    def df(self) -> float:
        """Degrees of freedom of the t test: Welch's without overlap, those of the paired test with nothing else."""
        before, after = self._std_errors()
        n1, n2, n12 = self.before.n, self.after.n, self.n_both
        if before == after == 0:
            return math.nan
        welch = (before**2 + after**2) ** 2 / (before**4 / (n1 - 1) + after**4 / (n2 - 1))
        return n12 - 1 + (welch - n12 + 1) * (n1 + n2 - 2 * n12) / (n1 + n2)

    @property
    def statistic(self) -> float:
        """The t statistic of no change; nan if neither wave varies, so that nothing can be tested."""
        return self.estimate / self.std_error if self.std_error else math.nan

    @property
    def p_value(self) -> float:
        """Two-sided p value of no change."""
        return float(2 * stats.t.sf(abs(self.statistic), self.df))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return lower and upper end of the confidence interval of the change.

        Parameters
        ----------
        level : float
            Confidence level.

        Returns
        -------
        tuple of float

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import satisfaction
        >>> survey = pd.DataFrame({"customer_id": [1, 2, 3, 4], "wave": [1, 1, 2, 2], "x": [4, 6, 5, 9]})
        >>> change = satisfaction.wave_change(survey, before=1, after=2, index="mean", column="x")
        >>> [round(end, 1) for end in change.interval(0.9)]
        [-6.5, 10.5]
        """
        level = _check.share("level", level)
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * (self.std_error or math.nan)
        return self.estimate - half, self.estimate + half

    def if_independent(self) -> Change:
        """Return what one would find if one overlooked that the same customers answered twice: Welch's test."""
        return replace(self, n_both=0, correlation=0.0)

    def _std_errors(self) -> tuple[float, float]:
        """Return the standard errors of the two indices by themselves."""
        before, after = (index.scores.std(ddof=1) / math.sqrt(index.n) for index in (self.before, self.after))
        return float(before), float(after)

    def summary(self) -> Summary:
        """Show the change in a few lines, and what overlooking the overlap would have said."""
        naive = self.if_independent()
        return Summary(
            f"Change of {self.before.name} between two waves",
            facts=(
                ("Before", f"{show(self.before.estimate, 2)} ({self.before.n:,} answers)"),
                ("After", f"{show(self.after.estimate, 2)} ({self.after.n:,} answers)"),
                ("Change", f"{show(self.estimate, 2)} {self.before.unit}"),
                ("95 % interval", interval_text(self.interval())),
                ("p value", self.p_value),
                ("Answered both times", self.n_both),
                ("Correlation of their scores", self.correlation),
                ("If the overlap were overlooked", f"{interval_text(naive.interval())}, p value {show(naive.p_value)}"),
                ("Missing, left out", self.before.n_excluded + self.after.n_excluded),
            ),
            source="Derrick et al. (2017)",
        )
