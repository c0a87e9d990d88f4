"""Parallel analysis: how many dimensions answers show, beyond what chance would show.

The eigenvalues of the items' correlation matrix stand beside those of random tables of the same size. The
questionnaire is not known here; factors are extracted in ``efa``, a planned structure is tested in ``cfa``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary
from crmlab.errors import DataError
from crmlab.measurement.covariances import correlation_matrix, sample_covariance

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def parallel_analysis(
    items: pd.DataFrame, *, n: int | None = None, draws: int = 200, quantile: float = 0.95, seed: int
) -> ParallelAnalysis:
    """Count factors: eigenvalues of the correlation matrix beside those of answers that have nothing to do with each other.

    Parameters
    ----------
    items : DataFrame, shape (rows, items) or (items, items)
        Keyed answers; or, with ``n``, a covariance or correlation matrix. Rows with a missing item are left out.
    n : int, optional
        Number of rows behind a matrix.
    draws : int
        Random tables to compare with: normal ones of the same size.
    quantile : float
        Of the random eigenvalues, that one of the answers must exceed.
    seed : int
        Of the random tables.

    Returns
    -------
    ParallelAnalysis
        ``.factors`` counts the eigenvalues, from the largest on, that exceed chance.

    Raises
    ------
    DataError
        Fewer than two items, a constant item, too few rows.
    ArgumentError
        A number outside its range.

    References
    ----------
    Horn (1965), A rationale and test for the number of factors in factor analysis, Psychometrika 30.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import measurement
    >>> draw = np.random.default_rng(7)
    >>> answers = np.repeat(draw.standard_normal((300, 2)), 3, axis=1) + draw.standard_normal((300, 6))
    >>> measurement.parallel_analysis(pd.DataFrame(answers), seed=1).factors
    2
    """
    correlation, rows = item_correlations(items, n)
    draws, quantile = _check.integer("draws", draws, 20), _check.share("quantile", quantile)
    draw = np.random.default_rng(_check.integer("seed", seed, 0))
    k = len(correlation)
    random = np.empty((draws, k))
    for number in range(draws):
        random[number] = np.linalg.eigvalsh(np.corrcoef(draw.standard_normal((rows, k)), rowvar=False))[::-1]
    eigenvalues, limit = np.linalg.eigvalsh(correlation.to_numpy())[::-1], np.quantile(random, quantile, axis=0)
    within_chance = np.flatnonzero(eigenvalues <= limit)
    table = pd.DataFrame(
        {
            "factor_number": np.arange(1, k + 1),
            "eigenvalue": eigenvalues,
            "random_mean": random.mean(axis=0),
            "random_quantile": limit,
        }
    )
    return ParallelAnalysis(table, int(within_chance[0]) if within_chance.size else k, rows, quantile)


def item_correlations(items: pd.DataFrame, n: int | None) -> tuple[pd.DataFrame, int]:
    """Return the correlations of the items and the number of complete rows."""
    if _check.frame("items", items, "Give a table of answers.").shape[1] < 2:
        raise DataError("`items` must be a table with the answers to at least two items as columns.")
    names = tuple(items.columns)
    sample = sample_covariance(items, names, n)
    return pd.DataFrame(correlation_matrix(sample.matrix), names, names), sample.n


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParallelAnalysis(Result):
    """Eigenvalues of a correlation matrix beside those of chance.

    Attributes
    ----------
    table : DataFrame
        As ``tables.describe("parallel_analysis")``: ``factor_number, eigenvalue, random_mean, random_quantile``.
    factors : int
        Eigenvalues that exceed the random quantile, from the largest on.
    n : int
        Complete rows.
    quantile : float
        Of the random eigenvalues, in ``random_quantile``.
    """

    table: pd.DataFrame
    factors: int
    n: int
    quantile: float

    def summary(self) -> Summary:
        """Show the number of factors and the eigenvalues."""
        facts = (("Complete rows", self.n), ("Factors beyond chance", self.factors))
        return Summary("Parallel analysis", facts, self.table, source="Horn (1965)")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the eigenvalues, and the limit that chance sets.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new chart by default.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from crmlab import measurement
        >>> covariance = pd.DataFrame(0.5 + 0.5 * np.eye(3), list("abc"), list("abc"))
        >>> measurement.parallel_analysis(covariance, n=200, draws=20, seed=1).plot().get_title("left")
        '1 factor beyond chance'
        """
        curve = self.table.set_index("factor_number")[["eigenvalue", "random_quantile"]]
        return _draw.curves(
            curve.set_axis(["answers", "chance"], axis=1),
            title=f"{self.factors} factor{'s' if self.factors != 1 else ''} beyond chance",
            x="factor", y="eigenvalue (variance in items)",
            alt=f"Eigenvalues of the correlation matrix, falling from {self.table.eigenvalue.iloc[0]:.1f}; {self.factors} "
            f"exceed the limit that random answers of {self.n:,} rows set.", ax=ax,
        )  # fmt: skip
