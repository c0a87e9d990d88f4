"""Contract value: what a customer with a constant retention rate is worth, and what moves it.

The value is a geometric series, finite or endless; the elasticities are its derivatives. It reads numbers or arrays of
them. Customers who differ in retention (``retention``), or have no contract (``btyd``), are forecast elsewhere and valued
in ``forecast_value``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.loyalty.arguments import annual_rates, as_given, broadcast, common_index, number_array


def simple_value(
    margin: npt.ArrayLike, retention: npt.ArrayLike, annual_rate: npt.ArrayLike = 0.1, *,
    years: int | None = None, at_once: bool = False,
) -> float | np.ndarray:  # fmt: skip
    """Compute the value of a customer under contract with constant margin m, retention r, discount rate i: m r / (1 + i - r).

    They are a customer today, stay each year with probability r, and pay at its end if they stayed: the sum of
    m r^t / (1 + i)^t over t = 1, 2, ... With ``at_once`` they pay at the beginning of each year, today first, so that the
    value is m (1 + i) / (1 + i - r): that of a new customer before the cost to win them. With ``years`` only the first so
    many payments count.

    Parameters
    ----------
    margin : float or array
        What they bring in a year, less what it costs to serve them; in currency.
    retention : float or array
        From 0 to 1; 0.8 is eighty per cent.
    annual_rate : float or array
        Above -1, at most 1; 0.12 is twelve per cent a year.
    years : int, optional
        How many payments count; by default all.
    at_once : bool
        Whether the first payment comes today.

    Returns
    -------
    float, or ndarray of the common shape, row by row as given
        In currency.

    Raises
    ------
    ArgumentError
        A number is not finite or out of range, shapes do not go together, two Series are of different rows, or the value is
        infinite: retention is at least 1 + ``annual_rate`` and ``years`` is not given.

    Notes
    -----
    It is the mean of many such customers; of one, ``value_interval`` says how far they may be from it.

    One retention rate for all understates what customers who differ are still worth: those who have stayed are those who
    leave less (Fader & Hardie 2010).

    References
    ----------
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1), 9-24: the margin multiple
    r / (1 + i - r). Fader & Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1).

    Examples
    --------
    >>> from crmlab import loyalty
    >>> round(loyalty.simple_value(1, 0.9, 0.12), 2)  # "about four"
    4.09
    >>> loyalty.simple_value(100, [0.6, 0.8], 0.1, at_once=True).round(2)
    array([220.  , 366.67])
    """
    margins = number_array("margin", margin, -np.inf, np.inf)
    r, i = _rates(retention, annual_rate, years, at_once)
    common_index(margin=margin, retention=retention, annual_rate=annual_rate)
    margins, multiple = broadcast(margin=margins, retention=_multiple(r, i, years, at_once))
    return as_given(margins * multiple)


def value_elasticities(
    margin: npt.ArrayLike, retention: npt.ArrayLike, annual_rate: npt.ArrayLike = 0.1, *,
    acquisition_cost: npt.ArrayLike = 0.0, years: int | None = None, at_once: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Compute by how many per cent a customer's value moves for one per cent more retention, margin, rate or cost.

    They are derivatives of ``simple_value``, less the cost to win the customer. Without end and cost, retention has
    (1 + i) / (1 + i - r), margin 1, and the rate -i / (1 + i - r); with ``at_once`` the retention elasticity is
    r / (1 + i - r).

    Parameters
    ----------
    margin, retention, annual_rate, years, at_once
        As in ``simple_value``; the margin is above 0.
    acquisition_cost : float or array
        What it cost to win the customer, 0 or more, less than their value.

    Returns
    -------
    DataFrame, one row per combination (see ``tables.describe("value_elasticities")``)
        The numbers given, ``net_value`` in currency, and ``retention_elasticity``, ``retention_point``,
        ``margin_elasticity``, ``rate_elasticity``, ``acquisition_elasticity`` in per cent of it. Its index is that of the
        Series among the arguments, if there is one.

    Raises
    ------
    ArgumentError
        As ``simple_value``; or a customer is worth no more than they cost, or surely leaves: per cent of that mean nothing.

    Notes
    -----
    The retention elasticity equals the duration of the customer: the mean time of the payments, each weighted by its
    present value. *Per cent* of retention is not a *point* of retention, so both stand in the table; a change as large as
    five points is better computed with ``simple_value`` twice. Nothing here says what it costs to move any of them.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18. Pfeifer & Farris
    (2004), The elasticity of customer value to retention: the duration of a customer relationship, Journal of Interactive
    Marketing 18(2), 20-31.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> table = loyalty.value_elasticities(100, [0.8, 0.9], 0.12)
    >>> table[["retention", "net_value", "retention_elasticity", "retention_point", "rate_elasticity"]].round(3)
       retention  net_value  retention_elasticity  retention_point  rate_elasticity
    0        0.8    250.000                 3.500            4.375           -0.375
    1        0.9    409.091                 5.091            5.657           -0.545
    """
    margins = number_array("margin", margin, 0, np.inf)
    costs = number_array("acquisition_cost", acquisition_cost, 0, np.inf, closed=True)
    r, i = _rates(retention, annual_rate, years, at_once)
    index = common_index(margin=margin, retention=retention, annual_rate=annual_rate, acquisition_cost=acquisition_cost)
    combined = broadcast(margin=margins, retention=r, annual_rate=i, acquisition_cost=costs)
    margins, r, i, costs = (array.ravel() for array in combined)
    return _elasticities(margins, r, i, costs, years, at_once).set_axis(
        index if index is not None and len(index) == margins.size else pd.RangeIndex(margins.size)
    )


def _elasticities(
    margins: np.ndarray, r: np.ndarray, i: np.ndarray, costs: np.ndarray, years: int | None, at_once: bool
) -> pd.DataFrame:
    value = margins * _multiple(r, i, years, at_once)
    net = value - costs
    undefined = (net <= 0) | (r == 0)
    if undefined.any():
        raise ArgumentError(
            f"{undefined.sum():,} of {net.size:,} customers are worth no more than they cost or surely leave (`retention` 0), "
            "so that per cent of it mean nothing. Leave them out, or compare values in currency with `simple_value`."
        )
    share, duration = value / net, _duration(r, i, years, at_once)
    return pd.DataFrame(
        {
            "margin": margins, "retention": r, "annual_rate": i, "acquisition_cost": costs, "net_value": net,
            "retention_elasticity": share * duration, "retention_point": share * duration / r, "margin_elasticity": share,
            "rate_elasticity": -share * duration * i / (1 + i), "acquisition_elasticity": -costs / net,
        }
    )  # fmt: skip


def _rates(
    retention: npt.ArrayLike, annual_rate: npt.ArrayLike, years: int | None, at_once: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return retention and annual rate, checked and of one shape."""
    _check.flag("at_once", at_once)
    if years is not None:
        _check.integer("years", years, 1)
    r, i = broadcast(
        retention=number_array("retention", retention, 0, 1, closed=True),
        annual_rate=annual_rates(annual_rate),
    )
    growth = -_decay(r, i)
    infinite = growth >= 0 if years is None else growth * years > 700  # e^700 is about as large as a number can be
    if infinite.any():
        raise ArgumentError(
            f"a customer with `retention` {r[infinite].flat[0]:g} and an `annual_rate` of {i[infinite].flat[0]:g} is "
            "worth infinitely much: their payments do not shrink. Give `years`, how many payments count"
            f"{'' if years is None else f', fewer than {years:,}'}."
        )
    return r, i


def _decay(r: np.ndarray, i: np.ndarray) -> np.ndarray:
    """Compute x = -ln(r / (1 + i)): how fast the present value of a payment falls from year to year."""
    with np.errstate(divide="ignore"):  # retention 0: at once
        return np.log1p(i) - np.log(r)


def _multiple(r: np.ndarray, i: np.ndarray, years: int | None, at_once: bool) -> np.ndarray:
    """Compute the present value of payments of 1: the sum of e^(-x t) from t = 0 (at once) or 1, ``years`` of them."""
    x = _decay(r, i)
    if years is None:
        total = -1 / np.expm1(-x)
    else:
        with np.errstate(invalid="ignore"):
            total = np.where(x == 0, years, np.expm1(-x * years) / np.expm1(-x))
    return total if at_once else total * r / (1 + i)


def _duration(r: np.ndarray, i: np.ndarray, years: int | None, at_once: bool) -> np.ndarray:
    """Compute the mean time of the payments, each weighted by its present value, in years.

    From t = 0 it is 1 / (e^x - 1) - n / (e^(n x) - 1); the poles of the two terms at x = 0 cancel, so both are
    taken without.
    """
    x = _decay(r, i)
    with np.errstate(over="ignore"):
        mean = 1 / np.expm1(x) if years is None else _without_pole(x) - years * _without_pole(years * x)
    return mean if at_once else mean + 1


def _without_pole(x: np.ndarray) -> np.ndarray:
    """Compute 1 / (e^x - 1) - 1 / x, by its series near 0, where the difference would lose digits."""
    near = np.clip(x, -0.01, 0.01)
    far = np.where(near == x, 1.0, x)
    return np.where(near == x, -0.5 + near / 12 - near**3 / 720, 1 / np.expm1(far) - 1 / far)
