"""RFM scores: against a plain count, the tie rules, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, segmentation
from crmlab.errors import ArgumentError, DataError

SCORES = ["r_score", "f_score", "m_score"]


def by_hand(orders: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    known = orders[orders.order_date <= until].assign(amount=lambda table: (table.amount * 100).round() / 100)
    result = known.groupby("customer_id").agg(
        last=("order_date", "max"), days=("order_date", "nunique"), paid=("amount", "sum")
    )
    return pd.DataFrame(
        {
            "customer_id": result.index,
            "recency_days": (until - result["last"]).dt.days.to_numpy(),
            "purchase_days": result["days"].to_numpy(),
            "total_amount": result["paid"].to_numpy(),
        }
    )


@given(frames("orders"), st.integers(2, 10), st.sampled_from(["together", "split"]), st.integers(0, 2**32 - 1))
def test_numbers_scores_and_cells_equal_a_plain_count(orders, bins, ties, seed):
    """In any order of the rows, by the stated rule for ties, every customer once."""
    scores = segmentation.rfm_scores(orders.sample(frac=1, random_state=seed), bins=bins, ties=ties)
    expected = by_hand(orders, orders.order_date.max())
    pd.testing.assert_frame_equal(scores[expected.columns], expected, check_dtype=False, atol=1e-9)
    n = len(scores)
    assert scores[SCORES].min().min() == 1
    assert scores[SCORES].max().max() <= bins
    for score, value, sign in zip(SCORES, ["recency_days", "purchase_days", "total_amount"], [-1, 1, 1], strict=True):
        worth = sign * scores[value]
        if ties == "together":
            worse = np.array([(worth < customer - 1e-9).sum() for customer in worth])  # customers strictly below
            assert (scores[score] == worse * bins // n + 1).all()
            assert scores.groupby(value)[score].nunique().max() == 1
        else:
            sizes = scores[score].value_counts()
            assert sizes.max() - sizes.min() <= 1
            place = scores.assign(worth=worth).sort_values(["worth", "customer_id"])[score]
            assert place.is_monotonic_increasing
    grid = segmentation.rfm_grid(scores)
    assert grid.customers.sum() == n
    assert grid.total_amount.sum() == pytest.approx(scores.total_amount.sum())
    assert (grid.mean_amount * grid.customers).sum() == pytest.approx(scores.total_amount.sum())


@given(frames("orders"))
@settings(max_examples=settings.default.max_examples // 2)  # each example goes through the engine twice
def test_more_money_never_lowers_the_score(orders):
    before = segmentation.rfm_scores(orders).set_index("customer_id")
    richer = orders.customer_id.iloc[0]
    after = segmentation.rfm_scores(orders.assign(amount=orders.amount + 500.0 * (orders.customer_id == richer)))
    assert after.set_index("customer_id").loc[richer, "m_score"] >= before.loc[richer, "m_score"]


def test_single_and_identical_customers():
    one = pd.DataFrame({"customer_id": ["a"], "order_date": pd.to_datetime(["2024-01-01"]), "amount": [0.0]})
    assert segmentation.rfm_scores(one)[SCORES].to_numpy().tolist() == [[1, 1, 1]]
    same = pd.concat([one.assign(customer_id=f"c{k}") for k in range(5)])
    assert (segmentation.rfm_scores(same)[SCORES] == 1).all().all()
    assert segmentation.rfm_scores(same, ties="split").f_score.tolist() == [1, 2, 3, 4, 5]


def test_plot_counts_the_best_cell():
    scores = pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "recency_days": [0, 0, 9],
            "purchase_days": [2, 2, 1],
            "total_amount": [30.0, 10.0, 5.0],
            "r_score": [2, 2, 1],
            "f_score": [2, 2, 1],
            "m_score": [2, 1, 1],
        }
    )
    _engine.check(scores, "rfm_scores")
    ax = segmentation.plot_rfm(scores)
    assert sorted(text.get_text() for text in ax.texts) == ["0", "0", "1", "2"]
    with pytest.raises(DataError, match="r_score"):
        segmentation.plot_rfm(scores.drop(columns="r_score"))
    with pytest.raises(DataError, match=r"is below 1 .* of the scores table.*Give what `segmentation.rfm_scores` returns"):
        segmentation.rfm_grid(scores.assign(f_score=0))
    with pytest.raises(DataError, match=r"`scores` must be a DataFrame.* Give what `segmentation.rfm_scores` returns"):
        segmentation.plot_rfm("scores.csv")


def test_plot_counts_scores_above_the_middle():
    """Of 5 scores 4 and 5 are high, of 4 scores 3 and 4, of 2 only 2."""
    some = [(r, f) for r in range(1, 6) for f in range(1, 6)]
    scores = pd.DataFrame(some, columns=["r_score", "f_score"]).assign(
        customer_id=range(25), recency_days=0, purchase_days=1, total_amount=1.0, m_score=1
    )
    for top, count in ((5, 4), (4, 4), (3, 1), (2, 1)):
        few = scores[(scores.r_score <= top) & (scores.f_score <= top)]
        assert segmentation.plot_rfm(few).get_title("left").startswith(f"{count} of {top * top} customers")


def test_five_scores_unless_told_otherwise():
    orders = pd.DataFrame({"customer_id": range(20), "order_date": pd.Timestamp("2024-01-01"), "amount": range(20)})
    orders = orders.astype({"amount": float})
    assert segmentation.rfm_scores(orders).m_score.tolist() == [1 + k // 4 for k in range(20)]
    assert segmentation.rfm_scores(orders, bins=2).m_score.max() == 2
    assert segmentation.rfm_scores(orders, bins=10).m_score.max() == 10


@pytest.mark.parametrize("wrong", [{"bins": 1}, {"bins": 11}, {"bins": 2.5}, {"bins": True}, {"ties": "first"}, {"ties": None}])
def test_refuses_wrong_arguments(wrong):
    orders = pd.DataFrame({"customer_id": ["a"], "order_date": pd.to_datetime(["2024-01-01"]), "amount": [0.0]})
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        segmentation.rfm_scores(orders, **wrong)
