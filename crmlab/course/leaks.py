"""Leaks: what a student's notebook must not hold.

A marker with a letter missing removes nothing, and the solution, or the key with its hidden test, is given out. ``leaks``
reads a copy as students get it and lists every trace of the author's side: what looks like a marker, calls that declare an
exercise or a key, an answer that is filled in, outputs. ``masters`` refuses to make such a copy, ``audit`` looks at those
that were made.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher
from itertools import product
from typing import Any

#: What a copy may say of a cell: that JupyterLab shows it folded.
FOLDED = {"jupyter": {"source_hidden": True}}
_OPENERS = ("begin", "start", "end", "stop")
_CLOSERS = ("solution", "solutions", "hidden", "hiddentest", "hiddentests", "markscheme")
_CODE_CLOSERS = (*_CLOSERS, "test", "tests", "answer", "answers")  # after three signs, as no comment is written
_WHOLE = ("solution", "hiddentests", "markscheme", *map("".join, product(("begin", "end"), ("solution", "hiddentests"))))
_AUTHOR_CALL = re.compile(r"\b(?:exercise\s*\.\s*(?:question|declare)\b|(?:question|declare)\s*\()")
_AUTHOR_IMPORT = re.compile(r"\bimport\b[^\n]*\b(?:question|declare|author)\b|\bexercise\s*\.\s*author\b")
_AUTHOR_NAMED = re.compile(r"\bexercise\s*\.\s*(?:question|declare|author)\b")  # in a text, "question (a)" is only a word


def leaks(notebook: dict[str, Any], questions: Collection[str]) -> list[str]:
    """List what a student's notebook gives away; nothing if it is as it should be.

    Parameters
    ----------
    notebook : dict
        The copy, as JSON.
    questions : collection of str
        Names of the exercise's questions; each needs a cell with a place to answer.

    Returns
    -------
    list of str
        One line for each thing found, with the number of the cell.

    Examples
    --------
    >>> from crmlab.course.leaks import leaks
    >>> cell = {"cell_type": "code", "source": 'x = 3\\nexercise.answer("q1", x)'}
    >>> leaks({"cells": [cell]}, ["q1"])
    ['cell 1: the answer to q1 is filled in; `x = ...` must stand above it', 'q1 has no place to answer']
    """
    messages, open_questions = [], set()
    for number, cell in enumerate(notebook["cells"], 1):
        messages += [f"cell {number}: {problem}" for problem in cell_leaks(cell)]
        open_questions |= {question for question, is_open in _answers(cell) if question and is_open}
    return messages + [f"{name} has no place to answer" for name in questions if name not in open_questions]


def cell_leaks(cell: dict[str, Any]) -> list[str]:
    """List what one cell of a student's notebook gives away.

    Parameters
    ----------
    cell : dict
        As JSON.
    """
    text = "".join(cell["source"])
    problems = [f"{line.strip()[:60]!r} looks like a marker, and removes nothing" for line in _like_markers(cell)]
    if cell["cell_type"] == "code":
        calls = _AUTHOR_CALL.search(text) or _AUTHOR_IMPORT.search(text)
    else:
        calls = _AUTHOR_NAMED.search(text)
    if calls:
        problems.append(f"{' '.join(calls[0].split())!r} belongs to the author's side, between HIDDEN TESTS markers")
    if any(cell.get(name) for name in ("outputs", "attachments")) or cell.get("metadata") not in (None, {}, FOLDED):
        problems.append("outputs, metadata and attachments of the master must not be given out")
    for question, is_open in _answers(cell):
        if not question:
            problems.append('`exercise.answer` needs a question and a name: exercise.answer("q1", some_name)')
        elif not is_open:
            name = _handed_in(text, question)
            problems.append(f"the answer to {question} is filled in; `{name} = ...` must stand above it")
    return problems


def _like_markers(cell: dict[str, Any]) -> Iterator[str]:
    """Find lines that are a marker, or were meant to be one."""
    is_code = cell["cell_type"] == "code"
    text = unicodedata.normalize("NFKC", "".join(cell["source"]))
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")  # such as blanks without width
    for line in text.splitlines():
        words = re.findall(r"[^\W\d_]+", (line.partition("#")[2] if is_code else line).casefold())
        if is_code or len(words) <= 4 or line.lstrip().startswith(("#", "<!")):  # all else is a sentence
            closers = _CODE_CLOSERS if is_code and "###" in line else _CLOSERS
            if _is_pair(words, closers) or any(_alike("".join(words), whole, 0.9) for whole in _WHOLE):
                yield line


def _is_pair(words: list[str], closers: Collection[str]) -> bool:
    """Say whether a word like BEGIN or END is followed, at once or after one more, by one like SOLUTION or HIDDEN TESTS."""
    for start, word in enumerate(words):
        if any(_alike(word, opener, 0.7) for opener in _OPENERS):
            for first, length in product((start + 1, start + 2), (1, 2, 3)):
                after = "".join(words[first : first + length])
                if any(_alike(after, closer, 0.8) for closer in closers):
                    return True
    return False


def _alike(text: str, wanted: str, share: float) -> bool:
    """Say whether two words have so large a share of their letters in common, in order."""
    return SequenceMatcher(None, text, wanted, autojunk=False).ratio() >= share


def _answers(cell: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Find each answer that a cell hands in: its question, "" if that is not written out, and whether it is open still."""
    text = "".join(cell["source"])
    if cell["cell_type"] != "code" or "answer" not in text:
        return
    try:
        tree = ast.parse(re.sub(r"^([ \t]*)[%!].*$", r"\1pass", text, flags=re.MULTILINE))
    except SyntaxError:
        yield "", False
        return
    assigned: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            assigned |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if called == "answer":
                yield _answer(node, assigned)


def _answer(call: ast.Call, assigned: dict[str, ast.expr]) -> tuple[str, bool]:
    """Return the question of a call of ``answer``, and whether the name that it hands in is ``...`` so far."""
    if len(call.args) != 2 or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        return "", False
    value = call.args[1]
    if isinstance(value, ast.Name):
        value = assigned.get(value.id, value)
    return call.args[0].value, isinstance(value, ast.Constant) and value.value is Ellipsis


def _handed_in(text: str, question: str) -> str:
    """Return the name that a cell hands in as the answer to a question."""
    match = re.search(rf"""answer\(\s*["']{re.escape(question)}["']\s*,\s*(\w+)\s*\)""", text)
    return match[1] if match else "some_name"
