"""By frequency: how many customers bought how often, and what those then did, beside what a model expects.

A fit is held against what it was fitted to (``frequencies``) and against what came later (``conditional_expectation``), for
customers with equally many purchases together. This file compares; the models stand in ``purchases``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import show
from crmlab._verdict import Verdict, listed, verdict
from crmlab.btyd.histories import made_table, read_histories
from crmlab.btyd.purchases import PurchaseFit, check_fit
from crmlab.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def conditional_expectation(
    fit: PurchaseFit, summary: pd.DataFrame, holdout_purchases: Sequence[float], *, weeks: float, top: int = 7
) -> pd.DataFrame:
    """Return mean purchases after the end of calibration by frequency before it: what came, and what the model expects.

    Parameters
    ----------
    fit : PurchaseFit
        Of these customers.
    summary : DataFrame, one row per customer
        As for the fit.
    holdout_purchases : sequence of numbers
        Each customer's purchases in the ``weeks`` after the end of calibration. A Series is matched with ``summary`` by its
        index; other sequences are in the order of its rows.
    weeks : float
        How long after the end of calibration they were counted.
    top : int
        Customers with this frequency or more go together.

    Returns
    -------
    DataFrame, one row per frequency
        As ``tables.describe("conditional_expectation")``: ``frequency_group``, ``n``, ``actual_mean``, ``expected_mean``.

    Raises
    ------
    DataError, ArgumentError
        As the fits; ``holdout_purchases`` of another length, or with an index that is not that of ``summary``.

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), figure 4.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> drawn = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1, holdout_weeks=39)
    >>> fit = btyd.fit_bgnbd(drawn)
    >>> btyd.conditional_expectation(fit, drawn, drawn.holdout_purchases, weeks=39).frequency_group.tolist()[-1]
    '7+'
    """
    top = _check.integer("top", top, 1)
    check_fit("fit", fit)
    expected = fit.predict(summary, weeks).purchases.to_numpy()
    actual = _matched(holdout_purchases, summary)
    frequency = summary[fit.model.columns[0]].to_numpy()
    group = np.minimum(frequency, top).astype(int)
    means = pd.DataFrame({"group": group, "actual_mean": actual, "expected_mean": expected}).groupby("group")
    table = means.mean().assign(n=means.size()).reset_index()
    labels = [f"{count}+" if count == top and frequency.max() > top else str(count) for count in table.group]
    return table.assign(frequency_group=labels)[["frequency_group", "n", "actual_mean", "expected_mean"]]


def _matched(holdout_purchases: object, summary: pd.DataFrame) -> np.ndarray:
    """Check purchases after the end of calibration, and put them in the order of the rows of ``summary``."""
    values = holdout_purchases
    if isinstance(values, pd.Series) and len(values) == len(summary) and not values.index.equals(summary.index):
        if not values.index.is_unique or not values.index.isin(summary.index).all():
            raise DataError(
                "the index of `holdout_purchases` is not that of `summary`: give each number the label of its customer's row."
            )
        values = values.reindex(summary.index)
    try:
        actual = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        actual = np.full(0, np.nan)
    if actual.shape != (len(summary),) or not np.isfinite(actual).all():
        raise DataError(f"`holdout_purchases` must hold one number for each of the {len(summary):,} customers.")
    return actual


def frequencies(fit: PurchaseFit, summary: pd.DataFrame, *, top: int = 7) -> pd.DataFrame:
    """Count how many customers bought how often, beside what the fitted model expects.

    Parameters
    ----------
    fit : PurchaseFit
        Without covariates.
    summary : DataFrame, one row per customer
        As for the fit.
    top : int
        From here on frequencies go together.

    Returns
    -------
    DataFrame, one row per frequency
        As ``tables.describe("frequencies")``: ``frequency_group``, ``actual``, ``expected``, counts of customers.

    Raises
    ------
    DataError, ArgumentError
        As the fits.

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 8 and figure 1.

    Examples
    --------
    >>> from crmlab import btyd
    >>> truth = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
    >>> drawn = btyd.simulate_purchases("bgnbd", truth, customers=1_000, weeks=39, seed=1)
    >>> counts = btyd.frequencies(btyd.fit_bgnbd(drawn), drawn)
    >>> int(counts.actual.sum()), round(counts.expected.sum())
    (1000, 1000)
    """
    top = _check.integer("top", top, 1)
    check_fit("fit", fit, covariates=False)
    histories = read_histories(summary, fit.model)
    ages, customers = np.unique(histories.age, return_counts=True)
    theta = fit.estimate.customer_parameters(np.empty((1, 0)))
    expected = np.zeros(top)
    for start in range(0, ages.size, 500):
        rows = slice(start, start + 500)
        expected += fit.model.pmf(theta, ages[rows], top - 1) @ customers[rows]
    actual = np.bincount(np.minimum(histories.frequency, top).astype(int), minlength=top + 1)
    labels = [*map(str, range(top)), f"{top}+"]
    return pd.DataFrame({
        "frequency_group": labels, "actual": actual, "expected": [*expected, customers.sum() - expected.sum()]
    })  # fmt: skip


def plot_expected(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw actual bars and expected dots by frequency.

    Parameters
    ----------
    table : DataFrame
        From ``frequencies`` or ``conditional_expectation``.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Not such a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import btyd
    >>> counts = pd.DataFrame({"frequency_group": ["0", "1+"], "actual": [60, 40], "expected": [55.0, 45.0]})
    >>> btyd.plot_expected(counts).get_xlabel()
    'repeat purchases up to the cut'
    """
    is_means = "actual_mean" in getattr(table, "columns", ())
    names = ("actual_mean", "expected_mean") if is_means else ("actual", "expected")
    maker = "btyd.conditional_expectation" if is_means else "btyd.frequencies"
    table = made_table("table", table, ("frequency_group", *names), maker).rename(
        columns=dict(zip(names, ("actual", "expected"), strict=True))
    )
    ax = _draw.bars(
        table.set_index("frequency_group").actual.round(2),
        title=_totals(table) if is_means else _misses(table),
        x="repeat purchases up to the cut",
        y="mean purchases after the cut" if is_means else "customers",
        alt="; ".join(
            f"{row.frequency_group}: {show(row.actual, 2)}, expected {show(row.expected, 2)}" for row in table.itertuples()
        ),
        ax=ax,
    )
    ax.plot(
        range(len(table)), table.expected, "o", color=_draw.ORANGE, markeredgecolor="white", markersize=9, zorder=5,
        label="expected by the model",
    )  # fmt: skip
    ax.legend(frameon=False)
    return ax


def _totals(table: pd.DataFrame) -> str:
    """What came after the cut and what the model expects, all customers together."""
    actual, expected = (float(table.n @ table[name]) for name in ("actual", "expected"))
    return f"{show(actual, 0)} purchases came after the cut; the model expects {show(expected, 0)}"


def _misses(table: pd.DataFrame) -> str:
    """Where the model expects more or fewer customers than there are, by Wilson's intervals that hold together."""
    from statsmodels.stats.proportion import proportion_confint

    customers = max(int(table.actual.sum()), 1)
    low, high = proportion_confint(table.actual.to_numpy(), customers, alpha=0.05 / len(table), method="wilson")
    expected = table.expected / customers
    words = {Verdict.HIGHER: "too few", Verdict.LOWER: "too many"}
    verdicts = [verdict(*row, n=customers) for row in zip(low - expected, high - expected, strict=True)]
    misses = [
        f"{words[each]} with {count}" for each, count in zip(verdicts, table.frequency_group, strict=True) if each in words
    ]
    if not misses:
        return f"No frequency differs beyond chance from what the model expects of {customers:,} customers"
    if len(misses) > 3:
        return f"The model misses {len(misses)} of {len(table)} frequencies beyond chance"
    return f"Beyond chance the model expects {listed(misses)} repeat purchases"
