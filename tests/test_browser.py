"""The lessons as a reader has them: in JupyterLab, in a real browser.

What is proved here: every lesson runs from top to bottom and shows no error, every picture has words for those who do not
see it, every widget is there, a slider moves its picture by key and by mouse, and nothing at all is asked of the network,
neither by JupyterLab, nor by the kernel, nor by the page. What is not: whether the numbers are right (nbval compares them)
and how it looks in other browsers. How a browser is driven stands in ``browser.py``.

Set CRMLAB_SCREENSHOTS to a folder to keep pictures of every lesson, CRM_CHROMIUM to choose the browser.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import browser
import pytest
from playwright.sync_api import TimeoutError as OutOfPatience
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("notebooks/[0-9]*.ipynb"))
TOOLBOX = "notebooks/00_toolbox.ipynb"
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


@pytest.fixture
def photos(tmp_path):
    folder = Path(os.environ.get("CRMLAB_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def assert_no(complaints):
    assert not complaints, "\n".join(complaints)


# -- Every lesson -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_runs_and_shows_everything_and_asks_nothing(open_lesson, photos, path):
    with open_lesson(path) as lesson:
        try:
            lesson.run_all()
        finally:  # a lesson that got stuck is worth a look, too
            lesson.photograph(photos, Path(path).stem)
        assert_no(lesson.complaints())


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
    assert any(complaint.startswith(what) for complaint in noticed)


# -- Sliders ------------------------------------------------------------------------------------------------------


def test_a_slider_redraws_its_picture(open_lesson, photos):
    with open_lesson(TOOLBOX) as lesson:
        lesson.run_all()
        slider = Slider(lesson.page)
        slider.handle.focus()
        keys = [slider.redraws(lambda: slider.handle.press("ArrowRight")) for _ in range(5)]
        lesson.page.screenshot(path=photos / "slider-by-key.png")
        drag = slider.redraws(slider.drag_far)
        lesson.page.screenshot(path=photos / "slider-by-mouse.png")
        assert_no(lesson.complaints())
    print("\nmilliseconds to a new picture: key", *(f"{1000 * seconds:.0f}" for seconds in keys), f"drag {1000 * drag:.0f}")


class Slider:
    """The first slider on a page that has a picture below it."""

    def __init__(self, page):
        widget = page.locator(browser.OUTPUT, has=page.locator(".widget-slider")).filter(has=page.locator("img")).first
        self.page = page
        self.handle = widget.locator(".noUi-handle").first
        self.track = widget.locator(".noUi-target").first
        self.number = widget.locator(".widget-readout").first
        self.widget = widget.element_handle()
        self.handle.scroll_into_view_if_needed()

    def redraws(self, move):
        """Seconds from a move to another picture; another number at the slider must follow."""
        picture, number = self.picture(), self.number.inner_text()
        begin = time.perf_counter()
        move()
        with suppress(OutOfPatience):  # this looks at every frame, where `expect` looks once a second
            another = "([widget, picture]) => widget.querySelector('img').src !== picture"
            self.page.wait_for_function(another, arg=[self.widget, picture], timeout=SOON)
        seconds = time.perf_counter() - begin
        assert self.picture() != picture, "the slider was moved, but its picture is still the same"
        expect(self.number).not_to_have_text(number, timeout=SOON)
        return seconds

    def picture(self):
        return self.widget.query_selector("img").get_attribute("src")

    def drag_far(self):
        handle, track = self.handle.bounding_box(), self.track.bounding_box()
        height = handle["y"] + handle["height"] / 2
        self.page.mouse.move(handle["x"] + handle["width"] / 2, height)
        self.page.mouse.down()
        self.page.mouse.move(track["x"] + 0.8 * track["width"], height, steps=6)
        self.page.mouse.up()
