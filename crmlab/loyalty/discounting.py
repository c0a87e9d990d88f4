"""Discounting: what money of a later date is worth today.

Annual rates become weekly ones by a year of 52 weeks, as in Fader & Hardie's papers. It knows rates and dates; whose money
it is, and how much, is known in ``contract_value`` and ``forecast_value``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmlab.loyalty.arguments import annual_rates, as_given, broadcast, common_index, number_array

_WEEKS_PER_YEAR = 52


def weekly_rate(annual_rate: npt.ArrayLike) -> float | np.ndarray:
    """Compute the continuous rate of a week that compounds to an annual rate: ln(1 + annual rate) / 52.

    Parameters
    ----------
    annual_rate : float or array
        Above -1, at most 1; 0.1 is ten per cent a year.

    Returns
    -------
    float or ndarray of the same shape
        The delta of models in continuous time: e^(-delta weeks) discounts over ``weeks``.

    Raises
    ------
    ArgumentError
        Not a finite number above -1, or above 1.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal of
    Marketing Research 42(4): 15 % a year is delta = .0027 a week.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> round(loyalty.weekly_rate(0.15), 4)
    0.0027
    """
    rate = annual_rates(annual_rate)
    return as_given(np.log1p(rate) / _WEEKS_PER_YEAR)


def discount_factor(annual_rate: npt.ArrayLike, weeks: npt.ArrayLike) -> float | np.ndarray:
    """Compute what one unit of money is worth today if it comes in so many weeks: (1 + annual rate)^(-weeks / 52).

    Parameters
    ----------
    annual_rate : float or array
        Above -1, at most 1; 0.1 is ten per cent a year.
    weeks : float or array
        From today on, 0 or more; a year has 52.

    Returns
    -------
    float, or ndarray of the common shape, row by row as given

    Raises
    ------
    ArgumentError
        Not finite numbers of that range, shapes that do not go together, or two Series of different rows.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> round(loyalty.discount_factor(0.1, 52), 4), loyalty.discount_factor(0.1, 0)
    (0.9091, 1.0)
    """
    rate, away = broadcast(
        annual_rate=annual_rates(annual_rate),
        weeks=number_array("weeks", weeks, 0, np.inf, closed=True),
    )
    common_index(annual_rate=annual_rate, weeks=weeks)
    return as_given(np.exp(-np.log1p(rate) / _WEEKS_PER_YEAR * away))
