"""The lessons as a reader has them: in JupyterLab, in a real browser.

What is proved here: every lesson runs from top to bottom and shows no error, every picture has words for those who do not
see it, every widget is there, a slider moves its picture by key and by mouse, and nothing at all is asked of the network,
neither by JupyterLab, nor by the kernel, nor by the page. What is not: whether the numbers are right (nbval compares them)
and how it looks in other browsers. How a browser is driven stands in ``browser.py``.

Set CRMLAB_SCREENSHOTS to a folder to keep pictures of every lesson, CRM_CHROMIUM to choose the browser.
"""

import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path

import browser
import pytest
from playwright.sync_api import TimeoutError as OutOfPatience
from playwright.sync_api import expect

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
    """Opens a lesson in a tab; one server and one browser for all."""
    home = tmp_path_factory.mktemp("home")
    with browser.serve(folder, home, room.way) as server, browser.browse(chromium, home, room.way) as context:
        yield lambda path: browser.opened(context, server, path, room)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = Path(os.environ.get("CRMLAB_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, open_lesson, photos):
    """Each lesson in turn, run from top to bottom; all tests of a lesson share its tab."""
    with open_lesson(request.param) as lesson:
        try:
            lesson.run_all()
        finally:  # a lesson that got stuck is worth a look, too
            lesson.photograph(photos)
        yield lesson


# -- Every lesson -------------------------------------------------------------------------------------------------


def test_a_lesson_shows_everything_and_asks_nothing(lesson):
    complaints = lesson.complaints()
    assert not complaints, "\n".join(complaints)


def test_the_what_if_widget_follows_the_keyboard(lesson, photos):
    if lesson.name != "01_relationship":
        return
    widget = lesson.page.locator(browser.OUTPUT, has_text="better by").filter(has=lesson.page.locator("img")).first
    picture = widget.locator("img").first
    assert picture.get_attribute("alt").startswith("Reliability +0.5, at 0.45 a customer and month: ")
    cause, amount, cost = widget.locator(".noUi-handle").all()
    cause.press("ArrowRight")
    expect(picture).to_have_attribute("alt", re.compile(r"^Assurance \+0\.5"), timeout=SOON)
    amount.press("ArrowRight")
    expect(picture).to_have_attribute("alt", re.compile(r"^Assurance \+0\.75"), timeout=SOON)
    cost.press("ArrowRight")
    expect(picture).to_have_attribute("alt", re.compile(r"at 0\.50 a customer"), timeout=SOON)
    for _ in range(10):
        cost.press("ArrowLeft")
    expect(picture).to_have_attribute("alt", re.compile(r"free: more customers stay, profit rises"), timeout=SOON)
    lesson.page.screenshot(path=photos / "01_relationship-what-if.png")


def test_a_slider_redraws_its_picture(lesson, photos):
    slider = Slider(lesson.page)
    if not slider.is_there():
        assert lesson.name != "00_toolbox", "the toolbox has lost its slider"
        return
    slider.handle.focus()
    keys = [slider.redraws(slider.press) for _ in range(3)]
    lesson.page.screenshot(path=photos / f"{lesson.name}-by-key.png")
    drag = slider.redraws(slider.drag)
    lesson.come_to_rest()
    lesson.page.screenshot(path=photos / f"{lesson.name}-by-mouse.png")
    print(f"\n{lesson.name}: new picture after", *(f"{1000 * seconds:.0f}" for seconds in [*keys, drag]), "ms (last: by mouse)")
    assert not lesson.complaints()


class Slider:
    """The first slider of a lesson that has a picture below it."""

    def __init__(self, page):
        self.page = page
        self.widget = page.locator(browser.OUTPUT, has=page.locator(".widget-slider")).filter(has=page.locator("img")).first
        self.handle = self.widget.locator(".noUi-handle").first
        self.track = self.widget.locator(".noUi-target").first
        self.number = self.widget.locator(".widget-readout").first

    def is_there(self):
        return self.widget.count() > 0

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


# -- The tests would notice ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def noticed(open_lesson, folder):
    """What is said of a lesson in which everything is wrong."""
    # An error ends a notebook, unless its cell is said to be one that raises.
    cell = {"cell_type": "code", "execution_count": None, "metadata": {"tags": ["raises-exception"]}, "outputs": []}
    cells = [cell | {"source": source, "id": f"cell-{k}"} for k, source in enumerate([BEFORE, *WRONG.values()])]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "wrong.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
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
