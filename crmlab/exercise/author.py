"""The author's side of an exercise: what is drawn for a student, and which answer is the right one.

``declare`` and ``question`` stand in the hidden part of a master notebook. Run in JupyterLab, a master is its own test: it
works on the default firm, and ``question`` refuses if the solution above it is not right. ``draft`` runs the same code for
one student, on a firm that follows from a seed, and keeps keys and slips. This room reads no notebook; that is the
business of ``course``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from crmlab import _check, datasets, world
from crmlab.errors import ArgumentError, CrmlabError
from crmlab.exercise import desk as _desk
from crmlab.exercise.desk import Desk
from crmlab.exercise.form import Plain, Question, plain

_seeds: list[bytes] = []


class WrongAnswer(CrmlabError):
    """The answer recorded above a ``question`` is not the key. It does not say what the key is."""


@contextmanager
def draft(seed: bytes | None) -> Iterator[None]:
    """Within: masters draw from this seed instead of working on the default firm (None)."""
    before = list(_seeds), list(_desk._on_desk)
    _seeds[:], _desk._on_desk[:] = ([seed] if seed is not None else []), []
    try:
        yield
    finally:
        _seeds[:], _desk._on_desk[:] = before


def declare(
    name: str, *, title: str, tables: Sequence[str], draw: Mapping[str, object] | None = None, customers: int = 800,
    months: int = 36,
) -> None:  # fmt: skip
    """Say what an exercise is about. In a master, in a hidden region before ``exercise.start(name)``.

    Parameters
    ----------
    name : str
        Name of the exercise and of its notebook, such as "01_relationship".
    title : str
        What students read.
    tables : sequence of str
        The tables that students get.
    draw : dict, optional
        Name -> list of what can be drawn for a student, or, where it depends on the industry, {industry: list}. The first of
        each list is used for practice. "industry" chooses the firm; without it everyone has a retailer.
    customers, months : int
        Size of each student's firm.

    Returns
    -------
    None

    Raises
    ------
    ArgumentError
        A table or industry is unknown, or a list is empty.

    Examples
    --------
    >>> from crmlab import exercise
    >>> exercise.declare("99_demo", title="A demonstration", tables=["orders"], draw={"region": ["north", "south"]})
    >>> print(exercise.start("99_demo"))
    A demonstration (practice on the kit's default firm)
      Your region: north
      Your tables: orders
    """
    if not isinstance(name, str) or not name.replace("_", "").isalnum() or not isinstance(title, str):
        raise ArgumentError(f'`name` must be letters, digits and underscores, such as "01_relationship"; it is {name!r}.')
    seed, draw = (_seeds[0] if _seeds else None), dict(draw or {})
    given: dict[str, object] = {}
    for key in sorted(draw, key=lambda key: (key != "industry", list(draw).index(key))):
        options = draw[key]
        if isinstance(options, Mapping):
            options = options.get(given.get("industry"), ())
        if isinstance(options, str) or not isinstance(options, Sequence) or not options:
            raise ArgumentError(f"`draw` needs a list of choices for {key!r}; it has {options!r}.")
        given[key] = options[0] if seed is None else options[_number(seed, key) % len(options)]
    given = {key: given[key] for key in draw}
    industry = str(given.get("industry", "retailer"))
    for table in tables:
        _check.choice("tables", table, datasets.names(industry))
    firm = None
    if seed is not None:
        size = {
            "customers": _check.integer("customers", customers, 50, 100_000),
            "months": _check.integer("months", months, 6, 120),
        }
        firm = world.simulate(industry, seed=_number(seed, "firm") >> 1, tables=list(tables), **size)
    sheet = {"assignment": name, "title": title, "practice": seed is None, "given": given, "industry": industry,
             "tables": list(tables), "questions": {}}  # fmt: skip
    _desk.put(Desk(sheet, firm=firm))


def _number(seed: bytes, what: str) -> int:
    """A number of 64 bits that follows from a seed and a name."""
    return int.from_bytes(hashlib.sha256(seed + b"|" + what.encode()).digest()[:8], "big")


def question(
    name: str, *, key: object = None, unit: str = "", points: float = 1, within: float = 0, low: float | None = None,
    high: float | None = None, choices: Collection[str] = (), words: Sequence[int] = (),
    rubric: Sequence[tuple[str, float, str]] = (), hint: str = "", slips: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Say when a question is right. In a master, in a hidden region after ``exercise.check(name)``.

    Parameters
    ----------
    name : str
        As in ``exercise.answer(name, ...)``.
    key : number, text, list or DataFrame
        The right answer, computed anew from ``exercise.data`` rather than taken from the solution above: two ways to the same
        number. Its type is the type that is asked for. None for a text that a person marks.
    unit : str
        In words: "prospects", "% of all prospects".
    points : float
    within : float
        How far off an answer may be and still be right. A number with a fraction needs it.
    low, high : float, optional
        The range that makes sense; outside it a student is told at once.
    choices : collection of str
        For a key that is one of several words: all of them.
    words : (int, int)
        For a text: at least and at most so many words.
    rubric : sequence of (str, float, str)
        For a text: name of the line, points, what earns them. Its points add up to ``points``.
    hint : str
        For whoever got it wrong. It must not hold the key.
    slips : dict, optional
        What a student is told -> the wrong answer that shows he needs to be told. Nothing from which the key follows, alone
        or together with another slip: not the key times 100, nor won/lost where won/(won + lost) is asked for. Where a slip
        comes too close to a student's key, shares an entry with it, or tells it by chance (its complement, a twelfth), he does
        not get it.

    Returns
    -------
    None

    Raises
    ------
    ArgumentError
        Something is missing or does not fit together.
    WrongAnswer
        The answer recorded above is not right. (It does not say what would be.)

    Examples
    --------
    >>> from crmlab import exercise
    >>> exercise.declare("99_demo", title="A demonstration", tables=["orders"])
    >>> exercise.question("q1", key=41, unit="orders", low=0)
    Traceback (most recent call last):
    crmlab.exercise.author.WrongAnswer: q1 has no answer.
    """
    it = _desk.desk()
    if not isinstance(name, str) or it.home is not None:
        raise ArgumentError("`question` stands in a master, after `exercise.declare(...)`; its name is a text such as 'q1'.")
    kind, held, columns, size = "text", None, (), None
    if key is None:
        total = sum(line[1] for line in rubric)
        if not rubric or abs(total - points) > 1e-9:
            raise ArgumentError(
                f"{name} has no key, so a person marks it: its rubric must add up to {points:g}, not {total:g}."
            )
    else:
        held = plain(key)
        kind = _kind(name, held, choices)
        columns = tuple(held["columns"]) if isinstance(held, dict) else ()
        size = len(held) if isinstance(held, list) else None
        if kind in ("number", "list", "table") and not within and _fractional(held):
            raise ArgumentError(f"{name}: `within` must say how far off an answer may be, e.g. 0.05.")
    entries = "" if size is None else "words" if any(isinstance(each, str) for each in held) else "numbers"
    asked = Question(name, kind, unit, points, within, low, high, tuple(choices), columns, size, entries, tuple(words),
                     tuple((str(line), points, str(what)) for line, points, what in rubric), hint)  # fmt: skip
    if held is not None and (fault := asked.fault(held)):
        raise ArgumentError(f"{name}: the key breaks the question's own rules. {fault}")
    it.sheet["questions"][name] = asked.as_json()
    if held is not None:
        it.keys[name] = held
        wrong = [(str(text), plain(value)) for text, value in (slips or {}).items()]
        for text, value in wrong:
            if _follows(value, held, factors=(100, 0.01)):  # by design: chance does not multiply by a hundred
                raise ArgumentError(f"{name}: the key follows from the slip {text!r}: whoever finds the one has the other.")
        it.slips[name] = [(text, value) for text, value in wrong if _tells_apart(asked, value, held)]
    if name not in it.answers:
        raise WrongAnswer(f"{name} has no answer.")
    if fault := asked.fault(it.answers[name]):
        raise WrongAnswer(f"{name}: {fault}")
    if held is not None and not asked.right(it.answers[name], held):
        raise WrongAnswer(f"{name} is not right. {hint}".rstrip())


def _follows(slip: object, key: object, *, factors: Collection[float], wholes: Collection[float] = ()) -> bool:
    """Whether the key is the slip times one of the factors, or what it lacks to one of the wholes."""
    if not isinstance(slip, int | float) or not isinstance(key, int | float) or key == 0 or slip == key:
        return False
    close = 1e-9 * (abs(slip) + abs(key))
    by_factor = any(abs(slip - key * factor) <= close for factor in factors)
    return by_factor or any(abs(slip + key - whole) <= close for whole in wholes)


def _tells_apart(asked: Question, slip: Plain, key: Plain) -> bool:
    """Whether no answer can be both right and a slip, and nothing that is handed out with the slip tells the key.

    On some student's data a share may by chance be the key's complement, or a twelfth of it: what comes to mind first.
    """
    if _follows(slip, key, factors=(-1, 12, 1 / 12, 52, 1 / 52), wholes=(1, 100)):
        return False
    given, wanted = asked.leaves(slip), asked.leaves(key)
    if given is None or wanted is None or len(given) != len(wanted):
        return given is not None
    wide = replace(asked, within=2.2 * asked.within)
    pairs = list(zip(given, wanted, strict=True))
    numbers = [(a, b) for a, b in pairs if not isinstance(b, str)] or pairs
    return not any(wide.same(a, b) for a, b in numbers)


def _kind(name: str, key: object, choices: Collection[str]) -> str:
    if isinstance(key, list | dict):
        return "list" if isinstance(key, list) else "table"
    if isinstance(key, str):
        if key not in choices:
            raise ArgumentError(f"{name}: the key {key!r} must be one of `choices`. Long texts have no key, but a rubric.")
        return "choice"
    if isinstance(key, bool):
        raise ArgumentError(f'{name}: give the key as a word, "yes" or "no", with choices=["yes", "no"].')
    return "whole" if isinstance(key, int) else "number"


def _fractional(held: object) -> bool:
    if isinstance(held, dict):
        held = [cell for row in held["rows"] for cell in row]
    return any(isinstance(each, float) for each in (held if isinstance(held, list) else [held]))
