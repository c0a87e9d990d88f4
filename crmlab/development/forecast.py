"""Forecast: how many deals the next months bring and what they are worth, with the interval that a bank should see.

``forecast_pipeline`` estimates a chain from the past of a day, follows each open deal from its stage, its age there and its
expected value, adds the deals that are yet to come, and says what it would have said on earlier days. It reads a stage log and
amounts; the model is known in ``pipeline_model``, earlier forecasts in ``back_test``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent, show
from crmlab.development.amounts import read_amounts
from crmlab.development.back_test import WEIGHTED, PipelineBackTest, run_back_test
from crmlab.development.deal_values import ValueModel
from crmlab.development.log import StageLog, as_stage_log
from crmlab.development.pipeline_model import (
    Draws,
    Pipeline,
    as_day,
    months_from,
    predict,
    read_pipeline,
    refuse_without_amounts,
)
from crmlab.development.transitions import TransitionFit, estimate_chain
from crmlab.development.visits import read_visits
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_AGES = 3  # classes of age in each stage, where no chain is given
_KNOWN_AFTER = "understanding needs"
_TYPED = (0.1, 0.9)  # typed-in chances of the first and the last stage, evenly between: what nobody has estimated
_PARTS = ("open deals", "deals yet to come", "all")


def forecast_pipeline(
    log: StageLog | pd.DataFrame | ibis.Table | str | PathLike, deals: pd.DataFrame | None = None, *, seed: int,
    months: int = 3, day: str | dt.date | None = None, chain: TransitionFit | None = None,
    stage_chances: Mapping[str, float] | None = None,
    known_after: str | None = None, past: int = 0, level: float = 0.8, draws: int = 4_000,
) -> PipelineForecast:  # fmt: skip
    """Forecast the deals that are won in the next months, and what they bring, with prediction intervals.

    Of each deal that is open on the day, the chance to be won in time follows from its stage, its age there and, if ``deals``
    tell it, from what it is expected to bring. Chances and expected values are corrected by what came of those of earlier
    days. Deals that are yet to come stand apart: as many as in the last year. Nothing is used that was not known at the end of
    the day.

    Parameters
    ----------
    log : StageLog, DataFrame, path or Ibis table
        From ``stage_log``, or stage events of the kit's eight stages.
    deals : DataFrame, optional
        ``prospect_id, deal_value, expected_value`` (``tables.describe("deal_amounts")``); without it wins alone are forecast.
    seed : int
        The same seed gives the same draws.
    months : int
        How many calendar months count.
    day : date or str, optional
        The last day that is known; by default that of the log.
    chain : TransitionFit, optional
        To be used as it is; by default a chain with three classes of age is estimated from the past of the day.
    stage_chances : mapping of str to float, optional
        Typed-in chances by stage, for the rule of weighted stages; by default 10 % in the first to 90 % in the last.
    known_after : str, optional
        The stage beyond which ``expected_value`` is known; by default `understanding needs` where that is a stage, else it
        is taken for known from the beginning.
    past : int
        At how many earlier days, each so many months before the next, to forecast as well and see what came.
    level : float
        Of the intervals of earlier forecasts.
    draws : int

    Returns
    -------
    PipelineForecast

    Raises
    ------
    DataError
        As ``fit_transitions``, for the past of the day or of an earlier one; no deal had begun by then.
    ArgumentError
        ``day`` lies after the log, a stage that does not exist, or a number out of range.

    Notes
    -----
    The intervals are prediction intervals: in each draw the chances of the chain (Dirichlet posterior), what corrects them (a
    logit with the chain as offset), the line from expected to real values and the rate of newcomers are drawn anew, then
    whether each deal is won and what it brings. Deals are independent of each other given these; what moves all of them at
    once, a crisis say, is in the interval only as far as the past had it. The rule of weighted stages adds up typed-in chances
    times expected values of open deals: it knows no time, and has no interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> truth = pd.DataFrame({"offer": [0.6, 0.0], "won": [0.0, 0.4], "lost": [0.4, 0.6]}, index=["call", "offer"])
    >>> events = development.simulate_pipeline(truth, {"call": 20, "offer": 60}, deals=900, days=720, seed=1)
    >>> log = development.stage_log(events, stages=("call", "offer"))
    >>> forecast = development.forecast_pipeline(log, months=3, seed=1)
    >>> forecast.table[["part", "wins", "wins_low", "wins_high"]].round(0)
                    part  wins  wins_low  wins_high
    0         open deals  17.0      12.0       22.0
    1  deals yet to come   9.0       5.0       13.0
    2                all  26.0      19.0       32.0
    3    weighted stages  37.0       NaN        NaN
    """
    forecaster = _forecaster(as_stage_log(log), deals, months, draws, chain, known_after)
    now = forecaster.last_day(day)
    weights = _weights(forecaster.log.stages, forecaster.pipeline.visits.stages, stage_chances)
    earlier, share = _check.integer("past", past, 0, 100), _check.share("level", level)
    streams = np.random.SeedSequence(_check.integer("seed", seed, 0)).spawn(earlier + 1)
    drawn = forecaster.at(now, chain, streams[0])
    tested = _tested(forecaster, now, streams[1:], weights, share) if earlier else None
    return PipelineForecast(now, forecaster.months, drawn, _deals_table(forecaster.pipeline, drawn, weights), tested)


@dataclass(frozen=True, slots=True, eq=False)
class _Forecaster:
    """What forecasts of any day are made from: the log, the pipeline with or without amounts, and how far they reach."""

    log: StageLog
    pipeline: Pipeline
    has_amounts: bool
    months: int
    draws: int

    def last_day(self, day: str | dt.date | None) -> pd.Timestamp:
        """Return the day of the forecast, not after the log."""
        now = self.log.until if day is None else pd.Timestamp(_check.day("day", day))
        if now > self.log.until:
            raise ArgumentError(f"`day`, {now:%Y-%m-%d}, lies after the last day of the log, {self.log.until:%Y-%m-%d}.")
        return now

    def end(self, when: pd.Timestamp) -> pd.Timestamp:
        """Return the last day that a forecast is about."""
        return months_from(when, self.months)

    def at(self, when: pd.Timestamp, chain: TransitionFit | None, stream: np.random.SeedSequence) -> Draws:
        """Draw what came after a day, from what was known then."""
        day = as_day(when)
        if not (self.pipeline.visits.entered <= day).any():
            raise DataError(f"no deal had begun on {when:%Y-%m-%d}. Choose a later `day`, or fewer of the `past`.")
        counts = estimate_chain(read_visits(self.log, when), _AGES) if chain is None else chain.counts
        if self.has_amounts:
            refuse_without_amounts(self.pipeline, day)
        length = (self.end(when) - when).days
        rng = np.random.default_rng(stream)
        return predict(self.pipeline, counts, day, length, draws=self.draws, money=self.has_amounts, rng=rng)


def _tested(
    forecaster: _Forecaster, now: pd.Timestamp, streams: list[np.random.SeedSequence], weights: np.ndarray, level: float
) -> PipelineBackTest:
    """Forecast at earlier days, one for each stream, and hold it against what came."""
    then = [months_from(now, -forecaster.months * k) for k in range(len(streams), 0, -1)]
    drawn = [forecaster.at(when, None, stream) for when, stream in zip(then, streams, strict=True)]
    return run_back_test(forecaster.pipeline, then, [forecaster.end(when) for when in then], drawn, weights, level)


def _forecaster(
    log: StageLog, deals: pd.DataFrame | None, months: int, draws: int, chain: TransitionFit | None, known_after: str | None
) -> _Forecaster:
    """Check what is given, and put the pipeline together."""
    horizon, n = _check.integer("months", months, 1, 36), _check.integer("draws", draws, 100, 1_000_000)
    if chain is not None and not isinstance(chain, TransitionFit):
        raise ArgumentError(f"`chain` must come from `fit_transitions`; it is {type(chain).__name__}.")
    amounts = None if deals is None else read_amounts(deals, log)
    beyond = _known_after(log.stages, known_after)
    return _Forecaster(log, read_pipeline(read_visits(log), amounts, beyond), amounts is not None, horizon, n)


def _weights(stages: tuple[str, ...], seen: tuple[str, ...], given: Mapping[str, float] | None) -> np.ndarray:
    """Return the typed-in chances of the stages in which somebody has been."""
    if given is None:
        given = dict(zip(stages, np.linspace(*_TYPED, len(stages)).tolist(), strict=True))
    if not isinstance(given, Mapping) or set(given) != set(stages):
        raise ArgumentError(f"`stage_chances` must map each of the stages {', '.join(stages)} to a chance; it is {given!r}.")
    typed = {name: _check.number(f"stage_chances[{name!r}]", given[name], 0, 1) for name in stages}
    return np.array([typed[name] for name in seen])


def _known_after(stages: tuple[str, ...], given: str | None) -> str | None:
    if given is None:
        return _KNOWN_AFTER if _KNOWN_AFTER in stages else None
    return _check.choice("known_after", given, stages)


def _deals_table(pipeline: Pipeline, drawn: Draws, weights: np.ndarray) -> pd.DataFrame:
    now = drawn.open
    return pd.DataFrame({
        "prospect_id": pipeline.prospect[now.deal],
        "stage": pd.Series(np.array(pipeline.visits.stages, dtype=object)[now.stage], dtype="str"), "age_days": now.age,
        "expected_value": now.expected, "chance": drawn.chance, "worth": drawn.worth, "stage_chance": weights[now.stage],
    }).infer_objects()  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PipelineForecast(Result):
    """What the next months bring.

    Attributes
    ----------
    day : Timestamp
        The last day that was known.
    months : int
        How many months count.
    drawn : Draws
        Deals won and their amounts, drawn.
    deals : DataFrame
        The deals that were open, with the chance of each to be won in time (``tables.describe("open_deals")``).
    past : PipelineBackTest or None
        Earlier forecasts and what came.
    """

    day: pd.Timestamp
    months: int
    drawn: Draws
    deals: pd.DataFrame
    past: PipelineBackTest | None

    @property
    def has_amounts(self) -> bool:
        """Whether amounts are forecast."""
        return self.drawn.values is not None

    @property
    def table(self) -> pd.DataFrame:
        """The forecast by part with 80 % prediction intervals (``tables.describe("pipeline_forecast")``)."""
        return self.interval(0.8)

    def interval(self, level: float = 0.8) -> pd.DataFrame:
        """Compute prediction intervals of the deals won, and of their amounts.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame (``tables.describe("pipeline_forecast")``)
            One row each for the open deals, those yet to come, all, and the rule of weighted stages, which has no interval.

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
        >>> log = development.stage_log(events, stages=("offer", "contract"))
        >>> development.forecast_pipeline(log, seed=1).interval(0.95)["part"].tolist()
        ['open deals', 'deals yet to come', 'all', 'weighted stages']
        """
        share, drawn, deals = _check.share("level", level), self.drawn, self.deals
        tails = [(1 - share) / 2, (1 + share) / 2]
        wins = np.array([drawn.chance.sum(), drawn.new_wins])
        amount = np.array([(drawn.chance * drawn.worth).sum(), drawn.new_wins * drawn.new_worth])
        amount = amount if self.has_amounts else np.full(2, np.nan)
        typed = (deals.stage_chance * deals.expected_value.fillna(0)).sum() if self.has_amounts else np.nan
        table = pd.DataFrame({"part": [*_PARTS, WEIGHTED]}, dtype="str")
        for name, means, samples, rule in (
            ("wins", wins, drawn.wins, deals.stage_chance.sum()), ("amount", amount, drawn.amounts, typed)
        ):  # fmt: skip
            low, high = np.quantile(np.vstack([samples, samples.sum(axis=0)]), tails, axis=1)
            table[name] = [*means, means.sum(), rule]
            table[f"{name}_low"], table[f"{name}_high"] = np.append(low, np.nan), np.append(high, np.nan)
        return table

    def summary(self) -> Summary:
        """The forecast, what it rests on, and how earlier ones did."""
        table = self.table
        if not self.has_amounts:
            table = table[[name for name in table if not name.startswith("amount")]]
        end = months_from(self.day, self.months)
        facts: list[tuple[str, object]] = [("Until", end), ("Open deals", len(self.deals))]
        note = "80 % prediction intervals. Weighted stages: typed-in chances times what is expected, with no time in it."
        if self.drawn.values is not None:
            facts += [
                ("... whose expected value is known", int(self.deals.expected_value.notna().sum())),
                ("Deals won that correct it", self.drawn.values.pairs),
                *_correction(self.drawn.values, self.deals.expected_value),
            ]  # fmt: skip
        if self.past is not None:
            times = self.past.table.day.nunique()
            facts += [
                (f"Earlier intervals of {percent(self.past.level, 0)} that held, {name}", f"{covered} of {times}")
                for name, covered in self.past.covered.items()
            ]
        return Summary(f"Forecast of {self.day:%Y-%m-%d} for {self.months} months", tuple(facts), table.round(1), note)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the distribution of the amount won (or of the wins), its 80 % interval and the rule of weighted stages.

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
        >>> log = development.stage_log(events, stages=("offer", "contract"))
        >>> development.forecast_pipeline(log, seed=1).plot().get_xlabel()
        'deals won in 3 months'
        """
        name = "amount" if self.has_amounts else "wins"
        row, rule = (self.table.set_index("part").loc[part] for part in ("all", WEIGHTED))
        samples = (self.drawn.amounts if self.has_amounts else self.drawn.wins).sum(axis=0)
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        ax = _draw.new_axes(ax)
        least, most = samples.min(), samples.max()
        edges = np.arange(least - 0.5, most + 1) if name == "wins" else np.linspace(least, most, 41)
        ax.hist(samples, bins=edges.tolist(), weights=np.full(samples.size, 1 / samples.size), color=_draw.BLUE, alpha=0.8)
        for end in (low, high):
            ax.axvline(end, color=_draw.INK, linewidth=1.5)
        ax.axvline(rule[name], color=_draw.COLOURS[1], linewidth=2, linestyle="--", label=WEIGHTED)
        ax.legend(frameon=False)
        what = "deals are won" if name == "wins" else "is won"
        words = f"With 80 % chance {show(float(low), 0)} to {show(float(high), 0)} {what} in {self.months} months"
        return _draw.decorate(
            ax, title=words, x=("amount won, in currency," if name == "amount" else "deals won") + f" in {self.months} months",
            y="chance", alt=f"{words}; expected {row[name]:,.0f}; weighted stages say {rule[name]:,.0f}.",
        )  # fmt: skip


def _correction(values: ValueModel, expected: pd.Series) -> list[tuple[str, object]]:
    """Say what a deal of the middle expectation brings if it is won."""
    middle = expected.median()
    if np.isnan(middle):
        return []
    worth = float(values.worth(np.array([middle]))[0])
    return [(f"A deal expected to bring {show(float(middle), 0)} brings, if won", round(worth))]
