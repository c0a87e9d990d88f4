"""Comparison: how many segments, whether they exist, and whether they come back.

Two questions are kept apart: do segments *exist*, beyond customers who differ by degree (``existence``); are they *reproduced*
in another sample (``stability``). Criteria of fit stand beside them. It reads a row per customer and returns a row per number
of segments, with advice in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, show
from crmlab.errors import ArgumentError, DataError
from crmlab.segmentation.columns import Rows, distinct_rows
from crmlab.segmentation.existence import Existence, existence
from crmlab.segmentation.segments import solver
from crmlab.segmentation.solution import Method, Solution, standardize
from crmlab.segmentation.stability import Stability, stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVEL = 0.05  # of the test of existence
_STABLE = 0.8  # median adjusted Rand index from which segments count as reproduced
_REFERENCE_STARTS = 3  # in each reference table, and in the table beside them


def compare_k(
    table: pd.DataFrame, ks: Sequence[int] = range(2, 9), *, columns: Sequence[str] | None = None, method: str = "k-means",
    standardized: bool = True, starts: int = 10, pairs: int = 50, draws: int = 99, sample: int = 2_000, seed: int,
) -> SegmentComparison:  # fmt: skip
    """Compare numbers of segments: criteria, whether segments exist, and whether they are reproduced.

    - *Exist*: the table falls apart more than reference tables with the same margins (with one mode, for numbers) and the
      same correlations, in which customers differ by degree only. ``gap`` says how much more, ``p_value`` how often a
      reference table does as well.
    - *Reproduce*: pairs of bootstrap samples are segmented, and ``agreement`` is the median adjusted Rand index of how both
      assign all customers; ``segments`` has the mean Jaccard index of each segment.

    Each k is then ``natural`` (both), ``reproducible`` (comes back, but does not stand apart) or ``constructive`` (neither: a
    cut that the analyst makes). Being reproduced proves nothing of existence.

    Parameters
    ----------
    table : DataFrame, one row per customer
    ks : sequence of int, each of at least 2
    columns, method, standardized
        As ``fit_segments``.
    starts : int
        Starting points of each fit; reference tables and the table beside them have 3.
    pairs : int
        Pairs of bootstrap samples.
    draws : int
        Reference tables; 0 leaves the question open.
    sample : int
        Customers, drawn at random where there are more, of whom silhouettes and the two questions are asked.
    seed : int

    Returns
    -------
    SegmentComparison

    Raises
    ------
    DataError, ConvergenceError
        As ``fit_segments``.
    ArgumentError
        As ``fit_segments``; or ``ks`` is empty, repeats a number, or has one below 2.

    References
    ----------
    Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, sections 2.3 and 7.5. Tibshirani, Walther & Hastie (2001),
    Estimating the number of clusters via the gap statistic, JRSS B 63. McLachlan (1987), On bootstrapping the likelihood
    ratio test statistic, Applied Statistics 36. Hennig (2007), Cluster-wise assessment of cluster stability, CSDA 52.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import segmentation
    >>> draw = np.random.default_rng(1)
    >>> centres = np.repeat([[0, 0], [6, 6], [0, 6]], 40, axis=0)
    >>> customers = pd.DataFrame(centres + draw.normal(0, 1, (120, 2)), columns=["visits", "basket_eur"])
    >>> compared = segmentation.compare_k(customers, (2, 3), starts=3, pairs=5, draws=19, seed=1)
    >>> compared.table.kind.tolist(), compared.suggested
    (['natural', 'natural'], 3)
    """
    ks = _numbers(ks)
    form = solver(table, columns, method, standardized)
    starts, pairs = _check.integer("starts", starts, 1), _check.integer("pairs", pairs, 2)
    draws, sample = _check.integer("draws", draws, 0), _check.integer("sample", sample, 50)
    seeds = np.random.SeedSequence(_check.integer("seed", seed, 0)).spawn(3)
    rows, categorical = form.rows, method == "latent classes"
    if max(ks) > len(rows.values):
        raise DataError(f"{max(ks)} segments need as many different rows; the table has {len(rows.values):,}. Take fewer.")
    some = _sample(rows, sample, np.random.default_rng(seeds[0]))
    values, weight, _ = distinct_rows(some)
    exist = _existence(some, ks, form.method, categorical, draws, np.random.default_rng(seeds[1]))
    lines, segments = [], []
    for k, stream in zip(ks, seeds[2].spawn(len(ks)), strict=True):
        draw = np.random.default_rng(stream)
        solution = form.method(rows.values, rows.weight, k, starts, int(draw.integers(2**31)))
        again = stability(values, weight, solution, form.method, pairs=pairs, starts=starts, draw=draw)
        lines.append(_line(k, solution, rows.n, again, _silhouette(some, solution, categorical, standardized)))
        segments.append(pd.DataFrame({"k": k, "segment": range(1, k + 1), "share": solution.shares, "jaccard": again.jaccard}))
    made = pd.DataFrame(lines).assign(gap=exist.gap, p_value=exist.p_value)
    made["kind"] = _kinds(made, exist.p_any)
    return SegmentComparison(method, made, pd.concat(segments, ignore_index=True), exist.p_any, rows.n, len(some))


def _existence(
    values: np.ndarray, ks: Sequence[int], method: Method, categorical: bool, draws: int, draw: np.random.Generator
) -> Existence:
    """Ask whether segments exist; without reference tables, nothing is known."""
    if not draws:
        return Existence(np.full(len(ks), math.nan), np.full(len(ks), math.nan), math.nan)
    return existence(values, ks, method, categorical=categorical, draws=draws, starts=_REFERENCE_STARTS, draw=draw)


def _line(k: int, solution: Solution, n: int, again: Stability, silhouette: float) -> dict[str, float]:
    """Return the criteria of a solution, and quartiles of its agreement."""
    low, middle, high = np.quantile(again.agreement, [0.25, 0.5, 0.75])
    return {
        "k": k, "loglik": solution.loglik, "aic": 2 * solution.n_parameters - 2 * solution.loglik,
        "bic": math.log(n) * solution.n_parameters - 2 * solution.loglik, "within": solution.within,
        "silhouette": silhouette, "agreement": middle, "agreement_low": low, "agreement_high": high,
    }  # fmt: skip


def _numbers(ks: Sequence[int]) -> tuple[int, ...]:
    if isinstance(ks, str) or not isinstance(ks, Sequence) or len(ks) == 0:
        raise ArgumentError(f"`ks` must be numbers of segments, such as range(2, 9); it is {ks!r}.")
    numbers = tuple(_check.integer("ks", k, 2) for k in ks)
    if len(set(numbers)) < len(numbers):
        raise ArgumentError(f"`ks` must be different numbers of segments; it is {ks!r}.")
    return tuple(sorted(numbers))


def _sample(rows: Rows, size: int, draw: np.random.Generator) -> np.ndarray:
    """Draw customers without replacement, shape (at most size, p), by their place among the sorted rows."""
    places = np.arange(rows.n) if rows.n <= size else np.sort(draw.choice(rows.n, size, replace=False))
    return rows.values[np.searchsorted(np.cumsum(rows.weight), places, side="right")]


def _silhouette(values: np.ndarray, solution: Solution, categorical: bool, standardized: bool) -> float:
    """Return the mean silhouette (Rousseeuw 1987); NaN where all customers of the sample are in one segment."""
    from sklearn.metrics import silhouette_score

    labels = solution.posterior(values).argmax(axis=1)
    if not 1 < np.unique(labels).size < len(values):
        return math.nan
    if categorical:
        return float(silhouette_score(values, labels, metric="hamming"))
    scale = standardize(values, np.ones(len(values)))[1] if standardized else 1.0
    return float(silhouette_score(values / np.where(scale == 0, 1.0, scale), labels))


def _kinds(table: pd.DataFrame, p_any: float) -> np.ndarray:
    """Name each number of segments after Dolnicar, Grün & Leisch (2018, section 2.3)."""
    is_stable = table.agreement >= _STABLE
    exists = (table.p_value <= _LEVEL) & (p_any <= _LEVEL)
    return np.select([is_stable & exists, is_stable], ["natural", "reproducible"], "constructive")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SegmentComparison(Result):
    """Numbers of segments side by side.

    Attributes
    ----------
    method : str
    table : DataFrame
        One row per number of segments (``tables.describe("segment_comparison")``).
    segments : DataFrame
        One row per segment of each (``tables.describe("segment_stability")``): ``k, segment, share, jaccard``.
    p_any : float
        How often a reference table falls apart as well at its best number of segments.
    n : int
        Customers.
    n_sampled : int
        Customers of whom silhouettes and the two questions were asked.
    """

    method: str
    table: pd.DataFrame
    segments: pd.DataFrame
    p_any: float
    n: int
    n_sampled: int

    @property
    def exists(self) -> bool:
        """Whether segments stand apart more than in reference tables, at 5 % over all numbers of segments together."""
        return bool(self.p_any <= _LEVEL)

    @property
    def suggested(self) -> int | None:
        """The natural number of segments with the smallest BIC (k-means: the largest gap); None if none is natural."""
        natural = self.table[self.table.kind == "natural"]
        if natural.empty:
            return None
        best = -natural.gap if natural.bic.isna().all() else natural.bic
        return int(natural.k.iloc[int(np.round(best, 6).to_numpy().argmin())])

    @property
    def advice(self) -> str:
        """What the two answers mean together, in a sentence or two."""
        stable = self.table[self.table.agreement >= _STABLE].k.tolist()
        back = f"k = {', '.join(map(str, stable))} would come back in another sample" if stable else "nothing would come back"
        if math.isnan(self.p_any):
            return f"Whether segments exist was not asked; {back}."
        if not self.exists:
            made = "a reproducible cut, not a discovery" if stable else "merely constructive: a cut that you make yourself"
            return f"No segments here: customers differ by degree. {back[0].upper()}{back[1:]}: whatever you form is {made}."
        if self.suggested is None:
            return f"Customers do not differ by degree only, but no number of segments is both apart and stable; {back}."
        return f"{self.suggested} natural segments: they stand apart, and they would come back in another sample."

    def summary(self) -> Summary:
        """Show the criteria, the two answers and the advice."""
        facts = (
            ("Do segments exist? p over all k", "not asked" if math.isnan(self.p_any) else show(self.p_any)),
            ("Customers", self.n),
            *((("Sample for silhouettes and the two questions", self.n_sampled),) if self.n_sampled < self.n else ()),
        )
        return Summary(
            f"How many segments? ({self.method})", facts, self.table.dropna(axis="columns", how="all"), self.advice,
            "Dolnicar, Grün & Leisch (2018); Tibshirani, Walther & Hastie (2001); Hennig (2007)",
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how far segments are reproduced, and the least reproduced of each number.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from crmlab import segmentation
        >>> cloud = pd.DataFrame(np.random.default_rng(1).normal(size=(80, 2)), columns=["a", "b"])
        >>> compared = segmentation.compare_k(cloud, (2, 3), starts=2, pairs=4, draws=19, seed=1)
        >>> compared.plot().get_title("left").split(":")[0]
        'No segments here'
        """
        lines = self.table.set_index("k")[["agreement"]].set_axis(["all together (adjusted Rand)"], axis=1)
        lines["least stable segment (Jaccard)"] = self.segments.groupby("k").jaccard.min()
        points = "; ".join(f"k = {row.k}: {row.agreement:.2f}, {row.kind}" for row in self.table.itertuples())
        ax = _draw.curves(lines, title=self.advice, x="number of segments", y="agreement of samples", alt=f"{points}.", ax=ax)
        ax.set_xticks(self.table.k)
        ax.axhline(_STABLE, color=_draw.PALE, linestyle=":")
        return ax
