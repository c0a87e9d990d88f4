"""The pipeline board: its sums against every way the deals can end, the page against Python, and every hand that moves it."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import FLAGS, find_chromium
from hypothesis import given
from hypothesis import strategies as st
from plain_page import opening
from playwright.sync_api import expect, sync_playwright
from scipy import stats
from test_explorables import CONTRAST, CUT, MOVING

from crmlab import _journal, tables, widgets
from crmlab.errors import ArgumentError, DataError
from crmlab.widgets.board_forecast import convolve, forecast, grid_of
from crmlab.widgets.board_model import percent

NUMBER = 300  # to begin with


@pytest.fixture(scope="module")
def deals():
    """Twelve deals, one of them as large as the others together, in no order."""
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "deal_id": rng.permutation(12) + 1,
            "name": [f"Deal {letter}" for letter in "ABCDEFGHIJKL"],
            "stage": np.array(tables.STAGES)[[0, 0, 1, 2, 3, 4, 5, 5, 6, 7, 7, 1]],
            "expected_value": [25.0, 40, 35, 20, 55, 30, 400, 45, 60, 25, 50, 15],
            "age_days": [3, 90, 20, 61, 59, 60, 10, 100, 0, 30, 75, 12],
        }
    )


@pytest.fixture(scope="module")
def chances():
    """From 60 days on a deal is won half as often."""
    base = pd.DataFrame({"stage": tables.STAGES, "chance": [0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.5, 0.7]})
    return pd.concat([base.assign(age_from_days=0), base.assign(age_from_days=60, chance=base.chance / 2)])


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMLAB_JOURNAL", str(tmp_path / "journal.json"))


@pytest.fixture
def shown(journal, deals, chances):
    return widgets.board(deals, chances, key="99/quarter")


def every_end(values, chances):
    """All sums that deals can bring, with their probabilities, one by one: shape (2 ** deals,) each."""
    endings = np.array(list(itertools.product([0, 1], repeat=len(values))))
    return endings @ values, np.prod(np.where(endings, chances, 1 - chances), axis=1), endings.sum(axis=1)


# -- Sums ----------------------------------------------------------------------------------------------------------------


def test_the_distribution_is_that_of_every_way_the_deals_can_end(shown):
    table = shown.table
    sums, shares, won = every_end(table.expected_value.to_numpy(), table.chance.to_numpy())
    result = shown.forecast
    for commit in np.unique(sums):
        assert result.reach(commit) == pytest.approx(shares[sums >= commit].sum(), abs=1e-12)
        assert result.reach(commit + 1e-3) == pytest.approx(shares[sums > commit].sum(), abs=1e-12)
    assert result.masses.sum() == pytest.approx(1)
    assert result.mean == pytest.approx(sums @ shares)
    assert result.masses @ np.arange(len(result.masses)) * result.step == pytest.approx(result.mean)
    np.testing.assert_allclose(result.number_masses, np.bincount(won, weights=shares), atol=1e-12)
    low, high = result.interval
    assert shares[sums < low].sum() < 0.1 <= shares[sums <= low].sum()
    assert shares[sums < high].sum() < 0.9 <= shares[sums <= high].sum()


def test_equal_deals_are_a_binomial():
    result = forecast(np.full(20, 7.0), np.full(20, 0.3), grid_of(np.full(20, 7.0)))
    np.testing.assert_allclose(result.masses, stats.binom.pmf(np.arange(21), 20, 0.3), atol=1e-14)
    assert (result.step, result.interval, result.number_interval) == (7, (3 * 7, 9 * 7), (3, 9))
    assert stats.binom.ppf([0.1, 0.9], 20, 0.3).tolist() == [3, 9]


@pytest.mark.parametrize("values", [[1.25, 2.5, 10], [1200.0, 300, 99_900], [0.1, 0.2, 0.7]])
def test_a_common_step_is_found(values):
    step, cells = grid_of(np.array(values))
    np.testing.assert_allclose(step * cells, values, rtol=1e-12)
    assert np.gcd.reduce(cells) == 1


def test_without_a_common_step_the_grid_is_fine():
    rng = np.random.default_rng(8)
    values, chances = rng.lognormal(10, 1, 12), rng.random(12)
    step, cells = grid_of(values)
    assert cells.sum() <= 50_001
    sums, shares, _ = every_end(values, chances)
    result = forecast(values, chances, (step, cells))
    for commit in np.linspace(0, values.sum(), 25):
        near = len(values) * step / 2
        assert shares[sums >= commit + near].sum() - 1e-9 <= result.reach(commit) <= shares[sums >= commit - near].sum() + 1e-9


boards = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1), st.booleans()), min_size=2, max_size=9)


@given(boards, st.data())
def test_losing_a_deal_never_raises_the_forecast_of_the_others(rows, data):
    """On any board, some of whose deals are decided already, and at any number; winning one never lowers it."""
    cells = np.array([cell for cell, _, _ in rows])
    chances = np.array([round(chance) if is_decided else chance for _, chance, is_decided in rows])
    lost = data.draw(st.integers(0, len(rows) - 1))
    at_least = [np.cumsum(convolve(cells, np.where(np.arange(len(rows)) == lost, end, chances))[::-1]) for end in (0, 1)]
    before = np.cumsum(convolve(cells, chances)[::-1])
    assert (at_least[0] <= before + 1e-12).all()
    assert (at_least[1] >= before - 1e-12).all()
    others = np.arange(len(rows)) != lost
    alone = convolve(cells[others], chances[others])
    np.testing.assert_allclose(convolve(cells, chances * others)[: len(alone)], alone, atol=1e-12)


def test_on_the_board_losing_a_deal_changes_no_other(shown):
    for place in ("lost", "dropped"):
        for k in range(12):
            places = list(shown._model.start)
            before = shown._model.table(places)
            places[k] = shown._model.places.index(place)
            after = shown._model.table(places)
            assert after.chance[k] == 0
            assert after.drop(index=k).equals(before.drop(index=k))
            assert shown._model.forecast(places).mean <= shown._model.forecast(shown._model.start).mean


# -- In Python -----------------------------------------------------------------------------------------------------------


def test_a_moved_deal_is_new_at_its_stage(shown):
    table = shown.table.set_index("name")
    assert table.loc["Deal B", ["age_days", "chance"]].tolist() == [90, 0.01]
    assert table.loc[["Deal D", "Deal E", "Deal F"], "chance"].tolist() == [0.05, 0.15, 0.125], "61, 59 and 60 days"
    places = list(shown.values["places"])
    row = shown.table.index[shown.table.name == "Deal B"][0]
    places[row] = 1
    shown.values = {"places": places, "commit": None}
    assert shown.table.loc[row, ["stage", "age_days", "chance"]].tolist() == ["contacting", 0, 0.05]
    places[row] = 8
    shown.values = {"places": places, "commit": None}
    assert shown.table.loc[row, ["stage", "chance"]].tolist() == ["won", 1]


def test_neither_order_nor_labels_of_rows_matter(journal, deals, chances):
    mixed = deals.sample(frac=1, random_state=1).set_index("deal_id", drop=False).rename_axis("row")
    assert widgets.board(mixed, chances.sample(frac=1, random_state=1)).data == widgets.board(deals, chances).data


def test_the_first_number_is_kept_once(journal, shown, deals, chances):
    made = {"kind": "commit", "key": "99/quarter", "question": "?", "commit": 250, "chance": 0.5}
    shown.commitment = made
    shown.commitment = made | {"commit": 100}
    assert [entry["commit"] for entry in _journal.read()] == [250]
    assert widgets.board(deals, chances, key="99/quarter").values["commit"] == 250


def test_stages_of_ones_own(journal):
    deals = pd.DataFrame(
        {"deal_id": ["a", "b"], "name": ["A", "B"], "stage": ["Angebot", "Gespräch"], "expected_value": [0.5, 1.25]}
    ).assign(age_days=0)
    chances = pd.DataFrame({"stage": ["Gespräch", "Angebot"], "chance": [0.25, 0.5]})
    shown = widgets.board(deals, chances, stages=("Gespräch", "Angebot"), unit=" M€", period="this month")
    assert shown.title == "2 open deals, 1.75 M€ in all: what will this month bring?"
    shown.values = {"places": [1, 0], "commit": 1.0}
    assert shown.title == "Chance that you reach 1.00 M€ this month: 25\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda deals: "deals", "`deals` must be a DataFrame"),
        (lambda deals: deals.drop(columns="age_days"), "no column `age_days`"),
        (lambda deals: deals.assign(expected_value=deals.expected_value.where(deals.index != 3)),
         "`expected_value` is missing or infinite in 1 of 12 rows .*Fill in what the deal would bring"),
        (lambda deals: deals.assign(expected_value=-1.0), "`expected_value` is below 0"),
        (lambda deals: deals.assign(expected_value=0.0), "no deal of the table brings anything"),
        (lambda deals: deals.assign(deal_id=7), "deal_id"),
        (lambda deals: deals.assign(age_days=-1), "`age_days` is negative"),
        (lambda deals: deals.replace("closing", "closeing"), "'closeing' .* in 2 rows. Did you mean 'closing'"),
        (lambda deals: deals.replace("closing", "xyz"), "Name your own in `stages`"),
        (lambda deals: pd.concat([deals] * 7).assign(deal_id=range(84)), "room for 80 deals; the table has 84"),
        (lambda deals: deals.head(0), "empty"),
    ],
)  # fmt: skip
def test_deals_that_are_none(deals, chances, spoil, words):
    with pytest.raises(DataError, match=words):
        widgets.board(spoil(deals), chances)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda chances: chances.assign(chance=chances.chance * 100), "`chance` lies outside 0 to 1 .*Write 31 % as 0.31"),
        (lambda chances: chances.assign(chance=-0.1), "`chance` lies outside 0 to 1"),
        (lambda chances: chances[chances.stage != "presenting"], "no chance from age 0 on for presenting"),
        (lambda chances: chances[chances.age_from_days > 0], "no chance from age 0 on for prospecting, contacting"),
        (lambda chances: pd.concat([chances, chances]), "stage"),
        (lambda chances: chances.replace("closing", "closed"), "'closed' of the stage_chances table .*Did you mean 'closing'"),
        (lambda chances: 0.3, "`chances` must be a DataFrame"),
    ],
)
def test_chances_that_are_none(deals, chances, spoil, words):
    with pytest.raises(DataError, match=words):
        widgets.board(deals, spoil(chances))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stages": ("closing", "closing")}, "`stages` must be 2 to 12 different texts"),
        ({"stages": ("closing", "won")}, "none of won, lost, dropped"),
        ({"stages": "closing"}, "`stages` must be"),
        ({"period": 3}, "`period` must be a text"),
        ({"unit": None}, "`unit` must be a text"),
        ({"key": 1}, "`key` must be a text"),
    ],
)
def test_wrong_calls_are_refused(deals, chances, options, words):
    with pytest.raises(ArgumentError, match=words):
        widgets.board(deals, chances, **options)


@pytest.mark.parametrize(
    "wrong",
    [{"places": [0] * 11}, {"places": [11] + [0] * 11}, {"commit": -1}, {"commit": 801}, {"commit": "much"}, {"joy": 1}],
)
def test_values_stay_on_the_board(shown, wrong):
    with pytest.raises(ArgumentError, match=f"`{next(iter(wrong))}`|`values` must have"):
        shown.values = shown.values | wrong


def test_a_stored_board_says_what_stands_where(shown):
    text = shown._outputs()[0]["text/plain"]
    assert text.startswith("12 open deals, 800 in all: what will this quarter bring? A pipeline board. prospecting (2) 65;")
    assert "presenting (2) 445; " in text
    assert "chance" not in text


# -- In the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if not path:
        pytest.skip("no Chromium: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, shown, tmp_path):
    """Open the page of the board: it must ask nobody and fail nowhere."""
    with opening(browser, shown.save(tmp_path / "board.html"), "li", 1000) as open_page:
        yield open_page


SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


def commit(page, number=NUMBER):
    page.get_by_role("slider", name="my number").evaluate(SET, number)
    page.get_by_role("button", name="This is my number").click()


def card(page, name):
    return page.locator("button.card", has_text=name)


def stage_of(page, name):
    return card(page, name).evaluate("card => card.closest('section').getAttribute('aria-label')")


# The stage of each card, and how it reads.
LOOK = """() => Object.fromEntries([...document.querySelectorAll('button.card')].map((card) =>
  [card.querySelector('.name').textContent, [card.closest('section'), card].map((each) => each.getAttribute('aria-label'))]))"""


def compare(page, shown, commit):
    """Hold the page's words and cards against Python, with the deals where the page has them."""
    cards = page.evaluate(LOOK)
    places = [shown._model.places.index(cards[name][0]) for name in shown.table.name]
    shown.values = {"places": places, "commit": commit}
    assert page.locator(".title").text_content() == shown.title
    assert page.locator(".facts > p").all_text_contents() == shown.facts
    for row in shown.table.itertuples():
        label = f"{row.name}, {row.expected_value:,.0f}, {row.stage}"
        if row.stage not in ("won", "lost", "dropped"):
            label += f" for {row.age_days} days, chance {percent(row.chance)}"
        assert cards[row.name][1] == label


def test_nothing_is_forecast_before_the_reader_has_a_number(opened, shown):
    page = opened(reduced_motion="reduce")
    board, button = page.locator(".jupyter-widgets"), page.get_by_role("button", name="This is my number")
    assert page.locator(".title").inner_text() == shown.title
    button.click(force=True)
    assert page.locator(".reply").inner_text() == "Set your number first."
    card(page, "Deal G").press("ArrowRight")
    page.get_by_role("slider").press("Home")
    assert not re.search(r"mean|interval|Chance that|d · |\d\s*%", board.inner_text())
    assert "chance" not in card(page, "Deal G").get_attribute("aria-label")
    commit(page)
    assert "Value won: mean" in board.inner_text()
    compare(page, shown, NUMBER)


def test_the_page_forecasts_what_python_does(opened, shown):
    page = opened(reduced_motion="reduce")
    commit(page)
    compare(page, shown, NUMBER)
    rng = np.random.default_rng(6)
    for _ in range(8):
        mover = card(page, f"Deal {'ABCDEFGHIJKL'[rng.integers(12)]}")
        for _ in range(rng.integers(1, 4)):
            mover.press(("ArrowLeft", "ArrowRight")[rng.integers(2)])
        compare(page, shown, NUMBER)
    for number in (0, 40, 200, 395, 400, 405):
        page.get_by_role("slider").evaluate(SET, number)
        compare(page, shown, page.get_by_role("slider").evaluate("input => Number(input.value)"))


def test_the_drawn_steps_hold_the_whole_distribution(opened, shown):
    """What lies under the line from the reader's number on is its chance; all of it is 100 %."""
    page = opened(reduced_motion="reduce")
    commit(page, 100)
    drawn = page.locator(".forecast .chart").first.evaluate("""chart => {
      const points = [...chart.querySelectorAll('path[stroke-width="2.4"]')].map((path) =>
        path.getAttribute('d').slice(1).split('L').map((pair) => pair.split(',').map(Number)));
      const texts = [...chart.querySelectorAll('text')].map((text) => text.textContent);
      return [points, texts, chart.querySelector('p').textContent];
    }""")
    (pale, blue), texts, label = drawn
    width = float(label.split("steps of ")[1])

    def mass(points):
        xs, ys = np.array(points).T
        return float((np.diff(xs) * (ys.max() - ys[:-1])).sum())  # pixels

    share = mass(blue) / (mass(blue) + mass(pale))
    assert share == pytest.approx(shown.forecast.reach(100), abs=0.005)
    assert (width, texts[0]) == (10, "0")


def test_by_keyboard(opened, shown):
    """Up and down choose a deal, left and right move it; the focus stays on it, and what became of it is read out."""
    page = opened(reduced_motion="reduce")
    commit(page)
    order = [page.locator("button.card").nth(k).locator(".name").inner_text() for k in range(12)]
    assert order[:3] == ["Deal B", "Deal A", "Deal C"], "stage by stage, the largest first"
    assert page.locator("button.card[tabindex='0']").count() == 1
    first = card(page, "Deal B")
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, "Deal A")).to_be_focused()
    page.keyboard.press("End")
    expect(card(page, "Deal J")).to_be_focused()
    outline = card(page, "Deal J").evaluate("card => getComputedStyle(card).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("ArrowLeft")
    assert stage_of(page, "Deal J") == "overcoming objections"
    expect(card(page, "Deal J")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert stage_of(page, "Deal J") == "won"
    expect(page.locator(".spoken")).to_have_text(f"Deal J: won. {page.locator('.title').text_content()}. "
                                                 f"{'. '.join(page.locator('.facts > p').all_text_contents())}")  # fmt: skip
    page.keyboard.press("ArrowLeft")
    assert stage_of(page, "Deal J") == "closing", "back to where it was"
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="to the stage before")).to_be_focused()
    page.get_by_role("button", name="dropped").press("Enter")
    expect(card(page, "Deal J")).to_be_focused()
    assert stage_of(page, "Deal J") == "dropped"
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator(".actions")).to_have_count(0)
    expect(card(page, "Deal J")).to_be_focused()
    compare(page, shown, NUMBER)
    page.locator("button.card").first.focus()
    page.keyboard.press("ArrowLeft")
    assert stage_of(page, "Deal B") == "prospecting"


def test_by_mouse(opened, shown):
    page = opened(width=1400, reduced_motion="reduce")
    commit(page)
    target = page.get_by_role("region", name="closing").bounding_box()
    box = card(page, "Deal G").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + 60, steps=5)
    expect(page.locator(".place.over")).to_have_attribute("aria-label", "closing")
    assert stage_of(page, "Deal G") == "presenting", "until it is let go"
    page.mouse.up()
    assert stage_of(page, "Deal G") == "closing"
    expect(page.locator(".actions")).to_have_count(0)
    compare(page, shown, NUMBER)
    box = card(page, "Deal G").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, 5, steps=3)
    page.mouse.up()
    assert stage_of(page, "Deal G") == "closing", "let go beside the board it stays"
    card(page, "Deal G").click()
    page.get_by_role("button", name="lost").click()
    assert stage_of(page, "Deal G") == "lost"
    compare(page, shown, NUMBER)


def test_by_touch(opened, shown):
    """The grip pulls; elsewhere a finger scrolls the page, and a tap opens what can be done."""
    page = opened(width=390, has_touch=True, reduced_motion="reduce")
    commit(page)
    assert card(page, "Deal A").locator(".grip").evaluate("grip => getComputedStyle(grip).touchAction") == "none"
    card(page, "Deal A").tap()
    page.get_by_role("button", name="won").tap()
    assert stage_of(page, "Deal A") == "won"
    touch = page.context.new_cdp_session(page)

    def pull(selector):
        card(page, "Deal C").scroll_into_view_if_needed()
        box = card(page, "Deal C").locator(selector).bounding_box()
        start = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        head = page.get_by_role("region", name="prospecting").locator(".head").bounding_box()
        target = head["x"] + 30, head["y"] + 8
        for kind, (x, y) in (("touchStart", start), ("touchMove", (start[0] + 9, start[1])), ("touchMove", target)):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    pull(".what")
    assert stage_of(page, "Deal C") == "contacting"
    pull(".grip")
    expect(page.get_by_role("region", name="prospecting").locator("button.card", has_text="Deal C")).to_be_visible()
    compare(page, shown, NUMBER)


def test_the_first_number_stays_in_the_browser(opened, shown):
    page = opened(reduced_motion="reduce")
    commit(page)
    page.get_by_role("slider").press("ArrowRight")
    page.reload()
    share = shown.forecast.reach(NUMBER)
    assert page.locator(".reply").text_content() == f"My first number: 300; its chance then: {percent(share)}."
    compare(page, shown, NUMBER)
    [entry] = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert (entry["kind"], entry["key"], entry["commit"]) == ("commit", "99/quarter", NUMBER)
    assert entry["chance"] == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_cards_glide_to_their_places(opened, motion):
    page = opened(reduced_motion=motion)
    moving = page.evaluate("""() => {
      const card = [...document.querySelectorAll('button.card')].find((each) => each.textContent.includes('Deal G'));
      card.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
      return document.getAnimations().length;
    }""")
    assert (moving > 0) == (motion == "no-preference")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_its_paper(opened, scheme):
    page = opened(scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(CONTRAST) == []
    commit(page)
    card(page, "Deal G").click()
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 500, 1400])
def test_nothing_is_cut_at_any_width(opened, width):
    page = opened(width=width, reduced_motion="reduce")
    assert page.evaluate(CUT) == []
    commit(page)
    card(page, "Deal L").click()
    for name in ("won", "lost"):
        card(page, "Deal G").click()
        page.get_by_role("button", name=name).click()
        assert page.evaluate(CUT) == []
    assert page.evaluate(MOVING) == 0


def test_every_control_has_a_name(opened):
    page = opened()
    commit(page)
    card(page, "Deal G").click()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in tree if node.get("role", {}).get("value") in ("slider", "button", "image")]
    assert len(controls) == 1 + 12 + 5 + 2
    assert all(node["name"]["value"].strip() for node in controls)


def test_moves_leave_nothing_behind(opened):
    page = opened(reduced_motion="reduce")
    commit(page)
    count = "document.querySelectorAll('.jupyter-widgets *').length"
    before = page.evaluate(count)
    for key in ("ArrowRight", "ArrowLeft") * 4:
        card(page, "Deal D").press(key)
    assert page.evaluate(count) == before
