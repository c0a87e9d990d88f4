"""Reference data: what a table would look like if its customers differed by degree only.

Each column keeps its margin, with one mode; the columns keep their correlations; nothing else binds them. So whatever
segments are formed of such data are made, not met. It reads checked rows and returns a source of such tables; what is compared
with them is known in ``existence``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import isotonic_regression

_TAIL = 20  # outermost values on each side, each of which ends a bin
_BINS = 100  # between the tails
_MOST_WHOLE = 200  # different whole numbers, up to which each has a bin
_ROUNDS = 12  # of bringing the correlations of the reference near those of the table
_SIZE = 4_000  # rows by which that is judged


@dataclass(frozen=True, slots=True)
class Margin:
    """Distribution of a column: a cumulated probability at each edge, straight between them.

    Attributes
    ----------
    edges : ndarray, shape (b + 1,)
    cumulated : ndarray, shape (b + 1,)
        From 0 to 1.
    whole : bool
        Whether values are rounded to whole numbers.
    """

    edges: np.ndarray
    cumulated: np.ndarray
    whole: bool

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Return values below which a share of the column lies."""
        values = np.interp(probability, self.cumulated, self.edges)
        return np.floor(values + 0.5) if self.whole else values


def margin(values: np.ndarray, *, categorical: bool) -> Margin:
    """Estimate the distribution of a column (n,): as it is for categories, with one mode for numbers.

    The density with one mode is that of maximum likelihood, which pools bins where it would rise again (Grenander 1956).
    """
    ordered = np.sort(values)
    whole = bool((ordered == np.floor(ordered)).all()) and ordered[-1] - ordered[0] < _MOST_WHOLE
    if whole:
        edges = np.arange(ordered[0] - 0.5, ordered[-1] + 1)
    else:
        n = ordered.size
        ranks = np.unique(np.concatenate([
            np.arange(min(_TAIL, n)), np.linspace(0, n - 1, _BINS).astype(int), np.arange(max(0, n - _TAIL), n)
        ]))  # fmt: skip
        edges = np.unique(ordered[ranks])
    mass = np.diff(np.searchsorted(ordered, edges, side="right"), prepend=0)[1:] / ordered.size
    mass[0] += (ordered <= edges[0]).mean()
    mass = mass if categorical else _one_mode(mass, np.diff(edges))
    return Margin(edges, np.concatenate([[0.0], np.cumsum(mass) / mass.sum()]), whole)


def _one_mode(mass: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return the probabilities of bins whose density rises to a mode and falls from there, at the most likely mode."""
    density = mass / width
    best, highest = mass, -np.inf
    for mode in range(mass.size):
        up = isotonic_regression(density[:mode], weights=width[:mode]).x if mode else np.empty(0)
        down = isotonic_regression(density[mode:], weights=width[mode:], increasing=False).x
        fitted = np.concatenate([up, down])
        if mode and up[-1] > down[0]:
            continue
        loglik = float(mass @ np.log(np.maximum(fitted, 1e-300)))
        if loglik > highest + 1e-9:
            best, highest = fitted * width, loglik
    return best


@dataclass(frozen=True, slots=True)
class Reference:
    """Source of tables without segments.

    Attributes
    ----------
    margins : tuple of Margin
    root : ndarray, shape (p, p)
        Of the correlations of the normal variables behind the columns.
    """

    margins: tuple[Margin, ...]
    root: np.ndarray

    def draw(self, n: int, draw: np.random.Generator) -> np.ndarray:
        """Draw a table of n rows, shape (n, p)."""
        return self._values(draw.standard_normal((n, len(self.margins))))

    def _values(self, normal: np.ndarray) -> np.ndarray:
        uniform = stats.norm.cdf(normal @ self.root.T)
        return np.column_stack([each.quantile(column) for each, column in zip(self.margins, uniform.T, strict=True)])


def reference(values: np.ndarray, draw: np.random.Generator, *, categorical: bool) -> Reference:
    """Fit margins and correlations to the rows of a table, shape (n, p).

    Normal variables are turned into the margins; their correlations are moved till those of the result are the table's
    (Cario & Nelson 1997, NORTA).
    """
    margins = tuple(margin(column, categorical=categorical) for column in values.T)
    normal, target = draw.standard_normal((_SIZE, len(margins))), _correlation(values)
    matrix = target.copy()
    made = Reference(margins, _root(matrix))
    for _ in range(_ROUNDS):
        matrix = np.clip(matrix + target - _correlation(made._values(normal)), -1, 1)
        made = Reference(margins, _root(matrix))
    return made


def _correlation(values: np.ndarray) -> np.ndarray:
    return np.atleast_2d(np.corrcoef(values, rowvar=False))


def _root(matrix: np.ndarray) -> np.ndarray:
    """Return a root of the nearest correlation matrix: negative eigenvalues are set to 0, variances to 1."""
    eigenvalues, eigenvectors = np.linalg.eigh(matrix)
    root = eigenvectors * np.sqrt(np.maximum(eigenvalues, 0))
    return root / np.sqrt((root**2).sum(axis=1, keepdims=True))
