"""The rebate site: gifts by a yearly coin, a scandal, and the way back to trust; its laws, its truth, its refusals."""

from dataclasses import fields, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import betaln, comb, expit, gammaln, logit
from world_firms import declared_columns, every_table, firm

from crmlab import _engine, datasets, tables, world
from crmlab.errors import ArgumentError
from crmlab.world import firm as firms
from crmlab.world import giving, interventions
from crmlab.world.industries import REBATE_SITE, RETAILER
from crmlab.world.presets import PRESETS

START = 13
SHOCK = REBATE_SITE.giving.shock_month


@pytest.fixture
def site():
    return firm("rebate_site", customers=500, seed=7)


@pytest.fixture
def small():
    return firm("rebate_site", customers=40, months=26, seed=5)


def eager(**numbers):
    """A site where trust weighs much, and whatever could interfere happens often."""
    more = replace(REBATE_SITE.giving, trust_dropout=0.8, donates=(2.0, 1.0), loyalty_effect=1.0)
    quick = {"prospects_per_customer": 1.0, "advance": (4.0,) * 8, "cross_start": 0.05, "referral": 0.05, "word_of_mouth": 0.6}
    return replace(REBATE_SITE, **(quick | {"giving": more} | numbers))


def coin(**numbers):
    """A site of nothing but coins: nobody leaves, nothing goes wrong, and almost everyone is won at once."""
    gifts = replace(REBATE_SITE.giving, **({"shock": 0.0, "loyalty_effect": 0.0, "concern": 0.0} | numbers))
    return replace(
        REBATE_SITE, name="coin", prospects_per_customer=1.0, advance=(9.0,) * 8, competition=0.0, dropout=(1.0, 1e-12),
        failure=1e-12, inquiry=0.0, turnover=0.0, competitor_effect=0.0, cross_start=0.0, referral=0.0, campaigns=(),
        needs=(replace(REBATE_SITE.needs[0], share=1),), slopes=(0.0,) * 3, giving=gifts,
    )  # fmt: skip


def opportunities(simulated):
    """For each customer: years in which they could give, in how many they did, and at which opportunity last (0: never)."""
    them = simulated["customers"].set_index("customer_id")
    december = [pd.Timestamp(simulated.day(month)) for month in range(12, simulated.setting.months + 1, 12)]
    had = sum((them.since < day).astype(int) for day in december)
    gifts = simulated["donations"]
    last = gifts.groupby("customer_id").donation_date.max().dt.year
    missed = december[-1].year - last.reindex(them.index)
    return pd.DataFrame({
        "n": had, "x": gifts.groupby("customer_id").size().reindex(them.index, fill_value=0),
        "last": (had - missed).fillna(0).astype(int),
    })  # fmt: skip


def left(simulated):
    return simulated.truth["customers"].set_index("customer_id").left.fillna(pd.Timestamp("2100-01-01"))


def gifts(simulated):
    return simulated["donations"].set_index(["customer_id", "donation_date"]).amount


# The published industries


@pytest.mark.parametrize("industry", ["retailer", "telecom"])
def test_other_industries_have_no_gifts(industry):
    simulated = firm(industry, customers=60, months=8, seed=3)
    assert not {"donations", "payouts", "donors", "trust"} & {*simulated, *simulated.truth}
    assert not simulated.truth["parameters"].parameter.str.startswith("giving").any()


# The same firm


def test_the_same_seed_gives_the_same_site(small):
    assert world.simulate("rebate_site-v1", customers=40, months=26, seed=5).hash() == small.hash()
    assert world.simulate("rebate_site", customers=40, months=26, seed=6).hash() != small.hash()
    assert small.rerun().hash() == small.hash()
    assert small.rerun(**dict.fromkeys(interventions.offered(REBATE_SITE), 0.0), start=5).hash() == small.hash()


def test_neither_blocks_nor_files_change_anything(small, tmp_path):
    wanted = tuple(small._tables)
    assert firms._make(small.setting, wanted, None, 1, 400).hash() == small.hash()
    filed = firms._make(small.setting, wanted, tmp_path / "firm", 1, 600)
    assert filed.hash() == small.hash()
    pd.testing.assert_frame_equal(filed["donations"], small["donations"])
    part = world.simulate("rebate_site", customers=40, months=26, seed=5, tables=["donations", "payouts"])
    assert list(part) == ["donations", "payouts", "firm_months"]
    pd.testing.assert_frame_equal(part["donations"], small["donations"])
    pd.testing.assert_frame_equal(part["payouts"], small["payouts"])


DATED = {"orders": "order_date", "donations": "donation_date", "payouts": "month", "firm_months": "month", "tickets": "opened",
         "customer_months": "month", "referrals": "date", "survey": "date", "interactions": "date", "truth_failures": "date",
         "truth_trust": "month", "truth_months": "month", "truth_customers": "left", "truth_donors": "stopped"}  # fmt: skip


def assert_identical_before(one, changed, day):
    for name, date in DATED.items():
        left, right = (
            simulated.truth[name[6:]] if name.startswith("truth_") else simulated[name] for simulated in (one, changed)
        )
        left, right = (table[table[date] < day].reset_index(drop=True) for table in (left, right))
        assert len(left) > 0, name
        pd.testing.assert_frame_equal(left, right, obj=name)


def test_before_the_changes_all_is_identical(small):
    """All causes at once, and in both directions: not one of them reaches back."""
    causes = interventions.offered(REBATE_SITE).values()
    highest = {each.name: each.highest for each in causes}
    lowest = {each.name: each.lowest for each in causes} | {"price": -0.01}  # more, and too many orders could not be drawn
    for changes in (highest, lowest):
        assert_identical_before(small, small.rerun(**changes, start=START), pd.Timestamp(small.day(START)))


@pytest.mark.parametrize("cause", list(interventions.offered(REBATE_SITE)))
def test_each_cause_changes_something(cause):
    restless = replace(REBATE_SITE, turnover=0.3, giving=replace(REBATE_SITE.giving, shock_month=5, month_of_year=6))
    base = firm(restless, customers=40, months=8, seed=5, tables=("salespeople", "promises", "payouts", "truth_trust"))
    assert base.rerun(**{cause: interventions.CAUSES[cause].highest}, start=3).hash() != base.hash()


@pytest.mark.long
@pytest.mark.parametrize("cause", list(interventions.offered(REBATE_SITE)))
def test_before_each_change_all_is_identical(small, cause):
    changed = small.rerun(**{cause: interventions.CAUSES[cause].highest}, start=START)
    assert changed.hash() != small.hash()
    assert_identical_before(small, changed, pd.Timestamp(small.day(START)))


def test_a_better_dimension_makes_nobody_leave_earlier():
    base = firm(eager(), customers=120, months=26, seed=2, tables=())
    for dimension in tables.DIMENSIONS:
        better = base.rerun(**{dimension: 0.5}, start=7, cost=0)
        both = pd.concat([left(base), left(better)], axis=1, join="inner")
        assert (both.iloc[:, 1] >= both.iloc[:, 0]).all()
        assert (both.iloc[:, 1] > both.iloc[:, 0]).any()


def test_profit_falls_by_the_cost_less_the_gain():
    base = firm(eager(), customers=120, months=26, seed=4, tables=())
    free = base.rerun(transparency=0.75, start=START, cost=0)
    gain = free["firm_months"].profit.sum() - base["firm_months"].profit.sum()
    served = (free.truth["months"].customers + free.truth["months"].leavers).iloc[START - 1 :]
    assert gain > 0, "who trusts stays"
    for price in (0.01, 0.05):
        paid = base.rerun(transparency=0.75, start=START, cost=price)
        change = paid["firm_months"].profit.sum() - base["firm_months"].profit.sum()
        cost = sum(round(100 * price * count) for count in served) / 100
        assert change == pytest.approx(gain - cost, abs=1e-6)
        assert (paid["firm_months"].drop(columns=["improvement_cost", "profit"]).equals(
            free["firm_months"].drop(columns=["improvement_cost", "profit"])))  # fmt: skip
    own = base.rerun(transparency=0.75, start=START)["firm_months"].improvement_cost.sum()
    each = interventions.CAUSES["transparency"].cost(0.75, dict(REBATE_SITE.costs)["transparency"])
    assert own == pytest.approx(each * served.sum(), abs=0.5)
    assert base.rerun(trust_shock=-1)["firm_months"].improvement_cost.sum() == 0


# Trust


def test_a_scandal_only_lowers_gifts_and_loyalty_person_by_person():
    """Whoever is there in both worlds gives in the scandal's world only what they give in the other, and leaves no later."""
    base = world.simulate(eager(), customers=120, months=26, seed=1, tables=["donations", "truth_donors", "truth_trust"])
    worlds = [base.rerun(trust_shock=scale) for scale in (-1, -0.4, 1)]
    worlds.insert(2, base)
    for calm, shaken in pairwise(worlds):
        both = pd.concat([left(calm), left(shaken)], axis=1, join="inner")
        assert len(both) > 90
        assert (both.iloc[:, 1] <= both.iloc[:, 0]).all()
        assert (both.iloc[:, 1] < both.iloc[:, 0]).any()
        more, fewer = gifts(calm), gifts(shaken)
        assert set(fewer.index) < set(more.index)
        pd.testing.assert_series_equal(more.reindex(fewer.index), fewer)
        stopped = [
            simulated.truth["donors"].set_index("customer_id").reindex(both.index).stopped for simulated in (calm, shaken)
        ]
        there = stopped[0] < both.iloc[:, 1]
        pd.testing.assert_series_equal(stopped[0][there], stopped[1][there])
    assert set(worlds[0].truth["trust"].distrust) == {0.0}
    assert base.rerun(trust_shock=1, start=SHOCK + 1).truth["trust"].equals(base.truth["trust"]), "it has happened"
    assert base.rerun(trust_shock=1, start=SHOCK).hash() == worlds[-1].hash()


def test_transparency_never_lowers_trust():
    base = world.simulate(eager(), customers=120, months=26, seed=3, tables=["donations", "payouts", "truth_trust"])
    worlds = [base.rerun(transparency=shift, cost=0) for shift in (-0.25, 0.75)]
    worlds.insert(1, base)
    for closed, open_ in pairwise(worlds):
        assert (closed["payouts"].published <= open_["payouts"].published).all()
        assert (open_.truth["trust"].distrust <= closed.truth["trust"].distrust).all()
        both = pd.concat([left(closed), left(open_)], axis=1, join="inner")
        assert (both.iloc[:, 1] >= both.iloc[:, 0]).all()
        assert set(gifts(closed).index) <= set(gifts(open_).index)
    assert not worlds[0]["payouts"].published.any()
    assert worlds[-1]["payouts"].published.all()
    assert len(gifts(worlds[-1])) > len(gifts(worlds[0]))
    assert (left(worlds[-1]) < pd.Timestamp("2100-01-01")).sum() < (left(worlds[0]) < pd.Timestamp("2100-01-01")).sum()


def test_distrust_fades_as_the_page_says(site):
    sector, published, expected = REBATE_SITE.giving, site["payouts"].published, 0.0
    for month, estimate in enumerate(site.truth["trust"].distrust, 1):
        expected = expected * sector.fading[int(published[month - 1])] + sector.shock * (month == SHOCK)
        assert estimate == pytest.approx(expected, abs=1e-12)
    assert 0 < published.mean() < 0.6
    setting = replace(site.setting, months=600, interventions=interventions.Interventions((), 600))
    share = giving.climate(setting)[0].mean()
    assert abs(share - sector.transparency) < 4 * np.sqrt(sector.transparency * (1 - sector.transparency) / 600)


# Gifts


@pytest.mark.parametrize("customers", [4_000, pytest.param(9_000, marks=pytest.mark.long)])
def test_the_gifts_are_those_of_bgbb(customers):
    """Mean of each number of opportunities by Fader, Hardie & Shang (2010); their counts by its likelihood."""
    sector = coin()
    simulated = world.simulate(
        sector, customers=customers, months=72, seed=11, tables=["customers", "donations", "truth_donors"]
    )
    (a, b), (c, d) = sector.giving.donates, sector.giving.stops
    estimate = opportunities(simulated)
    assert set(estimate.n) == set(range(7))
    for n, own in estimate.query("n > 0").groupby("n"):
        ends = np.exp(gammaln(c + d) - gammaln(c + d + n) + gammaln(1 + d + n) - gammaln(1 + d))
        mean = a / (a + b) * d / (c - 1) * (1 - ends)
        assert abs(own.x.mean() - mean) < 4 * own.x.std() / np.sqrt(len(own)), n
    n, own = 5, estimate.query("n == 5")
    cells, expected = [(x, last) for last in range(n + 1) for x in range(min(last, 1), last + 1)], []
    for x, last in cells:
        alive = betaln(a + x, b + n - x) + betaln(c, d + n)
        gone = sum(np.exp(betaln(a + x, b + last - x + i) + betaln(c + 1, d + last + i)) for i in range(n - last))
        arrangements = comb(last - 1, x - 1) if x else 1
        expected.append(arrangements * (np.exp(alive) + gone) / np.exp(betaln(a, b) + betaln(c, d)))
    assert sum(expected) == pytest.approx(1)
    counts = own.groupby(["x", "last"]).size().reindex(cells, fill_value=0)
    assert counts.sum() == len(own) > customers / 9
    assert stats.chisquare(counts, len(own) * np.array(expected)).pvalue > 1e-3
    truth = simulated.truth["donors"]
    for column, (one, other) in (("donation_probability", (a, b)), ("stop_probability", (c, d))):
        assert stats.kstest(truth[column], stats.beta(one, other).cdf).pvalue > 1e-3
    own = truth.set_index("customer_id").reindex(estimate.index)
    gone, gave = 1 - (1 - own.stop_probability) ** estimate.n, sum(
        (estimate.n >= k) * own.donation_probability * (1 - own.stop_probability) ** k for k in range(1, 7)
    )  # fmt: skip
    assert abs(own.stopped.notna().sum() - gone.sum()) < 4 * np.sqrt((gone * (1 - gone)).sum())
    assert abs((estimate.x - gave).sum()) < 4 * (estimate.x - gave).std() * np.sqrt(len(estimate))
    stopped = own.stopped
    last = pd.to_datetime(simulated["donations"].groupby("customer_id").donation_date.max().reindex(estimate.index))
    assert not (last >= stopped).any()
    assert (stopped.dropna().dt.month == 12).all()


def test_distrust_takes_its_log_odds_off_the_coin():
    """Everyone equally concerned: the share who give in the shaken December is the mean of expit(logit p - distrust)."""
    sector = coin(stops=(1e-9, 1.0), donates=(2.0, 3.0), shock=1.5, fading=(1.0, 1.0))
    simulated = world.simulate(sector, customers=6_000, months=24, seed=3, tables=["customers", "donations", "truth_donors"])
    grid = (np.arange(20_000) + 0.5) / 20_000
    chance = stats.beta(2, 3).ppf(grid)
    for month, distrust in ((12, 0.0), (24, 1.5)):
        day = pd.Timestamp(simulated.day(month))
        there = (simulated["customers"].since < day).sum()
        gave = simulated["donations"].donation_date.between(day, day + pd.offsets.MonthEnd()).sum()
        share = expit(logit(chance) - distrust).mean()
        assert abs(gave / there - share) < 4 * np.sqrt(share * (1 - share) / there)
    p, q, v = sector.giving.gift
    by_donor = simulated["donations"].groupby("customer_id").amount.mean()
    assert abs(by_donor.mean() - p * v / (q - 1)) < 4 * by_donor.std() / np.sqrt(len(by_donor))
    loyal = simulated.truth["donors"].donation_probability.corr(simulated.truth["customers"].purchase_rate)
    assert abs(loyal) < 4 / np.sqrt(6_000), "who buys much does not give more often"


def test_loyal_customers_give_more_often():
    numbers = {"stops": (1e-9, 1.0), "donates": (2.0, 3.0)}
    calm, warm = (
        world.simulate(replace(coin(loyalty_effect=effect, **numbers), slopes=(1.0,) * 3), customers=1_000, months=12, seed=1,
                       tables=["customers", "donations", "truth_donors"])
        for effect in (0.0, 1.0)
    )  # fmt: skip
    there = warm.truth["customers"].query("since < '2023-12-01'").set_index("customer_id")
    odds = logit(there.join(warm.truth["donors"].set_index("customer_id")).donation_probability) + there.loyalty
    gave = there.index.isin(warm["donations"].customer_id)
    assert abs(gave.sum() - expit(odds).sum()) < 4 * np.sqrt((expit(odds) * (1 - expit(odds))).sum())
    assert there.loyalty.mean() < -0.1
    assert len(warm["donations"]) < len(calm["donations"])


# Tables and money


def test_every_table_keeps_its_declaration_and_they_fit_together(site):
    for name, table in every_table(site).items():
        assert list(table.columns) == declared_columns(site, name)
        if name.removeprefix("truth_") in ("orders", "donations", "payouts", "donors", "trust"):
            _engine.check(table, name)
    gave, them = site["donations"], site.truth["customers"].set_index("customer_id")
    assert len(gave) > 50
    assert gave.customer_id.isin(them.index).all()
    assert (gave.donation_date.dt.month == 12).all()
    assert not gave.assign(year=gave.donation_date.dt.year).duplicated(["customer_id", "year"]).any()
    assert (gave.donation_date > gave.customer_id.map(them.since)).all()
    assert not (gave.donation_date > gave.customer_id.map(them.left)).any()
    assert set(site.truth["donors"].customer_id) == set(them.index)
    assert {"search", "price comparison", "online advert", "charity partner", "referral"} == set(site["customers"].channel)
    for setting in (site.setting, replace(site.setting, months=5, interventions=interventions.Interventions((), 5))):
        assert len(giving.climate(setting)[1]) == setting.months


def test_gifts_go_to_charity_and_not_into_the_profit(site):
    months, accounts = site["firm_months"], site["payouts"].set_index("month")
    given = site["donations"].groupby(site["donations"].donation_date.dt.to_period("M").dt.to_timestamp()).amount.sum()
    assert accounts.donated.to_numpy() == pytest.approx(given.reindex(accounts.index, fill_value=0).to_numpy())
    assert (accounts.paid_out.cumsum() <= accounts.donated.cumsum() + 1e-6).all()
    for year in (0, 1):
        after = accounts.paid_out.iloc[12 * year + 12 : 12 * year + 24]
        assert after.sum() == pytest.approx(accounts.donated.iloc[12 * year + 11]), "a year later all is paid out"
        assert after.max() - after.min() < 0.011
    costs = ["goods_cost", "service_cost", "campaign_cost", "acquisition_cost", "improvement_cost", "fixed_cost"]
    assert (months.revenue - months[costs].sum(axis=1) - months.profit).abs().max() < 0.005
    orders = site["orders"].merge(site["products"], on="product_id")
    assert orders.amount.sum() == pytest.approx(months.revenue.sum(), abs=0.01), "revenue is commission"
    rebate = (orders.amount / (1 - orders.discount) * orders.cost_share).sum()
    assert months.goods_cost.sum() == pytest.approx(rebate, abs=0.01 * len(orders)), "and its cost the rebate"
    assert 0 < months.goods_cost.sum() < months.revenue.sum()
    generous = replace(REBATE_SITE, giving=replace(REBATE_SITE.giving, gift=(4.0, 4.0, 80.0)))
    other = world.simulate(generous, customers=500, seed=7, tables=["donations"])
    pd.testing.assert_frame_equal(other["firm_months"], months)
    assert other["donations"].amount.sum() > 9 * site["donations"].amount.sum()


def test_the_data_sets_hold_the_site(tmp_path, monkeypatch):
    """Of a tenth of the size: `load` simulates the firm when it is first asked for."""
    monkeypatch.setenv("CRMLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(world, "simulate", partial(world.simulate, customers=200))
    gave = datasets.load("donations", industry="rebate_site")
    simulated = world.simulate("rebate_site", months=72, seed=1, tables=["donations", "truth_donors"])
    pd.testing.assert_frame_equal(gave, simulated["donations"])
    pd.testing.assert_frame_equal(datasets.truth("donors", industry="rebate_site-v1"), simulated.truth["donors"])
    assert gave.donation_date.dt.year.nunique() == 6
    assert set(datasets.names("rebate_site")) - set(datasets.names()) == {"donations", "payouts"}
    assert "gave to charity" in tables.describe("donations").note
    came_unasked = (datasets.load("customers", industry="rebate_site").channel != "referral").sum()
    assert came_unasked == pytest.approx(200, rel=0.25)


def test_its_causes_are_told():
    causes_shown = world.causes("rebate_site").table.set_index("cause")
    own = ["transparency", "trust_shock"]
    assert [cause for cause in interventions.CAUSES if cause in causes_shown.index] == list(causes_shown.index)
    assert list(causes_shown.index[-2:]) == own
    assert causes_shown.loc["trust_shock", "cost"] == 0
    assert causes_shown.loc["transparency", "cost"] == pytest.approx(0.04 * np.expm1(1) / 4)
    assert list(world.causes("retailer-v1").table.cause) == [cause for cause in causes_shown.index if cause not in own]
    assert set(world.causes("telecom-v2").table.cause) == set(interventions.CAUSES) - set(own)
    assert set(world.causes("retailer-v2").table.cause) == set(interventions.CAUSES) - {*own, "staffing"}


def test_what_no_site_has_is_refused(site):
    retailer = firm("retailer", customers=10, months=3, seed=1)
    for call, words in (
        (lambda: retailer.rerun(transparency=0.1), "retailer-v2 has no 'transparency'. The causes: reliability"),
        (lambda: retailer.rerun(trust_shock=-1), "retailer-v2 has no 'trust_shock'"),
        (lambda: world.sweep({"transparency": [0.5]}), "retailer-v2 has no 'transparency'"),
        (lambda: site.rerun(transparency=0.8), "must be a number from -0.25 to 0.75"),
        (lambda: site.rerun(trust_shock=-1.5), "must be a number from -1 to 1"),
        (lambda: site.rerun(trust=1), "no cause is called 'trust'. The causes: .*transparency, trust_shock"),
        (lambda: world.simulate("retailer", seed=1, tables=["donations"]), "`tables` must be one of"),
        (lambda: world.simulate("rebate_site", seed=1, tables=["contracts"]), "`tables` must be one of"),
        (lambda: datasets.load("donations"), "`name` must be one of"),
        (lambda: datasets.truth("donors"), "`name` must be one of"),
        (lambda: datasets.truth("trust", industry="telecom"), "`name` must be one of"),
    ):
        with pytest.raises(ArgumentError, match=words):
            call()


def test_the_smallest_sites():
    for customers, months in ((1, 1), (3, 25)):
        simulated = world.simulate("rebate_site", customers=customers, months=months, seed=2)
        assert simulated.rerun(transparency=0.5).hash()
        for name, table in every_table(simulated).items():
            assert list(table.columns) == declared_columns(simulated, name)
    assert RETAILER.giving is None
    assert [sector.name for sector in PRESETS.values() if sector.giving] == ["rebate_site-v1"]


def test_the_page_names_every_number():
    text = (Path(world.__file__).parents[2] / "docs" / "world.md").read_text(encoding="utf-8")
    assert [each.name for each in fields(world.Giving) if f"`giving.{each.name}`" not in text] == []
    assert all(f"`{name}`" in text for name in ("donations", "payouts", "truth_donors", "truth_trust"))
