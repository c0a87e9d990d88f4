"""Simulation: answers to the RATER instrument with a known truth.

``simulate_survey`` draws exactly the model that ``fit_cfa`` and ``fit_drivers`` recover, so that anyone can
see how many answers it takes to find what is there, and what seven categories lose of it. The simulated
firm (``world``) has a survey of its own, with customers who leave; this one knows nothing but answers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.satisfaction.answers import Survey
from crmlab.satisfaction.instrument import Instrument, rater

_GAP = (-0.9, -0.3, 0.1, -0.4, -0.7)
_WEIGHTS = (0.32, 0.18, 0.08, 0.14, 0.28)


def simulate_survey(
    respondents: int,
    *,
    seed: int,
    instrument: Instrument | None = None,
    loading: float | list[float] = 0.75,
    correlation: float = 0.5,
    weights: list[float] | None = None,
    noise: float = 0.6,
    categories: int | str | None = "scale",
) -> Survey:
    """Answers of one wave, keyed, with a known structure.

    Truth: each dimension of perceived quality is a standard normal variable; any two correlate by ``correlation``. An item
    is ``loading`` times its dimension plus noise that brings its variance to 1, times one point, plus a mean. Overall
    satisfaction is the weighted sum of the *dimension means of the uncut items*, ``weights``, plus normal noise. With
    categories everything is rounded to the scale at the end: who then analyses plain correlations finds loadings and
    slopes that are too small.

    Parameters
    ----------
    respondents : int
    seed : int
        The same seed gives the same answers.
    instrument : Instrument, optional
        By default RATER.
    loading : float or list of float
        Of all items, or one for each: standardised, between -1 and 1.
    correlation : float
        Between any two dimensions, from 0 to below 1.
    weights : list of float, optional
        What one point of each dimension adds to overall satisfaction.
    noise : float
        Standard deviation of overall satisfaction at given quality, in points.
    categories : int, "scale" or None
        Steps of the scale, which then runs from 1 (also in the survey's instrument); "scale" for those of the instrument; None
        for answers that are not cut.

    Returns
    -------
    Survey
        Uncut answers are not held within the scale either.

    Raises
    ------
    ArgumentError
        A number outside its range.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> survey = satisfaction.simulate_survey(5, seed=7)
    >>> survey.rows.shape
    (5, 52)
    """
    count = _check.integer("respondents", respondents, 1)
    draw = np.random.default_rng(_check.integer("seed", seed, 0))
    instrument = rater() if instrument is None else instrument
    if not isinstance(instrument, Instrument):
        raise ArgumentError("`instrument` must be an Instrument: `rater()`, or `custom_instrument(table)`.")
    k, p = len(instrument.dimensions), len(instrument.items)
    loads = np.broadcast_to(np.asarray(loading, dtype=float), p) if np.size(loading) in (1, p) else np.array([9.0])
    if not (np.abs(loads) < 1).all():
        raise ArgumentError(f"`loading` must be a number between -1 and 1, or a list of {p}; it is {loading!r}.")
    if isinstance(correlation, bool) or not isinstance(correlation, int | float) or not 0 <= correlation < 1:
        raise ArgumentError(f"`correlation` must lie from 0 to below 1; it is {correlation!r}.")
    slopes = np.resize(_WEIGHTS, k) if weights is None else np.asarray(weights, dtype=float)
    if slopes.shape != (k,) or not np.isfinite(slopes).all():
        raise ArgumentError(f"`weights` must be {k} numbers, one for each dimension; it is {weights!r}.")
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise < np.inf:
        raise ArgumentError(f"`noise` must be 0 or more points; it is {noise!r}.")
    steps = None if categories in (None, "scale") else _check.integer("categories", categories, 2, 100)
    place = np.array([instrument.dimensions.index(name) for name in instrument.items.dimension])

    def latent() -> np.ndarray:
        common = draw.standard_normal((count, 1))
        return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * draw.standard_normal((count, k))

    def observed(dimensions: np.ndarray, mean: np.ndarray) -> np.ndarray:
        own = draw.standard_normal((count, p))
        return mean + loads * dimensions[:, place] + np.sqrt(1 - loads**2) * own

    low, high = instrument.items.lowest.to_numpy(), instrument.items.highest.to_numpy()
    middle = (low + high) / 2
    columns: dict[str, np.ndarray] = {}
    quality = latent()
    gap = np.resize(_GAP, k)[place]
    answers = {"expected": observed(latent(), middle + 1.2), "perceived": observed(quality, middle + 1.2 + gap)}
    perceived = answers["perceived"]
    means = np.stack([perceived[:, place == d].mean(axis=1) for d in range(k)], axis=1)
    centre = np.array([(middle + 1.2 + gap)[place == d].mean() for d in range(k)])
    overall = 4.8 + (means - centre) @ slopes + noise * draw.standard_normal(count)
    for kind in instrument.kinds:
        told = answers[kind]
        if categories is not None:
            boxes = high - low + 1 if steps is None else steps
            box = np.floor((told - low + 0.5) / ((high - low + 1) / boxes))  # equal steps over the scale
            told = np.clip(box, 0, boxes - 1) + (low if steps is None else 1)
        for name, values in zip(instrument.items.item, told.T, strict=True):
            columns[f"{kind}_{name}"] = values
    points = np.maximum(slopes, 0.02) * np.exp(0.3 * draw.standard_normal((count, k)))
    for name, values in zip(instrument.dimensions, (100 * points / points.sum(axis=1, keepdims=True)).T, strict=True):
        columns[f"importance_{name}"] = values
    likely = 10 * ndtr((overall - 4) / 1.3)
    columns["overall_satisfaction"] = overall if categories is None else np.clip(np.round(overall), 1, 7)
    columns["recommendation"] = likely if categories is None else np.round(likely)
    rows = pd.DataFrame({"respondent": [f"R{number + 1:05d}" for number in range(count)], **columns})
    if steps is not None:
        instrument = replace(instrument, items=instrument.items.assign(lowest=1, highest=steps))
    nothing = pd.DataFrame(columns=["what", "where", "count", "rule"]).astype({"count": "int64"})
    return Survey(instrument, rows, nothing, pd.DataFrame(columns=["line", "column", "value", "reason"]), count)
