"""Exploratory: how many dimensions the answers themselves show, and which items go together.

``parallel_analysis`` counts the roots of a correlation matrix that are larger than chance would make
them; ``fit_efa`` finds that many factors and turns them until each item belongs to as few as possible.
Neither knows the questionnaire; to test a structure that was planned, see ``structure``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Summary
from crmlab.errors import ConvergenceError, DataError
from crmlab.measurement.covariances import matrix, moments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROTATIONS = ("oblimin", "varimax")


def parallel_analysis(
    items: pd.DataFrame, *, n: int | None = None, draws: int = 200, percentile: float = 0.95, seed: int
) -> ParallelAnalysis:
    """How many factors: roots of the correlation matrix beside those of answers that have nothing to do with each other.

    Parameters
    ----------
    items : DataFrame, shape (rows, items) or (items, items)
        Keyed answers; or, with ``n``, a covariance or correlation matrix. Rows with a missing item are left out.
    n : int, optional
        Number of rows behind a matrix.
    draws : int
        Random tables to compare with: normal ones of the same size.
    percentile : float
        Of the random roots that a real one must exceed.
    seed : int
        Of the random tables.

    Returns
    -------
    ParallelAnalysis
        ``.factors`` counts the roots, from the largest on, that exceed chance.

    Raises
    ------
    DataError
        Fewer than two items, a constant item, too few rows.
    ArgumentError
        A number outside its range.

    Examples
    --------
    >>> from crmlab import measurement, satisfaction
    >>> survey = satisfaction.simulate_survey(500, seed=1, correlation=0.2, categories=None)
    >>> measurement.parallel_analysis(survey.items("perceived"), seed=1).factors
    5

    References
    ----------
    Horn (1965), A rationale and test for the number of factors in factor analysis, Psychometrika 30.
    """
    correlation, rows = _correlation(items, n)
    draws, share = _check.integer("draws", draws, 20), _check.share("percentile", percentile)
    draw = np.random.default_rng(_check.integer("seed", seed, 0))
    k = len(correlation)
    found = np.empty((draws, k))
    for number in range(draws):
        found[number] = np.linalg.eigvalsh(np.corrcoef(draw.standard_normal((rows, k)), rowvar=False))[::-1]
    roots = np.linalg.eigvalsh(correlation.to_numpy())[::-1]
    limit = np.quantile(found, share, axis=0)
    below = np.flatnonzero(roots <= limit)
    table = pd.DataFrame(
        {"factor": np.arange(1, k + 1), "root": roots, "random_mean": found.mean(axis=0), "random_limit": limit}
    )
    return ParallelAnalysis(table, int(below[0]) if below.size else k, rows, share)


def _correlation(items: object, n: object) -> tuple[pd.DataFrame, int]:
    if not isinstance(items, pd.DataFrame) or items.shape[1] < 2:
        raise DataError("`items` must be a table with the answers to at least two items as columns.")
    names = tuple(items.columns)
    covariance, rows = (matrix(items, names, n), n) if n is not None else moments(items, names)[:2]
    spread = np.sqrt(np.diag(covariance))
    return pd.DataFrame(covariance / np.outer(spread, spread), names, names), int(rows)


@dataclass(frozen=True, slots=True, eq=False)
class ParallelAnalysis:
    """Roots of a correlation matrix beside those of chance.

    Attributes
    ----------
    table : DataFrame
        ``factor, root, random_mean, random_limit``.
    factors : int
        Roots that exceed the limit, from the largest on.
    n : int
        Complete rows.
    percentile : float
        Of chance, at which the limit lies.
    """

    table: pd.DataFrame
    factors: int
    n: int
    percentile: float

    def summary(self) -> Summary:
        """The finding in a few lines."""
        facts = (("Complete rows", self.n), ("Factors beyond chance", self.factors))
        return Summary("Parallel analysis", facts, self.table, source="Horn (1965)")

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """The roots, and the limit that chance sets."""
        curve = self.table.set_index("factor")[["root", "random_limit"]]
        return _draw.curves(
            curve.set_axis(["answers", "chance"], axis=1),
            title=f"{self.factors} factor{'s' if self.factors != 1 else ''} beyond chance",
            x="factor", y="root (variance in items)",
            alt=f"Roots of the correlation matrix, falling from {self.table.root.iloc[0]:.1f}; {self.factors} exceed the limit "
            f"that random answers of {self.n:,} rows set.", ax=ax,
        )  # fmt: skip


def fit_efa(items: pd.DataFrame, factors: int, *, n: int | None = None, rotation: str = "oblimin") -> EFAFit:
    """Exploratory factor analysis by maximum likelihood, rotated.

    Parameters
    ----------
    items : DataFrame, shape (rows, items) or (items, items)
        Keyed answers; or, with ``n``, a covariance or correlation matrix. Rows with a missing item are left out.
    factors : int
        How many; see ``parallel_analysis``.
    n : int, optional
        Number of rows behind a matrix.
    rotation : str
        "oblimin" lets factors correlate; "varimax" does not.

    Returns
    -------
    EFAFit

    Raises
    ------
    DataError, ArgumentError
        As ``parallel_analysis``; more factors than the items can tell.
    ConvergenceError
        statsmodels reached no maximum.

    Examples
    --------
    >>> from crmlab import measurement, satisfaction
    >>> survey = satisfaction.simulate_survey(500, seed=1, correlation=0.2, categories=None)
    >>> found = measurement.fit_efa(survey.items("perceived"), 5)
    >>> found.loadings.shape
    (22, 5)

    References
    ----------
    Estimation and rotation: ``statsmodels.multivariate.factor.Factor``. Lawley & Maxwell (1971).
    """
    from statsmodels.multivariate.factor import Factor

    correlation, rows = _correlation(items, n)
    k = len(correlation)
    most = next((m for m in range(k, 0, -1) if (k - m) ** 2 >= k + m), 0)
    if not most:
        raise DataError(f"{k} items are too few for a factor: their correlations do not determine it. Three are the least.")
    factors = _check.integer("factors", factors, 1, most)
    _check.choice("rotation", rotation, _ROTATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = Factor(corr=correlation.to_numpy(), n_factor=factors, method="ml", nobs=rows).fit(maxiter=500, rng=0)
            if factors > 1:
                found.rotate(rotation)
        except (Warning, ValueError, np.linalg.LinAlgError) as error:
            raise ConvergenceError(
                f"no maximum with {factors} factors ({error}). Try fewer factors, or leave items out."
            ) from None
    loadings = np.asarray(found.loadings)
    between = np.eye(factors)
    if factors > 1 and rotation != "varimax":
        turn = np.asarray(found.rotation_matrix)
        between = turn.T @ turn
        # a rotation may leave factors of any length: loadings are told for those of variance 1
    sign = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    names = [f"factor {number}" for number in range(1, factors + 1)]
    order = np.argsort(-(loadings**2).sum(axis=0), kind="stable")
    loadings, between = (loadings * sign)[:, order], (between * np.outer(sign, sign))[np.ix_(order, order)]
    return EFAFit(
        pd.DataFrame(loadings, correlation.index, names), pd.DataFrame(between, names, names),
        pd.Series(1 - np.asarray(found.uniqueness), correlation.index, name="communality"), rows, rotation,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class EFAFit:
    """Factors found in answers.

    Attributes
    ----------
    loadings : DataFrame, shape (items, factors)
    correlations : DataFrame, shape (factors, factors)
        Of the factors.
    communality : Series
        Share of each item's variance that the factors explain.
    n : int
        Complete rows.
    rotation : str
    """

    loadings: pd.DataFrame
    correlations: pd.DataFrame
    communality: pd.Series
    n: int
    rotation: str

    @property
    def table(self) -> pd.DataFrame:
        """``item``, a column per factor, ``communality``."""
        return self.loadings.assign(communality=self.communality).rename_axis("item").reset_index()

    def summary(self) -> Summary:
        """The finding in a few lines."""
        facts = (("Complete rows", self.n), ("Rotation", self.rotation))
        return Summary("Exploratory factor analysis", facts, self.table, source="Lawley & Maxwell (1971); statsmodels")

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Loadings as a map from light to dark."""
        strongest = self.loadings.abs().max(axis=1)
        return _draw.heatmap(
            self.loadings.abs().round(2),
            title=f"{len(self.loadings)} items on {self.loadings.shape[1]} factors found in the answers",
            x="", y="item", share=True, label="size of the loading",
            alt=f"Sizes of loadings as a map; each item's strongest is {strongest.min():.2f} to {strongest.max():.2f}.", ax=ax,
        )  # fmt: skip
