"""The copies that a reader works in: made, renewed, brought back, and never lost.

How ``lab.py`` opens them stands in ``test_lab.py``, what a reader sees in ``test_browser.py``.
"""

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from lab_kit import ROOT

from crmlab import __main__
from crmlab._lab import copies, jupyter
from crmlab._lab.places import Kit

LESSON, EXERCISE = "notebooks/01_trust.ipynb", "exercises/exercise_01_trust.ipynb"


def notebook(*sources, outputs=(), **metadata):
    """A notebook of these cells, as it is stored."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"c{k}",
            "metadata": {},
            "outputs": list(outputs),
            "source": [text],
        }
        for k, text in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def edit(path, change):
    """Change a stored notebook as JupyterLab would save it."""
    content = json.loads(path.read_bytes())
    change(content)
    write(path, json.dumps(content, indent=1))


def run_cells(content):
    """What running a notebook leaves behind."""
    for cell in content["cells"]:
        cell.update(execution_count=7, outputs=[{"output_type": "stream", "name": "stdout", "text": ["run by the reader"]}])
        cell["metadata"]["jupyter"] = {"source_hidden": False}
        cell["source"] = "".join(cell["source"])  # JupyterLab's other way to write it
    content["metadata"]["language_info"] = {"name": "python"}


def delete_cell(content):
    del content["cells"][0]


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def kit(tmp_path):
    """A kit with three lessons, one of them with an exercise; the copies are made."""
    kit = Kit(tmp_path / "my kit 课程")
    write(kit.root / "notebooks/00_start.ipynb", notebook("# [try](../exercises/01_trust.ipynb), [next](01_trust.ipynb)"))
    write(kit.root / "notebooks/00_toolbox.ipynb", notebook("tools"))
    write(kit.root / LESSON, notebook("first", "second"))
    write(kit.root / "exercises/01_trust.ipynb", notebook("answer"))
    write(kit.root / "exercises/README.md", "for instructors")
    write(kit.root / "exercises/masters/01_trust.ipynb", notebook("the key"))
    write(kit.root / "docs/world.md", "equations")
    copies.refresh(kit)
    return kit


@contextmanager
def killed_at(number, monkeypatch):
    """A process that ends before it writes file `number`."""
    real, count = copies.atomic_write, 0

    def atomic_write(path):
        nonlocal count
        count += 1
        if count > number:
            raise KeyboardInterrupt
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(copies, "atomic_write", atomic_write)
        yield


# -- Made and renewed ---------------------------------------------------------------------------------------------


def test_copies_are_made_of_what_a_reader_opens_and_of_nothing_else(kit):
    names = {name for name in files(kit.my) if not name.startswith(".crmlab")}
    assert names == {"notebooks/00_start.ipynb", "notebooks/00_toolbox.ipynb", LESSON, EXERCISE, "docs/world.md"}
    assert (kit.my / LESSON).read_bytes() == (kit.root / LESSON).read_bytes()


def test_links_lead_to_the_copies(kit):
    text = (kit.my / "notebooks/00_start.ipynb").read_text()
    assert "[try](../exercises/exercise_01_trust.ipynb), [next](01_trust.ipynb)" in text


def test_a_second_start_writes_nothing(kit):
    edit(kit.my / LESSON, run_cells)
    edit(kit.my / EXERCISE, delete_cell)
    before = {path: path.stat().st_mtime_ns for path in kit.my.rglob("*")}
    copies.refresh(kit)
    assert {path: path.stat().st_mtime_ns for path in kit.my.rglob("*")} == before
    assert copies.left_behind(kit) == []


def test_a_release_renews_what_nobody_changed(kit):
    edit(kit.my / LESSON, run_cells)
    write(kit.root / LESSON, notebook("first, mended", "second"))
    write(kit.root / "docs/world.md", "equations, mended")
    copies.refresh(kit)
    assert (kit.my / LESSON).read_bytes() == (kit.root / LESSON).read_bytes()
    assert (kit.my / "docs/world.md").read_text() == "equations, mended"
    assert copies.left_behind(kit) == []


def test_a_release_with_new_outputs_renews_them_too(kit):
    write(kit.root / LESSON, notebook("first", "second", outputs=[{"output_type": "stream", "name": "stdout", "text": ["42"]}]))
    copies.refresh(kit)
    assert (kit.my / LESSON).read_bytes() == (kit.root / LESSON).read_bytes()


def reorder(content):
    content["cells"].reverse()


def edit_source(content):
    content["cells"][1]["source"] = ["mine"]


def tag(content):
    content["cells"][0]["metadata"]["tags"] = ["raises-exception"]


def paste_a_picture(content):
    content["cells"][0]["attachments"] = {"a.png": {"image/png": "AAAA"}}


def turn_into_prose(content):
    content["cells"][0]["cell_type"] = "markdown"


@pytest.mark.parametrize("change", [edit_source, delete_cell, reorder, tag, paste_a_picture, turn_into_prose])
def test_a_release_leaves_a_changed_copy_alone_and_says_so(kit, change, capsys):
    edit(kit.my / LESSON, change)
    mine = (kit.my / LESSON).read_bytes()
    write(kit.root / LESSON, notebook("first, mended", "second"))
    for _ in range(2):
        copies.refresh(kit)
        assert (kit.my / LESSON).read_bytes() == mine
        assert copies.left_behind(kit) == ["01_trust"]
    jupyter.say_left_behind(copies.left_behind(kit))
    assert "a newer 01_trust; your copy was left" in capsys.readouterr().out
    copies.restore(kit, "01")
    assert copies.left_behind(kit) == []
    assert (kit.my / "notebooks/01_trust.spoiled-1.ipynb").read_bytes() == mine


def test_a_copy_that_went_missing_is_made_again(kit):
    (kit.my / LESSON).unlink()
    copies.refresh(kit)
    assert (kit.my / LESSON).exists()


def test_a_lesson_that_left_the_kit_leaves_its_copy(kit):
    (kit.root / LESSON).unlink()
    copies.refresh(kit)
    assert (kit.my / LESSON).exists()


@pytest.mark.parametrize("spoiled", [None, "{", "[]", '{"copies": [1]}', '{"copies": {"notebooks/01_trust.ipynb": 3}}'])
def test_without_its_manifest_nothing_of_the_reader_is_lost(kit, spoiled):
    manifest = kit.my / ".crmlab/copies.json"
    manifest.unlink()
    if spoiled:
        write(manifest, spoiled)
    edit(kit.my / EXERCISE, delete_cell)
    before = (kit.my / EXERCISE).read_bytes()
    copies.refresh(kit)
    assert (kit.my / EXERCISE).read_bytes() == before
    assert copies.left_behind(kit) == ["exercise_01_trust"]
    write(kit.root / LESSON, notebook("first, mended"))  # what nobody had changed is known again
    copies.refresh(kit)
    assert (kit.my / LESSON).read_bytes() == (kit.root / LESSON).read_bytes()


@pytest.mark.parametrize("number", range(4))
def test_a_kill_during_a_release_leaves_old_or_new(kit, monkeypatch, number):
    old, new = (kit.root / LESSON).read_bytes(), notebook("first, mended").encode()
    write(kit.root / LESSON, new.decode())
    write(kit.root / "exercises/01_trust.ipynb", notebook("answer, mended"))
    with pytest.raises(KeyboardInterrupt), killed_at(number, monkeypatch):
        copies.refresh(kit)
    assert (kit.my / LESSON).read_bytes() in (old, new)
    copies.refresh(kit)
    assert copies.left_behind(kit) == []
    assert (kit.my / LESSON).read_bytes() == new
    assert json.loads((kit.my / EXERCISE).read_bytes())["cells"][0]["source"] == ["answer, mended"]


def test_the_originals_are_never_written(kit):
    before = {name: content for name, content in files(kit.root).items() if not name.startswith("my/")}
    edit(kit.my / LESSON, delete_cell)
    copies.restore(kit, "01")
    copies.refresh(kit)
    assert {name: content for name, content in files(kit.root).items() if not name.startswith("my/")} == before


# -- Brought back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["01", "01_trust", "01_Trust.ipynb", "trust", "01 tr"])
def test_a_spoiled_lesson_comes_back_and_is_kept(kit, wanted):
    for count in (1, 2):
        edit(kit.my / LESSON, delete_cell)
        spoiled = (kit.my / LESSON).read_bytes()
        text = copies.restore(kit, wanted)
        assert f"my/{LESSON} is as it came" in text
        assert f"kept beside it as 01_trust.spoiled-{count}.ipynb." in text
        assert (kit.my / LESSON).read_bytes() == (kit.root / LESSON).read_bytes()
        assert (kit.my / f"notebooks/01_trust.spoiled-{count}.ipynb").read_bytes() == spoiled


@pytest.mark.parametrize("wanted", ["exercise 01", "exercise trust", "exercise_01_trust", "exercise_01_trust.ipynb"])
def test_an_exercise_comes_back_and_answers_stay(kit, wanted):
    write(kit.my / EXERCISE, "not even a notebook")
    write(kit.my / "exercises/01_trust.answers.json", "{}")
    assert f"my/{EXERCISE} is as it came" in copies.restore(kit, wanted)
    assert (kit.my / "exercises/exercise_01_trust.spoiled-1.ipynb").read_text() == "not even a notebook"
    assert (kit.my / "exercises/01_trust.answers.json").exists()
    assert "Nothing in my/notebooks/01_trust.ipynb had been changed" in copies.restore(kit, "01")


def test_what_was_only_run_is_not_kept(kit):
    edit(kit.my / LESSON, run_cells)
    assert copies.restore(kit, "01") == f"Nothing in my/{LESSON} had been changed; it is as it came."
    assert "run by the reader" not in (kit.my / LESSON).read_text()
    assert len(list((kit.my / "notebooks").iterdir())) == 3


def test_a_deleted_lesson_comes_back(kit):
    shutil.rmtree(kit.my)
    assert copies.restore(kit, "toolbox") == "my/notebooks/00_toolbox.ipynb was missing and is back."


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("00", "'00' could be 00_start or 00_toolbox: write more of the name."),
        ("02", "There is no lesson or exercise '02'; there are 00_start, 00_toolbox, 01_trust, exercise_01_trust, world."),
        ("../../lab", "There is no lesson or exercise '../../lab'; there are 00_start"),
        ("", "Say what to bring back; there are 00_start"),
    ],
)
def test_an_unknown_name_is_refused_with_the_list(kit, wanted, said):
    before = files(kit.root)
    with pytest.raises(SystemExit) as stop:
        copies.restore(kit, wanted)
    assert stop.value.code.startswith(said)
    assert files(kit.root) == before


@pytest.mark.parametrize("number", range(3))
def test_a_kill_while_restoring_loses_nothing(kit, monkeypatch, number):
    edit(kit.my / LESSON, delete_cell)
    spoiled, original = (kit.my / LESSON).read_bytes(), (kit.root / LESSON).read_bytes()
    with pytest.raises(KeyboardInterrupt), killed_at(number, monkeypatch):
        copies.restore(kit, "01")
    assert (kit.my / LESSON).read_bytes() == (original if number == 2 else spoiled)
    assert spoiled in files(kit.my).values()
    copies.restore(kit, "01")
    assert (kit.my / LESSON).read_bytes() == original
    assert spoiled in files(kit.my).values()


def test_a_kit_without_lessons_says_so(tmp_path):
    for call in (copies.refresh, lambda kit: copies.restore(kit, "01")):
        with pytest.raises(SystemExit, match=r"The lessons are missing: .* get the whole kit\.$"):
            call(Kit(tmp_path))
    assert not (tmp_path / "my").exists()


# -- The command --------------------------------------------------------------------------------------------------


@pytest.fixture
def command(kit, monkeypatch, capsys):
    """`crmlab restore ...` in this kit: its status, and what it says."""
    monkeypatch.setattr(__main__, "__file__", str(kit.root / "crmlab/__main__.py"))

    def command(*words):
        status = __main__.main(["restore", *words])
        return status, "".join(capsys.readouterr())

    return command


def test_the_command_says_what_it_did(kit, command):
    edit(kit.my / EXERCISE, delete_cell)
    status, text = command("exercise", "01")
    assert status == 0
    assert text.startswith(
        f"my/{EXERCISE} is as it came, and what stood in it is kept beside it as exercise_01_trust.spoiled-1"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(30, "Read-only file system"), "make sure that you may write in"),
        (PermissionError(13, "Permission denied"), "make sure that you may write in"),
        (OSError(28, "No space left on device"), "The disk is full"),
    ],
)
def test_where_nothing_can_be_written_one_sentence_says_so(kit, command, monkeypatch, error, said):
    def refuse(*_):
        raise error

    edit(kit.my / LESSON, delete_cell)
    mine = (kit.my / LESSON).read_bytes()
    monkeypatch.setattr(os, "replace", refuse)
    status, text = command("01")
    assert status == 1
    assert said in text
    assert text.count("\n") == 1
    assert (kit.my / LESSON).read_bytes() == mine
    assert not list(kit.my.rglob("*.part"))


def test_a_folder_that_cannot_be_written_is_no_obstacle_where_nothing_is_new(kit, monkeypatch):
    monkeypatch.setattr(copies, "atomic_write", lambda path: pytest.fail(f"written: {path}"))
    copies.refresh(kit)


def test_the_kits_own_links_lead_somewhere_from_its_copies(tmp_path):
    """Every link in a copied page, to another page of the kit, finds it among the copies."""

    kit = Kit(tmp_path)
    for folder, pattern in (("notebooks", "*.ipynb"), ("exercises", "*.ipynb"), ("docs", "[gw]*.md")):
        (kit.root / folder).mkdir()
        for path in (ROOT / folder).glob(pattern):
            shutil.copy(path, kit.root / folder)
    copies.refresh(kit)
    links = 0
    for path in kit.my.rglob("*.[im][pd]*"):
        for link in re.findall(r'(?:\]\(|href=\\")([^)#"\\ ]+\.(?:ipynb|md))', path.read_text(encoding="utf-8")):
            if "://" not in link:
                links += 1
                assert (path.parent / link).exists(), f"{path.name} links to {link}"
    assert links >= 12


def test_git_does_not_see_the_copies():
    ran = subprocess.run(["git", "check-ignore", "-q", "my/notebooks/01_relationship.ipynb"], cwd=ROOT, check=False)
    assert ran.returncode == 0
