"""The firm: its laws, the truths it must give back, its sums, and what it refuses."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlab import _engine, btyd, tables, world
from crmlab.errors import ArgumentError, DataError
from crmlab.world import firm, luck, plan, service
from crmlab.world.industries import PRESETS, RETAILER, TELECOM

DIMENSIONS = tables.DIMENSIONS
START = 13


@pytest.fixture(scope="module")
def retailer():
    return world.simulate("retailer", customers=1_500, seed=7)


@pytest.fixture(scope="module")
def telecom():
    return world.simulate("telecom", customers=1_500, seed=7)


@pytest.fixture(scope="module", params=["retailer", "telecom"])
def one(request):
    return request.getfixturevalue(request.param)


def everything(held):
    return {name: held[name] for name in held} | {f"truth_{name}": held.truth[name] for name in held.truth}


# Luck


def test_luck_is_uniform_and_independent():
    who = luck.keys(7, "person", np.arange(200_000))
    draws = [luck.uniform(who, *name) for name in (("a", 0, 0), ("a", 1, 0), ("a", 0, 1), ("b", 0, 0))]
    draws += [luck.uniform(luck.child(who, 3), "a"), luck.uniform(luck.keys(8, "person", np.arange(200_000)), "a")]
    draws += [
        luck.uniform(who, "a", 0, np.arange(200_000) % 7),
        luck.uniform(who[:1].repeat(200_000), "a", 0, np.arange(200_000)),
    ]
    for draw in draws:
        assert draw.min() > 0
        assert draw.max() < 1
        assert stats.kstest(draw, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(draw[1:], draw[:-1])[0, 1]) < 4 / np.sqrt(draw.size)
    worst = np.abs(np.corrcoef(draws) - np.eye(len(draws))).max()
    assert worst < 4.5 / np.sqrt(200_000)
    pairs = np.histogram2d(draws[0], draws[1], bins=20)[0]
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-4


def test_luck_stirs_every_bit():
    """One bit of a key changes about half of the 64 bits that come out (avalanche)."""
    words = luck.mix(np.arange(1, 2_001, dtype=np.uint64))
    for bit in range(0, 64, 7):
        other = luck.mix(np.arange(1, 2_001, dtype=np.uint64) ^ np.uint64(1 << bit))
        changed = np.bitwise_count(words ^ other)
        assert abs(changed.mean() - 32) < 0.6
        assert changed.min() > 10


def test_splitmix_gives_the_published_stream():
    """The first outputs for the state 1234567, as the reference implementation of SplitMix64 prints them."""
    states = np.array([1234567], dtype=np.uint64) + np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert luck.mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_poisson_is_the_inverse_distribution():
    draw = luck.uniform(luck.keys(1, "x", np.arange(20_000)), "poisson")
    for mean in (0.0, 1e-9, 0.3, 2.0, 40.0):
        assert (luck.poisson(draw, np.full(draw.size, mean)) == stats.poisson.ppf(draw, mean)).all()
    assert (luck.poisson(draw, np.full(draw.size, 0.7)) <= luck.poisson(draw, np.full(draw.size, 0.8))).all()


def test_choose_keeps_shares():
    draw = luck.uniform(luck.keys(1, "x", np.arange(50_000)), "choose")
    for weights in (np.array([1.0, 0.0, 3.0]), np.tile([1.0, 0.0, 3.0], (draw.size, 1))):
        counts = np.bincount(luck.choose(draw, weights), minlength=3) / draw.size
        assert counts == pytest.approx([0.25, 0, 0.75], abs=0.01)


# The same firm


def test_the_same_seed_gives_the_same_firm(one):
    again = world.simulate(one.industry, customers=1_500, seed=7)
    assert again.hash() == one.hash()
    assert world.simulate(one.industry, customers=1_500, seed=8).hash() != one.hash()


def test_the_hash_sees_one_cent(retailer):
    held = dict(retailer._held)
    orders = held["orders"].to_pandas()
    orders.loc[5, "amount"] += 0.01
    held["orders"] = held["orders"].set_column(3, "amount", [orders.amount])
    assert firm.Firm(retailer.setting, None, held).hash() != retailer.hash()
    held["orders"] = retailer._held["orders"].take(list(range(retailer._held["orders"].num_rows))[::-1])
    assert firm.Firm(retailer.setting, None, held).hash() == retailer.hash(), "the order of rows is no content"


def test_a_change_of_nothing_changes_nothing(one):
    assert one.rerun().hash() == one.hash()
    nothing = dict.fromkeys(plan.offered(one.industry), 0.0)
    assert one.rerun(**nothing, start=5).hash() == one.hash()


@pytest.mark.parametrize("industry", ["retailer", "telecom"])
def test_neither_blocks_nor_workers_nor_files_change_anything(industry, tmp_path):
    whole = world.simulate(industry, customers=400, months=24, seed=3)
    wanted = tuple(whole._held)
    for block in (97, 500):
        assert firm._make(whole.setting, wanted, None, 1, block).hash() == whole.hash()
    assert firm._make(whole.setting, wanted, None, 2, 300).hash() == whole.hash()
    filed = firm._make(whole.setting, wanted, tmp_path / "firm", 2, 300)
    assert filed.hash() == whole.hash()
    for name, table in everything(whole).items():
        stored = filed.truth[name[6:]] if name.startswith("truth_") else filed[name]
        pd.testing.assert_frame_equal(stored, table)
    assert filed.rerun(reliability=1, start=4).hash() == whole.rerun(reliability=1, start=4).hash()
    summary = btyd.purchase_summary(filed.path("orders"))
    pd.testing.assert_frame_equal(summary, btyd.purchase_summary(whole["orders"]))
    with pytest.raises(DataError, match="exists already"):
        whole.rerun(folder=tmp_path / "firm")


def test_a_part_of_the_tables_is_the_same(retailer):
    part = world.simulate("retailer", customers=1_500, seed=7, tables=["orders", "survey"])
    assert list(part) == ["orders", "survey", "firm_months"]
    assert list(part.truth) == ["customers", "months", "parameters"]
    for name in part:
        pd.testing.assert_frame_equal(part[name], retailer[name])


# What a row was known by: the date of the row, and for columns that come later, the date on which they do.
DATED = {
    "customers": ("since", {"opted_out": "opted_out"}),
    "contact_records": ("created", {}),
    "salespeople": ("started", {"left": "left", "handed_over": "left"}),
    "interactions": ("date", {}),
    "prospects": ("created", {"closed": "closed", "outcome": "closed", "need": "closed"}),
    "stage_events": ("entered", {"left": "left", "outcome": "left"}),
    "survey": ("date", {}),
    "promises": ("month", {}),
    "standards": ("month", {}),
    "delivery": ("month", {}),
    "manager_survey": ("date", {}),
    "tickets": ("opened", {}),
    "orders": ("order_date", {}),
    "contracts": ("started", {"ended": "ended"}),
    "campaigns": ("date", {}),
    "referrals": ("date", {}),
    "customer_months": ("month", {}),
    "firm_months": ("month", {}),
    "truth_failures": ("date", {}),
    "truth_months": ("month", {}),
}


def before(held, name, day):
    """The rows of a table that were known before a day, without what came to be known later."""
    table = held.truth[name[6:]] if name.startswith("truth_") else held[name]
    if name in ("campaign_targets", "truth_campaigns"):
        return table[table.campaign_id.map(held["campaigns"].set_index("campaign_id").date) < day]
    if name == "truth_survey":
        return table[table.wave * 6 < START]
    if name == "truth_customers":
        return table[table.left < day]
    if name == "truth_records":
        return table[table.record_id.isin(before(held, "contact_records", day).record_id)]
    if name in ("products", "truth_parameters"):
        return table
    date, later = DATED[name]
    table = table[table[date] < day]
    hidden = {column: table[column].where(table[known] < day) for column, known in later.items()}
    return table.assign(**hidden)


@pytest.fixture(scope="module", params=["retailer", "telecom"])
def small(request):
    return world.simulate(request.param, customers=250, months=18, seed=5)


@pytest.mark.parametrize("cause", list(plan.offered(RETAILER)))
def test_before_the_change_all_is_identical(small, cause):
    one = small
    changed = one.rerun(**{cause: plan.CAUSES[cause].highest}, start=START)
    day = pd.Timestamp(one.day(START))
    assert changed.hash() != one.hash()
    for name in (*one, *(f"truth_{each}" for each in one.truth)):
        left, right = (before(each, name, day).reset_index(drop=True) for each in (one, changed))
        pd.testing.assert_frame_equal(left, right, obj=name)


# Causes


def bare(industry, **numbers):
    """An industry in which nobody differs and nothing goes wrong, so that the truth can be written on one line."""
    quiet = {
        "quality_spread": (0.0, 0.0), "expectation_spread": (0.0, 0.0), "adaptation": 0.0, "failure": 1e-12, "inquiry": 0.0,
        "turnover": 0.0, "pull_effect": 0.0, "cross_start": 0.0, "referral": 0.0, "campaigns": (), "word_of_mouth": 0.0,
        "needs": (replace(industry.needs[0], share=1, rate=1.0, expectation=(0,) * 5, weight=(1,) * 5),),
        "season": (1.0,) * 12, "flat_zone": (-50.0, 50.0), "slopes": (0.0, 0.0, 0.0), "rate_effect": 0.0,
    }  # fmt: skip
    return replace(industry, name="bare", **(quiet | numbers))


def exposure(held):
    """Months as a customer, and orders after the first, of each customer, by the truth."""
    them = held.truth["customers"]
    end = pd.Timestamp(held.day(held.setting.months + 1))
    months = (them.left.fillna(end) - them.since).dt.days / 30.4375
    return them.assign(months=months)


def leave_day(held):
    return held.truth["customers"].set_index("customer_id").left.fillna(pd.Timestamp("2100-01-01"))


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("industry", ["retailer", "telecom"])
def test_a_better_dimension_makes_nobody_leave_earlier(industry, dimension):
    """Law for each person by himself, not on average: whoever is a customer in both worlds stays at least as long."""
    later = 0
    eager = replace(PRESETS[f"{industry}-v1"], cross_start=0.3, word_of_mouth=0.6, referral=0.05)  # whatever could interfere
    for it, seed, amount in ((industry, 1, 0.25), (eager, 2, 0.25), (industry, 3, 2.0)):
        base = world.simulate(it, customers=400, seed=seed, tables=[])
        better = base.rerun(**{dimension: amount}, start=7, cost=0)
        both = pd.concat([leave_day(base), leave_day(better)], axis=1, join="inner")
        assert (both.iloc[:, 1] >= both.iloc[:, 0]).all()
        later += (both.iloc[:, 1] > both.iloc[:, 0]).sum()
        worse = base.rerun(**{dimension: -amount}, start=7, cost=0)
        both = pd.concat([leave_day(base), leave_day(worse)], axis=1, join="inner")
        assert (both.iloc[:, 1] <= both.iloc[:, 0]).all()
    assert later > 0


def test_recovery_never_makes_a_failure_a_blessing():
    """However well it is mended, a failure leaves the customer at least as likely to go as no failure would."""
    for it in PRESETS.values():
        steepest = max(it.slopes)
        assert it.hurt * 0.1 * steepest <= it.harm * (1 - it.recovery_harm)


BEHAVIOUR = ("orders", "tickets", "prospects", "stage_events", "interactions", "contracts", "referrals", "campaign_targets")


def test_a_cause_of_no_effect_changes_nothing():
    """Tangibles that nobody weighs and that cause no failure: customers see the difference, and do the same as before."""
    for it in (RETAILER, TELECOM):
        deaf = replace(it, importance=(0.3, 0.2, 0.0, 0.2, 0.3))
        base = world.simulate(deaf, customers=300, months=24, seed=3)
        nicer = base.rerun(tangibles=1.5, start=3, cost=0)
        for name in (*BEHAVIOUR, "customers", "customer_months", "firm_months", "contact_records"):
            if name in base:
                pd.testing.assert_frame_equal(base[name], nicer[name], obj=name)
        seen = [held["survey"].perceived_tangibles_1.mean() for held in (base, nicer)]
        assert seen[1] > seen[0] + 0.3
    bare_firm = world.simulate(bare(RETAILER), customers=200, months=12, seed=1)
    for cause in ("handover", "recovery", "response_time"):  # nobody leaves his desk, nothing fails
        assert bare_firm.rerun(**{cause: 0.3}, cost=0).hash() == bare_firm.hash()


def test_retention_moves_as_the_truth_says():
    """Without contract and differences, survival is Lomax: (1 + mean rate / shape x months)^-shape, the rate x exp(-loyalty).

    Satisfaction is .4 (quality - 5) + .6 x 1.25 (quality - expectation) for a quality below expectation; with one slope
    loyalty is slope x satisfaction.
    """
    level = 0.5
    it = bare(RETAILER, quality=(4.5,) * 5, expectation=(5.0,) * 5, slopes=(level,) * 3, dropout=(2.0, 0.06))
    base = world.simulate(it, customers=12_000, months=24, seed=2, tables=[])
    better = base.rerun(reliability=0.4, assurance=0.4, tangibles=0.4, empathy=0.4, responsiveness=0.4, cost=0)
    for held, quality in ((base, 4.5), (better, 4.9)):
        them = exposure(held)
        mood = 0.3  # the only difference that is left: normal, so its exponential has a known mean
        satisfaction = 0.4 * (quality - 5) + 0.6 * 1.25 * (quality - 5)
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)
        speed = np.exp(-level * (satisfaction + mood * nodes))
        weights = weights / weights.sum()
        age = np.array([3.0, 6.0, 12.0])
        expected = (weights * (1 + 0.06 / 2 * speed * age[:, None]) ** -2.0).sum(axis=1)
        end = pd.Timestamp(held.day(25))
        for months, share in zip(age, expected, strict=True):
            watched = them[(end - them.since).dt.days / 30.4375 >= months]
            stayed = (watched.months >= months).mean()
            assert abs(stayed - share) < 4 * np.sqrt(share * (1 - share) / len(watched))


def test_orders_and_spend_give_back_their_parameters():
    """Pareto/NBD and gamma-gamma: the counts have the mean and variance of the NBD, the amounts the mean p v / (q - 1)."""
    it = bare(RETAILER, dropout=(1.0, 1e-9))
    held = world.simulate(it, customers=12_000, months=24, seed=4, tables=["orders"])
    them = exposure(held).set_index("customer_id")
    assert them.left.isna().all()
    repeat = held["orders"].groupby("customer_id").size().reindex(them.index) - 1
    shape, mean = it.rate
    expected, variance = mean * them.months, mean * them.months + (mean * them.months) ** 2 / shape
    assert abs(repeat.sum() - expected.sum()) < 4 * np.sqrt(variance.sum())
    squared = (repeat - expected) ** 2
    assert squared.mean() == pytest.approx(variance.mean(), rel=0.08)
    p, q, v = it.spend
    by_customer = held["orders"].groupby("customer_id").amount.mean()
    assert abs(by_customer.mean() - p * v / (q - 1)) < 4 * by_customer.std() / np.sqrt(len(by_customer))


def test_contracts_give_back_the_beta_of_their_churn():
    """sBG (Fader & Hardie 2007): of those who began, B(a, b + n) / B(a, b) renew n times."""
    from scipy.special import betaln

    held = world.simulate(bare(TELECOM), customers=6_000, months=36, seed=6, tables=["contracts"])
    contracts = held["contracts"]
    begun, ended = ((contracts[name].dt.year - 2023) * 12 + contracts[name].dt.month - 1 for name in ("started", "ended"))
    for term, (a, b), renewals in ((1, TELECOM.monthly_churn, (1, 6, 18)), (12, TELECOM.yearly_churn, (1, 2))):
        for count in renewals:
            watched = (contracts.term_months == term) & (begun + term * count <= 35)
            stayed = ~(ended[watched] <= begun[watched] + term * count)
            share = np.exp(betaln(a, b + count) - betaln(a, b))
            assert abs(stayed.mean() - share) < 4 * np.sqrt(share * (1 - share) / watched.sum())


def test_profit_falls_when_the_cost_exceeds_the_gain(retailer):
    free = retailer.rerun(reliability=0.5, start=START, cost=0)
    gain = free["firm_months"].profit.sum() - retailer["firm_months"].profit.sum()
    served = (free.truth["months"].customers + free.truth["months"].leavers).iloc[START - 1 :].sum()
    assert gain > 0
    for factor in (0.5, 2):
        paid = retailer.rerun(reliability=0.5, start=START, cost=factor * gain / served)
        change = paid["firm_months"].profit.sum() - retailer["firm_months"].profit.sum()
        assert change == pytest.approx(gain * (1 - factor), abs=0.5)
        pd.testing.assert_frame_equal(paid["orders"], free["orders"])
    own = retailer.rerun(reliability=0.5, start=START)
    per_month = plan.CAUSES["reliability"].cost(0.5, dict(RETAILER.costs)["reliability"])
    assert own["firm_months"].improvement_cost.sum() == pytest.approx(per_month * served, abs=0.5)


def test_some_improvements_lose_money():
    """The default retailer: more reliability pays, nicer premises do not, and neither does too much reliability."""
    firms = [world.simulate("retailer", customers=1_000, seed=seed, tables=[]) for seed in range(1, 7)]

    def gain(**change):
        table = world.compare([(held, held.rerun(**change, start=START)) for held in firms]).table().set_index("measure")
        return table.loc["profit", ["low", "high"]].tolist()

    assert gain(reliability=0.5)[0] > 0
    assert gain(reliability=2.0)[1] < 0
    assert gain(tangibles=0.5)[1] < 0


def test_cost_curves_rise_and_bend():
    for industry in PRESETS.values():
        slopes = dict(industry.costs)
        assert set(plan.offered(RETAILER)) <= set(slopes) <= set(plan.CAUSES)
        for cause in plan.offered(industry).values():
            step = np.sign(cause.scale) * np.linspace(-0.2, 0.2, 41)
            costs = np.array([cause.cost(each, slopes[cause.name]) for each in step])
            assert costs[20] == 0
            assert (np.diff(costs) >= 0).all()
            assert (np.diff(costs, 2) >= -1e-12).all()


def test_causes_of_the_pipeline_win_more_and_a_direct_lever_keeps_more(retailer):
    won = retailer["firm_months"].won.sum()
    for cause, amount in (("sales_effort", 0.5), ("advertising", 0.3), ("conversion", 0.1), ("promises", 0.5)):
        assert retailer.rerun(**{cause: amount}, start=START)["firm_months"].won.sum() > won
    left = retailer.truth["months"].leavers.sum()
    for cause, amount in (
        ("loyalty", 0.2),
        ("satisfaction", 0.3),
        ("recovery", 0.4),
        ("response_time", -0.5),
        ("handover", 0.5),
    ):
        assert retailer.rerun(**{cause: amount}, start=START).truth["months"].leavers.sum() < left
    dearer = retailer.rerun(price=0.1, start=START)
    assert dearer["firm_months"].orders.sum() < retailer["firm_months"].orders.sum()
    assert dearer.truth["months"].satisfaction.iloc[-1] < retailer.truth["months"].satisfaction.iloc[-1]
    cheaper = retailer.rerun(operating_cost=-0.1, start=START)
    assert cheaper["firm_months"].profit.sum() > retailer["firm_months"].profit.sum()
    pd.testing.assert_frame_equal(cheaper["orders"], retailer["orders"])


def test_the_loyalty_curve_rises_and_has_a_flat_zone():
    """Jones & Sasser (1995): steep below, flat within, steeper again above."""
    for it in PRESETS.values():
        setting = world.simulate(it, customers=1, months=1, seed=1, tables=[]).setting
        low, high = it.flat_zone
        grid = np.linspace(low - 2, high + 2, 801)
        slope = np.gradient(service.loyalty(setting, grid), grid)
        assert (slope > 0).all()
        assert slope[1] == pytest.approx(it.slopes[0], rel=0.01)
        assert slope[-2] == pytest.approx(it.slopes[2], rel=0.01)
        assert slope[np.abs(grid - (low + high) / 2).argmin()] == pytest.approx(it.slopes[1], abs=0.15)


def test_a_failure_raises_dropout_directly_so_recovery_mends_satisfaction_more():
    """Recovery wins back a larger part of the satisfaction that failures cost than of the customers that they cost."""
    base = world.simulate(replace(RETAILER, failure=0.15), customers=6_000, seed=9, tables=[])
    without = world.simulate(replace(RETAILER, failure=1e-9), customers=6_000, seed=9, tables=[])
    mended = base.rerun(recovery=0.5, cost=0)
    unfelt = world.simulate(replace(RETAILER, failure=0.15, hurt=0.0), customers=6_000, seed=9, tables=[])

    def months(held):
        found = held.truth["months"]
        return found.leavers.sum() / (found.customers + found.leavers).sum(), found.satisfaction.mean()

    (left, content), (none, best) = months(base), months(without)
    back, pleased = months(mended)
    assert months(unfelt)[0] > none * 1.05, "dropout rises although nobody is less content"
    share_of_satisfaction, share_of_customers = (pleased - content) / (best - content), (left - back) / (left - none)
    assert 0 < share_of_customers < share_of_satisfaction < 1


def test_the_unhappy_answer_less_and_the_truth_says_by_how_much(one):
    """The naive mean is off by cov(chance, answer) / mean(chance); weighting by 1 / chance brings it back."""
    asked = one.truth["survey"]
    answered = asked[asked.answered]
    survey = one["survey"].merge(answered, on=["customer_id", "wave"], suffixes=("", "_truth"))
    assert len(survey) == len(one["survey"]) == len(answered)
    assert (survey.overall_satisfaction == survey.overall_satisfaction_truth).all()
    naive, truth = survey.overall_satisfaction.mean(), asked.overall_satisfaction.mean()
    chance, told = asked.chance_to_answer, asked.overall_satisfaction
    bias = np.cov(chance, told, bias=True)[0, 1] / chance.mean()
    error = told.std() / np.sqrt(len(survey))
    assert bias > 0.1
    assert abs(naive - truth - bias) < 4 * error
    assert naive - truth > 3 * error
    weighted = np.average(survey.overall_satisfaction, weights=1 / survey.chance_to_answer)
    assert abs(weighted - truth) < 6 * error


def test_targeted_campaigns_mislead_and_a_hold_out_does_not():
    held = world.simulate(
        "retailer", customers=12_000, seed=11, tables=["orders", "campaigns", "campaign_targets", "truth_campaigns"]
    )
    orders = held["orders"]
    orders["month"] = orders.order_date.dt.to_period("M")
    found = {"by lot": [], "targeted": []}
    for _, campaign in held["campaigns"].iloc[4:].iterrows():
        them = held.truth["campaigns"].query("campaign_id == @campaign.campaign_id")
        them = them.merge(held["campaign_targets"], on=["campaign_id", "customer_id"])
        in_month = orders[orders.month == campaign.date.to_period("M")].groupby("customer_id").size()
        bought = them.customer_id.map(in_month).fillna(0).to_numpy()
        contacted, chance = (them.group == "contacted").to_numpy(), them.propensity.to_numpy()
        effect = (them.orders_if_contacted - them.orders_if_not).mean()
        naive = bought[contacted].mean() - bought[~contacted].mean() - effect
        spread = bought.var() * (1 / contacted.sum() + 1 / (~contacted).sum())
        honest = bought * (contacted / chance - ~contacted / (1 - chance)) - effect
        found[campaign.design].append((naive, spread, honest.mean(), honest.var() / honest.size))
    naive, spread, honest, its_spread = np.mean(found["by lot"], axis=0)
    assert abs(naive) < 4 * np.sqrt(spread / len(found["by lot"]))
    naive, spread, honest, its_spread = np.mean(found["targeted"], axis=0)
    assert naive > 10 * np.sqrt(spread / len(found["targeted"])), "it looks much better than it is"
    assert abs(honest) < 4 * np.sqrt(its_spread / len(found["targeted"]))
    assert abs(honest) < naive / 4
    assert set(world.simulate("retailer", customers=20, seed=1, targeted=False)["campaigns"].design) == {"by lot"}


# Tables


def test_every_table_keeps_its_declaration(one):
    for name, table in everything(one).items():
        _engine.check(table, name)
        assert list(table.columns) == [column.name for column in tables.table(name).columns]


def test_tables_fit_together(one):
    customers = one["customers"].set_index("customer_id")
    for name in ("orders", "contracts", "survey", "tickets", "campaign_targets", "customer_months", "referrals"):
        if name in one:
            assert one[name].customer_id.isin(customers.index).all(), name
    for name in ("customers", "failures", "survey", "campaigns", "records"):
        assert one.truth[name].customer_id.isin(customers.index).all(), name
    assert set(one.truth["customers"].customer_id) == set(customers.index)
    assert set(one.truth["records"].record_id) == set(one["contact_records"].record_id)
    assert set(one.truth["records"].customer_id) == set(customers.index)
    people = one["prospects"].drop_duplicates("customer_id").set_index("customer_id")
    assert one["interactions"].customer_id.isin(people.index).all()
    assert one["referrals"].referred_id.isin(people.index).all()
    assert one["referrals"].referred_id.str.rpartition("-")[0].eq(one["referrals"].customer_id).all()
    assert set(one["referrals"].referred_id) == set(people.index[people.channel == "referral"])
    sold = set(one["salespeople"].salesperson_id)
    for name in ("prospects", "stage_events", "interactions", "customers"):
        assert set(one[name].salesperson_id.dropna()) <= sold, name
    assert set(one["orders"].product_id) <= set(one["products"].product_id)
    assert (
        set(one["campaign_targets"].campaign_id) == set(one["campaigns"].campaign_id) == set(one.truth["campaigns"].campaign_id)
    )
    since = customers.since
    assert (one["orders"].order_date >= one["orders"].customer_id.map(since)).all()
    assert (one["tickets"].opened >= one["tickets"].customer_id.map(since)).all()
    left = one.truth["customers"].set_index("customer_id").left
    late = one["orders"].order_date > one["orders"].customer_id.map(left)
    assert not late.any()
    gone = left.dropna()
    further = one["prospects"][(one["prospects"].kind == "cross-selling") & one["prospects"].customer_id.isin(gone.index)]
    assert len(further) > 5
    late = further[further.closed > further.customer_id.map(gone)]
    assert set(late.outcome) <= {"lost"}, "nobody buys more after he has left"
    if one.industry.contract:
        assert late.empty
        assert (one["stage_events"].entered <= one["stage_events"].customer_id.map(left).fillna(pd.Timestamp("2100"))).all()
    assert not (one["tickets"].opened > one["tickets"].customer_id.map(left)).any()
    if one.industry.contract:
        contracts = one["contracts"].set_index("customer_id")
        pd.testing.assert_series_equal(contracts.ended.sort_index(), left.sort_index(), check_names=False)
    else:
        first = one["orders"].groupby("customer_id").order_date.min()
        pd.testing.assert_series_equal(first, since.reindex(first.index), check_names=False, check_dtype=False)
        assert len(first) == len(customers)


def test_what_the_firm_writes_down_does_not_tell_who_has_silently_left(retailer):
    """Without contract the firm cannot know: it calls and writes to those who have gone as to the others."""
    left = retailer.truth["customers"].set_index("customer_id").left
    calls = retailer["interactions"].query("topic == 'follow-up'")
    end = pd.Timestamp(retailer.day(37))
    gone_months = ((end - left.dropna()).dt.days / 30.4).sum()
    late = (calls.date > calls.customer_id.map(left)).sum()
    assert abs(late / gone_months - RETAILER.follow_up) < 4 * np.sqrt(RETAILER.follow_up / gone_months)
    held = world.simulate(replace(RETAILER, cross_start=0.05), customers=2_000, seed=3, tables=["prospects", "stage_events"])
    runs = held["prospects"].query("kind == 'cross-selling'")
    gone = held.truth["customers"].set_index("customer_id").left
    behind = held["stage_events"].query("stage in ['presenting', 'overcoming objections', 'closing']").prospect_id
    assert (runs.need.notna() <= runs.prospect_id.isin(behind)).all(), "no need is known of which nobody spoke"
    left_day = runs.customer_id.map(gone)
    assert not (runs.closed.dt.normalize() == left_day.dt.normalize()).sum() > 0.02 * left_day.notna().sum()
    open_ = runs[runs.outcome == "open"]
    assert 0.05 < open_.customer_id.map(gone).notna().mean() < 0.6, "an open run is no proof that he is there"
    targets = retailer.truth["campaigns"].merge(retailer["campaigns"].query("design == 'targeted'"), on="campaign_id")
    history = retailer["customer_months"].groupby("customer_id")
    expected = []
    for row in targets.sample(150, random_state=1).itertuples():
        own = history.get_group(row.customer_id).query("month < @row.date")
        age = (row.date.year - own.month.dt.year) * 12 + row.date.month - own.month.dt.month
        recent = (own.orders * 0.7 ** (age - 1)).sum()
        expected.append((row.propensity, np.clip(1 / (1 + np.exp(1.6 - 1.5 * np.log1p(recent))), 0.05, 0.95)))
    found, by_orders = np.array(expected).T
    assert found == pytest.approx(by_orders), "the chance to be written to follows from orders alone"


def test_contact_records_agree_with_the_customer_file(one):
    noted = one["contact_records"].merge(one.truth["records"], on="record_id").merge(one["customers"], on="customer_id")
    yes = noted.consent_noted.dropna() == "yes"
    assert (yes == noted.consent[yes.index]).mean() > 0.95
    assert len(yes) > 500
    born = pd.to_datetime(noted.birth_date, format="%Y-%m-%d", errors="coerce")
    age = (2023 - born.dt.year).groupby(noted.age_group).median()
    assert (np.diff(age.reindex(["18-29", "30-44", "45-59", "60+"])) > 10).all()
    assert 22 < age["18-29"] < 27
    assert (noted.created >= noted.since).all()


def test_the_pipeline_is_whole(one):
    events, prospects = one["stage_events"], one["prospects"].set_index("prospect_id")
    assert set(events.prospect_id) == set(prospects.index)
    stage = events.stage.map(tables.STAGES.index)
    following = stage.groupby(events.prospect_id).shift(-1)
    step = (following - stage)[following.notna()]
    told = events.outcome[following.notna()]
    assert set(step[told == "advanced"]) == {1}
    assert set(step[told == "skipped ahead"]) == {2}
    assert set(step[told == "returned"]) == {-2}
    assert set(told) == {"advanced", "skipped ahead", "returned"}
    assert (events.left.dropna() >= events.entered[events.left.notna()]).all()
    last = events.groupby("prospect_id").last()
    outcome = events.groupby("prospect_id").outcome.agg(lambda each: each.iloc[-1])
    expected = outcome.where(outcome.isin(["won", "lost"]), "open")
    assert (prospects.outcome.reindex(expected.index) == expected).all()
    assert events.objection.notna().equals(events.stage == "overcoming objections")
    new = prospects[prospects.kind == "new"]
    won = new[new.outcome == "won"]
    since = one["customers"].set_index("customer_id").since
    assert set(won.customer_id) == set(since.index)
    assert (won.set_index("customer_id").closed.reindex(since.index) == since).all()
    assert len(last) == len(prospects)


def test_the_profit_adds_up_from_its_parts(one):
    months = one["firm_months"].set_index("month")
    costs = ["goods_cost", "service_cost", "campaign_cost", "acquisition_cost", "improvement_cost", "fixed_cost"]
    assert (months.revenue - months[costs].sum(axis=1) - months.profit).abs().max() < 0.005
    by_customer = one["customer_months"]
    own = by_customer[["revenue", "goods_cost", "service_cost", "campaign_cost"]]
    assert (own.revenue - own.iloc[:, 1:].sum(axis=1) - by_customer.profit).abs().max() < 0.005
    added = by_customer.groupby("month")[["orders", *own.columns]].sum().reindex(months.index, fill_value=0)
    assert (added - months[added.columns]).abs().max().max() < 0.005
    orders = one["orders"]
    month = orders.order_date.dt.to_period("M").dt.to_timestamp()
    paid = orders.groupby(month).amount.sum().reindex(months.index, fill_value=0)
    if not one.industry.contract:
        assert (paid - months.revenue).abs().max() < 0.005
        assert (orders.groupby(month).size().reindex(months.index, fill_value=0) == months.orders).all()
    else:
        assert (months.revenue > paid).iloc[1:].all()
    reward = one["referrals"].referred_id.isin(one["customers"].customer_id)
    price = dict(zip(tables.STAGES, one.industry.stage_cost, strict=True))
    walked = one["stage_events"].stage.map(price).groupby(one["stage_events"].entered.dt.to_period("M")).sum()
    rewards = one.industry.referral_reward * reward.sum()
    assert walked.sum() + rewards == pytest.approx(months.acquisition_cost.sum(), abs=0.01)
    contacted = one["campaign_targets"].query("group == 'contacted'").groupby("campaign_id").size()
    spent = (one["campaigns"].set_index("campaign_id").contact_cost * contacted).sum()
    assert spent == pytest.approx(months.campaign_cost.sum(), abs=0.01)
    truth = one.truth["months"].set_index("month")
    assert (truth.customers.diff().fillna(truth.customers) == months.won - truth.leavers).all()
    assert (
        one.truth["customers"].left.dt.to_period("M").value_counts().sort_index().to_numpy() == truth.leavers[truth.leavers > 0]
    ).all()
    prospects = one["prospects"].created.dt.to_period("M").value_counts().sort_index()
    assert (prospects.to_numpy() == months.prospects[months.prospects > 0]).all()


def test_contracts_and_fees_make_the_revenue():
    """Everyone under contract pays for his days; extra products cost a quarter more each."""
    plain = world.simulate(replace(TELECOM, cross_start=0.0), customers=300, months=24, seed=2)
    contracts = plain["contracts"]
    for number, row in plain["firm_months"].iterrows():
        begin, end = row.month, row.month + pd.offsets.MonthBegin(1)
        days = (contracts.ended.fillna(end).clip(upper=end) - contracts.started.clip(lower=begin)).dt.days.clip(lower=0)
        fees = (contracts.monthly_fee * days / (end - begin).days).sum()
        extras = plain["orders"].query("@begin <= order_date < @end").amount.sum()
        assert row.revenue == pytest.approx(fees + extras, abs=1 + 45 / 30 * (days > 0).sum()), number  # dates are whole days
    dearer = plain.rerun(price=0.2, start=13)
    late = dearer["contracts"].started >= pd.Timestamp(plain.day(13))
    assert set(dearer["contracts"].monthly_fee[late]) <= {19.2, 26.4, 38.4, 54.0}
    assert set(dearer["contracts"].monthly_fee[~late]) <= {16.0, 22.0, 32.0, 45.0}


def test_a_customer_and_his_months(one):
    """Moments that a manager would check at once: nobody buys before he comes or is in two places."""
    survey = one["survey"]
    importance = survey[[f"importance_{name}" for name in DIMENSIONS]]
    assert (importance.sum(axis=1) == 100).all()
    assert survey.filter(like="perceived").isna().mean().mean() == pytest.approx(0.015, abs=0.006)
    reversed_items = [item.name for item in tables.ITEMS if item.reverse]
    assert len(tables.ITEMS) == 22
    assert len(reversed_items) == 4
    for item in tables.ITEMS:
        others = [f"perceived_{each.name}" for each in tables.ITEMS if each.dimension == item.dimension and not each.reverse]
        rest = survey[[name for name in others if name != f"perceived_{item.name}"]].astype(float).mean(axis=1)
        correlation = rest.corr(survey[f"perceived_{item.name}"].astype(float))
        assert (correlation < -0.1) if item.reverse else (correlation > 0.1), item.name


def test_five_gaps_can_be_seen(one):
    """Managers put tangibles too high and reliability too low; more is promised than the standard asks, and than is found."""
    believed = one["manager_survey"].groupby("dimension")[["believed_expectation", "believed_importance"]].mean()
    given = one["survey"][[f"importance_{name}" for name in DIMENSIONS]].mean()
    assert believed.believed_importance["tangibles"] > given["importance_tangibles"] + 5
    assert believed.believed_importance["reliability"] < given["importance_reliability"] - 3
    promised = one["promises"].groupby("dimension").promised.mean()
    standard = one["standards"].groupby("dimension").standard.mean()
    found = one["delivery"].groupby("dimension").delivered.mean()
    assert (promised > standard).all()
    assert (standard > found).all()
    assert one["manager_survey"].groupby(["manager_id", "wave"]).believed_importance.sum().eq(100).all()
    more = one.rerun(promises=0.4, reliability=0.4)
    assert more["promises"].promised.mean() == pytest.approx(one["promises"].promised.mean() + 0.4)
    shift = more["delivery"].delivered - one["delivery"].delivered
    assert shift[one["delivery"].dimension == "reliability"].to_numpy() == pytest.approx(0.4)


# A further industry, comparisons, refusals


def test_a_further_industry_is_one_block():
    tailor = replace(
        RETAILER,
        name="tailor-v1",
        regions=("town",),
        channels=RETAILER.channels[:2],
        needs=RETAILER.needs[1:3],
        season=(1.0,) * 12,
    )
    held = world.simulate(tailor, customers=100, months=12, seed=1)
    assert set(held["customers"].region) == {"town"}
    for name, table in everything(held).items():
        _engine.check(table, name)
    with pytest.raises(ArgumentError, match="retailer, telecom, rebate_site, retailer-v1, telecom-v1, rebate_site-v1"):
        world.simulate("tailor", seed=1)


def test_compare_pairs():
    firms = [world.simulate("retailer", customers=200, months=18, seed=seed) for seed in (1, 2, 3)]
    pairs = [(held, held.rerun(reliability=1.0, start=7)) for held in firms]
    effect = world.compare(pairs)
    found = effect.table().set_index("measure")
    assert list(found.index) == ["retention", "customers", "orders", "revenue", "profit", "satisfaction"]
    for held, better in pairs:
        row = effect.pairs.query("seed == @held.setting.seed and measure == 'profit'").iloc[0]
        assert row.base == pytest.approx(held["firm_months"].profit.iloc[6:].sum())
        assert row.difference == pytest.approx(better["firm_months"].profit.iloc[6:].sum() - row.base)
    differences = effect.pairs.query("measure == 'retention'").difference
    half = stats.t.ppf(0.975, 2) * differences.std() / np.sqrt(3)
    assert found.loc["retention", "high"] - found.loc["retention", "low"] == pytest.approx(2 * half)
    assert found.loc["retention", "difference"] > 0
    them = firms[0].truth["customers"]
    there = them[(them.since < "2023-07-01") & ~(them.left < "2023-07-01")]
    assert effect.pairs.base.iloc[0] == pytest.approx(there.left.isna().mean())
    alone = world.compare(pairs[:1])
    assert alone.table().low.isna().all()
    assert "One pair" in str(alone.summary())
    assert "3 pairs" in repr(effect)
    assert "<table>" in effect._repr_html_()
    narrow, wide = (effect.table(level=level).query("measure == 'profit'") for level in (0.5, 0.99))
    assert (wide.high - wide.low).iloc[0] > (narrow.high - narrow.low).iloc[0]
    with pytest.raises(ArgumentError, match="`level` must be a share"):
        effect.table(level=95)
    for wrong, words in (
        ([], "must be a list of pairs"), ([firms[0]], "must hold pairs"), ([(firms[0], firms[1])], "are different firms"),
        ([pairs[0], pairs[0]], "no second witness"),
        ([pairs[0], (firms[1], firms[1].rerun(reliability=0.5, start=7))], "the same changes"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=words):
            world.compare(wrong)


def test_changes_add_up(retailer):
    again = retailer.rerun(reliability=0.5, start=7)
    assert world.compare([(again, again.rerun(reliability=0.5, start=7))]).months == 30
    fewer = retailer.rerun(advertising=-0.9, cost=1.0)["firm_months"].improvement_cost.sum()
    assert fewer == pytest.approx(retailer.rerun(advertising=0.0, cost=1.0)["firm_months"].improvement_cost.sum(), rel=0.2)
    twice = retailer.rerun(reliability=0.25, start=START, cost=0).rerun(reliability=0.25, start=START, cost=0)
    once = retailer.rerun(reliability=0.5, start=START, cost=0)
    assert twice.hash() == once.hash()
    halves = retailer.rerun(reliability=0.25, start=START).rerun(reliability=0.25, start=START)
    own = [halves, retailer.rerun(reliability=0.5, start=START)]
    assert own[0].hash() == own[1].hash(), "two half steps cost as much as a whole one"
    back = retailer.rerun(reliability=1.0, start=START).rerun(reliability=-1.0, start=START)
    assert back["firm_months"].improvement_cost.sum() == 0
    with pytest.raises(ArgumentError, match=r"`reliability` would be \+2.5; it may be from -2 to 2"):
        retailer.rerun(reliability=1.5).rerun(reliability=1.0, start=5)
    assert world.compare([(own[1], own[1].rerun(empathy=0.5, start=30))]).months == 7, "what both did is no difference"
    shared = retailer.rerun(reliability=0.5, empathy=0.5, start=START, cost=0.3)
    alone = retailer.rerun(reliability=0.5, empathy=0.5, start=START, cost=0)
    served = (alone.truth["months"].customers + alone.truth["months"].leavers).iloc[START - 1 :].sum()
    assert shared["firm_months"].improvement_cost.sum() == pytest.approx(0.3 * served, abs=0.5), "one cost for both together"


def test_causes_are_told():
    told = world.causes("telecom")
    assert list(told.table.cause) == list(plan.offered(TELECOM)) == list(plan.offered(RETAILER))
    assert told.table.set_index("cause").loc["reliability", "cost"] == pytest.approx(0.4 * np.expm1(1) / 2)
    assert "reliability" in str(told)
    with pytest.raises(ArgumentError, match="no industry is called 'bank'"):
        world.causes("bank")


def test_a_firm_tells_what_it_is(retailer):
    changed = retailer.rerun(empathy=0.5, start=5)
    assert repr(changed) == "Firm(retailer-v1, customers=1,500, months=36, seed=7, empathy +0.5 from month 5)"
    assert "From month 5: empathy +0.5" in str(changed.summary())
    assert "retailer-v1" in changed._repr_html_()
    assert repr(retailer.truth).startswith("the truth about retailer-v1: customers")
    assert len(retailer) == len(list(retailer))
    assert len(retailer.truth) == len(list(retailer.truth))
    parameters = retailer.truth["parameters"].set_index("parameter").set_to
    assert parameters["hurt"] == RETAILER.hurt
    assert parameters["needs.price.share"] == 0.38
    assert retailer.day(13).isoformat() == "2024-01-01"
    assert world.simulate("retailer", customers=5, months=40, seed=1, tables=[]).opening.isoformat() == "2022-01-01"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"customers": 0}, "`customers` must be a whole number from 1"), ({"customers": 1.5}, "`customers` must be"),
        ({"months": -1}, "`months` must be a whole number from 1"), ({"months": 0}, "`months` must be"),
        ({"seed": -1}, "`seed` must be"), ({"seed": "x"}, "`seed` must be"), ({"industry": "bank"}, "The industries: retailer"),
        ({"industry": 3}, "no industry is called 3"), ({"tables": ["order"]}, "`tables` must be one of"),
        ({"tables": "orders"}, "must be a list of names"), ({"tables": ["contracts"]}, "`tables` must be one of"),
        ({"seasons": 1}, "`seasons` must be True or False"), ({"targeted": None}, "`targeted` must be"),
        ({"workers": 0}, "`workers` must be"), ({"folder": 7}, "`folder` must be the path"),
    ],
)  # fmt: skip
def test_simulate_refuses(arguments, words):
    given = {"industry": "retailer", "customers": 10, "months": 3, "seed": 1} | arguments
    with pytest.raises(ArgumentError) as refusal:
        world.simulate(**given)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kindness": 1}, "no cause is called 'kindness'. The causes: reliability, assurance"),
        ({"reliability": 3}, "must be a number from -2 to 2 (points"), ({"reliability": "much"}, "must be a number"),
        ({"reliability": float("nan")}, "must be a number"), ({"reliability": 1, "start": 0}, "`start` must be a month"),
        ({"reliability": 1, "start": 4}, "from 1 to 3; it is 4"), ({"reliability": 1, "start": 1.5}, "`start` must be"),
        ({"reliability": 1, "cost": -0.1}, "`cost` must be 0 or more"), ({"reliability": 1, "cost": "free"}, "`cost` must be"),
        ({"reliability": 1, "cost": float("nan")}, "`cost` must be"),
    ],
)  # fmt: skip
def test_rerun_refuses(arguments, words):
    held = world.simulate("retailer", customers=10, months=3, seed=1)
    with pytest.raises(ArgumentError) as refusal:
        held.rerun(**arguments)
    assert words in str(refusal.value)


def test_a_firm_refuses_unknown_tables(retailer):
    for ask in (lambda: retailer["order"], lambda: retailer.truth["order"], lambda: retailer["truth_customers"],
                lambda: retailer["contracts"], lambda: retailer.path("orders"), lambda: retailer.day(0)):  # fmt: skip
        with pytest.raises(ArgumentError):
            ask()


@pytest.mark.parametrize("industry", ["retailer", "telecom"])
def test_the_smallest_firms(industry):
    for customers, months in ((1, 1), (3, 20)):
        held = world.simulate(industry, customers=customers, months=months, seed=2)
        assert held.rerun(reliability=1).hash()
        for name, table in everything(held).items():
            assert list(table.columns) == [column.name for column in tables.table(name).columns]
            if len(table):
                _engine.check(table, name)


def test_sweep_and_effect_agree_with_reruns():
    grid = world.sweep(
        {"reliability": (0.5, 1.0), "advertising": [0.2]}, customers=150, months=18, start=7, seeds=(4, 9), workers=1
    )
    _engine.check(grid, "what_if")
    assert grid.groupby("cause", sort=False).amount.agg(lambda each: sorted(set(each))).to_dict() == {
        "reliability": [0.0, 0.5, 1.0],
        "advertising": [0.0, 0.2],
    }
    firms = [world.simulate("retailer", customers=150, months=18, seed=seed) for seed in (4, 9)]
    for cause, amount, cost in (("reliability", 1.0, 0.3), ("advertising", 0.2, 2.0)):
        pairs = [(held, held.rerun(**{cause: amount}, start=7, cost=0)) for held in firms]
        free, expected = world.effect(grid, cause, amount), world.compare(pairs)
        pd.testing.assert_frame_equal(free.pairs, expected.pairs, check_dtype=False)
        assert free.months == expected.months == 12
        paid = world.effect(grid, cause, amount, cost=cost).table().set_index("measure")
        payers = grid[(grid.cause == cause) & (grid.amount == amount)].payers.mean()
        gain = free.table().set_index("measure").difference
        assert paid.difference["profit"] == pytest.approx(gain["profit"] - cost * payers)
        assert paid.difference["retention"] == gain["retention"]
    assert world.effect(grid, "reliability", 0, cost=5).table().difference.abs().max() == 0, "no step, no cost"
    own = firms[0].rerun(reliability=1.0, start=7)["firm_months"].improvement_cost.sum()
    row = grid.query("cause == 'reliability' and amount == 1 and seed == 4").iloc[0]
    assert row.usual_cost * row.payers == pytest.approx(own, abs=0.2)
    for call, words in (
        (lambda: world.sweep({}), "must map causes to amounts"),
        (lambda: world.sweep({"joy": [1]}), "no cause is called 'joy'"),
        (lambda: world.effect(grid, "empathy", 0.5), "must be one of 'reliability', 'advertising'"),
        (lambda: world.effect(grid, "reliability", 0.7), "must be one that was tried, 0, 0.5, 1; it is 0.7"),
        (lambda: world.effect(grid, "reliability", 0.5, cost=-1), "`cost` must be 0 or more"),
        (lambda: world.effect([], "reliability", 0.5), "must be a table as `world.sweep`"),
        (lambda: world.effect(grid.drop(columns="profit"), "reliability", 0.5), "no column `profit`"),
    ):  # fmt: skip
        with pytest.raises((ArgumentError, DataError), match=words):
            call()


# docs/world.md

PAGE = Path(world.__file__).parents[2] / "docs" / "world.md"


def test_the_page_names_every_number_and_cause():
    text = PAGE.read_text(encoding="utf-8")
    unnamed = [field.name for field in fields(world.Industry) if f"`{field.name}`" not in text]
    assert unnamed == []
    assert [cause for cause in plan.CAUSES if f"`{cause}`" not in text] == []


def test_the_moments_on_the_page_are_those_of_the_presets():
    script = PAGE.parents[1] / "benchmarks" / "moments.py"
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() in PAGE.read_text(encoding="utf-8"), "run benchmarks/moments.py and paste what it prints"
