"""A silent customer: put purchases on a line of weeks, and see how likely he is still there.

It reads a fitted model of customers without contract, or two of them to compare. Whatever the page, ``alive.js``, shows
follows from the model's parameters: it does the sums of ``btyd`` in the browser, so that everything moves at once and
without Python, and the tests hold the two together. How a model is fitted, and what its numbers mean, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, btyd
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from anywidget import AnyWidget

_AHEAD = 52  # weeks to look ahead
_CHANCES = {"bgnbd": 0, "mbgnbd": 1}  # to die before the first repeat purchase
_COLOURS = (_draw.BLUE, _draw.ORANGE)
# In a stored notebook the picture stands alone. Where JupyterLab shows the widget itself, the picture makes room; and where
# JupyterLab would write that it has no such widget any more, it writes nothing.
_STYLE = (
    "<style>.jp-OutputArea-child:has(.crmlab-alive-at-rest):has(+ .jp-OutputArea-child .crmlab-alive),"
    ".jp-OutputArea-child:has(.crmlab-alive-at-rest) + .jp-OutputArea-child:not(:has(.crmlab-alive))"
    "{display:none}</style>"
)


def alive(
    fit: btyd.PurchaseFit, beside: btyd.PurchaseFit | None = None, *, purchases: Sequence[int] = (4, 9, 14, 20, 26),
    weeks: int = 78,
) -> AnyWidget:  # fmt: skip
    """One customer's purchases on a line of weeks, and the chance that he is still a customer, week by week.

    Click on the line to add a purchase, click on a purchase to take it away, or pull it elsewhere. By keyboard: Tab to the
    line, arrow keys for a week, Page Up and Page Down for ten, Home and End for the first and the last, Enter or the space bar
    to add or take away a purchase in that week. The first purchase of all, in week 0, stays.

    Parameters
    ----------
    fit : btyd.PurchaseFit
        BG/NBD, MBG/NBD or Pareto/NBD, without covariates.
    beside : btyd.PurchaseFit, optional
        Another one, drawn as a second curve that can be switched off.
    purchases : list of int
        The weeks in which he bought again, from 1 to ``weeks``, each at most once, to begin with.
    weeks : int
        From the first purchase to today, 10 to 260.

    Returns
    -------
    AnyWidget
        Shows itself as the last line of a cell. ``.purchases`` are the weeks now, also after a reader has changed them;
        ``.table`` has a row for each model: ``model``, ``p_alive`` today, ``purchases_if_alive`` and ``purchases`` in the
        next 52 weeks. ``.history`` has a row for each week and a column for each model: P(alive) with what was known then.

    Raises
    ------
    ArgumentError
        A fit of another kind, or weeks out of range.

    Examples
    --------
    >>> from crmlab import btyd, datasets, widgets
    >>> fit = btyd.fit_bgnbd(btyd.purchase_summary(datasets.load("cdnow"), until="1997-09-30"))
    >>> shown = widgets.alive(fit, purchases=[4, 9, 14, 20, 26], weeks=65)
    >>> round(float(shown.table.p_alive[0]), 2)
    0.1
    >>> shown.purchases = [4, 9, 14, 20, 26, 60]
    >>> round(float(shown.table.p_alive[0]), 2)
    0.85

    References
    ----------
    Fader, Hardie & Lee (2008), Computing P(alive) using the BG/NBD model; Schmittlein, Morrison & Colombo (1987), Counting
    your customers, Management Science 33(1).
    """
    weeks = _check.integer("weeks", weeks, 10, 260)
    fits = [_checked("fit", fit)] + ([] if beside is None else [_checked("beside", beside)])
    if len(fits) == 2 and fits[0].name == fits[1].name:
        raise ArgumentError(f"both fits are {fits[0].name}; `beside` must be of another model, or left out.")
    return _alive_class()(fits, _weeks(purchases, weeks), weeks)


def _checked(name: str, fit: object) -> btyd.PurchaseFit:
    if not isinstance(fit, btyd.PurchaseFit) or fit.covariates or fit.model.unit != "weeks":
        raise ArgumentError(
            f"`{name}` must be a fit of purchases in weeks, without covariates, e.g. `btyd.fit_bgnbd(summary)`."
        )
    return fit


def _weeks(purchases: object, weeks: int) -> list[int]:
    """Weeks with a purchase after the first, each once; their order is kept, so that a hand can hold one of them."""
    try:
        found = [int(week) for week in purchases if week == int(week)]
        good = len(found) == len(purchases) == len(set(found)) and all(1 <= week <= weeks for week in found)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ArgumentError(f"`purchases` must be whole weeks from 1 to {weeks}, each once; it is {purchases!r}.")
    return found


def _histories(purchases: Sequence[int], weeks: int, each: int = 1) -> pd.DataFrame:
    """What was known of the customer at the end of each week (or ``each`` part of one), from 0 to today."""
    age, bought = np.arange(weeks * each + 1) / each, np.sort([0, *purchases])
    x = np.searchsorted(bought, age, side="right") - 1
    return pd.DataFrame({"frequency": x, "recency_weeks": bought[x], "age_weeks": age})


def _history(fits: Sequence[btyd.PurchaseFit], purchases: Sequence[int], weeks: int, each: int = 1) -> pd.DataFrame:
    known = _histories(purchases, weeks, each)
    return pd.DataFrame({"week": known.age_weeks} | {fit.name: fit.p_alive(known) for fit in fits})


def _now(fits: Sequence[btyd.PurchaseFit], purchases: Sequence[int], weeks: int) -> pd.DataFrame:
    today = _histories(purchases, weeks).tail(1)
    rows = [fit.predict(today, _AHEAD).iloc[0] for fit in fits]
    return pd.DataFrame({
        "model": [fit.name for fit in fits],
        "p_alive": [row.p_alive for row in rows],
        "purchases_if_alive": [_ahead(fit, weeks)[today.frequency.iloc[0]] for fit in fits],
        "purchases": [row.purchases for row in rows],
    })  # fmt: skip


def _ahead(fit: btyd.PurchaseFit, weeks: int) -> np.ndarray:
    """Purchases in the time ahead of a customer who is alive today, by how many repeat purchases he has made."""
    x = np.arange(weeks + 1)
    busy = pd.DataFrame({"frequency": x, "recency_weeks": np.where(x > 0, weeks, 0), "age_weeks": weeks})
    found = fit.predict(busy, _AHEAD)
    return (found.purchases / found.p_alive).to_numpy()


# -- The page ---------------------------------------------------------------------------------------------------


def _finding(now: pd.Series, silent: int) -> str:
    silence = {0: "Just after a purchase", 1: "After a silent week"}.get(silent, f"After {silent} silent weeks")
    return (
        f"{silence} he is still there with a chance of {100 * now.p_alive:.1f} %: "
        f"{now.purchases:.2f} purchases to expect in {_AHEAD} weeks"
    )


def _page(fits: Sequence[btyd.PurchaseFit], purchases: Sequence[int], weeks: int) -> dict[str, object]:
    """Everything that alive.js reads, as plain lists."""
    return {
        "weeks": weeks,
        "ahead": _AHEAD,
        "start": list(purchases),
        "models": [
            {
                "name": fit.name,
                "chances": _CHANCES.get(fit.model.key),  # none: he may die at any moment
                "params": fit.params.tolist(),
                "ahead": _ahead(fit, weeks).tolist(),
                "colour": colour,
            }
            for fit, colour in zip(fits, _COLOURS, strict=False)
        ],
        "colours": {"ink": _draw.INK, "pale": _draw.PALE, "grid": _draw.GRID, "focus": _draw.BLUE},
    }


def _picture(fits: Sequence[btyd.PurchaseFit], purchases: Sequence[int], weeks: int) -> tuple[str, str]:
    """The chances at rest, for whoever has no kernel: HTML and alt text."""
    import matplotlib.pyplot as plt

    now, last = _now(fits, purchases, weeks), max(purchases, default=0)
    told = "; ".join(f"{row.model} {100 * row.p_alive:.1f} %" for row in now.itertuples())
    bought = f"Purchases in weeks {', '.join(map(str, sorted([0, *purchases])))}"
    ax = _draw.curves(
        _history(fits, purchases, weeks, 7).set_index("week"),
        title=_finding(now.iloc[0], weeks - last),
        x="weeks since the first purchase, up to today",
        y="chance that he is still a customer",
        share=("y",),
        alt=f"A line that falls in silence and rises with each purchase. {bought}; today: {told}.",
    )
    ax.plot([0, *purchases], [0] * (len(purchases) + 1), "o", color=_draw.INK, markersize=7, label="a purchase", clip_on=False)
    ax.set_ylim(0, 1.04)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.04))
    figure = ax.figure
    html, alt = _draw.html(figure), figure.alt
    plt.close(figure)
    return html, alt


@cache
def _alive_class() -> type[AnyWidget]:
    """The widget; it is made when the first is wanted, since ipywidgets is slow to import."""
    import traitlets
    from anywidget import AnyWidget
    from IPython.display import display

    class Alive(AnyWidget):
        """The weeks with a purchase now, and what follows from them; the page moves by itself."""

        _esm = Path(__file__).with_name("alive.js")
        data = traitlets.Dict(read_only=True).tag(sync=True)
        purchases = traitlets.List().tag(sync=True)

        def __init__(self, fits: Sequence[btyd.PurchaseFit], purchases: list[int], weeks: int) -> None:
            self._fits, self._today = fits, weeks
            self._html, self._alt = _picture(fits, purchases, weeks)
            self.set_trait("data", _page(fits, purchases, weeks))
            super().__init__(purchases=purchases)

        @traitlets.validate("purchases")
        def _within_reach(self, proposal: dict) -> list[int]:
            return _weeks(proposal["value"], self._today)

        @property
        def table(self) -> pd.DataFrame:
            """``model, p_alive, purchases_if_alive, purchases``, today."""
            return _now(self._fits, self.purchases, self._today)

        @property
        def history(self) -> pd.DataFrame:
            """``week``, and P(alive) by each model with what was known then."""
            return _history(self._fits, self.purchases, self._today)

        def __repr__(self) -> str:
            return self._alt

        def _outputs(self) -> list[dict[str, object]]:
            """The picture, and the widget itself."""
            hint = "<p>Run this cell (Shift + Enter) to add and move purchases.</p>"
            at_rest = f'{_STYLE}<div class="crmlab-alive-at-rest">{self._html}{hint}</div>'
            view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
            return [
                {"text/html": at_rest, "text/plain": self._alt},
                {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""},
            ]

        def _ipython_display_(self) -> None:
            for output in self._outputs():
                display(output, raw=True)

    return Alive
