"""The kit's own tables: as the firm makes them, kept where the system wants them, and whole after whatever happens."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest

import crmlab
from crmlab import _engine, datasets, tables, world
from crmlab.datasets import loading, store
from crmlab.errors import ArgumentError, CrmlabWarning, DataError

HOME = Path(__file__).resolve().parents[1] / "datasets"
# In a process of its own: another industry's table, of a firm that is made in no time.
LOAD = """
from crmlab import datasets, world
from crmlab.datasets import loading, store
store.simulate_firm = lambda version: world.simulate(version, customers=60, months=6, seed=1)
print(len(datasets.load("contracts", industry="telecom")))
"""


def small_firm(version):
    return world.simulate(version, customers=60, months=6, seed=1)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """An empty folder for what is kept, and firms that are made in no time."""
    monkeypatch.setenv("CRMLAB_CACHE", str(tmp_path / "kept tables 数据"))
    monkeypatch.setattr(store, "simulate_firm", small_firm)
    store._firm_in_memory.cache_clear()
    return tmp_path / "kept tables 数据" / crmlab.__version__


def test_the_kits_tables_are_fresh(tmp_path, monkeypatch):
    firm = store.simulate_firm("retailer-v2")
    monkeypatch.setattr(store, "simulate_firm", {"retailer-v2": firm}.__getitem__)
    datasets.build(tmp_path)
    for name in ("README.md", "datapackage.json"):
        assert (HOME / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8"), "run `crmlab data`"
    assert datasets.names() == tuple(firm)
    for name in datasets.names():
        stored = datasets.load(name)
        pd.testing.assert_frame_equal(stored, firm[name], obj=f"{name} (run `crmlab data`)")
        _engine.check(stored, name)
    for name in firm.truth:
        pd.testing.assert_frame_equal(datasets.truth(name), firm.truth[name], obj=f"{name} (run `crmlab data`)")
    stored_files, fresh_files = ({path.relative_to(home) for path in home.rglob("*.*")} for home in (HOME, tmp_path))
    assert stored_files == fresh_files | {Path(f"{name}.parquet") for name in loading.BESIDE}
    assert sum(path.stat().st_size for path in HOME.rglob("*.*")) < 10_000_000
    package = json.loads((HOME / "datapackage.json").read_text(encoding="utf-8"))
    assert {resource["name"] for resource in package["resources"]} == {*datasets.names(), *loading.BESIDE}, (
        "the truth is not among them"
    )
    for resource in package["resources"]:
        fields = [field["name"] for field in resource["schema"]["fields"]]
        assert fields == datasets.load(resource["name"]).columns.to_list()
        assert (HOME / resource["path"]).exists()


def test_the_firm_of_each_kind(monkeypatch):
    calls = []
    monkeypatch.setattr(world, "simulate", lambda *words, **options: calls.append((words, options)))
    for version in ("retailer-v2", "telecom-v1", "rebate_site-v1"):
        store.simulate_firm(version)
    assert calls == [
        (("retailer-v2",), {"months": 36, "seed": 1}),
        (("telecom-v1",), {"months": 36, "seed": 1}),
        (("rebate_site-v1",), {"months": 72, "seed": 1}),
    ]


def compare_with_grid(seeds, changes):
    """Make a part of the what-if grid again."""
    grid = datasets.load("what_if")
    again = world.sweep(**(datasets.WHAT_IF | {"changes": changes, "seeds": seeds, "workers": 1}))
    keys = ["cause", "amount", "seed"]
    stored = grid.merge(again[keys]).sort_values(keys, ignore_index=True)
    assert len(stored) == len(again)
    again = again.sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(stored, again, check_dtype=False, obj="run `crmlab data --what-if`")


def test_the_what_if_grid_is_fresh():
    """One firm of the twelve, and two changes of the forty, made again."""
    grid = datasets.load("what_if")
    _engine.check(grid, "what_if")
    assert grid.groupby("cause", sort=False).amount.nunique().to_dict() == dict.fromkeys(tables.DIMENSIONS, 9)
    assert sorted(grid.seed.unique()) == list(range(1, 13))
    compare_with_grid((11,), {"tangibles": [1.5], "responsiveness": [-0.5]})


@pytest.mark.long
def test_the_what_if_grid_is_fresh_for_each_firm():
    compare_with_grid(range(1, 13), {"tangibles": [1.5], "responsiveness": [-0.5], "empathy": [0.75]})


def test_cdnow_is_the_published_sample():
    published = pd.read_csv(Path(__file__).parent / "published/cdnow_orders.csv", dtype={"customer_id": "str"})
    stored = datasets.load("cdnow")
    _engine.check(stored, "cdnow")
    pd.testing.assert_frame_equal(stored.assign(order_date=stored.order_date.dt.strftime("%Y-%m-%d").astype("str")), published)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("what_if", r"world\.sweep\(\*\*datasets\.WHAT_IF\)"),
        ("claim_trials", r"claims\.make_grid\(\)"),
        ("cdnow", "install the kit with its folder"),
    ],
)
def test_without_the_folder_it_says_what_to_do(monkeypatch, tmp_path, name, remedy):
    monkeypatch.setattr(store, "KIT", tmp_path)
    with pytest.raises(DataError, match=remedy):
        datasets.load(name)


def test_load_refuses_unknown_names():
    with pytest.raises(ArgumentError, match="must be one of 'orders'"):
        datasets.load("order")
    with pytest.raises(ArgumentError, match="must be one of 'orders'"):
        datasets.load("contracts")
    with pytest.raises(ArgumentError, match="must be one of 'customers', 'failures'"):
        datasets.truth("orders")
    for call in (datasets.load, datasets.truth):
        with pytest.raises(ArgumentError, match="The industries: retailer"):
            call("customers", industry="bank")
    with pytest.raises(ArgumentError, match="The industries: retailer"):
        datasets.names("bank")


def test_another_industry_is_simulated_once_even_if_two_ask_at_once(quick):
    processes = [
        subprocess.Popen([sys.executable, "-c", LOAD], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    contracts = datasets.load("contracts", industry="telecom")
    assert {int(out) for out, _ in outputs} == {len(contracts)}
    assert [path.name for path in quick.iterdir()] == ["telecom-v2"], "nothing is left behind"
    assert "contracts" in datasets.names("telecom")
    firm = small_firm("telecom")
    for name in ("contracts", "contact_records", "survey"):
        pd.testing.assert_frame_equal(datasets.load(name, industry="telecom-v2"), firm[name])
    pd.testing.assert_frame_equal(datasets.truth("customers", industry="telecom"), firm.truth["customers"])


DAMAGES = {
    "contracts.parquet": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "orders.parquet": lambda path: path.unlink(),
    "truth/months.parquet": lambda path: path.write_bytes(b""),
    "manifest cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "manifest lost": lambda path: path.unlink(),
    "manifest []": lambda path: path.write_text("[]"),
    "manifest {}": lambda path: path.write_text("{}"),
    "manifest of numbers": lambda path: path.write_text('{"contracts.parquet": 1}'),
    "manifest of bytes": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}
SENTENCE = r"^the tables of telecom-v2 .* CRMLAB_CACHE[^.]*\.$"


def damage(home, what):
    DAMAGES[what](home / "telecom-v2" / ("manifest.json" if "manifest" in what else what))
    name = what.partition(".")[0]
    if name.startswith("truth"):
        return lambda: datasets.truth("months", industry="telecom")
    return lambda: datasets.load("contracts" if "manifest" in name else name, industry="telecom")


@pytest.mark.parametrize("what", DAMAGES)
def test_kept_tables_that_are_damaged_are_made_again(quick, what):
    contracts = datasets.load("contracts", industry="telecom")
    load = damage(quick, what)
    with pytest.warns(CrmlabWarning, match=SENTENCE) as warned:
        table = load()
    assert len(warned) == 1
    assert "were damaged and are made again" in str(warned[0].message)
    assert warned[0].filename == __file__, "it points at whoever asked for the table"
    assert len(table)
    pd.testing.assert_frame_equal(datasets.load("contracts", industry="telecom"), contracts)


def read_only(monkeypatch):
    """As where nobody may write: a folder of the system, a medium that is write-protected."""

    def refuse(path, *arguments, ignore_errors=False, **options):
        if not ignore_errors:
            raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(shutil, "rmtree", refuse)


def full_disk(monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "_write_table", refuse)


def folder_in_use(monkeypatch):
    """As on Windows, where a synchronising program holds the new folder for longer than anyone waits."""

    def refuse(source, target):
        raise PermissionError(13, "held by another program")

    monkeypatch.setattr(crmlab._write, "PAUSES", ())
    monkeypatch.setattr(os, "replace", refuse)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(read_only, "Read-only file system"), (full_disk, "No space left on device"), (folder_in_use, "held by another program")],
)
def test_where_nothing_can_be_kept_the_tables_come_from_memory(quick, monkeypatch, fault, reason):
    fault(monkeypatch)
    firm = small_firm("telecom")
    with pytest.warns(CrmlabWarning, match=SENTENCE) as warned:
        contracts = datasets.load("contracts", industry="telecom")
    with pytest.warns(CrmlabWarning, match=SENTENCE):
        months = datasets.truth("months", industry="telecom")
    assert f"cannot be kept in {quick.parent} ({reason}) and are simulated in memory" in str(warned[0].message)
    assert warned[0].filename == __file__
    pd.testing.assert_frame_equal(contracts, firm["contracts"])
    pd.testing.assert_frame_equal(months, firm.truth["months"])
    assert store._firm_in_memory.cache_info().misses == 1, "it is simulated once"
    assert not quick.exists()


@pytest.mark.parametrize("what", DAMAGES)
def test_damaged_tables_that_cannot_be_made_again_come_from_memory(quick, monkeypatch, what):
    datasets.load("contracts", industry="telecom")
    load = damage(quick, what)
    read_only(monkeypatch)
    with pytest.warns(CrmlabWarning, match=SENTENCE) as warned:
        table = load()
    assert len(warned) == 1
    assert "Read-only file system" in str(warned[0].message)
    assert len(table)


def test_whole_tables_are_read_where_nothing_can_be_written(quick, monkeypatch):
    contracts = datasets.load("contracts", industry="telecom")
    read_only(monkeypatch)
    with warnings.catch_warnings(action="error"):
        pd.testing.assert_frame_equal(datasets.load("contracts", industry="telecom"), contracts)


def test_a_place_for_kept_tables_that_is_a_file(quick, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("CRMLAB_CACHE", str(tmp_path / "a file"))
    with pytest.warns(CrmlabWarning, match=SENTENCE):
        assert len(datasets.load("contracts", industry="telecom"))


def test_a_killed_simulation_leaves_no_half_tables(quick):
    code = LOAD.replace("print", "import os; store._write_table = lambda *a: os._exit(9)\nprint")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    for _ in range(100):
        if not quick.exists():
            break
        time.sleep(0.1)
    assert not quick.exists()
    assert len(datasets.load("contracts", industry="telecom")) > 10
    assert [path.name for path in quick.iterdir()] == ["telecom-v2"]


def test_a_damaged_file_of_the_kit_is_refused(tmp_path, monkeypatch):
    shutil.copytree(HOME, tmp_path / "datasets")
    monkeypatch.setattr(store, "KIT", tmp_path / "datasets")
    assert len(datasets.load("orders")) > 1_000
    path = tmp_path / "datasets" / "orders.parquet"
    path.write_bytes(path.read_bytes()[:-1_000])
    with pytest.raises(DataError, match=r"orders\.parquet is damaged .* `crmlab data`"):
        datasets.load("orders")
    assert len(datasets.load("customers")) > 1_000
    for name, remedy in (("what_if", r"world\.sweep"), ("claim_trials", r"claims\.make"), ("cdnow", "install the kit")):
        path = tmp_path / "datasets" / f"{name}.parquet"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(DataError, match=rf"{name}\.parquet is damaged \({name}\.parquet is not what was .*{remedy}"):
            datasets.load(name)
    for content in ("[]", "{}", "{"):
        (tmp_path / "datasets" / "manifest.json").write_text(content)
        with pytest.raises(DataError, match=r"customers\.parquet is damaged \(manifest\.json .* `crmlab data`"):
            datasets.load("customers")


def test_the_kits_manifest_knows_every_table_that_is_loaded(tmp_path, monkeypatch):
    hashes = json.loads((HOME / "manifest.json").read_text())
    assert set(hashes) == {path.relative_to(HOME).as_posix() for path in HOME.rglob("*.*")} - {
        "README.md", "datapackage.json", "manifest.json", "survey_form.csv",
    }  # fmt: skip
    monkeypatch.setattr(store, "simulate_firm", small_firm)
    for name in ("manifest.json", "what_if.parquet", "claim_trials.parquet", "cdnow.parquet"):
        shutil.copy(HOME / name, tmp_path)
    (tmp_path / "cdnow.parquet").write_bytes(b"damaged")
    datasets.build(tmp_path)
    again = json.loads((tmp_path / "manifest.json").read_text())
    assert set(again) == set(hashes)
    beside = [f"{name}.parquet" for name in loading.BESIDE]
    assert [again[name] for name in beside] == [hashes[name] for name in beside], (
        "a new manifest does not bless what was damaged"
    )


def test_without_the_folder_the_default_firm_is_simulated(quick, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "KIT", tmp_path / "nowhere")
    pd.testing.assert_frame_equal(datasets.load("orders"), small_firm("retailer")["orders"])
    assert [path.name for path in quick.iterdir()] == ["retailer-v2"]


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", ".cache/crmlab"), ("darwin", "Library/Caches/crmlab"), ("win32", "AppData/Local/crmlab")],
)
def test_kept_tables_lie_where_the_system_wants_them(monkeypatch, tmp_path, platform, folder):
    for name in ("CRMLAB_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    assert store.cache() == tmp_path / folder
