"""Spend: what a customer pays each time, by the gamma-gamma model.

Reads frequency and mean amount of each customer, and returns what each may be expected to spend on a purchase. The model takes
it for granted that spend has nothing to do with how often one buys, which ``spend_independence`` checks first. The formulas
stand in ``gamma_gamma``; how often a customer will come is known in ``purchases``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._likelihood import Estimate, Fit, group_observations, log_prior, maximise
from crmlab._result import Summary
from crmlab.btyd import gamma_gamma
from crmlab.btyd.histories import answers, read_parameters, read_spend
from crmlab.errors import CrmlabWarning, DataError


def fit_gamma_gamma(summary: pd.DataFrame, *, prior: Mapping[str, tuple[float, float]] | None = None) -> SpendFit:
    """Fit gamma-gamma: amounts vary around each customer's mean, and means between customers.

    Parameters
    ----------
    summary : DataFrame, one row per customer
        ``frequency`` and ``monetary_value``, the mean of so many amounts (see ``purchase_summary``). Customers without a
        repeat purchase have no mean and are left out; they are counted in ``.n_excluded``.
    prior : mapping, optional
        As for ``fit_bgnbd``.

    Returns
    -------
    SpendFit
        With parameters p (shape of amounts), q and v (shape and rate of what differs between customers).

    Raises
    ------
    DataError
        A column is missing; an amount is zero, negative or infinite; fewer than two customers with a repeat purchase;
        all means equal.
    ArgumentError, ConvergenceError
        As ``fit_bgnbd``.

    Notes
    -----
    The mean m of a customer's x amounts has the density Gamma(p x + q) / (Gamma(p x) Gamma(q)) v^q m^(p x - 1) x^(p x) /
    (v + x m)^(p x + q).

    References
    ----------
    Fader & Hardie (2013), The gamma-gamma model of monetary value; Colombo & Jiang (1999), Journal of Interactive
    Marketing 13(4).

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> frequency = pd.Series([1, 2, 3, 4] * 500)
    >>> summary = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, frequency, seed=1)
    >>> fit = btyd.fit_gamma_gamma(summary)
    >>> fit.predict(summary.head(1)).columns.tolist()
    ['spend', 'std_error', 'low', 'high']
    """
    x, mean = read_spend(summary)
    bought = x > 0
    if bought.sum() < 2:
        raise DataError("fewer than two customers have a repeat purchase, so nothing is known about how spend differs.")
    x, mean = x[bought], mean[bought]
    if not np.ptp(mean):
        raise DataError("all customers spend the same on average, so how they differ cannot be seen.")
    log_normal = log_prior(prior, gamma_gamma.MODEL, 0)
    estimate = maximise(gamma_gamma.MODEL, group_observations(gamma_gamma.MODEL, (x, mean)), prior=log_normal)
    return SpendFit(estimate, x.size, prior is not None, int((~bought).sum()))


def expected_spend(estimate: Estimate, summary: pd.DataFrame, *, stacklevel: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return expected spend (n,) and its Jacobian (3, n) by log p, q, v; warn where it does not exist."""
    x, mean = read_spend(summary)
    spend, jacobian = gamma_gamma.expected_spend(estimate.params.to_numpy()[:, None], x, mean)
    if n_undefined := int(np.isnan(spend).sum()):
        warnings.warn(
            f"q = {estimate.params['q']:.3g}: the mean spend of {n_undefined:,} customers does not exist (too heavy a tail for "
            "what little is known of them), and is left empty.", CrmlabWarning, stacklevel=stacklevel,
        )  # fmt: skip
    return spend, jacobian


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SpendFit(Fit):
    """A fitted model of spend.

    Attributes
    ----------
    estimate : Estimate
        The maximum, in logarithms.
    n : int
        Customers to whom the model was fitted.
    has_prior : bool
        Whether it is the mode of a posterior instead of a maximum of the likelihood.
    n_excluded : int
        Customers who were left out because they have no repeat purchase.
    """

    n_excluded: int

    @property
    def mean(self) -> float:
        """Mean spend of a customer of whom nothing is known, p v / (q - 1); NaN if q <= 1, where it is infinite."""
        p, q, v = self.params
        return p * v / (q - 1) if q > 1 else math.nan

    def predict(self, summary: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
        """Return what each customer may be expected to spend on a purchase.

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

        Raises
        ------
        DataError, ArgumentError
            As the fit.

        Examples
        --------
        >>> from crmlab import btyd
        >>> summary = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, [0, 2, 3] * 100, seed=1)
        >>> fit = btyd.fit_gamma_gamma(summary)
        >>> bool(fit.predict(summary).spend[0] == fit.mean)  # nothing is known of who has not come back
        True
        """
        level = _check.share("level", level)
        spend, jacobian = expected_spend(self.estimate, summary)
        error = self.estimate.std_errors(jacobian)
        factor = np.exp(stats.norm.ppf((1 + level) / 2) * error / spend)
        return answers(summary).assign(spend=spend, std_error=error, low=spend / factor, high=spend * factor)

    def _facts(self) -> tuple[tuple[str, object], ...]:
        mean = round(self.mean, 2) if self.params["q"] > 1 else "does not exist (q <= 1: the tail is too heavy)"
        return (
            ("Mean spend of a new customer", mean), ("Log-likelihood", round(self.loglik, 2)),
            ("Customers without a repeat purchase, left out", self.n_excluded),
        )  # fmt: skip


def simulate_spend(params: Mapping[str, float], frequency: npt.ArrayLike, *, seed: int) -> pd.DataFrame:
    """Draw mean amounts from the gamma-gamma model, for customers with given frequencies.

    Parameters
    ----------
    params : mapping
        p, q, v, all above 0.
    frequency : Series or array of whole numbers
        Repeat purchases of each customer.
    seed : int
        The same seed draws the same amounts.

    Returns
    -------
    DataFrame, one row per customer, with the index of ``frequency`` if it is a Series
        ``frequency``, ``monetary_value`` (empty at frequency 0), and the truth: ``own_mean``.

    Raises
    ------
    ArgumentError, DataError
        A parameter or a frequency that is none.

    References
    ----------
    Fader & Hardie (2013), The gamma-gamma model of monetary value, section 2.

    Examples
    --------
    >>> from crmlab import btyd
    >>> btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, [0, 2], seed=1).monetary_value.isna().tolist()
    [True, False]
    """
    theta = read_parameters(params, gamma_gamma.PARAMETERS)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    index = frequency.index if isinstance(frequency, pd.Series) else None
    values = np.asarray(frequency)
    if values.ndim != 1:
        raise DataError(
            f"`frequency` must be one number for each customer, a Series or a list; it has {values.ndim} dimensions."
        )
    table = pd.DataFrame({"frequency": values}, index=index)
    x = _check.numeric_columns(table, ["frequency"], "purchase_summary", low=0, whole=True)[:, 0]
    monetary_value, true_mean = gamma_gamma.simulate(rng, theta, x)
    return table.assign(monetary_value=monetary_value, own_mean=true_mean)


def spend_independence(summary: pd.DataFrame) -> Summary:
    """Say whether customers who buy more often spend more (or less) each time, which the gamma-gamma model rules out.

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

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), section "assessing independence"; the
    interval: Bonett & Wright (2000), Psychometrika 65(1).

    Examples
    --------
    >>> from crmlab import btyd
    >>> summary = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, [1, 2, 3, 4] * 50, seed=1)
    >>> btyd.spend_independence(summary).facts[0][0]
    'Customers with a repeat purchase'
    """
    x, mean = read_spend(summary)
    x, mean = x[x > 0], mean[x > 0]
    if x.size < 10:
        raise DataError(f"{x.size} customers with a repeat purchase are too few: ten are needed, better hundreds.")
    if not np.ptp(x) or not np.ptp(mean):
        raise DataError("all customers bought equally often, or spend the same: there is nothing to correlate.")
    spearman = float(stats.spearmanr(x, mean).statistic)
    pearson = float(np.corrcoef(x, np.log(mean))[0, 1])
    margin = 1.96 * math.sqrt((1 + spearman**2 / 2) / (x.size - 3))
    center = math.atanh(np.clip(spearman, -0.999, 0.999))
    low, high = math.tanh(center - margin), math.tanh(center + margin)
    return Summary(
        "Does spend go with frequency?",
        facts=(
            ("Customers with a repeat purchase", x.size),
            ("Spearman's correlation", f"{spearman:.3f} (95 % interval {low:.3f} to {high:.3f})"),
            ("Pearson's, frequency and log of spend", round(pearson, 3)),
        ),
        note=_dependence(low, high),
        source="Fader, Hardie & Lee (2005); Bonett & Wright (2000)",
    )


def _dependence(low: float, high: float) -> str:
    """Write what an interval of the correlation means for the values of customers."""
    if max(abs(low), abs(high)) < 0.1:
        return "So weak that spend and frequency can be modelled apart."
    if low > 0.1 or high < -0.1:
        direction, bias = ("more", "low") if low > 0 else ("less", "high")
        return f"Those who buy more often spend {direction} each time: values of frequent customers come out too {bias}."
    return "Perhaps none, perhaps a weak one: hold values of very frequent customers lightly."
