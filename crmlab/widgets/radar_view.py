"""Radar view: the radar as a widget, and as a picture for those who have no kernel.

It turns a ``RadarModel`` into what ``radar.js`` reads, and into words; the numbers are those of ``radar_model``, and what
all widgets share is ``live``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import traitlets

from crmlab import _draw, _svg
from crmlab.widgets.live import LiveWidget, script
from crmlab.widgets.radar_model import HIGHEST, LOWEST, RadarModel, effect


class Radar(LiveWidget):
    """What is perceived now, and what follows from it; the page moves by itself.

    Attributes
    ----------
    values : list of float
        What is perceived now, in the order of the dimensions.
    """

    _name = "radar"
    _moves = ("values",)
    _esm = script("radar")
    values = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(self, model: RadarModel) -> None:
        self._model = model
        super().__init__(page_data(model), picture(model), values=model.levels.perceived.tolist())

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> list[float]:
        return self._model.check_values(proposal["value"]).tolist()

    @property
    def table(self) -> pd.DataFrame:
        """``dimension, expected, perceived, changed, weight, gap, changed_gap``."""
        levels, changed = self._model.levels, np.array(self.values)
        table = levels.assign(changed=changed, gap=levels.perceived - levels.expected, changed_gap=changed - levels.expected)
        return table[["dimension", "expected", "perceived", "changed", "weight", "gap", "changed_gap"]]

    @property
    def effect(self) -> pd.DataFrame:
        """As ``radar_effect``, at ``values``."""
        return effect(self._model, self.values)


def page_data(model: RadarModel) -> dict[str, object]:
    """Return everything that radar.js reads, as plain lists."""
    levels, answer = model.levels, model.answer
    data: dict[str, object] = {
        "dimensions": levels.dimension.tolist(),
        "expected": levels.expected.tolist(),
        "perceived": levels.perceived.tolist(),
        "weights": levels.weight.tolist(),
        "lowest": model.lowest.tolist(),
        "highest": model.highest.tolist(),
        "scale": [LOWEST, HIGHEST],
        "title": _finding(levels),
        "note": _note(model),
    }
    if answer is not None:
        data |= {
            "months": answer.months,
            "student": answer.student if answer.firms > 1 else None,
            "amounts": [amounts.tolist() for amounts in answer.amounts],
            "prices": [prices.tolist() for prices in answer.prices] if model.cost else None,
            "now": {measure: now.tolist() for measure, now in answer.now.items()},
            "answers": {measure: [change.tolist() for change in changes] for measure, changes in answer.changes.items()},
        }
    return data


def picture(model: RadarModel) -> tuple[str, str]:
    """Draw the radar at rest: HTML and alt text."""
    levels = model.levels
    now = effect(model, levels.perceived).set_index("measure").now
    facts = [f"Weighted gap, perceived less expected: {_signed(now.weighted_gap)}"]
    if model.answer is None:
        facts.append(f"Plain gap: {_signed(now.gap)}")
    else:
        facts += [
            f"Satisfaction, in points: {_signed(now.satisfaction)}",
            f"Customers who leave within {model.answer.months} months: {100 * now.leaving:.1f} %",
            f"Profit a year: {now.profit:,.0f}".replace("-", "−"),
        ]
    outlines = [
        _svg.Outline("perceived", levels.perceived.tolist(), _draw.BLUE, True),
        _svg.Outline("expected", levels.expected.tolist(), _draw.ORANGE, False),
    ]
    names = levels.dimension.str.capitalize().tolist()
    return _svg.radar(names, outlines, lowest=LOWEST, highest=HIGHEST, title=_finding(levels), facts=facts)


def _signed(value: float, digits: int = 2) -> str:
    """Write a number with its sign, the true minus; nothing but zeros has none."""
    text = f"{abs(value):,.{digits}f}"
    return text if not float(text.replace(",", "")) else ("−" if value < 0 else "+") + text


def _finding(levels: pd.DataFrame) -> str:
    """Say what the levels are before anything has moved; without intervals, no order and no more than that."""
    total = (levels.weight * (levels.perceived - levels.expected)).sum()
    size = f"{abs(total):.2f} points"
    if not float(size.split()[0]):
        return "Weighted over the dimensions, the levels found are as high as expected"
    return f"Weighted over the dimensions, the levels found lie {size} {'above' if total > 0 else 'below'} those expected"


def _note(model: RadarModel) -> str:
    if model.answer is None:
        return "Gap: perceived less expected, in points of the scale from 1 to 7."
    price = f"at {model.cost} a customer, month and point"
    if model.cost == "usual":
        price = "by the firm's own cost curve"
    elif model.cost == 0:
        price = "free of charge"
    return (
        f"Every step is paid for {price}. Means of {model.answer.firms} simulated firms over {model.answer.months} months, "
        "with 95 % intervals. Effects of several dimensions are added, which is an approximation."
    )
