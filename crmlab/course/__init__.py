"""Courses: individual exercises for a class, and marks that no student's code can touch.

What an instructor does, in this order: ``new`` makes the folder of a course, ``release`` gives each student a notebook with
data of their own, ``collect`` takes in what comes back, ``grade`` runs it in a sandbox and compares answers with keys,
``mark_csv`` and ``mark_page`` are for texts that a person reads, ``feedback`` writes a page for each student, ``export`` the
grades; ``status`` and ``verify`` say how things stand. Every function takes the course's folder and can be repeated: what is
done already is not done again.

These functions stand in ``bundles`` (release), ``steps`` (new, collect, grade), ``essays`` (marking by hand), ``gradebook``
(feedback, export) and ``audit``. Below them, ``folder`` knows the course, ``store`` keeps what happened; ``masters`` makes
copies and keys, ``leaks`` looks for keys in copies, ``inbox`` finds notebooks; ``batch`` runs them, in the ``sandbox`` that
``bubblewrap`` builds with ``syscalls``, ``limits``, the ``runner`` inside and the ``pipe`` out of it; ``grading`` and
``similarity`` compare; ``rubric``, ``rubric_page`` and ``rubric_table`` are for marking, ``feedback_page`` and ``markdown``
for reading. What an exercise asks for stands in its master, what a student calls in ``exercise``.
"""

from crmlab.course.audit import status, verify
from crmlab.course.bundles import practice, release
from crmlab.course.essays import mark_csv, mark_page
from crmlab.course.gradebook import export, feedback
from crmlab.course.steps import collect, grade, new, withdraw

__all__ = [
    "collect", "export", "feedback", "grade", "mark_csv", "mark_page", "new", "practice", "release", "status", "verify",
    "withdraw",
]  # fmt: skip
