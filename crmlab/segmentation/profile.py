"""Profiles: what the customers of each segment are like in variables that did not form the segments.

Each variable is compared over the segments by an effect size with an interval: eta squared for numbers, Cramér's V for
categories. It reads a row per customer and the segment of each; it does not know how segments were formed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crmlab import _check, _draw
from crmlab._result import Result, Summary
from crmlab._verdict import Verdict, verdict
from crmlab.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_CATEGORIES = 50


def profile(
    table: pd.DataFrame, segments: pd.Series, *, columns: Sequence[str] | None = None, level: float = 0.95
) -> SegmentProfile:
    """Profile segments on variables that did not form them, and say how much each variable differs over the segments.

    - Numbers: eta² = SS_between / SS_total, with the interval of the noncentral F: eta² = L / (L + n) for every
      noncentrality L.
    - Categories (text, yes or no): Cramér's V = sqrt(chi² / (n m)), m the smaller number of segments or categories less one,
      with the interval of the noncentral chi²: V = sqrt((L + df) / (n m)), which reaches down to 0 where L = 0 is held.

    Intervals hold each at ``level``. Rows whose segment or variable is missing are left out and counted, variable by variable.

    Parameters
    ----------
    table : DataFrame, one row per customer
    segments : Series
        Segment of each row, with the index of the table, such as ``fit.predict(table).segment``.
    columns : sequence of str, optional
        Variables; by default all columns but ``customer_id``.
    level : float
        Of confidence.

    Returns
    -------
    SegmentProfile

    Raises
    ------
    DataError
        The index of ``segments`` is not that of the table, there are fewer than two segments, a variable is constant, holds
        dates, infinite values, or more than 50 categories.
    ArgumentError
        ``level`` is no share.

    References
    ----------
    Steiger (2004), Beyond the F test, Psychological Methods 9. Smithson (2003), Confidence Intervals, chapter 4: both by
    inverting noncentral distributions.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> customers = pd.DataFrame({"age": [20, 22, 24, 26, 60, 62, 64, 66], "city": ["A", "B"] * 4})
    >>> profiled = segmentation.profile(customers, pd.Series([1] * 4 + [2] * 4))
    >>> profiled.effects[["column", "measure", "effect"]].round(2).to_numpy().tolist()
    [['age', 'eta squared', 0.99], ['city', "Cramér's V", 0.0]]
    """
    level = _check.share("level", level)
    names, labels = _read(table, segments, columns)
    effects, means = [], []
    for name in names:
        is_usable = (table[name].notna() & labels.notna()).to_numpy()
        values, groups = table[name][is_usable], labels[is_usable]
        if groups.nunique() < 2 or values.nunique() < 2:
            raise DataError(f"column `{name}` is constant, or known in fewer than two segments. Leave it out with `columns=`.")
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        measure, effect, low, high = (_eta_squared if numeric else _cramers_v)(name, values, groups, level)
        effects.append({
            "column": name, "measure": measure, "effect": effect, "low": low, "high": high,
            "n": len(values), "n_excluded": int(len(table) - is_usable.sum()),
        })  # fmt: skip
        means.append(_means(name, values, groups, numeric))
    return SegmentProfile(pd.concat(means, ignore_index=True), pd.DataFrame(effects), level)


def _read(table: pd.DataFrame, segments: pd.Series, columns: Sequence[str] | None) -> tuple[list[str], pd.Series]:
    _check.frame("table", table, "Give one row per customer.")
    if not isinstance(segments, pd.Series) or len(segments) != len(table) or not segments.index.equals(table.index):
        raise DataError("`segments` must be a Series with the index of the table, such as `fit.predict(table).segment`.")
    names = [name for name in table if name != "customer_id"] if columns is None else list(columns)
    _check.required_columns(list(table.columns), "customer", names)
    if not names:
        raise DataError("no column is left to profile the segments on. Name at least one in `columns=`.")
    if segments.nunique() < 2:
        raise DataError("`segments` must name at least two segments: one segment differs from nothing.")
    for name in names:
        if pd.api.types.is_datetime64_any_dtype(table[name]):
            raise DataError(f"column `{name}` holds dates. Give the days since then as a number, or leave it out.")
        if pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]):
            _check.numeric_columns(table, [name], "customer", missing=True)
        elif table[name].nunique() > _MOST_CATEGORIES:
            raise DataError(f"column `{name}` has more than {_MOST_CATEGORIES} categories. Merge some, or leave it out.")
    return names, segments


def _eta_squared(name: str, values: pd.Series, groups: pd.Series, level: float) -> tuple[str, float, float, float]:
    sample = [part.to_numpy(float) for _, part in values.groupby(groups)]
    n, between, within = len(values), len(sample) - 1, len(values) - len(sample)
    if within < 1:
        raise DataError(f"column `{name}` needs more rows than segments to say how much it differs; it has {n}.")
    whole = np.concatenate(sample)
    total = ((whole - whole.mean()) ** 2).sum()
    effect = sum(len(part) * (part.mean() - whole.mean()) ** 2 for part in sample) / total
    if effect > 1 - 1e-12:
        return "eta squared", 1.0, 1.0, 1.0
    f = effect / between / ((1 - effect) / within)
    low, high = _noncentralities(lambda size: stats.ncf.cdf(f, between, within, size), level, f * between + 10)
    return "eta squared", float(effect), low / (low + n), max(high / (high + n), float(effect))


def _cramers_v(name: str, values: pd.Series, groups: pd.Series, level: float) -> tuple[str, float, float, float]:
    counts = pd.crosstab(groups, values.astype(str)).to_numpy()
    n, freedom, smaller = counts.sum(), (counts.shape[0] - 1) * (counts.shape[1] - 1), min(counts.shape) - 1
    chi2 = float(stats.chi2_contingency(counts, correction=False).statistic)
    low, high = _noncentralities(lambda size: stats.ncx2.cdf(chi2, freedom, size), level, chi2 + freedom + 10)
    lower, upper = (min(1.0, float(np.sqrt((size + freedom) / (n * smaller)))) for size in (low, high))
    return "Cramér's V", float(np.sqrt(chi2 / (n * smaller))), lower if low else 0.0, upper


def _noncentralities(cumulated: Callable[[float], float], level: float, near: float) -> tuple[float, float]:
    """Return the ends of the interval of a noncentrality: where the observed statistic is at either tail; 0 where below it.

    The search begins near the statistic: far beyond it scipy's distributions are NaN.
    """
    ends = []
    for tail in ((1 + level) / 2, (1 - level) / 2):
        end = near
        while cumulated(end) > tail:
            end *= 2
        is_zero = cumulated(1e-12) <= tail
        ends.append(0.0 if is_zero else optimize.brentq(lambda size, tail=tail: cumulated(size) - tail, 1e-12, end))
    return ends[0], ends[1]


def _means(name: str, values: pd.Series, groups: pd.Series, numeric: bool) -> pd.DataFrame:
    """Return the mean of a number, or the share of each category, in each segment."""
    shares = values.groupby(groups).mean().to_frame() if numeric else pd.crosstab(groups, values.astype(str), normalize="index")
    shares.columns = [None] if numeric else list(shares.columns)
    rows = [
        (segment, name, category, float(value))
        for segment, line in shares.iterrows() for category, value in line.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["segment", "column", "category", "estimate"]).astype({"category": "str"})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SegmentProfile(Result):
    """What segments are like in variables that did not form them.

    Attributes
    ----------
    table : DataFrame
        Mean of each number and share of each category in each segment (``tables.describe("segment_profile")``).
    effects : DataFrame
        One row per variable (``tables.describe("segment_effects")``): how much it differs over the segments.
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    effects: pd.DataFrame
    level: float

    def summary(self) -> Summary:
        """Show the effect sizes; which variables differ beyond chance is said in words."""
        return Summary(
            "Profile of segments", (("Level of the intervals", self.level),), self.effects, self._finding() + ".",
            "Steiger (2004); Smithson (2003)",
        )  # fmt: skip

    def _finding(self) -> str:
        differ = [verdict(row.low, row.high, n=row.n) is Verdict.HIGHER for row in self.effects.itertuples()]
        return f"The segments differ beyond chance in {sum(differ)} of {len(differ)} variables"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect size of each variable with its interval, the largest first.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> customers = pd.DataFrame({"age": [20, 22, 24, 26, 60, 62, 64, 66], "city": ["A", "B"] * 4})
        >>> segmentation.profile(customers, pd.Series([1] * 4 + [2] * 4)).plot().get_title("left")
        'The segments differ beyond chance in 1 of 2 variables'
        """
        rows = self.effects.assign(order=-self.effects.effect.round(9)).sort_values(["order", "column"], kind="stable")
        rows = rows.assign(label=rows.column, middle=rows.effect, group=rows.measure)
        ax = _draw.interval_plot(
            rows, title=self._finding(), x=f"effect size (0 to 1), {100 * self.level:g} % interval",
            alt="; ".join(f"{row.label} {row.effect:.2f} ({row.low:.2f} to {row.high:.2f})" for row in rows.itertuples()) + ".",
            ax=ax,
        )  # fmt: skip
        ax.set_xlim(-0.02, 1.02)
        return ax
