"""Rates and lengths of stay under contract, and referrals: numbers of the closed form, recovery, laws, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import _engine, loyalty
from crmlab.errors import ArgumentError, DataError

RATES = np.array([0.7, 0.8, 0.9, 0.95])


def more(retention: np.ndarray, annual_rate: float, *, points: float = 0.0, share: float = 0.0) -> list[int]:
    """By how many whole per cent the value rises with so many points or so large a share more of retention."""
    before = loyalty.simple_value(1, retention, annual_rate)
    return np.round(100 * (loyalty.simple_value(1, retention * (1 + share) + points, annual_rate) / before - 1)).tolist()


def test_five_points_are_not_five_per_cent():
    """Worked out by hand from m r / (1 + i - r) of Gupta & Lehmann (2003)."""
    assert more(RATES, 0.12, points=0.05) == [22, 26, 37, 49]
    assert more(RATES, 0.12, share=0.05) == [15, 20, 32, 46]
    assert more(RATES[:3], 0.0, points=0.05) == [29, 42, 111]


def test_one_customer_lies_within_exactly_the_quantiles_of_their_length_of_stay():
    """Every length of stay up to 2,000 years, with its probability: the interval holds the level, and no shorter one does."""
    for r, i, at_once in [(0.8, 0.1, False), (0.95, 0.0, True), (0.5, -0.05, False), (0.3, 0.12, True)]:
        row = loyalty.value_interval(100, r, i, level=0.9, at_once=at_once).iloc[0]
        years = np.arange(2_001)
        chance = (1 - r) * r**years
        value = 100 * (np.concatenate([[0.0], np.cumsum((1 + i) ** -np.arange(1.0, 2_001))]) + at_once)
        inside = (value >= row.low - 1e-9) & (value <= row.high + 1e-9)
        assert chance[inside].sum() >= 0.9
        assert chance[value < row.low - 1e-9].sum() < 0.05
        assert chance[value > row.high + 1e-9].sum() <= 0.05
        assert chance[value > np.max(value[value < row.high - 1e-9], initial=-1)].sum() > 0.05  # one payment less is too few
        assert row["mean"] == pytest.approx((chance * value).sum())
        spread = np.sqrt((chance * (value - row["mean"]) ** 2).sum())
        assert row.mean_high - row["mean"] == pytest.approx(1.6448536 * spread / 10)
        assert row["mean"] - row.mean_low == pytest.approx(1.6448536 * spread / 10)


def test_an_interval_of_the_mean_shrinks_and_that_of_one_does_not():
    few, many = (loyalty.value_interval(100, 0.8, 0.1, customers=n).iloc[0] for n in (100, 10_000))
    assert few[["low", "high"]].tolist() == many[["low", "high"]].tolist()
    assert few.mean_high - few["mean"] == pytest.approx(10 * (many.mean_high - many["mean"]))
    assert few.customers == 100


def test_edges_of_the_interval():
    table = loyalty.value_interval([100, -100, 100, 100], [0.8, 0.8, 0.0, 1.0], 0.1)
    _engine.check(table, "value_intervals")
    assert (table.low[1], table.high[1]) == (-table.high[0], -table.low[0])
    assert table.loc[2, ["mean", "low", "high", "mean_low", "mean_high"]].tolist() == [0] * 5
    assert table.loc[3, ["mean", "low", "high", "mean_low"]].tolist() == pytest.approx([1000] * 4)
    assert loyalty.value_interval(1, 0.5, 0.1, level=0.75).high[0] == pytest.approx(1 / 1.1 + 1 / 1.21)  # 1 - r^3 = .875, met
    margins = pd.Series([1.0, 2.0], index=["ann", "bob"])
    assert loyalty.value_interval(margins, 0.8).index.tolist() == ["ann", "bob"]


def years_one_by_one(cost: float, margin: float, factor: float, first: float) -> int | None:
    """How many whole payments pay the cost back."""
    total, payment = 0.0, margin * first
    for year in range(1, 2_000):
        total += payment
        if total >= cost - 1e-9:
            return year
        payment *= factor
    return None


@given(st.floats(1, 500), st.floats(1, 200), st.floats(0.05, 1), st.floats(0, 0.5), st.booleans())
def test_whole_payments_that_pay_back_are_those_added_up_one_by_one(cost, margin, retention, annual_rate, at_once):
    row = loyalty.break_even(cost, margin, retention, annual_rate, at_once=at_once).iloc[0]
    for years, stay in ((row.certain_years, 1.0), (row.expected_years, retention)):
        factor = stay / (1 + annual_rate)
        counted = years_one_by_one(cost, margin, factor, 1.0 if at_once else factor)
        if np.isnan(years):
            assert counted is None
        elif counted is not None:
            assert np.ceil(years - 1e-6) == counted or years == pytest.approx(counted, abs=1e-4)
    assert row.pays == (
        "never" if np.isnan(row.certain_years) else "only if they stay" if np.isnan(row.expected_years) else "yes"
    )


def test_edges_of_break_even():
    table = loyalty.break_even([0, 100, 100, 101, 50, 100], [-5, 100, 50, 100, 100, -1], [0.5, 0, 1, 0, 0, 1], 0, at_once=True)
    _engine.check(table, "break_even")
    assert table.expected_years.tolist() == pytest.approx([0, 1, 2, np.nan, 0.5, np.nan], nan_ok=True)
    assert table.pays.tolist() == ["yes", "yes", "yes", "only if they stay", "yes", "never"]
    value = loyalty.simple_value(100, 0.8, 0.1)
    assert loyalty.break_even([value - 0.01, value], 100, 0.8, 0.1).expected_years.isna().tolist() == [False, True]
    assert loyalty.break_even(pd.Series([1.0], index=["ann"]), 10, 0.8).index.tolist() == ["ann"]


REFERRALS = pd.DataFrame(
    {
        "customer_id": ["bob", "ann", "ann", "cy"], "referred_id": ["f", "d", "e", "g"],
        "date": pd.to_datetime(["2024-06-03", "2024-01-01", "2024-12-30", "2024-03-04"]),
    }
)  # fmt: skip
VALUES = pd.DataFrame({"customer_id": ["d", "e", "f", "zoe"], "customer_value": [100.0, 200.0, -30.0, 9.0]})


def test_referrals_are_worth_what_a_count_by_hand_says():
    table = loyalty.referral_value(REFERRALS, VALUES, would_have_come=0.25, acquisition_saved=8.0, annual_rate=0.1)
    _engine.check(table, "referral_values")
    table = table.set_index("customer_id")
    assert table.index.tolist() == ["ann", "bob", "cy"]
    assert table.loc["ann", ["referred", "won", "gross_value"]].tolist() == pytest.approx([2, 2, 100 + 200 / 1.1])
    assert table.referral_value["ann"] == pytest.approx(0.75 * (100 + 200 / 1.1) + 8 + 8 / 1.1)
    assert table.referral_value["bob"] == pytest.approx((0.75 * -30 + 8) * 1.1 ** (-22 / 52))
    assert table.loc["cy", ["referred", "won", "gross_value", "referral_value"]].tolist() == [1, 0, 0, 0]
    assert (table.gross_value - table.would_have_come + table.acquisition_saved).tolist() == pytest.approx(
        table.referral_value.tolist()
    )


def test_laws_of_referrals():
    all_ours = loyalty.referral_value(REFERRALS, VALUES)
    assert all_ours.referral_value.tolist() == all_ours.gross_value.tolist()
    anyway = loyalty.referral_value(REFERRALS, VALUES, would_have_come=1.0)
    assert anyway.referral_value.tolist() == pytest.approx([0, 0, 0])
    earlier = loyalty.referral_value(REFERRALS, VALUES, start="2023-01-02")
    assert earlier.gross_value.tolist() == pytest.approx((all_ours.gross_value / 1.1).tolist())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: loyalty.simple_value(100, 80, 0.1), ArgumentError,
         r"it is 80\. Is 80 % meant\? That is 0\.8; five points more are 0\.05"),
        (lambda: loyalty.simple_value(100, 5, 0.1), ArgumentError, r"Is 5 % meant\? That is 0\.05"),
        (lambda: loyalty.simple_value(100, 0.8, 12), ArgumentError,
         r"at most 1, such as 0\.12; it is 12\. Is 12 % meant\? That is 0\.12"),
        (lambda: loyalty.discount_factor(12, 52), ArgumentError, r"Is 12 % meant"),
        (lambda: loyalty.weekly_rate(150), ArgumentError,
         r"`annual_rate` must be a share of at most 1, such as 0\.12; it is 150\.$"),
        (lambda: loyalty.value_interval(100, -0.1), ArgumentError, r"`retention` must be finite and at least 0"),
        (lambda: loyalty.value_interval(100, 1, 0), ArgumentError, "worth infinitely much"),
        (lambda: loyalty.value_interval(100, 0.8, level=95), ArgumentError, "`level` must be a share"),
        (lambda: loyalty.value_interval(100, 0.8, customers=0), ArgumentError,
         "`customers` must be a whole number of at least 1"),
        (lambda: loyalty.value_interval([1, 2], [0.1, 0.2, 0.3]), ArgumentError, "do not go together"),
        (lambda: loyalty.break_even(-1, 100, 0.8), ArgumentError, "`acquisition_cost` must be finite and at least 0"),
        (lambda: loyalty.break_even(1, 100, 80), ArgumentError, "Is 80 % meant"),
        (lambda: loyalty.break_even(1, 100, 0.8, at_once="yes"), ArgumentError, "`at_once` must be True or False"),
        (lambda: loyalty.referral_value(REFERRALS, VALUES, would_have_come=20), ArgumentError,
         r"Is 20 % meant\? That is 0\.2"),
        (lambda: loyalty.referral_value(REFERRALS, VALUES, acquisition_saved=-1), ArgumentError,
         "`acquisition_saved` must be"),
        (lambda: loyalty.referral_value(REFERRALS, VALUES, start="2024-02-01"), DataError,
         "`date` lies before `start`, 2024-02-01, in 1"),
        (lambda: loyalty.referral_value(REFERRALS.assign(referred_id="d"), VALUES), DataError, "share a key"),
        (lambda: loyalty.referral_value(REFERRALS.assign(customer_id=REFERRALS.referred_id), VALUES), DataError,
         "brought themselves"),
        (lambda: loyalty.referral_value(REFERRALS, VALUES[["customer_id"]]), DataError, "has no column `customer_value`"),
        (lambda: loyalty.referral_value(REFERRALS, [1]), DataError, "`values` must be a DataFrame"),
    ],
)  # fmt: skip
def test_refuses_what_cannot_be_meant(call, error, message):
    with pytest.raises(error, match=message):
        call()
