"""Rows keep their labels: no public function of a table depends on the order or on the index of its rows.

Each is called with a table as it is made and with the same rows shuffled, some of them filtered away in both, under an index
of text. What has one row per row of the table must come back under its labels; what is a total, a table by key or a fit must
be the same. A function that is neither tried nor named among ``OTHERS`` fails the test, so that new ones are thought of.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
from test_house import PUBLIC

from crmlab import btyd, datasets, development, exercise, loyalty, measurement, retention, satisfaction, segmentation
from crmlab.exercise import author
from crmlab.exercise.pivot import Choices, read_out

#: Functions of tables that are not tried here, and why.
OTHERS = {
    "reports write pages": {"report.deals_report", "report.orders_report", "report.survey_report"},
    "their tables are made by the kit, in its own order": {
        "segmentation.plot_rfm", "segmentation.plot_groups", "retention.plot_cohorts", "btyd.plot_alive_history",
        "btyd.plot_expected", "btyd.plot_frequency",
        "btyd.plot_tracking", "world.effect", "world.outcomes",
        "widgets.decide", "widgets.laboratory", "widgets.radar", "widgets.what_if", "widgets.alive",
        "satisfaction.custom_instrument", "widgets.radar_effect", "widgets.change",
        "widgets.guess", "widgets.picture", "widgets.table", "datasets.build",
    },
    "a square matrix, its rows and columns under the same names": {
        "segmentation.ahp", "development.markov_value", "development.simulate_pipeline",
    },
    "tests of their own: test_btyd_index, test_satisfaction_management, test_datasets, test_clouds, test_weights,"
    " test_board, test_clicks": {
        "widgets.board", "widgets.clicks", "widgets.clouds", "widgets.weights",
        "btyd.conditional_expectation", "btyd.holdout", "btyd.settle_returns", "satisfaction.five_gaps",
        "satisfaction.misjudgement", "satisfaction.nonresponse", "datasets.read", "btyd.simulate_spend",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A function of a table, and the columns that name its rows where the answer has one row for each of them."""

    table: Callable[[], pd.DataFrame]
    answer: Callable[[pd.DataFrame], object]
    rowwise: bool = False


_STAGES = ("call", "visit", "offer", "contract")


def deal_stages() -> pd.DataFrame:
    """Deals that go forward through four stages, are lost in one of them, or stand there still."""
    rng = np.random.default_rng(5)
    rows = []
    for deal in range(160):
        days = np.cumsum(rng.integers(0, 20, 5)) + rng.integers(0, 300)
        for place, stage in enumerate(_STAGES):
            end = rng.choice(["advanced", "lost", None], p=[0.7, 0.2, 0.1])
            end = "won" if end == "advanced" and place == 3 else end
            rows.append((f"p{deal}", place + 1, stage, days[place], days[place + 1] if end else np.nan, end))
            if end != "advanced":
                break
    table = pd.DataFrame(rows, columns=["prospect_id", "step", "stage", "entered", "left", "outcome"])
    start = pd.Timestamp("2024-01-01")
    return table.assign(**{name: start + pd.to_timedelta(table[name], unit="D") for name in ("entered", "left")})


def channels(table: pd.DataFrame) -> pd.DataFrame:
    """A channel of each prospect, in the order of a table."""
    prospects = table[["prospect_id"]].drop_duplicates()
    return prospects.assign(channel=prospects.prospect_id.str[-1])


def logged(table: pd.DataFrame) -> development.StageLog:
    return development.stage_log(table, stages=_STAGES)


def groups_of_panel(table: pd.DataFrame) -> pd.DataFrame:
    """What a panel over that table says, by groups."""
    with author.draft(None) as context:
        exercise.declare("98_x", title="X", tables=["orders"])
        exercise.answer("q1", 1)
        exercise.question("q1", key=1, panel=table)
        groups = read_out(context.desk.panels["q1"], Choices(group="product_id", number="amount"))["groups"]
    return pd.DataFrame(groups["rows"], columns=groups["columns"])


@cache
def orders() -> pd.DataFrame:
    table = datasets.load("orders")
    return table[table.customer_id.isin(table.customer_id.drop_duplicates().iloc[::8])]


@cache
def summary() -> pd.DataFrame:
    table = btyd.purchase_summary(datasets.load("orders"))
    return table[table.monetary_value.gt(0) | (table.frequency == 0)].iloc[::2]


@cache
def customers() -> pd.DataFrame:
    return segmentation.rfm_scores(orders())[["customer_id", "recency_days", "purchase_days", "total_amount"]]


@cache
def donors() -> pd.DataFrame:
    truth = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    return btyd.simulate_purchases("bgbb", truth, customers=400, weeks=8, seed=1)


@cache
def bgnbd() -> btyd.PurchaseFit:
    return btyd.fit_mbgnbd(summary())


@cache
def spend() -> btyd.SpendFit:
    return btyd.fit_gamma_gamma(summary())


@cache
def survey() -> pd.DataFrame:
    return datasets.load("survey").drop_duplicates("customer_id").iloc[::3]


@cache
def answers() -> pd.DataFrame:
    return satisfaction.read_survey(survey()).items("perceived").dropna().iloc[:, :6]


@cache
def forecast() -> pd.DataFrame:
    values = btyd.customer_value(bgnbd(), spend(), summary()).table
    return values[["customer_id", "discounted_purchases", "spend"]]


@cache
def indicators() -> pd.DataFrame:
    values = loyalty.clv_from_forecast(forecast(), margin=0.3)
    return segmentation.value_indicators(datasets.load("customer_months"), values, datasets.load("referrals")).table


@cache
def profits() -> pd.DataFrame:
    return datasets.load("customer_months").groupby("customer_id").profit.sum().reset_index()


@cache
def observed_stays() -> pd.DataFrame:
    return loyalty.observed_stay(orders()).merge(profits())


@cache
def kano() -> pd.DataFrame:
    return satisfaction.simulate_kano({"parking": "A", "price": "O"}, 80, 0.2, seed=1)


@cache
def leads() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"prospect_id": np.arange(600), "means": rng.integers(1, 6, 600), "intent": rng.integers(1, 6, 600)})
    won = rng.random(600) < 0.1 + 0.1 * table.intent
    table = table.assign(
        created=pd.date_range("2023-01-01", periods=600), hours=rng.uniform(0, 4, 600), outcome=np.where(won, "won", "lost")
    )
    return table.assign(deal_value=np.where(won, 100 + 20 * table.means + rng.normal(0, 9, 600), np.nan))


@cache
def lead_score() -> development.LeadScore:
    return development.fit_lead_score(leads(), features=["means", "intent"])


def acquired(table: pd.DataFrame) -> development.AcquisitionFit:
    return development.fit_acquisition(table, value_drivers=["means"], win_drivers=["means", "intent", "hours"])


@cache
def events() -> pd.DataFrame:
    table = leads()[["prospect_id", "outcome"]]
    talk = table.assign(step=1, stage="talk", outcome=np.where(table.prospect_id % 3, "advanced", "lost"))
    return pd.concat([talk, table[table.prospect_id % 3 > 0].assign(step=2, stage="offer")], ignore_index=True)


def talked() -> pd.DataFrame:
    answers = events()[events().step == 1][["prospect_id", "step"]]
    names = np.where(answers.prospect_id % 2, "trial", "price cut")
    return answers.assign(objection="price", answer=names, salesperson_id=np.where(answers.prospect_id % 5 > 1, "Ann", "Bo"))


def drivers(table: pd.DataFrame) -> object:
    predictors = [f"perceived_{name}_1" for name in ("reliability", "empathy")]
    return satisfaction.fit_drivers(table, predictors=predictors, draws=100, seed=1).table


def ordinal(table: pd.DataFrame) -> satisfaction.OrdinalFit:
    rated = table.assign(overall_satisfaction=table.overall_satisfaction.clip(lower=3))  # hardly anybody gave a 1
    return satisfaction.fit_ordinal(rated, "overall_satisfaction", ["perceived_reliability_1"])


CALLS = {
    "development.stalled": Call(
        deal_stages,
        lambda table: development.stalled(development.stage_log(table, stages=_STAGES, until="2025-01-31")).table,
    ),
    "development.time_in_stage": Call(
        deal_stages, lambda table: development.time_in_stage(development.stage_log(table, stages=_STAGES)).table
    ),
    "exercise.question": Call(orders, groups_of_panel),
    "development.conversion": Call(
        deal_stages,
        lambda table: (
            development.conversion(development.stage_log(table, stages=_STAGES), by="channel", prospects=channels(table)).table
        ),
    ),
    "development.stage_counts": Call(
        deal_stages, lambda table: development.stage_counts(development.stage_log(table, stages=_STAGES)).table
    ),
    "development.fit_transitions": Call(deal_stages, lambda table: development.fit_transitions(logged(table)).table),
    "development.forecast_pipeline": Call(
        deal_stages, lambda table: development.forecast_pipeline(logged(table), draws=100, seed=1).table
    ),
    "development.score_forecasts": Call(
        lambda: pd.DataFrame({"chance": np.arange(40) % 7 / 7, "came": np.arange(40) % 3 == 0}),
        lambda table: development.score_forecasts(table).table,
    ),
    "development.stage_log": Call(deal_stages, lambda table: development.stage_log(table, stages=_STAGES).table),
    "segmentation.rfm_scores": Call(orders, segmentation.rfm_scores),
    "segmentation.rfm_grid": Call(lambda: segmentation.rfm_scores(orders()), segmentation.rfm_grid),
    "segmentation.fit_segments": Call(customers, lambda table: segmentation.fit_segments(table, 3, seed=1).table),
    "segmentation.SegmentFit.predict": Call(
        customers, lambda table: segmentation.fit_segments(table, 3, seed=1).predict(table), rowwise=True
    ),
    "segmentation.compare_k": Call(
        customers,
        lambda table: segmentation.compare_k(table, (2, 3), starts=3, pairs=4, draws=19, sample=200, seed=1).table,
    ),
    "segmentation.profile": Call(
        lambda: customers().assign(half=np.arange(len(customers())) % 2),
        lambda table: segmentation.profile(table.drop(columns="half"), table.half).effects,
    ),
    "segmentation.rfm_groups": Call(lambda: segmentation.rfm_scores(orders()), segmentation.rfm_groups, rowwise=True),
    "segmentation.group_values": Call(lambda: segmentation.rfm_scores(orders()), segmentation.group_values),
    "segmentation.migration": Call(
        lambda: segmentation.rfm_groups(segmentation.rfm_scores(orders())),
        lambda table: segmentation.migration(table, segmentation.rfm_groups(segmentation.rfm_scores(orders()))).table,
    ),
    "segmentation.identify": Call(
        lambda: datasets.load("customer_months"),
        lambda table: segmentation.identify(table, customers=datasets.load("customers")).table,
    ),
    "segmentation.value_indicators": Call(
        lambda: loyalty.clv_from_forecast(forecast(), margin=0.3),
        lambda table: segmentation.value_indicators(datasets.load("customer_months"), table).table,
        rowwise=True,
    ),
    "segmentation.value_score": Call(indicators, lambda table: segmentation.value_score(table).table, rowwise=True),
    "segmentation.value_matrix": Call(indicators, lambda table: segmentation.value_matrix(table).customers, rowwise=True),
    "segmentation.choose_targets": Call(
        indicators,
        lambda table: (
            segmentation.choose_targets(
                table.assign(gain=table.potential), cost=1.0, contacts=9, score=segmentation.value_score(table).table
            ).table
        ),
    ),
    "development.fit_lead_score": Call(leads, lambda table: development.fit_lead_score(table).performance.round(6)),
    "development.LeadScore.predict": Call(leads, lambda table: lead_score().predict(table), rowwise=True),
    "development.fit_acquisition": Call(leads, lambda table: acquired(table).table),
    "development.AcquisitionFit.predict": Call(leads, lambda table: acquired(leads()).predict(table), rowwise=True),
    "development.qualify": Call(leads, lambda table: development.qualify(table).table, rowwise=True),
    "development.objection_answers": Call(talked, lambda table: development.objection_answers(table, events()).within),
    "development.acquisition_costs": Call(
        events, lambda table: development.acquisition_costs(table, {"talk": 10, "offer": 90}).table
    ),
    "development.payback": Call(lambda: datasets.load("customer_months"), lambda table: development.payback(table, 50.0).table),
    "retention.cohort_table": Call(orders, retention.cohort_table),
    "loyalty.concentration": Call(orders, lambda table: loyalty.concentration(table).gini),
    "loyalty.clv_from_forecast": Call(forecast, lambda table: loyalty.clv_from_forecast(table, margin=0.3)),
    "loyalty.customer_equity": Call(
        lambda: loyalty.clv_from_forecast(forecast(), margin=0.3), lambda table: loyalty.customer_equity(table).table
    ),
    "loyalty.four_cells": Call(
        observed_stays, lambda table: loyalty.four_cells(table).customers.drop(columns="customer_id"), rowwise=True
    ),
    "loyalty.observed_stay": Call(orders, loyalty.observed_stay),
    "loyalty.referral_value": Call(
        lambda: datasets.load("referrals"),
        lambda table: loyalty.referral_value(table, profits().rename(columns={"profit": "customer_value"})),
    ),
    "loyalty.tenure_profit": Call(
        lambda: datasets.load("customers"), lambda table: loyalty.tenure_profit(table, datasets.load("customer_months")).table
    ),
    "loyalty.fit_chain": Call(
        lambda: loyalty.simulate_chain(300, seed=1, waves=2),
        lambda table: loyalty.fit_chain(table, service=["reliability"], cluster="customer_id", scale=None).interval(),
    ),
    "btyd.purchase_summary": Call(orders, btyd.purchase_summary),
    "btyd.period_summary": Call(orders, btyd.period_summary),
    "btyd.fit_bgnbd": Call(summary, lambda table: btyd.fit_bgnbd(table).params),
    "btyd.fit_mbgnbd": Call(summary, lambda table: btyd.fit_mbgnbd(table).params),
    "btyd.fit_pareto_nbd": Call(summary, lambda table: btyd.fit_pareto_nbd(table).params),
    "btyd.fit_bgbb": Call(donors, lambda table: btyd.fit_bgbb(table).params),
    "btyd.fit_gamma_gamma": Call(summary, lambda table: btyd.fit_gamma_gamma(table).params),
    "btyd.PurchaseFit.predict": Call(summary, lambda table: bgnbd().predict(table), rowwise=True),
    "btyd.PurchaseFit.p_alive": Call(summary, lambda table: bgnbd().p_alive(table), rowwise=True),
    "btyd.PurchaseFit.forecast": Call(
        summary, lambda table: bgnbd().forecast(table, draws=20, seed=1)[["customer_id"]], rowwise=True
    ),
    "btyd.SpendFit.predict": Call(summary, lambda table: spend().predict(table), rowwise=True),
    "btyd.customer_value": Call(summary, lambda table: btyd.customer_value(bgnbd(), spend(), table).table, rowwise=True),
    "btyd.forecast_revenue": Call(
        summary, lambda table: round(btyd.forecast_revenue(bgnbd(), spend(), table, draws=400, seed=1).revenue, 3)
    ),
    "btyd.frequencies": Call(summary, lambda table: btyd.frequencies(bgnbd(), table)),
    "btyd.spend_independence": Call(summary, lambda table: str(btyd.spend_independence(table))),
    "btyd.tracking": Call(orders, lambda table: btyd.tracking(bgnbd(), table, fitted_until="2025-06-30")),
    "measurement.fit_cfa": Call(
        answers,
        lambda table: measurement.fit_cfa(table, {"one": list(table)[:5]}).table.drop(columns="p_value", errors="ignore"),
    ),
    "measurement.fit_efa": Call(answers, lambda table: measurement.fit_efa(table, 1).loadings.round(6)),
    "measurement.parallel_analysis": Call(
        answers, lambda table: measurement.parallel_analysis(table, draws=20, seed=1).table[["eigenvalue"]]
    ),
    "measurement.polychoric": Call(answers, lambda table: measurement.polychoric(table.iloc[:, :3]).correlations),
    "measurement.reliability": Call(answers, lambda table: measurement.reliability(table).alpha),
    "satisfaction.score_rater": Call(survey, lambda table: satisfaction.score_rater(table).table),
    "satisfaction.read_survey": Call(survey, lambda table: satisfaction.read_survey(table).items("perceived"), rowwise=True),
    "satisfaction.fit_drivers": Call(survey, lambda table: drivers(table)[["predictor", "lmg", "slope"]]),
    "satisfaction.fit_ordinal": Call(survey, lambda table: ordinal(table).table),
    "satisfaction.OrdinalFit.predict": Call(
        lambda: survey().dropna(subset="perceived_reliability_1"), lambda table: ordinal(survey()).predict(table), rowwise=True
    ),
    "satisfaction.acsi": Call(answers, lambda table: satisfaction.acsi(table, highest=7).estimate),
    "satisfaction.csat": Call(survey, lambda table: satisfaction.csat(table.overall_satisfaction).estimate),
    "satisfaction.nps": Call(survey, lambda table: satisfaction.nps(table.recommendation).estimate),
    "satisfaction.top_box": Call(survey, lambda table: satisfaction.top_box(table.overall_satisfaction).estimate),
    "satisfaction.wave_change": Call(
        lambda: datasets.load("survey"),
        lambda table: satisfaction.wave_change(table, before=5, after=6, column="recommendation").estimate,
    ),
    "satisfaction.kano_classes": Call(
        kano, lambda table: satisfaction.kano_classes(table).table.sort_values("feature", kind="stable", ignore_index=True)
    ),
    "satisfaction.Survey.where": Call(
        survey,
        lambda table: (read := satisfaction.read_survey(table)).where(read.rows.overall_satisfaction > 4).items("perceived"),
        rowwise=True,
    ),
}


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    """The same rows in another order, under labels of text that sort in yet another."""
    rows = np.random.default_rng(1).permutation(len(table))
    return table.iloc[rows].set_axis([f"r{7919 * (row + 1) % 99991}" for row in rows])


@pytest.mark.parametrize("name", CALLS)
def test_rows_keep_their_labels(name):
    call = CALLS[name]
    plain = call.table().reset_index(drop=True)
    mixed = shuffled(plain)
    expected, answer = call.answer(plain), call.answer(mixed)
    if call.rowwise:
        assert answer.index.isin(mixed.index).all()
        assert list(answer.index) == [label for label in mixed.index if label in set(answer.index)]
        place = pd.Series(np.random.default_rng(1).permutation(len(plain)), mixed.index)[answer.index]
        compare(answer.set_axis(place).sort_index(), expected.loc[sorted(place)])
    else:
        compare(answer, expected)


def compare(answer: object, expected: object) -> None:
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(answer, expected, rtol=1e-6, atol=1e-8, check_names=False)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(answer, expected, rtol=1e-6, check_names=False)
    else:
        assert answer == (expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-6))


def test_every_function_of_a_table_is_tried():
    functions = set()
    for module in PUBLIC:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            members = {name: value} if inspect.isfunction(value) else {}
            if inspect.isclass(value):
                members = {
                    f"{name}.{key}": what for key, what in vars(value).items() if inspect.isfunction(what) and key[0] != "_"
                }
            for label, function in members.items():
                hints = [str(each.annotation) for each in inspect.signature(function).parameters.values()]
                if any("pd.DataFrame" in hint or "pd.Series" in hint for hint in hints):
                    functions.add(f"{module.__name__.removeprefix('crmlab.')}.{label}")
    assert functions - set(CALLS) - set().union(*OTHERS.values()) == set()
