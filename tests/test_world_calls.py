"""The clocks of service: who calls and when, how long they wait, what more agents do, and the laws of the call centre."""

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from world_firms import firm, leave_day

from crmlab import _queueing, world
from crmlab.errors import ArgumentError
from crmlab.world import firm as firms
from crmlab.world import interventions, staffing
from crmlab.world.presets import PRESETS, TELECOM_2

CENTRE = TELECOM_2.calls
TABLES = ("calls", "rosters", "truth_calls", "tickets", "contracts")
#: So many calls that a small firm keeps several agents busy.
BUSY = replace(TELECOM_2, name="busy", calls=replace(CENTRE, rate=(3.0, 30.0), wait_hurts=0.01, hanging_up_hurts=0.01,
                                                     transfer_hurts=0.0, unsolved_hurts=0.0))  # fmt: skip


@pytest.fixture
def busy():
    return firm(BUSY, customers=400, months=18, seed=3, tables=TABLES)


def hours(calls):
    return calls.arrival_seconds // 3600


def test_calls_fit_together(busy):
    calls = busy["calls"]
    assert calls.call_id.is_unique
    assert (
        calls.groupby("customer_id")
        .call_id.apply(lambda ids: ids.str.rpartition("-L")[2].astype(int).is_monotonic_increasing)
        .all()
    )
    moment = calls.date + pd.to_timedelta(calls.arrival_seconds, unit="s")
    assert (moment.groupby(calls.customer_id).diff().dropna() >= pd.Timedelta(0)).all()
    assert calls.agent_id.isna().equals(calls.abandoned)
    assert calls.handling_seconds.isna().equals(calls.abandoned)
    assert not (calls.abandoned & (calls.transferred | calls.solved)).any()
    since = calls.customer_id.map(busy.truth["customers"].set_index("customer_id").since)
    assert (calls.date >= since).all()
    assert calls.date.max() < pd.Timestamp(busy.day(19))
    patience = busy.truth["calls"].set_index("call_id").patience_seconds[calls.call_id].to_numpy()
    assert (calls.wait_seconds <= patience).all()
    assert (calls.wait_seconds == patience)[calls.abandoned].all()


def test_a_matter_comes_back_where_it_was_not_solved(busy):
    calls = busy["calls"].set_index("call_id")
    again = calls[calls.reopens.notna()]
    first = calls.loc[again.reopens]
    assert again.reopens.is_unique
    assert (first.customer_id.to_numpy() == again.customer_id.to_numpy()).all()
    assert (first.reason.to_numpy() == again.reason.to_numpy()).all()
    assert not first.solved.any()
    later = (again.date.to_numpy() - first.date.to_numpy()) / np.timedelta64(1, "D")
    assert (later >= 1).all()
    assert (later <= 7).all()
    ended = calls.index.isin(again.reopens)
    early = (calls.date < calls.date.max() - pd.Timedelta(days=8)) & calls.reopens.isna()
    for which, share in (
        (early & ~calls.abandoned & ~calls.solved, CENTRE.repeats[0]),
        (early & calls.abandoned, CENTRE.repeats[1]),
    ):
        assert ended[which].mean() == pytest.approx(share, abs=0.03)


def test_phone_tickets_are_calls_of_their_day(busy):
    tickets = busy["tickets"][busy["tickets"].channel == "phone"]
    calls = busy["calls"]
    calls = calls[calls.reason.isin(["complaint", "question"]) & calls.reopens.isna()]
    reason = np.where(tickets.complaint, "complaint", "question")
    noted = pd.MultiIndex.from_arrays([tickets.customer_id, tickets.opened, reason])
    called = pd.MultiIndex.from_arrays([calls.customer_id, calls.date, calls.reason])
    assert set(noted) == set(called)
    assert len(noted) == len(called) > 50


# Recovery: the tables give back what they were made from


def test_arrivals_have_the_shape_of_the_day_and_the_week(busy):
    calls = busy["calls"]
    calls = calls[calls.reopens.isna() & ~calls.reason.isin(["complaint", "question"])]
    counted = np.bincount(hours(calls), minlength=24)
    expected = np.array(CENTRE.day) / sum(CENTRE.day) * len(calls)
    assert (counted[expected == 0] == 0).all()
    open_ = expected > 0
    assert stats.chisquare(counted[open_], expected[open_]).pvalue > 1e-4
    late = calls[calls.date >= pd.Timestamp(busy.day(13))]  # the number of customers grows
    by_day = late.groupby(late.date.dt.day_of_week).size() / late.groupby(late.date.dt.day_of_week).date.nunique()
    assert (by_day / by_day.mean()).to_numpy() == pytest.approx(np.array(CENTRE.week) / np.mean(CENTRE.week), abs=0.06)
    minute = calls.arrival_seconds % 3600 // 60
    assert stats.chisquare(np.bincount(minute, minlength=60)).pvalue > 1e-4
    shares = calls.reason.value_counts(normalize=True)
    for name, weight in CENTRE.reasons:
        assert shares[name] == pytest.approx(weight / sum(share for _, share in CENTRE.reasons), abs=0.015)


def test_handling_is_lognormal_and_patience_exponential(busy):
    calls = busy["calls"]
    taken = calls[~calls.abandoned & ~calls.transferred]
    log = np.log(taken.handling_seconds[taken.handling_seconds > 0])
    mean, spread = CENTRE.handling_seconds
    assert log.std() == pytest.approx(spread, abs=0.02)
    assert log.mean() == pytest.approx(np.log(mean) - spread**2 / 2, abs=0.02)
    both = calls.groupby("transferred").handling_seconds.mean()
    assert both[True] / both[False] == pytest.approx(CENTRE.transfer_time, rel=0.06)
    assert calls.transferred[~calls.abandoned].mean() == pytest.approx(CENTRE.transfer, abs=0.01)
    patience = busy.truth["calls"].patience_seconds
    assert patience.mean() == pytest.approx(CENTRE.patience_seconds, rel=0.03)
    assert patience.std() == pytest.approx(CENTRE.patience_seconds, rel=0.05)


def test_waits_agree_with_erlang_where_nobody_hangs_up():
    """One hour profile, one weekday profile, exponential patience that hardly ends: the mean wait is that of Erlang's C.

    Handling times are lognormal; with a squared coefficient of variation c the wait is longer by about (1 + c) / 2.
    """
    calm = replace(CENTRE, rate=(1e6, 60.0), week=(1,) * 7, planned_week=(1,) * 7, day=(1,) * 24, patience_seconds=1e7,
                   transfer=0.0, repeats=(0.0, 0.0), shift_hours=24, wait_hurts=0.0, hanging_up_hurts=0.0, transfer_hurts=0.0,
                   unsolved_hurts=0.0, handling_seconds=(600.0, 0.8326))  # fmt: skip
    quiet = replace(TELECOM_2, calls=calm, failure=0.0, inquiry=0.0)
    simulated = firm(quiet, customers=300, months=14, seed=2, tables=TABLES)
    calls, rosters = simulated["calls"], simulated["rosters"]
    calls = calls.assign(month=calls.date.dt.to_period("M").dt.to_timestamp())
    for month in list(rosters.month.unique())[8:]:
        agents = rosters[rosters.month == month].agents.unique()
        assert agents.size == 1
        own = calls[calls.month == month]
        days = (month + pd.DateOffset(months=1) - month).days
        load = len(own) / (days * 86_400) * own.handling_seconds.mean()
        variation = own.handling_seconds.var() / own.handling_seconds.mean() ** 2
        wait = _queueing.erlang_c(agents[0], np.array(load)) / (agents[0] - load) * own.handling_seconds.mean()
        assert own.wait_seconds.mean() == pytest.approx(float(wait) * (1 + variation) / 2, rel=0.35)
        in_time = (own.wait_seconds <= calm.service_level[1]).mean()
        assert in_time > calm.service_level[0] - 0.1, "the roster keeps about the level that it was planned for"


def test_little_and_the_agents(busy):
    """Nobody has two calls at once, or begins one off duty; calls that wait are begun in the order of their coming."""
    calls = busy["calls"][busy["calls"].date >= pd.Timestamp(busy.day(10))]
    taken = calls[~calls.abandoned]
    begun = taken.arrival_seconds + taken.wait_seconds
    each = taken.assign(begun=begun, ended=begun + taken.handling_seconds).sort_values(["agent_id", "date", "begun", "ended"])
    before = each.groupby(["agent_id", "date"]).ended.shift()
    assert (each.begun >= before)[before.notna()].all()
    rosters = busy["rosters"].set_index(["month", "weekday", "hour"]).agents
    hour = np.minimum(each.begun // 3600, np.flatnonzero(CENTRE.day)[-1])
    there = rosters.loc[
        list(zip(each.date.dt.to_period("M").dt.to_timestamp(), each.date.dt.day_of_week + 1, hour, strict=True))
    ]
    assert (each.agent_id.str[1:].astype(int).to_numpy() <= there.to_numpy()).all()
    ordered = each.sort_values(["date", "arrival_seconds", "begun"])
    assert (ordered.groupby("date").begun.diff().dropna() >= 0).all()


def test_what_is_to_be_expected_is_what_happens_on_average(busy):
    """The chance to hang up, by Erlang's A formula for the plan, against the calls of the hours of a week."""
    calls = busy["calls"][busy["calls"].date >= pd.Timestamp(busy.day(13))]
    setting = busy.setting
    hour_of_week = (calls.date.dt.day_of_week * 24 + hours(calls)).to_numpy()
    month = (calls.date.dt.year - busy.opening.year) * 12 + calls.date.dt.month - 1
    patience = busy.truth["calls"].set_index("call_id").patience_seconds[calls.call_id].to_numpy()
    expected = np.zeros(len(calls))
    for t in month.unique():
        rows = (month == t).to_numpy()
        share = -np.expm1(-patience[rows] / CENTRE.patience_seconds)
        expected[rows], _ = staffing.expectation(setting, t).at(hour_of_week[rows], share)
    assert calls.abandoned.mean() == pytest.approx(expected.mean(), abs=0.05)
    by_hour = (
        pd.DataFrame({"hour": hour_of_week, "expected": expected, "hung_up": calls.abandoned.to_numpy()}).groupby("hour").mean()
    )
    assert np.corrcoef(by_hour.expected, by_hour.hung_up)[0, 1] > 0.7
    monday, sunday = (by_hour.hung_up[by_hour.index // 24 == day].mean() for day in (0, 6))
    assert monday > sunday, "the plan takes all working days for alike"


# Capacity acts


def test_more_agents_never_lengthen_what_is_to_be_expected():
    base = firm("telecom-v2", customers=2_000, months=12, seed=1, tables=())
    grids = []
    for more in (-0.5, -0.2, 0.0, 0.2, 0.5, 1.0):
        now = staffing.expectation(base.rerun(staffing=more, cost=0).setting, 11)
        grids.append((now.hangs_up, now.minutes))
    for fewer, more in pairwise(grids):
        assert all((b <= a + 1e-12).all() for a, b in zip(fewer, more, strict=True))
    assert grids[-1][1].mean() < grids[0][1].mean()
    factors = [staffing.response_factor(base.rerun(staffing=more, cost=0).setting, 5) for more in (-0.3, 0.0, 0.3)]
    assert factors[0] > factors[1] == 1.0 > factors[2]


def test_agents_shorten_waits_and_answers_and_keep_customers():
    base = firm("telecom-v2", customers=1_500, months=24, seed=2, tables=("calls", "tickets", "rosters"))
    more, fewer = (base.rerun(staffing=amount, start=7, cost=0) for amount in (0.6, -0.5))
    day = pd.Timestamp(base.day(7))
    all_three = (fewer, base, more)
    waits = [each["calls"].wait_seconds[each["calls"].date >= day].mean() for each in all_three]
    answers = [each["tickets"].response_hours[each["tickets"].opened >= day].median() for each in all_three]
    lost = [each.truth["months"].leavers.sum() for each in all_three]
    agents = [each["rosters"].agents[each["rosters"].month >= day].sum() for each in all_three]
    for falling in (waits, answers, lost):
        assert falling[0] > falling[1] > falling[2]
    assert agents[0] < agents[1] < agents[2]
    paid = base.rerun(staffing=0.6, start=7)
    further = paid["firm_months"].improvement_cost - base["firm_months"].improvement_cost
    assert further.iloc[6:].min() > 0
    assert (further.iloc[:6] == 0).all()


def test_load_acts_more_failures_more_calls_longer_waits():
    base = firm("telecom-v2", customers=1_500, months=18, seed=2, tables=("calls", "rosters"))
    worse = base.rerun(reliability=-1.5, start=3, cost=0)
    assert staffing.calls_per_customer(worse.setting, 12, usual=False) > staffing.calls_per_customer(
        base.setting, 12, usual=False
    )
    expected = [staffing.expectation(each.setting, 12).minutes.mean() for each in (base, worse)]
    assert expected[0] < expected[1]
    complaints = [(each["calls"].reason == "complaint").sum() for each in (base, worse)]
    assert complaints[1] > 1.3 * complaints[0]


def test_staffing_of_nothing_changes_nothing_and_no_change_reaches_anybodys_attributes():
    base = firm("telecom-v2", customers=300, months=14, seed=4)
    assert base.rerun(staffing=0, start=3).hash() == base.hash()
    changed = base.rerun(staffing=-0.5, start=3, cost=0)
    assert changed.hash() != base.hash()
    same = ["need", "purchase_rate", "dropout_rate", "mean_spend", "campaign_effect", "pull", *(
        f"quality_{name}" for name in ("reliability", "assurance", "tangibles", "empathy", "responsiveness")
    )]  # fmt: skip
    both = [each.truth["customers"].set_index("customer_id")[same] for each in (base, changed)]
    known = both[0].index.intersection(both[1].index)
    assert len(known) > 150
    pd.testing.assert_frame_equal(both[0].loc[known], both[1].loc[known])
    day = pd.Timestamp(base.day(3))
    before = [each["calls"][each["calls"].date < day].reset_index(drop=True) for each in (base, changed)]
    pd.testing.assert_frame_equal(*before)


@pytest.mark.parametrize("seed", [1, 2])
def test_fewer_agents_make_nobody_stay_longer(seed):
    """Where no campaign follows from orders: whoever is a customer in both worlds leaves at least as soon."""
    sector = replace(TELECOM_2, campaigns=(), calls=replace(CENTRE, rate=(3.0, 4.0)))
    base = firm(sector, customers=300, months=18, seed=seed, tables=())
    fewer = base.rerun(staffing=-0.5, start=5, cost=0)
    both = pd.concat([leave_day(base), leave_day(fewer)], axis=1, join="inner")
    later = (both.iloc[:, 1] - both.iloc[:, 0]).dt.days
    assert (later <= 0).all()
    assert (later < 0).any()


def test_calls_that_hurt_nobody_change_nobody():
    deaf = replace(CENTRE, wait_hurts=0.0, hanging_up_hurts=0.0, transfer_hurts=0.0, unsolved_hurts=0.0)
    simulated, without = (
        firm(replace(TELECOM_2, calls=calls), customers=200, months=14, seed=3) for calls in (deaf, None)
    )  # fmt: skip
    for name in without:
        pd.testing.assert_frame_equal(simulated[name], without[name], obj=name)
    assert set(simulated) - set(without) == {"calls", "rosters"}
    pd.testing.assert_frame_equal(simulated.truth["customers"], without.truth["customers"])


def test_a_wait_to_be_expected_hurts_and_the_usual_one_stands_in_the_quality_already():
    patient = replace(CENTRE, rate=(3.0, 3.0), service_level=(0.0, 0.0), wait_hurts=0.5, hanging_up_hurts=0.5)
    simulated = firm(replace(TELECOM_2, calls=patient), customers=400, months=18, seed=5, tables=("calls", "truth_calls"))
    calls = simulated["calls"].merge(simulated.truth["calls"], on="call_id")
    assert (calls.severity >= 0).all()
    nothing = calls.reopens.notna() | (calls.reason == "question")
    assert (calls.severity[nothing] == 0).all()
    assert (calls.severity[~nothing] > 0).mean() > 0.9
    busiest, calmest = (hours(calls) == hour for hour in (10, 19))
    assert calls.severity[busiest & ~nothing].mean() > calls.severity[calmest & ~nothing].mean()
    unmoved = replace(
        TELECOM_2, calls=replace(patient, wait_hurts=0.0, hanging_up_hurts=0.0, transfer_hurts=0.0, unsolved_hurts=0.0)
    )
    other = firm(unmoved, customers=400, months=18, seed=5, tables=())
    moved = [each.truth["customers"].set_index("customer_id").query("left.isna()").satisfaction for each in (simulated, other)]
    moved = (moved[0] - moved[1]).dropna()
    assert abs(moved.mean()) < 0.5 * moved.std(), "some are moved up and others down"
    mean = calls[~nothing].groupby("customer_id").severity.mean().reindex(moved.index)
    often = calls[~nothing].groupby("customer_id").size().reindex(moved.index) >= 5
    assert stats.spearmanr(mean[often], moved[often]).statistic < -0.3


# The same firm


def test_blocks_workers_and_files_give_the_same_calls(tmp_path):
    whole = firm("telecom-v2", customers=100, months=14, seed=3)
    wanted = tuple(whole._tables)
    filed = firms._make(whole.setting, wanted, tmp_path / "firm", 2, 150)
    assert filed.hash() == whole.hash()
    pd.testing.assert_frame_equal(filed["calls"], whole["calls"])
    part = world.simulate("telecom-v2", customers=100, months=14, seed=3, tables=["rosters"])
    pd.testing.assert_frame_equal(part["rosters"], whole["rosters"])


@pytest.mark.parametrize(
    "numbers",
    [{"rate": (1.0, 0.0)}, {"fewest_agents": 3, "shift_hours": 1}, {"week": (1, 1, 1, 1, 1, 1, 0.001)},
     {"patience_seconds": 1e-3}, {"day": (0,) * 23 + (1,)}, {"growth": (1.1, 0.0)}, {"repeats": (1.0, 1.0), "transfer": 1.0}],
)  # fmt: skip
def test_odd_centres_can_be_simulated(numbers):
    simulated = world.simulate(replace(TELECOM_2, calls=replace(CENTRE, **numbers)), customers=30, months=8, seed=1)
    assert len(simulated["rosters"]) > 0
    assert simulated["firm_months"].profit.notna().all()


def test_a_centre_refuses_what_it_cannot_mean():
    for numbers, words in (
        ({"service_level": (1.0, 20)}, "`service_level.share` must be a share from 0 and below 1"),
        ({"day": (1,) * 23}, "`day` must hold 24 values, one for each hour of the day"),
        ({"week": (0,) * 7}, "`week.1` must be a finite number above 0"),
        ({"reasons": (("question", 1),)}, "must not hold 'question'"),
        ({"hanging_up_hurts": 0.0}, "no answer is no comfort"),
    ):
        with pytest.raises(ArgumentError, match="CallCentre") as refusal:
            replace(CENTRE, **numbers)
        assert words in str(refusal.value)
    with pytest.raises(ArgumentError, match=r"a `world\.CallCentre` or None"):
        replace(TELECOM_2, calls=3)


def test_industries_without_a_centre_have_neither_calls_nor_the_cause():
    for name in ("telecom-v1", "retailer-v2"):
        assert "calls" not in firms.offered(PRESETS[name])
        assert "staffing" not in interventions.offered(PRESETS[name])
    assert not any(
        name.startswith("calls") for name in firm("telecom-v1", customers=10, months=2, seed=1).truth["parameters"].parameter
    )


def test_the_page_names_every_number_of_a_centre():
    text = (Path(__file__).parents[1] / "docs" / "world.md").read_text(encoding="utf-8").replace("\\_", "_")
    names = [field.name for field in fields(world.CallCentre)]
    assert [name for name in names if f"`{name}`" not in text and f"texttt{{{name}}}" not in text] == []
