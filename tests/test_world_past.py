"""An established firm, seasons of arrival, a rival's move, what it costs to serve, and further laws of the second edition."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln
from world_firms import bare, every_table, exposure, firm, leave_day

from crmlab import btyd, tables, world
from crmlab.errors import ArgumentError
from crmlab.world import firm as firms
from crmlab.world import interventions
from crmlab.world.presets import PRESETS, REBATE_SITE, RETAILER_2, TELECOM_2

SECOND = ["retailer-v2", "telecom-v2"]
#: Tables of the file, which hold everybody in it; what lasts is told if it had not ended.
FILE = ("customers", "contact_records", "truth_customers", "truth_records", "truth_returns", "truth_values")
UNTIL = {"prospects": "closed", "stage_events": "left", "contracts": "ended", "salespeople": "left"}
SIZE = {"customers": 60, "months": 36, "past": 12, "seed": 3}


@pytest.fixture(params=SECOND)
def old(request):
    return firm(request.param, **SIZE)


# A past


def test_an_established_firm_is_the_end_of_a_longer_one(old):
    """Law: its 36 months are the last of 48 months of a firm of 4/3 the size, row by row and to the cent."""
    longer = world.simulate(old.industry, customers=80, months=48, seed=3)
    assert longer.day(13) == old.opening
    first = pd.Timestamp(old.opening)
    for name, table in every_table(old).items():
        if name in ("truth_parameters", "truth_correlations", "products", *FILE):
            continue
        whole = every_table(longer)[name]
        dates = [column.name for column in tables.table(name).columns if column.dtype == "date"]
        if date := UNTIL.get(name) or next(iter(dates), None):
            whole = whole[~(whole[date] < first)]
        elif "wave" in whole:
            whole = whole[whole.wave > 2]
        else:
            whole = whole[whole.campaign_id.isin(old["campaigns"].campaign_id)]
        pd.testing.assert_frame_equal(table, whole.reset_index(drop=True), obj=name)
        assert len(table), name


def test_the_file_holds_customers_from_before(old):
    file, them = old["customers"], old.truth["customers"]
    first = pd.Timestamp(old.opening)
    assert 0.15 < (file.since < first).mean() < 0.6
    assert file.customer_id.tolist() == them.customer_id.tolist()
    present = ((them.since < first) & ~(them.left < first)).sum()
    months = old.truth["months"]
    begun = months.customers.iloc[0] + months.leavers.iloc[0]
    joined = (file.since < pd.Timestamp(old.day(2))).sum() - (file.since < first).sum()
    assert present >= 10
    assert abs(begun - present - joined) <= 3, "those who return in the first month are there, too"
    if old.industry.contract:
        assert not (them.left < first).any(), "whose contract had ended is in no file"
        assert set(old["contracts"].customer_id) == set(file.customer_id)
    else:
        assert (them.left < first).any(), "the firm cannot know who has left unseen"
    for name, table in every_table(old).items():
        known = set(old["prospects"].customer_id) | set(file.customer_id)
        if "customer_id" in table:
            assert set(table.customer_id.dropna()) <= known, name
    assert set(old["stage_events"].prospect_id) <= set(old["prospects"].prospect_id)
    assert set(old.truth["records"].record_id) == set(old["contact_records"].record_id)
    assert set(old.truth["records"].customer_id) == set(file.customer_id)
    assert "past=12" in repr(old)


def test_nothing_in_the_tables_was_over_before_the_first_month(old):
    first = pd.Timestamp(old.opening)
    for name, table in every_table(old).items():
        dates = [column.name for column in tables.table(name).columns if column.dtype == "date"]
        if dates and name not in FILE:
            assert not (table[UNTIL.get(name, dates[0])] < first).any(), name
    assert len(old["firm_months"]) == len(old.truth["months"]) == 36


def test_neither_blocks_nor_workers_nor_files_change_a_past(tmp_path):
    sizes = {"customers": 40, "months": 14, "past": 24, "seed": 5}
    whole = firm("retailer-v2", **sizes)
    for block in (30, 101):
        assert firms._make(whole.setting, tuple(whole._tables), None, 1, block).hash() == whole.hash()
    filed = firms._make(whole.setting, tuple(whole._tables), tmp_path / "firm", 2, 60)
    assert filed.hash() == whole.hash()
    assert (
        filed.rerun(start=3, reliability=0.5, folder=tmp_path / "more").hash() == whole.rerun(start=3, reliability=0.5).hash()
    )
    assert world.simulate("retailer-v2", **(sizes | {"past": np.int64(24)})).hash() == whole.hash()
    assert world.simulate("retailer-v2", **(sizes | {"past": 12})).hash() != whole.hash()
    assert world.simulate("retailer", customers=20, months=4, seed=1, past=0).hash() == world.simulate(
        "retailer", customers=20, months=4, seed=1).hash()  # fmt: skip


def test_a_change_acts_from_its_month_on_and_not_on_the_past(old):
    assert old.rerun(reliability=0).hash() == old.hash()
    better = old.rerun(reliability=1.0, start=5, cost=0)
    day = pd.Timestamp(old.day(5))
    for name, date in (("orders", "order_date"), ("tickets", "opened"), ("firm_months", "month"), ("usage", "month")):
        early = [each[name][each[name][date] < day].reset_index(drop=True) for each in (old, better)]
        pd.testing.assert_frame_equal(*early, obj=name)
    assert better.truth["months"].satisfaction.iloc[4:].mean() > old.truth["months"].satisfaction.iloc[4:].mean() + 0.1
    at_once, first = old.rerun(reliability=1.0, start=1, cost=0), pd.Timestamp(old.opening)
    since = [each["customers"][each["customers"].since < first].reset_index(drop=True) for each in (old, at_once)]
    pd.testing.assert_frame_equal(since[0][["customer_id", "since"]], since[1][["customer_id", "since"]])
    assert at_once.truth["months"].satisfaction.iloc[0] > old.truth["months"].satisfaction.iloc[0] + 0.2


def test_better_loyalty_makes_nobody_leave_earlier_in_an_established_firm():
    base = world.simulate(replace(RETAILER_2, campaigns=()), customers=150, months=14, past=24, seed=4, tables=[])
    kept = base.rerun(loyalty=0.5, start=1)
    both = [leave_day(each) for each in (base, kept)]
    shared = both[0].index.intersection(both[1].index)
    assert (both[1][shared] >= both[0][shared]).all()
    assert (both[1][shared] > both[0][shared]).sum() > 5


def test_compare_and_sweep_know_the_past():
    old = [world.simulate("retailer", customers=40, months=8, past=12, seed=seed) for seed in (1, 2)]
    effect = world.compare([(each, each.rerun(loyalty=0.5, cost=0)) for each in old])
    pairs = effect.pairs[effect.pairs.measure == "retention"]
    them, first = old[0].truth["customers"], pd.Timestamp(old[0].opening)
    there = (them.since < first) & ~(them.left < first)
    assert pairs.base.iloc[0] == pytest.approx(them.left[there].isna().mean())
    grid = world.sweep({"loyalty": [0.5]}, customers=40, months=8, past=12, start=1, seeds=[1, 2], workers=1)
    tried = grid[grid.amount == 0.5]
    assert tried.retention.to_numpy() == pytest.approx(pairs.changed.to_numpy())
    assert tried.customers.tolist() == [each.rerun(loyalty=0.5).truth["months"].customers.iloc[-1] for each in old]


def test_a_scandal_is_counted_from_the_first_month_told():
    site = world.simulate(REBATE_SITE, customers=20, months=24, past=12, seed=1, tables=["truth_trust"])
    distrust = site.truth["trust"].distrust
    assert (distrust[:21] == 0).all()
    assert distrust[21] == pytest.approx(REBATE_SITE.giving.shock)


@pytest.mark.parametrize("past", [5, -12, True, "12", 12.0, 612, None])
def test_a_past_that_is_no_whole_years_is_refused(past):
    for call in (
        lambda: world.simulate("retailer", customers=10, months=3, past=past, seed=1),
        lambda: world.sweep({"loyalty": [0.5]}, customers=10, months=3, past=past, start=1, seeds=[1], workers=1),
    ):
        with pytest.raises(ArgumentError, match="`past` must be"):
            call()


# Seasons of arrival


def test_more_come_in_their_season_and_they_are_the_same_people():
    autumn = (0.5,) * 8 + (2.0,) * 4
    usual, seasonal = (
        world.simulate(replace(RETAILER_2, arrival_season=season, referral=0.0), customers=300, months=24, seed=2,
                       tables=["prospects"])["prospects"].query("kind == 'new'")
        for season in ((), autumn)
    )  # fmt: skip
    assert set(usual.customer_id) == set(seasonal.customer_id), "who comes does not depend on when"
    share = (seasonal.created.dt.month >= 9).mean()
    assert abs(share - 8 / 12) < 4 * np.sqrt(share * (1 - share) / len(seasonal))
    assert (usual.created.dt.month >= 9).mean() < 0.4
    order = [each.set_index("customer_id").created.sort_index() for each in (usual, seasonal)]
    assert order[0].rank().corr(order[1].rank()) > 0.999, "nobody overtakes anybody"
    plain, without = (
        world.simulate(
            replace(RETAILER_2, arrival_season=season), customers=30, months=13, seed=2, seasons=False, tables=["prospects"]
        )["prospects"]
        for season in ((), autumn)
    )
    pd.testing.assert_frame_equal(plain, without)


@pytest.mark.parametrize("season", [(1,) * 11, (0,) * 12, (1,) * 11 + (-1,), "spring"])
def test_a_season_of_arrival_has_twelve_factors(season):
    with pytest.raises(ArgumentError, match="arrival_season"):
        replace(RETAILER_2, arrival_season=season)


# A rival's move


def test_a_rival_wins_prospects_and_customers():
    quiet = replace(RETAILER_2, campaigns=(), call_keep=0.0)
    base = world.simulate(quiet, customers=400, months=18, seed=2, tables=["prospects"])
    rival = base.rerun(rival=2, start=7)
    assert rival["firm_months"].won.iloc[6:].sum() < 0.9 * base["firm_months"].won.iloc[6:].sum()
    both = [leave_day(each) for each in (base, rival)]
    since = [each.truth["customers"].set_index("customer_id").since for each in (base, rival)]
    shared = both[0].index.intersection(both[1].index)
    shared = shared[(since[0][shared] == since[1][shared]).to_numpy()]  # whom an objection held up meets other draws
    assert (both[1][shared] <= both[0][shared]).all(), "nobody stays longer"
    assert (both[1][shared] < both[0][shared]).sum() > 5
    assert rival["firm_months"].improvement_cost.sum() == 0
    assert interventions.CAUSES["rival"].cost(2, 0.0) == 0


def test_a_rival_makes_prices_minded_more_and_does_nothing_else_to_orders():
    sector = bare(RETAILER_2, competitor_effect=0.0, competition_spread=0.0, rival_elasticity=0.5, dropout=(2.0, 1e-9))
    base = world.simulate(sector, customers=300, months=14, seed=2, tables=["orders"])
    assert base.rerun(rival=2, start=3).hash() == base.hash()
    dearer, pressed = base.rerun(price=0.2, start=3), base.rerun(price=0.2, start=3).rerun(rival=2, start=3)
    later = [len(each["orders"]) - each["firm_months"].won.sum() for each in (base, dearer, pressed)]
    assert later[2] < later[1] < later[0]
    share = later[2] / later[1]
    expected = 1.2**-RETAILER_2.elasticity  # the elasticity is doubled from the third month on
    assert share == pytest.approx(expected, abs=0.06)


# Cost to serve


def test_what_it_costs_to_serve_is_a_disposition_of_mean_one():
    them = firm("telecom-v2", customers=800, months=14, seed=2, tables=("customer_months", "truth_values"))
    need = them.truth["customers"].set_index("customer_id").need
    factor = them.truth["values"].set_index("customer_id").cost_to_serve
    own = np.log(factor / need.map({each.name: each.serve for each in TELECOM_2.needs}))
    spread = TELECOM_2.serve_spread
    assert own.std() == pytest.approx(spread, rel=0.12)
    dropout = them.truth["customers"].set_index("customer_id").dropout_rate
    by_need = dropout.groupby(need).rank(pct=True)
    assert by_need.corr(own, method="spearman") < -0.15, "heavy users stay"
    quiet = replace(TELECOM_2, ticket_cost=0.0, compensation=0.0)
    money = world.simulate(quiet, customers=60, months=8, seed=2, tables=["customer_months", "truth_values"])
    cost = money["customer_months"].groupby("customer_id").service_cost.max()
    factor = money.truth["values"].set_index("customer_id").cost_to_serve[cost.index]
    assert (cost <= quiet.monthly_cost * factor + 0.01).all()
    full = money["customer_months"].groupby("customer_id").size() >= 3
    assert cost[full].to_numpy() == pytest.approx((quiet.monthly_cost * factor[full]).to_numpy(), abs=0.011)


def test_a_cost_to_serve_of_nobodys_own_changes_nothing_but_money():
    base, even = (
        world.simulate(replace(TELECOM_2, serve_spread=spread), customers=60, months=12, seed=2) for spread in (1.2, 0.0)
    )
    for name in ("orders", "usage", "tickets", "contracts", "interactions", "prospects"):
        pd.testing.assert_frame_equal(base[name], even[name], obj=name)
    assert base["firm_months"].service_cost.sum() != even["firm_months"].service_cost.sum()


# Laws


@pytest.mark.parametrize("industry", SECOND)
def test_doubling_all_prices_scales_money_and_no_choice(industry):
    """As a currency does that is worth half: whoever never knew other prices chooses as before."""
    usual = PRESETS[industry]
    p, q, v = usual.spend
    products = tuple(replace(product, monthly_fee=2 * product.monthly_fee) for product in usual.products)
    base, doubled = (
        world.simulate(each, customers=120, months=14, seed=3)
        for each in (usual, replace(usual, spend=(p, q, 2 * v), products=products))
    )
    for name in ("usage", "tickets", "interactions", "prospects", "stage_events", "survey", "campaign_targets"):
        pd.testing.assert_frame_equal(base[name], doubled[name], obj=name)
    choices = ["order_id", "order_date", "product_id", "discount"]
    pd.testing.assert_frame_equal(base["orders"][choices], doubled["orders"][choices])
    assert doubled["orders"].amount.to_numpy() == pytest.approx(2 * base["orders"].amount.to_numpy(), abs=0.011)
    revenue = [each["firm_months"].revenue.sum() for each in (base, doubled)]
    assert revenue[1] == pytest.approx(2 * revenue[0], rel=1e-4)


def inside(fit, true):
    """Every true value lies within four standard errors of its estimate, on the log scale."""
    table = fit.table.set_index("parameter")
    for name, value in true.items():
        estimate, error = table.loc[name, ["estimate", "std_error"]]
        assert abs(np.log(estimate / value)) < 4 * error / estimate, (name, estimate, value, error)
        assert error < 0.4 * estimate, (name, error)


def test_without_couplings_the_retailer_is_pareto_nbd_and_gamma_gamma():
    """Estimated by the kit's own models from the orders: the parameters are those of the block."""
    sector = bare(RETAILER_2, rate=(0.8, 0.6), dropout=(1.2, 0.06))
    orders = firm(sector, customers=4_000, months=24, seed=4, tables=("orders",))["orders"]
    summary = btyd.purchase_summary(orders, until="2024-12-31")
    month = 365.25 / 12 / 7  # weeks
    (r, mean), (s, leaving) = sector.rate, sector.dropout
    inside(btyd.fit_pareto_nbd(summary), {"r": r, "alpha": r / mean * month, "s": s, "beta": s / leaving * month})
    p, q, v = sector.spend
    inside(btyd.fit_gamma_gamma(summary), {"p": p, "q": q, "v": v})


def test_without_couplings_contracts_are_sbg():
    """The likelihood of the survivors of monthly contracts (Fader & Hardie 2007) is highest near the beta of the block."""
    sector = bare(TELECOM_2, monthly_churn=(0.8, 6.0))
    simulated = firm(sector, customers=3_000, months=24, seed=6, tables=("contracts",))
    contracts = simulated["contracts"].query("term_months == 1")
    begun, ended = ((contracts[name].dt.year - 2023) * 12 + contracts[name].dt.month for name in ("started", "ended"))
    renewals, left = np.where(ended.isna(), 24 - begun, ended - begun - 1), ended.notna().to_numpy()

    def loss(logs):
        a, b = np.exp(logs)
        return -(betaln(a + left, b + renewals) - betaln(a, b)).sum()

    best = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    step = 0.02 * np.eye(2)
    hessian = [[loss(best + a + b) - loss(best + a - b) - loss(best - a + b) + loss(best - a - b) for b in step] for a in step]
    error = np.sqrt(np.diag(np.linalg.inv(np.array(hessian) / (4 * 0.02**2))))
    assert (np.abs(best - np.log([0.8, 6.0])) < 4 * error).all()
    assert (error < 0.25).all()


def test_the_exposure_of_established_customers_is_longer(old):
    """The oldest have been there for longer than the period, and more than a new firm's customers can have."""
    assert exposure(old).months.max() > 36
