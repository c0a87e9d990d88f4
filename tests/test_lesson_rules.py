"""What every lesson keeps: decisions before evidence, little code to see, few tables, a way on, and plain words."""

import json
import re

import pytest
from lessons import LESSONS

FULL = [path for path in LESSONS if path.stem != "00_start"]  # the first page only says how it works
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
every_full_lesson = pytest.mark.parametrize("lesson", FULL, ids=lambda path: path.stem)


def core(path):
    """The cells before Stretch."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "markdown" and re.search(r"^## Stretch", "".join(cell["source"]), re.MULTILINE):
            return
        yield cell


def code(path):
    return ["".join(cell["source"]) for cell in core(path) if cell["cell_type"] == "code"]


def prose(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


@every_full_lesson
def test_a_lesson_asks_twice_before_the_evidence_and_once_more_at_its_end(lesson):
    sources = [source for source in code(lesson) if "widgets.decide(" in source]
    keys = [re.search(r'decide\(\s*"([^"]+)"', source)[1] for source in sources]
    assert len(set(keys)) >= 2
    assert ["again=True" in source for source in sources] == [False] * (len(keys) - 1) + [True]
    assert keys[-1] == keys[0], "the first question, asked last"
    assert all(key.startswith(lesson.stem.split("_")[0] + "/") for key in keys)
    assert sum("calibration()" in source for source in code(lesson)) == 1


@every_lesson
def test_a_core_lesson_shows_little_code_and_few_tables(lesson):
    cells = [cell for cell in core(lesson) if cell["cell_type"] == "code"]
    seen = [cell for cell in cells if not cell["metadata"].get("jupyter", {}).get("source_hidden")]
    assert sum(bool(line.strip()) for cell in seen for line in "".join(cell["source"]).splitlines()) <= 25
    shown = ["".join(output.get("data", {}).get("text/html", "")) for cell in cells for output in cell["outputs"]]
    assert sum("<table" in output for output in shown) <= 5
    assert not [output for output in shown if "<th>0</th>" in output], "a table shows index numbers"


@every_lesson
def test_tables_are_in_the_style_of_the_house(lesson):
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    shown = {
        cell["id"]: "".join("".join(o.get("data", {}).get("text/html", "")) for o in cell.get("outputs", [])) for cell in cells
    }
    assert [name for name, html in shown.items() if 'class="dataframe"' in html] == []


@every_lesson
def test_a_lesson_needs_no_kernel_to_move(lesson):
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    assert not any("widgets.explore(" in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert "Run this cell" not in "".join(data.get("text/html", "")) + "".join(data.get("text/plain", ""))
            if "application/vnd.crmlab.widget+json" in data:
                assert re.search("<img [^>]*alt=", "".join(data["text/html"])), "a widget at rest is a picture"


@every_full_lesson
def test_a_lesson_leads_on_and_spells_out_its_terms(lesson):
    text = prose(lesson)
    place = LESSONS.index(lesson)
    others = [path.name for path in LESSONS[max(0, place - 1) : place] + LESSONS[place + 1 : place + 2]]
    assert all(f"]({name})" in text for name in others), others
    assert len(re.findall(r"docs/glossary\.md#", text)) >= 5


@every_lesson
def test_people_are_they_and_sentences_stand(lesson):
    text = prose(lesson)
    assert not re.search(r"\b(he|she|his|him|himself|herself)\b", re.sub(r"[“\"*][^”\"*]{0,200}[”\"*]", "", text))
    stumbles = ("a usual wish", "The discontent", "anyone's door", "that it is one does", "a customer and month")
    assert not [words for words in stumbles if words in text]
