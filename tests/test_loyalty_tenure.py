"""Profit by year of the relationship and its layers, the four cells: slow counts, exact decompositions, refusals."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlab import _engine, datasets, loyalty
from crmlab._verdict import Verdict, verdict
from crmlab.errors import ArgumentError, ColumnError, DataError

FIRST, MONTHS = pd.Timestamp("2021-01-01"), 30  # without a leap year, so that a month is as long in every year

NOBODY = pd.DataFrame({"month": [FIRST], "won": [0], "acquisition_cost": [1.0]})


def firm(*, contract: bool, n: int = 40, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers with days of entry and, under contract, of leaving; profit and orders by month."""
    rng = np.random.default_rng(seed)
    since = FIRST + pd.to_timedelta([0, *rng.integers(0, 500, n - 1)], unit="D")
    left = since + pd.to_timedelta(rng.integers(1, 1500, n), unit="D")
    customers = pd.DataFrame({"customer_id": [f"c{k}" for k in range(n)], "since": since})
    grid = customers.merge(pd.DataFrame({"month": pd.date_range(FIRST, periods=MONTHS, freq="MS")}), how="cross")
    begun = grid.month >= grid.since.dt.to_period("M").dt.to_timestamp()
    grid = grid[begun & ((rng.random(len(grid)) < 0.3) | (grid.month == FIRST))]
    months = grid[["customer_id", "month"]].assign(orders=rng.integers(0, 3, len(grid)), profit=rng.normal(15, 20, len(grid)))
    return customers.assign(left=left.where(left < "2023-07-01")) if contract else customers, months


def day_by_day(customers: pd.DataFrame, months: pd.DataFrame, column: str, years: int) -> dict[str, list[float]]:
    """Spread what a month brought over its days (over those since the entry, in the first) and add up by year, one by one."""
    since, total = customers.set_index("customer_id").since, {}
    for row in months.itertuples():
        begin, days = since[row.customer_id], pd.date_range(row.month, row.month + pd.offsets.MonthEnd())
        days = days[days >= begin]
        for day in days:
            year = day.year - begin.year - ((day.month, day.day) < (begin.month, begin.day))
            if year < years:
                total.setdefault(row.customer_id, [0.0] * years)[year] += getattr(row, column) / len(days)
    return total


@pytest.mark.parametrize("contract", [True, False])
@pytest.mark.parametrize("until", [None, "2023-05-15"])
def test_means_are_those_of_a_count_day_by_day(contract, until):
    customers, months = firm(contract=contract)
    result = loyalty.tenure_profit(customers, months, until=until)
    last = pd.Timestamp("2023-06-30" if until is None else "2023-04-30")
    counted = months[months.month <= last]
    profit, orders = (day_by_day(customers, counted, column, 2) for column in ("profit", "orders"))
    rows = []
    for person in customers.itertuples():
        if person.since + pd.DateOffset(years=2) > last + pd.Timedelta(days=1):
            continue
        amounts = profit.get(person.customer_id, [0.0, 0.0])
        if contract:
            there = [True, pd.isna(person.left) or person.left > person.since + pd.DateOffset(years=1)]
        else:
            there = [number > 0 for number in orders.get(person.customer_id, [0, 0])]
        rows.append((*amounts, *there))
    rows = pd.DataFrame(rows, columns=["first", "second", "then", "now"])
    assert 5 < len(rows) < len(customers)
    now = rows[rows.now][["first", "second"]].mean().tolist()
    assert result.table.profit.tolist() == pytest.approx([rows["first"][rows.then].mean(), now[1], *now])
    assert result.table.customers.tolist() == [rows.then.sum(), *[rows.now.sum()] * 3]
    assert result.set_aside["less than 2 years observed"] == len(customers) - len(rows)
    _engine.check(result.table, "tenure_profit")


def test_growth_is_that_of_the_same_people_and_the_leaving_of_others():
    result = loyalty.tenure_profit(*firm(contract=True, n=300))
    growth, means = result.growth().set_index("view"), result.table.set_index(["view", "year"]).profit
    _engine.check(result.growth(), "tenure_growth")
    assert growth.amount["the leaving of others"] == pytest.approx(means["the same people", 1] - means["still there", 1])
    assert growth.amount["still there"] == pytest.approx(
        growth.amount["the same people"] + growth.amount["the leaving of others"]
    )
    assert growth.share["still there"] == pytest.approx(means["still there", 2] / means["still there", 1] - 1)
    assert growth.share["the leaving of others"] == pytest.approx(growth.share["still there"] - growth.share["the same people"])
    same = result.profit[result.present[:, 1]]
    paired = stats.ttest_1samp(same[:, 1] - same[:, 0], 0)
    assert growth.amount["the same people"] / paired.statistic == pytest.approx(
        (growth.high - growth.low)["the same people"] / 2 / 1.959964, rel=1e-5
    )


def test_intervals_are_those_of_drawing_customers_again():
    """The bootstrap: customers are drawn with what they brought and with whether they were there."""
    rng, n = np.random.default_rng(3), 500
    taste = rng.gamma(1.5, 40, n)
    present = np.column_stack([np.ones(n, bool), rng.random(n) < taste / (taste + 40)])
    result = loyalty.TenureProfit(np.column_stack([taste, 0.9 * taste]) + rng.normal(0, 20, (n, 2)), present, "", {})
    draws = []
    for _ in range(1_500):
        rows = rng.integers(0, n, n)
        draws.append(loyalty.TenureProfit(result.profit[rows], present[rows], "", {}).growth()[["amount", "share"]].to_numpy())
    growth, spread = result.growth(), np.std(draws, axis=0)
    assert ((growth.high - growth.low) / 2 / 1.96).to_numpy() == pytest.approx(spread[:, 0], rel=0.08)
    assert ((growth.share_high - growth.share_low) / 2 / 1.96).to_numpy() == pytest.approx(spread[:, 1], rel=0.08)
    wide = (growth.high - growth.low).to_numpy() / (result.growth(0.5).high - result.growth(0.5).low).to_numpy()
    assert wide == pytest.approx(1.959964 / 0.6744898, rel=1e-5)


def test_both_views_are_equal_where_nobody_leaves():
    customers, months = firm(contract=True, n=100)
    result = loyalty.tenure_profit(customers.assign(left=pd.NaT), months)
    there, same = (rows.profit.tolist() for _, rows in result.table.groupby("view"))
    assert there == same
    leaving = result.growth().iloc[2]
    assert leaving[["amount", "low", "high", "share"]].tolist() == [0, 0, 0, 0]
    assert "The leaving of others makes of it: not distinguishable" in str(result.summary())


def test_growth_is_nothing_but_leaving_where_nobody_changes():
    """Everybody brings the same in every month of their life; those who bring little leave before the second year."""
    customers, _ = firm(contract=True, n=60)
    brings = pd.Series(np.where(np.arange(60) % 2, 10.0, 50.0), customers.customer_id)
    customers["since"] = FIRST + pd.to_timedelta(np.arange(60) * 3, unit="D")
    customers["left"] = pd.Series(np.where(np.arange(60) % 2, 1, np.nan)) * pd.Timedelta(days=200) + customers.since
    months = customers[["customer_id"]].merge(
        pd.DataFrame({"month": pd.date_range(FIRST, periods=MONTHS, freq="MS")}), how="cross"
    )
    entry = customers.set_index("customer_id").since[months.customer_id].reset_index(drop=True)
    begun = entry.dt.to_period("M").dt.to_timestamp()
    part = np.where(
        months.month == begun, 1 - (entry.dt.day - 1) / entry.dt.days_in_month, 1.0
    )  # of the first month, as billed
    months["profit"] = brings[months.customer_id].to_numpy() * part
    result = loyalty.tenure_profit(customers, months[months.month >= begun])
    assert result.table.profit.tolist() == pytest.approx([360, 600, 600, 600])
    assert result.growth().amount.tolist() == pytest.approx([240, 0, 240])


def test_a_year_is_as_long_for_who_comes_at_the_end_of_a_month():
    """The first month is half a month short on average: without the split the second year would be 4 % above the first."""
    customers = pd.DataFrame({"customer_id": ["a"], "since": [pd.Timestamp("2021-01-25")], "left": [pd.NaT]})
    months = pd.DataFrame({"customer_id": "a", "month": pd.date_range(FIRST, periods=40, freq="MS"), "profit": 31.0})
    months.loc[0, "profit"] = 7.0
    result = loyalty.tenure_profit(customers, months, years=3)
    assert result.profit.tolist() == [pytest.approx([12 * 31] * 3)]
    assert result.table.year.tolist() == [1, 2, 3, 1, 2, 3]


def test_layers_add_up_to_the_profit_of_all_who_were_won():
    customers, months = firm(contract=True, n=120)
    rng = np.random.default_rng(4)
    pairs = rng.permutation(120)[:40]
    referrals = pd.DataFrame({"customer_id": [f"c{k}" for k in pairs[:20]], "referred_id": [f"c{k}" for k in pairs[20:]]})
    since = customers.set_index("customer_id").since
    older = since[referrals.referred_id].to_numpy() < since[referrals.customer_id].to_numpy()
    referrals.loc[older, ["customer_id", "referred_id"]] = referrals.loc[older, ["referred_id", "customer_id"]].to_numpy()
    referrals["date"] = since[referrals.referred_id].to_numpy()
    cost = pd.DataFrame({"month": pd.date_range(FIRST, periods=MONTHS, freq="MS"), "won": 4, "acquisition_cost": 100.0})
    result = loyalty.tenure_profit(customers, months, firm_months=cost, referrals=referrals)
    layers = result.layers.set_index(["year", "layer"]).amount
    _engine.check(result.layers, "profit_layers")
    assert layers[0, "acquisition"] == -25
    own = layers.drop(index=[(0, "acquisition"), (1, "referrals"), (2, "referrals")])
    assert own.groupby("year").sum().tolist() == pytest.approx(result.profit.mean(axis=0).tolist())
    assert layers[1, "growth of the same people"] == 0
    assert layers[2, "base profit"] == pytest.approx(result.profit[result.present[:, 1], 0].sum() / len(result.profit))
    counted = customers[customers.since + pd.DateOffset(years=2) <= "2023-07-01"]
    brought = referrals[referrals.customer_id.isin(counted.customer_id)]
    theirs = months.merge(brought, left_on="customer_id", right_on="referred_id", suffixes=("_own", ""))
    slow = np.sum([*day_by_day(counted, theirs, "profit", 2).values()], axis=0) / len(counted)
    assert [layers[1, "referrals"], layers[2, "referrals"]] == pytest.approx(slow.tolist())
    assert set(loyalty.tenure_profit(customers, months).layers.layer) == {
        "base profit", "growth of the same people", "those no longer there",
    }  # fmt: skip
    assert "cannot show lower costs to serve and higher prices" in " ".join(str(result.summary()).split())


def test_the_default_firm_grows_by_the_leaving_of_others():
    """The lesson's moment: profit of those still there rises, that of the same people does not."""
    customers, months = datasets.load("customers"), datasets.load("customer_months")
    result = loyalty.tenure_profit(customers, months)
    growth = result.growth().set_index("view")
    assert growth.low["still there"] > 0
    assert growth.amount["the same people"] < 0
    assert growth.low["the leaving of others"] > 0
    words = result.plot().get_title("left").replace("\n", " ")
    assert f"{100 * growth.share['still there']:.1f} % more (those still there)" in words
    answer = verdict(growth.low["the same people"], growth.high["the same people"])
    assert (f"{answer} (the same people)" in words) == (answer is Verdict.NOT_DISTINGUISHABLE)


def test_both_charts_have_one_axis():
    result = loyalty.tenure_profit(*firm(contract=True, n=100))
    limits = [result.plot(view).get_xlim() for view in ("still there", "the same people", None)]
    assert limits[0] == limits[1] == limits[2]
    assert "Year 2, the same people:" in result.plot("the same people").figure.alt
    _, ax = plt.subplots()
    assert result.plot(ax=ax) is ax
    with pytest.raises(ArgumentError, match="`view` must be one of 'still there', 'the same people'"):
        result.plot("everyone")


def test_one_customer_has_no_interval_and_losses_have_no_share():
    one = loyalty.TenureProfit(np.array([[5.0, 6.0]]), np.ones((1, 2), bool), "", {})
    assert one.table[["low", "high"]].isna().all(axis=None)
    assert "the same people: too few to say" in str(one.summary())
    loss = np.random.default_rng(5).normal([-4, 5], 3, (50, 2))
    result = loyalty.TenureProfit(loss, np.ones((50, 2), bool), "", {})
    assert result.growth().share.isna().all()
    assert f"those still there: {result.growth().amount[0]:,.2f} more" in str(result.summary())


def test_cohort_and_those_set_aside():
    customers, months = firm(contract=True, n=100)
    result = loyalty.tenure_profit(customers, months, cohort=("2021-03-01", "2021-06-30"))
    inside = customers.since.between("2021-03-01", "2021-06-30")
    assert len(result.profit) == inside.sum()
    assert list(result.set_aside.values()) == [100 - inside.sum(), 0, 0]
    later = months[months.month >= "2021-04-01"]
    early = int((customers.since < "2021-04-01").sum())
    assert early > 0
    assert loyalty.tenure_profit(customers, later).set_aside["entered before the first month of the records"] == early
    assert f"entered before the first month of the records: {early}" in str(loyalty.tenure_profit(customers, later).summary())


@pytest.mark.parametrize(
    ("change", "how", "error", "message"),
    [
        (lambda c, m: (c.drop(columns="since"), m), {}, ColumnError, "A snapshot without days of entry tells who is there"),
        (lambda c, m: (c.assign(left=c.since - pd.Timedelta(days=1)), m), {}, DataError, "`left` lies before `since` in 40"),
        (lambda c, m: (c.assign(since=pd.Timestamp("2023-06-01")), m), {}, DataError, "money comes before the month"),
        (lambda c, m: (c, m), {"years": 3}, DataError, "none of 40 customers has been observed for 3 years"),
        (lambda c, m: (c, m), {"years": 1}, ArgumentError, "`years` must be a whole number of at least 2"),
        (lambda c, m: (c, m), {"until": "2020-12-30"}, DataError, "no month ends on or before `until`"),
        (lambda c, m: (c, m), {"cohort": "2021"}, ArgumentError, "`cohort` must be two days"),
        (lambda c, m: (c, m.assign(customer_id="nobody" + m.customer_id)), {}, DataError, "stands in the table of customers"),
        (lambda c, m: (c.assign(left=c.since), m), {}, DataError, "none was still there in year 2: none had not left"),
        (lambda c, m: (c.drop(columns="left"), m.assign(orders=0)), {}, DataError, "year 1: none had an order in the year"),
        (lambda c, m: (c.drop(columns="left"), m.drop(columns="orders")), {}, DataError, "has no column `orders`"),
        (lambda c, m: ([1, 2], m), {}, DataError, "`customers` must be a DataFrame"),
        (lambda c, m: (pd.concat([c, c]), m), {}, DataError, "share a key that must be unique"),
        (lambda c, m: (c, m), {"firm_months": NOBODY}, DataError, "has nobody who was `won` from 2021-"),
    ],
)  # fmt: skip
def test_refuses_what_tells_no_tenure(change, how, error, message):
    customers, months = change(*firm(contract=True))
    if "left" in customers and message.startswith("money"):
        customers["left"] = pd.NaT
    with pytest.raises(error, match=message):
        loyalty.tenure_profit(customers, months, **how)


def stays(n: int = 200, seed: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    stay = rng.integers(0, 900, n)
    return pd.DataFrame({"customer_id": np.arange(n), "stay_days": stay, "profit": 0.05 * stay + rng.normal(0, 30, n)})


def test_cells_are_those_of_a_count_and_correlations_those_of_scipy():
    table = stays()
    result = loyalty.four_cells(table)
    _engine.check(result.table, "four_cells")
    _engine.check(result.correlation(), "stay_correlations")
    median_stay, median_profit, counts = table.stay_days.median(), table.profit.median(), {}
    for row in table.itertuples():
        cell = {(True, True): "true friends", (True, False): "barnacles", (False, True): "butterflies"}.get(
            (row.stay_days > median_stay, row.profit > median_profit), "strangers"
        )
        counts[cell] = counts.get(cell, 0) + 1
        assert result.customers.cell[row.Index] == cell
    assert dict(zip(result.table.cell, result.table.customers, strict=True)) == counts
    assert result.table.share.sum() == pytest.approx(1)
    assert result.table.profit_share.sum() == pytest.approx(1)
    pearson, spearman = result.correlation(0.9).itertuples()
    reference = stats.pearsonr(table.stay_days, table.profit)
    assert (pearson.estimate, pearson.low, pearson.high) == pytest.approx(
        (reference.statistic, *reference.confidence_interval(0.9))
    )
    assert spearman.estimate == pytest.approx(table.stay_days.corr(table.profit, method="spearman"))
    widths = [np.arctanh(row.high) - np.arctanh(row.low) for row in (pearson, spearman)]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(1 + spearman.estimate**2 / 2))


def test_who_stands_at_a_median_is_short_or_low():
    table = pd.DataFrame({"customer_id": range(5), "stay_days": [0, 0, 0, 7, 9], "profit": [1.0, 2, 3, 3, 3]})
    cells = loyalty.four_cells(table).customers.cell.tolist()
    assert cells == ["strangers", "strangers", "strangers", "barnacles", "barnacles"]
    assert loyalty.four_cells(table).table.customers.tolist() == [0, 2, 0, 3]


def test_perfect_correlation_has_an_interval_without_width():
    table = pd.DataFrame({"customer_id": range(8), "stay_days": range(8), "profit": np.arange(8.0)})
    assert loyalty.four_cells(table).correlation()[["estimate", "low", "high"]].to_numpy() == pytest.approx(np.ones((2, 3)))


def test_words_of_the_cells_follow_the_interval():
    title = lambda table: loyalty.four_cells(table).plot().get_title("left").replace("\n", " ")  # noqa: E731
    assert title(stays()).startswith("Those who stay long bring more (r = 0.")
    assert title(stays().assign(profit=lambda rows: -rows.profit)).startswith("Those who stay long bring less (r = -0.")
    assert "not distinguishable" in title(stays().assign(profit=np.random.default_rng(7).normal(size=200)))
    summary = str(loyalty.four_cells(stays()).summary())
    assert "Median length of stay, in days" in summary
    assert "Pearson's correlation of stay and profit: 0." in summary


def test_observed_stay_is_from_the_first_to_the_last_order():
    orders = datasets.load("orders")
    result = loyalty.observed_stay(orders, until="2024-12-31")
    early = orders[orders.order_date < "2025-01-01"].groupby("customer_id").order_date
    expected = (early.max().dt.normalize() - early.min().dt.normalize()).dt.days.sort_index()
    assert result.customer_id.tolist() == expected.index.tolist()
    assert result.stay_days.tolist() == expected.tolist()
    _engine.check(result, "stays")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (stays(3), "at least four customers; there are 3"),
        (stays().assign(stay_days=4), "stayed equally long"),
        (stays().assign(profit=1.0), "brought the same"),
        (stays().drop(columns="profit"), "no column `profit`"),
        (stays().assign(stay_days=-1), "`stay_days` is negative"),
        (stays().assign(customer_id=1), "share a key"),
        ("a file", "`stays` must be a DataFrame"),
    ],
)
def test_refuses_what_makes_no_cells(table, message):
    with pytest.raises(DataError, match=message):
        loyalty.four_cells(table)
