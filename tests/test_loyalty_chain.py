"""The chain: a textbook's regression, recovery of known slopes, laws, and refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from published.corn import CORN, NITROGEN_NOISE, SLOPE

from crmlab import _engine, loyalty
from crmlab.errors import ArgumentError, ColumnError, DataError
from crmlab.loyalty.chain_equations import Equation, slopes

SERVICE = ["reliability", "empathy"]
TRUTH = [0.35, 0.15, 0.06, 0.02, 0.0, 120.0, 10.0, 4.0, 0.0]
NOISY = dict.fromkeys([*SERVICE, "satisfaction"], 0.8)
SHIFT = {"reliability": 0.5}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return loyalty.simulate_chain(3_000, seed=1, waves=2, confounding=1, reliability=0.8)


def fit(table: pd.DataFrame, **changed: object) -> loyalty.ChainFit:
    usual = {"service": SERVICE, "controls": ["price_focus"], "reliability": NOISY, "cluster": "customer_id", "scale": None}
    return loyalty.fit_chain(table, **usual | changed)


def in_all(effect: pd.DataFrame) -> pd.DataFrame:
    return effect[effect.path == "in all"].set_index("outcome")


def test_noise_is_corrected_as_published():
    """Fuller (1987), section 1.2: yields of corn on nitrogen in the soil, whose measurement has a known variance."""
    nitrogen, harvest = CORN.T.astype(float)
    equation = Equation(harvest, nitrogen[:, None], ("nitrogen",), np.array([NITROGEN_NOISE / nitrogen.var(ddof=1)]))
    b, _ = slopes(equation)
    assert b[0] == pytest.approx(SLOPE, abs=0.00005)


def test_without_noise_it_is_least_squares_with_clustered_errors(table):
    """The naive fit beside statsmodels: the same slopes, the same errors but for its correction of small samples."""
    naive = fit(table).naive
    codes = pd.factorize(table.customer_id)[0]
    ours = sm.OLS(table.stays, sm.add_constant(table[["satisfaction"]])).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    place = len(SERVICE)
    assert naive.params[place] == pytest.approx(ours.params["satisfaction"], rel=1e-9)
    customers = codes.max() + 1
    expected = ours.bse["satisfaction"] * np.sqrt(customers / (customers - 1))
    assert np.sqrt(naive.cov[place, place]) == pytest.approx(expected, rel=1e-9)


def test_chain_recovers_the_truth_and_its_naive_twin_does_not():
    """Slopes and effects within intervals that hold together, in 30 firms; benchmarks/chain.py counts 2,000."""
    effects, truth = [], {"satisfaction": 0.175, "stays": 0.0205, "profit": 120 * 0.0205 + 1.75 + 2}
    for seed in range(30):
        table = loyalty.simulate_chain(1_500, seed=seed, waves=2, confounding=1, reliability=0.8)
        chain = fit(table)
        distance = (chain.params - TRUTH) @ np.linalg.solve(chain.cov, chain.params - TRUTH)
        both = [in_all(each.effect(SHIFT)) for each in (chain, chain.naive)]
        inside = [[row.low <= truth[name] <= row.high for name, row in effect.iterrows()] for effect in both]
        effects.append([distance < 27.9, *inside[0], *inside[1]])  # 27.9: 99.9 % of chi-square with 9 degrees
    shares = np.mean(effects, axis=0)
    assert shares[0] == 1
    assert (shares[1:4] >= 0.83).all()  # 95 % are due; fewer than 25 of 30 come in one of 1,000 samples
    assert (shares[5:] <= 0.1).all()  # staying and profit


def test_effect_is_the_product_of_its_links():
    chain = fit(loyalty.simulate_chain(500, seed=2))
    a, _, b, d, _, per_stay, per_point, e, _ = chain.params
    effect = chain.effect(SHIFT).set_index(["outcome", "path"]).estimate
    stays = 0.5 * (a * b + d)
    assert effect["stays", "in all"] == pytest.approx(stays)
    assert effect["stays", "through satisfaction"] == pytest.approx(0.5 * a * b)
    assert effect["profit", "in all"] == pytest.approx(per_stay * stays + 0.5 * (a * per_point + e))
    assert effect["profit", "beside satisfaction"] == pytest.approx(0.5 * (per_stay * d + e))
    for outcome in ("stays", "profit"):
        assert effect[outcome, "in all"] == pytest.approx(effect[outcome].iloc[1:].sum())


def test_error_of_an_effect_is_that_of_resampled_customers():
    """The delta method beside a bootstrap of customers: the covariance holds across the links."""
    table = loyalty.simulate_chain(600, seed=3, waves=2, reliability=0.8)
    rng, by_customer = np.random.default_rng(1), np.arange(len(table)).reshape(-1, 2)
    draws = []
    for _ in range(80):
        rows = by_customer[rng.integers(0, 600, 600)].ravel()
        draws.append(in_all(fit(table.iloc[rows], cluster=None).effect(SHIFT)).estimate)
    ours = in_all(fit(table).effect(SHIFT)).std_error
    assert ours.to_numpy() == pytest.approx(pd.DataFrame(draws).std().to_numpy(), rel=0.25)


def test_all_in_one_link_or_beside_it_makes_the_same_whole_where_all_goes_through_satisfaction():
    table = loyalty.simulate_chain(20_000, seed=4, staying=(0.06, 0.0, 0.0), profit=(120.0, 10.0, 0.0, 0.0))
    free, through = (fit(table, direct=direct, cluster=None) for direct in (True, False))
    assert len(through.table) == 5
    both = [in_all(each.effect(SHIFT)) for each in (free, through)]
    assert both[1].std_error["stays"] < both[0].std_error["stays"]
    assert abs(both[0].estimate["stays"] - both[1].estimate["stays"]) < 3 * both[0].std_error["stays"]


def test_bend_is_seen_where_there_is_one_and_not_where_there_is_none():
    table = loyalty.simulate_chain(8_000, seed=5)
    straight = fit(table, reliability=None, cluster=None)
    assert straight.bend_p_value > 0.05
    assert straight.bend.piece.tolist() == ["below", "between", "above"]
    assert (straight.bend.from_answer[1:].to_numpy() == straight.bend.to_answer[:-1].to_numpy()).all()
    cliff = np.where(table.satisfaction < 4.2, 0.25 * (table.satisfaction - 4.2), 0.0)
    stays = (np.random.default_rng(1).random(len(table)) < 0.8 + cliff).astype(int)
    bent = fit(table.assign(stays=stays), reliability=None, cluster=None)
    assert bent.bend_p_value < 1e-6
    assert bent.bend.estimate[0] > 0.15 > 0.05 > abs(bent.bend.estimate[2])


def test_units_of_a_column_move_its_slope_alone(table):
    chain, scaled = fit(table), fit(table.assign(profit=100 * table.profit, price_focus=table.price_focus / 1_000))
    assert scaled.params[:5] == pytest.approx(chain.params[:5], rel=1e-7)
    assert scaled.params[5:] == pytest.approx(100 * chain.params[5:], rel=1e-7)


def test_groups_are_controls_and_missing_rows_are_counted(table):
    spoiled = table.assign(region=np.where(table.price_focus > 0, "north", "south"))
    spoiled.loc[spoiled.index[:7], "reliability"] = np.nan
    chain = fit(spoiled, controls=["price_focus", "region"])
    assert (chain.n, chain.n_excluded, chain.customers) == (len(table) - 7, 7, 2_997)
    assert "Rows left out: 7" in str(chain)
    as_numbers = fit(spoiled.assign(region=(spoiled.region == "south").astype(int)), controls=["price_focus", "region"])
    assert chain.params == pytest.approx(as_numbers.params)


def test_tables_keep_their_declarations(table):
    chain = fit(table)
    _engine.check(table, "chain")
    _engine.check(chain.table, "chain_links")
    _engine.check(chain.effect(SHIFT), "chain_effect")
    _engine.check(chain.bend, "chain_bend")
    assert chain.interval(0.5).high.sub(chain.interval(0.5).estimate).div(chain.table.std_error).round(3).eq(0.674).all()


def test_title_claims_no_more_than_the_interval(table):
    chain = fit(table)
    assert chain.plot({"reliability": 0.5}).get_title("left").startswith("+0.5 reliability: more stay, by")
    assert chain.plot({"reliability": -0.5}).get_title("left").startswith("-0.5 reliability: fewer stay, by")
    assert "do not settle" in fit(table.iloc[:60]).plot(SHIFT).get_title("left").replace("\n", " ")


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"stays": 1}, DataError, "all of the 6,000 rows stayed"),
        ({"stays": 0}, DataError, "none of the 6,000 rows stayed"),
        ({"stays": 0.5}, DataError, "neither 0 nor 1"),
        ({"customer_id": "C1"}, DataError, "1 customers are too few"),
        ({"reliability": 4.0}, DataError, "`reliability` does not vary"),
        ({"price_focus": 1.0}, DataError, "`price_focus` does not vary"),
        ({"empathy": "good"}, DataError, "`empathy`"),
        ({"profit": np.inf}, DataError, "`profit`"),
        ({"satisfaction": np.nan}, DataError, "no row of the chain table is complete"),
    ],
)
def test_columns_that_cannot_be_used_are_refused(table, changes, error, words):
    with pytest.raises(error, match=words):
        fit(table.assign(**changes), reliability=None)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"scale": (1, 7)}, DataError, "outside its scale, 1 to 7"),
        ({"service": []}, ArgumentError, "`service` is empty"),
        ({"service": "reliability"}, ArgumentError, "`service` must be a list"),
        ({"controls": ["empathy"]}, ArgumentError, "empathy has two parts"),
        ({"controls": ["channel"]}, ColumnError, "`channel`"),
        ({"reliability": {"assurance": 0.8}}, ArgumentError, "assurance"),
        ({"reliability": {"empathy": 80}}, ArgumentError, "empathy"),
        ({"reliability": {"empathy": 0.05}}, DataError, "with these reliabilities"),
        ({"direct": 1}, ArgumentError, "`direct`"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(table, arguments, error, words):
    with pytest.raises(error, match=words):
        fit(table, **arguments)


def test_what_is_no_table_is_refused():
    with pytest.raises(DataError, match="`table` must be a DataFrame"):
        fit([1, 2])


def test_collinear_service_is_named(table):
    twin = table.assign(warmth=2 * table.empathy + 1)
    with pytest.raises(DataError, match="`empathy`, `warmth` are sums of each other"):
        fit(twin, service=[*SERVICE, "warmth"])


def test_shift_of_an_unknown_dimension_is_refused(table):
    with pytest.raises(ArgumentError, match="'warmth'"):
        fit(table).effect({"warmth": 1})


@pytest.mark.parametrize("arguments", [{"confounding": 2}, {"reliability": 0}, {"content": [1]}, {"staying": 3}, {"waves": 0}])
def test_simulation_refuses_what_it_cannot_draw(arguments):
    with pytest.raises(ArgumentError, match=f"`{next(iter(arguments))}`"):
        loyalty.simulate_chain(10, seed=1, **arguments)


def test_simulation_has_its_moments():
    """Reliability, correlation of the dimensions, share that stays."""
    exact, noisy = (loyalty.simulate_chain(40_000, seed=6, reliability=kept) for kept in (1.0, 0.5))
    assert exact[SERVICE].corr().iloc[0, 1] == pytest.approx(0.5, abs=0.02)
    for name in (*SERVICE, "satisfaction"):
        assert exact[name].var() / noisy[name].var() == pytest.approx(0.5, abs=0.02)
    assert exact.stays.mean() == pytest.approx(0.6, abs=0.01)
