"""Pivot: a table is filtered, grouped and measured by choices that a reader makes with controls.

``describe`` says which controls a table has, ``read_choices`` turns what came from a page into ``Choices`` and drops what the
table does not know, and ``read_out`` gives the numbers as texts: how many rows are left, which share of the table, a table
by groups, and some of the rows. Nothing here knows what the rows mean, which question is asked, or how a page looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from pandas.api import types

from crmlab._result import show
from crmlab.exercise.values import as_shown

__all__ = ["Choices", "describe", "plain", "read_choices", "read_out"]

EMPTY = "(empty)"
MEASURES = ("rows", "% of the line", "sum", "mean")
_MOST_VALUES = 16  # a column with more different values is no category
_MOST_GROUPS, _ROWS_ON_PAGE, _LONGEST = 40, 8, 100


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader has chosen.

    Attributes
    ----------
    keep : dict
        Column -> the values whose rows are kept; without an entry all are.
    span : dict
        Column -> (from, to), as texts; an empty text is no limit.
    group, split : str
        The columns by whose values rows are put together, down and across; "" for none.
    number : str
        The column that is added up and averaged; "" for none.
    measure : str
        One of ``MEASURES``: what the cells hold where rows are split.
    order : str
        "largest" or "smallest" value of ``number`` first; "" for the order of the table.
    first : int
        Only so many rows of that order are kept; 0 for all.
    page : int
        Which rows are shown.
    """

    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    span: dict[str, tuple[str, str]] = field(default_factory=dict)
    group: str = ""
    split: str = ""
    number: str = ""
    measure: str = "rows"
    order: str = ""
    first: int = 0
    page: int = 0


def describe(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the columns of a table with what can be done with each.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    list of dict
        name; kind ("number", "date" or "text"); values (the labels of a category, else none); whether it can be grouped by.

    Examples
    --------
    >>> describe(pd.DataFrame({"kind": ["new", "old"], "profit": [1.5, 2.5]}))[0]["values"]
    ['new', 'old']
    """
    columns = []
    for name in frame.columns:
        column, kind = frame[name], _kind(frame[name])
        values = _labels(column) if _is_category(column, kind) else []
        columns.append({"name": str(name), "kind": kind, "values": values, "groups": bool(values) or kind == "date"})
    return columns


def _kind(column: pd.Series) -> str:
    if types.is_datetime64_any_dtype(column):
        return "date"
    return "number" if types.is_numeric_dtype(column) and not types.is_bool_dtype(column) else "text"


def _is_category(column: pd.Series, kind: str) -> bool:
    if kind == "date" or (kind == "number" and not types.is_integer_dtype(column)):
        return False
    return bool(column.nunique() <= _MOST_VALUES)


def _labels(column: pd.Series) -> list[str]:
    """Return the different values of a column as texts: numbers by size, words in the order that the table has them."""
    values = column.dropna().unique()
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(values)
        return [_text(value) for value in column.cat.categories if value in present] + ([EMPTY] if column.isna().any() else [])
    ordered = sorted(values) if _kind(column) == "number" or types.is_bool_dtype(column) else sorted(values, key=str)
    return [_text(value) for value in ordered] + ([EMPTY] if column.isna().any() else [])


def _text(value: object) -> str:
    """Return a value as a page shows it."""
    return EMPTY if value is None or value is pd.NA or value != value else as_shown(value)


def plain(choices: Choices) -> dict[str, Any]:
    """Return choices as plain JSON, without what was not chosen.

    >>> plain(Choices(keep={"kind": ("new",)}, first=3))
    {'keep': {'kind': ['new']}, 'first': 3}
    """
    said = {name: value for name, value in asdict(choices).items() if value != asdict(Choices())[name]}
    return json.loads(json.dumps(said))


def read_choices(claim: object, frame: pd.DataFrame) -> Choices:
    """Return the choices that a page has sent; whatever the table does not know is as if it were not chosen.

    Parameters
    ----------
    claim : dict
        By the names of ``Choices``, as plain JSON.
    frame : DataFrame
    """
    said = claim if isinstance(claim, Mapping) else {}
    columns = {column["name"]: column for column in describe(frame)}

    def mapping(name: str) -> dict[str, Any]:
        entries = said.get(name)
        return {key: value for key, value in entries.items() if key in columns} if isinstance(entries, Mapping) else {}

    def one_of(name: str, known: list[str]) -> str:
        value = said.get(name)
        return value if isinstance(value, str) and value in known else known[0]

    def count(name: str) -> int:
        value = said.get(name)
        return min(value, 10**9) if type(value) is int and value > 0 else 0

    keep = {
        key: tuple(value for value in values if value in columns[key]["values"])
        for key, values in mapping("keep").items()
        if isinstance(values, list)
    }
    span = {
        key: (str(ends[0])[:_LONGEST], str(ends[1])[:_LONGEST])
        for key, ends in mapping("span").items()
        if isinstance(ends, list) and len(ends) == 2
    }
    groups = ["", *(name for name, column in columns.items() if column["groups"])]
    numbers = ["", *(name for name, column in columns.items() if column["kind"] == "number")]
    group = one_of("group", groups)
    return Choices(
        {key: values for key, values in keep.items() if values}, span, group, one_of("split", groups) if group else "",
        one_of("number", numbers), one_of("measure", list(MEASURES)), one_of("order", ["", "largest", "smallest"]),
        count("first"), count("page"),
    )  # fmt: skip


def read_out(frame: pd.DataFrame, choices: Choices) -> dict[str, Any]:
    """Return what the choices leave of a table, as texts.

    Parameters
    ----------
    frame : DataFrame
    choices : Choices
        As ``read_choices`` returned them.

    Returns
    -------
    dict
        sentences; groups and rows, each with columns and rows; n_pages.

    Examples
    --------
    >>> frame = pd.DataFrame({"kind": ["new", "new", "old"], "profit": [1.0, 2.0, 5.0]})
    >>> read_out(frame, Choices(keep={"kind": ("new",)}, number="profit"))["sentences"][0]
    '2 of 3 rows are kept (66.67 %).'
    """
    left, problem = _filtered(frame, choices)
    ordered = bool(choices.number and choices.order)
    if ordered:
        left = left.sort_values(choices.number, ascending=choices.order == "smallest", kind="stable")
        left = left[left[choices.number].notna()] if choices.first else left
    left = left.head(choices.first) if choices.first else left
    share = f" ({show(100 * len(left) / len(frame), 2)} %)" if len(frame) else ""
    sentences = [f"{_text(len(left))} of {_text(len(frame))} rows are kept{share}."]
    sentences += _measured(left[choices.number], choices.number) if choices.number else []
    sentences += [problem] if problem else []
    n_pages = max(1, -(-len(left) // _ROWS_ON_PAGE))
    page = min(choices.page, n_pages - 1)
    shown = left.iloc[page * _ROWS_ON_PAGE : (page + 1) * _ROWS_ON_PAGE]
    rows = [[_text(cell) for cell in row] for row in shown.itertuples(index=False)]
    return {
        "sentences": sentences,
        "groups": _grouped(left, choices) if choices.group else {"columns": [], "rows": []},
        "rows": {"columns": [str(name) for name in frame.columns], "rows": rows},
        "page": page, "n_pages": n_pages,
    }  # fmt: skip


def _filtered(frame: pd.DataFrame, choices: Choices) -> tuple[pd.DataFrame, str]:
    """Return the rows that are kept, and what cannot be read of the limits."""
    problems = []
    is_kept = pd.Series(True, frame.index)
    for name, values in choices.keep.items():
        is_kept &= frame[name].astype(object).map(_text, na_action=None).isin(values)
    for name, ends in choices.span.items():
        for end, text in zip(("from", "to"), ends, strict=True):
            if not text.strip():
                continue
            limit = _limit(text, _kind(frame[name]))
            if limit is None:
                problems.append(f"{name}, {end}: {text!r} is no {_kind(frame[name])}.")
                continue
            column = frame[name].astype("float64") if _kind(frame[name]) == "number" else frame[name]
            is_kept &= (column >= limit) if end == "from" else (column <= limit)
    return frame[is_kept], " ".join(problems)


def _limit(text: str, kind: str) -> Any:
    """Return a number or a day; None if the text is neither."""
    try:
        if kind == "number":
            number = float("".join(text.split()).replace(",", "."))
            return None if number != number else number
        return pd.Timestamp(text) if kind == "date" else None
    except (ValueError, OverflowError):
        return None


def _measured(column: pd.Series, name: str) -> list[str]:
    """Return sum and mean of a column in a sentence, and in another how far its numbers lie apart."""
    numbers = column.dropna().astype("float64")
    if not len(numbers):
        return [f"{name}: no number is left."]
    spread = {"standard deviation": numbers.std(), "smallest": numbers.min(), "largest": numbers.max()}
    parts = [f"{label} {_text(float(value))}" for label, value in spread.items() if value == value]
    counts = [f"{_text(len(numbers))} numbers"]
    counts += [f"{_text(len(column) - len(numbers))} empty"] if len(numbers) < len(column) else []
    return [
        f"{name}: sum {_text(float(numbers.sum()))}, mean {_text(float(numbers.mean()))}.",
        f"{', '.join(parts)}; {', '.join(counts)}.".capitalize(),
    ]


def _grouped(left: pd.DataFrame, choices: Choices) -> dict[str, Any]:
    """Return a line for each group: how many rows, and the number that was chosen; or one cell for each value of the split."""
    groups, labels = _groups(left, choices.group)
    numbers = left[choices.number].astype("float64") if choices.number else None
    if choices.split:
        across, names = _groups(left, choices.split)
        return _crossed(groups, labels, across, names, numbers, choices)
    columns = [choices.group, "rows", "% of the rows"] + (
        [f"sum of {choices.number}", f"mean of {choices.number}"] if choices.number else []
    )
    rows = []
    for label in labels[:_MOST_GROUPS]:
        is_here = groups == label
        line = [label, _text(int(is_here.sum())), show(100 * float(is_here.mean()), 2)]
        if numbers is not None:
            line += [_text(float(numbers[is_here].sum())), _text(float(numbers[is_here].mean()))]
        rows.append(line)
    return {"columns": columns, "rows": rows}


def _groups(left: pd.DataFrame, name: str) -> tuple[pd.Series, list[str]]:
    """Return the label of each row, and the labels in their order; days are put together by year."""
    column = left[name].dt.year.astype("Int64") if _kind(left[name]) == "date" else left[name]
    year = column.astype(object).map(lambda value: EMPTY if value is pd.NA or value != value else str(value))
    labels = year if _kind(left[name]) == "date" else column.astype(object).map(_text, na_action=None)
    return labels, sorted(set(labels)) if _kind(left[name]) == "date" else _labels(column)


def _crossed(
    groups: pd.Series, labels: list[str], across: pd.Series, names: list[str], numbers: pd.Series | None, choices: Choices
) -> dict[str, Any]:
    """Return a cell for each pair of values."""
    measure = choices.measure if numbers is not None or choices.measure in MEASURES[:2] else "rows"
    rows = []
    for label in labels[:_MOST_GROUPS]:
        line = [label]
        for name in names[:_MOST_GROUPS]:
            is_here = (groups == label) & (across == name)
            if measure in ("sum", "mean") and numbers is not None:
                line.append(_text(float(getattr(numbers[is_here], measure)())) if is_here.any() else "")
            elif measure == "rows":
                line.append(_text(int(is_here.sum())))
            else:
                total = int((groups == label).sum())
                line.append(show(100 * float(is_here.sum()) / total, 2) if total else "")
        rows.append(line)
    of = f" of {choices.number}" if measure in ("sum", "mean") else ""
    return {"columns": [f"{choices.group} ({measure}{of})", *names[:_MOST_GROUPS]], "rows": rows}
