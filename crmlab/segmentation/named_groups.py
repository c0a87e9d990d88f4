"""Named groups: the cells of recency, frequency and money under names that a sales department remembers.

The rules are data: which scores carry which name, and what the scheme advises. It reads scores and returns one row per
customer, or one per group. How scores are made stands in ``rfm``; who moved between two days, in ``migration``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import _check, _draw, _engine
from crmlab._result import percent
from crmlab.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A group of the scheme.

    Attributes
    ----------
    name, advice : str
    boxes : tuple of (int, int, int, int)
        Lowest and highest recency score, lowest and highest sum of the frequency and the money score.
    """

    name: str
    advice: str
    boxes: tuple[tuple[int, int, int, int], ...]


#: The scheme for scores from 1 to 5, best groups first. Published ranges overlap; here each score lies in one box only.
NAMED_GROUPS = (
    NamedGroup("champions", "Thank them, ask them to recommend.", ((4, 5, 8, 10),)),
    NamedGroup("loyal customers", "Offer them more, ask their opinion.", ((4, 5, 7, 7), (3, 3, 7, 10))),
    NamedGroup("potential loyalists", "Lead them to a second kind of product.", ((4, 5, 3, 6),)),
    NamedGroup("new customers", "Help them to begin well.", ((5, 5, 2, 2),)),
    NamedGroup("promising", "Make yourself known, offer a trial.", ((3, 4, 2, 2),)),
    NamedGroup("need attention", "Come back with an offer for a limited time.", ((3, 3, 5, 6),)),
    NamedGroup("about to sleep", "Remind them of what others liked.", ((3, 3, 3, 4),)),
    NamedGroup("at risk", "Write to them in person, ask what is wrong.", ((2, 2, 5, 10), (1, 1, 5, 7))),
    NamedGroup("cannot lose them", "Call them before a rival does.", ((1, 1, 8, 10),)),
    NamedGroup("hibernating", "Mention something that suits them, at little cost.", ((2, 2, 2, 4), (1, 1, 4, 4))),
    NamedGroup("lost", "Leave them alone unless it costs nothing.", ((1, 1, 2, 3),)),
)


def rfm_groups(scores: pd.DataFrame) -> pd.DataFrame:
    """Name the group of each customer by their scores, in one row per ``customer_id``.

    Recency is one axis, the mean of frequency and money the other; each pair of them has one of eleven names. Equal
    scores have equal names: what becomes of equal customers was decided by ``ties`` of ``rfm_scores``.

    Parameters
    ----------
    scores : DataFrame
        From ``rfm_scores`` with five scores.

    Returns
    -------
    DataFrame
        ``customer_id``, ``group``, in the order and under the labels of ``scores``.

    Raises
    ------
    DataError
        A column of ``rfm_scores`` is missing or breaks its declaration, or a score lies above 5.

    Notes
    -----
    The names and ranges are those of Putler's RFM chart of eleven segments, which many tools copy. Its ranges overlap (a
    score may be *promising* and a *potential loyalist*) and begin at 0. Here a score that lies in several ranges has the name
    of the narrowest, and *lost* are those whose scores are lowest of all. Groups are cells of a grid drawn beforehand: they
    say nothing on whether customers fall into such groups by nature.

    References
    ----------
    Hughes (1994), Strategic Database Marketing (scores). Putler, RFM analysis for customer segments (names and ranges).

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> scores = pd.DataFrame({
    ...     "customer_id": [1, 2, 3], "recency_days": [0, 30, 99], "purchase_days": [9, 1, 4],
    ...     "total_amount": [90.0, 5.0, 40.0], "r_score": [5, 3, 1], "f_score": [5, 1, 4], "m_score": [4, 2, 4],
    ... })
    >>> segmentation.rfm_groups(scores)
       customer_id             group
    0            1         champions
    1            2    about to sleep
    2            3  cannot lose them
    """
    scores = _engine.made_table("scores", scores, "rfm_scores", "segmentation.rfm_scores")
    levels = scores[["r_score", "f_score", "m_score"]].to_numpy(int)
    remedy = "Make them with `segmentation.rfm_scores(orders, bins=5)`: the names belong to five scores."
    _check.refuse_rows(scores, (levels > 5).any(axis=1), "a score is above 5", "scores", remedy)
    names = _grid()[levels[:, 0], levels[:, 1] + levels[:, 2]]
    return pd.DataFrame({"customer_id": scores["customer_id"], "group": pd.Series(names, scores.index, dtype="str")})


def _grid() -> np.ndarray:
    """Return the name of each recency score and sum of the other two, shape (6, 11)."""
    grid = np.full((6, 11), "", dtype=object)
    for group in NAMED_GROUPS:
        for r_low, r_high, sum_low, sum_high in group.boxes:
            grid[r_low : r_high + 1, sum_low : sum_high + 1] = group.name
    return grid


def group_values(scores: pd.DataFrame) -> pd.DataFrame:
    """Count the customers of each named group and add up what they paid.

    Parameters
    ----------
    scores : DataFrame
        From ``rfm_scores`` with five scores.

    Returns
    -------
    DataFrame
        ``group``, ``customers``, ``customer_share``, ``total_amount`` (currency), ``amount_share``, ``advice``: one row for
        each of the eleven groups in the order of the scheme, empty ones too.

    Raises
    ------
    DataError
        As ``rfm_groups``.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> scores = pd.DataFrame({
    ...     "customer_id": [1, 2], "recency_days": [0, 99], "purchase_days": [9, 1], "total_amount": [90.0, 10.0],
    ...     "r_score": [5, 1], "f_score": [5, 1], "m_score": [5, 1],
    ... })
    >>> values = segmentation.group_values(scores)
    >>> values.loc[values.customers > 0, ["group", "customers", "amount_share"]]
            group  customers  amount_share
    0   champions          1           0.9
    10       lost          1           0.1
    """
    group = rfm_groups(scores)["group"].to_numpy()
    amounts = scores["total_amount"].groupby(group)
    table = pd.DataFrame({"group": [each.name for each in NAMED_GROUPS]})
    customers, total = table["group"].map(amounts.size()).fillna(0).astype(int), table["group"].map(amounts.sum()).fillna(0.0)
    return table.assign(
        customers=customers,
        customer_share=customers / len(scores),
        total_amount=total,
        amount_share=total / total.sum() if total.sum() > 0 else np.nan,
        advice=[each.advice for each in NAMED_GROUPS],
    )


def plot_groups(values: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each group's share of customers beside its share of what was paid.

    Parameters
    ----------
    values : DataFrame
        From ``group_values``.
    ax : matplotlib Axes, optional
        To draw on; by default those of a new chart.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DataError
        A column of ``group_values`` is missing or breaks its declaration, or nothing was paid.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import segmentation
    >>> scores = pd.DataFrame({
    ...     "customer_id": [1, 2], "recency_days": [0, 99], "purchase_days": [9, 1], "total_amount": [90.0, 10.0],
    ...     "r_score": [5, 1], "f_score": [5, 1], "m_score": [5, 1],
    ... })
    >>> print(segmentation.plot_groups(segmentation.group_values(scores)).get_title("left"))
    champions: 50.0 % of customers, who paid 90.0 % of all
    """
    values = _engine.made_table("values", values, "group_values", "segmentation.group_values")
    if values["amount_share"].isna().any():
        raise DataError("nothing was paid, so there are no shares to draw. Check the `amount` column of the orders.")
    shown = values[values["customers"] > 0].set_index("group")
    first = shown.index[int(np.argmax(np.round(shown["amount_share"], 9)))]
    ax = _draw.new_axes(ax, height=1.6 + 0.42 * len(shown))
    y = -np.arange(float(len(shown)))
    ax.hlines(y, shown["customer_share"], shown["amount_share"], color=_draw.PALE, linewidth=2)
    for column, colour, label in (
        ("customer_share", _draw.BLUE, "of customers"), ("amount_share", _draw.ORANGE, "of what was paid"),
    ):  # fmt: skip
        ax.plot(shown[column], y, "o", color=colour, markersize=9, label=label)
    ax.set_yticks(y, shown.index)
    ax.xaxis.set_major_formatter(lambda share, _: percent(share, 0))
    ax.grid(axis="y", visible=False)
    ax.legend(frameon=False)
    customers, amount = (percent(shown.loc[first, column]) for column in ("customer_share", "amount_share"))
    return _draw.decorate(
        ax,
        title=f"{first}: {customers} of customers, who paid {amount} of all",
        x="share",
        alt=f"Two dots for each of {len(shown)} named groups: its share of customers and its share of what was paid. "
        f"{first.capitalize()} paid most.",
    )
