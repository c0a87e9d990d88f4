"""The lessons as a reader has them: in JupyterLab, in a real browser.

What is proved here: every lesson runs from top to bottom and shows no error, every picture has words for those who do not
see it, every widget is there, a slider moves its picture by key and by mouse, the radar and the silent customer follow key,
mouse and finger at once and say what Python would, an exercise is answered without code by keyboard alone and saved, and
nothing at all is asked of the network, neither by JupyterLab, nor by the kernel, nor by the page. What is not: whether the
numbers of a lesson are right (nbval compares them) and how it looks in other browsers. How a browser is driven stands in
``browser.py``.

Set CRMLAB_SCREENSHOTS to a folder to keep pictures of every lesson, CRM_CHROMIUM to choose the browser.
"""

import json
import re
import shutil
import statistics
import time
from contextlib import suppress
from pathlib import Path

import browser
import pandas as pd
import pytest
from playwright.sync_api import TimeoutError as OutOfPatience
from playwright.sync_api import expect

from crmlab import btyd, datasets, lessons, tables, widgets
from crmlab._lab import copies
from crmlab._lab.places import Kit
from crmlab.course.runner import boxed_answers
from crmlab.widgets.live import MIME_TYPE

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(
    path.relative_to(ROOT).as_posix() for folder in ("notebooks", "exercises") for path in ROOT.glob(f"{folder}/[0-9]*.ipynb")
)
SOON = browser.PATIENCE * 1000 / 3  # milliseconds

# A cell for each thing that must not happen: only so is it known that the tests would notice. The addresses and the names
# are those that nobody has (RFC 5737, 3849, 2606).
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
WRONG = {
    "a cell failed": "1 / 0",
    "a script failed": """Javascript("setTimeout(() => { throw new Error('oops') })")""",
    "a picture has no alt text": f"""HTML('<img src="{PIXEL}">')""",
    "a picture did not load": """HTML('<img alt="broken" src="data:image/gif;base64,none">')""",
    "a widget is not shown": """display({"application/vnd.jupyter.widget-view+json": {"model_id": "gone"}}, raw=True)""",
    "the page asked another host: http://192.0.2.1/": """HTML('<img alt="far away" src="http://192.0.2.1/">')""",
    "the network was asked: 192.0.2.1 port 80": """ask("192.0.2.1")""",
    "the network was asked: 2001:db8::1 port 80": """ask("2001:db8::1")""",
    "the network was asked: DNS for example.invalid": """ask("example.invalid")""",
}
BEFORE = """
import socket
from contextlib import suppress
from IPython.display import HTML, Javascript, display

def ask(host):
    with suppress(OSError):
        socket.create_connection((host, 80), timeout=5)
"""


@pytest.fixture(scope="module")
def chromium():
    return browser.find_chromium() or pytest.skip(
        "no Chromium found: install one (Debian: sudo apt install chromium) or name it in CRM_CHROMIUM"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the lessons, so that those of the project stay as they are."""
    folder = tmp_path_factory.mktemp("lessons")
    browser.copy_lessons(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def room(chromium):
    """Without a network, if there can be such a room; else lessons run here, and nothing is known of what they ask."""
    with browser.room() as room:
        yield room


@pytest.fixture(scope="module")
def open_lesson(chromium, room, folder, tmp_path_factory):
    """Opens a lesson in a tab; one server and one browser for all, and few tabs."""
    home = tmp_path_factory.mktemp("home")
    with browser.serve(folder, home, room.way) as server, browser.browse(chromium, home, room.way) as context:
        yield browser.Tabs(context, server, room).opened


@pytest.fixture(scope="module")
def photos():
    return browser.Photos()


ALWAYS = [path for path in LESSONS if path.startswith("notebooks") or "/01" in path]
BY_DEFAULT = [path if path in ALWAYS else pytest.param(path, marks=pytest.mark.long) for path in LESSONS]


@pytest.fixture(scope="module", params=BY_DEFAULT)
def lesson(request, open_lesson, photos):
    """Each lesson in turn, run from top to bottom; all tests of a lesson share its tab."""
    with open_lesson(request.param) as lesson:
        try:
            lesson.run_all()
        finally:  # a lesson that got stuck is worth a look, too
            lesson.photograph(photos)
        yield lesson


def write(path, sources, **metadata):
    """A notebook of these cells, not run."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": []}
    cells = [cell | {"source": source, "id": f"cell-{k}"} for k, source in enumerate(sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


# -- Every lesson -------------------------------------------------------------------------------------------------


def test_a_lesson_shows_everything_and_asks_nothing(lesson):
    complaints = lesson.complaints()
    assert not complaints, "\n".join(complaints)


def test_after_run_all_a_lesson_is_shown_from_its_top(lesson):
    assert lesson.at_rest == [0, 0]


# What reaches beyond the lesson at the side, pictures for wide pages, headings whose lines touch, and dates on two lines.
CRAMPED_PAGE = """() => {
    const panel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer');
    const seen = (selector) => [...panel.querySelectorAll(selector)].filter((each) => each.checkVisibility());
    const found = panel.scrollWidth > panel.clientWidth ? ['the lesson scrolls sideways'] : [];
    for (const wide of seen('img.crmlab-wide')) found.push(`a wide picture: ${wide.alt}`);
    const end = panel.getBoundingClientRect().right;
    for (const narrow of seen('img.crmlab-narrow')) {
        if (narrow.getBoundingClientRect().right > end) found.push(`a cut picture: ${narrow.alt}`);
    }
    for (const heading of seen('.jp-RenderedHTMLCommon :is(h1, h2, h3, h4)')) {
        const { lineHeight, fontSize } = getComputedStyle(heading);
        if (parseFloat(lineHeight) < 1.2 * parseFloat(fontSize)) found.push(`lines that touch: ${heading.textContent}`);
    }
    for (const cell of seen('.crmlab-scroll td')) {
        const range = document.createRange();
        range.selectNodeContents(cell);
        const isDate = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(cell.textContent);
        if (isDate && range.getClientRects().length > 1) found.push(`a broken date: ${cell.textContent}`);
    }
    return found;
}"""


def test_a_lesson_fits_a_telephone(lesson, photos):
    page = lesson.page
    try:
        page.set_viewport_size({"width": 390, "height": 844})
        expect(page.locator("#jp-left-stack")).to_be_hidden(timeout=SOON)
        expect(page.locator(".jp-SideBar").filter(visible=True)).to_have_count(0, timeout=SOON)
        lesson.come_to_rest()
        assert page.evaluate(CRAMPED_PAGE) == []
        panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer").bounding_box()
        text = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-RenderedMarkdown > p").first.bounding_box()
        assert panel["width"] > 0.95 * 390, "no bar of JupyterLab beside it"
        assert text["width"] > 0.85 * panel["width"], "the width is text"
    finally:
        page.set_viewport_size(browser.WINDOW)
    expect(page.locator(".jp-SideBar").filter(visible=True)).not_to_have_count(0, timeout=SOON)


def test_the_table_of_the_course_follows_without_running(open_lesson, folder, photos):
    """What was decided in other lessons, and answered in exercises, since the cell was run."""
    place = folder / "course" / "notebooks"
    (folder / "course" / "exercises").mkdir(parents=True)
    place.mkdir()
    write(place / "mine.ipynb", ["from crmlab import lessons\nlessons.progress()"])
    key = sorted(lessons.LESSONS[2].keys)[0]
    with open_lesson("course/notebooks/mine.ipynb") as lesson:
        lesson.run_all()
        row = lesson.page.locator(f"{browser.OUTPUT} tr", has_text="01 Relationship")
        before = row.inner_text().split()
        journal = {"version": 1, "entries": [{"kind": "decision", "key": key, "question": "?", "time": "2026-01-01"}]}
        (place / "journal.json").write_text(json.dumps(journal), encoding="utf-8")
        answers = {"assignment": "01_relationship", "answers": {"q1": 1, "q2": 2, "q5": "won"}}
        (folder / "course" / "exercises" / "01_relationship.answers.json").write_text(json.dumps(answers), encoding="utf-8")
        assert "1 of" not in row.inner_text()
        write(place / "other.ipynb", ["1"])
        other = "course/notebooks/other.ipynb"
        lesson.page.evaluate("path => jupyterapp.commands.execute('docmanager:open', {path}).then(() => null)", other)
        expect(row).to_be_hidden(timeout=SOON)
        lesson.page.get_by_role("tab", name="mine.ipynb").click()
        expect(row).to_contain_text(f"1 of {len(lessons.LESSONS[2].keys)}", timeout=SOON)
        expect(row).to_contain_text("2 of 5, 30 min, extra 1 of 4", timeout=SOON)
        assert len(row.inner_text().split()) == len(before)
        title = lesson.page.locator(f"{browser.OUTPUT} h4").first
        expect(title).to_have_text(re.compile(r"^3 of \d+ questions of the course are answered$"))
        photos.take(lesson.page, "course")
        assert not lesson.script_errors


def test_a_reader_tells_a_lesson_from_its_exercise_by_the_tab(open_lesson, folder, photos):
    """The way from the first page, as it is stored and copied, to an exercise: nothing has to be run."""
    kit = Kit(folder / "kit")
    for name in ("notebooks", "exercises"):
        shutil.copytree(ROOT / name, kit.root / name)
    copies.refresh(kit)
    with open_lesson("kit/my/notebooks/00_start.ipynb") as lesson:
        table = lesson.page.locator(f"{browser.OUTPUT} table", has_text="Relationship")
        for link in ("01 Relationship", "0 of 5"):
            lesson.page.get_by_role("tab", name="00_start.ipynb").click()
            table.get_by_role("link", name=link).first.click()
            name = "01_relationship.ipynb" if link[0:2] == "01" else "exercise_01_relationship.ipynb"
            expect(lesson.page.get_by_role("tab", name=name, exact=True)).to_be_visible(timeout=SOON)
        photos.take(lesson.page, "tabs")
        assert not lesson.script_errors


# -- A decision, and a slider of one's own ---------------------------------------------------------------------------

OWN = [
    """import pandas as pd
from crmlab import _draw, widgets
names = ["answer faster"] * 3 + ["paint the shop"] * 3
firms = pd.DataFrame({"action": names, "firm": [1, 2, 3] * 2, "effect": [9, 8, 10, -2, -1, -3]})
widgets.explore(lambda many: _draw.bars(pd.Series({"orders": many}), title=f"{many} orders", x="", y=""), many=(1, 9, 1, 4))""",
    'widgets.decide("99/money", "Where shall the money go?", firms, measure="profit a year")',
    'print("what came of it")',
    "widgets.frames(lambda weeks: f'{weeks} weeks', weeks=(0, 52, 1, 4))",
]


@pytest.fixture(scope="module")
def own(open_lesson, folder):
    write(folder / "own.ipynb", OWN)
    with open_lesson("own.ipynb") as lesson:
        lesson.run_all()
        yield lesson


def test_after_run_all_nothing_below_a_decision_is_shown(own, folder, photos):
    """What was decided, by keyboard alone, is written beside the notebook, and stands there when it runs again."""
    page = own.page
    below = page.locator(browser.OUTPUT, has_text="what came of it")
    decision = page.locator(".crmlab-decide")
    photos.take(page, "decide-open")
    assert not below.is_visible()
    assert not (folder / "journal.json").exists()
    decision.get_by_role("radio", name="paint the shop").press("Space")
    decision.get_by_role("radio", name="60 %").press("Space")
    decision.get_by_role("button", name="This is my decision").press("Enter")
    expect(below).to_be_visible(timeout=SOON)
    expect(decision.locator(".evidence")).to_contain_text("“answer faster” did best")
    photos.take(page, "decide-done")
    assert page.locator(".jp-mod-editMode").count() == 0, "Enter opened a cell's code"
    own.run_all()
    expect(page.locator(".crmlab-decide .reply")).to_have_text("You chose “paint the shop”, 60 % sure.", timeout=SOON)
    entry = json.loads((folder / "journal.json").read_text(encoding="utf-8"))["entries"]
    assert [(one["key"], one["choice"], one["confidence"], one["right"]) for one in entry] == [
        ("99/money", "paint the shop", 60, False)
    ]


def test_a_stored_lesson_lives_before_it_runs_and_makes_room_when_it_does(open_lesson, folder, own):
    """As it was saved by somebody else: the kernel has not run a cell. Then it has, and each widget is there once."""
    own.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    expect(own.page.locator(".jp-mod-dirty")).to_have_count(0, timeout=SOON)
    stored = json.loads((folder / "own.ipynb").read_text(encoding="utf-8"))
    [asked] = [output["data"][MIME_TYPE] for cell in stored["cells"] for output in cell["outputs"]
               if output.get("data", {}).get(MIME_TYPE, {}).get("name") == "decide"]  # fmt: skip
    asked["state"]["commitment"] = {}  # nobody has decided yet
    (folder / "others.ipynb").write_text(json.dumps(stored), encoding="utf-8")
    (folder / "journal.json").unlink(missing_ok=True)
    with open_lesson("others.ipynb") as lesson:
        page, frames = lesson.page, lesson.page.locator(".crmlab-stored .crmlab-frames")
        decision = page.locator(".crmlab-stored .crmlab-decide")
        expect(decision).to_be_visible(timeout=SOON)
        expect(frames).not_to_be_visible()
        decision.get_by_role("radio", name="answer faster").press("Space")
        decision.get_by_role("radio", name="90 %").press("Space")
        decision.get_by_role("button", name="This is my decision").press("Enter")
        expect(decision.locator(".evidence")).to_contain_text("“answer faster” did best", timeout=SOON)
        expect(frames).to_be_visible()
        frames.get_by_role("slider", name="weeks").press("End")
        expect(frames.locator(".said")).to_have_text("52 weeks", timeout=SOON)
        lesson.run_all()
        for kind in ("decide", "frames"):
            expect(page.locator(f".crmlab-{kind}")).to_have_count(1, timeout=SOON)
        assert page.locator(".crmlab-stored > *").count() == 0
        reply = page.locator(".crmlab-decide .reply")
        expect(reply).to_have_text("You chose “answer faster”, 90 % sure.", timeout=SOON)
        kept = json.loads((folder / "journal.json").read_text(encoding="utf-8"))["entries"]
        assert [(entry["key"], entry["confidence"]) for entry in kept] == [("99/money", 90)], "handed to the kernel, once"
        assert not lesson.complaints()


def test_a_line_is_typed_without_the_shortcuts_of_jupyterlab(open_lesson, folder, photos):
    """Letters stay letters, Ctrl+S saves; what was written goes to the journal, and the lesson goes on."""
    (folder / "journal.json").unlink(missing_ok=True)
    ask = 'from crmlab import widgets\nwidgets.note("99/advice", "What would you advise?")'
    write(folder / "line.ipynb", [ask, 'widgets.note("99/advice", "Compare.", again=True)'])
    with open_lesson("line.ipynb") as lesson:
        lesson.run_all()
        page = lesson.page
        asks, shows = page.locator(".crmlab-note").nth(0), page.locator(".crmlab-note").nth(1)
        expect(shows).not_to_be_visible()
        area = asks.get_by_role("textbox")
        area.press_sequentially("dd: Add MX, bb ")  # in JupyterLab d d deletes a cell, Shift+M merges, b makes a new one
        assert page.locator(f"{browser.NOTEBOOK} .jp-Cell").count() == 2
        assert area.input_value() == "dd: Add MX, bb "
        area.press("Control+s")
        expect(page.locator(".jp-mod-dirty")).to_have_count(0, timeout=SOON)
        photos.take(page, "note")
        area.press("Enter")
        expect(shows.locator(".earlier")).to_have_text("dd: Add MX, bb", timeout=SOON)
        kept = json.loads((folder / "journal.json").read_text(encoding="utf-8"))["entries"]
        assert [(entry["kind"], entry["key"], entry["text"]) for entry in kept] == [("note", "99/advice", "dd: Add MX, bb")]
        assert not lesson.complaints()
    (folder / "journal.json").unlink()


def test_a_cell_in_the_middle_runs_those_above_it_first(open_lesson, folder):
    """Readers who only clicked have run nothing when a lesson says: change this number and run it."""
    write(folder / "notebooks" / "middle.ipynb", ["n = globals().get('n', 0) + 1", "n", "print(f'{n} time')"])
    with open_lesson("notebooks/middle.ipynb") as lesson:
        page = lesson.page
        page.locator(browser.IDLE).wait_for()
        for times in (1, 2):
            page.locator(f"{browser.NOTEBOOK} .jp-Cell .cm-content").nth(2).click()
            page.keyboard.press("Shift+Enter")
            expect(page.locator(".jp-CodeCell").nth(2).locator(".jp-InputPrompt")).to_have_text(f"[{2 + times}]:", timeout=SOON)
            expect(page.locator(browser.OUTPUT).last).to_have_text("1 time", timeout=SOON)


def test_frames_follow_the_arrow_keys_in_jupyterlab(own):
    slider = own.page.get_by_role("slider", name="weeks")
    for key, text in (("ArrowRight", "5 weeks"), ("End", "52 weeks"), ("Home", "0 weeks")):
        slider.press(key)
        expect(own.page.locator(".crmlab-frames .said")).to_have_text(text, timeout=SOON)


def test_a_slider_redraws_its_picture(own, photos):
    slider = Slider(own.page)
    slider.handle.focus()
    keys = [slider.redraws(slider.press) for _ in range(3)]
    photos.take(own.page, "explore-by-key")
    drag = slider.redraws(slider.drag)
    own.come_to_rest()
    print("\nexplore: new picture after", *(f"{1000 * seconds:.0f}" for seconds in [*keys, drag]), "ms (last: by mouse)")
    assert not own.complaints()


class Slider:
    """The first slider of a notebook that has a picture below it."""

    def __init__(self, page):
        self.page = page
        self.widget = page.locator(browser.OUTPUT, has=page.locator(".widget-slider")).filter(has=page.locator("img")).first
        self.handle = self.widget.locator(".noUi-handle").first
        self.track = self.widget.locator(".noUi-target").first
        self.number = self.widget.locator(".widget-readout").first

    def redraws(self, move):
        """Seconds from a move to another picture; another number at the slider must follow."""
        picture, number = self.picture(), self.number.inner_text()
        begin = time.perf_counter()
        move()
        with suppress(OutOfPatience):  # this looks at every frame, where `expect` looks once a second
            another = "([widget, picture]) => widget.querySelector('img').src !== picture"
            self.page.wait_for_function(another, arg=[self.widget.element_handle(), picture], timeout=SOON)
        seconds = time.perf_counter() - begin
        redrawn = self.picture() != picture  # said in words: the report of a failure would print both pictures
        assert redrawn, "the slider was moved, but its picture is still the same"
        expect(self.number).not_to_have_text(number, timeout=SOON)
        return seconds

    def picture(self):
        return self.widget.locator("img").first.get_attribute("src")

    def place(self):
        """From 0, the left end, to 1."""
        low, now, high = (float(self.handle.get_attribute(f"aria-value{which}")) for which in ("min", "now", "max"))
        return (now - low) / (high - low)

    def press(self):
        self.handle.press("ArrowRight" if self.place() < 1 else "ArrowLeft")

    def drag(self):
        self.handle.scroll_into_view_if_needed()
        handle, track = self.handle.bounding_box(), self.track.bounding_box()
        height = handle["y"] + handle["height"] / 2
        far = 0.8 if self.place() < 0.5 else 0.2
        self.page.mouse.move(handle["x"] + handle["width"] / 2, height)
        self.page.mouse.down()
        self.page.mouse.move(track["x"] + far * track["width"], height, steps=6)
        self.page.mouse.up()


# -- The radar ----------------------------------------------------------------------------------------------------

LEVELS = {
    "dimension": list(tables.DIMENSIONS),
    "expected": [5.663, 5.521, 5.178, 5.112, 5.447],
    "perceived": [5.35, 5.447, 5.503, 5.109, 5.041],
    "weight": [0.301, 0.164, 0.107, 0.157, 0.271],
}
AT_REST = re.compile("^Weighted over the dimensions, the levels found lie 0.18 points below those expected$")
RADARS = [
    f"import ipywidgets, pandas as pd\nfrom crmlab import datasets, widgets\nlevels = pd.DataFrame({LEVELS})",
    """radar, heard = widgets.radar(levels, datasets.load("what_if")), ipywidgets.Label()
radar.observe(lambda change: setattr(heard, "value", str(radar.values)), "values")
display(heard)
radar""",
    "widgets.radar(levels)",
]
# What the kernel does until a file is there.
WAIT = """() => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code: `
import pathlib, time
for _ in range(3000):
    if pathlib.Path("go-on").exists():
        break
    time.sleep(0.02)`}) }"""
# Milliseconds from a key to the frame that shows another title, one entry for each redraw.
REDRAWS = """title => {
    window.redraws = [];
    let pressed;
    document.addEventListener('keydown', event => { pressed = event.timeStamp }, true);
    new MutationObserver(() => requestAnimationFrame(() => window.redraws.push(performance.now() - pressed)))
        .observe(title, {childList: true});
}"""
FOCUS = "() => [jupyterapp.shell.currentWidget.content.activeCellIndex, document.activeElement.ariaLabel]"
HEARD = "([label, shown]) => label.innerText && JSON.parse(label.innerText).every((one, k) => Math.abs(one - shown[k]) < 0.006)"
# Which words of a radar are cut off, too small, or stand on others.
CRAMPED = """radar => {
    const speaks = node => [...node.childNodes].some(child => child.nodeType === Node.TEXT_NODE && child.data.trim());
    const seen = [...radar.querySelectorAll('p:not(.spoken), div, b, span, button, text')].filter(speaks);
    const page = radar.getBoundingClientRect(), inks = seen.map(node => [node, node.getBoundingClientRect()]), found = [];
    inks.forEach(([one, a], k) => {
        if (a.left < page.left || a.right > page.right) found.push(`cut: ${one.textContent}`);
        if (parseFloat(getComputedStyle(one).fontSize) < 12) found.push(`small: ${one.textContent}`);
        for (const [other, b] of inks.slice(0, k)) {
            const meet = a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
            if (meet && !one.contains(other) && !other.contains(one)) found.push(`${one.textContent} on ${other.textContent}`);
        }
    });
    return found;
}"""


class Radar:
    """A radar on the page: its handles, and what it says."""

    def __init__(self, page, place=0):
        self.host = page.locator(".crmlab-radar").nth(place)
        self.title = self.host.locator(".title")

    def reset(self):
        self.host.get_by_role("button", name="Back to today").click()
        expect(self.title).to_have_text(AT_REST)

    def handle(self, dimension):
        return self.host.get_by_role("slider", name=f"{dimension}, perceived")

    def value(self, dimension):
        return float(self.handle(dimension).get_attribute("aria-valuenow"))

    def says(self):
        """The second and third line of each result; the first is its name."""
        boxes = self.host.locator(".result").all()
        return {box.get_attribute("data-result"): box.locator("b, div").all_inner_texts()[1:] for box in boxes}


def as_python_says(values, grid):
    """What the page must say, from the numbers of Python."""
    forms = {
        "weighted_gap": ("gap", 1, 2, "", ""),
        "gap": ("plain", 1, 2, "", ""),
        "satisfaction": ("satisfaction", 1, 2, "", ""),
        "leaving": ("leaving", 100, 1, " %", " points"),
        "profit": ("profit", 1, 0, "", ""),
    }
    said = {}
    for row in widgets.radar_effect(pd.DataFrame(LEVELS), grid, values).itertuples():
        name, factor, digits, unit, units = forms[row.measure]
        plain, signed = (f"{{:{sign},.{digits}f}}".format for sign in ("", "+"))
        interval = "" if row.low != row.low else f" ({signed(factor * row.low)} to {signed(factor * row.high)})"
        lines = [
            f"{plain(factor * row.now)}{unit} → {plain(factor * row.changed)}{unit}",
            f"{signed(factor * row.difference)}{units}{interval}",
        ]
        said[name] = [line.replace("-", "−") for line in lines]
    return said


@pytest.fixture(scope="module")
def radars(open_lesson, folder):
    """A notebook with two radars: one of the firm, beside a label that tells what Python has heard, and one of gaps."""
    write(folder / "radars.ipynb", RADARS)
    with open_lesson("radars.ipynb") as lesson:
        lesson.run_all()
        yield lesson


@pytest.fixture
def radar(radars):
    """The first radar, at rest."""
    radar = Radar(radars.page)
    radar.reset()
    radars.page.locator(browser.IDLE).wait_for()
    return radar


def test_radars_are_shown_and_ask_nothing(radars, photos):
    photos.take(radars.page, "radar")
    complaints = radars.complaints()
    assert not complaints, "\n".join(complaints)
    stored = radars.page.locator(".crmlab-stored")
    assert stored.count() == 2
    expect(stored.locator("*")).to_have_count(0)  # each has made room


def test_a_radar_follows_each_key_at_once_while_python_is_busy(radars, radar, folder, photos):
    page, heard = radars.page, radars.page.locator(".widget-label")
    before = heard.inner_text()
    radar.handle("Reliability").focus()
    focus = page.evaluate(FOCUS)
    assert focus[1] == "Reliability, perceived"
    radar.title.evaluate(REDRAWS)
    page.evaluate(WAIT)
    keys = {
        1: ("ArrowUp", 5.45), 2: ("ArrowRight", 5.55), 3: ("PageUp", 6.05), 4: ("ArrowDown", 5.95), 5: ("ArrowLeft", 5.85),
        6: ("PageUp", 6.35), 7: ("PageUp", 6.85), 8: ("PageDown", 6.35), 9: ("Home", 5.35), 10: ("PageDown", 4.85),
    }  # fmt: skip
    try:
        for count, (key, value) in keys.items():
            title = radar.title.inner_text()
            page.keyboard.press(key)
            page.wait_for_function("count => window.redraws.length >= count", arg=count, timeout=SOON)
            assert radar.title.inner_text() != title, key
            assert radar.value("Reliability") == value, key
            assert page.evaluate(FOCUS) == focus, f"JupyterLab has heard {key}, too"
        page.keyboard.press("ArrowDown")  # the grid ends here
        assert radar.value("Reliability") == 4.85
        assert heard.inner_text() == before, "Python was to be busy all the while"
    finally:
        (folder / "go-on").touch()
    times = page.evaluate("window.redraws")
    print("\nradar: redrawn after", *(f"{time:.0f}" for time in times), "ms")
    assert len(times) == len(keys), "a key redraws once, and not at all at the end"
    assert statistics.median(times) <= 100
    expect(heard).to_have_text(re.compile(r"^\[4\.85"), timeout=SOON)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS) == [focus[0], "Assurance, perceived"]
    photos.take(page, "radar-by-key")


@pytest.mark.parametrize(
    "keys",
    [
        {"Reliability": ["PageUp"]},
        {"Tangibles": ["PageDown"]},
        {"Empathy": ["ArrowDown"] * 3},
        {"Reliability": ["PageUp"] * 3, "Responsiveness": ["PageUp", "ArrowUp", "ArrowUp"], "Tangibles": ["ArrowDown"] * 4},
        {name.capitalize(): ["PageUp"] * 4 for name in LEVELS["dimension"]},
    ],
    ids=["up", "down", "a little less", "three at once", "to the end"],
)
def test_a_radar_says_what_python_says(radars, radar, keys):
    for dimension, pressed in keys.items():
        for key in pressed:
            radar.handle(dimension).press(key)
    heard = radars.page.locator(".widget-label")
    shown = [radar.value(name.capitalize()) for name in LEVELS["dimension"]]
    radars.page.wait_for_function(HEARD, arg=[heard.element_handle(), shown], timeout=SOON)
    said = as_python_says(json.loads(heard.inner_text()), datasets.load("what_if"))
    assert radar.says() == said
    title = radar.title.inner_text()  # says the same
    leaving, profit = said["leaving"][1], said["profit"][1]
    assert f"{leaving[1:].split()[0]} {'more' if leaving.startswith('−') else 'fewer'} of 100 customers stay" in title
    rises = f"profit {'falls' if profit.startswith('−') else 'rises'} by {profit[1:].split()[0]} a year"
    assert ("−" in profit) == ("+" in profit) or rises in title
    expect(radar.host.get_by_role("status")).to_have_text(re.compile("^" + re.escape(title)), timeout=SOON)


@pytest.mark.parametrize("hand", ["mouse", "finger"])
def test_a_radar_is_pulled(radars, radar, photos, hand):
    page, handle = radars.page, radar.handle("Tangibles")
    handle.scroll_into_view_if_needed()
    box = handle.locator(".dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    path = [(x - 4 * k, y - 5.5 * k) for k in range(1, 6)] + [(x - 5, y - 7)]  # inwards along its axis, and partly back
    if hand == "mouse":
        page.mouse.move(x, y)
        page.mouse.down()
        for place in path:
            page.mouse.move(*place)
        page.mouse.up()
        page.mouse.move(x - 100, y)  # it is no longer held
    else:
        touch = page.context.new_cdp_session(page)
        for what, places in [("Start", [(x, y)]), *(("Move", [place]) for place in path), ("End", [])]:
            points = [{"x": across, "y": down} for across, down in places]
            touch.send("Input.dispatchTouchEvent", {"type": f"touch{what}", "touchPoints": points})
    expect(handle).to_have_attribute("aria-valuenow", re.compile(r"^5\.[12]0$"), timeout=SOON)
    after = handle.locator(".dot").bounding_box()
    assert abs(after["x"] - box["x"] + 5) < 4, "the handle is not below the hand"
    assert abs(after["y"] - box["y"] + 7) < 4, "the handle is not below the hand"
    photos.take(page, f"radar-by-{hand}")
    page.keyboard.press("Home")  # what was pulled has the focus
    expect(radar.title).to_have_text(AT_REST)


def test_radars_do_not_disturb_each_other(radars, radar):
    other = Radar(radars.page, 1)
    radar.handle("Reliability").press("PageUp")
    assert (radar.value("Reliability"), other.value("Reliability")) == (5.85, 5.35)
    other.handle("Assurance").press("ArrowDown")
    expect(other.title).to_have_text("Assurance −0.1: the weighted gap goes from −0.18 to −0.20")
    values = LEVELS["perceived"]
    assert other.says() == as_python_says([values[0], values[1] - 0.1, *values[2:]], None)
    assert radar.value("Assurance") == 5.45
    other.reset()
    assert radar.value("Reliability") == 5.85


@pytest.mark.parametrize("width", [1280, 360])
def test_a_radar_fits_its_page(radars, radar, photos, width):
    page = radars.page
    radar.handle("Responsiveness").press("PageUp")
    theme = "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        page.set_viewport_size({"width": width, "height": 780})
        if width < 700:  # the kit's extension makes room for the lesson
            expect(page.locator("#jp-left-stack")).to_be_hidden(timeout=SOON)
        page.evaluate(theme, "JupyterLab Dark")
        radars.come_to_rest()
        for end in (True, False):
            radar.host.evaluate("(radar, end) => radar.scrollIntoView(end)", end)
            photos.take(page, f"radar-{width}-{'top' if end else 'end'}")
        assert radar.host.evaluate(CRAMPED) == []
        chart, results = (radar.host.locator(part).bounding_box() for part in (".chart", ".results"))
        assert (results["y"] >= chart["y"] + chart["height"]) == (width < 700), "beside the chart, or below it"
        look = "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
        assert radar.host.evaluate(look) == ["rgb(238, 238, 238)", "rgb(27, 27, 31)"], "it follows the theme"
    finally:
        page.evaluate(theme, "JupyterLab Light")
        page.set_viewport_size(browser.WINDOW)


@pytest.fixture(scope="module")
def stored(radars, folder):
    """The notebook with the radars as its reader has saved it."""
    radars.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    return json.loads((folder / "radars.ipynb").read_text(encoding="utf-8"))


@pytest.mark.parametrize("whose", ["mine", "a stranger's"])
def test_a_stored_radar_lives(stored, open_lesson, folder, photos, whose):
    """Opened again without its kernel. JupyterLab trusts what was run here, and shows less of what others have run."""
    added = "" if whose == "mine" else "  # from elsewhere"
    first, *others = stored["cells"]
    cells = [first | {"source": "".join(first["source"]) + added}, *others]
    (folder / "stored.ipynb").write_text(json.dumps(stored | {"cells": cells}), encoding="utf-8")
    with open_lesson("stored.ipynb") as lesson:
        lesson.page.locator(browser.IDLE).wait_for()
        trusted = lesson.page.evaluate("jupyterapp.shell.currentWidget.model.cells.get(2).trusted")
        assert trusted == (whose == "mine")
        radar = Radar(lesson.page, 1)
        expect(radar.title).to_have_text(AT_REST, timeout=SOON)
        lost = lesson.page.get_by_text("model not found").locator("visible=true")
        assert lost.count() <= 1, "only the label beside the first radar, which is not ours, needs a kernel to be seen"
        before = radar.value("Reliability")
        radar.handle("Reliability").press("ArrowUp")
        assert radar.value("Reliability") == pytest.approx(before + 0.1)
        photos.take(lesson.page, f"radar-stored-{whose.split()[0]}")


# -- The silent customer ------------------------------------------------------------------------------------------

CDNOW = """import ipywidgets
from crmlab import btyd, datasets, widgets
summary = btyd.purchase_summary(datasets.load("cdnow"), until="1997-09-30")"""
SILENT = [
    CDNOW,
    """shown, heard = widgets.alive(btyd.fit_bgnbd(summary), btyd.fit_pareto_nbd(summary), weeks=52), ipywidgets.Label()
shown.observe(lambda change: setattr(heard, "value", str(sorted(shown.purchases))), "purchases")
display(heard)
shown""",
    "widgets.alive(btyd.fit_mbgnbd(summary), weeks=52)",
]
START = [4, 9, 14, 20, 26]


@pytest.fixture(scope="module")
def fits():
    summary = btyd.purchase_summary(datasets.load("cdnow"), until="1997-09-30")
    return {fit.name: fit for fit in (btyd.fit_bgnbd(summary), btyd.fit_mbgnbd(summary), btyd.fit_pareto_nbd(summary))}


class Silent:
    """A silent customer on the page: his line of weeks, and what is said of him."""

    def __init__(self, page, place=0):
        self.page = page
        self.host = page.locator(".crmlab-alive").nth(place)
        self.title = self.host.locator(".title")
        self.cursor = self.host.get_by_role("slider", name="Week")

    def reset(self):
        self.host.get_by_role("button", name="Back to the start").click()
        expect(self.host.locator(".story")).to_have_text("Bought 6 times, last in week 26.")

    def go(self, week):
        """The cursor to a week, by key."""
        self.cursor.press("Home")
        for key, times in (("PageUp", (week - 1) // 10), ("ArrowRight", (week - 1) % 10)):
            for _ in range(times):
                self.cursor.press(key)
        expect(self.cursor).to_have_attribute("aria-valuenow", str(week))

    def point(self, week):
        """Where a week lies on the line, on the page."""
        place, weeks = self.host.locator(".place").bounding_box(), 52
        return place["x"] + 6 + (place["width"] - 12) * week / weeks, place["y"] + place["height"] - 16

    def says(self):
        boxes = [box for box in self.host.locator(".result").all() if box.is_visible()]
        return {box.get_attribute("data-result"): box.locator("b, div").all_inner_texts()[1:] for box in boxes}


def as_btyd_says(fits, purchases):
    """What the page must say, from the numbers of Python."""
    said = {}
    for fit in fits:
        row = widgets.alive(fit, purchases=purchases, weeks=52).table.iloc[0]
        ahead = f"× {row.purchases_if_alive:.2f} purchases in 52 weeks if they are = {row.purchases:.2f} to expect"
        said[row.model] = [f"{100 * row.p_alive:.1f} % still there", ahead]
    return said


@pytest.fixture(scope="module")
def silents(open_lesson, folder):
    """A notebook with two of them: one by two models, beside a label that tells what Python has heard, and one by a third."""
    write(folder / "silents.ipynb", SILENT)
    with open_lesson("silents.ipynb") as lesson:
        lesson.run_all()
        yield lesson


@pytest.fixture
def silent(silents):
    """The first of them, at rest."""
    silent = Silent(silents.page)
    silent.reset()
    silents.page.locator(browser.IDLE).wait_for()
    return silent


def test_silent_customers_are_shown_and_ask_nothing(silents, photos):
    photos.take(silents.page, "silent")
    complaints = silents.complaints()
    assert not complaints, "\n".join(complaints)
    stored = silents.page.locator(".crmlab-stored")
    assert stored.count() == 2
    expect(stored.locator("*")).to_have_count(0)  # each has made room


def test_a_silent_customer_follows_each_key_at_once_while_python_is_busy(silents, silent, folder, photos):
    page, heard = silents.page, silents.page.locator(".widget-label")
    before = heard.inner_text()
    silent.go(40)
    focus = page.evaluate(FOCUS)
    assert focus[1] == "Week"
    silent.title.evaluate(REDRAWS)
    page.evaluate(WAIT.replace("go-on", "go-on-silent"))
    steps = [("Enter", 40), (" ", 40), ("Enter", 40)]
    try:
        for count, (key, week) in enumerate(steps, 1):
            title = silent.title.inner_text()
            page.keyboard.press(key)
            page.wait_for_function("count => window.redraws.length >= count", arg=count, timeout=SOON)
            assert silent.title.inner_text() != title, key
            assert silent.cursor.get_attribute("aria-valuetext").startswith(f"week {week}, {('no', 'a')[count % 2]} purchase, ")
            assert page.evaluate(FOCUS) == focus, f"JupyterLab has heard {key}, too"
        assert heard.inner_text() == before, "Python was to be busy all the while"
    finally:
        (folder / "go-on-silent").touch()
    times = page.evaluate("window.redraws")
    print("\nsilent customer: redrawn after", *(f"{time:.0f}" for time in times), "ms")
    assert statistics.median(times) <= 100
    expect(heard).to_have_text(str([*START, 40]), timeout=SOON)
    page.keyboard.press("ArrowRight")
    expect(silent.host.locator(".under")).to_have_text(re.compile("^Week 41, no purchase: still there with"))
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # today is the end
    expect(silent.cursor).to_have_attribute("aria-valuenow", "52")
    photos.take(page, "silent-by-key")


@pytest.mark.parametrize(
    ("toggled", "purchases"),
    [
        ([], START),
        ([45], [*START, 45]),
        ([4, 9, 20], [14, 26]),
        ([52], [*START, 52]),
        ([1, 2, 3, 5], [1, 2, 3, 5, *START]),
    ],
    ids=["rest", "once more", "three less", "today", "a busy month"],
)
def test_a_silent_customer_is_as_btyd_says(silents, silent, fits, toggled, purchases):
    for week in toggled:
        silent.go(week)
        silent.cursor.press("Enter")
    assert silent.says() == as_btyd_says([fits["BG/NBD"], fits["Pareto/NBD"]], purchases)
    now = as_btyd_says([fits["BG/NBD"]], purchases)["BG/NBD"]
    chance = now[0].removesuffix(" still there")
    assert f"a chance of {chance} that they are still there: {now[1].split()[-3]} purchases" in silent.title.inner_text()
    expect(silents.page.locator(".widget-label")).to_have_text(str(sorted(purchases)), timeout=SOON)
    expect(silent.host.get_by_role("status")).to_have_text(silent.title.inner_text(), timeout=SOON)


def test_without_a_purchase_models_disagree(silent, fits):
    silent.host.get_by_role("button", name="No purchase at all").click()
    expect(silent.host.locator(".story")).to_have_text("Bought once, in week 0.")
    said = silent.says()
    assert said == as_btyd_says([fits["BG/NBD"], fits["Pareto/NBD"]], [])
    assert said["BG/NBD"][0] == "100.0 % still there"
    silent.host.get_by_role("checkbox").uncheck()
    assert list(silent.says()) == ["BG/NBD"]
    silent.host.get_by_role("checkbox").check()
    assert silent.says() == said


@pytest.mark.parametrize("fit", ["BG/NBD", "Pareto/NBD"])
def test_each_week_of_a_silent_customer_is_as_btyd_says(silent, fits, fit):
    """Below the chart stands what was known in the week of the cursor."""
    history = widgets.alive(fits[fit], purchases=START, weeks=52).history.set_index("week")[fit]
    place = ["BG/NBD", "Pareto/NBD"].index(fit)
    for week in (1, 4, 8, 9, 27, 50, 52):
        silent.go(week)
        readings = silent.cursor.get_attribute("aria-valuetext").partition("with ")[2].split(" / ")
        assert readings[place] == f"{100 * history[week]:.1f} %", week


@pytest.mark.parametrize("hand", ["mouse", "finger"])
def test_purchases_are_added_pulled_and_taken_away(silents, silent, photos, hand):
    page, heard = silents.page, silents.page.locator(".widget-label")
    silent.host.locator(".place").scroll_into_view_if_needed()
    touch = page.context.new_cdp_session(page)

    def finger(what, *places):
        points = [{"x": x, "y": y} for x, y in places]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{what}", "touchPoints": points})

    def tap(week):
        if hand == "mouse":
            page.mouse.click(*silent.point(week))
        else:
            finger("Start", silent.point(week))
            finger("End")

    def pull(week, to):
        (x, y), (end, _) = silent.point(week), silent.point(to)
        way = [(x + (end - x) * k / 4, y + k) for k in range(1, 5)]
        if hand == "mouse":
            page.mouse.move(x, y)
            page.mouse.down()
            for place in way:
                page.mouse.move(*place)
            page.mouse.up()
            page.mouse.move(x, y)  # it is no longer held
        else:
            finger("Start", (x, y))
            for place in way:
                finger("Move", place)
            finger("End")

    tap(40)
    expect(heard).to_have_text(str([*START, 40]), timeout=SOON)
    expect(silent.cursor).to_be_focused()
    pull(26, 35)
    expect(heard).to_have_text(str([4, 9, 14, 20, 35, 40]), timeout=SOON)
    pull(9, 30)  # past two others
    expect(heard).to_have_text(str([4, 14, 20, 30, 35, 40]), timeout=SOON)
    photos.take(page, f"silent-by-{hand}")
    tap(20)
    expect(heard).to_have_text(str([4, 14, 30, 35, 40]), timeout=SOON)
    page.keyboard.press("Enter")  # and there it is again: the cursor has come along
    expect(heard).to_have_text(str([4, 14, 20, 30, 35, 40]), timeout=SOON)


def test_silent_customers_do_not_disturb_each_other(silents, silent, fits):
    other = Silent(silents.page, 1)
    other.go(30)
    other.cursor.press("Enter")
    assert other.says() == as_btyd_says([fits["MBG/NBD"]], [*START, 30])
    assert silent.says() == as_btyd_says([fits["BG/NBD"], fits["Pareto/NBD"]], START)
    other.reset()


@pytest.mark.parametrize("width", [1280, 360])
def test_a_silent_customer_fits_the_page(silents, silent, photos, width):
    page = silents.page
    theme = "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        page.set_viewport_size({"width": width, "height": 780})
        if width < 700:  # the kit's extension makes room for the lesson
            expect(page.locator("#jp-left-stack")).to_be_hidden(timeout=SOON)
        page.evaluate(theme, "JupyterLab Dark")
        silents.come_to_rest()
        for end in (True, False):
            silent.host.evaluate("(host, end) => host.scrollIntoView(end)", end)
            photos.take(page, f"silent-{width}-{'top' if end else 'end'}")
        assert silent.host.evaluate(CRAMPED) == []
        chart, results = (silent.host.locator(part).bounding_box() for part in (".chart", ".results"))
        assert (results["y"] >= chart["y"] + chart["height"]) == (width < 700), "beside the chart, or below it"
        look = "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
        assert silent.host.evaluate(look) == ["rgb(238, 238, 238)", "rgb(27, 27, 31)"], "it follows the theme"
    finally:
        page.evaluate(theme, "JupyterLab Light")
        page.set_viewport_size(browser.WINDOW)


@pytest.mark.parametrize("whose", ["mine", "a stranger's"])
def test_a_stored_silent_customer_lives(silents, open_lesson, folder, photos, whose):
    """As with the radar: opened again without its kernel, by whoever trusts it and by whoever does not."""
    silents.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    kept = json.loads((folder / "silents.ipynb").read_text(encoding="utf-8"))
    first, *others = kept["cells"]
    added = "" if whose == "mine" else "  # from elsewhere"
    cells = [first | {"source": "".join(first["source"]) + added}, *others]
    (folder / "kept.ipynb").write_text(json.dumps(kept | {"cells": cells}), encoding="utf-8")
    with open_lesson("kept.ipynb") as lesson:
        lesson.page.locator(browser.IDLE).wait_for()
        outputs = lesson.page.locator(f"{browser.NOTEBOOK} .jp-Cell").nth(2).locator(".jp-OutputArea")
        title = outputs.locator(".crmlab-alive .title")
        expect(title).to_have_text(re.compile("^After 26 silent weeks MBG/NBD gives a chance of "), timeout=SOON)
        outputs.get_by_role("button", name="No purchase at all").click()
        expect(title).to_have_text(re.compile("^After 52 silent weeks "), timeout=SOON)
        photos.take(lesson.page, f"silent-stored-{whose.split()[0]}")


# -- The panels of an exercise ------------------------------------------------------------------------------------

EXERCISE = "exercises/01_relationship.ipynb"
# What has no name for those who do not see it, and what stands over the edge of its panel; tables may be scrolled.
NAMELESS = """host => [...host.querySelectorAll('button, input, textarea, [tabindex], [role=group]')]
    .filter(node => !(node.ariaLabel || node.textContent).trim()).map(node => node.outerHTML)"""
CUT = """host => [...host.querySelectorAll('button, input, textarea, summary, p, h4')]
    .filter(node => !node.closest('.wide') && node.getBoundingClientRect().right > host.getBoundingClientRect().right)
    .map(node => node.outerHTML)"""


@pytest.fixture(scope="module")
def panels(open_lesson, folder):
    """Exercise 01, run from top to bottom; each test takes another question."""
    with open_lesson(EXERCISE) as lesson:
        lesson.run_all()
        yield lesson


def test_a_question_is_answered_by_keyboard_alone_and_saved(panels, folder, photos):
    page, panel = panels.page, panels.page.locator(".crmlab-panel").first
    cells = page.locator(f"{browser.NOTEBOOK} .jp-Cell").count()
    read, says = panel.locator(".read"), panel.locator(".says")
    for column, value in (("kind", "new"), ("channel", "online advert")):
        panel.locator("summary", has_text=column).press("Enter")
        panel.get_by_role("button", name=f"{column}: keep {value}").press("Space")
    expect(read).to_have_text(re.compile("^1.735 of 5.409 rows"), timeout=SOON)
    assert read.get_attribute("aria-live") == "polite"
    box = panel.get_by_role("textbox", name="Your answer to q1")
    box.press_sequentially("ddxx")  # in JupyterLab d d deletes a cell, and x cuts one
    box.press("Enter")
    expect(says).to_contain_text("is no number", timeout=SOON)
    assert page.locator(f"{browser.NOTEBOOK} .jp-Cell").count() == cells
    box.fill("1,735")
    box.press("Enter")
    expect(says).to_contain_text("q1: ✓ right", timeout=SOON)
    below = page.locator(f"{browser.NOTEBOOK} .jp-OutputArea-output")
    expect(below.filter(has_text="1 of 5 questions are answered, extra 0 of 4")).to_have_count(1, timeout=SOON)
    outputs = page.locator(f"{browser.NOTEBOOK} .jp-Cell-outputArea")
    assert [outputs.nth(k).inner_text().strip() for k in (2, 3)] == ["", ""], "the panel has said it"
    assert not page.locator(".crmlab-record", has_text="q1").is_visible()
    panel.get_by_role("button", name="Show a worked solution").press("Enter")
    expect(panel).to_contain_text("the number of rows that are kept is the answer", timeout=SOON)
    photos.take(panel, "panel")
    panels.come_to_rest()
    box.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0, timeout=SOON)
    kept = (folder / EXERCISE).read_text(encoding="utf-8")
    assert json.loads(boxed_answers(kept, 200_000)) == {"answers": {"q1": 1735}}
    assert not panels.complaints()


def test_a_choice_can_be_turned_round_and_nothing_moves(panels):
    panel = panels.page.locator(".crmlab-panel").nth(6)  # of question 6, below the memo
    panel.locator("summary", has_text="topic").press("Enter")
    choice = panel.get_by_role("button", name="topic: keep follow-up")
    rest = panel.get_by_role("button", name="topic: keep all but these")
    before = rest.bounding_box()
    expect(rest).to_be_disabled()
    choice.press("Space")
    expect(panel.locator("summary", has_text="topic")).to_have_text("topic: follow-up", timeout=SOON)
    assert rest.bounding_box() == before
    rest.press("Space")
    expect(choice).to_have_attribute("aria-pressed", "false", timeout=SOON)
    expect(panel.locator("summary", has_text="topic")).to_have_text(
        re.compile("^topic: contacting or approaching or .*question$")
    )


def test_code_is_folded_where_a_panel_is_shown(panels):
    shown = panels.page.locator(f"{browser.NOTEBOOK} .jp-CodeCell .jp-InputArea-editor")
    assert [text for text in shown.all_inner_texts() if "q1" in text or "memo" in text] == []
    assert any("exercise.start" in text for text in shown.all_inner_texts())


def test_every_control_has_a_name(panels):
    hosts = panels.page.locator(".crmlab-panel").all()
    assert len(hosts) == 9
    assert [nameless for host in hosts for nameless in host.evaluate(NAMELESS)] == []


@pytest.mark.parametrize("width", [1400, 390])
def test_panels_fit_the_page(panels, photos, width):
    page, panel = panels.page, panels.page.locator(".crmlab-panel").nth(5)  # of question 5
    try:
        page.set_viewport_size({"width": width, "height": 844})
        if width < 700:  # the kit's extension makes room for the lesson
            expect(page.locator("#jp-left-stack")).to_be_hidden(timeout=SOON)
        for name in ("By groups of: stage", "and across: outcome", "each cell holds: % of the line"):
            panel.get_by_role("button", name=name, exact=True).click()
        expect(panel.locator("th").first).to_have_text("stage (% of the line)", timeout=SOON)
        panel.evaluate("host => host.scrollIntoView()")
        photos.take(page, f"panel-{width}")
        bar, seen = panel.locator(".bar").bounding_box(), page.locator(".jp-WindowedPanel-outer").bounding_box()
        assert seen["y"] < bar["y"] < bar["y"] + bar["height"] <= seen["y"] + seen["height"] + 1, "numbers are in sight"
        assert [cut for host in page.locator(".crmlab-panel").all() for cut in host.evaluate(CUT)] == []
    finally:
        page.set_viewport_size(browser.WINDOW)


def test_a_stored_panel_is_its_answer_and_a_line_that_says_what_to_do(panels, open_lesson, folder):
    shutil.copy(folder / EXERCISE, folder / "exercises" / "kept.ipynb")
    with open_lesson("exercises/kept.ipynb") as lesson:
        lesson.page.locator(browser.IDLE).wait_for()
        outputs = lesson.page.locator(f"{browser.NOTEBOOK} .jp-Cell").nth(3).locator(".jp-OutputArea")
        line = "The controls and the answer box of q1. Run this cell (Shift + Enter) to see them."
        kept = "The answer box of q1 holds: 1\u202f735 (prospects)."
        expect(outputs).to_have_text(re.compile(rf"^{re.escape(line)}\s+{re.escape(kept)}$"), use_inner_text=True, timeout=SOON)


# -- The tests would notice ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def noticed(open_lesson, folder):
    """What is said of a lesson in which everything is wrong."""
    # An error ends a notebook, unless its cell is said to be one that raises.
    write(folder / "wrong.ipynb", [BEFORE, *WRONG.values()], tags=["raises-exception"])
    with open_lesson("wrong.ipynb") as lesson:
        lesson.run_all()
        return lesson.complaints()


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_noticed(noticed, room, what):
    if "network" in what and room.why_not:
        pytest.skip(f"nothing is known of what lessons ask of the network: {room.why_not}")
    if "2001:db8::1" in what and not Path("/proc/net/if_inet6").exists():
        return  # this kernel knows no such address, so nobody could ask it
    assert [complaint for complaint in noticed if complaint.startswith(what)], "\n".join(noticed)
