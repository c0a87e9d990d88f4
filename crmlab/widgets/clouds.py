"""Clouds: a bet on which groups are real, and which a method has cut out of noise.

Five clouds of customers, each coloured by k-means, lie side by side with their silhouettes. The reader stakes coins on "real"
or "noise" for each; then other customers of the same kinds are drawn and grouped, and the colours follow. Groups that are
there keep their colour, what was noise recolours. Clouds and draws are made by ``clouds_model``; the page, ``clouds.js``,
shows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlab import _check
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from crmlab.widgets.clouds_view import Clouds


def clouds(*, key: str = "", coins: int = 10, seed: int) -> Clouds:
    """Show five coloured clouds of customers to bet on: which groups are real, and which are noise?

    All coins are staked first, each on one side of one cloud. Then *resample*, up to eight times, draws as many new customers
    from where each cloud came from, groups them in the same way, and colours the customers in the picture by the new groups.
    A ring marks who has another colour than at first. At the end stands the truth: a coin on the right side wins one, on the
    wrong side it is lost.

    Parameters
    ----------
    key : str
        Lesson and question, such as "03/noise", under which the stakes and what they won are kept; without it,
        the question itself.
    coins : int
        How many there are to stake, at most 50.
    seed : int
        Of the customers that are drawn.

    Returns
    -------
    Clouds (an AnyWidget)
        ``.table`` says of each cloud what it is, its silhouette and how many keep their colour; ``.commitment`` is what was
        staked and won, empty before; ``.title`` says what is seen.

    Raises
    ------
    ArgumentError
        ``key`` is no text, or a number is outside its range.

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
    >>> from crmlab import widgets
    >>> shown = widgets.clouds(seed=3)
    >>> shown.table[["cloud", "source"]].values.tolist()
    [['A', 'noise'], ['B', 'real'], ['C', 'noise'], ['D', 'noise'], ['E', 'real']]
    >>> shown.values = {"stakes": [-3, 4, 0, 0, 3], "draw": 0, "truth": 0}
    >>> shown.title
    'Five clouds, cut into groups: which groups are real?'
    """
    if not isinstance(key, str):
        raise ArgumentError(f"`key` must be a text; it is {key!r}.")
    coins, seed = _check.integer("coins", coins, 1, 50), _check.integer("seed", seed, 0)
    from crmlab.widgets.clouds_model import QUESTION, make_clouds  # what forms segments is slow, too
    from crmlab.widgets.clouds_view import Clouds  # anywidget is slow to import

    return Clouds(make_clouds(seed), coins, key or QUESTION)
