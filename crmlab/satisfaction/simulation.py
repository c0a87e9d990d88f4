"""Simulation: answers to an instrument with a known truth.

``simulate_survey`` draws exactly the model that ``fit_cfa`` and ``fit_drivers`` recover, so that anyone can see how many
answers it takes to find what is there, and what seven categories lose of it. The simulated firm (``world``) has a survey
of its own, with customers who leave; this one knows nothing but answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.satisfaction.answers import Survey
from crmlab.satisfaction.findings import Findings
from crmlab.satisfaction.instrument import Instrument, checked_instrument, rater

_GAP = (-0.9, -0.3, 0.1, -0.4, -0.7)  # perceived less expected, dimension by dimension
_WEIGHTS = (0.32, 0.18, 0.08, 0.14, 0.28)
_EXPECTED = 1.2  # how far the mean expectation lies above the middle of the scale
_OVERALL = 4.8  # mean overall satisfaction


def simulate_survey(
    respondents: int, *, seed: int, instrument: Instrument | None = None, loading: float | Sequence[float] = 0.75,
    correlation: float = 0.5, weights: Sequence[float] | None = None, noise: float = 0.6,
    categories: int | str | None = "scale",
) -> Survey:  # fmt: skip
    """Draw the answers of one wave, keyed, with a known structure.

    Truth: each dimension of perceived quality is a standard normal variable; any two correlate by ``correlation``. An item
    is ``loading`` times its dimension plus noise that brings its variance to 1, times one point, plus a mean. Overall
    satisfaction is the weighted sum of the *dimension means of the uncut items*, ``weights``, plus normal noise. With
    categories everything is rounded to the scale at the end: an analysis of plain correlations then finds loadings and
    slopes that are too small.

    Parameters
    ----------
    respondents : int
        How many answer.
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
    n = _check.integer("respondents", respondents, 1)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    instrument = rater() if instrument is None else checked_instrument(instrument)
    loadings = _numbers("loading", loading, len(instrument.items), 1)
    correlation = _check.number("correlation", correlation, 0, 1, closed="left")
    default = np.resize(_WEIGHTS, len(instrument.dimensions)).tolist()
    slopes = _numbers("weights", default if weights is None else weights, len(instrument.dimensions), np.inf)
    noise = _check.number("noise", noise, 0)
    steps = None if categories in (None, "scale") else _check.integer("categories", categories, 2, 100)

    answers, overall = _draw_answers(rng, n, instrument, loadings, correlation, slopes, noise)
    columns: dict[str, np.ndarray] = {}
    for kind in instrument.kinds:
        values = answers[kind] if categories is None else _cut(answers[kind], instrument, steps)
        columns |= {f"{kind}_{name}": column for name, column in zip(instrument.items["item"], values.T, strict=True)}
    points = np.maximum(slopes, 0.02) * np.exp(0.3 * rng.standard_normal((n, len(slopes))))
    shares = 100 * points / points.sum(axis=1, keepdims=True)
    columns |= {f"importance_{name}": column for name, column in zip(instrument.dimensions, shares.T, strict=True)}
    likely = 10 * ndtr((overall - 4) / 1.3)
    columns["overall_satisfaction"] = overall if categories is None else np.clip(np.round(overall), 1, 7)
    columns["recommendation"] = likely if categories is None else np.round(likely)
    rows = pd.DataFrame({"respondent": [f"R{number + 1:05d}" for number in range(n)], **columns})
    if steps is not None:
        instrument = replace(instrument, items=instrument.items.assign(lowest=1, highest=steps))
    return Survey(instrument, rows, Findings().table, Findings().set_aside, n)


def _numbers(name: str, value: object, size: int, limit: float) -> np.ndarray:
    """A number for all, or a list with one for each, as an array of shape (size,) within (-limit, limit)."""
    several = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
    values = list(value) if several else [value] * size  # type: ignore[call-overload]  # it is a sequence
    if len(values) != size:
        raise ArgumentError(f"`{name}` must be a list of {size} numbers, one for each; it has {len(values)}.")
    return np.array([_check.number(name, number, -limit, limit, closed="neither") for number in values])


def _draw_answers(
    rng: np.random.Generator, n: int, instrument: Instrument, loadings: np.ndarray, correlation: float, weights: np.ndarray,
    noise: float,
) -> tuple[dict[str, np.ndarray], np.ndarray]:  # fmt: skip
    """Uncut answers of each kind, shape (n, items), and overall satisfaction, shape (n,)."""
    k = len(instrument.dimensions)
    dimension = np.array([instrument.dimensions.index(name) for name in instrument.items["dimension"]])

    def factors() -> np.ndarray:
        common = rng.standard_normal((n, 1))
        return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.standard_normal((n, k))

    def items(factor: np.ndarray, mean: np.ndarray) -> np.ndarray:
        unique = rng.standard_normal((n, len(dimension)))
        return mean + loadings * factor[:, dimension] + np.sqrt(1 - loadings**2) * unique

    quality = factors()
    middle = (instrument.items["lowest"].to_numpy() + instrument.items["highest"].to_numpy()) / 2
    mean = middle + _EXPECTED + np.resize(_GAP, k)[dimension]
    expected = items(factors(), middle + _EXPECTED)
    perceived = items(quality, mean)
    scores = np.stack([perceived[:, dimension == d].mean(axis=1) for d in range(k)], axis=1)
    centre = np.array([mean[dimension == d].mean() for d in range(k)])
    overall = _OVERALL + (scores - centre) @ weights + noise * rng.standard_normal(n)
    return {"expected": expected, "perceived": perceived}, overall


def _cut(values: np.ndarray, instrument: Instrument, steps: int | None) -> np.ndarray:
    """Answers cut into equal steps over the scale: those of the instrument, or ``steps`` of them from 1 on."""
    low, high = instrument.items["lowest"].to_numpy(), instrument.items["highest"].to_numpy()
    n_steps = high - low + 1 if steps is None else steps
    step = np.floor((values - low + 0.5) / ((high - low + 1) / n_steps))
    return np.clip(step, 0, n_steps - 1) + (low if steps is None else 1)
