"""Exercises: what a student's notebook calls, and what its author declares.

A student's notebook begins with ``start``. Each question can be answered in two ways: by the controls and the box of
``panel``, or by code, which asks for tables (``data``) and for what was drawn for this student (``given``), records answers
(``answer``) and has their form looked at (``check``). ``progress`` shows what is open, ``solution``, in practice, how it is
done. An author's master says ``declare`` and, for each question, ``question``. Files: ``form`` knows when an answer is right,
``typed`` how it may be written, ``slips`` what a wrong one shows, ``desk`` what lies on a student's desk, ``standing`` how
answers stand, ``live`` how outputs follow, ``pivot`` and ``panel_view`` what a panel shows, ``worked`` the solutions,
``author`` what a master adds. This room never marks anything: marks are given in ``course``, outside the student's process.
"""

from crmlab.exercise.author import declare, question
from crmlab.exercise.desk import answer, data, given, start
from crmlab.exercise.panel import panel
from crmlab.exercise.standing import check, progress
from crmlab.exercise.worked import solution

__all__ = ["answer", "check", "data", "declare", "given", "panel", "progress", "question", "solution", "start"]
