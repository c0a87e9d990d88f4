"""Segments: form them by one of three methods, and say who belongs to which.

``fit_segments`` reads a row per customer and returns a fit of one shape, whichever method made it. That segments were formed
does not mean that they exist: see ``compare``. Who their customers are otherwise is told by ``profile``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent
from crmlab._verdict import listed
from crmlab.errors import DataError
from crmlab.segmentation.columns import Rows, encode, read_rows
from crmlab.segmentation.information import standard_errors
from crmlab.segmentation.kmeans import fit_kmeans
from crmlab.segmentation.latent_classes import ClassSolution, fit_classes
from crmlab.segmentation.mixture import MixtureSolution, fit_mixture
from crmlab.segmentation.solution import Method, Solution, standardize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHODS = ("k-means", "gaussian mixture", "latent classes")
_SOURCES = {
    "k-means": "MacQueen (1967); Arthur & Vassilvitskii (2007)",
    "gaussian mixture": "Fraley & Raftery (2002)",
    "latent classes": "Lazarsfeld & Henry (1968); Linzer & Lewis (2011)",
}


def fit_segments(
    table: pd.DataFrame, k: int, *, columns: Sequence[str] | None = None, method: str = "k-means", standardized: bool = True,
    starts: int = 20, seed: int,
) -> SegmentFit:  # fmt: skip
    """Form ``k`` segments of customers who are alike in some columns.

    - ``k-means`` makes the sums of squared distances to k centres small: sum of ||x - c||²; for numbers.
    - ``gaussian mixture`` gives each segment a share, a mean and a covariance of its own: f(x) = sum of pi_s N(x; m_s, C_s);
      for numbers.
    - ``latent classes`` gives each a probability of every category: P(x) = sum of pi_s times the product over columns of
      theta_s(x_j); for text, yes or no, and numbers of at most 20 different values.

    Segments are numbered from 1, the largest first (of equally large ones that with the smaller centre in the first column
    that differs). Neither the order of the rows nor repeating all of them changes the segments.

    Parameters
    ----------
    table : DataFrame, one row per customer
    k : int
        How many segments.
    columns : sequence of str, optional
        What forms the segments; by default all columns but ``customer_id``.
    method : {"k-means", "gaussian mixture", "latent classes"}
    standardized : bool
        Whether k-means divides each column by its standard deviation, so that units do not matter. False where all columns
        have one unit, such as yes or no, or points out of 100. The other methods do not depend on units.
    starts : int
        Starting points, of which the best end counts.
    seed : int
        Of the starting points.

    Returns
    -------
    SegmentFit

    Raises
    ------
    DataError
        A column is constant, an identifier, a date, a copy of another one, has missing or infinite values, or is of the wrong
        kind for the method; there are fewer different rows than segments.
    ArgumentError
        ``method`` is none of the above, or a number is outside its range.
    ConvergenceError
        No maximum was reached.

    References
    ----------
    MacQueen (1967), Some methods for classification and analysis of multivariate observations. Fraley & Raftery (2002),
    Model-based clustering, JASA 97. Lazarsfeld & Henry (1968), Latent Structure Analysis. Dolnicar, Grün & Leisch (2018),
    Market Segmentation Analysis, chapter 7.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import segmentation
    >>> draw = np.random.default_rng(1)
    >>> rare, often = draw.normal([2, 80], [0.5, 5], (40, 2)), draw.normal([9, 20], [0.5, 5], (60, 2))
    >>> customers = pd.DataFrame(np.vstack([rare, often]), columns=["visits", "basket_eur"])
    >>> fit = segmentation.fit_segments(customers, 2, seed=1)
    >>> fit.shares.share.tolist(), fit.centres.visits.round().tolist()
    ([0.6, 0.4], [9.0, 2.0])
    """
    form = solver(table, columns, method, standardized)
    k, starts, seed = _check.integer("k", k, 1), _check.integer("starts", starts, 1), _check.integer("seed", seed, 0)
    rows = form.rows
    if k > len(rows.values):
        raise DataError(
            f"{k} segments need at least {k} different rows; the table has {len(rows.values):,} among {rows.n:,}. Take fewer."
        )
    solution = form.method(rows.values, rows.weight, k, starts, seed)
    errors = standard_errors(solution, rows.values, rows.weight) if isinstance(solution, ClassSolution) else None
    return SegmentFit(method, rows.names, rows.levels, solution, rows.n, standardize(rows.values, rows.weight), errors)


@dataclass(frozen=True, slots=True)
class Solver:
    """Checked rows, and the method that is to form segments of them."""

    rows: Rows
    method: Method


def solver(table: pd.DataFrame, columns: Sequence[str] | None, method: str, standardized: bool) -> Solver:
    """Check a table and choose the method for it."""
    _check.choice("method", method, METHODS)
    _check.flag("standardized", standardized)
    rows = read_rows(table, columns, categorical=method == "latent classes")
    sizes = tuple(len(levels) for levels in rows.levels)
    forms: dict[str, Method] = {
        "k-means": partial(fit_kmeans, standardized=standardized),
        "gaussian mixture": fit_mixture,
        "latent classes": partial(fit_classes, sizes=sizes),
    }
    return Solver(rows, forms[method])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SegmentFit(Result):
    """Segments of customers, numbered from 1, the largest first.

    Attributes
    ----------
    method : str
        "k-means", "gaussian mixture" or "latent classes".
    columns : tuple of str
        What formed the segments.
    levels : tuple of tuple
        Categories of each column, for latent classes.
    solution : Solution
        Shares, centres and who belongs where, as arrays.
    n : int
        Customers.
    moments : tuple of ndarray, each of shape (p,)
        Mean and standard deviation of the columns.
    errors : tuple of ndarray, or None
        Standard errors of the shares, shape (k,), and of the probabilities of latent classes, shape (k, q).
    """

    method: str
    columns: tuple[str, ...]
    levels: tuple[tuple[object, ...], ...]
    solution: Solution
    n: int
    moments: tuple[np.ndarray, np.ndarray]
    errors: tuple[np.ndarray, np.ndarray] | None

    @property
    def k(self) -> int:
        """How many segments there are."""
        return len(self.solution.shares)

    @property
    def shares(self) -> pd.DataFrame:
        """Size of each segment (``tables.describe("segment_shares")``): ``segment, share, std_error``."""
        errors = np.full(self.k, np.nan) if self.errors is None else self.errors[0]
        return pd.DataFrame({"segment": self._numbers(), "share": self.solution.shares, "std_error": errors})

    @property
    def centres(self) -> pd.DataFrame:
        """Means of the columns, or probabilities of the categories ("column: category"), one row per segment."""
        names = [name if category is None else f"{name}: {category}" for name, category in self._labels()]
        return pd.DataFrame(self.solution.centres, pd.Index(self._numbers(), name="segment"), names)

    @property
    def table(self) -> pd.DataFrame:
        """Profile of each segment (``tables.describe("segment_centres")``): its mean or probability of everything."""
        labels = self._labels()
        errors = np.full(self.solution.centres.shape, np.nan) if self.errors is None else self.errors[1]
        return pd.DataFrame({
            "segment": np.repeat(self._numbers(), len(labels)),
            "column": [name for name, _ in labels] * self.k,
            "category": pd.Series([None if each is None else str(each) for _, each in labels] * self.k, dtype="str"),
            "estimate": self.solution.centres.ravel(),
            "std_error": errors.ravel(),
        })  # fmt: skip

    @property
    def within(self) -> float:
        """Sum of squared distances to the centres (k-means; else empty)."""
        return self.solution.within

    @property
    def loglik(self) -> float:
        """Log-likelihood at the maximum; empty for k-means, which has no likelihood."""
        return self.solution.loglik

    @property
    def aic(self) -> float:
        """Akaike's information criterion; smaller is better, among fits of one table."""
        return 2 * self.solution.n_parameters - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's information criterion; smaller is better, among fits of one table."""
        return math.log(self.n) * self.solution.n_parameters - 2 * self.loglik

    @property
    def weak(self) -> tuple[str, ...]:
        """Names what is not known: probabilities at 0 or 1 or without information, segments that lie in a plane."""
        if isinstance(self.solution, MixtureSolution):
            return tuple(f"segment {number}" for number in self._numbers()[self.solution.flat])
        rows = self.table[self.table.std_error.isna()] if self.errors is not None else self.table[:0]
        return tuple(f"segment {row.segment}, {row.column}: {row.category}" for row in rows.itertuples())

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Assign customers, old or new, to segments.

        Parameters
        ----------
        table : DataFrame
            With the columns that formed the segments.

        Returns
        -------
        DataFrame, with the index of the table
            ``customer_id`` if the table has it, ``segment`` (the most probable) and its probability for each segment,
            ``p_1``, ``p_2``, ...; k-means knows no doubt, its probabilities are 1 and 0.

        Raises
        ------
        DataError
            A column is missing, has missing values, or a category that the fit does not know.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> answers = pd.DataFrame({"fast": ["yes"] * 6 + ["no"] * 4, "cheap": ["yes"] * 5 + ["no"] * 5})
        >>> fit = segmentation.fit_segments(answers, 2, method="latent classes", seed=1)
        >>> fit.predict(answers.iloc[[0, 9]]).segment.tolist()
        [1, 2]
        """
        values = encode(_check.frame("table", table, "Give one row per customer."), self.columns, self.levels)
        posterior = self.solution.posterior(values)
        answer = pd.DataFrame(posterior, table.index, [f"p_{number}" for number in self._numbers()])
        answer.insert(0, "segment", np.round(posterior, 9).argmax(axis=1) + 1)
        if "customer_id" in table:
            answer.insert(0, "customer_id", table["customer_id"])
        return answer

    def summary(self) -> Summary:
        """Show sizes and profiles; what is weak is said in words."""
        facts: list[tuple[str, object]] = [("Customers", self.n), ("Columns", ", ".join(self.columns))]
        if math.isnan(self.loglik):
            facts.append(("Sum of squares within", round(self.within, 3)))
        else:
            facts += [("Log-likelihood", round(self.loglik, 2)), ("AIC", round(self.aic, 1)), ("BIC", round(self.bic, 1))]
        table = self.centres.reset_index()
        table.insert(1, "share", [percent(share) for share in self.solution.shares])
        return Summary(
            f"{self.k} segment{'s' if self.k != 1 else ''} by {self.method}", tuple(facts), table, self._note(),
            _SOURCES[self.method],
        )  # fmt: skip

    def _note(self) -> str:
        if not self.weak:
            return ""
        if isinstance(self.solution, MixtureSolution):
            names, verb = listed(self.weak), "lies" if len(self.weak) == 1 else "lie"
            return f"{names} {verb} in a plane, where the likelihood has no bound: its size and the criteria say little."
        return (
            f"{len(self.weak)} of {len(self.table)} probabilities are 0 or 1, or the data say (nearly) nothing of them (see "
            "`.weak`); they have no standard errors."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the profile of each segment as a line over the columns.

        Means are shown in standard deviations from the mean of all customers; of latent classes, the probability of every
        category but the first of each column.

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
        >>> customers = pd.DataFrame({"visits": [1, 2, 2, 8, 9], "basket_eur": [9.0, 8, 9, 2, 1]})
        >>> segmentation.fit_segments(customers, 2, seed=1).plot().get_title("left")
        'Segment 1 of 2 holds 60.0 % of 5 customers'
        """
        lines = self.centres
        if self.levels:
            firsts = {f"{name}: {levels[0]}" for name, levels in zip(self.columns, self.levels, strict=True)}
            lines = lines[[name for name in lines if name not in firsts]]
        else:
            lines = (lines - self.moments[0]) / self.moments[1]
        shares = [percent(share) for share in self.solution.shares]
        lines = lines.T.set_axis([f"{number} ({share})" for number, share in zip(lines.index, shares, strict=True)], axis=1)
        sizes = "; ".join(f"segment {number} {share}" for number, share in zip(self._numbers(), shares, strict=True))
        ax = _draw.curves(
            lines,
            title=f"Segment 1 of {self.k} holds {shares[0]} of {self.n:,} customers",
            x="", y="probability" if self.levels else "standard deviations from the mean of all",
            share=("y",) if self.levels else (),
            alt=f"A line for each segment over {len(lines)} columns. Sizes: {sizes}.", ax=ax,
        )  # fmt: skip
        ax.tick_params(axis="x", rotation=90 if len(lines) > 6 else 0)
        return ax

    def _numbers(self) -> np.ndarray:
        return np.arange(1, self.k + 1)

    def _labels(self) -> list[tuple[str, object]]:
        """List column and category (None for a mean) of each centre."""
        if not self.levels:
            return [(name, None) for name in self.columns]
        return [(name, level) for name, levels in zip(self.columns, self.levels, strict=True) for level in levels]
