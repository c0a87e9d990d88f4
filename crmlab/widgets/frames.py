"""Frames: a view computed beforehand for each place of its controls, so that it moves at once and without a kernel.

What ``explore`` does for a reader's own function, ``frames`` does for one whose settings are few: every picture is computed
once, what pictures share is stored once, and the page, ``frames.js``, shows the one that the controls point at. It knows
charts (``chart``) and texts; what they mean is the view's business.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from crmlab.errors import ArgumentError
from crmlab.widgets.chart import Chart
from crmlab.widgets.controls import control

if TYPE_CHECKING:
    from crmlab.widgets.frames_view import Frames

_MOST = 3_000  # frames


def frames(
    view: Callable[..., Chart | str], *, units: Mapping[str, str] | None = None, **controls: tuple | list | bool
) -> Frames:
    """Show controls that move a view at once, in the page, computed beforehand for each of their places.

    Parameters
    ----------
    view : callable
        A function of the controls' values, by name, that returns a ``Chart`` or a text. All charts must have the same axes.
    units : dict of str, optional
        Written behind the values of controls, by name, such as ``{"weeks": " weeks"}``.
    **controls
        One entry for each argument of the view: ``(lowest, highest, step)`` or ``(lowest, highest, step, start)`` for a
        slider, a list for a choice among a few, a bool for a tick box.

    Returns
    -------
    Frames (an AnyWidget)
        Shows itself as the last line of a cell, and as a picture where there is no kernel.

    Raises
    ------
    ArgumentError
        An entry has none of these forms, there are more than 3,000 frames, or the view returns something else.

    Examples
    --------
    >>> from crmlab import widgets
    >>> shown = widgets.frames(lambda weeks: f"{weeks} weeks are {weeks * 7} days", weeks=(0, 52, 1, 4))
    >>> shown
    4 weeks are 28 days
    >>> shown.values = [5]
    >>> shown.title
    '5 weeks are 35 days'
    """
    if not callable(view):
        raise ArgumentError(f"`view` must be a function of the controls' values; it is {type(view).__name__}.")
    if not controls:
        raise ArgumentError("`frames` needs at least one control, e.g. weeks=(0, 52, 1).")
    made = [control(name, form, (units or {}).get(name, "")) for name, form in controls.items()]
    total = 1
    for each in made:
        total *= len(each.options)
    if total > _MOST:
        raise ArgumentError(f"the controls have {total:,} places together; at most {_MOST:,} can be computed beforehand.")
    names = list(controls)
    pictures = [view(**dict(zip(names, values, strict=True))) for values in itertools.product(*(each.options for each in made))]
    from crmlab.widgets.frames_view import Frames  # anywidget is slow to import

    return Frames(made, _check_pictures(pictures))


def _check_pictures(pictures: Sequence[object]) -> list[Chart | str]:
    first = pictures[0]
    kind = Chart if isinstance(first, Chart) else str
    for picture in pictures:
        if not isinstance(picture, kind):
            raise ArgumentError(f"the view must return a Chart or a text, always the same; it returned {picture!r}.")
        if isinstance(picture, Chart) and isinstance(first, Chart) and picture.axes() != first.axes():
            raise ArgumentError(
                "all charts of a view must have the same axes, or nothing could be compared; give them fixed ends."
            )
    return pictures  # type: ignore[return-value]  # checked one by one
