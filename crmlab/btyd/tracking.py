"""Tracking: whether a model of purchases says what then happens.

A fit is held against what came later, which it has not seen: week by week, and customer by customer from several origins,
beside the simple rules that managers use. This file compares; the models stand in ``purchases``, comparisons by frequency in
``by_frequency``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import show
from crmlab.btyd import prediction
from crmlab.btyd.histories import made_table
from crmlab.btyd.purchases import PurchaseFit, check_fit
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
    """Count repeat purchases week by week, beside what the model expects of these customers from the first day on.

    Parameters
    ----------
    fit : PurchaseFit
        Of customers without covariates, in weeks.
    orders : DataFrame, path or Ibis table
        All orders, also those after the end of calibration.
    fitted_until : date or str
        The end of calibration of the fit. Customers whose first order lies after it are left out.

    Returns
    -------
    DataFrame, one row per whole week since the first order
        ``week`` (1, 2, ...), ``ends`` (its last day), ``actual``, ``expected`` (repeat purchases of the week),
        ``actual_total``, ``expected_total``, ``seen`` (whether the fit has seen the week).

    Raises
    ------
    DataError, ArgumentError
        As ``purchase_summary``; a fit with covariates or of opportunities; less than one whole week.

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), figures 2 and 3.

    Examples
    --------
    >>> from crmlab import btyd, datasets
    >>> orders = datasets.load("orders")
    >>> fit = btyd.fit_bgnbd(btyd.purchase_summary(orders, until="2024-12-31"))
    >>> btyd.tracking(fit, orders, fitted_until="2024-12-31").columns.tolist()[:4]
    ['week', 'ends', 'actual', 'expected']
    """
    check_fit("fit", fit, weeks=True, covariates=False)
    calibration_end = _check.day("fitted_until", fitted_until)
    repeats, firsts, last = _purchases_by_day(orders, calibration_end)
    start = pd.to_datetime(firsts["first"]).min()
    n_weeks = (pd.Timestamp(last) - start).days // 7
    if len(firsts) == 0 or n_weeks < 1:
        raise DataError("there is not one whole week to follow. Give more orders, or a later `fitted_until`.")
    days = 7 * np.arange(1, n_weeks + 1)  # since the first order, at the end of each week
    ages = np.maximum(days[:, None] - (pd.to_datetime(firsts["first"]) - start).dt.days.to_numpy(), 0) / 7
    expected = prediction.expected_purchases_new_customer(fit.model, fit.estimate, ages.ravel()).reshape(ages.shape)
    total = expected @ firsts["customers"].to_numpy()
    purchase_days = (pd.to_datetime(repeats["order_date"]) - start).dt.days.to_numpy()
    actual = np.histogram(purchase_days, np.concatenate([[0], days + 0.5]), weights=repeats["purchases"])[0]
    ends = start + pd.to_timedelta(days, unit="D")
    return pd.DataFrame({
        "week": days // 7, "ends": ends, "actual": actual.astype(int), "expected": np.diff(total, prepend=0.0),
        "actual_total": actual.cumsum().astype(int), "expected_total": total, "seen": ends <= pd.Timestamp(calibration_end),
    })  # fmt: skip


def _purchases_by_day(
    orders: pd.DataFrame | ibis.Table | str | PathLike, calibration_end: dt.date
) -> tuple[pd.DataFrame, pd.DataFrame, dt.date]:
    """Count repeat purchases by day and new customers by day (up to the end of calibration); also return the last day."""
    import ibis

    with _engine.orders(orders, None, amount=False) as source:
        days = source.table.distinct()
        firsts = days.group_by("customer_id").aggregate(first=days.order_date.min())
        firsts = firsts.filter(firsts["first"] <= ibis.date(calibration_end.isoformat()))
        repeats = days.join(firsts, "customer_id")
        repeats = repeats.filter(repeats.order_date > repeats["first"])
        by_day = source.run(repeats.group_by("order_date").aggregate(purchases=repeats.count()))
        new = source.run(firsts.group_by("first").aggregate(customers=firsts.count()).order_by("first"))
        return by_day, new, source.until


def plot_tracking(tracked: pd.DataFrame, *, total: bool = True, ax: Axes | None = None) -> Axes:
    """Draw actual and expected repeat purchases, week by week or added up, with the end of calibration.

    Parameters
    ----------
    tracked : DataFrame
        From ``tracking``.
    total : bool
        Whether to add up.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Not a table of ``tracking``.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> tracked = pd.DataFrame({
    ...     "week": [1, 2], "actual": [5, 4], "expected": [5.0, 3.0], "actual_total": [5, 9], "expected_total": [5.0, 8.0],
    ...     "seen": [True, False],
    ... })
    >>> print(btyd.plot_tracking(tracked).get_title("left"))
    In 1 unseen weeks 4 purchases came; the model expects
    3 (−25.0 %)
    """
    needed = ("week", "actual", "expected", "actual_total", "expected_total", "seen")
    tracked = made_table("tracked", tracked, needed, "btyd.tracking")
    names = ("actual_total", "expected_total") if _check.flag("total", total) else ("actual", "expected")
    seen_weeks = int(tracked.week[tracked.seen].max()) if tracked.seen.any() else 0
    lines = tracked.set_index("week")[list(names)].rename(columns={names[0]: "actual", names[1]: "expected by the model"})
    ax = _draw.curves(
        lines,
        title=_finding(tracked, total),
        x="weeks since the first order",
        y="repeat purchases" + (", added up" if total else " in the week"),
        alt=f"Two lines over {len(tracked)} weeks: actual ends at {show(lines.iloc[-1, 0])}, expected at "
        f"{show(lines.iloc[-1, 1], 0)}. The fit has seen {seen_weeks} weeks.",
        ax=ax,
    )
    if 0 < seen_weeks < tracked.week.max():
        ax.axvline(seen_weeks, color=_draw.INK, linestyle=":", linewidth=1.2)
        ax.annotate(" unseen", (seen_weeks, 1), xycoords=("data", "axes fraction"), va="top", fontsize=9.5)
    return ax


def _finding(tracked: pd.DataFrame, total: bool) -> str:
    """Write what a chart of ``tracking`` says."""
    if not total:
        error = (tracked.expected - tracked.actual).abs().mean()
        return (
            f"On average a week differs by {show(error, 1)} of {show(tracked.actual.mean(), 1)} purchases from what the model "
            "expects"
        )
    unseen = tracked[~tracked.seen]
    if not unseen.actual.sum():
        return "What the model expects of the weeks that it has seen"
    actual, expected = int(unseen.actual.sum()), unseen.expected.sum()
    error = f"{expected / actual - 1:+.1%}".replace("-", "−").replace("%", " %")
    return f"In {len(unseen)} unseen weeks {actual:,} purchases came; the model expects {show(expected, 0)} ({error})"


# -- From several origins -----------------------------------------------------------------------------------------


def holdout(
    orders: pd.DataFrame | ibis.Table | str | PathLike, *, until: Sequence[str | dt.date], weeks: float,
    fits: Mapping[str, Callable],
) -> pd.DataFrame:  # fmt: skip
    """Measure how well models, fitted at several moments, foresee the weeks after; beside two simple rules.

    Parameters
    ----------
    orders : DataFrame, path or Ibis table
        ``customer_id``, ``order_date`` (see ``tables.describe("orders")``).
    until : list of dates
        The origins: at each, the models are fitted to what was known then.
    weeks : float
        How far to look ahead.
    fits : mapping
        Name -> function of a summary, such as ``{"BG/NBD": btyd.fit_bgnbd}``.

    Returns
    -------
    DataFrame, one row per origin and model
        ``until``, ``model``, ``n``, ``actual``, ``expected`` (repeat purchases of all), ``mae``, ``rmse`` (per
        customer), ``correlation``. "as so far" goes on at each customer's own past rate, "all alike" at the mean of all.

    Raises
    ------
    DataError, ArgumentError
        As ``purchase_summary`` and the fits; the orders end less than ``weeks`` after an origin.

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), section 5: aggregate and individual-level hold-out.

    Examples
    --------
    >>> from crmlab import btyd, datasets
    >>> orders = datasets.load("orders")
    >>> btyd.holdout(orders, until=["2024-06-30"], weeks=52, fits={"BG/NBD": btyd.fit_bgnbd}).model.tolist()
    ['BG/NBD', 'as so far', 'all alike']
    """
    if not isinstance(until, list | tuple | pd.DatetimeIndex) or not len(until):
        raise ArgumentError('`until` must be a list of days, such as ["2024-06-30"].')
    if not isinstance(fits, Mapping) or not fits or not all(callable(fit) for fit in fits.values()):
        raise ArgumentError('`fits` must map names to functions of a summary, such as {"BG/NBD": btyd.fit_bgnbd}.')
    horizon = _check.number("weeks", weeks, 0, closed="neither")
    with _engine.orders(orders, None, amount=False) as source:
        last = source.until
    scores: list[dict[str, object]] = []
    for day in until:
        origin = _check.day("until", day)
        end = origin + dt.timedelta(days=round(7 * horizon))
        if end > last:
            raise DataError(
                f"the orders end on {last}, but {show(horizon)} weeks after {origin} is {end}. Choose an earlier origin."
            )
        known = purchase_summary(orders, until=origin)
        later = purchase_summary(orders, until=end).set_index("customer_id").frequency
        actual = later.loc[known.customer_id].to_numpy() - known.frequency.to_numpy()
        for name, expected in _forecasts(known, horizon, fits):
            scores.append({"until": pd.Timestamp(origin), "model": name, **_scores(actual, expected)})
    return pd.DataFrame(scores)


def _forecasts(known: pd.DataFrame, weeks: float, fits: Mapping[str, Callable]) -> Iterator[tuple[str, np.ndarray]]:
    """Forecast the purchases of each customer in the next weeks by every model and by the two simple rules."""
    for name, fit in fits.items():
        yield name, fit(known).predict(known, weeks).purchases.to_numpy()
    pace = known.frequency / known.age_weeks.clip(lower=1 / 7) * weeks
    yield "as so far", pace.to_numpy()
    yield "all alike", np.full(len(known), pace.mean())


def _scores(actual: np.ndarray, expected: np.ndarray) -> dict[str, object]:
    """Measure how far expected purchases are from those that came."""
    error = expected - actual
    varies = np.ptp(expected) > 0 and np.ptp(actual) > 0
    return {
        "n": actual.size, "actual": int(actual.sum()), "expected": expected.sum(), "mae": np.abs(error).mean(),
        "rmse": np.sqrt((error**2).mean()), "correlation": np.corrcoef(expected, actual)[0, 1] if varies else np.nan,
    }  # fmt: skip
