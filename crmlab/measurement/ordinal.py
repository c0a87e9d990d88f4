"""Ordinal answers: how answers in few categories would correlate if they had not been cut.

Behind each item stands a normal variable that is seen only as a category. Pearson's correlation of the categories is
smaller in size than that of the variables; here is the estimate of the latter, pair by pair, and how much the plain
one loses. Keyed answers come in; a factor model of the correlations is fitted in ``cfa``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from crmlab import _check
from crmlab._result import Result, Summary, percent
from crmlab.errors import DataError
from crmlab.measurement.bivariate_normal import cell_probabilities
from crmlab.measurement.covariances import correlation_matrix, item_values

_MOST_CATEGORIES = 20  # with more, an item is as good as continuous


def polychoric(items: pd.DataFrame) -> Polychoric:
    """Estimate polychoric correlations of ordinal items: thresholds first, then each pair by maximum likelihood.

    Parameters
    ----------
    items : DataFrame, shape (rows, items)
        Answers in 2 to 20 ordered categories, written as numbers. A row that misses an item counts for the pairs that it has.

    Returns
    -------
    Polychoric

    Raises
    ------
    DataError
        An item with one category or more than 20, fewer than two items, or a pair that nobody answered.

    Notes
    -----
    With thresholds at the normal quantiles of the cumulative shares of each item, the correlation ρ of a pair maximises
    ``Σ n_ij log p_ij(ρ)`` over the cells of their table, p_ij the bivariate normal probability of cell ij.

    References
    ----------
    Olsson (1979), Maximum likelihood estimation of the polychoric correlation coefficient, Psychometrika 44, two-step
    estimator. The bivariate normal integral as in Drezner & Wesolowsky (1990).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import measurement
    >>> both = np.random.default_rng(1).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 5_000)
    >>> result = measurement.polychoric(pd.DataFrame(both > 0.8, columns=["a", "b"]).astype(int))
    >>> result.correlations.loc["a", "b"].round(1), result.pearson.loc["a", "b"].round(1)
    (np.float64(0.6), np.float64(0.4))
    """
    if _check.frame("items", items, "Give a table of answers.").shape[1] < 2:
        raise DataError("`items` must be a table of answers with at least two items as columns.")
    names = [str(name) for name in items.columns]
    values = item_values(items, list(items.columns))
    values = values[~np.isnan(values).all(axis=1)]
    indicators = [_category_indicators(column, name) for name, column in zip(names, values.T, strict=True)]
    cumulative = [np.cumsum(indicator.sum(axis=0))[:-1] / indicator.sum() for indicator in indicators]
    thresholds = [ndtri(shares) for shares in cumulative]
    left, right = np.triu_indices(len(names), 1)
    counts = _pair_counts(indicators, left, right)
    n_answers = counts.sum(axis=(1, 2))
    if not (n_answers > 2).all():
        pair = int(np.argmin(n_answers))
        raise DataError(f"nobody answered both {names[left[pair]]!r} and {names[right[pair]]!r}. Leave one of them out.")
    padded = np.full((len(names), counts.shape[1] - 1), np.inf)
    for number, cuts in enumerate(thresholds):
        padded[number, : cuts.size] = cuts
    correlations = np.eye(len(names))
    correlations[left, right] = correlations[right, left] = _fit_correlations(counts, padded[left], padded[right])
    n_complete = int((~np.isnan(values)).all(axis=1).sum())
    return Polychoric(
        pd.DataFrame(correlations, names, names), pd.DataFrame(values, columns=names).corr(),
        dict(zip(names, thresholds, strict=True)), n_complete, len(items) - n_complete,
    )  # fmt: skip


def _category_indicators(answers: np.ndarray, name: str) -> np.ndarray:
    """Return which answer falls into which category, shape (rows, categories); refuse an item with too few or many."""
    categories = np.unique(answers[~np.isnan(answers)])
    if categories.size > _MOST_CATEGORIES:
        raise DataError(
            f"item {name!r} has {categories.size} different answers; polychoric correlations need 2 to {_MOST_CATEGORIES}. "
            "With so many, plain correlations do."
        )
    if categories.size < 2:
        reason = "everyone gave the same answer" if categories.size else "nobody answered"
        raise DataError(
            f"item {name!r} has {categories.size} different answers ({reason}); polychoric correlations need "
            f"2 to {_MOST_CATEGORIES}. Leave it out."
        )
    return answers[:, None] == categories


def _pair_counts(indicators: list[np.ndarray], left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Count the answers of each pair of items, shape (pairs, a, a), a the largest number of categories."""
    most = max(indicator.shape[1] for indicator in indicators)
    padded = np.zeros((len(indicators[0]), len(indicators), most))
    for number, indicator in enumerate(indicators):
        padded[:, number, : indicator.shape[1]] = indicator
    flat = padded.reshape(len(padded), -1)
    counts = (flat.T @ flat).reshape(len(indicators), most, len(indicators), most)
    return counts[left, :, right, :]


def _fit_correlations(counts: np.ndarray, row_thresholds: np.ndarray, column_thresholds: np.ndarray) -> np.ndarray:
    """Maximise the likelihood of all pairs at once by Fisher scoring within a bracket, shape (pairs,).

    ``counts`` has shape (pairs, a, a), thresholds have shape (pairs, a - 1), infinite where an item has fewer.
    """
    n = counts.sum(axis=(1, 2))
    rho = _score_correlations(counts).clip(-0.9, 0.9)
    low, high = np.full_like(rho, -0.9999), np.full_like(rho, 0.9999)
    for _ in range(60):
        cells = cell_probabilities(row_thresholds, column_thresholds, rho)
        possible = cells.probability > 1e-300
        ratio = np.divide(cells.derivative, cells.probability, out=np.zeros_like(cells.derivative), where=possible)
        score = (counts * ratio).sum(axis=(1, 2))
        information = n * (cells.derivative * ratio).sum(axis=(1, 2))
        low, high = np.where(score > 0, rho, low), np.where(score < 0, rho, high)
        trial = rho + np.divide(score, information, out=np.zeros_like(rho), where=information > 0)
        trial = np.where((trial <= low) | (trial >= high), (low + high) / 2, trial)  # never outside what brackets the root
        converged = np.abs(trial - rho) <= 1e-12
        rho = np.where(score == 0, rho, trial)
        if converged.all():
            break
    return rho


def _score_correlations(counts: np.ndarray) -> np.ndarray:
    """Return Pearson's correlations of the categories numbered 0, 1, ..., shape (pairs,)."""
    score = np.arange(counts.shape[1])
    share = counts / counts.sum(axis=(1, 2), keepdims=True)
    rows, columns = share.sum(axis=2), share.sum(axis=1)
    row_mean, column_mean = rows @ score, columns @ score
    deviations = np.sqrt((rows @ score**2 - row_mean**2) * (columns @ score**2 - column_mean**2))
    covariance = np.einsum("kab,a,b->k", share, score, score) - row_mean * column_mean
    return covariance / np.where(deviations > 0, deviations, 1)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Polychoric(Result):
    """Polychoric correlations beside the plain ones.

    Attributes
    ----------
    correlations, pearson : DataFrame, shape (items, items)
    thresholds : dict
        Item -> its thresholds, an array of one less than its categories, in standard deviations.
    n : int
        Rows that answer all items.
    n_incomplete : int
        Rows that do not; they count for the pairs that they have.
    """

    correlations: pd.DataFrame
    pearson: pd.DataFrame
    thresholds: dict[str, np.ndarray]
    n: int
    n_incomplete: int

    @property
    def positive_definite(self) -> np.ndarray:
        """The correlations as a matrix that could be one, shape (items, items): eigenvalues below 0 are raised above it."""
        eigenvalues, eigenvectors = np.linalg.eigh(self.correlations.to_numpy())
        if eigenvalues[0] > 1e-6:
            return self.correlations.to_numpy()
        return correlation_matrix((eigenvectors * eigenvalues.clip(min=1e-4)) @ eigenvectors.T)

    @property
    def attenuation(self) -> float:
        """What plain correlations keep of the polychoric ones: slope through the origin over all pairs."""
        pairs = np.triu_indices(len(self.correlations), 1)
        latent, plain = self.correlations.to_numpy()[pairs], self.pearson.to_numpy()[pairs]
        return float(latent @ plain / (latent @ latent)) if latent.any() else np.nan

    @property
    def table(self) -> pd.DataFrame:
        """``item, other, polychoric, pearson``, one row per pair."""
        left, right = np.triu_indices(len(self.correlations), 1)
        names = np.array(self.correlations.columns)
        return pd.DataFrame({
            "item": names[left], "other": names[right], "polychoric": self.correlations.to_numpy()[left, right],
            "pearson": self.pearson.to_numpy()[left, right],
        })  # fmt: skip

    def summary(self) -> Summary:
        """Show the correlations, and what plain ones keep of them."""
        facts = (
            ("Rows that answer everything", self.n),
            ("Rows that miss an item", self.n_incomplete),
            ("Plain correlations keep", percent(self.attenuation)),
        )
        return Summary("Polychoric correlations", facts, self.table, source="Olsson (1979)")
