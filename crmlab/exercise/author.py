"""The author's side of an exercise: what is drawn for a student, and which answer is the right one.

``declare`` and ``question`` stand in the hidden part of a master notebook. Run in JupyterLab, a master is its own test: it
works on the default firm, and ``question`` refuses if the solution above it is not right. Within ``draft`` the same code runs
for one student, on a firm that follows from a seed. What a master declares must be the same on every machine: ``question``
refuses a key whose last digits decide something, and ``check_same`` compares two runs on rows in different orders. This room
reads no notebook; that is the business of ``course``.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace

import pandas as pd

from crmlab import _check, datasets, tables, world
from crmlab.errors import ArgumentError, CrmlabError, DataError
from crmlab.exercise import desk as _desk
from crmlab.exercise.desk import Context, Desk
from crmlab.exercise.form import Question
from crmlab.exercise.values import Answer, Scalar, to_json
from crmlab.world import Firm

# How far processors differ in a number, as a share of it: sums by 1e-15, fitted models by up to 1e-8. A practice copy is
# compared on every machine, and its author can choose another tolerance. A student's is made once, and must not be refused by
# chance, as one of a thousand would be at 1e-8.
_ROUNDING_OF_PRACTICE, _ROUNDING = 1e-8, 1e-13
_LEAST_DISTANCE = 2.2  # a misconception lies at least so many tolerances from the key, so that no answer can be both


class WrongAnswer(CrmlabError):
    """The answer recorded above a ``question`` is not the key. It does not say what the key is."""


@contextmanager
def draft(seed: bytes | None, *, shuffled: bool = False, firm: Firm | None = None) -> Iterator[Context]:
    """Let masters draw from a seed instead of working on the default firm.

    Parameters
    ----------
    seed : bytes or None
        What is drawn, and the firm, follow from it; None for practice on the default firm.
    shuffled : bool
        Whether tables come with their rows in another order.
    firm : Firm, optional
        The firm of that seed, if it was simulated before.

    Yields
    ------
    Context
        Its ``desk`` is the one that the master opens.
    """
    token = _desk._context.set(Context(seed=seed, firm=firm, shuffled=shuffled))
    try:
        yield _desk.context()
    finally:
        _desk._context.reset(token)


def run_master(name: str, cells: Sequence[tuple[str, str]], context: Context, circumstances: str = "") -> Desk:
    """Run the cells of a master within a draft, show nothing, and return the desk that it opened.

    Parameters
    ----------
    name : str
        Of the master, and of the exercise that it declares.
    cells : sequence of (str, str)
        Kind and text of each cell.
    context : Context
        As ``draft`` yields it.
    circumstances : str
        For whom, in the words of an error.

    Raises
    ------
    DataError
        A cell failed, or the master declares nothing, or another exercise.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    with redirect_stdout(io.StringIO()):
        for number, (kind, text) in enumerate(cells, 1):
            if kind != "code":
                continue
            try:
                exec(compile(text, f"{name}, cell {number}", "exec"), names)
            except Exception as error:
                reason = str(error) if isinstance(error, CrmlabError) else f"{type(error).__name__}: {error}"
                raise DataError(f"the master {name}, cell {number}, failed{circumstances}: {reason}") from error
    if context.desk is None:
        raise DataError(f"the master {name} never calls `exercise.declare(...)`.")
    declared = context.desk.sheet["assignment"]
    if declared != name:
        raise DataError(f"the master {name} declares itself as {declared}: give file and exercise one name.")
    return context.desk


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
    context = _desk.context()
    seed = context.seed
    given = _drawn(draw or {}, seed)
    industry = str(given.get("industry", "retailer"))
    for table in tables:
        _check.choice("tables", table, datasets.names(industry))
    firm = context.firm
    if seed is not None and firm is None:
        firm = world.simulate(
            industry,
            customers=_check.integer("customers", customers, 50, 100_000),
            months=_check.integer("months", months, 6, 120),
            seed=_number(seed, "firm") >> 1,
            tables=list(tables),
        )
    sheet = {"assignment": name, "title": title, "practice": seed is None, "given": given, "industry": industry,
             "tables": list(tables), "questions": {}}  # fmt: skip
    context.desk = Desk(sheet, firm=firm, shuffled=context.shuffled)


def _drawn(draw: Mapping[str, object], seed: bytes | None) -> dict[str, object]:
    """Return what is drawn for that seed under each name; the industry first, because other choices depend on it."""
    given: dict[str, object] = {}
    for key in sorted(draw, key=lambda key: key != "industry"):
        options = draw[key]
        if isinstance(options, Mapping):
            options = options.get(given.get("industry"), ())
        if isinstance(options, str) or not isinstance(options, Sequence) or not options:
            raise ArgumentError(f"`draw` needs a list of choices for {key!r}; it has {options!r}.")
        given[key] = options[0] if seed is None else options[_number(seed, key) % len(options)]
    return {key: given[key] for key in draw}


def _number(seed: bytes, purpose: str) -> int:
    """Return a number of 64 bits that follows from a seed and a name."""
    return int.from_bytes(hashlib.sha256(seed + b"|" + purpose.encode()).digest()[:8], "big")


def question(
    name: str, *, key: object = None, unit: str = "", points: float = 1, tolerance: float = 0, low: float | None = None,
    high: float | None = None, choices: Collection[str] = (), words: Sequence[int] = (),
    rubric: Sequence[tuple[str, float, str]] = (), hint: str = "", misconceptions: Mapping[str, object] | None = None,
    panel: pd.DataFrame | None = None, row: str = "", table: str = "", meanings: Mapping[str, str] | None = None,
    steps: str = "", extra: bool = False,
) -> None:  # fmt: skip
    """Say when a question is right. In a master, in a hidden region after ``exercise.check(name)``.

    Parameters
    ----------
    name : str
        As in ``exercise.answer(name, ...)``.
    key : number, text, list or DataFrame
        The right answer, computed once more from ``exercise.data`` rather than taken from the solution above: two ways to the
        same number. Its type is the type that is asked for. None for a text that a person marks.
    unit : str
        In words: "prospects", "% of all prospects".
    points : float
        What a right answer earns.
    tolerance : float
        How far off an answer may be and still be right. A number with a fraction needs it.
    low, high : float, optional
        The range that makes sense; outside it a student hears so at once.
    choices : collection of str
        For a key that is one of several words: all of them.
    words : (int, int)
        For a text: at least and at most so many words.
    rubric : sequence of (str, float, str)
        For a text: name of the line, points, what earns them. Its points add up to ``points``.
    hint : str
        For those who got it wrong. It must not hold the key.
    misconceptions : dict, optional
        What a student reads -> the wrong answer that shows it. Nothing from which the key follows, alone or together with
        another: not the key times 100, nor won/lost where won/(won + lost) is asked for. Where one comes too close to a
        student's key, shares an entry with it, or tells it by chance (its complement, a twelfth), this student is not told.
    panel : DataFrame, optional
        What students who do not code filter, group and read in ``exercise.panel(name)``: the rows and columns that the
        question needs, joined where tables must be, but with the decisions (which rows, what over what) left to make.
    row, table : str
        What one row of the panel is ("one customer"), and of which table: its columns mean what ``tables.describe`` says.
    meanings : dict
        Column of the panel -> what it means, for those that the table does not have or that mean something else here.
    steps : str
        How the question is answered with these controls; part of the worked solution, which practice alone shows.
    extra : bool
        Whether it is practice beyond the core, for those who have time: ``lessons.progress`` counts it apart.

    Returns
    -------
    None

    Raises
    ------
    ArgumentError
        Something is missing or does not fit together, or the last digits of a number decide what is right.
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
    desk = _desk.open_desk()
    if not isinstance(name, str) or not desk.is_master:
        raise ArgumentError("`question` stands in a master, after `exercise.declare(...)`; its name is a text such as 'q1'.")
    _check.number("points", points, 0)
    _check.number("tolerance", tolerance, 0)
    _keep_panel(desk, name, panel, row, table, meanings or {})
    desk.steps[name] = steps
    lines = tuple((str(line), points_of_line, str(what)) for line, points_of_line, what in rubric)
    rules = Question(
        name,
        "text",
        unit,
        points,
        tolerance,
        low,
        high,
        tuple(choices),
        words=tuple(words),
        rubric=lines,
        hint=hint,
        extra=_check.flag("extra", extra),
    )
    if key is None:
        _ask_for_text(desk, rules)
    else:
        _ask_for_key(desk, rules, to_json(key), misconceptions or {})


def _keep_panel(desk: Desk, name: str, panel: pd.DataFrame | None, row: str, table: str, meanings: Mapping[str, str]) -> None:
    """Keep the table of a panel, if there is one, and what its rows and columns are, in words."""
    if panel is None:
        return
    desk.panels[name] = _check.frame("panel", panel).reset_index(drop=True)
    declared = {column.name: column.meaning for column in tables.table(table).columns} if table else {}
    known = declared | dict(meanings)
    sentence = f"Each row is {row}" + (f" (table {table})." if table else ".") if row else ""
    columns = {column: known[column] for column in map(str, panel.columns) if column in known}
    desk.legends[name] = {"row": sentence, "columns": columns}


def _ask_for_text(desk: Desk, rules: Question) -> None:
    """Put a question on the sheet that a person marks."""
    total = sum(points for _, points, _ in rules.rubric)
    if not rules.rubric or abs(total - rules.points) > 1e-9:
        raise ArgumentError(
            f"{rules.name} has no key, so a person marks it: its rubric must add up to {rules.points:g}, not {total:g}."
        )
    desk.sheet["questions"][rules.name] = rules.as_json()
    _check_answer(desk, rules, None)


def _ask_for_key(desk: Desk, rules: Question, key: Answer, misconceptions: Mapping[str, object]) -> None:
    """Put a question on the sheet that asks for a key, and keep key and misconceptions."""
    asked, name = _with_form(rules, key), rules.name
    if problem := asked.problem(key):
        raise ArgumentError(f"{name}: the key breaks the question's own rules. {problem}")
    desk.sheet["questions"][name], desk.keys[name] = asked.as_json(), key
    rounding = _ROUNDING_OF_PRACTICE if desk.sheet["practice"] else _ROUNDING
    desk.misconceptions[name] = _distinct_misconceptions(asked, misconceptions, key, rounding)
    _check_answer(desk, asked, key)
    _check_key(asked, key, desk.answers[name], rounding)


def _with_form(rules: Question, key: Answer) -> Question:
    """Return a question that asks for an answer of the key's form."""
    kind = _kind(rules, key)
    cells: list[Scalar] = [cell for row in key["rows"] for cell in row] if isinstance(key, dict) else (
        key if isinstance(key, list) else [key]
    )  # fmt: skip
    if kind in ("number", "list", "table") and not rules.tolerance and any(isinstance(cell, float) for cell in cells):
        raise ArgumentError(f"{rules.name}: `tolerance` must say how far off an answer may be, e.g. 0.05.")
    if isinstance(key, dict):
        return replace(rules, kind=kind, columns=tuple(key["columns"]))
    if isinstance(key, list):
        entries = "words" if any(isinstance(cell, str) for cell in key) else "numbers"
        return replace(rules, kind=kind, size=len(key), entries=entries)
    return replace(rules, kind=kind)


def _kind(rules: Question, key: Answer) -> str:
    """Return the kind of answer that a key asks for."""
    if isinstance(key, list | dict):
        return "list" if isinstance(key, list) else "table"
    if isinstance(key, str):
        if key not in rules.choices:
            raise ArgumentError(
                f"{rules.name}: the key {key!r} must be one of `choices`. Long texts have no key, but a rubric."
            )
        return "choice"
    if isinstance(key, bool):
        raise ArgumentError(f'{rules.name}: give the key as a word, "yes" or "no", with choices=["yes", "no"].')
    return "whole" if isinstance(key, int) else "number"


def _check_answer(desk: Desk, asked: Question, key: Answer | None) -> None:
    """Refuse a master whose solution does not earn its own points."""
    if asked.name not in desk.answers:
        raise WrongAnswer(f"{asked.name} has no answer.")
    answer = desk.answers[asked.name]
    if problem := asked.problem(answer):
        raise WrongAnswer(f"{asked.name}: {problem}")
    if key is not None and not asked.is_right(answer, key):
        raise WrongAnswer(f"{asked.name} is not right. {asked.hint}".rstrip())


# -- Misconceptions ---------------------------------------------------------------------------------------------------


def _distinct_misconceptions(
    asked: Question, misconceptions: Mapping[str, object], key: Answer, rounding: float
) -> list[tuple[str, Answer]]:
    """Return the misconceptions that a student may be told, with the wrong answers that show them."""
    values = [(str(text), to_json(value)) for text, value in misconceptions.items()]
    for text, value in values:
        if _implies(value, key, factors=(100, 0.01)):  # by design: chance does not multiply by a hundred
            raise ArgumentError(
                f"{asked.name}: the key follows from the misconception {text!r}: whoever finds the one has the other."
            )
        if asked.is_at_edge(value, rounding) or _is_close_by_rounding(asked, value, key, rounding):
            raise _last_digits(asked, f"the misconception {text!r}")
    return [(text, value) for text, value in values if _is_distinct(asked, value, key)]


def _implies(value: Answer, key: Answer, *, factors: Collection[float], totals: Collection[float] = ()) -> bool:
    """Return whether the key is the value times one of the factors, or what it lacks to one of the totals."""
    if not isinstance(value, int | float) or not isinstance(key, int | float) or key == 0 or value == key:
        return False
    margin = 1e-9 * (abs(value) + abs(key))
    by_factor = any(abs(value - key * factor) <= margin for factor in factors)
    return by_factor or any(abs(value + key - total) <= margin for total in totals)


def _is_distinct(asked: Question, value: Answer, key: Answer) -> bool:
    """Return whether no answer can be both right and wrong so, and nothing handed out with the misconception tells the key.

    On some student's data a share may by chance be the key's complement, or a twelfth of it: what comes to mind first.
    """
    if _implies(value, key, factors=(-1, 12, 1 / 12, 52, 1 / 52), totals=(1, 100)):
        return False
    cells, key_cells = asked.cells(value), asked.cells(key)
    if cells is None or key_cells is None or len(cells) != len(key_cells):
        return cells is not None
    wide = asked.widened(_LEAST_DISTANCE)
    return not any(wide.agrees(cell, key_cell) for cell, key_cell in _comparable(cells, key_cells))


def _comparable(cells: list[Scalar], key_cells: list[Scalar]) -> list[tuple[Scalar, Scalar]]:
    """Return the pairs that count: the numbers if there are any, because words only name the rows of a table."""
    pairs = list(zip(cells, key_cells, strict=True))
    return [pair for pair in pairs if not isinstance(pair[1], str)] or pairs


def _is_close_by_rounding(asked: Question, value: Answer, key: Answer, rounding: float) -> bool:
    """Return whether the last digits decide if a value lies far enough from the key."""
    cells, key_cells = asked.cells(value) or [], asked.cells(key) or []
    if len(cells) != len(key_cells):
        return False
    least = _LEAST_DISTANCE * asked.tolerance * (1 + 1e-9)
    return any(
        abs(abs(cell - key_cell) - least) <= rounding * (abs(cell) + abs(key_cell))
        for cell, key_cell in zip(cells, key_cells, strict=True)
        if isinstance(cell, float) and isinstance(key_cell, float)
    )


# -- The same on every machine ----------------------------------------------------------------------------------------


def _check_key(asked: Question, key: Answer, answer: Answer, rounding: float) -> None:
    """Refuse a key whose last digits decide what is stored, or whether the solution's answer is right."""
    pairs = zip(asked.cells(answer) or (), asked.cells(key) or (), strict=True)
    is_decided_by_rounding = any(
        asked.agrees(cell, key_cell * (1 - rounding)) != asked.agrees(cell, key_cell * (1 + rounding))
        for cell, key_cell in pairs
        if isinstance(key_cell, float)
    )
    if is_decided_by_rounding or asked.is_at_edge(key, rounding):
        raise _last_digits(asked, "the key")


def _last_digits(asked: Question, what: str) -> ArgumentError:
    return ArgumentError(
        f"{asked.name}: {what} lies so close to an edge that its last digits decide, and they differ between processors. "
        f"Give `tolerance` another value, such as {1.02 * asked.tolerance:.3g} instead of {asked.tolerance:g}."
    )


def check_same(first: Desk, second: Desk) -> None:
    """Refuse a master whose keys or misconceptions depend on the order of the rows of its tables.

    Parameters
    ----------
    first, second : Desk
        Of two runs of one master, the second on shuffled rows.

    Raises
    ------
    ArgumentError
        It names the question, and what to do.
    """
    for name, key in first.keys.items():
        asked, others = first.question(name), dict(second.misconceptions[name])
        different = [] if _is_same(asked, key, second.keys[name]) else ["the key"]
        different += [
            f"the misconception {text!r}"
            for text, value in first.misconceptions[name]
            if text not in others or not _is_same(asked, value, others[text])
        ]
        if different:
            raise ArgumentError(
                f"{name}: {different[0]} changes with the order of the rows: those that are equal in a column change places. "
                'Sort by a second column in which no two rows are equal, as in `sort_values(["amount", "customer_id"])`, '
                "and say in the question what breaks a tie."
            )


def _is_same(asked: Question, value: Answer, other: Answer) -> bool:
    """Return whether two values differ by no more than the order of a sum explains."""
    return value == other or asked.widened(1e-3).is_right(value, other)
