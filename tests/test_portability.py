"""Other systems, as far as they can be played here: what Windows and macOS do differently, and a wheel away from the kit.

Set-up on other systems stands in ``test_lab.py``, paths of kept tables in ``test_datasets_store.py``.
"""

import io
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path, PurePath

import pytest
from packaging.version import Version

from crmlab import __main__, _write, datasets
from crmlab._lab import terminal

ROOT = Path(__file__).resolve().parents[1]
NAMES = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]


# -- Consoles: what an encoding lacks never stops a command -------------------------------------------------------


def output_of(encoding, monkeypatch, *words):
    """What a command writes where the output is encoded as on a Windows of another language."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    status = __main__.main(words)
    sys.stdout.flush()
    return status, raw.getvalue().decode(encoding)


@pytest.mark.parametrize(("encoding", "shown"), [("cp1252", "????"), ("cp936", "问卷调查"), ("ascii", "????")])
def test_a_name_that_the_console_cannot_show_is_no_error(tmp_path, monkeypatch, encoding, shown):
    out = tmp_path / "问卷调查.html"
    status, text = output_of(encoding, monkeypatch, "questionnaire", "--short", "--out", str(out))
    assert status == 0
    assert f"{shown}.html" in text
    assert out.stat().st_size > 1_000


def test_an_output_that_is_no_text_stream_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    terminal.accept_any_text()
    terminal.say("客户")
    assert sys.stdout.getvalue() == "客户\n"


# -- Files that another program holds -----------------------------------------------------------------------------


@pytest.fixture
def refusals(monkeypatch):
    """How often Windows still refuses to replace a file, and how long was waited each time."""
    left, waited, real = [0], [], os.replace

    def replace(source, target):
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "held by another program")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(_write, "PAUSES", (0.05, 0.1))
    monkeypatch.setattr(_write.time, "sleep", waited.append)
    return left, waited


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_file_held_for_a_moment_is_replaced(tmp_path, refusals, times):
    left, waited = refusals
    left[0] = times
    target = tmp_path / "answers 答案.json"
    target.write_text("old")
    with _write.atomic_write(target) as part:
        part.write_text("new")
    assert target.read_text() == "new"
    assert waited == [0.05, 0.1][:times]
    assert os.listdir(tmp_path) == [target.name]


def test_a_file_held_for_good_stays_as_it_was(tmp_path, refusals):
    refusals[0][0] = 99
    target = tmp_path / "answers.json"
    target.write_text("old")
    with pytest.raises(PermissionError), _write.atomic_write(target) as part:
        part.write_text("new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == [target.name]


# -- Names and line ends ------------------------------------------------------------------------------------------


def test_every_file_can_be_checked_out_on_windows_and_macos():
    assert len({name.casefold() for name in NAMES}) == len(NAMES), "two names differ by capitals only"
    reserved = {"con", "prn", "aux", "nul", *(f"{port}{k}" for port in ("com", "lpt") for k in range(1, 10))}
    for name in NAMES:
        assert not set(name) & set('<>:"\\|?*'), name
        assert not {part.split(".")[0].casefold() for part in PurePath(name).parts} & reserved, name
        assert not any(part.endswith((".", " ")) for part in PurePath(name).parts), name
        assert len(name) < 120, f"{name}: Windows allows 260 characters with the folder"


def test_stored_files_have_the_same_bytes_on_every_system():
    """A checkout on Windows would turn line ends, and every stored hash and copy would differ."""
    assert "* text=auto eol=lf\n" in (ROOT / ".gitattributes").read_text()
    for name in NAMES:
        path = ROOT / name
        if path.suffix not in (".parquet", ".png") and path.exists():
            assert b"\r\n" not in path.read_bytes(), name


def test_written_text_has_the_line_ends_of_the_kit(tmp_path, monkeypatch):
    """`write_text` would write CRLF on Windows."""
    monkeypatch.setattr(Path, "write_text", lambda *words, **options: pytest.fail("line ends of the system"))
    datasets.building._write_text(tmp_path / "README.md", "one\ntwo")
    assert (tmp_path / "README.md").read_bytes() == b"one\ntwo\n"


# -- A wheel, away from the kit -----------------------------------------------------------------------------------

SMOKE = """
import crmlab, os
from pathlib import Path
assert Path(crmlab.__file__).is_relative_to(TARGET), crmlab.__file__
from crmlab import btyd, datasets, report, widgets
from crmlab.datasets import store
assert Path(store.KIT).is_relative_to(TARGET), store.KIT
orders = datasets.load("orders")
orders = orders[orders.customer_id.isin(sorted(set(orders.customer_id))[::6])]  # enough of them for a page
assert len(datasets.load("cdnow")) and len(datasets.truth("months")) and len(datasets.load("what_if"))
fit = btyd.fit_bgnbd(btyd.purchase_summary(orders))
orders.to_csv("mine.csv", index=False)
page = report.orders_report("mine.csv", "report.html")
assert len(Path(page).read_text(encoding="utf-8")) > 10_000
bundle = widgets.alive(fit)._repr_mimebundle_()
assert "application/vnd.jupyter.widget-view+json" in str(bundle)
assert "render" in str(widgets.alive(fit)._esm)
print("whole", round(float(fit.loglik)))
"""


def folder_of_setuptools():
    for distribution in metadata.distributions(name="setuptools"):
        if Version(distribution.version) >= Version("77"):
            return str(distribution.locate_file(""))
    return pytest.skip("no setuptools of today: `python lab.py test` sets it up")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built as anyone would, from a copy of the kit without its git folder."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in NAMES:
        if name.startswith(("crmlab/", "datasets/")) or name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    environment = os.environ | {"PYTHONPATH": folder_of_setuptools()}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    [path] = out.glob("*.whl")
    return path


def test_a_wheel_works_away_from_the_kit(wheel, tmp_path):
    """Installed without a network into an empty place, beside nothing but the packages it asks for."""
    target, here = tmp_path / "site", tmp_path / "somewhere else"
    here.mkdir()
    with zipfile.ZipFile(wheel) as content:
        content.extractall(target)
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    start = f"import sys; sys.path[:0] = {[str(target), *libraries]!r}; TARGET = {str(target)!r}\n"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"CRMLAB_CACHE": str(here / "kept"), "MPLCONFIGDIR": str(here / "mpl")}

    def run(code):  # -S: without the link that leads to the kit
        command = [sys.executable, "-S", "-P", "-c", start + code]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
        return done.stdout

    assert run(SMOKE).startswith("whole ")
    assert not (here / "kept").exists(), "the tables travel in the wheel"
    help_text = run("sys.argv = ['crmlab', '--help']\nimport runpy; runpy.run_module('crmlab', run_name='__main__')")
    assert "report" in help_text
    assert not list(here.glob("*.ipynb"))


def test_a_wheel_holds_the_package_and_the_tables_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as content:
        names = {name for name in content.namelist() if ".dist-info/" not in name}
    kept = {name for name in NAMES if name.startswith("crmlab/")}
    tables = {f"crmlab/datasets/kit/{name.removeprefix('datasets/')}" for name in NAMES if name.startswith("datasets/")}
    assert names == kept | tables - {"crmlab/datasets/kit/README.md"}
