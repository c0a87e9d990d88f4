"""The silent customer: its numbers are those of ``btyd``, and what is stored of it can be read without it.

That the page does the same sums, and how purchases are added and pulled, is looked at in ``test_browser.py``.
"""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import btyd, datasets, widgets
from crmlab.errors import ArgumentError, CrmlabError

SUMMARY = btyd.purchase_summary(datasets.load("cdnow"), until="1997-09-30")
FITS = {fit.name: fit for fit in (btyd.fit_bgnbd(SUMMARY), btyd.fit_mbgnbd(SUMMARY), btyd.fit_pareto_nbd(SUMMARY))}
BGNBD, MBGNBD, PARETO = FITS.values()
every_fit = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)


@cache
def by_two_models():
    """One for many looks."""
    return widgets.alive(BGNBD, PARETO)


def known(frequency, recency, age):
    return pd.DataFrame({"frequency": [frequency], "recency_weeks": [float(recency)], "age_weeks": [float(age)]})


@every_fit
def test_today_is_what_btyd_predicts(fit):
    shown = widgets.alive(fit)
    for purchases in ([], [78], [1, 2, 3], [4, 9, 14, 20, 26], list(range(1, 79))):
        shown.purchases = purchases
        now = shown.table.iloc[0]
        expected = fit.predict(known(len(purchases), max(purchases, default=0), 78), weeks=52).iloc[0]
        assert now.model == fit.name
        assert [now.p_alive, now.purchases] == [expected.p_alive, expected.purchases]
        assert now.purchases_if_alive * now.p_alive == pytest.approx(now.purchases, rel=1e-9)


@every_fit
def test_the_history_is_that_of_btyd(fit):
    """Day by day there, week by week here."""
    first = pd.Timestamp("2024-01-01")
    days = [first + pd.Timedelta(weeks=week) for week in (0, 4, 9, 26)]
    expected = btyd.alive_history(fit, days, until=first + pd.Timedelta(weeks=78)).p_alive.iloc[::7]
    result = widgets.alive(fit, purchases=[9, 26, 4]).history
    assert result.week.tolist() == list(range(79))
    assert result[fit.name].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)


@given(st.sets(st.integers(1, 78), min_size=1), st.permutations(range(78)))
def test_the_order_of_purchases_plays_no_part(weeks, order):
    shown = by_two_models()
    shown.purchases = sorted(weeks, key=lambda week: order[week - 1])
    one = shown.history
    shown.purchases = sorted(weeks)
    assert shown.history.equals(one)
    jumps = np.diff(one["Pareto/NBD"])
    assert {int(week) for week in one.week[1:][jumps > 0]} <= weeks, "the chance rises with a purchase only"


@pytest.mark.parametrize(
    ("purchases", "words"),
    [
        ([0, 3], "whole weeks from 1 to 78, each once; it is"),
        ([79], "whole weeks from 1 to 78"),
        ([3, 3], "each once"),
        ([3.5], "whole weeks"),
        (["much"], "whole weeks"),
        (None, "it is None"),
        (7, "it is 7"),
        ([float("nan")], "whole weeks"),
    ],
)
def test_purchases_that_are_none(purchases, words):
    with pytest.raises(ArgumentError, match=words):
        widgets.alive(BGNBD, purchases=purchases)


def test_fits_that_are_none():
    coins = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    donors = btyd.fit_bgbb(btyd.simulate_purchases("bgbb", coins, customers=500, weeks=6, seed=1))
    for fit in ("BG/NBD", None, donors):
        with pytest.raises(ArgumentError, match="`fit` must be a fit of purchases in weeks"):
            widgets.alive(fit)
    with pytest.raises(ArgumentError, match="`beside` must be a fit"):
        widgets.alive(BGNBD, donors)
    with pytest.raises(ArgumentError, match="both fits are BG/NBD"):
        widgets.alive(BGNBD, BGNBD)
    for weeks in (9, 261, 52.5, True):
        with pytest.raises(ArgumentError, match="weeks"):
            widgets.alive(BGNBD, purchases=[4], weeks=weeks)


def test_a_model_whose_sums_the_page_does_not_do():
    """It would be drawn as another model, without a word."""
    new = replace(BGNBD, model=replace(BGNBD.model, key="another"))
    for name, fits in (("fit", (new,)), ("beside", (PARETO, new))):
        with pytest.raises(ArgumentError, match=f"`{name}` is BG/NBD, whose chances .* Draw this one with `btyd.plot_alive"):
            widgets.alive(*fits)


def test_the_page_tells_python_where_it_is():
    shown = widgets.alive(BGNBD, weeks=52)
    assert shown.purchases == [4, 9, 14, 20, 26]
    shown.purchases = [4, 9, 40, 20, 26]
    assert shown.table.p_alive[0] == BGNBD.p_alive(known(5, 40, 52))[0]
    with pytest.raises(CrmlabError, match="whole weeks from 1 to 52"):
        shown.purchases = [53]
    assert shown.purchases == [4, 9, 40, 20, 26]
    with pytest.raises(Exception, match="read-only"):
        shown.data = {}


def test_two_of_them_are_two():
    one, other = widgets.alive(BGNBD), widgets.alive(PARETO)
    one.purchases = []
    assert other.purchases == [4, 9, 14, 20, 26]
    assert one.model_id != other.model_id


def test_the_page_gets_plain_numbers():
    data = widgets.alive(MBGNBD, PARETO, weeks=30).data
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert [each["dropoutsBefore"] for each in data["models"]] == [1, None]
    assert widgets.alive(BGNBD).data["models"][0]["dropoutsBefore"] == 0
    for each, fit in zip(data["models"], (MBGNBD, PARETO), strict=True):
        assert each["params"] == fit.params.tolist()
        assert len(each["ahead"]) == 31
        expected = fit.predict(known(7, 3, 30), weeks=52).iloc[0]
        assert each["ahead"][7] * expected.p_alive == pytest.approx(expected.purchases, rel=1e-9)


@pytest.mark.parametrize(
    ("last", "words"),
    [(52, "Just after a purchase BG"), (51, "After a silent week BG"), (26, "After 26 silent weeks BG")],
)
def test_the_title_says_the_finding(last, words):
    shown = widgets.alive(BGNBD, purchases=[4, last], weeks=52)
    now = shown.table.iloc[0]
    chance = f"BG/NBD gives a chance of {100 * now.p_alive:.1f} % that they are still there: {now.purchases:.2f} purchases"
    assert repr(shown).startswith(words)
    assert chance in repr(shown)


def test_what_is_stored_can_be_read():
    shown = widgets.alive(BGNBD, PARETO, weeks=52)
    picture, view = shown._outputs()
    assert list(view) == ["application/vnd.jupyter.widget-view+json", "text/plain"]
    alt = re.search('<img alt="([^"]+)"', picture["text/html"])[1]
    assert alt == picture["text/plain"] == repr(shown)
    chances = "; ".join(f"{row.model} {100 * row.p_alive:.1f} %" for row in shown.table.itertuples())
    assert alt.endswith(f"Purchases in weeks 0, 4, 9, 14, 20, 26; today: {chances}.")
    assert shown._outputs()[0] == widgets.alive(BGNBD, PARETO, weeks=52)._outputs()[0]
