"""Laboratory: for which firms a claim is true, and what it comes to in a firm of the reader's own.

A claim such as "five more of loyalty, 25 to 95 per cent more profit" names none of the numbers that decide it: margin,
retention, discount, what it costs to win a customer, and how the sentence is read. Here they can be moved. The arithmetic is
that of ``claims.change_of_profit``, which the page, ``laboratory.js``, repeats; what sources claim, and where an industry
stands, is the caller's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from crmlab.widgets.laboratory_view import Laboratory


def laboratory(
    claims: pd.DataFrame, industries: pd.DataFrame, *, margin: float = 0.2, retention: float = 0.8, annual_rate: float = 0.12,
    acquisition_cost: float = 0.0, key: str = "",
) -> Laboratory:  # fmt: skip
    """Show on the plane of retention and margin where a claim is true, with industries as dots and a firm of one's own.

    Sliders move the reader's firm (it can be pulled in the chart, too), the discount rate and the cost to win a customer;
    choices change the claim and how it is read: points or per cent, an average customer's value or the firm's profit.

    Parameters
    ----------
    claims : DataFrame
        ``claim, driver, change, industry, low, high``, as ``tables.describe("claimed_effects")`` says; the first row is shown
        first. Rows of one claim differ in the industry of which it is said ("all", or one of ``industries``).
    industries : DataFrame
        ``industry, margin, retention``: where each stands, as shares.
    margin : float
        Of the reader's firm to begin with: of what a customer pays in a year, what is left after serving them; a share.
    retention : float
        Of the reader's firm: the share of customers who stay another year.
    annual_rate : float
        The discount rate, at most 0.3.
    acquisition_cost : float
        What it costs to win a customer, in shares of what they pay in a year; at most 3.
    key : str
        Lesson and question, such as "08/true", under which it is kept that the reader made the first claim true to the full:
        that they found a firm where it brings what lies in the upper tenth of its range. Without it there is no such task.

    Returns
    -------
    Laboratory (an AnyWidget)
        ``.change`` is what the change comes to in the reader's firm, as a share; ``.picture`` what is shown, as a ``Chart``;
        ``.commitment`` the firm that made the claim true, empty before.

    Raises
    ------
    DataError
        A table has not the columns and values that are described, a claim's ``low`` is not below its ``high``, it is said of an
        industry that is not among ``industries``, or the name of one has more than 16 letters.
    ArgumentError
        A number lies beyond its slider, or the first claim is true to the full before anything was moved.

    Notes
    -----
    With nothing paid to win a customer the margin cancels from what retention does, and retention from what cost does: the
    region is a strip.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18. Reichheld & Sasser (1990),
    Zero defections: quality comes to services, Harvard Business Review 68(5), 105-111, for the claim.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> claims = pd.DataFrame({"claim": ["five more of loyalty"], "driver": ["retention"], "change": [0.05],
    ...                        "industry": ["all"], "low": [0.25], "high": [0.95]})
    >>> industries = pd.DataFrame({"industry": ["retail"], "margin": [0.1], "retention": [0.6]})
    >>> shown = widgets.laboratory(claims, industries)
    >>> shown.title
    'Retention from 80 to 85 %: an average customer is worth 25.9 % more. Claimed: 25 to 95 %, true here'
    >>> shown.values = shown.values | {"unit": 1}
    >>> shown.title
    'Retention from 80 to 84 %: an average customer is worth 20.0 % more. Claimed: 25 to 95 %, too much here'
    """
    from crmlab.widgets.laboratory_model import laboratory_model

    firm = {"margin": margin, "retention": retention, "annual_rate": annual_rate, "acquisition_cost": acquisition_cost}
    model = laboratory_model(claims, industries, firm, key)
    from crmlab.widgets.laboratory_view import Laboratory  # anywidget is slow to import

    return Laboratory(model)
