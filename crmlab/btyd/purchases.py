"""Purchases: fit a model of customers without contract, and ask it what they will do.

``fit_bgnbd``, ``fit_mbgnbd``, ``fit_pareto_nbd`` and ``fit_bgbb`` read one row per customer and return a
``PurchaseFit``. Its answers come with two uncertainties that must not be confused: how well the parameters are known
(``predict``: standard errors by the delta method, which shrink as customers are added) and what one customer will do
anyway (``forecast``: simulated, and as wide for the millionth customer as for the first). The mathematics stand in
``nbd``, ``bgbb`` and ``future``; what a purchase is worth is known in ``value``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._result import Summary, show
from crmlab.btyd import bgbb, fitting, future, nbd, simulation
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import table as declared

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class PurchaseModel:
    """All that is known of one model: likelihood, future, frequencies, and how to draw from it."""

    key: str
    likelihood: fitting.Model
    alive: Callable
    future: Callable
    pmf: Callable
    draw: Callable
    table: str = "purchase_summary"
    unit: str = "weeks"

    @property
    def columns(self) -> tuple[str, str, str]:
        """Names of the three columns of a history."""
        return "frequency", f"recency_{self.unit}", f"age_{self.unit}"


def _geometric_starts(weight: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> list[tuple]:
    between = (weight @ age) / (weight @ x)  # weeks from purchase to purchase, if nobody died
    return [(r, 0.6 * r * between, a, 3 * a) for r in (0.4, 2.0) for a in (0.5, 1.5)]


def _pareto_starts(weight: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> list[tuple]:
    between, usual = (weight @ age) / (weight @ x), (weight @ age) / weight.sum()
    return [(r, 0.6 * r * between, s, 0.6 * usual) for r in (0.4, 2.0) for s in (0.4, 1.0)]


def _bgbb_starts(*_: np.ndarray) -> list[tuple]:
    return [(alpha, 1.0, gamma, 2.0) for alpha in (0.5, 2.0) for gamma in (0.5, 2.0)]


def _geometric(key: str, name: str, chances: int, source: str) -> PurchaseModel:
    return PurchaseModel(
        key,
        fitting.Model(
            name, ("r", "alpha", "a", "b"), partial(nbd.geometric_terms, chances=chances), _geometric_starts, source,
            {"alpha": -1, "a": 1, "b": 1},
        ),
        partial(future.geometric_alive, chances=chances),
        partial(future.geometric_future, chances=chances),
        partial(future.geometric_pmf, chances=chances),
        partial(simulation.geometric_draw, chances=chances),
    )  # fmt: skip


MODELS = {
    model.key: model
    for model in (
        _geometric("bgnbd", "BG/NBD", 0, "Fader, Hardie & Lee (2005), Marketing Science 24(2)"),
        _geometric("mbgnbd", "MBG/NBD", 1, "Batislam, Denizel & Filiztekin (2007), Int. Journal of Research in Marketing 24"),
        PurchaseModel(
            "pareto_nbd",
            fitting.Model(
                "Pareto/NBD", ("r", "alpha", "s", "beta"), nbd.pareto_terms, _pareto_starts,
                "Schmittlein, Morrison & Colombo (1987), Management Science 33(1)", {"alpha": -1, "beta": -1}, block=2_048,
            ),
            future.pareto_alive, future.pareto_future, future.pareto_pmf, simulation.pareto_draw,
        ),
        PurchaseModel(
            "bgbb",
            fitting.Model(
                "BG/BB", ("alpha", "beta", "gamma", "delta"), bgbb.bgbb_terms, _bgbb_starts,
                "Fader, Hardie & Shang (2010), Marketing Science 29(6)",
            ),
            future.bgbb_alive, future.bgbb_future, future.bgbb_pmf, simulation.bgbb_draw,
            "period_summary", "periods",
        ),
    )
}  # fmt: skip


# -- Fits ---------------------------------------------------------------------------------------------------------


def fit_bgnbd(
    summary: pd.DataFrame, *, covariates: Sequence[str] = (), prior: Mapping[str, tuple[float, float]] | None = None
) -> PurchaseFit:
    """BG/NBD: purchases at a rate of one's own until one dies, unseen, after a purchase.

    Parameters
    ----------
    summary : DataFrame, one row per customer
        ``frequency``, ``recency_weeks``, ``age_weeks`` (see ``purchase_summary``), and the covariates.
    covariates : list of str
        Numeric columns that do not change with time. Each acts on alpha (by exp(-g z): a positive coefficient means more
        purchases), on a and on b (by exp(+g z)), as in Fader & Hardie (2007).
    prior : mapping, optional
        Parameter -> (median, factor): log-normal, two thirds of it between median / factor and median x factor. The fit is
        then the mode of the posterior of the logarithms (MAP), and standard errors are Laplace's.

    Returns
    -------
    PurchaseFit
        With parameters r, alpha (purchase rates: gamma; alpha in weeks), a, b (chance to die after a repeat purchase: beta).

    Raises
    ------
    DataError
        A column is missing or holds what cannot be: frequency not whole, recency above age, recency without a purchase,
        one customer only, nobody with a repeat purchase, all customers alike.
    ArgumentError
        A covariate or prior that is none.
    ConvergenceError
        No maximum was reached.

    Examples
    --------
    >>> from crmlab import btyd
    >>> summary = btyd.simulate_purchases(
    ...     "bgnbd", {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}, customers=3_000, weeks=39, seed=1
    ... )
    >>> fit = btyd.fit_bgnbd(summary)
    >>> bool(0.2 < fit.params["r"] < 0.3), fit.weak
    (True, ())

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2). Fader & Hardie (2007),
    Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.
    """
    return _fit(MODELS["bgnbd"], summary, covariates, prior)


def fit_mbgnbd(summary: pd.DataFrame, *, prior: Mapping[str, tuple[float, float]] | None = None) -> PurchaseFit:
    """MBG/NBD: as BG/NBD, but one may die after the first purchase, too, so that nobody is surely alive.

    Parameters
    ----------
    summary, prior
        As for ``fit_bgnbd``.

    Returns
    -------
    PurchaseFit
        With parameters r, alpha, a, b.

    Raises
    ------
    DataError, ArgumentError, ConvergenceError
        As ``fit_bgnbd``.

    Examples
    --------
    >>> from crmlab import btyd
    >>> summary = btyd.simulate_purchases(
    ...     "mbgnbd", {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}, customers=3_000, weeks=39, seed=1
    ... )
    >>> btyd.fit_mbgnbd(summary).predict(summary.head(1), weeks=52).columns[:3].tolist()
    ['customer_id', 'p_alive', 'purchases']

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    International Journal of Research in Marketing 24(3).
    """
    return _fit(MODELS["mbgnbd"], summary, (), prior)


def fit_pareto_nbd(
    summary: pd.DataFrame, *, covariates: Sequence[str] = (), prior: Mapping[str, tuple[float, float]] | None = None
) -> PurchaseFit:
    """Pareto/NBD: purchases at a rate of one's own until one dies, unseen, at any moment.

    Parameters
    ----------
    summary, prior
        As for ``fit_bgnbd``.
    covariates : list of str
        Numeric columns that do not change with time. Each acts on alpha and on beta by exp(-g z): a positive coefficient
        means more purchases, and an earlier death.

    Returns
    -------
    PurchaseFit
        With parameters r, alpha (purchase rates: gamma), s, beta (death rates: gamma); alpha and beta in weeks.

    Raises
    ------
    DataError, ArgumentError, ConvergenceError
        As ``fit_bgnbd``.

    Examples
    --------
    >>> from crmlab import btyd
    >>> summary = btyd.simulate_purchases(
    ...     "pareto_nbd", {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}, customers=3_000, weeks=39, seed=1
    ... )
    >>> fit = btyd.fit_pareto_nbd(summary)
    >>> bool(0.45 < fit.params["r"] < 0.65)
    True

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33(1). Fader & Hardie (2005), A
    note on deriving the Pareto/NBD model and related expressions.
    """
    return _fit(MODELS["pareto_nbd"], summary, covariates, prior)


def fit_bgbb(summary: pd.DataFrame, *, prior: Mapping[str, tuple[float, float]] | None = None) -> PurchaseFit:
    """BG/BB: a coin at each opportunity until one dies, unseen, between two of them.

    Parameters
    ----------
    summary : DataFrame, one row per customer
        ``frequency`` (opportunities taken), ``recency_periods`` (which of them was the last taken; 0 for none),
        ``age_periods`` (how many there were); see ``period_summary``. A column ``customers``, if there is one, says
        how many customers a row stands for.
    prior
        As for ``fit_bgnbd``.

    Returns
    -------
    PurchaseFit
        With parameters alpha, beta (chance to take an opportunity: beta), gamma, delta (chance to die before the next: beta).

    Raises
    ------
    DataError, ArgumentError, ConvergenceError
        As ``fit_bgnbd``; periods must be whole numbers.

    Examples
    --------
    >>> from crmlab import btyd
    >>> summary = btyd.simulate_purchases(
    ...     "bgbb", {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}, customers=3_000, weeks=6, seed=1
    ... )
    >>> btyd.fit_bgbb(summary).params.index.tolist()
    ['alpha', 'beta', 'gamma', 'delta']

    References
    ----------
    Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science 29(6).
    """
    return _fit(MODELS["bgbb"], summary, (), prior)


def _fit(model: PurchaseModel, summary: pd.DataFrame, covariates: Sequence[str], prior: object) -> PurchaseFit:
    names = covariate_names(summary, covariates)
    columns, extra = histories(summary, model, names)
    weight = None
    if model.key == "bgbb" and "customers" in summary:
        weight = numbers(summary, "customers", model.table, whole=True)
        columns, extra = tuple(column[weight > 0] for column in columns), extra[weight > 0]
        weight = weight[weight > 0]
    customers = int(summary.shape[0] if weight is None else weight.sum())
    if customers < 2:
        raise DataError("one customer cannot show how customers differ. Give the histories of many (some hundreds at least).")
    if not columns[0].any():
        raise DataError("nobody has a repeat purchase, so nothing is known about rates. Wait, or choose an earlier beginning.")
    rows = fitting.count(columns, extra, weight)
    if rows.weight.size == 1:
        raise DataError(f"all {customers:,} customers have one and the same history, so how they differ cannot be seen.")
    for name, column in zip(names, extra.T, strict=True):
        if not np.ptp(column):
            raise DataError(f"the covariate `{name}` is the same for all, so its effect cannot be seen. Leave it out.")
    belief = fitting.log_prior(prior, model.likelihood, len(names))
    return PurchaseFit(model, fitting.maximise(model.likelihood, rows, belief), customers, names, prior is not None)


# -- Doors --------------------------------------------------------------------------------------------------------


def covariate_names(summary: object, covariates: object) -> tuple[str, ...]:
    """The covariates, checked as names."""
    if not isinstance(summary, pd.DataFrame):
        raise DataError(f"`summary` must be a DataFrame with one row per customer; it is {type(summary).__name__}.")
    try:
        covariates = (None,) if isinstance(covariates, str) else tuple(covariates)
    except TypeError:
        covariates = (None,)
    if not all(isinstance(name, str) for name in covariates):
        raise ArgumentError('`covariates` must be a list of column names, such as ["newsletter"].')
    if len(set(covariates)) < len(covariates):
        raise ArgumentError("`covariates` names a column twice.")
    return covariates


def numbers(frame: pd.DataFrame, name: str, table: str, *, whole: bool = False, low: float = 0.0) -> np.ndarray:
    """A column as finite numbers, none below ``low``."""
    column = frame[name]
    if isinstance(column, pd.DataFrame):
        raise DataError(f"the {table} table has two columns of the name `{name}`. Rename or drop one.")
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise DataError(f"column `{name}` of the {table} table must hold numbers; it holds {column.dtype}.")
    values = column.to_numpy(float, na_value=np.nan)
    what = "is not a whole number" if whole else "is missing or infinite"
    good = np.isfinite(values) & (values == np.floor(values) if whole else True)
    _refuse(frame, ~good, f"`{name}` {what}", table)
    _refuse(frame, values < low, f"`{name}` is below {low:g}", table)
    return values


def _refuse(frame: pd.DataFrame, wrong: np.ndarray, reason: str, table: str) -> None:
    if wrong.any():
        rows = np.flatnonzero(wrong)
        shown = ", ".join(f"{key}={show(value)}" for key, value in frame.iloc[rows[0]].items())
        raise DataError(
            f"{reason} in {rows.size:,} of {len(frame):,} rows of the {table} table, first in row {rows[0]} ({shown}). "
            "Mend these rows or take them out; `btyd.purchase_summary` makes such a table from orders."
        )


def histories(
    summary: pd.DataFrame, model: PurchaseModel, covariates: tuple[str, ...]
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """Frequency, recency and age of each customer, and the covariates; refused where they cannot be."""
    if not isinstance(summary, pd.DataFrame):
        raise DataError(f"`summary` must be a DataFrame with one row per customer; it is {type(summary).__name__}.")
    _check.required_columns(summary.columns, declared(model.table), model.columns)
    if missing := [name for name in covariates if name not in summary]:
        told = ", ".join(f"`{name}`" for name in missing)
        raise DataError(f"the table has no column {told}, which the fit reads as a covariate.")
    if not len(summary):
        raise DataError(f"the {model.table} table is empty. It needs at least one row.")
    discrete = model.unit == "periods"
    frequency, recency, age = model.columns
    x = numbers(summary, frequency, model.table, whole=True)
    t_x, t = (numbers(summary, name, model.table, whole=discrete) for name in (recency, age))
    _refuse(summary, t_x > t, f"`{recency}` is above `{age}`: the last purchase lies after the cut", model.table)
    _refuse(summary, (x == 0) & (t_x > 0), f"`{frequency}` is 0, but `{recency}` is above 0", model.table)
    told = f"`{frequency}` is above 0, but `{recency}` is 0: no time for a repeat purchase (purchases of one day are one)"
    _refuse(summary, (x > 0) & (t_x == 0), told, model.table)
    if discrete:
        _refuse(summary, x > t_x, f"`{frequency}` is above `{recency}`: more were taken than there were", model.table)
    extra = np.empty((len(summary), len(covariates)))
    for place, name in enumerate(covariates):
        extra[:, place] = numbers(summary, name, model.table, low=-np.inf)
    return (x, t_x, t), extra


# -- The fit ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseFit:
    """A fitted model of purchases.

    Attributes
    ----------
    model : PurchaseModel
    found : fitting.Found
        The maximum, in logarithms.
    customers : int
    covariates : tuple of str
    has_prior : bool
        Whether it is the mode of a posterior instead of a maximum of the likelihood.
    """

    model: PurchaseModel
    found: fitting.Found
    customers: int
    covariates: tuple[str, ...]
    has_prior: bool

    @property
    def name(self) -> str:
        """Of the model, such as "BG/NBD"."""
        return self.model.likelihood.name

    @property
    def params(self) -> pd.Series:
        """The parameters, then the coefficients of covariates ("alpha: newsletter")."""
        return fitting.estimates(self.found, self.model.likelihood, self.covariates)

    @property
    def table(self) -> pd.DataFrame:
        """``parameter``, ``estimate``, ``std_error`` (empty where the data say nothing)."""
        return fitting.table(self.found, self.model.likelihood, self.covariates)

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals (``parameter``, ``low``, ``high``), of the parameters made on the scale of the logarithm."""
        return fitting.interval(self.found, self.model.likelihood, self.covariates, level)

    @property
    def cov(self) -> pd.DataFrame:
        """Covariances of the estimates."""
        return fitting.covariance(self.found, self.model.likelihood, self.covariates)

    @property
    def loglik(self) -> float:
        """Log-likelihood at the maximum (with a prior: without it)."""
        return self.found.loglik

    @property
    def aic(self) -> float:
        """Akaike's criterion; smaller is better, among fits of one table."""
        return 2 * self.found.at.size - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion; smaller is better, among fits of one table."""
        return math.log(self.customers) * self.found.at.size - 2 * self.loglik

    @property
    def weak(self) -> tuple[str, ...]:
        """Parameters of which the data say (nearly) nothing; their standard errors are empty."""
        return tuple(self.params.index[self.found.weak])

    def predict(
        self, summary: pd.DataFrame, weeks: float = 52, *, annual_rate: float = 0.0, level: float = 0.95
    ) -> pd.DataFrame:
        """Who is alive, and how many purchases are to be expected of each customer.

        Parameters
        ----------
        summary : DataFrame
            As for the fit; of these or of other customers of the same kind.
        weeks : float
            How far to look ahead (BG/BB: opportunities); infinity is allowed with a discount.
        annual_rate : float
            Discount of a year (a year has 52 weeks; BG/BB: of a period): 0.1 is ten per cent.
        level : float
            Of the confidence interval of the expectation (delta method).

        Returns
        -------
        DataFrame, one row per customer, with the index of ``summary``
            ``customer_id`` if the table has one, ``p_alive``, ``purchases``, ``std_error``, ``low``, ``high``.
        """
        level = _check.share("level", level)
        alive, purchases, slopes = self.expectation(summary, weeks, annual_rate)
        error = fitting.delta(slopes, self.found)
        factor = np.exp(stats.norm.ppf((1 + level) / 2) * error / np.maximum(purchases, 1e-300))
        return ids(summary).assign(
            p_alive=alive, purchases=purchases, std_error=error, low=purchases / factor, high=purchases * factor
        )

    def expectation(
        self, summary: pd.DataFrame, weeks: float, annual_rate: float, slopes: bool = True
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """P(alive), expected purchases, and the slopes of the latter by each log parameter, shape (parameters, customers)."""
        weeks, rate = horizon(self.model, weeks, annual_rate)
        columns, extra = histories(summary, self.model, self.covariates)
        first, place = fitting.distinct((*columns, *extra.T))
        columns, extra = tuple(column[first] for column in columns), extra[first]
        x, age = columns[0], columns[2]
        theta = self.theta(extra)
        scale = np.minimum(theta[1], theta[3]) if "beta" in self.params else theta[1]
        groups = [np.arange(x.size)]
        if self.covariates:  # customers with the same covariates share their parameters
            some, kind = fitting.distinct(tuple(extra.T))
            bounds = np.cumsum(np.bincount(kind))[:-1]
            groups = np.split(np.argsort(kind, kind="stable"), bounds) if some.size * 100 <= x.size else []
        curves = [(rows, *ages(x[rows], age[rows], float(scale[rows[0] if scale.size > 1 else 0]))) for rows in groups]

        def at(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            theta = fitting.spread(self.model.likelihood, point, extra)[0]
            alive = in_blocks(self.model.alive, theta, *columns)
            ahead = np.zeros(alive.size)
            if weeks == 0:
                return alive, ahead

            def future(theta: np.ndarray, x: np.ndarray, age: np.ndarray) -> np.ndarray:
                return in_blocks(lambda *given: self.model.future(*given, weeks, rate), theta, x, age, size=512)

            for rows, points_x, points_age, read in curves:
                own = theta if theta.shape[1] == 1 else theta[:, rows[:1]]
                ahead[rows] = read(future(own, points_x, points_age))
            return alive, alive * (ahead if curves else future(theta, x, age))

        alive, purchases = at(self.found.at)
        steps = np.full(self.found.at.size, 1e-5)  # a coefficient's so small that no customer's parameter moves farther
        widest = np.maximum(np.abs(extra).max(axis=0, initial=0), 1e-300)
        steps[len(self.model.likelihood.parameters) :] /= np.tile(widest, len(self.model.likelihood.moved))
        ways = np.diag(steps) if slopes else []
        moved = [(at(self.found.at + way)[1] - purchases)[place] / way.sum() for way in ways]
        return alive[place], purchases[place], np.array(moved)

    def p_alive(self, summary: pd.DataFrame) -> pd.Series:
        """Return the probability that each customer is alive at the cut (BG/BB: at the next opportunity).

        The Series has the index of ``summary``.
        """
        columns, extra = histories(summary, self.model, self.covariates)
        return pd.Series(in_blocks(self.model.alive, self.theta(extra), *columns), summary.index, name="p_alive")

    def theta(self, extra: np.ndarray) -> np.ndarray:
        """Each customer's own parameters, shape (4, 1) or (4, customers)."""
        return fitting.spread(self.model.likelihood, self.found.at, extra)[0]

    def expected(self, weeks: float | np.ndarray) -> float | np.ndarray:
        """Expected repeat purchases of a new customer in his first ``weeks`` (all covariates zero).

        Before anything is known of him; the mean over customers whose first purchase is ``weeks`` ago.
        """
        try:
            weeks = np.asarray(weeks, dtype=float)
        except (TypeError, ValueError):
            weeks = np.array(np.nan)
        if not (np.isfinite(weeks).all() and (weeks >= 0).all()):
            raise ArgumentError("`weeks` must be finite numbers, none below 0.")
        if self.model.unit == "periods" and (weeks != np.floor(weeks)).any():
            raise ArgumentError(f"`weeks` counts opportunities in {self.name}: give whole numbers.")
        theta, none = np.exp(self.found.at[:4, None]), np.zeros(1)
        distinct, place = np.unique(weeks, return_inverse=True)
        found = (self.model.alive(theta, none, none, none) * self.model.future(theta, none, none, distinct, 0.0))[place]
        return found.reshape(weeks.shape) if weeks.shape else float(found)

    def forecast(
        self, summary: pd.DataFrame, weeks: float = 52, *, draws: int = 1_000, level: float = 0.9, seed: int
    ) -> pd.DataFrame:
        """What single customers may do: prediction intervals of their purchases, by simulation at the estimates.

        Parameters
        ----------
        summary, weeks
            As for ``predict``.
        draws : int
            Futures to draw of each customer.
        level : float
            Of the prediction interval.
        seed : int
            Of the draws.

        Returns
        -------
        DataFrame, one row per customer, with the index of ``summary``
            ``customer_id`` if there is one, ``purchases`` (mean), ``low``, ``high`` (whole purchases), ``none`` (the chance
            not to buy at all).
        """
        draws, level = _check.integer("draws", draws, 1), _check.share("level", level)
        rng = np.random.default_rng(_check.integer("seed", seed, 0))
        weeks, _ = horizon(self.model, weeks, 0.0)
        columns, extra = histories(summary, self.model, self.covariates)
        theta = self.theta(extra)
        alive = in_blocks(self.model.alive, theta, *columns)
        found = np.empty((4, alive.size))
        block = max(1, 2_000_000 // draws)
        for start in range(0, alive.size, block):
            rows = slice(start, start + block)
            part = theta if theta.shape[1] == 1 else theta[:, rows]
            lives = rng.random((draws, alive[rows].size)) < alive[rows]
            counts = lives * self.model.draw(rng, part, columns[0][rows], columns[2][rows], weeks, lives.shape)
            ends = np.quantile(counts, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
            found[:, rows] = counts.mean(axis=0), *ends, (counts == 0).mean(axis=0)
        return ids(summary).assign(purchases=found[0], low=found[1].astype(int), high=found[2].astype(int), none=found[3])

    def summary(self) -> Summary:
        """The fit in a few lines, and what is weak in words."""
        facts = ("Log-likelihood", round(self.loglik, 2)), ("AIC", round(self.aic, 1)), ("BIC", round(self.bic, 1))
        return fitting.summary(self, facts, self.model.likelihood.source)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The estimates and their intervals, as multiples of the estimate."""
        return fitting.plot(self, ax)


# -- How expectations are computed --------------------------------------------------------------------------------


def horizon(model: PurchaseModel, weeks: object, annual_rate: object) -> tuple[float, float]:
    """A horizon and the rate of discount in its unit, checked."""
    for name, value in (("weeks", weeks), ("annual_rate", annual_rate)):
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or np.isnan(value) or value < 0:
            raise ArgumentError(f"`{name}` must be a number of at least 0; it is {value!r}.")
    if 1e6 < weeks < math.inf:
        raise ArgumentError(f"`weeks` is {weeks:g}, more than a million: give infinity and a discount, or fewer weeks.")
    rate = math.log1p(annual_rate) / (1 if model.unit == "periods" else 52)
    if math.isinf(weeks) and not rate > 0:
        raise ArgumentError("an infinite horizon needs a discount: set `annual_rate`, e.g. 0.1 for ten per cent a year.")
    if model.unit == "periods" and math.isfinite(weeks) and weeks != int(weeks):
        raise ArgumentError(f"`weeks` counts opportunities in {model.likelihood.name}: give a whole number; it is {weeks!r}.")
    return float(weeks), rate


def ids(summary: pd.DataFrame) -> pd.DataFrame:
    """The index of ``summary``, and ``customer_id`` if there is one: what answers are put beside."""
    return summary[[name for name in ("customer_id",) if name in summary]].copy()


def in_blocks(function: Callable, theta: np.ndarray, *columns: np.ndarray, size: int = 4_096) -> np.ndarray:
    """A function of customers in blocks that fit into a processor's own memory; neighbours in a block are alike."""
    order = np.argsort(columns[0], kind="stable")
    found = np.empty(order.size)

    for start in range(0, order.size, size):
        mine = order[start : start + size]
        part = theta if theta.shape[1] == 1 else theta[:, mine]
        found[mine] = function(part, *(column[mine] for column in columns))
    return found


def ages(x: np.ndarray, age: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, Callable]:
    """At which frequencies and ages to compute a smooth positive function, and how to read it at all the others.

    Distinct pairs; but where many ages share a frequency, Chebyshev points in log(scale + age) between the youngest and the
    oldest, and the polynomial through the logarithm there. The function has no singularity nearer than 1.5 to that line
    (``scale`` is the smaller of alpha and beta), so a relative error below 1e-10 needs 25 / asinh(3 / range) points.
    """
    first, place = fitting.distinct((x, age))
    order = first[np.lexsort((age[first], x[first]))]
    begins = np.flatnonzero(np.diff(x[order], prepend=-1))
    groups = np.split(order, begins[1:])
    points_x, points_age, curves, start = [], [], [], 0
    for group in groups:
        low, high = np.log(scale + age[group[[0, -1]]])
        count = int(np.ceil(25 / np.arcsinh(3 / max(high - low, 1e-6)))) + 2
        nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        where = None
        points_age.append(age[group])
        if group.size > 1.5 * count:
            where = 2 * (np.log(scale + age[group]) - low) / (high - low) - 1
            points_age[-1] = np.maximum(np.exp(low + (high - low) * (nodes + 1) / 2) - scale, 0.0)
        points_x.append(np.full(points_age[-1].size, x[group[0]]))
        curves.append((group, slice(start, start + points_age[-1].size), nodes, where))
        start += points_age[-1].size
    back = np.empty(x.size, dtype=np.intp)  # from a row to its distinct pair, by where that stands first
    back[first] = np.arange(first.size)

    def read(values: np.ndarray) -> np.ndarray:
        found = np.empty(first.size)
        for group, points, nodes, where in curves:
            if where is None:
                found[back[group]] = values[points]
            else:
                series = np.polynomial.chebyshev.chebfit(nodes, np.log(values[points]), nodes.size - 1)
                found[back[group]] = np.exp(np.polynomial.chebyshev.chebval(where, series))
        return found[place]

    return np.concatenate(points_x), np.concatenate(points_age), read
