"""Management's side: the five gaps, and what managers think their customers care for.

Between what customers expect and what they get lie four places where it can be lost: the firm misreads the
expectation, sets too low a standard, misses its standard, or promises more than it keeps. This room sets customers' answers
beside the tables of the firm (managers' beliefs, standards, delivery, promises) and returns each gap with its interval,
and the managers' misjudgement of importance with a test. It reads dimensions already averaged and keyed (see
``gaps`` for the questionnaire); it does not know which gap causes which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from crmlab import _check, _draw, _engine
from crmlab._result import Summary, show
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import DIMENSIONS, Column, Table

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

_LEVELS = ("expected", "believed", "standard", "delivered", "promised", "perceived")
#: Gap -> what it is, the level that falls short, the level it is held against.
_GAPS = {
    "gap1": ("knowing the customer", "believed", "expected"),
    "gap2": ("setting the standard", "standard", "believed"),
    "gap3": ("keeping the standard", "delivered", "standard"),
    "gap4": ("keeping the promise", "delivered", "promised"),
    "gap5": ("what the customer feels", "perceived", "expected"),
}


def five_gaps(
    customers: pd.DataFrame, managers: pd.DataFrame | ibis.Table | str | PathLike,
    standards: pd.DataFrame | ibis.Table | str | PathLike, delivery: pd.DataFrame | ibis.Table | str | PathLike,
    promises: pd.DataFrame | ibis.Table | str | PathLike, *, wave: int | None = None, level: float = 0.95,
    simultaneous: bool = True,
) -> FiveGaps:  # fmt: skip
    """The five gaps of service quality, dimension by dimension; below zero is short.

    Gap 1 is believed less expected, 2 standard less believed, 3 delivered less standard, 4 delivered less promised, 5
    perceived less expected. Their standard errors: gap 1 by Welch (managers against customers), 2 from the
    managers, 3 and 4 from the months as if they were independent readings (one month tells no spread, so its
    interval is unknown), 5 from the customers' own differences. Standards and promises have no error of sampling.

    Parameters
    ----------
    customers : DataFrame
        One row per respondent with ``expected_<dimension>`` and ``perceived_<dimension>``, means from 1 to 7. Who
        lacks one of the two is left out of that dimension and counted.
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
        months differ, or a wave is not there.
    ArgumentError
        ``customers`` is no DataFrame, or an argument is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import datasets, satisfaction, tables
    >>> customers = pd.DataFrame({
    ...     f"{kind}_{name}": [high, high - 1]
    ...     for kind, high in (("expected", 6), ("perceived", 5)) for name in tables.DIMENSIONS
    ... })
    >>> firm = [datasets.load(name) for name in ("manager_survey", "standards", "delivery", "promises")]
    >>> found = satisfaction.five_gaps(customers, *firm)
    >>> found.table[["dimension", "expected", "perceived", "gap5"]].head(2)
         dimension  expected  perceived  gap5
    0  reliability       5.5        4.5  -1.0
    1    assurance       5.5        4.5  -1.0

    References
    ----------
    Parasuraman, Zeithaml & Berry (1985), A conceptual model of service quality and its implications for future
    research, Journal of Marketing 49(4), 41-50.
    """
    level = _check.share("level", level)
    if not isinstance(simultaneous, bool):
        raise ArgumentError(f"`simultaneous` must be True or False; it is {simultaneous!r}.")
    answers = {kind: _profiles(customers, kind, 1, 7) for kind in ("expected", "perceived")}
    there = ~(np.isnan(answers["expected"]) | np.isnan(answers["perceived"]))
    beliefs = _managers(managers, "believed_expectation", wave)
    months = _months({"standards": standards, "delivery": delivery, "promises": promises})
    levels, gaps = {}, []
    for k, name in enumerate(DIMENSIONS):
        held = there[:, k]
        if not held.any():
            raise DataError(f"no respondent has both `expected_{name}` and `perceived_{name}`. Each dimension needs answers.")
        expected, perceived = answers["expected"][held, k], answers["perceived"][held, k]
        believed = beliefs[name].dropna().to_numpy()
        standard, delivered, promised = (months[table][name].to_numpy() for table in ("standards", "delivery", "promises"))
        given = (expected, believed, standard, delivered, promised, perceived)
        levels[name] = {
            **dict(zip(_LEVELS, map(np.mean, given), strict=True)),
            "respondents": held.sum(),
            "missing": (~held).sum(),
        }
        found = (
            _welch(believed, expected),
            _single(standard.mean() - believed),
            _single(delivered - standard),
            _single(delivered - promised),
            _single(perceived - expected),
        )
        gaps += [(gap, name, *numbers) for gap, numbers in zip(_GAPS, found, strict=True)]
    gaps = pd.DataFrame(gaps, columns=["gap", "dimension", "estimate", "standard_error", "df"])
    gaps = gaps.sort_values("gap", kind="stable").reset_index(drop=True)
    return FiveGaps(pd.DataFrame(levels).T, gaps, len(beliefs), len(months["delivery"]), level, simultaneous)


@dataclass(frozen=True, slots=True, eq=False)
class FiveGaps:
    """The five gaps of service quality.

    Attributes
    ----------
    levels : DataFrame, one row per dimension
        ``expected``, ``believed``, ``standard``, ``delivered``, ``promised``, ``perceived`` in points of the seven-point scale;
        ``respondents`` and ``missing``, how many customers they rest on and how many were left out.
    gaps : DataFrame, one row per gap and dimension
        ``gap``, ``dimension``, ``estimate`` (below zero is short), ``standard_error``, ``df``.
    managers, months : int
        How many stand behind the beliefs, and behind standards, delivery and promises.
    level : float
        Confidence level of ``table`` and ``plot``.
    simultaneous : bool
        Whether the intervals of a gap hold together with that level.
    """

    levels: pd.DataFrame
    gaps: pd.DataFrame
    managers: int
    months: int
    level: float
    simultaneous: bool

    def intervals(self, level: float = 0.95, *, simultaneous: bool = True) -> pd.DataFrame:
        """``gaps`` with the ends ``low`` and ``high`` of t intervals.

        ``simultaneous`` widens them so that the five intervals of a gap hold together with at least the level (Bonferroni).
        """
        return _ends(self.gaps, level, len(DIMENSIONS) if simultaneous else 1)

    @property
    def table(self) -> pd.DataFrame:
        """One row per dimension: how many answered, the six levels, and each gap with its interval."""
        ends = self.intervals(self.level, simultaneous=self.simultaneous).set_index(["dimension", "gap"])
        wide = {
            f"{gap}{suffix}": ends[column].unstack().reindex(DIMENSIONS)[gap]
            for gap in _GAPS
            for column, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high"))
        }
        counts = self.levels[["respondents", "missing"]].astype(int)
        return (
            pd.concat([counts, self.levels[list(_LEVELS)], pd.DataFrame(wide)], axis=1).rename_axis("dimension").reset_index()
        )

    def summary(self) -> Summary:
        """The finding in a few lines."""
        worst = self._worst()
        return Summary(
            "The five gaps of service quality",
            facts=(
                ("Largest shortfall", worst),
                ("Managers", self.managers),
                ("Months of standards, delivery and promises", self.months),
                ("Answers left out, one half missing", int(self.levels["missing"].sum())),
            ),
            table=self.table[["dimension", *_LEVELS, *_GAPS]],
            note="Points of the seven-point scale; below zero is short. "
            + " ".join(f"{gap[:3].title()} {gap[3:]}: {upper} less {lower}." for gap, (_, upper, lower) in _GAPS.items()),
            source="Parasuraman, Zeithaml & Berry (1985)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Each gap with its interval, in five blocks: filled where the interval leaves out zero."""
        held = self.intervals(self.level, simultaneous=self.simultaneous)
        ax = _draw.new_axes(ax, height=9)
        y, places, names = 0, [], []
        for gap, (words, upper, lower) in _GAPS.items():
            y -= 2  # an empty line and the heading
            head = f"Gap {gap[3:]}, {words}: {upper} less {lower}"
            ax.text(0, y, head, transform=ax.get_yaxis_transform(), va="center", bbox={"facecolor": "white", "lw": 0})
            for row in held[held["gap"] == gap].itertuples():
                y -= 1
                sure, short = bool(row.low > 0 or row.high < 0), row.estimate < 0
                colour = (_draw.RED if short else _draw.GREEN) if sure else _draw.PALE
                ax.plot([row.low, row.high], [y, y], color=colour)
                ax.plot(row.estimate, y, "o" if short else "D", color=colour, markerfacecolor=colour if sure else "white")
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
                f"{gap[:3]} {gap[3:]}: " + ", ".join(f"{row.dimension} {row.estimate:.2f}" for row in rows.itertuples())
                for gap, rows in held.groupby("gap")
            )
            + ". Open marks: the interval holds zero.",
        )

    def _worst(self) -> str:
        held = self.intervals(self.level, simultaneous=self.simultaneous)
        short = held[held["high"] < 0]
        if short.empty:
            return "none beyond chance"
        row = short.loc[short["estimate"].idxmin()]
        _, upper, lower = _GAPS[row["gap"]]
        return f"{row['dimension']}, {upper} less {lower} (gap {row['gap'][3:]}), {show(row['estimate'], 2)} points"

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def misjudgement(
    customers: pd.DataFrame, managers: pd.DataFrame | ibis.Table | str | PathLike, *, seed: int, wave: int | None = None,
    permutations: int = 10_000,
) -> Misjudgement:  # fmt: skip
    """Whether managers know what matters to customers: rank disagreement with a permutation test.

    The dimensions are ranked by the mean of the points that customers give, and that managers believe they give. The
    statistic is the sum of squared rank differences. If managers judged like customers, it would not matter whose profile of
    points is called whose: the labels are drawn anew ``permutations`` times, and the p value is the share of draws,
    the observed one included, that disagree at least as much. It asks whether the whole profiles have one source, so a
    difference in their spread counts, too. Few managers disagree with anyone by chance: see the differences, dimension by
    dimension (managers less customers), with Welch's t and p values adjusted by Holm.

    Parameters
    ----------
    customers : DataFrame
        One row per respondent with ``importance_<dimension>``, points; who lacks one is left out and counted.
    managers : DataFrame, path or Ibis table
        As ``tables.describe("manager_survey")``.
    seed : int
    wave : int, optional
        Which wave of the managers' survey; by default the latest.
    permutations : int

    Returns
    -------
    Misjudgement

    Raises
    ------
    DataError
        A column or a dimension is missing, points lie outside 0 to 100, a respondent stands there twice, there
        are fewer than two on a side, or a wave is not there.
    ArgumentError
        ``customers`` is no DataFrame, or an argument is out of range.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> survey = datasets.load("survey")
    >>> found = satisfaction.misjudgement(survey[survey.wave == 6], datasets.load("manager_survey"), seed=1)
    >>> found.table.set_index("dimension").loc["tangibles", ["customer_rank", "manager_rank"]].to_dict()
    {'customer_rank': 5.0, 'manager_rank': 1.0}

    References
    ----------
    Spearman (1904), The proof and measurement of association between two things, American Journal of Psychology
    15(1). Phipson & Smyth (2010), Permutation p-values should never be zero, Statistical Applications in Genetics and
    Molecular Biology 9(1), 39. Holm (1979), Scandinavian Journal of Statistics 6(2).
    """
    random = np.random.default_rng(_check.integer("seed", seed, 0))
    permutations = _check.integer("permutations", permutations, 1)
    points = _profiles(customers, "importance", 0, 100)
    beliefs = _managers(managers, "believed_importance", wave).to_numpy(dtype=float)
    given = [each[~np.isnan(each).any(axis=1)] for each in (points, beliefs)]
    for each, who in zip(given, ("customers", "managers"), strict=True):
        if len(each) < 2:
            raise DataError(f"a test needs two {who} or more with points for all dimensions; there are {len(each)}.")
    statistic, p_value = _label_test(*given, permutations, random)
    welch = [_welch(given[1][:, k], given[0][:, k]) for k in range(len(DIMENSIONS))]
    table = pd.DataFrame(welch, columns=["estimate", "standard_error", "df"])
    table.insert(0, "dimension", DIMENSIONS)
    for who, each in zip(("customer", "manager"), given, strict=True):
        table[f"{who}s"] = each.mean(axis=0)
        table[f"{who}_rank"] = _ranks(each.mean(axis=0))
    table["p_value"] = _p_value(table)
    known = table["p_value"].notna()
    table["p_holm"] = np.nan
    if known.any():
        table.loc[known, "p_holm"] = multipletests(table.loc[known, "p_value"], method="holm")[1]
    left = len(points) - len(given[0]), len(beliefs) - len(given[1])
    return Misjudgement(table, statistic, p_value, permutations, *map(len, given), *left)


def _label_test(
    customers: np.ndarray, managers: np.ndarray, permutations: int, random: np.random.Generator
) -> tuple[float, float]:
    """Rank disagreement of two groups of profiles, and its p value by drawing anew who is called a manager."""
    statistic = _disagreement(customers.mean(axis=0), managers.mean(axis=0))
    pooled, many, few = np.concatenate([customers, managers]), len(customers), len(managers)
    total, beyond = pooled.sum(axis=0), 0
    for start in range(0, permutations, 1000):  # a thousand at once: fast, and never more than some megabytes
        lots = random.random((min(1000, permutations - start), many + few))
        drawn = pooled[np.argpartition(lots, few, axis=1)[:, :few]].sum(axis=1)
        beyond += int((_disagreement((total - drawn) / many, drawn / few) >= statistic).sum())
    return float(statistic), (beyond + 1) / (permutations + 1)


def _disagreement(customers: np.ndarray, managers: np.ndarray) -> np.ndarray:
    """Sum of squared rank differences, of one pair of profiles or of many (rows)."""
    return ((_ranks(customers) - _ranks(managers)) ** 2).sum(axis=-1)


def _ranks(points: np.ndarray) -> np.ndarray:
    """1 for the most important; ties share the mean of their ranks."""
    return stats.rankdata(-np.round(points, 9), axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Misjudgement:
    """How managers misjudge what matters to customers.

    Attributes
    ----------
    differences : DataFrame, one row per dimension
        ``dimension``, ``estimate`` (mean points of managers less those of customers), ``standard_error``, ``df``; the means
        ``customers`` and ``managers``, their ranks ``customer_rank`` and ``manager_rank`` (1 is most important);
        ``p_value`` of Welch's test, ``p_holm`` adjusted for five.
    statistic : float
        Sum of squared rank differences.
    p_value : float
        Of the permutation test of the whole.
    permutations : int
    customers, managers : int
        How many gave points for all dimensions.
    missing_customers, missing_managers : int
        How many did not, and were left out.
    """

    differences: pd.DataFrame
    statistic: float
    p_value: float
    permutations: int
    customers: int
    managers: int
    missing_customers: int
    missing_managers: int

    @property
    def rank_correlation(self) -> float:
        """Spearman's rho of the two rankings: 1 the same order, -1 the opposite; nan if one side tells nothing apart."""
        ranks = self.differences[["customer_rank", "manager_rank"]].to_numpy()
        return float(np.corrcoef(ranks.T)[0, 1]) if ranks.std(axis=0).all() else float("nan")

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """``differences`` with the ends ``low`` and ``high`` of Welch's intervals, each for itself."""
        return _ends(self.differences, level, 1)

    @property
    def table(self) -> pd.DataFrame:
        """One row per dimension: mean points, ranks, difference with 95 % interval, p values."""
        columns = ["dimension", "customers", "managers", "customer_rank", "manager_rank", "difference", "low", "high"]
        return self.intervals().rename(columns={"estimate": "difference"})[[*columns, "p_value", "p_holm"]]

    def summary(self) -> Summary:
        """The finding in a few lines."""
        return Summary(
            "What managers think matters to customers",
            facts=(
                ("Finding", self._finding()),
                ("Sum of squared rank differences", self.statistic),
                ("Spearman's rho of the rankings", self.rank_correlation),
                (f"p value ({self.permutations:,} permutations)", self.p_value),
                ("Customers", self.customers),
                ("Managers", self.managers),
                ("Left out, points missing", self.missing_customers + self.missing_managers),
            ),
            table=self.table.drop(columns="p_value"),
            note="Points of importance out of 100; the difference is managers less customers; p values by Welch and Holm.",
            source="Spearman (1904); Phipson & Smyth (2010)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mean points of customers and of managers, dimension by dimension, in the customers' order."""
        table = self.table.sort_values("customers", kind="stable")
        ax = _draw.new_axes(ax)
        y = np.arange(len(table))
        ax.hlines(y, table["customers"], table["managers"], color=_draw.PALE)
        ax.plot(table["customers"], y, "o", color=_draw.BLUE, markersize=9, label=f"customers ({self.customers:,})")
        ax.plot(table["managers"], y, "D", color=_draw.RED, markersize=9, label=f"managers ({self.managers:,})")
        ax.set_yticks(y, table["dimension"])
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
        told = (f"{row.dimension}: customers {row.customers:.1f}, managers {row.managers:.1f}" for row in table.itertuples())
        return _draw.decorate(ax, title=self._finding(), x="mean points of importance, out of 100", alt="; ".join(told) + ".")

    def _finding(self) -> str:
        """What managers misjudge most among what is beyond chance."""
        sure = self.differences[self.differences["p_holm"] < 0.05]
        if sure.empty:
            return "No difference between managers and customers is beyond chance"
        row = sure.loc[sure["estimate"].abs().idxmax()]
        way = "overrate" if row["estimate"] > 0 else "underrate"
        return f"Managers {way} {row['dimension']} most, by {abs(row['estimate']):.1f} points"

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def _single(values: np.ndarray) -> tuple[float, float, float]:
    """Mean, its standard error and degrees of freedom; of a single value the error is unknown."""
    n = len(values)
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else np.nan, n - 1


def _welch(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Difference of two means, its standard error and Welch's degrees of freedom."""
    (one, error, df), (two, other, more) = _single(first), _single(second)
    both = np.hypot(error, other)
    return one - two, float(both), float(both**4 / (error**4 / df + other**4 / more)) if both > 0 else df + more


def _ends(estimates: pd.DataFrame, level: float, tests: int) -> pd.DataFrame:
    """Estimates with the ends of their t intervals, Bonferroni-adjusted for a number of tests."""
    level = _check.share("level", level)
    half = stats.t.ppf(1 - (1 - level) / (2 * tests), estimates["df"]) * estimates["standard_error"]
    return estimates.assign(low=estimates["estimate"] - half, high=estimates["estimate"] + half)


def _p_value(estimates: pd.DataFrame) -> np.ndarray:
    """Two-sided p values of t tests; unknown without a spread."""
    error = estimates["standard_error"].to_numpy()
    statistic = np.divide(estimates["estimate"], error, out=np.full(len(error), np.nan), where=error > 0)
    return 2 * stats.t.sf(np.abs(statistic), estimates["df"])


def _profiles(customers: pd.DataFrame, kind: str, lowest: float, highest: float) -> np.ndarray:
    """Customers' answers of one kind, one column per dimension, missing ones as nan."""
    if not isinstance(customers, pd.DataFrame):
        raise ArgumentError(f"`customers` must be a DataFrame with a row per respondent; it is {type(customers).__name__}.")
    names = [f"{kind}_{dimension}" for dimension in DIMENSIONS]
    _check.required_columns(
        customers.columns, Table("customers", "", tuple(Column(name, "number", "") for name in names)), names
    )
    who = next((name for name in ("respondent", "customer_id") if name in customers), None)
    if who is not None and customers[who].dropna().duplicated().any():
        twice = customers[who].dropna()[customers[who].dropna().duplicated()]
        raise DataError(
            f"{twice.nunique():,} of them stand more than once in `customers`, e.g. {twice.tolist()[0]!r}; answers of one "
            "person are not independent. Choose one wave, e.g. `customers[customers.wave == customers.wave.max()]`."
        )
    try:
        values = np.column_stack([pd.to_numeric(customers[name]).to_numpy(dtype=float, na_value=np.nan) for name in names])
    except (TypeError, ValueError):
        raise DataError(f"`{names[0]}` to `{names[-1]}` must be numbers, missing ones empty.") from None
    off = (values < lowest) | (values > highest)
    if off.any():
        raise DataError(
            f"`{kind}_<dimension>` must lie from {lowest} to {highest}; {off.sum():,} do not, e.g. {values[off][0]:g} in "
            f"`{names[int(off.any(axis=0).argmax())]}`. Check the scale and the coding of missing answers."
        )
    return values


def _managers(managers: object, column: str, wave: int | None) -> pd.DataFrame:
    """One column of the managers' survey in one wave: a row per manager, a column per dimension."""
    held = _read(managers, "manager_survey", ("manager_id", "wave", "dimension", column))
    waves = sorted(held["wave"].unique().tolist())
    wave = waves[-1] if wave is None else _check.integer("wave", wave, 1)
    if wave not in waves:
        raise DataError(f"there is no wave {wave} in the manager_survey table. The waves: {', '.join(map(str, waves))}.")
    return _wide(held[held["wave"] == wave], "manager_id", column, "manager_survey")


def _months(tables: dict[str, object]) -> dict[str, pd.DataFrame]:
    """Standards, delivery and promises: a row per month, a column per dimension; the same months in each."""
    values = {"standards": "standard", "delivery": "delivered", "promises": "promised"}
    found = {}
    for name, data in tables.items():
        held = _wide(_read(data, name, ("month", "dimension", values[name])), "month", values[name], name)
        if held.isna().any(axis=None):
            month = held.index[held.isna().any(axis=1)][0]
            raise DataError(f"the {name} table lacks a dimension in {pd.Timestamp(month):%Y-%m}. Each month needs all five.")
        found[name] = held
    for name, held in found.items():
        odd = held.index.symmetric_difference(found["delivery"].index)
        if len(odd):
            raise DataError(
                f"the tables delivery and {name} do not cover the same months: {len(odd)} stand in only one of them, e.g. "
                f"{pd.Timestamp(odd[0]):%Y-%m}. Cut them alike, so that like is held against like."
            )
    return {name: held.loc[found["delivery"].index] for name, held in found.items()}


def _read(data: object, name: str, wanted: tuple[str, ...]) -> pd.DataFrame:
    """Some columns of a table of the firm, checked against its declaration."""
    with _engine.open_table(data, name, wanted) as (held, _, run):
        return run(held.select(*wanted))


def _wide(held: pd.DataFrame, rows: str, column: str, name: str) -> pd.DataFrame:
    wide = held.pivot(index=rows, columns="dimension", values=column)
    lacking = [dimension for dimension in DIMENSIONS if dimension not in wide]
    if lacking:
        raise DataError(f"the {name} table has no row for {', '.join(lacking)}. It needs all of {', '.join(DIMENSIONS)}.")
    return wide[list(DIMENSIONS)]
