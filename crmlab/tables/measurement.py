"""Tables of scales and their items: declared for `measurement`, whose results hold them.

Each says what a column means, its unit and range; the checks at the door and the description pages are made from it.
Matrices with a row and a column for each item or factor (correlations, ratios) are no tables and are described where they
are returned.
"""

from __future__ import annotations

from dataclasses import replace

from crmlab.tables.shape import Column, Table

_ITEM = Column("item", "text", "The item.")
_FACTOR = Column("factor", "text", "The factor.")
_PARAMETER = Column("parameter", "text", "The parameter: `=~` is a loading, `~~` a variance or covariance.")
_ESTIMATE = Column("estimate", "number", "Its maximum likelihood estimate.", "units of the items")
_ESTIMATES = (
    _ESTIMATE,
    Column("std_error", "number", "Its standard error; 0 if it is fixed, empty if it is not identified.", "units of the items",
           minimum=0, nullable=True),
    Column("standardized", "number", "The estimate with every item and factor at variance 1.", "standard deviations"),
    Column("standardized_std_error", "number", "Standard error of that one.", "standard deviations", minimum=0, nullable=True),
)  # fmt: skip

TABLES = (
    Table(
        "reliability_items",
        "What each item of a scale adds to its reliability.",
        (
            _ITEM,
            Column("item_rest", "number", "Correlation with the sum of the other items; empty if that does not vary.",
                   "correlation", nullable=True),
            Column("alpha_without", "number", "Cronbach's alpha if the item is left out; empty for two items.", "reliability",
                   maximum=1, nullable=True),
        ),
        key=("item",),
    ),
    Table(
        "cfa_parameters",
        "The parameters of a confirmatory factor analysis.",
        (_PARAMETER, *_ESTIMATES),
        key=("parameter",),
    ),
    Table(
        "cfa_intervals",
        "Confidence intervals of the parameters of a confirmatory factor analysis.",
        (
            _PARAMETER,
            replace(_ESTIMATE, meaning="Its estimate, standardised if that was asked for."),
            Column("low", "number", "Lower end of its interval.", "units of the items", nullable=True),
            Column("high", "number", "Upper end of its interval.", "units of the items", nullable=True),
        ),
        key=("parameter",),
    ),
    Table(
        "cfa_loadings",
        "How strongly each item depends on its factor in a confirmatory factor analysis.",
        (_FACTOR, _ITEM, *_ESTIMATES),
        key=("factor", "item"),
    ),
    Table(
        "cfa_factors",
        "How well each factor of a confirmatory factor analysis shows in its items, and how far it is from the others.",
        (
            _FACTOR,
            Column("items", "integer", "Items of the factor.", "items", minimum=1),
            Column("ave", "number", "Average variance extracted: mean of squared standardised loadings.", "share of variance",
                   minimum=0),
            Column("composite_reliability", "number", "From standardised loadings (Fornell & Larcker 1981).", "reliability"),
            Column("omega", "number", "McDonald's omega, from loadings in the units of the items.", "reliability"),
            Column("largest_correlation", "number", "Largest size of a correlation with another factor; 0 if there is none.",
                   "correlation", minimum=0),
        ),
        key=("factor",),
    ),
    Table(
        "efa_loadings",
        "The items of an exploratory factor analysis; between the two columns stands one for each factor, with the loadings.",
        (
            _ITEM,
            Column("communality", "number", "Share of its variance that the factors explain.", "share of variance", minimum=0,
                   maximum=1),
        ),
        key=("item",),
    ),
    Table(
        "parallel_analysis",
        "Eigenvalues of the items' correlation matrix, beside those of answers that have nothing to do with each other.",
        (
            Column("factor_number", "integer", "1 for the largest eigenvalue.", minimum=1),
            Column("eigenvalue", "number", "Eigenvalue of the answers.", "variance in items"),
            Column("random_mean", "number", "Mean of that eigenvalue over random tables.", "variance in items", minimum=0),
            Column("random_quantile", "number", "Quantile that the answers must exceed.", "variance in items", minimum=0),
        ),
        key=("factor_number",),
    ),
    Table(
        "polychoric_pairs",
        "Polychoric correlations of pairs of items beside plain ones.",
        (
            _ITEM,
            Column("other", "text", "The other item."),
            Column("polychoric", "number", "How they would correlate if answers had not been cut into categories.",
                   "correlation", minimum=-1, maximum=1),
            Column("pearson", "number", "Plain correlation; empty if nothing varies among those who answered both.",
                   "correlation", minimum=-1, maximum=1, nullable=True),
        ),
        key=("item", "other"),
    ),
)  # fmt: skip
