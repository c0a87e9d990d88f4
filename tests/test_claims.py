"""Claims of the sources: as data, solved for conditions, and tried on firms."""

import numpy as np
import pandas as pd
import pytest

from crmlab import _engine, claims, datasets, tables, world
from crmlab.claims import evidence, trial
from crmlab.errors import ArgumentError, DataError
from crmlab.tables.claims import INDUSTRIES

NUMBERS = {"margin": "margin", "retention": "retention", "discount": "annual_rate"}
WITH_RANGES = [each.name for each in claims.CLAIMS if each.ranges]


# as data
def test_the_catalogue_is_whole():
    table = claims.all_claims()
    _engine.check(table, "claims")
    assert set(table.claim) == {each.name for each in claims.CLAIMS}
    for each in claims.CLAIMS:
        assert bool(each.ranges) <= each.readable
        assert list(each.ranges) in ([], list(INDUSTRIES))
        assert each.criticism.endswith((".", "?"))
        assert str(each.summary()).startswith(each.name)


def test_every_step_that_a_claim_with_a_range_speaks_of_is_tried():
    for each in map(claims.claim, WITH_RANGES):
        steps = [step for step in trial.STEPS if step.driver == each.driver]
        assert {step.unit for step in steps} >= set(each.units)
        assert {step.step for step in steps} == {each.step}


@pytest.mark.parametrize(
    ("name", "near"), [("loyality", "loyalty"), ("Conversion", "conversion"), ("growth of market", "growth")]
)
def test_an_unknown_claim_is_refused_with_the_nearest(name, near):
    with pytest.raises(ArgumentError, match=rf"no claim is called '{name}'\. Did you mean '{near}"):
        claims.claim(name)


# arithmetic
@pytest.mark.parametrize(
    ("industry", "low", "high"), [("finance", 6, 11), ("telecom", 9, 20), ("manufacturing", 17, 50), ("retail", 12, 33)]
)
def test_margins_that_the_claim_on_cost_implies(industry, low, high):
    """One per cent of cost is worth (1 - m) / m per cent of profit: margins that stand upside down."""
    table = claims.arithmetic("operating cost").table
    values = 100 * table[table.industry == industry].needed
    assert [values.min(), values.max()] == pytest.approx([low, high], abs=0.51)


def test_a_market_that_grows_from_0_8_to_1_8_in_five_years():
    assert claims.arithmetic("growth of the market").yearly_growth == pytest.approx(0.1761, abs=1e-4)


def test_both_halves_of_one_satisfied_customer_fit_only_a_margin_of_two_thirds():
    firm = {"retention": 0.8, "annual_rate": 0.12, "unit": "per cent"}
    assert claims.change_of_profit("cost", step=-0.2, margin=2 / 3, **firm) == pytest.approx(0.1)
    with pytest.raises(ArgumentError, match=r"names no change of profit .* cannot move a firm"):
        claims.stored_trial("one satisfied customer")


@pytest.mark.parametrize("name", WITH_RANGES)
def test_a_firm_with_the_condition_has_the_claimed_profit(name):
    """Solve, and put the solution into the sums of ``change_of_profit``."""
    each = claims.claim(name)
    table = claims.arithmetic(name, retention=0.75, annual_rate=0.15).table
    _engine.check(table, "claim_conditions")
    assert table.needed.notna().any()
    for row in table.dropna().itertuples():
        firm = {"margin": 0.2, "retention": 0.75, "annual_rate": 0.15}
        driver, step, unit = each.driver, each.step, row.unit
        if row.condition.startswith("conversion rate"):
            step, unit = step / row.needed, "per cent"
        elif row.condition.startswith("cost of winning"):
            rate = 0.15 if row.whose == "customer" else 0.0
            firm["acquisition_cost"] = row.needed * 0.2 * 0.75 / (1 + rate - 0.75)
        elif row.condition.startswith("points of retention"):
            driver, step, unit = "retention", row.needed, "points"
        else:
            firm[NUMBERS[row.condition.split()[0].strip(",")]] = row.needed
        if firm["retention"] == 0:  # nobody stays: the limit in which five per cent are worth five
            continue
        change = claims.change_of_profit(driver, step=step, unit=unit, whose=row.whose, **firm)
        assert change == pytest.approx(row.profit), row


def test_five_points_of_a_customers_value_cannot_be_worth_less_than_a_fifth():
    table = claims.arithmetic("loyalty").table
    rows = table[(table.industry == "manufacturing") & (table.unit == "points") & (table.condition.str.startswith("retention"))]
    assert rows.needed.isna().all()
    retention = np.linspace(0.01, 0.949, 500)
    assert claims.change_of_profit("retention", step=0.05, margin=0.2, retention=retention, annual_rate=0.12).min() > 0.195


def test_conditions_are_drawn_and_worded():
    solved = claims.arithmetic("operating cost")
    ax = solved.plot()
    assert [bar.get_x() for bar in ax.patches] == pytest.approx([6.25, 100 / 11, 100 / 6, 12.5])
    assert "6 to 11 %" in ax.get_title(loc="left").replace("\n", " ")
    assert "none makes it true" not in solved.words("retail")
    with pytest.raises(ArgumentError, match="`industry` must be one of 'finance'"):
        solved.words("farming")
    with pytest.raises(ArgumentError, match="nothing to draw"):
        claims.arithmetic("blanks").plot()


# evidence
def made_rows(effect: float, *, firms: int = 12, cost: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Firms of the claim on operating cost whose profit rises by ``effect`` on average."""
    draws = np.random.default_rng(seed)
    before = draws.uniform(500, 1500, firms)
    after = before * (1 + effect) + draws.normal(0, 20, firms)
    return pd.DataFrame(
        {
            "industry": "retail", "driver": "cost", "unit": "per cent", "lever": "operating_cost", "seed": range(firms),
            "amount": -0.01, "driver_before": 100.0, "driver_after": 99.0, "customers": 100, "revenue": 5000.0,
            "profit_before": before, "profit_after": after, "value_before": 10.0, "value_after": 10.0, "payers": 100,
            "usual_cost": cost,
        }
    )  # fmt: skip


def test_an_effect_is_a_ratio_of_means_with_its_error():
    rows = made_rows(0.05)
    row = claims.Trial(claims.claim("operating cost"), rows).table().iloc[0]
    ratio = rows.profit_after.sum() / rows.profit_before.sum() - 1
    residual = rows.profit_after - (1 + ratio) * rows.profit_before
    error = residual.std() / np.sqrt(len(rows)) / rows.profit_before.mean()  # linearised: Cochran (1977), section 6.4
    assert row.effect == pytest.approx(ratio)
    assert row.high - row.effect == pytest.approx(2.201 * error, rel=0.1)
    assert row.effect - row.low == pytest.approx(row.high - row.effect)


def test_intervals_hold_their_level():
    each = claims.claim("operating cost")
    inside = []
    for seed in range(300):
        row = claims.Trial(each, made_rows(0.05, seed=seed)).table().iloc[0]
        inside.append(row.low <= 0.05 <= row.high)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_what_is_paid_for_costs():
    table = claims.Trial(claims.claim("operating cost"), made_rows(0.05, cost=0.5)).table()
    free, paid = table[~table.paid].iloc[0], table[table.paid].iloc[0]
    base = made_rows(0.05).profit_before.mean()
    assert free.effect - paid.effect == pytest.approx(50 / base)


def test_an_effect_is_brought_to_the_exact_step():
    rows = made_rows(0.05).assign(driver="retention", lever="loyalty", unit="points", driver_before=0.80, driver_after=0.84)
    table = claims.Trial(claims.claim("loyalty"), rows).table()
    reached = rows.profit_after.sum() / rows.profit_before.sum() - 1
    assert table[table.whose == "firm"].effect.iloc[0] == pytest.approx(reached * 0.05 / 0.04)


@pytest.mark.parametrize(
    ("low", "high", "n", "expected"),
    [
        (0.03, 0.06, 12, "within"), (0.08, 0.09, 12, "above"), (0.01, 0.015, 12, "below"), (-0.01, 0.01, 12, "below"),
        (0.01, 0.03, 12, "not distinguishable"), (-0.02, -0.01, 12, "loss"), (0.03, 0.06, 5, "too few to say"),
    ],
)  # fmt: skip
def test_where_an_interval_lies(low, high, n, expected):
    assert evidence._where(low, high, 0.02, 0.07, n) == expected
    assert expected in tables.table("claim_effects").column("verdict").values


def test_a_trial_is_the_difference_of_firms():
    tried = claims.try_claim("operating cost", "retail", firms=2, customers=60, seed=5)
    _engine.check(tried.rows, "claim_trials")
    for row in tried.rows.itertuples():
        firm = world.simulate("retailer-v2", customers=60, months=24, past=12, seed=row.seed, tables=[])
        cheaper = firm.rerun(operating_cost=-0.01)
        assert row.profit_before == pytest.approx(firm["firm_months"].profit.sum())
        assert row.profit_after == pytest.approx(cheaper["firm_months"].profit.sum())


# the grid that comes with the kit
def test_the_grid_is_whole_and_fresh():
    grid = datasets.load("claim_trials")
    _engine.check(grid, "claim_trials")
    sizes = grid.groupby(["industry", "driver", "unit", "lever"], sort=False).seed.nunique()
    assert len(sizes) == len(INDUSTRIES) * len(trial.STEPS)
    assert sizes.eq(trial.GRID).all()
    row = grid[(grid.industry == "telecom") & (grid.lever == "loyalty")].iloc[0]
    firm = trial._simulate("telecom", trial.CUSTOMERS, int(row.seed))
    again = trial._change(firm, "loyalty", row.amount)
    assert [again["retention"], again["value"]] == pytest.approx([row.driver_after, row.value_after], rel=1e-9)
    assert again["profit"] + again["paid"] - trial._measure(firm)["paid"] == pytest.approx(row.profit_after, rel=1e-9)


def test_levers_reach_the_steps():
    grid = datasets.load("claim_trials")
    for step in trial.STEPS:
        rows = grid[(grid.driver == step.driver) & (grid.unit == step.unit) & (grid.lever == step.lever)]
        means = rows.groupby("industry")[["driver_before", "driver_after", "amount"]].mean()
        wanted = means.driver_before.map(step.target) - means.driver_before
        if step.driver in ("conversion", "cost"):
            assert (means.amount * means.driver_before).to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-3)
        else:
            assert ((means.driver_after - means.driver_before) / wanted).between(0.7, 1.3).all(), step


def test_one_per_cent_of_operating_cost_pays_in_every_firm_and_less_than_claimed():
    effects = claims.stored_trial("operating cost").table()
    assert (effects.low > 0).all()
    assert (effects.same_sign == 1).all()
    assert set(effects.verdict) == {"below"}


def test_five_more_in_a_hundred_who_stay_two_years_are_worth_less_than_claimed():
    effects = claims.stored_trial("loyalty").table()
    assert set(effects[~effects.paid].verdict) <= {"below", "not distinguishable"}
    assert (effects[~effects.paid & (effects.whose == "customer")].effect > 0).all()


def test_most_readings_are_decided():
    """Where an effect lies beside its claimed range, and whether it is a gain or a loss; the rest is called undecided."""
    effects = pd.concat(
        [claims.stored_trial(name).table() for name in ("satisfaction", "loyalty", "conversion", "operating cost")]
    )
    assert len(effects) == 68
    assert (effects.verdict != "not distinguishable").mean() >= 0.85
    assert ((effects.low > 0) | (effects.high < 0)).mean() >= 0.9


def test_the_verdicts_table_is_whole():
    table = claims.verdicts()
    _engine.check(table, "claim_verdicts")
    assert len(table) == len(INDUSTRIES) * len(WITH_RANGES)
    assert (table.smallest <= table.largest).all()
    effects = claims.stored_trial("loyalty").table()
    _engine.check(effects, "claim_effects")
    row = table[(table.claim == "loyalty") & (table.industry == "finance")].iloc[0]
    rows = effects[effects.industry == "finance"]
    assert row.largest == rows.effect.max()
    assert (row.readings_within, row.readings) == ((rows.verdict == "within").sum(), len(rows))


def test_a_claim_is_drawn_with_its_ranges():
    tried = claims.stored_trial("loyalty")
    ax = tried.plot()
    bars = {(round(bar.get_x()), round(bar.get_x() + bar.get_width())) for bar in ax.patches}
    assert bars == {(35, 85), (20, 35), (5, 15), (10, 25)}
    assert "conditions, not evidence about the world" in str(tried.summary()).replace("\n  ", " ")
    assert "Gupta, Lehmann & Stuart" in str(tried.summary())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"claim": "loyalti"}, "Did you mean 'loyalty'"),
        ({"claim": "blanks"}, r"names no change of profit that could be tried\. X and Y were never"),
        ({"industry": "farming"}, "`industry` must be one of 'finance', 'telecom', 'manufacturing', 'retail'"),
        ({"firms": 1}, "`firms` must be .*2"),
        ({"customers": 0}, "`customers` must be"),
        ({"seed": -1}, "`seed` must be"),
        ({"workers": 0}, "`workers` must be"),
    ],
)
def test_trials_refuse(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        claims.try_claim(**{"claim": "loyalty", "industry": "retail", "seed": 1, **arguments})


def test_numbers_of_arithmetic_are_refused():
    with pytest.raises(ArgumentError, match="`retention`"):
        claims.arithmetic("loyalty", retention=80)
    with pytest.raises(ArgumentError, match="`annual_rate`"):
        claims.arithmetic("loyalty", annual_rate=-0.1)


def test_a_table_that_is_no_grid_is_not_written(tmp_path):
    with pytest.raises(DataError, match="claim_trials"):
        datasets.build(tmp_path, claim_trials=pd.DataFrame({"a": [1]}))
    assert list(tmp_path.iterdir()) == []
