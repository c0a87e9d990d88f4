"""Board model: open deals at their stages, the chance of each, and what is said of the quarter.

Deals and chances come as tables. ``board.js`` says the same words in the page; sums are those of ``board_forecast``, and the
widget itself is ``board_view``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from crmlab import _check, _engine, _svg
from crmlab.errors import ArgumentError, DataError
from crmlab.widgets.board_forecast import Forecast, forecast, grid_of

OUTCOMES = ("won", "lost", "dropped")  # places behind the last stage
_MOST_DEALS, _MOST_STAGES = 80, 12


@dataclass(frozen=True, slots=True, eq=False)
class BoardModel:
    """What a board shows.

    Attributes
    ----------
    deals : DataFrame
        ``deal_id, name, stage, expected_value, age_days``, by id.
    stages : tuple of str
    classes : tuple of tuple
        For each stage, ages in days from which on a chance holds, and the chances: ``((0, 0.3), (60, 0.1))``.
    grid : (float, ndarray)
        What ``grid_of`` returns for the values.
    period, unit, key : str
    """

    deals: pd.DataFrame
    stages: tuple[str, ...]
    classes: tuple[tuple[tuple[int, float], ...], ...]
    grid: tuple[float, np.ndarray]
    period: str
    unit: str
    key: str

    @property
    def start(self) -> list[int]:
        """Where the deals stand to begin with: places among the stages."""
        return [self.stages.index(stage) for stage in self.deals["stage"]]

    @property
    def total(self) -> float:
        """What all deals would bring."""
        return float(self.deals["expected_value"].sum())

    @property
    def step(self) -> float:
        """The distance between two numbers that the reader can commit to at first."""
        return _svg.round_up(self.total / 100)

    @property
    def highest(self) -> float:
        """The highest of these numbers."""
        return round(float(np.ceil(self.total / self.step - 1e-9)) * self.step, 6)

    @property
    def places(self) -> tuple[str, ...]:
        """Where a deal can stand: the stages, then how it ended."""
        return (*self.stages, *OUTCOMES)

    def ages(self, places: Sequence[int]) -> list[int]:
        """Return the days at the present stage: none yet where a deal was moved."""
        columns = zip(self.deals["age_days"], self.start, places, strict=True)
        return [int(age) if place == start else 0 for age, start, place in columns]

    def chances(self, places: Sequence[int]) -> np.ndarray:
        """Return the chance of each deal to be won, shape (deals,)."""
        known = len(self.stages)
        return np.array([
            next(chance for since, chance in reversed(self.classes[place]) if since <= age)
            if place < known else float(place == known)
            for place, age in zip(places, self.ages(places), strict=True)
        ])  # fmt: skip

    def forecast(self, places: Sequence[int]) -> Forecast:
        """Return what the deals bring from these places."""
        return forecast(self.deals["expected_value"].to_numpy(dtype=float), self.chances(places), self.grid)

    def table(self, places: Sequence[int]) -> pd.DataFrame:
        """Return the deals where they stand now: a row each, with the chance to be won."""
        now = {"stage": [self.places[place] for place in places], "age_days": self.ages(places)}
        return self.deals.assign(**now, chance=self.chances(places))

    def check_values(self, values: object) -> dict[str, Any]:
        """Return ``values`` if they are a place for each deal and a number to reach, or None."""
        if not isinstance(values, Mapping) or set(values) != {"places", "commit"}:
            raise ArgumentError(f"`values` must have places, commit; it is {values!r}.")
        places = [_check.integer("places", place, 0, len(self.places) - 1) for place in values["places"]]
        if len(places) != len(self.deals):
            raise ArgumentError(f"`places` must be {len(self.deals)} numbers, one for each deal; they are {len(places)}.")
        commit = values["commit"]
        return {"places": places, "commit": None if commit is None else _check.number("commit", commit, 0, self.highest)}


# -- Reading -------------------------------------------------------------------------------------------------------------


def board_model(
    deals: object, chances: object, stages: object, *, period: object, unit: object, key: object
) -> BoardModel:  # fmt: skip
    """Check deals, chances and stages, and bring them together."""
    for name, value in (("period", period), ("unit", unit), ("key", key)):
        if not isinstance(value, str):
            raise ArgumentError(f"`{name}` must be a text; it is {value!r}.")
    known = _read_stages(stages)
    frame = _read_deals(deals, known)
    grid = grid_of(frame["expected_value"].to_numpy(dtype=float))
    model = BoardModel(frame, known, _read_chances(chances, known), grid, str(period), str(unit), str(key))
    return model if key else replace(model, key=question(model))


def _read_stages(stages: object) -> tuple[str, ...]:
    known = tuple(stages) if isinstance(stages, list | tuple) else ()
    distinct = len(set(map(str, known)) - set(OUTCOMES)) == len(known)
    if not 2 <= len(known) <= _MOST_STAGES or not all(isinstance(name, str) and name for name in known) or not distinct:
        raise ArgumentError(
            f"`stages` must be 2 to {_MOST_STAGES} different texts in their order, none of {', '.join(OUTCOMES)}; "
            f"it is {stages!r}."
        )
    return known


def _read_deals(deals: object, stages: Sequence[str]) -> pd.DataFrame:
    frame = _check.frame("deals", deals, "Give one row for each open deal.").reset_index(drop=True)
    columns = ["deal_id", "name", "stage", "expected_value", "age_days"]
    _check.required_columns(frame.columns, "board_deals", columns)
    _check.numeric_columns(
        frame, ["expected_value"], "board_deals", low=0,
        remedy="Fill in what the deal would bring, such as the mean of deals like it, or take it out.",
    )  # fmt: skip
    _engine.check(frame, "board_deals")
    frame = frame[columns].sort_values("deal_id", kind="stable").reset_index(drop=True)
    _check_stages(frame, stages, "board_deals")
    if len(frame) > _MOST_DEALS:
        raise DataError(
            f"the board has room for {_MOST_DEALS} deals; the table has {len(frame):,}. Take the largest, "
            f'`deals.nlargest({_MOST_DEALS}, "expected_value")`, or those of one team.'
        )
    if not frame["expected_value"].sum() > 0:
        raise DataError("no deal of the table brings anything: every `expected_value` is 0. Fill in what they would bring.")
    return frame


def _check_stages(frame: pd.DataFrame, stages: Sequence[str], table: str) -> None:
    unknown = ~frame["stage"].isin(stages)
    if unknown.any():
        stage = str(frame.loc[unknown, "stage"].iloc[0])
        near = difflib.get_close_matches(stage.lower(), stages, n=1, cutoff=0.5)
        remedy = f"Did you mean {near[0]!r}?" if near else "Name your own in `stages`, in their order."
        raise DataError(
            f"`stage` {stage!r} of the {table} table is none of {', '.join(stages)}, in {unknown.sum():,} rows. {remedy}"
        )


def _read_chances(chances: object, stages: Sequence[str]) -> tuple[tuple[tuple[int, float], ...], ...]:
    frame = _check.frame("chances", chances, "Give one row for each stage.").reset_index(drop=True)
    _check.required_columns(frame.columns, "stage_chances", ["stage", "chance"])
    share = _check.numeric_columns(frame, ["chance"], "stage_chances")[:, 0]
    _check.refuse_rows(frame, (share < 0) | (share > 1), "`chance` lies outside 0 to 1", "stage_chances", "Write 31 % as 0.31.")
    _engine.check(frame, "stage_chances")
    _check_stages(frame, stages, "stage_chances")
    if "age_from_days" not in frame:
        frame = frame.assign(age_from_days=0)
    rows = [frame[frame["stage"] == stage].sort_values("age_from_days", kind="stable") for stage in stages]
    without = [stage for stage, own in zip(stages, rows, strict=True) if 0 not in own["age_from_days"].tolist()]
    if without:
        raise DataError(
            f"the stage_chances table has no chance from age 0 on for {', '.join(without)}. Add a row for each of them."
        )
    return tuple(
        tuple((int(since), float(chance)) for since, chance in zip(own["age_from_days"], own["chance"], strict=True))
        for own in rows
    )


# -- What is said ----------------------------------------------------------------------------------------------------------


def money(model: BoardModel, value: float) -> str:
    """Write a value with as many digits as the deals have, and its unit."""
    return f"{value:,.{digits(model)}f}{model.unit}"


def digits(model: BoardModel) -> int:
    """Return how many decimals a value is written with: none, unless the deals are small numbers."""
    return 0 if model.step >= 1 else 2


def percent(share: float) -> str:
    """Write a share in whole per cent, halves upwards; 0 and 100 only where it is certain."""
    if 1e-12 < share < 0.005:
        return "under 1\N{NO-BREAK SPACE}%"
    if 0.995 <= share < 1 - 1e-12:
        return "over 99\N{NO-BREAK SPACE}%"
    return f"{int(100 * share + 0.5)}\N{NO-BREAK SPACE}%"


def question(model: BoardModel) -> str:
    """Ask for the reader's own number."""
    many = f"{len(model.deals)} open deals, {money(model, model.total)} in all"
    return f"{many}: what will {model.period} bring?"


def finding(model: BoardModel, values: Mapping[str, Any]) -> str:
    """Say how likely the reader's number is, once they have one."""
    if values["commit"] is None:
        return question(model)
    share = percent(model.forecast(values["places"]).reach(values["commit"]))
    return f"Chance that you reach {money(model, values['commit'])} {model.period}: {share}"


def facts(model: BoardModel, places: Sequence[int]) -> list[str]:
    """Say what the deals bring and how many are won, with prediction intervals."""
    result = model.forecast(places)
    low, high = (money(model, end) for end in result.interval)
    least, most = result.number_interval
    return [
        f"Value won: mean {money(model, result.mean)}, 80\N{NO-BREAK SPACE}% prediction interval {low} to {high}.",
        f"Deals won: mean {result.number_mean:.1f}, 80\N{NO-BREAK SPACE}% prediction interval {least} to {most}.",
    ]
