"""Widgets: what they show, and that they show it at once and to everyone."""

import base64
import json
import pathlib
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from crmlab import _journal, _svg, datasets, widgets, world
from crmlab.errors import ArgumentError, DataError
from crmlab.widgets import palette
from crmlab.widgets.live import MIME_TYPE


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
    assert float(large[0]["cx"]) == pytest.approx(28 + 664 * (100 * kept.difference + 10) / 35, abs=0.06)
    small = sorted(float(each["cx"]) for each in marks(picture, "circle") if each["r"] == "3.5")
    assert len(small) == 24
    assert picture.alt in picture.html.replace("&#x27;", "'")


def test_the_axes_hold_every_firm_of_the_grid(grid):
    """They stay while something moves, so they have room for the largest step of the strongest cause, free or paid for."""
    axes = widgets.what_if(grid).data["axes"]
    for measure, ends in {"retention": (-10, 25), "profit": (-40_000, 15_000)}.items():
        assert (axes[measure]["x"]["low"], axes[measure]["x"]["high"]) == ends
    for cause, amount in grid[["cause", "amount"]].drop_duplicates().itertuples(index=False):
        for cost in (0, "usual"):
            assert marks(widgets.change(grid, cause, amount, cost), "path") == [], "an arrow: something lies beyond"


@pytest.mark.parametrize(
    ("cause", "amount", "cost", "words"),
    [
        ("reliability", 0.5, 0, "Reliability +0.5, free: more customers stay, profit rises"),
        ("reliability", 1.5, 5.0, "at 5.00 per customer per month: more customers stay, profit falls"),
        ("reliability", -0.5, 0, "Reliability −0.5, free: fewer customers stay, profit falls"),
        ("reliability", -0.5, 2.0, "saving 2.00 per customer per month: fewer customers stay, profit rises"),
        ("tangibles", 0, 1.0, "Tangibles as it is: nothing changes."),
        ("responsiveness", 0.5, "usual", "at 0.39 per customer per month: more customers stay, profit rises"),
        ("assurance", 0.25, "usual", "0.15 per customer per month: more customers stay, whether profit rises cannot be told"),
    ],
)
def test_the_title_says_what_happened(grid, cause, amount, cost, words):
    assert words in widgets.change(grid, cause, amount, cost).alt


def test_a_step_down_saves_what_it_costs_up(grid):
    """What is paid is taken off each firm's profit, and what is saved is added to it."""
    payers = grid[(grid.cause == "empathy") & (grid.amount == -0.25)].payers.mean()
    readings = [re.search(r"Profit a year .*?: ([+−][\d,]+)", widgets.change(grid, "empathy", -0.25, cost).alt)[1]
                for cost in (0, 0.5)]  # fmt: skip
    free, saved = (float(text.replace("−", "-").replace(",", "")) for text in readings)
    assert saved - free == pytest.approx(0.5 * payers / 2, abs=1.01)


def test_what_if_follows_its_values(grid):
    shown = widgets.what_if(grid, cause="empathy", better_by=0.3)
    assert shown.values == {"cause": 3, "amount": 3, "price": 0, "own": 0.0}
    assert shown.picture.html == widgets.change(grid, "empathy", 0.25).html
    shown.values = {"cause": 0, "amount": 4, "price": 2, "own": 0.45}
    assert shown.picture.html == widgets.change(grid, "reliability", 0.5, 0.45).html
    for wrong in ({}, {**shown.values, "cause": 5}, {**shown.values, "own": -1}, {**shown.values, "amount": 1.5}):
        with pytest.raises(ArgumentError, match="`values` must be places"):
            shown.values = wrong


def test_what_if_refuses(grid):
    for call, words in (
        (lambda: widgets.what_if(grid[(grid.amount != 0.25) | (grid.cause != "empathy")]), "tried by the same amounts"),
        (lambda: widgets.what_if(grid[grid.amount != 0]), "0 among the amounts"),
        (lambda: widgets.what_if(grid.iloc[1:]), "the same firms at every amount"),
        (lambda: widgets.what_if(grid, cause="joy"), "no cause 'joy'; it has reliability"),
        (lambda: widgets.what_if("grid.csv"), "`grid` must be a DataFrame; it is str. Give what `world.sweep` returns."),
        (
            lambda: widgets.what_if(grid.drop(columns="seed")),
            "grid table has no column `seed`.*Give what `world.sweep`",
        ),
        (lambda: widgets.what_if(grid.assign(retention=2.0)), "`retention` is above 1.*of the grid table.*`world.sweep`"),
        (lambda: widgets.change(grid, "joy", 0.5, 0), "`cause` must be one of"),
        (lambda: widgets.change(grid, "empathy", 0.1, 0), "must be one that was tried"),
        (lambda: widgets.change(grid, "empathy", 0.5, -1), "`cost` must be 0 or more"),
    ):
        with pytest.raises((ArgumentError, DataError), match=words):
            call()


# -- Guess and decide --------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "journal.json"
    monkeypatch.setenv("CRMLAB_JOURNAL", str(path))
    return path


def three_firms(**values):
    rows = [(action.replace("_", " "), firm, value) for action, row in values.items() for firm, value in enumerate(row)]
    return pd.DataFrame(rows, columns=["action", "firm", "effect"])


def test_a_guess_is_written_down_once(journal):
    shown = widgets.guess("How many?", 61.04, unit="of 100", key="01/stay")
    assert shown.commitment == {}
    assert "61" not in shown._outputs()[0]["text/html"]
    made = {"kind": "guess", "key": "01/stay", "question": "How many?", "guess": 40, "answer": 61.04, "unit": "of 100"}
    shown.commitment = made
    shown.commitment = made | {"guess": 61}  # a page can say what it likes: only the first guess counts
    assert [entry["guess"] for entry in _journal.read()] == [40]
    assert widgets.guess("How many?", 61.04, key="01/stay").commitment["guess"] == 40, "it is there after a restart"


def test_a_decision_is_judged_firm_by_firm(journal):
    """Means that overlap can still be told apart in the same firms."""
    outcomes = three_firms(one=[1, 11, 21], two=[0, 9.9, 20.1], three=[-9, 40, -1])
    result = widgets.decide("99/a", "Which?", outcomes, measure="profit").evidence
    assert result.actions == ("one", "two", "three")
    assert result.middle.tolist() == [11, 10, 10]
    half = 4.302652729749464 * 10 / 3**0.5  # Student's quantile for two degrees of freedom
    assert result.low[0] == pytest.approx(11 - half)
    assert result.good.tolist() == [True, False, True]
    assert result.shortfall.tolist() == pytest.approx([0, 1, 1])


@pytest.mark.parametrize(
    ("outcomes", "title"),
    [
        (three_firms(answer=[3, 4, 5], paint=[0, 0, 1]), "“answer” did best"),
        (three_firms(answer=[3, 4, 5], paint=[4, 3, 5]), "“answer” and “paint” did equally well, as far as one can tell"),
    ],
)
def test_the_evidence_names_a_best_only_if_there_is_one(journal, outcomes, title):
    assert widgets.decide("99/a", "Which?", outcomes, measure="profit").data["title"] == title


def test_the_first_question_once_more(journal):
    outcomes = three_firms(answer=[3, 4, 5], paint=[0, 0, 1])
    first = widgets.decide("01/mend", "Which?", outcomes, measure="profit")
    first.commitment = {"kind": "decision", "key": "01/mend", "choice": "paint", "confidence": 90, "right": False}
    again = widgets.decide("01/mend", "Which?", outcomes, measure="profit", again=True)
    assert again.commitment == {}
    assert again.before["choice"] == "paint"
    again.commitment = {"kind": "decision", "key": "01/mend/again", "choice": "answer", "confidence": 80, "right": True}
    table = widgets.calibration().table
    assert table[["key", "choice", "confidence", "right"]].to_numpy().tolist() == [
        ["01/mend", "paint", 90, False], ["01/mend/again", "answer", 80, True],
    ]  # fmt: skip


def test_a_line_is_written_down_once_and_shown_again(journal):
    shown, later = widgets.note("99/advice", "Advise."), widgets.note("99/advice", "Compare.", again=True)
    assert (shown.commitment, later.before, later.commitment) == ({}, {}, {})
    made = {"kind": "note", "key": "99/advice", "question": "Advise.", "text": "Keep them."}
    shown.commitment = made
    shown.commitment = made | {"text": "I knew it."}
    assert [entry["text"] for entry in _journal.read()] == ["Keep them."]
    assert later.before["text"] == "Keep them."
    assert widgets.note("99/advice", "Advise.").commitment["text"] == "Keep them.", "it is there after a restart"
    later.commitment = {"kind": "note", "key": "99/advice/again", "question": "Compare.", "text": "Ask who left."}
    assert [entry["key"] for entry in _journal.read()] == ["99/advice", "99/advice/again"]
    assert widgets.note("99/advice", "Compare.", again=True).commitment["text"] == "Ask who left."


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (None, "`outcomes` must be a DataFrame; it is NoneType. Give what `world.outcomes` returns"),
        (three_firms(one=[1, 2]), "two to four choices in `action`; it holds 1"),
        (three_firms(one=[1, 2, 3], two=[1, 2]), "tried in the same firms"),
        (three_firms(one=[1], two=[1]), "tried in the same firms, two at least"),
        (three_firms(one=[1, "a"], two=[1, 2]), "outcomes table mixes kinds of values"),
        (three_firms(one=[1, 2], two=[1, 2]).drop(columns="firm"), "`firm`"),
    ],
)
def test_decide_refuses_outcomes_that_prove_nothing(journal, outcomes, words):
    with pytest.raises(DataError, match=words):
        widgets.decide("99/a", "Which?", outcomes, measure="profit")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: widgets.guess("?", "61"), "`answer` must be a finite number"),
        (lambda: widgets.guess("?", 3, lowest=5, highest=1), "`lowest` must be below `highest`"),
        (lambda: widgets.guess("?", 101), "or nobody could guess it"),
        (lambda: widgets.guess("?", 61, interval=(70, 80)), "two numbers around the answer"),
        (lambda: widgets.guess("?", 61, hold=1), "`hold` must be True or False"),
        (lambda: widgets.decide("", "?", three_firms(a=[1, 2], b=[1, 2]), measure="profit"), "`key` must be a text"),
        (lambda: widgets.note(" ", "?"), "`key` must be a text"),
        (lambda: widgets.note("99/a", None), "`prompt` must be a text"),
        (lambda: widgets.note("99/a", "?", hold="yes"), "`hold` must be True or False"),
        (lambda: widgets.frames("view", x=(0, 1, 1)), "`view` must be a function"),
        (lambda: widgets.frames(str), "at least one control"),
        (lambda: widgets.frames(lambda x: x, x=(0, 5, 1)), "a Chart or a text"),
        (lambda: widgets.frames(lambda x, y: "", x=(0, 99, 1), y=(0, 99, 1)), "10,000 places together"),
        (lambda: widgets.frames(lambda x: line(high=10 + x), x=(0, 2, 1)), "the same axes"),
        (lambda: line().line([0, 11], [0, 1]), "leaves the axis 'x' .* at 11"),
        (lambda: line().dots([0], [1, 2]), "equally many finite numbers"),
        (lambda: line().dots([0], ["a"]), "must hold numbers"),
        (lambda: line().dots([0], [1], colour="teal"), "`colour` must be one of ink"),
        (lambda: line().dots([0], [1], shape="star"), "`shape` must be one of circle"),
        (lambda: line().rule(), "give `x` or `y`"),
        (lambda: line().bars([1]), "`values` must be 0 numbers"),
        (lambda: widgets.Axis("x", 1, 1), "must end above where it begins"),
        (lambda: widgets.Chart("t", widgets.Axis("x"), widgets.Axis("y"), alt=" "), "`alt` must say"),
        (lambda: widgets.Chart("t", widgets.Axis("", names="ab"), widgets.Axis("", names="ab"), alt="a"), "the other one"),
    ],
)  # fmt: skip
def test_wrong_calls_are_refused(journal, call, words):
    with pytest.raises(ArgumentError, match=words):
        call()


def line(high=10):
    return widgets.Chart("A line", widgets.Axis("x", 0, high), widgets.Axis("y", 0, 10), alt="A line.")


# -- Frames ------------------------------------------------------------------------------------------------------------


def test_frames_hold_every_picture_and_shared_layers_once():
    def view(many, kind, loud):
        return line().line([0, 10], [0, 5]).dots([many], [1 + loud], colour={"a": "red", "b": "blue"}[kind])

    shown = widgets.frames(view, many=(0, 4, 2, 2), kind=["a", "b"], loud=False)
    assert len(shown.data["frames"]) == 3 * 2 * 2
    assert len(shown.data["layers"]) == 1 + 12
    assert shown.values == [1, 0, 0]
    for values, place, colour in (([0, 0, 0], 0, "red"), ([2, 1, 1], 4, "blue")):
        shown.values = values
        frame = shown.data["frames"][(values[0] * 2 + values[1]) * 2 + values[2]]
        layer = shown.data["layers"][frame["layers"][1]]
        assert (layer["x"], layer["colour"]) == ([place], colour)
        assert layer == shown.picture.layers[1]
    with pytest.raises(ArgumentError, match="`values` must be the places"):
        shown.values = [3, 0, 0]


def test_stored_numbers_end_before_the_digits_that_differ_between_machines():
    layer = line().dots([1 / 3], [2e-9 + 2]).layers[0]
    assert (layer["x"], layer["y"]) == ([0.333333], [2])


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-3000, 9000, ["−2,000", "0", "2,000", "4,000", "6,000", "8,000"]),
        (0.001, 0.0024, ["0.0010", "0.0015", "0.0020"]),
    ],
)
def test_ticks_are_round_and_written_alike(low, high, texts):
    assert [text for _, text in widgets.Axis("x", low, high).data()["ticks"]] == texts


# -- Without a kernel --------------------------------------------------------------------------------------------------


def test_a_stored_widget_holds_its_data_and_a_picture(grid):
    shown = widgets.what_if(grid)
    picture, view = shown._outputs()
    assert picture["text/plain"] == repr(shown)
    assert picture[MIME_TYPE] == {"name": "what_if", "state": {"data": shown.data, "values": shown.values}}
    assert json.loads(json.dumps(picture[MIME_TYPE], allow_nan=False)) == picture[MIME_TYPE]
    assert list(view) == ["application/vnd.jupyter.widget-view+json", "text/plain"]


def test_no_text_ends_the_page_that_holds_it(tmp_path, journal):
    nasty = "</script><script>alert(1)</script>"
    path = widgets.guess(nasty, 61, key=nasty, then=nasty).save(tmp_path / "page.html")
    page = pathlib.Path(path).read_text(encoding="utf-8")
    assert page.count("</script>") == 2
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_colours_stand_out_from_the_paper(colours):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for name, colour in colours.items():
        if name not in ("paper", "grid"):
            assert contrast(colour, colours["paper"]) >= 4.5, name  # a button shows paper on blue, so marks may carry text


# -- Effects as a picture ------------------------------------------------------------------------------------------------


def test_effects_stay_on_the_page():
    """Whatever the numbers, nothing is drawn outside, and what is beyond the axis stays at its end."""
    row = _svg.Effect("x < y & z", 50.0, -90.0, 99.0, (-300.0, 300.0), (-10.0, 20.0), "{:+.0f}".format)
    html, alt = _svg.effects([row, row], title="A title " * 12, note="<b>")
    picture = widgets.Picture(html, alt)
    box = drawn(picture).attrib
    for circle in marks(picture, "circle"):
        assert 0 < float(circle["cx"]) < float(box["width"])
        assert 0 < float(circle["cy"]) < float(box["height"])
    assert all(float(circle["cx"]) < 0.99 * float(box["width"]) for circle in marks(picture, "circle"))  # none clamped
    assert len(marks(picture, "path")) == 2 * 4  # arrows of the firms and of the mean, to both sides
    for number in ("−300", "+300", "−90", "2 beyond, to +99"):
        assert number in [each.text for each in drawn(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert "x < y & z: +50" in alt
    texts = [each.text for each in drawn(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert all(len(text) < 100 for text in texts)
    assert [_svg.round_up(step) for step in (0.3, 1.0, 4.2, 70)] == [0.5, 1.0, 5.0, 100.0]


def test_each_row_of_measures_has_decimals_of_its_own():
    """As ``world.compare`` shows one pair: no interval, and measures from shares to revenue."""
    frame = pd.DataFrame({
        "measure": ["retention", "customers", "revenue"], "base": [0.436, 877.0, 410_858.97],
        "changed": [0.5, 962.0, 455_539.25], "low": [np.nan] * 3,
    })  # fmt: skip
    shown = widgets.table(frame, title="With and without")
    assert str(shown).split()[3:] == [
        "measure", "base", "changed", "retention", "0.436", "0.500", "customers", "877", "962", "revenue", "410,859", "455,539",
    ]  # fmt: skip
    assert ">low<" not in shown._repr_html_()
    assert ">410,859<" in shown._repr_html_()


def test_dates_stay_whole_and_a_wide_table_scrolls_by_itself():
    frame = pd.DataFrame({"day": ["2024-01-31", ""], "what": ["an order", "1"], "when": pd.to_datetime(["2024-01-31", None])})
    html = widgets.table(frame, title='Days "and" more')._repr_html_()
    cells = re.findall(r'<td style="([^"]*)">([^<]*)', html)
    assert [text for style, text in cells if "nowrap" in style] == ["2024-01-31", "2024-01-31", "", ""]
    assert (
        'class="crmlab-scroll" style="overflow-x:auto" role="region" tabindex="0" aria-label="Days &quot;and&quot; more"'
        in html
    )


def test_a_table_has_no_index_and_its_headings_stand_over_their_columns():
    frame = pd.DataFrame({"shop": ["north", "south"], "revenue (currency)": [1200.456, 90.0]}, index=[7, 3])
    shown = widgets.table(frame, title="Two shops")
    assert str(shown).split() == ["Two", "shops", "shop", "revenue", "(currency)", "north", "1,200.456", "south", "90.000"]
    for word, side in (("shop", "left"), ("revenue (currency)", "right"), ("north", "left"), ("90.000", "right")):
        assert re.search(rf'<t[hd][^>]*style="text-align:{side}">{re.escape(word)}<', shown._repr_html_()), word
    for call, words in (
        (lambda: widgets.table([1, 2], title="Two"), "must be a DataFrame"),
        (lambda: widgets.table(frame, title=" "), "`title` must say"),
    ):
        with pytest.raises((ArgumentError, DataError), match=words):
            call()
