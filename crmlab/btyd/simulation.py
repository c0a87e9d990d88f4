"""Simulation: customers drawn from a model whose parameters are known.

``simulate_purchases`` draws exactly what the fits of this package recover, with the truth beside it, so that a fit can
be held against it. It checks what it is asked for and makes a table of what is drawn; how each model lets customers buy and
drop out stands in the models' files.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.btyd.histories import read_parameters
from crmlab.btyd.models import MODELS
from crmlab.errors import ArgumentError


def simulate_purchases(
    model: str, params: Mapping[str, float], *, customers: int, weeks: float | tuple[float, float], seed: int,
    holdout_weeks: float = 0,
) -> pd.DataFrame:  # fmt: skip
    """Draw customers from a model: their histories, and the truth that no shop sees.

    Parameters
    ----------
    model : str
        As its fit is called, without ``fit_``: "bgnbd" or "pareto_nbd", for instance.
    params : mapping
        The model's parameters by name, all above 0.
    customers : int
        How many to draw.
    weeks : float or (float, float)
        Since the first purchase; a pair spreads the customers evenly over a range. The number of opportunities, where the
        model counts those ("bgbb").
    seed : int
        The same seed draws the same customers.
    holdout_weeks : float
        For how many weeks (opportunities) after the end of calibration to go on.

    Returns
    -------
    DataFrame, one row per ``customer_id``
        ``frequency``, ``recency_weeks``, ``age_weeks`` ("bgbb": ``recency_periods``, ``age_periods``); and the truth: ``alive``
        at the end of calibration, and ``holdout_purchases``, those in the time after it.

    Raises
    ------
    ArgumentError
        A parameter is missing, unknown or not above 0; a number out of range.

    References
    ----------
    As the fit of the model.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}
    >>> drawn = btyd.simulate_purchases("pareto_nbd", truth, customers=4, weeks=(27, 39), seed=1, holdout_weeks=39)
    >>> drawn.columns.tolist()
    ['customer_id', 'frequency', 'recency_weeks', 'age_weeks', 'alive', 'holdout_purchases']
    """
    chosen = MODELS[_check.choice("model", model, tuple(MODELS))]
    theta = read_parameters(params, chosen.likelihood.parameters)
    n = _check.integer("customers", customers, 1)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    low, high = _range(weeks)
    holdout = _check.number("holdout_weeks", holdout_weeks, 0)
    if chosen.counts_periods:
        if not (low.is_integer() and high.is_integer() and holdout.is_integer()):
            raise ArgumentError(f"`weeks` and `holdout_weeks` count opportunities for the model {model}: give whole numbers.")
        age: np.ndarray = rng.integers(int(low), int(high), n, endpoint=True)
    else:
        age = rng.uniform(low, high, n)
    x, recency, alive, holdout_purchases = chosen.simulate(rng, theta, age, holdout)
    frequency_name, recency_name, age_name = chosen.columns
    return pd.DataFrame({
        "customer_id": np.arange(1, n + 1), frequency_name: x, recency_name: recency, age_name: age, "alive": alive,
        "holdout_purchases": holdout_purchases,
    })  # fmt: skip


def _range(weeks: object) -> tuple[float, float]:
    """Check a duration, or a pair of the shortest and the longest."""
    pair = weeks if isinstance(weeks, tuple) and len(weeks) == 2 else (weeks, weeks)
    low, high = (_check.number("weeks", value, 0) for value in pair)
    if low > high:
        raise ArgumentError(f"`weeks` must be (shortest, longest); it is {weeks!r}.")
    return low, high
