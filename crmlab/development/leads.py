"""Leads: a score for each prospect, made of what is known on the day, judged on later months.

``fit_lead_score`` fits a logit and, beside it, boosted trees; it learns from earlier prospects and is judged on later ones, in
order (area under the curve), in size (calibration) and in money (``calling``). What could not be known on the day of the
score is set aside (``knowledge``). It reads one row per prospect and does not say what a call would change: whoever would
have come anyway has a high score, too.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check
from crmlab.development import boosting, columns, knowledge
from crmlab.development.lead_score import LeadScore, Tried
from crmlab.development.ranking import delong
from crmlab.errors import ArgumentError, ConvergenceError, DataError

_ENDLESS = 15.0  # log odds for one standard deviation, beyond which a coefficient has no end
_MANY_OPEN = 0.05  # share of open rows above which those who ended early are no sample of all


def fit_lead_score(
    table: pd.DataFrame, outcome: str = "outcome", *, date: str | None = None, features: Sequence[str] | None = None,
    split: str = "time", share: float = 0.7, within_days: int | None = None, closed: str = "closed", won: object = None,
    allow: Collection[str] = (), seed: int | None = None,
) -> LeadScore:  # fmt: skip
    """Fit P(won) = 1 / (1 + exp(-x b)), and boosted trees beside it, and try both on later prospects.

    Parameters
    ----------
    table : DataFrame
        One row per prospect.
    outcome : str
        Column that says who was won: True or False, 1 or 0, or won, lost, open. Open ones are left out and counted.
    date : str, optional
        Column with the day of the score; by default ``created``, if there is one.
    features : list of str, optional
        To score by; by default all properties that are known at the first contact. The others are listed.
    split : {"time", "random", "none"}
        Judged on later rows, on rows drawn by lot (the future then explains the past), or on those that it learned from.
    share : float
        To learn from, between 0 and 1; a day is never divided.
    within_days : int, optional
        Count as won who is won within so many days; who had less time, or was not known then, is left out.
    closed : str
        Column with the day of the end, for ``within_days``.
    won : object, optional
        Another value of ``outcome`` that means won, e.g. "yes".
    allow : list of str
        Columns that are known only later and shall be used all the same.
    seed : int, optional
        Required for ``split="random"``.

    Returns
    -------
    LeadScore

    Raises
    ------
    DataError
        Columns are missing, constant, no property, known only later; days in the future; several currencies; all won or none.
    ConvergenceError
        A column separates the won from the lost.
    ArgumentError
        A split by time without a date, by lot without a seed; arguments of the wrong kind.

    Notes
    -----
    Missing numbers count as the median, with a column for being missing; rare categories as the mean of the others. Logit by
    statsmodels, trees by scikit-learn with its defaults, without early stopping.

    References
    ----------
    Kaufman, Rosset, Perlich & Stitelman (2012), Leakage in data mining, ACM TKDD 6(4); Hand (2006), Statistical Science 21.

    Examples
    --------
    >>> import numpy as np
    >>> from crmlab import development
    >>> rng = np.random.default_rng(1)
    >>> leads = pd.DataFrame({"created": pd.date_range("2024-01-01", periods=600), "intent": rng.integers(1, 6, 600)})
    >>> score = development.fit_lead_score(leads.assign(outcome=rng.random(600) < 0.1 * leads.intent))
    >>> score.performance.auc.round(2).tolist(), score.predict(pd.DataFrame({"intent": [1, 5]})).chance.round(2).tolist()
    ([0.68, 0.68], [0.1, 0.54])
    """
    _check.frame("table", table, "Give one row per prospect.")
    split, share = _check.choice("split", split, ("time", "random", "none")), _check.share("share", share)
    date = _door(table, outcome, date, split, within_days, closed)
    rows, is_won, n_open = _ended(table, outcome, won, date, within_days, closed)
    train, test, cut = _split(rows, date, split, share, within_days, seed)
    _refuse_one_class(is_won, train, test)
    names, set_aside = _features(table, rows[train], features, {outcome, *([date] if date else [])}, allow)
    with boosting.few_threads(len(rows)):
        score = _fit_both(rows, is_won, train, test, columns.read_design(rows[train], names))
    warned = [f"`{name}` is known only from: {day}" for name, day in knowledge.known_later(names).items()]
    warned += _open_and_late(table, rows, date, cut, n_open, within_days, closed, train)
    return replace(
        score, split=split, cut=cut, n_open=n_open, n_left_out=len(rows) - int((train | test).sum()), set_aside=set_aside,
        prospects_per_week=_per_week(rows, date), notes=tuple(warned),
    )  # fmt: skip


def _door(
    table: pd.DataFrame, outcome: str, date: str | None, split: str, within_days: int | None, closed: str
) -> str | None:  # fmt: skip
    """Refuse a table without its columns, or with several currencies; return the column of dates."""
    _check.required_columns(table.columns, "lead", [outcome, *([closed] if within_days is not None else [])])
    columns.refuse_currencies(table)
    return _date_column(table, date, split, within_days)


def _refuse_one_class(won: np.ndarray, train: np.ndarray, test: np.ndarray) -> None:
    columns.refuse_one_class(won, f"{len(won):,} rows that have ended")
    columns.refuse_one_class(won[train], f"{int(train.sum()):,} rows to learn from")
    columns.refuse_one_class(won[test], f"{int(test.sum()):,} rows to be judged on")


def _per_week(rows: pd.DataFrame, date: str | None) -> float | None:
    """Count how many prospects come in a week; None if the table has no days."""
    return None if date is None else 7 * len(rows) / ((rows[date].max() - rows[date].min()).days + 1)


def _date_column(table: pd.DataFrame, date: str | None, split: str, within_days: int | None) -> str | None:
    """Return the column of dates to use, None if there is none and none is needed; refuse what holds no past days."""
    if date is None and "created" in table.columns:
        date = "created"
    if date is None:
        if split == "time" or within_days is not None:
            raise ArgumentError(
                "a split by time needs `date=`, the column with the day of the score: chances are for prospects yet to come. "
                'Where there is none, ask for `split="random"` with a seed, and expect too much.'
            )
        return None
    _check.required_columns(table.columns, "lead", [date])
    _check_dates(table, date)
    return date


def _check_dates(table: pd.DataFrame, name: str, *, missing: bool = False) -> None:
    if not pd.api.types.is_datetime64_any_dtype(table[name]) or table[name].dt.tz is not None:
        raise DataError(
            f"column `{name}` must hold dates without time zone; it holds {table[name].dtype}. Use `pd.to_datetime`."
        )
    remedy = "Mend these days or take the rows out."
    _check.refuse_rows(table, table[name].isna().to_numpy() & (not missing), f"`{name}` is missing", "lead", remedy)
    future = (table[name] > pd.Timestamp(_check.today())).to_numpy()
    _check.refuse_rows(table, future, f"`{name}` lies in the future", "lead", remedy)


def _ended(
    table: pd.DataFrame, outcome: str, won: object, date: str | None, within_days: int | None, closed: str
) -> tuple[pd.DataFrame, np.ndarray, int]:
    """Return the rows whose end is known, whether they were won (n,), and how many are left out because it is not."""
    ends = columns.read_outcome(table, outcome, won)
    if within_days is None:
        return table[ends.ended], ends.won[ends.ended], int((~ends.ended).sum())
    _check.integer("within_days", within_days, 1)
    _check_dates(table, closed, missing=True)
    last = table[[str(date), closed]].max().max()
    window = pd.Timedelta(days=within_days)
    had_time = (table[date] + window <= last).to_numpy()
    in_time = (table[closed] - table[date] <= window).to_numpy()
    if not had_time.any():
        raise DataError(f"nobody had {within_days} days before the last day, {last.date()}. Take fewer `within_days`.")
    return table[had_time], (ends.won & in_time)[had_time], int((~had_time).sum())


def _split(
    rows: pd.DataFrame, date: str | None, split: str, share: float, within_days: int | None, seed: int | None
) -> tuple[np.ndarray, np.ndarray, pd.Timestamp | None]:
    """Return who is learned from (n,), on whom it is judged (n,), and the first day of the later ones."""
    n = len(rows)
    if split == "none":
        return np.ones(n, bool), np.ones(n, bool), None
    if split == "random":
        if seed is None:
            raise ArgumentError('`split="random"` needs a seed, e.g. `seed=1`, so that the lot can be drawn again.')
        lot = np.random.default_rng(_check.integer("seed", seed, 0)).permutation(n)
        order = np.argsort(pd.util.hash_pandas_object(rows, index=False).to_numpy(), kind="stable")  # not as the rows came
        train = np.zeros(n, bool)
        train[order[lot[: round(share * n)]]] = True
        return train, ~train, None
    days = rows[str(date)]
    cut = days.sort_values(kind="stable").iloc[min(n - 1, round(share * n))].normalize()
    earlier = (days < cut).to_numpy()
    known = (days + pd.Timedelta(days=within_days or 0) < cut).to_numpy()
    return known, ~earlier, cut


def _features(
    table: pd.DataFrame, train: pd.DataFrame, features: Sequence[str] | None, others: set[str], allow: Collection[str]
) -> tuple[list[str], pd.DataFrame]:
    """Return the columns to score by, and those that are set aside with the reason."""
    if isinstance(allow, str) or not isinstance(allow, Collection):
        raise ArgumentError(f"`allow` must be a list of columns; it is {allow!r}.")
    named = features is not None
    if named and (isinstance(features, str) or not isinstance(features, Sequence) or not features):
        raise ArgumentError(f"`features` must be a list of columns; it is {features!r}.")
    names = list(dict.fromkeys(features if features is not None else [name for name in train.columns if name not in others]))
    _check.required_columns(train.columns, "lead", [*names, *allow])
    later = knowledge.known_later(names)
    kept, reasons = [], []
    for name in names:
        reason = "is the outcome or the date" if name in others else columns.why_no_property(table[name], name)
        if not reason and name in later and name not in allow:
            reason = f"is known only from: {later[name]}"
        if not reason and not named and train[name].nunique(dropna=False) < 2:
            reason = "is constant"
        if reason and named:
            more = f' If it was known on the day of the score, `allow=["{name}"]`.' if name in later else ""
            raise DataError(f"column `{name}` {reason}. Leave it out of `features`.{more}")
        if reason:
            reasons.append((str(name), reason))
        else:
            kept.append(name)
    if not kept:
        raise DataError("no column is left to score by. Name at least one in `features`, or give more columns.")
    return kept, pd.DataFrame(reasons, columns=["column", "reason"])


def _open_and_late(
    table: pd.DataFrame, rows: pd.DataFrame, date: str | None, cut: pd.Timestamp | None, n_open: int, within_days: int | None,
    closed: str, train: np.ndarray,
) -> list[str]:  # fmt: skip
    """Say what is wrong with who is left out, and with ends that nobody knew on the day of the split."""
    lines = []
    if within_days is None and n_open > _MANY_OPEN * len(table):
        lines.append(
            f"{n_open:,} of {len(table):,} rows are still open and left out; those who end early are not like the rest: give "
            "`within_days`, or rows that are old enough"
        )
    is_late = within_days is None and cut is not None and closed in rows.columns and closed != date
    if is_late and pd.api.types.is_datetime64_any_dtype(rows[closed]):
        late = int((rows[closed][train] >= cut).sum())
        if late:
            lines.append(
                f"{late:,} of {int(train.sum()):,} rows that it learned from ended after the split: on that day nobody knew. "
                "`within_days` leaves out what was not known"
            )
    return lines


def _fit_both(rows: pd.DataFrame, won: np.ndarray, train: np.ndarray, test: np.ndarray, design: columns.Design) -> LeadScore:
    """Fit both models on ``train`` and try them on ``test``."""
    old, new = rows[train], rows[test]
    coefficients, cov, loglik = fit_logit(design, old, won[train])
    trees = boosting.fit(design, old, won[train])
    chances = {
        "logit": special.expit(np.column_stack([np.ones(len(new)), design.matrix(new)]) @ coefficients),
        "boosting": boosting.chance(trees, design, new),
    }
    auc = float(delong(won[test], chances["logit"])[0][0])

    def area_of(names: Sequence[str]) -> float:
        part = replace(design, names=tuple(names), levels={k: v for k, v in design.levels.items() if k in names})
        try:
            beta = fit_logit(part, old, won[train])[0]
        except ConvergenceError:
            return float("nan")
        return float(delong(won[test], np.column_stack([np.ones(len(new)), part.matrix(new)]) @ beta)[0][0])

    suspects = knowledge.suspects(old, won[train], new, won[test], design, auc, area_of)
    tried = Tried(won[test], chances)
    return LeadScore(design, coefficients, cov, loglik, trees, tried, suspects, int(train.sum()))


def fit_logit(design: columns.Design, rows: pd.DataFrame, won: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit a logit by statsmodels; return the coefficients (k + 1,), constant first, their covariance, the log likelihood."""
    from statsmodels.discrete.discrete_model import Logit

    matrix = design.matrix(rows)
    columns.refuse_dependent(matrix, design.owners)
    if separated := columns.separating(design, rows, won):
        raise ConvergenceError(
            f"column `{separated[0]}` separates the won from the lost: {separated[1]}. Most often it is known only afterwards: "
            "leave it out; else merge its categories."
        )
    scale = np.append(1.0, matrix.std(axis=0))
    scaled = np.column_stack([np.ones(len(matrix)), matrix]) / scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = Logit(won.astype(float), scaled).fit(method="newton", disp=0, maxiter=100)
            if np.abs(fit.params[1:]).max(initial=0) <= _ENDLESS:
                return fit.params / scale, fit.cov_params() / np.outer(scale, scale), float(fit.llf)
        except (Warning, ValueError, np.linalg.LinAlgError):
            pass
    name = design.owners[int(np.abs(_ridge_logit(scaled, won)[1:]).argmax())]
    raise ConvergenceError(
        f"the logit has no maximum: together with others, column `{name}` separates the won from the lost. Leave it out if it "
        "is known only afterwards, or merge its categories."
    )


def _ridge_logit(design: np.ndarray, won: np.ndarray) -> np.ndarray:
    """Fit a logit that a small penalty keeps from running away, by Newton's steps: it tells which coefficient would."""
    beta, penalty = np.zeros(design.shape[1]), np.append(0.0, np.full(design.shape[1] - 1, 1e-2))
    for _ in range(50):
        p = special.expit(design @ beta)
        information = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty + 1e-9)
        beta = beta + np.linalg.solve(information, design.T @ (won - p) - penalty * beta)
    return beta
