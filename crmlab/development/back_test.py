"""Back-test: what the forecast would have said on earlier days, from what was known then, beside what came.

It reads forecasts of earlier days, each from a chain estimated from its own past, and returns them beside what came and beside
the rule of weighted stages. What a forecast is made of is known in ``pipeline_model``; scores of any forecasts are made in
``scores``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _draw
from crmlab._result import Result, Summary, percent
from crmlab.development.pipeline_model import Draws, Pipeline, as_day
from crmlab.development.scores import ChanceScores, IntervalScores, score_chances, score_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHAIN, WEIGHTED = "chain", "weighted stages"


def run_back_test(
    pipeline: Pipeline, days: Sequence[pd.Timestamp], ends: Sequence[pd.Timestamp], forecasts: Sequence[Draws],
    weights: np.ndarray, level: float,
) -> PipelineBackTest:  # fmt: skip
    """Hold forecasts of earlier days against what came until their ends; ``weights`` are typed-in chances (S,)."""
    rows, chances = [], []
    for day, end, draws in zip(days, ends, forecasts, strict=True):
        came = (pipeline.day_won > as_day(day)) & (pipeline.day_won <= as_day(end))
        for row in _compare(pipeline, draws, came, weights, level):
            rows.append({"day": day, "until": end, **row})
        for name, chance in ((CHAIN, draws.chance), (WEIGHTED, weights[draws.open.stage])):
            chances.append(pd.DataFrame({
                "day": day, "prospect_id": pipeline.prospect[draws.open.deal], "forecaster": name, "chance": chance,
                "came": came[draws.open.deal],
            }))  # fmt: skip
    return PipelineBackTest(pd.DataFrame(rows), pd.concat(chances, ignore_index=True), level)


def _compare(pipeline: Pipeline, draws: Draws, came: np.ndarray, weights: np.ndarray, level: float) -> list[dict[str, object]]:
    """Return one row for the wins and, where there are amounts, one for their sum; wins without an amount count their mean."""
    paid = pipeline.paid[came]
    rule = weights[draws.open.stage]
    rows = [("wins", draws.chance.sum() + draws.new_wins, draws.wins, float(came.sum()), rule.sum())]
    if draws.values is not None:
        expected = (draws.chance * draws.worth).sum() + draws.new_wins * draws.new_worth
        realised = np.where(np.isfinite(paid), paid, draws.new_worth).sum()
        rows.append(("amount", expected, draws.amounts, realised, (rule * np.nan_to_num(draws.open.expected)).sum()))
    tails = [(1 - level) / 2, (1 + level) / 2]
    return [
        {
            "measure": name, "forecast": forecast,
            **dict(zip(("low", "high"), np.quantile(drawn.sum(axis=0), tails), strict=True)),
            "realised": realised, "weighted_stages": weighted,
        }
        for name, forecast, drawn, realised, weighted in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PipelineBackTest(Result):
    """What the forecast would have said on earlier days, and what came.

    Attributes
    ----------
    table : DataFrame
        One row per ``day`` and ``measure`` (``tables.describe("pipeline_back_test")``).
    chances : DataFrame
        For each deal that was open on such a day: the chance by the chain and by the weighted stages, and whether it was won in
        time (``tables.describe("chance_forecasts")``, with ``day`` and ``prospect_id``).
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    chances: pd.DataFrame
    level: float

    @property
    def covered(self) -> pd.Series:
        """How many of the intervals held what came, by measure."""
        covered = (self.table.low <= self.table.realised) & (self.table.realised <= self.table.high)
        return covered.groupby(self.table.measure, sort=False).sum()

    @property
    def chance_scores(self) -> ChanceScores:
        """Brier scores of the chances of single deals, of the chain and of the weighted stages."""
        return score_chances(self.chances)

    @property
    def interval_scores(self) -> IntervalScores:
        """Coverage and interval scores of the totals; the measure stands as the forecaster."""
        frame = self.table.assign(forecaster=self.table.measure)
        return score_intervals(frame[["forecaster", "forecast", "low", "high", "realised"]], self.level)

    def mean_absolute_error(self) -> pd.DataFrame:
        """Compute the mean absolute error of the forecast and of the weighted stages.

        Returns
        -------
        DataFrame, one row per measure
            ``measure``, ``forecast``, ``weighted_stages``.
        """
        errors = self.table[["forecast", "weighted_stages"]].sub(self.table.realised, axis=0).abs()
        return errors.groupby(self.table.measure, sort=False).mean().reset_index()

    def summary(self) -> Summary:
        """Forecasts beside what came, and the errors of both ways."""
        errors, times = self.mean_absolute_error().set_index("measure"), self.table.day.nunique()
        facts = [
            (f"Intervals of {percent(self.level, 0)} that held, {name}", f"{covered} of {times}")
            for name, covered in self.covered.items()
        ]
        facts += [
            (f"Mean error, {row.Index}", f"{row.forecast:,.0f}; weighted stages {row.weighted_stages:,.0f}")
            for row in errors.itertuples()
        ]
        note = "Each forecast was made from what was known on its day."
        numbers = self.table.select_dtypes("number").round(1)
        return Summary("Earlier forecasts and what came", tuple(facts), self.table.assign(**numbers), note)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what was forecast and what came, day by day; amounts if there are any, else wins.

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
        >>> forecast = development.forecast_pipeline(log, months=2, past=3, draws=400, seed=1)
        >>> print(forecast.past.plot().get_title("left"))
        2 of 3 intervals of 80 % held the wins that came
        """
        name = self.table.measure.iloc[-1]
        rows = self.table[self.table.measure == name].set_index("day")
        ax = _draw.new_axes(ax)
        ax.vlines(
            rows.index,
            rows.low,
            rows.high,
            color=_draw.BLUE,
            linewidth=6,
            alpha=0.35,
            label=f"{percent(self.level, 0)} interval",
        )
        ax.plot(rows.index, rows.forecast, "o", color=_draw.BLUE, label="forecast")
        ax.plot(rows.index, rows.weighted_stages, "_", color=_draw.COLOURS[1], markersize=14, markeredgewidth=3, label=WEIGHTED)
        ax.plot(rows.index, rows.realised, "x", color=_draw.INK, markersize=9, markeredgewidth=2, label="came")
        ax.set_xticks(rows.index, rows.index.strftime("%Y-%m-%d"))
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False)
        what = "amount" if name == "amount" else "wins"
        return _draw.decorate(
            ax, title=f"{self.covered[name]} of {len(rows)} intervals of {percent(self.level, 0)} held the {what} that came",
            x="day of the forecast", y="amount won, in currency" if name == "amount" else "deals won",
            alt="; ".join(
                f"{day:%Y-%m-%d}: {row.low:,.0f} to {row.high:,.0f} forecast, {row.realised:,.0f} came"
                for day, row in rows.iterrows()
            ) + ".",
        )  # fmt: skip
