"""The other processor of ``processors``: that a process run on it does use older code, and what that changes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import processors
import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("notebooks/[0-9]*.ipynb"))

PROGRAM = """
import math
import numpy as np
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(sum(__cpu_features__[name] for name in __cpu_dispatch__))
ties = np.random.default_rng(1).integers(0, 5, 2_000)
print(*np.argsort(ties))
print(*np.argsort(ties, kind="stable"))
"""


@pytest.fixture(scope="module")
def printed():
    return processors.run_on_baseline("-W", "error", "-c", PROGRAM).splitlines()


def test_no_newer_feature_is_in_use(printed):
    assert printed[0] == "0"


def test_a_stable_sort_places_ties_the_same_on_both(printed):
    ties = np.random.default_rng(1).integers(0, 5, 2_000)
    assert printed[2] == " ".join(map(str, np.argsort(ties, kind="stable")))
    if "X86_V3" in processors.features_above_baseline() and "NPY_DISABLE_CPU_FEATURES" not in os.environ:
        assert printed[1] != " ".join(map(str, np.argsort(ties))), "the default sort does not: the two do differ"


def test_a_failure_there_is_a_failure_here():
    with pytest.raises(AssertionError, match="oh dear"):
        processors.run_on_baseline("-c", "raise SystemExit('oh dear')")


HASHES = """
from crmlab import world
for name, months in (("retailer", 14), ("telecom", 14), ("retailer-v1", 14), ("rebate_site", 26)):
    firm = world.simulate(name, customers=120, months=months, seed=5)
    print(firm.hash(), firm.rerun(reliability=0.5, start=5).hash())
"""


def test_firms_are_the_same_on_both():
    here = subprocess.run([sys.executable, "-c", HASHES], capture_output=True, text=True, check=True).stdout
    assert processors.run_on_baseline("-c", HASHES) == here


NEAR = """
from crmlab import datasets, segmentation
points = datasets.load("survey").drop_duplicates("customer_id").filter(like="importance_").reset_index(drop=True)
for seed in (1, 2, 3, 4):
    fits = [segmentation.fit_segments(points, k, starts=2, seed=seed, standardized=False) for k in (5, 6)]
    print(*(round(fit.solution.within, 3) for fit in fits))
"""


def test_k_means_of_whole_numbers_ends_at_the_same_optimum_on_both():
    """Points from 0 to 100 lie equally near to two starts so often that the last digit of a distance would choose."""
    here = subprocess.run([sys.executable, "-c", NEAR], capture_output=True, text=True, check=True).stdout
    assert processors.run_on_baseline("-c", NEAR) == here


@pytest.mark.parametrize("lessons", [LESSONS[:1], pytest.param(LESSONS, marks=pytest.mark.long)], ids=["one", "all"])
def test_what_is_stored_is_the_same_on_both(lessons):
    """The default firm, and lessons with the numbers behind them; practice copies are compared in ``test_masters``."""
    stored = ["tests/test_datasets_store.py::test_the_kits_tables_are_fresh", *lessons]
    processors.run_on_baseline(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *(ROOT / each for each in stored)
    )
