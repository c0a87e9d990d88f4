"""Returns: the rule by hand and by a slow reading of it, conservation of rows and money, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, btyd
from crmlab.btyd import returns
from crmlab.errors import ColumnError, DataError

few = settings(max_examples=settings.default.max_examples // 2)  # each example goes through the engine twice
LEFT = ("kept as they were", "kept, less what was returned")


def orders_of(*rows: tuple, ids: bool = False) -> pd.DataFrame:
    """(customer, day of January, amount) per row; the row's number is its order_id."""
    customers, days, amounts = zip(*rows, strict=True)
    dates = pd.to_datetime([f"2024-01-{day:02d}" for day in days])
    frame = pd.DataFrame({"customer_id": customers, "order_date": dates, "amount": np.asarray(amounts, float)})
    return frame.assign(order_id=range(len(frame))) if ids else frame


rows = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 6), st.integers(-4, 6).map(lambda k: k / 10)), min_size=1, max_size=25
)


def by_hand(orders: pd.DataFrame) -> tuple[dict, dict]:
    """The rule as it is written, in tenths, scanning all purchases for each return: what is left, what is set aside."""
    left = {row.order_id: round(row.amount * 10) for row in orders.itertuples()}
    day, who = (dict(zip(orders.order_id, orders[name], strict=True)) for name in ("order_date", "customer_id"))
    whole = dict(left)
    back = sorted((key for key in whole if whole[key] < 0), key=lambda key: (day[key], -whole[key], key))
    gone, open_ = set(), []

    def before(key):
        bought = [other for other in whole if whole[other] > 0 and who[other] == who[key] and day[other] <= day[key]]
        return sorted((each for each in bought if each not in gone), key=lambda each: (day[each], whole[each], each))

    for key in back:
        same = [each for each in before(key) if whole[each] == -whole[key]]
        if same:
            gone |= {same[-1], key}
        else:
            open_.append(key)
    for key in open_:
        for each in reversed(before(key)):
            taken = min(left[each], -left[key])
            left[each] -= taken
            left[key] += taken
    kept = {key: left[key] for key in whole if key not in gone and (left[key] > 0 or whole[key] == 0)}
    return kept, {key: left[key] for key in open_ if left[key] < 0}


@given(rows, st.integers(0, 2**32 - 1))
def test_equals_a_slow_reading_of_the_rule_in_any_order_of_rows(bought, seed):
    orders = orders_of(*bought, ids=True)
    shuffled = orders.sample(frac=1, random_state=seed)
    settled = returns.settle_returns(shuffled)
    assert settled.orders.index.equals(shuffled.index[shuffled.index.isin(settled.orders.index)])
    kept, aside = by_hand(orders)
    assert {row.order_id: round(row.amount * 10) for row in settled.orders.itertuples()} == kept
    assert {row.order_id: round(row.amount * 10) for row in settled.set_aside.itertuples()} == aside


@given(frames("orders_with_returns"))
def test_nothing_is_lost(orders):
    settled = returns.settle_returns(orders)
    table = settled.table.set_index("status")
    _engine.check(settled.table, "settled_returns")
    assert table.rows.sum() == len(orders)
    assert table.amount.sum() == pytest.approx(orders.amount.sum(), abs=1e-6)
    assert table.amount_left.sum() == pytest.approx(orders.amount.sum(), abs=1e-6)
    assert settled.orders.amount.sum() + settled.set_aside.amount.sum() == pytest.approx(orders.amount.sum(), abs=1e-6)
    assert table.rows[list(LEFT)].sum() == len(settled.orders)
    assert table.rows["set aside"] == len(settled.set_aside)
    assert table.rows["purchases cancelled"] == table.rows["returns that cancelled them"]
    assert table.amount["purchases cancelled"] == pytest.approx(-table.amount["returns that cancelled them"])
    assert (settled.orders.amount >= 0).all()
    assert (settled.set_aside.amount < 0).all()
    assert settled.orders.columns.tolist() == orders.columns.tolist()
    assert settled.set_aside.columns.tolist() == [*orders.columns, "reason"]
    assert (settled.orders.amount <= orders.amount[settled.orders.index]).all()
    assert (settled.set_aside.amount >= orders.amount[settled.set_aside.index]).all()
    if len(settled.orders):  # nothing is left to settle
        pd.testing.assert_frame_equal(returns.settle_returns(settled.orders).orders, settled.orders)


@given(rows)
@few
def test_without_order_id_the_money_is_the_same_in_any_order(bought):
    one, other = (returns.settle_returns(orders_of(*each)) for each in (bought, bought[::-1]))
    names = ["customer_id", "order_date", "amount"]
    for each in ("orders", "set_aside"):
        first, second = (getattr(result, each)[names].sort_values(names, ignore_index=True) for result in (one, other))
        pd.testing.assert_frame_equal(first, second)


@given(frames("orders"))
@few
def test_orders_without_returns_stay_as_they_are(orders):
    settled = returns.settle_returns(orders)
    pd.testing.assert_frame_equal(settled.orders, orders)
    assert settled.orders is not orders
    assert settled.set_aside.empty
    assert settled.table.rows.tolist() == [len(orders), 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("bought", "left", "aside"),
    [
        # a cancelled order: both rows go, and it is the latest of that amount
        ([("a", 1, 20), ("a", 2, 20), ("a", 3, 30), ("a", 4, -20)], {0: 20, 2: 30}, {}),
        # ... even if a partial return comes first
        ([("a", 1, 20), ("a", 2, 30), ("a", 3, -5), ("a", 4, -30)], {0: 15}, {}),
        # on the same day, whichever row comes first
        ([("a", 2, -20), ("a", 2, 20)], {}, {}),
        # a later purchase is not what was sent back
        ([("a", 2, -20), ("a", 3, 20)], {1: 20}, {0: -20}),
        # nor is another customer's
        ([("b", 1, 20), ("a", 2, -20)], {0: 20}, {1: -20}),
        # part of a purchase, the newest first
        ([("a", 1, 20), ("a", 2, 30), ("a", 3, -12)], {0: 20, 1: 18}, {}),
        # over several purchases; of which nothing is left goes
        ([("a", 1, 20), ("a", 2, 30), ("a", 3, -35)], {0: 15}, {}),
        # the rest is set aside
        ([("a", 1, 20), ("a", 2, 30), ("a", 3, -60), ("a", 4, 7)], {3: 7}, {2: -10}),
        # two returns cannot cancel one purchase; the second finds another
        ([("a", 1, 50), ("a", 2, 20), ("a", 3, -20), ("a", 3, -20)], {0: 30}, {}),
        # of one day the larger purchase is taken from first
        ([("a", 1, 30), ("a", 1, 20), ("a", 2, -5)], {0: 25, 1: 20}, {}),
        # decimals leave no dust
        ([("a", 1, 0.3), ("a", 2, -0.1), ("a", 3, -0.2)], {}, {}),
        ([("a", 1, 0.1 + 0.2), ("a", 2, -0.3)], {}, {}),
        # nothing was paid, so nothing is sent back
        ([("a", 1, 0), ("a", 2, 10), ("a", 3, 0), ("a", 4, -11)], {0: 0, 2: 0}, {3: -1}),
    ],
)
def test_the_rule(bought, left, aside):
    settled = returns.settle_returns(orders_of(*bought))
    assert settled.orders.amount.to_dict() == pytest.approx(left)
    assert settled.set_aside.amount.to_dict() == pytest.approx(aside)


def test_the_hour_decides_which_purchase_is_newer_and_the_day_whether_it_is_earlier():
    times = pd.to_datetime(["2024-01-01 17:00", "2024-01-01 09:00", "2024-01-01 08:00"])
    orders = pd.DataFrame({"customer_id": 1, "order_date": times, "amount": [20.0, 30.0, -5.0]})
    assert returns.settle_returns(orders).orders.amount.tolist() == [15.0, 30.0]


def test_order_id_decides_between_equals():
    orders = orders_of(("a", 1, 20), ("a", 1, 20), ("a", 2, -20))
    for ids in ([7, 8, 9], [8, 7, 9]):
        settled = returns.settle_returns(orders.assign(order_id=ids, product_id=["x", "y", "z"]))
        assert settled.orders.order_id.tolist() == [7]


def test_reasons_counts_and_summary():
    orders = orders_of(("a", 1, 20), ("a", 2, -25), ("b", 1, -9), ("c", 1, 8), ("c", 2, -3), ("d", 1, 5), ("d", 1, -5))
    settled = returns.settle_returns(orders)
    assert settled.set_aside.reason.tolist() == [
        "more than is left of this customer's purchases up to this day: this is the rest",
        "no purchase of this customer, on this day or before, is left to take it off",
    ]
    assert settled.table.rows.tolist() == [0, 1, 1, 1, 1, 1, 2]
    assert settled.table.amount.tolist() == pytest.approx([0, 8, 5, -5, 20, -3, -34])
    assert settled.table.amount_left.tolist() == pytest.approx([0, 5, 0, 0, 0, 0, -14])
    text = str(settled.summary())
    assert all(words in text for words in ("Returns: 4\n", "Orders left: 1\n", "Set aside: 2\n", "orders left: 5\n"))


@pytest.mark.parametrize("kind", ["int64", "Int64", "float32", "double[pyarrow]"])
def test_amounts_keep_their_type(kind):
    orders = orders_of(("a", 1, 20), ("a", 2, -5), ("b", 2, -5)).astype({"amount": kind})
    settled = returns.settle_returns(orders)
    assert settled.orders.amount.dtype == settled.set_aside.amount.dtype == orders.amount.dtype
    assert settled.orders.amount.tolist() == [15]
    assert orders.amount.tolist() == [20, -5, -5]  # what was given is not touched


def test_what_is_left_can_be_summed_up():
    orders = orders_of(("a", 1, 20), ("a", 9, 40), ("a", 16, 30), ("a", 17, -30), ("b", 2, 5), ("b", 3, -1))
    summary = btyd.purchase_summary(returns.settle_returns(orders).orders, until="2024-01-30")
    assert summary.frequency.tolist() == [1, 0]
    assert summary.monetary_value.iloc[0] == 40


ORDERS = orders_of(("a", 1, 20), ("a", 2, -5), ("b", 3, 5), ids=True)


@pytest.mark.parametrize(
    ("orders", "kind", "words"),
    [
        (ORDERS.rename(columns={"amount": "total"}), ColumnError, '.rename(columns={"total": "amount"})'),
        (ORDERS.drop(columns="customer_id"), ColumnError, "no column `customer_id`"),
        (ORDERS.assign(amount=[20, np.nan, 5]), DataError, "`amount` is empty in 1 of 3 rows"),
        (ORDERS.assign(amount=[20, -np.inf, 5]), DataError, "`amount` is infinite"),
        (ORDERS.assign(amount=["20", "-5", "5"]), DataError, "must hold numbers"),
        (ORDERS.assign(amount=[20, -2e12, 5]), DataError, "`amount` goes up to 2e+12, which is beyond a trillion"),
        (ORDERS.assign(order_id=[1, 2, 1]), DataError, "share a key that must be unique: order_id=1"),
        (ORDERS.assign(order_date="2024-01-01"), DataError, "must hold dates"),
        (ORDERS.assign(order_date=pd.Timestamp("2999-01-01")), DataError, "lies in the future"),
        (ORDERS.iloc[:0], DataError, "is empty"),
        ("orders.csv", DataError, "`orders` must be a DataFrame; it is str"),
        (None, DataError, "it is NoneType"),
    ],
)
def test_refuses_bad_orders(orders, kind, words):
    with pytest.raises(kind) as refusal:
        returns.settle_returns(orders)
    assert words in str(refusal.value)


def test_a_trillion_is_not_beyond():
    assert returns.settle_returns(orders_of(("a", 1, 1e12), ("a", 2, -1e12))).orders.empty
