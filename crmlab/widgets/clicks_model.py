"""Clicks model: AUCs of some models, step by step, and what is said of them.

They come as a table, curves as another one. All words are made here; ``clicks.js`` shows them, and the widget itself is
``clicks_view``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crmlab import _check, _engine
from crmlab._verdict import Verdict, verdict
from crmlab.errors import ArgumentError, DataError

CURVES = ("roc", "gains")
_STEPS, _MODELS = (2, 6), (1, 3)
_POINTS = 61  # of a curve in the page, equally far apart


@dataclass(frozen=True, slots=True, eq=False)
class ClicksModel:
    """What the clicks show.

    Attributes
    ----------
    labels : tuple of str
        Of the steps.
    models : tuple of str
        First the one that is guessed.
    auc, low, high : ndarray, shape (steps, models)
    curves : ndarray or None, shape (steps, models, points)
        Heights of the curves at equal distances from 0 to 1.
    curve, key : str
    """

    labels: tuple[str, ...]
    models: tuple[str, ...]
    auc: np.ndarray
    low: np.ndarray
    high: np.ndarray
    curves: np.ndarray | None
    curve: str
    key: str

    def check_values(self, values: object) -> dict[str, list[float]]:
        """Return ``values`` if they are guesses, no more than there are clicks."""
        if not isinstance(values, Mapping) or set(values) != {"guesses"} or not isinstance(values["guesses"], list | tuple):
            raise ArgumentError(f"`values` must have guesses, a list; it is {values!r}.")
        guesses = [_check.number("guesses", guess, 0, 1) for guess in values["guesses"]]
        if len(guesses) >= len(self.labels):
            raise ArgumentError(
                f"`guesses` must be at most {len(self.labels) - 1}, one for each click; they are {len(guesses)}."
            )
        return {"guesses": guesses}

    def table(self, guesses: list[float]) -> pd.DataFrame:
        """Return the steps that are seen: ``label, guess`` and the AUC of each model."""
        seen = len(guesses) + 1
        frame = pd.DataFrame({"label": self.labels[:seen], "guess": [np.nan, *guesses]})
        return frame.assign(**{name: self.auc[:seen, k] for k, name in enumerate(self.models)})


# -- Reading -------------------------------------------------------------------------------------------------------------


def clicks_model(steps: object, curves: object, curve: object, key: object) -> ClicksModel:
    """Check steps and curves, and bring them together."""
    curve = _check.choice("curve", curve, CURVES)
    if not isinstance(key, str):
        raise ArgumentError(f"`key` must be a text; it is {key!r}.")
    frame = _read_steps(steps)
    labels = tuple(frame.groupby("step")["label"].first())
    wide = {name: frame.pivot(index="step", columns="model", values=name) for name in ("auc", "low", "high")}
    lead = wide["auc"].iloc[0].idxmax()
    models = (lead, *sorted(set(wide["auc"].columns) - {lead}))
    auc, low, high = (wide[name][list(models)].to_numpy(dtype=float) for name in ("auc", "low", "high"))
    heights = None if curves is None else _read_curves(curves, list(wide["auc"].index), models)
    model = ClicksModel(labels, models, auc, low, high, heights, curve, key)
    return model if key else replace(model, key=question(model))


def _read_steps(steps: object) -> pd.DataFrame:
    frame = _check.frame("steps", steps, "Give one row for each step and model.").reset_index(drop=True)
    columns = ["step", "label", "model", "auc", "low", "high"]
    _check.required_columns(frame.columns, "honest_steps", columns)
    ends = _check.numeric_columns(frame, ["low", "auc", "high"], "honest_steps")
    outside, astray = (np.asarray(wrong.any(axis=1)) for wrong in ((ends < 0) | (ends > 1), np.diff(ends, axis=1) < 0))
    _check.refuse_rows(frame, outside, "an AUC or an end of its interval lies outside 0 to 1", "honest_steps", "Write 0.93.")
    _check.refuse_rows(frame, astray, "`auc` lies outside `low` to `high`", "honest_steps", "Give the interval of each AUC.")
    _engine.check(frame, "honest_steps")
    many = frame["step"].nunique(), frame["model"].nunique()
    for count, (least, most), what in zip(many, (_STEPS, _MODELS), ("steps", "models"), strict=True):
        if not least <= count <= most:
            raise DataError(f"the honest_steps table has {count} {what}; there may be {least} to {most}. Choose among them.")
    for step, rows in frame.groupby("step"):
        if rows["label"].nunique() > 1 or len(rows) < many[1]:
            raise DataError(
                f"step {step} of the honest_steps table must have one label and one row for each of the {many[1]} models."
            )
    return frame


def _read_curves(curves: object, steps: list[int], models: tuple[str, ...]) -> np.ndarray:
    frame = _check.frame("curves", curves, "Give points of each curve, or leave `curves` out.").reset_index(drop=True)
    _engine.check(frame, "honest_curves")
    at = np.linspace(0, 1, _POINTS)
    heights = np.empty((len(steps), len(models), _POINTS))
    for row, step in enumerate(steps):
        for column, name in enumerate(models):
            points = frame[(frame["step"] == step) & (frame["model"] == name)].sort_values(["x", "y"], kind="stable")
            x, y = points["x"].to_numpy(dtype=float), points["y"].to_numpy(dtype=float)
            if not len(x) or (x[0], y[0], x[-1], y[-1]) != (0, 0, 1, 1) or (np.diff(y) < 0).any():
                raise DataError(
                    f"the curve of {name} at step {step} must rise from (0, 0) to (1, 1); the honest_curves table has "
                    f"{len(x):,} points of it."
                )
            heights[row, column] = np.round(np.interp(at, x, y), 4)
    return heights


# -- What is said ----------------------------------------------------------------------------------------------------------


def question(model: ClicksModel) -> str:
    """Ask what will be left."""
    return f"What is left of an AUC of {model.auc[0, 0]:.2f}?"


def asked(model: ClicksModel, click: int) -> str:
    """Ask for the AUC after a click, from 1."""
    of = f"Click {click} of {len(model.labels) - 1}"
    return f"{of}: {model.labels[click]}. Which AUC has {model.models[0]} then?"


def finding(model: ClicksModel, seen: int) -> str:
    """Say what is seen when so many steps are open."""
    lead, first, now = model.models[0], model.auc[0, 0], model.auc[seen - 1, 0]
    label = model.labels[seen - 1]
    if seen < len(model.labels):
        text = f"{label[:1].upper()}{label[1:]}: {lead} has an AUC of {now:.2f}"
        return text if seen == 1 else f"{text}, not {first:.2f}"
    left = f"Of {first:.2f} there is {now:.2f} left"
    if len(model.models) == 1:
        return left
    best = 1 + int(model.auc[-1, 1:].argmax())
    said = f"{model.models[best]}, {model.auc[-1, best]:.2f}"
    apart = verdict(model.low[-1, best] - model.high[-1, 0], model.high[-1, best] - model.low[-1, 0])
    if apart is Verdict.HIGHER:
        return f"{left}: {lead} is overtaken by {said}"
    if apart is Verdict.LOWER:
        return f"{left}: {lead} stays ahead of {said}"
    return f"{left}: {lead} cannot be told from {said}"


def cell(model: ClicksModel, step: int, column: int) -> str:
    """Write an AUC with its interval."""
    low, high = model.low[step, column], model.high[step, column]
    return f"{model.auc[step, column]:.2f} ({low:.2f} to {high:.2f})"


def readings(model: ClicksModel, seen: int) -> str:
    """Say the AUCs of the steps that are open."""
    return "; ".join(
        f"{model.labels[step]}: {', '.join(f'{name} {cell(model, step, k)}' for k, name in enumerate(model.models))}"
        for step in range(seen)
    )
