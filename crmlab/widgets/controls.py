"""Controls: what a reader can move, told by one entry each.

``(lowest, highest, step)`` is a slider, a list a choice among a few, True or False a tick box. ``explore`` makes ipywidgets
of them, ``frames`` controls in the page. What follows from a move is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crmlab.errors import ArgumentError

_MOST = 100_000  # steps of a slider


@dataclass(frozen=True, slots=True)
class Control:
    """Something to move.

    Attributes
    ----------
    name : str
        As it is written beside it.
    kind : "slider", "choice" or "tick"
    options : tuple
        The values that it can take.
    texts : tuple of str
        How they read.
    start : int
        The place of the first one among the options.
    """

    name: str
    kind: str
    options: tuple
    texts: tuple[str, ...]
    start: int


def control(name: str, entry: object, unit: str = "") -> Control:
    """Read the entry of one control, or refuse it.

    Parameters
    ----------
    name : str
        Of the argument that it sets.
    entry : tuple, list or bool
        ``(lowest, highest, step)`` or ``(lowest, highest, step, start)``, a list of choices, or True or False.
    unit : str
        Written behind its values.

    Returns
    -------
    Control

    Raises
    ------
    ArgumentError
        The entry has none of these forms.
    """
    label = name.replace("_", " ")
    if isinstance(entry, bool):
        return Control(label, "tick", (False, True), ("no", "yes"), int(entry))
    if isinstance(entry, list) and entry:
        return Control(label, "choice", tuple(entry), tuple(f"{option}{unit}" for option in entry), 0)
    if isinstance(entry, tuple) and len(entry) in (3, 4) and all(_is_number(part) for part in entry):
        lowest, highest, step = entry[:3]
        if lowest < highest and step > 0:
            return _slider(label, lowest, highest, step, entry[3] if len(entry) == 4 else lowest, unit)
    raise ArgumentError(
        f"`{name}` must be (lowest, highest, step) or (lowest, highest, step, start), a list of choices, or True or False; "
        f"it is {entry!r}."
    )


def _slider(label: str, lowest: float, highest: float, step: float, start: float, unit: str) -> Control:
    whole = all(isinstance(part, int | np.integer) for part in (lowest, highest, step))
    count = int((highest - lowest) / step + 1e-9) + 1
    if count > _MOST:
        raise ArgumentError(
            f"the slider {label!r} has {count:,} steps; at most {_MOST:,} can be told apart: make the step larger."
        )
    options = tuple(lowest + k * step if whole else round(lowest + k * step, 9) for k in range(count))
    digits = 0 if whole else decimals(step)
    texts = tuple(f"{option:,.{digits}f}{unit}".replace("-", "−") for option in options)
    nearest = min(range(count), key=lambda k: (abs(options[k] - start), k))
    return Control(label, "slider", options, texts, nearest)


def decimals(step: float) -> int:
    """Return how many decimals it takes to see one step."""
    return next((count for count in range(9) if math.isclose(round(step, count), step, rel_tol=1e-9)), 9)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
