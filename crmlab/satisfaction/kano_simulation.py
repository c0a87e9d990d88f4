"""Simulated answers to a Kano questionnaire, whose true classes are known.

What ``kano_classes`` should find again: each feature has a class, and some respondents tick at random. Nothing is
estimated here; the table of classes is known in ``kano``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.satisfaction.kano import KANO, LETTERS


def simulate_kano(features: Mapping[str, str], respondents: int, noise: float, *, seed: int) -> pd.DataFrame:
    """Simulate answers to a Kano questionnaire whose true classes are known.

    Truth: each feature has one class for everyone. With probability ``1 - noise`` respondents know their own mind and give
    one of the pairs of answers of that class, each equally likely; else they tick both answers at random, which lands on
    any class, mostly indifferent (9 pairs of 25). A naive reader takes each mode for certain.

    Parameters
    ----------
    features : mapping of str to str
        Feature -> its class: A, O, M, I, R or Q.
    respondents : int
        How many answer.
    noise : float
        Share of answers ticked at random, from 0 to 1.
    seed : int
        Of the random draws.

    Returns
    -------
    DataFrame, one row per ``respondent`` (1, 2, ...) and ``feature``
        ``functional`` and ``dysfunctional``, codes 1 to 5.

    Raises
    ------
    ArgumentError
        A class is none of the six, there is no feature, or a number is out of range.

    References
    ----------
    The pairs of each class: Berger et al. (1993).

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> answers = satisfaction.simulate_kano({"free returns": "M", "gift wrapping": "A"}, 200, 0.2, seed=1)
    >>> satisfaction.kano_classes(answers).classes["class"].to_dict()
    {'free returns': 'M', 'gift wrapping': 'A'}
    """
    if not isinstance(features, Mapping) or not features:
        raise ArgumentError('`features` must say the class of each feature, e.g. {"free returns": "M"}.')
    for letter in features.values():
        _check.choice("features", letter, tuple(LETTERS))
    respondents = _check.integer("respondents", respondents, 1)
    noise = _check.number("noise", noise, 0, 1)
    random = np.random.default_rng(_check.integer("seed", seed, 0))
    cells = np.array(list("".join(KANO.evaluation)))
    pairs = np.column_stack([random.choice(np.flatnonzero(cells == letter), respondents) for letter in features.values()])
    pairs = np.where(random.random(pairs.shape) < noise, random.integers(25, size=pairs.shape), pairs).ravel()
    return pd.DataFrame(
        {
            "respondent": np.repeat(np.arange(1, respondents + 1), len(features)),
            "feature": np.tile(np.array(list(features), dtype=object), respondents),
            "functional": pairs // 5 + 1,
            "dysfunctional": pairs % 5 + 1,
        }
    )
