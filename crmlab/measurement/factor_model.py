"""The common factor model: which parameters there are, and the covariances that they imply.

With loadings L, residual variances t and correlations of the factors R, all factors at variance 1, the covariances of
the items are S = L R L' + diag(t) (Jöreskog 1969). Here the plan (factor -> items) becomes that model, its covariance
matrix and the derivatives of it. How well it fits is known in ``likelihood``; other units of the factors in
``parameters``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab._result import show
from crmlab.errors import ArgumentError


def parse_model(model: object, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the plan as factor -> its items; refuse what cannot be identified."""
    if not isinstance(model, Mapping) or not model:
        raise ArgumentError('`model` must map factors to their items, such as {"visual": ["x1", "x2", "x3"]}.')
    parsed: dict[str, tuple[str, ...]] = {}
    for factor, given in model.items():
        items = tuple(given) if isinstance(given, list | tuple | pd.Index) else ()
        if len(items) < 2 or len(set(items)) < len(items):
            raise ArgumentError(
                f"factor {factor!r} needs at least two different items in a list; it has {list(items)!r}. One item alone "
                "cannot be told from its error."
            )
        if missing := [item for item in items if item not in columns]:
            raise ArgumentError(f"factor {factor!r} names items that the table has not: {', '.join(map(str, missing))}.")
        parsed[str(factor)] = items
    p = len({item for items in parsed.values() for item in items})
    parameters = sum(map(len, parsed.values())) + p + len(parsed) * (len(parsed) - 1) // 2
    if parameters > p * (p + 1) // 2:
        raise ArgumentError(
            f"the model has {parameters} parameters and only {p * (p + 1) // 2} variances and covariances to find them from. "
            "Give a factor more items, or make fewer factors."
        )
    return parsed


@dataclass(frozen=True, slots=True, eq=False)
class FactorModel:
    """Which parameters a factor model has; ``params`` holds loadings, then residual variances, then correlations.

    Attributes
    ----------
    items : tuple of str
        The p items, in the order of the covariance matrix.
    factors : tuple of str
        The k factors.
    loading_item, loading_factor : ndarray of int, shape (loadings,)
        Position of the item and of the factor that each loading connects.
    pair_left, pair_right : ndarray of int, shape (k (k - 1) / 2,)
        Positions of the two factors of each correlation.
    """

    items: tuple[str, ...]
    factors: tuple[str, ...]
    loading_item: np.ndarray
    loading_factor: np.ndarray
    pair_left: np.ndarray
    pair_right: np.ndarray

    @classmethod
    def from_plan(cls, model: Mapping[str, Sequence[str]]) -> FactorModel:
        """Number the parameters of a plan, factor -> its items."""
        names = tuple(dict.fromkeys(item for items in model.values() for item in items))
        position = {name: number for number, name in enumerate(names)}
        loading_item = np.array([position[item] for items in model.values() for item in items])
        loading_factor = np.repeat(np.arange(len(model)), [len(items) for items in model.values()])
        return cls(names, tuple(model), loading_item, loading_factor, *np.triu_indices(len(model), 1))

    @property
    def first_loading(self) -> np.ndarray:
        """Return the position in ``params`` of each factor's first loading, shape (factors,)."""
        return np.array([np.flatnonzero(self.loading_factor == factor)[0] for factor in range(len(self.factors))])

    @property
    def labels(self) -> list[str]:
        """Name each parameter: ``=~`` is a loading, ``~~`` a variance or correlation."""
        pairs = zip(self.loading_item, self.loading_factor, strict=True)
        return [
            *(f"{self.factors[factor]} =~ {self.items[item]}" for item, factor in pairs),
            *(f"{name} ~~ {name}" for name in self.items),
            *(f"{self.factors[a]} ~~ {self.factors[b]}" for a, b in zip(self.pair_left, self.pair_right, strict=True)),
        ]

    def split(self, params: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return loadings, shape (loadings,), residual variances (items,) and correlations (pairs,)."""
        n_loadings, p = self.loading_item.size, len(self.items)
        return params[:n_loadings], params[n_loadings : n_loadings + p], params[n_loadings + p :]

    def loading_matrix(self, params: np.ndarray) -> np.ndarray:
        """Return L, shape (items, factors)."""
        matrix = np.zeros((len(self.items), len(self.factors)))
        matrix[self.loading_item, self.loading_factor] = self.split(params)[0]
        return matrix

    def factor_correlations(self, params: np.ndarray) -> np.ndarray:
        """Return R, shape (factors, factors)."""
        matrix = np.eye(len(self.factors))
        matrix[self.pair_left, self.pair_right] = matrix[self.pair_right, self.pair_left] = self.split(params)[2]
        return matrix

    def implied(self, params: np.ndarray) -> np.ndarray:
        """Return the covariances L R L' + diag(t), shape (items, items)."""
        loadings = self.loading_matrix(params)
        return loadings @ self.factor_correlations(params) @ loadings.T + np.diag(self.split(params)[1])

    def implied_derivatives(self, params: np.ndarray) -> np.ndarray:
        """Return the derivatives of the implied covariances by each parameter, shape (parameters, items, items)."""
        loadings = self.loading_matrix(params)
        n_loadings, p = self.loading_item.size, len(self.items)
        derivatives = np.zeros((params.size, p, p))
        loading, residual = np.arange(n_loadings), np.arange(p)
        column = (loadings @ self.factor_correlations(params))[:, self.loading_factor].T
        derivatives[loading, self.loading_item] = column
        derivatives[loading, :, self.loading_item] += column
        derivatives[n_loadings + residual, residual, residual] = 1
        products = np.einsum("ik,jk->kij", loadings[:, self.pair_left], loadings[:, self.pair_right])
        derivatives[n_loadings + p :] = products + products.transpose(0, 2, 1)
        return derivatives


def improper_parts(model: FactorModel, params: np.ndarray) -> tuple[str, ...]:
    """Say in words what about a solution cannot be: negative variances, correlations beyond 1 or that contradict each other."""
    _, residuals, correlations = model.split(params)
    negative = [
        f"the residual variance of {name} is negative ({show(value)})"
        for name, value in zip(model.items, residuals, strict=True)
        if value < 0
    ]
    beyond = [
        f"the correlation of {model.factors[a]} and {model.factors[b]} is {value:.3f}, beyond what a correlation can be"
        for a, b, value in zip(model.pair_left, model.pair_right, correlations, strict=True)
        if abs(value) > 1
    ]
    if not beyond and np.linalg.eigvalsh(model.factor_correlations(params))[0] <= 0:
        beyond = ["the correlations of the factors do not fit together (their matrix is not positive definite)"]
    return (*negative, *beyond)
