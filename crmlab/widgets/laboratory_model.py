"""Laboratory model: where on the plane of retention and margin a claim is true, and how that reads.

The numbers are those of ``claims.change_of_profit``, in per cent here as on the sliders. ``laboratory.js`` does and says the
same in the page; the widget itself is ``laboratory_view``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab import _check, _engine
from crmlab.claims import change_of_profit
from crmlab.errors import ArgumentError, DataError
from crmlab.widgets.chart import Axis, Chart

EVERY = "all"  # industries
UNITS, WHOSE = ("points", "per cent"), ("customer", "firm")
#: Lowest, highest and step of each slider, in per cent; the margin ends where the plane does.
SLIDERS = {
    "retention": (1.0, 99.0, 0.5),
    "margin": (1.0, 60.0, 0.5),
    "annual_rate": (0.0, 30.0, 0.5),
    "acquisition_cost": (0.0, 300.0, 5.0),
}
NOTHING = 1e-12  # profit, in shares of what a customer pays in a year, below which there is none
_COLUMNS = np.arange(1, 200) / 2  # where the region is computed: the places of the slider of retention
_HALVINGS = 40
_HEIGHT, _LONGEST = 300, 16  # of the plane, in pixels; letters of a name
_GAPS = {"name": 18, "dot": 14}  # from the middle of a name to that of another name or of a dot, in pixels


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim as it is said of an industry: what changes by how much, and what that is said to do to profit, as shares."""

    claim: str
    driver: str
    change: float
    industry: str
    low: float
    high: float

    @property
    def range(self) -> str:
        """What is claimed, in words."""
        return f"{_plain(100 * self.low)} to {_plain(100 * self.high)} %"


@dataclass(frozen=True, slots=True, eq=False)
class LaboratoryModel:
    """What a laboratory shows.

    Attributes
    ----------
    claims : tuple of Claimed
    industries : DataFrame
        ``industry, margin, retention``, in per cent, and where each name stands: ``at, height, anchor``.
    highest : dict of float
        Where each slider ends.
    start : dict
        The values to begin with: places of the claim, ``unit`` and ``whose``, and the firm in per cent.
    key : str
        Of the task; "" without one.
    """

    claims: tuple[Claimed, ...]
    industries: pd.DataFrame
    highest: Mapping[str, float]
    start: Mapping[str, float]
    key: str

    def check_values(self, values: object) -> dict[str, float]:
        """Return ``values`` if every one of them is a place of its control."""
        if not isinstance(values, Mapping) or set(values) != set(self.start):
            raise ArgumentError(f"`values` must have {', '.join(self.start)}; it is {values!r}.")
        for name, size in (("row", len(self.claims)), ("unit", len(UNITS)), ("whose", len(WHOSE))):
            _check.integer(name, values[name], 0, size - 1)
        for name, (lowest, _, _) in SLIDERS.items():
            _check.number(name, values[name], lowest, self.highest[name])
        return dict(values)

    def solved(self, values: Mapping[str, float]) -> bool:
        """Whether the first claim brings at ``values`` about the most that it says."""
        first, claimed = self.claims[0], self.claims[int(values["row"])]
        low, high = self.target
        return claimed.claim == first.claim and low - 1e-12 <= firm_change(claimed, values) <= high + 1e-12

    @property
    def target(self) -> tuple[float, float]:
        """The upper tenth of what the first claim says, which is the task: true there, and only just."""
        first = self.claims[0]
        return first.high - (first.high - first.low) / 10, first.high


def laboratory_model(claims: object, industries: object, firm: Mapping[str, object], key: object) -> LaboratoryModel:
    """Check claims, industries and the firm to begin with, and bring them together."""
    rows = _check_claims(claims)
    places = _check_industries(industries)
    if unknown := sorted({row.industry for row in rows} - {EVERY, *places.industry}):
        raise DataError(
            f"`claims` are said of {', '.join(map(repr, unknown))}; `industries` has {', '.join(places.industry)}. "
            f'Add a row for each, or write "{EVERY}".'
        )
    highest = {name: high for name, (_, high, _) in SLIDERS.items()}
    if places.margin.max() > 0.9 * highest["margin"]:
        highest["margin"] = 99.0
    if not isinstance(key, str):
        raise ArgumentError(f"`key` must be a text; it is {key!r}.")
    start: dict[str, float] = {"row": 0, "unit": 0, "whose": 0}
    for name, (lowest, _, step) in SLIDERS.items():
        value = 100 * _check.number(name, firm[name], lowest / 100, highest[name] / 100)
        start[name] = round(value / step) * step
    model = LaboratoryModel(rows, _place_names(places, highest["margin"]), highest, start, key)
    if key and model.solved(start):
        raise ArgumentError("the first claim is true to the full in the firm to begin with; give one for which it is not.")
    return model


def _check_claims(claims: object) -> tuple[Claimed, ...]:
    frame = _check.frame("claims", claims)
    _engine.check(frame, "claimed_effects")
    rows = tuple(Claimed(*row) for row in frame[list(Claimed.__slots__)].itertuples(index=False))
    for row in rows:
        if not row.low < row.high:
            raise DataError(f"`low` of {row.claim!r} must be below its `high`; they are {row.low:g} and {row.high:g}.")
    return rows


def _check_industries(industries: object) -> pd.DataFrame:
    frame = _check.frame("industries", industries)
    _engine.check(frame, "industry_places")
    long = [name for name in frame.industry if len(name) > _LONGEST]
    if long:
        raise DataError(f"`industry` may have {_LONGEST} letters, or its name leaves the chart; shorten {long[0]!r}.")
    places = frame.assign(margin=100 * frame.margin, retention=100 * frame.retention)
    return places[["industry", "margin", "retention"]].reset_index(drop=True)


def _place_names(places: pd.DataFrame, top: float) -> pd.DataFrame:
    """Place the name of each industry beside its dot, above or below, so that on a telephone it meets no name and no dot."""
    letter, pixel = 3.2, top / _HEIGHT  # the width of a letter there, in points of retention; a pixel, in points of margin
    lowered = 0.8 * top / 60  # from the middle of letters to the line on which they stand
    taken = [(x - 2.5, x + 2.5, y - lowered, "dot") for x, y in zip(places.retention, places.margin, strict=True)]
    names = {}
    for row in places.sort_values(["margin", "industry"], kind="stable").itertuples():
        long, level = letter * len(row.industry), row.margin - lowered
        usual = -1 if row.retention > 60 else 1
        beside = [row.retention + 3.5 * side - (long if side < 0 else 0) for side in (usual, -usual)]
        beside = [left for left in beside if 0 <= left <= 100 - long] or beside[:1]
        over = min(max(row.retention - long / 2, 0), 100 - long)
        candidates = [(left, level) for left in beside]
        candidates += [(over, level + pixel * side * away) for away in range(14, 30, 3) for side in (1, -1)]
        candidates += [(beside[0], level + pixel * away) for away in range(3, 2 * _HEIGHT, 3)]
        left, height = next(
            (left, height) for left, height in candidates if not _meets((left, left + long, height), taken, pixel)
        )
        taken.append((left, left + long, height, "name"))
        anchor = "start" if left > row.retention else "end" if left + long < row.retention else "middle"
        names[row.Index] = left + long * {"start": 0, "middle": 0.5, "end": 1}[anchor], height, anchor
    return places.join(pd.DataFrame.from_dict(names, orient="index", columns=["at", "height", "anchor"]))


def _meets(name: tuple[float, ...], taken: list[tuple[float, float, float, str]], pixel: float) -> bool:
    left, right, height = name
    return any(
        left < end and start < right and abs(height - other) < _GAPS[kind] * pixel - 1e-9 for start, end, other, kind in taken
    )


# -- What a change comes to --------------------------------------------------------------------------------------------


def _unit(claimed: Claimed, values: Mapping[str, float]) -> str:
    return "per cent" if claimed.driver == "conversion" else UNITS[int(values["unit"])]  # points depend on its rate


def _moved(claimed: Claimed, values: Mapping[str, float], margin: npt.ArrayLike, retention: npt.ArrayLike) -> np.ndarray:
    """Return what the driver becomes, as a share; of conversion, how much of it there is."""
    shares = {"retention": retention, "margin": margin, "cost": 100 - np.asarray(margin), "conversion": 100.0}
    share = np.asarray(shares[claimed.driver], dtype=float) / 100
    return share + claimed.change if _unit(claimed, values) == "points" else share * (1 + claimed.change)


def changes(claimed: Claimed, values: Mapping[str, float], margin: npt.ArrayLike, retention: npt.ArrayLike) -> np.ndarray:
    """Compute what the change does to profit at each margin and retention, in per cent; the rest is as in ``values``.

    Returns
    -------
    ndarray
        Shares; infinite where a customer is worth no more than they cost, NaN where the change cannot be.
    """
    margin, retention = np.broadcast_arrays(np.asarray(margin, dtype=float), np.asarray(retention, dtype=float))
    whose = WHOSE[int(values["whose"])]
    rate, cost = values["annual_rate"] / 100, values["acquisition_cost"] / 100
    discount = rate if whose == "customer" else 0.0
    is_worth = margin / 100 * (retention / 100) / (1 + discount - retention / 100) - cost > NOTHING
    after = np.broadcast_to(_moved(claimed, values, margin, retention), margin.shape)
    possible = (after > -1e-12) & (after < 1 + 1e-12)
    if claimed.driver == "retention":
        possible &= after < 1 + discount - 1e-9
    elif claimed.driver == "conversion":
        possible = np.ones(margin.shape, dtype=bool)
    result = np.where(possible, np.inf, np.nan)
    known = possible & is_worth
    if known.any():
        result[known] = change_of_profit(
            claimed.driver, step=claimed.change, margin=margin[known] / 100, retention=retention[known] / 100, annual_rate=rate,
            acquisition_cost=cost, unit=_unit(claimed, values), whose=whose,
        )  # fmt: skip
    return result


def firm_change(claimed: Claimed, values: Mapping[str, float]) -> float:
    """Compute what the change does in the reader's firm."""
    return float(changes(claimed, values, values["margin"], values["retention"]))


def region(claimed: Claimed, values: Mapping[str, float], top: float) -> tuple[np.ndarray, np.ndarray]:
    """Find between which margins the claim is true at each retention of the slider, up to ``top``.

    The higher the margin, the less any change is in per cent of the profit, so that both ends are found by halving.

    Returns
    -------
    low, high : ndarray, shape (199,)
        In per cent; where ``low`` is not below ``high`` it is true at no margin.
    """

    def last(holds: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Find the highest margin at which something holds that holds at all lower ones."""
        low, high = np.zeros(_COLUMNS.size), np.full(_COLUMNS.size, top)
        everywhere = holds(high)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            is_low = holds(middle)
            low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
        return np.where(everywhere, top, low)

    return (
        last(lambda margin: changes(claimed, values, margin, _COLUMNS) > claimed.high),
        last(lambda margin: changes(claimed, values, margin, _COLUMNS) >= claimed.low),
    )


# -- How it reads ------------------------------------------------------------------------------------------------------


def _plain(number: float) -> str:
    return f"{round(number, 3) + 0.0:.10g}"


def _percent(share: float) -> str:
    return f"{abs(100 * share):,.1f} %"


def _step(claimed: Claimed, values: Mapping[str, float]) -> str:
    return f"{_plain(abs(100 * claimed.change))} {_unit(claimed, values)}"


def _judgement(claimed: Claimed, change: float) -> str:
    return "too much" if change < claimed.low else "too little" if change > claimed.high else "true"


def finding(claimed: Claimed, values: Mapping[str, float]) -> str:
    """Say what the change comes to in the reader's firm, and whether the claim is true there."""
    change = firm_change(claimed, values)
    before = {"retention": values["retention"], "margin": values["margin"], "cost": 100 - values["margin"], "conversion": 100.0}
    name, share = claimed.driver.capitalize(), before[claimed.driver]
    after = 100 * float(_moved(claimed, values, values["margin"], values["retention"]))
    if math.isnan(change):
        why = "it would leave 0 to 100 %" if not -1e-9 < after < 100 + 1e-9 else "customers who never leave pay without end"
        return f"{name} of {_plain(share)} % cannot change by {_step(claimed, values)}: {why}"
    if math.isinf(change):
        return "A customer brings no more than they cost to win: there is no profit that could grow by per cent of itself"
    sizes = f"from {_plain(share)} to {_plain(after)} %"
    if claimed.driver == "conversion":
        sizes = f"{_step(claimed, values)} {'higher' if claimed.change > 0 else 'lower'}"
    whose = ("an average customer is worth", "the firm earns")[int(values["whose"])]
    size = _percent(change)
    more = "as much as before" if not size.strip("0. %") else f"{size} {'more' if change > 0 else 'less'}"
    return f"{name} {sizes}: {whose} {more}. Claimed: {claimed.range}, {_judgement(claimed, change)} here"


def remark(claimed: Claimed, values: Mapping[str, float]) -> str:
    """Say which of the numbers do not matter, and why the others do."""
    if values["acquisition_cost"]:
        text = "What it costs to win a customer is taken off their profit, so that a change is more per cent of what is left."
    elif claimed.driver == "retention":
        text = "Nothing is paid to win a customer, so the margin cancels: the claim is true at every margin or at none."
    elif claimed.driver == "conversion":
        text = "Nothing is paid to win a customer, so conversion changes only how many there are."
    else:
        text = "Nothing is paid to win a customer, so retention cancels: the claim is true at every retention or at none."
    return f"{text} The firm's profit is that of a year in the long run, not discounted." if values["whose"] else text


def at_the_dots(model: LaboratoryModel, values: Mapping[str, float]) -> list[str]:
    """Say what the change comes to in each industry, and whether what is claimed of it is true there."""
    shown = model.claims[int(values["row"])]
    own = {row.industry: row for row in model.claims if row.claim == shown.claim}
    texts = []
    for row in model.industries.itertuples():
        claimed = own.get(row.industry, shown)
        change = float(changes(claimed, values, row.margin, row.retention))
        if math.isfinite(change):
            sign, judged = "−" if change < 0 else "+", _judgement(claimed, change)
            texts.append(f"{row.industry}: {sign}{_percent(change)} (claimed: {claimed.range}, {judged})")
        else:
            why = "no such change" if math.isnan(change) else "no profit to grow"
            texts.append(f"{row.industry}: {why} (claimed: {claimed.range})")
    return texts


def draw(model: LaboratoryModel, values: Mapping[str, float]) -> Chart:
    """Draw the plane: the region where the claim is true, the industries and the reader's firm."""
    claimed, top = model.claims[int(values["row"])], model.highest["margin"]
    low, high = region(claimed, values, top)
    industries = "; ".join(at_the_dots(model, values))
    alt = f"Retention {_plain(values['retention'])} %, margin {_plain(values['margin'])} %. {industries}."
    chart = Chart(
        finding(claimed, values),
        Axis("retention: customers who stay another year", 0, 100, unit=" %"),
        Axis("margin, of what a customer pays in a year", 0, math.ceil(top), unit=" %"),
        alt=alt, height=_HEIGHT,
    )  # fmt: skip
    name = "the claim is true"
    for run in _runs(low < high):
        x, bottom, ceiling = _COLUMNS[run], low[run], high[run]
        chart = chart.band(x, bottom, ceiling, name=name)
        outline = np.r_[x, x[::-1], x[:1]], np.r_[bottom, ceiling[::-1], bottom[:1]]
        chart, name = chart.line(*outline), ""
    places = model.industries
    chart = chart.dots(places.retention, places.margin, name="industries", colour="ink", shape="square")
    for row in places.itertuples():
        chart = chart.text(row.at, row.height, row.industry, anchor=row.anchor)
    return chart.dots([values["retention"]], [values["margin"]], name="my firm", colour="red", shape="diamond")


def _runs(true: np.ndarray) -> list[slice]:
    """Return where the columns are that hold together."""
    edges = np.flatnonzero(np.diff(np.r_[0, true.astype(int), 0]))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2)]
