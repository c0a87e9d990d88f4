"""A kit for tests of lab.py: a folder with a copy of it, small locks, and a `uv` that is a shell script.

No network and no real installation here: the script prints what the real one prints. Whether the real locks install, every
real set-up shows. The fixtures are known to all test files (`conftest.py` names this file as a plug-in).
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import tomllib

import pytest

from crmlab._lab import handover, setup, stamps, tools
from crmlab._lab.places import Kit

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCE = ROOT / "lab.py"
BEHIND = [*sorted((ROOT / "crmlab/_lab").glob("*.py")), ROOT / "crmlab/_write.py"]
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
    shutil.copy(ROOT / "crmlab/_write.py", folder / "crmlab")
    shutil.copy(SOURCE, folder)
    for name, package in zip(LOCK_NAMES, ("demo", "pytest", "nbgrader"), strict=True):
        (folder / name).write_text(f"{package}==1 \\\n    --hash=sha256:00\n")
    (folder / "notebooks").mkdir()
    (folder / "notebooks/00_start.ipynb").write_text("{}")
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


@pytest.fixture
def handed(ready, monkeypatch):
    """What lab.py becomes: (command, working folder) are noted instead of executed."""
    seen = []
    monkeypatch.setattr(handover, "hand_over", lambda command: seen.append((command, os.getcwd())))
    monkeypatch.chdir(ready.root.parent)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    yield seen
    os.environ.pop("JUPYTER_TOKEN", None)
    os.environ.pop("OMP_NUM_THREADS", None)


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
