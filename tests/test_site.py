"""The site: every lesson as a page that holds all it shows, and lives where there is neither Python nor a network."""

import json
import re
from pathlib import Path

import pytest
from plain_page import opening
from playwright.sync_api import expect

from crmlab import site
from crmlab.errors import DataError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    first = site.build(folder)
    assert Path(first).name == "00_start.html"
    return folder


@pytest.fixture(scope="module")
def pages(built):
    return {path.name: path.read_text(encoding="utf-8") for path in built.iterdir()}


def test_every_lesson_is_there_whole(pages):
    lessons = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert {f"{path.stem}.html" for path in lessons} | {"world.html", "glossary.html"} == set(pages)
    for path in lessons:
        page, cells = pages[f"{path.stem}.html"], json.loads(path.read_text(encoding="utf-8"))["cells"]
        cells = [cell for cell in cells if "lab-only" not in cell["metadata"].get("tags", ())]
        outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        widgets = sum("application/vnd.crmlab.widget+json" in data for data in outputs)
        assert page.count('class="crmlab-place crmlab-page"') == widgets
        assert page.count("<section") == sum(bool("".join(cell["source"]).strip()) for cell in cells)
        headings = re.findall(
            r"^## (.+)$", "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown"), re.M
        )
        assert page.count("<h2") == len(headings)


def test_every_link_leads_somewhere(pages):
    for name, page in pages.items():
        for target in re.findall(r'<a href="([^"]+)"', page):
            if re.match("https?:", target):
                continue
            file, _, anchor = target.partition("#")
            assert file == "" or file in pages, (name, target)
            if anchor:
                assert f'id="{anchor}"' in pages[file or name], (name, target)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page.replace('href="https://', "")), name


def write(folder, *cells):
    place = folder / "notebooks"
    place.mkdir(exist_ok=True)
    (place / "01_x.ipynb").write_text(json.dumps({"cells": list(cells)}), encoding="utf-8")
    return folder


def test_formulas_are_drawn_and_what_cannot_be_drawn_stands(tmp_path):
    drawn = [r"Where $\mu_i \, e^{-L(S_{it})} \le \tfrac{1}{2} \operatorname{logit} \texttt{a\_b}$", r"and $$\frac{a}{b}$$"]
    text = "\n\n".join(["# Title", *drawn, r"and $\unknown{x}$."])
    cell = {"cell_type": "markdown", "source": text, "metadata": {}}
    site.build(tmp_path / "out", kit=write(tmp_path, cell))
    page = (tmp_path / "out" / "01_x.html").read_text(encoding="utf-8")
    assert page.count('class="formula" style="vertical-align:-') == 2, "they stand on the line of the text"
    assert r"<code>\unknown{x}</code>" in page
    assert "<title>Title</title>" in page
    assert page == (site.build(tmp_path / "again", kit=tmp_path), (tmp_path / "again" / "01_x.html").read_text("utf-8"))[1]


def test_what_says_something_of_jupyterlab_stays_there(tmp_path):
    words = {"cell_type": "markdown", "source": "# Title\n\nWords.", "metadata": {"tags": ["other"]}}
    only = {"tags": ["nbval-ignore-output", "lab-only"]}
    typed = {"cell_type": "markdown", "source": "Press Shift + Enter.", "metadata": only}
    code = {"cell_type": "code", "source": "check()", "metadata": only, "outputs": [], "execution_count": None}
    site.build(tmp_path / "out", kit=write(tmp_path, words, typed, code))
    page = (tmp_path / "out" / "01_x.html").read_text(encoding="utf-8")
    assert page.count("<section") == 1
    assert "Words." in page
    assert "Shift + Enter" not in page
    assert "check()" not in page


def test_every_formula_of_the_firm_is_drawn():
    text = (ROOT / "docs" / "world.md").read_text(encoding="utf-8")
    formulas = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", text, re.DOTALL)
    assert len(formulas) > 200
    assert [block or inline for block, inline in formulas if "<code>" in site._formula(block or inline)] == []


def test_what_cannot_be_built_is_refused(tmp_path):
    with pytest.raises(DataError, match="no lessons in"):
        site.build(tmp_path / "out", kit=tmp_path)
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [], "execution_count": None}
    with pytest.raises(DataError, match="was not run from top to bottom"):
        site.build(tmp_path / "out", kit=write(tmp_path, cell))


# -- A lesson lives in its page: 08, where whoever reads it must move the switch and the laboratory ------------------------


@pytest.fixture(scope="module")
def loyalty(browser, built):
    """Lesson 08 in a plain browser, at its end: the reader has gone on without an answer of their own."""
    with opening(browser, built / "08_loyalty.html", ".crmlab-decide", 900) as open_page:
        page = open_page(reduced_motion="reduce")
        further = page.get_by_role("button", name=re.compile("^Go on without ")).filter(visible=True)
        for name in ("deciding", "guessing", "writing", "deciding", "deciding"):
            assert further.inner_text() == f"Go on without {name}", "one thing is asked at a time"
            further.click()
        yield page


def test_following_the_same_people_moves_the_marks_and_the_title(loyalty):
    switch = loyalty.get_by_role("checkbox", name="follow the same people")
    widget = loyalty.locator(".crmlab-frames", has=switch)
    title = widget.locator(".title")

    def widths():
        return [float(bar.get_attribute("width")) for bar in widget.locator(".chart > svg rect").all()]

    of_those_there, first = widths(), title.inner_text()
    assert first.startswith("Those who bought in the year: ")
    switch.check()
    expect(title).to_contain_text("The same people: no growth to be seen")
    of_the_same = widths()
    assert of_the_same[1] == of_those_there[1], "the second year is that of the same people in both"
    assert of_those_there[0] < of_those_there[1] < of_the_same[0]
    switch.uncheck()
    expect(title).to_have_text(first)
    assert widths() == of_those_there


def test_the_laboratory_makes_the_claim_true(loyalty):
    laboratory = loyalty.locator(".crmlab-laboratory")
    title, task = laboratory.locator(".title"), laboratory.locator(".task")
    assert task.inner_text().startswith("Make it true to the full")
    laboratory.get_by_role("radio", name="the firm").check()
    retention = laboratory.get_by_role("slider", name="retention")
    for _ in range(18):
        retention.press("ArrowRight")
    expect(title).to_have_text(re.compile("the firm earns 93.6 % more. Claimed: 25 to 95 %, true here"))
    expect(task).to_contain_text("You made it true to the full: +93.6 %")
    laboratory.get_by_role("radio", name="one per cent less cost").check()
    expect(task).not_to_be_visible()
    expect(title).to_have_text(re.compile("^Cost from 80 to"))
