"""Loyalty: from customers who stay to the money they bring.

What is a customer worth who stays, how much of it hangs on his staying, and how much of all hangs on
how few? This room discounts what customers are expected to bring, adds it up to the value of a customer
and of all customers, and measures how unevenly revenue is spread. It reads orders, rates and tables of
forecasts and returns values, curves and shares; it does not say who the few are (see ``segmentation``),
and it forecasts nothing itself (see ``retention`` for contracts, ``btyd`` without).

Money has a date here. Weeks become years by a year of 52 weeks, as in Fader & Hardie's papers: a rate of
15 % a year is 0.27 % a week, compounded continuously.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw, _engine
from crmlab._result import Summary, percent, show
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes

__all__ = [
    "Concentration", "CustomerEquity", "clv_from_forecast", "concentration", "customer_equity", "discount_factor", "gini",
    "simple_value", "value_elasticities", "weekly_rate",
]  # fmt: skip

#: Weeks of a year, as in Fader & Hardie's papers: what makes an annual rate a weekly one.
_WEEKS_PER_YEAR = 52


def concentration(orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: str | dt.date | None = None) -> Concentration:
    """How unevenly customers contribute to revenue: Lorenz curve, Gini coefficient, share of the top.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date``, ``amount`` (see ``tables.describe("orders")``).
    until : date or str, optional
        The cut, the last day that counts; by default the day of the last order.

    Returns
    -------
    Concentration

    Raises
    ------
    DataError
        As ``btyd.purchase_summary``; or all amounts are zero.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy", "dee"],
    ...     "order_date": pd.to_datetime(["2024-01-05"] * 4),
    ...     "amount": [10.0, 10.0, 20.0, 60.0],
    ... })
    >>> found = loyalty.concentration(orders)
    >>> round(found.top_share(0.25), 3), round(found.gini, 3)
    (0.6, 0.4)

    References
    ----------
    Lorenz (1905), Methods of measuring the concentration of wealth, Publications of the American
    Statistical Association 9(70).
    """
    with _engine.orders(orders, until) as source:
        totals = source.table.group_by("customer_id").aggregate(total=source.table.amount.sum())
        amounts = np.sort(source.run(totals.select("total"))["total"].to_numpy())
    if not amounts[-1] > 0:
        raise DataError("every amount is zero, so there is no revenue to share out. Check the `amount` column.")
    return Concentration(np.concatenate([[0.0], np.cumsum(amounts)]))


def gini(amounts: np.ndarray) -> float:
    """Gini coefficient of some amounts: 0 if all are equal, near 1 if one has everything.

    The population form: with n amounts it is at most 1 - 1/n.

    Parameters
    ----------
    amounts : array, shape (n,)
        None negative, at least one positive.

    Raises
    ------
    DataError
        Not a non-empty vector of finite numbers of that kind.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> loyalty.gini([1, 1, 1, 1]), loyalty.gini([0, 0, 0, 8])
    (0.0, 0.75)

    References
    ----------
    Gini (1912); as a sum over sorted amounts, Kendall & Stuart (1977), The Advanced Theory of
    Statistics 1, section 2.25.
    """
    try:
        sorted_amounts = np.sort(np.asarray(amounts, dtype=float))
    except (TypeError, ValueError):
        raise DataError("`amounts` must be numbers, one per customer.") from None
    n = sorted_amounts.size
    if sorted_amounts.ndim != 1 or n == 0 or not np.isfinite(sorted_amounts).all():
        raise DataError("`amounts` must be a non-empty vector of finite numbers, one per customer.")
    if sorted_amounts[0] < 0 or sorted_amounts[-1] == 0:
        raise DataError("`amounts` must not be negative, and at least one must be above zero.")
    ranks = np.arange(1, n + 1)
    return float(max(0.0, 2 * (ranks @ sorted_amounts) / (n * sorted_amounts.sum()) - (n + 1) / n))


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """How unevenly customers contribute to revenue.

    Attributes
    ----------
    cumulated : ndarray, shape (customers + 1,)
        Revenue of the 0, 1, 2, ... smallest customers together, in currency.
    """

    cumulated: np.ndarray

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return self.cumulated.size - 1

    @property
    def total_amount(self) -> float:
        """What they paid together, in currency."""
        return float(self.cumulated[-1])

    @property
    def gini(self) -> float:
        """Gini coefficient (see ``loyalty.gini``)."""
        return gini(np.diff(self.cumulated))

    @property
    def table(self) -> pd.DataFrame:
        """The Lorenz curve at each per cent of customers (``tables.describe("lorenz")``)."""
        shares = np.linspace(0, 1, 101)
        return pd.DataFrame({"customer_share": shares, "amount_share": self._lorenz(shares)})

    def top_share(self, share: float = 0.1) -> float:
        """Share of revenue that the top ``share`` of customers bring.

        Where ``share`` cuts through a customer, that part of him counts.
        """
        return float(1 - self._lorenz(1 - _check.share("share", share)))

    def customers_for(self, share: float = 0.8) -> float:
        """Share of customers, biggest first, who bring ``share`` of revenue."""
        missing = (1 - _check.share("share", share)) * self.total_amount
        return float(1 - np.interp(missing, self.cumulated, np.linspace(0, 1, self.cumulated.size)))

    def _lorenz(self, share: float | np.ndarray) -> np.ndarray:
        return np.interp(share, np.linspace(0, 1, self.cumulated.size), self.cumulated / self.total_amount)

    def summary(self) -> Summary:
        """The finding in a few lines."""
        return Summary(
            "Concentration of revenue",
            facts=(
                ("Customers", self.customers),
                ("Revenue", round(self.total_amount, 2)),
                ("Share of revenue from the top 10 % of customers", percent(self.top_share(0.1))),
                ("Customers who bring 80 % of revenue", percent(self.customers_for(0.8))),
                ("Gini coefficient (0 = all equal, 1 = one has all)", round(self.gini, 3)),
            ),
            source="Lorenz (1905)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The Lorenz curve beside the line of equal customers."""
        curve = self.table.set_index("customer_share").rename(columns={"amount_share": "these customers"})
        ax = _draw.curves(
            curve.assign(**{"if all were equal": curve.index}),
            title=f"The top 10 % of customers bring {percent(self.top_share(0.1))} of revenue",
            x="customers, smallest first",
            y="share of revenue",
            share=("x", "y"),
            alt=f"Lorenz curve of {self.customers:,} customers, Gini coefficient {self.gini:.3f}. "
            f"80 % of revenue comes from {percent(self.customers_for(0.8))} of customers.",
            ax=ax,
        )
        ax.axvline(0.9, color=_draw.PALE, linestyle=":")
        return ax


def weekly_rate(annual_rate: float | np.ndarray) -> float | np.ndarray:
    """The continuous rate of a week that compounds to an annual rate: ln(1 + annual rate) / 52.

    Parameters
    ----------
    annual_rate : float or array
        Above -1; 0.1 is ten per cent a year.

    Returns
    -------
    float or ndarray of the same shape
        The delta of models in continuous time: e^(-delta weeks) discounts over ``weeks``.

    Raises
    ------
    ArgumentError
        Not a finite number above -1.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> round(loyalty.weekly_rate(0.15), 4)
    0.0027

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal of
    Marketing Research 42(4): 15 % a year is delta = .0027 a week.
    """
    rate = _numbers("annual_rate", annual_rate, -1, np.inf)
    return _plain(np.log1p(rate) / _WEEKS_PER_YEAR)


def discount_factor(annual_rate: float | np.ndarray, weeks: float | np.ndarray) -> float | np.ndarray:
    """What one unit of money is worth today if it comes in so many weeks: (1 + annual rate)^(-weeks / 52).

    Parameters
    ----------
    annual_rate : float or array
        Above -1; 0.1 is ten per cent a year.
    weeks : float or array
        From today on, 0 or more; a year has 52.

    Returns
    -------
    float, or ndarray of the common shape

    Raises
    ------
    ArgumentError
        Not finite numbers of that range, or shapes that do not go together.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> round(loyalty.discount_factor(0.1, 52), 4), loyalty.discount_factor(0.1, 0)
    (0.9091, 1.0)
    """
    rate, away = _together(
        annual_rate=_numbers("annual_rate", annual_rate, -1, np.inf), weeks=_numbers("weeks", weeks, 0, np.inf, closed=True)
    )
    return _plain(np.exp(-np.log1p(rate) / _WEEKS_PER_YEAR * away))


def simple_value(
    margin: float | np.ndarray, retention: float | np.ndarray, annual_rate: float | np.ndarray = 0.1, *,
    years: int | None = None, at_once: bool = False,
) -> float | np.ndarray:  # fmt: skip
    """Value of a customer under contract with constant margin m, retention r and discount rate i: m r / (1 + i - r).

    He is a customer today, stays each year with chance r, and pays at its end if he stayed: the sum of
    m r^t / (1 + i)^t over t = 1, 2, ... With ``at_once`` he pays at the beginning of each year, today first, so
    that the value is m (1 + i) / (1 + i - r): that of a new customer before the cost to win him. With ``years`` only
    the first so many payments count.

    One retention rate for all understates what customers who differ are still worth: those who have stayed are those
    who leave less (Fader & Hardie 2010).

    Parameters
    ----------
    margin : float or array
        What he brings in a year, less what it costs to serve him; in currency.
    retention : float or array
        From 0 to 1.
    annual_rate : float or array
        Above -1.
    years : int, optional
        How many payments count; by default all.
    at_once : bool
        Whether the first payment comes today.

    Returns
    -------
    float, or ndarray of the common shape
        In currency.

    Raises
    ------
    ArgumentError
        A number is not finite or out of range, shapes do not go together, or the value is infinite: retention is
        at least 1 + ``annual_rate`` and ``years`` is not given.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> round(loyalty.simple_value(1, 0.9, 0.12), 2)  # "about four"
    4.09
    >>> loyalty.simple_value(100, [0.6, 0.8], 0.1, at_once=True).round(2)
    array([220.  , 366.67])

    References
    ----------
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1), 9-24: the margin multiple
    r / (1 + i - r). Fader & Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1).
    """
    amount = _numbers("margin", margin, -np.inf, np.inf)
    rates = _rates(retention, annual_rate, years, at_once)
    amount, multiple = _together(margin=amount, retention=_multiple(*rates, years, at_once))
    return _plain(amount * multiple)


def value_elasticities(
    margin: float | np.ndarray, retention: float | np.ndarray, annual_rate: float | np.ndarray = 0.1, *,
    acquisition_cost: float | np.ndarray = 0.0, years: int | None = None, at_once: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """By how many per cent the value of a customer moves for one per cent more retention, margin, rate or cost.

    They are derivatives of ``simple_value``, less the cost to win him. Without end and cost, retention has
    (1 + i) / (1 + i - r), margin 1, and the rate -i / (1 + i - r); with ``at_once`` the retention
    elasticity is r / (1 + i - r). It equals the duration of the customer: the mean time of his payments, each weighted by
    its present value. *Per cent* of retention is not a *point* of retention, so both stand in the table; a change as
    large as five points is better computed with ``simple_value`` twice. Nothing here says what it costs to move any of them.

    Parameters
    ----------
    margin, retention, annual_rate, years, at_once
        As in ``simple_value``; the margin is above 0.
    acquisition_cost : float or array
        What it cost to win him, 0 or more, less than his value.

    Returns
    -------
    DataFrame, one row per combination (see ``tables.describe("value_elasticities")``)
        The numbers given, ``net_value`` in currency, and ``retention_elasticity``, ``retention_point``,
        ``margin_elasticity``, ``rate_elasticity``, ``acquisition_elasticity`` in per cent of it.

    Raises
    ------
    ArgumentError
        As ``simple_value``; or a customer is worth no more than he cost, or surely leaves: per cent of that mean nothing.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> table = loyalty.value_elasticities(100, [0.8, 0.9], 0.12)
    >>> table[["retention", "net_value", "retention_elasticity", "retention_point", "rate_elasticity"]].round(3)
       retention  net_value  retention_elasticity  retention_point  rate_elasticity
    0        0.8    250.000                 3.500            4.375           -0.375
    1        0.9    409.091                 5.091            5.657           -0.545

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18. Pfeifer & Farris
    (2004), The elasticity of customer value to retention: the duration of a customer relationship, Journal of Interactive
    Marketing 18(2), 20-31.
    """
    amount = _numbers("margin", margin, 0, np.inf)
    spent = _numbers("acquisition_cost", acquisition_cost, 0, np.inf, closed=True)
    rates = _rates(retention, annual_rate, years, at_once)
    amount, stays, rate, spent = _together(margin=amount, retention=rates[0], annual_rate=rates[1], acquisition_cost=spent)
    amount, stays, rate, spent = (each.ravel() for each in (amount, stays, rate, spent))
    value = amount * _multiple(stays, rate, years, at_once)
    net = value - spent
    without = (net <= 0) | (stays == 0)
    if without.any():
        raise ArgumentError(
            f"{without.sum():,} of {net.size:,} customers are worth no more than they cost or surely leave (`retention` 0), so "
            "that per cent of it mean nothing. Leave them out, or compare values in currency with `simple_value`."
        )
    share, duration = value / net, _duration(stays, rate, years, at_once)
    return pd.DataFrame(
        {
            "margin": amount, "retention": stays, "annual_rate": rate, "acquisition_cost": spent, "net_value": net,
            "retention_elasticity": share * duration, "retention_point": share * duration / stays, "margin_elasticity": share,
            "rate_elasticity": -share * duration * rate / (1 + rate), "acquisition_elasticity": -spent / net,
        }
    )  # fmt: skip


def _rates(retention: object, annual_rate: object, years: object, at_once: object) -> tuple[np.ndarray, np.ndarray]:
    """Retention and annual rate, checked and of one shape."""
    if not isinstance(at_once, bool):
        raise ArgumentError(f"`at_once` must be True or False; it is {at_once!r}.")
    if years is not None:
        _check.integer("years", years, 1)
    stays, rate = _together(
        retention=_numbers("retention", retention, 0, 1, closed=True),
        annual_rate=_numbers("annual_rate", annual_rate, -1, np.inf),
    )
    growth = -_decay(stays, rate)
    endless = growth >= 0 if years is None else growth * years > 700  # e^700 is about as large as a number can be
    if endless.any():
        raise ArgumentError(
            f"a customer with `retention` {stays[endless].flat[0]:g} and an `annual_rate` of {rate[endless].flat[0]:g} is "
            "worth infinitely much: his payments do not shrink. Give `years`, how many payments count"
            f"{'' if years is None else f', fewer than {years:,}'}."
        )
    return stays, rate


def _decay(stays: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """x = -ln(r / (1 + i)): how fast the present value of a payment falls from year to year."""
    with np.errstate(divide="ignore"):  # retention 0: at once
        return np.log1p(rate) - np.log(stays)


def _multiple(stays: np.ndarray, rate: np.ndarray, years: int | None, at_once: bool) -> np.ndarray:
    """Present value of the payments for a margin of 1: the sum of e^(-x t) from t = 0 (at once) or 1, ``years`` of them."""
    x = _decay(stays, rate)
    if years is None:
        total = -1 / np.expm1(-x)
    else:
        with np.errstate(invalid="ignore"):
            total = np.where(x == 0, years, np.expm1(-x * years) / np.expm1(-x))
    return total if at_once else total * stays / (1 + rate)


def _duration(stays: np.ndarray, rate: np.ndarray, years: int | None, at_once: bool) -> np.ndarray:
    """Mean time of the payments, each weighted by its present value, in years.

    From t = 0 it is 1 / (e^x - 1) - n / (e^(n x) - 1); the poles of the two terms at x = 0 cancel, so both are
    taken without.
    """
    x = _decay(stays, rate)
    with np.errstate(over="ignore"):
        mean = 1 / np.expm1(x) if years is None else _less_pole(x) - years * _less_pole(years * x)
    return mean if at_once else mean + 1


def _less_pole(x: np.ndarray) -> np.ndarray:
    """1 / (e^x - 1) - 1 / x, by its series near 0, where the difference would lose digits."""
    near = np.clip(x, -0.01, 0.01)
    far = np.where(near == x, 1.0, x)
    return np.where(near == x, -0.5 + near / 12 - near**3 / 720, 1 / np.expm1(far) - 1 / far)


def clv_from_forecast(forecast: pd.DataFrame, *, margin: float, annual_rate: float | None = None) -> pd.DataFrame:
    """What each customer is worth today: the margin on what he is still expected to spend.

    The forecast has one of two forms. Discounted, one row per customer, as models of customers without contract give it
    (see ``btyd``): the value is margin x discounted purchases x spend. Or by date, one row per customer and date: the value
    is the sum of margin x purchases x spend, each discounted from its date. Purchases spread over a period may stand at its
    middle: at 10 % a year, taking a year so is 0.04 % off. A contract is a forecast by date as well: its purchases are
    the chance that it still runs, its spend is the fee.

    Parameters
    ----------
    forecast : DataFrame
        ``customer_id``, ``discounted_purchases``, ``spend`` (see ``tables.describe("discounted_forecast")``), or
        ``customer_id``, ``weeks``, ``purchases``, ``spend`` (``tables.describe("period_forecast")``). Either may
        have ``std_error``, that of purchases times spend of the row. Other columns are not read.
    margin : float
        Share of the spend that is left after what was sold is paid for, from 0 to 1.
    annual_rate : float, optional
        Above -1, by default 0.1; only for a forecast by date, the other being discounted already.

    Returns
    -------
    DataFrame, one row per customer, by ``customer_id``
        ``discounted_spend``, ``lifetime_value``, ``std_error`` (empty if the forecast has none). The error is that of the
        *expected* value, not of what one customer will spend. That of a sum over dates is the sum of the discounted
        errors: no larger one is possible, and a customer's dates rest on the same estimates.

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, a customer (or customer and date) stands there twice, or the
        forecast has both forms at once.
    ArgumentError
        ``forecast`` is no DataFrame, ``margin`` or ``annual_rate`` is out of range, or ``annual_rate`` is given with a
        forecast that is discounted already.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> forecast = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"], "weeks": [26, 78, 26],
    ...     "purchases": [2.0, 1.0, 0.5], "spend": [50.0, 50.0, 80.0],
    ... })
    >>> loyalty.clv_from_forecast(forecast, margin=0.3, annual_rate=0.1).round(2)
      customer_id  discounted_spend  lifetime_value  std_error
    0         ann            138.69           41.61        NaN
    1         bob             38.14           11.44        NaN
    """
    if not isinstance(forecast, pd.DataFrame):
        raise ArgumentError(f"`forecast` must be a DataFrame; it is {type(forecast).__name__}.")
    share = _single("margin", margin, 1)
    discounted, dated = "discounted_purchases" in forecast.columns, "weeks" in forecast.columns
    if discounted == dated:
        raise DataError(
            "a forecast needs `customer_id` and `spend`, and either `discounted_purchases` (one row per customer) or "
            f"`weeks` and `purchases` (one row per customer and date), not {'both' if dated else 'neither'}. "
            f"Its columns: {', '.join(map(str, forecast.columns)) or 'none'}."
        )
    if discounted and annual_rate is not None:
        raise ArgumentError("`discounted_purchases` are discounted already. Leave `annual_rate` out.")
    _engine.check(forecast, "discounted_forecast" if discounted else "period_forecast")
    if discounted:
        factor, purchases = 1.0, forecast.discounted_purchases.astype("float64")
    else:
        factor = discount_factor(0.1 if annual_rate is None else annual_rate, forecast.weeks.to_numpy("float64"))
        purchases = forecast.purchases.astype("float64")
    rows = pd.DataFrame({"discounted_spend": purchases * forecast.spend.astype("float64") * factor})
    rows["lifetime_value"] = share * rows.discounted_spend
    rows["std_error"] = share * factor * forecast.std_error.astype("float64") if "std_error" in forecast else np.nan
    return rows.groupby(forecast.customer_id).sum(min_count=1).reset_index()


def customer_equity(
    values: pd.DataFrame, *, total_std_error: float | None = None, new_customers: int = 0, new_value: float = 0.0,
    acquisition_cost: float = 0.0,
) -> CustomerEquity:  # fmt: skip
    """What all customers are worth together: today's, and those to be won less what it costs to win them.

    The interval of a sum needs care. Errors of customers' values come from the same few estimates, so they are
    not independent, and the root of the summed squares would be far too small. Whatever the correlations, the standard
    error of a sum is at most the sum of the standard errors; that bound is used, so that the interval holds *at least* its
    level. If the model that made the values can tell the joint error (by the delta method on the sum), give it as
    ``total_std_error``. Either way it is the uncertainty of the expected value; the value of new customers and their cost
    are taken as known.

    Parameters
    ----------
    values : DataFrame
        ``customer_id``, ``lifetime_value``, optionally ``std_error`` (see ``tables.describe("lifetime_values")``).
    total_std_error : float, optional
        Standard error of the sum of the lifetime values, in currency.
    new_customers : int
        How many are won now.
    new_value : float
        What one of them is worth on the day he is won, before ``acquisition_cost``; e.g. ``simple_value`` with
        ``at_once``, or the mean of the lifetime values of comparable customers.
    acquisition_cost : float
        What it costs to win one of them.

    Returns
    -------
    CustomerEquity

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, a customer stands there twice, or every value is zero.
    ArgumentError
        A number is out of range; ``new_value`` or ``acquisition_cost`` is given without ``new_customers``, or
        ``new_customers`` without ``new_value``; or ``total_std_error`` is larger than all standard errors together.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import loyalty
    >>> values = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cy"], "lifetime_value": [60.0, 30.0, 10.0], "std_error": [6.0, 3.0, 1.0],
    ... })
    >>> equity = loyalty.customer_equity(values, new_customers=2, new_value=40.0, acquisition_cost=25.0)
    >>> equity.table.round(1)
                              part  customers  amount   low   high
    0             today's customers          3   100.0  82.2  121.7
    1                 new customers          2    80.0  80.0   80.0
    2  what it costs to win them          2   -50.0 -50.0  -50.0
    3               customer equity          5   130.0 112.2  151.7

    References
    ----------
    Blattberg & Deighton (1996), Manage marketing by the customer equity test, Harvard Business Review 74(4). Gupta,
    Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18.
    """
    new_customers = _check.integer("new_customers", new_customers, 0)
    worth, cost = _single("new_value", new_value), _single("acquisition_cost", acquisition_cost)
    if (new_customers > 0) != (worth > 0) or (cost > 0 and not new_customers):
        raise ArgumentError(
            "new customers need both how many they are and what one is worth: give `new_customers` and `new_value` (and what "
            f"one costs, `acquisition_cost`), or none of them; they are {new_customers:,}, {worth:g} and {cost:g}."
        )
    if not isinstance(values, pd.DataFrame):
        raise ArgumentError(f"`values` must be a DataFrame; it is {type(values).__name__}.")
    _engine.check(values, "lifetime_values")
    each = np.sort(values.lifetime_value.to_numpy("float64"))
    if each[-1] == 0:
        raise DataError("every lifetime value is zero, so there is no value to share out. Check the `lifetime_value` column.")
    errors = values.std_error.to_numpy("float64") if "std_error" in values else np.full(each.size, np.nan)
    independent, widest = float(np.sqrt((errors**2).sum())), float(errors.sum())
    joint = None if total_std_error is None else _single("total_std_error", total_std_error)
    if joint is not None and joint > widest * (1 + 1e-9):
        raise ArgumentError(
            f"`total_std_error` is {show(joint)}, but all standard errors together are {show(widest)}, and a sum cannot be "
            "less certain than that. Give both in the same currency, and both of the margin."
        )
    spread = Concentration(np.concatenate([[0.0], np.cumsum(each)]))
    return CustomerEquity(spread, independent, widest, joint, new_customers, worth, cost)


@dataclass(frozen=True, slots=True, eq=False)
class CustomerEquity:
    """What all customers are worth together.

    Attributes
    ----------
    spread : Concentration
        How the value of today's customers is spread over them.
    independent_std_error : float
        Standard error of their value if their errors were independent, which they are not; NaN if any is unknown.
    widest_std_error : float
        The sum of their standard errors: that of their value cannot be larger.
    total_std_error : float or None
        The joint standard error of their value, if it was given.
    new_customers : int
    new_value, acquisition_cost : float
        Of one new customer, in currency.
    """

    spread: Concentration
    independent_std_error: float
    widest_std_error: float
    total_std_error: float | None
    new_customers: int
    new_value: float
    acquisition_cost: float

    @property
    def base_value(self) -> float:
        """Value of today's customers, in currency."""
        return self.spread.total_amount

    @property
    def total(self) -> float:
        """Customer equity, in currency: today's customers, and new ones less the cost to win them."""
        return self.base_value + self.new_customers * (self.new_value - self.acquisition_cost)

    @property
    def std_error(self) -> float:
        """Standard error of ``base_value``: the joint one if it was given, else the largest possible; NaN if unknown."""
        return self.widest_std_error if self.total_std_error is None else self.total_std_error

    @property
    def table(self) -> pd.DataFrame:
        """The parts of the equity with 95 % intervals (``tables.describe("customer_equity")``)."""
        return self.interval()

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """The parts of the equity with intervals of a level, made on the log scale; new customers are taken as known."""
        z = special.ndtri((1 + _check.share("level", level)) / 2)
        with np.errstate(over="ignore"):  # an error many times the value: no upper end
            low, high = self.base_value * np.exp(np.array([-z, z]) * self.std_error / self.base_value)
        won, cost = self.new_customers * self.new_value, self.new_customers * self.acquisition_cost
        parts = [("today's customers", self.spread.customers, self.base_value, low, high)]
        if self.new_customers:
            parts += [
                ("new customers", self.new_customers, won, won, won),
                ("what it costs to win them", self.new_customers, -cost, -cost, -cost),
            ]
        parts.append(
            (
                "customer equity", self.spread.customers + self.new_customers, self.total,
                low + self.total - self.base_value, high + self.total - self.base_value,
            )
        )  # fmt: skip
        return pd.DataFrame(parts, columns=["part", "customers", "amount", "low", "high"])

    def top_share(self, share: float = 0.1) -> float:
        """Share of ``base_value`` that lies with the top ``share`` of today's customers."""
        return self.spread.top_share(share)

    def summary(self) -> Summary:
        """The finding in a few lines."""
        if np.isnan(self.std_error):
            note = "No standard errors came with the values, so no interval is given."
        elif self.total_std_error is None:
            note = (
                "95 % intervals hold at least that level: the standard error of today's value is the sum of the customers' "
                f"own, {show(self.widest_std_error)}, the largest possible. Were their errors independent it would be "
                f"{show(self.independent_std_error)}; but they rest on the same estimates."
            )
        else:
            note = f"95 % intervals; standard error of today's value {show(self.total_std_error)}, as given."
        return Summary(
            "Customer equity",
            facts=(
                ("Mean value of a customer of today", round(self.base_value / self.spread.customers, 2)),
                ("Share of today's value with the top 10 % of customers", percent(self.top_share(0.1))),
            ),
            table=self.table,
            note=note,
            source="Blattberg & Deighton (1996)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Each tenth of today's customers, the most valuable first, and its share of their value."""
        ends = self.spread._lorenz(np.linspace(1, 0, 11))
        shares = pd.Series(np.maximum(ends[:-1] - ends[1:], 0), index=range(1, 11))
        return _draw.bars(
            shares,
            title=f"The top 10 % of customers hold {percent(self.top_share(0.1))} of all value",
            x="tenths of customers, the most valuable first",
            y="share of all value",
            share=True,
            alt=f"Bars for {self.spread.customers:,} customers worth {show(round(self.base_value, 2))} together: "
            + ", ".join(f"{tenth}: {percent(share)}" for tenth, share in shares.items())
            + ".",
            ax=ax,
        )


def _numbers(name: str, value: object, low: float, high: float, *, closed: bool = False) -> np.ndarray:
    """``value`` as finite numbers above ``low`` and below ``high`` (or equal to them, if closed)."""
    try:
        found = np.asarray(value)
    except ValueError:  # lists of different lengths
        found = np.asarray(None)
    if found.dtype.kind not in "iuf" or not found.size:
        raise ArgumentError(f"`{name}` must be a number or an array of numbers; it is {str(value)[:60]!r}.")
    found = found.astype("float64")
    inside = (found >= low) & (found <= high) if closed else (found > low) & (found < high)
    wrong = ~(inside & np.isfinite(found))
    if wrong.any():
        words = ("at least", "at most") if closed else ("above", "below")
        bounds = [f"{word} {end:g}" for word, end in zip(words, (low, high), strict=True) if np.isfinite(end)]
        hint = ", a share such as 0.8 for eighty per cent" if high == 1 else ""
        raise ArgumentError(f"`{name}` must be {' and '.join(['finite', *bounds])}{hint}; it is {found[wrong].flat[0]:g}.")
    return found


def _single(name: str, value: object, high: float = np.inf) -> float:
    """``value`` as one number from 0 to ``high``."""
    found = _numbers(name, value, 0, high, closed=True)
    if found.ndim:
        raise ArgumentError(f"`{name}` must be one number, not {found.size:,}.")
    return float(found)


def _together(**arrays: np.ndarray) -> list[np.ndarray]:
    """Arrays of one shape."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        told = ", ".join(f"`{name}` {each.shape}" for name, each in arrays.items())
        raise ArgumentError(f"these arrays do not go together: {told}. Give numbers, or arrays of one shape.") from None


def _plain(found: np.ndarray) -> float | np.ndarray:
    """A single number as a number."""
    return float(found) if np.ndim(found) == 0 else found
