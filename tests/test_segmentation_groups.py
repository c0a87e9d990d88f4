"""Groups and targets: every score has one name, moves and views against plain counts, rules under a budget, and refusals."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import _engine, segmentation
from crmlab.errors import ArgumentError, DataError

LEVELS = list(product(range(1, 6), repeat=3))
ALL_SCORES = pd.DataFrame(LEVELS, columns=["r_score", "f_score", "m_score"]).assign(
    customer_id=range(len(LEVELS)), recency_days=0, purchase_days=1, total_amount=10.0
)
MONEY = pd.DataFrame({
    "customer_id": ["a", "a", "b", "c", "d"], "revenue": [10.0, 5.0, 8.0, 4.0, 3.0], "profit": [4.0, 1.0, 2.0, -1.0, 0.0],
})  # fmt: skip


def test_every_score_has_exactly_one_name():
    """And every one of the eleven names is given."""
    names = segmentation.rfm_groups(ALL_SCORES)
    _engine.check(names, "customer_groups")
    boxes = [(group.name, box) for group in segmentation.NAMED_GROUPS for box in group.boxes]
    for (r, f, m), name in zip(LEVELS, names.group, strict=True):
        inside = [each for each, (r_low, r_high, low, high) in boxes if r_low <= r <= r_high and low <= f + m <= high]
        assert inside == [name]
    assert set(names.group) == {group.name for group in segmentation.NAMED_GROUPS}
    assert len(segmentation.NAMED_GROUPS) == 11


def test_names_lie_in_the_published_ranges():
    """Putler's ranges of recency and of the mean of frequency and money; `lost` begins at 0 there."""
    published = {
        "champions": (4, 5, 4, 5), "loyal customers": (2, 5, 3, 5), "potential loyalists": (3, 5, 1, 3),
        "new customers": (4, 5, 0, 1), "promising": (3, 4, 0, 1), "need attention": (2, 3, 2, 3),
        "about to sleep": (2, 3, 0, 2), "at risk": (0, 2, 2, 5), "cannot lose them": (0, 1, 4, 5), "hibernating": (1, 2, 1, 2),
        "lost": (0, 2, 0, 2),
    }  # fmt: skip
    for group in segmentation.NAMED_GROUPS:
        r_low, r_high, low, high = published[group.name]
        for box in group.boxes:
            assert r_low <= box[0] <= box[1] <= r_high
            assert 2 * low <= box[2] <= box[3] <= 2 * high


def test_group_values_add_up():
    scores = ALL_SCORES.assign(total_amount=np.arange(125.0))
    values = segmentation.group_values(scores)
    _engine.check(values, "group_values")
    assert values.customers.sum() == 125
    assert values.amount_share.sum() == pytest.approx(1)
    champions = scores[(scores.r_score >= 4) & (scores.f_score + scores.m_score >= 8)]
    assert values.total_amount[0] == champions.total_amount.sum()
    few = segmentation.group_values(scores[scores.r_score == 3])
    assert few.customers[0] == 0
    assert few.total_amount[0] == 0
    first = values.loc[values.amount_share.idxmax(), "group"]
    assert segmentation.plot_groups(values).get_title("left").startswith(first)


def test_refuses_other_scores_and_no_money():
    with pytest.raises(DataError, match=r"a score is above 5 in 25 of 125 rows.*bins=5"):
        segmentation.rfm_groups(ALL_SCORES.assign(r_score=ALL_SCORES.r_score + 1))
    free = segmentation.group_values(ALL_SCORES.assign(total_amount=0.0))
    assert free.amount_share.isna().all()
    with pytest.raises(DataError, match="nothing was paid"):
        segmentation.plot_groups(free)


group_of = st.dictionaries(st.integers(0, 30), st.sampled_from(["champions", "lost", "zzz"]), min_size=1)


@given(group_of, group_of)
def test_moves_equal_a_plain_count(before, after):
    tables = [pd.DataFrame({"customer_id": list(groups), "group": list(groups.values())}) for groups in (before, after)]
    if not before.keys() & after.keys():
        with pytest.raises(DataError, match="no customer in common"):
            segmentation.migration(*tables)
        return
    moved = segmentation.migration(*tables)
    _engine.check(moved.table, "migration")
    for row in moved.table.itertuples():
        movers = [c for c in before.keys() | after.keys()
                if (before.get(c, "new"), after.get(c, "gone")) == (row.group_before, row.group_after)]  # fmt: skip
        assert row.customers == len(movers) > 0
        assert row.low <= row.share <= row.high
    assert moved.table.customers.sum() == len(before.keys() | after.keys())
    assert moved.table.groupby("group_before").share.sum().to_numpy() == pytest.approx(1)
    assert (moved.new, moved.gone) == (len(after.keys() - before.keys()), len(before.keys() - after.keys()))
    assert moved.stayed == (sum(before[c] == after[c] for c in before if c in after), len(before.keys() & after.keys()))


def test_moves_stand_in_the_order_of_the_scheme():
    before = pd.DataFrame({"customer_id": [1, 2, 3], "group": ["lost", "champions", "a segment"]})
    after = pd.DataFrame({"customer_id": [1, 4], "group": ["lost", "champions"]})
    counts = segmentation.migration(before, after).counts
    assert list(counts.index) == ["champions", "lost", "a segment", "new"]
    assert list(counts.columns) == ["champions", "lost", "gone"]
    with pytest.raises(DataError, match="'new', a name kept"):
        segmentation.migration(before.assign(group="new"), after)
    with pytest.raises(DataError, match="customer_id"):
        segmentation.migration(before.assign(customer_id=1), after)


def test_views_equal_plain_counts():
    orders = pd.DataFrame({
        "customer_id": ["a", "a", "b", "b"], "product_id": ["p", "q", "q", "p"], "amount": [6.0, 9.0, 4.0, 4.0],
        "order_date": pd.Timestamp("2024-01-01"),
    })  # fmt: skip
    customers = pd.DataFrame({"customer_id": ["a", "b", "c", "z"], "channel": ["shop", "shop", "search", "shop"]})
    leaving = pd.DataFrame({
        "customer_id": ["a", "a", "b", "c"], "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-01", "2024-01-01"]),
        "reason": ["price", "competitor", "still a customer", "service"], "asked_at": "exit survey",
    })  # fmt: skip
    others = ("assurance", "tangibles", "empathy", "responsiveness")
    survey = pd.DataFrame({f"importance_{name}": [20, 20, 0] for name in others}).assign(
        customer_id=["a", "b", "b"], wave=[1, 1, 2], importance_reliability=[20, 20, 100]
    )
    stage_events = pd.DataFrame({
        "customer_id": ["x", "x", "y", "w"], "outcome": ["returned", "lost", "lost", "lost"],
        "objection": ["competitor", "competitor", None, "price"],
    })  # fmt: skip
    groups = segmentation.identify(
        MONEY, orders=orders, customers=customers, leaving=leaving, survey=survey, stage_events=stage_events
    )
    _engine.check(groups.table, "identified_groups")
    assert groups.groups.loc["a"].to_list() == ["q", "shop", "left for a rival", "several alike"]
    assert groups.groups.loc["b"].to_list() == ["p", "shop", "asked, still a customer", "reliability"]
    assert groups.groups.loc["d"].to_list() == ["not known"] * 4
    assert (groups.outside, groups.lost_prospects) == ({"product": 0, "channel": 1, "competitor": 0, "need": 0}, 1)
    shop = groups.table[groups.table.group == "shop"].iloc[0]
    assert (shop.customers, shop.revenue, shop.profit, shop.mean_profit) == (2, 23.0, 7.0, 3.5)
    assert np.isnan(shop.low)  # two customers say nothing
    sums = groups.table.groupby("view")[["customers", "customer_share", "revenue_share", "profit"]].sum()
    assert sums.to_numpy() == pytest.approx(np.tile([4, 1, 1, 6.0], (4, 1)))


def test_the_leader_is_named_only_if_it_can_be_told():
    """Two equal channels lead in at most some 5 % of samples, a better one in most; the interval holds the mean."""
    rng = np.random.default_rng(1)
    channel = pd.DataFrame({"channel": ["shop", "search"] * 60})
    named, inside = [], []
    for better in (0.0, 40.0):
        for _ in range(100):
            profit = rng.gamma(2, 20, 120) + np.where(channel.channel == "shop", better, 0.0)
            groups = segmentation.CustomerGroups(pd.DataFrame({"revenue": 1.0, "profit": profit}), channel, {}, None)
            named.append(groups.leaders("channel") == ("shop",))
            row = groups.table.set_index("group").loc["search"]
            inside.append(row.low <= 40 <= row.high)
    assert sum(named[:100]) <= 9
    assert sum(named[100:]) >= 95
    assert 0.9 <= np.mean(inside) <= 0.99


def test_refuses_views_of_others():
    customers = pd.DataFrame({"customer_id": ["x"], "channel": ["shop"]})
    with pytest.raises(DataError, match="channel view have no customer in common"):
        segmentation.identify(MONEY, customers=customers)
    with pytest.raises(ArgumentError, match="at least one of"):
        segmentation.identify(MONEY)
    with pytest.raises(DataError, match="`profit`"):
        segmentation.identify(MONEY.drop(columns="profit"), customers=customers)
    with pytest.raises(ArgumentError, match="view"):
        segmentation.identify(MONEY, customers=customers.assign(customer_id="a")).leaders("weather")


def gains(n: int = 50, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"customer_id": range(n), "gain": rng.normal(1, 3, n), "std_error": rng.uniform(0.1, 1, n)})


@given(st.integers(0, 500), st.integers(1, 60), st.floats(0.1, 5))
def test_no_other_choice_of_so_many_is_expected_to_bring_more(seed, contacts, cost):
    table = gains(12, seed)
    targets = segmentation.choose_targets(table, cost=cost, contacts=contacts)
    _engine.check(targets.table, "targeting")
    best = max(sum(sorted(table.gain, reverse=True)[:k]) - cost * k for k in range(min(contacts, 12) + 1))
    assert targets.table.profit[0] == pytest.approx(best, abs=1e-9)
    assert len(targets.chosen) <= contacts
    assert (targets.chosen.gain > cost).all()
    assert targets.table.profit[1] == pytest.approx(table.gain.sum() - 12 * cost)


def test_a_budget_pays_whole_contacts():
    for budget, count in ((0.3, 3), (0.29, 2), (0.1, 1)):
        targets = segmentation.choose_targets(gains().assign(gain=9.0), cost=0.1, budget=budget)
        assert targets.most == len(targets.chosen) == count
    assert targets.chosen.customer_id.to_list() == [0]  # of equal ones the smaller id


def test_chance_is_what_a_lot_brings():
    """Drawn many times, the sum has the mean and, with errors of 0, the spread that the interval says."""
    table = gains().assign(std_error=0.0)
    row = segmentation.choose_targets(table, cost=0.5, contacts=20).table.iloc[-1]
    rng = np.random.default_rng(2)
    sums = [rng.choice(table.gain, 20, replace=False).sum() - 10 for _ in range(4000)]
    assert row.profit == pytest.approx(np.mean(sums), abs=0.6)
    assert (row.high - row.low) / 2 / 1.96 == pytest.approx(np.std(sums), rel=0.05)


def test_errors_that_move_together_add_up():
    table = gains()
    together, independent = (
        segmentation.choose_targets(table, cost=0.5, contacts=10, errors=errors) for errors in ("together", "independent")
    )
    chosen = together.chosen.std_error
    assert together.table.high[0] - together.table.profit[0] == pytest.approx(1.959964 * chosen.sum())
    assert independent.table.high[0] - independent.table.profit[0] == pytest.approx(1.959964 * np.sqrt((chosen**2).sum()))


def test_findings_claim_no_more_than_the_interval():
    table = gains(10).assign(gain=5.0)
    say = lambda error: segmentation.choose_targets(table.assign(std_error=error), cost=1.0, contacts=2).finding  # noqa: E731
    assert say(0.1).startswith("2 contacts: an expected profit of 8 (8 to 8)")
    assert "whether they pay cannot be told" in say(9.0)
    assert segmentation.choose_targets(table.drop(columns="std_error"), cost=1.0, contacts=2).table.low.isna().all()
    assert "how sure is not known" in say(None)
    assert segmentation.choose_targets(table, cost=6.0, contacts=2).finding.startswith("No contact")


def test_another_score_is_a_rule_of_its_own():
    table = gains(10)
    score = pd.DataFrame({"customer_id": range(8), "score": range(8)}).astype({"score": float})
    targets = segmentation.choose_targets(table, cost=0.1, contacts=3, score=score)
    row = targets.table[targets.table.rule == "top of the score"].iloc[0]
    assert row.profit == pytest.approx(table.gain[[7, 6, 5]].sum() - 0.3)
    assert targets.without_score == 2
    assert "Customers without a score, taken last: 2" in str(targets)
    with pytest.raises(DataError, match="no customer in common"):
        segmentation.choose_targets(table, cost=0.1, contacts=3, score=score.assign(customer_id=list("abcdefgh")))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"cost": 2.0, "budget": 1.5}, r"`budget`, 1\.5, does not pay one contact, which costs 2"),
        ({"cost": 2.0}, "either `contacts`"),
        ({"cost": 2.0, "budget": 9.0, "contacts": 3}, "either `contacts`"),
        ({"cost": 0.0, "contacts": 3}, "cost"),
        ({"cost": 1.0, "contacts": 0}, "contacts"),
        ({"cost": 1.0, "contacts": 3, "errors": "some"}, "errors"),
    ],
)
def test_refuses_budgets(how, message):
    with pytest.raises(ArgumentError, match=message):
        segmentation.choose_targets(gains(), **how)


def test_refuses_gains_that_are_none():
    with pytest.raises(DataError, match="gain"):
        segmentation.choose_targets(gains().drop(columns="gain"), cost=1.0, contacts=1)
    with pytest.raises(DataError, match="share a key"):
        segmentation.choose_targets(gains().assign(customer_id=1), cost=1.0, contacts=1)
