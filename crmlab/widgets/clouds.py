"""Clouds: a bet on which groups are real, and which a method has cut out of noise.

Clouds of customers, each coloured by its segments, lie side by side with their silhouettes. The reader stakes coins on "real"
or "noise" for each; then other customers of the same kinds are drawn and segmented, and the colours follow. Groups that are
there keep their colours, noise recolours. Clouds come from ``segmentation.simulate_clouds``; the page, ``clouds.js``, shows
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crmlab import _check
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from crmlab.widgets.clouds_view import Clouds


def clouds(table: pd.DataFrame, *, coins: int = 10, key: str = "") -> Clouds:
    """Show coloured clouds of customers to bet on: which groups are real, and which are noise?

    All coins are staked first, each on one side of one cloud. Then *resample* colours the customers by the segments of other
    customers from the same source; a ring marks who has another colour than at first. At the end stands the truth: a coin on
    the right side wins one, on the wrong side it is lost.

    Parameters
    ----------
    table : DataFrame
        What ``segmentation.simulate_clouds`` returns (``tables.describe("segment_clouds")``): 2 to 9 clouds, at most 4 segments
        and 2,000 customers in all.
    coins : int
        How many there are to stake, at most 50.
    key : str
        Lesson and question, such as "03/noise", under which the stakes and what they won are kept; without it, the question
        itself.

    Returns
    -------
    Clouds (an AnyWidget)
        ``.table`` says of each cloud what it is, its silhouette and how many keep their colour; ``.commitment`` is what was
        staked and won, empty before; ``.title`` says what is seen.

    Raises
    ------
    DataError
        The table has not the columns and values that are described, a cloud has not the same customers each time, or all are
        real, or all noise.
    ArgumentError
        ``key`` is no text, or ``coins`` is outside its range.

    Notes
    -----
    The mean silhouette says how far groups lie apart, which slices of a ring do, too. That groups come back in other samples is
    necessary, not sufficient: customers who differ by degree only can be cut in the same places again and again.

    References
    ----------
    Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20, 53-65. Dolnicar, Grün & Leisch (2018),
    Market Segmentation Analysis, chapter 7, for what stability says and does not say.

    Examples
    --------
    >>> from crmlab import segmentation, widgets
    >>> shown = widgets.clouds(segmentation.simulate_clouds(seed=1))
    >>> shown.title
    '5 clouds, cut into groups: which groups are real?'
    >>> shown.table.source.tolist()
    ['noise', 'real', 'real', 'noise', 'noise']
    >>> shown.values = {"stakes": [-3, 4, 0, 0, 3], "draw": 6, "truth": 1}
    >>> shown.title
    'The groups of B and C are real, the others were cut out of noise. Of your 10 coins 7 lay right'
    """
    if not isinstance(key, str):
        raise ArgumentError(f"`key` must be a text; it is {key!r}.")
    coins = _check.integer("coins", coins, 1, 50)
    from crmlab.widgets.clouds_model import question, read_clouds

    read = read_clouds(table)
    from crmlab.widgets.clouds_view import Clouds  # anywidget is slow to import

    return Clouds(read, coins, key or question(read))
