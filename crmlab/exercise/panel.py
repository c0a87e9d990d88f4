"""The panel: a question answered by controls and a box, without code.

``panel`` shows, for one question, the table that it needs with controls to filter, group and measure it, and an answer box
with its unit. What is typed there is recorded as ``answer`` would record it, and stays in the outputs of the notebook, where
the grader reads it. How a table is filtered is known to ``pivot``, how the page looks to ``panel_view`` and ``panel.js``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pandas as pd

from crmlab._result import Summary
from crmlab.errors import DataError
from crmlab.exercise import desk as _desk
from crmlab.exercise.desk import PANELS, Desk
from crmlab.exercise.worked import of_practice

if TYPE_CHECKING:
    from crmlab.exercise.panel_view import Panel

__all__ = ["panel", "panel_table"]


def panel(name: str) -> Panel | Summary:
    """Show a question with controls and an answer box: everything it takes to answer it without code.

    Parameters
    ----------
    name : str
        Of the question, such as "q1".

    Returns
    -------
    Panel (an AnyWidget)
        Shows itself as the last line of a cell. Where nobody looks (a master that is run, a submission that is graded) it is
        a line of text.

    Raises
    ------
    ArgumentError
        There is no such question, or no exercise is open.
    DataError
        The table of the panel is missing or damaged.

    Examples
    --------
    >>> from crmlab import exercise
    >>> _ = exercise.start("01_relationship")
    >>> exercise.panel("memo")
    The answer box of memo. Run this cell (Shift + Enter) to see it.
    """
    desk = _desk.open_desk()
    question = desk.question_or_any(name)
    if question.kind == "any" or "CRMLAB_ANSWERS" in os.environ:
        return Summary(f"Here students see the controls and the answer box of {name}")
    from crmlab.exercise.panel_view import Panel  # anywidget is slow to import

    return Panel(desk, question, panel_table(desk, name))


def panel_table(desk: Desk, name: str) -> pd.DataFrame | None:
    """Return the table that the panel of a question shows; None if the question has an answer box only.

    Parameters
    ----------
    desk : Desk
    name : str
        Of the question.
    """
    if desk.is_master:
        return desk.panels.get(name)
    if name not in desk.sheet.get("panels", ()) or desk.home is None:
        return None
    if desk.sheet.get("practice"):
        return of_practice(desk).panels[name]
    path = desk.home / PANELS / f"{name}.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}). Unpack the zip file that you were given once more, the whole of it."
        ) from None
