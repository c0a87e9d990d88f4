"""Management's side: the five gaps between what customers expect and what they get.

Between the two lie four places where quality can be lost: the firm misreads the expectation, sets too low a standard,
misses its standard, or promises more than it keeps. This module sets customers' answers beside the tables of the firm and
returns each gap with its interval. It reads dimensions already averaged and keyed (see ``gaps`` for the questionnaire);
what managers think matters is in ``beliefs``. It does not know which gap causes which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, show
from crmlab._verdict import Verdict, between_intervals, leaders, verdict
from crmlab.errors import DataError
from crmlab.satisfaction.differences import COLUMNS, mean_estimate, welch, with_intervals
from crmlab.satisfaction.firm_tables import customer_answers, manager_beliefs, monthly_levels
from crmlab.tables import DIMENSIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlab.satisfaction.firm_tables import FirmTable

_LEVELS = ("expected", "believed", "standard", "delivered", "promised", "perceived")
#: Gap -> what it is, the level that falls short, the level it is compared with.
_GAPS = {
    "gap1": ("knowing the customer", "believed", "expected"),
    "gap2": ("setting the standard", "standard", "believed"),
    "gap3": ("keeping the standard", "delivered", "standard"),
    "gap4": ("keeping the promise", "delivered", "promised"),
    "gap5": ("what the customer feels", "perceived", "expected"),
}


def five_gaps(
    customers: pd.DataFrame, managers: FirmTable, standards: FirmTable, delivery: FirmTable, promises: FirmTable, *,
    wave: int | None = None, level: float = 0.95, simultaneous: bool = True,
) -> FiveGaps:  # fmt: skip
    """Measure the five gaps of service quality, one row per ``dimension``; below zero is short.

    Gap 1 is believed less expected, 2 standard less believed, 3 delivered less standard, 4 delivered less promised, 5
    perceived less expected. Their standard errors: gap 1 by Welch (managers against customers), 2 from the
    managers, 3 and 4 from the months as if they were independent readings (one month tells no spread, so its
    interval is unknown), 5 from the customers' own differences. Standards and promises have no error of sampling.

    Parameters
    ----------
    customers : DataFrame
        One row per respondent with ``expected_<dimension>`` and ``perceived_<dimension>``, means from 1 to 7.
        Rows that lack one of the two are left out of that dimension and counted.
    managers, standards, delivery, promises : DataFrame, path or Ibis table
        As ``tables.describe("manager_survey")``, ``"standards"``, ``"delivery"``, ``"promises"``. The last three are
        averaged over their months, which must be the same.
    wave : int, optional
        Which wave of the managers' survey; by default the latest.
    level : float
        Confidence level of ``table`` and ``plot``.
    simultaneous : bool
        Whether the five intervals of a gap hold together with that level (Bonferroni), or each for itself.

    Returns
    -------
    FiveGaps

    Raises
    ------
    DataError
        A column or a dimension is missing, an answer lies outside 1 to 7, a respondent stands there twice, the
        months differ, or there is no such wave.
    ArgumentError
        An argument is out of range.

    References
    ----------
    Parasuraman, Zeithaml & Berry (1985), A conceptual model of service quality and its implications for future
    research, Journal of Marketing 49(4), 41-50.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import datasets, satisfaction, tables
    >>> customers = pd.DataFrame({
    ...     f"{kind}_{name}": [high, high - 1]
    ...     for kind, high in (("expected", 6), ("perceived", 5)) for name in tables.DIMENSIONS
    ... })
    >>> firm = [datasets.load(name) for name in ("manager_survey", "standards", "delivery", "promises")]
    >>> gaps = satisfaction.five_gaps(customers, *firm)
    >>> gaps.table[["dimension", "expected", "perceived", "gap5"]].head(2)
         dimension  expected  perceived  gap5
    0  reliability       5.5        4.5  -1.0
    1    assurance       5.5        4.5  -1.0
    """
    level, simultaneous = _check.share("level", level), _check.flag("simultaneous", simultaneous)
    expected, perceived = (customer_answers(customers, kind, 1, 7) for kind in ("expected", "perceived"))
    beliefs = manager_beliefs(managers, "believed_expectation", wave)
    months = monthly_levels(standards, delivery, promises)
    answered = ~(np.isnan(expected) | np.isnan(perceived))
    levels, gaps = {}, []
    for k, name in enumerate(DIMENSIONS):
        rows = answered[:, k]
        if not rows.any():
            raise DataError(f"no respondent has both `expected_{name}` and `perceived_{name}`. Each dimension needs answers.")
        values = {
            "expected": expected[rows, k], "believed": beliefs[name].dropna().to_numpy(),
            "standard": months["standards"][name].to_numpy(), "delivered": months["delivery"][name].to_numpy(),
            "promised": months["promises"][name].to_numpy(), "perceived": perceived[rows, k],
        }  # fmt: skip
        levels[name] = {level: np.mean(values[level]) for level in _LEVELS} | {"n": rows.sum(), "n_excluded": (~rows).sum()}
        gaps += [(gap, name, *estimate) for gap, estimate in zip(_GAPS, _gap_estimates(**values), strict=True)]
    table = pd.DataFrame(gaps, columns=["gap", "dimension", *COLUMNS]).sort_values("gap", kind="stable", ignore_index=True)
    return FiveGaps(pd.DataFrame(levels).T, table, len(beliefs), len(months["delivery"]), level, simultaneous)


def _gap_estimates(
    expected: np.ndarray, believed: np.ndarray, standard: np.ndarray, delivered: np.ndarray, promised: np.ndarray,
    perceived: np.ndarray,
) -> tuple[tuple[float, float, float], ...]:  # fmt: skip
    """Estimate, standard error and degrees of freedom of the five gaps of one dimension."""
    return (
        welch(believed, expected),
        mean_estimate(standard.mean() - believed),
        mean_estimate(delivered - standard),
        mean_estimate(delivered - promised),
        mean_estimate(perceived - expected),
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FiveGaps(Result):
    """The five gaps of service quality.

    Attributes
    ----------
    levels : DataFrame, one row per dimension
        ``expected``, ``believed``, ``standard``, ``delivered``, ``promised``, ``perceived`` in points of the seven-point scale;
        ``n`` and ``n_excluded``, how many customers they rest on and how many were left out.
    gaps : DataFrame, one row per gap and dimension
        ``gap``, ``dimension``, ``estimate`` (below zero is short), ``std_error``, ``df``.
    n_managers, n_months : int
        How many stand behind the beliefs, and behind standards, delivery and promises.
    level : float
        Confidence level of ``table`` and ``plot``.
    simultaneous : bool
        Whether the intervals of a gap hold together with that level.
    """

    levels: pd.DataFrame
    gaps: pd.DataFrame
    n_managers: int
    n_months: int
    level: float
    simultaneous: bool

    def intervals(self, level: float = 0.95, *, simultaneous: bool = True) -> pd.DataFrame:
        """Return ``gaps`` with the ends ``low`` and ``high`` of t intervals.

        Parameters
        ----------
        level : float
            Confidence level.
        simultaneous : bool
            Whether the five intervals of a gap hold together with at least the level (Bonferroni).

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> customers = satisfaction.score_rater(satisfaction.simulate_survey(50, seed=1)).respondents
        >>> firm = [datasets.load(name) for name in ("manager_survey", "standards", "delivery", "promises")]
        >>> gaps = satisfaction.five_gaps(customers, *firm).intervals(0.9)
        >>> of_gap_5 = gaps[gaps.gap == "gap5"].set_index("dimension")
        >>> of_gap_5.loc[["reliability", "tangibles"], ["estimate", "low", "high"]].round(2)
                     estimate   low  high
        dimension
        reliability     -0.78 -1.11 -0.44
        tangibles        0.10 -0.29  0.48
        """
        return with_intervals(self.gaps, level, len(DIMENSIONS) if _check.flag("simultaneous", simultaneous) else 1)

    @property
    def table(self) -> pd.DataFrame:
        """One row per dimension (``tables.describe("five_gaps")``): how many answered, the six levels, and each gap with
        its interval."""
        intervals = self._intervals().set_index(["dimension", "gap"])
        gaps = {
            f"{gap}{suffix}": intervals[column].unstack().reindex(DIMENSIONS)[gap]
            for gap in _GAPS
            for column, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high"))
        }
        counts = self.levels[["n", "n_excluded"]].astype(int)
        return (
            pd.concat([counts, self.levels[list(_LEVELS)], pd.DataFrame(gaps)], axis=1).rename_axis("dimension").reset_index()
        )

    def summary(self) -> Summary:
        """The largest shortfall, and all gaps."""
        formulas = (f"{gap[:3].title()} {gap[3:]}: {upper} less {lower}." for gap, (_, upper, lower) in _GAPS.items())
        return Summary(
            "The five gaps of service quality",
            facts=(
                ("Largest shortfall", self._worst()),
                ("Managers", self.n_managers),
                ("Months of standards, delivery and promises", self.n_months),
                ("Answers left out, one half missing", int(self.levels["n_excluded"].sum())),
            ),
            table=self.table[["dimension", *_LEVELS, *_GAPS]],
            note="Points of the seven-point scale; below zero is short. " + " ".join(formulas),
            source="Parasuraman, Zeithaml & Berry (1985)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each gap with its interval, in five blocks: filled where the interval leaves out zero.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new chart.

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> customers = satisfaction.score_rater(satisfaction.simulate_survey(50, seed=1)).respondents
        >>> firm = [datasets.load(name) for name in ("manager_survey", "standards", "delivery", "promises")]
        >>> len(satisfaction.five_gaps(customers, *firm).plot().get_yticks())
        25
        """
        rows = self._intervals()
        ax = _draw.new_axes(ax, height=9)
        y, places, names = 0, [], []
        for gap, (words, upper, lower) in _GAPS.items():
            y -= 2  # an empty line and the heading
            heading = f"Gap {gap[3:]}, {words}: {upper} less {lower}"
            ax.text(0, y, heading, transform=ax.get_yaxis_transform(), va="center", bbox={"facecolor": "white", "lw": 0})
            for row in rows[rows["gap"] == gap].itertuples():
                y -= 1
                certain, short = verdict(row.low, row.high) in (Verdict.HIGHER, Verdict.LOWER), row.estimate < 0
                colour = (_draw.RED if short else _draw.GREEN) if certain else _draw.PALE
                ax.plot([row.low, row.high], [y, y], color=colour)
                ax.plot(row.estimate, y, "o" if short else "D", color=colour, markerfacecolor=colour if certain else "white")
                places.append(y)
                names.append(row.dimension)
        ax.set_yticks(places, names)
        ax.set_ylim(y - 1, -1)
        ax.axvline(0, color=_draw.INK, linewidth=1)
        ax.grid(axis="y", visible=False)
        kind = "holding together for the five of a gap" if self.simultaneous else "each for itself"
        return _draw.decorate(
            ax,
            title=f"Largest shortfall: {self._worst()}".replace("-", "−"),
            x=f"points of the seven-point scale, below zero is short\n({100 * self.level:g} % intervals, {kind})",
            alt="; ".join(
                f"{gap[:3]} {gap[3:]}: " + ", ".join(f"{row.dimension} {row.estimate:.2f}" for row in group.itertuples())
                for gap, group in rows.groupby("gap")
            )
            + ". Open marks: the interval holds zero.",
        )

    def _intervals(self) -> pd.DataFrame:
        return self.intervals(self.level, simultaneous=self.simultaneous)

    def _worst(self) -> str:
        """The largest shortfall, as far as intervals of all gaps that hold together tell it."""
        gaps, places = self.gaps, [str(place) for place in range(len(self.gaps))]

        def shortfall(level: float) -> tuple[pd.Series, pd.Series]:
            ends = with_intervals(gaps, level)
            return -ends["high"], -ends["low"]

        together = with_intervals(gaps, self.level, len(gaps))
        n_short = sum(verdict(row.low, row.high) is Verdict.LOWER for row in together.itertuples())
        if not n_short:
            return "none beyond chance"
        first = leaders(places, -gaps["estimate"], between_intervals(shortfall), level=self.level)
        if len(first) != 1:
            return f"not settled, among {n_short} of {len(gaps)} gaps that fall short beyond chance"
        row = gaps.iloc[int(first[0])]
        _, upper, lower = _GAPS[row["gap"]]
        return f"{row['dimension']}, {upper} less {lower} (gap {row['gap'][3:]}), {show(row['estimate'], 2)} points"
