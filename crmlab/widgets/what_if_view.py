"""What-if view: one change of the firm as a widget, and a picture of the first for those who have no kernel.

The sums are those of ``change``; ``what_if.js`` does them in the page. What the grid of firms is, and what can be asked of it,
is known in ``what_if``.
"""

from __future__ import annotations

import math

import pandas as pd
import traitlets

from crmlab.errors import ArgumentError
from crmlab.widgets.change import change
from crmlab.widgets.explore import Picture
from crmlab.widgets.live import LiveWidget, script

_PLACES = ("cause", "amount", "price")


class WhatIf(LiveWidget):
    """One cause of the firm, by how much it changes, and what that costs.

    Attributes
    ----------
    values : dict
        ``cause``, ``amount`` and ``price`` (0 usual, 1 nothing, 2 the reader's own) as places, ``own`` in currency.
    """

    _name = "what_if"
    _moves = ("values",)
    _esm = script("what_if")
    values = traitlets.Dict().tag(sync=True)

    def __init__(self, grid: pd.DataFrame, data: dict, values: dict) -> None:
        self._grid, self._causes = grid, data["causes"]
        rest = self._draw(values)
        super().__init__(data, (rest.html, rest.alt), values=values)

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> dict:
        values = proposal["value"]
        sizes = (len(self._causes), len(self._causes[0]["amounts"]), 3)
        places = [values.get(name) for name in _PLACES]
        own = values.get("own")
        whole = all(isinstance(at, int) and 0 <= at < size for at, size in zip(places, sizes, strict=True))
        if not whole or not isinstance(own, int | float) or not (math.isfinite(own) and own >= 0):
            raise ArgumentError(
                f"`values` must be places of {', '.join(_PLACES)}, and `own` a price of 0 or more; it is {values!r}."
            )
        return values

    @property
    def picture(self) -> Picture:
        """What the widget shows now, as ``change`` draws it."""
        return self._draw(self.values)

    def _draw(self, values: dict) -> Picture:
        cause = self._causes[values["cause"]]
        cost = ("usual", 0.0, values["own"])[values["price"]]
        return change(self._grid, cause["name"], cause["amounts"][values["amount"]], cost)
