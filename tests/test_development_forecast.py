"""Forecasts of a pipeline and scores of any forecasts: numbers by hand, recovery, laws, refusals."""

import numpy as np
import pandas as pd
import pytest
from test_development_chain import STAGES, deals_of, simulated
from world_firms import firm

from crmlab import _engine, development
from crmlab.development.absorbing import chain_numbers
from crmlab.development.deal_values import fit_shift, fit_values
from crmlab.development.horizon import win_within
from crmlab.errors import ArgumentError, DataError


def amounts_of(log, seed=1, optimism=2.0):
    """Amounts for all deals of a log: what is expected is ``optimism`` times what is paid."""
    rng = np.random.default_rng(seed)
    ids = log.table.prospect_id.unique()
    won = set(log.table.prospect_id[log.table.outcome == "won"])
    worth = np.exp(rng.normal(10, 0.5, ids.size))
    paid = np.where([each in won for each in ids], worth, np.nan)
    return pd.DataFrame({"prospect_id": ids, "expected_value": optimism * worth, "deal_value": paid})


@pytest.fixture(scope="module")
def made():
    simulated_firm = firm("manufacturer-v1", customers=300, seed=1)
    deals, events = simulated_firm["deals"], simulated_firm["stage_events"]
    return development.stage_log(events[events.prospect_id.isin(deals.prospect_id)]), deals


@pytest.fixture(scope="module")
def log():
    return simulated(1, deals=900)


# --- the next days of a chain


def test_one_stage_is_a_geometric_sum():
    hazards = np.array([[[[0.0, 0.03, 0.01]]]])
    by_age, fresh = win_within(hazards, np.zeros((1, 1), int), 50)
    assert by_age[0, 0, 0] == pytest.approx(0.75 * (1 - 0.96**50))
    assert fresh[0, 10, 0] == pytest.approx(0.75 * (1 - 0.96**10))
    assert fresh[0, 0, 0] == 0


def test_chances_within_some_days_are_those_counted_state_by_state():
    """Every (stage, age) a state of its own, day by day; what enters a stage may leave it the same day."""
    rng = np.random.default_rng(8)
    starts = np.array([[0, 3], [0, 6]])
    hazards = rng.uniform(0.02, 0.12, (1, 2, 2, 4))
    hazards[..., 0, :, 0] = hazards[..., 1, :, 1] = 0
    by_age, fresh = win_within(hazards, starts, 12)

    def chance(stage, age, left):
        if left == 0:
            return 0.0
        here = hazards[0, stage, (age >= starts[stage, 1:]).sum()]
        other = 1 - stage
        onward = here[other] * same_day(other, left) + here[2]
        return onward + (1 - here.sum()) * chance(stage, age + 1, left - 1)

    def same_day(stage, left, depth=0):
        if left == 0 or depth > 25:
            return 0.0
        here = hazards[0, stage, 0]
        onward = here[1 - stage] * same_day(1 - stage, left, depth + 1) + here[2]
        return onward + (1 - here.sum()) * later(stage, left - 1)

    known = {}

    def later(stage, left):
        if (stage, left) not in known:
            known[stage, left] = chance(stage, 1, left)
        return known[stage, left]

    assert fresh[0, 4] == pytest.approx([same_day(stage, 4) for stage in (0, 1)])
    assert win_within(hazards, starts, 4)[0][0, :, :6] == pytest.approx(
        np.array([[chance(stage, age, 4) for age in range(6)] for stage in (0, 1)])
    )
    assert (np.diff(fresh, axis=1) > 0).all()
    assert by_age.shape == (1, 2, 7)


def test_long_enough_is_for_ever(log):
    counts = development.fit_transitions(log).counts
    _, fresh = win_within(counts.hazards[None], counts.starts, 3_000)
    assert fresh[0, -1] == pytest.approx(chain_numbers(counts.hazards, counts.starts).win)


# --- the forecast


def test_intervals_hold_what_they_promise_on_pipelines_whose_chain_is_true():
    covered, error, spread = 0, [], []
    for seed in range(40):
        full = simulated(seed, deals=1_200)
        day = pd.Timestamp("2024-05-15")
        forecast = development.forecast_pipeline(full, day=day, months=2, draws=400, seed=seed)
        closed = full.table.left.where(full.table.outcome == "won")
        came = ((closed > day) & (closed <= "2024-07-15")).sum()
        row = forecast.table.set_index("part").loc["all"]
        covered += row.wins_low <= came <= row.wins_high
        error.append(row.wins - came)
        spread.append(forecast.drawn.wins.sum(axis=0).std())
    assert 28 <= covered <= 39
    assert abs(np.mean(error)) < 3 * np.std(error) / np.sqrt(40)
    assert np.mean(spread) == pytest.approx(np.std(error), rel=0.4)


def test_nothing_of_later_days_is_used(made):
    """What is done to the log and to the amounts after the day changes nothing but what came."""
    log, deals = made
    day = pd.Timestamp("2025-03-31")
    then = development.stage_log(log.table, until=day)
    closed = log.table[log.table.outcome.isin(["won", "lost"])].set_index("prospect_id").left.reindex(deals.prospect_id)
    beyond = log.table[log.table.stage.isin(["presenting", "overcoming objections", "closing"])]
    known = beyond.groupby("prospect_id").entered.min().reindex(deals.prospect_id)
    blind = deals.assign(
        deal_value=deals.deal_value.where((closed <= day).to_numpy()),
        expected_value=deals.expected_value.where((known <= day).to_numpy()),
    )
    blind = blind[blind.prospect_id.isin(then.table.prospect_id)]
    full = development.forecast_pipeline(log, deals, day=day, draws=200, seed=1)
    hidden = development.forecast_pipeline(then, blind, draws=200, seed=1)
    pd.testing.assert_frame_equal(full.table, hidden.table)
    pd.testing.assert_frame_equal(full.deals, hidden.deals)


def test_losing_a_deal_never_raises_the_forecast_of_the_others(made):
    log, deals = made
    chain = development.fit_transitions(log, ages=3)
    before = development.forecast_pipeline(log, deals, chain=chain, draws=200, seed=1)
    best = before.deals.sort_values("chance", kind="stable").prospect_id.iloc[[-1, -20, 3]]
    events = log.table.copy()
    last = events.prospect_id.isin(best) & events.left.isna()
    events.loc[last, ["left", "outcome"]] = [log.until, "lost"]
    after = development.forecast_pipeline(development.stage_log(events), deals, chain=chain, draws=200, seed=1)
    others = before.deals[~before.deals.prospect_id.isin(best)].reset_index(drop=True)
    assert len(after.deals) == len(before.deals) - 3
    assert (after.deals.chance.to_numpy() <= others.chance.to_numpy() + 1e-12).all()
    first, second = (each.table.set_index("part") for each in (before, after))
    for name in ("wins", "amount"):
        assert (second[name] <= first[name] + 1e-6).all()
        assert second.loc["open deals", name] < first.loc["open deals", name]


def test_longer_months_bring_no_less_and_parts_add_up(log):
    short, long = (development.forecast_pipeline(log, months=months, draws=200, seed=1) for months in (1, 4))
    _engine.check(short.table, "pipeline_forecast")
    _engine.check(short.deals, "open_deals")
    wins = [each.table.wins.to_numpy()[:3] for each in (short, long)]
    assert (wins[0] < wins[1]).all()
    assert wins[0][2] == pytest.approx(wins[0][:2].sum())
    assert short.deals.chance.sum() == pytest.approx(wins[0][0])
    assert short.table.amount.isna().all()
    narrow, wide = short.interval(0.5).iloc[2], short.interval(0.95).iloc[2]
    assert wide.wins_low < narrow.wins_low < narrow.wins_high < wide.wins_high


def test_expected_values_are_corrected_by_what_came(log):
    deals = amounts_of(log, optimism=2.0)
    forecast = development.forecast_pipeline(log, deals, months=3, draws=200, seed=1)
    assert (forecast.deals.worth / forecast.deals.expected_value).to_numpy() == pytest.approx(0.5, rel=0.02)
    rule = (forecast.deals.stage_chance * forecast.deals.expected_value).sum()
    assert forecast.table.amount.iloc[3] == pytest.approx(rule)
    assert forecast.deals.groupby("stage").stage_chance.first()[list(STAGES)].tolist() == pytest.approx([0.1, 0.5, 0.9])


def test_the_line_from_expected_to_paid_is_least_squares_and_few_pairs_give_a_ratio():
    rng = np.random.default_rng(1)
    x = rng.normal(10, 1, 400)
    paid = np.exp(1.0 + 0.8 * x + rng.normal(0, 0.2, 400))
    model = fit_values(np.exp(x), paid, paid[:3], paid[:50])
    assert model.line == pytest.approx(np.polyfit(x, np.log(paid), 1)[::-1])
    assert np.sqrt(np.diag(model.cov))[1] == pytest.approx(np.sqrt(np.polyfit(x, np.log(paid), 1, cov=True)[1][0, 0]), rel=0.01)
    assert (model.paid_open.size, model.paid_new.size) == (400, 50)
    few = fit_values(np.array([10.0, 20, 40, np.nan]), np.array([5.0, 10, 20, 8]), paid, paid)
    assert few.worth(np.array([100.0])) == pytest.approx([50])
    none = fit_values(np.array([np.nan]), np.array([8.0]), paid, paid)
    assert none.worth(np.array([100.0])) == pytest.approx([100])


def test_the_shift_is_the_logit_with_an_offset():
    """Its penalised score vanishes there, and with many rows it is what was put in."""
    rng = np.random.default_rng(3)
    chance, z = rng.uniform(0.05, 0.9, 20_000), rng.normal(0, 1, 20_000)
    design = np.column_stack([np.ones(z.size), z])
    true = 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) - 0.3 + 0.5 * z)))
    won = rng.random(z.size) < true
    beta, cov = fit_shift(chance, design, won)
    assert np.abs(beta - [-0.3, 0.5]).max() < 4 * np.sqrt(np.diag(cov)).max()
    p = 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + design @ beta)))
    assert design.T @ (won - p) - beta == pytest.approx([0, 0], abs=1e-6)
    assert np.isfinite(fit_shift(np.array([1.0, 0.0]), np.ones((2, 1)), np.array([False, True]))[0]).all()


def test_back_test_of_a_firm_beats_the_weighted_stages(made):
    log, deals = made
    forecast = development.forecast_pipeline(log, deals, past=4, draws=200, seed=1)
    past = forecast.past
    _engine.check(past.table, "pipeline_back_test")
    _engine.check(past.chances.drop(columns=["day", "prospect_id"]), "chance_forecasts")
    assert past.table.day.dt.strftime("%m-%d").unique().tolist() == ["12-31", "03-31", "06-30", "09-30"]
    won = log.deals.closed.where(log.deals.status == "won")
    for row in past.table.itertuples():
        came = log.deals.prospect_id[(won > row.day) & (won <= row.until)]
        paid = deals.set_index("prospect_id").deal_value[came]
        assert row.realised == pytest.approx(len(came) if row.measure == "wins" else paid.sum())
    errors = past.mean_absolute_error()
    assert (errors.forecast < errors.weighted_stages / 3).all()
    brier = past.chance_scores.table.set_index("forecaster").brier
    assert brier["chain"] < brier["weighted stages"]
    assert past.interval_scores.table.n.tolist() == [4, 4]
    assert (past.covered <= 4).all()
    assert "Earlier intervals of 80 % that held, wins" in str(forecast)
    assert "intervals of 80 % held the amount that came" in past.plot().get_title("left").replace("\n", " ")
    assert forecast.plot().get_title("left").startswith("With 80 % chance")


def test_deals_without_expectation_count_what_such_deals_brought(log):
    deals = amounts_of(log)[["prospect_id", "deal_value"]]
    deals.loc[deals.index[::7], "deal_value"] = np.nan
    forecast = development.forecast_pipeline(log, deals, months=3, draws=200, seed=1)
    assert forecast.deals.expected_value.isna().all()
    assert forecast.deals.worth.nunique() == 1
    assert forecast.table.amount.iloc[3] == 0  # the rule knows nothing of them
    assert forecast.table.amount_low.iloc[2] > 0


# --- scores


def test_murphys_parts_by_hand():
    """Named .2 five times, came once; named .8 five times, came three times."""
    deals = pd.DataFrame({"chance": [0.2] * 5 + [0.8] * 5, "came": [True] + [False] * 4 + [True] * 3 + [False] * 2})
    scores = development.score_forecasts(deals)
    row = scores.table.iloc[0]
    assert row.brier == pytest.approx((0.64 + 4 * 0.04 + 3 * 0.04 + 2 * 0.64) / 10)
    assert [row.reliability, row.resolution, row.uncertainty] == pytest.approx([0.02, 0.04, 0.24])
    assert scores.calibration.share.tolist() == pytest.approx([0.2, 0.6])
    assert scores.calibration.low[0] == pytest.approx(0.0362, abs=5e-5)  # Wilson, 1 of 5
    _engine.check(scores.table, "chance_scores")
    _engine.check(scores.calibration, "calibration")


def test_the_parts_add_up_to_the_score_whatever_the_chances():
    rng = np.random.default_rng(5)
    for chance in (rng.random(500), rng.integers(0, 4, 500) / 3, np.full(500, 0.3)):
        table = pd.DataFrame({"chance": chance, "came": rng.random(500) < chance, "forecaster": ["ann", "bob"] * 250})
        scores = development.score_forecasts(table)
        parts = scores.table
        total = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
        assert total.to_numpy() == pytest.approx(parts.brier.to_numpy())
        assert parts.n.tolist() == [250, 250]
        assert scores.calibration.groupby("forecaster").n.sum().tolist() == [250, 250]
        assert np.abs(parts.within_bins).max() < 0.01
        if np.unique(chance).size < 12:
            assert (parts.within_bins == 0).all()


def test_perfect_chances_score_0_and_the_share_that_came_scores_the_uncertainty():
    came = np.arange(40) % 4 == 0
    perfect, base = (development.score_forecasts(pd.DataFrame({"chance": chance, "came": came})).table.iloc[0]
                     for chance in (came.astype(float), np.full(40, 0.25)))  # fmt: skip
    assert (perfect.brier, perfect.reliability) == (0, 0)
    assert perfect.resolution == pytest.approx(perfect.uncertainty)
    assert (base.brier, base.resolution, base.reliability) == pytest.approx((0.1875, 0, 0))


def test_winklers_score_by_hand():
    """At 80 % each unit missed counts ten: widths 4 and 2, missed by 0 and by 3."""
    sales = pd.DataFrame({"forecast": [10, 10.0], "low": [8, 9.0], "high": [12, 11.0], "realised": [11, 14.0]})
    row = development.score_forecasts(sales, level=0.8).table.iloc[0]
    assert row.interval_score == pytest.approx((4 + 2 + 10 * 3) / 2)
    assert (row.coverage, row.mean_absolute_error, row.mean_error, row.mean_width) == (0.5, 2.5, -2.5, 3)
    below = development.score_forecasts(sales.assign(realised=[7, 10.0]), level=0.5).table.iloc[0]
    assert below.interval_score == pytest.approx((4 + 4 * 1 + 2) / 2)
    _engine.check(development.score_forecasts(sales.assign(forecaster=["ann", "bob"]), level=0.8).table, "interval_scores")


def test_nobody_gains_by_an_interval_that_they_do_not_believe():
    realised = np.random.default_rng(1).normal(0, 1, 20_000)
    scores = {}
    for half in (0.6, 1.2816, 2.5):
        table = pd.DataFrame({"forecast": 0.0, "low": -half, "high": half, "realised": realised})
        scores[half] = development.score_forecasts(table, level=0.8).table.interval_score[0]
    assert min(scores, key=scores.get) == 1.2816


CHANCES = pd.DataFrame({"chance": [0.5], "came": [True]})
NUMBERS = pd.DataFrame({"forecast": [1.0], "low": [2.0], "high": [0.5], "realised": [1.0]})


def forecast_of(log, *given, **how):
    return development.forecast_pipeline(log, *given, **({"seed": 1, "draws": 100} | how))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda log: forecast_of(log, day="2025-01-01"), ArgumentError, "lies after the last day of the log"),
        (lambda log: forecast_of(log, day="2022-12-30"), DataError, "no deal had begun on 2022-12-30"),
        (lambda log: forecast_of(log, day="2023-01-06"), DataError, "no deal of the log was won"),
        (lambda log: forecast_of(log, months=0), ArgumentError, "`months` must be a whole number from 1 to 36"),
        (lambda log: forecast_of(log, draws=10), ArgumentError, "`draws` must be"),
        (lambda log: forecast_of(log, past=-1), ArgumentError, "`past` must be"),
        (lambda log: forecast_of(log, level=80), ArgumentError, "`level` must be a share"),
        (lambda log: forecast_of(log, chain="mine"), ArgumentError, "`chain` must come from `fit_transitions`"),
        (lambda log: forecast_of(log, stage_chances={"call": 0.1}), ArgumentError, "must map each of the stages call, visit"),
        (lambda log: forecast_of(log, stage_chances={"call": 10, "visit": 0.5, "offer": 0.9}), ArgumentError,
         r"`stage_chances\['call'\]` must be"),
        (lambda log: forecast_of(log, known_after="ofer"), ArgumentError, "`known_after` must be one of 'call'"),
        (lambda log: forecast_of(log, amounts_of(log).assign(currency=["EUR", "USD"] * 450)), DataError, "in 2 currencies"),
        (lambda log: forecast_of(log, amounts_of(log).assign(deal_value=np.nan)), DataError, "has a `deal_value`"),
        (lambda log: forecast_of(log, amounts_of(log).assign(prospect_id=lambda deals: "X" + deals.prospect_id)), DataError,
         "900 of 900 deals are not in the log, first 'XD000001'"),
        (lambda log: forecast_of(log, chain=development.fit_transitions(
            development.stage_log(deals_of(("call", "offer", "won"), ("call", "lost")), stages=STAGES))), DataError,
         "the chain does not know the stage 'visit'"),
        (lambda _: development.score_forecasts(CHANCES, level=0.8), ArgumentError, "these forecasts are chances"),
        (lambda _: development.score_forecasts(CHANCES.assign(chance=50.0)), DataError, "`chance` is above 1"),
        (lambda _: development.score_forecasts(CHANCES.drop(columns="came")), DataError, "no column `came`"),
        (lambda _: development.score_forecasts(NUMBERS), ArgumentError, "give `level`"),
        (lambda _: development.score_forecasts(NUMBERS, level=0.8), DataError, "`low` is above `high` in 1 of 1 rows"),
    ],
)  # fmt: skip
def test_refuses_what_cannot_be_meant(log, call, error, message):
    with pytest.raises(error, match=message):
        call(log)
