"""Transitions: an absorbing Markov chain of the stages, estimated from a log in which many deals are still open.

``fit_transitions`` estimates where deals go from each stage and how long they stay, and returns what follows: the chance to be
won, stages, days and value to come, each with its error. It reads a stage log and, for money, the amounts of deals. The
algebra is known in ``absorbing``, tests of the assumption in ``markov_test``; what the next months bring in ``forecast``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent, show
from crmlab.development.absorbing import ChainCounts, chain_numbers, count_chain, covariance, log_likelihood
from crmlab.development.amounts import read_amounts, won_values
from crmlab.development.log import StageLog, as_stage_log
from crmlab.development.markov_test import BEFORE, markov_tests
from crmlab.development.visits import OPEN, Visits, read_visits
from crmlab.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_MEASURES = ("win", "steps", "days", "won_days")
_TEST_AGES = 3  # classes of age in the test of a chain that has none


def fit_transitions(
    log: StageLog | pd.DataFrame | ibis.Table | str | PathLike, *, ages: int = 1, deals: pd.DataFrame | None = None
) -> TransitionFit:
    """Estimate the absorbing Markov chain of the stages by maximum likelihood.

    From each stage a deal goes to another stage, is won or is lost; deals may enter anywhere. The chance to go somewhere on a
    day is the number who went there, divided by the days on which deals were in the stage, those of open deals included: an
    open deal is in nobody's count of lost, and its waiting counts.

    Parameters
    ----------
    log : StageLog, DataFrame, path or Ibis table
        From ``stage_log``, or stage events of the kit's eight stages.
    ages : int
        In how many classes of age in a stage its daily chances may differ, each with about equally many that ended. 1 is
        the chain; with 3 a deal that has grown old in its stage may go elsewhere than a fresh one (semi-Markov).
    deals : DataFrame, optional
        ``prospect_id``, ``deal_value`` (``tables.describe("deal_amounts")``), for the value to come.

    Returns
    -------
    TransitionFit

    Raises
    ------
    DataError
        No deal was won, a stage was left by nobody, from a stage no deal came to an end; or as ``stage_log``; or the
        amounts are in several currencies, of deals that the log does not know, or all missing.
    ArgumentError
        ``ages`` is not from 1 to 10.

    Notes
    -----
    With one class the chance to go from i to j is n_ij / n_i with multinomial errors. All other errors are by the delta
    method; intervals are made on the scale of log-odds for chances and of logarithms for the rest. A deal that had begun
    before the log did must be in it from its beginning.

    References
    ----------
    Kemeny & Snell (1960), Finite Markov Chains, chapter 3. Anderson & Goodman (1957), Statistical inference about Markov
    chains, Annals of Mathematical Statistics 28(1), 89-110.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> truth = pd.DataFrame(
    ...     {"call": [0.0, 0.1], "offer": [0.5, 0.0], "won": [0.0, 0.4], "lost": [0.5, 0.5]}, index=["call", "offer"]
    ... )
    >>> events = development.simulate_pipeline(truth, {"call": 10, "offer": 30}, deals=2_000, days=700, seed=1)
    >>> fit = development.fit_transitions(development.stage_log(events, stages=("call", "offer")))
    >>> fit.table.round(2)
       stage     to  deals  probability  std_error
    0   call  offer    978         0.48       0.01
    1   call   lost   1075         0.52       0.01
    2  offer   call     82         0.09       0.01
    3  offer    won    385         0.41       0.02
    4  offer   lost    465         0.50       0.02
    """
    classes = _check.integer("ages", ages, 1, 10)
    stages = as_stage_log(log)
    visits = read_visits(stages)
    counts = estimate_chain(visits, classes)
    value, amounts = (np.nan, np.nan), 0
    if deals is not None:
        won = pd.Index(visits.prospect[visits.target == visits.won])
        paid = won_values(read_amounts(deals, stages), won).dropna()
        value, amounts = (float(paid.mean()), float(paid.std(ddof=1) / np.sqrt(len(paid)))), len(paid)
    tests = markov_tests(visits, counts if classes > 1 else count_chain(visits, _TEST_AGES))
    empty = tuple(name for name in stages.stages if name not in visits.stages)
    return TransitionFit(counts, tests, value, amounts, int((visits.before == OPEN).sum()), _count_open(visits), empty)


def estimate_chain(visits: Visits, ages: int) -> ChainCounts:
    """Count a chain; refuse one in which nobody is won, or from some stage no deal comes to an end."""
    counts = count_chain(visits, ages)
    exits = counts.exits.sum(axis=1)
    s = len(counts.stages)
    if not exits[:, s].sum():
        raise DataError(
            "no deal of the log was won, so that nothing can be said of the chance to win. Give a longer log, or check that "
            "the outcome of the last stage reads `won`."
        )
    stuck = [name for name, left in zip(counts.stages, exits.sum(axis=1), strict=True) if not left]
    if stuck:
        raise DataError(
            f"nobody has left the stage {stuck[0]!r} yet: all deals that entered it are open, so that it has no exit. Wait, or "
            "join it with the stage before by giving both one name."
        )
    ends = exits[:, s:].sum(axis=1) > 0
    for _ in range(s):
        ends = ends | (exits[:, :s][:, ends] > 0).any(axis=1)
    if not ends.all():
        name = counts.stages[int(np.flatnonzero(~ends)[0])]
        raise DataError(f"from the stage {name!r} no deal has been won or lost, directly or later. Give a longer log.")
    return counts


def _count_open(visits: Visits) -> np.ndarray:
    return np.bincount(visits.stage[visits.is_open], minlength=len(visits.stages))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TransitionFit(Result):
    """An absorbing chain of S stages, estimated.

    Attributes
    ----------
    counts : ChainCounts
        Exits and days at risk by stage and class of age.
    tests : DataFrame
        Whether something beside the stage matters (``tables.describe("markov_tests")``).
    value : (float, float)
        Mean value of a deal that was won and its standard error; empty without ``deals``.
    amounts : int
        Deals won whose value was known.
    deals : int
        Deals that were begun.
    open_deals : ndarray of int, shape (S,)
        Deals that are open, by stage.
    empty : tuple of str
        Stages in which nobody has been.
    """

    counts: ChainCounts
    tests: pd.DataFrame
    value: tuple[float, float]
    amounts: int
    deals: int
    open_deals: np.ndarray
    empty: tuple[str, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages in which somebody has been, in their order."""
        return self.counts.stages

    @property
    def ages(self) -> int:
        """Classes of age in a stage; 1 is the plain chain."""
        return self.counts.starts.shape[1]

    @property
    def loglik(self) -> float:
        """Log-likelihood of all days at its maximum."""
        return log_likelihood(self.counts)

    @property
    def matrix(self) -> pd.DataFrame:
        """The chance to go from each stage (rows) to each stage, to won and to lost (columns); each row sums to one."""
        chances = chain_numbers(self.counts.hazards, self.counts.starts).transition
        return pd.DataFrame(chances, index=list(self.stages), columns=[*self.stages, "won", "lost"])

    @property
    def fundamental(self) -> pd.DataFrame:
        """How often a deal in one stage (rows) is expected to be in each (columns): the matrix N = (I - Q)^-1."""
        expected = chain_numbers(self.counts.hazards, self.counts.starts).fundamental
        return pd.DataFrame(expected, index=list(self.stages), columns=list(self.stages))

    @property
    def table(self) -> pd.DataFrame:
        """One row for each transition that was seen (``tables.describe("transitions")``)."""
        exits, places = self.counts.exits.sum(axis=1), np.array([*self.stages, "won", "lost"], dtype=object)
        rows, columns = np.nonzero(exits)
        error = np.sqrt(np.diag(covariance(self.counts, ("transition",)))).reshape(exits.shape)
        return pd.DataFrame({
            "stage": places[rows], "to": places[columns], "deals": exits[rows, columns],
            "probability": self.matrix.to_numpy()[rows, columns], "std_error": error[rows, columns],
        }).astype({"stage": "str", "to": "str"})  # fmt: skip

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute confidence intervals of the chances to go from stage to stage, on the scale of log-odds.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame (``tables.describe("transitions")``)
            As ``table``, with ``low`` and ``high``; empty where a chance is 1.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> truth = pd.DataFrame({"won": [0.4], "lost": [0.6]}, ["offer"])
        >>> events = development.simulate_pipeline(truth, {"offer": 30}, deals=500, days=700, seed=1)
        >>> fit = development.fit_transitions(development.stage_log(events, stages=("offer", "contract")))
        >>> fit.interval(0.9)[["to", "probability", "low", "high"]].round(3)
             to  probability    low   high
        0   won         0.41  0.373  0.447
        1  lost         0.59  0.553  0.627
        """
        table = self.table
        low, high = _interval(table.probability.to_numpy(), table.std_error.to_numpy(), np.ones(len(table), bool), level)
        return table.assign(low=low, high=high)

    def outlook(self, level: float = 0.95) -> pd.DataFrame:
        """Compute what is to come from each stage, with confidence intervals by the delta method.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame (``tables.describe("stage_outlook")``)
            One row per ``stage`` and ``measure``: `win` (chance to be won at last), `steps` (stages until the end, this one
            counted), `days` (until it is won or lost), `won_days` (of those who will be won), and `value` (what a deal there
            will bring on average, the lost counted as 0), where the fit knows amounts.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> truth = pd.DataFrame({"won": [0.4], "lost": [0.6]}, ["offer"])
        >>> events = development.simulate_pipeline(truth, {"offer": 30}, deals=500, days=700, seed=1)
        >>> fit = development.fit_transitions(development.stage_log(events, stages=("offer", "contract")))
        >>> fit.outlook().query("measure == 'days'").round(1)
           stage measure  estimate  std_error   low  high
        2  offer    days      32.2        1.5  29.4  35.2
        """
        numbers = chain_numbers(self.counts.hazards, self.counts.starts)
        estimate = np.array([getattr(numbers, name) for name in _MEASURES])
        variance = np.diag(covariance(self.counts, _MEASURES)).reshape(estimate.shape)
        names: tuple[str, ...] = _MEASURES
        if self.amounts:
            mean, error = self.value
            estimate = np.vstack([estimate, mean * estimate[0]])
            variance = np.vstack([variance, mean**2 * variance[0] + (error * estimate[0]) ** 2])
            names = (*_MEASURES, "value")
        table = pd.DataFrame({
            "stage": np.repeat(self.stages, len(names)), "measure": np.tile(names, len(self.stages)),
            "estimate": estimate.T.ravel(), "std_error": np.sqrt(variance.T.ravel()),
        }).astype({"stage": "str", "measure": "str"})  # fmt: skip
        low, high = _interval(
            table.estimate.to_numpy(), table.std_error.to_numpy(), (table.measure == "win").to_numpy(), level
        )  # fmt: skip
        return table.assign(low=low, high=high)

    def summary(self) -> Summary:
        """The outlook of each stage, and whether a chain may be believed."""
        outlook = self.outlook()
        wide = outlook.pivot(index="stage", columns="measure", values="estimate").loc[list(self.stages)]
        win = outlook[outlook.measure == "win"].set_index("stage").loc[list(self.stages)]
        table = pd.DataFrame({
            "stage": self.stages, "deals": self.counts.exits.sum(axis=(1, 2)) + self.open_deals, "open": self.open_deals,
            "won at last": wide.win.to_numpy(), "95 % from": win.low.to_numpy(), "to": win.high.to_numpy(),
            "stages to go": wide.steps.to_numpy(), "days to go": wide.days.to_numpy().round(1),
            "days if won": wide.won_days.to_numpy().round(1),
        })  # fmt: skip
        if self.amounts:
            table["value to come"] = wide["value"].to_numpy().round(0)
        ends = self.counts.exits.sum(axis=(0, 1))[len(self.stages) :]
        facts = [
            ("Deals", self.deals), ("Won", int(ends[0])), ("Lost", int(ends[1])), ("Open", int(self.open_deals.sum())),
            *((f"Does it matter? {row.matters}", f"p {_p(row.p_value)}") for row in self.tests.itertuples()),
        ]  # fmt: skip
        if self.empty:
            facts.append(("Nobody has been in", ", ".join(self.empty)))
        title = "Chain of the stages" + (f", {self.ages} classes of age in each" if self.ages > 1 else "")
        return Summary(
            title, tuple(facts), table, self._verdict(), "Kemeny & Snell (1960), chapter 3; Anderson & Goodman (1957)"
        )

    def _verdict(self) -> str:
        """Say what the tests of the assumption mean for this fit."""
        matters = self.tests.matters[self.tests.p_value < 0.05]
        age = matters.str.startswith("age").any()
        words = "95 % intervals by the delta method, of each chance by itself."
        if age and self.ages == 1:
            words += " A chain takes all deals in a stage for alike, and they are not: their age there matters. "
            words += "`fit_transitions(log, ages=3)` lets it."
        elif age:
            words += " Age in the stage matters, and this fit lets it."
        if (matters == BEFORE).any():
            words += " The stage before matters, too, which no fit here knows: chances are means over where deals came from."
        if not len(matters):
            words += " Nothing contradicts the chain."
        return words

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the chance to be won at last from each stage, with its 95 % interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        Axes

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import development
        >>> truth = pd.DataFrame({"won": [0.4], "lost": [0.6]}, ["offer"])
        >>> events = development.simulate_pipeline(truth, {"offer": 30}, deals=500, days=700, seed=1)
        >>> fit = development.fit_transitions(development.stage_log(events, stages=("offer", "contract")))
        >>> print(fit.plot().get_title("left"))
        Of 100 deals in offer 41 are won at last
        """
        rows = self.outlook().query("measure == 'win'")
        rows = rows.assign(label=rows.stage, middle=rows.estimate).fillna({"low": rows.estimate, "high": rows.estimate})
        first, last = rows.iloc[0], rows.iloc[-1]
        title = f"Of 100 deals in {first.stage} {100 * first.middle:.0f} are won at last"
        title += f", of 100 in {last.stage} {100 * last.middle:.0f}" if len(rows) > 1 else ""
        alt = [f"{row.label} {percent(row.middle)} ({percent(row.low)} to {percent(row.high)})" for row in rows.itertuples()]
        return _draw.interval_plot(
            rows[["label", "middle", "low", "high"]], title=title, x="chance to be won at last (bar: 95 % interval)",
            alt="; ".join(alt) + ".", share=True, ax=ax,
        )  # fmt: skip


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else show(value)


def _interval(estimate: np.ndarray, error: np.ndarray, is_share: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ends on the scale of log-odds for shares, of logarithms for others; NaN at the edge of either scale."""
    z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
    inside = (estimate > 0) & (error > 0) & ~(is_share & (estimate >= 1))
    value = np.where(inside, estimate, 0.5)
    scale = np.where(is_share, value * (1 - np.where(is_share, value, 0)), value)
    half = z * error / scale
    middle = np.where(is_share, logit(np.where(is_share, value, 0.5)), np.log(value))
    ends = [np.where(is_share, expit(end), np.exp(np.minimum(end, 700))) for end in (middle - half, middle + half)]
    return np.where(inside, ends[0], np.nan), np.where(inside, ends[1], np.nan)
