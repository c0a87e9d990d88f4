"""Judgements: from "which counts more, and how many times" to weights.

The analytic hierarchy process reads a judgement of each pair and returns weights, how far the judgements contradict each
other, and which pair to think over. What is weighted is not known here (see ``value_scores``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab._result import Result, Summary, show
from crmlab.errors import ArgumentError, DataError

#: Mean consistency index of random judgements by the number of criteria (Saaty 1980); two cannot contradict each other.
RANDOM_INDEX = {2: 0.0, 3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45}
_ACCEPTED = 0.10  # consistency ratio up to which Saaty accepts judgements
_STRONGEST = 9.0  # "extremely more", the end of Saaty's scale


def ahp(judgements: pd.DataFrame | Mapping[tuple[str, str], float]) -> Judgements:
    """Turn judgements of pairs into weights by the analytic hierarchy process, and measure how they contradict each other.

    With a_ij saying how many times more i counts than j, the weights w are the principal eigenvector, A w = l w, with sum 1.
    Judgements without a contradiction have l = n; the consistency ratio is (l - n) / (n - 1) over that of random judgements.

    Parameters
    ----------
    judgements : DataFrame or mapping
        ``{("current", "potential"): 3, ...}``: the first counts three times as much as the second, each pair once. Or the
        whole square matrix, its rows and columns under the same names.

    Returns
    -------
    Judgements

    Raises
    ------
    DataError
        The matrix is not square, or its names, its diagonal or two mirrored cells do not match; a pair is missing or given
        twice; a judgement is no number from 1/9 to 9.
    ArgumentError
        There are fewer than 2 or more than 9 criteria.

    References
    ----------
    Saaty (1980), The Analytic Hierarchy Process; Saaty (2008), Decision making with the analytic hierarchy process,
    International Journal of Services Sciences 1(1), 83-98.

    Examples
    --------
    >>> from crmlab import segmentation
    >>> judged = segmentation.ahp({("current", "potential"): 1 / 2, ("current", "referral"): 4, ("potential", "referral"): 6})
    >>> judged.weights.round(3).to_dict(), round(judged.consistency_ratio, 3)
    ({'current': 0.323, 'potential': 0.588, 'referral': 0.089}, 0.008)
    """
    matrix = judgements if isinstance(judgements, pd.DataFrame) else _matrix(judgements)
    n = _refuse(matrix)
    values, vectors = np.linalg.eig(matrix.to_numpy(float))
    principal = int(np.argmax(values.real))
    weights = np.abs(vectors[:, principal].real)
    index = max(0.0, float(values[principal].real - n) / (n - 1))
    ratio = index / RANDOM_INDEX[n] if n > 2 else 0.0
    return Judgements(matrix.astype(float), pd.Series(weights / weights.sum(), matrix.index, name="weight"), index, ratio)


def _matrix(judgements: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Fill a reciprocal matrix from one judgement per pair."""
    if not isinstance(judgements, Mapping) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in judgements):
        raise DataError('`judgements` must be a square DataFrame or a mapping such as {("current", "potential"): 3}.')
    names = list(dict.fromkeys(name for pair in judgements for name in pair))
    matrix = pd.DataFrame(np.eye(len(names)), names, names)
    for first, second in combinations(names, 2):
        given = [pair for pair in ((first, second), (second, first)) if pair in judgements]
        if len(given) != 1:
            raise DataError(f"`judgements` must compare {first!r} with {second!r} once; they do so {len(given)} times.")
        value = _check.number(f"judgements[{given[0]}]", judgements[given[0]], 0, closed="neither")
        matrix.loc[given[0]], matrix.loc[given[0][::-1]] = value, 1 / value
    return matrix


def _refuse(matrix: pd.DataFrame) -> int:
    """Refuse what is no matrix of judgements; return the number of criteria."""
    names = list(_check.frame("judgements", matrix).columns)
    if list(matrix.index) != names:
        raise DataError(f"rows and columns of `judgements` must have the same names in one order; they are "
                        f"{list(matrix.index)} and {names}.")  # fmt: skip
    if not 2 <= len(names) <= 9:
        raise ArgumentError(f"`judgements` must compare 2 to 9 criteria; they are {len(names)}. Group them into fewer.")
    values = _check.numeric_columns(matrix, names, "judgements")
    outside = (values < 1 / _STRONGEST - 1e-9) | (values > _STRONGEST + 1e-9)
    mirrored = np.abs(values * values.T - 1) > 0.05  # 0.33 stands for 1/3, 0.17 for 1/6
    for wrong, reason in ((outside, "lies outside the scale from 1/9 to 9"), (mirrored, "is not 1 over its mirror image")):
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(f"the judgement of {names[row]!r} beside {names[column]!r}, {values[row, column]:g}, {reason}.")
    return len(names)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Judgements(Result):
    """Weights from judgements of pairs.

    Attributes
    ----------
    matrix : DataFrame, shape (n, n)
        How many times more the row counts than the column.
    weights : Series, shape (n,)
        With sum 1.
    consistency_index, consistency_ratio : float
        0 without a contradiction; the ratio is 1 for judgements at random.
    """

    matrix: pd.DataFrame
    weights: pd.Series
    consistency_index: float
    consistency_ratio: float

    @property
    def consistent(self) -> bool:
        """Whether the consistency ratio is at most 0.1, which Saaty accepts."""
        return self.consistency_ratio <= _ACCEPTED

    @property
    def table(self) -> pd.DataFrame:
        """Pairs beside what the weights imply, the one to think over first (``tables.describe("judgement_pairs")``)."""
        pairs = list(combinations(self.matrix.columns, 2))
        judged = np.array([self.matrix.loc[pair] for pair in pairs])
        implied = np.array([self.weights[first] / self.weights[second] for first, second in pairs])
        table = pd.DataFrame(pairs, columns=["first", "second"]).assign(
            judged=judged, implied=implied, contradiction=np.exp(np.abs(np.log(judged / implied)))
        )
        order = np.argsort(-np.round(table["contradiction"], 9), kind="stable")  # of equal pairs the one that was named first
        return table.iloc[order].reset_index(drop=True)

    @property
    def advice(self) -> str:
        """Which judgement to think over, in a sentence."""
        worst = self.table.iloc[0]
        return (
            f"Think over {worst['first']} beside {worst['second']}: judged {show(worst.judged)}, while the weights make "
            f"it {show(worst.implied)}."
        )

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        return Summary(
            "Weights from judgements",
            facts=(*((str(name), round(float(weight), 3)) for name, weight in self.weights.items()),
                   ("Consistency ratio (accepted up to 0.1)", round(self.consistency_ratio, 3))),
            note="The judgements go together." if self.consistent else f"The judgements contradict each other. {self.advice}",
            source="Saaty (1980, 2008)",
        )  # fmt: skip
