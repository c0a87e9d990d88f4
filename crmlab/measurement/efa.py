"""Exploratory factor analysis: which items go together, without a plan.

``fit_efa`` extracts as many factors as it is told, by maximum likelihood, and rotates them until each item belongs to
as few as possible; how many there are says ``parallel``. statsmodels estimates and rotates. The questionnaire is not
known here; to test a structure that was planned, see ``cfa``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary
from crmlab.errors import ConvergenceError, DataError
from crmlab.measurement.parallel import item_correlations

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from statsmodels.multivariate.factor import FactorResults

_ROTATIONS = ("oblimin", "varimax")


def fit_efa(items: pd.DataFrame, factors: int, *, n: int | None = None, rotation: str = "oblimin") -> EFAFit:
    """Fit an exploratory factor analysis by maximum likelihood, and rotate it.

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
        Factors come in the order of the variance that they explain, those of equal variance in that of the rotation.

    Raises
    ------
    DataError, ArgumentError
        As ``parallel_analysis``; more factors than the items can tell.
    ConvergenceError
        statsmodels reached no maximum.

    Notes
    -----
    The likelihood is that of ``fit_cfa`` with every loading free; its loadings are determined up to a rotation.

    References
    ----------
    Estimation and rotation: ``statsmodels.multivariate.factor.Factor``. Lawley & Maxwell (1971).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import measurement
    >>> draw = np.random.default_rng(7)
    >>> answers = np.repeat(draw.standard_normal((300, 2)), 3, axis=1) + draw.standard_normal((300, 6))
    >>> fit = measurement.fit_efa(pd.DataFrame(answers, columns=list("abcdef")), 2)
    >>> (fit.loadings.abs() > 0.5).sum().tolist()
    [3, 3]
    """
    correlation, rows = item_correlations(items, n)
    k = len(correlation)
    # as many as leave degrees of freedom: ((k - m)² - k - m) / 2
    most = next((m for m in range(k, 0, -1) if (k - m) ** 2 >= k + m), 0)
    if not most:
        raise DataError(f"{k} items are too few for a factor: their correlations do not determine it. Three are the least.")
    factors = _check.integer("factors", factors, 1, most)
    _check.choice("rotation", rotation, _ROTATIONS)
    result = _extract(correlation.to_numpy(), factors, rows, rotation)
    loadings, correlations = np.asarray(result.loadings), np.eye(factors)
    if factors > 1 and rotation != "varimax":
        rotation_matrix = np.asarray(result.rotation_matrix)
        correlations = rotation_matrix.T @ rotation_matrix
    sign = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    order = np.argsort(-(loadings**2).sum(axis=0).round(9), kind="stable")
    names = [f"factor {number}" for number in range(1, factors + 1)]
    correlations = (correlations * np.outer(sign, sign))[np.ix_(order, order)]
    return EFAFit(
        pd.DataFrame((loadings * sign)[:, order], correlation.index, names), pd.DataFrame(correlations, names, names),
        pd.Series(1 - np.asarray(result.uniqueness), correlation.index, name="communality"), rows, rotation,
    )  # fmt: skip


def _extract(correlation: np.ndarray, factors: int, rows: int, rotation: str) -> FactorResults:
    """Estimate and rotate by statsmodels; what it warns of is refused."""
    from statsmodels.multivariate.factor import Factor

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = Factor(corr=correlation, n_factor=factors, method="ml", nobs=rows).fit(maxiter=500, rng=0)
            if factors > 1:
                result.rotate(rotation)
        except (Warning, ValueError, np.linalg.LinAlgError) as error:
            raise ConvergenceError(
                f"no maximum with {factors} factors ({error}). Try fewer factors, or leave items out."
            ) from None
    return result


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EFAFit(Result):
    """Factors found in answers.

    Attributes
    ----------
    loadings : DataFrame, shape (items, factors)
    correlations : DataFrame, shape (factors, factors)
        Of the factors.
    communality : Series, shape (items,)
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
        return self.loadings.assign(communality=self.communality).rename(index=str).rename_axis("item").reset_index()

    def summary(self) -> Summary:
        """Show the loadings."""
        facts = (("Complete rows", self.n), ("Rotation", self.rotation))
        return Summary("Exploratory factor analysis", facts, self.table, source="Lawley & Maxwell (1971); statsmodels")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw sizes of loadings as a map from light to dark.

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
        >>> covariance = pd.DataFrame(0.5 + 0.5 * np.eye(4), list("abcd"), list("abcd"))
        >>> measurement.fit_efa(covariance, 1, n=200).plot().get_title("left")
        '4 items on 1 factor'
        """
        strongest, n_factors = self.loadings.abs().max(axis=1), self.loadings.shape[1]
        return _draw.heatmap(
            self.loadings.abs().round(2),
            title=f"{len(self.loadings)} items on {n_factors} factor{'s' if n_factors != 1 else ''}",
            x="", y="item", share=True, label="size of the loading",
            alt=f"Sizes of loadings as a map; each item's strongest is {strongest.min():.2f} to {strongest.max():.2f}.", ax=ax,
        )  # fmt: skip
