"""A small mutation check: one place of each large topic, drawn by chance, is changed, and a test sees it.

``python tests/mutation.py`` tries thirty.
"""

import hashlib
from dataclasses import replace

import pytest
from mutation import Mutation, changes, mutations, turns_red

LARGE = ("satisfaction", "btyd")


def chance(mutation: Mutation) -> str:
    """A place in a random order in which a mutation keeps its place as long as its line does, whatever else changes."""
    return hashlib.sha256(f"{mutation.file} {mutation.column} {mutation.code}".encode()).hexdigest()


SAMPLE = [min(mutations([part]), key=chance) for part in LARGE]


@pytest.mark.parametrize("mutation", SAMPLE, ids=str)
def test_a_change_is_seen(mutation):
    assert turns_red(mutation), f"{mutation}: no test notices"


@pytest.mark.parametrize("wide", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_change_that_does_not_matter_is_told_apart(wide):
    """The check itself can fail: a change that changes nothing is not called red."""
    small = mutations(["retention"])[0]  # few tests, which run to their end
    assert not turns_red(replace(small, other=small.text), wide=wide)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 3", ["3 -> 4"]),
        ("x = a > b", ["> -> >="]),
        ("x = a >= b", [">= -> >"]),
        ("x = (a) * (b)", ["* -> /"]),
        ("x = a ** b", []),
        ("x = a // b", []),
        ("x = a and b and c", ["and -> or", "and -> or"]),
        ("x: int | None = f('1 + 1')", []),
        ("x = 'é' if a == b else c", ["== -> !="]),
    ],
)
def test_what_is_changed(source, expected):
    assert [f"{text} -> {other}" for _, _, text, other in changes(source)] == expected
