"""Confirmatory factor analysis: whether items hang together as it was planned.

``fit_cfa`` tests a structure that was written down beforehand, by maximum likelihood, from rows or from a covariance
matrix and the number of rows. It reads keyed answers and returns loadings, tests and indices of fit. The model itself
stands in ``factor_model``, its estimation in ``likelihood``, the indices in ``fit_indices``. How many dimensions
answers show without a plan is asked in ``efa``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw
from crmlab._result import Result, Summary
from crmlab._verdict import leaders
from crmlab.errors import ArgumentError, CrmlabWarning, DataError
from crmlab.measurement import fit_indices, parameters
from crmlab.measurement.covariances import SampleCovariance, sample_covariance
from crmlab.measurement.factor_model import FactorModel, improper_parts, parse_model
from crmlab.measurement.likelihood import estimate_covariance, fit_covariance
from crmlab.measurement.ordinal import polychoric
from crmlab.measurement.validity import factor_validity, heterotrait_monotrait_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fit_cfa(
    data: pd.DataFrame,
    model: Mapping[str, Sequence[str]],
    *,
    n: int | None = None,
    scaling: str = "marker",
    correlations: str = "pearson",
) -> CFAFit:
    """Fit a confirmatory factor analysis by maximum likelihood.

    Parameters
    ----------
    data : DataFrame, shape (rows, items) or (items, items)
        Answers, one row per respondent; or, with ``n``, their covariance (or correlation) matrix, as computed with ``n - 1``.
        A row in which an item of the model is missing is left out and counted (polychoric: counts for the pairs it has).
    model : dict
        Factor -> its items. Factors may correlate; an item may belong to several.
    n : int, optional
        Number of rows behind a covariance matrix.
    scaling : str
        What gives a factor its unit: "marker", its first item has loading 1; or "variance", the factor has variance 1. The
        fit and everything standardised are the same.
    correlations : str
        "pearson", or "polychoric" for answers in few categories (rows only): what the items would show if they had not been
        cut. Its loadings are consistent; tests and standard errors would not be right and are left empty.

    Returns
    -------
    CFAFit
        Residual variances and correlations are not bounded: an improper solution is reported (``.improper`` and a
        ``CrmlabWarning``), not hidden.

    Raises
    ------
    DataError
        Too few rows, a constant item, a matrix that is not positive definite, a column that holds no numbers.
    ArgumentError
        A model that cannot be identified, or that names items the table has not.
    ConvergenceError
        No maximum was reached.

    Notes
    -----
    With loadings L, factor correlations R and residual variances t, the covariances Σ = L R L' + diag(t) maximise
    ``-n/2 (p log 2π + log|Σ| + tr(S Σ⁻¹))``, where S are the covariances of the p items with divisor n.

    References
    ----------
    Jöreskog (1969), A general approach to confirmatory maximum likelihood factor analysis, Psychometrika 34. Scaling of
    the likelihood (covariances divided by n) and standard errors (expected information) as in Rosseel (2012), lavaan,
    Journal of Statistical Software 48(2).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import measurement
    >>> draw = np.random.default_rng(7)
    >>> answers = np.repeat(draw.standard_normal((300, 2)), 3, axis=1) + draw.standard_normal((300, 6))
    >>> answers = pd.DataFrame(answers, columns=list("abcdef"))
    >>> fit = measurement.fit_cfa(answers, {"taste": ["a", "b", "c"], "service": ["d", "e", "f"]})
    >>> fit.df, round(fit.cfi, 2)
    (8, 1.0)
    """
    _check.choice("scaling", scaling, ("marker", "variance"))
    ordinal = _check.choice("correlations", correlations, ("pearson", "polychoric")) == "polychoric"
    _check.frame("data", data, "Give a table of answers, or a covariance matrix and `n`.")
    plan = parse_model(model, data.columns)
    factor_model = FactorModel.from_plan(plan)
    if not ordinal:
        sample = sample_covariance(data, factor_model.items, n)
    elif n is None:
        sample = _polychoric_sample(data[list(factor_model.items)])
    else:
        raise ArgumentError("polychoric correlations need the rows; give the table of answers, without `n`.")
    return _fit_sample(sample, factor_model, plan, scaling, ordinal)


def _polychoric_sample(items: pd.DataFrame) -> SampleCovariance:
    """Return the polychoric correlations as if they were the covariances of the complete rows."""
    result = polychoric(items)
    correlations = result.positive_definite
    shift = np.abs(correlations - result.correlations.to_numpy()).max()
    if shift > 1e-9:
        message = f"the polychoric correlations do not fit together and were moved, by up to {shift:.2f}: ask more people."
        warnings.warn(message, CrmlabWarning, stacklevel=3)
    return SampleCovariance(correlations * result.n / max(result.n - 1, 1), result.n, len(items) - result.n)


def _fit_sample(
    sample: SampleCovariance, factor_model: FactorModel, plan: dict[str, tuple[str, ...]], scaling: str, ordinal: bool
) -> CFAFit:
    """Fit the model to covariances, however these were made; warn of an improper solution."""
    n, items = sample.n, factor_model.items
    if n <= len(items):
        raise DataError(
            f"{n} complete rows are too few for {len(items)} items: their covariances cannot tell the items apart. Ask more "
            "people (ten for each item is a usual wish), or use fewer items."
        )
    covariance = sample.matrix * (n - 1) / n
    params = fit_covariance(factor_model, covariance)
    cov, is_weak = estimate_covariance(factor_model, params, n)
    if ordinal:
        cov = np.full_like(cov, np.nan)
    improper = improper_parts(factor_model, params)
    if improper:
        warnings.warn(f"improper solution: {'; '.join(improper)}.", CrmlabWarning, stacklevel=3)
    weak = tuple(label for label, flat in zip(factor_model.labels, is_weak, strict=True) if flat)
    return CFAFit(
        items, plan, covariance, n, sample.n_excluded, scaling, ordinal, params, cov, improper, weak, factor_model
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CFAFit(Result):
    """A fitted factor model.

    Attributes
    ----------
    items : tuple of str
        The p items, in the order of ``covariance``.
    model : dict
        Factor -> its items.
    covariance : ndarray, shape (p, p)
        What was fitted: covariances with divisor n.
    n : int
        Complete rows.
    n_excluded : int
        Rows with a missing item.
    scaling : str
        "marker" or "variance".
    ordinal : bool
        Whether ``covariance`` holds polychoric correlations; tests and standard errors are then empty.
    params : ndarray, shape (q,)
        Loadings, residual variances, correlations of factors, with factors of variance 1.
    cov : ndarray, shape (q, q)
        Covariance of ``params``, from the expected information.
    improper : tuple of str
        What about the solution cannot be, in words.
    weak : tuple of str
        Parameters along which the likelihood is flat; their standard errors are empty.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from crmlab import measurement
    >>> names = ["prompt", "clear", "kind", "fair"]
    >>> fit = measurement.fit_cfa(pd.DataFrame(0.5 + 0.5 * np.eye(4), names, names), {"service": names}, n=200)
    >>> fit.loadings[["item", "estimate", "standardized"]].round(2)
         item  estimate  standardized
    0  prompt       1.0          0.71
    1   clear       1.0          0.71
    2    kind       1.0          0.71
    3    fair       1.0          0.71
    """

    items: tuple[str, ...]
    model: dict[str, tuple[str, ...]]
    covariance: np.ndarray
    n: int
    n_excluded: int
    scaling: str
    ordinal: bool
    params: np.ndarray
    cov: np.ndarray
    improper: tuple[str, ...]
    weak: tuple[str, ...]
    _factor_model: FactorModel

    @property
    def implied(self) -> np.ndarray:
        """Covariances that the model implies, shape (p, p)."""
        return self._factor_model.implied(self.params)

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        p = len(self.items)
        return p * (p + 1) // 2 - self.params.size

    @property
    def chi2(self) -> float:
        """Likelihood-ratio statistic against any covariance matrix: n times the discrepancy."""
        return np.nan if self.ordinal else fit_indices.model_chi2(self.implied, self.covariance, self.n)

    @property
    def p_value(self) -> float:
        """Probability of a chi2 this large if the model were exactly true."""
        return float(stats.chi2.sf(self.chi2, self.df)) if self.df else np.nan

    @property
    def loglik(self) -> float:
        """Log likelihood of the rows under normality, means free."""
        return np.nan if self.ordinal else fit_indices.normal_loglik(self.implied, self.covariance, self.n)

    @property
    def aic(self) -> float:
        """Akaike's criterion; means are not counted among the parameters."""
        return 2 * self.params.size - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion; means are not counted among the parameters."""
        return self.params.size * np.log(self.n) - 2 * self.loglik

    @property
    def baseline_chi2(self) -> float:
        """Likelihood-ratio statistic of the model in which no items correlate."""
        return np.nan if self.ordinal else fit_indices.independence_chi2(self.covariance, self.n)

    @property
    def _chi2s(self) -> tuple[float, int, float, int]:
        """chi2 and degrees of freedom of the model and of the baseline."""
        p = len(self.items)
        return self.chi2, self.df, self.baseline_chi2, p * (p - 1) // 2

    @property
    def cfi(self) -> float:
        """Comparative fit index (Bentler 1990)."""
        return fit_indices.comparative_fit_index(*self._chi2s)

    @property
    def tli(self) -> float:
        """Tucker-Lewis index (1973); it may lie above 1."""
        return fit_indices.tucker_lewis_index(*self._chi2s)

    @property
    def rmsea(self) -> float:
        """Root mean square error of approximation (Steiger & Lind 1980)."""
        return fit_indices.root_mean_square_error(self.chi2, self.df, self.n)

    def rmsea_interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the ends of the RMSEA's interval, by the noncentral chi2 distribution (Browne & Cudeck 1993).

        Parameters
        ----------
        level : float
            Confidence level; 90 % is the usual one.

        Returns
        -------
        tuple of float

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from crmlab import measurement
        >>> covariance = pd.DataFrame(0.5 + 0.5 * np.eye(4), list("abcd"), list("abcd"))
        >>> covariance.loc["a", "b"] = covariance.loc["b", "a"] = 0.6
        >>> fit = measurement.fit_cfa(covariance, {"service": list("abcd")}, n=200)
        >>> low, high = fit.rmsea_interval()
        >>> round(low, 3), round(fit.rmsea, 3), round(high, 3)
        (0.0, 0.031, 0.148)
        """
        level = _check.share("level", level)
        return fit_indices.root_mean_square_error_interval(self.chi2, self.df, self.n, level)

    @property
    def srmr(self) -> float:
        """Standardised root mean square residual, diagonal included (Bentler 1995)."""
        return fit_indices.root_mean_square_residual(self.implied, self.covariance)

    def _scaled(self) -> parameters.Rescaled:
        """Return the parameters in the unit of the factors that ``scaling`` asks for."""
        rescale = parameters.with_markers if self.scaling == "marker" else parameters.with_unit_variances
        return rescale(self._factor_model, self.params)

    @property
    def table(self) -> pd.DataFrame:
        """``parameter, estimate, std_error, standardized, standardized_std_error``, one row per parameter.

        ``=~`` is a loading, ``~~`` a variance or covariance. Fixed ones have standard error 0. Standardised are loadings and
        correlations with every item and factor at variance 1.
        """
        scaled, standardized = self._scaled(), parameters.standardized(self._factor_model, self.params)
        return pd.DataFrame(
            {
                "parameter": parameters.parameter_labels(self._factor_model),
                "estimate": scaled.estimate,
                "std_error": scaled.std_errors(self.cov),
                "standardized": standardized.estimate,
                "standardized_std_error": standardized.std_errors(self.cov),
            }
        )

    def interval(self, level: float = 0.95, *, standardized: bool = False) -> pd.DataFrame:
        """Return ``parameter, estimate, low, high``: Wald intervals, those of variances on the log scale.

        Standardised loadings and correlations have theirs on Fisher's scale (the inverse hyperbolic tangent), where their
        distribution is nearly symmetric.

        Parameters
        ----------
        level : float
            Confidence level.
        standardized : bool
            Whether items and factors have variance 1.

        Returns
        -------
        DataFrame
            One row per parameter, in the order of ``table``.

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from crmlab import measurement
        >>> covariance = pd.DataFrame(0.5 + 0.5 * np.eye(3), list("abc"), list("abc"))
        >>> measurement.fit_cfa(covariance, {"service": list("abc")}, n=200).interval(standardized=True).round(2).head(2)
              parameter  estimate   low  high
        0  service =~ a      0.71  0.58  0.8
        1  service =~ b      0.71  0.58  0.8
        """
        level, table = _check.share("level", level), self.table
        if _check.flag("standardized", standardized):
            estimate, std_error = table.standardized.to_numpy(), table.standardized_std_error.to_numpy()
            low, high = parameters.fisher_z_interval(estimate, std_error, level)
        else:
            estimate, std_error = table.estimate.to_numpy(), table.std_error.to_numpy()
            n_loadings = self._factor_model.loading_item.size
            is_variance = np.zeros(len(table), dtype=bool)
            is_variance[n_loadings : n_loadings + len(self.items) + len(self.model)] = True
            low, high = parameters.log_interval(estimate, std_error, is_variance, level)
        return pd.DataFrame({"parameter": table.parameter, "estimate": estimate, "low": low, "high": high})

    @property
    def loadings(self) -> pd.DataFrame:
        """``factor, item, estimate, std_error, standardized, standardized_std_error``, one row per loading."""
        loadings = self.table.iloc[: self._factor_model.loading_item.size].drop(columns="parameter")
        loadings.insert(0, "factor", np.array(list(self.model))[self._factor_model.loading_factor])
        loadings.insert(1, "item", np.array(self.items)[self._factor_model.loading_item])
        return loadings

    @property
    def correlations(self) -> pd.DataFrame:
        """Correlations of the factors, shape (factors, factors)."""
        return pd.DataFrame(self._factor_model.factor_correlations(self.params), list(self.model), list(self.model))

    @property
    def factors(self) -> pd.DataFrame:
        """``factor, items, ave, composite_reliability, omega, largest_correlation``, one row per factor.

        Average variance extracted and composite reliability from standardised loadings (Fornell & Larcker 1981), omega
        from those in the items' units (McDonald 1999). A factor shares more with its own items than with any other factor
        if the root of ``ave`` is above ``largest_correlation``.
        """
        loadings, residuals, _ = self._factor_model.split(self.params)
        variances, rows = np.diag(self.implied), []
        for number, factor in enumerate(self.model):
            belongs = self._factor_model.loading_factor == number
            items = self._factor_model.loading_item[belongs]
            validity = factor_validity(loadings[belongs], residuals[items], variances[items])
            others = self.correlations[factor].drop(factor).abs()
            largest = max(others, default=0.0)
            rows.append((factor, items.size, validity.ave, validity.composite_reliability, validity.omega, largest))
        return pd.DataFrame(rows, columns=["factor", "items", "ave", "composite_reliability", "omega", "largest_correlation"])

    @property
    def htmt(self) -> pd.DataFrame:
        """Heterotrait-monotrait ratios of absolute correlations, shape (factors, factors).

        Above .85 to .90, two factors are one (Henseler, Ringle & Sarstedt 2015).
        """
        groups = [[self.items.index(item) for item in items] for items in self.model.values()]
        return pd.DataFrame(heterotrait_monotrait_ratio(self.covariance, groups), list(self.model), list(self.model))

    @property
    def verdict(self) -> str:
        """Whether the factors describe the answers well, in one sentence, by the usual limits.

        They do if CFI is .95 or more, SRMR .08 or less, RMSEA .06 or less (Hu & Bentler 1999) and the upper end of RMSEA's
        90 % interval below .08 (Browne & Cudeck 1993). They do not if the lower end is above .06, or the solution is
        improper. Anything between is not settled.
        """
        k = len(self.model)
        factors = f"The {k} dimensions" if k > 1 else "One dimension"
        if self.ordinal or not self.df:
            why = "from polychoric correlations" if self.ordinal else "so few items leave nothing to test"
            return f"Whether {factors[0].lower()}{factors[1:]} describe{'s' * (k == 1)} the answers well is not tested: {why}."
        low, high = self.rmsea_interval()
        numbers = f"CFI {self.cfi:.3f}, RMSEA {self.rmsea:.3f} (90 % interval {low:.3f} to {high:.3f}), SRMR {self.srmr:.3f}"
        near = self.cfi >= 0.95 and self.srmr <= 0.08 and self.rmsea <= 0.06
        if self.improper or low > 0.06:
            improper = f"; the solution is improper: {self.improper[0]}" if self.improper else ""
            return f"{factors} do{'es' * (k == 1)} not describe the answers well: {numbers}{improper}."
        if near and high < 0.08:
            return f"{factors} describe{'s' * (k == 1)} the answers well: {numbers}."
        return f"Whether {factors[0].lower()}{factors[1:]} describe{'s' * (k == 1)} the answers well is not settled: {numbers}."

    def summary(self) -> Summary:
        """Show fit and loadings in a few lines."""
        facts: list[tuple[str, object]] = [("Rows", self.n), ("Rows left out for a missing answer", self.n_excluded)]
        notes = [self.verdict]
        notes += [f"Improper solution: {'; '.join(self.improper)}."] if self.improper else []
        notes += [f"Weakly identified, without standard error: {', '.join(self.weak)}."] if self.weak else []
        if self.ordinal:
            notes.append("From polychoric correlations: loadings are consistent, tests and standard errors are left empty.")
        else:
            low, high = self.rmsea_interval()
            facts += [
                ("chi2", f"{self.chi2:.3f} with {self.df} degrees of freedom, p {self.p_value:.3f}"),
                ("CFI, TLI", f"{self.cfi:.3f}, {self.tli:.3f}"),
                ("RMSEA", f"{self.rmsea:.3f} (90 % interval {low:.3f} to {high:.3f})"),
                ("AIC, BIC", f"{self.aic:.3f}, {self.bic:.3f}"),
            ]
        facts.append(("SRMR", f"{self.srmr:.3f}"))
        return Summary(
            "Confirmatory factor analysis", tuple(facts), self.loadings, " ".join(notes),
            "Jöreskog (1969); maximum likelihood",
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw standardised loadings with 95 % intervals, factor by factor.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new chart by default.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from crmlab import measurement
        >>> covariance = pd.DataFrame(0.5 + 0.5 * np.eye(3), list("abc"), list("abc"))
        >>> measurement.fit_cfa(covariance, {"service": list("abc")}, n=200).plot().get_title("left")
        'No item of 3 can be said to show its dimension least'
        """
        table = self.loadings
        half = 1.96 * table.standardized_std_error
        return _draw.interval_plot(
            pd.DataFrame({
                "label": table.item.str.replace("_", " "), "group": table.factor, "middle": table.standardized,
                "low": table.standardized - half, "high": table.standardized + half,
            }),
            title=self._finding(),
            x="standardised loading (bar: 95 % interval)",
            alt=f"{len(table)} standardised loadings, {table.standardized.min():.2f} to {table.standardized.max():.2f}.",
            ax=ax,
        )  # fmt: skip

    def _finding(self) -> str:
        """Which item shows its dimension least, if its loading is smaller than every other beyond chance."""
        table, scaled = self.loadings, parameters.standardized(self._factor_model, self.params)
        sizes = table.standardized.abs().to_numpy()
        if self.ordinal:
            return f"{len(table)} loadings from polychoric correlations, without intervals"
        jacobian = np.sign(scaled.estimate[: len(table)])[:, None] * scaled.jacobian[: len(table)]

        def difference(first: int, second: int, level: float) -> tuple[float, float]:
            slope = jacobian[second] - jacobian[first]
            half = stats.norm.ppf((1 + level) / 2) * np.sqrt(max(slope @ self.cov @ slope, 0))
            middle = sizes[second] - sizes[first]
            return float(middle - half), float(middle + half)

        least = leaders(table.item.tolist(), -sizes, difference, n=self.n)
        if len(least) != 1:
            return f"No item of {len(table)} can be said to show its dimension least"
        size = sizes[table.item.tolist().index(least[0])]
        return f"{least[0].replace('_', ' ').capitalize()} shows its dimension least: loading {size:.2f}"
