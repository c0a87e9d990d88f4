"""Estimates and fits: what a maximum tells.

An ``Estimate`` holds the maximum in logarithms and turns it into parameters, errors and intervals. ``Fit`` is what every
fitted model of a topic is made of: its accessors, summary and picture are written here once. How the maximum is found is
known in ``maximum``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw
from crmlab._likelihood.model import Model, customer_parameters
from crmlab._result import Result, Summary, show
from crmlab.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Estimate:
    """A maximum, and what is known there.

    Attributes
    ----------
    model : Model
    covariates : tuple of str
        Names of the m covariates.
    optimum : ndarray, shape (k,)
        Logarithms of the parameters, then the coefficients of covariates.
    loglik : float
        Log-likelihood at the maximum (with a prior: without it).
    covariance : ndarray, shape (k, k)
        Of ``optimum``.
    unidentified : ndarray of bool, shape (k,)
        Parameters and coefficients of which the data say (nearly) nothing.
    """

    model: Model
    covariates: tuple[str, ...]
    optimum: np.ndarray
    loglik: float
    covariance: np.ndarray
    unidentified: np.ndarray

    @property
    def labels(self) -> list[str]:
        """Names of parameters and coefficients."""
        return self.model.labels(self.covariates)

    def _values(self) -> np.ndarray:
        k = len(self.model.parameters)
        return np.concatenate([np.exp(self.optimum[:k]), self.optimum[k:]])

    def _scale(self) -> np.ndarray:
        """Return what turns the error of a logarithm into that of its parameter; NaN where nothing is identified."""
        k = len(self.model.parameters)
        scale = np.where(self.unidentified, np.nan, 1.0)
        scale[:k] *= np.exp(self.optimum[:k])
        return scale

    @property
    def params(self) -> pd.Series:
        """Parameters, then coefficients."""
        return pd.Series(self._values(), index=self.labels)

    @property
    def table(self) -> pd.DataFrame:
        """``parameter``, ``estimate``, ``std_error`` (empty where nothing is identified)."""
        with np.errstate(over="ignore"):
            errors = np.sqrt(np.diag(self.covariance)) * self._scale()
        return pd.DataFrame({"parameter": self.labels, "estimate": self._values(), "std_error": errors})

    @property
    def cov(self) -> pd.DataFrame:
        """Covariance of the estimates, empty where nothing is identified."""
        scale = self._scale()
        with np.errstate(over="ignore"):  # where all covariates are 0 may be far from all customers
            return pd.DataFrame(self.covariance * np.outer(scale, scale), index=self.labels, columns=self.labels)

    @property
    def weak(self) -> tuple[str, ...]:
        """Names of what is not identified."""
        return tuple(np.array(self.labels, dtype=object)[self.unidentified])

    def interval(self, level: float) -> pd.DataFrame:
        """Return ``parameter``, ``low``, ``high``: on the scale of the logarithm for parameters, plain for coefficients."""
        k = len(self.model.parameters)
        margin = stats.norm.ppf((1 + _check.share("level", level)) / 2) * np.sqrt(np.diag(self.covariance))
        bounds = np.stack([self.optimum - margin, self.optimum + margin])
        with np.errstate(over="ignore"):
            bounds[:, :k] = np.exp(bounds[:, :k])
        bounds[:, self.unidentified] = np.nan
        return pd.DataFrame({"parameter": self.labels, "low": bounds[0], "high": bounds[1]})

    def std_errors(self, jacobian: np.ndarray) -> np.ndarray:
        """Return standard errors (n,) of functions of ``optimum`` from their Jacobian (k, n), by the delta method."""
        return np.sqrt(np.einsum("in,in->n", jacobian, self.covariance @ jacobian))

    def customer_parameters(self, covariates: np.ndarray) -> np.ndarray:
        """Return the parameters of each customer, shape (k, 1) or (k, n)."""
        return customer_parameters(self.model, self.optimum, covariates)[0]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fit(Result):
    """A model that was fitted by maximum likelihood: what all such fits answer alike.

    Attributes
    ----------
    estimate : Estimate
        The maximum, in logarithms.
    n : int
        Customers to whom the model was fitted.
    has_prior : bool
        Whether it is the mode of a posterior instead of a maximum of the likelihood.
    """

    estimate: Estimate
    n: int
    has_prior: bool

    @property
    def name(self) -> str:
        """Name of the model, such as "BG/NBD"."""
        return self.estimate.model.name

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates."""
        return self.estimate.covariates

    @property
    def params(self) -> pd.Series:
        """The parameters, then the coefficients of covariates ("alpha: newsletter")."""
        return self.estimate.params

    @property
    def table(self) -> pd.DataFrame:
        """``parameter``, ``estimate``, ``std_error`` (empty where the data say nothing)."""
        return self.estimate.table

    @property
    def cov(self) -> pd.DataFrame:
        """Covariances of the estimates."""
        return self.estimate.cov

    @property
    def weak(self) -> tuple[str, ...]:
        """Parameters of which the data say (nearly) nothing; their standard errors are empty."""
        return self.estimate.weak

    @property
    def loglik(self) -> float:
        """Log-likelihood at the maximum (with a prior: without it)."""
        return self.estimate.loglik

    @property
    def aic(self) -> float:
        """Akaike's information criterion; smaller is better, among fits of one table."""
        return 2 * self.estimate.optimum.size - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's information criterion; smaller is better, among fits of one table."""
        return math.log(self.n) * self.estimate.optimum.size - 2 * self.loglik

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return confidence intervals, made on the scale of the logarithm for parameters.

        Parameters
        ----------
        level : float
            Of confidence, between 0 and 1.

        Returns
        -------
        DataFrame, one row per parameter
            ``parameter``, ``low``, ``high``; empty where the data say nothing.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> from crmlab import btyd
        >>> fit = btyd.fit_gamma_gamma(btyd.simulate_spend({"p": 6, "q": 4, "v": 15}, np.arange(300) % 5, seed=1))
        >>> fit.interval(0.9).columns.tolist()
        ['parameter', 'low', 'high']
        """
        return self.estimate.interval(level)

    def _facts(self) -> tuple[tuple[str, object], ...]:
        """List what the summary says beside the table of parameters."""
        return ("Log-likelihood", round(self.loglik, 2)), ("AIC", round(self.aic, 1)), ("BIC", round(self.bic, 1))

    def summary(self) -> Summary:
        """Show the fit in a few lines; what is weak is said in words."""
        notes = []
        if self.weak:
            notes.append(
                f"The data say (nearly) nothing about {' and '.join(self.weak)}: very different values explain them as well. "
                "What is predicted can still be sound; the parameters themselves must not be read."
            )
        if self.has_prior:
            notes.append("With a prior: estimates are the mode of the posterior, errors are Laplace's.")
        bounds = self.interval()
        return Summary(
            f"{self.name} of {self.n:,} customers",
            facts=self._facts(),
            table=self.table.assign(**{"95 % from": bounds.low, "to": bounds.high}),
            note=" ".join(notes),
            source=self.estimate.model.source,
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates and their 95 % intervals, as multiples of the estimate.

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
            The data say nothing about any parameter.

        Examples
        --------
        >>> from crmlab import btyd
        >>> fit = btyd.fit_gamma_gamma(btyd.simulate_spend({"p": 6, "q": 4, "v": 15}, np.arange(300) % 5, seed=1))
        >>> fit.plot().get_xlabel()
        'multiple of the estimate, 95 % confidence interval'
        """
        values = self.params
        names = [name for name in self.estimate.model.parameters if name not in self.weak]
        if not names:
            raise DataError("no parameter can be shown: the data say nothing about any of them (see `.summary()`).")
        bounds = self.interval().set_index("parameter").loc[names].div(values[names], axis=0)
        rows = bounds.assign(label=[f"{name} = {show(values[name])}" for name in names], middle=1.0)
        widest = names[int((rows.high / rows.low).to_numpy().argmax())]
        ends = f"{show(rows.low[widest], 2)} to {show(rows.high[widest], 2)} times the estimate"
        return _draw.interval_plot(
            rows,
            title=f"{self.name}: the interval of {widest} is widest, {ends}",
            x="multiple of the estimate, 95 % confidence interval",
            alt="; ".join(f"{row.label}, interval {row.low:.2f} to {row.high:.2f} times" for row in rows.itertuples()) + ".",
            ax=ax,
        )
