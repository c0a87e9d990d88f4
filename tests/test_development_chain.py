"""The chain of the stages and the value of its states: published numbers, recovery, laws, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from world_firms import firm

from crmlab import _engine, development
from crmlab.development.absorbing import ChainCounts, chain_numbers, stage_kernel
from crmlab.development.markov_test import likelihood_ratio
from crmlab.errors import ArgumentError, DataError

WALK = ("one", "two", "three")
STAGES = ("call", "visit", "offer")
TRUTH = pd.DataFrame(
    {"call": [0, 0, 0.1], "visit": [0.5, 0, 0], "offer": [0.1, 0.6, 0], "won": [0, 0.05, 0.4], "lost": [0.4, 0.35, 0.5]},
    index=list(STAGES),
)
DAYS = {"call": 10, "visit": 20, "offer": 40}
ENTRIES = {"call": 0.7, "visit": 0.3}


def deals_of(*paths: tuple, days: int = 5, start: str = "2024-01-01") -> pd.DataFrame:
    """Stage events of deals that go through the stages named, each for so many days; without an end they are open."""
    rows = []
    for number, path in enumerate(paths):
        for step, stage in enumerate(path[:-1]):
            entered, end = pd.Timestamp(start) + pd.Timedelta(days=days * step), path[step + 1]
            left = entered + pd.Timedelta(days=days) if end else pd.NaT
            outcome = end if end in ("won", "lost") else None
            rows.append((f"D{number}", step + 1, stage, entered, left, outcome))
    return pd.DataFrame(rows, columns=["prospect_id", "step", "stage", "entered", "left", "outcome"])


def fit_of(*paths, stages=WALK, until="2024-06-30", **how):
    return development.fit_transitions(development.stage_log(deals_of(*paths), stages=stages, until=until), **how)


def simulated(seed, **how):
    how = {"deals": 1_500, "days": 600, "entries": ENTRIES, "seed": seed} | how
    return development.stage_log(development.simulate_pipeline(TRUTH, DAYS, **how), stages=STAGES)


#: From each state as often to the left as to the right.
EVEN = (("two", "one", "two", "one", "lost"), ("two", "three", "two", "three", "won"))


@pytest.fixture(scope="module")
def made():
    return firm("manufacturer-v1", customers=300, seed=1)


def test_kemeny_and_snells_walk():
    """Kemeny & Snell (1960), section 3.2: a walk on five states that ends at both sides."""
    fit = fit_of(*EVEN)
    assert fit.fundamental.to_numpy() == pytest.approx(np.array([[1.5, 1, 0.5], [1, 2, 1], [0.5, 1, 1.5]]))
    outlook = fit.outlook().pivot(index="stage", columns="measure", values="estimate").loc[list(WALK)]
    assert outlook.steps.tolist() == pytest.approx([3, 4, 3])
    assert outlook.win.tolist() == pytest.approx([0.25, 0.5, 0.75])
    assert outlook.days.tolist() == pytest.approx([15, 20, 15])  # five days in each


def test_pfeifer_and_carraway():
    """Pfeifer & Carraway (2000): contribution 40, mailing 4, discount 20 %; for ever, for four periods, and stopping."""
    chain = development.recency_transitions([0.3, 0.2, 0.15, 0.05])
    rewards = {"recency 1": 36, "recency 2": -4, "recency 3": -4, "recency 4": -4}
    endless = development.markov_value(chain, rewards, rate=0.2)
    assert endless.table.state_value.round(3).tolist() == [52.320, 5.554, 1.251, -1.820, 0]
    assert endless.table.best_value.round(3).tolist() == [53.149, 6.621, 2.644, 0, 0]
    assert endless.stop == ("recency 4",)
    four = development.markov_value(chain, rewards, rate=0.2, horizon=4)
    assert four.table.state_value.round(3).tolist() == [50.115, 4.220, 0.592, -1.980, 0]
    _engine.check(four.table, "markov_values")
    assert "Stop at recency 4. Recency 1 is then worth 53.15 instead of 52.32." in str(endless)


def test_the_chain_is_found_again():
    """Of 20 pipelines, all chances within their joint 95 % intervals (Bonferroni) in at least 17; likewise what follows."""
    inner, days = TRUTH[list(STAGES)].to_numpy(), np.array([DAYS[name] for name in STAGES])
    visits = np.linalg.inv(np.eye(3) - inner)
    win = visits @ TRUTH.won.to_numpy()
    known = np.column_stack([win, visits.sum(axis=1), visits @ days, visits @ (days * win) / win]).ravel()
    boxes, singles = [], []
    for seed in range(20):
        fit = development.fit_transitions(simulated(seed))
        joint = fit.interval(1 - 0.05 / 9)
        true = np.array([TRUTH.loc[row.stage, row.to] for row in joint.itertuples()])
        assert len(joint) == 9
        boxes.append(((joint.low <= true) & (true <= joint.high)).all())
        outlook = fit.outlook()
        singles.append((outlook.low <= known) & (known <= outlook.high))
    assert sum(boxes) >= 17
    assert 0.88 <= np.mean(singles) <= 0.99


def test_errors_of_the_chain_are_multinomial_and_follow_to_what_comes_of_it():
    """Var(win_k) = sum_i N_ki^2 (sum_j p_ij b_j^2 - (sum_j p_ij b_j)^2) / n_i, with b the chance to win from each place."""
    fit = development.fit_transitions(simulated(3))
    table = fit.table
    n = table.groupby("stage").deals.transform("sum")
    assert table.std_error.to_numpy() == pytest.approx(np.sqrt(table.probability * (1 - table.probability) / n).to_numpy())
    outlook = fit.outlook().query("measure == 'win'")
    later = np.append(outlook.estimate.to_numpy(), [1, 0])
    chances = fit.matrix.to_numpy()
    own = (chances @ later**2 - (chances @ later) ** 2) / table.groupby("stage").deals.sum()[list(STAGES)].to_numpy()
    assert outlook.std_error.to_numpy() == pytest.approx(np.sqrt(fit.fundamental.to_numpy() ** 2 @ own))


def test_errors_of_days_are_those_of_a_geometric_time():
    """(1 - h) / h days with h = n / days at risk, so their error is sqrt(h (1 - h) / days at risk) / h^2."""
    log = development.stage_log(deals_of(*[("one", "won")] * 10, ("one", "lost"), days=1), stages=WALK)
    days = development.fit_transitions(log).outlook().set_index("measure").loc["days"]
    assert days.estimate == pytest.approx(1)
    assert days.std_error == pytest.approx(np.sqrt(0.5 * 0.5 / 22) / 0.5**2)


def test_classes_of_age_add_up_as_day_by_day():
    rng = np.random.default_rng(4)
    hazards = rng.uniform(0.005, 0.02, (2, 3, 4))
    hazards[0, 1] = 0  # nobody leaves at that age
    starts = np.array([[0, 7, 19], [0, 0, 30]])
    chance, days = stage_kernel(hazards, starts)
    for stage in range(2):
        still, by_hand, weighted = 1.0, np.zeros(4), np.zeros(4)
        for age in range(6_000):
            here = hazards[stage, (age >= starts[stage, 1:]).sum()]
            by_hand, weighted = by_hand + still * here, weighted + age * still * here
            still *= 1 - here.sum()
        assert chance[stage] == pytest.approx(by_hand)
        assert days[stage] == pytest.approx(weighted)


@pytest.mark.parametrize("ages", [1, 3])
def test_rows_and_absorption_sum_to_one(made, ages):
    fit = development.fit_transitions(made["stage_events"], ages=ages)
    chances = fit.matrix.to_numpy()
    assert chances.sum(axis=1) == pytest.approx(np.ones(8))
    absorbed = fit.fundamental.to_numpy() @ chances[:, 8:]
    assert absorbed.sum(axis=1) == pytest.approx(np.ones(8))
    assert absorbed[:, 0] == pytest.approx(fit.outlook().query("measure == 'win'").estimate.to_numpy())
    for name, table in (("transitions", fit.table), ("transitions", fit.interval()), ("stage_outlook", fit.outlook()),
                        ("markov_tests", fit.tests)):  # fmt: skip
        _engine.check(table, name)


def test_an_open_deal_waits_and_is_nobodys_lost_one():
    before, after = fit_of(*EVEN), fit_of(*EVEN, ("three", None))
    assert after.matrix.to_numpy() == pytest.approx(before.matrix.to_numpy())
    assert after.table.deals.tolist() == before.table.deals.tolist()
    assert after.open_deals.tolist() == [0, 0, 1]
    longer = after.outlook().query("measure == 'days'").estimate.to_numpy()
    assert (longer > before.outlook().query("measure == 'days'").estimate.to_numpy()).all()


def test_days_respect_those_who_still_wait():
    """Who counts closed stays only takes them for shorter than they are; exposure does not."""
    log = simulated(11, deals=4_000, days=90)
    fit = development.fit_transitions(log)
    offer = log.table[(log.table.stage == "offer") & log.table.left.notna()]
    assert (offer.left - offer.entered).dt.days.mean() < 30
    days = chain_numbers(fit.counts.hazards, fit.counts.starts)
    kernel = stage_kernel(fit.counts.hazards, fit.counts.starts)[1].sum(axis=1)
    assert kernel[2] == pytest.approx(40, rel=0.1)
    assert days.transition[2] == pytest.approx(TRUTH.loc["offer", [*STAGES, "won", "lost"]].to_numpy(float), abs=0.06)


def test_the_test_of_the_assumption_is_the_g_test_of_each_stage():
    tables = np.random.default_rng(2).poisson(20, (3, 4, 5))
    tables[1, 2] = 0  # nobody came from there
    single = [stats.chi2_contingency(table[table.sum(axis=1) > 0], lambda_="log-likelihood") for table in tables]
    statistic, free = likelihood_ratio(tables)
    assert statistic == pytest.approx(sum(each.statistic for each in single))
    assert free == sum(each.dof for each in single)


def test_the_assumption_is_doubted_where_it_is_wrong_and_not_where_it_is_right(made):
    assert development.fit_transitions(simulated(5)).tests.p_value.min() > 0.01
    real = development.fit_transitions(made["stage_events"])
    assert real.tests.set_index("matters").p_value["age: when they leave"] < 1e-6
    assert "`fit_transitions(log, ages=3)` lets it" in str(real)
    remembers = [("one", "two", "won")] * 30 + [("three", "two", "lost")] * 30 + [("one", "lost"), ("three", "lost")] * 5
    assert fit_of(*remembers).tests.p_value[0] < 1e-6
    assert "The stage before matters" in str(fit_of(*remembers))


def test_age_in_the_stage_is_let_in():
    """Deals that are won are won early, and lost late: an old one is not what the chain takes it for."""
    early, late = deals_of(*[("one", "won")] * 40, days=5), deals_of(*[("one", "lost")] * 40, days=50)
    late["prospect_id"] = "L" + late.prospect_id
    log = development.stage_log(pd.concat([early, late]), stages=WALK, until="2024-12-31")
    chain, by_age = (development.fit_transitions(log, ages=ages) for ages in (1, 2))
    assert by_age.loglik > chain.loglik
    win_at_once = chain.outlook().set_index("measure").estimate
    assert win_at_once["won_days"] == pytest.approx(win_at_once["days"])
    known = by_age.outlook().set_index("measure").estimate
    assert known["won_days"] < 0.7 * known["days"]


def test_value_to_come_is_the_chance_times_what_the_won_bring(made):
    deals = made["deals"][["prospect_id", "deal_value"]]
    log = development.stage_log(made["stage_events"])
    fit = development.fit_transitions(log, deals=deals)
    paid = deals.deal_value.dropna()
    assert fit.amounts == len(paid)
    outlook = fit.outlook().pivot(index="stage", columns="measure", values="estimate")
    assert outlook["value"].to_numpy() == pytest.approx((outlook.win * paid.mean()).to_numpy())
    error = fit.outlook().pivot(index="stage", columns="measure", values="std_error")
    share = (error.win / outlook.win) ** 2 + (paid.sem() / paid.mean()) ** 2
    assert (error["value"] / outlook["value"]).to_numpy() == pytest.approx(np.sqrt(share).to_numpy())


def test_draws_of_the_posterior_lie_about_the_estimate():
    fit = development.fit_transitions(simulated(6))
    draws = chain_numbers(fit.counts.draw(np.random.default_rng(1), 2_000), fit.counts.starts).win
    outlook = fit.outlook().query("measure == 'win'")
    assert draws.mean(axis=0) == pytest.approx(outlook.estimate.to_numpy(), abs=0.005)
    assert draws.std(axis=0) == pytest.approx(outlook.std_error.to_numpy(), rel=0.08)


def test_a_class_without_anybody_draws_nothing():
    empty = ChainCounts(("one",), np.array([[0, 0]]), np.array([[[0, 0, 0], [0, 3, 4]]]), np.array([[0, 70]]), np.array([7]))
    draws = empty.draw(np.random.default_rng(1), 5)
    assert (draws[:, 0, 0] == 0).all()
    assert (draws[:, 0, 1, 1:] > 0).all()


def test_simulated_pipelines_keep_their_word():
    first, again, other = (development.simulate_pipeline(TRUTH, DAYS, deals=300, days=200, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    _engine.check(first, "deal_stages")
    assert first.prospect_id.nunique() == 300
    assert first.left.max() < pd.Timestamp("2023-01-02") + pd.Timedelta(days=200)
    assert (first.left.isna() == first.outcome.isna()).all()
    assert set(first.outcome.dropna()) == {"advanced", "skipped ahead", "returned", "won", "lost"}
    assert development.stage_log(first, stages=STAGES).rejected.empty
    at_once = development.simulate_pipeline(TRUTH, dict.fromkeys(STAGES, 0), deals=50, days=10, seed=1)
    assert (at_once.left == at_once.entered).all()


def test_stopping_is_never_worse_and_a_long_horizon_is_for_ever():
    rng = np.random.default_rng(3)
    for _ in range(20):
        chances = pd.DataFrame(rng.dirichlet(np.ones(5), 4), list("abcd"), list("abcde"))
        rewards = dict(zip("abcd", rng.normal(0, 10, 4), strict=True))
        value = development.markov_value(chances, rewards, rate=0.1)
        assert (value.table.best_value >= value.table.state_value - 1e-9).all()
        assert (value.table.best_value >= 0).all()
        far = development.markov_value(chances, rewards, rate=0.1, horizon=400)
        for name in ("state_value", "best_value"):
            assert far.table[name].to_numpy() == pytest.approx(value.table[name].to_numpy(), abs=1e-6)
        assert far.stop == value.stop


def test_value_of_a_pipeline_is_what_is_won_less_what_courting_costs():
    fit = fit_of(*EVEN)
    value = development.markov_value(fit.matrix, {"won": 100, "one": -10, "two": -10, "three": -10}, rate=0)
    assert value.table.state_value.tolist() == pytest.approx([25 - 30, 50 - 40, 75 - 30, 100, 0])
    assert value.stop == ("one",)
    later = development.markov_value(fit.matrix, {"won": 100}, rate={"one": 1.0})
    assert later.table.state_value[0] == pytest.approx(later.table.state_value[1] / 2 / 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit_of(("one", "lost"), ("one", None)), DataError, "no deal of the log was won"),
        (lambda: fit_of(*EVEN[:1], ("one", "won"), ("two", "three", None)), DataError,
         "nobody has left the stage 'three' yet: .* no exit"),
        (lambda: fit_of(("one", "won"), ("two", "three", "two", "three", None)), DataError, "from the stage 'two' no deal has"),
        (lambda: fit_of(*EVEN, ages=0), ArgumentError, "`ages` must be a whole number from 1 to 10"),
        (lambda: fit_of(*EVEN, deals=pd.DataFrame({"prospect_id": ["D1", "X"], "deal_value": [5.0, None]})), DataError,
         "1 of 2 deals are not in the log, first 'X'"),
        (lambda: fit_of(*EVEN, deals=pd.DataFrame({"prospect_id": ["D0", "D1"], "deal_value": [None, None]})), DataError,
         "none of 1 deals that were won has a `deal_value`"),
        (lambda: fit_of(*EVEN, deals=pd.DataFrame({"prospect_id": ["D0", "D1"], "deal_value": [1.0, 2.0],
                                                   "currency": ["EUR", "USD"]})), DataError, "in 2 currencies: EUR, USD"),
        (lambda: fit_of(*EVEN, deals=pd.DataFrame({"prospect_id": ["D1", "D1"], "deal_value": [1.0, 2.0]})), DataError,
         "share a key"),
        (lambda: fit_of(*EVEN, deals=pd.DataFrame({"prospect_id": ["D1"], "deal_value": [-1.0]})), DataError, "is negative"),
        (lambda: fit_of(*EVEN).interval(95), ArgumentError, "`level` must be a share"),
        (lambda: development.markov_value(TRUTH.iloc[:, :3], {}, rate=0.1), ArgumentError, "must sum to one"),
        (lambda: development.markov_value(TRUTH, {"wun": 3}, rate=0.1), ArgumentError, "`rewards` names 'wun'"),
        (lambda: development.markov_value(pd.DataFrame({"a": [1.0]}, ["a"]), {"a": 1}, rate=0), ArgumentError, "has no end"),
        (lambda: development.markov_value(TRUTH, {}, rate=-0.1), ArgumentError, "`rate` must be a finite number of at least 0"),
        (lambda: development.markov_value(TRUTH, {}, rate=0.1).plot(), DataError, "no state is worth anything"),
        (lambda: development.recency_transitions([]), ArgumentError, "`response` must be a list of chances"),
        (lambda: development.recency_transitions([0.3, 20]), ArgumentError, r"`response\[1\]` must be"),
        (lambda: simulated(1, entries={"call": 0.5}), ArgumentError, "`entries` must sum to one"),
        (lambda: development.simulate_pipeline(TRUTH * 0.9, DAYS, deals=1, days=1, seed=1), ArgumentError, "sum to 0.9"),
        (lambda: development.simulate_pipeline(TRUTH, {"call": 1}, deals=1, days=1, seed=1), ArgumentError,
         "`stage_days` must map the stages"),
        (lambda: development.simulate_pipeline(pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]}, ["a", "b"]), {"a": 1, "b": 1},
                                               deals=1, days=1, seed=1), ArgumentError, "nothing leads to `won` or `lost`"),
        (lambda: development.simulate_pipeline(TRUTH.rename(columns={"won": "sold"}), DAYS, deals=1, days=1, seed=1),
         ArgumentError, "different stages as index"),
    ],
)  # fmt: skip
def test_refuses_what_cannot_be_meant(call, error, message):
    with pytest.raises(error, match=message):
        call()
