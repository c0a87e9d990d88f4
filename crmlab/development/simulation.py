"""Simulation of a pipeline: deals that go through stages whose chances and days are known.

``simulate_pipeline`` draws exactly what ``fit_transitions`` recovers, and leaves open what would be open. Real pipelines have
deals that differ and grow stale; a whole firm with all of that is ``world``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError


def simulate_pipeline(
    transitions: pd.DataFrame, stage_days: Mapping[str, float], *, deals: int, days: int, seed: int,
    entries: Mapping[str, float] | None = None, start: str | dt.date = "2023-01-02",
) -> pd.DataFrame:  # fmt: skip
    """Draw stage events of an absorbing Markov chain, seen until a day.

    Truth: all deals in a stage are alike. Each stays a geometric number of days, whatever happened before, and then goes where
    its row of ``transitions`` says. Deals come evenly over the time that is seen, so the late ones are still open at its
    end; who counts only the closed ones takes stages for shorter than they are.

    Parameters
    ----------
    transitions : DataFrame
        Chances to go from each stage (its index, in order) to stages, `won` and `lost` (its columns); each row sums to one.
    stage_days : mapping of str to float
        Mean days in each stage, 0 or more.
    deals : int
        How many come.
    days : int
        For how many days the pipeline is seen.
    seed : int
        The same seed gives the same deals.
    entries : mapping of str to float, optional
        Shares of the deals that enter at each stage; by default all enter at the first.
    start : date or str
        The first day.

    Returns
    -------
    DataFrame (``tables.describe("deal_stages")``)
        ``prospect_id, step, stage, entered, left, outcome``.

    Raises
    ------
    DataError
        ``transitions`` is no DataFrame.
    ArgumentError
        Rows that do not sum to one, names that are no stages, stages without end, or a number out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import development
    >>> chances = pd.DataFrame({"offer": [0.5, 0.0], "won": [0.0, 0.4], "lost": [0.5, 0.6]}, index=["call", "offer"])
    >>> development.simulate_pipeline(chances, {"call": 10, "offer": 30}, deals=2, days=90, seed=2)
      prospect_id  step  stage    entered       left   outcome
    0     D000001     1   call 2023-02-08 2023-02-15      lost
    1     D000002     1   call 2023-03-16 2023-03-28  advanced
    2     D000002     2  offer 2023-03-28        NaT       NaN
    """
    chances = _chances(transitions)
    stages = list(chances.index)
    s, n = len(stages), _check.integer("deals", deals, 1)
    means = _by_stage("stage_days", stage_days, stages, np.inf)
    shares = np.eye(s)[0] if entries is None else _by_stage("entries", entries, stages, 1.0)
    if abs(shares.sum() - 1) > 1e-9:
        raise ArgumentError(f"`entries` must sum to one; they sum to {shares.sum():g}.")
    horizon, first = _check.integer("days", days, 1), np.datetime64(_check.day("start", start))
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    columns = _walk(rng, chances.to_numpy(), means, rng.choice(s, n, p=shares), np.sort(rng.integers(horizon, size=n)), horizon)
    deal, step, stage, entered, left, target = columns
    moves = np.array(["advanced", "skipped ahead", "returned", "won", "lost"], dtype=object)
    move = np.select([target == s, target == s + 1, target == stage + 1, target > stage], [3, 4, 0, 1], 2)
    ended = left < horizon
    return pd.DataFrame({
        "prospect_id": pd.Series([f"D{number + 1:06d}" for number in deal], dtype="str"), "step": step,
        "stage": pd.Series(np.array(stages, dtype=object)[stage], dtype="str"),
        "entered": (first + entered).astype("datetime64[us]"),
        "left": np.where(ended, first + left, np.datetime64("NaT")).astype("datetime64[us]"),
        "outcome": pd.Series(np.where(ended, moves[move], None), dtype="str"),
    })  # fmt: skip


def _walk(
    rng: np.random.Generator, chances: np.ndarray, means: np.ndarray, stage: np.ndarray, day: np.ndarray, horizon: int
) -> np.ndarray:
    """Let all deals walk at once; return rows of deal, step, stage, day entered, day left and target, in order."""
    edges, deal, step, rows = chances.cumsum(axis=1), np.arange(stage.size), 0, []
    edges[:, -1] = 1.0
    while deal.size:
        step += 1
        left = day + rng.geometric(1 / (1 + means[stage])) - 1
        target = (rng.random(deal.size)[:, None] >= edges[stage]).sum(axis=1)
        rows.append(np.stack([deal, np.full(deal.size, step), stage, day, left, target]))
        goes = (target < means.size) & (left < horizon)
        deal, stage, day = deal[goes], target[goes], left[goes]
    columns = np.concatenate(rows, axis=1)
    return columns[:, np.lexsort((columns[1], columns[0]))]


def _chances(transitions: pd.DataFrame) -> pd.DataFrame:
    """Return chances with a column for each stage, for won and for lost; refuse what is no chain that ends."""
    frame = _check.frame("transitions", transitions)
    stages, ends = list(frame.index), ["won", "lost"]
    names = [*stages, *ends]
    unknown = [name for name in frame.columns if name not in names]
    if not stages or len(set(names)) < len(names) or unknown:
        raise ArgumentError(
            f"`transitions` must have different stages as index, and stages, `won` and `lost` as columns; it has {names} and "
            f"{list(frame.columns)}."
        )
    chances = frame.reindex(columns=names).fillna(0.0).astype("float64")
    wrong = (chances < 0).any(axis=1) | ((chances.sum(axis=1) - 1).abs() > 1e-9)
    if wrong.any():
        name = wrong.idxmax()
        raise ArgumentError(f"chances from {name!r} must be 0 or more and sum to one; they sum to {chances.loc[name].sum():g}.")
    ends_later = chances[ends].sum(axis=1).to_numpy() > 0
    for _ in stages:
        ends_later = ends_later | (chances[stages].to_numpy()[:, ends_later] > 0).any(axis=1)
    if not ends_later.all():
        raise ArgumentError(f"from {stages[int(np.argmin(ends_later))]!r} nothing leads to `won` or `lost`.")
    return chances


def _by_stage(name: str, values: Mapping[str, float], stages: list, high: float) -> np.ndarray:
    """Return a number from 0 to ``high`` for each stage."""
    if not isinstance(values, Mapping) or set(values) - set(stages) or (high > 1 and set(stages) - set(values)):
        raise ArgumentError(f"`{name}` must map the stages {', '.join(map(str, stages))} to numbers; it is {values!r}.")
    return np.array([_check.number(f"{name}[{stage!r}]", values.get(stage, 0.0), 0, high) for stage in stages])
