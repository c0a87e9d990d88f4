"""Indices: satisfaction in one number, and how sure one may be of it.

Net promoter score, share of the satisfied, top boxes and the ACSI index are means of one score per answer; so each
index here keeps its scores, and its interval, its change between two waves (``waves``) and the number of answers it
needs (``planning``) all come from them. This room reads answers and returns frozen results. It does not know what
makes customers content (see ``drivers``), nor that those who answer are often the content ones: an interval covers
chance, not who stayed silent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._result import Result, Summary, percent, show
from crmlab.errors import ArgumentError, DataError
from crmlab.satisfaction.proportions import tango_interval, wilson_interval


def nps(answers: Sequence[float] | pd.Series, *, promoters: int = 9, detractors: int = 6) -> Index:
    """Compute the net promoter score: per cent of promoters less per cent of detractors.

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

    References
    ----------
    Reichheld (2003), The one number you need to grow, Harvard Business Review 81(12). Tango (1998),
    Statistics in Medicine 17, 891-908. On the intervals: Rocks (2016), The American Statistician 70(4).

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> score = satisfaction.nps([10, 10, 9, 9, 8, 7, 6, 3])
    >>> score.estimate
    25.0
    >>> low, high = score.interval(0.95)
    >>> round(low, 1), round(high, 1)
    (-32.8, 68.3)
    """
    promoters = _check.integer("promoters", promoters, 1, 10)
    detractors = _check.integer("detractors", detractors, 0, promoters - 1)
    values, n_excluded = _scale_answers(answers, 0, 10)
    scores = 100.0 * (values >= promoters) - 100.0 * (values <= detractors)
    return Index("net promoter score", "points", scores, n_excluded, "Tango", (-100, 100), "Reichheld (2003); Tango (1998)")


def csat(answers: Sequence[float] | pd.Series, *, satisfied: int = 6, highest: int = 7) -> Index:
    """Compute the customer satisfaction score: per cent of answers at or above a threshold, with Wilson's interval.

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

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> score = satisfaction.csat([7, 6, 6, 5, 4, None])
    >>> score.estimate, score.n, score.n_excluded
    (60.0, 5, 1)
    >>> [round(end, 1) for end in score.interval()]
    [23.1, 88.2]
    """
    highest = _check.integer("highest", highest, 2)
    satisfied = _check.integer("satisfied", satisfied, 2, highest)
    values, n_excluded = _scale_answers(answers, 1, highest)
    name = f"satisfied customers ({satisfied} or more of {highest})"
    return Index(name, "per cent", 100.0 * (values >= satisfied), n_excluded, "Wilson", (0, 100), "Wilson (1927)")


def top_box(answers: Sequence[float] | pd.Series, *, boxes: int = 2, highest: int = 7) -> Index:
    """Compute the per cent of answers in the highest ``boxes`` categories: ``csat`` counted from the top.

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

    References
    ----------
    As ``csat``.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> satisfaction.top_box([5, 5, 4, 4, 3, 2, 1, 1], boxes=1, highest=5).estimate
    25.0
    """
    highest = _check.integer("highest", highest, 2)
    boxes = _check.integer("boxes", boxes, 1, highest - 1)
    score = csat(answers, satisfied=highest - boxes + 1, highest=highest)
    return replace(score, name=f"top {boxes} of {highest} boxes")


def acsi(items: pd.DataFrame, *, weights: Sequence[float] | None = None, lowest: float = 1, highest: float = 10) -> Index:
    """Compute an index of several items on a scale of 0 to 100, as the American Customer Satisfaction Index does.

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
        ``items`` is no DataFrame, has no complete row, or answers outside the scale.
    ArgumentError
        There is no column, weights do not fit, or the scale has no width.

    References
    ----------
    The formula: technical description of the ACSI; the model: Fornell, Johnson, Anderson, Cha & Bryant (1996), The
    American Customer Satisfaction Index, Journal of Marketing 60(4), 7-18.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import satisfaction
    >>> items = pd.DataFrame({"satisfaction": [10, 7, 8, 9], "disconfirmation": [9, 6, 8, None], "ideal": [8, 5, 8, 9]})
    >>> score = satisfaction.acsi(items, weights=[0.4, 0.3, 0.3])
    >>> round(score.estimate, 1), score.n, score.n_excluded
    (74.8, 3, 1)
    """
    if not _check.frame("items", items, "Give one column for each item.").shape[1]:
        raise ArgumentError("`items` has no columns. Give one for each item.")
    lowest, highest = _check.number("lowest", lowest), _check.number("highest", highest)
    if not lowest < highest:
        raise ArgumentError(f"`highest`, {highest:g}, must lie above `lowest`, {lowest:g}.")
    columns = [_numbers(items[name], f"`{name}`") for name in items.columns]
    weight = np.ones(len(columns)) if weights is None else _weights(weights, len(columns))
    values = np.column_stack(columns)
    values = values[~np.isnan(values).any(axis=1)]
    if not len(values):
        raise DataError(f"no row of `items` has all {len(columns)} answers. Leave out an item that nobody answered.")
    outside = (values < lowest) | (values > highest)
    if outside.any():
        raise DataError(
            f"`items` must hold answers from {lowest:g} to {highest:g}; {outside.sum():,} are not, e.g. "
            f"{values[outside][0]:g}. Check the scale (`lowest`, `highest`) and the coding of missing answers."
        )
    scores = 100 * (values - lowest) @ weight / ((highest - lowest) * weight.sum())
    source = "Fornell et al. (1996)"
    return Index("ACSI index", "points of 100", scores, len(items) - len(values), "t", (0, 100), source)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Index(Result):
    """A satisfaction index: the mean of one score per answer.

    Attributes
    ----------
    name, unit : str
    scores : ndarray, shape (n,)
        What each answer adds, in the index's own unit: the index is their mean.
    n_excluded : int
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
    n_excluded: int
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
        """Return lower and upper end of the confidence interval.

        Tango's and Wilson's need no standard deviation. The t interval does: it is unknown (nan) for one answer, has no
        width if all answers are alike, and is cut at the ends of the scale.

        Parameters
        ----------
        level : float
            Confidence level.

        Returns
        -------
        tuple of float

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> [round(end, 1) for end in satisfaction.csat([7, 6, 6, 5, 4]).interval(0.8)]
        [33.0, 82.0]
        """
        level = _check.share("level", level)
        above, below = int((self.scores > 0).sum()), int((self.scores < 0).sum())
        if self.method == "Tango":
            low, high = (100 * end for end in tango_interval(above, below, self.n, level))
        elif self.method == "Wilson":
            low, high = (100 * float(end) for end in wilson_interval(above, self.n, level))
        elif self.n < 2:
            return math.nan, math.nan
        else:
            half = stats.t.ppf((1 + level) / 2, self.n - 1) * self.scores.std(ddof=1) / math.sqrt(self.n)
            low, high = self.estimate - half, self.estimate + half
        # where all are satisfied or none is, rounding must not put the estimate outside its interval
        return max(self.bounds[0], min(low, self.estimate)), min(self.bounds[1], max(high, self.estimate))

    def summary(self) -> Summary:
        """Show the index and its interval in a few lines."""
        groups = {"Promoters": self.scores > 0, "Passives": self.scores == 0, "Detractors": self.scores < 0}
        return Summary(
            self.name[0].upper() + self.name[1:],
            facts=(
                ("Estimate", f"{show(self.estimate, 2)} {self.unit}"),
                ("95 % interval", interval_text(self.interval())),
                *((label, percent(group.mean())) for label, group in groups.items() if self.method == "Tango"),
                ("Answers", self.n),
                ("Missing, left out", self.n_excluded),
            ),
            source=self.source,
        )


def interval_text(interval: tuple[float, float]) -> str:
    """Write the two ends of an interval as a reader wants them."""
    return "unknown" if math.isnan(interval[0]) else " to ".join(show(end, 2) for end in interval)


def _mean(answers: pd.Series) -> Index:
    """Compute the mean answer, on whatever scale."""
    values, n_excluded = _present(answers)
    return Index("mean answer", "points", values, n_excluded, "t", (-math.inf, math.inf))


#: What computes an index from the answers of a wave.
INDICES: dict[str, Callable[..., Index]] = {"nps": nps, "csat": csat, "top_box": top_box, "acsi": acsi, "mean": _mean}


def _scale_answers(answers: object, lowest: int, highest: int) -> tuple[np.ndarray, int]:
    """Return the answers on a scale of whole numbers that are not missing, shape (n,), and how many are."""
    values, n_excluded = _present(answers)
    off = (values < lowest) | (values > highest) | (values % 1 != 0)
    if off.any():
        raise DataError(
            f"`answers` must be whole numbers from {lowest} to {highest}; {off.sum():,} of {len(values):,} are not, "
            f"e.g. {values[off][0]:g}. Check the scale and the coding of missing answers."
        )
    return values, n_excluded


def _present(answers: object) -> tuple[np.ndarray, int]:
    """Return the answers that are not missing, shape (n,), and how many are."""
    values = _numbers(answers, "`answers`")
    present = values[~np.isnan(values)]
    if not len(present):
        raise DataError("`answers` holds no answer; all are missing.")
    return present, len(values) - len(present)


def _numbers(values: object, name: str) -> np.ndarray:
    """Return values as floats, missing ones as nan."""
    try:
        numbers = pd.to_numeric(pd.Series(values)).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be numbers, one per respondent, missing ones empty (None or nan).") from None
    if np.isinf(numbers).any():
        raise DataError(f"{name} must be finite numbers; {np.isinf(numbers).sum():,} are infinite.")
    return numbers


def _weights(weights: Sequence[float], n_items: int) -> np.ndarray:
    """Return one weight per item, none negative, shape (n_items,)."""
    try:
        array = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (n_items,) or not np.isfinite(array).all() or (array < 0).any() or not array.sum() > 0:
        raise ArgumentError(
            f"`weights` must be {n_items} numbers, one per item, none negative and not all zero; they are {weights!r}."
        )
    return array
