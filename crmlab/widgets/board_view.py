"""Board view: the pipeline as a widget, and as a picture for those who have no kernel.

It turns a ``BoardModel`` into what ``board.js`` reads; sums and words are those of ``board_model``. The reader's first number
goes into their journal, once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import traitlets

from crmlab import _journal
from crmlab.widgets.board_forecast import Forecast
from crmlab.widgets.board_model import OUTCOMES, BoardModel, digits, facts, finding, money, question
from crmlab.widgets.chart import Axis, Chart
from crmlab.widgets.live import LiveWidget, script


class Board(LiveWidget):
    """Deals at their stages and the distribution of what they bring; the page moves by itself.

    Attributes
    ----------
    values : dict
        ``places``, for each deal (by id) its stage, from 0, or, behind the stages, won, lost, dropped; ``commit``, the number
        to reach, None before the reader has set one.
    commitment : dict
        ``kind, key, question, commit, chance``: the reader's first number and how likely it was; or empty.
    """

    _name = "board"
    _moves = ("values", "commitment")
    _esm = script("board")
    values = traitlets.Dict().tag(sync=True)
    commitment = traitlets.Dict().tag(sync=True)

    def __init__(self, model: BoardModel) -> None:
        self._model = model
        earlier = _journal.latest(model.key) or {}
        start = {"places": model.start, "commit": earlier.get("commit")}
        super().__init__(page_data(model), at_rest(model), values=start, commitment=earlier)

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> dict[str, object]:
        return self._model.check_values(proposal["value"])

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)

    @property
    def table(self) -> pd.DataFrame:
        """``deal_id, name, stage, expected_value, age_days, chance``: the deals where they stand now."""
        return self._model.table(self.values["places"])

    @property
    def forecast(self) -> Forecast:
        """The distribution of what the deals bring from where they stand."""
        return self._model.forecast(self.values["places"])

    @property
    def title(self) -> str:
        """The question, or how likely the number to reach is."""
        return finding(self._model, self.values)

    @property
    def facts(self) -> list[str]:
        """Value and number of the deals won, each with its mean and its prediction interval."""
        return facts(self._model, self.values["places"])


def page_data(model: BoardModel) -> dict[str, object]:
    """Return everything that board.js reads, as plain lists."""
    step, cells = model.grid
    deals = model.deals
    return {
        "key": model.key, "question": question(model), "period": model.period, "unit": model.unit, "digits": digits(model),
        "stages": list(model.stages), "outcomes": list(OUTCOMES),
        "classes": [[list(each) for each in own] for own in model.classes],
        "start": model.start, "names": deals["name"].tolist(), "ages": deals["age_days"].tolist(),
        "deals": deals["expected_value"].astype(float).tolist(), "cells": cells.tolist(), "cell": step,
        "step": model.step, "highest": model.highest,
    }  # fmt: skip


def at_rest(model: BoardModel) -> tuple[str, str]:
    """Draw what stands at each stage: HTML, and what it shows in words."""
    counts = np.bincount(model.start, minlength=len(model.stages))
    sums = np.bincount(model.start, weights=model.deals["expected_value"], minlength=len(model.stages))
    names = [f"{stage} ({count})" for stage, count in zip(model.stages, counts, strict=True)]
    said = "; ".join(f"{name} {money(model, value)}" for name, value in zip(names, sums, strict=True))
    high = 1.25 * float(sums.max())  # room for the numbers beside the bars
    x = Axis("value of the open deals at each stage (how many)", 0, high, unit=model.unit, decimals=digits(model))
    chart = Chart(question(model), x, Axis("", names=tuple(names)), alt=f"A pipeline board. {said}.").bars(sums)
    return chart._repr_html_(), repr(chart)
