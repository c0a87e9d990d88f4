"""Decide: a manager's choice, and how sure they are, before the evidence; then what each choice did in the twin firms.

Every choice was lived through by the same firms, so that two choices are compared firm by firm. A choice was right if no
other did better, as far as those firms can tell. What the choices are, and where the firms come from, is the lesson's
business; what was decided goes into the reader's journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crmlab import _check
from crmlab._result import show
from crmlab._verdict import Verdict, listed, verdict
from crmlab.errors import ArgumentError
from crmlab.widgets.chart import Axis, Chart
from crmlab.widgets.evidence import Evidence, evidence

if TYPE_CHECKING:
    from crmlab.widgets.decide_view import Decide

LEVELS = (50, 60, 70, 80, 90, 100)  # how sure one can be, in per cent


def decide(
    key: str, question: str, outcomes: pd.DataFrame, *, measure: str, unit: str = "", decimals: int = 0, note: str = "",
    zero: str = "no change", hold: bool = False, again: bool = False,
) -> Decide:  # fmt: skip
    """Ask for a decision and how sure the reader is of it; afterwards show what each choice did in the twin firms.

    Nothing is preset, and until the reader has decided (or asked to go on without) the cells below are not shown, also after
    *Run All Cells*.

    Parameters
    ----------
    key : str
        Lesson and question, such as "01/mend", under which the decision is kept.
    question : str
        What the manager has to decide.
    outcomes : DataFrame
        ``action, firm, effect``: one row for each choice in each firm, the same firms for all; more is better. Two to four
        choices, in the order in which they are offered.
    measure : str
        What ``effect`` holds, with its period: "profit a year, after the cost".
    unit : str
        Written behind the numbers.
    decimals : int
        Of the numbers.
    note : str
        A sentence to read after the decision.
    zero : str
        What an effect of 0 stands for: "no change", "an average customer".
    hold : bool
        Keep the evidence back until the same question is asked again, at the end of the lesson.
    again : bool
        The same question once more, at the end of a lesson: it is kept apart, and shown beside the first decision.

    Returns
    -------
    Decide (an AnyWidget)
        ``.commitment`` is what was decided, empty before; ``.evidence`` what each choice did.

    Raises
    ------
    DataError
        As ``outcomes`` are described they must be.
    ArgumentError
        The key or the question is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> outcomes = pd.DataFrame({
    ...     "action": ["answer faster"] * 3 + ["paint the shop"] * 3, "firm": [1, 2, 3] * 2, "effect": [9, 8, 10, -2, -1, -3],
    ... })
    >>> shown = widgets.decide("99/money", "Where shall the money go?", outcomes, measure="profit a year")
    >>> shown
    A decision: Where shall the money go? Answer faster, or paint the shop?
    >>> [bool(good) for good in shown.evidence.good]
    [True, False]
    """
    for name, value in (("key", key), ("question", question), ("measure", measure)):
        if not isinstance(value, str) or not value.strip():
            raise ArgumentError(f"`{name}` must be a text; it is {value!r}.")
    _check.flag("hold", hold)
    _check.flag("again", again)
    result = evidence(outcomes)
    from crmlab.widgets.decide_view import Decide  # anywidget is slow to import

    chart = _chart(result, measure, unit, decimals, zero)
    sentences = [_sentence(result, k, unit, decimals) for k in range(len(result.actions))]
    asked = {"key": f"{key}/again" if again else key, "firstKey": key if again else "", "question": question, "hold": hold}
    return Decide(result, asked | page_data(result, chart) | {"sentences": sentences, "note": note})


def page_data(result: Evidence, chart: Chart) -> dict[str, object]:
    """Return what decide.js reads of the choices and of what came of them, as plain lists."""
    return {
        "actions": list(result.actions),
        "levels": list(LEVELS),
        "meaning": "How sure are you that nothing else on the list does better? 50 %: as likely as not; 100 %: certain.",
        "good": [bool(good) for good in result.good],
        "title": chart.title,
        "alt": chart.alt,
        "axes": chart.axes(),
        "layers": list(chart.layers),
    }


def _chart(result: Evidence, measure: str, unit: str, decimals: int, zero: str) -> Chart:
    lowest, highest = min(0.0, *result.low), max(0.0, *result.high)
    margin = 0.08 * (highest - lowest or 1.0)
    x = Axis(f"{measure}{f', in {unit}' if unit else ''}", lowest - margin, highest + margin, decimals=decimals)
    good = [f"“{name}”" for name, is_good in zip(result.actions, result.good, strict=True) if is_good]
    title = f"{good[0]} did best" if len(good) == 1 else f"{listed(good)} did equally well, as far as one can tell"
    rows = zip(result.actions, result.middle, result.low, result.high, strict=True)
    alt = "; ".join(
        f"{name} {show(round(middle, decimals))} ({show(round(low, decimals))} to {show(round(high, decimals))})"
        for name, middle, low, high in rows
    )
    ends = zip(result.low, result.high, strict=True)
    colours = [{Verdict.HIGHER: "green", Verdict.LOWER: "red"}.get(verdict(low, high), "pale") for low, high in ends]
    chart = Chart(title, x, Axis("", names=result.actions), alt=f"Means of {result.firms} firms, with 95 % intervals: {alt}.")
    return chart.rule(x=0, name=zero).intervals(
        list(range(len(result.actions))), result.middle, result.low, result.high, name="mean of the firms, 95 % interval",
        colour=colours,
    )  # fmt: skip


def _sentence(result: Evidence, k: int, unit: str, decimals: int) -> str:
    """Say how the k-th choice did."""
    behind = f" {unit}" if unit else ""

    def text(value: float) -> str:
        return f"{value:+,.{decimals}f}".replace("-", "−")

    own = f"“{result.actions[k]}”: {text(result.middle[k])}{behind} ({text(result.low[k])} to {text(result.high[k])})."
    if k == result.best:
        others = int(result.good.sum()) - 1
        return f"{own} Nothing did better{'; others did as well, as far as one can tell' if others else ''}."
    best = f"“{result.actions[result.best]}”"
    if result.good[k]:
        return f"{own} That it did less well than {best} cannot be told from {result.firms} firms."
    return f"{own} In the same firms {best} brought {result.shortfall[k]:,.{decimals}f}{behind} more."
