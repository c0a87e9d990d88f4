"""Weights: three parts of a customer's value, how much each counts, and who is then at the top.

A handle in a triangle shares a hundred per cent among three indicators, and a ranked list of customers follows. How much the
weights decide shows in how many of the reader's first list stay. Customers are put in order as by
``segmentation.value_score``; the page, ``weights.js``, does the same. Where indicators come from is the caller's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from crmlab.widgets.weights_view import Weights


def weights(
    indicators: pd.DataFrame, *, labels: Sequence[str] = ("now", "later", "friends"), top: int = 60, shown: int = 20,
    key: str = "",
) -> Weights:  # fmt: skip
    """Show a triangle of weights that moves a ranked list of customers.

    The handle is pulled by mouse or touch; by key three sliders move it, which always add up to 100 %: what one gains, the
    others lose in proportion. The reader can keep their first list; from then on, or from equal weights without one, the title
    says how many of it stay.

    Parameters
    ----------
    indicators : DataFrame
        ``customer_id``, three numeric columns, more being better, and ``name``, if customers are shown by one; at most 1,000
        rows. ``segmentation.value_indicators(...).table`` has this form.
    labels : sequence of str
        What the three columns are called, in their order; at most 12 letters each.
    top : int
        How many customers are the best.
    shown : int
        How many of them the list shows.
    key : str
        Lesson and question, such as "03/weights", under which the weights of the first list are kept; without it, a
        question in general words.

    Returns
    -------
    Weights (an AnyWidget)
        ``.values`` are the weights now, in per cent; ``.table`` holds the customers at the top, with their first places;
        ``.stay`` says how many of the first list are still there; ``.commitment`` holds its weights, empty before.

    Raises
    ------
    DataError
        A column is missing or no number, an indicator is an identifier or a date, a customer stands twice, a name is missing,
        there are not three indicators, too many rows, or no more than ``top``.
    ArgumentError
        ``labels`` are not three texts, ``shown`` is more than ``top``, or another argument is of the wrong kind.

    Notes
    -----
    The score is the weighted mean of shares of rank, so that neither units nor single large amounts decide. Of equal scores the
    smaller ``customer_id`` comes first.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> indicators = pd.DataFrame({
    ...     "customer_id": [1, 2, 3, 4], "name": ["Ann", "Bo", "Cy", "Di"],
    ...     "current": [90.0, 70.5, 20.0, 5.0], "potential": [10.0, 60.5, 80.0, 70.0], "referral": [0.0, 5.0, 0.0, 40.5],
    ... })
    >>> shown = widgets.weights(indicators, top=2, shown=2)
    >>> shown.table.name.tolist()
    ['Bo', 'Di']
    >>> shown.values = [100, 0, 0]
    >>> shown.table.name.tolist(), shown.stay
    (['Ann', 'Bo'], 1)
    """
    from crmlab.widgets.weights_model import weights_model

    model = weights_model(indicators, labels, top, shown, key)
    from crmlab.widgets.weights_view import Weights  # anywidget is slow to import

    return Weights(model)
