"""Sliders over plain functions.

``explore`` turns a function of a few numbers into something to play with; ``guess`` lets a reader
commit to a number before seeing the answer. Both work by mouse and by keyboard. This room knows
sliders and how a picture gets into the page; what is drawn, and why, is the function's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from crmlab import _draw, _svg, world
from crmlab._result import Summary, show, table_html
from crmlab.errors import ArgumentError, CrmlabError, DataError

if TYPE_CHECKING:
    import ipywidgets
    import pandas as pd
    from matplotlib.axes import Axes

_DPI = 96  # a picture that follows a slider must be quick before it is sharp
_LABEL = {"description_width": "initial"}


def explore(view: Callable[..., object], **sliders: tuple | list | bool) -> ipywidgets.VBox:
    """Sliders that redraw a view at every move.

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
    page = ipywidgets.HTML()

    def redraw(_change: object = None) -> None:
        try:
            page.value = _html(view(**{name: control.value for name, control in controls.items()}))
        except CrmlabError as error:
            page.value = _alert(str(error))
        except Exception as error:  # else the old picture would stand beside the new number
            page.value = _alert(f"The view stopped: {type(error).__name__}: {error}")

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    names = ", ".join(name.replace("_", " ") for name in controls)
    return _box([*controls.values(), page], f"Something to move: {names}. Run this cell (Shift + Enter) to see it.")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A chart that is done: its HTML, and its alt text for whoever does not see it."""

    html: str
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        return self.html


def picture(ax: Axes, *, title: str, x: str, y: str, alt: str) -> Picture:
    """Your own matplotlib or seaborn chart in the house style, with its alt text.

    Parameters
    ----------
    ax : matplotlib Axes
        What ``seaborn`` returns. The figure is closed, so that it shows once.
    title : str
        The finding, not the topic: "Two in five came back", not "Repeat purchases".
    x, y : str
        What the axes hold, with the unit.
    alt : str
        What the chart shows, for whoever does not see it.

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
    import matplotlib.pyplot as plt

    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError("`alt` must say what the chart shows, for readers who do not see it.")
    ax = _draw.decorate(_draw.new_axes(ax), title=title, x=x, y=y, alt=alt)
    ax.figure.set_layout_engine("tight")  # a slider redraws this, and the constrained one takes twice as long
    shown = Picture(_draw.html(ax.figure), ax.figure.alt)
    plt.close(ax.figure)
    return shown


def guess(
    question: str, answer: float, *, lowest: float = 0, highest: float = 100, step: float = 1, unit: str = "%"
) -> ipywidgets.VBox:
    """A guess to commit to before the answer is shown beside it.

    Parameters
    ----------
    question : str
    answer : float
        In ``unit``; shown only after the guess.
    lowest, highest, step : float
        Of the slider, which begins in the middle.
    unit : str

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

    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise ArgumentError(f"`answer` must be a number; it is {answer!r}.")
    ask = ipywidgets.HTML(f"<strong>{escape(question)}</strong>")
    slider = _control("my guess", (lowest, highest, step, lowest + (highest - lowest) / 2))
    button = ipywidgets.Button(description="This is my guess", tooltip="Show the answer beside my guess")
    told = ipywidgets.HTML('<p role="status"></p>')

    def tell(_button: object) -> None:
        told.value = (
            f'<p role="status">You guessed {show(slider.value)} {escape(unit)}; it is {show(answer)} {escape(unit)}.</p>'
        )

    button.on_click(tell)
    return _box([ask, slider, button, told], f"A guess: {question} Run this cell (Shift + Enter) to make it.")


def what_if(grid: pd.DataFrame) -> ipywidgets.VBox:
    """Change one cause, at a cost, and see retention and profit move.

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
    from crmlab import _engine

    _engine.check(grid, "what_if")
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
    """What one change did to retention and profit, paid for at a price: a picture of ``world.effect``.

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
    found = world.effect(grid, cause, amount, cost=cost)
    table, years = found.table().set_index("measure"), found.months / 12
    usual = grid.usual_cost[(grid.cause == cause) & (grid.amount == amount)].iloc[0]
    labels = {
        "retention": (f"Still customers after {found.months} months, in points of 100", 100.0, (-10.0, 20.0), "{:+.1f}"),
        "profit": (f"Profit a year (without the change {table.base['profit'] / years:,.0f})", 1 / years, None, "{:+,.0f}"),
    }
    rows, words = [], []
    for measure, (label, factor, limits, form) in labels.items():
        middle, low, high = (factor * table.loc[measure, name] for name in ("difference", "low", "high"))
        each = factor * found.pairs.difference[found.pairs.measure == measure]
        reach = limits or (-0.5 * table.base[measure] * factor, 0.5 * table.base[measure] * factor)
        rows.append(_svg.Effect(label, middle, low, high, tuple(each), reach, form.format))
        words.append(0 if low <= 0 <= high else math.copysign(1, middle))
    stay = {1: "more customers stay", -1: "fewer customers stay", 0: "as many customers stay, as far as one can tell"}
    earn = {1: "profit rises", -1: "profit falls", 0: "profit may rise or fall"}
    price = f"at {cost:.2f} a customer and month" if cost else "free"
    step = f"{amount:+g}".replace("-", "−")
    told = f"{cause.capitalize()} {step}, {price}: {stay[words[0]]}, {earn[words[1]]}"
    note = f"The usual cost of this step is {usual:.2f} a customer and month."
    if usual <= 0:
        note = "A step down usually saves a little." if usual < 0 else "No step, no cost."
    html, alt = _svg.effects(rows, title=told, note=note)
    return Picture(html, alt)


def _box(children: list, words: str) -> ipywidgets.VBox:
    """A box that, where nothing can move (a stored lesson), says in words what would."""
    import ipywidgets

    class Box(ipywidgets.VBox):
        def __repr__(self) -> str:
            return words

    return Box(children)


def _decimals(step: float) -> int:
    """How many decimals it takes to see one step."""
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
        return ipywidgets.SelectionSlider(options=form, description=label, style=_LABEL, layout=_wide(label))
    numbers = isinstance(form, tuple) and all(isinstance(part, int | float) and not isinstance(part, bool) for part in form)
    if numbers and len(form) in (3, 4) and form[0] < form[1] and form[2] > 0:
        whole = all(isinstance(part, int) for part in form[:3])
        kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        start = form[3] if len(form) == 4 else form[0]
        bounds = {"min": form[0], "max": form[1], "step": form[2], "value": int(start) if whole else start}
        return kind(
            **bounds,
            description=label,
            tooltip=label,
            style=_LABEL,
            layout=_wide(label),
            readout_format=",d" if whole else f",.{_decimals(form[2])}f",
        )
    raise ArgumentError(
        f"`{name}` must be (lowest, highest, step) or (lowest, highest, step, start), a list of choices, or True or False; "
        f"it is {form!r}."
    )


def _wide(label: str) -> dict[str, str]:
    return {"width": f"{22 + 0.6 * len(label):.0f}em", "max_width": "100%"}


def _html(shown: object) -> str:
    """Whatever a view returns, as a piece of a page."""
    import matplotlib.pyplot as plt
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(shown, Picture):
        return shown._repr_html_()
    if isinstance(shown, Axes | Figure):
        figure = shown.figure if isinstance(shown, Axes) else shown
        picture = _draw.html(figure, dpi=_DPI)
        plt.close(figure)
        return picture
    if isinstance(shown, Summary):
        return shown._repr_html_()
    if isinstance(shown, pd.DataFrame):
        return table_html(shown)
    return f"<p>{escape(str(shown))}</p>"
