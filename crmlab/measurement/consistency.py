"""Reliability: how much of a score is signal.

Items that ask for the same thing should agree. Here are Cronbach's alpha and McDonald's omega with
their intervals, the correlation of each item with the rest of its scale (a negative one names an item
that was not turned round), and the reliability of a difference of two scores. Keyed answers or their
covariances come in; which items form a scale is known in ``instrument``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._result import Summary
from crmlab.errors import ArgumentError, ConvergenceError, CrmlabWarning, DataError
from crmlab.measurement.cfa import fit_cfa
from crmlab.measurement.covariances import matrix, moments


def reliability(items: pd.DataFrame, *, n: int | None = None) -> Reliability:
    """Reliability of the sum (or mean) of some items.

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

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import measurement
    >>> covariance = pd.DataFrame([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]], index=list("abc"), columns=list("abc"))
    >>> found = measurement.reliability(covariance, n=200)
    >>> round(found.alpha, 3), round(found.omega, 3)
    (0.75, 0.75)

    References
    ----------
    Cronbach (1951), Psychometrika 16; its interval: Feldt (1965), Psychometrika 30. McDonald (1999), Test Theory: omega
    from one factor by maximum likelihood.
    """
    if not isinstance(items, pd.DataFrame) or items.shape[1] < 2:
        raise DataError("`items` must be a table with the answers to at least two items as columns; one item cannot agree.")
    names = tuple(items.columns)
    if n is None:
        covariance, rows, left_out = moments(items, names)
    else:
        covariance, rows, left_out = matrix(items, names, n), n, 0
    return Reliability(tuple(map(str, names)), covariance, rows, left_out, *_omega(covariance, names, rows))


def _omega(covariance: np.ndarray, names: tuple, rows: int) -> tuple[float, float]:
    """McDonald's omega and its standard error; empty where one factor cannot be told (two items) or fails."""
    if len(names) < 3 or rows <= len(names):
        return np.nan, np.nan
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmlabWarning)  # an improper factor leaves omega empty, below
            fit = fit_cfa(pd.DataFrame(covariance, names, names), {"all": list(names)}, n=rows, scaling="variance")
    except ConvergenceError:
        return np.nan, np.nan
    loading, residual = fit.free[: len(names)], fit.free[len(names) :]
    if fit.improper:
        return np.nan, np.nan
    signal, noise = loading.sum(), residual.sum()
    total = signal**2 + noise
    slope = np.concatenate([np.full(len(names), 2 * signal * noise), np.full(len(names), -(signal**2))]) / total**2
    return float(signal**2 / total), float(np.sqrt(max(slope @ fit.cov @ slope, 0.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How well some items agree.

    Attributes
    ----------
    items : tuple of str
    covariance : ndarray, shape (items, items)
        Divisor n - 1.
    n : int
        Complete rows.
    left_out : int
        Rows with a missing item.
    omega, omega_std_error : float
        McDonald's omega; empty for two items, or where one factor does not describe them.
    """

    items: tuple[str, ...]
    covariance: np.ndarray
    n: int
    left_out: int
    omega: float
    omega_std_error: float

    @property
    def alpha(self) -> float:
        """Cronbach's alpha."""
        return _alpha(self.covariance)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Interval of alpha by the F distribution; exact for normal items that measure alike."""
        tail = (1 - _check.share("level", level)) / 2
        first, second = self.n - 1, (self.n - 1) * (len(self.items) - 1)
        low, high = (1 - (1 - self.alpha) * stats.f.ppf(q, first, second) for q in (1 - tail, tail))
        return float(low), float(high)

    @property
    def table(self) -> pd.DataFrame:
        """``item, item_rest, alpha_without``: correlation with the sum of the others, and alpha if the item is left out."""
        s, k = self.covariance, len(self.items)
        spread = np.diag(s)
        total = s.sum()
        with_rest = s.sum(axis=1) - spread
        rest = total - 2 * s.sum(axis=1) + spread
        without = [_alpha(np.delete(np.delete(s, j, 0), j, 1)) if k > 2 else np.nan for j in range(k)]
        # the others may add up to nothing that varies, as two items that are each other's reverse do
        correlation = np.divide(with_rest, np.sqrt(spread * rest.clip(min=0)), out=np.full(k, np.nan), where=rest > 1e-12)
        return pd.DataFrame({"item": self.items, "item_rest": correlation, "alpha_without": without})

    @property
    def against(self) -> tuple[str, ...]:
        """Items that go against the rest, most likely because they were not turned round."""
        return tuple(self.table.item[self.table.item_rest < 0])

    def summary(self) -> Summary:
        """The finding in a few lines."""
        low, high = self.interval()
        note = f"Against the rest, most likely not turned round: {', '.join(self.against)}." if self.against else ""
        facts = (
            ("Complete rows", self.n),
            ("Rows left out for a missing answer", self.left_out),
            ("Cronbach's alpha", f"{self.alpha:.3f} (95 % interval {low:.3f} to {high:.3f})"),
            ("McDonald's omega", f"{self.omega:.3f}" if self.omega == self.omega else "not to be had"),
        )
        return Summary("Reliability", facts, self.table, note, "Cronbach (1951); McDonald (1999)")

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def _alpha(covariance: np.ndarray) -> float:
    k, total = len(covariance), covariance.sum()
    if not total > 0:
        return -np.inf
    return float(k / (k - 1) * (1 - np.trace(covariance) / total))


def difference_reliability(first: float, second: float, correlation: float, *, ratio: float = 1.0) -> float:
    """Reliability of a difference of two scores, such as perception less expectation.

    The more the two scores have in common, the less is left in their difference but noise.

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

    Examples
    --------
    >>> from crmlab import measurement
    >>> round(measurement.difference_reliability(0.9, 0.9, 0.5), 2)
    0.8
    >>> round(measurement.difference_reliability(0.8, 0.8, 0.6), 2)
    0.5

    References
    ----------
    Lord (1963); for SERVQUAL: Peter, Churchill & Brown (1993), Caution in the use of difference scores in consumer research,
    Journal of Consumer Research 19.
    """
    for name, value, most in (("first", first, 1.0), ("second", second, 1.0), ("correlation", correlation, 1.0)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1e6 < value <= most or (
            name == "correlation" and value < -1
        ):  # fmt: skip
            raise ArgumentError(f"`{name}` must be a number of at most 1; it is {value!r}.")
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 < ratio < np.inf:
        raise ArgumentError(f"`ratio` must be above 0; it is {ratio!r}.")
    both = 2 * correlation * ratio
    spread = ratio**2 + 1 - both
    if spread <= 1e-12:
        raise ArgumentError("the two scores are the same up to a constant: their difference does not vary.")
    return float((ratio**2 * first + second - both) / spread)
