"""Fitting: maximum likelihood for the models of this package, on histories counted instead of repeated.

Customers with one history are one row with a count. Parameters are looked for by their logarithms, with exact
first and second derivatives (Newton's steps in a trust region) from several starts; a large table is first
fitted on a part of it, so that the whole is read three or four times only. What is reached is examined before it
is believed: no slope may be left, and a direction in which the data say nothing is named. This file knows no
model: what a model is (``Model``) stands here, the models stand in ``nbd``, ``bgbb`` and ``spend``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw
from crmlab._result import Summary, show
from crmlab.errors import ArgumentError, ConvergenceError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlab.btyd.purchases import PurchaseFit
    from crmlab.btyd.spend import SpendFit

np.empty(1_000_000)  # given back at once: glibc then keeps up to 16 MB, instead of taking every array from the system anew
_WEAK = 0.1  # information on a logarithm below which the data say nothing: its standard error would be above 3


@dataclass(frozen=True, slots=True)
class Model:
    """What is fitted: names, likelihood with derivatives by log parameters, and where to begin.

    Attributes
    ----------
    terms : callable
        ``terms(theta, *columns)`` -> log-likelihood (n,), gradient (k, n), second derivatives (k, k, n); ``theta`` is
        (k, 1) or (k, n).
    starts : callable
        ``starts(weight, *columns)`` -> points from which to begin, each with a value for every parameter.
    moved : mapping
        Parameter -> sign with which a covariate acts on its logarithm.
    block : int
        Rows whose arrays fit into a processor's own memory.
    """

    name: str
    parameters: tuple[str, ...]
    terms: Callable
    starts: Callable
    source: str
    moved: Mapping[str, int] = field(default_factory=dict)
    block: int = 8_192


@dataclass(frozen=True, slots=True)
class Histories:
    """Distinct rows: the columns a likelihood reads, how many customers have each, and their covariates."""

    columns: tuple[np.ndarray, ...]
    weight: np.ndarray
    covariates: np.ndarray  # (rows, covariates), perhaps none

    def part(self, rows: slice | np.ndarray) -> Histories:
        """Some of the rows."""
        return Histories(tuple(column[rows] for column in self.columns), self.weight[rows], self.covariates[rows])


def distinct(columns: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where each distinct row first stands, and for every row which of these it is; all rows where nearly all differ."""
    mixed = np.zeros(columns[0].size, dtype=np.uint64)
    for column in columns:  # 64 bits of each row, equal for equal rows
        mixed = (mixed ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    sample = mixed[:: max(1, mixed.size // 5_000)]  # of a small table all: sorting it once is enough
    if sample.size == mixed.size or np.unique(sample).size < 0.9 * sample.size:
        _, first, place = np.unique(mixed, return_index=True, return_inverse=True)
        shared = first.size < place.size
        if shared and all(np.array_equal(column[first][place], column) for column in columns):  # and not just their bits
            return first, place
    return (every := np.arange(mixed.size)), every


def count(columns: tuple[np.ndarray, ...], covariates: np.ndarray, weight: np.ndarray | None = None) -> Histories:
    """Customers with equal histories become one row.

    Rows are sorted by the first column and then by the distance of the next two, so that neighbours are alike.
    """
    first, place = distinct((*columns, *covariates.T))
    weight = np.bincount(place, weight, minlength=first.size).astype(float)
    rows = Histories(columns, weight, covariates)
    if first.size < place.size:
        rows = Histories(tuple(column[first] for column in columns), weight, covariates[first])
    gap = rows.columns[2] - rows.columns[1] if len(columns) > 2 else rows.columns[-1]
    return rows.part(np.argsort(rows.columns[0] + gap / (2 * gap.max() + 1)))


@dataclass(frozen=True, slots=True)
class Found:
    """A maximum: log parameters (then coefficients of covariates), log-likelihood, covariance, and what is weak."""

    at: np.ndarray
    loglik: float
    covariance: np.ndarray
    weak: np.ndarray  # of each parameter: nothing is known of it


def spread(model: Model, at: np.ndarray, covariates: np.ndarray) -> tuple[np.ndarray, list[tuple] | None]:
    """Each row's own parameters; and what the logarithm of each is made of: places in ``at``, and their factors."""
    k, m = len(model.parameters), covariates.shape[1]
    if not m:
        return np.exp(at[:k, None]), None
    theta, designs = [], []
    for i, name in enumerate(model.parameters):
        places, design = [i], np.ones((len(covariates), 1))
        if name in model.moved:
            first = k + m * list(model.moved).index(name)
            places += range(first, first + m)
            design = np.hstack([design, model.moved[name] * covariates])
        designs.append((places, design))
        theta.append(np.exp(np.clip(design @ at[places], -60, 60)))
    return np.stack(theta), designs


class Likelihood:
    """Log-likelihood of histories as a function of log parameters and coefficients, with both derivatives."""

    def __init__(self, model: Model, rows: Histories, prior: np.ndarray | None = None, back: np.ndarray | None = None) -> None:
        self.model, self.rows, self.prior = model, rows, prior
        self.size = len(model.parameters) + len(model.moved) * rows.covariates.shape[1]
        self.back = np.eye(self.size) if back is None else back  # to the parameters of which a prior tells
        self.edge = np.full(self.size, np.inf)
        self.edge[: len(model.parameters)] = 60  # beyond it exp would overflow
        self._known: dict[bytes, tuple[float, np.ndarray, np.ndarray]] = {}

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Value, gradient, second derivatives."""
        if (point := at.tobytes()) not in self._known:
            self._known[point] = self._sum(at)
        return self._known[point]

    def _sum(self, at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        size = self.model.block
        sums = [self._block(at, slice(start, start + size)) for start in range(0, self.rows.weight.size, size)]
        value, gradient, second = (sum(parts) for parts in zip(*sums, strict=True))
        if self.prior is not None:  # normal on the logarithm: middle, precision
            middle, precision = self.prior
            away = self.back @ at - middle
            value, gradient, second = (
                value - (precision * away**2).sum() / 2,
                gradient - (precision * away) @ self.back,
                second - (self.back.T * precision) @ self.back,
            )
        return value, gradient, second

    def _block(self, at: np.ndarray, block: slice) -> tuple[float, np.ndarray, np.ndarray]:
        rows, weight = self.rows.part(block), self.rows.weight[block]
        theta, designs = spread(self.model, at, rows.covariates)
        loglik, gradient, second = self.model.terms(theta, *rows.columns)
        if designs is None:
            return weight @ loglik, gradient @ weight, second @ weight
        slope, bend = np.zeros(self.size), np.zeros((self.size, self.size))
        for i, (places, design) in enumerate(designs):
            slope[places] = (weight * gradient[i]) @ design
            for j, (others, other) in enumerate(designs):
                bend[np.ix_(places, others)] = (design.T * (weight * second[i, j])) @ other
        return weight @ loglik, slope, bend


def maximise(model: Model, rows: Histories, prior: np.ndarray | None = None) -> Found:
    """The maximum of a likelihood, from the best of several starts.

    A few hundred rows lead near it, some thousand nearer, and all of them to it. Where a direction is known to less than
    two units there can be several maxima (benchmarks/btyd_maxima.py): all starts are followed then.

    Raises
    ------
    ConvergenceError
        No point without slope was reached.
    """
    even, back = _evened(model, rows)
    points = [np.append(np.log(point), np.zeros(len(back) - len(point))) for point in model.starts(rows.weight, *rows.columns)]
    steps = [step for step in (rows.weight.size // 250, rows.weight.size // 12_000) if step > 2]
    parts = []
    for step in (*steps, 1):
        part = even.part(slice(None, None, step))
        share = part.weight.sum() / rows.weight.sum()
        parts.append(Likelihood(model, part, None if prior is None else np.stack([prior[0], prior[1] * share]), back))
    whole = parts[-1]

    def followed(point: np.ndarray, through: list[Likelihood]) -> np.ndarray:
        for part in through:
            point = _climb(part, point, 1e-8 if part is whole else 0.1)
        return point

    best = followed(max(points, key=lambda point: parts[0](point)[0]), parts)
    if np.linalg.eigvalsh(-whole(best)[2])[0] < 2:
        large = [part for part in parts if part is whole or part.rows.weight.size >= 12_000]
        best = max([best, *(followed(point, large) for point in points)], key=lambda point: whole(point)[0])
    found = _examined(whole, best)
    return found if prior is None else replace(found, loglik=Likelihood(model, even)(best)[0])


def _evened(model: Model, rows: Histories) -> tuple[Histories, np.ndarray]:
    """Covariates with mean 0 and spread 1, and the matrix that turns back what is found with them.

    Steps, starts and the threshold of what is weak then mean the same whether a covariate is a share, a year or an income.
    """
    k, m = len(model.parameters), rows.covariates.shape[1]
    back = np.eye(k + m * len(model.moved))
    if not m:
        return rows, back
    size = np.abs(rows.covariates).max(axis=0)
    share = rows.weight / rows.weight.sum()
    middle = share @ (rows.covariates / size)
    wide = np.sqrt(share @ (rows.covariates / size - middle) ** 2)
    for place, (name, sign) in enumerate(model.moved.items()):
        own = k + m * place + np.arange(m)
        back[own, own] = 1 / (wide * size)
        back[model.parameters.index(name), own] = -sign * middle / wide
    return replace(rows, covariates=(rows.covariates / size - middle) / wide), back


def _climb(likelihood: Likelihood, at: np.ndarray, enough: float) -> np.ndarray:
    """Newton's steps, uphill also where the likelihood bends upwards, till a step would gain less than ``enough``.

    What is drawn beyond the edge stays on it, while the rest goes on.
    """
    radius, edge = 2.0, likelihood.edge
    value, slope, second = likelihood(at)
    for _ in range(200):
        held = (np.abs(at) >= edge) & (at * slope > 0)
        if held.any():
            slope, second = np.where(held, 0, slope), np.where(held[:, None] | held, -np.diag(held * 1.0), second)
        sizes, ways = np.linalg.eigh(-second)
        along = ways.T @ slope
        step = ways @ (along / np.maximum(np.abs(sizes), 1e-12 * np.abs(sizes).max() + 1e-300))
        length = np.sqrt(step @ step)
        expected = abs(step @ slope)
        if not expected > enough + 1e-13 * abs(value):  # the rest is rounding
            break
        ahead = np.clip(at + step * min(1.0, radius / length), -edge, edge)
        new = likelihood(ahead)
        if new[0] > value:
            radius = max(radius, 2 * min(length, radius)) if new[0] - value > 0.3 * expected else radius
            at, (value, slope, second) = ahead, new
        elif (radius := min(length, radius) / 4) < 1e-10:
            break
    return at


def _examined(likelihood: Likelihood, at: np.ndarray) -> Found:
    """What is known at a maximum; refuse what is none."""
    value, slope, second = likelihood(at)
    sizes, ways = np.linalg.eigh(-second)
    firm = sizes > _WEAK
    along = ways.T @ slope
    gain = float((along[firm] ** 2 / sizes[firm]).sum()) / 2
    # along a weak direction one unit of the logarithm may change (nearly) nothing; its ridge has no end to be reached
    left = float(np.abs(along[~firm]).max(initial=0))
    if not np.isfinite(value) or gain > (1e-5 if firm.all() else 0.01) or left > 0.05:
        raise ConvergenceError(
            f"{likelihood.model.name}: no maximum was reached (a step could still gain {max(gain, left):.2g}). "
            "Look at the table (are times in weeks, are there repeat purchases, is one customer extreme?), or give a `prior`."
        )
    if gain < 1e-5:  # a last step doubles the digits that are right
        at = at + ways[:, firm] @ (along[firm] / sizes[firm])
    # what is known of nearly nothing is not known exactly: its variance stays, but bounded
    half = ways / np.sqrt(np.maximum(sizes, 1e-4))
    weak = np.sqrt((half**2).sum(axis=1)) > _WEAK**-0.5  # a coefficient's by the spread of its covariate
    half = likelihood.back @ half
    return Found(likelihood.back @ at, float(value), half @ half.T, weak)


def log_prior(prior: object, model: Model, covariates: int) -> np.ndarray | None:
    """A prior as middle and precision of each logarithm (and of each coefficient, which has none)."""
    if prior is None:
        return None
    if not isinstance(prior, Mapping) or not prior:
        example = f'{{"{model.parameters[0]}": (1.0, 3.0)}}'
        raise ArgumentError(f"`prior` must map parameters to (median, factor), such as {example}.")
    found = np.zeros((2, len(model.parameters) + len(model.moved) * covariates))
    for name, told in prior.items():
        if name not in model.parameters:
            raise ArgumentError(f"`prior` names {name!r}; the parameters of {model.name} are {', '.join(model.parameters)}.")
        try:
            median, factor = map(float, () if isinstance(told, str) else told)
        except (TypeError, ValueError):
            median = factor = np.nan
        if not (1e-20 < median < 1e20 and 1.0001 < factor < np.inf):
            raise ArgumentError(
                f"the prior of `{name}` must be (median, factor), with a median above 0 and a factor above 1: two thirds of "
                f"what is believed lie between median / factor and median x factor; it is {told!r}."
            )
        found[:, model.parameters.index(name)] = np.log(median), np.log(factor) ** -2
    return found


# -- What a fit tells ---------------------------------------------------------------------------------------------


def names(model: Model, covariates: tuple[str, ...]) -> list[str]:
    """The parameters, and a coefficient for each parameter that covariates move."""
    return [*model.parameters, *(f"{moved}: {name}" for moved in model.moved for name in covariates)]


def _values(found: Found, model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Parameters as such and coefficients as they are, and what turns the error of a logarithm into that of each."""
    k = len(model.parameters)
    values, scale = found.at.copy(), np.where(found.weak, np.nan, 1.0)
    values[:k] = np.exp(values[:k])
    scale[:k] *= values[:k]
    return values, scale


def estimates(found: Found, model: Model, covariates: tuple[str, ...] = ()) -> pd.Series:
    """Parameters as such, coefficients as they are."""
    return pd.Series(_values(found, model)[0], index=names(model, covariates))


def covariance(found: Found, model: Model, covariates: tuple[str, ...] = ()) -> pd.DataFrame:
    """Covariance of the estimates, empty for those that are weak."""
    labels, scale = names(model, covariates), _values(found, model)[1]
    with np.errstate(over="ignore"):  # where all covariates are 0 may be far from all customers
        return pd.DataFrame(found.covariance * np.outer(scale, scale), index=labels, columns=labels)


def table(found: Found, model: Model, covariates: tuple[str, ...] = ()) -> pd.DataFrame:
    """``parameter``, ``estimate``, ``std_error``."""
    values, scale = _values(found, model)
    with np.errstate(over="ignore"):
        errors = np.sqrt(np.diag(found.covariance)) * scale
    return pd.DataFrame({"parameter": names(model, covariates), "estimate": values, "std_error": errors})


def interval(found: Found, model: Model, covariates: tuple[str, ...], level: float) -> pd.DataFrame:
    """``parameter``, ``low``, ``high``: on the scale of the logarithm for parameters, plain for coefficients."""
    k = len(model.parameters)
    wide = stats.norm.ppf((1 + _check.share("level", level)) / 2) * np.sqrt(np.diag(found.covariance))
    ends = np.stack([found.at - wide, found.at + wide])
    with np.errstate(over="ignore"):
        ends[:, :k] = np.exp(ends[:, :k])
    ends[:, found.weak] = np.nan
    return pd.DataFrame({"parameter": names(model, covariates), "low": ends[0], "high": ends[1]})


def delta(slopes: np.ndarray, found: Found) -> np.ndarray:
    """Standard errors of functions of the parameters from their slopes, shape (parameters, n), by the delta method."""
    return np.sqrt(np.einsum("in,in->n", slopes, found.covariance @ slopes))


def likelihood_ratio(small: PurchaseFit, large: PurchaseFit) -> pd.DataFrame:
    """Whether the covariates of the larger fit tell more than chance would: a likelihood-ratio test.

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

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> summary = btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1)
    >>> summary["even"] = summary.customer_id % 2  # has no effect
    >>> test = btyd.likelihood_ratio(btyd.fit_bgnbd(summary), btyd.fit_bgnbd(summary, covariates=["even"]))
    >>> int(test.df[0]), bool(test.p_value[0] > 0.01)
    (3, True)

    References
    ----------
    Wilks (1938), The large-sample distribution of the likelihood ratio, Annals of Mathematical Statistics 9(1).
    """
    for name, fit in (("small", small), ("large", large)):
        if not hasattr(fit, "covariates"):
            raise ArgumentError(f"`{name}` must be a fit of purchases; it is {type(fit).__name__}.")
    if small.name != large.name or small.customers != large.customers:
        raise ArgumentError(
            f"the fits must be of one model and of the same customers; they are {small.name} of {small.customers:,} and "
            f"{large.name} of {large.customers:,}. Compare different models by `.aic` or `.bic`."
        )
    if not set(small.covariates) < set(large.covariates):
        raise ArgumentError("the covariates of `small` must be among those of `large`, which must have more of them.")
    if small.has_prior or large.has_prior:
        raise ArgumentError("a fit with a prior is no maximum of the likelihood: the test does not hold. Fit without priors.")
    chi2, df = max(0.0, 2 * (large.loglik - small.loglik)), large.found.at.size - small.found.at.size
    return pd.DataFrame({"chi2": [chi2], "df": [df], "p_value": [float(stats.chi2.sf(chi2, df))]})


def summary(fit: PurchaseFit | SpendFit, facts: tuple[tuple[str, object], ...], source: str) -> Summary:
    """A fit in a few lines; what is weak is said in words."""
    told = []
    if fit.weak:
        told.append(
            f"The data say (nearly) nothing about {' and '.join(fit.weak)}: very different values explain them as well. "
            "What is predicted can still be sound; the parameters themselves must not be read."
        )
    if fit.has_prior:
        told.append("With a prior: estimates are the mode of the posterior, errors are Laplace's.")
    ends = fit.interval().set_index("parameter")
    rows = fit.table.assign(low=ends.low.to_numpy(), high=ends.high.to_numpy())
    return Summary(
        f"{fit.name} of {fit.customers:,} customers",
        facts=facts,
        table=rows.rename(columns={"low": "95 % from", "high": "to"}),
        note=" ".join(told),
        source=source,
    )


def plot(fit: PurchaseFit | SpendFit, ax: Axes | None = None) -> Axes:
    """Estimates with their intervals, each as a multiple of its estimate."""
    ends, values = fit.interval(), fit.params
    shown = [name for name in values.index if name not in fit.weak and ": " not in name]
    if not shown:
        raise DataError("no parameter can be shown: the data say nothing about any of them (see `.summary()`).")
    rows = pd.DataFrame({"label": [f"{name} = {show(values[name])}" for name in shown], "middle": 1.0})
    of = ends.set_index("parameter").loc[shown]
    rows["low"], rows["high"] = of.low.to_numpy() / values[shown].to_numpy(), of.high.to_numpy() / values[shown].to_numpy()
    widest = shown[int((rows.high / rows.low).argmax())]
    return _draw.interval_plot(
        rows,
        title=f"{fit.name}: {widest} is known least well",
        x="multiple of the estimate, 95 % confidence interval",
        alt="; ".join(f"{row.label}, interval {row.low:.2f} to {row.high:.2f} times" for row in rows.itertuples()) + ".",
        ax=ax,
    )
