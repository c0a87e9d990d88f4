"""Drivers: what moves satisfaction, and what to mend first.

``fit_drivers`` shares the explained variance of satisfaction out among correlated dimensions (LMG, Johnson) and
gives each one's slope, with bootstrap intervals; ``fit_ordinal`` does the same for a satisfaction that is only
ordered. ``importance_performance`` and ``priorities`` turn this into a map and a list. They read dimension scores as
``score_rater`` makes them; whether a driver is a *cause*, a survey cannot say: for that a firm must change
something for some customers, or be re-run (``world``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from crmlab import _check, _draw
from crmlab._result import Summary, percent, show
from crmlab.errors import ArgumentError, DataError
from crmlab.measurement.covariances import check_definite, given_covariance, item_values
from crmlab.satisfaction.gaps import RaterScores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 12  # predictors: LMG looks at every subset of them


def fit_drivers(
    data: RaterScores | pd.DataFrame,
    outcome: str = "overall_satisfaction",
    predictors: Sequence[str] | None = None,
    *,
    n: int | None = None,
    draws: int = 1_000,
    seed: int,
) -> DriversFit:
    """What drives satisfaction: shares of explained variance and slopes, with bootstrap intervals.

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

    Returns
    -------
    DriversFit

    Raises
    ------
    DataError
        Missing columns, too few rows, constant columns, predictors that are sums of each other.
    ArgumentError
        Too many predictors, a number outside its range.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> scores = satisfaction.score_rater(datasets.load("survey"))
    >>> fit = satisfaction.fit_drivers(scores, seed=1)
    >>> fit.table.predictor[fit.table.lmg.idxmax()]
    'responsiveness'

    References
    ----------
    Lindeman, Merenda & Gold (1980), and Grömping (2007), The American Statistician 61: LMG is the gain in R2 when a
    predictor is added, averaged over all orders. Johnson (2000), Multivariate Behavioral Research 35, equations 3 to 6:
    relative weights.
    """
    draws = _check.integer("draws", draws, 100)
    draw = np.random.default_rng(_check.integer("seed", seed, 0))
    top: dict[str, float] = {}
    if isinstance(data, RaterScores):
        table = data.respondents
        ends = data.instrument.items.groupby("dimension").highest.mean()
        top = {f"perceived_{name}": float(end) for name, end in ends.items()}
        predictors = [f"perceived_{name}" for name in data.instrument.dimensions] if predictors is None else predictors
    else:
        table = data
    if not isinstance(table, pd.DataFrame):
        raise DataError(f"`data` must be what `score_rater` returns, or a table; it is {type(data).__name__}.")
    if not isinstance(outcome, str) or outcome not in table:
        raise ArgumentError(
            f"`outcome` must be a column of the table; it is {outcome!r}. Its columns: {', '.join(map(str, table))}."
        )
    if predictors is None:
        predictors = [name for name in table if name not in (outcome, "respondent")]
    names = tuple(predictors) if isinstance(predictors, list | tuple) else ()
    if not all(isinstance(name, str) for name in names):
        raise ArgumentError("`predictors` must be names of columns, as text.")
    highest = np.array([top.get(name, np.nan) for name in names])
    if not 1 <= len(names) <= _MOST or len({*names, outcome}) <= len(names):
        raise ArgumentError(
            f"`predictors` must be a list of 1 to {_MOST} different columns without the outcome; there are "
            f"{len(names)}. LMG looks "
            "at every subset of them: choose dimensions instead of items."
        )
    columns = (*names, outcome)
    if n is not None:
        covariance, rows, left_out = given_covariance(table, columns, n), n, 0
        mean = np.full(len(columns), np.nan)
        many = _wishart(covariance, n, draws, draw), np.full((draws, len(columns)), np.nan)
    else:
        values = item_values(table, columns)
        whole = ~np.isnan(values).any(axis=1)
        left_out, values = int((~whole).sum()), values[whole]
        rows = len(values)
        if rows <= len(columns) + 1:
            raise DataError(f"only {rows} rows are complete, too few for {len(names)} predictors. Ask more people.")
        covariance = check_definite(np.cov(values, rowvar=False), columns)
        mean = values.mean(axis=0)
        who = pd.factorize(table["respondent"][whole], use_na_sentinel=False)[0] if "respondent" in table else np.arange(rows)
        if (count := len(set(who))) <= len(columns) + 1:
            raise DataError(f"all rows come from {count} respondents, too few for {len(names)} predictors. Ask more people.")
        many = _resampled(values - mean, who, draws, draw)
        many = many[0], many[1] + mean
    found, drawn = _weights(covariance[None]), _weights(many[0])
    good = np.isfinite(drawn["lmg"]).all(axis=1)
    if good.mean() < 0.95:
        raise DataError(
            f"{rows} rows are too few for {len(names)} predictors: in many samples of them a predictor does not vary. "
            "Ask more people."
        )
    return DriversFit(
        tuple(name.removeprefix("perceived_") for name in names), outcome, rows, left_out, covariance, mean, highest,
        {name: values[0] for name, values in found.items()},
        {name: values[good] for name, values in drawn.items()} | {"mean": many[1][good]},
    )  # fmt: skip


def _resampled(values: np.ndarray, who: np.ndarray, draws: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Covariances and means of bootstrap samples of respondents, from sums over each respondent's rows."""
    k = values.shape[1]
    count = int(who.max()) + 1
    parts = np.column_stack([np.ones(len(values)), values, (values[:, :, None] * values[:, None, :]).reshape(len(values), -1)])
    sums = parts if count == len(values) else np.stack([np.bincount(who, column, count) for column in parts.T], axis=1)
    found = np.empty((draws, parts.shape[1]))
    block = max(1, 5_000_000 // count)  # counts of 40 MB at a time
    for start in range(0, draws, block):
        size = min(block, draws - start)
        picked = np.stack([np.bincount(draw.integers(count, size=count), minlength=count) for _ in range(size)])
        found[start : start + size] = picked.astype(float) @ sums
    total = found[:, :1]
    mean = found[:, 1 : k + 1] / total
    second = found[:, k + 1 :].reshape(draws, k, k) / total[:, :, None]
    return (second - mean[:, :, None] * mean[:, None, :]) * (total / (total - 1))[:, :, None], mean


def _wishart(covariance: np.ndarray, n: int, draws: int, draw: np.random.Generator) -> np.ndarray:
    if n - 1 < len(covariance):
        raise DataError(f"`n` = {n} rows are too few for {len(covariance)} columns.")
    return np.atleast_3d(stats.wishart(n - 1, covariance / (n - 1)).rvs(draws, random_state=draw)).reshape(
        draws, *covariance.shape
    )


def _weights(covariance: np.ndarray) -> dict[str, np.ndarray]:
    """LMG, Johnson's weights, slopes and R2 of covariance matrices, shape (draws, k + 1, k + 1), the outcome last."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2).clip(min=0))
        correlation = covariance / (spread[:, :, None] * spread[:, None, :])
    draws, k = len(covariance), covariance.shape[1] - 1
    bad = ~np.isfinite(correlation).all(axis=(1, 2))
    correlation[bad] = np.eye(k + 1)
    between, to = correlation[:, :k, :k], correlation[:, :k, k]
    roots, vectors = np.linalg.eigh(between)
    bad |= roots[:, 0] < 1e-10
    correlation[bad] = np.eye(k + 1)
    roots[bad], vectors[bad] = 1.0, np.eye(k)
    explained = np.zeros((2**k, draws))
    for subset in range(1, 2**k):
        chosen = [j for j in range(k) if subset >> j & 1]
        inner = to[:, chosen]
        explained[subset] = np.einsum(
            "bi,bi->b", inner, np.linalg.solve(between[:, chosen][:, :, chosen], inner[:, :, None])[:, :, 0]
        )
    lmg = np.zeros((draws, k))
    order = [math.factorial(size) * math.factorial(k - 1 - size) / math.factorial(k) for size in range(k)]
    for subset in range(2**k):
        for j in range(k):
            if not subset >> j & 1:
                lmg[:, j] += order[subset.bit_count()] * (explained[subset | 1 << j] - explained[subset])
    root = np.einsum("bij,bj,bkj->bik", vectors, np.sqrt(roots), vectors)
    beta = np.linalg.solve(root, to[:, :, None])[:, :, 0]
    johnson = np.einsum("bij,bj->bi", root**2, beta**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.linalg.solve(between, to[:, :, None])[:, :, 0] * spread[:, k:] / spread[:, :k]
    found = {"lmg": lmg, "johnson": johnson, "slope": slope, "r2": explained[-1]}
    for values in found.values():
        values[bad] = np.nan
    return found


def _shares(draws: dict[str, np.ndarray]) -> np.ndarray:
    """LMG as a share of what is explained; equal shares in a sample where nothing is."""
    lmg, r2 = draws["lmg"], draws["r2"][:, None]
    return np.divide(lmg, r2, out=np.full_like(lmg, 1 / lmg.shape[1]), where=r2 > 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class DriversFit:
    """What drives an outcome.

    Attributes
    ----------
    predictors : tuple of str
    outcome : str
    n, left_out : int
        Complete rows, and rows with a missing value.
    covariance : ndarray, shape (predictors + 1, predictors + 1)
        The outcome last; divisor n - 1.
    mean : ndarray, shape (predictors + 1,)
    highest : ndarray, shape (predictors,)
        Upper end of each predictor's scale; empty where it is not known.
    found, draws : dict
        "lmg", "johnson", "slope", "r2" as found, and in each bootstrap sample (with "mean").
    """

    predictors: tuple[str, ...]
    outcome: str
    n: int
    left_out: int
    covariance: np.ndarray
    mean: np.ndarray
    highest: np.ndarray
    found: dict[str, np.ndarray]
    draws: dict[str, np.ndarray]

    @property
    def r2(self) -> float:
        """Share of the outcome's variance that the predictors explain; the sum of ``lmg``, and of ``johnson``."""
        return float(self.found["r2"])

    @property
    def table(self) -> pd.DataFrame:
        """``predictor, lmg, johnson, share, slope``: parts of R2 by both rules, LMG as a share of R2, and the slope
        in the outcome's points."""
        lmg, slope = self.found["lmg"], self.found["slope"]
        share = lmg / self.r2 if self.r2 > 0 else np.full_like(lmg, np.nan)
        return pd.DataFrame(
            {"predictor": self.predictors, "lmg": lmg, "johnson": self.found["johnson"], "share": share, "slope": slope}
        )

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """``predictor, measure, estimate, low, high``: percentile bootstrap, the ends
        at (draws + 1) times the level. Parts of R2 cannot be negative, so
        theirs never hold 0."""
        tail = (1 - _check.share("level", level)) / 2
        table = self.table.set_index("predictor")
        drawn = self.draws | {"share": _shares(self.draws)}
        rows = [
            (
                name,
                measure,
                table.loc[name, measure],
                *np.quantile(drawn[measure][:, place], [tail, 1 - tail], method="weibull"),
            )
            for measure in ("lmg", "johnson", "share", "slope")
            for place, name in enumerate(self.predictors)
        ]
        return pd.DataFrame(rows, columns=["predictor", "measure", "estimate", "low", "high"])

    def summary(self) -> Summary:
        """The finding in a few lines."""
        ends = self.interval().query("measure == 'share'")
        table = self.table.assign(share_low=ends.low.to_numpy(), share_high=ends.high.to_numpy())
        facts = (("Complete rows", self.n), ("Rows left out", self.left_out), ("R2", f"{self.r2:.3f}"))
        return Summary(
            f"Drivers of {self.outcome.replace('_', ' ')}",
            facts,
            table,
            source="Lindeman, Merenda & Gold (1980); Johnson (2000)",
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Share of each driver with its interval."""
        ends = self.interval().query("measure == 'share'").sort_values("estimate", ascending=False)
        first = ends.iloc[0]
        rises = self.table.set_index("predictor").slope[first.predictor] > 0
        verdict = f"explains most: {percent(first.estimate, 0)} of what can be explained"
        if not rises:
            verdict = "explains most, yet more of it goes with less satisfaction: chance, or a wrong key"
        return _draw.interval_plot(
            ends.rename(columns={"predictor": "label", "estimate": "middle"})[["label", "middle", "low", "high"]],
            title=f"{first.predictor.capitalize()} {verdict}",
            x="share of the explained variance (bar: 95 % interval)",
            alt="; ".join(f"{row.predictor} {percent(row.estimate, 0)}" for row in ends.itertuples()) + f"; R2 {self.r2:.2f}.",
            zero=True, share=True, ax=ax,
        )  # fmt: skip


# -- What to do with it -------------------------------------------------------------------------------------------

_QUADRANTS = {
    (True, False): "concentrate here", (True, True): "keep up the good work", (False, False): "low priority",
    (False, True): "possible overkill",
}  # fmt: skip


def importance_performance(drivers: DriversFit) -> ImportancePerformance:
    """The importance-performance map, with how sure each place on it is.

    Importance is the share of a driver (LMG), performance its mean score; the lines are the means over all drivers. In
    each bootstrap sample everything is computed anew, lines included, so that the chance of a quadrant takes all
    uncertainty with it.

    Parameters
    ----------
    drivers : DriversFit
        Fitted to rows, not to a covariance matrix.

    Returns
    -------
    ImportancePerformance

    Raises
    ------
    ArgumentError
        No such fit, or one without means.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> drivers = satisfaction.fit_drivers(satisfaction.score_rater(datasets.load("survey")), seed=1)
    >>> found = satisfaction.importance_performance(drivers).table.set_index("driver")
    >>> found.quadrant["responsiveness"], found.quadrant["tangibles"]
    ('concentrate here', 'possible overkill')

    References
    ----------
    Martilla & James (1977), Importance-performance analysis, Journal of Marketing 41.
    """
    if not isinstance(drivers, DriversFit):
        raise ArgumentError(f"`drivers` must be what `fit_drivers` returns; it is {type(drivers).__name__}.")
    if np.isnan(drivers.mean).any():
        raise ArgumentError("`drivers` was fitted to a covariance matrix, which knows no means; fit it to rows.")
    k = len(drivers.predictors)
    share, mean = drivers.table.share.to_numpy(), drivers.mean[:k]
    shares, means = _shares(drivers.draws), drivers.draws["mean"][:, :k]
    here = (share > share.mean(), mean > mean.mean())
    there = (shares > shares.mean(axis=1, keepdims=True), means > means.mean(axis=1, keepdims=True))
    same = ((there[0] == here[0]) & (there[1] == here[1])).mean(axis=0)
    ends = [np.quantile(values, [0.025, 0.975], axis=0, method="weibull") for values in (means, shares)]
    table = pd.DataFrame({
        "driver": drivers.predictors, "performance": mean, "performance_low": ends[0][0], "performance_high": ends[0][1],
        "slope": drivers.found["slope"], "importance": share, "importance_low": ends[1][0], "importance_high": ends[1][1],
        "quadrant": [_QUADRANTS[bool(important), bool(good)] for important, good in zip(*here, strict=True)], "chance": same,
    })  # fmt: skip
    return ImportancePerformance(table)


@dataclass(frozen=True, slots=True, eq=False)
class ImportancePerformance:
    """The importance-performance map.

    Attributes
    ----------
    table : DataFrame
        ``driver``; ``performance`` and ``importance``, each with ``_low`` and ``_high`` (95 %); ``quadrant``, and the
        ``chance`` that a new sample would put it there.
    """

    table: pd.DataFrame

    def summary(self) -> Summary:
        """The finding in a few lines."""
        return Summary("Importance and performance", table=self.table, source="Martilla & James (1977)")

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """The map, with intervals as crosses."""
        table = self.table
        here = (table.quadrant == "concentrate here") & (table.slope > 0)
        top = table[here & (table.chance >= 0.5)].sort_values("importance", ascending=False)
        title = "Nothing that matters lags behind the rest"
        if len(top):
            title = f"Concentrate on {' and '.join(top.driver)}"
        elif here.any():
            title = "These answers do not settle where to concentrate"
        ax = _draw.new_axes(ax, height=5.0)
        ax.errorbar(
            table.performance, table.importance,
            xerr=np.abs(table[["performance_low", "performance_high"]].to_numpy().T - table.performance.to_numpy()),
            yerr=np.abs(table[["importance_low", "importance_high"]].to_numpy().T - table.importance.to_numpy()),
            fmt="o", color=_draw.BLUE, ecolor=_draw.PALE, markersize=8, elinewidth=1.4,
        )  # fmt: skip
        for row in table.itertuples():
            ax.annotate(row.driver, (row.performance, row.importance), xytext=(7, 6), textcoords="offset points", fontsize=10.5)
        ax.axvline(table.performance.mean(), color=_draw.INK, linestyle=":", linewidth=1)
        ax.axhline(table.importance.mean(), color=_draw.INK, linestyle=":", linewidth=1)
        ax.margins(0.14)
        for (important, good), words in _QUADRANTS.items():
            ax.text(0.99 if good else 0.01, 0.985 if important else 0.015, words, transform=ax.transAxes, fontsize=9.5,
                    color="#555555",
                    ha="right" if good else "left", va="top" if important else "bottom")  # fmt: skip
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        told = "; ".join(f"{row.driver}: {row.quadrant} (chance {percent(row.chance, 0)})" for row in table.itertuples())
        return _draw.decorate(
            ax,
            title=title,
            x="performance: mean perceived quality, points",
            y="importance: share of explained variance",
            alt=f"{told}.",
        )


def priorities(drivers: DriversFit, *, step: float = 0.5, level: float = 0.95) -> pd.DataFrame:
    """What to mend first: the expected gain in satisfaction from the same step in each dimension.

    Parameters
    ----------
    drivers : DriversFit
    step : float
        By how many points a dimension becomes better for everyone.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``driver, gain, low, high, first, room``, the largest gain first: gain in mean satisfaction, in its points; the
        share of bootstrap samples in which this driver gains most; how many points are left on the scale (empty if the fit
        was made from a plain table). The gain takes the
        slope for a cause and the scale as endless: a bound on what one may hope for, not a forecast.

    Raises
    ------
    ArgumentError
        No such fit, or a number outside its range.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> drivers = satisfaction.fit_drivers(satisfaction.score_rater(datasets.load("survey")), seed=1)
    >>> satisfaction.priorities(drivers).driver.iloc[0]
    'responsiveness'
    """
    if not isinstance(drivers, DriversFit):
        raise ArgumentError(f"`drivers` must be what `fit_drivers` returns; it is {type(drivers).__name__}.")
    if isinstance(step, bool) or not isinstance(step, int | float) or not 0 < step <= 6:
        raise ArgumentError(f"`step` must be a number of points above 0 and at most 6; it is {step!r}.")
    tail = (1 - _check.share("level", level)) / 2
    slope, slopes = drivers.found["slope"], drivers.draws["slope"]
    low, high = np.quantile(step * slopes, [tail, 1 - tail], axis=0, method="weibull")
    first = np.bincount(slopes.argmax(axis=1), minlength=slope.size) / len(slopes)
    found = pd.DataFrame({
        "driver": drivers.predictors, "gain": step * slope, "low": low, "high": high, "first": first,
        "room": drivers.highest - drivers.mean[: slope.size],
    })  # fmt: skip
    return found.sort_values("gain", ascending=False, ignore_index=True)


# -- A satisfaction that is only ordered --------------------------------------------------------------------------


def fit_ordinal(table: pd.DataFrame, outcome: str, predictors: Sequence[str], *, weights: str | None = None) -> OrdinalFit:
    """Ordinal logit: how predictors shift an outcome that is only ordered.

    Parameters
    ----------
    table : DataFrame
        Rows with a missing value are left out and counted.
    outcome : str
        A column of numbers, or an ordered categorical.
    predictors : list of str
        Columns of numbers, or of words: those become one indicator for each but the first.
    weights : str, optional
        A column that says how often each row was seen.

    Returns
    -------
    OrdinalFit
        P(outcome <= j) = logistic(cut_j - x b): a positive slope shifts towards higher answers.

    Raises
    ------
    DataError
        Missing columns, an outcome with fewer than two values, weights that are not whole numbers.
    ConvergenceError
        No maximum, most often because a predictor separates the answers.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> scores = satisfaction.score_rater(datasets.load("survey"))
    >>> both = ["perceived_reliability", "perceived_tangibles"]
    >>> fit = satisfaction.fit_ordinal(scores.respondents, "overall_satisfaction", both)
    >>> bool(fit.table.estimate[0] > fit.table.estimate[1] > 0)
    True

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B 42. Estimation:
    ``statsmodels.miscmodels.ordinal_model.OrderedModel``.
    """
    import warnings

    from statsmodels.miscmodels.ordinal_model import OrderedModel

    from crmlab.errors import ConvergenceError

    if not isinstance(table, pd.DataFrame):
        raise DataError(f"`table` must be a table of answers; it is {type(table).__name__}.")
    names = list(predictors) if isinstance(predictors, list | tuple) and predictors else None
    if names is None or len({*map(str, names), outcome if isinstance(outcome, str) else ""}) <= len(names):
        raise ArgumentError(f"`predictors` must be a list of different columns without the outcome; it is {predictors!r}.")
    if not table.columns.is_unique:
        raise DataError(f"two columns are called {table.columns[table.columns.duplicated()][0]!r}. Rename one.")
    wanted = [outcome, *names, *([weights] if weights else [])]
    if missing := [name for name in wanted if not isinstance(name, str) or name not in table]:
        raise DataError(f"the table has no column {missing[0]!r}. Its columns: {', '.join(map(str, table))}.")
    used = table[wanted].dropna()
    left_out = len(table) - len(used)
    if weights:
        count = used[weights]
        if not pd.api.types.is_numeric_dtype(count) or (count < 0).any() or (count % 1 != 0).any():
            raise DataError(f"column {weights!r} must hold whole numbers, how often each row was seen.")
        used = used.loc[used.index.repeat(count.astype(int))]
    found = used[outcome]
    if isinstance(found.dtype, pd.CategoricalDtype) and not found.cat.ordered:
        raise DataError(
            f"column {outcome!r} is categorical without an order. Give it one: `pd.Categorical(..., ordered=True)`."
        )
    if not isinstance(found.dtype, pd.CategoricalDtype):
        if not pd.api.types.is_numeric_dtype(found):
            raise DataError(
                f"column {outcome!r} holds words. Make it an ordered categorical, so that it is known which is more."
            )
        found = pd.Series(pd.Categorical(found, sorted(found.unique()), ordered=True), found.index)
    found = found.cat.remove_unused_categories()
    if len(found.cat.categories) < 2:
        raise DataError(f"column {outcome!r} has only one value, so there is nothing to explain.")
    parts = []
    for name in names:
        column = used[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            parts.append(column.astype(float))
            continue
        levels = (
            column.cat.remove_unused_categories().cat.categories
            if isinstance(column.dtype, pd.CategoricalDtype)
            else sorted(column.unique())
        )
        parts += [(column == level).astype(float).rename(f"{name}={level}") for level in levels[1:]]
    design = pd.concat(parts, axis=1)
    if flat := [name for name in design if design[name].nunique() < 2]:
        raise DataError(f"column {flat[0]!r} has only one value. Leave it out.")
    if not np.isfinite(design.to_numpy()).all():
        raise DataError("a predictor holds an infinite number. Take it out.")
    centre, unit = design.mean(), design.std()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = OrderedModel(found, (design - centre) / unit, distr="logit").fit(
                method="bfgs", disp=False, maxiter=1_000, gtol=1e-7
            )
            cov = np.asarray(fit.cov_params())
        except (Warning, ValueError, np.linalg.LinAlgError) as error:
            raise ConvergenceError(
                f"no maximum was reached ({error}). Most often a predictor separates the answers: merge rare answers, "
                "or leave it out."
            ) from None
    k = design.shape[1]
    params = np.asarray(fit.params)
    if (np.abs(params[:k]) > 15).any():
        raise ConvergenceError(
            "a predictor separates the answers, so its slope has no end. Merge rare answers, or leave the predictor out."
        )
    steps = np.exp(params[k + 1 :])
    cuts = params[k] + np.concatenate([[0.0], np.cumsum(steps)])
    jacobian = np.zeros((params.size, params.size))
    jacobian[:k, :k] = np.diag(1 / unit)
    jacobian[k:, k] = 1
    for j in range(steps.size):
        jacobian[k + 1 + j :, k + 1 + j] = steps[j]
    shift = (centre / unit).to_numpy()
    jacobian[k:, :k] = shift  # cuts for predictors as they are, not as they were centred
    cuts = cuts + shift @ params[:k]
    return OrdinalFit(
        tuple(design.columns), tuple(found.cat.categories), len(used), left_out,
        np.concatenate([params[:k] / unit.to_numpy(), cuts]),
        jacobian @ cov @ jacobian.T, float(fit.llf),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalFit:
    """A fitted ordinal logit.

    Attributes
    ----------
    predictors : tuple of str
    categories : tuple
        Of the outcome, in order.
    n, left_out : int
    estimates : ndarray
        Slopes, then cut points, in log odds.
    cov : ndarray
    loglik : float
    """

    predictors: tuple[str, ...]
    categories: tuple
    n: int
    left_out: int
    estimates: np.ndarray
    cov: np.ndarray
    loglik: float

    @property
    def deviance(self) -> float:
        """Minus twice the log likelihood."""
        return -2 * self.loglik

    @property
    def cutpoints(self) -> np.ndarray:
        """Between one category and the next, in log odds."""
        return self.estimates[len(self.predictors) :]

    @property
    def table(self) -> pd.DataFrame:
        """``parameter, estimate, std_error, odds_ratio``: slopes, then cut points (without odds ratio)."""
        names = [*self.predictors, *(f"{a}|{b}" for a, b in zip(self.categories, self.categories[1:], strict=False))]
        k = len(self.predictors)
        ratio = np.concatenate([np.exp(self.estimates[:k]), np.full(len(names) - k, np.nan)])
        return pd.DataFrame(
            {"parameter": names, "estimate": self.estimates, "std_error": np.sqrt(np.diag(self.cov)), "odds_ratio": ratio}
        )

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """``parameter, estimate, low, high``: Wald, in log odds."""
        z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
        table = self.table
        return table[["parameter", "estimate"]].assign(
            low=table.estimate - z * table.std_error, high=table.estimate + z * table.std_error
        )

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Chance of each category for rows with the predictors as columns, shape (rows, categories)."""
        values = item_values(table, self.predictors) if isinstance(table, pd.DataFrame) else None
        if values is None:
            raise DataError(f"`table` must be a table with the columns {', '.join(self.predictors)}.")
        k = len(self.predictors)
        below = special.expit(self.cutpoints - (values @ self.estimates[:k])[:, None])
        full = np.column_stack([np.zeros(len(values)), below, np.ones(len(values))])
        return pd.DataFrame(np.diff(full, axis=1), table.index, list(self.categories))

    def summary(self) -> Summary:
        """The finding in a few lines."""
        facts = (("Rows", self.n), ("Rows left out", self.left_out), ("Deviance", show(self.deviance)))
        return Summary("Ordinal logit", facts, self.table, source="McCullagh (1980); statsmodels")

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
