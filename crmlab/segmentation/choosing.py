"""Choosing: whom to contact when money or time is limited, and what that is expected to bring.

It reads what a contact is expected to bring with each customer (from a test with a hold-out, say) and returns the chosen
ones, beside simpler rules. How gains are estimated is not known here: they come as a table. A score says who is worth much;
a gain says with whom a contact changes something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crmlab import _check, _draw, _engine
from crmlab._result import Result, Summary
from crmlab._verdict import Verdict, verdict
from crmlab.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def choose_targets(
    gains: pd.DataFrame, *, cost: float, contacts: int | None = None, budget: float | None = None,
    score: pd.DataFrame | None = None, errors: str = "together",
) -> Targets:  # fmt: skip
    """Choose the customers with whom a contact is expected to bring most, as many as can be paid.

    Customers with the highest expected gain are taken, of equal ones the smaller id, as long as the gain is above the cost of
    a contact; so fewer than allowed may be chosen.

    Parameters
    ----------
    gains : DataFrame
        ``customer_id``, ``gain``, optionally ``std_error``: what a contact brings before its cost, in currency (see
        ``tables.describe("expected_gains")``).
    cost : float
        Of one contact, in currency.
    contacts : int, optional
        How many contacts there can be at most. Either this or ``budget``.
    budget : float, optional
        What all contacts may cost together.
    score : DataFrame, optional
        ``customer_id``, ``score``: another rule to compare with, its highest first. Who has no score comes last.
    errors : {"together", "independent"}
        How the errors of the gains hang together. Those from a few common estimates move ``together``: the standard error of
        a sum is then at most the sum of the standard errors, and intervals hold at least their level. ``independent`` is
        right only if each gain was estimated by itself.

    Returns
    -------
    Targets

    Raises
    ------
    DataError
        A column is missing or breaks its declaration, a customer stands twice, or ``score`` and ``gains`` share nobody.
    ArgumentError
        Both or none of ``contacts`` and ``budget`` are given, the budget pays no contact, or a number is out of range.

    Notes
    -----
    Who is chosen because an estimate is high was often also lucky in it: the sum of the highest estimates is too high on
    average (Smith & Winkler 2006). Estimates that are shrunken to their mean, as those of groups or of a penalised
    regression, suffer least. The comparison with chance tells what the order of the gains is said to be worth.

    References
    ----------
    Blattberg, Kim & Neslin (2008), Database Marketing, chapter 10. Smith & Winkler (2006), The optimizer's curse,
    Management Science 52(3), 311-322.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> gains = pd.DataFrame({"customer_id": ["ann", "bob", "cy", "dee"], "gain": [9.0, 1.0, 5.0, 3.0], "std_error": 1.0})
    >>> targets = segmentation.choose_targets(gains, cost=2.0, budget=4.5)
    >>> targets.chosen["customer_id"].to_list()
    ['ann', 'cy']
    >>> targets.table.round(2)
                        rule  contacts  cost  profit   low   high
    0  highest expected gain         2   4.0    10.0  6.08  13.92
    1              everybody         4   8.0    10.0  2.16  17.84
    2                 chance         2   4.0     5.0 -2.76  12.76
    """
    _check.choice("errors", errors, ("together", "independent"))
    _engine.check(_check.frame("gains", gains), "expected_gains")
    cost = _check.number("cost", cost, 0, closed="neither")
    most = min(_contacts(contacts, budget, cost), len(gains))
    order = _by(gains["gain"], gains["customer_id"])
    paying = order[gains["gain"].to_numpy(float)[order] > cost][:most]
    rules = {"highest expected gain": paying, "everybody": order}
    without_score = 0
    if score is not None:
        ranked, without_score = _scores(score, gains["customer_id"])
        rules["top of the score"] = _by(ranked, gains["customer_id"])[:most]
    return Targets(gains, cost, most, rules, errors == "together", without_score)


def _contacts(contacts: int | None, budget: float | None, cost: float) -> int:
    """Return how many contacts can be made at most."""
    if (contacts is None) == (budget is None):
        raise ArgumentError("give either `contacts`, how many there can be, or `budget`, what they may cost together.")
    if contacts is not None:
        return _check.integer("contacts", contacts, 1)
    amount = _check.number("budget", budget, 0)
    if amount < cost:
        raise ArgumentError(
            f"`budget`, {amount:g}, does not pay one contact, which costs {cost:g}. Raise it or take a cheaper way."
        )
    return int(amount / cost + 1e-9)


def _scores(score: pd.DataFrame, ids: pd.Series) -> tuple[pd.Series, int]:
    """Return the score of each customer, the lowest of all for those without one, and how many these are."""
    _check.frame("score", score)
    with _engine.open_table(score, "value_scores", ("customer_id", "score")):
        pass
    known = ids.map(score.set_index("customer_id")["score"]).astype(float)
    if known.isna().all():
        raise DataError(
            "`score` and `gains` have no customer in common. Check that `customer_id` is of one kind in both, e.g. text."
        )
    return known.fillna(-np.inf), int(known.isna().sum())


def _by(values: pd.Series, ids: pd.Series) -> np.ndarray:
    """Return the places of the rows, highest value first; of equal ones (to nine digits) the smaller id."""
    keys = pd.DataFrame({"value": -np.round(values.to_numpy(float), 9), "id": ids.to_numpy()})
    return keys.sort_values(["value", "id"], kind="stable").index.to_numpy()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Targets(Result):
    """Chosen customers, and what they are expected to bring beside other rules.

    Attributes
    ----------
    gains : DataFrame
        What a contact is expected to bring with each customer.
    cost : float
        Of one contact, in currency.
    most : int
        Contacts that can be made.
    rules : mapping of str to ndarray of int
        The rows that each rule takes, best first.
    together : bool
        Whether the errors of the gains move together.
    without_score : int
        Customers whom the score does not name.
    """

    gains: pd.DataFrame
    cost: float
    most: int
    rules: dict[str, np.ndarray]
    together: bool
    without_score: int

    @property
    def chosen(self) -> pd.DataFrame:
        """The rows of the gains that are chosen, best first."""
        return self.gains.iloc[self.rules["highest expected gain"]]

    @property
    def table(self) -> pd.DataFrame:
        """What each rule is expected to bring, with 95 % intervals (``tables.describe("targeting")``)."""
        return self.interval()

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Compute what each rule is expected to bring, with confidence intervals of the expectation.

        That of `chance` holds the luck of the draw, too: as many are drawn by lot as can be contacted.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            As ``table``; ends are empty where a standard error is missing.

        Raises
        ------
        ArgumentError
            ``level`` is no share.

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> gains = pd.DataFrame({"customer_id": [1, 2], "gain": [9.0, 5.0], "std_error": [1.0, 1.0]})
        >>> segmentation.choose_targets(gains, cost=1.0, contacts=1).interval(0.5).loc[0, ["low", "high"]].round(2).to_list()
        [7.33, 8.67]
        """
        z = special.ndtri((1 + _check.share("level", level)) / 2)
        gain = self.gains["gain"].to_numpy(float)
        errors = np.full(gain.size, np.nan)
        if "std_error" in self.gains:
            errors = self.gains["std_error"].to_numpy(float, na_value=np.nan)
        rows = [(rule, len(taken), gain[taken].sum(), self._error(errors[taken])) for rule, taken in self.rules.items()]
        n = self.most
        scale = n / gain.size if self.together else np.sqrt(n / gain.size)
        draw = n * gain.var(ddof=1) * (1 - n / gain.size) if gain.size > 1 else 0.0
        rows.append(("chance", n, n * gain.mean(), np.hypot(scale * self._error(errors), np.sqrt(draw))))
        table = pd.DataFrame(rows, columns=["rule", "contacts", "gain", "error"])
        profit = table["gain"] - self.cost * table["contacts"]
        return table[["rule", "contacts"]].assign(
            cost=self.cost * table["contacts"], profit=profit, low=profit - z * table["error"], high=profit + z * table["error"]
        )

    def _error(self, errors: np.ndarray) -> float:
        return float(errors.sum() if self.together else np.sqrt((errors**2).sum()))

    @property
    def finding(self) -> str:
        """What the chosen contacts are expected to bring, as far as the interval tells."""
        row = self.table.iloc[0]
        if not row.contacts:
            return "No contact is expected to bring more than it costs"
        contacts = f"{row.contacts:,} contact{'s' if row.contacts > 1 else ''}"
        interval = f"{row.profit:,.0f} ({row.low:,.0f} to {row.high:,.0f})"
        return {
            Verdict.HIGHER: f"{contacts}: an expected profit of {interval}",
            Verdict.LOWER: f"{contacts}: an expected loss, {interval}",
            Verdict.NOT_DISTINGUISHABLE: f"{contacts}: whether they pay cannot be told, {interval}",
            Verdict.TOO_FEW: f"{contacts}: expected profit {row.profit:,.0f}, how sure is not known",
        }[verdict(row.low, row.high)]

    def summary(self) -> Summary:
        """Sum up the finding in a few lines."""
        idle = self.most - len(self.rules["highest expected gain"])
        return Summary(
            self.finding,
            facts=(
                ("Customers", len(self.gains)),
                ("Contacts that can be made", self.most),
                ("Cost of a contact", self.cost),
                ("Contacts left unmade, because they would cost more than they bring", idle),
                *((("Customers without a score, taken last", self.without_score),) if self.without_score else ()),
            ),
            table=self.table,
            note="`everybody` ignores the budget. Profit is beyond that without any contact.",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each rule is expected to bring, with its interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; by default those of a new chart.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import pandas as pd
        >>> from crmlab import segmentation
        >>> gains = pd.DataFrame({"customer_id": [1, 2], "gain": [9.0, 5.0], "std_error": [1.0, 1.0]})
        >>> segmentation.choose_targets(gains, cost=1.0, contacts=1).plot().get_title("left")
        '1 contact: an expected profit of 8 (6 to 10)'
        """
        table = self.table
        label = [f"{row.rule} ({row.contacts:,})" for row in table.itertuples()]
        values = [f"{name} {profit:,.0f}" for name, profit in zip(label, table["profit"], strict=True)]
        return _draw.interval_plot(
            table.assign(label=label, middle=table["profit"]),
            title=self.finding,
            x="expected profit after contact costs, currency (95 % interval)",
            zero=True,
            alt=f"Expected profit of each rule: {'; '.join(values)}.",
            ax=ax,
        )
