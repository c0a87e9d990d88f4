"""Structure: whether the items of a questionnaire hang together as its dimensions say.

Here is the common factor model. ``fit_cfa`` tests a structure that was written down beforehand
(confirmatory), by maximum likelihood, from rows or from a covariance matrix and the number of rows.
It reads keyed answers and returns loadings, tests and indices of fit. How many dimensions answers show
without a plan is asked in ``exploratory``; how raw answers become keyed ones is known in ``answers``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from crmlab import _check, _draw
from crmlab._result import Summary, show
from crmlab.errors import ArgumentError, ConvergenceError, CrmlabWarning, DataError
from crmlab.measurement.covariances import matrix, moments
from crmlab.measurement.ordinal import polychoric

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# -- Confirmatory -------------------------------------------------------------------------------------------------


def fit_cfa(
    data: pd.DataFrame,
    model: Mapping[str, Sequence[str]],
    *,
    n: int | None = None,
    scaling: str = "marker",
    correlations: str = "pearson",
) -> CFAFit:
    """Confirmatory factor analysis by maximum likelihood.

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
        Residual variances and correlations are not held within bounds: an improper solution is told (``.improper`` and a
        ``CrmlabWarning``), not hidden.

    Raises
    ------
    DataError
        Too few rows, a constant item, a matrix that is not positive definite, a column that holds no numbers.
    ArgumentError
        A model that cannot be identified, or that names items the table has not.
    ConvergenceError
        No maximum was reached.

    Examples
    --------
    >>> from crmlab import measurement, satisfaction
    >>> survey = satisfaction.simulate_survey(300, seed=7, categories=None)
    >>> fit = measurement.fit_cfa(survey.items("perceived"), survey.instrument.model)
    >>> fit.df, bool(fit.cfi > 0.95)
    (199, True)

    References
    ----------
    Jöreskog (1969), A general approach to confirmatory maximum likelihood factor analysis, Psychometrika 34. Scaling of
    the likelihood (covariances divided by n) and standard errors (expected information) as in Rosseel (2012), lavaan,
    Journal of Statistical Software 48(2).
    """
    _check.choice("scaling", scaling, ("marker", "variance"))
    _check.choice("correlations", correlations, ("pearson", "polychoric"))
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"`data` must be a table of answers or a covariance matrix; it is {type(data).__name__}.")
    model = _model(model, data.columns)
    names = tuple(dict.fromkeys(item for items in model.values() for item in items))
    ordinal = correlations == "polychoric"
    if n is not None:
        if ordinal:
            raise ArgumentError("polychoric correlations need the rows; give the table of answers, without `n`.")
        covariance, rows, left_out = matrix(data, names, n), n, 0
    elif ordinal:
        found = polychoric(data[list(names)])
        rows, left_out = found.n, len(data) - found.n
        covariance = found.positive * rows / max(rows - 1, 1)
        if (moved := np.abs(found.positive - found.correlations.to_numpy()).max()) > 1e-9:
            told = f"the polychoric correlations do not fit together and were moved, by up to {moved:.2f}: ask more people"
            warnings.warn(f"{told}.", CrmlabWarning, stacklevel=2)
    else:
        covariance, rows, left_out = moments(data, names)
    if rows <= len(names):
        raise DataError(
            f"{rows} complete rows are too few for {len(names)} items: their covariances cannot tell the items apart. Ask more "
            "people (ten for each item is a usual wish), or use fewer items."
        )
    fit = _fit(covariance * (rows - 1) / rows, names, model, rows, left_out, scaling, ordinal)
    if fit.improper:
        warnings.warn(f"improper solution: {'; '.join(fit.improper)}.", CrmlabWarning, stacklevel=2)
    return fit


def _model(model: object, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not isinstance(model, Mapping) or not model:
        raise ArgumentError('`model` must map factors to their items, such as {"visual": ["x1", "x2", "x3"]}.')
    clean = {}
    for factor, items in model.items():
        items = tuple(items) if isinstance(items, list | tuple | pd.Index) else ()
        if len(items) < 2 or len(set(items)) < len(items):
            raise ArgumentError(
                f"factor {factor!r} needs at least two different items in a list; it has {list(items)!r}. One item "
                "alone cannot be "
                "told from its error."
            )
        if missing := [item for item in items if item not in columns]:
            raise ArgumentError(f"factor {factor!r} names items that the table has not: {', '.join(map(str, missing))}.")
        clean[str(factor)] = items
    p = len({item for items in clean.values() for item in items})
    free = sum(map(len, clean.values())) + p + len(clean) * (len(clean) - 1) // 2
    if free > p * (p + 1) // 2:
        raise ArgumentError(
            f"the model has {free} parameters and only {p * (p + 1) // 2} variances and covariances to find them from. Give a "
            "factor more items, or make fewer factors."
        )
    return clean


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Which parameters there are: loadings (item, factor), residual variances, correlations (factor, factor)."""

    items: int
    factors: int
    row: np.ndarray
    column: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def matrices(self, free: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count = self.row.size
        loadings = np.zeros((self.items, self.factors))
        loadings[self.row, self.column] = free[:count]
        factors = np.eye(self.factors)
        factors[self.left, self.right] = factors[self.right, self.left] = free[count + self.items :]
        return loadings, free[count : count + self.items], factors

    def implied(self, free: np.ndarray) -> np.ndarray:
        loadings, residual, factors = self.matrices(free)
        return loadings @ factors @ loadings.T + np.diag(residual)

    def slopes(self, free: np.ndarray) -> np.ndarray:
        """Derivatives of the implied covariances, shape (parameters, items, items)."""
        loadings, _, factors = self.matrices(free)
        count, p = self.row.size, self.items
        found = np.zeros((free.size, p, p))
        which = np.arange(count)
        through = (loadings @ factors)[:, self.column].T
        found[which, self.row] = through
        found[which, :, self.row] += through
        found[count + np.arange(p), np.arange(p), np.arange(p)] = 1
        pairs = np.einsum("ik,jk->kij", loadings[:, self.left], loadings[:, self.right])
        found[count + p :] = pairs + pairs.transpose(0, 2, 1)
        return found


def _discrepancy(implied: np.ndarray, covariance: np.ndarray) -> float:
    """log|Sigma| + tr(S Sigma^-1), infinite where the implied matrix is not positive definite."""
    try:
        factor = np.linalg.cholesky(implied)
    except np.linalg.LinAlgError:
        return np.inf
    whitened = np.linalg.solve(factor, covariance)
    return 2 * np.log(np.diag(factor)).sum() + np.trace(np.linalg.solve(factor, whitened.T))


def _minimise(shape: _Shape, covariance: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Fisher scoring with damping: parameters, discrepancy, and what a further step would still gain."""
    free, value, damping = start, _discrepancy(shape.implied(start), covariance), 0.0
    gain = np.inf
    for _ in range(500):
        inverse = np.linalg.inv(shape.implied(free))
        slopes = shape.slopes(free)
        turned = inverse @ slopes
        gradient = np.einsum("aij,ji->a", turned, np.eye(shape.items) - inverse @ covariance)
        information = turned.reshape(free.size, -1) @ turned.transpose(0, 2, 1).reshape(free.size, -1).T
        scale = np.sqrt(np.diag(information).clip(min=1e-12))
        bent = information / np.outer(scale, scale) + damping * np.eye(free.size)
        step = -np.linalg.lstsq(bent, gradient / scale, rcond=1e-12)[0] / scale
        gain = float(-gradient @ step)
        if gain < 1e-15 and damping < 1e-3:
            break
        length = 1.0
        while length > 1e-4:
            there = _discrepancy(shape.implied(free + length * step), covariance)
            if there <= value - 1e-4 * length * gain:
                break
            length /= 2
        else:
            if gain < 1e-11:  # nothing left that rounding does not hide
                break
            damping = max(4 * damping, 1e-3)
            if damping > 1e6:
                break
            continue
        free, value, damping = free + length * step, there, damping / 4 if damping > 1e-3 else 0.0
    return free, value, gain


def _starts(shape: _Shape, covariance: np.ndarray) -> list[np.ndarray]:
    """From the first principal component of each factor's items; then from more and less common variance."""
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    direction = np.zeros(shape.row.size)
    for factor in range(shape.factors):
        mine = shape.column == factor
        rows = shape.row[mine]
        vector = np.linalg.eigh(correlation[np.ix_(rows, rows)])[1][:, -1]
        direction[mine] = np.sign(vector[0] or 1) * np.sign(np.where(vector == 0, 1, vector))
    crossing = np.bincount(shape.row, minlength=shape.items)[shape.row]
    return [
        np.concatenate(
            [common * spread[shape.row] * direction / crossing, (1 - common**2) * spread**2, np.zeros(shape.left.size)]
        )
        for common in (0.7, 0.4, 0.9)
    ]


def _fit(
    covariance: np.ndarray, names: tuple[str, ...], model: dict[str, tuple[str, ...]], n: int, left_out: int, scaling: str,
    ordinal: bool,
) -> CFAFit:  # fmt: skip
    """``covariance`` with divisor n."""
    place = {name: number for number, name in enumerate(names)}
    row = np.array([place[item] for items in model.values() for item in items])
    column = np.repeat(np.arange(len(model)), [len(items) for items in model.values()])
    left, right = np.triu_indices(len(model), 1)
    shape = _Shape(len(names), len(model), row, column, left, right)
    # in units of each item's spread, so that a step is a step; the result is turned back
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    best, tried = None, []
    for start in _starts(shape, correlation):
        free, value, gain = _minimise(shape, correlation, start)
        if np.isfinite(value) and gain < 1e-9:
            if best is None or value < best[1] - 1e-9:
                best = (free, value)
            if not _improper(shape, free, names, tuple(model)):
                break
        tried.append(gain)
    if best is None:
        raise ConvergenceError(
            f"no maximum was reached from {len(tried)} starts. Most often a factor has too few or nearly unrelated "
            "items, or two "
            "factors are one: look at `parallel_analysis`, then merge factors or leave items out."
        )
    free = best[0].copy()
    # the direction of a factor is that of its first item
    first = np.array([np.flatnonzero(column == factor)[0] for factor in range(len(model))])
    sign = np.where(free[first] < 0, -1.0, 1.0)
    count = row.size
    free[:count] *= sign[column]
    free[count + len(names) :] *= sign[left] * sign[right]
    free[:count] *= spread[row]
    free[count : count + len(names)] *= spread**2
    inverse = np.linalg.inv(shape.implied(free))
    turned = (inverse @ shape.slopes(free)).reshape(free.size, len(names), len(names))
    information = n / 2 * turned.reshape(free.size, -1) @ turned.transpose(0, 2, 1).reshape(free.size, -1).T
    scale = 1 / np.sqrt(np.diag(information).clip(min=1e-300))
    roots, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    flat = roots < 1e-9
    weak = np.abs(vectors[:, flat]).max(axis=1, initial=0) > 1e-3
    cov = (vectors[:, ~flat] / roots[~flat]) @ vectors[:, ~flat].T * np.outer(scale, scale)
    cov[weak] = cov[:, weak] = np.nan
    if ordinal:
        cov = np.full_like(cov, np.nan)
    return CFAFit(
        names, model, covariance, n, left_out, scaling, ordinal, free, cov, _improper(shape, free, names, tuple(model)), shape,
        tuple(label for label, here in zip(_labels(names, model, shape), weak, strict=True) if here),
    )  # fmt: skip


def _labels(names: Sequence[str], model: Mapping[str, Sequence[str]], shape: _Shape) -> list[str]:
    factors = list(model)
    return [
        *(f"{factors[f]} =~ {names[i]}" for i, f in zip(shape.row, shape.column, strict=True)),
        *(f"{name} ~~ {name}" for name in names),
        *(f"{factors[a]} ~~ {factors[b]}" for a, b in zip(shape.left, shape.right, strict=True)),
    ]


def _improper(shape: _Shape, free: np.ndarray, names: Sequence[str], factors: Sequence[str]) -> tuple[str, ...]:
    _, residual, latent = shape.matrices(free)
    told = [
        f"the residual variance of {name} is negative ({show(value)})"
        for name, value in zip(names, residual, strict=True)
        if value < 0
    ]
    told += [
        f"the correlation of {factors[a]} and {factors[b]} is {latent[a, b]:.3f}, beyond what a correlation can be"
        for a, b in zip(shape.left, shape.right, strict=True)
        if abs(latent[a, b]) > 1
    ]
    if not any("correlation" in each for each in told) and np.linalg.eigvalsh(latent)[0] <= 0:
        told.append("the correlations of the factors do not fit together (their matrix is not positive definite)")
    return tuple(told)


@dataclass(frozen=True, slots=True, eq=False)
class CFAFit:
    """A fitted factor model.

    Attributes
    ----------
    items : tuple of str
        In the order of ``covariance``.
    model : dict
        Factor -> its items.
    covariance : ndarray, shape (items, items)
        What was fitted: covariances with divisor n.
    n : int
        Complete rows.
    left_out : int
        Rows with a missing item.
    scaling : str
        "marker" or "variance".
    ordinal : bool
        Whether ``covariance`` holds polychoric correlations; tests and standard errors are then empty.
    free : ndarray
        Loadings, residual variances, correlations of factors, with factors of variance 1.
    cov : ndarray
        Their covariance, from the expected information.
    improper : tuple of str
        What about the solution cannot be, in words.
    weak : tuple of str
        Parameters along which the likelihood is flat; their standard errors are empty.
    """

    items: tuple[str, ...]
    model: dict[str, tuple[str, ...]]
    covariance: np.ndarray
    n: int
    left_out: int
    scaling: str
    ordinal: bool
    free: np.ndarray
    cov: np.ndarray
    improper: tuple[str, ...]
    _shape: _Shape
    weak: tuple[str, ...] = ()

    @property
    def implied(self) -> np.ndarray:
        """Covariances that the model implies, shape (items, items)."""
        return self._shape.implied(self.free)

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        p = len(self.items)
        return p * (p + 1) // 2 - self.free.size

    @property
    def chi2(self) -> float:
        """Likelihood-ratio statistic against any covariance matrix: n times the discrepancy."""
        if self.ordinal:
            return np.nan
        s = self.covariance
        return self.n * float(_discrepancy(self.implied, s) - np.linalg.slogdet(s)[1] - len(s))

    @property
    def p_value(self) -> float:
        """Chance of a chi2 this large if the model were exactly true."""
        return float(stats.chi2.sf(self.chi2, self.df)) if self.df else np.nan

    @property
    def loglik(self) -> float:
        """Log likelihood of the rows under normality, means free."""
        s = self.covariance
        if self.ordinal:
            return np.nan
        return -self.n / 2 * float(len(s) * np.log(2 * np.pi) + _discrepancy(self.implied, s))

    @property
    def aic(self) -> float:
        """Akaike's criterion; means are not counted among the parameters."""
        return 2 * self.free.size - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion; means are not counted among the parameters."""
        return self.free.size * np.log(self.n) - 2 * self.loglik

    @property
    def baseline_chi2(self) -> float:
        """chi2 of the model in which no item has anything to do with another."""
        if self.ordinal:
            return np.nan
        spread = np.sqrt(np.diag(self.covariance))
        return -self.n * float(np.linalg.slogdet(self.covariance / np.outer(spread, spread))[1])

    @property
    def cfi(self) -> float:
        """Comparative fit index (Bentler 1990)."""
        p = len(self.items)
        worst = max(self.baseline_chi2 - p * (p - 1) / 2, self.chi2 - self.df, 0.0)
        return 1.0 - max(self.chi2 - self.df, 0.0) / worst if worst > 0 else 1.0

    @property
    def tli(self) -> float:
        """Tucker-Lewis index (1973); it may lie above 1."""
        p = len(self.items)
        base = self.baseline_chi2 / (p * (p - 1) / 2)
        return (base - self.chi2 / self.df) / (base - 1) if self.df else np.nan

    @property
    def rmsea(self) -> float:
        """Root mean square error of approximation (Steiger & Lind 1980)."""
        return float(np.sqrt(max(self.chi2 - self.df, 0.0) / (self.df * self.n))) if self.df else np.nan

    def rmsea_interval(self, level: float = 0.9) -> tuple[float, float]:
        """Interval of the RMSEA from the noncentral chi2 distribution (Browne & Cudeck 1993); 90 % is the usual level."""
        level = _check.share("level", level)
        if self.ordinal or not self.df:
            return np.nan, np.nan

        def bound(probability: float) -> float:
            if stats.chi2.cdf(self.chi2, self.df) < probability:
                return 0.0
            high = self.chi2 + 10 * np.sqrt(2 * self.chi2 + 2 * self.df)
            while special.chndtr(self.chi2, self.df, high) > probability:
                high *= 2
            found = optimize.brentq(lambda nc: special.chndtr(self.chi2, self.df, nc) - probability, 0, high)
            return float(np.sqrt(found / (self.df * self.n)))

        return bound((1 + level) / 2), bound((1 - level) / 2)

    @property
    def srmr(self) -> float:
        """Standardised root mean square residual, diagonal included (Bentler 1995)."""
        spread = np.sqrt(np.diag(self.covariance))
        residual = ((self.covariance - self.implied) / np.outer(spread, spread))[np.tril_indices(len(spread))]
        return float(np.sqrt(np.mean(residual**2)))

    @property
    def table(self) -> pd.DataFrame:
        """``parameter, estimate, std_error, standardized, standardized_std_error``, one row per parameter.

        ``=~`` is a loading, ``~~`` a variance or covariance. Fixed ones have standard error 0. Standardised are loadings and
        correlations with every item and factor at variance 1.
        """
        estimate, jacobian, labels = self._scaled()
        standard, turned = self._standardised()
        frame = pd.DataFrame({"parameter": labels, "estimate": estimate, "std_error": _errors(jacobian, self.cov)})
        frame["standardized"], frame["standardized_std_error"] = standard, _errors(turned, self.cov)
        return frame

    def interval(self, level: float = 0.95, *, standardized: bool = False) -> pd.DataFrame:
        """``parameter, estimate, low, high``: Wald intervals, those of variances on the log scale.

        Standardised loadings and correlations have theirs on Fisher's scale (the inverse hyperbolic tangent), where their
        distribution is nearly symmetric.
        """
        z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
        table = self.table
        if standardized:
            estimate, error = table.standardized, table.standardized_std_error
            inside = (estimate.abs() < 1) & ~(error == 0)
            wide = z * (error / (1 - estimate**2).where(inside, 1))
            middle = np.arctanh(estimate.where(inside, 0))
            low = np.tanh(middle - wide).where(inside, estimate - z * error)
            high = np.tanh(middle + wide).where(inside, estimate + z * error)
            return pd.DataFrame({"parameter": table.parameter, "estimate": estimate, "low": low, "high": high})
        place, count, p, k = np.arange(len(table)), self._shape.row.size, len(self.items), len(self.model)
        positive = (place >= count) & (place < count + p + k) & (table.estimate > 0)
        half = z * table.std_error
        ratio = np.exp(half / table.estimate.where(positive))
        low = (table.estimate / ratio).where(positive, table.estimate - half)
        high = (table.estimate * ratio).where(positive, table.estimate + half)
        return table[["parameter", "estimate"]].assign(low=low, high=high)

    def _scaled(self) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Estimates in the wanted unit of the factors, their derivatives by ``free``, and names."""
        shape, free, q = self._shape, self.free, self.free.size
        count, p, k = shape.row.size, shape.items, shape.factors
        labels = _labels(self.items, self.model, shape)
        variances = [f"{factor} ~~ {factor}" for factor in self.model]
        identity = np.eye(q)
        if self.scaling == "variance":
            estimate = np.concatenate([free[: count + p], np.ones(k), free[count + p :]])
            jacobian = np.vstack([identity[: count + p], np.zeros((k, q)), identity[count + p :]])
        else:
            first = np.array([np.flatnonzero(shape.column == factor)[0] for factor in range(k)])
            unit = free[first]
            mine = first[shape.column]
            loadings = free[:count] / unit[shape.column]
            by = (identity[:count] - loadings[:, None] * identity[mine]) / unit[shape.column, None]
            by[first] = 0
            covariances = free[count + p :] * unit[shape.left] * unit[shape.right]
            with_ = (
                identity[count + p :] * (unit[shape.left] * unit[shape.right])[:, None]
                + (free[count + p :] * unit[shape.right])[:, None] * identity[first[shape.left]]
                + (free[count + p :] * unit[shape.left])[:, None] * identity[first[shape.right]]
            )
            estimate = np.concatenate([loadings, free[count : count + p], unit**2, covariances])
            jacobian = np.vstack([by, identity[count : count + p], 2 * unit[:, None] * identity[first], with_])
        return estimate, jacobian, [*labels[: count + p], *variances, *labels[count + p :]]

    def _standardised(self) -> tuple[np.ndarray, np.ndarray]:
        shape, free, q = self._shape, self.free, self.free.size
        count, p, k = shape.row.size, shape.items, shape.factors
        variance = np.diag(self.implied)
        slopes = np.einsum("aii->ia", shape.slopes(free))
        identity = np.eye(q)
        root = np.sqrt(variance)[shape.row]
        loadings = free[:count] / root
        by = identity[:count] / root[:, None] - (loadings / (2 * variance[shape.row]))[:, None] * slopes[shape.row]
        residual = free[count : count + p] / variance
        rest = (identity[count : count + p] - residual[:, None] * slopes) / variance[:, None]
        values = np.concatenate([loadings, residual, np.ones(k), free[count + p :]])
        return values, np.vstack([by, rest, np.zeros((k, q)), identity[count + p :]])

    @property
    def loadings(self) -> pd.DataFrame:
        """``factor, item, estimate, std_error, standardized, standardized_std_error``."""
        count = self._shape.row.size
        parts = self.table.iloc[:count].drop(columns="parameter").reset_index(drop=True)
        factors, items = np.array(list(self.model)), np.array(self.items)
        parts.insert(0, "factor", factors[self._shape.column])
        parts.insert(1, "item", items[self._shape.row])
        return parts

    @property
    def correlations(self) -> pd.DataFrame:
        """Correlations of the factors."""
        latent = self._shape.matrices(self.free)[2]
        return pd.DataFrame(latent, index=list(self.model), columns=list(self.model))

    @property
    def factors(self) -> pd.DataFrame:
        """``factor, items, ave, composite_reliability, omega, largest_correlation``.

        Average variance extracted and composite reliability from standardised loadings (Fornell & Larcker 1981), omega
        from those in the items' units (McDonald 1999). A factor shares more with its own items than with any other factor
        if the root of ``ave`` is above ``largest_correlation``.
        """
        loadings, residual, latent = self._shape.matrices(self.free)
        spread = np.sqrt(np.diag(self.implied))
        rows = []
        for number, (factor, items) in enumerate(self.model.items()):
            mine = self._shape.row[self._shape.column == number]
            own, standard = loadings[mine, number], loadings[mine, number] / spread[mine]
            others = np.abs(np.delete(latent[number], number))
            rows.append(
                (factor, len(items), np.mean(standard**2), standard.sum() ** 2 / (standard.sum() ** 2 + (1 -
                standard**2).sum()),
                 own.sum() ** 2 / (own.sum() ** 2 + residual[mine].sum()), others.max(initial=0.0))
            )  # fmt: skip
        return pd.DataFrame(rows, columns=["factor", "items", "ave", "composite_reliability", "omega", "largest_correlation"])

    @property
    def htmt(self) -> pd.DataFrame:
        """Heterotrait-monotrait ratio of absolute correlations (Henseler, Ringle & Sarstedt 2015); above .85-.90, two
        factors are one."""
        spread = np.sqrt(np.diag(self.covariance))
        correlation = np.abs(self.covariance / np.outer(spread, spread))
        place = [np.array([self.items.index(item) for item in items]) for items in self.model.values()]
        within = np.array([correlation[np.ix_(mine, mine)][np.triu_indices(mine.size, 1)].mean() for mine in place])
        between = np.array([[correlation[np.ix_(one, other)].mean() for other in place] for one in place])
        ratio = between / np.sqrt(np.outer(within, within))
        np.fill_diagonal(ratio, 1.0)
        return pd.DataFrame(ratio, index=list(self.model), columns=list(self.model))

    def summary(self) -> Summary:
        """Fit and loadings in a few lines."""
        low, high = self.rmsea_interval()
        facts: list[tuple[str, object]] = [("Rows", self.n), ("Rows left out for a missing answer", self.left_out)]
        if not self.ordinal:
            facts += [
                ("chi2", f"{self.chi2:.3f} with {self.df} degrees of freedom, p {self.p_value:.3f}"),
                ("CFI, TLI", f"{self.cfi:.3f}, {self.tli:.3f}"),
                ("RMSEA", f"{self.rmsea:.3f} (90 % interval {low:.3f} to {high:.3f})"),
                ("AIC, BIC", f"{self.aic:.3f}, {self.bic:.3f}"),
            ]
        facts.append(("SRMR", f"{self.srmr:.3f}"))
        notes = [f"Improper solution: {'; '.join(self.improper)}." if self.improper else ""]
        notes.append(f"Weakly identified, without standard error: {', '.join(self.weak)}." if self.weak else "")
        if self.ordinal:
            notes.append("From polychoric correlations: loadings are consistent, tests and standard errors are left empty.")
        return Summary(
            "Confirmatory factor analysis", tuple(facts), self.loadings, " ".join(note for note in notes if note),
            "Jöreskog (1969); maximum likelihood",
        )  # fmt: skip

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Standardised loadings with 95 % intervals, factor by factor."""
        table = self.loadings
        worst = table.loc[table.standardized.abs().idxmin()]
        half = 1.96 * table.standardized_std_error
        return _draw.interval_plot(
            pd.DataFrame({
                "label": table.item.str.replace("_", " "), "group": table.factor, "middle": table.standardized,
                "low": table.standardized - half, "high": table.standardized + half,
            }),
            title=f"{worst['item'].replace('_', ' ').capitalize()} shows its dimension least: loading {worst.standardized:.2f}",
            x="standardised loading (bar: 95 % interval)",
            alt=f"{len(table)} standardised loadings, {table.standardized.min():.2f} to {table.standardized.max():.2f}.",
            ax=ax,
        )  # fmt: skip


def _errors(jacobian: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """Delta method; a parameter that touches nothing uncertain has error 0."""
    known = np.nan_to_num(cov)
    lost = (np.abs(jacobian) > 0) @ np.isnan(np.diag(cov))
    return np.where(lost, np.nan, np.sqrt(np.einsum("ia,ab,ib->i", jacobian, known, jacobian).clip(min=0)))
