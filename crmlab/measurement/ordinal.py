"""Polychoric: how answers in few categories would correlate if they had not been cut.

Behind each item stands a normal variable that is seen only as a category. Pearson's correlation of the
categories is smaller in size than that of the variables; here is the estimate of the latter, pair by
pair, and how much the plain one loses. It reads keyed answers; what is done with the correlations
is known in ``structure``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from crmlab._result import Summary, percent
from crmlab.errors import DataError
from crmlab.measurement.covariances import numbers

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_MOST = 20  # categories; with more, an item is as good as continuous


def polychoric(items: pd.DataFrame) -> Polychoric:
    """Polychoric correlations of ordinal items, in two steps: cut points first, then each pair by maximum likelihood.

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

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import measurement
    >>> both = np.random.default_rng(1).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 5_000)
    >>> found = measurement.polychoric(pd.DataFrame(both > 0.8, columns=["a", "b"]).astype(int))
    >>> found.correlations.loc["a", "b"].round(1), found.pearson.loc["a", "b"].round(1)
    (np.float64(0.6), np.float64(0.4))

    References
    ----------
    Olsson (1979), Maximum likelihood estimation of the polychoric correlation coefficient, Psychometrika 44, two-step
    estimator. The bivariate normal integral as in Drezner & Wesolowsky (1990).
    """
    if not isinstance(items, pd.DataFrame) or items.shape[1] < 2:
        raise DataError("`items` must be a table of answers with at least two items as columns.")
    names = [str(name) for name in items.columns]
    values = numbers(items, list(items.columns))
    values = values[~np.isnan(values).all(axis=1)]
    hot, cuts = [], []
    for name, column in zip(names, values.T, strict=True):
        seen = np.unique(column[~np.isnan(column)])
        if not 2 <= seen.size <= _MOST:
            told = "everyone gave the same answer" if seen.size else "nobody answered"
            raise DataError(
                f"item {name!r} has {seen.size} different answers{f' ({told})' if seen.size < 2 else ''}; polychoric "
                "correlations need "
                f"2 to {_MOST}. {'Leave it out.' if seen.size < 2 else 'With so many, plain correlations do.'}"
            )
        hot.append(column[:, None] == seen)
        cuts.append(ndtri(np.cumsum(hot[-1].sum(axis=0))[:-1] / hot[-1].sum()))
    most = max(each.size for each in cuts) + 1
    shown = np.zeros((len(values), len(names), most))
    above = np.full((len(names), most - 1), np.inf)
    for number, (one, cut) in enumerate(zip(hot, cuts, strict=True)):
        shown[:, number, : one.shape[1]] = one
        above[number, : cut.size] = cut
    flat = shown.reshape(len(values), -1)
    counts = (flat.T @ flat).reshape(len(names), most, len(names), most)
    left, right = np.triu_indices(len(names), 1)
    pairs = counts[left, :, right, :]
    if not (pairs.sum(axis=(1, 2)) > 2).all():
        empty = int(np.argmin(pairs.sum(axis=(1, 2))))
        raise DataError(f"nobody answered both {names[left[empty]]!r} and {names[right[empty]]!r}. Leave one of them out.")
    found = np.eye(len(names))
    found[left, right] = found[right, left] = _correlations(pairs, above[left], above[right])
    plain = pd.DataFrame(values, columns=names).corr()
    complete = int((~np.isnan(values)).all(axis=1).sum())
    own = pd.DataFrame(found, index=names, columns=names)
    return Polychoric(own, plain.set_axis(names), dict(zip(names, cuts, strict=True)), complete, len(items) - complete)


def _correlations(counts: np.ndarray, above: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """Fisher scoring for all pairs at once: counts (pairs, a, b), cut points (pairs, a - 1) and (pairs, b - 1)."""
    total = counts.sum(axis=(1, 2))
    score = np.arange(counts.shape[1])
    rho = _plain(counts, score).clip(-0.9, 0.9)
    low, high = np.full_like(rho, -0.9999), np.full_like(rho, 0.9999)
    for _ in range(60):
        chance, slope = _cells(above, beyond, rho)
        seen = chance > 1e-300
        ratio = np.divide(slope, chance, out=np.zeros_like(slope), where=seen)
        uphill = (counts * ratio).sum(axis=(1, 2))
        curvature = total * (slope * ratio).sum(axis=(1, 2))
        low, high = np.where(uphill > 0, rho, low), np.where(uphill < 0, rho, high)
        step = np.divide(uphill, curvature, out=np.zeros_like(rho), where=curvature > 0)
        there = rho + step
        there = np.where((there <= low) | (there >= high), (low + high) / 2, there)  # never outside what brackets the root
        still = np.abs(there - rho) > 1e-12
        rho = np.where(uphill == 0, rho, there)
        if not still.any():
            break
    return rho


def _plain(counts: np.ndarray, score: np.ndarray) -> np.ndarray:
    share = counts / counts.sum(axis=(1, 2), keepdims=True)
    one, other = share.sum(axis=2), share.sum(axis=1)
    mean = one @ score, other @ score
    spread = np.sqrt((one @ score**2 - mean[0] ** 2) * (other @ score**2 - mean[1] ** 2))
    return (np.einsum("kab,a,b->k", share, score, score) - mean[0] * mean[1]) / np.where(spread > 0, spread, 1)


def _cells(above: np.ndarray, beyond: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chance of each cell at these correlations, and its derivative."""
    h, k = above[:, :, None], beyond[:, None, :]
    inside = np.isfinite(h) & np.isfinite(k)
    h, k = np.where(inside, h, 0.0), np.where(inside, k, 0.0)
    # the integral over the correlation, in its arc sine, where the integrand is smooth
    end = np.arcsin(rho)[:, None, None]
    below = np.zeros(h.shape)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        angle = end * (node + 1) / 2
        below += weight * np.exp(-(h * h + k * k - 2 * h * k * np.sin(angle)) / (2 * np.cos(angle) ** 2))
    corner = ndtr(h) * ndtr(k) + end / (4 * np.pi) * below
    rest = 1 - rho[:, None, None] ** 2
    density = np.exp(-(h * h + k * k - 2 * rho[:, None, None] * h * k) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    # where a cut lies at infinity, the corner is the other margin and does not move
    margin = np.minimum(ndtr(above)[:, :, None], ndtr(beyond)[:, None, :])
    corner, density = np.where(inside, corner, margin), np.where(inside, density, 0.0)
    full = np.zeros((len(rho), above.shape[1] + 2, beyond.shape[1] + 2))
    full[:, 1:-1, 1:-1] = corner
    full[:, -1, 1:-1], full[:, 1:-1, -1], full[:, -1, -1] = ndtr(beyond), ndtr(above), 1
    moved = np.zeros_like(full)
    moved[:, 1:-1, 1:-1] = density
    return tuple(np.diff(np.diff(each, axis=1), axis=2) for each in (full, moved))


@dataclass(frozen=True, slots=True, eq=False)
class Polychoric:
    """Polychoric correlations beside the plain ones.

    Attributes
    ----------
    correlations, pearson : DataFrame, shape (items, items)
    cuts : dict
        Item -> its cut points, in standard deviations.
    n : int
        Rows that answer all items.
    incomplete : int
        Rows that do not; they count for the pairs that they have.
    """

    correlations: pd.DataFrame
    pearson: pd.DataFrame
    cuts: dict[str, np.ndarray]
    n: int
    incomplete: int

    @property
    def positive(self) -> np.ndarray:
        """The correlations as the nearest matrix that could be one: negative roots raised to a small positive one."""
        roots, vectors = np.linalg.eigh(self.correlations.to_numpy())
        if roots[0] > 1e-6:
            return self.correlations.to_numpy()
        raised = (vectors * roots.clip(min=1e-4)) @ vectors.T
        spread = np.sqrt(np.diag(raised))
        return raised / np.outer(spread, spread)

    @property
    def attenuation(self) -> float:
        """What plain correlations keep of the polychoric ones: slope through the origin over all pairs."""
        pairs = np.triu_indices(len(self.correlations), 1)
        own, plain = self.correlations.to_numpy()[pairs], self.pearson.to_numpy()[pairs]
        return float(own @ plain / (own @ own)) if own.any() else np.nan

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
        """The finding in a few lines."""
        return Summary(
            "Polychoric correlations",
            (
                ("Rows that answer everything", self.n),
                ("Rows that miss an item", self.incomplete),
                ("Plain correlations keep", percent(self.attenuation)),
            ),
            self.table,
            source="Olsson (1979)",
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
