"""The RATER radar: its numbers are those of the firm, and what is stored of it can be read without it.

That the page does the same sums, and how it is pulled, is looked at in ``test_browser.py``.
"""

import base64
import json
import math
import re
import xml.etree.ElementTree as ET
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlab import _draw, _svg, datasets, tables, widgets, world
from crmlab.errors import ArgumentError, CrmlabError, DataError

LEVELS = pd.DataFrame(
    {
        "dimension": tables.DIMENSIONS,
        "expected": [5.66, 5.52, 5.18, 5.11, 5.45],
        "perceived": [5.35, 5.45, 5.5, 5.11, 5.04],
        "weight": [0.3, 0.16, 0.11, 0.16, 0.27],
    }
)
GRID = datasets.load("what_if")
YEARS = 2


@cache
def shown(cost="usual"):
    """One radar for many looks: a grid is checked once."""
    return widgets.radar(LEVELS, GRID, cost=cost)


def at(*steps, radar=None):
    """The effect when the dimensions move by so much."""
    radar = radar or shown()
    perceived = radar.table.perceived
    radar.values = (perceived + np.pad(steps, (0, len(perceived) - len(steps)))).tolist()
    return radar.effect.set_index("measure")


def alone(number, step):
    return [0.0] * number + [step]


# -- Numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("way", ["free", "usual", "a price"])
def test_one_dimension_is_the_effect_of_the_firm(number, way):
    cause = LEVELS.dimension[number]
    for amount in sorted(set(GRID.amount)):
        usual = GRID.usual_cost[(GRID.cause == cause) & (GRID.amount == amount)].iloc[0]
        cost, price = {"free": (0, 0), "usual": ("usual", usual), "a price": (0.4, 0.4 * amount)}[way]
        if price < 0:
            continue  # `world.effect` knows no saving
        result = at(*alone(number, amount), radar=shown(cost))
        expected = world.effect(GRID, cause, amount, cost=float(price)).table().set_index("measure")
        for measure, name, factor in (
            ("satisfaction", "satisfaction", 1),
            ("leaving", "retention", -1),
            ("profit", "profit", 1 / YEARS),
        ):
            ours, theirs = result.loc[measure], factor * expected.loc[name, ["difference", "low", "high"]].astype(float)
            ends = sorted([theirs.low, theirs.high])
            assert [ours.difference, ours.low, ours.high] == pytest.approx([theirs.difference, *ends], rel=1e-9, abs=1e-9)
        assert result.loc["profit", "changed"] == pytest.approx(expected.loc["profit", "changed"] / YEARS, rel=1e-9)
        assert result.loc["leaving", "changed"] == pytest.approx(1 - expected.loc["retention", "changed"], rel=1e-9)


def test_a_step_down_saves_by_the_same_rule():
    free, usual, priced = (at(-0.5, radar=shown(cost)).loc["profit", "difference"] for cost in (0, "usual", 0.4))
    some = GRID[(GRID.cause == "reliability") & (GRID.amount == -0.5)]
    assert usual - free == pytest.approx(-(some.usual_cost * some.payers).mean() / YEARS)
    assert priced - free == pytest.approx(0.2 * some.payers.mean() / YEARS)
    assert usual > free


def test_between_two_amounts_the_effect_runs_straight():
    low, high, between = (at(step) for step in (0.5, 0.75, 0.6))
    assert np.allclose(between.difference, 0.6 * low.difference + 0.4 * high.difference, rtol=1e-12)


@given(steps=st.lists(st.integers(-5, 7), min_size=5, max_size=5))  # further on nobody is left to be kept
def test_effects_are_added_firm_by_firm(steps):
    steps = [step / 10 for step in steps]
    assert np.allclose(at(*steps).difference, sum(at(*alone(k, step)).difference for k, step in enumerate(steps)), atol=1e-6)


def test_the_interval_is_of_the_sums():
    """By hand: each firm's own two effects added, then Student's interval of the mean."""
    firms = {
        (cause, amount): GRID[(GRID.cause == cause) & (GRID.amount == amount)].set_index("seed").satisfaction
        for cause in ("reliability", "empathy") for amount in (0, 0.5)
    }  # fmt: skip
    sums = firms["reliability", 0.5] - firms["reliability", 0] + firms["empathy", 0.5] - firms["empathy", 0]
    low, high = stats.t.interval(0.95, len(sums) - 1, sums.mean(), stats.sem(sums))
    assert at(0.5, 0, 0, 0.5).loc["satisfaction", ["low", "high"]].tolist() == pytest.approx([low, high])


@pytest.mark.parametrize("grid", [GRID, None], ids=["grid", "gaps"])
def test_nothing_moved_changes_nothing(grid):
    result = widgets.radar_effect(LEVELS, grid, LEVELS.perceived).set_index("measure")
    assert (result.difference == 0).all()
    assert (result.now == result.changed).all()
    assert result.loc[["weighted_gap"], ["low", "high"]].isna().all(axis=None)


def test_gaps_by_hand():
    levels = {"dimension": ["a", "b", "c"], "expected": [6, 5, 4], "perceived": [5, 5, 6], "weight": [0.5, 0.25, 0.25]}
    radar = widgets.radar(pd.DataFrame(levels))
    result = at(1, -2, radar=radar)
    assert result.loc["weighted_gap", ["now", "changed", "difference"]].tolist() == [0.0, 0.0, 0.0]
    result = at(0.5, 0, 0.5, radar=radar)
    assert result.loc["weighted_gap", ["now", "changed", "difference"]].tolist() == [0.0, 0.375, 0.375]
    assert result.loc["gap", ["now", "changed"]].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_nobody_leaves_twice():
    """Where added effects would keep more customers than there are, all are kept and no more."""
    faithful = GRID.assign(retention=GRID.retention.clip(0.99, 1.0).where(GRID.amount == 0, 1.0))
    result = at(1, 1, 1, radar=widgets.radar(LEVELS, faithful)).loc["leaving"]
    assert (result.changed, round(result.difference, 9)) == (0, -0.01)


def test_one_firm_has_no_interval():
    result = at(0.5, radar=widgets.radar(LEVELS, GRID[GRID.seed == 1]))
    assert result.difference.ne(0).all()
    assert result[["low", "high"]].isna().all(axis=None)


# -- Refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (LEVELS.drop(columns=["weight", "expected"]), "`levels` lacks `expected`, `weight`; it has dimension, perceived"),
        (LEVELS.head(2), "3 to 8 dimensions, one row each; `levels` has 2 rows"),
        (pd.concat([LEVELS, LEVELS]), "`levels` has 10 rows"),
        (LEVELS.assign(dimension=["a", "b", "c", "d", "a"]), "must name a `dimension` of its own"),
        (LEVELS.assign(dimension=["a", "b", "c", "d", None]), "must name a `dimension` of its own"),
        (LEVELS.assign(expected="much"), "must hold numbers"),
        (LEVELS.assign(expected=[5, 5, 5, 7.5, 5]), "`expected` of 'empathy' must lie between 1 and 7; it is 7.5"),
        (LEVELS.assign(perceived=[5, 5, None, 5, 5]), "`perceived` of 'tangibles' must lie between 1 and 7; it is nan"),
        (LEVELS.assign(weight=[-0.1, 0.3, 0.3, 0.3, 0.2]), "`weight` of 'reliability' must lie between 0 and 1"),
        (LEVELS.assign(weight=LEVELS.weight * 0.9), "must sum to 1; they sum to 0.9. Divide"),
        ([5, 5, 5], "`levels` must be a table .* it is list"),
    ],
)
def test_levels_that_are_none(levels, words):
    with pytest.raises(DataError, match=words):
        widgets.radar(levels)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (GRID.drop(columns="payers"), "no column `payers`"),
        (GRID[GRID.cause != "empathy"], "has no cause 'empathy'; it has reliability"),
        (GRID[GRID.amount != 0], "same firms at every amount of 'reliability'"),
        (GRID[GRID.amount == 0], "same firms at every amount of 'reliability'"),
        (GRID[(GRID.seed != 3) | (GRID.amount != 0.5) | (GRID.cause != "empathy")], "same firms at every amount of 'empathy'"),
        (GRID[(GRID.seed != 3) | (GRID.cause != "empathy")], "same firms at every amount of 'empathy'"),
        (pd.concat([GRID, GRID.head(1)]), "must be unique"),
        (GRID.assign(retention=GRID.retention.where((GRID.cause != "assurance") | (GRID.amount != 0), 0.5)), "'assurance'"),
        ("what_if", "`grid` must be a table .* it is str"),
    ],
)
def test_grids_that_are_none(grid, words):
    with pytest.raises(DataError, match=words):
        widgets.radar(LEVELS, grid)


@pytest.mark.parametrize("cost", [-1, math.inf, True, "free", None, [0.5]])
def test_costs_that_are_none(cost):
    with pytest.raises(ArgumentError, match='`cost` must be "usual" or 0 or more'):
        widgets.radar(LEVELS, GRID, cost=cost)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([5, 5, 5], "must be 5 numbers, one for each of reliability, "),
        ("high", "must be 5 numbers"),
        ([5.35, 5.45, 5.5, 5.11, "much"], "must be 5 numbers"),
        ([4.8, 5.45, 5.5, 5.11, 5.04], "'reliability' must lie between 4.85 and 6.85; it is 4.8"),
        ([5.35, 5.45, 7.1, 5.11, 5.04], "'tangibles' must lie between 5 and 7; it is 7.1"),
        ([5.35, 5.45, 5.5, 5.11, math.nan], "'responsiveness' must lie between"),
    ],
)
def test_values_that_are_none(values, words):
    with pytest.raises(ArgumentError, match=words):
        widgets.radar_effect(LEVELS, GRID, values)


# -- The widget ---------------------------------------------------------------------------------------------------


def test_the_radar_tells_python_where_it_is():
    shown = widgets.radar(LEVELS, GRID, cost=0.3)
    assert shown.values == LEVELS.perceived.tolist()
    assert (shown.effect.difference == 0).all()
    shown.values = moved = [5.85, 5.45, 5.5, 5.11, 4.94]
    pd.testing.assert_frame_equal(shown.effect, widgets.radar_effect(LEVELS, GRID, moved, cost=0.3))
    table = shown.table
    assert table.columns.tolist() == ["dimension", "expected", "perceived", "changed", "weight", "gap", "changed_gap"]
    assert table.changed.tolist() == moved
    assert (table.weight * table.changed_gap).sum() == pytest.approx(shown.effect.changed[0])
    assert (table.weight * table.gap).sum() == pytest.approx(shown.effect.now[0])
    with pytest.raises(CrmlabError, match="'reliability' must lie between"):
        shown.values = [7.0, *moved[1:]]
    assert shown.values == moved
    with pytest.raises(Exception, match="read-only"):
        shown.data = {}


def test_two_radars_are_two():
    one, other = widgets.radar(LEVELS, GRID), widgets.radar(LEVELS)
    one.values = [5.5, *one.values[1:]]
    assert other.values == LEVELS.perceived.tolist()
    assert one.model_id != other.model_id
    assert other.effect.measure.tolist() == ["weighted_gap", "gap"]


def test_the_page_gets_plain_numbers():
    for grid in (GRID, GRID[GRID.seed == 1], None):
        data = widgets.radar(LEVELS, grid).data
        assert json.loads(json.dumps(data, allow_nan=False)) == data
        assert data["lowest"] == pytest.approx((LEVELS.perceived - 0.5).tolist() if grid is not None else [1] * 5)
        assert data["highest"] == pytest.approx(np.minimum(7, LEVELS.perceived + 1.5).tolist() if grid is not None else [7] * 5)
    assert widgets.radar(LEVELS, GRID, cost=0).data["prices"] is None


@pytest.mark.parametrize(
    ("cost", "words"),
    [("usual", "by the firm's own cost curve"), (0, "free of charge"), (0.45, "at 0.45 a customer, month and point")],
)
def test_the_note_tells_who_pays(cost, words):
    assert f"Every step is paid for {words}." in widgets.radar(LEVELS, GRID, cost=cost).data["note"]


@pytest.mark.parametrize(
    ("perceived", "words"),
    [
        (
            LEVELS.perceived,
            "Weighted over the dimensions, the levels found lie 0.18 points below those expected",
        ),
        (LEVELS.expected, "Weighted over the dimensions, the levels found are as high as expected"),
        (LEVELS.expected + 0.5, "Weighted over the dimensions, the levels found lie 0.50 points above those expected"),
    ],
)
def test_the_title_says_the_finding(perceived, words):
    shown = widgets.radar(LEVELS.assign(perceived=perceived))
    assert shown.data["title"] == words
    assert repr(shown).startswith(f"{words}. Reliability perceived {perceived[0]:.2f}, expected 5.66; ")


# -- The picture that is stored -----------------------------------------------------------------------------------


def drawn(html):
    return ET.fromstring(base64.b64decode(re.search('base64,([^"]+)"', html)[1]))


def texts(html):
    return [each.text for each in drawn(html).iter("{http://www.w3.org/2000/svg}text")]


def test_a_stored_radar_can_be_read():
    picture, view = widgets.radar(LEVELS, GRID)._outputs()
    assert list(view) == ["application/vnd.jupyter.widget-view+json", "text/plain"]
    alt = re.search('<img alt="([^"]+)"', picture["text/html"])[1]
    assert alt == picture["text/plain"]
    now = at()["now"]
    facts = [
        "Weighted gap, perceived less expected: −0.18",
        f"Satisfaction, in points: −{-now.satisfaction:.2f}",
        f"Customers who leave within 24 months: {100 * now.leaving:.1f} %",
        f"Profit a year: {now.profit:,.0f}",
    ]
    assert alt.endswith(". ".join(facts) + ".")
    words = texts(picture["text/html"])
    assert set(facts) <= set(words)
    assert {"Reliability", "5.35 / 5.66", "Responsiveness", "5.04 / 5.45", "perceived", "expected"} <= set(words)
    assert "Plain gap: −0.09" in texts(widgets.radar(LEVELS)._outputs()[0]["text/html"])


def test_a_stored_radar_is_the_same_each_time():
    once, again = (widgets.radar(LEVELS, GRID)._outputs() for _ in range(2))
    assert once[0] == again[0]
    assert not re.search(r"\d\.\d{3}", ET.tostring(drawn(once[0]["text/html"]), encoding="unicode"))


def test_the_outlines_lie_at_their_values():
    """The first axis points up: an outline at 7 reaches the outermost ring there, one at 1 is the centre."""
    ends = [_svg.Outline("low", [1, 1, 1], _draw.BLUE, True), _svg.Outline("high", [7, 4, 1], _draw.ORANGE, False)]
    html, alt = _svg.radar(["a", "b", "c"], ends, lowest=1, highest=7, title="t")
    lines = [each.attrib["points"].split() for each in drawn(html).iter("{http://www.w3.org/2000/svg}polygon")]
    rings, (low, high) = lines[:7], lines[7:]
    assert set(low) == {"210.0," + low[0].split(",")[1]}
    assert high == [rings[6][0], rings[3][1], rings[0][2]]
    assert alt == "t. a low 1.00, high 7.00; b low 1.00, high 4.00; c low 1.00, high 1.00."


@pytest.mark.parametrize("count", range(3, 9))
@pytest.mark.parametrize("half", [110, 170, 210])
def test_labels_keep_apart(count, half):
    """On a narrow page as on a wide one, labels lie within it, outside the ring, and none on another."""
    reach = (0.68 if count <= 5 else 0.52) * half
    boxes = [(75 + 5 * (k % 3), 33) for k in range(count)]
    spots = _svg.label_centres(boxes, reach, half)
    ring = [_svg._spoke(k, count, reach) for k in range(count)]
    faces = [_svg._spoke(2 * k + 1, 2 * count, 1) for k in range(count)]
    for (x, y), (wide, high) in zip(spots, boxes, strict=True):
        assert abs(x) + wide / 2 <= half + 1e-9
        assert not any(abs(x - a) < wide / 2 and abs(y - b) < high / 2 for a, b in ring)
        across, down = np.meshgrid(x + wide * np.linspace(-0.5, 0.5, 9), y + high * np.linspace(-0.5, 0.5, 9))
        assert (np.max([a * across + b * down for a, b in faces], axis=0) > reach * math.cos(math.pi / count)).all()
    for (one, (x, y)), (other, (u, v)) in combinations(enumerate(spots), 2):
        apart = abs(x - u) >= (boxes[one][0] + boxes[other][0]) / 2 or abs(y - v) >= (boxes[one][1] + boxes[other][1]) / 2
        assert apart, (one, other)
