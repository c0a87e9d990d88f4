"""Clicks view: the staged reveal as a widget, and its first step as a picture for those who have no kernel.

It turns a ``ClicksModel`` into what ``clicks.js`` reads; words are those of ``clicks_model``. The guesses go into the reader's
journal when the last one is made, once.
"""

from __future__ import annotations

import math

import pandas as pd
import traitlets

from crmlab import _journal
from crmlab.widgets.chart import Axis, Chart
from crmlab.widgets.clicks_model import ClicksModel, asked, cell, finding, question, readings
from crmlab.widgets.live import LiveWidget, script

HUES = ("blue", "orange", "green")  # of models
_CURVE = {
    "roc": ("of those who do not buy, called", "of those who buy, called"),
    "gains": ("of all, called", "of those who buy, called"),
}


class Clicks(LiveWidget):
    """Guesses of an AUC, step by step; the page moves by itself.

    Attributes
    ----------
    values : dict
        ``guesses`` so far.
    commitment : dict
        ``kind, key, question, guesses, answers``, or empty.
    """

    _name = "clicks"
    _moves = ("values", "commitment")
    _esm = script("clicks")
    values = traitlets.Dict().tag(sync=True)
    commitment = traitlets.Dict().tag(sync=True)

    def __init__(self, model: ClicksModel) -> None:
        self._model = model
        earlier = _journal.latest(model.key) or {}
        super().__init__(page_data(model), at_rest(model), values={"guesses": earlier.get("guesses", [])}, commitment=earlier)

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> dict[str, list[float]]:
        return self._model.check_values(proposal["value"])

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)

    @property
    def title(self) -> str:
        """What is seen so far."""
        return finding(self._model, len(self.values["guesses"]) + 1)

    @property
    def table(self) -> pd.DataFrame:
        """``label, guess`` and the AUC of each model, for the steps that are seen."""
        return self._model.table(self.values["guesses"])


def page_data(model: ClicksModel) -> dict[str, object]:
    """Return everything that clicks.js reads, as plain lists."""
    steps, models = range(len(model.labels)), range(len(model.models))
    chart = _chart(model)
    return {
        "key": model.key, "question": question(model), "labels": list(model.labels), "models": list(model.models),
        "hues": list(HUES), "auc": model.auc.tolist(), "low": model.low.tolist(), "high": model.high.tolist(),
        "titles": [finding(model, seen + 1) for seen in steps], "asked": [asked(model, click) for click in steps[1:]],
        "alts": [f"AUCs with 95 % intervals. {readings(model, seen + 1)}." for seen in steps],
        "cells": [[cell(model, step, k).split(" ", 1) for k in models] for step in steps],
        "axes": chart.axes(), "lowest": chart.x.low,
        "curves": None if model.curves is None else model.curves.tolist(),
        "curveAxes": None if model.curves is None else _curve_axes(model.curve),
    }  # fmt: skip


def at_rest(model: ClicksModel) -> tuple[str, str]:
    """Draw the first step, the others still to be guessed: HTML, and what it shows in words."""
    chart = _chart(model)
    for k, name in enumerate(model.models):
        at = [_row(0, k, len(model.models))]
        chart = chart.intervals(at, model.auc[:1, k], model.low[:1, k], model.high[:1, k], name=name, colour=HUES[k])
    return chart._repr_html_(), repr(chart)


def _chart(model: ClicksModel) -> Chart:
    lowest = min(0.5, math.floor(10 * float(model.low.min())) / 10)
    x = Axis("AUC (0.5: no better than chance)", lowest, 1.0, decimals=2)
    rest = f"{len(model.labels) - 1} clicks to come, each to be guessed first."
    return Chart(finding(model, 1), x, Axis("", names=model.labels), alt=f"{readings(model, 1)}. {rest}")


def _row(step: int, k: int, models: int) -> float:
    """Return the place of a model on the row of a step; ``clicks.js`` does the same."""
    return step + 0.26 * (k - (models - 1) / 2)


def _curve_axes(curve: str) -> dict[str, object]:
    x, y = _CURVE[curve]
    return {"x": Axis(f"{x}, in %", 0, 100).data(), "y": Axis(f"{y}, in %", 0, 100).data(), "height": 220}
