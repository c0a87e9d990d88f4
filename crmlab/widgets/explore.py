"""Explore: sliders over a reader's own function, and their own charts and tables in the house style.

``explore`` calls the function at every move, so it needs a kernel; what can be computed beforehand moves faster by
``frames``. This room knows sliders and how a picture gets into the page; what is drawn, and why, is the function's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from crmlab import _check, _draw
from crmlab._result import Summary, table_html
from crmlab.errors import ArgumentError, CrmlabError
from crmlab.widgets.controls import Control, control, decimals

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
    controls = {name: _ipywidget(control(name, entry)) for name, entry in sliders.items()}
    output = ipywidgets.HTML()

    def redraw(_change: object = None) -> None:
        try:
            output.value = _html(view(**{name: each.value for name, each in controls.items()}))
        except CrmlabError as error:
            output.value = _alert(str(error))
        except Exception as error:  # else the old picture would stand beside the new number
            output.value = _alert(f"The view stopped: {type(error).__name__}: {error}")

    for each in controls.values():
        each.observe(redraw, "value")
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
    return Picture(*_draw.finish(figure, narrow=True))


def table(frame: pd.DataFrame, *, title: str) -> Summary:
    """Bring your own table into the house style: rounded, numbers to the right, words to the left, no index.

    Parameters
    ----------
    frame : DataFrame
        Its columns are named as readers should read them, with their units. If each row has a unit of its own, call the column
        that names them "measure": then each row has as many decimals as it needs.
    title : str
        What it holds or shows.

    Returns
    -------
    Summary
        Shows itself as the last line of a cell.

    Raises
    ------
    ArgumentError
        ``frame`` is no table, or the title is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> widgets.table(pd.DataFrame({"shop": ["north", "south"], "orders": [1200, 90]}), title="Orders of a year")
    Orders of a year
    <BLANKLINE>
      shop   orders
      north   1,200
      south      90
    """
    _check.frame("frame", frame)
    if not isinstance(title, str) or not title.strip():
        raise ArgumentError("`title` must say what the table holds or shows.")
    return Summary(title, table=frame)


def _box(children: list, words: str) -> ipywidgets.VBox:
    """Return a box that, where nothing can move (a stored lesson), says in words what would."""
    import ipywidgets

    class Box(ipywidgets.VBox):
        def __repr__(self) -> str:
            return words

    return Box(children)


def _alert(words: str) -> str:
    return f'<p role="alert" style="border-left:4px solid {_draw.RED};padding-left:.6em">{escape(words)}</p>'


def _ipywidget(made: Control) -> ipywidgets.Widget:
    import ipywidgets

    if made.kind == "tick":
        return ipywidgets.Checkbox(value=bool(made.start), description=made.name, indent=False)
    common = {"description": made.name, "tooltip": made.name, "style": _LABEL, "layout": _layout(made.name)}
    if made.kind == "choice":
        # no drop-down list: JupyterLab takes the arrow keys and letters for itself when one has the focus
        return ipywidgets.SelectionSlider(options=list(zip(made.texts, made.options, strict=True)), **common)
    whole = all(isinstance(option, int) for option in made.options)
    step = made.options[1] - made.options[0] if whole else round(made.options[1] - made.options[0], 9)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        min=made.options[0], max=made.options[-1], step=step, value=made.options[made.start],
        readout_format=",d" if whole else f",.{decimals(step)}f", **common,
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
