"""What a run uses is looked at now and then: nothing that it took in between is lost."""

import subprocess
import sys

import psutil
import pytest

from crmlab.course.limits import memory_mb

TAKES_AND_GIVES_BACK = "much = b'x' * (300 << 20); del much; print('given back', flush=True); input()"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox runs on Linux alone")
def test_memory_that_was_given_back_before_a_look_counts():
    """On a busy machine the looks come late: a hog was refused more by the kernel, went on, and had full marks."""
    command = [sys.executable, "-S", "-c", TAKES_AND_GIVES_BACK]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "given back\n"
        now = psutil.Process(process.pid).memory_info().rss / 2**20
        used = memory_mb(process.pid, 200, ["/"])
        process.communicate("\n")
    assert now < 100
    assert 295 < used < 330
    assert memory_mb(process.pid, 200, ["/"]) == 0
