"""Stages: the log, counts, times with two ways to end, and stalled deals.

Firms are asked for what they know of themselves; small logs whose answer can be counted by hand hold the rest.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight
from world_firms import firm

from crmlab import _engine, development, tables
from crmlab.development.incidence import incidence
from crmlab.development.shrinkage import SharePrior, fit_share_prior, shrunk_shares
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


# --- counts and conversion


def test_counts_add_up_and_are_those_of_a_slow_count(made):
    log = development.stage_log(made["stage_events"])
    counts = development.stage_counts(log)
    table = counts.table.set_index("stage")
    assert list(table.index) == list(tables.STAGES)
    assert counts.deals == table.began_here.sum() == table.reached.iloc[0]
    assert table.reached.is_monotonic_decreasing
    parts = table[["advanced", "skipped", "went_back", "lost", "won", "open"]]
    assert (parts.sum(axis=1) == table.entries).all()
    order = {stage: place for place, stage in enumerate(tables.STAGES)}
    deals = log.table.assign(place=log.table.stage.map(order)).groupby("prospect_id")
    furthest, first = deals.place.max(), deals.place.first()
    assert table.reached.tolist() == [(furthest >= place).sum() for place in order.values()]
    assert table.began_here.tolist() == [(first == place).sum() for place in order.values()]
    for stage in ("presenting", "closing"):
        rows = log.table[log.table.stage == stage]
        assert table.loc[stage, "open"] == rows.outcome.isna().sum()
        assert table.loc[stage, "lost"] == (rows.outcome == "lost").sum()


def test_whoever_is_open_is_counted_neither_as_won_nor_as_lost(made):
    """Shares of an earlier day come from what had ended by then: taking the open deals away changes nothing."""
    log = development.stage_log(made["stage_events"], until="2024-06-30")
    closed = log.deals[log.deals.status != "open"].prospect_id
    without = development.stage_log(made["stage_events"][made["stage_events"].prospect_id.isin(closed)])
    whole = [development.conversion(each).table.iloc[-1] for each in (log, without)]
    pd.testing.assert_series_equal(*whole, check_names=False)
    assert whole[0].exits == len(closed) < len(log.deals)


@pytest.mark.parametrize(("x", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                                     (1, 29, 0.0061, 0.1718)])  # fmt: skip
def test_intervals_of_shares_as_published(x, n, low, high):
    """Newcombe (1998), Statistics in Medicine 17, table 1, method 3 (Wilson's score interval)."""
    counts = pd.DataFrame({"stage": ["s"], "group": ["all"], "exits": [n], "went_on": [x]})
    row = development.Conversion(counts, {}, None, 0).table.iloc[0]
    assert [round(row.low, 4), round(row.high, 4)] == [low, high]


def test_prior_of_boys_in_saxony_as_published():
    """Geissler (1889), boys in 6,115 families of twelve; alpha 34.09558, beta 31.5715 as in most texts on the distribution."""
    families = [3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7]
    prior = fit_share_prior(np.repeat(np.arange(13), families), np.full(6115, 12))
    alpha, beta = prior.mean * prior.weight, (1 - prior.mean) * prior.weight
    assert [alpha, beta] == pytest.approx([34.0956, 31.5715], rel=3e-4)


@pytest.mark.parametrize("seed", range(3))
def test_prior_and_shares_of_desks_are_recovered(seed):
    """Of 300 desks whose shares are beta(4, 12): the prior, 95 % intervals, and less error than the raw shares have."""
    rng = np.random.default_rng(seed)
    truth, n = rng.beta(4, 12, 300), rng.integers(1, 60, 300)
    x = rng.binomial(n, truth)
    prior = fit_share_prior(x, n)
    assert prior.mean == pytest.approx(0.25, abs=0.025)
    assert prior.spread == pytest.approx(np.sqrt(0.25 * 0.75 / 17), abs=0.02)
    shrunk, low, high = shrunk_shares(x, n, prior, 0.95)
    assert 0.91 <= ((low <= truth) & (truth <= high)).mean() <= 0.98
    assert ((shrunk - truth) ** 2).mean() < 0.7 * ((x / n - truth) ** 2).mean()
    assert (np.abs(shrunk - prior.mean) <= np.abs(x / n - prior.mean) + 1e-12).all()


def test_small_desks_are_pulled_further():
    prior = SharePrior(0.3, 20.0, 9, 400)
    shrunk, _, _ = shrunk_shares(np.array([1, 10, 100]), np.array([1, 10, 100]), prior, 0.95)
    assert shrunk == pytest.approx([(6 + x) / (20 + x) for x in (1, 10, 100)])
    assert (np.diff(shrunk) > 0).all()


@pytest.mark.parametrize(("x", "n"), [([10, 20, 30], [40, 80, 120]), ([0, 0, 0], [4, 8, 9]), ([3, 8, 9], [3, 8, 9])])
def test_desks_that_do_not_differ_have_the_share_of_all(x, n):
    prior = fit_share_prior(np.array(x), np.array(n))
    shrunk, low, high = shrunk_shares(np.array(x), np.array(n), prior, 0.95)
    pooled = sum(x) / sum(n)
    assert prior.weight == np.inf
    assert prior.spread == 0
    assert shrunk == pytest.approx([pooled] * 3)
    assert low[0] <= pooled <= high[0]
    assert high[0] - low[0] > 0.05


def test_shares_by_salesperson_are_those_of_a_slow_count(made):
    prospects = made["prospects"].sample(frac=1, random_state=2).iloc[20:]
    prospects = prospects.assign(salesperson_id=prospects.salesperson_id.mask(prospects.channel == "fair"))
    log = development.stage_log(made["stage_events"])
    answer = development.conversion(log, by="salesperson_id", prospects=prospects)
    known = log.table.merge(prospects[["prospect_id", "salesperson_id"]].dropna(), on="prospect_id")
    assert answer.excluded == log.table.prospect_id.nunique() - known.prospect_id.nunique() > 20
    rows = answer.table.set_index(["stage", "group"])
    assert answer.table.exits[answer.table.stage != "all stages"].sum() == known.outcome.notna().sum()
    for who, part in known.groupby("salesperson_id"):
        at = part[(part.stage == "presenting") & part.outcome.notna()]
        assert rows.loc[("presenting", who), ["exits", "went_on"]].tolist() == [len(at), (at.outcome == "advanced").sum()]
        ends = part[part.outcome.isin(["won", "lost"])]
        assert rows.loc[("all stages", who), ["exits", "went_on"]].tolist() == [len(ends), (ends.outcome == "won").sum()]


def test_conversion_says_what_it_can_tell():
    counts = pd.DataFrame(
        {"stage": "all stages", "group": list("abcd"), "exits": [400, 400, 400, 3], "went_on": [200, 80, 80, 3]}
    )
    prior = fit_share_prior(counts.went_on.to_numpy(), counts.exits.to_numpy())
    answer = development.Conversion(counts, {"all stages": prior}, "channel", 2)
    title = " ".join(answer.plot().get_title("left").split())
    assert title == f"Of 4 groups of channel, 1 win more and 2 less than the mean of {100 * prior.mean:.1f} %"
    assert answer.summary().table.group.tolist()[0] in "ad"
    alike = counts.assign(went_on=[100, 100, 101, 1])
    same = development.Conversion(alike, {"all stages": fit_share_prior(alike.went_on, alike.exits)}, "channel", 0)
    assert "no group wins more or less than the mean" in " ".join(same.plot().get_title("left").split())
    few = development.Conversion(counts.iloc[:2], {}, "channel", 0)
    assert "2 groups of channel are too few" in " ".join(few.plot().get_title("left").split())
    stages = pd.DataFrame({"stage": ["x", "y"], "group": "all", "exits": [50, 50], "went_on": [30, 31]})
    assert "cannot be told" in development.Conversion(stages, {}, None, 0).plot().get_title("left")


def test_a_stage_that_nobody_has_ended_has_no_share():
    log = development.stage_log(events(("a", "call", 1, 5, "advanced"), ("a", "offer", 5, 0, None), *GOOD[2:3]), stages=TWO)
    answer = development.conversion(log)
    row = answer.table.set_index("stage").loc["offer"]
    assert row.exits == 0
    assert np.isnan([row.share, row.low, row.high]).all()
    assert "Nobody has ended offer yet." in str(answer.summary())
    assert len(answer.plot().get_yticks()) == 2, "what has no share is not drawn"


def test_groups_that_tell_the_future_or_nothing_are_refused(made):
    log, prospects = development.stage_log(made["stage_events"]), made["prospects"]
    for by in ("need", "outcome", "closed"):
        with pytest.raises(ArgumentError, match=f"`{by}` is known from .*, not from the first contact"):
            development.conversion(log, by=by, prospects=prospects)
    for how in ({"by": "channel"}, {"prospects": prospects}):
        with pytest.raises(ArgumentError, match="`by` and `prospects` go together"):
            development.conversion(log, **how)
    with pytest.raises(DataError, match="`prospect_id` stands twice in 1 of 3 rows"):
        development.conversion(log, by="channel", prospects=prospects.iloc[[0, 1, 1]])
    with pytest.raises(DataError, match="no deal of the log has a value of `channel`"):
        development.conversion(log, by="channel", prospects=prospects.assign(prospect_id="?" + prospects.prospect_id))
    with pytest.raises(DataError, match="no two deals share a value of `distance`"):
        development.conversion(log, by="distance", prospects=prospects.assign(distance=np.arange(len(prospects)) / 7))
    with pytest.raises(DataError, match="has no column `chanel`"):
        development.conversion(log, by="chanel", prospects=prospects)
    with pytest.raises(ArgumentError, match="`stage` must be one of"):
        development.conversion(log, by="channel", prospects=prospects).plot("everything")


def test_tables_of_counts_keep_their_declaration(made):
    log = development.stage_log(made["stage_events"])
    by_channel = development.conversion(log, by="channel", prospects=made["prospects"])
    for name, table in {
        "stage_log": log.table, "deal_outcomes": log.deals, "stage_counts": development.stage_counts(log).table,
        "conversion": by_channel.table, "conversion_spreads": by_channel.spreads,
    }.items():  # fmt: skip
        assert list(table.columns) == [column.name for column in tables.table(name).columns]
        _engine.check(table, name)


# --- times with two ways to end

PUBLISHED = Path(__file__).parent / "published"
MONTHS = [60, 120, 240, 360]


def deals_of_one_stage(days, outcome):
    """A log in which every deal is one entry of the first stage, as long as given; the open ones are all seen on one day."""
    until = pd.Timestamp("2025-06-30")
    entered = until - pd.to_timedelta(days, unit="D")
    left = pd.Series(np.where(outcome == None, pd.NaT, until), dtype="datetime64[us]")  # noqa: E711  (elementwise)
    frame = pd.DataFrame(
        {"prospect_id": np.arange(len(days)), "stage": "call", "entered": entered, "left": left, "outcome": outcome}
    )
    return development.stage_log(frame, stages=TWO, until=until)


@pytest.fixture(scope="module")
def patients():
    """Monoclonal gammopathy: 1,384 patients, months as days; progression stands for won, death for lost."""
    counts = pd.read_csv(PUBLISHED / "mgus2_counts.csv").melt("months", var_name="end", value_name="n")
    rows = counts.loc[counts.index.repeat(counts.n)].reset_index(drop=True)
    outcome = (
        rows.end.map({"progression": "won", "death": "lost", "censored": None})
        .astype(object)
        .where(rows.end != "censored", None)
    )
    return rows.months.to_numpy(), outcome.to_numpy()


def test_shares_of_patients_as_published(patients):
    """Progression and death within 5, 10, 20 and 30 years, and one minus Kaplan-Meier: survival (R), competing risks."""
    times = development.time_in_stage(deals_of_one_stage(*patients))
    rows = times.predict(MONTHS).set_index(["ending", "days"])
    assert times.n == 1384
    assert rows.share["won"].round(4).tolist() == [0.0341, 0.0637, 0.0998, 0.1340]
    assert rows.share["lost"].round(4).tolist() == [0.3204, 0.5318, 0.7240, 0.7842]
    assert rows.naive["won"].round(3).tolist() == [0.042, 0.095, 0.210, 0.425]


def test_shares_and_errors_are_those_of_statsmodels(patients):
    months, outcome = patients
    ending = pd.Index(["won", "lost"]).get_indexer(pd.Index(outcome))
    own = incidence(months, ending, 2)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        theirs = CumIncidenceRight(months.astype(float), ending + 1)
    place = np.searchsorted(own.times, theirs.times)
    earlier = own.times[place] < 390  # theirs is not a number once nobody is left
    for k in (0, 1):
        assert own.share[place, k] == pytest.approx(theirs.cinc[k], abs=1e-12)
        assert own.std_error[place, k][earlier] == pytest.approx(theirs.cinc_se[k][earlier], abs=1e-9)
    assert earlier.sum() > 200


@pytest.mark.parametrize("stage", [None, "prospecting", "overcoming objections", "closing"])
def test_shares_and_the_open_add_up_to_one(made, stage):
    log = development.stage_log(made["stage_events"])
    times = development.time_in_stage(log, stage)
    total = times.incidence.share.sum(axis=1) + times.incidence.open
    assert total == pytest.approx(np.ones(total.size), abs=1e-12)
    assert (np.diff(times.incidence.share, axis=0) >= 0).all()
    assert (times.incidence.naive >= times.incidence.share - 1e-12).all()
    assert times.incidence.naive[-1].sum() > 1.2, "what one minus Kaplan-Meier says adds up to more than everything"
    table = times.table.dropna()
    assert (table.low <= table.share + 1e-12).all()
    assert (table.share <= table.high + 1e-12).all()
    _engine.check(times.table, "stage_times")


def test_without_open_deals_shares_are_plain_counts(made):
    log = development.stage_log(made["stage_events"])
    deals = log.deals[log.deals.status != "open"]
    closed = development.stage_log(made["stage_events"][made["stage_events"].prospect_id.isin(deals.prospect_id)])
    lasted = (deals.closed - deals.began).dt.days
    rows = development.time_in_stage(closed).predict([0, 30, 90, 200]).set_index(["ending", "days"])
    for ending in ("won", "lost"):
        assert rows.share[ending].tolist() == pytest.approx(
            [((deals.status == ending) & (lasted <= day)).mean() for day in (0, 30, 90, 200)]
        )
    assert rows.at_risk["won"].tolist() == [(lasted >= day).sum() for day in (0, 30, 90, 200)]


def test_true_shares_lie_in_the_intervals():
    """Rates of .004 and .006 a day, seen for 30 to 300 days: 95 % intervals on three days hold the truth in 95 % of logs."""
    covered = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        ends, seen = rng.exponential(100, 250), rng.integers(30, 300, 250)
        ending = np.where(ends < seen, (rng.random(250) < 0.6).astype(int), -1)
        times = development.StageTimes(
            incidence(np.minimum(np.floor(ends), seen).astype(int), ending, 2), ("won", "lost"), None, ends, 250
        )
        rows = times.predict([20, 60, 150])
        truth = np.repeat([0.4, 0.6], 3) * (1 - np.exp(-(rows.days + 1) / 100))  # the end of the day
        covered.append((rows.low <= truth) & (truth <= rows.high))
    assert 0.92 <= np.mean(covered) <= 0.98


def test_open_deals_count_as_long_as_they_are_seen():
    """Two lost, one won, one open: calling the open one lost, or leaving it out, would raise the share lost."""
    log = deals_of_one_stage(np.array([10, 20, 30, 25]), np.array(["lost", "lost", "won", None], dtype=object))
    assert development.time_in_stage(log).predict([25]).share.tolist() == [0, 0.5]
    assert development.time_in_stage(log).predict([30]).share.tolist() == [0.5, 0.5]
    assert development.time_in_stage(log, "call").endings == ("won", "lost")


def test_before_the_first_end_nobody_has_ended():
    log = deals_of_one_stage(np.array([10, 20]), np.array(["lost", "won"], dtype=object))
    rows = development.time_in_stage(log).predict([0, 9, 10])
    assert rows.share.tolist() == [0, 0, 0, 0, 0, 0.5]
    assert rows.at_risk.tolist() == [2] * 6


def test_no_wins_leave_the_share_without_an_upper_end():
    log = deals_of_one_stage(np.array([10, 20, 25]), np.array(["lost", "lost", None], dtype=object))
    times = development.time_in_stage(log)
    won = times.table[times.table.ending == "won"]
    assert (won.share == 0).all()
    assert won.high.isna().all()
    assert "None has been won yet" in str(times.summary())
    assert "0.0 % are won" in " ".join(times.plot().get_title("left").split())


def test_where_nothing_has_ended_nothing_is_said():
    log = development.stage_log(
        events(("a", "call", 1, 5, "advanced"), ("a", "offer", 5, 0, None)), stages=TWO, until="2024-02-01"
    )
    with pytest.raises(DataError, match="no deal has been won or lost yet: all 1 are open"):
        development.time_in_stage(log)
    with pytest.raises(DataError, match="nobody has left the stage 'offer' yet"):
        development.time_in_stage(log, "offer")
    assert development.time_in_stage(log, "call").endings == ("went on", "lost")
    with pytest.raises(ArgumentError, match="`stage` must be one of 'call', 'offer'"):
        development.time_in_stage(log, "ofer")


@pytest.mark.parametrize("days", ["30", 30, [], [1.5], [-1], [31], None])
def test_days_are_whole_and_seen(days):
    log = deals_of_one_stage(np.array([10, 30]), np.array(["lost", "won"], dtype=object))
    with pytest.raises(ArgumentError, match=r"`days?` must be"):
        development.time_in_stage(log).predict(days)


def test_the_chart_names_a_day_on_which_enough_are_at_risk(made):
    times = development.time_in_stage(made["stage_events"])
    ax = times.plot()
    title = " ".join(ax.get_title("left").split())
    day = int(title.split()[1])
    row = times.predict([day]).iloc[0]
    assert row.at_risk >= times.n / 100
    assert f"{100 * row.share:.1f} % are won" in title
    assert f"says {100 * row.naive:.1f} %" in title
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["won", "won, one minus Kaplan-Meier", "lost"]


# --- stalled deals


def simulated_deals(seed, n, hazards, won, days=400):
    """A log of one stage: chances by day to end, and to be won if it ends on that day; entries over ``days``."""
    rng = np.random.default_rng(seed)
    entered = rng.integers(0, days, n)
    survival = np.cumprod(1 - hazards)
    lasted = np.searchsorted(-survival, -rng.random(n))
    outcome = np.where(rng.random(n) < won[np.minimum(lasted, len(won) - 1)], "won", "lost").astype(object)
    seen = lasted <= days - entered
    until = pd.Timestamp("2024-01-01") + pd.Timedelta(days=days)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(entered, unit="D")
    left = pd.Series(day + pd.to_timedelta(np.minimum(lasted, days), unit="D")).where(seen)
    frame = pd.DataFrame({"prospect_id": np.arange(n), "stage": "call", "entered": day, "left": left,
                          "outcome": pd.Series(outcome).where(seen, None)})  # fmt: skip
    return development.stage_log(frame, stages=TWO, until=until)


@pytest.mark.parametrize("seed", range(3))
def test_hazards_and_chances_by_age_are_recovered(seed):
    """Up to day 20 a deal ends with 5 % a day and is won with .6; later with 2 % and .2."""
    age = np.arange(2000)
    log = simulated_deals(seed, 6000, np.where(age < 20, 0.05, 0.02), np.where(age < 20, 0.6, 0.2))
    answer = development.stalled(log)
    for row in answer.hazards.itertuples():
        if row.to_days < 20 or row.from_days >= 20:
            early = row.to_days < 20
            truth = (0.05 if early else 0.02) * (
                (0.6 if early else 0.2) if row.ending == "went on" else (0.4 if early else 0.8)
            )
            assert row.hazard == pytest.approx(truth, abs=4 * np.sqrt(truth / row.days_at_risk))
    old = answer.table[(answer.table.age_days >= 20) & (answer.table.similar > 200)]
    assert len(old) > 100
    assert old.chance.to_numpy() == pytest.approx(np.full(len(old), 0.2), abs=0.09)
    assert ((old.low <= 0.2) & (old.high >= 0.2)).mean() > 0.6, "they rest on the same deals, so they hit or miss together"
    new = answer.ages.set_index("stage").loc["call"]
    survive = 0.95**20
    assert new.chance == pytest.approx(0.6 * (1 - survive) + 0.2 * survive, abs=4 * new.std_error)


def test_chances_of_a_firms_open_deals_come_true():
    """What was said of the deals that were open on a day, from what was known then, against what became of them."""
    made = firm("manufacturer-v1", customers=1000, seed=3)
    then = development.stalled(made["stage_events"], "2025-03-31")
    now = development.stage_log(made["stage_events"]).deals.set_index("prospect_id").status.loc[then.table.prospect_id]
    known = (now != "open").to_numpy() & then.table.chance.notna().to_numpy()
    assert known.mean() > 0.8
    chance, won = then.table.chance[known].to_numpy(), (now[known] == "won").to_numpy()
    assert abs(chance.sum() - won.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum()) + 0.05 * known.sum()
    upper = chance > np.median(chance)
    assert won[upper].mean() > won[~upper].mean() + 0.1
    assert 0 < then.table.stalled.sum() < len(then.table)
    _engine.check(then.table, "stalled_deals")
    _engine.check(then.hazards, "stage_hazards")
    _engine.check(then.ages, "stage_ages")


def test_limits_ages_and_counts_are_those_of_a_slow_count(made):
    log = development.stage_log(made["stage_events"], until="2025-06-30")
    answer = development.stalled(log, quantile=0.8)
    status = log.deals.set_index("prospect_id").status
    rows = log.table.assign(status=log.table.prospect_id.map(status))
    rows["days"] = (rows.left.fillna(log.until) - rows.entered).dt.days
    won = rows[rows.status == "won"].groupby("stage").days
    ages = answer.ages.set_index("stage")
    for stage, days in won:
        shorter = [(days <= limit).mean() for limit in (ages.limit_days[stage] - 1, ages.limit_days[stage])]
        assert shorter[0] < 0.8 <= shorter[1], stage
    standing = rows[rows.left.isna()].set_index("prospect_id")
    table = answer.table.set_index("prospect_id")
    assert table.age_days.sort_index().equals(standing.days.sort_index())
    assert table.age_days.is_monotonic_decreasing
    assert (table.stalled == (table.age_days > table.stage.map(ages.limit_days))).all()
    assert ages.loc["all stages", "open"] == len(standing) == (status == "open").sum()
    assert ages.loc["all stages", "late_open"] == table.stalled.sum()
    spans = answer.hazards[(answer.hazards.stage == "closing") & (answer.hazards.ending == "lost")]
    closing = rows[rows.stage == "closing"]
    at_risk = [
        sum(((closing.days >= day).sum()) for day in range(row.from_days, row.to_days + 1)) for row in spans.itertuples()
    ]
    assert spans.days_at_risk.tolist() == at_risk
    assert spans.exits.sum() == (closing.outcome == "lost").sum()
    assert spans.from_days.iloc[0] == 0
    assert (spans.from_days.to_numpy()[1:] == spans.to_days.to_numpy()[:-1] + 1).all()


def test_all_stages_together_are_means_over_the_late(made):
    ages = development.stalled(made["stage_events"]).ages
    stages, whole = ages.iloc[:-1], ages.iloc[-1]
    assert whole.late_chance == pytest.approx(np.average(stages.late_chance, weights=stages.late))
    assert whole.chance == pytest.approx(np.average(stages.chance, weights=stages.late))
    assert whole.late_error < stages.late_error.min()


def test_a_log_answers_as_its_events_do_on_a_day(made):
    by_log = development.stalled(development.stage_log(made["stage_events"]), "2024-12-31")
    by_events = development.stalled(made["stage_events"], "2024-12-31")
    pd.testing.assert_frame_equal(by_log.table, by_events.table)
    assert by_log.day == pd.Timestamp("2024-12-31")


def test_what_became_of_nobody_is_not_known():
    """The oldest of all has nobody to be compared with; a stage from which nobody was won has no limit."""
    frame = events(*[(f"w{day}", "call", day, day + 4, "won") for day in range(1, 9)], ("old", "call", 1, 0, None),
                   ("y", "offer", 50, 0, None))  # fmt: skip
    table = development.stalled(development.stage_log(frame, stages=TWO, until="2024-03-31")).table.set_index("prospect_id")
    assert table.index.tolist() == ["old", "y"]
    assert table.stalled.tolist() == [True, False]
    assert table.similar.tolist() == [1, 1]
    assert table[["chance", "low", "high"]].isna().all(axis=None)
    assert np.isnan(table.limit_days["y"])


def test_stalled_deals_need_wins_open_deals_and_a_day_that_is_known(made):
    log = development.stage_log(events(*GOOD), stages=TWO)
    lost = development.stage_log(events(GOOD[2], GOOD[3]), stages=TWO)
    with pytest.raises(DataError, match="no deal has been won by 2024-01-04"):
        development.stalled(lost)
    with pytest.raises(DataError, match="no deal is open on 2024-01-09"):
        development.stalled(development.stage_log(events(*GOOD[:3]), stages=TWO))
    with pytest.raises(DataError, match="the log ends on 2024-01-09, before `day`, 2024-02-01"):
        development.stalled(log, "2024-02-01")
    for share in (0, 1, "most"):
        with pytest.raises(ArgumentError, match="`quantile` must be a share"):
            development.stalled(log, quantile=share)
    with pytest.raises(ArgumentError, match="`stage` must be one of 'prospecting'"):
        development.stalled(made["stage_events"]).plot("everything")


def test_charts_say_of_old_deals_what_their_intervals_carry():
    """In one log old deals go on less often and are lost more often, in the other nothing depends on the age."""
    age = np.arange(2000)
    aging = simulated_deals(1, 6000, np.full(2000, 0.04), np.where(age < 15, 0.7, 0.2))
    title = " ".join(development.stalled(aging).plot("call").get_title("left").split())
    assert "go on less often" in title
    assert "are lost more often" in title
    same = simulated_deals(2, 3000, np.full(2000, 0.04), np.full(2000, 0.5))
    answer = development.stalled(same)
    title = " ".join(answer.plot("call").get_title("left").split())
    assert title.count("neither more nor less often") == 2
    late, new = answer.ages.iloc[0][["late_chance", "chance"]]
    assert late == pytest.approx(new, abs=0.1)
    assert f"{100 * late:.1f} % of the deals past the limit" in " ".join(answer.plot().get_title("left").split())
    assert dict(answer.summary().facts)["Open deals"] == len(answer.table)
