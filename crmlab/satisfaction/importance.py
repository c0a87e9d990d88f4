"""Importance: where to concentrate, and what to mend first.

``importance_performance`` places each driver on the map of what matters and how well it is done, ``priorities`` lists
what the same step in each would bring. Both read a fit of ``drivers`` and use its bootstrap samples to say how sure the
place or the order is; what a step costs they do not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab._verdict import FEWEST, listed
from crmlab.errors import ArgumentError
from crmlab.satisfaction.drivers import DriversFit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: (matters more than the mean, does better than the mean) -> quadrant.
_QUADRANTS = {
    (True, False): "concentrate here", (True, True): "keep up the good work", (False, False): "low priority",
    (False, True): "possible overkill",
}  # fmt: skip


def importance_performance(drivers: DriversFit) -> ImportancePerformance:
    """Map importance and performance, one row per ``driver``, with how sure each place on the map is.

    Importance is the share of a driver (LMG), performance its mean score; the lines are the means over all drivers. In
    each bootstrap sample everything is computed again, lines included, so that the probability of a quadrant takes all
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

    References
    ----------
    Martilla & James (1977), Importance-performance analysis, Journal of Marketing 41.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> drivers = satisfaction.fit_drivers(satisfaction.score_rater(datasets.load("survey")), seed=1, draws=200)
    >>> quadrant = satisfaction.importance_performance(drivers).table.set_index("driver").quadrant
    >>> quadrant["responsiveness"], quadrant["tangibles"]
    ('concentrate here', 'possible overkill')
    """
    fit = _checked_drivers(drivers)
    if np.isnan(fit.mean).any():
        raise ArgumentError("`drivers` was fitted to a covariance matrix, which knows no means; fit it to rows.")
    k = len(fit.predictors)
    importance, performance = fit.table["share"].to_numpy(), fit.mean[:k]
    importances, performances = fit.samples.share, fit.samples.mean[:, :k]
    matters, does_well = importance > importance.mean(), performance > performance.mean()
    matter = importances > importances.mean(axis=1, keepdims=True)
    do_well = performances > performances.mean(axis=1, keepdims=True)
    low, high = np.quantile(np.stack([performances, importances]), [0.025, 0.975], axis=1, method="weibull")
    table = pd.DataFrame({
        "driver": fit.predictors, "performance": performance, "performance_low": low[0], "performance_high": high[0],
        "slope": fit.estimates.slope[0], "importance": importance, "importance_low": low[1], "importance_high": high[1],
        "quadrant": [_QUADRANTS[bool(above), bool(right)] for above, right in zip(matters, does_well, strict=True)],
        "probability": ((matter == matters) & (do_well == does_well)).mean(axis=0),
    })  # fmt: skip
    to_mend = (matter & ~do_well & (fit.samples.slope > 0)).mean(axis=0) >= 1 - 0.05 / k  # of each of k, so of all: 95 %
    return ImportancePerformance(table, tuple(np.array(fit.predictors)[to_mend & (fit.n >= FEWEST)].tolist()))


def _checked_drivers(value: object) -> DriversFit:
    if not isinstance(value, DriversFit):
        raise ArgumentError(f"`drivers` must be what `fit_drivers` returns; it is {type(value).__name__}.")
    return value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImportancePerformance(Result):
    """The importance-performance map.

    Attributes
    ----------
    table : DataFrame
        One row per driver (``tables.describe("importance_performance")``): ``performance`` and ``importance``, each with its
        95 % interval, the ``quadrant``, and the ``probability`` that a new sample would put it there.
    to_mend : tuple of str
        Drivers that matter, lag behind and have a slope above 0 in so many samples that all of this holds together with 95 %
        confidence.
    """

    table: pd.DataFrame
    to_mend: tuple[str, ...] = ()

    def summary(self) -> Summary:
        """The map as a table."""
        return Summary("Importance and performance", table=self.table, source="Martilla & James (1977)")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map, with intervals as crosses.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new chart.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> scores = satisfaction.score_rater(satisfaction.simulate_survey(200, seed=1))
        >>> drivers = satisfaction.fit_drivers(scores, seed=1, draws=200)
        >>> satisfaction.importance_performance(drivers).plot().get_title("left")
        'Concentrate on responsiveness'
        """
        table = self.table
        ax = _draw.new_axes(ax, height=5.0)
        ax.errorbar(
            table["performance"], table["importance"], xerr=_bars(table, "performance"), yerr=_bars(table, "importance"),
            fmt="o", color=_draw.BLUE, ecolor=_draw.PALE, markersize=8, elinewidth=1.4,
        )  # fmt: skip
        for row in table.itertuples():
            ax.annotate(row.driver, (row.performance, row.importance), xytext=(7, 6), textcoords="offset points", fontsize=10.5)
        ax.axvline(table["performance"].mean(), color=_draw.INK, linestyle=":", linewidth=1)
        ax.axhline(table["importance"].mean(), color=_draw.INK, linestyle=":", linewidth=1)
        ax.margins(0.14)
        for (above, right), words in _QUADRANTS.items():
            ax.text(
                0.99 if right else 0.01, 0.985 if above else 0.015, words, transform=ax.transAxes, fontsize=9.5,
                color=_draw.INK, ha="right" if right else "left", va="top" if above else "bottom",
            )  # fmt: skip
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        places = (f"{row.driver}: {row.quadrant} (probability {percent(row.probability, 0)})" for row in table.itertuples())
        return _draw.decorate(
            ax, title=self._finding(), x="performance: mean perceived quality, points",
            y="importance: share of explained variance", alt="; ".join(places) + ".",
        )  # fmt: skip

    def _finding(self) -> str:
        """Where to concentrate, in the order of the table, as far as the samples settle it."""
        if self.to_mend:
            return f"Concentrate on {listed(self.to_mend)}"
        if (self.table["quadrant"] != "concentrate here").all() and (
            self.table["probability"] >= 1 - 0.05 / len(self.table)
        ).all():
            return "Nothing that matters lags behind the rest"
        return "These answers do not settle where to concentrate"


def _bars(table: pd.DataFrame, column: str) -> np.ndarray:
    """Lengths of the error bars below and above the estimates, shape (2, drivers)."""
    interval = table[[f"{column}_low", f"{column}_high"]].to_numpy().T
    return np.abs(interval - table[column].to_numpy())


def priorities(drivers: DriversFit, *, step: float = 0.5, level: float = 0.95) -> pd.DataFrame:
    """List what to mend first, one row per ``driver``: the gain in satisfaction from the same step in each dimension.

    Parameters
    ----------
    drivers : DriversFit
    step : float
        By how many points a dimension becomes better for everyone, at most 6.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        The largest gain first (``tables.describe("priorities")``): ``driver, gain, low, high``; ``p_best``, the share of
        bootstrap samples in which this driver gains most; ``headroom``, the points left on the scale, NaN if the fit was
        made from a plain table. The gain takes the slope for a cause and the scale as endless: a bound on what one may
        hope for, not a forecast.

    Raises
    ------
    ArgumentError
        No such fit, or a number outside its range.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> drivers = satisfaction.fit_drivers(satisfaction.score_rater(datasets.load("survey")), seed=1, draws=200)
    >>> satisfaction.priorities(drivers).driver.iloc[0]
    'reliability'
    """
    fit = _checked_drivers(drivers)
    step = _check.number("step", step, 0, 6, closed="right")
    tail = (1 - _check.share("level", level)) / 2
    slope, slopes = fit.estimates.slope[0], fit.samples.slope
    low, high = np.quantile(step * slopes, [tail, 1 - tail], axis=0, method="weibull")
    table = pd.DataFrame({
        "driver": fit.predictors, "gain": step * slope, "low": low, "high": high,
        "p_best": np.bincount(slopes.argmax(axis=1), minlength=slope.size) / len(slopes),
        "headroom": fit.highest - fit.mean[: slope.size],
    })  # fmt: skip
    # by whole parts in a billion: what differs in the last digit only stays in the order of the drivers
    return table.sort_values("gain", ascending=False, ignore_index=True, kind="stable", key=lambda gain: gain.round(9))
