"""The chain: from service to satisfaction to staying to profit, three equations fitted together.

``fit_chain`` reads one row per customer and survey: how they judge the service, how satisfied they are, whether they are
still there later and what they brought until then. It returns the three links, what a better service does to each outcome
by the chain, and beside it the naive fit, which takes answers for truths and alike for equal. It knows no questionnaire and
no firm: scores come from ``satisfaction``, their reliabilities from ``measurement``. Which column stands in which equation is
settled in ``chain_links``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent, show
from crmlab._verdict import Verdict, verdict
from crmlab.errors import ArgumentError, DataError
from crmlab.loyalty.chain_links import Links

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PATHS = (
    ("satisfaction", "in all"), ("stays", "in all"), ("stays", "through satisfaction"), ("stays", "beside satisfaction"),
    ("profit", "in all"), ("profit", "through satisfaction"), ("profit", "beside satisfaction"),
)  # fmt: skip


def fit_chain(
    table: pd.DataFrame, *, service: Sequence[str], satisfaction: str = "satisfaction", stays: str = "stays",
    profit: str = "profit", controls: Sequence[str] = (), cluster: str | None = None,
    reliability: Mapping[str, float] | None = None, scale: tuple[float, float] | None = (1, 7), direct: bool = True,
) -> ChainFit:  # fmt: skip
    """Fit the chain from service to satisfaction to staying to profit, for what customers have in common held equal.

    Three linear equations: satisfaction on service; staying on satisfaction and service; profit on staying, satisfaction and
    service; controls in each. Noise in answers is corrected for by their reliability.

    Parameters
    ----------
    table : DataFrame
        One row per customer and survey; outcomes lie after the survey. Rows with a missing value are left out and counted.
    service : list of str
        Columns with scores of the service, in points.
    satisfaction : str
        Column with the satisfaction, in points of ``scale``.
    stays : str
        Column that says whether they were still there later: 0 or 1, true or false.
    profit : str
        Column with what they brought from the survey until then (a year, if effects are to be yearly), in currency.
    controls : list of str
        What moves both service or satisfaction and what follows: numbers or groups (text), older than the survey and no
        consequence of the service (as past purchases are).
    cluster : str, optional
        Column that says whose rows they are, where one customer has several.
    reliability : dict of str to float, optional
        Share of a column's variance that is no noise, e.g. Cronbach's alpha (``measurement.reliability``). Columns that are
        not named are taken as exact.
    scale : (float, float) or None
        Lowest and highest answer of satisfaction; None for scores that are bound to no scale.
    direct : bool
        Whether service may act beside satisfaction, too, e.g. by failures that make people leave at once.

    Returns
    -------
    ChainFit
        With the ``naive`` fit: without controls, reliabilities and paths beside satisfaction.

    Raises
    ------
    DataError
        Constant or collinear columns, satisfaction outside its scale, nobody or everybody left, too few customers,
        reliabilities that leave nothing to explain.
    ArgumentError
        A name twice, a reliability of an unknown column or outside 0 to 1.

    Notes
    -----
    Where staying bends (``ChainFit.bend``), its slopes are averages over those who answered. Standard errors are robust and
    take reliabilities for known. An effect is causal where nothing beside the controls moves both service and what follows it:
    a table cannot say whether that is so.

    References
    ----------
    Heskett et al. (1994), Putting the service-profit chain to work, Harvard Business Review 72(2). Kamakura et al. (2002),
    Assessing the service-profit chain, Marketing Science 21(3). Fuller (1987), Measurement error models.

    Examples
    --------
    >>> from crmlab import loyalty
    >>> table = loyalty.simulate_chain(20_000, seed=1, confounding=1, reliability=0.8)
    >>> noisy = dict.fromkeys(["reliability", "empathy", "satisfaction"], 0.8)
    >>> keys = {"controls": ["price_focus"], "reliability": noisy, "scale": None}
    >>> fit = loyalty.fit_chain(table, service=["reliability", "empathy"], **keys)
    >>> fit.effect({"reliability": 0.5}).query("path == 'in all'").estimate.round(3).tolist()  # points, share, currency
    [0.181, 0.02, 6.412]
    """
    names = _columns(table, service, satisfaction, stays, profit, controls, cluster)
    rows, direct = table.dropna(subset=names), _check.flag("direct", direct)
    noise = _noise(reliability, (*service, satisfaction, *controls))
    outcomes = _outcomes(rows, satisfaction, stays, profit, scale)
    judged, held_equal = _check.numeric_columns(rows, service, "chain"), _controls(rows, controls)
    codes, customers = _customers(rows, cluster, 3 + len(service) + held_equal.shape[1])
    links = Links(tuple(service), judged, *outcomes, held_equal, codes, noise, satisfaction)
    plain, count = replace(links, controls=held_equal.iloc[:, :0], noise={}), (len(rows), len(table) - len(rows), customers)
    naive = ChainFit(tuple(service), False, *count, *plain.fit(direct=False), *plain.bend(), None)
    return ChainFit(tuple(service), direct, *count, *links.fit(direct), *links.bend(), naive)


def _columns(
    table: object, service: object, satisfaction: str, stays: str, profit: str, controls: object, cluster: str | None
) -> list[str]:
    """Names of all columns; a refusal where one lacks, or has two parts to play."""
    frame = _check.frame("table", table, "Give a row per customer and survey.")
    lists = {"service": service, "controls": controls}
    for name, value in lists.items():
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise ArgumentError(f"`{name}` must be a list of names of columns; it is {value!r}.")
    if not service:
        raise ArgumentError("`service` is empty: name at least one column with scores of the service.")
    names = [*service, satisfaction, stays, profit, *controls, *([cluster] if cluster else [])]  # type: ignore[misc]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ArgumentError(f"{', '.join(twice)} has two parts to play. Name each column once.")
    _check.required_columns(frame.columns, "chain", names)
    return names


def _customers(rows: pd.DataFrame, cluster: str | None, coefficients: int) -> tuple[np.ndarray, int]:
    """Whose rows they are, as codes, and how many customers; a refusal of too few for their coefficients."""
    codes = pd.factorize(rows[cluster])[0] if cluster else np.arange(len(rows))
    if (customers := len(np.unique(codes))) <= coefficients:
        raise DataError(
            f"{customers:,} customers are too few for {coefficients} coefficients. Take more customers or fewer columns."
        )
    return codes, customers


def _noise(reliability: Mapping[str, float] | None, names: Sequence[str]) -> dict[str, float]:
    """The share of each column's variance that is error."""
    given = dict(reliability or {})
    if unknown := [name for name in given if name not in names]:
        raise ArgumentError(f"`reliability` names {', '.join(map(str, unknown))}, but these are not among {', '.join(names)}.")
    return {name: 1 - _check.number(f"reliability[{name!r}]", value, 0, 1, closed="right") for name, value in given.items()}


def _outcomes(
    rows: pd.DataFrame, satisfaction: str, stays: str, profit: str, scale: tuple[float, float] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Satisfaction, staying and profit, shape (rows,) each."""
    if rows.empty:
        raise DataError("no row of the chain table is complete. Take out the column that is empty, or ask more people.")
    content, money = _check.numeric_columns(rows, (satisfaction, profit), "chain").T
    low, high = scale or (-np.inf, np.inf)
    outside = (content < low) | (content > high)
    reason = f"`{satisfaction}` lies outside its scale, {low:g} to {high:g},"
    _check.refuse_rows(rows[[satisfaction]], outside, reason, "chain", "Give its ends as `scale`, or mend these rows.")
    staying = pd.to_numeric(rows[stays], errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = ~np.isin(staying, (0, 1))
    _check.refuse_rows(rows[[stays]], wrong, f"`{stays}` is neither 0 nor 1", "chain", "Say of each row whether they stayed.")
    if len(np.unique(staying)) < 2:
        raise DataError(
            f"{'all' if staying[0] else 'none'} of the {len(rows):,} rows stayed by `{stays}`: there is nothing to explain. "
            "Look at a longer time, or at more customers."
        )
    return content, staying, money


def _controls(rows: pd.DataFrame, controls: Sequence[str]) -> pd.DataFrame:
    """Controls as numbers: groups become a column for each but the first."""
    parts = [pd.DataFrame(index=rows.index)]
    for name in controls:
        column = rows[name]
        if pd.api.types.is_numeric_dtype(column):
            parts.append(pd.DataFrame({name: column.astype(float)}))
        else:
            groups = pd.get_dummies(column.astype(str), drop_first=True, dtype=float)
            parts.append(groups.add_prefix(f"{name}="))
    return pd.concat(parts, axis=1)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChainFit(Result):
    """Three links, from service to satisfaction to staying to profit.

    Attributes
    ----------
    service : tuple of str
        The k columns of service.
    direct : bool
        Whether service may act beside satisfaction.
    n, n_excluded, customers : int
        Complete rows; rows left out for a missing value; customers behind the complete rows.
    params : ndarray, shape (3 k + 3,)
        Slopes, in the order of ``table``: satisfaction on service; staying on satisfaction and service; profit on staying,
        satisfaction and service. 0 where they are left out.
    cov : ndarray, shape (3 k + 3, 3 k + 3)
        Their joint covariance, across links.
    bend : DataFrame
        ``piece, from_answer, to_answer, estimate, std_error``: the slope of staying over a point of answered satisfaction,
        in three pieces. Noise in the answers flattens all three, and no bend comes of it where there is none.
    bend_p_value : float
        Of Wald's test that the three are equal.
    naive : ChainFit or None
        The same without controls, reliabilities and paths beside satisfaction; None in a naive fit.
    """

    service: tuple[str, ...]
    direct: bool
    n: int
    n_excluded: int
    customers: int
    params: np.ndarray
    cov: np.ndarray
    bend: pd.DataFrame
    bend_p_value: float
    naive: ChainFit | None

    @property
    def table(self) -> pd.DataFrame:
        """One row per ``link`` and ``parameter``, with ``estimate`` and ``std_error`` (``tables.describe("chain_links")``)."""
        k = len(self.service)
        links = np.repeat(["satisfaction", "stays", "profit"], [k, k + 1, k + 2])
        names = [*self.service, "satisfaction", *self.service, "stays", "satisfaction", *self.service]
        errors = np.sqrt(np.diag(self.cov))
        table = pd.DataFrame({"link": links, "parameter": names, "estimate": self.params, "std_error": errors})
        return table if self.direct else table.iloc[[*range(k + 1), 2 * k + 1, 2 * k + 2]].reset_index(drop=True)

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return ``table`` with ``low`` and ``high``, each interval for itself.

        Parameters
        ----------
        level : float

        Examples
        --------
        >>> from crmlab import loyalty
        >>> fit = loyalty.fit_chain(loyalty.simulate_chain(2_000, seed=1), service=["reliability"], scale=None)
        >>> fit.interval(0.9).columns.tolist()
        ['link', 'parameter', 'estimate', 'std_error', 'low', 'high']
        """
        return _with_interval(self.table, level)

    def effect(self, shift: Mapping[str, float], level: float = 0.95) -> pd.DataFrame:
        """Compute what a change of the service does to each outcome, on average over the customers of the table.

        Parameters
        ----------
        shift : dict of str to float
            Points by column of service.
        level : float

        Returns
        -------
        DataFrame (``tables.describe("chain_effect")``)
            One row per ``outcome`` and ``path``, with ``estimate, std_error, low, high``: satisfaction in points, staying as a
            share, profit in currency.

        Raises
        ------
        ArgumentError
            A column that is not among the service, or a shift that is no number.

        Notes
        -----
        With slopes a of satisfaction, (b, d) of staying and (c, s, e) of profit, staying changes by (b a + d) x and profit by
        c times that plus (s a + e) x, for a shift x; errors by the delta method, across links.

        Examples
        --------
        >>> from crmlab import loyalty
        >>> fit = loyalty.fit_chain(loyalty.simulate_chain(2_000, seed=1), service=["reliability"], scale=None)
        >>> fit.effect({"reliability": 0.5}).outcome.unique().tolist()
        ['satisfaction', 'stays', 'profit']
        """
        if unknown := [name for name in shift if name not in self.service]:
            raise ArgumentError(f"`shift` names {unknown[0]!r}, but the service is {', '.join(self.service)}.")
        x = np.array([_check.number(f"shift[{name!r}]", shift.get(name, 0.0)) for name in self.service])
        step = 1e-20  # of the complex-step derivative, exact for polynomials such as these
        jacobian = np.column_stack(
            [_effects(self.params + 1j * step * unit, x).imag / step for unit in np.eye(self.params.size)]
        )
        table = pd.DataFrame(_PATHS, columns=["outcome", "path"])
        table["estimate"] = _effects(self.params, x)
        table["std_error"] = np.sqrt(np.einsum("ij,jk,ik->i", jacobian, self.cov, jacobian).clip(min=0))
        return _with_interval(table, level)

    def summary(self) -> Summary:
        """The three links, and what each rests on."""
        table = self.interval()[["link", "parameter", "estimate", "low", "high"]]
        bent = "bends" if self.bend_p_value < 0.05 else "shows no bend"
        facts = (
            ("Complete rows", self.n), ("Rows left out", self.n_excluded), ("Customers", self.customers),
            ("Staying over satisfaction", f"{bent} (p {show(self.bend_p_value)})"),
        )  # fmt: skip
        note = "95 % intervals, each for itself; staying in shares, profit in currency, for a point of service or satisfaction."
        return Summary("From service to profit", facts, table, note, "Heskett et al. (1994); Fuller (1987)")

    def plot(self, shift: Mapping[str, float], ax: Axes | None = None) -> Axes:
        """Draw what a change of the service does to staying, by this fit and by the naive one.

        Parameters
        ----------
        shift : dict of str to float
            Points by column of service.
        ax : matplotlib Axes, optional
            Where to draw; by default a new chart.

        Examples
        --------
        >>> from crmlab import loyalty
        >>> fit = loyalty.fit_chain(loyalty.simulate_chain(4_000, seed=1), service=["reliability", "empathy"], scale=None)
        >>> print(fit.plot({"reliability": 0.5}).get_title("left"))
        +0.5 reliability: more stay, by 2.2 points
        """
        parts = [self.effect(shift).query("outcome == 'stays'").assign(group="held equal")]
        if self.naive:
            parts.append(self.naive.effect(shift).query("outcome == 'stays' and path == 'in all'").assign(group="naive"))
        rows = pd.concat(parts, ignore_index=True)
        rows["label"] = np.where(rows["group"] == "naive", "naive", rows["path"])
        alt = [f"{row.label} {percent(row.estimate)} ({percent(row.low)} to {percent(row.high)})" for row in rows.itertuples()]
        return _draw.interval_plot(
            rows.rename(columns={"estimate": "middle"})[["label", "middle", "low", "high", "group"]],
            title=self._finding(rows.iloc[0], shift), x="change of the share still there (bar: 95 % interval)",
            alt="; ".join(alt) + ".", zero=True, share=True, ax=ax,
        )  # fmt: skip

    def _finding(self, row: pd.Series, shift: Mapping[str, float]) -> str:
        what = ", ".join(f"{points:+g} {name.removeprefix('perceived_')}" for name, points in shift.items())
        match verdict(row["low"], row["high"], n=self.n):
            case Verdict.HIGHER:
                return f"{what}: more stay, by {100 * row['estimate']:.1f} points"
            case Verdict.LOWER:
                return f"{what}: fewer stay, by {-100 * row['estimate']:.1f} points"
        return f"{what}: {self.n:,} answers do not settle whether more stay"


def _effects(params: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Changes by ``_PATHS`` for a shift x, shape (k,), of the service."""
    k = x.size
    content = params[:k] @ x
    stays, beside = params[k] * content, params[k + 1 : 2 * k + 1] @ x
    per_stay, per_point = params[2 * k + 1 : 2 * k + 3]
    money = per_stay * stays + per_point * content
    money_beside = per_stay * beside + params[2 * k + 3 :] @ x
    return np.array([content, stays + beside, stays, beside, money + money_beside, money, money_beside])


def _with_interval(table: pd.DataFrame, level: float) -> pd.DataFrame:
    reach = stats.norm.ppf((1 + _check.share("level", level)) / 2) * table["std_error"]
    return table.assign(low=table["estimate"] - reach, high=table["estimate"] + reach)
