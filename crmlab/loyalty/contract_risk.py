"""Contract risk: how far one customer may be from the mean, and how long they must stay to pay back what they cost.

The number of payments of a customer with a constant retention rate is geometric, so what they will have been worth is a
known function of it. The mean of many is known in ``contract_value``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from crmlab import _check
from crmlab.loyalty.arguments import annual_rates, broadcast, common_index, number_array
from crmlab.loyalty.contract_value import simple_value


def value_interval(
    margin: npt.ArrayLike, retention: npt.ArrayLike, annual_rate: npt.ArrayLike = 0.1, *,
    customers: int = 100, level: float = 0.95, at_once: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Compute between which values one customer under contract will lie, and between which the mean of many.

    With retention r the number of payments L is geometric, P(L >= t) = r^t, and the present value of a customer is
    V = m (1 - d^L) / i with d = 1 / (1 + i). Its quantiles are those of L, so the *prediction* interval of one customer is
    exact. The mean of n customers has expectation m d r / (1 - d r), the value of ``simple_value``, and variance
    m^2 d^2 r (1 - r) / ((1 - d^2 r) (1 - d r)^2) / n.

    Parameters
    ----------
    margin, retention, annual_rate, at_once
        As in ``simple_value``.
    customers : int
        How many make up the mean.
    level : float
        Between 0 and 1.

    Returns
    -------
    DataFrame, one row per combination (see ``tables.describe("value_intervals")``)
        ``mean`` is the expected value; ``low`` and ``high`` bound that of one customer with a probability of at least
        ``level``; ``mean_low`` and ``mean_high`` bound the mean of ``customers`` customers. Its index is that of the Series
        among the arguments, if there is one.

    Raises
    ------
    ArgumentError
        As ``simple_value``; or ``customers`` or ``level`` is none.

    Notes
    -----
    Both intervals take margin, retention and rate as known. Of the mean, it is a normal approximation and shrinks with the
    root of n; of one customer, no number of other customers makes it narrower. If retention was estimated from n customers,
    the interval of the mean is about the confidence interval of their expected value.

    References
    ----------
    Fader & Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1): the geometric length of
    stay. Variance: the generating function of L at d and d^2.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> table = loyalty.value_interval(100, [0.6, 0.8], 0.1, customers=400)
    >>> table[["retention", "mean", "low", "high", "mean_low", "mean_high"]].round(1)
       retention   mean  low   high  mean_low  mean_high
    0        0.6  120.0  0.0  486.8     106.5      133.5
    1        0.8  266.7  0.0  782.4     244.2      289.1
    """
    n, level = _check.integer("customers", customers, 1), _check.share("level", level)
    mean = np.asarray(simple_value(margin, retention, annual_rate, at_once=at_once))
    index, (m, r, i, mean) = _rows(
        {"margin": margin, "retention": retention, "annual_rate": annual_rate},
        margin=number_array("margin", margin, -np.inf, np.inf),
        retention=number_array("retention", retention, 0, 1, closed=True),
        annual_rate=annual_rates(annual_rate), mean=mean,
    )  # fmt: skip
    tail = (1 - level) / 2
    ends = [m * (_annuity(_stay_quantile(r, share), i) + at_once) for share in (tail, 1 - tail)]
    reach = special.ndtri(1 - tail) * np.abs(m) * _multiple_std_dev(r, i) / np.sqrt(n)
    return pd.DataFrame(
        {
            "margin": m, "retention": r, "annual_rate": i, "mean": mean, "low": np.minimum(*ends), "high": np.maximum(*ends),
            "customers": n, "mean_low": mean - reach, "mean_high": mean + reach,
        },
        index=index,
    )  # fmt: skip


def break_even(
    acquisition_cost: npt.ArrayLike, margin: npt.ArrayLike, retention: npt.ArrayLike, annual_rate: npt.ArrayLike = 0.1, *,
    at_once: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Compute after how many years a customer has paid back what it cost to win them, if they stay and on average.

    With q the factor from one payment to the next, the present value of n payments, the first worth a, is
    a (1 - q^n) / (1 - q); it equals the cost c at n = ln(1 - c (1 - q) / a) / ln q. For a customer who surely stays q is
    1 / (1 + i); for the average of customers who stay with probability r it is r / (1 + i). The first payment is worth m q,
    or m with ``at_once``.

    Parameters
    ----------
    acquisition_cost : float or array
        What it cost to win them, 0 or more, in currency.
    margin, retention, annual_rate, at_once
        As in ``simple_value``.

    Returns
    -------
    DataFrame, one row per combination (see ``tables.describe("break_even")``)
        ``certain_years`` and ``expected_years``, empty where the cost never comes back, and in ``pays`` a word for it.
        Between two payments the formula is continued: round up for whole payments. Its index is that of the Series among
        the arguments, if there is one.

    Raises
    ------
    ArgumentError
        A number is not finite or out of range, shapes do not go together, or two Series are of different rows.

    References
    ----------
    Berger & Nasr (1998), Customer lifetime value: marketing models and applications, Journal of Interactive Marketing 12(1),
    17-30: the present value of n payments with retention (case 1), here solved for n.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> loyalty.break_even(150, [100, 60, 10], 0.8, 0.1)[["certain_years", "expected_years", "pays"]].round(2)
       certain_years  expected_years   pays
    0           1.71            2.60    yes
    1           3.02            8.71    yes
    2            NaN             NaN  never
    """
    _check.flag("at_once", at_once)
    given = {"acquisition_cost": acquisition_cost, "margin": margin, "retention": retention, "annual_rate": annual_rate}
    index, (cost, m, r, i) = _rows(
        given,
        acquisition_cost=number_array("acquisition_cost", acquisition_cost, 0, np.inf, closed=True),
        margin=number_array("margin", margin, -np.inf, np.inf),
        retention=number_array("retention", retention, 0, 1, closed=True),
        annual_rate=annual_rates(annual_rate),
    )  # fmt: skip
    certain, expected = (_years_to_pay(cost, m, factor, at_once) for factor in (1 / (1 + i), r / (1 + i)))
    pays = np.select([~np.isnan(expected), ~np.isnan(certain)], ["yes", "only if they stay"], "never")
    return pd.DataFrame(
        {
            "acquisition_cost": cost, "margin": m, "retention": r, "annual_rate": i, "certain_years": certain,
            "expected_years": expected, "pays": pays.astype(object),
        },
        index=index,
    )  # fmt: skip


def _rows(given: dict[str, npt.ArrayLike], **arrays: np.ndarray) -> tuple[pd.Index, tuple[np.ndarray, ...]]:
    """Return arrays as columns of one length, and the index of the rows: that of the Series given, if it fits."""
    index, columns = common_index(**given), tuple(np.ravel(array) for array in broadcast(**arrays))
    size = columns[0].size
    return index if index is not None and len(index) == size else pd.RangeIndex(size), columns


def _stay_quantile(r: np.ndarray, share: float) -> np.ndarray:
    """Compute the smallest number of payments l with P(L <= l) = 1 - r^(l + 1) of at least ``share``."""
    with np.errstate(divide="ignore"):
        renewals = np.abs(np.log1p(-share) / np.log(r))  # endless for who surely stays
    return np.maximum(np.ceil(np.round(renewals, 9)) - 1, 0)  # rounded: a share met exactly must not depend on the last digit


def _annuity(payments: np.ndarray, i: np.ndarray) -> np.ndarray:
    """Compute the present value of so many payments of 1, one at the end of each year."""
    safe = np.where(i == 0, 1.0, i)
    return np.where(i == 0, payments, -np.expm1(-payments * np.log1p(safe)) / safe)


def _multiple_std_dev(r: np.ndarray, i: np.ndarray) -> np.ndarray:
    """Compute the standard deviation of the present value of one customer's payments of 1; endless where it does not exist."""
    d = 1 / (1 + i)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(d * d * r < 1, d * np.sqrt(r * (1 - r) / np.maximum(1 - d * d * r, 0)) / (1 - d * r), np.inf)


def _years_to_pay(cost: np.ndarray, m: np.ndarray, q: np.ndarray, at_once: bool) -> np.ndarray:
    """Compute after how many payments, each worth q times the one before, their sum equals the cost; NaN if never."""
    first = m * (1.0 if at_once else q)
    with np.errstate(divide="ignore", invalid="ignore"):
        owed = np.where(first > 0, cost / first, np.nan)
        left = np.round(1 - owed * (1 - q), 12)  # rounded: whether the last payment suffices must not depend on the last digit
        cases = [cost == 0, q == 1, (q == 0) & (owed <= 1), (q > 0) & (left > 0)]
        return np.select(cases, [0.0, owed, owed, np.log(np.maximum(left, 0)) / np.log(q)], np.nan)
