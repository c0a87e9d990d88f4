"""The claims laboratory: the page against Python, number by number and word by word, and what moves it."""

import base64
import itertools
import json
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from plain_page import opening
from playwright.sync_api import expect
from test_explorables import CONTRAST, CUT, SVG, marks

from crmlab import _journal, widgets
from crmlab.claims import change_of_profit
from crmlab.errors import ArgumentError, DataError
from crmlab.widgets.chart import svg
from crmlab.widgets.laboratory_model import changes, region, remark

CLAIMS = pd.DataFrame(
    [
        ("five more of loyalty", "retention", 0.05, "all", 0.25, 0.95),
        ("five more of loyalty", "retention", 0.05, "finance", 0.35, 0.85),
        ("five more of loyalty", "retention", 0.05, "retail", 0.10, 0.25),
        ("one less of cost", "cost", -0.01, "finance", 0.08, 0.15),
        ("one more of margin", "margin", 0.01, "all", 0.02, 0.05),
        ("one more of conversion", "conversion", 0.01, "retail", 0.03, 0.08),
    ],
    columns=["claim", "driver", "change", "industry", "low", "high"],
)
INDUSTRIES = pd.DataFrame({"industry": ["finance", "retail"], "margin": [0.3, 0.06], "retention": [0.9, 0.6]})


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "journal.json"
    monkeypatch.setenv("CRMLAB_JOURNAL", str(path))
    return path


@pytest.fixture
def shown(journal):
    return widgets.laboratory(CLAIMS, INDUSTRIES, key="99/true")


def settings(count, seed):
    """Places of all controls, as a reader could leave them."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield {
            "row": int(rng.integers(len(CLAIMS))), "unit": int(rng.integers(2)), "whose": int(rng.integers(2)),
            "retention": float(rng.integers(2, 199)) / 2, "margin": float(rng.integers(2, 121)) / 2,
            "annual_rate": float(rng.integers(61)) / 2, "acquisition_cost": 5.0 * int(rng.integers(9)),
        }  # fmt: skip


# -- In Python -----------------------------------------------------------------------------------------------------------


def test_the_region_is_where_the_claim_is_true(shown):
    """At each place of the plane, well off the edges: whoever lies inside is told so, and nobody else."""
    inside = 0
    for values in settings(15, seed=3):
        claimed = shown._model.claims[values["row"]]
        low, high = region(claimed, values, 60.0)
        for k in range(3, 199, 14):
            margins = np.array([0.25 * low[k], 0.99 * low[k], (low[k] + high[k]) / 2, 1.01 * high[k], 0.5 * (high[k] + 60)])
            change = changes(claimed, values, margins, (k + 1) / 2)
            is_true = (claimed.low <= change) & (change <= claimed.high)
            is_inside = (low[k] < margins) & (margins < high[k])
            on_plane = (margins > 1e-6) & (margins < 60)
            assert (is_true == is_inside)[on_plane].all(), values
            inside += int(is_inside.sum())
    assert inside > 20


def test_what_the_firm_earns_is_the_arithmetic_of_claims(shown):
    """Five points at a retention of 80 %, 12 % discount: 25.9 % for a customer, 41.7 % for the firm."""
    assert shown.change == pytest.approx(0.85 / (1.12 - 0.85) / (0.8 / (1.12 - 0.8)) - 1)
    shown.values = shown.values | {"whose": 1}
    assert shown.change == pytest.approx(0.85 / 0.15 / (0.8 / 0.2) - 1)
    shown.values = shown.values | {"row": 3, "unit": 1, "margin": 10.0, "acquisition_cost": 5.0}
    wanted = change_of_profit(
        "cost", step=-0.01, margin=0.1, retention=0.8, annual_rate=0.12, acquisition_cost=0.05, unit="per cent", whose="firm"
    )
    assert shown.change == wanted
    assert shown.change == pytest.approx(0.8 / 0.2 * 0.009 / (0.8 / 0.2 * 0.1 - 0.05))


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ({}, "Retention from 80 to 85 %: an average customer is worth 25.9 % more. Claimed: 25 to 95 %, true here"),
        (
            {"unit": 1},
            "Retention from 80 to 84 %: an average customer is worth 20.0 % more. Claimed: 25 to 95 %, too much here",
        ),
        ({"row": 2, "whose": 1}, "from 80 to 85 %: the firm earns 41.7 % more. Claimed: 10 to 25 %, too little here"),
        ({"row": 3, "unit": 1}, "Cost from 80 to 79.2 %: an average customer is worth 4.0 % more"),
        ({"row": 4}, "Margin from 20 to 21 %: an average customer is worth 5.0 % more"),
        ({"row": 5}, "Conversion 1 per cent higher: an average customer is worth as much as before"),
        ({"retention": 97.0}, "Retention of 97 % cannot change by 5 points: it would leave 0 to 100 %"),
        ({"retention": 95.0, "whose": 1}, "by 5 points: customers who never leave pay without end"),
        ({"retention": 95.0}, "Retention from 95 to 100 %: an average customer is worth 49.1 % more"),
        ({"acquisition_cost": 60.0}, "A customer brings no more than they cost to win"),
    ],
)
def test_a_line_says_what_the_change_is_worth_and_whether_the_claim_is_true(shown, moved, words):
    shown.values = shown.values | moved
    assert words in shown.title


def test_where_nothing_is_paid_the_margin_cancels(shown):
    values = shown.values
    assert "the margin cancels" in remark(shown._model.claims[0], values)
    low, high = region(shown._model.claims[0], values, 60.0)
    assert set(np.round(low, 6)) | set(np.round(high, 6)) == {0.0, 60.0}
    assert "taken off their profit" in remark(shown._model.claims[0], values | {"acquisition_cost": 5.0})
    assert "retention cancels" in remark(shown._model.claims[3], values)
    low, high = region(shown._model.claims[3], values, 60.0)
    assert np.ptp(low) == pytest.approx(0, abs=1e-9)
    assert (low[0], high[0]) == pytest.approx((100 * 0.01 / 0.15, 100 * 0.01 / 0.08))


def test_industries_are_held_against_what_is_claimed_of_them(shown):
    assert "finance: +36.6 % (claimed: 35 to 85 %, true); retail: +19.9 % (claimed: 10 to 25 %, true)" in repr(shown)


@pytest.mark.parametrize(
    ("margin", "retention"),
    [((0.2, 0.2, 0.21), (0.5, 0.51, 0.52)), ((0.2, 0.5, 0.216), (0.72, 0.3, 0.88)), ((0.59, 0.59, 0.6), (0.98, 0.97, 0.99))],
)
def test_names_of_industries_meet_neither_each_other_nor_a_dot(margin, retention):
    """A name is 3.2 points of retention a letter on a telephone, and 18 pixels high; a dot, 5 points and 10 pixels."""
    close = pd.DataFrame({"industry": ["one", "manufacturing", "three"], "margin": margin, "retention": retention})
    places = widgets.laboratory(CLAIMS[CLAIMS.industry == "all"], close).data["places"]
    names, dots = [], []
    for place in places:
        wide, x, y = 3.2 * len(place["industry"]), place["retention"], place["margin"]
        left = place["at"] - wide * {"start": 0, "middle": 0.5, "end": 1}[place["anchor"]]
        assert 0 <= left <= left + wide <= 100
        names.append((left, left + wide, place["height"] + 0.8, 9))
        dots.append((x - 2.5, x + 2.5, y, 5))
    for one, other in (*itertools.combinations(names, 2), *itertools.product(names, dots)):
        beside = one[1] <= other[0] or other[1] <= one[0]
        assert beside or abs(one[2] - other[2]) >= (one[3] + other[3]) * 60 / 300 - 1e-9


def test_the_order_and_labels_of_industries_change_nothing():
    """Labels that stand twice, as after a concat, and rows the other way round."""
    places = [widgets.laboratory(CLAIMS, each).data["places"] for each in (INDUSTRIES, INDUSTRIES[::-1].set_axis([7, 7]))]
    assert places[0] == places[1][::-1]


def test_a_claim_of_which_the_same_is_said_everywhere_offers_no_choice(browser, tmp_path):
    claims = CLAIMS.assign(low=0.25, high=0.95)
    page = browser.new_page()
    page.goto(f"file://{widgets.laboratory(claims, INDUSTRIES).save(tmp_path / 'same.html')}")
    page.get_by_role("radio", name="five more of loyalty").wait_for()
    assert page.get_by_role("radio", name="finance").locator("visible=true").count() == 0
    page.close()


def test_who_made_it_true_is_written_down_once(journal, shown):
    assert shown.commitment == {}
    made = {"kind": "task", "key": "99/true", "question": "Make it true", "change": 96.3, "retention": 89.0}
    shown.commitment = made
    shown.commitment = made | {"change": 120.0}
    assert [entry["change"] for entry in _journal.read()] == [96.3]
    assert widgets.laboratory(CLAIMS, INDUSTRIES, key="99/true").commitment["change"] == 96.3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: widgets.laboratory("claims.csv", INDUSTRIES), "`claims` must be a DataFrame; it is str"),
        (lambda: widgets.laboratory(CLAIMS.drop(columns="change"), INDUSTRIES), "no column `change`"),
        (lambda: widgets.laboratory(CLAIMS.assign(driver="joy"), INDUSTRIES), "`driver`"),
        (
            lambda: widgets.laboratory(CLAIMS.assign(low=0.9, high=0.2), INDUSTRIES),
            "`low` of 'five more of loyalty' must be below",
        ),
        (lambda: widgets.laboratory(CLAIMS, INDUSTRIES[:1]), "said of 'retail'; `industries` has finance"),
        (lambda: widgets.laboratory(CLAIMS, INDUSTRIES.assign(margin=30)), "`margin`"),
        (
            lambda: widgets.laboratory(CLAIMS[:1], INDUSTRIES.assign(industry=["a", "the making of many things"])),
            "16 letters, or its name leaves the chart; shorten 'the making of many things'",
        ),
        (lambda: widgets.laboratory(CLAIMS, INDUSTRIES, retention=80), "`retention` must be a finite number of at least 0.01"),
        (lambda: widgets.laboratory(CLAIMS, INDUSTRIES, acquisition_cost=-1), "`acquisition_cost` must be"),
        (lambda: widgets.laboratory(CLAIMS, INDUSTRIES, key=None), "`key` must be a text"),
        (
            lambda: widgets.laboratory(CLAIMS, INDUSTRIES, retention=0.9, acquisition_cost=0.5, key="99/true"),
            "true to the full in the firm to begin with",
        ),
    ],
)
def test_wrong_calls_are_refused(journal, call, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        call()


@pytest.mark.parametrize("wrong", [{"row": 9}, {"unit": 2}, {"retention": 120.0}, {"margin": math.nan}, {"joy": 1}])
def test_values_stay_on_their_sliders(shown, wrong):
    with pytest.raises(ArgumentError, match=f"`{next(iter(wrong))}`|`values` must have"):
        shown.values = shown.values | wrong


# -- In the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(browser, shown, tmp_path):
    """Open the page of the laboratory: it must ask nobody and fail nowhere."""
    with opening(browser, shown.save(tmp_path / "laboratory.html"), ".ring", 1400) as open_page:
        yield open_page


NAMES = {"retention": "retention", "margin": "margin", "annual_rate": "discount a year", "acquisition_cost": "cost to win"}
SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


def move(page, values):
    """Bring every control to its place."""
    row = CLAIMS.iloc[values["row"]]
    page.get_by_role("radio", name=row.claim).check()
    if (CLAIMS.claim == row.claim).sum() > 1:
        name = "every firm" if row.industry == "all" else row.industry
        page.get_by_role("radio", name=name).locator("visible=true").check()
    if row.driver != "conversion":
        page.get_by_role("radio", name=("points", "per cent")[values["unit"]]).check()
    page.get_by_role("radio", name=("an average customer", "the firm")[values["whose"]]).check()
    for name, label in NAMES.items():
        page.get_by_role("slider", name=label).evaluate(SET, values[name])


def test_the_page_says_and_draws_what_python_does(opened, shown):
    page = opened()
    for values in settings(8, seed=8):
        move(page, values)
        shown.values = values
        assert page.locator(".title").inner_text() == shown.title, values
        assert page.locator(".chart > svg").get_attribute("aria-label") == f"{shown.title}. {shown.picture.alt}"
        assert page.locator(".jupyter-widgets > .quiet").inner_text() == remark(shown._model.claims[values["row"]], values)
        width = int(page.locator(".chart > svg").get_attribute("width"))
        there = ET.fromstring(
            page.locator(".chart > svg").evaluate("""svg => { const copy = svg.cloneNode(true);
            copy.querySelector('.handle').remove(); return copy.outerHTML; }""")
        )
        here = ET.fromstring(base64.b64decode(re.search('base64,([^"]+)"', svg(shown.picture, width))[1]).decode())
        assert marks(there.iter()) == marks(here.find(f"{SVG}g[@transform]").iter()), values


GRID = """async (settings) => {
  const { modules, widgets } = JSON.parse(document.getElementById('crmlab-widgets').textContent);
  const source = [modules.laboratory + '; export { changeOf };'], [{ state }] = widgets;
  const { changeOf } = await import(URL.createObjectURL(new Blob(source, { type: 'text/javascript' })));
  return settings.map((each) => String(changeOf(state.data.claims[each.row], each, each.margin, each.retention)));
}"""


def test_the_sums_of_the_page_are_those_of_python(opened, shown):
    """A grid of firms and readings, each claim among them."""
    grid = list(settings(600, seed=21))
    theirs = np.array(opened().evaluate(GRID, grid), dtype=float)
    ours = [float(changes(shown._model.claims[each["row"]], each, each["margin"], each["retention"])) for each in grid]
    np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9)
    assert np.isfinite(ours).sum() > 200
    assert np.isnan(ours).any()
    assert np.isinf(ours).any()


@pytest.mark.parametrize("hand", ["mouse", "touch"])
def test_my_firm_is_pulled_in_the_chart(opened, hand):
    page = opened(has_touch=True) if hand == "touch" else opened()
    ring = page.locator(".ring").bounding_box()
    x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    left, right = (
        page.locator(".chart > svg text", has_text=re.compile(f"^{tick} %$")).first.bounding_box() for tick in (20, 80)
    )
    point = (right["x"] - left["x"]) / 60  # pixels of a point of retention
    if hand == "mouse":
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 20 * point, y - 50, steps=4)
        page.mouse.up()
        page.mouse.move(x, y)
    else:
        touch = page.context.new_cdp_session(page)
        for kind, place in (("touchStart", (x, y)), ("touchMove", (x - 20 * point, y - 50)), ("touchEnd", None)):
            points = [{"x": place[0], "y": place[1]}] if place else []
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.get_by_role("slider", name="retention")).to_have_attribute("aria-valuetext", "60 %")
    expect(page.get_by_role("slider", name="margin")).to_have_attribute("aria-valuetext", "30 %")
    assert page.locator(".title").inner_text().startswith("Retention from 60 to 65 %")
    assert page.evaluate("scrollY") == 0


def test_by_keyboard_it_is_made_true_and_kept(opened):
    """The firm's profit, five points: 87.3 % at a retention of 88.5 %, 93.6 % at 89 %, and the region ends at 95 %."""
    page = opened()
    task, retention = page.locator(".task"), page.get_by_role("slider", name="retention")
    assert task.inner_text() == (
        "Make it true to the full: find a firm, and a reading, for which “five more of loyalty” brings 88 to 95 %, the most "
        "that is claimed."
    )
    page.get_by_role("radio", name="an average customer").press("ArrowRight")
    expect(page.get_by_role("radio", name="the firm")).to_be_checked()
    for _ in range(20):  # past it, without a rest
        retention.press("ArrowRight")
    assert "Claimed: 25 to 95 %, too little here" in page.locator(".title").inner_text()
    page.wait_for_timeout(700)
    assert task.inner_text().startswith("Make it true")
    retention.press("ArrowLeft")
    retention.press("ArrowLeft")
    assert "the firm earns 93.6 % more. Claimed: 25 to 95 %, true here" in page.locator(".title").inner_text()
    solved = "You made it true to the full: +93.6 % for the firm, counted in points, at a retention of 89 %, a margin of 20 %"
    expect(task).to_contain_text(solved)
    page.get_by_role("radio", name="one more of margin").check()
    expect(task).not_to_be_visible()
    page.get_by_role("radio", name="five more of loyalty").check()
    expect(task).to_be_visible()
    retention.press("Home")
    page.reload()
    assert task.inner_text().startswith(solved)
    [entry] = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert (entry["kind"], entry["key"], entry["change"], entry["whose"]) == ("task", "99/true", 93.6, "the firm")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_its_paper(opened, scheme):
    assert opened(scheme=scheme).evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 500, 1400])
def test_nothing_is_cut_at_any_width(opened, width):
    page = opened(width=width, reduced_motion="reduce")
    assert page.evaluate(CUT) == []
    for place in ({"retention": 99.0, "margin": 60.0}, {"retention": 1.0, "margin": 1.0, "acquisition_cost": 35.0}):
        for name, value in place.items():
            page.get_by_role("slider", name=NAMES[name]).evaluate(SET, value)
        assert page.evaluate(CUT) == []


def test_every_control_has_a_name_and_points_of_conversion_cannot_be_chosen(opened):
    page = opened()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in tree if node.get("role", {}).get("value") in ("slider", "radio", "image")]
    assert len(controls) == 4 + 4 + 3 + 2 + 2 + 1
    assert all(node["name"]["value"].strip() for node in controls)
    page.get_by_role("radio", name="one more of conversion").check()
    assert page.get_by_role("radio", name="points").is_disabled()
    assert page.get_by_role("radio", name="per cent").is_checked()
