"""The section on named groups: its counts are those of plain tables, and it says what cannot be said."""

import datetime as dt

import pandas as pd

from crmlab import datasets, segmentation
from crmlab.report.groups import groups
from crmlab.report.page import Folded


def test_the_section_counts_who_moved():
    orders, day = datasets.load("orders"), dt.date(2025, 12, 31)
    section = groups(orders, day)
    now = segmentation.rfm_groups(segmentation.rfm_scores(orders, until=day)).set_index("customer_id")["group"]
    before = segmentation.rfm_groups(segmentation.rfm_scores(orders, until="2024-12-31")).set_index("customer_id")["group"]
    same = int((before == now[before.index]).sum())
    assert f"Of {len(before):,} who were customers a year before, {same:,} ({100 * same / len(before):.1f} %)" in section.answer
    assert f"{len(now) - len(before):,} customers are new since" in section.answer
    silent = now.isin(["at risk", "cannot lose them"])
    assert f"{silent.sum():,} customers bought often or for much" in section.answer
    paid = orders[orders.customer_id.isin(now.index[silent])].amount.sum()
    assert f"they have paid {paid:,.0f} so far" in section.answer
    values, moves = (part.parts[0].frame for part in section.parts if isinstance(part, Folded))
    assert values.customers.sum() == len(now)
    assert moves.customers.sum() == len(now) - same
    assert section.anchor == "moved"


def test_the_section_says_what_cannot_be_said():
    """A year must lie before the cut; without money there are no shares."""
    orders = pd.DataFrame({"customer_id": ["a", "b"], "order_date": pd.Timestamp("2024-02-01"), "amount": 0.0})
    section = groups(orders, dt.date(2025, 1, 31))
    assert "Who moved cannot be said yet" in section.answer
    assert len(section.parts) == 1
    assert "Of 2 who were customers a year before, 2 (100.0 %)" in groups(orders, dt.date(2025, 2, 1)).answer
