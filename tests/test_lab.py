"""lab.py: the door, the hand-over to JupyterLab, pytest and crmlab, and what Windows does differently."""

import ast
import ctypes
import errno
import json
import os
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import types
from pathlib import Path

import pytest
from lab_kit import BEHIND, PYPROJECT, ROOT, SOURCE, one_sentence, posix, run, start, wait_until

from crmlab._lab import commands, handover, jupyter, mutex, places, resolve, setup

# -- Which Python -------------------------------------------------------------------------------------------------


def door():
    """The names of lab.py, read as a module."""
    return runpy.run_path(str(SOURCE))


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 13), (3, 15, 0)])
def test_a_python_too_old_or_too_new_gets_a_sentence(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as stop:
        door()
    assert f"Python 3.11 to 3.14, but this is Python {version[0]}.{version[1]}" in stop.value.code


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 9)])
def test_the_oldest_and_the_newest_python_are_welcome(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    door()


def test_lab_without_the_rest_of_the_kit_says_so(tmp_path):
    shutil.copy(SOURCE, tmp_path)
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(tmp_path / "lab.py"))
    assert "get the whole kit" in one_sentence(stop.value.code)


def test_the_versions_in_lab_are_those_of_pyproject():
    names = door()
    (_, oldest), (_, too_new) = names["OLDEST"], names["TOO_NEW"]
    assert PYPROJECT["project"]["requires-python"].replace(" ", "") == f">=3.{oldest},<3.{too_new}"
    assert f"Python 3.{oldest} to 3.{too_new - 1}" in names["__doc__"]
    assert resolve.oldest_python((ROOT / "pyproject.toml").read_text(encoding="utf-8")) == f"3.{oldest}"


def test_lab_parses_on_old_pythons():
    text = SOURCE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45, "a door"
    for node in ast.walk(ast.parse(text, feature_version=(3, 6))):  # and, as far as a new Python can tell, on 2.7
        assert not isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Starred, ast.FunctionDef, ast.Raise))
        if isinstance(node, ast.Dict):
            assert None not in node.keys
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= {"os", "sys"}
    assert text.isascii()  # 2.7 wants a declaration for anything else


def test_what_stands_behind_the_door_needs_nothing_installed():
    for path in BEHIND:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names or name.startswith(("crmlab._lab", "crmlab")), name
    code = (
        "import sys, crmlab._lab.commands; print(sorted(n for n in sys.modules if n.startswith('crmlab.') and '_lab' not in n))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "['crmlab._write']\n"


# -- Places, on every system --------------------------------------------------------------------------------------


def test_places_on_linux_and_macos():
    for folder in "/home/eva/my kit/.venv", "/Users/eva/my kit/.venv":
        parts = places.layout(folder, "posix")
        assert str(parts.python) == folder + "/bin/python"
        assert str(parts.command) == folder + "/bin/crmlab"
        assert parts.command_text == f"#!/bin/sh\nexec '{folder}/bin/python' -P -m crmlab \"$@\"\n"
        assert parts.site_packages == "lib/python3*/site-packages"


def test_places_on_windows():
    parts = places.layout(r"C:\Users\Eva M\kit\.venv", "nt")
    assert str(parts.python) == r"C:\Users\Eva M\kit\.venv\Scripts\python.exe"
    assert str(parts.command) == r"C:\Users\Eva M\kit\.venv\Scripts\crmlab.cmd"
    assert parts.command_text == '@"%~dp0python.exe" -P -m crmlab %*\r\n'
    assert parts.site_packages == "Lib/site-packages"


def test_lab_names_no_registry_and_no_path_of_a_machine():
    text = "".join(path.read_text(encoding="utf-8") for path in (SOURCE, *BEHIND))
    assert set(re.findall(r"\w+://[\w.]+", text)) == {"http://127.0.0.1"}
    assert not re.search(r"pypi|pythonhosted|/opt/|/root|/tmp|/home", text)


# -- Handing over -------------------------------------------------------------------------------------------------


def test_lab_opens_the_first_lesson_for_this_machine_only(ready, handed, capsys):
    commands.main(ready, ["--no-browser"])
    [(command, folder)] = handed
    assert command[:4] == [ready.python, "-m", "jupyterlab", "notebooks/00_start.ipynb"]
    assert {
        "--ServerApp.ip=127.0.0.1",
        "--LabApp.extension_manager=readonly",
        "--no-browser",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    } <= set(command)
    assert folder == str(ready.my)
    assert f"--ServerApp.root_dir={ready.my}" in command, "the originals cannot be opened by mistake"
    assert (ready.my / "notebooks/00_start.ipynb").read_text() == "{}"
    assert os.environ["PATH"].split(os.pathsep)[0] == str(ready.layout.python.parent)  # the terminal knows `crmlab`
    [port] = [word.split("=")[1] for word in command if word.startswith("--ServerApp.port=")]
    address = f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start.ipynb?token={os.environ['JUPYTER_TOKEN']}"
    assert address in capsys.readouterr().out
    assert len(os.environ["JUPYTER_TOKEN"]) >= 32
    assert "OMP_NUM_THREADS" not in os.environ


def test_an_author_opens_the_originals(ready, handed):
    commands.main(ready, ["--originals"])
    [(command, folder)] = handed
    assert folder == str(ready.root)
    assert f"--ServerApp.root_dir={ready.root}" in command
    assert not ready.my.exists()


def test_a_copy_left_behind_by_a_release_is_named(ready, handed, capsys):
    commands.main(ready, [])
    (ready.my / "notebooks/00_start.ipynb").write_text("mine")
    (ready.root / "notebooks/00_start.ipynb").write_text("[]")
    commands.main(ready, [])
    assert "write: crmlab restore 00_start\n" in capsys.readouterr().out


@posix
def test_where_copies_cannot_be_made_one_sentence_says_so(kit, ready):
    (kit / "my").write_text("a file in the way")
    _, _, err = run(kit, "--no-browser")
    assert one_sentence(err).startswith("The computer refused a step of the work")


def test_jupyterlab_finds_its_settings_and_its_extension():
    """An error in either is hardly told: JupyterLab would only start without it."""
    words = dict(
        word.removeprefix("--").split("=", 1) for word in jupyter.lab_command("p", "/r", 1, True, False) if "=" in word
    )
    settings = json.loads((Path(words["LabApp.app_settings_dir"]) / "overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    [extension] = Path(words["LabApp.extra_labextensions_path"]).iterdir()
    about = json.loads((extension / "package.json").read_text())
    assert about["name"] == extension.name
    assert (extension / about["jupyterlab"]["_build"]["load"]).is_file()


def test_the_browser_and_root():
    assert not {"--no-browser", "--allow-root"} & set(jupyter.lab_command("p", "/r", 8888, True, False))
    assert {"--no-browser", "--allow-root"} <= set(jupyter.lab_command("p", "/r", 8888, False, True))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], (True, None, False)),
        (["--no-browser"], (False, None, False)),
        (["--port", "9000"], (True, 9000, False)),
        (["--port=9000", "--no-browser"], (False, 9000, False)),
        (["--originals", "--port=9000"], (True, 9000, True)),
    ],
)
def test_options_of_lab(words, expected):
    assert jupyter.lab_options(words) == expected


@pytest.mark.parametrize("words", [["--port"], ["--port", "x"], ["--port", "0"], ["--port=70000"], ["--porte", "1"]])
def test_options_that_are_none(words):
    with pytest.raises(SystemExit) as stop:
        jupyter.lab_options(words)
    assert words[0].split("=")[0] in one_sentence(stop.value.code)


def test_a_port_in_use():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as stop:
            jupyter.free_port(port)
        assert f"Port {port} cannot be used" in one_sentence(stop.value.code)
        assert jupyter.free_port(None, first=port) > port  # one that nobody asked for moves on to the next
    assert jupyter.free_port(port) == port


def test_tests_run_in_the_project_with_one_thread_each(with_tests, handed):
    commands.main(with_tests, ["test"])
    [(command, folder)] = handed
    assert command[:4] == [with_tests.python, "-m", "pytest", "-n"]
    assert command[-2:] == ["--dist", "loadfile"]
    assert folder == str(with_tests.root)
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_options_of_test():
    workers = [commands.pytest_options([], cores)[1] for cores in (None, 1, 2, 3, 64)]
    assert workers == ["2", "2", "2", "3", "4"]
    assert commands.pytest_options(["--long"], 3) == ["-n", "3", "--dist", "loadfile", "--long"]
    for words in (["-k", "rfm"], ["--long", "-k", "rfm"]):
        assert commands.pytest_options(words, 2) == words


@posix
def test_any_other_word_goes_to_crmlab_in_the_users_folder(kit, ready):
    (kit.parent / "crmlab.py").write_text("raise SystemExit('a stranger')")  # the user's own file of that name
    status, out, _ = run(kit, "report", "orders.csv")
    assert (status, out) == (7, f"crmlab ['report', 'orders.csv'] {kit.parent}\n")


@posix
def test_help_needs_no_environment(kit):
    (kit / "requirements.lock").unlink()
    status, out, _ = run(kit, "--help")
    assert status == 0
    assert "--no-browser" in out


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_server_ends_with_lab(kit, ready, number):
    (ready.site_packages() / "jupyterlab.py").write_text(
        "import socket, sys, time\nport = next(a.split('=')[1] for a in sys.argv if a.startswith('--ServerApp.port='))\n"
        "s = socket.create_server(('127.0.0.1', int(port)))\ntime.sleep(30)\n"
    )
    port = jupyter.free_port(None, first=9200)
    process = start(kit, "--no-browser", "--port", str(port))

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(listens)
        process.send_signal(number)
        process.wait(10)
        wait_until(lambda: not listens(), 5)
    finally:
        process.kill()
        process.communicate()


# -- Windows, as far as it can be played elsewhere ----------------------------------------------------------------


@pytest.fixture
def windows(ready, monkeypatch):
    """lab.py that believes to be on Windows; the calls of its kernel are noted."""
    seen = []

    class Kernel:
        def __getattr__(self, name):
            def call(*words):
                seen.append((name, [bytes(w) if isinstance(w, ctypes.Array) else getattr(w, "value", w) for w in words]))
                return 42

            setattr(self, name, call)
            return call

    monkeypatch.setattr(places, "WINDOWS", True)
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: Kernel(), raising=False)
    monkeypatch.setattr(subprocess.Popen, "_handle", 99, raising=False)
    return seen


def test_on_windows_a_child_is_tied_to_us_by_a_job(ready, windows):
    with pytest.raises(SystemExit) as stop:
        handover.hand_over([ready.python, "-c", "raise SystemExit(5)"])
    assert stop.value.code == 5
    (create, _), (limit, (job, kind, limits, size)), (assign, tied) = windows
    assert (create, limit, assign) == ("CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject")
    assert (job, kind, size) == (42, 9, len(limits))
    assert limits[16:20] == b"\x00\x30\x00\x00"  # KILL_ON_JOB_CLOSE and SILENT_BREAKAWAY_OK
    assert not any(limits[:16] + limits[20:])
    assert tied == [42, 99]


def test_on_windows_the_lock_is_that_of_msvcrt(ready, windows, monkeypatch):
    def locking(number, mode, size):
        if is_held:
            raise OSError(errno.EACCES, "held by another")

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    with open(ready.lock) as file:
        is_held = False
        assert mutex.take_lock(file)
        is_held = True
        assert not mutex.take_lock(file)


def test_on_windows_a_running_python_cannot_delete_itself(ready, windows, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(ready.venv))
    with pytest.raises(SystemExit) as stop:
        setup.make_venv(ready, None)
    assert "close this window" in one_sentence(stop.value.code)
