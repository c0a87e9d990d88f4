"""Power of the pipeline: the rows of ``power`` that look for what deals, answers, scores and departures do.

Looked for as somebody would who has the tables; where a row says truth, what is looked for stands in no table.

    python benchmarks/power.py 20 manufacturer-v1 homebuilder-v1 insurer-v1
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from power import LEVEL, Row, auc, fit, predict
from scipy import stats

from crmlab import development, tables, world

MAKER, BUILDER, INSURER = SECTORS = ("manufacturer-v1", "homebuilder-v1", "insurer-v1")
WITH_VALUE = (MAKER, BUILDER)


def runs(firm: world.Firm) -> pd.DataFrame:
    """New prospects of all but the last year, with what is noted of their deals, and whether they were won."""
    new = firm["prospects"][firm["prospects"].kind == "new"].set_index("prospect_id")
    new = new[new.created < pd.Timestamp(firm.day(firm.setting.months - 11))]
    return new.join(firm["deals"].set_index("prospect_id").drop(columns="customer_id")).assign(won=new.outcome == "won")


def at_entry(them: pd.DataFrame) -> pd.DataFrame:
    """What is known on the first day, standardised."""
    numbers = them[["means", "intent", "page_views", "asked_for_offer", "distance_hours", "channel", "region", "age_group"]]
    table = pd.get_dummies(numbers, dtype=float).astype(float)
    return (table - table.mean()) / (table.std() + 1e-9)


def objections(firm: world.Firm) -> pd.DataFrame:
    """Objections of whose end the firm knows, and whether they were overcome."""
    events = firm["stage_events"][["prospect_id", "step", "outcome"]]
    answered = firm["objections"].merge(events, on=["prospect_id", "step"]).dropna(subset=["outcome"])
    return answered.assign(overcome=answered.outcome == "advanced")


def selection_is_real(firm: world.Firm) -> bool:
    """Heckman's second step: the inverse of Mills' ratio, made with the distance, has a coefficient other than zero."""
    them = runs(firm)
    known = sm.add_constant(pd.DataFrame({"means": them.means, "intent": them.intent, "views": np.log1p(them.page_views)}))
    known = known.astype(float)
    index = sm.Probit(them.won.astype(float), known.assign(distance=them.distance_hours)).fit(disp=0)
    score = np.asarray(index.predict(which="linear"))
    mills = (stats.norm.pdf(score) / stats.norm.cdf(score))[them.won]
    paid = sm.OLS(np.log(them.deal_value[them.won]), known[them.won].assign(mills=mills)).fit()
    return abs(paid.tvalues["mills"]) > LEVEL and index.tvalues["distance"] < -LEVEL


def stalled_deals_lose(firm: world.Firm) -> bool:
    """A logit of going on, on the days in the stage to the usual ones of the stage, with the stages as dummies."""
    ended = firm["stage_events"].dropna(subset=["outcome"])
    days = (ended.left - ended.entered).dt.days
    age = days / days.groupby(ended.stage).transform("mean")
    design = pd.get_dummies(ended.stage, dtype=float).assign(age=age)
    model = sm.Logit(ended.outcome.isin(["advanced", "skipped ahead", "won"]).astype(float), design).fit(disp=0)
    return model.tvalues["age"] < -LEVEL


def answers_matter(firm: world.Firm) -> bool:
    """A likelihood-ratio test: does what was answered help, given what was objected, beyond the answers' own means?"""
    answered = objections(firm)
    kind, answer = (pd.get_dummies(answered[column], dtype=float).iloc[:, 1:] for column in ("objection", "answer"))
    plain = sm.add_constant(pd.concat([kind, answer], axis=1))
    both = pd.DataFrame({f"{k} {a}": kind[k] * answer[a] for k in kind for a in answer})
    small, large = (sm.GLM(answered.overcome.astype(float), design, family=sm.families.Binomial()).fit()
                    for design in (plain, pd.concat([plain, both], axis=1)))  # fmt: skip
    return stats.chi2.sf(2 * (large.llf - small.llf), both.shape[1]) < 0.05


def price_cuts_are_not_all(firm: world.Firm) -> bool:
    """The best answer to doubt is found: owners or customers who tell overcome it more often than all other answers."""
    answered = objections(firm)
    answered = answered[answered.objection == "trust"]
    best = answered.answer.isin(["reference visit", "talk with owners", "customers who tell"]).to_numpy()
    p, q, n, m = answered.overcome[best].mean(), answered.overcome[~best].mean(), best.sum(), (~best).sum()
    return (p - q) / np.sqrt(p * (1 - p) / n + q * (1 - q) / m) > LEVEL


def qualification(firm: world.Firm) -> float:
    """The AUC of winning by what is known on the first day: fitted on the first 60 % of time, tried on the rest."""
    them = runs(firm).sort_values("created", kind="stable")
    features, won = at_entry(them).to_numpy(), them.won.to_numpy()
    old = np.arange(len(them)) < 0.6 * len(them)
    return auc(won[~old], predict(fit(features[old], won[old]), features[~old]))


def deciders_decide(firm: world.Firm) -> bool:
    """Of those whose objections were talked about: won more often where the decider was met, scores held equal."""
    them, contacts = runs(firm), firm["deal_contacts"]
    there = firm["stage_events"].prospect_id[firm["stage_events"].stage == "closing"]
    met = contacts[contacts.role == "decider"].set_index("prospect_id").met.notna()
    them = them[them.index.isin(there)]
    design = sm.add_constant(them[["means", "intent", "distance_hours"]].astype(float).assign(met=met.reindex(them.index)))
    return sm.Logit(them.won.astype(float), design.astype(float)).fit(disp=0).tvalues["met"] > LEVEL


def value_lengthens(firm: world.Firm) -> bool:
    """Among deals whose needs are understood: the larger the expected value, the longer the way to the contract."""
    won = runs(firm).query("won and expected_value.notna()")
    result = stats.spearmanr((won.closed - won.created).dt.days, won.expected_value)
    return result.pvalue < 0.05 and result.statistic > 0


def departures_hurt(firm: world.Firm) -> bool:
    """The same firm when half of its desks lose their salesperson in month 13: profit from there on lower by 3 % or more."""
    months = [each["firm_months"].profit.iloc[12:].sum() for each in (firm, firm.rerun(departures=0.5, start=13))]
    return months[1] < 0.97 * months[0]


def deserted_are_lost(firm: world.Firm) -> bool:
    """Prospects on the way when their salesperson left without a hand-over are won less often than those handed over."""
    them = runs(firm)
    sellers = firm["salespeople"].set_index("salesperson_id")
    left, over = (them.salesperson_id.map(sellers[column]) for column in ("left", "handed_over"))
    on_the_way = ~(them.closed < left) & (left < them.created + pd.DateOffset(days=90))
    them, gone = them[on_the_way], (over[on_the_way] == "no").to_numpy()
    p, q, n, m = them.won[gone].mean(), them.won[~gone].mean(), gone.sum(), (~gone).sum()
    return (q - p) / np.sqrt(p * (1 - p) / n + q * (1 - q) / m) > LEVEL


def slow_claims_lose(firm: world.Firm) -> bool:
    """Contracts that ended at the first renewal after a claim: more often after one that was settled slowly."""
    claims = firm["tickets"][firm["tickets"].kind.str.startswith("claim")]
    ended = claims.customer_id.map(firm["contracts"].set_index("customer_id").ended)
    seen = claims.opened < pd.Timestamp(firm.day(firm.setting.months - 11))
    lost = (ended < claims.opened + pd.DateOffset(months=12))[seen].to_numpy()
    slow = (claims.response_hours > claims.response_hours.median())[seen].to_numpy()
    p, q, n, m = lost[slow].mean(), lost[~slow].mean(), slow.sum(), (~slow).sum()
    return (p - q) / np.sqrt(p * (1 - p) / n + q * (1 - q) / m) > LEVEL


# Lesson 04


def _file(firm: world.Firm) -> pd.DataFrame:
    """New prospects with what is noted of their deals."""
    return firm["prospects"].query("kind == 'new'").merge(firm["deals"].drop(columns="customer_id"), on="prospect_id")


def _back_test(firm: world.Firm) -> development.PipelineBackTest:
    """Forecasts on the last days of four quarters, and what came."""
    log = development.stage_log(firm["stage_events"])
    past = development.forecast_pipeline(log, firm["deals"], seed=1, day="2025-09-30", past=4, draws=1_000).past
    assert past is not None
    return past


def logit_overtakes(firm: world.Firm) -> bool:
    """With what is known on the first day, the logit has the larger AUC on later prospects; with all, boosting had it."""
    numbers = ["channel", "region", "age_group", "page_views", "asked_for_offer", "means", "intent", "distance_hours"]
    file = _file(firm)
    noted = file.assign(value_noted=file.expected_value.fillna(0.0))
    proud = development.fit_lead_score(noted, features=[*numbers, "value_noted"], split="none", within_days=180).performance.auc
    honest = development.fit_lead_score(file, features=numbers, within_days=180).performance.auc
    return proud[1] > proud[0] and honest[0] > honest[1] and proud[1] - honest[1] > 0.2


def intent_wins(firm: world.Firm) -> bool:
    """Deals with intent and without means are won more often than those with means and without intent."""
    fields = development.qualify(_file(firm), outcome="outcome").fields.set_index("card")
    return fields.low["make it affordable"] > fields.high["wake interest"]


def best_desks_fall_back(firm: world.Firm) -> bool:
    """Of the lead of the five best desks over the five last until June 2024, less than half is left with later prospects."""
    them = firm["prospects"].query("kind == 'new'")
    early = development.stage_log(firm["stage_events"], until="2024-06-30")
    desks = development.conversion(early, by="salesperson_id", prospects=them).table.query("stage == 'all stages'")
    later = development.stage_log(firm["stage_events"]).deals.merge(them[["prospect_id", "salesperson_id"]])
    later = later[(later.began > "2024-06-30") & (later.status != "open")]
    later = (later.status == "won").groupby(later.salesperson_id).agg(["mean", "size"])
    desks = desks.join(later, on="group").query("exits >= 10 and size >= 10").sort_values("share", kind="stable")
    last, best = desks[["share", "mean"]].head(5).mean(), desks[["share", "mean"]].tail(5).mean()
    return best["mean"] - last["mean"] < 0.5 * (best.share - last.share)


def two_ways_to_end(firm: world.Firm) -> bool:
    """One minus Kaplan-Meier says more than twice the share that is won within a year."""
    log = development.stage_log(firm["stage_events"], until="2025-06-30")
    year = development.time_in_stage(log).predict([365]).set_index("ending").loc["won"]
    return year.naive > 2 * year.share


def chance_times_value_calls_best(firm: world.Firm) -> bool:
    """Mean of four quarters: sixty deals by chance times value bring more than by age, by value and by step."""
    past = _back_test(firm)
    chances = past.chances.query("forecaster == 'chain'")
    sums = []
    for day, rows in chances.groupby("day"):
        deals = development.stage_log(firm["stage_events"], until=day).standing.merge(rows, on="prospect_id")
        deals = deals.merge(firm["deals"][["prospect_id", "expected_value", "deal_value"]], on="prospect_id")
        place = deals.stage.map(tables.STAGES.index)
        value = deals.expected_value.where(place > tables.STAGES.index("understanding needs"))
        orders = {"age": (day - deals.entered).dt.days, "value": value, "step": place,
                  "both": deals.chance * value.fillna(value.mean())}  # fmt: skip
        brought = deals.deal_value.where(deals.came, 0.0)
        sums.append({name: brought[order.sort_values(ascending=False, kind="stable").index[:60]].sum()
                     for name, order in orders.items()})  # fmt: skip
    means = pd.DataFrame(sums).mean()
    return means.idxmax() == "both"


def weighted_stages_promise_too_much(firm: world.Firm) -> bool:
    """They say more than one and a half times what came in each of four quarters, and their Brier score is the worse."""
    past = _back_test(firm)
    amounts = past.table.query("measure == 'amount'")
    brier = development.score_forecasts(past.chances).table.set_index("forecaster").brier
    return bool((amounts.weighted_stages > 1.5 * amounts.realised).all() and brier["chain"] < brier["weighted stages"])


def low_end_is_cheapest(firm: world.Firm) -> bool:
    """Where a broken promise costs six times as much as caution, the low end costs less than the middle and half the rule."""
    amounts = _back_test(firm).table.query("measure == 'amount'")
    costs = [
        (0.30 * (number - amounts.realised).clip(lower=0) + 0.05 * (amounts.realised - number).clip(lower=0)).mean()
        for number in (amounts.low, amounts.forecast, amounts.weighted_stages / 2)
    ]
    return costs[0] == min(costs)


def late_is_not_dead(firm: world.Firm) -> bool:
    """Past the limit of the last step deals are won less often, beyond chance, and still more than a quarter of them."""
    close = development.stalled(development.stage_log(firm["stage_events"], until="2025-06-30")).ages.set_index("stage")
    row = close.loc["closing"]
    apart = (row.chance - row.late_chance) / np.hypot(row.std_error, row.late_error)
    return apart > LEVEL and row.late_chance > 0.25


def the_lost_cost_half(firm: world.Firm) -> bool:
    """More than four tenths of what a customer costs went to those who were lost."""
    prices = dict(zip(tables.STAGES, firm.industry.stage_cost, strict=True))
    costs = development.acquisition_costs(firm["stage_events"], prices)
    return costs.cost_of_the_won < 0.6 * costs.cost_per_win


_LESSON = 950  # customers of the firm of lesson 04

ROWS = (
    Row("selection is real", "Heckman's two steps, the distance excluded: rho is not zero", 2_000, selection_is_real,
        industries=WITH_VALUE),
    Row("stalled deals lose", "logit on the age in the stage", 1_000, stalled_deals_lose, industries=SECTORS),
    Row("it matters which answer to which objection", "likelihood-ratio test of the products", 1_000, answers_matter,
        industries=SECTORS),
    Row("the best answer to doubt is found", "shares overcome, against all others", 2_000, price_cuts_are_not_all,
        industries=SECTORS),
    Row("qualification separates", "logit on the first day, AUC .64 to .75 on later prospects", 2_000,
        lambda firm: 0.64 <= qualification(firm) <= 0.75, industries=SECTORS),
    Row("large deals take longer", "rank correlation of days and expected value", 2_000, value_lengthens,
        industries=(MAKER,)),
    Row("who meets the decider wins", "logit at the close, scores held equal", 2_000, deciders_decide, industries=(MAKER,)),
    Row("a lost salesperson takes prospects along", "left without a hand-over or with one", 2_000, deserted_are_lost,
        industries=(BUILDER,)),
    Row("departures hurt", "paired: half of the desks in month 13, profit at least 3 % lower", 1_000, departures_hurt,
        industries=(BUILDER,)),
    Row("slow claims lose customers", "gone within a year, settled slowly or quickly", 5_000, slow_claims_lose,
        industries=(INSURER,)),
    *(Row(f"lesson 04: {effect}", method, _LESSON, finds, industries=(MAKER,)) for effect, method, finds in (
        ("the honest logit overtakes boosting", "AUC: all columns on known rows, first day on later months", logit_overtakes),
        ("intent wins, means does not", "95 % intervals of two cards apart", intent_wins),
        ("the best desks fall back", "lead of five over five, half of it gone", best_desks_fall_back),
        ("two ways to end", "one minus Kaplan-Meier is twice the share won in a year", two_ways_to_end),
        ("chance times value is the best list", "sixty deals, mean of four quarters", chance_times_value_calls_best),
        ("weighted stages promise too much", "1.5 times what came, four quarters; Brier", weighted_stages_promise_too_much),
        ("the low end is the cheapest number", "cost 30 to 5 in 100, four quarters", low_end_is_cheapest),
        ("late is not dead", "share won past the limit of the last step", late_is_not_dead),
        ("the lost cost half", "cost of the won on their own way, to cost per win", the_lost_cost_half),
    )),
)  # fmt: skip
