"""Conditions: by what share profit changes when one number of a firm does, as plain arithmetic.

A claim such as "five per cent more loyalty" is true or false of a margin, a retention, a discount rate, a cost to win
customers, and of a way to read it. Numbers come in and a share goes out; the page's widget does the same sums. Which claims
there are stands in ``catalogue``, for which numbers one is true in ``solutions``, what a simulated firm answers in ``trial``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.loyalty.arguments import as_given, broadcast, number_array

DRIVERS = ("retention", "cost", "margin", "conversion")
UNITS = ("points", "per cent")
WHOSE = ("customer", "firm")


def change_of_profit(
    driver: str, *, step: npt.ArrayLike, margin: npt.ArrayLike, retention: npt.ArrayLike, annual_rate: npt.ArrayLike,
    acquisition_cost: npt.ArrayLike = 0.0, unit: str = "points", whose: str = "customer",
) -> float | np.ndarray:  # fmt: skip
    """Compute the share by which profit changes when retention, cost, margin or conversion does.

    A customer is worth m r / (1 + i - r) - a: a year's margin m for each year they stay with probability r, discounted by i,
    less the cost a of winning them. A firm to which equally many customers come every year earns in each year, in the long
    run, what they bring in all years: the same sum without discounting (i = 0). All money is in shares of what a customer
    pays in a year.

    Parameters
    ----------
    driver : str
        "retention", "cost" (of serving, 1 - m), "margin", or "conversion" (of the same prospects, at the same total cost of
        winning, more become customers).
    step : float or array
        The change, as a share: 0.05 is five points or five per cent more, -0.01 of "cost" is a saving.
    margin : float or array
        m, above 0 and below 1.
    retention : float or array
        r, from 0 to 1: the chance to stay another year.
    annual_rate : float or array
        i, 0 or more. The firm's profit does not depend on it.
    acquisition_cost : float or array
        a, 0 or more.
    unit : str
        "points" (retention from 0.80 to 0.85; cost and margin in points of revenue) or "per cent" (from 0.80 to 0.84).
    whose : str
        "customer", the value of an average new customer, or "firm", the yearly profit in the long run.

    Returns
    -------
    float, or ndarray of the common shape, row by row as given
        0.25 is 25 per cent more.

    Raises
    ------
    ArgumentError
        An unknown word, a number out of range (also after the step), arrays that do not go together; customers who would never
        leave, without discounting, or are worth no more than they cost; points of conversion, whose rate is not known here.

    Notes
    -----
    Without acquisition cost retention has the elasticity (1 + i) / (1 + i - r), one per cent of cost is worth (1 - m) / m
    per cent of profit, and one per cent of margin is worth one.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18. Gupta & Lehmann (2003),
    Customers as assets, Journal of Interactive Marketing 17(1), 9-24.

    Examples
    --------
    >>> from crmlab import claims
    >>> firm = {"margin": 0.1, "retention": [0.7, 0.8, 0.9], "annual_rate": 0.12}
    >>> claims.change_of_profit("retention", step=0.05, **firm).round(2)
    array([0.22, 0.26, 0.37])
    >>> claims.change_of_profit("retention", step=0.05, whose="firm", **firm).round(2)
    array([0.29, 0.42, 1.11])
    """
    _refuse_words(driver, unit, whose)
    s, m, r, i, a = broadcast(
        step=number_array("step", step, -1, 1),
        margin=number_array("margin", margin, 0, 1),
        retention=number_array("retention", retention, 0, 1, closed=True),
        annual_rate=number_array("annual_rate", annual_rate, 0, np.inf, closed=True),
        acquisition_cost=number_array("acquisition_cost", acquisition_cost, 0, np.inf, closed=True),
    )
    i = i if whose == "customer" else np.zeros_like(i)
    base = _net_value(m, r, i, a)
    if (base <= 0).any():
        raise ArgumentError(
            f"{(base <= 0).sum():,} of {base.size:,} customers are worth no more than they cost, so that per cent of their "
            "profit mean nothing. Lower `acquisition_cost`, or raise `margin` or `retention`."
        )
    customers = 1 + s if driver == "conversion" and whose == "firm" else 1
    return as_given(customers * _net_value(*_moved(driver, s, unit, m, r, a, i)) / base - 1)


def _refuse_words(driver: str, unit: str, whose: str) -> None:
    _check.choice("driver", driver, DRIVERS)
    _check.choice("unit", unit, UNITS)
    _check.choice("whose", whose, WHOSE)
    if driver == "conversion" and unit == "points":
        raise ArgumentError(
            "points of conversion depend on its rate, which is not known here: a point of 20 % is five per cent. Divide "
            'the points by the rate and give `unit="per cent"`.'
        )


def _moved(
    driver: str, s: np.ndarray, unit: str, m: np.ndarray, r: np.ndarray, a: np.ndarray, i: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return margin, retention, discount rate and acquisition cost after the step."""
    if driver == "retention":
        return m, _moved_share(driver, r, s, unit), i, a
    if driver == "conversion":
        return m, r, i, a / (1 + s)  # the same total cost, for more customers
    moved = _moved_share(driver, m, s, unit) if driver == "margin" else 1 - _moved_share(driver, 1 - m, s, unit)
    return moved, r, i, a


def _moved_share(name: str, share: np.ndarray, step: np.ndarray, unit: str) -> np.ndarray:
    """Move a share by points or per cent; refuse what is no share afterwards."""
    moved = share + step if unit == "points" else share * (1 + step)
    # a sum such as 0.95 + 0.05 may miss 1 by its last digit
    moved = np.where(np.abs(moved - 1) < 1e-12, 1.0, moved)
    wrong = (moved < 0) | (moved > 1)
    if wrong.any():
        raise ArgumentError(
            f"`{name}` would go from {share[wrong].flat[0]:.4g} to {moved[wrong].flat[0]:.4g} and must stay from 0 to 1. Take "
            "a smaller `step`; five points, or five per cent, are 0.05."
        )
    return moved


def _net_value(m: np.ndarray, r: np.ndarray, i: np.ndarray, a: np.ndarray) -> np.ndarray:
    if (endless := r >= 1 + i).any():
        raise ArgumentError(
            f"{endless.sum():,} of {r.size:,} customers would never leave, and nothing is discounted, so that their profit has "
            "no end. Take a smaller `step` or `retention`; a `customer` with an `annual_rate` above 0 has an end."
        )
    return m * r / (1 + i - r) - a  # as `loyalty.simple_value`, which asks rates above 1 back: as a solution they may stand
