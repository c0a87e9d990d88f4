"""Drivers: what moves satisfaction.

``fit_drivers`` shares the explained variance of satisfaction out among correlated dimensions (LMG, Johnson) and gives
each one's slope, with bootstrap intervals. It reads dimension scores as ``score_rater`` makes them; a map and a list of
priorities are made of it in ``importance``, a satisfaction that is only ordered is explained in ``ordinal``. Whether a
driver is a *cause*, a survey cannot say: for that a firm must change something for some customers, or be re-run
(``world``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab._verdict import Verdict, between_draws, leaders, listed, verdict
from crmlab.errors import ArgumentError, DataError
from crmlab.measurement.covariances import check_definite, given_covariance
from crmlab.satisfaction.gaps import RaterScores
from crmlab.satisfaction.relative_importance import Weights, bootstrap_moments, relative_importance, wishart_covariances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_PREDICTORS = 12  # LMG looks at every subset of them
_MEASURES = ("lmg", "johnson", "share", "slope")


def fit_drivers(
    data: RaterScores | pd.DataFrame, outcome: str = "overall_satisfaction", predictors: Sequence[str] | None = None, *,
    n: int | None = None, draws: int = 1_000, seed: int,
) -> DriversFit:  # fmt: skip
    """Fit what drives satisfaction: shares of explained variance and slopes, with bootstrap intervals.

    Parameters
    ----------
    data : RaterScores or DataFrame
        Scores, whose ``perceived_<dimension>`` are then the predictors; or a table; or, with ``n``, a covariance or correlation
        matrix. Rows with a missing value are left out and counted.
    outcome : str
        The column to explain.
    predictors : list of str, optional
        At most 12. For a table by default all other columns.
    n : int, optional
        Number of rows behind a matrix; draws are then Wishart ones, as if rows were normal.
    draws : int
        Bootstrap samples. Of a table with a column ``respondent``, respondents are drawn, with all their rows.
    seed : int
        The same seed gives the same samples.

    Returns
    -------
    DriversFit

    Raises
    ------
    DataError
        Missing columns, too few rows, constant columns, predictors that are sums of each other.
    ArgumentError
        Too many predictors, a number outside its range.

    Notes
    -----
    LMG is the gain in R2 when a predictor is added, averaged over all orders; Johnson's relative weights come close to it.
    Both sum to R2 (formulas: ``relative_importance``).

    References
    ----------
    Lindeman, Merenda & Gold (1980), and Grömping (2007), The American Statistician 61. Johnson (2000), Multivariate
    Behavioral Research 35.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> scores = satisfaction.score_rater(datasets.load("survey"))
    >>> fit = satisfaction.fit_drivers(scores, seed=1, draws=200)
    >>> fit.table.predictor[fit.table.lmg.idxmax()]
    'reliability'
    """
    draws = _check.integer("draws", draws, 100)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    scores = data if isinstance(data, RaterScores) else None
    table = _check.frame("data", scores.respondents if scores else data, "Give what `score_rater` returns, or a table.")
    if scores and predictors is None:
        predictors = [f"perceived_{name}" for name in scores.instrument.dimensions]
    columns = (*_predictors(table, outcome, predictors), outcome)
    if n is None:
        rows = _complete_rows(table, columns)
        covariance, mean, n_rows = rows.covariance, rows.values.mean(axis=0), len(rows.values)
        # about the means, so that no digits are lost
        covariances, means = bootstrap_moments(rows.values - mean, rows.respondents, draws, rng)
        samples, n_excluded = relative_importance(covariances, means + mean), len(table) - n_rows
    else:
        covariance, mean, n_rows, n_excluded = given_covariance(table, columns, n), np.full(len(columns), np.nan), n, 0
        samples = relative_importance(wishart_covariances(covariance, n, draws, rng), np.tile(mean, (draws, 1)))
    finite = samples.finite()
    if len(finite.r2) < 0.95 * draws:
        raise DataError(
            f"{n_rows} rows are too few for {len(columns) - 1} predictors: in many samples of them a predictor does not vary. "
            "Ask more people."
        )
    names = tuple(name.removeprefix("perceived_") for name in columns[:-1])
    estimates = relative_importance(covariance[None], mean[None])
    return DriversFit(names, outcome, n_rows, n_excluded, covariance, mean, _highest(scores, columns[:-1]), estimates, finite)


def _predictors(table: pd.DataFrame, outcome: object, predictors: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the predictors, none of them the outcome."""
    if not isinstance(outcome, str) or outcome not in table:
        raise ArgumentError(
            f"`outcome` must be a column of the table; it is {outcome!r}. Its columns: {', '.join(map(str, table))}."
        )
    if predictors is None:
        predictors = [name for name in table if name not in (outcome, "respondent")]
    names = tuple(predictors) if isinstance(predictors, list | tuple) else ()
    if not all(isinstance(name, str) for name in names):
        raise ArgumentError("`predictors` must be names of columns, as text.")
    if not 1 <= len(names) <= _MAX_PREDICTORS or len({*names, outcome}) <= len(names):
        raise ArgumentError(
            f"`predictors` must be a list of 1 to {_MAX_PREDICTORS} different columns without the outcome; there are "
            f"{len(names)}. LMG looks at every subset of them: choose dimensions instead of items."
        )
    _check.required_columns(table.columns, "data", names)
    return names


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The complete rows of a table.

    Attributes
    ----------
    values : ndarray, shape (rows, predictors + 1)
        The outcome last.
    respondents : ndarray of int, shape (rows,)
        Whose rows they are: codes from 0 on.
    covariance : ndarray, shape (predictors + 1, predictors + 1)
        Divisor n - 1.
    """

    values: np.ndarray
    respondents: np.ndarray
    covariance: np.ndarray


def _complete_rows(table: pd.DataFrame, columns: tuple[str, ...]) -> _Rows:
    values = _check.numeric_columns(table, columns, "data", missing=True)
    complete = ~np.isnan(values).any(axis=1)
    values = values[complete]
    n, k = len(values), len(columns) - 1
    if n <= k + 2:
        raise DataError(f"only {n} rows are complete, too few for {k} predictors. Ask more people.")
    covariance = check_definite(np.cov(values, rowvar=False), columns)
    respondents = np.arange(n)
    if "respondent" in table:
        respondents = pd.factorize(table["respondent"][complete], use_na_sentinel=False)[0]
    if (n_respondents := int(respondents.max()) + 1) <= k + 2:
        raise DataError(f"all rows come from {n_respondents} respondents, too few for {k} predictors. Ask more people.")
    return _Rows(values, respondents, covariance)


def _highest(scores: RaterScores | None, predictors: tuple[str, ...]) -> np.ndarray:
    """Upper end of each predictor's scale; NaN where it is not known."""
    if scores is None:
        return np.full(len(predictors), np.nan)
    highest = scores.instrument.items.groupby("dimension")["highest"].mean().add_prefix("perceived_")
    return highest.reindex(list(predictors)).to_numpy(dtype=float)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DriversFit(Result):
    """What drives an outcome.

    Attributes
    ----------
    predictors : tuple of str
    outcome : str
    n, n_excluded : int
        Complete rows, and rows with a missing value.
    covariance : ndarray, shape (predictors + 1, predictors + 1)
        The outcome last; divisor n - 1.
    mean : ndarray, shape (predictors + 1,)
        NaN where the fit was made from a matrix.
    highest : ndarray, shape (predictors,)
        Upper end of each predictor's scale; NaN where it is not known.
    estimates, samples : Weights
        ``lmg``, ``johnson``, ``slope``, ``r2``: of the data, one row; of the bootstrap samples, one row each.
    """

    predictors: tuple[str, ...]
    outcome: str
    n: int
    n_excluded: int
    covariance: np.ndarray
    mean: np.ndarray
    highest: np.ndarray
    estimates: Weights
    samples: Weights

    @property
    def r2(self) -> float:
        """Share of the outcome's variance that the predictors explain; the sum of ``lmg``, and of ``johnson``."""
        return float(self.estimates.r2[0])

    @property
    def table(self) -> pd.DataFrame:
        """One row per ``predictor`` (``tables.describe("driver_weights")``): parts of R2 by both rules, LMG as a share of
        R2, and the slope in the outcome's points."""
        lmg = self.estimates.lmg[0]
        return pd.DataFrame({
            "predictor": self.predictors, "lmg": lmg, "johnson": self.estimates.johnson[0],
            "share": lmg / self.r2 if self.r2 > 0 else np.full_like(lmg, np.nan), "slope": self.estimates.slope[0],
        })  # fmt: skip

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return percentile bootstrap intervals, one row per ``predictor`` and ``measure``: ``estimate, low, high``.

        Their ends are quantiles at (draws + 1) times the level. Parts of R2 cannot be negative, so theirs never hold 0.

        Parameters
        ----------
        level : float
            Confidence level of each interval for itself.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> scores = satisfaction.score_rater(satisfaction.simulate_survey(200, seed=1))
        >>> fit = satisfaction.fit_drivers(scores, seed=1, draws=200)
        >>> fit.interval(0.9).query("measure == 'slope'").predictor.tolist()
        ['reliability', 'assurance', 'tangibles', 'empathy', 'responsiveness']
        """
        tail = (1 - _check.share("level", level)) / 2
        table = self.table
        parts = []
        for measure in _MEASURES:
            low, high = np.quantile(getattr(self.samples, measure), [tail, 1 - tail], axis=0, method="weibull")
            parts.append(table[["predictor"]].assign(measure=measure, estimate=table[measure], low=low, high=high))
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> Summary:
        """How much is explained, and by what."""
        shares = self._shares()
        table = self.table.assign(share_low=shares["low"].to_numpy(), share_high=shares["high"].to_numpy())
        facts = (("Complete rows", self.n), ("Rows left out", self.n_excluded), ("R2", f"{self.r2:.3f}"))
        title = f"Drivers of {self.outcome.replace('_', ' ')}"
        return Summary(title, facts, table, source="Lindeman, Merenda & Gold (1980); Johnson (2000)")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of each driver with its interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new chart.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> scores = satisfaction.score_rater(satisfaction.simulate_survey(1_000, seed=1))
        >>> print(satisfaction.fit_drivers(scores, seed=1, draws=200).plot().get_title("left"))
        Responsiveness and reliability explain more than the
        others; which most is not settled
        """
        # by whole parts in a billion: what differs in the last digit only stays in the order of the predictors
        shares = self._shares().sort_values("estimate", ascending=False, kind="stable", key=lambda share: share.round(9))
        alt = [f"{row.predictor} {percent(row.estimate, 0)}" for row in shares.itertuples()]
        return _draw.interval_plot(
            shares.rename(columns={"predictor": "label", "estimate": "middle"})[["label", "middle", "low", "high"]],
            title=self._finding(),
            x="share of the explained variance (bar: 95 % interval)",
            alt="; ".join([*alt, f"R2 {self.r2:.2f}."]),
            zero=True, share=True, ax=ax,
        )  # fmt: skip

    @property
    def leading(self) -> tuple[str, ...]:
        """The predictor that explains most beyond chance, or the two or three that do; empty if no order can be told.

        By the bootstrap samples of the differences of their shares.
        """
        return leaders(self.predictors, self.table["share"], between_draws(self.samples.share), n=self.n)

    def _finding(self) -> str:
        """Which driver explains most, and whether more of it goes with less; or that this is not settled."""
        first, what = self.leading, self.outcome.replace("_", " ")
        if len(self.predictors) == 1:
            return f"{percent(self.r2, 0)} of {what} is explained by {self.predictors[0]}, the only driver here"
        if len(first) > 1:
            return f"{listed(first).capitalize()} explain more than the others; which most is not settled"
        if not first:
            return f"{self.n:,} answers do not settle what explains {what} most"
        slope = self.interval().query("measure == 'slope'").set_index("predictor").loc[first[0]]
        if verdict(slope.low, slope.high, n=self.n) is Verdict.LOWER:
            return f"{first[0].capitalize()} explains most, yet more of it goes with less: is it keyed the right way?"
        share = self.table.set_index("predictor")["share"][first[0]]
        return f"{first[0].capitalize()} explains most: {percent(share, 0)} of what can be explained"

    def _shares(self) -> pd.DataFrame:
        """Intervals of the shares, in the order of the predictors."""
        return self.interval().query("measure == 'share'")
