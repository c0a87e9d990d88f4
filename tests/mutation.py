"""Mutation check: change one number or operator of a topic, and see whether its tests turn red.

What lives here: ``mutations`` lists what can be changed in the code of topics and of the floor below them, ``turns_red``
changes one thing in a copy of the project and runs the tests that should notice. What may be changed without a red test
is something that nobody checks. As a script it tries a random sample:

    python tests/mutation.py --sample 30 --seed 1
"""

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import crmlab

ROOT = Path(__file__).resolve().parent.parent
#: Tests that look at each part of the code; report and lessons look at all of them.
PARTS = {**{topic: f"test_{topic}*.py" for topic in crmlab.TOPICS}, "measurement": "test_measurement*.py",
         "_likelihood": "test_btyd*.py"}  # fmt: skip
_COPIED = ("crmlab", "tests", "notebooks", "datasets", "conftest.py", "pyproject.toml", "README.md")
_COMPARISONS = {ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"),
                ast.Eq: ("==", "!="), ast.NotEq: ("!=", "==")}  # fmt: skip
_ARITHMETIC = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*")}
_LOGIC = {ast.And: ("and", "or"), ast.Or: ("or", "and")}


@dataclass(frozen=True)
class Mutation:
    """A number or an operator in the code, where it stands, and what is written in its place."""

    part: str
    file: str  # below crmlab/
    line: int
    column: int  # in bytes, as the parser counts
    text: str
    other: str
    code: str  # the line

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}: {self.text} -> {self.other}"


def mutations(parts: Iterable[str] = PARTS) -> list[Mutation]:
    """Every number, comparison, sum, product and logical word in the code of parts (words and docstrings hold none)."""
    listed = []
    for part in parts:
        for path in (*ROOT.glob(f"crmlab/{part}.py"), *ROOT.glob(f"crmlab/{part}/*.py")):
            source, file = path.read_text(encoding="utf-8"), path.relative_to(ROOT / "crmlab").as_posix()
            lines = source.splitlines()
            for line, column, text, other in changes(source):
                listed.append(Mutation(part, file, line, column, text, other, lines[line - 1]))
    return sorted(set(listed), key=lambda each: (each.file, each.line, each.column))


def changes(source: str) -> Iterator[tuple[int, int, str, str]]:
    """Line, column, text and its replacement of all that can be changed."""
    lines = [line.encode() for line in source.splitlines()]
    tree = ast.parse(source)
    hints = {id(node) for parent in ast.walk(tree) for hint in _annotations(parent) for node in ast.walk(hint)}
    for node in ast.walk(tree):
        if id(node) in hints:  # a `|` or a number in a type decides nothing
            continue
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            other = repr(node.value + 1 if isinstance(node.value, int) else node.value * 1.5 + 0.1)
            yield node.lineno, node.col_offset, lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode(), other
        elif isinstance(node, ast.Compare):
            for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                yield from _between(lines, left, right, _COMPARISONS.get(type(operator)))
        elif isinstance(node, ast.BinOp):
            yield from _between(lines, node.left, node.right, _ARITHMETIC.get(type(node.op)))
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from _between(lines, left, right, _LOGIC.get(type(node.op)))


def _annotations(node: ast.AST) -> list[ast.AST]:
    return [hint for name in ("annotation", "returns") if (hint := getattr(node, name, None)) is not None]


def _between(
    lines: list[bytes], left: ast.expr, right: ast.expr, change: tuple[str, str] | None
) -> Iterator[tuple[int, int, str, str]]:
    """The operator between two expressions, if both stand on one line."""
    if change and left.end_lineno == right.lineno and left.end_col_offset is not None:
        gap = lines[right.lineno - 1][left.end_col_offset : right.col_offset]
        if match := re.search(rb"(?<![<>=!*/])" + re.escape(change[0].encode()) + rb"(?![=*/<>])", gap):
            yield right.lineno, left.end_col_offset + match.start(), *change


def turns_red(mutation: Mutation, *, wide: bool = True) -> bool:
    """Whether a test fails when the mutation is made: of its part, or, if ``wide``, of report and lessons."""
    with tempfile.TemporaryDirectory() as folder:
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, Path(folder) / name)
        changed = Path(folder) / "crmlab" / mutation.file
        lines = changed.read_text(encoding="utf-8").splitlines(keepends=True)
        line = lines[mutation.line - 1].encode()
        start, end = mutation.column, mutation.column + len(mutation.text)
        lines[mutation.line - 1] = (line[:start] + mutation.other.encode() + line[end:]).decode()
        changed.write_text("".join(lines), encoding="utf-8")
        tests = sorted(ROOT.glob(f"tests/{PARTS[mutation.part]}"), key=lambda path: _nearness(path, mutation))
        nearest = [f"crmlab/{mutation.file}", *(path.relative_to(ROOT).as_posix() for path in tests)]
        return _fails(nearest, folder) or (wide and _fails(["tests/test_report.py", "notebooks"], folder))


def _nearness(test: Path, mutation: Mutation) -> tuple[int, int]:
    """Tests that name the changed module come first, and of two, the smaller file: it is quick."""
    text = test.read_text(encoding="utf-8")
    return -text.count(Path(mutation.file).stem), len(text)


def _fails(tests: list[str], folder: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--override-ini=testpaths=", *tests]
    try:
        ran = subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, check=False, timeout=1_800
        )
    except subprocess.TimeoutExpired:  # a loop that no longer ends is noticed by whoever waits for it
        return True
    return ran.returncode in (1, 2)  # a failed test, or a module that no longer loads


def main() -> int:
    """Try a sample and say which numbers and operators nobody checks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    known = mutations()
    sample = random.Random(chosen.seed).sample(known, min(chosen.sample, len(known)))
    for number, part in enumerate(sorted({mutation.part for mutation in sample})):
        one = next(mutation for mutation in sample if mutation.part == part)
        if turns_red(replace(one, other=one.text), wide=number == 0):
            sys.exit(f"The tests of {part}, of the report or of the lessons are red without a change, so they tell nothing.")
    survived = []
    for number, mutation in enumerate(sample, 1):
        red = turns_red(mutation)
        survived += [] if red else [mutation]
        print(f"{number:3d}/{len(sample)}  {'red' if red else 'SURVIVED'}  {mutation}  | {mutation.code.strip()}", flush=True)
    print(f"{len(sample) - len(survived)} of {len(sample)} (of {len(known)} places in all) turned the suite red")
    return int(len(survived) > 0.1 * len(sample))


if __name__ == "__main__":
    sys.exit(main())
