"""The survey form: the last wave of the simulated survey as a form tool would export it.

A column for each question, headed by its words, so that ``crmlab report --survey`` can be tried on a file of the usual kind.
The questionnaire's words stand in ``satisfaction``.
"""

from __future__ import annotations

import pandas as pd


def export_form(survey: pd.DataFrame) -> pd.DataFrame:
    """Export the last wave of a survey, one row per answer, headed by the words of the questions."""
    from crmlab.satisfaction import instrument as paper  # here, because only this needs statsmodels

    headings = {"date": "Timestamp", "customer_id": paper.SHEET[0]}
    instrument = paper.rater()
    for kind, (about, _) in paper.ABOUT.items():
        headings |= {f"{kind}_{item.item}": f"{about}: {item.wording}" for item in instrument.items.itertuples()}
    for name, (meaning, _) in paper.MEANS.items():
        headings[f"importance_{name}"] = f"100 points of importance [{meaning}]"
    headings |= {"overall_satisfaction": paper.OVERALL[0], "recommendation": paper.RECOMMEND[0]}
    last_wave = survey[survey.wave == survey.wave.max()]
    return last_wave[list(headings)].rename(columns=headings)
