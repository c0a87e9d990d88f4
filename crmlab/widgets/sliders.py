"""Sliders over plain functions.

``explore`` turns a function of a few numbers into something to play with; ``guess`` lets a reader
commit to a number before seeing the answer; ``what_if`` and ``change`` show what one cause did to the firm. All work
by mouse and by keyboard. This room knows sliders and how a picture gets into the page; what is drawn, and why, is the
function's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from crmlab import _check, _draw, _engine, _svg, world
from crmlab._result import Summary, show, table_html
from crmlab.errors import ArgumentError, CrmlabError, DataError

if TYPE_CHECKING:
    import ipywidgets
    import pandas as pd
    from matplotlib.axes import Axes

_DPI = 96  # a picture that follows a slider must be quick before it is sharp
_LABEL = {"description_width": "initial"}


def explore(view: Callable[..., object], **sliders: tuple | list | bool) -> ipywidgets.VBox:
    """Show sliders that redraw a view at every move.

    Parameters
    ----------
    view : callable
        A function of the sliders' values, by name, that returns Axes, a Figure, a ``Summary``, a
        DataFrame or text. Keep it quick: what is slow is computed beforehand, on a grid.
    **sliders
        One entry for each argument of the view: ``(lowest, highest, step)`` or
        ``(lowest, highest, step, start)`` for a slider, a list for a choice, a bool for a tick box.

    Returns
    -------
    ipywidgets.VBox
        Shows itself as the last line of a cell. A refusal (``CrmlabError``) is shown in place of the picture.

    Raises
    ------
    ArgumentError
        The view is no function, or an entry has none of these forms.

    Examples
    --------
    >>> from crmlab import widgets
    >>> box = widgets.explore(lambda weeks: f"{weeks} weeks are {weeks * 7} days", weeks=(0, 52, 1, 4))
    >>> print(box.children[-1].value)
    <p>4 weeks are 28 days</p>
    >>> box.children[0].value = 5
    >>> print(box.children[-1].value)
    <p>5 weeks are 35 days</p>
    """
    import ipywidgets

    if not callable(view):
        raise ArgumentError(f"`view` must be a function of the sliders' values; it is {type(view).__name__}.")
    if not sliders:
        raise ArgumentError("`explore` needs at least one slider, e.g. weeks=(0, 52, 1).")
    controls = {name: _control(name, form) for name, form in sliders.items()}
    output = ipywidgets.HTML()

    def redraw(_change: object = None) -> None:
        try:
            output.value = _html(view(**{name: control.value for name, control in controls.items()}))
        except CrmlabError as error:
            output.value = _alert(str(error))
        except Exception as error:  # else the old picture would stand beside the new number
            output.value = _alert(f"The view stopped: {type(error).__name__}: {error}")

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    names = ", ".join(name.replace("_", " ") for name in controls)
    return _box([*controls.values(), output], f"Something to move: {names}. Run this cell (Shift + Enter) to see it.")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A chart that is done: its HTML, and its alt text for those who do not see it."""

    html: str
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        return self.html


def picture(ax: Axes, *, title: str, x: str, y: str, alt: str) -> Picture:
    """Bring your own matplotlib or seaborn chart into the house style, with its alt text.

    Parameters
    ----------
    ax : matplotlib Axes
        What ``seaborn`` returns. The figure is closed, so that it shows once.
    title : str
        The finding, not the topic: "Two in five came back", not "Repeat purchases".
    x, y : str
        What the axes hold, with the unit.
    alt : str
        What the chart shows, for those who do not see it.

    Returns
    -------
    Picture
        Shows itself as the last line of a cell.

    Raises
    ------
    ArgumentError
        ``ax`` are no Axes, or the alt text is empty.

    Examples
    --------
    >>> import seaborn as sns
    >>> from crmlab import widgets
    >>> ax = sns.histplot([1, 2, 2, 3])
    >>> widgets.picture(ax, title="Two is the most common", x="orders", y="customers", alt="The bar at 2 is the highest.")
    Two is the most common. The bar at 2 is the highest.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError("`alt` must say what the chart shows, for readers who do not see it.")
    figure = _draw.figure_of(_draw.decorate(_draw.new_axes(ax), title=title, x=x, y=y, alt=alt))
    figure.set_layout_engine("tight")  # a slider redraws this, and the constrained one takes twice as long
    return Picture(*_draw.finish(figure))


def guess(
    question: str, answer: float, *, lowest: float = 0, highest: float = 100, step: float = 1, unit: str = "%"
) -> ipywidgets.VBox:
    """Ask for a guess to commit to before the answer is shown beside it.

    Parameters
    ----------
    question : str
        What to guess.
    answer : float
        In ``unit``; shown only after the guess.
    lowest, highest, step : float
        Of the slider, which begins in the middle.
    unit : str
        Written behind the numbers.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ArgumentError
        The answer is no number, or ``lowest`` is not below ``highest``.

    Examples
    --------
    >>> from crmlab import widgets
    >>> box = widgets.guess("Which share of customers came back?", 61.0)
    >>> box.children[1].value = 45
    >>> box.children[2].click()
    >>> print(box.children[-1].value)
    <p role="status">You guessed 45 %; it is 61 %.</p>
    """
    import ipywidgets

    answer = _check.number("answer", answer, infinite=True)
    heading = ipywidgets.HTML(f"<strong>{escape(question)}</strong>")
    slider = _control("my guess", (lowest, highest, step, lowest + (highest - lowest) / 2))
    button = ipywidgets.Button(description="This is my guess", tooltip="Show the answer beside my guess")
    reply = ipywidgets.HTML('<p role="status"></p>')

    def compare(_button: object) -> None:
        reply.value = (
            f'<p role="status">You guessed {show(slider.value)} {escape(unit)}; it is {show(answer)} {escape(unit)}.</p>'
        )

    button.on_click(compare)
    return _box([heading, slider, button, reply], f"A guess: {question} Run this cell (Shift + Enter) to make it.")


def what_if(grid: pd.DataFrame) -> ipywidgets.VBox:
    """Show controls to change one cause, at a cost, and see retention and profit move.

    Parameters
    ----------
    grid : DataFrame
        As ``world.sweep`` returns it or ``datasets.load("what_if")`` brings it: computed beforehand, so that the picture
        moves at once. Its amounts must be evenly spaced.

    Returns
    -------
    ipywidgets.VBox
        Controls for the cause, the amount and the cost for each customer and month, and the picture of ``change``.

    Raises
    ------
    DataError
        The table is no such grid, or its amounts are not evenly spaced.

    Examples
    --------
    >>> from crmlab import datasets, widgets
    >>> box = widgets.what_if(datasets.load("what_if"))
    >>> [control.description for control in box.children[:3]]
    ['cause', 'better by', 'cost']
    """
    grid = _engine.made_table("grid", grid, "what_if", "world.sweep")
    amounts = sorted(set(grid.amount))
    steps = {round(after - before, 9) for before, after in pairwise(amounts)}
    if len(steps) != 1:
        raise DataError(f"the amounts of the grid must be evenly spaced for a slider; they are {amounts}.")
    step, most = steps.pop(), math.ceil(grid.usual_cost[grid.amount <= 1].max())

    def view(cause: str, better_by: float, cost: float) -> Picture:
        return change(grid, cause, round(better_by, 9), cost)

    causes = list(dict.fromkeys(grid.cause))
    start = min(amounts, key=lambda amount: abs(amount - 0.5))
    return explore(view, cause=causes, better_by=(amounts[0], amounts[-1], step, start), cost=(0.0, float(most), 0.05, 0.45))


def change(grid: pd.DataFrame, cause: str, amount: float, cost: float) -> Picture:
    """Draw what one change did to retention and profit, paid for at a price: a picture of ``world.effect``.

    Parameters
    ----------
    grid : DataFrame
        As ``world.sweep`` returns it.
    cause : str
        One of the grid's causes.
    amount : float
        One of its amounts.
    cost : float
        Currency for each customer and month.

    Returns
    -------
    Picture
        Means over the grid's firms, with the 95 % interval of the mean and a dot for each firm; profit is a year's.

    Raises
    ------
    ArgumentError
        The grid has no such cause or amount, or the cost is below zero.
    DataError
        The table is no such grid.

    Examples
    --------
    >>> from crmlab import datasets, widgets
    >>> widgets.change(datasets.load("what_if"), "reliability", 0.5, 0)
    Reliability +0.5, free: more customers stay, profit rises. Still customers after 24 months, in points of 100: +4.9...
    """
    effect = world.effect(grid, cause, amount, cost=cost)
    table, years = effect.table().set_index("measure"), effect.months / 12
    usual = grid.usual_cost[(grid.cause == cause) & (grid.amount == amount)].iloc[0]
    retention = _row(
        effect, f"Still customers after {effect.months} months, in points of 100", "retention", 100.0, (-10.0, 20.0), "{:+.1f}"
    )
    limit, label = 0.5 * table.base["profit"] / years, f"Profit a year (without the change {table.base['profit'] / years:,.0f})"
    profit = _row(effect, label, "profit", 1 / years, (-limit, limit), "{:+,.0f}")
    stay = {1: "more customers stay", -1: "fewer customers stay", 0: "as many customers stay, as far as one can tell"}
    earn = {1: "profit rises", -1: "profit falls", 0: "profit may rise or fall"}
    price = f"at {cost:.2f} a customer and month" if cost else "free"
    step = f"{amount:+g}".replace("-", "−")
    title = f"{cause.capitalize()} {step}, {price}: {stay[_direction(retention)]}, {earn[_direction(profit)]}"
    note = f"The usual cost of this step is {usual:.2f} a customer and month."
    if usual <= 0:
        note = "A step down usually saves a little." if usual < 0 else "No step, no cost."
    return Picture(*_svg.effects((retention, profit), title=title, note=note))


def _row(
    effect: world.Comparison, label: str, measure: str, factor: float, limits: tuple[float, float], form: str
) -> _svg.Effect:
    """Return one measure of the effect as a row of the picture."""
    mean = effect.table().set_index("measure").loc[measure]
    middle, low, high = (factor * mean[name] for name in ("difference", "low", "high"))
    each = factor * effect.pairs.difference[effect.pairs.measure == measure]
    return _svg.Effect(label, middle, low, high, tuple(each), limits, form.format)


def _direction(row: _svg.Effect) -> int:
    """Return 1 or -1 where the interval lies on one side of zero, else 0."""
    return 0 if row.low <= 0 <= row.high else int(math.copysign(1, row.middle))


def _box(children: list, words: str) -> ipywidgets.VBox:
    """Return a box that, where nothing can move (a stored lesson), says in words what would."""
    import ipywidgets

    class Box(ipywidgets.VBox):
        def __repr__(self) -> str:
            return words

    return Box(children)


def _decimals(step: float) -> int:
    """Return how many decimals it takes to see one step."""
    return next((count for count in range(9) if math.isclose(round(step, count), step, rel_tol=1e-9)), 9)


def _alert(words: str) -> str:
    return f'<p role="alert" style="border-left:4px solid {_draw.RED};padding-left:.6em">{escape(words)}</p>'


def _control(name: str, form: object) -> ipywidgets.Widget:
    import ipywidgets

    label = name.replace("_", " ")
    if isinstance(form, bool):
        return ipywidgets.Checkbox(value=form, description=label, indent=False)
    if isinstance(form, list) and form:
        # no drop-down list: JupyterLab takes the arrow keys and letters for itself when one has the focus
        return ipywidgets.SelectionSlider(options=form, description=label, style=_LABEL, layout=_layout(label))
    if isinstance(form, tuple) and len(form) in (3, 4) and all(_is_number(part) for part in form):
        lowest, highest, step = form[:3]
        if lowest < highest and step > 0:
            return _number_slider(label, lowest, highest, step, form[3] if len(form) == 4 else lowest)
    raise ArgumentError(
        f"`{name}` must be (lowest, highest, step) or (lowest, highest, step, start), a list of choices, or True or False; "
        f"it is {form!r}."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _number_slider(label: str, lowest: float, highest: float, step: float, start: float) -> ipywidgets.Widget:
    import ipywidgets

    whole = all(isinstance(value, int | np.integer) for value in (lowest, highest, step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        min=lowest, max=highest, step=step, value=int(start) if whole else start, description=label, tooltip=label,
        style=_LABEL, layout=_layout(label), readout_format=",d" if whole else f",.{_decimals(step)}f",
    )  # fmt: skip


def _layout(label: str) -> dict[str, str]:
    return {"width": f"{22 + 0.6 * len(label):.0f}em", "max_width": "100%"}


def _html(shown: object) -> str:
    """Write whatever a view returns as a piece of a page."""
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(shown, Axes):
        return _draw.finish(_draw.figure_of(shown), dpi=_DPI)[0]
    if isinstance(shown, Figure):
        return _draw.finish(shown, dpi=_DPI)[0]
    if isinstance(shown, Picture | Summary):
        return shown._repr_html_()
    if isinstance(shown, pd.DataFrame):
        return table_html(shown)
    return f"<p>{escape(str(shown))}</p>"
