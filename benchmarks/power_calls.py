"""Power of call lists: the rows of ``power`` on what sixty calls bring, each looked for in a firm with the calls and without.

At the beginning of the third year sixty customers are called with the offer of the win-back letter, by several rules that
know what the tables tell on that day. The firm with and without shares its random numbers, so the difference in profit is
the effect on that firm, without error; the share of firms says how sure its sign is.

    python benchmarks/power.py 20 retailer-v2
"""

from functools import lru_cache

import pandas as pd
from power import Row

from crmlab import btyd, segmentation, world

CALLS, START = 60, 25
SILENT = ("at risk", "cannot lose them")


@lru_cache(maxsize=1)
def profits(firm: world.Firm) -> pd.Series:
    """What the calls of each rule brought from their month to the end, after their cost."""
    day = pd.Timestamp(firm.day(START))
    orders = firm["orders"][firm["orders"].order_date < day]
    summary = btyd.purchase_summary(orders, until=day - pd.Timedelta(days=1))
    value = btyd.customer_value(btyd.fit_mbgnbd(summary), btyd.fit_gamma_gamma(summary), summary).table
    value = value.set_index("customer_id").discounted_spend
    groups = segmentation.rfm_groups(segmentation.rfm_scores(orders, until=day - pd.Timedelta(days=1)))
    paid = orders.groupby("customer_id").amount.sum()
    at_stake = paid[paid.index.isin(groups.customer_id[groups.group.isin(SILENT)])]
    lists = {
        "paid most": top(paid), "highest potential": top(value), "most at stake": top(at_stake),
        "by lot": paid.sample(CALLS, random_state=firm.setting.seed).index, "everybody": paid.index,
    }  # fmt: skip
    usual = firm["firm_months"].profit.sum()
    called = {rule: firm.rerun(calls=ids, start=START, offer="win-back letter") for rule, ids in lists.items()}
    return pd.Series({rule: run["firm_months"].profit.sum() - usual for rule, run in called.items()})


def top(score: pd.Series) -> pd.Index:
    """The customers with the highest score, of equal ones the smaller id."""
    rows = score.rename("score").reset_index()
    return rows.sort_values(["score", "customer_id"], ascending=[False, True], kind="stable").customer_id[:CALLS]


ROWS = (
    Row("lesson 03: sixty calls to those who paid most lose", "paired: profit of the year", 2_000,
        lambda firm: profits(firm)["paid most"] < 0, contract=False),
    Row("lesson 03: sixty calls to the highest potential lose", "paired: profit of the year", 2_000,
        lambda firm: profits(firm)["highest potential"] < 0, contract=False),
    Row("lesson 03: a call to everybody loses", "paired: profit of the year", 2_000,
        lambda firm: profits(firm)["everybody"] < 0, contract=False),
    Row("lesson 03: calls where most is at stake beat both lists of the best", "paired: profit of the year", 2_000,
        lambda firm: profits(firm)["most at stake"] > profits(firm)[["paid most", "highest potential"]].max(), contract=False),
    Row("lesson 03: calls where most is at stake beat the lot", "paired: profit of the year", 2_000,
        lambda firm: profits(firm)["most at stake"] > profits(firm)["by lot"], contract=False),
    Row("lesson 03: calls where most is at stake pay", "paired: profit of the year", 2_000,
        lambda firm: profits(firm)["most at stake"] > 0, "not taught", contract=False),
)  # fmt: skip
