"""Spend: what a customer pays each time, by the gamma-gamma model.

Amounts of one customer vary around his own mean (gamma), means vary between customers (gamma again), and neither
has to do with how often he buys: that must be checked first. This file reads frequency and mean amount, and returns
what each customer may be expected to spend; how often he will come is known in ``nbd`` and ``bgbb``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from crmlab import _check
from crmlab._result import Summary
from crmlab.btyd import fitting
from crmlab.btyd.nbd import Terms, risen
from crmlab.btyd.purchases import ids, numbers
from crmlab.btyd.simulation import parameters
from crmlab.errors import CrmlabWarning, DataError
from crmlab.tables import table as declared

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spend_terms(theta: np.ndarray, x: np.ndarray, mean: np.ndarray) -> Terms:
    """Gamma-gamma: log-likelihood of the mean of ``x`` amounts and its derivatives by log p, log q, log v.

    Fader & Hardie (2013), The gamma-gamma model of monetary value, eq. 1a.
    """
    p, q, v = theta
    shape = p * x
    total = x * mean
    share = v / (v + total)
    rest, log_share = np.log1p(total / v), -np.log1p(v / total)  # log((v + x m) / v), log(x m / (v + x m))
    distinct, place = np.unique(x, return_inverse=True)
    below = p * distinct
    from_shape, from_q = risen(below, q), risen(q, below)
    log_beta = np.where(below > q, special.gammaln(q) - from_shape[0], special.gammaln(below) - from_q[0])
    parts = (log_beta, *from_shape[1:], *from_q[1:], special.polygamma(1, below + q))
    log_beta, d_p, dd_p, d_q, dd_q, dd_both = (each[place] for each in parts)
    loglik = -log_beta + shape * log_share - q * rest - np.log(mean)
    gradient = np.stack([shape * (d_p + log_share), q * (d_q - rest), q * (1 - share) - shape * share])
    hessian = np.empty((3, 3, x.size))
    hessian[0, 0] = gradient[0] + shape**2 * dd_p
    hessian[0, 1] = hessian[1, 0] = shape * q * dd_both
    hessian[0, 2] = hessian[2, 0] = -shape * share
    hessian[1, 1] = gradient[1] + q**2 * dd_q
    hessian[1, 2] = hessian[2, 1] = q * (1 - share)
    hessian[2, 2] = -(q + shape) * share * (1 - share)
    return loglik, gradient, hessian


def _starts(weight: np.ndarray, x: np.ndarray, mean: np.ndarray) -> list[tuple]:
    usual = math.exp((weight @ np.log(mean)) / weight.sum())
    return [(p, q, usual * q / p) for p in (1.0, 6.0, 60.0) for q in (0.8, 3.0)]


GAMMA_GAMMA = fitting.Model("Gamma-gamma", ("p", "q", "v"), spend_terms, _starts, "Fader & Hardie (2013)")


def fit_gamma_gamma(summary: pd.DataFrame, *, prior: Mapping[str, tuple[float, float]] | None = None) -> SpendFit:
    """Gamma-gamma: amounts vary around each customer's own mean, and means between customers.

    Parameters
    ----------
    summary : DataFrame, one row per customer
        ``frequency`` and ``monetary_value``, the mean of so many amounts (see ``purchase_summary``). Customers without a
        repeat purchase have no mean and are left out; they are counted in ``.without``.
    prior : mapping, optional
        As for ``fit_bgnbd``.

    Returns
    -------
    SpendFit
        With parameters p (shape of amounts), q and v (shape and scale of what differs between customers).

    Raises
    ------
    DataError
        A column is missing; an amount is zero, negative or infinite; fewer than two customers with a repeat purchase;
        all means equal.
    ArgumentError, ConvergenceError
        As ``fit_bgnbd``.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> frequency = pd.Series([1, 2, 3, 4] * 500)
    >>> summary = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, frequency, seed=1)
    >>> fit = btyd.fit_gamma_gamma(summary)
    >>> fit.predict(summary.head(1)).round(0).columns.tolist()
    ['spend', 'std_error', 'low', 'high']

    References
    ----------
    Fader & Hardie (2013), The gamma-gamma model of monetary value; Colombo & Jiang (1999), Journal of Interactive
    Marketing 13(4).
    """
    x, mean = amounts(summary)
    bought = x > 0
    if bought.sum() < 2:
        raise DataError("fewer than two customers have a repeat purchase, so nothing is known about how spend differs.")
    x, mean = x[bought], mean[bought]
    if not np.ptp(mean):
        raise DataError("all customers spend the same on average, so how they differ cannot be seen.")
    belief = fitting.log_prior(prior, GAMMA_GAMMA, 0)
    rows = fitting.count((x, mean), np.empty((x.size, 0)))
    found = fitting.maximise(GAMMA_GAMMA, rows, belief)
    return SpendFit(found, x.size, int((~bought).sum()), prior is not None)


def amounts(summary: object) -> tuple[np.ndarray, np.ndarray]:
    """Frequency and mean amount, checked; the mean is not a number where there is no repeat purchase."""
    if not isinstance(summary, pd.DataFrame):
        raise DataError(f"`summary` must be a DataFrame with one row per customer; it is {type(summary).__name__}.")
    _check.required_columns(summary.columns, declared("purchase_summary"), ("frequency", "monetary_value"))
    x = numbers(summary, "frequency", "purchase_summary", whole=True)
    mean = np.full(x.size, np.nan)
    bought = x > 0
    given = summary.loc[bought]
    mean[bought] = numbers(given, "monetary_value", "purchase_summary")
    if (mean[bought] == 0).any():
        raise DataError(
            f"`monetary_value` is 0 for {(mean == 0).sum():,} customers with repeat purchases; the model knows positive "
            "amounts only. Leave out gifts and free orders, or settle returns first (`btyd.settle_returns`)."
        )
    return x, mean


@dataclass(frozen=True, slots=True, eq=False)
class SpendFit:
    """A fitted model of spend.

    Attributes
    ----------
    found : fitting.Found
        The maximum, in logarithms.
    customers, without : int
        Customers it was fitted to, and those left out because they have no repeat purchase.
    has_prior : bool
    """

    found: fitting.Found
    customers: int
    without: int
    has_prior: bool

    name = GAMMA_GAMMA.name

    @property
    def params(self) -> pd.Series:
        """p, q, v."""
        return fitting.estimates(self.found, GAMMA_GAMMA)

    @property
    def table(self) -> pd.DataFrame:
        """``parameter``, ``estimate``, ``std_error``."""
        return fitting.table(self.found, GAMMA_GAMMA)

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals, made on the scale of the logarithm."""
        return fitting.interval(self.found, GAMMA_GAMMA, (), level)

    @property
    def cov(self) -> pd.DataFrame:
        """Covariances of the estimates."""
        return fitting.covariance(self.found, GAMMA_GAMMA)

    @property
    def loglik(self) -> float:
        """Log-likelihood at the maximum."""
        return self.found.loglik

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 6 - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return 3 * math.log(self.customers) - 2 * self.loglik

    @property
    def weak(self) -> tuple[str, ...]:
        """Parameters of which the data say (nearly) nothing."""
        return tuple(self.params.index[self.found.weak])

    @property
    def mean(self) -> float:
        """Mean spend of a customer of whom nothing is known, p v / (q - 1); not a number if q <= 1, where it is infinite."""
        p, q, v = self.params
        return p * v / (q - 1) if q > 1 else math.nan

    def predict(self, summary: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
        """What each customer may be expected to spend on a purchase.

        Parameters
        ----------
        summary : DataFrame
            ``frequency`` and ``monetary_value``.
        level : float
            Of the confidence interval of the expectation (delta method).

        Returns
        -------
        DataFrame, one row per customer, with the index of ``summary``
            ``customer_id`` if the table has one, ``spend``, ``std_error``, ``low``, ``high``. Where p x + q <= 1 the
            expectation does not exist: it is empty, and a ``CrmlabWarning`` says of how many.
        """
        level = _check.share("level", level)
        spend, slopes = self.expectation(summary)
        error = fitting.delta(slopes, self.found)
        factor = np.exp(stats.norm.ppf((1 + level) / 2) * error / spend)
        return ids(summary).assign(spend=spend, std_error=error, low=spend / factor, high=spend * factor)

    def expectation(self, summary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Expected spend p (v + x m) / (p x + q - 1) and its slopes by log p, q, v (Fader & Hardie 2013, eq. 5)."""
        p, q, v = self.params
        x, mean = amounts(summary)
        total = x * np.where(x > 0, mean, 0.0)
        over = p * x + q - 1
        if (none := over <= 0).any():
            warnings.warn(
                f"q = {q:.3g}: the mean spend of {none.sum():,} customers does not exist (too heavy a tail for what little "
                "is known of them), and is left empty.", CrmlabWarning, stacklevel=3,
            )  # fmt: skip
        over = np.where(none, np.nan, over)
        spend = p * (v + total) / over
        return spend, np.stack([spend * (1 - p * x / over), -spend * q / over, p * v / over])

    def summary(self) -> Summary:
        """The fit in a few lines."""
        mean = round(self.mean, 2) if self.params["q"] > 1 else "does not exist (q <= 1: the tail is too heavy)"
        facts = (("Mean spend of a new customer", mean), ("Log-likelihood", round(self.loglik, 2)),
                 ("Customers without a repeat purchase, left out", self.without))  # fmt: skip
        return fitting.summary(self, facts, GAMMA_GAMMA.source)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The estimates and their intervals, as multiples of the estimate."""
        return fitting.plot(self, ax)


def simulate_spend(params: Mapping[str, float], frequency: pd.Series | np.ndarray, *, seed: int) -> pd.DataFrame:
    """Mean amounts drawn from the gamma-gamma model, for customers with given frequencies.

    Parameters
    ----------
    params : mapping
        p, q, v, all above 0.
    frequency : Series or array of whole numbers
        Repeat purchases of each customer.
    seed : int

    Returns
    -------
    DataFrame, one row per customer, with the index of ``frequency`` if it is a Series
        ``frequency``, ``monetary_value`` (empty at frequency 0), and the truth: ``own_mean``.

    Raises
    ------
    ArgumentError, DataError
        A parameter or a frequency that is none.

    Examples
    --------
    >>> from crmlab import btyd
    >>> btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, [0, 2], seed=1).monetary_value.isna().tolist()
    [True, False]

    References
    ----------
    Fader & Hardie (2013), The gamma-gamma model of monetary value, section 2.
    """
    p, q, v = parameters(params, GAMMA_GAMMA.parameters)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    index = frequency.index if isinstance(frequency, pd.Series) else None
    frame = pd.DataFrame({"frequency": np.asarray(frequency)}, index=index)
    x = numbers(frame, "frequency", "purchase_summary", whole=True)
    rate = rng.gamma(q, 1 / v, x.size)
    mean = rng.gamma(np.maximum(p * x, 1e-9)) / (np.maximum(x, 1) * rate)
    return frame.assign(monetary_value=np.where(x > 0, mean, np.nan), own_mean=p / rate)


def spend_independence(summary: pd.DataFrame) -> Summary:
    """Whether those who buy more often spend more (or less) each time, which the gamma-gamma model rules out.

    Parameters
    ----------
    summary : DataFrame
        ``frequency`` and ``monetary_value``; customers with a repeat purchase count.

    Returns
    -------
    Summary
        Spearman's correlation with its interval (Fisher's scale), Pearson's of the logarithms, and what they mean.

    Raises
    ------
    DataError
        Fewer than ten customers with a repeat purchase, or all alike.

    Examples
    --------
    >>> from crmlab import btyd
    >>> summary = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, [1, 2, 3, 4] * 50, seed=1)
    >>> btyd.spend_independence(summary).facts[0][0]
    'Customers with a repeat purchase'

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), section "assessing independence"; the
    interval: Bonett & Wright (2000), Psychometrika 65(1).
    """
    x, mean = amounts(summary)
    x, mean = x[x > 0], mean[x > 0]
    if x.size < 10:
        raise DataError(f"{x.size} customers with a repeat purchase are too few: ten are needed, better hundreds.")
    if not np.ptp(x) or not np.ptp(mean):
        raise DataError("all customers bought equally often, or spend the same: there is nothing to correlate.")
    rank = float(stats.spearmanr(x, mean).statistic)
    plain = float(np.corrcoef(x, np.log(mean))[0, 1])
    wide = 1.96 * math.sqrt((1 + rank**2 / 2) / (x.size - 3))
    middle = math.atanh(np.clip(rank, -0.999, 0.999))
    low, high = math.tanh(middle - wide), math.tanh(middle + wide)
    if max(abs(low), abs(high)) < 0.1:
        told = "So weak that spend and frequency can be modelled apart."
    elif low > 0.1 or high < -0.1:
        way, wrong = ("more", "low") if rank > 0 else ("less", "high")
        told = f"Those who buy more often spend {way} each time: values of frequent customers come out too {wrong}."
    else:
        told = "Perhaps none, perhaps a weak one: hold values of very frequent customers lightly."
    return Summary(
        "Does spend go with frequency?",
        facts=(
            ("Customers with a repeat purchase", x.size),
            ("Spearman's correlation", f"{rank:.3f} (95 % interval {low:.3f} to {high:.3f})"),
            ("Pearson's, frequency and log of spend", round(plain, 3)),
        ),
        note=told,
        source="Fader, Hardie & Lee (2005); Bonett & Wright (2000)",
    )
