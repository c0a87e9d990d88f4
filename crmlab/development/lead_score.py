"""A lead score: what a fitted score can be asked.

Chances for new prospects, how well they ranked and how true they were on those it was judged on, and what calling by them
would have brought. How it is fitted, and on whom it is judged, is known in ``leads``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent, show
from crmlab._verdict import Verdict, listed, verdict
from crmlab.development import boosting, columns, ranking
from crmlab.development.calling import CallPlan, plan_calls
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sklearn.ensemble import HistGradientBoostingClassifier

MODELS = ("logit", "boosting")
_JUDGED = {"time": "later prospects", "random": "prospects drawn by lot", "none": "the rows that it learned from"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of those on whom a score is judged, and what each model had said.

    Attributes
    ----------
    won : ndarray of bool, shape (n,)
    chances : mapping
        Model -> chance to win, shape (n,).
    """

    won: np.ndarray
    chances: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LeadScore(Result):
    """A score for each prospect.

    Attributes
    ----------
    design : Design
        How columns become features.
    estimates, cov : ndarray, shape (k + 1,) and (k + 1, k + 1)
        Of the logit, in log odds; the constant stands first.
    loglik : float
        Of the logit, on the rows that it learned from.
    trees : HistGradientBoostingClassifier
        The boosted trees.
    tried : Tried
        On whom both are judged.
    suspects : DataFrame
        One row per feature: the area under the curve of it alone, and of the model without it and those above it; ``suspect``
        where it explains too much (``tables.describe("lead_suspects")``).
    n_train : int
        Rows that it learned from.
    split : str
        "time", "random" or "none".
    cut : Timestamp or None
        First day of the later prospects.
    n_open, n_left_out : int
        Rows whose end is not known, and rows that had ended but were not known to have on the day of the split.
    set_aside : DataFrame
        ``column, reason``: what was not used (``tables.describe("lead_set_aside")``).
    prospects_per_week : float or None
        How many come in a week, as far as the table has days.
    notes : tuple of str
        What was used or left out against good custom.
    """

    design: columns.Design
    estimates: np.ndarray
    cov: np.ndarray
    loglik: float
    trees: HistGradientBoostingClassifier
    tried: Tried
    suspects: pd.DataFrame
    n_train: int
    split: str = "none"
    cut: pd.Timestamp | None = None
    n_open: int = 0
    n_left_out: int = 0
    set_aside: pd.DataFrame = field(default_factory=pd.DataFrame)
    prospects_per_week: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The logit: ``parameter, estimate, std_error, odds_ratio``, for one unit more of a number."""
        return pd.DataFrame({
            "parameter": ["constant", *self.design.labels], "estimate": self.estimates, "std_error": np.sqrt(np.diag(self.cov)),
            "odds_ratio": np.exp(self.estimates),
        })  # fmt: skip

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against believing the score; empty if nothing does."""
        lines = []
        for row in self.suspects[self.suspects.suspect].itertuples():
            lines.append(f"`{row.column}` explains too much (area {row.auc_alone:.2f} alone): was it known on that day?")
        if self.split != "time":
            lines.append(f"Judged on {_JUDGED[self.split]}, not on later ones: expect less")
        return (*lines, *self.notes)

    @property
    def performance(self) -> pd.DataFrame:
        """Both models on those it is judged on (``tables.describe("lead_performance")``), with 95 % intervals."""
        areas, cov = ranking.delong(self.tried.won, self._scores())
        rows = []
        for k, model in enumerate(MODELS):
            chance = self.tried.chances[model]
            (intercept, slope), line_cov = ranking.calibration_line(self.tried.won, chance)
            low, high = ranking.auc_interval(areas[k], cov[k, k], 0.95)
            error = float(np.sqrt(line_cov[1, 1]))
            rows.append((model, areas[k], low, high, ranking.brier(self.tried.won, chance), intercept, slope, error))
        names = ["model", "auc", "low", "high", "brier", "intercept", "slope", "slope_std_error"]
        return pd.DataFrame(rows, columns=names)

    def _scores(self) -> np.ndarray:
        return np.stack([self.tried.chances[model] for model in MODELS])

    def auc_difference(self, level: float = 0.95) -> tuple[float, float, float]:
        """Return by how much boosting's area exceeds the logit's on the same prospects, and the ends of its interval.

        Parameters
        ----------
        level : float
            Confidence level.
        """
        areas, cov = ranking.delong(self.tried.won, self._scores())
        contrast = np.array([-1.0, 1.0])
        estimate, error = float(contrast @ areas), float(np.sqrt(max(contrast @ cov @ contrast, 0.0)))
        half = stats.norm.ppf((1 + _check.share("level", level)) / 2) * error
        return estimate, estimate - half, estimate + half

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return Wald intervals of the logit in log odds: ``parameter, estimate, low, high``.

        Parameters
        ----------
        level : float
            Confidence level.

        Examples
        --------
        >>> from crmlab import development
        >>> leads = pd.DataFrame({"intent": [1, 2, 3, 4] * 50, "won": ([0, 0, 1, 1] * 3 + [1, 1, 0, 0] * 2) * 10})
        >>> score = development.fit_lead_score(leads, "won", split="none")
        >>> score.interval(0.9).round(2).low.tolist()
        [-1.4, 0.11]
        """
        z = stats.norm.ppf((1 + _check.share("level", level)) / 2)
        table = self.table
        half = z * table.std_error
        return table[["parameter", "estimate"]].assign(low=table.estimate - half, high=table.estimate + half)

    def predict(self, table: pd.DataFrame, model: str = "logit") -> pd.DataFrame:
        """Predict the chance to win; rows keep their index.

        Parameters
        ----------
        table : DataFrame
            With the columns of the features. A category that was never seen counts as the mean of the others.
        model : {"logit", "boosting"}

        Returns
        -------
        DataFrame
            ``chance``, and ``unseen`` where a category was new (``tables.describe("lead_chances")``).

        Examples
        --------
        >>> from crmlab import development
        >>> leads = pd.DataFrame({"intent": [1, 2, 3, 4] * 50, "won": ([0, 0, 1, 1] * 3 + [1, 1, 0, 0] * 2) * 10})
        >>> score = development.fit_lead_score(leads, "won", split="none")
        >>> score.predict(pd.DataFrame({"intent": [1, 4]}, index=["Ann", "Bo"])).round(2)
             chance  unseen
        Ann    0.38   False
        Bo     0.62   False
        """
        rows = _check.frame("table", table, "Give the prospects to score.")
        _check.required_columns(
            rows.columns, "lead", self.design.names, "A score is made of the columns that it was fitted to."
        )
        if self._model(model) == "logit":
            index = self.estimates[0] + self.design.matrix(rows) @ self.estimates[1:]
            chance = special.expit(index)
        else:
            chance = boosting.chance(self.trees, self.design, rows) if len(rows) else np.empty(0)
        return pd.DataFrame({"chance": chance, "unseen": self.design.unseen(rows)}, index=rows.index)

    def _model(self, model: object) -> str:
        return _check.choice("model", model, MODELS)

    def calibration(self, model: str = "logit", level: float = 0.95) -> pd.DataFrame:
        """Compare chances with what came, by tenths of those it is judged on (``tables.describe("lead_calibration")``).

        Parameters
        ----------
        model : {"logit", "boosting"}
        level : float
            Of Wilson's intervals of the share won.
        """
        return ranking.calibration_table(self.tried.won, self.tried.chances[self._model(model)], _check.share("level", level))

    def gains(self, model: str = "logit") -> pd.DataFrame:
        """Count the wins among the first tenth, the first two tenths, ... by score (``tables.describe("lead_gains")``).

        Parameters
        ----------
        model : {"logit", "boosting"}
        """
        return ranking.gains_table(self.tried.won, self.tried.chances[self._model(model)])

    def call_plan(
        self, value_per_win: float, cost_per_call: float, calls_per_week: float | None = None, *, model: str = "logit",
        prospects_per_week: float | None = None,
    ) -> CallPlan:  # fmt: skip
        """Find whom to call: everybody whose chance is worth a call, as far as the week allows, the highest first.

        Parameters
        ----------
        value_per_win : float
            What a win brings after what it costs to deliver, in currency.
        cost_per_call : float
            In currency.
        calls_per_week : float, optional
            How many can be made; by default as many as are worth it.
        model : {"logit", "boosting"}
        prospects_per_week : float, optional
            How many come; by default as many as came.

        Returns
        -------
        CallPlan

        Raises
        ------
        ArgumentError
            A number is out of range, or nothing says how many come in a week.

        Examples
        --------
        >>> from crmlab import development
        >>> leads = pd.DataFrame({"intent": [1, 2, 3, 4] * 50, "won": ([0, 0, 1, 1] * 3 + [1, 1, 0, 0] * 2) * 10})
        >>> score = development.fit_lead_score(leads, "won", split="none")
        >>> plan = score.call_plan(100, 50, prospects_per_week=40)
        >>> round(plan.calls_per_week), round(plan.profit_per_week)
        (20, 200)
        """
        per_week = self.prospects_per_week if prospects_per_week is None else prospects_per_week
        if per_week is None:
            raise ArgumentError("the table has no days to tell how many prospects come in a week. Give `prospects_per_week`.")
        return plan_calls(
            self.tried.won, self.tried.chances[self._model(model)], value_per_win, cost_per_call, calls_per_week, per_week
        )

    def summary(self) -> Summary:
        """How well both models do, and what speaks against them."""
        facts: list[tuple[str, object]] = [
            ("Learned from", self.n_train), (f"Judged on {_JUDGED[self.split]}", len(self.tried.won)),
            ("Won among these", percent(float(self.tried.won.mean()))),
        ]  # fmt: skip
        if self.cut is not None:
            facts.append(("From", self.cut))
        facts += [("Open, left out", self.n_open)] * bool(self.n_open)
        facts += [("Not known on that day, left out", self.n_left_out)] * bool(self.n_left_out)
        is_late = self.set_aside.reason.str.startswith("is known only") if len(self.set_aside) else []
        for label, mask in (("Set aside, known only later", is_late), ("Set aside, no property", ~np.asarray(is_late, bool))):
            if np.any(mask):
                facts.append((label, ", ".join(self.set_aside.column[mask])))
        note = " ".join(line if line.endswith("?") else f"{line}." for line in (self._finding(), *self.warnings))
        return Summary(
            "Lead score",
            tuple(facts),
            self.performance,
            note,
            "statsmodels (logit), scikit-learn (boosting), DeLong et al. (1988)",
        )

    def _finding(self) -> str:
        estimate, low, high = self.auc_difference()
        logit = float(self.performance.auc[0])
        match verdict(low, high, n=int(self.tried.won.sum())):
            case Verdict.HIGHER:
                return f"Boosting ranks better than the logit, by {estimate:.3f} ({low:.3f} to {high:.3f})"
            case Verdict.LOWER:
                return f"The logit ranks better than boosting, by {-estimate:.3f} ({-high:.3f} to {-low:.3f})"
            case _:
                return f"Logit (area {logit:.2f}) and boosting cannot be told apart on {_JUDGED[self.split]}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw which share of all wins is reached by calling which share of prospects, the highest scores first.

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
        >>> leads = pd.DataFrame({"intent": [1, 2, 3, 4] * 50, "won": ([0, 0, 1, 1] * 3 + [1, 1, 0, 0] * 2) * 10})
        >>> development.fit_lead_score(leads, "won", split="none").plot().get_title("left")
        'The first fifth by score holds 24 % of the wins'
        """
        share = np.linspace(0, 1, 101)
        n, wins = len(self.tried.won), self.tried.won.sum()
        curves = {
            model: ranking.cumulated_wins(self.tried.won, self.tried.chances[model], share * n) / wins for model in MODELS
        }
        table = pd.DataFrame(curves | {"by lot": share}, index=share)
        fifth = float(table.logit.iloc[20])
        return _draw.curves(
            table, title=f"The first fifth by score holds {percent(fifth, 0)} of the wins", x="share of prospects called",
            y="share of all wins reached", share=("x", "y"), ax=ax,
            alt=f"Judged on {_JUDGED[self.split]}: "
            + listed([f"{model} {percent(float(table[model].iloc[20]), 0)} at a fifth" for model in MODELS])
            + f", {percent(float(table.logit.iloc[50]), 0)} at one half by the logit; {show(n)} prospects.",
        )  # fmt: skip
