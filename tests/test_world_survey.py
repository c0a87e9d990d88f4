"""The survey of the second edition: what is told is not what is, the silent can be reached, and closing gaps 1 and 2 acts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from world_firms import DIMENSIONS, firm

from crmlab import tables, world
from crmlab.world.presets import RETAILER_2, TELECOM_2


@pytest.fixture(params=[RETAILER_2, TELECOM_2], ids=lambda preset: preset.name)
def one(request):
    return firm(request.param, customers=1_500, seed=7)


def wave(simulated, table, number=6):
    rows = simulated.truth[table[6:]] if table.startswith("truth_") else simulated[table]
    return rows[rows.wave == number].set_index("customer_id")


def test_stated_importance_is_a_distorted_copy(one):
    """What is told ranks the five otherwise than they weigh, yet tells who has which need."""
    stated = wave(one, "survey").filter(like="importance_")
    weights = one.truth["customers"].set_index("customer_id").filter(like="weight_").reindex(stated.index)
    assert (stated.sum(axis=1) == 100).all()
    bias = np.log(stated.mean().to_numpy() / weights.mean().to_numpy())
    assert stats.spearmanr(bias, one.industry.stated_bias).statistic > 0.8, "on average it errs as `stated_bias` says"
    for name in DIMENSIONS:
        assert np.corrcoef(stated[f"importance_{name}"], weights[f"weight_{name}"])[0, 1] > 0.4
    power, spread = 0.5, 0.0
    flat = world.simulate(replace(RETAILER_2, stated=(power, spread), stated_bias=(0.0,) * 5), customers=100, months=12, seed=1)
    stated = flat["survey"].set_index("customer_id").filter(like="importance_")
    weights = flat.truth["customers"].set_index("customer_id").filter(like="weight_").reindex(stated.index) ** power
    expected = 100 * weights.div(weights.sum(axis=1), axis=0)
    assert np.abs(stated.to_numpy() - expected.to_numpy()).max() < 5.0, "given in steps of five"


def test_satisfaction_colours_every_statement():
    """The halo: the same firm, and the same person says more of every dimension, the more content they are."""
    plain, halo = (
        world.simulate(replace(RETAILER_2, halo=halo), customers=600, months=24, seed=2, tables=["survey", "truth_survey"])
        for halo in (0.0, 0.6)
    )
    items = [f"perceived_{item.name}" for item in tables.ITEMS if not item.reverse]
    rises = (wave(halo, "survey", 4)[items] - wave(plain, "survey", 4)[items]).mean(axis=1)
    satisfaction = wave(plain, "truth_survey", 4).satisfaction.reindex(rises.index)
    assert stats.spearmanr(rises, satisfaction).statistic > 0.7
    expected = [wave(each, "survey", 4).filter(like="expected_") for each in (plain, halo)]
    pd.testing.assert_frame_equal(*expected)


def test_late_answers_come_after_reminders_and_are_less_rosy(one):
    answers, asked = wave(one, "survey"), wave(one, "truth_survey")
    days = sorted(answers.date.unique())
    assert len(days) == one.industry.reminders + 1
    assert (np.diff(days) == np.timedelta64(one.industry.reminder_days, "D")).all()
    first, late = (answers.overall_satisfaction[answers.date == day] for day in (days[0], days[-1]))
    assert first.mean() > late.mean(), "those who answer at once are more content than those who must be reminded"
    assert len(answers) >= 400
    expected = asked.chance_to_answer.sum()
    assert abs(len(answers) - expected) < 4 * np.sqrt((asked.chance_to_answer * (1 - asked.chance_to_answer)).sum())
    fewer = firm(replace(one.industry, reminders=0), customers=1_500, seed=7)
    at_once = wave(fewer, "survey").index
    assert set(at_once) == set(answers.index[answers.date == days[0]]), "a reminder changes nobody who has answered"


def test_a_call_back_of_the_silent_corrects_the_mean(one):
    called, survey, asked = one["call_backs"], one["survey"], one.truth["survey"]
    both = called.merge(asked, on=["customer_id", "wave"])
    assert len(both) == len(called) > 100
    assert not both.answered.any(), "only the silent are called"
    assert (both.overall_satisfaction_x == both.overall_satisfaction_y).all()
    share, reached = one.industry.call_back
    silent = (~asked.answered).sum()
    assert abs(len(called) - share * reached * silent) < 4 * np.sqrt(share * reached * silent)
    rate, true = asked.answered.mean(), asked.overall_satisfaction.mean()
    corrected = rate * survey.overall_satisfaction.mean() + (1 - rate) * called.overall_satisfaction.mean()
    error = (1 - rate) * called.overall_satisfaction.std() / np.sqrt(len(called))
    assert abs(corrected - true) < 4 * error
    assert survey.overall_satisfaction.mean() - true > abs(corrected - true)


def test_commitment_foretells_leaving_and_trust_follows_satisfaction(one):
    bonds = wave(one, "relationship", 4)
    assert set(bonds.index) == set(wave(one, "survey", 4).index)
    left = one.truth["customers"].set_index("customer_id").left[bonds.index]
    leaves = (left < pd.Timestamp(one.day(31))).to_numpy()
    trust, commitment = (bonds.filter(like=name).mean(axis=1).to_numpy() for name in tables.BONDS)
    assert stats.mannwhitneyu(commitment[leaves], commitment[~leaves]).pvalue < 0.001
    assert commitment[leaves].mean() < commitment[~leaves].mean()
    satisfaction = wave(one, "truth_survey", 4).satisfaction[bonds.index]
    assert np.corrcoef(trust, satisfaction)[0, 1] > 0.6


@pytest.mark.parametrize(("cause", "amount"), [("listening", 0.8), ("standards", 0.5)])
def test_closing_a_gap_of_the_firm_acts_on_what_customers_get(cause, amount):
    base = firm(RETAILER_2, customers=300, months=26, seed=3)
    better = base.rerun(**{cause: amount}, start=5, cost=0)
    assert better.truth["months"].satisfaction.iloc[6:].mean() > base.truth["months"].satisfaction.iloc[6:].mean() + 0.03
    assert better.truth["months"].leavers.sum() < base.truth["months"].leavers.sum()
    beliefs = [each["manager_survey"].set_index("dimension").believed_expectation for each in (base, better)]
    believed = [each["reliability"].mean() for each in beliefs]
    level = [each["standards"].standard.iloc[60:].mean() for each in (base, better)]
    assert (believed[1] > believed[0]) == (cause == "listening"), "managers who listen expect what customers expect"
    assert (level[1] > level[0] + 0.3) == (cause == "standards")
    assert base.rerun(**{cause: amount}, start=5)["firm_months"].improvement_cost.sum() > 0


def test_standards_and_promises_move_by_themselves():
    """No jump of a standard names the dimension that was changed, and no month is without a move."""
    base = firm(RETAILER_2, customers=60, months=26, seed=3)
    changed = base.rerun(reliability=-1.0, start=13)
    pd.testing.assert_frame_equal(base["standards"], changed["standards"])
    for name, level in (("standards", "standard"), ("promises", "promised")):
        moves = base[name].pivot_table(index="month", columns="dimension", values=level).diff().iloc[1:]
        assert (moves.abs() > 0).mean().mean() > 0.9
        assert 0.02 < moves.to_numpy().std() < 0.2
