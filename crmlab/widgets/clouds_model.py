"""Clouds model: customers from five sources, grouped again and again, and what is said of them.

Two sources consist of groups, three do not. Customers of each are drawn and grouped by ``segmentation.fit_segments``; every
further draw is grouped anew and assigns the first customers, with the numbers of groups that fit the first ones best.
``clouds.js`` says the same words in the page; the widget itself is ``clouds_view``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmlab import _check, segmentation
from crmlab.errors import ArgumentError

QUESTION = "Five clouds, cut into groups: which groups are real?"
CUSTOMERS, DRAWS = 140, 8  # of each cloud, and how often it is drawn again
_STARTS, _DIGITS = 5, 2  # of k-means, and of places

Source = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True, slots=True)
class Cloud:
    """Customers of one source, as they are grouped.

    Attributes
    ----------
    name : str
        A letter.
    is_real : bool
        Whether the source consists of groups.
    points : ndarray, shape (n, 2)
        Where customers lie, in standard deviations.
    groups : ndarray, shape (draws + 1, n)
        The group of each, from 0, by the customers themselves and by each further draw.
    silhouette : float
        Mean over the customers, of their own groups.
    """

    name: str
    is_real: bool
    points: np.ndarray
    groups: np.ndarray
    silhouette: float

    @property
    def kept(self) -> np.ndarray:
        """Share of customers with the group of the first draw, by draw, shape (draws + 1,)."""
        return np.asarray((self.groups == self.groups[0]).mean(axis=1))

    @property
    def reach(self) -> float:
        """How far a picture of all customers goes from its middle."""
        return round(float(np.abs(self.points).max()) + 0.2, _DIGITS)


def make_clouds(seed: int) -> tuple[Cloud, ...]:
    """Draw and group the customers of five clouds."""
    streams = np.random.default_rng(seed).spawn(len(_SOURCES))
    return tuple(
        _make_cloud(letter, is_real, source, k, stream)
        for letter, (is_real, source, k), stream in zip("ABCDE", _SOURCES, streams, strict=True)
    )


def _make_cloud(name: str, is_real: bool, source: Source, k: int, rng: np.random.Generator) -> Cloud:
    from sklearn.metrics import silhouette_score

    customers = _draw(source, rng)
    rows = [_groups(customers, customers, k)]
    rows += [_matched(rows[0], _groups(_draw(source, rng), customers, k), k) for _ in range(DRAWS)]
    points = customers.to_numpy()
    return Cloud(name, is_real, points, np.array(rows), float(silhouette_score(points, rows[0])))


def _draw(source: Source, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(np.round(source(rng), _DIGITS), columns=["x", "y"])


def _groups(sample: pd.DataFrame, customers: pd.DataFrame, k: int) -> np.ndarray:
    """Form groups of a sample and assign customers to them."""
    fit = segmentation.fit_segments(sample, k, standardized=False, starts=_STARTS, seed=0)
    return fit.predict(customers).segment.to_numpy() - 1


def _matched(first: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    """Return other groups with the numbers that leave as many customers as possible in the group of their first number."""
    from scipy.optimize import linear_sum_assignment

    both = np.bincount(k * other + first, minlength=k * k).reshape(k, k)
    return linear_sum_assignment(both, maximize=True)[1][other]


# -- Where customers come from -----------------------------------------------------------------------------------------


def _ring(rng: np.random.Generator) -> np.ndarray:
    """Customers all around a circle."""
    return _around(rng, rng.normal(1, 0.12, CUSTOMERS))


def _disc(rng: np.random.Generator) -> np.ndarray:
    """Customers all over a disc."""
    return _around(rng, np.sqrt(rng.uniform(size=CUSTOMERS)))


def _around(rng: np.random.Generator, radius: np.ndarray) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi, CUSTOMERS)
    return 1.8 * np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _heap(rng: np.random.Generator) -> np.ndarray:
    """One heap, dense in its middle."""
    return rng.normal(0, 1, (CUSTOMERS, 2))


def _three_groups(rng: np.random.Generator) -> np.ndarray:
    """Three groups that meet."""
    return _mixed(rng, [(-1.1, -0.7), (1.1, -0.6), (0.1, 1.0)], [0.8, 0.7, 0.7], [0.4, 0.35, 0.25])


def _four_groups(rng: np.random.Generator) -> np.ndarray:
    """Four groups, and two in five customers who belong to none."""
    points = _mixed(rng, [(-1.0, -1.0), (1.0, -1.1), (-0.9, 1.1), (1.1, 1.0)], [0.3] * 4, [0.3, 0.3, 0.2, 0.2])
    strays = rng.random(CUSTOMERS) < 0.4
    points[strays] = rng.uniform(-2, 2, (strays.sum(), 2))
    return points


def _mixed(
    rng: np.random.Generator, centres: Sequence[tuple[float, float]], spreads: Sequence[float], shares: Sequence[float]
) -> np.ndarray:
    group = rng.choice(len(shares), CUSTOMERS, p=shares)
    return np.array(centres)[group] + np.array(spreads)[group, None] * rng.normal(size=(CUSTOMERS, 2))


#: Whether a source consists of groups, the source, and into how many groups its customers are cut.
_SOURCES = ((False, _ring, 4), (True, _three_groups, 3), (False, _heap, 4), (False, _disc, 4), (True, _four_groups, 4))


# -- What is said ------------------------------------------------------------------------------------------------------


def check_values(values: object, clouds: Sequence[Cloud], coins: int) -> dict[str, Any]:
    """Return ``values`` if they are stakes that there are coins for, a draw, and whether the truth is shown."""
    if not isinstance(values, Mapping) or set(values) != {"stakes", "draw", "truth"}:
        raise ArgumentError(f"`values` must have stakes, draw, truth; it is {values!r}.")
    stakes = [_check.integer("stakes", stake, -coins, coins) for stake in values["stakes"]]
    if len(stakes) != len(clouds) or sum(map(abs, stakes)) > coins:
        raise ArgumentError(f"`stakes` must be {len(clouds)} numbers, {coins} coins in all; they are {stakes}.")
    draw, truth = _check.integer("draw", values["draw"], 0, DRAWS), _check.integer("truth", values["truth"], 0, 1)
    return {"stakes": stakes, "draw": draw, "truth": truth}


def won(clouds: Sequence[Cloud], stakes: Sequence[int]) -> int:
    """Count the coins that are won, less those that are lost."""
    return sum(stake if cloud.is_real else -stake for cloud, stake in zip(clouds, stakes, strict=True))


def finding(clouds: Sequence[Cloud], values: Mapping[str, Any]) -> str:
    """Say what is seen at a draw, or what was true."""
    if values["truth"]:
        real = " and ".join(cloud.name for cloud in clouds if cloud.is_real)
        coins = sum(map(abs, values["stakes"]))
        right = (coins + won(clouds, values["stakes"])) // 2
        return f"The groups of {real} are real, the others were cut out of noise. Of your {coins} coins {right} lay right"
    draw = values["draw"]
    if not draw:
        return QUESTION
    most = max(clouds, key=lambda cloud: cloud.kept[draw])
    least = min(clouds, key=lambda cloud: cloud.kept[draw])
    return (
        f"Other customers, draw {draw} of {DRAWS}: {percent(most.kept[draw])} keep their colour in {most.name}, "
        f"{percent(least.kept[draw])} in {least.name}"
    )


def percent(share: float) -> str:
    """Write a share in whole per cent, halves upwards, on one line."""
    return f"{int(100 * share + 0.5)}\N{NO-BREAK SPACE}%"


def caption(cloud: Cloud, values: Mapping[str, Any]) -> str:
    """Say of one cloud how far its groups lie apart, who keeps their colour, and what it is."""
    k, draw = cloud.groups[0].max() + 1, values["draw"]
    text = f"{k} groups, silhouette {cloud.silhouette:.2f}"
    if draw:
        text += f"; {percent(cloud.kept[draw])} keep their colour, at least {percent(cloud.kept[1 : draw + 1].min())} so far"
    return f"{text}; {'real' if cloud.is_real else 'noise'}" if values["truth"] else text


def lesson(clouds: Sequence[Cloud]) -> str:
    """Say what the silhouette did not tell, if it did not, and what coming back does not."""
    noise = max((cloud for cloud in clouds if not cloud.is_real), key=lambda cloud: cloud.silhouette)
    real = min((cloud for cloud in clouds if cloud.is_real), key=lambda cloud: cloud.silhouette)
    text = "Groups that are there come back; that some come back does not prove that they are there."
    if noise.silhouette <= real.silhouette:
        return text
    return (
        f"The silhouette does not tell: noise in {noise.name} has {noise.silhouette:.2f}, the real groups of {real.name} "
        f"have {real.silhouette:.2f}. {text}"
    )
