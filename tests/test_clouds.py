"""The bet on noise: the page against Python, word by word and colour by colour, and what it keeps."""

import json

import pytest
from plain_page import opening
from playwright.sync_api import expect
from test_explorables import CONTRAST, CUT, MOVING

from crmlab import _journal, segmentation, widgets
from crmlab.errors import ArgumentError, DataError

STAKES = [-3, 4, 0, 0, 3]  # of which 7 lie right


@pytest.fixture(scope="module")
def table():
    return segmentation.simulate_clouds(seed=1)


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "journal.json"
    monkeypatch.setenv("CRMLAB_JOURNAL", str(path))
    return path


@pytest.fixture
def shown(journal, table):
    return widgets.clouds(table, key="99/noise")


# -- In Python -----------------------------------------------------------------------------------------------------------


def test_what_is_said_is_counted_from_the_table(shown, table):
    for number, row in zip(sorted(table.cloud.unique()), shown.table.itertuples(), strict=True):
        rows = table[table.cloud == number].pivot(index="customer_id", columns="resample", values="segment")
        kept = rows.drop(columns=0).eq(rows[0], axis=0).mean()
        assert (row.kept, row.kept_least) == (pytest.approx(kept.mean()), pytest.approx(kept.min()))
        assert (row.source == "real") == table[table.cloud == number].is_real.all()
    shown.values = {"stakes": STAKES, "draw": 2, "truth": 1}
    assert shown.title.endswith("Of your 10 coins 7 lay right")
    assert shown.won == 4
    assert "noise in D has 0.49, the real groups of B have 0.45" in shown.data["lesson"]


def test_neither_order_nor_labels_of_rows_matter(journal, table):
    mixed = table.sample(frac=1, random_state=1).set_index("customer_id", drop=False)
    assert widgets.clouds(mixed).data == widgets.clouds(table).data


def test_stakes_are_kept_once(journal, shown, table):
    made = {"kind": "bet", "key": "99/noise", "question": "?", "stakes": STAKES, "won": 4}
    shown.commitment = made
    shown.commitment = made | {"won": 10}
    assert [entry["won"] for entry in _journal.read()] == [4]
    assert widgets.clouds(table, key="99/noise").values["stakes"] == STAKES


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda table: widgets.clouds("clouds"), "`table` must be a DataFrame"),
        (lambda table: widgets.clouds(table.drop(columns="segment")), "no column `segment`"),
        (lambda table: widgets.clouds(table[table.is_real]), "needs a real cloud and one of noise"),
        (lambda table: widgets.clouds(table[table["resample"] == 0]), "with the same resamples, one at least"),
        (lambda table: widgets.clouds(table[table["resample"] > 0]), "cloud A must have the same customers in resample 0"),
        (lambda table: widgets.clouds(table.iloc[1:]), "cloud A must have the same customers in resample 0"),
        (
            lambda table: widgets.clouds(table.assign(segment=table.segment.where(table.index > 9, 5))),
            "and 5 segments; there may be 2 to 9 clouds",
        ),
        (lambda table: widgets.clouds(table, coins=0), "`coins` must be"),
        (lambda table: widgets.clouds(table, key=3), "`key` must be a text"),
    ],
)
def test_wrong_calls_are_refused(table, call, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        call(table)


@pytest.mark.parametrize("wrong", [{"stakes": [9, 9, 0, 0, 0]}, {"stakes": [1]}, {"draw": 7}, {"truth": 2}, {"joy": 1}])
def test_values_stay_within_the_bet(shown, wrong):
    with pytest.raises(ArgumentError, match=f"`{next(iter(wrong))}`|`values` must have"):
        shown.values = shown.values | wrong


# -- In the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(browser, shown, tmp_path):
    """Open the page of the bet: it must ask nobody and fail nowhere."""
    with opening(browser, shown.save(tmp_path / "clouds.html"), ".card", 900) as open_page:
        yield open_page


SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


def stake(page, stakes=STAKES):
    for name, coins in zip("ABCDE", stakes, strict=True):
        page.get_by_role("slider", name=f"Stake on {name}").evaluate(SET, coins)
    page.get_by_role("button", name="These are my stakes").click()


def compare(page, shown):
    """Hold title, captions, alt texts and colours against Python."""
    assert page.locator(".title").inner_text() == shown.title
    said = [f"{cloud.name}: {text}" for cloud, text in zip(shown._clouds, shown.captions, strict=True)]
    assert page.locator(".caption").all_text_contents() == said
    assert [svg.get_attribute("aria-label") for svg in page.locator(".card svg").all()] == [f"Cloud {text}" for text in said]
    fills = page.evaluate("[...document.querySelectorAll('.card .dot')].map((dot) => dot.getAttribute('fill'))")
    ours = [shown.data["hues"][group] for cloud in shown._clouds for group in cloud.groups[shown.values["draw"]]]
    assert fills == [f"var(--{hue})" for hue in ours]
    moved = sum(int((cloud.groups[shown.values["draw"]] != cloud.groups[0]).sum()) for cloud in shown._clouds)
    assert page.locator(".dot.moved").count() == moved


def test_the_page_says_and_colours_what_python_does(opened, shown):
    page = opened(reduced_motion="reduce")
    compare(page, shown)
    stake(page)
    for draw in range(1, shown.data["draws"] + 1):
        page.get_by_role("button", name="Resample").click()
        shown.values = {"stakes": STAKES, "draw": draw, "truth": 0}
        compare(page, shown)
    expect(page.get_by_role("button", name="Resample")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Show the truth").click()
    shown.values = shown.values | {"truth": 1}
    compare(page, shown)
    assert page.locator(".quiet").inner_text() == shown.data["lesson"]
    results = page.locator("output").all_inner_texts()
    assert results == ["3 on noise: won", "4 on real: won", "nothing", "nothing", "3 on real: lost"]


def test_by_keyboard_no_more_than_all_coins_are_staked_and_they_are_kept(opened):
    page = opened()
    lock, resample = page.get_by_role("button", name="These are my stakes"), page.get_by_role("button", name="Resample")
    first, last = (page.get_by_role("slider", name=f"Stake on {name}") for name in "AE")
    lock.click(force=True)
    expect(resample).to_be_hidden()
    for _ in range(6):
        first.press("ArrowLeft")
    last.press("End")
    expect(last).to_have_attribute("aria-valuetext", "4 on real")
    assert "take some from another cloud first" in page.locator(".reply").inner_text()
    lock.press("Enter")
    expect(resample).to_be_focused()
    expect(page.get_by_role("button", name="Show the truth")).to_be_hidden()
    expect(first).to_be_disabled()
    resample.press("Enter")
    assert page.locator(".title").inner_text().startswith("Other customers, draw 1 of 6: 100")
    page.reload()
    expect(first).to_have_attribute("aria-valuetext", "6 on noise")
    expect(resample).to_be_visible()
    [entry] = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert (entry["kind"], entry["key"], entry["stakes"], entry["won"]) == ("bet", "99/noise", [-6, 0, 0, 0, 4], 2)


def test_by_touch(opened):
    page = opened(width=390, has_touch=True)
    slider = page.get_by_role("slider", name="Stake on B")
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(slider).to_have_attribute("aria-valuetext", "10 on real")
    page.get_by_role("button", name="These are my stakes").tap()
    resample = page.get_by_role("button", name="Resample")
    resample.tap()
    assert "draw 1 of 6" in page.locator(".title").inner_text()
    for name in ("A", "E"):  # the page scrolls, and what came of a draw stays in sight with the button
        page.get_by_role("slider", name=f"Stake on {name}").scroll_into_view_if_needed()
        expect(page.locator(".bank")).to_contain_text("Other customers, draw 1 of 6")
        expect(page.locator(".echo")).to_be_in_viewport(ratio=1)
        expect(resample).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_colours_change_before_the_eyes(opened, motion):
    """Slowly, unless the reader wants no motion; the dots themselves stay, so that the change is seen on them."""
    page = opened(reduced_motion=motion)
    stake(page)
    between = page.evaluate("""() => {
      const dots = [...document.querySelectorAll('.dot')], at = () => dots.map((dot) => getComputedStyle(dot).fill).join();
      const before = at();
      [...document.querySelectorAll('button')].find((button) => button.textContent === 'Resample').click();
      return [at() === before, dots.every((dot) => dot.isConnected)];
    }""")
    assert between == [motion == "no-preference", True]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_its_paper(opened, scheme):
    page = opened(scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(CONTRAST) == []
    stake(page)
    page.get_by_role("button", name="Resample").click()
    page.get_by_role("button", name="Show the truth").click()
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 500, 1400])
def test_nothing_is_cut_at_any_width(opened, width):
    page = opened(width=width, reduced_motion="reduce")
    assert page.evaluate(CUT) == []
    stake(page)
    page.get_by_role("button", name="Resample").click()
    page.get_by_role("button", name="Show the truth").click()
    assert page.evaluate(CUT) == []
    assert page.evaluate(MOVING) == 0


def test_every_control_has_a_name(opened):
    page = opened()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in tree if node.get("role", {}).get("value") in ("slider", "button", "image")]
    assert len(controls) == 5 + 1 + 5
    assert all(node["name"]["value"].strip() for node in controls)
