"""Courses: individual exercises for a class, and marks that no student's code can touch.

What an instructor does, in this order: ``new`` makes the folder of a course, ``release`` gives each student a notebook with
data of his own, ``collect`` takes in what comes back, ``grade`` runs it in a sandbox and compares answers with keys,
``mark_csv`` and ``mark_page`` are for texts that a person reads, ``feedback`` writes a page for each student, ``export`` the
marks; ``status`` and ``verify`` say how things stand. Every function takes the course's folder and can be repeated: what is
done already is not done again. Files: ``steps``, ``marks`` and ``audit`` hold these functions; ``masters`` makes copies and
keys, ``folder`` knows the course, ``store`` keeps what happened, ``inbox`` finds notebooks, ``sandbox`` and ``runner`` run
them, ``grading`` compares, ``pages`` and ``marking`` are what people look at. What an exercise asks for stands in its
master, what a student calls in ``exercise``.
"""

from crmlab.course.audit import status, verify
from crmlab.course.marks import export, feedback, mark_csv, mark_page
from crmlab.course.steps import collect, grade, new, practice, release, withdraw

__all__ = [
    "collect", "export", "feedback", "grade", "mark_csv", "mark_page", "new", "practice", "release", "status", "verify",
    "withdraw",
]  # fmt: skip
