"""What holds for every test: no window, no open figures left behind, one clock, skips counted where they are forbidden."""

import os

import matplotlib
import pytest

matplotlib.use("agg")  # in this process only: the kernels of the lessons choose their own


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and os.environ.get("CRMLAB_FORBID_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where skips are forbidden: {report.longrepr}"
    return report
