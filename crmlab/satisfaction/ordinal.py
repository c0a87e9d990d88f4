"""Ordinal logit: how predictors shift an outcome that is only ordered.

``fit_ordinal`` prepares outcome and predictors, lets statsmodels find the maximum on standardised predictors, and brings
slopes and cut points back to the units of the table. It reads any table of answers; what shares of a *measured*
satisfaction drivers explain is known in ``drivers``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats

from crmlab import _check
from crmlab._result import Result, Summary, show
from crmlab.errors import ArgumentError, ConvergenceError, DataError

_MAX_SLOPE = 15  # log odds for one standard deviation, beyond which a slope has no end


def fit_ordinal(table: pd.DataFrame, outcome: str, predictors: Sequence[str], *, weights: str | None = None) -> OrdinalFit:
    """Fit an ordinal logit: P(outcome <= j) = logistic(cut_j - x b), so that a positive slope shifts towards more.

    The likelihood of n rows is the product of P(outcome <= y_i) - P(outcome <= y_i - 1), maximised over slopes b and
    increasing cut points.

    Parameters
    ----------
    table : DataFrame
        Rows with a missing value are left out and counted.
    outcome : str
        A column of numbers, or an ordered categorical.
    predictors : list of str
        Columns of numbers, or of words: those become one indicator for each but the first.
    weights : str, optional
        A column that says how often each row was seen.

    Returns
    -------
    OrdinalFit

    Raises
    ------
    DataError
        Missing columns, an outcome with fewer than two values, weights that are not whole numbers.
    ConvergenceError
        No maximum, most often because a predictor separates the answers.

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B 42. Estimation:
    ``statsmodels.miscmodels.ordinal_model.OrderedModel``.

    Examples
    --------
    >>> from crmlab import datasets, satisfaction
    >>> scores = satisfaction.score_rater(datasets.load("survey"))
    >>> both = ["perceived_reliability", "perceived_tangibles"]
    >>> fit = satisfaction.fit_ordinal(scores.respondents, "overall_satisfaction", both)
    >>> bool(fit.table.estimate[0] > fit.table.estimate[1] > 0)
    True
    """
    _check.frame("table", table, "Give a table of answers.")
    names = list(predictors) if isinstance(predictors, list | tuple) else []
    if not names or len({*map(str, names), str(outcome)}) <= len(names):
        raise ArgumentError(f"`predictors` must be a list of different columns without the outcome; it is {predictors!r}.")
    columns = [outcome, *names, *([] if weights is None else [weights])]
    _check.required_columns(table.columns, "given", columns)
    complete = table[columns].dropna()
    rows = complete if weights is None else _repeated(complete, weights)
    answers = _ordered(rows[outcome], outcome)
    design = _design(rows[names])
    centre, scale = design.mean().to_numpy(), design.std().to_numpy()
    standardized, cov, loglik = _maximise(answers, (design - centre) / scale)
    estimates, jacobian = _original_units(standardized, centre, scale)
    return OrdinalFit(
        tuple(design.columns), tuple(answers.cat.categories), len(rows), len(table) - len(complete), estimates,
        jacobian @ cov @ jacobian.T, loglik,
    )  # fmt: skip


def _repeated(rows: pd.DataFrame, weights: str) -> pd.DataFrame:
    """Each row as often as it was seen."""
    counts = _check.numeric_columns(rows, [weights], "given", low=0, whole=True)[:, 0].astype(int)
    return rows.iloc[np.repeat(np.arange(len(rows)), counts)]


def _ordered(answers: pd.Series, name: str) -> pd.Series:
    """The outcome as an ordered categorical without unused categories."""
    if isinstance(answers.dtype, pd.CategoricalDtype):
        if not answers.cat.ordered:
            remedy = "Give it one: `pd.Categorical(..., ordered=True)`."
            raise DataError(f"column {name!r} is categorical without an order. {remedy}")
    elif pd.api.types.is_numeric_dtype(answers):
        answers = pd.Series(pd.Categorical(answers, sorted(answers.unique()), ordered=True), answers.index)
    else:
        raise DataError(f"column {name!r} holds words. Make it an ordered categorical, so that it is known which is more.")
    answers = answers.cat.remove_unused_categories()
    if len(answers.cat.categories) < 2:
        raise DataError(f"column {name!r} has only one value, so there is nothing to explain.")
    return answers


def _design(predictors: pd.DataFrame) -> pd.DataFrame:
    """The predictors as numbers; words become one indicator for each but the first."""
    parts = []
    for name, column in predictors.items():
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            parts.append(column.astype(float))
            continue
        if isinstance(column.dtype, pd.CategoricalDtype):
            levels = column.cat.remove_unused_categories().cat.categories
        else:
            levels = sorted(column.unique())
        parts += [(column == level).astype(float).rename(f"{name}={level}") for level in levels[1:]]
        if len(levels) < 2:
            raise DataError(f"column {name!r} has only one value. Leave it out.")
    design = pd.concat(parts, axis=1)
    if constant := [name for name in design if design[name].nunique() < 2]:
        raise DataError(f"column {constant[0]!r} has only one value. Leave it out.")
    if not np.isfinite(design.to_numpy()).all():
        raise DataError("a predictor holds an infinite number. Take it out.")
    return design


def _maximise(answers: pd.Series, standardized: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Parameters of statsmodels (slopes, first cut point, log steps to the next), their covariance, and log likelihood."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            model = OrderedModel(answers, standardized, distr="logit")
            fit = model.fit(method="bfgs", disp=False, maxiter=1_000, gtol=1e-7)
            cov = np.asarray(fit.cov_params())
        except (Warning, ValueError, np.linalg.LinAlgError) as error:
            raise ConvergenceError(
                f"no maximum was reached ({error}). Most often a predictor separates the answers: merge rare answers, "
                "or leave it out."
            ) from None
    params = np.asarray(fit.params)
    if (np.abs(params[: standardized.shape[1]]) > _MAX_SLOPE).any():
        raise ConvergenceError(
            "a predictor separates the answers, so its slope has no end. Merge rare answers, or leave the predictor out."
        )
    return params, cov, float(fit.llf)


def _original_units(params: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and cut points for the predictors as they are, and the derivatives of these by ``params``."""
    k = len(centre)
    steps, shift = np.exp(params[k + 1 :]), centre / scale
    cuts = params[k] + np.concatenate([[0.0], np.cumsum(steps)])
    jacobian = np.zeros((params.size, params.size))
    jacobian[:k, :k] = np.diag(1 / scale)
    jacobian[k:, :k] = shift
    jacobian[k:, k] = 1
    for j, step in enumerate(steps):
        jacobian[k + 1 + j :, k + 1 + j] = step
    return np.concatenate([params[:k] / scale, cuts + shift @ params[:k]]), jacobian


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OrdinalFit(Result):
    """A fitted ordinal logit.

    Attributes
    ----------
    predictors : tuple of str
    categories : tuple
        Of the outcome, in order.
    n, n_excluded : int
        Rows used (as often as they were seen), and rows of the table with a missing value.
    estimates : ndarray, shape (predictors + categories - 1,)
        Slopes, then cut points, in log odds.
    cov : ndarray, shape (predictors + categories - 1, predictors + categories - 1)
        Covariance of the estimates.
    loglik : float
    """

    predictors: tuple[str, ...]
    categories: tuple
    n: int
    n_excluded: int
    estimates: np.ndarray
    cov: np.ndarray
    loglik: float

    @property
    def deviance(self) -> float:
        """Minus twice the log likelihood."""
        return -2 * self.loglik

    @property
    def cutpoints(self) -> np.ndarray:
        """Between one category and the next, in log odds."""
        return self.estimates[len(self.predictors) :]

    @property
    def table(self) -> pd.DataFrame:
        """``parameter, estimate, std_error, odds_ratio``: slopes, then cut points (without odds ratio)."""
        names = [*self.predictors, *(f"{a}|{b}" for a, b in zip(self.categories, self.categories[1:], strict=False))]
        k = len(self.predictors)
        ratio = np.concatenate([np.exp(self.estimates[:k]), np.full(len(names) - k, np.nan)])
        return pd.DataFrame(
            {"parameter": names, "estimate": self.estimates, "std_error": np.sqrt(np.diag(self.cov)), "odds_ratio": ratio}
        )

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return Wald intervals in log odds: ``parameter, estimate, low, high``.

        Parameters
        ----------
        level : float
            Confidence level.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import satisfaction
        >>> answers = pd.DataFrame({"visits": [1, 2, 3, 4] * 5, "rating": [1, 2, 1, 3, 1, 1, 2, 2, 3, 1] * 2})
        >>> satisfaction.fit_ordinal(answers, "rating", ["visits"]).interval(0.9).round(2)
          parameter  estimate   low  high
        0    visits      0.11 -0.51  0.74
        1       1|2      0.29 -1.45  2.03
        2       2|3      1.68 -0.18  3.54
        """
        z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
        table = self.table[["parameter", "estimate"]]
        half = z * np.sqrt(np.diag(self.cov))
        return table.assign(low=self.estimates - half, high=self.estimates + half)

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Predict the probability of each category, one column each; rows keep their index.

        Parameters
        ----------
        table : DataFrame
            With the ``predictors`` as columns, indicators included; a row with a missing one gets NaN.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import satisfaction
        >>> answers = pd.DataFrame({"visits": [1, 2, 3, 4] * 5, "rating": [1, 2, 1, 3, 1, 1, 2, 2, 3, 1] * 2})
        >>> fit = satisfaction.fit_ordinal(answers, "rating", ["visits"])
        >>> fit.predict(pd.DataFrame({"visits": [1, 4]}, index=["Ann", "Bo"])).round(2)
                1     2     3
        Ann  0.54  0.28  0.17
        Bo   0.46  0.31  0.23
        """
        rows = _check.frame("table", table, f"It needs the columns {', '.join(self.predictors)}.")
        _check.required_columns(rows.columns, "given", self.predictors)
        values = _check.numeric_columns(rows, self.predictors, "given", missing=True)
        below = special.expit(self.cutpoints - (values @ self.estimates[: len(self.predictors)])[:, None])
        bounds = np.column_stack([np.zeros(len(values)), below, np.ones(len(values))])
        return pd.DataFrame(np.diff(bounds, axis=1), rows.index, list(self.categories))

    def summary(self) -> Summary:
        """Slopes and cut points."""
        facts = (("Rows", self.n), ("Rows left out", self.n_excluded), ("Deviance", show(self.deviance)))
        return Summary("Ordinal logit", facts, self.table, source="McCullagh (1980); statsmodels")
