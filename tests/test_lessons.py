"""Lessons: stored as they ran, and every number behind their pictures as it was.

One run of each lesson (``lessons.LessonFile``) compares its outputs by nbval and the numbers behind them with stored ones;
these tests look at what is stored: cells that were not run, pictures without words, links that lead nowhere.
"""

import json
import math
import re
import shutil

import nbformat
import pandas as pd
import pytest
from lessons import LESSONS, PROBES, ROOT, differences, faults

from crmlab import _journal
from crmlab import lessons as course
from crmlab._lab import copies
from crmlab._lab.places import Kit
from crmlab._result import Link, table_html

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


@every_lesson
def test_stored_whole(lesson):
    assert faults(lesson) == []


def test_no_probe_without_lesson():
    assert sorted(path.stem for path in PROBES.glob("*.json")) == [path.stem for path in LESSONS]


def test_a_slider_changes_what_is_seen():
    for lesson in LESSONS:
        stored = json.loads((PROBES / f"{lesson.stem}.json").read_text(encoding="utf-8"))
        moved = [state for key, state in stored.items() if key.endswith("widget") and "<img" in state["at rest"][-1]]
        frames = [state for key, state in stored.items() if key.endswith((" frames", " board"))]
        assert moved + frames, lesson.stem
        assert all(state["at rest"][-1] != state["one step on"][-1] for state in moved)
        assert all(list(state.values()).count(state["at rest"]) == 1 for state in frames)


def test_the_guard_sees_each_fault(tmp_path):
    """Spoil a lesson in each way and see that it is named."""
    for lesson in [*LESSONS, *ROOT.glob("exercises/*.ipynb")]:  # the first one links to all others
        (tmp_path / lesson.parent.name).mkdir(exist_ok=True)
        (tmp_path / lesson.parent.name / lesson.name).write_text("{}")
    spoiled = tmp_path / "notebooks" / "00_start.ipynb"

    def faults_after(change) -> str:
        shutil.copy(ROOT / "notebooks" / "00_start.ipynb", spoiled)
        notebook = nbformat.read(spoiled, as_version=4)
        change(notebook)
        nbformat.write(notebook, spoiled)
        return " ".join(faults(spoiled))

    def code(notebook):
        return [cell for cell in notebook.cells if cell.cell_type == "code"]

    def put(notebook, **output):
        code(notebook)[0].outputs = [nbformat.v4.new_output(**output)]

    shown = {"output_type": "display_data"}
    assert faults_after(lambda notebook: None) == ""
    assert "not run" in faults_after(lambda notebook: code(notebook)[1].update(execution_count=None))
    assert "not run" in faults_after(lambda notebook: code(notebook)[1].update(execution_count=9))
    assert "semicolon" in faults_after(lambda notebook: code(notebook)[0].update(source="1;"))
    assert "is empty" in faults_after(lambda notebook: code(notebook)[0].update(source=" "))
    assert "error: E" in faults_after(lambda n: put(n, output_type="error", ename="E", evalue="", traceback=[]))
    assert "stderr" in faults_after(lambda n: put(n, output_type="stream", name="stderr", text="careful"))
    assert "widgets.picture" in faults_after(lambda n: put(n, **shown, data={"image/png": "x"}))
    assert "alt text" in faults_after(lambda n: put(n, **shown, data={"text/html": '<img src="x">'}))
    assert "alt text" in faults_after(lambda n: put(n, **shown, data={"text/html": '<img alt="short" src="x">'}))
    assert "seven decimals" in faults_after(lambda n: put(n, **shown, data={"text/plain": "0.12345678"}))
    assert "widget states" in faults_after(lambda notebook: notebook.metadata.update(widgets={}))
    assert "nowhere.md" in faults_after(lambda notebook: notebook.cells[0].update(source="[x](nowhere.md)"))


def test_the_probe_sees_a_small_change():
    stored = {"bars": [1.0, 2.0], "title": "a", "none": math.nan}
    assert differences(stored, stored) == []
    assert differences({**stored, "bars": [1.0, 2.00001]}, stored) == ["/bars[1]: 2.00001, stored 2.0"]
    assert differences({**stored, "bars": [1.0]}, stored) == ["/bars: 1 entries, stored 2"]
    assert differences({**stored, "title": "b"}, stored) == ["/title: 'b', stored 'a'"]


# -- The list of the course, and how far a reader is --------------------------------------------------------------


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """The folders of a reader who has not begun; the kernel of a lesson works here."""
    for folder in ("notebooks", "exercises"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.delenv("CRMLAB_JOURNAL", raising=False)
    return tmp_path


def cell(table, heading, column):
    [value] = table.loc[table.lesson.astype(str) == heading, column]
    return value


def test_the_list_of_lessons_is_that_of_the_files():
    ready = [lesson.name for lesson in course.LESSONS if lesson.minutes is not None]
    assert ready == [path.stem for path in LESSONS]
    assert len({lesson.name for lesson in course.LESSONS}) == len(course.LESSONS)
    for path in LESSONS:
        [lesson] = [each for each in course.LESSONS if each.name == path.stem]
        title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        assert lesson.title.split()[0].casefold() in title.casefold()
    for path in (ROOT / "exercises").glob("*.json"):
        assert path.stem in ready, "an exercise belongs to a lesson"


def test_the_readme_names_each_lesson():
    [row] = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| students")]
    for path in LESSONS:
        assert f"`{path.stem}`" in row


def test_the_first_page_stores_the_course_of_a_reader_who_has_not_begun(desk):
    [stored] = [cell for cell in nbformat.read(LESSONS[0], as_version=4).cells if "lessons.progress()" in cell.source]
    shown = course.progress()
    assert stored.outputs[0].data["text/html"] == shown._repr_html_()
    assert stored.outputs[0].data["text/plain"] == str(shown)


def test_the_first_page_leads_to_every_lesson_and_exercise():
    hrefs = re.findall(r'href="([^"]+)"', course.progress()._repr_html_())
    assert len(hrefs) == len(LESSONS) + len(list(ROOT.glob("exercises/*.json")))
    assert all((ROOT / "notebooks" / href).exists() for href in hrefs)


def test_progress_counts_what_was_guessed_and_decided(desk, monkeypatch):
    (desk / "kit/notebooks").mkdir(parents=True)
    monkeypatch.setattr(course, "_KIT", Kit(desk / "kit"))
    sources = {"a": "widgets.guess('01/stay')\nx = '01/stay', \"01/budget\"", "b": "2001/12", "c": '"01/third"'}
    cells = [nbformat.v4.new_code_cell(text) for text in sources.values()] + [nbformat.v4.new_markdown_cell('"01/prose"')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), desk / "kit/notebooks/01_relationship.ipynb")
    begun = course.progress()
    asks = cell(begun.table, "01 Relationship", "answered")
    assert (str(asks), asks.marks) == ("0 of 3", ("crmlab-asks", "01/budget", "01/stay", "01/third"))  # for the page
    assert cell(begun.table, "00 Start here", "answered") == ""
    for key in ("01/stay", "01/stay", "05/other", "01/third"):
        _journal.append({"kind": "guess", "key": key, "guess": 1})
    later = course.progress()
    assert str(cell(later.table, "01 Relationship", "answered")) == "2 of 3"
    (done, asked), (none, same) = ([int(n) for n in re.findall(r"\d+", each.title)] for each in (later, begun))
    assert (done, none, asked) == (2, 0, same)


def test_progress_counts_the_answers_of_exercises(desk):
    answers = {"assignment": "01_relationship", "answers": {"q1": 3, "q2": 4.5, "q7": 2, "gone": 1}}
    (desk / "exercises/01_relationship.answers.json").write_text(json.dumps(answers))
    shown = course.progress()
    assert shown.title.startswith("2 of "), "extra practice counts apart"
    table = shown.table
    link = cell(table, "01 Relationship", "exercise")
    assert (link.text, link.href) == ("2 of 5, 30 min, extra 1 of 4", "../exercises/01_relationship.ipynb")
    assert cell(table, "05 Satisfaction", "exercise").text == "0 of 9, 90 min"
    assert cell(table, "02 Contacts", "exercise") == ""
    (desk / "exercises/exercise_01_relationship.ipynb").write_text("{}")
    assert cell(course.progress().table, "01 Relationship", "exercise").href == "../exercises/exercise_01_relationship.ipynb"


def test_progress_names_a_copy_that_a_release_left_behind(desk, monkeypatch):
    kit = Kit(desk / "kit")
    original = kit.root / "notebooks/01_relationship.ipynb"
    original.parent.mkdir(parents=True)
    original.write_text('{"cells": []}')
    copies.refresh(kit)
    monkeypatch.setattr(course, "_KIT", kit)
    monkeypatch.chdir(kit.my / "notebooks")
    assert course.progress().note == ""
    (kit.my / "notebooks/01_relationship.ipynb").write_text("mine")
    assert course.progress().note == ""
    original.write_text('{"cells": [], "new": 1}')
    assert course.progress().note.endswith("write in a terminal: crmlab restore 01_relationship")


def test_a_link_in_a_table_is_escaped():
    table = pd.DataFrame({"a": [Link("<b>", 'x" onclick="y'), "plain & simple"]})
    html = table_html(table)
    assert '<a href="x&quot; onclick=&quot;y">&lt;b&gt;</a>' in html
    assert "plain &amp; simple" in html
