"""Glossary: the technical terms of the lessons, each in plain words and in Chinese.

The terms are data, one row each in ``glossary.csv``, and are kept nowhere else: ``docs/glossary.md`` is generated from it, and
lessons link there at the first use of a term. What a column of a table means is declared in ``tables``; what a formula says
stands in its topic.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crmlab._result import Summary
from crmlab.errors import ArgumentError

__all__ = ["Term", "explain", "terms"]


@dataclass(frozen=True, slots=True)
class Term:
    """A technical term.

    Attributes
    ----------
    term : str
        As lessons write it.
    meaning : str
        In plain words, a sentence or two.
    chinese : str
        As Chinese textbooks write it.
    lesson : str
        The number of the lesson that first uses it.
    """

    term: str
    meaning: str
    chinese: str
    lesson: str

    @property
    def anchor(self) -> str:
        """The place on the glossary's page: lessons link to ``../docs/glossary.md#ANCHOR``."""
        return re.sub(r"[^a-z0-9]+", "-", self.term.lower()).strip("-")


@cache
def terms() -> tuple[Term, ...]:
    """Return all terms, in the order of the alphabet.

    Returns
    -------
    tuple of Term

    Examples
    --------
    >>> from crmlab import glossary
    >>> next(term.chinese for term in glossary.terms() if term.term == "CRM")
    '客户关系管理'
    """
    text = resources.files("crmlab").joinpath("glossary.csv").read_text(encoding="utf-8")
    rows = [Term(**row) for row in csv.DictReader(text.splitlines())]
    return tuple(sorted(rows, key=lambda row: (row.term.lower(), row.term)))


def explain(term: str) -> Summary:
    """Say what a technical term means.

    Parameters
    ----------
    term : str
        Capital letters play no part.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        The glossary does not have it; the message lists what comes near.

    Examples
    --------
    >>> from crmlab import glossary
    >>> glossary.explain("rater")
    RATER
      Meaning: Five dimensions of service quality: reliability, assurance, tangibles, empathy, responsiveness.
      Chinese: 服务质量五维度
      Lesson: 01
    """
    wanted = str(term).strip().lower()
    match = next((row for row in terms() if row.term.lower() == wanted), None)
    if match is None:
        near = [row.term for row in terms() if wanted and (wanted in row.term.lower() or row.term.lower() in wanted)]
        names = ", ".join(near or [row.term for row in terms()])
        raise ArgumentError(f"the glossary has no term {term!r}; it has {names}.")
    facts = (("Meaning", match.meaning), ("Chinese", match.chinese), ("Lesson", match.lesson))
    return Summary(match.term, facts)
