"""Several records of one person: what is booked where, what that costs, and what misleads whoever joins them."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from world_firms import every_table, firm

from crmlab import tables, world
from crmlab.errors import ArgumentError
from crmlab.world import firm as firms
from crmlab.world import identities, streams
from crmlab.world.presets import PRESETS, RETAILER_2, TELECOM_2

BOOKED = {"orders": "order_date", "tickets": "opened"}
MEASURES = ("people in the file", "buyers", "repeat rate", "mailing cost")
ALL = world.Bookings(elsewhere=1, listed=1)


@pytest.fixture(params=["retailer-v2", "telecom-v2"])
def one(request):
    return firm(request.param, customers=400, months=30, seed=5)


@pytest.fixture
def retailer():
    return firm("retailer-v2", customers=400, months=30, seed=5)


def quiet(block, industry=RETAILER_2, **how):
    """A firm of 200 with other bookings."""
    return world.simulate(replace(industry, bookings=block), **({"customers": 200, "months": 20, "seed": 3} | how))


def records_of(simulated):
    """The records with their true owner, each person's numbered by time."""
    noted = simulated["contact_records"].merge(simulated.truth["records"], on="record_id")
    noted = noted.sort_values(["customer_id", "created"], kind="stable")
    return noted.assign(number=noted.groupby("customer_id").cumcount())


def counted(simulated, by):
    """What whoever holds ``by`` for the customer counts, by year and measure, from the tables alone."""
    opened = simulated["contact_records"].merge(simulated.truth["records"], on="record_id")
    orders, targets = simulated["orders"], simulated["campaign_targets"].merge(simulated["campaigns"], on="campaign_id")
    letters = targets[targets.group == "contacted"].drop_duplicates(["campaign_id", by])
    rows = {}
    for year in sorted(opened.created.dt.year.unique()):
        bought = orders[orders.order_date.dt.year == year].groupby(by).size()
        rows[year, "people in the file"] = opened[opened.created.dt.year <= year][by].nunique()
        rows[year, "buyers"] = bought.size
        rows[year, "repeat rate"] = (bought >= 2).mean()
        rows[year, "mailing cost"] = letters.contact_cost[letters.date.dt.year == year].sum()
    return pd.Series(rows)


# Recovery: the tables give back what the truth tells


@pytest.mark.parametrize("industry", ["retailer-v2", "telecom-v2"])
def test_counting_records_gives_what_is_recorded_and_counting_customers_what_is_true(industry):
    simulated = firm(industry, customers=400, months=30, seed=5)
    counts = simulated.truth["counts"].set_index(["year", "measure"])
    assert counts.index.get_level_values("measure").value_counts().to_dict() == dict.fromkeys(MEASURES, 3)
    for column, by in (("as_recorded", "record_id"), ("true", "customer_id")):
        by_hand = counted(simulated, by).reindex(counts.index)
        assert counts[column].to_numpy() == pytest.approx(by_hand.to_numpy(float), abs=1e-6), column
    assert counts.difference.to_numpy() == pytest.approx((counts.as_recorded - counts.true).to_numpy())
    last = counts.difference.loc[counts.index.get_level_values("year").max()]
    assert last["people in the file"] > 0
    assert last["buyers"] > 0
    assert last["repeat rate"] < 0
    assert last["mailing cost"] > 0


def test_orders_and_tickets_are_booked_under_a_record_that_exists(one):
    noted = records_of(one).set_index("record_id")
    for name, day in BOOKED.items():
        owner = noted.customer_id.rename("owner")
        booked = one[name].join(pd.concat([owner, noted[["created", "number"]]], axis=1), on="record_id")
        assert (booked.customer_id == booked.owner).all()
        assert (booked.created <= booked[day]).all()
        assert booked.number.max() >= 1


def test_the_share_booked_elsewhere_is_that_of_the_block():
    """Among k records that exist, a further one gets the share elsewhere * (k - 1) / k, each of them alike."""
    wanted = ["orders", "contact_records", "truth_records"]
    simulated = quiet(replace(RETAILER_2.bookings, elsewhere=0.6), customers=400, months=36, tables=wanted)
    noted = records_of(simulated)
    orders = simulated["orders"].merge(noted[["record_id", "number"]], on="record_id")
    pairs = orders.merge(noted[["customer_id", "created"]], on="customer_id")
    exist = (pairs.created <= pairs.order_date).groupby(pairs.order_id).sum().reindex(orders.order_id).to_numpy()
    for k in (2, 3):
        number = orders.number[exist == k]
        for place in range(k):
            expected = 0.6 / k + 0.4 * (place == 0)
            assert abs((number == place).mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(number)), (k, place)
    assert (orders.number[exist == 1] == 0).all()


def test_each_record_on_the_list_has_a_lot_of_its_own():
    wanted = ["campaigns", "campaign_targets", "contact_records", "truth_records", "truth_doubles", "truth_campaigns"]
    simulated = quiet(ALL, customers=400, months=36, tables=wanted)
    noted, campaigns = records_of(simulated).set_index("record_id"), simulated["campaigns"].set_index("campaign_id")
    targets = simulated["campaign_targets"].join(noted[["created", "number"]], on="record_id")
    assert (targets.created <= targets.campaign_id.map(campaigns.date)).all()
    assert not targets.duplicated(["campaign_id", "record_id"]).any()
    letter = targets[targets.campaign_id.map(campaigns.campaign) == "spring letter"]
    contacted = letter.group == "contacted"
    for further in (False, True):
        got = contacted[(letter.number > 0) == further]
        assert abs(got.mean() - 0.6) < 4 * np.sqrt(0.24 / len(got))
    wide = letter.assign(got=contacted).pivot_table(index=["campaign_id", "customer_id"], columns="number", values="got")
    both = wide[[0, 1]].dropna().astype(bool)
    mixed = both[0] ^ both[1]
    assert abs(mixed.mean() - 0.48) < 4 * np.sqrt(0.25 / len(mixed)), "one held out, the other contacted, as lots fall"
    groups = targets.assign(got=targets.group == "contacted").groupby(["campaign_id", "customer_id"]).got.agg(["size", "sum"])
    several = groups[groups["size"] > 1]
    stated = simulated.truth["doubles"].set_index(["campaign_id", "customer_id"]).reindex(several.index)
    assert len(stated) == len(simulated.truth["doubles"]) > 100
    assert (stated.to_numpy() == several.to_numpy()).all()
    truth = simulated.truth["campaigns"].set_index(["campaign_id", "customer_id"])
    assert set(truth.index) == set(groups.index)
    reached, chance = groups["sum"] > 0, truth.propensity.reindex(groups.index)
    assert abs((reached - chance).mean()) < 4 * np.sqrt((chance * (1 - chance)).sum()) / len(chance)
    assert chance[several.index].mean() > chance.drop(several.index).mean()


def test_every_shared_telephone_has_a_trace(one):
    """No two people stand with one number but by a household or a switchboard; typing errors aside, which hit single digits."""
    noted = records_of(one)
    digits = noted.phone.str.replace(r"\D", "", regex=True).str[-8:].dropna()
    people = noted.customer_id[digits.index].groupby(digits).nunique()
    shared = digits.isin(people.index[people > 1])
    faults = one.truth["faults"]
    traced = noted.record_id[digits.index].isin(faults.record_id[faults.fault.isin(["shared telephone", "switchboard"])])
    assert shared.sum() > 20
    assert (traced | ~shared).all()
    owners = noted.set_index("record_id").customer_id
    assert (faults.record_id.map(owners) == faults.customer_id).all()


def test_a_household_shares_its_home_and_a_switchboard_its_number():
    block = world.Bookings(household=(1, 40), switchboard=(0.5, 1, 10_000))
    simulated = quiet(block, months=12, tables=["contact_records", "truth_records", "truth_faults"])
    noted, faults = records_of(simulated).set_index("record_id"), simulated.truth["faults"]
    at_work = noted.loc[faults.record_id[faults.fault == "switchboard"]]
    assert at_work.phone.str.replace(r"\D", "", regex=True).str[-8:].value_counts(normalize=True).iloc[0] > 0.9
    assert 0.3 < at_work.customer_id.nunique() / noted.customer_id.nunique() < 0.65
    homes = noted.loc[faults.record_id[faults.fault == "shared home"]]
    own = homes.customer_id.str.slice(1, 8).astype(int)
    town = (
        homes.city.str.lower().str.strip().groupby((own - 1) // 40).agg(lambda each: each.value_counts(normalize=True).iloc[0])
    )
    assert town.mean() > 0.85, "friends live with whoever brought them, or they with nobody"


def test_chinese_names_stand_in_characters_and_in_pinyin(one):
    noted = records_of(one)
    signs = noted.given_name.fillna("").str.fullmatch(r"[\u4e00-\u9fff]+") | noted.family_name.fillna("").str.fullmatch(
        r"[\u4e00-\u9fff]+"
    )
    faults = one.truth["faults"]
    assert set(noted.record_id[signs]) == set(faults.record_id[faults.fault == "characters"])
    assert not (noted.given_name.str.contains("[a-z]", na=False) & signs).any()
    both = noted.groupby("customer_id").record_id.size() > 1
    mixed = signs.groupby(noted.customer_id).nunique() > 1
    assert (mixed & both).sum() > 5, "the same person once so, once so"
    key = streams.make_keys(1, "person", np.arange(400))
    written, known = identities.in_characters(key), identities.people(key, np.full(400, np.datetime64("1980-01-01")))
    names = dict(zip(known["family_name"].to_pylist(), written["family_name"].to_pylist(), strict=True))
    assert {"Wang": "王", "Li": "李", "Zhang": "张"}.items() <= names.items()
    assert names["Smith"] is None


def test_the_till_fills_in_one_address_for_many():
    simulated = quiet(world.Bookings(till_address=0.3), customers=400)
    noted = records_of(simulated)
    dummy = noted.email == "till@example.com"
    assert set(noted.source[dummy]) == {"shop counter"}
    share = dummy[noted.source == "shop counter"]
    assert abs(share.mean() - 0.3) < 4 * np.sqrt(0.21 / len(share))
    assert noted.customer_id[dummy].nunique() > 30
    faults = simulated.truth["faults"]
    assert set(faults.record_id[faults.fault == "till address"]) == set(noted.record_id[dummy])


def test_more_move_and_marry_where_the_block_says_so():
    wanted = ["contact_records", "truth_records", "truth_faults"]
    few, many = (
        quiet(block, customers=400, months=36, tables=wanted)
        for block in (world.Bookings(), world.Bookings(moving=2, marrying=9))
    )
    faults = [each.truth["faults"] for each in (few, many)]
    for fault in ("moved", "new telephone", "married"):
        before, after = (set(each.record_id[each.fault == fault]) for each in faults)
        assert before <= after, "who would have moved moves all the more"
        assert len(after) > 2 * len(before) > 0, fault
    noted = records_of(many).set_index("record_id")
    wed = noted.loc[faults[1].record_id[faults[1].fault == "married"]]
    first = noted[noted.number == 0].set_index("customer_id").family_name
    changed = wed.family_name.str.lower() != wed.customer_id.map(first).str.lower()
    assert changed.mean() > 0.8  # some first records are of those who had married before, or bear a slip
    mailed = [set(each.record_id[each.fault == "new e-mail"]) for each in faults]
    assert mailed[0] == mailed[1]


def test_the_errors_are_as_large_as_lessons_need():
    """What benchmarks/power.py finds in each of 20 firms, in one of half their size."""
    counts = world.simulate("retailer-v2", customers=1_000, seed=7, tables=["truth_counts"]).truth["counts"]
    last = counts[counts.year == counts.year.max()].set_index("measure")
    assert last.difference["buyers"] >= 0.05 * last.true["buyers"]
    assert last.difference["repeat rate"] <= -0.02
    assert last.difference["mailing cost"] >= 0.05 * last.true["mailing cost"]


def test_the_page_names_every_number_of_the_bookings():
    text = (Path(world.__file__).parents[2] / "docs" / "world.md").read_text(encoding="utf-8")
    assert [each.name for each in fields(world.Bookings) if f"`bookings.{each.name}`" not in text] == []
    faults = tables.table("truth_faults").column("fault").values
    for each in ("retailer-v2", "telecom-v2"):
        assert set(firm(each, customers=400, months=30, seed=5).truth["faults"].fault) <= set(faults)


# Laws


@pytest.mark.parametrize("industry", [RETAILER_2, TELECOM_2])
def test_all_at_zero_gives_the_tables_without_but_for_the_column(industry):
    none, zero = (quiet(block, industry) for block in (None, world.Bookings()))
    first = records_of(zero).query("number == 0").set_index("customer_id").record_id
    others = every_table(zero)
    for name, table in every_table(none).items():
        if name == "truth_parameters":
            continue
        stated = others[name]
        if name in (*BOOKED, "campaign_targets"):
            assert (stated.record_id == stated.customer_id.map(first)).all(), "all under the first"
            stated = stated.drop(columns="record_id")
        pd.testing.assert_frame_equal(stated, table, obj=name)
    counts = zero.truth["counts"].query("measure != 'people in the file'")
    assert (counts.difference == 0).all()
    assert len(zero.truth["doubles"]) == 0
    assert not {"faults", "doubles", "counts"} & set(none.truth)


@pytest.mark.parametrize("industry", ["retailer-v2", "telecom-v2"])
def test_one_record_each_and_every_count_is_true(industry):
    simulated = quiet(replace(RETAILER_2.bookings, records=(1,)), PRESETS[industry])
    assert not simulated.truth["records"].customer_id.duplicated().any()
    assert (simulated.truth["counts"].difference == 0).all()
    assert len(simulated.truth["doubles"]) == 0
    assert not simulated["campaign_targets"].duplicated(["campaign_id", "customer_id"]).any()


@pytest.mark.parametrize("industry", ["retailer-v2", "telecom-v2"])
def test_blocks_workers_and_files_do_not_matter(industry, tmp_path):
    whole = firm(industry, customers=150, months=16, seed=5)
    for block in (150, 7_000):
        assert firms._make(whole.setting, tuple(whole._tables), None, 1, block).hash() == whole.hash()
    filed = firms._make(whole.setting, tuple(whole._tables), tmp_path / "firm", 1, 200)
    assert filed.hash() == whole.hash()
    few = world.simulate(industry, customers=150, months=16, seed=5, tables=["tickets", "truth_counts"])
    pd.testing.assert_frame_equal(few["tickets"], whole["tickets"])
    pd.testing.assert_frame_equal(few.truth["counts"], whole.truth["counts"])
    assert whole.rerun(reliability=0).hash() == whole.hash()


def test_a_cause_changes_no_record_and_no_booking_before_it(one):
    changed = one.rerun(reliability=1.0, empathy=-1.0, price=0.1, start=13, cost=0)
    start = pd.Timestamp(one.day(13))
    for name, day in BOOKED.items():
        before = [each[name][each[name][day] < start].reset_index(drop=True) for each in (one, changed)]
        pd.testing.assert_frame_equal(*before)
        assert len(before[0]) > 50
    both = one["customers"].merge(changed["customers"], on="customer_id").customer_id
    noted = [records_of(each) for each in (one, changed)]
    noted = [each[each.customer_id.isin(both)].reset_index(drop=True) for each in noted]
    pd.testing.assert_frame_equal(*noted)
    assert len(one["orders"]) != len(changed["orders"])


def test_where_something_is_booked_changes_nothing_else():
    first, any_of_them = (quiet(world.Bookings(elsewhere=share)) for share in (0.0, 1.0))
    for name, table in every_table(first).items():
        other = every_table(any_of_them)[name]
        if name in BOOKED:
            assert (other.record_id != table.record_id).any()
            table, other = (each.drop(columns="record_id") for each in (table, other))
        if name not in ("truth_counts", "truth_parameters"):
            pd.testing.assert_frame_equal(table, other, obj=name)


def test_a_second_letter_costs_and_moves_nobody_further():
    """Everybody gets every letter: those of further records add their postage, and nothing else where nobody tires."""
    letter = replace(RETAILER_2.campaigns[1], share=1.0)
    calm = replace(RETAILER_2, campaigns=(letter,), tiring=0.0, annoyance=0.0, opt_out=0.0)
    once, twice = (quiet(world.Bookings(listed=share), calm) for share in (0.0, 1.0))
    pd.testing.assert_frame_equal(once["orders"], twice["orders"])
    pd.testing.assert_frame_equal(once.truth["campaigns"], twice.truth["campaigns"])
    dearer = twice["firm_months"].campaign_cost.sum() - once["firm_months"].campaign_cost.sum()
    paid = twice.truth["counts"].query("measure == 'mailing cost'").difference.sum()
    assert dearer == pytest.approx(paid)
    assert paid == pytest.approx((len(twice["campaign_targets"]) - len(once["campaign_targets"])) * letter.cost)
    assert paid > 0
    tired = replace(calm, annoyance=0.5, patience=1.0)
    satisfied = [quiet(world.Bookings(listed=share), tired).truth["months"].satisfaction.sum() for share in (0.0, 1.0)]
    assert satisfied[1] < satisfied[0], "but more of the same annoys"


def test_more_doubles_make_every_count_worse():
    errors = []
    for share in (0.0, 0.5, 1.0):
        counts = quiet(world.Bookings(elsewhere=share, listed=share), customers=400, tables=["truth_counts"]).truth["counts"]
        errors.append(counts.groupby("measure").difference.sum())
    for before, after in ((errors[0], errors[1]), (errors[1], errors[2])):
        assert after["buyers"] > before["buyers"]
        assert after["mailing cost"] > before["mailing cost"]
        assert after["repeat rate"] < before["repeat rate"]
        assert after["people in the file"] == before["people in the file"], "the file is as long, whatever is booked"


def test_a_firm_of_nobody_has_all_tables():
    simulated = world.simulate("retailer-v2", customers=1, months=1, seed=4)
    usual = every_table(firm("retailer-v2", customers=400, months=30, seed=5))
    for name, table in every_table(simulated).items():
        assert list(table.dtypes.items()) == list(usual[name].dtypes.items()), name
    assert (simulated.truth["counts"].true.isin([0, 1])).all()


# Refusals


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"elsewhere": 1.5}, "Bookings: `elsewhere` must be a share from 0 to 1"),
        ({"household": (0.5, 0)}, "`household.neighbours` must be a whole number of at least 1"),
        ({"switchboard": (0.5, 2, 10)}, "`switchboard.noted` must be a share"),
        ({"records": (0, 0)}, "`records` must hold at least one value above 0"),
        ({"moving": -1}, "`moving` must be a finite number of at least 0"),
    ],
)
def test_rates_that_cannot_be_are_refused(numbers, words):
    with pytest.raises(ArgumentError, match=words):
        world.Bookings(**numbers)


def test_bookings_must_be_a_block_of_their_own():
    with pytest.raises(ArgumentError, match=r"`bookings` must be a `world\.Bookings` or None"):
        replace(RETAILER_2, bookings=0.5)
    with pytest.raises(ArgumentError, match="truth_counts"):
        world.simulate("retailer-v1", customers=10, months=2, seed=1, tables=["truth_counts"])
