"""Tracking: whether a model of purchases says what then happens.

A fit is held against what it was fitted to (how many bought how often) and against what came later, which it has not
seen: week by week, customer by customer, from several origins, and beside the simple rules that managers use. This file
compares; the models stand in ``purchases``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import percent, show
from crmlab.btyd.purchases import PurchaseFit, histories
from crmlab.btyd.summary import purchase_summary
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from os import PathLike

    import ibis
    from matplotlib.axes import Axes


# -- Week by week -------------------------------------------------------------------------------------------------


def tracking(
    fit: PurchaseFit, orders: pd.DataFrame | ibis.Table | str | PathLike, *, fitted_until: str | dt.date
) -> pd.DataFrame:
    """Repeat purchases week by week: what happened, and what the model expects of these customers from the first day on.

    Parameters
    ----------
    fit : PurchaseFit
        Of customers without covariates, in weeks.
    orders : DataFrame, path or Ibis table
        All orders, also those after the cut of the fit.
    fitted_until : date or str
        The cut of the fit. Customers whose first order lies after it are left out.

    Returns
    -------
    DataFrame, one row per whole week since the first order
        ``week`` (1, 2, ...), ``ends`` (its last day), ``actual``, ``expected`` (repeat purchases of the week),
        ``actual_total``, ``expected_total``, ``seen`` (whether the fit has seen the week).

    Raises
    ------
    DataError, ArgumentError
        As ``purchase_summary``; a fit with covariates or of opportunities; less than one whole week.

    Examples
    --------
    >>> from crmlab import btyd, datasets
    >>> orders = datasets.load("orders")
    >>> fit = btyd.fit_bgnbd(btyd.purchase_summary(orders, until="2024-12-31"))
    >>> btyd.tracking(fit, orders, fitted_until="2024-12-31").columns.tolist()[:4]
    ['week', 'ends', 'actual', 'expected']

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), figures 2 and 3.
    """
    if not isinstance(fit, PurchaseFit) or fit.model.unit != "weeks" or fit.covariates:
        raise ArgumentError("`fit` must be of purchases in weeks, without covariates, such as `btyd.fit_bgnbd(summary)`.")
    cut = _check.day("fitted_until", fitted_until)
    import ibis

    with _engine.orders(orders, None, amount=False) as source:
        days = source.table.distinct()
        firsts = days.group_by("customer_id").aggregate(first=days.order_date.min())
        firsts = firsts.filter(firsts["first"] <= ibis.date(cut.isoformat()))
        again = days.join(firsts, "customer_id")
        again = again.filter(again.order_date > again["first"])
        bought = source.run(again.group_by("order_date").aggregate(purchases=again.count()))
        begun = source.run(firsts.group_by("first").aggregate(customers=firsts.count()))
        last = source.until
    start = pd.to_datetime(begun["first"]).min()
    weeks = (pd.Timestamp(last) - start).days // 7
    if len(begun) == 0 or weeks < 1:
        raise DataError("there is not one whole week to follow. Give more orders, or a later `fitted_until`.")
    ends = 7 * np.arange(1, weeks + 1)
    since = np.maximum(ends[:, None] - (pd.to_datetime(begun["first"]) - start).dt.days.to_numpy(), 0)
    total = fit.expected(since / 7) @ begun["customers"].to_numpy()
    when = (pd.to_datetime(bought["order_date"]) - start).dt.days.to_numpy()
    seen = np.histogram(when, np.concatenate([[0], ends + 0.5]), weights=bought["purchases"])[0]
    return pd.DataFrame({
        "week": ends // 7,
        "ends": start + pd.to_timedelta(ends, unit="D"),
        "actual": seen.astype(int),
        "expected": np.diff(total, prepend=0.0),
        "actual_total": seen.cumsum().astype(int),
        "expected_total": total,
        "seen": start + pd.to_timedelta(ends, unit="D") <= pd.Timestamp(cut),
    })  # fmt: skip


def plot_tracking(tracked: pd.DataFrame, *, total: bool = True, ax: Axes | None = None) -> Axes:
    """Actual and expected repeat purchases, week by week or added up, with the cut of the fit.

    Parameters
    ----------
    tracked : DataFrame
        From ``tracking``.
    total : bool
        Whether to add up.
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Not a table of ``tracking``.

    Examples
    --------
    >>> from crmlab import btyd, datasets
    >>> orders = datasets.load("orders")
    >>> fit = btyd.fit_bgnbd(btyd.purchase_summary(orders, until="2024-12-31"))
    >>> ax = btyd.plot_tracking(btyd.tracking(fit, orders, fitted_until="2024-12-31"))
    >>> "unseen" in ax.get_title("left")
    True
    """
    needed = ("week", "actual", "expected", "actual_total", "expected_total", "seen")
    _columns(tracked, needed, "btyd.tracking")
    names = ("actual_total", "expected_total") if total else ("actual", "expected")
    cut = int(tracked.week[tracked.seen].max()) if tracked.seen.any() else 0
    later = tracked[~tracked.seen]
    if len(later) and later.actual.sum():
        off = later.expected.sum() / later.actual.sum() - 1
        title = f"In {len(later)} unseen weeks the model expects {percent(abs(off))} {'more' if off > 0 else 'less'} than came"
    else:
        title = "What the model expects of the weeks that it has seen"
    if not total:
        off = (tracked.expected - tracked.actual).abs().mean()
        title = f"A week differs from what the model expects by {show(off, 1)} of {show(tracked.actual.mean(), 1)} purchases"
    lines = tracked.set_index("week")[list(names)].rename(columns={names[0]: "actual", names[1]: "expected by the model"})
    ax = _draw.curves(
        lines,
        title=title,
        x="weeks since the first order",
        y="repeat purchases" + (", added up" if total else " in the week"),
        alt=f"Two lines over {len(tracked)} weeks: actual ends at {show(lines.iloc[-1, 0])}, expected at "
        f"{show(lines.iloc[-1, 1], 0)}. The fit has seen {cut} weeks.",
        ax=ax,
    )
    if 0 < cut < tracked.week.max():
        ax.axvline(cut, color=_draw.INK, linestyle=":", linewidth=1.2)
        ax.annotate(" unseen", (cut, 1), xycoords=("data", "axes fraction"), va="top", fontsize=9.5)
    return ax


# -- From several origins -----------------------------------------------------------------------------------------


def holdout(
    orders: pd.DataFrame | ibis.Table | str | PathLike,
    *,
    until: Sequence[str | dt.date],
    weeks: float,
    fits: Mapping[str, Callable],
) -> pd.DataFrame:
    """How well models, fitted at several moments, foresee the weeks after; beside two simple rules.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
    until : list of dates
        The origins: at each, the models are fitted to what was known then.
    weeks : float
        How far to look ahead.
    fits : mapping
        Name -> function of a summary, such as ``{"BG/NBD": btyd.fit_bgnbd}``.

    Returns
    -------
    DataFrame, one row per origin and model
        ``until``, ``model``, ``customers``, ``actual``, ``expected`` (repeat purchases of all), ``mae``, ``rmse`` (per
        customer), ``correlation``. "as so far" goes on at each customer's own past rate, "all alike" at the mean of all.

    Raises
    ------
    DataError, ArgumentError
        As ``purchase_summary`` and the fits; the orders end less than ``weeks`` after an origin.

    Examples
    --------
    >>> from crmlab import btyd, datasets
    >>> found = btyd.holdout(
    ...     datasets.load("orders"), until=["2024-06-30"], weeks=52, fits={"BG/NBD": btyd.fit_bgnbd}
    ... )
    >>> found.model.tolist()
    ['BG/NBD', 'as so far', 'all alike']

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), section 5: aggregate and individual-level hold-out.
    """
    if not isinstance(until, list | tuple | pd.DatetimeIndex) or not len(until):
        raise ArgumentError('`until` must be a list of days, such as ["2024-06-30"].')
    if not isinstance(fits, Mapping) or not fits or not all(callable(fit) for fit in fits.values()):
        raise ArgumentError('`fits` must map names to functions of a summary, such as {"BG/NBD": btyd.fit_bgnbd}.')
    if isinstance(weeks, bool) or not isinstance(weeks, int | float) or not 0 < weeks < np.inf:
        raise ArgumentError(f"`weeks` must be a finite number above 0; it is {weeks!r}.")
    with _engine.orders(orders, None, amount=False) as source:
        last = source.until
    rows = []
    for day in until:
        cut = _check.day("until", day)
        end = cut + dt.timedelta(days=round(7 * weeks))
        if end > last:
            raise DataError(
                f"the orders end on {last}, but {show(weeks)} weeks after {cut} is {end}. Choose an earlier origin."
            )
        known = purchase_summary(orders, until=cut)
        later = purchase_summary(orders, until=end).set_index("customer_id").frequency
        actual = later.loc[known.customer_id].to_numpy() - known.frequency.to_numpy()
        own = known.frequency / known.age_weeks.clip(lower=1 / 7) * weeks
        guesses = {name: fit(known).predict(known, weeks).purchases.to_numpy() for name, fit in fits.items()}
        guesses |= {"as so far": own.to_numpy(), "all alike": np.full(len(known), own.mean())}
        for name, guess in guesses.items():
            off = guess - actual
            varies = np.ptp(guess) > 0 and np.ptp(actual) > 0
            rows.append({
                "until": pd.Timestamp(cut), "model": name, "customers": len(known), "actual": int(actual.sum()),
                "expected": guess.sum(), "mae": np.abs(off).mean(), "rmse": np.sqrt((off**2).mean()),
                "correlation": np.corrcoef(guess, actual)[0, 1] if varies else np.nan,
            })  # fmt: skip
    return pd.DataFrame(rows)


def conditional_expectation(
    fit: PurchaseFit, summary: pd.DataFrame, later: Sequence[float], *, weeks: float, top: int = 7
) -> pd.DataFrame:
    """Mean purchases after the cut by frequency before it: what came, and what the model expects.

    Parameters
    ----------
    fit : PurchaseFit
    summary : DataFrame, one row per customer
    later : sequence of numbers
        Each customer's purchases in the ``weeks`` after the cut. A Series is matched with ``summary`` by its index; other
        sequences are in the order of its rows.
    weeks : float
    top : int
        Customers with this frequency or more go together.

    Returns
    -------
    DataFrame, one row per frequency
        ``frequency`` (text), ``customers``, ``actual``, ``expected``: means per customer.

    Raises
    ------
    DataError, ArgumentError
        As the fits; ``later`` of another length, or with an index that is not that of ``summary``.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> drawn = btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1, later=39)
    >>> btyd.conditional_expectation(btyd.fit_bgnbd(drawn), drawn, drawn.later, weeks=39).frequency.tolist()[-1]
    '7+'

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), figure 4.
    """
    top = _check.integer("top", top, 1)
    if not isinstance(fit, PurchaseFit):
        raise ArgumentError(f"`fit` must be a fit of purchases, such as `btyd.fit_bgnbd(summary)`; it is {type(fit).__name__}.")
    expected = fit.predict(summary, weeks).purchases.to_numpy()
    if isinstance(later, pd.Series) and len(later) == len(summary) and not later.index.equals(summary.index):
        if not later.index.is_unique or not later.index.isin(summary.index).all():
            raise DataError("the index of `later` is not that of `summary`: give each number the label of its customer's row.")
        later = later.reindex(summary.index)
    try:
        actual = np.asarray(later, dtype=float)
    except (TypeError, ValueError):
        actual = np.full(0, np.nan)
    if actual.shape != expected.shape or not np.isfinite(actual).all():
        raise DataError(f"`later` must hold one number for each of the {len(summary):,} customers.")
    frequency = summary[fit.model.columns[0]].to_numpy()
    group = np.minimum(frequency, top).astype(int)
    means = pd.DataFrame({"group": group, "actual": actual, "expected": expected}).groupby("group")
    found = means.mean().assign(customers=means.size()).reset_index()
    labels = [f"{each}+" if each == top and frequency.max() > top else str(each) for each in found.group]
    return found.assign(frequency=labels)[["frequency", "customers", "actual", "expected"]]


# -- What was seen ------------------------------------------------------------------------------------------------


def frequencies(fit: PurchaseFit, summary: pd.DataFrame, *, top: int = 7) -> pd.DataFrame:
    """How many customers bought how often: what was seen, and what the fitted model expects.

    Parameters
    ----------
    fit : PurchaseFit
        Without covariates.
    summary : DataFrame, one row per customer
    top : int
        From here on frequencies go together.

    Returns
    -------
    DataFrame, one row per frequency
        ``frequency`` (text), ``actual``, ``expected``: customers.

    Raises
    ------
    DataError, ArgumentError
        As the fits.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> drawn = btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1)
    >>> seen = btyd.frequencies(btyd.fit_bgnbd(drawn), drawn)
    >>> int(seen.actual.sum()), round(seen.expected.sum())
    (2000, 2000)

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 8 and figure 1.
    """
    top = _check.integer("top", top, 1)
    if not isinstance(fit, PurchaseFit) or fit.covariates:
        raise ArgumentError("`fit` must be a fit of purchases without covariates, such as `btyd.fit_bgnbd(summary)`.")
    (x, _, age), _ = histories(summary, fit.model, ())
    distinct, customers = np.unique(age, return_counts=True)
    theta = fit.theta(np.empty((1, 0)))
    below = np.zeros(top)
    for start in range(0, distinct.size, 500):
        some = slice(start, start + 500)
        below += fit.model.pmf(theta, distinct[some], top - 1) @ customers[some]
    seen = np.bincount(np.minimum(x, top).astype(int), minlength=top + 1)
    labels = [*map(str, range(top)), f"{top}+"]
    return pd.DataFrame({"frequency": labels, "actual": seen, "expected": [*below, customers.sum() - below.sum()]})


def plot_expected(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Actual bars and expected dots by frequency.

    Parameters
    ----------
    table : DataFrame
        From ``frequencies`` or ``conditional_expectation``.
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Not such a table.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> drawn = btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1)
    >>> ax = btyd.plot_expected(btyd.frequencies(btyd.fit_bgnbd(drawn), drawn))
    >>> ax.get_xlabel()
    'repeat purchases up to the cut'
    """
    _columns(table, ("frequency", "actual", "expected"), "btyd.frequencies")
    means = "customers" in table
    worst = table.iloc[(table.expected - table.actual).abs().to_numpy().argmax()]
    off = worst.expected / worst.actual - 1 if worst.actual else np.inf
    told = f"{percent(abs(off), 0)} too {'many' if off > 0 else 'few'}" if np.isfinite(off) else "some where none came"
    of = f"those with {worst.frequency} purchases" if means else f"{worst.frequency} repeat purchases"
    ax = _draw.bars(
        table.set_index("frequency").actual.round(2),
        title=f"The model misses most at {of}: {told}",
        x="repeat purchases up to the cut",
        y="mean purchases after the cut" if means else "customers",
        alt="; ".join(
            f"{row.frequency}: {show(row.actual, 2)}, expected {show(row.expected, 2)}" for row in table.itertuples()
        ),
        ax=ax,
    )
    ax.plot(range(len(table)), table.expected, "o", color=_draw.ORANGE, markersize=8, label="expected by the model", zorder=5)
    ax.legend(frameon=False)
    return ax


def alive_history(fit: PurchaseFit, days: Sequence[str | dt.date], *, until: str | dt.date) -> pd.DataFrame:
    """How likely one customer was alive, day by day since his first purchase.

    Parameters
    ----------
    fit : PurchaseFit
        In weeks, without covariates.
    days : sequence of dates
        His purchases.
    until : date or str
        The last day to show; purchases after it are left out.

    Returns
    -------
    DataFrame, one row per day
        ``date``, ``weeks`` (since the first purchase), ``frequency`` (repeat purchases so far), ``p_alive``,
        ``bought`` (whether he did on this day).

    Raises
    ------
    ArgumentError
        No purchase up to ``until``; a fit of another kind.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> fit = btyd.fit_bgnbd(btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1))
    >>> history = btyd.alive_history(fit, ["2024-01-01", "2024-02-01"], until="2024-06-30")
    >>> float(history.p_alive.iloc[0]), bool(history.p_alive.iloc[-1] < 1)
    (1.0, True)

    References
    ----------
    Fader, Hardie & Lee (2008), Computing P(alive) using the BG/NBD model: at each moment with what was known then.
    """
    if not isinstance(fit, PurchaseFit) or fit.model.unit != "weeks" or fit.covariates:
        raise ArgumentError("`fit` must be of purchases in weeks, without covariates, such as `btyd.fit_bgnbd(summary)`.")
    end = pd.Timestamp(_check.day("until", until))
    if isinstance(days, str) or not hasattr(days, "__iter__"):
        raise ArgumentError(f'`days` must be a list of days, such as ["2024-01-01"]; it is {days!r}.')
    bought = sorted({pd.Timestamp(_check.day("days", day)) for day in days})
    bought = pd.DatetimeIndex([day for day in bought if day <= end])
    if not len(bought):
        raise ArgumentError(f"`days` holds no purchase up to {end.date()}. Choose a later `until`.")
    every = pd.date_range(bought[0], end)
    x = np.searchsorted(bought, every, side="right") - 1
    last = bought[x]
    histories = pd.DataFrame({
        "frequency": x,
        "recency_weeks": (last - bought[0]).days / 7,
        "age_weeks": (every - bought[0]).days / 7,
    })  # fmt: skip
    return pd.DataFrame({
        "date": every, "weeks": histories.age_weeks, "frequency": x, "p_alive": fit.p_alive(histories),
        "bought": every.isin(bought),
    })  # fmt: skip


def plot_alive_history(history: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The chance that one customer is alive over time, with his purchases.

    Parameters
    ----------
    history : DataFrame
        From ``alive_history``.
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Not such a table.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> fit = btyd.fit_bgnbd(btyd.simulate_purchases("bgnbd", truth, customers=2_000, weeks=39, seed=1))
    >>> history = btyd.alive_history(fit, ["2024-01-01", "2024-02-01"], until="2024-06-30")
    >>> btyd.plot_alive_history(history).get_ylabel()
    'chance that the customer is alive'
    """
    _columns(history, ("weeks", "p_alive", "bought"), "btyd.alive_history")
    now, silent = history.p_alive.iloc[-1], history.weeks.iloc[-1] - history.weeks[history.bought].max()
    ax = _draw.curves(
        history.set_index("weeks")[["p_alive"]],
        title=f"After {show(float(silent), 1)} silent weeks he is alive with a chance of {percent(now, 0)}",
        x="weeks since the first purchase",
        y="chance that the customer is alive",
        share=("y",),
        alt=f"A line that falls in silence and rises at {int(history.bought.sum())} purchases; at the end {percent(now)}.",
        ax=ax,
    )
    days = history[history.bought]
    ax.plot(days.weeks, days.p_alive, "o", color=_draw.ORANGE, markersize=7, label="a purchase")
    ax.set_ylim(0, 1.04)
    ax.legend(frameon=False, loc="lower left")
    return ax


def _columns(table: object, needed: Sequence[str], maker: str) -> None:
    missing = [name for name in needed if name not in getattr(table, "columns", ())]
    if missing or not len(table):
        told = f"lacks {', '.join(missing)}" if missing else "is empty"
        raise DataError(f"the table {told}. Give what `{maker}` returns.")
