"""Clicks: a proud model, and what is left of it when it is tested honestly, click by click.

Each click takes one piece of dishonesty away, such as columns that are known only afterwards, or a test on the same months.
The reader guesses what is left before each of them. The numbers come as a plain table, from ``development`` or from anybody;
the page, ``clicks.js``, shows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from crmlab.widgets.clicks_view import Clicks


def clicks(steps: pd.DataFrame, curves: pd.DataFrame | None = None, *, curve: str = "roc", key: str = "") -> Clicks:
    """Show what a model's AUC becomes as its test becomes more honest; each step is guessed before it is seen.

    The model with the highest AUC at the first step is the one that is guessed; others stand beside it, so that it is seen if
    one overtakes it. At the end there is a table of all steps with the guesses.

    Parameters
    ----------
    steps : DataFrame
        ``step, label, model, auc, low, high``: 2 to 6 steps, the proudest first, and 1 to 3 models, each at every step
        (``tables.describe("honest_steps")``).
    curves : DataFrame, optional
        ``step, model, x, y``: points of a curve from (0, 0) to (1, 1) for each row of ``steps``
        (``tables.describe("honest_curves")``).
    curve : "roc" or "gains"
        What the curves are.
    key : str
        Lesson and question, such as "04/honest", under which the guesses are kept; without it, the question itself.

    Returns
    -------
    Clicks (an AnyWidget)
        ``.values`` holds the guesses so far; ``.table`` the steps with AUCs and guesses; ``.title`` what is seen;
        ``.commitment`` all guesses, empty before the last.

    Raises
    ------
    DataError
        A column is missing, an AUC lies outside 0 to 1 or its interval, a step has two labels or lacks a model, there are too
        many or too few, or a curve is missing, falls, or does not go from (0, 0) to (1, 1).
    ArgumentError
        ``curve`` is neither of the two, or ``key`` is no text.

    Notes
    -----
    That a model is ahead of another one is said only where their intervals do not overlap. This is careful: both are tested on
    the same cases, so that the difference is known better than that.

    References
    ----------
    Kaufman, Rosset, Perlich & Stitelman (2012), Leakage in Data Mining, ACM Transactions on Knowledge Discovery from Data 6(4).

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> steps = pd.DataFrame({
    ...     "step": [1, 1, 2, 2], "label": ["all columns"] * 2 + ["only what was known"] * 2, "model": ["trees", "logit"] * 2,
    ...     "auc": [0.93, 0.88, 0.63, 0.7], "low": [0.91, 0.86, 0.6, 0.67], "high": [0.95, 0.9, 0.66, 0.73],
    ... })
    >>> shown = widgets.clicks(steps)
    >>> shown.title
    'All columns: trees has an AUC of 0.93'
    >>> shown.values = {"guesses": [0.85]}
    >>> shown.title
    'Of 0.93 there is 0.63 left: trees is overtaken by logit, 0.70'
    """
    from crmlab.widgets.clicks_model import clicks_model

    model = clicks_model(steps, curves, curve, key)
    from crmlab.widgets.clicks_view import Clicks  # anywidget is slow to import

    return Clicks(model)
