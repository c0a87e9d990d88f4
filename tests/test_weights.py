"""The triangle of weights: the page against Python, place by place and word by word, and what moves it."""

import json

import numpy as np
import pandas as pd
import pytest
from plain_page import opening
from playwright.sync_api import expect
from test_explorables import CONTRAST, CUT, MOVING

from crmlab import _journal, segmentation, widgets
from crmlab.errors import ArgumentError, DataError

LABELS = ("value now", "value later", "friends")


@pytest.fixture(scope="module")
def table():
    """Two hundred customers, many of them with equal referrals, in no order."""
    rng = np.random.default_rng(7)
    current = rng.gamma(1.5, 200.0, 200)
    return pd.DataFrame(
        {
            "customer_id": rng.permutation(200) + 1,
            "name": [f"Customer {k}" for k in range(200)],
            "current": current,
            "potential": 0.5 * current + rng.gamma(1.5, 150.0, 200),
            "referral": np.where(rng.random(200) < 0.7, 0.0, rng.gamma(1.0, 80.0, 200)),
        }
    )


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "journal.json"
    monkeypatch.setenv("CRMLAB_JOURNAL", str(path))
    return path


@pytest.fixture
def shown(journal, table):
    return widgets.weights(table, labels=LABELS, key="99/weights")


def settings(count, seed):
    """Weights as a reader could leave them, corners among them."""
    rng = np.random.default_rng(seed)
    yield from ([100, 0, 0], [0, 0, 100])
    for _ in range(count):
        one, other = sorted(rng.integers(0, 101, 2).tolist())
        yield [one, other - one, 100 - other]


# -- In Python -----------------------------------------------------------------------------------------------------------


def test_the_order_is_that_of_value_score(shown, table):
    indicators = table.drop(columns="name")
    for weights in settings(6, seed=1):
        shown.values = weights
        score = segmentation.value_score(indicators, dict(zip(indicators.columns[1:], np.array(weights) / 100, strict=True)))
        assert shown.table.customer_id.tolist() == score.top(60), weights
        best = score.table.sort_values("place", kind="stable").score.head(60)
        np.testing.assert_allclose(shown.table.score, best, atol=1e-12)
    assert shown.title.startswith(
        ", ".join(f"{name} {weight} %" for name, weight in zip(LABELS, weights, strict=True)).capitalize()
    )


def test_who_stays_is_counted_beside_the_first_list(shown):
    assert shown.title == "Value now 34 %, value later 33 %, friends 33 %: 60 of the 60 best by equal weights stay"
    by_equal = set(shown.table.customer_id)
    shown.values = [100, 0, 0]
    now = set(shown.table.customer_id)
    assert shown.stay == len(now & by_equal) < 60
    shown.commitment = {"kind": "weights", "key": "99/weights", "question": "?", "weights": [0, 0, 100]}
    shown.values = [0, 0, 100]
    first = set(shown.table.customer_id)
    assert shown.table.first_place.tolist() == shown.table.place.tolist()
    shown.values = [100, 0, 0]
    assert shown.title.endswith(f": {len(now & first)} of my first 60 best stay")


def test_neither_order_nor_labels_of_rows_matter(journal, table):
    mixed = table.sample(frac=1, random_state=1).set_index("customer_id", drop=False).rename_axis("row")
    assert widgets.weights(mixed).data == widgets.weights(table).data


def test_the_first_list_is_kept_once(journal, shown, table):
    made = {"kind": "weights", "key": "99/weights", "question": "?", "weights": [50, 50, 0]}
    shown.commitment = made
    shown.commitment = made | {"weights": [0, 50, 50]}
    assert [entry["weights"] for entry in _journal.read()] == [[50, 50, 0]]
    assert widgets.weights(table, key="99/weights").commitment["weights"] == [50, 50, 0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda table: widgets.weights("customers"), "`indicators` must be a DataFrame"),
        (lambda table: widgets.weights(table.drop(columns="referral")), "three columns .* it has 2: current, potential"),
        (lambda table: widgets.weights(table.drop(columns="customer_id")), "no column `customer_id`"),
        (lambda table: widgets.weights(table.assign(current="much")), "`current`"),
        (lambda table: widgets.weights(table.assign(customer_id=1)), "customer_id"),
        (lambda table: widgets.weights(table.assign(name=None)), "`name` of the indicators table is missing in 200 rows"),
        (lambda table: widgets.weights(table, top=200), "at most 1,000. Give more customers, or a smaller `top`"),
        (lambda table: widgets.weights(table, top=10, shown=20), "`shown` must be"),
        (lambda table: widgets.weights(table, labels=("a", "b")), "`labels` must be three texts"),
        (lambda table: widgets.weights(table, labels=("a", "b", "what they will bring")), "at most 12 letters"),
        (lambda table: widgets.weights(table, key=None), "`key` must be a text"),
    ],
)
def test_wrong_calls_are_refused(table, call, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        call(table)


@pytest.mark.parametrize("wrong", [[50, 50, 50], [100, 0], [110, -10, 0]])
def test_weights_add_up(shown, wrong):
    with pytest.raises(ArgumentError, match="`values` must be"):
        shown.values = wrong


# -- In the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(browser, shown, tmp_path):
    """Open the page of the triangle: it must ask nobody and fail nowhere."""
    with opening(browser, shown.save(tmp_path / "weights.html"), "li", 1300) as open_page:
        yield open_page


SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


def weights_of(page):
    return [int(page.get_by_role("slider", name=name).input_value()) for name in LABELS]


def compare(page, shown):
    """Hold title and list against Python, at the weights of the page."""
    shown.values = weights_of(page)
    assert page.locator(".title").inner_text() == shown.title
    rows = shown.table.head(20)
    assert page.locator("li .name").all_inner_texts() == rows.name.tolist(), shown.values
    before = ["" if row.place == row.first_place else f"was {row.first_place}" for row in rows.itertuples()]
    assert page.locator("li .before").all_inner_texts() == before, shown.values


def test_the_page_ranks_and_says_what_python_does(opened, shown):
    page = opened(reduced_motion="reduce")
    compare(page, shown)
    for one, other, _ in settings(4, seed=3):
        page.get_by_role("slider", name="value now").evaluate(SET, one)
        page.get_by_role("slider", name="friends").evaluate(SET, other)
        assert sum(weights_of(page)) == 100
        compare(page, shown)


def test_by_keyboard_what_one_weight_gains_the_others_lose(opened, shown):
    page = opened(reduced_motion="reduce")
    now, friends = page.get_by_role("slider", name="value now"), page.get_by_role("slider", name="friends")
    friends.press("Home")
    assert weights_of(page) == [51, 49, 0]
    now.press("End")
    assert weights_of(page) == [100, 0, 0]
    expect(friends).to_have_attribute("aria-valuetext", "0 %")
    page.get_by_role("button", name="This is my first list").press("Enter")
    now.press("Home")
    assert weights_of(page) == [0, 50, 50]
    page.reload()
    assert page.locator(".reply").inner_text() == "My first list: value now 100 %, value later 0 %, friends 0 %."
    shown.commitment = {"kind": "weights", "key": "99/weights", "question": "?", "weights": [100, 0, 0]}
    compare(page, shown)
    [entry] = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert (entry["kind"], entry["key"], entry["weights"]) == ("weights", "99/weights", [100, 0, 0])


@pytest.mark.parametrize("hand", ["mouse", "touch"])
def test_the_handle_is_pulled_to_a_corner_and_beyond(opened, hand):
    page = opened(has_touch=hand == "touch", reduced_motion="reduce")
    dot = page.locator(".handle .dot").bounding_box()
    x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    side = page.locator("svg > path").first.evaluate("path => path.getBBox().width")
    target = x - side / 2, y + side / (2 * 3**0.5)  # from the middle to the corner at the left
    if hand == "mouse":
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(*target, steps=4)
    else:
        touch = page.context.new_cdp_session(page)
        for kind, place in (("touchStart", (x, y)), ("touchMove", target)):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": place[0], "y": place[1]}]})
    expect(page.get_by_role("slider", name="value now")).to_have_attribute("aria-valuetext", "100 %")
    if hand == "mouse":
        page.mouse.move(x - 3 * side, y + side)
        assert weights_of(page) == [100, 0, 0]
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_rows_glide_to_their_places(opened, motion):
    page = opened(reduced_motion=motion)
    moving = page.evaluate("""() => {
      const input = document.querySelector('input');
      input.value = 100; input.dispatchEvent(new Event('input'));
      return document.getAnimations().length;
    }""")
    assert (moving > 5) == (motion == "no-preference")
    assert page.locator("li").count() == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_its_paper(opened, scheme):
    page = opened(scheme=scheme, reduced_motion="reduce")
    page.get_by_role("button", name="This is my first list").click()
    page.get_by_role("slider", name="friends").press("Home")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 500, 1400])
def test_nothing_is_cut_at_any_width(opened, width):
    page = opened(width=width, reduced_motion="reduce")
    assert page.evaluate(CUT) == []
    for name in LABELS:
        page.get_by_role("slider", name=name).press("End")
        assert page.evaluate(CUT) == []
    assert page.evaluate(MOVING) == 0


def test_every_control_has_a_name(opened):
    page = opened()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in tree if node.get("role", {}).get("value") in ("slider", "button", "image")]
    assert len(controls) == 3 + 1 + 1 + 20
    assert all(node["name"]["value"].strip() for node in controls)
