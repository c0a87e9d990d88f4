"""Mutation check: change one number of a topic, and see whether its tests turn red.

What lives here: ``constants`` lists the numbers in the topics' code, ``turns_red`` changes one in a
copy of the project and runs the tests that should notice. A number that may be changed without a
red test is a number that nobody checks. As a script it tries a random sample:

    python tests/mutation.py --sample 30 --seed 1
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import crmlab

ROOT = Path(__file__).resolve().parent.parent
_COPIED = ("crmlab", "tests", "notebooks", "datasets", "conftest.py", "pyproject.toml")


@dataclass(frozen=True)
class Constant:
    """A number in a topic's code, and where it stands."""

    topic: str
    file: str  # in the package; a topic of several files is a folder
    line: int
    column: int
    text: str
    code: str  # the line

    @property
    def other(self) -> str:
        """A different number of the same kind."""
        value = ast.literal_eval(self.text)
        return repr(value + 1 if isinstance(value, int) else value * 1.5 + 0.1)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}: {self.text} -> {self.other}"


def constants() -> list[Constant]:
    """Every number in the topics' code (their words and docstrings hold none)."""
    found = []
    for topic in crmlab.TOPICS:
        for path in (*ROOT.glob(f"crmlab/{topic}.py"), *ROOT.glob(f"crmlab/{topic}/*.py")):
            source, file = path.read_text(encoding="utf-8"), path.relative_to(ROOT / "crmlab").as_posix()
            lines = source.splitlines()
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                    place = node.lineno, node.col_offset, ast.get_source_segment(source, node), lines[node.lineno - 1]
                    found.append(Constant(topic, file, *place))
    return sorted(found, key=lambda each: (each.file, each.line, each.column))


def turns_red(constant: Constant, *, wide: bool = True) -> bool:
    """Whether a test fails when the constant is another number: of its topic, or, if ``wide``, of report and lessons."""
    with tempfile.TemporaryDirectory() as folder:
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, Path(folder) / name)
        spoiled = Path(folder) / "crmlab" / constant.file
        lines = spoiled.read_text(encoding="utf-8").splitlines(keepends=True)
        line = lines[constant.line - 1].encode()  # the parser counts bytes
        start, end = constant.column, constant.column + len(constant.text)
        lines[constant.line - 1] = (line[:start] + constant.other.encode() + line[end:]).decode()
        spoiled.write_text("".join(lines), encoding="utf-8")
        # small files first: they are quick
        tests = sorted(ROOT.glob(f"tests/test_{constant.topic}*.py"), key=lambda path: path.stat().st_size)
        nearest = [f"crmlab/{constant.file}", *(path.relative_to(ROOT).as_posix() for path in tests)]
        return _fails(nearest, folder) or (wide and _fails(["tests/test_report.py", "tests/test_lessons.py"], folder))


def _fails(tests: list[str], folder: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=--doctest-modules", *tests]
    try:
        ran = subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, check=False, timeout=1_800
        )
    except subprocess.TimeoutExpired:  # a loop that no longer ends is noticed by whoever waits for it
        return True
    return ran.returncode in (1, 2)  # a failed test, or a module that no longer loads


def main() -> int:
    """Try a sample and say which numbers nobody checks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    known = constants()
    sample = random.Random(chosen.seed).sample(known, min(chosen.sample, len(known)))
    survived = []
    for number, constant in enumerate(sample, 1):
        red = turns_red(constant)
        survived += [] if red else [constant]
        print(f"{number:3d}/{len(sample)}  {'red' if red else 'SURVIVED'}  {constant}", flush=True)
    print(f"{len(sample) - len(survived)} of {len(sample)} (of {len(known)} numbers in all) turned the suite red")
    return int(len(survived) > 0.1 * len(sample))


if __name__ == "__main__":
    sys.exit(main())
