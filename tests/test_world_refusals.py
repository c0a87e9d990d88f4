"""What the firm refuses, and in which words: industries of one's own, changes, grids, and folders that are not whole."""

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from world_firms import firm

from crmlab import datasets, world
from crmlab._write import atomic_folder
from crmlab.errors import ArgumentError, DataError
from crmlab.world import assembly, dispositions, ranges
from crmlab.world.industries import REBATE_SITE, RETAILER, TELECOM
from crmlab.world.presets import PRESETS

DEALS = PRESETS["manufacturer-v1"].pipeline
BLOCKS = {
    "Channel": RETAILER.channels[0], "Need": RETAILER.needs[0], "Product": RETAILER.products[0],
    "Campaign": RETAILER.campaigns[0], "Giving": REBATE_SITE.giving, "Industry": RETAILER,
    "Correlation": PRESETS["retailer-v2"].correlations[0], "Bookings": world.Bookings(),
    "Claims": PRESETS["insurer-v1"].claims, "Pipeline": DEALS, "Role": DEALS.roles[0], "Objection": DEALS.objections[0],
    "Answer": DEALS.answers[0], "LostReason": DEALS.lost_reasons[0],
    "Trouble": PRESETS["telecom-v2"].trouble,
    "Farewell": PRESETS["retailer-v2"].farewell,
    "CallCentre": PRESETS["telecom-v2"].calls,
}  # fmt: skip
NAN = float("nan")


# An industry of one's own


def test_a_correlation_is_of_dispositions():
    assert tuple(dispositions.STREAMS) == ranges.DISPOSITIONS


def test_every_field_has_a_range():
    kinds = {name for name, value in vars(world).items() if isinstance(value, type) and issubclass(value, ranges.Block)}
    assert kinds == set(ranges.RULES) == set(BLOCKS)
    for kind, rules in ranges.RULES.items():
        assert {field.name for field in fields(getattr(world, kind))} == set(rules), kind


@pytest.mark.parametrize(("kind", "field"), [(kind, field.name) for kind in BLOCKS for field in fields(BLOCKS[kind])])
def test_no_field_takes_what_it_cannot_mean(kind, field):
    empty = () if field == "lot_of" else ("",)  # "" there: no arm of another campaign
    for wrong in (NAN, *empty, object(), {}):
        with pytest.raises(ArgumentError, match=f"{kind}.*: `{field}") as refusal:
            replace(BLOCKS[kind], **{field: wrong})
        assert repr(wrong) in str(refusal.value) or "different" in str(refusal.value)


NEED, LETTER = RETAILER.needs[0], RETAILER.campaigns[0]
PAIR = world.Correlation(first="fit", second="rate", value=0.1)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"failure": 2.0}, "Industry 'retailer-v1': `failure` must be a share from 0 to 1, such as 0.1"),
        ({"quality": (5, 5, NAN, 5, 5)}, "`quality.3` must be points of the seven-point scale, from 1 to 7; it is nan"),
        ({"quality": 5}, "`quality` must be a tuple of values; it is 5"), ({"spend": (5, 1, 27)}, "`spend.q` must be above 1"),
        ({"season": (1, 1)}, "`season` must hold 12 values, one for each month of the year; it holds 2: (1, 1)"),
        ({"advance": (2,) * 7}, "`advance` must hold 8 values, one for each stage"),
        ({"rate": (1,)}, "`rate` must hold 2 values (shape, mean); it holds 1"), ({"rate": (0, 1)}, "`rate.shape` must be a"),
        ({"products": ()}, "`products` must hold at least one `world.Product`"),
        ({"channels": (1,)}, "must be a `world.Channel`"),
        ({"channels": RETAILER.channels[:1] * 2}, "must have different names; 'online advert' stands there twice"),
        ({"channels": (replace(RETAILER.channels[0], name="referral"),)}, "must not hold 'referral'"),
        ({"channels": (replace(RETAILER.channels[0], weight=0),)}, "whose `weight` is above 0"),
        ({"failure_kinds": (("question", 1),)}, "must not hold 'question'"),
        ({"objections": (("price", 0),)}, "a weight above 0"), ({"objections": (("price",),)}, "values (name, weight)"),
        ({"ticket_channels": (("fax", 1),)}, "must be one of 'phone'"),
        ({"regions": ()}, "`regions` must hold at least one text"), ({"importance": (0,) * 5}, "at least one value above 0"),
        ({"flat_zone": (1, 0)}, "the lower value first"), ({"targeting_bounds": (0.9, 0.1)}, "the lower value first"),
        ({"importance_step": 30}, "a divisor of the 100 points"), ({"survey_every": 0}, "a whole number of at least 1"),
        ({"age_bounds": (18, 18, 45, 60, 85)}, "`age_bounds` must rise"), ({"age_bounds": (18, 85)}, "`age_shares` must rise"),
        ({"dropout": (0, 0)}, "without contract `dropout.shape` must be above 0"), ({"giving": 3}, "a `world.Giving` or None"),
        ({"contract": True}, "chooses no product with a `monthly_fee`"),
        ({"needs": (replace(NEED, products=()),)}, "the need 'price' holds 0 weights, and there are 6 products"),
        ({"needs": (replace(NEED, products=(0,) * 6),)}, "no product without `monthly_fee` to order"),
        ({"arrival_season": (1,) * 11}, "`arrival_season` must hold 12 factors"),
        ({"correlations": (PAIR, PAIR)}, "two different dispositions, each pair once; see fit and rate"),
        ({"correlations": (replace(PAIR, second="fit"),)}, "two different dispositions"),
        ({"referral_needs": (1, 2)}, "`referral_needs` must hold 4 factors, one for each need"),
        ({"channels": (replace(RETAILER.channels[0], needs=(0,) * 4),)}, "channel 'online advert' must hold 4 factors"),
        ({"needs": (replace(NEED, regions=(1, 2)),)}, "`regions` of the need 'price' must hold 4 factors, one for each region"),
        ({"campaigns": (replace(LETTER, lot_of="nobody"),)}, "another one of the same month, no arm itself; it is 'no"),
        ({"campaigns": (replace(LETTER, lot_of=LETTER.name),)}, "`lot_of` of the campaign 'spring letter'"),
        ({"campaigns": (LETTER, replace(LETTER, name="arm", lot_of=LETTER.name, share=0, month_of_year=4))}, "the same month"),
        ({"campaigns": (LETTER, replace(LETTER, name="arm", lot_of=LETTER.name))}, "add up to 1 at most"),
        ({"campaigns": (LETTER, replace(LETTER, name="arm", lot_of=LETTER.name, share=0.1, targeted=True))}, "must be by lot"),
        ({"importance": (1, 0, 0, 0, 0), "needs": (replace(NEED, weight=(0, 1, 1, 1, 1)),)}, "leave no dimension a weight"),
    ],
)  # fmt: skip
def test_an_industry_refuses(numbers, words):
    with pytest.raises(ArgumentError) as refusal:
        replace(RETAILER, **numbers)
    assert words in str(refusal.value)


def test_blocks_of_an_industry_refuse():
    for block, numbers, words in (
        (RETAILER.campaigns[0], {"discount": 2}, "Campaign 'spring letter': `discount` must be a share"),
        (RETAILER.campaigns[0], {"month_of_year": 13}, "`month_of_year` must be a whole number from 1 to 12; it is 13"),
        (RETAILER.channels[0], {"entry": (0,) * 8}, "`entry` must hold at least one value above 0"),
        (TELECOM.products[0], {"term_months": 0}, "needs `term_months` of at least 1"),
        (DEALS, {"objections": ()}, "Pipeline: `answers` need `objections`, and there are none"),
        (DEALS, {"answers": ()}, "Pipeline: `objections` need `answers`"),
        (DEALS, {"answers": (replace(DEALS.answers[0], worth=(1,)),)}, "one value for each of the 5 `objections`"),
        (
            DEALS,
            {"lost_reasons": (replace(DEALS.lost_reasons[3], stages=(0,) * 7 + (1,)),)},
            "at the stage 'prospecting'",
        ),
        (DEALS, {"shape": 0.0}, "`shape` must be a shape above 0.1"),
        (DEALS, {"value_fit": 2}, "a correlation from -1 to 1"),
        (DEALS.roles[0], {"stage": 9}, "Role 'gatekeeper': `stage` must be a whole number from 1 to 8"),
        (PRESETS["insurer-v1"].claims, {"kinds": (("question", 1),)}, "must not hold 'question'"),
        (REBATE_SITE.giving, {"payout_months": 0}, "Giving: `payout_months` must be a whole number of at least 1"),
    ):
        with pytest.raises(ArgumentError) as refusal:
            replace(block, **numbers)
        assert words in str(refusal.value)


def test_a_pipeline_must_fit_its_industry():
    maker, insurer = PRESETS["manufacturer-v1"], PRESETS["insurer-v1"]
    later = tuple(replace(product, first=False) for product in maker.products[3:])
    for sector, numbers, words in (
        (maker, {"pipeline": replace(DEALS, value_needs=(1, 2))}, "`pipeline.value_needs` must hold one factor for each"),
        (maker, {"pipeline": replace(DEALS, value_needs=(1, 2, 0, 1))}, "`pipeline.value_needs` must be above 0"),
        (maker, {"pipeline": replace(DEALS, objections=tuple(replace(each, needs=(0, 1, 1, 1)) for each in DEALS.objections))},
         "the need 'price' must have an objection whose weight and factor are above 0"),
        (maker, {"pipeline": 3}, "must be a `world.Pipeline` or None"), (insurer, {"claims": 3}, "a `world.Claims` or None"),
        (maker, {"needs": (replace(maker.needs[0], products=(1, 1, 1, 0, 0, 0)), *maker.needs[1:])},
         "the need 'price' must weigh a product that is `first`, and one that is not"),
        (maker, {"products": (*maker.products[:3], *later[:2])}, "holds 6 weights, and there are 5 products"),
        (insurer, {"products": (*insurer.products[:4], replace(insurer.products[4], first=True))}, "no product can be `first`"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError) as refusal:
            replace(sector, **numbers)
        assert words in str(refusal.value)


def test_a_cost_of_no_cause_is_refused():
    with pytest.raises(ArgumentError, match=r"`costs` names no cause by 'joy'\. Causes: reliability"):
        world.simulate(replace(RETAILER, costs=(("joy", 1.0),)), customers=5, months=2, seed=1)


def test_numpy_numbers_and_lists_make_the_same_industry():
    numbers = {field.name: getattr(RETAILER, field.name) for field in fields(RETAILER)}
    arrays = {
        name: np.array(value) if isinstance(value, tuple) and value and isinstance(value[0], int | float) else value
        for name, value in numbers.items()
    }
    scalars = {"failure": np.float64(0.08), "managers": np.int64(12), "contract": np.False_, "voice": np.float32(0.5)}
    own = replace(RETAILER, **arrays | scalars | {"regions": list(RETAILER.regions)})
    assert own == replace(RETAILER, voice=0.5)
    assert hash(own) == hash(replace(RETAILER, voice=0.5))
    simulated = world.simulate(own, customers=np.int64(5), months=np.int16(3), seed=np.uint8(1))
    parameters = simulated.truth["parameters"].set_index("parameter").set_to
    assert parameters["managers"] == 12  # a number of numpy was none of the truth's parameters
    assert (
        simulated.rerun(reliability=np.float32(0.5), start=np.int64(2), cost=np.int64(1)).hash()
        == simulated.rerun(reliability=0.5, start=2, cost=1).hash()
    )


@pytest.mark.parametrize(
    "numbers",
    [
        {"failure": 0, "turnover": 0, "consent": 0}, {"failure": 1, "turnover": 1, "referral": 1, "opt_out": 1, "follow_up": 1},
        {"regions": ("here",), "campaigns": (), "costs": (), "season": (0,) * 12, "pool": 1, "prospects_per_customer": 1},
        {"stage_days": (0,) * 8, "advance": (100,) * 8, "managers": 1, "audits": 1, "importance_step": 100, "survey_every": 1},
        {"age_bounds": (20, 40), "age_shares": (0, 1), "quality_spread": (0, 0), "slopes": (0, 0, 0), "rate": (1, 0)},
        {"page_views": (5, 1), "asks_for_offer": (-100, 10), "best_recovery": 0, "targeting_bounds": (1, 1), "cross_most": 0},
    ],
)  # fmt: skip
@pytest.mark.parametrize("preset", [RETAILER, TELECOM], ids=["retailer", "telecom"])
def test_the_ends_of_the_ranges_can_be_simulated(preset, numbers):
    simulated = world.simulate(replace(preset, **numbers), customers=4, months=8, seed=1)
    assert len(simulated["firm_months"]) == 8
    assert simulated["firm_months"].profit.notna().all()


@pytest.mark.parametrize(
    "numbers",
    [
        {"value": (1e9, 2.0), "value_needs": (10,) * 4, "value_effect": 10, "value_days": 1, "value_spend": 1, "value_fit": 1},
        {"value": (0, 0), "shape": 0.11, "stalls": 10, "weighs": (0,) * 8}, {"shape": 10, "distance": (0, 10), "estimate": 10},
        {"choice": 10, "bound": 10, "answers": tuple(replace(each, worth=(100, -100, 0, 0, 0)) for each in DEALS.answers)},
        {"objections": tuple(replace(each, rival=10, size=-10, price=10, hardness=-100) for each in DEALS.objections)},
        {"roles": tuple(replace(each, share=1, meets=-100, bars=10, worth=10) for each in DEALS.roles)},
        {"roles": (), "lost_reasons": tuple(replace(each, age=10, fit=-10, rival=10) for each in DEALS.lost_reasons)},
        {"lost_reasons": (), "objections": (), "answers": ()}, {"means": (10, 10, 0.01), "intent": (0, 0, 1)},
    ],
)  # fmt: skip
def test_the_ends_of_the_ranges_of_a_pipeline_can_be_simulated(numbers):
    sector = replace(PRESETS["manufacturer-v1"], pipeline=replace(DEALS, **numbers))
    simulated = world.simulate(sector, customers=20, months=14, seed=1)
    assert simulated["firm_months"].profit.notna().all()
    assert simulated.truth["prospects"].chance.between(0, 1).all()
    assert simulated["deals"].means.between(1, 5).all()


def test_the_ends_of_the_ranges_of_claims_can_be_simulated():
    insurer = PRESETS["insurer-v1"]
    for numbers in ({"share": 1, "spread": 2, "payout": (1e9, 2), "hours": 0.1, "mood": 10, "damage": 10}, {"share": 0}):
        simulated = world.simulate(replace(insurer, claims=replace(insurer.claims, **numbers)), customers=10, months=8, seed=1)
        assert simulated["firm_months"].profit.notna().all()


# Asking a firm, changing it, and trying changes on many


def test_a_firm_is_a_mapping():
    simulated = firm("retailer", customers=10, months=3, seed=1)
    for tables, name in ((simulated, "orders"), (simulated.truth, "customers")):
        assert tables.get("x") is None
        assert tables.get(3, "none") == "none"
        pd.testing.assert_frame_equal(tables.get(name), tables[name])
        assert tables == tables
        assert tables != dict(tables)
        assert len({tables, tables}) == 1


def test_what_was_changed_is_not_printed():
    changed = firm("retailer", customers=10, months=3, seed=1).rerun(empathy=0.5, price=0.1, start=2)
    for shown in (repr(changed), str(changed.summary()), changed._repr_html_(), repr(changed.truth)):
        assert "retailer-v2" in shown
        assert not any(word in shown for word in ("empathy", "price", "0.5", "onth 2"))
    assert changed.setting.interventions.changes[0].cause == "empathy"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cost": 5}, "`cost` is that of a change, and none is named"), ({"reliability": [0.5]}, "must be a number from"),
        ({"reliability": 0.5, "workers": -1}, "`workers` must be a whole number from 1"),
        ({"reliability": True}, "must be a number from"), ({"reliability": 0.5, "workers": "2"}, "`workers` must be"),
    ],
)  # fmt: skip
def test_rerun_refuses(arguments, words):
    with pytest.raises(ArgumentError) as refusal:
        firm("retailer", customers=10, months=3, seed=1).rerun(**arguments)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"changes": {"reliability": 0.5}}, "`reliability` must be a list of amounts, such as [0.5, 1.0]; it is 0.5"),
        ({"changes": {"reliability": "0.5"}}, "`reliability` must be a list of amounts"),
        ({"changes": {"reliability": np.array(0.5)}}, "`reliability` must be a list of amounts"),
        ({"changes": {"reliability": []}}, "`reliability` must be a list of amounts"),
        ({"changes": {"reliability": [[0.5]]}}, "`reliability` must be a number from -2 to 2"),
        ({"changes": {"reliability": ["0.5"]}}, "`reliability` must be a number from -2 to 2"),
        ({"changes": "reliability"}, "`changes` must map causes to amounts"),
        ({"seeds": 3}, "`seeds` must be a list of seeds; it is 3"), ({"seeds": "12"}, "`seeds` must be a list of seeds"),
        ({"seeds": []}, "`seeds` must be a list of seeds"), ({"seeds": [0.5]}, "`seeds` must be a whole number"),
        ({"workers": -1}, "`workers` must be a whole number from 1 to 1024; it is -1"), ({"workers": 0}, "`workers` must be"),
        ({"workers": "2"}, "`workers` must be"), ({"start": 4}, "`start` must be a whole number from 1 to 3"),
        ({"customers": "10"}, "`customers` must be a whole number"), ({"months": 2.5}, "`months` must be a whole number"),
    ],
)  # fmt: skip
def test_sweep_refuses(arguments, words):
    given = {"changes": {"reliability": [0.5]}, "customers": 10, "months": 3, "start": 2, "seeds": [1], "workers": 1}
    with pytest.raises(ArgumentError) as refusal:
        world.sweep(**given | arguments)
    assert words in str(refusal.value)


def test_sweep_takes_whatever_lists_amounts_and_seeds():
    sizes = {"customers": 10, "months": 3, "start": 2, "workers": 1}
    usual = world.sweep({"empathy": [0.5, 1.0]}, seeds=[1, 2], **sizes)
    for amounts, seeds in (
        (np.array([1.0, 0.5]), np.array([1, 2])),
        ({0.5, 1}, (each for each in (1, 2))),
        ((1, 0.5), range(1, 3)),
    ):
        pd.testing.assert_frame_equal(world.sweep({"empathy": amounts}, seeds=seeds, **sizes), usual)


def test_outcomes_refuse():
    grid, choice = datasets.load("what_if"), {"answer faster": ("responsiveness", 0.5)}
    for arguments, words in (
        ({"cost": "free"}, "`cost` must be 0 or more"), ({"cost": -1}, "`cost` must be 0 or more"),
        ({"cost": NAN}, "`cost` must be 0 or more"), ({"grid": []}, "must be a DataFrame"),
        ({"choices": {"answer faster": "responsiveness"}}, "a cause and an amount"),
        ({"choices": {"answer faster": 0.5}}, "a cause and an amount for 'answer faster'"),
        ({"grid": grid.drop(columns="profit")}, "no column `profit`"), ({"grid": grid[:0]}, "what_if table is empty"),
    ):  # fmt: skip
        with pytest.raises((ArgumentError, DataError), match=words):
            world.outcomes(**{"grid": grid, "choices": choice} | arguments)
    free, paid = (world.outcomes(grid, choice, cost=cost).effect.mean() for cost in (np.float32(0), np.int64(1)))
    assert free > paid


def test_effect_refuses_a_grid_with_gaps():
    grid = datasets.load("what_if")
    for part in (grid[grid.amount > 0], grid[(grid.amount == 0) | (grid.seed < 9)], pd.concat([grid, grid])):
        with pytest.raises(DataError, match=r"lacks firms with `empathy` at 0 or 0\.5\. Give it whole"):
            world.effect(part, "empathy", 0.5)


# Firms in folders


@pytest.fixture(scope="module")
def filed(tmp_path_factory):
    """A firm of two blocks in a folder; whoever damages it mends it."""
    setting = firm("retailer", customers=40, months=3, seed=1).setting
    folder = tmp_path_factory.mktemp("firms") / "firm"
    return world.firm._make(setting, ("orders", "firm_months", "truth_months"), folder, 1, 100)


def test_the_files_of_a_firm_stand_in_its_manifest(filed):
    hashes = json.loads((filed.folder / "manifest.json").read_text())
    assert set(hashes) == {path.relative_to(filed.folder).as_posix() for path in filed.folder.rglob("*.parquet")}
    assert len([file for file in hashes if file.startswith("orders/")]) == 2


@pytest.mark.parametrize(
    ("file", "damage", "words"),
    [
        ("orders/part-00001.parquet", lambda path: path.unlink(), "orders/part-00001.parquet is lost"),
        ("orders/part-00001.parquet", lambda path: path.write_bytes(path.read_bytes()[:-9]), "00001.parquet is not what was"),
        ("orders/part-00002.parquet", lambda path: path.write_bytes(b""), "part-00002.parquet is no part of it"),
        ("manifest.json", lambda path: path.unlink(), "manifest.json is lost"),
        ("manifest.json", lambda path: path.write_text("[]"), "manifest.json is not what was written"),
        ("manifest.json", lambda path: path.write_text("{"), "manifest.json is not what was written"),
        ("manifest.json", lambda path: path.write_text("{}"), "its manifest names no part of orders"),
    ],
)  # fmt: skip
def test_a_firm_that_is_not_whole_is_noticed(filed, file, damage, words):
    path = filed.folder / file
    content = path.read_bytes() if path.exists() else None
    damage(path)
    try:
        with pytest.raises(DataError, match=words) as refusal:
            filed["orders"]
        assert "Simulate it again" in str(refusal.value)
        with pytest.raises(DataError):
            filed.hash()
        if "is not what was written" not in str(refusal.value) or "manifest" in file:
            with pytest.raises(DataError, match=words):
                filed.path("orders")
    finally:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
    assert len(filed["orders"])


KILLED = """
import os, sys
from crmlab import world
from crmlab.world import assembly
write = assembly._store
def write_and_die(*arguments):
    write(*arguments)
    os._exit(9)
assembly._store = write_and_die
world.simulate("retailer", customers=20, months=2, seed=1, folder=sys.argv[1])
"""


def test_a_killed_simulation_leaves_nothing_behind(tmp_path):
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "new" / "firm")], check=False)
    assert ran.returncode == 9
    for _ in range(100):
        if not list(tmp_path.iterdir()):
            break
        time.sleep(0.1)
    assert list(tmp_path.iterdir()) == []


def test_what_a_power_failure_left_goes_later(tmp_path):
    left, young, foreign = (tmp_path / f".firm.{end}" for end in (f"{'0' * 16}.part", f"{'1' * 16}.part", "notes"))
    for folder in (left, young, foreign):
        (folder / "orders").mkdir(parents=True)
        (folder / "orders" / "part-00000.parquet").write_bytes(b"")
    for path in (*left.rglob("*"), left, *foreign.rglob("*"), foreign, young):
        os.utime(path, (0, 0))
    with atomic_folder(tmp_path / "firm"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {young.name, foreign.name, "firm"}, (
        "the young one may still be written"
    )


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(assembly, "_store", refuse)
    (tmp_path / "empty").mkdir()
    for folder in ("new/deeper/firm", "empty"):
        with pytest.raises(DataError, match=r"could not be written to .* \(No space left on device\)\. Name a folder"):
            world.simulate("retailer", customers=5, months=2, seed=1, folder=tmp_path / folder)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"could not be written to .*file"):
        world.simulate("retailer", customers=5, months=2, seed=1, folder=tmp_path / "file" / "firm")
