"""Power: in which share of firms an effect is found that a lesson teaches.

Simulates firms of the second edition and looks for each effect as somebody would who has the tables; where a row says truth,
what is looked for stands in no table. Prints the table of docs/world.md as Markdown; an effect is taught where it is found at
95 % in at least 80 % of firms of that size.

    python benchmarks/power.py            # 20 firms, a quarter of an hour
    python benchmarks/power.py 200 telecom-v2 --keep results  # an hour; can be interrupted

What concerns the pipeline stands in ``power_pipeline``, the chain from service to profit in ``power_chain``, calls to chosen
customers in ``power_calls``.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from scipy.cluster.vq import kmeans2
from scipy.special import expit

sys.path.insert(0, str(Path(__file__).parents[1]))
from crmlab import btyd, loyalty, satisfaction, segmentation, tables, world
from crmlab.world.presets import PRESETS

LEVEL = 1.96  # of |z|
RIDGE = 10.0
FIRST_SEED = 1001  # the numbers of the presets were tuned on seeds 1 to 28: the firms here are others
CONSUMERS = ("retailer-v2", "telecom-v2")
JUDGES = ((0.6, 0.3, 0.1), (0.2, 0.7, 0.1), (0.2, 0.3, 0.5))  # weights of current, potential and referral value
SPAM = tuple(
    world.Campaign(name=f"e-mail {month}-{number}", month_of_year=month, channel="e-mail", share=1.0, lift=0.4, cost=0.02)
    for month in range(1, 13)
    for number in range(4)
)


@dataclass(frozen=True, slots=True)
class Row:
    """An effect, how it is looked for, and in firms of which size.

    ``industries`` are the presets that have it; where none is named, all that sell to consumers. ``contract`` is None where
    both kinds of these have it.
    """

    effect: str
    method: str
    customers: int
    finds: Callable[[world.Firm], bool]
    mark: str = "80 %"
    contract: bool | None = None
    industries: tuple[str, ...] = CONSUMERS

    @property
    def key(self) -> str:
        return f"{self.effect}, {self.customers}"

    def concerns(self, industry: str) -> bool:
        return industry in self.industries and self.contract in (None, PRESETS[industry].contract)


# Methods


def z_of_shares(event: np.ndarray, group: np.ndarray) -> float:
    """The z of the difference between the share in the group and the share outside."""
    p, q, n, m = event[group].mean(), event[~group].mean(), group.sum(), (~group).sum()
    return (p - q) / np.sqrt(p * (1 - p) / n + q * (1 - q) / m)


def fit(features: np.ndarray, event: np.ndarray) -> np.ndarray:
    """The coefficients of a logistic regression with a small ridge, the constant first."""
    design = np.column_stack([np.ones(len(features)), features])
    ridge, coefficients = np.full(design.shape[1], RIDGE), np.zeros(design.shape[1])
    ridge[0] = 0.0
    for _ in range(20):
        chance = expit(design @ coefficients)
        information = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        coefficients += np.linalg.solve(information, design.T @ (event - chance) - ridge * coefficients)
    return coefficients


def predict(coefficients: np.ndarray, features: np.ndarray) -> np.ndarray:
    return expit(coefficients[0] + features @ coefficients[1:])


def auc(event: np.ndarray, score: np.ndarray) -> float:
    """The chance that somebody whom the event befell has the higher score."""
    n = event.sum()
    return (stats.rankdata(score)[event].sum() - n * (n + 1) / 2) / (n * (event.size - n))


def agreement(labels: np.ndarray, groups: np.ndarray) -> float:
    """The adjusted Rand index."""
    table = pd.crosstab(labels, groups).to_numpy()
    pairs = lambda counts: (counts * (counts - 1) / 2).sum()  # noqa: E731
    rows, columns = pairs(table.sum(axis=0)), pairs(table.sum(axis=1))
    expected = rows * columns / pairs(np.array([table.sum()]))
    return (pairs(table) - expected) / ((rows + columns) / 2 - expected)


def cluster(points: np.ndarray, groups: int) -> np.ndarray:
    """The best of eight runs of k-means."""
    runs = [kmeans2(points, groups, minit="++", seed=seed) for seed in range(8)]
    return min(runs, key=lambda run: ((points - run[0][run[1]]) ** 2).sum())[1]


def qini(gain: np.ndarray, score: np.ndarray) -> float:
    """The area between the gain of going by the score and that of going by lot."""
    curve = np.cumsum(gain[np.argsort(-score, kind="stable")]) / gain.size
    return curve.mean() - curve[-1] / 2


# What can be seen on a day


def by_customer(rows: pd.DataFrame, index: pd.Index, column: str = "") -> pd.Series:
    grouped = rows.groupby("customer_id")
    return (grouped[column].sum() if column else grouped.size()).reindex(index, fill_value=0)


def seen(firm: world.Firm, day: pd.Timestamp, index: pd.Index) -> np.ndarray:
    """What the tables tell of some customers on a day, standardised, shape (n, features)."""
    ago = lambda months: day - pd.DateOffset(months=months)  # noqa: E731
    file = firm["customers"].set_index("customer_id").loc[index]
    orders, usage = (firm[name][firm[name].customer_id.isin(index)] for name in ("orders", "usage"))
    orders, usage = orders[orders.order_date < day], usage[usage.month < day]
    tickets = firm["tickets"]
    complaints = tickets[tickets.complaint & (tickets.opened < day) & (tickets.opened >= ago(6))]
    survey = firm["survey"][firm["survey"].date < day]
    months = ((day - file.since).dt.days / 30.44).clip(lower=0.5)
    number = by_customer(orders, index)
    silent = (day - orders.groupby("customer_id").order_date.max().reindex(index)).dt.days.fillna(999) / 30.44
    recent = by_customer(orders[orders.order_date >= ago(3)], index)
    used = by_customer(usage, index, "times") / months
    answer = survey.sort_values("date").groupby("customer_id").overall_satisfaction.last().reindex(index)
    features = pd.DataFrame({
        "months": np.log(months), "orders": np.log1p(number), "rate": np.log1p(number / months), "silent": np.log1p(silent),
        "silence": np.log1p(silent * number / months), "just bought": silent < 3, "recent": np.log1p(recent),
        "amount": np.log(orders.groupby("customer_id").amount.mean().reindex(index).fillna(orders.amount.mean())),
        "used": np.log1p(used), "used of late": np.log1p(by_customer(usage[usage.month >= ago(2)], index, "times")),
        "used before": np.log1p(by_customer(usage[(usage.month < ago(2)) & (usage.month >= ago(6))], index, "times")),
        "complaints": by_customer(complaints, index), "slow": np.log1p(by_customer(complaints, index, "response_hours")),
        "answered": answer.notna(), "satisfaction": answer.fillna(answer.mean()), "opted out": file.opted_out < day,
    })  # fmt: skip
    baskets = pd.crosstab(orders.customer_id, orders.product_id).reindex(index, fill_value=0)
    shares = baskets.div(baskets.sum(axis=1) + 1, axis=0)
    attributes = pd.get_dummies(file[["channel", "region", "age_group"]])
    table = pd.concat([features, shares, attributes], axis=1).to_numpy(dtype=float)
    return (table - table.mean(axis=0)) / (table.std(axis=0) + 1e-9)


def runs(firm: world.Firm, name: str) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    """The day of each run of a campaign, and those to whom it turned."""
    campaigns, targets = firm["campaigns"], firm["campaign_targets"]
    campaigns = campaigns[campaigns.campaign == name]
    return [(row.date, targets[targets.campaign_id == row.campaign_id]) for row in campaigns.itertuples()]


def effect_by_lot(firm: world.Firm, name: str, first: int, stop: int, *, last: bool = False) -> float:
    """The z of having ordered in some months after a campaign, contacted against held out, all its years together."""
    events, groups, orders = [], [], firm["orders"]
    for day, targets in runs(firm, name)[-1 if last else 0 :]:
        if day + pd.DateOffset(months=stop) > pd.Timestamp(firm.day(firm.setting.months + 1)):
            continue
        begin, end = (day + pd.DateOffset(months=months) for months in (first, stop))
        bought = orders.customer_id[(orders.order_date >= begin) & (orders.order_date < end)]
        events.append(targets.customer_id.isin(bought))
        groups.append(targets.group == "contacted")
    return z_of_shares(np.concatenate(events), np.concatenate(groups))


# Effects


def needs_from_points(firm: world.Firm) -> bool:
    answers = firm["survey"].drop_duplicates("customer_id").set_index("customer_id").filter(like="importance_")
    need = firm.truth["customers"].set_index("customer_id").need[answers.index]
    return agreement(need.to_numpy(), cluster(answers.to_numpy(float), need.nunique())) >= 0.45


def needs_from_orders(firm: world.Firm) -> bool:
    baskets = pd.crosstab(firm["orders"].customer_id, firm["orders"].product_id)
    baskets = baskets[baskets.sum(axis=1) >= 4]
    need = firm.truth["customers"].set_index("customer_id").need[baskets.index]
    shares = baskets.div(baskets.sum(axis=1), axis=0).to_numpy()
    return agreement(need.to_numpy(), cluster(shares, need.nunique())) >= 0.2


def needs_differ_in_value(firm: world.Firm) -> bool:
    """What those brought on average who have been customers for a year or more."""
    them = firm.truth["customers"].set_index("customer_id")
    profit = firm["customer_months"].groupby("customer_id").profit.sum().reindex(them.index, fill_value=0.0)
    old = them.since < pd.Timestamp(firm.day(firm.setting.months - 11))
    means = profit[old].groupby(them.need[old]).mean()
    return means.max() >= 3 * means.min()


def stay_and_profit(firm: world.Firm) -> bool:
    them = firm.truth["customers"].set_index("customer_id")
    profit = firm["customer_months"].groupby("customer_id").profit.sum().reindex(them.index, fill_value=0.0)
    stay = (them.left.fillna(pd.Timestamp(firm.day(firm.setting.months + 1))) - them.since).dt.days
    return 0.2 <= np.corrcoef(stay, profit)[0, 1] <= 0.45


def tenure_growth(firm: world.Firm) -> pd.DataFrame:
    """Growth of profit from the first to the second year of the relationship, by view."""
    customers = firm["customers"][["customer_id", "since"]]
    if firm.industry.contract:
        left = firm["contracts"].groupby("customer_id").ended.max().rename("left")
        customers = customers.join(left, on="customer_id")
    return loyalty.tenure_profit(customers, firm["customer_months"]).growth().set_index("view")


def growth_is_leaving(firm: world.Firm) -> bool:
    return tenure_growth(firm).share_low["the leaving of others"] > 0


def those_still_there_grow(firm: world.Firm) -> bool:
    return tenure_growth(firm).low["still there"] > 0


def the_same_people_grow_little(firm: world.Firm) -> bool:
    return tenure_growth(firm).share_high["the same people"] < 0.1


def channels_differ(firm: world.Firm) -> bool:
    """What customers of the first two years have brought, by channel."""
    file = firm["customers"][firm["customers"].since < pd.Timestamp(firm.day(firm.setting.months - 11))]
    profit = firm["customer_months"].groupby("customer_id").profit.sum().reindex(file.customer_id, fill_value=0.0).to_numpy()
    return stats.kruskal(*(profit[file.channel == channel] for channel in file.channel.unique())).pvalue < 0.05


def views_foretell_profit(firm: world.Firm) -> bool:
    profit = firm["customer_months"].groupby("customer_id").profit.sum()
    prospects = firm["prospects"][firm["prospects"].kind == "new"].set_index("customer_id").page_views.reindex(profit.index)
    result = stats.spearmanr(prospects, profit)
    return result.pvalue < 0.05 and result.statistic > 0


def risk_after_complaint(firm: world.Firm) -> float:
    """How many times more of those leave in half a year who complained in the quarter before, by the truth."""
    left, counts = firm.truth["customers"].set_index("customer_id"), np.zeros(4)
    tickets = firm["tickets"][firm["tickets"].complaint]
    for month in range(13, 31, 3):
        begin, day, end = (pd.Timestamp(firm.day(each)) for each in (month - 3, month, month + 6))
        there = left[(left.since < begin) & ~(left.left < day)]
        complained = there.index.isin(tickets.customer_id[(tickets.opened >= begin) & (tickets.opened < day)])
        gone = (there.left < end).to_numpy()
        counts += [gone[complained].sum(), complained.sum(), gone[~complained].sum(), (~complained).sum()]
    return (counts[0] / counts[1]) / (counts[2] / counts[3])


def slow_answers_hurt(firm: world.Firm) -> bool:
    """Whether they order (contract: are still there) in the half year after a complaint that was answered slowly."""
    day = pd.Timestamp(firm.day(firm.setting.months - 5))
    tickets = firm["tickets"][firm["tickets"].complaint & (firm["tickets"].opened < day)].reset_index(drop=True)
    end = tickets.opened + pd.DateOffset(months=6)
    if firm.industry.contract:
        lost = (tickets.customer_id.map(firm["contracts"].set_index("customer_id").ended) < end).to_numpy()
    else:
        orders = tickets.reset_index().merge(firm["orders"][["customer_id", "order_date"]], on="customer_id")
        later = orders[(orders.order_date > orders.opened) & (orders.order_date < orders["index"].map(end))]
        lost = ~tickets.index.isin(later["index"])
    return z_of_shares(lost, (tickets.response_hours > tickets.response_hours.median()).to_numpy()) > LEVEL


def usage_falls(firm: world.Firm) -> bool:
    """Of those who left after eight months or more: used less in the last two months than half a year before."""
    them = firm.truth["customers"].set_index("customer_id")
    left = them.left[them.left > them.since + pd.DateOffset(months=8)]
    used = firm["usage"][firm["usage"].customer_id.isin(left.index)]
    day = used.customer_id.map(left)
    before = (day.dt.year - used.month.dt.year) * 12 + day.dt.month - used.month.dt.month
    late, early = (by_customer(used[before.isin(months)], left.index, "times") for months in ((1, 2), (6, 7)))
    return stats.ttest_rel(early, late).statistic > LEVEL


def early_warning(firm: world.Firm) -> float:
    """The AUC of leaving in the half year to come, fitted on one half of the customers and tried on the other."""
    month = firm.setting.months - 11
    day, end = (pd.Timestamp(firm.day(each)) for each in (month, month + 6))
    them = firm.truth["customers"].set_index("customer_id")
    there = them[(them.since < day - pd.DateOffset(months=6)) & ~(them.left < day)]
    features, leaves = seen(firm, day, there.index), (there.left < end).to_numpy()
    half = np.arange(leaves.size) % 2 == 0
    return auc(leaves[~half], predict(fit(features[half], leaves[half]), features[~half]))


def last_wave(firm: world.Firm, table: str, wave: int) -> pd.DataFrame:
    rows = firm.truth[table[6:]] if table.startswith("truth_") else firm[table]
    return rows[rows.wave == wave].set_index("customer_id")


def derived_beats_stated(firm: world.Firm) -> bool:
    """Importance by regression of satisfaction on the five dimensions is nearer to the true weights than what is told."""
    survey = last_wave(firm, "survey", 6)
    perceived = {name: [item for item in tables.ITEMS if item.dimension == name] for name in tables.DIMENSIONS}
    means = pd.DataFrame({
        name: pd.concat([8 - survey[f"perceived_{item.name}"] if item.reverse else survey[f"perceived_{item.name}"]
                         for item in items], axis=1).astype(float).mean(axis=1)
        for name, items in perceived.items()
    })  # fmt: skip
    design = np.column_stack([np.ones(len(means)), means])
    slopes = np.linalg.lstsq(design, survey.overall_satisfaction.to_numpy(float))[0][1:]
    weights = firm.truth["customers"][[f"weight_{name}" for name in tables.DIMENSIONS]].mean().to_numpy()
    stated = survey[[f"importance_{name}" for name in tables.DIMENSIONS]].mean().to_numpy() / 100
    return np.abs(slopes / slopes.sum() - weights).sum() < np.abs(stated - weights).sum()


def silence_is_corrected(firm: world.Firm) -> bool:
    """The mean of the answers misses that of all, and with the call-back of the silent the interval holds it."""
    answers, called, asked = (last_wave(firm, name, 6) for name in ("survey", "call_backs", "truth_survey"))
    rate, true = len(answers) / len(asked), asked.overall_satisfaction.mean()
    mean, variance = answers.overall_satisfaction.mean(), answers.overall_satisfaction.var() / len(answers)
    corrected = rate * mean + (1 - rate) * called.overall_satisfaction.mean()
    error = rate**2 * variance + (1 - rate) ** 2 * called.overall_satisfaction.var() / len(called)
    return abs(mean - true) > LEVEL * variance**0.5 and abs(corrected - true) < LEVEL * error**0.5


def commitment_foretells(firm: world.Firm) -> bool:
    """Whether those who left within half a year had answered lower."""
    bonds = last_wave(firm, "relationship", 4).filter(like="commitment").mean(axis=1)
    left = firm.truth["customers"].set_index("customer_id").left[bonds.index]
    leaves = (left < pd.Timestamp(firm.day(31))).to_numpy()
    return stats.mannwhitneyu(bonds[leaves], bonds[~leaves], alternative="less").pvalue < 0.025


def waits_follow_load(firm: world.Firm) -> bool:
    """Whether more callers wait longer than 20 seconds on Mondays, for which too few agents are there, than on Sundays."""
    calls = firm["calls"]
    weekday = calls.date.dt.day_of_week
    two = calls[weekday.isin([0, 6])]
    return z_of_shares((two.wait_seconds > 20).to_numpy(), (two.date.dt.day_of_week == 0).to_numpy()) > LEVEL


def long_waits_hurt_satisfaction(firm: world.Firm) -> bool:
    """Answers of those whose last call in the quarter before began with more than a minute in the queue, against the others."""
    calls = firm["calls"][firm["calls"].reopens.isna()]
    answers = firm["survey"][["customer_id", "wave", "date", "overall_satisfaction"]]
    both = calls.merge(answers, on="customer_id", suffixes=("", "_asked")).sort_values(
        ["date", "arrival_seconds"], kind="stable"
    )
    both = both[(both.date < both.date_asked) & (both.date >= both.date_asked - pd.DateOffset(months=3))]
    last = both.drop_duplicates(["customer_id", "wave"], keep="last")
    answer, waited = last.overall_satisfaction.to_numpy(float), (last.wait_seconds > 60).to_numpy()
    return stats.ttest_ind(answer[waited], answer[~waited]).statistic < -LEVEL


def long_waits_hurt_staying(firm: world.Firm) -> bool:
    """Whether more of those are gone in half a year whose calls of the quarter before waited over a minute on average."""
    calls, ended = firm["calls"], firm["contracts"].set_index("customer_id").ended
    lost, waited = [], []
    for month in range(7, firm.setting.months - 5, 6):
        begin, day, end = (pd.Timestamp(firm.day(each)) for each in (month - 3, month, month + 6))
        waits = calls[(calls.date >= begin) & (calls.date < day)].groupby("customer_id").wait_seconds.mean()
        until = ended[waits.index]
        there = (~(until < day)).to_numpy()
        lost.append((until < end).to_numpy()[there])
        waited.append((waits > 60).to_numpy()[there])
    return z_of_shares(np.concatenate(lost), np.concatenate(waited)) > LEVEL


def transferred_calls_come_back(firm: world.Firm) -> bool:
    calls = firm["calls"][~firm["calls"].abandoned]
    return z_of_shares(calls.call_id.isin(firm["calls"].reopens).to_numpy(), calls.transferred.to_numpy()) > LEVEL


def uplift_is_learnt(firm: world.Firm) -> bool:
    """Two logits on one half of the customers of one campaign by lot, against one that foretells orders; gain by the truth."""
    name = next(campaign.name for campaign in firm.industry.campaigns if campaign.lift and not campaign.targeted)
    day, targets = runs(firm, name)[-1]
    targets = targets.drop_duplicates("customer_id", keep=False).set_index("customer_id")  # those with one record have one lot
    truth = firm.truth["campaigns"]
    truth = truth[truth.campaign_id == targets.campaign_id.iloc[0]].set_index("customer_id").reindex(targets.index)
    orders = firm["orders"]
    bought = targets.index.isin(
        orders.customer_id[(orders.order_date >= day) & (orders.order_date < day + pd.DateOffset(months=1))]
    )
    contacted, half = (targets.group == "contacted").to_numpy(), np.arange(len(targets)) % 2 == 0
    features, gain = seen(firm, day, targets.index), (truth.orders_if_contacted - truth.orders_if_not).to_numpy()
    with_contact, without = (fit(features[half & group], bought[half & group]) for group in (contacted, ~contacted))
    response = predict(with_contact, features[~half])
    return qini(gain[~half], response - predict(without, features[~half])) > qini(gain[~half], response)


def miscounted(firm: world.Firm, measure: str) -> pd.Series:
    """What the firm counts in the last year by record, and what is true."""
    counts = firm.truth["counts"]
    return counts[counts.measure == measure].iloc[-1]


def inflated(firm: world.Firm, measure: str) -> bool:
    """Whether a count is too high by 5 % or more."""
    count = miscounted(firm, measure)
    return count.difference >= 0.05 * count.true


def spam_loses(firm: world.Firm) -> bool:
    """The same firm with four e-mails a month to everybody, and with no campaign at all."""
    profit = [
        world.simulate(replace(firm.industry, campaigns=campaigns), customers=firm.setting.customers, seed=firm.setting.seed,
                       tables=[])["firm_months"].profit.sum()
        for campaigns in (SPAM, ())
    ]  # fmt: skip
    return profit[0] < profit[1]


# What lessons 01, 05 and 09 teach


def pays(**change: float) -> Callable[[world.Firm], bool]:
    """Whether a change from the second year on raises profit at its own cost: the same firm, the same luck."""
    return lambda firm: firm.rerun(**change, start=13)["firm_months"].profit.sum() > firm["firm_months"].profit.sum()


def cards_mislead(firm: world.Firm) -> bool:
    """Those who ordered on three days or more buy again more often, though nothing was done for them."""
    orders, day = firm["orders"], pd.Timestamp(firm.day(25))
    days = orders[orders.order_date < day].groupby("customer_id").order_date.nunique()
    again = days.index.isin(orders.customer_id[orders.order_date >= day])
    return z_of_shares(again, (days >= 3).to_numpy()) > LEVEL


def responsiveness_falls_short_most(firm: world.Firm) -> bool:
    """The difference to the dimension that comes next, customer by customer."""
    gaps = satisfaction.score_rater(firm["survey"]).respondents.set_index("respondent")
    gaps = gaps[[f"gap_{name}" for name in tables.DIMENSIONS]].dropna()
    first, second = gaps.mean().nsmallest(2).index
    more = gaps[second] - gaps[first]
    error = (more - more.mean()).groupby(level=0).sum().pow(2).sum() ** 0.5 / len(more)
    return first == "gap_responsiveness" and more.mean() > LEVEL * error


def two_move_most(firm: world.Firm) -> bool:
    """The slopes of reliability and responsiveness, their mean less that of the other three."""
    drivers = satisfaction.fit_drivers(satisfaction.score_rater(firm["survey"]), seed=1, draws=200)
    first = np.isin(drivers.predictors, ("reliability", "responsiveness"))
    contrast = np.where(first, 1 / 2, -1 / 3)
    return np.quantile(drivers.samples.slope @ contrast, 0.025) > 0


def managers_overrate_tangibles(firm: world.Firm) -> bool:
    answers = satisfaction.score_rater(firm["survey"]).respondents
    judged = satisfaction.misjudgement(
        answers[answers.wave == answers.wave.max()], firm["manager_survey"], seed=1, permutations=199
    )
    return judged.p_value < 0.05 and judged.table.set_index("dimension").loc["tangibles", "low"] > 0


def file_at_the_end(firm: world.Firm) -> tuple[pd.DataFrame, np.ndarray]:
    """What Pareto/NBD says of everybody at stake, how long they have been silent, and, by the truth, what is lost with them."""
    summary = btyd.purchase_summary(firm["orders"], until=firm.day(firm.setting.months + 1))
    pareto, spend = btyd.fit_pareto_nbd(summary), btyd.fit_gamma_gamma(summary)
    value = btyd.customer_value(pareto, spend, summary, annual_rate=0.1, weeks=156).table
    stake = value.discounted_spend * (1 / value.p_alive - 1)
    truth = firm.truth["customers"].set_index("customer_id").loc[summary.customer_id]
    back = firm.truth["returns"].query("left.isna()").customer_id
    gone = ~(truth.left.isna() | truth.index.isin(back)).to_numpy()
    lost = gone * (truth.purchase_rate * truth.mean_spend).to_numpy()
    return pd.DataFrame({"stake": stake, "silent": summary.age_weeks - summary.recency_weeks}), lost


def most_is_lost_where_most_is_at_stake(firm: world.Firm) -> bool:
    """Of two hundred by what is at stake, more is lost than of the two hundred who were silent for longest."""
    people, lost = file_at_the_end(firm)
    chosen = [lost[people[column].nlargest(200).index] for column in ("stake", "silent")]
    return stats.ttest_ind(*chosen, equal_var=False).statistic > LEVEL


def three_parts(firm: world.Firm, month: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Current, potential and referral value on the first day of a month, and what each customer has paid until then."""
    day = pd.Timestamp(firm.day(month))
    orders, money, friends = firm["orders"], firm["customer_months"], firm["referrals"]
    money, friends = money[money.month < day], friends[friends.date < day]
    summary = btyd.purchase_summary(orders[orders.order_date < day])
    value = btyd.customer_value(btyd.fit_mbgnbd(summary), btyd.fit_gamma_gamma(summary), summary).table
    margin = 1 - (money.goods_cost + money.service_cost).sum() / money.revenue.sum()
    values = loyalty.clv_from_forecast(value[["customer_id", "discounted_purchases", "spend"]], margin=margin)
    paid = orders[orders.order_date < day].groupby("customer_id").amount.sum().rename("score").reset_index()
    return segmentation.value_indicators(money, values, friends).table, paid


def best_are_not_the_biggest(firm: world.Firm) -> bool:
    """Of the sixty who bring most in the last year, fewer than two thirds are among the sixty who had paid most before."""
    month = firm.setting.months - 11
    parts, paid = three_parts(firm, month)
    money = firm["customer_months"]
    later = by_customer(money[money.month >= pd.Timestamp(firm.day(month))], pd.Index(parts.customer_id), "profit")
    best = segmentation.value_score(later.rename_axis("customer_id").reset_index()).top(60)
    shared = len(set(best) & set(segmentation.value_score(paid).top(60)))
    return stats.binomtest(shared, 60).proportion_ci(method="wilson").high < 2 / 3


def judges_disagree(firm: world.Firm) -> bool:
    """Of sixty names on the list of one judge, fewer than three quarters stand on all three."""
    parts, _ = three_parts(firm, firm.setting.months + 1)
    weights = [dict(zip(("current", "potential", "referral"), each, strict=True)) for each in JUDGES]
    shared = set.intersection(*(set(segmentation.value_score(parts, each).top(60)) for each in weights))
    return stats.binomtest(len(shared), 60).proportion_ci(method="wilson").high < 3 / 4


ROWS = (
    Row("needs are found from importance points", "k-means, Rand index at least .45 (truth)", 2_000, needs_from_points),
    Row("needs are found from orders", "k-means of product shares, at least .2 (truth)", 2_000, needs_from_orders),
    Row("needs differ in value by three or more", "profit by need (truth)", 2_000, needs_differ_in_value),
    Row("length of stay and profit", "correlation within .20 to .45 (truth)", 2_000, stay_and_profit),
    Row("growth with tenure is the leaving of others", "second year beside the first: the two growths differ", 2_000,
        growth_is_leaving),
    Row("profit of those still there grows", "second year beside the first, interval of the mean", 2_000,
        those_still_there_grow, contract=False),
    Row("profit of those still there grows", "second year beside the first, interval of the mean", 5_000,
        those_still_there_grow, contract=True),
    Row("the same people do not grow by a tenth", "second year beside their first, upper end", 5_000,
        the_same_people_grow_little),
    Row("channels bring different people", "rank test of profit by channel", 2_000, channels_differ),
    Row("signals at entry foretell profit", "rank correlation with page views", 10_000, views_foretell_profit),
    Row("usage falls before leaving", "paired t: last two months, half a year before (truth)", 2_000, usage_falls),
    Row("over-contacting loses money", "paired: four e-mails a month or none", 2_000, spam_loses),
    Row("importance: derived is nearer than stated", "regression, sum of errors of the shares (truth)", 2_000,
        derived_beats_stated),
    Row("the silent can be corrected for", "call-back: interval holds, naive misses the mean (truth)", 2_000,
        silence_is_corrected),
    Row("commitment foretells leaving", "rank test, left within half a year (truth)", 2_000, commitment_foretells),
    Row("doubles inflate the count of customers", "5 % or more: records ordered under in the last year (truth)", 2_000,
        lambda firm: inflated(firm, "buyers")),
    Row("doubles lower the repeat rate", "2 points or more: ordered twice in the last year (truth)", 2_000,
        lambda firm: miscounted(firm, "repeat rate").difference <= -0.02),
    Row("doubles raise the cost of mailings", "5 % or more in the last year (truth)", 2_000,
        lambda firm: inflated(firm, "mailing cost")),
    Row("a slow answer hurts", "silent (contract: gone) within half a year of the complaint", 10_000, slow_answers_hurt),
    Row("a complaint doubles the risk", "leaving within half a year, 1.6 to 2.4 times (truth)", 10_000,
        lambda firm: 1.6 <= risk_after_complaint(firm) <= 2.4),
    Row("early warning", "logit, AUC .70 to .80 on the other half (truth)", 10_000,
        lambda firm: 0.7 <= early_warning(firm) <= 0.8),
    Row("one campaign by lot acts", "spring letter, ordered in the month", 10_000,
        lambda firm: effect_by_lot(firm, "spring letter", 0, 1, last=True) > LEVEL, contract=False),
    Row("one campaign by lot acts", "handset letter, ordered in the month", 10_000,
        lambda firm: effect_by_lot(firm, "handset letter", 0, 1, last=True) > LEVEL, contract=True),
    Row("a discount pulls orders forward", "autumn offer, three years: ordered in the two months after", 10_000,
        lambda firm: effect_by_lot(firm, "autumn offer", 1, 3) < -LEVEL, contract=False),
    Row("a discount pulls orders forward", "roaming offer, three years: ordered in the two months after", 10_000,
        lambda firm: effect_by_lot(firm, "roaming offer", 1, 3) < -LEVEL, contract=True),
    Row("some of those who left return", "win-back letter, two years: ordered within three months", 10_000,
        lambda firm: effect_by_lot(firm, "win-back letter", 0, 3) > LEVEL, contract=False),
    Row("lesson 01: reliability +.5 pays, at its cost", "paired: with and without, two years", 2_000, pays(reliability=0.5),
        contract=False),
    Row("lesson 01: tangibles +.5 lose, at their cost", "paired: with and without, two years", 2_000,
        lambda firm: not pays(tangibles=0.5)(firm), contract=False),
    Row("lesson 01: who came three times buys again", "share of the third year, no cause at all", 2_000, cards_mislead,
        contract=False),
    Row("lesson 05: responsiveness falls short most", "gap less the next one, by customer", 2_000,
        responsiveness_falls_short_most, contract=False),
    Row("lesson 05: reliability and responsiveness move satisfaction most", "regression, these two against three", 2_000,
        two_move_most, contract=False),
    Row("lesson 05: managers overrate tangibles", "permutations, interval of the difference", 2_000,
        managers_overrate_tangibles, contract=False),
    Row("lesson 05: promising half a point less pays", "paired: with and without, two years", 2_000, pays(promises=-0.5),
        contract=False),
    Row("lesson 09: most is lost where most is at stake", "two hundred each: at stake, silent for longest (truth)", 2_000,
        most_is_lost_where_most_is_at_stake, contract=False),
    Row("uplift can be learnt", "two logits against a response model, Qini on the other half (truth)", 20_000,
        uplift_is_learnt, "90 %"),
    Row("waits follow load", "more than 20 seconds: Mondays against Sundays", 20_000, waits_follow_load, contract=True),
    Row("a long wait hurts satisfaction", "t: the last call of the quarter before waited over a minute", 20_000,
        long_waits_hurt_satisfaction, contract=True),
    Row("a long wait hurts staying", "gone in half a year: mean wait of the quarter before over a minute", 20_000,
        long_waits_hurt_staying, contract=True),
    Row("transferred calls are reopened more", "share of answered calls that are followed by another in the matter", 20_000,
        transferred_calls_come_back, contract=True),
    Row("lesson 03: the best are not the biggest", "fewer than two thirds of sixty: next year's profit, paid so far", 2_000,
        best_are_not_the_biggest, contract=False),
    Row("lesson 03: three judges choose different customers", "fewer than three quarters of sixty on all lists", 2_000,
        judges_disagree, contract=False),
)  # fmt: skip


def table(industry: str, firms: int, kept: Path | None) -> str:
    from power_calls import ROWS as CALLS
    from power_chain import ROWS as CHAIN
    from power_pipeline import ROWS as PIPELINE

    rows = [row for row in (*ROWS, *CALLS, *CHAIN, *PIPELINE) if row.concerns(industry)]
    seeds = range(FIRST_SEED, FIRST_SEED + firms)
    shares = np.mean([found_in(industry, seed, rows, kept) for seed in seeds], axis=0)
    heads = (f"effect in {industry} | method | customers | share of {firms} firms | mark", " | ".join(["---"] * 5))
    lines = [
        f"{row.effect} | {row.method} | {row.customers:,} | {100 * share:.0f} % | {row.mark}"
        for row, share in zip(rows, shares, strict=True)
    ]
    return "\n".join(f"| {line} |" for line in (*heads, *lines))


def found_in(industry: str, seed: int, rows: list[Row], kept: Path | None) -> list[bool]:
    """Which effects are found in one firm; kept, so that an interrupted run goes on where it stood."""
    file = kept and kept / f"{industry}-{seed}.json"
    known = json.loads(file.read_text()) if file and file.exists() else {}
    missing = {row.key: row for row in rows if row.key not in known}
    for size in sorted({row.customers for row in missing.values()}):
        firm = world.simulate(industry, customers=size, seed=seed)
        known |= {key: bool(row.finds(firm)) for key, row in missing.items() if row.customers == size}
    if file and missing:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known, indent=0))
    return [known[row.key] for row in rows]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the table of powers.")
    parser.add_argument("firms", type=int, nargs="?", default=20)
    parser.add_argument("industries", nargs="*", default=[*CONSUMERS, "manufacturer-v1", "homebuilder-v1", "insurer-v1"])
    parser.add_argument("--keep", type=Path, help="a folder for the result of each firm: an interrupted run goes on there")
    chosen = parser.parse_args()
    for name in chosen.industries:
        print(table(name, chosen.firms, chosen.keep), end="\n\n", flush=True)
