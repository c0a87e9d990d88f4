"""A silent customer: put purchases on a line of weeks, and see how likely they are still there.

It reads a fitted model of customers without contract, or two of them to compare. ``alive_model`` holds the numbers and
``alive_view`` the widget; the page, ``alive.js``, does the sums of ``btyd`` in the browser, so that everything moves at once
and without Python, and the tests hold the two together. How a model is fitted, and what its numbers mean, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmlab import _check, btyd
from crmlab.errors import ArgumentError
from crmlab.widgets.alive_model import DROPOUTS_BEFORE, AliveModel

if TYPE_CHECKING:
    from crmlab.widgets.alive_view import Alive


def alive(
    fit: btyd.PurchaseFit, beside: btyd.PurchaseFit | None = None, *, purchases: Sequence[int] = (4, 9, 14, 20, 26),
    weeks: int = 78,
) -> Alive:  # fmt: skip
    """Show one customer's purchases on a line of weeks, and the chance that they are still a customer, week by week.

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
        The weeks in which they bought again, from 1 to ``weeks``, each at most once, to begin with.
    weeks : int
        From the first purchase to today, 10 to 260.

    Returns
    -------
    Alive (an AnyWidget)
        Shows itself as the last line of a cell. ``.purchases`` are the weeks now, also after a reader has changed them;
        ``.table`` has a row for each model: ``model``, ``p_alive`` today, ``purchases_if_alive`` and ``purchases`` in the
        next 52 weeks. ``.history`` has a row for each week and a column for each model: P(alive) with what was known then.

    Raises
    ------
    ArgumentError
        A fit of another model, with covariates or not in weeks; both of one model; or weeks out of range.

    References
    ----------
    Fader, Hardie & Lee (2008), Computing P(alive) using the BG/NBD model; Schmittlein, Morrison & Colombo (1987), Counting
    your customers, Management Science 33(1).

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
    """
    weeks = _check.integer("weeks", weeks, 10, 260)
    fits = [_check_fit("fit", fit)] + ([] if beside is None else [_check_fit("beside", beside)])
    if len(fits) == 2 and fits[0].name == fits[1].name:
        raise ArgumentError(f"both fits are {fits[0].name}; `beside` must be of another model, or left out.")
    from crmlab.widgets.alive_view import Alive  # anywidget is slow to import

    return Alive(AliveModel(tuple(fits), weeks), purchases)


def _check_fit(name: str, fit: object) -> btyd.PurchaseFit:
    if not isinstance(fit, btyd.PurchaseFit) or fit.covariates or fit.model.unit != "weeks":
        raise ArgumentError(
            f"`{name}` must be a fit of purchases in weeks, without covariates, e.g. `btyd.fit_bgnbd(summary)`."
        )
    if fit.model.key not in DROPOUTS_BEFORE:
        raise ArgumentError(
            f"`{name}` is {fit.name}, whose chances the page cannot compute; it knows {', '.join(DROPOUTS_BEFORE)}. Draw this "
            "one with `btyd.plot_alive_history(btyd.alive_history(fit, days, until=...))`."
        )
    return fit
