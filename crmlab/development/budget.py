"""Budget: winning against keeping, the leaky bucket.

Water runs in at the top and out at the bottom; a budget may open the tap or mend the leak. Both have diminishing returns, and
the best division has a closed form. It reads seven numbers that a manager can be asked for; where they come from is known in
``costs`` (what a win costs) and elsewhere (what a customer is worth).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw
from crmlab._result import Result, Summary, percent, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def win_or_keep(
    budget: float, *, cost_per_win: float, value_per_win: float, cost_per_kept: float, value_per_kept: float,
    most_wins: float = math.inf, most_kept: float = math.inf,
) -> BudgetSplit:  # fmt: skip
    """Divide a budget between winning customers and keeping those who would leave, so that it brings most.

    Spending x wins M (1 - exp(-x / (M c))) customers: the first costs c (``cost_per_win``), each further one more, and M
    (``most_wins``) is never reached; without M every one costs c. Keeping likewise. Each euro goes where it brings more:
    v_w W'(x) = v_k K'(y), x + y = B, which is linear in x once logarithms are taken; a euro that brings less than itself on
    either side stays unspent.

    Parameters
    ----------
    budget : float
        0 or more, in currency.
    cost_per_win, cost_per_kept : float
        What the first costs, above 0, in currency.
    value_per_win, value_per_kept : float
        What each is worth from then on, before these costs, 0 or more, in currency. Somebody kept is worth what they would
        not have brought otherwise.
    most_wins, most_kept : float
        How many can be won or kept at most, above 0: the market, those about to leave.

    Returns
    -------
    BudgetSplit

    Raises
    ------
    ArgumentError
        A number is out of range.

    References
    ----------
    Blattberg & Deighton (1996), Manage marketing by the customer equity test, Harvard Business Review 74(4): the exponential
    response with a ceiling. On both budgets at once: Reinartz, Thomas & Kumar (2005), Journal of Marketing 69(1).

    Examples
    --------
    >>> from crmlab import development
    >>> split = development.win_or_keep(100_000, cost_per_win=500, value_per_win=2_000, cost_per_kept=200,
    ...                                 value_per_kept=1_500, most_wins=400, most_kept=150)
    >>> round(split.on_winning), round(split.on_keeping), round(split.wins), round(split.kept)
    (70558, 29442, 119, 94)
    """
    total = _check.number("budget", budget, 0)
    sides = []
    for name, cost, value, most in (
        ("win", cost_per_win, value_per_win, most_wins), ("kept", cost_per_kept, value_per_kept, most_kept),
    ):  # fmt: skip
        ceiling = f"most_{'wins' if name == 'win' else name}"
        sides.append(Response(
            _check.number(f"cost_per_{name}", cost, 0, closed="neither"), _check.number(f"value_per_{name}", value, 0),
            _check.number(ceiling, most, 0, closed="right", infinite=True),
        ))  # fmt: skip
    winning, keeping = sides
    on_winning, on_keeping = _divide(total, winning, keeping)
    return BudgetSplit(total, winning, keeping, on_winning, on_keeping)


@dataclass(frozen=True, slots=True)
class Response:
    """How many customers an amount of money wins, or keeps.

    Attributes
    ----------
    cost : float
        Of the first.
    value : float
        Of each.
    most : float
        Never reached; may be infinite.
    """

    cost: float
    value: float
    most: float

    def customers(self, spent: float) -> float:
        """How many for this amount: M (1 - exp(-x / (M c))), or x / c without a ceiling."""
        if math.isinf(self.most):
            return spent / self.cost
        return -self.most * math.expm1(-spent / (self.most * self.cost))

    @property
    def first_return(self) -> float:
        """What the first euro brings."""
        return self.value / self.cost

    def marginal_return(self, spent: float) -> float:
        """What one euro more brings after this amount."""
        return self.first_return * math.exp(-spent / (self.most * self.cost))

    @property
    def enough(self) -> float:
        """The amount after which a euro brings no more than itself."""
        if self.first_return <= 1:
            return 0.0
        return self.most * self.cost * math.log(self.first_return)  # infinite without a ceiling


def _divide(budget: float, winning: Response, keeping: Response) -> tuple[float, float]:
    """Return what to spend on winning and on keeping."""
    if winning.enough + keeping.enough <= budget:
        return winning.enough, keeping.enough
    if winning.first_return <= 1 or keeping.first_return <= 1:  # one of them never pays
        on_winning = min(winning.enough, budget)
        return on_winning, min(keeping.enough, budget - on_winning)
    if math.isinf(winning.most) and math.isinf(keeping.most):
        return (budget, 0.0) if winning.first_return >= keeping.first_return else (0.0, budget)
    gap = math.log(winning.first_return / keeping.first_return)
    if math.isinf(winning.most):  # keep until a euro brings what it brings in winning
        on_keeping = min(max(-gap * keeping.most * keeping.cost, 0.0), budget)
        return budget - on_keeping, on_keeping
    if math.isinf(keeping.most):
        on_winning = min(max(gap * winning.most * winning.cost, 0.0), budget)
        return on_winning, budget - on_winning
    a, b = 1 / (winning.most * winning.cost), 1 / (keeping.most * keeping.cost)
    on_winning = min(max((gap + b * budget) / (a + b), 0.0), budget)
    return on_winning, budget - on_winning


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BudgetSplit(Result):
    """A budget divided between winning and keeping.

    Attributes
    ----------
    budget : float
    winning, keeping : Response
    on_winning, on_keeping : float
        What is spent on each.
    """

    budget: float
    winning: Response
    keeping: Response
    on_winning: float
    on_keeping: float

    @property
    def wins(self) -> float:
        """Customers won."""
        return self.winning.customers(self.on_winning)

    @property
    def kept(self) -> float:
        """Customers kept who would have left."""
        return self.keeping.customers(self.on_keeping)

    @property
    def unspent(self) -> float:
        """What brings more than itself nowhere."""
        return max(self.budget - self.on_winning - self.on_keeping, 0.0)

    @property
    def gain(self) -> float:
        """What they are worth, less what was spent."""
        return self._gain(self.on_winning, self.on_keeping)

    def _gain(self, on_winning: float, on_keeping: float) -> float:
        worth = self.winning.value * self.winning.customers(on_winning) + self.keeping.value * self.keeping.customers(
            on_keeping
        )
        return worth - on_winning - on_keeping

    @property
    def table(self) -> pd.DataFrame:
        """The gain by how what is spent is divided, from all keeping to all winning (``tables.describe("budget_splits")``)."""
        share = np.linspace(0, 1, 101)
        spent = self.on_winning + self.on_keeping
        rows = [(each, each * spent, (1 - each) * spent, self._gain(each * spent, (1 - each) * spent)) for each in share]
        return pd.DataFrame(rows, columns=["share_winning", "on_winning", "on_keeping", "gain"])

    def summary(self) -> Summary:
        """What goes where, and what the next euro would bring."""
        sides = (
            ("winning", self.on_winning, self.wins, self.winning), ("keeping", self.on_keeping, self.kept, self.keeping),
        )  # fmt: skip
        rows = [(name, spent, n, spent / n if n else math.nan, side.marginal_return(spent)) for name, spent, n, side in sides]
        table = pd.DataFrame(rows, columns=["side", "spent", "customers", "cost_per_customer", "next_euro_brings"])
        facts = (("Budget", self.budget), ("Unspent", show(self.unspent, 0)), ("Gain", show(self.gain, 0)))
        return Summary("Winning and keeping", facts, table, self._finding() + ".", "Blattberg & Deighton (1996)")

    def _finding(self) -> str:
        spent = self.on_winning + self.on_keeping
        if spent == 0:
            return "Neither winning nor keeping brings back what it costs"
        left = "" if self.unspent < 1e-9 * max(self.budget, 1) else f"; {show(self.unspent, 0)} stay unspent"
        return f"{percent(self.on_winning / spent, 0)} of what is spent goes to winning, the rest to keeping{left}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gain by the share that goes to winning, and the best division.

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
        >>> split = development.win_or_keep(1000, cost_per_win=10, value_per_win=30, cost_per_kept=10, value_per_kept=40)
        >>> split.plot().get_xlabel()
        'share of the budget that goes to winning'
        """
        curve = self.table.set_index("share_winning")[["gain"]]
        ends = curve.gain.iloc[[0, -1]]
        ax = _draw.curves(
            curve, title=self._finding(), x="share of the budget that goes to winning", y="gain (currency)", share=("x",),
            alt=f"Gain {show(self.gain, 0)}; all to keeping {show(ends.iloc[0], 0)}, all to winning {show(ends.iloc[1], 0)}.",
            ax=ax,
        )  # fmt: skip
        if self.on_winning + self.on_keeping:
            best = self.on_winning / (self.on_winning + self.on_keeping)
            ax.axvline(best, color=_draw.INK, linewidth=1, linestyle="--")
        return ax
