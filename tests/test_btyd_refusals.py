"""Models of customers without contract: what cannot be is refused, with the row and the remedy."""

import numpy as np
import pandas as pd
import pytest
from btyd_samples import FITS, TRUTHS, WEEKLY, cdnow_spend, drawn, drawn_fit

from crmlab import btyd
from crmlab.errors import ArgumentError, ColumnError, DataError

GOOD = pd.DataFrame(
    {
        "frequency": [0, 1, 3, 2],
        "recency_weeks": [0.0, 3.0, 9.0, 5.0],
        "age_weeks": [10.0, 10.0, 12.0, 9.0],
        "club": [0, 1, 0, 1],
    }
)
DONORS = pd.DataFrame({"frequency": [0, 1, 3, 2], "recency_periods": [0, 2, 4, 3], "age_periods": [6, 6, 6, 6]})


@pytest.mark.parametrize("kind", WEEKLY)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"recency_weeks": [0.0, 3.0, 13.0, 5.0]},
            "`recency_weeks` is above `age_weeks`.* 1 of 4 rows.* row 2 .*Mend these rows",
        ),
        ({"recency_weeks": [2.0, 3.0, 9.0, 5.0]}, "`frequency` is 0, but `recency_weeks` is above 0"),
        ({"frequency": [0, 1.5, 3, 2]}, "`frequency` is not a whole number"),
        ({"frequency": [0, -1, 3, 2]}, "`frequency` is below 0"),
        ({"age_weeks": [10.0, np.nan, 12.0, 9.0]}, "`age_weeks` is missing or infinite"),
        ({"age_weeks": [10.0, np.inf, 12.0, 9.0]}, "`age_weeks` is missing or infinite"),
        ({"age_weeks": ["10", "10", "12", "9"]}, "column `age_weeks` .* must hold numbers"),
        ({"frequency": [True, False, True, True]}, "column `frequency` .* must hold numbers"),
        ({"frequency": 0, "recency_weeks": 0.0}, "nobody has a repeat purchase"),
        ({"frequency": 1, "recency_weeks": 1.0, "age_weeks": 2.0}, "one and the same history"),
    ],
)
def test_refuses_histories_that_cannot_be(kind, change, words):
    with pytest.raises(DataError, match=words):
        FITS[kind](GOOD.assign(**change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recency_periods": [0, 2, 4, 1]}, "`frequency` is above `recency_periods`: more were taken"),
        ({"recency_periods": [0, 2, 4.5, 3]}, "`recency_periods` is not a whole number"),
        ({"age_periods": [6, 6, 3, 6]}, "`recency_periods` is above `age_periods`"),
        ({"customers": [1, 2, 0.5, 1]}, "`customers` is not a whole number"),
        ({"customers": [1, 2, -3, 1]}, "`customers` is below 0"),
        ({"customers": [1, 0, 0, 0]}, "one customer cannot show"),
    ],
)
def test_refuses_donors_that_cannot_be(change, words):
    with pytest.raises(DataError, match=words):
        btyd.fit_bgbb(DONORS.assign(**change))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: btyd.fit_bgnbd([1, 2, 3]), DataError, "must be a DataFrame; it is list"),
        (lambda: btyd.fit_bgnbd(GOOD.drop(columns="age_weeks").assign(T=1)), ColumnError, "no column `age_weeks`"),
        (lambda: btyd.fit_bgnbd(GOOD.iloc[:0]), DataError, "is empty"),
        (lambda: btyd.fit_bgnbd(GOOD.iloc[1:2]), DataError, "one customer cannot show"),
        (lambda: btyd.fit_bgnbd(GOOD, covariates=["age"]), DataError, "no column `age`.* The fit reads it as a covariate"),
        (lambda: btyd.fit_bgnbd(GOOD.assign(club=1), covariates=["club"]), DataError, "covariate `club` is the same for all"),
        (lambda: btyd.fit_bgnbd(GOOD, covariates=["club", "club"]), ArgumentError, "names a column twice"),
        (lambda: btyd.fit_bgnbd(GOOD, covariates=[1]), ArgumentError, "must be a list of column names"),
        (lambda: btyd.fit_bgnbd(GOOD.assign(club="x"), covariates=["club"]), DataError, "`club` .* must hold numbers"),
        (lambda: btyd.fit_bgnbd(GOOD, prior=3), ArgumentError, "must map parameters to"),
        (lambda: btyd.fit_bgnbd(GOOD, prior={}), ArgumentError, "must map parameters to"),
        (lambda: btyd.fit_bgnbd(GOOD, prior={"s": (1, 2)}), ArgumentError, "`prior` names 's'; the parameters of BG/NBD"),
        (lambda: btyd.fit_bgnbd(GOOD, prior={"r": (0, 2)}), ArgumentError, "prior of `r` must be"),
        (lambda: btyd.fit_bgnbd(GOOD, prior={"r": (1, 1)}), ArgumentError, "a factor above 1"),
        (lambda: btyd.fit_bgnbd(GOOD, prior={"r": 2}), ArgumentError, "prior of `r` must be"),
        (lambda: btyd.fit_bgnbd(GOOD, prior={"r": ("a", "b")}), ArgumentError, "prior of `r` must be"),
        (lambda: btyd.fit_gamma_gamma(GOOD), ColumnError, "`monetary_value`"),
        (lambda: btyd.fit_gamma_gamma(GOOD.assign(monetary_value=[np.nan, 5, -2, 3.0])), DataError, "is below 0"),
        (lambda: btyd.fit_gamma_gamma(GOOD.assign(monetary_value=[np.nan, 5, 0, 3.0])), DataError, "is 0 for 1 customers"),
        (lambda: btyd.fit_gamma_gamma(GOOD.assign(monetary_value=[np.nan, 5, np.nan, 3.0])), DataError, "missing or infinite"),
        (lambda: btyd.fit_gamma_gamma(GOOD.assign(monetary_value=[np.nan, 5, np.inf, 3.0])), DataError, "missing or infinite"),
        (lambda: btyd.fit_gamma_gamma(GOOD.assign(monetary_value=4.0)), DataError, "spend the same on average"),
        (lambda: btyd.fit_gamma_gamma(GOOD.iloc[:2].assign(monetary_value=4.0)), DataError, "fewer than two customers"),
        (lambda: btyd.fit_gamma_gamma("table"), DataError, "must be a DataFrame"),
        (lambda: btyd.spend_independence(GOOD.assign(monetary_value=4.0)), DataError, "too few: ten are needed"),
        (lambda: btyd.simulate_spend({"p": 1, "q": 2}, [1], seed=1), ArgumentError, "must name p, q, v"),
        (lambda: btyd.simulate_spend({"p": 6, "q": 4, "v": 15}, [[1, 2]], seed=1), DataError, "it has 2 dimensions"),
        (
            lambda: btyd.simulate_spend({"p": 1, "q": 2, "v": 0}, [1], seed=1),
            ArgumentError,
            "'v'.* must be a finite number above 0; it is 0",
        ),
        (
            lambda: btyd.simulate_purchases("no_model", {}, customers=1, weeks=1, seed=1),
            ArgumentError,
            "`model` must be one of",
        ),
        (lambda: btyd.simulate_purchases("bgnbd", {"r": 1}, customers=1, weeks=1, seed=1), ArgumentError, "must name r, alpha"),
        (
            lambda: btyd.simulate_purchases("bgbb", TRUTHS["bgbb"], customers=1, weeks=1.5, seed=1),
            ArgumentError,
            "whole numbers",
        ),
        (
            lambda: btyd.simulate_purchases("bgnbd", TRUTHS["bgnbd"], customers=1, weeks=-1, seed=1),
            ArgumentError,
            "`weeks` must",
        ),
        (
            lambda: btyd.simulate_purchases("bgnbd", TRUTHS["bgnbd"], customers=1, weeks=(3, 2), seed=1),
            ArgumentError,
            "shortest",
        ),
        (lambda: btyd.simulate_purchases("bgnbd", TRUTHS["bgnbd"], customers=0, weeks=1, seed=1), ArgumentError, "`customers`"),
    ],
)
def test_refuses_bad_calls(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda fit, _: fit.predict(GOOD, np.inf), "an infinite horizon needs a discount"),
        (lambda fit, _: fit.predict(GOOD, -1), "`weeks` must be a number of at least 0; it is -1"),
        (lambda fit, _: fit.predict(GOOD, np.nan), "`weeks` must be a number"),
        (lambda fit, _: fit.predict(GOOD, "52"), "`weeks` must be a number"),
        (lambda fit, _: fit.predict(GOOD, True), "`weeks` must be a number"),
        (lambda fit, _: fit.predict(GOOD, 52, annual_rate=-0.1), "`annual_rate` must be a finite number of at least 0"),
        (lambda fit, _: fit.predict(GOOD, 52, level=95), "`level` must be a share"),
        (lambda fit, _: fit.interval(1), "`level` must be a share"),
        (lambda fit, _: fit.expected_purchases_new_customer(-1), "`weeks` must be finite numbers"),
        (lambda fit, _: fit.expected_purchases_new_customer([1, np.inf]), "`weeks` must be finite numbers"),
        (lambda fit, _: fit.forecast(GOOD, np.inf, seed=1), "an infinite horizon needs a discount"),
        (lambda fit, _: fit.forecast(GOOD, draws=0, seed=1), "`draws` must be a whole number of at least 1"),
        (lambda _, donors: donors.predict(DONORS, 2.5), "`weeks` counts opportunities in BG/BB: give a whole number"),
        (lambda _, donors: donors.expected_purchases_new_customer(2.5), "give whole numbers"),
        (lambda fit, _: btyd.customer_value(fit, fit, GOOD), "`spend` must be `btyd.fit_gamma_gamma"),
        (lambda fit, _: btyd.customer_value(3, fit, GOOD), "`fit` must be a fit of purchases"),
        (lambda fit, _: btyd.likelihood_ratio(fit, 3), "`large` must be a fit of purchases"),
        (lambda fit, _: btyd.likelihood_ratio(fit, fit), "the covariates of `small` must be among those of `large`"),
        (lambda fit, donors: btyd.likelihood_ratio(fit, donors), "of one model and of the same customers"),
    ],
)
def test_a_fit_refuses(call, words):
    with pytest.raises(ArgumentError, match=words):
        call(drawn_fit("bgnbd"), drawn_fit("bgbb"))


def test_a_fit_with_a_prior_is_not_tested_by_likelihood():
    table = drawn("bgnbd").head(800).assign(even=lambda each: each.customer_id % 2)
    with pytest.raises(ArgumentError, match="Fit without priors"):
        btyd.likelihood_ratio(btyd.fit_bgnbd(table), btyd.fit_bgnbd(table, covariates=["even"], prior={"r": (1.0, 3.0)}))


def test_pictures_of_fits():
    for fit in (*(drawn_fit(kind) for kind in FITS), cdnow_spend()):
        ax = fit.plot()
        assert "is widest" in ax.get_title("left").replace("\n", " ")
        assert ax.get_xlabel() == "multiple of the estimate, 95 % confidence interval"
        assert [label.get_text().split(" = ")[0] for label in ax.get_yticklabels()] == list(fit.params.index)
