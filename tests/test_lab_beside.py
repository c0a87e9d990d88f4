"""What is set up beside the environment: the tools of the tests, and nbgrader."""

import os
import shutil
import sys

import pytest
from lab_kit import ALL, SAID, calls, one_sentence, posix, run, set_up_nbgrader, start, tried, wait_until

from crmlab._lab import commands, setup, stamps, tools

# -- nbgrader, in a folder of its own -----------------------------------------------------------------------------


@posix
def test_nbgrader_is_set_up_once_and_started_in_the_users_folder(kit):
    (kit.parent / "nbgrader.py").write_text("raise SystemExit('a stranger')")  # the user's own file of that name
    status, out, err = run(kit, "nbgrader", "autograde", "a b")
    *lines, last = out.splitlines()
    assert (status, err, last) == (7, "", f"nbgrader ['autograde', 'a b'] {kit.parent}")
    assert lines[2] == "Setting up nbgrader in .tools/nbgrader (first time): 1 packages, about 80 MB on disk, once."
    assert calls(kit) == ["pip sync", "pip sync nbgrader"]
    assert not list((kit / ".venv").glob("lib/python3*/site-packages/nbgrader*"))
    assert run(kit, "nbgrader", uv_does="exit 1")[1] == f"nbgrader [] {kit.parent}\n"
    assert len(calls(kit)) == 2


def test_what_nbgrader_starts_finds_what_it_needs(with_nbgrader, handed, monkeypatch):
    lab, folder = with_nbgrader, with_nbgrader.nbgrader.folder
    for before, after in ("", ""), ("theirs", os.pathsep + "theirs"):
        monkeypatch.setenv("PYTHONPATH", before)  # an empty part of it would be the folder one is in
        monkeypatch.setenv("PATH", "programs")
        commands.main(lab, ["nbgrader", "--help"])
        assert os.environ["PYTHONPATH"] == str(lab.nbgrader.folder) + after
        assert os.environ["PATH"].split(os.pathsep) == [str(folder / "bin"), str(folder / "Scripts"), "programs"]
    assert handed == [([lab.python, "-P", "-m", "nbgrader", "--help"], str(lab.root.parent))] * 2


ADD_ONS = {"test": "pytest", "nbgrader": "nbgrader"}
each_add_on = pytest.mark.parametrize("name", ADD_ONS)


@each_add_on
def test_a_complete_add_on_is_left_alone(with_tests, name):
    add_on = getattr(with_tests, name)
    assert stamps.why_add(add_on) is None
    (add_on.folder / "__pycache__").mkdir()
    assert stamps.why_add(add_on) is None


def other_python(add_on):
    key = stamps.stamp_key(add_on.lock.read_bytes(), (3, 99), sys.platform, add_on.lock.parent)
    stamps.write_stamp(add_on.stamp, key, add_on.folder)


ADD_ON_DAMAGES = {
    "changed lock": (lambda add_on: add_on.lock.write_text("demo==2 --hash=sha256:11\n"), "has changed"),
    "another Python": (other_python, "has changed"),
    "killed half-way": (lambda add_on: add_on.stamp.unlink(), "did not finish"),
    "stamp cut off": (lambda add_on: add_on.stamp.write_text('{"key": "'), "did not finish"),
    "package deleted": (lambda add_on: (add_on.folder / ADD_ONS[add_on.name]).rmdir(), "packages are missing from .tools/"),
    "folder deleted": (lambda add_on: shutil.rmtree(add_on.folder), "first time"),
}


@posix
@each_add_on
@pytest.mark.parametrize("damage", ADD_ON_DAMAGES)
def test_a_damaged_add_on_is_made_again_and_the_rest_is_not(kit, with_tests, name, damage):
    spoil, reason = ADD_ON_DAMAGES[damage]
    add_on = getattr(with_tests, name)
    (add_on.folder / "old").mkdir()
    spoil(add_on)
    _, out, err = run(kit, name)
    assert (reason in out, err) == (True, "")
    assert calls(kit) == [f"pip sync {name}"]
    assert stamps.why_add(add_on) is None
    assert not (add_on.folder / "old").exists()


@posix
def test_nbgrader_killed_half_way_starts_again_once_the_orphan_has_ended(kit, ready):
    half = ready.nbgrader.folder / "half"
    first = start(kit, "nbgrader", uv_does='mkdir -p "$8/half"; sleep 1; echo end >> "$KIT/calls"')
    wait_until(half.exists)
    first.kill()
    first.communicate()
    assert stamps.why_add(ready.nbgrader) == "the last set-up did not finish"
    _, out, _ = run(kit, "nbgrader")
    assert "(the last set-up did not finish)" in out
    assert calls(kit) == ["pip sync nbgrader", "end", "pip sync nbgrader"]
    assert not half.exists()


@each_add_on
def test_from_its_first_step_a_set_up_of_an_add_on_is_unfinished(with_tests, monkeypatch, name):
    add_on = getattr(with_tests, name)
    before = add_on.lock.read_bytes()
    add_on.lock.write_text("demo==2 --hash=sha256:11\n")
    monkeypatch.setattr(shutil, "rmtree", lambda folder: sys.exit("ended at the very start"))
    with pytest.raises(SystemExit, match="very start"):
        setup.set_up_add_on(with_tests, add_on)
    add_on.lock.write_bytes(before)
    assert stamps.why_add(add_on) == "the last set-up did not finish"


# -- The tests' tools: for those who test, in any order -----------------------------------------------------------


@posix
def test_tests_are_set_up_once_and_run(kit):
    status, out, err = run(kit, "test", "-k", "one")
    assert (status, err) == (7, "")
    assert out.splitlines()[-1] == f"pytest ['-k', 'one'] {kit}"
    assert "Setting up the tests' tools in .tools/test (first time): 1 packages, about 270 MB on disk, once." in out
    assert calls(kit) == ["pip sync", "pip sync test", "pip sync nbgrader"]
    assert (
        run(kit, "test", uv_does="exit 1")[:2] == (7, f"pytest ['-n', '2', '--dist', 'loadfile'] {kit}\n") or os.cpu_count() > 2
    )
    assert len(calls(kit)) == 3


@posix
def test_a_student_gets_no_tools_for_tests(kit, ready):
    (kit / "requirements-test.lock").unlink()
    assert run(kit, "setup")[0] == 0
    assert not ready.test.folder.exists()
    assert not (ready.site_packages() / "crmlab-test.pth").exists()


@posix
def test_the_tools_are_found_again_after_the_environment_was_made_again(kit, with_tests):
    link = with_tests.site_packages() / "crmlab-test.pth"
    assert (link.parent / link.read_text().strip()).resolve() == with_tests.test.folder.resolve()
    (kit / "requirements.lock").write_text("demo==2 --hash=sha256:11\n")
    assert run(kit, "setup")[0] == 0  # as a student would: the tools stay, and are not asked for
    assert not link.exists()
    run(kit, "test")
    assert link.exists()
    assert calls(kit) == ["pip sync"]


@posix
def test_tools_that_cannot_be_had_leave_the_environment_complete(kit, ready):
    status, _, err = run(kit, "test", uv_does='[ "$7" = --target ] && { echo "dns error"; exit 2; }')
    assert (status, "could not be reached" in one_sentence(err)) == (1, True)
    assert run(kit, "setup", uv_does="exit 1")[0] == 0
    assert stamps.why_add(ready.test) == "the last set-up did not finish"
    assert run(kit, "test")[0] == 7


# -- nbgrader, again: by which tool, and what fails ---------------------------------------------------------------


@posix
def test_two_at_once_set_up_nbgrader_only_once(kit, ready):
    both = [start(kit, "nbgrader", uv_does="sleep 0.5") for _ in range(2)]
    outs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [7, 7]
    assert calls(kit) == ["pip sync nbgrader"]
    assert sorted("waiting for it" in out for out in outs) == [False, True]


@pytest.mark.parametrize("uv", ["/uv", None])
def test_nbgrader_is_installed_by_uv_or_else_by_pip(ready, monkeypatch, uv):
    """Seven packages are no reason to fetch uv."""
    commands = []

    def run_tool(kit, command, title):
        commands.append([str(word) for word in command])
        return (1, "invalid peer certificate") if command[0] == uv else (0, "")

    monkeypatch.setattr(tools, "run_tool", run_tool)
    monkeypatch.setattr(tools, "find_uv", lambda kit: uv)
    monkeypatch.setattr(tools, "pip_command", lambda kit: ["pip"])
    set_up_nbgrader(ready)
    lock, to = str(ready.nbgrader.lock), ["--target", str(ready.nbgrader.folder)]
    by_uv = [["/uv", "pip", "sync", "--python", ready.python, "--require-hashes", lock, *to]] if uv else []
    assert commands == [*by_uv, ["pip", "install", "--require-hashes", "--no-deps", "-r", lock, *to, "--upgrade"]]


def test_nbgrader_without_uv_where_that_is_asked_for(ready, monkeypatch):
    monkeypatch.setenv("CRMLAB_NO_UV", "1")
    steps = tried(ready, monkeypatch, ALL, uv=True, what=set_up_nbgrader)
    assert steps == ["pip --python install --target"]


def test_nbgrader_with_neither_pip_nor_uv(ready, monkeypatch):
    with pytest.raises(SystemExit) as stop:
        tried(ready, monkeypatch, set(), uv=False, what=set_up_nbgrader)
    assert "neither pip nor uv" in one_sentence(stop.value.code)


@posix
@pytest.mark.parametrize("name", ["uv: no connection", "uv: disk", "uv: hash", "anything"])
def test_when_nbgrader_cannot_be_set_up_a_sentence_says_so(kit, ready, name):
    output, words = SAID[name]
    (kit / "said").write_text(output)
    status, _, err = run(kit, "nbgrader", "list", uv_does='cat "$KIT/said" >&2; exit 1')
    assert status == 1
    assert words in one_sentence(err)
    assert stamps.why_add(ready.nbgrader) == "the last set-up did not finish"


@posix
def test_nbgrader_without_its_lock(kit, ready):
    (kit / "requirements-nbgrader.lock").unlink()
    status, _, err = run(kit, "nbgrader", "list")
    assert status == 1
    assert "git checkout requirements-nbgrader.lock" in one_sentence(err)


@posix
@pytest.mark.parametrize("words", [["setup"], ["report"]])
def test_nothing_else_asks_for_nbgrader(kit, ready, words):
    (kit / "requirements-nbgrader.lock").unlink()
    assert run(kit, *words)[2] == ""
    assert calls(kit) == []


def test_setup_takes_no_further_words():
    """Before anything is set up, so that a mistyped word does no harm."""
    with pytest.raises(SystemExit, match=r"lab\.py setup takes no further words, such as --fast"):
        commands.set_up_only(None, ["--fast"])
