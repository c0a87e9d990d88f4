"""Objections: what was said, what was answered, and which answer was worth it.

Salespeople do not draw their answers by lot: the skilled choose better ones, and some kinds of deal hear one answer more often
and are easier in any case. So each answer is compared with the others to the same objection twice: as it stands, and within
deals of one kind. It reads objections and stage events and knows no price of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import proportion_confint

from crmlab import _check, _draw, tables
from crmlab._result import Result, Summary, percent, show
from crmlab._verdict import Verdict, listed, some_of, verdict
from crmlab.development import columns
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OVERCOME = ("advanced", "skipped ahead", "won")
_NOT = ("lost", "returned")
_KINDS = ("salesperson_id", "need", "expected_value")  # by which deals differ, where the tables have them
_FEWEST = 20  # answers of one kind, and of all others, below which nothing is compared
_CHANGED = np.log(1.1)  # change in estimate of ten per cent (Maldonado & Greenland 1993)


def objection_answers(
    objections: pd.DataFrame, stage_events: pd.DataFrame, deals: pd.DataFrame | None = None, *,
    kinds: Sequence[str] | None = None, classes: int = 3, level: float = 0.95,
) -> ObjectionAnswers:  # fmt: skip
    """Compare each answer with all others to the same objection: as it stands, and within deals of one kind.

    The odds ratio of Mantel & Haenszel over strata k is sum(a_k d_k / n_k) / sum(b_k c_k / n_k); where it differs from the
    crude one beyond chance, or says another thing, the kind of deal confounds.

    Parameters
    ----------
    objections : DataFrame
        ``prospect_id, step, objection, answer`` (``tables.describe("objections")``).
    stage_events : DataFrame
        ``prospect_id, step, outcome``: whether the prospect went on; stages that have not ended are counted and left out.
    deals : DataFrame, optional
        One row per ``prospect_id`` with more that deals may differ by, such as ``need`` and ``expected_value``.
    kinds : list of str, optional
        Columns to compare within, each by itself; by default salesperson, need and expected value, where they are.
    classes : int
        Into how many classes of equal size a number is cut.
    level : float
        Of all intervals.

    Returns
    -------
    ObjectionAnswers

    Raises
    ------
    DataError
        Missing columns, an objection twice at one step, or none that has ended; several currencies.
    ArgumentError
        ``kinds`` is no list of columns.

    Notes
    -----
    "Beyond chance" holds the change of the log odds ratio against the root of the difference of the two variances (Hausman);
    it has to exceed ten per cent, too. What no table tells, such as how warm a deal was, confounds unseen.

    References
    ----------
    Mantel & Haenszel (1959), JNCI 22(4); Robins, Breslow & Greenland (1986), Biometrics 42(2), for the variance (statsmodels).
    Maldonado & Greenland (1993), American Journal of Epidemiology 138(11).

    Examples
    --------
    >>> from crmlab import development
    >>> rows = [("price", answer, who, went_on) for who, n, share in (("Ann", 60, 0.8), ("Bo", 60, 0.4))
    ...         for answer, part in (("trial", 0.75 if who == "Ann" else 0.25), ("cut", 0.25 if who == "Ann" else 0.75))
    ...         for k in range(int(n * part)) for went_on in [k < share * n * part]]
    >>> talk = pd.DataFrame(rows, columns=["objection", "answer", "salesperson_id", "went_on"])
    >>> talk = talk.assign(prospect_id=range(len(talk)), step=1)
    >>> events = talk[["prospect_id", "step"]].assign(outcome=talk.went_on.map({True: "advanced", False: "lost"}))
    >>> answers = development.objection_answers(talk, events)
    >>> answers.table[["answer", "share", "odds_ratio"]].round(2)
      answer  share  odds_ratio
    0    cut    0.5        0.43
    1  trial    0.7        2.33
    >>> answers.within[["answer", "kind", "odds_ratio", "confounds"]].round(2)
      answer            kind  odds_ratio  confounds
    0    cut  salesperson_id         1.0       True
    1  trial  salesperson_id         1.0       True
    """
    _check.frame("objections", objections, 'See `tables.describe("objections")`.')
    _check.frame("stage_events", stage_events, 'See `tables.describe("stage_events")`.')
    level, classes = _check.share("level", level), _check.integer("classes", classes, 2)
    _check.required_columns(objections.columns, tables.table("objections"), ["prospect_id", "step", "objection", "answer"])
    _check.required_columns(stage_events.columns, tables.table("stage_events"), ["prospect_id", "step", "outcome"])
    answered, n_open = _answered(objections, stage_events, deals)
    names = _kinds(answered, kinds)
    rows, within = _compare(answered, names, classes, level)
    table = pd.DataFrame(rows, columns=[column.name for column in tables.table("objection_answers").columns])
    return ObjectionAnswers(table, _flagged(table, within), n_open, level)


def _compare(answered: pd.DataFrame, names: list[str], classes: int, level: float) -> tuple[list[tuple], list[tuple]]:
    """Compare each answer with the others to its objection: as it stands, and within each kind of deal."""
    strata = {name: _stratum(answered[name], classes) for name in names}
    rows, within = [], []
    for objection, part in answered.groupby("objection", sort=True):
        for answer in sorted(part.answer.unique()):
            given, overcome = (part.answer == answer).to_numpy(), part.overcome.to_numpy()
            rows.append((objection, answer, *_crude(given, overcome, level)))
            within += [
                (objection, answer, name, *_within(given, overcome, strata[name][part.index].to_numpy(), level))
                for name in names
            ]
    return rows, within


def _answered(objections: pd.DataFrame, stage_events: pd.DataFrame, deals: pd.DataFrame | None) -> tuple[pd.DataFrame, int]:
    """Join objections with how their stage ended; return those that ended, and how many have not."""
    key = ["prospect_id", "step"]
    for name, table in (("objections", objections), ("stage_events", stage_events)):
        twice = table.duplicated(key).to_numpy()
        remedy = "A step has one row; take the others out."
        _check.refuse_rows(table, twice, "a prospect and step stands twice", name, remedy)
    joined = objections.merge(stage_events[[*key, "outcome"]], on=key, how="left", suffixes=("", "_of_stage"))
    if deals is not None:
        _check.frame("deals", deals, "Give one row per prospect.")
        _check.required_columns(deals.columns, "deals", ["prospect_id"])
        columns.refuse_currencies(deals)
        twice = deals.duplicated("prospect_id").to_numpy()
        _check.refuse_rows(deals, twice, "`prospect_id` stands twice", "deals", "Give one row per prospect.")
        more = [name for name in deals.columns if name == "prospect_id" or name not in joined.columns]
        joined = joined.merge(deals[more], on="prospect_id", how="left")
    outcome = joined["outcome_of_stage" if "outcome_of_stage" in joined else "outcome"]
    ended = outcome.isin([*_OVERCOME, *_NOT]).to_numpy() & joined[["objection", "answer"]].notna().all(axis=1).to_numpy()
    if not ended.any():
        raise DataError("no objection belongs to a stage that has ended. Do `prospect_id` and `step` agree in both tables?")
    kept = joined.assign(overcome=outcome.isin(_OVERCOME))[ended]
    order = np.lexsort([kept.step.to_numpy(), kept.prospect_id.astype("str").to_numpy(str)])
    return kept.iloc[order].reset_index(drop=True), int((~ended).sum())


def _kinds(answered: pd.DataFrame, kinds: Sequence[str] | None) -> list[str]:
    if kinds is None:
        return [name for name in _KINDS if name in answered.columns]
    if isinstance(kinds, str) or not isinstance(kinds, Sequence):
        raise ArgumentError(f"`kinds` must be a list of columns; it is {kinds!r}.")
    _check.required_columns(answered.columns, "objections and deals", kinds)
    return list(kinds)


def _stratum(column: pd.Series, classes: int) -> pd.Series:
    """Return the kind of each deal: a category, or the class of a number; what is missing is a kind of its own."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.nunique() > classes:
        edges = np.unique(column.quantile(np.arange(1, classes) / classes))
        place = np.searchsorted(edges, column.to_numpy(float), side="left").astype(float)
        return pd.Series(np.where(column.isna(), -1.0, place), column.index)
    return pd.Series(columns.categories(column), column.index)


def _crude(given: np.ndarray, overcome: np.ndarray, level: float) -> tuple:
    """Count one answer, with Wilson's interval, and compare it with all others; no comparison of few."""
    n, won = int(given.sum()), int((given & overcome).sum())
    low, high = proportion_confint(won, n, alpha=1 - level, method="wilson")
    others = int((~given).sum())
    share_others = float(overcome[~given].mean()) if others else np.nan
    ratio = (np.nan,) * 4
    if min(n, others) >= _FEWEST:
        ratio = _ratio([_cells(given, overcome)], level)
    return n, won, won / n, float(low), float(high), share_others, *ratio


def _within(given: np.ndarray, overcome: np.ndarray, stratum: np.ndarray, level: float) -> tuple:
    """Compare one answer with all others within kinds of deals: strata that tell, the odds ratio and its ends, its error."""
    tells = []
    for kind in np.unique(stratum):
        mask = stratum == kind
        cells = _cells(given[mask], overcome[mask])
        if (cells.sum(axis=0) > 0).all() and (cells.sum(axis=1) > 0).all():
            tells.append(cells)
    if min(int(given.sum()), int((~given).sum())) < _FEWEST or not tells:
        return len(tells), np.nan, np.nan, np.nan, np.nan
    return len(tells), *_ratio(tells, level)


def _cells(given: np.ndarray, overcome: np.ndarray) -> np.ndarray:
    """Count the four cells: this answer and others, overcome and not."""
    return np.array([[(given & overcome).sum(), (given & ~overcome).sum()],
                     [(~given & overcome).sum(), (~given & ~overcome).sum()]], dtype=float)  # fmt: skip


def _ratio(strata: list[np.ndarray], level: float) -> tuple[float, float, float, float]:
    """Compute the odds ratio of Mantel & Haenszel over strata, its ends, and the standard error of its logarithm."""
    counts = np.dstack(strata)
    if (counts[0, 0] * counts[1, 1]).sum() == 0 or (counts[0, 1] * counts[1, 0]).sum() == 0:
        return (np.nan,) * 4  # it is 0 or endless
    table = StratifiedTable(counts)
    error = float(table.logodds_pooled_se)
    half = stats.norm.ppf((1 + level) / 2) * error
    centre = float(table.logodds_pooled)
    return float(np.exp(centre)), float(np.exp(centre - half)), float(np.exp(centre + half)), error


def _flagged(table: pd.DataFrame, rows: list[tuple]) -> pd.DataFrame:
    """Flag the comparisons within kinds of deals in which the kind confounds."""
    *names, flag = [column.name for column in tables.table("answers_within").columns]
    within = pd.DataFrame(rows, columns=names)
    both = within.merge(table, on=["objection", "answer"], suffixes=("", "_crude"))
    change = np.log(both.odds_ratio) - np.log(both.odds_ratio_crude)
    spread = np.sqrt(np.maximum(both.log_std_error**2 - both.log_std_error_crude**2, 0.0))
    beyond = (change.abs() > _CHANGED) & (change.abs() > 1.96 * spread)
    says = [
        [verdict(low, high, reference=1.0) for low, high in zip(both[f"ratio_low{end}"], both[f"ratio_high{end}"], strict=True)]
        for end in ("", "_crude")
    ]
    clear = {Verdict.HIGHER, Verdict.LOWER}
    another = [one is not other and {one, other} & clear for one, other in zip(*says, strict=True)]
    known = change.notna().to_numpy()
    changed = (change.abs() > _CHANGED).to_numpy()
    return within.assign(**{flag: known & (beyond.to_numpy() | (changed & np.array(another, dtype=bool)))})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ObjectionAnswers(Result):
    """What each answer is worth.

    Attributes
    ----------
    table : DataFrame
        One row per objection and answer, as it stands (``tables.describe("objection_answers")``).
    within : DataFrame
        One row per objection, answer and kind of deal, within these (``tables.describe("answers_within")``).
    n_open : int
        Objections whose stage has not ended, or is not among the stage events.
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    within: pd.DataFrame
    n_open: int
    level: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the kind of deal confounds; empty if nowhere."""
        lines = []
        for kind, part in self.within[self.within.confounds].groupby("kind", sort=True):
            pairs = [f"{row.answer} to {row.objection}" for row in part.itertuples()]
            lines.append(f"`{kind}` confounds {some_of(pairs, int((self.within.kind == kind).sum()), 'comparisons')}")
        return tuple(lines)

    def summary(self) -> Summary:
        """The answers that work, and where the kind of deal confounds."""
        facts = (("Objections answered", int(self.table.n.sum())), ("Left out: not ended", self.n_open))
        shown = self.table[["objection", "answer", "n", "share", "low", "high", "odds_ratio", "ratio_low", "ratio_high"]]
        note = ". ".join([self._finding(), *(f"Beware: {line}" for line in self.warnings)]) + "."
        return Summary("What was answered, and what worked", facts, shown, note, "Mantel & Haenszel (1959)")

    def _finding(self) -> str:
        if not (better := self._better()):
            return "No answer can be told from the others"
        return f"Better than the other answers, as it stands: {listed(better)}"

    def _better(self) -> list[str]:
        """Answers that overcome their objection more often than the others, beyond chance."""
        rows = self.table.itertuples()
        says = {f"{row.answer} to {row.objection}": verdict(row.ratio_low, row.ratio_high, reference=1.0) for row in rows}
        return [pair for pair, said in says.items() if said is Verdict.HIGHER]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of objections overcome by each answer, with its interval, by objection.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> from crmlab import development
        >>> talk = pd.DataFrame({"prospect_id": range(8), "step": 1, "objection": "price", "answer": ["cut", "trial"] * 4})
        >>> events = talk[["prospect_id", "step"]].assign(outcome=["advanced", "lost"] * 4)
        >>> development.objection_answers(talk, events).plot().get_xlabel()
        'objections overcome, 95 % interval'
        """
        rows = self.table.assign(
            label=self.table.objection.astype(str) + ": " + self.table.answer.astype(str), middle=self.table.share,
            group=self.table.objection,
        )  # fmt: skip
        alt = "; ".join(f"{row.label} {percent(row.share, 0)} of {show(row.n)}" for row in rows.itertuples())
        title = f"{len(self._better())} of {len(rows)} answers do better than the other answers to the same objection"
        x = f"objections overcome, {100 * self.level:g} % interval"
        return _draw.interval_plot(rows, title=title, x=x, share=True, alt=f"{alt}.", ax=ax)
