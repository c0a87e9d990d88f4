"""Lessons: stored as they ran, and every number behind their pictures as it was.

One run of each lesson (``lessons.LessonFile``) compares its outputs by nbval and the numbers behind them with stored ones;
these tests look at what is stored: cells that were not run, pictures without words, links that lead nowhere.
"""

import json
import math
import shutil

import nbformat
import pytest
from lessons import LESSONS, PROBES, ROOT, differences, faults

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
        frames = [state for key, state in stored.items() if key.endswith(" frames")]
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
