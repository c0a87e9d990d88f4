"""Dispositions: what a person brings along for good, and how such things hang together.

Each disposition has a normal number of its own; where the industry states correlations, the numbers are mixed until
they have them. Then they are given back as draws between 0 and 1, of which the mechanisms make rates, amounts
and tastes. So a marginal distribution is what its own numbers say, whatever it is correlated with (a Gaussian copula).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from crmlab.errors import ArgumentError
from crmlab.world import streams
from crmlab.world.industries import Industry

#: The random stream of each disposition.
STREAMS = {
    "fit": "fit", "pull": "competitors", "quality": "is served", "rate": "rate", "spend": "spend", "dropout": "stays",
    "response": "lift", "serve": "costs to serve",
}  # fmt: skip
_FALLING = ("spend",)  # the larger the draw, the smaller the disposition
_PLACES = {name: place for place, name in enumerate(STREAMS)}
_LARGEST = 1 - 2.0**-53


def draw(industry: Industry, key: np.ndarray, names: tuple[str, ...] = tuple(STREAMS)) -> dict[str, np.ndarray]:
    """Draw dispositions for each key, between 0 and 1."""
    if not industry.correlations:
        return {name: streams.uniform(key, STREAMS[name]) for name in names}
    sign = np.array([-1.0 if name in _FALLING else 1.0 for name in STREAMS])[:, None]
    own = sign * np.stack([streams.normal(key, stream) for stream in STREAMS.values()])
    mixed = ndtr(sign * (_root(industry) @ own))
    return {name: np.clip(mixed[_PLACES[name]], 1 - _LARGEST, _LARGEST) for name in names}


def _root(industry: Industry) -> np.ndarray:
    """Return the matrix that gives independent normal numbers the correlations of the industry."""
    matrix = np.eye(len(STREAMS))
    for each in industry.correlations:
        place, other = _PLACES[each.first], _PLACES[each.second]
        matrix[place, other] = matrix[other, place] = each.value
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ArgumentError(f"no people can have the `correlations` of {industry.name}: they contradict each other.") from None
