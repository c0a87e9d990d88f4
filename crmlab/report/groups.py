"""Groups: the section of the report on orders that names customers' groups and says who moved.

It reads orders and a cut, and returns a section; the names and the counts come from ``segmentation``, and which other
sections the report has is known in ``orders``.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from crmlab import segmentation
from crmlab._result import percent
from crmlab.report.page import Folded, Part, Section, Table, Text, charts

_QUESTION = "Which groups are they in, and who moved?"
_SILENT = ("at risk", "cannot lose them")


def groups(orders: pd.DataFrame, until: dt.date) -> Section:
    """Name the groups of customers, their share of what was paid, and where they stood a year before the cut."""
    scores = segmentation.rfm_scores(orders, until=until)
    values = segmentation.group_values(scores)
    silent = values[values["group"].isin(_SILENT)]
    answer = (
        "Recency, frequency and money put each customer into one of eleven groups with a name. "
        f"{silent['customers'].sum():,} customers bought often or for much and have long been silent "
        f"({' or '.join(_SILENT)}): they have paid {silent['total_amount'].sum():,.0f} so far."
    )
    shown = values.assign(
        customer_share=values["customer_share"].map(percent), total_amount=values["total_amount"].round(2),
        amount_share=values["amount_share"].map(lambda share: percent(share) if share == share else ""),
    )  # fmt: skip
    pictures = charts(segmentation.plot_groups(values)) if values["amount_share"].notna().all() else ()
    note = Text("The borders are drawn by rule, at equal parts of the ranking: no proof that such kinds exist.", small=True)
    parts: tuple[Part, ...] = (*pictures, Folded("All groups, and what the scheme advises", (Table(shown), note)))
    moved = _moved(orders, scores, until)
    if moved is None:
        return Section(_QUESTION, f"{answer} Who moved cannot be said yet: no order lies a year or more before the cut.", parts)
    same, both = moved.stayed
    answer += (
        f" Of {both:,} who were customers a year before, {same:,} ({percent(same / both)}) are in the group they were in then; "
        f"{moved.new:,} customers are new since."
    )
    moves = moved.table
    moves = moves[moves["group_before"] != moves["group_after"]].sort_values("customers", ascending=False, kind="stable")
    moves = moves.assign(interval=[f"{percent(row.low)} to {percent(row.high)}" for row in moves.itertuples()])
    moves["share"] = moves["share"].map(percent)
    listed = Table(moves[["group_before", "group_after", "customers", "share", "interval"]])
    about = Text("Share of those who were in the group before, with its 95 % confidence interval.", small=True)
    return Section(_QUESTION, answer, (*parts, *charts(moved.plot()), Folded("Who moved where", (listed, about))))


def _moved(orders: pd.DataFrame, scores: pd.DataFrame, until: dt.date) -> segmentation.Migration | None:
    """Return who moved since a year before the cut, None if there were no customers then."""
    day = (pd.Timestamp(until) - pd.DateOffset(years=1)).date()
    if orders["order_date"].min().date() > day:
        return None
    before = segmentation.rfm_groups(segmentation.rfm_scores(orders, until=day))
    return segmentation.migration(before, segmentation.rfm_groups(scores))
