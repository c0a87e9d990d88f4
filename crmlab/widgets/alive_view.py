"""Alive view: the silent customer as a widget, and as a picture for those who have no kernel.

It turns an ``AliveModel`` into what ``alive.js`` reads, and into words; the numbers are those of ``alive_model``.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import traitlets

from crmlab import _draw
from crmlab.widgets.alive_model import AHEAD, DROPOUTS_BEFORE, AliveModel
from crmlab.widgets.live import LiveWidget, script

_COLOURS = ("blue", "orange")  # of the palette


class Alive(LiveWidget):
    """The weeks with a purchase now, and what follows from them; the page moves by itself.

    Attributes
    ----------
    purchases : list of int
        The weeks with a purchase now.
    """

    _name = "alive"
    _moves = ("purchases",)
    _esm = script("alive")
    purchases: traitlets.List[int] = traitlets.List().tag(sync=True)

    def __init__(self, model: AliveModel, purchases: Sequence[int]) -> None:
        self._model = model
        start = model.check_purchases(purchases)
        super().__init__(page_data(model, start), picture(model, start), purchases=start)

    @traitlets.validate("purchases")
    def _check_purchases(self, proposal: dict) -> list[int]:
        return self._model.check_purchases(proposal["value"])

    @property
    def table(self) -> pd.DataFrame:
        """``model, p_alive, purchases_if_alive, purchases``, today."""
        return self._model.now(self.purchases)

    @property
    def history(self) -> pd.DataFrame:
        """``week``, and P(alive) by each model with what was known then."""
        return self._model.history(self.purchases)


def page_data(model: AliveModel, purchases: Sequence[int]) -> dict[str, object]:
    """Return everything that alive.js reads, as plain lists."""
    return {
        "weeks": model.weeks,
        "ahead": AHEAD,
        "start": list(purchases),
        "models": [
            {
                "name": fit.name,
                "dropoutsBefore": DROPOUTS_BEFORE[fit.model.key],
                "params": fit.params.tolist(),
                "ahead": model.purchases_if_alive(fit).tolist(),
                "colour": colour,
            }
            for fit, colour in zip(model.fits, _COLOURS, strict=False)
        ],
    }


def picture(model: AliveModel, purchases: Sequence[int]) -> tuple[str, str]:
    """Draw the chances at rest: HTML and alt text."""
    now, last = model.now(purchases), max(purchases, default=0)
    today = "; ".join(f"{row.model} {100 * row.p_alive:.1f} %" for row in now.itertuples())
    bought = f"Purchases in weeks {', '.join(map(str, sorted([0, *purchases])))}"
    ax = _draw.curves(
        model.history(purchases, 7).set_index("week"),
        title=_finding(now.iloc[0], model.weeks - last),
        x="weeks since the first purchase, up to today",
        y="chance to be still a customer",
        share=("y",),
        alt=f"A line that falls in silence and rises with each purchase. {bought}; today: {today}.",
    )
    ax.plot([0, *purchases], [0] * (len(purchases) + 1), "o", color=_draw.INK, markersize=7, label="a purchase", clip_on=False)
    ax.set_ylim(0, 1.04)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.04))
    return _draw.finish(_draw.figure_of(ax))


def _finding(now: pd.Series, silent: int) -> str:
    silence = {0: "Just after a purchase", 1: "After a silent week"}.get(silent, f"After {silent} silent weeks")
    return (
        f"{silence} {now.model} gives a chance of {100 * now.p_alive:.1f} % that they are still there: "
        f"{now.purchases:.2f} purchases to expect in {AHEAD} weeks"
    )
