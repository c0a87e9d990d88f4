"""Another processor, so far as one machine can play it: what is stored must be the same on all of them.

Four libraries choose their code by the processor: numpy (its default sort places ties by the width of the vectors), OpenBLAS
(sums are added in another order), the C library (``exp`` and ``log`` differ in the last bit with and without fused
multiply-add), and Arrow. Each lets an environment variable choose older code, read once when it is loaded: so the check of a
stored thing runs a second time in a process of its own. ``python -m processors`` prints the variables.
"""

import os
import platform
import subprocess
import sys

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

#: Machine -> kernel of OpenBLAS that every processor of this kind can run and hardly one would choose today.
_OLDEST_KERNEL = {"x86_64": "Prescott", "amd64": "Prescott", "aarch64": "ARMV8", "arm64": "ARMV8"}


def features_above_baseline() -> list[str]:
    """Return what numpy uses of this processor beyond the least it was built for, such as ["X86_V3"]."""
    switched_off = os.environ.get("NPY_DISABLE_CPU_FEATURES", "").split()  # by whoever started this process
    return [name for name in __cpu_dispatch__ if __cpu_features__[name] or name in switched_off]


def environment_of_baseline() -> dict[str, str]:
    """Return the environment variables with which a new process works as on a processor without newer vectors.

    Returns
    -------
    dict of str to str
        To be added to the environment of a process; it has no effect on libraries that are loaded already.
    """
    machine = platform.machine().lower()
    variables = {"ARROW_USER_SIMD_LEVEL": "NONE"}
    if features := features_above_baseline():
        variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(features)
    if machine in _OLDEST_KERNEL:
        variables["OPENBLAS_CORETYPE"] = _OLDEST_KERNEL[machine]
    if sys.platform == "linux" and machine == "x86_64":
        variables["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4"
    return variables


def run_on_baseline(*arguments: str | os.PathLike, timeout: float = 600) -> str:
    """Run Python with these arguments as on an older processor, and return what it prints.

    Parameters
    ----------
    *arguments : str or path
        What follows ``python`` on a command line, such as ``"-c", "print(1)"`` or ``"-m", "pytest", "tests/test_x.py"``.
    timeout : float
        Seconds after which the process is ended.

    Raises
    ------
    AssertionError
        The process failed; the message holds what it printed.
    """
    run = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=os.environ | environment_of_baseline(), capture_output=True, text=True, encoding="utf-8", timeout=timeout,
    )  # fmt: skip
    assert run.returncode == 0, f"on an older processor it failed:\n{run.stdout[-3_000:]}\n{run.stderr[-3_000:]}"
    return run.stdout


if __name__ == "__main__":
    print("\n".join(f"{name}={value}" for name, value in environment_of_baseline().items()))
