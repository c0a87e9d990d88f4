#!/usr/bin/env python3
"""Set up crmlab and open it. Needs Python 3.11 to 3.14 and nothing else.

  python lab.py                       set up what is missing, then open JupyterLab on the first lesson
      --no-browser                    print the address instead of opening a browser
      --port N                        use this port (without it, a free one is found)
  python lab.py test [PYTEST OPTION]  set up what is missing, then run the tests
  python lab.py setup                 set up only
  python lab.py WORD ...              the same as the command `crmlab WORD ...`, e.g. report orders.csv
  python lab.py nbgrader WORD ...     nbgrader, for courses that use it: set up once, and apart from JupyterLab
  python lab.py lock [UV OPTION]      for maintainers: resolve the requirements anew, write environment.yml

Everything goes into .venv and .tools beside this file: to undo a set-up, delete the two folders.
CRMLAB_NO_UV=1 installs with pip instead of the faster uv.
"""

# This file must parse on every Python, so that a too old one gets the sentence below instead of a SyntaxError:
# no f-strings, annotations or {**a}; and the sentence comes before imports that an old Python does not have.
# ruff: noqa: E402, UP010, UP031, RUF005
from __future__ import print_function

import sys

OLDEST, TOO_NEW = (3, 11), (3, 15)  # requires-python of pyproject.toml; a test holds them equal
if not OLDEST <= tuple(sys.version_info[:2]) < TOO_NEW:
    sys.exit(
        "crmlab runs on Python 3.11 to 3.14, but this is Python %d.%d (%s): install one of those and start lab.py "
        "with it, for instance: python3.13 lab.py" % (tuple(sys.version_info[:2]) + (sys.executable,))
    )

import ast
import collections
import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(os.path.abspath(__file__)).parent
VENV, TOOLS = ROOT / ".venv", ROOT / ".tools"
LOCK, STAMP = ROOT / "requirements.lock", VENV / "crmlab-setup.json"
# What nbgrader needs beyond requirements.lock. In .venv it would put its buttons into the JupyterLab of every student.
NBGRADER_LOCK, NBGRADER = ROOT / "requirements-nbgrader.lock", TOOLS / "nbgrader"
NBGRADER_STAMP = NBGRADER / STAMP.name
LESSON = "notebooks/00_start.ipynb"
WINDOWS = os.name == "nt"
WAIT_MINUTES = 30  # how long to wait for another lab.py that is setting up the same folder
AGAIN = "then run the same command again"

# uv is fetched where the machine has none. Hashes of its wheels for all platforms, as in requirements.lock.
UV_PIN = """uv==0.13.9 \\
    --hash=sha256:16963d19594e18d746a70c7fce82237bde4f2cac4cfcf0ca2b84796fe9d0c6e9 \\
    --hash=sha256:2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25 \\
    --hash=sha256:3eeeb51a267a2144640fcd8f38d4a2f63439b39bc47445fd84727c3fc462c843 \\
    --hash=sha256:5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe \\
    --hash=sha256:56ec37616c00220032fc7b8c9d0ef51367fd0d70d9cd6ddd841660f949f84fed \\
    --hash=sha256:66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63 \\
    --hash=sha256:6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b \\
    --hash=sha256:6b0c7b9f47a5d011939d61e324d3fe18a8bc155d8dd53add738709a92f290a7c \\
    --hash=sha256:6d5114bba238adddacb32fb11904f2b3ff4e988f8e9ff0d8d3b5e9822cf836b8 \\
    --hash=sha256:7ec1e1dd9b6cb335c301afdf877989df384227313981850755a59561f75e4ab8 \\
    --hash=sha256:a2ee66fe8b6608e1482ab1bde5799da04705c1cb40324c7f66054ecf46ae6e40 \\
    --hash=sha256:a6e845f387e4ed55bb59342957a9179e24a631fcc7668bda3426ae1cef8ed4b9 \\
    --hash=sha256:c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5 \\
    --hash=sha256:c5dbdb7c8737cd183a9dce95b39cfd1f3d54ec2a27a1bb58f160293f9ba2c805 \\
    --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \\
    --hash=sha256:db5c8df7145c21ffea9c0f74e38823bac3af60cbadf0e26b8633f08627b17bab \\
    --hash=sha256:dd6f4f93ddf8a668c73f0945f3638444b2140a4e15a3912067493fc6335543e4 \\
    --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375 \\
    --hash=sha256:eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273"""

Places = collections.namedtuple("Places", "python site_packages command command_text")


# -- Where things are, and in what state ------------------------------------------------------------------------


def layout(venv, os_name):
    """The places in a virtual environment, for any system from any system; site_packages is a pattern in venv."""
    if os_name == "nt":
        bin_folder = pathlib.PureWindowsPath(venv) / "Scripts"
        return Places(
            bin_folder / "python.exe", "Lib/site-packages", bin_folder / "crmlab.cmd", '@"%~dp0python.exe" -P -m crmlab %*\r\n'
        )
    bin_folder = pathlib.PurePosixPath(venv) / "bin"
    python = bin_folder / "python"
    # A shell script, since a "#!" line can hold neither a space nor a long path.
    return Places(
        python,
        "lib/python3*/site-packages",
        bin_folder / "crmlab",
        '#!/bin/sh\nexec %s -P -m crmlab "$@"\n' % shlex.quote(str(python)),
    )


PLACES = layout(VENV, os.name)
PYTHON = str(PLACES.python)


def site_packages():
    """The folder of installed packages, or None while there is none."""
    return next(iter(sorted(VENV.glob(PLACES.site_packages))), None)


def stamp_key(lock_bytes, version, platform, root):
    """What an environment was made from. The folder counts, since an environment cannot be moved or copied."""
    facts = [hashlib.sha256(lock_bytes).hexdigest(), "%d.%d" % tuple(version[:2]), platform, str(root)]
    return " ".join(facts)


def packages(site):
    """What stands in site-packages, less what may come and go: caches, and the versions in names of .dist-info."""
    return sorted(p.name for p in site.iterdir() if p.suffix != ".dist-info" and p.name != "__pycache__")


def current_key(lock=LOCK):
    if not lock.is_file():
        sys.exit(
            "%s, the list of what to install, is missing from %s: "
            "get it from the crmlab repository (git checkout %s), %s." % (lock.name, ROOT, lock.name, AGAIN)
        )
    return stamp_key(lock.read_bytes(), sys.version_info, sys.platform, ROOT)


def why_set_up():
    """Why .venv must be made (again), or None when it is complete. Quick: this runs at every start."""
    key = current_key()
    if not VENV.exists():
        return "first time"
    why = why_unfit(key, STAMP, site_packages())
    return why or (None if python_starts() else "the Python in .venv does not start")


def why_set_up_nbgrader():
    """The same of .tools/nbgrader."""
    key = current_key(NBGRADER_LOCK)
    return why_unfit(key, NBGRADER_STAMP, NBGRADER) if NBGRADER.exists() else "first time"


def why_unfit(key, stamp, site):
    """Why packages must be installed again, from the stamp of their installation; None when all is as it was made."""
    try:
        held = json.loads(stamp.read_text(encoding="utf-8"))
        was, made_of = held["key"], set(held["packages"])
    except (OSError, ValueError, KeyError, TypeError):  # the stamp is written last: without it nothing is sure
        return "the last set-up did not finish"
    if was != key:
        return "the lock, the Python version or the place of this folder has changed"
    if site is None or not made_of <= set(packages(site)):
        return "packages are missing from %s" % stamp.parent.relative_to(ROOT).as_posix()
    return None


def python_starts():
    test = "import sys; sys.exit(sys.version_info[:2] != (%d, %d))" % tuple(sys.version_info[:2])
    try:
        return subprocess.call([PYTHON, "-I", "-S", "-c", test], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def write_stamp(key, stamp=STAMP, site=None):
    draft = stamp.with_suffix(".draft")
    draft.write_text(json.dumps({"key": key, "packages": packages(site or site_packages())}), encoding="utf-8")
    os.replace(str(draft), str(stamp))


# -- The mirrors a user has told pip about ----------------------------------------------------------------------


def pip_settings(listing):
    """pip's settings from the text of `pip config list`; its variables (:env:) stand above its files."""
    found = {}
    for section in ("global", "install", ":env:"):
        for key, value in re.findall(r"^%s\.([\w-]+)=(.+)$" % section, listing, re.MULTILINE):
            with contextlib.suppress(SyntaxError, ValueError):
                found[key.lower().replace("_", "-")] = ast.literal_eval(value)
    return dict((key, value) for key, value in found.items() if value)


def is_there(place):
    """False only for a folder on this machine that does not exist: pip skips those, uv may stop at them."""
    if place.startswith("file:"):
        from urllib.request import url2pathname  # slow to import, and needed only here

        place = url2pathname(place[len("file:") :])
    return "://" in place or os.path.exists(os.path.expanduser(place))


def uv_settings(pip, environ, only_default=False):
    """Variables that tell uv what pip has been told; whatever the user has set for uv himself stays."""
    new = {"UV_SYSTEM_CERTS": "1"}  # without it uv ignores the certificates of the company or school
    indexes = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX")
    if not any(environ.get(name) for name in indexes):
        new["UV_DEFAULT_INDEX"] = pip.get("index-url", "")
        if not only_default:
            new["UV_INDEX"] = " ".join(filter(is_there, pip.get("extra-index-url", "").split()))
            new["UV_FIND_LINKS"] = ",".join(filter(is_there, pip.get("find-links", "").split()))
            new["UV_NO_INDEX"] = "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else ""
    # uv would take the first index that has the name at all; pip looks in all. Hashes make the choice safe.
    new["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    new["UV_INSECURE_HOST"] = " ".join(pip.get("trusted-host", "").split())
    new["UV_HTTP_TIMEOUT"] = pip.get("timeout", "") or pip.get("default-timeout", "")
    new["SSL_CERT_FILE"] = pip["cert"] if os.path.isfile(pip.get("cert", "")) else ""
    new["ALL_PROXY"] = "" if environ.get("HTTPS_PROXY") or environ.get("https_proxy") else pip.get("proxy", "")
    return dict((name, value) for name, value in new.items() if value and not environ.get(name))


def tool_environment(only_default_index=False):
    """The environment for uv and pip."""
    pip, listing = [sys.executable, "-P", "-m", "pip"] if have("pip") else pip_command(), ""
    if pip:
        asked = subprocess.run(pip + ["config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        listing = asked.stdout.decode("utf-8", "replace").replace("\r", "")
    quiet = {
        "NO_COLOR": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
    }
    return dict(os.environ, **dict(quiet, **uv_settings(pip_settings(listing), os.environ, only_default_index)))


# -- What can go wrong, and the sentence for it -----------------------------------------------------------------

FAILURES = [  # kind, the words of uv, pip, venv and the system for it, what to tell; the first that fits is taken
    (
        "disk",
        r"No space left|not enough space on the disk|Disk quota exceeded|os error (28|112|122)\b|Errno 28\b",
        "The disk is full: crmlab needs about 1.5 GB in its folder and in the cache of your home folder; "
        "make room, " + AGAIN + ".",
    ),
    (
        "hash",
        r"[Hh]ash mismatch|DO NOT MATCH THE HASHES",
        "A downloaded file is not the one that the lock asks for (its hash differs), so it was not installed: "
        "try again, and if that does not help, ask for another package index than the one that is set now.",
    ),
    (
        "certificate",
        r"peer certificate|CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "The certificate of the package index is not trusted here: set SSL_CERT_FILE to the certificate file of your "
        "network (your IT support knows it), " + AGAIN + ".",
    ),
    (
        "network",
        r"Failed to fetch|error sending request|dns error|Connection refused|Network is unreachable|"
        r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|name resolution|getaddrinfo failed|timed out|"
        r"Connection (broken|aborted|reset)|network was disabled",
        "The package index could not be reached: check the network, and the mirror or proxy if pip or uv is told "
        "to use one, " + AGAIN + ".",
    ),
    (
        "permission",
        r"Permission denied|Read-only file system|Access is denied|os error (5|13|30)\b|Errno (13|30)\b",
        "A folder could not be written: make sure that you may write in %s and that no notebook is still running "
        "there, %s." % (ROOT, AGAIN),
    ),
    (
        "missing",
        r"No matching distribution|No solution found|not found in the package registry",
        "The package index lacks a version that the lock asks for: if pip or uv is told to use a mirror, "
        "it may be out of date; try without it, or later.",
    ),
    ("other", r"", "The set-up failed for the reason in the lines above; mend that, " + AGAIN + "."),
]


def kind_of_failure(output):
    return next(kind for kind, words, _ in FAILURES if re.search(words, output))


def sentence_for(kind):
    return next(sentence for name, _, sentence in FAILURES if name == kind)


def sentence_for_oserror(error):
    if error.errno == errno.ENOSPC:
        return sentence_for("disk")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return sentence_for("permission")
    return "The computer refused a step of the work (%s): mend that, %s." % (error, AGAIN)


def fail(output):
    """End with the last lines of what a tool said, then one sentence."""
    print("\n".join("  | " + line[:160] for line in output.splitlines()[-8:]), file=sys.stderr)
    sys.exit(sentence_for(kind_of_failure(output)))


# -- Running the tools ------------------------------------------------------------------------------------------


def say(text):
    print(text, flush=True)


def show_progress(text, state):
    """On a terminal a line that rewrites itself; elsewhere (a log) a new line every ten seconds."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print("\r" + text.encode("ascii", "replace").decode()[:width].ljust(width), end="", flush=True)
    elif time.monotonic() - state.setdefault("shown", state["start"]) >= 10:
        state["shown"] = time.monotonic()
        say(text.encode("ascii", "replace").decode())


def run_tool(command, doing, only_default_index=False):
    """Run a program, show how far it is, and return its exit status and output."""
    lines, state = collections.deque(maxlen=300), {"start": time.monotonic()}
    try:
        # close_fds: on POSIX the child also holds the set-up lock, so that a child that outlives us is waited for.
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=tool_environment(only_default_index),
            close_fds=WINDOWS,
        )
    except OSError as error:  # not executable on this system
        return 127, str(error)
    reader = threading.Thread(
        target=lines.extend, daemon=True, args=[(raw.decode("utf-8", "replace").rstrip() for raw in child.stdout)]
    )
    try:
        job = end_with_us(child)
        reader.start()
        while child.poll() is None:
            time.sleep(0.1)
            show_progress(progress(doing, time.monotonic() - state["start"], lines, list(command)), state)
    finally:  # also when the user interrupts
        if child.poll() is None:
            child.terminate()
            child.wait()
        if sys.stdout.isatty():
            print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r", flush=True)
    reader.join(5)
    del job
    return child.returncode, "\n".join(lines)


def progress(doing, seconds, lines, command):
    site = command[command.index("--target") + 1] if "--target" in command else site_packages()
    count = sum(1 for _ in site.glob("*.dist-info")) if site else 0
    last = next((line.strip() for line in reversed(list(lines)) if line.strip()), "")
    return "  %s, %d s, %d packages so far  %s" % (doing, seconds, count, last[:60])


def first_that_works(commands, doing):
    """Try one way after the other; end with a sentence when none works, or trying on would be of no use."""
    for command in commands:
        status, output = run_tool(command, doing)
        if status == 0:
            return
        if command is commands[-1] or kind_of_failure(output) in ("disk", "network"):
            fail(output)
        say("  %s: the first way did not work, trying another." % doing)


# -- Making the environment -------------------------------------------------------------------------------------


def have(module):
    return importlib.util.find_spec(module) is not None


def pip_command():
    """pip of .venv, else that of the running Python working on .venv; None when there is neither."""
    site = site_packages()
    if site and any(site.glob("pip-*.dist-info")):
        return [PYTHON, "-P", "-m", "pip"]
    if have("pip"):
        return [sys.executable, "-P", "-m", "pip"] + (["--python", PYTHON] if site else [])
    return None


def find_uv():
    """uv of this machine, or the one fetched earlier, or None."""
    own = [TOOLS / folder / name for folder in ("bin", "Scripts") for name in ("uv", "uv.exe")]
    pinned = TOOLS / (UV_PIN.split()[0].replace("==", "-") + ".dist-info")
    return shutil.which("uv") or next((str(uv) for uv in own if uv.is_file() and pinned.is_dir()), None)


def fetch_uv():
    """Install the pinned uv into .tools with pip. None when that fails: pip alone then does the work, slower."""
    pip = pip_command()
    if pip is None:
        return None
    TOOLS.mkdir(exist_ok=True)
    wanted = TOOLS / "uv.txt"
    wanted.write_text(UV_PIN, encoding="utf-8")
    status, output = run_tool(
        pip
        + ["install", "--target", TOOLS, "--upgrade", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", wanted],
        "Fetching uv",
    )
    if status and kind_of_failure(output) in ("disk", "network"):
        fail(output)
    return None if status else find_uv()


def make_venv(uv):
    """Make an empty .venv, with pip in it where this Python can do that."""
    python = getattr(sys, "_base_executable", None) or sys.executable  # not that of a .venv about to be deleted
    if WINDOWS and pathlib.Path(sys.prefix) == VENV:
        sys.exit(
            "The environment in .venv must be made anew, but this is its own Python: "
            "close this window, open a new one, " + AGAIN + "."
        )
    if os.pathsep in str(VENV):
        sys.exit(
            "Python cannot make an environment in a folder with '%s' in its name: rename %s, %s." % (os.pathsep, ROOT, AGAIN)
        )
    ways = []
    if have("venv") and have("ensurepip"):
        ways.append([python, "-m", "venv", "--clear", VENV])
    if have("venv") and (uv or have("pip")):  # Debian leaves out ensurepip, and another pip will do
        ways.append([python, "-m", "venv", "--clear", "--without-pip", VENV])
    if uv:
        ways.append([uv, "venv", "--clear", "--python", python, VENV])
    if not ways:
        sys.exit(
            "This Python lacks the parts that make environments (venv, pip): install them "
            "(Debian and Ubuntu: sudo apt install python3-venv) or install uv, " + AGAIN + "."
        )
    first_that_works(ways, "Making .venv")


def install(uv, lock=LOCK, folder=None):
    """Install what a lock lists into .venv, or into a folder of its own."""
    to = ["--target", folder] if folder else []
    ways = [[uv, "pip", "sync", "--python", PYTHON, "--require-hashes", lock] + to] if uv else []
    if pip_command():
        to += ["--upgrade"] if folder else []  # else pip would keep what uv has left there half-done
        ways.append(pip_command() + ["install", "--require-hashes", "--no-deps", "-r", lock] + to)
    if not ways:
        sys.exit(
            "There is neither pip nor uv to install packages with: install one of them "
            "(Debian and Ubuntu: sudo apt install python3-venv), " + AGAIN + "."
        )
    first_that_works(ways, "Installing")


def add_crmlab():
    """Make `import crmlab` and the command crmlab work: the project itself is not among the locked packages."""
    site = site_packages()
    # Relative: Pythons differ in how they decode a path with, say, Chinese letters in a .pth file.
    (site / "crmlab.pth").write_text(os.path.relpath(str(ROOT), str(site)) + "\n", encoding="ascii")
    command = pathlib.Path(PLACES.command)
    command.write_bytes(PLACES.command_text.encode("utf-8"))
    command.chmod(0o755)
    # JupyterLab asks on its first start whether it may fetch news. It may not: nothing here needs a network.
    settings = VENV / "share/jupyter/lab/settings"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(quiet), encoding="utf-8")


def set_up():
    """Make .venv fit requirements.lock; a fraction of a second when it does already."""
    if why_set_up() is None:
        return
    with only_one_at_a_time():
        reason = why_set_up()  # another lab.py may have done it while we waited
        if reason is None:
            return
        start, key = time.monotonic(), current_key()
        count = len(pinned(LOCK.read_text(encoding="utf-8")))
        say("Setting up crmlab in .venv (%s): about %d packages, about 1 GB on disk, once." % (reason, count))
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            STAMP.unlink()
        allowed = not os.environ.get("CRMLAB_NO_UV")
        uv = (find_uv() or (None if have("venv") else fetch_uv())) if allowed else None
        make_venv(uv)
        install((uv or fetch_uv()) if allowed else None)
        add_crmlab()
        write_stamp(key)
        say("Ready after %d s." % (time.monotonic() - start))


def set_up_nbgrader():
    """Make .venv and .tools/nbgrader fit their locks."""
    set_up()
    if why_set_up_nbgrader() is None:
        return
    with only_one_at_a_time():
        reason = why_set_up_nbgrader()
        if reason is None:
            return
        start, key = time.monotonic(), current_key(NBGRADER_LOCK)
        count = len(pinned(NBGRADER_LOCK.read_text(encoding="utf-8")))
        say("Setting up nbgrader in .tools/nbgrader (%s): %d packages, about 80 MB on disk, once." % (reason, count))
        with contextlib.suppress(FileNotFoundError):
            NBGRADER_STAMP.unlink()
        if NBGRADER.exists():
            shutil.rmtree(str(NBGRADER))
        NBGRADER.mkdir()
        install(None if os.environ.get("CRMLAB_NO_UV") else find_uv(), NBGRADER_LOCK, NBGRADER)
        write_stamp(key, NBGRADER_STAMP, NBGRADER)
        say("Ready after %d s." % (time.monotonic() - start))


@contextlib.contextmanager
def only_one_at_a_time():
    """Hold a lock of the operating system, which forgets it when its holders die: no stale lock can remain."""
    TOOLS.mkdir(exist_ok=True)
    with open(str(TOOLS / "set-up.lock"), "a") as file:
        if not WINDOWS:
            os.set_inheritable(file.fileno(), True)
        give_up = time.monotonic() + WAIT_MINUTES * 60
        told = False
        while not take_lock(file):
            if not told:
                say("Another lab.py is setting up this folder: waiting for it.")
                told = True
            if time.monotonic() > give_up:
                sys.exit("Another lab.py has been setting up this folder for %d minutes: end it, %s." % (WAIT_MINUTES, AGAIN))
            time.sleep(0.3)
        yield


def take_lock(file):
    """True when the lock is ours, or when this file system knows no locks."""
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


# -- Handing over to the environment ----------------------------------------------------------------------------


def hand_over(command):
    """Become another program, so that whoever ends lab.py ends that program, and sees its exit status."""
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    child = subprocess.Popen(command)  # Windows cannot replace a running program
    job = end_with_us(child)
    while True:
        try:
            status = child.wait()
            break
        except KeyboardInterrupt:  # the child has got it too, and decides
            continue
    del job
    sys.exit(status)


def end_with_us(child):
    """On Windows, tie a child to this process by a job that ends when we do, however we end."""
    if not WINDOWS:
        return None
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    job = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
    # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, all zero but LimitFlags at byte 16: KILL_ON_JOB_CLOSE, and
    # SILENT_BREAKAWAY_OK so that the browser which Jupyter opens is not closed with it.
    limits = bytearray(144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112)
    limits[16:20] = (0x2000 | 0x1000).to_bytes(4, "little")
    buffer = (ctypes.c_char * len(limits)).from_buffer(limits)
    kernel.SetInformationJobObject(job, 9, buffer, len(limits))
    kernel.AssignProcessToJobObject(job, ctypes.c_void_p(int(child._handle)))
    return job  # the handle closes with this process


def free_port(asked, first=8888):
    """The port asked for, if it is free; else the first free one from 8888 on."""
    for port in [asked] if asked else range(first, first + 100):
        with socket.socket() as probe:
            if not WINDOWS:  # there it would let us share a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except (OSError, OverflowError):
                continue
    sys.exit(
        "Port %s cannot be used, most likely because another program does: choose another one, "
        "or leave --port out and a free one is found." % (asked or "%d to %d" % (first, first + 99))
    )


def lab_command(python, root, port, browser, as_root):
    """JupyterLab on the first lesson: for this machine only, and without a look at the network."""
    command = [
        python,
        "-m",
        "jupyterlab",
        LESSON,
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=%d" % port,
        "--ServerApp.root_dir=%s" % root,
        "--ServerApp.answer_yes=True",
        "--Application.log_level=WARN",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--LanguageServerManager.autodetect=False",
        "--KernelManager.transport_encryption=auto",  # else each kernel warns that others here could listen
    ]
    return command + ([] if browser else ["--no-browser"]) + (["--allow-root"] if as_root else [])


def lab_options(words):
    """(open a browser?, port or None) from the words after `lab.py`."""
    browser, port, words = True, None, list(words)
    while words:
        word = words.pop(0)
        if word == "--no-browser":
            browser = False
        elif word == "--port" and words:
            port = words.pop(0)
        elif word.startswith("--port="):
            port = word[len("--port=") :]
        else:
            sys.exit("lab.py does not know what to do with '%s': see python lab.py --help." % word)
    if port is not None and not (port.isdigit() and 0 < int(port) < 65536):
        sys.exit("--port needs a number from 1 to 65535, not '%s'." % port)
    return browser, int(port) if port else None


def open_lab(words):
    browser, port = lab_options(words)
    set_up()
    port = free_port(port)
    # We choose the token, since JupyterLab starts too late for us to print the address it would choose.
    token = os.environ.setdefault("JUPYTER_TOKEN", secrets.token_hex(16))
    say(
        "JupyterLab is starting%s. Its address:\n\n    http://127.0.0.1:%d/lab/tree/%s?token=%s\n\n"
        "To end it, press Ctrl-C here." % (" in your browser" if browser else "", port, LESSON, token)
    )
    # So that JupyterLab's terminal knows the command crmlab.
    os.environ["PATH"] = os.pathsep.join([str(PLACES.python.parent), os.environ.get("PATH", os.defpath)])
    os.chdir(str(ROOT))
    hand_over(lab_command(PYTHON, ROOT, port, browser, hasattr(os, "geteuid") and os.geteuid() == 0))


def pytest_options(words, cores):
    """The user's options, or, when there are none, as many workers as help."""
    return list(words) or ["-n", str(min(4, max(2, cores or 2))), "--dist", "loadfile"]


def set_up_only(words):
    set_up()
    say("The environment in .venv is complete.")


def run_tests(words):
    set_up_nbgrader()  # one of them uses it, and none of them asks the network
    os.environ["OMP_NUM_THREADS"] = "1"  # the workers fill the cores: threads inside them would fight
    os.chdir(str(ROOT))
    hand_over([PYTHON, "-m", "pytest"] + pytest_options(words, os.cpu_count()))


def run_word(words):
    set_up()
    hand_over([PYTHON, "-P", "-m", "crmlab"] + list(words))  # -P: a random.py in the user's folder is not ours


def run_nbgrader(words):
    set_up_nbgrader()
    # Variables, since nbgrader starts other programs: kernels, and alembic for its database.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(NBGRADER), os.environ.get("PYTHONPATH")]))
    programs = [str(NBGRADER / "bin"), str(NBGRADER / "Scripts")]
    os.environ["PATH"] = os.pathsep.join(programs + [os.environ.get("PATH", os.defpath)])
    hand_over([PYTHON, "-P", "-m", "nbgrader"] + list(words))


# -- For maintainers --------------------------------------------------------------------------------------------


def environment_yml(pyproject_text):
    """environment.yml for conda and Binder, from the text of pyproject.toml."""
    import tomllib

    bounds = tomllib.loads(pyproject_text)["project"]["requires-python"].replace(" ", "")
    return (
        "# Generated by `python lab.py lock` from pyproject.toml and requirements.lock: do not edit.\n"
        "name: crmlab\nchannels:\n  - conda-forge\ndependencies:\n  - python %s\n  - pip\n"
        '  - pip:\n      - "-r requirements.lock"\n' % bounds
    )


def pinned(lock_text):
    """The names of the packages in a lock."""
    return set(re.findall(r"^([A-Za-z0-9._-]+)==", lock_text, re.MULTILINE))


def without(lock_text, names):
    """A lock less the packages of these names. Each begins at the start of a line, and its hashes are indented."""
    return "".join(block for block in re.split(r"^(?=\S)", lock_text, flags=re.MULTILINE) if not pinned(block) & names)


def resolve(uv, words, target):
    """Write a lock for all systems. It records no address, so any mirror serves it."""
    command = [
        uv,
        "pip",
        "compile",
        "--universal",
        "--python-version",
        "%d.%d" % OLDEST,
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-header",
        "--no-annotate",
        "-o",
        target,
    ]
    # Only the main index: a local folder of wheels knows the hashes of this machine's wheels and no others.
    status, output = run_tool(command + words, "Resolving", only_default_index=True)
    if status:
        fail(output)


def lock(words):
    """Resolve requirements.lock anew, then what nbgrader needs beside it; write environment.yml."""
    uv = find_uv() or fetch_uv()
    if uv is None:
        sys.exit("Resolving requirements.lock needs uv, and it could not be installed: install it, " + AGAIN + ".")
    pyproject = ROOT / "pyproject.toml"
    resolve(uv, ["--group", "%s:test" % pyproject, pyproject] + list(words), LOCK)
    resolve(uv, ["--group", "%s:nbgrader" % pyproject, "--constraints", LOCK] + list(words), NBGRADER_LOCK)
    text = without(NBGRADER_LOCK.read_text(encoding="utf-8"), pinned(LOCK.read_text(encoding="utf-8")))
    NBGRADER_LOCK.write_bytes(text.encode("utf-8"))
    text = environment_yml(pyproject.read_text(encoding="utf-8"))
    (ROOT / "environment.yml").write_bytes(text.encode("utf-8"))
    say("requirements.lock, requirements-nbgrader.lock and environment.yml are written.")


def main(words):
    commands = {"lab": open_lab, "test": run_tests, "setup": set_up_only, "nbgrader": run_nbgrader, "lock": lock}
    if words and words[0] in ("-h", "--help", "help"):
        return print(__doc__)
    if not words or words[0].startswith("-"):
        return open_lab(words)
    if words[0] in commands:
        return commands[words[0]](words[1:])
    return run_word(words)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an installer we have started is ended too
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    except OSError as problem:
        sys.exit(sentence_for_oserror(problem))
