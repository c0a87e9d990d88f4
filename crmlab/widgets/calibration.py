"""Calibration: of what a reader was 80 % sure of, how much came true.

It reads the reader's journal. The page, ``calibration.js``, counts and draws, because it must do so without a kernel, too;
what was asked and what was right is known where the question stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlab.widgets.chart import Axis, Chart

if TYPE_CHECKING:
    from crmlab.widgets.calibration_view import Calibration


def calibration() -> Calibration:
    """Show how sure the reader was of their decisions, and how often they were right.

    A decision counts as right if no other choice did better in the twin firms, as far as they can tell. Of several decisions
    on one question the last one counts. Below ten decisions nothing is claimed.

    Returns
    -------
    Calibration (an AnyWidget)
        ``.entries`` is the reader's journal; ``.table`` the decisions.

    References
    ----------
    Lichtenstein, Fischhoff & Phillips (1982), Calibration of probabilities, in Kahneman, Slovic & Tversky, Judgment under
    Uncertainty; Wilson (1927) for the intervals.

    Examples
    --------
    >>> from crmlab import widgets
    >>> widgets.calibration()
    How sure you were of your decisions, and how often they came true.
    """
    from crmlab.widgets.calibration_view import Calibration  # anywidget is slow to import

    return Calibration(_empty())


def _empty() -> Chart:
    x = Axis("how sure you were", 45, 105, unit=" %", decimals=0)
    y = Axis("came true, in per cent", 0, 100, unit=" %", decimals=0)
    words = "How sure you were of your decisions, and how often they came true"
    return Chart(words, x, y, alt="A line where both are equal.").line([50, 100], [50, 100], name="as sure as right",
                                                                       colour="pale", dashed=True)  # fmt: skip
