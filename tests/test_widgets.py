"""Widgets: what they show, and that they show it at once and to everyone."""

import base64
import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from crmlab import _svg, datasets, widgets, world
from crmlab.errors import ArgumentError, DataError


@pytest.fixture(scope="module")
def grid():
    return datasets.load("what_if")


def drawn(picture):
    """The SVG of a picture as a tree."""
    return ET.fromstring(base64.b64decode(re.search('base64,([^"]+)"', picture.html)[1]))


def marks(picture, name):
    return [each.attrib for each in drawn(picture).iter(f"{{http://www.w3.org/2000/svg}}{name}")]


def test_a_change_shows_the_effect_of_the_firm(grid):
    picture = widgets.change(grid, "responsiveness", 1.0, 0.25)
    result = world.effect(grid, "responsiveness", 1.0, cost=0.25)
    table = result.table().set_index("measure")
    kept, earned = table.loc["retention"], table.loc["profit"]
    assert f"{100 * kept.difference:+.1f} (95 % interval {100 * kept.low:+.1f} to {100 * kept.high:+.1f})" in picture.alt
    assert f"{earned.difference / 2:+,.0f} (95 % interval {earned.low / 2:+,.0f} to " in picture.alt.replace("−", "-")
    large = [each for each in marks(picture, "circle") if each["r"] == "8"]
    assert len(large) == 2
    assert float(large[0]["cx"]) == pytest.approx(28 + 664 * (100 * kept.difference + 10) / 30, abs=0.06)
    small = sorted(float(each["cx"]) for each in marks(picture, "circle") if each["r"] == "3.5")
    assert len(small) == 24
    assert picture.alt in picture.html.replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("cause", "amount", "cost", "words"),
    [
        ("reliability", 0.5, 0, "free: more customers stay, profit rises"),
        ("reliability", 1.5, 5.0, "at 5.00 a customer and month: more customers stay, profit falls"),
        ("reliability", -0.5, 0, "Reliability −0.5, free: fewer customers stay, profit falls"),
        ("tangibles", 0, 1.0, "as many customers stay, as far as one can tell, profit may rise or fall"),
    ],
)
def test_the_title_says_what_happened(grid, cause, amount, cost, words):
    assert words in widgets.change(grid, cause, amount, cost).alt


def test_what_if_follows_its_controls(grid):
    box = widgets.what_if(grid)
    cause, amount, cost, page = box.children
    assert widgets.change(grid, "reliability", 0.5, 0.45).html == page.value
    cause.value, amount.value, cost.value = "empathy", -0.25, 0.1
    assert widgets.change(grid, "empathy", -0.25, 0.1).html == page.value
    steps = round((amount.max - amount.min) / amount.step) + 1
    for number in range(steps):  # the slider can rest on no amount that the grid does not have
        amount.value = amount.min + number * amount.step
        assert "<img" in page.value


def test_what_if_refuses(grid):
    for call, words in (
        (lambda: widgets.what_if(grid[grid.amount != 0.25]), "must be evenly spaced"),
        (lambda: widgets.what_if(grid.drop(columns="seed")), "no column `seed`"),
        (lambda: widgets.what_if(grid.assign(retention=2.0)), "`retention` is above 1"),
        (lambda: widgets.change(grid, "joy", 0.5, 0), "`cause` must be one of"),
        (lambda: widgets.change(grid, "empathy", 0.1, 0), "must be one that was tried"),
        (lambda: widgets.change(grid, "empathy", 0.5, -1), "`cost` must be 0 or more"),
    ):
        with pytest.raises((ArgumentError, DataError), match=words):
            call()


def test_effects_stay_on_the_page():
    """Whatever the numbers, nothing is drawn outside, and what is beyond the axis stays at its end."""
    row = _svg.Effect("x < y & z", 50.0, -90.0, 99.0, (-300.0, 300.0), (-10.0, 20.0), "{:+.0f}".format)
    html, alt = _svg.effects([row, row], title="A title " * 12, note="<b>")
    picture = widgets.Picture(html, alt)
    box = drawn(picture).attrib
    for circle in marks(picture, "circle"):
        assert 0 < float(circle["cx"]) < float(box["width"])
        assert 0 < float(circle["cy"]) < float(box["height"])
    assert "x < y & z: +50" in alt
    texts = [each.text for each in drawn(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert all(len(text) < 100 for text in texts)
    assert [_svg.round_up(step) for step in (0.3, 1.0, 4.2, 70)] == [0.5, 1.0, 5.0, 100.0]


def test_a_table_has_no_index_and_its_headings_stand_over_their_columns():
    frame = pd.DataFrame({"shop": ["north", "south"], "revenue (currency)": [1200.456, 90.0]}, index=[7, 3])
    shown = widgets.table(frame, title="Two shops")
    assert str(shown).split() == ["Two", "shops", "shop", "revenue", "(currency)", "north", "1,200.456", "south", "90"]
    for word, side in (("shop", "left"), ("revenue (currency)", "right"), ("north", "left"), ("90", "right")):
        assert re.search(rf'<t[hd][^>]*style="text-align:{side}">{re.escape(word)}<', shown._repr_html_()), word
    for call, words in (
        (lambda: widgets.table([1, 2], title="Two"), "must be a DataFrame"),
        (lambda: widgets.table(frame, title=" "), "`title` must say"),
    ):
        with pytest.raises((ArgumentError, DataError), match=words):
            call()
