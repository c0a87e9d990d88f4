"""Slips: what a wrong answer shows about itself, whatever the question.

An author names the misconceptions of one question; here are the slips that befall every number: a share instead of a per
cent, the rest instead of the part, a sign, a rounding that came too early, one too many. ``find_slip`` tries each on the
answer and asks whether that would be right. Who may ask so is decided elsewhere: ``standing`` does in practice, ``course`` once
marks are given, and nobody before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations

from crmlab._result import show
from crmlab.exercise.form import Question
from crmlab.exercise.values import Answer, is_valid

__all__ = ["find_slip"]

IsRight = Callable[[Answer], bool]
_LONGEST_ORDER = 5  # entries of a list whose orders are tried

#: What the answer would have to be multiplied by -> what has happened.
_FACTORS = {
    -1: "The size is right, the sign is not.",
    100: "This is a hundredth of it: a share where per cent are asked for, or a decimal point two places off.",
    0.01: "This is a hundred times too much: per cent where a share is asked for, or a decimal point two places off.",
    1000: "This is a thousandth of it: was a comma between the thousands read as a decimal point?",
    0.001: "This is a thousand times too much: was a decimal point read as one between the thousands?",
    12: "This is a twelfth of it: a month where a year is asked for?",
    1 / 12: "This is twelve times too much: a year where a month is asked for?",
}
_MOST_TOLERANCES = 20  # so near, an answer was rounded, or a step on the way to it


def find_slip(question: Question, answer: Answer, is_right: IsRight) -> str:
    """Return the slip by which a wrong answer can be explained, in a sentence or two; "" if there is none.

    Parameters
    ----------
    question : Question
    answer : Answer
        Plain JSON, of any form; it is not right.
    is_right : callable
        Of another answer to this question: whether it would be right.

    Examples
    --------
    >>> question = Question("q1", "number", "% of all", tolerance=0.05)
    >>> find_slip(question, 68.6, lambda answer: question.is_right(answer, 31.4))
    'This is the rest, what is missing to 100 %. Whose share is asked for?'
    """
    if not is_valid(answer) or question.problem(answer):
        return ""
    if isinstance(answer, list):
        return _slip_of_list(question, answer, is_right)
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return ""
    return _slip_of_number(question, answer, is_right)


def _slip_of_number(question: Question, answer: float, is_right: IsRight) -> str:
    """Try the slips of one number, those first that are hardest to come by."""
    if question.kind == "whole":
        for step in (1, -1):
            if is_right(answer + step):
                return (
                    f"Nearly: one too {'few' if step == 1 else 'many'}. Does something count that should not, or the reverse?"
                )
    if question.unit.startswith("%") and is_right(100 - answer):
        return "This is the rest, what is missing to 100 %. Whose share is asked for?"
    for factor, slip in _FACTORS.items():
        if answer and is_right(_scaled(answer, factor)):
            return slip
    if question.kind == "number" and question.tolerance and any(
        is_right(answer + step * question.tolerance) for step in range(-_MOST_TOLERANCES, _MOST_TOLERANCES + 1)
    ):  # fmt: skip
        return (
            f"Very near. Was it rounded too early, or too much? It may be off by {show(question.tolerance, 4)} at most; "
            "round at the end only."
        )
    return ""


def _scaled(answer: float, factor: float) -> float:
    """Multiply; a whole number stays one where it can."""
    scaled = answer * factor
    nearest = round(scaled)
    return nearest if isinstance(answer, int) and math.isclose(scaled, nearest, rel_tol=1e-12) else scaled


def _slip_of_list(question: Question, answer: list, is_right: IsRight) -> str:
    """Try the slips of a list: one that befell all its entries, or an order that is turned round."""
    if len(answer) <= _LONGEST_ORDER and any(is_right(list(order)) for order in permutations(answer)):
        return "The entries are right, but in another order than the question asks for."
    if any(isinstance(entry, str | bool) for entry in answer):
        return ""
    for factor, slip in _FACTORS.items():
        if is_right([_scaled(entry, factor) for entry in answer]):
            return slip
    return ""
