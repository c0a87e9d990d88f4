"""Clouds model: customers of several clouds, segmented again and again, and what is said of them.

Clouds come as a table (``segmentation.simulate_clouds``). ``clouds.js`` says the same words in the page; the widget itself is
``clouds_view``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab._verdict import listed
from crmlab.errors import ArgumentError, DataError

_MOST_CLOUDS, _MOST_SEGMENTS, _MOST_DOTS = 9, 4, 2_000  # a colour for each segment; dots of all clouds


@dataclass(frozen=True, slots=True)
class Cloud:
    """Customers of one source, as they are segmented.

    Attributes
    ----------
    name : str
        A letter.
    is_real : bool
        Whether the source has groups.
    points : ndarray, shape (n, 2)
        Where customers lie.
    groups : ndarray, shape (resamples + 1, n)
        The segment of each, from 0, by the customers themselves and by each resample.
    silhouette : float
        Mean over the customers, of the segments by themselves.
    """

    name: str
    is_real: bool
    points: np.ndarray
    groups: np.ndarray
    silhouette: float

    @property
    def kept(self) -> np.ndarray:
        """Share of customers with the same segment as by themselves, shape (resamples + 1,)."""
        return np.asarray((self.groups == self.groups[0]).mean(axis=1))

    @property
    def reach(self) -> float:
        """How far a picture of all customers goes from its middle."""
        return round(1.08 * float(np.abs(self.points).max()), 2)


def read_clouds(table: object) -> tuple[Cloud, ...]:
    """Check a table of clouds and take it apart."""
    frame = _check.frame("table", table, "Give `segmentation.simulate_clouds(seed=...)`.").reset_index(drop=True)
    _engine.check(frame, "segment_clouds")
    _check.numeric_columns(frame, ["x", "y"], "segment_clouds")
    frame = frame.assign(segment=pd.factorize(frame["segment"], sort=True)[0])
    names = sorted(frame["cloud"].unique())
    dots = len(frame[["cloud", "customer_id"]].drop_duplicates())
    if not 2 <= len(names) <= _MOST_CLOUDS or dots > _MOST_DOTS or frame["segment"].max() >= _MOST_SEGMENTS:
        raise DataError(
            f"the table has {len(names)} clouds, {dots:,} customers in all, and {frame['segment'].nunique()} segments; there "
            f"may be 2 to {_MOST_CLOUDS} clouds, {_MOST_DOTS:,} customers and {_MOST_SEGMENTS} segments. Draw fewer."
        )
    clouds = tuple(_read_cloud(chr(ord("A") + k), frame[frame["cloud"] == name]) for k, name in enumerate(names))
    samples = {len(each.groups) for each in clouds}
    if len({each.is_real for each in clouds}) < 2 or len(samples) > 1 or samples == {1}:
        raise DataError("the table needs a real cloud and one of noise, with the same resamples, one at least, in every cloud.")
    return clouds


def _read_cloud(name: str, rows: pd.DataFrame) -> Cloud:
    from sklearn.metrics import silhouette_score

    wide = rows.pivot(index="resample", columns="customer_id", values="segment").sort_index()
    first = rows[rows["resample"] == 0].sort_values("customer_id", kind="stable")
    if wide.isna().any(axis=None) or wide.index[0] != 0 or rows["is_real"].nunique() > 1 or first["segment"].nunique() < 2:
        raise DataError(
            f"cloud {name} must have the same customers in resample 0 and each other one, two segments or more, and one truth."
        )
    points = np.round(first[["x", "y"]].to_numpy(dtype=float), 3)
    groups = wide.to_numpy(dtype=int)
    return Cloud(name, bool(first["is_real"].iloc[0]), points, groups, float(silhouette_score(points, groups[0])))


# -- What is said ------------------------------------------------------------------------------------------------------


def check_values(values: object, clouds: Sequence[Cloud], coins: int) -> dict[str, Any]:
    """Return ``values`` if they are stakes that there are coins for, a draw, and whether the truth is shown."""
    if not isinstance(values, Mapping) or set(values) != {"stakes", "draw", "truth"}:
        raise ArgumentError(f"`values` must have stakes, draw, truth; it is {values!r}.")
    stakes = [_check.integer("stakes", stake, -coins, coins) for stake in values["stakes"]]
    if len(stakes) != len(clouds) or sum(map(abs, stakes)) > coins:
        raise ArgumentError(f"`stakes` must be {len(clouds)} numbers, {coins} coins in all; they are {stakes}.")
    draw = _check.integer("draw", values["draw"], 0, len(clouds[0].groups) - 1)
    truth = _check.integer("truth", values["truth"], 0, 1)
    return {"stakes": stakes, "draw": draw, "truth": truth}


def question(clouds: Sequence[Cloud]) -> str:
    """Ask what is bet on."""
    return f"{len(clouds)} clouds, cut into groups: which groups are real?"


def won(clouds: Sequence[Cloud], stakes: Sequence[int]) -> int:
    """Count the coins that are won, less those that are lost."""
    return sum(stake if cloud.is_real else -stake for cloud, stake in zip(clouds, stakes, strict=True))


def finding(clouds: Sequence[Cloud], values: Mapping[str, Any]) -> str:
    """Say what is seen at a draw, or what was true."""
    if values["truth"]:
        real = listed([cloud.name for cloud in clouds if cloud.is_real])
        coins = sum(map(abs, values["stakes"]))
        right = (coins + won(clouds, values["stakes"])) // 2
        return f"The groups of {real} are real, the others were cut out of noise. Of your {coins} coins {right} lay right"
    draw = values["draw"]
    if not draw:
        return question(clouds)
    most = max(clouds, key=lambda cloud: cloud.kept[draw])
    least = min(clouds, key=lambda cloud: cloud.kept[draw])
    return (
        f"Other customers, draw {draw} of {len(clouds[0].groups) - 1}: {percent(most.kept[draw])} keep their colour in "
        f"{most.name}, {percent(least.kept[draw])} in {least.name}"
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
