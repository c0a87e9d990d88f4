"""Purchases: fit a model of customers without contract, and ask it what they will do.

Each ``fit_<model>`` reads one row per customer and returns a ``PurchaseFit``. Its answers come with two uncertainties that
must not be confused: how well the parameters are known (``predict``: standard errors by the delta method, which shrink as
customers are added) and what one customer will do anyway (``forecast``: simulated, and as wide for the millionth customer as
for the first). The formulas stand in the files of the models, how answers are computed in ``prediction``; what a purchase is
worth is known in ``value``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from crmlab import _check
from crmlab._likelihood import Fit, group_observations, log_prior, maximise
from crmlab.btyd import prediction
from crmlab.btyd.histories import answers, covariate_names, read_counts, read_histories
from crmlab.btyd.models import MODELS, PurchaseModel
from crmlab.errors import ArgumentError, DataError

Prior = Mapping[str, tuple[float, float]]


# -- Fits ---------------------------------------------------------------------------------------------------------


def fit_bgnbd(summary: pd.DataFrame, *, covariates: Sequence[str] = (), prior: Prior | None = None) -> PurchaseFit:
    """Fit BG/NBD: customers buy at a rate of their own until they drop out, unseen, after a purchase.

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
        With parameters r, alpha (purchase rates: gamma; alpha in weeks), a, b (probability to drop out after a repeat
        purchase: beta).

    Raises
    ------
    DataError
        A column is missing or holds what cannot be: frequency not whole, recency above age, recency without a purchase,
        one customer only, nobody with a repeat purchase, all customers alike.
    ArgumentError
        A covariate or prior that is none.
    ConvergenceError
        No maximum was reached.

    See Also
    --------
    fit_mbgnbd : Customers may drop out after the first purchase, too.
    fit_pareto_nbd : Customers may drop out at any moment.

    Notes
    -----
    With x repeat purchases, the last at t_x, in T weeks, the likelihood of a customer is Gamma(r + x) / Gamma(r) alpha^r
    B(a, b + x) / B(a, b) [(alpha + T)^-(r + x) + a / (b + x - 1) (alpha + t_x)^-(r + x)], the last term for x > 0 only.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2). Fader & Hardie (2007),
    Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=3_000, weeks=39, seed=1)
    >>> fit = btyd.fit_bgnbd(summary)
    >>> bool(0.2 < fit.params["r"] < 0.3), fit.weak
    (True, ())
    """
    return _fit(MODELS["bgnbd"], summary, covariates, prior)


def fit_mbgnbd(summary: pd.DataFrame, *, prior: Prior | None = None) -> PurchaseFit:
    """Fit MBG/NBD: as BG/NBD, but customers may drop out after the first purchase, too, so that nobody is surely alive.

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

    Notes
    -----
    With x repeat purchases, the last at t_x, in T weeks, the likelihood of a customer is Gamma(r + x) / Gamma(r) alpha^r
    B(a, b + x + 1) / B(a, b) [(alpha + T)^-(r + x) + a / (b + x) (alpha + t_x)^-(r + x)].

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    International Journal of Research in Marketing 24(3).

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}
    >>> summary = btyd.simulate_purchases("mbgnbd", truth, customers=3_000, weeks=39, seed=1)
    >>> btyd.fit_mbgnbd(summary).predict(summary.head(1), weeks=52).columns[:3].tolist()
    ['customer_id', 'p_alive', 'purchases']
    """
    return _fit(MODELS["mbgnbd"], summary, (), prior)


def fit_pareto_nbd(summary: pd.DataFrame, *, covariates: Sequence[str] = (), prior: Prior | None = None) -> PurchaseFit:
    """Fit Pareto/NBD: customers buy at a rate of their own until they drop out, unseen, at any moment.

    Parameters
    ----------
    summary, prior
        As for ``fit_bgnbd``.
    covariates : list of str
        Numeric columns that do not change with time. Each acts on alpha and on beta by exp(-g z): a positive coefficient
        means more purchases, and an earlier dropout.

    Returns
    -------
    PurchaseFit
        With parameters r, alpha (purchase rates: gamma), s, beta (dropout rates: gamma); alpha and beta in weeks.

    Raises
    ------
    DataError, ArgumentError, ConvergenceError
        As ``fit_bgnbd``.

    Notes
    -----
    With x repeat purchases, the last at t_x, in T weeks, the likelihood of a customer is Gamma(r + x) / Gamma(r) alpha^r
    beta^s [(alpha + T)^-(r + x) (beta + T)^-s + s int_t_x^T (alpha + u)^-(r + x) (beta + u)^-(s + 1) du].

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33(1). Fader & Hardie (2005), A
    note on deriving the Pareto/NBD model and related expressions.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}
    >>> summary = btyd.simulate_purchases("pareto_nbd", truth, customers=3_000, weeks=39, seed=1)
    >>> fit = btyd.fit_pareto_nbd(summary)
    >>> bool(0.45 < fit.params["r"] < 0.65)
    True
    """
    return _fit(MODELS["pareto_nbd"], summary, covariates, prior)


def fit_bgbb(summary: pd.DataFrame, *, prior: Prior | None = None) -> PurchaseFit:
    """Fit BG/BB: a coin at each opportunity until customers drop out, unseen, between two of them.

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
        With parameters alpha, beta (probability to take an opportunity: beta), gamma, delta (probability to drop out before
        the next: beta).

    Raises
    ------
    DataError, ArgumentError, ConvergenceError
        As ``fit_bgnbd``; periods must be whole numbers.

    Notes
    -----
    With x of n opportunities taken, the last of them t_x, the likelihood of a customer is the sum over i = 0, ..., n - t_x - 1
    of B(alpha + x, beta + t_x - x + i) B(gamma + 1, delta + t_x + i), plus B(alpha + x, beta + n - x) B(gamma, delta + n), over
    B(alpha, beta) B(gamma, delta).

    References
    ----------
    Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science 29(6).

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    >>> summary = btyd.simulate_purchases("bgbb", truth, customers=3_000, weeks=6, seed=1)
    >>> btyd.fit_bgbb(summary).params.index.tolist()
    ['alpha', 'beta', 'gamma', 'delta']
    """
    return _fit(MODELS["bgbb"], summary, (), prior)


def _fit(model: PurchaseModel, summary: pd.DataFrame, covariates: Sequence[str], prior: Prior | None) -> PurchaseFit:
    names = covariate_names(covariates)
    histories = read_histories(summary, model, names)
    weight = read_counts(summary, model)
    if weight is not None:
        histories, weight = histories.take(weight > 0), weight[weight > 0]
    n = int(len(summary) if weight is None else weight.sum())
    if n < 2:
        raise DataError("one customer cannot show how customers differ. Give the histories of many (some hundreds at least).")
    if not histories.frequency.any():
        raise DataError("nobody has a repeat purchase, so nothing is known about rates. Wait, or choose an earlier beginning.")
    observations = group_observations(model.likelihood, histories.columns, histories.covariates, weight)
    if observations.weight.size == 1:
        raise DataError(f"all {n:,} customers have one and the same history, so how they differ cannot be seen.")
    for name, column in zip(names, histories.covariates.T, strict=True):
        if not np.ptp(column):
            raise DataError(f"the covariate `{name}` is the same for all, so its effect cannot be seen. Leave it out.")
    log_normal = log_prior(prior, model.likelihood, len(names))
    estimate = maximise(model.likelihood, observations, covariates=names, prior=log_normal)
    return PurchaseFit(estimate, n, prior is not None, model)


# -- The fit ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PurchaseFit(Fit):
    """A fitted model of purchases.

    Attributes
    ----------
    estimate : Estimate
        The maximum, in logarithms.
    n : int
        Customers to whom the model was fitted.
    has_prior : bool
        Whether it is the mode of a posterior instead of a maximum of the likelihood.
    model : PurchaseModel
    """

    model: PurchaseModel

    def predict(
        self, summary: pd.DataFrame, weeks: float = 52, *, annual_rate: float = 0.0, level: float = 0.95
    ) -> pd.DataFrame:
        """Return who is alive, and how many purchases are to be expected of each customer.

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

        Raises
        ------
        DataError, ArgumentError
            As the fit; an infinite horizon without discount.

        See Also
        --------
        forecast : What single customers may do.

        Examples
        --------
        >>> from crmlab import btyd
        >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
        >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1)
        >>> fit = btyd.fit_bgnbd(summary)
        >>> often = summary[summary.frequency > 9].sort_values("frequency", kind="stable")
        >>> often["expected"] = fit.predict(often, weeks=52).purchases  # each row gets its own answer
        >>> often.expected.round(2).equals(fit.predict(summary, weeks=52).purchases[often.index].round(2))
        True
        """
        level = _check.share("level", level)
        horizon, rate = prediction.check_horizon(self.model, weeks, annual_rate)
        histories = read_histories(summary, self.model, self.covariates)
        expected = prediction.expected_purchases(self.model, self.estimate, histories, horizon, rate)
        error = self.estimate.std_errors(expected.jacobian)
        factor = np.exp(stats.norm.ppf((1 + level) / 2) * error / np.maximum(expected.purchases, 1e-300))
        return answers(summary).assign(
            p_alive=expected.p_alive, purchases=expected.purchases, std_error=error,
            low=expected.purchases / factor, high=expected.purchases * factor,
        )  # fmt: skip

    def p_alive(self, summary: pd.DataFrame) -> pd.Series:
        """Return the probability that each customer is alive at the end of calibration (BG/BB: at the next opportunity).

        Parameters
        ----------
        summary : DataFrame
            As for ``predict``.

        Returns
        -------
        Series, one value per customer, with the index of ``summary``

        Raises
        ------
        DataError
            As the fit.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import btyd
        >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
        >>> fit = btyd.fit_bgnbd(btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1))
        >>> two = pd.DataFrame({"frequency": 5, "recency_weeks": [26, 50], "age_weeks": 52}, index=["silent", "recent"])
        >>> fit.p_alive(two).idxmax()
        'recent'
        """
        histories = read_histories(summary, self.model, self.covariates)
        p_alive = prediction.probability_alive(self.model, self.estimate, histories)
        return pd.Series(p_alive, summary.index, name="p_alive")

    def expected_purchases_new_customer(self, weeks: npt.ArrayLike) -> np.ndarray:
        """Return expected repeat purchases of a new customer in their first ``weeks`` (all covariates zero).

        Before anything is known of them: the mean over customers whose first purchase was ``weeks`` ago.

        Parameters
        ----------
        weeks : float or array
            Since the first purchase (BG/BB: opportunities).

        Returns
        -------
        float or ndarray, of the shape of ``weeks``

        Raises
        ------
        ArgumentError
            A number below 0 or infinite; opportunities that are not whole.

        Examples
        --------
        >>> from crmlab import btyd
        >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
        >>> fit = btyd.fit_bgnbd(btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1))
        >>> year = fit.expected_purchases_new_customer([26, 52])
        >>> bool(0 < year[0] < year[1])
        True
        """
        try:
            horizons = np.asarray(weeks, dtype=float)
        except (TypeError, ValueError):
            horizons = np.array(np.nan)
        if not (np.isfinite(horizons).all() and (horizons >= 0).all()):
            raise ArgumentError("`weeks` must be finite numbers, none below 0.")
        if self.model.counts_periods and (horizons != np.floor(horizons)).any():
            raise ArgumentError(f"`weeks` counts opportunities in {self.name}: give whole numbers.")
        expected = prediction.expected_purchases_new_customer(self.model, self.estimate, horizons.ravel())
        return expected.reshape(horizons.shape)[()]  # a number for a number

    def forecast(
        self, summary: pd.DataFrame, weeks: float = 52, *, draws: int = 1_000, level: float = 0.9, seed: int
    ) -> pd.DataFrame:
        """Return what single customers may do: prediction intervals of their purchases, by simulation at the estimates.

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
            ``customer_id`` if there is one, ``purchases`` (mean), ``low``, ``high`` (whole purchases), ``p_zero`` (the
            probability to make no purchase at all).

        Raises
        ------
        DataError, ArgumentError
            As ``predict``; an infinite horizon.

        See Also
        --------
        predict : What is to be expected, and how well that is known.

        Examples
        --------
        >>> from crmlab import btyd
        >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
        >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1)
        >>> ahead = btyd.fit_bgnbd(summary).forecast(summary.head(3), weeks=52, draws=100, seed=2)
        >>> ahead.columns.tolist()
        ['customer_id', 'purchases', 'low', 'high', 'p_zero']
        """
        draws, level = _check.integer("draws", draws, 1), _check.share("level", level)
        rng = np.random.default_rng(_check.integer("seed", seed, 0))
        horizon, _ = prediction.check_horizon(self.model, weeks, 0.0)
        histories = read_histories(summary, self.model, self.covariates)
        mean, low, high, p_zero = prediction.forecast_purchases(
            rng, self.model, self.estimate, histories, horizon, draws, level
        )
        return answers(summary).assign(purchases=mean, low=low.astype(int), high=high.astype(int), p_zero=p_zero)


# -- Comparison ---------------------------------------------------------------------------------------------------


def likelihood_ratio(small: PurchaseFit, large: PurchaseFit) -> pd.DataFrame:
    """Test whether the covariates of the larger fit tell more than chance would, by the likelihood ratio.

    Parameters
    ----------
    small, large : PurchaseFit
        Of one model and one table; the covariates of ``small`` are among those of ``large``.

    Returns
    -------
    DataFrame, one row
        ``chi2``, ``df``, ``p_value``.

    Raises
    ------
    ArgumentError
        The fits are not nested, not of the same customers, or have priors.

    References
    ----------
    Wilks (1938), The large-sample distribution of the likelihood ratio, Annals of Mathematical Statistics 9(1).

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1)
    >>> summary["even"] = summary.customer_id % 2  # has no effect
    >>> test = btyd.likelihood_ratio(btyd.fit_bgnbd(summary), btyd.fit_bgnbd(summary, covariates=["even"]))
    >>> int(test.df[0]), bool(test.p_value[0] > 0.01)
    (3, True)
    """
    for name, fit in (("small", small), ("large", large)):
        check_fit(name, fit)
    if small.name != large.name or small.n != large.n:
        raise ArgumentError(
            f"the fits must be of one model and of the same customers; they are {small.name} of {small.n:,} and "
            f"{large.name} of {large.n:,}. Compare different models by `.aic` or `.bic`."
        )
    if not set(small.covariates) < set(large.covariates):
        raise ArgumentError("the covariates of `small` must be among those of `large`, which must have more of them.")
    if small.has_prior or large.has_prior:
        raise ArgumentError("a fit with a prior is no maximum of the likelihood: the test does not hold. Fit without priors.")
    chi2 = max(0.0, 2 * (large.loglik - small.loglik))
    df = large.estimate.optimum.size - small.estimate.optimum.size
    return pd.DataFrame({"chi2": [chi2], "df": [df], "p_value": [float(stats.chi2.sf(chi2, df))]})


def check_fit(name: str, fit: object, *, covariates: bool = True, weeks: bool = False) -> PurchaseFit:
    """Check that ``fit`` is a fit of purchases; perhaps without covariates, perhaps in weeks."""
    example = "such as `btyd.fit_bgnbd(summary)`"
    if not isinstance(fit, PurchaseFit):
        raise ArgumentError(f"`{name}` must be a fit of purchases, {example}; it is {type(fit).__name__}.")
    if weeks and fit.model.counts_periods:
        raise ArgumentError(f"`{name}` must be a fit of purchases in weeks, {example}; it is {fit.name}.")
    if not covariates and fit.covariates:
        raise ArgumentError(f"`{name}` must be a fit without covariates; it reads {', '.join(fit.covariates)}.")
    return fit
