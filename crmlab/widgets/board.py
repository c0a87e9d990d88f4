"""Board: open deals at their stages, to be moved by hand, and what the quarter will bring, as a distribution.

The reader commits to a number of their own first. Then the page shows, for every move, the whole distribution of the value
won, and how likely it is to reach a number. Chances come from a table (``development`` makes one from a firm's past, and so
can anybody); the page, ``board.js``, does the sums of ``board_forecast``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from crmlab import tables

if TYPE_CHECKING:
    from crmlab.widgets.board_view import Board


def board(
    deals: pd.DataFrame, chances: pd.DataFrame, *, stages: Sequence[str] = tables.STAGES, period: str = "this quarter",
    unit: str = "", key: str = "",
) -> Board:  # fmt: skip
    """Show a pipeline as a board of cards, and the distribution of what it will bring.

    A card is pulled to another stage by mouse or touch, or moved by the arrow keys; a deal can be marked won, lost or dropped.
    Nothing of the forecast is seen until the reader has set a number of their own; afterwards the same slider moves the number
    to reach, and everything follows at once.

    Parameters
    ----------
    deals : DataFrame
        ``deal_id, name, stage, expected_value, age_days`` (days at the present stage), one row each, at most 80
        (``tables.describe("board_deals")``).
    chances : DataFrame
        ``stage, chance``: the share of deals at that stage that is won within the period; with ``age_from_days``, if the
        chance depends on how long a deal has been there: each row then holds from that age on
        (``tables.describe("stage_chances")``).
    stages : sequence of str
        In their order; 2 to 12.
    period : str
        What is forecast: "this quarter".
    unit : str
        Written behind values, such as " €".
    key : str
        Lesson and question, such as "04/quarter", under which the reader's number is kept; without it, the question itself.

    Returns
    -------
    Board (an AnyWidget)
        ``.values`` says where the deals stand and what is to be reached; ``.table`` the same as a table, with chances;
        ``.forecast`` holds the distribution; ``.commitment`` the reader's first number, empty before.

    Raises
    ------
    DataError
        A column is missing; a deal has no value, a stage that is not known, or an id that another one has; there are too many
        deals, or none of any value; a chance lies outside 0 to 1, or a stage has none.
    ArgumentError
        ``stages`` are not different texts, or another argument is no text.

    Notes
    -----
    Deals are won or lost independently of one another, and chances are taken as known: a good or bad year for all, or chances
    from few deals, would scatter the sum more. Values are convolved on a grid: exactly, if they have a common step that goes
    at most 50,000 times into their sum, else rounded to a fifty thousandth of it. A deal that was moved has been at its new
    stage for 0 days. Losing a deal changes nothing for the others.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> deals = pd.DataFrame({
    ...     "deal_id": [1, 2, 3], "name": ["Ann Ltd", "Bo & Co", "Cy"], "stage": ["talk", "offer", "offer"],
    ...     "expected_value": [500.0, 200.0, 300.0], "age_days": [3, 10, 90],
    ... })
    >>> chances = pd.DataFrame({"stage": ["talk", "offer"], "chance": [0.2, 0.5]})
    >>> shown = widgets.board(deals, chances, stages=("talk", "offer"))
    >>> shown.title
    '3 open deals, 1,000 in all: what will this quarter bring?'
    >>> shown.values = {"places": [0, 2, 1], "commit": 500}
    >>> shown.title.replace("\\xa0", " ")
    'Chance that you reach 500 this quarter: 60 %'
    >>> shown.facts[0].replace("\\xa0", " ")
    'Value won: mean 450, 80 % prediction interval 200 to 700.'
    """
    from crmlab.widgets.board_model import board_model

    model = board_model(deals, chances, stages, period=period, unit=unit, key=key)
    from crmlab.widgets.board_view import Board  # anywidget is slow to import

    return Board(model)
