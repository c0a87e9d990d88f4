"""Laboratory view: the laboratory as a widget, and as a picture for those who have no kernel.

It turns a ``LaboratoryModel`` into what ``laboratory.js`` reads; the numbers and words are those of ``laboratory_model``. That
the reader made the claim true goes into their journal, once.
"""

from __future__ import annotations

import traitlets

from crmlab import _journal
from crmlab.widgets.chart import Chart, svg
from crmlab.widgets.laboratory_model import SLIDERS, Claimed, LaboratoryModel, draw, finding, firm_change
from crmlab.widgets.live import LiveWidget, script


class Laboratory(LiveWidget):
    """A claim, how it is read, and a firm; the page moves by itself.

    Attributes
    ----------
    values : dict
        ``row`` (of the claims), ``unit`` (0 points, 1 per cent) and ``whose`` (0 an average customer, 1 the firm) as places;
        ``retention, margin, annual_rate, acquisition_cost`` in per cent.
    commitment : dict
        ``kind, key, question, change`` and the values that made the claim true, or empty.
    """

    _name = "laboratory"
    _moves = ("values", "commitment")
    _esm = script("laboratory")
    values = traitlets.Dict().tag(sync=True)
    commitment = traitlets.Dict().tag(sync=True)

    def __init__(self, model: LaboratoryModel) -> None:
        self._model = model
        rest = draw(model, model.start)
        earlier = _journal.latest(model.key) if model.key else None
        super().__init__(page_data(model, rest), (svg(rest), repr(rest)), values=dict(model.start), commitment=earlier or {})

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> dict[str, float]:
        return self._model.check_values(proposal["value"])

    @traitlets.observe("commitment")
    def _commit(self, change: dict) -> None:
        self._keep(change)

    @property
    def change(self) -> float:
        """What the change does to profit in the reader's firm, as a share; NaN if it cannot be, infinite without profit."""
        return firm_change(self._claimed, self.values)

    @property
    def picture(self) -> Chart:
        """What the plane shows."""
        return draw(self._model, self.values)

    @property
    def title(self) -> str:
        """What the change comes to, and whether the claim is true."""
        return finding(self._claimed, self.values)

    @property
    def _claimed(self) -> Claimed:
        return self._model.claims[self.values["row"]]


def page_data(model: LaboratoryModel, rest: Chart) -> dict[str, object]:
    """Return everything that laboratory.js reads, as plain lists."""
    first, target = model.claims[0], model.target
    return {
        "key": model.key,
        "task": f"Make it true to the full: find a firm, and a reading, for which “{first.claim}” brings "
        f"{100 * target[0]:.6g} to {100 * target[1]:.6g} %, the most that is claimed." if model.key else "",
        "target": target,
        "claims": [
            {name: getattr(row, name) for name in (*row.__slots__, "range")} for row in model.claims
        ],
        "sliders": {name: [low, model.highest[name], step] for name, (low, _, step) in SLIDERS.items()},
        "places": model.industries.to_dict("records"),
        "axes": rest.axes(),
    }  # fmt: skip
