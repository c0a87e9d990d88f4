"""Exercises: what a student's notebook calls, and what its author declares.

A student's notebook begins with ``start`` and then asks for its tables (``data``), for what was drawn for this student
(``given``), records answers (``answer``), has their form looked at (``check``) and shows what is still open (``progress``).
An author's master says ``declare`` and, for each question, ``question``. Files: ``form`` knows when an answer is right,
``desk`` what lies on a student's desk, ``author`` what a master adds. This room never marks anything: marks are given in
``course``, outside the student's process.
"""

from crmlab.exercise.author import declare, question
from crmlab.exercise.desk import answer, check, data, given, progress, start

__all__ = ["answer", "check", "data", "declare", "given", "progress", "question", "start"]
