"""Chain links: which column stands in which of the chain's three equations, and where staying bends.

``Links`` lays the columns out, and returns slopes and their joint covariance. Columns come in checked (``chain``); how an
equation is solved is known in ``chain_equations``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crmlab.loyalty.chain_equations import Equation, clustered_covariance, slopes


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Columns of the chain, and its three equations.

    Attributes
    ----------
    service : tuple of str
        Names of the k columns of service.
    judged : ndarray, shape (rows, k)
        Scores of the service.
    content, staying, money : ndarray, shape (rows,)
        Satisfaction, whether they stayed, profit.
    controls : DataFrame
        Numbers only.
    codes : ndarray of int, shape (rows,)
        Whose rows they are.
    noise : dict of str to float
        Share of a column's variance that is error; 0 for those not named.
    satisfaction : str
        Name of that column.
    """

    service: tuple[str, ...]
    judged: np.ndarray
    content: np.ndarray
    staying: np.ndarray
    money: np.ndarray
    controls: pd.DataFrame
    codes: np.ndarray
    noise: dict[str, float]
    satisfaction: str

    def equation(self, outcome: np.ndarray, first: dict[str, np.ndarray], *, with_service: bool) -> Equation:
        names = (*first, *(self.service if with_service else ()), *self.controls)
        parts = [np.column_stack([*first.values()]) if first else np.empty((len(outcome), 0))]
        parts += [self.judged] if with_service else []
        return Equation(
            outcome, np.column_stack([*parts, self.controls.to_numpy()]), names,
            np.array([self.noise.get(name, 0.0) for name in names]),
        )  # fmt: skip

    def fit(self, direct: bool) -> tuple[np.ndarray, np.ndarray]:
        """Parameters of the three links, shape (3 k + 3,), and their covariance; those that are left out are 0."""
        content = {self.satisfaction: self.content}
        links = (
            (self.equation(self.content, {}, with_service=True), 0),
            (self.equation(self.staying, content, with_service=direct), 1),
            (self.equation(self.money, {"stays": self.staying, **content}, with_service=direct), 2),
        )
        k, params, influence = len(self.service), [], []
        for equation, first in links:
            b, rows = slopes(equation)
            size = first + k if direct or not first else first
            params.append(np.pad(b[:size], (0, first + k - size)))
            influence.append(np.pad(rows[:, :size], ((0, 0), (0, first + k - size))))
        return np.concatenate(params), clustered_covariance(np.hstack(influence), self.codes)

    def bend(self) -> tuple[pd.DataFrame, float]:
        """Slopes of staying on answered satisfaction: below, between and above two knots, the thirds of the answers; and the
        p-value of their being equal."""
        low, high = np.quantile(self.content, [1 / 3, 2 / 3], method="lower")
        if not self.content.min() < low < high < self.content.max():
            low, high = np.quantile(np.unique(self.content), [1 / 3, 2 / 3], method="nearest")
        parts = {
            "below": np.minimum(self.content, low), "between": np.clip(self.content, low, high),
            "above": np.maximum(self.content, high),
        }  # fmt: skip
        parts = {name: values for name, values in parts.items() if np.ptp(values) > 0}
        equation = self.equation(self.staying, parts, with_service=False)
        b, rows = slopes(equation)
        covariance = clustered_covariance(rows[:, : len(parts)], self.codes)
        starts = {"below": self.content.min(), "between": low, "above": high}
        ends = {"below": low, "between": high, "above": self.content.max()}
        table = pd.DataFrame({
            "piece": list(parts), "from_answer": [starts[name] for name in parts],
            "to_answer": [ends[name] for name in parts],
            "estimate": b[: len(parts)], "std_error": np.sqrt(np.diag(covariance)),
        })  # fmt: skip
        return table, _equal_slopes(b[: len(parts)], covariance)


def _equal_slopes(b: np.ndarray, covariance: np.ndarray) -> float:
    """Wald's test that all slopes are equal."""
    if b.size < 2:
        return float("nan")
    contrast = np.diff(np.eye(b.size), axis=0)
    distance = contrast @ b
    chi2 = distance @ np.linalg.solve(contrast @ covariance @ contrast.T, distance)
    return float(stats.chi2.sf(chi2, b.size - 1))
