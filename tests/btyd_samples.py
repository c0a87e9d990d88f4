"""Samples for the tests of ``btyd``: published tables, drawn customers and their fits, each made once in a process.

``CDNOW``, ``DRAWN`` and the fits are made when they are first asked for. A test must not change what it gets from here.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from crmlab import btyd
from crmlab._likelihood import Estimate, Observations, group_observations
from crmlab.btyd import gamma_gamma, histories, models, prediction

PUBLISHED = Path(__file__).parent / "published"
CALIBRATION_END = "1997-09-30"
FITS = {"bgnbd": btyd.fit_bgnbd, "mbgnbd": btyd.fit_mbgnbd, "pareto_nbd": btyd.fit_pareto_nbd, "bgbb": btyd.fit_bgbb}
WEEKLY = [kind for kind in FITS if not models.MODELS[kind].counts_periods]
WITH_COVARIATES = [kind for kind in FITS if models.MODELS[kind].likelihood.covariate_sign]
TRUTHS = {
    "bgnbd": {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.4},
    "mbgnbd": {"r": 0.6, "alpha": 6.0, "a": 0.9, "b": 1.8},
    "pareto_nbd": {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7},
    "bgbb": {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8},
}
WEEKS = {"bgnbd": (20.0, 52.0), "mbgnbd": (20.0, 52.0), "pareto_nbd": (20.0, 52.0), "bgbb": (4, 8)}
HOLDOUT = {"bgnbd": 26, "mbgnbd": 26, "pareto_nbd": 26, "bgbb": 4}
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
DRAWN = 6_000  # customers


@cache
def cdnow_orders() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "cdnow_orders.csv", parse_dates=["order_date"])


@cache
def cdnow() -> pd.DataFrame:
    """CDNOW, 2,357 customers, first 39 weeks (Fader, Hardie & Lee 2005)."""
    return btyd.purchase_summary(cdnow_orders(), until=CALIBRATION_END)


@cache
def cdnow_fit(kind: str) -> btyd.PurchaseFit:
    return FITS[kind](cdnow())


@cache
def cdnow_spend() -> btyd.SpendFit:
    return btyd.fit_gamma_gamma(cdnow())


@cache
def donations() -> pd.DataFrame:
    """Donations of 11,104 first-time donors (Fader, Hardie & Shang 2010)."""
    return pd.read_csv(PUBLISHED / "donations.csv")


@cache
def donations_fit() -> btyd.PurchaseFit:
    return btyd.fit_bgbb(donations())


@cache
def drawn(kind: str) -> pd.DataFrame:
    """Customers of known parameters, with what they do after the end of calibration."""
    return btyd.simulate_purchases(kind, TRUTHS[kind], customers=DRAWN, weeks=WEEKS[kind], holdout_weeks=HOLDOUT[kind], seed=11)


@cache
def drawn_fit(kind: str) -> btyd.PurchaseFit:
    return FITS[kind](drawn(kind))


def known(optimum: np.ndarray, model: str, error: float = 0.1) -> Estimate:
    """An estimate at this point, each parameter known to ``error`` on its logarithm."""
    likelihood = gamma_gamma.MODEL if model == "spend" else models.MODELS[model].likelihood
    k = optimum.size
    return Estimate(likelihood, (), optimum, 0.0, np.eye(k) * error**2, np.zeros(k, dtype=bool))


def fit_at(kind: str, params: dict[str, float] | list[float]) -> btyd.PurchaseFit:
    """A fit whose parameters are these."""
    model = models.MODELS[kind]
    values = [*params.values()] if isinstance(params, dict) else params
    assert len(values) == len(model.likelihood.parameters), f"{kind} has the parameters {model.likelihood.parameters}"
    return btyd.PurchaseFit(known(np.log(values), kind), 2, False, model)


def spend_at(params: dict[str, float] | list[float]) -> btyd.SpendFit:
    """A fit of spend whose parameters are these."""
    values = [*params.values()] if isinstance(params, dict) else params
    return btyd.SpendFit(known(np.log(values), "spend"), 2, False, 0)


def expectation(
    fit: btyd.PurchaseFit, table: pd.DataFrame, weeks: float, annual_rate: float = 0.0, jacobian: bool = False
) -> prediction.ExpectedPurchases:
    """P(alive), expected purchases and perhaps their slopes, as arrays."""
    horizon, rate = prediction.check_horizon(fit.model, weeks, annual_rate)
    rows = histories.read_histories(table, fit.model, fit.covariates)
    return prediction.expected_purchases(fit.model, fit.estimate, rows, horizon, rate, jacobian=jacobian)


def observations(kind: str, table: pd.DataFrame) -> Observations:
    """The rows that a likelihood reads."""
    model = models.MODELS[kind]
    return group_observations(model.likelihood, histories.read_histories(table, model).columns)


def history(x: float, recency: float, age: float, unit: str = "weeks") -> pd.DataFrame:
    """One customer."""
    return pd.DataFrame({"frequency": [x], f"recency_{unit}": [recency], f"age_{unit}": [age]})
