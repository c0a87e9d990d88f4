"""Acquisition: what a prospect would bring, learned from deals that were won and told of all.

A deal's amount is written down when it is won. Those who are won differ from those who are not, so least squares on the won
alone answers another question. ``fit_acquisition`` estimates both sides: who is won, and what a deal is worth, won or not. It
reads a row per prospect; the two steps themselves are in ``heckman``, and what it costs to win somebody is in ``costs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from crmlab import _check, _draw
from crmlab._result import Result, Summary, show
from crmlab._verdict import Verdict, listed, verdict
from crmlab.development import columns, heckman
from crmlab.errors import ArgumentError, ConvergenceError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LAMBDA = "lambda"
_ALIKE = 30  # condition number above which the ratio of Mills hardly differs from the drivers (Leung & Yu 1996: 20)


def fit_acquisition(
    table: pd.DataFrame, value: str = "deal_value", *, value_drivers: Sequence[str], win_drivers: Sequence[str],
    won: str | None = None, log: bool = False,
) -> AcquisitionFit:  # fmt: skip
    """Estimate what a deal is worth from those that were won: y = x b + e, seen where z g + u > 0 (Heckman's two steps).

    Step one is a probit of being won. Step two is least squares on the won with the inverse of Mills' ratio m added,
    E[y | won] = x b + lambda m(z g), lambda = rho sigma. Unless lambda is zero, least squares without m is biased.

    Parameters
    ----------
    table : DataFrame
        One row per prospect, won or not. Rows that are still open, or lack a driver, are left out and counted.
    value : str
        Column of amounts, in one currency; read of the won alone.
    value_drivers : list of str
        Columns x that move the value: numbers, yes and no, or categories.
    win_drivers : list of str
        Columns z that move the chance to win; at least one of them not the value, which no data can prove.
    won : str, optional
        Column that says who was won: True or False, 1 or 0, or won, lost, open. By default whoever has a value.
    log : bool
        Whether the logarithm of the value is what the drivers add up to.

    Returns
    -------
    AcquisitionFit

    Raises
    ------
    DataError
        A column is missing, constant or follows from others; no driver is excluded from the value; all were won or none;
        amounts in several currencies; an amount is 0 or below with ``log``.
    ConvergenceError
        A driver separates the won from the lost.
    ArgumentError
        The drivers are no list of different columns.

    Notes
    -----
    Without an excluded driver only the bend of m, an assumption on the errors, would tell selection from value. Standard
    errors are corrected for the estimated ratio.

    References
    ----------
    Heckman (1979), Econometrica 47(1), 153-161. On customers: Thomas (2001), Journal of Marketing Research 38(2).

    Examples
    --------
    >>> import numpy as np
    >>> from crmlab import development
    >>> rng = np.random.default_rng(1)
    >>> size, distance, shared = rng.normal(0, 1, 2000), rng.uniform(0, 4, 2000), rng.normal(0, 1, 2000)
    >>> value = np.where(1 + size - distance + shared > 0, 10 + 2 * size - shared, np.nan)
    >>> deals = pd.DataFrame({"size": size, "distance": distance, "value": value})
    >>> fit = development.fit_acquisition(deals, "value", value_drivers=["size"], win_drivers=["size", "distance"])
    >>> fit.ols.estimate.round(2).tolist(), fit.table.estimate.round(1).tolist()
    ([9.24, 2.28], [10.1, 2.0, -1.1])
    """
    _check.frame("table", table, "Give one row per prospect, won or not.")
    x_names, z_names = _drivers("value_drivers", value_drivers, value), _drivers("win_drivers", win_drivers, value)
    _check.flag("log", log)
    _check.required_columns(
        table.columns, "prospect", list(dict.fromkeys([value, *x_names, *z_names, *([won] if won else [])]))
    )
    excluded = [name for name in z_names if name not in x_names]
    if not excluded:
        raise DataError(
            "every driver of the chance is also a driver of the value, so selection cannot be told from value. Name in "
            "`win_drivers` one column that moves the chance and not the value (the way to the nearest branch, say)."
        )
    columns.refuse_currencies(table)
    rows, seen, amounts = _rows(table, value, list(dict.fromkeys([*x_names, *z_names])), won, log)
    x_design, z_design = columns.read_design(rows[seen], x_names), columns.read_design(rows, z_names)
    _refuse_separation(z_design, rows, seen)
    x, z = _with_constant(x_design, rows[seen]), _with_constant(z_design, rows)
    steps = heckman.two_step(seen, z, x, amounts)
    condition, ols = _condition(x, z[seen] @ steps.gamma), heckman.least_squares(x, amounts)
    counts = len(rows), int(seen.sum()), len(table) - len(rows)
    return AcquisitionFit(x_design, z_design, tuple(excluded), steps, *ols, *counts, condition, log)


def _refuse_separation(design: columns.Design, rows: pd.DataFrame, seen: np.ndarray) -> None:
    if separated := columns.separating(design, rows, seen):
        raise ConvergenceError(
            f"column `{separated[0]}` separates the won from the lost ({separated[1]}), so the probit has no maximum. Leave it "
            "out, or merge its rare categories."
        )


def _with_constant(design: columns.Design, rows: pd.DataFrame) -> np.ndarray:
    """Return the design of rows with a constant first; refuse one in which a column follows from others."""
    matrix = design.matrix(rows)
    columns.refuse_dependent(matrix, design.owners)
    return np.column_stack([np.ones(len(matrix)), matrix])


def _drivers(label: str, names: Sequence[str], value: str) -> list[str]:
    listed_names = list(names) if isinstance(names, list | tuple) else []
    if not listed_names or len({*map(str, listed_names), str(value)}) <= len(listed_names):
        raise ArgumentError(f"`{label}` must be a list of different columns without the value; it is {names!r}.")
    return listed_names


def _rows(
    table: pd.DataFrame, value: str, names: Sequence[str], won: str | None, log: bool
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return the complete rows that have ended, who of them was won (n,), and the amounts of those (n1,)."""
    amounts = _check.numeric_columns(table[[value]], [value], "prospect", missing=True)[:, 0]
    outcome = columns.Outcome(~np.isnan(amounts), np.ones(len(table), bool))
    if won is not None:
        outcome = columns.read_outcome(table, won)
    complete = outcome.ended & table[list(names)].notna().all(axis=1).to_numpy() & ~(outcome.won & np.isnan(amounts))
    for name in names:
        if reason := columns.why_no_property(table[name], name):
            raise DataError(f"column `{name}` {reason}. Leave it out.")
    rows, seen = table[complete], outcome.won[complete]
    columns.refuse_one_class(seen, f"the {len(rows):,} complete rows")
    amounts = amounts[complete][seen]
    if log:
        remedy = "Take these rows out, or leave `log` out."
        _check.refuse_rows(rows[seen], amounts <= 0, f"`{value}` is 0 or below", "prospect", remedy)
        amounts = np.log(amounts)
    return rows, seen, amounts


def _condition(x: np.ndarray, index: np.ndarray) -> float:
    """Compute the condition number of the second step's design, its columns scaled to length 1."""
    w = np.column_stack([x, heckman.mills_ratio(index)])
    return float(np.linalg.cond(w / np.sqrt((w**2).sum(axis=0))))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AcquisitionFit(Result):
    """What a deal is worth, and who is won.

    Attributes
    ----------
    value_design, win_design : Design
        How columns become drivers.
    excluded : tuple of str
        Columns that move the chance and, by assumption, nothing of the value.
    steps : TwoStep
        Estimates of both steps.
    ols_estimates, ols_cov : ndarray, shape (p,) and (p, p)
        Least squares on the won alone.
    n, n_won, n_excluded : int
        Rows used, the won among them, and rows left out (open, or without a driver or an amount).
    condition : float
        Condition number of the second step: far above 20, the ratio of Mills says nothing of its own.
    log : bool
        Whether the value is in logarithms.
    """

    value_design: columns.Design
    win_design: columns.Design
    excluded: tuple[str, ...]
    steps: heckman.TwoStep
    ols_estimates: np.ndarray
    ols_cov: np.ndarray
    n: int
    n_won: int
    n_excluded: int
    condition: float
    log: bool

    @property
    def table(self) -> pd.DataFrame:
        """The value of anybody, won or not: ``parameter, estimate, std_error``; ``lambda`` is the selection."""
        names = ["constant", *self.value_design.labels, _LAMBDA]
        return pd.DataFrame({"parameter": names, "estimate": self.steps.beta, "std_error": np.sqrt(np.diag(self.steps.cov))})

    @property
    def selection(self) -> pd.DataFrame:
        """The chance to win, a probit: ``parameter, estimate, std_error``."""
        names = ["constant", *self.win_design.labels]
        std_error = np.sqrt(np.diag(self.steps.gamma_cov))
        return pd.DataFrame({"parameter": names, "estimate": self.steps.gamma, "std_error": std_error})

    @property
    def ols(self) -> pd.DataFrame:
        """Least squares on the won alone, as most reports do it: ``parameter, estimate, std_error``."""
        names = ["constant", *self.value_design.labels]
        return pd.DataFrame({"parameter": names, "estimate": self.ols_estimates, "std_error": np.sqrt(np.diag(self.ols_cov))})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against leaning on the two steps here; empty if nothing does."""
        weak = self._weak()
        lines = []
        if weak:
            lines.append(f"{listed(weak)} hardly moves the chance: selection is told by the shape of the errors alone")
        if self.condition > _ALIKE:
            lines.append(f"the ratio of Mills nearly follows from the drivers (condition number {self.condition:,.0f})")
        if abs(self.steps.rho) == 1:
            lines.append("the correlation of the errors lies beyond 1 and was set to it: the model does not fit these rows")
        return tuple(lines)

    def _weak(self) -> list[str]:
        """The excluded columns, if a joint test (Wald, 95 %) does not see them move the chance."""
        places = [1 + k for k, owner in enumerate(self.win_design.owners) if owner in self.excluded]
        gamma, cov = self.steps.gamma[places], self.steps.gamma_cov[np.ix_(places, places)]
        wald = float(gamma @ np.linalg.solve(cov, gamma))
        return [f"`{name}`" for name in self.excluded] if stats.chi2.sf(wald, len(places)) > 0.05 else []

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return confidence intervals of the value equation: ``parameter, estimate, low, high``.

        Parameters
        ----------
        level : float
            Confidence level.

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import development
        >>> rng = np.random.default_rng(1)
        >>> deals = pd.DataFrame({"size": rng.normal(0, 1, 500), "distance": rng.uniform(0, 4, 500)})
        >>> deals["value"] = (10 + 2 * deals["size"]).where(2 - deals.distance + rng.normal(0, 1, 500) > 0)
        >>> fit = development.fit_acquisition(deals, "value", value_drivers=["size"], win_drivers=["size", "distance"])
        >>> bool(fit.interval(0.9).low[1] <= 2.0001)
        True
        """
        z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
        table = self.table
        half = z * table.std_error
        return table[["parameter", "estimate"]].assign(low=table.estimate - half, high=table.estimate + half)

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Predict what prospects would bring; rows keep their index.

        ``value_of_all`` is the mean of all who are like this, won or not; ``value_if_won`` that of those who are won;
        ``expected_value`` is the chance times ``value_if_won``. With ``log`` the means are those of a log-normal value:
        E[V | won] = exp(x b + sigma^2 / 2) Phi(z g + lambda) / Phi(z g). Lean on ``expected_value``: it is near what is seen,
        while ``value_of_all`` reaches to those who are never won and rests on the shape of the errors.

        Parameters
        ----------
        table : DataFrame
            With the columns of both drivers. A category that the fit has not seen counts as the mean of all.

        Returns
        -------
        DataFrame
            ``chance, value_of_all, value_if_won, expected_value`` (``tables.describe("acquisition_predictions")``).

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import development
        >>> rng = np.random.default_rng(1)
        >>> deals = pd.DataFrame({"size": rng.normal(0, 1, 500), "distance": rng.uniform(0, 4, 500)})
        >>> deals["value"] = (10 + 2 * deals["size"]).where(2 - deals.distance + rng.normal(0, 1, 500) > 0)
        >>> fit = development.fit_acquisition(deals, "value", value_drivers=["size"], win_drivers=["size", "distance"])
        >>> fit.predict(pd.DataFrame({"size": [1.0], "distance": [2.0]}, index=["Ann"])).value_of_all.round(3)
        Ann    12.0
        Name: value_of_all, dtype: float64
        """
        rows = _check.frame("table", table, "Give the prospects to predict.")
        names = list(dict.fromkeys([*self.value_design.names, *self.win_design.names]))
        _check.required_columns(rows.columns, "prospect", names)
        for name in names:
            wrong = rows[name].isna().to_numpy()
            _check.refuse_rows(rows, wrong, f"`{name}` is missing", "prospect", "Fill these cells or take the rows out.")
        x, z = (np.column_stack([np.ones(len(rows)), each.matrix(rows)]) for each in (self.value_design, self.win_design))
        mean, index = x @ self.steps.beta[:-1], z @ self.steps.gamma
        chance, selection = stats.norm.cdf(index), self.steps.beta[-1]
        if self.log:
            value = np.exp(mean + self.steps.sigma**2 / 2)
            if_won = value * np.exp(special.log_ndtr(index + selection) - special.log_ndtr(index))
        else:
            value, if_won = mean, mean + selection * heckman.mills_ratio(index)
        parts = {"chance": chance, "value_of_all": value, "value_if_won": if_won, "expected_value": chance * if_won}
        return pd.DataFrame(parts, index=rows.index)

    def summary(self) -> Summary:
        """Both estimates beside each other, and what selection does."""
        both = self.table.merge(self.ols, on="parameter", how="left", suffixes=("", "_won_alone"))
        both = both.rename(columns={"estimate_won_alone": "won_alone", "std_error_won_alone": "its_std_error"})
        facts = (
            ("Prospects", self.n), ("Won", self.n_won), ("Left out", self.n_excluded),
            ("Moves the chance and not the value, by assumption", listed(self.excluded)),
            ("sigma, rho", f"{show(self.steps.sigma)}, {show(self.steps.rho)}"),
            ("Log likelihood of the probit", self.steps.loglik),
        )  # fmt: skip
        note = ". ".join([self._finding(), *(f"Beware: {line}" for line in self.warnings)]) + "."
        return Summary("What a deal is worth, won or not", facts, both, note, "Heckman (1979)")

    def _finding(self) -> str:
        last = self.interval().iloc[-1]
        match verdict(last.low, last.high, n=self.n_won):
            case Verdict.LOWER:
                return "Deals that are won are smaller than their drivers would make them: the won alone mislead"
            case Verdict.HIGHER:
                return "Deals that are won are larger than their drivers would make them: the won alone mislead"
            case _:
                return "Selection cannot be told from chance: the won alone may do as well"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each driver does to the value, by both ways, with 95 % intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import numpy as np
        >>> from crmlab import development
        >>> rng = np.random.default_rng(1)
        >>> deals = pd.DataFrame({"size": rng.normal(0, 1, 500), "distance": rng.uniform(0, 4, 500)})
        >>> deals["value"] = (10 + 2 * deals["size"]).where(2 - deals.distance + rng.normal(0, 1, 500) > 0)
        >>> fit = development.fit_acquisition(deals, "value", value_drivers=["size"], win_drivers=["size", "distance"])
        >>> fit.plot().get_xlabel()
        'what one unit more adds to the value, 95 % interval'
        """
        z = stats.norm.ppf(0.975)
        parts = [(self.table.iloc[1:-1], "two steps"), (self.ols.iloc[1:], "the won alone")]
        rows = pd.concat([
            pd.DataFrame({"label": each.parameter + f", {name}", "middle": each.estimate, "group": name,
                          "low": each.estimate - z * each.std_error, "high": each.estimate + z * each.std_error,
                          "place": range(len(each))})
            for each, name in parts
        ]).sort_values("place", kind="stable")  # fmt: skip
        alt = "; ".join(f"{row.label} {show(row.middle)} ({show(row.low)} to {show(row.high)})" for row in rows.itertuples())
        unit = "log of the value" if self.log else "value"
        x = f"what one unit more adds to the {unit}, 95 % interval"
        return _draw.interval_plot(rows, title=self._finding(), x=x, zero=True, alt=f"{alt}.", ax=ax)
