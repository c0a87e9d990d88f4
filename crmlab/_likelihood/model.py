"""Models: what is fitted, and the rows that its likelihood reads.

A ``Model`` is names and functions; ``Observations`` are arrays with a row per customer, in which equal rows are counted once.
What stands between a user's table and a likelihood stands here, too: covariates are standardized, a prior is checked. How the
maximum is found is known in ``maximum``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from crmlab.errors import ArgumentError

#: Log-likelihood (n,), score (k, n) and Hessian (k, k, n) of n rows, by the logarithms of k parameters.
LoglikScoreHessian = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Model:
    """What is fitted.

    Attributes
    ----------
    name : str
        As a reader knows it, such as "BG/NBD".
    parameters : tuple of str
        Names of the k parameters, all of them positive.
    loglik_score_hessian : callable
        ``(theta, *columns)`` -> log-likelihood (n,), score (k, n), Hessian (k, k, n) by the *logarithms* of the parameters;
        ``theta`` holds the parameters, shape (k, 1) or (k, n).
    starts : callable
        ``(weight, *columns)`` -> points from which to begin, each with a value for every parameter.
    source : str
        The paper.
    covariate_sign : mapping
        Parameter -> sign with which covariates act on its logarithm; empty if the model takes no covariates.
    ordering : callable, optional
        ``(*columns)`` -> sort key (n,), none below 0; rows are sorted by it (ties stay as they came), so that the rows of a
        block are alike.
    block : int
        Rows whose arrays fit into a processor's cache.
    """

    name: str
    parameters: tuple[str, ...]
    loglik_score_hessian: Callable[..., LoglikScoreHessian]
    starts: Callable[..., Sequence[tuple[float, ...]]]
    source: str
    covariate_sign: Mapping[str, int] = field(default_factory=dict)
    ordering: Callable[..., np.ndarray] | None = None
    block: int = 8_192

    def labels(self, covariates: Sequence[str]) -> list[str]:
        """Name the parameters, then a coefficient for each parameter on which each covariate acts."""
        return [*self.parameters, *(f"{name}: {covariate}" for name in self.covariate_sign for covariate in covariates)]


@dataclass(frozen=True, slots=True)
class Observations:
    """Rows that a likelihood reads.

    Attributes
    ----------
    columns : tuple of ndarray, each of shape (n,)
    weight : ndarray, shape (n,)
        How many customers each row stands for.
    covariates : ndarray, shape (n, m)
        Perhaps none: m is 0 then.
    """

    columns: tuple[np.ndarray, ...]
    weight: np.ndarray
    covariates: np.ndarray

    def take(self, rows: slice | np.ndarray) -> Observations:
        """Select rows."""
        return Observations(tuple(column[rows] for column in self.columns), self.weight[rows], self.covariates[rows])


def unique_rows(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Find equal rows: the index of the first row of each kind, and for every row its kind; all rows where most differ."""
    hashes = np.zeros(columns[0].size, dtype=np.uint64)
    for column in columns:  # 64 bits of each row, equal for equal rows
        hashes = (hashes ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    sample = hashes[:: max(1, hashes.size // 5_000)]  # all rows of a small table: sorting it once is enough
    if sample.size == hashes.size or np.unique(sample).size < 0.9 * sample.size:
        _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        repeated = first.size < inverse.size
        if repeated and all(np.array_equal(column[first][inverse], column) for column in columns):  # and not just the bits
            return first, inverse
    rows = np.arange(hashes.size)
    return rows, rows


def group_observations(
    model: Model, columns: Sequence[np.ndarray], covariates: np.ndarray | None = None, weight: np.ndarray | None = None
) -> Observations:
    """Merge customers with equal rows into one row with a count, and sort the rows as the model asks."""
    covariates = np.empty((columns[0].size, 0)) if covariates is None else covariates
    first, inverse = unique_rows((*columns, *covariates.T))
    grouped = Observations(tuple(columns), np.bincount(inverse, weight, minlength=first.size).astype(float), covariates)
    if first.size < inverse.size:
        grouped = replace(grouped, columns=tuple(column[first] for column in columns), covariates=covariates[first])
    if model.ordering is None:
        return grouped
    return grouped.take(_stable_order(model.ordering(*grouped.columns)))


def _stable_order(key: np.ndarray) -> np.ndarray:
    """Return the order of keys of 0 or more, shape (n,); ties, and in a large table what nearly ties, stay as they came.

    numpy's stable sort of many numbers takes as long as reading them twice. The bits of the keys, with the row in the last of
    them, are all different, so that any sort of them is stable.
    """
    if key.size < 100_000:
        return np.argsort(key, kind="stable")
    shift = key.size.bit_length()
    rows = np.arange(key.size)
    return np.sort(((key + 0.0).view(np.int64) >> shift << shift) | rows) & ((1 << shift) - 1)


#: For each parameter: the places in a point of which its logarithm is made, and their factors, shape (n, places).
Designs = list[tuple[list[int], np.ndarray]]


def customer_parameters(model: Model, point: np.ndarray, covariates: np.ndarray) -> tuple[np.ndarray, Designs]:
    """Return the parameters of each row, shape (k, n), and their designs; shape (k, 1) and no designs without covariates.

    ``point`` holds the logarithms of the parameters, then the coefficients of the covariates.
    """
    k, m = len(model.parameters), covariates.shape[1]
    if not m:
        return np.exp(point[:k, None]), []
    theta, designs = [], []
    for i, name in enumerate(model.parameters):
        places, design = [i], np.ones((len(covariates), 1))
        if name in model.covariate_sign:
            first = k + m * list(model.covariate_sign).index(name)
            places += range(first, first + m)
            design = np.hstack([design, model.covariate_sign[name] * covariates])
        designs.append((places, design))
        theta.append(np.exp(np.clip(design @ point[places], -60, 60)))
    return np.stack(theta), designs


def standardize(model: Model, observations: Observations) -> tuple[Observations, np.ndarray]:
    """Give covariates mean 0 and standard deviation 1; also return the matrix that takes a point back to their own units.

    Steps, starts and the threshold of what is weak then mean the same whether a covariate is a share, a year or an income.
    """
    k, m = len(model.parameters), observations.covariates.shape[1]
    transform = np.eye(k + m * len(model.covariate_sign))
    if not m:
        return observations, transform
    scale = np.abs(observations.covariates).max(axis=0)
    share = observations.weight / observations.weight.sum()
    mean = share @ (observations.covariates / scale)
    deviation = np.sqrt(share @ (observations.covariates / scale - mean) ** 2)
    for place, (name, sign) in enumerate(model.covariate_sign.items()):
        coefficients = k + m * place + np.arange(m)
        transform[coefficients, coefficients] = 1 / (deviation * scale)
        transform[model.parameters.index(name), coefficients] = -sign * mean / deviation
    return replace(observations, covariates=(observations.covariates / scale - mean) / deviation), transform


def log_prior(prior: object, model: Model, covariates: int) -> np.ndarray | None:
    """Check a prior; return mean and precision of each logarithm, then of each coefficient (precision 0), shape (2, k)."""
    if prior is None:
        return None
    if not isinstance(prior, Mapping) or not prior:
        example = f'{{"{model.parameters[0]}": (1.0, 3.0)}}'
        raise ArgumentError(f"`prior` must map parameters to (median, factor), such as {example}.")
    moments = np.zeros((2, len(model.parameters) + len(model.covariate_sign) * covariates))
    for name, pair in prior.items():
        if name not in model.parameters:
            raise ArgumentError(f"`prior` names {name!r}; the parameters of {model.name} are {', '.join(model.parameters)}.")
        try:
            median, factor = map(float, () if isinstance(pair, str) else pair)
        except (TypeError, ValueError):
            median = factor = np.nan
        if not (1e-20 < median < 1e20 and 1.0001 < factor < np.inf):
            raise ArgumentError(
                f"the prior of `{name}` must be (median, factor), with a median above 0 and a factor above 1: two thirds of "
                f"what is believed lie between median / factor and median x factor; it is {pair!r}."
            )
        moments[:, model.parameters.index(name)] = np.log(median), np.log(factor) ** -2
    return moments
