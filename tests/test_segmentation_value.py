"""Value: judgements against Saaty's numbers, indicators against plain sums, scores by their laws, and refusals."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import _engine, datasets, segmentation
from crmlab.errors import ArgumentError, DataError

PUBLISHED = Path(__file__).parent / "published"
PROFITS = pd.DataFrame({"customer_id": ["ann", "ann", "bob", "dee"], "profit": [10.0, 20.0, 5.0, -4.0]})
VALUES = pd.DataFrame({"customer_id": ["ann", "bob", "cy"], "lifetime_value": [40.0, 60.0, 7.0]})
REFERRALS = pd.DataFrame({"customer_id": ["ann", "ann", "cy"], "referred_id": ["bob", "cy", "zoe"]})


def drinks() -> pd.DataFrame:
    table = pd.read_csv(PUBLISHED / "saaty_drinks.csv", index_col="drink", dtype=str)
    return table.map(lambda cell: float(Fraction(cell)))


def indicators(n: int = 200, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"customer_id": np.arange(n), "current": rng.gamma(1, 50, n), "potential": rng.gamma(1, 80, n), "referral": 0.0}
    ).assign(referral=lambda table: np.where(table.customer_id % 7 == 0, rng.gamma(1, 40, n), 0.0))


def test_drinks_have_the_published_weights():
    """Saaty (2008), table 3: relative consumption of drinks in the United States, and the actual shares beside them."""
    judged = segmentation.ahp(drinks())
    assert judged.weights.round(3).to_list() == [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    assert round(judged.consistency_ratio, 3) == 0.022
    assert judged.consistent
    actual = [0.180, 0.010, 0.040, 0.120, 0.180, 0.140, 0.330]
    assert np.abs(judged.weights - actual).max() < 0.015
    assert judged.table.loc[0, ["first", "second"]].to_list() == ["wine", "water"]  # 9 times as much, and 17 by the weights
    _engine.check(judged.table, "judgement_pairs")


@given(st.lists(st.floats(1, 3), min_size=2, max_size=9), st.randoms(use_true_random=False))
def test_judgements_without_a_contradiction_give_their_weights(strengths, random):
    names = [f"c{k}" for k in range(len(strengths))]
    pairs = {(a, b): strengths[i] / strengths[j] for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
    turned = [(b, a) if random.random() < 0.5 else (a, b) for a, b in pairs]
    judged = segmentation.ahp({pair: pairs[pair] if pair in pairs else 1 / pairs[pair[::-1]] for pair in turned})
    expected = pd.Series(strengths, names) / sum(strengths)
    assert np.abs(judged.weights - expected[judged.weights.index]).max() < 1e-9
    assert judged.consistency_ratio < 1e-9


def test_the_spoiled_pair_is_named_and_refused_as_weights():
    spoiled = drinks()
    spoiled.loc["coffee", "water"], spoiled.loc["water", "coffee"] = 9.0, 1 / 9
    judged = segmentation.ahp(spoiled)
    assert not judged.consistent
    assert (judged.table.loc[0, ["first", "second"]] == ["coffee", "water"]).all()
    assert "contradict" in str(judged)
    circle = segmentation.ahp({("current", "potential"): 5, ("potential", "referral"): 5, ("referral", "current"): 5})
    with pytest.raises(ArgumentError, match=r"contradict each other: consistency ratio .* Think over"):
        segmentation.value_score(indicators(), circle)


@pytest.mark.parametrize(
    ("judgements", "error", "message"),
    [
        ({("a", "b"): 2, ("b", "c"): 2}, DataError, "compare 'a' with 'c' once; they do so 0"),
        ({("a", "b"): 2, ("b", "a"): 2}, DataError, "once; they do so 2"),
        ({("a", "b"): 12}, DataError, "scale from 1/9 to 9"),
        ({("a", "b"): -2}, ArgumentError, "above 0"),
        ([1, 2], DataError, "square DataFrame or a mapping"),
        ({(f"c{i}", f"c{j}"): 1 for i in range(10) for j in range(i)}, ArgumentError, "2 to 9 criteria; they are 10"),
        (pd.DataFrame([[1, 3], [3, 1]], ["a", "b"], ["a", "b"]), DataError, "mirror image"),
        (pd.DataFrame([[1, 3], [1 / 3, 1]], ["a", "b"], ["b", "a"]), DataError, "same names"),
    ],
)
def test_refuses_judgements(judgements, error, message):
    with pytest.raises(error, match=message):
        segmentation.ahp(judgements)


def test_indicators_are_plain_sums():
    valued = segmentation.value_indicators(PROFITS, VALUES, REFERRALS)
    _engine.check(valued.table, "value_indicators")
    assert valued.table.set_index("customer_id").to_dict("list") == {
        "current": [30.0, 5.0, 0.0],
        "potential": [40.0, 60.0, 7.0],
        "referral": [65.0 + 7.0, 0.0, 0.0],
    }
    assert (valued.without_profit, valued.without_value, valued.referrals_set_aside) == (1, 1, 1)
    assert valued.double_counted == 0


def test_the_whole_life_counts_profit_twice():
    values = VALUES.assign(lifetime_value=[30.0, 60.0, 7.0])
    whole, remaining = (segmentation.value_indicators(PROFITS, values, life=life) for life in ("whole", "remaining"))
    assert whole.double_counted == 35
    assert (whole.table.potential - remaining.table.potential).sum() == 35
    assert whole.summary().note.startswith("Profit of 35 (21.0 % of current and potential together) counts twice")
    first = [segmentation.value_score(each.table, scale="amount").top(1) for each in (remaining, whole)]
    assert first == [["bob"], ["ann"]]  # 65 beside 60, and 65 beside 70: what ann has brought already counts twice


def test_refuses_tables_of_other_customers():
    with pytest.raises(DataError, match="no customer in common"):
        segmentation.value_indicators(PROFITS, VALUES.assign(customer_id=[1, 2, 3]))
    with pytest.raises(DataError, match="brought themselves"):
        segmentation.value_indicators(PROFITS, VALUES, REFERRALS.assign(referred_id=["ann", "cy", "zoe"]))
    with pytest.raises(DataError, match="referred_id"):
        segmentation.value_indicators(PROFITS, VALUES, REFERRALS.assign(referred_id=["bob", "bob", "zoe"]))
    with pytest.raises(ArgumentError, match="life"):
        segmentation.value_indicators(PROFITS, VALUES, life="half")
    with pytest.raises(DataError, match="negative"):
        segmentation.value_indicators(PROFITS, VALUES.assign(lifetime_value=-1.0))


def test_scores_are_weighted_shares_of_rank():
    table = indicators()
    score = segmentation.value_score(table, {"current": 0.5, "potential": 0.3, "referral": 0.2})
    _engine.check(score.table, "value_scores")
    n = len(table)
    expected = np.zeros(n)
    for name, weight in score.weights.items():
        below = [(table[name] < value).sum() + (table[name] == value).sum() / 2 for value in table[name]]
        expected += weight * np.array(below) / n
    assert np.abs(score.table.score - expected).max() < 1e-12
    assert sorted(score.table.place) == list(range(1, n + 1))
    assert score.table.sort_values("place", kind="stable").score.round(9).is_monotonic_decreasing
    assert score.top(3) == score.table.sort_values("place", kind="stable").customer_id.head(3).to_list()


def test_ranks_do_not_depend_on_units_and_amounts_do():
    table = indicators()
    cents = table.assign(current=table.current * 100)
    pd.testing.assert_frame_equal(segmentation.value_score(table).table, segmentation.value_score(cents).table)
    amounts = [segmentation.value_score(each, scale="amount").table.place for each in (table, cents)]
    assert (amounts[0] != amounts[1]).any()


def test_equal_customers_stand_in_the_order_of_their_ids():
    table = pd.DataFrame({"customer_id": ["b", "c", "a"], "current": [1.0, 1.0, 1.0]})
    assert segmentation.value_score(table).table.place.to_list() == [2, 3, 1]


def test_shifts_say_who_leaves_the_top():
    """Against a plain recount, and none change where two indicators say the same."""
    table = indicators()
    weights = {"current": 0.5, "potential": 0.45, "referral": 0.05}
    score = segmentation.value_score(table, weights)
    shifts = score.shifts(shift=0.2, share=0.1)
    _engine.check(shifts, "weight_shifts")
    row = shifts[(shifts["less"] == "referral") & (shifts["more"] == "potential")].iloc[0]
    assert row["shift"] == pytest.approx(0.05)  # there is no more to move
    moved = segmentation.value_score(table, {"current": 0.3, "potential": 0.65, "referral": 0.05})
    row = shifts[(shifts["less"] == "current") & (shifts["more"] == "potential")].iloc[0]
    assert row["changed"] == pytest.approx(1 - len(set(score.top(20)) & set(moved.top(20))) / 20)
    assert row["changed"] > 0
    assert score.sensitivity == score.shifts()["changed"].max()
    twins = segmentation.value_score(table[["customer_id", "current"]].assign(again=table.current * 2))
    assert twins.sensitivity == 0


@pytest.mark.parametrize(
    ("columns", "weights", "error", "message"),
    [
        ({}, {"current": 0.5, "potential": 0.6}, ArgumentError, r"add up to 1\.1; they must add up to 1"),
        ({}, {"current": 1.5, "potential": -0.5}, ArgumentError, "of at least 0"),
        ({}, {"curent": 1.0}, DataError, r"`curent`"),
        ({}, "mine", ArgumentError, "weights"),
        ({}, 3, ArgumentError, "mapping of columns to weights"),
        ({"row": range(200)}, "equal", DataError, "`row` numbers the rows: it is an identifier"),
        ({"account_no": np.arange(200) ** 2}, "equal", DataError, "`account_no` numbers the rows"),
        ({"joined": [20240131] * 200}, "equal", DataError, "`joined` holds dates written as numbers"),
        ({"joined": [pd.Timestamp("2024-01-31")] * 200}, "equal", DataError, "must hold numbers"),
        ({"current": [np.inf] * 200}, "equal", DataError, "missing or infinite"),
        ({"customer_id": [1] * 200}, "equal", DataError, "share a key"),
    ],
)
def test_refuses_weights_and_columns(columns, weights, error, message):
    with pytest.raises(error, match=message):
        segmentation.value_score(indicators().assign(**columns), weights)


def test_matrix_cuts_at_the_median_and_counts_everyone_once():
    table = indicators(201)
    matrix = segmentation.value_matrix(table)
    _engine.check(matrix.table, "value_matrix")
    assert matrix.table.customers.sum() == 201
    high = matrix.table[matrix.table.current_level == "high"].customers.sum()
    assert high == 100  # who lies on the cut is low
    parts = ["current", "potential"]
    assert matrix.table[parts].sum().to_list() == pytest.approx(table[parts].sum().to_list())
    bare = segmentation.value_matrix(table, current_cut=1e9)
    assert bare.table.customers.iloc[:2].to_list() == [0, 0]
    assert "develop" in matrix.plot().texts[3].get_text()
    with pytest.raises(ArgumentError, match="potential_cut"):
        segmentation.value_matrix(table, potential_cut=np.nan)
    with pytest.raises(DataError, match="potential"):
        segmentation.value_matrix(table.drop(columns="potential"))


def test_the_firm_has_referrals_of_customers():
    """Of the default firm's referrals those count whose two persons bought."""
    money = datasets.load("customer_months")
    values = money[["customer_id"]].drop_duplicates().assign(lifetime_value=1.0)
    valued = segmentation.value_indicators(money, values, datasets.load("referrals"))
    bought = datasets.load("referrals")
    bought = bought[bought.customer_id.isin(values.customer_id) & bought.referred_id.isin(values.customer_id)]
    assert valued.referrals_set_aside == len(datasets.load("referrals")) - len(bought) > 0
    profit = money.groupby("customer_id").profit.sum()
    assert valued.table.referral.sum() == pytest.approx((profit[bought.referred_id] + 1).sum())
