"""Stages: the log, counts, times with two ways to end, and stalled deals.

Firms are asked for what they know of themselves; small logs whose answer can be counted by hand hold the rest.
"""

import numpy as np
import pandas as pd
import pytest
from world_firms import firm

from crmlab import development, tables
from crmlab.errors import ArgumentError, DataError

TWO = ("call", "offer")


def events(*rows, step=True):
    """Stage events of 2024: (prospect, stage, entered, left, outcome), days as numbers of the year; 0 for none."""
    frame = pd.DataFrame(rows, columns=["prospect_id", "stage", "entered", "left", "outcome"])
    for name in ("entered", "left"):
        frame[name] = pd.Timestamp("2023-12-31") + pd.to_timedelta(frame[name].where(frame[name] > 0), unit="D")
    if step:
        frame["step"] = frame.groupby("prospect_id").cumcount() + 1
    return frame


GOOD = [("a", "call", 1, 5, "advanced"), ("a", "offer", 5, 9, "won"), ("b", "call", 2, 3, "lost"), ("c", "call", 4, 0, None)]


@pytest.fixture(scope="module")
def made():
    """A manufacturer whose deals have value, stall and return."""
    return firm("manufacturer-v1", customers=300, seed=1)


# --- the log


def test_outcomes_and_days_follow_from_the_next_stage(made):
    written = made["stage_events"]
    has_next = written.duplicated("prospect_id", keep="last")
    bare = written.assign(left=written.left.mask(has_next), outcome=written.outcome.mask(has_next))
    assert {"skipped ahead", "returned"} <= set(written.outcome)
    pd.testing.assert_frame_equal(development.stage_log(bare).table, development.stage_log(written).table)


def test_without_steps_the_days_tell_the_order_and_ties_are_set_aside(made):
    written = made["stage_events"]
    full, by_days = development.stage_log(written), development.stage_log(written.drop(columns="step"))
    assert set(by_days.reasons) == {"two stages at one instant"}
    kept = full.table[~full.table.prospect_id.isin(by_days.rejected.prospect_id)].reset_index(drop=True)
    pd.testing.assert_frame_equal(by_days.table, kept)


def test_a_time_of_day_orders_stages_of_one_day():
    frame = events(("a", "offer", 5, 0, None), ("a", "call", 5, 0, None), step=False)
    with pytest.raises(DataError, match="two stages at one instant: 1"):
        development.stage_log(frame, stages=TWO)
    frame.loc[0, "entered"] += pd.Timedelta(hours=2)
    log = development.stage_log(frame, stages=TWO)
    assert log.table.stage.tolist() == ["call", "offer"]
    assert (log.table.entered == pd.Timestamp("2024-01-05")).all()


@pytest.mark.parametrize("day", ["2023-06-30", "2024-06-30", "2025-05-31"])
def test_an_open_deal_is_in_nobodys_count_of_lost(made, day):
    """A log of an earlier day holds what was known then: who was lost or won later is open."""
    log, later = (development.stage_log(made["stage_events"], until=until) for until in (day, None))
    then, now = log.deals.set_index("prospect_id"), later.deals.set_index("prospect_id")
    day = pd.Timestamp(day)
    known = now[now.began <= day]
    assert then.index.equals(known.index)
    closed = known.closed <= day
    assert (then.status == known.status.where(closed, "open")).all()
    assert 0 < (then.status == "open").sum() == len(log.standing) < (known.status == "lost").sum() + len(later.standing)
    assert log.table.entered.max() <= day
    assert log.table.left.max() <= day
    assert (log.table.left.isna() == log.table.outcome.isna()).all()


def test_a_deal_between_two_stages_stands_in_the_first():
    frame = events(("a", "call", 1, 5, "advanced"), ("a", "offer", 20, 30, "won"))
    log = development.stage_log(frame, stages=TWO, until="2024-01-10")
    assert log.standing[["stage", "entered"]].to_numpy().tolist() == [["call", pd.Timestamp("2024-01-01")]]


BAD = {
    "one step holds two stages": [("x", "call", 1, 5, None), ("x", "offer", 5, 9, "won")],
    "a step is missing": [("x", "call", 1, 5, "advanced"), ("x", "offer", 5, 9, "won")],
    "a stage ended before it began": [("x", "call", 7, 5, "lost")],
    "its stages are out of order": [("x", "call", 8, 8, "advanced"), ("x", "offer", 5, 9, "won")],
    "a stage began before the one before it had ended": [("x", "call", 1, 7, "advanced"), ("x", "offer", 5, 9, "won")],
    "the same stage twice in a row": [("x", "call", 1, 5, None), ("x", "call", 5, 9, "lost")],
    "closed twice": [("x", "call", 1, 5, "won"), ("x", "offer", 5, 9, "won")],
    "went on after it was closed": [("x", "call", 1, 5, "lost"), ("x", "offer", 5, 0, None)],
    "the outcome contradicts the stage that follows": [("x", "call", 1, 5, "returned"), ("x", "offer", 5, 9, "won")],
    "went on to no stage": [("x", "call", 1, 5, "advanced")],
    "closed without a day": [("x", "call", 1, 0, "won")],
    "left without an outcome": [("x", "call", 1, 5, None)],
}


@pytest.mark.parametrize("reason", BAD)
def test_a_deal_that_cannot_be_is_set_aside_whole_and_counted(reason):
    frame = events(*GOOD, *BAD[reason])
    if reason == "one step holds two stages":
        frame.loc[frame.prospect_id == "x", "step"] = 1
    if reason == "a step is missing":
        frame.loc[frame.prospect_id == "x", "step"] = [1, 3]
    log = development.stage_log(frame, stages=TWO)
    assert log.reasons == {reason: 1}
    assert log.rejected.prospect_id.tolist() == ["x"] * len(BAD[reason])
    assert sorted(log.rejected.outcome.fillna("")) == sorted(row[4] or "" for row in BAD[reason])
    pd.testing.assert_frame_equal(log.table, development.stage_log(events(*GOOD), stages=TWO).table)
    assert reason in str(log.summary())


def test_two_stages_at_one_instant_need_steps():
    tied = [("x", "call", 5, 5, "advanced"), ("x", "offer", 5, 5, "won"), ("y", "call", 5, 5, None), ("y", "offer", 5, 5, None)]
    log = development.stage_log(events(*GOOD, *tied, step=False), stages=TWO)
    assert log.reasons == {"two stages at one instant": 1}
    assert set(log.rejected.prospect_id) == {"y"}, "the stage in which a deal closes is its last"
    assert development.stage_log(events(*GOOD, *tied[:2]), stages=TWO).rejected.empty


def test_the_most_frequent_reason_stands_first():
    bad = [(name, *row[1:]) for name in "xyz" for row in BAD["closed without a day"]] + [("w", "call", 7, 5, "lost")]
    log = development.stage_log(events(*GOOD, *bad), stages=TWO)
    assert list(log.reasons.items()) == [("closed without a day", 3), ("a stage ended before it began", 1)]


def test_unknown_stages_are_refused_and_the_nearest_is_proposed():
    frame = events(*GOOD).replace({"stage": {"call": "Call "}})
    with pytest.raises(DataError, match=r"3 of 4 rows .*'Call '.*\{'stage': \{'Call ': 'call'\}\}"):
        development.stage_log(frame, stages=TWO)
    with pytest.raises(DataError, match=r"'offer'.*The stages: prospecting, contacting"):
        development.stage_log(events(*GOOD))
    with pytest.raises(DataError) as refused:
        development.stage_log(events(*GOOD), stages=("zz", "yy"))
    assert "replace" not in str(refused.value), "nothing is near"


@pytest.mark.parametrize(
    "stages", ["call", ("call",), ("call", "call"), ("call", 1), (), None, {"call", "offer"}, ("call", "won"), ("", "call")]
)
def test_stages_are_names_in_order(stages):
    with pytest.raises(ArgumentError, match="`stages`"):
        development.stage_log(events(*GOOD), stages=stages)


def test_a_log_without_deals_is_refused():
    with pytest.raises(DataError, match=r"all 1 deals .*closed without a day: 1"):
        development.stage_log(events(*BAD["closed without a day"]), stages=TWO)
    with pytest.raises(DataError, match="no stage was entered on or before `until`, 2023-12-01; the first is of 2024-01-01"):
        development.stage_log(events(*GOOD), stages=TWO, until="2023-12-01")
    with pytest.raises(DataError, match="has no column `left`"):
        development.stage_log(events(*GOOD).drop(columns="left"), stages=TWO)
    with pytest.raises(DataError, match=r"column `step` .*must hold whole numbers"):
        development.stage_log(events(*GOOD).assign(step="one"), stages=TWO)
    with pytest.raises(DataError, match="`outcome` is none of"):
        development.stage_log(events(*GOOD).replace({"outcome": {"won": "gewonnen"}}), stages=TWO)


def test_summary_and_chart_of_the_log():
    log = development.stage_log(events(*GOOD), stages=TWO)
    facts = dict(log.summary().facts)
    assert [facts[name] for name in ("Deals", "Stages entered", "Won", "Lost", "Open", "Deals set aside")] == [3, 4, 1, 1, 1, 0]
    ax = log.plot()
    assert ax.get_title("left") == "1 of 3 deals (33.3 %) is open"
    assert [bar.get_height() for bar in ax.patches] == [1, 0]
    assert log.until == pd.Timestamp("2024-01-09")
    assert log.places.tolist() == [0, 1, 0, 0]
    assert np.array_equal(development.stage_log(events(*GOOD, step=False), stages=TWO).places, log.places)
    assert tables.table("deal_outcomes").required == tuple(log.deals.columns)
