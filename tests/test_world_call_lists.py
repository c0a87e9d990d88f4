"""Call lists: only who is called lives otherwise, whatever the order of the list; a list that cannot be called is refused."""

import numpy as np
import pandas as pd
import pytest
from world_firms import bare, every_table, firm

from crmlab import world
from crmlab.errors import ArgumentError
from crmlab.world import call_lists, streams
from crmlab.world.presets import RETAILER_2

START = 13
OF_CUSTOMERS = (
    "orders",
    "interactions",
    "tickets",
    "customer_months",
    "contracts",
    "survey",
    "usage",
    "truth_customers",
    "truth_failures",
)


@pytest.fixture(params=["retailer", "telecom", "homebuilder"])
def one(request):
    return firm(request.param, customers=120, months=18, seed=3)


@pytest.fixture
def shop():
    return firm("retailer", customers=250, months=17, seed=3)


def in_file(simulated, month=START):
    """Customers on the first day of a month, who are still there."""
    first, them = pd.Timestamp(simulated.day(month)), simulated.truth["customers"]
    return them.customer_id[(them.since < first) & ~(them.left < first)].to_list()


def some(simulated, number=40):
    return in_file(simulated)[::3][:number]


# Laws


def test_who_calls_nobody_changes_nothing(one):
    assert one.rerun(calls=[], start=START).hash() == one.hash()
    assert one.rerun(calls=pd.Series([], dtype=str), start=START).hash() == one.hash()


def test_who_is_not_called_lives_as_before_unless_a_called_one_brought_them(one):
    listed = some(one)
    offer = next((campaign.name for campaign in one.industry.campaigns if campaign.lift), None)
    called = one.rerun(calls=listed, start=START, offer=offer)
    names = [name for name in OF_CUSTOMERS if name in every_table(one)]
    moved = set()
    for name in names:
        before, after = every_table(one)[name], every_table(called)[name]
        rows = pd.concat([before, after])
        moved |= set(rows.customer_id[~rows.duplicated(keep=False)])
    assert moved
    assert all(any(each == name or each.startswith(f"{name}-") for name in listed) for each in moved)
    assert set(listed) <= moved, "each of them has a call more"


def test_before_the_calls_all_is_identical(one):
    called, day = one.rerun(calls=some(one), start=START), pd.Timestamp(one.day(START))
    for name, date in (("orders", "order_date"), ("interactions", "date"), ("customer_months", "month")):
        before, after = (each[name][each[name][date] < day].reset_index(drop=True) for each in (one, called))
        pd.testing.assert_frame_equal(before, after)


def test_a_call_costs_what_a_call_costs_and_stands_in_the_table(shop):
    listed = some(shop)
    called, month = shop.rerun(calls=listed, start=START), START - 1
    cost = [each["firm_months"].campaign_cost.iloc[month] for each in (shop, called)]
    assert cost[1] - cost[0] == pytest.approx(len(listed) * shop.industry.call_cost)
    rows = [each["interactions"].query("topic == 'follow-up' and channel == 'phone'") for each in (shop, called)]
    days = [
        each[(each.date >= pd.Timestamp(shop.day(START))) & (each.date < pd.Timestamp(shop.day(START + 1)))] for each in rows
    ]
    assert len(days[1]) - len(days[0]) == len(listed)
    assert set(listed) <= set(days[1].customer_id)


def test_neither_order_nor_two_lists_in_place_of_one_matter(shop):
    listed = some(shop)
    whole = shop.rerun(calls=listed, start=START).hash()
    assert shop.rerun(calls=np.array(listed[::-1]), start=START).hash() == whole
    assert shop.rerun(calls=listed[:7], start=START).rerun(calls=set(listed[7:]), start=START).hash() == whole != shop.hash()


def test_a_list_brings_what_its_calls_bring_one_by_one(shop):
    """So one run in which everybody is called tells what each call brought."""
    listed = some(shop, 6)
    profit = lambda run: run["customer_months"].groupby("customer_id").profit.sum()  # noqa: E731
    everybody = profit(shop.rerun(calls=in_file(shop), start=START, offer="spring letter"))
    together = profit(shop.rerun(calls=listed, start=START, offer="spring letter"))
    assert together[listed].to_numpy() == pytest.approx(everybody[listed].to_numpy())


def test_files_workers_and_the_tables_asked_for_change_nothing(shop, tmp_path):
    listed = some(shop)
    in_memory = shop.rerun(calls=listed, start=START, offer="win-back letter")
    on_disk = shop.rerun(calls=listed, start=START, offer="win-back letter", folder=tmp_path / "called", workers=2)
    assert on_disk.hash() == in_memory.hash()
    assert on_disk.rerun(calls=listed, start=START + 1).hash() == in_memory.rerun(calls=listed, start=START + 1).hash()
    few = world.simulate("retailer", customers=250, months=17, seed=3, tables=[]).rerun(
        calls=listed, start=START, offer="win-back letter"
    )
    assert few["firm_months"].equals(in_memory["firm_months"])


def test_friends_and_an_established_firm_are_called_too():
    old = world.simulate("retailer", customers=200, months=12, past=12, seed=4)
    friends = [name for name in in_file(old, 3) if name.count("-") > 0]
    listed = [*friends[:5], *in_file(old, 3)[:5]]
    listed = list(dict.fromkeys(listed))
    called = old.rerun(calls=listed, start=3)
    spent = [each["customer_months"].groupby("customer_id").campaign_cost.sum() for each in (old, called)]
    more = spent[1].sub(spent[0], fill_value=0)
    assert friends
    assert (more[listed] > 0).all()


# What an offer does


def test_an_offer_acts_as_its_campaign_does():
    """Everybody is called in the month of a letter that goes to nobody: as many orders as if it went to everybody."""
    letter = world.Campaign(name="letter", month_of_year=5, channel="letter", share=1.0, lift=1.5, discount=0.2, cost=0.0)
    quiet = {"follow_up": 0.0, "call_cost": 0.0, "call_weight": 0.0, "consent": 1.0, "opt_out": 0.0}
    numbers = quiet | {"trouble": world.Trouble(), "bookings": None, "pull_forward": (0.0, 0.0)}
    sent, kept = (
        world.simulate(bare(RETAILER_2, campaigns=(campaign,), **numbers), customers=200, months=17, seed=2)
        for campaign in (
            letter,
            world.Campaign(name="letter", month_of_year=6, channel="letter", share=1e-9, lift=1.5, discount=0.2),
        )
    )
    called = kept.rerun(calls=in_file(kept, 17), start=17, offer="letter")
    month = pd.Timestamp(kept.day(17))
    orders = [run["orders"][run["orders"].order_date >= month] for run in (sent, called, kept)]
    first = [rows[~rows.customer_id.isin(in_file(kept, 17))] for rows in orders]
    assert len(first[0]) == len(first[2]), "new customers get no letter and no call"
    counts = [rows.customer_id.value_counts()[lambda each: each.index.isin(in_file(kept, 17))] for rows in orders]
    assert counts[0].sort_index().equals(counts[1].sort_index())
    assert counts[1].sum() > counts[2].sum()
    assert (orders[1][orders[1].customer_id.isin(in_file(kept, 17))].discount == 0.2).all()


def test_only_an_offer_wins_back_whom_nobody_saw_leave():
    shop = world.simulate("retailer", customers=800, months=17, seed=3)
    them = shop.truth["customers"]
    gone = them.customer_id[them.left < pd.Timestamp(shop.day(START))]
    back = lambda run: run.truth["returns"].customer_id.isin(gone).sum()  # noqa: E731
    assert back(shop.rerun(calls=gone, start=START)) == back(shop)
    assert back(shop.rerun(calls=gone, start=START, offer="win-back letter")) > back(shop) + 4


def test_compare_counts_from_the_month_of_the_calls(shop):
    other = world.simulate("retailer", customers=250, months=17, seed=8)
    pairs = [(each, each.rerun(calls=some(each), start=START)) for each in (shop, other)]
    compared = world.compare(pairs)
    assert compared.months == 17 - START + 1
    assert (compared.pairs.query("measure == 'profit'").difference != 0).all()
    with pytest.raises(ArgumentError, match="all pairs must have the same changes"):
        world.compare([pairs[0], (other, other.rerun(calls=some(other), start=START + 1))])


def test_a_key_follows_from_an_id():
    parent = call_lists.keys(7, ["C0000012"])
    child = call_lists.keys(7, ["C0000099", "C0000012-14", "C0000012-14-20"])
    assert parent == streams.make_keys(7, "person", np.array([11]))
    assert child[1] == streams.child_keys(parent, 12)[0]
    assert child[2] == streams.child_keys(child[1:2], 18)[0]


# Refusals


@pytest.mark.parametrize("given", ["C0000012", 12, [12], {"C0000012": 1}, None])
def test_what_is_no_list_of_ids_is_refused(shop, given):
    with pytest.raises(ArgumentError, match="must be a list of customer ids"):
        shop.rerun(calls=given, start=START)


def test_whoever_cannot_be_called_is_named(shop):
    listed = some(shop)
    late = (
        shop.truth["customers"].query("since >= @day", local_dict={"day": pd.Timestamp(shop.day(START))}).customer_id.to_list()
    )
    for calls, problem in (
        ([*listed, "C9999999"], "C9999999 are no customers"),
        ([*listed, late[0]], f"{late[0]} become customers after 2024-01-01"),
        ([*listed, listed[2]], f"{listed[2]} stand in it more than once"),
        (late[:5], f"{late[0]}, {late[1]}, {late[2]} and 2 more become"),
    ):
        with pytest.raises(ArgumentError, match=problem):
            shop.rerun(calls=calls, start=START)


def test_a_list_is_not_called_twice_in_a_month(shop):
    listed = some(shop)
    called = shop.rerun(calls=listed, start=START)
    for offer in (None, "spring letter"):
        with pytest.raises(ArgumentError, match="are called in this month already"):
            called.rerun(calls=listed[:1], start=START, offer=offer)
    assert called.rerun(calls=listed, start=START + 1).hash() != called.hash()


def test_whose_contract_has_ended_is_not_called():
    telecom = firm("telecom", customers=300, months=20, seed=3)
    them = telecom.truth["customers"]
    gone = them.customer_id[them.left < pd.Timestamp(telecom.day(START))].iloc[0]
    with pytest.raises(ArgumentError, match=f"{gone} have ended their contracts"):
        telecom.rerun(calls=[gone], start=START)


def test_an_offer_needs_calls_and_a_campaign(shop):
    with pytest.raises(ArgumentError, match="`offer` is made to those who are called"):
        shop.rerun(offer="spring letter", start=START)
    with pytest.raises(ArgumentError, match="spring letter"):
        shop.rerun(calls=some(shop), offer="a cake", start=START)
