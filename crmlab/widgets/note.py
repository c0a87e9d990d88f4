"""Note: a line in the reader's own words before they see, and the same line later, to keep or to change.

A guess is a number and a decision a choice; what somebody would advise, and why, is neither. The line goes into the reader's
journal. Nobody judges it: what it is compared with is the lesson's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlab import _check
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from crmlab.widgets.note_view import Note

LONGEST = 280  # characters


def note(key: str, prompt: str, *, hold: bool = True, again: bool = False) -> Note:
    """Ask for a line in the reader's own words, to be kept before they see what comes; or for the line as it reads afterwards.

    Parameters
    ----------
    key : str
        Lesson and question, such as "08/advice", under which the line is kept.
    prompt : str
        What to write; with ``again``, what to compare the first line with.
    hold : bool
        Keep the cells below back until the line is written, or the reader asks to go on without, also after *Run All Cells*;
        with ``again`` nothing waits.
    again : bool
        Show what was written under this key, and ask for a second line, which is kept apart.

    Returns
    -------
    Note (an AnyWidget)
        ``.commitment`` is what was written, empty before; with ``again``, ``.before`` is what was written at first.

    Raises
    ------
    ArgumentError
        The key or the prompt is empty, or a flag is neither True nor False.

    Examples
    --------
    >>> from crmlab import widgets
    >>> shown = widgets.note("99/advice", "What would you advise, in one line?")
    >>> shown
    A line to write: What would you advise, in one line?
    >>> shown.commitment
    {}
    """
    for name, value in (("key", key), ("prompt", prompt)):
        if not isinstance(value, str) or not value.strip():
            raise ArgumentError(f"`{name}` must be a text; it is {value!r}.")
    _check.flag("hold", hold)
    _check.flag("again", again)
    from crmlab.widgets.note_view import Note  # anywidget is slow to import

    keys = {"key": f"{key}/again" if again else key, "firstKey": key if again else ""}
    return Note(keys | {"prompt": prompt, "hold": hold and not again, "longest": LONGEST})
