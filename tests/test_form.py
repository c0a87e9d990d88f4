"""The form of the code that a machine can hold: sizes, names, docstrings, types, sorts, results; and the page of all calls."""

import ast
import importlib.util
import inspect
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_house import FUNCTIONS, MODULES, PUBLIC, ROOT, every_module

from crmlab._result import Result

#: Names that say nothing of a value; the field has a term for what each of them held.
VAGUE = {"found", "told", "held", "it", "ways", "climb", "evened", "luck", "fate", "stuff", "tmp", "foo", "thing"}
BESIDE = sorted([*(ROOT / "tests").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
SECTIONS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes", "References", "Examples")
EXAMPLES = {"predict", "forecast", "interval", "plot"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef))


def length(function: ast.FunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@every_module
def test_a_file_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600
    assert {each.name: length(each) for each in functions(path) if length(each) > 80} == {}


def test_functions_are_short():
    assert statistics.median(length(each) for path in MODULES for each in functions(path)) <= 20


@pytest.mark.parametrize("path", [*MODULES, *BESIDE], ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_a_value_is(path):
    names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.arg for node in ast.walk(tree(path)) if isinstance(node, ast.arg)}
    names |= {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert names & VAGUE == set()


@every_module
def test_people_are_they(path):
    text = path.read_text(encoding="utf-8").replace("Guo He Lin", "")  # family names
    words = re.findall(r"\b(he|him|his|himself|she|hers)\b", text, re.IGNORECASE)
    assert words == []


@every_module
def test_sorts_are_stable(path):
    """numpy's default sort places ties by the vector width of the processor."""
    unstable, lines = [], path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(tree(path)):
        name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if name in ("argsort", "sort_values"):
            kinds = [word.value for word in node.keywords if word.arg == "kind"]
            if not any(isinstance(kind, ast.Constant) and kind.value == "stable" for kind in kinds):
                unstable.append(f"line {node.lineno}: {name}")
        if name in ("argpartition", "nlargest", "nsmallest") and "# no ties" not in lines[node.lineno - 1]:
            unstable.append(f"line {node.lineno}: {name}")
    assert unstable == []


def test_modules_form_no_circle():
    """Imports at the top of modules, for types, too, never lead back to where they began."""
    edges = {module_name(path): imported(path) for path in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in edges.get(name, ()):
                visit(target, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """The crmlab modules that are imported at the top of a module, or there for types only."""
    names = {module_name(each) for each in MODULES}
    statements = [node for node in tree(path).body if isinstance(node, ast.ImportFrom | ast.If)]
    statements += [node for each in statements if isinstance(each, ast.If) for node in each.body]
    targets = set()
    for node in statements:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crmlab"):
            modules = {f"{node.module}.{alias.name}" for alias in node.names} & names
            others = [alias for alias in node.names if f"{node.module}.{alias.name}" not in names]
            targets |= modules | ({node.module} & names if others else set())
    return targets - {module_name(path)}


def documented() -> list:
    """Public functions, and the public methods of public classes."""
    listed = list(FUNCTIONS)
    for module in PUBLIC:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value):
                for member, what in vars(value).items():
                    if not member.startswith("_") and inspect.isfunction(what):
                        listed.append(pytest.param(what, id=f"{module.__name__}.{name}.{member}"))
    return listed


@pytest.mark.parametrize("function", documented())
def test_docstrings_are_in_order(function):
    text = inspect.getdoc(function) or ""
    titles = re.findall(r"^(\w[\w ]*)\n-{3,}$", text, re.MULTILINE)
    assert titles == sorted(titles, key=SECTIONS.index), "sections in the order of numpydoc"
    assert text.partition("\n\n")[0].rstrip().endswith((".", "::", "?")), "the first paragraph is a sentence"
    wanted = [name for name in inspect.signature(function).parameters if name not in ("self", "ax")]
    if "Parameters" in titles:
        described = re.split(r"^\w[\w ]*\n-{3,}$", text.partition("Parameters\n")[2].partition("\n")[2], flags=re.MULTILINE)[0]
        heads = {name for line in described.splitlines() if line[:1].strip() for name in re.findall(r"\w+", line.split(":")[0])}
        assert [name for name in wanted if name not in heads] == [], "each parameter is described"
    if function.__name__ in EXAMPLES:
        assert ">>> " in text, "an example that runs"


def test_results_show_themselves_alike():
    for module in PUBLIC:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value) and hasattr(value, "summary") and name != "Firm":  # a firm is no result
                assert issubclass(value, Result), f"{module.__name__}.{name}"
                assert value.__repr__ is Result.__repr__, f"{module.__name__}.{name}: give its dataclass `repr=False`"
                assert value._repr_html_ is Result._repr_html_, f"{module.__name__}.{name}"


def test_types_hold():
    ran = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_page_of_all_calls_is_fresh():
    spec = importlib.util.spec_from_file_location("api", ROOT / "docs" / "api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stored = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert stored == module.page(), "run python docs/api.py"
