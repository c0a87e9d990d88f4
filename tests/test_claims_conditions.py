"""Conditions of claims: closed forms of the value of a customer, and what is refused."""

import numpy as np
import pytest

from crmlab import claims, loyalty
from crmlab.errors import ArgumentError

FIRM = {"margin": 0.2, "retention": 0.8, "annual_rate": 0.12}


def multiple(r: float, i: float) -> float:
    return r / (1 + i - r)


@pytest.mark.parametrize(
    ("unit", "rate", "expected"),
    [
        ("points", 0.12, {0.7: 22, 0.8: 26, 0.9: 37, 0.95: 49}),
        ("per cent", 0.12, {0.7: 15, 0.8: 20, 0.9: 32, 0.95: 46}),
        ("points", 0.0, {0.7: 29, 0.8: 42, 0.9: 111}),
    ],
)
def test_five_points_or_per_cent_of_retention(unit, rate, expected):
    change = claims.change_of_profit("retention", step=0.05, margin=0.3, retention=list(expected), annual_rate=rate, unit=unit)
    assert np.round(100 * change).tolist() == list(expected.values())
    after = [r + 0.05 if unit == "points" else r * 1.05 for r in expected]
    assert change == pytest.approx([multiple(b, rate) / multiple(a, rate) - 1 for a, b in zip(expected, after, strict=True)])


def test_one_per_cent_of_retention_is_worth_what_five_firms_had():
    """Gupta, Lehmann & Stuart (2004): the value of the customer base rises by 3 to 7 %."""
    change = claims.change_of_profit(
        "retention", step=0.01, margin=0.3, retention=[0.8, 0.9], annual_rate=0.12, unit="per cent"
    )
    assert (100 * change).round(1).tolist() == [3.6, 5.3]
    assert ((change > 0.03) & (change < 0.07)).all()


def test_a_firms_profit_is_the_sum_without_discounting():
    firm = claims.change_of_profit("retention", step=0.05, whose="firm", **FIRM)
    assert firm == pytest.approx(claims.change_of_profit("retention", step=0.05, **FIRM | {"annual_rate": 0.0}))
    rates = np.array([0.0, 0.1, 0.5])
    assert np.ptp(claims.change_of_profit("retention", step=0.05, whose="firm", **FIRM | {"annual_rate": rates})) == 0


def test_a_firm_in_its_steady_state_earns_what_the_sum_says():
    """Count a firm year by year: a thousand come each year, pay at the end of every year that they stayed."""

    def profit(r: float, m: float, a: float) -> float:
        present = earned = 0.0
        for _ in range(400):
            present = (present + 1_000) * r
            earned = m * present - 1_000 * a
        return earned

    base, more = profit(0.8, 0.2, 0.3), profit(0.84, 0.2, 0.3)
    change = claims.change_of_profit("retention", step=0.05, unit="per cent", whose="firm", acquisition_cost=0.3, **FIRM)
    assert change == pytest.approx(more / base - 1)


@pytest.mark.parametrize("margin", [0.06, 0.2, 0.5])
def test_one_per_cent_of_cost(margin):
    change = claims.change_of_profit("cost", step=-0.01, unit="per cent", **FIRM | {"margin": margin})
    assert change == pytest.approx(0.01 * (1 - margin) / margin)
    points = claims.change_of_profit("cost", step=-0.01, unit="points", **FIRM | {"margin": margin})
    assert points == pytest.approx(0.01 / margin)


def test_margin_and_conversion():
    assert claims.change_of_profit("margin", step=0.01, unit="per cent", **FIRM) == pytest.approx(0.01)
    assert claims.change_of_profit("margin", step=0.01, **FIRM) == pytest.approx(0.01 / 0.2)
    gross, cost = 0.2 * multiple(0.8, 0.12), 0.1
    customer = claims.change_of_profit("conversion", step=0.1, unit="per cent", acquisition_cost=cost, **FIRM)
    assert customer == pytest.approx((gross - cost / 1.1) / (gross - cost) - 1)
    firm = claims.change_of_profit("conversion", step=0.1, unit="per cent", acquisition_cost=0.1, whose="firm", **FIRM)
    assert firm == pytest.approx((1.1 * 0.2 * 4 - 0.1) / (0.2 * 4 - 0.1) - 1)


@pytest.mark.parametrize(("driver", "column"), [("retention", "retention_elasticity"), ("margin", "margin_elasticity")])
def test_small_steps_have_the_elasticities_of_loyalty(driver, column):
    change = claims.change_of_profit(driver, step=1e-6, unit="per cent", acquisition_cost=0.1, **FIRM)
    elasticity = loyalty.value_elasticities(0.2, 0.8, 0.12, acquisition_cost=0.1)[column].iloc[0]
    assert change / 1e-6 == pytest.approx(elasticity, rel=1e-4)


def test_a_step_and_its_way_back_end_where_they_began():
    there = claims.change_of_profit("retention", step=0.05, **FIRM)
    back = claims.change_of_profit("retention", step=-0.05, **FIRM | {"retention": 0.85})
    assert (1 + there) * (1 + back) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": 5}, r"`step` must be finite and above -1 and below 1, a share such as 0\.8"),
        ({"margin": -0.1}, r"`margin` must be finite and above 0"),
        ({"retention": 80}, r"`retention` must be finite and at least 0 and at most 1"),
        ({"retention": 0.97}, r"`retention` would go from 0\.97 to 1\.02 .* 0\.05"),
        ({"retention": 0.95, "whose": "firm"}, "1 of 1 customers would never leave"),
        ({"retention": 0.95, "annual_rate": 0}, "would never leave"),
        ({"acquisition_cost": 3}, "1 of 1 customers are worth no more than they cost"),
        ({"driver": "loyalty"}, "`driver` must be one of 'retention', 'cost'"),
        ({"driver": "conversion"}, "points of conversion depend on its rate"),
        ({"unit": "percent"}, "`unit` must be one of 'points', 'per cent'"),
        ({"whose": "both"}, "`whose` must be one of 'customer', 'firm'"),
        ({"margin": [0.1, 0.2], "retention": [0.7, 0.8, 0.9]}, "do not go together"),
        ({"driver": "margin", "margin": 0.98}, r"`margin` would go from 0\.98 to 1\.03"),
    ],
)
def test_refusals(change, message):
    arguments = {"driver": "retention", "step": 0.05, **FIRM, **change}
    with pytest.raises(ArgumentError, match=message):
        claims.change_of_profit(**arguments)
