"""Simulation of the chain: customers whose way from service to profit is known, with a confounder to switch on.

``simulate_chain`` draws exactly the three equations that ``fit_chain`` recovers. Whether a whole firm follows them is another
question: ``world`` has curves where these have lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError

_CONTENT = (0.35, 0.15)  # a point of reliability, of empathy
_STAYING = (0.06, 0.02, 0.0)  # a point of satisfaction, reliability, empathy
_PROFIT = (120.0, 10.0, 4.0, 0.0)  # staying; a point of satisfaction, reliability, empathy
_OTHERWISE = (4.5, 0.6, 20.0)  # means of satisfaction, of staying; profit of those who leave
_FOCUS = (0.4, -0.03, -40.0)  # what a standard deviation more of an eye on the price does to each


def simulate_chain(
    customers: int, *, seed: int, waves: int = 1, confounding: float = 0.0, reliability: float = 1.0,
    content: Sequence[float] = _CONTENT, staying: Sequence[float] = _STAYING, profit: Sequence[float] = _PROFIT,
) -> pd.DataFrame:  # fmt: skip
    """Draw customers whose satisfaction, staying and profit follow three linear equations.

    Two dimensions of service, reliability and empathy, have a standard deviation of .8 and correlate by .5. Who
    looks more at the price is more content, stays less and brings less, as far as ``confounding`` is above 0: then whoever
    leaves that out takes the effect of satisfaction for too small.

    Parameters
    ----------
    customers : int
    seed : int
        The same seed gives the same customers.
    waves : int
        Rows per customer, who have their service, their eye on the price and half of what else moves them in common.
    confounding : float
        0 for none, 1 for much.
    reliability : float
        Of the answered service and satisfaction.
    content : (float, float)
        What a point of reliability and of empathy adds to satisfaction, in points.
    staying : (float, float, float)
        What a point of satisfaction, reliability, empathy adds to the probability of staying.
    profit : (float, float, float, float)
        What staying and a point of satisfaction, reliability, empathy add to the profit, in currency.

    Returns
    -------
    DataFrame (``tables.describe("chain")``)
        ``customer_id, wave, reliability, empathy, price_focus, satisfaction, stays, profit``; scores are not cut to a scale.

    Raises
    ------
    ArgumentError
        A number outside its range, or probabilities that could leave 0 to 1.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> loyalty.simulate_chain(2, seed=1)[["customer_id", "wave", "stays"]]
      customer_id  wave  stays
    0    C0000001     1      1
    1    C0000002     1      1
    """
    n, waves = _check.integer("customers", customers, 1), _check.integer("waves", waves, 1)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    c = _check.number("confounding", confounding, 0, 1)
    kept = _check.number("reliability", reliability, 0, 1, closed="right")
    a, b, m = (_numbers(*each) for each in (("content", content, 2), ("staying", staying, 3), ("profit", profit, 4)))
    focus, common = rng.standard_normal(n), rng.standard_normal((n, 2))
    service = 0.8 * (np.sqrt(0.5) * rng.standard_normal((n, 1)) + np.sqrt(0.5) * rng.standard_normal((n, 2)))
    focus, common, service = (np.repeat(part, waves, axis=0) for part in (focus, common, service))
    own = np.sqrt(0.5) * (common + rng.standard_normal((n * waves, 2)))  # half of it stays with the customer

    satisfied = service @ a + _FOCUS[0] * c * focus + 0.7 * own[:, 0]
    chance = _OTHERWISE[1] + b[0] * satisfied + service @ b[1:] + _FOCUS[1] * c * focus
    stays = (rng.random(n * waves) < chance).astype(int)
    money = _OTHERWISE[2] + m[0] * stays + m[1] * satisfied + service @ m[2:] + _FOCUS[2] * c * focus + 40 * own[:, 1]
    variance = 0.64 * (a @ a + a[0] * a[1]) + (_FOCUS[0] * c) ** 2 + 0.49
    error = np.sqrt((1 - kept) / kept)
    answered = service + 0.8 * error * rng.standard_normal(service.shape)
    return pd.DataFrame({
        "customer_id": np.repeat([f"C{number + 1:07d}" for number in range(n)], waves),
        "wave": np.tile(np.arange(1, waves + 1), n),
        "reliability": 5 + answered[:, 0], "empathy": 5 + answered[:, 1], "price_focus": focus,
        "satisfaction": _OTHERWISE[0] + satisfied + error * np.sqrt(variance) * rng.standard_normal(n * waves),
        "stays": stays, "profit": money,
    })  # fmt: skip


def _numbers(name: str, value: Sequence[float], size: int) -> np.ndarray:
    if not isinstance(value, list | tuple) or len(value) != size:
        raise ArgumentError(f"`{name}` must be a list of {size} numbers; it is {value!r}.")
    return np.array([_check.number(name, each) for each in value])
