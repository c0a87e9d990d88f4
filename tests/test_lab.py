"""lab.py: set-up, its sentences when something goes wrong, and the hand-over to JupyterLab, pytest and crmlab.

No network and no real installation here: a kit is a folder with a copy of lab.py and small locks, and `uv` is a shell
script that prints what the real one prints. Whether the real locks install, every real set-up shows.
"""

import ast
import ctypes
import errno
import importlib.util
import json
import os
import pathlib
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import types

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crmlab._lab import commands, failures, handover, jupyter, mirrors, mutex, places, resolve, setup, stamps, terminal, tools
from crmlab._lab.places import Kit

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCE = ROOT / "lab.py"
BEHIND = [*sorted((ROOT / "crmlab/_lab").glob("*.py")), ROOT / "crmlab/_atomic.py"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
posix = pytest.mark.skipif(os.name == "nt", reason="runs shell scripts and signals")

# uv in a kit: it notes its call, then does what UV_DOES says; left alone, it "installs" one package.
FAKE_UV = """#!/bin/sh
to=""
[ "$7" = --target ] && to=" $(basename "$8")"
echo $1 $2$to >> "$KIT/calls"
eval "$UV_DOES"
if [ "$7" = --target ]; then
    name=$(basename "$8")
    [ $name = test ] && name=pytest
    mkdir -p "$8/$name" "$8/$name-1.dist-info"
    cp "$KIT/crmlab/__main__.py" "$8/$name"
    exit
fi
for site in "$(dirname "$4")"/../lib/python3*/site-packages; do mkdir -p "$site/demo" "$site/demo-1.dist-info"; done
"""
# What a Python without pip and ensurepip looks like (Debian without python3-venv); it also saves their seconds.
WITHOUT_PIP = "import sys; sys.modules['pip'] = sys.modules['ensurepip'] = None\n"


# A package that tells its name, its words and where it is.
SAYS = "import os, sys; print(os.path.basename(os.path.dirname(__file__)), sys.argv[1:], os.getcwd()); sys.exit(7)"


LOCK_NAMES = ("requirements.lock", "requirements-test.lock", "requirements-nbgrader.lock")


@pytest.fixture
def kit(tmp_path):
    """A folder (with a space and Chinese letters in its name) holding lab.py, its locks and a package; nothing is set up."""
    folder = tmp_path / "my kit 课程"
    shutil.copytree(ROOT / "crmlab/_lab", folder / "crmlab/_lab", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "crmlab/_atomic.py", folder / "crmlab")
    shutil.copy(SOURCE, folder)
    for name, package in zip(LOCK_NAMES, ("demo", "pytest", "nbgrader"), strict=True):
        (folder / name).write_text(f"{package}==1 \\\n    --hash=sha256:00\n")
    (folder / "crmlab/__init__.py").write_text("")
    (folder / "crmlab/__main__.py").write_text(SAYS)
    for name, text in {"bin/uv": FAKE_UV, "shim/sitecustomize.py": WITHOUT_PIP}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    (tmp_path / "bin/uv").chmod(0o755)
    return folder


@pytest.fixture
def lab(kit):
    """The kit as lab.py knows it."""
    return Kit(kit)


@pytest.fixture(scope="session")
def empty_venv(tmp_path_factory):
    """An environment without a package, to copy: making one takes a second."""
    folder = tmp_path_factory.mktemp("empty") / ".venv"
    subprocess.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.fixture
def ready(lab, empty_venv):
    """A kit whose environment is complete."""
    shutil.copytree(empty_venv, lab.venv, symlinks=True)
    (lab.site_packages() / "demo").mkdir()
    setup.add_crmlab(lab)
    stamps.write_stamp(lab.stamp, stamps.current_key(lab.lock), lab.site_packages())
    return lab


def complete(add_on, package):
    """Make the folder of an add-on as a set-up would."""
    (add_on.folder / package).mkdir(parents=True)
    stamps.write_stamp(add_on.stamp, stamps.current_key(add_on.lock), add_on.folder)


@pytest.fixture
def with_nbgrader(ready):
    """A kit whose environment is complete, and nbgrader's folder, too."""
    complete(ready.nbgrader, "nbgrader")
    return ready


@pytest.fixture
def with_tests(with_nbgrader):
    """A kit in which tests can run."""
    complete(with_nbgrader.test, "pytest")
    setup.set_up_tests(with_nbgrader)
    return with_nbgrader


def start(kit, *words, uv_does="", path=True, **variables):
    """Start lab.py in a kit as a user would; PATH has only our uv, and hardly a variable is set."""
    places = ([str(kit.parent / "bin")] if path else []) + ["/usr/bin", "/bin"]
    environment = {
        "HOME": str(kit.parent),
        "PATH": ":".join(places),
        "PYTHONPATH": str(kit.parent / "shim"),
        "KIT": str(kit),
        "UV_DOES": uv_does,
        **variables,
    }
    # A shell's background job ignores Ctrl-C, and so would we, were the tests one.
    hear_ctrl_c = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name != "nt" else None
    return subprocess.Popen(
        [sys.executable, str(kit / "lab.py"), *words],
        env=environment,
        cwd=kit.parent,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_ctrl_c,
    )


def run(kit, *words, **options):
    process = start(kit, *words, **options)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def calls(kit):
    return (kit / "calls").read_text().splitlines() if (kit / "calls").exists() else []


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def one_sentence(text):
    """The last line of what a user reads; it is one sentence, and no traceback stands above it."""
    assert "Traceback" not in text
    last = text.strip().splitlines()[-1]
    assert last.endswith(".")
    assert ". " not in last
    return last


# -- Which Python ------------------------------------------------------------------------------------------------


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
    assert done.stdout == "['crmlab._atomic']\n"


# -- Places, on every system -------------------------------------------------------------------------------------


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


# -- Mirrors -----------------------------------------------------------------------------------------------------


def test_uv_is_told_what_pip_knows(lab, tmp_path):
    listing = f"""global.index-url='https://mirror.test/simple'
global.extra_index_url='file:///no/such/folder\\nhttps://second.test/simple'
global.find-links='{tmp_path} /no/such/wheels'
install.trusted-host='mirror.test'
global.cert='{SOURCE}'
:env:.timeout='60'
global.timeout='15'
list.timeout='1'
"""
    assert mirrors.uv_settings(mirrors.pip_settings(listing), {}) == {
        "UV_SYSTEM_CERTS": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://mirror.test/simple",
        "UV_INDEX": "https://second.test/simple",
        "UV_FIND_LINKS": str(tmp_path),
        "UV_INSECURE_HOST": "mirror.test",
        "SSL_CERT_FILE": str(SOURCE),
        "UV_HTTP_TIMEOUT": "60",
    }


def test_a_local_index_that_exists_is_kept(lab, tmp_path):
    index = tmp_path.as_uri()
    assert mirrors.uv_settings({"extra-index-url": index}, {})["UV_INDEX"] == index


@pytest.mark.parametrize("own", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS"])
def test_what_the_user_has_told_uv_stands(lab, own):
    pip = {"index-url": "https://mirror.test", "extra-index-url": "https://second.test", "no-index": "1"}
    new = mirrors.uv_settings(pip, {own: "https://own.test", "UV_SYSTEM_CERTS": "0", "UV_INDEX_STRATEGY": "first-index"})
    assert new == {}


def test_a_lock_is_resolved_from_the_main_index_alone(lab):
    pip = {"index-url": "https://mirror.test", "extra-index-url": "https://second.test", "no-index": "1"}
    new = mirrors.uv_settings(pip, {}, only_default=True)
    assert new["UV_DEFAULT_INDEX"] == "https://mirror.test"
    assert "UV_INDEX" not in new
    assert "UV_NO_INDEX" not in new


def test_a_pip_configuration_file_reaches_uv(lab, tmp_path, monkeypatch):
    if importlib.util.find_spec("pip") is None:  # then the pip that lies packed in the standard library
        ensurepip = pytest.importorskip("ensurepip")
        wheel = next(pathlib.Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"), None)
        if wheel is None:
            pytest.skip("no pip to ask")
        monkeypatch.setenv("PYTHONPATH", str(wheel))
        monkeypatch.syspath_prepend(str(wheel))
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror.test/simple\n[install]\nno-index = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    new = mirrors.tool_environment([sys.executable, "-P", "-m", "pip"])
    assert new["UV_DEFAULT_INDEX"] == "https://mirror.test/simple"
    assert new["UV_NO_INDEX"] == "1"
    assert new["UV_FIND_LINKS"] == str(tmp_path)


# -- Is the environment complete? --------------------------------------------------------------------------------


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


# -- Setting up --------------------------------------------------------------------------------------------------


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


# -- The ways to install, tried in turn --------------------------------------------------------------------------


def tried(lab, monkeypatch, modules, uv, fail=(), output="odd", what=setup.set_up):
    """The steps of a set-up on a Python with these modules, where the tools named in `fail` print `output`."""
    steps = []

    def run_tool(kit, command, title, only_default_index=False):
        words = [str(word) for word in command]
        step = ("uv " if words[0] == "/uv" else "") + " ".join(
            word for word in words[1:] if word in ("venv", "--without-pip", "pip", "sync", "install", "--target", "--python")
        )
        steps.append(step)
        return (1, output) if step in fail else (0, "")

    monkeypatch.setattr(tools, "run_tool", run_tool)
    monkeypatch.setattr(tools, "have", lambda name: name in modules)
    monkeypatch.setattr(tools, "find_uv", lambda kit: "/uv" if uv or any("--target" in step for step in steps) else None)
    monkeypatch.setattr(setup, "add_crmlab", lambda kit: None)
    monkeypatch.setattr(setup, "_site_packages", lambda kit: None)
    monkeypatch.setattr(stamps, "write_stamp", lambda *facts: None)
    what(lab)
    return steps


def set_up_nbgrader(lab):
    setup.set_up_add_on(lab, lab.nbgrader)


ALL = {"venv", "ensurepip", "pip"}


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


# -- nbgrader, in a folder of its own ----------------------------------------------------------------------------


@posix
def test_nbgrader_is_set_up_once_and_started_in_the_users_folder(kit):
    (kit.parent / "nbgrader.py").write_text("raise SystemExit('a stranger')")  # the user's own file of that name
    status, out, err = run(kit, "nbgrader", "autograde", "a b")
    *told, last = out.splitlines()
    assert (status, err, last) == (7, "", f"nbgrader ['autograde', 'a b'] {kit.parent}")
    assert told[2] == "Setting up nbgrader in .tools/nbgrader (first time): 1 packages, about 80 MB on disk, once."
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


# -- The tests' tools: for those who test, in any order ----------------------------------------------------------


@posix
def test_tests_are_set_up_once_and_run(kit):
    status, out, err = run(kit, "test", "-k", "one")
    assert (status, err) == (7, "")
    assert out.splitlines()[-1] == f"pytest ['-k', 'one'] {kit}"
    assert "Setting up the tests' tools in .tools/test (first time): 1 packages, about 350 MB on disk, once." in out
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


# -- nbgrader, again: by which tool, and what fails --------------------------------------------------------------


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


# -- One sentence for each thing that goes wrong -----------------------------------------------------------------

# Printed by uv 0.13, pip 23 to 26 and venv when it happened.
SAID = {
    "uv: no connection": (
        """error: Request failed after 3 retries in 4.1s
  cause: Failed to fetch: http://127.0.0.1:9/simple/stack-data/
  cause: tcp connect error
  cause: Connection refused (os error 111)""",
        "index could not be reached",
    ),
    "uv: no name service": (
        """  cause: client error (Connect)
  cause: dns error
  cause: failed to lookup address information: Name or service not known""",
        "index could not be reached",
    ),
    "uv: offline": (
        """error: No solution found when resolving dependencies
hint: Packages were unavailable because the network was disabled.""",
        "index could not be reached",
    ),
    "uv: certificate": (
        """error: Failed to fetch: https://mirror.test/simple/tornado/
  cause: invalid peer certificate: UnknownIssuer""",
        "certificate of the package index is not trusted",
    ),
    "uv: disk": (
        """error: Failed to install: duckdb-2.0.0-cp311-cp311-manylinux_2_28_x86_64.whl (duckdb==2.0.0)
  cause: failed to copy file from /c/_duckdb.so to /v/_duckdb.so: No space left on device (os error 28)""",
        "disk is full",
    ),
    "uv: disk on Windows": ("  cause: There is not enough space on the disk. (os error 112)", "disk is full"),
    "uv: hash": ("  cause: Hash mismatch for `demo==1`", "its hash differs"),
    "uv: no such version": (
        """error: No solution found when resolving dependencies
  cause: Because there is no version of anyio==4.16.0 and you require anyio==4.16.0, ...""",
        "lacks a version",
    ),
    "uv: long path": ("  cause: The filename or extension is too long. (os error 206)", "move the folder to a shorter place"),
    "uv: held by OneDrive": (
        "  cause: The process cannot access the file because it is being used by another process. (os error 32)",
        "such as OneDrive",
    ),
    "pip: held": ("ERROR: [WinError 32] The process cannot access the file: 'C:\\\\kit\\\\x.pyd'", "Another program holds"),
    "uv: in use": ("  cause: failed to remove file `python.exe`: Access is denied. (os error 5)", "could not be written"),
    "pip: no connection": (
        """WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/uv/
ERROR: Could not find a version that satisfies the requirement uv==0.13.9 (from versions: none)
ERROR: No matching distribution found for uv==0.13.9""",
        "index could not be reached",
    ),
    "pip: disk": ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
    "pip: hash": ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
    "pip: no such version": ("ERROR: No matching distribution found for demo==1", "lacks a version"),
    "venv: disk": ("Error: [Errno 28] No space left on device", "disk is full"),
    "venv: permission": ("Error: [Errno 13] Permission denied: '/kit/.venv'", "could not be written"),
    "anything": ("error: the moon is in the wrong house", "reason in the lines above"),
}


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


# -- Handing over ------------------------------------------------------------------------------------------------


@pytest.fixture
def handed(ready, monkeypatch):
    """What lab.py becomes: (command, working folder) are noted instead of executed."""
    seen = []
    monkeypatch.setattr(handover, "hand_over", lambda command: seen.append((command, os.getcwd())))
    monkeypatch.chdir(ready.root.parent)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    (ready.root / "notebooks").mkdir()
    yield seen
    os.environ.pop("JUPYTER_TOKEN", None)
    os.environ.pop("OMP_NUM_THREADS", None)


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
    assert folder == str(ready.root)
    assert os.environ["PATH"].split(os.pathsep)[0] == str(ready.layout.python.parent)  # the terminal knows `crmlab`
    [port] = [word.split("=")[1] for word in command if word.startswith("--ServerApp.port=")]
    address = f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start.ipynb?token={os.environ['JUPYTER_TOKEN']}"
    assert address in capsys.readouterr().out
    assert len(os.environ["JUPYTER_TOKEN"]) >= 32
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_browser_and_root():
    assert not {"--no-browser", "--allow-root"} & set(jupyter.lab_command("p", "/r", 8888, True, False))
    assert {"--no-browser", "--allow-root"} <= set(jupyter.lab_command("p", "/r", 8888, False, True))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], (True, None)),
        (["--no-browser"], (False, None)),
        (["--port", "9000"], (True, 9000)),
        (["--port=9000", "--no-browser"], (False, 9000)),
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
    (kit / "notebooks").mkdir()
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
        if held:
            raise OSError(errno.EACCES, "held by another")

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    with open(ready.lock) as file:
        held = False
        assert mutex.take_lock(file)
        held = True
        assert not mutex.take_lock(file)


def test_on_windows_a_running_python_cannot_delete_itself(ready, windows, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(ready.venv))
    with pytest.raises(SystemExit) as stop:
        setup.make_venv(ready, None)
    assert "close this window" in one_sentence(stop.value.code)


# -- The locks and environment.yml -------------------------------------------------------------------------------


def pins(text):
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in LOCK_NAMES}
PINS = {name: pins(text) for name, text in LOCKS.items()}
PINNED = {name: [Requirement(pin.split("--hash")[0].strip()) for pin in lock_pins] for name, lock_pins in PINS.items()}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_pins_with_hashes_and_nothing_else(name):
    assert "://" not in LOCKS[name]  # addresses belong to the user's settings
    for pin in PINS[name]:
        assert re.match(r"[A-Za-z0-9._-]+==[^\s;]+( ; [^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+$", pin), pin
    assert len(PINS["requirements.lock"]) > 100


def wanted():
    groups = PYPROJECT["dependency-groups"]
    by_lock = zip(LOCK_NAMES, (PYPROJECT["project"]["dependencies"], groups["test"], groups["nbgrader"]), strict=True)
    return [(name, text) for name, texts in by_lock for text in texts]


@pytest.mark.parametrize(("name", "text"), wanted())
def test_what_pyproject_asks_for_is_in_a_lock(name, text):
    requirement = Requirement(text)
    matches = [
        pin for lock in {"requirements.lock", name} for pin in PINNED[lock]
        if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
    ]  # fmt: skip
    assert matches, "run: python lab.py lock"
    for pin in matches:
        [version] = pin.specifier
        assert requirement.specifier.contains(version.version, prereleases=True)


def test_no_package_is_in_two_locks_in_two_versions():
    """What lies beside .venv comes before or behind it: a second copy would hide or be hidden."""
    main, test, nbgrader = ({canonicalize_name(pin.name): str(pin.specifier) for pin in pins} for pins in PINNED.values())
    assert not main.keys() & (test.keys() | nbgrader.keys())
    assert {name: test[name] for name in test.keys() & nbgrader.keys()} == {
        name: nbgrader[name] for name in test.keys() & nbgrader.keys()
    }
    assert "nbgrader" in nbgrader


def test_students_get_no_tools_for_tests():
    everyone = {canonicalize_name(pin.name) for pin in PINNED["requirements.lock"]}
    assert not everyone & {
        "pytest",
        "playwright",
        "ruff",
        "hypothesis",
        "mypy",
        "nbval",
        "import-linter",
        "build",
        "setuptools",
    }


def imports(folder):
    """The packages that the modules of a folder import."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.split(".")[0], path.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0], path.name


def test_what_crmlab_imports_is_declared():
    declared = {canonicalize_name(Requirement(text).name) for text in PYPROJECT["project"]["dependencies"]}
    distributions = {"ibis": "ibis-framework", "IPython": "ipython"}
    for name, file in imports("crmlab"):
        if name not in sys.stdlib_module_names and name != "crmlab":
            assert canonicalize_name(distributions.get(name, name)) in declared, f"{file} imports {name}"


@posix
def test_lock_writes_all_locks_and_the_environment(kit):
    shutil.copy(ROOT / "pyproject.toml", kit)
    here = "demo==1 \\\n    --hash=sha256:00\nshared==2 ; os_name == 'nt' \\\n    --hash=sha256:11 \\\n    --hash=sha256:12\n"
    tools_only = "pytest==3 \\\n    --hash=sha256:22 \\\n    --hash=sha256:23\n"
    more = "nbgrader==3 \\\n    --hash=sha256:22 \\\n    --hash=sha256:23\n"
    resolved = (here, here.partition("shared")[0] + tools_only, more + "shared==2 \\\n    --hash=sha256:11\n")
    for name, text in zip(LOCK_NAMES, resolved, strict=True):
        (kit / f"{name}.new").write_text(text)
    compiles = """echo "$@" >> "$KIT/words"; while [ "$1" != -o ]; do shift; done; cat "$2" >> "$KIT/before"
        cp "$KIT/$(basename "$2").new" "$2"; exit"""
    before = "".join((kit / name).read_text() for name in LOCK_NAMES)
    status, out, err = run(kit, "lock", "--upgrade", uv_does=compiles)
    assert (status, err) == (0, "")
    assert out == f"{', '.join(LOCK_NAMES)} and environment.yml are written.\n"
    for name, text in zip(LOCK_NAMES, (here, tools_only, more), strict=True):
        assert (kit / name).read_text() == text
    assert (kit / "before").read_text() == before, "uv sees the old locks, so that it keeps their versions"
    assert (kit / "environment.yml").read_text() == (ROOT / "environment.yml").read_text()
    main, test, nbgrader = (kit / "words").read_text().splitlines()
    for words in main, test, nbgrader:
        assert words.startswith("pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url ")
        assert words.endswith(" --upgrade")
    assert f"/requirements.lock {kit}/pyproject.toml --upgrade" in main
    assert f" --group {kit}/pyproject.toml:test --constraints " in test
    assert f" --group {kit}/pyproject.toml:nbgrader --constraints " in nbgrader
    assert nbgrader.count("--constraints") == 2


@posix
@pytest.mark.parametrize("failing", LOCK_NAMES)
def test_locks_that_cannot_be_resolved_stay_as_they_were(kit, failing):
    shutil.copy(ROOT / "pyproject.toml", kit)
    before = {name: (kit / name).read_bytes() for name in LOCK_NAMES}
    fails = f"""for word in "$@"; do case "$word" in */.tools/*/{failing}) last=$word; esac; done
        while [ "$1" != -o ]; do shift; done; [ "$2" = "$last" ] && {{ echo 'dns error' >&2; exit 2; }}
        echo changed==1 > "$2"; exit"""
    status, _, err = run(kit, "lock", uv_does=fails)
    assert status == 1
    assert "could not be reached" in one_sentence(err)
    assert {name: (kit / name).read_bytes() for name in LOCK_NAMES} == before


def test_environment_yml_is_what_lab_makes():
    made = resolve.environment_yml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == made
    assert made.splitlines()[0].startswith("#")
    assert "python lab.py lock" in made.splitlines()[0]
    assert f"  - python {PYPROJECT['project']['requires-python']}\n" in made
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(made) == {
        "name": "crmlab",
        "channels": ["conda-forge"],
        "dependencies": ["python " + PYPROJECT["project"]["requires-python"], "pip", {"pip": ["-r requirements.lock"]}],
    }
