"""The set-up of the environment: complete or not, which tools do it, and the sentence when something goes wrong."""

import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from lab_kit import ALL, SAID, WITHOUT_PIP, calls, one_sentence, posix, run, start, tried, wait_until

from crmlab._lab import failures, mutex, setup, stamps, terminal, tools

# -- Is the environment complete? ---------------------------------------------------------------------------------


def test_a_complete_environment_is_left_alone(ready):
    assert stamps.why_set_up(ready) is None


def test_nothing_there_yet(lab):
    assert stamps.why_set_up(lab) == "first time"


def replace_python(lab, text):
    python = pathlib.Path(lab.python)
    python.unlink()
    python.write_text(text)
    python.chmod(0o755)


def dangle(lab):
    python = pathlib.Path(lab.python)
    python.unlink()
    python.symlink_to("/no/such/python")


DAMAGES = {
    "changed lock": (lambda lab: lab.lock.write_text("demo==2 --hash=sha256:11\n"), "has changed"),
    "killed half-way": (lambda lab: lab.stamp.unlink(), "did not finish"),
    "stamp cut off": (lambda lab: lab.stamp.write_text('{"key": "'), "did not finish"),
    "stamp of another kind": (lambda lab: lab.stamp.write_text("[]"), "did not finish"),
    "python removed": (lambda lab: pathlib.Path(lab.python).unlink(), "does not start"),
    "python dangles": (dangle, "does not start"),
    "python fails": (lambda lab: replace_python(lab, "#!/bin/sh\nexit 1\n"), "does not start"),
    "python is no program": (lambda lab: replace_python(lab, "\0"), "does not start"),
    "package deleted": (lambda lab: (lab.site_packages() / "demo").rmdir(), "packages are missing"),
    "all packages deleted": (lambda lab: shutil.rmtree(lab.site_packages()), "packages are missing"),
    "link to crmlab deleted": (lambda lab: (lab.site_packages() / "crmlab.pth").unlink(), "packages are missing"),
}


@posix
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_environment_is_made_anew(ready, name):
    damage, reason = DAMAGES[name]
    damage(ready)
    assert reason in stamps.why_set_up(ready)


def test_the_stamp_tells_lock_python_system_and_folder_apart(lab):
    base = (b"lock", (3, 11, 4), "linux", "/kit")
    others = [(b"LOCK", *base[1:]), (b"lock", (3, 12, 4), *base[2:]), (*base[:2], "darwin", "/kit"), (*base[:3], "/kit2")]
    assert len({stamps.stamp_key(*facts) for facts in [base, *others]}) == 5
    assert stamps.stamp_key(b"lock", (3, 11, 9), "linux", "/kit") == stamps.stamp_key(*base)  # a patch release changes nothing


# -- Setting up ---------------------------------------------------------------------------------------------------


@posix
def test_set_up_then_crmlab_works_from_anywhere(kit):
    status, out, err = run(kit, "setup")
    assert (status, err) == (0, "")
    assert out.startswith("Setting up crmlab in .venv (first time): about 1 packages")
    assert re.search(r"Ready after \d+ s\.", out)
    assert calls(kit) == ["pip sync"]
    assert not (kit / ".venv/crmlab-setup.draft").exists()
    settings = json.loads((kit / ".venv/share/jupyter/lab/settings/overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    result = subprocess.run([kit / ".venv/bin/crmlab", "report", "a b.csv"], cwd="/", capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (7, "crmlab ['report', 'a b.csv'] /\n")


@posix
def test_a_second_run_starts_nothing_but_the_environments_python(kit, with_tests, monkeypatch):
    """That is what makes it quick: a stamp is compared with a list of files, and one Python starts without its packages."""
    started = []
    monkeypatch.setattr(subprocess, "call", lambda command, **options: started.append(command) or 0)
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **options: pytest.fail("started a tool"))
    monkeypatch.setattr(setup, "only_one_at_a_time", lambda kit: pytest.fail("waited for a lock"))
    for steps in range(1, 4):
        setup.set_up(with_tests)
        assert len(started) == steps
    setup.set_up_tests(with_tests)
    assert len(started) == 5
    assert {tuple(command[:3]) for command in started} == {(with_tests.python, "-I", "-S")}


@posix
def test_a_second_run_calls_no_tool(kit):
    assert run(kit, "setup")[0] == 0
    assert run(kit, "setup", uv_does="exit 1")[1] == "The environment in .venv is complete.\n"
    assert calls(kit) == ["pip sync"]


@posix
def test_killed_half_way_it_starts_anew_once_the_orphan_has_ended(kit):
    first = start(kit, "setup", uv_does='sleep 1; echo end >> "$KIT/calls"')
    wait_until(lambda: calls(kit))
    first.kill()
    first.communicate()
    status, out, _ = run(kit, "setup")
    assert status == 0
    assert "the last set-up did not finish" in out
    assert calls(kit) == ["pip sync", "end", "pip sync"]  # never two installers at once


@posix
def test_from_its_first_step_a_set_up_is_unfinished(ready, monkeypatch):
    before = ready.lock.read_bytes()
    ready.lock.write_text("demo==2 --hash=sha256:11\n")
    monkeypatch.setattr(setup, "make_venv", lambda kit, uv: sys.exit("ended at the very start"))
    with pytest.raises(SystemExit, match="very start"):
        setup.set_up(ready)
    ready.lock.write_bytes(before)
    assert stamps.why_set_up(ready) == "the last set-up did not finish"


@posix
def test_two_at_once_set_up_only_once(kit):
    both = [start(kit, "setup", uv_does="sleep 0.5") for _ in range(2)]
    outs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert calls(kit) == ["pip sync"]
    assert sorted("waiting for it" in out for out in outs) == [False, True]


@posix
def test_waiting_for_another_set_up_has_an_end(lab, monkeypatch):
    monkeypatch.setattr(mutex, "WAIT_MINUTES", 0)
    monkeypatch.setattr(mutex, "take_lock", lambda file: False)
    with pytest.raises(SystemExit, match=r"Another lab\.py has been setting up"), mutex.only_one_at_a_time(lab):
        pytest.fail("entered without the lock")


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_set_up_takes_its_installer_along(kit, number, status):
    process = start(kit, "setup", uv_does='echo $$ > "$KIT/pid"; exec sleep 60')
    wait_until(lambda: (kit / "pid").exists() and (kit / "pid").read_text().strip())
    time.sleep(0.3)  # lab.py, too, should know by now that its child has started
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int((kit / "pid").read_text()), 0)
    assert not (kit / ".venv/crmlab-setup.json").exists()


def test_progress_is_a_line_every_ten_seconds_in_a_log(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: clock[0])
    progress = terminal.Progress(start=100.0)
    for seconds, text in ((1, "too early"), (11, "one"), (12, "two"), (21, "three")):
        clock[0] = 100.0 + seconds
        progress.show(text)
    assert capsys.readouterr().out == "one\nthree\n"


def test_progress_counts_the_packages_of_the_folder_that_is_filled(ready):
    folder = ready.nbgrader.folder
    for name in "one", "two":
        (folder / f"{name}-1.dist-info").mkdir(parents=True)
    text = tools.progress(ready, "Installing", 3.2, ["", "Fetching three", " "], ["uv", "--target", folder])
    assert text == "  Installing, 3 s, 2 packages so far  Fetching three"
    assert " 0 packages " in tools.progress(ready, "Installing", 3.2, [], ["uv", "pip", "sync"])


# -- The ways to install, tried in turn ---------------------------------------------------------------------------


def test_with_uv_there(lab, monkeypatch):
    assert tried(lab, monkeypatch, ALL, uv=True) == ["venv", "uv pip sync --python"]


def test_uv_is_fetched_by_pip(lab, monkeypatch):
    assert tried(lab, monkeypatch, ALL, uv=False) == ["venv", "pip install --target", "uv pip sync --python"]


def test_without_uv_pip_does_it(lab, monkeypatch):
    monkeypatch.setenv("CRMLAB_NO_UV", "1")
    assert tried(lab, monkeypatch, ALL, uv=True) == ["venv", "pip install"]


def test_what_uv_cannot_do_pip_may(lab, monkeypatch):
    steps = tried(lab, monkeypatch, ALL, uv=True, fail=["uv pip sync --python"], output="invalid peer certificate")
    assert steps == ["venv", "uv pip sync --python", "pip install"]


def test_debian_without_python3_venv(lab, monkeypatch):
    assert tried(lab, monkeypatch, {"venv", "pip"}, uv=False)[0] == "venv --without-pip"
    assert tried(lab, monkeypatch, {"venv"}, uv=True) == ["venv --without-pip", "uv pip sync --python"]
    assert tried(lab, monkeypatch, ALL, uv=True, fail=["venv"])[:2] == ["venv", "venv --without-pip"]


def test_a_python_without_venv(lab, monkeypatch):
    assert tried(lab, monkeypatch, set(), uv=True) == ["uv venv --python", "uv pip sync --python"]
    assert tried(lab, monkeypatch, {"pip"}, uv=False)[:2] == ["pip install --target", "uv venv --python"]


@pytest.mark.parametrize("modules", [set(), {"venv"}])
def test_no_way_to_make_an_environment(lab, monkeypatch, modules):
    with pytest.raises(SystemExit) as stop:
        tried(lab, monkeypatch, modules, uv=False)
    assert "sudo apt install python3-venv" in one_sentence(stop.value.code)


@pytest.mark.parametrize(("uv", "step"), [(False, "pip install --target"), (True, "uv pip sync --python")])
def test_with_no_network_nothing_else_is_tried(lab, monkeypatch, uv, step):
    with pytest.raises(SystemExit) as stop:
        tried(lab, monkeypatch, ALL, uv=uv, fail=[step], output="NewConnectionError(...): Connection refused")
    assert "could not be reached" in one_sentence(stop.value.code)


def test_the_uv_that_is_fetched_is_pinned_by_hash():
    assert re.fullmatch(r"uv==[\d.]+( \\\n    --hash=sha256:[0-9a-f]{64})+", tools.UV_PIN)


def test_a_uv_fetched_earlier_is_used_when_it_is_whole_and_of_the_pinned_version(lab, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (lab.tools / "bin").mkdir(parents=True)
    (lab.tools / "bin/uv").write_text("")
    (lab.tools / "uv-0.0.1.dist-info").mkdir()
    assert tools.find_uv(lab) is None
    (lab.tools / (tools.UV_PIN.split()[0].replace("==", "-") + ".dist-info")).mkdir()
    assert tools.find_uv(lab) == str(lab.tools / "bin/uv")


# -- One sentence for each thing that goes wrong ------------------------------------------------------------------


@pytest.mark.parametrize("name", SAID)
def test_each_failure_has_its_sentence(lab, name, capsys):
    output, words = SAID[name]
    with pytest.raises(SystemExit) as stop:
        failures.fail(output, lab.root)
    assert words in one_sentence(stop.value.code)
    assert output.splitlines()[-1].strip() in capsys.readouterr().err  # what the tool said stands above


@posix
@pytest.mark.parametrize("name", ["uv: no connection", "uv: disk", "uv: hash", "anything"])
def test_a_user_sees_the_sentence(kit, name):
    output, words = SAID[name]
    (kit / "said").write_text(output)
    status, _, err = run(kit, "setup", uv_does='cat "$KIT/said" >&2; exit 1')
    assert status == 1
    assert words in one_sentence(err)
    assert not (kit / ".venv/crmlab-setup.json").exists()


@posix
def test_neither_pip_nor_uv(kit):
    status, _, err = run(kit, path=False)
    assert status == 1
    assert "sudo apt install python3-venv" in one_sentence(err)


@posix
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "could not be written"),
        (errno.EACCES, "could not be written"),
        (errno.EIO, "refused a step"),
    ],
)
def test_a_disk_that_refuses_us(kit, number, words):
    refuse = "import os, pathlib\ndef mkdir(*a, **k): raise OSError(%d, os.strerror(%d))\npathlib.Path.mkdir = mkdir\n"
    (kit.parent / "shim/sitecustomize.py").write_text(WITHOUT_PIP + refuse % (number, number))
    status, _, err = run(kit, "setup")
    assert status == 1
    assert words in one_sentence(err)


@posix
def test_a_complete_environment_in_a_read_only_folder_is_used(kit):
    assert run(kit, "setup")[0] == 0
    refuse = (
        "import builtins\nreal = open\ndef shut(f, mode='r', *a, **k):\n    assert mode[0] == 'r', mode\n"
        "    return real(f, mode, *a, **k)\nbuiltins.open = shut\n"
    )
    (kit.parent / "shim/sitecustomize.py").write_text(WITHOUT_PIP + refuse)
    assert run(kit, "setup")[0] == 0


@posix
def test_a_missing_lock(kit):
    (kit / "requirements.lock").unlink()
    status, _, err = run(kit)
    assert status == 1
    assert "requirements.lock" in one_sentence(err)


@posix
def test_a_folder_with_a_colon(kit):
    odd = kit.rename(kit.parent / "a:b")
    status, _, err = run(odd)
    assert status == 1
    assert "':' in its name" in one_sentence(err)
