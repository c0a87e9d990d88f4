"""Markov value: what a relationship is worth in each state, and in which states to stop courting.

``markov_value`` discounts what each state brings and costs over all that may follow, and finds the states that are not worth
their cost. It reads chances and rewards, of customers by recency (``recency_transitions`` makes their chain) or of deals by
stage (``TransitionFit.matrix``); where these come from is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, show
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMER = "former"


def recency_transitions(response: Sequence[float]) -> pd.DataFrame:
    """Make the chain of customers by recency, who buy with the chance of their recency or grow one period older.

    Parameters
    ----------
    response : sequence of float
        The chance to buy in a period after 1, 2, ... periods without; who fails the last is a former customer for good.

    Returns
    -------
    DataFrame
        Chances to go from each state (rows) to each (columns): `recency 1`, `recency 2`, ..., `former`.

    Raises
    ------
    ArgumentError
        ``response`` is no list of shares.

    References
    ----------
    Pfeifer & Carraway (2000), Modeling customer relationships as Markov chains, Journal of Interactive Marketing 14(2), 43-55.

    Examples
    --------
    >>> from crmlab import development
    >>> development.recency_transitions([0.3, 0.2])
               recency 1  recency 2  former
    recency 1        0.3        0.7     0.0
    recency 2        0.2        0.0     0.8
    former           0.0        0.0     1.0
    """
    if not isinstance(response, Sequence) or isinstance(response, str) or not response:
        raise ArgumentError(f"`response` must be a list of chances, one per recency, such as [0.3, 0.2]; it is {response!r}.")
    p = np.array([_check.number(f"response[{place}]", each, 0, 1) for place, each in enumerate(response)])
    names = [*(f"recency {place + 1}" for place in range(p.size)), _FORMER]
    chances = np.diag(1 - p, 1)
    chances[:-1, 0] += p
    chances[-1, -1] = 1.0
    return pd.DataFrame(chances, index=names, columns=names)


def markov_value(
    transitions: pd.DataFrame, rewards: Mapping[str, float], *, rate: float | Mapping[str, float], horizon: int | None = None
) -> MarkovValue:
    """Compute the value of each state of a chain and where to stop: V = R + P V / (1 + d), at least 0 where one may stop.

    A state brings its reward at once, less what it costs to court somebody there; what follows counts one period later. Whoever
    stops at a state saves its cost and forgoes all that might have followed. Who stops where the value is below 0 does better
    everywhere, and may find other states worth their cost: it is repeated until nothing changes.

    Parameters
    ----------
    transitions : DataFrame
        Chances to go from each state (its index) to each (its columns); each row sums to one. Columns without a row, such as
        `won` and `lost`, are ends: they bring their reward once.
    rewards : mapping of str to float
        What each state brings less its cost, in currency; a state that is not named brings nothing.
    rate : float or mapping of str to float
        Discount rate of a period, 0 or more; by state, where a period there lasts longer than elsewhere.
    horizon : int, optional
        After how many periods to end; by default never.

    Returns
    -------
    MarkovValue

    Raises
    ------
    DataError
        ``transitions`` is no DataFrame of numbers.
    ArgumentError
        Chances that are none or do not sum to one, a state that is not in the chain, or a value without end: no discount,
        and a reward that comes back for ever.

    References
    ----------
    Pfeifer & Carraway (2000), Modeling customer relationships as Markov chains, Journal of Interactive Marketing 14(2), 43-55.

    Examples
    --------
    >>> from crmlab import development
    >>> chain = development.recency_transitions([0.3, 0.2, 0.15, 0.05])
    >>> rewards = {"recency 1": 40 - 4, "recency 2": -4, "recency 3": -4, "recency 4": -4}
    >>> development.markov_value(chain, rewards, rate=0.2).table.round(2)
           state  reward  state_value   stop  best_value
    0  recency 1    36.0        52.32  False       53.15
    1  recency 2    -4.0         5.55  False        6.62
    2  recency 3    -4.0         1.25  False        2.64
    3  recency 4    -4.0        -1.82   True        0.00
    4     former     0.0         0.00  False        0.00
    """
    states, chances = _square(transitions)
    earned = _by_state("rewards", rewards, states)
    discounts = _by_state("rate", rate, states, 0) if isinstance(rate, Mapping) else _check.number("rate", rate, 0)
    step = chances / (1 + np.broadcast_to(discounts, len(states)))[:, None]
    periods = None if horizon is None else _check.integer("horizon", horizon, 0)
    value = _value(step, earned, periods)
    best, stop = _stopping(step, earned, periods)
    table = pd.DataFrame({"state": states, "reward": earned, "state_value": value, "stop": stop, "best_value": best})
    return MarkovValue(table.astype({"state": "str"}), periods)


def _square(transitions: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """Return the states, and chances to go from each to each; ends go nowhere."""
    frame = _check.frame("transitions", transitions)
    names = [*frame.index, *(name for name in frame.columns if name not in frame.index)]
    if not len(frame) or len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f"`transitions` must have different states as index and columns, as text; it has {names}.")
    values = _check.numeric_columns(frame, list(frame.columns), "transitions", low=0)
    if (wrong := np.abs(values.sum(axis=1) - 1) > 1e-6).any():
        first = int(np.flatnonzero(wrong)[0])
        raise ArgumentError(f"the chances from {names[first]!r} must sum to one; they sum to {values[first].sum():g}.")
    chances = pd.DataFrame(values, frame.index, frame.columns).reindex(index=names, columns=names, fill_value=0.0)
    return names, chances.to_numpy()


def _by_state(name: str, values: Mapping[str, float], states: list[str], low: float = -np.inf) -> np.ndarray:
    """Return a number for each state, 0 where none is given."""
    if not isinstance(values, Mapping):
        raise ArgumentError(f"`{name}` must map states to numbers; it is {values!r}.")
    if unknown := [each for each in values if each not in states]:
        raise ArgumentError(f"`{name}` names {unknown[0]!r}, but the states are {', '.join(states)}.")
    return np.array([_check.number(f"{name}[{state!r}]", values.get(state, 0.0), low) for state in states])


def _value(step: np.ndarray, earned: np.ndarray, horizon: int | None) -> np.ndarray:
    """Return the value of each state, shape (s,), of discounted chances (s, s); for ever: (I - P / (1 + d))^-1 R."""
    if horizon is None:
        return _endless(step, earned)
    value = earned
    for _ in range(horizon):
        value = earned + step @ value
    return value


def _endless(step: np.ndarray, earned: np.ndarray) -> np.ndarray:
    """Return the sum of all discounted rewards; states from which no reward is ever reached are worth nothing."""
    pays = earned != 0
    for _ in earned:
        pays = pays | (step[:, pays] > 0).any(axis=1)
    value, inner = np.zeros_like(earned), step[np.ix_(pays, pays)]
    if pays.any():
        if np.abs(np.linalg.eigvals(inner)).max() > 1 - 1e-12:
            raise ArgumentError(
                "the value has no end: without a discount a reward comes back for ever. Give a `rate` above 0, or a `horizon`."
            )
        value[pays] = np.linalg.solve(np.eye(inner.shape[0]) - inner, earned[pays])
    return value


def _stopping(step: np.ndarray, earned: np.ndarray, horizon: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the value where one stops at the right states, and which these are (at the first period)."""
    if horizon is not None:
        value, go = np.maximum(earned, 0), earned
        for _ in range(horizon):
            go = earned + step @ value
            value = np.maximum(go, 0)
        return value, go < 0
    stop = np.zeros(earned.size, dtype=bool)
    for _ in range(earned.size + 1):  # policy iteration: each round is better somewhere and worse nowhere
        value = _endless(np.where(stop[:, None], 0, step), np.where(stop, 0, earned))
        better = earned + step @ value < -1e-12
        if (better == stop).all():
            break
        stop = better
    return value, stop


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MarkovValue(Result):
    """What each state is worth, if one goes on and if one stops where it does not pay.

    Attributes
    ----------
    table : DataFrame
        One row per state (``tables.describe("markov_values")``).
    horizon : int or None
        Periods that count; None for all.
    """

    table: pd.DataFrame
    horizon: int | None

    @property
    def stop(self) -> tuple[str, ...]:
        """The states at which to stop."""
        return tuple(self.table.state[self.table.stop])

    def summary(self) -> Summary:
        """The values, and where to stop."""
        first = self.table.iloc[0]
        where = f"Stop at {', '.join(self.stop)}" if self.stop else "Stop nowhere: each state is worth its cost"
        worth = f"{show(first.best_value, 2)} instead of {show(first.state_value, 2)}"
        note = f"{where}. {first.state.capitalize()} is then worth {worth}."
        facts = (("Periods that count", "all" if self.horizon is None else self.horizon),)
        return Summary("Value of each state", facts, self.table, note, "Pfeifer & Carraway (2000)")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the value of each state, when one always goes on.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        Axes

        Raises
        ------
        DataError
            No state is worth anything.

        Examples
        --------
        >>> from crmlab import development
        >>> chain = development.recency_transitions([0.3, 0.05])
        >>> value = development.markov_value(chain, {"recency 1": 36, "recency 2": -4}, rate=0.2)
        >>> print(value.plot().get_title("left"))
        Recency 1 is worth 46.39; courting stops to pay at
        recency 2
        """
        shown = self.table[(self.table.state_value != 0) | (self.table.reward != 0)]
        if shown.empty:
            raise DataError("no state is worth anything: all rewards are 0. Give `rewards`.")
        heights = shown.set_index("state")["state_value"]
        title = f"{shown.state.iloc[0].capitalize()} is worth {show(float(heights.iloc[0]), 2)}"
        title += f"; courting stops to pay at {self.stop[0]}" if self.stop else "; each state is worth its cost"
        alt = "; ".join(f"{name} {show(float(value), 2)}" for name, value in heights.items()) + "."
        return _draw.bars(heights.round(2), title=title, x="state", y="value in currency", alt=alt, ax=ax)
