"""Three honest clicks: what is said at each, the page against Python, and that nothing is seen before it is guessed."""

import json

import numpy as np
import pandas as pd
import pytest
from browser import FLAGS, find_chromium
from plain_page import opening
from playwright.sync_api import expect, sync_playwright
from scipy.stats import norm
from test_explorables import CONTRAST, CUT, MOVING

from crmlab import _journal, widgets
from crmlab.errors import ArgumentError, DataError

LABELS = ("all columns, tested on random deals", "without what is known only after the call", "tested on later months")
AUCS = {"boosting": (0.93, 0.80, 0.63), "logit": (0.88, 0.77, 0.7)}
GUESSES = [0.85, 0.78]


@pytest.fixture(scope="module")
def steps():
    rows = [
        (step, LABELS[step - 1], model, auc, auc - 0.02, auc + 0.02)
        for model, aucs in AUCS.items() for step, auc in enumerate(aucs, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["step", "label", "model", "auc", "low", "high"])


@pytest.fixture(scope="module")
def curves():
    """Of two normal scores: the area below is the AUC."""
    x = np.linspace(0, 1, 301)
    return pd.concat(
        pd.DataFrame({"step": step, "model": model, "x": x, "y": norm.cdf(norm.ppf(x) + norm.ppf(auc) * 2**0.5)})
        for model, aucs in AUCS.items() for step, auc in enumerate(aucs, 1)
    )  # fmt: skip


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMLAB_JOURNAL", str(tmp_path / "journal.json"))


@pytest.fixture
def shown(journal, steps, curves):
    return widgets.clicks(steps, curves, key="99/honest")


# -- In Python -----------------------------------------------------------------------------------------------------------


def test_what_is_said_at_each_click(shown):
    said = []
    for count in range(3):
        shown.values = {"guesses": GUESSES[:count]}
        said.append(shown.title)
    assert said == [
        "All columns, tested on random deals: boosting has an AUC of 0.93",
        "Without what is known only after the call: boosting has an AUC of 0.80, not 0.93",
        "Of 0.93 there is 0.63 left: boosting is overtaken by logit, 0.70",
    ]
    table = shown.table
    assert table.columns.tolist() == ["label", "guess", "boosting", "logit"]
    assert table.guess.tolist()[1:] == GUESSES
    assert table.logit.tolist() == list(AUCS["logit"])


@pytest.mark.parametrize(
    ("last", "words"),
    [(0.66, "cannot be told from logit, 0.66"), (0.68, "is overtaken by logit, 0.68"), (0.55, "stays ahead of logit, 0.55")],
)
def test_who_is_ahead_is_said_where_the_intervals_tell(journal, steps, last, words):
    is_last = (steps.step == 3) & (steps.model == "logit")
    ends = {"auc": last, "low": last - 0.02, "high": last + 0.02}
    shown = widgets.clicks(steps.assign(**{name: steps[name].where(~is_last, value) for name, value in ends.items()}))
    shown.values = {"guesses": GUESSES}
    assert shown.title.endswith(words)


def test_one_model_is_beside_no_other(journal, steps):
    shown = widgets.clicks(steps[steps.model == "logit"])
    shown.values = {"guesses": GUESSES}
    assert shown.title == "Of 0.88 there is 0.70 left"


def test_the_area_under_a_drawn_curve_is_its_auc(shown):
    """Within what sixty straight pieces lose of a curve that rises steeply at its beginning."""
    for step, row in enumerate(shown.data["curves"]):
        for heights, auc in zip(row, shown.data["auc"][step], strict=True):
            assert np.trapezoid(heights, dx=1 / 60) == pytest.approx(auc, abs=0.003)


def test_neither_order_nor_labels_of_rows_matter(journal, steps, curves):
    mixed, points = (
        table.sample(frac=1, random_state=2).set_index("model", drop=False).rename_axis("row") for table in (steps, curves)
    )
    assert widgets.clicks(mixed, points).data == widgets.clicks(steps, curves).data


def test_guesses_are_kept_once(journal, shown, steps, curves):
    made = {"kind": "clicks", "key": "99/honest", "question": "?", "guesses": GUESSES, "answers": [0.8, 0.63]}
    shown.commitment = made
    shown.commitment = made | {"guesses": [0.5, 0.5]}
    assert [entry["guesses"] for entry in _journal.read()] == [GUESSES]
    assert widgets.clicks(steps, curves, key="99/honest").values["guesses"] == GUESSES


def test_a_stored_picture_tells_the_first_step_only(shown):
    text = shown._outputs()[0]["text/plain"]
    assert "boosting 0.93 (0.91 to 0.95), logit 0.88 (0.86 to 0.90). 2 clicks to come" in text
    assert "0.80" not in text
    assert "0.63" not in text


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda steps: "steps", "`steps` must be a DataFrame"),
        (lambda steps: steps.drop(columns="low"), "no column `low`"),
        (lambda steps: steps.assign(auc=steps.auc * 100), "outside 0 to 1 .*Write 0.93"),
        (lambda steps: steps.assign(low=steps.auc + 0.01), "`auc` lies outside `low` to `high` in 6 of 6 rows"),
        (lambda steps: steps.assign(label=[*"abcdef"]), "step 1 .* must have one label"),
        (lambda steps: steps.iloc[:-1], "step 3 .* one row for each of the 2 models"),
        (lambda steps: pd.concat([steps, steps]), "step"),
        (lambda steps: steps[steps.step == 1], "has 1 steps; there may be 2 to 6"),
        (lambda steps: pd.concat([steps.assign(model=name) for name in ("a", "b")]), "step"),
        (lambda steps: pd.concat([steps[:3].assign(model=name) for name in "abcd"]), "has 4 models; there may be 1 to 3"),
    ],
)
def test_steps_that_are_none(steps, spoil, words):
    with pytest.raises(DataError, match=words):
        widgets.clicks(spoil(steps))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda curves: curves[curves.model == "logit"], "curve of boosting at step 1 must rise .* has 0 points"),
        (lambda curves: curves[curves.x > 0], "must rise from"),
        (lambda curves: curves.assign(y=curves.y.where(curves.x != 0.5, 0.1)), "must rise from"),
        (lambda curves: curves.assign(y=2 * curves.y), "`y` is above 1"),
    ],
)
def test_curves_that_are_none(steps, curves, spoil, words):
    with pytest.raises(DataError, match=words):
        widgets.clicks(steps, spoil(curves))


@pytest.mark.parametrize(
    ("options", "words"), [({"curve": "lift"}, "`curve` must be one of"), ({"key": 3}, "`key` must be a text")]
)
def test_wrong_calls_are_refused(steps, options, words):
    with pytest.raises(ArgumentError, match=words):
        widgets.clicks(steps, **options)


@pytest.mark.parametrize("wrong", [{"guesses": [0.5] * 3}, {"guesses": [1.5]}, {"guesses": 0.5}, {"joy": []}])
def test_values_are_guesses(shown, wrong):
    with pytest.raises(ArgumentError, match=r"`guesses`|`values`"):
        shown.values = wrong


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
    """Open the page of the clicks: it must ask nobody and fail nowhere."""
    with opening(browser, shown.save(tmp_path / "clicks.html"), ".chart", 1000) as open_page:
        yield open_page


SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


def guess(page, value):
    page.get_by_role("slider", name="my guess").evaluate(SET, value)
    page.get_by_role("button").click()


def test_the_page_says_what_python_does_click_by_click(opened, shown):
    page = opened(reduced_motion="reduce")
    board, button = page.locator(".jupyter-widgets"), page.get_by_role("button")
    button.click(force=True)
    assert page.locator(".reply").inner_text() == "Move the slider to your guess first."
    for count, value in enumerate([*GUESSES, None]):
        shown.values = {"guesses": GUESSES[:count]}
        assert page.locator(".title").inner_text() == shown.title
        label = page.locator(".steps .chart > svg").get_attribute("aria-label")
        assert label == shown.data["alts"][count]
        assert page.locator(".steps .chart > svg circle").count() == 2 * (count + 1)
        later = [f"{AUCS['boosting'][k]:.2f}" for k in range(count + 1, 3)]
        assert not any(auc in board.inner_text() + label for auc in later)
        if value is not None:
            assert page.locator(".question").inner_text() == shown.data["asked"][count]
            expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "nothing chosen yet")
            guess(page, value)
            assert page.locator(".reply").inner_text() == f"You guessed {value:.2f}; it is {AUCS['boosting'][count + 1]:.2f}."
    expect(button).to_be_hidden()
    assert page.locator("tbody tr").count() == 3
    words = page.locator("tbody").inner_text().replace("\n", " ")
    for text in ("0.93 (0.91 to 0.95)", "0.70 (0.68 to 0.72)", *LABELS, *[f"{each:.2f}" for each in GUESSES]):
        assert text in words


def test_dots_stand_at_their_aucs(opened):
    """The line of the one crosses that of the other, and a guess stands above the slider's thumb."""
    page = opened(reduced_motion="reduce")
    page.get_by_role("slider").evaluate(SET, 0.75)
    track, dot = (page.locator(each).bounding_box() for each in ("input", ".steps .chart > svg rect"))
    share = (0.75 - 0.5) / 0.5
    assert abs(track["x"] + 8 + share * (track["width"] - 16) - dot["x"] - dot["width"] / 2) < 1.5
    guess(page, GUESSES[0])
    guess(page, GUESSES[1])
    at = [dot.get_attribute("cx") for dot in page.locator(".steps .chart > svg circle").all()]
    lead, other = np.array(at, dtype=float).reshape(2, 3)
    np.testing.assert_allclose(np.diff(lead) / np.diff(other), np.diff(AUCS["boosting"]) / np.diff(AUCS["logit"]), rtol=0.03)
    assert lead[0] > other[0]
    assert lead[2] < other[2]


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_curve_sinks_before_the_eyes(opened, motion):
    page = opened(reduced_motion=motion)
    line = page.locator(".side > svg path[stroke-width='2.4']").nth(1)
    before = line.get_attribute("d")
    page.get_by_role("slider").evaluate(SET, 0.8)
    at_once = page.evaluate("""() => {
      document.querySelector('button').click();
      return document.querySelectorAll('.side > svg path[stroke-width="2.4"]')[1].getAttribute('d');
    }""")
    assert (at_once == before) == (motion == "no-preference")
    expect(line).not_to_have_attribute("d", before)


def test_by_keyboard_and_kept(opened):
    page = opened(reduced_motion="reduce")
    slider, button = page.get_by_role("slider"), page.get_by_role("button")
    slider.press("End")
    button.press("Enter")
    expect(slider).to_be_focused()
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0.50")
    button.press("Enter")
    page.reload()
    expect(button).to_be_hidden()
    assert page.locator(".title").inner_text().startswith("Of 0.93 there is 0.63 left")
    [entry] = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert (entry["kind"], entry["key"], entry["guesses"], entry["answers"]) == ("clicks", "99/honest", [1, 0.5], [0.8, 0.63])


def test_by_touch(opened):
    page = opened(width=390, has_touch=True, reduced_motion="reduce")
    page.get_by_role("slider").tap()
    page.get_by_role("button").tap()
    assert page.locator(".reply").inner_text() == "You guessed 0.75; it is 0.80."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_its_paper(opened, scheme):
    page = opened(scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(CONTRAST) == []
    for value in GUESSES:
        guess(page, value)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 500, 1400])
def test_nothing_is_cut_at_any_width(opened, width):
    page = opened(width=width, reduced_motion="reduce")
    assert page.evaluate(CUT) == []
    for value in GUESSES:
        guess(page, value)
        assert page.evaluate(CUT) == []
    assert page.evaluate(MOVING) == 0


def test_every_control_has_a_name(opened):
    page = opened()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in tree if node.get("role", {}).get("value") in ("slider", "button", "image")]
    assert len(controls) == 1 + 1 + 2
    assert all(node["name"]["value"].strip() for node in controls)
