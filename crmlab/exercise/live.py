"""Live: an output of a cell that is written anew when another answer counts.

Answers are given in a panel, in code, and in whatever order; what stands below other cells must not say the opposite. A
``Live`` reads as any ``Summary``; shown in a notebook it also leaves word how it is written anew. It knows no exercise.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from crmlab._result import Summary

__all__ = ["Live"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Live(Summary):
    """A summary that can be written anew where it is shown.

    Attributes
    ----------
    make : callable
        Returns the summary as it reads now.
    key : (str, str)
        What is shown, and of which question.
    listeners : dict
        Where it leaves word, under this key.
    is_told : callable, optional
        Whether a page shows the same elsewhere; then nothing is to be seen here.
    """

    make: Callable[[], Summary] | None = None
    key: tuple[str, str] = ("", "")
    listeners: dict[tuple[str, str], Callable[[], None]] | None = None
    is_told: Callable[[], bool] | None = None

    @classmethod
    def of(
        cls,
        make: Callable[[], Summary],
        key: tuple[str, str],
        listeners: dict[tuple[str, str], Callable[[], None]],
        is_told: Callable[[], bool] | None = None,
    ) -> Live:
        """Return what ``make`` returns now, as a summary that follows.

        Parameters
        ----------
        make : callable
        key : (str, str)
        listeners : dict
        is_told : callable, optional
        """
        now = make()
        return cls(now.title, now.facts, now.table, now.note, now.source, make, key, listeners, is_told)

    def _ipython_display_(self) -> None:
        from IPython.display import display, update_display  # where code is graded, nobody looks, and it need not be there

        display_id = f"crmlab-live-{secrets.token_hex(8)}"
        display(self._bundle(self), raw=True, display_id=display_id)
        make = self.make
        if make is not None and self.listeners is not None:
            self.listeners[self.key] = lambda: update_display(self._bundle(make()), raw=True, display_id=display_id)

    def _bundle(self, summary: Summary) -> dict[str, str]:
        """Return a summary as an output; a page shows nothing of what it shows elsewhere."""
        is_told = self.is_told is not None and self.is_told()
        return {"text/html": "<span></span>" if is_told else summary._repr_html_(), "text/plain": str(summary)}
