"""Firms that several tests of the world look at: each is made once in a process."""

from dataclasses import replace
from functools import cache

import pandas as pd

from crmlab import tables, world

DIMENSIONS = tables.DIMENSIONS


@cache
def firm(industry="retailer", **how):
    """A firm; tests must not change its tables."""
    return world.simulate(industry, **how)


def bare(industry, **numbers):
    """An industry in which nobody differs and nothing goes wrong, so that the truth can be written on one line."""
    quiet = {
        "quality_spread": (0.0, 0.0), "expectation_spread": (0.0, 0.0), "adaptation": 0.0, "failure": 1e-12, "inquiry": 0.0,
        "turnover": 0.0, "competitor_effect": 0.0, "cross_start": 0.0, "referral": 0.0, "campaigns": (), "word_of_mouth": 0.0,
        "needs": (world.Need(name="any", share=1, expectation=(0,) * 5, weight=(1,) * 5, products=industry.needs[0].products),),
        "channels": tuple(replace(channel, needs=(), dropout=1.0) for channel in industry.channels), "referral_needs": (),
        "correlations": (), "estrangement": (0.0, 0.0), "returns": 0.0, "call_keep": 0.0, "annoyance": 0.0,
        "season": (1.0,) * 12, "flat_zone": (-50.0, 50.0), "slopes": (0.0, 0.0, 0.0), "rate_effect": 0.0,
    }  # fmt: skip
    return replace(industry, name="bare", **(quiet | numbers))


def every_table(simulated):
    return {name: simulated[name] for name in simulated} | {f"truth_{name}": simulated.truth[name] for name in simulated.truth}


def declared_columns(simulated, name):
    """The columns that a table of this firm has by its declaration."""
    without = [] if simulated.industry.bookings else [tables.BOOKED]
    return [column.name for column in tables.table(name).columns if column not in without]


def exposure(simulated):
    """Months as a customer, and orders after the first, of each customer, by the truth."""
    them = simulated.truth["customers"]
    end = pd.Timestamp(simulated.day(simulated.setting.months + 1))
    months = (them.left.fillna(end) - them.since).dt.days / 30.4375
    return them.assign(months=months)


def leave_day(simulated):
    return simulated.truth["customers"].set_index("customer_id").left.fillna(pd.Timestamp("2100-01-01"))
