"""What a deal is worth, what winning costs, which answers work, who qualifies: published numbers, recovery, laws, refusals."""

import math
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from world_firms import firm

from crmlab import development
from crmlab.development import heckman
from crmlab.errors import ArgumentError, ConvergenceError, DataError

PUBLISHED = Path(__file__).parent / "published"
PRICES = {
    "prospecting": 25, "contacting": 40, "preparing": 40, "approaching": 120, "understanding needs": 150, "presenting": 300,
    "overcoming objections": 150, "closing": 150,
}  # fmt: skip


@cache
def mroz() -> pd.DataFrame:
    table = pd.read_csv(PUBLISHED / "mroz.csv")
    table["kids"] = (table.kidslt6 + table.kidsge6 > 0).astype(int)
    return table.assign(exper2=table.exper**2, age2=table.age**2, wage=table.wage.where(table.inlf == 1))


@cache
def maker():
    return firm("manufacturer-v1", customers=2_000, seed=1)


@cache
def prospects() -> pd.DataFrame:
    """New prospects of all but the last year, with what is noted of their deals."""
    made = maker()
    new = made["prospects"][made["prospects"].kind == "new"]
    new = new[new.created < "2025-01-01"]
    return new.merge(made["deals"].drop(columns="customer_id"), on="prospect_id")


def selected(n: int, seed: int, *, rho: float = -0.6) -> pd.DataFrame:
    """Deals worth 10 + 2 size + e, seen where 0.5 + size - distance + u > 0; the errors are correlated."""
    rng = np.random.default_rng(seed)
    size, distance = rng.normal(0, 1, n), rng.uniform(0, 2, n)
    u = rng.normal(0, 1, n)
    value = 10 + 2 * size + 1.5 * (rho * u + math.sqrt(1 - rho**2) * rng.normal(0, 1, n))
    return pd.DataFrame({"size": size, "distance": distance, "value": np.where(0.5 + size - distance + u > 0, value, np.nan)})


def fit(table: pd.DataFrame, **how) -> development.AcquisitionFit:
    return development.fit_acquisition(table, "value", value_drivers=["size"], win_drivers=["size", "distance"], **how)


# --- what a deal is worth -------------------------------------------------------------------------------------------------


def test_wooldridge_example_17_5():
    """Wooldridge, Introductory Econometrics, example 17.5 and table 17.7: Mroz's wages."""
    model = development.fit_acquisition(
        mroz(), "lwage", value_drivers=["educ", "exper", "exper2"], won="inlf",
        win_drivers=["educ", "exper", "exper2", "nwifeinc", "age", "kidslt6", "kidsge6"],
    )  # fmt: skip
    rows = model.table.set_index("parameter")
    assert rows.estimate.round(5).to_dict() == {
        "constant": -0.5781, "educ": 0.10907, "exper": 0.04389, "exper2": -0.00086, "lambda": 0.03226,
    }  # fmt: skip
    assert rows.std_error.round(5).to_list() == [0.30501, 0.01552, 0.01626, 0.00044, 0.13362]
    assert (round(model.steps.sigma, 4), round(model.steps.rho, 4)) == (0.6636, 0.0486)
    assert round(model.steps.loglik, 3) == -401.302
    assert model.ols.set_index("parameter").loc["educ"].round(5).tolist() == [0.10749, 0.01415]
    assert (model.n, model.n_won) == (753, 428)
    assert "cannot be told from chance" in str(model.summary())


def test_greene_on_the_same_women():
    """Greene, Econometric Analysis, table of the two-step estimates; as in package sampleSelection."""
    model = development.fit_acquisition(
        mroz(), "wage", value_drivers=["exper", "exper2", "educ", "city"], win_drivers=["age", "age2", "faminc", "kids", "educ"]
    )
    rows = model.table.set_index("parameter")
    assert rows.estimate.round(5).tolist() == [-0.9712, 0.02106, 0.00014, 0.41702, 0.44384, -1.09762]
    assert rows.std_error.round(5).tolist() == [2.05935, 0.06246, 0.00188, 0.10025, 0.3159, 1.26599]
    assert (round(model.steps.sigma, 4), round(model.steps.rho, 4)) == (3.2001, -0.343)


def test_two_steps_recover_what_the_won_alone_miss():
    model = fit(selected(20_000, 1))
    rows = model.interval(0.999).set_index("parameter")
    for name, truth in {"constant": 10, "size": 2, "lambda": 1.5 * -0.6}.items():
        assert rows.low[name] < truth < rows.high[name]
    wrong = model.ols.set_index("parameter")
    assert abs(wrong.estimate["size"] - 2) > 10 * wrong.std_error["size"]
    assert model.steps.sigma == pytest.approx(1.5, rel=0.03)
    assert model.steps.rho == pytest.approx(-0.6, abs=0.05)


def test_corrected_errors_are_those_of_repeated_samples():
    """Over 150 samples the estimates spread as the corrected errors say; plain least squares errors are too small."""
    estimates, errors, plain = [], [], []
    for seed in range(150):
        table = selected(500, seed, rho=-0.9)
        model = fit(table)
        estimates.append(model.steps.beta)
        errors.append(np.sqrt(np.diag(model.steps.cov)))
        seen = table.value.notna().to_numpy()
        z = np.column_stack([np.ones(500), table["size"], table.distance])[seen]
        w = np.column_stack([z[:, :2], heckman.mills_ratio(z @ model.steps.gamma)])
        plain.append(np.sqrt(np.diag(heckman.least_squares(w, table.value[seen].to_numpy())[1])))
    spread = np.std(estimates, axis=0)
    assert np.mean(errors, axis=0) == pytest.approx(spread, rel=0.2)
    assert abs(np.mean(errors, axis=0) / spread - 1)[1] < abs(np.mean(plain, axis=0) / spread - 1)[1]


def test_the_firm_supplies_an_exclusion():
    """Selection hides how much means are worth; with the way to the nearest branch the interval holds it."""
    table = prospects().merge(
        maker().truth["prospects"][["prospect_id", "deal_value"]], on="prospect_id", suffixes=("", "_true")
    )
    drivers = ["means", "intent"]
    model = development.fit_acquisition(
        table, value_drivers=drivers, win_drivers=[*drivers, "distance_hours"], won="outcome", log=True
    )
    x = np.column_stack([np.ones(len(table)), table[drivers]])
    truth = heckman.least_squares(x, np.log(table.deal_value_true.to_numpy()))[0][1]
    ends = model.interval().set_index("parameter")
    assert ends.low["means"] < truth < ends.high["means"]
    assert model.ols.estimate[1] < truth
    assert ends.high["lambda"] < 0
    assert "smaller than their drivers would make them" in str(model.summary())
    expected = model.predict(table).expected_value
    assert expected.mean() == pytest.approx(table.deal_value.fillna(0).mean(), rel=0.05)


def test_predictions_agree_with_draws():
    """A log-normal value and a probit chance with correlated errors: means by formula and by a million draws."""
    rng = np.random.default_rng(2)
    model = fit(selected(4_000, 3).assign(value=lambda table: np.exp(table.value / 10)), log=True)
    new = pd.DataFrame({"size": [0.4], "distance": [1.2]}, index=["Ann"])
    predicted = model.predict(new).loc["Ann"]
    u = rng.normal(0, 1, 1_000_000)
    e = model.steps.sigma * (model.steps.rho * u + math.sqrt(1 - model.steps.rho**2) * rng.normal(0, 1, u.size))
    value = np.exp(model.steps.beta[0] + 0.4 * model.steps.beta[1] + e)
    won = model.steps.gamma @ [1, 0.4, 1.2] + u > 0
    assert predicted.chance == pytest.approx(won.mean(), rel=0.01)
    assert predicted.value_of_all == pytest.approx(value.mean(), rel=0.01)
    assert predicted.value_if_won == pytest.approx(value[won].mean(), rel=0.01)
    assert predicted.expected_value == pytest.approx((value * won).mean(), rel=0.01)


def test_units_do_not_matter():
    table = selected(800, 5)
    plain, scaled = fit(table), fit(table.assign(value=table.value * 1e6, distance=table.distance * 60))
    assert scaled.steps.beta == pytest.approx(1e6 * plain.steps.beta, rel=1e-6)
    assert np.sqrt(np.diag(scaled.steps.cov)) == pytest.approx(1e6 * np.sqrt(np.diag(plain.steps.cov)), rel=1e-6)


def test_a_driver_that_moves_no_chance_is_said_to_be_weak():
    table = selected(2_000, 6).assign(moon=np.random.default_rng(60).normal(0, 1, 2_000))
    model = development.fit_acquisition(table, "value", value_drivers=["size"], win_drivers=["size", "moon"])
    assert any("`moon` hardly moves the chance" in line for line in model.warnings)
    assert "hardly moves" in str(model)
    assert not any("hardly" in line for line in fit(table).warnings)


def test_categories_and_open_deals():
    table = selected(1_500, 7)
    table["kind"] = np.where(table.distance > 1, "far", "near")
    table["outcome"] = np.where(table.value.notna(), "won", "lost")
    table.loc[:99, "outcome"] = "open"
    model = development.fit_acquisition(table, "value", value_drivers=["size"], win_drivers=["size", "kind"], won="outcome")
    assert model.n == 1_400
    assert model.n_excluded == 100
    assert list(model.selection.parameter) == ["constant", "size", "kind=far"] or "kind=near" in list(model.selection.parameter)
    chances = model.predict(pd.DataFrame({"size": 0.0, "kind": ["far", "near", "on the moon"]})).chance
    assert chances[0] < chances[2] < chances[1]
    plt.close(model.plot().figure)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(currency=["EUR", "USD"] * 300), "names 2 currencies"),
        (lambda table: table.assign(value=np.nan), "none was won"),
        (lambda table: table.assign(value=1.0), "all were won"),
        (lambda table: table.assign(distance=1.0), "`distance` is constant"),
        (lambda table: table.assign(value=table.value.astype(str)), "`value` of the prospect table must hold numbers"),
        (lambda table: table.assign(distance=2 * table["size"]), "follows from the other columns"),
        (lambda table: table.assign(distance=pd.Timestamp("2024-01-01")), "`distance` holds dates"),
        (lambda table: table.drop(columns="distance"), "no column `distance`"),
    ],
)
def test_tables_that_cannot_tell_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        fit(change(selected(600, 8)))


def test_models_that_cannot_tell_are_refused():
    table = selected(600, 9)
    with pytest.raises(DataError, match="every driver of the chance is also a driver of the value"):
        development.fit_acquisition(table, "value", value_drivers=["size", "distance"], win_drivers=["size"])
    with pytest.raises(ArgumentError, match="list of different columns"):
        development.fit_acquisition(table, "value", value_drivers="size", win_drivers=["distance"])
    with pytest.raises(DataError, match="`value` is 0 or below"):
        fit(table.assign(value=table.value - 20), log=True)
    signed = table.assign(signed=table.value.notna())
    with pytest.raises(ConvergenceError, match="`signed` separates the won from the lost"):
        development.fit_acquisition(signed, "value", value_drivers=["size"], win_drivers=["size", "signed"])


# --- what winning costs ---------------------------------------------------------------------------------------------------


def test_the_won_carry_the_lost():
    events = pd.DataFrame({
        "prospect_id": [1, 1, 2, 3, 3, 4], "stage": ["talk", "offer", "talk", "talk", "offer", "talk"],
        "outcome": ["advanced", "won", "lost", "returned", "lost", None],
    })  # fmt: skip
    costs = development.acquisition_costs(events, {"offer": 100, "talk": 10})
    assert (costs.n, costs.n_won, costs.n_open, costs.cost) == (3, 1, 1, 230)
    assert costs.table.set_index("stage").cost.to_dict() == {"offer": 200, "talk": 30}
    assert costs.table.cost_per_win.sum() == costs.cost_per_win == 230
    assert costs.cost_of_the_won == 110
    assert math.isnan(costs.low)


def test_interval_of_the_cost_per_win_by_hand():
    """Ways of 110, 110, 10, 110, the first two won: R = 170, the residuals -60, -60, 10, 110."""
    offer = ["won", "won", None, "lost"]
    rows = [(way, "talk", "advanced" if end else "lost") for way, end in enumerate(offer)]
    rows += [(way, "offer", end) for way, end in enumerate(offer) if end]
    events = pd.DataFrame(rows, columns=["prospect_id", "stage", "outcome"])
    costs = development.acquisition_costs(events, {"talk": 10, "offer": 100})
    assert costs.high - 170 == pytest.approx(1.959964 * math.sqrt(2 * 60**2 + 10**2 + 110**2) / 2)
    assert costs.high - 170 == pytest.approx(170 - costs.low)


def test_costs_are_those_of_the_firms_books():
    """Every stage entered is paid for in the firm's monthly accounts, next to rewards for friends."""
    made = maker()
    events = made["stage_events"].assign(outcome="lost")
    events.loc[events.groupby("prospect_id").head(1).index[:1], "outcome"] = "won"
    booked = made["firm_months"].acquisition_cost.sum()
    paid = development.acquisition_costs(events, PRICES).cost
    rewards = booked - paid
    assert rewards >= 0
    assert rewards % 300 == pytest.approx(0)
    assert paid / booked > 0.98


def test_interval_of_the_cost_per_win_holds_it():
    """Of 80 samples the interval at 90 % holds the true ratio in about nine of ten."""
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(80):
        offer = rng.random(400) < 0.6
        won = offer & (rng.random(400) < 0.4)
        rows = [pd.DataFrame({"prospect_id": np.arange(400), "stage": "talk", "outcome": np.where(offer, "advanced", "lost")}),
                pd.DataFrame({"prospect_id": np.flatnonzero(offer), "stage": "offer",
                              "outcome": np.where(won[offer], "won", "lost")})]  # fmt: skip
        costs = development.acquisition_costs(pd.concat(rows), {"talk": 10, "offer": 100}, level=0.9)
        covered += costs.low < (10 + 0.6 * 100) / 0.24 < costs.high
    assert 66 <= covered <= 79


def test_the_next_euro_goes_where_it_brings_most():
    made = maker()
    costs = development.acquisition_costs(
        made["stage_events"], PRICES, classes=made["prospects"], by="channel", value_per_win=10_000
    )
    classes = costs.classes.set_index("class")
    assert classes.prospects.sum() == costs.n
    assert (classes.prospects * classes.cost_per_prospect).sum() == pytest.approx(costs.cost)
    assert classes.brings_per_euro.to_dict() == pytest.approx((10_000 / classes.cost_per_win).to_dict())
    assert classes.cost_per_win["cold call"] == classes.cost_per_win.max()
    plt.close(costs.plot().figure)


def test_costs_refused():
    events = pd.DataFrame({"prospect_id": [1], "stage": ["talk"], "outcome": ["lost"]})
    with pytest.raises(DataError, match="none of 1 ways that ended was won"):
        development.acquisition_costs(events, {"talk": 1})
    with pytest.raises(DataError, match="no way has ended"):
        development.acquisition_costs(events.assign(outcome=None), {"talk": 1})
    with pytest.raises(DataError, match="`stage` has no price in 1 of 1 rows"):
        development.acquisition_costs(events, {"offer": 1})
    with pytest.raises(ArgumentError, match="of at least 0; it is -1"):
        development.acquisition_costs(events, {"talk": -1})
    with pytest.raises(ArgumentError, match="go together"):
        development.acquisition_costs(events, {"talk": 1}, by="channel")
    twice = pd.DataFrame({"prospect_id": [1, 1], "channel": ["a", "b"]})
    with pytest.raises(DataError, match="`prospect_id` stands twice"):
        development.acquisition_costs(events.assign(outcome="won"), {"talk": 1}, classes=twice, by="channel")


def test_payback_counts_who_could_be_watched():
    """Two customers from January, one from March; the second leaves after a month and brings nothing more."""
    rows = [("a", month, 10.0) for month in range(1, 7)] + [("b", 1, 10.0)] + [("c", month, 40.0) for month in range(3, 7)]
    table = pd.DataFrame(rows, columns=["customer_id", "month", "profit"])
    table["month"] = pd.to_datetime(dict(year=2024, month=table.month, day=1))
    back = development.payback(table, 60)
    assert back.table.customers.tolist() == [3, 3, 3, 3, 2, 2]
    assert back.table["mean"].tolist() == pytest.approx([20, 50 / 3, 50 / 3, 50 / 3, 5, 5])
    assert back.month == 4
    assert development.payback(table, 1_000).month is None
    assert development.payback(table, 0).month == 1


def test_payback_interval_matches_resampled_customers():
    rng = np.random.default_rng(5)
    spend = rng.gamma(2, 10, 200)
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    table = pd.DataFrame([(k, month, spend[k] * rng.exponential(1)) for k in range(200) for month in months[k % 3 :]],
                         columns=["customer_id", "month", "profit"])  # fmt: skip
    shown = development.payback(table, 50).table
    by_customer = dict(list(table.groupby("customer_id")))
    draws = []
    for _ in range(60):
        picked = rng.integers(0, 200, 200)
        again = pd.concat([by_customer[k].assign(customer_id=place) for place, k in enumerate(picked)])
        draws.append(development.payback(again, 50).table.cumulated.to_numpy())
    half = (shown.high - shown.low) / 2 / 1.96
    assert np.std(draws, axis=0) == pytest.approx(half.to_numpy(), rel=0.3)


def test_payback_refused():
    table = pd.DataFrame({"customer_id": ["a"], "month": ["2024-01"], "profit": [1.0]})
    with pytest.raises(DataError, match="`month` of the customer_months table must hold dates"):
        development.payback(table, 1)
    with pytest.raises(ArgumentError, match="cost_per_win"):
        development.payback(table, -1)


# --- winning against keeping ----------------------------------------------------------------------------------------------

BUCKETS = [
    (100_000, (500, 2_000, 400), (200, 1_500, 150)), (100_000, (500, 2_000, 400), (200, 1_500, math.inf)),
    (100_000, (500, 2_000, math.inf), (200, 1_500, 150)), (50_000, (500, 2_000, math.inf), (200, 900, math.inf)),
    (1e7, (500, 2_000, 400), (200, 1_500, 150)), (5_000, (500, 400, 400), (200, 1_500, 15)), (1_000, (10, 5, 9), (10, 9, 9)),
    (3_000, (10, 50, 40), (10, 11, 400)), (0, (10, 50, 40), (10, 11, 400)),
]  # fmt: skip


def split(budget, winning, keeping):
    names = ("cost_per_{}", "value_per_{}")
    how = {name.format("win"): value for name, value in zip(names, winning, strict=False)}
    how |= {name.format("kept"): value for name, value in zip(names, keeping, strict=False)}
    return development.win_or_keep(budget, **how, most_wins=winning[2], most_kept=keeping[2])


@pytest.mark.parametrize("bucket", BUCKETS)
def test_no_other_division_brings_more(bucket):
    best = split(*bucket)
    assert best.on_winning + best.on_keeping + best.unspent == pytest.approx(bucket[0])
    steps = np.linspace(0, bucket[0], 201)
    gains = [best._gain(x, y) for x in steps for y in steps if x + y <= bucket[0] + 1e-9]
    assert best.gain >= max(gains) - 1e-9 * max(1, abs(best.gain))
    if best.on_winning > 0 and best.on_keeping > 0 and best.unspent < 1e-6:
        returns = best.winning.marginal_return(best.on_winning), best.keeping.marginal_return(best.on_keeping)
        assert returns[0] == pytest.approx(returns[1])


def test_a_larger_budget_never_brings_less_and_a_larger_market_scales():
    gains = [split(budget, *BUCKETS[0][1:]).gain for budget in np.linspace(0, 400_000, 41)]
    assert np.all(np.diff(gains) >= -1e-9)
    small, large = split(*BUCKETS[0]), split(200_000, (500, 2_000, 800), (200, 1_500, 300))
    assert large.on_winning == pytest.approx(2 * small.on_winning)
    assert large.gain == pytest.approx(2 * small.gain)


def test_dearer_wins_get_less_once_the_rest_is_equal():
    spent = [split(100_000, (cost, 2_000, math.inf), (200, 1_500, 150)).on_winning for cost in (300, 600, 1_200, 1_900, 2_100)]
    assert spent == sorted(spent, reverse=True)
    assert spent[-1] == 0


def test_blattberg_and_deighton_alone():
    """Winning alone: M v - M c (1 + log(v / c)) is left when M c log(v / c) is spent."""
    best = development.win_or_keep(1e9, cost_per_win=10, value_per_win=40, cost_per_kept=1, value_per_kept=0, most_wins=100)
    assert best.on_winning == pytest.approx(1_000 * math.log(4))
    assert best.gain == pytest.approx(100 * 40 - 100 * 10 * (1 + math.log(4)))
    assert "stay unspent" in str(best)


def test_budgets_refused():
    with pytest.raises(ArgumentError, match="`cost_per_win` must be a finite number above 0"):
        split(1, (0, 1, 1), (1, 1, 1))
    with pytest.raises(ArgumentError, match="`most_kept`"):
        split(1, (1, 1, 1), (1, 1, 0))


# --- objections and their answers -----------------------------------------------------------------------------------------


def talks(counts: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers to one objection: (salesperson, answer) -> (overcome, given)."""
    rows = [(who, answer, k < overcome) for (who, answer), (overcome, given) in counts.items() for k in range(given)]
    table = pd.DataFrame(rows, columns=["salesperson_id", "answer", "went_on"]).assign(objection="price", step=1)
    table["prospect_id"] = np.arange(len(table))
    events = table[["prospect_id", "step"]].assign(outcome=np.where(table.went_on, "advanced", "lost"))
    return table.drop(columns="went_on"), events


SIMPSON = {("Ann", "trial"): (72, 80), ("Ann", "cut"): (18, 20), ("Bo", "trial"): (6, 20), ("Bo", "cut"): (24, 80)}
ALIKE = {("Ann", "trial"): (40, 50), ("Ann", "cut"): (20, 50), ("Bo", "trial"): (35, 50), ("Bo", "cut"): (15, 50)}


def test_odds_ratios_by_hand():
    """Mantel & Haenszel's sum(ad/n) / sum(bc/n), and the crude one, from four cells each."""
    answers = development.objection_answers(*talks(ALIKE))
    trial = answers.table.set_index("answer").loc["trial"]
    assert trial[["n", "overcome", "share", "share_others"]].tolist() == [100, 75, 0.75, 0.35]
    assert trial.odds_ratio == pytest.approx((75 * 65) / (25 * 35))
    within = answers.within.set_index("answer").loc["trial"]
    assert within.odds_ratio == pytest.approx((40 * 30 + 35 * 35) / (10 * 20 + 15 * 15))
    assert not answers.within.confounds.any()
    assert answers.warnings == ()
    assert "trial to price" in str(answers)


def test_who_answers_confounds():
    """Ann overcomes nine of ten with either answer, Bo three; Ann likes trials: together a trial looks five times as good."""
    answers = development.objection_answers(*talks(SIMPSON))
    trial = answers.table.set_index("answer").loc["trial"]
    assert trial.ratio_low > 2
    assert answers.within.odds_ratio.tolist() == pytest.approx([1, 1])
    assert answers.within.confounds.all()
    assert "`salesperson_id` confounds" in answers.warnings[0]
    assert "Beware" in str(answers)


def test_answers_of_the_firm():
    """The firm's best answers are found; its salespeople, who choose by skill, are the kind of deal that can confound."""
    made = maker()
    answers = development.objection_answers(made["objections"], made["stage_events"], made["deals"].merge(made["prospects"]))
    best = answers.table.loc[answers.table.groupby("objection").odds_ratio.idxmax()].set_index("objection").answer
    truth = {"need": "trial", "trust": "reference visit", "time": "later delivery"}
    assert {objection: best[objection] for objection in truth} == truth
    assert set(answers.within.kind) == {"salesperson_id", "need", "expected_value"}
    assert answers.n_open + answers.table.n.sum() == len(made["objections"])
    plt.close(answers.plot().figure)


@pytest.mark.parametrize(
    ("outcome", "share"), [("advanced", 1), ("skipped ahead", 1), ("won", 1), ("returned", 0), ("lost", 0)]
)
def test_who_goes_on_has_overcome(outcome, share):
    talk, events = talks({("Ann", "trial"): (1, 1)})
    assert development.objection_answers(talk, events.assign(outcome=outcome)).table.share.tolist() == [share]


def test_few_answers_are_not_compared():
    answers = development.objection_answers(*talks({("Ann", "trial"): (9, 19), ("Ann", "cut"): (9, 30)}))
    assert answers.table.odds_ratio.isna().all()
    assert answers.table.low.notna().all()
    assert "No answer can be told" in str(answers)


def test_objections_refused():
    talk, events = talks(ALIKE)
    with pytest.raises(DataError, match="no objection belongs to a stage that has ended"):
        development.objection_answers(talk, events.assign(outcome=None))
    with pytest.raises(DataError, match="a prospect and step stands twice"):
        development.objection_answers(talk, pd.concat([events, events]))
    with pytest.raises(ArgumentError, match="`kinds` must be a list"):
        development.objection_answers(talk, events, kinds="need")
    with pytest.raises(DataError, match="no column `need`"):
        development.objection_answers(talk, events, kinds=["need"])
    deals = pd.DataFrame({"prospect_id": [0, 1], "currency": ["EUR", "USD"]})
    with pytest.raises(DataError, match="names 2 currencies"):
        development.objection_answers(talk, events, deals)


# --- means and intent -----------------------------------------------------------------------------------------------------


def test_the_card_sorts_and_gives_its_reasons():
    deals = pd.DataFrame(
        {"means": [5, 4, 3, 1, np.nan], "intent": [4, 3, 5, 1, 5], "outcome": ["won", "lost", "won", "open", "won"]}
    )
    card = development.qualify(deals)
    assert card.table.card.tolist()[:4] == ["call now", "wake interest", "make it affordable", "let go"]
    assert pd.isna(card.table.card[4])
    assert card.table.reason[0] == "means 5: can pay; intent 4: means to buy"
    assert card.n_missing == 1
    fields = card.fields.set_index("card")
    assert fields.decided.tolist() == [1, 1, 1, 0]
    assert fields.won.tolist() == [1, 0, 1, 0]
    assert development.qualify(deals, high=(4.5, 2)).table.card.tolist()[1] == "make it affordable"


def test_intent_separates_at_the_firm():
    card = development.qualify(prospects())
    fields = card.fields.set_index("card")
    assert fields.deals.sum() == len(prospects())
    assert fields.low["call now"] > fields.high["wake interest"]
    assert fields.share_won["make it affordable"] > fields.share_won["let go"]
    assert "won more often" in str(card)
    plt.close(card.plot().figure)


def test_qualification_refused():
    deals = pd.DataFrame({"means": [1], "intent": ["high"]})
    with pytest.raises(DataError, match="`intent` of the deals table must hold numbers"):
        development.qualify(deals)
    with pytest.raises(DataError, match="no column `means`"):
        development.qualify(deals.rename(columns={"means": "budget"}))
    with pytest.raises(ArgumentError, match="pair of numbers"):
        development.qualify(deals.assign(intent=1), high=(1, 2, 3))
    with pytest.raises(DataError, match="empty"):
        development.qualify(deals.iloc[:0].assign(intent=1))
