"""Markers: what stands where in a master notebook.

``### BEGIN SOLUTION`` and ``### END SOLUTION`` enclose what students write themselves, ``### BEGIN HIDDEN TESTS`` and
``### END HIDDEN TESTS`` what they never see; ``exercise.answer("q1", name)`` hands in one name. These are nbgrader's markers.
``masters`` makes copies by them, ``worked`` reads the solutions of the kit's own masters. This room runs nothing.
"""

from __future__ import annotations

import re

__all__ = ["ANSWER", "HIDDEN", "SOLUTION"]

SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION\s*?\n(.*?)^[ \t]*### END SOLUTION[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS\s*?\n.*?^[ \t]*### END HIDDEN TESTS[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)
ANSWER = re.compile(r"""exercise\.answer\(\s*["'](\w+)["']\s*,\s*(\w+)\s*\)""")
