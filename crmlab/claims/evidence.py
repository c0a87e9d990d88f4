"""Evidence: what firms answered to a claim, beside the range that it names and what others have measured.

The claim is read in each sensible way: per cent or points, an average customer's value or the firm's profit, free or paid
for. An effect is a ratio of sums over replicate firms; its interval is over firms. A simulation shows conditions, not
evidence about the world. How firms are made and measured is known in ``trial``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from crmlab import _check, _draw, datasets, tables
from crmlab._result import Result, Summary
from crmlab._verdict import Verdict, verdict
from crmlab.claims import catalogue, solutions, trial
from crmlab.claims.catalogue import Claim
from crmlab.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CAUTION = "A simulation shows conditions, not evidence about the world."


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trial(Result):
    """What firms answered to a claim in one or more industries.

    Attributes
    ----------
    claim : Claim
    rows : DataFrame
        As ``tables.describe("claim_trials")`` says: one row for each reading and firm.
    """

    claim: Claim
    rows: pd.DataFrame

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return the effect of each reading with its interval, and where it lies beside the claimed range.

        The effect is the mean change over the mean of the firms as they were, brought to the exact step of the claim in
        proportion. The interval is Student's over firms, by the jackknife (Tukey 1958).

        Parameters
        ----------
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            As ``tables.describe("claim_effects")`` says.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> from crmlab import claims
        >>> claims.stored_trial("operating cost").table().industry.to_list()
        ['finance', 'telecom', 'manufacturing', 'retail']
        """
        level = _check.share("level", level)
        groups = self.rows.groupby(["industry", "unit", "lever"], sort=False)
        effects = [
            (self.claim.name, *names, *reading)
            for names, rows in groups
            for reading in _readings(rows, self.claim, names[0], level)
        ]
        return pd.DataFrame(effects, columns=[column.name for column in tables.table("claim_effects").columns])

    def summary(self) -> Summary:
        """Return the effects in per cent, in words and numbers, with what others have measured.

        Examples
        --------
        >>> from crmlab import claims
        >>> print(claims.stored_trial("operating cost").summary())  # doctest: +ELLIPSIS
        operating cost: the range of the claim and what firms answered
          ...A simulation shows conditions, not evidence about the world...
        """
        table = self.table()
        firms = self.rows.seed.nunique()
        note = (
            f"{self.claim.wording} Profit is that of two years. An average customer's value is that of two years and what they "
            "are then worth: what is done to keep them ends there, satisfaction stays as it is. The interval (95 %) is over "
            f"{firms} firms. {_CAUTION}"
        )
        facts = tuple((each.source, each.finding) for each in catalogue.PUBLISHED if each.driver == self.claim.driver)
        shares = ["effect", "low", "high", "claimed_low", "claimed_high"]
        shown = table.assign(**{name: (100 * table[name]).round(1) for name in shares})
        shown = shown.drop(columns=["claim", "same_sign"]).rename(columns={name: f"{name}, %" for name in shares})
        return Summary(f"{self.claim.name}: the range of the claim and what firms answered", facts, shown, note)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the claimed ranges as pale bars, and on them the effect of each reading with its interval.

        Raises
        ------
        ArgumentError
            ``ax`` is no axes.

        Examples
        --------
        >>> from crmlab import claims
        >>> claims.stored_trial("operating cost").plot().get_xlabel()
        'change of profit, %'
        """
        table = self.table()
        industries = list(dict.fromkeys(table.industry))
        labels = [_label(*names) for names in table[["unit", "lever", "whose", "paid"]].itertuples(index=False)]
        readings = list(dict.fromkeys(labels))
        ax = _draw.new_axes(ax, height=1.6 + len(industries) * (0.35 + 0.13 * len(readings)))
        for place, name in enumerate(industries):
            low, high = (100 * end for end in self.claim.ranges[name])
            ax.barh(place, high - low, left=low, height=0.86, color=_draw.GRID, label="claimed" if place == 0 else None)
        for k, label in enumerate(readings):
            rows = table[[each == label for each in labels]]
            offset = 0.72 * ((k + 0.5) / len(readings) - 0.5)
            places = [industries.index(name) + offset for name in rows.industry]
            ends = 100 * np.abs(rows[["low", "high"]].to_numpy() - rows[["effect"]].to_numpy()).T
            ax.errorbar(
                100 * rows.effect, places, xerr=ends, fmt="os^DvP*X<"[k % 9], color=_draw.COLOURS[k % 7], markersize=5,
                label=label,
            )  # fmt: skip
        ax.axvline(0, color=_draw.PALE, linewidth=1)
        ax.set_yticks(range(len(industries)), industries)
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        _draw.figure_of(ax).legend(loc="outside lower left", ncols=2, fontsize=9, frameon=False)
        within = (table.verdict == "within").sum()
        title = f"{self.claim.name.capitalize()}: {within} of {len(table)} effects lie within the claimed range"
        alt = f"{title}. Pale bars are claimed ranges, marks effects with intervals of 95 %, for {', '.join(industries)}."
        return _draw.decorate(ax, title=title, x="change of profit, %", alt=alt)


def try_claim(claim: str, industry: str, *, firms: int = 20, customers: int = 700, seed: int, workers: int | None = 1) -> Trial:
    """Re-run firms of an industry through the mechanism that a claim means, in each of its readings.

    Firms have a year behind them; then the change is at work for two years. Satisfaction is moved by itself and by more
    reliable service, retention by making some of those about to leave stay, conversion at the close, operating cost
    directly. How far a lever must be moved is sought on three of the firms, by secants. What an average customer is worth
    after the two years counts satisfaction as it is then, and leaving without the lever on it: a lasting change is worth
    more, as ``claims.change_of_profit`` says of one without end.

    Parameters
    ----------
    claim : str
        One of ``claims.CLAIMS`` by its name.
    industry : str
        "finance", "telecom", "manufacturing" or "retail".
    firms : int
        Replicates, at least 2; with fewer than six no verdict is given.
    customers : int
        Of a firm; see ``world.simulate``.
    seed : int
        That of the first firm; the others have the next ones.
    workers : int, optional
        Processes to use; None for one for each core.

    Returns
    -------
    Trial
        Of some minutes with the default sizes. ``claims.stored_trial`` has been computed beforehand.

    Raises
    ------
    ArgumentError
        No such claim or industry, a claim that names no range or cannot be read, or a number out of range.

    Examples
    --------
    >>> from crmlab import claims
    >>> tried = claims.try_claim("operating cost", "retail", firms=2, customers=40, seed=1)
    >>> tried.table().verdict.to_list()
    ['too few to say']
    """
    chosen = _with_range(claim)
    _check.choice("industry", industry, tuple(chosen.ranges))
    _check.integer("firms", firms, 2, 10_000)
    _check.integer("customers", customers, 1, 1_000_000)
    _check.integer("seed", seed, 0, 2**62)
    rows = trial.run_trials(_steps(chosen), industry, firms=firms, customers=customers, seed=seed, workers=workers)
    return Trial(chosen, rows)


def stored_trial(claim: str) -> Trial:
    """Return what the firms of all four industries answered to a claim, as computed beforehand.

    Parameters
    ----------
    claim : str
        One of ``claims.CLAIMS`` by its name.

    Returns
    -------
    Trial

    Raises
    ------
    ArgumentError
        No such claim, or one that names no range or cannot be read.
    DataError
        The file that comes with the kit is damaged or missing.

    Examples
    --------
    >>> from crmlab import claims
    >>> claims.stored_trial("loyalty").rows.industry.nunique()
    4
    """
    chosen = _with_range(claim)
    rows = datasets.load("claim_trials")
    return Trial(chosen, rows[(rows.driver == chosen.driver) & rows.unit.isin(chosen.units)].reset_index(drop=True))


def verdicts() -> pd.DataFrame:
    """Return all claims that can be tried, one row for each and industry.

    Returns
    -------
    DataFrame
        As ``tables.describe("claim_verdicts")`` says: the claimed range, the condition that arithmetic asks for, the smallest
        and largest effect of all readings, in how many the interval (95 %) lies within the range, and what that says.

    Raises
    ------
    DataError
        The file that comes with the kit is damaged or missing.

    Examples
    --------
    >>> from crmlab import claims
    >>> claims.verdicts().claim.unique().tolist()
    ['satisfaction', 'loyalty', 'loyalty overall', 'conversion', 'operating cost']
    """
    rows = [
        _row(each, str(industry), effects)
        for each in catalogue.CLAIMS
        if each.ranges
        for industry, effects in stored_trial(each.name).table().groupby("industry", sort=False)
    ]
    return pd.DataFrame(rows, columns=[column.name for column in tables.table("claim_verdicts").columns])


def _with_range(name: str) -> Claim:
    chosen = catalogue.claim(name)
    if not chosen.ranges:
        raise ArgumentError(f"{name!r} names no change of profit that could be tried. {chosen.criticism}")
    return chosen


def _steps(chosen: Claim) -> list[trial.Step]:
    return [step for step in trial.STEPS if step.driver == chosen.driver and step.unit in chosen.units]


def _readings(rows: pd.DataFrame, chosen: Claim, industry: str, level: float) -> Iterator[tuple]:
    """Return whose, paid, effect, interval, claimed range, verdict and share of equal signs of one step and lever."""
    cost = rows.payers * rows.usual_cost
    gain = rows.profit_after - rows.profit_before
    readings = [("firm", False, gain, rows.profit_before)]
    if chosen.driver in ("satisfaction", "retention"):  # the others change who comes, or what the firm pays
        readings.insert(0, ("customer", False, rows.value_after - rows.value_before, rows.value_before))
    if rows.usual_cost.iloc[0] > 0:
        readings.append(("firm", True, gain - cost, rows.profit_before))
    claimed = chosen.ranges[industry]
    for whose, paid, difference, base in readings:
        # satisfaction and retention are reached; of the others the lever is a share
        reached = (
            rows.driver_after if chosen.driver in ("satisfaction", "retention") else rows.driver_before * (1 + rows.amount)
        )
        numbers = np.column_stack([difference, base, rows.driver_before, reached])
        effect, error = _jackknife(numbers, _steps_of(rows))
        half = float(stdtrit(len(rows) - 1, (1 + level) / 2)) * error
        low, high = effect - half, effect + half
        same = float((np.sign(difference) == np.sign(effect)).mean())
        yield whose, paid, effect, low, high, *claimed, _where(low, high, *claimed, len(rows)), same


def _steps_of(rows: pd.DataFrame) -> trial.Step:
    first = rows.iloc[0]
    return next(step for step in trial.STEPS if (step.driver, step.unit, step.lever) == (first.driver, first.unit, first.lever))


def _jackknife(numbers: np.ndarray, step: trial.Step) -> tuple[float, float]:
    """Return an effect and its standard error over firms, by leaving out each of them in turn."""
    n = len(numbers)
    total = numbers.sum(axis=0)
    left_out = np.array([_effect((total - each) / (n - 1), step) for each in numbers])
    return _effect(total / n, step), float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))


def _effect(means: np.ndarray, step: trial.Step) -> float:
    """Return the change of profit for the exact step, from the means of difference, profit, and the driver before and after."""
    difference, base, before, after = map(float, means)
    if after == before:  # a lever that moved nobody says nothing
        return np.nan
    return difference / base * (step.target(before) - before) / (after - before)


def _where(low: float, high: float, claimed_low: float, claimed_high: float, n: int) -> str:
    """Say where an interval lies beside a claimed range."""
    sign = verdict(low, high, n=n)
    if sign is Verdict.TOO_FEW:
        return str(sign)
    if sign is Verdict.LOWER:
        return "loss"
    lower, upper = verdict(low, high, reference=claimed_low), verdict(low, high, reference=claimed_high)
    if lower is Verdict.LOWER:
        return "below"
    if upper is Verdict.HIGHER:
        return "above"
    return "within" if lower is Verdict.HIGHER and upper is Verdict.LOWER else str(Verdict.NOT_DISTINGUISHABLE)


def _label(unit: str, lever: str, whose: str, paid: bool) -> str:
    """Write a reading in words.

    >>> _label("per cent", "reliability", "firm", True)
    'per cent, by reliability, firm, paid for'
    """
    by = ", by reliability" if lever == "reliability" else ""
    return f"{unit}{by}, {whose}, {'paid for' if paid else 'free'}"


def _row(each: Claim, industry: str, effects: pd.DataFrame) -> tuple:
    labels = [_label(*names) for names in effects[["unit", "lever", "whose", "paid"]].itertuples(index=False)]
    values = effects.effect.to_numpy()
    least, most = int(values.argmin()), int(values.argmax())
    within = int((effects.verdict == "within").sum())
    undecided = effects.verdict.isin([Verdict.NOT_DISTINGUISHABLE, Verdict.TOO_FEW]).any()
    if within:
        word = "in every reading" if within == len(effects) else "in some readings"
    else:
        word = str(Verdict.NOT_DISTINGUISHABLE) if undecided else "in no reading"
    condition = solutions.arithmetic(each.name).words(industry)
    return (
        each.name, industry, *each.ranges[industry], condition, values[least], labels[least], values[most], labels[most],
        len(effects), within, word,
    )  # fmt: skip
