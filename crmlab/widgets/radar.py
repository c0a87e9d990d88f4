"""The RATER radar: pull perceived quality along its dimensions, and read off what follows.

It reads one row for each dimension (what is expected, what is perceived, how much it weighs) and, if there
is one, the what-if grid of the firm. ``radar_effect`` holds the numbers; the page, ``radar.js``, does the
same sums in the browser, so that everything moves at once and without Python, and the tests hold the two
together. Where levels come from (a survey) and how a firm answers to a change are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _draw, _engine, _svg
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from anywidget import AnyWidget

_COLUMNS = ["dimension", "expected", "perceived", "weight"]
_LOWEST, _HIGHEST = 1.0, 7.0  # of the scale
_LEVEL = 0.95  # of the intervals
_MEASURES = ("retention", "satisfaction", "profit")
# In a stored notebook the picture stands alone. Where JupyterLab shows the radar itself, the picture makes room; and where
# JupyterLab would write that it has no such widget any more, it writes nothing.
_STYLE = (
    "<style>.jp-OutputArea-child:has(.crmlab-radar-at-rest):has(+ .jp-OutputArea-child .crmlab-radar),"
    ".jp-OutputArea-child:has(.crmlab-radar-at-rest) + .jp-OutputArea-child:not(:has(.crmlab-radar))"
    "{display:none}</style>"
)


def radar(levels: pd.DataFrame, grid: pd.DataFrame | None = None, *, cost: str | float = "usual") -> AnyWidget:
    """A radar of expected and perceived quality whose handles can be pulled.

    Each handle moves the perceived quality of one dimension, by mouse, by touch, or by key: Tab to a handle, arrow keys
    for a tenth of a point, Page Up and Page Down for half a point, Home for back to where it is. The effects stand in
    ``radar_effect``.

    Parameters
    ----------
    levels : DataFrame
        One row for each of 3 to 8 dimensions: ``dimension``; ``expected`` and ``perceived``, means from 1 to 7; ``weight``,
        the weights sum to 1.
    grid : DataFrame, optional
        As ``datasets.load("what_if")`` brings it or ``world.sweep`` returns it, with a cause for each dimension. Without
        it the radar shows gaps only.
    cost : "usual" or float
        What a better dimension costs: by the firm's own curve, or so much for each customer, month and point; 0 for
        nothing. What is let down saves by the same rule.

    Returns
    -------
    AnyWidget
        Shows itself as the last line of a cell. ``.values`` is what is perceived now, in the order of the dimensions, also
        after a reader has pulled; ``.table`` holds the levels with ``changed`` and the gaps, ``.effect`` the effects there.

    Raises
    ------
    DataError
        Columns are missing or hold something else, the weights do not sum to 1, or the grid does not know a dimension.
    ArgumentError
        ``cost`` is neither "usual" nor a number of at least 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import datasets, widgets
    >>> levels = pd.DataFrame({
    ...     "dimension": ["reliability", "assurance", "tangibles", "empathy", "responsiveness"],
    ...     "expected": [5.7, 5.5, 5.2, 5.1, 5.5],
    ...     "perceived": [5.4, 5.5, 5.5, 5.1, 5.0],
    ...     "weight": [0.30, 0.16, 0.11, 0.16, 0.27],
    ... })
    >>> shown = widgets.radar(levels, datasets.load("what_if"))
    >>> shown.values = [5.9, 5.5, 5.5, 5.1, 5.0]
    >>> shown.table.changed.tolist()
    [5.9, 5.5, 5.5, 5.1, 5.0]
    """
    return _radar_class()(_model(levels, grid, cost))


def radar_effect(
    levels: pd.DataFrame, grid: pd.DataFrame | None, values: Sequence[float], *, cost: str | float = "usual"
) -> pd.DataFrame:
    """What follows if the dimensions are perceived at other levels: the numbers beside the radar.

    A dimension perceived x points better is the cause of the same name changed by x. Between two amounts of the grid the
    effect runs straight. Effects of several dimensions are added firm by firm, which is an approximation: in the firm one
    improvement may take away from another, or add to it. The interval is Student's over the firms of the grid.

    Parameters
    ----------
    levels, grid, cost
        As in ``radar``; ``grid`` may be None.
    values : list of float
        Perceived quality, one number for each row of ``levels``, within the scale and the amounts of the grid.

    Returns
    -------
    DataFrame
        ``measure, now, changed, difference, low, high``, one row for each measure. ``weighted_gap`` is the sum of
        weight x (perceived - expected). With a grid follow ``satisfaction`` (points), ``leaving`` (share of customers who
        leave within the months of the grid) and ``profit`` (a year, after the cost of the change); without one ``gap``, the
        plain mean. Gaps have no interval.

    Raises
    ------
    DataError
        As ``radar``.
    ArgumentError
        As ``radar``, or ``values`` are not one number within reach for each dimension.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import widgets
    >>> levels = pd.DataFrame({
    ...     "dimension": ["speed", "taste", "price"], "expected": [6, 5, 5], "perceived": [5, 5, 4], "weight": [0.5, 0.3, 0.2],
    ... })
    >>> found = widgets.radar_effect(levels, None, [6, 5, 4]).set_index("measure")
    >>> [round(float(gap), 2) for gap in found.loc["weighted_gap", ["now", "changed", "difference"]]]
    [-0.7, -0.2, 0.5]

    References
    ----------
    Parasuraman, Zeithaml & Berry (1988), SERVQUAL, Journal of Retailing 64(1), for the weighted gap.
    """
    return _effect(_model(levels, grid, cost), values)


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """What the page needs to know: levels, how far each handle goes, and each firm's answer to each step.

    ``now`` holds (firms,) for each measure; ``answers`` for each measure and dimension (amounts, firms).
    """

    levels: pd.DataFrame
    lowest: np.ndarray
    highest: np.ndarray
    cost: str | float
    months: int = 0
    amounts: tuple[np.ndarray, ...] = ()
    prices: tuple[np.ndarray, ...] = ()
    now: dict[str, np.ndarray] | None = None
    answers: dict[str, list[np.ndarray]] | None = None


def _model(levels: object, grid: object, cost: object) -> _Model:
    levels = _checked(levels)
    number = isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < np.inf
    if not number and not (isinstance(cost, str) and cost == "usual"):
        raise ArgumentError(
            f'`cost` must be "usual" or 0 or more, in currency for each customer, month and point; it is {cost!r}.'
        )
    if grid is None:
        ends = (np.full(len(levels), end) for end in (_LOWEST, _HIGHEST))
        return _Model(levels, *ends, cost)
    if not isinstance(grid, pd.DataFrame):
        raise DataError(f"`grid` must be a table as `world.sweep` returns it; it is {type(grid).__name__}.")
    _engine.check(grid, "what_if")
    strange = [name for name in levels.dimension if name not in set(grid.cause)]
    if strange:
        raise DataError(
            f"the grid has no cause {', '.join(map(repr, strange))}; it has {', '.join(dict.fromkeys(grid.cause))}. "
            "Name the dimensions like its causes, or leave the grid out."
        )
    amounts, prices, now, firms = [], [], {}, None
    answers: dict[str, list[np.ndarray]] = {measure: [] for measure in _MEASURES}
    for name in levels.dimension:
        some = grid[grid.cause == name].sort_values("seed")
        base = some.loc[some.amount == 0, ["seed", "months", *_MEASURES]].to_numpy()
        firms = base if firms is None else firms
        each_once = (pd.crosstab(some.amount, some.seed) == 1).all(axis=None)
        if not each_once or not base.size or some.amount.nunique() < 2 or not np.array_equal(base, firms):
            raise DataError(
                f"the grid must have the same firms at every amount of {name!r}, each once, and 0 among the amounts. "
                "Make all causes in one `world.sweep`."
            )
        usual = some.groupby("amount").usual_cost.first()
        price = usual if cost == "usual" else cost * usual.index.to_series()
        paid = some.assign(profit=(some.profit - some.amount.map(price) * some.payers) / (some.months / 12))
        for measure in _MEASURES:
            table = paid.pivot(index="amount", columns="seed", values=measure)
            now[measure] = table.loc[0.0].to_numpy()
            answers[measure].append((table - table.loc[0.0]).to_numpy())
        amounts.append(usual.index.to_numpy())
        prices.append(price.to_numpy())
    perceived = levels.perceived.to_numpy()
    return _Model(
        levels,
        np.maximum(_LOWEST, perceived + [steps[0] for steps in amounts]),
        np.minimum(_HIGHEST, perceived + [steps[-1] for steps in amounts]),
        cost, int(grid.months.iloc[0]), tuple(amounts), tuple(prices), now, answers,
    )  # fmt: skip


def _checked(levels: object) -> pd.DataFrame:
    """The four columns of the levels, or a refusal."""
    if not isinstance(levels, pd.DataFrame):
        raise DataError(f"`levels` must be a table with one row for each dimension; it is {type(levels).__name__}.")
    missing = [name for name in _COLUMNS if name not in levels.columns]
    if missing:
        raise DataError(
            f"`levels` lacks {', '.join(f'`{name}`' for name in missing)}; "
            f"it has {', '.join(map(str, levels.columns)) or 'no columns'}. "
            "Each row must hold a dimension, what is expected and perceived of it, and its weight."
        )
    levels = levels[_COLUMNS].reset_index(drop=True)
    names = levels.dimension.tolist()
    if not 3 <= len(names) <= 8:
        raise DataError(f"a radar has 3 to 8 dimensions, one row each; `levels` has {len(names)} rows.")
    if not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) < len(names):
        raise DataError(f"each row of `levels` must name a `dimension` of its own; they are {names!r}.")
    try:
        numbers = levels[_COLUMNS[1:]].astype(float)
    except (TypeError, ValueError):
        raise DataError(
            "`expected`, `perceived` and `weight` of `levels` must hold numbers; make them so with `pd.to_numeric`."
        ) from None
    for column, lowest, highest in (("expected", _LOWEST, _HIGHEST), ("perceived", _LOWEST, _HIGHEST), ("weight", 0, 1)):
        for name, value in zip(names, numbers[column], strict=True):
            if not lowest <= value <= highest:
                raise DataError(f"`{column}` of {name!r} must lie between {lowest:g} and {highest:g}; it is {value:g}.")
    if abs(numbers.weight.sum() - 1) > 1e-6:
        raise DataError(f"the weights must sum to 1; they sum to {numbers.weight.sum():g}. Divide `weight` by its sum.")
    return numbers.assign(dimension=names)[_COLUMNS]


def _effect(model: _Model, values: object) -> pd.DataFrame:
    levels = model.levels
    changed = _within(model, values)
    gap, changed_gap = (side - levels.expected.to_numpy() for side in (levels.perceived.to_numpy(), changed))
    weight = levels.weight.to_numpy()
    rows = [_row("weighted_gap", weight @ gap, weight @ changed_gap)]
    if model.now is None:
        rows.append(_row("gap", gap.mean(), changed_gap.mean()))
        return pd.DataFrame(rows)
    # how much of each amount of the grid a step is: all of one, or some of two neighbours
    parts = [
        [np.interp(step, tried, one) for one in np.eye(len(tried))]
        for step, tried in zip(changed - levels.perceived, model.amounts, strict=True)
    ]
    after = {
        measure: now + sum(np.asarray(part) @ answer for part, answer in zip(parts, model.answers[measure], strict=True))
        for measure, now in model.now.items()
    }
    # sums of large steps could leave the range of a share
    leaving = 1 - model.now["retention"], 1 - np.clip(after["retention"], 0, 1)
    rows.append(_row("satisfaction", model.now["satisfaction"], after["satisfaction"]))
    rows.append(_row("leaving", *leaving))
    rows.append(_row("profit", model.now["profit"], after["profit"]))
    return pd.DataFrame(rows)


def _row(measure: str, now: float | np.ndarray, changed: float | np.ndarray) -> dict[str, object]:
    """Means over firms, and where the mean difference lies; a single number has no interval."""
    difference, half = np.atleast_1d(changed - now), np.nan
    if difference.size > 1:
        half = _student(difference.size) * difference.std(ddof=1) / np.sqrt(difference.size)
    middle = difference.mean()
    return {"measure": measure, "now": np.mean(now), "changed": np.mean(changed), "difference": middle,
            "low": middle - half, "high": middle + half}  # fmt: skip


def _student(firms: int) -> float:
    return float(stdtrit(firms - 1, (1 + _LEVEL) / 2))


def _within(model: _Model, values: object) -> np.ndarray:
    """``values`` as numbers within the reach of the handles."""
    names = model.levels.dimension
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (len(names),):
        raise ArgumentError(f"`values` must be {len(names)} numbers, one for each of {', '.join(names)}; it is {values!r}.")
    for name, value, lowest, highest in zip(names, found, model.lowest, model.highest, strict=True):
        if not lowest - 1e-9 <= value <= highest + 1e-9:
            raise ArgumentError(f"`values` of {name!r} must lie between {lowest:g} and {highest:g}; it is {value:g}.")
    return np.clip(found, model.lowest, model.highest)


# -- The page ---------------------------------------------------------------------------------------------------


def _signed(value: float, digits: int = 2) -> str:
    """A number with its sign, the true minus; nothing but zeros has none."""
    text = f"{abs(value):,.{digits}f}"
    return text if not float(text.replace(",", "")) else ("−" if value < 0 else "+") + text


def _finding(levels: pd.DataFrame) -> str:
    """What the levels say before anything has moved."""
    gaps = levels.perceived - levels.expected
    share = levels.weight * gaps
    total, worst = share.sum(), share.idxmin()
    size = f"{abs(total):.2f} points"
    if not float(size.split()[0]):
        return "Weighted over the dimensions, service is as good as expected"
    if total > 0:
        return f"Weighted over the dimensions, service is {size} better than expected"
    return (
        f"Service falls {size} short of what is expected, weighted; "
        f"most of all in {levels.dimension[worst]} ({_signed(gaps[worst])})"
    )


def _note(model: _Model) -> str:
    if model.now is None:
        return "Gap: perceived less expected, in points of the scale from 1 to 7."
    firms = model.now["profit"].size
    price = {"usual": "by the firm's own cost curve", 0: "free of charge"}
    cost = price.get(model.cost, f"at {model.cost} a customer, month and point")
    return (
        f"Every step is paid for {cost}. Means of {firms} simulated firms over {model.months} months, with 95 % intervals. "
        "Effects of several dimensions are added, which is an approximation."
    )


def _page(model: _Model) -> dict[str, object]:
    """Everything that radar.js reads, as plain lists."""
    levels = model.levels
    held: dict[str, object] = {
        "dimensions": levels.dimension.tolist(),
        "expected": levels.expected.tolist(),
        "perceived": levels.perceived.tolist(),
        "weights": levels.weight.tolist(),
        "lowest": model.lowest.tolist(),
        "highest": model.highest.tolist(),
        "scale": [_LOWEST, _HIGHEST],
        "title": _finding(levels),
        "note": _note(model),
        "colours": {
            "ink": _draw.INK, "pale": _draw.PALE, "grid": _draw.GRID, "expected": _draw.ORANGE, "perceived": _draw.BLUE,
            "good": _draw.GREEN, "bad": _draw.RED,
        },
    }  # fmt: skip
    if model.now is not None:
        firms = model.now["profit"].size
        held |= {
            "months": model.months,
            "student": _student(firms) if firms > 1 else None,
            "amounts": [steps.tolist() for steps in model.amounts],
            "prices": [price.tolist() for price in model.prices] if model.cost else None,
            "now": {measure: each.tolist() for measure, each in model.now.items()},
            "answers": {measure: [table.tolist() for table in tables] for measure, tables in model.answers.items()},
        }
    return held


def _picture(model: _Model) -> tuple[str, str]:
    """The radar at rest, for whoever has no kernel: HTML and alt text."""
    levels = model.levels
    now = _effect(model, levels.perceived).set_index("measure").now
    facts = [f"Weighted gap, perceived less expected: {_signed(now.weighted_gap)}"]
    if model.now is None:
        facts.append(f"Plain gap: {_signed(now.gap)}")
    else:
        facts += [
            f"Satisfaction, in points: {_signed(now.satisfaction)}",
            f"Customers who leave within {model.months} months: {100 * now.leaving:.1f} %",
            f"Profit a year: {now.profit:,.0f}".replace("-", "−"),
        ]
    outlines = [
        _svg.Outline("perceived", levels.perceived, _draw.BLUE, True),
        _svg.Outline("expected", levels.expected, _draw.ORANGE, False),
    ]
    names = levels.dimension.str.capitalize().tolist()
    return _svg.radar(names, outlines, lowest=_LOWEST, highest=_HIGHEST, title=_finding(levels), facts=facts)


@cache
def _radar_class() -> type[AnyWidget]:
    """The widget; it is made when the first is wanted, since ipywidgets is slow to import."""
    import traitlets
    from anywidget import AnyWidget
    from IPython.display import display

    class Radar(AnyWidget):
        """What is perceived now, and what follows from it; the page moves by itself."""

        _esm = Path(__file__).with_name("radar.js")
        data = traitlets.Dict(read_only=True).tag(sync=True)
        values = traitlets.List(traitlets.Float()).tag(sync=True)

        def __init__(self, model: _Model) -> None:
            self._model, (self._html, self._alt) = model, _picture(model)
            self.set_trait("data", _page(model))
            super().__init__(values=model.levels.perceived.tolist())

        @traitlets.validate("values")
        def _within_reach(self, proposal: dict) -> list[float]:
            return _within(self._model, proposal["value"]).tolist()

        @property
        def table(self) -> pd.DataFrame:
            """``dimension, expected, perceived, changed, weight, gap, changed_gap``."""
            levels, changed = self._model.levels, np.array(self.values)
            found = levels.assign(
                changed=changed, gap=levels.perceived - levels.expected, changed_gap=changed - levels.expected
            )
            return found[["dimension", "expected", "perceived", "changed", "weight", "gap", "changed_gap"]]

        @property
        def effect(self) -> pd.DataFrame:
            """As ``radar_effect``, at ``values``."""
            return _effect(self._model, self.values)

        def __repr__(self) -> str:
            return self._alt

        def _outputs(self) -> list[dict[str, object]]:
            """The picture, and the radar itself."""
            hint = "<p>Run this cell (Shift + Enter) to pull at the radar.</p>"
            at_rest = f'{_STYLE}<div class="crmlab-radar-at-rest">{self._html}{hint}</div>'
            view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
            return [
                {"text/html": at_rest, "text/plain": self._alt},
                {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""},
            ]

        def _ipython_display_(self) -> None:
            for output in self._outputs():
                display(output, raw=True)

    return Radar
