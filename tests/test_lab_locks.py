"""The locks: where packages come from, what each lock holds, and how they are resolved."""

import ast
import importlib.util
import os
import pathlib
import re
import shutil
import sys

import pytest
from lab_kit import LOCK_NAMES, PYPROJECT, ROOT, SOURCE, one_sentence, posix, run
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crmlab._lab import mirrors, resolve

# -- Mirrors ------------------------------------------------------------------------------------------------------


def test_uv_is_told_what_pip_knows(lab, tmp_path):
    listing = f"""global.index-url='https://mirror.test/simple'
global.extra_index_url='file:///no/such/folder\\nhttps://second.test/simple'
global.find-links='{tmp_path} /no/such/wheels'
install.trusted-host='mirror.test'
global.cert='{SOURCE}'
:env:.timeout='60'
global.timeout='15'
list.timeout='1'
"""
    assert mirrors.uv_settings(mirrors.pip_settings(listing), {}) == {
        "UV_SYSTEM_CERTS": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://mirror.test/simple",
        "UV_INDEX": "https://second.test/simple",
        "UV_FIND_LINKS": str(tmp_path),
        "UV_INSECURE_HOST": "mirror.test",
        "SSL_CERT_FILE": str(SOURCE),
        "UV_HTTP_TIMEOUT": "60",
    }


def test_a_local_index_that_exists_is_kept(lab, tmp_path):
    index = tmp_path.as_uri()
    assert mirrors.uv_settings({"extra-index-url": index}, {})["UV_INDEX"] == index


@pytest.mark.parametrize("own", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS"])
def test_what_the_user_has_told_uv_stands(lab, own):
    pip = {"index-url": "https://mirror.test", "extra-index-url": "https://second.test", "no-index": "1"}
    new = mirrors.uv_settings(pip, {own: "https://own.test", "UV_SYSTEM_CERTS": "0", "UV_INDEX_STRATEGY": "first-index"})
    assert new == {}


def test_a_lock_is_resolved_from_the_main_index_alone(lab):
    pip = {"index-url": "https://mirror.test", "extra-index-url": "https://second.test", "no-index": "1"}
    new = mirrors.uv_settings(pip, {}, only_default=True)
    assert new["UV_DEFAULT_INDEX"] == "https://mirror.test"
    assert "UV_INDEX" not in new
    assert "UV_NO_INDEX" not in new


def test_a_pip_configuration_file_reaches_uv(lab, tmp_path, monkeypatch):
    if importlib.util.find_spec("pip") is None:  # then the pip that lies packed in the standard library
        ensurepip = pytest.importorskip("ensurepip")
        wheel = next(pathlib.Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"), None)
        if wheel is None:
            pytest.skip("no pip to ask")
        monkeypatch.setenv("PYTHONPATH", str(wheel))
        monkeypatch.syspath_prepend(str(wheel))
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror.test/simple\n[install]\nno-index = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    new = mirrors.tool_environment([sys.executable, "-P", "-m", "pip"])
    assert new["UV_DEFAULT_INDEX"] == "https://mirror.test/simple"
    assert new["UV_NO_INDEX"] == "1"
    assert new["UV_FIND_LINKS"] == str(tmp_path)


# -- The locks and environment.yml --------------------------------------------------------------------------------


def pins(text):
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in LOCK_NAMES}
PINS = {name: pins(text) for name, text in LOCKS.items()}
PINNED = {name: [Requirement(pin.split("--hash")[0].strip()) for pin in lock_pins] for name, lock_pins in PINS.items()}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_pins_with_hashes_and_nothing_else(name):
    assert "://" not in LOCKS[name]  # addresses belong to the user's settings
    for pin in PINS[name]:
        assert re.match(r"[A-Za-z0-9._-]+==[^\s;]+( ; [^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+$", pin), pin
    assert len(PINS["requirements.lock"]) > 100


def wanted():
    groups = PYPROJECT["dependency-groups"]
    by_lock = zip(LOCK_NAMES, (PYPROJECT["project"]["dependencies"], groups["test"], groups["nbgrader"]), strict=True)
    return [(name, text) for name, texts in by_lock for text in texts]


@pytest.mark.parametrize(("name", "text"), wanted())
def test_what_pyproject_asks_for_is_in_a_lock(name, text):
    requirement = Requirement(text)
    matches = [
        pin for lock in {"requirements.lock", name} for pin in PINNED[lock]
        if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
    ]  # fmt: skip
    assert matches, "run: python lab.py lock"
    for pin in matches:
        [version] = pin.specifier
        assert requirement.specifier.contains(version.version, prereleases=True)


def test_no_package_is_in_two_locks_in_two_versions():
    """What lies beside .venv comes before or behind it: a second copy would hide or be hidden."""
    main, test, nbgrader = ({canonicalize_name(pin.name): str(pin.specifier) for pin in pins} for pins in PINNED.values())
    assert not main.keys() & (test.keys() | nbgrader.keys())
    assert {name: test[name] for name in test.keys() & nbgrader.keys()} == {
        name: nbgrader[name] for name in test.keys() & nbgrader.keys()
    }
    assert "nbgrader" in nbgrader


def test_students_get_no_tools_for_tests():
    everyone = {canonicalize_name(pin.name) for pin in PINNED["requirements.lock"]}
    assert not everyone & {
        "pytest",
        "playwright",
        "ruff",
        "hypothesis",
        "mypy",
        "nbval",
        "import-linter",
        "build",
        "setuptools",
    }


def imports(folder):
    """The packages that the modules of a folder import."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.split(".")[0], path.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0], path.name


def test_what_crmlab_imports_is_declared():
    declared = {canonicalize_name(Requirement(text).name) for text in PYPROJECT["project"]["dependencies"]}
    distributions = {"ibis": "ibis-framework", "IPython": "ipython", "sklearn": "scikit-learn"}
    for name, file in imports("crmlab"):
        if name not in sys.stdlib_module_names and name != "crmlab":
            assert canonicalize_name(distributions.get(name, name)) in declared, f"{file} imports {name}"


@posix
def test_lock_writes_all_locks_and_the_environment(kit):
    shutil.copy(ROOT / "pyproject.toml", kit)
    here = "demo==1 \\\n    --hash=sha256:00\nshared==2 ; os_name == 'nt' \\\n    --hash=sha256:11 \\\n    --hash=sha256:12\n"
    tools_only = "pytest==3 \\\n    --hash=sha256:22 \\\n    --hash=sha256:23\n"
    more = "nbgrader==3 \\\n    --hash=sha256:22 \\\n    --hash=sha256:23\n"
    resolved = (here, here.partition("shared")[0] + tools_only, more + "shared==2 \\\n    --hash=sha256:11\n")
    for name, text in zip(LOCK_NAMES, resolved, strict=True):
        (kit / f"{name}.new").write_text(text)
    compiles = """echo "$@" >> "$KIT/words"; while [ "$1" != -o ]; do shift; done; cat "$2" >> "$KIT/before"
        cp "$KIT/$(basename "$2").new" "$2"; exit"""
    before = "".join((kit / name).read_text() for name in LOCK_NAMES)
    status, out, err = run(kit, "lock", "--upgrade", uv_does=compiles)
    assert (status, err) == (0, "")
    assert out == f"{', '.join(LOCK_NAMES)} and environment.yml are written.\n"
    for name, text in zip(LOCK_NAMES, (here, tools_only, more), strict=True):
        assert (kit / name).read_text() == text
    assert (kit / "before").read_text() == before, "uv sees the old locks, so that it keeps their versions"
    assert (kit / "environment.yml").read_text() == (ROOT / "environment.yml").read_text()
    main, test, nbgrader = (kit / "words").read_text().splitlines()
    for words in main, test, nbgrader:
        assert words.startswith("pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url ")
        assert words.endswith(" --upgrade")
    assert f"/requirements.lock {kit}/pyproject.toml --upgrade" in main
    assert f" --group {kit}/pyproject.toml:test --constraints " in test
    assert f" --group {kit}/pyproject.toml:nbgrader --constraints " in nbgrader
    assert nbgrader.count("--constraints") == 2


@posix
@pytest.mark.parametrize("failing", LOCK_NAMES)
def test_locks_that_cannot_be_resolved_stay_as_they_were(kit, failing):
    shutil.copy(ROOT / "pyproject.toml", kit)
    before = {name: (kit / name).read_bytes() for name in LOCK_NAMES}
    fails = f"""for word in "$@"; do case "$word" in */.tools/*/{failing}) last=$word; esac; done
        while [ "$1" != -o ]; do shift; done; [ "$2" = "$last" ] && {{ echo 'dns error' >&2; exit 2; }}
        echo changed==1 > "$2"; exit"""
    status, _, err = run(kit, "lock", uv_does=fails)
    assert status == 1
    assert "could not be reached" in one_sentence(err)
    assert {name: (kit / name).read_bytes() for name in LOCK_NAMES} == before


def test_environment_yml_is_what_lab_makes():
    made = resolve.environment_yml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == made
    assert made.splitlines()[0].startswith("#")
    assert "python lab.py lock" in made.splitlines()[0]
    assert f"  - python {PYPROJECT['project']['requires-python']}\n" in made
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(made) == {
        "name": "crmlab",
        "channels": ["conda-forge"],
        "dependencies": ["python " + PYPROJECT["project"]["requires-python"], "pip", {"pip": ["-r requirements.lock"]}],
    }
