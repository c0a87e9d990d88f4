"""Pages of a course in a real browser: what students read, and the page on which a person marks.

Proved: nothing is cut off, hidden or run; a text is marked by the keyboard alone, each mark is kept or said not to be. Set
CRMLAB_SCREENSHOTS to a folder to keep pictures of both pages.
"""

import threading
from dataclasses import replace

import browser
import pytest
from pages import ESSAY, HOSTILE, OTHERS, MarkingPage, all_states, essays, page_of, shown
from playwright.sync_api import expect

from crmlab.course.feedback_page import Section
from crmlab.course.rubric import Essay


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    path = browser.find_chromium() or pytest.skip(
        "no Chromium found: install one (Debian: sudo apt install chromium) or name it in CRM_CHROMIUM"
    )
    with browser.browse(path, tmp_path_factory.mktemp("chromium")) as context:
        context.set_default_timeout(20_000)
        yield context


@pytest.fixture
def tab(chromium):
    """A page of the browser; whatever a script of it complains about, or says in a dialog, is an error."""
    page, wrong = chromium.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(f"{said.text} {said.location}") if said.type == "error" else None)
    yield page
    page.close()
    assert [each for each in wrong if "favicon" not in each] == []


@pytest.fixture(scope="module")
def photos():
    return browser.Photos()


@pytest.mark.parametrize("width", [1280, 360])
def test_feedback_in_a_browser(tab, tmp_path, photos, width):
    notes = ["Your notebook stopped in cell 5: ZeroDivisionError: division by zero. The answers before it are marked."]
    lines = [*all_states(), *(Section(ESSAY, "And this?", words, "marked", 1, (1, 0, 0), words) for words in HOSTILE)]
    (tmp_path / "feedback.html").write_text(page_of(*lines, late=True, notes=notes), encoding="utf-8")
    tab.set_viewport_size({"width": width, "height": 900})
    tab.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    tab.goto((tmp_path / "feedback.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
    assert tab.locator("script, img, textarea").count() == 0
    # what is in the page is also seen
    assert tab.evaluate("[...document.querySelectorAll('body *')].filter(it => !it.checkVisibility()).length") == 0
    seen = tab.locator("section .text").all_inner_texts()
    assert {shown(words) for words in HOSTILE} <= set(seen)
    (tmp_path / "short.html").write_text(page_of(*all_states(), late=True, notes=notes), encoding="utf-8")
    tab.goto((tmp_path / "short.html").as_uri())
    photos.take(tab, f"feedback-{width}", full_page=True)
    if photos.folder and width > 1000:
        tab.pdf(path=photos.folder / "feedback.pdf", format="A4")


def test_an_essay_is_marked_by_keyboard_only(tab, photos):
    desk = MarkingPage([replace(each, asked=f"## Memo (6 points)\n\n{each.asked}") for each in essays(3, others=OTHERS)])
    tab.goto(desk.url)
    expect(tab.get_by_role("status").first).to_have_text("0 of 3 marked")
    photos.take(tab, "marking-before", full_page=True)
    first, press = tab.get_by_role("article").first, tab.keyboard.press
    state = first.locator("output")
    expect(state).to_have_text("not marked yet")
    press("Tab")  # the link to the next text
    expect(tab.get_by_role("link", name="Next to mark")).to_be_focused()
    press("Enter")
    press("Tab")  # the student's other answers
    cell = first.get_by_role("cell", name="41 (orders)")
    expect(cell).to_be_hidden()
    press("Enter")
    expect(cell).to_be_visible()
    photos.take(tab, "marking-others")
    press("Tab")
    press("ArrowRight")
    expect(state).to_have_text("not saved yet: 2 more lines to mark")
    expect(first.get_by_role("group", name="evidence").get_by_role("radio", name="1", exact=True)).to_be_checked()
    press("Tab")
    press("ArrowRight")
    press("ArrowRight")
    assert desk.saved == []
    press("Tab")
    press("Space")
    expect(state).to_have_text("saved: 4 of 6 points")
    expect(tab.locator("#progress")).to_have_text("1 of 3 marked")
    assert desk.saved[-1][2:] == ((1.0, 3.0, 0.0), "")
    press("Tab")
    tab.keyboard.type("Which number\nsays so? 很好")
    expect(state).to_have_text("not saved yet")
    press("Tab")
    expect(state).to_have_text("saved: 4 of 6 points")
    assert desk.saved[-1][2:] == ((1.0, 3.0, 0.0), "Which number\nsays so? 很好")
    assert tab.get_by_role("link", name="Next to mark").get_attribute("href") == "#text-2"
    photos.take(tab, "marking-after", full_page=True)
    tab.reload()
    expect(tab.locator("#progress")).to_have_text("1 of 3 marked")
    expect(first.get_by_role("textbox")).to_have_value("Which number\nsays so? 很好")
    tab.get_by_role("button", name="Done").focus()
    press("Enter")
    expect(tab.get_by_role("main")).to_have_text("1 of 3 texts are marked. You can close this page.")
    desk.thread.join(5)
    assert not desk.thread.is_alive()


def test_what_changes_while_a_mark_is_being_saved_is_saved_after_it(tab):
    go_on = threading.Event()

    class Slow(MarkingPage):
        def save(self, *mark):
            assert go_on.wait(20)
            self.saved.append(mark)

    desk = Slow(essays(1))
    tab.goto(desk.url)
    groups = tab.get_by_role("group")
    for k in range(3):
        groups.nth(k).get_by_role("radio").first.check()
    expect(tab.locator("output")).to_have_text("saving ...")
    for k in (1, 2, 0, 1):
        groups.nth(1).get_by_role("radio").nth(k).check()
    tab.get_by_role("textbox").fill("The last word.")
    tab.get_by_role("button", name="Done").click()
    go_on.set()
    expect(tab.get_by_role("main")).to_have_text("1 of 1 texts are marked. You can close this page.")
    assert [mark[2:] for mark in desk.saved] == [((0.0, 0.0, 0.0), ""), ((0.0, 1.5, 0.0), "The last word.")]


def test_the_page_tells_what_was_not_saved(chromium, photos):
    tab, desk = (
        chromium.new_page(),
        MarkingPage([*essays(2), Essay("late", ESSAY, "", "Longer.", (2, 3, 1), "Old.", changed=True)]),
    )
    desk.fail = OSError("the disk is full")
    tab.goto(desk.url)
    number = tab.locator("article", has=tab.locator(".changed")).get_attribute("id")
    changed = tab.locator(f"#{number}")
    expect(changed.get_by_role("button", name="Save")).to_be_visible()
    expect(changed.locator("output")).to_have_text("not saved: look at the points again")
    changed.get_by_role("button", name="Save").click()
    expect(changed.locator("output")).to_have_text("not saved: the disk is full")
    photos.take(tab, "marking-failed", full_page=True)
    expect(tab.locator("#progress")).to_have_text("0 of 3 marked")
    desk.fail = None
    changed.get_by_role("button", name="Save").click()
    expect(changed.locator("output")).to_have_text("saved: 6 of 6 points")
    expect(tab.locator(".changed")).to_have_count(0)
    expect(tab.locator("#progress")).to_have_text("1 of 3 marked")
    desk.done()
    desk.thread.join(5)
    tab.get_by_role("article").last.get_by_role("textbox").fill("Too late.")
    for group in tab.get_by_role("article").last.get_by_role("group").all():
        group.get_by_role("radio").last.check()
    expect(tab.get_by_role("article").last.locator("output")).to_contain_text("not saved: nobody answers")
    tab.close()


def test_the_marking_page_on_a_phone(tab, photos):
    desk = MarkingPage(
        [*essays(2), *(Essay(f"x{k}", ESSAY, "", words, None, others=((words, words),)) for k, words in enumerate(HOSTILE))]
    )
    tab.set_viewport_size({"width": 360, "height": 800})
    tab.goto(desk.url)
    for summary in tab.locator("summary").all():
        summary.click()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    photos.take(tab, "marking-phone")
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.goto(desk.url + "#text-4")
    photos.take(tab, "marking-hostile")
    desk.done()
