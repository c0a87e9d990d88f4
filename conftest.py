"""What holds for every test: no window, no open figures left behind, one clock, skips counted where they are forbidden."""

import os
import sys
from pathlib import Path

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

# To check addresses in other alphabets, which no notebook holds, nbformat would build grammars for a second, in each process.
sys.modules.setdefault("rfc3987_syntax", None)

# A kit to set up, for the tests of lab.py; and nbval, which would come before the line above if pytest chose the time.
pytest_plugins = ["lab_kit", "nbval.plugin"]

matplotlib.use("agg")  # in this process only: the kernels of the lessons choose their own

# A progress bar shows where the machine is slow: it is no part of what a lesson shows. Kernels begin with this file.
os.environ["PYTHONSTARTUP"] = str(Path(__file__).parent / "tests" / "lesson_startup.py")

# The same examples at every run, so that a red test stays red until it is mended; CRMLAB_EXAMPLES=500 looks further.
_more = int(os.environ.get("CRMLAB_EXAMPLES", 0))
settings.register_profile(
    "crmlab",
    deadline=None,
    derandomize=not _more,
    max_examples=_more or 20,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("crmlab")


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the long tests, too: laws at full size, all industries, coverage")


def pytest_collection_modifyitems(config, items):
    """Long tests are left out (not skipped) unless they are asked for."""
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_collect_file(file_path, parent):
    """Lessons run once, for nbval and for the numbers behind their pictures."""
    if file_path.suffix == ".ipynb":
        from lessons import LessonFile

        return LessonFile.from_parent(parent, path=file_path)
    return None


@pytest.fixture(scope="session")
def _released_course(tmp_path_factory):
    """The folder of a course without students, whose exercise 01 is released."""
    from crmlab import course

    home = str(tmp_path_factory.mktemp("examples") / "crm")
    course.new(home)
    course.release(home, "01")
    return home


@pytest.fixture(autouse=True)
def _course_for_examples(request, doctest_namespace):
    """Examples of `crmlab.course` begin with one released course, at `home`: making it takes longer than all they show."""
    if request.node.name.startswith("crmlab.course.") and "home" not in doctest_namespace:
        doctest_namespace["home"] = request.getfixturevalue("_released_course")


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium for pages that need no server."""
    from browser import FLAGS, find_chromium
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if not path:
        pytest.skip("no Chromium: sudo apt install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and os.environ.get("CRMLAB_FORBID_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where skips are forbidden: {report.longrepr}"
    return report
