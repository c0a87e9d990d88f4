"""The RATER radar: pull perceived quality along its dimensions, and read off what follows.

It reads one row for each dimension (what is expected, what is perceived, how much it weighs) and, if there is one, the
what-if grid of the firm. ``radar_model`` holds the numbers and ``radar_view`` the widget; the page, ``radar.js``, does the
same sums in the browser, so that everything moves at once and without Python, and the tests hold the two together. Where
levels come from (a survey) and how a firm answers to a change are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from crmlab.widgets.radar_model import effect, radar_model

if TYPE_CHECKING:
    from crmlab.widgets.radar_view import Radar


def radar(levels: pd.DataFrame, grid: pd.DataFrame | None = None, *, cost: str | float = "usual") -> Radar:
    """Show a radar of expected and perceived quality whose handles can be pulled.

    Each handle moves the perceived quality of one dimension, by mouse, by touch, or by key: Tab to a handle, arrow keys
    for a tenth of a point, Page Up and Page Down for half a point, Home for back to where it is. The effects stand in
    ``radar_effect``.

    Parameters
    ----------
    levels : DataFrame
        One row for each of 3 to 8 dimensions: ``dimension``; ``expected`` and ``perceived``, means from 1 to 7; ``weight``,
        the weights sum to 1.
    grid : DataFrame, optional
        As ``datasets.load("what_if")`` brings it or ``world.sweep`` returns it, with a cause for each dimension. Without
        it the radar shows gaps only.
    cost : "usual" or float
        What a better dimension costs: by the firm's own curve, or so much for each customer, month and point; 0 for
        nothing. What is let down saves by the same rule.

    Returns
    -------
    Radar (an AnyWidget)
        Shows itself as the last line of a cell. ``.values`` is what is perceived now, in the order of the dimensions, also
        after a reader has pulled; ``.table`` holds the levels with ``changed`` and the gaps, ``.effect`` the effects there.

    Raises
    ------
    DataError
        Columns are missing or hold something else, the weights do not sum to 1, or the grid does not know a dimension.
    ArgumentError
        ``cost`` is neither "usual" nor a number of at least 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import datasets, widgets
    >>> levels = pd.DataFrame({
    ...     "dimension": ["reliability", "assurance", "tangibles", "empathy", "responsiveness"],
    ...     "expected": [5.7, 5.5, 5.2, 5.1, 5.5],
    ...     "perceived": [5.4, 5.5, 5.5, 5.1, 5.0],
    ...     "weight": [0.30, 0.16, 0.11, 0.16, 0.27],
    ... })
    >>> shown = widgets.radar(levels, datasets.load("what_if"))
    >>> shown.values = [5.9, 5.5, 5.5, 5.1, 5.0]
    >>> shown.table.changed.tolist()
    [5.9, 5.5, 5.5, 5.1, 5.0]
    """
    from crmlab.widgets.radar_view import Radar  # anywidget is slow to import

    return Radar(radar_model(levels, grid, cost))


def radar_effect(
    levels: pd.DataFrame, grid: pd.DataFrame | None, values: Sequence[float], *, cost: str | float = "usual"
) -> pd.DataFrame:
    """Compute what follows if the dimensions are perceived at other levels: the numbers beside the radar.

    A dimension perceived x points better is the cause of the same name changed by x. Between two amounts of the grid the
    effect runs straight. Effects of several dimensions are added firm by firm, which is an approximation: in the firm one
    improvement may take away from another, or add to it. The interval is Student's over the firms of the grid.

    Parameters
    ----------
    levels, grid, cost
        As in ``radar``; ``grid`` may be None.
    values : list of float
        Perceived quality, one number for each row of ``levels``, within the scale and the amounts of the grid.

    Returns
    -------
    DataFrame
        ``measure, now, changed, difference, low, high``, one row for each measure. ``weighted_gap`` is the sum of
        weight x (perceived - expected). With a grid follow ``satisfaction`` (points), ``leaving`` (share of customers who
        leave within the months of the grid) and ``profit`` (a year, after the cost of the change); without one ``gap``, the
        plain mean. Gaps have no interval.

    Raises
    ------
    DataError
        As ``radar``.
    ArgumentError
        As ``radar``, or ``values`` are not one number within reach for each dimension.

    References
    ----------
    Parasuraman, Zeithaml & Berry (1988), SERVQUAL, Journal of Retailing 64(1), for the weighted gap.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> levels = pd.DataFrame({
    ...     "dimension": ["speed", "taste", "price"], "expected": [6, 5, 5], "perceived": [5, 5, 4], "weight": [0.5, 0.3, 0.2],
    ... })
    >>> effect = widgets.radar_effect(levels, None, [6, 5, 4]).set_index("measure")
    >>> [round(float(gap), 2) for gap in effect.loc["weighted_gap", ["now", "changed", "difference"]]]
    [-0.7, -0.2, 0.5]
    """
    return effect(radar_model(levels, grid, cost), values)
