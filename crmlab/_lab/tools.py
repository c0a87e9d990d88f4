"""Tools: running uv, pip and venv, and finding or fetching uv.

A tool runs with its output held back; the user sees how far it is, and its last lines if it fails. This room starts
programs; which steps a set-up takes stands in ``setup``.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from crmlab._lab import handover, mirrors, places, terminal
from crmlab._lab.failures import fail, kind_of_failure
from crmlab._lab.places import Kit

#: uv is fetched where the machine has none. Hashes of its wheels for all platforms, as in requirements.lock.
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

Command = Sequence[str | Path]


def have(module: str) -> bool:
    """Tell whether the running Python has a module."""
    return importlib.util.find_spec(module) is not None


def pip_command(kit: Kit) -> list[str] | None:
    """Return pip of .venv, else that of the running Python working on .venv; None when there is neither."""
    site = kit.site_packages()
    if site and any(site.glob("pip-*.dist-info")):
        return [kit.python, "-P", "-m", "pip"]
    if have("pip"):
        return [sys.executable, "-P", "-m", "pip", *(["--python", kit.python] if site else [])]
    return None


def find_uv(kit: Kit) -> str | None:
    """Return uv of this machine, or the one fetched earlier, or None."""
    fetched = [kit.tools / folder / name for folder in ("bin", "Scripts") for name in ("uv", "uv.exe")]
    whole = (kit.tools / (UV_PIN.split()[0].replace("==", "-") + ".dist-info")).is_dir()
    return shutil.which("uv") or next((str(uv) for uv in fetched if uv.is_file() and whole), None)


def fetch_uv(kit: Kit) -> str | None:
    """Install the pinned uv into .tools with pip. None when that fails: pip alone then does the work, slower."""
    pip = pip_command(kit)
    if pip is None:
        return None
    kit.tools.mkdir(exist_ok=True)
    requirement = kit.tools / "uv.txt"
    requirement.write_text(UV_PIN, encoding="utf-8")
    options = ["--upgrade", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(requirement)]
    status, output = run_tool(kit, [*pip, "install", "--target", str(kit.tools), *options], "Fetching uv")
    if status and kind_of_failure(output) in ("disk", "network"):
        fail(output, kit.root)
    return None if status else find_uv(kit)


def run_tool(kit: Kit, command: Command, title: str, *, only_default_index: bool = False) -> tuple[int, str]:
    """Run a program, show how far it is, and return its exit status and output."""
    own_pip = [sys.executable, "-P", "-m", "pip"] if have("pip") else pip_command(kit)
    try:
        # close_fds: on POSIX the child also holds the set-up lock, so that a child that outlives us is waited for.
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=mirrors.tool_environment(own_pip, only_default_index=only_default_index),
            close_fds=places.WINDOWS,
        )
    except OSError as error:  # not executable on this system
        return 127, str(error)
    return _follow(child, lambda seconds, lines: progress(kit, title, seconds, lines, command))


def _follow(child: subprocess.Popen[bytes], describe: Callable[[float, Sequence[str]], str]) -> tuple[int, str]:
    """Wait for a child, and take it along when the user interrupts."""
    lines: deque[str] = deque(maxlen=300)
    progress = terminal.Progress()
    stream = child.stdout
    decoded = (raw.decode("utf-8", "replace").rstrip() for raw in stream) if stream else iter(())
    reader = threading.Thread(target=lines.extend, daemon=True, args=[decoded])
    try:
        job = handover.end_with_us(child)
        reader.start()
        while child.poll() is None:
            time.sleep(0.1)
            progress.show(describe(progress.seconds(), list(lines)))
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
        progress.clear()
    reader.join(5)
    del job
    return child.returncode, "\n".join(lines)


def progress(kit: Kit, title: str, seconds: float, lines: Sequence[str], command: Command) -> str:
    """Say how far an installation is: the packages in the folder that it fills, and the last line of the tool."""
    words = list(command)
    site = Path(words[words.index("--target") + 1]) if "--target" in words else kit.site_packages()
    count = sum(1 for _ in site.glob("*.dist-info")) if site else 0
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"  {title}, {seconds:.0f} s, {count} packages so far  {last[:60]}"


def first_that_works(kit: Kit, commands: Sequence[Command], title: str) -> None:
    """Try one command after the other; end with a sentence when none works, or trying on would be of no use."""
    for command in commands:
        status, output = run_tool(kit, command, title)
        if status == 0:
            return
        if command is commands[-1] or kind_of_failure(output) in ("disk", "network"):
            fail(output, kit.root)
        terminal.say(f"  {title}: the first way did not work, trying another.")
