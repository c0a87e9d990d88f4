"""The house rules that a machine can hold: what CONTRIBUTING.md asks of every module, file and name."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import crmlab
from crmlab.errors import CrmlabError

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "crmlab").rglob("*.py"))
# a package is one room: what its `__init__` names is public, its files are its own business
ROOMS = [path.stem for path in (ROOT / "crmlab").glob("[!_]*.py")] + [
    path.parent.name for path in (ROOT / "crmlab").glob("[!_]*/__init__.py")
]
PUBLIC = [importlib.import_module(f"crmlab.{name}") for name in sorted(ROOMS)]
FUNCTIONS = [
    pytest.param(getattr(module, name), id=f"{module.__name__}.{name}")
    for module in PUBLIC
    for name in module.__all__
    if isinstance(getattr(module, name), types.FunctionType)
]
every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


@pytest.mark.parametrize("topic", crmlab.TOPICS)
def test_a_topic_is_one_word(topic):
    assert (ROOT / "crmlab" / f"{topic}.py").exists() or (ROOT / "crmlab" / topic / "__init__.py").exists()
    assert (ROOT / "tests" / f"test_{topic}.py").exists()
    assert not hasattr(importlib.import_module(f"crmlab.{topic}"), topic), "no function is named like its module"


@every_module
def test_each_module_opens_its_room(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    opening = ast.get_docstring(tree) or ""
    assert opening.splitlines()[0].endswith("."), "the first line is a sentence"
    assert len(opening) > (60 if path.stem.startswith("__") else 200), "what lives here, what it reads, what it does not know"
    assert path.stem not in ("utils", "util", "helpers", "helper", "common", "misc", "base")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 800


@every_module
def test_no_assert_and_no_print(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: `assert` vanishes under -O; raise a CrmlabError"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            assert path.stem == "__main__", f"line {node.lineno}: a library returns, it does not print"


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_all_names_what_is_public(module):
    if module.__name__ == "crmlab.__main__":
        return
    own = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and f"{getattr(value, '__module__', '')}.".startswith(f"{module.__name__}.")
        and callable(value)
    }
    assert sorted(name for name in module.__all__ if callable(getattr(module, name))) == sorted(own)


@every_function
def test_public_functions_are_described(function):
    docstring = inspect.getdoc(function) or ""
    signature = inspect.signature(function)
    assert ">>> " in docstring, "an example that runs"
    sections = re.findall(r"^(\w+)\n-+$", docstring, re.MULTILINE)
    if len(signature.parameters) > 1:
        assert {"Parameters", "Returns", "Raises", "Examples"} <= set(sections)
    for name, parameter in signature.parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty, name
        if "Parameters" in sections:
            described = docstring.partition("Parameters\n")[2].partition("Returns\n")[0]
            assert re.search(rf"\b{name}\b", described), f"{name} is not described"
            assert len(re.findall(rf"^{name} : ", described, re.MULTILINE)) <= 1, f"{name} is described twice"
    assert signature.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_public_methods_are_described(module):
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if inspect.isclass(value):
            assert inspect.getdoc(value), name
            for member, what in vars(value).items():
                if not member.startswith("_") and (inspect.isfunction(what) or isinstance(what, property)):
                    assert inspect.getdoc(what), f"{name}.{member}"


@every_function
def test_public_functions_refuse_nonsense(function):
    """Whatever is required, given as something that it cannot be, is refused by name, not by an accident further in."""
    needed = [
        each for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    ]  # fmt: skip
    if not needed:
        return
    nonsense = object()
    by_place = [nonsense for each in needed if each.kind != each.KEYWORD_ONLY]
    by_name = {each.name: nonsense for each in needed if each.kind == each.KEYWORD_ONLY}
    with pytest.raises(CrmlabError):
        function(*by_place, **by_name)


def test_import_is_light():
    heavy = ["pandas", "numpy", "scipy", "matplotlib", "duckdb", "ibis", "IPython"]
    code = f"import crmlab, sys; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_rooms_load_on_first_use():
    assert set(dir(crmlab)) >= {*crmlab.TOPICS, "datasets", "tables", "widgets"}
    assert all(inspect.ismodule(getattr(crmlab, name)) for name in dir(crmlab) if name not in ("TOPICS", "__version__"))
    with pytest.raises(AttributeError, match="it has segmentation"):
        crmlab.clv  # noqa: B018


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("importlinter.cli", "lint")],
    ids=["style", "format", "layers"],
)
def test_style_and_layers(command):
    program = [sys.executable, "-m", command[0]] if command[0] == "ruff" else [sys.executable, "-c", LINT]
    ran = subprocess.run([*program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == crmlab.__version__
    assert f"\nversion: {crmlab.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1] == crmlab.__version__


def test_the_readme_holds_the_two_commands_and_its_links():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first_screen = "\n".join(text.splitlines()[:40])
    assert "python lab.py\n" in first_screen
    assert "python lab.py test\n" in first_screen
    for page in ROOT.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (ROOT / link).exists(), f"{page.name} links to {link}"


def test_no_file_is_too_large():
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in tracked()}
    assert [name for name, size in sizes.items() if size > 2_000_000] == []
    assert sum(sizes.values()) < 40_000_000


def test_nothing_unfinished_is_left():
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    for path in tracked():
        if path.suffix == ".py" and path.name not in ("test_house.py", "lessons.py", "test_nbgrader.py"):
            assert not marks.search(path.read_text(encoding="utf-8")), path.name
