"""Value: what each customer will still spend, and what all of them will spend next year.

Purchases of ``PurchaseFit`` times amounts of ``SpendFit``, discounted. Two fits of one table: their errors are taken as
independent, as the models take frequency and spend. Amounts are revenue; what is left of it as profit, and what the
customers are worth to the firm, is known in ``loyalty``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw
from crmlab._result import Summary, percent, show
from crmlab.btyd import fitting
from crmlab.btyd.purchases import PurchaseFit, histories, horizon, ids, in_blocks
from crmlab.btyd.spend import SpendFit, amounts
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def customer_value(
    fit: PurchaseFit,
    spend: SpendFit,
    summary: pd.DataFrame,
    *,
    annual_rate: float = 0.1,
    weeks: float = float("inf"),
    level: float = 0.95,
) -> CustomerValues:
    """What each customer will still spend, discounted to today.

    Parameters
    ----------
    fit : PurchaseFit
    spend : SpendFit
    summary : DataFrame, one row per customer
        What both fits read.
    annual_rate : float
        Discount of a year of 52 weeks: 0.1 is ten per cent.
    weeks : float
        How far to look ahead; by default for ever.
    level : float
        Of the confidence intervals.

    Returns
    -------
    CustomerValues
        ``.table`` has a row for each customer; ``.total`` and ``.total_std_error`` are those of all.

    Raises
    ------
    DataError, ArgumentError
        As the fits; an infinite horizon without discount.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1)
    >>> amounts = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, summary.frequency, seed=2)
    >>> summary["monetary_value"] = amounts.monetary_value
    >>> values = btyd.customer_value(btyd.fit_bgnbd(summary), btyd.fit_gamma_gamma(summary), summary)
    >>> values.table.columns.tolist()[:5]
    ['customer_id', 'p_alive', 'discounted_purchases', 'spend', 'discounted_spend']

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV: Using iso-value curves for customer base analysis, Journal of Marketing
    Research 42(4): discounted expected (residual) transactions times expected spend.
    """
    _both(fit, spend)
    level = _check.share("level", level)
    alive, purchases, slopes = fit.expectation(summary, weeks, annual_rate)
    amount, amount_slopes = spend.expectation(summary)
    by_fit, by_spend = slopes * amount, amount_slopes * purchases
    error = np.hypot(fitting.delta(by_fit, fit.found), fitting.delta(by_spend, spend.found))
    found = purchases * amount
    factor = np.exp(stats.norm.ppf((1 + level) / 2) * error / np.maximum(found, 1e-300))
    table = ids(summary).assign(
        p_alive=alive, discounted_purchases=purchases, spend=amount, discounted_spend=found, std_error=error,
        low=found / factor, high=found * factor,
    )  # fmt: skip
    known = np.isfinite(found)
    whole = [np.sum(each[:, known], axis=1, keepdims=True) for each in (by_fit, by_spend)]
    total_error = float(np.hypot(fitting.delta(whole[0], fit.found), fitting.delta(whole[1], spend.found))[0])
    return CustomerValues(table, float(found[known].sum()), total_error, float(annual_rate), float(weeks), level)


def _both(fit: object, spend: object) -> None:
    if not isinstance(fit, PurchaseFit):
        raise ArgumentError(f"`fit` must be a fit of purchases, such as `btyd.fit_bgnbd(summary)`; it is {type(fit).__name__}.")
    if not isinstance(spend, SpendFit):
        raise ArgumentError(f"`spend` must be `btyd.fit_gamma_gamma(summary)`; it is {type(spend).__name__}.")


@dataclass(frozen=True, slots=True, eq=False)
class CustomerValues:
    """What customers will still spend.

    Attributes
    ----------
    table : DataFrame, one row per customer, with the index of the table that was valued
        ``customer_id`` if there is one, ``p_alive``, ``discounted_purchases``, ``spend`` (on a purchase),
        ``discounted_spend`` (their product, in currency), and its ``std_error``, ``low``, ``high``: how well it is
        known what is to be *expected* of such a customer; what he will do himself varies far more (see ``forecast``).
    total, total_std_error : float
        Of all customers together; errors of customers are not independent, so they do not add up by squares.
    annual_rate, weeks, level : float
    """

    table: pd.DataFrame
    total: float
    total_std_error: float
    annual_rate: float
    weeks: float
    level: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the total, made on the scale of the logarithm."""
        if not self.total > 0:
            return 0.0, 0.0
        factor = np.exp(stats.norm.ppf((1 + _check.share("level", level)) / 2) * self.total_std_error / self.total)
        return self.total / factor, self.total * factor

    def summary(self) -> Summary:
        """The finding in a few lines."""
        low, high = self.interval(self.level)
        unknown = int(self.table.discounted_spend.isna().sum())
        top = self.table.nlargest(5, "discounted_spend").round(2)
        ahead = "for ever" if np.isinf(self.weeks) else f"for {show(self.weeks)} weeks"
        return Summary(
            "What the customers will still spend",
            facts=(
                ("Customers", len(self.table)),
                (f"Together, {ahead}, at {percent(self.annual_rate)} a year", round(self.total, 2)),
                (f"{percent(self.level, 0)} confidence interval", f"{show(round(low, 2))} to {show(round(high, 2))}"),
                ("On average", round(self.total / max(len(self.table) - unknown, 1), 2)),
                *((("Customers whose mean spend does not exist, left out", unknown),) if unknown else ()),
            ),
            table=top,
            source="Fader, Hardie & Lee (2005)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """How much of it the most valuable customers hold, by tenths."""
        sizes = np.sort(self.table.discounted_spend.dropna().to_numpy())[::-1]
        if not sizes.sum() > 0:
            raise DataError("nobody is expected to spend anything, so there is nothing to show. Look further ahead (`weeks`).")
        tenths = [part.sum() / sizes.sum() for part in np.array_split(sizes, min(10, sizes.size))]
        heights = pd.Series(tenths, index=[str(number) for number in range(1, len(tenths) + 1)])
        return _draw.bars(
            heights,
            title=f"The first tenth of customers will bring {percent(heights.iloc[0], 0)} of what is to come",
            x="customers by what they will still spend, in tenths",
            y="share of all future spend",
            alt="Bars: " + ", ".join(f"tenth {label}: {percent(height)}" for label, height in heights.items()) + ".",
            share=True,
            ax=ax,
        )


def forecast_revenue(
    fit: PurchaseFit,
    spend: SpendFit,
    summary: pd.DataFrame,
    *,
    weeks: float = 52,
    level: float = 0.9,
    draws: int = 400,
    seed: int,
) -> Revenue:
    """What all these customers together will spend, with both uncertainties kept apart.

    How well the parameters are known (delta method), and chance, which would be left if they were known exactly
    (simulation of every customer's purchases and amounts). New customers are not in it.

    Parameters
    ----------
    fit : PurchaseFit
    spend : SpendFit
    summary : DataFrame, one row per customer
    weeks : float
        How far to look ahead.
    level : float
        Of the prediction interval.
    draws : int
        Futures to draw of each customer.
    seed : int

    Returns
    -------
    Revenue

    Raises
    ------
    DataError, ArgumentError
        As the fits.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1)
    >>> amounts = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, summary.frequency, seed=2)
    >>> summary["monetary_value"] = amounts.monetary_value
    >>> ahead = btyd.forecast_revenue(btyd.fit_bgnbd(summary), btyd.fit_gamma_gamma(summary), summary, seed=3)
    >>> ahead.low < ahead.revenue < ahead.high
    True

    References
    ----------
    The posterior of a customer's own rates and mean: Fader, Hardie & Lee (2005); Fader & Hardie (2013), section 3.
    """
    _both(fit, spend)
    draws, level = _check.integer("draws", draws, 20), _check.share("level", level)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    _, purchases, slopes = fit.expectation(summary, weeks, 0.0)
    amount, amount_slopes = spend.expectation(summary)
    known = np.isfinite(amount)
    whole = [np.sum(each[:, known], axis=1, keepdims=True) for each in (slopes * amount, amount_slopes * purchases)]
    error = float(np.hypot(fitting.delta(whole[0], fit.found), fitting.delta(whole[1], spend.found))[0])
    chance = _chance(rng, fit, spend, summary, weeks, draws, known)
    revenue = float((purchases * amount)[known].sum())
    wide = float(stats.norm.ppf((1 + level) / 2) * np.hypot(error, chance))
    return Revenue(
        float(purchases[known].sum()), revenue, error, chance, max(revenue - wide, 0.0), revenue + wide, level, float(weeks),
        int(known.sum()), int((~known).sum()),
    )  # fmt: skip


def _chance(
    rng: np.random.Generator,
    fit: PurchaseFit,
    spend: SpendFit,
    summary: pd.DataFrame,
    weeks: float,
    draws: int,
    known: np.ndarray,
) -> float:
    """Standard deviation of what all will spend, if the parameters were known: customers vary independently."""
    p, q, v = spend.params
    columns, extra = histories(summary, fit.model, fit.covariates)
    ahead, _ = horizon(fit.model, weeks, 0.0)
    theta = fit.theta(extra)
    alive = in_blocks(fit.model.alive, theta, *columns)
    x, mean = amounts(summary)
    total = x * np.where(x > 0, mean, 0.0)
    rows = np.flatnonzero(known)
    variance, block = 0.0, max(1, 1_000_000 // draws)
    for start in range(0, rows.size, block):
        mine = rows[start : start + block]
        shape = (draws, mine.size)
        part = theta if theta.shape[1] == 1 else theta[:, mine]
        counts = fit.model.draw(rng, part, columns[0][mine], columns[2][mine], ahead, shape)
        counts = counts * (rng.random(shape) < alive[mine])
        rate = rng.gamma(np.broadcast_to(p * x[mine] + q, shape)) / (v + total[mine])
        spent = np.where(counts > 0, rng.gamma(np.maximum(p * counts, 1e-9)) / rate, 0.0)
        variance += spent.var(axis=0, ddof=1).sum()
    return float(np.sqrt(variance))


@dataclass(frozen=True, slots=True, eq=False)
class Revenue:
    """What customers together will spend.

    Attributes
    ----------
    purchases, revenue : float
        Expected; revenue in currency.
    parameter_error, chance : float
        Standard error because the parameters are estimates, and standard deviation that chance alone would leave.
    low, high : float
        Prediction interval of the revenue, from both.
    level, weeks : float
    customers, without : int
        Counted, and left out because their mean spend does not exist.
    """

    purchases: float
    revenue: float
    parameter_error: float
    chance: float
    low: float
    high: float
    level: float
    weeks: float
    customers: int
    without: int

    def summary(self) -> Summary:
        """The forecast in a few lines."""
        return Summary(
            f"The next {show(self.weeks)} weeks of {self.customers:,} customers",
            facts=(
                ("Expected purchases", round(self.purchases, 1)),
                ("Expected revenue", round(self.revenue, 2)),
                (f"{percent(self.level, 0)} prediction interval", f"{show(round(self.low))} to {show(round(self.high))}"),
                ("of which: parameters are estimates (standard error)", round(self.parameter_error, 2)),
                ("of which: chance (standard deviation)", round(self.chance, 2)),
                *((("Left out, because their mean spend does not exist", self.without),) if self.without else ()),
            ),
            note="Of the customers known today; new ones come on top.",
        )
