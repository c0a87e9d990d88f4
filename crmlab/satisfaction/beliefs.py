"""Beliefs: what managers think their customers care for, beside what these say.

``misjudgement`` compares the importance that managers believe in with the importance that customers give, by ranks with a
permutation test and dimension by dimension. It reads points of importance; the gaps between the levels of service are in
``management``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from crmlab import _check, _draw
from crmlab._result import Result, Summary
from crmlab._verdict import between_intervals, leaders, listed
from crmlab.errors import DataError
from crmlab.satisfaction.differences import COLUMNS, p_values, welch, with_intervals
from crmlab.satisfaction.firm_tables import customer_answers, manager_beliefs
from crmlab.tables import DIMENSIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlab.satisfaction.firm_tables import FirmTable

_BLOCK = 1_000  # permutations at a time: fast, and never more than some megabytes


def misjudgement(
    customers: pd.DataFrame, managers: FirmTable, *, seed: int, wave: int | None = None, permutations: int = 10_000
) -> Misjudgement:
    """Test whether managers know what matters to customers, one row per ``dimension``: rank disagreement by permutations.

    The dimensions are ranked by the mean of the points that customers give, and that managers believe they give. The
    statistic is the sum of squared rank differences. If managers judged like customers, it would not matter whose profile of
    points is called whose: the labels are drawn again ``permutations`` times, and the p value is the share of draws,
    the observed one included, that disagree at least as much. It asks whether the whole profiles have one source, so a
    difference in their spread counts, too. Few managers disagree with anyone by chance: see the differences, dimension by
    dimension (managers less customers), with Welch's t and p values adjusted by Holm.

    Parameters
    ----------
    customers : DataFrame
        One row per respondent with ``importance_<dimension>``, points; rows that lack one are left out and counted.
    managers : DataFrame, path or Ibis table
        As ``tables.describe("manager_survey")``.
    seed : int
        The same seed gives the same permutations.
    wave : int, optional
        Which wave of the managers' survey; by default the latest.
    permutations : int
        How often the labels are drawn.

    Returns
    -------
    Misjudgement

    Raises
    ------
    DataError
        A column or a dimension is missing, points lie outside 0 to 100, a respondent stands there twice, there
        are fewer than two on a side, or there is no such wave.
    ArgumentError
        An argument is out of range.

    References
    ----------
    Spearman (1904), The proof and measurement of association between two things, American Journal of Psychology
    15(1). Phipson & Smyth (2010), Permutation p-values should never be zero, Statistical Applications in Genetics and
    Molecular Biology 9(1), 39. Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> survey = datasets.load("survey")
    >>> judged = satisfaction.misjudgement(survey[survey.wave == 6], datasets.load("manager_survey"), seed=1)
    >>> judged.table.set_index("dimension").loc["tangibles", ["customer_rank", "manager_rank"]].to_dict()
    {'customer_rank': 5.0, 'manager_rank': 1.0}
    """
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    permutations = _check.integer("permutations", permutations, 1)
    given = customer_answers(customers, "importance", 0, 100)
    believed = manager_beliefs(managers, "believed_importance", wave).to_numpy(dtype=float)
    points = {"customer": _complete(given, "customers"), "manager": _complete(believed, "managers")}
    statistic, p_value = _label_test(points["customer"], points["manager"], permutations, rng)
    rows = [welch(points["manager"][:, k], points["customer"][:, k]) for k in range(len(DIMENSIONS))]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.insert(0, "dimension", DIMENSIONS)
    for side, values in points.items():
        table[f"{side}_points"] = values.mean(axis=0)
        table[f"{side}_rank"] = _ranks(values.mean(axis=0))
    table["p_value"], table["p_holm"] = p_values(table), np.nan
    known = table["p_value"].notna()
    if known.any():
        table.loc[known, "p_holm"] = multipletests(table.loc[known, "p_value"], method="holm")[1]
    n_customers, n_managers = len(points["customer"]), len(points["manager"])
    excluded = len(given) - n_customers, len(believed) - n_managers
    return Misjudgement(table, statistic, p_value, permutations, n_customers, n_managers, *excluded)


def _complete(points: np.ndarray, side: str) -> np.ndarray:
    """The rows with points for all dimensions."""
    complete = points[~np.isnan(points).any(axis=1)]
    if len(complete) < 2:
        raise DataError(f"a test needs two {side} or more with points for all dimensions; there are {len(complete)}.")
    return complete


def _label_test(
    customers: np.ndarray, managers: np.ndarray, permutations: int, rng: np.random.Generator
) -> tuple[float, float]:  # fmt: skip
    """Rank disagreement of two groups of profiles, and its p-value by drawing again who is called a manager."""
    statistic = float(_disagreement(customers.mean(axis=0), managers.mean(axis=0)))
    pooled, n_customers, n_managers = np.concatenate([customers, managers]), len(customers), len(managers)
    total, exceeding = pooled.sum(axis=0), 0
    for start in range(0, permutations, _BLOCK):
        keys = rng.random((min(_BLOCK, permutations - start), len(pooled)))  # the smallest keys are called managers
        drawn = pooled[np.argpartition(keys, n_managers, axis=1)[:, :n_managers]].sum(axis=1)  # no ties
        exceeding += int((_disagreement((total - drawn) / n_customers, drawn / n_managers) >= statistic).sum())
    return statistic, (exceeding + 1) / (permutations + 1)


def _disagreement(customers: np.ndarray, managers: np.ndarray) -> np.ndarray:
    """Sum of squared rank differences, of one pair of profiles or of many (rows)."""
    return ((_ranks(customers) - _ranks(managers)) ** 2).sum(axis=-1)


def _ranks(points: np.ndarray) -> np.ndarray:
    """1 for the most important; ties, up to the ninth decimal, share the mean of their ranks."""
    return stats.rankdata(-np.round(points, 9), axis=-1)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Misjudgement(Result):
    """How managers misjudge what matters to customers.

    Attributes
    ----------
    differences : DataFrame, one row per dimension
        ``dimension``, ``estimate`` (mean points of managers less those of customers), ``std_error``, ``df``; the means
        ``customer_points`` and ``manager_points``, their ranks ``customer_rank`` and ``manager_rank`` (1 is most important);
        ``p_value`` of Welch's test, ``p_holm`` adjusted for five.
    statistic : float
        Sum of squared rank differences.
    p_value : float
        Of the permutation test of the whole.
    permutations : int
    n_customers, n_managers : int
        How many gave points for all dimensions.
    n_excluded_customers, n_excluded_managers : int
        How many did not, and were left out.
    """

    differences: pd.DataFrame
    statistic: float
    p_value: float
    permutations: int
    n_customers: int
    n_managers: int
    n_excluded_customers: int
    n_excluded_managers: int

    @property
    def rank_correlation(self) -> float:
        """Spearman's rho of the two rankings: 1 the same order, -1 the opposite; NaN if one side tells nothing apart."""
        ranks = self.differences[["customer_rank", "manager_rank"]].to_numpy()
        return float(np.corrcoef(ranks.T)[0, 1]) if ranks.std(axis=0).all() else float("nan")

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return ``differences`` with the ends ``low`` and ``high`` of Welch's intervals, each for itself.

        Parameters
        ----------
        level : float
            Confidence level.

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> survey = datasets.load("survey").query("wave == 6")
        >>> judged = satisfaction.misjudgement(survey, datasets.load("manager_survey"), seed=1, permutations=99)
        >>> judged.intervals(0.9).set_index("dimension").loc["tangibles", ["estimate", "low", "high"]].gt(0).tolist()
        [True, True, True]
        """
        return with_intervals(self.differences, level)

    @property
    def table(self) -> pd.DataFrame:
        """One row per dimension (``tables.describe("misjudgement")``): mean points, ranks, difference with 95 % interval,
        p-values."""
        columns = [
            "dimension",
            "customer_points",
            "manager_points",
            "customer_rank",
            "manager_rank",
            "difference",
            "low",
            "high",
        ]
        return self.intervals().rename(columns={"estimate": "difference"})[[*columns, "p_value", "p_holm"]]

    def summary(self) -> Summary:
        """What is misjudged most, and all dimensions."""
        return Summary(
            "What managers think matters to customers",
            facts=(
                ("Finding", self._finding()),
                ("Sum of squared rank differences", self.statistic),
                ("Spearman's rho of the rankings", self.rank_correlation),
                (f"p value ({self.permutations:,} permutations)", self.p_value),
                ("Customers", self.n_customers),
                ("Managers", self.n_managers),
                ("Left out, points missing", self.n_excluded_customers + self.n_excluded_managers),
            ),
            table=self.table.drop(columns="p_value"),
            note="Points of importance out of 100; the difference is managers less customers; p values by Welch and Holm.",
            source="Spearman (1904); Phipson & Smyth (2010)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw mean points of customers and of managers, dimension by dimension, in the customers' order.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new chart.

        Examples
        --------
        >>> from crmlab import datasets, satisfaction
        >>> survey = datasets.load("survey").query("wave == 6")
        >>> judged = satisfaction.misjudgement(survey, datasets.load("manager_survey"), seed=1, permutations=99)
        >>> judged.plot().get_title("left")
        'Managers overrate tangibles most, by ... points'
        """
        table = self.table.sort_values("customer_points", kind="stable", key=lambda points: points.round(9))
        ax = _draw.new_axes(ax)
        y = np.arange(len(table))
        ax.hlines(y, table["customer_points"], table["manager_points"], color=_draw.PALE)
        ax.plot(table["customer_points"], y, "o", color=_draw.BLUE, markersize=9, label=f"customers ({self.n_customers:,})")
        ax.plot(table["manager_points"], y, "D", color=_draw.RED, markersize=9, label=f"managers ({self.n_managers:,})")
        ax.set_yticks(y, table["dimension"])
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15))  # one column has room on a telephone
        alt = (
            f"{row.dimension}: customers {row.customer_points:.1f}, managers {row.manager_points:.1f}"
            for row in table.itertuples()
        )
        return _draw.decorate(ax, title=self._finding(), x="mean points of importance, out of 100", alt="; ".join(alt) + ".")

    def _finding(self) -> str:
        """What managers misjudge beyond chance, and what most, as far as the intervals tell it."""
        certain = self.differences[self.differences["p_holm"] < 0.05]
        if certain.empty:
            return "No difference between managers and customers is beyond chance"
        sizes = self.differences.set_index("dimension")["estimate"]
        over, under = (list(certain["dimension"][sign * certain["estimate"] > 0]) for sign in (1, -1))
        most = leaders(DIMENSIONS, sizes.abs(), between_intervals(self._sizes))
        if len(most) == 1 and most[0] in certain["dimension"].tolist():
            verb = "overrate" if sizes[most[0]] > 0 else "underrate"
            return f"Managers {verb} {most[0]} most, by {abs(sizes[most[0]]):.1f} points"
        verbs = [f"{verb} {listed(names)}" for verb, names in (("overrate", over), ("underrate", under)) if names]
        return f"Managers {' and '.join(verbs)}" + ("; which most is not settled" if len(certain) > 1 else "")

    def _sizes(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the intervals of the differences' sizes, signs set aside."""
        ends = self.intervals(level)[["low", "high"]].to_numpy()
        nearest = np.where(
            np.prod(ends, axis=1) > 0, np.abs(ends).min(axis=1), np.where(np.isnan(ends).any(axis=1), np.nan, 0.0)
        )
        return nearest, np.abs(ends).max(axis=1)
