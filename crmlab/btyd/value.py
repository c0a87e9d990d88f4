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
from crmlab._result import Result, Summary, percent, show
from crmlab.btyd import gamma_gamma, prediction
from crmlab.btyd.histories import answers, read_histories, read_spend
from crmlab.btyd.purchases import PurchaseFit, check_fit
from crmlab.btyd.spend import SpendFit, expected_spend
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class _ExpectedRevenue:
    """What is to be expected of n customers, and its slopes by the parameters of both fits.

    Attributes
    ----------
    p_alive, purchases, spend, revenue : ndarray, shape (n,)
        Revenue is purchases times spend on each; NaN where spend does not exist.
    std_error : ndarray, shape (n,)
        Of ``revenue``.
    total, total_std_error : float
        Of all customers whose spend exists; their errors are not independent, so slopes are added up, not squares.
    """

    p_alive: np.ndarray
    purchases: np.ndarray
    spend: np.ndarray
    revenue: np.ndarray
    std_error: np.ndarray
    total: float
    total_std_error: float


def _expected_revenue(
    fit: PurchaseFit, spend: SpendFit, summary: pd.DataFrame, weeks: float, annual_rate: float
) -> _ExpectedRevenue:
    """Multiply expected purchases by expected spend, and carry the errors of both fits along."""
    horizon, rate = prediction.check_horizon(fit.model, weeks, annual_rate)
    histories = read_histories(summary, fit.model, fit.covariates)
    expected = prediction.expected_purchases(fit.model, fit.estimate, histories, horizon, rate)
    amount, amount_jacobian = expected_spend(spend.estimate, summary, stacklevel=4)
    by_fit, by_spend = expected.jacobian * amount, amount_jacobian * expected.purchases
    revenue = expected.purchases * amount
    defined = np.isfinite(revenue)

    def std_errors(by_fit: np.ndarray, by_spend: np.ndarray) -> np.ndarray:
        return np.hypot(fit.estimate.std_errors(by_fit), spend.estimate.std_errors(by_spend))

    totals = (np.sum(jacobian[:, defined], axis=1, keepdims=True) for jacobian in (by_fit, by_spend))
    return _ExpectedRevenue(
        expected.p_alive, expected.purchases, amount, revenue, std_errors(by_fit, by_spend), float(revenue[defined].sum()),
        float(std_errors(*totals)[0]),
    )  # fmt: skip


def _check_fits(fit: object, spend: object) -> None:
    check_fit("fit", fit)
    if not isinstance(spend, SpendFit):
        raise ArgumentError(f"`spend` must be `btyd.fit_gamma_gamma(summary)`; it is {type(spend).__name__}.")


def customer_value(
    fit: PurchaseFit, spend: SpendFit, summary: pd.DataFrame, *, annual_rate: float = 0.1, weeks: float = float("inf"),
    level: float = 0.95,
) -> CustomerValues:  # fmt: skip
    """Return what each customer will still spend, discounted to today.

    Parameters
    ----------
    fit : PurchaseFit
        What they will buy.
    spend : SpendFit
        What they pay each time.
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
        ``.table`` has a row for each customer, with the index of ``summary``; ``.total`` and ``.total_std_error`` are those of
        all.

    Raises
    ------
    DataError, ArgumentError
        As the fits; an infinite horizon without discount.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV: Using iso-value curves for customer base analysis, Journal of Marketing
    Research 42(4): discounted expected (residual) transactions times expected spend.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1)
    >>> amounts = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, summary.frequency, seed=2)
    >>> summary["monetary_value"] = amounts.monetary_value
    >>> values = btyd.customer_value(btyd.fit_bgnbd(summary), btyd.fit_gamma_gamma(summary), summary)
    >>> values.table.columns.tolist()[:5]
    ['customer_id', 'p_alive', 'discounted_purchases', 'spend', 'discounted_spend']
    """
    _check_fits(fit, spend)
    level = _check.share("level", level)
    expected = _expected_revenue(fit, spend, summary, weeks, annual_rate)
    factor = np.exp(stats.norm.ppf((1 + level) / 2) * expected.std_error / np.maximum(expected.revenue, 1e-300))
    table = answers(summary).assign(
        p_alive=expected.p_alive, discounted_purchases=expected.purchases, spend=expected.spend,
        discounted_spend=expected.revenue, std_error=expected.std_error,
        low=expected.revenue / factor, high=expected.revenue * factor,
    )  # fmt: skip
    return CustomerValues(table, expected.total, expected.total_std_error, float(annual_rate), float(weeks), level)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerValues(Result):
    """What customers will still spend.

    Attributes
    ----------
    table : DataFrame, one row per customer, with the index of the table that was valued
        ``customer_id`` if there is one, ``p_alive``, ``discounted_purchases``, ``spend`` (on a purchase),
        ``discounted_spend`` (their product, in currency), and its ``std_error``, ``low``, ``high``: how well it is
        known what is to be *expected* of such a customer; what they will do themselves varies far more (see ``forecast``).
    total, total_std_error : float
        Of all customers together; errors of customers are not independent, so they do not add up by squares.
    annual_rate, weeks, level : float
        As they were asked for.
    """

    table: pd.DataFrame
    total: float
    total_std_error: float
    annual_rate: float
    weeks: float
    level: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence interval of the total, made on the scale of the logarithm.

        Parameters
        ----------
        level : float
            Of confidence, between 0 and 1.

        Returns
        -------
        tuple of float
            Low and high.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import btyd
        >>> values = btyd.CustomerValues(pd.DataFrame(), 100.0, 5.0, 0.1, 52.0, 0.95)
        >>> [round(bound, 2) for bound in values.interval()]
        [90.67, 110.3]
        """
        level = _check.share("level", level)
        if not self.total > 0:
            return 0.0, 0.0
        factor = float(np.exp(stats.norm.ppf((1 + level) / 2) * self.total_std_error / self.total))
        return self.total / factor, self.total * factor

    def summary(self) -> Summary:
        """Show the finding in a few lines."""
        low, high = self.interval(self.level)
        n_undefined = int(self.table.discounted_spend.isna().sum())
        top = self.table.sort_values("discounted_spend", ascending=False, kind="stable").head(5).round(2)
        horizon = "for ever" if np.isinf(self.weeks) else f"for {show(self.weeks)} weeks"
        return Summary(
            "What the customers will still spend",
            facts=(
                ("Customers", len(self.table)),
                (f"Together, {horizon}, at {percent(self.annual_rate)} a year", round(self.total, 2)),
                (f"{percent(self.level, 0)} confidence interval", f"{show(round(low, 2))} to {show(round(high, 2))}"),
                ("On average", round(self.total / max(len(self.table) - n_undefined, 1), 2)),
                *((("Customers whose mean spend does not exist, left out", n_undefined),) if n_undefined else ()),
            ),
            table=top,
            source="Fader, Hardie & Lee (2005)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how much of it the most valuable customers hold, by tenths.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        Axes

        Raises
        ------
        DataError
            Nobody is expected to spend anything.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import btyd
        >>> values = btyd.CustomerValues(pd.DataFrame({"discounted_spend": [60.0, 40.0]}), 100.0, 5.0, 0.1, 52.0, 0.95)
        >>> [round(float(bar.get_height()), 1) for bar in values.plot().patches]
        [0.6, 0.4]
        """
        spend = np.sort(self.table.discounted_spend.dropna().to_numpy())[::-1]
        if not spend.sum() > 0:
            raise DataError("nobody is expected to spend anything, so there is nothing to show. Look further ahead (`weeks`).")
        tenths = [part.sum() / spend.sum() for part in np.array_split(spend, min(10, spend.size))]
        heights = pd.Series(tenths, index=[str(number) for number in range(1, len(tenths) + 1)])
        return _draw.bars(
            heights,
            title=f"The model expects {percent(heights.iloc[0], 0)} of what is to come from the first tenth of customers",
            x="customers by what they will still spend, in tenths",
            y="share of all future spend",
            alt="Bars: " + ", ".join(f"tenth {label}: {percent(height)}" for label, height in heights.items()) + ".",
            share=True,
            ax=ax,
        )


def forecast_revenue(
    fit: PurchaseFit, spend: SpendFit, summary: pd.DataFrame, *, weeks: float = 52, level: float = 0.9, draws: int = 400,
    seed: int,
) -> Revenue:  # fmt: skip
    """Forecast what all these customers together will spend, with both uncertainties kept apart.

    How well the parameters are known (delta method), and chance, which would be left if they were known exactly
    (simulation of every customer's purchases and amounts). New customers are not in it.

    Parameters
    ----------
    fit : PurchaseFit
        What they will buy.
    spend : SpendFit
        What they pay each time.
    summary : DataFrame, one row per customer
        What both fits read.
    weeks : float
        How far to look ahead.
    level : float
        Of the prediction interval.
    draws : int
        Futures to draw of each customer.
    seed : int
        Of the draws.

    Returns
    -------
    Revenue

    Raises
    ------
    DataError, ArgumentError
        As the fits.

    References
    ----------
    The posterior of a customer's rates and mean: Fader, Hardie & Lee (2005); Fader & Hardie (2013), section 3.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1)
    >>> amounts = btyd.simulate_spend({"p": 6.0, "q": 4.0, "v": 15.0}, summary.frequency, seed=2)
    >>> summary["monetary_value"] = amounts.monetary_value
    >>> ahead = btyd.forecast_revenue(btyd.fit_bgnbd(summary), btyd.fit_gamma_gamma(summary), summary, draws=50, seed=3)
    >>> ahead.low < ahead.revenue < ahead.high
    True
    """
    _check_fits(fit, spend)
    draws, level = _check.integer("draws", draws, 20), _check.share("level", level)
    rng = np.random.default_rng(_check.integer("seed", seed, 0))
    expected = _expected_revenue(fit, spend, summary, weeks, 0.0)
    defined = np.isfinite(expected.spend)
    chance = _chance(rng, fit, spend, summary, float(weeks), draws, np.flatnonzero(defined))
    margin = float(stats.norm.ppf((1 + level) / 2) * np.hypot(expected.total_std_error, chance))
    return Revenue(
        float(expected.purchases[defined].sum()), expected.total, expected.total_std_error, chance,
        max(expected.total - margin, 0.0), expected.total + margin, level, float(weeks), int(defined.sum()),
        int((~defined).sum()),
    )  # fmt: skip


def _chance(
    rng: np.random.Generator, fit: PurchaseFit, spend: SpendFit, summary: pd.DataFrame, weeks: float, draws: int,
    rows: np.ndarray,
) -> float:  # fmt: skip
    """Simulate the standard deviation of what all will spend if the parameters were known: customers vary independently."""
    histories = read_histories(summary, fit.model, fit.covariates)
    theta = fit.estimate.customer_parameters(histories.covariates)
    p_alive = prediction.probability_alive(fit.model, fit.estimate, histories)
    x, mean = read_spend(summary)
    total = x * np.where(x > 0, mean, 0.0)
    spend_theta = spend.params.to_numpy()[:, None]
    variance, size = 0.0, max(1, 1_000_000 // draws)
    for block in (rows[start : start + size] for start in range(0, rows.size, size)):
        shape = (draws, block.size)
        block_theta = prediction.take_parameters(theta, block)
        purchases = fit.model.draw(rng, block_theta, histories.frequency[block], histories.age[block], weeks, shape)
        purchases = purchases * (rng.random(shape) < p_alive[block])
        revenue = gamma_gamma.draw_total(rng, spend_theta, x[block], total[block], purchases)
        variance += revenue.var(axis=0, ddof=1).sum()
    return float(np.sqrt(variance))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Revenue(Result):
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
        As they were asked for.
    n, n_excluded : int
        Customers who are counted, and who are left out because their mean spend does not exist.
    """

    purchases: float
    revenue: float
    parameter_error: float
    chance: float
    low: float
    high: float
    level: float
    weeks: float
    n: int
    n_excluded: int

    def summary(self) -> Summary:
        """Show the forecast in a few lines."""
        return Summary(
            f"The next {show(self.weeks)} weeks of {self.n:,} customers",
            facts=(
                ("Expected purchases", round(self.purchases, 1)),
                ("Expected revenue", round(self.revenue, 2)),
                (f"{percent(self.level, 0)} prediction interval", f"{show(round(self.low))} to {show(round(self.high))}"),
                ("of which: parameters are estimates (standard error)", round(self.parameter_error, 2)),
                ("of which: chance (standard deviation)", round(self.chance, 2)),
                *((("Left out, because their mean spend does not exist", self.n_excluded),) if self.n_excluded else ()),
            ),
            note="Of the customers known today; new ones come on top.",
        )
