"""The second edition of the firm: people hang together, trouble shows, campaigns help and harm, and the laws hold."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from world_firms import bare, firm

from crmlab import world
from crmlab.errors import ArgumentError
from crmlab.world import dispositions, interventions, streams
from crmlab.world.industries import RETAILER, TELECOM
from crmlab.world.presets import PRESETS, RETAILER_2, TELECOM_2

SECOND = {"retailer-v2": RETAILER_2, "telecom-v2": TELECOM_2}


@pytest.fixture
def retailer():
    return firm("retailer-v2", customers=2_000, seed=7)


@pytest.fixture(params=list(SECOND))
def one(request):
    return firm(request.param, customers=300, months=26, seed=5)


def share(event, group):
    """The share of those in the group whom the event befell, of the others, and the z of the difference."""
    p, q, n, m = event[group].mean(), event[~group].mean(), group.sum(), (~group).sum()
    return p, q, (p - q) / np.sqrt(p * (1 - p) / n + q * (1 - q) / m)


# People hang together


def test_dispositions_have_the_correlations_that_the_truth_tells(retailer):
    key = streams.make_keys(1, "person", np.arange(60_000))
    drawn = dispositions.draw(RETAILER_2, key)
    stated = retailer.truth["correlations"].set_index(["disposition", "other"]).correlation
    assert len(stated) == len(RETAILER_2.correlations) > 0
    normal = {name: stats.norm.ppf(draw) * (-1 if name == "spend" else 1) for name, draw in drawn.items()}
    names = list(drawn)
    for place, first in enumerate(names):
        assert stats.kstest(drawn[first], "uniform").pvalue > 1e-4, "a correlation leaves every margin as it was"
        for second in names[:place]:
            expected = stated.get((first, second), stated.get((second, first), 0.0))
            assert np.corrcoef(normal[first], normal[second])[0, 1] == pytest.approx(expected, abs=4.5 / np.sqrt(60_000))
    alone = dispositions.draw(RETAILER, key)
    assert all((alone[name] == streams.uniform(key, stream)).all() for name, stream in dispositions.STREAMS.items())


def test_contradicting_correlations_are_refused():
    three = tuple(
        world.Correlation(first=first, second=second, value=value)
        for first, second, value in (("fit", "rate", 0.9), ("fit", "spend", 0.9), ("rate", "spend", -0.9))
    )
    with pytest.raises(ArgumentError, match="they contradict each other"):
        world.simulate(replace(RETAILER_2, correlations=three), customers=10, months=2, seed=1)


def test_channels_bring_different_people_and_attributes_go_with_need(retailer):
    prospects = retailer["prospects"].query("kind == 'new'").drop_duplicates("customer_id").set_index("customer_id")
    them = retailer.truth["customers"].set_index("customer_id")
    them = them.join(prospects[["channel", "region", "age_group", "page_views"]])
    table = pd.crosstab(them.channel, them.need, normalize="index")
    assert table.loc["online advert", "price"] > table.loc["shop", "price"] + 0.2
    for attribute in ("region", "age_group"):
        assert stats.chi2_contingency(pd.crosstab(them[attribute], them.need)).pvalue < 1e-6
    by_channel = them.groupby("channel").dropout_rate.mean()
    assert by_channel["online advert"] > 1.5 * by_channel["shop"]
    value = retailer.truth["values"].set_index("customer_id").remaining_value
    by_need = value[value > 0].groupby(them.need).mean()
    assert by_need.max() > 3 * by_need.min()
    assert stats.spearmanr(them.page_views, them.dropout_rate).pvalue < 0.01, "signals at entry come from the fit"


@pytest.mark.parametrize("cause", list(interventions.offered(RETAILER_2)))
def test_no_cause_changes_what_people_are(one, cause):
    changed = one.rerun(**{cause: interventions.CAUSES[cause].highest / 2}, start=5)
    own = ["need", "purchase_rate", "dropout_rate", "mean_spend", "campaign_effect", "pull"]
    own += [name for name in one.truth["customers"] if name.startswith(("quality_", "weight_"))]
    entry = ["channel", "region", "age_group", "page_views", "asked_for_offer"]
    for frames, columns in (
        ([each.truth["customers"].set_index("customer_id") for each in (one, changed)], own),
        ([each["prospects"].query("kind == 'new'").set_index("prospect_id") for each in (one, changed)], entry),
    ):
        both = frames[0].index.intersection(frames[1].index)
        assert len(both) > 100
        pd.testing.assert_frame_equal(frames[0].loc[both, columns], frames[1].loc[both, columns])


def test_the_remaining_value_is_the_expected_margin():
    """Where nobody differs but in their dispositions, the sum over the months can be written on one line."""
    sector = bare(RETAILER_2, horizon=24, dropout=(2.0, 0.05))
    them = world.simulate(sector, customers=200, months=12, seed=3, tables=["truth_values"])
    value = them.truth["values"].set_index("customer_id").remaining_value
    them = them.truth["customers"].set_index("customer_id")
    k, there = np.arange(1, 25), them.left.isna()
    weights, goods = np.array(sector.needs[0].products), np.array([product.cost_share for product in sector.products])
    margin = them.mean_spend * (1 - (weights * goods).sum() / weights.sum()) - sector.order_cost
    stays = np.exp(-them.dropout_rate.to_numpy())[:, None]
    months = (stays ** (k - 1) * (1 + stays) / 2 * (1 + sector.interest) ** -k).sum(axis=1)
    assert value[there].to_numpy() == pytest.approx((them.purchase_rate * margin * months)[there].to_numpy())
    assert (value[~there] == 0).all()
    assert (~there).sum() > 5


def test_the_remaining_value_foretells_who_brings_profit(retailer):
    """The longer firm has other arrivals, so the value is held against what the same people brought before: those who
    are worth more brought more, and nobody who has left is worth anything."""
    value = retailer.truth["values"].set_index("customer_id").remaining_value
    brought = retailer["customer_months"].groupby("customer_id").profit.sum().reindex(value.index, fill_value=0.0)
    there = value > 0
    assert stats.spearmanr(value[there], brought[there]).statistic > 0.4
    assert there.sum() >= retailer.truth["months"].customers.iloc[-1] * 0.99


# Trouble shows before it ends


def test_usage_falls_before_customers_leave(one):
    them = one.truth["customers"].set_index("customer_id")
    if "returns" in one.truth:
        them = them.drop(one.truth["returns"].customer_id.unique())
    left = them.left[them.left > them.since + pd.DateOffset(months=8)]
    used = one["usage"][one["usage"].customer_id.isin(left.index)]
    day = used.customer_id.map(left)
    before = (day.dt.year - used.month.dt.year) * 12 + day.dt.month - used.month.dt.month
    assert (used.month <= day).all(), "nobody uses anything after leaving"
    times = used.groupby(before).times.sum()
    assert times[1] < 0.8 * times[6], [len(left), times]


def test_a_complaint_raises_the_risk_and_a_slow_answer_raises_it_more(retailer):
    left = retailer.truth["customers"].set_index("customer_id").left
    complaints = retailer["tickets"]
    complaints = complaints[complaints.complaint & (complaints.opened < pd.Timestamp(retailer.day(31)))].reset_index(drop=True)
    leaves = complaints.customer_id.map(left) < complaints.opened + pd.DateOffset(months=6)
    slow = complaints.response_hours > complaints.response_hours.median()
    assert share(leaves, slow)[2] > 2
    months = retailer.truth["months"]
    usual = months.leavers.sum() / (months.customers + months.leavers).sum()
    assert leaves.mean() > 2 * (1 - (1 - usual) ** 6)


def test_each_coupling_of_trouble_acts_alone():
    """One field at a time against the same firm without it: more leave, or fewer orders and uses, as its comment says."""
    quiet = {"estrangement": (0.0, 0.0), "waning": 0.0, "slow_damage": 0.0, "unsolved_damage": 0.0, "voice_effect": 0.0}

    def run(**numbers):
        sector = replace(RETAILER_2, campaigns=(), returns=0.0, failure=0.15, call_keep=0.0, **(quiet | numbers))
        return world.simulate(sector, customers=400, months=20, seed=3, tables=["truth_failures", "orders"])

    base = run()
    for numbers in ({"slow_damage": 1.0}, {"unsolved_damage": 3.0}, {"estrangement": (0.9, 0.6)}):
        assert run(**numbers).truth["months"].leavers.sum() > base.truth["months"].leavers.sum()
    waning = run(waning=1.0)
    assert waning.truth["months"].leavers.sum() == base.truth["months"].leavers.sum()
    assert len(waning["orders"]) < len(base["orders"])
    loud = run(voice_effect=0.9).truth["failures"]
    assert loud.severity[loud.complained].mean() > loud.severity[~loud.complained].mean() + 0.15


# Campaigns help and harm


def last(simulated, name):
    """The last campaign of a name, and those to whom it turned."""
    campaign, targets = simulated["campaigns"], simulated["campaign_targets"]
    campaign = campaign[campaign.campaign == name].iloc[-1]
    return campaign, targets[targets.campaign_id == campaign.campaign_id].set_index("customer_id")


def before(orders, day):
    """The orders of the three months before a day."""
    return orders[(orders.order_date < day) & (orders.order_date >= day - pd.DateOffset(months=3))]


def test_arms_share_one_lot(retailer):
    (campaign, plain), (_, offer) = last(retailer, "autumn e-mail"), last(retailer, "autumn offer")
    without, others = (set(each.record_id[each.group == "held out"]) for each in (plain, offer))
    left = retailer["customers"].set_index("customer_id").opted_out
    # whoever asks for rest after the letter of one arm is not on the list of the other
    stopped = without & set(plain.record_id[plain.index.map(left) == campaign.date])
    assert without - stopped == others, "one group is held out of both"
    assert len(stopped) < 0.02 * len(without)
    assert not set(plain.record_id[plain.group == "contacted"]) & set(offer.record_id), "no record gets both arms"
    truth = retailer.truth["campaigns"]
    alone = plain.index.drop_duplicates(keep=False)
    truth = truth[(truth.campaign_id == campaign.campaign_id) & truth.customer_id.isin(alone)]
    assert truth.propensity.unique() == pytest.approx([0.34 / 0.67])
    assert (plain.group == "contacted").mean() == pytest.approx(0.34 / 0.67, abs=0.05)


def test_lift_follows_what_can_be_seen(retailer):
    campaign, _ = last(retailer, "spring letter")
    truth = retailer.truth["campaigns"].set_index("customer_id")
    truth = truth[(truth.campaign_id == campaign.campaign_id) & (truth.orders_if_not > 0)]
    lift = np.log(truth.orders_if_contacted / truth.orders_if_not)
    need = retailer.truth["customers"].set_index("customer_id").need.reindex(lift.index)
    assert lift[need == "price"].mean() > lift[need == "service"].mean() + 0.5
    recent = before(retailer["orders"], campaign.date)
    bought = lift.index.isin(recent.customer_id)
    assert lift[~bought].mean() > lift[bought].mean() + 0.2, "who has just bought needs no letter"


def test_an_offer_to_stay_keeps_some_and_reminds_others(retailer):
    keeping = retailer.truth["keeping"]
    need = keeping.customer_id.map(retailer.truth["customers"].set_index("customer_id").need)
    means = keeping.groupby(need).keeping.mean()
    assert means["price"] < 0 < means["service"]
    sector = replace(RETAILER_2, follow_up=0.0)
    letters = tuple(replace(sector.campaigns[0], month_of_year=month) for month in (1, 4, 7, 10))
    kept, alone, reminded = (
        world.simulate(replace(sector, campaigns=campaigns, annoyance=0.0), customers=400, months=30, seed=2, tables=[])
        .truth["months"].leavers.sum()
        for campaigns in (
            tuple(replace(letter, name=f"{letter.name} {letter.month_of_year}", keep=keep, share=1.0) for letter in letters)
            for keep in (3.0, 0.0, -3.0)
        )
    )  # fmt: skip
    assert kept < alone < reminded


def test_over_contacting_loses_money_and_customers():
    def firm_with(contacts):
        mails = tuple(
            world.Campaign(name=f"mail {month}-{number}", month_of_year=month, channel="e-mail", share=1.0, lift=0.4, cost=0.02)
            for month in range(1, 13) for number in range(contacts)
        )  # fmt: skip
        return world.simulate(replace(RETAILER_2, campaigns=mails), customers=800, seed=4, tables=[])

    alone, spammed = firm_with(0), firm_with(4)
    assert spammed["firm_months"].profit.sum() < alone["firm_months"].profit.sum()
    assert spammed.truth["months"].satisfaction.mean() < alone.truth["months"].satisfaction.mean() - 0.05
    assert spammed.truth["months"].customers.iloc[-1] < alone.truth["months"].customers.iloc[-1]


def test_a_discount_pulls_orders_forward():
    offer = world.Campaign(name="offer", month_of_year=6, channel="e-mail", share=0.5, lift=1.2, discount=0.2)
    sector = replace(RETAILER_2, campaigns=(offer,), pull_forward=(0.9, 0.6), annoyance=0.0, recent_lift=0.0)
    simulated = world.simulate(sector, customers=3_000, months=20, seed=1, tables=["orders", "campaigns", "campaign_targets"])
    campaign, targets = last(simulated, "offer")
    orders = simulated["orders"]
    for months, sign in (((0, 1), 1), ((1, 3), -1)):
        first, stop = (campaign.date + pd.DateOffset(months=each) for each in months)
        bought = targets.index.isin(orders.customer_id[(orders.order_date >= first) & (orders.order_date < stop)])
        assert sign * share(bought, (targets.group == "contacted").to_numpy())[2] > 2


def test_those_who_left_can_return_and_a_letter_brings_more_of_them(retailer):
    returns, left = retailer.truth["returns"], retailer.truth["customers"].set_index("customer_id").left
    assert len(returns) > 10
    assert (returns.customer_id.map(left) < returns.returned).all()
    orders = retailer["orders"].assign(left=retailer["orders"].customer_id.map(left))
    late = orders[orders.order_date > orders.left]
    assert set(late.customer_id) == set(returns.customer_id), "nobody buys after leaving but those who are back"
    first = returns.drop_duplicates("customer_id").set_index("customer_id").returned
    assert (late.groupby("customer_id").order_date.min().dt.to_period("M") == first.dt.to_period("M").sort_index()).all()
    loud = replace(RETAILER_2.campaigns[2], share=0.5, silent_months=4, win_back=3.0)
    simulated = world.simulate(replace(RETAILER_2, campaigns=(loud,)), customers=1_500, months=20, seed=1,
                               tables=["campaigns", "campaign_targets", "truth_returns", "orders"])  # fmt: skip
    campaign, targets = last(simulated, loud.name)
    returns = simulated.truth["returns"]
    back = returns.customer_id[returns.returned == campaign.date + pd.DateOffset(months=1)]
    assert share(targets.index.isin(back), (targets.group == "contacted").to_numpy())[2] > 2
    recent = before(simulated["orders"], campaign.date)
    assert not targets.index.isin(recent.customer_id).any(), "it turns to the silent alone"


def test_calls_keep_tire_and_cost():
    silent = replace(RETAILER_2.trouble, newsletters=0.0)
    sector = replace(RETAILER_2, campaigns=(), follow_up=0.5, call_weight=1.0, patience=0.0, trouble=silent)
    called = world.simulate(sector, customers=400, months=20, seed=3, tables=["interactions"])
    calls = (called["interactions"].topic == "follow-up").sum()
    assert called["firm_months"].campaign_cost.sum() == pytest.approx(calls * sector.call_cost)
    useless = world.simulate(replace(sector, call_keep=0.0), customers=400, months=20, seed=3, tables=[])
    harmless = world.simulate(replace(sector, call_weight=0.0), customers=400, months=20, seed=3, tables=[])
    assert called.truth["months"].leavers.sum() < useless.truth["months"].leavers.sum()
    assert called.truth["months"].satisfaction.mean() < harmless.truth["months"].satisfaction.mean()


def test_a_hidden_reason_spoils_what_the_propensity_promises():
    """Chosen by loyalty, which no table shows: the contacted differ from the others even at the same recent orders."""
    for hidden, biased in ((0.0, False), (3.0, True)):
        sector = replace(RETAILER_2, hidden_targeting=hidden)
        simulated = world.simulate(sector, customers=1_500, months=20, seed=2, tables=["campaigns", "campaign_targets"])
        _, targets = last(simulated, "winter offer")
        loyalty = simulated.truth["customers"].set_index("customer_id").loyalty.reindex(targets.index)
        contacted = (targets.group == "contacted").to_numpy()
        assert (loyalty[contacted].mean() > loyalty[~contacted].mean() + 1) == biased


# Laws


def test_offers_to_nobody_change_nothing():
    nobody = tuple(
        replace(campaign, name=f"{campaign.name} to nobody", share=0.0, targeted=False, lot_of="", keep=5.0, lift=5.0)
        for campaign in RETAILER_2.campaigns
    )
    wanted = ["orders", "usage", "tickets", "customer_months", "interactions", "prospects"]
    base, offered = (
        world.simulate(replace(RETAILER_2, campaigns=campaigns), customers=150, months=18, seed=3, tables=wanted)
        for campaigns in ((), nobody)
    )
    for name in wanted:
        pd.testing.assert_frame_equal(base[name], offered[name], obj=name)
    pd.testing.assert_frame_equal(base.truth["customers"], offered.truth["customers"])


@pytest.mark.parametrize("industry", list(SECOND))
def test_prices_scale_money_and_not_choices_where_nobody_minds_them(industry):
    unmoved = replace(SECOND[industry].trouble, price_leaving=0.0, price_winning=0.0, price_release=False)
    deaf = replace(SECOND[industry], elasticity=0.0, price_pain=0.0, trouble=unmoved)
    base = world.simulate(deaf, customers=200, months=18, seed=3)
    dearer = base.rerun(price=0.25, start=1)
    columns = ["order_id", "customer_id", "order_date", "product_id", "discount"]
    pd.testing.assert_frame_equal(base["orders"][columns], dearer["orders"][columns])
    assert dearer["orders"].amount.to_numpy() == pytest.approx(1.25 * base["orders"].amount.to_numpy(), abs=0.011)
    assert dearer["firm_months"].revenue.sum() == pytest.approx(1.25 * base["firm_months"].revenue.sum(), rel=1e-4)
    same = ["left", "satisfaction", "loyalty"]
    pd.testing.assert_frame_equal(base.truth["customers"][same], dearer.truth["customers"][same])


def test_neutral_fields_give_back_the_first_edition():
    """Whatever the second edition adds, its neutral value is that of the first, and the firm is the first one again."""
    for second, first in ((RETAILER_2, RETAILER), (TELECOM_2, TELECOM)):
        neutral = {each.name: getattr(first, each.name) for each in fields(first)}
        again = world.simulate(replace(second, **neutral), customers=60, months=14, seed=2)
        assert again.hash() == world.simulate(first, customers=60, months=14, seed=2).hash()
        assert PRESETS[first.name] == first


def test_a_plain_name_means_the_second_edition():
    assert world.simulate("retailer", customers=10, months=2, seed=1).industry is RETAILER_2
    assert world.simulate("telecom", customers=10, months=2, seed=1).industry is TELECOM_2
    assert world.simulate("retailer-v1", customers=10, months=2, seed=1).industry is RETAILER
