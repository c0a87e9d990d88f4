"""Nonresponse bias: those who answer beside everyone who was asked.

The satisfied answer more readily, so that a survey shows more satisfaction than there is, and no number of answers
mends it. This module reads what everyone would have said, which only a simulation knows, and returns the bias wave by
wave; how answers are read is known in ``answers``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab._result import Result, Summary, percent
from crmlab.errors import DataError


def nonresponse(everyone: pd.DataFrame) -> NonResponse:
    """Compare those who answered with everyone, in one row per ``wave``.

    The bias of the mean answer y, averaged over who happens to answer with probability p, is cov(y, p) / mean(p).

    Parameters
    ----------
    everyone : DataFrame
        As ``datasets.truth("survey")``: one row for each customer and wave, ``wave``, ``overall_satisfaction`` (what they
        would have said), ``chance_to_answer``, ``answered``.

    Returns
    -------
    NonResponse

    Raises
    ------
    DataError
        A column is missing, or nobody answered.

    References
    ----------
    Bethlehem (1988), Reduction of nonresponse bias through regression estimation, Journal of Official Statistics 4.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> bias = satisfaction.nonresponse(datasets.truth("survey"))
    >>> bool((bias.table.bias > 0).mean() > 0.5)
    True
    """
    columns = ["wave", "overall_satisfaction", "chance_to_answer", "answered"]
    remedy = 'Give a table such as `datasets.truth("survey")`.'
    _check.frame("everyone", everyone, remedy)
    _check.required_columns(everyone.columns, "everyone", columns, remedy)
    if everyone[columns].isna().any(axis=None) or not everyone["chance_to_answer"].between(0, 1, inclusive="right").all():
        raise DataError("`everyone` must be without gaps, and each `chance_to_answer` above 0 and at most 1.")
    if not everyone["answered"].any():
        raise DataError("nobody answered, so there is nothing to compare. Check the column `answered`.")
    rows = [(wave, *_compare(group)) for wave, group in everyone.groupby("wave")]
    return NonResponse(pd.DataFrame(rows, columns=["wave", *_COLUMNS]))


_COLUMNS = [
    "n", "n_answered", "response_rate", "mean_everyone", "mean_answered", "bias", "expected_bias", "weighted", "std_error",
]  # fmt: skip


def _compare(group: pd.DataFrame) -> tuple[float, ...]:
    """One row of the table, ``_COLUMNS``, for those who were asked in one wave."""
    said, probability = (group[name].to_numpy(dtype=float) for name in ("overall_satisfaction", "chance_to_answer"))
    answered = group["answered"].to_numpy(dtype=bool)
    n = int(answered.sum())
    expected_bias = np.cov(said, probability, ddof=0)[0, 1] / probability.mean()
    mean = said[answered].mean() if n else np.nan
    weighted = np.average(said[answered], weights=1 / probability[answered]) if n else np.nan
    error = said[answered].std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return len(group), n, answered.mean(), said.mean(), mean, mean - said.mean(), expected_bias, weighted, error


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NonResponse(Result):
    """How far those who answer differ from everyone, in points of overall satisfaction.

    Attributes
    ----------
    table : DataFrame
        One row per wave (``tables.describe("nonresponse")``).
    """

    table: pd.DataFrame

    @property
    def bias(self) -> float:
        """Mean bias over the waves, weighted by answers."""
        return float(np.average(self.table["bias"].fillna(0), weights=self.table["n_answered"]))

    def summary(self) -> Summary:
        """How many answer, and by how much they are more satisfied."""
        rate = self.table["n_answered"].sum() / self.table["n"].sum()
        facts = (("Share who answer", percent(rate)), ("Those who answer are more satisfied by", round(self.bias, 3)))
        note = "No number of answers mends this: the error does not become smaller with more of the same."
        return Summary("Who answers", facts, self.table, note, "Bethlehem (1988)")
