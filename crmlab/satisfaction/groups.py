"""Groups: the gaps of each group of respondents beside those of all others.

Each group is compared with the rest by Welch's test, dimension by dimension, and the p-values are adjusted for the number
of comparisons (Holm). This module reads respondents as ``gaps`` scores them; how a mean gets its error is known in
``clustered``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from crmlab.errors import ArgumentError, DataError
from crmlab.satisfaction.clustered import clustered_mean, contrast_error

_MAX_GROUPS = 50


def compare_groups(respondents: pd.DataFrame, by: object, measure: str, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """Compare each group with all others, dimension by dimension and for their mean ("all").

    Parameters
    ----------
    respondents : DataFrame
        As ``gaps.respondent_scores`` makes it.
    by : str
        The column that names the groups; rows without a name are in no comparison.
    measure : str
        "gap", or "perceived" where expectations were not asked.
    dimensions : tuple of str

    Returns
    -------
    DataFrame
        The column ``by``, ``dimension, n``, the measure, ``difference, std_error, df, p_value, p_holm``.
    """
    labels, names = _groups(respondents, by)
    named = labels.notna().to_numpy()
    codes = pd.factorize(respondents["respondent"])[0]
    rows = []
    for name in names:
        inside = np.array([label == name for label in labels])
        for dimension in (*dimensions, ""):
            values = respondents[f"{measure}_{dimension}" if dimension else measure].to_numpy(dtype=float)
            rows.append((name, dimension or "all", *_welch(values, inside, named & ~inside, codes)))
    table = pd.DataFrame(rows, columns=[by, "dimension", "n", measure, "difference", "std_error", "df", "p_value"])
    table["p_holm"] = _adjusted(table["p_value"], two_groups=len(names) == 2)
    return table


def _groups(respondents: pd.DataFrame, by: object) -> tuple[pd.Series, list]:
    """The label of each row, None where it has none, and the labels in order."""
    if not isinstance(by, str) or by not in respondents:
        raise ArgumentError(
            f"`by` must be a column of the survey, such as 'wave'; it is {by!r}. Its columns: "
            f"{', '.join(map(str, respondents))}."
        )
    labels = respondents[by].astype(object).where(respondents[by].notna(), None)
    names = list(pd.unique(labels.dropna()))
    if len(names) < 2:
        raise DataError(f"column {by!r} has only one group; comparing needs two. Choose another column for `by`.")
    if len(names) > min(_MAX_GROUPS, max(2, len(respondents) / 5)):
        raise DataError(
            f"column {by!r} has {len(names)} groups for {len(respondents)} rows, which are too many to compare and would show "
            "single people. Bring them to a few groups first."
        )
    return labels, sorted(names, key=str)


def _welch(
    values: np.ndarray, inside: np.ndarray, outside: np.ndarray, respondents: np.ndarray
) -> tuple[int, float, float, float, float, float]:
    """n and mean of a group, its difference from the others, the error of that, degrees of freedom and p-value."""
    group, others = (clustered_mean(np.where(rows, values, np.nan), respondents) for rows in (inside, outside))
    difference, error = group.mean - others.mean, np.nan
    if not np.isnan([group.std_error, others.std_error]).any():
        error = contrast_error(values, inside, outside, respondents)
    if not error > 0:  # nothing varies, or too few to tell
        return group.n, group.mean, difference, error, np.nan, np.nan
    df = (group.std_error**2 + others.std_error**2) ** 2 / (group.std_error**4 / group.df + others.std_error**4 / others.df)
    return group.n, group.mean, difference, error, df, 2 * stats.t.sf(abs(difference / error), df)


def _adjusted(p_values: pd.Series, *, two_groups: bool) -> np.ndarray:
    """P-values adjusted by Holm; unknown ones stay unknown."""
    # of two groups the second tells the first's story with the sign reversed: it is no further comparison
    first = p_values.to_numpy()[: len(p_values) // 2 if two_groups else None]
    known = ~np.isnan(first)
    adjusted = np.full(len(first), np.nan)
    if known.any():
        adjusted[known] = multipletests(first[known], method="holm")[1]
    return np.tile(adjusted, 2 if two_groups else 1)
