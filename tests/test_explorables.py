"""Widgets in a plain file, without a kernel and without a network: what they show, to whom, and by which hand.

The same script runs in JupyterLab; that it arrives there is looked at in ``test_browser.py``. What the page computes is held
against what Python computes.
"""

import base64
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from crmlab import _draw, btyd, datasets, lessons, site, widgets
from crmlab.widgets.chart import COLOURS, svg
from crmlab.widgets.live import plain_page

SVG = "{http://www.w3.org/2000/svg}"
LEVELS = pd.DataFrame(
    {
        "dimension": ["reliability", "assurance", "tangibles", "empathy", "responsiveness"],
        "expected": [5.7, 5.5, 5.2, 5.1, 5.5],
        "perceived": [5.4, 5.5, 5.5, 5.1, 5.0],
        "weight": [0.30, 0.16, 0.11, 0.16, 0.27],
    }
)
OUTCOMES = pd.DataFrame(
    {
        "action": np.repeat(["answer faster", "renew the shop and all of its pages", "leave it as it is"], 6),
        "firm": list(range(6)) * 3,
        "effect": [900, 1100, 1000, 1200, 800, 1000, -700, -500, -600, -650, -550, -600, *[0] * 6],
    }
)
NAMES = ["Reliability", "Assurance", "Tangibles", "Empathy", "Responsiveness"]


def came_back(weeks):
    xs = list(range(61))
    ys = [80 * (1 - np.exp(-x / 10)) for x in xs]
    chart = widgets.Chart(
        f"{ys[weeks]:.0f} of 100 came back within {weeks} weeks",
        widgets.Axis("weeks since the first purchase", 0, 60),
        widgets.Axis("came back, of 100 customers", 0, 100),
        alt="A curve that rises fast and then flattens.",
    )
    chart = chart.band(xs, [0.9 * y for y in ys], [1.1 * y for y in ys], name="may be").line(xs, ys, name="came back")
    return chart.rule(x=weeks, colour="red").dots([weeks], [ys[weeks]], colour="red", shape="diamond").text(weeks, 5, "here")


def gaps(answers):
    middle, half = np.array([-0.3, 0.0, 0.36, 0.0, -0.4]), 2 / np.sqrt(answers)
    chart = widgets.Chart("Five gaps", widgets.Axis("points", -1, 1), widgets.Axis("", names=NAMES), alt="Five intervals.")
    return chart.rule(x=0).intervals(range(5), middle, middle - half, middle + half, name="mean, 95 % interval")


def bars(upright):
    if upright:
        x, y = widgets.Axis("", names=("won", "lost", "open")), widgets.Axis("cases", -10, 100)
    else:
        x, y = widgets.Axis("cases", -10, 100), widgets.Axis("", names=("won", "lost", "open"))
    return widgets.Chart("Bars", x, y, alt="Three bars.").bars([60.0, 140.0, -8.0], colour="green", name="cases")


def second_year(the_same_people):
    years = [30, 29 if the_same_people else 34]
    x, y = widgets.Axis("profit a customer", 0, 40), widgets.Axis("", names=("first year", "second year"))
    return widgets.Chart(f"The second year brings {years[1]}", x, y, alt="Two bars.").bars(years, name="profit")


def reasons():
    x, y = widgets.Axis("profit a year", -1000, 1000), widgets.Axis("", names=("renew the shop and all of its pages", "wait"))
    chart = widgets.Chart("Two choices", x, y, alt="Two intervals.").rule(x=0)
    return chart.intervals([0, 1], [-600, 300], [-610, 100], [-590, 500], colour=["red", "green"])


@pytest.fixture(scope="module")
def grid():
    return datasets.load("what_if")


@pytest.fixture(scope="module")
def made(grid):
    """One widget of each kind."""
    summary = btyd.purchase_summary(datasets.load("cdnow"), until="1997-09-30")
    return {
        "alive": widgets.alive(btyd.fit_bgnbd(summary), btyd.fit_pareto_nbd(summary)),
        "calibration": widgets.calibration(),
        "decide": widgets.decide("99/money", "Where shall the money go?", OUTCOMES, measure="profit a year"),
        "frames": widgets.frames(came_back, weeks=(0, 60, 1, 12), units={"weeks": " weeks"}),
        "gaps": widgets.frames(gaps, answers=[3, 10, 100]),
        "guess": widgets.guess("How many stay?", 47.2, unit="of 100", interval=(44, 51), key="99/stay", hold=True),
        "note": widgets.note("99/advice", "What would you advise, in one line?"),
        "radar": widgets.radar(LEVELS, grid),
        "reasons": widgets.frames(lambda many, unruly: f"{many + unruly} of 2 reasons", many=False, unruly=True),
        "switch": widgets.frames(second_year, the_same_people=False),
        "what_if": widgets.what_if(grid),
    }


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    place = tmp_path_factory.mktemp("pages")
    for name, widget in made.items():
        widget.save(place / f"{name}.html")
    return place


@pytest.fixture
def shown(browser, folder):
    """Open a page: it must ask nobody and fail nowhere."""
    contexts, asked, failed = [], [], []

    def show(name, *, width=1000, scheme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("console", lambda message: failed.append(message.text) if message.type == "error" else None)
        page.goto((folder / f"{name}.html").as_uri())
        page.locator(".jupyter-widgets").wait_for()
        return page

    yield show
    for context in contexts:
        context.close()
    assert not asked
    assert not failed


KINDS = ["alive", "calibration", "decide", "frames", "gaps", "guess", "note", "radar", "reasons", "what_if"]
every_kind = pytest.mark.parametrize("kind", KINDS)

# -- For everyone --------------------------------------------------------------------------------------------------

# Text against the nearest paper behind it, and marks against the paper of their widget: ratios of luminance. The grid and what
# is filled half through are no marks.
CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((all, v, k) => all + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ratio = (one, other) => { const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05); };
  const paper = (element) => { for (let at = element; at; at = at.parentElement) {
    const colour = rgb(getComputedStyle(at).backgroundColor); if (colour[3] !== 0) return colour; } return [255, 255, 255]; };
  const wrong = [], host = document.querySelector('.jupyter-widgets'), grid = getComputedStyle(host).getPropertyValue('--grid');
  const seen = (element) => { const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    return box.width + box.height > 0 && style.visibility !== 'hidden' && style.display !== 'none'; };
  for (const element of host.querySelectorAll('p, span, label, b, button, output, td, th, text, .result div')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !seen(element) || element.closest('.spoken') || element.closest('[aria-disabled="true"]')) continue;
    const style = getComputedStyle(element), svg = element.closest('svg');
    const colour = rgb(svg ? style.fill : style.color), at = ratio(colour, paper(svg ? svg.parentElement : element));
    if (at < 4.5) wrong.push([element.outerHTML.slice(0, 120), at.toFixed(2)]);
  }
  const probe = host.appendChild(document.createElement('i')); probe.style.color = grid;
  const pale = getComputedStyle(probe).color; probe.remove();
  for (const mark of host.querySelectorAll('svg :is(path, circle, rect, polygon)')) {
    const style = getComputedStyle(mark);
    for (const [what, opacity] of [['stroke', style.strokeOpacity], ['fill', style.fillOpacity]]) {
      const colour = style[what];
      if (!seen(mark) || colour === 'none' || opacity < 1 || colour === pale || colour === 'rgba(0, 0, 0, 0)') continue;
      if (what === 'stroke' && mark.classList.contains('dot')) continue; // the rim of a dot is the paper
      if (what === 'fill' && mark.tagName === 'path' && !mark.hasAttribute('fill')) continue; // a line
      const at = ratio(rgb(colour), paper(host));
      if (at < 3) wrong.push([mark.outerHTML.slice(0, 120), what, at.toFixed(2)]);
    }
  }
  return wrong;
}"""
# What reaches beyond the page or its drawing is cut.
CUT = """() => {
  const wrong = document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [];
  for (const svg of document.querySelectorAll('.jupyter-widgets svg')) {
    const box = svg.getBoundingClientRect();
    for (const mark of svg.querySelectorAll('text, path, circle, rect')) {
      const at = mark.getBoundingClientRect();
      if (!at.width && !at.height || mark.getAttribute('fill') === 'transparent') continue;
      if (at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1)
        wrong.push(mark.outerHTML.slice(0, 140));
    }
  }
  return wrong;
}"""
MOVING = """() => [...document.querySelectorAll('.jupyter-widgets *')].filter((element) => {
  const style = getComputedStyle(element);
  return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none';
}).length"""


@every_kind
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_its_paper(shown, kind, scheme):
    page = shown(kind, scheme=scheme)
    commit(page, kind)
    assert page.evaluate(CONTRAST) == []
    dark = page.evaluate("getComputedStyle(document.querySelector('.jupyter-widgets')).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")


@every_kind
@pytest.mark.parametrize("width", [360, 500, 1400])
def test_nothing_is_cut_at_any_width(shown, kind, width):
    """360 px are also a window of 720 px at a zoom of 200 %."""
    page = shown(kind, width=width, reduced_motion="reduce")
    assert page.evaluate(CUT) == []
    commit(page, kind)
    assert page.evaluate(CUT) == []
    assert page.evaluate(MOVING) == 0


@every_kind
def test_every_control_has_a_name_and_takes_the_focus(shown, kind):
    page = shown(kind)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [
        node
        for node in tree
        if node.get("role", {}).get("value") in ("slider", "radio", "button", "checkbox", "image", "textbox")
    ]
    assert controls or kind == "calibration"
    for node in controls:
        assert node.get("name", {}).get("value", "").strip(), node
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.closest('.control, .tick, [role=slider], button')?.textContent ?? ''")
        )
    groups = page.evaluate("""[...document.querySelectorAll('.control, .tick, [role=slider], .jupyter-widgets button')]
        .filter((element) => element.checkVisibility()).map((element) => element.textContent)""")
    assert set(groups) <= reached


def commit(page, kind):
    """Bring a widget to its end, where it has one."""
    if kind == "guess":
        page.get_by_role("slider").press("ArrowRight")
        page.get_by_role("button", name="This is my guess").click()
    if kind == "decide":
        page.get_by_role("radio", name="answer faster").check()
        page.get_by_role("radio", name="80 %").check()
        page.get_by_role("button", name="This is my decision").click()
    if kind == "note":
        page.get_by_role("textbox").fill("Keep those who are there.")
        page.get_by_role("button", name="This is my line").click()


# -- Before and after -------------------------------------------------------------------------------------------------


def test_a_guess_has_no_default_and_is_kept(shown):
    page = shown("guess")
    slider, button = page.get_by_role("slider", name="my guess"), page.get_by_role("button", name="This is my guess")
    assert slider.get_attribute("aria-valuetext") == "nothing chosen yet"
    assert page.locator("svg circle").count() == 0
    button.click(force=True)
    assert "Move the slider to your guess first" in page.locator(".reply").inner_text()
    assert "47.2" not in page.locator(".jupyter-widgets").inner_text()
    slider.press("Home")
    slider.press("ArrowRight")
    assert page.locator("svg circle").count() == 1
    button.click()
    assert page.locator(".reply").inner_text() == "You guessed 1 of 100; it is 47.2 of 100: off by 46.2 of 100."
    at = [float(circle.get_attribute("cx")) for circle in page.locator("svg circle").all()]
    assert at[0] < at[1]
    page.reload()
    assert "You guessed 1 of 100" in page.locator(".reply").inner_text()
    entries = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert [(entry["kind"], entry["key"], entry["guess"]) for entry in entries] == [("guess", "99/stay", 1)]


def test_nothing_is_seen_before_the_decision(shown, made):
    page = shown("decide")
    evidence = page.locator(".evidence")
    assert page.get_by_role("radio", checked=True).count() == 0
    assert evidence.inner_text() == ""
    button = page.get_by_role("button", name="This is my decision")
    button.click(force=True)
    assert "Choose first what to do" in page.locator(".reply").inner_text()
    page.get_by_role("radio", name="leave it as it is").check()
    button.click(force=True)
    assert "Say how sure you are" in page.locator(".reply").inner_text()
    assert evidence.inner_text() == ""
    page.get_by_role("radio", name="70 %").check()
    button.click()
    result = made["decide"].evidence
    assert result.good.tolist() == [True, False, False]
    text = evidence.inner_text().replace("−", "-")
    assert "“answer faster” did best" in text
    assert f"In the same firms “answer faster” brought {result.shortfall[2]:,.0f} more." in text
    names = " ".join(page.locator(".evidence .chart > svg text").all_text_contents())
    assert "leave it as it is (your choice)" in names
    entry = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))[0]
    assert (entry["choice"], entry["confidence"], entry["right"]) == ("leave it as it is", 70, False)
    page.reload()
    assert "You chose “leave it as it is”, 70 % sure." in page.locator(".reply").inner_text()
    assert page.get_by_role("radio", checked=True).count() == 2


def test_evidence_can_wait_for_the_last_page(browser, tmp_path):
    """What was chosen at first is shown there, with what each choice did."""
    ask = {"measure": "profit a year", "question": "Where shall the money go?", "outcomes": OUTCOMES}
    first = widgets.decide("99/money", hold=True, **ask).save(tmp_path / "first.html")
    last = widgets.decide("99/money", again=True, **ask).save(tmp_path / "last.html")
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    for path, waits in ((first, True), (last, False)):
        page.goto(f"file://{path}")
        commit(page, "decide")
        assert ("answer faster” did best" not in page.locator(".evidence").text_content()) == waits
        assert ("you will see when the question comes again" in page.locator(".reply").inner_text()) == waits
    assert "At first you chose the same, 80 % sure; now 80 %." in page.locator(".evidence").inner_text()
    context.close()


def cell_below(page):
    """Put the widget into a cell, and another cell below it."""
    page.evaluate("""() => {
      const place = document.querySelector('.crmlab-place');
      const cell = document.createElement('div');
      cell.className = 'crmlab-cell';
      place.replaceWith(cell);
      cell.append(place);
      cell.insertAdjacentHTML('afterend', '<div class="crmlab-cell" id="below">what came of it</div>');
    }""")
    return page.locator("#below")


def test_what_lies_below_waits_for_the_decision(shown):
    page = shown("decide")
    below = cell_below(page)
    assert not below.is_visible()
    page.get_by_role("button", name="Go on without deciding").click()
    assert below.is_visible()
    assert page.locator(".evidence").inner_text() == ""
    commit(page, "decide")
    assert below.is_visible()


def test_what_lies_below_waits_for_the_line(shown):
    """By keyboard alone; Enter sends the line, which stands there when the page is opened again."""
    page = shown("note")
    below, area, reply = cell_below(page), page.get_by_role("textbox"), page.locator(".reply")
    assert not below.is_visible()
    page.get_by_role("button", name="This is my line").click(force=True)
    assert reply.inner_text() == "Write a line first."
    page.get_by_role("button", name="Go on without writing").click()
    assert below.is_visible()
    page.reload()
    below = cell_below(page)
    area.press_sequentially(" Keep  those who are there.")
    assert not below.is_visible()
    area.press("Enter")
    assert below.is_visible()
    page.reload()
    assert page.locator(".now").inner_text() == "Keep those who are there."
    assert not area.is_visible()
    [entry] = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert (entry["kind"], entry["key"], entry["text"]) == ("note", "99/advice", "Keep those who are there.")


def test_what_lies_below_waits_for_the_guess(shown):
    page = shown("guess")
    below = cell_below(page)
    assert not below.is_visible()
    page.get_by_role("button", name="Go on without guessing").click()
    assert below.is_visible()
    assert "47.2" not in page.locator(".jupyter-widgets").inner_text()
    page.reload()
    below = cell_below(page)
    commit(page, "guess")
    assert below.is_visible()
    assert not page.get_by_role("button").filter(visible=True).count()


def test_a_line_comes_back_on_the_same_page_and_can_be_changed(browser, tmp_path):
    """Later in the lesson, to compare; where nothing was written, that is said; and both lines are kept."""
    asks, shows = widgets.note("99/advice", "Advise."), widgets.note("99/advice", "Compare.", again=True)
    (tmp_path / "both.html").write_text(
        plain_page([("note", each.state) for each in (asks, shows)], title="n"), encoding="utf-8"
    )
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / "both.html").as_uri())
    first, later = page.locator(".crmlab-note").nth(0), page.locator(".crmlab-note").nth(1)
    assert "You wrote nothing when this was asked." in later.inner_text()
    first.get_by_role("textbox").fill("Keep those who are there.")
    first.get_by_role("textbox").press("Enter")
    assert later.locator(".earlier").inner_text() == "Keep those who are there."
    later.get_by_role("textbox").fill("Ask who left.")
    later.get_by_role("button", name="This is my line").click()
    page.reload()
    assert first.locator(".now").inner_text() == later.locator(".earlier").inner_text() == "Keep those who are there."
    assert later.locator(".now").inner_text() == "Ask who left."
    kept = json.loads(page.evaluate("localStorage.getItem('crmlab-journal')"))
    assert [(entry["key"], entry["text"]) for entry in kept] == [
        ("99/advice", "Keep those who are there."),
        ("99/advice/again", "Ask who left."),
    ]
    context.close()


def test_calibration_follows_a_decision_on_the_same_page(browser, tmp_path):
    decision = widgets.decide("99/money", "Where shall the money go?", OUTCOMES, measure="profit a year")
    both = [("decide", decision.state), ("calibration", widgets.calibration().state | {"entries": []})]
    (tmp_path / "both.html").write_text(plain_page(both, title="both"), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / "both.html").as_uri())
    title = page.locator(".crmlab-calibration .title")
    assert title.text_content() == "You have not decided anything yet"
    commit(page, "decide")
    assert title.text_content().startswith("In 1 of your 1 decision nothing else did better")
    context.close()


def test_by_touch(shown):
    page = shown("decide", width=390, has_touch=True)
    page.get_by_role("radio", name="answer faster").tap()
    page.get_by_role("radio", name="90 %").tap()
    page.get_by_role("button", name="This is my decision").tap()
    assert "You chose “answer faster”, 90 % sure." in page.locator(".reply").inner_text()
    page = shown("guess", width=390, has_touch=True)
    page.get_by_role("slider").tap()
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "50 of 100"


def test_calibration_counts_the_last_decision_on_each_question(shown):
    page = shown("calibration")
    assert "You have not decided anything yet" in page.locator(".title").inner_text()

    def with_entries(rows):
        entries = [{"kind": "decision", "key": key, "question": key, "choice": "a", "confidence": sure, "right": right}
                   for key, sure, right in rows]  # fmt: skip
        page.evaluate("entries => localStorage.setItem('crmlab-journal', JSON.stringify(entries))", entries)
        page.reload()
        return page.locator(".title").inner_text()

    assert with_entries([("1", 80, False), ("1", 90, True)]) == (
        "In 1 of your 1 decision nothing else did better: too few to say how well you judge yourself"
    )
    rows = [(str(k), 90, k < 3) for k in range(12)]
    assert (
        with_entries(rows)
        == "In 3 of your 12 decisions nothing else did better; you were 90 % sure on average: surer than right"
    )
    assert with_entries([(key, 50, True) for key, *_ in rows]).endswith("more often right than you thought")
    assert with_entries([(str(k), 80, k < 10) for k in range(12)]).endswith("no difference can be told")


# -- The page says what Python says ------------------------------------------------------------------------------------


def test_what_if_is_as_python_says(shown, made, grid):
    """Cause by cause, step by step, at each price: title and readings, word by word."""
    page, widget = shown("what_if"), made["what_if"]
    start = dict(widget.values)
    slider, own = page.get_by_role("slider", name="better by"), page.get_by_role("slider", name="my own price")
    amounts = widget.data["causes"][0]["amounts"]
    rng = np.random.default_rng(1)
    for _ in range(12):
        cause, amount, price = int(rng.integers(5)), int(rng.integers(len(amounts))), int(rng.integers(3))
        mine = round(0.05 * int(rng.integers(1, 60)), 2)
        page.get_by_role("radio", name=widget.data["causes"][cause]["name"]).check()
        for handle, value in ((own, mine), (slider, amount)):
            handle.evaluate("(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value)
        page.get_by_role("radio", name=("the usual cost", "nothing", "my own price")[price]).check()
        widget.values = {"cause": cause, "amount": amount, "price": price, "own": mine}
        said = widget.picture.alt
        title = re.sub(r"([+−]\d+\.\d)0\b", r"\1", page.locator(".title").inner_text())  # +0.50 there, +0.5 here
        assert re.sub(r"([+−]\d+)\.00?(?=,)", r"\1", title) == said.split(". ")[0], widget.values
        for label in page.locator(".measure").all_inner_texts():
            assert label in said, widget.values
    widget.values = start


@pytest.mark.parametrize(
    "chart",
    [came_back(12), gaps(3), bars(upright=True), bars(upright=False), reasons()],
    ids=["lines", "intervals", "upright", "lying", "long names"],
)
@pytest.mark.parametrize("width", [320, 700])
def test_a_chart_is_drawn_alike_in_the_page_and_at_rest(shown, browser, tmp_path, chart, width):
    path = widgets.frames(lambda _one: chart, _one=[1]).save(tmp_path / "chart.html")
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    page.goto(f"file://{path}")
    page.locator(".chart").evaluate("(element, width) => { element.style.width = `${width}px`; }", width)
    page.wait_for_function("width => document.querySelector('.chart > svg').getAttribute('width') == width", arg=width)
    there = page.locator(".chart > svg").evaluate("svg => svg.outerHTML")
    context.close()
    here = base64.b64decode(re.search('base64,([^"]+)"', svg(chart, width))[1]).decode()
    group = ET.fromstring(here).find(f"{SVG}g[@transform]")
    assert marks(list(ET.fromstring(there).iter())) == marks(list(group.iter()))


def marks(elements):
    """What is drawn, where and in which colour."""
    hues = {colour: name for name, colour in COLOURS.items()}
    result = []
    for element in elements:
        kind = element.tag.removeprefix(SVG)
        if kind not in ("path", "circle", "rect", "text"):
            continue
        numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", " ".join(
            element.get(name, "") for name in ("d", "x", "y", "cx", "cy", "r", "width", "height")))]  # fmt: skip
        colours = [re.sub(r"var\(--(\w+)\)", r"\1", element.get(name, "")) for name in ("fill", "stroke")]
        seen = [hues.get(colour, colour) for colour in colours] if kind != "text" else []
        result.append((kind, [round(number, 0) for number in numbers], seen, element.text if kind == "text" else ""))
    return result


def test_no_word_of_a_narrow_picture_is_cut(browser, grid):
    """What a telephone shows of pictures that stand still, drawn into a page letter by letter."""
    words = {
        "title": "Of 2,269 people who begin at the first stage, 679 become customers",
        "x": "people who came this far, all told",
    }
    stages = pd.Series({"understanding needs": 1_234, "overcoming objections": 300, "won": 9})
    rows = pd.DataFrame({"label": list(stages.index), "middle": [1, 2, 3], "low": [0, 1, 2], "high": [2, 3, 4]})
    pictures = [widgets.picture(ax, **words, y="many", alt="Words.") for ax in (
        _draw.bars(stages, **words, y="many"), _draw.interval_plot(rows, **words))]  # fmt: skip
    pictures += [came_back(12), gaps(100), reasons(), bars(upright=True), bars(upright=False)]
    pictures.append(bars(upright=False).rule(x=50, name="worth, mean of twelve shops, with its 95 % interval"))
    pictures += [widgets.change(grid, cause, 1.5) for cause in ("reliability", "tangibles")]
    drawn = [re.search('crmlab-narrow" hidden [^>]*base64,([^"]+)"', each._repr_html_())[1] for each in pictures]
    page = browser.new_page(viewport={"width": 400, "height": 900})
    for picture in drawn:
        text = base64.b64decode(picture).decode()
        page.set_content(text[text.index("<svg") :])
        cut = page.evaluate("""() => { const box = document.querySelector('svg').getBoundingClientRect();
            return [...document.querySelectorAll('text')].filter((text) => { const at = text.getBoundingClientRect();
                return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1;
            }).map((text) => text.textContent); }""")  # fmt: skip
        assert cut == []
    page.close()


@pytest.mark.parametrize("width", [360, 1000])
def test_a_guess_is_made_below_its_axis(shown, width):
    """Nothing chosen: the line says where to click, and no thumb stands on it. Then thumb and dot stand below each other."""
    page = shown("guess", width=width)
    hint = page.get_by_text("click on this line")
    expect(hint).to_be_visible()
    assert hint.evaluate("hint => hint.scrollWidth <= hint.clientWidth")
    slider = page.get_by_role("slider")
    slider.press("End")
    expect(hint).to_be_hidden()
    for key, share in (("End", 1), ("Home", 0)):
        slider.press(key)
        track, dot = slider.bounding_box(), page.locator(".chart > svg circle").bounding_box()
        assert abs(track["x"] + 8 + share * (track["width"] - 16) - dot["x"] - dot["width"] / 2) < 1.5


# Words that stand on two lines.
BROKEN = """() => { const broken = [], range = document.createRange();
  for (const cell of document.querySelectorAll('td')) for (const node of cell.childNodes) {
    if (node.nodeType !== 3) continue;
    for (const { index, 0: word } of node.data.matchAll(/\\S+/g)) {
      range.setStart(node, index); range.setEnd(node, index + word.length);
      if (range.getClientRects().length > 1) broken.push(word);
    }
  } return broken; }"""


def test_on_a_telephone_calibration_breaks_no_word(shown):
    page = shown("calibration", width=360)
    entry = {"kind": "decision", "key": "1", "question": "Which responsiveness, overcoming internationalisation?",
             "choice": "understand each one", "confidence": 80, "right": False}  # fmt: skip
    page.evaluate("entry => localStorage.setItem('crmlab-journal', JSON.stringify([entry]))", entry)
    page.reload()
    row = page.get_by_role("row")
    assert row.get_by_role("cell").all_inner_texts()[1] == "understand each one, 80 % sure"
    assert page.evaluate(BROKEN) == []
    assert page.evaluate(CUT) == []


def test_the_course_table_of_a_site_follows_a_decision(browser, made, tmp_path):
    """Without a kernel, in the page's own storage: the lesson's count, and the title's; exercises are not counted there."""
    table = lessons.progress()
    key = sorted(lessons.LESSONS[2].keys)[0]
    asked = sum(len(lesson.keys) for lesson in lessons.LESSONS if lesson.minutes is not None)
    output = {"output_type": "display_data", "data": {"text/html": table._repr_html_()}}
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "execution_count": 1, "outputs": [output]}
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    first = site.build(tmp_path / "site", kit=tmp_path)
    context = browser.new_context(viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"file://{first}")
    expect(page.locator("h4")).to_have_text(f"0 of {asked} questions of the lessons are answered")
    row = page.locator("tr", has_text="01 Relationship")
    expect(row).to_contain_text(f"0 of {len(lessons.LESSONS[2].keys)}")
    expect(row).to_contain_text("5 questions, 30 min, extra 4 (in the kit)")
    entry = {"kind": "decision", "key": key, "question": "?"}
    page.evaluate("entry => localStorage.setItem('crmlab-journal', JSON.stringify([entry]))", entry)
    page.evaluate("dispatchEvent(new Event('crmlab-kept'))")
    expect(row).to_contain_text(f"1 of {len(lessons.LESSONS[2].keys)}")
    expect(page.locator("h4")).to_have_text(f"1 of {asked} questions of the lessons are answered")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".crmlab-scroll").evaluate("table => table.scrollWidth <= table.clientWidth"), "a block for each lesson"
    context.close()


def test_what_lies_beyond_an_axis_gets_an_arrow_and_its_number(shown):
    page = shown("gaps")
    middle, half = np.array([-0.3, 0.0, 0.36, 0.0, -0.4]), 2 / np.sqrt(3)
    assert page.locator("svg .beyond").count() == (middle - half < -1).sum() + (middle + half > 1).sum()
    assert "−1.6" in page.locator(".chart > svg").text_content()
    page.get_by_role("radio", name="100", exact=True).check()
    expect(page.locator("svg .beyond")).to_have_count(0)


WIDTHS = """(last) => new Promise((done) => {
  const widths = [];
  document.querySelector('.jupyter-widgets input').click();
  function next() {
    widths.push(Number(document.querySelectorAll('.chart > svg rect')[1].getAttribute('width')));
    if (Math.abs(widths.at(-1) - last) > 0.2) requestAnimationFrame(next); else done(widths);
  }
  next();
})"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_at_a_switch_bars_move_to_where_they_belong(shown, motion):
    """On axes that stay; where the reader wants no motion they are there at once."""
    page = shown("switch", reduced_motion=motion)
    ticks = page.locator(".chart > svg > g:first-of-type").evaluate("group => group.innerHTML")
    bar = page.locator(".chart > svg rect").nth(1)
    before = float(bar.get_attribute("width"))
    widths = page.evaluate(WIDTHS, before * 29 / 34)
    assert page.locator(".title").inner_text() == "The second year brings 29"
    assert sorted(widths, reverse=True) == widths
    assert (len(set(widths)) > 5) == (motion == "no-preference")
    assert page.locator(".chart > svg > g:first-of-type").evaluate("group => group.innerHTML") == ticks


# -- At once -------------------------------------------------------------------------------------------------------

MEASURE = """() => new Promise((done) => {
  const [inputs, radios] = ['range', 'radio'].map((type) => [...document.querySelectorAll(`input[type=${type}]`)]);
  const times = [];
  let k = 0;
  function next() {
    const start = performance.now();
    if (inputs.length) {
      const input = inputs[k % inputs.length];
      input.value = Number(input.min) + (Number(input.max) - Number(input.min)) * ((k * 7) % 11) / 10;
      input.dispatchEvent(new Event('input'));
    } else radios[k % radios.length].click();
    document.querySelector('.jupyter-widgets').getBoundingClientRect();
    const drawn = performance.now() - start;
    requestAnimationFrame(() => setTimeout(() => {
      times.push([drawn, performance.now() - start]);
      if (++k < 60) next(); else done(times);
    }));
  }
  next();
})"""


@pytest.mark.parametrize("kind", ["frames", "gaps", "what_if"])
def test_a_move_is_drawn_in_the_page(shown, kind, capsys):
    """How long it takes is printed; that it takes no more than its own marks is held."""
    page = shown(kind, reduced_motion="reduce")
    count = "document.querySelectorAll('.jupyter-widgets *').length"
    drawn, painted = np.array(page.evaluate(MEASURE)).T
    before = page.evaluate(count)
    page.evaluate(MEASURE)
    with capsys.disabled():
        for what, times in (("drawn", drawn), ("on the screen, which waits for its 60 pictures a second,", painted)):
            print(f"\n{kind}: {what} after {np.median(times):.1f} ms, 95 %: {np.quantile(times, 0.95):.1f} ms", end="")
    assert page.evaluate(count) == before, "the same moves end at the same picture: nothing is left behind"


def test_axes_stay_while_something_moves(shown):
    page = shown("frames")
    ticks = page.locator(".chart > svg > g:first-of-type").evaluate("group => group.innerHTML")
    title = page.locator(".title").inner_text()
    page.get_by_role("slider").press("End")
    assert page.locator(".title").inner_text() != title
    assert page.locator(".chart > svg > g:first-of-type").evaluate("group => group.innerHTML") == ticks


def test_a_page_takes_little_room(folder):
    """Everything that a page needs lies in it; a lesson with many of them must stay light."""
    sizes = {path.stem: path.stat().st_size for path in folder.glob("*.html")}
    assert max(sizes.values()) < 150_000, sizes
