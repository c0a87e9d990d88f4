"""Internal consistency: how much of a score is signal.

Items that ask for the same thing should agree. Here are Cronbach's alpha and McDonald's omega with their
uncertainty, the correlation of each item with the rest of its scale (a negative one names an item that was not turned
round), and the reliability of a difference of two scores. Keyed answers or their covariances come in; which items
form a scale is known in the topics.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._result import Result, Summary
from crmlab.errors import ArgumentError, ConvergenceError, CrmlabWarning, DataError
from crmlab.measurement.cfa import fit_cfa
from crmlab.measurement.covariances import sample_covariance
from crmlab.measurement.validity import composite_omega


def reliability(items: pd.DataFrame, *, n: int | None = None) -> Reliability:
    """Estimate the reliability of the sum (or mean) of some items.

    Parameters
    ----------
    items : DataFrame, shape (rows, items) or (items, items)
        Keyed answers to the items of one scale; or, with ``n``, their covariance matrix. Rows with a missing item are left
        out and counted.
    n : int, optional
        Number of rows behind a covariance matrix.

    Returns
    -------
    Reliability

    Raises
    ------
    DataError
        Fewer than two items, a constant item, too few complete rows, an item that is the sum of others.

    References
    ----------
    Cronbach (1951), Psychometrika 16; its interval: Feldt (1965), Psychometrika 30. McDonald (1999), Test Theory: omega
    from one factor by maximum likelihood.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import measurement
    >>> covariance = pd.DataFrame([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]], index=list("abc"), columns=list("abc"))
    >>> result = measurement.reliability(covariance, n=200)
    >>> round(result.alpha, 3), round(result.omega, 3)
    (0.75, 0.75)
    """
    if _check.frame("items", items, "Give a table of answers.").shape[1] < 2:
        raise DataError("`items` must be a table with the answers to at least two items as columns; one item cannot agree.")
    names = tuple(items.columns)
    sample = sample_covariance(items, names, n)
    omega, std_error = _one_factor_omega(sample.matrix, sample.n)
    return Reliability(tuple(map(str, names)), sample.matrix, sample.n, sample.n_excluded, omega, std_error)


def cronbach_alpha(covariance: np.ndarray) -> float:
    """Return k / (k - 1) (1 - Σ variances / variance of the sum) of k items; -inf where their sum does not vary."""
    k, total = len(covariance), covariance.sum()
    return float(k / (k - 1) * (1 - np.trace(covariance) / total)) if total > 0 else -np.inf


def feldt_interval(alpha: float, n: int, k: int, level: float) -> tuple[float, float]:
    """Return the ends of alpha's interval from n rows and k items: (1 - α) / (1 - alpha) has an F distribution (Feldt 1965)."""
    tail = (1 - level) / 2
    low, high = (1 - (1 - alpha) * stats.f.ppf(q, n - 1, (n - 1) * (k - 1)) for q in (1 - tail, tail))
    return float(low), float(high)


def _one_factor_omega(covariance: np.ndarray, n: int) -> tuple[float, float]:
    """Return McDonald's omega and its standard error; NaN where one factor cannot be identified (two items) or fails."""
    k = len(covariance)
    if k < 3 or n <= k:
        return np.nan, np.nan
    items = [f"item {number}" for number in range(k)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmlabWarning)  # an improper factor leaves omega empty, below
            fit = fit_cfa(pd.DataFrame(covariance, items, items), {"all": items}, n=n, scaling="variance")
    except ConvergenceError:
        return np.nan, np.nan
    if fit.improper:
        return np.nan, np.nan
    loadings, residuals = fit.params[:k], fit.params[k:]
    signal, noise = loadings.sum(), residuals.sum()
    gradient = np.concatenate([np.full(k, 2 * signal * noise), np.full(k, -(signal**2))]) / (signal**2 + noise) ** 2
    return composite_omega(loadings, residuals), float(np.sqrt(max(gradient @ fit.cov @ gradient, 0.0)))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reliability(Result):
    """How well some items agree.

    Attributes
    ----------
    items : tuple of str
    covariance : ndarray, shape (items, items)
        Divisor n - 1.
    n : int
        Complete rows.
    n_excluded : int
        Rows with a missing item.
    omega, omega_std_error : float
        McDonald's omega; empty for two items, or where one factor does not describe them.
    """

    items: tuple[str, ...]
    covariance: np.ndarray
    n: int
    n_excluded: int
    omega: float
    omega_std_error: float

    @property
    def alpha(self) -> float:
        """Cronbach's alpha."""
        return cronbach_alpha(self.covariance)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the ends of alpha's interval by the F distribution; exact for normal items that measure alike.

        Parameters
        ----------
        level : float
            Confidence level.

        Returns
        -------
        tuple of float

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from crmlab import measurement
        >>> covariance = pd.DataFrame(0.5 + 0.5 * np.eye(3), list("abc"), list("abc"))
        >>> [round(end, 2) for end in measurement.reliability(covariance, n=200).interval()]
        [0.68, 0.8]
        """
        return feldt_interval(self.alpha, self.n, len(self.items), _check.share("level", level))

    @property
    def table(self) -> pd.DataFrame:
        """``item, item_rest, alpha_without``: correlation with the sum of the others, and alpha if the item is left out."""
        covariance, k = self.covariance, len(self.items)
        variance = np.diag(covariance)
        with_rest = covariance.sum(axis=1) - variance
        rest = covariance.sum() - 2 * covariance.sum(axis=1) + variance
        # the others may add up to nothing that varies, as two items that are each other's reverse do
        deviations = np.sqrt(variance * rest.clip(min=0))
        correlation = np.divide(with_rest, deviations, out=np.full(k, np.nan), where=rest > 1e-12)
        others = [np.delete(np.arange(k), number) for number in range(k)]
        without = [cronbach_alpha(covariance[np.ix_(rest, rest)]) if k > 2 else np.nan for rest in others]
        return pd.DataFrame({"item": self.items, "item_rest": correlation, "alpha_without": without})

    @property
    def against(self) -> tuple[str, ...]:
        """Items that correlate negatively with the rest, most likely because they were not turned round."""
        return tuple(self.table.item[self.table.item_rest < 0])

    def summary(self) -> Summary:
        """Show alpha, omega and each item's part in a few lines."""
        low, high = self.interval()
        note = f"Against the rest, most likely not turned round: {', '.join(self.against)}." if self.against else ""
        facts = (
            ("Complete rows", self.n),
            ("Rows left out for a missing answer", self.n_excluded),
            ("Cronbach's alpha", f"{self.alpha:.3f} (95 % interval {low:.3f} to {high:.3f})"),
            ("McDonald's omega", "unknown" if np.isnan(self.omega) else f"{self.omega:.3f}"),
        )
        return Summary("Reliability", facts, self.table, note, "Cronbach (1951); McDonald (1999)")


def difference_reliability(first: float, second: float, correlation: float, *, ratio: float = 1.0) -> float:
    """Compute the reliability of a difference of two scores, such as perception less expectation.

    The more the two scores have in common, the less is left in their difference but noise: with reliabilities a and b,
    correlation r and ratio of standard deviations c it is ``(c² a + b - 2 r c) / (c² + 1 - 2 r c)``.

    Parameters
    ----------
    first, second : float
        Reliabilities of the two scores.
    correlation : float
        Between the scores, as observed.
    ratio : float
        Standard deviation of the first over that of the second.

    Returns
    -------
    float
        At most 1; it may be negative when the three numbers do not fit together.

    Raises
    ------
    ArgumentError
        A reliability above 1, a correlation outside -1 to 1, a ratio that is not positive.

    References
    ----------
    Lord (1963); for SERVQUAL: Peter, Churchill & Brown (1993), Caution in the use of difference scores in consumer research,
    Journal of Consumer Research 19.

    Examples
    --------
    >>> from crmlab import measurement
    >>> round(measurement.difference_reliability(0.9, 0.9, 0.5), 2)
    0.8
    >>> round(measurement.difference_reliability(0.8, 0.8, 0.6), 2)
    0.5
    """
    first, second = _check.number("first", first, high=1), _check.number("second", second, high=1)
    correlation = _check.number("correlation", correlation, -1, 1)
    ratio = _check.number("ratio", ratio, 0, closed="right")
    twice_covariance = 2 * correlation * ratio
    variance = ratio**2 + 1 - twice_covariance
    if variance <= 1e-12:
        raise ArgumentError("the two scores are the same up to a constant: their difference does not vary.")
    return float((ratio**2 * first + second - twice_covariance) / variance)
