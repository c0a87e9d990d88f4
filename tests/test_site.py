"""The site: every lesson as a page that holds all it shows, and lives where there is neither Python nor a network."""

import json
import re
from pathlib import Path

import pytest

from crmlab import site
from crmlab.errors import DataError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    first = site.build(folder)
    assert Path(first).name == "00_start.html"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_every_lesson_is_there_whole(pages):
    lessons = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert {f"{path.stem}.html" for path in lessons} | {"world.html", "glossary.html"} == set(pages)
    for path in lessons:
        page, cells = pages[f"{path.stem}.html"], json.loads(path.read_text(encoding="utf-8"))["cells"]
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
    assert page.count('class="formula"') == 2
    assert r"<code>\unknown{x}</code>" in page
    assert "<title>Title</title>" in page
    assert page == (site.build(tmp_path / "again", kit=tmp_path), (tmp_path / "again" / "01_x.html").read_text("utf-8"))[1]


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
