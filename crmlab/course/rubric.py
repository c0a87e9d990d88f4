"""The rubric: texts that a person marks, and which points they may give.

Shared by the page and the table on which that is done. Texts come in an order that follows no roster, so that names do not
colour marks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from crmlab._page import printable
from crmlab.course.feedback_page import points_text
from crmlab.exercise.form import Question


@dataclass(frozen=True, slots=True)
class Essay:
    """A text to be marked.

    Attributes
    ----------
    student : str
    question : Question
        Of kind "text", with a rubric.
    asked : str
        The author's question, as markdown.
    text : str
    points : tuple of float or None
        Given earlier, one for each line of the rubric.
    comment : str
        Given earlier.
    changed : bool
        The text is not the one that was marked.
    others : tuple of (str, str)
        The student's other answers: name of the question, answer in words. They help to judge a number in the text.
    """

    student: str
    question: Question
    asked: str
    text: str
    points: tuple[float, ...] | None
    comment: str = ""
    changed: bool = False
    others: tuple[tuple[str, str], ...] = ()

    @property
    def marked(self) -> bool:
        """Say whether this text, as it is now, has points for each line of its rubric."""
        return bool(self.valid_points) and not self.changed

    @property
    def valid_points(self) -> tuple[float, ...]:
        """Return the points given earlier, if they fit the rubric of today."""
        return self.points if self.points is not None and len(self.points) == len(self.question.rubric) else ()


def blind_order(essays: Sequence[Essay]) -> list[Essay]:
    """Sort texts so that nothing tells who wrote what: question by question, within each by a hash.

    Parameters
    ----------
    essays : sequence of Essay
    """
    questions = list(dict.fromkeys(essay.question.name for essay in essays))
    places = {name: place for place, name in enumerate(questions)}

    def key(essay: Essay) -> tuple[int, bytes, str]:
        words = printable(f"{essay.student}|{essay.question.name}")
        return places[essay.question.name], sha256(words.encode()).digest(), essay.student

    return sorted(essays, key=key)


def parse_points(text: str, most: float) -> float | None:
    """Read points as somebody wrote them; None if they are no number from 0 to ``most`` in steps of a half.

    Parameters
    ----------
    text : str
    most : float
        Points that can be given.

    Examples
    --------
    >>> parse_points("1,5", 2), parse_points("0.7", 2)
    (1.5, None)
    """
    if not re.fullmatch(r"\d{1,6}([.,]\d{1,20})?", text.strip(), re.ASCII):
        return None
    points = float(text.strip().replace(",", "."))
    return points if points == most or (points < most and (2 * points).is_integer()) else None


def points_range(most: float) -> str:
    """Say which points can be given.

    Parameters
    ----------
    most : float
    """
    return f"between 0 and {points_text(most)}, in steps of 0.5"


def exact_text(points: float) -> str:
    """Write a number as it is read back without a loss.

    Parameters
    ----------
    points : float
    """
    return repr(float(points)).removesuffix(".0")
