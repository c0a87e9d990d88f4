"""Scores of forecasts: who says 70 % should be right seven times in ten, and whose interval is short may not miss.

``score_forecasts`` reads forecasts beside what came, anybody's: a person's, a rule's, a model's. Chances get a Brier score and
its parts, numbers with intervals the share that held and Winkler's score. How a forecast is made is known in ``forecast``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary, percent, show
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SELF = "all"  # whose forecasts they are where nobody is named
_BINS = 10


def score_forecasts(forecasts: pd.DataFrame, *, level: float | None = None) -> ChanceScores | IntervalScores:
    """Score forecasts against what came, for each forecaster: chances by Brier's score, intervals by Winkler's.

    Parameters
    ----------
    forecasts : DataFrame
        Chances: ``chance`` (0 to 1) and ``came`` (``tables.describe("chance_forecasts")``). Or numbers with intervals:
        ``forecast``, ``low``, ``high`` and ``realised`` (``tables.describe("number_forecasts")``). With ``forecaster`` each is
        scored apart.
    level : float, optional
        What the intervals promise, such as 0.8. For numbers only, and needed there.

    Returns
    -------
    ChanceScores or IntervalScores

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, or an interval ends before it begins.
    ArgumentError
        ``level`` is missing where there are intervals, or given where there are none, or is no share.

    Notes
    -----
    The Brier score is the mean of (chance - came)^2: 0 is perfect, 0.25 is what "fifty-fifty" always gets. Murphy's parts of it
    are reliability (how far chances are from the shares that came; 0 is best), resolution (how far these shares are from each
    other; more is better) and uncertainty (what nobody can change): Brier = reliability - resolution + uncertainty. Up to 11
    different chances are taken as they are; more are put into ten bins, and ``within_bins`` is what is then left over.

    Winkler's score of an interval is its width, plus 2 / (1 - level) times what it missed by; less is better, and nobody gains
    by an interval that they do not believe.

    References
    ----------
    Brier (1950), Monthly Weather Review 78(1), 1-3. Murphy (1973), A new vector partition of the probability score, Journal
    of Applied Meteorology 12, 595-600. Stephenson, Coelho & Jolliffe (2008), Weather and Forecasting 23, 752-757. Winkler
    (1972), A decision-theoretic approach to interval estimation, Journal of the American Statistical Association 67, 187-191.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> deals = pd.DataFrame({"chance": [0.2] * 5 + [0.8] * 5, "came": [True] + [False] * 4 + [True] * 3 + [False] * 2})
    >>> development.score_forecasts(deals).table[["brier", "reliability", "resolution", "uncertainty"]].round(3)
       brier  reliability  resolution  uncertainty
    0   0.22         0.02        0.04         0.24
    """
    frame = _check.frame("forecasts", forecasts)
    if "chance" in frame:
        if level is not None:
            raise ArgumentError("`level` is what intervals promise; these forecasts are chances. Leave it out.")
        _engine.check(frame, "chance_forecasts")
        return score_chances(_named(frame))
    _engine.check(frame, "number_forecasts")
    if level is None:
        raise ArgumentError("give `level`, what the intervals promise, such as 0.8.")
    wrong = frame.low.to_numpy() > frame.high.to_numpy()
    _check.refuse_rows(frame, wrong, "`low` is above `high`", "forecasts", "Swap them, or mend these rows.")
    return score_intervals(_named(frame), _check.share("level", level))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts with a forecaster in each row."""
    return frame if "forecaster" in frame else frame.assign(forecaster=_SELF)


def score_chances(frame: pd.DataFrame) -> ChanceScores:
    """Score chances of named forecasters."""
    rows, tables = [], []
    for name, own in frame.groupby("forecaster", sort=False):
        chance, came = own.chance.to_numpy(float), own.came.to_numpy(float)
        row, table = brier_parts(chance, came)
        rows.append({"forecaster": name, **row})
        tables.append(table.assign(forecaster=name))
    calibration = pd.concat(tables, ignore_index=True)
    return ChanceScores(pd.DataFrame(rows), calibration[["forecaster", *calibration.columns[:-1]]])


def brier_parts(chance: np.ndarray, came: np.ndarray) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the Brier score of n forecasts with its parts, and the table of calibration they are made from."""
    values, group = np.unique(chance.round(12), return_inverse=True)
    if values.size > _BINS + 1:
        group = np.minimum((chance * _BINS + 1e-9).astype(int), _BINS - 1)
    groups = pd.DataFrame({"chance": chance, "came": came}).groupby(group)
    n, mean, share = (each.to_numpy() for each in (groups.size(), groups["chance"].mean(), groups["came"].mean()))
    errors, base = (chance - came) ** 2, came.mean()
    parts = {
        "n": chance.size, "brier": errors.mean(),
        "std_error": errors.std(ddof=1) / np.sqrt(errors.size) if errors.size > 1 else np.nan,
        "reliability": n @ (mean - share) ** 2 / chance.size, "resolution": n @ (share - base) ** 2 / chance.size,
        "uncertainty": base * (1 - base),
    }  # fmt: skip
    parts["within_bins"] = parts["brier"] - parts["reliability"] + parts["resolution"] - parts["uncertainty"]
    if values.size <= _BINS + 1:
        parts["within_bins"] = 0.0  # but for rounding
    low, high = wilson(share * n, n)
    return parts, pd.DataFrame({"chance": mean, "n": n, "share": share, "low": low, "high": high})


def wilson(successes: np.ndarray, n: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's interval of shares."""
    z = stats.norm.ppf((1 + level) / 2)
    share, spread = successes / n, z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(spread * share * (1 - share) + spread**2 / 4) / (1 + spread)
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)


def score_intervals(frame: pd.DataFrame, level: float) -> IntervalScores:
    """Score numbers and intervals of named forecasters."""
    realised, low, high = (frame[name].to_numpy(float) for name in ("realised", "low", "high"))
    each = pd.DataFrame({
        "forecaster": frame.forecaster.to_numpy(), "error": frame.forecast.to_numpy(float) - realised,
        "covered": (low <= realised) & (realised <= high), "score": winkler(low, high, realised, level), "width": high - low,
    })  # fmt: skip
    groups = each.assign(absolute=each.error.abs()).groupby("forecaster", sort=False)
    n, covered = groups.size(), groups["covered"].sum()
    ends = wilson(covered.to_numpy(), n.to_numpy())
    table = pd.DataFrame({
        "n": n, "mean_error": groups["error"].mean(), "mean_absolute_error": groups["absolute"].mean(), "coverage": covered / n,
        "low": ends[0], "high": ends[1], "mean_width": groups["width"].mean(), "interval_score": groups["score"].mean(),
    }).rename_axis("forecaster").reset_index()  # fmt: skip
    return IntervalScores(table, frame, level)


def winkler(low: np.ndarray, high: np.ndarray, realised: np.ndarray, level: float) -> np.ndarray:
    """Return the score of each interval: its width, and 2 / (1 - level) times what it missed by (Winkler 1972)."""
    return high - low + 2 / (1 - level) * (np.maximum(low - realised, 0) + np.maximum(realised - high, 0))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChanceScores(Result):
    """How good chances were.

    Attributes
    ----------
    table : DataFrame
        One row per forecaster (``tables.describe("chance_scores")``).
    calibration : DataFrame
        Of forecasts of about the same chance, the share that came, with its 95 % interval of Wilson
        (``tables.describe("calibration")``).
    """

    table: pd.DataFrame
    calibration: pd.DataFrame

    def summary(self) -> Summary:
        """The scores, each forecaster in a row."""
        best = self.table.loc[self.table.brier.idxmin()]
        note = "Brier = reliability - resolution + uncertainty; less is better, and always saying the share that came gets the "
        note += "uncertainty. Parts of few forecasts are mostly chance."
        facts = (("Best", f"{best.forecaster}: {show(best.brier)}"),) if len(self.table) > 1 else ()
        return Summary("Scores of chances", facts, self.table, note, "Brier (1950); Murphy (1973)")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share that came over the chance that was named, beside the line on which they are equal.

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
        >>> deals = pd.DataFrame({"chance": [0.2] * 5 + [0.8] * 5, "came": [True] + [False] * 4 + [True] * 3 + [False] * 2})
        >>> print(development.score_forecasts(deals).plot().get_title("left"))
        Where 80 % was named, 60 % came
        """
        table = self.calibration
        worst = table.loc[(table.n * (table.chance - table.share).abs()).idxmax()]
        lines = table.pivot_table(index="chance", columns="forecaster", values="share", sort=False).sort_index()
        lines = lines.interpolate(method="index", limit_area="inside").assign(**{"as named": lines.index})
        return _draw.curves(
            lines, title=f"Where {percent(worst.chance, 0)} was named, {percent(worst.share, 0)} came",
            x="chance that was named", y="share that came", share="xy", ax=ax,
            alt="; ".join(f"{row.forecaster}: {row.chance:.2f} named, {row.share:.2f} came" for row in table.itertuples()),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IntervalScores(Result):
    """How good numbers and their intervals were.

    Attributes
    ----------
    table : DataFrame
        One row per forecaster (``tables.describe("interval_scores")``).
    forecasts : DataFrame
        What was scored.
    level : float
        What the intervals promised.
    """

    table: pd.DataFrame
    forecasts: pd.DataFrame
    level: float

    def summary(self) -> Summary:
        """The scores, each forecaster in a row."""
        note = (
            f"Intervals of {percent(self.level, 0)}; `low` and `high` are the 95 % interval (Wilson) of the share that held. "
        )
        note += "Less is better in the interval score, which punishes width and misses together."
        return Summary("Scores of numbers and their intervals", (), self.table, note, "Winkler (1972)")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what came less what was forecast, with the intervals about the forecast.

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
        >>> sales = pd.DataFrame({"forecast": [10, 10.0], "low": [8, 9.0], "high": [12, 11.0], "realised": [11, 13.0]})
        >>> print(development.score_forecasts(sales, level=0.8).plot().get_title("left"))
        1 of 2 intervals of 80 % held
        """
        rows = self.forecasts.reset_index(drop=True)
        covered = int(((rows.low <= rows.realised) & (rows.realised <= rows.high)).sum())
        table = pd.DataFrame({
            "label": [f"{row.forecaster} {row.Index + 1}" for row in rows.itertuples()],
            "middle": rows.forecast - rows.realised, "low": rows.low - rows.realised, "high": rows.high - rows.realised,
            "group": rows.forecaster,
        })  # fmt: skip
        return _draw.interval_plot(
            table, title=f"{covered} of {len(rows)} intervals of {percent(self.level, 0)} held", zero=True, ax=ax,
            x="forecast less what came (bar: its interval)",
            alt="; ".join(f"{row.label}: {row.low:.3g} to {row.high:.3g}" for row in table.itertuples()) + ". What came is 0.",
        )  # fmt: skip
