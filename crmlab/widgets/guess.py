"""Guess: a number to commit to before its answer is seen.

Nothing is preset, because whoever starts near the answer learns nothing. What was guessed stands on a line of numbers
beside the answer, and goes into the reader's journal. What is asked, and what follows, is the lesson's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.widgets.chart import Axis, Chart
from crmlab.widgets.controls import decimals

if TYPE_CHECKING:
    from crmlab.widgets.guess_view import Guess


def guess(
    question: str, answer: float, *, lowest: float = 0, highest: float = 100, step: float = 1, unit: str = "%",
    interval: Sequence[float] | None = None, then: str = "", key: str = "", hold: bool = False,
) -> Guess:  # fmt: skip
    """Ask for a guess to commit to before the answer is drawn beside it.

    Parameters
    ----------
    question : str
        What to guess.
    answer : float
        In ``unit``; shown only after the guess.
    lowest, highest, step : float
        Of the slider, which stands nowhere to begin with.
    unit : str
        Written behind the numbers.
    interval : (float, float), optional
        Of the answer, in ``unit``, if it is an estimate.
    then : str
        A sentence to read after the guess.
    key : str
        Lesson and question, such as "01/stay", under which the guess is kept; without it, the question itself.
    hold : bool
        Keep the cells below back, which may show the answer, until the guess is made or the reader asks to go on without, also
        after *Run All Cells*.

    Returns
    -------
    Guess (an AnyWidget)
        ``.commitment`` is what was guessed, empty before.

    Raises
    ------
    ArgumentError
        The answer, its interval or the ends are no numbers, the answer does not lie between the ends, or ``hold`` is neither
        True nor False.

    Examples
    --------
    >>> from crmlab import widgets
    >>> shown = widgets.guess("Which share of customers came back?", 61.0)
    >>> shown
    Which share of customers came back? A guess from 0 to 100 %, with nothing on it yet.
    >>> shown.commitment
    {}
    """
    answer = _check.number("answer", answer)
    lowest, highest = _check.number("lowest", lowest), _check.number("highest", highest)
    step = _check.number("step", step)
    if not lowest < highest or step <= 0:
        raise ArgumentError(f"`lowest` must be below `highest`, and `step` above 0; they are {lowest}, {highest} and {step}.")
    if not lowest <= answer <= highest:
        raise ArgumentError(
            f"`answer` must lie between {lowest:g} and {highest:g}, or nobody could guess it; it is {answer:g}."
        )
    ends = None if interval is None else [_check.number("interval", end) for end in interval]
    if ends is not None and (len(ends) != 2 or not ends[0] <= answer <= ends[1]):
        raise ArgumentError(f"`interval` must be two numbers around the answer; it is {interval!r}.")
    _check.flag("hold", hold)
    digits = {"guess": decimals(step), "answer": max(decimals(step), min(decimals(answer), 2))}
    axis = Axis("", float(lowest), float(highest), unit=f" {unit}" if unit == "%" else "")
    rest = f"A guess from {lowest:g} to {highest:g} {unit}, with nothing on it yet."
    chart = Chart(question, axis, Axis("", names=("my guess", "the answer")), alt=rest)
    data = {
        "question": question, "answer": answer, "lowest": lowest, "highest": highest, "step": step, "unit": unit,
        "interval": ends, "then": then, "key": key or question, "hold": hold,
        "digits": digits, "axes": chart.axes(),
    }  # fmt: skip
    from crmlab.widgets.guess_view import Guess  # anywidget is slow to import

    return Guess(data, chart)
