"""Lead scores: published numbers, slow obvious counts, recovery from the firm, laws, refusals."""

from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import special
from world_firms import firm

from crmlab import development
from crmlab.development import knowledge, ranking
from crmlab.errors import ArgumentError, ConvergenceError, DataError

PUBLISHED = Path(__file__).parent / "published"
KNOWN = ["means", "intent", "page_views", "asked_for_offer", "distance_hours", "channel", "region", "age_group"]


@cache
def prospects() -> pd.DataFrame:
    """New prospects of a manufacturer with their deals, and three counts that only the end tells."""
    made = firm("manufacturer-v1", customers=1_000, seed=3)
    new = made["prospects"][made["prospects"].kind == "new"]
    table = new.merge(made["deals"].drop(columns="customer_id"), on="prospect_id")
    table["steps"] = table.prospect_id.map(made["stage_events"].groupby("prospect_id").step.max())
    table["talks"] = table.prospect_id.map(made["objections"].groupby("prospect_id").size()).fillna(0)
    table["days"] = (table.closed - table.created).dt.days.fillna(200)
    return table


@cache
def honest() -> development.LeadScore:
    return development.fit_lead_score(prospects(), features=KNOWN, within_days=240)


def drawn(n: int, seed: int) -> pd.DataFrame:
    """Prospects whose log odds are -1 + .8 size + 1 where warm - .5 in the south."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({
        "created": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D"),
        "size": rng.normal(0, 1, n), "warm": rng.random(n) < 0.3, "region": rng.choice(["north", "south"], n, p=[0.6, 0.4]),
    })  # fmt: skip
    odds = -1 + 0.8 * table["size"] + table.warm - 0.5 * (table.region == "south")
    return table.assign(outcome=np.where(rng.random(n) < special.expit(odds), "won", "lost"))


@cache
def score() -> development.LeadScore:
    return development.fit_lead_score(drawn(6_000, 1))


# --- published numbers ----------------------------------------------------------------------------------------------------


def test_wooldridge_example_17_1():
    """Wooldridge, Introductory Econometrics, table 17.1: the logit of working for a wage, on all women."""
    mroz = pd.read_csv(PUBLISHED / "mroz.csv")
    table = mroz.assign(exper2=mroz.exper**2)[["inlf", "nwifeinc", "educ", "exper", "exper2", "age", "kidslt6", "kidsge6"]]
    fit = development.fit_lead_score(table, "inlf", split="none")
    rows = fit.table.set_index("parameter")
    assert rows.estimate.round(3).to_dict() == {
        "constant": 0.425, "nwifeinc": -0.021, "educ": 0.221, "exper": 0.206, "exper2": -0.003, "age": -0.088,
        "kidslt6": -1.443, "kidsge6": 0.06,
    }  # fmt: skip
    assert rows.std_error.round(3).tolist() == [0.86, 0.008, 0.043, 0.032, 0.001, 0.015, 0.204, 0.075]
    assert round(fit.loglik, 2) == -401.77
    assert any("Judged on the rows that it learned from" in line for line in fit.warnings)


def test_hanley_and_mcneil_1982():
    """Ratings of 109 images, Radiology 143, table II: area .893; DeLong's error .0307 and interval as Stata's roctab."""
    rating = np.repeat([1, 2, 3, 4, 5] * 2, [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
    ill = np.repeat([False, True], [58, 51])
    area, cov = ranking.delong(ill, rating)
    assert round(area[0], 4) == 0.8932
    assert round(float(np.sqrt(cov[0, 0])), 4) == 0.0307
    assert [round(end, 5) for end in ranking.auc_interval(area[0], cov[0, 0], 0.95)] == [0.83295, 0.95339]


# --- slow, obvious counts -------------------------------------------------------------------------------------------------


def test_delong_counts_pairs():
    """Two scores with many ties: areas and covariance by looking at each pair of a won and a lost."""
    rng = np.random.default_rng(1)
    won = rng.random(60) < 0.4
    scores = np.stack([rng.integers(0, 5, 60) + won, rng.integers(0, 8, 60) + 2 * won]).astype(float)
    areas, cov = ranking.delong(won, scores)
    wins = np.array([[[(a > b) + (a == b) / 2 for b in each[~won]] for a in each[won]] for each in scores])
    assert areas == pytest.approx(wins.mean(axis=(1, 2)))
    expected = np.cov(wins.mean(axis=2)) / won.sum() + np.cov(wins.mean(axis=1)) / (~won).sum()
    assert cov == pytest.approx(expected)


def test_calibration_line_is_a_logit_on_the_logit():
    from statsmodels.api import Logit, add_constant

    rng = np.random.default_rng(2)
    chance = rng.beta(2, 4, 500)
    won = rng.random(500) < special.expit(0.3 + 0.7 * special.logit(chance))
    line, cov = ranking.calibration_line(won, chance)
    expected = Logit(won.astype(float), add_constant(special.logit(chance))).fit(disp=0)
    assert line == pytest.approx(np.asarray(expected.params), abs=1e-6)
    assert cov == pytest.approx(np.asarray(expected.cov_params()), rel=1e-5)
    assert np.isnan(ranking.calibration_line(won, np.full(500, 0.3))[0]).all()


def test_gains_and_ties_by_hand():
    won = np.array([True, False, True, False])
    assert ranking.cumulated_wins(won, np.array([0.9, 0.9, 0.2, 0.1]), np.array([1, 2, 3, 4])).tolist() == [0.5, 1, 2, 2]
    table = ranking.gains_table(won, np.full(4, 0.5), groups=4)
    assert table.gains.tolist() == table.share_called.tolist()
    assert table.lift.tolist() == [1] * 4


def test_calibration_table_keeps_ties_together():
    chance = np.repeat([0.1, 0.4, 0.8], [50, 30, 20])
    won = np.arange(100) % 2 == 0
    table = ranking.calibration_table(won, chance, 0.95)
    assert table.prospects.tolist() == [50, 30, 20]
    assert table.predicted.tolist() == pytest.approx([0.1, 0.4, 0.8])
    assert ((table.low < table.observed) & (table.observed < table.high)).all()


# --- recovery -------------------------------------------------------------------------------------------------------------


def test_the_logit_recovers_what_drew_the_prospects():
    ends = score().interval(0.999).set_index("parameter")
    truth = {"constant": -1, "size": 0.8, "warm": 1, "region=south": -0.5}
    assert set(ends.index) == set(truth)
    for name, value in truth.items():
        assert ends.low[name] < value < ends.high[name]
    line = score().performance.set_index("model").loc["logit"]
    assert abs(line.slope - 1) < 3 * line.slope_std_error
    fits = score().calibration()
    assert ((fits.low <= fits.predicted) & (fits.predicted <= fits.high)).mean() >= 0.8


def test_boosting_finds_a_bend_that_the_logit_misses():
    rng = np.random.default_rng(3)
    table = drawn(4_000, 3)
    table["outcome"] = np.where(rng.random(4_000) < special.expit(2 * table["size"] ** 2 - 2), "won", "lost")
    fit = development.fit_lead_score(table)
    assert fit.auc_difference()[1] > 0.1
    assert "Boosting ranks better than the logit" in str(fit)
    assert "`size`" not in " ".join(fit.warnings)


def test_three_honest_clicks_at_the_firm():
    """A proud model knows how many steps it took; the honest one does not, and there the humble logit overtakes."""
    proud = development.fit_lead_score(prospects(), features=[*KNOWN, "steps", "talks", "days"], split="random", seed=1)
    later = development.fit_lead_score(prospects(), features=KNOWN)
    assert proud.performance.auc.min() > 0.9
    assert set(proud.suspects.column[proud.suspects.suspect]) == {"steps", "talks", "days"}
    assert sum("explains too much" in line for line in proud.warnings) == 3
    for fit in (later, honest()):
        assert 0.62 < fit.performance.auc[0] < 0.76
        assert not fit.suspects.suspect.any()
        assert fit.auc_difference()[2] < 0
        assert "The logit ranks better than boosting" in str(fit)
    assert honest().performance.slope[0] > honest().performance.slope[1] + 0.2


def test_the_firms_tables_say_what_is_known_later():
    fit = development.fit_lead_score(prospects().drop(columns=["steps", "talks", "days"]))
    assert set(fit.design.names) == set(KNOWN)
    reasons = fit.set_aside.set_index("column").reason
    assert {name for name in reasons.index if "is known only from" in reasons[name]} == {
        "need", "expected_value", "deal_value", "lost_reason",
    }  # fmt: skip
    assert "understanding needs" in reasons["need"]
    assert {"prospect_id", "customer_id", "salesperson_id", "closed", "kind"} <= set(reasons.index)
    assert knowledge.known_later(["means", "whatever"]) == {}


def test_what_ended_after_the_split_is_told_or_left_out():
    later = development.fit_lead_score(prospects(), features=KNOWN)
    assert any("ended after the split: on that day nobody knew" in line for line in later.warnings)
    assert any("still open and left out" in line for line in later.warnings)
    assert not honest().notes
    assert honest().n_left_out > 0


# --- laws -----------------------------------------------------------------------------------------------------------------


def test_no_day_is_on_both_sides_and_nothing_was_learned_too_early():
    table = drawn(3_000, 4)
    fit = development.fit_lead_score(table)
    assert fit.n_train == (table.created < fit.cut).sum()
    assert len(fit.tried.won) == (table.created >= fit.cut).sum()
    assert fit.n_train / 3_000 == pytest.approx(0.7, abs=0.01)
    had_time = prospects().created + pd.Timedelta(days=240) <= prospects()[["created", "closed"]].max().max()
    known = prospects().created + pd.Timedelta(days=240) < honest().cut
    assert honest().n_train == (had_time & known).sum()
    won = (prospects().outcome == "won") & (prospects().closed - prospects().created <= pd.Timedelta(days=240))
    assert honest().tried.won.sum() == (won & had_time & (prospects().created >= honest().cut)).sum()


def test_the_sign_of_a_score_and_the_order_of_rows():
    rng = np.random.default_rng(5)
    won, chance = rng.random(200) < 0.3, rng.random(200)
    assert ranking.delong(won, 1 - chance)[0][0] == pytest.approx(1 - ranking.delong(won, chance)[0][0])
    assert ranking.delong(won, chance**3)[0][0] == pytest.approx(ranking.delong(won, chance)[0][0])
    order = rng.permutation(3_000)
    table = drawn(3_000, 6)
    for how in ({}, {"split": "random", "seed": 2}):
        one, other = (development.fit_lead_score(each, **how) for each in (table, table.iloc[order]))
        assert one.estimates == pytest.approx(other.estimates, abs=1e-8)
        assert one.performance.auc.to_numpy() == pytest.approx(other.performance.auc.to_numpy(), abs=1e-6)


def test_a_new_category_counts_as_the_mean_of_the_others():
    rows = pd.DataFrame({"size": 0.0, "warm": False, "region": ["north", "south", "moon"]})
    chances = score().predict(rows)
    assert chances.unseen.tolist() == [False, False, True]
    odds = special.logit(chances.chance.to_numpy())
    share = score().design.shares["region"]
    assert odds[2] == pytest.approx(share @ odds[:2])
    assert score().predict(rows, model="boosting").chance.between(0, 1).all()
    assert len(score().predict(rows.iloc[:0])) == len(score().predict(rows.iloc[:0], model="boosting")) == 0


def test_missing_numbers_have_a_column_of_their_own():
    table = drawn(3_000, 7)
    table["size"] = table["size"].where(np.random.default_rng(7).random(3_000) < 0.8)
    fit = development.fit_lead_score(table)
    assert "size=missing" in list(fit.table.parameter)
    assert fit.predict(pd.DataFrame({"size": [np.nan], "warm": [True], "region": ["north"]})).chance.between(0, 1).all()


def test_rare_categories_count_as_the_mean():
    table = drawn(3_000, 8)
    table.loc[table.index[:6], "region"] = [f"island {k}" for k in range(6)]
    fit = development.fit_lead_score(table)
    assert set(fit.design.levels["region"]) == {"north", "south"}


def test_calls_stop_where_they_cost_more_than_they_bring():
    plan = score().call_plan(1_000, 300)
    chance, won = score().tried.chances["logit"], score().tried.won
    called = chance >= 0.3
    assert plan.called == called.sum()
    assert plan.threshold == chance[called].min()
    weekly = score().prospects_per_week / len(won)
    assert plan.profit_per_week == pytest.approx((1_000 * won[called].sum() - 300 * called.sum()) * weekly)
    assert plan.interval()[0] < plan.profit_per_week < plan.interval()[1]
    assert plan.profit_per_week > plan.profit_by_lot
    assert "more than by lot" in str(plan)
    plt.close(plan.plot().figure)


def test_more_calls_allowed_never_expect_less():
    """Each further call is worth its cost by the chances, so what they promise never falls."""
    chance = np.sort(score().tried.chances["logit"])[::-1]
    promised = []
    for capacity in (0, 5, 10, 20, 40, 1_000):
        plan = score().call_plan(1_000, 200, capacity)
        assert plan.calls_per_week <= capacity + 1e-9
        promised.append((1_000 * chance[: int(plan.called)] - 200).sum())
    assert promised == sorted(promised)
    assert score().call_plan(1_000, 0).calls_per_week == pytest.approx(score().prospects_per_week)
    assert score().call_plan(100, 200).called == 0
    assert "No call is worth its cost" in str(score().call_plan(100, 200))


def test_the_curve_ends_at_calling_everybody():
    plan = score().call_plan(1_000, 300, 10)
    assert plan.table.profit_per_week.iloc[-1] == pytest.approx(plan.profit_of_all)
    assert plan.table.profit_per_week.iloc[0] == 0
    assert plan.table.possible.tolist() == (plan.table.calls_per_week <= 10 + 1e-9).tolist()


def test_summary_and_picture():
    text = str(score())
    assert "Judged on later prospects" in text
    assert "Lead score" in text
    axes = score().plot()
    assert "The first fifth by score holds" in axes.get_title("left")
    plt.close(axes.figure)
    assert score().gains().gains.iloc[-1] == 1
    assert np.all(np.diff(score().gains().gains) >= 0)


# --- refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(outcome="won"), "all were won"),
        (lambda table: table.assign(outcome="lost"), "none was won"),
        (
            lambda table: table.assign(outcome=np.where(table.created < "2024-01-01", "won", "lost")),
            "rows to be judged on none",
        ),
        (lambda table: table.assign(outcome="maybe"), '`outcome` is none of won, lost, open.*won="maybe"'),
        (lambda table: table.assign(outcome=2), "`outcome` is neither 0 nor 1"),
        (lambda table: table.assign(created=pd.Timestamp("2099-01-01")), "`created` lies in the future"),
        (lambda table: table.assign(created="2024-01-01"), "`created` must hold dates"),
        (lambda table: table.assign(created=table.created.where(table.index > 0)), "`created` is missing in 1 of 900"),
        (lambda table: table.assign(deal_currency=["EUR", "CNY"] * 450), "names 2 currencies"),
        (lambda table: table.assign(copy=2 * table["size"]), "`copy` follows from the other columns|`size` follows"),
        (lambda table: table[["created", "outcome"]].assign(kind=1), "no column is left"),
        (lambda table: table.drop(columns="outcome"), "no column `outcome`"),
        (lambda table: table.assign(size=np.where(table.index == 5, np.inf, table["size"])), "`size` is infinite"),
    ],
)
def test_tables_that_cannot_tell_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        development.fit_lead_score(change(drawn(900, 9)))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("lead_number", np.arange(900), "`lead_number` numbers the rows"),
        ("serial", np.arange(900) * 7, "`serial` numbers the rows"),
        ("name", [f"Ms {k}" for k in range(900)], "`name` has more than 50 categories"),
        ("seller_id", ["a", "b", "c"] * 300, "`seller_id` names somebody"),
        ("first_seen", pd.Timestamp("2024-01-01"), "`first_seen` holds dates"),
        ("constant", 1.0, "`constant` is constant"),
        ("deal_value", 1.5, "`deal_value` is known only from: `closed` in `prospects`"),
        ("lost_reason", ["a", "b", "c"] * 300, 'allow=\\["lost_reason"\\]'),
    ],
)
def test_columns_that_are_no_property_are_refused_when_named(name, values, message):
    table = drawn(900, 10).assign(**{name: values})
    with pytest.raises(DataError, match=message):
        development.fit_lead_score(table, features=["size", name])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (lambda won: won, "column `signed` separates the won from the lost: all .* rows with `signed` 0 were lost"),
        (lambda won: np.where(won, "yes", "no"), "column `signed` separates"),
        (lambda won: won * 10 + np.arange(900) % 7, "in `signed` whoever was won lies above"),
        (lambda won: np.where(won, 5.0 + np.arange(900) % 3, np.nan), "all .* rows with `signed` missing were lost"),
    ],
)
def test_separation_names_the_column(column, message):
    table = drawn(900, 11)
    table["signed"] = column((table.outcome == "won").to_numpy())
    with pytest.raises(ConvergenceError, match=message):
        development.fit_lead_score(table)


def test_separation_by_two_columns_names_one_of_them():
    table = drawn(900, 12)
    rng = np.random.default_rng(12)
    table["before"] = rng.normal(0, 1, 900)
    table["after"] = table.before + np.where(table.outcome == "won", 1, -1) * rng.uniform(0.1, 1, 900)
    with pytest.raises(ConvergenceError, match=r"together with others, column `(before|after)` separates"):
        development.fit_lead_score(table)


def test_arguments_refused():
    table = drawn(900, 13)
    with pytest.raises(ArgumentError, match="needs `date=`"):
        development.fit_lead_score(table.drop(columns="created"))
    with pytest.raises(ArgumentError, match="needs a seed"):
        development.fit_lead_score(table, split="random")
    with pytest.raises(ArgumentError, match="`split` must be one of"):
        development.fit_lead_score(table, split="lot")
    with pytest.raises(ArgumentError, match="`allow` must be a list"):
        development.fit_lead_score(table, allow="size")
    with pytest.raises(ArgumentError, match="`features` must be a list"):
        development.fit_lead_score(table, features="size")
    with pytest.raises(ArgumentError, match="`won` is 'yes', but column `outcome` holds lost and won"):
        development.fit_lead_score(table, won="yes")
    with pytest.raises(DataError, match="no column `closed`"):
        development.fit_lead_score(table, within_days=30)
    with pytest.raises(DataError, match="nobody had 9000 days"):
        development.fit_lead_score(table.assign(closed=table.created), within_days=9_000)
    with pytest.raises(ArgumentError, match="`model` must be one of"):
        score().predict(table, model="forest")
    with pytest.raises(DataError, match="no column `warm`"):
        score().predict(table.drop(columns="warm"))
    dateless = development.fit_lead_score(table.drop(columns="created"), split="random", seed=1)
    with pytest.raises(ArgumentError, match="Give `prospects_per_week`"):
        dateless.call_plan(1, 1)


def test_columns_known_later_may_be_allowed_and_are_told():
    table = drawn(900, 14).assign(expected_value=np.random.default_rng(14).gamma(2, 100, 900))
    fit = development.fit_lead_score(table, allow=["expected_value"])
    assert "expected_value" in fit.design.names
    assert any("`expected_value` is known only from" in line for line in fit.warnings)


def test_one_column_that_tells_nearly_all_is_named():
    table = drawn(2_000, 15)
    table["minutes"] = np.where(table.outcome == "won", 9.0, 5.0) + np.random.default_rng(15).normal(0, 1.3, 2_000)
    fit = development.fit_lead_score(table)
    row = fit.suspects.set_index("column").loc["minutes"]
    assert row.suspect
    assert row.auc_alone > 0.9
    assert row.auc_without < fit.performance.auc[0] - 0.1
    assert "`minutes` explains too much" in " ".join(str(fit).split())
