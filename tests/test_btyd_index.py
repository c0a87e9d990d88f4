"""Answers stay with their customers: whatever the index and the order of a table, each row gets its own answer."""

import numpy as np
import pandas as pd
import pytest

from crmlab import btyd
from crmlab.errors import DataError

TRUTH = {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.4}


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    table = btyd.simulate_purchases("bgnbd", TRUTH, customers=600, weeks=(20.0, 52.0), seed=1, holdout_weeks=26)
    amounts = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, table.frequency, seed=2)
    return table.assign(monetary_value=amounts.monetary_value)


@pytest.fixture(scope="module")
def fit(summary) -> btyd.PurchaseFit:
    return btyd.fit_bgnbd(summary)


@pytest.fixture(scope="module")
def spend(summary) -> btyd.SpendFit:
    return btyd.fit_gamma_gamma(summary)


ARRANGED = {
    "sorted": lambda table: table.sort_values("frequency", ascending=False, kind="stable"),
    "filtered": lambda table: table[table.frequency > 1],
    "text": lambda table: table.iloc[::-1].set_index("c" + table.customer_id.iloc[::-1].astype(str)),
    "twice the same label": lambda table: table.set_index(np.zeros(len(table), dtype=int)),
}
ANSWERS = {
    "predict": lambda fit, spend, table: fit.predict(table, 52).purchases,
    "p_alive": lambda fit, spend, table: fit.p_alive(table),
    "spend": lambda fit, spend, table: spend.predict(table).spend,
    "value": lambda fit, spend, table: btyd.customer_value(fit, spend, table).table.discounted_spend,
}


@pytest.mark.parametrize("arrange", ARRANGED.values(), ids=ARRANGED)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_each_row_gets_its_own_answer(answer, arrange, summary, fit, spend):
    table = arrange(summary)
    answers = answer(fit, spend, table)
    assert answers.index.equals(table.index)
    expected = answer(fit, spend, summary).set_axis(summary.customer_id)
    np.testing.assert_allclose(answers, expected.loc[table.customer_id], rtol=1e-9)


@pytest.mark.parametrize("arrange", ARRANGED.values(), ids=ARRANGED)
def test_forecasts_keep_the_index(arrange, summary, fit):
    table = arrange(summary)
    forecast = fit.forecast(table, 26, draws=50, seed=1)
    assert forecast.index.equals(table.index)
    assert forecast.customer_id.equals(table.customer_id)


def test_a_column_of_answers_stands_beside_its_customers(summary, fit):
    """The customer with most purchases is expected to make most of them, wherever their row stands."""
    table = summary.sort_values("frequency", ascending=False, kind="stable")
    table["expected"] = fit.predict(table, 52).purchases
    top = table.iloc[0]
    alone = summary[summary.customer_id == top.customer_id]
    assert top.expected == pytest.approx(fit.predict(alone, 52).purchases.iloc[0], rel=1e-9)


def test_drawn_amounts_keep_the_index_of_the_frequencies():
    frequency = pd.Series([0, 2, 1], index=["ann", "bob", "cy"])
    drawn = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, frequency, seed=1)
    assert drawn.index.equals(frequency.index)
    assert drawn.monetary_value.isna().tolist() == [True, False, False]


def test_purchases_after_the_calibration_end_are_matched_by_their_labels(summary, fit):
    """A Series in another order belongs to the same customers; one with other labels belongs to nobody."""
    expected = btyd.conditional_expectation(fit, summary, summary.holdout_purchases.to_numpy(), weeks=26)
    shuffled = summary.holdout_purchases.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(btyd.conditional_expectation(fit, summary, shuffled, weeks=26), expected)
    with pytest.raises(DataError, match="the index of `holdout_purchases` is not that of `summary`"):
        btyd.conditional_expectation(fit, summary, summary.holdout_purchases.set_axis(summary.index + 1), weeks=26)
